/**
 * Units of .debug_info and their root entries: where a unit's code lies, which line table it uses, and the bases of its indexed forms. The entries below the
 * root are read by dwarf-functions.ts, for the units that are asked about.
 */
import { DwarfError, DwarfReader, readForm, readUnitHeader, stringAt, type DwarfSections, type UnitHeader } from './dwarf-reader.ts';
import type { LeftOut } from './left-out.ts';
import type { Work } from './work.ts';

const DW_AT_NAME = 0x03;
const DW_AT_STMT_LIST = 0x10;
const DW_AT_LOW_PC = 0x11;
const DW_AT_HIGH_PC = 0x12;
const DW_AT_COMP_DIR = 0x1b;
const DW_AT_RANGES = 0x55;
const DW_AT_STR_OFFSETS_BASE = 0x72;
const DW_AT_ADDR_BASE = 0x73;
const DW_AT_RNGLISTS_BASE = 0x74;
const DW_AT_DWO_NAME = 0x76;
const DW_AT_GNU_DWO_NAME = 0x2130;
const DW_AT_GNU_ADDR_BASE = 0x2133;
const DW_UT_TYPE = 2;
const DW_UT_SKELETON = 4;
const DW_UT_SPLIT_COMPILE = 5;
const DW_UT_SPLIT_TYPE = 6;
const DW_FORM_ADDR = 0x01;
const DW_FORM_IMPLICIT_CONST = 0x21;

/** An attribute with its form; `implicit` is the value of DW_FORM_implicit_const. */
export interface AttributeSpec {
  readonly attribute: number;
  readonly form: number;
  readonly implicit: number;
}
export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly AttributeSpec[];
}

/** Half-open stretch of code. */
export type CodeRange = readonly [from: number, to: number];

/** What the attributes of a unit are read with. */
export interface UnitForms {
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
  readonly version: number;
  readonly addrBase: number | null;
  readonly strOffsetsBase: number | null;
  readonly rngListsBase: number | null;
  readonly lowPc: number;
}

export interface DwarfUnit extends UnitForms {
  /** Offset of the header in .debug_info, of the root entry, and of the end. */
  readonly start: number;
  readonly root: number;
  readonly end: number;
  readonly abbreviations: ReadonlyMap<number, Abbreviation>;
  readonly name: string | null;
  readonly lineTable: number | null;
  readonly folder: string | null;
  readonly ranges: readonly CodeRange[];
  /** The file that holds the rest of a skeleton unit (-gsplit-dwarf). */
  readonly dwoName: string | null;
}

/** Many times as many as a firmware has source files; each is read outside of `--wall`. */
export const MOST_UNITS = 20_000;

export const behindUnits = (section: string): string => `what is behind ${MOST_UNITS} units of ${section}`;

/** Entries of all units: twice as many as the largest firmware has; nobody hears signals while they are read. */
const MOST_ENTRIES = 2 ** 22;
/** What may still be read of debug data. */
class ReadBudget {
  private readonly most: number;
  private readonly called: string;
  private readonly leftOut: LeftOut;
  private taken = 0;

  constructor(most: number, called: string, { leftOut }: DwarfSections) {
    this.most = most;
    this.called = called;
    this.leftOut = leftOut;
  }
  /** Whether one more may be read. */
  take(): boolean {
    if (++this.taken <= this.most) return true;
    this.leftOut.add(`what is behind ${this.most} ${this.called}`);
    return false;
  }
}
/** One budget for all who read a file's debug data. */
function oneForAll(most: number, called: string): (sections: DwarfSections) => ReadBudget {
  const budgets = new WeakMap<DwarfSections, ReadBudget>();
  return (sections) => {
    let budget = budgets.get(sections);
    if (budget === undefined) budgets.set(sections, (budget = new ReadBudget(most, called, sections)));
    return budget;
  };
}
export const entryBudget = oneForAll(MOST_ENTRIES, 'entries');
/** Steps of an entry without its attributes. */
const ENTRY = 8;
/** Whether there is one more, and it may be read. @throws DwarfError where too much was read */
export function mayReadEntry(r: DwarfReader, budget: ReadBudget, work: Work): boolean {
  work.take(ENTRY);
  return r.left > 0 && budget.take();
}

