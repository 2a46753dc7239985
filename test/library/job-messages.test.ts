/** Jobs in a browser's worker: what its ends are called. */
import { expect, it } from 'vitest';
import { runInWorker, type WorkerLike } from '../../src/library/job-messages.ts';
import { plainJob } from '../bench/plain-job.ts';

const workerThat = (fails: { readonly message?: string }): WorkerLike => ({
  onmessage: null,
  onerror: null,
  postMessage() {
    queueMicrotask(() => this.onerror?.(fails));
  },
  terminate: () => undefined,
});

it('a worker whose script is not there is told with its name and what a bundler has to do', async () => {
  const job = plainJob('stm32f405rg', []);
  await expect(runInWorker(() => workerThat({}), job, {})).rejects.toThrow(
    'the worker ended: its script, bench-worker.js, could not be loaded; with esbuild it is an entry point of its own',
  );
  await expect(runInWorker(() => workerThat({ message: 'Uncaught Error: x' }), job, {})).rejects.toThrow(
    'the worker ended: Uncaught Error: x',
  );
});
