/**
 * Diagnosis by repair. On a fork, all failing checks with a repair are repaired at once. If that reaches DFU, the set is reduced to a minimal one, and
 * alternatives are searched for. A cause counts as proved only if a repaired machine has reached DFU.
 */
import { CHECKS } from '../../checks/index.ts';
import { heldAtEntry, holdsBack } from '../../checks/mask-registers.ts';
import { lastWriterOf } from '../../checks/last-writers.ts';
import { notApplicable, unknown, type Check, type Judgement, type Repair, type Subject } from '../../checks/check.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { withClear } from './clear-too.ts';
import { attempt, type Attempt, type AttemptOptions, type Starts } from './attempt.ts';
import { checkOf, lateInterrupts } from './late-interrupts.ts';
import { enoughAlone, halve, minimise } from './minimal-sets.ts';
import { applyAtEntry, type NamedRepair } from './repairs.ts';
import { CHECK_IDS, type CheckId, type Outcome, type RomDependency, type RunResult } from '../documents/result.ts';
import { isDocumented, otherValues } from '../session/rom-options.ts';
import type { Session } from '../session/session.ts';
import { NOT_TRACED, subjectAt, type Traced } from '../session/subject.ts';
import { whyNoJump } from './find-jump.ts';
import { towards } from './towards.ts';
import type { Variants } from './variants.ts';

/** A check as judged, with the repair it offers. */
export interface Judged {
  readonly id: CheckId;
  readonly check: Check | null;
  judgement: Judgement;
  repair: Repair | null;
  readonly subject: Subject | null;
  /** Names of failing members that the emulator does not model. */
  readonly unmodelled: readonly string[];
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
  /** Judgements at the entry that a repair led to. */
  readonly later: readonly Judged[];
  /** The run with the first set repaired; absent where there is none. */
  readonly repaired?: Attempt;
  /** Of a request that is lost, and leads nowhere with its words kept either: what keeps the program from its jump then. */
  readonly behind?: BehindRequest;
}
export interface BehindRequest {
  readonly text: string;
  readonly request: NamedRepair;
}

/** What a repaired run must reach. */
export interface Goal {
  readonly attempt: (starts: Starts, repairs: readonly NamedRepair[], options?: AttemptOptions) => Attempt;
  readonly reached: (run: Attempt) => boolean;
  /** Undocumented ROM options whose other value keeps the repaired run from it. */
  readonly dependencies: (repairs: readonly NamedRepair[], run: Attempt) => readonly RomDependency[];
}
const ofTheRun = (s: Session, variants: Variants): Goal => ({
  attempt: (starts, repairs, options) => attempt(s, starts, repairs, options),
  reached: (run) => run.reached,
  dependencies: (repairs, run) => dependencies(variants, repairs, run),
});

/** Judges all checks for the current state of the session. Without an entry, checks of the state at the entry do not apply. */
export function judgeAll(s: Session, outcome: string, reached: boolean, traced: Traced): Judged[] {
  const subject = subjectAt(s, outcome, reached, traced);
  const byId = new Map(CHECKS.map((c) => [c.id, c]));
  return CHECK_IDS.map((id): Judged => {
    // ids are those of the checks (tools/check-index.ts)
    const check = byId.get(id)!;
    if (!subject.entry && !check.path)
      return { id, check, judgement: notApplicable('no entry'), repair: null, subject: null, unmodelled: [] };
    const found = check.judge(subject);
    const judgement = found.verdict === 'pass' ? { lastWriter: lastWriterOf(id, subject), ...found } : found;
    const broken = judgement.verdict === 'fail' || judgement.verdict === 'warn';
    return {
      id,
      check,
      judgement,
      repair: broken ? check.repair(subject) : null,
      subject,
      unmodelled: (broken && check.unmodelled?.(subject)) || [],
    };
  });
}