const read = new WeakMap<DwarfSections, readonly DwarfUnit[]>();
/** All units in order, up to a bound. Damaged ones are left out, and count: megabytes of zeros hold a damaged one in each four bytes. */
export function readUnits(sections: DwarfSections): readonly DwarfUnit[] {
  let units = read.get(sections);
  if (units === undefined) {
    if (sections.work.isCut) return [];
    units = readAll(sections);
    if (!sections.work.isCut) read.set(sections, units);
  }
  return units;
}
function readAll(sections: DwarfSections): DwarfUnit[] {
  const units: DwarfUnit[] = [];
  if (sections.info === null || sections.abbrev === null) return units;
  const tables = new Abbreviations(sections.abbrev, sections.work);
  let at = 0;
  for (let n = 0; at + 11 <= sections.info.length && !sections.work.isOver; n++) {
    if (n === MOST_UNITS) {
      sections.leftOut.add(behindUnits('.debug_info'));
      break;
    }
    let header: UnitHeader;
    try {
      header = readUnitHeader(new DwarfReader(sections.info, at));
    } catch (error) {
      if (error instanceof DwarfError) break;
      throw error;
    }
    try {
      const unit = readUnit(sections, header, tables);
      if (unit !== null) units.push(unit);
    } catch (error) {
      if (!(error instanceof DwarfError)) throw error;
    }
    at = header.end;
  }
  return units;
}

function readUnit(sections: DwarfSections, header: UnitHeader, tables: Abbreviations): DwarfUnit | null {
  sections.work.take(UNIT);
  const r = new DwarfReader(sections.info!, header.start + (header.offsetSize === 4 ? 6 : 14), header.end);
  const offset = (): number => (header.offsetSize === 4 ? r.u32() : r.u64());
  let abbrevs: number;
  let addressSize: number;
  if (header.version >= 5) {
    const type = r.u8();
    addressSize = r.u8();
    abbrevs = offset();
    if (type === DW_UT_SKELETON || type === DW_UT_SPLIT_COMPILE) r.skip(8);
    else if (type === DW_UT_TYPE || type === DW_UT_SPLIT_TYPE) r.skip(8 + header.offsetSize);
  } else {
    abbrevs = offset();
    addressSize = r.u8();
  }
  const abbreviations = tables.at(abbrevs);
  const root = r.at;
  const abbreviation = abbreviations.get(r.uleb());
  if (abbreviation === undefined) return null;
  const found = new Map<number, { value: string | number | null; form: number }>();
  for (const { attribute, form, implicit } of abbreviation.attributes)
    found.set(attribute, { value: readForm(r, form, header.offsetSize, addressSize, sections, implicit), form });
  const numberOf = (...attributes: number[]): number | null => {
    const value = attributes.map((a) => found.get(a)?.value).find((v) => typeof v === 'number');
    return typeof value === 'number' ? value : null;
  };
  const forms = {
    offsetSize: header.offsetSize,
    addressSize,
    version: header.version,
    addrBase: numberOf(DW_AT_ADDR_BASE, DW_AT_GNU_ADDR_BASE),
    strOffsetsBase: numberOf(DW_AT_STR_OFFSETS_BASE),
    rngListsBase: numberOf(DW_AT_RNGLISTS_BASE),
    lowPc: 0,
  };
  const textOf = (attribute: number): string | null => textValue(sections, forms, found.get(attribute));
  const lowPc = addressValue(sections, forms, found.get(DW_AT_LOW_PC)) ?? 0;
  const all = { ...forms, lowPc };
  return {
    ...all,
    start: header.start,
    root,
    end: header.end,
    abbreviations,
    name: textOf(DW_AT_NAME),
    lineTable: numberOf(DW_AT_STMT_LIST),
    folder: textOf(DW_AT_COMP_DIR),
    ranges: codeRanges(sections, all, found.get(DW_AT_LOW_PC), found.get(DW_AT_HIGH_PC), found.get(DW_AT_RANGES)),
    dwoName: textOf(DW_AT_DWO_NAME) ?? textOf(DW_AT_GNU_DWO_NAME),
  };
}

