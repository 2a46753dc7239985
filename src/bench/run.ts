/** A complete run: the run itself, checks, diagnosis by repair, dependence on ROM options, result. */
import { Bounds } from './documents/bounds.ts';
import type { BaseFacts } from './session/base-facts.ts';
import { collectBase, makeResult, place, type SymptomAnswer } from './verdict/document.ts';
import { asksForCauses, judge } from './documents/expect.ts';
import { EXC } from '../emu/core/arm/scs-state.ts';
import {
  badVector,
  badVectorInWords,
  crashInWords,
  EXCEPTIONS,
  faultBehindEntry,
  faultPhrase,
  heldCallInWords,
  isJump,
  ranAwayPhrase,
} from './verdict/crash.ts';
import { findAtFault, findDifference, findLeftBehind, type Finding } from './difference/find.ts';
import { leftOut } from './difference/left-out.ts';
import {
  earlyOnes,
  faults,
  lostWrites,
  mending,
  NOT_ON_PATH,
  waits,
  type DataFault,
  type PathFinding,
  type PathGoal,
  type PathSearch,
} from './difference/path.ts';
import { secondProgram } from './difference/programs.ts';
import { lacksLife } from './difference/lacks-life.ts';
import { livesWithOwnTable } from './difference/own-table-life.ts';
import { givenUpNote, type Receiver } from './verdict/difference-causes.ts';
import { dependencies, dependenciesOfLeft, diagnose, judgeAll, type Diagnosis } from './proof/diagnosis.ts';
import { observe, type Attempt, type Starts } from './proof/attempt.ts';
import { Budget, isCut } from './session/budget.ts';
import { READING } from '../image/work.ts';
import type { FaultFacts, LostFlag, MagicWord } from '../checks/check.ts';
import { budgetOf } from './documents/effort.ts';
import { isFetch } from '../checks/entry.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import { MS } from '../emu/time.ts';
import type { After, RomDependency, RunResult } from './documents/result.ts';
import type { EccLoss, RunInput } from './input/run-input.ts';
import { followLeave } from './proof/follow-leave.ts';
import type { NamedRepair } from './proof/repairs.ts';
import type { SessionEnd } from './session/live-run.ts';
import { acceptance, isGood, unusableNotes } from './proof/after.ts';
import { callerNotes } from './proof/users-caller.ts';
import { mends, whyUnusable, type Works } from './proof/after-causes.ts';
import { leftCauses, type LeftCause } from './proof/behind-leave.ts';
import { againMended, behindKept, repairedJump, type BehindKept } from './proof/behind-request.ts';
import { withOptions } from './proof/left-options.ts';
import { isGoodIfRepaired, useDependencies, withUse, type IsEnough } from './proof/use-options.ts';
import { boardCauses, MOST_BOARD_RUNS, NO_BOARD, type BoardFinding } from './proof/board-causes.ts';
import { badSteps } from './documents/proved.ts';
import { atOtherRate } from './proof/other-rate.ts';
import { changedOptions, type ChangedOption } from './session/changed-options.ts';
import { sleepsOnExit } from './session/fixed-loop.ts';
import { sysTickInterrupts } from './session/surrounding-events.ts';
import { SCR, SCS } from '../emu/core/arm/scs-state.ts';
import { lastLeave, Session } from './session/session.ts';
import { afterRun, NOT_TRACED, romFacts, type Traced } from './session/subject.ts';
import { noReturnRow, noReturnText, pointOfNoReturn, type NoReturn } from './verdict/point-of-no-return.ts';
import { repairsAtEntry, Solver } from './proof/solver.ts';
import { reservations } from './verdict/reservations.ts';
import { answerSymptom } from './verdict/symptom.ts';
import type { Note } from './documents/note-facts.ts';
import { tierStats } from './documents/tier-stats.ts';
import { Tracer } from './verdict/trace.ts';
import { waitsForInput, whyNoJump } from './proof/find-jump.ts';
import { withoutLate } from './proof/late-interrupts.ts';
import { notFinished } from './not-finished.ts';
import { jumpNotes, keptTestNotes } from './proof/jump-notes.ts';
import { eccLosses, hasEcc, lossInWords } from './slice/ecc-loss.ts';
import { traceLostFlag } from './slice/lost-flag.ts';
import { requestEffort } from './slice/request-effort.ts';
import { isLost, traceRequests } from './slice/requests.ts';
import { factsOf, traceFailure, type Failure } from './slice/failure.ts';
import { beforeWatchdog } from './slice/before-watchdog.ts';
import { overwritten, type Overwritten } from './proof/overwritten.ts';
import { starvedWait, type StarvedWait } from './proof/starved-wait.ts';
import { wrongTurn, type WrongTurn } from './proof/wrong-turn.ts';
import { meantHandler, type MeantHandler } from './proof/meant-handler.ts';
import { othersTable, type OthersTable } from './proof/others-table.ts';
import { unfilledTable } from './proof/unfilled-table.ts';
import { refusedByCore } from './proof/no-fetch.ts';
import { letPass } from './proof/let-pass.ts';
import type { OneCause } from './proof/one-cause.ts';
import { refused, type Refused } from './proof/refused.ts';
import { unstarted } from './slice/unstarted.ts';
import { miscopiedNotes } from './proof/miscopied.ts';
import { uncopiedNotes } from './proof/uncopied.ts';
import { resetStory, outcomeAwake, waitStory, type Beneath, type ResetStory } from './slice/why.ts';
import { failureInWords, place as placeInWords } from './slice/words.ts';
import { Variants } from './proof/variants.ts';

