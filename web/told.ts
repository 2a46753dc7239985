/** The story of a run as the page shows it: what every report tells, as data that a worker can send. */
import type { RunResult } from '../src/bench/documents/result.ts';
import { patchOf } from '../src/report/patch.ts';
import type { Sources } from '../src/report/source-lines.ts';
import { storyOf } from '../src/report/story/story.ts';
import { toldOn } from '../src/report/story/surfaces.ts';
import { printable } from '../src/report/text.ts';
import { handOverPicture, type HandOverOptions } from '../src/report/hand-over/picture.ts';
import type { PatchFile, Pictures, ShownFact } from './setup.ts';

export const shownFacts = (result: RunResult, sources: Sources): ShownFact[] =>
  toldOn('playground', storyOf(result, { sources })).map(({ is, label, tone, text, place, more, source, code }) => ({
    kind: is,
    label,
    tone,
    text: printable(text),
    place: place === null ? null : printable(place),
    more: more.map(printable),
    source,
    code,
  }));

/** The fix as a file, with the folder to apply it in: that of files which were chosen alone, or the one that a dropped folder lies in. */
export function patchFile(result: RunResult, sources: Sources): PatchFile {
  const { text, files } = patchOf(result, sources);
  const [first] = [...new Set(files.map(({ path }) => path))].sort();
  const [top = '', ...below] = (first ?? '').split('/').filter((part) => part !== '');
  return { text, folder: below.length === 0 ? `the folder of ${top}` : `the folder that holds ${top}/` };
}

export const picturesOf = (result: RunResult, options: HandOverOptions): Pictures => ({
  wide: handOverPicture(result, { ...options, headed: false }),
  narrow: handOverPicture(result, { ...options, narrow: true }),
  file: handOverPicture(result, options),
});
