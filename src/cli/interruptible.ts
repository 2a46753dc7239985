/** A command that takes its time. */
import { UsageError } from '../bench/documents/usage-error.ts';
import { CutShort, type CutReason } from '../bench/session/budget.ts';
import type { RunHooks } from '../bench/input/job.ts';
import { printable, printableName, wrap } from '../report/text.ts';
import { canRewrite, DeafError, Interrupted, milliseconds, type EndSignal, type Io, verbatim } from './io.ts';
import { isAnswering } from './parent.ts';

export interface Hooks {
  /** Aborted by Ctrl-C; only who gives way to the event loop sees it. */
  readonly stop: AbortSignal;
  /** The signal that has come; also seen by who is busy, in a thread of his own. */
  readonly interrupted: () => EndSignal | null;
  readonly progress?: (text: string, detail?: boolean) => void;
  readonly found?: (text: string) => void;
  /** By `milliseconds`: what --wall counts from. */
  readonly started: number;
}

/** Runs with Ctrl-C ending the run instead of the program, and with a line of progress where a person looks. */
export async function interruptible<T>(io: Io, showProgress: boolean, run: (hooks: Hooks) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  let heard: EndSignal | null = null;
  const stopListening = io.onInterrupt((signal) => {
    heard = signal;
    stop.abort();
  });
  try {
    return await withProgress(io, showProgress, (progress) =>
      run({ stop: stop.signal, started: milliseconds(), interrupted: () => heard ?? io.interruptedBy?.() ?? null, ...progress }),
    );
  } catch (error) {
    throw error instanceof DeafError && heard !== null ? new Interrupted(heard, error.message) : error;
  } finally {
    stopListening();
  }
}

/** Waits for what another process or peer does, or ends with the signal: `message` then says what was not done. */
export async function orInterrupted<T>(io: Io, message: string, work: Promise<T>): Promise<T> {
  let stopListening = (): void => undefined;
  const told = new Promise<never>((_, fail) => {
    stopListening = io.onInterrupt((signal) => fail(new Interrupted(signal, message)));
  });
  try {
    return await Promise.race([work, told]);
  } finally {
    stopListening();
  }
}

/** A run without a word looks like one that hangs: plain lines for a log, the first after so long, and not many. */
const FIRST_LINE_MS = 5_000;
const NEXT_LINE_MS = 10_000;
const RUNNING = 'running';

/** What a log is told of work that takes its time; work that is done side by side shares the lines. */
export class PlainProgress {
  private readonly io: Io;
  private due = milliseconds() + FIRST_LINE_MS;

  constructor(io: Io) {
    this.io = io;
  }

  /** @param what is running, where there are several: the path of a scenario */
  of(what = ''): (text: string, detail?: boolean) => void {
    const started = milliseconds();
    let doing = RUNNING;
    return (text, detail = false) => {
      if (!detail) doing = text;
      const now = milliseconds();
      if (now < this.due || isAnswering(this.io.env)) return;
      this.due = now + NEXT_LINE_MS;
      const seconds = Math.round((now - started) / 1000);
      const at = doing !== RUNNING ? `: ${doing}` : detail ? `: ${text}` : '';
      this.io.stderr.write(`${printableName(`bootbench: still running${what === '' ? '' : ` ${what}`}, ${seconds} s${at}`)}\n`);
    };
  }
}

/** With a line of progress where a person looks, and a line now and then in a log. */
export async function withProgress<T>(io: Io, wanted: boolean, run: (hooks: Pick<Hooks, 'progress' | 'found'>) => Promise<T>): Promise<T> {
  if (!wanted) return run({});
  if (!canRewrite(io)) return run({ progress: new PlainProgress(io).of() });
  let shown = false;
  try {
    let doing = RUNNING;
    const started = milliseconds();
    const progress = (text: string, detail = false): void => {
      shown = true;
      if (!detail) doing = text;
      const far = detail ? `  ${text}` : '';
      const line = printable(`${((milliseconds() - started) / 1000).toFixed(1)} s  ${doing}${far}`);
      io.stderr.raw(verbatim(`\r\u001b[K${line.slice(0, Math.max(10, io.stderr.columns - 1))}`));
    };
    // stays above the line that is rewritten
    const found = (text: string): void => {
      io.stderr.raw(verbatim('\r\u001b[K'));
      for (const line of wrap(printable(text), io.stderr.columns, '        ', 'so far  ')) io.stderr.write(`${line}\n`);
    };
    return await run({ progress, found });
  } finally {
    if (shown) io.stderr.raw(verbatim('\r\u001b[K'));
  }
}

export const ENDED_BY: Readonly<Record<CutReason, string>> = {
  signal: 'a signal',
  wall: '--wall',
  memory: '--max-memory',
  instructions: '--max-instructions',
  effort: 'its bound',
};

/** For a command without a partial result: what ended it before it was done is told, and is no defect. */
export async function orCutShort<T>(work: () => T | Promise<T>, what: string, { interrupted }: Pick<Hooks, 'interrupted'>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    const signal = interrupted();
    const text = `${what} was not finished: ${error.message}`;
    throw signal === null ? new UsageError(text) : new Interrupted(signal, text);
  }
}

/** What a machine of this thread asks now and then. */
export const runHooks = ({ interrupted, progress, started }: Pick<Hooks, 'interrupted' | 'progress' | 'started'>): RunHooks => ({
  signal: () => interrupted() !== null,
  clock: milliseconds,
  startedAt: started,
  memoryUse: () => process.memoryUsage.rss(),
  ...(progress === undefined ? {} : { progress }),
});
