/**
 * What the search judges anew where a repair has led to, and when: stated for each kind of repair apart from how the search asks it. The states are real ones, and what is broken there is asked of
 * the checks themselves.
 */
import { describe, expect, it } from 'vitest';
import type { Check, Judgement, Repair, RepairTarget, Subject } from '../../src/checks/check.ts';
import type { Attempt } from '../../src/bench/proof/attempt.ts';
import { dependencies, diagnose, diagnoseFor, judgeAll, type Diagnosis, type Goal, type Judged } from '../../src/bench/proof/diagnosis.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { CheckId, Outcome } from '../../src/bench/documents/result.ts';
import type { NamedRepair } from '../../src/bench/proof/repairs.ts';
import { Session } from '../../src/bench/session/session.ts';
import { NOT_TRACED } from '../../src/bench/session/subject.ts';
import { Variants, type Change } from '../../src/bench/proof/variants.ts';
import type { Confidence } from '../../src/emu/confidence.ts';
import type { RomOptionId, RomOptionSetting } from '../../src/rom/options.ts';
import { findChip } from '../../src/chips/index.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const CHIP = 'stm32f407vg';
const [NVIC_ISER, NVIC_ICER, SYST_CSR, MPU_CTRL] = [0xe000e100, 0xe000e180, 0xe000e010, 0xe000ed94];
/** Semihosting: the time since the start, which needs nothing of a host. */
const [SYS_CLOCK, BKPT_SEMIHOSTING] = [0x10, 0xbeab];
/** RCC_AHB1ENR, RCC_AHB2ENR and RCC_AHB3ENR (RM0090 7.3). */
const [AHB1ENR, AHB2ENR, AHB3ENR] = [0x40023830, 0x40023834, 0x40023838];

