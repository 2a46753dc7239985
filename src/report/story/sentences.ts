/** The sentences of the story: what a stranger reads of each kind of fact, in every report. Nothing reads them again. */
import type { Advice } from '../../bench/documents/advice.ts';
import type { Outcome, Place, ResultCheck, RomDependency, RunResult } from '../../bench/documents/result.ts';
import type { Sentence } from '../../bench/documents/sentence.ts';
import { APP_GOAL } from '../../bench/documents/goal.ts';
import { failsToLeave } from '../../bench/documents/proved.ts';
import { hasReached, otherGoal } from '../../bench/documents/reached.ts';
import { isAround } from '../../bench/documents/proved.ts';
import { hasReservations } from '../../bench/documents/reservations.ts';
import { waitsForInput } from '../../bench/verdict/summary.ts';
import { consoleText, humanTime, sentence, whole, type Style } from '../text.ts';
import { CONTROLS } from './controls.ts';
import type { CodeLine, Excerpt, Fact, FactOf, Kind, NextStep, Said, Surface } from './facts.ts';
import { factsIn } from '../../bench/documents/note-facts.ts';
import { isOfLeave, type Provisos } from '../provisos.ts';
import { baseOf, placeText } from './story.ts';

/** A fact as people read it: a renderer chooses width, folding and links, never content. */
export interface Told {
  readonly is: Kind;
  /** One word, in a column or as a heading; empty: the text goes on where the one before ended. */
  readonly label: string;
  readonly tone: Style;
  readonly text: Sentence;
  /** Where that is, in front of the source line. */
  readonly place: Sentence | null;
  /** The same without what was found there: it stays where a screen is full. */
  readonly line?: Sentence;
  readonly source: Excerpt | null;
  readonly more: readonly Sentence[];
  readonly code: readonly CodeLine[];
  /** What other facts say already, what is documented or was measured, or is harmless beside a failure: no matter of a first screen. */
  readonly detail: boolean;
}
type Row = { readonly text: Sentence } & Partial<Omit<Told, 'is'>>;

const COMMAND_LINE = 'on the command line';
/** How the playground lets somebody do what a note advises. */
const IN_PLAYGROUND: Readonly<Record<Advice['is'], (command: string) => string>> = {
  chip: () => `choose it under “${CONTROLS.chip}”, then press “${CONTROLS.run}”`,
  loader: () => 'drop the image of the boot loader with it',
  other: (command) => `${COMMAND_LINE}, ${command}`,
};
/** A sentence with the advice that it ends in, as this surface gives it. */
function saidOn(surface: Surface, { text, advice }: Said): Sentence {
  return advice === undefined || surface !== 'playground'
    ? text
    : `${advice.said}${advice.lead}${IN_PLAYGROUND[advice.is](advice.command)}`;
}
/** An option of the command line, which the playground names as such. */
const commandLine = (surface: Surface, option: string): string => (surface === 'playground' ? `${COMMAND_LINE}, ${option}` : option);
/** Another value of a ROM option, where this surface has it to choose: the playground, behind an entry. */
function withOption(surface: Surface, { rom, other }: RomDependency, entered: boolean): string {
  if (surface === 'playground' && entered) return `with “${rom} = ${other}” under “${CONTROLS.whatIf}”,`;
  return commandLine(surface, `with --rom-option ${rom}=${other}`);
}
/** Steps that a surface leaves out: a page is the whole report, and the playground's fix is a file to load down. */
const NOT_ON: Readonly<Partial<Record<Surface, readonly NextStep['to'][]>>> = {
  full: ['reports'],
  page: ['reports', 'further'],
  playground: ['reports', 'further', 'patch'],
};
const NOT_ELSEWHERE: readonly NextStep['to'][] = ['further'];
export const stepsOn = (surface: Surface, { steps }: FactOf<'next'>): readonly NextStep[] =>
  steps.filter(({ to }) => !(NOT_ON[surface] ?? NOT_ELSEWHERE).includes(to));

