/** The lowest `bits` bits in reverse order. */
export function reversed(value: number, bits: number): number {
  let out = 0;
  for (let i = 0; i < bits; i++) out |= ((value >>> i) & 1) << (bits - 1 - i);
  return out >>> 0;
}
