/**
 * Each model with each set of options of each chip beside what it did before (variants.txt): `BOOTBENCH_GOLDEN=write` writes that anew. What a program does step by step is in
 * `programs` of variants.ts, to be compared between two states of the sources.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { Busy, variants } from './variants.ts';

const FILE = new URL('./variants.txt', import.meta.url);
const writes = process.env['BOOTBENCH_GOLDEN'] === 'write';
const sections = new Map(
  (writes ? '' : readFileSync(FILE, 'utf8')).split('\n\n').map((text) => {
    const [head, ...lines] = text.trim().split('\n');
    return [head, lines] as const;
  }),
);
const now = new Map<string, readonly string[]>();

it.each(variants().map((v) => [v.chip.name, v] as const))('%s: its blocks do what they did', (name, { chip, blocks }) => {
  const busy = new Busy(chip);
  try {
    now.set(
      name,
      [...blocks].map(([block, programs]) => busy.line(block, programs)),
    );
  } finally {
    busy.release();
  }
  if (!writes) expect(now.get(name)).toEqual(sections.get(name));
});
it('nothing else is in the table', () => {
  if (!writes) expect([...sections.keys()]).toEqual(variants().map((v) => v.chip.name));
});
afterAll(() => {
  if (writes) writeFileSync(FILE, `${[...now].map(([name, lines]) => [name, ...lines].join('\n')).join('\n\n')}\n`);
});
