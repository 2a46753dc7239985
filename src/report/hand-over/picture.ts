/**
 * The hand-over as one picture: left the lines of code that made each precondition, in the middle what the receiver inherits as wires across the border, right what the host says to
 * it and hears, with where that stops. A static SVG; behind a link in it (`#<id>-repaired`) the same run with its cause repaired.
 */
import { failsToLeave, proofOf } from '../../bench/documents/proved.ts';
import { hasReached } from '../../bench/documents/reached.ts';
import { hasReservations } from '../../bench/documents/reservations.ts';
import type { RunResult } from '../../bench/documents/result.ts';
import type { SafeText } from '../../bench/documents/safe-text.ts';
import { isRemark, partsOf } from '../../checks/fix-in-c.ts';
import { escapeHtml as escape, pageOf } from '../page.ts';
import { NO_SOURCES, type Sources } from '../source-lines.ts';
import type { Fact } from '../story/facts.ts';
import { headline, LOST_BACK, tell } from '../story/sentences.ts';
import { storyOf } from '../story/story.ts';
import { humanTime, sentence } from '../text.ts';
import { isLoaded, ladderOf, type Ladder, type Rung } from './ladder.ts';
import { fit, fitValue, MARK, widthOf, wrapped, type Font } from './measure.ts';
import { wayBackOf, type WayBack } from './way-back.ts';
import { shortPlace, wiresOf, type CodeOfWire, type Wire } from './wires.ts';

export interface HandOverOptions {
  readonly sources?: Sources;
  /** In front of the names of this picture, where a page has several. */
  readonly id?: string;
  /** As wide as a phone: the host stands below. */
  readonly narrow?: boolean;
  /** False: what stands around the picture has the verdict for a heading, so that it is left out here. */
  readonly headed?: boolean;
  /** Wires that somebody has turned over at the jump, by their ids: no line of the firmware made them so. */
  readonly byHand?: ReadonlySet<string>;
}

const PAD = 14;
const BAND = 34;
const LOW = 23;
const RUNG = 33;

/** Where things stand, in units of the picture. */
interface Layout {
  readonly width: number;
  /** Where the code's ground ends and its wires begin, and the border. */
  readonly codeEnd: number;
  readonly wiresFrom: number;
  readonly border: number;
  /** Left and right end of the ladder. */
  readonly ladder: number;
  readonly host: number;
  /** The ladder stands below the wires, and a line of code above its wire. */
  readonly isStacked: boolean;
  /** Height of a row with a line of code; that line and its place, from the wire. */
  readonly tall: number;
  readonly code: number;
  readonly place: number;
  /** Most lines of a heading and of a reason. */
  readonly lines: readonly [title: number, reason: number];
}
const WIDE: Layout = {
  width: 760,
  codeEnd: 254,
  wiresFrom: 254,
  border: 474,
  ladder: 520,
  host: 746,
  isStacked: false,
  tall: 42,
  code: -3,
  place: 13,
  lines: [2, 3],
};
/** As wide as a phone. */
const NARROW: Layout = {
  width: 380,
  codeEnd: 334,
  wiresFrom: 152,
  border: 334,
  ladder: 30,
  host: 366,
  isStacked: true,
  tall: 50,
  code: -15,
  place: 4,
  lines: [4, 5],
};

const TITLE: Font = { size: 19, bold: true };
const TEXT: Font = { size: 13 };
const CODE: Font = { size: 12.5, mono: true };
const SMALL: Font = { size: 11.5 };
const LABEL: Font = { size: 11.5, mono: true };
/** Of what stands in a tooltip. */
const LONGEST_TITLE = 110;