/** An F407 whose firmware masks interrupts, if it does, asks a debugger, if it does, and makes these writes; then it goes into the ROM, or waits. */
function after(
  writes: readonly (readonly [address: number, value: number])[],
  enters: boolean,
  { masks = true, semihosts = false } = {},
): Session {
  const bytes = new Uint8Array(0x240);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x101, true);
  let code = new Thumb(FLASH + 0x100);
  if (masks) code = code.cpsidI();
  if (semihosts) code = code.constant(0, SYS_CLOCK).put(BKPT_SEMIHOSTING);
  for (const [address, value] of writes) code = code.constant(0, address).constant(1, value).str(1, 0, 0);
  code = enters
    ? code.constant(0, findChip(CHIP)!.rom!.vectorTable.value).ldr(1, 0).movSp(1).ldr(1, 0, 4).bx(1)
    : code.label('here').b('here');
  bytes.set(code.bytes(), 0x100);
  const session = new Session(jobInput(plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  session.run(enters ? { untilEntry: 1 } : { until: 1_000_000_000 });
  return session;
}
const MPU_ON = [MPU_CTRL, 1] as const;
const LEFT_ON = [
  [NVIC_ISER, 6],
  [SYST_CSR, 7],
  [AHB1ENR, 0x00500001],
  [AHB2ENR, 1],
  [AHB3ENR, 1],
] as const;

const judgement: Judgement = { verdict: 'fail', observed: null, expected: null, because: '', source: null, confidence: null };
const told = { what: '', fix: '' };
const REPAIRS: Readonly<Record<string, (what: string) => Repair>> = {
  entry: (what) => ({ at: 'entry', ...told, what, apply: () => {} }),
  'instead of the fault': (what) => ({ at: 'entry', ...told, what, acts: 'instead-of-fault', apply: () => {} }),
  'undoes the exception': (what) => ({ at: 'entry', ...told, what, acts: 'undoes-exception', apply: () => {} }),
  write: (what) => ({ at: 'before-write', ...told, what, seq: 1, value: null }),
  redirect: (what) => ({ at: 'redirect', ...told, what, from: 0 }),
  keep: (what) => ({ at: 'keep', ...told, what, words: [] }),
};
type How = 'branch' | 'exception' | 'boot' | null;
/** Broken, with this repair, at an entry of this kind. */
function broken(id: CheckId, kind: string, how: How = 'branch', check: Partial<Check> = {}): Judged {
  const subject = { entry: how && { how }, state: { core: () => 0 } } as unknown as Subject;
  return { id, check: { id, ...check } as Check, judgement, repair: REPAIRS[kind]!(id), subject, unmodelled: [] };
}

interface Found {
  /** What each attempt was made with, and what it was told to repair at its entry. */
  readonly tried: readonly { readonly with: readonly string[]; readonly anew: readonly string[] }[];
  readonly diagnosis: Diagnosis;
}
/** Attempts end at `at` of the session, or wherever `before` leaves it. */
function search(
  session: Session,
  judged: readonly Judged[],
  options: {
    readonly entry?: boolean;
    readonly outcome?: string;
    readonly reached?: (done: readonly string[]) => boolean;
    readonly before?: (done: readonly string[]) => void;
    readonly behind?: () => void;
  } = {},
): Found {
  const here = session.save();
  const tried: Found['tried'][number][] = [];
  const { reached = () => false, before, behind } = options;
  const goal: Goal = {
    attempt: (_starts, repairs, { atEntry } = {}) => {
      session.restore(here);
      const names = repairs.map(({ id, repair }) => (repair.what.startsWith(id) ? repair.what : id));
      before?.(names);
      const anew = (atEntry?.(session) ?? []).map(({ id }) => id);
      behind?.();
      tried.push({ with: names, anew });
      return { outcome: reached([...names, ...anew]) ? 'dfu' : 'rom-silent' } as Attempt;
    },
    reached: ({ outcome }) => outcome === 'dfu',
    dependencies: () => [],
  };
  const starts = { powerOn: here, entry: options.entry ? here : null, fault: options.entry ? null : here, entryNumber: 1 };
  const diagnosis = diagnoseFor(goal, session, starts, judged, (options.outcome ?? 'rom-silent') as never);
  session.restore(here);
  return { tried, diagnosis };
}
/** What is broken where the session stands and can be repaired there, by the checks themselves. */
const repairable = (session: Session, outcome = 'rom-silent'): string[] =>
  judgeAll(session, outcome, true, NOT_TRACED)
    .filter((j) => ['fail', 'warn'].includes(j.judgement.verdict) && j.repair?.at === 'entry')
    .map((j) => j.id);

describe('All checks judged at an instant', () => {
  const states = { 'at the entry': after(LEFT_ON, true), 'on the way': after([...LEFT_ON, MPU_ON], false) };
  it.each(Object.entries(states))('%s: what is broken has a repair, what is not has none', (_name, session) => {
    const judged = judgeAll(session, 'rom-silent', true, NOT_TRACED);
    for (const {
      judgement: { verdict },
      repair,
      unmodelled,
      id,
    } of judged) {
      const isBroken = verdict === 'fail' || verdict === 'warn';
      if (!isBroken) expect([id, repair, unmodelled]).toEqual([id, null, []]);
    }
    expect(judged.filter((j) => j.repair !== null).length).toBeGreaterThan(0);
  });
  it('clocks of blocks that are not modelled are told by name, and only there', () => {
    const judged = judgeAll(states['at the entry'], 'rom-silent', true, NOT_TRACED);
    expect(judged.filter((j) => j.unmodelled.length > 0).map((j) => [j.id, j.unmodelled])).toEqual([['peripherals-left-on', ['DCMI']]]);
    expect(judged.every((j) => Array.isArray(j.unmodelled))).toBe(true);
  });
  it('without an entry checks of the state handed over do not apply', () => {
    const judged = judgeAll(states['on the way'], 'no-jump', false, NOT_TRACED);
    for (const j of judged) if (j.check?.path === false) expect([j.id, j.judgement.because]).toEqual([j.id, 'no entry']);
    expect(judged.find((j) => j.id === 'mpu')!.repair!.at).toBe('before-write');
  });
});

describe('What is judged anew', () => {
  const session = after(LEFT_ON, true);
  const all = repairable(session);
  /** A repair makes another entry if it leads elsewhere; without an entry any repair does. */
  const cases = Object.keys(REPAIRS).flatMap((kind) =>
    ([null, 'branch', 'exception', 'boot'] as const).flatMap((how) => [true, false].map((entry) => ({ kind, how, entry }))),
  );
  it.each(cases)('a repair of kind $kind where the entry was by $how (judged at it: $entry)', ({ kind, how, entry }) => {
    const elsewhere =
      ['instead of the fault', 'undoes the exception', 'redirect'].includes(kind) || (kind === 'write' && how === 'exception');
    const { tried } = search(session, [broken('entry-address', kind, how), broken('rom-interface', 'entry', 'branch')], { entry });
    // the most plausible alone, and with everything else
    expect(tried.at(-1)!.with.length).toBe(2);
    expect(tried.at(-1)!.anew).toEqual(!entry || elsewhere ? all : []);
  });
  it('is what is broken there, can be repaired there, and is not repaired already', () => {
    expect(all.length).toBeGreaterThan(3);
    const first = broken('entry-address', 'redirect');
    const { tried } = search(session, [first, broken('primask', 'entry'), broken('systick', 'keep')]);
    expect(tried.at(-1)!.anew).toEqual(all.filter((id) => id !== 'primask' && id !== 'systick'));
  });
  it('leaves out what could only be repaired on the way there, and what has no repair', () => {
    const onTheWay = after([MPU_ON], false);
    const asked = after([], true, { semihosts: true });
    for (const [state, id, at] of [
      [onTheWay, 'mpu', 'before-write'],
      [asked, 'debugger', undefined],
    ] as const) {
      const one = judgeAll(state, 'rom-silent', true, NOT_TRACED).find((j) => j.id === id)!;
      expect([one.judgement.verdict, one.repair?.at]).toEqual(['warn', at]);
      const { tried } = search(state, [broken('entry-address', 'redirect'), broken('hse', 'entry')]);
      expect(tried.at(-1)!.anew).toEqual(repairable(state));
      expect(tried.at(-1)!.anew).not.toContain(id);
    }
  });
  it('is judged for the outcome of the run', () => {
    const ids = (outcome: string): string[] => judgeAll(session, outcome, true, NOT_TRACED).map((j) => `${j.id} ${j.judgement.verdict}`);
    const asked: string[] = [];
    const first = broken('entry-address', 'redirect');
    for (const outcome of ['rom-silent', 'dfu-lost', 'reset-loop']) {
      const { diagnosis } = search(session, [first], { outcome, reached: () => true });
      asked.push(...diagnosis.later.map((j) => j.subject!.outcome));
      expect(diagnosis.later.map((j) => `${j.id} ${j.judgement.verdict}`)).toEqual(
        ids(outcome).filter((x) => all.includes(x.split(' ')[0]!)),
      );
    }
    expect([...new Set(asked)]).toEqual(['rom-silent', 'dfu-lost', 'reset-loop']);
  });
  it('is what the last attempt of all has seen', () => {
    // only the first of two objects, which does not help, leads to where more is broken
    const dirty = session.save();
    const choices = ['entry-address a', 'entry-address b'].map((what) => ({ judgement, repair: REPAIRS['redirect']!(what) }));
    const one = broken('entry-address', 'redirect', 'branch', { choices: () => choices });
    const { diagnosis } = search(session, [one], {
      before: (done) => {
        session.restore(dirty);
        if (done.includes('entry-address b')) session.machine.bootCore.write(SYST_CSR, 4, 0, true);
      },
      reached: (done) => done.includes('entry-address b'),
    });
    expect(diagnosis.sets).toEqual([['entry-address']]);
    expect(diagnosis.later.map((j) => j.id)).toEqual(all.filter((id) => id !== 'systick'));
  });
  it('is what the attempt that helps has seen, whatever an earlier one with other repairs has', () => {
    // with both repaired more is broken than with the likeliest alone, which helps
    const choices = ['entry-address a', 'entry-address b'].map((what) => ({ judgement, repair: REPAIRS['redirect']!(what) }));
    const one = broken('entry-address', 'redirect', 'branch', { choices: () => choices });
    const { diagnosis, tried } = search(session, [one, broken('hse', 'entry')], {
      before: (done) => {
        if (!done.includes('hse')) session.machine.bootCore.write(SYST_CSR, 4, 0, true);
      },
      reached: (done) => done.some((x) => x.startsWith('entry-address')),
    });
    expect(tried[0]!.anew).toContain('systick');
    expect(diagnosis.later.map((j) => j.id)).toEqual(all.filter((id) => id !== 'systick'));
  });
});

describe('A cause that comes to light later', () => {
  /** Lines that the repair of `nvic-enabled` clears. */
  const linesOf = (repairs: readonly NamedRepair[]): readonly number[] => {
    const cleared: number[] = [];
    const { repair, subject } = repairs.find(({ id }) => id === 'nvic-enabled') ?? {};
    const target = { clearNvic: (_what: string, lines = [1, 2]) => cleared.push(...lines) } as unknown as RepairTarget;
    if (repair?.at === 'entry') repair.apply(target, subject!);
    return cleared;
  };
  it.each([
    ['among others', false],
    ['alone', true],
  ])('is found, and its repair stays that of all lines: %s', (_name, alone) => {
    const session = after(LEFT_ON, true);
    const here = session.save();
    const all = repairable(session);
    const known = all.filter((id) => alone && id !== 'nvic-enabled');
    const later: number[] = [];
    const goal: Goal = {
      attempt: (_starts, repairs, { atEntry } = {}) => {
        session.restore(here);
        const anew = atEntry?.(session) ?? [];
        later.push(anew.length);
        const isReached = linesOf([...repairs, ...anew]).includes(2);
        // the run goes on from there, and ends where no line is enabled any more
        session.machine.bootCore.write(NVIC_ICER, 4, 0xff, true);
        return { outcome: isReached ? 'dfu' : 'rom-silent' } as Attempt;
      },
      reached: ({ outcome }) => outcome === 'dfu',
      dependencies: () => [],
    };
    const starts = { powerOn: here, entry: null, fault: here, entryNumber: 1 };
    const { causes, sets } = diagnoseFor(
      goal,
      session,
      starts,
      [broken('entry-address', 'redirect'), ...known.map((id) => broken(id as CheckId, 'keep'))],
      'rom-silent',
    );
    expect(later).toContain(all.length - known.length);
    expect(sets).toEqual([['nvic-enabled']]);
    // in front of a jump all of them go
    expect(linesOf([{ id: 'nvic-enabled', repair: causes[0]!.repair!, subject: causes[0]!.judged.subject! }])).toEqual([1, 2]);
  });
});

describe('The search', () => {
  const session = after([], true);
  it('tries no choice where there is one', () => {
    const one = broken('systick', 'entry');
    const { tried } = search(session, [{ ...one, check: { ...one.check!, choices: () => [{ judgement, repair: one.repair! }] } }], {
      entry: true,
      reached: () => true,
    });
    expect(tried.map((t) => t.with)).toEqual([['systick']]);
  });
  it('finds one that is enough alone and that the others spoil two by two', () => {
    const judged = (['systick', 'hse', 'dma'] as const).map((id) => broken(id, 'entry'));
    const reached = (done: readonly string[]): boolean => done.length === 3 || done.join() === 'hse';
    expect(search(session, judged, { entry: true, reached }).diagnosis.sets).toEqual([['hse']]);
  });
  it('asks for members and narrows them where the check was judged, wherever a run has ended', () => {
    const at = session.machine.now;
    const seen: number[] = [];
    const note = (): void => void seen.push(session.machine.now);
    const one = broken('systick', 'entry', 'branch', {
      members: () => {
        note();
        return ['a', 'b', 'c'];
      },
      narrow: (_s, some) => {
        note();
        return { judgement: { ...judgement, because: some.join() }, repair: REPAIRS['entry']!(`systick ${some.join()}`) };
      },
    });
    const { diagnosis } = search(session, [one], {
      entry: true,
      reached: (done) => done[0] === 'systick' || done[0]!.includes('b'),
      behind: () => void session.run({ until: at + 5_000_000 }),
    });
    expect(diagnosis.causes[0]!.judged.judgement.because).toBe('b');
    expect([...new Set(seen)]).toEqual([at]);
  });
  it('is given up where a check decides that fails, and not for one that only warns', () => {
    const state = session.save();
    const starts = { powerOn: state, entry: state, entryNumber: 1 };
    const none = (id: CheckId, verdict: 'fail' | 'warn', decides: boolean): Judged => ({
      ...broken(id, 'entry', 'branch', decides ? { decides: true } : {}),
      judgement: { ...judgement, verdict },
      repair: null,
    });
    const causes = (...judged: Judged[]): string[] =>
      diagnose(session, starts, new Variants(session, starts), judged, { outcome: 'rom-silent', reached: false }, true).causes.map(
        (c) => c.id,
      );
    expect(causes(none('hse', 'fail', false), none('dma', 'warn', true))).toEqual(['hse', 'dma']);
    expect(causes(none('hse', 'fail', false), none('dma', 'fail', true))).toEqual(['dma']);
  });
});

/** An option whose value is not documented may be otherwise on silicon: what hangs on it is said. */
describe('Options of the ROM on which a run depends', () => {
  const option = (id: RomOptionId, value: string, confidence: Confidence): RomOptionSetting =>
    ({ id, value, confidence }) as RomOptionSetting;
  const asked: string[] = [];
  /** What a run comes to under other values, by option and value. */
  const variants = (outcomes: Readonly<Record<string, Outcome>>): Variants =>
    ({
      asked: true,
      run: ({ rom }: Change, repairs: readonly NamedRepair[] = []) => {
        const [[id, value] = ['', '']] = Object.entries(rom);
        asked.push(`${id}=${value}${repairs.map((r) => ` with ${r.id}`).join('')}`);
        return { outcome: outcomes[`${id}=${value}`] ?? 'dfu' } as Attempt;
      },
    }) as unknown as Variants;
  const acted = [
    option('primask', 'clears', 'assumed'),
    option('vtor', 'sets', 'documented'),
    option('hsi48', 'sets', 'measured'),
    option('usb-supply', 'sets', 'reported'),
    option('remap', 'keeps', 'inferred'),
  ];
  it('are those that are not known and whose other value changes the outcome', () => {
    const repair = { id: 'systick', repair: REPAIRS['entry']!('systick'), subject: {} as Subject };
    const all = variants({ 'primask=keeps': 'rom-silent', 'vtor=keeps': 'fault', 'hsi48=keeps': 'fault', 'remap=sets': 'fault' });
    asked.length = 0;
    expect(dependencies(all, [repair], { outcome: 'dfu', actedOn: acted } as unknown as Attempt)).toEqual([
      { rom: 'primask', value: 'clears', other: 'keeps', confidence: 'assumed', outcomeIfOther: 'rom-silent' },
      { rom: 'remap', value: 'keeps', other: 'sets', confidence: 'inferred', outcomeIfOther: 'fault' },
    ]);
    expect(asked).toEqual(['primask=keeps', 'usb-supply=keeps', 'remap=sets'].map((x) => `${x} with systick`));
  });
  it('count where a run that failed would reach DFU, too', () => {
    const all = variants({ 'primask=keeps': 'rom-silent', 'remap=sets': 'rom-silent' });
    const found = dependencies(all, [], { outcome: 'rom-silent', actedOn: acted } as unknown as Attempt);
    expect(found.map((d) => [d.rom, d.outcomeIfOther])).toEqual([['usb-supply', 'dfu']]);
  });
});
