/**
 * Soft float against two independent oracles: the host's arithmetic (nearest, no flags) and a model on exact rationals that knows nothing but
 * the definition of rounding (all modes, flush-to-zero, flags). What is not arithmetic (NaNs, infinities, zeros) stands as single facts.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as soft from '../../../src/emu/core/float/softfloat.ts';

const RUNS = Number(process.env['BOOTBENCH_RUNS'] ?? 1500);
const SEED = 533;
const { FLAG, ROUND } = soft;

// ---- exact model ---------------------------------------------------------------------------------------------------------------------
interface Format {
  readonly bits: number;
  readonly precision: number;
  readonly emin: number;
}
const F16: Format = { bits: 16, precision: 11, emin: -14 };
const F32: Format = { bits: 32, precision: 24, emin: -126 };
const F64: Format = { bits: 64, precision: 53, emin: -1022 };
/** n / d, d > 0. */
interface Ratio {
  readonly n: bigint;
  readonly d: bigint;
}
const ratio = (n: bigint, e: number): Ratio => (e >= 0 ? { n: n << BigInt(e), d: 1n } : { n, d: 1n << BigInt(-e) });
const abs = (n: bigint): bigint => (n < 0n ? -n : n);
const plus = (a: Ratio, b: Ratio): Ratio => ({ n: a.n * b.d + b.n * a.d, d: a.d * b.d });
const times = (a: Ratio, b: Ratio): Ratio => ({ n: a.n * b.n, d: a.d * b.d });
const over = (a: Ratio, b: Ratio): Ratio => (b.n < 0n ? { n: -a.n * b.d, d: a.d * -b.n } : { n: a.n * b.d, d: a.d * b.n });
const negated = (a: Ratio): Ratio => ({ n: -a.n, d: a.d });

const fractionBits = (f: Format): number => f.precision - 1;
const exponentOf = (f: Format, x: bigint): number => Number((x >> BigInt(fractionBits(f))) & ((1n << BigInt(f.bits - f.precision)) - 1n));
const fractionOf = (f: Format, x: bigint): bigint => x & ((1n << BigInt(fractionBits(f))) - 1n);
const negative = (f: Format, x: bigint): boolean => x >> BigInt(f.bits - 1) === 1n;
const allOnes = (f: Format): number => 2 ** (f.bits - f.precision) - 1;
const finite = (f: Format, x: bigint): boolean => exponentOf(f, x) !== allOnes(f);
const denormal = (f: Format, x: bigint): boolean => exponentOf(f, x) === 0 && fractionOf(f, x) !== 0n;
function exact(f: Format, x: bigint): Ratio {
  const e = exponentOf(f, x);
  const size =
    e === 0
      ? ratio(fractionOf(f, x), f.emin - fractionBits(f))
      : ratio(fractionOf(f, x) | (1n << BigInt(fractionBits(f))), f.emin - fractionBits(f) + e - 1);
  return negative(f, x) ? negated(size) : size;
}
/** A positive real number that can only be compared with rationals. */
type Real = (r: Ratio) => -1 | 0 | 1;
const sign = (n: bigint): -1 | 0 | 1 => (n < 0n ? -1 : n > 0n ? 1 : 0);
/** Compares the value with r: -1 = the value is smaller. */
const rational =
  (v: Ratio): Real =>
  (r) =>
    sign(v.n * r.d - r.n * v.d);
const rootOf =
  (v: Ratio): Real =>
  (r) =>
    sign(v.n * r.d * r.d - r.n * r.n * v.d);

