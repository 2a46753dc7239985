/** The library's host in a browser, or wherever else nothing of Node is there. */
import { usePrebuiltValidator } from './cli/prebuilt-validator.ts';
import { PARALLEL } from './library/bench.ts';
import { HOST } from './library/host.ts';
import { runInWorker, type WorkerLike } from './library/job-messages.ts';
import { loadInterpreters } from './library/interpreter-files.ts';

type Scope = {
  readonly Worker?: new (url: URL, options: { type: 'module' }) => WorkerLike;
  readonly navigator?: { readonly hardwareConcurrency?: number };
};
const scope = globalThis as unknown as Scope;

HOST.romImage = async (name) => (await import('./rom-images.ts')).romImage(name);
const prepare = async (chip: string): Promise<void> => loadInterpreters(chip, (await import('./interpreters.ts')).INTERPRETERS);
HOST.prepare = prepare;
HOST.runJob = async (job, hooks) => {
  if (scope.Worker !== undefined)
    return runInWorker(
      () => new Worker(new URL('./bench-worker.js', import.meta.url), { type: 'module' }) as unknown as WorkerLike,
      job,
      hooks,
    );
  await prepare(job.chip);
  const outside = await (await import('./library/outside.ts')).outsideOf(job, (href) => import(/* @vite-ignore */ href));
  return (await import('./library/job-here.ts')).runHere(job, { ...hooks, ...outside });
};
PARALLEL.most = Math.max(1, scope.navigator?.hardwareConcurrency ?? 1);
usePrebuiltValidator();
