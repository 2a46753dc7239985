/** CRC unit of every chip: check values of the catalogue of CRCs, and random data against long division. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import { StChip } from './st-chip.ts';

/** Remainder of a bit string, most significant bit first, by long division. */
function divide(bits: readonly number[], poly: number, width: number, init: number): number {
  let register = init;
  const cut = 0xffffffff >>> (32 - width);
  for (const bit of bits) {
    const top = ((register >>> (width - 1)) & 1) ^ bit;
    register = ((register << 1) & cut) ^ (top ? poly : 0);
  }
  return register >>> 0;
}
const bitsOf = (value: number, n: number): number[] => Array.from({ length: n }, (_, i) => Math.floor(value / 2 ** (n - 1 - i)) % 2);
const CHECK = [...'123456789'].map((ch) => ch.charCodeAt(0));
const NAMES = [
  'STM32H533RE',
  'STM32L476RG',
  'STM32L496ZG',
  'STM32F072RB',
  'STM32H745XI',
  'STM32F405RG',
  'STM32F411RE',
  'STM32F722RE',
  'STM32F746ZG',
  'STM32F767ZI',
];

describe.each(NAMES)('%s', (name) => {
  const chip = new StChip(CHIPS.find((c) => c.name === name)!);
  const row = chip.system.block('CRC').row;
  const fresh = (): StChip => {
    const h = chip.again();
    h.set(`RCC.${row.clock!}`, 1);
    h.write('CRC.CR', 1);
    return h;
  };
  const feed = (h: StChip, value: number, size: 1 | 2 | 4): void => void h.system.write(row.base, size, value);

  it('words through the Ethernet polynomial from all ones; RESET starts over and reads 0', () => {
    const h = fresh();
    expect([h.read('CRC.DR'), h.read('CRC.CR')]).toEqual([0xffffffff, 0]);
    fc.assert(
      fc.property(fc.array(fc.nat(0xffffffff), { maxLength: 8 }), (words) => {
        h.write('CRC.CR', 1);
        for (const w of words) feed(h, w, 4);
        expect(h.read('CRC.DR')).toBe(
          divide(
            words.flatMap((w) => bitsOf(w, 32)),
            0x04c11db7,
            32,
            0xffffffff,
          ),
        );
      }),
    );
    h.write('CRC.CR', 1);
    expect(h.read('CRC.DR')).toBe(0xffffffff);
  });
  if (name.startsWith('STM32F4')) return;

  it.each([
    ['CRC-32/MPEG-2', 0, 0x04c11db7, 0xffffffff, 0, 0x0376e6e7],
    ['CRC-32 before its final inversion', 0, 0x04c11db7, 0xffffffff, 0xa0, ~0xcbf43926 >>> 0],
    ['CRC-16/IBM-3740', 1, 0x1021, 0xffff, 0, 0x29b1],
    ['CRC-16/MODBUS', 1, 0x8005, 0xffff, 0xa0, 0x4b37],
    ['CRC-8/SMBUS', 2, 0x07, 0, 0, 0xf4],
    ['CRC-7/MMC', 3, 0x09, 0, 0, 0x75],
  ] as const)('%s of "123456789", byte by byte', (_n, size, poly, init, reversal, value) => {
    const h = fresh();
    h.write('CRC.POL', poly);
    h.write('CRC.CR', (size << 3) | reversal);
    h.write('CRC.INIT', init);
    for (const byte of CHECK) feed(h, byte, 1);
    expect(h.read('CRC.DR')).toBe(value);
  });
  it('any polynomial, width of data and reversal of the input is long division of the bits in that order', () => {
    const h = fresh();
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.nat(0xffffffff),
        fc.nat(0xffffffff),
        fc.nat(3),
        fc.array(fc.tuple(fc.constantFrom(1 as const, 2 as const, 4 as const), fc.nat(0xffffffff)), { maxLength: 6 }),
        (size, poly, init, reverse, data) => {
          const width = [32, 16, 8, 7][size]!;
          const cut = (v: number): number => v % 2 ** width;
          h.write('CRC.POL', cut(poly));
          h.write('CRC.CR', (size << 3) | (reverse << 5));
          h.write('CRC.INIT', cut(init));
          const bits: number[] = [];
          for (const [bytes, value] of data) {
            const n = 8 * bytes;
            const v = value % 2 ** n;
            feed(h, v, bytes);
            const unit = Math.min([1, 8, 16, 32][reverse]!, n);
            const all = bitsOf(v, n);
            for (let i = 0; i < n; i += unit) bits.push(...all.slice(i, i + unit).reverse());
          }
          expect(h.read('CRC.DR')).toBe(divide(bits, cut(poly), width, cut(init)));
        },
      ),
      { numRuns: 150 },
    );
  });
});

it.each(CHIPS.map((c) => c.name))('%s begins with the Ethernet polynomial and all ones', (name) => {
  const h = new StChip(CHIPS.find((c) => c.name === name)!);
  const { row } = h.system.block('CRC');
  h.set(`RCC.${row.clock!}`, 1);
  h.system.write(row.base, 4, 0x12345678);
  expect(h.read('CRC.DR')).toBe(divide(bitsOf(0x12345678, 32), 0x04c11db7, 32, 0xffffffff));
});
