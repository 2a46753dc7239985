/** Makes the lines of a stand-in ROM from the debug data of its ELF file (rom/images). */
import { codePlace, loadImage } from '../image/image.ts';
import type { CodeLines } from './code-lines.ts';

/** Bytes of the shortest instruction. */
const STEP = 2;
/** libgcc's parts have no source here. */
const isOwn = (file: string): boolean => !file.startsWith('..');

export function makeCodeLines(elf: Uint8Array, name: string): CodeLines {
  const image = loadImage(elf, name);
  const base = Math.min(...image.chunks.map((c) => c.address));
  const end = Math.max(...image.chunks.map((c) => c.address + c.data.length));
  const files = new Map<string, number>();
  const functions = new Map<string, number>();
  const indexOf = (known: Map<string, number>, text: string | null): number => {
    if (text === null) return -1;
    if (!known.has(text)) known.set(text, known.size);
    return known.get(text)!;
  };
  const stretches: number[] = [];
  let last = '';
  for (let at = base; at < end; at += STEP) {
    const { symbol, file, line } = codePlace([image], at);
    const own = file === null || line === null || !isOwn(file) ? null : file;
    const row = [indexOf(files, own), own === null ? 0 : line!, indexOf(functions, symbol?.split('+')[0] ?? null)];
    if (row.join() === last) stretches[stretches.length - row.length - 1]! += STEP;
    else stretches.push(STEP, ...row);
    last = row.join();
  }
  return { base, files: [...files.keys()], functions: [...functions.keys()], stretches };
}
