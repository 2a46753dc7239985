/**
 * Sources that the debug data name by a path of the build (`../Core/Src/main.c` of its folder, `/build/app/main.c` of another machine) by the paths that a user can open: from
 * where he stands, else from the root of the repository.
 */
import type { Sources } from './source-lines.ts';

/** Leading parts that lead out of the compile folder; a text has names without blanks alone. */
const OUT = /(?:\.\.\/)+[^\s:;,()'"`]+/g;
const fromRoot = (name: string): boolean => /^(?:\/|[A-Za-z]:[\\/])/.test(name);

/** Documents for a program (JSON) stay as they are: the same on every machine. */
export function withShownPaths<T>(result: T, sources: Sources): T {
  const { shown, inText } = namesBy(sources, placesIn(result));
  return inStrings(result, (text) => ((text.startsWith('../') || fromRoot(text)) && sources(text) !== null ? shown(text) : inText(text)));
}
/** The same for what a command prints line by line. */
export const shownPathsIn = (sources: Sources): ((text: string) => string) => namesBy(sources, []).inText;

function namesBy(sources: Sources, places: Iterable<string>) {
  const known = new Map<string, string>();
  const shown = (name: string): string => {
    let path = known.get(name);
    if (path === undefined) known.set(name, (path = pathOf(name, sources)));
    return path;
  };
  // nothing in a text says where a path from the root ends: those that the image has are looked for
  let whole: RegExp | null | undefined;
  const absolute = (): RegExp | null => {
    const names = [...new Set([...places, ...(sources.codeFiles?.() ?? [])])].filter((name) => fromRoot(name) && shown(name) !== name);
    const longestFirst = names.toSorted((a, b) => b.length - a.length).map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    return names.length === 0 ? null : new RegExp(`(?<![\\w./\\\\-])(?:${longestFirst.join('|')})(?![\\w/\\\\-])`, 'g');
  };
  const inText = (text: string): string => {
    if (whole === undefined) whole = absolute();
    const relative = text.replace(OUT, shown);
    return whole === null ? relative : relative.replace(whole, shown);
  };
  return { shown, inText };
}

/** The name itself where nothing shorter leads to the same file. */
function pathOf(name: string, sources: Sources): string {
  const found = sources(name);
  if (found === null) return name;
  const path = found.elsewhere ? (found.home?.git === true ? found.home.path : name) : found.path;
  return sources(path)?.lines === found.lines ? path : name;
}

/** Files of the places in a value. */
export function placesIn(value: unknown): Set<string> {
  const files = new Set<string>();
  const seen = new Set<unknown>();
  const look = (one: unknown): void => {
    if (typeof one !== 'object' || one === null || seen.has(one)) return;
    seen.add(one);
    for (const [key, member] of Object.entries(one)) {
      if (key === 'file' && typeof member === 'string') files.add(member);
      else look(member);
    }
  };
  look(value);
  return files;
}

/** What is one object in two places stays one. */
function inStrings<T>(value: T, text: (text: string) => string): T {
  const copies = new Map<object, unknown>();
  const of = (one: unknown): unknown => {
    if (typeof one === 'string') return /[/\\]/.test(one) ? text(one) : one;
    if (typeof one !== 'object' || one === null) return one;
    if (!copies.has(one))
      copies.set(one, Array.isArray(one) ? one.map(of) : Object.fromEntries(Object.entries(one).map(([key, member]) => [key, of(member)])));
    return copies.get(one);
  };
  return of(value) as T;
}
/** A source that the run came by, and that was changed after the image was built: its lines are not those of the image. Null where nothing is known to be newer. */
export function newerSource(result: unknown, sources: Sources): string | null {
  const files = [...placesIn(result)].flatMap((file) => sources(file) ?? []);
  return files.find((f) => f.newer)?.path ?? null;
}
