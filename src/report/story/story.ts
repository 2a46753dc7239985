/** Makes the story of a run from its result: which facts it has, in order. */
import { CHECKS } from '../../checks/index.ts';
import { withAdvice } from '../../bench/documents/advice.ts';
import type { Judgement } from '../../bench/documents/expect.ts';
import { fixesInOne, isRemark, partsOf } from '../../checks/fix-in-c.ts';
import { SERIAL_PORT } from '../../bench/documents/names.ts';
import { longLoop } from '../../bench/documents/long-loop.ts';
import { BOUNDED } from '../../bench/documents/bounds.ts';
import { BUT } from '../../bench/documents/reservations.ts';
import {
  REPAIRED_JUMP,
  SHORT_OF_JUMP,
  CALLED_FROM,
  callerOf,
  FAILED_TEST,
  factsIn,
  GAVE_UP,
  HALF_STORE,
  refusedWrite,
  UNCOPIED,
} from '../../bench/documents/note-facts.ts';
import type { Place, ResultCause, ResultCheck, RunResult } from '../../bench/documents/result.ts';
import type { Sentence } from '../../bench/documents/sentence.ts';
import { SERIAL } from '../../bench/documents/goal.ts';
import { hasReached, otherGoal } from '../../bench/documents/reached.ts';
import { firstSet, isAround, proofOf, type Proof } from '../../bench/documents/proved.ts';
import { doubts, letsThrough } from '../../bench/verdict/summary.ts';
import { patchOf, toMend, type Patch } from '../patch.ts';
import { fixOfScript } from '../patch/section.ts';
import { howSure, leftText, provisos } from '../provisos.ts';
import { asksSomething, NO_SOURCES, type Sources } from '../source-lines.ts';
import { humanTime } from '../text.ts';
import type { CodeLine, Excerpt, Fact, FactOf, NextStep, Said } from './facts.ts';

export interface StoryOptions {
  readonly sources?: Sources;
  readonly judgement?: Judgement | null;
}

export function storyOf(result: RunResult, { sources = NO_SOURCES, judgement = null }: StoryOptions = {}): readonly Fact[] {
  const patch = patchOf(result, sources);
  return [
    { is: 'verdict', result, judgement },
    ...circumstances(result),
    ...(hasReached(result) ? reached(result, sources, patch) : failed(result, sources, patch)),
    // what is proved stands without it
    ...said(result, BOUNDED).map((s) => ({ is: 'condition', ...s, detail: proofOf(result) !== null, below: true }) as const),
    ...background(result),
    ...evidence(result),
    { is: 'next', steps: nextSteps(result, patch, judgement) },
  ];
}

/** Kinds of notes about the conditions of the run, in order of weight. */
const CONDITIONS = ['ecc', 'boot-address', 'boot-at', 'assumed-board', 'outside-memory', 'option-bytes', 'wrong-chip', 'no-rom', 'limit', 'trigger', 'restart', 'watchdog', 'kept', 'force']; // prettier-ignore
/** Kinds of notes that other facts tell. */
const PLACED: ReadonlySet<string> = new Set([...CONDITIONS, BOUNDED, 'symptom', 'chain', 'crash', 'starved', 'not-triggered', GAVE_UP, 'find-jump', 'received', 'endless', 'polled', 'reset', 'wait', 'loop', 'usb-clock', BUT, CALLED_FROM, 'kept-options', 'control', 'chip', SERIAL, UNCOPIED, FAILED_TEST, HALF_STORE, SHORT_OF_JUMP, REPAIRED_JUMP]); // prettier-ignore

const said = ({ notes }: RunResult, ...kinds: readonly string[]): readonly Said[] =>
  kinds.flatMap((kind) => notes.filter((n) => n.kind === kind).map(saidOf));
const saidOf = ({ text, advice }: RunResult['notes'][number]): Said => ({ text, ...(advice && { advice }) });
const texts = (result: RunResult, ...kinds: readonly string[]): readonly Sentence[] => said(result, ...kinds).map(({ text }) => text);

function circumstances(result: RunResult): Fact[] {
  const { ended, symptom } = result;
  return [
    ...(ended.reason === 'settled' ? [] : [{ is: 'ended', ended } as const]),
    ...(symptom === null ? [] : [{ is: 'symptom', symptom, notes: texts(result, 'symptom') } as const]),
    ...CONDITIONS.flatMap((kind) =>
      // of triggers, the first is the one that was pulled
      result.notes
        .filter((n) => n.kind === kind && !(kind === 'restart' && tellsRestart(result)))
        .map((n, i) => ({ is: 'condition', ...saidOf(n), detail: (i > 0 && kind !== 'watchdog') || isNeedless(n, result) }) as const),
    ),
    // of a success it is a reservation
    ...(hasReached(result) ? [] : result.notes.filter(tellsWhy).map((n) => ({ is: 'condition', ...saidOf(n), detail: false }) as const)),
  ];
}

