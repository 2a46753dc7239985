/**
 * The first screen of a run: what happened, the line of the user's code, the fix, the proof, and what to type next. At most 25 lines at 80 columns, or 10 if
 * DFU was reached and the leave works. `-v` prints everything else (`terminalReport`).
 */
import type { Judgement } from '../bench/documents/expect.ts';
import { SERIAL_PORT } from '../bench/documents/names.ts';
import { factsIn, refusedWrite, type Frame } from '../bench/documents/note-facts.ts';
import { doubts } from '../bench/verdict/summary.ts';
import type { Place, ResultCause, RunResult } from '../bench/documents/result.ts';
import { firstSet, proofOf, SERIAL } from '../bench/documents/serial-proof.ts';
import type { Sentence } from '../bench/documents/sentence.ts';
import { patchOf } from './patch.ts';
import { provisos } from './provisos.ts';
import { NO_SOURCES, type Sources } from './source-lines.ts';
import { endedText, harmlessWhere, headlineText, HEADLINES, keptInVain, loopAtEnd, romName, waitOf } from './terminal.ts';
import {
  codeOf,
  consoleText,
  humanTime,
  pad,
  plain,
  printable,
  sentence,
  visibleLength,
  whole,
  wrap,
  type Paint,
  type Style,
} from './text.ts';

export interface ShortOptions {
  readonly paint?: Paint;
  /** Columns. */
  readonly width?: number;
  readonly judgement?: Judgement | null;
  readonly sources?: Sources;
  /** The report is part of a list, below a line with the expectation: it has no headline and no next steps. */
  readonly embedded?: boolean;
}

const LINES = 25;
const LINES_ON_SUCCESS = 10;
const COLUMN = 7;

class Page {
  readonly lines: string[] = [];
  readonly width: number;
  readonly paint: Paint;
  constructor(width: number, paint: Paint) {
    this.width = width;
    this.paint = paint;
  }
  /** Wraps the text to at most `most` lines; a cut text ends with an ellipsis. */
  text(text: Sentence, most = 2, indent = ' '.repeat(COLUMN), first = indent): void {
    const all = wrap(printable(text), this.width, indent, first);
    const shown = all.slice(0, most);
    if (all.length > most) shown[most - 1] = `${shown[most - 1]!.slice(0, this.width - 2).trimEnd()} …`;
    this.lines.push(...shown);
  }
  row(label: string, style: Style, text: Sentence, most: number): void {
    const from = this.lines.length;
    this.text(text, most);
    this.lines[from] = pad(this.paint(style, label), COLUMN) + this.lines[from]!.slice(COLUMN);
  }
  /** Keeps at most `most` lines; a cut text ends with an ellipsis. */
  cut(most: number): void {
    if (this.lines.length <= most) return;
    this.lines.splice(most);
    const last = this.lines.at(-1)!;
    if (!last.endsWith('…'))
      this.lines[most - 1] = visibleLength(last) + 2 <= this.width ? `${last} …` : `${last.slice(0, -2).trimEnd()} …`;
  }
  /** One line without wrapping, cut at the right edge. */
  code(text: string, style: Style | null = null): void {
    const shown = printable(text.replaceAll('\t', '    '));
    const cut = visibleLength(shown) > this.width ? `${shown.slice(0, this.width - 1)}…` : shown;
    this.lines.push(style === null ? cut : this.paint(style, cut));
  }
}

