/**
 * ELF32 little-endian executables for Arm. Every offset and length of the file is checked before it is followed, so that a broken
 * file gives an ImageError and nothing else. Source of the layout: System V ABI, ELF for the Arm Architecture (IHI0044).
 */
import { Unzlib } from 'fflate';
import { ImageError, RIGHT_FILE, atOffset, hexAddress } from './errors.ts';
import { LeftOut } from './left-out.ts';
import { StringTable } from './strings.ts';
import { READING } from './work.ts';

export interface ElfSegment {
  /** Where the bytes are programmed (p_paddr, the LMA). */
  readonly address: number;
  /** Where the program expects them when it runs (p_vaddr). */
  readonly runAddress: number;
  readonly data: Uint8Array;
  readonly memorySize: number;
  readonly executable: boolean;
}

export interface ElfSymbol {
  readonly name: string;
  /** Without the Thumb bit. */
  readonly address: number;
  readonly size: number;
  readonly kind: 'function' | 'object' | 'label';
  readonly binding: 'local' | 'global' | 'weak';
}

export interface ElfFile {
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  readonly symbols: readonly ElfSymbol[];
  /** Contents of sections by name; for names that occur twice, the first. */
  section(name: string): Uint8Array | null;
  /** The same with the address that it has when the program runs. */
  loaded(name: string): { readonly bytes: Uint8Array; readonly address: number } | null;
  /** Name of the section that an address lies in when the program runs; null where there is none. */
  sectionAt(address: number): string | null;
  /** Sections without contents (SHT_NOBITS) that the program has at run time, in memory of their own. */
  readonly reserved: readonly { readonly address: number; readonly size: number }[];
  /** Things that do not stop the load but that a user may want to know. */
  readonly remarks: readonly string[];
  readonly leftOut: LeftOut;
}

