/**
 * The test that kept a program from the jump once it had been given what should lead there: a byte, a level, a request that lived through a reset. Each branch behind
 * that goes the other way in a fork, the latest first; what went the same way before, or looks at a peripheral, is not asked.
 */
import type { Core } from '../../emu/core/core.ts';
import { setRegister } from '../../emu/core/arm/register-file.ts';
import { flowOf } from '../../emu/core/translate/flow.ts';
import { comparesValues, isState, type DataFlow, type Place, type Places } from '../../emu/proofs/data-flow.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import type { Outcome } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import type { Given } from '../slice/received.ts';
import { lastStore, type Store } from '../slice/stores.ts';
import { Slicer, type Chain } from '../slice/slice.ts';
import { checkpointBefore, isRam, record, runTo, stepOnce, type Step, type Window } from '../slice/window.ts';
import { addressText, place } from '../slice/words.ts';
import { goOn } from './attempt.ts';
import { turnsOf, type Turn } from './wrong-turn.ts';

/** Effort: instructions behind what was given and in front of it, branches that are tried, and how soon the other way has to show something. */
const BEHIND = 40_000;
const BEFORE = 20_000;
const MOST_TRIED = 40;
const SOON = 60 * MS;
/** Of a `switch`: instructions of it, and values that are tried. */
const MOST_CODE = 60;
const MOST_VALUES = 8;

/** Instructions from a test to its branch. */
const TEST_HOLDS = 8;

/** In words; null where no branch leads to the goal. Leaves the session anywhere. */
export function failedTest(s: Session, powerOn: Checkpoint, end: Ps, given: Given): string | null {
  const earlier = testsIn(s, recorded(s, powerOn, given.vain, given.since, BEFORE).window);
  const { start, window } = recorded(s, powerOn, given.at, end, BEHIND);
  let tried = 0;
  for (const [pc, test] of testsIn(s, window)) {
    if (earlier.get(pc)?.key === test.key) continue;
    for (const other of othersOf(s.machine.bootCore, test)) {
      if (tried++ === MOST_TRIED) return null;
      const outcome = outcomeOf(s, start, window, test, other);
      if (outcome === null) continue;
      const chain = chainOf(s, powerOn, test);
      if (chain?.origin.kind === 'device' && given.through?.includes((chain.origin.address & ~3) >>> 0) === false) break;
      return inWords(s, powerOn, given, { ...test, wanted: other ?? test.wanted }, chain) + whatIf(other, outcome);
    }
  }
  return null;
}
const whatIf = (other: number | null, outcome: Outcome): string =>
  `; ${other === null ? 'the other way' : `with ${hex(other)} there`}, the outcome is ${outcome}`;

interface Recorded {
  readonly start: Checkpoint;
  readonly window: Window;
}
function recorded(s: Session, powerOn: Checkpoint, from: Ps, to: Ps, steps: number): Recorded {
  const at = Math.max(powerOn.system.now, from);
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, at));
  runTo(s, at);
  return { start: s.save(), window: record(s, s.machine.bootCore, to, steps) };
}

