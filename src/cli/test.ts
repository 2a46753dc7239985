/** `bootbench test`: runs every scenario that says what it expects, several at once, and says which do not hold. */
import { availableParallelism } from 'node:os';
import { judge } from '../bench/expect.ts';
import { UsageError } from '../bench/usage-error.ts';
import { ImageError } from '../emu/image/image.ts';
import type { JUnitCase } from '../report/junit.ts';
import { printable } from '../report/text.ts';
import type { Bench } from './engine.ts';
import { findScenarios } from './find-scenarios.ts';
import { loadJob, readScenario } from './inputs.ts';
import { EXIT, paintFor, type Io } from './io.ts';
import { Outputs } from './outputs.ts';
import { interruptible } from './run.ts';

export interface TestOptions {
  readonly junit?: string;
  readonly jobs?: string;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

interface Outcome {
  readonly path: string;
  readonly seconds: number;
  /** Empty = it holds. */
  readonly failures: readonly string[];
  /** The scenario could not be run. */
  readonly error: boolean;
  /** A defect of bootbench, not of the scenario. */
  readonly internal: boolean;
}

export async function testCommand(patterns: readonly string[], options: TestOptions, io: Io, bench: Bench): Promise<number> {
  const jobs = options.jobs === undefined ? availableParallelism() : Number(options.jobs);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 256)
    throw new UsageError(`--jobs: ${JSON.stringify(options.jobs)} is not a number from 1 to 256`);
  const found = [...new Set(patterns.flatMap((pattern) => findScenarios(pattern, io.cwd)))];
  const outputs = new Outputs(
    options.junit === undefined || options.junit === '-' ? [] : [{ option: '--junit', path: options.junit }],
    io.cwd,
  );
  try {
    const started = performance.now();
    const outcomes = await interruptible(io, false, ({ stop }) => runAll(found, jobs, options, io, bench, stop));
    if (outcomes.length === 0) throw new UsageError(`no scenario with "expect" in ${patterns.join(', ')}`);
    const held = outcomes.filter((o) => o.failures.length === 0).length;
    if (options.junit !== undefined) await writeJUnit(outcomes, options.junit, outputs, io);
    const stream = options.junit === '-' ? io.stderr : io.stdout;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    stream.write(`${held} of ${outcomes.length} scenarios hold, ${seconds} s\n`);
    if (outcomes.some((o) => o.internal)) return EXIT.internal;
    return held === outcomes.length ? EXIT.ok : EXIT.failed;
  } finally {
    outputs.discard();
  }
}

async function runAll(
  paths: readonly string[],
  jobs: number,
  options: TestOptions,
  io: Io,
  bench: Bench,
  stop: AbortSignal,
): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  const queue = [...paths];
  const stream = options.junit === '-' ? io.stderr : io.stdout;
  const paint = paintFor(io, stream, options.color !== false);
  const work = async (): Promise<void> => {
    for (let path = queue.shift(); path !== undefined && !stop.aborted; path = queue.shift()) {
      const outcome = await runOne(path, io, bench, stop);
      if (outcome === null) continue;
      outcomes.set(path, outcome);
      const holds = outcome.failures.length === 0;
      if (holds && options.quiet === true) continue;
      const word = holds ? paint('green', 'ok  ') : paint('red', outcome.error ? 'ERR ' : 'FAIL');
      const details = outcome.failures.map((failure) => `       ${printable(failure)}\n`).join('');
      stream.write(`${word} ${printable(path)} (${outcome.seconds.toFixed(1)} s)\n${details}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, paths.length) }, work));
  return paths.flatMap((path) => outcomes.get(path) ?? []);
}

/** null = a scenario that expects nothing: it cannot fail, so it is no test. */
async function runOne(path: string, io: Io, bench: Bench, stop: AbortSignal): Promise<Outcome | null> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    const { expect } = await readScenario(path, io.cwd);
    if (!expect) return null;
    const job = await loadJob([], { scenario: path }, io.cwd);
    const result = await bench(job, { stop });
    if (result.ended.reason === 'signal') return { path, seconds: seconds(), failures: ['interrupted'], error: true, internal: false };
    return { path, seconds: seconds(), failures: judge(result, expect).failures, error: false, internal: false };
  } catch (error) {
    const internal = !(error instanceof UsageError || error instanceof ImageError);
    const text = error instanceof Error ? error.message : String(error);
    return { path, seconds: seconds(), failures: [internal ? `internal error: ${text}` : text], error: true, internal };
  }
}

async function writeJUnit(outcomes: readonly Outcome[], path: string, outputs: Outputs, io: Io): Promise<void> {
  const { junit } = await import('../report/junit.ts');
  const cases = outcomes.map(({ path: name, seconds, failures, error }): JUnitCase => {
    const failure = failures.length === 0 ? null : { message: failures.join('; '), text: failures.join('\n') };
    return { name, className: 'bootbench', seconds, failure, error };
  });
  const text = junit(cases);
  if (path === '-') io.stdout.write(text);
  else outputs.write('--junit', text);
}
