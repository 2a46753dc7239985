/**
 * Of .debug_info only the first entry of each unit is read: it names the compile folder of the line table that it uses, which line
 * tables before DWARF 5 do not hold themselves.
 */
import { DwarfError, DwarfReader, readForm, readUnitHeader, type DwarfSections, type UnitHeader } from './dwarf-reader.ts';

const DW_AT_STMT_LIST = 0x10;
const DW_AT_COMP_DIR = 0x1b;
const DW_UT_TYPE = 2;
const DW_UT_SKELETON = 4;
const DW_UT_SPLIT_COMPILE = 5;
const DW_UT_SPLIT_TYPE = 6;

/** Compile folder by offset of the line table in .debug_line. Damaged units are left out. */
export function compileFolders(sections: DwarfSections): Map<number, string> {
  const folders = new Map<number, string>();
  if (sections.info === null || sections.abbrev === null) return folders;
  let at = 0;
  while (at + 11 <= sections.info.length) {
    let unit: UnitHeader;
    try {
      unit = readUnitHeader(new DwarfReader(sections.info, at));
    } catch (error) {
      if (error instanceof DwarfError) break;
      throw error;
    }
    try {
      readRoot(sections, unit, folders);
    } catch (error) {
      if (!(error instanceof DwarfError)) throw error;
    }
    at = unit.end;
  }
  return folders;
}

function readRoot(sections: DwarfSections, unit: UnitHeader, folders: Map<number, string>): void {
  const r = new DwarfReader(sections.info!, unit.start + (unit.offsetSize === 4 ? 6 : 14), unit.end);
  const offset = (): number => (unit.offsetSize === 4 ? r.u32() : r.u64());
  let abbrevs: number;
  let addressSize: number;
  if (unit.version >= 5) {
    const type = r.u8();
    addressSize = r.u8();
    abbrevs = offset();
    if (type === DW_UT_SKELETON || type === DW_UT_SPLIT_COMPILE) r.skip(8);
    else if (type === DW_UT_TYPE || type === DW_UT_SPLIT_TYPE) r.skip(8 + unit.offsetSize);
  } else {
    abbrevs = offset();
    addressSize = r.u8();
  }
  const code = r.uleb();
  const a = new DwarfReader(sections.abbrev!, abbrevs);
  // The root's abbreviation is nearly always the first of its table; walking on is bounded by the section.
  for (;;) {
    const found = a.uleb();
    if (found === 0) return;
    a.uleb(); // tag
    a.u8(); // has children
    let lineTable: number | null = null;
    let folder: string | null = null;
    for (;;) {
      const attribute = a.uleb();
      const form = a.uleb();
      const implicit = form === 0x21 ? a.sleb() : 0;
      if (attribute === 0 && form === 0) break;
      if (found !== code) continue;
      const value = readForm(r, form, unit.offsetSize, addressSize, sections, implicit);
      if (attribute === DW_AT_STMT_LIST && typeof value === 'number') lineTable = value;
      if (attribute === DW_AT_COMP_DIR && typeof value === 'string') folder = value;
    }
    if (found === code) {
      if (lineTable !== null && folder !== null) folders.set(lineTable, folder);
      return;
    }
  }
}
