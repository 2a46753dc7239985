/** Sources of another folder than the build's (`../Core/Src/main.c`) by the paths that a user can open: from where he stands, else from the root of the repository. */
import type { Sources } from './source-lines.ts';

/** Leading parts that lead out of the compile folder; a text has names without blanks alone. */
const OUT = /(?:\.\.\/)+[^\s:;,()'"`]+/g;

/** Documents for a program (JSON) stay as they are: the same on every machine. */
export function withShownPaths<T>(result: T, sources: Sources): T {
  const known = new Map<string, string>();
  const shown = (name: string): string => {
    let path = known.get(name);
    if (path === undefined) known.set(name, (path = pathOf(name, sources)));
    return path;
  };
  return inStrings(result, (text) => (text.startsWith('../') && sources(text) !== null ? shown(text) : text.replace(OUT, shown)));
}

/** The name itself where nothing shorter leads to the same file. */
function pathOf(name: string, sources: Sources): string {
  const found = sources(name);
  if (found === null) return name;
  const path = found.elsewhere ? (found.home?.git === true ? found.home.path : name) : found.path;
  return sources(path)?.lines === found.lines ? path : name;
}

/** What is one object in two places stays one. */
function inStrings<T>(value: T, text: (text: string) => string): T {
  const copies = new Map<object, unknown>();
  const of = (one: unknown): unknown => {
    if (typeof one === 'string') return one.includes('../') ? text(one) : one;
    if (typeof one !== 'object' || one === null) return one;
    if (!copies.has(one))
      copies.set(one, Array.isArray(one) ? one.map(of) : Object.fromEntries(Object.entries(one).map(([key, member]) => [key, of(member)])));
    return copies.get(one);
  };
  return of(value) as T;
}
