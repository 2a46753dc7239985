/** The smallest part of a list that is still enough, where more never spoils it: a cause may need several repairs, and several may do alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enoughAlone, halve, minimise } from '../../src/bench/proof/minimal-sets.ts';

const SIZE = 7;
const all = Array.from({ length: SIZE }, (_, i) => i);
/** Combinations each of which is enough. */
const combinations = fc.array(fc.subarray(all, { minLength: 1 }), { minLength: 1, maxLength: 4 });
const includesOne =
  (enough: readonly (readonly number[])[]) =>
  (some: readonly number[]): boolean =>
    enough.some((set) => set.every((id) => some.includes(id)));

describe.each([
  ['minimise', minimise],
  ['halve', halve],
] as const)('%s', (_name, smallest) => {
  it('gives a set that is enough, of which nothing can be left out', () => {
    fc.assert(
      fc.property(combinations, (enough) => {
        const works = includesOne(enough);
        const set = smallest(all, works);
        expect(works(set)).toBe(true);
        for (const id of set) expect(works(set.filter((x) => x !== id)), `${set.join()} without ${id}`).toBe(false);
      }),
    );
  });
  it('finds the one member that is enough in few tries', () => {
    for (const one of all) {
      let tries = 0;
      const works = (some: readonly number[]): boolean => {
        tries++;
        return some.includes(one);
      };
      expect(smallest(all, works)).toEqual([one]);
      expect(tries).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(SIZE)));
    }
  });
});

describe('minimise', () => {
  it('tries the first alone before all else', () => {
    const tried: number[][] = [];
    const set = minimise(all, (some) => {
      tried.push([...some]);
      return some.includes(0);
    });
    expect([set, tried]).toEqual([[0], [[0]]]);
  });
  it('prefers what stands first', () => {
    expect(
      minimise(
        all,
        includesOne([
          [1, 5],
          [2, 3],
        ]),
      ),
    ).toEqual([2, 3]);
    expect(minimise(all, includesOne([[1], [2], [6]]))).toEqual([1]);
  });
});

describe('enoughAlone', () => {
  it('gives those that are enough alone, in their order', () => {
    fc.assert(
      fc.property(fc.subarray(all), (alone) => {
        expect(enoughAlone(all, (some) => some.some((id) => alone.includes(id)))).toEqual(alone);
      }),
    );
  });
  it('tries no parts of what is not enough together', () => {
    let tries = 0;
    expect(
      enoughAlone(all, () => {
        tries++;
        return false;
      }),
    ).toEqual([]);
    expect(tries).toBe(1);
    expect(enoughAlone([], () => true)).toEqual([]);
  });
});
