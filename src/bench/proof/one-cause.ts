/** A cause that stands alone, as a search of its own found it. */
import type { Writer } from '../../checks/check.ts';

export interface OneCause {
  readonly id: 'branch' | 'state';
  readonly what: string;
  readonly repair: string;
  readonly fix: string;
  /** Up to what comes of the repair: `…. With it cleared, ` */
  readonly says: string;
  /** What comes of it where that is not the goal. */
  readonly further: string;
  /** Where to mend it. */
  readonly writer: Writer;
  /** The goal is reached with it. */
  readonly reached: boolean;
}
