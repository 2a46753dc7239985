/** Texts that firmware may wait for at a serial port, as far as its code shows them: bytes that it compares with, words, and strings. */
import { atMost, MOST } from '../documents/bounds.ts';
import type { FunctionFacts } from '../input/code-scan.ts';
import type { Piece } from '../input/compared-pieces.ts';
import { isLetter, LONGEST, stringAt } from './command-tables.ts';
import { farFrom, type Comparer } from './comparers.ts';

/** Behind a word, which is typed as a line, where the code does not say how a line ends. */
const LINE_END = '\r\n';
export const LINE_ENDS = /[\r\n]+$/;

/**
 * The likeliest text first. @param bounded where more than are tried are told; @param near functions on the way into the ROM, whose strings count: a program has many
 * more; @param beside what has to do with those: its strings come last, and it may look for the end of a line; @param far others that may compare the byte
 */
export function awaitedTexts(
  bounded: Parameters<typeof atMost>[0],
  near: readonly Comparer[],
  beside: readonly Comparer[],
  far: readonly FunctionFacts[],
): string[] {
  const readers = [[...near, ...beside].map(({ facts }) => facts), far].map((functions) => functions.filter((f) => !formats(f)));
  const letters = atMost(bounded, MOST.letters, 'characters to send (numbers that it compares)', unique(readers.flat().flatMap(lettersOf)));
  const isNear = new Set(readers[0]!.flatMap(lettersOf));
  // one letter after another, each awaited by itself
  const inARow = unique(readers.flat().map(wordOf)).filter((w) => w.length > 1 && w.length <= LONGEST);
  const words = atMost(
    bounded,
    MOST.lettersInARow,
    'words to send (characters that a function compares, in the order of its code)',
    inARow,
  );
  const strings = atMost(
    bounded,
    MOST.texts,
    'texts to send (strings beside what compares)',
    unique([...inTurn(near.map(textsOf)), ...inTurn(beside.map(textsOf))]),
  );
  const end = lineEnd(near) || lineEnd(beside) || LINE_END;
  return unique([
    ...strings.map((text) => `${text}${end}`),
    ...letters.filter((l) => isNear.has(l)),
    ...letters.filter((l) => !isNear.has(l)),
    ...words,
  ]);
}

/** printf and its like compare with letters that nobody sends. */
const formats = (f: FunctionFacts): boolean => lettersOf(f).includes('%');
const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
/** The first of each, then the second of each. */
const inTurn = (lists: readonly (readonly string[])[]): string[] => {
  const longest = lists.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
};
export const lettersOf = ({ compared }: FunctionFacts): readonly string[] => compared.filter(isLetter).map((n) => String.fromCharCode(n));

/** The ends of a line that they compare with: what keeps the other one would keep it in its line. */
function lineEnd(comparers: readonly Comparer[]): string {
  const compares = (end: string): boolean => comparers.some(({ facts }) => facts.compared.includes(end.charCodeAt(0)));
  return [...LINE_END].filter(compares).join('');
}
/** Letters in the order of the code, with the end of a line that the same function awaits. */
function wordOf(facts: FunctionFacts): string {
  const letters = lettersOf(facts).join('');
  return letters.length > 1 ? `${letters}${lineEnd([{ facts, at: null }])}` : letters;
}

/** Texts that a function holds, that one first which stands nearest before the place that matters. */
function textsOf({ facts, at, commands = [] }: Comparer): string[] {
  const strings = facts.constants.flatMap(({ value, pc }) => stringAt(facts.image, value).map((text) => ({ text, pc })));
  const all = [...strings, ...joined(facts.pieces)];
  return [...commands, ...all.toSorted((a, b) => farFrom(at, a.pc) - farFrom(at, b.pc)).map(({ text }) => text)];
}
/** Texts of pieces that lie one behind the other: where some lie at the same place, each may go on in each. */
function joined(pieces: readonly Piece[]): { readonly text: string; readonly pc: number }[] {
  const parts = pieces.map((p) => ({ ...p, text: lettersIn(p), most: p.size })).filter(({ text }) => text !== null) as readonly Part[];
  const behind = ({ at, size }: Piece): Part[] => parts.filter((p) => p.at === at + size);
  const isFirst = ({ at }: Piece): boolean => !parts.some((p) => p.at + p.size === at);
  const found: { text: string; pc: number }[] = [];
  const open = parts.filter(isFirst);
  for (const part of open) {
    const next = part.text.length < LONGEST ? behind(part) : [];
    if (next.length === 0 && part.text.length >= SHORTEST_JOINED && part.most > 1) found.push(part);
    if (open.length < MOST_PARTS) open.push(...next.map((n) => ({ ...n, text: part.text + n.text, most: Math.max(part.most, n.size) })));
  }
  return found;
}
interface Part extends Piece {
  readonly text: string;
  /** The size of its largest piece: bytes alone are letters in a row, which need no end of a line. */
  readonly most: number;
}
/** A number of two letters is any number. */
const SHORTEST_JOINED = 3;
const MOST_PARTS = 200;
/** With its end, if that is one of its bytes; null where it is no text. */
function lettersIn({ value, size }: Piece): string | null {
  const bytes = [0, 8, 16, 24].slice(0, size).map((shift) => (value >>> shift) & 0xff);
  const text = bytes.slice(0, [...bytes, 0].indexOf(0));
  return text.every(isLetter) && bytes.slice(text.length).every((b) => b === 0) ? String.fromCharCode(...text) : null;
}
