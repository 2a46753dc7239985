/** What a track of the timeline shows: a stretch or an instant. */
export interface Item {
  /** Seconds; `to` is the same as `from` for what takes no time. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** Row of the table of events. */
  readonly row?: number;
  readonly tone?: Tone;
  /** What more is told of it at an instant. */
  readonly told?: readonly (readonly [name: string, words: string])[];
}
/** `bad`: it is the proved cause, or what did not come; `good`: what was to come. */
export type Tone = 'good' | 'bad' | '';
