/** What each model does when a field is written (reactions/*.txt), on the first chip that has it. `BOOTBENCH_GOLDEN=write` writes the tables anew. */
import { it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { reactionsOf } from './reactions.ts';

const FOLDER = new URL('./reactions/', import.meta.url);
/** The first block of each model. */
const first = Object.keys(MODELS).flatMap((model) => {
  const chip = CHIPS.find(({ blocks }) => blocks.some((b) => b.model === model));
  return chip ? [[model, chip.blocks.find((b) => b.model === model)!.name, chip] as const] : [];
});

it.each(first)('%s: what fields of %s do', (model, block, chip) => {
  expectAsBefore(reactionsOf(chip, block), new URL(`${model}.txt`, FOLDER));
});
