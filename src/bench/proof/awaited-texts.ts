/** Texts that firmware may wait for at a serial port, as far as its code shows them: bytes that it compares with, and strings. */
import { atMost, MOST } from '../documents/bounds.ts';
import type { FunctionFacts } from '../input/code-scan.ts';
import { chunkAt } from '../../image/image.ts';

const LONGEST = 16;
/** Behind a word, which is typed as a line. */
export const LINE_END = '\r\n';

/**
 * The likeliest text first. @param bounded where more than are tried are told; @param near functions on the way into the ROM, whose strings count: a program has many
 * more; @param far others that may compare the byte
 */
export function awaitedTexts(
  bounded: Parameters<typeof atMost>[0],
  near: readonly FunctionFacts[],
  far: readonly FunctionFacts[],
): string[] {
  const readers = [near, far].map((functions) => functions.filter((f) => !formats(f)));
  const letters = atMost(bounded, MOST.letters, 'letters that it compares', unique(readers.flat().flatMap(lettersOf)));
  const isNear = new Set(readers[0]!.flatMap(lettersOf));
  // one letter after another, each awaited by itself
  const inARow = unique(readers.flat().map((f) => lettersOf(f).join(''))).filter((w) => w.length > 1 && w.length <= LONGEST);
  const words = atMost(bounded, MOST.lettersInARow, 'words that it compares letter by letter', inARow);
  const strings = atMost(bounded, MOST.texts, 'texts that it compares', unique(near.flatMap(stringsOf)));
  return unique([
    ...strings.map((text) => `${text}${LINE_END}`),
    ...letters.filter((l) => isNear.has(l)),
    ...letters.filter((l) => !isNear.has(l)),
    ...words,
  ]);
}

/** printf and its like compare with letters that nobody sends. */
const formats = (f: FunctionFacts): boolean => lettersOf(f).includes('%');
const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
const isLetter = (n: number): boolean => n > 0x20 && n < 0x7f;
export const lettersOf = ({ compared }: FunctionFacts): readonly string[] => compared.filter(isLetter).map((n) => String.fromCharCode(n));

/** Zero-terminated strings at addresses that the function holds. */
const stringsOf = ({ image, constants }: FunctionFacts): readonly string[] =>
  constants.flatMap(({ value }) => {
    const chunk = chunkAt(image, value);
    if (!chunk) return [];
    const bytes = [...chunk.data.subarray(value - chunk.address, value - chunk.address + LONGEST + 1)];
    const end = bytes.indexOf(0);
    const text = bytes.slice(0, end);
    return end > 1 && text.every(isLetter) ? [String.fromCharCode(...text)] : [];
  });
