/**
 * The search for repairs, beside how it went before (search/search.txt): random broken checks of all kinds, of which some sets lead to DFU. Told are the runs that were tried, in
 * their order, and what was found. Nothing is emulated but the state at an entry that some repairs lead to. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { describe, expect, it } from 'vitest';
import type { Check, Judgement, Repair, Subject } from '../../src/checks/check.ts';
import type { Attempt, Starts } from '../../src/bench/proof/attempt.ts';
import { diagnose, diagnoseFor, type Diagnosis, type Goal, type Judged } from '../../src/bench/proof/diagnosis.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { NamedRepair } from '../../src/bench/proof/repairs.ts';
import { CHECK_IDS, type CheckId } from '../../src/bench/documents/result.ts';
import { Session } from '../../src/bench/session/session.ts';
import { Variants } from '../../src/bench/proof/variants.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { Random } from '../emu/core/random-cases.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const CASES = 400;

/** An F405 that has masked interrupts and waits: what is broken at its end comes to light at an entry. */
function masked(): Session {
  const bytes = new Uint8Array(0x110);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x101, true);
  bytes.set(new Thumb(FLASH + 0x100).put(0xb672).label('here').b('here').bytes(), 0x100);
  const session = new Session(jobInput(plainJob('stm32f405rg', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  session.run({ until: 1_000_000_000 });
  return session;
}

type Kind = 'entry' | 'fault' | 'undoes' | 'write' | 'redirect' | 'keep';
const repairOf = (kind: Kind, what: string): Repair => {
  const told = { what, fix: '' };
  switch (kind) {
    case 'write':
      return { at: 'before-write', ...told, seq: 1, value: null };
    case 'redirect':
      return { at: 'redirect', ...told, from: 0 };
    case 'keep':
      return { at: 'keep', ...told, words: [] };
    default:
      return {
        at: 'entry',
        ...told,
        ...(kind === 'fault' ? { acts: 'instead-of-fault' as const } : kind === 'undoes' ? { acts: 'undoes-exception' as const } : {}),
        apply: () => {},
      };
  }
};

/** A case of the search: what is broken, and which repairs together lead to the goal. */
class Case {
  readonly tried: string[] = [];
  readonly judged: Judged[];
  private readonly r: Random;
  private readonly session: Session;
  private readonly enough: readonly (readonly string[])[];
  /** Two that spoil each other. */
  private readonly spoilers: readonly string[];
  /** Some repairs lead to an entry at which more is judged. */
  private readonly comesToLight: boolean;
  readonly starts: Starts;

  constructor(seed: number, session: Session) {
    const r = (this.r = new Random(seed));
    this.session = session;
    const ids = CHECK_IDS.filter((id) => id !== 'primask');
    const chosen = new Set(Array.from({ length: 1 + r.below(6) }, () => r.pick(ids)));
    this.judged = [...chosen].map((id) => this.anyJudged(id));
    const members = this.judged.flatMap((j) => (j.check?.members ? ['a', 'b', 'c'].map((m) => `${j.id}.${m}`) : [`${j.id}`]));
    this.comesToLight = r.below(3) === 0;
    const all = [...members, ...(this.comesToLight ? ['primask'] : [])];
    this.enough = Array.from({ length: r.below(8) === 0 ? 0 : 1 + r.below(3) }, () =>
      Array.from({ length: 1 + r.below(3) }, () => r.pick(all)),
    );
    this.spoilers = r.below(4) === 0 ? [r.pick(all), r.pick(all)] : [];
    const checkpoint = session.save();
    this.starts = {
      powerOn: checkpoint,
      entry: r.below(3) > 0 ? checkpoint : null,
      entryNumber: 1,
      ...(r.below(4) === 0 ? { fault: checkpoint } : {}),
    };
  }
  private anyJudged(id: CheckId): Judged {
    const { r } = this;
    const verdict = r.pick(['fail', 'fail', 'warn', 'warn', 'pass'] as const);
    const kind = r.pick(['entry', 'entry', 'entry', 'fault', 'undoes', 'write', 'redirect', 'keep'] as const);
    const judgement: Judgement = { verdict, observed: 'o', expected: 'e', because: 'b', source: null, confidence: null };
    const subject = r.below(10) === 0 ? null : ({ entry: { how: r.pick(['branch', 'exception']) } } as unknown as Subject);
    const members = r.below(5) === 0 && subject !== null;
    const repairWith = (some: readonly string[]): Repair => repairOf(kind, some.map((m) => (m === '' ? id : `${id}.${m}`)).join('+'));
    const repair = r.below(8) === 0 ? null : repairWith(members ? ['a', 'b', 'c'] : ['']);
    const maybe = <K extends keyof Check>(oneIn: number, key: K, value: Check[K]): Partial<Check> =>
      r.below(oneIn) === 0 ? { [key]: value } : {};
    const check = {
      id,
      path: false,
      ...maybe(8, 'general', true),
      ...maybe(6, 'afterEntry', true),
      ...maybe(6, 'remark', r.below(2) ? true : () => true),
      ...maybe(12, 'decides', true),
      ...maybe(6, 'isTentative', () => true),
      ...maybe(6, 'isLastResort', () => true),
      ...(members
        ? {
            members: () => ['a', 'b', 'c'],
            narrow: (_s: Subject, some: readonly string[]) => ({
              judgement: { ...judgement, because: `only ${some.join()}` },
              repair: repairWith(some),
            }),
          }
        : r.below(8) === 0 && subject !== null
          ? {
              choices: () =>
                ['x', 'y'].map((which) => ({
                  judgement: { ...judgement, because: which },
                  repair: repairOf(kind, which === 'y' ? id : `${id}-not`),
                })),
            }
          : {}),
    } as unknown as Check;
    return { id, check: r.below(15) === 0 ? null : check, judgement, repair, subject, unmodelled: r.below(6) === 0 ? ['THING'] : [] };
  }

  // ---- the goal --------------------------------------------------------------------------------------------------------------------
  readonly goal: Goal = {
    attempt: (starts, repairs, options) => {
      const session = this.session;
      const more = this.comesToLight ? (options?.atEntry?.(session) ?? []) : [];
      const done = [...repairs, ...more].flatMap(({ id, repair }: NamedRepair) =>
        id === 'primask' ? ['primask'] : repair.what.split('+'),
      );
      const outcome = this.leads(done) ? 'dfu' : 'rom-silent';
      this.tried.push(
        `${starts === this.starts ? '' : 'elsewhere '}${repairs.map((x) => x.repair.what).join('+')}${more.length > 0 ? ` and ${more.map((x) => x.id).join('+')}` : ''}${outcome === 'dfu' ? '!' : ''}`,
      );
      return { outcome } as Attempt;
    },
    reached: (run) => run.outcome === 'dfu',
    dependencies: (repairs) => (repairs.length > 2 ? [{ rom: 'sysflash-gap' }] : []) as never,
  };
  private leads(done: readonly string[]): boolean {
    if (this.spoilers.length > 0 && this.spoilers.every((s) => done.includes(s)) && done.length > 2) return false;
    return this.enough.some((set) => set.every((x) => done.includes(x)));
  }
}
function told(c: Case, d: Diagnosis): string {
  const causes = d.causes.map(
    (x) => `${x.id}${x.proved ? '' : '?'}${x.outcomeAfterRepair === 'dfu' ? '!' : ''}${x.dependsOn.length > 0 ? '*' : ''}`,
  );
  const after = c.judged.map(
    (j) => `${j.id} ${j.judgement.verdict}${/^[oexy]|only/.test(j.judgement.because) ? ` ${j.judgement.because}` : ''}`,
  );
  return [
    `tried ${c.tried.join(' | ') || '-'}`,
    `explained ${d.explained}`,
    `causes ${causes.join(' ') || '-'}`,
    `sets ${d.sets.map((s) => s.join('+')).join(' ') || '-'}`,
    `harmless ${d.harmless.join(' ') || '-'}`,
    `later ${d.later.map((j) => j.id).join(' ') || '-'}`,
    `judged ${after.join(', ')}`,
  ].join('; ');
}

describe('The search for repairs', () => {
  const session = masked();
  it('tries what it tried, and finds what it found', () => {
    const lines = Array.from({ length: CASES }, (_, i) => {
      const c = new Case(1211 + i, session);
      return `${i + 1}: ${told(c, diagnoseFor(c.goal, session, c.starts, c.judged, 'rom-silent'))}`;
    });
    expect(lines.filter((line) => line.includes('explained true')).length).toBeGreaterThan(CASES / 4);
    expectAsBefore(lines, new URL('search/search.txt', import.meta.url));
  });
  it('does not begin where the ROM was reached, where nothing is to be looked for, and where one decides', () => {
    const lines = Array.from({ length: 60 }, (_, i) => {
      const c = new Case(7000 + i, session);
      const [outcome, search] = i % 3 === 0 ? (['dfu', true] as const) : (['rom-silent', false] as const);
      const decides = i % 3 === 2;
      if (!decides)
        return `${outcome}: ${told(c, diagnose(session, c.starts, new Variants(session, c.starts), c.judged, outcome, search))}`;
      const one = c.judged.find((j) => j.judgement.verdict === 'fail' && j.check !== null);
      if (one === undefined) return 'nothing decides';
      const decisive: Judged = { ...one, check: { ...one.check!, decides: true } };
      const judged = c.judged.map((j) => (j === one ? decisive : j));
      if (c.starts.entry === null && !c.starts.fault) return 'no entry';
      return `decides: ${told(c, diagnose(session, c.starts, new Variants(session, c.starts), judged, 'rom-silent', true))}`;
    });
    expectAsBefore(lines, new URL('search/beside.txt', import.meta.url));
  });
});
