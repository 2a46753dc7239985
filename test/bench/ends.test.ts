/**
 * When a run is over and what it is called: the word for random ends around each threshold, and what is proved of small firmwares of a setting up, a loop and a handler of SysTick.
 */
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/bench/documents/outcomes.ts';
import { formatDuration, durationPs } from '../../src/bench/documents/duration.ts';
import { proveFixedLoop } from '../../src/bench/session/fixed-loop.ts';
import { decideOutcome, type Judged } from '../../src/bench/session/outcome.ts';
import { entryLoopSettled, resetLoop, resetLoopSettled, steadyEntries } from '../../src/bench/session/reset-loop.ts';
import { repeatsUntil } from '../../src/bench/session/tick-period.ts';
import { sysTickPeriod } from '../../src/emu/core/arm/systick.ts';
import type { History } from '../../src/emu/history.ts';
import { MS } from '../../src/emu/time.ts';
import { Random } from '../emu/core/random-cases.ts';
import { FLASH, RAM, SYSTICK, TickBench, type Part } from './tick-bench.ts';

// ---- words ---------------------------------------------------------------------------------------------------------------------------
type Events = Pick<History, 'resets' | 'entries'>;
/** Resets and entries in a row whose pace is steady, or just not. */
function anyEvents(r: Random): Events {
  const count = r.pick([0, 1, 2, 3, 4, 15, 16, 17]);
  const gap = r.pick([10, 1000, 5 * MS]);
  const last = r.pick([0, 0.19, 0.2, 0.21, -0.16, -0.2, -0.25, 1]);
  const [by, other] = [r.pick(['software', 'iwdg', 'power', 'pin']), r.pick(['software', 'iwdg'])];
  const at = (i: number, n: number): number => Math.round(i * gap + (i === n - 1 && i > 0 ? last * gap : 0));
  const mixed = r.below(3) === 0;
  const resets = Array.from({ length: count }, (_, i) => ({
    at: at(i, count),
    by: mixed && i % 3 === 1 ? other : by,
    external: r.below(12) === 0,
    kept: r.below(4) === 0 ? i : 0,
  }));
  const entries = Array.from({ length: r.pick([0, 0, 1, 2, 49, 50, 51]) }, (_, i, all = 0) => ({
    at: at(i, all === 0 ? 50 : all) + r.pick([0, 0, 0, 1]),
    how: r.below(80) === 0 ? 'exception' : 'branch',
  }));
  return { resets, entries } as unknown as Events;
}
function anyEnd(r: Random): { readonly judged: Judged; readonly settled: boolean } {
  const history = anyEvents(r);
  const now =
    Math.max(0, ...history.resets.map((x) => x.at), ...history.entries.map((x) => x.at)) +
    r.pick([0, 1, 10, 19, 20, 21, 2000, 2001, 10 * MS, 10 * MS + 1]);
  const dfuAt = r.below(3) === 0 ? now - 5 : null;
  const around = (threshold: number): number => now - threshold + r.pick([-1, 0, 1]);
  return {
    settled: r.below(2) === 0,
    judged: {
      machine: { now, history, state: { lockup: r.below(6) === 0 ? {} : null, semihostingExit: r.below(4) === 0 ? 0 : null } },
      state: {
        dfuAt,
        leftAt: r.below(5) === 0 ? now : null,
        fault: r.below(3) === 0 ? { since: around(100 * MS) } : null,
        loop: r.below(3) === 0 ? { inFault: r.below(2) === 0 } : null,
      },
      usb: { dfuLostSince: r.below(3) > 0 ? around(1000 * MS) : null },
      steps: { ranAfter: (at) => at === dfuAt && now % 2 === 0 },
    },
  };
}
/** 900 ends around each threshold, with the word for each. */
function ends(): (Judged & { readonly word: Outcome })[] {
  const r = new Random(1212);
  return Array.from({ length: 900 }, () => {
    const { judged, settled } = anyEnd(r);
    return { ...judged, word: decideOutcome(judged, settled) };
  });
}
type End = ReturnType<typeof ends>[number];