const HEADLINES: Readonly<Record<Outcome, string>> = {
  dfu: 'the host sees the DFU device',
  'dfu-lost': 'the DFU device appeared, then disappeared',
  'reset-loop': 'the chip resets over and over',
  fault: 'the CPU faulted and does not recover',
  'rom-silent': 'the ROM was entered, but no DFU device appeared',
  'back-in-app': 'the ROM gave control back to the application',
  stuck: 'the firmware does not get any further',
  'no-jump': 'the firmware never jumped into the ROM',
};
/** Nothing is known of what would end the loop. */
const isUnexplained = ({ outcome, stuck, notes }: RunResult): boolean =>
  outcome === 'stuck' && stuck !== null && !notes.some(({ kind }) => kind === 'wait');
function unexplainedText(result: RunResult): string {
  // it polls nothing: nobody can say that it waits
  if (result.stuck!.address === null)
    return `the firmware ends in an endless loop${otherGoal(result) === APP_GOAL ? loopText(result) : ''}`;
  // what a register would do that is not modelled, it does not do here
  return result.unmodelled.length > 0 ? 'the firmware does not get any further here' : HEADLINES.stuck;
}
const polledOf = (result: RunResult): Said | undefined => (hasReached(result) ? undefined : result.notes.find((n) => n.kind === 'polled'));
/** The outcome in plain words. A wait for something that is not emulated takes precedence. */
function headlineText(result: RunResult): string {
  const polled = polledOf(result);
  if (polled) return `the firmware ${polled.advice?.said ?? polled.text}`;
  if (result.notes.some(({ kind, about }) => kind === 'starved' || (about?.is === 'loop' && about.storm === true)))
    return 'interrupts are taken again and again, and the program behind them does not run';
  if (result.notes.some(({ kind }) => kind === 'endless')) return HEADLINES.stuck;
  if (waitsForInput(result)) return inputText(result);
  if (isUnexplained(result)) return unexplainedText(result);
  const goal = otherGoal(result);
  if (result.outcome === 'rom-silent' && goal !== null && goal !== APP_GOAL)
    return `the ROM was entered, but does not answer on ${goal.toUpperCase()}`;
  if (result.outcome === 'back-in-app') return wayBackText(result);
  return isUnopened(result) ? 'the DFU device is there, but no program can open it' : HEADLINES[result.outcome];
}
/** It came, or some was tried: nobody can say that none comes. */
function inputText({ notes }: RunResult): string {
  const from = factsIn(notes, 'received').map((f) => f.from);
  if (from.length > 0) return `the firmware read what came at ${from.join(', ')}, does not jump, and waits for more`;
  if (factsIn(notes, 'tried-input').length > 0) return `${ONLY_OUTSIDE}, and what bootbench tried leads to no jump`;
  return `${ONLY_OUTSIDE}, and nothing comes`;
}
/** It need not wait for it: a main loop may only look at it. */
const ONLY_OUTSIDE = 'only something from outside could change what the firmware does';
/** With the host's driver, or its permission, and nothing else changed, the host has the device. */
const isUnopened = ({ outcome, diagnosis: { sets, causes } }: RunResult): boolean =>
  outcome === 'rom-silent' &&
  sets.some((set) => set.length === 1 && set[0] === 'host') &&
  causes.some(({ id, what, proved }) => proved && id === 'host' && (what === 'driver' || what === 'access'));
/** Of an application that was to run: its Error_Handler most often, and who called it. */
function loopText({ notes }: RunResult): string {
  const [loop] = factsIn(notes, 'loop');
  if (loop === undefined) return '';
  const [caller] = loop.callers;
  return `: ${loop.inner?.text ?? placeText(loop.at)}${caller === undefined ? '' : `, called from ${caller.text}`}`;
}
/** A reset behind the last entry says what it was that started the application again. */
function wayBackText({ entries, resets }: RunResult): string {
  const entry = entries.at(-1);
  const reset = resets.find((r) => Number(r.at) > Number(entry?.at));
  if (reset?.by === 'software' && reset.core !== undefined && reset.core !== entry?.core)
    return `the program of the other core, ${reset.core.toUpperCase()}, reset the chip${reset.from === null ? '' : ` at ${placeText(reset.from)}`} while the ROM ran, so the application started again`;
  const who = reset === undefined ? undefined : RESET_BY[reset.by];
  return who === undefined ? HEADLINES['back-in-app'] : `${who} reset the chip in the ROM, so the application started again`;
}
const RESET_BY: Readonly<Record<string, string>> = {
  software: 'the code there',
  iwdg: 'IWDG',
  wwdg: 'WWDG',
  pin: 'the board',
  power: 'the board',
};
/** What came of it, in plain words. */
export function headline(result: RunResult): string {
  const goal = otherGoal(result);
  if (goal === null || !hasReached(result)) return headlineText(result);
  return goal === APP_GOAL ? 'the application runs' : `the ROM answers on ${goal.toUpperCase()}`;
}
/** Behind what is reached, where the run was to come back from it. */
export const LOST_BACK = 'but the application does not come back from the leave';
/** The first line of a run that reached its goal. */
const reachedText = (result: RunResult): string => `${otherGoal(result) ?? result.outcome}: ${headline(result)}`;

