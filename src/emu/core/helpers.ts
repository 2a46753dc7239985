/**
 * Functions that instruction semantics call by name because WebAssembly has no operator for them (soft float). They see the FPSCR word of
 * the core through the accessor and set its cumulative flags.
 */
import type { WasmType } from '../wasm/opcodes.ts';
import * as soft from './float/softfloat.ts';

/** FPSCR of the running core. */
export interface FpStatus {
  get(): number;
  set(fpscr: number): void;
}
export interface Helper {
  readonly params: readonly WasmType[];
  readonly result: WasmType;
  readonly make: (fpscr: FpStatus) => (...args: never[]) => number | bigint;
}

type Value = number | bigint;
type OnSingles = (ctx: soft.FpContext, a: number, b: number, c: number) => Value;

/** i32 arguments; `f` gets the context of the FPSCR word, its flags are added afterwards. */
const singles = (params: number, result: WasmType, f: OnSingles): Helper => ({
  params: Array<WasmType>(params).fill('i32'),
  result,
  make: (fpscr) => {
    const ctx = soft.newContext();
    return (a: number, b: number, c: number) => {
      const before = fpscr.get();
      soft.contextFrom(ctx, before);
      const r = f(ctx, a, b, c);
      if (ctx.flags) fpscr.set(before | ctx.flags);
      return r;
    };
  },
});
/** The first `doubles` arguments are i64, `numbers` i32 arguments follow. */
const doubles = (
  count: number,
  numbers: number,
  result: WasmType,
  f: (ctx: soft.FpContext, d: readonly bigint[], n: readonly number[]) => Value,
): Helper => ({
  params: [...Array<WasmType>(count).fill('i64'), ...Array<WasmType>(numbers).fill('i32')],
  result,
  make: (fpscr) => {
    const ctx = soft.newContext();
    return (...args: readonly Value[]) => {
      const before = fpscr.get();
      soft.contextFrom(ctx, before);
      const r = f(
        ctx,
        args.slice(0, count).map((x) => BigInt.asUintN(64, x as bigint)),
        args.slice(count) as number[],
      );
      if (ctx.flags) fpscr.set(before | ctx.flags);
      return r;
    };
  },
});

/** Packs how a conversion to an integer works into one argument; `rounding` null = as FPSCR says. */
export interface FixedFormat {
  readonly width: 16 | 32;
  readonly unsigned: boolean;
  readonly rounding: soft.Rounding | null;
}
export const packFormat = (f: FixedFormat): number => (f.width === 16 ? 1 : 0) | (f.unsigned ? 2 : 0) | ((f.rounding ?? 7) << 2);
const width = (format: number): 16 | 32 => (format & 1 ? 16 : 32);
const unsigned = (format: number): boolean => (format & 2) !== 0;
const rounding = (ctx: soft.FpContext, format: number): soft.Rounding => {
  const r = (format >>> 2) & 7;
  return r === 7 ? ctx.rounding : (r as soft.Rounding);
};
/** Rounding argument of f32_rint and f64_rint: mode or null, and whether IXC is raised (VRINTX). */
export const packRint = (mode: soft.Rounding | null, exact: boolean): number => ((mode ?? 7) << 2) | (exact ? 1 : 0);

export const HELPERS: Record<string, Helper> = {
  f32_add: singles(2, 'i32', (ctx, a, b) => soft.add32(a, b, ctx)),
  f32_sub: singles(2, 'i32', (ctx, a, b) => soft.sub32(a, b, ctx)),
  f32_mul: singles(2, 'i32', (ctx, a, b) => soft.mul32(a, b, ctx)),
  f32_div: singles(2, 'i32', (ctx, a, b) => soft.div32(a, b, ctx)),
  f32_sqrt: singles(1, 'i32', (ctx, a) => soft.sqrt32(a, ctx)),
  /** addend, factor, factor */
  f32_fma: singles(3, 'i32', (ctx, a, b, c) => soft.fma32(a, b, c, ctx)),
  /** a, b, quiet NaNs are invalid → N, Z, C, V at bits 31:28 */
  f32_compare: singles(3, 'i32', (ctx, a, b, c) => soft.compare32(a, b, c !== 0, ctx)),
  /** a, b, minimum */
  f32_maxnum: singles(3, 'i32', (ctx, a, b, c) => soft.maxNum32(a, b, c !== 0, ctx)),
  /** value, format, fraction bits */
  f32_to_fixed: singles(3, 'i32', (ctx, a, f, n) => soft.toFixed32(a, width(f), n, unsigned(f), rounding(ctx, f), ctx)),
  f32_from_fixed: singles(3, 'i32', (ctx, a, f, n) => soft.fromFixed32(a, width(f), n, unsigned(f), rounding(ctx, f), ctx)),
  f32_rint: singles(2, 'i32', (ctx, a, f) => soft.roundInt32(a, rounding(ctx, f), (f & 1) !== 0, ctx)),
  f32_to_f64: singles(1, 'i64', (ctx, a) => soft.singleToDouble(a, ctx)),
  f32_to_half: singles(1, 'i32', (ctx, a) => soft.singleToHalf(a, ctx)),
  half_to_f32: singles(1, 'i32', (ctx, a) => soft.halfToSingle(a, ctx)),
  half_to_f64: singles(1, 'i64', (ctx, a) => soft.halfToDouble(a, ctx)),
  f64_from_fixed: singles(3, 'i64', (_ctx, a, f, n) => soft.fromFixed64(a, width(f), n, unsigned(f))),

  f64_add: doubles(2, 0, 'i64', (ctx, [a, b]) => soft.add64(a!, b!, ctx)),
  f64_sub: doubles(2, 0, 'i64', (ctx, [a, b]) => soft.sub64(a!, b!, ctx)),
  f64_mul: doubles(2, 0, 'i64', (ctx, [a, b]) => soft.mul64(a!, b!, ctx)),
  f64_div: doubles(2, 0, 'i64', (ctx, [a, b]) => soft.div64(a!, b!, ctx)),
  f64_sqrt: doubles(1, 0, 'i64', (ctx, [a]) => soft.sqrt64(a!, ctx)),
  f64_fma: doubles(3, 0, 'i64', (ctx, [a, b, c]) => soft.fma64(a!, b!, c!, ctx)),
  f64_compare: doubles(2, 1, 'i32', (ctx, [a, b], [e]) => soft.compare64(a!, b!, e !== 0, ctx)),
  f64_maxnum: doubles(2, 1, 'i64', (ctx, [a, b], [min]) => soft.maxNum64(a!, b!, min !== 0, ctx)),
  f64_to_fixed: doubles(1, 2, 'i32', (ctx, [a], [f, n]) => soft.toFixed64(a!, width(f!), n!, unsigned(f!), rounding(ctx, f!), ctx)),
  f64_rint: doubles(1, 1, 'i64', (ctx, [a], [f]) => soft.roundInt64(a!, rounding(ctx, f!), (f! & 1) !== 0, ctx)),
  f64_to_f32: doubles(1, 0, 'i32', (ctx, [a]) => soft.doubleToSingle(a!, ctx)),
  f64_to_half: doubles(1, 0, 'i32', (ctx, [a]) => soft.doubleToHalf(a!, ctx)),
};
