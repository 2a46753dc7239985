/** What the timeline of a page draws, small enough to stand in the page: tracks of stretches and instants, times in seconds with nine decimals. */
import { otherGoal } from '../bench/documents/reached.ts';
import { goalText } from './hand-over/ladder.ts';
import type { Place, RunResult } from '../bench/documents/result.ts';
import type { RunTrace, TracedMoment, TracedRun, TraceSignal } from '../bench/documents/trace-types.ts';
import { brokenAxis, waitsBetween, type Wait } from './axis.ts';
import { fewerClocks, fewerMoments, type PictureMoments, type RomSource } from './keyframes.ts';
import { clockRows } from './clock-words.ts';
import { clockOf, foldResets, heldBackOf, hostOf, isSupply, masksOf, pinsOf, supplyOf } from './lanes.ts';
import { rateText } from './rates.ts';
import type { Sources } from './source-lines.ts';
import type { Item, Tone } from './track-item.ts';
import { spans } from './trace/spans.ts';
import { transferFields, transferText } from './trace/transfer-text.ts';

export interface PictureTrack {
  readonly name: string;
  /** Of the run itself, or of the same run with its cause repaired. */
  readonly run: 'run' | 'repaired';
  /** `held`: what is kept from being taken. */
  readonly look: 'application' | 'core' | 'clock' | 'wire' | 'bus' | 'instant' | 'held';
  /** One of those that are shown at first. */
  readonly lane?: true;
  /** A lane tells the same of an instant. */
  readonly repeats?: true;
  /** Seconds; rising. `to` is the same as `from` for what takes no time. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Index into `texts`, for each. */
  readonly text: readonly number[];
  /** Row of the table of events, for each; left out where there is none. */
  readonly rows?: readonly number[];
  /** What is good or bad about it, for each; left out where nothing is. */
  readonly tones?: readonly Tone[];
  /** Index into the facts of the picture, for each; -1: none. Left out where nothing has any. */
  readonly facts?: readonly number[];
}
export interface Picture {
  readonly end: number;
  readonly texts: readonly string[];
  readonly tracks: readonly PictureTrack[];
  /** Repaired: what, and what comes of it. */
  readonly repaired: string | null;
  /** Where a single repair still helped for the last time. */
  readonly noReturn: number | null;
  /** What is looked at first: around the last entry into the ROM; null or left out: the whole run. */
  readonly view?: readonly [from: number, to: number] | null;
  /** Where nothing happens: the axis is broken there. */
  readonly waits?: readonly Wait[];
  /** Left out where the run was not recorded. */
  readonly moments?: PictureMoments;
  /** Left out where the run was not recorded, or the chip's RCC does not tell. */
  readonly clocks?: PictureClocks;
  /** What clocks and tracks tell more: distinct ones once, since firmware comes back to them with each reset. Of each row two indices into `texts`: name and words. */
  readonly facts?: readonly (readonly (readonly [name: number, words: number])[])[];
}
export interface PictureClocks {
  /** Seconds, rising. */
  readonly at: readonly number[];
  /** Index into `facts`, for each. */
  readonly tree: readonly number[];
  /** Changes behind it that are left out, for each; left out where there are none. */
  readonly unkept?: readonly number[];
}

/** Items of a track; where there are more, those that lie closest together become one. */
const MOST_ITEMS = 2500;
/** Of the pins together: a toggling one is in its own track. */
const MOST_LEVELS = 400;
/** Tracks of pins. */
const MOST_PINS = 12;
const PS = 1e12;

/** @param sources the line of the source at each moment is taken from here; null: moments are left out, a machine stands there itself */
export function pictureOf(result: RunResult, trace: RunTrace | null, sources: Sources | null = null, rom: RomSource = () => null): Picture {
  const tracks = new Tracks(Number(result.ended.at));
  if (trace === null) plainTracks(tracks, result);
  else {
    laneTracks(tracks, 'run', trace.run, trace, result);
    if (trace.repaired) laneTracks(tracks, 'repaired', trace.repaired, trace, null);
    tracedTracks(tracks, 'run', trace.run, trace, culprits(result));
    tracks.add('on the bus', 'run', 'bus', sessionsOf(result));
    if (trace.repaired) tracedTracks(tracks, 'repaired', trace.repaired, trace, new Map());
  }
  tracks.add('resets', 'run', 'instant', resetsOf(result));
  const noReturn = result.timeline.find((t) => t.kind === 'no-return');
  const { repaired } = trace ?? { repaired: null };
  const goal = otherGoal(result);
  const waits = waitsBetween(happenings(tracks, result), tracks.end);
  const view = viewOf(result, tracks.end, waits);
  return {
    end: tracks.end,
    texts: tracks.texts,
    tracks: tracks.list,
    repaired: repaired && `${repaired.repairs.join(', ')} repaired: ${goal === null ? repaired.outcome : goalText(goal)}`,
    noReturn: noReturn === undefined ? null : Number(noReturn.at),
    view,
    waits: waits.map(([from, to]) => [nine(from), nine(to)] as const),
    ...(trace === null ? {} : recorded(tracks, trace, result, view, sources, rom)),
  };
}

