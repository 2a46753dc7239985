/**
 * Parts of a text that a compiler compares in place of a call of strcmp or memcmp: a word, a half-word or a byte at a time, each with a number of the code. As with known
 * words, code is read as it stands, whichever path leads there; but where a branch for equality leads further on, the next part of a text is compared there, with the bases
 * that the branch had. Encodings: Armv7-M ARM, A5.
 */
import { thumbExpandImm } from '../../emu/core/isa/expand-imm.ts';
import { is, type Encoding } from './encoding.ts';

/** What lies `at` is compared with a number. */
export interface Piece {
  /** An address; where that is not known, a number that differs for each base. */
  readonly at: number;
  readonly size: number;
  readonly value: number;
  readonly pc: number;
}

/** Loads with an offset, by size. */
const NARROW_LOADS: ReadonlyMap<number, number> = new Map([
  [0b01101, 4],
  [0b01111, 1],
  [0b10001, 2],
]);
const WIDE_LOADS: ReadonlyMap<number, number> = new Map([
  [0xf8d, 4],
  [0xf89, 1],
  [0xf8b, 2],
]);
const CMP_T1: Encoding = { mask: 0xf800, value: 0x2800 };
const CMP_LOW: Encoding = { mask: 0xffc0, value: 0x4280 };
const CMP_HIGH: Encoding = { mask: 0xff00, value: 0x4500 };
const CMP_T2: Encoding = { mask: 0xfbf08f00, value: 0xf1b00f00 };
const ADDS_T2: Encoding = { mask: 0xf800, value: 0x3000 };
const SUBS_T2: Encoding = { mask: 0xf800, value: 0x3800 };
/** Of a modified constant, and of one of twelve bits. */
const ADD_T3: Encoding = { mask: 0xfbe08000, value: 0xf1000000 };
const SUB_T3: Encoding = { mask: 0xfbe08000, value: 0xf1a00000 };
const ADD_T4: Encoding = { mask: 0xfbf08000, value: 0xf2000000 };
const SUB_T4: Encoding = { mask: 0xfbf08000, value: 0xf2a00000 };
const MOVW: Encoding = { mask: 0xfbf08000, value: 0xf2400000 };

/** BEQ, in half a word and in a whole one. */
const BEQ_T1: Encoding = { mask: 0xff00, value: 0xd000 };
const BEQ_T3: Encoding = { mask: 0xfbc0d000, value: 0xf0008000 };

const BETWEEN_BASES = 0x10000;

export class ComparedPieces {
  readonly pieces: Piece[] = [];
  private readonly values = new Map<number, number>();
  private readonly bases = new Map<number, number>();
  private readonly loaded = new Map<number, Pick<Piece, 'at' | 'size'>>();
  private unknown = 0;
  /** What the registers held at branches for equality to code further on, by where they lead. */
  private readonly equal = new Map<number, ReadonlyMap<number, number>>();

  constant(register: number, value: number): void {
    this.values.set(register, value >>> 0);
    this.bases.set(register, value >>> 0);
  }

  /** @param written registers that it may write, as a mask */
  narrow(bits: number, pc: number, written: number): void {
    this.arrive(pc);
    if (is(bits, BEQ_T1)) this.leadsOn(pc, pc + 4 + ((bits << 24) >> 23));
    const [low, third] = [bits & 7, (bits >>> 3) & 7];
    const imm = bits & 0xff;
    const register = (bits >>> 8) & 7;
    if (is(bits, CMP_T1)) this.compare(register, imm, pc);
    else if (is(bits, CMP_LOW)) this.compareBoth(low, third, pc);
    else if (is(bits, CMP_HIGH)) this.compareBoth(low | ((bits >>> 4) & 8), (bits >>> 3) & 15, pc);
    const size = NARROW_LOADS.get(bits >>> 11);
    if (size !== undefined) this.load(low, third, ((bits >>> 6) & 31) * size, size, written);
    else if (is(bits, ADDS_T2)) this.add(register, register, imm, written);
    else if (is(bits, SUBS_T2)) this.add(register, register, -imm, written);
    else this.forget(written);
  }

  wide(bits: number, pc: number, written: number): void {
    this.arrive(pc);
    if (is(bits, BEQ_T3)) this.leadsOn(pc, pc + 4 + (bits & 0x04000000 ? -1 : ((bits >>> 4) & 0x3f000) | ((bits & 0x7ff) << 1)));
    const [rn, rd, rt] = [(bits >>> 16) & 15, (bits >>> 8) & 15, (bits >>> 12) & 15];
    const twelve = ((bits >>> 15) & 0x800) | ((bits >>> 4) & 0x700) | (bits & 0xff);
    const size = WIDE_LOADS.get(bits >>> 20);
    if (is(bits, CMP_T2)) this.compare(rn, thumbExpandImm(twelve), pc);
    if (size !== undefined) this.load(rt, rn, bits & 0xfff, size, written);
    else if (is(bits, ADD_T3)) this.add(rd, rn, thumbExpandImm(twelve), written);
    else if (is(bits, SUB_T3)) this.add(rd, rn, -thumbExpandImm(twelve), written);
    else if (is(bits, ADD_T4)) this.add(rd, rn, twelve, written);
    else if (is(bits, SUB_T4)) this.add(rd, rn, -twelve, written);
    else {
      this.forget(written);
      if (is(bits, MOVW)) this.values.set(rd, ((bits >>> 4) & 0xf000) | twelve);
    }
  }

  private leadsOn(pc: number, to: number): void {
    if (to > pc && !this.equal.has(to)) this.equal.set(to, new Map(this.bases));
  }
  private arrive(pc: number): void {
    const bases = this.equal.get(pc);
    if (bases === undefined) return;
    for (const [register, base] of bases) this.bases.set(register, base);
  }
  private forget(written: number): void {
    for (const map of [this.values, this.bases, this.loaded])
      for (const register of map.keys()) if (written & (1 << register)) map.delete(register);
  }
  private load(rt: number, rn: number, offset: number, size: number, written: number): void {
    let base = this.bases.get(rn);
    if (base === undefined) this.bases.set(rn, (base = --this.unknown * BETWEEN_BASES));
    this.forget(written);
    this.loaded.set(rt, { at: base + offset, size });
  }
  private add(rd: number, rn: number, by: number, written: number): void {
    const value = this.values.get(rn);
    this.forget(written);
    if (value !== undefined) this.values.set(rd, (value + by) >>> 0);
  }
  private compareBoth(a: number, b: number, pc: number): void {
    for (const [loaded, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const value = this.values.get(other);
      if (value !== undefined) this.compare(loaded, value, pc);
    }
  }
  private compare(register: number, value: number, pc: number): void {
    const from = this.loaded.get(register);
    if (from !== undefined) this.pieces.push({ ...from, value, pc });
  }
}
