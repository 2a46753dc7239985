/** Lists of characters in the globs of git, `[a-z]`, over the bytes of a name (git's wildmatch.c). */

export interface List {
  /** Behind its last bracket. */
  readonly end: number;
  readonly has: (unit: string) => boolean;
}
type Test = (unit: string) => boolean;

/** The list whose first character is at `from`, behind its bracket; null where it has no end, or names a class that is none: then the whole glob stands for nothing. */
export function listAt(pattern: string, from: number, anyCase: boolean): List | null {
  const not = /^[!^]/.test(pattern.slice(from));
  const tests: Test[] = [];
  let before: string | null = null;
  let at = not ? from + 1 : from;
  // a bracket that comes first is one of the list
  for (let first = true; first || pattern[at] !== ']'; first = false) {
    const item = itemAt(pattern, at, before, anyCase);
    if (item === null) return null;
    tests.push(item.has);
    ({ end: at, before } = item);
  }
  const has: Test = (unit) => tests.some((is) => is(unit)) !== not;
  return { end: at + 1, has: anyCase ? (unit) => has(lower(unit)) : has };
}
/** Letters of ASCII alone have two cases. */
export const lower = (unit: string): string => (/[A-Z]/.test(unit) ? unit.toLowerCase() : unit);

interface Item extends List {
  /** A range may begin with it. */
  readonly before: string | null;
}
function itemAt(pattern: string, at: number, before: string | null, anyCase: boolean): Item | null {
  const [own, next] = [pattern[at], pattern[at + 1]];
  if (own === undefined) return null;
  if (own === '\\') return next === undefined ? null : { end: at + 2, before: next, has: (unit) => unit === next };
  if (own === '-' && before !== null && next !== undefined && next !== ']') return rangeAt(pattern, at + 1, before, anyCase);
  const named = own === '[' && next === ':' ? classAt(pattern, at + 2, anyCase) : undefined;
  return named === undefined ? { end: at + 1, before: own, has: (unit) => unit === own } : named;
}
function rangeAt(pattern: string, at: number, first: string, anyCase: boolean): Item | null {
  const isQuoted = pattern[at] === '\\';
  const last = pattern[isQuoted ? at + 1 : at];
  if (last === undefined) return null;
  const holds: Test = (unit) => unit >= first && unit <= last;
  return {
    end: at + (isQuoted ? 2 : 1),
    before: null,
    has: (unit) => holds(unit) || (anyCase && /[a-z]/.test(unit) && holds(unit.toUpperCase())),
  };
}
/** Null: no class has this name; undefined: it is none, but a bracket. */
function classAt(pattern: string, at: number, anyCase: boolean): Item | null | undefined {
  const end = pattern.indexOf(']', at);
  if (end < 0) return null;
  if (end === at || pattern[end - 1] !== ':') return undefined;
  const name = pattern.slice(at, end - 1);
  const of = Object.hasOwn(CLASSES, name) ? CLASSES[name]! : null;
  if (of === null) return null;
  // names are compared in lower case then
  const found = anyCase && name === 'upper' ? CLASSES['alpha']! : of;
  return { end: end + 1, before: null, has: (unit) => found.test(unit) };
}
/** Of ASCII alone, whatever the locale. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};
