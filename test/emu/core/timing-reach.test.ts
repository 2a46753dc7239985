/** A timing model looks no farther than it says (`reach`): costs outside of it are kept when code changes. Targets of direct branches are followed apart from that. */
import { expect, it } from 'vitest';
import { Decoder, isWide, type Instruction } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { classOf, timingOf, type CodeView } from '../../../src/emu/core/timing.ts';
import { halfwords, Random, randomBits, rowsOf } from './random-cases.ts';

const AT = 0x0800_0000;
const PIECES = 200;
/** Half-words of a piece. */
const LENGTH = 160;

/** Bytes behind and before an instruction that its cost hangs on, at most, in straight code that is mostly of 32-bit instructions. */
function looksOf(name: keyof typeof PROFILES): readonly [behind: number, before: number] {
  const profile = PROFILES[name];
  const timing = timingOf(profile);
  const decoder = new Decoder(profile);
  const r = new Random(77);
  const rows = rowsOf(profile);
  const wide = rows.filter((row) => row.pattern.length === 32);
  let [behind, before] = [0, 0];
  for (let n = 0; n < PIECES; n++) {
    const code: number[] = [];
    while (code.length < LENGTH) {
      const row = r.pick(wide.length > 0 && r.below(6) > 0 ? wide : rows);
      const words = halfwords(randomBits(r, row), row.pattern.length === 32);
      const ins = decoder.decode(words[0]!, words[1] ?? 0);
      if (ins !== null && !ins.def.leaves && !/branch|call/.test(classOf(ins))) code.push(...words);
    }
    let from = AT;
    const halfword = (pc: number): number | null => code[(pc - AT) / 2] ?? null;
    const decoded = (pc: number): Instruction | null => {
      const first = halfword(pc);
      if (first === null) return null;
      const second = isWide(first) ? halfword(pc + 2) : 0;
      return second === null ? null : decoder.decode(first, second);
    };
    const at = (pc: number): Instruction | null => {
      const found = decoded(pc);
      behind = Math.max(behind, pc + (found?.size ?? 0) - from);
      before = Math.max(before, from - pc);
      return found;
    };
    const view: CodeView = { at, halfword };
    for (let ins = decoded(from); ins !== null && from < AT + LENGTH; from += ins.size, ins = decoded(from)) timing.cycles(ins, from, view);
  }
  return [behind, before];
}

it.each(Object.keys(PROFILES) as (keyof typeof PROFILES)[])('%s', (name) => {
  const { reach } = timingOf(PROFILES[name]);
  const [behind, before] = looksOf(name);
  expect(behind).toBeLessThanOrEqual(reach.before);
  expect(before).toBeLessThanOrEqual(reach.after + 4);
});
it.each([
  ['m0', 0],
  // an instruction and the four, the seven behind it, each of four bytes
  ['m3', 20],
  ['m33', 32],
] as const)('%s looks at %i bytes', (name, bytes) => expect(looksOf(name)[0]).toBe(bytes));
