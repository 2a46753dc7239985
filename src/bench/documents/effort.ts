/** `--effort`: what a run may cost beside itself. Counted in emulated instructions and forks, never in seconds, so that a document is the same on every machine. */
export const EFFORTS = ['quick', 'normal', 'full'] as const;
export type Effort = (typeof EFFORTS)[number];

interface Budget {
  /** What all forks of the search for a trigger may cost together (trials.ts). */
  readonly trials: number;
  /** How long a fork is followed, as a number of stretches. */
  readonly stretches: number;
  /** Each trigger is followed to its end, whatever the others led to. */
  readonly whole: boolean;
  /** Instructions that one search for a cause may repeat; a step that is looked at counts as many. */
  readonly repeated: number;
  /** Changes of registers that a repeated run is followed for in an application behind the last thing that happened. */
  readonly writes: number;
}
const BUDGETS: Readonly<Record<Effort, Budget>> = {
  quick: { trials: 3e8, stretches: 1, whole: false, repeated: 2e7, writes: 2e5 },
  normal: { trials: 3e9, stretches: Infinity, whole: false, repeated: 2e8, writes: 6e5 },
  full: { trials: Infinity, stretches: Infinity, whole: true, repeated: 2e9, writes: Infinity },
};
export const budgetOf = (input: { readonly effort?: Effort }): Budget => BUDGETS[input.effort ?? 'normal'];
