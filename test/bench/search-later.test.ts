/** What comes to light at an entry that only a repair leads to is repaired as well, and a cause with members is put down to few of them. */
import { describe, expect, it } from 'vitest';
import type { Check, Judgement, Repair, Subject } from '../../src/checks/check.ts';
import type { Attempt } from '../../src/bench/proof/attempt.ts';
import { diagnoseFor, type Diagnosis, type Goal, type Judged } from '../../src/bench/proof/diagnosis.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { CheckId } from '../../src/bench/documents/result.ts';
import { Session } from '../../src/bench/session/session.ts';
import { findChip } from '../../src/chips/index.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const CHIP = 'stm32f405rg';

/** An F405 in front of its ROM's first instruction, with interrupts masked: PRIMASK is broken there. */
function atEntry(): Session {
  const bytes = new Uint8Array(0x140);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x101, true);
  const main = new Thumb(FLASH + 0x100).cpsidI().constant(0, findChip(CHIP)!.rom!.vectorTable.value).ldr(1, 0).movSp(1).ldr(1, 0, 4).bx(1);
  bytes.set(main.bytes(), 0x100);
  const session = new Session(jobInput(plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  session.run({ untilEntry: 1 });
  return session;
}
const session = atEntry();
const here = session.save();

const judgement: Judgement = { verdict: 'fail', observed: null, expected: null, because: '', source: null, confidence: null };
const redirect = (what: string): Repair => ({ at: 'redirect', what, fix: '', from: 0 });
const onEntry = (what: string): Repair => ({ at: 'entry', what, fix: '', apply: () => {} });
function broken(id: CheckId, repair: Repair, check: Partial<Check> = {}): Judged {
  return {
    id,
    check: { id, ...check } as Check,
    judgement,
    repair,
    subject: { entry: null, state: { core: () => 0 } } as unknown as Subject,
    unmodelled: [],
  };
}
/** Tried are these, and what a repaired run needs is `enough`. */
function search(
  judged: readonly Judged[],
  enough: (done: readonly string[]) => boolean,
  entry: typeof here | null = null,
): { readonly tried: readonly string[]; readonly found: Diagnosis } {
  const tried: string[] = [];
  const goal: Goal = {
    attempt: (_starts, repairs, options) => {
      session.restore(here);
      const done = [...repairs, ...(options?.atEntry?.(session) ?? [])].map(({ id, repair }) => (id === 'primask' ? id : repair.what));
      tried.push(done.join('+'));
      return { outcome: enough(done) ? 'dfu' : 'rom-silent' } as Attempt;
    },
    reached: ({ outcome }) => outcome === 'dfu',
    dependencies: () => [],
  };
  const starts = { powerOn: here, entry, fault: entry ? null : here, entryNumber: 1 };
  return { tried, found: diagnoseFor(goal, session, starts, judged, 'fault') };
}

describe('A search whose repair leads to an entry', () => {
  const parts = () => [broken('entry-address', redirect('way')), broken('systick', onEntry('tick'))] as const;
  it('repairs there what comes to light', () => {
    const [way, other] = parts();
    const { tried, found } = search([way, other], (done) => ['way', 'primask'].every((x) => done.includes(x)));
    expect(tried[0]).toBe('way');
    expect(tried[1]).toMatch(/^way\+tick\+.*primask/);
    expect(found.sets).toEqual([['entry-address', 'primask']]);
    expect(found.later.map((j) => j.id)).toContain('primask');
    expect(found.causes.map((c) => [c.id, c.proved])).toEqual([
      ['entry-address', true],
      ['primask', true],
    ]);
    // behind the repaired entry it passes: it came of that
    expect([found.harmless, other.judgement.verdict]).toEqual([[], 'n/a']);
  });
  it('judges what comes to light where the likeliest repair alone is enough', () => {
    const { tried, found } = search(parts(), (done) => done.includes('way'));
    expect(tried[0]).toBe('way');
    expect(found.sets).toEqual([['entry-address']]);
    expect(found.later.map((j) => j.id)).toContain('primask');
  });
  it('judges nothing anew where no repair leads elsewhere', () => {
    const starts = { powerOn: here, entry: here, entryNumber: 1 };
    const seen: number[] = [];
    const goal: Goal = {
      attempt: (_starts, _repairs, options) => {
        seen.push(options?.atEntry?.(session).length ?? 0);
        return { outcome: 'rom-silent' } as Attempt;
      },
      reached: () => false,
      dependencies: () => [],
    };
    const { later } = diagnoseFor(goal, session, starts, [parts()[1]], 'rom-silent');
    expect([later, seen]).toEqual([[], [0]]);
  });
  it('takes the object of several that fits the evidence', () => {
    const choices = ['a', 'b'].map((what) => ({ judgement: { ...judgement, because: what }, repair: redirect(what) }));
    const one = broken('entry-address', redirect('way'), { choices: () => choices });
    const { found } = search([one, parts()[1]], (done) => ['b', 'primask'].every((x) => done.includes(x)));
    expect(found.causes.map((c) => c.judged.judgement.because)).toContain('b');
    expect(found.sets).toEqual([['entry-address', 'primask']]);
  });
});

describe('A cause of several members', () => {
  const of = (
    members: readonly string[],
    enough: (kept: readonly string[]) => boolean,
  ): { readonly tried: readonly string[]; readonly because: string } => {
    const narrowed = (some: readonly string[]) => ({ judgement: { ...judgement, because: some.join() }, repair: onEntry(some.join()) });
    const one = broken('systick', onEntry(members.join()), { members: () => [...members], narrow: (_s, some) => narrowed(some) });
    const { tried, found } = search([one], (done) => enough(done[0]!.split(',')), here);
    return { tried, because: found.causes[0]!.judged.judgement.because };
  };
  it('is put down to the only one that counts', () => {
    expect(of(['a', 'b'], (kept) => kept.includes('b')).because).toBe('b');
    expect(of(['a', 'b'], (kept) => kept.includes('a')).because).toBe('a');
    expect(of(['a', 'b', 'c', 'd'], (kept) => kept.includes('c')).because).toBe('c');
  });
  it('stays what it was where all of them count', () => {
    expect(of(['a', 'b'], (kept) => kept.length === 2).because).toBe('');
    expect(of(['a', 'b', 'c'], (kept) => kept.length === 3).because).toBe('');
  });
  it('is not tried again where it has one member', () => {
    expect(of(['a'], () => true).tried).toEqual(['a']);
  });
});