export function runBench(asked: RunInput, bounds = new Bounds()): RunResult<string> {
  const budget = new Budget(asked);
  return READING.within(
    () => budget.reached() !== null,
    () => runWhole(asked, bounds),
  );
}
function runWhole(asked: RunInput, bounds = new Bounds()): RunResult<string> {
  const input = { ...asked, bounds };
  const session = new Session(input);
  if (input.stats) for (const core of session.machine.cores) core.countExits();
  const tracer = input.trace ? new Tracer(session) : null;
  try {
    const result = runIn(session, input, tracer);
    if (!('outcome' in result)) return runWhole({ ...input, eccLosses: result });
    const trace = tracer?.trace();
    if (trace) input.trace?.(trace);
    input.stats?.(tierStats(session.machine));
    return { ...result, notes: [...result.notes, ...bounds.notes, ...leftOutOf(input)] };
  } finally {
    session.release();
  }
}

/** Debug data that was not read, and that the report could have named lines by. */
const leftOutOf = ({ images }: RunInput): Note[] =>
  images.flatMap(({ path, leftOut }) => (leftOut.text === null ? [] : [{ kind: 'limit', text: `${path}: ${leftOut.text}` }]));

/** Request words that a reset loses because of ECC; they must be known before the run is reported. */
function runIn(session: Session, input: RunInput, tracer: Tracer | null): RunResult<string> | readonly EccLoss[] {
  const run = plainRun(session, input, tracer);
  if (!run.cut && input.givesWay?.(run.notes) === true) return asItWent(run);
  const lost = lostByEcc(run);
  if (lost.length > 0) return lost;
  const look = secondRun(run);
  const judged = judgeInstant(run, look);
  run.notes.push(...look.told);
  const expected = asExpected(run, judged);
  if (expected !== null) return expected;
  return withCallers(run, makeWhole(run, judged, askWhy(run, judged)));
}
const untraced = (session: Session): Traced => ({ ...NOT_TRACED, ...afterRun(session), vectorReads: [...session.machine.state.vectorReads] }); // prettier-ignore
/** Without a search for anything. */
function asItWent(run: PlainRun): RunResult<string> {
  return unsearched(run, judgeInstant(run, { traced: untraced(run.session), told: [], failure: null, beneath: null }));
}
const unsearched = ({ session, base, notes }: PlainRun, { judged, diagnosis }: JudgedRun): RunResult<string> =>
  makeResult(session, { ...base, notes }, judged, { ...diagnosis, difference: null, path: NOT_ON_PATH }, [], null);
function withCallers(run: PlainRun, whole: RunResult<string>): RunResult<string> {
  const callers = run.cut
    ? []
    : searched(run, "who called the vendor's code", [], () => callerNotes(run.session, run.powerOn, run.base.end.at, whole));
  return { ...whole, notes: [...whole.notes, ...callers] };
}

/** The run itself, before the diagnosis. */
interface PlainRun {
  readonly session: Session;
  readonly input: RunInput;
  readonly tracer: Tracer | null;
  readonly powerOn: Checkpoint;
  readonly finished: Checkpoint;
  readonly end: SessionEnd;
  readonly base: BaseFacts;
  readonly observed: Attempt;
  /** A limit ended the run. */
  readonly cut: boolean;
  readonly waitsForInput: boolean;
  /** In a WFI or WFE of its own. */
  readonly sleeps: boolean;
  /** Notes of the result; each step adds its own. */
  readonly notes: Note[];
  /** Request words, if they have already been traced. */
  requests: readonly MagicWord[] | null;
}
function plainRun(session: Session, input: RunInput, tracer: Tracer | null): PlainRun {
  const powerOn = session.save();
  session.keepTrail = true;
  input.progress?.('running');
  session.hurries = input.hurried !== undefined;
  const end = tracer ? tracer.record(() => session.run()) : session.run();
  if (session.isHurried) input.hurried?.();
  session.hurries = false;
  if (session.isHurried) input.bounds?.leaveOut('an application that keeps its devices busy is followed for 1 s behind the ROM');
  session.keepTrail = false;
  const finished = session.save();
  if (input.triggers !== undefined) input.found?.(`without any input: ${end.outcome}`);
  const forInput = end.outcome === 'stuck' && waitsForInput(session);
  const sleeps = sleepsByItself(session);
  session.lacksLife = lacksLife(session, powerOn, finished, end);
  const base = collectBase(session, end);
  tracer?.finish(end.outcome);
  const observed = observe(session, end);
  return {
    session,
    input,
    tracer,
    powerOn,
    finished,
    end,
    base,
    observed,
    cut: isCut(end.reason),
    waitsForInput: forInput,
    sleeps,
    notes: [...base.notes, ...missedStep(session)],
    requests: null,
  };
}

/** Must be called at the end of the run, because the repeated runs perform the steps again. */
function missedStep({ steps }: Session): Note[] {
  const { firstMissed } = steps;
  return firstMissed === null ? [] : [{ kind: 'scenario', text: `the run ended before steps[${firstMissed}]` }];
}

/** Request words that a software reset loses on a real chip but that this run has kept. */
function lostByEcc(run: PlainRun): readonly EccLoss[] {
  const { session, input, powerOn, finished, cut, notes } = run;
  if (input.eccLosses !== undefined) notes.push(...input.eccLosses.map((loss) => ({ kind: 'ecc', text: lossInWords(loss) })));
  if (cut || input.eccLosses !== undefined || !hasEcc(session)) return [];
  const [asked, most] = [asksForRequests(run), requestEffort(session)];
  try {
    const words = session.budget.within(most, () => traceRequests(session, powerOn, !asked));
    if (asked) run.requests = words;
    return eccLosses(session, powerOn, finished, words);
  } catch (error) {
    notes.push(notFinished(input, error, 'the request', most));
    return [];
  } finally {
    session.restore(finished);
    session.keepCheckpoints = true;
  }
}
/** The run never entered the ROM, so a request may have been lost. */
const asksForRequests = ({ cut, observed, session }: PlainRun): boolean =>
  !cut && !observed.reached && session.machine.history.entries.length === 0;

