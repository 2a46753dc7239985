/**
 * Loops with more than one entry, which structured control flow does not have. Every edge to one of the entries goes to a dispatcher instead, a
 * block without instructions that goes on to the entry that was meant:
 *
 *   a → x, b → y, x → y, y → x     becomes     a → D, b → D, x → D, y → D, D → x or y
 */
import { newBlock, predecessors, type Block } from './block.ts';

export function makeReducible(root: Block): void {
  const all = reachable(root);
  let preds = predecessors(all);
  const treat = (nodes: ReadonlySet<Block>): void => {
    for (const part of cycles(nodes)) {
      const entries = [...part].filter((b) => b === root || preds.get(b)?.some((p) => !part.has(p)));
      let header = entries[0];
      if (entries.length > 1) {
        header = dispatcher(entries, preds);
        all.add(header);
        preds = predecessors(all);
      }
      const inside = new Set(part);
      if (header) inside.delete(header);
      if (inside.size < nodes.size || entries.length > 1) treat(inside);
    }
  };
  treat(all);
}

/** The block that an edge from `from` to `to` leads to first. */
export function routeTo(from: Block, to: Block): Block {
  let at = to;
  while (!from.succ.includes(at) && at.via) at = at.via;
  return at;
}

function dispatcher(entries: readonly Block[], preds: ReadonlyMap<Block, readonly Block[]>): Block {
  const d = newBlock(-1, [], -1);
  d.via = entries.find((e) => e.via)?.via ?? null;
  for (const e of entries) {
    for (const p of preds.get(e) ?? []) {
      d.twice ||= p.succ.includes(d);
      p.succ = [...new Set(p.succ.map((s) => (s === e ? d : s)))];
    }
    e.via = d;
  }
  d.succ = [...entries];
  return d;
}

function reachable(root: Block): Set<Block> {
  const seen = new Set([root]);
  for (const b of seen) for (const s of b.succ) seen.add(s);
  return seen;
}

/** Strongly connected parts of a subgraph that contain a cycle (Tarjan). */
function cycles(nodes: ReadonlySet<Block>): Set<Block>[] {
  const index = new Map<Block, number>();
  const low = new Map<Block, number>();
  const stack: Block[] = [];
  const on = new Set<Block>();
  const found: Set<Block>[] = [];
  const visit = (start: Block): void => {
    const work: { b: Block; i: number }[] = [];
    const enter = (b: Block): void => {
      index.set(b, index.size);
      low.set(b, index.get(b)!);
      stack.push(b);
      on.add(b);
      work.push({ b, i: 0 });
    };
    enter(start);
    while (work.length > 0) {
      const top = work[work.length - 1]!;
      const next = top.b.succ[top.i++];
      if (next !== undefined) {
        if (!nodes.has(next)) continue;
        if (!index.has(next)) enter(next);
        else if (on.has(next)) low.set(top.b, Math.min(low.get(top.b)!, index.get(next)!));
        continue;
      }
      work.pop();
      const above = work[work.length - 1];
      if (above) low.set(above.b, Math.min(low.get(above.b)!, low.get(top.b)!));
      if (low.get(top.b) !== index.get(top.b)) continue;
      const part = new Set<Block>();
      let b: Block;
      do {
        b = stack.pop()!;
        on.delete(b);
        part.add(b);
      } while (b !== top.b);
      if (part.size > 1 || top.b.succ.includes(top.b)) found.push(part);
    }
  };
  for (const b of nodes) if (!index.has(b)) visit(b);
  return found;
}
