/** A success that rests on something that a board need not do: `OK, but`. */
import { hasReached } from './reached.ts';
import type { RunResult } from './result.ts';

/** Kind of the notes that say on what. */
export const BUT = 'but';
export const hasReservations = (result: Pick<RunResult, 'outcome' | 'goal' | 'notes'>): boolean =>
  hasReached(result) && result.notes.some(({ kind }) => kind === BUT);
