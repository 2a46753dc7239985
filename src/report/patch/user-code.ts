/** STM32CubeMX writes its files again and keeps only what stands between `USER CODE BEGIN x` and `USER CODE END x`. */
import { code, type Edit } from './edit.ts';

interface Pair {
  readonly name: string;
  /** Lines from 1. */
  readonly begin: number;
  readonly end: number;
}
const MARK = /^\s*\/\*\s*USER CODE (BEGIN|END) (.+?)\s*\*\/\s*$/;

function pairsOf(lines: readonly string[]): Pair[] {
  const pairs: Pair[] = [];
  let open: { readonly name: string; readonly begin: number } | null = null;
  lines.forEach((text, i) => {
    const [, what, name] = MARK.exec(text) ?? [];
    if (what === 'BEGIN') open = { name: name!, begin: i + 1 };
    if (what === 'END' && open?.name === name) {
      pairs.push({ ...open!, end: i + 1 });
      open = null;
    }
  });
  return pairs;
}

/**
 * A declaration goes into the pair of variables, or to the begin of that of functions, where it still stands above what uses it. Other code that goes below a line goes
 * into the pair that follows it, where only includes and comments lie between; else it stays where it was.
 */
export function keptByCubeMx(lines: readonly string[], edit: Edit, edits: readonly Edit[]): Edit {
  const pairs = edit.how === 'below' ? pairsOf(lines) : [];
  const below = declares(edit) ? declarationsIn(pairs, edit, edits) : null;
  if (below !== null) return { ...edit, line: below, code: edit.code.slice(edit.code.findIndex((text) => text !== '')) };
  const next = pairs.find((p) => p.begin > edit.line);
  if (next === undefined || pairs.some((p) => holds(p, edit.line, true)) || !lines.slice(edit.line, next.begin).every(isBetween))
    return edit;
  return { ...edit, line: next.name === 'Includes' ? next.end - 1 : next.begin };
}
const declares = ({ how, code: put }: Edit): boolean =>
  how === 'below' && put.every((text) => /^$|^(?:__attribute__|static|extern|volatile|void)\b.*;$/.test(code(text)));
/** The line below which declarations stand. */
function declarationsIn(pairs: readonly Pair[], edit: Edit, edits: readonly Edit[]): number | null {
  const used = Math.min(...edits.filter((e) => !declares(e)).map((e) => e.line));
  const [variables, functions] = ['PV', '0'].map((name) => pairs.find((p) => p.name === name && p.begin > edit.line && p.begin < used));
  return variables ? variables.end - 1 : (functions?.begin ?? null);
}
const isBetween = (line: string): boolean => /^(?:|#\s*include\b.*|\/?\*.*)$/.test(code(line));
/** Below its last line is still inside. */
const holds = ({ begin, end }: Pair, line: number, below: boolean): boolean => line < end && (below ? line >= begin : line > begin);

/** The lines of the file that edits change and CubeMX writes again; none in a file that CubeMX did not write. */
export function writtenAgain(lines: readonly string[], edits: readonly Edit[]): readonly number[] {
  const pairs = pairsOf(lines);
  if (pairs.length === 0) return [];
  // without code: the rest of what stands on the line before
  const lost = edits.filter((e) => e.code.length > 0 && !pairs.some((p) => holds(p, e.line, e.how === 'below')));
  return [...new Set(lost.map((e) => e.line))].toSorted((a, b) => a - b);
}
