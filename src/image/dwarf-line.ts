/**
 * The line table: address → file and line. DWARF 2 to 5, section 6.2. Decoded at the first question, because most runs of a healthy
 * firmware ask few. Damaged units are dropped; nothing here throws.
 */
import { DwarfError, DwarfReader, readForm, readUnitHeader, type DwarfSections, type UnitHeader } from './dwarf-reader.ts';
import { lastUpTo } from './last-up-to.ts';
import type { LeftOut } from './left-out.ts';
import type { Work } from './work.ts';
import { behindUnits, compileFolders, MOST_UNITS, readUnits } from './dwarf-units.ts';
import { fileName } from './source-path.ts';

export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

/** Rows sorted by address; `file` −1 ends a sequence. */
interface Rows {
  readonly files: readonly string[];
  readonly address: Uint32Array;
  readonly file: Int32Array;
  readonly line: Uint32Array;
}

const NO_ROWS: Rows = { files: [], address: new Uint32Array(0), file: new Int32Array(0), line: new Uint32Array(0) };

export class LineTable {
  private readonly sections: DwarfSections;
  private readonly inCode: (address: number) => boolean;
  private rows: Rows | null = null;

  /** `inCode`: whether the image has code there; a linker that drops a function leaves its lines at address 0 or all ones. */
  constructor(sections: DwarfSections, inCode: (address: number) => boolean) {
    this.sections = sections;
    this.inCode = inCode;
  }

  get present(): boolean {
    return this.sections.line !== null;
  }

  private decoded(): Rows {
    if (this.rows !== null) return this.rows;
    if (this.sections.work.isCut) return NO_ROWS;
    const rows = decode(this.sections, this.inCode);
    if (!this.sections.work.isCut) this.rows = rows;
    return rows;
  }

  /** All files that code is made from. */
  get files(): readonly string[] {
    return this.decoded().files;
  }
  /** The folders that its units were compiled in. */
  get compileFolders(): readonly string[] {
    return this.present ? [...new Set(compileFolders(readUnits(this.sections)).values())] : [];
  }

  /** Source line of the instruction at `pc`, or null. */
  lookup(pc: number): SourceLine | null {
    const rows = this.decoded();
    const i = lastUpTo(rows.address.length, (at) => rows.address[at]! <= pc);
    if (i < 0 || rows.file[i]! < 0 || rows.line[i] === 0) return null;
    return { file: rows.files[rows.file[i]!]!, line: rows.line[i]! };
  }

  /** Lowest address of each run of code made from a line of a file whose path ends in `file`. */
  addressesOf(file: string, line: number): number[] {
    const rows = this.decoded();
    const wanted = new Set<number>();
    rows.files.forEach((name, i) => (name === file || name.endsWith(`/${file}`)) && wanted.add(i));
    const found: number[] = [];
    for (let i = 0; i < rows.address.length; i++) {
      if (rows.line[i] !== line || !wanted.has(rows.file[i]!)) continue;
      if (i > 0 && rows.line[i - 1] === line && rows.file[i - 1] === rows.file[i]) continue;
      found.push(rows.address[i]!);
    }
    return found;
  }
}

/** Of the rows that were read. */
interface Sequence {
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

/** Rows as they are read, in arrays of numbers alone: a hostile program makes millions, and as objects they would keep the collector busy for seconds. */
class RowList {
  address = new Uint32Array(1024);
  file = new Int32Array(1024);
  line = new Uint32Array(1024);
  length = 0;

  push(address: number, file: number, line: number): void {
    if (this.length === this.address.length) this.grow();
    this.address[this.length] = address;
    this.file[this.length] = file;
    this.line[this.length++] = line;
  }
  private grow(): void {
    const longer = <T extends Uint32Array | Int32Array>(to: T, from: T): T => (to.set(from), to);
    const room = 2 * this.length;
    this.address = longer(new Uint32Array(room), this.address);
    this.file = longer(new Int32Array(room), this.file);
    this.line = longer(new Uint32Array(room), this.line);
  }
}

/** Characters that the files of all units have together; real firmware stays below a quarter. */
const MOST_PATHS = 128 << 20;

/** Rows of all units: one for each instruction of the largest flash. */
const MOST_ROWS = 2 ** 21;

class FileIndex {
  readonly files: string[] = [];
  private readonly byName = new Map<string, number>();
  private room = MOST_PATHS;
  private rows = MOST_ROWS;
  private readonly leftOut: LeftOut;

