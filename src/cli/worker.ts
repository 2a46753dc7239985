/** `bootbench worker`: does the work of campaigns that others have submitted to a queue. */
import { passingFolder } from '../campaign/temporary.ts';
import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parseDuration } from '../bench/documents/duration.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { BlobFolder } from '../campaign/blob-folder.ts';
import type { Worker } from '../campaign/pool.ts';
import { serveQueue } from '../campaign/queue-worker.ts';
import { MS } from '../emu/time.ts';
import { openWorker } from './campaign-pool.ts';
import { engineId } from './engine-id.ts';
import { EXIT, type Io } from './io.ts';
import { reason } from '../bench/documents/system-errors.ts';
import { interruptible } from './interruptible.ts';

/** After the signal, for the work under way: what takes longer is given back. */
const LAST_WORK_MS = 10_000;

export interface WorkerOptions {
  readonly queue?: string;
  readonly jobs?: string;
  readonly cache?: string;
  readonly idleExit?: string;
}

export async function workerCommand(options: WorkerOptions, io: Io): Promise<number> {
  const { queue } = options;
  if (queue === undefined) throw new UsageError('which queue? --queue is missing', 'for example --queue redis://127.0.0.1:6379');
  const size = options.jobs === undefined ? availableParallelism() : Number(options.jobs);
  if (!Number.isInteger(size) || size < 1 || size > 256)
    throw new UsageError(`--jobs: ${JSON.stringify(options.jobs)} is not a number from 1 to 256`);
  const idleMs = options.idleExit === undefined ? null : parseDuration(options.idleExit, '--idle-exit') / MS;
  const folder = options.cache === undefined ? passingFolder('bootbench-worker-') : cacheFolder(options.cache, io.cwd);
  const blobs = new BlobFolder(folder);
  let worker: Worker | null = null;
  try {
    const ready = (worker = await openWorker(size, folder, io, 'the worker was ended before it was ready'));
    const engine = engineId();
    const say = (text: string): void => io.stderr.write(`${text}\n`);
    const done = await interruptible(io, false, ({ stop }) =>
      serveQueue(queue, { engine, size, folder: blobs, worker: ready, idleMs, lastWorkMs: LAST_WORK_MS, say }, stop),
    );
    say(`${done} work items done`);
    return EXIT.ok;
  } finally {
    await worker?.close();
    if (options.cache === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Is made if its parent is there. */
function cacheFolder(name: string, cwd: string): string {
  const folder = resolve(cwd, name);
  const fail = (why: string): never => {
    throw new UsageError(`--cache: cannot write ${name}: ${why}`);
  };
  if (!existsSync(dirname(folder))) fail(`there is no folder ${dirname(name)}`);
  try {
    if (!existsSync(folder)) mkdirSync(folder);
    if (!statSync(folder).isDirectory()) fail('it is not a folder');
    accessSync(folder, constants.W_OK);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    fail(reason(error));
  }
  return folder;
}