const STYLE = (q: string): string => {
  const at = (hash: string): string => `#${q}-repaired:target~g ${hash}`;
  return `.ho{--i:#1b1f24;--s:#57606a;--r:#c4122f;--k:#1a7f37;--o:#8a5a00;--b:#fff;--c:#eef4fb;--m:#fff3d6;--t:#fde7ea;--h:#d5dae0;font-family:system-ui,sans-serif}
@media(prefers-color-scheme:dark){.ho{--i:#e6edf3;--s:#a3adb8;--r:#ff8078;--k:#5fd873;--o:#e3b341;--b:#0d1117;--c:#151d28;--m:#2b2413;--t:#3a1a1d;--h:#333b45}}
.ho text{fill:var(--i);font-size:13px}.ho .h{font-size:19px;font-weight:700}.ho .s{font-size:11.5px;fill:var(--s)}.ho .m,.ho .l{font-family:ui-monospace,monospace;font-size:12.5px}.ho .l{font-size:11.5px}
.ho text.red{fill:var(--r)}.ho text.ok{fill:var(--k)}.ho text.odd{fill:var(--o)}.ho .bo{font-weight:700}.ho .e{text-anchor:end}.ho .c{text-anchor:middle}.ho .x.x{font-size:19px;font-weight:700}
.ho path{fill:none;stroke:var(--k);stroke-width:2.5}.ho .w{stroke-width:5}.ho .r{stroke:var(--r)}.ho .o{stroke:var(--o)}.ho .n{stroke:var(--s);stroke-width:1.5}.ho .q{stroke-width:1.5}.ho .d{stroke-dasharray:5 4}.ho .p{fill:var(--b);stroke-width:1.5}
.ho .g path{stroke-dasharray:2 4;stroke-width:1.5}.ho .g text{fill:var(--k)}.ho .v{display:none}.ho a text{fill:var(--s);text-decoration:underline}
${at('.a')}{display:none}${at('.v')}{display:inline}${at('.g path')}{stroke-dasharray:none;stroke-width:2.5}`;
};

class Svg {
  readonly parts: string[] = [];
  readonly at: Layout;
  constructor(at: Layout) {
    this.at = at;
  }
  add(...markup: string[]): void {
    this.parts.push(...markup);
  }
  text(x: number, y: number, text: string, look: string, full?: string): void {
    this.add(`<text x="${x}" y="${y}"${look === '' ? '' : ` class="${look}"`}>${titled(text, full)}${escape(text)}</text>`);
  }
  path(d: string, look: string): void {
    this.add(`<path d="${d}"${look === '' ? '' : ` class="${look}"`}/>`);
  }
  /** Lines of one text; where it is cut, its last line has the whole. */
  lines(x: number, y: number, lines: readonly string[], step: number, look: string, full: string): void {
    const cut = lines.at(-1)?.endsWith(MARK) === true;
    lines.forEach((line, i) => this.text(x, y + step * i, line, look, cut && i === lines.length - 1 ? full : undefined));
  }
  group(look: string, draw: () => void): void {
    this.add(`<g class="${look}">`);
    draw();
    this.add('</g>');
  }
}
/** What is cut in the picture stands in its tooltip. */
const titled = (shown: string, full: string | undefined): string =>
  full === undefined || full === shown
    ? ''
    : `<title>${escape(full.length > LONGEST_TITLE ? `${full.slice(0, LONGEST_TITLE)}…` : full)}</title>`;

/** What a person would read, without comments. */
const bare = (line: string): string => {
  const code = line.replace(/\s*(?:\/\*.*?\*\/|\/\*.*$|\/\/.*$)\s*/g, ' ').trim();
  return code === '' ? line.trim() : code;
};

const LOOK = { good: '', odd: 'o', broken: 'r' } as const;
const INK = { good: 'ok', odd: 'odd', broken: 'red' } as const;
/** What is odd is unlike a start by BOOT0, and nothing hangs on it. */
const SIGN = { good: '✓', odd: '≠', broken: '✗' } as const;

interface Row {
  readonly wire: Wire;
  readonly y: number;
  readonly height: number;
  /** The code stands there already, one row above. */
  readonly again: boolean;
  /** Of the row above. */
  readonly above: number;
}
/** Rows with a line of code, and others. */
interface Most {
  readonly tall: number;
  readonly low: number;
}
const ALONE: Most = { tall: 7, low: 6 };
const ONE_OF_TWO: Most = { tall: 5, low: 3 };
/** On a phone the host is further down with every row. */
const stacked = ({ tall, low }: Most): Most => ({ tall: tall - 2, low: low - 1 });

