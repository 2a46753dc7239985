/** The smallest sets of parts that do it, by halving and delta debugging (Zeller and Hildebrandt, 2002). What is tried is a run of the machine, so that all of this is about few of them. */

import { MOST } from '../documents/bounds.ts';
const MOST_SETS = 3;

export class Tries<T> {
  private readonly works: (parts: readonly T[]) => boolean;
  private readonly known = new Map<string, boolean>();
  private readonly all: readonly T[];
  private readonly most: number;
  private readonly bounded: (most: number) => void;
  /** How many were run. */
  forks = 0;

  /** @param bounded called where something is not tried because of `most` */
  constructor(all: readonly T[], works: (parts: readonly T[]) => boolean, bounded: (most: number) => void, most = MOST.forks) {
    this.all = all;
    this.works = works;
    this.bounded = bounded;
    this.most = most;
  }
  /** Whether these are enough; what was tried is not tried again. Where the budget is spent, they are not. */
  try(parts: readonly T[]): boolean {
    const key = parts
      .map((p) => this.all.indexOf(p))
      .toSorted((a, b) => a - b)
      .join();
    const before = this.known.get(key);
    if (before !== undefined) return before;
    if (this.spent) return (this.bounded(this.most), false);
    this.forks++;
    const now = this.works(parts);
    this.known.set(key, now);
    return now;
  }
  get spent(): boolean {
    return this.forks >= this.most;
  }

  /** A smallest part of `parts`, which are enough: no single one of them can be left out. */
  minimal(parts: readonly T[]): readonly T[] {
    let left = parts;
    let pieces = 2;
    while (left.length > 1) {
      const size = Math.ceil(left.length / pieces);
      const cut = Array.from({ length: Math.ceil(left.length / size) }, (_, i) => left.slice(i * size, (i + 1) * size));
      const without = (piece: readonly T[]): T[] => left.filter((part) => !piece.includes(part));
      const alone = cut.find((piece) => this.try(piece));
      const rest = alone ?? (pieces > 2 ? cut.map(without).find((some) => this.try(some)) : undefined);
      if (rest !== undefined) {
        left = rest;
        pieces = alone === undefined ? Math.max(2, pieces - 1) : 2;
      } else if (pieces >= left.length) break;
      else pieces = Math.min(left.length, 2 * pieces);
    }
    return left;
  }

  /**
   * Sets of which each is enough, and without all of which nothing is: the first that does not fail without one is searched in the rest. `complete`: what is left fails, so
   * there is no further set.
   */
  sets(of: readonly T[]): { readonly sets: readonly (readonly T[])[]; readonly complete: boolean } {
    const sets: (readonly T[])[] = [];
    let left = of;
    while (sets.length < MOST_SETS && this.try(left)) {
      const set = this.minimal(left);
      sets.push(set);
      left = left.filter((part) => !set.includes(part));
    }
    return { sets, complete: !this.spent && (sets.length < MOST_SETS || !this.try(left)) };
  }
}
