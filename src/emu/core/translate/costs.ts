/** Cycles of a region's code. */
import { MISPREDICTED } from '../caches/branch-targets.ts';
import { hasBranchTargets } from '../builder.ts';
import type { StaticCycles } from '../timing.ts';
import { listLength } from '../timing/model.ts';
import type { Block, Item } from './block.ts';
import type { Surroundings } from './surroundings.ts';

/** The most that a division takes beyond its static cost. */
const DIVISION = 12;

export class Costs {
  private readonly env: Surroundings;
  private readonly known = new Map<Item, StaticCycles>();
  private readonly worst = new Map<Block, number>();

  constructor(env: Surroundings) {
    this.env = env;
  }
  /** Static cycles of an instruction; worked out once, for they hang on the code around it. */
  cycles(item: Item): StaticCycles {
    let cycles = this.known.get(item);
    if (!cycles) this.known.set(item, (cycles = this.env.cycles(item)));
    return cycles;
  }
  of(item: Item): number {
    return this.cycles(item).cost;
  }
  /** All instructions of a block, without its lines. */
  sum(b: Block): number {
    let sum = 0;
    for (const item of b.items) sum += this.of(item);
    return sum;
  }
  /**
   * The budget that the code from the start of a block to the next check (loop header, behind a call, or the end) has to find: with it there is some left
   * before each instruction, even behind one that takes no time.
   */
  budgetFrom(b: Block): number {
    return this.worstFrom(b) + 1;
  }
  /** A bound, and as close as can be told: the interpreter runs what is left of a budget that does not suffice. */
  private worstFrom(b: Block): number {
    const known = this.worst.get(b);
    if (known !== undefined) return known;
    let sum = 0;
    for (let i = 0; i < b.items.length; i++) {
      const item = b.items[i]!;
      const before = b.items[i - 1];
      const { cost, taken } = this.cycles(item);
      // what does not run in an IT block takes a cycle
      sum += Math.max(cost, item.it === 0 ? 0 : 1) + taken + this.wordsRead(item) * this.env.worstLine;
      if (!before || ((before.pc ^ item.pc) & -this.env.lineBytes) !== 0) sum += this.env.worstLine;
      if (item.ins.def.timing === 'div') sum += DIVISION;
      if (item.flow.dynamic && hasBranchTargets(this.env.profile)) sum += MISPREDICTED;
    }
    const last = b.items.at(-1);
    let rest = 0;
    if (!last?.flow.call || last.it !== 0)
      for (const s of b.succ) if (s.order > b.order && !s.loopHeader) rest = Math.max(rest, this.worstFrom(s));
    this.worst.set(b, sum + rest);
    return sum + rest;
  }
  /** Words that an instruction may read from flash. */
  private wordsRead({ ins }: Item): number {
    switch (ins.def.timing) {
      case 'load-multiple':
      case 'fp-load-multiple':
        return listLength(ins) + 1;
      case 'load-double':
      case 'fp-load':
        return 2;
      case 'load':
      case 'table-branch':
      case 'exclusive':
        return 1;
      default:
        return 0;
    }
  }
}
