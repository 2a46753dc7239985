/** A run with everything: base run, checks, diagnosis by repair, dependence on ROM options, result. */
import { collectBase, makeResult, type BaseFacts, type SymptomAnswer } from './document.ts';
import { asksForCauses, judge } from './expect.ts';
import { crashInWords, faultPhrase, ranAwayPhrase } from './crash.ts';
import { dependencies, diagnose, judgeAll, type Diagnosis } from './diagnosis.ts';
import { CutShort, isCut, observe, type Starts } from './attempt.ts';
import type { Writer } from '../checks/check.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import { MS } from '../emu/time.ts';
import type { Outcome, RomDependency, RunResult } from './result.ts';
import type { RunInput } from './run-input.ts';
import { followLeave } from './leave.ts';
import type { NamedRepair } from './repairs.ts';
import { Session } from './session.ts';
import { afterRun, NOT_TRACED, romFacts, type Traced } from './subject.ts';
import { noReturnRow, noReturnText, pointOfNoReturn, type NoReturn } from './point-of-no-return.ts';
import { repairsAtEntry, Solver } from './solver.ts';
import { answerSymptom } from './symptom.ts';
import { tierStats } from './tier-stats.ts';
import { Tracer } from './trace.ts';
import { findJump, notTriggered, tryAll, waitsForInput } from './find-jump.ts';
import { traceRequests } from './requests.ts';
import { factsOf, traceFailure, type Failure } from './slice/failure.ts';
import { runTo } from './slice/window.ts';
import { resetStory, waitStory } from './slice/why.ts';
import { failureInWords } from './slice/words.ts';
import { Variants } from './variants.ts';

export function runBench(input: RunInput): RunResult {
  const session = new Session(input);
  if (input.stats) for (const core of session.machine.cores) core.countExits();
  const tracer = input.trace ? new Tracer(session) : null;
  try {
    const result = runIn(session, input, tracer);
    const trace = tracer?.trace();
    if (trace) input.trace?.(trace);
    input.stats?.(tierStats(session.machine));
    return result;
  } finally {
    session.release();
  }
}

function runIn(session: Session, input: RunInput, tracer: Tracer | null): RunResult {
  session.startedAt = input.clock?.() ?? 0;
  const powerOn = session.save();
  session.keepTrail = true;
  input.progress?.('running');
  const end = tracer ? tracer.record(() => session.run()) : session.run();
  session.keepTrail = false;
  const finished = session.save();
  const forInput = end.outcome === 'stuck' && waitsForInput(session);
  const base = collectBase(session, end);
  tracer?.finish(end.outcome);
  const run = observe(session, end);
  const { machine } = session;
  const entries = machine.history.entries;
  const cut = isCut(end.reason);
  const missed = session.steps.firstMissed;

  // what only a second look can tell
  let traced: Traced = { ...NOT_TRACED, ...afterRun(session), vectorReads: [...machine.state.vectorReads] };
  if (!cut && entries.length === 0 && end.outcome !== 'dfu') traced = { ...traced, magic: traceRequests(session, powerOn) };

  const failure =
    cut || end.outcome === 'dfu'
      ? null
      : traceFailure(session, powerOn, base.firstFault, entries.at(-1) ?? null, romFacts(session).resetVector);
  const told = failure ? failureInWords(session, failure) : [];
  if (failure) traced = { ...traced, failure: factsOf(failure) };
  const crash = crashNotes(session, base, failure);
  // the first link is the fault itself
  const chain = crash.length > 0 ? told.slice(1) : told;

  const notes = [...base.notes];
  const notFinished = (error: CutShort): void => {
    notes.push({ kind: 'limit', text: `what comes after the run itself was not finished (${error.reason})` });
  };
  if (!cut && traced.leave !== null) {
    try {
      traced = { ...traced, leave: followLeave(session) };
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
      notFinished(error);
      session.restore(finished);
    }
  }

  const why = whyNotes(session, powerOn, finished, base, cut);
  traced = { ...traced, watchdogStart: why.started };

  // the judged instant: the last entry, else the first fault, else the end
  const entry = session.lastEntry();
  session.restore(entry ?? session.faultCheckpoint ?? beforeWatchdog(session, finished, end.outcome, powerOn) ?? finished);
  const reached = session.machine.history.entries.at(-1)?.reached ?? false;
  const judged = judgeAll(session, end.outcome, reached, traced);

  const starts: Starts = { powerOn, entry, fault: entry ? null : session.faultCheckpoint, entryNumber: entry?.history.entryCount ?? 1 };
  const limited = cut || (end.outcome === 'rom-silent' && !end.settled);
  const variants = new Variants(session, starts);
  let diagnosis: Diagnosis = diagnose(session, starts, variants, judged, end.outcome, false);
  let dependsOn: RomDependency[] = [];
  let symptom: SymptomAnswer | null = null;
  let noReturn: NoReturn | null = null;
  notes.push(...crash);
  for (const text of chain) notes.push({ kind: 'chain', text });
  notes.push(...why.notes);
  if (missed !== null) notes.push({ kind: 'scenario', text: `steps[${missed}] was not carried out before the run ended` });
  const { expect } = input.scenario.document;
  if (input.onlyExpected && !limited && expect !== null && !asksForCauses(expect, end.outcome)) {
    const result = makeResult(session, { ...base, notes }, judged, diagnosis, [], null);
    if (judge(result, expect).holds) {
      variants.release();
      return result;
    }
  }
  try {
    if (!limited) {
      dependsOn = dependencies(variants, [], run, false);
      if (end.outcome !== 'dfu') {
        input.progress?.('looking for the cause');
        diagnosis = diagnose(session, starts, variants, judged, end.outcome, true);
      }
    }
    if (!cut && entries.length === 0 && (end.outcome === 'no-jump' || input.findJump || forInput))
      notes.push(...jumpNotes(session, finished));
    tracer?.repairWith(starts, provedRepairs(diagnosis));
    if (input.noReturn) noReturn = pointOfNoReturn(session, entry, diagnosis, base.end.at);
    if (input.symptoms.length > 0)
      symptom = answerSymptom(new Solver(session, starts, variants, run), input.symptoms, repairsAtEntry(judged));
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    notFinished(error);
  } finally {
    variants.release();
  }
  for (const text of symptom?.notes ?? []) notes.push({ kind: 'symptom', text });
  if (input.noReturn) notes.push({ kind: 'no-return', text: noReturnText(session, noReturn) });
  const timeline = noReturn?.at == null ? base.timeline : withRow(base.timeline, noReturnRow(session, noReturn));
  return makeResult(session, { ...base, notes, timeline }, judged, diagnosis, dependsOn, symptom);
}