/** Those with a line of code are tall; of the others as many as there is room for. */
function rowsOf(wires: readonly Wire[], from: number, most: Most, height: number): { rows: Row[]; left: Wire[]; end: number } {
  const isLow = (w: Wire): boolean => w.state === 'good' && w.code === null;
  const coded = wires.filter((w) => !isLow(w));
  // what is wrong comes before what is not, and the jump is always there
  const important = [...coded].sort((a, b) => worth(b) - worth(a)).slice(0, most.tall);
  const tall = coded.filter((w) => important.includes(w));
  const low = wires.filter(isLow).slice(0, Math.max(2, most.low + most.tall - tall.length - 3));
  let [y, above] = [from, from];
  const rows = [...tall, ...low].map((wire, i, all): Row => {
    const before = all[i - 1];
    const again = wire.state !== 'broken' && before !== undefined && placeOf(before) === placeOf(wire);
    const tallness = isLow(wire) ? LOW : height;
    const row = { wire, y: y + tallness / 2, height: tallness, again, above };
    above = row.y;
    y += tallness;
    return row;
  });
  return { rows, left: wires.filter((w) => !tall.includes(w) && !low.includes(w)), end: y };
}
const placeOf = ({ code, owner }: Wire): string => (code === null ? owner : `${code.place} ${code.function ?? ''}`);
const worth = ({ state, id }: Wire): number => (state === 'broken' ? 3 : id === 'jump' ? 2 : state === 'odd' ? 1 : 0);

/** For a line of code, and beside a wire. */
const roomFor = ({ codeEnd, wiresFrom, isStacked }: Layout): { readonly room: number; readonly beside: number } => ({
  room: codeEnd - 2 * PAD,
  beside: (isStacked ? wiresFrom + 8 : codeEnd) - 2 * PAD,
});
function drawCode(svg: Svg, { wire, y, height, again, above }: Row): void {
  const { code, state, owner } = wire;
  const { codeEnd, wiresFrom, isStacked, ...at } = svg.at;
  const { room, beside } = roomFor(svg.at);
  if (state === 'broken') svg.add(`<rect x="0" y="${y - height / 2}" width="${codeEnd}" height="${height}" fill="var(--t)" class="a"/>`);
  // one line may make several of them
  if (again) {
    svg.path(`M${wiresFrom} ${above}V${y}`, LOOK[state]);
    return;
  }
  if (code === null) {
    const isAbove = isStacked && height > LOW;
    svg.text(PAD, y + (isAbove ? at.code : 4), fitValue(owner, isAbove ? room : beside, SMALL), 's', owner);
    return;
  }
  drawLine(svg, wire, code, y);
}
/** A line of code and its place, and what repairs it. */
function drawLine(svg: Svg, { state, fix }: Wire, code: CodeOfWire, y: number): void {
  const { isStacked, ...at } = svg.at;
  const { room, beside } = roomFor(svg.at);
  const bad = state === 'broken';
  const where = code.function === null ? code.place : `${code.place} · ${code.function}`;
  // in its place stands what repairs it
  const look = bad ? ` red bo${fix === null ? '' : ' a'}` : '';
  if (code.text === null)
    svg.text(PAD, y + (isStacked ? at.code : 4), shortened(code, room, bad ? { ...TEXT, bold: true } : TEXT), look.trim(), where);
  else {
    svg.text(PAD, y + at.code, fit(bare(code.text), room, bad ? { ...CODE, bold: true } : CODE), `m${look}`, code.text);
    svg.text(PAD, y + at.place, shortened(code, beside, bad ? { ...SMALL, bold: true } : SMALL), `s${look}`, where);
  }
  if (bad && fix !== null) {
    svg.text(PAD, y + at.code, fit(`+ ${bare(fix)}`, room, { ...CODE, bold: true }), 'm ok bo v', fix);
    svg.text(PAD, y + at.place, fit(`repairs ${isStacked ? code.place : where}`, beside, SMALL), 's v', where);
  }
}
/** Without the function where there is no room for it. */
function shortened({ place, function: name }: CodeOfWire, room: number, font: Font): string {
  const where = name === null ? place : `${place} · ${name}`;
  return fit(widthOf(where, font) > room && widthOf(place, font) > room * ENOUGH ? place : where, room, font);
}
/** Of the room: where the place alone fills that, half a name behind it says nothing. */
const ENOUGH = 0.45;

