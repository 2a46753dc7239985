/** The instants of the contract at which a run gets its word: each is tried on both sides. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { Step } from '../../src/bench/documents/scenario-types.ts';
import { decideOutcome, type Judged } from '../../src/bench/session/outcome.ts';
import { ENTRY_LOOP, FAULT_HOLDS, RESET_LOOP, resetLoopSettled } from '../../src/bench/session/reset-loop.ts';
import { Session } from '../../src/bench/session/session.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import type { EntryRecord, ResetRecord } from '../../src/emu/history.ts';
import { MS, type Ps } from '../../src/emu/time.ts';
import { CHIP, FLASH, imageOf, store, SYSTICK, WAITS } from './late-program.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const S = 1000 * MS;
const reset = (at: Ps, more: Partial<ResetRecord> = {}): ResetRecord => ({
  at,
  by: 'software',
  flags: [],
  fromPc: null,
  core: 0,
  external: false,
  ...more,
});
const entry = (at: Ps): EntryRecord => ({
  at,
  core: 0,
  address: 0x1fff0000,
  how: 'branch',
  fromPc: null,
  registers: {},
  retired: 0,
  reached: true,
});
/** A run in which nothing has happened, but for what is given. */
function judged(
  now: Ps,
  {
    resets = [] as ResetRecord[],
    entries = [] as EntryRecord[],
    state = {} as Partial<Judged['state']>,
    lockup = null as unknown,
    semihostingExit = null as number | null,
    lostSince = null as Ps | null,
    laterSteps = false,
  } = {},
): Judged {
  return {
    machine: { now, history: { resets, entries }, state: { lockup, semihostingExit } },
    state: { dfuAt: null, leftAt: null, fault: null, loop: null, ...state },
    usb: { dfuLostSince: lostSince },
    steps: { ranAfter: () => laterSteps },
  };
}

it('fifty entries, sixteen resets and 100 ms are what the contract says', () => {
  expect([ENTRY_LOOP, RESET_LOOP, FAULT_HOLDS]).toEqual([50, 16, 100 * MS]);
});

describe('Three resets by one cause', () => {
  const settled = (...at: Ps[]): boolean => resetLoopSettled({ resets: at.map((t) => reset(t)) });
  it('are settled if the last two intervals differ by less than a fifth of the longer', () => {
    expect(settled(0, 100 * MS, 180 * MS)).toBe(false);
    expect(settled(0, 100 * MS, 180 * MS + 1)).toBe(true);
    expect(settled(0, 80 * MS, 180 * MS)).toBe(false);
    expect(settled(0, 80 * MS + 1, 180 * MS + 1)).toBe(true);
  });
  it('are three and not two', () => {
    expect(settled(0, 100 * MS)).toBe(false);
    expect(settled(0, 1, 100 * MS, 200 * MS)).toBe(true);
  });
  it('are not those of power-on or of the scenario, nor of several causes', () => {
    const word = (...resets: ResetRecord[]) => decideOutcome(judged(201 * MS, { resets }), false);
    expect(word(reset(0), reset(100 * MS), reset(200 * MS))).toBe('reset-loop');
    expect(word(reset(0, { by: 'power' }), reset(100 * MS), reset(200 * MS))).toBe('no-jump');
    expect(word(reset(0), reset(100 * MS, { external: true }), reset(200 * MS))).toBe('no-jump');
    expect(word(reset(0), reset(100 * MS, { by: 'iwdg' }), reset(200 * MS))).toBe('no-jump');
  });
  it('are no loop where the scenario did something behind the last of them', () => {
    const resets = [0, 100 * MS, 200 * MS].map((at) => reset(at));
    for (const now of [201 * MS, 9 * S]) {
      expect(decideOutcome(judged(now, { resets }), false)).toBe('reset-loop');
      expect(decideOutcome(judged(now, { resets, laterSteps: true }), false)).toBe('no-jump');
    }
  });
  it('end with the button that made them, and go on with one that is held', () => {
    /** Resets 10 ms after each start at which PA0 is high. */
    const program = new Thumb(FLASH + 0x200).constant(0, 0x40023830).movs(1, 1).str(1, 0).constant(2, 40_000).movs(3, 1);
    program.label('wait').subs(2, 2, 3).bne('wait').constant(0, 0x40020010).ldr(1, 0).tst(1, 3).beq('rest');
    program.constant(0, 0xe000ed0c).constant(1, 0x05fa0004).str(1, 0).label('rest').movs(1, 0).b('rest');
    const word = (steps: readonly Step[]) => {
      const session = new Session(jobInput(plainJob('stm32f405rg', bareImage(program), { steps })));
      const { outcome } = session.run();
      session.release();
      return outcome;
    };
    const pressed: Step = { at: '1ms', do: { pin: { name: 'PA0', level: 1 } } };
    expect(word([pressed])).toBe('reset-loop');
    expect(word([pressed, { at: '100ms', do: { pin: { name: 'PA0', level: 0 } } }])).not.toBe('reset-loop');
    // a step that changes nothing leaves it a loop
    expect(word([pressed, { at: '100ms', do: { pin: { name: 'PA1', level: 0 } } }])).toBe('reset-loop');
  });
  it('without a rhythm count if the last is at most twice the longest interval away', () => {
    const resets = [0, 10 * MS, 40 * MS].map((at) => reset(at));
    expect(decideOutcome(judged(100 * MS, { resets }), false)).toBe('reset-loop');
    expect(decideOutcome(judged(100 * MS + 1, { resets }), false)).toBe('no-jump');
  });
});

