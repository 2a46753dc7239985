import type { RunJob } from '../../src/bench/input/job.ts';
import { FLASH } from './bare-image.ts';

export interface Named {
  readonly name: string;
  readonly address: number;
  /** Of a function; a label has none. */
  readonly size?: number;
  /** It is a variable of this size. */
  readonly variable?: boolean;
}
const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const words = (...values: readonly number[]): readonly number[] => [...new Uint8Array(Uint32Array.from(values).buffer)];
const [HEADER, SEGMENT, SECTION] = [52, 32, 40];

/** An ELF of these bytes at the start of the flash, with a table of symbols and no debug information. */
export function namedImage(image: Uint8Array, symbols: readonly Named[]): RunJob['images'] {
  const names = text(`\0${symbols.map(({ name }) => `${name}\0`).join('')}.symtab\0`);
  const nameAt = (i: number): number => 1 + symbols.slice(0, i).reduce((sum, { name }) => sum + name.length + 1, 0);
  const table = symbols.flatMap(({ address, size = 0, variable = false }, i) => {
    const isFunction = size > 0 && !variable;
    const row = words(nameAt(i), isFunction ? address + 1 : address, size, 0x10 | (isFunction ? 2 : variable ? 1 : 0));
    // of the first section
    return [...row.slice(0, 14), 1, 0];
  });
  const at = { image: HEADER + SEGMENT, names: HEADER + SEGMENT + image.length, table: 0 };
  at.table = (at.names + names.length + 3) & ~3;
  const sections = at.table + table.length;
  const section = (type: number, flags: number, address: number, offset: number, size: number, link = 0): readonly number[] =>
    words(0, type, flags, address, offset, size, link, 0, 4, type === 2 ? 16 : 0);
  const out = new Uint8Array(sections + 4 * SECTION);
  const view = new DataView(out.buffer);
  out.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  [2, 40].forEach((half, i) => view.setUint16(16 + 2 * i, half, true));
  [1, 0, HEADER, sections, 0].forEach((word, i) => view.setUint32(20 + 4 * i, word, true));
  [HEADER, SEGMENT, 1, SECTION, 4, 3].forEach((half, i) => view.setUint16(40 + 2 * i, half, true));
  out.set(words(1, at.image, FLASH, FLASH, image.length, image.length, 5, 4), HEADER);
  out.set(image, at.image);
  out.set(names, at.names);
  out.set(table, at.table);
  const rows = [section(0, 0, 0, 0, 0), section(1, 6, FLASH, at.image, image.length), section(2, 0, 0, at.table, table.length, 3), section(3, 0, 0, at.names, names.length)]; // prettier-ignore
  out.set(rows.flat(), sections);
  return [{ path: 'app.elf', bytes: out }];
}
