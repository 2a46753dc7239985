/**
 * Functions and what was inlined into them: address → stack of calls, as `addr2line -i` prints it. A unit's entries are read at the first question about its code.
 * Damaged units are dropped; nothing here throws.
 */
import { FileTables, type FileNames, type LineTable, type SourceLine } from './dwarf-line.ts';
import { DwarfError, DwarfReader, readForm, type DwarfSections } from './dwarf-reader.ts';
import { lastUpTo } from './last-up-to.ts';
import { Stretches, type Stretch } from './stretches.ts';
import {
  codeRanges,
  entryBudget,
  mayReadEntry,
  readUnits,
  textValue,
  type AttributeValue,
  type CodeRange,
  type DwarfUnit,
  type Abbreviation,
} from './dwarf-units.ts';

/** Many times as many as the largest firmware has. */
const MOST_NAMES = 2 ** 19;
/** Bytes of .debug_str that are looked through: a string of JavaScript can hold no more than half a gigabyte. */
const MOST_TEXT = 128 << 20;

/** One call on the way to an instruction. */
export interface SourceFrame {
  /** As the source names it, with namespaces and classes; null where the debug data has no name. */
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** The function's code stands inside of the next frame's. */
  readonly inlined: boolean;
}
/** Code of a function as the debug data has it. */
export interface FunctionRange {
  readonly name: string | null;
  readonly from: number;
  readonly to: number;
}

const TAG = {
  CLASS: 0x02,
  LEXICAL_BLOCK: 0x0b,
  STRUCTURE: 0x13,
  INLINED_SUBROUTINE: 0x1d,
  SUBPROGRAM: 0x2e,
  NAMESPACE: 0x39,
} as const;
const AT = {
  SIBLING: 0x01,
  NAME: 0x03,
  LOW_PC: 0x11,
  HIGH_PC: 0x12,
  ABSTRACT_ORIGIN: 0x31,
  SPECIFICATION: 0x47,
  RANGES: 0x55,
  CALL_FILE: 0x58,
  CALL_LINE: 0x59,
} as const;
const DW_FORM_REF_ADDR = 0x10;
/** What may hold functions, or the names that stand in front of theirs. */
const WANTED = new Set<number>(Object.values(TAG));
const SCOPES = new Set<number>([TAG.CLASS, TAG.STRUCTURE, TAG.NAMESPACE]);
const DEEPEST = 64;

interface FunctionEntry {
  /** In the order of the file: an enclosing one comes first. */
  readonly order: number;
  readonly ranges: readonly CodeRange[];
  /** Offset in .debug_info of the entry that names it. */
  readonly named: number;
  readonly inlined: boolean;
  readonly callFile: number;
  readonly callLine: number;
  readonly depth: number;
}
/** What an entry says of its name: its own, or where it stands. */
interface NameEntry {
  readonly name: string | null;
  readonly scope: string;
  readonly origin: number | null;
}
interface UnitFunctions {
  readonly functions: Stretches<FunctionPiece>;
  readonly names: ReadonlyMap<number, NameEntry>;
}
/** One of the stretches of a function. */
interface FunctionPiece extends Stretch {
  readonly entry: FunctionEntry;
}
/** Of one instruction: the outermost call first. */
interface Chain {
  readonly unit: DwarfUnit;
  readonly calls: readonly FunctionEntry[];
  readonly files: FileNames;
}
const NOTHING: UnitFunctions = { functions: new Stretches([]), names: new Map() };

export class FunctionTable {
  private readonly sections: DwarfSections;
  private readonly lines: LineTable;
  private readonly tables: FileTables;
  private readonly inCode: (address: number) => boolean;
  /** Code of units, by address. */
  private byAddress: readonly { readonly from: number; readonly to: number; readonly unit: DwarfUnit }[] | null = null;
  private readonly read = new Map<DwarfUnit, UnitFunctions>();
  /** By instruction. */
  private readonly chains = new Map<number, Chain | null>();

  /** `inCode`: whether the image has code there; what the linker dropped keeps its entries at address 0. */
  constructor(sections: DwarfSections, lines: LineTable, inCode: (address: number) => boolean) {
    this.sections = sections;
    this.lines = lines;
    this.tables = FileTables.of(sections);
    this.inCode = inCode;
  }