  constructor(leftOut: LeftOut) {
    this.leftOut = leftOut;
  }
  /** A row more. */
  row(): void {
    if (--this.rows < 0) throw this.tooMuch(`${MOST_ROWS} rows of line tables`);
  }
  private tooMuch(most: string): DwarfError {
    this.leftOut.add(`what is behind ${most}`);
    return new DwarfError(most);
  }
  of(name: string): number {
    // all that is asked for counts: it is joined before it can be looked up
    this.room -= name.length;
    if (this.room < 0) throw this.tooMuch(`${MOST_PATHS >> 20} MB of names of source files`);
    let index = this.byName.get(name);
    if (index === undefined) this.byName.set(name, (index = this.files.push(name) - 1));
    return index;
  }
}

function decode(sections: DwarfSections, inCode: (address: number) => boolean): Rows {
  const index = new FileIndex(sections.leftOut);
  const sequences: Sequence[] = [];
  const read = new RowList();
  const emit = (s: Sequence): boolean => {
    const isCode = inCode(s.start);
    if (isCode) sequences.push(s);
    return isCode;
  };
  if (sections.line !== null) {
    const units = readUnits(sections);
    const folders = compileFolders(units);
    const starts = units.flatMap((u) => u.lineTable ?? []);
    for (const unit of lineUnits(sections.line, starts, sections.leftOut)) {
      if (sections.work.isOver) break;
      try {
        readUnit(sections, unit, folders.get(unit.start) ?? null, { index, rows: read, emit });
      } catch (error) {
        if (!(error instanceof DwarfError)) throw error;
      }
    }
  }
  sequences.sort((a, b) => a.start - b.start);
  const total = sequences.reduce((n, { from, to }) => n + to - from, 0);
  const rows = { files: index.files, address: new Uint32Array(total), file: new Int32Array(total), line: new Uint32Array(total) };
  let at = 0;
  for (const { from, to } of sequences) {
    rows.address.set(read.address.subarray(from, to), at);
    rows.file.set(read.file.subarray(from, to), at);
    rows.line.set(read.line.subarray(from, to), at);
    at += to - from;
  }
  return rows;
}

/**
 * Units where .debug_info says that they start (DW_AT_stmt_list), and those that follow another one. Bytes may lie between units (IAR 6), so what is no unit is
 * left for the next start.
 */
function lineUnits(line: Uint8Array, starts: readonly number[], leftOut: LeftOut): UnitHeader[] {
  const said = new Set(starts);
  const known = [...said].sort((a, b) => a - b);
  const units: UnitHeader[] = [];
  let behind = 0;
  for (let at: number | undefined = 0; at !== undefined && at + 6 <= line.length;) {
    if (units.length === MOST_UNITS) {
      leftOut.add(behindUnits('.debug_line'));
      break;
    }
    const from: number = at;
    while (behind < known.length && known[behind]! <= from) behind++;
    const next = known[behind];
    const unit = unitAt(line, from);
    const fits = unit !== null && (said.has(from) || (readable(unit.version) && unit.end <= (next ?? line.length)));
    if (fits) units.push(unit);
    at = fits && unit.end <= (next ?? line.length) ? unit.end : next;
  }
  return units;
}
const readable = (version: number): boolean => version >= 2 && version <= 5;
function unitAt(line: Uint8Array, at: number): UnitHeader | null {
  try {
    return readUnitHeader(new DwarfReader(line, at));
  } catch (error) {
    if (error instanceof DwarfError) return null;
    throw error;
  }
}

interface Header {
  readonly program: number;
  readonly minimumLength: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly operandCounts: readonly number[];
  /** By file register, which counts from 1 before DWARF 5. */
  readonly files: FileEntry[];
  readonly folders: readonly string[];
  readonly compileFolder: string | null;
  readonly seenFrom: string | null;
  readonly work: Work;
}
/** Joined with its folder where it is asked for: many files may have one long folder. */
interface FileEntry {
  readonly name: string;
  readonly folder: number;
}

/** Undefined where the unit has no such file. */
function nameOf({ files, folders, compileFolder, seenFrom, work }: Header, register: number): string | undefined {
  const entry = files[register];
  if (entry === undefined) return undefined;
  if (entry.name === '') return '';
  const folder = folders[entry.folder] ?? null;
  // long ones may come to a short name
  work.take((entry.name.length + (folder?.length ?? 0) + 2 * (compileFolder?.length ?? 0)) >>> 2);
  const name = fileName(entry.name, folder, compileFolder);
  return seenFrom === null || compileFolder === null ? name : fileName(name, compileFolder, seenFrom);
}

function readHeader(sections: DwarfSections, unit: UnitHeader, r: DwarfReader, compileFolder: string | null): Header {
  if (!readable(unit.version)) throw new DwarfError(`version ${unit.version}`);
  let addressSize = 4;
  if (unit.version >= 5) {
    addressSize = r.u8();
    r.u8(); // segment selector size
  }
  const headerLength = unit.offsetSize === 4 ? r.u32() : r.u64();
  const program = r.at + headerLength;
  const minimumLength = r.u8();
  if (unit.version >= 4) r.u8(); // operations per VLIW instruction: 1 on Arm
  r.u8(); // default is_stmt
  const lineBase = r.i8();
  const lineRange = r.u8();
  const opcodeBase = r.u8();
  if (program > unit.end || lineRange === 0 || opcodeBase === 0) throw new DwarfError('bad line header');
  const operandCounts = [0];
  for (let i = 1; i < opcodeBase; i++) operandCounts.push(r.u8());
  const common = {
    program,
    minimumLength,
    lineBase,
    lineRange,
    opcodeBase,
    operandCounts,
    seenFrom: sections.seenFrom,
    work: sections.work,
  };
  if (unit.version >= 5) {
    const folders = readEntries(r, unit, addressSize, sections).map((e) => e.name);
    const own = folders[0] ?? compileFolder;
    return { ...common, files: readEntries(r, unit, addressSize, sections), folders, compileFolder: own };
  }
  const next = (): string => {
    const from = r.at;
    const name = r.string();
    sections.work.take(NAME + r.at - from);
    return name;
  };
  const folders = [compileFolder ?? ''];
  for (let name = next(); name !== ''; name = next()) folders.push(name);
  const files: FileEntry[] = [{ name: '', folder: 0 }];
  for (let name = next(); name !== ''; name = next()) {
    files.push({ name, folder: r.uleb() });
    r.uleb(); // time
    r.uleb(); // size
  }
  return { ...common, files, folders, compileFolder };
}

/** Steps of a name in a header, without its bytes; it is kept. */
const NAME = 8;

/** The name of a file of a unit, by the number that its entries give. */
export type FileNames = (register: number) => string | undefined;

/** Names that are kept of all units together; those of the largest firmware fit. */
const MOST_KEPT = 2 ** 20;
const tables = new WeakMap<DwarfSections, FileTables>();
/** Names of files by unit: each header is read once for all who ask. */
export class FileTables {
  private readonly sections: DwarfSections;
  private readonly headers = new Map<string, FileNames>();
  private kept = 0;

