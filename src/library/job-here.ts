/** A job in the thread that asks for it: a worker's, or the caller's where there are no workers. */
import { firstRun } from '../bench/first-run.ts';
import { jobInput, type RunHooks, type RunJob } from '../bench/job.ts';
import type { RunResult } from '../bench/result.ts';
import { runBench } from '../bench/run.ts';
import type { JobHooks } from './host.ts';
import type { FromWorker, ToWorker } from './job-messages.ts';

/** Blocks the thread until the run is over. */
export function runHere(job: RunJob, { signal, progress, trace }: JobHooks & Pick<RunHooks, 'trace'>): RunResult {
  signal?.throwIfAborted();
  const hooks = {
    clock: () => performance.now(),
    ...(progress === undefined ? {} : { progress }),
    ...(trace === undefined ? {} : { trace }),
  };
  return job.trigger === true ? firstRun(job, hooks) : runBench(jobInput(job, hooks));
}

/** Serves one job; the worker is kept for the next one. */
export function serveJob({ job, progress }: ToWorker, send: (message: FromWorker) => void): void {
  try {
    const result = runHere(job, progress ? { progress: (text) => send({ kind: 'progress', text }) } : {});
    send({ kind: 'result', result });
  } catch (error) {
    const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
    send({ kind: 'error', message, stack });
  }
}
