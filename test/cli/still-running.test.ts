/** In a log, a command that takes its time says so now and then; on a terminal a line is rewritten, and with --quiet nothing is said. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Bench } from '../../src/cli/engine.ts';
import { answering } from '../../src/cli/parent.ts';
import { dfuResult } from '../samples/results.ts';
import { cli, FIRMWARE, folder, IMAGE, type Ran } from './helpers.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['hrtime'] }));
afterEach(() => void vi.useRealTimers());

/** Takes 31 s, and tells each second what it does, and how far it is. */
const slow: Bench = (_job, { progress }) => {
  for (let second = 0; second <= 31; second++) {
    if (second === 12) progress?.('looking for the cause');
    progress?.(second < 12 ? '0.1 s simulated, ROM' : 'far', true);
    vi.advanceTimersByTime(1000);
  }
  return Promise.resolve(dfuResult());
};
const run = (
  args: readonly string[],
  setup: { readonly tty?: boolean; readonly bench?: Bench; readonly env?: Record<string, string> } = {},
) => cli(['run', IMAGE, '--chip', 'stm32h533re', ...args], { bench: slow, ...setup });
const lines = ({ still }: Ran): string[] => still.map((line) => line.trimEnd());

it('after 5 s, then each 10 s: what it does', async () => {
  expect(lines(await run([]))).toEqual([
    'bootbench: still running, 5 s: 0.1 s simulated, ROM',
    'bootbench: still running, 15 s: looking for the cause',
    'bootbench: still running, 25 s: looking for the cause',
  ]);
});
it('nothing with --quiet, on a terminal, or of a command that is done at once', async () => {
  expect(lines(await run(['--quiet']))).toEqual([]);
  expect(lines(await run([], { tty: true }))).toEqual([]);
  expect(lines(await run([], { bench: () => Promise.resolve(dfuResult()) }))).toEqual([]);
});
it('nothing where the output is handed on as an answer, as by mcp', async () => {
  expect(lines(await run([], { env: answering({}) as Record<string, string> }))).toEqual([]);
});
it('plain lines for a terminal that rewrites none', async () => {
  expect(lines(await run([], { tty: true, env: { TERM: 'dumb' } }))).toHaveLength(3);
});
it('what the firmware says is one line, and no command for a runner', async () => {
  const bench: Bench = (_job, { progress }) => {
    vi.advanceTimersByTime(6000);
    progress?.('ROM: a\n::error::b\u001b[2J', true);
    return Promise.resolve(dfuResult());
  };
  const { err, still } = await run([], { bench });
  expect([err, still]).toEqual(['', [expect.stringContaining('::error::b')]]);
  expect(still[0]).not.toContain('\u001b');
});
it('test says which scenario', async () => {
  const scenario = { schema: 'bootbench/scenario@1', chip: 'stm32h533re', images: [IMAGE], expect: { outcome: 'dfu' } };
  const cwd = folder({ 'fw.bin': FIRMWARE, 'dfu.json': JSON.stringify(scenario) });
  const test = (...more: readonly string[]): Promise<Ran> => cli(['test', 'dfu.json', ...more], { cwd, bench: slow });
  expect(lines(await test())[1]).toBe('bootbench: still running dfu.json, 15 s: looking for the cause');
  expect(lines(await test('--quiet'))).toEqual([]);
});