/** Of a run whose goal is the application, that the ROM was not entered is no failure. */
const withoutApplication = ({ outcome }: RunResult, failed: string): string =>
  `the application does not run${outcome === 'no-jump' ? ' as it does from reset' : `; ${failed}`}`;

function verdict({ result, judgement }: FactOf<'verdict'>, surface: Surface): Row {
  const reached = hasReached(result);
  const polled = polledOf(result);
  const seen = polled ? `the firmware ${saidOn(surface, polled)}` : headlineText(result);
  const failed = `${result.outcome}: ${seen}`;
  const what = reached ? reachedText(result) : otherGoal(result) === APP_GOAL ? withoutApplication(result, failed) : failed;
  if (judgement === null) {
    if (!reached) return { label: 'FAIL', tone: 'red', text: what };
    if (failsToLeave(result)) return { label: 'FAIL', tone: 'red', text: `${what}, ${LOST_BACK}` };
    return hasReservations(result) ? { label: 'OK, but', tone: 'yellow', text: what } : { label: 'OK', tone: 'green', text: what };
  }
  // in green, above a red picture, it would read as a success
  if (judgement.holds && surface === 'page' && (!reached || failsToLeave(result)))
    return { label: 'HOLDS', tone: 'bold', text: `the scenario expects this failure, ${what}${reached ? `, ${LOST_BACK}` : ''}` };
  if (judgement.holds) return { label: 'HOLDS', tone: 'green', text: `as the scenario expects: ${what}` };
  return { label: 'FAIL', tone: 'red', text: `not what the scenario expects: ${what}`, more: judgement.failures.map((f) => `- ${f}`) };
}

const ENDED: Readonly<Record<RunResult['ended']['reason'], string>> = {
  settled: 'nothing can change any more',
  deadline: 'its time limit was reached before it settled',
  instructions: '--max-instructions, or 32 MB of text by semihosting, was reached',
  wall: '--wall was reached',
  memory: '--max-memory was reached',
  semihosting: 'the firmware asked to exit (semihosting)',
  signal: 'it was interrupted',
};
/** Where nobody set the limit. */
const ENDED_HERE: Readonly<Partial<Record<RunResult['ended']['reason'], string>>> = {
  instructions: 'its limit of instructions, or of 32 MB of text by semihosting, was reached',
  wall: 'its limit of real time was reached',
  memory: 'its limit of memory was reached',
};
const SAW: Readonly<Record<string, string>> = {
  resets: 'the board resets',
  nothing: 'nothing happens',
  hang: 'the board hangs',
  'wrong-device': 'another USB device appears',
  'works-with-other-tool': 'one program lists the device, another does not',
};
function symptom({ symptom: { asked, matches, options }, notes }: FactOf<'symptom'>, surface: Surface): Row {
  const saw = SAW[asked] ?? asked;
  if (matches) return { text: [`This is what you reported: ${saw}.`, ...notes.map(whole)].join(' ') };
  const vain = options.length === 0 ? ['None of the ROM options and boards that were tried causes it.'] : [];
  const would = options.map((o) => {
    const settings = [
      ...Object.entries(o.rom).map(([k, v]) =>
        surface === 'playground' ? `“${k} = ${v}” under “${CONTROLS.whatIf}”` : `--rom-option ${k}=${v}`,
      ),
      ...Object.entries(o.board).map(([k, v]) => `board ${k}: ${v}`),
    ];
    return `- ${o.text} [${[...settings, o.outcome].join(', ')}]`;
  });
  return { text: `This is NOT what you reported (${saw}).`, more: [...vain, ...would, ...notes.map(whole)] };
}

