/** Tables of abbreviations that no compiler writes: they cost no more than their section. */
import { describe, expect, it } from 'vitest';
import { debugSections } from '../../src/image/dwarf-reader.ts';
import { readUnits } from '../../src/image/dwarf-units.ts';

/** DW_TAG_compile_unit without children, so many attributes DW_AT_language as DW_FORM_data1. */
const abbreviation = (code: number, attributes: number): number[] => [
  code,
  0x11,
  0,
  ...Array.from({ length: attributes }, () => [0x13, 0x0b]).flat(),
  0,
  0,
];
/** A unit of DWARF 4 at each offset into the abbreviations, with one entry of code 1. */
const units = (offsets: readonly number[], attributes: number): number[] =>
  offsets.flatMap((offset) => {
    const entry = [1, ...Array.from({ length: attributes }, () => 1)];
    const length = 7 + entry.length;
    return [length & 0xff, length >> 8, 0, 0, 4, 0, offset & 0xff, (offset >> 8) & 0xff, 0, 0, 4, ...entry];
  });
/** How many are read; what is left out is told, if there is such a thing. */
const read = (abbrev: readonly number[], info: readonly number[], told?: string): number => {
  const sections = debugSections((name) =>
    name === '.debug_abbrev' ? new Uint8Array(abbrev) : name === '.debug_info' ? new Uint8Array(info) : null,
  );
  const { length } = readUnits(sections);
  expect(sections.leftOut.text ?? '').toContain(told ?? '');
  expect(sections.leftOut.text === null).toBe(told === undefined);
  return length;
};

describe('a unit', () => {
  it('is read with its table', () => expect(read([...abbreviation(1, 20), 0], units([0], 20))).toBe(1));
  it('shares its table with others', () =>
    expect(
      read(
        [...abbreviation(1, 20), 0],
        units(
          Array.from({ length: 300 }, () => 0),
          20,
        ),
      ),
    ).toBe(300));
  it('is left out where one entry has more attributes than a compiler gives', () =>
    expect([
      read([...abbreviation(1, 500), 0], units([0], 500)),
      read([...abbreviation(1, 501), 0], units([0], 501), 'more than 500 attributes'),
    ]).toEqual([1, 0]));
  it('is left out where its table lies within those of many others', () => {
    // each table begins one abbreviation later, and goes on to the end of the section
    const one = abbreviation(1, 20);
    const abbrev = [...Array.from({ length: 300 }, () => one).flat(), 0];
    const offsets = Array.from({ length: 300 }, (_, i) => i * one.length);
    expect(read(abbrev, units(offsets, 20), 'within those of others')).toBe(1);
  });
});
