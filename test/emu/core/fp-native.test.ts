/**
 * FP instructions compute natively where that gives the same result and the same FPSCR as soft float. Both are compared over operands whose
 * results lie at the edges of that rule: ties, the smallest normal number, overflow, exact zeros, integers at the ends of their range.
 */
import { describe, test } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import * as soft from '../../../src/emu/core/float/softfloat.ts';
import { BareCore } from './bare-core.ts';
import { Random } from './random-cases.ts';
import { CODE, PC } from './unicorn.ts';
import { seedByTurn } from '../../turn.ts';

const CASES = Number(process.env['BOOTBENCH_CASES'] ?? 4000);
/** IXC set, nearest: the state in which native arithmetic is allowed; and its neighbours. */
const STATES = [0x10, 0x10, 0x10, 0, 0x01000010, 0x02000010, 0x00400010, 0x00c00010, 0x9f];

const core = new BareCore(PROFILES.m7);
const halves = new Uint16Array(core.code.buffer, core.code.byteOffset, 8);
/** Runs one instruction on S0…S5 (D0…D2) and gives S6, S7 and FPSCR. */
function run(bits: number, registers: readonly number[], fpscr: number): readonly number[] {
  if (halves[0] !== bits >>> 16 || halves[1] !== (bits & 0xffff)) {
    halves[0] = bits >>> 16;
    halves[1] = bits & 0xffff;
    core.flush();
  }
  core.registers.fill(0);
  core.registers[PC] = CODE;
  core.fp.set(registers);
  core.fp[32] = fpscr;
  const why = core.run(1, true);
  if (why !== 0) throw new Error(`0x${bits.toString(16)} ended with ${why}`);
  return [core.fp[6]!, core.fp[7]!, core.fp[32]!];
}

const single = (r: Random): number => {
  const sign = r.below(2) * 0x80000000;
  switch (r.below(7)) {
    case 0:
      return (
        sign +
        r.pick([
          0, 1, 0x7fffff, 0x800000, 0x800001, 0x1000000, 0x3f800000, 0x4effffff, 0x4f000000, 0x4f7fffff, 0x4f800000, 0x7f7fffff, 0x7f800000,
          0x7fc00000, 0x7f800001,
        ])
      );
    // few bits: exact results and ties
    case 1:
    case 2:
      return sign + (120 + r.below(14)) * 0x800000 + (r.below(256) << 15);
    case 3:
      return sign + (100 + r.below(54)) * 0x800000 + r.pick([0, 1, 0x7fffff, 0x400000, 0x3fffff, 0x400001]);
    case 4:
      return sign + r.pick([1, 2, 3, 60, 63, 64, 65, 66, 186, 190, 191, 192, 252, 253, 254]) * 0x800000 + (r.u32() & 0x7fffff);
    case 5:
      return sign + (145 + r.below(16)) * 0x800000 + (r.u32() & 0x7fffff);
    default:
      return r.u32();
  }
};
const double = (r: Random): bigint => {
  const sign = BigInt(r.below(2)) << 63n;
  const noise = (BigInt(r.u32() & 0xfffff) << 32n) | BigInt(r.u32());
  switch (r.below(6)) {
    case 0:
      return (
        sign |
        r.pick([
          0n,
          1n,
          0x0010000000000000n,
          0x000fffffffffffffn,
          0x3ff0000000000000n,
          0x41dfffffffc00000n,
          0x41e0000000000000n,
          0x41efffffffe00000n,
          0x41f0000000000000n,
          0x7fefffffffffffffn,
          0x7ff0000000000000n,
          0x7ff8000000000000n,
          0x7ff0000000000001n,
        ])
      );
    case 1:
      return sign | (BigInt(1016 + r.below(14)) << 52n) | (BigInt(r.below(256)) << 44n);
    // at the ends of single precision, with a tie below its last bit
    case 2:
      return (
        sign |
        (BigInt(r.pick([872, 873, 896, 897, 898, 1149, 1150, 1151])) << 52n) |
        ((noise & ~0x1fffffffn) | r.pick([0n, 0x10000000n, 0x0fffffffn, 0x10000001n]))
      );
    case 3:
      return sign | (BigInt(r.pick([1, 2, 3, 510, 511, 512, 1530, 1534, 2044, 2045, 2046])) << 52n) | noise;
    case 4:
      return sign | (BigInt(1023 + r.below(34)) << 52n) | noise;
    default:
      return (noise << 12n) ^ BigInt(r.u32());
  }
};
/** z + x * y where the sum lies on or next to the middle between two singles. */
const tieOperands = (r: Random): [number, number, number] => {
  const x = 127 * 0x800000 + (r.u32() & 0x7fffff);
  const y = r.pick([0x3fc00000, 0x3f800001, 0x3fc00001, 0x40400000]);
  const z = r.below(2) * 0x80000000 + r.pick([127 - 24, 127 - 25, 127 - 60, 127 - 100, 102, 1]) * 0x800000 + r.pick([0, 1, 0x400000]);
  return [z, x, y];
};