describe('The word for how a run ended', () => {
  const all = ends();
  const entered = ({ machine }: End): boolean => machine.history.entries.length > 0;
  const where = (words: readonly Outcome[], holds: (end: End) => boolean): boolean[] =>
    all.filter(({ word }) => words.includes(word)).map(holds);
  const always = (list: readonly boolean[]): void => {
    expect(list.length).toBeGreaterThan(5);
    expect(list).not.toContain(false);
  };

  it('is dfu or dfu-lost exactly where DFU was reached: it is latched', () => {
    always(all.map(({ word, state }) => (word === 'dfu' || word === 'dfu-lost') === (state.dfuAt !== null)));
  });
  it('is dfu-lost exactly behind a second of silence while later steps ran', () => {
    const lost = ({ machine, usb, steps, state }: End): boolean =>
      usb.dfuLostSince !== null && machine.now - usb.dfuLostSince >= 1000 * MS && steps.ranAfter(state.dfuAt!);
    always(where(['dfu', 'dfu-lost'], (end) => (end.word === 'dfu-lost') === lost(end)));
  });
  it('is reset-loop only behind three resets by one cause that neither power-on nor the scenario made', () => {
    const three = ({ machine }: End): boolean => {
      const own = machine.history.resets.filter((x) => !x.external && x.by !== 'power');
      return own.some(({ by }) => own.filter((x) => x.by === by).length >= 3);
    };
    always(where(['reset-loop'], three));
  });
  it('is fault for a lockup without a loop of resets, whatever was entered', () => {
    always(
      all
        .filter(({ machine, state, word }) => machine.state.lockup && state.dfuAt === null && word !== 'reset-loop')
        .map(({ word }) => word === 'fault'),
    );
  });
  it('is fault only for a lockup, a fault since 100 ms, or a loop in a fault', () => {
    always(
      where(
        ['fault'],
        ({ machine, state }) =>
          Boolean(machine.state.lockup) ||
          (state.fault !== null && (machine.now - state.fault.since >= 100 * MS || state.loop?.inFault === true)) ||
          state.loop?.inFault === true,
      ),
    );
  });
  it('is rom-silent or back-in-app only behind an entry, stuck or no-jump only without one', () => {
    always(where(['rom-silent', 'back-in-app'], entered));
    always(where(['stuck', 'no-jump'], (end) => !entered(end)));
  });
  it('is stuck exactly where a loop without an end was proved and the program has not said that it is over', () => {
    always(
      where(
        ['stuck', 'no-jump'],
        ({ word, state, machine }) => (word === 'stuck') === (state.loop !== null && machine.state.semihostingExit === null),
      ),
    );
  });
});

describe('A loop of resets', () => {
  const r = new Random(1213);
  const all = Array.from({ length: 500 }, () => anyEvents(r));

  it('is settled only if it is one, and decides behind three resets', () => {
    const strange = all.filter((events) => resetLoopSettled(events) && resetLoop(events) === null);
    expect(strange).toEqual([]);
    expect(all.filter(resetLoopSettled).length).toBeGreaterThan(5);
  });
  it('has one cause that made three resets, and the time of the last of them', () => {
    const loops = all.map((events) => [events, resetLoop(events)] as const).filter(([, loop]) => loop !== null);
    expect(loops.length).toBeGreaterThan(20);
    for (const [{ resets }, loop] of loops) {
      const alike = resets.filter((x) => x.by === loop!.by && !x.external);
      expect(alike.length).toBeGreaterThanOrEqual(3);
      expect(alike.map(({ at }) => at)).toContain(loop!.last);
    }
  });
  it('of entries is settled by fifty at one pace', () => {
    for (const events of all) {
      const steady = steadyEntries(events, 50);
      if (entryLoopSettled(events)) expect(steady).not.toBeNull();
      if (steady !== null) expect(events.entries.length).toBeGreaterThanOrEqual(steady.length);
    }
  });
});

