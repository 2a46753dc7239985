/**
 * What on the way kept the receiver from its goal: writes of the firmware that had no effect, waits that it gave up. All of one kind are put right in one repeated run; if that
 * reaches the goal, the smallest sets that do are searched for.
 */
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import { bothIntercept } from '../../emu/core/intercept.ts';
import type { Machine } from '../../emu/machine.ts';
import type { RunResult } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { runFrom, type Attempt } from '../proof/attempt.ts';
import { asWanted, findGivenUp, type GivenUp } from './gave-up.ts';
import { opening, openingOf, type Opening } from './openings.ts';
import { Tries } from './search.ts';

export type PathCause = { readonly is: 'lost-write'; readonly opening: Opening } | { readonly is: 'gave-up'; readonly wait: GivenUp };
export interface PathFinding {
  /** Each is enough, and without all of them nothing is. Empty: nothing of the kind is the cause. */
  readonly sets: readonly (readonly PathCause[])[];
  /** Nothing else is enough. */
  readonly complete: boolean;
  /** They only let the run come further: what keeps it from DFU then. */
  readonly behind?: RunResult<string>['diagnosis'];
}
export const NOT_ON_PATH: PathFinding = { sets: [], complete: true };

/** Repeated runs: each costs the whole run. */
const MOST_RUNS = 24;
type Goal = (run: Attempt) => boolean;

/** Of the writes that the run lost up to `end`. The session is left anywhere. */
export function findLostWrites(s: Session, powerOn: Checkpoint, end: Checkpoint, reached: Goal): PathFinding {
  const { machine } = s;
  const all = end.history.lost.flatMap((write) => openingOf(machine.system, write) ?? []);
  // without any, it is the run itself
  const works = (some: readonly Opening[]): boolean => some.length > 0 && reached(runFrom(s, powerOn, opening(machine, some)));
  const { sets, complete } = new Tries(all, works, MOST_RUNS).sets(all);
  return { sets: sets.map((set) => set.map((o) => ({ is: 'lost-write', opening: o }))), complete };
}
/** Those put right, for a run from its start. */
export const mending =
  (causes: readonly PathCause[]) =>
  (machine: Machine): Interceptor => {
    const waits = asWanted(causes.flatMap((c) => (c.is === 'gave-up' ? [c.wait] : [])));
    return bothIntercept(
      opening(
        machine,
        causes.flatMap((c) => (c.is === 'lost-write' ? [c.opening] : [])),
      ),
      waits,
    );
  };

/** Of its bounded waits up to `end`. The session is left anywhere. */
export function findWaits(s: Session, powerOn: Checkpoint, end: Ps, reached: Goal): PathFinding {
  const { sets, complete } = findGivenUp(s, powerOn, end, reached);
  return { sets: sets.map((set) => set.map((wait) => ({ is: 'gave-up', wait }))), complete };
}
