/** GPIO ports and EXTI together: they meet only in the `in.…` wires. */
import { CHIPS, findChip } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { StChip } from './st-chip.ts';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { bench, type Bench } from './bench.ts';

const made = bench(
  [
    { name: 'GPIOA', model: 'gpio-v2', base: 0x42020000, size: 0x400, clock: 'AHB2ENR.GPIOAEN', options: { port: 'A' } },
    { name: 'GPIOC', model: 'gpio-v2', base: 0x42020800, size: 0x400, clock: 'AHB2ENR.GPIOCEN' },
    {
      name: 'EXTI',
      model: 'exti-v2',
      base: 0x44022000,
      size: 0x400,
      irqs: [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 1],
      options: { lines: { 16: 'pvd.out' }, event: 'cm33' },
    },
  ],
  {},
);
const Z = 2;
/** A weak pull-up outside. */
const IDLE = 3;
function ports(): Bench {
  const b = made.again();
  b.write('RCC.AHB2ENR', 5);
  for (const port of 'AC') for (let i = 0; i < 16; i++) b.sys.setWire(`pin.P${port}${i}`, Z);
  return b;
}
const mode = (b: Bench, port: string, pin: number, m: number): void => {
  const path = `GPIO${port}.MODER`;
  b.write(path, ((b.read(path) & ~(3 << (2 * pin))) | (m << (2 * pin))) >>> 0);
};
const pull = (b: Bench, port: string, pin: number, p: number): void => b.write(`GPIO${port}.PUPDR`, p << (2 * pin));

describe('GPIO', () => {
  it('after reset pins are analog, but port A has its debug pins in alternate function with pulls', () => {
    const b = ports();
    expect([b.read('GPIOA.MODER'), b.read('GPIOC.MODER'), b.read('GPIOA.PUPDR')]).toEqual([0xabffffff, 0xffffffff, 0x64000000]);
    expect(b.read('GPIOA.IDR')).toBe(0xa000); // JTMS and JTDI pulled up, JTCK down
  });

  it('an input reads the pin, or its pull when nothing drives it', () => {
    const b = ports();
    mode(b, 'A', 5, 0);
    for (const [wire, p, level] of [
      [0, 1, 0],
      [1, 2, 1],
      [Z, 1, 1],
      [Z, 2, 0],
      [Z, 0, 0],
      [IDLE, 0, 1],
      [IDLE, 1, 1],
      [IDLE, 2, 0], // nothing is known to be connected: the chip's own pull-down is
    ] as const) {
      pull(b, 'A', 5, p);
      b.sys.setWire('pin.PA5', wire);
      expect([wire, p, (b.read('GPIOA.IDR') >>> 5) & 1]).toEqual([wire, p, level]);
    }
  });

  it('an analog pin reads 0', () => {
    const b = ports();
    b.sys.setWire('pin.PA5', 1);
    expect((b.read('GPIOA.IDR') >>> 5) & 1).toBe(0);
  });

  it('BSRR sets before it resets, BRR resets, halves and bytes work', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff }),
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.integer({ min: 0, max: 0xffff }),
        (odr, bsrr, brr) => {
          const b = ports();
          b.write('GPIOA.ODR', odr);
          b.write('GPIOA.BSRR', bsrr);
          const after = ((odr & ~(bsrr >>> 16)) | bsrr) & 0xffff;
          expect(b.read('GPIOA.ODR')).toBe(after);
          b.write('GPIOA.BRR', brr);
          expect(b.read('GPIOA.ODR')).toBe(after & ~brr);
          expect(b.read('GPIOA.BSRR')).toBe(0);
          b.sys.write(b.address('GPIOA.BSRR') + 2, 2, 0xffff);
          expect(b.read('GPIOA.ODR')).toBe(0);
          b.sys.write(b.address('GPIOA.BSRR') + 1, 1, 0x81);
          expect(b.read('GPIOA.ODR')).toBe(0x8100);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('only an output drives its pin; open-drain high does not drive', () => {
    const b = ports();
    expect(b.sys.wire('out.PA5')).toBe(Z);
    b.write('GPIOA.BSRR', 1 << 5);
    expect(b.sys.wire('out.PA5')).toBe(Z);
    mode(b, 'A', 5, 1);
    expect([b.sys.wire('out.PA5'), (b.read('GPIOA.IDR') >>> 5) & 1]).toEqual([1, 1]);
    b.write('GPIOA.OTYPER', 1 << 5);
    expect(b.sys.wire('out.PA5')).toBe(Z);
    b.sys.setWire('pin.PA5', 1);
    expect((b.read('GPIOA.IDR') >>> 5) & 1).toBe(1);
    b.write('GPIOA.BRR', 1 << 5);
    expect([b.sys.wire('out.PA5'), (b.read('GPIOA.IDR') >>> 5) & 1]).toEqual([0, 0]);
  });

  it('LCKR freezes the configuration after the whole key sequence, until reset', () => {
    const b = ports();
    const key = 0x10000;
    const pins = 1 << 5;
    b.write('GPIOA.LCKR', key | pins);
    b.write('GPIOA.LCKR', pins);
    b.write('GPIOA.LCKR', key | 3); // other pins: no lock
    expect(b.read('GPIOA.LCKR') & key).toBe(0);
    for (const v of [key | pins, pins, key | pins]) b.write('GPIOA.LCKR', v);
    expect(b.peek('GPIOA.LCKR') & key).toBe(0);
    expect(b.read('GPIOA.LCKR')).toBe(key | pins);
    b.write('GPIOA.MODER', 0);
    expect(b.read('GPIOA.MODER')).toBe(3 << 10);
    b.write('GPIOA.AFRL', 0xffffffff);
    expect(b.read('GPIOA.AFRL')).toBe(0xff0fffff);
    b.write('GPIOA.ODR', 0xffff);
    expect(b.read('GPIOA.ODR')).toBe(0xffff);
    b.sys.resetBlocks('system');
    b.write('RCC.AHB2ENR', 5);
    b.write('GPIOA.MODER', 0);
    expect(b.read('GPIOA.MODER')).toBe(0);
  });
});

