/**
 * The hand-over as one picture: left the lines of code that made each precondition, in the middle what the receiver inherits as wires across the border, right what the host says to
 * it and hears, with where that stops. A static SVG; behind a link in it (`#<id>-repaired`) the same run with its cause repaired.
 */
import { proofOf } from '../../bench/documents/proved.ts';
import { hasReached } from '../../bench/documents/reached.ts';
import { hasReservations } from '../../bench/documents/reservations.ts';
import type { RunResult } from '../../bench/documents/result.ts';
import type { SafeText } from '../../bench/documents/safe-text.ts';
import { isRemark, partsOf } from '../../checks/fix-in-c.ts';
import { escapeHtml as escape, pageOf } from '../page.ts';
import { NO_SOURCES, type Sources } from '../source-lines.ts';
import type { Fact } from '../story/facts.ts';
import { headline, tell } from '../story/sentences.ts';
import { storyOf } from '../story/story.ts';
import { humanTime, sentence } from '../text.ts';
import { ladderOf, type Ladder, type Rung } from './ladder.ts';
import { fit, fitValue, MARK, widthOf, wrapped, type Font } from './measure.ts';
import { LEAVES, wayBackOf, type WayBack } from './way-back.ts';
import { shortPlace, wiresOf, type Wire } from './wires.ts';

export interface HandOverOptions {
  readonly sources?: Sources;
  /** In front of the names of this picture, where a page has several. */
  readonly id?: string;
  /** Wires that somebody has turned over at the jump, by their ids: no line of the firmware made them so. */
  readonly byHand?: ReadonlySet<string>;
}

const WIDTH = 760;
const PAD = 14;
/** Where the code ends and the wires begin, and the border. */
const CODE_END = 254;
const BORDER = 474;
const BAND = 34;
const LADDER = BORDER + BAND + 12;
const HOST = WIDTH - PAD;
const TALL = 42;
const LOW = 23;
const RUNG = 33;

const TITLE: Font = { size: 19, bold: true };
const TEXT: Font = { size: 13 };
const CODE: Font = { size: 12.5, mono: true };
const SMALL: Font = { size: 11.5 };
const LABEL: Font = { size: 11.5, mono: true };
/** Of what stands in a tooltip. */
const LONGEST_TITLE = 140;

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
const SIGN = { good: '✓', odd: '!', broken: '✗' } as const;

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

/** Those with a line of code are tall; of the others as many as there is room for. */
function rowsOf(wires: readonly Wire[], from: number, most: Most): { rows: Row[]; left: Wire[]; end: number } {
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
    const height = isLow(wire) ? LOW : TALL;
    const row = { wire, y: y + height / 2, height, again, above };
    above = row.y;
    y += height;
    return row;
  });
  return { rows, left: wires.filter((w) => !tall.includes(w) && !low.includes(w)), end: y };
}
const placeOf = ({ code, owner }: Wire): string => (code === null ? owner : `${code.place} ${code.function ?? ''}`);
const worth = ({ state, id }: Wire): number => (state === 'broken' ? 3 : id === 'jump' ? 2 : state === 'odd' ? 1 : 0);

function drawCode(svg: Svg, { wire, y, height, again, above }: Row): void {
  const { code, state, owner } = wire;
  const width = CODE_END - 2 * PAD;
  if (state === 'broken') {
    svg.add(`<rect x="0" y="${y - height / 2}" width="${CODE_END}" height="${height}" fill="var(--t)" class="a"/>`);
  }
  // one line may make several of them
  if (again) {
    svg.path(`M${CODE_END} ${above}V${y}`, LOOK[state]);
    return;
  }
  if (code === null) {
    const shown = fitValue(owner, width, SMALL);
    svg.text(PAD, y + 4, shown, 's', owner);
    return;
  }
  const where = code.function === null ? code.place : `${code.place} · ${code.function}`;
  const bad = state === 'broken';
  const place = fit(where, width, code.text === null ? TEXT : SMALL);
  // in its place stands what repairs it
  const look = bad ? ` red bo${wire.fix === null ? '' : ' a'}` : '';
  if (code.text === null) svg.text(PAD, y + 4, place, look.trim(), where);
  else {
    svg.text(PAD, y - 3, fit(bare(code.text), width, CODE), `m${look}`, code.text);
    svg.text(PAD, y + 13, place, `s${look}`, where);
  }
  if (bad && wire.fix !== null) {
    svg.text(PAD, y - 3, fit(`+ ${bare(wire.fix)}`, width, CODE), 'm ok bo v', wire.fix);
    svg.text(PAD, y + 13, fit(`repairs ${where}`, width, SMALL), 's v', where);
  }
}

