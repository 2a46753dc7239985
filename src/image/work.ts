/**
 * What it may cost to read the debug data of one file. Bounds of what is found (rows, entries, ranges) say nothing about data that is read and comes to nothing, so
 * that each reader counts what it does, too.
 */
import type { LeftOut } from './left-out.ts';

/** Reading past the end, damaged data, or too much of it. It never leaves the readers of debug data. */
export class DwarfError extends Error {}

/**
 * Steps of all questions about one file; one takes 10 to 50 ns. The largest firmware, with 20 MB of debug data, takes a tenth of it if everything is asked for.
 * Effort: what comes of it.
 */
const MOST_STEPS = 2 ** 29;
/** Steps between two looks at what may end the command: some 10 ms. */
const BETWEEN_LOOKS = 2 ** 20;
/** Steps that are still taken when the command is to end, for its last words: they name lines. */
const LAST_STEPS = 2 ** 23;

/** What ends a command, for readers that somebody asks in the middle of his work and that give nobody a turn. */
export const READING = {
  mustEnd: (): boolean => false,
  /** Reads as long as `mustEnd` allows, too. */
  within<T>(mustEnd: () => boolean, work: () => T): T {
    const before = READING.mustEnd;
    READING.mustEnd = () => before() || mustEnd();
    try {
      return work();
    } finally {
      READING.mustEnd = before;
    }
  },
};

export class Work {
  readonly leftOut: LeftOut;
  /** Steps of all questions so far. */
  done = 0;
  private readonly most: number;
  private nextLook: number;
  /** Where reading is given up, of a command that is to end. */
  private last = Infinity;
  private full = false;
  private cut = false;

  constructor(leftOut: LeftOut, most = MOST_STEPS) {
    this.leftOut = leftOut;
    this.most = most;
    this.nextLook = Math.min(BETWEEN_LOOKS, most);
  }

  /** So much is about to be read. @throws DwarfError where that is too much, or the command is to end */
  take(steps: number): void {
    if (this.done + steps >= this.nextLook && !this.mayTake(steps)) throw new DwarfError('too much is read');
    this.done += steps;
  }
  private mayTake(steps: number): boolean {
    if (this.full || this.done + steps > this.most) {
      this.leftOut.add(`what is behind ${this.most} steps of reading`);
      this.full = true;
      this.nextLook = 0;
      return false;
    }
    if (!READING.mustEnd()) {
      this.last = Infinity;
      this.cut = false;
    } else {
      if (this.last === Infinity) this.last = this.done + LAST_STEPS;
      this.cut ||= this.done + steps > this.last;
    }
    this.leftOut.cutShort = this.cut;
    this.nextLook = this.cut ? 0 : Math.min(this.done + steps + BETWEEN_LOOKS, this.last, this.most);
    return !this.cut;
  }

  /** Nothing more is read. */
  get isOver(): boolean {
    return (this.full || this.cut) && !this.mayTake(0);
  }
  /** What was read is not all there is, and more may be read at another time: it is not kept. */
  get isCut(): boolean {
    return this.cut && !this.full && !this.mayTake(0);
  }
}
