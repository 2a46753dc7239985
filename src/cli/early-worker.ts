/**
 * The thread of the machine, started while the main thread still reads the scenario and the images: it loads its code meanwhile. Until a run takes it, it
 * keeps nothing alive.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';

const WORKER = new URL('./worker.js', import.meta.url);
/** What a machine throws away is small and dies young: a larger nursery only holds memory. */
const LIMITS = { resourceLimits: { maxYoungGenerationSizeMb: 3 } };
let early: Worker | null = null;

/** False for sources that run without a build. */
export const hasWorker = (): boolean => existsSync(fileURLToPath(WORKER));

function newWorker(): Worker {
  // old objects are collected when there are half as many more, not when there are twice as many: 12 MB less at the peak of a run
  setFlagsFromString('--heap-growing-percent=50');
  // A run of a second executes much, but little of it often: at the usual budget V8 spends more time on optimising code than that code runs afterwards,
  // and takes it from the core that the machine runs on where there are two
  setFlagsFromString('--interrupt-budget=1000000');
  return new Worker(WORKER, LIMITS);
}
export function startWorker(): void {
  if (early !== null || !hasWorker()) return;
  early = newWorker();
  early.unref();
}
/** A worker that waits for its job: the early one, else a new one. */
export function takeWorker(): Worker {
  const worker = early ?? newWorker();
  early = null;
  worker.ref();
  return worker;
}
