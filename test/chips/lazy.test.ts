/** What a run pays for chips that it does not use: nothing. */
import { expect, it } from 'vitest';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import { madeChips } from '../../src/chips/lazy.ts';
import { ROM_PROFILES } from '../../src/rom/profiles.ts';

it('neither the catalogue nor the ROM profiles make the description of a chip', () => {
  expect(CHIPS.length).toBeGreaterThan(70);
  expect(ROM_PROFILES.length).toBeGreaterThan(30);
  expect(madeChips()).toEqual([]);
  expect(findChip('stm32f303cc')!.blocks.length).toBeGreaterThan(30);
  expect(madeChips()).toEqual(['STM32F303CC']);
});