/** Tiny before rounding, the smallest normal number after it: S0, S2, S6 and D0, D1. */
const tinySingles = (r: Random): [number, number, number] => {
  const [x, y, z] = r.pick([
    [0x00ffffff, 0x3f000000, 0],
    [0x00ffffff, 0x40000000, 0],
    [0x1f800000, 0x9f7fffff, 0x00800000],
    [0x00800001, 0x3f7ffffe, 0],
  ] as const);
  return r.below(2) ? [x, y, z] : ([x ^ 0x80000000, y, z ^ 0x80000000].map((v) => v >>> 0) as [number, number, number]);
};
const tinyDoubles = (r: Random): [bigint, bigint] =>
  r.pick<[bigint, bigint]>([
    [0x001fffffffffffffn, 0x3fe0000000000000n],
    [0x801fffffffffffffn, 0x4000000000000000n],
    [0x380ffffff0000000n, 0n],
    [0x380fffffffffffffn, 0n],
    [0xb80ffffff0000001n, 0n],
  ]);

type Soft32 = (ctx: soft.FpContext, s: readonly number[]) => number;
type Soft64 = (ctx: soft.FpContext, d: readonly bigint[], s: readonly number[]) => bigint;
const SINGLE: readonly [string, number, Soft32][] = [
  ['VADD.F32 S6, S0, S2', 0xee303a01, (c, s) => soft.add32(s[0]!, s[2]!, c)],
  ['VSUB.F32 S6, S0, S2', 0xee303a41, (c, s) => soft.sub32(s[0]!, s[2]!, c)],
  ['VMUL.F32 S6, S0, S2', 0xee203a01, (c, s) => soft.mul32(s[0]!, s[2]!, c)],
  ['VDIV.F32 S6, S0, S2', 0xee803a01, (c, s) => soft.div32(s[0]!, s[2]!, c)],
  ['VSQRT.F32 S6, S0', 0xeeb13ac0, (c, s) => soft.sqrt32(s[0]!, c)],
  ['VFMA.F32 S6, S0, S2', 0xeea03a01, (c, s) => soft.fma32(s[6]!, s[0]!, s[2]!, c)],
  ['VCVT.S32.F32 S6, S0', 0xeebd3ac0, (c, s) => soft.toFixed32(s[0]!, 32, 0, false, 3, c)],
  ['VCVT.U32.F32 S6, S0', 0xeebc3ac0, (c, s) => soft.toFixed32(s[0]!, 32, 0, true, 3, c)],
  ['VCVT.F32.S32 S6, S0', 0xeeb83ac0, (c, s) => soft.fromFixed32(s[0]!, 32, 0, false, c.rounding, c)],
  ['VCVT.F32.U32 S6, S0', 0xeeb83a40, (c, s) => soft.fromFixed32(s[0]!, 32, 0, true, c.rounding, c)],
];
const DOUBLE: readonly [string, number, Soft64][] = [
  ['VADD.F64 D3, D0, D1', 0xee303b01, (c, d) => soft.add64(d[0]!, d[1]!, c)],
  ['VSUB.F64 D3, D0, D1', 0xee303b41, (c, d) => soft.sub64(d[0]!, d[1]!, c)],
  ['VMUL.F64 D3, D0, D1', 0xee203b01, (c, d) => soft.mul64(d[0]!, d[1]!, c)],
  ['VDIV.F64 D3, D0, D1', 0xee803b01, (c, d) => soft.div64(d[0]!, d[1]!, c)],
  ['VSQRT.F64 D3, D0', 0xeeb13bc0, (c, d) => soft.sqrt64(d[0]!, c)],
  ['VCVT.F64.F32 D3, S0', 0xeeb73ac0, (c, _d, s) => soft.singleToDouble(s[0]!, c)],
  ['VCVT.F64.S32 D3, S0', 0xeeb83bc0, (_c, _d, s) => soft.fromFixed64(s[0]!, 32, 0, false)],
];
const NARROWING: readonly [string, number, (ctx: soft.FpContext, d: readonly bigint[]) => number][] = [
  ['VCVT.F32.F64 S6, D0', 0xeeb73bc0, (c, d) => soft.doubleToSingle(d[0]!, c)],
  ['VCVT.S32.F64 S6, D0', 0xeebd3bc0, (c, d) => soft.toFixed64(d[0]!, 32, 0, false, 3, c)],
  ['VCVT.U32.F64 S6, D0', 0xeebc3bc0, (c, d) => soft.toFixed64(d[0]!, 32, 0, true, 3, c)],
];
const split = (d: readonly bigint[]): number[] => d.flatMap((x) => [Number(x & 0xffffffffn), Number(x >> 32n)]);
const hex = (n: number | bigint): string => `0x${n.toString(16)}`;

