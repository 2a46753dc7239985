/** The story of a run as the page shows it: what every report tells, as data that a worker can send. */
import type { RunResult } from '../src/bench/documents/result.ts';
import { patchOf } from '../src/report/patch.ts';
import type { Sources } from '../src/report/source-lines.ts';
import { storyOf } from '../src/report/story/story.ts';
import { toldOn } from '../src/report/story/surfaces.ts';
import { printable } from '../src/report/text.ts';
import type { ShownFact } from './setup.ts';

export const shownFacts = (result: RunResult, sources: Sources): ShownFact[] =>
  toldOn('page', storyOf(result, { sources })).map(({ is, label, tone, text, place, more, source, code }) => ({
    kind: is,
    label,
    tone,
    text: printable(text),
    place: place === null ? null : printable(place),
    more: more.map(printable),
    source,
    code,
  }));

/** The fix as a file for `git apply`; empty where there is none. */
export const patchText = (result: RunResult, sources: Sources): string => patchOf(result, sources).text;
