/** A loader's application that seems to run, and does not do what it does from reset. */
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { APP_GOAL } from '../documents/goal.ts';
import { budgetOf } from '../documents/effort.ts';
import { CutShort, isCut } from '../session/budget.ts';
import type { SessionEnd } from '../session/live-run.ts';
import type { Session } from '../session/session.ts';
import { lifeFromReset } from './find.ts';
import { foreignTable } from '../slice/why.ts';
import { livesWithOwnTable } from './own-table-life.ts';
import { arrival, diesAt, livesAs, secondProgram, toWatch, watch, WATCHED, WATCHED_LONGER } from './programs.ts';

/** The program that a loader starts seems to run: compared with how it lives from reset. The session stays where it is. */
export function lacksLife(session: Session, powerOn: Checkpoint, finished: Checkpoint, end: SessionEnd): Ps | null {
  const { input } = session;
  if (input.goal.name !== APP_GOAL || isCut(end.reason) || !session.reaches(end.outcome)) return null;
  const program = secondProgram(session);
  if (program === null) return null;
  const isOthers = foreignTable(session) !== null;
  try {
    const dies = diesAt(session);
    // found once: it takes the whole run
    let first: Checkpoint | null = null;
    const isDead = (least: Ps): boolean => {
      first ??= arrival(session, powerOn, program, end.at);
      if (first === null) return false;
      const watched = toWatch(first, dies, least);
      const wanted = lifeFromReset(input, program, watched);
      if (wanted === null) return false;
      session.restore(first);
      return !livesAs(session, watch(session, watched), wanted);
    };
    // from reset it runs with the same table
    const { repeated } = budgetOf(input);
    if (isOthers && session.budget.within(repeated, () => livesWithOwnTable(session, program)) !== null) return WATCHED_LONGER;
    return session.budget.within(repeated, () => [WATCHED, WATCHED_LONGER].find(isDead) ?? null);
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    // what is not compared is not doubted
    return null;
  } finally {
    session.restore(finished);
    session.keepCheckpoints = true;
  }
}
