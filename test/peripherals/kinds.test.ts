/**
 * The other kinds of a model, by the numbers and switches of its options (reactions/kinds.txt): what a written field does otherwise than with the first chip that has the model. Registers that only keep
 * what is written are left out. `BOOTBENCH_GOLDEN=write` writes the table anew.
 */
import { expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import type { BlockRow, ChipDescription } from '../../src/emu/chip.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { reactionsOf } from './reactions.ts';

interface Kind {
  readonly chip: ChipDescription;
  readonly row: BlockRow;
  readonly options: string;
}
const optionsOf = (row: BlockRow): string =>
  Object.entries(row.options ?? {})
    .filter(([, value]) => typeof value === 'number' || typeof value === 'boolean')
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
function kindsOf(model: string): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const chip of CHIPS)
    for (const row of chip.blocks) {
      const options = optionsOf(row);
      if (row.model === model && !kinds.has(options)) kinds.set(options, { chip, row, options });
    }
  return [...kinds.values()];
}
/** Without the names of the block and its interrupts, and without what is only kept. */
function plain(line: string, { row }: Kind): string {
  const name = new RegExp(`\\b${row.name}\\b`, 'gi');
  return line
    .replaceAll(name, '@')
    .replaceAll(/irq \d+/g, 'irq')
    .replace(/^(  \S+(?: \S+)?) keeps [^;]*(; )?/, '$1 ');
}

const now = new Map<string, readonly string[]>();
const models = Object.keys(MODELS).filter((model) => kindsOf(model).length > 1);
it.each(models)('%s with other options', (model) => {
  const seen = new Set<string>();
  now.set(
    model,
    kindsOf(model).flatMap((kind, i) => {
      const lines = reactionsOf(kind.chip, kind.row.name)
        .slice(1)
        .map((line) => plain(line, kind))
        .filter((line) => !seen.has(line) && line.includes(': '));
      for (const line of lines) seen.add(line);
      return i === 0 ? [] : [`${model}, ${kind.options || 'no options'}: ${kind.row.name} of ${kind.chip.name}`, ...lines];
    }),
  );
  expect(now.get(model)!.length).toBeGreaterThan(0);
});
it('all kinds do what they did', () => expectAsBefore([...now.values()].flat(), new URL('./reactions/kinds.txt', import.meta.url)));