/** The repairs of the first set that leads to DFU; none where nothing was proved. */
const provedRepairs = ({ causes, sets }: Diagnosis): readonly NamedRepair[] =>
  (sets[0] ?? []).flatMap((id) => {
    const cause = causes.find((c) => c.id === id);
    return cause?.repair && cause.judged.subject ? [{ id, repair: cause.repair, subject: cause.judged.subject }] : [];
  });

function withRow(rows: RunResult['timeline'], row: RunResult['timeline'][number]): RunResult['timeline'] {
  const behind = rows.findIndex((r) => Number(r.at) > Number(row.at));
  return rows.toSpliced(behind < 0 ? rows.length : behind, 0, row);
}

/** Where a watchdog resets the chip over and over before any entry: shortly before the first time, when it runs. */
function beforeWatchdog(session: Session, finished: Checkpoint, outcome: Outcome, powerOn: Checkpoint): Checkpoint | null {
  const { resets } = finished.history;
  const by = resets.at(-1)?.by;
  const first = resets.find((r) => r.by === by);
  if (outcome !== 'reset-loop' || !first || (by !== 'iwdg' && by !== 'wwdg')) return null;
  session.restore(powerOn);
  runTo(session, Math.max(0, first.at - BEFORE_RESET));
  return session.save();
}
/** Longer than a reset lasts. */
const BEFORE_RESET = 1 * MS;

/** The first fault of a run that never came to an entry, as a person debugs it. */
function crashNotes(session: Session, base: BaseFacts, failure: Failure | null): { kind: string; text: string }[] {
  const { firstFault } = base;
  if (!firstFault || !session.faultCheckpoint || base.entries.length > 0) return [];
  session.restore(session.faultCheckpoint);
  const phrase = faultPhrase(session, firstFault, failure?.kind ?? null);
  const story = failure?.ranAway ? [ranAwayPhrase(session, failure.pc, failure.address), `it ran on to where ${phrase}`] : [phrase];
  const lines = [...story, ...crashInWords(session, firstFault)];
  return lines.map((text) => ({ kind: 'crash', text }));
}

/** Why the chip resets over and over, or what a loop without end waits for. */
function whyNotes(
  session: Session,
  powerOn: Checkpoint,
  finished: Checkpoint,
  base: BaseFacts,
  cut: boolean,
): { readonly notes: { kind: string; text: string }[]; readonly started: Writer | null } {
  const noted = (kind: string, lines: readonly string[]): { kind: string; text: string }[] => lines.map((text) => ({ kind, text }));
  if (!cut && base.end.outcome === 'reset-loop') {
    const story = resetStory(session, powerOn, finished.history.resets);
    return { notes: noted('reset', story?.lines ?? []), started: story?.started ?? null };
  }
  if (!cut && base.end.outcome === 'stuck') {
    session.restore(finished);
    const story = waitStory(session, powerOn, finished);
    const proof = story?.unmasked ? [`with ${story.unmasked.mask} cleared while it waits the run comes to ${story.unmasked.outcome}`] : [];
    return { notes: noted('wait', [...(story?.lines ?? []), ...proof]), started: null };
  }
  return { notes: [], started: null };
}

/** What could make a firmware jump that does not; with `--find-jump`, what comes of it. */
function jumpNotes(session: Session, finished: Checkpoint): { kind: string; text: string }[] {
  const found = findJump(session, finished);
  const notes = notTriggered(session, found).map((text) => ({ kind: 'not-triggered', text }));
  if (!session.input.findJump) return notes;
  const tried = tryAll(session, finished, found);
  return [
    ...notes,
    ...tried.map(({ name, outcome, step }) => ({ kind: 'find-jump', text: `${name}: ${outcome}; ${JSON.stringify(step)}` })),
  ];
}
