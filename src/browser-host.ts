/** The library's host in a browser, or wherever else nothing of Node is there. */
import { findChip } from './chips/index.ts';
import { usePrebuiltValidator } from './cli/prebuilt-validator.ts';
import { PARALLEL } from './library/bench.ts';
import { HOST } from './library/host.ts';
import { runInWorker, type WorkerLike } from './library/job-messages.ts';
import { moduleKey, PREBUILT } from './emu/core/interpreter/prebuilt.ts';

const WASM_MAGIC = 0x6d736100;

/** Loads the interpreters of a chip's cores; one that cannot be loaded is made. */
async function prepare(name: string): Promise<void> {
  const { INTERPRETERS } = await import('./interpreters.ts');
  const keys = (findChip(name)?.cores ?? []).map(moduleKey);
  await Promise.all(
    keys.map(async (key) => {
      const at = INTERPRETERS[key]?.();
      if (at === undefined || PREBUILT.has(key)) return;
      try {
        const bytes = new Uint8Array(await (await fetch(at)).arrayBuffer());
        // a server may answer with a page where the file is missing
        if (bytes.length > 8 && new DataView(bytes.buffer).getUint32(0, true) === WASM_MAGIC) PREBUILT.set(key, bytes);
      } catch {
        // it is made on first use
      }
    }),
  );
}

type Scope = {
  readonly Worker?: new (url: URL, options: { type: 'module' }) => WorkerLike;
  readonly navigator?: { readonly hardwareConcurrency?: number };
};
const scope = globalThis as unknown as Scope;

HOST.romImage = async (name) => (await import('./rom-images.ts')).romImage(name);
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
