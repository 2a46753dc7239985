/** A loader that turns a program away, by its initial SP or by what else it looks at: the branch that decides it goes the other way, and the program has to live then. */
import type { Writer } from '../../checks/check.ts';
import { comparesValues, registerAt, type Comparison, type Place } from '../../emu/proofs/data-flow.ts';
import type { Core } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import { aliasesOf } from '../session/programs.ts';
import type { Session } from '../session/session.ts';
import { neverStarted, watched, type Watched } from '../slice/unstarted.ts';
import { checkpointBefore, record, runTo, writerAt, type Step } from '../slice/window.ts';
import { testOf } from './branch-tests.ts';
import { lives, unfit } from './unfit.ts';
import { branchOf, otherwise, type Turn } from './wrong-turn.ts';

export interface Refused {
  /** As the notes say it. */
  readonly said: string;
  /** `app.elf`, `app.elf at 0x08008000` */
  readonly name: string;
  readonly title: string;
  /** Its SP, or another test. */
  readonly by: BySp | { readonly is: 'test'; readonly text: string };
  readonly writer: Writer;
  /** The other way leads to the goal; else the program only runs. */
  readonly reached: boolean;
}
interface BySp {
  readonly is: 'sp';
  readonly sp: number;
  /** What decides, with what is left of SP by a mask; null: it is compared otherwise. */
  readonly mask: number | null;
  readonly left: number;
  readonly right: number;
}

/** Effort: instructions behind the read that are looked at, and branches of them that are tried. */
const MOST_STEPS = 1000;
const MOST_TRIED = 6;

/** Null where no branch that was found keeps a program from its start. Leaves the session anywhere. */
export function refused(s: Session, powerOn: Checkpoint, end: Ps): Refused | null {
  const programs = watched(s, powerOn, end);
  const idle = programs.filter(({ started }) => !started);
  for (const program of idle) {
    // who reads both words by one instruction reads it through
    const asksSp = program.reader !== null && program.reader !== program.vectorReader;
    const found = asksSp ? refusal(s, powerOn, program) : null;
    if (found !== null) return found;
  }
  // of several, the others may be there in case
  return idle.length < programs.length ? null : byTest(s, powerOn, end, idle);
}
function byTest(s: Session, powerOn: Checkpoint, end: Ps, programs: readonly Watched[]): Refused | null {
  for (const program of programs) {
    const { name, title } = program;
    const found = unfit(s, powerOn, end, program);
    if (found === null) continue;
    const { text, writer, reached } = found;
    return { said: neverStarted(s, program), name, title, by: { is: 'test', text }, writer, reached };
  }
  return null;
}
function refusal(s: Session, powerOn: Checkpoint, program: Watched): Refused | null {
  const core = s.machine.bootCore;
  const said = neverStarted(s, program);
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, Math.max(0, program.readAt - US)));
  runTo(s, program.readAt - US);
  const start = s.save();
  const { steps } = record(s, core, program.readAt + MS, MOST_STEPS);
  const tables = aliasesOf(s, program.table);
  let runs: Refused | null = null;
  for (const { turn, compared } of asked(core, steps, tables, program.sp).slice(0, MOST_TRIED)) {
    const again = otherwise(s, start, turn);
    if (again === null || (!again.reached && !lives(s, program, again))) continue;
    const { pc, at, ...values } = compared;
    const { name, title, sp } = program;
    const writer = { ...writerAt(core, s.machine.history.seq), pc, at };
    const found = { said, name, title, by: { is: 'sp' as const, sp, ...values }, writer, reached: again.reached };
    if (again.reached) return found;
    runs ??= found;
  }
  return runs;
}

/** How SP is compared. */
interface Compared {
  readonly pc: number;
  readonly at: Ps;
  readonly left: number;
  readonly right: number;
  readonly mask: number | null;
}
interface Asked {
  readonly turn: Turn;
  readonly compared: Compared;
}
/** The branches that go by the word at one of these addresses, the first one first. */
function asked(core: Core, steps: readonly Step[], tables: readonly number[], sp: number): Asked[] {
  const made = new Set<Place>(tables.flatMap((table) => [table, table + 1, table + 2, table + 3]));
  const isMade = (places: Iterable<Place>): boolean => [...places].some((p) => made.has(p));
  const found: Asked[] = [];
  let compared: Compared | null = null;
  let mask: Mask | null = null;
  for (const [index, step] of steps.entries()) {
    const { pc, at, flow, writes } = step;
    compared = comparedIn(step, isMade, sp, mask) ?? compared;
    const decides = flow !== null && isMade(flow.decides);
    const to = steps[index + 1]?.pc ?? null;
    const branch = decides && to !== null ? branchOf(core, pc, to) : null;
    if (branch !== null && compared !== null) {
      const turn = { ...branch, at, index };
      found.push({ turn, compared: madeAsTruth(core, steps, turn, sp, mask) ?? compared });
    }
    if ([...writes.values()].some(isMade)) mask = maskOf(core, step, sp) ?? mask;
    // what an IT block writes goes by its condition
    for (const [place, is] of [...writes].map(([p, from]) => [p, decides || isMade(from)] as const)) made[is ? 'add' : 'delete'](place);
  }
  return found;
}
interface Mask {
  readonly pc: number;
  readonly value: number;
}
function comparedIn({ pc, at, flow }: Step, isMade: (from: Iterable<Place>) => boolean, sp: number, mask: Mask | null): Compared | null {
  const found = flow?.comparisons.findLast((c) => comparesValues(c) && (isMade(c.leftFrom) || isMade(c.rightFrom)) && !isTruth(c));
  return found === undefined ? null : masked({ pc, at, left: found.left >>> 0, right: found.right >>> 0 }, sp, mask);
}
/** A comparison that was made without a branch, as compilers do for the answer of a function: `ADD, NEGS, ADCS`. */
function madeAsTruth(core: Core, steps: readonly Step[], turn: Turn, sp: number, mask: Mask | null): Compared | null {
  const test = testOf(core, steps, turn);
  if (test === null || test.against === null || test.isAnswer || test.pc === turn.pc) return null;
  return masked({ pc: test.pc, at: steps[test.tests]!.at, left: test.looksAt.value, right: test.against.value }, sp, mask);
}
/** Compilers give the comparison the line of what they make of its result. */
const masked = (found: Omit<Compared, 'mask'>, sp: number, mask: Mask | null): Compared =>
  mask !== null && (sp & mask.value) >>> 0 === found.left ? { ...found, pc: mask.pc, mask: mask.value } : { ...found, mask: null };
/** What a function has answered is looked at. */
const isTruth = ({ left, right }: Comparison): boolean => right === 0 && left >>> 0 <= 1;
/** What an AND of these takes of its other operand. */
function maskOf(core: Core, { pc, registers, writes }: Step, sp: number): Mask | null {
  const decoded = core.instructionAt(pc)?.decoded;
  if (decoded === undefined || !decoded.op.startsWith('AND_')) return null;
  if (decoded.op === 'AND_imm') return { pc, value: (decoded.imm ?? 0) >>> 0 };
  const from = [...writes.values()].flatMap((places) => [...places]);
  const other = [...registers].findIndex((value, n) => from.includes(registerAt(n)) && value !== sp);
  return other < 0 ? null : { pc, value: registers[other]! };
}
