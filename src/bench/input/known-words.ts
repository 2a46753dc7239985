import { ComparedPieces } from './compared-pieces.ts';
import { is } from './encoding.ts';

/**
 * Words that straight code loads from addresses that stand in its own instructions. A register is known from the instruction that puts a constant there to the next one that
 * may write it; which path of the code leads to a load is not looked at. Encodings: Armv7-M ARM, A5.
 */
export class KnownWords {
  readonly loaded: number[] = [];
  /** Words, half-words and bytes that it loads or stores at such addresses, with the place. */
  readonly accessed: { readonly address: number; readonly isStore: boolean; readonly pc: number }[] = [];
  readonly compared = new ComparedPieces();
  private readonly registers = new Map<number, number>();

  /** Behind the instruction that does it. */
  set(register: number, value: number): void {
    this.registers.set(register, value >>> 0);
    this.compared.constant(register, value);
  }

  narrow(bits: number, pc: number): void {
    const offset = narrowOffset(bits);
    if (offset !== null) this.access((bits >>> 3) & 7, offset, !isNarrowLoad(bits), pc);
    // LDR (immediate) of a word
    if (bits >>> 11 === 0b01101) this.load((bits >>> 3) & 7, ((bits >>> 6) & 31) * 4);
    // LDMIA: the words one behind the other
    if (bits >>> 11 === 0b11001) for (let n = 0; n < ones(bits & 0xff); n++) this.load((bits >>> 8) & 7, 4 * n);
    const written = mayWriteNarrow(bits);
    this.forget(written);
    this.compared.narrow(bits, pc, written);
  }

  /** The constant that it makes of another one; null: none. */
  wide(bits: number, pc: number): number | null {
    const sum = this.sum(bits);
    const base = (bits >>> 16) & 15;
    if (is(bits, IMM12)) this.access(base, bits & 0xfff, (bits & (1 << 20)) === 0, pc);
    if (is(bits, LDR_IMM12)) this.load(base, bits & 0xfff);
    if (is(bits, LDRD_IMM)) for (const n of [0, 4]) this.load(base, (bits & 0xff) * 4 + n);
    const written = mayWriteWide(bits);
    this.forget(written);
    this.compared.wide(bits, pc, written);
    return sum;
  }
  /** Compilers reach an address from another one that a register holds already. */
  private sum(bits: number): number | null {
    const from = this.registers.get((bits >>> 16) & 15);
    const sign = is(bits, ADD_IMM) || is(bits, ADDW) ? 1 : is(bits, SUB_IMM) || is(bits, SUBW) ? -1 : 0;
    if (from === undefined || sign === 0) return null;
    const plain = ((bits >>> 15) & 0x800) | ((bits >>> 4) & 0x700) | (bits & 0xff);
    const by = is(bits, ADDW) || is(bits, SUBW) || plain < 0x100 ? plain : rotated(bits);
    return by === 0 ? null : (from + sign * by) >>> 0;
  }
  private forget(written: number): void {
    for (const register of this.registers.keys()) if (written & (1 << register)) this.registers.delete(register);
  }
  private access(base: number, offset: number, isStore: boolean, pc: number): void {
    const from = this.registers.get(base);
    if (from !== undefined) this.accessed.push({ address: (from + offset) >>> 0, isStore, pc });
  }
  private load(base: number, offset: number): void {
    const from = this.registers.get(base);
    if (from !== undefined) this.loaded.push((from + offset) >>> 0);
  }
}
/** The registers that a half-word may write, as a mask. */
export const mayWriteNarrow = (bits: number): number => WRITTEN.find(([mask, value]) => (bits & mask) === value)?.[2](bits) ?? 0;
/** Those that an instruction of two half-words may write. */
export function mayWriteWide(bits: number): number {
  // one of the two is what it writes, or neither; a store writes its base at most
  const isStore = is(bits, STR) || (is(bits, STRD) && !is(bits, STREX));
  const results = isStore ? 1 << ((bits >>> 16) & 15) : (1 << ((bits >>> 8) & 15)) | (1 << ((bits >>> 12) & 15));
  return (is(bits, BL) ? CALLEES : 0) | (!isStore || writesBack(bits) ? results : 0);
}
/** What a function may change (AAPCS32 6.1.1). */
const OF_CALLEES = [0, 1, 2, 3, 12];
const CALLEES = OF_CALLEES.reduce((mask, n) => mask | (1 << n), 0);
const at =
  (shift: number) =>
  (bits: number): number =>
    1 << ((bits >>> shift) & 7);
