/**
 * A pseudo terminal for programs that want a serial port. Node cannot open one; python3, which Debian, Ubuntu and macOS have, does it in its standard library, so that no
 * native package is needed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { UsageError } from '../bench/documents/usage-error.ts';

/**
 * Prints the name of the terminal, then copies. It keeps the other end open, so that clients may come and go. Neither side can hold it: what nobody reads is kept up to a
 * bound, and lost behind it, as on a wire. Signals of the terminal are for the program that has started it, whose end is the end of its input.
 */
const HELPER = `
import os, select, signal, tty
for ends in (signal.SIGINT, signal.SIGHUP):
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
  close(): void;
}

export async function openPty(): Promise<Pty> {
  if (process.platform === 'win32') throw new UsageError('Windows has no pseudo terminals', 'run it in WSL');
  // isolated: else a tty.py of the working folder would be run
  const child = spawn('python3', ['-I', '-c', HELPER], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {});
  let pending = Buffer.alloc(0);
  const pty: { path: string } & Omit<Pty, 'path'> = {
    path: '',
    onData: (bytes) => (pending = Buffer.concat([pending, bytes])),
    write: (bytes) => child.stdin.write(bytes),
    take: (does) => void (does ? child.stdout.resume() : child.stdout.pause()),
    close: () => child.stdin.end(),
  };
  pty.path = await firstLine(child, (rest) => pty.onData(rest));
  return pty;
}

/** The line that the helper begins with; what follows goes to `rest`. */
function firstLine(child: ChildProcess, rest: (bytes: Uint8Array) => void): Promise<string> {
  return new Promise((settle, fail) => {
    let head: Buffer | null = Buffer.alloc(0);
    const missing = (): void => fail(new UsageError('python3, which opens the pseudo terminal, cannot be started', 'install python3'));
    child.once('error', missing);
    child.once('exit', missing);
    child.stdout!.on('data', (bytes: Buffer) => {
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
