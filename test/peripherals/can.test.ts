/** bxCAN and FDCAN with nobody else on the bus: modes, requests, loop-back, filters. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32F103C8 } from '../../src/chips/stm32f1.ts';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32G474RE } from '../../src/chips/stm32g4.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const [INRQ, SLEEP, NART] = [1, 2, 16];
const [INAK, SLAK] = [1, 2];
const LOOP_BACK = 1 << 30;
/** CAN2SB = 28: none is CAN2's. */
const ALL_FILTERS = 28 << 8;

describe.each([
  ['F405', STM32F405RG, 'CAN1', 'RCC.APB1ENR.CAN1EN'],
  ['F103', STM32F103C8, 'CAN1', 'RCC.APB1ENR.CANEN'],
  ['F072', STM32F072RB, 'CAN', 'RCC.APB1ENR.CANEN'],
  ['L476', STM32L476RG, 'CAN1', 'RCC.APB1ENR1.CAN1EN'],
] as const)('bxCAN of %s', (_name, description, can, gate) => {
  const chip = new StChip(description);
  const fresh = (): StChip => {
    const h = chip.again();
    h.set(gate, 1);
    return h;
  };
  const mode = (h: StChip): number => h.read(`${can}.MSR`) & 3;
  /** Bit times that pass. */
  const wait = (h: StChip, bits: number, bitClocks: number): void => h.wait((bits * bitClocks * 1e12) / h.hz('pclk1')!);
  const initialised = (btr: number): StChip => {
    const h = fresh();
    h.write(`${can}.MCR`, INRQ);
    h.wait(MS);
    h.write(`${can}.BTR`, btr >>> 0);
    return h;
  };

  it('sleeps out of reset; the acknowledges follow whatever MCR asks for, initialisation before sleep', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, INRQ, SLEEP, INRQ | SLEEP), { minLength: 1, maxLength: 6 }), (requests) => {
        const h = fresh();
        expect(mode(h)).toBe(SLAK);
        for (const request of requests) {
          h.write(`${can}.MCR`, request);
          h.wait(MS);
          expect(mode(h)).toBe(request & INRQ ? INAK : request === SLEEP ? SLAK : 0);
        }
      }),
      { numRuns: 20 },
    );
  });
  it('takes eleven recessive bits out of initialisation, and BTR only in it', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.nat(15), fc.nat(7), (brp, ts1, ts2) => {
        const h = initialised(brp | (ts1 << 16) | (ts2 << 20));
        const bit = (brp + 1) * (3 + ts1 + ts2);
        h.write(`${can}.MCR`, 0);
        wait(h, 10.5, bit);
        expect(mode(h)).toBe(INAK);
        wait(h, 1, bit);
        expect(mode(h)).toBe(0);
        const before = h.read(`${can}.BTR`);
        h.write(`${can}.BTR`, 5);
        expect(h.read(`${can}.BTR`)).toBe(before);
      }),
      { numRuns: 20 },
    );
  });
  it('a frame that nobody acknowledges is tried again, makes the node error-passive, and can be aborted', () => {
    const h = initialised(0x00050000);
    h.write(`${can}.MCR`, 0);
    h.wait(MS);
    h.write(`${can}.TI0R`, (0x123 << 21) | 1);
    expect(h.read(`${can}.TSR`) & (1 << 26)).toBe(0);
    h.wait(100 * MS);
    expect(h.read(`${can}.ESR`)).toBe((128 << 16) | (3 << 4) | 3);
    expect(h.read(`${can}.TSR`) & (1 << 26)).toBe(0);
    h.write(`${can}.TSR`, 0x80);
    expect(h.read(`${can}.TSR`) & 0x0400000f).toBe(0x04000001);
  });
  it('with NART it is given up after one try', () => {
    const h = initialised(0x00050000);
    h.write(`${can}.MCR`, NART);
    h.wait(MS);
    h.write(`${can}.TI1R`, (0x123 << 21) | 1);
    h.wait(MS);
    expect(h.read(`${can}.TSR`) & 0x08000f00).toBe(0x08000900);
  });
  it('loop-back brings a frame to the FIFO of the filter that takes it, and nowhere else', () => {
    fc.assert(
      fc.property(
        fc.record({
          id: fc.nat(0x7ff),
          other: fc.nat(0x7ff),
          mask: fc.nat(0x7ff),
          fifo: fc.nat(1),
          list: fc.boolean(),
          wide: fc.boolean(),
        }),
        fc.array(fc.nat(255), { minLength: 8, maxLength: 8 }),
        ({ id, other, mask, fifo, list, wide }, data) => {
          const h = initialised(0x00050000 | LOOP_BACK);
          h.write(`${can}.FMR`, ALL_FILTERS | 1);
          const [one, two] = wide ? [other << 21, mask << 21] : [other << 5, mask << 5];
          // Narrow: a list of four, or two pairs of identifier and mask; the same in both words.
          const pair = (two << 16) | one;
          h.write(`${can}.F0R1`, (wide ? one : pair) >>> 0);
          h.write(`${can}.F0R2`, (wide ? two : pair) >>> 0);
          h.write(`${can}.FM1R`, list ? 1 : 0);
          h.write(`${can}.FS1R`, wide ? 1 : 0);
          h.write(`${can}.FFA1R`, fifo);
          h.write(`${can}.FA1R`, 1);
          h.write(`${can}.FMR`, ALL_FILTERS);
          h.write(`${can}.MCR`, 0);
          h.wait(MS);
          const word = (at: number): number => data.slice(at, at + 4).reduce((v, b, i) => v + b * 256 ** i, 0);
          h.write(`${can}.TDT0R`, 8);
          h.write(`${can}.TDL0R`, word(0));
          h.write(`${can}.TDH0R`, word(4));
          h.write(`${can}.TI0R`, ((id << 21) | 1) >>> 0);
          h.wait(MS);
          expect(h.read(`${can}.TSR`) & 3).toBe(3);
          const taken = list ? id === other || id === mask : ((id ^ other) & mask) === 0;
          expect([0, 1].map((n) => h.read(`${can}.RF${n}R`) & 3)).toEqual([0, 1].map((n) => (taken && n === fifo ? 1 : 0)));
          if (!taken) return;
          expect(['RI', 'RDL', 'RDH'].map((r) => h.read(`${can}.${r}${fifo}R`))).toEqual([(id << 21) >>> 0, word(0), word(4)]);
          h.write(`${can}.RF${fifo}R`, 32);
          expect(h.read(`${can}.RF${fifo}R`) & 3).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe.each([
  ['G474', STM32G474RE, 'RCC.APB1ENR1.FDCANEN', 3],
  ['H745', STM32H745XI, 'RCC.APB1HENR.FDCANEN', 4],
] as const)('FDCAN of %s', (_name, description, gate, buffers) => {
  const chip = new StChip(description);
  const fresh = (): StChip => {
    const h = chip.again();
    h.set(gate, 1);
    return h;
  };
  it('is in initialisation after reset; CCE opens what it guards and falls with INIT', () => {
    const h = fresh();
    expect(h.read('FDCAN1.CCCR')).toBe(1);
    const before = h.read('FDCAN1.NBTP');
    h.write('FDCAN1.NBTP', 0x01020304);
    expect(h.read('FDCAN1.NBTP')).toBe(before);
    h.write('FDCAN1.CCCR', 3);
    h.write('FDCAN1.NBTP', 0x01020304);
    expect(h.read('FDCAN1.NBTP')).toBe(0x01020304);
    h.write('FDCAN1.CCCR', 3 | (1 << 5));
    h.write('FDCAN1.CCCR', 1 << 5);
    expect(h.read('FDCAN1.CCCR')).toBe(1 << 5);
    h.write('FDCAN1.CCCR', 1 << 4);
    expect(h.read('FDCAN1.CCCR')).toBe((1 << 4) | (1 << 3) | 1);
  });
  it('requests fill the queue, are never sent, and leave it when they are cancelled', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(buffers - 1)), fc.uniqueArray(fc.nat(buffers - 1)), (asked, cancelled) => {
        const h = fresh();
        h.write('FDCAN1.CCCR', 3);
        h.write('FDCAN1.TXBC', buffers << 24);
        h.write('FDCAN1.CCCR', 0);
        const mask = (list: readonly number[]): number => list.reduce((m, i) => m | (1 << i), 0);
        h.write('FDCAN1.TXBAR', mask(asked));
        h.wait(100 * US);
        expect(h.read('FDCAN1.TXBRP')).toBe(mask(asked));
        expect(h.get('FDCAN1.TXFQS.TFFL')).toBe(buffers - asked.length);
        h.write('FDCAN1.TXBCR', mask(cancelled));
        expect(h.read('FDCAN1.TXBRP')).toBe(mask(asked) & ~mask(cancelled));
        expect(h.read('FDCAN1.TXBCF')).toBe(mask(asked) & mask(cancelled));
        expect(h.read('FDCAN1.RXF0S')).toBe(0);
      }),
      { numRuns: 20 },
    );
  });
});