function pill(svg: Svg, y: number, label: string, look: string, ink: string, full: string, end = svg.at.border - 4): void {
  const { wiresFrom } = svg.at;
  const most = end - wiresFrom - 12;
  const shown = fitValue(label, most - 16, LABEL);
  const width = Math.min(most, Math.max(60, Math.ceil(widthOf(shown, LABEL)) + 18));
  const middle = (wiresFrom + end) / 2;
  svg.add(`<path class="p ${look}" d="M${middle - width / 2} ${y - 9.5}h${width}v19h-${width}z"/>`);
  svg.text(middle, y + 4, shown, `l c ${ink}`, full);
}

function drawWire(svg: Svg, { wire, y }: Row, crosses: boolean): void {
  const { id, state, label, repaired, why } = wire;
  const { wiresFrom, border } = svg.at;
  const look = LOOK[state];
  const end = crosses ? border + 10 : border - 22;
  const full = state === 'good' ? label : `${label}: ${why}`;
  svg.add(`<g data-wire="${escape(id)}" data-state="${state}">`);
  if (state === 'broken') {
    svg.group('a', () => {
      const before = crosses ? border - 4 : border - 26;
      svg.path(`M${wiresFrom} ${y}H${crosses ? end : before}`, 'r w');
      pill(svg, y, label, 'r', 'red bo', full, before);
      svg.text(crosses ? border + 20 : border - 15, y + 7, SIGN.broken, 'x red c');
    });
    if (repaired !== null)
      svg.group('v', () => {
        svg.path(`M${wiresFrom} ${y}H${border + 10}`, 'w');
        pill(svg, y, repaired, '', 'ok bo', repaired);
        svg.text(border + 18, y + 5, SIGN.good, 'ok c');
      });
  } else {
    svg.path(`M${wiresFrom} ${y}H${end}`, look);
    pill(svg, y, label, look, INK[state], full);
    if (crosses) svg.text(border + 18, y + 5, SIGN[state], `${INK[state]} c`);
  }
  svg.add('</g>');
}

/** Text over its arrow, whose head it does not touch. */
const OVER = 8;
/** Height of a rung: text that does not fit beside its answer stands in two lines. */
const below = ({ text, answer }: Rung, room: number): boolean =>
  answer !== '' && fit(`${text}   ${answer}`, room, TEXT) !== `${text}   ${answer}`;
function drawRung(svg: Svg, rung: Rung, y: number): number {
  const { text, answer, good, way } = rung;
  const { ladder, host } = svg.at;
  const room = host - ladder - 10;
  const two = below(rung, room);
  const shown = fit(text, room, TEXT);
  const ink = good ? '' : 'red';
  if (way === 'life') {
    svg.add(`<circle cx="${ladder}" cy="${y}" r="4" fill="var(--${good ? 'k' : 'r'})"/>`);
    const lines = wrapped(text, host - ladder - 12, TEXT, 2);
    svg.lines(ladder + 12, y + 4, lines, 15, ink, text);
    if (answer !== '') svg.text(ladder + 12, y + 4 + 15 * lines.length, answer, 's');
    return 15 * lines.length + 20;
  }
  svg.text(ladder + 2, y - OVER, shown, ink, text);
  if (answer !== '') svg.text(host - 6, two ? y + 14 : y - OVER, fit(answer, room, TEXT), `e ${good ? 'ok' : 'red bo'}`, answer);
  if (good) svg.path(way === 'up' ? `M${ladder} ${y}H${host - 2}m-6 -4l6 4l-6 4` : `M${host} ${y}H${ladder}m6 -4l-6 4l6 4`, '');
  else svg.path(`M${host} ${y}H${ladder + 24}m-12 -6l12 12m0 -12l-12 12`, 'r');
  return two ? RUNG + 15 : RUNG;
}

function badge(svg: Svg, y: number, text: string, look: string, ink: string): void {
  const { ladder, host } = svg.at;
  const middle = (ladder + host) / 2;
  svg.add(`<path class="p ${look}" d="M${ladder} ${y}H${host}v28h-${host - ladder}z"/>`);
  svg.text(middle, y + 19, fit(text, host - ladder - 12, { ...TEXT, bold: true }), `c bo ${ink}`, text);
}

