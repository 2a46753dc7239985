/** Loops are stepped through to be recorded: a fork that comes by again knows them. A figure, not a time. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { attempt } from '../../src/bench/proof/attempt.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { loadJob } from '../../src/cli/inputs.ts';

describe('A fork at the entry of the ROM', () => {
  it.each([
    ['h533-seed000-fixed', 1500],
    ['l476-seed004-fixed', 1500],
  ])('%s: is enumerated with fewer than %d instructions stepped', async (name, most) => {
    const path = fileURLToPath(new URL(`../../fixtures/${name}/scenario.json`, import.meta.url));
    const session = new Session(jobInput(await loadJob([], { scenario: path }, '')));
    const powerOn = session.save();
    session.run();
    const starts = { powerOn, entry: session.entryCheckpoint, entryNumber: session.machine.history.entryCount };
    const core = session.machine.bootCore;
    const step = core.step.bind(core);
    let steps = 0;
    core.step = () => {
      steps++;
      return step();
    };
    for (let fork = 0; fork < 3; fork++) {
      steps = 0;
      expect(attempt(session, starts, []).outcome).toBe('dfu');
      expect(steps).toBeLessThan(most);
    }
    session.release();
  });
});
