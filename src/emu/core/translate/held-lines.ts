/**
 * Which lines of code a region need not ask for, because the cache in front of the core held them a moment ago and nothing since can have replaced them:
 *  - rows of a flash controller's cache: the row used longest ago goes first, so a row stays while fewer others are used than there are;
 *  - lines of the L1 instruction cache: a miss leaves the region, so nothing is replaced while it runs.
 * A loop that ends in the line it begins in asks for that line in front of it.
 */
import { predecessors, type Block, type Item } from './block.ts';
import type { Region } from './region.ts';

export interface HeldRules {
  /** Mask of an address for its line, and for its row. */
  readonly line: number;
  readonly row: number;
  /** Rows that the cache has room for. */
  readonly rows: number;
  /** What a call runs uses rows of its own. */
  readonly callsReplace: boolean;
}

export class HeldLines {
  private readonly rules: HeldRules;
  private readonly atStart = new Map<Block, ReadonlySet<number>>();
  /** Blocks of whose first line, or row, all that leads to them ends in it. */
  private readonly sameRow = new Set<Block>();
  private readonly hoistedLines = new Set<Block>();
  private readonly hoistedRows = new Set<Block>();

  constructor(region: Region, rules: HeldRules) {
    this.rules = rules;
    const [root] = region.blocks;
    const preds = predecessors(region.blocks);
    const fits = this.fits(region);
    for (const b of region.blocks) this.atStart.set(b, new Set());
    if (fits) this.flow(region, preds);
    for (const b of region.blocks) {
      const from = preds.get(b) ?? [];
      const back = from.filter((p) => p.order >= b.order);
      const stays = (list: readonly Block[]): boolean => list.length > 0 && list.every((p) => this.endsInRowOf(p, b));
      if (b !== root && stays(from)) this.sameRow.add(b);
      if (!b.loopHeader || b.items.length === 0) continue;
      const held = this.isHeld(b, b.pc);
      if (!held && fits && back.length > 0 && back.every((p) => this.behind(p).has(b.pc & rules.line))) this.hoistedLines.add(b);
      // a row that is not there has no last use
      if ((held || this.hoistedLines.has(b)) && !this.sameRow.has(b) && stays(back)) this.hoistedRows.add(b);
    }
  }
  /** The line of `pc` is held wherever block `b` begins. */
  isHeld(b: Block, pc: number): boolean {
    return this.atStart.get(b)!.has(pc & this.rules.line);
  }
  /** The row that block `b` begins in was used last wherever it begins. */
  staysInRow(b: Block): boolean {
    return this.sameRow.has(b);
  }
  /** A loop that begins with `b` asks for its first line, or uses its first row, in front of it alone. */
  hoistsLine(b: Block): boolean {
    return this.hoistedLines.has(b);
  }
  hoistsRow(b: Block): boolean {
    return this.hoistedRows.has(b);
  }

  private fits(region: Region): boolean {
    const rows = new Set<number>();
    for (const b of region.blocks) for (const item of b.items) rows.add(item.pc & this.rules.row);
    return rows.size <= this.rules.rows;
  }
  private endsInRowOf(from: Block, to: Block): boolean {
    const last = from.items.at(-1);
    return last !== undefined && !last.flow.call && ((last.pc ^ to.pc) & this.rules.row) === 0;
  }
  /** Behind a block: what was held and what it ran. */
  private behind(b: Block): Set<number> {
    if (this.rules.callsReplace && b.items.some((item) => item.flow.call || item.flow.system)) return new Set();
    const held = new Set(this.atStart.get(b));
    for (const item of b.items) held.add(item.pc & this.rules.line);
    return held;
  }
  /** Held on all ways to a block; nothing is where the region is entered. */
  private flow(region: Region, preds: ReadonlyMap<Block, readonly Block[]>): void {
    const [root, ...rest] = region.blocks;
    const known = new Set([root!]);
    for (let changed = true; changed;) {
      changed = false;
      for (const b of rest) {
        let held: ReadonlySet<number> | null = null;
        for (const p of preds.get(b) ?? []) {
          // a way that nothing is known of yet takes nothing away
          if (!known.has(p)) continue;
          const there = this.behind(p);
          const before: ReadonlySet<number> = held ?? there;
          held = new Set([...before].filter((line) => there.has(line)));
        }
        if (known.has(b) && held!.size === this.atStart.get(b)!.size) continue;
        known.add(b);
        this.atStart.set(b, held ?? new Set());
        changed = true;
      }
    }
  }
}
/** Item `i` of a list begins another line, or row, than the one before it. */
export const changes = (items: readonly Item[], i: number, mask: number): boolean =>
  i === 0 || ((items[i - 1]!.pc ^ items[i]!.pc) & mask) !== 0;