/** Sets by the names of their causes; where these are all the same, the cause itself tells them apart. */
function anyOf(sets: readonly (readonly string[])[]): string {
  const names = [...new Set(sets.map((set) => set.join(' + ')))];
  return names.length === 1
    ? `any one of the ${sets.length} repairs that the cause names is enough`
    : `any one of these repairs is enough: ${names.join(', or ')}`;
}
const by = (kind: string): string => (kind === 'cpu' ? '' : ` [by ${kind}]`);
function foundText(check: ResultCheck | null): string | null {
  if (check?.observed == null) return null;
  return `${check.observed}${check.expected === null ? '' : ` (expected: ${check.expected})`}`;
}
/** The line, who called it, when it was, and what was found; null where none of that is known. */
function causePlace({ cause: { lastWriter }, check, at, caller }: FactOf<'cause'>): string | null {
  const found = foundText(check);
  if (at === null) return found === null ? null : `found ${found}`;
  const when = lastWriter === null ? '' : `${by(lastWriter.kind)}, at ${humanTime(lastWriter.at)}`;
  return `${lineText(at, caller)}${when}${found === null ? '' : `: ${found}`}`;
}
/** `core_cm4.h:2032 (SysTick_Config), called from dfu.c:38 (enter_dfu)` */
export const lineText = (at: Place, caller: Place | null): string =>
  `${placeText(at)}${caller === null ? '' : `, called from ${placeText(caller)}`}`;
function cause(fact: FactOf<'cause'>): Row {
  const { proof, cause: c, alone, at, source, jump } = fact;
  const way = jump?.from && jump.from !== at ? [`the jump: ${placeText(jump.from)} to ${jump.address}, at ${humanTime(jump.at)}`] : [];
  const not = alone === null || alone === 'dfu' ? [] : [`with this one alone repaired, the outcome is ${alone}`];
  // that the ROM of a part has no USB is documented in AN2606, not a guess
  const label = proof !== null ? 'Cause' : c.id === 'rom-usb' ? 'Why' : 'Maybe';
  const tone = proof === null ? 'yellow' : 'red';
  return {
    label,
    tone,
    detail: proof === 'other',
    text: isAround(c) ? `${c.id} (${c.what}): ${c.explanation}` : c.what === undefined ? `${c.id}: ${c.explanation}` : c.explanation,
    place: causePlace(fact),
    ...(at !== null && { line: lineText(at, fact.caller) }),
    source,
    more: [...way, ...not],
  };
}

function wait(f: FactOf<'wait'>, surface: Surface): Row {
  const { stuck } = f;
  const value =
    stuck.value === null
      ? ''
      : `, which ${f.others.length > 0 ? 'stays' : 'always reads'} ${stuck.value}${f.others.length > 0 ? ' here' : ''}`;
  const polls = stuck.register ?? (stuck.variable === undefined ? stuck.address : `${stuck.variable} (${stuck.address})`);
  return {
    label: 'Waits',
    tone: 'red',
    text: f.summary === null ? `the loop at ${f.where} polls ${polls}${value}` : sentence(f.summary),
    source: f.source,
    more: [
      ...(f.volatile
        ? ['The loop reads no memory, although its source line does: a variable that only an interrupt changes must be volatile.']
        : []),
      ...(f.callers.length === 0 ? [] : [`called by: ${f.callers.map((c) => c.text).join(' < ')}`]),
      ...f.why.map((s) => `- ${saidOn(surface, s)}`),
      ...(f.unmodelled ? [`bootbench does not model ${stuck.register}; a real chip may well get past this.`] : []),
      ...(f.others.length > 0
        ? [`bootbench does not model all that the firmware uses (${f.others.join(', ')}); a real chip may well get past this.`]
        : []),
      ...(f.refused === null ? [] : [`No check fails before the wait, but the chip ignored a write before it: ${f.refused}.`]),
    ],
  };
}

function unexplained({ why, tried, ifElse, entered }: FactOf<'unexplained'>, surface: Surface): Row {
  if (why === 'unfinished') return { text: 'No cause was searched for, because the run did not finish.' };
  const repairs =
    tried.length > 0
      ? 'repairing what looks wrong does not lead to the goal of the run'
      : why === 'vain'
        ? 'there is no repair to try for what looks wrong'
        : 'no check fails';
  const other = ifElse === null ? [] : [whole(`${withOption(surface, ifElse, entered)} ${ifOther(ifElse)}`)];
  return { label: 'Proof', tone: 'yellow', text: `no cause is proved: ${repairs}`, more: other, detail: why === 'harmless' };
}

