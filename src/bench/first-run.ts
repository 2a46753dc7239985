/**
 * A run without chip and scenario. If the firmware waits for its trigger (a button, a byte), the trigger is searched for and the run repeated with it. If that
 * fails, a control run of the same board with BOOT0 high shows whether ROM, crystal and cable work. The result contains what was done: the `steps` of its
 * scenario and the notes `trigger` and `control`.
 */
import { programsOf } from '../image/programs.ts';
import { heldBriefly, leadsOn, pulled, sorted, type Trigger } from './proof/init.ts';
import { firstAnswer } from './proof/first-answer.ts';
import { AT_START, entered, rank, sentName } from './proof/find-jump.ts';
import { jobInput, type RunHooks, type RunJob } from './input/job.ts';
import { hasReached, otherGoal } from './documents/reached.ts';
import { BUT } from './documents/reservations.ts';
import type { RunResult, WayIn } from './documents/result.ts';
import type { RunInput } from './input/run-input.ts';
import { runBench } from './run.ts';
import { exampleOf, followedText, triedInput, outcomeText, reaches, type Tried } from './documents/tried.ts';
import { withAdvice } from './documents/advice.ts';
import type { Note } from './documents/note-facts.ts';
import type { Step } from './documents/scenario-types.ts';
import { assumed, isClockOpen, onNamedBoard, onProjectClock, usualClock, type Assumed, type Shown } from './assumed.ts';
import { calledFrom, jumpCandidates, scanFunctions } from './input/code-scan.ts';
import { countedCrystal } from './input/counted-crystal.ts';
import { atMost, Bounds, MOST } from './documents/bounds.ts';
import { MS } from '../emu/time.ts';
import type { RunTrace } from './documents/trace-types.ts';

export function firstRun(job: RunJob, { trace, ...hooks }: RunHooks): RunResult<string> {
  if (trace === undefined) return withAssumed(job, hooks, (input) => runBench(input));
  // several runs are recorded, but only one is reported; the trace is found by its timeline
  const recorded = new Map<RunResult<string>['timeline'], RunTrace>();
  const result = withAssumed(job, hooks, (input) => {
    let seen: RunTrace | null = null;
    const made = runBench({ ...input, trace: (t) => (seen = t) });
    if (seen !== null) recorded.set(made.timeline, seen);
    return made;
  });
  const found = recorded.get(result.timeline);
  if (found !== undefined) trace(found);
  return result;
}