export function shortReport(result: RunResult, options: ShortOptions = {}): string {
  const page = new Page(Math.max(40, Math.min(options.width ?? 80, 120)), options.paint ?? plain);
  const sources = options.sources ?? NO_SOURCES;
  if (options.embedded !== true) headline(page, result, options.judgement ?? null);
  about(page, result);
  if (result.outcome === 'dfu') reached(page, result);
  else failed(page, result, sources);
  if (result.outcome === 'dfu' || mainCauses(result).length === 0) background(page, result);
  const next = options.embedded === true ? [] : nextSteps(result, sources, options.judgement ?? null);
  const enough = result.outcome === 'dfu' && lostWay(result).length === 0;
  const most = (enough ? LINES_ON_SUCCESS : LINES) - next.length;
  page.cut(most);
  next.forEach((text, i) => {
    if (i === 0) page.row('Next', 'bold', text, 1);
    else page.code(' '.repeat(COLUMN) + text);
  });
  return `${page.lines.join('\n')}\n`;
}

// ---- head ------------------------------------------------------------------------------------------------------------------------

function headline(page: Page, result: RunResult, judgement: Judgement | null): void {
  const { mark } = HEADLINES[result.outcome];
  const what = `${result.outcome}: ${headlineText(result)}`;
  if (judgement === null) page.row(mark, result.outcome === 'dfu' ? 'green' : 'red', what, 3);
  else if (judgement.holds) page.row('HOLDS', 'green', `as the scenario expects: ${what}`, 3);
  else {
    page.row('FAIL', 'red', `not what the scenario expects: ${what}`, 3);
    for (const failure of judgement.failures.slice(0, 4)) page.text(`- ${failure}`);
    if (judgement.failures.length > 4) page.text(`- and ${judgement.failures.length - 4} more`);
  }
}

/** Kinds of notes about the conditions of the run. */
const ABOUT: readonly string[] = [
  'ecc',
  'boot-address',
  'boot-at',
  'outside-memory',
  'option-bytes',
  'wrong-chip',
  'no-rom',
  'limit',
  'trigger',
  'restart',
  'watchdog',
  'kept',
  'force',
];

function about(page: Page, result: RunResult): void {
  if (!['settled', 'deadline'].includes(result.ended.reason)) page.text(endedText(result));
  if (result.symptom !== null)
    page.text(
      result.symptom.matches
        ? `This is what you reported: ${result.symptom.asked}.`
        : `This is NOT what you reported (${result.symptom.asked}); -v lists what would cause that.`,
    );
  for (const kind of ABOUT) {
    for (const note of result.notes.filter((n) => n.kind === kind).slice(0, kind === 'watchdog' ? 2 : 1))
      page.text(whole(note.text), kind === 'kept' ? 4 : kind === 'force' ? 3 : 2);
  }
}

/** The chip if it was inferred, the control run of the board, and the last output of the firmware. */
function background(page: Page, result: RunResult): void {
  const note = (kind: string): Sentence | undefined => result.notes.find((n) => n.kind === kind)?.text;
  const chip = note('chip');
  if (chip !== undefined) page.row('Chip', 'dim', chip, 1);
  const control = note('control');
  if (control !== undefined) page.row('Board', 'dim', control, 2);
  consoleLines(page, result);
}

function reached(page: Page, result: RunResult): void {
  page.text(sentence(result.summary), 3);
  const ifs = provisos(result.chip, result.dependsOn);
  if (ifs.length > 0) page.row('Holds', 'yellow', `if ${ifs.join(', and ')}`, 2);
  const lost = lostWay(result);
  for (const { id, because, confidence } of lost.slice(0, 1)) {
    const option = result.rom?.options[id];
    const sure = option === undefined ? `; ${confidence}` : `, provided the real ROM has ${id} "${option.value}" (${option.confidence})`;
    page.row('Leave', 'red', `${id}: ${because}${sure}`, 5);
  }
  // told above, by its name: `WWDG1 runs …`
  const bites = (id: string): boolean => factsIn(result.notes, 'watchdog').some(({ check }) => check === id);
  const minded = result.checks.filter((c) => (c.verdict === 'fail' || c.verdict === 'warn') && !lost.includes(c) && !bites(c.id));
  const proved = (c: RunResult['checks'][number]): boolean => result.diagnosis.harmless.includes(c.id);
  for (const c of minded.filter((m) => !proved(m)).slice(0, 2)) {
    const shown = c.id === 'debugger' ? '; --no-semihosting shows this' : '';
    page.row('Note', 'yellow', `${c.id}: ${c.because}${short(c.lastWriter)}${shown}`, 3);
  }
  const stays = result.notes.find((n) => n.kind === 'kept-options');
  if (stays) page.row('Note', 'yellow', stays.text, 4);
  const worth = minded.filter(proved).map((c) => c.id);
  if (worth.length > 0) page.row('Note', 'dim', `wrong, but harmless ${harmlessWhere(result)}: ${worth.join(', ')}`, 2);
}

