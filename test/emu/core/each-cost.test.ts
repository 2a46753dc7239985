/**
 * What instructions cost among random ones, by encoding, beside what they cost before (each-cost/*.txt): how often which number of cycles, more when they branch behind a plus sign, and a
 * hash of where. Registers are few, so that results are wanted at once. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { expect, it } from 'vitest';
import { Decoder, isWide, type Instruction } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import type { Row } from '../../../src/emu/core/rows.ts';
import { timingOf, type CodeView } from '../../../src/emu/core/timing.ts';
import { expectAsBefore } from './golden-file.ts';
import { halfwords, Random, randomBits, rowsOf } from './random-cases.ts';

const AT = 0x0800_0000;
/** Half-words of a piece of code, and how many pieces there are. */
const LENGTH = 48;
const PIECES = 260;
const MEASURED = ['m0', 'm0plus', 'm3', 'm4', 'm33', 'm7'] as const;
type Name = (typeof MEASURED)[number];

/** One of its four-bit registers, and one of its three-bit ones, is R0 to R3 more often than not. */
function near(r: Random, pattern: string, bits: number): number {
  let out = bits;
  for (const field of new Set(pattern.replaceAll(/[01xXiIjJsS]/g, ''))) {
    const width = pattern.split(field).length - 1;
    if (width < 3 || width > 4 || r.below(4) === 0) continue;
    const at = pattern.length - 1 - pattern.lastIndexOf(field);
    const mask = ((1 << width) - 1) << at;
    if (pattern.lastIndexOf(field) - pattern.indexOf(field) + 1 !== width) continue;
    out = ((out & ~mask) | (r.below(4) << at)) >>> 0;
  }
  return out;
}

/** Encodings by the first letters of their names: products, sums and their like would else be most of them. */
function byName(rows: readonly Row[]): Row[][] {
  const kinds = new Map<string, Row[]>();
  for (const row of rows) {
    const kind = row.name.slice(0, row.pattern.length === 16 ? 2 : 3);
    kinds.set(kind, [...(kinds.get(kind) ?? []), row]);
  }
  return [...kinds.values()];
}

/** Pieces of code of instructions that can be decoded, now and then with anything else between them. */
function* pieces(name: Name): Generator<number[]> {
  const profile = PROFILES[name];
  const r = new Random(1208);
  const classes = byName(rowsOf(profile));
  const decoder = new Decoder(profile);
  for (let n = 0; n < PIECES; n++) {
    const code: number[] = [];
    while (code.length < LENGTH) {
      const row = r.pick(r.pick(classes));
      const words = halfwords(near(r, row.pattern, randomBits(r, row)), row.pattern.length === 32);
      // a branch that always leaves ends what is looked at: few of them
      const ins = decoder.decode(words[0]!, words[1] ?? 0);
      if (ins === null || (ins.def.leaves && r.below(5) > 0)) continue;
      code.push(...words);
    }
    yield code;
  }
}

function table(name: Name): string[] {
  const profile = PROFILES[name];
  const timing = timingOf(profile);
  const decoder = new Decoder(profile);
  const costs = new Map<string, { readonly counts: Map<string, number>; hash: number }>();
  let place = 0;
  for (const code of pieces(name)) {
    const halfword = (pc: number): number | null => code[(pc - AT) / 2] ?? null;
    const at = (pc: number): Instruction | null => {
      const first = halfword(pc);
      if (first === null) return null;
      const second = isWide(first) ? halfword(pc + 2) : 0;
      return second === null ? null : decoder.decode(first, second);
    };
    const view: CodeView = { at, halfword };
    for (let pc = AT, ins = at(pc); ins !== null; pc += ins.size, ins = at(pc)) {
      const { cost, taken } = timing.cycles(ins, pc, view);
      const key = `${ins.row.name} ${ins.row.pattern}`;
      let row = costs.get(key);
      if (row === undefined) costs.set(key, (row = { counts: new Map(), hash: 0 }));
      const told = `${cost}+${taken}`;
      row.counts.set(told, (row.counts.get(told) ?? 0) + 1);
      row.hash = Math.imul(row.hash ^ (place++ * 64 + cost * 8 + taken), 0x01000193) ^ (row.hash >>> 15);
    }
  }
  const lines = [...costs].map(([key, { counts, hash }]) => {
    const told = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([cost, n]) => `${cost} ${n}x`);
    return `${key}: ${told.join(', ')}; ${(hash >>> 0).toString(16).padStart(8, '0')}`;
  });
  const unaligned = (['load', 'store'] as const).flatMap((kind) =>
    ([2, 4] as const).flatMap((size) =>
      [1, 2, 3].map((offset) => `${kind} of ${size} at ${offset}: ${timing.unaligned(kind, AT + offset, size)}`),
    ),
  );
  return [...lines.toSorted(), ...unaligned, `reach ${timing.reach.before} before, ${timing.reach.after} after`];
}

it.each(MEASURED)('%s asks for as many cycles as it did', (name) => {
  const lines = table(name);
  expect(lines.length).toBeGreaterThan(60);
  expectAsBefore(lines, new URL(`./each-cost/${name}.txt`, import.meta.url));
});
