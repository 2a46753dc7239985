/** Conversions: integers and fixed point, integral values, half, single and double precision. See softfloat.ts. */
import {
  bits32,
  bits64,
  DEFAULT_NAN32,
  DEFAULT_NAN64,
  f64,
  FLAG,
  type FpContext,
  HIGH,
  INF32,
  input32,
  input64,
  isNaN32,
  isNaN64,
  isSignalling32,
  isSignalling64,
  processNaN32,
  processNaN64,
  ROUND,
  type Rounding,
  SIGN64,
  value32,
  value64,
  words,
} from './softfloat-bits.ts';
import { round32 } from './softfloat-single.ts';

/** Nearest integer of a finite double in a rounding mode. Exact: halves of numbers below 2^53 are representable. */
function roundToInteger(v: number, rounding: Rounding): number {
  const below = Math.floor(v);
  const rest = v - below;
  if (rest === 0) return v;
  let up: boolean;
  switch (rounding) {
    case ROUND.up:
      up = true;
      break;
    case ROUND.down:
      up = false;
      break;
    case ROUND.zero:
      up = v < 0;
      break;
    case ROUND.away:
      up = rest > 0.5 || (rest === 0.5 && v > 0);
      break;
    default:
      up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  }
  const n = up ? below + 1 : below;
  return n === 0 && v < 0 ? -0 : n;
}

/** FPToFixed: `width` bits with `fraction` of them behind the point, saturated; the result is a signed 32-bit word, extended from `width`. */
function toFixed(v: number, width: 16 | 32, fraction: number, unsigned: boolean, rounding: Rounding, ctx: FpContext): number {
  if (Number.isNaN(v)) {
    ctx.flags |= FLAG.IOC;
    return 0;
  }
  const scaled = v * 2 ** fraction;
  const n = Number.isFinite(scaled) ? roundToInteger(scaled, rounding) : scaled;
  const low = unsigned ? 0 : -(2 ** (width - 1));
  const high = unsigned ? 2 ** width - 1 : 2 ** (width - 1) - 1;
  if (n < low || n > high) {
    ctx.flags |= FLAG.IOC;
    return (n < low ? low : high) | 0;
  }
  if (n !== scaled) ctx.flags |= FLAG.IXC;
  return n | 0;
}
export const toFixed32 = (x: number, width: 16 | 32, fraction: number, unsigned: boolean, rounding: Rounding, ctx: FpContext): number =>
  toFixed(value32(input32(x, ctx)), width, fraction, unsigned, rounding, ctx);
export const toFixed64 = (x: bigint, width: 16 | 32, fraction: number, unsigned: boolean, rounding: Rounding, ctx: FpContext): number =>
  toFixed(value64(input64(x, ctx)), width, fraction, unsigned, rounding, ctx);

/** FixedToFP; a zero is positive. */
const fromFixed = (word: number, width: 16 | 32, fraction: number, unsigned: boolean): number => {
  const n = width === 16 ? (unsigned ? word & 0xffff : (word << 16) >> 16) : unsigned ? word >>> 0 : word | 0;
  return n === 0 ? 0 : n / 2 ** fraction;
};
/** `rounding` is FPSCR's for integers, nearest for fixed point. */
export function fromFixed32(word: number, width: 16 | 32, fraction: number, unsigned: boolean, rounding: Rounding, ctx: FpContext): number {
  ctx.rounding = rounding;
  return round32(fromFixed(word, width, fraction, unsigned), ctx);
}
/** Always exact. */
export const fromFixed64 = (word: number, width: 16 | 32, fraction: number, unsigned: boolean): bigint =>
  bits64(fromFixed(word, width, fraction, unsigned));

/** FPRoundInt; `exact` raises IXC (VRINTX). */
export function roundInt32(x: number, rounding: Rounding, exact: boolean, ctx: FpContext): number {
  x = input32(x, ctx);
  if (isNaN32(x)) return processNaN32(x, ctx);
  const v = value32(x);
  if (!Number.isFinite(v)) return x;
  const n = roundToInteger(v, rounding);
  if (exact && n !== v) ctx.flags |= FLAG.IXC;
  return bits32(n);
}
export function roundInt64(x: bigint, rounding: Rounding, exact: boolean, ctx: FpContext): bigint {
  x = input64(x, ctx);
  if (isNaN64(x)) return processNaN64(x, ctx);
  const v = value64(x);
  if (!Number.isFinite(v)) return x;
  const n = roundToInteger(v, rounding);
  if (exact && n !== v) ctx.flags |= FLAG.IXC;
  return bits64(n);
}

// ---- between formats ----

export function singleToDouble(x: number, ctx: FpContext): bigint {
  x = input32(x, ctx);
  if (!isNaN32(x)) return bits64(value32(x));
  if (isSignalling32(x)) ctx.flags |= FLAG.IOC;
  if (ctx.defaultNaN) return DEFAULT_NAN64;
  return (x & 0x80000000 ? SIGN64 : 0n) | DEFAULT_NAN64 | (BigInt(x & 0x3fffff) << 29n);
}
export function doubleToSingle(x: bigint, ctx: FpContext): number {
  x = input64(x, ctx);
  if (isNaN64(x)) {
    if (isSignalling64(x)) ctx.flags |= FLAG.IOC;
    if (ctx.defaultNaN) return DEFAULT_NAN32;
    return (x & SIGN64 ? 0x80000000 : 0) | DEFAULT_NAN32 | Number((x >> 29n) & 0x3fffffn);
  }
  const v = value64(x);
  return Number.isFinite(v) ? round32(v, ctx) : bits32(v);
}