/** On the board that the firmware names, if it names one. */
function withAssumed(given: RunJob, asked: RunHooks, run: (input: RunInput) => RunResult<string>): RunResult<string> {
  const named = onNamedBoard(given);
  const result = withClock(named?.job ?? onProjectClock(given), asked, run);
  return named === null ? result : withNotes(result, [noteOf(named)]);
}
/** As the firmware was given, or with what it shows to have around it. */
function withClock(given: RunJob, asked: RunHooks, run: (input: RunInput) => RunResult<string>): RunResult<string> {
  const bounds = new Bounds();
  const hooks = { ...asked, bounds };
  const looked = (job: RunJob, alone: Alone): RunResult<string> =>
    job.surroundings === true ? alone.run(jobInput(job, hooks)) : lookFurther(job, hooks, run, alone);
  const passing = new Passing(run);
  const far = (job: RunJob): RunResult<string> => looked(job, passing.of(given, job));
  const inFull = (job: RunJob, seen: RunResult<string>): RunResult<string> => (passing.passed(seen) ? looked(job, whole(run)) : seen);
  const early = countsOnAnother(given) ? seenEarly(given, hooks) : null;
  const first = early?.job ?? given;
  let [job, result] = [first, far(first)];
  const told = new Map<string, Note>(early === null ? [] : [[early.kind, noteOf(early)]]);
  for (let i = 0; !isCut(result); i++) {
    const next = assumed(given, job, result);
    if (next === null) break;
    if (i === MOST.assumed) {
      bounds.leaveOut(`${MOST.assumed} assumptions about the board`);
      result = inFull(job, result);
      break;
    }
    const made = far(next.job);
    const cut = isCutShorter(made, result);
    const helps = !cut && next.helps(made);
    if (!helps) result = cut ? withLimit(result, made) : inFull(job, result);
    if (!helps) break;
    told.set(next.kind, noteOf(next));
    [job, result] = [next.job, made];
  }
  result = withNotes(result, bounds.notes);
  const usual = told.has('assumed-board') ? null : usualClock(given, result);
  if (usual !== null) told.set(usual.kind, usual);
  if (told.size === 0) return result;
  const rest = { ...result, notes: result.notes.filter(({ kind }) => !told.has(kind)) };
  return withNotes(rest, [...told.values()]);
}
/** Runs of a firmware by itself. */
interface Alone {
  readonly run: (input: RunInput) => RunResult<string>;
  /** Nothing was looked for in it: it is run again with something else around it. */
  readonly passed: (result: RunResult<string>) => boolean;
}
/** Each is looked into. */
const whole = (run: Alone['run']): Alone => ({ run, passed: () => false });
/** Runs that are not looked into where they show themselves what else is around the firmware: a search takes longer than the run. */
class Passing {
  private readonly run: Alone['run'];
  private readonly all = new Set<RunResult<string>>();
  constructor(run: Alone['run']) {
    this.run = run;
  }
  readonly passed = (result: RunResult<string>): boolean => this.all.has(result);
  of(given: RunJob, job: RunJob): Alone {
    return { passed: this.passed, run: (input) => this.made(input, (shown) => assumed(given, job, shown) !== null) };
  }
  private made(input: RunInput, isPassed: (shown: Shown) => boolean): RunResult<string> {
    const { chip, scenario } = input;
    let passes = false;
    const givesWay = (notes: readonly Note[]): boolean => (passes = isPassed({ notes, chip: chip.name, scenario: scenario.document }));
    const result = this.run({ ...input, givesWay });
    if (passes) this.all.add(result);
    return passes ? result : withoutCounted(result);
  }
}

const noteOf = ({ kind, text, advice }: Omit<Assumed, 'helps'>): Note => ({ kind, text, ...(advice && { advice }) });

/** The job with what `run` would assume to be around the firmware, for what is written down. */
export function assumedJob(given: RunJob, hooks: RunHooks): { readonly job: RunJob; readonly told: readonly string[] } {
  const named = onNamedBoard(given);
  let job = named?.job ?? onProjectClock(given);
  const told: string[] = named === null ? [] : [named.text];
  // nothing but a clock is assumed here
  if (!isClockOpen(given)) return { job, told };
  for (let i = 0; i < MOST.assumed; i++) {
    const result = runBench({ ...jobInput({ ...job, findJump: false }, hooks), givesWay: () => true });
    const next = isCut(result) ? null : assumed(given, job, result);
    if (next === null || next.kind !== 'assumed-board') break;
    told.push(next.text);
    job = next.job;
  }
  return { job, told };
}

/** Clocks are set up in front of everything else. */
const SET_UP = '300ms';
const setUp = (job: RunJob): RunJob => ({
  ...job,
  scenario: { ...job.scenario, until: job.scenario.until ?? SET_UP },
  effort: 'quick',
  findJump: false,
});
/** What its set-up shows to be around it, where a run with that goes better. */
function seenEarly(given: RunJob, hooks: RunHooks): Assumed | null {
  const shown = (job: RunJob): RunResult<string> => runBench({ ...jobInput(setUp(job), hooks), givesWay: () => true });
  const next = assumed(given, given, shown(given));
  return next?.helps(shown(next.job)) === true ? next : null;
}
/** That a firmware counts on another crystal is nothing to tell where its clocks cannot run from that. */
const withoutCounted = (result: RunResult<string>): RunResult<string> => ({
  ...result,
  notes: result.notes.filter(({ about }) => about?.is !== 'other-crystal' || about.lacks !== 'counted'),
});
/** It holds the rate of another crystal than the board's that nobody described: whether it matters is seen before anything is searched for. */
function countsOnAnother(job: RunJob): boolean {
  if (!isClockOpen(job)) return false;
  const { images, chip, scenario } = jobInput(job);
  const { hse } = scenario.board;
  return hse !== null && countedCrystal(images, chip, hse.hz) !== null;
}

