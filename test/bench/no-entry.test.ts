/** A run without an entry: what would be repaired at one explains nothing. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { loadJob } from '../../src/cli/inputs.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));

it('an application of a chip whose ROM goes back to a flash that is not empty runs on without a suspect', async () => {
  const loaded = await loadJob([], { scenario: fixture('f042-returns-to-flash/scenario.json'), until: '50ms' }, fixture(''));
  // As if it had come back already: it stays in its loop.
  const poke = { address: '0x20001000', value: '0x64667521' } as const;
  const job = { ...loaded, scenario: { ...loaded.scenario, steps: [{ at: '0s', do: { poke } }] } };
  const result = runBench(jobInput(job));
  expect(result.entries).toEqual([]);
  expect(result.checks.find((check) => check.id === 'empty-check')?.verdict).toBe('fail');
  expect(result.diagnosis.causes).toEqual([]);
});