  /** The calls that lead to the instruction at `pc` within one function of the machine code, the innermost first; empty where nothing is known. */
  frames(pc: number): SourceFrame[] {
    const innermost = this.lines.lookup(pc);
    const chain = this.chainAt(pc);
    if (chain === null) return innermost === null ? [] : [{ function: null, ...innermost, inlined: false }];
    const { unit, calls, files } = chain;
    const frames: SourceFrame[] = [];
    let at: SourceLine | null = innermost;
    for (const entry of [...calls].reverse()) {
      frames.push({ function: this.nameOf(unit, entry.named, 0), file: at?.file ?? null, line: at?.line ?? null, inlined: entry.inlined });
      const file = files(entry.callFile);
      at = file !== undefined && file !== '' && entry.callLine > 0 ? { file, line: entry.callLine } : null;
    }
    return frames;
  }
  /** The function whose code contains `pc`, inlined ones aside. */
  functionAt(pc: number): FunctionRange | null {
    const chain = this.chainAt(pc);
    const entry = chain?.calls[0];
    const range = entry?.ranges.find(([from, to]) => pc >= from && pc < to);
    return chain && entry && range ? { name: this.nameOf(chain.unit, entry.named, 0), from: range[0], to: range[1] } : null;
  }

  /** Mangled C++ names in the debug data, of functions that the linker left out too. */
  linkageNames(): string[] {
    const { str } = this.sections;
    // a letter for each byte: what is looked for is ASCII
    const text = str === null ? '' : new TextDecoder('latin1').decode(str.subarray(0, MOST_TEXT));
    const names: string[] = [];
    for (const [name] of text.matchAll(/(?<=^|\0)_Z\w+(?=\0)/g)) {
      if (names.length === MOST_NAMES) {
        this.sections.leftOut.add(`what is behind ${MOST_NAMES} names of C++`);
        break;
      }
      names.push(name);
    }
    return names;
  }

  private chainAt(pc: number): Chain | null {
    const known = this.chains.get(pc);
    if (known !== undefined) return known;
    const chain = orNothing(() => this.lookFor(pc));
    if (!this.sections.work.isCut) this.chains.set(pc, chain);
    return chain;
  }
  private lookFor(pc: number): Chain | null {
    const unit = this.unitAt(pc);
    if (unit === null) return null;
    const entries = new Set([...this.functionsOf(unit).functions.around(pc, this.sections.work)].map(({ entry }) => entry));
    const around = [...entries].sort((a, b) => a.order - b.order);
    // the last whole function, and what is inlined in it
    const outer = around.findLastIndex((f) => !f.inlined);
    if (outer < 0) return null;
    const calls = around.slice(outer).filter((f, i, all) => i === 0 || f.depth > all[i - 1]!.depth);
    return { unit, calls, files: this.tables.of(unit.lineTable, unit.folder) };
  }
  private unitAt(pc: number): DwarfUnit | null {
    if (this.byAddress === null) {
      const all = readUnits(this.sections).flatMap((unit) =>
        unit.ranges.filter(([from]) => this.inCode(from)).map(([from, to]) => ({ from, to, unit })),
      );
      all.sort((a, b) => a.from - b.from);
      if (this.sections.work.isCut) return null;
      this.byAddress = all;
    }
    const { byAddress } = this;
    const found = byAddress[lastUpTo(byAddress.length, (i) => byAddress[i]!.from <= pc)];
    return found !== undefined && pc < found.to ? found.unit : null;
  }
  private unitOf(offset: number): DwarfUnit | undefined {
    const units = readUnits(this.sections);
    const last = units[lastUpTo(units.length, (i) => units[i]!.start <= offset)];
    return last !== undefined && offset < last.end ? last : undefined;
  }
  private functionsOf(unit: DwarfUnit): UnitFunctions {
    let known = this.read.get(unit);
    if (known === undefined) {
      known = orNothing(() => readFunctions(this.sections, unit, this.inCode)) ?? NOTHING;
      if (!this.sections.work.isCut) this.read.set(unit, known);
    }
    return known;
  }
  /** Follows origins and specifications, which may lie in another unit (link-time optimisation). */
  private nameOf(unit: DwarfUnit, offset: number, depth: number): string | null {
    const home = offset >= unit.start && offset < unit.end ? unit : this.unitOf(offset);
    const entry = home && this.functionsOf(home).names.get(offset);
    if (!entry) return null;
    if (entry.name !== null) return entry.scope + entry.name;
    return entry.origin === null || depth > DEEPEST ? null : this.nameOf(home, entry.origin, depth + 1);
  }
}