/** Its repair leads to a different entry than the checked one. */
const leadsElsewhere = ({ repair, subject }: Judged): boolean =>
  repair?.at === 'redirect' ||
  (repair?.at === 'entry' && repair.acts !== undefined) ||
  (repair?.at === 'before-write' && subject?.entry?.how === 'exception');
const isBroken = (j: Judged): boolean => j.judgement.verdict === 'fail' || j.judgement.verdict === 'warn';

/**
 * A repair at the entry explains nothing if there was no entry. Neither does the suppression of a write that its check calls a remark on such a run, and trying
 * it would cost the whole run again. A loop of resets is judged before its first reset.
 */
const withoutPlace = (j: Judged, starts: Starts, outcome: Outcome): boolean =>
  starts.entry === null &&
  !starts.fault &&
  ((j.repair?.at === 'entry' && j.repair.acts === undefined) ||
    (outcome !== 'reset-loop' && j.repair?.at === 'before-write' && isRemarkHere(j)));

export function diagnose(
  s: Session,
  starts: Starts,
  variants: Variants,
  judged: readonly Judged[],
  { outcome, reached }: Pick<Attempt, 'outcome' | 'reached'>,
  search: boolean,
): Diagnosis {
  const broken = judged.filter((j) => isBroken(j) && !withoutPlace(j, starts, outcome));
  if (reached) return { explained: null, causes: [], sets: [], harmless: harmlessOf(known(broken)), later: [] };
  // nothing was tried, so failing checks are not known to be harmless
  if (!search) return { explained: null, causes: [], sets: [], harmless: [], later: [] };
  const goal = ofTheRun(s, variants);
  // what decides about USB says nothing about another interface
  if (s.input.goal.asking !== null) return diagnoseFor(goal, s, starts, judged, outcome);
  const decisive = broken.find((j) => decides(j) && j.judgement.verdict === 'fail');
  if (decisive) return { explained: false, causes: [suspect(decisive)], sets: [], harmless: [], later: [] };
  return new Search(s, starts, broken, outcome, goal).run();
}

/** The search for another goal than DFU, whatever decides about DFU. */
export function diagnoseFor(goal: Goal, s: Session, starts: Starts, judged: readonly Judged[], outcome: Outcome): Diagnosis {
  const broken = judged.filter((j) => isBroken(j) && !decides(j) && !withoutPlace(j, starts, outcome));
  return new Search(s, starts, broken, outcome, goal).run();
}
/** No repair of another check helps. */
const decides = ({ check, repair }: Judged): boolean => check?.decides === true && repair === null;
/** Outcomes of a program that does what it does without the ROM. */
const GOES_ON: readonly Outcome[] = ['no-jump', 'reset-loop'];
const suspect = (j: Judged): Cause => ({
  id: j.id,
  proved: false,
  repair: j.repair,
  outcomeAfterRepair: null,
  dependsOn: [],
  judged: j,
});

/** The search for sets of repairs that lead to the goal. */
class Search {
  private readonly session: Session;
  private readonly starts: Starts;
  private readonly goal: Goal;
  private readonly broken: readonly Judged[];
  private readonly outcome: Outcome;
  /** Broken checks that have a repair. */
  private readonly candidates: readonly Judged[];
  /** The same and those that came to light at the entry that a repair led to. */
  private readonly seen: Map<CheckId, Judged>;
  private readonly later: Judged[] = [];
  private memo = new Map<string, Attempt>();
  /** Runs in which each was repaired, alone or with others. */
  private readonly tried = new Map<string, Attempt[]>();
  /** What a mask held (`withHeld`). A run reaches its goal by luck with any of their members, so trying does not tell which are needed. */
  private readonly held = new Set<CheckId>();
  /** Checks that pass at the entry that a repair led to. */
  private readonly passing = new Set<CheckId>();
  /** The states in which the checks of `later` were judged. */
  private laterAt: Checkpoint | null = null;
  /** The state in which a request was judged, of a run without an entry. */
  private judgedAt: Checkpoint | null = null;

