/**
 * The start of a thread (dist/thread.cjs): loads dist/program.cjs with what V8 knew of its functions when the build had run them, if that was the same
 * Node on the same kind of processor. Compiling them anew takes longer than some runs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { workerData } from 'node:worker_threads';
import type { serve } from './thread.ts';
import type { CodeCache } from './threads.ts';

const PROGRAM = join(__dirname, 'program.cjs');
const CACHE = join(__dirname, `program-${process.version}-${process.arch}.cache`);

function codeCache(): Buffer | undefined {
  try {
    return readFileSync(CACHE);
  } catch {
    return undefined;
  }
}

// Here and not where the thread is made: Node's own code cache does not hold under other settings, and the thread would start 20 ms later.
// old objects are collected when there are half as many more, not when there are twice as many: 12 MB less at the peak of a run
setFlagsFromString('--heap-growing-percent=50');
// A run of a second executes much, but little of it often: at the usual budget V8 spends more time on optimising code than that code runs afterwards,
// and takes it from the core that the machine runs on where there are two
setFlagsFromString('--interrupt-budget=250000');
// what is compiled stays compiled, so that the cache has what runs once too
setFlagsFromString('--no-flush-bytecode');

// ASCII, so that V8 keeps a byte for each character
const cachedData = codeCache();
const script = new Script(readFileSync(PROGRAM, 'latin1'), { filename: PROGRAM, ...(cachedData ? { cachedData } : {}) });
const program = { exports: {} as { serve: typeof serve } };
const start = script.runInThisContext() as (...args: readonly unknown[]) => void;
start(program.exports, require, program, PROGRAM, __dirname);
program.exports.serve({
  // a script that is no module cannot import one
  importModule: (href) => import(href),
  finished: () => {
    if ((workerData as CodeCache).codeCache !== undefined) writeFileSync(CACHE, script.createCachedData());
  },
});
