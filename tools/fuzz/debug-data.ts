/** Debug data that no compiler writes, in an otherwise unchanged ELF: small in the file, large in what reading it takes. */
import { joined as wholeOf } from '../../src/rom/pieces.ts';

export const uleb = (value: number): number[] => {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
};
export const word = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
export const repeated = (count: number, pattern: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(count * pattern.length);
  for (let at = 0; at < bytes.length; at += pattern.length) bytes.set(pattern, at);
  return bytes;
};
export const joined = (...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array =>
  wholeOf(parts.map((part) => Uint8Array.from(part)));
/** With its length in front. */
const counted = (...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array => {
  const body = joined(...parts);
  return joined(word(body.length), body);
};

export type Sections = Readonly<Record<string, Uint8Array>>;

const SECTION = 40;
/** An ELF with these sections in place of its own debug data. */
export function withDebug(elf: Uint8Array, sections: Sections): Uint8Array {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const [table, count, names] = [view.getUint32(32, true), view.getUint16(48, true), view.getUint16(50, true)];
  const headers = Array.from({ length: count }, (_, i) => elf.slice(table + SECTION * i, table + SECTION * (i + 1)));
  const set = (header: Uint8Array, field: number, value: number): void => new DataView(header.buffer).setUint32(4 * field, value, true);
  const get = (header: Uint8Array, field: number): number => new DataView(header.buffer).getUint32(4 * field, true);
  const from = get(headers[names]!, 4);
  const nameAt = (at: number): string => String.fromCharCode(...elf.subarray(from + at, elf.indexOf(0, from + at)));
  for (const header of headers) if (nameAt(get(header, 0)).startsWith('.debug')) for (const field of [0, 1, 4, 5]) set(header, field, 0);
  const strings: number[] = [...elf.subarray(from, from + get(headers[names]!, 5))];
  let at = elf.length;
  const contents: Uint8Array[] = [];
  for (const [name, bytes] of Object.entries(sections)) {
    headers.push(Uint8Array.from([strings.length, 1, 0, 0, at, bytes.length, 0, 0, 1, 0].flatMap(word)));
    strings.push(...new TextEncoder().encode(name), 0);
    contents.push(bytes);
    at += bytes.length;
  }
  set(headers[names]!, 4, at);
  set(headers[names]!, 5, strings.length);
  const made = joined(elf, ...contents, strings, ...headers);
  const into = new DataView(made.buffer);
  into.setUint32(32, at + strings.length, true);
  into.setUint16(48, headers.length, true);
  return made;
}

/** One kind of entry: its attributes, each with a form; that of DW_FORM_implicit_const has a value. */
export interface Kind {
  readonly tag: number;
  readonly children: boolean;
  readonly attributes: readonly (readonly [attribute: number, form: number])[];
}
const IMPLICIT_CONST = 0x21;
/** Their codes count from 1. */
export const abbreviations = (kinds: readonly Kind[]): Uint8Array =>
  joined(
    ...kinds.map(({ tag, children, attributes }, i) => [
      ...uleb(i + 1),
      ...uleb(tag),
      Number(children),
      ...attributes.flatMap(([attribute, form]) => [...uleb(attribute), ...uleb(form), ...(form === IMPLICIT_CONST ? [1] : [])]),
      0,
      0,
    ]),
    [0],
  );
/** A unit of DWARF 4. */
export const infoUnit = (...entries: readonly (readonly number[] | Uint8Array)[]): Uint8Array => counted([4, 0, ...word(0), 4], ...entries);

export const CODE = 0x0800_0000;
const CODE_SIZE = 0x10000;
/** DW_TAG_compile_unit with DW_AT_stmt_list, DW_AT_low_pc and DW_AT_high_pc. */
export const UNIT: Kind = {
  tag: 0x11,
  children: true,
  attributes: [
    [0x10, 0x17],
    [0x11, 0x01],
    [0x12, 0x01],
  ],
};
export const unitEntry = (lineTable: number, from = CODE, size = CODE_SIZE): number[] => [
  1,
  ...word(lineTable),
  ...word(from),
  ...word(from + size),
];

/** Fields of a header of DWARF 4 behind its lengths, without files. */
const HEADER = [1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
/** Line tables without files that lie within each other: all have the same program, at the end. */
export function linesInside(units: number, program: Uint8Array): Sections {
  const own = 10 + HEADER.length + 2;
  const size = units * own + program.length;
  const headers = Array.from({ length: units }, (_, i) => {
    const at = i * own;
    return [...word(size - at - 4), 4, 0, ...word(units * own - at - 10), ...HEADER, 0, 0];
  });
  return {
    '.debug_line': joined(...headers, program),
    '.debug_info': joined(...headers.map((_, i) => infoUnit(unitEntry(i * own, CODE + 4 * i, 4)))),
    '.debug_abbrev': abbreviations([UNIT]),
  };
}
/** One line table with so many files; with rows, each has code of its own. */
export function manyFiles(files: number, rows = false): Uint8Array {
  const names = rows
    ? Array.from({ length: files }, (_, i) => [...new TextEncoder().encode(`${i}.c`), 0, 0, 0, 0]).flat()
    : repeated(files, [0x61, 0, 0, 0, 0]);
  const header = joined(HEADER, [0], names, [0]);
  // DW_LNE_set_address; DW_LNS_set_file, DW_LNS_copy, DW_LNS_advance_pc; DW_LNE_end_sequence
  const code = Array.from({ length: rows ? files : 0 }, (_, i) => [4, ...uleb(i + 1), 1, 2, 2]).flat();
  const program = rows ? [0, 5, 2, ...word(CODE), ...code, 0, 1, 1] : [];
  return counted([4, 0], word(header.length), header, program);
}
/** DW_TAG_variable with DW_AT_decl_file as udata, DW_AT_decl_line as data1 and DW_AT_location as exprloc. */
export const VARIABLE: Kind = {
  tag: 0x34,
  children: false,
  attributes: [
    [0x3a, 0x0f],
    [0x3b, 0x0b],
    [0x02, 0x18],
  ],
};
/** Variables at one address, each of a file that the line table does not have. */
export const manyVariables = (count: number, files: number, address: number): Sections => ({
  '.debug_line': manyFiles(files),
  '.debug_info': infoUnit(unitEntry(0), repeated(count, [2, ...uleb(2 ** 27), 7, 5, 3, ...word(address)])),
  '.debug_abbrev': abbreviations([UNIT, VARIABLE]),
});
/** Entries of one byte, each with so many attributes of a form that has none. */
export const attributesWithoutBytes = (entries: number, attributes: number, form = IMPLICIT_CONST): Sections => ({
  '.debug_line': new Uint8Array(8),
  '.debug_info': infoUnit(unitEntry(0), repeated(entries, [2])),
  '.debug_abbrev': abbreviations([
    UNIT,
    { tag: 0x2e, children: false, attributes: Array.from({ length: attributes }, (_, i) => [0x2000 + i, form] as const) },
  ]),
});
/** Call frame information of all code, whose common part has this program. */
export const frameOf = (program: Uint8Array): Sections => ({
  '.debug_frame': joined(
    counted(word(0xffffffff), [1, 0, 1, 0x7c, 14, 0x0c, 13, 0], program),
    counted(word(0), word(CODE), word(CODE_SIZE)),
  ),
});
/** So many registers with rules; then their state is remembered and restored as often. */
export const manyStates = (registers: number, states: number): Sections =>
  frameOf(
    joined(Uint8Array.from(Array.from({ length: registers }, (_, i) => [0x08, ...uleb(100 + i)]).flat()), repeated(states, [0x0a, 0x0b])),
  );
