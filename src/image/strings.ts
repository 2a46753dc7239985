/**
 * Strings of a section, by their offset. Many may begin in one long text, so that a small file names gigabytes: a string is cut, a long one is read once, and all
 * long ones together are bounded by the section that they stand in.
 */

/** Longer than names of real firmware, templates of C++ included. */
const LONGEST = 4096;
/** A string up to here costs no more than what names it. */
const SHORT = 256;
/** Linkers let strings share their ends, so that together they are longer than their section. */
const SHARED = 4;
/** All long ones together; real firmware has less. Who reads them does not hear signals. */
const MOST_LONG = 2 ** 24;

const utf8 = new TextDecoder('utf-8');
/** A name is one line: what an image calls a file or a function begins no lines of its own in a report. */
const nameOf = (bytes: Uint8Array): string => utf8.decode(bytes).replace(/[\t\n]/g, '\ufffd');

export class StringTable {
  private readonly bytes: Uint8Array;
  private readonly long = new Map<number, string>();
  private room: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.room = Math.min(SHARED * bytes.length, MOST_LONG) + LONGEST;
  }

  /** The string at `offset`, ended by NUL or by the section; null where none can be: behind the section, or where the others were too long. */
  at(offset: number): string | null {
    if (offset > this.bytes.length) return null;
    const known = this.long.get(offset);
    if (known !== undefined) return known;
    // where no long one is taken, none is looked through
    const piece = textAt(this.bytes, offset, this.room > 0 ? LONGEST : SHORT + 1);
    if (piece.length <= SHORT) return nameOf(piece);
    if (piece.length > this.room) {
      this.room = 0;
      return null;
    }
    this.room -= piece.length;
    const text = nameOf(piece);
    this.long.set(offset, text);
    return text;
  }
}

/** The bytes up to the next NUL; the beginning of a string that is longer than `longest`. */
function textAt(bytes: Uint8Array, from: number, longest: number): Uint8Array {
  const most = bytes.subarray(from, from + longest);
  const to = most.indexOf(0);
  return to < 0 ? most : most.subarray(0, to);
}

/** A string that stands between others, without its end where it is too long. */
export const shortened = (bytes: Uint8Array, from: number, to: number): string =>
  nameOf(bytes.subarray(from, Math.min(to, from + LONGEST)));

const tables = new WeakMap<Uint8Array, StringTable>();
/** The table of a section, the same for each reader. */
export function stringTable(section: Uint8Array): StringTable {
  let table = tables.get(section);
  if (table === undefined) tables.set(section, (table = new StringTable(section)));
  return table;
}