/** Facts that need parts of the run to be repeated. */
interface SecondRun {
  readonly traced: Traced;
  /** Notes about the first fault, the origin of its values, resets and waits. */
  readonly told: readonly Note[];
  readonly failure: Failure | null;
  readonly beneath: Why['beneath'];
}
function secondRun(run: PlainRun): SecondRun {
  const { session, powerOn, finished, observed, base, cut } = run;
  const { entries } = session.machine.history;
  let traced = untraced(session);
  if (asksForRequests(run)) {
    const magic = run.requests ?? searched(run, 'the request', traced.magic, () => traceRequests(session, powerOn), requestEffort(session));
    const byFlag = (): LostFlag | null => (magic.some(isLost) ? null : traceLostFlag(session, powerOn, run.finished));
    traced = { ...traced, magic, lostFlag: searched(run, 'the flag of a reset', null, byFlag) };
  }
  const badVector = searched(run, 'the origin of the vector', [], () => badVectorNotes(session, base, powerOn));
  const last = entries.at(-1) ?? null;
  const failure =
    cut || observed.reached || badVector.length > 0
      ? null
      : searched(run, 'what led to the failure', null, () =>
          traceFailure(session, powerOn, base.firstFault, last, romFacts(session).resetVector),
        );
  const links = failure ? failureInWords(session, failure) : [];
  if (failure) traced = { ...traced, failure: factsOf(failure) };
  const crash = crashNotes(session, finished, base, failure, badVector);
  // the first link is the fault itself, if nothing was entered
  const chain = (crash.length > 0 && base.entries.length === 0 ? links.slice(1) : links).map((text) => ({ kind: 'chain', text }));
  if (!cut && traced.leave !== null) traced = { ...traced, leave: leaveOf(run) ?? traced.leave };
  const why = searched(run, 'why it does not go on', NOTHING, () => whyNotes(session, powerOn, finished, base, cut));
  const idle = cut ? [] : searched(run, 'what was never started', [], () => idleImages(session, powerOn, base));
  const told = [...uncopiedOf(run), ...crash, ...chain, ...why.notes, ...idle];
  return { traced: { ...traced, ...why.watchdog }, told, failure, beneath: why.beneath };
}
/** Notes about variables that start-up code has not copied, for a run that did not reach its goal. */
function uncopiedOf(run: PlainRun): Note[] {
  const { session, powerOn, finished, base } = run;
  if (run.cut || run.observed.reached) return [];
  return searched(run, 'variables that nothing copied', [], () => {
    const notes = uncopiedNotes(session, powerOn, finished, base.end.outcome);
    return notes.length > 0 ? notes : miscopiedNotes(session, powerOn, base.end.at, base.end.outcome);
  });
}
/** Notes about images that were never started, for a run that waits or keeps running. */
function idleImages(session: Session, powerOn: Checkpoint, { end, entries }: BaseFacts): Note[] {
  const kind = end.outcome === 'stuck' ? 'wait' : end.outcome === 'no-jump' ? 'not-triggered' : null;
  return kind === null || entries.length > 0
    ? []
    : unstarted(session, powerOn, end.at, kind === 'not-triggered').map((said) => ({ kind, ...said }));
}
/** Result of the comparison of a DFU leave with a reset; null if a limit ended it. */
function leaveOf({ session, input, finished, powerOn, notes }: PlainRun): Traced['leave'] {
  try {
    return lastLeave(session) === null ? null : followLeave(session, powerOn).facts;
  } catch (error) {
    notes.push(notFinished(input, error));
    session.restore(finished);
    return null;
  }
}
/** A search that is bounded: where it was ended, `otherwise`, and a note says so. */
function searched<T>(run: PlainRun, what: string, otherwise: T, search: () => T, most = budgetOf(run.input).repeated): T {
  try {
    return run.session.budget.within(most, search);
  } catch (error) {
    const note = notFinished(run.input, error, what, most);
    if (!run.notes.some((n) => n.text === note.text)) run.notes.push(note);
    return otherwise;
  }
}
/** The checked instant, and the states from which runs are repeated. */
interface JudgedRun {
  readonly judged: ReturnType<typeof judgeAll>;
  readonly failure: Failure | null;
  readonly beneath: Why['beneath'];
  readonly entry: ReturnType<Session['lastEntry']>;
  readonly starts: Starts;
  readonly variants: Variants;
  /** The run did not finish, so no diagnosis is possible. */
  readonly limited: boolean;
  /** The diagnosis without any repair tried. */
  readonly diagnosis: Diagnosis;
}
/** Checks the state at the last entry, otherwise at the first fault, otherwise at the end. */
function judgeInstant(run: PlainRun, { traced, failure, beneath }: SecondRun): JudgedRun {
  const { session, powerOn, finished, end, observed, cut } = run;
  const entry = session.lastEntry();
  session.restore(
    entry ??
      session.faultCheckpoint ??
      searched(run, 'the state before the watchdog', null, () => beforeWatchdog(session, finished, end.outcome, powerOn)) ??
      finished,
  );
  const reached = session.machine.history.entries.at(-1)?.reached ?? false;
  const judged = judgeAll(session, end.outcome, reached, traced);
  const starts: Starts = { powerOn, entry, fault: entry ? null : session.faultCheckpoint, entryNumber: entry?.history.entryCount ?? 1 };
  const variants = new Variants(session, starts);
  return {
    judged,
    failure,
    beneath,
    entry,
    starts,
    variants,
    limited: cut || (end.outcome === 'rom-silent' && !end.settled),
    diagnosis: diagnose(session, starts, variants, judged, observed, false),
  };
}

