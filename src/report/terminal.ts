/**
 * The report on a terminal, in the order of a reader's questions: what happened, why, which line, how do I fix it, how sure is that; then the evidence.
 * All facts come from the result; nothing is judged here.
 */
import type { Outcome, Place, ResultCause, ResultCheck, RomDependency, RunResult } from '../bench/documents/result.ts';
import type { Judgement } from '../bench/documents/expect.ts';
import { proofOf, SERIAL_SET, type Proof } from '../bench/documents/serial-proof.ts';
import { chainText, factsIn, refusedWrite, type NoteFact } from '../bench/documents/note-facts.ts';
import type { Sentence } from '../bench/documents/sentence.ts';
import { isRemark, partsOf } from '../checks/fix-in-c.ts';
import { doubts, waitsForInput } from '../bench/verdict/summary.ts';
import { codeOf, consoleText, humanTime, pad, plain, printable, whole, wrap, type Paint, type Style } from './text.ts';
import { howSure } from './provisos.ts';

/** Options of a report. */
export interface TerminalOptions {
  /** Adds colour to text; default: no colour. */
  readonly paint?: Paint;
  /** Width in columns; lines are wrapped between words. */
  readonly width?: number;
  /** Result of `judge`: whether the run was as expected. */
  readonly judgement?: Judgement | null;
  /** List every check, not only those that fail or warn. */
  readonly allChecks?: boolean;
}

export const HEADLINES: Readonly<Record<Outcome, { readonly mark: string; readonly style: Style; readonly text: string }>> = {
  dfu: { mark: 'OK', style: 'green', text: 'the host sees the DFU device' },
  'dfu-lost': { mark: 'FAIL', style: 'red', text: 'the DFU device appeared, then disappeared' },
  'reset-loop': { mark: 'FAIL', style: 'red', text: 'the chip resets over and over' },
  fault: { mark: 'FAIL', style: 'red', text: 'the CPU faulted and does not recover' },
  'rom-silent': { mark: 'FAIL', style: 'red', text: 'the ROM was entered, but no DFU device appeared' },
  'back-in-app': { mark: 'FAIL', style: 'red', text: 'the ROM gave control back to the application' },
  stuck: { mark: 'FAIL', style: 'red', text: 'the firmware waits for something that cannot happen' },
  'no-jump': { mark: 'FAIL', style: 'red', text: 'the firmware never jumped into the ROM' },
};

/** The outcome in plain words. A wait for something that is not emulated takes precedence. */
export function headlineText(result: RunResult): string {
  const polled = result.notes.find((n) => n.kind === 'polled');
  if (polled && result.outcome !== 'dfu') return `the firmware ${polled.text}`;
  return waitsForInput(result) ? 'the firmware waits for a pin or a byte that never comes' : HEADLINES[result.outcome].text;
}

class Writer {
  readonly lines: string[] = [];
  readonly width: number;
  readonly paint: Paint;
  constructor(width: number, paint: Paint) {
    this.width = width;
    this.paint = paint;
  }
  blank(): void {
    if (this.lines.length > 0) this.lines.push('');
  }
  text(text: Sentence, indent = '  '): void {
    this.lines.push(...wrap(printable(text), this.width, indent));
  }
  /** A short label in its own column, the text wrapped beside it. */
  row(label: string, text: Sentence, style: Style = 'dim', column = 10): void {
    const indent = ' '.repeat(column);
    const [first = '', ...rest] = wrap(printable(text), this.width, indent);
    const head = `  ${this.paint(style, label)}`;
    this.lines.push(pad(head, column) + first.slice(column), ...rest);
  }
  heading(text: string): void {
    this.blank();
    this.lines.push(this.paint('bold', text));
  }
}

/** The full report as text for a terminal, as `bootbench run -v` prints it. */
export function terminalReport(result: RunResult, options: TerminalOptions = {}): string {
  const w = new Writer(Math.max(40, Math.min(options.width ?? 80, 120)), options.paint ?? plain);
  headline(w, result, options.judgement ?? null);
  symptom(w, result);
  for (const [i, cause] of shownCauses(result).entries()) writeCause(w, result, cause, i);
  crash(w, result);
  chain(w, result);
  resetStory(w, result);
  stuck(w, result);
  notTriggered(w, result);
  sureness(w, result);
  checksTable(w, result, options.allChecks === true);
  facts(w, result);
  if (options.judgement) expectation(w, options.judgement);
  return `${w.lines.join('\n')}\n`;
}