/** Value of a half that is neither NaN nor infinite. */
const valueHalf = (h: number): number => {
  const exponent = (h >>> 10) & 31;
  const size = exponent === 0 ? (h & 0x3ff) * 2 ** -24 : (0x400 | (h & 0x3ff)) * 2 ** (exponent - 25);
  return h & 0x8000 ? -size : size;
};
/** FPRound to half precision. Flush-to-zero does not apply to it. */
function roundHalf(v: number, ctx: FpContext): number {
  const sign = v < 0 || Object.is(v, -0) ? 0x8000 : 0;
  const size = Math.abs(v);
  if (size === 0) return sign;
  f64[0] = size;
  const exponent = Math.max((words[HIGH]! >>> 20) - 1023, -14);
  const quantum = 2 ** (exponent - 10);
  const exact = size / quantum;
  const mode: Rounding =
    sign === 0 ? ctx.rounding : ctx.rounding === ROUND.up ? ROUND.down : ctx.rounding === ROUND.down ? ROUND.up : ctx.rounding;
  const n = roundToInteger(exact, mode);
  const limit = ctx.alternativeHalf ? 2 ** 17 : 2 ** 16;
  if (size >= limit || n * quantum >= limit) {
    if (ctx.alternativeHalf) {
      ctx.flags |= FLAG.IOC;
      return sign | 0x7fff;
    }
    ctx.flags |= FLAG.OFC | FLAG.IXC;
    return sign | (mode === ROUND.nearest || mode === ROUND.up ? 0x7c00 : 0x7bff);
  }
  if (n !== exact) ctx.flags |= size < 2 ** -14 ? FLAG.IXC | FLAG.UFC : FLAG.IXC;
  // n = 0x800 carries into the exponent
  return sign | (((exponent + 14) << 10) + n);
}
const HALF_NAN = 0x7e00;
/** `payload`: the NaN's top nine fraction bits below the quiet bit. */
function nanToHalf(signed: boolean, signalling: boolean, payload: number, ctx: FpContext): number {
  const sign = signed ? 0x8000 : 0;
  if (ctx.alternativeHalf) {
    ctx.flags |= FLAG.IOC;
    return sign;
  }
  if (signalling) ctx.flags |= FLAG.IOC;
  return ctx.defaultNaN ? HALF_NAN : sign | HALF_NAN | payload;
}
function infinityToHalf(negative: boolean, ctx: FpContext): number {
  const sign = negative ? 0x8000 : 0;
  if (!ctx.alternativeHalf) return sign | 0x7c00;
  ctx.flags |= FLAG.IOC;
  return sign | 0x7fff;
}
export function singleToHalf(x: number, ctx: FpContext): number {
  x = input32(x, ctx);
  if (isNaN32(x)) return nanToHalf(x >>> 31 !== 0, isSignalling32(x), (x >>> 13) & 0x1ff, ctx);
  const v = value32(x);
  return Number.isFinite(v) ? roundHalf(v, ctx) : infinityToHalf(v < 0, ctx);
}
export function doubleToHalf(x: bigint, ctx: FpContext): number {
  x = input64(x, ctx);
  if (isNaN64(x)) return nanToHalf((x & SIGN64) !== 0n, isSignalling64(x), Number((x >> 42n) & 0x1ffn), ctx);
  const v = value64(x);
  return Number.isFinite(v) ? roundHalf(v, ctx) : infinityToHalf(v < 0, ctx);
}
const special = (h: number, ctx: FpContext): boolean => (h & 0x7c00) === 0x7c00 && !ctx.alternativeHalf;
export function halfToSingle(h: number, ctx: FpContext): number {
  if (!special(h, ctx)) return bits32(valueHalf(h));
  const sign = h & 0x8000 ? 0x80000000 : 0;
  if ((h & 0x3ff) === 0) return sign | INF32;
  if ((h & 0x200) === 0) ctx.flags |= FLAG.IOC;
  return ctx.defaultNaN ? DEFAULT_NAN32 : sign | DEFAULT_NAN32 | ((h & 0x1ff) << 13);
}
export function halfToDouble(h: number, ctx: FpContext): bigint {
  if (!special(h, ctx)) return bits64(valueHalf(h));
  const sign = h & 0x8000 ? SIGN64 : 0n;
  if ((h & 0x3ff) === 0) return sign | 0x7ff0000000000000n;
  if ((h & 0x200) === 0) ctx.flags |= FLAG.IOC;
  return ctx.defaultNaN ? DEFAULT_NAN64 : sign | DEFAULT_NAN64 | (BigInt(h & 0x1ff) << 42n);
}