function pill(svg: Svg, y: number, label: string, look: string, ink: string, full: string, end = BORDER - 4): void {
  const most = end - CODE_END - 12;
  const shown = fitValue(label, most - 16, LABEL);
  const width = Math.min(most, Math.max(60, Math.ceil(widthOf(shown, LABEL)) + 18));
  const middle = (CODE_END + end) / 2;
  svg.add(`<path class="p ${look}" d="M${middle - width / 2} ${y - 9.5}h${width}v19h-${width}z"/>`);
  svg.text(middle, y + 4, shown, `l c ${ink}`, full);
}

function drawWire(svg: Svg, { wire, y }: Row, crosses: boolean): void {
  const { id, state, label, repaired, why } = wire;
  const look = LOOK[state];
  const end = crosses ? BORDER + 10 : BORDER - 22;
  const full = state === 'good' ? label : `${label}: ${why}`;
  svg.add(`<g data-wire="${escape(id)}" data-state="${state}">`);
  if (state === 'broken') {
    svg.group('a', () => {
      const before = crosses ? BORDER - 4 : BORDER - 26;
      svg.path(`M${CODE_END} ${y}H${crosses ? end : before}`, 'r w');
      pill(svg, y, label, 'r', 'red bo', full, before);
      svg.text(crosses ? BORDER + 20 : BORDER - 15, y + 7, SIGN.broken, 'x red c');
    });
    if (repaired !== null)
      svg.group('v', () => {
        svg.path(`M${CODE_END} ${y}H${BORDER + 10}`, 'w');
        pill(svg, y, repaired, '', 'ok bo', repaired);
        svg.text(BORDER + 18, y + 5, SIGN.good, 'ok c');
      });
  } else {
    svg.path(`M${CODE_END} ${y}H${end}`, look);
    pill(svg, y, label, look, INK[state], full);
    if (crosses) svg.text(BORDER + 18, y + 5, SIGN[state], `${INK[state]} c`);
  }
  svg.add('</g>');
}

/** Text over its arrow, whose head it does not touch. */
const OVER = 8;
/** Height of a rung: text that does not fit beside its answer stands in two lines. */
const below = ({ text, answer }: Rung): boolean =>
  answer !== '' && fit(`${text}   ${answer}`, HOST - LADDER - 10, TEXT) !== `${text}   ${answer}`;
function drawRung(svg: Svg, rung: Rung, y: number): number {
  const { text, answer, good, way } = rung;
  const room = HOST - LADDER - 10;
  const two = below(rung);
  const shown = fit(text, room, TEXT);
  const ink = good ? '' : 'red';
  if (way === 'life') {
    svg.add(`<circle cx="${LADDER}" cy="${y}" r="4" fill="var(--${good ? 'k' : 'r'})"/>`);
    const lines = wrapped(text, HOST - LADDER - 12, TEXT, 2);
    svg.lines(LADDER + 12, y + 4, lines, 15, ink, text);
    if (answer !== '') svg.text(LADDER + 12, y + 4 + 15 * lines.length, answer, 's');
    return 15 * lines.length + 20;
  }
  svg.text(LADDER + 2, y - OVER, shown, ink, text);
  if (answer !== '') svg.text(HOST - 6, two ? y + 14 : y - OVER, fit(answer, room, TEXT), `e ${good ? 'ok' : 'red bo'}`, answer);
  if (good) svg.path(way === 'up' ? `M${LADDER} ${y}H${HOST - 2}m-6 -4l6 4l-6 4` : `M${HOST} ${y}H${LADDER}m6 -4l-6 4l6 4`, '');
  else svg.path(`M${HOST} ${y}H${LADDER + 24}m-12 -6l12 12m0 -12l-12 12`, 'r');
  return two ? RUNG + 15 : RUNG;
}

function badge(svg: Svg, y: number, text: string, look: string, ink: string): void {
  const middle = (LADDER + HOST) / 2;
  svg.add(`<path class="p ${look}" d="M${LADDER} ${y}H${HOST}v28h-${HOST - LADDER}z"/>`);
  svg.text(middle, y + 19, fit(text, HOST - LADDER - 12, { ...TEXT, bold: true }), `c bo ${ink}`, text);
}