/** What the bench asked of the device behind the run, and what became of the application. */
function drawBehind(svg: Svg, { rungs, stopped }: Behind, from: number): number {
  let y = from;
  for (const rung of rungs) y += drawRung(svg, rung, y);
  return stopped === '' ? y - 30 : drawStop(svg, stopped, y);
}
function drawStop(svg: Svg, text: string, y: number): number {
  const { ladder, host } = svg.at;
  const lines = wrapped(text, host - ladder - 26, { ...TEXT, bold: true }, 3);
  svg.text(ladder, y + 6, SIGN.broken, `x ${INK.broken} c`);
  svg.lines(ladder + 16, y + 4, lines, 16, `${INK.broken} bo`, text);
  return y + 16 * lines.length + 14;
}

const isLife = ({ rungs }: Ladder): boolean => rungs.some(({ way }) => way === 'life');
/** Returns where it ends, and where the first rung is that fails. */
function drawLadder(svg: Svg, ladder: Ladder, top: number, behind: Behind | null): { end: number; failed: number } {
  const { rungs, common, repaired, goal, reached, reachedRepaired, stopped } = ladder;
  let y = top + 22;
  let failed = 0;
  svg.add(`<g data-ladder="${rungs.filter((r) => r.good).length}/${rungs.length}">`);
  const draw = (rung: Rung): void => {
    y += drawRung(svg, rung, y);
  };
  for (const rung of rungs.slice(0, common)) draw(rung);
  const [first, ...rest] = repaired;
  // the same request, answered and not, has one place
  const at = y;
  if (rungs.length > common) {
    failed = y;
    svg.group('a', () => rungs.slice(common).forEach(draw));
    const after = y;
    y = at;
    if (first !== undefined) svg.group('v', () => draw(first));
    y = Math.max(y, after);
  }
  if (stopped !== '') {
    if (failed === 0) failed = y;
    const at = y;
    svg.group('a', () => {
      y = drawStop(svg, stopped, at);
    });
  }
  if (reached) badge(svg, y - 8, goal, '', 'ok');
  if (reached) {
    if (behind !== null) y = drawBehind(svg, behind, y + 46);
  } else if (reachedRepaired) {
    y += 8;
    svg.text(svg.at.ladder + (isLife(ladder) ? 12 : 2), y - 4, 'with this repaired:', 'ok bo a');
    y += 20;
    svg.group('g', () => {
      for (const rung of rungs.length > common ? rest : repaired) draw(rung);
      badge(svg, y - 10, goal, '', '');
    });
  } else y -= 34;
  svg.add('</g>');
  return { end: y + 26, failed };
}

/** What is wrong, in lines of a sentence each. */
function reasons(result: RunResult, facts: readonly Fact[]): string[] {
  const causes = facts.flatMap((fact) => (fact.is === 'cause' && fact.proof !== 'other' ? [fact] : []));
  if (causes.length > 0)
    return causes.map(({ at, cause: { explanation } }) => {
      const why = sentence(String(explanation));
      return at === null ? why : `${shortPlace(at)}: ${why}`;
    });
  const end = facts.find(({ is }) => is === 'fault' || is === 'wait' || is === 'not-triggered');
  return [String(end === undefined ? result.summary : tell(end, 'page').text)];
}

