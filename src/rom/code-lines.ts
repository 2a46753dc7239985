/** Which lines the code of a stand-in ROM comes from: what its debug data say, small enough for a page. */

export interface CodeLines {
  /** Address of the first byte. */
  readonly base: number;
  /** Paths below rom/. */
  readonly files: readonly string[];
  readonly functions: readonly string[];
  /** Of each stretch of code, rising in address, four numbers: its bytes; index into `files`, -1: no line is known; the line; index into `functions`, -1: no name. */
  readonly stretches: readonly number[];
}
export interface CodeLine {
  /** Null: none is known. */
  readonly symbol: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** Address of the first byte of this stretch. */
  readonly from: number;
}
/** Numbers of a stretch. */
const EACH = 4;

/** The line of an address; null outside of the code. */
export function codeLine({ base, files, functions, stretches }: CodeLines, address: number): CodeLine | null {
  if (address < base) return null;
  for (let i = 0, from = base; i < stretches.length; from += stretches[i]!, i += EACH) {
    if (address >= from + stretches[i]!) continue;
    const file = files[stretches[i + 1]!] ?? null;
    return { symbol: functions[stretches[i + 3]!] ?? null, file, line: file === null ? null : stretches[i + 2]!, from };
  }
  return null;
}