function recorded(
  tracks: Tracks,
  trace: RunTrace,
  result: RunResult,
  view: Picture['view'],
  sources: Sources | null,
  rom: RomSource,
): Pick<Picture, 'moments' | 'clocks' | 'facts'> {
  const { moments, clocks } = trace.run;
  return {
    ...(sources === null || moments.length === 0 ? {} : { moments: momentsOf(tracks, trace, view, sources, rom) }),
    ...(clocks.length === 0 ? {} : { clocks: clocksOf(tracks, trace.run, result) }),
    ...(tracks.facts.length === 0 ? {} : { facts: tracks.facts }),
  };
}
function clocksOf(tracks: Tracks, { clocks }: TracedRun, { entries }: RunResult): PictureClocks {
  const entry = entries.at(-1);
  const shown = fewerClocks(clocks, entry === undefined ? null : Number(entry.at));
  return {
    at: shown.map(({ at }) => nine(at / PS)),
    tree: shown.map(({ tree }) => tracks.factsOf(clockRows(tree))),
    ...(shown.some((c) => c.unkept !== undefined) ? { unkept: shown.map((c) => c.unkept ?? 0) } : {}),
  };
}

function momentsOf(
  tracks: Tracks,
  { run, memories }: RunTrace,
  view: Picture['view'],
  sources: Sources,
  romSource: RomSource,
): PictureMoments {
  const shown = fewerMoments(run, view ?? null);
  const roms = memories.filter((m) => m.isRom);
  /** Of code that no image names. */
  const inRom = ({ place: { symbol, pc } }: TracedMoment): boolean =>
    symbol === null && roms.some((m) => Number(pc) >= m.base && Number(pc) < m.base + m.size);
  const words = (moment: TracedMoment): string => {
    const { place } = moment;
    if (!inRom(moment)) return placeText(place);
    const own = romSource(Number(place.pc));
    return `in the ROM, ${own === null ? place.pc : placeText({ ...own, pc: place.pc })}`;
  };
  const codeOf = (moment: TracedMoment): string => {
    const { file, line, pc } = moment.place;
    const text = inRom(moment) ? romSource(Number(pc))?.text : file === null || line === null ? null : sources(file)?.lines[line - 1];
    return text?.trim() ?? '';
  };
  const text = (of: string): number => (of === '' ? -1 : tracks.textOf(of));
  return {
    at: shown.map((m) => nine(m.at / PS)),
    place: shown.map((m) => text(words(m))),
    code: shown.map((m) => text(codeOf(m))),
    pc: shown.map((m) => Number(m.place.pc)),
    sp: shown.map((m) => m.sp),
    vtor: shown.map((m) => m.vtor ?? -1),
    core: shown.map((m) => text(m.core ?? '')),
  };
}

/** When something happens: in a loop of resets nothing new does, and pins and ticks go on through all waits. */
function happenings({ list }: Tracks, { timeline }: RunResult): number[] {
  const own = list.filter((t) => t.run === 'run');
  const shown = own.filter((t) => (t.lane && t.look !== 'instant') || t.name === 'USB transfers' || t.name === 'on the bus');
  const folded = own.filter((t) => t.lane && t.look === 'application').flatMap(foldsOf);
  const inLoop = (at: number): boolean => folded.some(([from, to]) => at > from && at < to);
  const plain = own.length > 0 && shown.length === 0 ? own : shown;
  return [...timeline.map((t) => Number(t.at)), ...plain.flatMap(({ from, to }) => [...from, ...to])].filter((at) => !inLoop(at));
}
const foldsOf = ({ from, to, tones }: PictureTrack): Wait[] =>
  (tones ?? []).flatMap((tone, i): Wait[] => (tone === 'bad' ? [[from[i]!, to[i]!]] : []));

