/** Questions at a terminal: keys that answer them, or leave them. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { packageFile } from '../../src/cli/package.ts';
import { builtProgram } from '../built.ts';
import { hasPty, onTerminal, type TerminalOptions } from './terminal.ts';

const CASE = packageFile('fixtures/f405-masked');
const ASK = [process.execPath, join(builtProgram(), 'bootbench.js'), 'ask', 'firmware.elf', '--chip', 'stm32f405rg'];

const inTerminal = (command: readonly string[], keys: NonNullable<TerminalOptions['keys']>) =>
  onTerminal(command, { columns: 100, cwd: CASE, keys });

it.skipIf(!hasPty).each([
  ['takes an answer', '79', 0, 'Yes'],
  ['is left by Ctrl-C', '03', 130, 'interrupted: the board runs on'],
])('board --watch ask %s', async (_what, key, code, said) => {
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
  const { status, raw } = await inTerminal(command, [['Did the board', key]]);
  expect([status, raw]).toEqual([code, expect.stringContaining(said)]);
});

it.skipIf(!hasPty).each([
  ['Ctrl-C', '03', 130],
  ['Esc', '1b', 130],
  ['Ctrl-D', '04', 130],
  ['a blank and Enter, which answer it,', '200d', 1],
])('%s ends the question', async (_name, key, code) => {
  const { status, raw } = await inTerminal(ASK, [['you see?', key]]);
  expect(raw).not.toMatch(/Warning|unsettled/);
  if (code === 130) expect(raw).toContain('the question was left without an answer');
  // what is answered here, this firmware does not cause
  expect(status).toBe(code);
});

it.skipIf(!hasPty)('a terminal that does not say how wide it is shows the question in one line', async () => {
  const { status, raw } = await onTerminal(ASK, { columns: 0, cwd: CASE, keys: [['navigate', '1b']] });
  expect(raw).toMatch(/you see\?/);
  expect(status).toBe(130);
});

it.skipIf(!hasPty)('Ctrl-C ends the search behind the answer', async () => {
  const { status, raw } = await inTerminal(ASK, [['you see?', '200d'], ['trying:', '03']]); // prettier-ignore
  expect([status, raw]).toEqual([130, expect.stringContaining('the search was not finished')]);
});
