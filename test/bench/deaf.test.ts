/** A repeated run ends when the core can never answer the host any more: its word is that of the whole run. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { findScenarios } from '../../src/cli/find-scenarios.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { MS } from '../../src/emu/time.ts';
import { byTurns } from '../turn.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const silent = byTurns(
  findScenarios('.', fixtures).filter(
    (file) => (JSON.parse(readFileSync(fixtures + file, 'utf8')) as Scenario).expect?.outcome === 'rom-silent',
  ),
  4,
);

describe('A run in the ROM that the host waits for', () => {
  const early: string[] = [];
  it.each(silent)('%s', async (scenario) => {
    const session = new Session(jobInput(await loadJob([], { scenario }, fixtures)));
    const whole = session.run();
    const actedOn = [...session.machine.state.optionReads];
    session.restore(session.lastEntry()!);
    session.keepCheckpoints = false;
    const repeated = session.run({ counterfactual: true });
    expect(repeated.outcome).toBe(whole.outcome);
    expect(session.machine.state.optionReads).toEqual(actedOn);
    if (repeated.at < whole.at - 1000 * MS) early.push(scenario);
    session.release();
  });
  it('often ends early', () => expect(early.length).toBeGreaterThan(0));
});
