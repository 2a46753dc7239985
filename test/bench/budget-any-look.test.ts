/** A run that the user ends, at whatever look of its budget, gives a result. */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { serialise } from '../../src/bench/documents/serialise.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { RunInput } from '../../src/bench/input/run-input.ts';
import { runBench } from '../../src/bench/run.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { isTurn } from '../turn.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url));

describe.each(['f405-own-crash', 'f072-masked', 'l496-request-never-read', 'f405-serial-trigger'])('%s ended at any look', (name) => {
  let input: RunInput;
  let looks = 0;
  let whole: RunResult;
  beforeAll(async () => {
    input = jobInput(await loadJob([], { scenario: `${FIXTURES}/${name}/scenario.json` }, FIXTURES));
    whole = runBench({ ...input, signal: () => (looks++, false) });
  });
  const endedAt = (look: number): RunResult => {
    let asked = 0;
    return runBench({ ...input, signal: () => ++asked > look });
  };
  it('gives a result, which says that it was ended', () => {
    expect(looks).toBeGreaterThan(2);
    const step = Math.max(1, Math.floor(looks / 24));
    for (let look = 0; look < looks; look += step) {
      if (!isTurn(look / step, 3)) continue;
      const result = endedAt(look);
      expect(() => serialise(result)).not.toThrow();
      const said = result.ended.reason === 'signal' || result.notes.some((n) => n.kind === 'limit' && String(n.text).endsWith('(signal)'));
      // the last looks may be those of repeated runs whose outcome changes nothing
      if (!said) expect({ look, ...result }).toEqual({ look, ...whole });
    }
  });
});
