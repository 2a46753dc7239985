/** Tries of what would make an unusable device usable: none waits longer than what it asks about needs. */
import { describe, expect, it } from 'vitest';
import { acceptance } from '../../src/bench/proof/after.ts';
import { mends } from '../../src/bench/proof/after-causes.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { MS, PS_PER_SECOND, type Ps } from '../../src/emu/time.ts';
import { readFileSync } from 'node:fs';
import { optionBytes, STRAIGHT } from './after.ts';
import { plainJob } from './plain-job.ts';

/** A client, and one that tries the same again with nothing changed: how long each takes of the machine's time. */
function tried(fixture: string, chip: string, scenario: Scenario): { readonly first: Ps; readonly again: Ps; readonly works: boolean } {
  const path = `fixtures/${fixture}/firmware.elf`;
  const bytes = new Uint8Array(readFileSync(new URL(`../../${path}`, import.meta.url)));
  const s = new Session(jobInput(plainJob(chip, [{ path, bytes }], scenario)));
  s.run();
  const at = s.machine.now;
  const finished = s.save();
  const { after } = acceptance(s);
  const first = s.machine.now - at;
  s.restore(finished);
  const isMended = mends(s, after);
  s.restore(finished);
  const works = isMended(s);
  return { first, again: s.machine.now - at, works };
}

describe('a try with nothing changed fails as the client did', () => {
  it('at once, where the device stays and refuses what it is asked', () => {
    const { first, again, works } = tried(...STRAIGHT, optionBytes({ RDP: 0xbb }));
    expect(works).toBe(false);
    expect(first).toBeGreaterThan(12 * PS_PER_SECOND);
    expect(again).toBeLessThan(500 * MS);
  });
  it('when the device goes, where that is what is wrong', () => {
    const { first, again, works } = tried('jump-1ff09800', 'stm32h745zi', optionBytes({ IWDG2_SW: 0 }));
    expect(works).toBe(false);
    expect(again).toBe(first);
  });
});
it('a try asks nothing behind the step that failed: a page that is protected is not written', () => {
  const { first, again, works } = tried(...STRAIGHT, optionBytes({ nWRP: 0xffe }));
  expect(works).toBe(false);
  expect(first - again).toBeGreaterThan(11 * PS_PER_SECOND);
});