  constructor(s: Session, starts: Starts, broken: readonly Judged[], outcome: Outcome, goal: Goal) {
    this.session = s;
    this.starts = starts;
    this.goal = goal;
    this.broken = broken;
    this.outcome = outcome;
    this.candidates = broken.filter((j) => j.repair !== null);
    this.seen = new Map(this.candidates.map((j) => [j.id, j]));
  }

  run(): Diagnosis {
    if (this.starts.entry === null && this.candidates.some((j) => j.check?.isRequest && j.check.narrow))
      this.judgedAt = this.session.save();
    this.choose();
    const small = this.candidates.filter((j) => !isLastResort(j));
    // if the jump is replaced, undoing the exception has no effect
    const rest = small.length < this.candidates.length ? this.candidates.filter((j) => !undoes(j)) : [];
    const pool = [small, withItsReset(small), rest].find((of) => of.length > 0 && ((of === small && this.likeliest(of)) || this.all(of)));
    if (!pool) return this.unexplained();
    const ids = [...pool, ...this.later].toSorted((a, b) => plausibility(a) - plausibility(b)).map((j) => j.id);
    const found = this.sets(ids).map((set) => this.withHeld(set));
    const inSets = ids.filter((id) => found.some((set) => set.includes(id)));
    for (const id of inSets)
      if (!this.held.has(id))
        this.narrow(
          id,
          found.find((set) => set.includes(id))!,
        );
    const others = this.candidates.filter((j) => !pool.includes(j) && isLastResort(j));
    for (const j of others) {
      // the writer of the vector table base is still the place before which a repair must be
      const { lastWriter = null } = j.judgement;
      j.judgement = { ...notApplicable(`the firmware did not make this jump itself: see ${inSets.join(', ')}`), lastWriter };
    }
    this.drop(this.broken.filter((j) => isTentative(j) && !inSets.includes(j.id)));
    for (const j of this.broken)
      if (isBroken(j) && !inSets.includes(j.id) && this.passing.has(j.id))
        j.judgement = {
          ...notApplicable(`it comes of ${found[0]!.join(' and ')}: with that repaired, it passes`),
          lastWriter: j.judgement.lastWriter ?? null,
        };
    const harmless = harmlessOf(known(this.broken.filter((j) => isBroken(j) && !inSets.includes(j.id) && !others.includes(j))));
    const repaired = this.outcomeOf(found[0]!);
    const causes = inSets.map((id) => withClear(this.cause(id, found), repaired, this.session.input));
    return { explained: true, causes, sets: found, harmless, later: this.later, repaired };
  }

  private unexplained(): Diagnosis {
    const behind = this.broken
      .filter((j) => this.requestRuns(j).some(({ entries }) => entries === 0))
      .map((j) => [j, towards(this.session, this.starts.powerOn, named(j))] as const)
      .find(([, said]) => said !== null);
    const isVain = (j: Judged): boolean => this.leadsNowhere(j) || (j.check?.isRequest === true && whyNoJump(this.session) !== null);
    this.drop(this.broken.filter((j) => isTentative(j) || (isVain(j) && j !== behind?.[0])));
    const causes = this.broken.filter((j) => isBroken(j) && !isRemark(j)).map(suspect);
    const [kept, text] = behind ?? [];
    return { explained: false, causes, sets: [], harmless: [], later: [], ...(kept && text && { behind: { text, request: named(kept) } }) };
  }

  /** Runs with the word of a request kept, of a program that never came to the ROM without. */
  private requestRuns({ id, check }: Judged): readonly Attempt[] {
    return check?.isRequest === true && this.starts.entry === null ? (this.tried.get(id) ?? []) : [];
  }
  /** The program goes on as it likes, and never to the ROM: unless it comes to a jump, nobody asked for the ROM by it. */
  private leadsNowhere(j: Judged): boolean {
    const runs = this.requestRuns(j);
    const isVain = ({ entries, outcome }: Attempt): boolean => entries === 0 && (GOES_ON.includes(outcome) || outcome === this.outcome);
    return runs.length > 0 && runs.every(isVain);
  }
  private attempt(repairs: readonly NamedRepair[], options?: AttemptOptions): Attempt {
    const run = this.goal.attempt(this.starts, repairs, options);
    for (const { id } of repairs) this.tried.set(id, [...(this.tried.get(id) ?? []), run]);
    return run;
  }

