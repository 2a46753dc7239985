/** The timeline of a run, to zoom into by mouse, touch and keyboard. d3 does the zooming; only what can be told apart is drawn. */
import { select, type Selection } from 'd3-selection';
import { zoom, zoomIdentity, type ZoomTransform } from 'd3-zoom';
import { brokenAxis, type BrokenAxis } from '../axis.ts';
import { timeText } from '../moments.ts';
import type { Picture, PictureTrack } from '../picture.ts';
import { rulerOf } from './ruler.ts';

const LEFT = 104;
/** Pixels that stay free. */
const RIGHT = 8;
const ROW = 22;
/** What belongs to the lane above it is lower. */
const LOW = 16;
const AXIS = 42;
const ZOOM = 2;
const CLOSEST = 1e8;
/** Pixels: marks that lie closer become one. */
const APART = 2;
/** Pixels of a letter, for what fits into a stretch. */
const [LETTER, CAPITAL] = [6.5, 7.5];
/** Letters: fewer say nothing. */
const LEAST = 5;

/** What is drawn: one item of a track, or several that cannot be told apart at this zoom. */
interface Mark {
  readonly track: number;
  readonly item: number;
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

/** What of the run is in view, in seconds, and where it is drawn. */
interface Seen {
  /** The pixel of an instant. */
  readonly now: (seconds: number) => number;
  readonly width: number;
  readonly left: number;
  readonly right: number;
}

export interface TimelineHandle {
  /** Shows where a row of the table lies; false if nothing does. */
  readonly chooseRow: (row: number) => boolean;
  /** Where the machine stands, in seconds: a line through all lanes. Null: there is none. */
  readonly setNow: (seconds: number | null) => void;
  /** From where is measured, in seconds: a second line. Null: nothing is measured. */
  readonly setMark: (seconds: number | null) => void;
  /** Nothing is drawn any more. */
  readonly close: () => void;
}

/**
 * @param onChoose a row of the table belongs to what was chosen, or null
 * @param onTime somebody wants the machine to stand there, in seconds; null: there is no machine
 * @param follows what is told of an instant costs nothing: it follows each mark, and the arrow keys
 */
export function drawTimeline(
  picture: Picture,
  holder: HTMLElement,
  onChoose: (row: number | null) => void = () => undefined,
  onTime: ((seconds: number) => void) | null = null,
  follows = false,
): TimelineHandle {
  return new Timeline(picture, holder, onChoose, onTime, follows);
}

class Timeline implements TimelineHandle {
  private readonly picture: Picture;
  private readonly holder: HTMLElement;
  private readonly onChoose: (row: number | null) => void;
  private readonly onTime: ((seconds: number) => void) | null;
  private readonly follows: boolean;
  private now: number | null = null;
  private readonly said = document.createElement('output');
  private readonly svg: Selection<SVGSVGElement, unknown, null, undefined>;
  private readonly body: Selection<SVGGElement, unknown, null, undefined>;
  private readonly axis: Selection<SVGGElement, unknown, null, undefined>;
  private readonly clip: Selection<SVGRectElement, unknown, null, undefined>;
  private height = 0;
  private readonly line: BrokenAxis;
  /** Not only the lanes. */
  private all = false;
  /** Tracks that are shown, from above: where, and how high. */
  private rows = new Map<number, { readonly y: number; readonly height: number }>();
  private moved: ZoomTransform = zoomIdentity;
  private chosen: { readonly track: number; readonly item: number } | null = null;
  private readonly behaviour = zoom<SVGSVGElement, unknown>()
    .scaleExtent([1, CLOSEST])
    .on('zoom', (event: { transform: ZoomTransform }) => {
      this.moved = event.transform;
      this.place();
    });

