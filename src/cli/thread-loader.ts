/**
 * The start of a thread (dist/thread.cjs): loads dist/program.cjs with what V8 knew of its functions when the build had run them, if that was the same
 * Node on the same kind of processor. Compiling them anew takes longer than some runs.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { pathToFileURL } from 'node:url';
import { workerData } from 'node:worker_threads';
import { BRANCH_HINTS } from './v8-settings.ts';
import type { serve } from './thread.ts';
import type { ThreadData } from './threads.ts';

const PROGRAM = join(__dirname, 'program.cjs');
const MODULES = pathToFileURL(join(__dirname, 'thread-program.js')).href;
const CACHE = join(__dirname, `program-${process.version}-${process.arch}.cache`);

/**
 * Made when all is loaded, and not where the thread is made: a code cache, Node's own too, holds only under the settings that it was made with, and Node's is
 * that of V8's defaults.
 */
const SETTINGS = [
  // Old objects are collected when there are one and a half times as many more: earlier costs a run of half a second 20 ms and saves it 1 MB, V8's own choice
  // is up to four times as many more and takes 8 MB more at the peak of a longer run
  '--heap-growing-percent=150',
  // A run of a second executes much, but little of it often: at the usual budget V8 spends more time on optimising code than that code runs afterwards,
  // and takes it from the core that the machine runs on where there are two
  // later V8s have no such setting, and say so on stderr
  ...(Number.parseInt(process.versions.v8, 10) < 12 ? ['--interrupt-budget=500000'] : []),
  '--no-flush-bytecode',
  ...BRANCH_HINTS,
];

function codeCache(): Buffer | undefined {
  try {
    return readFileSync(CACHE);
  } catch {
    return undefined;
  }
}

const { makesCodeCache = false } = workerData as ThreadData;

/** What the program is given; the settings come when all is loaded. */
function begin(run: typeof serve, finished: () => void): void {
  if (!makesCodeCache) for (const setting of SETTINGS) setFlagsFromString(setting);
  // a script that is no module cannot import one
  run({ importModule: (href) => import(href), finished });
}

function fromScript(): void {
  // what is compiled stays compiled, so that the cache has what runs once too
  if (makesCodeCache) setFlagsFromString('--no-flush-bytecode');
  const cachedData = codeCache();
  // ASCII, so that V8 keeps a byte for each character
  const script = new Script(readFileSync(PROGRAM, 'latin1'), { filename: PROGRAM, ...(cachedData ? { cachedData } : {}) });
  const program = { exports: {} as { serve: typeof serve } };
  const start = script.runInThisContext() as (...args: readonly unknown[]) => void;
  start(program.exports, require, program, PROGRAM, __dirname);
  begin(program.exports.serve, () => {
    if (!makesCodeCache) return;
    // the cache holds under the settings that stand when it is made
    setFlagsFromString('--flush-bytecode');
    writeFileSync(CACHE, script.createCachedData());
  });
}

// An installed package has neither script nor cache, which fits one Node on one processor: there the thread runs the program's own modules.
if (existsSync(PROGRAM)) fromScript();
else void import(MODULES).then((program: { serve: typeof serve }) => begin(program.serve, () => undefined));
