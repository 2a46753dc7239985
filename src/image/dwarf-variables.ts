/**
 * Where a variable with a place of its own is declared. All units are read at the first question: nothing but the variables' entries says which of them has the
 * one that is asked about. Damaged units are dropped; nothing here throws.
 */
import { FileTables, type SourceLine } from './dwarf-line.ts';
import { DwarfError, DwarfReader, readForm, type DwarfSections } from './dwarf-reader.ts';
import { entryBudget, mayReadEntry, readUnits, type DwarfUnit } from './dwarf-units.ts';

const DW_TAG_VARIABLE = 0x34;
const DW_AT_LOCATION = 0x02;
const DW_AT_ABSTRACT_ORIGIN = 0x31;
const DW_AT_DECL_FILE = 0x3a;
const DW_AT_DECL_LINE = 0x3b;
const DW_AT_SPECIFICATION = 0x47;
const DW_FORM_REF_ADDR = 0x10;
const DW_OP_ADDR = 0x03;
const DEEPEST = 8;

interface VariableEntry {
  readonly unit: DwarfUnit;
  /** Of its first byte; null where it has no fixed place. */
  readonly address: number | null;
  readonly file: number;
  readonly line: number;
  /** Offset in .debug_info of the entry that says the rest. */
  readonly origin: number | null;
}

/** In the order of the file. */
interface Variables {
  readonly byOffset: Map<number, VariableEntry>;
  readonly at: Map<number, VariableEntry[]>;
}

export class VariableTable {
  private readonly sections: DwarfSections;
  private entries: Variables | null = null;
  /** By address. */
  private readonly declared = new Map<number, SourceLine | null>();

  constructor(sections: DwarfSections) {
    this.sections = sections;
  }

  /** The line that declares the variable whose first byte is at this address; null where the debug data has none. */
  declaredAt(address: number): SourceLine | null {
    let declared = this.declared.get(address);
    if (declared === undefined) {
      declared = orNone(() => [this.lookFor(address)])[0] ?? null;
      if (!this.sections.work.isCut) this.declared.set(address, declared);
    }
    return declared;
  }
  private lookFor(address: number): SourceLine | null {
    const { at } = this.variables();
    for (const entry of at.get(address) ?? []) {
      this.sections.work.take(DEEPEST);
      const declared = this.lineOf(entry);
      if (declared !== null) return declared;
    }
    return null;
  }
  private variables(): Variables {
    if (this.entries !== null) return this.entries;
    const found: Variables = { byOffset: new Map(), at: new Map() };
    if (this.sections.work.isCut) return found;
    for (const unit of readUnits(this.sections)) {
      if (this.sections.work.isOver) break;
      for (const [offset, entry] of orNone(() => variablesOf(this.sections, unit))) {
        found.byOffset.set(offset, entry);
        if (entry.address === null) continue;
        const others = found.at.get(entry.address);
        if (others === undefined) found.at.set(entry.address, [entry]);
        else others.push(entry);
      }
    }
    if (!this.sections.work.isCut) this.entries = found;
    return found;
  }
  private lineOf(entry: VariableEntry): SourceLine | null {
    let at: VariableEntry | undefined = entry;
    for (let n = 0; n < DEEPEST && at !== undefined; n++) {
      const { unit, file, line, origin }: VariableEntry = at;
      const name = line === 0 ? undefined : FileTables.of(this.sections).of(unit.lineTable, unit.folder)(file);
      if (name !== undefined && name !== '') return { file: name, line };
      at = origin === null ? undefined : this.variables().byOffset.get(origin);
    }
    return null;
  }
}

function orNone<T>(action: () => T[]): T[] {
  try {
    return action();
  } catch (error) {
    if (error instanceof DwarfError) return [];
    throw error;
  }
}

/** All variables of a unit by the offset of their entry. */
function variablesOf(sections: DwarfSections, unit: DwarfUnit): [number, VariableEntry][] {
  const r = new DwarfReader(sections.info!, unit.root, unit.end);
  const found: [number, VariableEntry][] = [];
  const budget = entryBudget(sections);
  while (mayReadEntry(r, budget, sections.work)) {
    const offset = r.at;
    const code = r.uleb();
    if (code === 0) continue;
    const abbreviation = unit.abbreviations.get(code);
    if (abbreviation === undefined) throw new DwarfError(`no abbreviation ${code}`);
    const own = { address: null as number | null, file: 0, line: 0, origin: null as number | null };
    for (const { attribute, form, implicit } of abbreviation.attributes) {
      const value = readForm(r, form, unit.offsetSize, unit.addressSize, sections, implicit);
      if (abbreviation.tag !== DW_TAG_VARIABLE) continue;
      if (attribute === DW_AT_LOCATION) own.address = fixedPlace(sections.info!, r.at);
      if (typeof value !== 'number') continue;
      if (attribute === DW_AT_DECL_FILE) own.file = value;
      if (attribute === DW_AT_DECL_LINE) own.line = value;
      if (attribute === DW_AT_ABSTRACT_ORIGIN || attribute === DW_AT_SPECIFICATION)
        own.origin = form === DW_FORM_REF_ADDR ? value : unit.start + value;
    }
    if (abbreviation.tag === DW_TAG_VARIABLE) found.push([offset, { unit, ...own }]);
  }
  return found;
}
/** The address of an expression that is nothing but one: its length, DW_OP_addr, four bytes; `end` is behind it. */
function fixedPlace(info: Uint8Array, end: number): number | null {
  if (end < 6 || info[end - 6] !== 5 || info[end - 5] !== DW_OP_ADDR) return null;
  return (info[end - 4]! | (info[end - 3]! << 8) | (info[end - 2]! << 16) | (info[end - 1]! << 24)) >>> 0;
}
