/** What an access at an address that is not a multiple of its size costs beside what it costs anyway (measured: cycles.test.ts has the instructions). */
import { describe, expect, it } from 'vitest';
import '../../../src/emu/core/isa/index.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { timingOf } from '../../../src/emu/core/timing.ts';

const AT = 0x2000_0000;
const costs = (name: keyof typeof PROFILES, kind: 'load' | 'store', size: 2 | 4): readonly number[] => {
  const timing = timingOf(PROFILES[name]);
  return [1, 2, 3].map((n) => timing.unaligned(kind, AT + n, size));
};

describe.each(['m3', 'm4', 'm33'] as const)('%s', (name) => {
  it('a word at an odd address is read in three accesses, one at 2 mod 4 in two', () => expect(costs(name, 'load', 4)).toEqual([2, 1, 2]));
  it('a half-word is read in two', () => expect(costs(name, 'load', 2)).toEqual([1, 1, 1]));
  it('the write buffer hides those of a store', () => {
    expect(costs(name, 'store', 4)).toEqual([0, 0, 0]);
    expect(costs(name, 'store', 2)).toEqual([0, 0, 0]);
  });
});
it('m7: a load costs three more wherever it lies, a store nothing', () => {
  expect(costs('m7', 'load', 4)).toEqual([3, 3, 3]);
  expect(costs('m7', 'store', 4)).toEqual([0, 0, 0]);
});