interface Result {
  readonly bits: bigint;
  readonly flags: number;
}
/** Rounds ±value: picks the two neighbours in the format by bisection over its bit patterns, then one of them. */
function round(f: Format, minus: boolean, value: Real, mode: soft.Rounding, flush: boolean): Result {
  const infinity = BigInt(allOnes(f)) << BigInt(fractionBits(f));
  const signBit = minus ? 1n << BigInt(f.bits - 1) : 0n;
  const tiny = value(ratio(1n, f.emin)) < 0;
  if (tiny && flush && f.bits !== 16) return { bits: signBit, flags: FLAG.UFC };
  // as if the exponent were unbounded upwards by one: the pattern of infinity counts as the next power of two
  const at = (pattern: bigint): Ratio => (pattern === infinity ? ratio(1n, 1 - f.emin + 1) : exact(f, pattern));
  let low = 0n;
  let high = infinity;
  if (value(at(infinity)) >= 0) low = infinity;
  else
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (value(at(middle)) >= 0) low = middle;
      else high = middle;
    }
  if (low !== infinity && value(at(low)) === 0) return { bits: signBit | low, flags: 0 };
  let flags = FLAG.IXC | (tiny ? FLAG.UFC : 0);
  const up = mode === (minus ? ROUND.down : ROUND.up);
  let chosen: bigint;
  if (low === infinity) chosen = infinity;
  else if (mode === ROUND.nearest) {
    const a = at(low);
    const b = at(low + 1n);
    const half = value({ n: a.n * b.d + b.n * a.d, d: 2n * a.d * b.d });
    chosen = half > 0 || (half === 0 && (low & 1n) === 1n) ? low + 1n : low;
  } else chosen = up ? low + 1n : low;
  if (chosen === infinity) {
    flags |= FLAG.OFC;
    if (mode !== ROUND.nearest && !up) chosen = infinity - 1n;
  }
  return { bits: signBit | chosen, flags };
}

const MODES: readonly soft.Rounding[] = [0, 1, 2, 3];
const fpscr = (mode: soft.Rounding, flush: boolean): number => (mode << 22) | (flush ? 1 << 24 : 0);

// ---- operands ------------------------------------------------------------------------------------------------------------------------
const CORNERS32 = [
  0, 1, 0x7fffff, 0x800000, 0x800001, 0xffffff, 0x1000000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x40000000, 0x4b000000, 0x4b800000,
  0x7f7fffff, 0x7f000000,
].flatMap((x) => [x, x + 0x80000000]);
const bits32 = fc.oneof(
  fc.constantFrom(...CORNERS32),
  fc.integer({ min: 0, max: 0xffffffff }),
  // exponents near each other and few bits: ties, cancellation, exact results
  fc
    .tuple(fc.boolean(), fc.integer({ min: 110, max: 145 }), fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 19 }))
    .map(([s, e, m, k]) => (s ? 0x80000000 : 0) + e * 0x800000 + m * 2 ** k),
  fc
    .tuple(fc.boolean(), fc.constantFrom(1, 2, 12, 30, 64, 100, 190, 230, 252, 253, 254), fc.integer({ min: 0, max: 0x7fffff }))
    .map(([s, e, m]) => (s ? 0x80000000 : 0) + e * 0x800000 + m),
);
const finite32 = bits32.filter((x) => (x & 0x7f800000) !== 0x7f800000);
const CORNERS64 = [
  0n,
  1n,
  0xfffffffffffffn,
  0x10000000000000n,
  0x3fefffffffffffffn,
  0x3ff0000000000000n,
  0x3ff0000000000001n,
  0x7fefffffffffffffn,
].flatMap((x) => [x, x | (1n << 63n)]);
const bits64 = fc.oneof(
  fc.constantFrom(...CORNERS64),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc
    .tuple(fc.boolean(), fc.integer({ min: 970, max: 1075 }), fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 48 }))
    .map(([s, e, m, k]) => (s ? 1n << 63n : 0n) + (BigInt(e) << 52n) + (BigInt(m) << BigInt(k))),
  fc
    .tuple(
      fc.boolean(),
      fc.constantFrom(1, 2, 30, 53, 511, 512, 960, 1500, 1990, 2045, 2046),
      fc.bigInt({ min: 0n, max: 0xfffffffffffffn }),
    )
    .map(([s, e, m]) => (s ? 1n << 63n : 0n) + (BigInt(e) << 52n) + m),
);
const finite64 = bits64.filter((x) => finite(F64, x));
const mode = fc.constantFrom(...MODES);

const check = <T extends unknown[]>(arbitrary: fc.Arbitrary<T>, predicate: (...args: T) => void, runs = RUNS): void =>
  fc.assert(
    fc.property(arbitrary, (args) => predicate(...args)),
    { numRuns: runs, seed: SEED },
  );

