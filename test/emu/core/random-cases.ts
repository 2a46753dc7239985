/** Seeded random instructions and CPU states. */
import type { Profile } from '../../../src/emu/core/builder.ts';
import { ROWS, type Row } from '../../../src/emu/core/rows.ts';
import { DATA, DATA_BYTES, SP, XPSR, PC, type Registers } from './unicorn.ts';

/** mulberry32: small and the same everywhere. */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed >>> 0;
  }
  u32(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
  below(n: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** A row's pattern, gone through once: the bits that are fixed and, where none is, the index of its field or −1 for a bit that is ignored. */
interface Shape {
  readonly fixed: Uint8Array;
  readonly fieldAt: Int8Array;
  readonly widths: readonly number[];
}
const FIXED = -2;
const IGNORED = -1;
const shapes = new WeakMap<Row, Shape>();
function shapeOf(row: Row): Shape {
  let shape = shapes.get(row);
  if (!shape) {
    const letters = [...new Set(row.pattern.replaceAll(/[01x]/g, ''))];
    shape = {
      fixed: Uint8Array.from(row.pattern, (ch) => (ch === '1' ? 1 : 0)),
      fieldAt: Int8Array.from(row.pattern, (ch) => (ch === 'x' ? IGNORED : ch === '0' || ch === '1' ? FIXED : letters.indexOf(ch))),
      widths: letters.map((letter) => row.pattern.split(letter).length - 1),
    };
    shapes.set(row, shape);
  }
  return shape;
}
const SPECIAL = [13, 14, 15];
const values = new Uint32Array(16);
const left = new Int8Array(16);

/** Bits of a random instruction of this row. Fields of four bits are often the same register, or one of the special ones. */
export function randomBits(r: Random, row: Row): number {
  const same = r.below(15);
  const { fixed, fieldAt, widths } = shapeOf(row);
  left.fill(0);
  let bits = 0;
  for (let i = 0; i < fixed.length; i++) {
    const field = fieldAt[i]!;
    let bit = fixed[i]!;
    if (field === IGNORED) bit = r.below(2);
    else if (field >= 0) {
      if (left[field] === 0) {
        const kind = r.below(8);
        const width = widths[field]!;
        values[field] = width === 4 && kind === 0 ? same : width === 4 && kind === 1 ? r.pick(SPECIAL) : r.u32();
        left[field] = width;
      }
      bit = (values[field]! >>> --left[field]!) & 1;
    }
    bits = ((bits << 1) | bit) >>> 0;
  }
  return bits;
}
export const halfwords = (bits: number, wide: boolean): number[] => (wide ? [bits >>> 16, bits & 0xffff] : [bits]);

export const rowsOf = (p: Profile): Row[] => ROWS.filter((row) => row.on(p));

const CORNERS = [
  0, 1, 2, 3, 31, 32, 33, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
  0xffffffff, 0x80008000, 0x7fff7fff, 0x7f807f80,
];

/** Half of the registers point into the data, the others are corner values and noise; now and then all are corner values. SP always points into the data. */
export function randomState(r: Random, p: Profile, out: Registers, codeAt: number): void {
  const pointer = (): number => DATA + 0x400 + (r.below(DATA_BYTES - 0x800) & (r.below(8) ? ~3 : ~0));
  const onlyCorners = r.below(8) === 0;
  for (let i = 0; i < 15; i++) {
    const kind = onlyCorners ? 4 : r.below(8);
    out[i] = kind < 4 ? pointer() : kind < 5 ? r.pick(CORNERS) : kind < 6 ? r.below(256) : r.u32();
  }
  out[SP] = pointer() & ~7;
  out[PC] = codeAt;
  const apsr = p.dsp ? 0xf80f0000 : p.arch === 'v6m' ? 0xf0000000 : 0xf8000000;
  out[XPSR] = (r.u32() & apsr) >>> 0;
}
