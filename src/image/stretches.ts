/** Stretches of addresses, which may lie in each other, by what lies in them. */
import { lastUpTo } from './last-up-to.ts';
import type { Work } from './work.ts';

export interface Stretch {
  readonly from: number;
  /** Behind the last address. */
  readonly to: number;
}

export class Stretches<T extends Stretch> {
  private readonly all: readonly T[];
  /** Where the last of those up to there ends. */
  private readonly ends: readonly number[];

  constructor(all: readonly T[]) {
    this.all = [...all].sort((a, b) => a.from - b.from);
    let end = 0;
    this.ends = this.all.map(({ to }) => (end = Math.max(end, to)));
  }

  /** Those that an address lies in, the last one to begin first. @throws DwarfError where too much was looked through */
  *around(address: number, work: Work): Generator<T> {
    const { all, ends } = this;
    for (let i = lastUpTo(all.length, (n) => all[n]!.from <= address); i >= 0 && ends[i]! > address; i--) {
      work.take(1);
      if (address < all[i]!.to) yield all[i]!;
    }
  }
}