describe('A fault', () => {
  const word = (now: Ps, settled = false, inFault = false) =>
    decideOutcome(judged(now, { state: { fault: { since: 5 * MS }, loop: inFault ? { inFault } : null } }), settled);
  it('is one that has been active for the last 100 ms', () => {
    expect(word(105 * MS - 1)).toBe('no-jump');
    expect(word(105 * MS)).toBe('fault');
  });
  it('is one whose handler provably does not return', () => {
    expect(word(6 * MS, true, true)).toBe('fault');
    expect(word(6 * MS, true, false)).toBe('no-jump');
    expect(word(6 * MS, false, true)).not.toBe('fault');
  });
  it('is a lockup at once', () => expect(decideOutcome(judged(1, { lockup: {} }), false)).toBe('fault'));
});

describe('A device that was ready for DFU', () => {
  const word = (now: Ps, lostSince: Ps | null, laterSteps = true) =>
    decideOutcome(judged(now, { state: { dfuAt: 1 * MS }, lostSince, laterSteps }), false);
  it('is lost when it has not answered for a second', () => {
    expect(word(2 * S, null)).toBe('dfu');
    expect(word(2 * S, 1 * S + 1)).toBe('dfu');
    expect(word(2 * S, 1 * S)).toBe('dfu-lost');
  });
  it('is not lost where nothing was asked of it later', () => expect(word(9 * S, 1 * S, false)).toBe('dfu'));
});

describe('After an entry', () => {
  const entries = [entry(10 * MS)];
  it('a reset or a way out leads back into the application', () => {
    expect(decideOutcome(judged(S, { entries }), false)).toBe('rom-silent');
    expect(decideOutcome(judged(S, { entries, resets: [reset(10 * MS)] }), false)).toBe('rom-silent');
    expect(decideOutcome(judged(S, { entries, resets: [reset(10 * MS + 1)] }), false)).toBe('back-in-app');
    expect(decideOutcome(judged(S, { entries, state: { leftAt: 11 * MS } }), false)).toBe('back-in-app');
  });
});

