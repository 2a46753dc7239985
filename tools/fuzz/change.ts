/** Small changes of what a reader takes in. */

/** Draws of one case. */
export class Draw {
  private readonly next: () => number;
  constructor(next: () => number) {
    this.next = next;
  }
  /** From 0 up to, but not including, `n`. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }
  chance(p: number): boolean {
    return this.next() < p;
  }
}

/** Where counts, sizes and signs go wrong. */
const NUMBERS = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffe, 0xffffffff,
];
export const number = (d: Draw): number => (d.chance(0.7) ? d.one(NUMBERS) : d.below(2 ** 32));

/** A region whose bytes are changed; the others stay. */
export interface Region {
  readonly from: number;
  readonly to: number;
}

/** One to four changes of bytes and words in a region. */
export function changeBytes(given: Uint8Array, d: Draw, { from, to }: Region = { from: 0, to: given.length }): Uint8Array {
  const bytes = given.slice();
  const size = Math.min(to, bytes.length) - from;
  if (size <= 0) return bytes;
  const view = new DataView(bytes.buffer);
  for (let n = 1 + d.below(4); n > 0; n--) {
    const at = from + d.below(size);
    const kind = d.below(5);
    if (kind === 0) bytes[at] = d.below(256);
    else if (kind === 1) bytes[at]! ^= 1 << d.below(8);
    else if (kind === 2 && at + 2 <= bytes.length) view.setUint16(at, number(d) & 0xffff, d.chance(0.8));
    else if (kind === 3 && at + 4 <= bytes.length) view.setUint32(at & ~3, number(d), d.chance(0.8));
    else bytes.copyWithin(at, from + d.below(size), from + d.below(size));
  }
  return bytes;
}

/** Cut, doubled, or as it is. */
export function changeLength(bytes: Uint8Array, d: Draw): Uint8Array {
  const kind = d.below(8);
  if (kind === 0) return bytes.slice(0, d.below(bytes.length + 1));
  if (kind > 1) return bytes;
  const at = d.below(bytes.length + 1);
  return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(d.below(at + 1))]);
}

/** Values of another kind, or at an edge. `__proto__` comes from JSON.parse as a key of its own. */
const ODD = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  '',
  '0',
  '-1s',
  '1e99s',
  '\u0000\u001b]0;x\u0007',
  '__proto__',
  [],
  {},
  [[]],
  [null],
  { a: 1 },
];
const KEYS = ['__proto__', 'constructor', 'toString', 'steps', 'board', 'at', 'do', ''];

/** A JSON value with a change somewhere inside. */
export function changeJson(value: unknown, d: Draw): unknown {
  if (typeof value !== 'object' || value === null || d.chance(0.1))
    return typeof value === 'string' && d.chance(0.5) ? changeText(value, d) : d.one(ODD);
  if (Array.isArray(value)) {
    const items = value as unknown[];
    if (items.length === 0 || d.chance(0.1)) return [...items, d.one(ODD)];
    const at = d.below(items.length);
    if (d.chance(0.2)) return [...items, items[at]];
    return items.map((item, i) => (i === at ? changeJson(item, d) : item));
  }
  const entries = Object.entries(value);
  const kind = d.below(10);
  if (entries.length === 0 || kind === 0) return withKeys([...entries, [d.one(KEYS), d.one(ODD)]]);
  const at = d.below(entries.length);
  if (kind === 1) return withKeys(entries.filter((_, i) => i !== at));
  return withKeys(entries.map(([key, inner], i) => [key, i === at ? changeJson(inner, d) : inner]));
}
/** With own keys only, as JSON.parse makes them. */
function withKeys(entries: readonly (readonly [string, unknown])[]): unknown {
  const made = {};
  for (const [key, value] of entries) Object.defineProperty(made, key, { value, enumerable: true, configurable: true, writable: true });
  return made;
}

export function changeText(text: string, d: Draw): string {
  const at = d.below(text.length + 1);
  const kind = d.below(4);
  if (kind === 0) return text.slice(0, at) + text.slice(at + 1 + d.below(4));
  if (kind === 1)
    return (
      text.slice(0, at) +
      String.fromCharCode(d.one([0, 9, 10, 13, 27, 32, 45, 48, 57, 70, 102, 0x7f, 0xff, 0x2028, 0xd800])) +
      text.slice(at)
    );
  if (kind === 2)
    return text.slice(0, at) + d.one(['-', '0x', '4294967296', '99999999999999999999', 'ffffffff', 'null', '\n']) + text.slice(at);
  return text.slice(0, at) + text.slice(d.below(at + 1));
}
