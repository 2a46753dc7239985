/** `bootbench compare`: two results, boards' reports, or scenarios and firmware that are run first. */
import { BOARD_SCHEMA, compareEntries, viewOfBoard, viewOfRun, type EntryView } from '../bench/documents/compare-entry.ts';
import { compareRuns } from '../bench/documents/compare.ts';
import { tooMuchIn } from '../bench/documents/json-bounds.ts';
import { RUN_SCHEMA, type RunResult } from '../bench/documents/result.ts';
import { serialise } from '../bench/documents/serialise.ts';
import type { RunJob } from '../bench/input/job.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { findChip } from '../chips/index.ts';
import { compareReport, type ComparedRun } from '../report/compare.ts';
import type { Bench } from './engine.ts';
import { loadJob, readInput } from './inputs.ts';
import { shownPathsIn, withShownPaths } from '../report/shown-paths.ts';
import { dirname, resolve } from 'node:path';
import { sourcesOf } from './sources.ts';
import { EXIT, Interrupted, milliseconds, paintFor, type Io } from './io.ts';
import { interruptible } from './interruptible.ts';

export interface CompareCommandOptions {
  readonly quiet?: boolean;
  readonly color?: boolean;
  readonly wall?: string;
}

export async function compareCommand(a: string, b: string, options: CompareCommandOptions, io: Io, bench: Bench): Promise<number> {
  // both are read and checked before the first is run
  const sources = [await open(a, options, io), await open(b, options, io)] as const;
  const sides: Side[] = [];
  const began = milliseconds();
  for (const source of sources) {
    if ('board' in source) {
      sides.push({ path: source.path, run: null, folder: io.cwd, view: source.board });
      continue;
    }
    const result =
      'result' in source
        ? source.result
        : await interruptible(io, options.quiet !== true, async ({ interrupted, stop, progress }) => {
            const ended = await bench(withRest(source.job, began), { stop, ...(progress && { progress }) });
            const signal = interrupted();
            if (signal !== null) throw new Interrupted(signal, `${source.path}: the run was interrupted, so there is nothing to compare`);
            if (ended.ended.reason === 'wall')
              throw new UsageError(`${source.path}: the run was not finished within --wall, so there is nothing to compare`);
            return ended;
          });
    const folder = 'job' in source && isJson(source.path) ? dirname(resolve(io.cwd, source.path)) : io.cwd;
    sides.push({ path: source.path, run: result, folder, view: viewOfRun(result) });
  }
  const [first, second] = sides as [Side, Side];
  const differences = first.run && second.run ? compareRuns(first.run, second.run) : compareEntries(first.view, second.view);
  if (options.quiet !== true) {
    const paint = paintFor(io, io.stdout, options.color !== false);
    const firstStage = findChip(first.view.chip)?.boot?.find((r) => r.firstStage !== undefined)?.firstStage ?? null;
    const [a, b] = [first, second].map((side) => withPaths(side, io)) as [Told, Told];
    const rows = differences.map((d) => ({ ...d, a: a.shown(d.a), b: b.shown(d.b) }));
    io.stdout.write(compareReport(a.compared, b.compared, rows, { paint, width: io.stdout.columns, firstStage }));
  }
  return differences.length === 0 ? EXIT.ok : EXIT.failed;
}

/** Both runs share the time of --wall. */
function withRest(job: RunJob, began: number): RunJob {
  const { wallMs } = job.limits;
  return wallMs === null ? job : { ...job, limits: { ...job.limits, wallMs: Math.max(1, wallMs - (milliseconds() - began)) } };
}
interface Side {
  readonly path: string;
  /** Null: a board. */
  readonly run: RunResult | null;
  /** What its images' paths begin at. */
  readonly folder: string;
  readonly view: EntryView;
}
interface Told {
  readonly compared: ComparedRun;
  readonly shown: (text: string) => string;
}
/** Sources by the paths that a user can open. Both sides are compared before: the same file of two folders is no difference. */
function withPaths(side: Side, io: Io): Told {
  const { run, folder } = side;
  if (run === null) return { compared: comparedOf(side), shown: (text) => text };
  const sources = sourcesOf({ images: run.images.map((i) => i.path), folder, io });
  return { compared: withShownPaths(comparedOf(side), sources), shown: shownPathsIn(sources) };
}
const comparedOf = ({ path, run, view }: Side): ComparedRun => ({
  path,
  summary: view.summary,
  how: view.entry?.how,
  neverJumped: run?.outcome === 'no-jump' && run.entries.length === 0,
});

type Source = { readonly path: string } & (
  { readonly board: EntryView } | { readonly result: RunResult } | { readonly job: Awaited<ReturnType<typeof loadJob>> }
);

/** Told apart by `schema`. What is no result is read as a scenario, which says what is wrong with it. */
async function open(path: string, limits: Pick<CompareCommandOptions, 'wall'>, io: Io): Promise<Source> {
  const text = new TextDecoder().decode(readInput(path, isJson(path) ? 'result' : 'image', io.cwd));
  const document = parsed(text, path);
  if (document?.schema === BOARD_SCHEMA) {
    const board = viewOfBoard(document);
    if (board === null) throw new UsageError(`${path} is not a complete ${BOARD_SCHEMA} result of \`board check\` or \`board run\``);
    return { path, board };
  }
  if (document === null || document.schema !== RUN_SCHEMA) return { path, job: await jobOf(path, document === null, limits, io) };
  const result = document as RunResult;
  try {
    // refuses what is not of the published form
    serialise(result);
  } catch (error) {
    throw new UsageError(`${path} is not a complete ${RUN_SCHEMA} result: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { path, result };
}
/** A scenario, or firmware, which is run as `bootbench run` does where nothing else is said. */
function jobOf(path: string, isFirmware: boolean, { wall }: Pick<CompareCommandOptions, 'wall'>, io: Io): ReturnType<typeof loadJob> {
  const limits = wall === undefined ? {} : { wall };
  return isFirmware && !isJson(path) ? loadJob([path], limits, io.cwd) : loadJob([], { scenario: path, ...limits }, io.cwd);
}
const isJson = (path: string): boolean => /\.json$/i.test(path);
function parsed(text: string, path: string): { readonly schema?: unknown } | null {
  // firmware may hold any number of commas
  const why = /^\s*[[{]/.test(text) ? tooMuchIn(text) : null;
  if (why !== null) throw new UsageError(`${path}: ${why}`, 'is it the right file?');
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}
