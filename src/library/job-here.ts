/** A job in the thread that asks for it: a worker's, or the caller's where there are no workers. */
import { firstRun } from '../bench/first-run.ts';
import { jobInput, type RunHooks, type RunJob } from '../bench/input/job.ts';
import type { RunResult } from '../bench/documents/result.ts';
import { runBench } from '../bench/run.ts';
import type { JobHooks } from './host.ts';
import type { FromWorker, ToWorker } from './job-messages.ts';
import { outsideOf } from './outside.ts';

/** Blocks the thread until the run is over. */
export function runHere(
  job: RunJob,
  { signal, progress, trace, outside, atEntry }: JobHooks & Pick<RunHooks, 'trace' | 'outside' | 'atEntry'>,
): RunResult<string> {
  signal?.throwIfAborted();
  const hooks = {
    clock: () => performance.now(),
    ...(progress === undefined ? {} : { progress }),
    ...(trace === undefined ? {} : { trace }),
    ...(outside === undefined ? {} : { outside }),
    ...(atEntry === undefined ? {} : { atEntry }),
  };
  return job.trigger === true || job.surroundings === true ? firstRun(job, hooks) : runBench(jobInput(job, hooks));
}

/** Serves one job; the worker is kept for the next one. */
export async function serveJob({ job, progress }: ToWorker, send: (message: FromWorker) => void): Promise<void> {
  try {
    const outside = await outsideOf(job, (href) => import(/* @vite-ignore */ href));
    const result = runHere(job, {
      ...outside,
      ...(progress ? { progress: (text, detail = false) => send({ kind: 'progress', text, detail }) } : {}),
    });
    send({ kind: 'result', result });
  } catch (error) {
    const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
    send({ kind: 'error', message, stack });
  }
}