it.each([
  ['1s', 1e12, '1s'],
  ['1.5ms', 1.5e9, '1500us'],
  ['1.50us', 1_500_000, '1500ns'],
  ['1min', 60e12, '60s'],
  ['10µs', 1e7, '10us'],
  ['3μs', 3e6, '3us'],
  ['7ns', 7000, '7ns'],
  ['0.001ns', 1, '1ps'],
  ['0s', 0, '0s'],
])('%s is %i ps, written %s', (text, ps, written) => {
  expect(durationPs(text)).toBe(ps);
  expect(formatDuration(ps)).toBe(written);
});
it.each(['0.5ps', '1.2345ns', '0.0001ns', '9008s', '1', 's', '-1s', '1.s', '.5s', '1e3s'])('%s is no time', (text) => {
  expect(durationPs(text)).toBeNull();
});

// ---- proofs --------------------------------------------------------------------------------------------------------------------------
type Parts = Readonly<Record<string, Part>>;
const TIM2 = 0x40000000;
/** Before SysTick runs: r7 = RAM, whose first words are 0. */
const SETTINGS: Parts = {
  plain: () => {},
  'on PSP': (t) =>
    t
      .constant(0, RAM + 0x1800)
      .put(0xf380, 0x8809)
      .movs(0, 2)
      .put(0xf380, 0x8814)
      .dsb(),
  'SP at an odd word': (t) => t.push(1),
  'SP at an odd word, no STKALIGN': (t) => t.push(1).constant(1, 0xe000ed14).movs(0, 0).str(0, 1),
  masked: (t) => t.cpsidI(),
  'BASEPRI 0x80, tick 0x80': (t) => t.movs(0, 0x80).put(0xf380, 0x8811).constant(1, 0xe000ed20).lsls(0, 0, 24).str(0, 1),
  SLEEPONEXIT: (t) => t.constant(1, 0xe000ed10).movs(0, 2).str(0, 1),
  SEVONPEND: (t) => t.constant(1, 0xe000ed10).movs(0, 0x10).str(0, 1),
  'a line enabled': (t) =>
    t
      .constant(1, 0xe000e100)
      .constant(0, 1 << 28)
      .str(0, 1),
  'TIM2 counts': (t) => t.constant(1, 0x40023840).movs(0, 1).str(0, 1).constant(1, TIM2).movs(0, 1).str(0, 1, 12).str(0, 1),
  'TIM2 counts and interrupts': (t) =>
    t
      .constant(1, 0xe000e100)
      .constant(0, 1 << 28)
      .str(0, 1)
      .constant(1, 0x40023840)
      .movs(0, 1)
      .str(0, 1)
      .constant(1, TIM2)
      .constant(0, 40_000)
      .str(0, 1, 0x2c)
      .movs(0, 1)
      .str(0, 1, 12)
      .str(0, 1),
  'FP in use': (t) => t.constant(1, 0xe000ed88).constant(0, 0xf00000).str(0, 1).dsb().put(0xee00, 0x0a10),
  'FP in use, not lazily': (t) =>
    t
      .constant(1, 0xe000ed88)
      .constant(0, 0xf00000)
      .str(0, 1)
      .constant(1, 0xe000ef34)
      .constant(0, 0x80000000)
      .str(0, 1)
      .dsb()
      .put(0xee00, 0x0a10),
  'a watchdog': (t) => t.constant(1, 0x40003000).constant(0, 0xcccc).str(0, 1),
  'in SVC': (t) => t.put(0xdf00),
  'in a fault': (t) => t.put(0xde00),
  'no tick': () => {},
  'a tick that does not interrupt': () => {},
};
const spin: Part = (t) => t.label('wait').ldr(0, 7, 4).cmp(0, 0).beq('wait').label('end').b('end');
const LOOPS: Parts = {
  polls: spin,
  'b .': (t) => t.label('wait').b('wait'),
  counts: (t) => t.label('wait').adds(0, 1).b('wait'),
  'stores the same': (t) => t.movs(0, 0).label('wait').str(0, 7, 8).ldr(0, 7, 8).b('wait'),
  'stores, and reads what the tick stores': (t) => t.label('wait').ldr(0, 7).str(0, 7, 12).b('wait'),
  'keeps on the stack': (t) => t.label('wait').push(3).ldr(0, 7, 4).cmp(0, 0).pop(3).beq('wait').b('wait'),
  'reads where a tick stacks FP registers': (t) => t.label('wait').movFromSp(1).put(0x3960).ldr(0, 1).ldr(0, 1, 4).cmp(0, 0).b('wait'),
  'reads below its stack': (t) => t.label('wait').movFromSp(1).put(0x3920).ldr(0, 1).cmp(0, 0).b('wait'),
  'masks and lets in': (t) => t.label('wait').cpsidI().ldr(0, 7, 4).cpsieI().cmp(0, 0).beq('wait').b('wait'),
  sleeps: (t) => t.label('wait').wfi().b('wait'),
  'sleeps for an event': (t) => t.label('wait').wfe().b('wait'),
  'sleeps and counts': (t) => t.label('wait').wfi().ldr(0, 7, 16).adds(0, 1).str(0, 7, 16).b('wait'),
  'sleeps and toggles': (t) => t.label('wait').wfi().ldr(0, 7, 16).movs(1, 1).subs(0, 1, 0).str(0, 7, 16).b('wait'),
  'sleeps and polls': (t) => t.label('wait').wfi().ldr(0, 7, 4).cmp(0, 0).beq('wait').label('end').b('end'),
  'sleeps and counts in r5': (t) => t.label('wait').wfi().adds(5, 1).b('wait'),
  'sleeps longer and longer': (t) => t.label('wait').wfi().ldr(0, 7).label('spin').put(0x3801).bne('spin').b('wait'),
  'polls SysTick': (t) => t.constant(1, SYSTICK).label('wait').ldr(0, 1, 8).cmp(0, 0).beq('wait').b('wait'),
  'polls COUNTFLAG': (t) => t.constant(1, SYSTICK).label('wait').ldr(0, 1).lsrs(0, 0, 16).beq('wait').b('wait'),
  'polls what is pending': (t) => t.constant(1, 0xe000ed04).label('wait').ldr(0, 1).lsrs(0, 0, 26).beq('wait').b('wait'),
  'polls GPIOA': (t) => t.constant(1, 0x40020010).label('wait').ldr(0, 1).lsrs(0, 0, 1).beq('wait').b('wait'),
  'polls TIM2': (t) => t.constant(1, TIM2).label('wait').ldr(0, 1, 0x10).lsrs(0, 0, 1).beq('wait').b('wait'),
  'refreshes the watchdog': (t) => t.constant(1, 0x40003000).constant(0, 0xaaaa).label('wait').str(0, 1).b('wait'),
  'takes exclusively': (t) => t.label('wait').put(0xe857, 0x0f01).cmp(0, 0).beq('wait').b('wait'),
};
/** r2 = ticks, r3 = RAM, r4 to r7 are the loop's. */
const HANDLERS: Parts = {
  counts: () => {},
  'ends it at tick 40': (t) => t.cmp(2, 40).bne('out').str(2, 3, 4),
  'ends it at tick 3,000,000': (t) => t.constant(1, 3_000_000).cmpRegister(2, 1).bne('out').str(2, 3, 4),
  'ends it in days': (t) => t.constant(1, 0xf000_0000).cmpRegister(2, 1).bne('out').str(2, 3, 4),
  'stores to the frame': (t) => t.movFromSp(1).str(2, 1, 0),
  'reads the frame': (t) => t.movFromSp(1).ldr(1, 1, 4).str(1, 3, 20),
  'changes r5': (t) => t.movs(5, 1),
  'keeps on the stack': (t) => t.push(0x70).movs(4, 1).pop(0x70),
  toggles: (t) => t.ldr(0, 3, 24).movs(1, 1).subs(0, 1, 0).str(0, 3, 24),
  'toggles at every second tick': (t) => t.movs(1, 1).tst(2, 1).beq('out').ldr(0, 3, 24).subs(0, 1, 0).str(0, 3, 24),
  'comes round after three': (t) => t.ldr(0, 3, 24).adds(0, 1).cmp(0, 3).bne('put').movs(0, 0).label('put').str(0, 3, 24),
  'writes what the loop stores': (t) => t.str(2, 3, 8),
  'goes by what the loop stores': (t) => t.ldr(0, 3, 8).cmp(0, 0).beq('out').str(0, 3, 4),
  'goes by what main counts': (t) => t.ldr(0, 3, 16).str(0, 3, 28),
  'walks through memory': (t) =>
    t
      .lsls(1, 2, 2)
      .constant(0, RAM + 0x2000)
      .add(0, 0, 1)
      .str(2, 0),
  'stores bytes': (t) => t.strb(2, 3, 28),
  'stores a constant': (t) => t.movs(0, 7).str(0, 3, 28),
  'reads SysTick': (t) => t.constant(1, SYSTICK).ldr(0, 1, 8).str(0, 3, 28),
  'reads GPIOA': (t) => t.constant(1, 0x40020010).ldr(0, 1).str(0, 3, 28),
  'writes GPIOA': (t) => t.constant(1, 0x40020014).str(2, 1),
  'waits in WFI': (t) => t.wfi(),
  'pends PendSV': (t) =>
    t
      .constant(1, 0xe000ed04)
      .constant(0, 1 << 28)
      .str(0, 1),
  'reads below SP': (t) => t.movFromSp(1).put(0x3908).ldr(0, 1).str(0, 3, 28),
};

