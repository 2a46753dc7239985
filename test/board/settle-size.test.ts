/** What the pages say of the probe's size is its size: who lends his board wants to know how much is written to it. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { settleExperiments } from '../../src/board/settle-experiments.ts';
import { SETTLE_PROBE } from '../../src/board/settle-image.ts';
import { settleBytes } from '../../src/board/settle.ts';
import { allGood, jump, ramForProbe } from '../../src/board/settle-rows.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';

const page = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it.each(['README.md', 'docs/evidence.md', 'src/cli/program.ts'])('the probe has as many bytes as %s says', (path) =>
  expect(page(path)).toContain(`a probe of ${SETTLE_PROBE.length / 2} bytes`),
);
it('nothing longer than docs/boards.md and docs/evidence.md say is written to RAM, on any chip', () => {
  const sizes = CHIPS.flatMap((chip) => {
    const profile = romProfileOf(chip);
    if (profile === null || ramForProbe(chip) === null) return [];
    const puts = [{ without: null, rows: [] }, ...[...settleExperiments(chip, profile).values()].flatMap((e) => e.puts)];
    return puts.map((put) => settleBytes([...allGood(chip, profile, put.without), ...put.rows, jump(0)]).length);
  });
  const most = Math.max(...sizes);
  expect(page('docs/boards.md')).toContain(`at most ${most} bytes to RAM`);
  expect(page('docs/evidence.md')).toContain(`at most ${most} bytes`);
});