/** Why the application does not start after a DFU leave, specific checks first; empty if it does, or without a leave. */
function lostWay({ checks }: RunResult): readonly RunResult['checks'][number][] {
  const lost = checks.filter((c) => c.id.startsWith('leave-') && c.verdict === 'fail');
  return lost.toSorted((a, b) => Number(a.id === 'leave-path') - Number(b.id === 'leave-path'));
}

/** A note as a sentence; a file name at its beginning keeps its case. */

// ---- a failure -------------------------------------------------------------------------------------------------------------------

function failed(page: Page, result: RunResult, sources: Sources): void {
  const causes = mainCauses(result);
  if (causes.length > 0) {
    causes.slice(0, 2).forEach((cause, i) => writeCause(page, result, cause, causes.length, i === 0 ? sources : NO_SOURCES));
    const more = causes.slice(2).map((c) => `${c.id}${short(c.lastWriter)}`);
    if (more.length > 0) page.row('Also', 'yellow', more.join(', '), 2);
    const below = new Page(page.width, page.paint);
    const withoutUsb = result.diagnosis.causes.find((c) => c.id === 'rom-usb' && !c.proved);
    if (withoutUsb) below.row('Note', 'yellow', `rom-usb: ${withoutUsb.explanation}`, 2);
    below.row('Proof', 'green', sureness(result, causes), 3);
    background(below, result);
    const room = LINES - page.lines.length - below.lines.length - nextSteps(result, sources, null).length;
    fix(page, result, causes, sources, Math.max(3, room));
    page.lines.push(...below.lines);
    return;
  }
  // for a user, firmware that waits for a button is not stuck
  if (crash(page, result, sources) || rests(page, result, sources)) return;
  page.text(sentence(result.summary), 3);
  suspects(page, result);
  unsearched(page, result);
  inVain(page, result);
  const serial = result.notes.filter((n) => n.kind === SERIAL);
  serial.forEach(({ text }, i) => (i === 0 ? page.row('Serial', 'yellow', text, 3) : page.text(text, 3)));
  const resets = result.notes.filter((n) => n.kind === 'reset').map((n) => n.text);
  if (resets[0] !== undefined) {
    page.row('Reset', 'red', resets[0], 3);
    const from = result.resets.findLast((r) => r.by !== 'power')?.from ?? null;
    if (from !== null) excerpt(page, from, sources);
    for (const text of resets.slice(1, 4)) page.text(text, 3);
  }
  const chain = result.notes.filter((n) => n.kind === 'chain');
  for (const { text } of chain.slice(0, 4)) page.text(`- ${text}`);
}

/** That the ROM of a part has no USB is documented in AN2606, not a guess. */
const labelOf = (id: string): string => (id === 'rom-usb' ? 'Why' : 'Maybe');

/** The causes of the first set that was proved. */
function mainCauses(result: RunResult): readonly ResultCause[] {
  const proof = proofOf(result);
  if (proof === null) return [];
  return proof.sets.length > 0 ? firstSet(proof) : proof.causes;
}