const EHDR_SIZE = 52;
const PHDR_SIZE = 32;
const SHDR_SIZE = 40;
const SYM_SIZE = 16;
const PT_LOAD = 1;
const PF_X = 1;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2;
const SHF_COMPRESSED = 0x800;
const EM_ARM = 40;
const ET_NAMES: Record<number, string> = { 0: 'of no type', 1: 'an object file', 3: 'a shared object', 4: 'a core dump' };
const MACHINES: Record<number, string> = {
  3: 'x86',
  8: 'MIPS',
  20: 'PowerPC',
  62: 'x86-64',
  83: 'AVR',
  94: 'Xtensa',
  183: 'AArch64',
  243: 'RISC-V',
};

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** @param named false where nobody asks for symbols: there may be many */
export function parseElf(bytes: Uint8Array, named = true): ElfFile {
  if (!isElf(bytes)) throw new ImageError('not-elf', 'not an ELF file', atOffset(0), 'give a raw binary as file.bin@0x08000000');
  if (bytes.length < EHDR_SIZE) throw truncated('the ELF header', bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (offset: number): number => view.getUint16(offset, true);
  const u32 = (offset: number): number => view.getUint32(offset, true);

  if (bytes[4] !== 1) {
    throw new ImageError(
      'wrong-class',
      bytes[4] === 2 ? 'a 64-bit ELF file' : 'an ELF file of unknown class',
      atOffset(4),
      'firmware for these chips is 32-bit',
    );
  }
  if (bytes[5] !== 1)
    throw new ImageError('wrong-endianness', 'not a little-endian ELF file', atOffset(5), 'these chips are little-endian');
  if (u16(18) !== EM_ARM) {
    const machine = u16(18);
    throw new ImageError(
      'wrong-machine',
      `built for ${MACHINES[machine] ?? `machine ${machine}`}, not for Arm`,
      atOffset(18),
      'build with arm-none-eabi-gcc',
    );
  }
  if (u16(16) !== 2) {
    throw new ImageError(
      'wrong-type',
      `${ET_NAMES[u16(16)] ?? `ELF type ${u16(16)}`}, not a linked executable`,
      atOffset(16),
      'give the linked .elf',
    );
  }
  const whole = readSegments(bytes, u16, u32);
  const sections = readSections(bytes, u16, u32);
  const segments = whole.map((segment) => withoutHeaders(segment, sections, bytes));
  const remarks = segments.flatMap(({ address }, i) => (address === whole[i]!.address ? [] : [headersRemark(whole[i]!.address, address)]));
  const expanded = new Map<string, Uint8Array | null>();
  const leftOut = new LeftOut();
  const expansion = { room: MOST_INFLATED, leftOut };
  const section = (name: string): Uint8Array | null => {
    const known = expanded.get(name);
    if (known !== undefined) return known;
    const contents = contentsOf(bytes, sections, name, expansion);
    // a command that is to end leaves it off; it may be read at another time
    if (contents !== undefined) expanded.set(name, contents);
    return contents ?? null;
  };
  const loaded = (name: string): ReturnType<ElfFile['loaded']> => {
    const found = section(name);
    const row = sections.find((s) => s.name === name);
    return found && row ? { bytes: found, address: row.address } : null;
  };
  if (!sections.some((s) => s.name === '.debug_line' || s.name === OLD_NAME('.debug_line'))) {
    remarks.push('it has no line table: no source lines (compile with -g)');
  } else if (section('.debug_line') === null && leftOut.text === null) {
    remarks.push(
      'its debug sections are compressed in an unsupported format: no source lines (link with --compress-debug-sections=zlib or none)',
    );
  }
  const sectionAt = (address: number): string | null =>
    sections.find((s) => s.inMemory && address >= s.address && address < s.address + s.size)?.name ?? null;
  const reserved = sections
    .filter((s) => s.inMemory && s.type === SHT_NOBITS && !isBitAlias(s.address))
    .map(({ address, size }) => ({ address, size }));
  const symbols = named ? readSymbols(bytes, sections, u16, u32, remarks) : [];
  return { entry: u32(24), segments, symbols, section, loaded, sectionAt, reserved, remarks, leftOut };
}

/** Words of 0x22000000 and 0x42000000 stand for bits of SRAM and of registers (bit-banding): a variable there has its place elsewhere. */
export const isBitAlias = (address: number): boolean => [0x22, 0x42].includes((address >>> 24) & 0xfe);

/** Name of a section that is compressed as GNU tools did it before SHF_COMPRESSED. */
const OLD_NAME = (name: string): string => `.z${name.slice(1)}`;
const ELFCOMPRESS_ZLIB = 1;
const COMPRESSION_HEADER = 12;
/** Debug data shrinks to a third or a tenth; what grows much more is made to fill memory. */
const LARGEST_RATIO = 64;
/** Compressed bytes that are expanded at once: to 16 MB at most. */
const SLICE = 16 << 10;
/** Of all sections together: the largest of real firmware take a half of that. */
const MOST_INFLATED = 96 << 20;

interface Expansion {
  /** Bytes that a compressed section may have; those that come to nothing have taken their time, too. */
  room: number;
  readonly leftOut: LeftOut;
}
function contentsOf(bytes: Uint8Array, sections: readonly Section[], name: string, within: Expansion): Uint8Array | null | undefined {
  const found = sections.find((s) => s.name === name);
  if (found !== undefined) {
    if (found.type === SHT_NOBITS) return null;
    const data = bytes.subarray(found.offset, found.offset + found.size);
    if (!found.compressed) return data;
    if (data.length < COMPRESSION_HEADER) return null;
    const header = new DataView(data.buffer, data.byteOffset, COMPRESSION_HEADER);
    return header.getUint32(0, true) === ELFCOMPRESS_ZLIB
      ? inflated(data.subarray(COMPRESSION_HEADER), header.getUint32(4, true), name, within)
      : null;
  }
  const old = sections.find((s) => s.name === OLD_NAME(name));
  if (old === undefined || old.type === SHT_NOBITS || old.size < COMPRESSION_HEADER) return null;
  const data = bytes.subarray(old.offset, old.offset + old.size);
  const header = new DataView(data.buffer, data.byteOffset, COMPRESSION_HEADER);
  return header.getUint32(0) === 0x5a4c4942 ? inflated(data.subarray(COMPRESSION_HEADER), header.getUint32(8), name, within) : null;
}
/** Null where the data is damaged: debug sections are of use, not needed. Undefined where the command is to end. */
function inflated(data: Uint8Array, size: number, name: string, within: Expansion): Uint8Array | null | undefined {
  if (size > Math.min(within.room, data.length * LARGEST_RATIO)) {
    within.leftOut.add(`${name}, ${Math.ceil(size / 2 ** 20)} MB from ${Math.ceil(data.length / 2 ** 10)} KB`);
    return null;
  }
  within.room -= size;
  const out = new Uint8Array(size);
  let at = 0;
  // in slices, for a stream that says of itself to be short may be a long one
  const stream = new Unzlib((chunk) => {
    out.set(chunk, at);
    at += chunk.length;
  });
  try {
    for (let from = 0; from < data.length && at <= size; from += SLICE) {
      if (READING.mustEnd()) {
        within.leftOut.cutShort = true;
        within.room += size;
        return undefined;
      }
      stream.push(data.subarray(from, from + SLICE), from + SLICE >= data.length);
    }
    return at === size ? out : null;
  } catch {
    return null;
  }
}

type Read = (offset: number) => number;

function truncated(what: string, at: number): ImageError {
  return new ImageError(
    'truncated',
    `${what} is beyond the end of the file`,
    atOffset(at),
    'the file is truncated; copy or build it again',
  );
}

function readSegments(bytes: Uint8Array, u16: Read, u32: Read): ElfSegment[] {
  const table = u32(28);
  const entrySize = u16(42);
  const count = u16(44);
  if (count === 0) throw new ImageError('no-segments', 'no program headers, nothing to load', atOffset(44), 'give the linked .elf');
  if (entrySize < PHDR_SIZE) throw new ImageError('bad-header', `program headers of ${entrySize} bytes`, atOffset(42));
  if (table + entrySize * count > bytes.length) throw truncated('the program header table', Math.min(table, bytes.length));
  const segments: ElfSegment[] = [];
  for (let i = 0; i < count; i++) {
    const at = table + i * entrySize;
    if (u32(at) !== PT_LOAD) continue;
    if (segments.length === MOST_SEGMENTS)
      throw new ImageError('too-large', `more than ${MOST_SEGMENTS} segments that are loaded`, atOffset(at), RIGHT_FILE);
    const offset = u32(at + 4);
    const fileSize = u32(at + 16);
    const memorySize = u32(at + 20);
    if (fileSize === 0) continue; // .bss, .noinit: nothing is programmed
    if (offset + fileSize > bytes.length) throw truncated(`segment ${i} (${fileSize} bytes)`, at + 4);
    if (fileSize > memorySize)
      throw new ImageError('bad-header', `segment ${i} has more bytes in the file than in memory`, atOffset(at + 16));
    const address = u32(at + 12);
    if (address + fileSize > 2 ** 32)
      throw new ImageError('bad-header', `segment ${i} at ${hexAddress(address)} runs past the address space`, atOffset(at + 12));
    const data = bytes.subarray(offset, offset + fileSize);
    if (isBitAlias(address) && data.every((byte) => byte === 0)) continue; // a second view of RAM or registers: nothing is programmed
    segments.push({ address, runAddress: u32(at + 8), data, memorySize, executable: (u32(at + 24) & PF_X) !== 0 });
  }
  if (segments.length === 0)
    throw new ImageError('no-segments', 'no loadable segment with contents', atOffset(table), 'give the linked .elf');
  return segments;
}

/**
 * Where pages are 64 KB and the program begins less than that behind a page, GNU ld lets its segment begin with the page: with the headers of the file.
 * objcopy and GDB load sections, and so no headers.
 */
function withoutHeaders(segment: ElfSegment, sections: readonly Section[], bytes: Uint8Array): ElfSegment {
  const { address, runAddress, data, memorySize } = segment;
  const from = data.byteOffset - bytes.byteOffset;
  if (from >= EHDR_SIZE) return segment;
  const contents = sections.filter((s) => s.inMemory && s.type !== SHT_NOBITS && s.size > 0 && s.offset > from);
  const left = Math.min(...contents.map((s) => s.offset)) - from;
  if (left >= data.length) return segment;
  return { ...segment, address: address + left, runAddress: runAddress + left, data: data.subarray(left), memorySize: memorySize - left };
}
const headersRemark = (from: number, to: number): string =>
  `one of its segments begins with the ELF headers, at ${hexAddress(from)}: bootbench loads nothing below ${hexAddress(to)} (OpenOCD also writes the headers, unless the image is linked with -Wl,-n)`;

interface Section {
  readonly name: string;
  readonly type: number;
  readonly inMemory: boolean;
  readonly compressed: boolean;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

function readSections(bytes: Uint8Array, u16: Read, u32: Read): Section[] {
  const table = u32(32);
  const entrySize = u16(46);
  const count = u16(48);
  if (table === 0 || count === 0) return []; // stripped of sections: legal
  if (entrySize < SHDR_SIZE) throw new ImageError('bad-header', `section headers of ${entrySize} bytes`, atOffset(46));
  if (table + entrySize * count > bytes.length) throw truncated('the section header table', Math.min(table, bytes.length));
  const rows = Array.from({ length: count }, (_, i) => {
    const at = table + i * entrySize;
    const row = {
      nameAt: u32(at),
      type: u32(at + 4),
      flags: u32(at + 8),
      address: u32(at + 12),
      offset: u32(at + 16),
      size: u32(at + 20),
      link: u32(at + 24),
    };
    if (row.type !== 0 && row.type !== SHT_NOBITS && row.offset + row.size > bytes.length) throw truncated(`section ${i}`, at + 16);
    return row;
  });
  const names = stringsOf(bytes, rows[u16(50)]);
  return rows.map((row) => ({
    name: names?.at(row.nameAt) ?? '',
    type: row.type,
    inMemory: (row.flags & SHF_ALLOC) !== 0,
    compressed: (row.flags & SHF_COMPRESSED) !== 0,
    address: row.address,
    offset: row.offset,
    size: row.type === 0 ? 0 : row.size,
    link: row.link,
  }));
}

/** Null where a section has no strings. */
function stringsOf(bytes: Uint8Array, section: Pick<Section, 'type' | 'offset' | 'size'> | undefined): StringTable | null {
  if (section === undefined || section.type === SHT_NOBITS || section.offset + section.size > bytes.length) return null;
  return new StringTable(bytes.subarray(section.offset, section.offset + section.size));
}

const BINDINGS = ['local', 'global', 'weak'] as const;
const SHN_UNDEF = 0;
/** Each symbol is looked for in all of them. */
const MOST_SEGMENTS = 512;
/** Several times as many as the firmware of any chip has: each costs memory and time that nobody hears signals in. */
const MOST_SYMBOLS = 2 ** 17;
/** Entries of the table that are looked at: some name nothing. */
const MOST_ENTRIES = 2 ** 19;

function readSymbols(bytes: Uint8Array, sections: readonly Section[], u16: Read, u32: Read, remarks: string[]): ElfSymbol[] {
  const table = sections.find((s) => s.type === SHT_SYMTAB);
  const strings = table && stringsOf(bytes, sections[table.link]);
  if (table === undefined || !strings) return [];
  const symbols: ElfSymbol[] = [];
  const leftOut = (most: string): unknown => remarks.push(`its table of symbols has more than ${most}: those behind them are left out`);
  const end = table.offset + Math.min(table.size, MOST_ENTRIES * SYM_SIZE);
  if (table.size > MOST_ENTRIES * SYM_SIZE) leftOut(`${MOST_ENTRIES} entries`);
  for (let at = table.offset; at + SYM_SIZE <= end; at += SYM_SIZE) {
    const symbol = symbolAt(bytes, at, strings, u16, u32);
    if (symbol === null) continue;
    if (symbols.length === MOST_SYMBOLS) {
      leftOut(`${MOST_SYMBOLS} names`);
      break;
    }
    symbols.push(symbol);
  }
  return withoutIarLabels(symbols);
}
/** Null for an entry that names nothing. */
function symbolAt(bytes: Uint8Array, at: number, strings: StringTable, u16: Read, u32: Read): ElfSymbol | null {
  const info = bytes[at + 12]!;
  const type = info & 15;
  const binding = BINDINGS[info >>> 4];
  if (type > 2 || binding === undefined || u16(at + 14) === SHN_UNDEF) return null;
  const name = strings.at(u32(at)) ?? '';
  if (name === '' || /^\$[adtx](\.|$)/.test(name)) return null; // mapping symbols mark code and data, they name nothing
  const value = u32(at + 4);
  return {
    name,
    address: type === 2 ? (value & ~1) >>> 0 : value,
    size: u32(at + 8),
    kind: type === 2 ? 'function' : type === 1 ? 'object' : 'label',
    binding,
  };
}

/** IAR's `??name_N` are labels inside of `name`. */
function withoutIarLabels(symbols: ElfSymbol[]): ElfSymbol[] {
  const outer = ({ name }: ElfSymbol): string | undefined => /^\?\?(.+)_\d+$/.exec(name)?.[1];
  if (!symbols.some((s) => outer(s) !== undefined)) return symbols;
  const names = new Set(symbols.map((s) => s.name));
  return symbols.filter((s) => !names.has(outer(s) ?? ''));
}
