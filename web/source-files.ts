/** Which of the page's source files is the one that the debug data name. */
import type { SourceTexts } from './setup.ts';

const partsOf = (path: string): string[] => path.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
/** How many parts two paths have in common, from their ends. */
function commonEnd(a: readonly string[], b: readonly string[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[a.length - 1 - n] === b[b.length - 1 - n]) n++;
  return n;
}

/** The path with the longest end in common, its name at least; null where there is none, or where two have the same. */
export function fileFor(texts: SourceTexts, name: string): string | null {
  if (texts[name] !== undefined) return name;
  const wanted = partsOf(name);
  const scored = Object.keys(texts).map((path) => ({ path, common: commonEnd(partsOf(path), wanted) }));
  const best = Math.max(0, ...scored.map(({ common }) => common));
  const found = best === 0 ? [] : scored.filter(({ common }) => common === best);
  return found.length === 1 ? found[0]!.path : null;
}