/** Notes of blocks that a failure may come from. */
const tellsWhy = (note: RunResult['notes'][number]): boolean => isOtherBaud(note) || note.about?.is === 'secured';
const isOtherBaud = ({ about }: RunResult['notes'][number]): boolean => about?.is === 'other-baud';

/** A search that was ended, where the cause is proved without it. */
const isNeedless = ({ about }: RunResult['notes'][number], { diagnosis }: RunResult): boolean =>
  about?.is === 'search-ended' && diagnosis.causes.some(({ proved }) => proved);

function reached(result: RunResult, sources: Sources, patch: Patch): Fact[] {
  const lost = lostWay(result);
  const bites = (id: string): boolean => factsIn(result.notes, 'watchdog').some(({ check }) => check === id);
  const isSaid = (id: string): boolean => id === 'debugger' && factsIn(result.notes, 'needs-debugger').length > 0;
  const isCause = (id: string): boolean => result.diagnosis.causes.some((c) => c.proved && c.id === id);
  const broken = result.checks.filter(
    (c) =>
      (c.verdict === 'fail' || c.verdict === 'warn') &&
      !lost.includes(c) &&
      !bites(c.id) &&
      !isSaid(c.id) &&
      !isCause(c.id) &&
      !isMeant(c, result),
  );
  const isHarmless = ({ id }: ResultCheck): boolean => result.diagnosis.harmless.includes(id);
  // what the ROM does about it is told as a condition
  const options = doubts(
    result.dependsOn,
    (proofOf(result)?.causes ?? []).flatMap((c) => c.dependsOn),
  );
  const restsOn = new Set(options.map(({ rom }) => rom));
  const keptFrom = factsIn(result.notes, 'unusable').length > 0;
  const causes = unusable(result, sources, patch);
  return [
    { is: 'summary', text: result.summary, detail: false },
    ...said(result, BUT).map((s) => ({ is: 'but', ...s }) as const),
    // with causes, their fix has it as well
    ...(causes.length === 0 ? fix(result, toMend(result), patch, sources) : []),
    ...(keptFrom ? causes : []),
    ...(result.after !== null && result.after !== undefined && result.after.leave.result === 'ok'
      ? [{ is: 'after', after: result.after, told: keptFrom } as const]
      : []),
    // what the next reset mends is no reservation, and its cause belongs to the way back
    ...(keptFrom ? [] : causes),
    ...holdsIf(result, options),
    ...lost.slice(0, 1).map((check) => ({ is: 'leave', check, option: result.rom.options[check.id] ?? null }) as const),
    ...broken.filter((c) => !isHarmless(c)).map((check) => checkFact(result, check, false)),
    ...texts(result, 'kept-options').map((text) => ({ is: 'kept-options', text }) as const),
    ...harmless(
      result,
      broken.filter((c) => isHarmless(c) && !restsOn.has(c.id)).map((c) => c.id),
    ),
  ];
}
/** Why a host cannot use the device. */
function unusable(result: RunResult, sources: Sources, patch: Patch): Fact[] {
  const proof = proofOf(result);
  if (proof === null) return [];
  const causes = firstSet(proof);
  return [
    ...causes.map((cause) => causeFact(result, cause, sources, 'proved')),
    ...fix(result, causes, patch, sources),
    proofFact(result, proof, sources),
  ];
}
function proofFact(result: RunResult, { sets, causes, reached: by, goal }: Proof, sources: Sources): Fact {
  const first = sets.length > 0 ? firstSet({ sets, causes }) : causes;
  return {
    is: 'proof',
    count: first.length,
    reached: by,
    goal,
    rom: romName(result),
    sets: sets.length > 1 ? sets : [],
    around: first.every(isAround),
    kept: first.length === 1 && fixOfScript(first[0]!, sources) !== null,
  };
}
function harmless(result: RunResult, all: readonly string[]): Fact[] {
  const ids = all.filter((id) => !isAsAfterReset(result, id));
  return ids.length === 0 ? [] : [{ is: 'harmless', ids, everywhere: isEverywhere(result), detail: !hasReached(result) }];
}
/** Nobody wrote it since the reset, and the reset leaves it so: a right firmware does nothing about it. */
const isAsAfterReset = ({ checks }: RunResult, id: string): boolean =>
  CHECKS.some((check) => check.id === id && check.leftByReset === true) && checks.find((c) => c.id === id)?.lastWriter === null;
/** Every ROM option that the ROM used was also tried with its other values. If none changes the outcome, the finding holds for all of them. */
const isEverywhere = ({ rom, dependsOn, diagnosis }: RunResult): boolean =>
  rom.kind === 'stand-in' && dependsOn.length === 0 && diagnosis.causes.every((c) => c.dependsOn.length === 0);

