/** What the vector table tells about the part: how long it is, and which interrupts it has no entry for. */
import { findChip, partsOf } from '../../chips/index.ts';
import { otherLinesWith } from '../../chips/other-tables.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import { sectionAt, wordAt, type LoadedImage } from '../../image/image.ts';
import { ownTable } from './behind-loader.ts';

export interface TableFit {
  readonly points: number;
  readonly reasons: readonly string[];
}

/** Few lines have exactly as many vectors; where the initial SP is, is the linker script's choice. */
export function tableFit(chip: ChipDescription, images: readonly LoadedImage[]): TableFit {
  const table = tableOf(chip, images);
  if (table === null) return { points: 0, reasons: [] };
  const { length } = table;
  const own = vectorsOf(chip);
  if (own.includes(length)) return { points: 2, reasons: [`the vector table has ${length} words`] };
  const near = own.find((n) => Math.abs(length - n) === 1);
  if (near === undefined) return { points: exceeds(chip, length) ? -2 : isCut(chip, table) ? -1 : 0, reasons: [] };
  return { points: 1, reasons: [`the vector table has ${length} words, one ${length > near ? 'more' : 'less'} than its own`] };
}
/** A table with an entry for each interrupt of its line that ends in front of many of this chip is another line's. */
function isCut(chip: ChipDescription, { length, reserved }: Table): boolean {
  const last = length - EXCEPTIONS;
  if (last < FEWEST || reserved.length > last * MOST_RESERVED) return false;
  return new Set(chip.blocks.flatMap(({ irqs }) => (irqs ?? []).filter((irq) => irq >= last))).size >= MANY;
}
/** It has entries for many interrupts that no part of this line has. */
function exceeds(chip: ChipDescription, length: number): boolean {
  const has = (lines: number): boolean => length < EXCEPTIONS + lines + MANY;
  if (has(chip.cores[0]!.nvicLines)) return false;
  // the last of a line has most of everything: F103 of high density has more interrupts than that of medium
  const widest = findChip(partsOf(chip.line).at(-1) ?? chip.name);
  return widest === undefined || !has(widest.cores[0]!.nvicLines);
}
/** Interrupts of a table that is a start-up file's: one that was written by hand has only the entries that its program needs. */
const FEWEST = 24,
  MOST_RESERVED = 1 / 4;
/** Interrupts more or less that are another line's. */
const MANY = 4;

/** Lines without a model whose vector table this is, in words; null where it is none's. */
export function otherLinesTable(
  chip: ChipDescription,
  images: readonly LoadedImage[],
): { readonly lines: readonly string[]; readonly because: string } | null {
  const table = tableOf(chip, images);
  const lines = table === null ? [] : otherLinesWith(table.length - EXCEPTIONS, table.reserved);
  if (table === null || lines.length === 0) return null;
  const [last, ...first] = table.reserved.toReversed();
  const named = first.length > MOST_TOLD ? `${first.length + 1} interrupts` : `interrupts ${first.toReversed().join(', ')} and ${last!}`;
  return { lines, because: `the vector table has ${table.length} words, and none for ${named}` };
}
/** Numbers that are told one by one, without the last. */
const MOST_TOLD = 5;

interface Table {
  /** Words up to the last that is used. */
  readonly length: number;
  /** Interrupts in front of that without an entry. */
  readonly reserved: readonly number[];
}
function tableOf(chip: ChipDescription, images: readonly LoadedImage[]): Table | null {
  const table = ownTable(chip, images);
  const length = table === null ? null : tableLength(table, images);
  if (table === null || length === null) return null;
  const irqs = Array.from({ length: Math.max(0, length - EXCEPTIONS) }, (_, irq) => irq);
  return { length, reserved: irqs.filter((irq) => wordAt(images, table + 4 * (EXCEPTIONS + irq)) === 0) };
}
/** Words of the table: as its symbol or its section says, else up to the first that is neither 0 nor the address of code in the image. */
function tableLength(table: number, images: readonly LoadedImage[]): number | null {
  const sized = images.flatMap((i) => i.symbols.all).find((s) => s.address === table && s.kind === 'object' && s.size >= 64);
  if (sized) return sized.size / 4;
  const section = sectionAt(images, table);
  let length = 0;
  for (let i = 1; i < MOST_VECTORS; i++) {
    const word = wordAt(images, table + 4 * i);
    if (word === null || sectionAt(images, table + 4 * i) !== section) break;
    if (word !== 0 && !(word % 2 === 1 && wordAt(images, (word & ~3) >>> 0) !== null)) break;
    if (word !== 0) length = i + 1;
  }
  return length > EXCEPTIONS ? length : null;
}
/** No core of these chips has more interrupts than 240. */
const MOST_VECTORS = 256;
const EXCEPTIONS = 16;
/** Up to the last interrupt of a block that is known, and up to the last line of the NVIC. */
const vectorsOf = (chip: ChipDescription): readonly number[] => [
  EXCEPTIONS + 1 + Math.max(...chip.blocks.flatMap((b) => b.irqs ?? [])),
  EXCEPTIONS + chip.cores[0]!.nvicLines,
];