/** Runs the code under test and the model; zero results are the model's to decline. */
function same(f: Format, mine: number | bigint, ctx: soft.FpContext, expected: Result, inputFlags: number): void {
  expect([BigInt.asUintN(f.bits, BigInt(mine)).toString(16), ctx.flags]).toEqual([expected.bits.toString(16), expected.flags | inputFlags]);
}
function operands(f: Format, flush: boolean, raw: readonly bigint[]): { readonly values: readonly Ratio[]; readonly flags: number } {
  const flushed = flush && raw.some((x) => denormal(f, x));
  return { values: raw.map((x) => (flush && denormal(f, x) ? { n: 0n, d: 1n } : exact(f, x))), flags: flushed ? FLAG.IDC : 0 };
}
const roundRatio = (f: Format, v: Ratio, m: soft.Rounding, flush: boolean): Result =>
  round(f, v.n < 0n, rational({ n: abs(v.n), d: v.d }), m, flush);

// ---- arithmetic ------------------------------------------------------------------------------------------------------------------------
interface Unit {
  readonly name: string;
  readonly format: Format;
  readonly operand: fc.Arbitrary<bigint>;
  readonly add: (x: bigint, y: bigint, c: soft.FpContext) => bigint;
  readonly sub: (x: bigint, y: bigint, c: soft.FpContext) => bigint;
  readonly mul: (x: bigint, y: bigint, c: soft.FpContext) => bigint;
  readonly div: (x: bigint, y: bigint, c: soft.FpContext) => bigint;
  readonly sqrt: (x: bigint, c: soft.FpContext) => bigint;
  readonly fma: (z: bigint, x: bigint, y: bigint, c: soft.FpContext) => bigint;
}
const narrow2 =
  (f: (x: number, y: number, c: soft.FpContext) => number) =>
  (x: bigint, y: bigint, c: soft.FpContext): bigint =>
    BigInt.asUintN(32, BigInt(f(Number(x), Number(y), c)));
const UNITS: readonly Unit[] = [
  {
    name: 'single',
    format: F32,
    operand: finite32.map(BigInt),
    add: narrow2(soft.add32),
    sub: narrow2(soft.sub32),
    mul: narrow2(soft.mul32),
    div: narrow2(soft.div32),
    sqrt: (x, c) => BigInt.asUintN(32, BigInt(soft.sqrt32(Number(x), c))),
    fma: (z, x, y, c) => BigInt.asUintN(32, BigInt(soft.fma32(Number(z), Number(x), Number(y), c))),
  },
  {
    name: 'double',
    format: F64,
    operand: finite64,
    add: soft.add64,
    sub: soft.sub64,
    mul: soft.mul64,
    div: soft.div64,
    sqrt: soft.sqrt64,
    fma: soft.fma64,
  },
];

