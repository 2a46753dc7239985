/** Which instructions looked at which byte: against a list of all that was noted. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FarBytes } from '../../../src/emu/core/timing.ts';

const notes = fc.array(fc.tuple(fc.nat(20), fc.nat(3)), { maxLength: 30 });
const ranges = fc.array(fc.tuple(fc.nat(22), fc.nat(40)), { minLength: 1, maxLength: 4 });

it('what is taken is all that looked into the range, and is gone from there alone', () => {
  fc.assert(
    fc.property(notes, ranges, (noted, taken) => {
      const looks = new FarBytes();
      let left = noted;
      for (const [address, pc] of noted) looks.set(address, pc);
      for (const [from, size] of taken) {
        const inside = left.filter(([address]) => address >= from && address < from + size);
        left = left.filter((note) => !inside.includes(note));
        // one for each byte at which an instruction looked
        const expected = [...new Set(inside.map((note) => note.join()))].map((note) => Number(note.split(',')[1]));
        expect(looks.take(from, from + size).toSorted()).toEqual(expected.toSorted());
      }
    }),
  );
});