function writeCause(page: Page, result: RunResult, cause: ResultCause, count: number, sources: Sources): void {
  const judged = result.checks.find((c) => c.id === cause.id);
  page.row('Cause', 'red', cause.what === undefined ? `${cause.id}: ${cause.explanation}` : cause.explanation, count > 1 ? 2 : 3);
  const place = cause.lastWriter ?? (cause.at === 'entry' || cause.at === 'redirect' ? (result.entries.at(-1)?.from ?? null) : null);
  if (place === null) {
    if (judged?.observed != null) page.text(`found ${judged.observed}`, 1);
    return;
  }
  const at = cause.lastWriter === null ? '' : `, at ${humanTime(cause.lastWriter.at)}`;
  page.text(`${where(place)}${at}${judged?.observed == null ? '' : `: ${judged.observed}`}`, 2);
  excerpt(page, place, sources);
}

/** The source line with its neighbours. */
function excerpt(page: Page, place: Place, sources: Sources, around = 1): void {
  if (place.file === null || place.line === null) return;
  const found = sources(place.file);
  const leftOut = found === null ? (sources.leftOut?.(place.file) ?? null) : null;
  if (leftOut !== null) page.text(`The source line is not shown: ${leftOut}.`, 2);
  if (found === null || place.line > found.lines.length) return;
  const from = Math.max(1, place.line - around);
  const to = Math.min(found.lines.length, place.line + around);
  const width = String(to).length;
  for (let n = from; n <= to; n++) {
    const blamed = n === place.line;
    page.code(
      `${' '.repeat(COLUMN)}${blamed ? '>' : ' '} ${String(n).padStart(width)} | ${found.lines[n - 1]!.trimEnd()}`,
      blamed ? 'bold' : 'dim',
    );
  }
}

/** The fix as changed lines if the sources are available, otherwise as C; at most `room` lines. */
function fix(page: Page, result: RunResult, causes: readonly ResultCause[], sources: Sources, room: number): void {
  const patch = patchOf(result, sources);
  const jump = result.entries.at(-1)?.from ?? null;
  const each = causes.flatMap((c) => (c.fix === null ? (c.repair === null ? [] : [`/* ${c.repair} */`]) : codeOf(c.fix)));
  const inC = each;
  const changed = patch.text.split('\n').filter((l) => /^[+-](?!\+\+ |-- )/.test(l));
  const lines = patch.text === '' ? inC : changed;
  if (lines.length === 0) return;
  page.row(
    'Fix',
    'green',
    patch.text === '' ? `in C${jump?.line == null ? '' : `, at the jump (${where(jump)})`}:` : placesOf(patch.text),
    1,
  );
  const shown = lines.length < room ? lines : lines.slice(0, room - 2);
  if (isAdvice(lines)) page.text(lines[0]!, 3);
  else for (const line of shown) page.code(' '.repeat(COLUMN) + line, patch.text === '' ? null : line.startsWith('+') ? 'green' : 'red');
  if (shown.length < lines.length) page.text(`… ${lines.length - shown.length} more lines`, 1);
}

/** A comment instead of code. */
const isAdvice = (lines: readonly string[]): boolean => lines.length === 1 && /^\/\*.*\*\/$/.test(lines[0]!);

/** File and first changed line of each hunk: `main.c, line 72:`. */
function placesOf(patch: string): string {
  const places: string[] = [];
  let line = 0;
  let told = true;
  for (const text of patch.split('\n')) {
    const hunk = /^@@ -(\d+)/.exec(text);
    if (hunk) [line, told] = [Number(hunk[1]), false];
    else if (text.startsWith('+++ ')) places.push(text.slice(text.lastIndexOf('/') + 1));
    else if (told) continue;
    else if (text.startsWith(' ')) line++;
    else {
      places.push(`line ${line}`);
      told = true;
    }
  }
  return `${places.join(', ')}:`;
}

