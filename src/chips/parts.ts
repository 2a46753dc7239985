/** Part numbers: what pins, flash size and package say (generated table), and a known row with another part's sizes. */
import type { BlockRow, ChipDescription, MemoryRow, PackageRow } from '../emu/chip.ts';
import table from './generated/parts.json' with { type: 'json' };

/** Where a range of RAM lies. */
export interface RamRange {
  readonly base: number;
  readonly size: number;
}
export interface PartSize {
  /** Without package and temperature: `STM32F407VG`. */
  readonly name: string;
  readonly flashKilobytes: number;
  /** RAM of the part, neighbours joined; left out = as the line's row has it. */
  readonly ram?: readonly RamRange[];
}

/** Of the table; what sizes, packages and pins are from. */
export const PARTS_SOURCE = table.source;

const LINES: Readonly<Record<string, Readonly<Record<string, string>>>> = table.lines;
/** Lines of ST's that exist and are not modelled, as far as `STM32F` and three more characters go. */
export const OTHER_LINES: readonly string[] = table.others;

/** `STM32F407` of STM32F407VG: a line's name has nine letters, before those of pins and flash. */
export const lineOf = (part: string): string => part.slice(0, 'STM32F407'.length);

/** The part that the table has under these letters, `VG` of STM32F407VG. */
export function partOf(line: string, code: string): PartSize | undefined {
  const row = LINES[line]?.[code];
  if (row === undefined) return undefined;
  const [flash, ...ram] = row.split(';')[0]!.split(' ');
  return {
    name: `${line}${code}`,
    flashKilobytes: Number(flash),
    ram: ram.map((r) => {
      const [base, kilobytes] = r.split(':');
      return { base: parseInt(base!, 16), size: Number(kilobytes) * 1024 };
    }),
  };
}

/** `T=LQFP100:12` → T, LQFP100, pins. */
function packagesOf(line: string, code: string): readonly { letter: string; name: string; pins: Readonly<Record<string, number>> }[] {
  const packages = LINES[line]?.[code]?.split(';')[1] ?? '';
  return packages.split(' ').flatMap((text) => {
    const [, letter, name, set] = /^(.?)=(.*):(\d+)$/.exec(text) ?? [];
    if (set === undefined) return [];
    const ports = table.pins[Number(set)]!.split(' ').map((port) => [port[0]!, parseInt(port.slice(1), 16)] as const);
    return [{ letter: letter!, name: name!, pins: Object.fromEntries(ports) }];
  });
}
/** Packages of the part that have this letter, or of the whole part, as one: a pin that one of them has is there. */
export function packageRow(line: string, code: string, letter?: string): PackageRow | null {
  const all = packagesOf(line, code).filter((p) => letter === undefined || p.letter === letter);
  if (all.length === 0) return null;
  const pins: Record<string, number> = {};
  for (const p of all) for (const [port, bits] of Object.entries(p.pins)) pins[port] = (pins[port] ?? 0) | bits;
  return { letter: letter ?? null, name: [...new Set(all.map((p) => p.name))].join(', '), pins };
}
/** The package of a description: what its part number says, else all of the part. null: not in the table. */
export function packageOf(chip: ChipDescription): PackageRow | null {
  return chip.package ?? packageRow(chip.line, chip.name.slice(chip.line.length));
}
/** Whether `PA10` comes out of the package. What is no port pin (BOOT0), or stands in no table, is taken for there. */
export function hasPin(chip: ChipDescription, pin: string): boolean {
  const [, port, number] = /^P([A-K])(\d+)$/.exec(pin) ?? [];
  const row = port === undefined ? null : packageOf(chip);
  return row === null || ((row.pins[port!] ?? 0) & (1 << Number(number))) !== 0;
}
/** What `findChip` finds this description by: `STM32F407VGT` where the package is known. */
export const partNumber = (chip: ChipDescription): string => chip.name + (chip.package?.letter ?? '');
/** As a person writes it into a scenario: `stm32f407vg`, with its package only where others of the part have other pins. */
export function shortNumber(chip: ChipDescription): string {
  const whole = packageRow(chip.line, chip.name.slice(chip.line.length));
  const isAlike = Object.entries(whole?.pins ?? {}).every(([port, bits]) => chip.package?.pins[port] === bits);
  return (chip.package === undefined || isAlike ? chip.name : partNumber(chip)).toLowerCase();
}
/** Codes of all parts of a line. */
export const codesOf = (line: string): readonly string[] => Object.keys(LINES[line] ?? {});

function flashBlock(row: BlockRow, kilobytes: number): BlockRow {
  if (row.name !== 'FLASH') return row;
  const options = row.options ?? {};
  const size = 'bankBytes' in options ? { bankBytes: kilobytes * 512 } : { bytes: kilobytes * 1024 };
  return { ...row, options: { ...options, ...size, flashKilobytes: kilobytes } };
}

const PERIPHERALS = 0x40000000;
/** RAM as the part has it: rows that begin behind its end go, the row across it is cut, the last one grows to it. Backup RAM is not in the table. */
export function withRam(memories: readonly MemoryRow[], ram: readonly RamRange[] | undefined): readonly MemoryRow[] {
  if (!ram) return memories;
  return memories.flatMap((m) => {
    if (m.kind !== 'ram' || m.backup || m.base >= PERIPHERALS) return [m];
    const range = ram.find((r) => m.base >= r.base && m.base < r.base + r.size);
    // The table has no tightly-coupled instruction RAM.
    if (!range) return m.base === 0 ? [m] : [];
    const end = range.base + range.size;
    const isLast = !memories.some((o) => o.kind === 'ram' && o.base > m.base && o.base < end);
    return [{ ...m, size: isLast ? end - m.base : Math.min(m.size, end - m.base) }];
  });
}

/** The row `like` with another part's name and flash size. */
export const resized = (like: ChipDescription, part: PartSize): ChipDescription => ({
  ...like,
  name: part.name,
  line: lineOf(part.name),
  memories: like.memories.map((m) => (m.name === 'flash' ? { ...m, size: part.flashKilobytes * 1024 } : m)),
  blocks: like.blocks.map((b) => flashBlock(b, part.flashKilobytes)),
});
