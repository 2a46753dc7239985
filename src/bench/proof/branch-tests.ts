/** What the branches of a stretch looked at, and forks in which one of them goes the other way. */
import type { Core } from '../../emu/core/core.ts';
import { setRegister } from '../../emu/core/arm/register-file.ts';
import { flowOf } from '../../emu/core/translate/flow.ts';
import { comparesValues } from '../../emu/proofs/data-flow.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { US, type Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { Slicer, type Chain } from '../slice/slice.ts';
import { checkpointBefore, record, runTo, stepOnce, type Step, type Window } from '../slice/window.ts';
import { madeBy, tested, type Side, type Tested } from './tested.ts';
import { turnsOf, type Turn } from './wrong-turn.ts';

/** Instructions from a test to its branch. */
const TEST_HOLDS = 8;
/** Of a `switch`: instructions of it, and values that are tried. */
const MOST_CODE = 60;
const MOST_VALUES = 8;
/** Instructions that a core issues together, at most. */
const MOST_ISSUED = 2;

export interface Test extends Tested {
  readonly turn: Turn;
  /** Where a person looks for it. */
  readonly pc: number;
  /** Index of the step that tests. */
  readonly tests: number;
  readonly testPc: number;
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
/** What a branch goes by; null where nothing tells. */
export function testOf(core: Core, steps: readonly Step[], turn: Turn): Test | null {
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
