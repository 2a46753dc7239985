/**
 * What the reports make of results, and which of them tell each field: the short report of some fixtures, and for each field of their results, left out and otherwise, which reports say something
 * else then (each-field/*.txt): short at two widths, terminal, all checks, HTML, findings, patch; a digest of the lines that are others, `.` where none is, `!` where nothing can be told. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
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
import { digest } from '../digest.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const SCENARIOS = [
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
];
const linesOf = (report: string): string[] => report.split(/\n|(?<=>)/);
/** A digest of the lines that are others than before. */
function told(report: (r: RunResult) => string, result: RunResult, before: ReadonlySet<string>): string {
  try {
    const lines = linesOf(report(result));
    const now = new Set(lines);
    const others = [...lines.filter((line) => !before.has(line)), '', ...[...before].filter((line) => !now.has(line))];
    return others.length === 1 ? '.' : digest(others.join('\n')).slice(0, 4);
  } catch {
    return '!';
  }
}

it.each(SCENARIOS)('%s: what is told of each field is what was told', async (scenario) => {
  const whole = await inThread(await loadJob([], { scenario }, FIXTURES), {});
  const mostTelling = whole.checks.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'n/a').concat(whole.checks);
  const result: RunResult = { ...whole, version: '1.0.0', checks: [...new Set(mostTelling)].slice(0, 4) };
  const sources = sourcesOf({ images: [`${dirname(scenario)}/firmware.elf`], folder: FIXTURES, io: { cwd: FIXTURES, env: {} } });
  const reports = reportsOf(sources);
  const before = reports.map((report) => new Set(linesOf(report(result))));
  const row = (path: Path, change: (value: unknown) => unknown): string => {
    const now = changed(result, path, change);
    return reports.map((report, i) => told(report, now, before[i]!)).join(' ');
  };
  const rows = [...pathsOf(result)]
    .map((path) => `${path.join('.')}: ${row(path, () => null)} | ${row(path, otherwise)}`)
    .filter((line) => /: .*[^.| ]/.test(line));
  expect(rows.length).toBeGreaterThan(40);
  const name = scenario.replace('/scenario', '').replace('.json', '');
  const words = shortReport(whole, { width: 80, sources });
  expectAsBefore([words, ...rows], new URL(`./each-field/${name}.txt`, import.meta.url));
});