/** The result without a diagnosis, if the scenario's expectations hold without one and nothing else is wanted; otherwise null. */
function asExpected(run: PlainRun, of: JudgedRun): RunResult<string> | null {
  const { limited, variants } = of;
  const { input, end, observed } = run;
  const { expect } = input.scenario.document;
  if (!input.onlyExpected || limited || expect === null || asksForCauses(expect, end.outcome)) return null;
  // a host's client is asked for, and what it says is an expectation or a reservation
  if (input.after === true && end.outcome === 'dfu') return null;
  const result = unsearched(run, of);
  if (!judge(result, expect).holds) return null;
  const dependsOn = dependenciesOfLeft(variants, result.checks, observed);
  const rests = restsOn(run, of);
  const expected = { ...result, dependsOn, notes: [...result.notes, ...rests] };
  return dependsOn.length === 0 ? expected : withCallers(run, expected);
}
/** What a run that reached its goal rests on. */
const restsOn = (run: PlainRun, { entry, judged }: Pick<JudgedRun, 'entry' | 'judged'>): Note[] =>
  run.observed.reached && !run.cut
    ? searched(run, 'what this rests on', [], () => reservations(run.session, run.powerOn, entry, run.finished, judged))
    : [];

/** The results of repeated runs. */
interface Answers {
  diagnosis: Diagnosis;
  /** What no check names. */
  difference: Finding | null;
  receiver?: Receiver;
  path: PathFinding;
  board?: BoardFinding;
  written?: readonly ChangedOption[];
  left?: readonly LeftCause[];
  turn?: WrongTurn;
  overwritten?: Overwritten;
  starved?: StarvedWait;
  table?: MeantHandler | OthersTable;
  refused?: Refused;
  one?: OneCause;
  hidden?: BehindKept;
  after?: After<string>;
  dependsOn: RomDependency[];
  symptom: SymptomAnswer | null;
  noReturn: NoReturn | null;
}
function askWhy(run: PlainRun, of: JudgedRun): Answers {
  const { session, input, tracer, finished, base, observed, cut } = run;
  const { judged, entry, starts, variants, limited, diagnosis } = of;
  const answers: Answers = { diagnosis, difference: null, path: NOT_ON_PATH, dependsOn: [], symptom: null, noReturn: null };
  try {
    if (!limited) answers.dependsOn = dependencies(variants, [], observed);
    const jump = asksInputs(run) ? jumpNotes(session, run.powerOn, finished, judged) : { notes: [], leadsOn: false };
    if (!cut && !jump.leadsOn) explain(run, of, answers);
    if (asksInputs(run) && answers.diagnosis.explained !== true) run.notes.push(...keptTestNotes(session, run.powerOn, finished));
    // nothing that comes ends a loop that does not look
    run.notes.push(...(answers.turn?.setLater ? jump.notes.filter((n) => !asksForInput(n)) : jump.notes));
    run.notes.splice(0, Infinity, ...withoutSaid(run.notes, answers));
    tracer?.repairWith(starts, provedRepairs(answers.diagnosis));
    if (input.noReturn) answers.noReturn = pointOfNoReturn(session, entry, answers.diagnosis, base.end.at);
    if (input.symptoms.length > 0)
      answers.symptom = answerSymptom(
        new Solver(session, starts, variants, observed),
        input.symptoms,
        repairsAtEntry(judged),
        input.scenario.host,
      );
  } catch (error) {
    run.notes.push(notFinished(input, error));
  }
  if (answers.board?.bounded === true)
    run.notes.push({
      kind: 'limit',
      text: `the search for what the board or the host keeps from it was ended after ${MOST_BOARD_RUNS} runs: fewer changes may be enough`,
    });
  return answers;
}

/** Without what the cause says. */
const withoutSaid = (notes: readonly Note[], { table, refused: turnedAway }: Answers): Note[] =>
  notes.filter(({ text }) => text !== turnedAway?.said && (table === undefined || !('said' in table) || text !== table.said));
const asksForInput = ({ about }: Note): boolean => about?.is === 'waits-for-input' || about?.is === 'steps';

/** The firmware goes on and enters nothing: it may wait for something. */
const asksInputs = (run: PlainRun): boolean =>
  !run.cut &&
  run.base.entries.length === 0 &&
  (run.end.outcome === 'no-jump' || run.input.findJump || (run.waitsForInput && !keptAsleep(run)));

/** Why the goal was not reached, or what a host can do where it was. A run that did not finish proves nothing, but the board may be asked. */
function explain(run: PlainRun, of: JudgedRun, answers: Answers): void {
  const { input, end, observed } = run;
  if (observed.reached) {
    if (input.after === true && (end.outcome === 'dfu' || input.goal.asking !== null)) useDevice(run, of, answers);
  } else if (of.limited) answers.board = boardCauses(input, () => true);
  else lookForCause(run, of, answers);
}

/** By repair of what a check finds, then by difference, then on the way there. */
function lookForCause(run: PlainRun, { judged, failure, beneath, entry, starts, variants }: JudgedRun, answers: Answers): void {
  const { session, input, observed, base } = run;
  input.progress?.('looking for the cause');
  const { otherRate } = base;
  answers.diagnosis = diagnose(session, starts, variants, judged, observed, true);
  if (isBehindRequest(run, answers)) return;
  if (otherRate !== null) run.notes.push(...atOtherRate(session, starts, otherRate));
  const explained = answers.diagnosis.explained === true;
  if (!explained && (isBehindFault(run, failure, answers) || isHeldInHandler(run, beneath, answers))) return;
  if (!explained) Object.assign(answers, byDifference(run, entry));
  const known = explained || answers.difference?.helps === true;
  answers.path = onTheWay(run, known);
  // without a wait in a handler it comes further: what else keeps it from its goal comes behind that
  if (known || answers.path.sets.length > 0 || answers.starved !== undefined) return;
  if (isOnWrongWay(run, entry, answers)) return;
  answers.board = searched(run, 'what the board or the host keeps from it', NO_BOARD, () => boardCauses(input, () => true));
}

/** With the words of a lost request kept, something else is proved. */
function isBehindRequest({ input, notes, base }: PlainRun, answers: Answers): boolean {
  const { told, kept } = behindKept(input, answers.diagnosis, (asked) => runBench(asked, input.bounds));
  notes.push(...(base.entries.length === 0 ? repairedJump(input, answers.diagnosis) : []), ...told);
  if (kept !== null) answers.hidden = kept;
  return kept !== null;
}
const isHeldInHandler = (run: PlainRun, beneath: JudgedRun['beneath'], answers: Answers): boolean =>
  isStarved(run, beneath, answers) || missesHandler(run, answers);