/** The tables of a section. They do not overlap where a compiler wrote them, so that all of them cost no more than the section. */
class Abbreviations {
  private readonly tables = new Map<number, ReadonlyMap<number, Abbreviation>>();
  private readonly section: Uint8Array;
  private readonly work: Work;
  /** Bytes that may still be read. */
  private left: number;
  private kept = 0;

  constructor(section: Uint8Array, work: Work) {
    this.section = section;
    this.work = work;
    this.left = section.length + SLACK;
  }

  /** The table at an offset. */
  at(offset: number): ReadonlyMap<number, Abbreviation> {
    let table = this.tables.get(offset);
    if (table === undefined) this.tables.set(offset, (table = this.read(offset)));
    return table;
  }

  private read(at: number): ReadonlyMap<number, Abbreviation> {
    const table = new Map<number, Abbreviation>();
    const a = new DwarfReader(this.section, at);
    while (a.left > 0) {
      const from = a.at;
      const code = a.uleb();
      if (code === 0) break;
      const tag = a.uleb();
      const hasChildren = a.u8() !== 0;
      const attributes = attributesAt(a, this.work);
      table.set(code, { tag, hasChildren, attributes });
      this.kept += attributes.length;
      if (this.kept > MOST_KEPT) {
        this.work.leftOut.add(`units with more than ${MOST_KEPT} attributes in their tables of abbreviations`);
        throw new DwarfError('too many abbreviations');
      }
      this.left -= a.at - from;
      if (this.left >= 0) continue;
      this.work.leftOut.add('units whose tables of abbreviations lie within those of others');
      throw new DwarfError('tables of abbreviations overlap');
    }
    return table;
  }
}
const SLACK = 0x1000;
/** Attributes of all tables; the largest firmware has a twentieth. */
const MOST_KEPT = 2 ** 22;
/** More than a compiler gives an entry by far: each entry of the kind is read with all of them. */
const MOST_ATTRIBUTES = 500;

/** Steps of a unit. */
const UNIT = 64;
function attributesAt(a: DwarfReader, work: Work): AttributeSpec[] {
  const attributes: AttributeSpec[] = [];
  for (;;) {
    const attribute = a.uleb();
    const form = a.uleb();
    const implicit = form === DW_FORM_IMPLICIT_CONST ? a.sleb() : 0;
    if (attribute === 0 && form === 0) return attributes;
    if (attributes.length === MOST_ATTRIBUTES) {
      work.leftOut.add(`units that have entries with more than ${MOST_ATTRIBUTES} attributes`);
      throw new DwarfError('an abbreviation with too many attributes');
    }
    work.take(1);
    attributes.push({ attribute, form, implicit });
  }
}

export interface AttributeValue {
  readonly value: string | number | null;
  readonly form: number;
}
const isStringIndex = (form: number): boolean => form === 0x1a || (form >= 0x25 && form <= 0x28);
const isAddressIndex = (form: number): boolean => form === 0x1b || (form >= 0x29 && form <= 0x2c);

/** A string in any of its forms. */
export function textValue(sections: DwarfSections, unit: UnitForms, found: AttributeValue | undefined): string | null {
  if (found === undefined) return null;
  if (typeof found.value === 'string') return found.value;
  if (!isStringIndex(found.form) || found.value === null || sections.strOffsets === null || sections.str === null) return null;
  // without a base (a split unit) the offsets begin behind the section's header
  const base = unit.strOffsetsBase ?? (unit.version >= 5 ? 2 * unit.offsetSize : 0);
  const r = new DwarfReader(sections.strOffsets, base + found.value * unit.offsetSize);
  return stringAt(sections, sections.str, unit.offsetSize === 4 ? r.u32() : r.u64());
}
/** A code address in any of its forms. */
function addressValue(sections: DwarfSections, unit: UnitForms, found: AttributeValue | undefined): number | null {
  if (found === undefined || typeof found.value !== 'number') return null;
  return isAddressIndex(found.form) ? indexedAddress(sections, unit, found.value) : found.value;
}
function indexedAddress(sections: DwarfSections, unit: UnitForms, index: number): number {
  if (sections.addr === null) throw new DwarfError('no .debug_addr');
  return readAddress(new DwarfReader(sections.addr, (unit.addrBase ?? 0) + index * unit.addressSize), unit);
}
const readAddress = (r: DwarfReader, unit: UnitForms): number => (unit.addressSize === 8 ? r.u64() : r.u32());

