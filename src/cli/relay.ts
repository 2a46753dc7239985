/** A command in a thread of its own; this one writes what it says and hears Ctrl-C. */
import { EXIT, internalError, processIo, type StreamFacts } from './io.ts';
import { newThread, type CommandData, type CommandMessage } from './threads.ts';

export function relay(args: readonly string[]): Promise<number> {
  // first of all: it takes its time to load, and Node to make the streams
  const thread = newThread();
  const io = processIo();
  const stop = new SharedArrayBuffer(4);
  const facts = ({ isTTY, columns }: StreamFacts): StreamFacts => ({ isTTY, columns });
  const command: CommandData = { kind: 'command', args, cwd: io.cwd, stdout: facts(io.stdout), stderr: facts(io.stderr), stop };
  thread.postMessage(command);
  const stopListening = io.onInterrupt(() => void Atomics.store(new Int32Array(stop), 0, 1));
  return new Promise((settle) => {
    const end = (code: number): void => {
      stopListening();
      thread.unref();
      settle(code);
    };
    const broken = (text: string): void => {
      io.stderr.write(internalError(text));
      end(EXIT.internal);
    };
    thread.on('message', (message: CommandMessage) => {
      if (message.kind === 'write') io[message.stream].write(message.text);
      else end(message.code);
    });
    thread.on('error', (error) => broken(error.stack ?? error.message));
  });
}
