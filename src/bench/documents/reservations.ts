/** A success that rests on something that a board need not do: `OK, but`. */
import type { RunResult } from './result.ts';

/** Kind of the notes that say on what. */
export const BUT = 'but';
export const hasReservations = ({ outcome, notes }: Pick<RunResult, 'outcome' | 'notes'>): boolean =>
  outcome === 'dfu' && notes.some(({ kind }) => kind === BUT);
