/** What a page and its worker say to each other, and the page's side of it. */
import type { RunJob } from '../bench/input/job.ts';
import type { RunResult } from '../bench/documents/result.ts';
import { notHandedOver } from '../bench/documents/usage-error.ts';
import type { JobHooks } from './host.ts';

export type ToWorker = { readonly job: RunJob; readonly progress: boolean };
export type FromWorker =
  | { readonly kind: 'progress'; readonly text: string; readonly detail: boolean }
  | { readonly kind: 'result'; readonly result: RunResult<string> }
  | { readonly kind: 'error'; readonly message: string; readonly stack: string };

/** What is used of a browser's Worker. */
export interface WorkerLike {
  onmessage: ((event: { readonly data: FromWorker }) => void) | null;
  onerror: ((event: { readonly message?: string; preventDefault?: () => void }) => void) | null;
  postMessage(message: ToWorker): void;
  terminate(): void;
}

/** A browser says nothing more of a script that is not there. */
const NOT_LOADED = 'its script, bench-worker.js, could not be loaded; with esbuild it is an entry point of its own';
const idle: WorkerLike[] = [];

/** In a worker that `start` makes; when the signal is aborted the worker is given up with what it was doing. */
export function runInWorker(start: () => WorkerLike, job: RunJob, { signal, progress }: JobHooks): Promise<RunResult<string>> {
  return new Promise((settle, fail) => {
    const worker = idle.pop() ?? start();
    const end = (finish: () => void, keep: boolean): void => {
      signal?.removeEventListener('abort', stop);
      worker.onmessage = worker.onerror = null;
      // a module of devices may go on behind its run: what it throws then is no error of the next one
      if (keep && job.devices === undefined) idle.push(worker);
      else worker.terminate();
      finish();
    };
    const stop = (): void => end(() => fail(signal!.reason as Error), false);
    signal?.addEventListener('abort', stop, { once: true });
    worker.onmessage = ({ data }) => {
      if (data.kind === 'progress') progress?.(data.text, data.detail);
      else if (data.kind === 'result') end(() => settle(data.result), true);
      else end(() => fail(Object.assign(new Error(data.message), { stack: data.stack })), false);
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      end(() => fail(new Error(`the worker ended: ${event.message ?? NOT_LOADED}`)), false);
    };
    try {
      worker.postMessage({ job, progress: progress !== undefined });
    } catch (error) {
      end(() => fail(notHandedOver(error)), true);
    }
  });
}
