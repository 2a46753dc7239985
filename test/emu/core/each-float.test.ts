/**
 * Floating-point operations in software with operands of every kind and every FPSCR, and moves to and from special registers from any mode, beside what they came to before
 * (each-float/*.txt): how often which flags were raised, or how often something changed, and a hash of all results. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { it } from 'vitest';
import * as soft from '../../../src/emu/core/float/softfloat.ts';
import { readSpecial, testTarget, writeSpecial } from '../../../src/emu/core/arm/system-ops.ts';
import { setControl } from '../../../src/emu/core/arm/special.ts';
import { SCS } from '../../../src/emu/core/arm/scs-state.ts';
import { S } from '../../../src/emu/core/state.ts';
import { started, type CoreName } from './bare-machine.ts';
import { expectAsBefore } from './golden-file.ts';
import { randomFp } from './fp-cases.ts';
import { Random } from './random-cases.ts';

const CASES = 700;
type Context = soft.FpContext;
type Rounding = soft.Rounding;
interface Operands {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly dx: bigint;
  readonly dy: bigint;
  readonly dz: bigint;
  readonly n: number;
}
const width = (n: number): 16 | 32 => (n & 1 ? 16 : 32);
const fraction = (n: number): number => (n >>> 1) % (width(n) + 1);
const rounding = (n: number): Rounding => ((n >>> 8) % 5) as Rounding;
const bit = (n: number, at: number): boolean => ((n >>> at) & 1) !== 0;

const OPERATIONS: Readonly<Record<string, (o: Operands, c: Context) => number | bigint>> = {
  add32: ({ x, y }, c) => soft.add32(x, y, c),
  sub32: ({ x, y }, c) => soft.sub32(x, y, c),
  mul32: ({ x, y }, c) => soft.mul32(x, y, c),
  div32: ({ x, y }, c) => soft.div32(x, y, c),
  sqrt32: ({ x }, c) => soft.sqrt32(x, c),
  fma32: ({ x, y, z }, c) => soft.fma32(z, x, y, c),
  compare32: ({ x, y, n }, c) => soft.compare32(x, y, bit(n, 0), c),
  maxNum32: ({ x, y, n }, c) => soft.maxNum32(x, y, bit(n, 0), c),
  add64: ({ dx, dy }, c) => soft.add64(dx, dy, c),
  sub64: ({ dx, dy }, c) => soft.sub64(dx, dy, c),
  mul64: ({ dx, dy }, c) => soft.mul64(dx, dy, c),
  div64: ({ dx, dy }, c) => soft.div64(dx, dy, c),
  sqrt64: ({ dx }, c) => soft.sqrt64(dx, c),
  fma64: ({ dx, dy, dz }, c) => soft.fma64(dz, dx, dy, c),
  compare64: ({ dx, dy, n }, c) => soft.compare64(dx, dy, bit(n, 0), c),
  maxNum64: ({ dx, dy, n }, c) => soft.maxNum64(dx, dy, bit(n, 0), c),
  toFixed32: ({ x, n }, c) => soft.toFixed32(x, width(n), fraction(n), bit(n, 7), rounding(n), c),
  toFixed64: ({ dx, n }, c) => soft.toFixed64(dx, width(n), fraction(n), bit(n, 7), rounding(n), c),
  fromFixed32: ({ x, n }, c) => soft.fromFixed32(x, width(n), fraction(n), bit(n, 7), rounding(n), c),
  fromFixed64: ({ x, n }) => soft.fromFixed64(x, width(n), fraction(n), bit(n, 7)),
  roundInt32: ({ x, n }, c) => soft.roundInt32(x, rounding(n), bit(n, 7), c),
  roundInt64: ({ dx, n }, c) => soft.roundInt64(dx, rounding(n), bit(n, 7), c),
  singleToDouble: ({ x }, c) => soft.singleToDouble(x, c),
  doubleToSingle: ({ dx }, c) => soft.doubleToSingle(dx, c),
  singleToHalf: ({ x }, c) => soft.singleToHalf(x, c),
  doubleToHalf: ({ dx }, c) => soft.doubleToHalf(dx, c),
  halfToSingle: ({ n }, c) => soft.halfToSingle(n & 0xffff, c),
  halfToDouble: ({ n }, c) => soft.halfToDouble(n & 0xffff, c),
};
const FLAGS = Object.entries(soft.FLAG);

class Sum {
  value = 0x811c9dc5;
  add(...words: readonly number[]): void {
    for (const w of words) this.value = Math.imul(this.value ^ w, 0x01000193) ^ (this.value >>> 15);
  }
  get text(): string {
    return (this.value >>> 0).toString(16).padStart(8, '0');
  }
}

function line(name: string, r: Random): string {
  const [singles, doubles] = [new Uint32Array(33), new Uint32Array(33)];
  const raised = new Map<string, number>();
  const sum = new Sum();
  for (let i = 0; i < CASES; i++) {
    randomFp(r, singles, false);
    randomFp(r, doubles, true);
    const words = new BigUint64Array(doubles.buffer, 0, 16);
    const context = soft.newContext(singles[32]! & ~0x9f);
    const result = OPERATIONS[name]!(
      { x: singles[1]!, y: singles[2]!, z: singles[3]!, dx: words[1]!, dy: words[2]!, dz: words[3]!, n: r.u32() },
      context,
    );
    for (const [flag, mask] of FLAGS) if (context.flags & mask) raised.set(flag, (raised.get(flag) ?? 0) + 1);
    const wide = BigInt.asUintN(64, BigInt(result));
    sum.add(context.flags, Number(wide & 0xffff_ffffn), Number(wide >> 32n));
  }
  return `${name}: ${
    [...raised]
      .map(([flag, n]) => `${flag} ${n}`)
      .toSorted()
      .join(', ') || '-'
  }; ${sum.text}`;
}

it('operations in software give what they gave', () => {
  const r = new Random(1215);
  expectAsBefore(
    Object.keys(OPERATIONS).map((name) => line(name, r)),
    new URL('./each-float/operations.txt', import.meta.url),
  );
});

it.each(['m0', 'm0plus', 'm4', 'm33', 'm7'] as const satisfies readonly CoreName[])(
  '%s moves to and from special registers as it did',
  (core) => {
    const { machine, cpu } = started(core);
    const fresh = machine.save();
    const r = new Random(1216);
    const lines = [0, 1, 3, 4, 5, 6, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20, 21, 0x88, 0x89, 0x94].map((sysm) => {
      const sum = new Sum();
      let changed = 0;
      machine.restore(fresh);
      for (let i = 0; i < 60; i++) {
        for (const at of [S.NF, S.ZF, S.CF, S.VF, S.QF, S.GE]) cpu.set(at, r.below(2));
        cpu.set(S.PRIMASK, r.below(2));
        if (core !== 'm0' && core !== 'm0plus') {
          cpu.set(S.FAULTMASK, Number(r.below(6) === 0));
          cpu.set(S.BASEPRI, r.below(2) * 0x40);
        }
        const handler = r.below(3) === 0;
        cpu.set(S.IPSR, handler ? r.pick([2, 3, 15, 20]) : 0);
        cpu.set(SCS.SYS_ACTIVE, handler && cpu.get(S.IPSR) < 16 ? 1 << cpu.get(S.IPSR) : 0);
        setControl(cpu, (handler ? 0 : r.below(2) << 1) | (cpu.profile.unprivileged ? Number(r.below(3) === 0) : 0));
        for (const at of [S.SP, S.MSP, S.PSP]) cpu.set(at, r.u32() & ~3);
        const before = cpu.stateWords();
        sum.add(readSpecial(cpu, sysm));
        writeSpecial(cpu, sysm, r.below(2) ? r.u32() : r.below(256), r.below(4));
        const after = cpu.stateWords();
        changed += Number(before.some((w, k) => w !== after[k]));
        sum.add(...after, readSpecial(cpu, sysm), machine.history.seq);
        if (cpu.profile.arch === 'v8m' && cpu.row.mpuRegions > 0)
          sum.add(testTarget(cpu, r.pick([0x2000_0000, 0xe000_ed08, r.u32()]), r.below(2) === 0));
      }
      return `SYSm ${sysm}: ${changed} changed something; ${sum.text}`;
    });
    expectAsBefore(lines, new URL(`./each-float/special-${core}.txt`, import.meta.url));
  },
);