/** Kinds of notes without which the headline would be misleading. */
const PROMINENT: ReadonlySet<string> = new Set(['ecc', 'boot-address', 'boot-at', 'watchdog', 'kept', 'force']);
/** Kinds of notes that have their own section. */
const PLACED: ReadonlySet<string> = new Set([
  ...PROMINENT,
  'symptom',
  'chain',
  'crash',
  'starved',
  'not-triggered',
  'find-jump',
  'polled',
  'reset',
  'wait',
  'loop',
  SERIAL_SET,
]);

function headline(w: Writer, result: RunResult, judgement: Judgement | null): void {
  const plainly = HEADLINES[result.outcome];
  // an expected failure is not a failure of the scenario
  const { mark, style } = judgement?.holds === true ? ({ mark: 'HOLDS', style: 'green' } as const) : plainly;
  const head = `${w.paint('bold', w.paint(style, mark))}  ${w.paint('bold', `${result.outcome}: ${headlineText(result)}`)}`;
  w.lines.push(head);
  w.text(result.summary);
  if (result.ended.reason !== 'settled') w.text(endedText(result));
  for (const note of result.notes) if (PROMINENT.has(note.kind)) w.text(`Note: ${note.text}.`);
}

export function endedText(result: RunResult): string {
  const why: Readonly<Record<string, string>> = {
    deadline: 'its time limit was reached before it settled',
    instructions: '--max-instructions was reached',
    wall: '--wall was reached',
    memory: '--max-memory was reached',
    semihosting: 'the firmware asked to exit (semihosting)',
    signal: 'it was interrupted',
  };
  return `The run ended at ${humanTime(result.ended.at)} because ${why[result.ended.reason] ?? result.ended.reason}.`;
}

function symptom(w: Writer, result: RunResult): void {
  const { symptom } = result;
  if (symptom === null) return;
  const saw: Readonly<Record<string, string>> = {
    resets: 'the board resets',
    nothing: 'nothing happens',
    hang: 'the board hangs',
    'wrong-device': 'another USB device appears',
  };
  w.blank();
  if (symptom.matches) {
    w.text(`This is what you reported: ${saw[symptom.asked] ?? symptom.asked}.`);
    return;
  }
  w.text(`This is NOT what you reported (${saw[symptom.asked] ?? symptom.asked}).`);
  w.text(symptom.options.length === 0 ? 'None of the ROM options and boards that were tried causes it.' : 'What would cause it:');
  for (const option of symptom.options) {
    const settings = [
      ...Object.entries(option.rom).map(([k, v]) => `--rom-option ${k}=${v}`),
      ...Object.entries(option.board).map(([k, v]) => `board ${k}: ${v}`),
    ];
    w.lines.push(...wrap(printable(`${option.text} [${[...settings, option.outcome].join(', ')}]`), w.width, '      ', '    - '));
  }
  for (const note of result.notes) if (note.kind === 'symptom') w.text(whole(note.text));
}

/** The proved causes, or the suspects if nothing is proved: guesses are never listed beside proofs. */
const shownCauses = (result: RunResult): readonly ResultCause[] => proofOf(result)?.causes ?? result.diagnosis.causes;

// eslint-disable-next-line complexity -- one row for each fact that may be known about a cause
function writeCause(w: Writer, result: RunResult, cause: ResultCause, index: number): void {
  const check = result.checks.find((c) => c.id === cause.id);
  const count = shownCauses(result).length;
  const proof = proofOf(result);
  w.heading(`${proof !== null ? 'Cause' : 'Suspect, not proved'}${count > 1 ? ` ${index + 1} of ${count}` : ''}: ${cause.id}`);
  w.text(cause.explanation);
  const writer = cause.lastWriter;
  if (writer !== null) w.row('Line', `${where(writer)}${by(writer.kind)}, at ${humanTime(writer.at)}`, 'cyan');
  const entry = result.entries.at(-1);
  if (entry?.from) w.row('Jump', `${where(entry.from)} to ${entry.address}, at ${humanTime(entry.at)}`, 'dim');
  if (check?.observed !== null && check?.observed !== undefined)
    w.row('Found', `${check.observed}${check.expected === null ? '' : ` (expected: ${check.expected})`}`);
  if (cause.fix !== null) {
    w.row('Fix', `in C${fixPlace(result, cause)}:`, 'green');
    for (const line of codeOf(cause.fix)) w.lines.push(`      ${printable(line)}`);
  } else if (cause.repair !== null) {
    w.row('Fix', cause.repair, 'green');
  }
  w.row(
    'Proof',
    proof?.reached === 'serial' ? overSerial(result, cause, proof) : proofText(result, cause),
    proof !== null ? 'green' : 'yellow',
  );
}

