/**
 * What a command may take: real time, memory, the user's patience, and for a single search a number of repeated instructions. Whoever runs guest code looks here
 * at least every 50 ms of emulated time (`Session.advance`).
 */
import type { EndReason } from '../documents/result.ts';
import type { RunInput } from '../input/run-input.ts';

/** Limits of the user, his signal, and the bound of a search. */
export type CutReason = Extract<EndReason, 'instructions' | 'wall' | 'memory' | 'signal'> | 'effort';

/** A repeated run or a search was ended, so what would have come of it is not known. */
export class CutShort extends Error {
  readonly reason: CutReason;
  constructor(reason: CutReason) {
    super(reason === 'effort' ? 'a search reached its bound' : `a repeated run was stopped (limit: ${reason})`);
    this.name = 'CutShort';
    this.reason = reason;
  }
}
export const isCut = (reason: EndReason): reason is Exclude<CutReason, 'effort'> =>
  reason === 'instructions' || reason === 'wall' || reason === 'memory' || reason === 'signal';

export class Budget {
  private readonly input: Pick<RunInput, 'limits' | 'clock' | 'signal' | 'memoryUse'>;
  private readonly startedAt: number;
  private asked = 0;
  private spent = 0;
  private most = Infinity;

  /** --wall counts from `startedAt`, else from now. */
  constructor(input: Pick<RunInput, 'limits' | 'clock' | 'signal' | 'memoryUse' | 'startedAt'>) {
    this.input = input;
    this.startedAt = input.startedAt ?? input.clock?.() ?? 0;
  }

  /** What has run out. What the process holds is asked now and then, for it takes the longest. */
  reached(): Exclude<CutReason, 'effort' | 'instructions'> | null {
    const { limits, clock, signal, memoryUse } = this.input;
    if (limits.wallMs !== null && clock && clock() - this.startedAt >= limits.wallMs) return 'wall';
    if (signal?.() === true) return 'signal';
    if ((++this.asked & 15) !== 0) return null;
    return limits.maxMemory !== null && memoryUse && memoryUse() >= limits.maxMemory ? 'memory' : null;
  }

  /** So many instructions were repeated. Throws CutShort where that, or anything else, has run out. */
  spend(instructions: number): void {
    this.spent += instructions;
    if (this.spent > this.most) throw new CutShort('effort');
    const reached = this.reached();
    if (reached !== null) throw new CutShort(reached);
  }

  /** A search that repeats at most so many instructions. */
  within<T>(instructions: number, search: () => T): T {
    const before = this.most;
    this.most = Math.min(before, this.spent + instructions);
    try {
      return search();
    } finally {
      this.most = before;
    }
  }
}
