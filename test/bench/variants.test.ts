/** A run with another ROM in the same machine comes out as one in a machine that was built with it. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { attempt, observe } from '../../src/bench/attempt.ts';
import { jobInput } from '../../src/bench/job.ts';
import { Session } from '../../src/bench/session.ts';
import { Variants } from '../../src/bench/variants.ts';
import type { NamedRepair } from '../../src/bench/repairs.ts';
import type { RepairTarget, Subject } from '../../src/checks/check.ts';
import { MS } from '../../src/emu/time.ts';
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

  it('end where a repaired run is in the state of the run without the repair: a reset has wiped it out', async () => {
    const { session, starts } = await seed000();
    const change = { rom: { 'sysflash-gap': 'decoy-resets' } };
    const unmask: NamedRepair = {
      id: 'primask',
      repair: { at: 'entry', what: '', fix: '', apply: (target) => target.setCore('primask', 0) },
      subject: null as unknown as Subject,
    };
    const both = new Variants(session, starts);
    const plain = both.run(change);
    const repaired = both.run(change, [unmask]);
    expect(session.machine.now).toBeLessThan(plain.end.at - 10 * MS);
    // without the other run, it goes to its end
    const alone = new Variants(session, starts).run(change, [unmask]);
    expect(session.machine.now).toBe(alone.end.at);
    expect(repaired).toEqual(alone);
  });

  it('do not end there if what was repaired outlives the reset', async () => {
    const { session, starts } = await seed000();
    const change = { rom: { 'sysflash-gap': 'decoy-resets' } };
    const lasting: readonly ((target: RepairTarget) => void)[] = [
      (target) => target.write(0x20000400, 4, 1), // RAM
      (target) => target.holdPin!('PA3', 0),
      (target) => target.fitCrystal!('hse', 8_000_000),
    ];
    const both = new Variants(session, starts);
    const plain = both.run(change);
    for (const [i, apply] of lasting.entries()) {
      const repair = {
        id: `lasting-${i}`,
        repair: { at: 'entry', what: '', fix: '', apply },
        subject: null as unknown as Subject,
      } as const;
      both.run(change, [repair]);
      expect(session.machine.now, String(i)).toBe(plain.end.at);
    }
  });
});
