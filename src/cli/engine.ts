/** Runs jobs, in threads of their own where there is a build: Ctrl-C is heard by the main thread, which raises a flag in shared memory that the machine looks at now and then. */
import type { Worker } from 'node:worker_threads';
import type { RunTrace } from '../bench/documents/trace-types.ts';
import type { RunResult } from '../bench/documents/result.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { jobInput, type RunHooks, type RunJob } from '../bench/input/job.ts';
import { IMPORT } from './import.ts';
import { milliseconds } from './io.ts';
import { prepareEngine } from './prepare-engine.ts';
import { hasThreads, newThread, type JobData, type JobMessage } from './threads.ts';

export interface BenchHooks {
  /** Aborted: the run ends soon and still gives its result. */
  readonly stop?: AbortSignal;
  readonly progress?: (text: string, detail?: boolean) => void;
  /** Wanted: what is known before the run is over. */
  readonly found?: (text: string) => void;
  /** Wanted: what translated code did, at the end. */
  readonly stats?: (text: string) => void;
  /** Wanted: the full event stream. */
  readonly trace?: (trace: RunTrace) => void;
}
export type Bench = (job: RunJob, hooks: BenchHooks) => Promise<RunResult>;

export const runJob = (job: RunJob, hooks: BenchHooks): Promise<RunResult<string>> =>
  hasThreads() ? inWorker(job, hooks) : inThread(job, hooks);

/** In the thread of the caller. `stopped` is asked now and then; where it cannot be told of Ctrl-C, that ends the program without a result. */
export async function inThread(
  job: RunJob,
  hooks: BenchHooks,
  stopped: () => boolean = () => hooks.stop?.aborted === true,
): Promise<RunResult<string>> {
  const { runBench } = await import('../bench/run.ts');
  await prepareEngine(job);
  const runHooks: RunHooks = {
    signal: stopped,
    clock: milliseconds,
    // a trigger that is searched for, and a control run, share the time of --wall
    startedAt: milliseconds(),
    memoryUse: () => process.memoryUsage.rss(),
    ...(hooks.progress === undefined ? {} : { progress: hooks.progress }),
    ...(hooks.found === undefined ? {} : { found: hooks.found }),
    ...(hooks.stats === undefined ? {} : { stats: hooks.stats }),
    ...(hooks.trace === undefined ? {} : { trace: hooks.trace }),
    ...(job.devices === undefined ? {} : await (await import('../library/outside.ts')).outsideOf(job, IMPORT.module)),
  };
  return job.trigger === true ? (await import('../bench/first-run.ts')).firstRun(job, runHooks) : runBench(jobInput(job, runHooks));
}

/** Threads without a job. They hold nothing up: what they have compiled and optimised serves the next job. */
const waiting: Worker[] = [];

function inWorker(job: RunJob, hooks: BenchHooks): Promise<RunResult<string>> {
  const stop = new SharedArrayBuffer(4);
  const data: JobData = {
    kind: 'job',
    job,
    stop,
    progress: hooks.progress !== undefined,
    found: hooks.found !== undefined,
    stats: hooks.stats !== undefined,
    trace: hooks.trace !== undefined,
  };
  return new Promise((settle, fail) => {
    const worker = waiting.pop() ?? newThread();
    worker.ref();
    const raise = (): void => void Atomics.store(new Int32Array(stop), 0, 1);
    if (hooks.stop?.aborted === true) raise();
    hooks.stop?.addEventListener('abort', raise);
    const end = (keep: boolean, finish: () => void): void => {
      hooks.stop?.removeEventListener('abort', raise);
      // not all listeners: some are Node's own
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      if (!keep) return void worker.terminate().then(finish, finish);
      worker.unref();
      waiting.push(worker);
      finish();
    };
    const onMessage = (message: JobMessage): void => {
      if (message.kind === 'progress') hooks.progress?.(message.text, message.detail);
      else if (message.kind === 'found') hooks.found?.(message.text);
      else if (message.kind === 'stats') hooks.stats?.(message.text);
      else if (message.kind === 'trace') hooks.trace?.(message.trace);
      else if (message.kind === 'result') end(true, () => settle(message.result));
      else {
        const { usage, message: text, kind: _, ...more } = message;
        end(usage, () => fail(usage ? new UsageError(text) : Object.assign(new Error(text), more)));
      }
    };
    const onError = (error: Error): void => end(false, () => fail(error));
    const onExit = (code: number): void =>
      end(false, () => fail(new Error(`the worker ended with exit code ${code} before it returned a result`)));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(data);
  });
}
