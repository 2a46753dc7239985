/** A command in a thread of its own; this one writes what it says and hears Ctrl-C. */
import { constants } from 'node:os';
import { EXIT, exitAfter, internalError, processIo, type EndSignal, type StreamFacts } from './io.ts';
import { surroundings } from './outputs.ts';
import { newThread, type CommandData, type CommandMessage } from './threads.ts';

/** A run that is told to stop, or has a limit, writes its result; one that does not come to an end so much later is ended without. */
const GRACE_MS = 10_000;
/** A thread ends at once where it can. Where nobody has sent a signal, the one that ends the program would be a lie: a busy machine has more time. */
const HELD_MS = 1_000;
const UNASKED_MS = 10_000;

export function relay(args: readonly string[]): Promise<number> {
  // first of all: it takes its time to load, and Node to make the streams
  const thread = newThread();
  const io = processIo();
  const stop = new SharedArrayBuffer(4);
  const facts = ({ isTTY, columns }: StreamFacts): StreamFacts => ({ isTTY, columns });
  const command: CommandData = { kind: 'command', args, cwd: io.cwd, stdout: facts(io.stdout), stderr: facts(io.stderr), stop };
  thread.postMessage(command);
  let late: NodeJS.Timeout | undefined;
  let heard: EndSignal | null = null;
  const stopListening = io.onInterrupt((signal) => {
    heard = signal;
    Atomics.store(new Int32Array(stop), 0, constants.signals[signal]);
    clearTimeout(late);
    late = setTimeout(() => giveUp(signal), GRACE_MS);
  });
  let giveUp: (after: string) => void = () => undefined;
  return new Promise((settle) => {
    const end = (code: number): void => {
      stopListening();
      clearTimeout(late);
      thread.unref();
      settle(code);
    };
    const broken = (error: Error): void => {
      const outside = surroundings(error, 'it cannot go on');
      io.stderr.write(outside === null ? internalError(error.stack ?? error.message) : `bootbench: ${outside.message}\n`);
      end(outside === null ? EXIT.internal : EXIT.surroundings);
    };
    giveUp = (after) => {
      io.stderr.write(`bootbench: the run did not stop within ${GRACE_MS / 1000} s after ${after}: ended without a result\n`);
      stopListening();
      // a thread that waits for the system, for a terminal or a pipe, cannot be ended: the signal itself ends the program
      const held = setTimeout(() => process.kill(process.pid, heard ?? 'SIGTERM'), heard === null ? UNASKED_MS : HELD_MS);
      void thread.terminate().then(() => {
        clearTimeout(held);
        end(heard === null ? EXIT.internal : exitAfter(heard));
      });
    };
    thread.on('message', (message: CommandMessage) => {
      if (message.kind === 'write') io[message.stream].raw(message.text);
      else if (message.kind === 'wall') late ??= setTimeout(() => giveUp('--wall'), message.ms + GRACE_MS);
      else end(message.code);
    });
    thread.on('error', broken);
  });
}
