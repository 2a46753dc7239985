/** `bootbench ask` at a terminal: keys that leave a question. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';
import { builtProgram } from '../built.ts';
import { hasPty } from './terminal.ts';

/** Runs a program in a terminal, presses a key at its first question, and ends with its exit code. */
const PRESS = `
import fcntl, os, pty, struct, sys, termios
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
seen, pressed = b"", False
while True:
    try:
        data = os.read(master, 65536)
    except OSError:
        break
    if not data:
        break
    seen += data
    if not pressed and b"you see?" in seen:
        pressed = True
        os.write(master, bytes.fromhex(sys.argv[1]))
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
const CASE = packageFile('fixtures/f405-masked');

it.skipIf(!hasPty).each([
  ['Ctrl-C', '03', 130],
  ['Esc', '1b', 130],
  ['Ctrl-D', '04', 130],
  ['a blank and Enter, which answer it,', '200d', 1],
])('%s ends the question', (_name, key, code) => {
  const command = [process.execPath, join(builtProgram(), 'bootbench.js'), 'ask', `${CASE}/firmware.elf`, '--chip', 'stm32f405rg'];
  // a wait in front lets the size be set before the program asks for it
  const shell = ['sh', '-c', 'sleep 0.2; exec "$@"', 'sh', ...command];
  const { status, stdout } = spawnSync('python3', ['-c', PRESS, key, ...shell], { encoding: 'utf8', timeout: 60_000 });
  expect(stdout).not.toMatch(/Warning|unsettled/);
  if (code === 130) expect(stdout).toContain('the question was left without an answer');
  // what is answered here, this firmware does not cause
  expect(status).toBe(code);
});