interface Head {
  readonly said: string;
  readonly sign: string;
  readonly ink: string;
  readonly reasons: readonly string[];
  /** C that repairs it, where that is one line; null where the reasons say it, or nothing is proved. */
  readonly repair: string | null;
}
/** The first line of what repairs the only cause. */
function repairOf(facts: readonly Fact[]): string | null {
  const proved = facts.flatMap((f) => (f.is === 'cause' && f.proof !== null ? [f.cause] : []));
  const [part, ...parts] = proved.length === 1 && proved[0]!.fix !== null ? partsOf(proved[0]!.fix) : [];
  return part === undefined || parts.length > 0 || part.code.length !== 1 || isRemark(part)
    ? null
    : part.code[0]!.replace(/\s+/g, ' ').trim();
}
/** The verdict of the report in its words and colours; a success behind which the bench's own leave finds the application dead is none without a “but”. */
function headOf(result: RunResult, facts: readonly Fact[], back: WayBack | null): Head {
  const said = headline(result);
  if (!hasReached(result)) return { said, sign: SIGN.broken, ink: INK.broken, reasons: reasons(result, facts), repair: repairOf(facts) };
  const isLost = failsToLeave(result);
  if (isLost || back !== null)
    return {
      said: `${said}, ${LOST_BACK}`,
      sign: isLost ? SIGN.broken : SIGN.good,
      ink: isLost ? INK.broken : INK.odd,
      reasons: back?.why ?? [String(result.summary)],
      repair: back?.repair ?? null,
    };
  return { said, sign: SIGN.good, ink: hasReservations(result) ? INK.odd : INK.good, reasons: reasons(result, facts), repair: null };
}

/** Where the picture begins without its head: there is room for the names of what stands below. */
const UNHEADED = 12;
function drawHead(svg: Svg, { said, sign, ink, reasons: all, repair }: Head, goal: string, isProved: boolean): number {
  const room = svg.at.width - 2 * PAD;
  const [mostTitles, mostLines] = svg.at.lines;
  const title = `${sign} ${said.charAt(0).toUpperCase()}${said.slice(1)}`;
  const titles = wrapped(title, room, TITLE, mostTitles);
  svg.lines(PAD, 32, titles, 24, `h ${ink}${isProved ? ' a' : ''}`, title);
  const under = 54 + 24 * (titles.length - 1);
  if (isProved) svg.text(PAD, 32, fit(`✓ Repaired: ${goal}`, room, TITLE), 'h ok v');
  let y = under;
  for (const reason of all.slice(0, 2)) {
    const lines = wrapped(reason, room, TEXT, mostLines);
    svg.lines(PAD, y, lines, 18, '', reason);
    y += 18 * lines.length;
  }
  if (repair !== null) {
    const lines = wrapped(repair, room - 56, CODE, svg.at.isStacked ? 2 : 1);
    svg.text(PAD, y, 'Repair:', 'ok');
    svg.lines(PAD + 56, y, lines, 18, 'm ok', repair);
    y += 18 * lines.length;
  }
  const more = all.length - 2;
  if (more <= 0) return y;
  svg.text(PAD, y, `and ${more} more`, 's');
  return y + 18;
}

/** Returns where it ends. */
function drawFoot(svg: Svg, result: RunResult, id: string, y: number, isProved: boolean): number {
  const { kind, version } = result.rom;
  const { width, host, isStacked } = svg.at;
  const rom = kind === 'stand-in' ? 'stand-in ROM' : kind === 'dump' ? 'ROM of a dump' : "the chip's own ROM";
  const about = `${result.chip}, ${rom}${version === null ? '' : ` ${version}`}; bootbench`;
  svg.text(PAD, y, fit(about, isStacked ? width - 2 * PAD : width - 260, SMALL), 's', about);
  if (!isProved) return y + 12;
  const line = isStacked ? y + 26 : y;
  svg.add(`<a href="#${id}-repaired" class="a"><text x="${host}" y="${line}" class="e">show it repaired</text></a>`);
  svg.add(`<a href="#${id}-as-it-is" class="v"><text x="${host}" y="${line}" class="e">show it as it is</text></a>`);
  return line + 12;
}

/** The run up to its leave, where the way back has a part of its own. */
function wayThere(result: RunResult, back: WayBack | null): RunResult {
  if (back?.at == null) return result;
  const before = <T extends { readonly at: string }>(rows: readonly T[], end: string): T[] =>
    rows.filter((r) => Number(r.at) < Number(end));
  const { entries, timeline, usb, goal } = result;
  const log = before(usb.log, goal.at ?? back.at);
  return { ...result, entries: before(entries, back.at), timeline: before(timeline, back.at), usb: { ...usb, log } };
}

