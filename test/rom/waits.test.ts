/** What the stand-in ROMs do while they wait for a host changes nothing: virtual time in them costs next to nothing. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput, romProfileIfAny } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { findSteadyLoop } from '../../src/emu/proofs/steady.ts';
import { MS } from '../../src/emu/time.ts';
import { plainJob } from '../bench/plain-job.ts';

const fixture = (file: string): string => fileURLToPath(new URL(`../../fixtures/${file}`, import.meta.url));
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
  it.each(ofEachRom)('%s on %s', (image, chip) => {
    // Without frames of a host F105 tries one crystal after the other and counts the rounds.
    const cable = image === 'f105' ? 'in' : 'out';
    const session = new Session(jobInput(plainJob(chip, [], { board: { boot0: 1 }, host: { cable } })));
    const { machine } = session;
    session.run({ until: 1500 * MS });
    const found = [1, 2, 3].some(() => findSteadyLoop(machine.bootCore, machine.system, 2000) !== null);
    session.release();
    expect(found).toBe(true);
  });
  it('also where frames of the bus come between, and the round is a long one', async () => {
    const job = await loadJob([fixture('jump-1fff0000-masked/firmware.elf')], { chip: 'stm32l476rg' }, '.');
    const session = new Session(jobInput(job));
    const core = session.machine.bootCore;
    session.run({ until: 1200 * MS });
    let steps = 0;
    const step = core.step.bind(core);
    core.step = () => {
      steps++;
      return step();
    };
    session.run({ until: 2200 * MS });
    session.release();
    expect(session.usb.state.cable).toBe(true);
    // of 15 million instructions
    expect(steps).toBeLessThan(1_000_000);
  });
});
