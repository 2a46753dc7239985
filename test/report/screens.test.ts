/** The first screens of six fixtures (screens/*.txt, which `BOOTBENCH_GOLDEN=write` writes anew), and that what a result says is told by some report. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { sourcesOf } from '../../src/cli/sources.ts';
import { findingsOf } from '../../src/report/findings.ts';
import { htmlReport } from '../../src/report/html.ts';
import { patchOf } from '../../src/report/patch.ts';
import { shortReport } from '../../src/report/short.ts';
import type { Sources } from '../../src/report/source-lines.ts';
import { checksReport, terminalReport } from '../../src/report/terminal.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { shownFacts } from '../../web/told.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const SCENARIOS = [
  'h533-seed000-fixed/scenario.json',
  'h533-basepri/scenario.json',
  'f405-own-crash/scenario.json',
  'h533-stuck-pka/scenario.json',
  'l476-leave-vtor/scenario.json',
  'l496-seed003-as-posted/scenario.no-driver.json',
];
/** Elements of a list that are looked into. */
const OF_A_LIST = 2;

type Path = readonly (string | number)[];
type Json = Record<string | number, unknown>;
function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (typeof value !== 'object' || value === null) return;
  const keys = Array.isArray(value) ? [...value.keys()].slice(0, OF_A_LIST) : Object.keys(value);
  for (const key of keys) yield* pathsOf((value as Json)[key], [...path, key]);
}
/** Another value of the same type. */
function otherwise(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return /^\d/.test(value) ? `1${value}` : `${value} and more`;
  return Array.isArray(value) ? [...(value as unknown[]), ...(value as unknown[])] : value;
}
function changed(result: RunResult, path: Path, change: (value: unknown) => unknown): RunResult {
  const copy = structuredClone(result);
  const last = path.at(-1)!;
  const parent = path.slice(0, -1).reduce<Json>((at, key) => at[key] as Json, copy as unknown as Json);
  parent[last] = change(parent[last]);
  return copy;
}

const reportsOf = (sources: Sources): readonly ((r: RunResult) => string)[] => [
  (r) => shortReport(r, { width: 80, sources }),
  (r) => shortReport(r, { width: 40, embedded: true }),
  (r) => terminalReport(r, { width: 100 }),
  (r) => checksReport(r, { width: 100 }),
  (r) => htmlReport(r, { sources }),
  (r) => JSON.stringify(findingsOf('scenario.json', r, ['it fails'], sources)),
  (r) => JSON.stringify(patchOf(r, sources)),
  (r) => JSON.stringify(shownFacts(r, sources)),
];
/** Fields by which a person would judge otherwise. */
const TELLING = /^(outcome|summary|resets|stuck|diagnosis\.causes|checks|usb\.sessions|notes|console|rom\.(id|version|kind)|chip|seed)/;
/** What nobody is told: what the others say already. */
const UNTOLD =
  /registers|flags|\.about|\.(core|at|pc|address|seq|source|cycle|because|how|reached|servedBy|bcdDevice|altSettings|endedAt|endedBy|attached|kind|force|confidence|explanation|repair|symbol)$/;

const sourcesFor = (scenario: string): Sources =>
  sourcesOf({
    images: [`${dirname(scenario)}/firmware.elf`],
    folder: FIXTURES,
    io: { cwd: FIXTURES, env: { HOME: dirname(FIXTURES) } },
  });

it.each(SCENARIOS)('%s: the first screen is the one that was read, and no telling field is kept back', async (scenario) => {
  const result = await inThread(await loadJob([], { scenario }, FIXTURES), {});
  const sources = sourcesFor(scenario);
  const reports = reportsOf(sources);
  const before = reports.map((report) => report(result));
  const told = (path: Path): boolean => {
    const now = changed(result, path, otherwise);
    try {
      return reports.some((report, i) => report(now) !== before[i]);
    } catch {
      // a value that no report can make anything of is not kept back
      return true;
    }
  };
  // where a run waits, and who called that, is told from the facts of those notes
  const isLoop = ([key, i]: Path): boolean => key === 'notes' && ['loop', 'calls'].includes(result.notes[Number(i)]?.about?.is ?? '');
  const telling = [...pathsOf(result)].filter((path) => TELLING.test(path.join('.')) && !UNTOLD.test(path.join('.')) && !isLoop(path));
  const leaves = telling.filter((path) => typeof path.reduce<unknown>((at, key) => (at as Json)[key], result) !== 'object');
  expect(leaves.length).toBeGreaterThan(10);
  expect(leaves.filter((path) => !told(path)).map((path) => path.join('.'))).toEqual([]);
  const name = scenario.replace('/scenario', '').replace('.json', '');
  expectAsBefore(
    shortReport({ ...result, version: '1.0.0' }, { width: 80, sources }).split('\n'),
    new URL(`./screens/${name}.txt`, import.meta.url),
  );
});

it('start-up code that clears a request is in the repository as well: the finding stands at the declaration that mends it', async () => {
  const scenario = 'f405-request-bss-delayed/scenario.json';
  const result = await inThread(await loadJob([], { scenario }, FIXTURES), {});
  const sources = sourcesFor(scenario);
  expect(result.diagnosis.causes[0]).toMatchObject({ id: 'magic-survives', lastWriter: { symbol: 'Reset_Handler' } });
  const [found] = findingsOf('scenario.json', result, ['it fails'], sources);
  const { hunks } = patchOf(result, sources);
  expect([found!.line, found!.file.endsWith('f405-request.c')]).toEqual([hunks[0]!.line, true]);
});
