/** Double-precision arithmetic on integers. See softfloat.ts. */
import {
  bits64,
  comparisons,
  FLAG,
  type FpContext,
  input64,
  invalid64,
  isNaN64,
  isSignalling64,
  magnitude64,
  nans64,
  processNaN64,
  ROUND,
  SIGN64,
  value64,
} from './softfloat-bits.ts';

/** significand * 2^exponent of a finite double; 0 has significand 0. */
interface Parts {
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
}
function parts(x: bigint): Parts {
  const biased = Number((x >> 52n) & 0x7ffn);
  const fraction = x & 0xfffffffffffffn;
  return {
    negative: (x & SIGN64) !== 0n,
    significand: biased === 0 ? fraction : fraction | (1n << 52n),
    exponent: Math.max(biased, 1) - 1075,
  };
}
const isInfinite64 = (x: bigint): boolean => magnitude64(x) === 0x7ff0000000000000n;

function bitLength(n: bigint): number {
  const text = n.toString(16);
  return text.length * 4 - (Math.clz32(parseInt(text[0]!, 16)) - 28);
}

/** FPRound to double precision of ±significand * 2^exponent, not 0; bit 0 of a significand longer than 55 bits may stand for all lower bits. */
// eslint-disable-next-line complexity -- the rounding of IEEE 754 in one place: each branch is a case of the standard
function round64(negative: boolean, significand: bigint, exponent: number, ctx: FpContext): bigint {
  const sign = negative ? SIGN64 : 0n;
  const top = bitLength(significand) - 1 + exponent;
  const tiny = top < -1022;
  if (tiny && ctx.flushToZero) {
    ctx.flags |= FLAG.UFC;
    return sign;
  }
  const lowest = Math.max(top, -1022) - 52;
  const drop = lowest - exponent;
  let mantissa: bigint;
  if (drop <= 0) mantissa = significand << BigInt(-drop);
  else {
    const shift = BigInt(drop);
    mantissa = significand >> shift;
    const rest = significand - (mantissa << shift);
    if (rest !== 0n) {
      ctx.flags |= tiny ? FLAG.IXC | FLAG.UFC : FLAG.IXC;
      const half = 1n << (shift - 1n);
      let up: boolean;
      if (ctx.rounding === ROUND.nearest) up = rest > half || (rest === half && (mantissa & 1n) === 1n);
      else up = ctx.rounding === (negative ? ROUND.down : ROUND.up);
      if (up) mantissa++;
    }
  }
  // the mantissa carries its leading one into the exponent field, a carry out of it too
  const packed = (BigInt(lowest + 1074) << 52n) + mantissa;
  if (packed < 0x7ff0000000000000n) return sign | packed;
  ctx.flags |= FLAG.OFC | FLAG.IXC;
  const toInfinity = ctx.rounding === ROUND.nearest || ctx.rounding === (negative ? ROUND.down : ROUND.up);
  return sign | (toInfinity ? 0x7ff0000000000000n : 0x7fefffffffffffffn);
}

/** Exact sum of two finite values, rounded once. */
function sumParts(a: Parts, b: Parts, ctx: FpContext): bigint {
  const exponent = Math.min(a.exponent, b.exponent);
  const term = (p: Parts): bigint => (p.negative ? -p.significand : p.significand) << BigInt(p.exponent - exponent);
  const sum = term(a) + term(b);
  if (sum !== 0n) return round64(sum < 0n, sum < 0n ? -sum : sum, exponent, ctx);
  const bothZero = a.significand === 0n && b.significand === 0n;
  const negative = bothZero && a.negative === b.negative ? a.negative : ctx.rounding === ROUND.down;
  return negative ? SIGN64 : 0n;
}

export function add64(x: bigint, y: bigint, ctx: FpContext): bigint {
  x = input64(x, ctx);
  y = input64(y, ctx);
  const nan = nans64(ctx, x, y);
  if (nan !== null) return nan;
  if (isInfinite64(x)) return isInfinite64(y) && x !== y ? invalid64(ctx) : x;
  if (isInfinite64(y)) return y;
  return sumParts(parts(x), parts(y), ctx);
}
export const sub64 = (x: bigint, y: bigint, ctx: FpContext): bigint => add64(x, isNaN64(y) ? y : y ^ SIGN64, ctx);