const EXTI = 0x40013c00;
/** Asked by a few combinations alone, behind the others. */
const LINE_STAYS_UP: Part = (t) =>
  t
    .constant(1, 0xe000e100)
    .constant(0, 1 << 6)
    .str(0, 1)
    .constant(1, EXTI)
    .movs(0, 1)
    .str(0, 1)
    .str(0, 1, 16);
const FURTHER = {
  settings: {
    'a line stays up': LINE_STAYS_UP,
    'the tick before lines': (t) => t.constant(1, 0xe000e400).constant(0, 0x800000).str(0, 1, 4),
    'lines and the tick alike': (t) =>
      t.constant(1, 0xe000e400).constant(0, 0x800000).str(0, 1, 4).constant(1, 0xe000ed20).lsls(0, 0, 8).str(0, 1),
    'lines before the tick': (t) => t.constant(1, 0xe000ed20).constant(0, 0x80000000).str(0, 1),
  },
  handlers: {
    'raises a line': LINE_STAYS_UP,
    'ends it by SysTick': (t) => t.constant(1, SYSTICK).ldr(0, 1, 8).lsrs(0, 0, 12).cmp(0, 0).beq('out').str(2, 3, 4),
    'ends it by TIM2': (t) => t.constant(1, TIM2).ldr(0, 1, 0x24).lsrs(0, 0, 20).cmp(0, 0).beq('out').str(2, 3, 4),
    'ends it by GPIOA': (t) => t.constant(1, 0x40020010).ldr(0, 1).cmp(0, 0).bne('out').str(2, 3, 4),
    'ends it by COUNTFLAG': (t) => t.constant(1, SYSTICK).ldr(0, 1).lsrs(0, 0, 16).cmp(0, 0).beq('out').str(2, 3, 4),
    'ends it by what is pending': (t) => t.constant(1, 0xe000ed04).ldr(0, 1).lsrs(0, 0, 28).cmp(0, 0).beq('out').str(2, 3, 4),
  },
} satisfies Readonly<Record<string, Parts>>;
/** SYST_CSR where it is not 7. */
const CSR: Readonly<Record<string, number>> = { 'no tick': 0, 'a tick that does not interrupt': 5 };
class Bench extends TickBench {
  /** What is proved of it after some ticks: of its loop, and whether it repeats for five times, from two ticks to days. */
  told(setting: string, loop: Part, handler: Part) {
    const { session } = this.run({ loop, handler, setUp: ALL.settings[setting]!, csr: CSR[setting] ?? 7 });
    const { machine } = session;
    const found = proveFixedLoop(session);
    const period = sysTickPeriod(machine.bootCore);
    const untils = Number.isFinite(period) ? [2 * period, 2 * period + 1, 200 * MS, 400_000 * MS, 300_000_000 * MS] : [];
    // each at the same place of a later round
    const repeats = untils.map((time) => {
      machine.run(machine.now + 4 * period);
      return Number((repeatsUntil(machine, machine.now + time) ?? 0) >= machine.now + time);
    });
    return { loop: found, repeats: repeats.join('') };
  }
  /** Whether the program leaves its loop within some ticks of a round near which a handler may do something else, where every round is executed. */
  leaves(): boolean {
    const { machine } = this.session;
    // it may have left it before
    if (machine.system.read(RAM + 4, 4) !== 0) return false;
    const now = machine.save();
    machine.skipping = false;
    const left = [38, 2_999_998, 0x7fffffff].some((ticks) => {
      machine.restore(now);
      machine.system.write(RAM, 4, ticks);
      machine.run(machine.now + MS);
      return machine.system.read(RAM + 4, 4) !== 0;
    });
    machine.skipping = true;
    return left;
  }
}
const ALL = { settings: { ...SETTINGS, ...FURTHER.settings } as Parts, handlers: { ...HANDLERS, ...FURTHER.handlers } as Parts };
const names = Object.keys;
type Names = readonly [string, string, string];
/** What a tick leaves on the stack and what of it somebody goes by, and any with any. */
function* combinations(): Generator<Names> {
  const [settings, loops, handlers] = [names(ALL.settings), names(LOOPS), names(ALL.handlers)];
  for (const s of settings.filter((name) => /SP|FP/.test(name)))
    for (const l of ['polls', 'reads below its stack', 'reads where a tick stacks FP registers', 'keeps on the stack'])
      for (const h of ['stores to the frame', 'reads the frame', 'reads below SP', 'keeps on the stack']) yield [s, l, h];
  for (const s of ['plain', 'TIM2 counts', 'TIM2 counts and interrupts'])
    for (const l of ['polls', 'sleeps and polls']) for (const h of names(FURTHER.handlers)) yield [s, l, h];
  const r = new Random(1214);
  for (let i = 0; i < 40; i++) yield [r.pick(settings), r.pick(loops), r.pick(handlers)];
}

