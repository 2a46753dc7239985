/** What a command sees of the process. Tests hand in their own. */
import { fstatSync, writeSync } from 'node:fs';
import type { SafeText } from '../bench/documents/safe-text.ts';
import { ansi, endsInLine, plain, spoken, type Paint } from '../report/text.ts';
import { reason } from '../bench/documents/system-errors.ts';
import { SurroundingsError } from '../bench/documents/usage-error.ts';
import type { Answer, Question } from './question.ts';
import type { EndSignal, Signals } from './signals.ts';

export { ENDS, exitAfter, SIGNALLED, type EndSignal } from './signals.ts';

export interface Stream {
  /** For people: control characters, and what a CI runner would take for a command, are shown and not obeyed. */
  write(text: string): void;
  /** As it is: documents whose own form is safe, commands of this program for a terminal or a runner, what the user's own client prints. */
  raw(text: SafeText): void;
  readonly isTTY: boolean;
  readonly columns: number;
}

/**
 * As it is: commands of this program for a terminal, and what was made to be read by a program and not to be seen (a patch, a trace, a script for a shell), or comes from
 * the user's own client. test/report/doors.test.ts holds the list of who may.
 */
export const verbatim = (text: string): SafeText => text as SafeText;

/** What a stream is, without the stream. */
export type StreamFacts = Omit<Stream, 'write' | 'raw'>;

/** The one way out for text. */
export function streamOf(put: (text: SafeText) => void, { isTTY, columns }: StreamFacts): Stream {
  let inLine = false;
  return {
    isTTY,
    columns,
    raw: put,
    write: (text) => {
      put(spoken(text, inLine));
      inLine = endsInLine(text, inLine);
    },
  };
}

export interface Io {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The command has to be over so many milliseconds from now: who watches it ends it then, whatever it does. */
  mustEndWithin?(ms: number): void;
  /** Calls back at the first of ENDS; returns a function that stops listening. */
  onInterrupt(callback: (signal: EndSignal) => void): () => void;
  /** For who cannot be called back because he is busy: which of ENDS has come. */
  interruptedBy?(): EndSignal | null;
  /** Asks the person at the terminal; absent where there is none. Throws Interrupted where he goes away. */
  readonly ask?: (question: Question) => Promise<Answer>;
}

/** The thread of a job did not come to its end, and was ended. */
export class DeafError extends SurroundingsError {
  constructor(after: string, grace: number) {
    super(`the run did not stop within ${grace / 1000} s after ${after}: ended without a result`);
    this.name = 'DeafError';
  }
}

/** A command that was told to end, and has nothing to show yet. */
export class Interrupted extends Error {
  readonly signal: EndSignal;
  constructor(signal: EndSignal, message: string) {
    super(message);
    this.name = 'Interrupted';
    this.signal = signal;
  }
}

/** What Io.ask gives: null is Ctrl-C, or the end of the input, in place of an answer. */
export async function orLeft(answer: Promise<Answer | null>): Promise<Answer> {
  const given = await answer;
  if (given === null) throw new Interrupted('SIGINT', 'the question was left without an answer');
  return given;
}

export const internalError = (text: string): string => `bootbench: internal error, please report it with the command line\n${text}\n`;

/** Milliseconds since some time. In a thread Node would load some modules for `performance`. */
export const milliseconds = (): number => Number(process.hrtime.bigint()) / 1e6;

export const EXIT = { ok: 0, failed: 1, usage: 2, internal: 3, surroundings: 4 } as const;

/** NO_COLOR (any non-empty value) and --no-color switch off; else a terminal decides. TERM=dumb is no terminal for colours. */
export function paintFor(io: Io, stream: Stream, allowed: boolean): Paint {
  const off = !allowed || (io.env['NO_COLOR'] ?? '') !== '' || io.env['TERM'] === 'dumb';
  return !off && (stream.isTTY || (io.env['FORCE_COLOR'] ?? '0') !== '0') ? ansi : plain;
}

/** Whether a line of progress can be written over: a dumb terminal shows the control characters. */
export const canRewrite = ({ stderr, env }: Io): boolean => stderr.isTTY && env['TERM'] !== 'dumb';

/** Node's own stream of a file takes a write that a full disk or a limit has cut short for a whole one: what is left of it is written until the system says why not. */
function wholly(stream: NodeJS.WriteStream): (text: SafeText) => void {
  const { fd } = stream as { readonly fd?: number };
  if (fd === undefined || stream.isTTY || !isFile(fd)) return (text) => void stream.write(text);
  let failed = false;
  return (text) => {
    try {
      for (let left = Buffer.from(text); left.length > 0 && !failed;) left = left.subarray(writeSync(fd, left));
    } catch (error) {
      failed = true;
      stream.emit('error', error);
    }
  };
}
function isFile(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFile() || stat.isCharacterDevice();
  } catch {
    return false;
  }
}

export function processIo(signals: Signals): Io {
  const wrap = (stream: NodeJS.WriteStream): Stream =>
    // a terminal without a size, as in containers and editors, says 0
    streamOf(wholly(stream), { isTTY: stream.isTTY === true, columns: stream.columns || 80 });
  // `bootbench … | head`: a closed pipe is no defect and changes no verdict: the exit code is that of the command; a full disk is none of this program
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`bootbench: cannot write to stdout: ${reason(error)}\n`, () => process.exit(EXIT.surroundings));
  });
  // nobody can be told, and the exit code says what it always says
  process.stderr.on('error', () => undefined);
  return {
    stdout: wrap(process.stdout),
    stderr: wrap(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    onInterrupt: (callback) => signals.listen(callback),
    interruptedBy: () => signals.heard,
    ...(process.stdin.isTTY && process.stdout.isTTY
      ? { ask: (question) => orLeft(import('./question.ts').then(({ askHere }) => askHere(question))) }
      : {}),
  };
}
