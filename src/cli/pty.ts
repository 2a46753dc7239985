/**
 * A pseudo terminal for programs that want a serial port. Node cannot open one; python3, which Debian, Ubuntu and macOS have, does it in its standard library, so that no
 * native package is needed.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import { reason, surroundings } from '../bench/documents/system-errors.ts';
import { withPipes } from './shell.ts';

/**
 * Prints the name of the terminal, then copies. It keeps the other end open, so that clients may come and go. Neither side can hold it: what nobody reads is kept up to a
 * bound, and lost behind it, as on a wire. Signals of the terminal, and those to a whole group of processes, are for the program that has started it, whose end is the end of its input.
 */
const HELPER = `
import os, select, signal, tty
for ends in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(ends, signal.SIG_IGN)
master, slave = os.openpty()
tty.setraw(slave)
os.write(1, (os.ttyname(slave) + "\\n").encode())
os.set_blocking(master, False)
os.set_blocking(1, False)
MOST = 1 << 20
client = program = b""
try:
    while True:
        ready, free, _ = select.select([0] + ([] if program else [master]), ([master] if client else []) + ([1] if program else []), [])
        if 0 in ready:
            data = os.read(0, 65536)
            if not data:
                break
            client = (client + data)[:MOST]
        if master in free:
            client = client[os.write(master, client):]
        if master in ready:
            program = os.read(master, 4096)
        if 1 in free:
            program = program[os.write(1, program):]
except OSError:
    pass
`;

export interface Pty {
  /** `/dev/pts/3`. */
  readonly path: string;
  /** What a client has written. */
  onData: (bytes: Uint8Array) => void;
  write(bytes: Uint8Array): void;
  /** Whether what a client writes is taken; it waits meanwhile. */
  take(does: boolean): void;
  /** Settles if the terminal goes, with python3, before it is closed. */
  readonly lost: Promise<null>;
  /** Why it went; null while it is there. */
  readonly failure: Error | null;
  close(): void;
}

/** Of what python3 says: a traceback is no sentence, but its last line is. */
const MOST_SAID = 4096;

/** The process that holds the terminal: neither its end nor what it says of it is for the user as it is. */
class Holder {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  failure: Error | null = null;
  /** Settles when it has ended by itself. */
  readonly lost: Promise<null>;
  private said = '';
  private closed = false;

  constructor() {
    // isolated: else a tty.py of the working folder would be run
    this.child = withPipes(spawn('python3', ['-I', '-c', HELPER], { stdio: ['pipe', 'pipe', 'pipe'] }));
    this.child.stdin.on('error', () => {});
    this.child.stderr.on('data', (bytes: Buffer) => (this.said = (this.said + bytes.toString('utf8')).slice(-MOST_SAID)));
    this.lost = new Promise((settle) => {
      const end = (failure: Error): void => {
        if (this.closed) return;
        this.failure ??= failure;
        settle(null);
      };
      this.child.once('error', (error) => end(cannotStart(error)));
      this.child.once('close', (code, signal) => end(new SurroundingsError(this.ending(code, signal), 'start the command again')));
    });
  }

  close(): void {
    this.closed = true;
    // it has nothing to put in order, and may be stopped
    this.child.kill('SIGKILL');
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) stream.destroy();
  }

  private ending(code: number | null, signal: string | null): string {
    const last = this.said.trim().split('\n').at(-1)!;
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    return `python3, which holds the pseudo terminal, ${how}${last === '' ? '' : ` (${last})`}`;
  }
}
const cannotStart = (error: Error): Error =>
  surroundings(error, 'python3, which opens the pseudo terminal, cannot be started') ??
  new UsageError(`python3, which opens the pseudo terminal, cannot be started: ${reason(error)}`, 'install python3');

export async function openPty(): Promise<Pty> {
  if (process.platform === 'win32') throw new UsageError('Windows has no pseudo terminals', 'run it in WSL');
  const holder = new Holder();
  const { stdin, stdout } = holder.child;
  let pending = Buffer.alloc(0);
  const pty: { path: string } & Omit<Pty, 'path'> = {
    path: '',
    onData: (bytes) => (pending = Buffer.concat([pending, bytes])),
    write: (bytes) => stdin.write(bytes),
    take: (does) => void (does ? stdout.resume() : stdout.pause()),
    lost: holder.lost,
    get failure() {
      return holder.failure;
    },
    close: () => holder.close(),
  };
  const line = await Promise.race([firstLine(stdout, (rest) => pty.onData(rest)), holder.lost]);
  if (line === null) throw holder.failure!;
  pty.path = line;
  return pty;
}

/** The line that the helper begins with; what follows goes to `rest`. */
function firstLine(stdout: Readable, rest: (bytes: Uint8Array) => void): Promise<string> {
  return new Promise((settle) => {
    let head: Buffer | null = Buffer.alloc(0);
    stdout.on('data', (bytes: Buffer) => {
      if (head === null) return rest(bytes);
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf(10);
      if (end < 0) return;
      const line = head.subarray(0, end).toString('utf8');
      const more = head.subarray(end + 1);
      head = null;
      settle(line);
      if (more.length > 0) rest(more);
    });
  });
}