/** Why the application does not start after a DFU leave, specific checks first; empty if it does, or without a leave. */
export function lostWay({ checks }: RunResult): readonly ResultCheck[] {
  const lost = checks.filter((c) => c.id.startsWith('leave-') && c.verdict === 'fail');
  return lost.toSorted((a, b) => Number(a.id === 'leave-path') - Number(b.id === 'leave-path'));
}

function holdsIf(result: RunResult, options: ReturnType<typeof doubts>): Fact[] {
  const { chip, dependsOn, entries } = result;
  return options.length === 0
    ? []
    : [
        {
          is: 'holds-if',
          conditions: provisos(chip, options),
          options: options.map((d) => ({ ...d, sure: howSure(chip, d), repaired: !dependsOn.includes(d) })),
          left: options.flatMap(({ rom }) => leftTo(result, rom)),
          entered: entries.length > 0,
        },
      ];
}
/** Where a run that reached its goal rests on what the firmware leaves to the ROM: a CI that says nothing else tells it. */
export const leansOn = (result: RunResult): readonly FactOf<'holds-if'>[] =>
  storyOf(result).filter((fact): fact is FactOf<'holds-if'> => fact.is === 'holds-if' && fact.left.length > 0);
/** What the firmware left to the ROM that an option is about, unless a cause tells it. */
function leftTo({ checks, diagnosis, notes }: RunResult, option: string): FactOf<'holds-if'>['left'] {
  const what = leftText(option);
  const check = checks.find(({ id, verdict }) => id === option && (verdict === 'fail' || verdict === 'warn'));
  const at = check?.lastWriter ?? null;
  if (what === null || at === null || diagnosis.causes.some(({ id }) => id === option)) return [];
  const caller = callerOf(notes, at);
  return [{ id: option, what, at: caller?.by ?? at, calls: caller?.calls ?? null }];
}

// ---- a failure ---------------------------------------------------------------------------------------------------------------------

function failed(result: RunResult, sources: Sources, patch: Patch): Fact[] {
  const proof = proofOf(result);
  if (proof === null)
    return [
      ...uncopied(result),
      ...unproved(result, sources),
      ...inVain(result),
      ...serial(result),
      ...unexplained(result),
      ...holdsIf(result, result.dependsOn),
      ...harmless(result, result.diagnosis.harmless),
    ];
  const { sets } = proof;
  const causes = sets.length > 0 ? firstSet(proof) : proof.causes;
  const options = doubts(
    result.dependsOn,
    causes.flatMap((c) => c.dependsOn),
  );
  return [
    { is: 'summary', text: result.summary, detail: true },
    ...uncopied(result),
    ...causes.map((cause) => causeFact(result, cause, sources, 'proved')),
    ...seen(result, sources),
    ...fix(result, causes, patch, sources),
    ...withoutUsb(result),
    proofFact(result, proof, sources),
    ...holdsIf(result, options),
    // repairing these instead is enough, too
    ...proof.causes.filter((c) => !causes.includes(c)).map((cause) => causeFact(result, cause, sources, 'other')),
    ...harmless(result, result.diagnosis.harmless),
  ];
}

/** The goal is another interface because the ROM has no USB. */
const withoutUsb = (result: RunResult): Fact[] =>
  result.checks.flatMap((check) =>
    check.id === 'rom-usb' && check.verdict === 'fail' && otherGoal(result) !== null && !isMeant(check, result)
      ? [checkFact(result, check, false)]
      : [],
  );
/** Who asks for another interface knows that the ROM has no USB. */
const isMeant = ({ id }: ResultCheck, { scenario }: RunResult): boolean => id === 'rom-usb' && scenario.goal !== undefined;
/** What was seen beside a proved cause. */
const seen = (result: RunResult, sources: Sources): Fact[] => [
  ...fault(result, sources),
  ...origin(result),
  ...resets(result, sources),
  ...notTriggered(result, true),
  ...unanswered(result),
];
/** A bus on which nobody answered, of a run that ends in a loop. */
const unanswered = ({ notes, stuck }: RunResult): Fact[] =>
  stuck === null
    ? []
    : notes.flatMap(({ kind, text, about }) =>
        about?.is === 'no-acknowledge' && kind !== 'guest' ? [{ is: 'in-vain', what: 'bus', text, unlock: false } as const] : [],
      );

