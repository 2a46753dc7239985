/**
 * Floating-point arithmetic as ARM's FP extension does it: all rounding modes, flush-to-zero, default NaN, NaN propagation, cumulative flags.
 * Values are raw bits: a number for single and half precision, a bigint for double.
 *
 * Single precision is computed in doubles that are rounded to odd where the exact result does not fit: 53 bits are more than 2 * 24 + 2, so the
 * second rounding, to 24 bits, sees everything it needs. Double precision is computed on integers (BigInt).
 * Source: DDI 0403 A2.5 and its pseudocode FPUnpack, FPRound, FPProcessNaNs, FPMulAdd, FPToFixed, FPRoundInt (documented).
 */

/** FPSCR.RMode, and ties-away, which only conversions to integers use. */
export const ROUND = { nearest: 0, up: 1, down: 2, zero: 3, away: 4 } as const;
export type Rounding = 0 | 1 | 2 | 3 | 4;

/** Cumulative flags at their places in FPSCR. */
export const FLAG = { IOC: 1, DZC: 2, OFC: 4, UFC: 8, IXC: 16, IDC: 128 } as const;

/** What an operation takes from FPSCR and the flags that it raises. */
export interface FpContext {
  rounding: Rounding;
  flushToZero: boolean;
  defaultNaN: boolean;
  /** FPSCR.AHP: half precision without infinities and NaNs. */
  alternativeHalf: boolean;
  flags: number;
}
/** Sets up `ctx` from an FPSCR word; no flags are raised. */
export function contextFrom(ctx: FpContext, fpscr: number): void {
  ctx.rounding = ((fpscr >>> 22) & 3) as Rounding;
  ctx.flushToZero = (fpscr & (1 << 24)) !== 0;
  ctx.defaultNaN = (fpscr & (1 << 25)) !== 0;
  ctx.alternativeHalf = (fpscr & (1 << 26)) !== 0;
  ctx.flags = 0;
}
export const newContext = (fpscr = 0): FpContext => {
  const ctx: FpContext = { rounding: 0, flushToZero: false, defaultNaN: false, alternativeHalf: false, flags: 0 };
  contextFrom(ctx, fpscr);
  return ctx;
};

// ---- bits and values ---------------------------------------------------------------------------------------------------------------

const f64 = new Float64Array(1);
const u64 = new BigUint64Array(f64.buffer);
const words = new Uint32Array(f64.buffer);
const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;

const INF32 = 0x7f800000;
const MAX32 = 0x7f7fffff;
const DEFAULT_NAN32 = 0x7fc00000;
const DEFAULT_NAN64 = 0x7ff8000000000000n;
const SIGN64 = 1n << 63n;
const MIN_NORMAL32 = 2 ** -126;

const isNaN32 = (x: number): boolean => (x & 0x7fffffff) > INF32;
const isSignalling32 = (x: number): boolean => isNaN32(x) && (x & 0x400000) === 0;
const value32 = (x: number): number => {
  u32[0] = x;
  return f32[0]!;
};
const bits32 = (v: number): number => {
  f32[0] = v;
  return u32[0]!;
};
const magnitude64 = (x: bigint): bigint => x & ~SIGN64;
const isNaN64 = (x: bigint): boolean => magnitude64(x) > 0x7ff0000000000000n;
const isSignalling64 = (x: bigint): boolean => isNaN64(x) && (x & 0x8000000000000n) === 0n;
const value64 = (x: bigint): number => {
  u64[0] = x;
  return f64[0]!;
};
const bits64 = (v: number): bigint => {
  f64[0] = v;
  return u64[0]!;
};

/** Flush of a denormal operand (FPUnpack). */
function input32(x: number, ctx: FpContext): number {
  if (ctx.flushToZero && (x & INF32) === 0 && (x & 0x7fffff) !== 0) {
    ctx.flags |= FLAG.IDC;
    return x & 0x80000000;
  }
  return x;
}
function input64(x: bigint, ctx: FpContext): bigint {
  if (ctx.flushToZero && (x & 0x7ff0000000000000n) === 0n && magnitude64(x) !== 0n) {
    ctx.flags |= FLAG.IDC;
    return x & SIGN64;
  }
  return x;
}

