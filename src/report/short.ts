/**
 * The first screen of a run: what happened, the line of your code, the fix, how sure that is, what to type next. At most 25 lines at 80 columns, 10 where DFU
 * was reached and nothing is wrong with the way back. Everything else is `terminalReport`, one option away.
 */
import type { Judgement } from '../bench/documents/expect.ts';
import { doubts } from '../bench/verdict/summary.ts';
import type { Place, ResultCause, RunResult } from '../bench/documents/result.ts';
import { firstSet, proofOf, SERIAL } from '../bench/documents/serial-proof.ts';
import { patchOf } from './patch.ts';
import { NO_SOURCES, type Sources } from './source-lines.ts';
import { endedText, harmlessWhere, headlineText, HEADLINES, keptInVain, refusedWrite, romName, waitOf } from './terminal.ts';
import { consoleText, humanTime, pad, plain, printable, visibleLength, wrap, type Paint, type Style } from './text.ts';

export interface ShortOptions {
  readonly paint?: Paint;
  /** Columns. */
  readonly width?: number;
  readonly judgement?: Judgement | null;
  readonly sources?: Sources;
  /** It stands among others, below a line that says what was expected: without headline and without what to type next. */
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
  /** Text in at most `most` lines; what is cut off ends in an ellipsis. */
  text(text: string, most = 2, indent = ' '.repeat(COLUMN), first = indent): void {
    const all = wrap(printable(text), this.width, indent, first);
    const shown = all.slice(0, most);
    if (all.length > most) shown[most - 1] = `${shown[most - 1]!.slice(0, this.width - 2).trimEnd()} …`;
    this.lines.push(...shown);
  }
  row(label: string, style: Style, text: string, most = 2): void {
    const from = this.lines.length;
    this.text(text, most);
    this.lines[from] = pad(this.paint(style, label), COLUMN) + this.lines[from]!.slice(COLUMN);
  }
  /** So many lines; what is cut off ends in an ellipsis. */
  cut(most: number): void {
    if (this.lines.length <= most) return;
    this.lines.splice(most);
    const last = this.lines.at(-1)!;
    if (!last.endsWith('…'))
      this.lines[most - 1] = visibleLength(last) + 2 <= this.width ? `${last} …` : `${last.slice(0, -2).trimEnd()} …`;
  }
  /** One line as it is, cut at the edge. */
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

/** Notes that say what this run is at all. */
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
        : `This is NOT what you reported (${result.symptom.asked}): -v tells what would show it.`,
    );
  for (const kind of ABOUT) {
    for (const note of result.notes.filter((n) => n.kind === kind).slice(0, kind === 'watchdog' ? 2 : 1))
      page.text(whole(note.text), kind === 'kept' ? 4 : kind === 'force' ? 3 : 2);
  }
}

/** What it ran on, where that was not said; whether the board itself is all right; what the firmware printed last. */
function background(page: Page, result: RunResult): void {
  const note = (kind: string): string | undefined => result.notes.find((n) => n.kind === kind)?.text;
  const chip = note('chip');
  if (chip !== undefined) page.row('Chip', 'dim', chip, 1);
  const control = note('control');
  if (control !== undefined) page.row('Board', 'dim', control.replace(/^control run: /, ''), 2);
  consoleLines(page, result);
}

function reached(page: Page, result: RunResult): void {
  page.text(sentence(result.summary), 3);
  if (result.dependsOn.length > 0)
    page.row('Sure', 'yellow', `if the ROM has ${conditions(result.dependsOn)}; ST does not publish that`, 2);
  const lost = lostWay(result);
  for (const { id, because, confidence } of lost.slice(0, 1)) {
    const option = result.rom?.options[id];
    const sure = option === undefined ? `; ${confidence}` : `, if the ROM has ${id} "${option.value}" (${option.confidence})`;
    page.row('Back', 'red', `${id}: ${because}${sure}`, 5);
  }
  // told above, by its name: `WWDG1 runs …`
  const bites = (id: string): boolean => result.notes.some((n) => n.kind === 'watchdog' && n.text.toLowerCase().startsWith(id));
  const minded = result.checks.filter((c) => (c.verdict === 'fail' || c.verdict === 'warn') && !lost.includes(c) && !bites(c.id));
  const proved = (c: RunResult['checks'][number]): boolean => result.diagnosis.harmless.includes(c.id);
  for (const c of minded.filter((m) => !proved(m)).slice(0, 2)) {
    const shown = c.id === 'debugger' ? '; --no-semihosting shows that' : '';
    page.row('Mind', 'yellow', `${c.id}: ${c.because}${short(c.lastWriter)}${shown}`, 3);
  }
  const stays = result.notes.find((n) => n.kind === 'kept-options');
  if (stays) page.row('Stays', 'yellow', stays.text, 4);
  const worth = minded.filter(proved).map((c) => c.id);
  if (worth.length > 0) page.row('Mind', 'dim', `not as it should be, and harmless ${harmlessWhere(result)}: ${worth.join(', ')}`, 2);
}

