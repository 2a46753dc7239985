/** Where the clocks of a chip come from, as its registers stand. */

/** A clock and what makes it. */
export interface ClockNode {
  readonly name: string;
  /** Hertz; 0: stopped. */
  readonly hz: number;
  /** The clock that it comes from; null: an oscillator, or it is stopped. */
  readonly from: string | null;
  /** What the rate of `from` is multiplied with and divided by, step by step; steps that change nothing are left out. */
  readonly factors: readonly (readonly [multiplied: number, divided: number])[];
}
/** An oscillator or PLL and its bits in RCC. */
export interface ClockSource {
  readonly name: string;
  /** Its ON bit. */
  readonly on: boolean;
  /** Its RDY bit: it gives its clock. */
  readonly ready: boolean;
}
export interface ClockTree {
  /** SYSCLK, the buses, USB, and all on the way to them, each behind what it comes from. */
  readonly nodes: readonly ClockNode[];
  readonly sources: readonly ClockSource[];
}