function orNothing<T>(action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if (error instanceof DwarfError) return null;
    throw error;
  }
}

function readFunctions(sections: DwarfSections, unit: DwarfUnit, inCode: (address: number) => boolean): UnitFunctions {
  const r = new DwarfReader(sections.info!, unit.root, unit.end);
  const functions: FunctionEntry[] = [];
  const names = new Map<number, NameEntry>();
  /** Names that stand in front of those at each depth. */
  const scopes: string[] = [''];
  let depth = 0;
  const budget = entryBudget(sections);
  while (mayReadEntry(r, budget, sections.work)) {
    const offset = r.at;
    const code = r.uleb();
    if (code === 0) {
      if (--depth <= 0) break;
      continue;
    }
    const abbreviation = unit.abbreviations.get(code);
    if (abbreviation === undefined) throw new DwarfError(`no abbreviation ${code}`);
    const { tag, hasChildren, attributes } = abbreviation;
    const wanted = WANTED.has(tag);
    const found = readAttributes(attributes, wanted);
    const scope = scopes[depth] ?? '';
    if (wanted) note(offset, tag, found, scope, depth);
    if (!hasChildren) continue;
    const sibling = wanted || depth === 0 ? null : siblingOf(found);
    if (sibling !== null) {
      r.at = sibling;
      continue;
    }
    if (++depth > DEEPEST * 4) throw new DwarfError('entries too deep');
    const own = SCOPES.has(tag) ? textValue(sections, unit, found.get(AT.NAME)) : null;
    scopes[depth] = own === null ? scope : `${scope}${own}::`;
  }
  const pieces = functions.flatMap((entry) => entry.ranges.map(([from, to]) => ({ from, to, entry })));
  return { functions: new Stretches(pieces), names };

  function readAttributes(attributes: Abbreviation['attributes'], all: boolean): ReadonlyMap<number, AttributeValue> {
    const found = new Map<number, AttributeValue>();
    for (const { attribute, form, implicit } of attributes) {
      const value = readForm(r, form, unit.offsetSize, unit.addressSize, sections, implicit);
      if (all || attribute === AT.SIBLING) found.set(attribute, { value, form });
    }
    return found;
  }
  /** Where the next entry of the same depth lies, if the entry says so and it lies ahead. */
  function siblingOf(found: ReadonlyMap<number, AttributeValue>): number | null {
    const value = found.get(AT.SIBLING)?.value;
    if (typeof value !== 'number') return null;
    const at = unit.start + value;
    return at > r.at && at <= unit.end ? at : null;
  }
  function reference(found: AttributeValue | undefined): number | null {
    if (typeof found?.value !== 'number') return null;
    return found.form === DW_FORM_REF_ADDR ? found.value : unit.start + found.value;
  }
  function note(offset: number, tag: number, found: ReadonlyMap<number, AttributeValue>, scope: string, depth: number): void {
    if (tag !== TAG.SUBPROGRAM && tag !== TAG.INLINED_SUBROUTINE) return;
    const origin = reference(found.get(AT.ABSTRACT_ORIGIN) ?? found.get(AT.SPECIFICATION));
    names.set(offset, { name: textValue(sections, unit, found.get(AT.NAME)), scope, origin });
    const ranges = codeRanges(sections, unit, found.get(AT.LOW_PC), found.get(AT.HIGH_PC), found.get(AT.RANGES));
    const inlined = tag === TAG.INLINED_SUBROUTINE;
    const numberOf = (attribute: number): number => {
      const value = found.get(attribute)?.value;
      return typeof value === 'number' ? value : 0;
    };
    if (ranges.some(([from]) => inCode(from)))
      functions.push({
        order: functions.length,
        ranges: ranges.filter(([from]) => inCode(from)),
        named: offset,
        inlined,
        callFile: numberOf(AT.CALL_FILE),
        callLine: numberOf(AT.CALL_LINE),
        depth,
      });
  }
}
