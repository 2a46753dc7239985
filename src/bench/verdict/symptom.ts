/** Compares the user's symptom with the run. If they differ, the solver looks for ROM options and boards that cause the symptom. */
import type { SymptomAnswer } from './document.ts';
import type { NamedRepair } from '../proof/repairs.ts';
import type { Symptom } from '../documents/result.ts';
import type { HostDocument } from '../documents/scenario-types.ts';
import { toolsInWords } from '../../usb-sim/host-tools.ts';
import type { Explained, Solution, Solver } from '../proof/solver.ts';

/** No state of the chip decides that: the driver of the host does. */
const OTHER_TOOL: Symptom = 'works-with-other-tool';
/** Most excluded explanations that are listed. */
const MOST_TOLD = 30;

const settingsOf = ({ rom, board }: Explained): string =>
  [...Object.entries(rom).map(([k, v]) => `${k}=${v}`), ...Object.entries(board).map(([k, v]) => `${k}: ${v ?? 'none'}`)].join(' + ');
const isChange = (e: Explained): boolean => settingsOf(e) !== '';

export function answerSymptom(
  solver: Solver,
  asked: readonly Symptom[],
  repairs: readonly NamedRepair[],
  { kind, driver }: HostDocument,
): SymptomAnswer {
  const words = asked.join(' + ');
  // if the run itself shows the symptom, no search is needed; `bootbench ask` lists other explanations
  const shown = { asked: words, matches: true, options: [], notes: asked.includes(OTHER_TOOL) ? [toolsInWords(kind, driver)] : [] };
  if (solver.matches(asked)) return shown;
  const solution = solver.solve(asked, repairs);
  if (solution.matches) return shown;
  const options = solution.explanations.filter(isChange);
  return {
    asked: words,
    matches: false,
    options: options.map(({ rom, board, outcome, text }) => ({ rom, board, outcome, text: `if ${text}` })),
    notes: notesOf(solution),
  };
}

/** Explanations that were tried without success are also reported, because they are ruled out. */
function notesOf({ excluded, experiment, explanations, idle, bounded }: Solution): string[] {
  const notes: string[] = [];
  if (experiment) notes.push(`experiment to tell them apart: ${experiment.text}: ${foretold(experiment.results, explanations)}`);
  const vain = excluded.filter(isChange).slice(0, MOST_TOLD);
  if (vain.length > 0) notes.push(`tried, but does not cause it: ${vain.map((e) => `${settingsOf(e)} (${e.outcome})`).join(', ')}`);
  if (idle.length > 0) notes.push(`cannot cause it alone, because the ROM never used the setting in this run: ${idle.join(', ')}`);
  if (bounded) notes.push('the search stopped at its limit of runs');
  return notes;
}
const foretold = (results: Readonly<Record<string, readonly number[]>>, explanations: readonly Explained[]): string =>
  Object.entries(results)
    .map(([seen, list]) => `"${seen}" indicates ${list.map((i) => settingsOf(explanations[i]!) || 'the run as modelled').join(' or ')}`)
    .join('; ');