/** Without a proof: what is seen, and what may be the reason. */
function unproved(result: RunResult, sources: Sources): Fact[] {
  // found by trying, though the goal is not reached with it
  const found = result.diagnosis.causes.filter((c) => c.what !== undefined).map((cause) => causeFact(result, cause, sources));
  return [...found, ...unprovedOf(result, sources)];
}
const checkFact = ({ notes }: RunResult, check: ResultCheck, maybe: boolean): Fact => ({
  is: 'check',
  check,
  maybe,
  caller: callerOf(notes, check.lastWriter)?.by ?? null,
});
function unprovedOf(result: RunResult, sources: Sources): Fact[] {
  const suspects = result.diagnosis.causes.filter((c) => c.what === undefined).map((cause) => causeFact(result, cause, NO_SOURCES));
  const crash = fault(result, sources);
  const summary: Fact = { is: 'summary', text: result.summary, detail: true };
  if (crash.length > 0) {
    const known = factsIn(result.notes, 'fault').some(({ at }) => at.file !== null);
    // an address that products jump to, and that the stand-in ROM has no code for: nobody knows whether the jump was right
    const open = result.checks.filter((c) => c.id === 'entry-address' && c.verdict === 'unknown' && c.observed !== null);
    return [summary, ...crash, ...origin(result), ...(known ? [] : suspects), ...open.map((check) => checkFact(result, check, true))];
  }
  const trigger = notTriggered(result, uncopied(result).length > 0);
  const idles = result.stuck?.register === null;
  // a wait for a pin or a port is no fault: the report says what would end it
  if (trigger.length > 0) return [summary, ...suspects, ...trigger, ...(idles ? wait(result, sources) : [])];
  if (result.stuck !== null)
    return [...(readsNothing(result.stuck) ? [] : [summary]), ...wait(result, sources), ...(idles ? suspects : [])];
  const maybe = result.diagnosis.explained === null && suspects.length === 0 ? result.checks.filter((c) => c.verdict === 'fail') : [];
  return [
    { is: 'summary', text: result.summary, detail: false },
    ...suspects,
    ...maybe.map((check) => checkFact(result, check, true)),
    ...resets(result, sources),
    ...origin(result),
  ];
}

function causeFact(result: RunResult, cause: ResultCause, sources: Sources, proof: FactOf<'cause'>['proof'] = null): Fact {
  const jump = result.entries.at(-1) ?? null;
  const at = cause.lastWriter ?? (cause.at === 'entry' || cause.at === 'redirect' ? (jump?.from ?? null) : null);
  const check = result.checks.find((c) => c.id === cause.id) ?? null;
  const { lastWriter: w } = cause;
  const caller = callerOf(result.notes, w)?.by ?? null;
  const alone = otherGoal(result) === null ? cause.outcomeAfterRepair : null;
  return { is: 'cause', proof, cause, alone, check, at, caller, source: excerptOf(caller ?? at, sources), jump };
}

/** An initialised variable that the run hangs on, and that holds what RAM came up with. */
function uncopied(result: RunResult): Fact[] {
  const [text, ...more] = texts(result, UNCOPIED);
  return text === undefined ? [] : [{ is: 'uncopied', text, more }];
}
function fault(result: RunResult, sources: Sources): Fact[] {
  const [first, ...rest] = result.notes.filter((n) => n.kind === 'crash');
  if (first === undefined) return [];
  const at = factsIn(result.notes, 'fault')[0]?.at ?? null;
  const more = rest.map(({ text, about }) => (about?.is === 'calls' ? calledBy(about.frames, sources) : text));
  return [{ is: 'fault', text: first.text, source: excerptOf(at, sources), more }];
}
function origin(result: RunResult): Fact[] {
  const links = texts(result, 'chain');
  return links.length === 0 ? [] : [{ is: 'origin', links }];
}
function resets(result: RunResult, sources: Sources): Fact[] {
  const told = texts(result, 'reset');
  const from = result.resets.findLast((r) => r.by !== 'power')?.from ?? null;
  return told.length === 0 ? [] : [{ is: 'reset', texts: told, source: excerptOf(from, sources) }];
}
const readsNothing = ({ register, address }: NonNullable<RunResult['stuck']>): boolean => register === null && address === null;
const IN_NO_LOOP = { at: null, callers: [], inHandler: false, asleep: undefined } as const;
function wait(result: RunResult, sources: Sources): Fact[] {
  const { stuck, notes, unmodelled } = result;
  if (stuck === null) return [];
  const { at, callers, inHandler, asleep, where } = factsIn(notes, 'loop')[0] ?? { ...IN_NO_LOOP, where: stuck.pc };
  const source = excerptOf(at, sources);
  const idle = readsNothing(stuck);
  return [
    {
      is: 'wait',
      where,
      source,
      callers: named(callers, sources),
      stuck,
      summary: idle ? result.summary : null,
      // the summary of a loop that reads nothing names the reasons itself
      why: [...(idle && !inHandler ? [] : said(result, 'wait')), ...said(result, GAVE_UP)],
      unmodelled: unmodelled.some((u) => `${u.peripheral}.${u.register}` === stuck.register),
      others: stuck.address === null || stuck.register !== null ? [] : workUnmodelled(result),
      volatile: idle && !asleep && source?.lines != null && asksSomething(source.lines[source.line - 1]!),
      refused: result.diagnosis.causes.length === 0 ? (refusedWrite(notes)?.text ?? null) : null,
    },
  ];
}