/** Clauses that follow "if"; a screen has room for two options, and -v lists them all. */
function conditionsOf({ bank, rom }: Provisos, isShort: boolean): string[] {
  const [first = '', ...others] = rom;
  const last = others.at(-1) ?? '';
  const all =
    rom.length <= 2
      ? rom.join(' and ')
      : isShort
        ? `${first}, ${others[0]!} and ${rom.length - 2} more (see -v)`
        : `${rom.slice(0, -1).join(', ')} and ${last}`;
  return [...(bank === null ? [] : [bank]), ...(rom.length === 0 ? [] : [`the real ROM ${all}`])];
}
const isShort = (surface: Surface): boolean => surface === 'screen' || surface === 'finding';

const ifOther = ({ outcomeIfOther, goalIfOther, usableIfOther }: RomDependency): string =>
  usableIfOther === false
    ? 'a host cannot use the device as it should'
    : goalIfOther === undefined
      ? `the outcome is ${outcomeIfOther}`
      : `the goal is ${goalIfOther ? '' : 'not '}reached`;
/** Whether a host can use the device is asked of the run as it was, with nothing repaired (use-options.ts). */
function ifOtherRepaired(d: RomDependency): string {
  if (d.usableIfOther === false) return ifOther(d);
  return d.goalIfOther === undefined
    ? `the outcome of the repaired run is ${d.outcomeIfOther}`
    : `the repaired run ${d.goalIfOther ? 'reaches' : 'does not reach'} the goal`;
}
/** `SysTick on (HAL_RCC_DeInit, called at dfu.c:38)` */
export const leftWhere = ({ what, at, calls }: FactOf<'holds-if'>['left'][number]): string =>
  `${what} (${calls === null ? '' : `${calls}, called at `}${at.file === null ? at.pc : baseOf(at)})`;
const howTo = ({ id, what }: FactOf<'holds-if'>['left'][number], surface: Surface): string =>
  `${what}: ${commandLine(surface, `bootbench explain ${id}`)} says how to hand it over, whatever the real ROM does`;
/** Only a leave asks for such an option. */
const comesBack = 'the application comes back behind the leave';
const optionText = (d: FactOf<'holds-if'>['options'][number], surface: Surface, entered: boolean): string =>
  `${d.rom}: ${d.value} (${d.sure}); ${withOption(surface, d, entered)} ${isOfLeave(d) && d.repaired ? comesBack : d.repaired ? ifOtherRepaired(d) : ifOther(d)}`;

function sessionText({ vid, pid, product, servedBy, enumerated }: RunResult['usb']['sessions'][number]): string {
  const ids =
    vid === null ? 'no descriptor read' : `${vid.slice(2)}:${(pid ?? '0x????').slice(2)}${product === null ? '' : ` "${product}"`}`;
  const served = servedBy === null ? '' : servedBy === 'system' ? ', served by the ROM' : ', served by the application';
  return `${ids}${enumerated ? ', enumerated' : ', not enumerated'}${served}`;
}
function resetsText({ resets }: FactOf<'resets'>): string {
  const counts = new Map<string, number>();
  for (const r of resets) if (r.by !== 'power') counts.set(r.by, (counts.get(r.by) ?? 0) + 1);
  const from = resets.findLast((r) => r.by !== 'power')?.from ?? null;
  const list = [...counts].map(([kind, n]) => (n === 1 ? kind : `${kind} ×${n}`)).join(', ');
  return from === null ? list : `${list}; the last from ${placeText(from)}`;
}
const short = (place: Place | null, caller: Place | null): string =>
  place?.file == null ? '' : ` (${baseOf(place)}${caller?.file == null ? '' : `, called from ${baseOf(caller)}`})`;
const CONSOLE_LINES = 4;

