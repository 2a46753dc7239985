/** `bench`: a complete run with its diagnosis, in a worker. */
import type { RunResult } from '../bench/documents/result.ts';
import { HOST } from './host.ts';
import { libraryJob, type BenchOptions } from './options.ts';

/** Maximum number of parallel runs; further runs wait. */
export const PARALLEL = { most: 2 };
let running = 0;
const waiting: (() => void)[] = [];

/**
 * Runs firmware from power-on to the end of the run and, if it does not reach DFU, finds the cause. Never blocks: the machine runs in a worker.
 *
 * @throws UsageError or ImageError for wrong options, before anything runs; the signal's reason if it is aborted; what `onProgress` throws. What the firmware does wrong is in the result.
 */
export async function bench(options: BenchOptions): Promise<RunResult<string>> {
  const job = await libraryJob(options);
  const { signal, onProgress } = options;
  await turn(signal);
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const result = await HOST.runJob(job, {
      signal: stop.signal,
      ...(onProgress === undefined ? {} : { progress: told(onProgress, (error) => stop.abort(error)) }),
    });
    // where there are no threads, nobody could hear it sooner
    stop.signal.throwIfAborted();
    return result;
  } finally {
    signal?.removeEventListener('abort', abort);
    running--;
    waiting.shift()?.();
  }
}

/** A job reports what it does, and details of that. @param failed what is made of an exception of the one who listens: it ends the run, and `bench` throws it */
function told(
  onProgress: NonNullable<BenchOptions['onProgress']>,
  failed: (error: unknown) => void,
): (text: string, detail?: boolean) => void {
  let doing = '';
  return (text, detail = false) => {
    if (!detail) doing = text;
    try {
      onProgress({ text: doing, detail: detail ? text : '' });
    } catch (error) {
      failed(error);
    }
  };
}

async function turn(signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  while (running >= PARALLEL.most) {
    await new Promise<void>((next, fail) => {
      const go = (): void => {
        signal?.removeEventListener('abort', stop);
        next();
      };
      const stop = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        fail(signal!.reason as Error);
      };
      signal?.addEventListener('abort', stop, { once: true });
      waiting.push(go);
    });
  }
  running++;
}
