/** What the stand-in ROMs do while they wait for a host changes nothing: virtual time in them costs next to nothing. */
import { describe, expect, it } from 'vitest';
import { jobInput, romProfileIfAny } from '../../src/bench/job.ts';
import { Session } from '../../src/bench/session.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { findSteadyLoop } from '../../src/emu/idle.ts';
import { MS } from '../../src/emu/time.ts';
import { plainJob } from '../bench/plain-job.ts';

/** One chip for each ROM image. */
const ofEachRom = [
  ...new Map(
    CHIPS.flatMap((chip) => {
      const profile = romProfileIfAny(chip);
      return profile ? [[profile.image, chip.name] as const] : [];
    }),
  ).entries(),
];

describe('The ROM waits in a loop that is left out', () => {
  it.each(ofEachRom)('%s on %s', (_image, chip) => {
    const session = new Session(jobInput(plainJob(chip, [], { board: { boot0: 1 }, host: { cable: 'out' } })));
    const { machine } = session;
    session.run({ until: 1500 * MS });
    const found = [1, 2, 3].some(() => findSteadyLoop(machine.bootCore, machine.system, 2000) !== null);
    session.release();
    expect(found).toBe(true);
  });
});