/** A wait in a handler for what cannot preempt it. True: in Thread mode the goal is reached. */
function isStarved(run: PlainRun, beneath: JudgedRun['beneath'], answers: Answers): boolean {
  if (beneath === null) return false;
  const starved = searched(run, 'the wait in a handler', null, () => starvedWait(run.session, run.finished, beneath));
  if (starved !== null) answers.starved = starved;
  return starved?.reached === true;
}
/** The handler in which it hangs, or faults, is not that of the program's table. True: with the right one the goal is reached. */
function missesHandler(run: PlainRun, answers: Answers): boolean {
  const table = searched(run, 'the handler that was meant', null, () => meantHandler(run.session, run.finished, run.base.interrupt));
  if (table !== null) answers.table = table;
  return table?.reached === true;
}
const isOnWrongWay = (run: PlainRun, entry: Checkpoint | null, answers: Answers): boolean =>
  isRefused(run, answers) || isOthersTable(run, answers) || isLeftOut(run, entry, answers) || isTurned(run, answers);
function isTurned(run: PlainRun, answers: Answers): boolean {
  const turn = byTurning(run);
  if (turn !== null) answers.turn = turn;
  return turn !== null;
}
/** A loader turns a program away by its SP. True: otherwise the goal is reached. */
function isRefused(run: PlainRun, answers: Answers): boolean {
  const { session, powerOn, base } = run;
  const search = (): Refused | null => (base.entries.length > 0 ? null : refused(session, powerOn, base.end.at));
  const found = searched(run, 'why a program is not started', null, search);
  if (found !== null) answers.refused = found;
  return found?.reached === true;
}
/** An instruction without which it works says more than the branch that went by what it did. */
const isLeftOut = (run: PlainRun, entry: Checkpoint | null, answers: Answers): boolean =>
  Object.assign(answers, byLeavingOut(run, entry)).difference !== null;
/** It has the table of another program, and comes further with its own. True: to its goal. */
function isOthersTable(run: PlainRun, answers: Answers): boolean {
  const { session, powerOn, finished } = run;
  if (answers.table !== undefined || run.base.entries.length > 0) return false;
  const table = searched(run, "the program's own table", null, () => othersTable(session, powerOn, finished, livesWithOwnTable));
  if (table !== null) answers.table = table;
  return table?.reached === true;
}

/** What a fault in front of any entry goes back to. */
const isBehindFault = (run: PlainRun, failure: Failure | null, answers: Answers): boolean =>
  isRefusedByCore(run, answers) || isOverwritten(run, failure, answers) || isLetPass(run, failure, answers);
function isRefusedByCore(run: PlainRun, answers: Answers): boolean {
  const { firstFault: fault } = run.base;
  return fault !== null && isOne(run, answers, 'what the core refuses', () => refusedByCore(run.session, fault));
}
/** A store over what a fault in front of any entry hangs on, or a vector that nothing has stored. */
function isOverwritten(run: PlainRun, failure: Failure | null, answers: Answers): boolean {
  const { session, input, powerOn } = run;
  const { firstFault, entries } = run.base;
  const { faultCheckpoint } = session;
  if (firstFault === null || faultCheckpoint === null || entries.length > 0) return false;
  input.progress?.('leaving out what wrote over the value of the fault');
  session.restore(faultCheckpoint);
  const vector = badVector(session, firstFault);
  if (vector !== null && isOne(run, answers, 'who fills the table', () => unfilledTable(session, powerOn, firstFault, vector))) return true;
  const over = searched(run, 'what wrote over the value of the fault', null, () =>
    overwritten(session, powerOn, firstFault, vector, failure),
  );
  if (over !== null) answers.overwritten = over;
  return over !== null;
}

/** A test lets it go on to what nobody has programmed. True: the other way the goal is reached. */
const isLetPass = (run: PlainRun, failure: Failure | null, answers: Answers): boolean =>
  failure !== null &&
  run.base.entries.length === 0 &&
  isOne(run, answers, 'what let it go on to the fault', () => letPass(run.session, run.powerOn, failure));
function isOne(run: PlainRun, answers: Answers, what: string, search: () => OneCause | null): boolean {
  const found = searched(run, what, null, search);
  if (found !== null) answers.one = found;
  return found?.reached === true;
}

