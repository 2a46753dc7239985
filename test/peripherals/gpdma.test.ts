/** GPDMA of the H533, and all channels of the U575's: copies against a model, linked lists, requests of a USART, suspension, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const RAM = 0x20000000;
const EN = 1;
const RESET = 2;
const SUSP = 4;
const TCIE = 1 << 8;
const [TCF, HTF, DTEF, SUSPF] = [1 << 8, 1 << 9, 1 << 10, 1 << 13];
const SWREQ = 1 << 9;
const DREQ = 1 << 10;
const [SINC, DINC] = [1 << 3, 1 << 19];
const chip = new StChip(STM32H533RE);
const fresh = (): StChip => {
  const h = chip.again();
  h.system.memoryBytes('sram1').fill(0);
  h.set('RCC.AHB1ENR.GPDMA1EN', 1);
  return h;
};
const word = (h: StChip, address: number, value: number): void => void h.system.write(address, 4, value >>> 0);
const bytes = (h: StChip, address: number, n: number): number[] => Array.from({ length: n }, (_, i) => h.system.read(address + i, 1));
const set = (h: StChip, n: number, tr1: number, tr2: number, size: number, from: number, to: number): void => {
  for (const [name, value] of Object.entries({ TR1: tr1, TR2: tr2, BR1: size, SAR: from, DAR: to })) h.write(`GPDMA1.C${n}${name}`, value);
};
const usart = (h: StChip): number => {
  h.set('RCC.APB1LENR.USART2EN', 1);
  h.write('USART2.BRR', Math.round(h.hz('pclk1')! / 115200));
  h.write('USART2.CR3', (1 << 7) | (1 << 6));
  h.write('USART2.CR1', (1 << 3) | (1 << 2) | 1);
  return h.system.block('USART2').row.base;
};

describe('memory to memory', () => {
  it('packing moves the bytes whatever the widths; without it each unit is cut or filled with zeros', () => {
    fc.assert(
      fc.property(
        fc.nat(7),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(2),
        fc.nat(2),
        fc.boolean(),
        fc.nat(0xffffffff),
        (n, units, sdw, ddw, pack, seed) => {
          const h = fresh();
          const data = Uint8Array.from({ length: 64 }, (_, i) => Math.imul(seed + i, 2654435761) >>> 24);
          data.forEach((v, i) => h.system.write(RAM + i, 1, v));
          const [from, to] = [1 << sdw, 1 << ddw];
          const size = units * 4;
          set(h, n, sdw | SINC | (ddw << 16) | DINC | (pack ? 2 << 11 : 0), SWREQ, size, RAM, RAM + 0x100);
          h.write(`GPDMA1.C${n}CR`, EN | TCIE);
          h.wait(1 * MS);
          let expected = [...data.slice(0, size)];
          if (!pack) {
            expected = [];
            for (let i = 0; i < size; i += from) expected.push(...[...data.slice(i, i + Math.min(from, to)), 0, 0, 0, 0].slice(0, to));
          }
          expect(bytes(h, RAM + 0x100, 0xc4)).toEqual([...expected, ...Array<number>(0xc4 - expected.length).fill(0)]);
          expect(h.read(`GPDMA1.C${n}SR`) & (1 | TCF | HTF | DTEF)).toBe(1 | TCF | HTF);
          expect([h.get(`GPDMA1.C${n}CR.EN`), h.get(`GPDMA1.C${n}BR1.BNDT`), h.read('GPDMA1.MISR'), h.irqs.get(27 + n)]).toEqual([
            0,
            0,
            1 << n,
            true,
          ]);
          h.write(`GPDMA1.C${n}FCR`, TCF);
          expect([h.read('GPDMA1.MISR'), h.irqs.get(27 + n)]).toEqual([0, false]);
        },
      ),
      { numRuns: 60 },
    );
  });
  it('a bus error ends it with DTEF', () => {
    const h = fresh();
    set(h, 0, SINC | DINC, SWREQ, 8, 0x60000000, RAM);
    h.write('GPDMA1.C0CR', EN);
    h.wait(10 * US);
    expect([h.get('GPDMA1.C0CR.EN'), h.read('GPDMA1.C0SR') & (1 | TCF | DTEF)]).toEqual([0, 1 | DTEF]);
  });
  it('suspension stops it with SUSPF, a reset of the channel ends it (the HAL’s abort)', () => {
    const h = fresh();
    set(h, 3, SINC | DINC, SWREQ, 0x1000, RAM, RAM + 0x4000);
    h.write('GPDMA1.C3CR', EN);
    h.wait(10 * US);
    h.write('GPDMA1.C3CR', EN | SUSP);
    expect(h.read('GPDMA1.C3SR') & SUSPF).toBe(SUSPF);
    const left = h.get('GPDMA1.C3BR1.BNDT');
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(0x1000);
    h.wait(MS);
    expect(h.get('GPDMA1.C3BR1.BNDT')).toBe(left);
    h.write('GPDMA1.C3CR', EN | SUSP | RESET);
    h.wait(MS);
    expect([h.get('GPDMA1.C3CR.EN'), h.get('GPDMA1.C3BR1.BNDT'), h.read('GPDMA1.C3SR') & (1 | SUSPF)]).toEqual([0, left, 1]);
  });
  it('registers of a running channel cannot be changed', () => {
    const h = fresh();
    set(h, 1, SINC | DINC, 24 | DREQ, 8, RAM, RAM + 0x100);
    h.write('GPDMA1.C1CR', EN);
    h.write('GPDMA1.C1SAR', 0);
    expect(h.read('GPDMA1.C1SAR')).toBe(RAM);
    expect(h.notes.some((n) => n.includes('while the channel is on'))).toBe(true);
  });
});

describe('linked list', () => {
  it('two nodes gather two pieces; the registers come in order TR1, TR2, BR1, SAR, DAR, LLR', () => {
    const h = fresh();
    [...'firstsecond'].forEach((ch, i) => h.system.write(RAM + i, 1, ch.charCodeAt(0)));
    const all = (0xf8000000 | (1 << 16)) >>> 0;
    const node = (at: number, size: number, from: number, to: number, next: number): void =>
      [SINC | DINC, SWREQ, size, from, to, next].forEach((v, i) => word(h, at + 4 * i, v));
    node(RAM + 0x1000, 5, RAM, RAM + 0x200, all | 0x1020);
    node(RAM + 0x1020, 6, RAM + 5, RAM + 0x300, 0);
    h.write('GPDMA1.C2LBAR', RAM);
    h.write('GPDMA1.C2LLR', all | 0x1000);
    h.write('GPDMA1.C2CR', EN);
    h.wait(100 * US);
    const text = (at: number, n: number): string => String.fromCharCode(...bytes(h, at, n));
    expect([text(RAM + 0x200, 5), text(RAM + 0x300, 6)]).toEqual(['first', 'second']);
    expect([h.get('GPDMA1.C2CR.EN'), h.read('GPDMA1.C2LLR'), h.read('GPDMA1.C2SR') & TCF]).toEqual([0, 0, TCF]);
  });
});

describe('requests of USART2', () => {
  it('it sends what DMA brings at its own pace', () => {
    const h = fresh();
    const base = usart(h);
    const text = 'bootbench';
    [...text].forEach((ch, i) => h.system.write(RAM + i, 1, ch.charCodeAt(0)));
    h.notes.length = 0;
    set(h, 4, SINC, 24 | DREQ, text.length, RAM, base + 0x28);
    h.write('GPDMA1.C4CR', EN);
    h.wait(200 * US);
    expect(h.read('GPDMA1.C4SR') & TCF).toBe(0);
    h.wait(2 * MS);
    expect([h.notes.join(''), h.read('GPDMA1.C4SR') & TCF]).toEqual([text, TCF]);
  });
  it('a node that links to itself makes a circular buffer', () => {
    const h = fresh();
    const base = usart(h);
    // BNDT and destination start anew, the link stays.
    const link = ((1 << 29) | (1 << 27) | (1 << 16) | 0x1000) >>> 0;
    [4, RAM, link].forEach((v, i) => word(h, RAM + 0x1000 + 4 * i, v));
    set(h, 5, DINC, 23, 4, base + 0x24, RAM);
    h.write('GPDMA1.C5LBAR', RAM);
    h.write('GPDMA1.C5LLR', link);
    h.write('GPDMA1.C5CR', EN);
    [...'abcdef'].forEach((ch, i) => {
      h.system.setWire('usart2.rx', 0x100 | ch.charCodeAt(0) | ((i + 1) << 9));
      h.wait(90 * US);
    });
    expect(String.fromCharCode(...bytes(h, RAM, 4))).toBe('efcd');
    expect([h.get('GPDMA1.C5BR1.BNDT'), h.get('GPDMA1.C5CR.EN'), h.get('USART2.ISR.ORE')]).toEqual([2, 1, 0]);
  });
});

describe('sixteen channels', () => {
  const u575 = new StChip(findChip('stm32u575zi')!);
  it.each(Array.from({ length: 16 }, (_, n) => n))('channel %i is reset as HAL_DMA_Init does it, and copies', (n) => {
    const h = u575.again();
    h.set('RCC.AHB1ENR.GPDMA1EN', 1);
    word(h, RAM, 0x12345678);
    h.write(`GPDMA1.C${n}CR`, SUSP | RESET);
    expect(h.read(`GPDMA1.C${n}CR`) & (SUSP | RESET | EN)).toBe(0);
    set(h, n, SINC | DINC, SWREQ, 4, RAM, RAM + 0x100);
    h.write(`GPDMA1.C${n}CR`, EN);
    h.wait(100 * US);
    expect([h.system.read(RAM + 0x100, 4), h.read(`GPDMA1.C${n}SR`) & (1 | TCF), h.get(`GPDMA1.C${n}CR.EN`)]).toEqual([
      0x12345678,
      1 | TCF,
      0,
    ]);
    h.write(`GPDMA1.C${n}FCR`, TCF);
    expect(h.read(`GPDMA1.C${n}SR`) & TCF).toBe(0);
  });
});
