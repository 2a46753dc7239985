/** What the branches of a stretch looked at, and forks in which one of them goes the other way. */
import type { Core } from '../../emu/core/core.ts';
import { setRegister } from '../../emu/core/arm/register-file.ts';
import { flowOf } from '../../emu/core/translate/flow.ts';
import {
  comparesValues,
  GENERAL_REGISTERS,
  isState,
  registerAt,
  type DataFlow,
  type Place,
  type Places,
} from '../../emu/proofs/data-flow.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { US, type Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { Slicer, type Chain } from '../slice/slice.ts';
import { checkpointBefore, record, runTo, stepOnce, type Step, type Window } from '../slice/window.ts';
import { turnsOf, type Turn } from './wrong-turn.ts';

/** Instructions from a test to its branch. */
const TEST_HOLDS = 8;
/** Of a `switch`: instructions of it, and values that are tried. */
const MOST_CODE = 60;
const MOST_VALUES = 8;
/** Instructions that a core issues together, at most. */
const MOST_ISSUED = 2;
/** Steps back to the comparison whose result a branch asks. */
const MOST_BACK = 200;

/** A value that is tested, and the places that hold it. */
export interface Side {
  readonly from: Places;
  readonly value: number;
}
export interface Test {
  readonly turn: Turn;
  /** Where a person looks for it. */
  readonly pc: number;
  /** Index of the step that tests. */
  readonly tests: number;
  readonly testPc: number;
  /** What it looks at. */
  readonly looksAt: Side;
  /** What that is compared with; null where only a bit of it is tested. */
  readonly against: Side | null;
  /** `compared 0x01 with 0x02`, `found bit 0 of 0x06 clear` */
  readonly text: string;
  /** The value that would have been right; null where there are several. */
  readonly wanted: number | null;
  /** The comparison of a register with a constant. */
  readonly compares: { readonly index: number; readonly pc: number; readonly register: number } | null;
  /** The same where the program found the same. */
  readonly key: string;
  /** It goes by what code has answered, which other branches have made. */
  readonly isAnswer: boolean;
}

/** A stretch of the run, from where it can be forked. */
export interface Recorded {
  readonly start: Checkpoint;
  readonly window: Window;
}
export function recorded(s: Session, powerOn: Checkpoint, from: Ps, to: Ps, steps: number): Recorded {
  const at = Math.max(powerOn.system.now, from);
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, at));
  runTo(s, at);
  return { start: s.save(), window: record(s, s.machine.bootCore, to, steps) };
}

/** Branches by address, the latest first, as they were taken last. */
export function testsIn(s: Session, window: Window): ReadonlyMap<number, Test> {
  const core = s.machine.bootCore;
  const found = new Map<number, Test>();
  for (const turn of turnsOf(core, window)) {
    const test = testOf(core, window.steps, turn);
    if (test !== null) found.set(turn.pc, test);
  }
  return found;
}
function testOf(core: Core, steps: readonly Step[], turn: Turn): Test | null {
  const { flow } = steps[turn.index]!;
  if (flow === null) return null;
  const decides = new Set(flow.decides);
  for (let i = turn.index; i >= Math.max(0, turn.index - TEST_HOLDS); i--) {
    const step = steps[i]!;
    // CBZ and CBNZ test and branch
    const sets = [...step.writes.keys()].some((p) => decides.has(p)) || (i === turn.index && step.flow!.comparisons.some(comparesValues));
    const test = sets && step.flow !== null ? tested(core, step, step.flow) : null;
    if (sets) return test === null ? null : inFull(core, steps, turn, i, test);
  }
  return null;
}
function inFull(core: Core, steps: readonly Step[], turn: Turn, index: number, test: Tested): Test {
  const { pc } = steps[index]!;
  const made = madeBy(core, steps, index, test);
  const facts = { turn, isAnswer: made === 'answer', compares: comparing(core, steps[index]!, index) };
  if (made === null || made === 'answer')
    return { ...facts, ...test, pc: turn.pc, tests: index, testPc: pc, key: `${test.text} ${turn.other}` };
  const { pc: makes } = steps[made.index]!;
  return { ...facts, ...made.test, pc: makes, tests: made.index, testPc: makes, key: `${made.test.text} ${turn.other}` };
}
function comparing(core: Core, { pc }: Step, index: number): Test['compares'] {
  const decoded = core.instructionAt(pc)?.decoded;
  return decoded?.op === 'CMP_imm' && decoded.b !== undefined ? { index, pc, register: decoded.b } : null;
}

