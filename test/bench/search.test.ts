/**
 * What holds of every search for repairs: random broken checks of all kinds, of which some sets lead to DFU. Nothing is emulated but the state at an entry that some repairs lead
 * to.
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
  /** Runs in their order: the repairs of each, and whether it led to DFU. */
  readonly tried: { readonly repairs: readonly string[]; readonly led: boolean }[] = [];
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
    const subject =
      r.below(10) === 0 ? null : ({ entry: { how: r.pick(['branch', 'exception']) }, state: { core: () => 0 } } as unknown as Subject);
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
    attempt: (_starts, repairs, options) => {
      const session = this.session;
      const more = this.comesToLight ? (options?.atEntry?.(session) ?? []) : [];
      const done = [...repairs, ...more].flatMap(({ id, repair }: NamedRepair) =>
        id === 'primask' ? ['primask'] : repair.what.split('+'),
      );
      const outcome = this.leads(done) ? 'dfu' : 'rom-silent';
      this.tried.push({ repairs: done, led: outcome === 'dfu' });
      return { outcome, ignored: [] as Attempt['ignored'] } as Attempt;
    },
    reached: (run) => run.outcome === 'dfu',
    dependencies: (repairs) => (repairs.length > 2 ? [{ rom: 'sysflash-gap' }] : []) as never,
  };
  private leads(done: readonly string[]): boolean {
    if (this.spoilers.length > 0 && this.spoilers.every((s) => done.includes(s)) && done.length > 2) return false;
    return this.enough.some((set) => set.every((x) => done.includes(x)));
  }
}
/** The checks whose repairs stand in a run; members and choices of one count as the check. */
const checksOf = (repairs: readonly string[]): string =>
  [...new Set(repairs.map((what) => what.replace(/\.[a-c]$|-not$/, '')))].sort().join(' ');
const ledBy = (c: Case, ids: readonly string[]): boolean =>
  c.tried.some(({ repairs, led }) => led && checksOf(repairs) === [...ids].sort().join(' '));

describe('The search for repairs', () => {
  const session = masked();
  const found = Array.from({ length: CASES }, (_, i) => {
    const c = new Case(1211 + i, session);
    return { c, d: diagnoseFor(c.goal, session, c.starts, c.judged, 'rom-silent'), seed: 1211 + i };
  });
  const wrong = (holds: (f: (typeof found)[number]) => boolean): number[] => found.filter((f) => !holds(f)).map(({ seed }) => seed);
  const proved = (d: Diagnosis): string[] => d.causes.filter((x) => x.proved).map((x) => x.id);

  it('explains a good part of the cases, and leaves as many unexplained', () => {
    const explained = found.filter(({ d }) => d.explained === true).length;
    expect(explained).toBeGreaterThan(CASES / 4);
    expect(explained).toBeLessThan((3 * CASES) / 4);
  });
  it('names only sets with which a run led to DFU', () => {
    expect(wrong(({ c, d }) => d.sets.every((set) => ledBy(c, set)))).toEqual([]);
  });
  it('names no set of which a part leads to DFU as well', () => {
    const smaller = ({ c, d }: (typeof found)[number]): boolean =>
      d.sets.some(
        (set) =>
          set.length > 1 &&
          set.some((id) =>
            ledBy(
              c,
              set.filter((other) => other !== id),
            ),
          ),
      );
    expect(wrong((f) => !smaller(f))).toEqual([]);
  });
  it('has tried each set without each of its members', () => {
    const tried = (c: Case, ids: readonly string[]): boolean =>
      c.tried.some(({ repairs }) => checksOf(repairs) === [...ids].sort().join(' '));
    const short = ({ c, d }: (typeof found)[number]): boolean =>
      d.sets.every(
        (set) =>
          set.length !== 2 ||
          set.every((id) =>
            tried(
              c,
              set.filter((other) => other !== id),
            ),
          ),
      );
    expect(wrong(short).length).toBeLessThan(CASES / 20);
  });
  it('proves what stands in a set, and nothing else', () => {
    expect(
      wrong(({ d }) => new Set(d.sets.flat()).size === proved(d).length && proved(d).every((id) => d.sets.flat().includes(id as CheckId))),
    ).toEqual([]);
  });
  it('is explained exactly where it has a set', () => {
    expect(wrong(({ d }) => (d.explained === true) === d.sets.length > 0)).toEqual([]);
  });
  it('calls harmless what is broken and stands in no set', () => {
    const holds = ({ c, d }: (typeof found)[number]): boolean =>
      d.harmless.every((id) => !d.sets.flat().includes(id) && [...c.judged, ...d.later].some((j) => j.id === id));
    expect(wrong(holds)).toEqual([]);
  });
  it('says of a cause that its repair alone is enough where a run with it alone led to DFU', () => {
    expect(wrong(({ c, d }) => d.causes.every((x) => (x.outcomeAfterRepair === 'dfu') === ledBy(c, [x.id])))).toEqual([]);
  });
  it('takes back a verdict (what is not modelled, what another cause makes void) only of a check that stands in no set', () => {
    const holds = ({ c, d, seed }: (typeof found)[number]): boolean => {
      const before = new Case(seed, session).judged.map((j) => j.judgement.verdict);
      return c.judged.every(
        ({ id, judgement: { verdict } }, i) => verdict === before[i] || (/unknown|n\/a/.test(verdict) && !d.sets.flat().includes(id)),
      );
    };
    expect(wrong(holds)).toEqual([]);
  });
  it('tries nothing where the ROM was reached or nothing is to be looked for', () => {
    for (let i = 0; i < 20; i++) {
      const c = new Case(7000 + i, session);
      const variants = new Variants(session, c.starts);
      expect(diagnose(session, c.starts, variants, c.judged, { outcome: 'dfu', reached: true }, true)).toMatchObject({
        explained: null,
        sets: [],
      });
      expect(diagnose(session, c.starts, variants, c.judged, { outcome: 'rom-silent', reached: false }, false)).toMatchObject({
        explained: null,
        sets: [],
      });
      expect(c.tried).toEqual([]);
    }
  });
});
