/**
 * The timeline: integer picoseconds since power-on, held in a JS number (exact below 2^53, that is 2.5 hours).
 * Every clock domain has a rational period and counts whole edges against the timeline without drift.
 */

/** Picoseconds since power-on; always an integer. */
export type Ps = number;

export const PS_PER_SECOND = 1_000_000_000_000;
export const US = 1_000_000;
export const MS = 1_000_000_000;

/** floor(a * b / c) for non-negative safe integers, exact. */
export function mulDivFloor(a: number, b: number, c: number): number {
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) return c === 1 ? product : Math.floor(product / c);
  const q = Math.floor(a / c);
  const rest = (a - q * c) * b;
  if (q * b <= Number.MAX_SAFE_INTEGER && rest <= Number.MAX_SAFE_INTEGER) return q * b + Math.floor(rest / c);
  return Number((BigInt(a) * BigInt(b)) / BigInt(c));
}

/** ceil(a * b / c) for non-negative safe integers, exact. */
export function mulDivCeil(a: number, b: number, c: number): number {
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) return c === 1 ? product : Math.ceil(product / c);
  return Number((BigInt(a) * BigInt(b) + BigInt(c) - 1n) / BigInt(c));
}

function gcd(a: number, b: number): number {
  while (b !== 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/** A frequency as a reduced fraction of hertz. `den` is 1 for all but fractional PLLs. */
export interface Rate {
  readonly num: number;
  readonly den: number;
}

export function rate(num: number, den = 1): Rate {
  const g = gcd(num, den) || 1;
  return { num: num / g, den: den / g };
}

/** How a rate came from another one. */
export interface Scaling {
  readonly from: Rate;
  readonly multiplied: number;
  readonly divided: number;
}
let scalings: Map<Rate, Scaling> | null = null;
/** What `work` gives, and how each rate came from another that it scaled. */
export function followingScalings<T>(work: () => T): readonly [T, ReadonlyMap<Rate, Scaling>] {
  const own = (scalings = new Map());
  try {
    return [work(), own];
  } finally {
    scalings = null;
  }
}
/** A rate times mul/div, e.g. `scaleRate(hsi, n, m)`. */
export function scaleRate(r: Rate, mul: number, div: number): Rate {
  const g1 = gcd(r.num, div) || 1;
  const g2 = gcd(mul, r.den) || 1;
  const scaled = rate((r.num / g1) * (mul / g2), (r.den / g2) * (div / g1));
  scalings?.set(scaled, { from: r, multiplied: mul, divided: div });
  return scaled;
}

export const rateHz = (r: Rate): number => r.num / r.den;
export const sameRate = (a: Rate | null, b: Rate | null): boolean =>
  a === b || (a !== null && b !== null && a.num === b.num && a.den === b.den);

/** Plain state of one clock domain. `periodNum/periodDen` is the period in ps; both 0 while the clock is stopped. */
export interface ClockState {
  rate: Rate | null;
  periodNum: number;
  periodDen: number;
  /** Timeline position of edge number `anchorCount`. */
  anchor: Ps;
  anchorCount: number;
}

/**
 * What a field is made with that will hold numbers beyond 31 bits: V8 keeps room for a double in it then. One that is made with a small integer changes the layout of
 * its object when it outgrows that, and all that was compiled for such objects is thrown away.
 */
export const WIDE = NaN;

export function stoppedClock(): ClockState {
  const clock: ClockState = { rate: null, periodNum: 0, periodDen: 0, anchor: WIDE, anchorCount: WIDE };
  clock.anchor = clock.anchorCount = 0;
  return clock;
}

/** Number of whole edges at `now`; frozen while stopped. */
export function clockCount(c: ClockState, now: Ps): number {
  if (c.rate === null) return c.anchorCount;
  return c.anchorCount + mulDivFloor(now - c.anchor, c.periodDen, c.periodNum);
}

/** First instant at which `clockCount` reaches `count`; Infinity while stopped and not yet reached. */
export function clockTimeOf(c: ClockState, count: number): Ps {
  if (count <= c.anchorCount) return c.anchor;
  if (c.rate === null) return Infinity;
  return c.anchor + mulDivCeil(count - c.anchorCount, c.periodNum, c.periodDen);
}

/** First count whose edge is at or after `time`; Infinity while stopped. */
export function countAt(c: ClockState, time: Ps): number {
  if (c.rate === null || time === Infinity) return Infinity;
  // ceil(n * num / den) >= t  <=>  n * num / den > t - 1
  return time <= c.anchor ? c.anchorCount : c.anchorCount + mulDivFloor(Math.ceil(time) - c.anchor - 1, c.periodDen, c.periodNum) + 1;
}

/** Changes the rate at `now`, keeping the number of whole edges counted so far. */
export function setClockRate(c: ClockState, rateNow: Rate | null, now: Ps): void {
  c.anchorCount = clockCount(c, now);
  c.anchor = now;
  c.rate = rateNow;
  if (rateNow === null) {
    c.periodNum = c.periodDen = 0;
    return;
  }
  const g1 = gcd(PS_PER_SECOND, rateNow.num);
  c.periodNum = (PS_PER_SECOND / g1) * rateNow.den;
  c.periodDen = rateNow.num / g1;
}

/** Seconds with nine decimals, cut off: the form of times in results. */
export function formatSeconds(ps: Ps): string {
  const ns = Math.floor(ps / 1000);
  const s = Math.floor(ns / 1_000_000_000);
  return `${s}.${String(ns - s * 1_000_000_000).padStart(9, '0')}`;
}

/**
 * Due times of all timers of a machine, by fixed slot. Slots are allotted once when the machine is built; the due times are the
 * only state. Ties fire in slot order, which is deterministic.
 */
export class Scheduler {
  /** Due time by slot, Infinity = not armed. Plain data; `refresh` when it was written from outside. */
  due = new Float64Array(0);
  /** The earliest due time. */
  next: Ps = Infinity;
  private readonly names: string[] = [];
  /** `due` with room for more. */
  private room = new Float64Array(256).fill(Infinity);
  /** Slots that are armed, in any order: a few of a hundred. */
  private readonly armed: number[] = [];

  addSlot(name: string): number {
    const n = this.names.push(name);
    if (n > this.room.length) {
      const grown = new Float64Array(2 * n).fill(Infinity);
      grown.set(this.room);
      this.room = grown;
    }
    this.due = this.room.subarray(0, n);
    return n - 1;
  }

  slotName(slot: number): string {
    return this.names[slot] ?? `#${slot}`;
  }

  arm(slot: number, due: Ps): void {
    if (due === Infinity) return this.disarm(slot);
    const before = this.due[slot]!;
    this.due[slot] = due;
    if (before === Infinity) this.armed.push(slot);
    if (due <= this.next) this.next = due;
    else if (before === this.next) this.next = this.earliest();
  }

  isArmed(slot: number): boolean {
    return this.due[slot] !== Infinity;
  }

  disarm(slot: number): void {
    const before = this.due[slot]!;
    if (before === Infinity) return;
    this.unlink(slot);
    if (before === this.next) this.next = this.earliest();
  }

  refresh(): void {
    this.armed.length = 0;
    for (let slot = 0; slot < this.due.length; slot++) if (this.due[slot] !== Infinity) this.armed.push(slot);
    this.next = this.earliest();
  }
  private earliest(): Ps {
    let next = Infinity;
    for (let i = 0; i < this.armed.length; i++) next = Math.min(next, this.due[this.armed[i]!]!);
    return next;
  }
  private unlink(slot: number): void {
    const { armed } = this;
    armed[armed.indexOf(slot)] = armed[armed.length - 1]!;
    armed.pop();
    this.due[slot] = Infinity;
  }

  /** The slot that is due first. */
  first(): number {
    const { armed, due, next } = this;
    let slot = Infinity;
    for (let i = 0; i < armed.length; i++) if (due[armed[i]!] === next && armed[i]! < slot) slot = armed[i]!;
    return slot;
  }
  /** When the first of all others is due. */
  nextBeside(slot: number): Ps {
    const { armed, due } = this;
    let next = Infinity;
    for (let i = 0; i < armed.length; i++) if (armed[i] !== slot) next = Math.min(next, due[armed[i]!]!);
    return next;
  }
  /** Unlinks and returns the slot that is due first at or before `now`, or -1. */
  takeDue(now: Ps): number {
    return this.next > now || this.next === Infinity ? -1 : this.take(this.first());
  }
  /** Unlinks and returns the slot that is due first. */
  take(slot: number): number {
    this.unlink(slot);
    this.next = this.earliest();
    return slot;
  }
}
