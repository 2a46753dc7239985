/** Costs within a line are those of the whole pipeline model. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Profile } from '../../../src/emu/core/builder.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { Decoder, isWide, type Instruction } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import type { CodeView } from '../../../src/emu/core/timing.ts';
import { costInWhole, costOf } from '../../../src/emu/core/timing/m33.ts';
import { timeOf, m7 } from '../../../src/emu/core/timing/m7.ts';

/** Lines of instructions of a core. */
function linesOf(profile: Profile): fc.Arbitrary<Instruction[]> {
  const decoder = new Decoder(profile);
  const ins = (first: number, second = 0): Instruction | null => decoder.decode(first, isWide(first) ? second : 0);
  const narrow = fc.integer({ min: 0, max: 0xdfff }).map((h) => ins(h));
  const r = fc.integer({ min: 0, max: 7 });
  // MLA, SMULL, UDIV, LDR.W, STR.W, LDRD, BFI, MOVT, ADD.W with a shift, VADD, VMUL, VMLA, VFMA, VDIV, VLDR, VSTR, VMOV, and their doubles
  const wide = fc
    .tuple(
      fc.constantFrom(
        [0xfb00, 0x1000],
        [0xfb80, 0x0100],
        [0xfbb0, 0xf0f0],
        [0xf8d0, 0x0004],
        [0xf8c0, 0x0004],
        [0xe9d0, 0x0102],
        [0xf360, 0x0007],
        [0xf2c0, 0x0001],
        [0xeb00, 0x0080],
        [0xee30, 0x0a00],
        [0xee20, 0x0a00],
        [0xee00, 0x0a00],
        [0xeea0, 0x0a00],
        [0xee80, 0x0a00],
        [0xed90, 0x0a01],
        [0xed80, 0x0a01],
        [0xee00, 0x0a10],
        [0xee30, 0x0b00],
        [0xeea0, 0x0b00],
        [0xed90, 0x0b02],
      ),
      r,
      r,
      r,
    )
    .map(([[a, b], n, d, m]) => ins(a! | n, b! | (d << (a! >> 8 === 0xee || a! >> 8 === 0xed ? 12 : 8)) | (m & 3)));
  return fc
    .array(fc.oneof({ weight: 3, arbitrary: narrow }, { weight: 2, arbitrary: wide }), { minLength: 1, maxLength: 70 })
    .map((found) => found.filter((x): x is Instruction => x !== null));
}
/** The instructions stand behind one another from `from` on. */
function placed(code: readonly Instruction[], from: number): Map<number, Instruction> {
  const at = new Map<number, Instruction>();
  let pc = from;
  for (const x of code) {
    at.set(pc, x);
    pc += x.size;
  }
  return at;
}
const viewOf = (at: ReadonlyMap<number, Instruction>): CodeView => ({ at: (a) => at.get(a) ?? null, halfword: () => null });

describe('Cortex-M33', () => {
  it('an instruction that leaves nothing behind costs what the whole model says', () => {
    fc.assert(
      fc.property(linesOf(PROFILES.m33), (code) => {
        const at = placed(code, 0x100);
        for (const [pc, x] of at) expect(costOf(x, pc, viewOf(at))).toBe(costInWhole(x, pc, viewOf(at)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('Cortex-M7', () => {
  it('an instruction costs what the pipeline takes with it less what it takes without it, whatever is known of the line', () => {
    fc.assert(
      fc.property(linesOf(PROFILES.m7), (code) => {
        const at = placed(code, 0x100);
        const view = viewOf(at);
        for (const [i, a] of [...at.keys()].entries()) {
          // where the line ends the model does not say here: blocks of 256 bytes and what leaves
          let rest = code.slice(i);
          const stop = rest.findIndex((x) => /^(B|BX|BLX|BL|TB[BH]|UDF)$|_pc$/.test(x.decoded.op));
          if (stop >= 0) rest = rest.slice(0, stop + 1);
          const before = 0x200 - a;
          let bytes = 0;
          let beyond = 0;
          const within: Instruction[] = [];
          for (const x of rest) {
            if (within.length > 0 && bytes >= before && ++beyond > 6) break;
            within.push(x);
            bytes += x.size;
          }
          if (a >= 0x200) continue;
          const cost = timeOf(within) - (within.length > 1 ? timeOf(within.slice(1)) : 0);
          expect(m7.cycles(code[i]!, a, view).cost).toBe(Math.max(0, cost));
        }
      }),
      { numRuns: 400 },
    );
  });
});
