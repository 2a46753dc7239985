/** Single-precision arithmetic, in doubles rounded to odd. See softfloat.ts. */
import {
  bits32,
  comparisons,
  f64,
  FLAG,
  type FpContext,
  HIGH,
  INF32,
  input32,
  invalid32,
  isNaN32,
  isSignalling32,
  LOW,
  MAX32,
  MIN_NORMAL32,
  nans32,
  processNaN32,
  ROUND,
  value32,
  words,
} from './softfloat-bits.ts';

/** FPRound to single precision of a finite double: exact, or rounded to odd, or known not to lie near a boundary. */
// eslint-disable-next-line complexity -- the rounding of IEEE 754 in one place: each branch is a case of the standard
export function round32(d: number, ctx: FpContext): number {
  if (d === 0) return Object.is(d, -0) ? 0x80000000 : 0;
  const sign = d < 0 ? 0x80000000 : 0;
  const size = Math.abs(d);
  // tininess is detected before rounding
  const tiny = size < MIN_NORMAL32;
  if (tiny && ctx.flushToZero) {
    ctx.flags |= FLAG.UFC;
    return sign;
  }
  const nearest = Math.fround(size);
  if (nearest === size) return bits32(nearest) | sign;
  ctx.flags |= tiny ? FLAG.IXC | FLAG.UFC : FLAG.IXC;
  let bits = bits32(nearest);
  if (ctx.rounding !== ROUND.nearest) {
    const away = ctx.rounding === (sign ? ROUND.down : ROUND.up);
    if (size >= 2 ** 128) {
      ctx.flags |= FLAG.OFC;
      return (away ? INF32 : MAX32) | sign;
    }
    if (nearest > size && !away) bits--;
    if (nearest < size && away) bits++;
  }
  if (bits === INF32) ctx.flags |= FLAG.OFC;
  return bits | sign;
}

/** a + b rounded to odd: no information about the exact sum is lost for a rounding to fewer bits. */
function sumToOdd(a: number, b: number): number {
  const s = a + b;
  const t = s - a;
  const error = a - (s - t) + (b - t);
  if (error === 0) return s;
  f64[0] = s;
  if ((words[LOW]! & 1) === 0) {
    if (error > 0 === s > 0) words[LOW]! |= 1;
    else {
      if (words[LOW]! === 0) words[HIGH]!--;
      words[LOW]!--;
    }
  }
  return f64[0];
}
/** Sign of an exact zero sum: that of the operands if they agree, else minus only when rounding down. */
const zeroSum = (a: number, b: number, ctx: FpContext): number => (Object.is(a, b) ? a : ctx.rounding === ROUND.down ? -0 : 0);

export function add32(x: number, y: number, ctx: FpContext): number {
  x = input32(x, ctx);
  y = input32(y, ctx);
  const nan = nans32(ctx, x, y);
  if (nan !== null) return nan;
  const a = value32(x);
  const b = value32(y);
  const s = a + b;
  if (s === 0) return round32(a === 0 ? zeroSum(a, b, ctx) : ctx.rounding === ROUND.down ? -0 : 0, ctx);
  if (Number.isNaN(s)) return invalid32(ctx);
  return Number.isFinite(s) ? round32(sumToOdd(a, b), ctx) : bits32(s);
}
/** Subtraction negates a number, not a NaN. */
export const sub32 = (x: number, y: number, ctx: FpContext): number => add32(x, isNaN32(y) ? y : y ^ 0x80000000, ctx);

export function mul32(x: number, y: number, ctx: FpContext): number {
  x = input32(x, ctx);
  y = input32(y, ctx);
  const nan = nans32(ctx, x, y);
  if (nan !== null) return nan;
  // 48 bits and any exponent: exact in a double
  const p = value32(x) * value32(y);
  if (Number.isNaN(p)) return invalid32(ctx);
  return Number.isFinite(p) ? round32(p, ctx) : bits32(p);
}

export function div32(x: number, y: number, ctx: FpContext): number {
  x = input32(x, ctx);
  y = input32(y, ctx);
  const nan = nans32(ctx, x, y);
  if (nan !== null) return nan;
  const a = value32(x);
  const b = value32(y);
  const q = a / b;
  if (Number.isNaN(q)) return invalid32(ctx);
  if (Number.isFinite(q)) return round32(q, ctx);
  if (Number.isFinite(a)) ctx.flags |= FLAG.DZC;
  return bits32(q);
}
// A quotient or root of 24-bit operands that does not fit 25 bits is at least 2^-50 (relative) away from every 25-bit number, so the double
// that div32 and sqrt32 round lies on the right side of every boundary.
export function sqrt32(x: number, ctx: FpContext): number {
  x = input32(x, ctx);
  if (isNaN32(x)) return processNaN32(x, ctx);
  const r = Math.sqrt(value32(x));
  if (Number.isNaN(r)) return invalid32(ctx);
  return Number.isFinite(r) ? round32(r, ctx) : bits32(r);
}

/** z + x * y with one rounding. */
export function fma32(z: number, x: number, y: number, ctx: FpContext): number {
  z = input32(z, ctx);
  x = input32(x, ctx);
  y = input32(y, ctx);
  const p = value32(x) * value32(y);
  const c = value32(z);
  const invalidProduct = Number.isNaN(p) && !isNaN32(x) && !isNaN32(y);
  const nan = nans32(ctx, z, x, y);
  // infinity times zero wins over a quiet addend
  if (invalidProduct && (nan === null || !isSignalling32(z))) return invalid32(ctx);
  if (nan !== null) return nan;
  const s = p + c;
  if (Number.isNaN(s)) return invalid32(ctx);
  if (!Number.isFinite(s)) return bits32(s);
  if (s === 0) return round32(c === 0 ? zeroSum(p, c, ctx) : ctx.rounding === ROUND.down ? -0 : 0, ctx);
  return round32(sumToOdd(p, c), ctx);
}

export const { compare: compare32, maxNum: maxNum32 } = comparisons<number>({
  input: input32,
  isNaN: isNaN32,
  isSignalling: isSignalling32,
  nans: nans32,
  value: value32,
  bits: bits32,
});