/** What a firmware does by itself, and what makes it jump if it waits for something. */
interface Look {
  readonly alone: RunResult<string>;
  /** Null where nothing was looked for. */
  readonly tried: readonly Trigger[] | null;
  /** What `run` chooses; null where nothing led to the ROM. */
  readonly chosen: Trigger | null;
}
function look(job: RunJob, hooks: RunHooks, byItself: Alone, pull: Pull): Look {
  // a scenario with steps says itself what happens; a leave alone (`--leave`) says only what comes behind the entry
  const bare = withoutLeave(job);
  const asked = (bare.scenario.steps ?? []).length === 0;
  if (asked && hooks.found !== undefined) firstAnswer({ ...jobInput(asked ? bare : job, hooks), bounds: new Bounds() }, hooks.found);
  const { alone, tried } = asked ? asksInputs(jobInput(bare, hooks), byItself) : { alone: byItself.run(jobInput(job, hooks)), tried: null };
  const left = asked && bare !== job && tried === null && !byItself.passed(alone);
  if (left) return { alone: byItself.run(jobInput(job, hooks)), tried: null, chosen: null };
  if (tried === null || isCut(alone)) return { alone, tried: null, chosen: null };
  if (losesItself(alone, sorted(tried))) return { alone, tried, chosen: null };
  const typed = asTyped(tried, pull);
  const chosen = failingWay(typed, hooks, pull) ?? sorted(typed)[0] ?? withoutWay(jobInput(job), alone, typed, hooks, pull);
  return { alone, ...asGiven(typed, chosen, pull) };
}
function asGiven(tried: readonly Trigger[], chosen: Trigger | null, pull: Pull): Pick<Look, 'tried' | 'chosen'> {
  if (chosen === null) return { tried, chosen };
  const given = asHeard(pull, chosen);
  return { tried: tried.map(pull.given), chosen: given };
}
/** As its run gives it: when the firmware listens. */
export function asHeard(pull: Pull, trigger: Trigger): Trigger {
  pull(trigger);
  return pull.given(trigger);
}
/** The best of them with one key at the end of its line, where that is enough: firmware that jumps on it leaves the other character to the ROM, which would measure its rate by it. */
export function asTyped(tried: readonly Trigger[], pull: Runs): readonly Trigger[] {
  const [best] = sorted(tried);
  const bare = best === undefined ? null : withOneKey(best);
  if (bare === null || (pull(bare)?.entries.length ?? 0) === 0) return tried;
  return tried.map((t) => (t === best ? bare : t));
}
function withOneKey(trigger: Trigger): Trigger | null {
  const { step } = trigger;
  if (step === null || !('uart' in step.do)) return null;
  const { uart } = step.do;
  if (!('text' in uart) || uart.text?.endsWith('\r\n') !== true) return null;
  const text = uart.text.slice(0, -1);
  return { ...trigger, name: sentName(text, uart.port), step: { ...step, do: { uart: { ...uart, text } } } };
}
/** No input leads to the ROM, and a request that the firmware makes by itself is provably lost: what works when it is called is nothing that the board does. */
const losesItself = ({ diagnosis, entries }: RunResult<string>, [best]: readonly Trigger[]): boolean =>
  entries.length === 0 && diagnosis.sets.some((set) => set.includes('magic-survives')) && !(best !== undefined && isInput(best));