/** The place of a fix with one part; other parts name their place in a comment. */
function fixPlace(result: RunResult, { at, lastWriter, fix }: ResultCause): string {
  const parts = fix === null ? [] : partsOf(fix);
  if (parts[0]?.goes !== null || parts.every(isRemark)) return '';
  if (at === 'before-write') return lastWriter?.file ? `, in place of ${briefly(lastWriter)}` : '';
  if (at === 'keep') return '';
  const from = result.entries.at(-1)?.from;
  const jump = `the jump${from?.file ? ` at ${briefly(from)}` : ''}`;
  return parts.some((p) => p.replaces === 'jump') ? `, in place of ${jump}` : `, right before ${jump}`;
}

/** Without folder and function. */
const briefly = ({ file, line }: Place): string => `${file!.slice(file!.lastIndexOf('/') + 1)}:${line}`;

/** For a part whose ROM has no USB. */
function overSerial(result: RunResult, cause: ResultCause, { sets }: Proof): string {
  const alone = sets.some((set) => set.length === 1 && set[0] === cause.id) ? 'with only this repaired' : 'with all of these repaired';
  const conditions = doubts([], cause.dependsOn).map((d) => `has "${d.rom}: ${d.value}" (${howSure(result.chip, d)})`);
  const condition = conditions.length === 0 ? '' : `, provided the real ROM ${conditions.join(' and ')}`;
  return `Proved on the model: ${alone}, the ${romName(result)}, which has no USB, acknowledges 0x7F on its USART${condition}.`;
}

function proofText(result: RunResult, cause: ResultCause): string {
  const rom = romName(result);
  if (!cause.proved) {
    if (cause.repair === null) return 'Not proved: there is no repair to try.';
    const alone = cause.outcomeAfterRepair;
    return `Not proved: ${alone === null ? 'with everything suspicious repaired at once, the run still does not reach DFU' : `with this repaired alone the outcome is ${alone}`}.`;
  }
  const alone = cause.outcomeAfterRepair === 'dfu';
  const base = alone
    ? `Proved on the model: with only this repaired${cause.repair === null ? '' : ` (${cause.repair})`}, the same run reaches DFU on the ${rom}`
    : `Proved on the model together with the other causes; with this one alone repaired, the outcome is ${cause.outcomeAfterRepair ?? 'unknown'}`;
  const conditions = doubts(result.dependsOn, cause.dependsOn).map((d) => `has "${d.rom}: ${d.value}" (${howSure(result.chip, d)})`);
  return conditions.length === 0 ? `${base}.` : `${base}, provided the real ROM ${conditions.join(' and ')}.`;
}

/** The fault: what happened, the fault registers in words, the callers. */
function crash(w: Writer, result: RunResult): void {
  const lines = result.notes.filter((n) => n.kind === 'crash');
  if (lines.length === 0) return;
  w.heading('The fault');
  for (const { text } of lines) w.lines.push(...wrap(printable(text), w.width, '      ', '    - '));
}

/** Where the failing value came from, newest first. */
function chain(w: Writer, result: RunResult): void {
  const links = result.notes.filter((n) => n.kind === 'chain');
  if (links.length === 0) return;
  w.heading('Where the value came from');
  for (const { text } of links) w.lines.push(...wrap(printable(text), w.width, '      ', '    - '));
}

/** What causes the repeated reset. */
function resetStory(w: Writer, result: RunResult): void {
  const lines = result.notes.filter((n) => n.kind === 'reset');
  if (lines.length === 0) return;
  w.heading('The reset');
  for (const { text } of lines) w.lines.push(...wrap(printable(text), w.width, '      ', '    - '));
}

