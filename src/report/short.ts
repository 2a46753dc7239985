/** The first screen of a run: what happened, the line of the user's code, the fix, the proof, and what to type next. `-v` prints everything else (terminal.ts). */
import type { Judgement } from '../bench/documents/expect.ts';
import { hasReached } from '../bench/documents/reached.ts';
import { proofOf } from '../bench/documents/proved.ts';
import type { RunResult } from '../bench/documents/result.ts';
import type { Sources } from './source-lines.ts';
import type { Fact } from './story/facts.ts';
import { screenOf } from './story/lines.ts';
import { lostWay, storyOf } from './story/story.ts';
import { toldOn } from './story/surfaces.ts';
import { widthOf, type Paint } from './text.ts';

export interface ShortOptions {
  readonly paint?: Paint;
  /** Columns. */
  readonly width?: number;
  readonly judgement?: Judgement | null;
  readonly sources?: Sources;
  /** The report is part of a list, below a line with the expectation: it has no headline, and of the next steps only what may tell more of the cause. */
  readonly embedded?: boolean;
  readonly wholeFix?: string;
}

/** Lines of a first screen of 80 columns or more: a terminal has 24 or more. Narrower ones are higher. */
const LINES = 25;
const LINES_ON_SUCCESS = 12;
const COLUMNS = 80;
/** What the list does not say that an embedded report is part of. */
function inList(fact: Fact): Fact[] {
  if (fact.is === 'verdict') return [];
  return fact.is === 'next' ? [{ ...fact, steps: fact.steps.filter(({ to }) => to === 'effort') }] : [fact];
}

export function shortReport(result: RunResult, { embedded = false, ...options }: ShortOptions = {}): string {
  const width = widthOf(options.width);
  const good = hasReached(result) && lostWay(result).length === 0 && proofOf(result) === null;
  const story = storyOf(result, options);
  const told = toldOn('screen', embedded ? story.flatMap(inList) : story);
  const most = Math.ceil(((good ? LINES_ON_SUCCESS : LINES) * COLUMNS) / Math.min(width, COLUMNS));
  return `${screenOf(told, { ...options, width }, most).join('\n')}\n`;
}
