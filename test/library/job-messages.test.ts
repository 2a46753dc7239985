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

/** It gives a result without running anything. */
const answering = (): WorkerLike => ({
  onmessage: null,
  onerror: null,
  postMessage(message) {
    structuredClone(message);
    queueMicrotask(() => this.onmessage?.({ data: { kind: 'result', result: {} as never } }));
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

it('what cannot be copied into the worker is told, and the worker serves the next job', async () => {
  const job = plainJob('stm32f405rg', []);
  let started = 0;
  const start = (): WorkerLike => {
    started++;
    return answering();
  };
  const reactive = { ...job, scenario: new Proxy(job.scenario, {}) };
  for (let i = 0; i < 2; i++)
    await expect(runInWorker(start, reactive, {})).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(/^an option cannot be copied .*; give plain data: not a Proxy/) as string,
    });
  expect(started).toBe(1);
});

it('a worker that has run devices of outside serves no other job: what they throw later is no error of that', async () => {
  const job = plainJob('stm32f405rg', []);
  const made: (WorkerLike & { ended: boolean })[] = [];
  const start = (): WorkerLike => {
    const worker = Object.assign(answering(), { ended: false });
    worker.terminate = () => void (worker.ended = true);
    made.push(worker);
    return worker;
  };
  const withDevices = { ...job, devices: 'file:///board.mjs' };
  // those that other tests have left idle come first, and are given up as well
  for (let i = 0; i < 5 && made.length === 0; i++) await runInWorker(start, withDevices, {});
  await runInWorker(start, job, {});
  await runInWorker(start, job, {});
  expect(made.map(({ ended }) => ended)).toEqual([true, false]);
});