  constructor(
    picture: Picture,
    holder: HTMLElement,
    onChoose: (row: number | null) => void,
    onTime: ((seconds: number) => void) | null,
    follows: boolean,
  ) {
    this.onTime = onTime;
    this.follows = follows;
    this.picture = picture;
    this.holder = holder;
    this.onChoose = onChoose;
    this.line = brokenAxis(picture.end, picture.waits);
    this.said.textContent = follows
      ? 'Zoom with the wheel, a pinch or + and -; a click shows that instant; the arrow keys go from event to event, and from lane to lane; < and > go from mark to mark; m measures from here.'
      : `Zoom with the wheel, a pinch or + and -; move with the arrow keys; < and > go from mark to mark.${onTime ? ' A click, or Enter, moves the machine there.' : ''}`;
    const tools = document.createElement('div');
    tools.className = 'tools';
    this.svg = select(holder).append('svg').attr('role', 'group').attr('aria-label', 'Timeline of the run').attr('tabindex', 0);
    const id = `inside-${this.id}`;
    this.clip = this.svg.append('defs').append('clipPath').attr('id', id).append('rect').attr('x', LEFT);
    this.defineHatch();
    this.axis = this.svg.append('g').attr('class', 'ruler');
    this.names = this.svg.append('g');
    this.body = this.svg.append('g').attr('clip-path', `url(#${id})`);
    if (picture.noReturn !== null) this.body.append('line').attr('class', 'no-return').append('title').text('the point of no return');
    this.body
      .append('line')
      .attr('class', 'now')
      .attr('visibility', 'hidden')
      .append('title')
      .text(follows ? 'now' : 'the machine');
    this.svg.call(this.behaviour);
    this.svg.on('click', (event: MouseEvent) => this.clicked(event));
    this.keys();
    this.buttons(tools);
    holder.append(tools, this.said);
    this.arrange();
    this.bound();
    if (!this.firstView()) this.place();
    window.addEventListener('resize', this.onResize);
  }
  private readonly onResize = (): void => this.limit();
  close(): void {
    window.removeEventListener('resize', this.onResize);
  }

  setNow(seconds: number | null): void {
    const moves = this.now !== null && seconds !== null;
    this.now = seconds;
    const x = this.at()(Math.min(seconds ?? 0, this.picture.end));
    // where it stands at first leaves the view as it is
    if (moves && (x < LEFT || x > this.width() - RIGHT)) this.svg.call((s) => this.behaviour.translateTo(s, this.unmoved()(seconds), 0));
    this.placeNow();
  }
  private readonly id = Math.random().toString(36).slice(2);
  private mark: number | null = null;
  setMark(seconds: number | null): void {
    this.mark = seconds;
    this.body.select('line.measure').remove();
    if (seconds !== null)
      this.body.append('line').attr('class', 'measure').attr('y2', this.height).append('title').text('measured from here');
    this.placeNow();
  }
  /** Around the hand-over: a run of milliseconds is a hair on an axis of seconds. False: there is none. */
  private firstView(): boolean {
    const { view } = this.picture;
    if (view == null || view[1] <= view[0]) return false;
    const [from, to] = view.map(this.line.at) as [number, number];
    const k = Math.min(CLOSEST, this.line.length / (to - from));
    this.svg.call((s) => this.behaviour.transform(s, zoomIdentity.translate(LEFT - k * this.unmoved()(view[0]), 0).scale(k)));
    return true;
  }
  /** The pixel of an instant where nothing is moved or zoomed. The width is asked once for all: asking makes the browser lay out what has changed. */
  private unmoved(): (seconds: number) => number {
    const { line } = this;
    const scale = this.room() / line.length;
    return (seconds) => LEFT + line.at(seconds) * scale;
  }
  /** Pixels of the whole axis. */
  private room(): number {
    return this.width() - RIGHT - LEFT;
  }
  /** The pixel of an instant. */
  private at(): (seconds: number) => number {
    const { moved } = this;
    const unmoved = this.unmoved();
    return (seconds) => moved.applyX(unmoved(seconds));
  }
  /** The instant of a pixel. */
  private instants(): (x: number) => number {
    const { moved, line } = this;
    const scale = line.length / this.room();
    return (x) => line.instant((moved.invertX(x) - LEFT) * scale);
  }
  private placeNow(): void {
    const { now, mark } = this;
    const scaled = this.at();
    if (mark !== null) this.body.select('line.measure').raise().attr('x1', scaled(mark)).attr('x2', scaled(mark));
    const line = this.body.select('line.now').raise();
    line.attr('visibility', now === null ? 'hidden' : 'visible');
    if (now === null) return;
    const x = scaled(Math.min(now, this.picture.end));
    line.attr('x1', x).attr('x2', x);
  }
  /** The machine goes where somebody points; what was chosen goes to its beginning. */
  private clicked(event: MouseEvent): void {
    const { left } = this.svg.node()!.getBoundingClientRect();
    const x = event.clientX - left;
    // a mark tells itself that it was meant
    const mark = (event.target as Element).closest('.mark');
    if (x < LEFT || (mark !== null && !(this.follows && isStretch(mark)))) return;
    this.onTime?.(Math.min(this.picture.end, Math.max(0, this.instants()(x))));
  }
  /** To what is chosen; the machine makes the run itself, not the repaired one. */
  private moveToChosen(): void {
    const { chosen } = this;
    const track = chosen === null ? undefined : this.picture.tracks[chosen.track];
    if (track?.run === 'run') this.onTime?.(track.from[chosen!.item]!);
  }

