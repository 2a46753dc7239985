/** A diagnosis repeats the run, which may take minutes on real firmware: what has been tried is not tried again. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { loadJob } from '../../src/cli/inputs.ts';

/** What is told of each repeated run with repairs. */
async function triedIn(scenario: string): Promise<readonly string[]> {
  const path = fileURLToPath(new URL(`../../fixtures/${scenario}`, import.meta.url));
  const tried: string[] = [];
  const progress = (text: string): void => void (text.startsWith('trying with') && tried.push(text));
  const result = runBench({ ...jobInput(await loadJob([], { scenario: path }, '')), progress });
  expect(result.diagnosis.explained).toBe(false);
  return tried;
}

describe('A diagnosis that explains nothing', () => {
  it('tries its only repair once where nothing else comes to light behind it', async () => {
    expect(await triedIn('h533-seed000-as-posted/scenario.sysflash-gap-fault.json')).toHaveLength(1);
  });
});