interface Test {
  readonly turn: Turn;
  /** Index of the step that tests. */
  readonly tests: number;
  readonly testPc: number;
  /** What it looks at: its places, and their value. */
  readonly from: Places;
  readonly value: number;
  /** `compared 0x01 with 0x02`, `found bit 0 of 0x06 clear` */
  readonly text: string;
  /** The value that would have been right; null where there are several. */
  readonly wanted: number | null;
  /** The comparison of a register with a constant. */
  readonly compares: { readonly index: number; readonly pc: number; readonly register: number } | null;
  /** The same where the program found the same. */
  readonly key: string;
}
/** Branches by address, the latest first, as they were taken last. */
function testsIn(s: Session, window: Window): ReadonlyMap<number, Test> {
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
    if (sets)
      return test === null
        ? null
        : { turn, tests: i, testPc: step.pc, ...test, compares: comparing(core, step, i), key: `${test.text} ${turn.other}` };
  }
  return null;
}
function comparing(core: Core, { pc }: Step, index: number): Test['compares'] {
  const decoded = core.instructionAt(pc)?.decoded;
  return decoded?.op === 'CMP_imm' && decoded.b !== undefined ? { index, pc, register: decoded.b } : null;
}
type Tested = Pick<Test, 'from' | 'value' | 'text' | 'wanted'>;
function tested(core: Core, step: Step, flow: DataFlow): Tested | null {
  const bit = shiftedBit(core, step);
  if (bit !== null) return bit;
  const compared = flow.comparisons.findLast(comparesValues);
  if (compared === undefined) return null;
  const { left, right, leftFrom, rightFrom } = compared;
  const isConstant = (places: Places): boolean => [...places].length === 0;
  const [from, value, other] = isConstant(leftFrom) ? [rightFrom, right, left] : [leftFrom, left, right];
  return { from, value: value >>> 0, wanted: other >>> 0, text: `compared ${hex(left)} with ${hex(right)}` };
}
/** LSLS #31 and a branch by N: compilers test one bit so. */
function shiftedBit(core: Core, { pc, writes, registers }: Step): Tested | null {
  const decoded = core.instructionAt(pc)?.decoded;
  if (decoded?.op !== 'LSL_imm') return null;
  const [bit, value] = [31 - (decoded.imm ?? 0), registers[decoded.b ?? 0]! >>> 0];
  const from = [...writes].find(([to]) => isState(to))?.[1] ?? [];
  return {
    from: new Set<Place>(from),
    value,
    wanted: null,
    text: `found bit ${bit} of ${hex(value)} ${(value >>> bit) & 1 ? 'set' : 'clear'}`,
  };
}
const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(2, '0')}`;

/** The other way (null), and values with which code behind a comparison with a constant compares the same register: those of a `switch`. */
function othersOf(core: Core, { turn, compares, value, wanted }: Test): readonly (number | null)[] {
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
  return [null, ...[...found].filter((v) => v !== value && !(isTurned && v === wanted)).slice(0, MOST_VALUES)];
}

/** Null where it does not lead to the goal: it has to reset or to come to the ROM soon, or it is not followed to its end. */
function outcomeOf(s: Session, start: Checkpoint, { steps }: Window, test: Test, other: number | null): Outcome | null {
  const { machine } = s;
  const core = machine.bootCore;
  const at = other === null ? test.turn.at : steps[test.compares!.index]!.at;
  s.keepCheckpoints = false;
  s.restore(start);
  runTo(s, Math.max(start.system.now, at - US));
  while (core.now() < at) stepOnce(s, core, at);
  if (other === null) {
    for (let i = 0; i < MOST_ISSUED && core.pc !== test.turn.pc; i++) stepOnce(s, core, at + US);
    setRegister(core, 'pc', test.turn.other);
  } else setRegister(core, `r${test.compares!.register}`, other);
  if (core.arm.ipsr !== 0) return null;
  const there = s.save();
  const events = (): number => machine.history.resets.length + machine.history.entryCount;
  const before = events();
  const leads = (): boolean => events() > before || machine.state.inSystem;
  runTo(s, machine.now + SOON, leads);
  if (!leads()) return null;
  s.restore(there);
  const { reached, outcome } = goOn(s);
  return reached ? outcome : null;
}
/** Instructions that a core issues together, at most. */
const MOST_ISSUED = 2;

function chainOf(s: Session, powerOn: Checkpoint, { turn, tests, testPc, from, value }: Test): Chain | null {
  return new Slicer(s, powerOn).slice({
    core: s.machine.bootCore,
    until: turn.at + 1,
    wanted: ({ steps }) => {
      const before = steps.length - 1 - (turn.index - tests);
      return steps[before]?.pc !== testPc ? null : { places: from, value, before };
    },
  });
}

function inWords(s: Session, powerOn: Checkpoint, given: Given, { turn, text, value, wanted }: Test, chain: Chain | null): string {
  const said = `the test at ${place(s, turn.pc)} ${text}`;
  const link = chain?.links.find((l) => l.how === 'loaded' && !l.onStack && l.address !== null && isRam(s, l.address));
  if (link?.address == null) return said;
  const name = addressText(s, link.address, link.pc, link.core);
  const is = link.value === null || link.value >>> 0 === value ? '' : `, made of ${hex(link.value)}`;
  const [last, right] = [undefined, wanted ?? undefined].map((v) => storeTo(s, powerOn, link.address!, turn.at, v));
  const by = last == null ? '' : `, which ${place(s, last.pc)} had stored there`;
  const over = wanted !== null && right != null && right.at >= given.since && last != null && right.at < last.at;
  return `${said}${is}, from ${name}${by}${over ? `, over the ${hex(wanted)} of ${place(s, right.pc)}` : ''}`;
}
/** Of one size or another: that of the last store. */
function storeTo(s: Session, powerOn: Checkpoint, address: number, before: Ps, value: number | undefined): Store | null {
  const last = lastStore(s, powerOn, address, 1, before);
  if (last === null || last === 'too long' || last.master !== null) return null;
  if (value === undefined) return last;
  const found = lastStore(s, powerOn, last.address, last.size, before, value);
  return found === 'too long' ? null : found;
}
