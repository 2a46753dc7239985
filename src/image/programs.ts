/** The programs in an image: a file may hold several, each behind its own vector table, as a merged HEX does, or one ELF of a loader and its application. */
import { hexAddress } from './errors.ts';
import { entryVectors, memoryHolds, splitImagePath, wordAt, type LoadedImage, type MemoryRange } from './image.ts';

export interface Program {
  /** The file, or where it begins in a file of several. */
  readonly name: string;
  /** … with both. */
  readonly title: string;
  readonly image: LoadedImage;
  readonly table: number;
  readonly sp: number;
  /** Its first instruction. */
  readonly start: number;
  /** Where its bytes are programmed. */
  readonly parts: readonly { readonly address: number; readonly size: number }[];
}

const KNOWN = new WeakMap<LoadedImage, { readonly memories: readonly MemoryRange[]; readonly programs: readonly Program[] }>();
/** By address. */
export function programsIn(image: LoadedImage, memories: readonly MemoryRange[]): readonly Program[] {
  let known = KNOWN.get(image);
  if (known?.memories !== memories) KNOWN.set(image, (known = { memories, programs: findPrograms(image, memories) }));
  return known.programs;
}
/** … of all of them. */
export const programsOf = (images: readonly LoadedImage[], memories: readonly MemoryRange[]): readonly Program[] =>
  images.flatMap((image) => programsIn(image, memories));
function findPrograms(image: LoadedImage, memories: readonly MemoryRange[]): readonly Program[] {
  const first = image.chunks[0]?.address ?? 0;
  const isFlash = (address: number): boolean => memoryHolds(memories, address, 'flash');
  const pages = image.chunks.flatMap(({ address, data }) => {
    const from = Math.ceil(address / PAGE) * PAGE;
    return Array.from({ length: Math.max(0, Math.ceil((address + data.length - from) / PAGE)) }, (_, i) => from + i * PAGE);
  });
  const found: Program[] = [];
  let end = 2 ** 32;
  for (const table of pages.filter((page) => page > first && isFlash(page)).toReversed()) {
    const program = programAt(image, memories, table, end);
    if (program === null || !hasHandlers(program)) continue;
    found.unshift(program);
    end = table;
  }
  // of a file that is a program at its start, its table may be as short as it likes
  const whole =
    programAt(image, memories, first, end) ?? (found.length === 0 && isFlash(first) ? behindHeader(image, memories, first) : null);
  const all = whole === null ? found : [whole, ...found];
  return all.length < 2 ? all : all.map(byAddress);
}
/** What a loader reads may stand in front of the table, and the table need not begin where VTOR can point to. */
function behindHeader(image: LoadedImage, memories: readonly MemoryRange[], first: number): Program | null {
  for (let table = first + 4; table < first + LONGEST_HEADER; table += 4) {
    const program = programAt(image, memories, table, 2 ** 32);
    if (program !== null && hasHandlers(program)) return program;
  }
  return null;
}
const LONGEST_HEADER = 512;
/** Loaders keep programs on pages of the flash; no table starts between. */
const PAGE = 512;

/** A vector table with a stack in RAM and a reset vector into the program itself, which goes up to `end`. */
function programAt(image: LoadedImage, memories: readonly MemoryRange[], table: number, end: number): Program | null {
  const vectors = entryVectors([image], table);
  if (vectors === null || !memoryHolds(memories, vectors.sp - 1, 'ram')) return null;
  const parts = image.chunks.flatMap(({ address, data }) => {
    const [from, to] = [Math.max(address, table), Math.min(address + data.length, end)];
    return from < to ? [{ address: from, size: to - from }] : [];
  });
  const start = (vectors.reset & ~1) >>> 0;
  if (!isIn({ parts }, start)) return null;
  return { name: nameOf(image), title: `${nameOf(image)} at ${hexAddress(table)}`, image, table, sp: vectors.sp, start, parts };
}
/** A byte of it is programmed there. */
export const isIn = ({ parts }: Pick<Program, 'parts'>, at: number): boolean =>
  parts.some(({ address, size }) => at >= address && at < address + size);
const byAddress = (of: Program): Program => {
  const name = `the program at ${hexAddress(of.table)}`;
  return { ...of, name, title: `${name} of ${nameOf(of.image)}` };
};
/** What tells a table from data that looks like its first two words: handlers in the same program, in Thumb, for what every core has. */
const ALWAYS = [1, 2, 3];
const OFTEN = [11, 14, 15];
function hasHandlers(program: Program): boolean {
  const { image, table, sp } = program;
  const isHandler = (vector: number | null): boolean => vector !== null && (vector & 1) === 1 && isIn(program, vector);
  const at = (index: number): number | null => wordAt([image], table + 4 * index);
  return sp % 4 === 0 && ALWAYS.every((index) => isHandler(at(index))) && OFTEN.every((index) => at(index) === 0 || isHandler(at(index)));
}

/** The file, without its folder and its address. */
export function nameOf({ path }: LoadedImage): string {
  const { file } = splitImagePath(path);
  return file.slice(file.lastIndexOf('/') + 1);
}
