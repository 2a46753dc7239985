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
 * Code that goes below a line goes into the pair that follows it, where only includes and comments lie between; a declaration goes into the pair of variables.
 * Other code stays where it was.
 */
export function keptByCubeMx(lines: readonly string[], edit: Edit): Edit {
  const pairs = edit.how === 'below' ? pairsOf(lines) : [];
  const next = pairs.find((p) => p.begin > edit.line);
  if (next === undefined || pairs.some((p) => holds(p, edit.line, true)) || !lines.slice(edit.line, next.begin).every(isBetween))
    return edit;
  if (next.name !== 'Includes') return { ...edit, line: next.begin };
  const declares = edit.code.every((text) => /^$|;$/.test(code(text)));
  const variables = declares ? pairs.find((p) => p.name === 'PV') : undefined;
  return { ...edit, line: (variables ?? next).end - 1 };
}
const isBetween = (line: string): boolean => /^(?:|#\s*include\b.*|\/?\*.*)$/.test(code(line));
/** Below its last line is still inside. */
const holds = ({ begin, end }: Pair, line: number, below: boolean): boolean => line < end && (below ? line >= begin : line > begin);

/** The first line of the file that an edit changes and CubeMX writes again; null in a file that CubeMX did not write. */
export function writtenAgain(lines: readonly string[], edits: readonly Edit[]): number | null {
  const pairs = pairsOf(lines);
  if (pairs.length === 0) return null;
  const lost = edits.filter((e) => !pairs.some((p) => holds(p, e.line, e.how === 'below')));
  return lost.length === 0 ? null : Math.min(...lost.map((e) => e.line));
}
