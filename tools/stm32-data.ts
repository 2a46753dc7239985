/**
 * What the tools read of embassy-rs/stm32-data-generated (MIT or Apache-2.0): gates, resets and interrupts of the peripherals, and registers' fields, by
 * address. `folder` is its folder `data`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Field, Reg } from './svd-types.ts';

export const STM32_DATA = 'embassy-rs/stm32-data-generated@f115ed4';

interface Gate {
  readonly register: string;
  readonly field: string;
}
interface PeripheralData {
  readonly name: string;
  readonly address: number;
  readonly registers?: { readonly kind: string; readonly version: string; readonly block: string };
  readonly rcc?: { readonly enable?: Gate; readonly reset?: Gate };
  readonly interrupts?: readonly { readonly signal: string; readonly interrupt: string }[];
}
interface ChipFile {
  readonly cores: readonly {
    readonly peripherals: readonly PeripheralData[];
    readonly interrupts: readonly { readonly name: string; readonly number: number }[];
  }[];
}
interface Item {
  readonly name: string;
  readonly byte_offset: number;
  readonly fieldset?: string;
}
interface FieldData {
  readonly name: string;
  readonly bit_offset: number | readonly unknown[];
  readonly bit_size: number;
  readonly array?: { readonly len?: number; readonly stride?: number };
}
type RegistersFile = Readonly<Record<string, { readonly items?: readonly Item[]; readonly fields?: readonly FieldData[] }>>;

interface Place {
  readonly name: string;
  readonly bit: number;
  readonly width: number;
}
export interface ChipData {
  readonly source: string;
  /** Fields of the register at an offset of the peripheral at `base`. */
  fieldsAt(base: number, offset: number): readonly Place[];
  /** Gates in the names of `rcc`, the SVD's registers of RCC. */
  peripheralAt(
    base: number,
    name: string,
    rcc: readonly Reg[],
  ): { readonly irqs?: readonly number[]; readonly clock?: string; readonly reset?: string };
}

const read = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T;

function places(fields: readonly FieldData[]): readonly Place[] {
  return fields.flatMap((f) => {
    const { bit_offset: bit, bit_size: width, array, name } = f;
    if (typeof bit !== 'number') return [];
    if (!array?.len || array.stride === undefined) return [{ name, bit, width }];
    return Array.from({ length: array.len }, (_, i) => ({ name: `${name}${i}`, bit: bit + i * array.stride!, width }));
  });
}

/** @param without peripherals whose clock gate the part lacks although the family has one */
export function chipData(folder: string, part: string, without: readonly string[] = []): ChipData {
  const core = read<ChipFile>(folder, 'chips', `${part}.json`).cores[0]!;
  const numbers = new Map(core.interrupts.map((i) => [i.name, i.number]));
  const files = new Map<string, RegistersFile>();
  const fieldsOf = (p: PeripheralData, find: (item: Item) => boolean): readonly Place[] => {
    if (!p.registers) return [];
    const { kind, version, block } = p.registers;
    const key = `${kind}_${version}`;
    if (!files.has(key)) files.set(key, read<RegistersFile>(folder, 'registers', `${key}.json`));
    const file = files.get(key)!;
    const item = file[`block/${block}`]?.items?.find(find);
    return item?.fieldset ? places(file[`fieldset/${item.fieldset}`]?.fields ?? []) : [];
  };
  const rccData = core.peripherals.find((p) => p.name === 'RCC')!;
  const gate = (g: Gate | undefined, rcc: readonly Reg[]): string | undefined => {
    if (!g) return undefined;
    const register = rcc.find((r) => r.name === g.register);
    const bit = fieldsOf(rccData, (item) => item.name === g.register).find((f) => f.name === g.field)?.bit;
    if (!register || bit === undefined) return undefined;
    let field = register.fields.find((f) => f.bit === bit && f.width === 1);
    if (!field && !register.fields.some((f) => bit >= f.bit && bit < f.bit + f.width)) {
      // A gate that the SVD has forgotten.
      field = { name: g.field, bit, width: 1, writable: true };
      register.fields.push(field);
      register.fields.sort((a, b) => a.bit - b.bit);
      register.writable = (register.writable | (1 << bit)) >>> 0;
    }
    return field && `${g.register}.${field.name}`;
  };
  return {
    source: STM32_DATA,
    fieldsAt(base, offset) {
      const p = core.peripherals.find((x) => x.address === base);
      return p ? fieldsOf(p, (item) => item.byte_offset === offset) : [];
    },
    peripheralAt(base, name, rcc) {
      const p = core.peripherals.find((x) => x.address === base);
      // Where stm32-data has none, the SVD's of that name.
      const named = (registers: RegExp, suffix: string): string | undefined => {
        const r = rcc.find((x) => registers.test(x.name) && x.fields.some((f) => f.name === name + suffix));
        return r && `${r.name}.${name}${suffix}`;
      };
      const ungated = without.includes(name);
      const clock = ungated ? undefined : (gate(p?.rcc?.enable, rcc) ?? named(/(?<!LP|SM)ENR\d?$/, 'EN'));
      const reset = ungated ? undefined : (gate(p?.rcc?.reset, rcc) ?? named(/RSTR\d?$/, 'RST'));
      if (p?.rcc?.enable && !clock && !ungated)
        console.error(`${part}: ${name}: RCC has no ${p.rcc.enable.register}.${p.rcc.enable.field}`);
      const irqs = p && [...new Set((p.interrupts ?? []).map((i) => numbers.get(i.interrupt)!))].sort((a, b) => a - b);
      return { ...(irqs ? { irqs } : {}), ...(clock ? { clock } : {}), ...(reset ? { reset } : {}) };
    },
  };
}

/** A field that the SVD has in pieces (`PLLM0`, `PLLM1`…) becomes the one that stm32-data has. */
export function joinPieces(r: Reg, whole: readonly Place[]): Field[] {
  let fields = [...r.fields];
  for (const { name, bit, width } of whole) {
    if (width === 1 || fields.some((f) => f.bit === bit && f.width === width)) continue;
    const inside = (f: Field): boolean => f.bit >= bit && f.bit + f.width <= bit + width;
    const pieces = fields.filter(inside);
    if (pieces.reduce((n, f) => n + f.width, 0) !== width || bit + width > 8 * r.size) continue;
    fields = [...fields.filter((f) => !inside(f)), { name, bit, width, writable: pieces[0]!.writable }];
  }
  return fields.sort((a, b) => a.bit - b.bit);
}
