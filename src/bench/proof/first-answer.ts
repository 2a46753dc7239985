/**
 * What can be said of a firmware before it has been run to its end: which function can enter the ROM, and what comes of calling it behind the set-up. For a person who
 * waits; the result is made without it.
 */
import type { Outcome } from '../documents/result.ts';
import type { RunInput } from '../input/run-input.ts';
import { jumpCandidates, scanFunctions } from '../input/code-scan.ts';
import { isCut } from '../session/budget.ts';
import { Session } from '../session/session.ts';
import { MS } from '../../emu/time.ts';
import { calledOn, candidateName, entering, NO_JUMP } from './find-jump.ts';

/** A firmware that does so at its end may be called as well. */
const WAITS: ReadonlySet<Outcome> = new Set<Outcome>(['no-jump', 'stuck']);
/** When a trigger would be pulled, and how long an entry is waited for. */
const CALLED_AT = 100 * MS;
const FOLLOWED = 1000 * MS;

export function firstAnswer(input: RunInput, found: (text: string) => void): void {
  const functions = scanFunctions(input.images);
  // the second engine executes what is asked and nothing twice
  if (functions.length === 0 || input.engine !== 'bootbench') return;
  const candidates = jumpCandidates(functions, input.chip);
  if (candidates.length === 0) return found(NO_JUMP);
  const session = new Session(input);
  try {
    for (const c of candidates.slice(0, MOST_TOLD))
      found(
        entering(
          candidateName(session, c),
          c,
          candidates.every(({ kind }) => kind === 'request'),
        ),
      );
    const first = candidates.find((c) => !c.runsAnyway);
    if (first === undefined) return;
    const outcome = called(session, first);
    if (outcome !== null) found(`call of ${candidateName(session, first)} behind the set-up: ${outcome}`);
  } finally {
    session.release();
  }
}
const MOST_TOLD = 3;

/** Null where the firmware is in the ROM or at its end by then, or nothing came of the call in time. */
function called(s: Session, candidate: Parameters<typeof calledOn>[2]): string | null {
  const { machine } = s;
  s.keepCheckpoints = false;
  const before = s.run({ counterfactual: true, pause: CALLED_AT });
  if (isCut(before.reason) || machine.history.entries.length > 0 || (before.settled && !WAITS.has(before.outcome))) return null;
  calledOn(s, s.save(), candidate);
  s.state.anchor = machine.now;
  s.state.loop = null;
  const { resets } = machine.history;
  const known = resets.length;
  let end = s.run({ counterfactual: true, repaired: true, pause: machine.now + FOLLOWED });
  const went = machine.history.entries.length > 0 || machine.history.resets.length > known;
  if (!end.settled && went && !isCut(end.reason)) end = s.run({ counterfactual: true, repaired: true });
  return isCut(end.reason) || !(end.settled || went) ? null : end.outcome;
}
