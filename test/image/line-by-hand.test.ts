/** Line tables that no compiler writes: they are read in bounded time and memory. */
import { expect, it } from 'vitest';
import { FunctionTable } from '../../src/image/dwarf-functions.ts';
import { LineTable } from '../../src/image/dwarf-line.ts';
import { debugSections } from '../../src/image/dwarf-reader.ts';
import { readUnits } from '../../src/image/dwarf-units.ts';

/** DW_LNE_set_address */
const setAddress = (address: number): number[] => [0, 5, 2, address & 0xff, (address >> 8) & 0xff, (address >> 16) & 0xff, address >>> 24];
const END = [0, 1, 1];
/** A unit of DWARF 2 with one file, minimum_instruction_length 2, line_base 0, line_range 1, opcode_base 10: opcode 11 is two bytes further. */
function unit(program: Uint8Array, file = 'a.c'): Uint8Array {
  const files = [0, ...new TextEncoder().encode(file), 0, 0, 0, 0, 0];
  const common = [2, 1, 0, 1, 10, 0, 1, 1, 1, 1, 0, 0, 0, 1, ...files];
  const bytes = new Uint8Array(10 + common.length + program.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length - 4, true);
  view.setUint16(4, 2, true);
  view.setUint32(6, common.length, true);
  bytes.set(common, 10);
  bytes.set(program, 10 + common.length);
  return bytes;
}
const sectionsOf = (sections: Readonly<Record<string, Uint8Array>>) => debugSections((name) => sections[name] ?? null);
/** What is left out is told in words that have this in them. */
const said = ({ leftOut }: ReturnType<typeof sectionsOf>): string => leftOut.text ?? '';
const rows = (count: number): Uint8Array => {
  const head = setAddress(0x0800_0000);
  const program = new Uint8Array(head.length + count + END.length).fill(11);
  program.set(head);
  program.set(END, head.length + count);
  return program;
};

it('the name of a file begins no lines of its own in a report', () => {
  const sections = sectionsOf({ '.debug_line': unit(rows(4), 'a.c\nProof   repaired') });
  expect(new LineTable(sections, () => true).lookup(0x0800_0002)).toEqual({ file: 'a.c\ufffdProof   repaired', line: 1 });
});

it('a unit of more rows than the largest flash has instructions is left out', () => {
  const most = 2 ** 21;
  const [fits, large] = [most, most + 1].map((count) => sectionsOf({ '.debug_line': unit(rows(count)) }));
  expect(new LineTable(fits!, () => true).lookup(0x0800_0010)).toEqual({ file: 'a.c', line: 1 });
  expect(new LineTable(large!, () => true).lookup(0x0800_0010)).toBeNull();
  expect([said(fits!), said(large!)]).toEqual([
    '',
    expect.stringMatching(/^debug information was left out.*: what is behind 2097152 rows of line tables$/),
  ]);
});

it.each([
  [20_000, 'a.c'],
  [20_001, undefined],
])('of more units than any firmware has those at the end are left out: %i', (count, file) => {
  const small = unit(new Uint8Array(0));
  const last = unit(rows(4));
  const line = new Uint8Array(small.length * (count - 1) + last.length);
  for (let i = 0; i < count - 1; i++) line.set(small, i * small.length);
  line.set(last, small.length * (count - 1));
  // DW_TAG_compile_unit with DW_AT_stmt_list as DW_FORM_data4; DWARF 2
  const entry = Uint8Array.of(12, 0, 0, 0, 2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0);
  const info = new Uint8Array(entry.length * count);
  const view = new DataView(info.buffer);
  for (let i = 0; i < count; i++) {
    info.set(entry, i * entry.length);
    view.setUint32(i * entry.length + 12, i * small.length, true);
  }
  const sections = sectionsOf({
    '.debug_line': line,
    '.debug_info': info,
    '.debug_abbrev': Uint8Array.of(1, 0x11, 0, 0x10, 0x06, 0, 0, 0),
  });
  expect(readUnits(sections)).toHaveLength(Math.min(count, 20_000));
  expect(new LineTable(sections, () => true).lookup(0x0800_0002)?.file).toBe(file);
  expect(said(sections).includes('what is behind 20000 units of .debug_info')).toBe(count > 20_000);
});

