/**
 * Diagnosis by repair. All broken checks that have a repair are repaired at once on a fork; if that reaches DFU, the set is made minimal and
 * alternatives are looked for. A cause is proved only when a repaired machine reached DFU.
 */
import { CHECKS } from '../checks/index.ts';
import type { Check, Judgement, Repair, Subject } from '../checks/check.ts';
import { attempt, type Attempt, type Starts } from './attempt.ts';
import type { NamedRepair } from './repairs.ts';
import { CHECK_IDS, type CheckId, type Outcome, type RomDependency } from './result.ts';
import { isDocumented, otherValues } from './rom-options.ts';
import type { Session } from './session.ts';
import { NOT_TRACED, subjectAt, type Traced } from './subject.ts';
import type { Variants } from './variants.ts';

/** A check as judged, with the repair it offers. */
export interface Judged {
  readonly id: CheckId;
  readonly check: Check | null;
  judgement: Judgement;
  repair: Repair | null;
  readonly subject: Subject | null;
}

export interface Cause {
  readonly id: CheckId;
  readonly proved: boolean;
  readonly repair: Repair | null;
  readonly outcomeAfterRepair: Outcome | null;
  readonly dependsOn: readonly RomDependency[];
  readonly judged: Judged;
}
export interface Diagnosis {
  readonly explained: boolean | null;
  readonly causes: readonly Cause[];
  readonly sets: readonly (readonly CheckId[])[];
  readonly harmless: readonly CheckId[];
  /** Judgements of checks that only showed at the entry that a repair led to. */
  readonly later: readonly Judged[];
}

/** Judges every check at the session's present instant. Without an entry, checks of the state handed over do not apply. */
export function judgeAll(s: Session, outcome: string, reached: boolean, traced: Traced): Judged[] {
  const subject = subjectAt(s, outcome, reached, traced);
  const byId = new Map(CHECKS.map((c) => [c.id, c]));
  return CHECK_IDS.map((id): Judged => {
    const check = byId.get(id) ?? null;
    const nothing = (verdict: 'n/a' | 'unknown', because: string): Judged => ({
      id,
      check,
      repair: null,
      subject: null,
      judgement: { verdict, observed: null, expected: null, because, source: null, confidence: null },
    });
    if (!check) return nothing('unknown', 'not checked in this version');
    if (!subject.entry && !check.path) return nothing('n/a', 'no entry');
    const judgement = check.judge(subject);
    const broken = judgement.verdict === 'fail' || judgement.verdict === 'warn';
    return { id, check, judgement, repair: broken ? check.repair(subject) : null, subject };
  });
}

/** Its repair makes another entry than the one that was judged. */
const leadsElsewhere = ({ repair, subject }: Judged): boolean =>
  repair?.at === 'redirect' || (repair?.at === 'before-write' && subject?.entry?.how === 'exception');
const isBroken = (j: Judged): boolean => j.judgement.verdict === 'fail' || j.judgement.verdict === 'warn';

