/** What two values that were compared have in common, where that is no chance: an inversion, an order, a width. */

/** As it stands behind `compares … with …`; empty where they have nothing in common. */
export function alikeText(left: number, right: number): string {
  const is = widthText(left >>> 0, right >>> 0);
  if (is !== null) return `, which is ${is}`;
  if (Math.clz32(left) > MOST_ZEROS || Math.clz32(~left) > MOST_ZEROS) return '';
  const way = WAYS.find(([of]) => of(left) >>> 0 === right >>> 0);
  return way === undefined ? '' : `, which is the same value ${way[1]}`;
}
/** So many upper bits are alike in a number that is no CRC. */
const MOST_ZEROS = 15;
const WAYS = [
  [(n: number) => ~n, 'inverted: one of them lacks the final inversion of a CRC, or has one too many'],
  [reversedBits, 'with its bits in reverse order, as in a CRC whose result is not reflected'],
  [reversedBytes, 'with its bytes in reverse order'],
  [(n: number) => ~reversedBits(n), 'inverted, and with its bits in reverse order, as in another kind of CRC'],
] as const;
function reversedBits(n: number): number {
  let to = 0;
  for (let bit = 0; bit < 32; bit++) to = (to << 1) | ((n >>> bit) & 1);
  return to >>> 0;
}
function reversedBytes(n: number): number {
  return ((n << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24)) >>> 0;
}

/** The integer promotions of C keep a sign, and give `~` of a byte 24 more bits. */
function widthText(left: number, right: number): string | null {
  const upper = (left ^ right) >>> 0;
  const [small, large] = left < right ? [left, right] : [right, left];
  for (const [bits, name] of [
    [8, 'byte'],
    [16, 'half-word'],
  ] as const) {
    const all = (-1 << bits) >>> 0;
    if (upper === all && small > 0 && (small & all) === 0) return `the same ${name}: one side has its upper bits set, by a sign or by ~`;
  }
  return small > 0xff && large > 0xffff && small === (large & 0xffff)
    ? 'the same in the lower 16 bits: one side has lost the others'
    : null;
}
