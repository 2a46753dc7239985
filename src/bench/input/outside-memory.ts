/**
 * Memory on the board that the chip sees in its address space: static memories, SDRAM, flash behind QUADSPI or OCTOSPI in memory-mapped mode. It answers whatever its controller is set
 * to (ASSUMED; silicon has nothing there before the controller is set up), with the waits of internal RAM.
 */
import { withFacts } from '../../chips/facts.ts';
import type { BlockRow, ChipDescription, MemoryRow } from '../../emu/chip.ts';
import type { ImageChunk, LoadedImage } from '../../image/image.ts';
import { wordValue } from './scenario.ts';
import type { OutsideMemory } from '../documents/scenario-types.ts';
import { UsageError } from '../documents/usage-error.ts';

interface Window {
  readonly from: number;
  readonly to: number;
  readonly kind: 'ram' | 'flash';
  /** The controllers whose memory usually lies there. */
  readonly by: RegExp;
}
/**
 * Windows of Cortex-M's map for what lies outside the chip, without the controllers' own registers, by the memory maps of the reference manuals: static memories and NAND,
 * QUADSPI and OCTOSPI, SDRAM.
 */
const WINDOWS: readonly Window[] = [
  { from: 0x60000000, to: 0x70000000, kind: 'ram', by: /^FS?MC$/ },
  { from: 0x70000000, to: 0x80000000, kind: 'ram', by: /^(?:FS?MC|OCTOSPI2)$/ },
  { from: 0x80000000, to: 0x90000000, kind: 'ram', by: /^FS?MC$/ },
  { from: 0x90000000, to: 0xa0000000, kind: 'flash', by: /^(?:FSMC|QUADSPI|OCTOSPI1?)$/ },
  { from: 0xc0000000, to: 0xe0000000, kind: 'ram', by: /^FMC$/ },
];
export const windowAt = (address: number): Window | undefined => WINDOWS.find((w) => address >= w.from && address < w.to);
/** Where memory of the same kind ends that begins in this window. */
function endOf({ to, kind }: Window): number {
  const next = WINDOWS.find((w) => w.from === to && w.kind === kind);
  return next === undefined ? to : endOf(next);
}
/** The window of an address, if the chip has a controller for it. FMC has banks in all of them on one chip or another. */
function windowOf(chip: ChipDescription, address: number): Window | undefined {
  const window = windowAt(address);
  return window && chip.blocks.some((b) => window.by.test(b.name) || b.name === 'FMC') ? window : undefined;
}
/** All memories of a machine together. */
const MOST_BYTES = 32 << 20;
const PIECE = 0x10000;
const hex = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;

type Place = Pick<MemoryRow, 'base' | 'size'>;
type Row = Place & { readonly kind: 'ram' | 'flash' };

/** The chip with the memories of its board beside its own: those of the scenario, and those that images have bytes for. The same object for the same memories. */
export function withOutside(chip: ChipDescription, memories: readonly OutsideMemory[], images: readonly LoadedImage[]): ChipDescription {
  const given = memories.map((m, i) => rowOf(chip, m, `board.memories[${i}]`));
  const rows = [...given, ...neededBy(chip, images, given)];
  if (rows.length === 0) return chip;
  const inside = chip.memories.reduce((sum, m) => sum + m.size, 0);
  const outside = rows.reduce((sum, r) => sum + r.size, 0);
  if (inside + outside > MOST_BYTES)
    throw new UsageError(
      `memory outside the chip: ${outside >> 10} KB requested, but only ${(MOST_BYTES - inside) >> 10} KB are possible beside the memory of ${chip.name}`,
      'give only the memory that the firmware uses',
    );
  const key = JSON.stringify(rows);
  const made = known.get(chip) ?? new Map<string, ChipDescription>();
  known.set(chip, made);
  let found = made.get(key);
  if (found === undefined)
    made.set(
      key,
      (found = {
        ...chip,
        memories: [...chip.memories, ...rows.map((r) => ({ ...r, name: `outside ${hex(r.base)}`, zone: 'user' as const }))],
      }),
    );
  return found;
}
const known = new WeakMap<ChipDescription, Map<string, ChipDescription>>();

/**
 * The banks of FMC, and where QUADSPI and OCTOSPI map a memory, where the board has none: they read nothing that anyone drives, or fault, as the controller is set. The same object for
 * the same chip.
 */
