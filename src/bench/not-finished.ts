/** What a limit kept from the analysis behind a run. */
import type { Note } from './documents/note-facts.ts';
import { budgetOf } from './documents/effort.ts';
import type { RunInput } from './input/run-input.ts';
import { CutShort } from './session/budget.ts';

/** A note that a limit ended the analysis after the run, or a search its bound; other errors are thrown again. @param most that bound, in instructions */
export function notFinished(input: RunInput, error: unknown, what = 'the analysis after the run', most = budgetOf(input).repeated): Note {
  if (!(error instanceof CutShort)) throw error;
  if (error.reason !== 'effort') return { kind: 'limit', text: `the analysis after the run was not finished (${error.reason})` };
  const text = `the search for ${what} was ended after ${Math.round(most / 1e6).toLocaleString('en-US')} million repeated instructions`;
  return { kind: 'limit', text, about: { is: 'search-ended', more: input.effort !== 'full' } };
}
