/** Texts that lie in an image, and tables of commands: a text, and what is called for it. */
import { chunkAt, wordAt, type LoadedImage } from '../../image/image.ts';
import type { FunctionFacts } from '../input/code-scan.ts';

export const LONGEST = 16;
export const isLetter = (n: number): boolean => n > 0x20 && n < 0x7f;

/** Zero-terminated, at an address. */
export function stringAt(image: LoadedImage, address: number): string[] {
  const chunk = chunkAt(image, address);
  if (!chunk) return [];
  const bytes = [...chunk.data.subarray(address - chunk.address, address - chunk.address + LONGEST + 1)];
  const end = bytes.indexOf(0);
  const text = bytes.slice(0, end);
  return end > 1 && text.every(isLetter) ? [String.fromCharCode(...text)] : [];
}

/** An entry for a function. */
export interface Entry {
  readonly at: number;
  readonly texts: readonly string[];
}
/** The text stands beside the pointer, before it as a rule; a number may lie between. */
const BESIDE = [-4, 4, -8, 8];
/** Entries that lead to a function: a pointer without a text beside it, as in a table of vectors, is none. */
export function entriesFor({ image, symbol }: FunctionFacts): Entry[] {
  return pointersTo(image, symbol.address).flatMap((at) => {
    const texts = BESIDE.flatMap((offset) => wordAt([image], at + offset) ?? []).flatMap((address) => stringAt(image, address));
    return texts.length === 0 ? [] : [{ at, texts: texts.slice(0, 1) }];
  });
}
function pointersTo({ chunks }: LoadedImage, address: number): number[] {
  const found: number[] = [];
  for (const { address: start, data } of chunks) {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    for (let at = -start & 3; at + 4 <= data.length; at += 4) if (view.getUint32(at, true) === address + 1) found.push(start + at);
  }
  return found;
}
