/** MDMA of the H7: copies against a model, what one request moves, repeated blocks, lists, errors. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const RAM = 0x24000000;
const [TEIF, CTCIF, BRTIF, BTIF, TCIF, CRQA] = [1, 2, 4, 8, 16, 1 << 16];
const SWRM = (1 << 30) >>> 0;
const PKE = 1 << 25;
const [EN, SWRQ] = [1, 1 << 16];
const both = (mode: number): number => mode | (mode << 2);
const UP = both(2);

const chip = new StChip(STM32H745XI);
const fresh = (): StChip => {
  const h = chip.again();
  h.system.memoryBytes('axisram').fill(0);
  h.set('RCC.AHB3ENR.MDMAEN', 1);
  return h;
};
const fill = (h: StChip, address: number, data: readonly number[]): void => data.forEach((v, i) => h.system.write(address + i, 1, v));
const bytes = (h: StChip, address: number, n: number): number[] => Array.from({ length: n }, (_, i) => h.system.read(address + i, 1));
const set = (h: StChip, n: number, tcr: number, bndtr: number, from: number, to: number): void => {
  for (const [name, value] of Object.entries({ TCR: (tcr | SWRM) >>> 0, BNDTR: bndtr, SAR: from, DAR: to, LAR: 0 }))
    h.write(`MDMA.C${n}${name}`, value);
  h.write(`MDMA.C${n}CR`, EN);
};
const request = (h: StChip, n: number): number => {
  h.write(`MDMA.C${n}CR`, EN | SWRQ);
  h.wait(MS);
  return h.read(`MDMA.C${n}ISR`);
};

it('packing moves the bytes whatever the widths and the buffers are', () => {
  fc.assert(
    fc.property(
      fc.nat(15),
      fc.nat(3),
      fc.nat(3),
      fc.integer({ min: 1, max: 16 }),
      fc.nat(127),
      fc.nat(0xffff),
      (n, ssize, dsize, units, tlen, seed) => {
        const h = fresh();
        // Whole units of both widths, and buffers of whole units.
        const size = 8 * units;
        const data = Array.from({ length: size }, (_, i) => Math.imul(seed + i, 2654435761) >>> 24);
        fill(h, RAM, data);
        const buffer = (tlen | 7) >>> 0;
        set(
          h,
          n,
          (buffer << 18) | PKE | (1 << 28) | (dsize << 10) | (ssize << 8) | (dsize << 6) | (ssize << 4) | UP,
          size,
          RAM,
          RAM + 0x1000,
        );
        expect(request(h, n)).toBe(CTCIF | BRTIF | BTIF | TCIF);
        expect(bytes(h, RAM + 0x1000, size)).toEqual(data);
        expect(bytes(h, RAM + 0x1000 + size, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
        expect(h.get(`MDMA.C${n}CR.EN`)).toBe(0);
        expect(h.read(`MDMA.C${n}SAR`)).toBe(RAM + size);
      },
    ),
    { numRuns: 25 },
  );
});

it('one request moves a buffer, a block, all repeated blocks, or the list, as TRGM says', () => {
  const flags = [0, 1, 2].map((trgm) => {
    const h = fresh();
    fill(h, RAM, [1, 2, 3, 4, 5, 6, 7, 8]);
    // buffers of 4 bytes, blocks of 8, two of them
    set(h, 0, (3 << 18) | (trgm << 28) | UP, 8 | (1 << 20), RAM, RAM + 0x1000);
    return [request(h, 0), h.read('MDMA.C0BNDTR')];
  });
  expect(flags).toEqual([
    [TCIF, 4 | (1 << 20)],
    [TCIF | BTIF, 8],
    [TCIF | BTIF | BRTIF | CTCIF, 0],
  ]);
});

it('a repeated block goes on where BRUR says', () => {
  const h = fresh();
  fill(h, RAM, [1, 2, 3, 4]);
  h.write('MDMA.C3BRUR', (12 << 16) | 4);
  // Back by 4 at the source (BRSUM), 12 ahead at the destination.
  set(h, 3, (3 << 18) | (2 << 28) | UP, 4 | (1 << 18) | (1 << 20), RAM, RAM + 0x1000);
  request(h, 3);
  expect([bytes(h, RAM + 0x1000, 5), bytes(h, RAM + 0x1010, 5)]).toEqual([
    [1, 2, 3, 4, 0],
    [1, 2, 3, 4, 0],
  ]);
});

it('a list brings its registers, and one request does all of it with TRGM 3', () => {
  const h = fresh();
  fill(h, RAM, [9, 8, 7, 6]);
  const tcr = ((3 << 18) | (3 << 28) | UP | SWRM) >>> 0;
  [tcr, 4, RAM, RAM + 0x1100, 0, 0, 0, 0, 0, 0].forEach((word, i) => h.system.write(RAM + 0x800 + 4 * i, 4, word));
  set(h, 1, tcr, 4, RAM, RAM + 0x1000);
  h.write('MDMA.C1CR', 0);
  h.write('MDMA.C1LAR', RAM + 0x800);
  h.write('MDMA.C1CR', EN);
  expect(request(h, 1) & CTCIF).toBe(CTCIF);
  expect([bytes(h, RAM + 0x1000, 4), bytes(h, RAM + 0x1100, 4)]).toEqual([
    [9, 8, 7, 6],
    [9, 8, 7, 6],
  ]);
});

it('a bus error ends the channel with TEIF and the low bits of the address', () => {
  const h = fresh();
  set(h, 2, (3 << 18) | UP, 4, 0x60000024, RAM);
  expect(request(h, 2)).toBe(TEIF);
  expect([h.read('MDMA.C2ESR') & 0xff, h.get('MDMA.C2CR.EN')]).toEqual([0x24 | (1 << 7), 0]);
});

it('the interrupt follows flags and enables; IFCR clears; without SWRM a software request does nothing', () => {
  const h = fresh();
  set(h, 4, (3 << 18) | UP, 4, RAM, RAM + 0x100);
  h.write('MDMA.C4CR', EN | (1 << 2));
  h.write('MDMA.C4CR', EN | (1 << 2) | SWRQ);
  expect(h.read('MDMA.C4ISR')).toBe(CRQA);
  h.wait(MS);
  expect([h.read('MDMA.GISR0'), h.irqs.get(122)]).toEqual([1 << 4, true]);
  h.write('MDMA.C4IFCR', 0x1f);
  expect([h.read('MDMA.C4ISR'), h.irqs.get(122)]).toEqual([0, false]);
  h.write('MDMA.C5TCR', (3 << 18) | UP);
  h.write('MDMA.C5BNDTR', 4);
  h.write('MDMA.C5CR', EN);
  expect([request(h, 5), h.read('MDMA.C5BNDTR')]).toEqual([0, 4]);
});