/** The firmware by itself, and what comes of its inputs. Busy firmware is asked for them early, and followed for as long as any other only where none leads on. */
function asksInputs(input: RunInput, { run, passed }: Alone): Pick<Look, 'alone' | 'tried'> {
  const asked: { tried: readonly Tried[] | null; hurried: boolean } = { tried: null, hurried: false };
  const asking = (known: readonly Tried[] | null = null): RunInput => ({
    ...input,
    triggers: (tryAll) => {
      asked.tried = known ?? tryAll();
      // what is chosen is told in place of this run
      return sorted(asked.tried).length > 0 || hanging(asked.tried, undefined) !== undefined;
    },
  });
  const hasty = { ...asking(), hurried: () => (asked.hurried = true) };
  const first = run(input.effort === 'full' ? asking() : hasty);
  if (!asked.hurried || isCut(first) || passed(first) || (asked.tried !== null && leadsOn(asked.tried)))
    return { alone: first, tried: asked.tried };
  // it may still go by itself; what comes of its inputs is known
  const { tried } = asked;
  asked.tried = null;
  const again = run(asking(tried));
  return isCutShorter(again, first) ? { alone: withLimit(first, again), tried } : { alone: again, tried: asked.tried };
}
/** The run with a trigger, made once for each; null where it has no step. */
type Runs = (trigger: Trigger) => RunResult<string> | null;
export interface Pull extends Runs {
  /** As it was given in that run: later, where nothing listened before. */
  given(trigger: Trigger): Trigger;
}
export function puller(job: RunJob, hooks: RunHooks, run: (input: RunInput) => RunResult<string> = runBench): Pull {
  const made = new Map<Trigger, RunResult<string>>();
  const later = new Map<Trigger, Trigger>();
  const give = ({ step, held }: Trigger): RunResult<string> => run(jobInput(withSteps(job, step!, held), hooks));
  const pull = (trigger: Trigger): RunResult<string> | null => {
    if (trigger.step === null) return null;
    const before = made.get(trigger);
    if (before !== undefined) return before;
    hooks.progress?.(trigger.name ?? 'running');
    let [given, result] = [trigger, give(trigger)];
    const delayed = isUnheard(result, trigger) ? whenListening(trigger) : null;
    const again = delayed === null ? null : give(delayed);
    if (delayed !== null && again !== null && !isUnheard(again, trigger)) [given, result] = [delayed, again];
    if (given !== trigger) later.set(trigger, given);
    made.set(trigger, result).set(given, result);
    return result;
  };
  return Object.assign(pull, { given: (trigger: Trigger) => later.get(trigger) ?? trigger });
}
/** Something came of it where it was tried, and nothing does in this run. */
const isUnheard = (result: RunResult<string>, { outcome, instead }: Trigger): boolean =>
  (entered(outcome) || instead !== undefined) &&
  !isCut(result) &&
  result.outcome === 'no-jump' &&
  result.entries.length === 0 &&
  result.resets.every(({ by }) => by !== 'software');
/** At the time at which it was tried. */
function whenListening(trigger: Trigger): Trigger | null {
  const { step, listens } = trigger;
  if (step === null || listens === undefined) return null;
  return { ...trigger, step: { ...step, at: `${Math.ceil(listens / LISTENS_UNIT) * (LISTENS_UNIT / MS)}ms` } };
}
const LISTENS_UNIT = 100 * MS;
const withSteps = (job: RunJob, step: Step, held: string | undefined): RunJob => ({
  ...job,
  scenario: { ...job.scenario, steps: [...pulled(step, held), ...leavesOf(job)] },
  findJump: false,
});
/** Leaves that a job has for its only steps. */
function leavesOf({ scenario: { steps = [] } }: RunJob): readonly Step[] {
  return steps.every((step) => 'dfu' in step.do && 'leave' in step.do.dfu) ? steps : [];
}
const withoutLeave = (job: RunJob): RunJob => (leavesOf(job).length === 0 ? job : { ...job, scenario: { ...job.scenario, steps: [] } });

function lookFurther(job: RunJob, hooks: RunHooks, run: Alone['run'], byItself: Alone): RunResult<string> {
  const pull = puller(job, hooks, run);
  const { alone, tried, chosen } = look(job, hooks, byItself, pull);
  if (byItself.passed(alone)) return alone;
  if (tried === null) return withControl(alone, job, hooks);
  const result = chosen === null ? null : pull(chosen);
  if (result !== null && isCutShorter(result, alone)) return withControl(withTried(withLimit(alone, result), tried), job, hooks);
  if (result === null || chosen === null) return withControl({ ...withTried(alone, tried), ways: tried.map(wayOf) }, job, hooks);
  const first = { ...wayOf(chosen), outcome: result.outcome, tried: true };
  const others = tried.filter((t) => t !== chosen);
  const ways = [first, ...others.map(wayOf)];
  const triggered = triggerNotes(chosen, tried, jobInput(job));
  const apart = result.entries.length === 0 && alone.outcome !== result.outcome;
  const notes = [...(apart ? alsoWithout(triggered, alone) : triggered), ...(hasReached(result) ? besideTheRom(others, hooks, pull) : [])];
  // of a call of its own it says more itself
  const rest = result.notes.filter(({ about }) => about?.is !== 'called-itself');
  return withControl(withNotes({ ...result, notes: rest, ways }, notes), job, hooks);
}