/** Why the application does not come back from a DFU leave, the reason before the place; empty where it does or nobody leaves. */
function lostWay({ checks }: RunResult): readonly RunResult['checks'][number][] {
  const lost = checks.filter((c) => c.id.startsWith('leave-') && c.verdict === 'fail');
  return lost.toSorted((a, b) => Number(a.id === 'leave-path') - Number(b.id === 'leave-path'));
}

/** A note as a sentence; the name of a file that it begins with keeps its letters. */
const whole = (text: string): string => `${/^\S+[./]\S+:/.test(text) ? text : sentence(text)}${/[.?!]$/.test(text) ? '' : '.'}`;
const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

// ---- a failure -------------------------------------------------------------------------------------------------------------------

function failed(page: Page, result: RunResult, sources: Sources): void {
  const causes = mainCauses(result);
  if (causes.length > 0) {
    causes.slice(0, 2).forEach((cause, i) => writeCause(page, result, cause, causes.length, i === 0 ? sources : NO_SOURCES));
    const more = causes.slice(2).map((c) => `${c.id}${short(c.lastWriter)}`);
    if (more.length > 0) page.row('Also', 'yellow', more.join(', '), 2);
    const below = new Page(page.width, page.paint);
    const withoutUsb = result.diagnosis.causes.find((c) => c.id === 'rom-usb' && !c.proved);
    if (withoutUsb) below.row('Mind', 'yellow', `rom-usb: ${withoutUsb.explanation.split(/\n\n+/)[0]!}`, 2);
    below.row('Sure', 'green', sureness(result, causes), 3);
    background(below, result);
    const room = LINES - page.lines.length - below.lines.length - nextSteps(result, sources, null).length;
    fix(page, result, causes, sources, Math.max(3, room));
    page.lines.push(...below.lines);
    return;
  }
  // who waits for a button is not stuck in a person's eyes
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
    for (const text of resets.slice(1, 4)) page.text(text, 2);
  }
  const chain = result.notes.filter((n) => n.kind === 'chain');
  for (const { text } of chain.slice(0, 4)) page.text(`- ${text}`);
}

/** AN2606 says of the part that its ROM has no USB: that is no guess. */
const labelOf = (id: string): string => (id === 'rom-usb' ? 'Why' : 'Maybe');

/** The causes of the first set that was proved. */
function mainCauses(result: RunResult): readonly ResultCause[] {
  const proof = proofOf(result);
  if (proof === null) return [];
  return proof.sets.length > 0 ? firstSet(proof) : proof.causes;
}

function writeCause(page: Page, result: RunResult, cause: ResultCause, count: number, sources: Sources): void {
  const [first = ''] = cause.explanation.split(/\n\n+/);
  const judged = result.checks.find((c) => c.id === cause.id);
  page.row('Cause', 'red', `${cause.id}: ${first}`, count > 1 ? 2 : 3);
  const place = cause.lastWriter ?? (cause.at === 'entry' || cause.at === 'redirect' ? (result.entries.at(-1)?.from ?? null) : null);
  if (place === null) {
    if (judged?.observed != null) page.text(`found ${judged.observed}`, 1);
    return;
  }
  const at = cause.lastWriter === null ? '' : `, at ${humanTime(cause.lastWriter.at)}`;
  page.text(`${where(place)}${at}${judged?.observed == null ? '' : `: ${judged.observed}`}`, 2);
  excerpt(page, place, sources);
}

/** The line and its neighbours. */
function excerpt(page: Page, place: Place, sources: Sources, around = 1): void {
  if (place.file === null || place.line === null) return;
  const found = sources(place.file);
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

/** As a patch where the source is there, else as C; in so many lines. */
function fix(page: Page, result: RunResult, causes: readonly ResultCause[], sources: Sources, room: number): void {
  const patch = patchOf(result, sources);
  const jump = result.entries.at(-1)?.from ?? null;
  const each = causes.flatMap((c) => c.fix?.replace(/\n+$/, '') ?? (c.repair === null ? [] : `/* ${c.repair} */`));
  const inC = [...new Set(each)].flatMap((text) => text.split('\n'));
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
  for (const line of shown) page.code(' '.repeat(COLUMN) + line, patch.text === '' ? null : line.startsWith('+') ? 'green' : 'red');
  if (shown.length < lines.length) page.text(`… ${lines.length - shown.length} more lines`, 1);
}

/** `main.c, line 72:`: where a hunk changes something first. */
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
  const what = causes.length > 1 ? `with these ${causes.length} repaired` : 'with only this repaired';
  const all = doubts(
    result.dependsOn,
    causes.flatMap((c) => c.dependsOn),
  );
  const condition = all.length === 0 ? '' : `, if the real ROM has ${conditions(all)}`;
  if (proofOf(result)!.reached === 'serial')
    return `proved: ${what}, the ${romName(result)} acknowledges 0x7F on its USART${condition}; it has no USB`;
  return `proved: the same run ${what} reaches DFU on the ${romName(result)}${condition}`;
}