/** A host's client is tried on the device; why it cannot be used where it cannot. */
function useDevice(run: PlainRun, { judged, starts, entry }: JudgedRun, answers: Answers): void {
  const { session, input, finished, notes } = run;
  const { asking } = input.goal;
  const device = asking === null ? 'the DFU device' : `the ROM on ${asking.port}`;
  input.progress?.(`using ${device}`);
  session.restore(finished);
  const changed = changedOptions(session);
  // what is armed may still fire
  const armed = answers.diagnosis.harmless.length > 0;
  const accepted = acceptance(session, { armed });
  const { after } = accepted;
  answers.after = after;
  if (isGood(accepted, input.alive)) return restsOnUse(run, answers, starts);
  const { notBack } = accepted;
  const isOther = notBack === null || badSteps(after).length > 1;
  answers.left = isOther
    ? []
    : searched(run, 'why the application does not come back', [], () => leftCauses(session, run.powerOn, notBack));
  notes.push(...unusableNotes(asking?.port ?? null, accepted, answers.left, input.alive));
  if (answers.left.length > 0) return restOnOptions(run, answers, answers.left, starts);
  input.progress?.(`looking for what keeps ${device} from being used`);
  session.restore(finished);
  const works = searched(run, 'why the device cannot be used', null, () => mends(session, after));
  if (works !== null) lookForUse(run, { judged, starts, entry }, answers, changed, works);
}
/** What a real ROM has to do as well for what was found. */
function restOnOptions(run: PlainRun, answers: Answers, left: readonly LeftCause[], starts: Starts): void {
  if (run.input.provisos === false) return;
  const ofLeave = searched(run, 'what the way back rests on', left, () => withOptions(run.session, run.finished, left));
  answers.left = withUse(ofLeave, useRestsOn(run, answers, starts, isGoodIfRepaired));
}
/** Where it can be used: what a real ROM has to do as well for that. */
function restsOnUse(run: PlainRun, answers: Answers, starts: Starts): void {
  if (run.input.provisos !== false) answers.dependsOn.push(...useRestsOn(run, answers, starts, isGood));
}
function useRestsOn(run: PlainRun, { diagnosis, dependsOn }: Answers, starts: Starts, isEnough: IsEnough): readonly RomDependency[] {
  const told = new Set(dependsOn.map(({ rom }) => rom));
  return searched(run, 'what the use of the device rests on', [], () =>
    useDependencies(run.session, starts, run.observed, diagnosis.harmless, isEnough),
  ).filter(({ rom }) => !told.has(rom));
}
/** What makes a device usable: repairs, the board, or the state at the entry. */
function lookForUse(
  run: PlainRun,
  { judged, starts, entry }: Pick<JudgedRun, 'judged' | 'starts' | 'entry'>,
  answers: Answers,
  changed: readonly ChangedOption[],
  works: Works,
): void {
  const { session } = run;
  const why = searched(run, 'why the device cannot be used', null, () => whyUnusable(session, starts, judged, changed, works));
  if (why === null) return;
  answers.diagnosis = why.diagnosis.explained === true ? why.diagnosis : answers.diagnosis;
  answers.board = why.board;
  answers.written = why.written;
  if (why.diagnosis.explained === true || why.board.sets.length + why.written.length > 0 || entry === null) return;
  answers.difference = searched(run, 'a difference from the state behind a reset', null, () => findDifference(session, entry, works));
}

type ByDifference = Pick<Answers, 'difference' | 'receiver'>;
/** Where no repair of a check leads to DFU. */
function byDifference(run: PlainRun, entry: Checkpoint | null): ByDifference {
  const { session, base } = run;
  if (entry === null) {
    const left = base.entries.length === 0 ? leftBehind(run) : { difference: null };
    const { faultCheckpoint: fault } = session;
    if (left.difference?.helps || fault === null) return left;
    return { difference: searched(run, 'what makes the fault', null, () => findAtFault(session, fault)) };
  }
  run.input.progress?.('comparing the state of the chip with that behind a reset');
  return { difference: searched(run, 'a difference from the state behind a reset', null, () => findDifference(run.session, entry)) };
}

/** By WFI or WFE: something is to wake it. At the end of a handler it sleeps because of SLEEPONEXIT. */
const sleepsByItself = (s: Session): boolean => s.state.loop?.sleeping === true && !sleepsOnExit(s);
/** It sleeps behind a handler, and would go on where that one interrupted it: no input brings it there. */
function keptAsleep({ session, finished }: PlainRun): boolean {
  session.restore(finished);
  return sleepsOnExit(session) && outcomeAwake(session) !== 'stuck';
}
/** It sleeps in Stop, where the tick that is to wake it stands: the choice of that sleep is its fault, and no input is waited for. */
function sleepsTooDeep({ session, finished }: PlainRun): boolean {
  session.restore(finished);
  const { bootCore: core } = session.machine;
  return session.state.loop?.sleeping === true && (core.get(SCS.SCR) & SCR.SLEEPDEEP) !== 0 && sysTickInterrupts(core);
}
/** Where the run ends on the way: an instruction without which it comes to its goal. Who waits for a button or a byte is on no wrong way. */
function byLeavingOut(run: PlainRun, entry: Checkpoint | null): ByDifference {
  const { session, base, input, powerOn, finished } = run;
  if (entry !== null) return { difference: null };
  const tooDeep = run.sleeps && sleepsTooDeep(run);
  if (!tooDeep && (run.waitsForInput || run.sleeps) && !keptAsleep(run)) return { difference: null };
  const search = leftOut(session, { ...base.end, powerOn, finished, coreAlone: tooDeep || base.end.outcome === 'no-jump' });
  if (search === null) return { difference: null };
  input.progress?.('leaving out what made the chip otherwise than a reset');
  const { program } = search;
  const difference = searched(run, 'an instruction that keeps it from its goal', null, search.find);
  if (difference?.helps !== true) return { difference: null };
  return { difference, ...(program && { receiver: { id: 'image', name: program.name } }) };
}

/** The branch that led into the loop in which the run ends. Who waits for an input, or sleeps, is on no wrong way. */
function byTurning(run: PlainRun): WrongTurn | null {
  const { session, powerOn, finished, base, end, notes } = run;
  session.restore(finished);
  const { loop } = session.state;
  if ((end.outcome !== 'stuck' && end.outcome !== 'no-jump') || base.interrupt !== null || base.entries.length > 0 || run.sleeps)
    return null;
  run.input.progress?.('looking for a branch that keeps it where it is');
  const turn = searched(run, 'a branch that keeps it where it is', null, () =>
    wrongTurn(session, powerOn, finished, loop === null || run.waitsForInput),
  );
  notes.push(...(turn?.origin ?? []).map((text) => ({ kind: 'chain', text })));
  return turn;
}