/** An input that does not lead to the ROM is not all of what a board does. */
function alsoWithout([first, ...rest]: readonly Note[], { outcome, ended }: RunResult<string>): Note[] {
  const does =
    outcome === 'no-jump' ? `nothing enters the ROM until ${Number(Number(ended.at).toFixed(3))} s, and no hang is seen` : outcome;
  return first === undefined ? [] : [{ ...first, text: `${first.text}; without it: ${does}` }, ...rest];
}

/** Inputs that end elsewhere: the firmware hangs, or a request for the ROM is provably lost. A reset for another reason is nobody's loss. */
function besideTheRom(others: readonly Trigger[], hooks: RunHooks, pull: Runs): Note[] {
  const hangs = others.flatMap((t) => (t.instead?.is === 'hang' ? [but(`${t.name} hangs the firmware: ${t.instead.how}`)] : []));
  const lost = lostInputs(others, hooks, pull).map(({ trigger, why }) =>
    failing(`${trigger.name} resets the chip for it, and the request is lost (${why})`),
  );
  return [...hangs, ...lost];
}
/** Inputs whose request is provably lost, one for each reason and place. */
export function lostInputs(tried: readonly Trigger[], hooks: RunHooks, pull: Runs): { readonly trigger: Trigger; readonly why: string }[] {
  const found = new Map<string, Trigger>();
  for (const t of atMost(hooks, MOST.requests, REQUESTS, tried.filter(mayAsk))) {
    const diagnosis = pull(t)?.diagnosis;
    const id = diagnosis?.sets[0]?.[0];
    const why = diagnosis === undefined || id === undefined ? null : `${id}${lineOf(diagnosis, id)}`;
    if (why !== null && !found.has(why)) found.set(why, t);
  }
  return [...found].map(([why, trigger]) => ({ trigger, why }));
}
const but = (text: string): Note => ({ kind: BUT, text });
const failing = (text: string): Note => ({ ...but(`another way into the ROM fails: ${text}`), about: { is: 'way-fails' } });
function lineOf({ causes }: RunResult<string>['diagnosis'], id: string): string {
  const at = causes.find((c) => c.id === id)?.lastWriter ?? null;
  return at?.file == null ? '' : `, ${at.file}:${at.line}`;
}

/**
 * For commands that go on with the firmware as `run` would: the job with the trigger that `run` finds, where it is asked to look for one, and what was triggered, for a
 * person.
 */
export function triggeredJob(given: RunJob, hooks: RunHooks = {}): { readonly job: RunJob; readonly told: string | null } {
  if (given.trigger !== true) return { job: given, told: null };
  const { job, told: around } = assumedJob(given, hooks);
  const { chosen, tried } = look(job, hooks, whole(runBench), puller(job, hooks));
  if (tried === null || chosen === null || chosen.step === null) return { job, told: null };
  return {
    job: withSteps(job, chosen.step, chosen.held),
    told: [triggerNotes(chosen, tried, jobInput(job))[0]!.text, ...around].join('; '),
  };
}

/** Null: nothing reaches it, it was called. */
const triggerOf = ({ step, name }: Trigger): string | null => (step !== null && 'call' in step.do ? null : name);
const wayOf = (t: Trigger): WayIn => {
  const called = t.step !== null && 'call' in t.step.do && typeof t.step.do.call === 'string' ? t.step.do.call : null;
  const by = called ?? t.via?.function ?? null;
  const open = t.followedFor !== undefined && t.followedFor !== Infinity;
  return {
    function: by,
    caller: by === t.via?.function ? (t.via?.caller ?? null) : null,
    trigger: triggerOf(t),
    outcome: open && t.followedFor === 0 ? null : t.outcome,
    tried: !open,
  };
};