it.each([
  [19_999, 1],
  [20_000, 0],
  // all zeros that a section of 16 MB has: without a bound an error for each
  [2 ** 22 - 4, 0],
])('damaged units count, too: behind %i of them', (damaged, read) => {
  const entry = Uint8Array.of(12, 0, 0, 0, 2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0);
  const info = new Uint8Array(4 * damaged + entry.length);
  info.set(entry, 4 * damaged);
  const sections = sectionsOf({ '.debug_info': info, '.debug_abbrev': Uint8Array.of(1, 0x11, 0, 0x10, 0x06, 0, 0, 0) });
  expect(readUnits(sections)).toHaveLength(read);
});

it('a list of ranges that many units share is read as often as the largest firmware has ranges', () => {
  const [ranges, units] = [9_999, 200];
  // DW_TAG_compile_unit with DW_AT_ranges as DW_FORM_sec_offset; DWARF 4
  const entry = Uint8Array.of(12, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0);
  const info = new Uint8Array(entry.length * units);
  for (let i = 0; i < units; i++) info.set(entry, i * entry.length);
  const list = new DataView(new ArrayBuffer(8 * (ranges + 1)));
  for (let i = 0; i < ranges; i++) {
    list.setUint32(8 * i, 0x0800_0000 + 4 * i, true);
    list.setUint32(8 * i + 4, 0x0800_0002 + 4 * i, true);
  }
  const sections = sectionsOf({
    '.debug_info': info,
    '.debug_ranges': new Uint8Array(list.buffer),
    '.debug_abbrev': Uint8Array.of(1, 0x11, 0, 0x55, 0x17, 0, 0, 0),
  });
  const read = readUnits(sections).map((u) => u.ranges.length);
  expect(said(sections)).toContain('what is behind 1048576 ranges of code');
  expect(read[0]).toBe(ranges);
  expect(read.reduce((sum, n) => sum + n, 0)).toBeLessThanOrEqual(2 ** 20);
  expect(read.at(-1)).toBe(0);
});

it('of more entries than the largest firmware has those at the end are left out', () => {
  const most = 2 ** 22;
  // a unit with children, a function without attributes, and one with its addresses
  const abbrev = Uint8Array.from([1, 0x11, 1, 0x11, 1, 0x12, 6, 0, 0, 2, 0x2e, 0, 0, 0, 3, 0x2e, 0, 0x11, 1, 0x12, 6, 0, 0, 0]);
  const named = (count: number): boolean => {
    const info = new Uint8Array(4 + 7 + 9 + count + 9 + 1).fill(2);
    const view = new DataView(info.buffer);
    const addresses = (at: number, code: number): void => {
      view.setUint8(at, code);
      view.setUint32(at + 1, 0x0800_0000, true);
      view.setUint32(at + 5, 16, true);
    };
    view.setUint32(0, info.length - 4, true);
    view.setUint16(4, 4, true);
    view.setUint32(6, 0, true);
    view.setUint8(10, 4);
    addresses(11, 1);
    addresses(20 + count, 3);
    view.setUint8(info.length - 1, 0);
    const sections = sectionsOf({ '.debug_info': info, '.debug_abbrev': abbrev });
    const lines = new LineTable(sections, () => true);
    const found = new FunctionTable(sections, lines, () => true).functionAt(0x0800_0002) !== null;
    expect(said(sections).includes('what is behind 4194304 entries')).toBe(!found);
    return found;
  };
  expect([named(2), named(most)]).toEqual([true, false]);
}, 60_000);
