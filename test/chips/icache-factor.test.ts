/** A check of order, not of exactness: a published run of Whetstone on STM32H503 at 250 MHz was 2.4 times as fast with ICACHE on. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { loadJob } from '../../src/cli/inputs.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));

test('ICACHE makes work from flash with five wait states about twice as fast', async () => {
  const job = await loadJob([], { scenario: fixture('h533-icache-factor/scenario.json') }, fixture(''));
  const { console: text } = await runBench(jobInput(job));
  const [off, on] = /^off (\d+)\non (\d+)\n$/
    .exec(text['semihosting'] ?? '')!
    .slice(1)
    .map(Number) as [number, number];
  expect(off / on).toBeGreaterThan(1.6);
  expect(off / on).toBeLessThan(3.2);
});