  chooseRow(row: number): boolean {
    for (const [track, { rows }] of this.picture.tracks.entries()) {
      const item = rows?.indexOf(row) ?? -1;
      if (item < 0) continue;
      this.choose(track, item);
      this.moveToChosen();
      return true;
    }
    return false;
  }

  private readonly names: Selection<SVGGElement, unknown, null, undefined>;
  /** What is shown, in which order: each lane has that of the repaired run below it; a picture without lanes shows all. */
  private arrange(): void {
    const { tracks } = this.picture;
    const each = tracks.map((t, i) => [t, i] as const);
    const lanes = each.filter(([t]) => t.lane && t.run === 'run');
    const others = each.filter(([t]) => t.lane && t.run === 'repaired');
    const below = (name: string): number[] => others.filter(([t]) => t.name === name).map(([, i]) => i);
    const order = lanes.flatMap(([t, i]) => [i, ...below(t.name)]);
    const rest = each.map(([, i]) => i).filter((i) => !order.includes(i));
    const hasLanes = lanes.length > 0;
    const shown = !hasLanes || this.all ? [...order, ...rest] : [...order, ...rest.filter((i) => tracks[i]!.lane)];
    let y = 0;
    this.rows = new Map(
      shown.map((i) => {
        const { run, look, lane } = tracks[i]!;
        const height = lane && (run === 'repaired' || look === 'held') ? LOW : ROW;
        y += height;
        return [i, { y: y - height, height }];
      }),
    );
    this.height = y + AXIS;
    this.svg.attr('height', this.height);
    this.clip.attr('height', this.height);
    this.axis.attr('transform', `translate(0,${y})`);
    this.body.selectAll('line').attr('y2', this.height);
    this.labels();
  }
  private labels(): void {
    this.names.selectAll('*').remove();
    for (const [i, { y, height }] of this.rows) {
      const { name, run } = this.picture.tracks[i]!;
      const repaired = run === 'repaired';
      const text = this.names
        .append('text')
        .attr('x', 4)
        .attr('y', y + height - 6)
        .attr('class', repaired ? 'repaired' : '');
      text.text(`${repaired ? '↻ ' : ''}${name}`);
      if (repaired) text.append('title').text(`the same run with ${this.picture.repaired ?? ''}`);
    }
  }
  /** Lines for what is kept waiting, and across the breaks of the axis. */
  private defineHatch(): void {
    for (const id of ['held', 'break']) {
      const pattern = this.svg.select('defs').append('pattern').attr('id', `${id}-${this.id}`).attr('class', id);
      pattern.attr('width', 6).attr('height', 6).attr('patternUnits', 'userSpaceOnUse').attr('patternTransform', 'rotate(45)');
      pattern.append('rect').attr('width', 6).attr('height', 6);
      pattern.append('line').attr('y2', 6);
    }
  }

