/** One encoding: the instruction's bits under `mask`, as in the Armv7-M ARM, A5; 32-bit ones with the first half-word on top. */
export interface Encoding {
  readonly mask: number;
  readonly value: number;
}
export const is = (bits: number, { mask, value }: Encoding): boolean => ((bits & mask) ^ value) === 0;
