/** The lanes that tell a run at a first look: what ran, the masks and what waits behind them, the clock in force, supply and D+, the host, the pins. */
import type { RunResult } from '../bench/documents/result.ts';
import type { RunTrace, TracedHostRow, TracedRun, TraceSignal } from '../bench/documents/trace-types.ts';
import type { ClockTree } from '../emu/clock-tree.ts';
import type { Item, Tone } from './track-item.ts';
import { rateText } from './rates.ts';
import { spans } from './trace/spans.ts';

const PS = 1e12;
/** Resets of a loop: they are one. */
const LOOP = 3;

/** Stretches of a core, resets of a loop folded: those in front of the last entry, and those behind it. */
export function foldResets(stretches: readonly Item[], { resets, entries }: RunResult): readonly Item[] {
  const entry = Number(entries.at(-1)?.at ?? Infinity);
  const own = resets.filter(({ by }) => by !== 'power').map(({ at, by }) => ({ at: Number(at), by }));
  const parts = [own.filter(({ at }) => at <= entry), own.filter(({ at }) => at > entry)].filter((part) => part.length >= LOOP);
  const folds = parts.map((part): Item => {
    const by = [...new Set(part.map((r) => r.by))].join(', ');
    return { from: part[0]!.at, to: part.at(-1)!.at, text: `${part.length} × reset by ${by}`, tone: 'bad' };
  });
  const left = folds.reduce((items, fold) => items.flatMap((item) => without(item, fold)), stretches);
  return [...left, ...folds].sort((a, b) => a.from - b.from);
}
/** What of a stretch lies outside of another. */
function without(item: Item, { from, to }: Item): readonly Item[] {
  if (item.to <= from || item.from >= to) return [item];
  return [...(item.from < from ? [{ ...item, to: from }] : []), ...(item.to > to ? [{ ...item, from: to }] : [])];
}

/** Stretches in which what signals say together stays the same; null: nothing to say. */
function together(signals: readonly TraceSignal[], end: number, words: (values: readonly number[]) => string | null): Item[] {
  const at = [...new Set(signals.flatMap((s) => s.at))].sort((a, b) => a - b);
  const next = signals.map(() => 0);
  const items: Item[] = [];
  at.forEach((from, k) => {
    const values = signals.map((s, i) => {
      while (next[i]! + 1 < s.at.length && s.at[next[i]! + 1]! <= from) next[i]!++;
      return s.values[next[i]!]!;
    });
    const text = words(values);
    const to = at[k + 1] ?? end;
    if (text !== null && to > from) lengthen(items, { from: from / PS, to: to / PS, text });
  });
  return items;
}
/** The same that goes on is one stretch. */
function lengthen(items: Item[], item: Item): void {
  const last = items.at(-1);
  if (last?.to === item.from && last.text === item.text) items[items.length - 1] = { ...last, to: item.to };
  else items.push(item);
}

const MASKS = ['primask', 'faultmask', 'basepri'] as const;
const ofMask = (run: TracedRun): readonly (readonly [TraceSignal, string])[] => {
  const cores = new Set(run.signals.filter((s) => s.group === 'core').map((s) => s.name.split('.')[0]!));
  return run.signals.flatMap((s) => {
    const [core, name] = s.name.split('.') as [string, string];
    if (s.group !== 'core' || !MASKS.some((mask) => mask === name)) return [];
    return [[s, `${cores.size > 1 ? `${core} ` : ''}${name}`] as const];
  });
};
/** Masks that are set; null: none is. */
export const maskWords = (masks: readonly (readonly [name: string, value: number])[]): string | null =>
  masks.flatMap(([name, value]) => (value === 0 ? [] : [`${name.replace(/\w+$/, (mask) => mask.toUpperCase())} = ${value}`])).join(', ') ||
  null;
export const waitWords = (exception: string): string => `${exception} waits`;
export function masksOf(run: TracedRun): Item[] {
  const masks = ofMask(run);
  return together(
    masks.map(([s]) => s),
    run.end,
    (values) => maskWords(values.map((v, i) => [masks[i]![1], v])),
  );
}
/** Exceptions that are kept waiting. */
export function heldBackOf(run: TracedRun, exceptions: RunTrace['exceptions']): Item[] {
  return run.signals
    .filter((s) => s.group === 'core' && s.name.endsWith('.held_back'))
    .flatMap((s) =>
      [...spans(s, run.end)].flatMap(({ from, to, value }) =>
        value === 0 ? [] : [{ from: from / PS, to: to / PS, text: waitWords(exceptions[value] ?? `exception ${value}`) }],
      ),
    )
    .sort((a, b) => a.from - b.from);
}

export function clockOf({ clocks, end }: TracedRun): Item[] {
  const items: Item[] = [];
  clocks.forEach(({ at, tree, unkept }, i) => {
    const rate = inForce(tree);
    const text = rate === null || unkept === undefined ? rate : `${rate}; changes that are not kept: ${unkept}`;
    if (text !== null) lengthen(items, { from: at / PS, to: (clocks[i + 1]?.at ?? end) / PS, text });
  });
  return items;
}
function inForce({ nodes }: ClockTree): string | null {
  const sysclk = nodes.find((n) => n.name === 'sysclk');
  const rate = sysclk === undefined ? null : rateText(sysclk.hz);
  if (rate === null) return null;
  const source = nodes.find((n) => n.name === sysclk!.from);
  const through = source?.from == null ? '' : ` of ${source.from.toUpperCase()}`;
  return source === undefined ? rate : `${source.name.toUpperCase()}${through}: ${rate}`;
}

const WIRES: Readonly<Record<string, string>> = { 'usb.supply': 'USB supply', 'usb.pullup': 'D+ pulled up', 'usb.vbus': 'VBUS' };
/** What of it is there; null: nothing is. */
export const supplyWords = (level: (name: string) => number): string | null =>
  Object.entries(WIRES)
    .flatMap(([name, words]) => (level(name) === 0 ? [] : [words]))
    .join(', ') || null;
/** A signal of the lane of the supply. */
export const isSupply = ({ name }: TraceSignal): boolean => name in WIRES;
export function supplyOf({ signals, end }: TracedRun): Item[] {
  const wires = signals.filter(isSupply);
  return together(wires, end, (values) => supplyWords((name) => values[wires.findIndex((w) => w.name === name)] ?? 0));
}

const TONES: Readonly<Record<string, Tone>> = {
  'no-answer': 'bad',
  'enumeration-retry': 'bad',
  'enumeration-failed': 'bad',
  'dfu-failed': 'bad',
  enumerated: 'good',
  dfu: 'good',
};
/** What the host saw last, until it sees something else. */
export function hostOf({ host, end }: TracedRun): Item[] {
  return host.flatMap((row: TracedHostRow, i) => {
    const to = host[i + 1]?.at ?? end;
    const tone = TONES[row.kind];
    return to > row.at ? [{ from: row.at / PS, to: to / PS, text: row.text, ...(tone === undefined ? {} : { tone }) }] : [];
  });
}

const LEVELS = ['low', 'high', 'floating'] as const;
export function pinsOf({ signals }: TracedRun): Item[] {
  return signals
    .filter((s) => s.group === 'pin')
    .flatMap(({ name, at, values }) => {
      const [pin, by] = name.split('.') as [string, string];
      return at.slice(1).map((from, i) => {
        const level = LEVELS[values[i + 1]!] ?? `${values[i + 1]}`;
        return { from: from / PS, to: from / PS, text: `${pin} ${level}${by === 'board' ? ' by the board' : ''}` };
      });
    })
    .sort((a, b) => a.from - b.from);
}