describe('results are the exact value, rounded once, with the flags of that rounding', () => {
  for (const u of UNITS) {
    const f = u.format;
    const binary = (run: (x: bigint, y: bigint, c: soft.FpContext) => bigint, model: (x: Ratio, y: Ratio) => Ratio | null) => (): void =>
      check(fc.tuple(u.operand, u.operand, mode, fc.boolean()), (x, y, m, flush) => {
        const ctx = soft.newContext(fpscr(m, flush));
        const { values, flags } = operands(f, flush, [x, y]);
        const v = model(values[0]!, values[1]!);
        if (v === null || v.n === 0n) return;
        same(f, run(x, y, ctx), ctx, roundRatio(f, v, m, flush), flags);
      });
    test(`${u.name}: sum`, binary(u.add, plus));
    test(
      `${u.name}: difference`,
      binary(u.sub, (x, y) => plus(x, negated(y))),
    );
    test(`${u.name}: product`, binary(u.mul, times));
    test(
      `${u.name}: quotient`,
      binary(u.div, (x, y) => (y.n === 0n ? null : over(x, y))),
    );
    test(`${u.name}: fused multiply-add`, () => {
      check(fc.tuple(u.operand, u.operand, u.operand, mode, fc.boolean()), (z, x, y, m, flush) => {
        const ctx = soft.newContext(fpscr(m, flush));
        const { values, flags } = operands(f, flush, [z, x, y]);
        const v = plus(values[0]!, times(values[1]!, values[2]!));
        if (v.n !== 0n) same(f, u.fma(z, x, y, ctx), ctx, roundRatio(f, v, m, flush), flags);
      });
    });
    test(`${u.name}: fused multiply-add where the addend nearly cancels the product`, () => {
      check(fc.tuple(u.operand, u.operand, fc.integer({ min: -2, max: 2 }), mode), (x, y, step, m) => {
        const product = u.mul(x, y, soft.newContext());
        if (!finite(f, product)) return;
        const z = BigInt.asUintN(f.bits, (product ^ (1n << BigInt(f.bits - 1))) + BigInt(step));
        if (!finite(f, z)) return;
        const v = plus(exact(f, z), times(exact(f, x), exact(f, y)));
        const ctx = soft.newContext(fpscr(m, false));
        if (v.n !== 0n) same(f, u.fma(z, x, y, ctx), ctx, roundRatio(f, v, m, false), 0);
      });
    });
    test(`${u.name}: square root`, () => {
      check(fc.tuple(u.operand, mode, fc.boolean()), (x, m, flush) => {
        const ctx = soft.newContext(fpscr(m, flush));
        const { values, flags } = operands(f, flush, [x]);
        if (values[0]!.n <= 0n) return;
        same(f, u.sqrt(x, ctx), ctx, round(f, false, rootOf(values[0]!), m, flush), flags);
      });
    });
    test(`${u.name}: an exact zero sum is -0 only when rounding down or when both are -0`, () => {
      const minus = 1n << BigInt(f.bits - 1);
      check(
        fc.tuple(u.operand, mode),
        (x, m) => {
          const zero = m === ROUND.down ? minus : 0n;
          const magnitude = x & ~minus;
          expect(u.add(x, x ^ minus, soft.newContext(fpscr(m, false)))).toBe(zero);
          expect(u.sub(x, x, soft.newContext(fpscr(m, false)))).toBe(zero);
          expect(u.add(minus, minus, soft.newContext(fpscr(m, false)))).toBe(minus);
          // 1 * x - x
          const one = f === F32 ? 0x3f800000n : 0x3ff0000000000000n;
          expect(u.fma(magnitude | minus, one, magnitude, soft.newContext(fpscr(m, false)))).toBe(zero);
        },
        200,
      );
    });
  }
});

describe('nearest, without flags: the host computes the same', () => {
  const view = new DataView(new ArrayBuffer(8));
  const number32 = (x: number): number => (view.setUint32(0, x), view.getFloat32(0));
  const number64 = (x: bigint): number => (view.setBigUint64(0, x), view.getFloat64(0));
  const of32 = (v: number): number => (view.setFloat32(0, v), view.getUint32(0));
  const of64 = (v: number): bigint => (view.setFloat64(0, v), view.getBigUint64(0));
  const nan32 = (x: number): boolean => (x & 0x7fffffff) > 0x7f800000;
  const pairs: [
    string,
    (x: number, y: number, c: soft.FpContext) => number,
    (x: bigint, y: bigint, c: soft.FpContext) => bigint,
    (a: number, b: number) => number,
  ][] = [
    ['add', soft.add32, soft.add64, (a, b) => a + b],
    ['sub', soft.sub32, soft.sub64, (a, b) => a - b],
    ['mul', soft.mul32, soft.mul64, (a, b) => a * b],
    ['div', soft.div32, soft.div64, (a, b) => a / b],
  ];
  for (const [name, single, double, host] of pairs) {
    test(`${name}, infinities and denormals included`, () => {
      check(fc.tuple(bits32, bits32), (x, y) => {
        const r = single(x, y, soft.newContext()) >>> 0;
        const v = Math.fround(host(number32(x), number32(y)));
        if (Number.isNaN(v)) expect(nan32(r)).toBe(true);
        else expect(r).toBe(of32(v));
      });
      check(fc.tuple(bits64, bits64), (x, y) => {
        const r = double(x, y, soft.newContext());
        const v = host(number64(x), number64(y));
        if (Number.isNaN(v)) expect(Number.isNaN(number64(r))).toBe(true);
        else expect(r).toBe(of64(v));
      });
    });
  }
  test('square root', () => {
    check(fc.tuple(finite32), (x) => {
      const v = Math.fround(Math.sqrt(number32(x)));
      if (!Number.isNaN(v)) expect(soft.sqrt32(x, soft.newContext()) >>> 0).toBe(of32(v));
    });
    check(fc.tuple(finite64), (x) => {
      const v = Math.sqrt(number64(x));
      if (!Number.isNaN(v)) expect(soft.sqrt64(x, soft.newContext())).toBe(of64(v));
    });
  });
});

