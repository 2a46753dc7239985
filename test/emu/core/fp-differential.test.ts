/** Floating-point instructions against Unicorn. BOOTBENCH_CASES sets the number per profile, BOOTBENCH_SEED another seed. */
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { OPS } from '../../../src/emu/core/rows.ts';
import { SEED } from '../../seed.ts';
import { seedByTurn } from '../../turn.ts';
import { fpCases } from './fp-cases.ts';
import { unicornMissing } from './unicorn.ts';

const CASES = Number(process.env['BOOTBENCH_CASES'] ?? 6000);
/** Other cases with each turn. */
const SETS = 4;

describe.skipIf(unicornMissing !== '')(
  `floating-point instructions against Unicorn${unicornMissing ? ` (skipped: ${unicornMissing})` : ''}`,
  () => {
    for (const profile of Object.values(PROFILES).filter((p) => p.fpu !== 'none'))
      test(`${profile.name}: registers, FPSCR and memory after random FP instructions are those of Unicorn`, () => {
        const { failures, ops } = fpCases(profile, CASES, seedByTurn(SEED, SETS));
        expect(failures).toEqual([]);
        // every FP op of the profile took part
        const expected = [...OPS.values()].filter(
          (o) =>
            o.fp &&
            o.name !== 'FP_undefined' &&
            (profile.fpu === 'dp' || !/^(?!VLDR|VSTR).*64$/.test(o.name)) &&
            (profile.fpv5 || !/^(VSEL|VMAXNM|VRINT)/.test(o.name)),
        );
        expect(expected.map((o) => o.name).filter((name) => !ops.has(name) && !(profile.fpu !== 'dp' && name === 'VCVT_F64_F32'))).toEqual(
          [],
        );
      }, 600_000);
  },
);
