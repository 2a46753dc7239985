/** Registers of a chip, from its facts alone. */
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { FieldFact, RegisterFact } from '../../src/emu/registers.ts';
import { word, type Step } from './assembler.ts';

/** A field that software can write, with what clocks its block. */
export interface Writable {
  readonly name: string;
  readonly clock: Step | null;
  readonly at: { readonly address: number; readonly size: 2 | 4; readonly mask: number };
  readonly bit: number;
  readonly width: number;
  /** Of the whole register. */
  readonly reset: number;
}
type Row = ChipDescription['blocks'][number];
const registersOf = (chip: ChipDescription, row: Row): readonly RegisterFact[] => chip.facts[row.facts ?? row.name]?.registers ?? [];

/** Every field of every block that software can write, once for each. */
export function fieldsOf(chip: ChipDescription): readonly Writable[] {
  return chip.blocks.flatMap((row) => {
    const clock = switchOn(chip, row.clock);
    return registersOf(chip, row).flatMap(({ name, fields, offset, size, writable, reset }) =>
      fields.flatMap((f): Writable[] => {
        const mask = (maskOf(f) & writable) >>> 0;
        if (size === 1 || mask === 0) return [];
        const at = { address: row.base + offset, size, mask };
        return [{ name: `${row.name}.${name}.${f.name}`, clock, at, bit: f.bit, width: f.width, reset }];
      }),
    );
  });
}
export const maskOf = ({ bit, width }: FieldFact): number => ((width >= 32 ? 0xffffffff : 2 ** width - 1) << bit) >>> 0;

/** `RCC.CR`: its address; null where the chip has none. */
export function registerAt(chip: ChipDescription, path: string): number | null {
  const [block, register] = path.split('.');
  const row = chip.blocks.find(({ name }) => name === block);
  const found = row && registersOf(chip, row).find(({ name }) => name === register);
  return row && found ? row.base + found.offset : null;
}
/** A field by the block's name, and by what its register and itself are called: all of it set. */
export function fieldSet(chip: ChipDescription, block: string, register: RegExp, field: RegExp): Step | null {
  const row = chip.blocks.find(({ name }) => name === block);
  if (row === undefined) return null;
  for (const r of registersOf(chip, row)) {
    const f = register.test(r.name) ? r.fields.find(({ name }) => field.test(name)) : undefined;
    if (f) return word(row.base + r.offset, maskOf(f), maskOf(f));
  }
  return null;
}
/** The store that switches a clock on: `AHB1ENR.DMA1EN`. */
export function switchOn(chip: ChipDescription, path: string | undefined): Step | null {
  const [register, field] = path?.split('.') ?? [];
  if (register === undefined || field === undefined) return null;
  return fieldSet(chip, chip.rcc, new RegExp(`^${register}$`), new RegExp(`^${field}$`));
}
