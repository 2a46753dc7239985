/** What a thread does: one command line, or the jobs that it is sent. */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { UsageError } from '../bench/documents/usage-error.ts';
import { findChip } from '../chips/index.ts';
import { ImageError } from '../image/errors.ts';
import { READING } from '../image/work.ts';
import { SHA256 } from '../image/sha256.ts';
import type { RunTrace } from '../bench/documents/trace-types.ts';
import type { RunJob } from '../bench/input/job.ts';
import { inThread, type Bench, type BenchHooks } from './engine.ts';
import { constants } from 'node:os';
import { ENDS, exitAfter, milliseconds, orLeft, streamOf, type EndSignal, type Io, type Stream, type StreamFacts } from './io.ts';
import { usePrebuiltValidator } from './prebuilt-validator.ts';
import { usePrebuilt } from './prebuilt.ts';
import { main } from './program.ts';
import { Reading, READS, Signals } from './signals.ts';
import { IMPORT } from './import.ts';
import type { Answer } from './question.ts';
import type { AnswerData, CommandData, CommandMessage, JobData, JobMessage, SignalData, Task } from './threads.ts';

/** What the loader of the program lends it. */
export interface Loader {
  readonly importModule: (href: string) => Promise<unknown>;
  /** A job or the command is done. */
  readonly finished: () => void;
}

export function serve({ importModule, finished }: Loader): void {
  IMPORT.module = importModule;
  usePrebuiltValidator();
  SHA256.digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
  parentPort?.on('message', (task: Task | SignalData | AnswerData) => {
    if (task.kind === 'signal') hear(task.signal);
    else if (task.kind === 'answer') answered(task.answer);
    else void (task.kind === 'job' ? serveJob(task) : serveCommand(task)).then(finished);
  });
}
let hear: (signal: EndSignal) => void = () => undefined;
let answered: (answer: Answer | null) => void = () => undefined;

/** A flag in shared memory: the main thread hears Ctrl-C while this one is busy. */
function flagOf(stop: SharedArrayBuffer): () => boolean {
  const flag = new Int32Array(stop);
  return () => Atomics.load(flag, 0) !== 0;
}
function signalIn(stop: SharedArrayBuffer): EndSignal | null {
  const number = Atomics.load(new Int32Array(stop), 0);
  return ENDS.find((signal) => constants.signals[signal] === number) ?? null;
}
function bench(job: RunJob, hooks: BenchHooks, stopped: () => boolean): ReturnType<typeof inThread> {
  usePrebuilt(findChip(job.chip)?.cores ?? []);
  return inThread(job, hooks, stopped);
}

const asked = (ask: () => void): Promise<Answer | null> =>
  new Promise((settle) => {
    answered = settle;
    ask();
  });

async function serveCommand({ args, before = [], cwd, stdout, stderr, asks, stop }: CommandData): Promise<void> {
  const send = (message: CommandMessage): void => parentPort?.postMessage(message);
  const stream = (name: 'stdout' | 'stderr', facts: StreamFacts): Stream =>
    streamOf((text) => send({ kind: 'write', stream: name, text }), facts);
  const signals = new Signals((signal) => {
    // who has seen it while he was busy ends in his own way
    if (!seen) send({ kind: 'exit', code: exitAfter(signal) });
  });
  hear = (signal) => signals.hear(signal);
  let seen = false;
  let due = Infinity;
  READING.mustEnd = () => signalIn(stop) !== null || milliseconds() >= due;
  const interruptedBy = (): EndSignal | null => {
    const signal = signalIn(stop);
    seen ||= signal !== null;
    return signal;
  };
  const io: Io = {
    stdout: stream('stdout', stdout),
    stderr: stream('stderr', stderr),
    env: process.env,
    cwd,
    onInterrupt: (callback) => signals.listen(callback),
    interruptedBy,
    ...(asks ? { ask: (question) => orLeft(asked(() => send({ kind: 'ask', question }))) } : {}),
    mustEndWithin: (ms) => {
      due = Math.min(due, milliseconds() + ms);
      send({ kind: 'wall', ms });
    },
  };
  const here: Bench = (job, hooks) => bench(job, hooks, () => interruptedBy() !== null);
  // these have many runs, each with its limit, in threads of their own
  const run = (line: readonly string[]): Promise<number> =>
    line[0] === 'test' || line[0] === 'fix' ? main(line, io) : main(line, io, here);
  const reading = new Reading(stop);
  READS.only = (work) => (signals.hasListener ? work() : reading.only(work));
  send({ kind: 'begun' });
  for (const line of before) await run(line);
  send({ kind: 'exit', code: await run(args) });
  // a thread does one command
  parentPort?.close();
}

async function serveJob({ job, stop, progress, found, stats, trace }: JobData): Promise<void> {
  const send = (message: JobMessage): void => parentPort?.postMessage(message);
  try {
    const result = await bench(
      job,
      {
        ...(progress ? { progress: (text: string, detail = false) => send({ kind: 'progress', text, detail }) } : {}),
        ...(found ? { found: (text: string) => send({ kind: 'found', text }) } : {}),
        ...(stats ? { stats: (text: string) => send({ kind: 'stats', text }) } : {}),
        ...(trace ? { trace: (events: RunTrace) => send({ kind: 'trace', trace: events }) } : {}),
      },
      flagOf(stop),
    );
    send({ kind: 'result', result });
  } catch (error) {
    const usage = error instanceof UsageError || error instanceof ImageError;
    const { message, stack = message, code }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
    send({ kind: 'error', usage, message, stack, ...(code === undefined ? {} : { code }) });
  }
}