const conditions = (list: readonly { readonly rom: string; readonly value: string; readonly confidence: string }[]): string => {
  const names = [...new Map(list.map((d) => [d.rom, `${d.rom} "${d.value}" (${d.confidence})`])).values()];
  return names.length <= 2 ? names.join(' and ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more that -v lists`;
};

function crash(page: Page, result: RunResult, sources: Sources): boolean {
  const lines = result.notes.filter((n) => n.kind === 'crash').map((n) => n.text);
  if (lines.length === 0) return false;
  page.row('Fault', 'red', lines[0]!, 3);
  const place = placeIn(lines[0]!);
  if (place) excerpt(page, place, sources);
  for (const text of lines.slice(1)) page.text(text, 2);
  const chain = result.notes.filter((n) => n.kind === 'chain').map((n) => n.text);
  if (chain.length > 0) page.row('How', 'cyan', chain[0]!, 2);
  for (const text of chain.slice(1, 3)) page.text(text, 1);
  // no line of the program is to blame: what is known to be wrong says how the core came there
  if (place === null) suspects(page, result);
  return true;
}

function waits(page: Page, result: RunResult, sources: Sources): boolean {
  const { stuck } = result;
  if (stuck === null) return false;
  const { loop, callers, what, value } = waitOf(stuck, result);
  const said = what === null ? sentence(result.summary) : `the loop at ${loop} polls ${what}${value}`;
  const why = result.notes.filter((n) => n.kind === 'wait' && !said.includes(n.text));
  page.row('Waits', 'red', said, what === null ? 4 : 2);
  const place = placeIn(loop);
  if (place) excerpt(page, place, sources);
  if (stuck.address === null && stuck.register === null && place && asksSomething(place, sources))
    page.text('The loop reads nothing, although its line asks for something: what only an interrupt changes has to be volatile.', 2);
  if (callers.length > 0) page.text(`called by: ${callers.join(' < ')}`, 2);
  for (const { text } of why) page.text(text, 3, ' '.repeat(COLUMN + 2), `${' '.repeat(COLUMN)}- `);
  if (result.unmodelled.some((u) => `${u.peripheral}.${u.register}` === stuck.register))
    page.text(`bootbench has no behaviour for ${stuck.register}: silicon may well get past this.`);
  return true;
}
/** A loop in the source whose condition is more than a constant. */
function asksSomething({ file, line }: Place, sources: Sources): boolean {
  const text = (sources(file!)?.lines[line! - 1] ?? '').replace(/\/\/.*|\/\*.*?\*\//g, '');
  const loops = [...text.matchAll(/\b(?:while\s*\(|for\s*\([^;]*;)/g)];
  // of several in one line it is not known which one it is
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
/** `file:line (function)` of a text, from its start. */
function placeIn(text: string): Place | null {
  const [, file, line, symbol] = /^(\S+):(\d+) \(([^)]*)\)/.exec(text) ?? [];
  return file === undefined ? null : { pc: '0x00000000', symbol: symbol!, file, line: Number(line) };
}

/** Nothing asks for the ROM, or the firmware waits. */
function rests(page: Page, result: RunResult, sources: Sources): boolean {
  const asked = notTriggered(page, result, sources);
  if (!asked && !waits(page, result, sources)) return false;
  // a loop that reads nothing is where a program rests, and not why it has not jumped
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
  const why = starved ?? keptInVain(result);
  page.row('Why', 'yellow', why ?? (reset === undefined ? 'nothing asked for the ROM in this run' : behindReset(reset)), 5);
  for (const text of notes.slice(0, 4)) page.text(`- ${text}`, 2);
  for (const { text } of result.notes.filter((n) => n.kind === 'find-jump').slice(0, 6)) page.text(`tried: ${text}`, 2);
  // where it stands in the meantime, unless it is the pin or the port that it polls there
  if (result.stuck?.register === null) waits(page, result, sources);
  return true;
}

function behindReset({ at, by, from }: RunResult['resets'][number]): string {
  const how = by === 'software' ? 'reset itself' : 'loaded its option bytes, which resets the chip,';
  return `the firmware ${how} at ${humanTime(at)}${short(from)}, and nothing went for the ROM behind that`;
}

/** What was in vain in a run that never entered the ROM: the application's own USB, and writes that the flash refused. */
function inVain(page: Page, { entries, notes }: RunResult): void {
  const usb = notes.find((n) => n.kind === 'usb-clock')?.text;
  if (usb !== undefined) page.row('USB', 'yellow', usb, 4);
  const lost = refusedWrite(notes);
  if (lost === undefined || entries.length > 0) return;
  // the same name and the same two words in all families that have the lock (reference manuals, FLASH, option bytes)
  page.row('Lost', 'yellow', `${lost}${lost.includes('OPTLOCK = 1') ? '; the two keys go to FLASH_OPTKEYR first' : ''}`, 2);
}

/** Not proved, so that it is not called a cause; still the best place to look. */
function suspects(page: Page, result: RunResult): void {
  for (const { id, lastWriter, explanation } of result.diagnosis.causes.slice(0, 3)) {
    page.row(labelOf(id), 'yellow', `${id}: ${explanation.split(/\n\n+/)[0]!}`, 2);
    if (lastWriter !== null) page.text(where(lastWriter), 1);
  }
}

/** A run that was not finished proves nothing, and what breaks a documented rule in it is still the best place to look. */
function unsearched(page: Page, { diagnosis, checks }: RunResult): void {
  if (diagnosis.explained !== null || diagnosis.causes.length > 0) return;
  for (const { id, because, observed, lastWriter } of checks.filter((c) => c.verdict === 'fail').slice(0, 3)) {
    page.row('Maybe', 'yellow', `${id}: ${because}${observed === null ? '' : `; found ${observed}`}`, 3);
    if (lastWriter !== null) page.text(where(lastWriter), 1);
  }
}

// ---- foot ------------------------------------------------------------------------------------------------------------------------

const CONSOLE_LINES = 2;
/** What a console printed last; a line editor's or the ROM's own bytes say nothing. */
function consoleLines(page: Page, result: RunResult): void {
  for (const [channel, text] of Object.entries(result.console)) {
    const all = consoleText(text).filter((l) => l.trim() !== '');
    if (all.length === 0 || /^start(?:\s+start)*$/.test(text.trim())) continue;
    const [first, ...rest] = all.slice(-CONSOLE_LINES);
    page.row(channel.slice(0, COLUMN - 1), 'dim', first!, 1);
    for (const line of rest) page.code(' '.repeat(COLUMN) + line);
  }
}

/** The board gives no clock for what the firmware waits for: a bit that is forced would not bring one. */
const lacksClock = ({ notes }: RunResult): boolean => notes.some((n) => n.kind === 'wait' && n.text.includes('--board chooses another'));

/** The bit of RCC without which what is polled reads as zero: a bit that is forced would hide that. */
const missingClock = ({ notes }: RunResult): string | undefined =>
  notes.flatMap((n) => (n.kind === 'wait' ? (/ has no clock: (\S+) is 0/.exec(n.text)?.[1] ?? []) : []))[0];

/** What passes a wait, if anything does. */
function pastWait(result: RunResult): string[] {
  const clock = missingClock(result);
  if (lacksClock(result)) return ['add --board with the name of your board, or "board": {"hse": {"hz": …}} in a scenario'];
  if (clock !== undefined) return [`have the firmware set ${clock} first`];
  return result.stuck?.force ? [`add --force ${result.stuck.force} to pass the wait`] : [];
}

/** Options to add to the command line, and other commands. */
function nextSteps(result: RunResult, sources: Sources, judgement: Judgement | null): string[] {
  const all = 'add -v for the whole report; --checks, --html report.html';
  if (result.outcome === 'dfu' && lostWay(result).length > 0)
    return [all, 'bootbench leave … tells where its start differs from one after a reset'];
  if (result.outcome === 'dfu' || judgement?.holds === true) return [all];
  const steps: string[] = [];
  const causes = mainCauses(result);
  if (causes.length > 0) {
    const patch = patchOf(result, sources);
    if (patch.text !== '') steps.push(`add --fix > fix.diff for the patch, then: patch ${patch.elsewhere ? '-d / ' : ''}-p1 < fix.diff`);
  }
  steps.push(...pastWait(result));
  if (result.notes.some((n) => n.kind === 'not-triggered') && !result.notes.some((n) => n.kind === 'find-jump' || n.kind === 'trigger'))
    steps.push('add --trigger to call and press that');
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
