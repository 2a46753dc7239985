/**
 * Firmware images: ELF, Intel HEX, S-records, UF2, DfuSe and raw binaries, one or several for one chip. Takes bytes, so that it runs in a browser; errors are
 * ImageErrors that name the file.
 *
 * ELF is read by this room's own parser. elfy, which needs Node's Buffer and asserts on damaged files, serves as the second opinion in
 * the tests only: behind a complete bounds check nothing was left for it to add.
 */
import { isMangled, sourceName } from './source-name.ts';
import { readAttributes, type BuildAttributes } from './attributes.ts';
import { isElf, parseElf, type ElfSymbol } from './elf.ts';
import { DWARF_REGISTERS, FrameTable, type FrameRules } from './dwarf-frames.ts';
import { FunctionTable, type SourceFrame } from './dwarf-functions.ts';
import { LineTable, type SourceLine } from './dwarf-line.ts';
import { VariableTable } from './dwarf-variables.ts';
import { debugSections } from './dwarf-reader.ts';
import { ImageError, hexAddress } from './errors.ts';
import { hasDfuSuffix, withoutDfuSuffix } from './dfu.ts';
import { formatOf, mistakenFor, mustFit, type PlainKind } from './formats.ts';
import { sha256 } from './sha256.ts';
import type { LeftOut } from './left-out.ts';
import { fittingAddresses } from './raw-address.ts';
import { SymbolTable, type NamedAddress } from './symbols.ts';

export { ImageError } from './errors.ts';
export type { SourceFrame } from './dwarf-functions.ts';
export type { SourceLine } from './dwarf-line.ts';
export type { ImageSymbol, NamedAddress } from './symbols.ts';

/** Bytes to be programmed at an address. */
export interface ImageChunk {
  readonly address: number;
  readonly data: Uint8Array;
}

export interface LoadedImage {
  /** As typed by the user. */
  readonly path: string;
  readonly sha256: string;
  readonly kind: 'elf' | PlainKind | 'binary';
  /** By address, adjacent ones joined, no overlaps. */
  readonly chunks: readonly ImageChunk[];
  readonly entry: number | null;
  readonly symbols: SymbolTable;
  readonly lines: LineTable;
  readonly functions: FunctionTable;
  readonly variables: VariableTable;
  readonly frames: FrameTable;
  /** Name of the section that an address lies in when the program runs; null where the file does not say. */
  sectionAt(address: number): string | null;
  /** Memory that it takes without contents for it: .bss, and what start-up code leaves alone (NOLOAD). */
  readonly reserved: readonly { readonly address: number; readonly size: number }[];
  /**
   * What has to be copied before it is used, such as .data: where it runs, and the bytes, which are programmed at `from`; null: the file has them where they run
   * alone. In RAM, only a debugger puts these there.
   */
  readonly copied: readonly (ImageChunk & { readonly from: number | null })[];
  readonly remarks: readonly string[];
  /** What has not been read of its debug data so far: it is read where it is needed. */
  readonly leftOut: Pick<LeftOut, 'text' | 'add'>;
  /** What the compiler was told; null where the file does not say. */
  readonly attributes: BuildAttributes | null;
}

export interface LoadOptions {
  /** Where a raw binary goes. Also taken from a path of the form `file.bin@0x08000000`. */
  readonly address?: number;
  /** Source files are named as seen from this folder; without it, from the compile folder. */
  readonly seenFrom?: string;
}

export interface MemoryRange {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly kind: 'ram' | 'flash' | 'rom';
  readonly aliases?: readonly number[];
}

