/** A terminal: a program runs in a pseudo terminal of a given width, and what a person sees at the end comes back. */
import { spawnSync } from 'node:child_process';
import xterm from '@xterm/headless';

/** Node cannot open a pseudo terminal; python3 does it in its standard library. Copies all output, presses keys where their text is seen, ends with the program's exit code. */
const HELPER = `
import fcntl, json, os, pty, struct, sys, termios
keys, seen = json.loads(sys.argv[3]), b""
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[4], sys.argv[4:])
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", int(sys.argv[2]), int(sys.argv[1]), 0, 0))
while True:
    try:
        data = os.read(master, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
    seen += data
    if keys and keys[0][0].encode() in seen:
        os.write(master, bytes.fromhex(keys.pop(0)[1]))
        seen = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
export const hasPty = process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty, fcntl, termios']).status === 0;

export interface Screen {
  readonly status: number | null;
  /** Lines as they stand at the end, without the empty ones below. */
  readonly lines: readonly string[];
  readonly raw: string;
  /** Lines that went over the edge of the screen. */
  readonly wrapped: number;
  /** Cells that are not in the terminal's own colour. */
  readonly coloured: number;
}

export interface TerminalOptions {
  readonly columns: number;
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly keys?: readonly (readonly [seen: string, hex: string])[];
}
/** Runs a program in a terminal of `columns`, and presses keys (in hex), one after the other, where a text is seen; its first lines are kept however long its output is. */
export async function onTerminal(command: readonly string[], { columns, cwd, env = {}, keys = [] }: TerminalOptions): Promise<Screen> {
  const rows = 40;
  // a wait in front lets the size be set before the program asks for it
  const shell = ['sh', '-c', 'sleep 0.2; exec "$@"', 'sh', ...command];
  const { NO_COLOR: _, CI: __, ...inherited } = process.env;
  const { status, stdout } = spawnSync('python3', ['-c', HELPER, String(columns), String(rows), JSON.stringify(keys), ...shell], {
    cwd,
    env: { ...inherited, TERM: 'xterm-256color', ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  const terminal = new xterm.Terminal({ cols: columns || 80, rows, scrollback: 2000, allowProposedApi: true });
  await new Promise<void>((done) => terminal.write(stdout, done));
  const buffer = terminal.buffer.active;
  const lines: string[] = [];
  let coloured = 0;
  let wrapped = 0;
  for (let y = 0; y < buffer.length; y++) {
    const line = buffer.getLine(y)!;
    lines.push(line.translateToString(true));
    if (line.isWrapped) wrapped++;
    for (let x = 0; x < columns; x++) if (line.getCell(x)?.isFgDefault() === false) coloured++;
  }
  while (lines.at(-1) === '') lines.pop();
  terminal.dispose();
  return { status, lines, raw: stdout, wrapped, coloured };
}