/** Parts of what comes behind the entry that are shown before and behind it. */
const [BEFORE, BEHIND] = [0.5, 1.1];
/** Seconds: less says nothing. */
const NARROWEST = 1e-4;
/** Around the last entry into the ROM, as far behind it as something happens, as the broken axis shows it. */
function viewOf({ entries, timeline, ended }: RunResult, end: number, waits: readonly Wait[]): readonly [from: number, to: number] | null {
  const entry = entries.at(-1);
  if (entry === undefined) return null;
  const axis = brokenAxis(end, waits);
  const at = Number(entry.at);
  const last = Math.max(...timeline.map((t) => Number(t.at)), at);
  const length = Math.max(NARROWEST, axis.at(last > at ? last : Number(ended.at)) - axis.at(at));
  const inside = (place: number): number => nine(axis.instant(Math.min(axis.length, Math.max(0, place))));
  return [inside(axis.at(at) - BEFORE * length), inside(axis.at(at) + BEHIND * length)];
}

interface Culprit {
  /** Seconds: it is what the ROM was handed at that time. */
  readonly at: number;
  /** The line that did it. */
  readonly line: string;
}
/** Proved causes by their ids, for tracks that show the same thing. */
function culprits({ diagnosis, entries }: RunResult): ReadonlyMap<string, Culprit> {
  const at = Number(entries.at(-1)?.at ?? NaN);
  return new Map(
    diagnosis.causes
      .filter((c) => c.proved)
      .map(({ id, lastWriter }) => [
        id,
        { at, line: lastWriter?.file == null ? '' : `, by ${nameOf(lastWriter.file)}:${lastWriter.line}` },
      ]),
  );
}
const nameOf = (file: string): string => file.slice(file.lastIndexOf('/') + 1);
/** Of a mask that is a proved cause, the stretch that lasts at the entry. */
const blamed = (items: readonly Item[], culprit: Culprit | undefined): readonly Item[] =>
  culprit === undefined
    ? items
    : items.map((i) => (i.from <= culprit.at && culprit.at <= i.to ? { ...i, text: `${i.text}${culprit.line}`, tone: 'bad' } : i));

class Tracks {
  readonly list: PictureTrack[] = [];
  readonly texts: string[] = [];
  readonly facts: (readonly (readonly [name: number, words: number])[])[] = [];
  private readonly knownFacts = new Map<string, number>();
  private readonly known = new Map<string, number>();
  end: number;
  constructor(end: number) {
    this.end = end;
  }

  /** One of those that are shown at first. */
  lane(name: string, run: PictureTrack['run'], look: PictureTrack['look'], items: readonly Item[], most = MOST_ITEMS): void {
    this.add(name, run, look, items, most, 'lane');
  }
  /** What a lane tells, too, in a track of its own. */
  repeat(name: string, run: PictureTrack['run'], look: PictureTrack['look'], items: readonly Item[]): void {
    this.add(name, run, look, items, MOST_ITEMS, 'repeats');
  }
  add(
    name: string,
    run: PictureTrack['run'],
    look: PictureTrack['look'],
    items: readonly Item[],
    most = MOST_ITEMS,
    mark: 'lane' | 'repeats' | null = null,
  ): void {
    if (items.length === 0) return;
    const shown = thinned(
      [...items].sort((a, b) => a.from - b.from),
      this.end,
      most,
    );
    this.list.push({
      name,
      run,
      look,
      ...(mark === null ? {} : { [mark]: true }),
      from: shown.map((i) => nine(i.from)),
      to: shown.map((i) => nine(i.to)),
      text: shown.map((i) => this.textOf(i.text)),
      ...(shown.some((i) => i.row !== undefined) ? { rows: shown.map((i) => i.row ?? -1) } : {}),
      ...(shown.some((i) => i.tone !== undefined) ? { tones: shown.map((i) => i.tone ?? '') } : {}),
      ...(shown.some((i) => i.told !== undefined) ? { facts: shown.map((i) => (i.told === undefined ? -1 : this.factsOf(i.told))) } : {}),
    });
  }
  textOf(text: string): number {
    let i = this.known.get(text);
    if (i === undefined) {
      this.known.set(text, (i = this.texts.length));
      this.texts.push(text);
    }
    return i;
  }
  factsOf(rows: readonly (readonly [name: string, words: string])[]): number {
    const texts = rows.map(([name, words]) => [this.textOf(name), this.textOf(words)] as const);
    const key = JSON.stringify(texts);
    let i = this.knownFacts.get(key);
    if (i === undefined) this.knownFacts.set(key, (i = this.facts.push(texts) - 1));
    return i;
  }
}

