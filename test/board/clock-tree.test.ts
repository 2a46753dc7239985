/** Clock rates from the registers that a board shows. */
import { describe, expect, it } from 'vitest';
import { ClockTree } from '../../src/board/clock-tree.ts';
import { runTo } from '../../src/bench/slice/window.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { MS, rateHz } from '../../src/emu/time.ts';
import { fixture } from '../campaign/stored.ts';

/** A machine that has run for so long, with what its RCC's registers hold. */
async function machineAt(name: string, ms: number) {
  const job = await loadJob([], { scenario: fixture(name) }, '/');
  const session = new Session(jobInput(job));
  runTo(session, ms * MS);
  const { machine } = session;
  const rcc = machine.system.block(machine.chip.rcc);
  const word = (address: number): number | null => rcc.component.read(rcc.state, rcc.env, address - rcc.row.base, 4);
  const hseHz = machine.system.parameter('hse.hz') ?? 0;
  const own = Object.fromEntries(
    machine.chip.clocks.map((clock) => {
      const { rate } = machine.system.clock(clock);
      return [clock, rate ? rateHz(rate) : 0];
    }),
  );
  return { session, chip: machine.chip, word, hseHz, own };
}

describe('rates from registers', () => {
  it.each([
    ['f042-boot0-driven', 10],
    ['f072-seed002-as-posted', 10],
    ['f405-straight', 1],
    ['f405-straight', 10],
    ['f411-remap-vtor', 10],
    ['f446-wrong-family', 10],
    ['f746-pending-button', 10],
    ['h533-straight', 10],
    ['h745-seed001-fixed', 10],
    ['l476-seed004-masked', 10],
    ['l496-critical-section', 10],
  ])('are those of the machine they were read from: %s at %i ms', async (name, ms) => {
    const { session, chip, word, hseHz, own } = await machineAt(name, ms);
    try {
      expect(Object.fromEntries(new ClockTree(chip, hseHz).rates(word)!)).toEqual(own);
    } finally {
      session.release();
    }
  });

  it('that hang on HSE are not known where nobody says what is fitted, and the others are', async () => {
    const { session, chip, word, own } = await machineAt('f405-straight', 10);
    session.release();
    const rates = new ClockTree(chip, null).rates(word)!;
    expect([own['sysclk'], rates.get('sysclk'), rates.get('hsi')]).toEqual([168e6, null, 16e6]);
  });

  it('are not known where a register cannot be read', async () => {
    const { session, chip, word } = await machineAt('f405-straight', 1);
    session.release();
    let reads = 0;
    expect(new ClockTree(chip, 8e6).rates((address) => (++reads === 2 ? null : word(address)))).toBeNull();
    // the others are asked for all the same: a board reads them in one go
    expect(reads).toBeGreaterThan(4);
  });
});
