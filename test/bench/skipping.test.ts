/** Whole boots with waiting loops skipped and with every round of them executed: the same to the last cycle, write and count. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { SessionEnd } from '../../src/bench/session/live-run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { registerFile } from '../../src/emu/core/arm/register-file.ts';
import type { Checkpoint } from '../../src/emu/machine-base.ts';
import { MS } from '../../src/emu/time.ts';
import { countSkipped } from '../emu/skipped.ts';
import { expectSame } from '../same.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));

const sessionOf = async (name: string): Promise<Session> =>
  new Session(jobInput(await loadJob([], { scenario: fixture(`${name}/scenario.json`) }, fixture(''))));

async function end(name: string, untilMs: number | null, skipping: boolean) {
  const session = await sessionOf(name);
  const { machine } = session;
  machine.skipping = skipping;
  const skipped = countSkipped(machine.cores);
  const state = stateAt(session, session.run({ until: untilMs === null ? null : untilMs * MS }));
  return { state, skipped: skipped() };
}
function stateAt({ machine, usb }: Session, { outcome, reason, at }: SessionEnd) {
  return {
    outcome,
    reason,
    at,
    cores: machine.cores.map((c) => ({ cycles: c.cycles(), retired: c.retired(), registers: registerFile(c, c.pc) })),
    writes: machine.history.seq,
    log: usb.logEntries,
    timeline: machine.history.timeline.toArray(),
    unmodelled: machine.state.unmodelled,
    unclocked: machine.state.unclocked,
    uninitialised: machine.uninitialisedReads(),
  };
}

describe('Skipping', () => {
  it.each([
    ['a boot up to DFU', 'h533-seed000-fixed', null],
    ['a ROM that refreshes a running watchdog in its loop', 'h533-iwdg', 400],
    ['a ROM that asks in an IT block whether there is a watchdog to refresh', 'l496-seed003-as-posted', null],
    ['firmware that polls a register without behaviour', 'h533-stuck-pka', null],
    ['a Cortex-M0', 'f072-seed002-as-posted', 1500],
  ])(
    '%s',
    async (_what, name, untilMs) => {
      const fast = await end(name, untilMs, true);
      expect(fast.skipped).toBeGreaterThan(500_000);
      expectSame(fast.state, (await end(name, untilMs, false)).state);
    },
    180_000,
  );
});

describe('A run', () => {
  it.each([
    ['h533-seed000-as-posted/scenario.json', 0.1],
    ['h533-seed000-fixed/scenario.json', 0.2],
    ['f072-seed002-as-posted/scenario.leave.json', 1],
    ['f072-seed002-as-posted/scenario.json', 0.2],
    ['l476-seed004-remap/scenario.unexpected-exception-returns.json', 1],
    ['l496-seed003-as-posted/scenario.leave.json', 1],
    ['h745-seed001-fixed/scenario.json', 1],
  ])(
    '%s ends as if it had been looked at each millisecond, with fewer looks; so does it when it is repeated',
    async (path, part) => {
      const session = new Session(jobInput(await loadJob([], { scenario: fixture(path) }, fixture(''))));
      const { machine } = session;
      const run = machine.run.bind(machine);
      let looks = 0;
      const ends = (each: boolean, counterfactual: boolean) => {
        looks = 0;
        machine.run = (limit) => {
          looks++;
          return run(each ? Math.min(limit, (Math.floor(machine.now / MS) + 1) * MS) : limit);
        };
        return { state: stateAt(session, session.run({ counterfactual })), looks };
      };
      const compare = (start: Checkpoint, counterfactual: boolean): void => {
        const [few, all] = [false, true].map((each) => {
          session.restore(start);
          return ends(each, counterfactual);
        }) as [ReturnType<typeof ends>, ReturnType<typeof ends>];
        expectSame(few.state, all.state);
        expect(few.looks).toBeLessThanOrEqual(all.looks * part);
      };
      compare(session.save(), false);
      compare(session.entryCheckpoint!, true);
      session.release();
    },
    120_000,
  );
});