  private constructor(sections: DwarfSections) {
    this.sections = sections;
  }
  static of(sections: DwarfSections): FileTables {
    let found = tables.get(sections);
    if (found === undefined) tables.set(sections, (found = new FileTables(sections)));
    return found;
  }

  /** Those of the unit of a line table. */
  of(lineTable: number | null, compileFolder: string | null): FileNames {
    const { line, work } = this.sections;
    if (line === null || lineTable === null) return () => undefined;
    const key = `${lineTable} ${compileFolder}`;
    const known = this.headers.get(key);
    if (known !== undefined) return known;
    const header = orNull(() => headerAt(this.sections, line, lineTable, compileFolder));
    const names: FileNames = (register) => (header === null ? undefined : (orNull(() => nameOf(header, register)) ?? undefined));
    this.kept += header === null ? 1 : header.files.length + header.folders.length;
    if (this.kept > MOST_KEPT) {
      this.headers.clear();
      this.kept = 0;
    } else if (!work.isCut) this.headers.set(key, names);
    return names;
  }
}
function headerAt(sections: DwarfSections, line: Uint8Array, lineTable: number, compileFolder: string | null): Header {
  const unit = readUnitHeader(new DwarfReader(line, lineTable));
  const r = new DwarfReader(line, unit.start + (unit.offsetSize === 4 ? 6 : 14), unit.end);
  return readHeader(sections, unit, r, compileFolder);
}
/** What is damaged is nothing. */
function orNull<T>(action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if (error instanceof DwarfError) return null;
    throw error;
  }
}

const DW_LNCT_PATH = 1;
const DW_LNCT_DIRECTORY_INDEX = 2;