describe('EXTI', () => {
  it('a rising edge on the selected port sets RPR; IMR lets it to the NVIC; writing 1 clears', () => {
    const b = ports();
    mode(b, 'C', 13, 0);
    mode(b, 'A', 13, 0);
    b.sys.write(0x4402206c, 4, 2 << 8); // EXTICR4: line 13 = port C
    b.write('EXTI.RTSR1', 1 << 13);
    b.sys.setWire('pin.PA13', 1);
    expect(b.read('EXTI.RPR1')).toBe(0);
    b.sys.setWire('pin.PC13', 1);
    expect([b.read('EXTI.RPR1'), b.read('EXTI.FPR1'), b.irqs.get(24)]).toEqual([1 << 13, 0, false]);
    b.write('EXTI.IMR1', 1 << 13);
    expect(b.irqs.get(24)).toBe(true);
    b.write('EXTI.RPR1', 1 << 12);
    expect(b.irqs.get(24)).toBe(true);
    b.write('EXTI.RPR1', 1 << 13);
    expect([b.read('EXTI.RPR1'), b.irqs.get(24)]).toEqual([0, false]);
    expect(b.sys.read(0x4402206c, 4)).toBe(2 << 8);
  });

  it('a falling edge sets FPR, and only with FTSR', () => {
    const b = ports();
    mode(b, 'A', 0, 0);
    b.sys.setWire('pin.PA0', 1);
    b.sys.setWire('pin.PA0', 0);
    expect([b.read('EXTI.RPR1'), b.read('EXTI.FPR1')]).toEqual([0, 0]);
    b.write('EXTI.FTSR1', 1);
    b.sys.setWire('pin.PA0', 1);
    b.sys.setWire('pin.PA0', 0);
    expect([b.read('EXTI.RPR1'), b.read('EXTI.FPR1')]).toEqual([0, 1]);
  });

  it('choosing a port whose pin is high is an edge', () => {
    const b = ports();
    mode(b, 'C', 1, 0);
    b.sys.setWire('pin.PC1', 1);
    b.write('EXTI.RTSR1', 2);
    expect(b.read('EXTI.RPR1')).toBe(0);
    b.write('EXTI.EXTICR1', 2 << 8);
    expect(b.read('EXTI.RPR1')).toBe(2);
  });

  it('the edge is seen without the port clock', () => {
    const b = ports();
    mode(b, 'A', 0, 0);
    b.write('EXTI.RTSR1', 1);
    b.write('RCC.AHB2ENR', 0);
    b.sys.setWire('pin.PA0', 1);
    expect(b.read('EXTI.RPR1')).toBe(1);
  });

  it('SWIER raises any line and reads 0; PVD comes in by wire', () => {
    const b = ports();
    b.write('EXTI.IMR1', 0x10001);
    b.write('EXTI.SWIER1', 1);
    expect([b.read('EXTI.SWIER1'), b.read('EXTI.RPR1'), b.irqs.get(11)]).toEqual([0, 1, true]);
    b.write('EXTI.RTSR1', 0x10000);
    b.sys.setWire('pvd.out', 1);
    expect(b.irqs.get(1)).toBe(true);
  });

  it('EMR makes an event', () => {
    const b = ports();
    const before = b.sys.wire('event.cm33');
    b.write('EXTI.SWIER1', 4);
    expect(b.sys.wire('event.cm33')).toBe(before);
    b.write('EXTI.EMR1', 4);
    b.write('EXTI.SWIER1', 4);
    expect(b.sys.wire('event.cm33')).not.toBe(before);
  });
});

describe('BRR of the ports', () => {
  const with0x28 = CHIPS.filter((chip) => !/^STM32(F2|F4|F7|H7)/.test(chip.name));
  const ports = (chip: ChipDescription): readonly string[] =>
    chip.blocks.filter((b) => b.model === 'gpio-v2').map((b) => b.facts ?? b.name);
  it('is there on all families but F2, F4, F7 and H7', () => {
    const without = with0x28.filter((chip) => ports(chip).some((port) => !chip.facts[port]!.registers.some((r) => r.name === 'BRR')));
    expect(without.map((chip) => chip.name)).toEqual([]);
  });
  it('lowers pins of STM32L432', () => {
    const h = new StChip(findChip('stm32l432kc')!);
    h.set('RCC.AHB2ENR.GPIOBEN', 1);
    h.write('GPIOB.BSRR', 0x00ff);
    h.write('GPIOB.BRR', 0x000f);
    expect(h.read('GPIOB.ODR')).toBe(0x00f0);
  });
});
