/** A process that does the work of a campaign. What keeps it from starting, or ends it, is told to who waits for it: nobody waits for a process that is not there. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { reason, surroundings, surroundingsIn } from '../bench/documents/system-errors.ts';
import { SurroundingsError } from '../bench/documents/usage-error.ts';

/** What a child sends: that it has loaded what it runs, then an answer to each task. */
export type ChildMessage = { readonly kind: 'ready' } | { readonly kind: 'answer'; readonly answer: unknown };

/** Of what a child says on stderr: enough for an error of Node. */
const MOST_SAID = 8192;
/** From SIGTERM to SIGKILL. */
const PATIENCE_MS = 1000;

const OVERLOADED = 'is the machine overloaded? fewer at once: --jobs 1';
/** Node that gets some of its threads, and not all, waits for ever before it runs anything. */
const FEW_THREADS = 'is the machine overloaded, or the limit of processes reached (`ulimit -u`)? fewer at once: --jobs 1';

/** What a worker does, or the machine, takes longer than it may. */
export class Silent extends SurroundingsError {
  /** Without advice. */
  readonly what: string;
  constructor(what: string, hint: string) {
    super(what, hint);
    this.what = what;
  }
  /** Of the work that it was given: `what` is known, and may be the cause. */
  of(what: string): SurroundingsError {
    return new SurroundingsError(`${what}: ${this.what}`, `this firmware keeps it busy past "wall", or ${OVERLOADED}`);
  }
}
/** The system gives no process, or one that does not work: others would get none either. */
export class NoWorker extends SurroundingsError {}
const STARTS = 'no worker process could be started';
const asNoWorker = (error: SurroundingsError | null): NoWorker | null =>
  error && new NoWorker(error.message, 'or have fewer at once: --jobs 1');
/** Node itself is what is started, so that it cannot be is never a matter of the input. */
const notStarted = (error: Error): NoWorker =>
  asNoWorker(surroundings(error, STARTS)) ??
  new NoWorker(`${STARTS}: ${reason(error)}`, `may this user run ${process.execPath}, and use /dev/null?`);
/** What an answer says that comes of the system of the child; null for what is no matter of the system. */
export const noWorker = (error: unknown): NoWorker | null => asNoWorker(surroundings(error, 'a worker process cannot go on'));

export class Child {
  /** Settles when it has loaded what it runs. */
  readonly ready: Promise<void>;
  /** Settles when it is gone, or was never there. */
  readonly gone: Promise<void>;
  private readonly process: ChildProcess;
  private hear: (answer: unknown) => void = () => undefined;
  private fail: (error: Error) => void = () => undefined;
  private said = '';
  private isReady = false;
  private ended: Error | null = null;

  /** @throws Error where the system refuses it at once; some refusals are told later (`ready`) */
  constructor(file: URL, startMs: number) {
    // bytes and maps as they are
    this.process = fork(fileURLToPath(file), [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    // where no pipe could be made there is none
    this.process.stderr?.on('data', (bytes: Buffer) => (this.said = (this.said + bytes.toString('utf8')).slice(-MOST_SAID)));
    this.process.on('message', (message: ChildMessage) => {
      this.isReady = true;
      this.hear(message.kind === 'answer' ? message.answer : undefined);
    });
    this.gone = new Promise((settle) => {
      const over = (why: Error): void => {
        this.ended ??= why;
        this.fail(this.ended);
        settle();
      };
      this.process.on('error', (error) => {
        if (this.process.pid === undefined) over(notStarted(error));
        // it cannot be talked to
        else this.process.kill('SIGKILL');
      });
      this.process.once('close', (code, signal) => over(this.ending(code, signal)));
    });
    this.ready = this.answer(startMs).then(() => undefined);
  }

  /** @param ms within which it has to answer; else it is ended */
  run(task: unknown, ms: number): Promise<unknown> {
    const answer = this.answer(ms);
    if (this.ended === null) this.process.send(task as object, (error) => void (error && this.process.kill('SIGKILL')));
    return answer;
  }
  /** @param why what is told of it, where somebody waits for an answer */
  stop(why?: Error): void {
    this.ended ??= why ?? new Error(this.isReady ? 'the worker process was ended' : `${STARTS}: it was ended`);
    this.process.kill();
    const timer = setTimeout(() => this.process.kill('SIGKILL'), PATIENCE_MS);
    void this.gone.then(() => clearTimeout(timer));
  }

  private answer(ms: number): Promise<unknown> {
    return new Promise((settle, fail) => {
      const silent = `a worker process did not answer within ${Math.round(ms / 1000)} s and was ended`;
      const timer = setTimeout(() => this.stop(new Silent(silent, this.isReady ? OVERLOADED : FEW_THREADS)), Math.min(ms, 2 ** 31 - 1));
      this.hear = (answer) => {
        clearTimeout(timer);
        settle(answer);
      };
      this.fail = (error) => {
        clearTimeout(timer);
        fail(error);
      };
      if (this.ended !== null) this.fail(this.ended);
    });
  }
  private ending(code: number | null, signal: string | null): Error {
    const how = `exited unexpectedly, ${signal ?? `exit code ${code}`}`;
    const said = `${/^\w*Error\b.*$/m.exec(this.said)?.[0] ?? ''}\n${this.said}`.trimEnd();
    if (this.isReady) return new Error(`the worker ${how} ${said}`.trimEnd());
    const told = asNoWorker(surroundingsIn(this.said, STARTS));
    if (told !== null) return told;
    // Node has no words where it gets no thread, nor has a system that is out of memory
    return signal === null
      ? new Error(`${STARTS}: it ${how} ${said}`.trimEnd())
      : new NoWorker(
          `${STARTS}: it was ended by ${signal}`,
          'allow more processes (`ulimit -u`) or memory, or have fewer at once: --jobs 1',
        );
  }
}
