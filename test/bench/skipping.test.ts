/** Whole boots with waiting loops skipped and with every round of them executed: the same to the last cycle, write and count. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/job.ts';
import { Session, type SessionEnd } from '../../src/bench/session.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { registerFile } from '../../src/emu/core/register-file.ts';
import { MS } from '../../src/emu/time.ts';
import { countSkipped } from '../emu/skipped.ts';

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
      expect(fast.state).toEqual((await end(name, untilMs, false)).state);
    },
    60_000,
  );
});

describe('A repeated run', () => {
  it.each([
    ['h533-seed000-as-posted', 0.1],
    ['h533-seed000-fixed', 0.1],
    ['f072-seed002-as-posted', 0.1],
    // no round of their loops is recorded: the order in which they use cache lines counts
    ['l496-seed003-as-posted', 1],
    ['h745-seed001-fixed', 1],
  ])(
    'of %s ends as if it had been looked at all the time, with fewer looks',
    async (name, part) => {
      const session = await sessionOf(name);
      const { machine } = session;
      session.run();
      const entry = session.entryCheckpoint!;
      const run = machine.run.bind(machine);
      const ends = [true, false].map((still) => {
        session.restore(entry);
        let looks = 0;
        machine.run = (limit, given) => {
          looks++;
          return run(limit, still ? given : null);
        };
        return { state: stateAt(session, session.run({ counterfactual: true })), looks };
      });
      expect(ends[0]!.state).toEqual(ends[1]!.state);
      expect(ends[0]!.looks).toBeLessThanOrEqual(ends[1]!.looks * part);
    },
    60_000,
  );
});