export function diagnose(
  s: Session,
  starts: Starts,
  variants: Variants,
  judged: readonly Judged[],
  outcome: Outcome,
  search: boolean,
): Diagnosis {
  const broken = judged.filter(isBroken);
  const later: Judged[] = [];
  if (!search || outcome === 'dfu') return { explained: null, causes: [], sets: [], harmless: broken.map((j) => j.id), later };
  const candidates = broken.filter((j) => j.repair !== null);
  const suspects = (): Cause[] =>
    broken.map((j) => ({ id: j.id, proved: false, repair: j.repair, outcomeAfterRepair: null, dependsOn: [], judged: j }));
  if (candidates.length === 0) return { explained: false, causes: suspects(), sets: [], harmless: [], later };

  // what a repair on the path leads to is judged at the entry it leads to
  const seen = new Map<CheckId, Judged>(candidates.map((j) => [j.id, j]));
  const discover = (session: Session): readonly NamedRepair[] => {
    if (starts.entry !== null && !candidates.some(leadsElsewhere)) return [];
    const found = judgeAll(session, outcome, true, NOT_TRACED);
    const fresh: NamedRepair[] = [];
    for (const j of found) {
      if (!isBroken(j) || !j.repair || j.repair.at !== 'entry' || seen.has(j.id)) continue;
      seen.set(j.id, j);
      later.push(j);
      fresh.push(named(j));
    }
    return fresh;
  };
  const runWith = (ids: readonly CheckId[], options: Parameters<typeof attempt>[3] = {}): Attempt =>
    attempt(
      s,
      starts,
      ids.map((id) => named(seen.get(id)!)),
      options,
    );

  const memo = new Map<string, Attempt>();
  const outcomeOf = (ids: readonly CheckId[]): Attempt => {
    const key = [...ids].sort().join();
    let a = memo.get(key);
    if (!a) memo.set(key, (a = runWith(ids)));
    return a;
  };
  const reaches = (ids: readonly CheckId[]): boolean => outcomeOf(ids).outcome === 'dfu';

  // evidence that fits several objects: the first one whose repair helps is meant
  for (const j of candidates) {
    const choices = j.check?.choices?.(j.subject!) ?? [];
    if (choices.length < 2) continue;
    const helpful = choices.find(
      ({ repair }) =>
        attempt(
          s,
          starts,
          candidates.map((c) => (c === j ? { ...named(c), repair } : named(c))),
          { atEntry: discover },
        ).outcome === 'dfu',
    );
    if (helpful) Object.assign(j, helpful);
  }
  const first = attempt(s, starts, candidates.map(named), { atEntry: discover });
  const all = [...seen.keys()];
  memo.set([...all].sort().join(), first);
  if (first.outcome !== 'dfu') return { explained: false, causes: suspects(), sets: [], harmless: [], later };

  const sets: CheckId[][] = [minimise(all, reaches)];
  for (const id of all) if (!sets.some((set) => set.length === 1 && set[0] === id) && reaches([id])) sets.push([id]);
  // a larger set that contains a sufficient single is not minimal
  const minimal = sets.filter(
    (set) => !sets.some((other) => other !== set && other.every((id) => set.includes(id)) && other.length < set.length),
  );
  const inSets = all.filter((id) => minimal.some((set) => set.includes(id)));
  const causes = inSets.map((id): Cause => {
    const j = seen.get(id)!;
    const set = minimal.find((x) => x.includes(id))!;
    return {
      id,
      proved: true,
      repair: j.repair,
      outcomeAfterRepair: outcomeOf([id]).outcome,
      dependsOn: dependencies(
        variants,
        set.map((x) => named(seen.get(x)!)),
        outcomeOf(set),
        true,
      ),
      judged: j,
    };
  });
  const harmless = broken.map((j) => j.id).filter((id) => !inSets.includes(id));
  return { explained: true, causes, sets: minimal, harmless, later };
}

const named = (j: Judged): NamedRepair => ({ id: j.id, repair: j.repair!, subject: j.subject! });

/** Smallest subset that still works: one element after another is left out. Order of the checks decides between equals. */
function minimise(ids: readonly CheckId[], works: (ids: readonly CheckId[]) => boolean): CheckId[] {
  // a single one is the usual case
  for (const id of ids) if (works([id])) return [id];
  let set = [...ids];
  for (const id of ids) {
    const without = set.filter((x) => x !== id);
    if (without.length > 0 && works(without)) set = without;
  }
  return set;
}

/**
 * Undocumented options that the ROM acted on in a run and whose other value changes its outcome. With `onlyLoss` only those count that keep a
 * repaired run from reaching DFU.
 */
export function dependencies(variants: Variants, repairs: readonly NamedRepair[], run: Attempt, onlyLoss: boolean): RomDependency[] {
  const found: RomDependency[] = [];
  for (const option of run.actedOn) {
    if (isDocumented(option)) continue;
    for (const other of otherValues(option)) {
      const { outcome } = variants.run({ rom: { [option.id]: other } }, repairs);
      if (outcome === run.outcome || (onlyLoss && outcome === 'dfu')) continue;
      found.push({ rom: option.id, value: option.value, other, confidence: option.confidence, outcomeIfOther: outcome });
    }
  }
  return found;
}