type Tested = Pick<Test, 'looksAt' | 'against' | 'text' | 'wanted'>;
function tested(core: Core, step: Step, flow: DataFlow): Tested | null {
  const bit = shiftedBit(core, step);
  if (bit !== null) return bit;
  const compared = flow.comparisons.findLast(comparesValues);
  if (compared === undefined) return null;
  const { left, right, leftFrom, rightFrom } = compared;
  return ofTwo({ from: leftFrom, value: left >>> 0 }, { from: rightFrom, value: right >>> 0 });
}
function ofTwo(left: Side, right: Side): Tested {
  const [looksAt, against] = isConstant(left) ? [right, left] : [left, right];
  return { looksAt, against, wanted: against.value, text: `compared ${hex(left.value)} with ${hex(right.value)}` };
}
const isConstant = ({ from }: Side): boolean => [...from].length === 0;
/** LSLS #31 and a branch by N: compilers test one bit so. */
function shiftedBit(core: Core, { pc, writes, registers }: Step): Tested | null {
  const decoded = core.instructionAt(pc)?.decoded;
  if (decoded?.op !== 'LSL_imm') return null;
  const [bit, value] = [31 - (decoded.imm ?? 0), registers[decoded.b ?? 0]! >>> 0];
  const from = [...writes].find(([to]) => isState(to))?.[1] ?? [];
  return {
    looksAt: { from: new Set<Place>(from), value },
    against: null,
    wanted: null,
    text: `found bit ${bit} of ${hex(value)} ${(value >>> bit) & 1 ? 'set' : 'clear'}`,
  };
}
export const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(2, '0')}`;

// ---- what a function has answered ----------------------------------------------------------------------------------------------------

/** Where a constant is asked for: the comparison whose result it asks, made without a branch; `answer` where a constant of the code is asked. */
function madeBy(
  core: Core,
  steps: readonly Step[],
  index: number,
  { looksAt, against }: Tested,
): { readonly index: number; readonly test: Tested } | 'answer' | null {
  if (against === null || !isConstant(against)) return null;
  const wanted = new Set(looksAt.from);
  const isTruth = looksAt.value <= 1 && against.value <= 1;
  for (let i = index - 1; i >= Math.max(0, index - MOST_BACK); i--) {
    const step = steps[i]!;
    const hits = [...wanted].filter((p) => step.writes.has(p));
    if (hits.length === 0) continue;
    const test = isTruth ? compared(core, step, hits) : null;
    if (test !== null) return { index: i, test };
    for (const p of hits) {
      wanted.delete(p);
      for (const from of step.writes.get(p)!) wanted.add(from);
    }
    // what an IT block writes goes by its condition
    for (const p of step.flow?.decides ?? []) wanted.add(p);
    if (wanted.size === 0) return 'answer';
  }
  return null;
}
/** A comparison whose flags are asked, or a difference of two values, which is none where they are equal. */
function compared(core: Core, step: Step, hits: readonly Place[]): Tested | null {
  const { pc, flow, registers } = step;
  const isFlag = hits.some((p) => isState(p) && !GENERAL_REGISTERS.includes(p));
  const test = isFlag && flow !== null && flow.comparisons.some(comparesValues) ? tested(core, step, flow) : null;
  // what is compared with 0 may be a difference
  if (test !== null && test.wanted !== 0) return test;
  const decoded = core.instructionAt(pc)?.decoded;
  if (decoded?.op !== 'SUB_reg' && decoded?.op !== 'EOR_reg') return null;
  const side = (n: number): Side => ({ from: new Set([registerAt(n)]), value: registers[n]! >>> 0 });
  return decoded.b === undefined || decoded.c === undefined ? null : ofTwo(side(decoded.b), side(decoded.c));
}

// ---- the other way -------------------------------------------------------------------------------------------------------------------

/** The other way (null), and values with which code behind a comparison with a constant compares the same register: those of a `switch`. */
export function othersOf(core: Core, { turn, compares, looksAt, wanted }: Test): readonly (number | null)[] {
  if (compares === null) return [null];
  const found = new Set<number>();
  const seen = new Set<number>();
  const open = [compares.pc];
  for (let pc = open.pop(); pc !== undefined && seen.size < MOST_CODE; pc = open.pop()) {
    const ins = core.instructionAt(pc);
    if (!ins || seen.has(pc)) continue;
    seen.add(pc);
    const { op, b, imm } = ins.decoded;
    if (op === 'CMP_imm' && b === compares.register) found.add((imm ?? 0) >>> 0);
    const { targets, falls, call, writes } = flowOf(ins, pc, core.profile, false);
    if (call || (writes & (1 << compares.register)) !== 0) continue;
    open.push(...targets, ...(falls ? [pc + ins.size] : []));
  }
  const isTurned = turn.index - compares.index <= 1;
  return [null, ...[...found].filter((v) => v !== looksAt.value && !(isTurned && v === wanted)).slice(0, MOST_VALUES)];
}

/** The session is then behind the branch that goes the other way, or in front of the comparison of another value; false where that is in a handler. */
export function fork(s: Session, { start, window: { steps } }: Recorded, test: Test, other: number | null): boolean {
  const core = s.machine.bootCore;
  const at = other === null ? test.turn.at : steps[test.compares!.index]!.at;
  s.keepCheckpoints = false;
  s.restore(start);
  runTo(s, Math.max(start.system.now, at - US));
  while (core.now() < at) stepOnce(s, core, at);
  if (other === null) {
    for (let i = 0; i < MOST_ISSUED && core.pc !== test.turn.pc; i++) stepOnce(s, core, at + US);
    setRegister(core, 'pc', test.turn.other);
  } else setRegister(core, `r${test.compares!.register}`, other);
  return core.arm.ipsr === 0;
}

/** Where one side of a test came from. */
export function chainOf(s: Session, powerOn: Checkpoint, { turn, tests, testPc }: Test, { from, value }: Side): Chain | null {
  return new Slicer(s, powerOn).slice({
    core: s.machine.bootCore,
    until: turn.at + 1,
    wanted: ({ steps }) => {
      const before = steps.length - 1 - (turn.index - tests);
      return steps[before]?.pc !== testPc ? null : { places: from, value, before };
    },
  });
}
