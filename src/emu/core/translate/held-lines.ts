/**
 * Which lines of code a region need not ask for, because the cache in front of the core held them a moment ago and nothing since can have replaced them:
 *  - rows of a flash controller's cache: the row used longest ago goes first, so a row stays while fewer others are used than there are;
 *  - lines of the L1 instruction cache: a line stays while no other one of its set is read, and behind a call that has read any the region does not go on.
 */
import { predecessors, type Block } from './block.ts';
import type { Region } from './region.ts';

export interface HeldRules {
  /** Mask of an address for its line, and for its row. */
  readonly line: number;
  readonly row: number;
  /** The cache has room for all these rows at a time. */
  fits(rows: ReadonlySet<number>): boolean;
  /** What a call runs uses rows of its own, and the region goes on behind it all the same. */
  readonly callsReplace: boolean;
}

const NONE: ReadonlySet<number> = new Set();

export class HeldLines {
  private readonly rules: HeldRules;
  private readonly atStart = new Map<Block, ReadonlySet<number>>();
  private readonly fits: boolean;

  constructor(region: Region, rules: HeldRules) {
    this.rules = rules;
    const rows = new Set<number>();
    for (const b of region.blocks) for (const item of b.items) rows.add(item.pc & rules.row);
    this.fits = rules.fits(rows);
    if (this.fits) this.flow(region);
  }
  /** The line of `pc` is held wherever block `b` begins. */
  atStartOf(b: Block, pc: number): boolean {
    return (this.atStart.get(b) ?? NONE).has(pc & this.rules.line);
  }
  /** The line of `pc` is held wherever block `b` ends. */
  behind(b: Block, pc: number): boolean {
    const { line } = this.rules;
    return this.fits && !this.replaces(b) && (this.atStartOf(b, pc) || b.items.some((item) => ((item.pc ^ pc) & line) === 0));
  }

  private replaces(b: Block): boolean {
    return this.rules.callsReplace && b.items.some((item) => item.flow.call || item.flow.system);
  }
  /** What was held, and what the block ran. */
  private linesBehind(b: Block): ReadonlySet<number> {
    if (this.replaces(b)) return NONE;
    const held = new Set(this.atStart.get(b));
    for (const item of b.items) held.add(item.pc & this.rules.line);
    return held;
  }
  /** Held on all ways to a block; nothing is where the region is entered. */
  private flow(region: Region): void {
    const [root, ...rest] = region.blocks;
    const preds = predecessors(region.blocks);
    this.atStart.set(root!, NONE);
    for (let changed = true; changed;) {
      changed = false;
      for (const b of rest) {
        let held: ReadonlySet<number> | null = null;
        for (const p of preds.get(b) ?? []) {
          // a way that nothing is known of yet takes nothing away
          if (!this.atStart.has(p)) continue;
          const there = this.linesBehind(p);
          const before: ReadonlySet<number> = held ?? there;
          held = new Set([...before].filter((line) => there.has(line)));
        }
        if (held === null || held.size === this.atStart.get(b)?.size) continue;
        this.atStart.set(b, held);
        changed = true;
      }
    }
  }
}