  // ---- what is drawn ---------------------------------------------------------------------------------------------------------------
  private place(): void {
    const width = this.width();
    this.clip.attr('width', width - LEFT);
    const now = this.at();
    const instant = this.instants();
    // half a pixel more: the end of the run is in view, however its place is rounded
    const seen = { now, width, left: instant(LEFT), right: instant(width - RIGHT + 0.5) };
    const marks = [...this.rows.keys()].flatMap((track) => this.marksOf(track, seen));
    const { tracks, texts } = this.picture;
    const groups = this.body
      .selectAll<SVGGElement, Mark>('g.mark')
      .data(marks, (m) => `${m.track}.${m.item}`)
      .join((enter) => {
        const g = enter.append('g').attr('role', 'button');
        g.append('title');
        g.append('rect');
        g.append('text').attr('aria-hidden', 'true');
        return g
          .on('click', (_e, m) => {
            this.choose(m.track, m.item);
            this.moveToChosen();
          })
          .on('focus', (_e, m) => this.choose(m.track, m.item, false));
      });
    const textOf = (m: Mark): string => {
      const words = texts[tracks[m.track]!.text[m.item]!]!;
      return m.count > 1 ? `${m.count} marks, the first: ${words}` : words;
    };
    groups
      .attr(
        'class',
        (m) => `mark ${tracks[m.track]!.look}${/^ROM/.test(textOf(m)) ? ' rom' : ''}${this.toneOf(m)}${this.isChosen(m) ? ' chosen' : ''}`,
      )
      // one stop for Tab: < and > go through the marks
      .attr('tabindex', -1)
      .attr('transform', (m) => `translate(${m.from},${this.rows.get(m.track)!.y + 3})`)
      .attr(
        'aria-label',
        (m) =>
          `${tracks[m.track]!.run === 'repaired' ? 'repaired run, ' : ''}${tracks[m.track]!.name}, ${timeText(tracks[m.track]!.from[m.item]!)}: ${textOf(m)}`,
      );
    groups.select('title').text((m) => `${timeText(tracks[m.track]!.from[m.item]!)}  ${textOf(m)}`);
    const heightOf = (m: Mark): number => this.rows.get(m.track)!.height - 6;
    groups
      .select('rect')
      .attr('width', (m) => Math.max(APART, m.to - m.from))
      .attr('height', heightOf)
      .attr('style', (m) => (tracks[m.track]!.look === 'held' ? `fill:url(#held-${this.id})` : null));
    groups
      .select('text')
      .attr('y', (m) => heightOf(m) - (heightOf(m) > LOW - 6 ? 5 : 1))
      .attr('x', (m) => Math.max(3, LEFT + 3 - m.from))
      .text((m, i) => {
        if (tracks[m.track]!.look === 'instant') return countText(m, marks[i + 1]);
        const words = textOf(m);
        // requests are written in capitals
        const letter = /^[A-Z_]{4}/.test(words) ? CAPITAL : LETTER;
        const room = Math.floor((Math.min(m.to, width) - Math.max(m.from, LEFT) - 6) / letter);
        // cut, it is whole in the title
        return words.length <= room ? words : room >= LEAST ? `${words.slice(0, room - 1)}…` : '';
      });
    const { noReturn } = this.picture;
    this.placeNow();
    if (noReturn !== null) this.body.select('line.no-return').attr('x1', now(noReturn)).attr('x2', now(noReturn));
    this.rule(now, instant, width);
  }
  /** Ticks, and a band through all lanes for each break. */
  private rule(now: (seconds: number) => number, instant: (x: number) => number, width: number): void {
    const { ticks, breaks } = rulerOf(this.line, this.picture.end, now, instant, LEFT, width - RIGHT);
    this.axis.selectAll('*').remove();
    this.axis
      .append('path')
      .attr('class', 'domain')
      .attr('d', `M${LEFT},4H${width - RIGHT}`);
    for (const { x, text } of ticks) {
      const tick = this.axis.append('g').attr('class', 'tick').attr('transform', `translate(${x},4)`);
      tick.append('line').attr('y2', 5);
      tick.append('text').attr('y', 18).attr('text-anchor', 'middle').text(text);
    }
    this.body.selectAll('rect.break').remove();
    let last = -Infinity;
    for (const { from, to, text } of breaks) {
      const band = this.body
        .insert('rect', 'g.mark')
        .attr('class', 'break')
        .attr('style', `fill:url(#break-${this.id})`)
        .attr('x', from)
        .attr('width', to - from)
        .attr('height', this.height - AXIS + 8);
      band.append('title').text(`the axis is broken: ${text}`);
      const middle = (from + to) / 2;
      this.axis
        .append('path')
        .attr('class', 'broken')
        .attr('d', `M${middle - 6},8l4,-8M${middle + 2},8l4,-8`);
      const half = (text.length * 5.6) / 2;
      if (middle - half < last + 8 || middle - half < LEFT || middle + half > width - RIGHT) continue;
      last = middle + half;
      this.axis.append('text').attr('class', 'broken').attr('x', middle).attr('y', 32).attr('text-anchor', 'middle').text(text);
    }
  }

