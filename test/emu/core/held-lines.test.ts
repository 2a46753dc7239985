import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newBlock, type Block, type Item } from '../../../src/emu/core/translate/block.ts';
import { HeldLines, type HeldRules } from '../../../src/emu/core/translate/held-lines.ts';
import type { Region } from '../../../src/emu/core/translate/region.ts';

const item = (pc: number, call = false): Item => ({ pc, flow: { call, system: false } }) as unknown as Item;
const ROWS = 4;
const RULES: HeldRules = { line: -8, row: -32, fits: (rows) => rows.size <= ROWS, callsReplace: true };

interface Shape {
  readonly pc: number;
  readonly length: number;
  readonly call: boolean;
  readonly succ: readonly number[];
}
const SHAPES = fc.array(
  fc.record({
    pc: fc.nat(80).map((n) => 0x0800_0000 + 2 * n),
    length: fc.integer({ min: 1, max: 12 }),
    call: fc.boolean().map((c) => c),
    succ: fc.array(fc.nat(7), { minLength: 1, maxLength: 2 }),
  }),
  { minLength: 2, maxLength: 8 },
);
function regionOf(shapes: readonly Shape[]): Region {
  const blocks = shapes.map(({ pc, length, call }) =>
    newBlock(
      pc,
      Array.from({ length }, (_, i) => item(pc + 2 * i, call && i === length - 1)),
      pc + 2 * length,
    ),
  );
  shapes.forEach(({ succ }, i) => (blocks[i]!.succ = [...new Set(succ.map((s) => blocks[s % blocks.length]!))]));
  const reached = new Set([blocks[0]!]);
  for (const b of reached) for (const s of b.succ) reached.add(s);
  return { blocks: [...reached] } as unknown as Region;
}

/** Least recently used row goes first, rows fill line by line; a call uses rows that nobody else does. */
class Rows {
  private readonly rows = new Map<number, Set<number>>();
  private other = -1;
  fetch(pc: number): void {
    const row = pc & RULES.row;
    const lines = this.rows.get(row) ?? new Set();
    this.rows.delete(row);
    if (this.rows.size === ROWS) this.rows.delete(this.rows.keys().next().value!);
    this.rows.set(row, lines.add(pc & RULES.line));
  }
  call(): void {
    for (let i = 0; i < ROWS; i++) this.fetch(this.other-- * 32);
  }
  holds(pc: number): boolean {
    return this.rows.get(pc & RULES.row)?.has(pc & RULES.line) === true;
  }
}

/** A walk through a region; what is said to be held is compared with what is, and counted. */
function walk(region: Region, turns: readonly number[]): { said: number; wrong: number } {
  const held = new HeldLines(region, RULES);
  const rows = new Rows();
  const all = region.blocks.flatMap((b) => b.items.map((i) => i.pc));
  const count = { said: 0, wrong: 0 };
  const ask = (said: (pc: number) => boolean): void => {
    for (const pc of all.filter(said)) {
      count.said++;
      if (!rows.holds(pc)) count.wrong++;
    }
  };
  let at: Block = region.blocks[0]!;
  for (const turn of turns) {
    ask((pc) => held.atStartOf(at, pc));
    for (const i of at.items) {
      rows.fetch(i.pc);
      if (i.flow.call) rows.call();
    }
    ask((pc) => held.behind(at, pc));
    at = at.succ[turn % at.succ.length]!;
  }
  return count;
}

describe('lines that a region need not ask for', () => {
  it('are held on every way through it, whatever was replaced', () => {
    let said = 0;
    fc.assert(
      fc.property(SHAPES, fc.array(fc.nat(1), { minLength: 20, maxLength: 60 }), (shapes, turns) => {
        const count = walk(regionOf(shapes), turns);
        said += count.said;
        expect(count.wrong).toBe(0);
      }),
      { numRuns: 300 },
    );
    expect(said).toBeGreaterThan(1000);
  });
  const straight = (rows: number): Region => {
    const first = newBlock(0, Array.from({ length: 16 * rows }, (_, i) => item(2 * i)), 32 * rows); // prettier-ignore
    first.succ = [first];
    return { blocks: [first] } as unknown as Region;
  };
  it('are those of a loop with as many rows as the cache has, and none of one with more', () => {
    for (const [rows, held] of [
      [ROWS, true],
      [ROWS + 1, false],
    ] as const) {
      // prettier-ignore
      const region = straight(rows);
      expect(new HeldLines(region, RULES).behind(region.blocks[0]!, 0)).toBe(held);
    }
  });
  it('are none behind a call, but where the region goes on only if nothing was replaced', () => {
    const caller = newBlock(0, [item(0), item(2, true)], 6);
    const region = { blocks: [caller] } as unknown as Region;
    expect(new HeldLines(region, RULES).behind(caller, 0)).toBe(false);
    expect(new HeldLines(region, { ...RULES, callsReplace: false }).behind(caller, 0)).toBe(true);
  });
  it('are none where a region is entered, though a loop leads back there', () => {
    const region = straight(1);
    expect(new HeldLines(region, RULES).atStartOf(region.blocks[0]!, 0)).toBe(false);
  });
});
