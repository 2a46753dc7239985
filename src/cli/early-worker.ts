/**
 * The thread of the machine, started while the main thread still reads the scenario and the images: it loads its code meanwhile. Until a run takes it, it
 * keeps nothing alive.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const WORKER = new URL('./worker.js', import.meta.url);
let early: Worker | null = null;

/** False for sources that run without a build. */
export const hasWorker = (): boolean => existsSync(fileURLToPath(WORKER));

export function startWorker(): void {
  if (early !== null || !hasWorker()) return;
  early = new Worker(WORKER);
  early.unref();
}
/** A worker that waits for its job: the early one, else a new one. */
export function takeWorker(): Worker {
  const worker = early ?? new Worker(WORKER);
  early = null;
  worker.ref();
  return worker;
}
