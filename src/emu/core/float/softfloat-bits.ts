/** What the parts of soft float share: the context of an operation, bits and values, NaNs, flushed operands. See softfloat.ts. */
/** FPSCR.RMode, and ties-away, which only conversions to integers use. */
export const ROUND = { nearest: 0, up: 1, down: 2, zero: 3, away: 4 } as const;
export type Rounding = 0 | 1 | 2 | 3 | 4;

/** Cumulative flags at their places in FPSCR. */
export const FLAG = { IOC: 1, DZC: 2, OFC: 4, UFC: 8, IXC: 16, IDC: 128 } as const;

/** Bits that FPSCR has on these cores: N, Z, C, V, AHP, DN, FZ, RMode, IDC, IXC, UFC, OFC, DZC, IOC. */
export const FPSCR_MASK = 0xf7c0009f;

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

export const f64 = new Float64Array(1);
const u64 = new BigUint64Array(f64.buffer);
export const words = new Uint32Array(f64.buffer);
const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);
export const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
export const LOW = 1 - HIGH;

export const INF32 = 0x7f800000;
export const MAX32 = 0x7f7fffff;
export const DEFAULT_NAN32 = 0x7fc00000;
export const DEFAULT_NAN64 = 0x7ff8000000000000n;
export const SIGN64 = 1n << 63n;
export const MIN_NORMAL32 = 2 ** -126;

export const isNaN32 = (x: number): boolean => (x & 0x7fffffff) > INF32;
export const isSignalling32 = (x: number): boolean => isNaN32(x) && (x & 0x400000) === 0;
export const value32 = (x: number): number => {
  u32[0] = x;
  return f32[0]!;
};
export const bits32 = (v: number): number => {
  f32[0] = v;
  return u32[0]!;
};
export const magnitude64 = (x: bigint): bigint => x & ~SIGN64;
export const isNaN64 = (x: bigint): boolean => magnitude64(x) > 0x7ff0000000000000n;
export const isSignalling64 = (x: bigint): boolean => isNaN64(x) && (x & 0x8000000000000n) === 0n;
export const value64 = (x: bigint): number => {
  u64[0] = x;
  return f64[0]!;
};
export const bits64 = (v: number): bigint => {
  f64[0] = v;
  return u64[0]!;
};

/** Flush of a denormal operand (FPUnpack). */
export function input32(x: number, ctx: FpContext): number {
  if (ctx.flushToZero && (x & INF32) === 0 && (x & 0x7fffff) !== 0) {
    ctx.flags |= FLAG.IDC;
    return x & 0x80000000;
  }
  return x;
}
export function input64(x: bigint, ctx: FpContext): bigint {
  if (ctx.flushToZero && (x & 0x7ff0000000000000n) === 0n && magnitude64(x) !== 0n) {
    ctx.flags |= FLAG.IDC;
    return x & SIGN64;
  }
  return x;
}

export function processNaN32(x: number, ctx: FpContext): number {
  if (isSignalling32(x)) ctx.flags |= FLAG.IOC;
  return ctx.defaultNaN ? DEFAULT_NAN32 : x | 0x400000;
}
export function processNaN64(x: bigint, ctx: FpContext): bigint {
  if (isSignalling64(x)) ctx.flags |= FLAG.IOC;
  return ctx.defaultNaN ? DEFAULT_NAN64 : x | 0x8000000000000n;
}
/** The first signalling NaN, else the first quiet one; null without NaN. */
export function nans32(ctx: FpContext, x: number, y: number, z = 0): number | null {
  if (!isNaN32(x) && !isNaN32(y) && !isNaN32(z)) return null;
  const all = [x, y, z];
  return processNaN32((all.find(isSignalling32) ?? all.find(isNaN32))!, ctx);
}
export function nans64(ctx: FpContext, x: bigint, y: bigint, z = 0n): bigint | null {
  if (!isNaN64(x) && !isNaN64(y) && !isNaN64(z)) return null;
  const all = [x, y, z];
  return processNaN64((all.find(isSignalling64) ?? all.find(isNaN64))!, ctx);
}
export function invalid32(ctx: FpContext): number {
  ctx.flags |= FLAG.IOC;
  return DEFAULT_NAN32;
}
export function invalid64(ctx: FpContext): bigint {
  ctx.flags |= FLAG.IOC;
  return DEFAULT_NAN64;
}

/** Condition bits of a comparison at FPSCR[31:28]. */
const ORDER = { less: 0x80000000, equal: 0x60000000, greater: 0x20000000, unordered: 0x30000000 } as const;
const order = (a: number, b: number): number => (a < b ? ORDER.less : a === b ? ORDER.equal : ORDER.greater);

/** How a width reads its operands, as numbers or as bigints. */
interface Operands<T> {
  readonly input: (x: T, ctx: FpContext) => T;
  readonly isNaN: (x: T) => boolean;
  readonly isSignalling: (x: T) => boolean;
  readonly nans: (ctx: FpContext, x: T, y: T) => T | null;
  readonly value: (x: T) => number;
  readonly bits: (v: number) => T;
}
/** VCMP, and FPMaxNum and FPMinNum: a number wins over a quiet NaN. */
export const comparisons = <T>({ input, isNaN, isSignalling, nans, value, bits }: Operands<T>) => ({
  compare(x: T, y: T, quietIsInvalid: boolean, ctx: FpContext): number {
    x = input(x, ctx);
    y = input(y, ctx);
    if (!isNaN(x) && !isNaN(y)) return order(value(x), value(y));
    if (quietIsInvalid || isSignalling(x) || isSignalling(y)) ctx.flags |= FLAG.IOC;
    return ORDER.unordered;
  },
  maxNum(x: T, y: T, minimum: boolean, ctx: FpContext): T {
    x = input(x, ctx);
    y = input(y, ctx);
    if (isNaN(x) !== isNaN(y) && !isSignalling(x) && !isSignalling(y)) return isNaN(x) ? y : x;
    return nans(ctx, x, y) ?? bits(minimum ? Math.min(value(x), value(y)) : Math.max(value(x), value(y)));
  },
});
