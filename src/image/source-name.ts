/**
 * Symbols of C++ and Rust as their source spells them, without arguments: `boot::Jumper::go` of `_ZN4boot6Jumper2goEv`. Only plain paths: what has templates,
 * operators or types in it keeps its symbol. Itanium C++ ABI 5.1, Rust RFC 2603.
 */

/** Letters between numbers: no path of a firmware is deeper. */
const DEEPEST = 32;

/** The name of the source, or the symbol itself where it is none or cannot be read. */
export function sourceName(symbol: string): string {
  if (!isMangled(symbol)) return symbol;
  const parts = symbol.startsWith('_R') ? rustPath(new Reader(symbol, 2)) : itaniumPath(new Reader(symbol, 2));
  return parts === null || parts.length === 0 ? symbol : parts.join('::');
}
export const isMangled = (symbol: string): boolean => /^_(?:Z[NLSK0-9]|R[A-Z])/.test(symbol);

class Reader {
  private readonly text: string;
  private at: number;
  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }
  /** What stands here, if it is of that kind. */
  take(pattern: RegExp): string | null {
    const sticky = new RegExp(pattern, 'y');
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found ?? null;
  }
  /** So many letters; null where there are fewer. */
  letters(count: number): string | null {
    const text = this.text.slice(this.at, this.at + count);
    this.at += count;
    return text.length === count ? text : null;
  }
}

/** `4boot` */
function identifier(r: Reader): string | null {
  const length = r.take(/[1-9]\d*/);
  return length === null ? null : r.letters(Number(length));
}

/** `N4boot6Jumper2goE`, `L4jumpj`, `10disconnectv`; a constructor has the class's name. */
function itaniumPath(r: Reader): string[] | null {
  if (r.take(/N[rVK]*[RO]?/) === null) return single(r);
  const parts: string[] = r.take(/St/) === null ? [] : ['std'];
  while (r.take(/E/) === null) {
    const part = component(r, parts.at(-1));
    if (part === null || parts.length === DEEPEST) return null;
    parts.push(part);
  }
  return parts.at(-1)?.match(/^h[0-9a-f]{16}$/) ? parts.slice(0, -1).map(unescaped) : parts;
}
/** A template's arguments are types: they are not read. */
function single(r: Reader): string[] | null {
  const std = r.take(/St/) === null ? [] : ['std'];
  r.take(/L/);
  const name = identifier(r);
  return name === null || r.take(/I/) !== null ? null : [...std, name];
}
function component(r: Reader, outer: string | undefined): string | null {
  if (outer !== undefined && r.take(/C[123]/) !== null) return outer;
  if (outer !== undefined && r.take(/D[012]/) !== null) return `~${outer}`;
  r.take(/L/);
  const name = identifier(r);
  return name?.startsWith('_GLOBAL__N') === true ? '(anonymous namespace)' : name;
}
/** Rust writes its own punctuation into identifiers of C++. */
const ESCAPES: readonly (readonly [string, string])[] = [
  ['$LT$', '<'],
  ['$GT$', '>'],
  ['$u20$', ' '],
  ['$RF$', '&'],
  ['$u7b$', '{'],
  ['$u7d$', '}'],
  ['..', '::'],
];
const unescaped = (part: string): string => ESCAPES.reduce((text, [from, to]) => text.replaceAll(from, to), part.replace(/^_(?=\$)/, ''));

/** `NvNtCs4fqI2P2rA04_7fw_h7433app4jump`: the outermost name is the last to be opened. */
function rustPath(r: Reader): string[] | null {
  let depth = 0;
  while (r.take(/N[A-Za-z]/) !== null) depth++;
  if (depth > DEEPEST || r.take(/C/) === null) return null;
  const parts: string[] = [];
  for (let i = 0; i <= depth; i++) {
    r.take(/s[0-9A-Za-z]*_/);
    const name = rustIdentifier(r);
    if (name === null) return null;
    parts.push(name);
  }
  return parts;
}
/** A closure has no name. */
function rustIdentifier(r: Reader): string | null {
  if (r.take(/0/) !== null) return '{closure}';
  const length = r.take(/[1-9]\d*/);
  if (length === null) return null;
  r.take(/_/);
  return r.letters(Number(length));
}
