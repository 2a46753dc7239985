/** A command in a thread of its own; this one writes what it says and hears Ctrl-C. */
import { constants } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { SIGNALS } from './first.ts';
import { EXIT, exitAfter, internalError, processIo, type EndSignal, type Io, type StreamFacts } from './io.ts';
import { Reading } from './signals.ts';
import { surroundings } from '../bench/documents/system-errors.ts';
import type { Question } from './question.ts';
import { BenchThread, GRACE_MS, type AnswerData, type CommandData, type CommandMessage, type SignalData } from './threads.ts';

/** A thread ends at once where it can. Where nobody has sent a signal, the one that ends the program would be a lie: a busy machine has more time. */
const HELD_MS = 1_000;
const UNASKED_MS = 10_000;

const facts = ({ isTTY, columns }: StreamFacts): StreamFacts => ({ isTTY, columns });
const commandOf = (args: readonly string[], { cwd, stdout, stderr, ask }: Io, stop: SharedArrayBuffer): CommandData => ({
  kind: 'command',
  args,
  cwd,
  stdout: facts(stdout),
  stderr: facts(stderr),
  asks: ask !== undefined,
  stop,
});

/** @param over ends the question, so that the terminal is as before */
async function ask(worker: Worker, question: Question, over: AbortSignal): Promise<void> {
  const { askHere } = await import('./question.ts');
  worker.postMessage({ kind: 'answer', answer: await askHere(question, over) } satisfies AnswerData);
}

/** Null where the system gives none, which is told. */
function started(): BenchThread | null {
  try {
    return new BenchThread();
  } catch (error) {
    const outside = surroundings(error, 'it cannot start');
    if (outside === null) throw error;
    process.stderr.write(`bootbench: ${outside.message}\n`);
    return null;
  }
}

export function relay(args: readonly string[]): Promise<number> {
  // first of all: it takes its time to load, and Node to make the streams
  const thread = started();
  if (thread === null) return Promise.resolve(EXIT.surroundings);
  const io = processIo(SIGNALS);
  const stop = new SharedArrayBuffer(Reading.BYTES);
  let giveUp: (after: string) => void = () => undefined;
  const guard = thread.begin(commandOf(args, io, stop), (after) => giveUp(after));
  let heard: EndSignal | null = null;
  let begun = false;
  const { worker } = thread;
  const over = new AbortController();
  return new Promise((settle) => {
    let ended = false;
    const end = (code: number): void => {
      ended = true;
      over.abort();
      stopListening();
      guard.done();
      worker.unref();
      settle(code);
    };
    const stopListening = io.onInterrupt((signal) => {
      heard ??= signal;
      if (!begun || new Reading(stop).end()) {
        ended = true;
        return void worker.terminate().then(() => end(exitAfter(signal)));
      }
      Atomics.store(new Int32Array(stop), 0, constants.signals[signal]);
      worker.postMessage({ kind: 'signal', signal } satisfies SignalData);
      guard.mustEndWithin(0, signal);
    });
    const broken = (error: Error): void => {
      const outside = surroundings(error, 'it cannot go on');
      io.stderr.write(outside === null ? internalError(error.stack ?? error.message) : `bootbench: ${outside.message}\n`);
      end(outside === null ? EXIT.internal : EXIT.surroundings);
    };
    giveUp = (after) => {
      io.stderr.write(`bootbench: the command did not stop within ${GRACE_MS / 1000} s after ${after}: ended without a result\n`);
      stopListening();
      // a thread that waits for the system, for a terminal or a pipe, cannot be ended: the signal itself ends the program
      const by = heard ?? 'SIGTERM';
      const held = setTimeout(
        () => {
          process.removeAllListeners(by);
          process.kill(process.pid, by);
        },
        heard === null ? UNASKED_MS : HELD_MS,
      );
      ended = true;
      void worker.terminate().then(() => {
        clearTimeout(held);
        end(heard === null ? EXIT.surroundings : exitAfter(heard));
      });
    };
    worker.on('message', (message: CommandMessage) => {
      if (message.kind === 'write') io[message.stream].raw(message.text);
      else if (message.kind === 'begun') begun = true;
      else if (message.kind === 'ask') void ask(worker, message.question, over.signal);
      else if (message.kind === 'wall') guard.mustEndWithin(message.ms, '--wall');
      else end(message.code);
    });
    worker.on('error', broken);
    worker.on('exit', () => !ended && broken(new Error('the thread ended before its command')));
  });
}
