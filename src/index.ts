/** The library: `import { bench } from 'bootbench'`. Bytes in, result out. */
import { jobInput } from './bench/job.ts';
import type { RunResult } from './bench/result.ts';
import { runBench } from './bench/run.ts';
import { libraryJob, type BenchOptions } from './library.ts';

export type * from './bench/result.ts';
export type { BenchOptions } from './library.ts';
export type { Scenario, ScenarioDocument, Step, StepAction, Expect, Board } from './bench/scenario-types.ts';
export { judge, type Judgement } from './bench/expect.ts';
export { serialise } from './bench/serialise.ts';
export { UsageError } from './bench/usage-error.ts';
export { ImageError } from './emu/image/errors.ts';
export { terminalReport } from './report/terminal.ts';
export { CHIPS, findChip, suggestChips } from './chips/index.ts';

/** Runs firmware. Wrong input is a UsageError or an ImageError; everything that the firmware does wrong is in the result. */
export async function bench(options: BenchOptions): Promise<RunResult> {
  return runBench(jobInput(await libraryJob(options), options.signal === undefined ? {} : { signal: options.signal }));
}
