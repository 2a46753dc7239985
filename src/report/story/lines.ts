/** A story as lines of text: for terminals as wide as they are, for documents without wrapping. Nothing is cut: what has no room on a screen is folded. */
import { pad, plain, printable, wrap, type Paint } from '../text.ts';
import type { Kind } from './facts.ts';
import type { Told } from './sentences.ts';

export interface View {
  readonly paint?: Paint;
  /** Columns; Infinity: no line is wrapped. */
  readonly width?: number;
  /** What shows the whole fix, where the report belongs to a command without these options. */
  readonly wholeFix?: string;
}
/** How much of a fact is shown: 0 = all of it, 1 to 3 = fewer lines below its sentence, 4 = the sentence and its line, 5 = nothing. */
type Fold = 0 | 1 | 2 | 3 | 4 | 5;
const MOST_BELOW = [Infinity, 4, 2, 1, 0, 0] as const;
/** Lines of a screen with code: less than these say nothing. */
const FEWEST_CODE = 6;
const MOST_CODE = [Infinity, 12, 8, FEWEST_CODE, FEWEST_CODE, 0] as const;
/** Facts whose lines are a list: how many more there are is said. */
const LISTS: readonly Kind[] = ['verdict', 'symptom', 'not-triggered', 'wait', 'origin', 'serial'];

const COLUMN = 7;
const INDENT = ' '.repeat(COLUMN);
const AROUND = 1;

export function linesOf(
  told: Told,
  { paint = plain, width = 80, wholeFix = '--fix, or -v' }: View,
  fold: Fold = 0,
  most = Infinity,
): string[] {
  if (fold === 5) return [];
  // a longer word than the column has room for pushes its sentence
  const column = Math.max(COLUMN, told.label.length + 1);
  const lines = wrap(printable(told.text), width, INDENT, ' '.repeat(column));
  lines[0] = pad(paint(told.tone, told.label), column) + (lines[0] ?? '').slice(column);
  const place = fold < 4 ? told.place : (told.line ?? null);
  if (place !== null) lines.push(...wrap(printable(place), width, `${INDENT}  `, INDENT));
  lines.push(...excerpt(told, paint, width, fold));
  const below = told.more.slice(0, Math.min(MOST_BELOW[fold], most));
  for (const text of below) lines.push(...wrap(printable(text), width, `${INDENT}  `, INDENT));
  const hidden = told.more.length - below.length;
  if (hidden > 0 && fold < 4 && LISTS.includes(told.is)) lines.push(`${INDENT}and ${hidden} more`);
  lines.push(...changes(told, paint, width, MOST_CODE[fold], wholeFix));
  return lines;
}

function changes({ code: all }: Told, paint: Paint, width: number, most: number, whole: string): string[] {
  const blocks = all.map(({ text, mark }) =>
    code(`${mark === ' ' ? '' : mark}${text}`, width).map((line) => paint(mark === '-' ? 'red' : mark === '+' ? 'green' : 'bold', line)),
  );
  const n = shownOf(all, blocks, most);
  const lines = blocks.slice(0, n).flat();
  return n === all.length ? lines : [...lines, `${INDENT}and ${all.length - n} more lines: ${whole}`];
}
/**
 * How many lines of code have room in so many lines of a screen, a line at least. A single one more takes no more room than the words that it is there, and a block that only begins is no
 * code.
 */
function shownOf(all: Told['code'], blocks: readonly (readonly string[])[], most: number): number {
  let [n, rows] = [0, 0];
  while (n < all.length && rows < most) rows += blocks[n++]!.length;
  while (n < all.length && (n === all.length - 1 || /\{\s*$/.test(all[n - 1]?.text ?? ''))) n++;
  return n;
}
/** The source line with its neighbours. */
function excerpt({ source, label }: Told, paint: Paint, width: number, fold: Fold): string[] {
  if (source === null || fold > 3) return [];
  const { line, lines, leftOut, file } = source;
  if (lines === null) return wrap(`The source line of ${printable(file)} is not shown: ${leftOut}.`, width, INDENT);
  const around = fold === 3 || label === '' ? 0 : AROUND;
  const [from, to] = [Math.max(1, line - around), Math.min(lines.length, line + around)];
  const digits = String(to).length;
  return lines.slice(from - 1, to).flatMap((text, i) => {
    const n = from + i;
    return code(`${n === line ? '>' : ' '} ${String(n).padStart(digits)} | ${text.trimEnd()}`, width).map((l) =>
      paint(n === line ? 'bold' : 'dim', l),
    );
  });
}
/** A line of code goes on below where it is too long, at a blank if there is one. */
function code(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = printable(text.replaceAll('\t', '    '));
  for (let indent = INDENT; ; indent = `${INDENT}    `) {
    const room = width - indent.length;
    if (rest.length <= room) return [...lines, indent + rest];
    const blank = rest.lastIndexOf(' ', room);
    const end = blank > room / 2 ? blank : room;
    lines.push(indent + rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
}

/** In this order facts give way where a screen is full: these altogether, in the end; but which part was taken is never hidden. */
const BACKGROUND: readonly (readonly [Kind, Fold])[] = [
  ['console', 5],
  ['chip', 4],
  ['board', 5],
  ['harmless', 5],
  ['kept-options', 5],
];
/** And of these all but their sentences. */
const REST: readonly Kind[] = ['serial', 'origin', 'check', 'not-triggered', 'in-vain', 'symptom', 'wait', 'reset', 'fault', 'fix', 'uncopied', 'cause', 'verdict']; // prettier-ignore
const STEPS: readonly (readonly [Kind, Fold])[] = [
  ...BACKGROUND,
  ...([1, 2, 3, 4] as const).flatMap((fold) => REST.map((kind) => [kind, fold] as const)),
  // in the end the last of the steps, which tells of the cause's background
  ['next', 3],
];
/** How many lines below its sentence a fact has on a first screen; -v has all. */
const AT_FIRST: Readonly<Partial<Record<Kind, number>>> = { 'holds-if': 0, console: 0, cause: 0 };

/** As much as fits, the most important facts first. */
export function screenOf(told: readonly Told[], view: View, most: number): string[] {
  const folds = new Map<Kind, Fold>();
  const shown = (): string[] => told.flatMap((t) => linesOf(t, view, folds.get(t.is), AT_FIRST[t.is]));
  for (const [kind, fold] of STEPS) {
    if (shown().length <= most) break;
    folds.set(kind, fold);
  }
  return shown();
}
