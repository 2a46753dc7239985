/** A run with another ROM in the same machine comes out as one in a machine that was built with it. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { attempt, observe } from '../../src/bench/proof/attempt.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { Variants } from '../../src/bench/proof/variants.ts';
import { loadJob } from '../../src/cli/inputs.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));

/** Run to its end; its firmware reads the gap and the table before it jumps. */
async function seed000() {
  const input = jobInput(await loadJob([], { scenario: fixture('h533-seed000-as-posted/scenario.json') }, fixture('')));
  const session = new Session(input);
  const powerOn = session.save();
  session.keepTrail = true;
  session.run();
  session.keepTrail = false;
  return { input, session, starts: { powerOn, entry: session.lastEntry(), entryNumber: 1 } };
}

describe('Variants of the ROM', () => {
  it('begin at the entry that is judged where it was the only one: a ROM option may have mattered at an earlier one', async () => {
    const { session, starts } = await seed000();
    const restored = vi.spyOn(session, 'restore');
    const begun = (entryNumber: number) => {
      restored.mockClear();
      new Variants(session, { ...starts, entryNumber }).run({ rom: { vtor: 'keeps' } });
      return restored.mock.calls[0]![0];
    };
    expect(begun(1)).toBe(starts.entry);
    expect(begun(2)).not.toBe(starts.entry);
  });
  it('in the same machine and in one of their own give the same end at the same instruction', async () => {
    const { input, session, starts } = await seed000();
    expect(session.trail.length).toBeGreaterThan(1);
    const here = new Variants(session, starts);
    const rom = session.rom;
    for (const change of [{ 'sysflash-gap': 'fault' }, { 'sysflash-gap': 'decoy-resets' }, { 'vector-table': 'secure-alias' }]) {
      const run = here.run({ rom: change });
      const other = new Session(input, { romOptions: change });
      const end = other.run({ counterfactual: true });
      expect(run).toEqual(observe(other, end));
      const now = (s: Session) => [s.machine.now, s.machine.bootCore.cycles(), s.machine.bootCore.retired(), s.machine.bootCore.pc];
      expect(now(session)).toEqual(now(other));
    }
    expect(session.rom).toBe(rom);
    // and the ROM of the run is back
    expect(attempt(session, starts, []).outcome).toBe('rom-silent');
  }, 120_000);

  it('whose firmware was started by the boot pin start anew: the core has fetched its vectors from the ROM', async () => {
    const job = await loadJob([], { scenario: fixture('h533-seed000-fixed/scenario.json') }, fixture(''));
    const input = jobInput({ ...job, scenario: { ...job.scenario, board: { ...job.scenario.board, boot0: 1 }, steps: [] } });
    const session = new Session(input);
    const powerOn = session.save();
    expect(powerOn.machine.systemReads).toContain(session.profile!.base);
    const run = new Variants(session, { powerOn, entry: null, entryNumber: 1 }).run({ rom: { 'vector-table': 'secure-alias' } });
    const other = new Session(input, { romOptions: { 'vector-table': 'secure-alias' } });
    expect(run).toEqual(observe(other, other.run({ counterfactual: true })));
  });
});