function sureness(result: RunResult, causes: readonly ResultCause[]): string {
  const what = causes.length > 1 ? `with these ${causes.length} causes repaired` : 'with only this repaired';
  const all = doubts(
    result.dependsOn,
    causes.flatMap((c) => c.dependsOn),
  );
  const ifs = provisos(result.chip, all);
  const condition = ifs.length === 0 ? '' : `, provided ${ifs.join(', and ')}`;
  if (proofOf(result)!.reached === 'serial')
    return `${what}, the ${romName(result)}, which has no USB, acknowledges 0x7F on its USART${condition}`;
  if (proofOf(result)!.reached === 'program') return `${what}, it does what it does when it is started from reset`;
  return `${what}, the same run reaches DFU on the ${romName(result)}${condition}`;
}

function crash(page: Page, result: RunResult, sources: Sources): boolean {
  const notes = result.notes.filter((n) => n.kind === 'crash');
  if (notes.length === 0) return false;
  page.row('Fault', 'red', notes[0]!.text, 3);
  const place = factsIn(result.notes, 'fault').find(({ at }) => at.file !== null)?.at ?? null;
  if (place) excerpt(page, place, sources);
  for (const { text, about } of notes.slice(1)) page.text(about?.is === 'calls' ? calledBy(about.frames, sources) : text, 2);
  const chain = result.notes.filter((n) => n.kind === 'chain').map((n) => n.text);
  if (chain.length > 0) page.row('Origin', 'cyan', chain[0]!, 2);
  for (const text of chain.slice(1, 3)) page.text(text, 2);
  // no line of the program is known: failed checks explain how the core came there
  if (place === null) suspects(page, result);
  return true;
}

function waits(page: Page, result: RunResult, sources: Sources): boolean {
  const { stuck } = result;
  if (stuck === null) return false;
  const { loop, place, callers, inHandler, what, value } = waitOf(stuck, result);
  const said = what === null ? sentence(result.summary) : `the loop at ${loop} polls ${what}${value}`;
  // the summary of a loop that reads nothing names the reasons itself
  const why = what === null && !inHandler ? [] : result.notes.filter((n) => n.kind === 'wait');
  page.row('Waits', 'red', said, what === null ? 4 : 2);
  if (place) excerpt(page, place, sources);
  if (stuck.address === null && stuck.register === null && place && asksSomething(place, sources))
    page.text('The loop reads no memory, although its source line does: a variable that only an interrupt changes must be volatile.', 2);
  if (callers.length > 0) page.text(calledBy(callers, sources), 2);
  for (const { text } of why) page.text(text, 3, ' '.repeat(COLUMN + 2), `${' '.repeat(COLUMN)}- `);
  if (result.unmodelled.some((u) => `${u.peripheral}.${u.register}` === stuck.register))
    page.text(`bootbench does not model ${stuck.register}; a real chip may well get past this.`);
  return true;
}
/** Where the sources of some frames are here, the others are those of libraries, whose paths leave no room for the program's own: they are named without. */
function calledBy(frames: readonly Frame[], sources: Sources): string {
  const isHere = ({ file }: Frame): boolean => file !== null && sources(file) !== null;
  const some = frames.some(isHere);
  return `called by: ${frames.map((f) => (!some || isHere(f) ? f.text : f.name)).join(' < ')}`;
}

