import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAttributes } from '../../src/image/attributes.ts';
import { parseElf } from '../../src/image/elf.ts';

const of = (fixture: string) => parseElf(new Uint8Array(readFileSync(`fixtures/${fixture}/firmware.elf`))).section('.ARM.attributes');

/** One `aeabi` file scope with these bytes. */
function section(attributes: readonly number[]): Uint8Array {
  const scope = [1, ...word(attributes.length + 5), ...attributes];
  return Uint8Array.from([0x41, ...word(scope.length + 10), ...[...'aeabi\0'].map((c) => c.charCodeAt(0)), ...scope]);
}
const word = (n: number): number[] => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];

describe('build attributes (IHI0045)', () => {
  test.each([
    ['h533-straight', { architecture: 17, fpu: 0, doublePrecision: false }],
    ['h533-straight-o3-hard', { architecture: 17, fpu: 8, doublePrecision: false }],
    ['f072-seed002-remap', { architecture: 12, fpu: 0, doublePrecision: false }],
    ['l476-seed004-fixed', { architecture: 13, fpu: 0, doublePrecision: false }],
  ])('%s says what its compiler was told', (fixture, expected) => {
    expect(readAttributes(of(fixture))).toEqual(expected);
  });

  test('names and compatibility are skipped by their form, numbers are ULEB128', () => {
    const name = [5, ...[...'Cortex-M7\0'].map((c) => c.charCodeAt(0))];
    expect(readAttributes(section([...name, 32, 1, 0x41, 0, 6, 13, 10, 0x88, 0x00, 65, 6, 0, 27, 0]))).toEqual({
      architecture: 13,
      fpu: 8,
      doublePrecision: true,
    });
  });

  test('no section, another format, and lengths that lie give nothing or less, never an error', () => {
    expect(readAttributes(null)).toBeNull();
    expect(readAttributes(Uint8Array.of(0x42, 1, 2, 3, 4))).toBeNull();
    const whole = of('h533-straight')!;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: whole.length }),
        fc.nat({ max: whole.length - 1 }),
        fc.nat({ max: 255 }),
        (length, at, byte) => {
          const broken = whole.slice(0, length);
          if (at < broken.length) broken[at] = byte;
          const read = readAttributes(broken);
          expect(read === null || read.fpu >= 0).toBe(true);
        },
      ),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void readAttributes(Uint8Array.of(0x41, ...bytes))));
  });
});
