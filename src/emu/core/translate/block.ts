/** Basic blocks and their graph. */
import type { Instruction } from '../decode.ts';
import type { Flow } from './flow.ts';

export interface Item {
  readonly pc: number;
  readonly ins: Instruction;
  readonly flow: Flow;
  /** ITSTATE that governs it, 0 outside IT blocks. */
  readonly it: number;
}
export interface Block {
  readonly pc: number;
  /** Empty for a dispatcher. */
  readonly items: readonly Item[];
  /** Address after the last instruction. */
  readonly next: number;
  /** Successor blocks inside the region. */
  succ: Block[];
  /** Reverse postorder number; smaller comes first. */
  order: number;
  dominator: Block | null;
  /** Dominated children. */
  children: Block[];
  /** More than one forward edge reaches it. */
  merge: boolean;
  loopHeader: boolean;
  /** Registers and flags (masks of `Flow`) that may differ from memory at its start. */
  dirty: number;
  /** The dispatcher that edges to this block lead to instead, see reducible.ts. */
  via: Block | null;
  /** A dispatcher to which one block branches in two ways, each on to another entry. */
  twice: boolean;
}
export const newBlock = (pc: number, items: readonly Item[], next: number): Block => ({
  pc,
  items,
  next,
  succ: [],
  order: -1,
  dominator: null,
  children: [],
  merge: false,
  loopHeader: false,
  dirty: 0,
  via: null,
  twice: false,
});
/** Blocks that lead to each block; a block that none leads to is absent. */
export function predecessors(blocks: Iterable<Block>): Map<Block, Block[]> {
  const preds = new Map<Block, Block[]>();
  for (const b of blocks)
    for (const s of b.succ) {
      const list = preds.get(s);
      if (list) list.push(b);
      else preds.set(s, [b]);
    }
  return preds;
}
export function dominates(a: Block, b: Block): boolean {
  let x = b;
  while (x.order > a.order) x = x.dominator!;
  return x === a;
}