const nine = (seconds: number): number => Math.round(seconds * 1e9) / 1e9;

function thinned(items: readonly Item[], end: number, most: number): readonly Item[] {
  if (items.length <= most) return items;
  const width = end / most;
  const out: { item: Item; count: number }[] = [];
  for (const item of items) {
    const last = out.at(-1);
    if (last !== undefined && Math.floor(last.item.from / width) === Math.floor(item.from / width))
      out[out.length - 1] = { item: { ...last.item, to: Math.max(last.item.to, item.to) }, count: last.count + 1 };
    else out.push({ item, count: 1 });
  }
  return out.map(({ item: { told, ...item }, count }) => {
    if (count > 1) return { ...item, text: `${item.text} and ${count - 1} more` };
    return told === undefined ? item : { ...item, told };
  });
}

function plainTracks(tracks: Tracks, r: RunResult): void {
  const { end } = tracks;
  const left = [...r.resets.map((x) => Number(x.at)), ...r.timeline.filter((t) => t.kind === 'left').map((t) => Number(t.at))];
  const until = (from: number): number => Math.min(end, ...left.filter((at) => at > from));
  tracks.add('runs', 'run', 'application', [
    { from: 0, to: end, text: 'application' },
    ...r.entries.map((e) => ({ from: Number(e.at), to: until(Number(e.at)), text: `ROM: ${e.how} to ${e.address}` })),
  ]);
  tracks.add('events', 'run', 'instant', eventsOf(r.timeline));
  tracks.add('on the bus', 'run', 'bus', sessionsOf(r));
}

/** Resets of a loop: among other events they cannot be counted. */
const LOOP = 3;
function resetsOf({ resets }: RunResult): Item[] {
  const own = resets.filter(({ by }) => by !== 'power');
  return own.length < LOOP ? [] : own.map(({ at, by }) => ({ from: Number(at), to: Number(at), text: `reset by ${by}` }));
}
const eventsOf = (rows: RunResult['timeline']): Item[] =>
  rows.map(({ at, kind, text }, row) => ({ from: Number(at), to: Number(at), text: `${kind}: ${text}`, row }));

function sessionsOf(r: RunResult): Item[] {
  const end = Number(r.ended.at);
  return r.usb.sessions.map((s) => ({
    from: Number(s.at),
    to: s.endedAt === null ? end : Number(s.endedAt),
    tone: s.enumerated ? 'good' : 'bad',
    text: `${s.servedBy === 'system' ? 'ROM' : s.servedBy === 'user' ? 'application' : 'nobody'}: ${s.enumerated ? `enumerated ${s.vid ?? ''}:${s.pid ?? ''}` : 'not enumerated'}`,
  }));
}

/** The same lanes for the run and the repaired one, as far as they differ by it. */
function laneTracks(tracks: Tracks, which: PictureTrack['run'], run: TracedRun, trace: RunTrace, result: RunResult | null): void {
  const end = run.end / PS;
  tracks.end = Math.max(tracks.end, end);
  const roms = run.signals.filter((s) => s.group === 'core' && s.name.endsWith('.in_rom'));
  const stretches = roms.map(
    (s) => [named(s, roms, 'runs'), [...spans(s, run.end)].map(({ from, to, value }) => ({ from: from / PS, to: to / PS, text: value === 0 ? 'application' : 'ROM' }))] as const, // prettier-ignore
  );
  if (roms.length === 0) stretches.push(['runs', [{ from: 0, to: end, text: 'application' }]]);
  for (const [name, items] of stretches) tracks.lane(name, which, 'application', result === null ? items : foldResets(items, result));
  tracks.lane('masks', which, 'core', result === null ? masksOf(run) : blamedMasks(masksOf(run), culprits(result)));
  tracks.lane('waiting', which, 'held', heldBackOf(run, trace.exceptions));
  if (which === 'run') {
    tracks.lane('clock', which, 'clock', clockOf(run));
    tracks.lane('supply, D+', which, 'wire', supplyOf(run));
  }
  tracks.lane('host', which, 'bus', hostOf(run));
  if (which === 'run') tracks.lane('pins', which, 'instant', pinsOf(run), MOST_LEVELS);
}
const blamedMasks = (items: readonly Item[], causes: ReadonlyMap<string, Culprit>): readonly Item[] =>
  ['primask', 'basepri', 'faultmask'].reduce((marked, mask) => blamed(marked, causes.get(mask)), items);