/** What the bench asked of the device behind the run, and what became of the application. */
function drawBehind(svg: Svg, { rungs, stopped }: Behind, from: number): number {
  let y = from;
  for (const rung of rungs) y += drawRung(svg, rung, y);
  return stopped === '' ? y - 30 : drawStop(svg, stopped, y, 3);
}
function drawStop(svg: Svg, text: string, y: number, most: number): number {
  const lines = wrapped(text, HOST - LADDER - 26, { ...TEXT, bold: true }, most);
  svg.text(LADDER, y + 6, SIGN.broken, 'x red c');
  svg.lines(LADDER + 16, y + 4, lines, 16, 'red bo', text);
  return y + 16 * lines.length + 14;
}

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
      y = drawStop(svg, stopped, at, 3);
    });
  }
  if (reached) badge(svg, y - 8, goal, '', 'ok');
  if (reached) {
    if (behind !== null) y = drawBehind(svg, behind, y + 46);
  } else if (reachedRepaired) {
    y += 8;
    svg.text(LADDER + 2, y - 4, 'with this repaired:', 's a');
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
    return causes.map(({ cause: { lastWriter, explanation } }) => {
      const why = sentence(String(explanation));
      return lastWriter === null ? why : `${shortPlace(lastWriter)}: ${why}`;
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
function headOf(result: RunResult, facts: readonly Fact[], back: WayBack | null): Head {
  if (back !== null)
    return {
      said: 'DFU works, but the application does not work after the leave',
      sign: SIGN.odd,
      ink: INK.odd,
      reasons: back.why,
      repair: null,
    };
  const reached = hasReached(result);
  const ink = !reached ? INK.broken : hasReservations(result) ? INK.odd : INK.good;
  return {
    said: headline(result),
    sign: reached ? SIGN.good : SIGN.broken,
    ink,
    reasons: reasons(result, facts),
    repair: reached ? null : repairOf(facts),
  };
}

function drawHead(svg: Svg, { said, sign, ink, reasons: all, repair }: Head, goal: string, isProved: boolean): number {
  const title = `${sign} ${said.charAt(0).toUpperCase()}${said.slice(1)}`;
  const titles = wrapped(title, WIDTH - 2 * PAD, TITLE, 2);
  svg.lines(PAD, 32, titles, 24, `h ${ink}${isProved ? ' a' : ''}`, title);
  const under = 54 + 24 * (titles.length - 1);
  if (isProved) svg.text(PAD, 32, fit(`✓ Repaired: ${goal}`, WIDTH - 2 * PAD, TITLE), 'h ok v');
  let y = under;
  for (const reason of all.slice(0, 2)) {
    const lines = wrapped(reason, WIDTH - 2 * PAD, TEXT, 3);
    svg.lines(PAD, y, lines, 18, '', reason);
    y += 18 * lines.length;
  }
  if (repair !== null) {
    svg.text(PAD, y, 'Repair:', 'ok');
    svg.text(PAD + 56, y, fit(repair, WIDTH - 2 * PAD - 56, CODE), 'm ok', repair);
    y += 18;
  }
  const more = all.length - 2;
  if (more <= 0) return y;
  svg.text(PAD, y, `and ${more} more`, 's');
  return y + 18;
}

function drawFoot(svg: Svg, result: RunResult, id: string, y: number, isProved: boolean): void {
  const { kind, version } = result.rom;
  const rom = kind === 'stand-in' ? 'stand-in ROM' : kind === 'dump' ? 'ROM of a dump' : "the chip's own ROM";
  const about = `${result.chip}, ${rom}${version === null ? '' : ` ${version}`}; bootbench`;
  svg.text(PAD, y, fit(about, WIDTH - 260, SMALL), 's', about);
  if (!isProved) return;
  svg.add(`<a href="#${id}-repaired" class="a"><text x="${HOST}" y="${y}" class="e">show it repaired</text></a>`);
  svg.add(`<a href="#${id}-as-it-is" class="v"><text x="${HOST}" y="${y}" class="e">show it as it is</text></a>`);
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
const behindOf = ({ at, rungs, ends }: WayBack): Behind => (at === null ? { rungs, stopped: ends } : { rungs: [LEAVES], stopped: '' });
interface Ground {
  readonly from: string;
  readonly border: string;
  readonly to: string;
  readonly colours: readonly [from: string, to: string];
}

/** Returns where it ends. */
function drawScene(svg: Svg, { wires, ladder, behind, crosses, ground, most }: Scene, top: number): number {
  const { rows, left, end } = rowsOf(wires, top + 6, most);
  const inLadder = new Svg();
  const drawn = drawLadder(inLadder, ladder, top, behind);
  const bottom = Math.max(end + (left.length > 0 ? LOW : 0), drawn.end) + 8;
  drawGround(svg, ground, top, bottom, ladder);
  for (const row of rows) drawCode(svg, row);
  for (const row of rows) drawWire(svg, row, crosses);
  if (left.length > 0) drawLeft(svg, left, end + LOW / 2);
  const broken = rows.filter(({ wire }) => wire.state === 'broken' && wire.repaired !== null);
  if (crosses && drawn.failed > 0 && broken.length > 0)
    svg.path(`M${BORDER + 29} ${broken[0]!.y}H${LADDER - 6}V${drawn.failed}H${LADDER + 8}`, 'r d a');
  svg.add(...inLadder.parts);
  return bottom;
}

const BY_HAND = 'turned over by hand';
type Shown = Required<Pick<HandOverOptions, 'sources' | 'byHand'>>;
function sceneThere(result: RunResult, facts: readonly Fact[], { sources, byHand }: Shown, back: WayBack | null): Scene {
  const there = wayThere(result, back);
  const entry = there.entries.at(-1);
  const border = entry === undefined ? 'never jumps' : `the jump, ${humanTime(entry.at)}`;
  return {
    wires: wiresOf(there, facts, sources).map((w) => (byHand.has(w.id) ? { ...w, code: null, owner: BY_HAND } : w)),
    most: back?.at == null ? ALONE : ONE_OF_TWO,
    ladder: ladderOf(there),
    behind: back === null ? null : behindOf(back),
    crosses: entry !== undefined,
    ground: { from: 'YOUR CODE', border, to: 'ROM', colours: ['c', entry === undefined ? 'h' : 'm'] },
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
  ground: { from: 'WHAT THE ROM LEAVES', border: `the leave, ${humanTime(at ?? '0')}`, to: 'APP', colours: ['m', 'c'] },
});

/** The picture of a run, from its result alone; lines of code where their sources are known. */
export function handOverPicture(
  result: RunResult,
  { sources = NO_SOURCES, id = 'hand-over', byHand = new Set() }: HandOverOptions = {},
): SafeText {
  const facts = storyOf(result, { sources });
  const isProved = proofOf(result) !== null && !hasReached(result);
  const back = hasReached(result) ? wayBackOf(result) : null;
  const there = sceneThere(result, facts, { sources, byHand }, back);
  const head = headOf(result, facts, back);
  const svg = new Svg();
  let bottom = drawScene(svg, there, drawHead(svg, head, there.ladder.goal, isProved) + 14);
  if (back?.at != null) bottom = drawScene(svg, sceneBack(back), bottom + 34);
  drawFoot(svg, result, id, bottom + 20, isProved);
  const height = bottom + 32;
  const label = `${head.said}. ${head.reasons.join(' ')}`;
  return pageOf(
    `<svg xmlns="http://www.w3.org/2000/svg" class="ho" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="group" aria-label="${escape(fit(label, 1500, TEXT))}"><style>${STYLE(id)}</style><g id="${id}-as-it-is"/><g id="${id}-repaired"/><g><rect width="${WIDTH}" height="${height}" fill="var(--b)"/>${svg.parts.join('')}</g></svg>\n`,
  );
}

function drawLeft(svg: Svg, left: readonly Wire[], y: number): void {
  const odd = left.filter(({ state }) => state !== 'good').length;
  const text = `${left.length} more, ${odd === 0 ? 'all good' : `${odd} odd`}`;
  svg.path(`M${CODE_END} ${y}H${BORDER - 22}`, 'd');
  pill(svg, y, text, odd === 0 ? '' : 'o', odd === 0 ? 'ok' : 'odd', left.map(({ label }) => label).join('; '));
}

/** Grounds, border and headings. */
function drawGround(svg: Svg, { from, border, to, colours }: Ground, top: number, bottom: number, ladder: Ladder): void {
  const height = bottom - top;
  svg.add(`<rect y="${top}" width="${CODE_END}" height="${height}" fill="var(--${colours[0]})"/>`);
  svg.add(`<rect x="${BORDER}" y="${top}" width="${BAND}" height="${height}" fill="var(--${colours[1]})"/>`);
  svg.path(`M${BORDER} ${top}V${bottom}`, 'n d');
  const life = ladder.rungs.some(({ way }) => way === 'life');
  svg.path(life ? `M${LADDER} ${top}V${bottom}` : `M${HOST} ${top}V${bottom}`, 'n');
  svg.text(PAD, top - 6, from, 's bo');
  svg.text(BORDER - 8, top - 6, border, 's e');
  svg.text(BORDER + BAND / 2, top - 6, to, 's bo c');
  svg.text(HOST, top - 6, fit(ladder.of.toUpperCase(), 190, { ...SMALL, bold: true }), 's bo e');
}
