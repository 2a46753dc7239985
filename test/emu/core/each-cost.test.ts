/**
 * What instructions cost among random ones (each-cost/*.txt): the instructions of each set of costs, and with a plus sign what a taken branch adds. Registers are few, so that results are
 * wanted at once. A core's kin has only what is other. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { it } from 'vitest';
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
type Name = 'm0' | 'm0plus' | 'm3' | 'm4' | 'm33' | 'm7';
/** Each core with the one that it is compared with. */
const MEASURED: readonly (readonly [core: Name, kin: Name | null])[] = [
  ['m0', null],
  ['m0plus', 'm0'],
  ['m4', null],
  ['m3', 'm4'],
  ['m33', null],
  ['m7', null],
];

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

/** The costs of each instruction, by its name. */
function costsOf(name: Name): Map<string, string> {
  const profile = PROFILES[name];
  const timing = timingOf(profile);
  const decoder = new Decoder(profile);
  const costs = new Map<string, Set<string>>();
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
      const key = `${ins.row.name}${ins.size === 4 ? '.W' : ''}`;
      costs.set(key, (costs.get(key) ?? new Set()).add(ins.def.leaves ? `${cost}+${taken}` : `${cost}`));
    }
  }
  const byNumber = new Intl.Collator('en', { numeric: true });
  return new Map([...costs].map(([key, set]) => [key, [...set].sort(byNumber.compare).join(' ')]));
}
function table(name: Name, kin: Name | null): string[] {
  const known = kin === null ? new Map<string, string>() : costsOf(kin);
  const groups = new Map<string, string[]>();
  for (const [key, costs] of costsOf(name)) if (known.get(key) !== costs) groups.set(costs, [...(groups.get(costs) ?? []), key]);
  const timing = timingOf(PROFILES[name]);
  const unaligned = (['load', 'store'] as const).flatMap((kind) =>
    ([2, 4] as const).map(
      (size) => `${kind} of ${size} bytes at 1, 2, 3: ${[1, 2, 3].map((n) => timing.unaligned(kind, AT + n, size)).join(' ')}`,
    ),
  );
  const lines = [...groups].map(([costs, names]) => `${costs}: ${names.toSorted().join(', ')}`).toSorted();
  return [...lines, ...unaligned];
}

it.each(MEASURED)('%s asks for the cycles of its table, but for those of %s', (name, kin) => {
  expectAsBefore(table(name, kin), new URL(`./each-cost/${name}.txt`, import.meta.url));
});
