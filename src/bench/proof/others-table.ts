/** A program that has put the vector table of another one into VTOR: the run goes on from that write with the program's own. */
import type { Writer } from '../../checks/check.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { US, type Ps } from '../../emu/time.ts';
import { isIn, type Program } from '../../image/programs.ts';
import { callChainOf } from '../session/call-chain.ts';
import type { Session } from '../session/session.ts';
import { checkpointBefore, runByStops, runTo, stepOnce, writerAt } from '../slice/window.ts';
import { foreignInWords, foreignTable, type ForeignTable } from '../slice/why.ts';
import { goOn } from './attempt.ts';
import { setOwnTable } from './own-table.ts';

export interface OthersTable extends Pick<ForeignTable, 'where' | 'whose'> {
  /** As the notes say it. */
  readonly said: string;
  readonly own: number;
  /** Where it was put into VTOR. */
  readonly writer: Writer;
  /** With its own one the goal is reached. */
  readonly reached: boolean;
  /** What it does with its own one where that is not the goal. */
  readonly further: string;
}

/** Effort: instructions at the time of the write, and returns to one place that are counted. */
const MOST_STEPS = 4096;
const MOST_RETURNS = 100;

/**
 * Null where the program comes no further with its own table. Leaves the session anywhere.
 *
 * @param lives where a program puts the other one into VTOR that does more from reset with its own; null: it does not
 */
export function othersTable(
  s: Session,
  powerOn: Checkpoint,
  finished: Checkpoint,
  lives: (s: Session, program: Program) => number | null,
): OthersTable | null {
  s.keepCheckpoints = false;
  s.restore(finished);
  const found = foreignTable(s);
  if (found === null || !('table' in found.of)) return null;
  const { of, writer, where, whose } = found;
  const facts = { said: foreignInWords(s, found), where, whose, own: of.table };
  const reached = writer !== null && isIn(of, writer.pc) ? comesFurther(s, powerOn, finished, of, writer) : null;
  if (reached !== null) return { ...facts, writer: writer!, reached, further: 'it no longer hangs where this run ends' };
  // what a loader has put there is something that it leaves to the program, unless the program puts it there again
  const pc = lives(s, of);
  const again = pc === null ? null : writes(s, powerOn, finished, pc);
  return again && { ...facts, writer: again, reached: false, further: 'it does more from reset than with the other one' };
}
/** Whether the goal is reached with its own table from that write on; null: the program comes no further. */
function comesFurther(
  s: Session,
  powerOn: Checkpoint,
  finished: Checkpoint,
  of: Program,
  writer: ForeignTable['writer'] & object,
): boolean | null {
  const loop = s.state.loop?.pc ?? null;
  const back = loop === null ? returnsTo(s) : null;
  const wrote = behindWrite(s, powerOn, writer, VTOR);
  if (wrote === null) return null;
  const again = withOwn(s, wrote, of, () => goOn(s));
  if (again.reached) return true;
  const leaves = loop !== null && (again.outcome !== 'stuck' || again.loop !== loop);
  return leaves || (back !== null && returns(s, wrote, of, back, finished.system.now)) ? false : null;
}
/** The first time that the run comes to this store. */
function writes(s: Session, powerOn: Checkpoint, finished: Checkpoint, pc: number): Writer | null {
  s.restore(powerOn);
  let found: Writer | null = null;
  runByStops(s, [pc], finished.system.now, () => {
    found = { ...writerAt(s.machine.bootCore, s.machine.history.seq), pc };
    return true;
  });
  return found;
}
function withOwn<T>(s: Session, wrote: Checkpoint, { table }: Program, then: () => T): T {
  s.restore(wrote);
  setOwnTable(s.machine, table);
  return then();
}
/** The state behind the write to that register; null where it is not found again. */
export function behindWrite(s: Session, powerOn: Checkpoint, { seq, at }: Writer, register: string): Checkpoint | null {
  const { machine } = s;
  const from = checkpointBefore(s, powerOn, at - 1);
  s.restore(from);
  runTo(s, Math.max(from.system.now, at - US));
  for (let left = MOST_STEPS; machine.history.seq < seq && left > 0; left--) stepOnce(s, machine.bootCore, at + US);
  return machine.history.seq >= seq && machine.history.lastWriter(register)?.seq === seq ? s.save() : null;
}
export const VTOR = 'CPU.VTOR';

/** Where the function returns to in which thread code is; null where nothing has called it. */
function returnsTo(s: Session): number | null {
  const { frames } = callChainOf(s.machine.bootCore, s.input.images);
  const thread = frames.slice(frames.findLastIndex((f) => f.exception !== null) + 1).filter(({ inlined }) => !inlined);
  // the last half-word of the call
  return thread.length < 2 ? null : thread[1]!.pc + 2;
}
/** The function in which the run ends, and which did not return for the second half of it, returns more often. */
function returns(s: Session, wrote: Checkpoint, of: Program, back: number, end: Ps): boolean {
  s.restore(wrote);
  const times = timesAt(s, back, end, MOST_RETURNS);
  const half = (wrote.system.now + end) / 2;
  if (times.length >= MOST_RETURNS || times.some((at) => at > half)) return false;
  return withOwn(s, wrote, of, () => timesAt(s, back, end, times.length + 1)).length > times.length;
}
function timesAt(s: Session, pc: number, end: Ps, most: number): Ps[] {
  const times: Ps[] = [];
  runByStops(s, [pc], end, () => times.push(s.machine.now) >= most);
  return times;
}
