/** Texts that firmware may wait for at a serial port, as far as its code shows them: bytes that it compares with, and strings. */
import { atMost, MOST } from '../session/bounds.ts';
import type { FunctionFacts } from '../input/code-scan.ts';

const LONGEST = 16;

/** @param bounded where more than are tried are told; @param ranked functions, the likeliest first; @param near those whose strings count: a program has many more */
export function awaitedTexts(
  bounded: Parameters<typeof atMost>[0],
  ranked: readonly FunctionFacts[],
  near: readonly FunctionFacts[],
): string[] {
  const letters = atMost(bounded, MOST.letters, 'letters that it compares', unique(ranked.flatMap(lettersOf)));
  // one letter after another, each awaited by itself
  const words = atMost(
    bounded,
    MOST.lettersInARow,
    'words that it compares letter by letter',
    unique(ranked.map((f) => lettersOf(f).join('')).filter((w) => w.length > 1 && w.length <= LONGEST)),
  );
  const strings = atMost(bounded, MOST.texts, 'texts that it compares', unique(near.flatMap(stringsOf)));
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
