/** The ruler below the lanes: ticks where time goes on, and what each break leaves out. */
import { ticks as ticksBetween } from 'd3-array';
import type { BrokenAxis } from '../axis.ts';
import { timeText } from '../moments.ts';

export interface Tick {
  readonly x: number;
  readonly text: string;
}
export interface Break {
  readonly from: number;
  readonly to: number;
  /** How long it is. */
  readonly text: string;
}
export interface Ruler {
  readonly ticks: readonly Tick[];
  readonly breaks: readonly Break[];
}
/** Pixels of a letter and between two texts. */
const [LETTER, APART] = [6.2, 10];
const TICK = 110;
const UNITS = [
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'µs'],
] as const;

/** With as many digits as tell a tick from the next one. */
function tickText(seconds: number, step: number): string {
  const [unit, name] = UNITS.find(([size]) => Math.abs(seconds) >= size) ?? UNITS[2];
  const digits = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9)));
  return `${(seconds / unit)
    .toFixed(digits)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')} ${name}`;
}

/** Two digits are enough to say how long nothing happens. */
const shortTime = (seconds: number): string => timeText(Number(seconds.toPrecision(2)));

/** @param x pixel of an instant; @param from the left end and @param to the right end of what is seen, in pixels; @param instant of a pixel */
export function rulerOf(
  axis: BrokenAxis,
  end: number,
  x: (seconds: number) => number,
  instant: (pixel: number) => number,
  from: number,
  to: number,
): Ruler {
  const breaks = axis.waits.map(([a, b]) => ({ from: x(a), to: x(b), text: shortTime(b - a) }));
  const seen = breaks.filter((b) => b.to > from && b.from < to);
  // one that fills the view is time like any other
  const shown = seen.filter((b) => b.to - b.from < (to - from) / 2);
  const ends = [from, ...shown.flatMap((b) => [b.from, b.to]), to];
  const ticks: Tick[] = [];
  for (let i = 0; i < ends.length; i += 2) {
    const [a, b] = [Math.max(from, ends[i]!), Math.min(to, ends[i + 1]!, x(end))];
    if (b >= a) ticks.push(...ticksIn(a, b, instant, x));
  }
  const room = to + 8;
  return { ticks: apart(ticks, room), breaks: shown };
}
function ticksIn(a: number, b: number, instant: (pixel: number) => number, x: (seconds: number) => number): Tick[] {
  const [first, last] = [instant(a), instant(b)];
  const found = ticksBetween(first, last, Math.max(1, Math.floor((b - a) / TICK)));
  const step = found.length > 1 ? found[1]! - found[0]! : last - first || 1e-6;
  return (found.length > 0 ? found : [first]).map((t) => ({ x: x(t), text: tickText(t, step) }));
}
/** Those whose texts have room, within the picture. */
function apart(ticks: readonly Tick[], right: number): Tick[] {
  let last = -Infinity;
  return ticks.filter(({ x, text }) => {
    const half = (text.length * LETTER) / 2;
    if (x - half < last + APART || x + half > right) return false;
    last = x + half;
    return true;
  });
}