describe('native and soft floating point agree in result and FPSCR', () => {
  for (const [name, bits, model] of SINGLE)
    test(name, () => {
      const r = new Random(seedByTurn(bits, 4));
      for (let i = 0; i < CASES; i++) {
        const s = Array.from({ length: 8 }, () => single(r));
        if (r.below(16) === 0) [s[0], s[2], s[6]] = tinySingles(r);
        else if (name.startsWith('VFMA') && r.below(2)) [s[6], s[0], s[2]] = tieOperands(r);
        const fpscr = r.pick(STATES);
        const ctx = soft.newContext(fpscr);
        const expected = model(ctx, s) >>> 0;
        const [low, , after] = run(bits, s, fpscr);
        if (low !== expected || after !== (fpscr | ctx.flags) >>> 0)
          throw new Error(
            `${name} ${s.map(hex).join()} FPSCR ${hex(fpscr)}: ${hex(low!)} ${hex(after!)}, soft ${hex(expected)} ${hex(ctx.flags)}`,
          );
      }
    });
  for (const [name, bits, model] of [...DOUBLE, ...NARROWING])
    test(name, () => {
      const r = new Random(seedByTurn(bits, 4));
      for (let i = 0; i < CASES; i++) {
        const d = Array.from({ length: 4 }, () => double(r));
        if (r.below(16) === 0) [d[0], d[1]] = tinyDoubles(r);
        const s = split(d);
        if (name.includes('S0')) s[0] = single(r);
        const fpscr = r.pick(STATES);
        const ctx = soft.newContext(fpscr);
        const result = model(ctx, d, s);
        const expected = typeof result === 'bigint' ? split([result]) : [result >>> 0, s[7]!];
        const [low, high, after] = run(bits, s, fpscr);
        if (low !== expected[0] || high !== expected[1] || after !== (fpscr | ctx.flags) >>> 0)
          throw new Error(
            `${name} ${d.map(hex).join()} FPSCR ${hex(fpscr)}: ${hex(high!)}:${hex(low!)} ${hex(after!)}, soft ${expected.map(hex).join()} ${hex(ctx.flags)}`,
          );
      }
    });
});
