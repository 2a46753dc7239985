/** A command of the user's shell, or a program, with whatever it starts: it ends as a whole. */
import { spawn, type ChildProcess } from 'node:child_process';
import { Interrupted, type Io } from './io.ts';
import { Mark } from './mark.ts';

/**
 * A program that was started, with its pipes.
 * @throws Error where the system has no handles for them: Node then makes none, and says why to whoever listens later
 */
export function withPipes<C extends ChildProcess>(child: C): C {
  // a type of Node's that does not know of it
  if ((child as { readonly stdio?: unknown }).stdio !== undefined) return child;
  child.on('error', () => undefined);
  throw Object.assign(new Error('no pipe can be made'), { code: 'EMFILE' });
}

export interface ShellEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
/** From SIGTERM to SIGKILL: who presses Ctrl-C waits for it. */
const PATIENCE_MS = 800;
/** What it has started may hold its output open, and live on. */
const OUTPUT_MS = 1000;

export class ShellCommand {
  readonly ended: Promise<ShellEnd>;
  private readonly child: ChildProcess;
  /** For what leaves its group (`setsid`, a daemon). */
  private readonly mark = new Mark();

  /** @param command a line of the shell, or a program and what it is given; @param heard what it prints, on stdout and stderr */
  constructor(
    command: string | readonly string[],
    { cwd, env }: Pick<Io, 'cwd' | 'env'>,
    heard: (bytes: Buffer, stream: 'stdout' | 'stderr') => void,
  ) {
    const shell = typeof command === 'string';
    const [program = '', ...given] = shell ? [command] : command;
    // a group of its own: a signal reaches the compiler below `make` below the shell
    const detached = process.platform !== 'win32';
    const child = withPipes(spawn(program, given, { shell, cwd, env: this.mark.in(env), detached, stdio: ['ignore', 'pipe', 'pipe'] }));
    this.child = child;
    for (const stream of ['stdout', 'stderr'] as const) child[stream].on('data', (bytes: Buffer) => heard(bytes, stream));
    this.ended = new Promise((settle, fail) => {
      child.once('error', fail);
      child.once('close', (code, signal) => settle({ code, signal }));
      child.once('exit', (code, signal) =>
        setTimeout(() => {
          for (const stream of [child.stdout, child.stderr]) stream.destroy();
          settle({ code, signal });
        }, OUTPUT_MS).unref(),
      );
    });
  }

  /** @returns its exit code, within that much time and without Ctrl-C; else it is ended, and the error says why */
  async within(ms: number, late: Error, onInterrupt: Io['onInterrupt'], interrupted: string): Promise<number | null> {
    let cut: Error | null = null;
    let stopped: Promise<void> = Promise.resolve();
    const end = (why: Error): void => {
      cut ??= why;
      // it may never have started: whoever waits for its end hears that
      stopped = this.stop().catch(() => undefined);
    };
    const stopListening = onInterrupt((signal) => end(new Interrupted(signal, interrupted)));
    const timer = setTimeout(() => end(late), ms);
    try {
      const { code } = await this.ended;
      await stopped;
      if (cut !== null) throw cut as Error;
      return code;
    } finally {
      clearTimeout(timer);
      stopListening();
    }
  }
  /** Ends it, and what it has started. */
  async stop(): Promise<void> {
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), PATIENCE_MS);
    await this.ended;
    clearTimeout(timer);
    // the shell may be gone before what it has started
    this.kill('SIGKILL');
    await this.mark.end();
  }
  private kill(signal: NodeJS.Signals): void {
    this.mark.send(signal);
    const { pid } = this.child;
    if (pid === undefined || process.platform === 'win32') return void this.child.kill(signal);
    try {
      process.kill(-pid, signal);
    } catch {
      // nobody of the group is there any more
    }
  }
}
