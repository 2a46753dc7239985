/** A worker that never does anything, for tests of what reaches it. */
import type { QueueWorkerOptions } from '../../src/campaign/queue-worker.ts';

const never = (): Promise<never> => new Promise(() => undefined);
export const deafWorker = (say: (text: string) => void): QueueWorkerOptions => ({
  engine: 'e1',
  size: 1,
  folder: { has: () => false, get: never, put: never } as unknown as QueueWorkerOptions['folder'],
  worker: { probe: never, work: never, prove: never, close: never },
  idleMs: null,
  lastWorkMs: 10_000,
  say,
});
