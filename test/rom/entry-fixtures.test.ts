/** Each stand-in ROM has a program that jumps to it out of reset state, one that does so with PRIMASK set, and one that falls into a trap of its part (fixtures/traps.json). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findChip, LINES, partsOf } from '../../src/chips/index.ts';
import { ROM_PROFILES } from '../../src/rom/profiles.ts';

const FIXTURES = new URL('../../fixtures/', import.meta.url);
interface Entry {
  readonly rom: string;
  readonly masked: boolean;
  readonly expect: { readonly outcome: string; readonly causes?: readonly string[]; readonly checks: Readonly<Record<string, string>> };
}
/** A row of fixtures/traps.json. `case`: of the collection of users' cases that it was written after; null where none is about such a part, and `trap` says so. */
interface Trap {
  readonly rom: string;
  readonly scenario: string;
  readonly case: string | null;
  readonly trap: string;
}
const traps = JSON.parse(readFileSync(new URL('traps.json', FIXTURES), 'utf8')) as readonly Trap[];
const isTrap = (path: string): boolean => traps.some((t) => t.scenario === path);
const scenarioAt = (path: string): { chip: string; expect: Entry['expect'] } =>
  JSON.parse(readFileSync(new URL(path, FIXTURES), 'utf8')) as { chip: string; expect: Entry['expect'] };
const entries: Entry[] = readdirSync(FIXTURES)
  .filter((folder) => folder.startsWith('jump-'))
  .flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, FIXTURES))
      .filter((file) => /^scenario.*\.json$/.test(file) && !isTrap(`${folder}/${file}`))
      .map((file) => {
        const scenario = scenarioAt(`${folder}/${file}`);
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
it.each(images)('%s has a trap', (rom) => {
  const own = traps.filter((t) => t.rom === rom);
  expect(own).not.toEqual([]);
  for (const { scenario, case: from, trap } of own) {
    expect(existsSync(new URL(scenario, FIXTURES)), scenario).toBe(true);
    const { chip, expect: wanted } = scenarioAt(scenario);
    expect(findChip(chip)?.rom?.id, scenario).toBe(rom);
    // what falls into it is told: by a cause, or by a check where no repair leads to DFU
    expect([wanted.outcome].flat()).not.toContain('dfu');
    expect([...(wanted.causes ?? []), ...Object.values(wanted.checks ?? {}).filter((v) => v === 'fail')], scenario).not.toEqual([]);
    if (from === null) expect(trap).toContain('case');
    else expect(from).toMatch(/^case-\d{3}$/);
  }
});
it('no trap is of a ROM that there is not', () => expect(traps.filter((t) => !images.includes(t.rom))).toEqual([]));
it('every line has such a ROM, in each of its parts', () => {
  const roms = LINES.flatMap(({ name }) => partsOf(name).map((part) => findChip(part)!.rom!.id));
  expect(roms.filter((rom) => !traps.some((t) => t.rom === rom))).toEqual([]);
});
it('no program jumps to a ROM that there is not', () => {
  expect(entries.filter((e) => !images.includes(e.rom))).toEqual([]);
});