/** Writes without effect, and where nothing else explains it waits that were given up, for want of which the ROM is not entered or DFU does not come. */
function onTheWay(run: PlainRun, explained: boolean): PathFinding {
  const { session, base, input, powerOn, finished } = run;
  const enters: PathGoal = ({ entries }) => entries > base.entries.length;
  // a ROM that nobody can ask is only entered
  const isMute = session.profile?.dfu == null && input.goal.asking === null;
  const reached: PathGoal = (again) => again.reached || (isMute && enters(again));
  const fault = faultInFront(run);
  if (fault !== null) {
    const found = searched(run, 'the fault in front of the jump', NOT_ON_PATH, () =>
      asFarAs(run, faults(session, powerOn, fault), reached, [({ entries }) => entries > 0]),
    );
    if (found.sets.length > 0) return found;
  }
  const further = explained || isMute || base.entries.length > 0 ? [] : [enters, leavesLoop(run)];
  if (finished.history.lost.length > 0) {
    input.progress?.('giving writes that had no effect their effect');
    const lost = searched(run, 'writes that had no effect', NOT_ON_PATH, () =>
      asFarAs(run, lostWrites(session, powerOn, finished), reached, further),
    );
    if (lost.sets.length > 0) return lost;
  }
  if (explained) return NOT_ON_PATH;
  const early = byEarlyFlag(run, reached, enters);
  if (early.sets.length > 0) return early;
  const watched = base.end.outcome === 'no-jump' ? Math.min(finished.system.now, SET_UP) : finished.system.now;
  input.progress?.('looking for waits that were given up');
  return searched(run, 'waits that were given up', NOT_ON_PATH, () => {
    session.restore(run.finished);
    const search = waits(session, powerOn, watched, session.state.loop?.reads ?? []);
    const found = asFarAs(run, search, reached, further);
    if (found.sets.length === 0) run.notes.push(...lastGivenUp(session, search));
    return found;
  });
}
/** A timer's flag that UG sets, and that a loop or a handler takes for the end of a period. */
function byEarlyFlag(run: PlainRun, reached: PathGoal, enters: PathGoal): PathFinding {
  const { session, powerOn, finished, base } = run;
  if (base.entries.length > 0) return NOT_ON_PATH;
  return searched(run, 'a flag that was set before its time', NOT_ON_PATH, () =>
    asFarAs(run, earlyOnes(session, powerOn, finished), reached, [enters]),
  );
}
/** The load or store that faulted, where it is the handler of that fault that entered the ROM. */
function faultInFront({ session, base, finished }: PlainRun): DataFault | null {
  const { firstFault: fault } = base;
  const entry = finished.history.entries[0];
  const { faultCheckpoint } = session;
  if (!fault || entry?.how !== 'branch' || faultCheckpoint === null || fault.address === null || isFetch(fault)) return null;
  const exception = EXCEPTIONS[(entry.registers['xpsr'] ?? 0) & 0x1ff];
  if (exception === undefined || fault.at > entry.at) return null;
  session.restore(faultCheckpoint);
  const says = faultPhrase(session, fault, null);
  const { arm, index } = session.machine.bootCore;
  const writer = { pc: fault.pc, lr: arm.lr, at: fault.at, core: index, kind: 'cpu', seq: 0 } as const;
  return { pc: fault.pc, address: fault.address, writer, says, exception };
}
/** Of waits that are no cause, the last one may still be what the user looks for. */
function lastGivenUp(session: Session, { all }: PathSearch): Note[] {
  const waits = all.flatMap((c) => (c.is === 'gave-up' && !c.wait.stays && c.wait.to - c.wait.from >= MS ? [c.wait] : []));
  return givenUpNote(waits, (pc) => placeInWords(session, pc));
}
/** A wait that the run hangs in is over. Where the program rests, leaving it is no progress. */
const leavesLoop =
  ({ observed, waitsForInput }: PlainRun): PathGoal =>
  (again) =>
    observed.outcome === 'stuck' && !waitsForInput && (again.outcome !== 'stuck' || again.loop !== observed.loop);
/** What leads to the goal, else what leads further, with what keeps it from the goal then. */
function asFarAs(run: PlainRun, search: PathSearch, reached: PathGoal, further: readonly PathGoal[]): PathFinding {
  const found = search.sets(reached);
  if (found.sets.length > 0) return found;
  for (const goal of further) {
    const part = search.sets(goal);
    if (part.sets.length > 0) return withBehind(run, part);
  }
  return found;
}
/** With the first set put right, the run enters the ROM, and something else keeps it from DFU: what that is. */
function withBehind({ input }: PlainRun, found: PathFinding): PathFinding {
  const [first] = found.sets;
  if (first === undefined || input.mended !== undefined) return NOT_ON_PATH;
  const again = againMended(input, mending(first), (asked) => runBench(asked, input.bounds));
  return { sets: [first], complete: false, behind: again.diagnosis.sets.length > 0 ? again.diagnosis : null };
}

/** Effort: of a program that runs on, this time from reset is watched for waits: its set-up. */
const SET_UP = 300 * MS;

/** What a loader left to the application that it starts. */
function leftBehind(run: PlainRun): ByDifference {
  const { session, powerOn, finished, base } = run;
  session.restore(finished);
  const program = secondProgram(session);
  if (program === null) return { difference: null };
  run.input.progress?.(`comparing how ${program.name} is started with how it starts from reset`);
  const search = (): Finding | null => findLeftBehind(session, powerOn, program, base.end.at, session.lacksLife ?? undefined);
  const difference = searched(run, `what is left to ${program.name}`, null, search);
  const sender = difference?.sender ?? null;
  if (sender !== null) {
    const about = { is: 'hands-over', at: place(run.input, sender.pc)! } as const;
    run.notes.push({ kind: 'hand-over', text: `${program.name} is started at ${placeInWords(session, sender.pc)}`, about });
  }
  return { difference, receiver: { id: 'image', name: program.name } };
}

