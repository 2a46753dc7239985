/** Where a value comes from that neither core wrote. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { shownIn } from '../fixtures/place.ts';

const FIXTURE = 'f405-chain-dma-left';
const scenario = fileURLToPath(new URL(`../../fixtures/${FIXTURE}/scenario.json`, import.meta.url));

it('the last writer of a word is a transfer, behind the start-up code that had written it before; the word is a variable of whose code reads it', async () => {
  const { outcome, notes } = runBench(jobInput(await loadJob([], { scenario }, '/')));
  expect(outcome).toBe('fault');
  const origin = notes.filter((n) => n.kind === 'chain').map((n) => String(n.text));
  const at = origin.findIndex((text) => text.includes('was loaded from tasks+4 (0x20000004)'));
  expect(at).toBeGreaterThanOrEqual(0);
  expect(origin[at + 1]).toBe(
    `tasks+4 (0x20000004) was written by DMA2 (S0M0AR = 0x20000000, set at ${shownIn(FIXTURE, 'DMA2_S0M0AR =')} (measure); S0CR last written at ${shownIn(FIXTURE, 'DMA2_S0CR =')} (measure))`,
  );
  expect(origin.join('\n')).not.toMatch(/was stored to|samples/);
});