describe('The ROM entered again and again', () => {
  const entries = (...at: Ps[]): EntryRecord[] => at.map((t) => entry(t));
  const steady = entries(...Array.from({ length: ENTRY_LOOP }, (_, i) => (10 + 10 * i) * MS));
  const word = (list: EntryRecord[], resets: ResetRecord[] = []) => decideOutcome(judged(51 * MS, { entries: list, resets }), true);
  it('fifty times at a steady pace gives control back, which is known while the ROM runs', () => {
    expect(word(steady)).toBe('back-in-app');
    expect(word(steady.slice(1))).toBe('rom-silent');
    expect(decideOutcome(judged(51 * MS, { entries: steady }), false)).toBe('rom-silent');
  });
  it('out of step, from a reset, or with one in between is no such loop', () => {
    const late = (by: Ps): EntryRecord[] => steady.with(-1, entry(steady.at(-1)!.at + by));
    expect(word(late(2.5 * MS))).toBe('rom-silent');
    expect(word(late(2.5 * MS - 1))).toBe('back-in-app');
    expect(word(steady.map((e, i) => (i === 2 ? { ...e, how: 'boot' } : e)))).toBe('rom-silent');
    expect(word(steady, [reset(25 * MS)])).toBe('rom-silent');
  });
});

describe('Without an entry', () => {
  const loop = { inFault: false };
  it('a loop without an end is stuck, unless the program said that it has ended', () => {
    expect(decideOutcome(judged(S), true)).toBe('no-jump');
    expect(decideOutcome(judged(S, { state: { loop } }), true)).toBe('stuck');
    expect(decideOutcome(judged(S, { state: { loop }, semihostingExit: 0 }), true)).toBe('no-jump');
  });
});

describe('The ROM is silent', () => {
  const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
  async function run(scenario: string) {
    const session = new Session(jobInput(await loadJob([], { scenario }, fixtures)));
    const { outcome, at } = session.run();
    expect(outcome).toBe('rom-silent');
    const { attachedSince, unansweredSince } = session.usb;
    const { startUpMs, usbConnectMs } = session.profile!;
    const there = session.machine.history.entries.at(-1)!.at + (startUpMs.value + usbConnectMs.value) * MS;
    session.release();
    return { at, attachedSince, unansweredSince, there };
  }
  it('two seconds after a transfer of the enumeration that got no answer', async () => {
    const { at, unansweredSince } = await run('f072-masked/scenario.json');
    expect(at - unansweredSince!).toBeGreaterThanOrEqual(2 * S);
    expect(at - unansweredSince!).toBeLessThan(2 * S + 2 * MS);
  });
  it('two seconds after a device should have attached', async () => {
    const { at, attachedSince, there } = await run('f405-receiver-on-rx/scenario.json');
    expect(attachedSince).toBeNull();
    expect(at - there).toBeGreaterThanOrEqual(2 * S);
    expect(at - there).toBeLessThan(2 * S + 2 * MS);
  });
});

describe('A program that only sleeps and ticks', () => {
  /** Four seconds a tick, so that a minute is a matter of twenty instructions. */
  const bytes = imageOf({ setUp: (t) => store(store(t, SYSTICK + 4, 0xffffff), SYSTICK, 7), wait: WAITS['wfi']!.part });
  const endWith = (...steps: string[]): Ps => {
    const pin = (at: string) => ({ at, do: { pin: { name: 'PA0', level: 1 } } }) as const;
    const job = plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }], { steps: steps.map(pin) });
    const session = new Session(jobInput(job));
    const { reason, outcome, at } = session.run();
    expect([reason, outcome]).toEqual(['deadline', 'no-jump']);
    session.release();
    return at;
  };
  it('is given up five seconds after the last thing that happened to it', () => {
    expect(endWith()).toBeGreaterThanOrEqual(5 * S);
    expect(endWith()).toBeLessThan(5.1 * S);
    expect(endWith('2s')).toBeGreaterThanOrEqual(7 * S);
    expect(endWith('2s')).toBeLessThan(7.1 * S);
  });
  it('is given up after a minute whatever happens', () => {
    expect(endWith('54s')).toBeGreaterThanOrEqual(59 * S);
    expect(endWith('54s')).toBeLessThan(59.1 * S);
    expect(endWith('58s')).toBeGreaterThanOrEqual(60 * S);
    expect(endWith('58s')).toBeLessThan(60.1 * S);
  });
});