function processNaN32(x: number, ctx: FpContext): number {
  if (isSignalling32(x)) ctx.flags |= FLAG.IOC;
  return ctx.defaultNaN ? DEFAULT_NAN32 : x | 0x400000;
}
function processNaN64(x: bigint, ctx: FpContext): bigint {
  if (isSignalling64(x)) ctx.flags |= FLAG.IOC;
  return ctx.defaultNaN ? DEFAULT_NAN64 : x | 0x8000000000000n;
}
/** The first signalling NaN, else the first quiet one; null without NaN. */
function nans32(ctx: FpContext, x: number, y: number, z = 0): number | null {
  if (!isNaN32(x) && !isNaN32(y) && !isNaN32(z)) return null;
  const all = [x, y, z];
  return processNaN32((all.find(isSignalling32) ?? all.find(isNaN32))!, ctx);
}
function nans64(ctx: FpContext, x: bigint, y: bigint, z = 0n): bigint | null {
  if (!isNaN64(x) && !isNaN64(y) && !isNaN64(z)) return null;
  const all = [x, y, z];
  return processNaN64((all.find(isSignalling64) ?? all.find(isNaN64))!, ctx);
}
function invalid32(ctx: FpContext): number {
  ctx.flags |= FLAG.IOC;
  return DEFAULT_NAN32;
}
function invalid64(ctx: FpContext): bigint {
  ctx.flags |= FLAG.IOC;
  return DEFAULT_NAN64;
}

// ---- single precision --------------------------------------------------------------------------------------------------------------

/** FPRound to single precision of a finite double: exact, or rounded to odd, or known not to lie near a boundary. */
function round32(d: number, ctx: FpContext): number {
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

/** Condition bits of a comparison at FPSCR[31:28]. */
const ORDER = { less: 0x80000000, equal: 0x60000000, greater: 0x20000000, unordered: 0x30000000 } as const;
const order = (a: number, b: number): number => (a < b ? ORDER.less : a === b ? ORDER.equal : ORDER.greater);

export function compare32(x: number, y: number, quietIsInvalid: boolean, ctx: FpContext): number {
  x = input32(x, ctx);
  y = input32(y, ctx);
  if (isNaN32(x) || isNaN32(y)) {
    if (quietIsInvalid || isSignalling32(x) || isSignalling32(y)) ctx.flags |= FLAG.IOC;
    return ORDER.unordered;
  }
  return order(value32(x), value32(y));
}

/** FPMaxNum: a number wins over a quiet NaN. */
export function maxNum32(x: number, y: number, minimum: boolean, ctx: FpContext): number {
  x = input32(x, ctx);
  y = input32(y, ctx);
  const quietX = isNaN32(x) && !isSignalling32(x);
  const quietY = isNaN32(y) && !isSignalling32(y);
  if (quietX !== quietY && !isSignalling32(x) && !isSignalling32(y)) return quietX ? y : x;
  const nan = nans32(ctx, x, y);
  if (nan !== null) return nan;
  const a = value32(x);
  const b = value32(y);
  return bits32(minimum ? Math.min(a, b) : Math.max(a, b));
}

// ---- integers and fixed point ------------------------------------------------------------------------------------------------------

/** Nearest integer of a finite double in a rounding mode. Exact: halves of numbers below 2^53 are representable. */
export function roundToInteger(v: number, rounding: Rounding): number {
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

// ---- conversions between formats -----------------------------------------------------------------------------------------------------

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

// ---- double precision --------------------------------------------------------------------------------------------------------------

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

export function compare64(x: bigint, y: bigint, quietIsInvalid: boolean, ctx: FpContext): number {
  x = input64(x, ctx);
  y = input64(y, ctx);
  if (isNaN64(x) || isNaN64(y)) {
    if (quietIsInvalid || isSignalling64(x) || isSignalling64(y)) ctx.flags |= FLAG.IOC;
    return ORDER.unordered;
  }
  return order(value64(x), value64(y));
}

export function maxNum64(x: bigint, y: bigint, minimum: boolean, ctx: FpContext): bigint {
  x = input64(x, ctx);
  y = input64(y, ctx);
  const quietX = isNaN64(x) && !isSignalling64(x);
  const quietY = isNaN64(y) && !isSignalling64(y);
  if (quietX !== quietY && !isSignalling64(x) && !isSignalling64(y)) return quietX ? y : x;
  const nan = nans64(ctx, x, y);
  if (nan !== null) return nan;
  const a = value64(x);
  const b = value64(y);
  return bits64(minimum ? Math.min(a, b) : Math.max(a, b));
}