/** Splits `file.bin@0x08000000`. An `@` that is no address at the end belongs to the file's name. */
export function splitImagePath(typed: string): { file: string; address: number | null } {
  const match = /^(.+)@(0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(typed);
  if (match === null) {
    const [, raw, address] = /^(.+\.(?:bin|raw|img|dfu))@([^/\\]*)$/i.exec(typed) ?? [];
    if (raw !== undefined)
      throw new ImageError('bad-address', `${JSON.stringify(address)} is not an address`, null, `write it as ${raw}@0x08000000`, typed);
    return { file: typed, address: null };
  }
  const address = Number(match[2]);
  if (address >= 2 ** 32) throw new ImageError('bad-address', `address ${match[2]} does not fit into 32 bits`, null, null, typed);
  return { file: match[1]!, address };
}

export function loadImage(bytes: Uint8Array, path: string, options: LoadOptions = {}): LoadedImage {
  try {
    return load(bytes, path, options.address ?? splitImagePath(path).address, options.seenFrom ?? null);
  } catch (error) {
    if (error instanceof ImageError) throw error.inFile(path);
    throw error;
  }
}

function noAddress(what: string, path: string, bytes: Uint8Array): ImageError {
  const fitting = fittingAddresses(bytes);
  const [first, last] = fitting === null ? [null, null] : [hexAddress(fitting.first), hexAddress(fitting.last)];
  const hint = `write it as ${path}@${first !== null && first === last ? first : '<address>'}`;
  const why = first === null || first === '0x08000000' ? '' : `its vectors fit ${fits(first, last)}: `;
  return new ImageError('no-address', `${what} needs an address`, null, `${why}${hint}`);
}
const fits = (first: string, last: string): string =>
  first === last ? `${first} and no other multiple of 1 KB` : `multiples of 1 KB from ${first} to ${last}`;

/** Where the suffix of a DFU file ends the binary, it is checked and left out. */
function raw(bytes: Uint8Array, path: string, digest: string, address: number): LoadedImage {
  const data = hasDfuSuffix(bytes) ? withoutDfuSuffix(bytes) : bytes;
  if (address + data.length > 2 ** 32) throw new ImageError('bad-address', 'runs past the end of the address space');
  return plain(path, digest, 'binary', [{ address, data }], null);
}

function load(bytes: Uint8Array, path: string, address: number | null, seenFrom: string | null): LoadedImage {
  if (bytes.length === 0) throw new ImageError('empty', 'the file is empty', null, 'did the build finish?');
  const format = formatOf(bytes);
  if (address !== null) {
    // a raw binary may begin with a colon or an S: there the name decides
    const named = format !== null && (format.names === null || format.names.test(splitImagePath(path).file));
    if (named || isElf(bytes)) {
      const what = named ? format.called : 'an ELF file';
      throw new ImageError('bad-address', `${what} already contains its addresses`, null, 'leave out @address');
    }
    return raw(bytes, path, sha256(bytes), address);
  }
  if (isElf(bytes)) return loadElf(bytes, path, sha256(bytes), seenFrom);
  if (format !== null) {
    mustFit(bytes, format);
    const { chunks, entry } = format.read(bytes);
    return plain(path, sha256(bytes), format.kind, joinChunks(chunks), entry);
  }
  if (/\.(bin|raw|img)$/i.test(path)) throw noAddress('a raw binary', path, bytes);
  if (hasDfuSuffix(bytes) || /\.dfu$/i.test(path)) {
    const binary = withoutDfuSuffix(bytes);
    throw noAddress('a raw binary with the suffix of a DFU file, which says no address (a DfuSe file would),', path, binary);
  }
  const known = mistakenFor(bytes);
  if (known) throw new ImageError('not-elf', known.is, null, known.hint.replaceAll('<file>', path));
  throw new ImageError(
    'not-elf',
    'not a known firmware format (ELF, Intel HEX, S-record, UF2, DfuSe)',
    null,
    'give the linked .elf; write a raw binary as file.bin@0x08000000',
  );
}

function plain(path: string, digest: string, kind: PlainKind | 'binary', chunks: readonly ImageChunk[], entry: number | null): LoadedImage {
  const none = debugSections(() => null);
  const lines = new LineTable(none, () => false);
  return {
    path,
    sha256: digest,
    kind,
    chunks,
    entry,
    symbols: new SymbolTable([], () => null),
    lines,
    functions: new FunctionTable(none, lines, () => false),
    variables: new VariableTable(none),
    frames: new FrameTable(null, null, () => false),
    sectionAt: () => null,
    reserved: [],
    copied: [],
    attributes: null,
    leftOut: none.leftOut,
    remarks: ['it contains no symbols and no source lines: give the .elf to see them'],
  };
}

function loadElf(bytes: Uint8Array, path: string, digest: string, seenFrom: string | null): LoadedImage {
  const elf = parseElf(bytes);
  const stretches = elf.segments.map((s) => [s.runAddress, s.runAddress + Math.max(s.memorySize, s.data.length)] as const);
  const endOf = (address: number): number | null => stretches.find(([from, end]) => address >= from && address < end)?.[1] ?? null;
  const holds = (address: number): boolean => endOf(address) !== null;
  const sections = debugSections(elf.section, elf.leftOut, seenFrom);
  const lines = new LineTable(sections, holds);
  return {
    path,
    sha256: digest,
    kind: 'elf',
    chunks: joinChunks(elf.segments),
    entry: elf.entry,
    symbols: new SymbolTable(elf.symbols, endOf),
    lines,
    functions: new FunctionTable(sections, lines, holds),
    variables: new VariableTable(sections),
    frames: new FrameTable(sections.frame, elf.loaded('.eh_frame'), holds, sections.work),
    sectionAt: elf.sectionAt,
    reserved: elf.reserved,
    copied: elf.segments
      .filter(({ data }) => data.length > 0)
      .map(({ address, runAddress, data }) => ({ address: runAddress, data, from: address === runAddress ? null : address })),
    remarks: elf.remarks,
    leftOut: elf.leftOut,
    attributes: readAttributes(elf.section('.ARM.attributes')),
  };
}

/** Sorted by address with neighbours joined. Overlaps are errors: which byte would win is nobody's intention. */
function joinChunks(chunks: readonly ImageChunk[]): ImageChunk[] {
  const sorted = [...chunks].sort((a, b) => a.address - b.address);
  const groups: ImageChunk[][] = [];
  let end = -1;
  for (const chunk of sorted) {
    if (chunk.address < end) throw new ImageError('overlap', 'two of its parts overlap', hexAddress(chunk.address));
    if (chunk.address === end) groups[groups.length - 1]!.push(chunk);
    else groups.push([chunk]);
    end = chunk.address + chunk.data.length;
  }
  return groups.map((group) => {
    const first = group[0]!;
    if (group.length === 1) return { address: first.address, data: first.data };
    const data = new Uint8Array(group.reduce((n, c) => n + c.data.length, 0));
    for (const c of group) data.set(c.data, c.address - first.address);
    return { address: first.address, data };
  });
}

/** Throws if two images want the same address. */
export function checkOverlap(images: readonly LoadedImage[]): void {
  const all = images.flatMap((image) => image.chunks.map((chunk) => ({ image, chunk })));
  all.sort((a, b) => a.chunk.address - b.chunk.address);
  for (let i = 1; i < all.length; i++) {
    const before = all[i - 1]!;
    const after = all[i]!;
    if (after.chunk.address < before.chunk.address + before.chunk.data.length) {
      const hint = 'link them to different addresses, or give only one';
      throw new ImageError(
        'overlap',
        `${before.image.path} and ${after.image.path} both have bytes at ${hexAddress(after.chunk.address)}`,
        null,
        hint,
      );
    }
  }
}

/** Throws if a chunk does not lie inside one memory that can be programmed or written by a debugger. */
export function checkMemories(image: LoadedImage, memories: readonly MemoryRange[], chip: string): void {
  for (const chunk of image.chunks) {
    let at = chunk.address;
    const end = chunk.address + chunk.data.length;
    // A chunk may span memories that lie side by side (two flash banks, SRAM1 and SRAM2).
    while (at < end) {
      const memory = memoryAt(memories, at);
      if (memory === null) throw outside(image, chunk, at, memories, chip);
      if (memory.kind === 'rom') {
        throw new ImageError(
          'read-only-memory',
          `its bytes at ${hexAddress(at)} are in ${memory.name}, which ${chip} cannot program`,
          null,
          null,
          image.path,
        );
      }
      at = memory.end;
    }
  }
}

function memoryAt(memories: readonly MemoryRange[], address: number): { name: string; kind: MemoryRange['kind']; end: number } | null {
  for (const m of memories) {
    for (const base of [m.base, ...(m.aliases ?? [])]) {
      if (address >= base && address < base + m.size) return { name: m.name, kind: m.kind, end: base + m.size };
    }
  }
  return null;
}

/** Whether something of the chip answers at `address`; null asks for no kind. */
export const memoryHolds = (memories: readonly MemoryRange[], address: number, kind: MemoryRange['kind'] | null): boolean => {
  const memory = memoryAt(memories, address >>> 0);
  return memory !== null && (kind === null || memory.kind === kind);
};

function outside(image: LoadedImage, chunk: ImageChunk, at: number, memories: readonly MemoryRange[], chip: string): ImageError {
  const before = memories.find((m) => m.base + m.size === at && at > chunk.address);
  const first = hexAddress(chunk.address);
  if (before !== undefined) {
    const over = chunk.address + chunk.data.length - at;
    const what = `its bytes from ${first} run ${over} bytes past the end of ${before.name} (${hexAddress(at)}) on ${chip}`;
    return new ImageError('outside-memory', what, null, 'is it built for a larger part?', image.path);
  }
  const flash = memories.find((m) => m.kind === 'flash');
  const hint =
    flash === undefined ? 'is it built for another chip?' : `flash starts at ${hexAddress(flash.base)}; is it built for another chip?`;
  return new ImageError('outside-memory', `its bytes at ${hexAddress(at)} are outside the memory of ${chip}`, null, hint, image.path);
}

/** A word of the images, null where none of them has bytes. */
export function wordAt(images: readonly LoadedImage[], address: number): number | null {
  let word = 0;
  for (let i = 3; i >= 0; i--) {
    const byte = byteAt(images, address + i);
    if (byte === null) return null;
    word = (word << 8) | byte;
  }
  return word >>> 0;
}

/** The word that should be at this address before it is used, and where it is programmed, if elsewhere; null where an image has none for it. */
export function copiedAt(images: readonly LoadedImage[], address: number): { readonly value: number; readonly from: number | null } | null {
  for (const { copied } of images)
    for (const { address: start, data, from } of copied) {
      const at = address - start;
      if (at < 0 || at + 4 > data.length) continue;
      return { value: new DataView(data.buffer, data.byteOffset + at, 4).getUint32(0, true), from: from === null ? null : from + at };
    }
  return null;
}

/** The bytes of an image among which one lies at this address. */
export const chunkAt = <T extends { readonly address: number; readonly data: { readonly length: number } }>(
  { chunks }: { readonly chunks: readonly T[] },
  address: number,
): T | undefined => chunks.find((c) => address >= c.address && address < c.address + c.data.length);
/** The first image that has a byte there. */
export const imageAt = (images: readonly LoadedImage[], address: number): LoadedImage | undefined =>
  images.find((image) => chunkAt(image, address) !== undefined);
function byteAt(images: readonly LoadedImage[], address: number): number | null {
  for (const image of images) {
    const chunk = chunkAt(image, address);
    if (chunk !== undefined) return chunk.data[address - chunk.address]!;
  }
  return null;
}

/** Initial SP and reset vector at `address`, null if the images have nothing there. */
export function entryVectors(images: readonly LoadedImage[], address: number): { sp: number; reset: number } | null {
  const sp = wordAt(images, address);
  const reset = wordAt(images, address + 4);
  return sp === null || reset === null ? null : { sp, reset };
}

/** What the first image says that has an answer. */
function firstOf<T>(images: readonly LoadedImage[], ask: (image: LoadedImage) => T | null): T | null {
  for (const image of images) {
    const found = ask(image);
    if (found !== null) return found;
  }
  return null;
}

/** The images, that one first whose code is at `pc`: what two of them place at an address has the name that the one has for it whose code accesses it. */
export function seenFrom(images: readonly LoadedImage[], pc: number): readonly LoadedImage[] {
  const own = imageAt(images, pc);
  return own === undefined ? images : [own, ...images.filter((image) => image !== own)];
}

export function symbolAt(images: readonly LoadedImage[], pc: number): NamedAddress | null {
  return firstOf(images, (image) => image.symbols.at(pc));
}

/** Name of the section that an address lies in when the program runs. */
export function sectionAt(images: readonly LoadedImage[], address: number): string | null {
  return firstOf(images, (image) => image.sectionAt(address));
}

/** The line that declares the variable whose first byte is at this address. */
export function declarationAt(images: readonly LoadedImage[], address: number): SourceLine | null {
  return firstOf(images, (image) => image.variables.declaredAt(address));
}

export function lineAt(images: readonly LoadedImage[], pc: number): SourceLine | null {
  return firstOf(images, (image) => image.lines.lookup(pc));
}

export function findSymbol(images: readonly LoadedImage[], name: string): ElfSymbol | null {
  return firstOf(images, (image) => image.symbols.named(name)[0] ?? null);
}

/** The calls that lead to the instruction at `pc` inside of one function of the machine code, the innermost first. */
export function framesAt(images: readonly LoadedImage[], pc: number): SourceFrame[] {
  for (const image of images) {
    const found = image.functions.frames(pc);
    if (found.length > 0) return found;
  }
  return [];
}

/** How to find the caller of the instruction at `pc`; null where the images do not say. */
export function rulesAt(images: readonly LoadedImage[], pc: number): FrameRules | null {
  return firstOf(images, (image) => image.frames.rulesAt(pc));
}

/** A place in the firmware as results name it: without line information the symbol carries the offset. */
export interface CodePlace {
  readonly pc: number;
  readonly symbol: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** Function of a header whose code stands here: `file` and `line` are those of the call. */
  readonly inlined: string | null;
}

/** Headers hold what others wrote for inlining: CMSIS, HAL, libraries. */
const isHeader = (file: string | null): boolean => file !== null && /\.(h|hh|hpp|hxx|h\+\+|inc|inl|ipp|tcc|tpp)$/i.test(file);

/** The function at an address, without an offset into it; null where the image names none. */
export function functionNameAt(images: readonly LoadedImage[], pc: number): string | null {
  const named = symbolAt(images, pc);
  return named === null ? null : functionName(named.symbol.name, framesAt(images, pc));
}

/**
 * Source line of an instruction: the user's call where its code comes from a header, inlined or (without optimisation) as a function of its own. `lr`: LR at that
 * instruction, where it is known; a function that calls none has its return address there.
 */
export function codePlace(images: readonly LoadedImage[], pc: number, lr: number | null = null): CodePlace {
  const frames = framesAt(images, pc);
  const at = usersFrame(frames);
  const frame = frames[at];
  if (lr !== null && frame !== undefined && !frame.inlined && isHeader(frame.file) && holdsReturn(images, pc)) {
    const caller = codePlace(images, ((lr & ~1) - 2) >>> 0);
    if (caller.line !== null) return { ...caller, pc, inlined: frame.function };
  }
  return {
    pc,
    symbol: symbolText(images, pc, frames),
    file: frame?.file ?? null,
    line: frame?.line ?? null,
    inlined: at > 0 ? (frames[at - 1]!.function ?? null) : null,
  };
}
/** The innermost frame whose code is the user's: behind what headers put there. */
function usersFrame(frames: ReturnType<typeof framesAt>): number {
  let at = 0;
  while (isHeader(frames[at]?.file ?? null) && frames[at]!.inlined && frames[at + 1]?.line != null) at++;
  return at;
}
/** Name of the function as its source has it, the inlined one that the line belongs to; with the distance from its start where no line says more. */
function symbolText(images: readonly LoadedImage[], pc: number, frames: ReturnType<typeof framesAt>): string | null {
  const frame = frames[usersFrame(frames)];
  const hasLine = frame?.line != null;
  if (hasLine && frame.inlined && frame.function !== null) return frame.function;
  const named = symbolAt(images, pc);
  if (named === null) return null;
  return functionName(named.symbol.name, frames) + (named.offset === 0 || hasLine ? '' : `+0x${named.offset.toString(16)}`);
}
/** A function as its source spells it: symbols of C++ and Rust are mangled, and only the debug information says what a template was given. */
export const functionName = (symbol: string, frames: ReturnType<typeof framesAt>): string =>
  isMangled(symbol) ? (frames.at(-1)?.function ?? sourceName(symbol)) : symbol;
/** LR is still the return address at this instruction. */
function holdsReturn(images: readonly LoadedImage[], pc: number): boolean {
  const rules = rulesAt(images, pc);
  return rules !== null && (rules.registers.get(DWARF_REGISTERS.LR) ?? { kind: 'same' }).kind === 'same';
}
