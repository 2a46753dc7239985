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
 * @throws UsageError or ImageError for wrong options, before anything runs; the signal's reason if it is aborted. What the firmware does wrong is in the result.
 */
export async function bench(options: BenchOptions): Promise<RunResult<string>> {
  const job = await libraryJob(options);
  const { signal, onProgress } = options;
  await turn(signal);
  try {
    return await HOST.runJob(job, {
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { progress: told(onProgress) }),
    });
  } finally {
    running--;
    waiting.shift()?.();
  }
}

/** A job reports what it does, and details of that. */
function told(onProgress: NonNullable<BenchOptions['onProgress']>): (text: string, detail?: boolean) => void {
  let doing = '';
  return (text, detail = false) => {
    if (!detail) doing = text;
    onProgress({ text: doing, detail: detail ? text : '' });
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
