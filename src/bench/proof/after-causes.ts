/** Why a device that appears cannot be used: repairs of checks, then the board, then the state at the entry, each proved by the acceptance client (after.ts). */
import { acceptance, isGood } from './after.ts';
import { attempt, type Attempt, type Starts } from './attempt.ts';
import { boardCauses, NO_BOARD, type BoardFinding } from './board-causes.ts';
import { diagnoseFor, type Diagnosis, type Goal, type Judged } from './diagnosis.ts';
import type { Session } from '../session/session.ts';

/** The client does all of it without an error. */
const works = (s: Session): boolean => isGood(acceptance(s));

/** The session is left anywhere. */
export function whyUnusable(
  s: Session,
  starts: Starts,
  judged: readonly Judged[],
): { readonly diagnosis: Diagnosis; readonly board: BoardFinding } {
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
  if (diagnosis.explained === true) return { diagnosis, board: NO_BOARD };
  return { diagnosis, board: boardCauses(s.input, works) };
}