describe('What is proved of a loop beside SysTick', () => {
  const bench = new Bench('stm32f405rg');
  const asked = ([s, l, h]: Names) => bench.told(s, LOOPS[l]!, ALL.handlers[h]!);
  const settings = (l: string): Names[] => names(ALL.settings).map((s) => [s, l, 'counts']);
  const loops = (h: string): Names[] => names(LOOPS).map((l) => ['plain', l, h]);
  const handlers = (l: string): Names[] => names(ALL.handlers).map((h) => ['plain', l, h]);
  /** The one name of each that is not the same in all. */
  const other = (all: readonly Names[], which: number, holds: (names: Names) => boolean): string[] =>
    all.filter(holds).map((n) => n[which]!);
  const unproved = (all: readonly Names[], which: number): string[] => other(all, which, (n) => asked(n).loop === null);

  const MOVES = ['stores, and reads what the tick stores', 'reads below its stack', 'masks and lets in', 'counts', 'takes exclusively', 'polls SysTick', 'polls COUNTFLAG', 'polls what is pending', 'refreshes the watchdog']; // prettier-ignore
  const SLEEPS = names(LOOPS).filter((name) => name.startsWith('sleeps'));
  it('a loop that reads, writes and takes nothing that moves goes on forever', () => {
    for (const h of ['counts', 'toggles']) expect(unproved(loops(h), 1).sort()).toEqual([...MOVES, ...SLEEPS].sort());
    expect(unproved(loops('ends it at tick 3,000,000'), 1)).toEqual(names(LOOPS));
  });
  it('what else the core or a block does beside it may be its end', () => {
    for (const l of ['polls', 'b .']) expect(unproved(settings(l), 0)).toEqual(['SLEEPONEXIT', 'TIM2 counts and interrupts', 'a watchdog']);
  });
  it('a handler that does the same each time, or moves what nobody goes by, is not its end', () => {
    const may = ['ends it at tick 40', 'ends it at tick 3,000,000', 'stores to the frame', 'changes r5', 'toggles at every second tick', 'comes round after three', 'walks through memory', 'stores bytes', 'reads SysTick', 'writes GPIOA', 'pends PendSV', 'raises a line', 'ends it by SysTick', 'ends it by COUNTFLAG', 'ends it by what is pending']; // prettier-ignore
    expect(unproved(handlers('polls'), 2)).toEqual(may);
  });
  it('a sleep from which nothing wakes has no end', () => {
    const still = ['in SVC', 'in a fault', 'no tick', 'a tick that does not interrupt', 'a line stays up'];
    const ends = (l: string): string[] => other(settings(l), 0, (n) => asked(n).loop !== null);
    expect(ends('sleeps')).toEqual(['masked', 'BASEPRI 0x80, tick 0x80', ...still]);
    expect(ends('sleeps for an event').filter((name) => name in SETTINGS)).toEqual(still.slice(0, -1));
  });
  it('a sleep between ticks is known to repeat for as long as the handler does the same', () => {
    const repeats = (all: readonly Names[], which: number): Record<string, string> =>
      Object.fromEntries(all.map((n): [string, string] => [n[which]!, asked(n).repeats]).filter(([, told]) => told.includes('1')));
    const each = (told: string, list: readonly string[]): [string, string][] => list.map((name) => [name, told]);
    const forever = ['counts', 'toggles', 'ends it in days', 'stores to the frame', 'reads the frame', 'changes r5', 'keeps on the stack', 'writes what the loop stores', 'goes by what the loop stores', 'goes by what main counts', 'stores a constant', 'reads GPIOA', 'reads below SP', 'ends it by TIM2', 'ends it by GPIOA']; // prettier-ignore
    const some = { 'ends it at tick 3,000,000': '01100', 'ends it at tick 40': '01000', 'stores bytes': '01000' };
    // a time that is no more than a period is not asked about
    for (const l of ['sleeps', 'sleeps and counts'])
      expect(repeats(handlers(l), 2)).toEqual({ ...Object.fromEntries(each('01110', forever)), ...some });
    const quiet = ['plain', 'SEVONPEND', 'a line enabled', 'the tick before lines', 'lines and the tick alike', 'lines before the tick'];
    expect(repeats(settings('sleeps'), 0)).toEqual(Object.fromEntries(each('01110', quiet)));
    const between = ['sleeps', 'sleeps and counts', 'sleeps and toggles', 'sleeps and polls', 'sleeps and counts in r5'];
    expect(repeats(loops('toggles'), 1)).toEqual(Object.fromEntries(each('01110', between)));
    expect(repeats(loops('ends it at tick 3,000,000'), 1)).toEqual(Object.fromEntries(each('01100', between)));
  });
  it('is never said of what ends when each round is executed', () => {
    let proved = 0;
    for (const n of combinations()) {
      if (asked(n).loop === null || n[2] === 'ends it in days') continue;
      proved++;
      if (bench.leaves()) throw new Error(`${n.join(', ')}: ends`);
    }
    expect(proved).toBeGreaterThanOrEqual(55);
  });
  it.each<readonly [...Names, object]>([
    ['plain', 'polls', 'counts', { reads: [RAM + 4], sleeping: false, inFault: false, storm: false, exception: 0, ahead: null }],
    ['plain', 'stores the same', 'counts', { reads: [RAM + 8] }],
    ['in SVC', 'sleeps', 'counts', { reads: [], sleeping: true, exception: 11, inFault: false, pc: FLASH + 0x602, calls: [] }],
    ['in a fault', 'polls', 'counts', { reads: [RAM + 4], inFault: true, exception: 3 }],
    ['a line stays up', 'polls', 'counts', { storm: true, exception: 22, reads: [] }],
    ['plain', 'sleeps', 'waits in WFI', { sleeping: true, exception: 15 }],
  ])('%s, %s, %s: what the loop is', (s, l, h, is) => expect(asked([s, l, h]).loop).toMatchObject(is)); // prettier-ignore
});