type Loop = Extract<NoteFact, { readonly is: 'loop' }>;
const NOWHERE: Place = { pc: '0x00000000', symbol: null, file: null, line: null };
/** An endless loop: its place, its callers, what it polls and the value it reads; `what` is null if it reads nothing that could change. */
export function waitOf(stuck: NonNullable<RunResult['stuck']>, { notes }: RunResult) {
  const {
    where: loop,
    at,
    callers,
    inHandler,
  }: Omit<Loop, 'is'> = factsIn(notes, 'loop')[0] ?? { where: stuck.pc, at: NOWHERE, callers: [], inHandler: false };
  const place = at.file === null ? null : at;
  const value = stuck.value === null ? '' : `, which always reads ${stuck.value}`;
  return { loop, place, callers, inHandler, what: stuck.register ?? stuck.address, value };
}
function stuck(w: Writer, result: RunResult): void {
  const { stuck } = result;
  if (stuck === null) return;
  w.heading('Where it waits');
  const { loop, callers, what, value } = waitOf(stuck, result);
  w.text(what === null ? `The loop at ${loop} reads nothing that could change.` : `The loop at ${loop} polls ${what}${value}.`);
  if (callers.length > 0) w.text(`Called by ${chainText(callers)}.`);
  if (result.unmodelled.some((u) => `${u.peripheral}.${u.register}` === stuck.register))
    w.text(`bootbench does not model ${stuck.register}; a real chip may well get past this.`);
  for (const { text } of result.notes.filter((n) => n.kind === 'wait')) w.lines.push(...wrap(printable(text), w.width, '      ', '    - '));
  if (stuck.force !== null) w.row('Skip it', `--force ${stuck.force}`, 'green');
}

/** A run in which nothing triggered the jump: what could have done so, and what the firmware waits for. */
function notTriggered(w: Writer, result: RunResult): void {
  const of = (kind: string): readonly Sentence[] => result.notes.filter((n) => n.kind === kind).map((n) => n.text);
  const [waits, tried] = [[...of('starved'), ...of('not-triggered')], of('find-jump')];
  if (waits.length === 0) return;
  const kept = loopAtEnd(result) ?? keptInVain(result);
  w.heading(kept === undefined ? 'Nothing triggered the jump into the ROM in this run' : 'What could trigger the jump into the ROM');
  if (kept !== undefined) w.text(whole(kept));
  for (const text of waits) w.lines.push(...wrap(whole(text), w.width, '      ', '    - '));
  if (tried.length === 0) w.text('`--find-jump` tries each of these and reports the outcome; `bootbench init` writes the scenario.');
  else for (const text of tried) w.lines.push(...wrap(printable(`Tried: ${text}`), w.width, '      ', '    - '));
}

/** The end of the run came before that of a loop that counts. */
export function loopAtEnd({ ended }: RunResult): string | undefined {
  const { loop } = ended;
  if (loop === undefined) return undefined;
  const where = loop.file === null ? loop.pc : `${loop.file.slice(loop.file.lastIndexOf('/') + 1)}:${loop.line}`;
  return `the run ended at ${humanTime(ended.at)} inside a loop that counts and goes on until ${humanTime(loop.endsAt)} (${where}); what comes behind it was not seen`;
}

/** A request word survived the reset, but the firmware did not jump into the ROM. */
export function keptInVain({ checks, entries, resets, ended }: RunResult): string | undefined {
  if (ended.loop !== undefined) return undefined;
  const kept = checks.find((c) => c.id === 'magic-survives' && c.verdict === 'pass')?.observed;
  const last = resets.at(-1);
  if (kept == null || entries.length > 0 || last === undefined || last.by === 'power') return undefined;
  const flags = last.flags.length === 0 ? '' : ` (reset flags: ${last.flags.join(', ')})`;
  return `the firmware left ${kept} and read it after the reset, but did not jump into the ROM: another condition in its code prevented the jump${flags}`;
}

/** No check covers flash operations: if the flash refused a write, the firmware may be waiting for its effect. */
function reasonOfWait({ notes }: RunResult): string {
  const lost = refusedWrite(notes);
  return lost === undefined
    ? 'The wait itself is the reason; no check fails before it.'
    : `No check fails before the wait, but the chip ignored a write before it: ${lost.text}.`;
}

