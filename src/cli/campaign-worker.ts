/** What a worker process of a campaign loads (dist/campaign-worker.js): machines that do the work they are sent. */
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { UsageError } from '../bench/documents/usage-error.ts';
import { BlobFolder } from '../campaign/blob-folder.ts';
import { Executor } from '../campaign/execute.ts';
import type { ChildMessage } from '../campaign/child.ts';
import type { PoolAnswer, PoolTask } from '../campaign/pool.ts';
import { findChip } from '../chips/index.ts';
import { ImageError } from '../image/errors.ts';
import { SHA256 } from '../image/sha256.ts';
import { milliseconds } from './io.ts';
import { clockOfChild } from './parent.ts';
import { usePrebuilt } from './prebuilt.ts';
import { WORKER_SETTINGS } from './v8-settings.ts';

SHA256.digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
for (const setting of WORKER_SETTINGS) setFlagsFromString(setting);
// Ctrl-C and the end of the terminal are for the program that has made this process; without it there is nobody to work for.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('disconnect', () => process.exit());
// in the middle of a case nothing is heard
const clock = clockOfChild(milliseconds);
let executor: { readonly folder: string; readonly does: Executor } | null = null;

function executorFor(folder: string): Executor {
  if (executor?.folder !== folder) {
    const does = new Executor({
      blobs: new BlobFolder(folder),
      clock,
      prepare: (job) => usePrebuilt(findChip(job.chip)?.cores ?? []),
    });
    executor = { folder, does };
  }
  return executor.does;
}

function valueOf(task: PoolTask, does: Executor): Promise<unknown> {
  switch (task.kind) {
    case 'probe':
      return does.probe(task.target, task.expected, task.wall);
    case 'work':
      return does.run(task.work);
    case 'prove':
      return does.prove(task.work);
  }
}

/** What cannot be done is an answer, too. */
async function answerTo(task: PoolTask): Promise<PoolAnswer<unknown>> {
  const does = executorFor(task.folder);
  try {
    return { ok: true, value: await valueOf(task, does) };
  } catch (error) {
    const { message, stack = message, code }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
    const usage = error instanceof UsageError || error instanceof ImageError;
    return { ok: false, usage, message, stack, ...(code === undefined ? {} : { code }) };
  }
}

const send = (message: ChildMessage): void => void process.send?.(message);
process.on('message', (task: PoolTask) => void answerTo(task).then((answer) => send({ kind: 'answer', answer })));
send({ kind: 'ready' });
