/** An axis of time that is broken where nothing happens: a wait of seconds is as wide as any other, what happens beside it can be seen, and every place is still an instant. */

/** A wait of the run, in seconds. */
export type Wait = readonly [from: number, to: number];
export interface BrokenAxis {
  readonly waits: readonly Wait[];
  /** Length, in its own unit: a second outside of waits is one. */
  readonly length: number;
  /** Where an instant lies. */
  readonly at: (seconds: number) => number;
  /** The instant that lies there. */
  readonly instant: (place: number) => number;
}

/** A wait takes this part of what is left without waits. */
const WIDTH = 0.05;
/** Part of what is left from which on a gap is a wait: smaller ones hide nothing. */
const LARGE = 0.15;
/** Part of the longest wait: what is shorter is no wait beside it, but work. */
const SMALLEST = 1 / 64;
/** Each takes room. */
const MOST = 16;
/** Part of what is left without waits that stays at the ends of each, so that what stands there does not touch the break. */
const MARGIN = 0.004;

export function brokenAxis(end: number, waits: readonly Wait[] = []): BrokenAxis {
  const left = end - waits.reduce((sum, [from, to]) => sum + to - from, 0);
  const width = left * WIDTH;
  const instants = [0];
  const places = [0];
  const add = (seconds: number, length: number): void => {
    instants.push(seconds);
    places.push(places.at(-1)! + length);
  };
  for (const [from, to] of waits) {
    add(from, from - instants.at(-1)!);
    add(to, Math.min(width, to - from));
  }
  add(end, Math.max(0, end - instants.at(-1)!));
  return { waits, length: places.at(-1)!, at: between(instants, places), instant: between(places, instants) };
}
/** Straight from each point to the next; beyond the ends as the axis goes on there. */
function between(from: readonly number[], to: readonly number[]): (value: number) => number {
  return (value) => {
    let i = 1;
    while (i < from.length - 1 && from[i]! < value) i++;
    const [a, b] = [from[i - 1]!, from[i]!];
    if (b <= a) return to[i]! + value - b;
    return to[i - 1]! + ((value - a) / (b - a)) * (to[i]! - to[i - 1]!);
  };
}

/** The longest gaps between instants at which something happens, as long as each hides the rest; rising. */
export function waitsBetween(instants: readonly number[], end: number): readonly Wait[] {
  const all = [...new Set([0, ...instants.filter((at) => at > 0 && at < end), end])].sort((a, b) => a - b);
  const gaps = all.slice(1).map((to, i): Wait => [all[i]!, to]);
  gaps.sort((a, b) => b[1] - b[0] - (a[1] - a[0]));
  const found: Wait[] = [];
  let left = end;
  for (const [from, to] of gaps.slice(0, MOST)) {
    const length = to - from;
    const [longest] = found;
    // one gap alone is the run itself
    if (length < LARGE * left || left - length <= 0) break;
    if (longest !== undefined && length < SMALLEST * (longest[1] - longest[0])) break;
    found.push([from, to]);
    left -= length;
  }
  const margin = MARGIN * left;
  return found.map(([from, to]): Wait => [from + margin, to - margin]).sort((a, b) => a[0] - b[0]);
}