/** Where an entry's code lies: DW_AT_low_pc with DW_AT_high_pc, or DW_AT_ranges. */
export function codeRanges(
  sections: DwarfSections,
  unit: UnitForms,
  low: AttributeValue | undefined,
  high: AttributeValue | undefined,
  ranges: AttributeValue | undefined,
): CodeRange[] {
  if (typeof ranges?.value === 'number') return rangeList(sections, unit, ranges.value, ranges.form);
  const from = addressValue(sections, unit, low);
  if (from === null || typeof high?.value !== 'number') return [];
  // an address, or a length from DWARF 4 on
  const to = high.form === DW_FORM_ADDR || isAddressIndex(high.form) ? addressValue(sections, unit, high)! : from + high.value;
  return to > from ? [[from, to]] : [];
}

const DW_FORM_RNGLISTX = 0x23;
const MOST_RANGES = 10_000;
/** Entries of range lists that are read for all units and functions together: many may share one list. */
const MOST_RANGE_ENTRIES = 2 ** 20;
const rangeBudget = oneForAll(MOST_RANGE_ENTRIES, 'ranges of code');
function rangeList(sections: DwarfSections, unit: UnitForms, value: number, form: number): CodeRange[] {
  if (unit.version < 5)
    return sections.ranges === null ? [] : oldRanges(new DwarfReader(sections.ranges, value), unit, rangeBudget(sections));
  if (sections.rngLists === null) return [];
  let at = value;
  if (form === DW_FORM_RNGLISTX) {
    const base = unit.rngListsBase ?? (unit.offsetSize === 4 ? 12 : 20);
    const r = new DwarfReader(sections.rngLists, base + value * unit.offsetSize);
    at = base + (unit.offsetSize === 4 ? r.u32() : r.u64());
  }
  return newRanges(sections, new DwarfReader(sections.rngLists, at), unit);
}
/** .debug_ranges, DWARF 2 to 4. */
function oldRanges(r: DwarfReader, unit: UnitForms, budget: ReadBudget): CodeRange[] {
  const list: CodeRange[] = [];
  const all = unit.addressSize === 8 ? 2 ** 64 : 0xffffffff;
  let base = unit.lowPc;
  while (list.length < MOST_RANGES && budget.take()) {
    const from = readAddress(r, unit);
    const to = readAddress(r, unit);
    if (from === 0 && to === 0) break;
    if (from === all) base = to;
    else if (to > from) list.push([base + from, base + to]);
  }
  return list;
}
/** .debug_rnglists, DWARF 5 section 2.17.3. */
function newRanges(sections: DwarfSections, r: DwarfReader, unit: UnitForms): CodeRange[] {
  const list: CodeRange[] = [];
  const budget = rangeBudget(sections);
  let base = unit.lowPc;
  const put = (from: number, to: number): void => {
    if (to > from) list.push([from, to]);
  };
  while (list.length < MOST_RANGES && budget.take()) {
    const kind = r.u8();
    if (kind === 0) break;
    if (kind === 1) base = indexedAddress(sections, unit, r.uleb());
    else if (kind === 2) put(indexedAddress(sections, unit, r.uleb()), indexedAddress(sections, unit, r.uleb()));
    else if (kind === 3) {
      const from = indexedAddress(sections, unit, r.uleb());
      put(from, from + r.uleb());
    } else if (kind === 4) put(base + r.uleb(), base + r.uleb());
    else if (kind === 5) base = readAddress(r, unit);
    else if (kind === 6) put(readAddress(r, unit), readAddress(r, unit));
    else if (kind === 7) {
      const from = readAddress(r, unit);
      put(from, from + r.uleb());
    } else throw new DwarfError(`range list entry ${kind}`);
  }
  return list;
}

/** Compile folder by offset of the line table in .debug_line. */
export function compileFolders(units: readonly DwarfUnit[]): Map<number, string> {
  const folders = new Map<number, string>();
  for (const { lineTable, folder } of units)
    if (lineTable !== null && folder !== null && !folders.has(lineTable)) folders.set(lineTable, folder);
  return folders;
}
