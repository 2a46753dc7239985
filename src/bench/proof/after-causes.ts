/** Why a device that appears cannot be used: repairs of checks, then the board, then the state at the entry, each proved by the acceptance client (after.ts). */
import { repairTarget, type NamedRepair } from './repairs.ts';
import { acceptance, isGood, type Asked } from './after.ts';
import { isBad } from './after-tool.ts';
import { attempt, type Attempt, type Starts } from './attempt.ts';
import { boardCauses, NO_BOARD, type BoardFinding } from './board-causes.ts';
import { diagnoseFor, type Diagnosis, type Goal, type Judged } from './diagnosis.ts';
import { badSteps } from '../documents/proved.ts';
import type { After } from '../documents/result.ts';
import type { ChangedOption } from '../session/changed-options.ts';
import type { Session } from '../session/session.ts';

/**
 * What a client could not do it can do now; behind that there may be something else. Nothing behind the last bad step is asked, and where the device stays, and a client that begins at
 * once is kept from the same, no try waits.
 *
 * @param s stands where `was` was asked; left anywhere
 */
export function mends(s: Session, was: After<string>): Works {
  const bad = badSteps(was);
  const last = bad.at(-1);
  const asked: Asked = { armed: true, reasons: false, ...(last !== undefined && { last }) };
  const { after } = bad.includes('list') ? { after: null } : acceptance(s, { ...asked, stays: true });
  const stays = after !== null && bad.every((step) => isBad(after[step]));
  const works = (session: Session, later?: true): boolean => {
    const now = acceptance(session, { ...asked, stays, ...(later && { later }) });
    return isGood(now) || bad.every((step) => now.after[step].result === 'ok');
  };
  return (session) => {
    if (!stays) return works(session);
    const at = session.save();
    if (!works(session)) return false;
    // a repair that only moves an interrupt from the leave to a moment behind it is none: the next user leaves at another moment
    session.restore(at);
    return works(session, true);
  };
}
export type Works = (s: Session) => boolean;

export interface Unusable {
  readonly diagnosis: Diagnosis;
  readonly board: BoardFinding;
  /** Option bytes that the firmware has written: with their factory values in front of the ROM, it works. */
  readonly written: readonly ChangedOption[];
}

/**
 * The session is left anywhere.
 *
 * @param changed option bytes that the firmware has written
 */
export function whyUnusable(
  s: Session,
  starts: Starts,
  judged: readonly Judged[],
  changed: readonly ChangedOption[],
  works: Works,
): Unusable {
  const good = new WeakSet<Attempt>();
  const goal: Goal = {
    attempt: (from, repairs, options) => {
      const run = attempt(s, from, repairs, options);
      if (run.reached && works(s)) good.add(run);
      return run;
    },
    reached: (run) => good.has(run),
    dependencies: () => [],
  };
  const diagnosis = diagnoseFor(goal, s, starts, judged, 'dfu');
  if (diagnosis.explained === true) return { diagnosis, board: NO_BOARD, written: [] };
  const asBefore = (session: Session): readonly NamedRepair[] => {
    const target = repairTarget(session.machine);
    for (const { path, factory } of changed) target.putField?.(path, factory);
    return [];
  };
  const helps = changed.length > 0 && goal.reached(goal.attempt(starts, [], { atEntry: asBefore }));
  const written = helps ? changed : [];
  return { diagnosis, board: written.length > 0 ? NO_BOARD : boardCauses(s.input, works), written };
}