function tracedTracks(
  tracks: Tracks,
  which: PictureTrack['run'],
  run: TracedRun,
  { exceptions }: RunTrace,
  causes: ReadonlyMap<string, Culprit>,
): void {
  const stretches = (s: TraceSignal, words: (value: number) => string | null): Item[] =>
    [...spans(s, run.end)].flatMap(({ from, to, value }) => {
      const text = words(value);
      return text === null ? [] : [{ from: from / PS, to: to / PS, text }];
    });
  const signal = (suffix: string): readonly TraceSignal[] => run.signals.filter((s) => s.group === 'core' && s.name.endsWith(suffix));
  for (const s of signal('.exception'))
    tracks.add(
      named(s, signal('.exception'), 'exception'),
      which,
      'core',
      stretches(s, (v) => (v === 0 ? null : (exceptions[v] ?? `exception ${v}`))),
    );
  maskTracks(tracks, which, signal, stretches, causes);
  if (which === 'run') {
    for (const s of run.signals.filter((x) => x.group === 'clock' && shownClock(x.name)))
      tracks.add(s.name, which, 'clock', stretches(s, rateText));
    for (const s of run.signals.filter((x) => x.group === 'supply'))
      tracks.add(
        s.name,
        which,
        'wire',
        stretches(s, (v) => (v === 0 ? null : `${s.name} = ${v}`)),
        MOST_ITEMS,
        isSupply(s) ? 'repeats' : null,
      );
    for (const s of run.signals.filter((x) => x.group === 'pin').slice(0, MOST_PINS))
      tracks.add(
        s.name.replace('.chip', '').replace('.board', ' (board)'),
        which,
        'wire',
        stretches(s, (v) => (v === 1 ? 'high' : v === 0 ? null : 'floating')),
      );
    for (const channel of new Set(run.console.map((c) => c.channel)))
      tracks.add(
        channel,
        which,
        'instant',
        run.console.filter((c) => c.channel === channel).map(({ at, text }) => ({ from: at / PS, to: at / PS, text: text.trimEnd() })),
      );
    tracks.add('events', which, 'instant', eventsOf(run.rows));
  }
  const transfers = run.transfers.map((t) => ({
    from: t.from / PS,
    to: (t.to ?? run.end) / PS,
    text: transferText(t),
    ...(which === 'run' ? { told: transferFields(t) } : {}),
  }));
  tracks.add('USB transfers', which, 'bus', transfers);
}

/** A mask that is a proved cause has its line. */
function maskTracks(
  tracks: Tracks,
  which: PictureTrack['run'],
  signal: (suffix: string) => readonly TraceSignal[],
  stretches: (s: TraceSignal, words: (value: number) => string | null) => Item[],
  causes: ReadonlyMap<string, Culprit>,
): void {
  for (const mask of ['primask', 'basepri', 'faultmask'])
    for (const s of signal(`.${mask}`))
      tracks.repeat(
        named(s, signal(`.${mask}`), mask),
        which,
        'core',
        blamed(
          stretches(s, (v) => (v === 0 ? null : `${mask.toUpperCase()} = ${v}`)),
          causes.get(mask),
        ),
      );
}

/** With two cores each has its own. */
const named = (s: TraceSignal, all: readonly TraceSignal[], what: string): string =>
  all.length > 1 ? `${s.name.slice(0, s.name.indexOf('.'))} ${what}` : what;

/** Those that a boot path hangs on; each peripheral's own kernel clock follows them. */
const shownClock = (name: string): boolean => /^(sysclk|cpu1|hclk|hsi|hsi48|hse|csi|msi|lse|pll\w*|usb)$/.test(name);

export const placeText = (p: Place): string =>
  `${p.file === null ? p.pc : `${p.file}:${p.line}`}${p.symbol === null ? '' : ` (${p.symbol})`}`;
