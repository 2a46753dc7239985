/** Questions at a terminal: keys that answer them, or leave them. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';
import { builtProgram } from '../built.ts';
import { hasPty } from './terminal.ts';

/** Runs a program in a terminal, presses a key at its first question, and ends with its exit code. */
const PRESS = `
import fcntl, os, pty, struct, sys, termios
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
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
    if not pressed and sys.argv[2].encode() in seen:
        pressed = True
        os.write(master, bytes.fromhex(sys.argv[1]))
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
const CASE = packageFile('fixtures/f405-masked');

/** @param question what is waited for; @param key in hex */
function pressed(key: string, question: string, command: readonly string[]) {
  // a wait in front lets the size be set before the program asks for it
  const shell = ['sh', '-c', 'sleep 0.2; exec "$@"', 'sh', ...command];
  return spawnSync('python3', ['-c', PRESS, key, question, ...shell], { encoding: 'utf8', timeout: 60_000 });
}

it.skipIf(!hasPty)('board --watch ask takes an answer', async () => {
  const program = join(builtProgram(), 'bootbench.js');
  const server = spawn(process.execPath, [program, 'gdb', `${CASE}/firmware.elf`, '--chip', 'stm32f405rg', '--port', '0']);
  onTestFinished(() => void server.kill('SIGKILL'));
  const port = await new Promise<string>((settle) => {
    let said = '';
    server.stdout.on('data', (text: Buffer) => {
      const found = /:(\d{4,5})\b/.exec((said += text.toString('latin1')))?.[1];
      if (found !== undefined) settle(found);
    });
  });
  const command = [process.execPath, program, 'board', 'watch', '--gdb', `127.0.0.1:${port}`, '--chip', 'stm32f405rg', '--watch', 'ask'];
  const { status, stdout } = pressed('79', 'Did the board', command);
  expect([status, stdout]).toEqual([0, expect.stringContaining('Yes')]);
});

it.skipIf(!hasPty).each([
  ['Ctrl-C', '03', 130],
  ['Esc', '1b', 130],
  ['Ctrl-D', '04', 130],
  ['a blank and Enter, which answer it,', '200d', 1],
])('%s ends the question', (_name, key, code) => {
  const command = [process.execPath, join(builtProgram(), 'bootbench.js'), 'ask', `${CASE}/firmware.elf`, '--chip', 'stm32f405rg'];
  const { status, stdout } = pressed(key, 'you see?', command);
  expect(stdout).not.toMatch(/Warning|unsettled/);
  if (code === 130) expect(stdout).toContain('the question was left without an answer');
  // what is answered here, this firmware does not cause
  expect(status).toBe(code);
});
