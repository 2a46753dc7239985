/** How many instructions the search for a lost request may repeat. */
import { budgetOf } from '../documents/effort.ts';
import type { Session } from '../session/session.ts';
import { resetToTrace } from './requests.ts';

/**
 * Effort: what is repeated of the time in front of the reset: up to it, twice for who stored the words that were lost, for two lengths behind it, and as much again, since waits that a
 * run has skipped are not counted. And the most.
 */
const REPEATS = 8;
const MOST = 8e9;

/** A button that is held for a second has let the program run for so long in front of its reset, and the search has to come as far. The session stands at the end of the run. */
export function requestEffort({ machine, input }: Session): number {
  const { repeated } = budgetOf(input);
  const { resets } = machine.history;
  const reset = resets[resetToTrace(resets)];
  if (reset === undefined || input.effort === 'quick') return repeated;
  const retired = machine.cores.reduce((sum, core) => sum + core.retired(), 0);
  const inFront = retired * (reset.at / Math.max(1, machine.now));
  return Math.max(repeated, Math.min(MOST, REPEATS * inFront));
}