/** No trigger led to the ROM: the result lists what was tried. */
function withTried(alone: RunResult<string>, tried: readonly Trigger[]): RunResult<string> {
  const kind = 'find-jump';
  const told = tried.flatMap((t) => (t.name === null ? [] : [{ kind, text: `${t.name}: ${followedText(t)}`, ...triedInput(t) }])); // prettier-ignore
  const notes = told.length > 0 ? told : [{ kind, text: hasInput(alone) ? 'nothing' : NOTHING_FOUND }];
  return { ...alone, notes: [...alone.notes, ...notes] };
}
const NOTHING_FOUND = 'no pin, byte or function was found that could trigger the jump';
/** It is told of a pin or a register that the firmware looks at, of which no more is known, or which it came to later than the search. */
const hasInput = ({ notes }: RunResult<string>): boolean =>
  notes.some(({ about }) => about?.is === 'waits-for-input' || about?.is === 'steps');
const REQUESTS = 'requests that may be lost';
const requestsThatMayBeLost = (hooks: RunHooks, tried: readonly Trigger[], triggers: readonly Trigger[]): readonly Trigger[] =>
  triggers[0] !== undefined && rank(triggers[0]) < 2
    ? []
    : atMost(
        hooks,
        MOST.requests,
        REQUESTS,
        [...tried.filter(mayAsk), ...tried.filter((t) => t.kind === 'request')].filter((t) => !entered(t.outcome)),
      );
/** An input behind which the chip is reset: it may ask for the ROM. */
const mayAsk = (t: Trigger): boolean => t.instead?.is === 'reset' && isInput(t);
/** A pin, a byte: a function that was called is none. */
export const isInput = (t: Trigger): boolean => rank(t) === 0;

/** The request that `run` would choose although it does not lead to the ROM; null if no loss is proved. */
const lostRequest = (tried: readonly Trigger[], hooks: RunHooks, pull: Runs): Trigger | null =>
  requestsThatMayBeLost(hooks, tried, sorted(tried)).find((lost) => (pull(lost)?.diagnosis.sets.length ?? 0) > 0) ?? null;

/** A lost request with a proved cause is a better result than a jump function that works when it is called, and so is an input behind which nothing runs any more. */
export const failingWay = (tried: readonly Trigger[], hooks: RunHooks, pull: Runs): Trigger | undefined =>
  lostRequest(tried, hooks, pull) ?? hanging(tried, sorted(tried)[0]);

/** Nothing led to the ROM: what says more than the firmware alone. */
const withoutWay = (input: RunInput, alone: RunResult<string>, tried: readonly Trigger[], hooks: RunHooks, pull: Runs): Trigger | null =>
  leftBehind(alone, input, tried, hooks, pull) ?? asking(tried, input);

/** An input behind which firmware that could enter the ROM resets the chip, where nothing else led there: the run with it says why nothing entered. */
const asking = (tried: readonly Trigger[], { images, chip }: RunInput): Trigger | null =>
  jumpCandidates(scanFunctions(images), chip).length > 0 ? (tried.find(mayAsk) ?? null) : null;

/** An input that hangs the firmware, where no other one leads to the ROM: what works when it is called is nothing that the board does. Else a function that hangs. */
export function hanging(tried: readonly Trigger[], best: Trigger | undefined): Trigger | undefined {
  if (best !== undefined && isInput(best)) return undefined;
  const hung = tried.filter((t) => t.instead?.is === 'hang');
  return hung.find(isInput) ?? (best === undefined ? hung[0] : undefined);
}

/** An input behind which a loader starts its application, which does not work for what is provably left to it: nothing led to the ROM, and the firmware alone says less. */
function leftBehind(
  { diagnosis }: RunResult<string>,
  { images, chip }: RunInput,
  tried: readonly Trigger[],
  hooks: RunHooks,
  pull: Runs,
): Trigger | null {
  if (programsOf(images, chip.memories).length < 2 || diagnosis.sets.length > 0) return null;
  const inputs = atMost(hooks, MOST.requests, 'inputs that may start an application', tried.filter(isInput));
  return inputs.find((input) => pull(input)?.diagnosis.causes.some(({ id, proved }) => id === 'image' && proved)) ?? null;
}

const isCut = (result: RunResult<string>): boolean => !['settled', 'deadline'].includes(result.ended.reason);
/** A limit of the user ended it before it came as far as one that says more. */
const isCutShorter = (result: RunResult<string>, than: RunResult<string>): boolean =>
  isCut(result) && !isCut(than) && Number(result.ended.at) < Number(than.ended.at);
