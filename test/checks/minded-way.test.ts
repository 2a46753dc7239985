/** What checks say of a run that never came to the ROM, story by story, beside what they said (minded/no-entry-*.txt): `BOOTBENCH_GOLDEN=write` writes that anew. */
import { describe, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import { findChip } from '../../src/chips/index.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { mindedOnTheWay, WITHOUT_ENTRY } from './minded.ts';

describe('What is minded of a run without an entry', () => {
  it.each([
    ['fault', 'stm32h533re'],
    ['no-jump', 'stm32l072cz'],
  ])('that ends in %s, of %s', (outcome, name) => {
    const lines = mindedOnTheWay(CHECKS, findChip(name)!, WITHOUT_ENTRY[outcome]);
    expectAsBefore(lines, new URL(`./minded/no-entry-${outcome}-${name}.txt`, import.meta.url));
  });
});