/** A loop in the source whose condition is more than a constant. */
function asksSomething({ file, line }: Place, sources: Sources): boolean {
  const text = (sources(file!)?.lines[line! - 1] ?? '').replace(/\/\/.*|\/\*.*?\*\//g, '');
  const loops = [...text.matchAll(/\b(?:while\s*\(|for\s*\([^;]*;)/g)];
  // with several loops in one line, the right one is not known
  if (loops.length !== 1) return false;
  const condition = upToItsEnd(text.slice(loops[0]!.index + loops[0]![0].length));
  return /[A-Za-z_]/.test(condition.replace(/\b(true|TRUE|0x[\da-f]+)\b/gi, ''));
}
/** Up to the parenthesis that closes what came before, or the semicolon between. */
function upToItsEnd(text: string): string {
  let open = 1;
  for (let i = 0; i < text.length; i++) {
    open += Number(text[i] === '(') - Number(text[i] === ')');
    if (open === 0 || text[i] === ';') return text.slice(0, i);
  }
  return text;
}
/** For a run in which nothing triggers the jump, or the firmware waits. */
function rests(page: Page, result: RunResult, sources: Sources): boolean {
  const asked = notTriggered(page, result, sources);
  if (!asked && !waits(page, result, sources)) return false;
  // a loop that reads nothing is where a program idles, not why it has not jumped
  if (!asked && result.stuck?.register === null) suspects(page, result);
  inVain(page, result);
  return true;
}

function notTriggered(page: Page, result: RunResult, sources: Sources): boolean {
  const notes = result.notes.filter((n) => n.kind === 'not-triggered').map((n) => n.text);
  if (notes.length === 0) return false;
  suspects(page, result);
  const reset = result.resets.find((r) => r.by === 'software' || r.by === 'option-bytes');
  const starved = result.notes.find((n) => n.kind === 'starved')?.text;
  const why = loopAtEnd(result) ?? starved ?? keptInVain(result);
  page.row('Why', 'yellow', why ?? (reset === undefined ? 'nothing triggered the jump into the ROM in this run' : behindReset(reset)), 5);
  for (const text of notes.slice(0, 4)) page.text(`- ${text}`, 2);
  for (const { text } of result.notes.filter((n) => n.kind === 'find-jump').slice(0, 6)) page.text(`tried: ${text}`, 2);
  // where it idles, unless it polls the pin or the port there
  if (result.stuck?.register === null) waits(page, result, sources);
  return true;
}

function behindReset({ at, by, from }: RunResult['resets'][number]): string {
  const how = by === 'software' ? 'reset the chip' : 'loaded the option bytes, which resets the chip,';
  return `the firmware ${how} at ${humanTime(at)}${short(from)}, and nothing jumped into the ROM after that`;
}

/** Problems of a run that never entered the ROM: a clock that the board lacks, the application's own USB, and writes that the flash refused. */
function inVain(page: Page, result: RunResult): void {
  const { entries, notes } = result;
  const clock = absentClock(result);
  // a wait that it never leaves tells this itself
  if (clock !== undefined && !lacksClock(result)) page.row('Clock', 'yellow', clock, 3);
  const usb = notes.find((n) => n.kind === 'usb-clock')?.text;
  if (usb !== undefined) page.row('USB', 'yellow', usb, 4);
  const lost = refusedWrite(notes);
  if (lost === undefined || entries.length > 0) return;
  const locked = lost.about?.is === 'locked' && lost.about.lock === 'OPTLOCK';
  // the same name and the same two words in all families that have the lock (reference manuals, FLASH, option bytes)
  page.row('Lost', 'yellow', `${lost.text}${locked ? '; first write the two keys to FLASH_OPTKEYR' : ''}`, 2);
}

/** Suspects: not proved, so not called causes, but the best places to look. */
function suspects(page: Page, result: RunResult): void {
  for (const { id, lastWriter, explanation } of result.diagnosis.causes.slice(0, 3)) {
    page.row(labelOf(id), 'yellow', `${id}: ${explanation}`, 2);
    if (lastWriter !== null) page.text(where(lastWriter), 1);
  }
}

/** A run that did not finish proves nothing, but its failed checks are the best places to look. */
function unsearched(page: Page, { diagnosis, checks }: RunResult): void {
  if (diagnosis.explained !== null || diagnosis.causes.length > 0) return;
  for (const { id, because, observed, lastWriter } of checks.filter((c) => c.verdict === 'fail').slice(0, 3)) {
    page.row('Maybe', 'yellow', `${id}: ${because}${observed === null ? '' : `; found ${observed}`}`, 3);
    if (lastWriter !== null) page.text(where(lastWriter), 1);
  }
}

// ---- foot ------------------------------------------------------------------------------------------------------------------------

const CONSOLE_LINES = 2;
/** The last output on each console. */
function consoleLines(page: Page, result: RunResult): void {
  for (const [channel, text] of Object.entries(result.console)) {
    const all = consoleText(text).filter((l) => l.trim() !== '');
    if (all.length === 0 || /^start(?:\s+start)*$/.test(text.trim())) continue;
    const [first, ...rest] = all.slice(-CONSOLE_LINES);
    page.row(channel.slice(0, COLUMN - 1), 'dim', first!, 1);
    for (const line of rest) page.code(' '.repeat(COLUMN) + line);
  }
}

/** The board has no clock source for the flag that the firmware waits for; forcing the flag would not help. */
const lacksClock = ({ notes }: RunResult): boolean =>
  notes.some(({ kind, about }) => kind === 'wait' && about?.is === 'never-ready' && about.otherBoard);

/** A note of a clock that the board cannot give, whether the firmware still waits for it or not; what has entered the ROM got by without. */
function absentClock({ entries, notes }: RunResult): Sentence | undefined {
  const note = notes.find(({ kind, about }) => kind === 'guest' && about?.is === 'never-ready');
  return note !== undefined && entries.length === 0 ? note.text : undefined;
}

/** The clock enable in RCC without which the polled register reads as 0; forcing a bit would hide that. */
const missingClock = ({ notes }: RunResult): string | undefined => factsIn(notes, 'no-clock')[0]?.enable;

/** What gets the firmware past its wait, if anything does. */
function pastWait(result: RunResult): string[] {
  const clock = missingClock(result);
  if (lacksClock(result) || absentClock(result) !== undefined)
    return ['add --board with the name of your board, or "board": {"hse": {"hz": …}} to a scenario'];
  if (clock !== undefined) return [`set ${clock} in your firmware first`];
  if (result.stuck?.force) return [`add --force ${result.stuck.force} to get past the wait`];
  const port = result.stuck?.register?.split('.')[0];
  const isTold = factsIn(result.notes, 'steps').some((f) => f.serial);
  const isReceiving = port !== undefined && SERIAL_PORT.test(port) && factsIn(result.notes, 'waits-for-input').length > 0 && !isTold;
  return isReceiving ? [`add to a scenario: {"at":"1s","do":{"uart":{"port":"${port}","text":"…"}}}`] : [];
}

/** Options to add to the command line, and other commands. */
function nextSteps(result: RunResult, sources: Sources, judgement: Judgement | null): string[] {
  const all = 'add -v (full report), --checks (all checks), --html report.html (page)';
  if (result.outcome === 'dfu' && lostWay(result).length > 0)
    return [all, 'bootbench leave … shows where its start differs from one after a reset'];
  if (result.outcome === 'dfu' || judgement?.holds === true) return [all];
  const steps: string[] = [];
  const causes = mainCauses(result);
  if (causes.length > 0) {
    const patch = patchOf(result, sources);
    if (patch.text !== '') steps.push(`add --fix > fix.diff for a patch, then: patch ${patch.elsewhere ? '-d / ' : ''}-p1 < fix.diff`);
  }
  steps.push(...pastWait(result));
  if (result.notes.some((n) => n.kind === 'not-triggered') && !result.notes.some((n) => n.kind === 'find-jump' || n.kind === 'trigger'))
    steps.push('add --trigger to try these');
  steps.push(all);
  if (causes.length > 0) steps.push(`bootbench explain ${causes[0]!.id}`);
  return steps;
}

function where(place: Place): string {
  const symbol = place.symbol === null ? '' : ` (${place.symbol})`;
  return place.file === null ? `${place.pc}${symbol}` : `${place.file}:${place.line}${symbol}`;
}
const short = (place: Place | null): string =>
  place?.file == null ? '' : ` (${place.file.slice(place.file.lastIndexOf('/') + 1)}:${place.line})`;