  /** Checks that are not reported. */
  private drop(of: readonly Judged[]): void {
    for (const j of of) j.judgement = notApplicable('no evidence for it in this run');
  }

  /** After a repair on the path, the entry that follows is judged and repaired as well. */
  private readonly discover = (session: Session): readonly NamedRepair[] => this.judgeAnew(session).map(named);
  private judgeAnew(session: Session): readonly Judged[] {
    if (this.starts.entry !== null && !this.candidates.some(leadsElsewhere)) return [];
    const fresh: Judged[] = [];
    for (const j of judgeAll(session, this.outcome, true, NOT_TRACED)) {
      if (j.judgement.verdict === 'pass') this.passing.add(j.id);
      if (!isBroken(j) || !j.repair || j.repair.at !== 'entry' || this.seen.has(j.id)) continue;
      this.seen.set(j.id, j);
      this.later.push(j);
      fresh.push(j);
    }
    if (fresh.length > 0) this.laterAt = session.save();
    return fresh;
  }

  /** Whether repairing only the most plausible one is enough, which is the usual case. Other failures then still show at the entry. */
  private likeliest(of: readonly Judged[]): boolean {
    const first = of.toSorted((a, b) => plausibility(a) - plausibility(b))[0]!;
    this.forgetLater();
    const judged = (session: Session): readonly NamedRepair[] => {
      this.judgeAnew(session);
      return [];
    };
    const run = this.attempt([named(first)], { atEntry: judged });
    this.memo.set(first.id, run);
    // no further failures to repair have shown
    if (this.later.length === 0) this.memo.set(triedAll([first]), run);
    return this.goal.reached(run);
  }
  private forgetLater(): void {
    for (const j of this.later.splice(0)) this.seen.delete(j.id);
  }

  /** Whether repairing all of these, and the failures that show then, reaches the goal. */
  private all(of: readonly Judged[]): boolean {
    const known = this.memo.get(triedAll(of));
    if (known) return this.goal.reached(known);
    this.forgetLater();
    const run = this.attempt(of.map(named), { atEntry: this.discover });
    this.memo.set(keyOf([...of, ...this.later].map((j) => j.id)), run);
    return this.goal.reached(run);
  }
  private outcomeOf(ids: readonly CheckId[]): Attempt {
    const key = keyOf(ids);
    let a = this.memo.get(key);
    if (!a) this.memo.set(key, (a = this.attempt(this.namedOf(ids))));
    return a;
  }
  private namedOf(ids: readonly CheckId[]): NamedRepair[] {
    return ids.map((id) => named(this.seen.get(id)!));
  }

  /** If the evidence fits several causes, the first one whose repair helps is taken. */
  private choose(): void {
    for (const j of this.candidates) {
      const choices = j.check?.choices?.(j.subject!) ?? [];
      if (choices.length < 2) continue;
      const helpful = choices.find(({ repair }) => {
        const repairs = this.candidates.map((c) => (c === j ? { ...named(c), repair } : named(c)));
        this.forgetLater();
        return this.goal.reached(this.attempt(repairs, { atEntry: this.discover }));
      });
      if (helpful) Object.assign(j, helpful);
    }
  }