describe('conversions', () => {
  test('double to single and to half, single to half: one rounding; flush-to-zero leaves half results alone', () => {
    check(fc.tuple(finite64, mode, fc.boolean()), (x, m, flush) => {
      const { values, flags } = operands(F64, flush, [x]);
      if (values[0]!.n === 0n) return;
      const ctx = soft.newContext(fpscr(m, flush));
      same(F32, soft.doubleToSingle(x, ctx), ctx, roundRatio(F32, values[0]!, m, flush), flags);
      const ctx2 = soft.newContext(fpscr(m, flush));
      same(F16, soft.doubleToHalf(x, ctx2), ctx2, roundRatio(F16, values[0]!, m, flush), flags);
    });
    check(fc.tuple(finite32.map(BigInt), mode, fc.boolean()), (x, m, flush) => {
      const { values, flags } = operands(F32, flush, [x]);
      if (values[0]!.n === 0n) return;
      const ctx = soft.newContext(fpscr(m, flush));
      same(F16, soft.singleToHalf(Number(x), ctx), ctx, roundRatio(F16, values[0]!, m, flush), flags);
    });
  });
  test('every half goes to single and double and back unchanged, in both half formats', () => {
    for (const ahp of [0, 1 << 26])
      for (let h = 0; h < 0x10000; h++) {
        // signalling NaNs become quiet
        if (!ahp && (h & 0x7c00) === 0x7c00 && (h & 0x3ff) !== 0 && (h & 0x200) === 0) continue;
        const ctx = soft.newContext(ahp);
        const there = soft.halfToSingle(h, ctx);
        if (soft.singleToHalf(there, ctx) !== h || soft.doubleToHalf(soft.halfToDouble(h, ctx), ctx) !== h || ctx.flags !== 0)
          throw new Error(`half 0x${h.toString(16)}, AHP ${ahp ? 1 : 0}`);
      }
  });
  test('alternative half: no infinity and no NaN; too large is 0x7FFF with IOC, NaN is zero with IOC', () => {
    const ctx = soft.newContext(1 << 26);
    expect([soft.singleToHalf(0x48000000, ctx), ctx.flags]).toEqual([0x7fff, FLAG.IOC]);
    ctx.flags = 0;
    expect([soft.singleToHalf(0x47ffe000, ctx), ctx.flags]).toEqual([0x7fff, 0]);
    expect([soft.singleToHalf(0xff800000, ctx), ctx.flags]).toEqual([0xffff, FLAG.IOC]);
    expect([soft.singleToHalf(0xffc00000, ctx), ctx.flags]).toEqual([0x8000, FLAG.IOC]);
  });
  test('to fixed point: the scaled value rounded to an integer, saturated with IOC, else IXC when inexact', () => {
    check(
      fc.tuple(
        fc.oneof(
          finite32.map((x) => [F32, BigInt(x)] as const),
          finite64.map((x) => [F64, x] as const),
        ),
        fc.constantFrom<16 | 32>(16, 32),
        fc.boolean(),
        fc.integer({ min: 0, max: 32 }),
        fc.constantFrom<soft.Rounding>(0, 1, 2, 3, 4),
      ),
      ([f, x], width, unsigned, fraction, m) => {
        const v = times(exact(f, x), ratio(1n, fraction));
        const below = v.n >= 0n ? v.n / v.d : -((-v.n + v.d - 1n) / v.d);
        const twice = sign(2n * (v.n - below * v.d) - v.d);
        const inexact = v.n !== below * v.d;
        const up =
          inexact &&
          (m === ROUND.up ||
            (m === ROUND.zero && v.n < 0n) ||
            (m === ROUND.nearest && (twice > 0 || (twice === 0 && (below & 1n) === 1n))) ||
            (m === ROUND.away && (twice > 0 || (twice === 0 && v.n > 0n))));
        const n = up ? below + 1n : below;
        const low = unsigned ? 0n : -(1n << BigInt(width - 1));
        const high = (1n << BigInt(unsigned ? width : width - 1)) - 1n;
        const expected = n < low ? [low, FLAG.IOC] : n > high ? [high, FLAG.IOC] : [n, inexact ? FLAG.IXC : 0];
        const ctx = soft.newContext();
        const mine =
          f === F32 ? soft.toFixed32(Number(x), width, fraction, unsigned, m, ctx) : soft.toFixed64(x, width, fraction, unsigned, m, ctx);
        expect([BigInt.asIntN(32, BigInt(mine)), ctx.flags]).toEqual([BigInt.asIntN(32, expected[0] as bigint), expected[1]]);
      },
      3 * RUNS,
    );
  });
  test('from fixed point: exact in double, rounded once in single', () => {
    check(
      fc.tuple(
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.constantFrom<16 | 32>(16, 32),
        fc.boolean(),
        fc.integer({ min: 0, max: 32 }),
        mode,
      ),
      (word, width, unsigned, fraction, m) => {
        const n = unsigned ? BigInt.asUintN(width, BigInt(word)) : BigInt.asIntN(width, BigInt(word));
        if (n === 0n) return;
        const v = times({ n, d: 1n }, ratio(1n, -fraction));
        const ctx = soft.newContext(fpscr(m, false));
        same(F32, soft.fromFixed32(word, width, fraction, unsigned, m, ctx), ctx, roundRatio(F32, v, m, false), 0);
        expect(soft.fromFixed64(word, width, fraction, unsigned)).toBe(roundRatio(F64, v, 0, false).bits);
      },
    );
    expect(soft.fromFixed32(0, 32, 0, false, ROUND.down, soft.newContext(fpscr(ROUND.down, false)))).toBe(0);
  });
  test('rounding to an integral value keeps the sign of a zero; only the exact form raises IXC', () => {
    for (const [x, m, r] of [
      [0xbf000000, ROUND.nearest, 0x80000000],
      [0xbf000000, ROUND.away, 0xbf800000],
      [0x3f000000, ROUND.up, 0x3f800000],
      [0xbf7fffff, ROUND.up, 0x80000000],
      [0x3fc00000, ROUND.nearest, 0x40000000],
      [0x40200000, ROUND.nearest, 0x40000000],
      [0x40200000, ROUND.away, 0x40400000],
      [0x4b000001, ROUND.up, 0x4b000001],
    ] as const) {
      const ctx = soft.newContext();
      expect(soft.roundInt32(x, m, false, ctx) >>> 0).toBe(r);
      expect(ctx.flags).toBe(0);
      soft.roundInt32(x, m, true, ctx);
      expect(ctx.flags).toBe(r === x ? 0 : FLAG.IXC);
    }
  });
});