/** One hand-over: who hands over what to whom, and what follows. */
interface Scene {
  readonly wires: readonly Wire[];
  readonly most: Most;
  readonly ladder: Ladder;
  /** Behind the goal, in the same ladder. */
  readonly behind: Behind | null;
  readonly crosses: boolean;
  readonly ground: Ground;
}
/** What follows where the goal is reached. */
interface Behind {
  readonly rungs: readonly Rung[];
  readonly stopped: string;
}
/** Something is known of the way back, so that it is drawn as a hand-over of its own. */
const hasScene = ({ at, wires }: WayBack): boolean => at !== null || wires.length > 0;
const behindOf = (back: WayBack): Behind => ({ rungs: back.asked, stopped: hasScene(back) ? '' : back.ends });
interface Ground {
  readonly from: string;
  readonly border: string;
  readonly to: string;
  readonly colours: readonly [from: string, to: string];
}

/** Returns where it ends. */
function drawScene(svg: Svg, { wires, ladder, behind, crosses, ground, most }: Scene, top: number): number {
  const { isStacked, tall } = svg.at;
  const { rows, left, end } = rowsOf(wires, top + 6, isStacked ? stacked(most) : most, tall);
  const codeEnd = end + (left.length > 0 ? LOW : 0) + 8;
  const ladderTop = isStacked ? codeEnd + BETWEEN : top;
  const inLadder = new Svg(svg.at);
  const drawn = drawLadder(inLadder, ladder, ladderTop, behind);
  const bottom = isStacked ? drawn.end + 8 : Math.max(codeEnd, drawn.end + 8);
  drawGround(svg, ground, top, isStacked ? codeEnd : bottom);
  drawHost(svg, ground, ladder, ladderTop, bottom);
  for (const row of rows) drawCode(svg, row);
  for (const row of rows) drawWire(svg, row, crosses);
  if (left.length > 0) drawLeft(svg, left, end + LOW / 2);
  const broken = rows.filter(({ wire }) => wire.state === 'broken' && wire.repaired !== null);
  if (crosses && drawn.failed > 0 && broken.length > 0) svg.path(linkOf(svg.at, broken[0]!.y, codeEnd, drawn.failed), 'r d a');
  svg.add(...inLadder.parts);
  return bottom;
}
/** Height between the code and the ladder below it. */
const BETWEEN = 38;
/** From what is broken to what fails of it. */
const linkOf = ({ border, ladder, isStacked }: Layout, broken: number, codeEnd: number, failed: number): string =>
  isStacked
    ? `M${border + 29} ${broken}v12V${codeEnd + 9}H${ladder - 10}V${failed}H${ladder + 8}`
    : `M${border + 29} ${broken}H${ladder - 6}V${failed}H${ladder + 8}`;

const BY_HAND = 'turned over by hand';
type Shown = Required<Pick<HandOverOptions, 'sources' | 'byHand'>>;
function sceneThere(result: RunResult, facts: readonly Fact[], { sources, byHand }: Shown, back: WayBack | null): Scene {
  const there = wayThere(result, back);
  const entry = there.entries.at(-1);
  const loads = entry === undefined && isLoaded(there);
  const border = entry !== undefined ? `the jump, ${humanTime(entry.at)}` : loads ? 'the start' : 'never jumps';
  return {
    wires: wiresOf(there, facts, sources).map((w) => (byHand.has(w.id) ? { ...w, code: null, owner: BY_HAND } : w)),
    most: back !== null && hasScene(back) ? ONE_OF_TWO : ALONE,
    ladder: ladderOf(there),
    behind: back === null ? null : behindOf(back),
    crosses: entry !== undefined,
    ground: {
      from: loads ? 'LOADER' : 'YOUR CODE',
      border,
      to: loads ? 'APP' : result.rom.kind === 'stand-in' ? 'STAND-IN ROM' : 'ROM',
      colours: ['c', entry === undefined ? 'h' : 'm'],
    },
  };
}
const sceneBack = ({ wires, rungs, ends, at }: WayBack): Scene => ({
  wires,
  most: ONE_OF_TWO,
  ladder: {
    of: 'your application',
    rungs,
    common: rungs.length,
    repaired: [],
    goal: '',
    reached: false,
    reachedRepaired: false,
    stopped: ends,
  },
  behind: null,
  crosses: true,
  ground: {
    from: 'WHAT THE ROM LEAVES',
    border: at === null ? 'the leave' : `the leave, ${humanTime(at)}`,
    to: 'APP',
    colours: ['m', 'c'],
  },
});

