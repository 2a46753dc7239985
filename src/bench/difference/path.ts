/**
 * What on the way kept the receiver from its goal: writes of the firmware that had no effect. All of them are given their effect in one repeated run; if that reaches the goal,
 * the smallest sets that do are searched for. What a check knows of a lost write is not asked.
 */
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Session } from '../session/session.ts';
import { runFrom, type Attempt } from '../proof/attempt.ts';
import { opening, openingOf, type Opening } from './openings.ts';
import { Tries } from './search.ts';

export interface PathFinding {
  /** Each is enough, and without all of them nothing is. Empty: no such write is the cause. */
  readonly sets: readonly (readonly Opening[])[];
  /** Nothing else is enough. */
  readonly complete: boolean;
}

export const NONE_LOST: PathFinding = { sets: [], complete: true };

/** Repeated runs: each costs the whole run. */
const MOST_RUNS = 24;

/** What the run would have needed, of the writes that it lost up to `end`. The session is left anywhere. */
export function findLostWrites(s: Session, powerOn: Checkpoint, end: Checkpoint, reached: (run: Attempt) => boolean): PathFinding {
  const { machine } = s;
  const all = end.history.lost.flatMap((write) => openingOf(machine.system, write) ?? []);
  if (all.length === 0) return NONE_LOST;
  const works = (some: readonly Opening[]): boolean => reached(runFrom(s, powerOn, opening(machine, some)));
  const tries = new Tries(all, works, MOST_RUNS);
  return tries.sets(all);
}