const list = (bits: number): number => bits & 0xff;
/** Registers that a half-word may write, as a mask, by encodings of which the first that fits counts. Stores and compares may stand with what writes. */
const WRITTEN: readonly (readonly [mask: number, value: number, registers: (bits: number) => number])[] = [
  [0xe000, 0x0000, at(0)], // shifts, ADD and SUB of registers
  [0xe000, 0x2000, at(8)], // MOVS, CMP, ADDS and SUBS of a number
  [0xfc00, 0x4000, at(0)], // data processing
  [0xff80, 0x4780, () => CALLEES], // BLX
  [0xff00, 0x4700, () => 0], // BX
  [0xfc00, 0x4400, (bits) => 1 << ((bits & 7) | ((bits >>> 4) & 8))], // ADD, CMP and MOV of high registers
  [0xf800, 0x4800, at(8)], // LDR of a literal
  [0xf000, 0x5000, at(0)], // loads and stores
  [0xe000, 0x6000, at(0)],
  [0xf000, 0x8000, at(0)],
  [0xf000, 0x9000, at(8)], // of the stack
  [0xf000, 0xa000, at(8)], // ADR, ADD of SP
  [0xfe00, 0xbc00, list], // POP
  [0xfe00, 0xb400, () => 0], // PUSH
  [0xff00, 0xb600, () => 0], // CPS
  [0xf500, 0xb100, () => 0], // CBZ, CBNZ
  [0xff00, 0xbf00, () => 0], // IT, hints
  [0xf000, 0xb000, at(0)],
  [0xf000, 0xc000, (bits) => list(bits) | at(8)(bits)], // STMIA, LDMIA
];
/** Loads and stores with an offset of five bits, by their upper bits: in what their offset counts. */
const NARROW_UNITS: ReadonlyMap<number, number> = new Map([
  [0b0110, 4],
  [0b0111, 1],
  [0b1000, 2],
]);
/** The offset in bytes of a load or store with one of five bits; null of another instruction. */
export function narrowOffset(bits: number): number | null {
  const unit = NARROW_UNITS.get(bits >>> 12);
  return unit === undefined ? null : ((bits >>> 6) & 31) * unit;
}
/** Of those, a load. */
export const isNarrowLoad = (bits: number): boolean => (bits & 0x800) !== 0;
/** Loads and stores of any width with an offset of twelve bits. */
const IMM12 = { mask: 0xfe800000, value: 0xf8800000 };
const LDR_IMM12 = { mask: 0xfff00000, value: 0xf8d00000 };
/** Its second register is in bits 8 to 11. */
const LDRD_IMM = { mask: 0xfff00000, value: 0xe9d00000 };
/** Of a modified constant, with or without flags, and of twelve bits; those of SP and PC name no constant. */
const ADD_IMM = { mask: 0xfbe08000 | 0, value: 0xf1000000 | 0 };
const SUB_IMM = { mask: 0xfbe08000 | 0, value: 0xf1a00000 | 0 };
const ADDW = { mask: 0xfbf08000 | 0, value: 0xf2000000 | 0 };
const SUBW = { mask: 0xfbf08000 | 0, value: 0xf2a00000 | 0 };
/** A byte with its top bit set, rotated right by the five bits i:imm3:a (Armv7-M ARM A5.3.2); 0 for the other forms, which repeat a byte. */
export function rotated(bits: number): number {
  const by = ((bits >>> 22) & 16) | ((bits >>> 11) & 14) | ((bits >>> 7) & 1);
  if (by < 8) return 0;
  const byte = 0x80 | (bits & 0x7f);
  return ((byte >>> by) | (byte << (32 - by))) >>> 0;
}
const BL = { mask: 0xf800d000, value: 0xf000d000 };
/** STR, STRB and STRH of all forms. */
const STR = { mask: 0xff100000, value: 0xf8000000 };
const STRD = { mask: 0xfe500000, value: 0xe8400000 };
/** It writes whether it stored. */
const STREX = { mask: 0xfff00000, value: 0xe8400000 };
/** STRD has W in its first half-word, STR in its second, beside a bit that tells its offset of eight bits from a register. */
const writesBack = (bits: number): boolean => (is(bits, STRD) ? (bits & (1 << 21)) !== 0 : (bits & 0x800900) === 0x900);
const ones = (bits: number): number => [...bits.toString(2)].filter((bit) => bit === '1').length;