/** The picture of a run, from its result alone; lines of code where their sources are known. */
export function handOverPicture(
  result: RunResult,
  { sources = NO_SOURCES, id = 'hand-over', byHand = new Set(), narrow = false, headed = true }: HandOverOptions = {},
): SafeText {
  const facts = storyOf(result, { sources });
  const isProved = proofOf(result) !== null && !hasReached(result);
  const back = hasReached(result) ? wayBackOf(result) : null;
  const there = sceneThere(result, facts, { sources, byHand }, back);
  const head = headOf(result, facts, back);
  const svg = new Svg(narrow ? NARROW : WIDE);
  const top = headed ? drawHead(svg, head, there.ladder.goal, isProved) : UNHEADED;
  let bottom = drawScene(svg, there, top + 14);
  if (back !== null && hasScene(back)) bottom = drawScene(svg, sceneBack(back), bottom + 34);
  const height = drawFoot(svg, result, id, bottom + 20, isProved);
  const { width } = svg.at;
  const label = `${head.said}. ${head.reasons.join(' ')}`;
  return pageOf(
    `<svg xmlns="http://www.w3.org/2000/svg" class="ho" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="group" aria-label="${escape(fit(label, 1500, TEXT))}"><style>${STYLE(id)}</style><g id="${id}-as-it-is"/><g id="${id}-repaired"/><g><rect width="${width}" height="${height}" fill="var(--b)"/>${svg.parts.join('')}</g></svg>\n`,
  );
}

function drawLeft(svg: Svg, left: readonly Wire[], y: number): void {
  const odd = left.filter(({ state }) => state !== 'good').length;
  const text = `${left.length} more, ${odd === 0 ? 'all good' : `${odd} odd`}`;
  svg.path(`M${svg.at.wiresFrom} ${y}H${svg.at.border - 22}`, 'd');
  pill(svg, y, text, odd === 0 ? '' : 'o', odd === 0 ? 'ok' : 'odd', left.map(({ label }) => label).join('; '));
}

/** Grounds, border and headings. */
function drawGround(svg: Svg, { from, border: jump, to, colours }: Ground, top: number, bottom: number): void {
  const { codeEnd, border, host, isStacked } = svg.at;
  const height = bottom - top;
  svg.add(`<rect y="${top}" width="${codeEnd}" height="${height}" fill="var(--${colours[0]})"/>`);
  svg.add(`<rect x="${border}" y="${top}" width="${BAND}" height="${height}" fill="var(--${colours[1]})"/>`);
  svg.path(`M${border} ${top}V${bottom}`, 'n d');
  svg.text(PAD, top - 6, from, 's bo');
  const room = widthOf(to, { ...SMALL, bold: true });
  // a long name stands beside its band: to the right of the border, or to the left where nothing is to the right
  const isLong = room > BAND + 10;
  svg.text((isLong && isStacked ? host - room : border) - 8, top - 6, jump, 's e');
  if (isLong) svg.text(isStacked ? host : border + 4, top - 6, to, isStacked ? 's bo e' : 's bo');
  else svg.text(border + BAND / 2, top - 6, to, 's bo c');
}
/** The line of who speaks to the receiver, or of the program's own life. */
function drawHost(svg: Svg, { to, colours }: Ground, of: Ladder, top: number, bottom: number): void {
  const { ladder, host, isStacked } = svg.at;
  const isOwn = isLife(of);
  const x = isOwn ? ladder : host;
  const name = of.of.toUpperCase();
  const font = { ...SMALL, bold: true } as const;
  svg.path(`M${x} ${top}V${bottom}`, 'n');
  if (isStacked && !isOwn) {
    svg.add(`<rect x="0" y="${top}" width="${ladder - 4}" height="${bottom - top}" fill="var(--${colours[1]})"/>`);
    svg.text(ladder + 2, top - 6, to, 's bo');
  }
  if (isStacked && isOwn) svg.text(ladder - 8, top - 6, fit(name, 300, font), 's bo');
  else svg.text(host, top - 6, fit(name, isStacked ? 190 : host - svg.at.border - 116, font), 's bo e');
}