/** Blocks that move no data and raise no interrupts for a program. */
const SYSTEM = /^(RCC|PWR|FLASH|SYSCFG|SBS|DBGMCU|DMAMUX\d?|AXI|GPIO.|FSMC|FMC)$/;
const workUnmodelled = ({ unmodelled, notes }: RunResult): readonly string[] =>
  (notes.some(({ kind }) => kind === 'wait') ? [] : unmodelled)
    .filter(({ peripheral, writes }) => writes > 0 && !SYSTEM.test(peripheral))
    .map((u) => `${u.peripheral}.${u.register}`);

/** Nothing was pressed, and nothing was looked for that could be. */
function unasked({ notes, scenario }: RunResult): Said | null {
  const isAsked = scenario.steps.length > 0 || notes.some(({ kind }) => kind === 'trigger' || kind === 'find-jump');
  const untried = 'nothing triggered the jump into the ROM in this run, and no trigger was looked for';
  return isAsked ? null : withAdvice({ is: 'other', said: untried, lead: ': ', command: 'add --trigger' });
}
function notTriggered(result: RunResult, detail = false): Fact[] {
  const ways = said(result, 'not-triggered');
  if (ways.length === 0) return [];
  const { ended, resets: all } = result;
  const reset = all.find((r) => r.by === 'software' || r.by === 'option-bytes');
  const delay = longLoop(ended);
  const loop = delay && `the run ended at ${humanTime(ended.at)} inside a loop that counts, until ${humanTime(delay.endsAt)} if nothing changes that (${delay.file === null ? delay.pc : baseOf(delay)})`; // prettier-ignore
  const behind = reset && `the firmware ${reset.by === 'software' ? 'reset the chip' : 'loaded the option bytes, which resets the chip,'} at ${humanTime(reset.at)}${reset.from?.file == null ? '' : ` (${baseOf(reset.from)})`}, and nothing jumped into the ROM after that`; // prettier-ignore
  const tried = texts(result, 'find-jump');
  const text = whyNot(result, loop, behind);
  return [
    {
      is: 'not-triggered',
      why: text === undefined ? unasked(result) : { text },
      ways: [...ways, ...(result.stuck === null ? said(result, GAVE_UP) : [])],
      tried,
      detail,
    },
  ];
}
/** The first reason that is known. */
function whyNot(result: RunResult, loop: Sentence | null | undefined, behind: Sentence | undefined): Sentence | undefined {
  const [input, late] = inputs(result);
  // where the run happens to end says less than what the firmware did itself
  const ended = loop && behind ? (`${behind}; ${loop}` as Sentence) : loop;
  return (
    [...input, ...texts(result, 'endless')][0] ??
    ended ??
    texts(result, 'restart', 'starved', SHORT_OF_JUMP, 'received')[0] ??
    keptInVain(result) ??
    behind ??
    late[0]
  );
}
/** What keeps an input from the program; of a byte behind one that it took, the program may have gone by that one already. */
function inputs({ notes }: RunResult): readonly [input: readonly Sentence[], late: readonly Sentence[]] {
  const all = notes.filter(({ kind }) => kind === 'input');
  const isLate = ({ about }: RunResult['notes'][number]): boolean => about?.is === 'lost-byte' && about.behindOne;
  return [all.filter((n) => !isLate(n)).map(({ text }) => text), all.filter(isLate).map(({ text }) => text)];
}
/** That the program began anew is why it does not jump, and no circumstance of the run. */
const tellsRestart = (result: RunResult): boolean =>
  said(result, 'not-triggered').length > 0 &&
  inputs(result)[0].length === 0 &&
  texts(result, 'endless').length === 0 &&
  !longLoop(result.ended);
export const baseOf = ({ file, line }: Pick<Place, 'file' | 'line'>): string => `${file!.slice(file!.lastIndexOf('/') + 1)}:${line}`;

/** A request word survived the reset, but the firmware did not jump into the ROM. */
function keptInVain({ checks, entries, resets: all, notes }: RunResult): Sentence | undefined {
  // nobody asks for the ROM who cannot go there
  if (factsIn(notes, 'lacks-jump').length > 0) return undefined;
  const kept = checks.find((c) => c.id === 'magic-survives' && c.verdict === 'pass')?.observed;
  const last = all.at(-1);
  if (kept == null || entries.length > 0 || last === undefined || last.by === 'power') return undefined;
  const flags = last.flags.length === 0 ? '' : ` (reset flags: ${last.flags.join(', ')})`;
  const [test] = notes.filter(({ kind }) => kind === FAILED_TEST);
  const because = test?.text ?? `another condition in its code prevented the jump${flags}`;
  return `the firmware left ${kept} and read it after the reset, but did not jump into the ROM: ${because}`;
}

