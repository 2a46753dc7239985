/** Texts that firmware may wait for at a serial port, as far as its code shows them: bytes that it compares with, and strings. */
import type { FunctionFacts } from '../input/code-scan.ts';

/** Effort: texts of each kind that are tried. */
const MOST_LETTERS = 8;
const MOST_WORDS = 2;
const MOST_STRINGS = 4;
const LONGEST = 16;

/** @param ranked functions, the likeliest first; @param near those whose strings count: a program has many more */
export function awaitedTexts(ranked: readonly FunctionFacts[], near: readonly FunctionFacts[]): string[] {
  const letters = unique(ranked.flatMap(lettersOf)).slice(0, MOST_LETTERS);
  // one letter after another, each awaited by itself
  const words = unique(ranked.map((f) => lettersOf(f).join('')).filter((w) => w.length > 1 && w.length <= LONGEST)).slice(0, MOST_WORDS);
  const strings = unique(near.flatMap(stringsOf)).slice(0, MOST_STRINGS);
  return unique([...letters, ...words, ...strings.map((text) => `${text}\r\n`)]);
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
const isLetter = (n: number): boolean => n > 0x20 && n < 0x7f;
export const lettersOf = ({ compared }: FunctionFacts): readonly string[] => compared.filter(isLetter).map((n) => String.fromCharCode(n));

/** Zero-terminated strings at addresses that the function holds. */
const stringsOf = ({ image, constants }: FunctionFacts): readonly string[] =>
  constants.flatMap(({ value }) => {
    const chunk = image.chunks.find((c) => value >= c.address && value < c.address + c.data.length);
    if (!chunk) return [];
    const bytes = [...chunk.data.subarray(value - chunk.address, value - chunk.address + LONGEST + 1)];
    const end = bytes.indexOf(0);
    const text = bytes.slice(0, end);
    return end > 1 && text.every(isLetter) ? [String.fromCharCode(...text)] : [];
  });
