/**
 * Threads that run machines, so that the main thread can hear Ctrl-C. Each loads the whole program as one file (dist/program.cjs) through
 * dist/thread.cjs, which knows V8's code cache.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { RunJob } from '../bench/input/job.ts';
import type { RunTrace } from '../bench/documents/trace-types.ts';
import type { RunResult } from '../bench/documents/result.ts';
import type { EndSignal, StreamFacts } from './io.ts';
import type { Answer, Question } from './question.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';

const THREAD = new URL('./thread.cjs', import.meta.url);
/** What a machine throws away is small and dies young: a larger nursery holds memory, a smaller one is collected all the time. */
const LIMITS = { maxYoungGenerationSizeMb: 12 };

/** What a thread is told when it is made; what it is to do it is sent (`Task`), while it loads. */
export interface ThreadData {
  /** For the build: when the thread has done what it is sent, what V8 has compiled is written to the code cache. */
  readonly makesCodeCache?: boolean;
}
/** What a thread is sent: a command line, or a job, and when it is done the next one. */
export type Task = CommandData | JobData;
/** What the thread of a command is told meanwhile; who is busy finds it in `stop`. */
export interface SignalData {
  readonly kind: 'signal';
  readonly signal: EndSignal;
}
export interface CommandData {
  readonly kind: 'command';
  readonly args: readonly string[];
  /** For the build: command lines to go before. */
  readonly before?: readonly (readonly string[])[];
  readonly cwd: string;
  readonly stdout: StreamFacts;
  readonly stderr: StreamFacts;
  /** There is a terminal with a person. */
  readonly asks: boolean;
  /** Its first word is the number of the signal that has come, not 0 = end the command; the second is of `Reading`. */
  readonly stop: SharedArrayBuffer;
}
/** What it is told when it has asked. */
export interface AnswerData {
  readonly kind: 'answer';
  readonly answer: Answer | null;
}

/** What a thread sends back. */
export type CommandMessage =
  /** It is loaded: until then nothing has been done, and nobody hears signals. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'write'; readonly stream: 'stdout' | 'stderr'; readonly text: SafeText }
  | { readonly kind: 'ask'; readonly question: Question }
  /** The command has to be over so many milliseconds from now. */
  | { readonly kind: 'wall'; readonly ms: number }
  | { readonly kind: 'exit'; readonly code: number };
export type JobMessage =
  | { readonly kind: 'progress'; readonly text: string; readonly detail: boolean }
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'stats'; readonly text: string }
  | { readonly kind: 'trace'; readonly trace: RunTrace }
  | { readonly kind: 'result'; readonly result: RunResult<string> }
  | { readonly kind: 'error'; readonly usage: boolean; readonly message: string; readonly stack: string; readonly code?: string };

export interface JobData {
  readonly kind: 'job';
  readonly job: RunJob;
  /** One word, not 0 = stop. */
  readonly stop: SharedArrayBuffer;
  readonly progress: boolean;
  readonly found: boolean;
  readonly stats: boolean;
  readonly trace: boolean;
}

/** Node's permission model, where it is on; later versions declare it. */
const allowed = (scope: string): boolean => (process as { permission?: { has(scope: string): boolean } }).permission?.has(scope) !== false;
/** False for sources that run without a build, and where Node may not start any. */
export const hasThreads = (): boolean => allowed('worker') && existsSync(fileURLToPath(THREAD));

/** A task that is told to end, or has a limit, gives what it has; one that does not come to an end so much later is ended without. */
export const GRACE_MS = 10_000;

/** A thread that is watched: what it is sent ends, whatever it does. */
export class BenchThread {
  readonly worker: Worker;
  private guard: Guard | null = null;

  constructor(data: ThreadData = {}) {
    this.worker = new Worker(THREAD, { workerData: data, resourceLimits: LIMITS });
  }

  /** @param deaf the task has not ended by itself: the thread is to be ended */
  begin(task: Task, deaf: (after: string) => void, grace = GRACE_MS): Guard {
    this.guard?.done();
    this.guard = new Guard(deaf, grace);
    this.worker.postMessage(task);
    return this.guard;
  }
}

/** Waits for the end of a task. */
class Guard {
  private readonly deaf: (after: string) => void;
  private readonly grace: number;
  private timer: NodeJS.Timeout | undefined;
  private due = Infinity;

  constructor(deaf: (after: string) => void, grace: number) {
    this.deaf = deaf;
    this.grace = grace;
  }

  /** The task has to be over so many milliseconds from now; of several limits the earliest counts. @param why what says so, in words */
  mustEndWithin(ms: number, why: string): void {
    const due = performance.now() + ms + this.grace;
    if (due >= this.due) return;
    this.due = due;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.deaf(why), ms + this.grace);
  }
  /** It is over. */
  done(): void {
    this.due = -Infinity;
    clearTimeout(this.timer);
  }
}