/** With the store, where the text does not say it. What shows at a reset has none of its own: that was looked for. */
function withPlace(result: RunResult, { text, about }: RunResult['notes'][number]): Sentence {
  if (about?.is === 'half-written') return [text, ...texts(result, HALF_STORE).slice(0, 1)].join(': ');
  const row = result.timeline.find((t) => t.kind === 'guest' && t.text === text);
  return row?.file == null ? text : `${text} (${baseOf(row)})`;
}
/** Of a run that never entered the ROM: a clock that the board lacks, the application's own USB, writes that the flash refused. */
function inVain(result: RunResult): Fact[] {
  const { entries, notes } = result;
  const clock = absentClock(result);
  const lost = entries.length > 0 ? undefined : refusedWrite(notes);
  return [
    // a wait that it never leaves tells the clock itself
    ...(clock === undefined || notes.some(({ kind, about }) => kind === 'wait' && about?.is === 'never-ready')
      ? []
      : [{ is: 'in-vain', what: 'clock', text: clock, unlock: false } as const]),
    ...said(result, 'usb-clock').map((s) => ({ is: 'in-vain', what: 'usb', ...s, unlock: false }) as const),
    ...(lost === undefined
      ? []
      : [
          {
            is: 'in-vain',
            what: 'write',
            text: withPlace(result, lost),
            unlock: lost.about?.is === 'locked' && lost.about.lock === 'OPTLOCK',
          } as const,
        ]),
  ];
}
function serial(result: RunResult): Fact[] {
  const told = texts(result, SERIAL);
  return told.length === 0 ? [] : [{ is: 'serial', texts: told }];
}

function unexplained(result: RunResult): Fact[] {
  const { diagnosis, stuck, notes } = result;
  const { causes, explained } = diagnosis;
  const entered = result.entries.length > 0;
  if (explained === null) return [{ is: 'unexplained', why: 'unfinished', tried: [], ifElse: null, entered }];
  if (stuck !== null && causes.length === 0) return [];
  if (causes.length === 0 && notes.some((n) => n.kind === 'not-triggered' || n.kind === 'reset' || n.kind === UNCOPIED)) return [];
  const tried = causes.filter((c) => c.repair !== null).map((c) => c.id);
  const ifElse = tried.length === 0 ? (result.dependsOn.find(letsThrough) ?? null) : null;
  return [{ is: 'unexplained', why: causes.length === 0 ? 'harmless' : 'vain', tried, ifElse, entered }];
}

/** `boot.c, line 4; main.c, lines 7, 20`. */
/** One for each file, in the order of the patch. */
function changedFiles({ hunks, left, needs }: Patch): Fact[] {
  const files = [...new Set(hunks.map(({ file }) => file))];
  return files.map((name, i): Fact => {
    const own = hunks.filter(({ file }) => file === name);
    const where = `${name}, ${own.length > 1 ? 'lines' : 'line'} ${own.map(({ line }) => line).join(', ')}`;
    const isLast = i === files.length - 1;
    return { is: 'fix', form: 'diff', where, code: own.flatMap((h) => h.changed), left: isLast ? left : [], needs: isLast ? needs : [] };
  });
}

/** The fix as changed lines if the sources are available, otherwise as C. */
function fix(result: RunResult, causes: readonly ResultCause[], patch: Patch, sources: Sources): Fact[] {
  if (patch.hunks.length > 0) return changedFiles(patch);
  // a part that names its own place does not belong to the jump
  const isAtJump = causes.some((c) => c.at !== null || (c.fix !== null && partsOf(c.fix).some(({ goes }) => goes === null)));
  const jump = isAtJump ? (result.entries.at(-1)?.from ?? factsIn(result.notes, 'hands-over')[0]?.at) : null;
  const all = causes.flatMap((c) =>
    c.fix !== null ? (fixOfScript(c, sources) ?? c.fix) : c.repair === null || c.at === null ? [] : `/* ${c.repair} */`,
  );
  const code = fixesInOne(all).map((text): CodeLine => ({ text, mark: ' ' }));
  if (code.length === 0) return [];
  const form = all.every((text) => partsOf(text).every(isRemark)) ? 'words' : 'c';
  return [{ is: 'fix', form, where: jump?.file == null ? '' : placeText(jump), code, left: [], needs: [] }];
}

// ---- what else -----------------------------------------------------------------------------------------------------------------------

function chip(result: RunResult): Fact[] {
  const [first, ...because] = said(result, 'chip');
  return first === undefined ? [] : [{ is: 'chip', ...first, because: because.map(({ text }) => text) }];
}
const background = (result: RunResult): Fact[] => [
  ...texts(result, 'control').map((text) => ({ is: 'board', text }) as const),
  ...chip(result),
  ...Object.entries(result.console).flatMap(([channel, text]) => {
    const printed = withoutAnswer(result, channel, text);
    return printed === '' ? [] : [{ is: 'console', channel, text: printed } as const];
  }),
];
/** What the program printed; the ROM's 0x79 behind it is told by the first line. */
const withoutAnswer = (result: RunResult, channel: string, text: string): string =>
  hasReached(result) && channel === otherGoal(result) && text.endsWith('y') ? text.slice(0, -1) : text;
