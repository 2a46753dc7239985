/** Runs jobs, in threads of their own where there is a build: Ctrl-C is heard by the main thread, which raises a flag in shared memory that the machine looks at now and then. */
import type { RunTrace } from '../bench/documents/trace-types.ts';
import type { RunResult } from '../bench/documents/result.ts';
import { notHandedOver, UsageError } from '../bench/documents/usage-error.ts';
import { jobInput, type RunHooks, type RunJob } from '../bench/input/job.ts';
import { IMPORT } from './import.ts';
import { DeafError, milliseconds } from './io.ts';
import { prepareEngine } from './prepare-engine.ts';
import { BenchThread, hasThreads, type JobData, type JobMessage } from './threads.ts';

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
  /** How long after `stop` a thread that does not end is waited for, in milliseconds; left out: as long as a command waits. */
  readonly grace?: number;
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
  return job.trigger === true || job.surroundings === true
    ? (await import('../bench/first-run.ts')).firstRun(job, runHooks)
    : runBench(jobInput(job, runHooks));
}

/** Of a command that waits for the job: it has its own grace behind that, and tells what came of the others. */
const GRACE_OF_A_JOB_MS = 8_000;
/** Where the data cannot be handed over, the thread is as free as before. */
function begun(thread: BenchThread, data: JobData, deaf: (after: string) => void, grace: number): ReturnType<BenchThread['begin']> {
  try {
    return thread.begin(data, deaf, grace);
  } catch (error) {
    thread.worker.unref();
    waiting.push(thread);
    throw notHandedOver(error);
  }
}
/** Threads without a job. They hold nothing up: what they have compiled and optimised serves the next job. */
const waiting: BenchThread[] = [];

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
    const thread = waiting.pop() ?? new BenchThread();
    const { worker } = thread;
    const grace = hooks.grace ?? GRACE_OF_A_JOB_MS;
    const guard = begun(thread, data, (after) => end(false, () => fail(new DeafError(after, grace))), grace);
    worker.ref();
    const { wallMs } = job.limits;
    if (wallMs !== null) guard.mustEndWithin(wallMs, 'its limit of real time');
    const raise = (): void => {
      Atomics.store(new Int32Array(stop), 0, 1);
      guard.mustEndWithin(0, 'it was told to');
    };
    if (hooks.stop?.aborted === true) raise();
    hooks.stop?.addEventListener('abort', raise);
    const end = (keep: boolean, finish: () => void): void => {
      guard.done();
      hooks.stop?.removeEventListener('abort', raise);
      // not all listeners: some are Node's own
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      if (!keep || job.devices !== undefined) {
        // a module of devices may go on behind its run: what it still throws is no error of the next one
        worker.on('error', () => undefined);
        return void worker.terminate().then(finish, finish);
      }
      worker.unref();
      waiting.push(thread);
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
  });
}
