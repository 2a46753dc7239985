/** Each model beside what it did before, on the first chip that has it (behaviours/*.txt): `BOOTBENCH_GOLDEN=write` writes that anew. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { behaviourOf } from './behaviour.ts';

const FOLDER = new URL('./behaviours/', import.meta.url);
/** The first block of each model in the catalogue. */
const first = Object.keys(MODELS).flatMap((model) => {
  for (const chip of CHIPS) {
    const block = chip.blocks.find((b) => b.model === model);
    if (block) return [[model, block.name, chip] as const];
  }
  return [];
});

it.each(first)('%s does to its registers what it did: %s', (model, block, chip) => {
  const now = `${behaviourOf(chip, block).join('\n')}\n`;
  const file = new URL(`${model}.txt`, FOLDER);
  if (process.env['BOOTBENCH_GOLDEN'] === 'write') writeFileSync(file, now);
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(now);
});