const REACHED: Readonly<Record<FactOf<'proof'>['reached'], (rom: string, goal: string) => string>> = {
  dfu: (rom) => `the same run reaches DFU on the ${rom}`,
  goal: (rom, goal) => (goal === APP_GOAL ? 'the application runs' : `the ${rom} answers on ${goal.toUpperCase()}`),
  used: (rom) => `a host can use the device as it should on the ${rom}`,
  program: () => 'it does what it does when it is started from reset',
};
const SENTENCES: { readonly [K in Kind]: (fact: FactOf<K>, surface: Surface) => Row } = {
  verdict,
  ended: ({ ended }, surface) => ({
    detail: ended.reason === 'deadline',
    text: `The run ended at ${humanTime(ended.at)} because ${(surface === 'playground' ? ENDED_HERE[ended.reason] : undefined) ?? ENDED[ended.reason]}.`,
  }),
  symptom,
  but: (s, surface) => ({ label: 'But', tone: 'yellow', text: whole(saidOn(surface, s)) }),
  after: ({ after: { alive }, told }) => {
    const failed = alive.result === 'failed';
    // else it would be a reservation
    const then = failed
      ? 'the application then does not run as it should, up to the next reset'
      : alive.result === 'ok'
        ? 'the application then starts'
        : 'whether the application then runs is not seen';
    return {
      label: 'After',
      tone: failed ? 'yellow' : 'green',
      text: `a host can read, erase, write, and leave; ${told && failed ? 'the application then does not run as it should' : `${then}${alive.because === null ? '' : `: ${alive.because}`}`}`,
    };
  },
  condition: ({ detail, below, ...s }, surface) => ({
    text: whole(saidOn(surface, s)),
    detail,
    ...(below && { label: 'Note', tone: 'yellow' }),
  }),
  summary: ({ text, detail }) => ({ text: sentence(text), detail }),
  cause,
  fault: ({ text, source, more }) => ({ label: 'Fault', tone: 'red', text, source, more }),
  origin: ({ links: [first = '', ...more] }) => ({ label: 'Origin', tone: 'cyan', text: first, more }),
  reset: ({ texts: [first = '', ...more], source }) => ({ label: 'Reset', tone: 'red', text: first, source, more }),
  wait,
  'not-triggered': ({ why, ways, tried, detail }, surface) => ({
    detail,
    label: 'Why',
    tone: 'yellow',
    text: why === null ? 'nothing triggered the jump into the ROM in this run' : saidOn(surface, why),
    more: [...ways.map((s) => `- ${saidOn(surface, s)}`), ...tried.map((text) => `tried: ${text}`)],
  }),
  'in-vain': ({ what, unlock, ...s }, surface) => ({
    label: { clock: 'Clock', usb: 'USB', bus: 'Bus', write: 'Lost' }[what],
    tone: 'yellow',
    // the same name and the same two words in all families that have the lock (reference manuals, FLASH, option bytes)
    text: `${saidOn(surface, s)}${unlock ? '; first write the two keys to FLASH_OPTKEYR' : ''}`,
  }),
  serial: ({ texts: [first = '', ...more] }) => ({ label: 'Serial', tone: 'yellow', text: first, more }),
  check: ({ check: { id, because, observed, lastWriter }, maybe, caller }, surface) =>
    maybe
      ? { label: 'Maybe', tone: 'yellow', text: `${id}: ${because}${observed === null ? '' : `; found ${observed}`}`, more: lastWriter === null ? [] : [lineText(lastWriter, caller)] } // prettier-ignore
      : { label: 'Note', tone: 'yellow', text: `${id === 'rom-usb' ? 'the goal is a serial interface: ' : `${id}: `}${because}${short(lastWriter, caller)}${id === 'debugger' ? `; ${commandLine(surface, '--no-semihosting')} shows this` : ''}` }, // prettier-ignore
  fix: ({ form, where, code, left, needs }) => ({
    label: 'Fix',
    tone: 'green',
    text:
      form === 'diff' ? `${where}:` : form === 'words' ? 'no line of C does it:' : `in C${where === '' ? '' : `, at the jump (${where})`}:`,
    code,
    more: [...left.map((text) => `not in the patch: ${text}`), ...needs],
  }),
  proof: ({ count, reached, goal, rom, sets, around, kept }) => ({
    label: 'Proof',
    tone: 'green',
    text: `${kept ? 'with the word kept over the reset (the linker script was not changed)' : `with ${count > 1 ? `these ${count} causes` : 'only this'} ${around ? 'changed' : 'repaired'}`}, ${REACHED[reached](rom, goal ?? '')}`,
    more: sets.length === 0 ? [] : [anyOf(sets)],
  }),
  unexplained,
  'holds-if': ({ conditions, options, left, entered }, surface) => {
    const clauses = conditionsOf(conditions, isShort(surface));
    const holds = clauses.length === 0 ? 'with what ST documents, or somebody measured' : `if ${clauses.join(', and ')}`;
    return {
      label: 'Holds',
      tone: 'yellow',
      text: left.length === 0 ? holds : `${holds}; the firmware leaves ${left.map(leftWhere).join(', and ')}`,
      more: [...options.map((d) => `- ${optionText(d, surface, entered)}`), ...left.map((l) => `- ${howTo(l, surface)}`)],
      detail: clauses.length === 0,
    };
  },
  leave: ({ check: { id, because, confidence }, option }) => ({
    label: 'Leave',
    tone: 'red',
    text: `${id}: ${because}${option === null ? `; ${confidence}` : `, provided the real ROM has ${id} "${option.value}" (${option.confidence})`}`,
  }),
  uncopied: ({ text, more }) => ({ label: 'Cause', tone: 'red', text, more }),
  'kept-options': ({ text }) => ({ label: 'Note', tone: 'yellow', text }),
  harmless: ({ ids, everywhere, detail }) => ({
    label: 'Note',
    detail,
    text: `unlike a start by BOOT0, but harmless ${everywhere ? 'in every variant of the ROM that the documents leave open' : 'with this ROM'}: ${ids.join(', ')}`,
  }),
  board: ({ text }) => ({ label: 'Board', text }),
  chip: ({ because, ...s }, surface) => ({ label: 'Chip', text: saidOn(surface, s), more: because }),
  console: ({ channel, text }, surface) => {
    const all = consoleText(text).filter((line) => line.trim() !== '');
    const left = all.length > CONSOLE_LINES;
    const where = surface === 'playground' ? `more in “${CONTROLS.machine}”, at “${CONTROLS.end}”` : 'all with --json';
    const more = left ? [`(last ${CONSOLE_LINES} of ${all.length} lines; ${where})`] : [];
    return { label: channel, text: all.slice(-CONSOLE_LINES).join('\n'), more };
  },
  resets: (f) => ({ label: 'Resets', text: resetsText(f) }),
  usb: ({ session }) => ({ label: 'USB', text: sessionText(session) }),
  note: (s, surface) => ({ label: 'Note', tone: 'yellow', text: saidOn(surface, s) }),
  unwritten: ({ reads }) => ({ label: 'Note', tone: 'yellow', text: `${reads} ${reads === 1 ? 'read' : 'reads'} of RAM that nothing had written` }), // prettier-ignore
  gaps: ({ registers }) => ({ label: 'Gaps', tone: 'yellow', text: `registers used that are not modelled: ${registers.join(', ')}` }),
  reserved: ({ offsets }) => ({ label: 'Note', tone: 'yellow', text: `accessed where bootbench knows no register: ${offsets.join(', ')}; ${offsets.length === 1 ? 'it reads 0 and ignores writes' : 'they read 0 and ignore writes'}` }), // prettier-ignore
  rom: ({ rom, name }) => ({
    label: 'ROM',
    text: rom.kind === 'stand-in' ? `${name}, not ST's code. It shows what the hardware does in the state at the jump, not every detail of ST's ROM.` : name, // prettier-ignore
  }),
  run: ({ result: { chip, time, seed, version } }) => ({
    label: 'Run',
    text: `${chip}, ${humanTime(time.seconds)} simulated${time.cycles === null ? '' : `, ${time.cycles} cycles`}, ${time.instructions} instructions, seed ${seed}, bootbench ${version}`, // prettier-ignore
  }),
  next: (fact, surface) => {
    const [first = '', ...more] = stepsOn(surface, fact).map(({ text }) => text);
    return { label: surface === 'playground' ? 'Next, with bootbench run in a terminal:' : 'Next', tone: 'bold', text: first, more };
  },
};

export function tell(fact: Fact, surface: Surface): Told {
  const row = (SENTENCES[fact.is] as (f: Fact, s: Surface) => Row)(fact, surface);
  return { is: fact.is, label: '', tone: 'dim', place: null, source: null, more: [], code: [], detail: false, ...row };
}