describe('NaNs, infinities, division by zero', () => {
  const Q1 = 0x7fc00001;
  const Q2 = 0xffc00002;
  const S1 = 0x7f800003;
  const S2 = 0xff800004;
  const quiet = (x: number): number => (x | 0x400000) >>> 0;
  const run = (f: (c: soft.FpContext) => number, word = 0): [number, number] => {
    const ctx = soft.newContext(word);
    return [f(ctx) >>> 0, ctx.flags];
  };
  test('the first signalling operand wins, then the first quiet one; signalling raises IOC', () => {
    expect(run((c) => soft.add32(Q1, Q2, c))).toEqual([Q1, 0]);
    expect(run((c) => soft.add32(Q1, S2, c))).toEqual([quiet(S2), FLAG.IOC]);
    expect(run((c) => soft.mul32(S1, S2, c))).toEqual([quiet(S1), FLAG.IOC]);
    expect(run((c) => soft.sub32(0, Q2, c))).toEqual([Q2, 0]);
  });
  test('in a fused multiply-add the addend comes first', () => {
    expect(run((c) => soft.fma32(Q1, Q2, 0, c))).toEqual([Q1, 0]);
    expect(run((c) => soft.fma32(Q1, 0, S2, c))).toEqual([quiet(S2), FLAG.IOC]);
    expect(run((c) => soft.fma32(S1, S2, 0, c))).toEqual([quiet(S1), FLAG.IOC]);
  });
  test('infinity times zero is invalid even if the addend is a quiet NaN, but not if it is a signalling one', () => {
    expect(run((c) => soft.fma32(Q1, 0x7f800000, 0, c))).toEqual([0x7fc00000, FLAG.IOC]);
    expect(run((c) => soft.fma32(S1, 0x7f800000, 0, c))).toEqual([quiet(S1), FLAG.IOC]);
    const c = soft.newContext();
    expect(soft.fma64(0x7ff8000000000001n, 0n, 0x7ff0000000000000n, c)).toBe(0x7ff8000000000000n);
    expect(c.flags).toBe(FLAG.IOC);
  });
  test('FPSCR.DN replaces every NaN result by the default NaN', () => {
    expect(run((c) => soft.add32(Q2, 0, c), 1 << 25)).toEqual([0x7fc00000, 0]);
    expect(run((c) => soft.sqrt32(S2, c), 1 << 25)).toEqual([0x7fc00000, FLAG.IOC]);
  });
  test('invalid operations and division by zero', () => {
    const INF = 0x7f800000;
    for (const f of [
      (c: soft.FpContext) => soft.sub32(INF, INF, c),
      (c: soft.FpContext) => soft.mul32(0, INF, c),
      (c: soft.FpContext) => soft.div32(0, 0, c),
      (c: soft.FpContext) => soft.div32(INF, INF, c),
      (c: soft.FpContext) => soft.sqrt32(0xbf800000, c),
      (c: soft.FpContext) => soft.fma32(0xff800000, INF, 0x3f800000, c),
    ])
      expect(run(f)).toEqual([0x7fc00000, FLAG.IOC]);
    expect(run((c) => soft.div32(0x3f800000, 0x80000000, c))).toEqual([0xff800000, FLAG.DZC]);
    expect(run((c) => soft.div32(INF, 0, c))).toEqual([INF, 0]);
    expect(run((c) => soft.sqrt32(0x80000000, c))).toEqual([0x80000000, 0]);
  });
  test('compare: quiet NaNs are unordered, with IOC only for VCMPE', () => {
    expect(run((c) => soft.compare32(Q1, 0, false, c))).toEqual([0x30000000, 0]);
    expect(run((c) => soft.compare32(Q1, 0, true, c))).toEqual([0x30000000, FLAG.IOC]);
    expect(run((c) => soft.compare32(0, S1, false, c))).toEqual([0x30000000, FLAG.IOC]);
    expect(run((c) => soft.compare32(0x80000000, 0, true, c))).toEqual([0x60000000, 0]);
    expect(run((c) => soft.compare32(1, 0, true, c), 1 << 24)).toEqual([0x60000000, FLAG.IDC]);
  });
  test('maximum and minimum: a number wins over a quiet NaN, +0 is above -0', () => {
    expect(run((c) => soft.maxNum32(Q1, 0xbf800000, false, c))).toEqual([0xbf800000, 0]);
    expect(run((c) => soft.maxNum32(S1, 0xbf800000, false, c))).toEqual([quiet(S1), FLAG.IOC]);
    expect(run((c) => soft.maxNum32(0x80000000, 0, false, c))).toEqual([0, 0]);
    expect(run((c) => soft.maxNum32(0, 0x80000000, true, c))).toEqual([0x80000000, 0]);
  });
  test('a NaN keeps the top of its payload between single and double, and becomes quiet', () => {
    const ctx = soft.newContext();
    expect(soft.singleToDouble(S2, ctx)).toBe(0xfff8000080000000n);
    expect(ctx.flags).toBe(FLAG.IOC);
    expect(soft.doubleToSingle(0xfff8000080000000n, soft.newContext()) >>> 0).toBe(quiet(S2));
  });
});