export function mul64(x: bigint, y: bigint, ctx: FpContext): bigint {
  x = input64(x, ctx);
  y = input64(y, ctx);
  const nan = nans64(ctx, x, y);
  if (nan !== null) return nan;
  const sign = (x ^ y) & SIGN64;
  const zero = magnitude64(x) === 0n || magnitude64(y) === 0n;
  if (isInfinite64(x) || isInfinite64(y)) return zero ? invalid64(ctx) : sign | 0x7ff0000000000000n;
  if (zero) return sign;
  const a = parts(x);
  const b = parts(y);
  return round64(sign !== 0n, a.significand * b.significand, a.exponent + b.exponent, ctx);
}

export function div64(x: bigint, y: bigint, ctx: FpContext): bigint {
  x = input64(x, ctx);
  y = input64(y, ctx);
  const nan = nans64(ctx, x, y);
  if (nan !== null) return nan;
  const sign = (x ^ y) & SIGN64;
  const zeroX = magnitude64(x) === 0n;
  const zeroY = magnitude64(y) === 0n;
  if (isInfinite64(x) ? isInfinite64(y) : zeroX && zeroY) return invalid64(ctx);
  if (isInfinite64(x)) return sign | 0x7ff0000000000000n;
  if (zeroY) {
    ctx.flags |= FLAG.DZC;
    return sign | 0x7ff0000000000000n;
  }
  if (zeroX || isInfinite64(y)) return sign;
  const a = parts(x);
  const b = parts(y);
  // at least 56 bits of quotient even for a short dividend and a long divisor
  const scaled = a.significand << 110n;
  const quotient = scaled / b.significand;
  const sticky = quotient * b.significand === scaled ? 0n : 1n;
  return round64(sign !== 0n, (quotient << 1n) | sticky, a.exponent - b.exponent - 111, ctx);
}

function integerRoot(n: bigint): bigint {
  let r = BigInt(Math.floor(Math.sqrt(Number(n))));
  // Newton from a start that is right to 53 bits
  for (;;) {
    const next = (r + n / r) >> 1n;
    if (next === r || next === r + 1n || next === r - 1n) {
      r = next;
      break;
    }
    r = next;
  }
  while (r * r > n) r--;
  while ((r + 1n) * (r + 1n) <= n) r++;
  return r;
}
export function sqrt64(x: bigint, ctx: FpContext): bigint {
  x = input64(x, ctx);
  if (isNaN64(x)) return processNaN64(x, ctx);
  if (magnitude64(x) === 0n) return x;
  if (x & SIGN64) return invalid64(ctx);
  if (isInfinite64(x)) return x;
  const { significand, exponent } = parts(x);
  const shift = exponent & 1 ? 121 : 120;
  const scaled = significand << BigInt(shift);
  const root = integerRoot(scaled);
  return round64(false, (root << 1n) | (root * root === scaled ? 0n : 1n), (exponent - shift) / 2 - 1, ctx);
}

/** z + x * y with one rounding. */
export function fma64(z: bigint, x: bigint, y: bigint, ctx: FpContext): bigint {
  z = input64(z, ctx);
  x = input64(x, ctx);
  y = input64(y, ctx);
  const zeroProduct = magnitude64(x) === 0n || magnitude64(y) === 0n;
  const infiniteProduct = isInfinite64(x) || isInfinite64(y);
  const nan = nans64(ctx, z, x, y);
  if (nan !== null) return zeroProduct && infiniteProduct && !isSignalling64(z) ? invalid64(ctx) : nan;
  if (zeroProduct && infiniteProduct) return invalid64(ctx);
  const sign = (x ^ y) & SIGN64;
  if (infiniteProduct) return isInfinite64(z) && (z & SIGN64) !== sign ? invalid64(ctx) : sign | 0x7ff0000000000000n;
  if (isInfinite64(z)) return z;
  const a = parts(x);
  const b = parts(y);
  return sumParts({ negative: sign !== 0n, significand: a.significand * b.significand, exponent: a.exponent + b.exponent }, parts(z), ctx);
}

export const { compare: compare64, maxNum: maxNum64 } = comparisons<bigint>({
  input: input64,
  isNaN: isNaN64,
  isSignalling: isSignalling64,
  nans: nans64,
  value: value64,
  bits: bits64,
});
