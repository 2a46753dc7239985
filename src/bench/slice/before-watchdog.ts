import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS } from '../../emu/time.ts';
import type { Outcome } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { runTo } from './window.ts';

/** For a watchdog that resets the chip repeatedly before any entry: the state shortly before its first reset, while it runs. */
export function beforeWatchdog(session: Session, finished: Checkpoint, outcome: Outcome, powerOn: Checkpoint): Checkpoint | null {
  const { resets } = finished.history;
  const by = resets.at(-1)?.by;
  const first = resets.find((r) => r.by === by);
  if (outcome !== 'reset-loop' || !first || (by !== 'iwdg' && by !== 'wwdg')) return null;
  session.restore(powerOn);
  runTo(session, Math.max(0, first.at - BEFORE_RESET));
  return session.save();
}
/** Longer than a reset lasts. */
const BEFORE_RESET = 1 * MS;
