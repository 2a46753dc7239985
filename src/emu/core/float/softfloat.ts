/**
 * Floating-point arithmetic as ARM's FP extension does it: all rounding modes, flush-to-zero, default NaN, NaN propagation, cumulative flags.
 * Values are raw bits: a number for single and half precision, a bigint for double.
 *
 * Single precision is computed in doubles that are rounded to odd where the exact result does not fit: 53 bits are more than 2 * 24 + 2, so the
 * second rounding, to 24 bits, sees everything it needs. Double precision is computed on integers (BigInt).
 * Source: DDI 0403 A2.5 and its pseudocode FPUnpack, FPRound, FPProcessNaNs, FPMulAdd, FPToFixed, FPRoundInt (documented).
 */
export { contextFrom, FLAG, newContext, ROUND, type FpContext, type Rounding } from './softfloat-bits.ts';
export * from './softfloat-convert.ts';
export * from './softfloat-double.ts';
export { add32, compare32, div32, fma32, maxNum32, mul32, sqrt32, sub32 } from './softfloat-single.ts';