  /** Those in view; what lies closer together than can be seen is one. */
  private marksOf(track: number, { now, width, left, right }: Seen): Mark[] {
    const { from, to } = this.picture.tracks[track]!;
    const marks: Mark[] = [];
    for (let i = firstBehind(to, left); i < from.length && from[i]! <= right; i++) {
      // far outside of the picture numbers grow beyond what a drawing takes
      const [a, b] = [Math.max(LEFT - 10, now(from[i]!)), Math.min(width + 10, now(to[i]!))];
      const last = marks.at(-1);
      if (last !== undefined && last.to - last.from < APART && b - last.from < APART)
        marks[marks.length - 1] = { ...last, count: last.count + 1, to: Math.max(last.to, b) };
      else marks.push({ track, item: i, count: 1, from: a, to: b });
    }
    return marks;
  }
  private toneOf({ track, item, count }: Mark): string {
    const { tones } = this.picture.tracks[track]!;
    const tone = tones?.slice(item, item + count).find((t) => t !== '');
    return tone === undefined ? '' : ` ${tone}`;
  }
  private isChosen(m: Mark): boolean {
    const { chosen } = this;
    return chosen !== null && chosen.track === m.track && chosen.item >= m.item && chosen.item < m.item + m.count;
  }

  // ---- what a person does ------------------------------------------------------------------------------------------------------------
  private choose(trackNumber: number, item: number, bring = true): void {
    this.chosen = { track: trackNumber, item };
    const { name, from, to, text, rows, run }: PictureTrack = this.picture.tracks[trackNumber]!;
    const [a, b] = [from[item]!, to[item]!];
    this.said.textContent = `${run === 'repaired' ? 'repaired run, ' : ''}${name}: ${timeText(a)}${b > a ? ` to ${timeText(b)}` : ''}: ${this.picture.texts[text[item]!]!}`;
    const row = rows?.[item] ?? -1;
    this.onChoose(row < 0 ? null : row);
    const now = this.at();
    if (bring && (now(a) < LEFT || now(a) > this.width() - RIGHT))
      this.svg.call((s) => this.behaviour.translateTo(s, this.unmoved()(a), 0));
    else this.place();
    if (this.follows) this.moveToChosen();
  }
  /** To the next instant of any lane of the run, forth or back. */
  private toEvent(by: 1 | -1): void {
    const at = this.now ?? (by > 0 ? -1 : Infinity);
    const starts = this.picture.tracks.filter((t) => t.run === 'run').flatMap(({ from }) => from);
    const ahead = starts.filter((s) => (by > 0 ? s > at : s < at));
    if (ahead.length > 0) this.onTime?.(ahead.reduce((a, b) => (by > 0 === b < a ? b : a)));
  }
  /** The mark before or behind the chosen one in its track. */
  private next(by: 1 | -1): void {
    const track = this.chosen?.track ?? this.picture.tracks.findIndex((t) => t.rows !== undefined);
    const { from } = this.picture.tracks[Math.max(0, track)]!;
    const item = this.chosen === null ? 0 : this.chosen.item + by;
    if (item >= 0 && item < from.length) this.choose(Math.max(0, track), item);
  }
  /** The same in the track above or below, at the same time. */
  private other(by: 1 | -1): void {
    const { tracks } = this.picture;
    const order = [...this.rows.keys()];
    const { track, item } = this.chosen ?? { track: -1, item: 0 };
    const here = order.indexOf(track);
    const next = order[here < 0 ? (by > 0 ? 0 : order.length - 1) : here + by];
    if (next === undefined) return;
    const at = tracks[track]?.from[item] ?? 0;
    this.choose(next, Math.min(tracks[next]!.from.length - 1, firstBehind(tracks[next]!.to, at)));
  }
  private keys(): void {
    const acts: Readonly<Record<string, () => void>> = {
      '+': () => this.by(ZOOM),
      '-': () => this.by(1 / ZOOM),
      ArrowLeft: () => (this.follows ? this.toEvent(-1) : this.shift(0.25)),
      ArrowRight: () => (this.follows ? this.toEvent(1) : this.shift(-0.25)),
      ArrowDown: () => this.other(1),
      ArrowUp: () => this.other(-1),
      '<': () => this.next(-1),
      '>': () => this.next(1),
      '0': () => this.whole(),
      Enter: () => this.moveToChosen(),
    };
    this.svg.on('keydown', (event: KeyboardEvent) => {
      const act = acts[event.key];
      if (act === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      act();
    });
  }
  private buttons(tools: HTMLElement): void {
    const button = (text: string, label: string, act: () => void): HTMLElement => {
      const made = document.createElement('button');
      made.type = 'button';
      made.textContent = text;
      made.setAttribute('aria-label', label);
      made.addEventListener('click', act);
      tools.append(made);
      return made;
    };
    button('+', 'zoom in', () => this.by(ZOOM));
    button('−', 'zoom out', () => this.by(1 / ZOOM));
    button('◀', 'earlier', () => this.shift(0.5));
    button('▶', 'later', () => this.shift(-0.5));
    button('<', 'previous mark', () => this.next(-1));
    button('>', 'next mark', () => this.next(1));
    button('whole run', 'whole run', () => this.whole());
    const { tracks } = this.picture;
    const more = tracks.filter((t) => !t.lane).length;
    if (more === 0 || more === tracks.length) return;
    const toggle = button(`all ${tracks.length} lanes`, `all ${tracks.length} lanes`, () => {
      this.all = !this.all;
      toggle.setAttribute('aria-pressed', String(this.all));
      this.arrange();
      this.limit();
    });
    toggle.setAttribute('aria-pressed', 'false');
  }
  private by(factor: number): void {
    const now = this.at();
    const { chosen } = this;
    const at = chosen === null ? null : now(this.picture.tracks[chosen.track]!.from[chosen.item]!);
    // around what was chosen, as long as it is in view
    const around: [number, number] | undefined = at !== null && at >= LEFT && at <= this.width() ? [at, 0] : undefined;
    this.svg.call((s) => this.behaviour.scaleBy(s, factor, around));
  }
  private shift(part: number): void {
    this.svg.call((s) => this.behaviour.translateBy(s, (part * (this.width() - LEFT)) / this.moved.k, 0));
  }
  private whole(): void {
    this.svg.call((s) => this.behaviour.transform(s, zoomIdentity));
  }
  private width(): number {
    return Math.max(260, this.holder.clientWidth);
  }
  /** How far it can be moved. */
  private bound(): void {
    const area: [[number, number], [number, number]] = [
      [LEFT, 0],
      [this.width() - RIGHT, this.height],
    ];
    this.behaviour.extent(area).translateExtent(area);
  }
  private limit(): void {
    this.bound();
    this.place();
  }
}

/** Pixels: an instant inside of what is wider can be meant. */
const WIDE = 8;
const isStretch = (mark: Element): boolean => Number(mark.querySelector('rect')?.getAttribute('width')) > WIDE;

/** How many lie here, where there is room for the number. */
function countText(mark: Mark, next: Mark | undefined): string {
  const text = mark.count > 1 ? `×${mark.count}` : '';
  const room = next === undefined || next.track !== mark.track ? Infinity : next.from - mark.to;
  return text.length * LETTER + 4 <= room ? text : '';
}

/** Index of the first of the rising numbers that is not below. */
function firstBehind(rising: readonly number[], value: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
