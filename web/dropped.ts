/** What was dropped or chosen: a firmware, its sources, or both; folders are gone through. */
import { LARGEST_IMAGE } from '../src/image/errors.ts';
import type { Piece, SourceTexts } from './setup.ts';

export interface Found {
  readonly path: string;
  readonly file: File;
}
export interface Dropped {
  readonly firmware: Found | null;
  /** Further linked files: a loader's application. */
  readonly others: readonly Found[];
  readonly source: SourceTexts;
}
/** C, C++, assembler, Rust, Ada, Zig, Nim, Swift. */
const SOURCE = /\.(c|h|cc|cpp|cxx|c\+\+|hh|hpp|hxx|h\+\+|inl|ipp|tpp|inc|s|asm|rs|adb|ads|zig|nim|swift)$/i;
/** What a compiler leaves beside the firmware, and what tells nothing. */
const LEFT_OUT = /(^|\/)\.|(^|\/)node_modules\/|\.(o|d|a|su|map|lst|ld|md|txt|json|xml|ioc|yml|yaml|cmake|mk|py|sh|pdf|png)$/i;
const FIRMWARE = /\.(elf|axf|out|hex|ihex|ihx|s19|s28|s37|srec|mot|uf2|dfu|bin)$/i;
const MOST_BYTES = 4 << 20;
const MOST_FILES = 4000;
/** Images beside the first. */
const MOST_OTHERS = 7;

function fileOf(entry: FileSystemFileEntry): Promise<Found> {
  return new Promise((resolve, reject) => entry.file((file) => resolve({ path: entry.fullPath.replace(/^\//, ''), file }), reject));
}
async function filesOf(entry: FileSystemEntry, found: Found[]): Promise<void> {
  if (found.length >= MOST_FILES || /^\.|^node_modules$/.test(entry.name)) return;
  if (entry.isFile) found.push(await fileOf(entry as FileSystemFileEntry));
  if (!entry.isDirectory) return;
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // a reader gives a hundred at a time
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const each of some) await filesOf(each, found);
  }
}
/** Of a drop: the entries have to be taken before anything is waited for. */
export async function droppedFiles(data: DataTransfer): Promise<Dropped> {
  const entries = Array.from(data.items).flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return sorted(Array.from(data.files, (file) => ({ path: file.name, file })));
  const found: Found[] = [];
  for (const entry of entries) await filesOf(entry, found);
  return sorted(found);
}
export const chosenFiles = (files: FileList): Promise<Dropped> =>
  sorted(Array.from(files, (file) => ({ path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath, file })));

/** Of several firmwares the linked ones, which have lines. */
async function sorted(found: readonly Found[]): Promise<Dropped> {
  const source: Record<string, string> = {};
  for (const { path, file } of found) if (SOURCE.test(path) && file.size <= MOST_BYTES) source[path] = await file.text();
  const others = found.filter(({ path }) => !SOURCE.test(path) && (found.length === 1 || !LEFT_OUT.test(path)));
  const rank = ({ path }: Found): number => (/\.(elf|axf|out)$/i.test(path) ? 0 : FIRMWARE.test(path) ? 1 : 2);
  const [first] = [...others].sort((a, b) => rank(a) - rank(b));
  // of a folder, what is not called as firmware is none
  const firmware = first !== undefined && (found.length === 1 || rank(first) < 2 || others.length === 1) ? first : null;
  const linked = others.filter((o) => rank(o) === 0 && o !== first).slice(0, MOST_OTHERS);
  return { firmware, others: firmware === null ? [] : linked, source };
}

/** The firmware, and the linked files beside it, as bytes; empty where there is no firmware. Files of one name are told apart by their folders. */
export function piecesOf({ firmware, others }: Dropped): Promise<Piece[]> {
  const all = firmware === null ? [] : [firmware, ...others];
  return Promise.all(
    all.map(async ({ file, path }) => {
      if (file.size > LARGEST_IMAGE * 2 ** 20)
        throw new Error(`Cannot read ${file.name}: it is larger than ${LARGEST_IMAGE} MiB; is it the right file?`);
      const isAlone = all.every((o) => o.file === file || o.file.name !== file.name);
      return { name: isAlone ? file.name : path, bytes: new Uint8Array(await file.arrayBuffer()) };
    }),
  );
}
