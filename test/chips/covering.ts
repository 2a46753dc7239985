/** Chips that together have every block there is: of twins one is enough where a test goes block by block. */
import { CHIPS } from '../../src/chips/index.ts';
import type { BlockRow, ChipDescription } from '../../src/emu/chip.ts';

/** A model with its registers and options. */
function blockOf(chip: ChipDescription, row: BlockRow): string {
  const facts = chip.facts[row.facts ?? row.name];
  // `list` is what a register's fields come to, kept once somebody has looked at them
  return JSON.stringify([row.model, row.options, facts], (key, value: unknown) => (key === 'list' ? undefined : value));
}

/** In the order of the catalogue, each with a block that none before it has. */
export function coveringChips(): ChipDescription[] {
  const seen = new Set<string>();
  return CHIPS.filter((chip) => {
    const before = seen.size;
    for (const row of chip.blocks) seen.add(blockOf(chip, row));
    return seen.size > before;
  });
}
