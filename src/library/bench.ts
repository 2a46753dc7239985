/** `bench`: a whole run with its diagnosis, beside the caller. */
import type { RunResult } from '../bench/documents/result.ts';
import { HOST } from './host.ts';
import { libraryJob, type BenchOptions } from './options.ts';

/** Runs at the same time; more wait for their turn. */
export const PARALLEL = { most: 2 };
let running = 0;
const waiting: (() => void)[] = [];

/**
 * Runs firmware from power-on to the end of the run and looks for the cause where it does not reach DFU. Never blocks: the machine runs in a worker.
 *
 * @throws UsageError or ImageError for what the caller got wrong, before anything runs; the signal's reason when it is aborted. What the firmware does wrong is in the result.
 */
export async function bench(options: BenchOptions): Promise<RunResult> {
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

/** Progress comes as one text; what begins with a tab says how far it is. */
function told(onProgress: NonNullable<BenchOptions['onProgress']>): (text: string) => void {
  let doing = '';
  return (text) => {
    if (!text.startsWith('\t')) doing = text;
    onProgress({ text: doing, detail: text.startsWith('\t') ? text.slice(1) : '' });
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
