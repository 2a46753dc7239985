/**
 * How each encoding ends, from random states, by what it is: a load may fault, a system instruction leaves to the slow path, UDF is UNDEFINED, all others go on. What it makes of registers and memory is
 * compared with Unicorn and QEMU (differential.test.ts and others).
 */
import { expect, it } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { OPS, type Row } from '../../../src/emu/core/rows.ts';
import { EXIT, S } from '../../../src/emu/core/state.ts';
import { BareCore, FAULT } from './bare-core.ts';
import { randomFp } from './fp-cases.ts';
import { halfwords, Random, randomBits, randomState, rowsOf } from './random-cases.ts';
import { CODE, DATA_BYTES, PC } from './unicorn.ts';

const CASES = 20;
const B_SELF = 0xe7fe;
const ENDS = new Map<number, string>([...Object.entries(EXIT), ...Object.entries(FAULT)].map(([name, n]): [number, string] => [n, name]));

/** How else than normally an encoding may end, and the names of those that may: LDR, VSTM, PUSH, TBB, … */
const MAY: readonly (readonly [string, RegExp])[] = [
  ['SYSTEM', /^(SVC|BKPT|CPS|MRS|MSR|Hints|Coprocessor|TT)\b/],
  // the first half-words of B T1 with condition 1110 and 1111 are UDF and SVC
  ['SYSTEM', /^B T1/],
  ['UNDEFINED', /^(UDF|Coprocessor|FP space|B T1)\b/],
  ['INVSTATE', /^(BX|BLX|POP|LDR|LDM)\b/],
  ['UNMAPPED', /^(V?LD|V?ST|TB[BH]|PUSH|POP)/],
  // bytes, and what may be anywhere from ARMv7-M on
  ['UNALIGNED', /^(V?LD|V?ST)/],
];
/** Without double precision these are UNDEFINED, and with it where D16 or one above is named: by D, N or M. */
const D_16 = (1 << 22) | (1 << 7) | (1 << 5);
const isDouble = (name: string): boolean => /F64|fixed-point|scalar|double|VMAXNM|VCVTA|VRINT|VSEL/.test(name);

class Rows {
  private readonly core: BareCore;
  private readonly template: Uint8Array;
  private readonly random = new Random(1207);
  private readonly name: keyof typeof PROFILES;

  constructor(name: keyof typeof PROFILES) {
    this.name = name;
    this.core = new BareCore(PROFILES[name]);
    this.template = Uint8Array.from({ length: DATA_BYTES }, () => this.random.u32());
  }
  /** What ends as it may not, and how many went on. */
  look(): { wrong: string[]; through: number } {
    const wrong: string[] = [];
    let through = 0;
    for (const row of rowsOf(PROFILES[this.name])) for (let i = 0; i < CASES; i++) through += Number(this.run(row, wrong) === 'BUDGET');
    return { wrong, through };
  }
  private run(row: Row, wrong: string[]): string {
    const { core, random: r, template } = this;
    const profile = PROFILES[this.name];
    const instruction = halfwords(randomBits(r, row), row.pattern.length === 32);
    const found = core.decoder.classify(instruction[0]!, instruction[1] ?? 0);
    if (typeof found === 'string') return found;
    const inIt = profile.arch !== 'v6m' && r.below(6) === 0 && !OPS.get(found.decoded.op)!.leaves;
    const words = inIt ? [0xbf08 | (r.below(14) << 4), ...instruction] : instruction;
    core.code.set(new Uint8Array(Uint16Array.of(...words, B_SELF, B_SELF, B_SELF).buffer));
    core.flush();
    core.data.set(template);
    randomState(r, profile, core.registers, CODE);
    const isFp = /^111[01]11(0|10)/.test(row.pattern) && /^.{20}101/.test(row.pattern);
    if (isFp) randomFp(r, core.fp, profile.fpu === 'dp' && ((instruction[1] ?? 0) & 0x100) !== 0);
    const before = core.registers.slice();
    const end = ENDS.get(core.run(inIt ? 2 : 1, isFp)) ?? 'another';
    const text = `${row.name} ${words.map((w) => w.toString(16)).join(' ')}`;
    const may =
      end === 'BUDGET' ||
      MAY.some(([how, names]) => how === end && names.test(row.name)) ||
      (end === 'UNDEFINED' && isDouble(row.name) && (profile.fpu !== 'dp' || ((instruction[0]! << 16) | instruction[1]!) & D_16));
    if (!may) wrong.push(`${text}: ${end}`);
    if (end !== 'BUDGET' && end !== 'INVSTATE') {
      const at = CODE + 2 * (words.length - instruction.length);
      const kept =
        before.every((v, n) => n === PC || core.registers[n] === v) &&
        core.registers[PC] === at &&
        (this.core.arena.u32[S.T >> 2] ?? 0) === 1;
      if (!kept) wrong.push(`${text}: ${end} has changed something`);
    }
    return end;
  }
}

it.each(['m0', 'm3', 'm4', 'm33', 'm7'] as const)(
  '%s: each encoding ends as it may, and what does not come through changes no register',
  (name) => {
    const { wrong, through } = new Rows(name).look();
    expect(wrong).toEqual([]);
    expect(through).toBeGreaterThan(rowsOf(PROFILES[name]).length * 12);
  },
);
