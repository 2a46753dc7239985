/** What was measured on boards reaches the profiles, the stand-in that is built of them, and the reports. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { MergedOption } from '../../src/rom/evidence.ts';
import { MEASURED } from '../../src/rom/measured.ts';
import { cli } from '../cli/helpers.ts';

const OF: Pick<MergedOption, 'romId' | 'romSha256'> = { romId: 'stm32f405', romSha256: 'ab'.repeat(32) };
const BOARDS: readonly MergedOption[] = [
  {
    ...OF,
    option: 'vtor',
    state: 'contradicted',
    values: [
      { value: 'keeps', contributors: 1, replayed: false },
      { value: 'sets', contributors: 1, replayed: true },
    ],
  },
  { ...OF, option: 'primask', state: 'measured', values: [{ value: 'clears', contributors: 2, replayed: false }] },
];
const measured = MEASURED as MergedOption[];
beforeAll(() => void measured.unshift(...BOARDS));
afterAll(() => void measured.splice(0, BOARDS.length));

const ROOT = join(import.meta.dirname, '../..');
const run = (fixture: string, ...more: readonly string[]) =>
  cli(['run', join(ROOT, 'fixtures', fixture, 'firmware.elf'), '--chip', 'stm32f405rg', ...more], {
    bench: (job) => Promise.resolve(runBench(jobInput(job))),
  });

it('a contradiction is told in the ledger and in every report that hangs on the option', async () => {
  const ledger = (await cli(['chips', 'stm32f405rg'])).out.replace(/\s+/g, ' ');
  expect(ledger).toContain(
    'boards contradict each other, so both values are open: ROM abababababab: keeps (1 contributor), sets (1 contributor, record replayed)',
  );
  const { out } = await run('f405-bare-jump', '-v');
  expect(out.replace(/\s+/g, ' ')).toContain(
    'vtor: sets (assumed: boards contradict each other); with --rom-option vtor=keeps the outcome is',
  );
  const short = await run('f405-bare-jump');
  expect(short.out.replace(/\s+/g, ' ')).toContain('sets VTOR itself (assumed: boards contradict each other)');
});
it('a measured value is the stand-in’s, and no doubt any more', async () => {
  const ledger = (await cli(['chips', 'stm32f405rg'])).out.replace(/\s+/g, ' ');
  expect(ledger).toMatch(/primask: clears \(else keeps\) measured ROM abababababab: clears \(2 contributors\)/);
  // it jumps with PRIMASK set
  const { code, out } = await run('f405-masked', '--json', '-');
  const result = JSON.parse(out) as { outcome: string; dependsOn: { rom: string; confidence: string }[] };
  expect([code, result.outcome]).toEqual([0, 'dfu']);
  expect(result.dependsOn.filter((d) => d.rom === 'primask').map((d) => d.confidence)).toEqual(
    result.dependsOn.some((d) => d.rom === 'primask') ? ['measured'] : [],
  );
});
