/** The tests of one core's decode-space-*.test.ts: a file each, so that they run side by side. */
import { describe, expect, test } from 'vitest';
import type { Profile } from '../../../src/emu/core/builder.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { ROWS } from '../../../src/emu/core/rows.ts';
import { SEED } from '../../seed.ts';
import { ALL_TURNS, isTurn } from '../../turn.ts';
import { DecodeSpace, failuresOf, WIDE, WIDE_FIRSTS } from './decode-space.ts';
import { LLVM_KNOWN } from './llvm-known.ts';
import { llvmMissing } from './llvm.ts';
import { Random, randomBits } from './random-cases.ts';

const CASES = Number(process.env['BOOTBENCH_CASES'] ?? 5400);
const WHOLE = CASES >= 25_000;
const FIRSTS_IN_SAMPLE = 8;
/** The whole walk takes minutes for each core. */
const PARTS = 64;

export function decodeSpace(name: Profile['name']): void {
  const profile = PROFILES[name];
  describe.skipIf(llvmMissing !== '')(`every encoding against LLVM's ${name}${llvmMissing ? ` (skipped: ${llvmMissing})` : ''}`, () => {
    test('16 bits: exists, and is the same instruction', () => {
      const space = new DecodeSpace(profile);
      for (let first = 0; first < WIDE; first++) space.narrow(first);
      const tally = space.take();
      expect(failuresOf(tally)).toEqual([]);
      expect(tally.cases).toBe(WIDE);
      expect(tally.known.size).toBe(0);
    });
    // The Cortex-M3's rows are the M4's without those of DSP and FPU: a sample tells whether the right ones are left out.
    if (WHOLE && name !== 'm3')
      test(
        `32 bits, ${ALL_TURNS ? 'all of them' : `an ${PARTS}th of them by turns`}: exists, and is the same instruction`,
        { timeout: 3_600_000 },
        async () => {
          const space = new DecodeSpace(profile);
          let firsts = 0;
          for (let first = WIDE; first < 0x10000; first++) {
            if (!isTurn(first, PARTS)) continue;
            space.allOf(first);
            firsts++;
            // vitest wants an answer from this thread now and then
            if (firsts % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          const tally = space.take();
          expect(failuresOf(tally)).toEqual([]);
          expect(tally.cases).toBe(firsts * 0x10000);
          if (ALL_TURNS) expect(firsts).toBe(WIDE_FIRSTS);
          // no entry of the list that nothing needs; ARMv6-M needs none, and those of the FPU only a core with one
          if (!ALL_TURNS) expect(LLVM_KNOWN.map((k) => k.why)).toEqual(expect.arrayContaining([...tally.known.keys()]));
          else if (profile.fpu !== 'none')
            expect([...tally.known.keys()].sort()).toEqual(
              LLVM_KNOWN.slice(1)
                .map((k) => k.why)
                .sort(),
            );
          else if (name === 'm0') expect(tally.known.size).toBe(0);
        },
      );
    else
      test('32 bits, a sample: exists, and is the same instruction', () => {
        const space = new DecodeSpace(profile);
        const r = new Random(SEED);
        const wide = ROWS.filter((row) => row.pattern.length === 32);
        // of each row of any core, and one bit beside it
        for (let i = 0; i < Math.min(CASES, 20_000) * 10; i++) {
          const bits = (randomBits(r, r.pick(wide)) ^ (r.below(2) ? 1 << r.below(27) : 0)) >>> 0;
          if (bits >>> 16 >= WIDE) space.wide(bits >>> 16, bits & 0xffff);
        }
        for (let i = 0; i < FIRSTS_IN_SAMPLE; i++) space.allOf(WIDE + r.below(WIDE_FIRSTS));
        const tally = space.take();
        expect(failuresOf(tally)).toEqual([]);
        expect(tally.cases).toBeGreaterThan(FIRSTS_IN_SAMPLE * 0x10000);
      });
  });
}
