/** The library's host on Node: runs in threads of the program, interpreters as the build has left them. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import './browser-host.ts';
import { findChip } from './chips/index.ts';
import { BRANCH_HINTS } from './cli/v8-settings.ts';
import { runJob } from './cli/engine.ts';
import { usePrebuilt } from './cli/prebuilt.ts';
import { SHA256 } from './image/sha256.ts';
import { PARALLEL } from './library/bench.ts';
import { HOST } from './library/host.ts';

SHA256.digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
PARALLEL.most = availableParallelism();
HOST.prepare = (chip) => {
  // not before: the threads' code cache holds only under V8's own settings
  for (const setting of BRANCH_HINTS) setFlagsFromString(setting);
  usePrebuilt(findChip(chip)?.cores ?? []);
  return Promise.resolve();
};
/** Whoever aborts a run does not wait for its thread: outside devices that never return hold the process no longer than this. */
const GRACE_MS = 500;
HOST.runJob = (job, { signal, progress }) =>
  new Promise((settle, fail) => {
    const stop = (): void => fail(signal!.reason as Error);
    signal?.addEventListener('abort', stop, { once: true });
    runJob(job, { grace: GRACE_MS, ...(signal === undefined ? {} : { stop: signal }), ...(progress === undefined ? {} : { progress }) })
      .then(settle, fail)
      .finally(() => signal?.removeEventListener('abort', stop));
  });
