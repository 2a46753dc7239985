/**
 * The last instruction at which a single repair can still save DFU. For a repair of the state at the entry, it is found by bisection between the entry and the
 * end of the run. A repair on the path has its own instruction.
 */
import { runTo } from '../slice/window.ts';
import type { RepairTarget, Subject, Repair } from '../../checks/check.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { CutShort, isCut } from '../session/budget.ts';
import type { Cause, Diagnosis } from '../proof/diagnosis.ts';
import { place } from './document.ts';
import { applyAtEntry } from '../proof/repairs.ts';
import { seconds, type TimelineRow } from '../documents/result.ts';
import type { Session } from '../session/session.ts';

/** Shorter than an instruction of any core (550 MHz). */
const RESOLUTION = 1_000;
/** Effort: runs. */
const MOST_PROBES = 60;

export interface NoReturn {
  readonly cause: Cause;
  /** Time of the instruction; null if the repair still helps at the end of the run. */
  readonly at: Ps | null;
  readonly pc: number | null;
}

/** For a cause whose repair alone is enough; null if there is none, or if it has no instruction. `end` is the end of the run. */
export function pointOfNoReturn(s: Session, entry: Checkpoint | null, diagnosis: Diagnosis, end: Ps): NoReturn | null {
  const [single] = diagnosis.sets.filter((set) => set.length === 1).map((set) => diagnosis.causes.find((c) => c.id === set[0])!);
  const subject = single?.judged.subject;
  if (!single?.repair || !subject) return null;
  const { repair, judged } = single;
  const writer = judged.judgement.lastWriter ?? null;
  if (repair.at !== 'entry' || entry === null) return writer && { cause: single, at: writer.at, pc: writer.pc };
  const handed = entry.history.entries.at(-1);
  if (movesPc(repair, subject)) return handed ? { cause: single, at: handed.at, pc: handed.fromPc } : null;
  return bisect(s, entry, single, end);
}

/** A repair that sets the PC helps at any time, so the wrong branch is the point of no return. */
function movesPc(repair: Extract<Repair, { at: 'entry' }>, subject: Subject): boolean {
  let moves = false;
  const nothing = (): void => {};
  const target: RepairTarget = {
    setCore: nothing,
    setField: nothing,
    write: nothing,
    leaveHandlerMode: nothing,
    clearNvic: nothing,
    stopTimersOf: nothing,
    branchTo: () => (moves = true),
  };
  repair.apply(target, subject);
  return moves;
}

function bisect(s: Session, entry: Checkpoint, cause: Cause, end: Ps): NoReturn {
  const { machine } = s;
  s.keepCheckpoints = false;
  s.restore(entry);
  let good = { at: machine.now, pc: machine.bootCore.pc, state: entry };
  if (saves(s, cause, entry, end)) return { cause, at: null, pc: null };
  let bad = end;
  for (let probes = 0; bad - good.at > RESOLUTION && probes < MOST_PROBES; probes++) {
    const middle = Math.floor((good.at + bad) / 2);
    s.restore(good.state);
    runTo(s, middle);
    const { now } = machine;
    // the core sleeps: its next instruction comes later
    if (now >= bad || now === good.at) {
      bad = middle;
      continue;
    }
    const here = { at: now, pc: machine.bootCore.pc, state: s.save() };
    if (saves(s, cause, null, now)) good = here;
    else bad = now;
    s.input.progress?.('looking for the point of no return');
  }
  return { cause, at: good.at, pc: good.pc };
}

/** Whether the repair helps at this time; if `from` is null, the session is already there. */
function saves(s: Session, cause: Cause, from: Checkpoint | null, at: Ps): boolean {
  if (from) {
    s.restore(from);
    runTo(s, at);
  }
  applyAtEntry(s.machine, [{ id: cause.id, repair: cause.repair!, subject: cause.judged.subject! }]);
  s.state.loop = null;
  const end = s.run({ counterfactual: true, repaired: true });
  if (isCut(end.reason)) throw new CutShort(end.reason);
  return s.reaches(end.outcome);
}

export function noReturnText(s: Session, found: NoReturn | null): string {
  if (!found) return 'no single repair of one instruction saves DFU in this run';
  const what = `${found.cause.id} (${found.cause.repair!.what})`;
  if (found.at === null) return `repairing ${what} still leads to DFU at the end of the run`;
  const at = place(s.input, found.pc);
  const where = at?.file ? `${at.file}:${at.line}` : (at?.symbol ?? at?.pc ?? 'an unknown place');
  return `the last instruction at which repairing ${what} still leads to DFU: ${where}, at ${seconds(found.at)} s`;
}
export function noReturnRow(s: Session, found: NoReturn): TimelineRow<string> {
  const at = place(s.input, found.pc);
  const text = `point of no return: from here on, repairing ${found.cause.id} no longer helps`;
  return {
    at: seconds(found.at ?? 0),
    cycle: null,
    kind: 'no-return',
    text,
    pc: at?.pc ?? null,
    file: at?.file ?? null,
    line: at?.line ?? null,
  };
}