function readEntries(r: DwarfReader, unit: UnitHeader, addressSize: number, sections: DwarfSections): FileEntry[] {
  const format: [number, number][] = [];
  for (let n = r.u8(); n > 0; n--) format.push([r.uleb(), r.uleb()]);
  const count = r.uleb();
  const entries: FileEntry[] = [];
  for (let i = 0; i < count; i++) {
    const before = r.at;
    const entry = { name: '', folder: 0 };
    for (const [content, form] of format) {
      const value = readForm(r, form, unit.offsetSize, addressSize, sections);
      if (content === DW_LNCT_PATH && typeof value === 'string') entry.name = value;
      if (content === DW_LNCT_DIRECTORY_INDEX && typeof value === 'number') entry.folder = value;
    }
    if (r.at === before) throw new DwarfError('entries without contents'); // a huge count of nothing would run for ever
    sections.work.take(NAME + r.at - before);
    entries.push(entry);
  }
  return entries;
}

/** What the units have together. */
interface Kept {
  readonly index: FileIndex;
  readonly rows: RowList;
  /** False: the sequence is nothing that the image has code for. */
  readonly emit: (s: Sequence) => boolean;
}
// eslint-disable-next-line complexity -- one case for each opcode of the line program (DWARF 5, 6.2.5)
function readUnit(sections: DwarfSections, unit: UnitHeader, compileFolder: string | null, { index, rows, emit }: Kept): void {
  const r = new DwarfReader(sections.line!, unit.start + (unit.offsetSize === 4 ? 6 : 14), unit.end);
  const header = readHeader(sections, unit, r, compileFolder);
  r.at = header.program;
  // many units may lie within each other, and instructions may make no rows
  sections.work.take(r.left);
  const { files, lineBase, lineRange, opcodeBase, minimumLength } = header;
  const indexOf = new Map<number, number>();
  const fileOf = (register: number): number => {
    let i = indexOf.get(register);
    if (i === undefined) {
      const name = nameOf(header, register);
      indexOf.set(register, (i = name === undefined || name === '' ? -1 : index.of(name)));
    }
    return i;
  };
  let address = 0;
  let file = 1;
  let line = 1;
  let from = rows.length;
  const put = (end: boolean): void => {
    const last = rows.length - 1;
    const known = fileOf(file);
    const row = end || known < 0 ? -1 : known;
    const shown = row < 0 ? 0 : Math.max(0, line) >>> 0;
    if (last >= from && rows.address[last] === address >>> 0) {
      rows.file[last] = row; // of several rows at one address the last holds, as in addr2line
      rows.line[last] = shown;
      return;
    }
    index.row();
    rows.push(address >>> 0, row, shown);
  };
  const ascends = (): boolean => {
    for (let i = from + 1; i < rows.length; i++) if (rows.address[i - 1]! >= rows.address[i]!) return false;
    return true;
  };
  const endSequence = (): void => {
    const start = rows.length > from ? rows.address[from]! : null;
    put(true);
    const isSequence = start !== null && rows.length - from > 1 && ascends();
    if (!isSequence || !emit({ start, from, to: rows.length })) rows.length = from;
    from = rows.length;
    address = 0;
    file = 1;
    line = 1;
  };
  while (r.left > 0) {
    const opcode = r.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      address += Math.floor(adjusted / lineRange) * minimumLength;
      line += lineBase + (adjusted % lineRange);
      put(false);
    } else if (opcode === 0) {
      const length = r.uleb();
      if (length === 0) continue;
      if (length > r.left) throw new DwarfError('extended opcode runs past its unit');
      const next = r.at + length;
      const extended = r.u8();
      if (extended === 1) {
        endSequence();
      } else if (extended === 2) {
        address = length - 1 === 4 ? r.u32() : length - 1 === 8 ? r.u64() : address;
      } else if (extended === 3) {
        const name = r.string();
        files.push({ name, folder: r.uleb() });
      }
      r.at = next;
    } else if (opcode === 1) {
      put(false);
    } else if (opcode === 2) {
      address += r.uleb() * minimumLength;
    } else if (opcode === 3) {
      line += r.sleb();
    } else if (opcode === 4) {
      file = r.uleb();
    } else if (opcode === 8) {
      address += Math.floor((255 - opcodeBase) / lineRange) * minimumLength;
    } else if (opcode === 9) {
      address += r.u16();
    } else {
      for (let n = header.operandCounts[opcode] ?? 0; n > 0; n--) r.uleb();
    }
  }
}
