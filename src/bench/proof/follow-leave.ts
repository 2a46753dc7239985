/** The last leave of a run, followed: what the application does then that it does not do from reset, and a request that was kept and makes it enter the ROM again. */
import type { LeaveFacts } from '../../checks/check.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { leaveFacts } from '../session/subject.ts';
import { keptRequest } from './again.ts';
import { leftCauses } from './behind-leave.ts';
import { leaveTwin, type LeaveTwin } from './leave.ts';

/**
 * Of a run that has just ended; moves the session. Throws CutShort where a limit of the user ends a repeated run.
 *
 * @param at when a host without DFU asked for it, by Go
 */
export function followLeave(
  s: Session,
  powerOn: Checkpoint,
  at?: Ps,
): { readonly facts: LeaveFacts | null; readonly twin: LeaveTwin | null } {
  const facts = leaveFacts(s, at);
  const twin = facts === null ? null : leaveTwin(s, facts.usbAfter);
  if (facts === null || twin === null) return { facts, twin };
  const kept = twin.entersAgain ? keptIn(s, powerOn) : null;
  return { facts: { ...facts, ...twin.facts, ...(at !== undefined && { byGo: true }), ...(kept !== null && { kept }) }, twin };
}
function keptIn(s: Session, powerOn: Checkpoint): NonNullable<LeaveFacts['kept']> | null {
  const read = keptRequest(s);
  if (read === null) return null;
  const [cause] = leftCauses(s, powerOn, { is: 'kept', read, behind: 'leave' });
  return cause === undefined ? null : { what: cause.what, says: cause.says.replace(/\.$/, ''), by: cause.by };
}
