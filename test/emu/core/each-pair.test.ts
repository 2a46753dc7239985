/**
 * What two instructions cost behind one another, for each two kinds that a timing model can tell apart (each-pair/*.txt): by the costs of both that are common (`>`: the second wants what the first
 * makes), the kinds of the first. Two registers, so that most want what has just been made. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { expect, it } from 'vitest';
import { Decoder, type Instruction } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import type { Row } from '../../../src/emu/core/rows.ts';
import { timingOf } from '../../../src/emu/core/timing.ts';
import { addressOf, fpRegisters, isNop, meet, reads, writes } from '../../../src/emu/core/timing/model.ts';
import { expectAsBefore } from './golden-file.ts';
import { halfwords, Random, randomBits, rowsOf } from './random-cases.ts';

const AT = 0x0800_0000;
/** Instructions that are looked for in each encoding, and pairs that are measured of each two kinds; how often one is looked for that depends on the other. */
const FROM_ROW = 60;
const PAIRS = 6;
const LOOKS = 6;
const MEASURED = ['m3', 'm4', 'm33', 'm7'] as const;
type Name = (typeof MEASURED)[number];

/** Bits of an instruction of this row whose register fields are 0 or 1 and whose constants are mostly small. */
function narrowed(r: Random, { pattern }: Row, bits: number): number {
  let out = bits;
  for (const field of new Set(pattern.replaceAll(/[01x]/g, ''))) {
    const [first, last] = [pattern.indexOf(field), pattern.lastIndexOf(field)];
    const width = last - first + 1;
    const isWhole = pattern.split(field).length - 1 === width;
    const isRegister = width === 3 || width === 4;
    if (!isWhole || width < 3 || (!isRegister && r.below(3) === 0)) continue;
    const at = pattern.length - 1 - last;
    out = ((out & ~(((1 << width) - 1) << at)) | (r.below(isRegister ? 2 : 3) << at)) >>> 0;
  }
  return out;
}
/** All that a model can ask of an instruction but its operands. */
function kindOf(ins: Instruction): string {
  const { timing, is, double, list, shifted, leaves, dest, src, fpDest, fpSrc } = ins.def;
  const early = shifted(ins.decoded.v ?? {});
  const words = [timing, ...is, addressOf(ins), list, double && 'double', early && 'shifted', leaves && 'leaves', isNop(ins) && 'idle'];
  return [...words.filter(Boolean), `${dest + fpDest}<${src + fpSrc}`].join(' ');
}
/** Instructions of a core by kind. */
function kindsOf(name: Name): Map<string, Instruction[]> {
  const profile = PROFILES[name];
  const r = new Random(1801);
  const decoder = new Decoder(profile);
  const kinds = new Map<string, Instruction[]>();
  for (const row of rowsOf(profile))
    for (let n = 0; n < FROM_ROW; n++) {
      const [first, second = 0] = halfwords(narrowed(r, row, randomBits(r, row)), row.pattern.length === 32);
      const ins = decoder.decode(first!, second);
      if (ins === null) continue;
      const kind = kindOf(ins);
      const known = kinds.get(kind);
      if (known === undefined) kinds.set(kind, [ins]);
      else known.push(ins);
    }
  return kinds;
}
const wants = (younger: Instruction, older: Instruction): boolean =>
  meet(writes(older), reads(younger)) || meet(fpRegisters(older, 'fpDest'), fpRegisters(younger, 'fpSrc'));
/** One of them, which wants what the older makes if one of a few does. */
function pickBehind(r: Random, of: readonly Instruction[], older: Instruction): Instruction {
  let ins = r.pick(of);
  for (let n = 0; n < LOOKS && !wants(ins, older); n++) ins = r.pick(of);
  return ins;
}

function table(name: Name): string[] {
  const timing = timingOf(PROFILES[name]);
  const kinds = [...kindsOf(name)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const r = new Random(1802);
  const alike = new Map<string, string[]>();
  for (const [kind, first] of kinds) {
    const told = new Map<string, number>();
    for (const [, second] of kinds)
      for (let n = 0; n < PAIRS; n++) {
        const older = r.pick(first);
        const line = [older, pickBehind(r, second, older), pickBehind(r, second, older)];
        const places = new Map<number, Instruction>();
        let pc = AT;
        for (const ins of line) {
          places.set(pc, ins);
          pc += ins.size;
        }
        const code = { at: (at: number) => places.get(at) ?? null, halfword: () => null };
        const costs = [...places].map(([at, ins]) => timing.cycles(ins, at, code).cost);
        const one = wants(line[1]!, older) ? `${costs[0]}>${costs[1]}` : `${costs[0]} ${costs[1]}`;
        told.set(one, (told.get(one) ?? 0) + 1);
      }
    // what occurs once or twice in a hundred belongs to the younger ones
    const all = [...told.values()].reduce((sum, n) => sum + n);
    const key = [...told].filter(([, n]) => n * 12 > all).map(([one]) => one).toSorted().join(', '); // prettier-ignore
    alike.set(key, [...(alike.get(key) ?? []), kind]);
  }
  return [...alike].map(([costs, names]) => `${costs}: ${names.join(', ')}`).toSorted();
}

it.each(MEASURED)('%s asks for the cycles of its table of each two kinds', (name) => {
  const lines = table(name);
  expect(lines.length).toBeGreaterThan(10);
  expectAsBefore(lines, new URL(`./each-pair/${name}.txt`, import.meta.url));
});
