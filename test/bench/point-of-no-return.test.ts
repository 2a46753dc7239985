/** Behind the point of no return the repair of the only cause does not help any more; before it, it does. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { mainSource } from '../fixtures/place.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const run = async (scenario: string): Promise<RunResult> =>
  inThread(await loadJob([], { scenario: fixture(scenario), pointOfNoReturn: true }, fixture('')), {});
const row = (r: RunResult) => r.timeline.find((t) => t.kind === 'no-return');
const note = (r: RunResult): string | undefined => r.notes.find((n) => n.kind === 'no-return')?.text.toString();

it('with PRIMASK set it lies in the ROM, after the entry: the host has to give up first', async () => {
  const result = await run('h533-primask/scenario.json');
  const at = Number(row(result)!.at);
  expect(at).toBeGreaterThan(Number(result.entries[0]!.at));
  expect(at).toBeLessThan(Number(result.ended.at));
  expect(note(result)).toContain('primask');
  const times = result.timeline.map((t) => Number(t.at));
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

it('a jump to an even address: the branch itself, at its line', async () => {
  const result = await run('f411-thumb-bit-cleared/scenario.json');
  expect(row(result)).toMatchObject({ file: mainSource('f411-thumb-bit-cleared'), line: result.entries[0]!.from!.line });
});

it('a run that reaches DFU has none', async () => {
  const result = await run('f405-bare-jump/scenario.json');
  expect(row(result)).toBeUndefined();
  expect(note(result)).toContain('no single repair');
});
