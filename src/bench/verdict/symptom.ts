/** What the user saw against what the run shows. When they differ, the solver looks for ROMs and boards that do show it. */
import type { SymptomAnswer } from './document.ts';
import type { NamedRepair } from '../proof/repairs.ts';
import type { Symptom } from '../documents/result.ts';
import type { Explained, Solution, Solver } from '../proof/solver.ts';

/** Excluded ones that are told. */
const MOST_TOLD = 30;

const settingsOf = ({ rom, board }: Explained): string =>
  [...Object.entries(rom).map(([k, v]) => `${k}=${v}`), ...Object.entries(board).map(([k, v]) => `${k}: ${v ?? 'none'}`)].join(' + ');
const isChange = (e: Explained): boolean => settingsOf(e) !== '';

export function answerSymptom(solver: Solver, asked: readonly Symptom[], repairs: readonly NamedRepair[]): SymptomAnswer {
  const words = asked.join(' + ');
  // what the run itself shows needs no search; `bootbench ask` tells what else would show it
  if (solver.matches(asked)) return { asked: words, matches: true, options: [], notes: [] };
  const solution = solver.solve(asked, repairs);
  const options = solution.explanations.filter(isChange);
  return {
    asked: words,
    matches: solution.matches,
    options: solution.matches ? [] : options.map(({ rom, board, outcome, text }) => ({ rom, board, outcome, text: `if ${text}` })),
    notes: solution.matches ? [] : notesOf(solution),
  };
}

/** What was looked at in vain is worth telling: it rules hypotheses out. */
function notesOf({ excluded, experiment, explanations, idle, bounded }: Solution): string[] {
  const notes: string[] = [];
  if (experiment) notes.push(`to tell them apart: ${experiment.text}: ${foretold(experiment.results, explanations)}`);
  const vain = excluded.filter(isChange).slice(0, MOST_TOLD);
  if (vain.length > 0) notes.push(`tried, does not show it: ${vain.map((e) => `${settingsOf(e)} (${e.outcome})`).join(', ')}`);
  if (idle.length > 0) notes.push(`cannot show it alone, for the ROM never came to act on it in this run: ${idle.join(', ')}`);
  if (bounded) notes.push('the search was ended by its number of runs');
  return notes;
}
const foretold = (results: Readonly<Record<string, readonly number[]>>, explanations: readonly Explained[]): string =>
  Object.entries(results)
    .map(([seen, list]) => `"${seen}" speaks for ${list.map((i) => settingsOf(explanations[i]!) || 'the run as modelled').join(' or ')}`)
    .join('; ');