  /** Minimal sets: one smallest set, and every repair that is enough alone. */
  private sets(ids: readonly CheckId[]): CheckId[][] {
    const reaches = (of: readonly CheckId[]): boolean => this.goal.reached(this.outcomeOf(of));
    const first = minimise(ids, reaches);
    const sets: CheckId[][] = [first];
    const others = ids.filter((id) => !first.includes(id));
    for (const id of enoughAlone(others, reaches)) sets.push([id]);
    if (first.length > 1) for (const id of first) if (reaches([id])) sets.push([id]);
    // a larger set that contains a sufficient single is not minimal
    return sets.filter((set) => !sets.some((other) => other !== set && other.every((id) => set.includes(id))));
  }

  /** With what a mask held at the entry, and what ends a run without that mask if it comes soon. It is mended in front of the mask. */
  private withHeld(set: readonly CheckId[]): readonly CheckId[] {
    const { session: s, starts } = this;
    const repairs = this.namedOf(set);
    const atEntry = ({ repair }: Pick<Judged, 'repair'>): boolean => repair?.at === 'entry' && repair.acts === undefined;
    if (starts.entry === null || s.input.goal.asking !== null || !repairs.every(atEntry)) return set;
    const masked = set.map((id) => this.seen.get(id)?.subject ?? null).find((subject) => isHeld(subject));
    if (masked == null) return set;
    s.restore(starts.entry);
    applyAtEntry(s.machine, repairs);
    const mended = s.save();
    this.attempt(repairs);
    const all = lateInterrupts(s, mended, s.save());
    s.restore(starts.entry);
    const late = new Set(all.filter(({ exception }) => holdsBack(masked.state, exception)).map(checkOf));
    const held = this.candidates.filter((j) => late.has(j.id) && !set.includes(j.id) && atEntry(j)).map(({ id }) => id);
    if (held.length === 0 || !this.goal.reached(this.outcomeOf([...held, ...set]))) return set;
    for (const id of held) this.held.add(id);
    return [...held, ...set];
  }

  /** Reduces a cause with several members to those that its set needs to reach the goal. */
  private narrow(id: CheckId, set: readonly CheckId[]): void {
    const j = this.seen.get(id)!;
    const { repair: whole } = j;
    // the subject reads the machine, which must be where the check was judged, not where the last fork ended
    const instant = this.later.includes(j) ? this.laterAt : (this.starts.entry ?? this.judgedAt);
    if (!j.check?.narrow || whole === null || instant === null) return;
    this.session.restore(instant);
    const members = j.check.members?.(j.subject!, whole) ?? [];
    const only = (some: readonly string[]): Pick<Judged, 'judgement' | 'repair'> => {
      this.session.restore(instant);
      return j.check!.narrow!(j.subject!, some, whole);
    };
    const works = (some: readonly string[]): boolean => {
      const repairs = set.map((x) => (x === id ? { ...named(j), repair: only(some).repair! } : named(this.seen.get(x)!)));
      return this.goal.reached(this.attempt(repairs));
    };
    const kept = halve(members, works);
    if (kept.length === members.length) return;
    const { judgement, repair } = only(kept);
    Object.assign(j, j.check.repairsAll ? { judgement } : { judgement, repair });
    this.memo.clear();
  }

  private cause(id: CheckId, sets: readonly (readonly CheckId[])[]): Cause {
    const j = this.seen.get(id)!;
    const set = sets.find((x) => x.includes(id))!;
    return {
      id,
      proved: true,
      repair: beside(j.repair, set),
      outcomeAfterRepair: this.outcomeOf([id]).outcome,
      dependsOn: this.goal.dependencies(this.namedOf(set), this.outcomeOf(set)),
      judged: j,
    };
  }
}

/** A word is kept only over a reset that happens: the same repairs without those that keep watchdogs from it, or none if that changes nothing. */
function withItsReset(of: readonly Judged[]): readonly Judged[] {
  if (!of.some((j) => j.repair?.at === 'keep')) return [];
  const left = of.filter((j) => !preventsReset(j));
  return left.length < of.length ? left : [];
}
const preventsReset = ({ repair }: Judged): boolean => repair?.at === 'before-write' && repair.vetoes !== undefined;
const undoes = ({ repair }: Judged): boolean => repair?.at === 'entry' && repair.acts === 'undoes-exception';
const isLastResort = (j: Judged): boolean => (j.subject && j.check?.isLastResort?.(j.subject)) ?? false;
const harmlessOf = (of: readonly Judged[]): CheckId[] =>
  of.filter((j) => !j.check?.afterEntry && !j.check?.decides && !(j.subject && j.check?.staysOpen?.(j.subject))).map((j) => j.id);