/** Where the chip has no register at all, `register` is an offset: no model is missing there. */
const isReserved = ({ register }: RunResult['unmodelled'][number]): boolean => register.startsWith('+');
function evidence(result: RunResult): Fact[] {
  const session = result.usb.sessions.at(-1);
  const gaps = result.unmodelled.filter((u) => !isReserved(u)).map((u) => `${u.peripheral}.${u.register}`);
  const reserved = factsIn(result.notes, 'no-register').length > 0 ? [] : result.unmodelled.filter(isReserved);
  const offsets = reserved.map((u) => `${u.peripheral}${u.register}`);
  return [
    ...(result.resets.some((r) => r.by !== 'power') ? [{ is: 'resets', resets: result.resets } as const] : []),
    ...(session === undefined ? [] : [{ is: 'usb', session } as const]),
    ...result.notes.flatMap((n) =>
      PLACED.has(n.kind) || (tellsWhy(n) && !hasReached(result)) || isOtherBaud(n) ? [] : [{ is: 'note', ...saidOf(n) } as const],
    ),
    ...(result.uninitialisedReads === 0 ? [] : [{ is: 'unwritten', reads: result.uninitialisedReads } as const]),
    ...(gaps.length === 0 ? [] : [{ is: 'gaps', registers: gaps } as const]),
    ...(offsets.length === 0 ? [] : [{ is: 'reserved', offsets } as const]),
    { is: 'rom', rom: result.rom, name: romName(result) },
    { is: 'run', result },
  ];
}

// ---- what next -----------------------------------------------------------------------------------------------------------------------

/** The board has no clock source for the flag that the firmware waits for; forcing the flag would not help. */
const lacksClock = ({ notes }: RunResult): boolean =>
  notes.some(({ kind, about }) => kind === 'wait' && about?.is === 'never-ready' && about.otherBoard);
/** A clock that the board cannot give, whether the firmware still waits for it or not; what has entered the ROM got by without. */
const absentClock = ({ entries, notes }: RunResult): Sentence | undefined =>
  entries.length > 0 ? undefined : notes.find(({ kind, about }) => kind === 'guest' && about?.is === 'never-ready')?.text;

/** Who named the board knows the option: it is the firmware that does not fit it. */
const otherBoard = ({ notes }: RunResult): string[] =>
  notes.some(({ kind }) => kind === 'board')
    ? []
    : ['add --board with the name of your board, or "board": {"hse": {"hz": …, "kind": "crystal"}} to a scenario'];

/** A proved cause is the way past the wait. */
const unlessProved = (result: RunResult, advice: string): string[] => (proofOf(result) === null ? [advice] : []);
/** It waits for an input, and nothing has come that it read. */
const isUnfed = ({ notes }: RunResult): boolean => factsIn(notes, 'waits-for-input').length > 0 && factsIn(notes, 'received').length === 0;
/** What gets the firmware past its wait, if anything does. */
function pastWait(result: RunResult): string[] {
  const never = result.entries.length > 0 ? undefined : factsIn(result.notes, 'never-ready')[0];
  if (lacksClock(result) || never?.otherBoard === true) return otherBoard(result);
  // to force a flag that something else holds back only moves the failure
  if (never !== undefined) return [];
  const [noClock] = factsIn(result.notes, 'no-clock');
  if (noClock !== undefined) return unlessProved(result, `set ${noClock.enable} in your firmware first`);
  if (result.stuck?.force) return unlessProved(result, `add --force ${result.stuck.force} to get past the wait`);
  const port = result.stuck?.register?.split('.')[0];
  const isTold = factsIn(result.notes, 'steps').some((f) => f.serial);
  const isReceiving = port !== undefined && SERIAL_PORT.test(port) && isUnfed(result) && !isTold;
  return isReceiving ? [`add to a scenario: {"at":"1s","do":{"uart":{"port":"${port}","text":"…"}}}`] : [];
}

const FURTHER = '--checks (all checks), --html report.html (page)';
const ALL: readonly NextStep[] = [
  { to: 'reports', text: `add -v (full report), ${FURTHER}` },
  { to: 'further', text: `add ${FURTHER}` },
];
const other = (text: string): NextStep => ({ to: 'other', text });
/** What there is to look at where nothing failed. */
function lookFurther(result: RunResult): NextStep[] {
  if (lostWay(result).length > 0) return [...ALL, other('bootbench leave … shows where its start differs from one after a reset')];
  const ways = factsIn(result.notes, 'way-fails').length > 0;
  return [
    ...(ways ? [other('bootbench init … writes a scenario for each way in; run --scenario then tells the cause of one')] : []),
    ...ALL,
  ];
}

const applying = (patch: Patch): NextStep[] =>
  patch.text === '' ? [] : [{ to: 'patch', text: `add --fix > fix.diff for a patch, then: ${patch.command}` }];
