/** From instruction bits to an op with operands: a table made once per profile from the rows. */
import type { Profile } from './builder.ts';
import { OPS, ROWS, type Decoded, type Fields, type OpDef, type Refusal, type Row } from './rows.ts';

interface Piece {
  readonly letter: string;
  /** Position of the piece's lowest bit in the instruction, its width, and its place in the field. */
  readonly from: number;
  readonly width: number;
  readonly to: number;
  /** The first piece of its field sets it, the others add to it. */
  readonly starts: boolean;
}
interface CompiledRow {
  readonly row: Row;
  readonly mask: number;
  readonly value: number;
  readonly pieces: readonly Piece[];
  /** Filled for each instruction anew; `Row.decode` keeps nothing of it. */
  readonly fields: Record<string, number>;
}

function compile(row: Row): CompiledRow {
  const bits = row.pattern;
  const n = bits.length;
  let mask = 0;
  let value = 0;
  const width: Record<string, number> = {};
  const runs: { letter: string; from: number; width: number }[] = [];
  for (let i = 0; i < n; i++) {
    const ch = bits[i]!;
    const place = n - 1 - i;
    if (ch === '0' || ch === '1') {
      mask |= 1 << place;
      if (ch === '1') value |= 1 << place;
    } else if (ch !== 'x') {
      width[ch] = (width[ch] ?? 0) + 1;
      const last = runs.at(-1);
      if (last && last.letter === ch && last.from === place + 1) {
        last.from = place;
        last.width++;
      } else runs.push({ letter: ch, from: place, width: 1 });
    }
  }
  const left: Record<string, number> = { ...width };
  const pieces = runs.map(({ letter, from, width: bits }): Piece => {
    const starts = left[letter] === width[letter];
    return { letter, from, width: bits, starts, to: (left[letter] = left[letter]! - bits) };
  });
  return { row, mask: mask >>> 0, value: value >>> 0, pieces, fields: {} };
}

/** Whether the first six bits of a pattern may be these. */
function beginsWith(pattern: string, top: number): boolean {
  for (let i = 0; i < 6; i++) {
    const ch = pattern[i];
    if ((ch === '0' || ch === '1') && ch !== ((top >>> (5 - i)) & 1 ? '1' : '0')) return false;
  }
  return true;
}

/** An instruction as decoded: its row, op and operands, or null for UNDEFINED. */
export interface Instruction {
  readonly row: Row;
  readonly def: OpDef;
  readonly decoded: Decoded;
  readonly size: 2 | 4;
  /** Two characters that no other instruction has. */
  readonly name: string;
}
let named = 0;
function nextName(): string {
  const n = named++;
  return String.fromCharCode(n & 0xffff, n >>> 16);
}

/** ITSTATE after one more instruction of its block (ARM ARM `ITAdvance`). */
export const advanceIt = (it: number): number => ((it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f));
/** True if a first half-word starts a 32-bit instruction. ARMv6-M and later agree. */
export const isWide = (hw: number): boolean => (hw & 0xf800) > 0xe000;

/** With all properties in one order: whoever reads them finds one kind of object. */
const uniform = ({ op, v, vIT, a, b, c, d, imm }: Decoded): Decoded => ({ op, v, vIT, a, b, c, d, imm });

/** Instructions kept decoded: more than a firmware has different ones that matter, less than a sweep over all encodings. */
const KNOWN_LIMIT = 8192;

export type Match = { readonly row: Row; readonly found: Decoded | Refusal } | { readonly row: null; readonly found: 'undefined' };
const NOWHERE: Match = { row: null, found: 'undefined' };

export class Decoder {
  readonly profile: Profile;
  private readonly rows: readonly Row[];
  private readonly compiled = new Map<Row, CompiledRow>();
  /** Rows by the top six bits of the first half-word, looked for at the first instruction that has them. */
  private readonly narrow: (readonly CompiledRow[])[] = [];
  private readonly wide: (readonly CompiledRow[])[] = [];

  constructor(profile: Profile) {
    this.profile = profile;
    this.rows = ROWS.filter((r) => r.on(profile));
  }
  private rowsWith(top: number, size: 16 | 32): readonly CompiledRow[] {
    const rows: CompiledRow[] = [];
    for (const row of this.rows) {
      if (row.pattern.length !== size || !beginsWith(row.pattern, top)) continue;
      let compiled = this.compiled.get(row);
      if (!compiled) this.compiled.set(row, (compiled = compile(row)));
      rows.push(compiled);
    }
    return rows;
  }

  /** By instruction bits; system instructions are decoded each time they run. */
  private readonly known = new Map<number, Instruction | null>();

  /** Decodes; `second` is the following half-word, looked at only for 32-bit instructions. Null takes UNDEFINSTR. */
  decode(first: number, second: number): Instruction | null {
    const bits = isWide(first) ? ((first << 16) | second) >>> 0 : first;
    const known = this.known.get(bits);
    if (known !== undefined) return known;
    const found = this.classify(first, second);
    const instruction = typeof found === 'string' ? null : found;
    if (this.known.size >= KNOWN_LIMIT) this.known.clear();
    this.known.set(bits, instruction);
    return instruction;
  }
  /** As decode, but says why there is no instruction. */
  classify(first: number, second: number): Instruction | Refusal {
    const m = this.match(first, second);
    if (m.row === null) return m.found;
    if (typeof m.found === 'string') return m.found;
    return { row: m.row, def: OPS.get(m.found.op)!, decoded: uniform(m.found), size: isWide(first) ? 4 : 2, name: nextName() };
  }
  /** The row that an encoding belongs to and what it makes of it. */
  match(first: number, second: number): Match {
    const wide = isWide(first);
    const bits = wide ? ((first << 16) | second) >>> 0 : first;
    const top = first >>> 10;
    const rows = wide ? (this.wide[top] ??= this.rowsWith(top, 32)) : (this.narrow[top] ??= this.rowsWith(top, 16));
    for (let i = 0; i < rows.length; i++) {
      const r = rows[i]!;
      if (((bits ^ r.value) & r.mask) !== 0) continue;
      const { fields, pieces } = r;
      for (let k = 0; k < pieces.length; k++) {
        const p = pieces[k]!;
        const part = ((bits >>> p.from) & ((1 << p.width) - 1)) << p.to;
        fields[p.letter] = p.starts ? part : fields[p.letter]! | part;
      }
      const found = r.row.decode(fields as Fields, this.profile);
      if (found !== null) return { row: r.row, found };
    }
    return NOWHERE;
  }
}
