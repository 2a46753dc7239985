/**
 * Two runs that come to the same state have the same future. A repaired run ends where it is in the state in which the run without the repair was: the
 * usual case is a reset, which wipes out what was repaired. What both remember of their past differs by the repair and is not compared, but for what the
 * end of a run is judged by.
 */
import equal from 'fast-deep-equal/es6/index.js';
import { S } from '../emu/core/state.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import { sameBytes } from '../emu/words.ts';
import type { Attempt } from './attempt.ts';
import type { Session } from './session.ts';

export class Meeting {
  private readonly state: Checkpoint;
  /** How the run went on that was in this state. */
  private result: Attempt | null = null;

  /** Where the session is now. */
  constructor(s: Session) {
    this.state = s.save();
  }
  ended(result: Attempt): void {
    this.result = result;
  }
  /** What comes of the session, which stands behind the first reset after its entry; null where that is not known. */
  at(s: Session): Attempt | null {
    // most runs that do not meet are not there at the same time
    return this.result !== null && s.machine.now === this.state.system.now && sameState(this.state, s.save()) ? this.result : null;
  }
}

function sameState(a: Checkpoint, b: Checkpoint): boolean {
  // where a branch came from is told, not acted on
  const told = S.LAST_REC;
  const coresOf = ({ cores }: Checkpoint): unknown => cores.map((c) => ({ ...c, page: c.page.slice().fill(0, told, told + 4) }));
  const past = ({ history }: Checkpoint): unknown => [history.entryCount, history.entries.map((e) => e.at), history.resets];
  return (
    equal(a.machine, b.machine) &&
    equal(past(a), past(b)) &&
    equal(a.system, b.system) &&
    equal(coresOf(a), coresOf(b)) &&
    equal(a.attachments, b.attachments) &&
    samePages(a.pages, b.pages)
  );
}
function samePages(a: Checkpoint['pages'], b: Checkpoint['pages']): boolean {
  if (a.size !== b.size) return false;
  for (const [page, { bytes, words }] of a) {
    const other = b.get(page);
    if (other === undefined || !sameBytes(bytes, other.bytes) || !sameBytes(words, other.words)) return false;
  }
  return true;
}