export function withBanks(chip: ChipDescription): ChipDescription {
  let made = banked.get(chip);
  if (made === undefined) {
    const mapped = mappedWindows(chip);
    const rows = [...fmcBanks(chip, mapped), ...mapped];
    const facts = Object.fromEntries(rows.map(({ name }) => [name, { name, registers: [] }]));
    made = rows.length === 0 ? chip : { ...chip, blocks: [...chip.blocks, ...rows], facts: withFacts(chip.facts, facts) };
    banked.set(chip, made);
  }
  return made;
}
function fmcBanks(chip: ChipDescription, taken: readonly Place[]): readonly BlockRow[] {
  const controller = chip.blocks.find((b) => b.model === 'fmc')?.name;
  if (controller === undefined) return [];
  const [first, ...windows] = emptyParts([...chip.memories, ...taken]);
  if (first === undefined) return [];
  const options = { base: first.base, controller };
  return [{ name: `${controller}_BANKS`, model: 'fmc-banks', base: first.base, size: first.size, windows, options }];
}
/** Windows of QUADSPI and OCTOSPI (RM0351, RM0432: the memory maps) in which the board has no memory at all: whose accesses are its controller's to tell. */
function mappedWindows(chip: ChipDescription): readonly BlockRow[] {
  const size = 0x10000000;
  return chip.blocks
    .filter((b) => b.model === 'quadspi' || b.model === 'octospi')
    .map((b): BlockRow => {
      const base = b.name === 'OCTOSPI2' ? 0x70000000 : 0x90000000;
      return { name: `${b.name}_MAPPED`, model: 'spi-window', base, size, options: { of: b.name, writes: b.model === 'octospi' } };
    })
    .filter((row) => !chip.memories.some((m) => m.base < row.base + size && m.base + m.size > row.base));
}
const banked = new WeakMap<ChipDescription, ChipDescription>();
/** Where FMC can have banks, without the memories that lie there. */
function emptyParts(memories: readonly Place[]): { base: number; size: number }[] {
  const parts: { base: number; size: number }[] = [];
  for (const { from, to } of WINDOWS) {
    let base = from;
    for (const m of memories.filter((m) => m.base < to && m.base + m.size > from).toSorted((a, b) => a.base - b.base)) {
      if (m.base > base) parts.push({ base, size: m.base - base });
      base = m.base + m.size;
    }
    if (base < to) parts.push({ base, size: to - base });
  }
  return parts;
}

function rowOf(chip: ChipDescription, { at, kilobytes, kind }: OutsideMemory, where: string): Row {
  const base = wordValue(at, `${where}.at`);
  const window = windowAt(base);
  const size = kilobytes * 1024;
  if (window === undefined || base + size > endOf(window) || base % PIECE !== 0)
    throw new UsageError(
      `${where}: ${hex(base)} is not an address for external memory`,
      'it can be at 0x60000000 to 0x9fffffff and 0xc0000000 to 0xdfffffff, in steps of 0x10000',
    );
  if (windowOf(chip, base) === undefined)
    throw new UsageError(
      `${where}: ${chip.name} has no controller for memory at ${hex(base)}`,
      'FMC, FSMC, QUADSPI and OCTOSPI map memory there: is it the right chip?',
    );
  return { base, size, kind: kind ?? window.kind };
}

/** What the bytes of images need beside that, in whole pieces. */
function neededBy(chip: ChipDescription, images: readonly LoadedImage[], given: readonly Row[]): Row[] {
  const rows: Row[] = [];
  const covered = (address: number): boolean => given.some((r) => address >= r.base && address < r.base + r.size);
  const chunks: ImageChunk[] = images.flatMap((image) => image.chunks).toSorted((a, b) => a.address - b.address);
  for (const { address, data } of chunks) {
    const window = windowOf(chip, address);
    if (window === undefined || covered(address)) continue;
    const base = address - (address % PIECE);
    const end = Math.min(Math.ceil((address + data.length) / PIECE) * PIECE, endOf(window));
    const last = rows.at(-1);
    if (last !== undefined && base <= last.base + last.size)
      rows[rows.length - 1] = { ...last, size: Math.max(last.size, end - last.base) };
    else rows.push({ base, size: end - base, kind: window.kind });
  }
  return rows;
}

/** What a person should know of the bytes that lie there. */
export function outsideNotes(chip: ChipDescription, images: readonly LoadedImage[], memories: readonly OutsideMemory[]): string[] {
  const given = memories.map((m) => wordValue(m.at, 'board.memories'));
  return images.flatMap((image) =>
    chip.memories
      .filter((m) => windowAt(m.base) !== undefined && !given.includes(m.base))
      .flatMap((m) => {
        const parts = image.chunks.filter((c) => c.address >= m.base && c.address < m.base + m.size);
        if (parts.length === 0) return [];
        return `on a board, ${partsText(parts, image.path)} visible only after firmware has set up the memory controller; here they are there from power-on, in ${m.size >> 10} KB of external ${m.kind === 'ram' ? 'RAM' : 'flash'}`;
      }),
  );
}
/** `the 7800 bytes of app.elf at 0x90000000 are`; of several parts, from the first to the last. */
function partsText(parts: readonly ImageChunk[], path: string): string {
  const bytes = parts.reduce((sum, { data }) => sum + data.length, 0);
  const from = Math.min(...parts.map(({ address }) => address));
  const last = Math.max(...parts.map(({ address, data }) => address + data.length - 1));
  return `the ${bytes} bytes of ${path} ${parts.length === 1 ? `at ${hex(from)}` : `between ${hex(from)} and ${hex(last)}`} are`;
}