const inHandler = ({ starved, table, refused: r, one, hidden }: Answers): Pick<Answers, 'starved' | 'table' | 'refused' | 'one' | 'hidden'> => ({ ...(starved && { starved }), ...(table && { table }), ...(r && { refused: r }), ...(one && { one }), ...(hidden && { hidden }) }); // prettier-ignore
function makeWhole(run: PlainRun, { judged, entry }: JudgedRun, answers: Answers): RunResult<string> {
  const { session, input, base, notes } = run;
  const {
    diagnosis,
    difference,
    receiver,
    path,
    board,
    written,
    left,
    turn,
    overwritten: over,
    after,
    dependsOn,
    symptom,
    noReturn,
  } = answers;
  for (const text of symptom?.notes ?? []) notes.push({ kind: 'symptom', text });
  if (input.noReturn) notes.push({ kind: 'no-return', text: noReturnText(session, noReturn) });
  const rests = restsOn(run, { entry, judged });
  notes.push(...rests);
  const timeline = noReturn?.at == null ? base.timeline : withRow(base.timeline, noReturnRow(session, noReturn));
  return makeResult(
    session,
    { ...base, notes, timeline },
    judged,
    {
      ...withoutLate(diagnosis, rests),
      difference,
      path,
      ...(receiver && { receiver }),
      ...(board && { board }),
      ...(written && { written }),
      ...(left && { left }),
      ...(turn && { turn }),
      ...(over && { overwritten: over }),
      ...inHandler(answers),
      ...(after && { after }),
    },
    dependsOn,
    symptom,
  );
}

/** The repairs of the first set that leads to DFU; empty if nothing was proved. */
const provedRepairs = ({ causes, sets }: Diagnosis): readonly NamedRepair[] =>
  (sets[0] ?? []).flatMap((id) => {
    const cause = causes.find((c) => c.id === id);
    return cause?.repair && cause.judged.subject ? [{ id, repair: cause.repair, subject: cause.judged.subject }] : [];
  });

function withRow(rows: RunResult<string>['timeline'], row: RunResult<string>['timeline'][number]): RunResult<string>['timeline'] {
  const behind = rows.findIndex((r) => Number(r.at) > Number(row.at));
  return rows.toSpliced(behind < 0 ? rows.length : behind, 0, row);
}

/** Notes about the first fault: of a run without an entry with what led to it, else of what was entered. */
function crashNotes(
  session: Session,
  finished: Checkpoint,
  base: BaseFacts,
  failure: Failure | null,
  badVector: readonly string[],
): Note[] {
  const { firstFault, fault } = base;
  if (base.entries.length > 0) {
    session.restore(finished);
    return base.end.outcome === 'fault' ? faultBehindEntry(session).map((text) => ({ kind: 'crash', text })) : [];
  }
  if (!firstFault && fault?.exception === EXC.HARDFAULT) {
    session.restore(finished);
    return crashed(session, heldCallInWords(session, fault.pc), fault.pc - 2, false);
  }
  if (!firstFault || !session.faultCheckpoint) return [];
  session.restore(session.faultCheckpoint);
  const story = badVector.length > 0 ? crashed(session, badVector, null, false) : faultStory(session, firstFault, failure);
  return [...story, ...crashInWords(session, firstFault)];
}
function faultStory(session: Session, fault: FaultFacts, failure: Failure | null): Note[] {
  const by = isFetch(fault) && fault.from >= 0 ? fault.from : fault.pc;
  const did = failure?.kind ?? null;
  const phrase = faultPhrase(session, fault, did);
  if (failure?.ranAway)
    return crashed(session, [ranAwayPhrase(session, failure.pc, failure.address), `it continued until ${phrase}`], failure.pc, true);
  return crashed(session, [phrase], by, isJump(session, fault, did));
}
/** Lines about a crash, the first of which names the instruction at `pc`. */
function crashed({ input }: Session, lines: readonly string[], pc: number | null, jumped: boolean): Note[] {
  const at = place(input, pc);
  return lines.map((text, i) => ({ kind: 'crash', text, ...(i === 0 && at && { about: { is: 'fault', at, jumped } }) }));
}

/** Notes about the first fault of a run without an entry, if a bad vector caused it. */
function badVectorNotes(session: Session, { firstFault, entries }: BaseFacts, powerOn: Checkpoint): readonly string[] {
  if (!firstFault || !session.faultCheckpoint || entries.length > 0) return [];
  session.restore(session.faultCheckpoint);
  return badVectorInWords(session, firstFault, powerOn);
}

interface Why {
  readonly notes: Note[];
  /** What started the watchdog that resets, and whether it is refreshed while its window is shut. */
  readonly watchdog: ResetStory['watchdog'];
  /** What the loop waits for cannot preempt it. */
  readonly beneath: Beneath | null;
}
const NOTHING: Why = { notes: [], watchdog: {}, beneath: null };
/** Why the chip resets repeatedly, or what an endless loop waits for. */
function whyNotes(session: Session, powerOn: Checkpoint, finished: Checkpoint, base: BaseFacts, cut: boolean): Why {
  const noted = (kind: string, lines: readonly string[]): Note[] => lines.map((text) => ({ kind, text }));
  if (!cut && base.end.outcome === 'reset-loop') {
    const story = resetStory(session, powerOn, finished.history.resets);
    const notes = noted('reset', [...(story?.lines ?? []), ...behindResets(session, base)]);
    if (story && notes[0]) notes[0] = { ...notes[0], about: { is: 'calls', frames: story.callers } };
    return { notes, watchdog: story?.watchdog ?? {}, beneath: null };
  }
  return !cut && base.end.outcome === 'stuck' ? whyStuck(session, powerOn, finished) : NOTHING;
}
function whyStuck(session: Session, powerOn: Checkpoint, finished: Checkpoint): Why {
  session.restore(finished);
  const story = waitStory(session, powerOn, finished);
  if (story === null) return NOTHING;
  const { lines, changed, beneath } = story;
  const proof = changed === null ? [] : [`with ${changed.what} during the wait, the outcome is ${changed.outcome}`];
  return { notes: [...lines, ...proof].map((text) => ({ kind: 'wait', text })), watchdog: {}, beneath: beneath ?? null };
}

/** Why none of the requested resets led to the ROM. */
function behindResets(session: Session, { entries, resets }: BaseFacts): readonly string[] {
  if (entries.length > 0 || resets.at(-1)?.by !== 'software') return [];
  const why = whyNoJump(session);
  return why === null ? [] : [why];
}
