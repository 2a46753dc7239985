/** Workers of this machine: processes of the built program, or this process where there is no build. */
import { Executor } from '../campaign/execute.ts';
import { BlobFolder } from '../campaign/blob-folder.ts';
import { Pool, type Worker } from '../campaign/pool.ts';
import { workerFile } from './engine-id.ts';
import { orInterrupted } from './interruptible.ts';
import { milliseconds, type Io } from './io.ts';

/** @param unfinished what a signal says that comes while they come up, which ends them as well */
export async function openWorker(size: number, folder: string, io: Io, unfinished: string): Promise<Worker> {
  const stop = new AbortController();
  const opening = opened(size, folder, stop.signal);
  try {
    return await orInterrupted(io, unfinished, opening);
  } catch (error) {
    stop.abort();
    void opening.then((late) => late.close()).catch(() => undefined);
    throw error;
  }
}
async function opened(size: number, folder: string, stop: AbortSignal): Promise<Worker> {
  const file = workerFile();
  if (file !== null) return Pool.open(file, size, folder, undefined, stop);
  const executor = new Executor({ blobs: new BlobFolder(folder), clock: milliseconds, prepare: () => undefined });
  return {
    probe: (target, expected, wall) => executor.probe(target, expected, wall),
    work: (work) => executor.run(work),
    prove: (work) => executor.prove(work),
    close: () => Promise.resolve(),
  };
}