/** Result of the search for causes. */
function searched(w: Writer, result: RunResult): void {
  const { diagnosis } = result;
  const proof = proofOf(result);
  const notTriggered = diagnosis.causes.length === 0 && result.notes.some((n) => n.kind === 'not-triggered');
  if (result.stuck !== null && diagnosis.causes.length === 0) w.text(reasonOfWait(result));
  else if (diagnosis.explained === false && proof === null && !notTriggered) w.text(unexplained(result));
  else if (diagnosis.explained === null) w.text('No cause was searched for, because the run did not finish.');
  if (proof !== null && proof.sets.length > 1)
    w.text(`Any one of these repairs is enough: ${proof.sets.map((set) => set.join(' + ')).join(', or ')}.`);
}

function sureness(w: Writer, result: RunResult): void {
  w.blank();
  const { diagnosis } = result;
  if (result.outcome !== 'dfu') searched(w, result);
  if (result.dependsOn.length > 0) w.text('The outcome depends on ROM behaviour that ST does not publish:');
  for (const d of result.dependsOn) w.lines.push(...wrap(dependencyText(result.chip, d), w.width, '      ', '    - '));
  if (diagnosis.harmless.length > 0) w.text(`Wrong, but harmless ${harmlessWhere(result)}: ${diagnosis.harmless.join(', ')}.`);
  if (result.rom.kind === 'stand-in') {
    w.text(
      `ROM: ${romName(result)}, not ST's code. It shows what the hardware does in the state at the jump, not every detail of ST's ROM.`,
    );
  } else {
    w.text(`ROM: ${romName(result)}.`);
  }
}

/** What is known about a failure without a working repair. */
function unexplained(result: RunResult): string {
  const chain = result.notes.some((n) => n.kind === 'chain');
  const { causes } = result.diagnosis;
  const tried = causes.some((c) => c.repair !== null);
  const repairs = tried
    ? 'repairing what looks wrong does not lead to DFU'
    : causes.length > 0
      ? 'there is no repair to try for what looks wrong'
      : 'no check fails';
  if (chain) return `No cause is proved: ${repairs}. Look at the last line of the list above: it is the one without an explanation.`;
  if (result.outcome === 'no-jump') return `No cause is proved: ${repairs}.`;
  return `Not explained: ${repairs}.`;
}

/** Every ROM option that the ROM used was also tried with its other values. If none changes the outcome, the finding holds for all of them. */
export function harmlessWhere({ rom, dependsOn, diagnosis }: RunResult): string {
  const hangs = dependsOn.length > 0 || diagnosis.causes.some((c) => c.dependsOn.length > 0);
  return rom.kind === 'stand-in' && !hangs ? 'in every ROM variant that was tried' : 'with this ROM';
}

export function romName(result: RunResult): string {
  const { rom } = result;
  const id = [rom.id, rom.version].filter((x) => x !== null).join(' ');
  if (rom.kind === 'stand-in') return id === '' ? 'stand-in ROM' : `stand-in ROM (${id})`;
  return rom.kind === 'dump' ? 'ROM from your dump' : 'ROM of the chip on the board';
}

const dependencyText = (chip: string, d: RomDependency): string =>
  `${d.rom}: ${d.value} (${howSure(chip, d)}); with --rom-option ${d.rom}=${d.other} the outcome is ${d.outcomeIfOther}`;

const VERDICT_STYLE: Readonly<Record<string, Style>> = { fail: 'red', warn: 'yellow' };

/** All checks, those that fail first. */
export function checksReport(result: RunResult, options: TerminalOptions = {}): string {
  const w = new Writer(Math.max(40, Math.min(options.width ?? 80, 120)), options.paint ?? plain);
  checksTable(w, result, true);
  return `\n${w.lines.join('\n')}\n`;
}

const VERDICT_ORDER: readonly string[] = ['fail', 'warn', 'unknown', 'pass', 'n/a'];

function checksTable(w: Writer, result: RunResult, all: boolean): void {
  const rank = ({ verdict }: ResultCheck): number => VERDICT_ORDER.indexOf(verdict);
  const shown = result.checks.filter((c) => all || c.verdict === 'fail' || c.verdict === 'warn').sort((a, b) => rank(a) - rank(b));
  const counts = new Map<string, number>();
  for (const c of result.checks) counts.set(c.verdict, (counts.get(c.verdict) ?? 0) + 1);
  const total = ['pass', 'fail', 'warn', 'n/a', 'unknown'].flatMap((v) => (counts.has(v) ? [`${counts.get(v)} ${v}`] : [])).join(', ');
  w.heading(`Checks: ${total}`);
  const column = Math.max(0, ...shown.map((c) => c.id.length + c.verdict.length)) + 4;
  for (const check of shown) {
    const head = `  ${w.paint(VERDICT_STYLE[check.verdict] ?? 'dim', check.verdict)} ${check.id}`;
    const indent = ' '.repeat(column);
    const [first = '', ...rest] = wrap(printable(checkText(check)), w.width, indent);
    w.lines.push(pad(head, column) + first.slice(column), ...rest);
  }
}

