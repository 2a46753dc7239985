/**
 * Runs jobs in a worker thread. The machine keeps its thread busy for seconds; Ctrl-C is heard by the main thread, which raises a flag in
 * shared memory that the machine looks at now and then.
 */
import type { RunResult } from '../bench/result.ts';
import { UsageError } from '../bench/usage-error.ts';
import { jobInput, type RunJob } from '../bench/job.ts';
import { hasWorker, takeWorker } from './early-worker.ts';
import { prepareEngine } from './prepare-engine.ts';

export interface BenchHooks {
  /** Aborted: the run ends soon and still gives its result. */
  readonly stop?: AbortSignal;
  readonly progress?: (text: string) => void;
  /** Wanted: what translated code did, at the end. */
  readonly stats?: (text: string) => void;
}
export type Bench = (job: RunJob, hooks: BenchHooks) => Promise<RunResult>;

/** What the worker sends back, once it has been sent its WorkerData. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'stats'; readonly text: string }
  | { readonly kind: 'result'; readonly result: RunResult }
  | { readonly kind: 'error'; readonly usage: boolean; readonly message: string; readonly stack: string };

export interface WorkerData {
  readonly job: RunJob;
  /** One word, not 0 = stop. */
  readonly stop: SharedArrayBuffer;
  readonly progress: boolean;
  readonly stats: boolean;
}

export const runJob: Bench = (job, hooks) => (hasWorker() ? inWorker(job, hooks) : inThread(job, hooks));

/** For sources that run without a build; Ctrl-C then ends the program without a result. */
export async function inThread(job: RunJob, hooks: BenchHooks): Promise<RunResult> {
  const { runBench } = await import('../bench/run.ts');
  await prepareEngine(job);
  return runBench(
    jobInput(job, {
      signal: () => hooks.stop?.aborted === true,
      clock: () => performance.now(),
      memoryUse: () => process.memoryUsage.rss(),
      ...(hooks.progress === undefined ? {} : { progress: hooks.progress }),
      ...(hooks.stats === undefined ? {} : { stats: hooks.stats }),
    }),
  );
}

function inWorker(job: RunJob, hooks: BenchHooks): Promise<RunResult> {
  const stop = new SharedArrayBuffer(4);
  const data: WorkerData = { job, stop, progress: hooks.progress !== undefined, stats: hooks.stats !== undefined };
  return new Promise((settle, fail) => {
    const worker = takeWorker();
    const raise = (): void => void Atomics.store(new Int32Array(stop), 0, 1);
    if (hooks.stop?.aborted === true) raise();
    hooks.stop?.addEventListener('abort', raise);
    let ending = false;
    const end = (finish: () => void): void => {
      ending = true;
      hooks.stop?.removeEventListener('abort', raise);
      void worker.terminate().then(finish, finish);
    };
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'progress') hooks.progress?.(message.text);
      else if (message.kind === 'stats') hooks.stats?.(message.text);
      else if (message.kind === 'result') end(() => settle(message.result));
      else
        end(() =>
          fail(message.usage ? new UsageError(message.message) : Object.assign(new Error(message.message), { stack: message.stack })),
        );
    });
    worker.on('error', (error) => end(() => fail(error)));
    worker.on('exit', (code) => {
      if (!ending) end(() => fail(new Error(`the worker ended with ${code} before it gave a result`)));
    });
    worker.postMessage(data);
  });
}
