/** `bootbench compare`: two results, or two scenarios that are run first. */
import { compareRuns } from '../bench/compare.ts';
import { RUN_SCHEMA, type RunResult } from '../bench/result.ts';
import { serialise } from '../bench/serialise.ts';
import { UsageError } from '../bench/usage-error.ts';
import { findChip } from '../chips/index.ts';
import { compareReport, type ComparedRun } from '../report/compare.ts';
import type { Bench } from './engine.ts';
import { loadJob, readInput } from './inputs.ts';
import { EXIT, paintFor, type Io } from './io.ts';
import { interruptible } from './run.ts';

export interface CompareCommandOptions {
  readonly quiet?: boolean;
  readonly color?: boolean;
}

export async function compareCommand(a: string, b: string, options: CompareCommandOptions, io: Io, bench: Bench): Promise<number> {
  // both are read and checked before the first is run
  const sources = [await open(a, io), await open(b, io)] as const;
  const runs: ComparedRun[] = [];
  for (const source of sources) {
    const result =
      'result' in source ? source.result : await interruptible(io, options.quiet !== true, (hooks) => bench(source.job, hooks));
    if (result.ended.reason === 'signal') throw new UsageError(`${source.path}: interrupted, nothing to compare`);
    runs.push({ path: source.path, result });
  }
  const [first, second] = runs as [ComparedRun, ComparedRun];
  const differences = compareRuns(first.result, second.result);
  if (options.quiet !== true) {
    const paint = paintFor(io, io.stdout, options.color !== false);
    const firstStage = findChip(first.result.chip)?.boot?.find((r) => r.firstStage !== undefined)?.firstStage ?? null;
    io.stdout.write(compareReport(first, second, differences, { paint, width: io.stdout.columns, firstStage }));
  }
  return differences.length === 0 ? EXIT.ok : EXIT.failed;
}

type Source = { readonly path: string } & ({ readonly result: RunResult } | { readonly job: Awaited<ReturnType<typeof loadJob>> });

/** Told apart by `schema`. What is no result is read as a scenario, which says what is wrong with it. */
async function open(path: string, io: Io): Promise<Source> {
  const document = parsed(new TextDecoder().decode(readInput(path, io.cwd)));
  if (document === null || document.schema !== RUN_SCHEMA) return { path, job: await jobOf(path, document === null, io) };
  const result = document as RunResult;
  try {
    // refuses what is not of the published form
    serialise(result);
  } catch (error) {
    throw new UsageError(`${path} is not a whole ${RUN_SCHEMA}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { path, result };
}
/** A scenario, or firmware, which is run as `bootbench run` does where nothing else is said. */
const jobOf = (path: string, isFirmware: boolean, io: Io): ReturnType<typeof loadJob> =>
  isFirmware && !/\.json$/i.test(path) ? loadJob([path], {}, io.cwd) : loadJob([], { scenario: path }, io.cwd);
function parsed(text: string): { readonly schema?: unknown } | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}