const isRemark = (j: Judged): boolean => (j.judgement.verdict === 'warn' && j.check?.remark === true) || isRemarkHere(j);
/** A remark because of what the run was. */
function isRemarkHere({ judgement, check, subject }: Judged): boolean {
  const remark = check?.remark;
  return judgement.verdict === 'warn' && typeof remark === 'function' && subject !== null && remark(subject);
}
/** Checks that the run shows to be harmless. Members that are not modelled are excluded: they did nothing here but may do something on a real chip. */
const known = (of: readonly Judged[]): Judged[] =>
  of.filter((j) => {
    if (j.unmodelled.length === 0) return true;
    const { observed } = j.judgement;
    j.judgement = { ...unknown(`bootbench does not model ${j.unmodelled.join(', ')}, so the effect is not known`), observed };
    return false;
  });
const isTentative = (j: Judged): boolean => (j.subject && j.check?.isTentative?.(j.subject)) ?? false;
/** Order of suspects, lowest first: failures on the path, documented rules, other rules, checks that cover many kinds of things. */
function plausibility({ repair, judgement, check }: Judged): number {
  if (check?.general) return 3;
  if (repair !== null && repair.at !== 'entry') return 0;
  return judgement.verdict === 'fail' ? 1 : 2;
}
const keyOf = (ids: readonly CheckId[]): string => [...ids].sort().join();
/** The run with these repaired, and with the failures that show at an entry after them. */
const triedAll = (of: readonly Judged[]): string => `all ${keyOf(of.map((j) => j.id))}`;
/** With the fix that goes with those of the others in its set. */
const beside = (repair: Repair | null, set: readonly CheckId[]): Repair | null =>
  repair?.at === 'entry' && repair.fixBeside !== undefined ? { ...repair, fix: repair.fixBeside(set) } : repair;
const isHeld = (subject: Subject | null): boolean =>
  subject !== null && (heldAtEntry(subject.state) || (subject.state.core('basepri') ?? 0) !== 0);
const named = (j: Judged): NamedRepair => ({ id: j.id, repair: j.repair!, subject: j.subject! });

/** Of what the firmware left to the ROM alone, as the checks tell it: for a run that reached its goal, and that is asked nothing else. */
export function dependenciesOfLeft(variants: Variants, checks: RunResult<string>['checks'], run: Attempt): RomDependency[] {
  const left = checks.filter(({ verdict, lastWriter }) => (verdict === 'fail' || verdict === 'warn') && lastWriter !== null);
  const actedOn = run.actedOn.filter(({ id }) => left.some((check) => check.id === id));
  return run.reached ? dependencies(variants, [], { ...run, actedOn }) : [];
}
/** Undocumented ROM options that the ROM used in a run and whose other value changes the outcome. */
export function dependencies(variants: Variants, repairs: readonly NamedRepair[], run: Attempt): RomDependency[] {
  const found: RomDependency[] = [];
  if (!variants.asked) return found;
  for (const option of run.actedOn) {
    if (isDocumented(option)) continue;
    for (const other of otherValues(option)) {
      const flipped = variants.run({ rom: { [option.id]: other } }, repairs);
      if (flipped.outcome === run.outcome && flipped.reached === run.reached) continue;
      const { id, value, confidence } = option;
      const goal = flipped.reached === (flipped.outcome === 'dfu') ? {} : { goalIfOther: flipped.reached };
      found.push({ rom: id, value, other, confidence, outcomeIfOther: flipped.outcome, ...goal });
    }
  }
  return found;
}
