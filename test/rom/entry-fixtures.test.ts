/** Each stand-in ROM has a program that jumps to it out of reset state, and one that does so with PRIMASK set. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { ROM_PROFILES } from '../../src/rom/profiles.ts';

const FIXTURES = new URL('../../fixtures/', import.meta.url);
interface Entry {
  readonly rom: string;
  readonly masked: boolean;
  readonly expect: { readonly outcome: string; readonly causes?: readonly string[]; readonly checks: Readonly<Record<string, string>> };
}
const entries: Entry[] = readdirSync(FIXTURES)
  .filter((folder) => folder.startsWith('jump-'))
  .flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, FIXTURES))
      .filter((file) => /^scenario.*\.json$/.test(file))
      .map((file) => {
        const scenario = JSON.parse(readFileSync(new URL(`${folder}/${file}`, FIXTURES), 'utf8')) as {
          chip: string;
          expect: Entry['expect'];
        };
        return { rom: findChip(scenario.chip)?.rom?.id ?? '', masked: folder.endsWith('-masked'), expect: scenario.expect };
      }),
  );
const images = [...new Set(ROM_PROFILES.map((p) => p.id))];

it.each(images)('%s is entered by a plain jump and by one with PRIMASK set', (rom) => {
  const own = entries.filter((e) => e.rom === rom);
  expect(own.filter((e) => !e.masked)).not.toEqual([]);
  expect(own.filter((e) => e.masked)).not.toEqual([]);
  // a ROM that serves USB by an interrupt is not reached with PRIMASK set
  for (const { masked, expect: wanted } of own)
    if (masked) expect(wanted.outcome === 'dfu' ? wanted.checks['primask'] : 'fail').not.toBe('pass');
});
it('no program jumps to a ROM that there is not', () => {
  expect(entries.filter((e) => !images.includes(e.rom))).toEqual([]);
});
