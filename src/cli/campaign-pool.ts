/** Workers of this machine: processes of the built program, or this process where there is no build. */
import { Executor } from '../campaign/execute.ts';
import { BlobFolder } from '../campaign/blob-folder.ts';
import { Pool, type Worker } from '../campaign/pool.ts';
import { workerFile } from './engine-id.ts';
import { milliseconds } from './io.ts';

export async function openWorker(size: number, folder: string): Promise<Worker> {
  const file = workerFile();
  if (file !== null) return Pool.open(file, size, folder);
  const executor = new Executor({ blobs: new BlobFolder(folder), clock: milliseconds, prepare: () => undefined });
  return {
    probe: (target, expected, wall) => executor.probe(target, expected, wall),
    work: (work) => executor.run(work),
    prove: (work) => executor.prove(work),
    close: () => Promise.resolve(),
  };
}