const withLimit = (result: RunResult<string>, { ended }: RunResult<string>): RunResult<string> =>
  withNotes(result, [{ kind: 'limit', text: `a further run, with what this one has shown, was not finished (${ended.reason})` }]);

function triggerNotes(chosen: Trigger, tried: readonly Trigger[], input: RunInput): Note[] {
  const all = sorted(tried);
  const what = chosen.name ?? 'the firmware';
  const at = chosen.step?.at ?? AT_START;
  const when = at === AT_START ? 'power-on' : at.replace(/(?=[a-z])/, ' ');
  const notes: Note[] = [{ kind: 'trigger', text: `triggered at ${when} by bootbench: ${what}` }];
  if (chosen.step !== null && 'do' in chosen.step && 'call' in chosen.step.do) {
    const { step, others } = exampleOf(chosen);
    const brief = heldBriefly(tried);
    notes.push({
      kind: BUT,
      ...withAdvice({
        is: 'other',
        said: `no input that was tried reaches this jump: bootbench made the ${what} itself${withoutCall(input, chosen.step.do.call)}${brief.length === 0 ? '' : `. ${brief.join('. ')}`}`,
        lead: '. Instead of that call, ',
        command: `put the button or the text that leads there into a scenario: ${step}, or a step ${others}`,
      }),
    });
  }
  for (const t of all.filter((o) => o !== chosen && !reaches(o) && isInput(o)))
    notes.push(failing(`${t.name ?? 'by itself'} ends in ${t.outcome}`));
  const others = all.filter((t) => t !== chosen).map((t) => `${t.name ?? 'by itself'} (${outcomeText(t)})`);
  if (others.length > 0) notes.push({ kind: 'trigger', text: `other triggers: ${others.join(', ')}` });
  return notes;
}

/** What a call by bootbench leaves out. */
function withoutCall({ images }: RunInput, call: string | { readonly symbol: string }): string {
  const name = typeof call === 'string' ? call : call.symbol;
  const facts = scanFunctions(images).find((f) => f.symbol.name === name);
  const pointers = facts === undefined ? [] : (calledFrom(images, facts)?.pointers ?? []);
  return pointers.length === 0
    ? ''
    : `. On the board, ${pointers.slice(0, SHOWN_CALLERS).join(' or ')} leads to it, by a pointer: out of an interrupt, the jump may fail where this call works`;
}
const SHOWN_CALLERS = 2;

const withNotes = (result: RunResult<string>, notes: readonly Note[]): RunResult<string> =>
  notes.length === 0 ? result : { ...result, notes: [...notes, ...result.notes] };

/** The control run after a failed run: the same board and chip with BOOT0 high. Not possible with a dump or without a ROM. */
function withControl(result: RunResult<string>, job: RunJob, hooks: RunHooks): RunResult<string> {
  const fails = !hasReached(result) && !isCut(result);
  const optionBytes = job.scenario.board?.optionBytes;
  if (!fails || result.entries.length === 0 || optionBytes !== undefined || job.rom.bytes.length === 0) return result;
  hooks.progress?.('control run with BOOT0 high');
  const { symptoms: _symptoms, ...rest } = job;
  const control = runBench(
    jobInput(
      {
        ...rest,
        symptoms: [],
        findJump: false,
        noReturn: false,
        after: false,
        scenario: { ...job.scenario, steps: [], board: { ...job.scenario.board, boot0: 1 } },
      },
      hooks,
    ),
  );
  const text = hasReached(control)
    ? `control run: with BOOT0 high, the same board ${otherGoal(control) === null ? 'reaches DFU' : `answers on ${otherGoal(control)!.toUpperCase()}`}, so crystal, supply and cable are not the reason`
    : control.entries[0]?.how !== 'boot'
      ? 'control run: with BOOT0 high, the chip still starts the application, because its option bytes override the pin; this says nothing about crystal, supply and cable'
      : `control run: with BOOT0 high, the same board does not ${otherGoal(control) === null ? 'reach DFU' : `answer on ${otherGoal(control)!.toUpperCase()}`} either (${control.outcome})`;
  return withNotes(result, [{ kind: 'control', text }]);
}
