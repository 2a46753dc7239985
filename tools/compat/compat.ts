/**
 * Firmware of other projects, as its users have it: `npm run compat -- <folder of images> [--only <part of a name>] [--reports <folder>] [--write]`.
 *
 * docs/compat.json lists the images: repository, commit, path, SHA-256, the part and what the firmware does, each with the file of that repository that says so. The images
 * themselves are not here; the folder may hold them under any name. Each runs as `bootbench run <image>` does, without `--chip`, for VIRTUAL of its own time and at most
 * WALL of yours. Where no part is concluded, the run that shows what the firmware does names it.
 * `--reports` keeps the first screen and `-v` of each; `--write` writes docs/compat-table.md. Exit 0: no part is silently wrong, and no expected behaviour is missing.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inferChip } from '../../src/bench/input/infer-chip.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { RunTrace } from '../../src/bench/documents/trace-types.ts';
import { UsageError } from '../../src/bench/documents/usage-error.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob, type RunOptions } from '../../src/cli/inputs.ts';
import { ImageError } from '../../src/image/image.ts';
import { shortReport } from '../../src/report/short.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { modelledPart, partMark, whyNot, type CompatImage, type Concluded } from './judge.ts';
import { compatPage, summary, type Row } from './page.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    list: { type: 'string', default: 'docs/compat.json' },
    reports: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const [folder] = positionals;
if (folder === undefined || positionals.length > 1) {
  console.error('usage: npm run compat -- <folder of images> [--only <part of a name>] [--reports <folder>] [--write]');
  process.exit(2);
}

/** Time of the firmware, and of the person who waits. */
const VIRTUAL = '5s';
const WALL = '20s';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const found = new Map<string, string>();
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
  if (entry.isFile()) {
    const path = join(entry.parentPath, entry.name);
    found.set(sha256(readFileSync(path)), path);
  }

/** As a user types it: a raw image with its address. */
const typed = (image: CompatImage, path: string): string => (image.path.endsWith('.bin') ? `${path}@0x08000000` : path);

function concluded(path: string, bytes: Uint8Array): Concluded {
  try {
    const { chip, alike, guess } = inferChip([{ path, bytes }]);
    return { chip: chip.name, alike, guess, refused: '' };
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ImageError)) throw error;
    return { chip: null, alike: [], guess: false, refused: error.message };
  }
}

/** CPU seconds of all threads that it took. */
async function timed<T>(work: () => T | Promise<T>): Promise<{ value: T; seconds: number }> {
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (user + system) / 1e6 };
}

async function run(path: string, chip: string | null): Promise<{ result: RunResult<string>; trace: RunTrace | null }> {
  let trace: RunTrace | null = null;
  const options: RunOptions = { until: VIRTUAL, wall: WALL, ...(chip === null ? {} : { chip: chip.toLowerCase(), trigger: true }) };
  const job = await loadJob([path], options, process.cwd());
  const result = await inThread(job, { trace: (t) => (trace = t) });
  return { result, trace };
}

function keep(name: string, result: RunResult<string>): void {
  if (values.reports === undefined) return;
  mkdirSync(values.reports, { recursive: true });
  writeFileSync(join(values.reports, `${name}.txt`), `${shortReport(result)}\n${terminalReport(result)}`);
  writeFileSync(join(values.reports, `${name}.json`), JSON.stringify(result));
}

async function row(image: CompatImage, name: string): Promise<Row | null> {
  const path = found.get(image.sha256);
  if (path === undefined) return null;
  const as = typed(image, path);
  const part = await timed(() => concluded(as, readFileSync(path)));
  const mark = partMark(image, part.value);
  const chip = part.value.chip === null ? modelledPart(image) : null;
  const said = part.value.chip ?? part.value.refused.replaceAll(as, '').trim();
  const base = { image, mark, said, identified: part.seconds };
  if (image.does === undefined && (part.value.chip === null || values.reports === undefined)) return { ...base, behaviour: null, ran: 0 };
  if (part.value.chip === null && chip === null) return { ...base, behaviour: null, ran: 0 };
  try {
    const { value, seconds } = await timed(() => run(as, chip));
    keep(name, value.result);
    return {
      ...base,
      behaviour: image.does === undefined ? null : (whyNot(image.does, value.result, value.trace) ?? 'right'),
      ran: seconds,
    };
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ImageError)) throw error;
    return { ...base, behaviour: image.does === undefined ? null : error.message, ran: 0 };
  }
}

const { images } = JSON.parse(readFileSync(values.list, 'utf8')) as { readonly images: readonly CompatImage[] };
const rows: Row[] = [];
let absent = 0;
for (const [i, image] of images.entries()) {
  const name = `${String(i).padStart(3, '0')} ${image.repository} ${image.path}`;
  if (!name.includes(values.only)) continue;
  const made = await row(image, name.replace(/[^\w.-]+/g, '_'));
  if (made === null) {
    absent++;
    continue;
  }
  rows.push(made);
  const wrong = [made.mark === 'right' ? '' : `part: ${made.mark}, ${made.said}`, made.behaviour === 'right' ? '' : (made.behaviour ?? '')];
  console.log(`${name}  ${made.identified.toFixed(2)} s, ${made.ran.toFixed(1)} s  ${wrong.filter(Boolean).join('; ') || 'right'}`);
}
console.log(`\n${summary(rows, absent).join('\n')}`);
if (values.write) writeFileSync('docs/compat-table.md', compatPage(rows, absent, { virtual: VIRTUAL, wall: WALL }));
process.exitCode = rows.every((r) => r.mark !== 'silent' && (r.behaviour ?? 'right') === 'right') ? 0 : 1;
