/** Pictures of hand-overs on the pages, beside what bootbench draws now. `BOOTBENCH_GOLDEN=write` draws them anew. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { sourcesOf } from '../../src/cli/sources.ts';
import { handOverPicture } from '../../src/report/hand-over/picture.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { flawsOf } from '../report/picture-kit.ts';

const PICTURES = [
  ['hand-over', 'h533-seed000-as-posted'],
  ['hand-over-001', 'h745-seed001-as-posted'],
  ['hand-over-002', 'f072-seed002-as-posted'],
  ['hand-over-003', 'l496-seed003-as-posted'],
  ['hand-over-004', 'l476-seed004-masked'],
] as const;
const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

it.each(PICTURES)('%s.svg is what bootbench draws of %s', async (name, fixture) => {
  const result = await inThread(await loadJob([], { scenario: `${fixture}/scenario.json`, after: true }, fixtures), {});
  const sources = sourcesOf({ images: [`${fixture}/firmware.elf`], folder: fixtures, io: { cwd: fixtures, env: {} } });
  // the narrow one is for phones
  for (const [file, narrow] of [
    [name, false],
    [`${name}-narrow`, true],
  ] as const) {
    const svg = String(handOverPicture(result, { sources, narrow }));
    expect(flawsOf(svg)).toEqual([]);
    expectAsBefore(svg.trimEnd().split('\n'), new URL(`../../docs/pictures/${file}.svg`, import.meta.url));
  }
});
