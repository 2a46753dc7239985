/** Words that differ only in the order of their bytes: what a mix-up of byte orders makes of a request. */

const reversed = (v: number): number => ((v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24)) >>> 0;
const halvesSwapped = (v: number): number => ((v << 16) | (v >>> 16)) >>> 0;
const reversedInHalves = (v: number): number => halvesSwapped(reversed(v));
const SMALL = 0xffff;

/**
 * How `b` is made of the bytes of `a`; null if it is not, or if both are the same. Values that have a half of zeros are left out: a counter and a flag may
 * well be in such a relation.
 */
export function otherOrder(a: number, b: number): string | null {
  if (a === b) return null;
  const isShort = a <= SMALL && b <= SMALL;
  if (isShort) return (a & 0xff) !== 0 && a > 0xff && halvesSwapped(reversed(a)) === b ? 'the same two bytes in reverse order' : null;
  if ((a & SMALL) === 0 || a <= SMALL) return null;
  if (reversed(a) === b) return 'the same four bytes in reverse order';
  if (halvesSwapped(a) === b) return 'the same two halves, swapped';
  return reversedInHalves(a) === b ? 'the same halves, with the bytes of each swapped' : null;
}