function checkText(check: ResultCheck): string {
  const parts = [check.because];
  if (check.observed !== null) parts.push(`found ${check.observed}`);
  if (check.lastWriter !== null) parts.push(`last written by ${where(check.lastWriter)}`);
  const source = check.source === null ? '' : ` [${check.source}${check.confidence === null ? '' : `, ${check.confidence}`}]`;
  return parts.join('; ') + source;
}

const UNMODELLED_SHOWN = 6;

function facts(w: Writer, result: RunResult): void {
  w.blank();
  const reset = result.resets.filter((r) => r.by !== 'power');
  if (reset.length > 0) w.row('Resets', resetsText(result));
  const last = result.usb.sessions.at(-1);
  if (last !== undefined) w.row('USB', sessionText(last));
  for (const [channel, text] of Object.entries(result.console)) {
    const all = consoleText(text.trimEnd());
    for (const line of all.slice(-4)) w.row(channel.slice(0, 7), line);
    if (all.length > 4) w.row('', `(last 4 of ${all.length} lines; all with --json)`);
  }
  for (const note of result.notes) if (!PLACED.has(note.kind)) w.row('Note', note.text, 'yellow');
  if (result.uninitialisedReads > 0)
    w.row(
      'Note',
      `${result.uninitialisedReads} ${result.uninitialisedReads === 1 ? 'read' : 'reads'} of RAM that nothing had written`,
      'yellow',
    );
  if (result.unmodelled.length > 0) {
    const names = result.unmodelled.map((u) => `${u.peripheral}.${u.register}`);
    const more = names.length - UNMODELLED_SHOWN;
    w.row(
      'Gaps',
      `registers used that are not modelled: ${names.slice(0, UNMODELLED_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
      'yellow',
    );
  }
  const cycles = result.time.cycles === null ? '' : `, ${result.time.cycles} cycles`;
  w.row(
    'Run',
    `${result.chip}, ${humanTime(result.time.seconds)} simulated${cycles}, ${result.time.instructions} instructions, seed ${result.seed}, bootbench ${result.version}`,
  );
}

function sessionText({ vid, pid, product, servedBy, enumerated }: RunResult['usb']['sessions'][number]): string {
  const ids =
    vid === null ? 'no descriptor read' : `${vid.slice(2)}:${(pid ?? '0x????').slice(2)}${product === null ? '' : ` "${product}"`}`;
  const served = servedBy === null ? '' : servedBy === 'system' ? ', served by the ROM' : ', served by the application';
  return `${ids}${enumerated ? ', enumerated' : ', not enumerated'}${served}`;
}

function resetsText(result: RunResult): string {
  const counts = new Map<string, number>();
  for (const r of result.resets) if (r.by !== 'power') counts.set(r.by, (counts.get(r.by) ?? 0) + 1);
  const from = result.resets.findLast((r) => r.by !== 'power')?.from ?? null;
  const list = [...counts].map(([by, n]) => (n === 1 ? by : `${by} ×${n}`)).join(', ');
  return from === null ? list : `${list}; the last from ${where(from)}`;
}

function expectation(w: Writer, judgement: Judgement): void {
  w.blank();
  if (judgement.holds) w.lines.push(`${w.paint('green', 'HOLDS')}  everything that the scenario expects`);
  else {
    w.lines.push(w.paint('red', 'DOES NOT HOLD'));
    for (const failure of judgement.failures) w.text(`- ${failure}`);
  }
}

/** `main.c:42 (enter_dfu)`, or the address where there is no line. */
function where(place: Place): string {
  const symbol = place.symbol === null ? '' : ` (${place.symbol})`;
  return place.file === null ? `${place.pc}${symbol}` : `${place.file}:${place.line}${symbol}`;
}

const by = (kind: string): string => (kind === 'cpu' ? '' : ` [by ${kind}]`);
