/** What models say of requests that they make, or serve, again and again (quiet-rounds.ts). */
import type { Ps } from './time.ts';
import type { Wire } from './wires.ts';

/** What a block does again and again. */
export interface QuietSource {
  /** Its timer, whose event ends the first request of a round. */
  readonly timer: string;
  /** Driven to 1 for each request, and back when it is served. */
  readonly request: Wire;
  /** Of each request of a round: what the register reads, counts of the clock up to the next one. */
  readonly values: readonly number[];
  readonly counts: readonly number[];
  readonly clock: string;
  /** Count at the end of the first request. */
  readonly end: number;
  /** Offset of the register that is read. */
  readonly offset: number;
}
/** What is asked of who serves requests. */
export interface QuietRequests {
  readonly request: Wire;
  /** Bus address that is read, and what it reads, in turn. */
  readonly address: number;
  readonly values: readonly number[];
  /** The least time between two. */
  readonly apart: Ps;
  /** So many at most. */
  readonly most: number;
  /** A store of this value changes nothing. */
  readonly stands: (address: number, size: 1 | 2 | 4, value: number) => boolean;
}
/** Of `quietRequests`: the request is none of the block's. */
export const NOT_MINE = -1;
