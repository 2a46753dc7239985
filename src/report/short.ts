/** The first screen of a run: what happened, the line of the user's code, the fix, the proof, and what to type next. `-v` prints everything else (terminal.ts). */
import type { Judgement } from '../bench/documents/expect.ts';
import { hasReached } from '../bench/documents/reached.ts';
import { proofOf } from '../bench/documents/proved.ts';
import type { RunResult } from '../bench/documents/result.ts';
import type { Sources } from './source-lines.ts';
import type { Kind } from './story/facts.ts';
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
  /** The report is part of a list, below a line with the expectation: it has no headline and no next steps. */
  readonly embedded?: boolean;
  readonly wholeFix?: string;
}

/** Lines of a first screen of 80 columns or more: a terminal has 24 or more. Narrower ones are higher. */
const LINES = 25;
const LINES_ON_SUCCESS = 12;
const COLUMNS = 80;
/** What the list says that an embedded report is part of. */
const OF_THE_LIST: readonly Kind[] = ['verdict', 'next'];

export function shortReport(result: RunResult, { embedded = false, ...options }: ShortOptions = {}): string {
  const width = widthOf(options.width);
  const good = hasReached(result) && lostWay(result).length === 0 && proofOf(result) === null;
  const told = toldOn('screen', storyOf(result, options)).filter((t) => !(embedded && OF_THE_LIST.includes(t.is)));
  const most = Math.ceil(((good ? LINES_ON_SUCCESS : LINES) * COLUMNS) / Math.min(width, COLUMNS));
  return `${screenOf(told, { ...options, width }, most).join('\n')}\n`;
}