function nextSteps(result: RunResult, patch: Patch, judgement: Judgement | null): NextStep[] {
  if (hasReached(result)) return [...applying(patch), ...lookFurther(result)];
  if (judgement?.holds === true) return [...ALL];
  const proof = proofOf(result);
  const has = (kind: string): boolean => result.notes.some((n) => n.kind === kind);
  return [
    ...applying(patch),
    ...pastWait(result).map(other),
    // a scenario with steps says itself what happens: nothing else is tried
    ...(has('not-triggered') && !has('find-jump') && !has('trigger') && result.scenario.steps.length === 0
      ? [other('add --trigger to try these')]
      : []),
    ...(proof === null ? [...pastLoop(result), ...behindEntry(result)].map(other) : []),
    ...(isCutShort(result) ? [{ to: 'effort', text: GO_ON } as const] : []),
    ...ownDfu(result).map(other),
    ...ALL,
    ...(proof === null ? [] : [other(`bootbench explain ${(firstSet(proof)[0] ?? proof.causes[0]!).id}`)]),
  ];
}

/** A device of the firmware's own, with names of its settings as DFU devices have them: the ROM is perhaps not what it is about. */
function ownDfu({ outcome, usb }: RunResult): string[] {
  const own = usb.sessions.find((s) => s.servedBy === 'user' && s.enumerated && s.altSettings.length > 0);
  if (outcome !== 'no-jump' || own === undefined) return [];
  return [`if this firmware is a DFU device itself (${own.vid}:${own.pid}): bootbench conform … tests it`];
}

/** Nothing is proved, and a search for it was ended that has a wider bound. */
export const isCutShort = (result: RunResult): boolean =>
  proofOf(result) === null && factsIn(result.notes, 'search-ended').some(({ more }) => more);
export const GO_ON = 'add --effort full: a search was ended before its end';

/** The run ended inside of a delay: behind it, and what a jump takes. */
function pastLoop({ ended }: RunResult): string[] {
  const loop = longLoop(ended);
  if (loop === undefined) return [];
  return [`add --until ${Math.ceil(Number(loop.endsAt)) + BEHIND_LOOP}s to run beyond that loop`];
}
const BEHIND_LOOP = 10;
/** The run ended before it was clear what the ROM does, which was entered late. */
function behindEntry({ outcome, ended, diagnosis, entries }: RunResult): string[] {
  const entry = entries.at(-1);
  if (entry === undefined || outcome !== 'rom-silent' || diagnosis.explained !== null || ended.reason !== 'deadline') return [];
  return [`add --until ${Math.ceil(Number(entry.at)) + BEHIND_LOOP}s: this run ended too soon after it had entered the ROM`];
}

// ---- parts ---------------------------------------------------------------------------------------------------------------------------

/** Where the sources of some frames are here, the others are those of libraries, whose paths leave no room for the program's own: they are named without. */
function named(frames: FactOf<'wait'>['callers'], sources: Sources): FactOf<'wait'>['callers'] {
  const isHere = (file: string | null): boolean => file !== null && sources(file) !== null;
  return frames.some((f) => isHere(f.file)) ? frames.map((f) => (isHere(f.file) ? f : { ...f, text: f.name })) : frames;
}
const calledBy = (frames: FactOf<'wait'>['callers'], sources: Sources): Sentence =>
  `called by: ${named(frames, sources)
    .map((f) => f.text)
    .join(' < ')}`;

function excerptOf(place: Place | null, sources: Sources): Excerpt | null {
  if (place?.file == null || place.line === null) return null;
  const found = sources(place.file);
  const { file, line } = place;
  if (found === null) {
    const leftOut = sources.leftOut?.(file) ?? null;
    return leftOut === null ? null : { file, line, lines: null, newer: false, leftOut };
  }
  if (line > found.lines.length) return null;
  return { file: found.elsewhere ? file : found.path, line, lines: found.lines, newer: found.newer, leftOut: null };
}

function romName({ rom, chip }: Pick<RunResult, 'rom' | 'chip'>): string {
  // a line that has the ROM of another says so: its own name would seem to be mistaken
  const other = rom.id === null || chip.toLowerCase().startsWith(rom.id) ? null : `which ${chip} shares with ${rom.id.toUpperCase()}`;
  const id = (other === null ? [rom.id, rom.version] : [rom.version, other]).filter((x) => x !== null).join(other === null ? ' ' : ', ');
  if (rom.kind === 'stand-in') return id === '' ? 'stand-in ROM' : `stand-in ROM (${id})`;
  return rom.kind === 'dump' ? 'ROM from your dump' : 'ROM of the chip on the board';
}
/** `main.c:42 (enter_dfu)`, or the address where there is no line. */
export function placeText(place: Place): string {
  const symbol = place.symbol === null ? '' : ` (${place.symbol})`;
  return place.file === null ? `${place.pc}${symbol}` : `${place.file}:${place.line}${symbol}`;
}
