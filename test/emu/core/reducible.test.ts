import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeReducible, routeTo } from '../../../src/emu/core/translate/reducible.ts';
import { newBlock, type Block, type Item } from '../../../src/emu/core/translate/block.ts';

const SOME_CODE = [{} as Item];

/** Blocks 0 … n-1 with the edges given, those that block 0 reaches. */
function graph(n: number, edges: readonly (readonly [number, number])[]): Block[] {
  const blocks = Array.from({ length: n }, (_, i) => newBlock(i, SOME_CODE, i + 1));
  for (const [from, to] of edges) {
    const b = blocks[from % n]!;
    const s = blocks[to % n]!;
    if (!b.succ.includes(s)) b.succ.push(s);
  }
  return reachable(blocks[0]!);
}
function reachable(root: Block): Block[] {
  const seen = new Set([root]);
  for (const b of seen) for (const s of b.succ) seen.add(s);
  return [...seen];
}
/** A graph is reducible if collapsing it ends in one block: drop self edges, merge a block that has one predecessor into that. */
function isReducible(root: Block): boolean {
  const succ = new Map(reachable(root).map((b) => [b, new Set(b.succ)]));
  for (;;) {
    for (const [b, s] of succ) s.delete(b);
    const preds = new Map<Block, Block[]>([...succ.keys()].map((b) => [b, []]));
    for (const [b, s] of succ) for (const t of s) preds.get(t)!.push(b);
    const single = [...succ.keys()].find((b) => b !== root && preds.get(b)!.length === 1);
    if (!single) return succ.size === 1;
    const into = succ.get(preds.get(single)![0]!)!;
    into.delete(single);
    for (const t of succ.get(single)!) into.add(t);
    succ.delete(single);
  }
}
/** Where execution goes from a block that branches to `to`, through dispatchers, which know only where it is to end. */
function arrives(from: Block, to: Block): boolean {
  let at = from;
  for (let hops = 0; hops < 50; hops++) {
    const next = routeTo(at, to);
    if (!at.succ.includes(next)) return false;
    if (next === to) return true;
    at = next;
  }
  return false;
}

const GRAPHS = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 30 }));

describe('loops with several entries', () => {
  it('two blocks that jump to each other, entered at both, get one dispatcher', () => {
    const blocks = graph(3, [
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 1],
    ]);
    expect(isReducible(blocks[0]!)).toBe(false);
    makeReducible(blocks[0]!);
    const all = reachable(blocks[0]!);
    expect(all.filter((b) => b.items.length === 0)).toHaveLength(1);
    expect(isReducible(blocks[0]!)).toBe(true);
  });

  it('every graph becomes reducible, and every branch still gets where it wants', () => {
    fc.assert(
      fc.property(GRAPHS, ([n, edges]) => {
        const blocks = graph(n, edges);
        const wanted = blocks.map((b) => ({ b, to: [...b.succ] }));
        makeReducible(blocks[0]!);
        expect(isReducible(blocks[0]!)).toBe(true);
        for (const { b, to } of wanted) for (const t of to) expect(arrives(b, t)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('a reducible graph stays as it is', () => {
    fc.assert(
      fc.property(GRAPHS, ([n, edges]) => {
        const blocks = graph(n, edges);
        fc.pre(isReducible(blocks[0]!));
        const before = blocks.map((b) => [...b.succ]);
        makeReducible(blocks[0]!);
        expect(blocks.map((b) => b.succ)).toEqual(before);
      }),
      { numRuns: 2000 },
    );
  });
});
