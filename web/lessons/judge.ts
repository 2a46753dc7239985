/** Judges answers: by what the bench finds, and by nothing else. */
import { OUTCOME } from '../words.ts';
import type { LastWriter, RunResult } from '../../src/bench/documents/result.ts';
import type { LessonBench } from './bench.ts';
import { readable, type SourceLine } from './source.ts';
import type { EditStep, Evidence, FindStep, FlipStep, PredictStep } from './types.ts';

export interface Judgement {
  readonly right: boolean;
  /** What the bench says about this answer. */
  readonly says: string;
}

/** The choice that the evidence makes true; null where it makes none or several true. */
export function trueChoice(step: PredictStep, evidence: Evidence): number | null {
  const holding = step.choices.flatMap(({ holds }, i) => (holds(evidence) ? [i] : []));
  return holding.length === 1 ? holding[0]! : null;
}
export function judgeChoice(step: PredictStep, evidence: Evidence, chosen: number): Judgement {
  const right = trueChoice(step, evidence) === chosen;
  return { right, says: right ? 'The bench found the same.' : step.choices[chosen]!.hint };
}

/** The line that the first proved cause of a run names, or the place of the first proved cause that has one. */
export const blamedLine = (result: RunResult): LastWriter | null =>
  result.diagnosis.causes.find((c) => c.proved && c.lastWriter?.line !== null)?.lastWriter ?? null;
export async function linesOf(bench: LessonBench, name: string): Promise<SourceLine[]> {
  const { main, source, defines } = await bench.firmware(name);
  return readable(source[main]!, defines);
}
export async function judgeLine(bench: LessonBench, step: FindStep, line: SourceLine): Promise<Judgement> {
  const [{ result }, { main }] = await Promise.all([bench.run(step.firmware), bench.firmware(step.firmware)]);
  const blamed = blamedLine(result);
  if (blamed !== null && blamed.file === main && blamed.line === line.number)
    return { right: true, says: step.found ?? 'The proved cause names this line.' };
  const hint = Object.entries(step.hints).find(([part]) => line.text.includes(part))?.[1];
  return { right: false, says: hint ?? aboutLine(line, blamed) };
}
/** What is true about any other line. */
function aboutLine({ number, text }: SourceLine, blamed: LastWriter | null): string {
  if (!/\w/.test(text)) return `Line ${number} holds no statement: nothing runs there.`;
  if (/^\s*#/.test(text)) return `Line ${number} is for the preprocessor: nothing runs there.`;
  const way = blamed === null ? '' : ` Go ${number < blamed.line! ? 'down' : 'up'} from here.`;
  return `The proved cause does not name line ${number}: the bad value was not made there.${way}`;
}

/** A switch of a repair: what one thing is set to. It does not tell how that stands; some stand so already, as in real code. */
export interface Switch {
  readonly id: string;
  readonly text: string;
}
/** What a jump wants of each: only PRIMASK is better off. */
const WANTED_OFF: ReadonlySet<string> = new Set(['primask']);
export async function switchesOf(bench: LessonBench, step: FlipStep): Promise<Switch[]> {
  const flips = (await bench.entry(step.firmware))?.flips ?? [];
  const named = flips.map(({ id, label, words }) => ({ id, text: `${label} = ${words[WANTED_OFF.has(id) ? 0 : 1]}` }));
  return named.sort((a, b) => (a.text.toLowerCase() < b.text.toLowerCase() ? -1 : 1));
}
export async function judgeFlip(bench: LessonBench, step: FlipStep, id: string): Promise<Judgement> {
  const [entry, { result }] = await Promise.all([bench.entry(step.firmware), bench.run(step.firmware)]);
  const flip = entry?.flips.find((f) => f.id === id);
  if (!flip) return { right: false, says: 'There is no such thing at the entry.' };
  const wanted = !WANTED_OFF.has(id);
  const outcome = await bench.withFlip(step.firmware, id, wanted);
  const right = outcome === 'dfu';
  const set = `${flip.label} = ${flip.words[wanted ? 1 : 0]}`;
  const was = flip.on === wanted ? `${set} is so already at the jump: nothing is different` : `${set}, and nothing else is different`;
  const word = outcome === result.outcome ? `the outcome stays ${outcome}` : `${result.outcome} becomes ${outcome}`;
  const hint = right ? undefined : step.hints[id];
  return { right, says: [`${was}; ${word}: ${OUTCOME[outcome]}.`, hint ?? ''].join(' ').trim() };
}

export async function judgeEdit(bench: LessonBench, step: EditStep, chosen: number): Promise<Judgement> {
  const edit = step.edits[chosen]!;
  const { result } = await bench.run(edit.firmware);
  const right = step.reached(result);
  return { right, says: right ? `The goal is reached: ${step.goal}.` : `The goal is not reached. ${edit.hint}` };
}
