/** Every instruction against Unicorn. BOOTBENCH_CASES sets the number per profile, BOOTBENCH_SEED another seed. */
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { SEED } from '../../seed.ts';
import { seedByTurn } from '../../turn.ts';
import { integerCases } from './integer-cases.ts';
import { integerOracleMissing } from './unicorn.ts';

const CASES = Number(process.env['BOOTBENCH_CASES'] ?? 6000);
/** Other cases with each turn. */
const SETS = 4;

describe.skipIf(integerOracleMissing !== '')(
  `instructions against Unicorn${integerOracleMissing ? ` (skipped: ${integerOracleMissing})` : ''}`,
  () => {
    for (const profile of Object.values(PROFILES))
      test(`${profile.name}: registers, flags and memory after random instructions are those of Unicorn`, () => {
        const { failures, compared } = integerCases(profile, CASES, seedByTurn(SEED, SETS));
        expect(failures).toEqual([]);
        expect(compared).toBeGreaterThan(CASES / 2);
      }, 600_000);
  },
);
