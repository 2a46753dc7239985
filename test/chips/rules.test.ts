/** What holds of the rows of every chip and of every ROM, whatever they say. */
import { describe, expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { Layout } from '../../src/emu/registers.ts';
import { findRomProfile, ROM_PROFILES } from '../../src/rom/profiles.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';

interface Range {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly core?: string | undefined;
}
/** Two ranges that one core sees at the same address. */
function overlaps(ranges: readonly Range[]): string[] {
  const sorted = [...ranges].sort((a, b) => a.base - b.base);
  return sorted.flatMap((a, i) =>
    sorted
      .slice(i + 1)
      .filter((b) => b.base < a.base + a.size && (a.core === undefined || b.core === undefined || a.core === b.core))
      .map((b) => `${a.name} and ${b.name} at ${b.base.toString(16)}`),
  );
}
const hasField = (chip: ChipDescription, path: string): boolean => {
  const [block, register, field] = path.split('.');
  const row = chip.blocks.find((b) => b.name === block);
  const facts = row && chip.facts[row.facts ?? row.name];
  return facts !== undefined && new Layout(facts).hasField(`${register}.${field}`);
};
const cases = CHIPS.map((chip) => [chip.name, chip] as const);

describe.each(cases)('%s', (_, chip) => {
  it('has memories, and aliases of them, that do not overlap', () => {
    const ranges = chip.memories.flatMap(({ name, base, size, aliases = [], core }) =>
      [base, ...aliases].map((at) => ({ name, base: at, size, core })),
    );
    expect(overlaps(ranges)).toEqual([]);
  });

  it('has blocks at addresses of peripherals, of which none lies inside another', () => {
    const bases = chip.blocks.map(({ base }) => base);
    expect(bases.filter((base) => base < 0x40000000 || base >= 0xe0000000 + 0x100000)).toEqual([]);
    const inside = chip.blocks.flatMap((a) => chip.blocks.filter((b) => a !== b && b.base === a.base).map((b) => `${a.name} ${b.name}`));
    expect(inside).toEqual([]);
  });

  it('resets and clocks each block by a bit that no stranger has', () => {
    const users = new Map<string, string[]>();
    for (const { name, reset } of chip.blocks) if (reset) users.set(reset, [...(users.get(reset) ?? []), name]);
    // parts of one block may share its bit, and the bit is named by the block
    const strange = [...users].filter(([, names]) => new Set(names.map((n) => n.replace(/[\d_].*$/, ''))).size > 3);
    expect(strange).toEqual([]);
  });

  it('boots where there is memory, by conditions that exist', () => {
    for (const { when, boots, vectors } of chip.boot ?? []) {
      for (const { signal } of when)
        if (signal.startsWith('field:')) expect(hasField(chip, signal.slice('field:'.length)), signal).toBe(true);
      if (typeof vectors !== 'number') {
        expect(hasField(chip, vectors.field), vectors.field).toBe(true);
        continue;
      }
      const memory = chip.memories.find((m) => [m.base, ...(m.aliases ?? [])].some((at) => vectors >= at && vectors < at + m.size));
      if (boots !== 'held') expect(memory, vectors.toString(16)).toBeDefined();
      if (boots === 'system') expect(memory!.zone).toBe('systemMemory');
    }
  });

  it('raises reset flags that it has, and clears them by a bit that it has', () => {
    if (!chip.resetFlags) return;
    expect(hasField(chip, chip.resetFlags.clear)).toBe(true);
    for (const { field, raisedBy } of chip.resetFlags.flags) {
      expect(hasField(chip, field), field).toBe(true);
      expect(new Set(raisedBy).size, field).toBe(raisedBy.length);
    }
  });

  it('leaves the factory with option bytes that fit their fields', () => {
    for (const { field, factory } of Object.values(chip.optionBytes ?? {})) {
      // the field has the level, the row the byte that is stored for it (PM0075 2.5, RM0091 4.1.1)
      if (field === 'FLASH.OBR.RDPRT') continue;
      const [block, ...rest] = field.split('.');
      const row = chip.blocks.find((b) => b.name === block)!;
      const { width } = new Layout(chip.facts[row.facts ?? row.name]!).field(rest.join('.'));
      expect(factory.value, field).toBeLessThan(2 ** width);
    }
  });

  it('has a ROM whose vector table, stack and interrupts the chip has', () => {
    const rom = chip.rom!;
    const profile = findRomProfile(rom.id)!;
    expect(profile).toBeDefined();
    const table = rom.vectorTable.value;
    expect(chip.memories.find((m) => table >= m.base && table < m.base + m.size)?.zone).toBe('systemMemory');
    const [first, last] = rom.range.value;
    expect(table >= first && table <= last).toBe(true);
    for (const { base, size } of rom.ramUse.value) {
      const ram = chip.memories.find((m) => m.kind === 'ram' && base >= m.base && base + size <= m.base + m.size);
      expect(ram, base.toString(16)).toBeDefined();
    }
  });
});

const kib = (n: number): string => `${n / 1024} KiB`;
const at = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;
/** What a user may look up: memories, and where the ROM is. */
function line(chip: ChipDescription): string {
  const memories = chip.memories
    .filter(({ zone }) => zone === 'user')
    .map(({ name, base, size, gate }) => `${name} ${kib(size)} at ${at(base)}${gate ? ` behind ${gate.clock}` : ''}`);
  return `${chip.name}: ${chip.cores.map(({ type }) => type).join(' + ')}; ROM ${chip.rom!.id} at ${at(chip.rom!.vectorTable.value)}; ${memories.join(', ')}`;
}
it('cores, ROMs and memories of all lines are those of the table', () => {
  expectAsBefore(CHIPS.map(line), new URL('./chips.txt', import.meta.url));
});

/** What is known of each ROM, a fact a line; what is computed is tested where it runs. */
function* facts(value: unknown, path: string): Generator<string> {
  if (typeof value === 'function') return;
  if (typeof value !== 'object' || value === null)
    yield `${path}: ${typeof value === 'number' && value > 0xffff ? at(value) : String(value)}`;
  else if ('value' in value && 'confidence' in value) yield `${path}: ${JSON.stringify(value.value)} (${String(value.confidence)})`;
  else if (Array.isArray(value)) yield `${path}: ${value.map((v) => (typeof v === 'object' ? JSON.stringify(v) : String(v))).join(' ')}`;
  else for (const [key, part] of Object.entries(value)) if (key !== 'source') yield* facts(part, `${path}.${key}`);
}
const ROM_FACTS = ['vectorTable', 'range', 'versions', 'startUpMs', 'usbConnectMs', 'initialStack', 'sysclkHz', 'usbIrq', 'boot0Pin', 'ramUse', 'options', 'optionsByVersion', 'dfu'] as const; // prettier-ignore
it('facts of all ROMs are those of the table', () => {
  const users = new Map<string, string[]>();
  for (const profile of ROM_PROFILES)
    for (const key of ROM_FACTS) for (const fact of facts(profile[key], key)) users.set(fact, [...(users.get(fact) ?? []), profile.id]);
  const lines = [...users].map(([fact, ids]) => `${fact} | ${ids.length === ROM_PROFILES.length ? 'all' : ids.join(' ')}`);
  expectAsBefore(lines.sort(), new URL('./roms.txt', import.meta.url));
});

it.each(CHIPS.map((chip) => [chip.name, chip] as const))(
  '%s: the registers of each of its blocks can be asked for, as the playground does',
  (_name, chip) => {
    expect(Object.values(chip.facts).every(({ registers }) => Array.isArray(registers))).toBe(true);
  },
);
