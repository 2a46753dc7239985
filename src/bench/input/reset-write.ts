import { thumbExpandImm } from '../../emu/core/isa/expand-imm.ts';
import { is, type Encoding } from './encoding.ts';
import { mayWriteNarrow, mayWriteWide } from './known-words.ts';

/** AIRCR.VECTKEY, which a write that resets has in its upper half (Armv7-M ARM B3.2.6). */
export const VECTKEY = 0x05fa;
/** AIRCR.SYSRESETREQ and VECTRESET. A write of the key without them sets the priority grouping, as HAL_Init does. */
const RESETS = 4 | 1;

/**
 * Straight code puts the key and a bit that resets into one register: compilers fold both into one constant, or set the bit by an instruction of its own. Which path leads
 * there is not looked at.
 * @param word the one at an address, null where the image has none
 */
export function writesReset(code: DataView, start: number, word: (address: number) => number | null): boolean {
  const ones = new Map<number, number>();
  const literals = new Set<number>();
  for (let at = 0; at + 2 <= code.byteLength;) {
    const pc = start + at;
    const first = code.getUint16(at, true);
    if (literals.has(pc)) {
      at += 4;
      continue;
    }
    const isWide = first >>> 11 >= 0x1d && at + 4 <= code.byteLength;
    const bits = isWide ? (first << 16) | code.getUint16(at + 2, true) : first;
    const literal = literalOf(bits, pc);
    if (literal !== null) literals.add(literal);
    const [register, value] =
      literal === null ? (isWide ? wideOnes : narrowOnes)(bits, (r) => ones.get(r) ?? 0) : [loaded(bits), word(literal)];
    forget(ones, isWide ? mayWriteWide(bits) : mayWriteNarrow(bits));
    if (value !== null) ones.set(register, value);
    if (value !== null && isReset(value)) return true;
    at += isWide ? 4 : 2;
  }
  return false;
}
const isReset = (value: number): boolean => value >>> 16 === VECTKEY && (value & RESETS) !== 0;
function forget(ones: Map<number, number>, written: number): void {
  for (const r of ones.keys()) if (written & (1 << r)) ones.delete(r);
}

type Known = (register: number) => number;
/** What is known of the register that the instruction writes: null for nothing. */
type Result = readonly [register: number, ones: number | null];
const NOTHING: Result = [0, null];

const LDR_LITERAL_T1: Encoding = { mask: 0xf800, value: 0x4800 };
const LDR_LITERAL_T2: Encoding = { mask: 0xff7f0000 | 0, value: 0xf85f0000 | 0 };
const isNarrow = (bits: number): boolean => bits >>> 16 === 0;
function literalOf(bits: number, pc: number): number | null {
  const base = (pc + 4) & ~3;
  if (isNarrow(bits)) return is(bits, LDR_LITERAL_T1) ? base + (bits & 0xff) * 4 : null;
  if (!is(bits, LDR_LITERAL_T2)) return null;
  return base + (bits & 0x00800000 ? bits & 0xfff : -(bits & 0xfff));
}
const loaded = (bits: number): number => (isNarrow(bits) ? (bits >>> 8) & 7 : (bits >>> 12) & 15);

/** A sum is one of bits where no bit is in both. */
const sum = (a: number, b: number): number | null => ((a & b) === 0 ? a | b : null);
const NARROW: readonly (readonly [mask: number, value: number, of: (bits: number, known: Known) => Result])[] = [
  [0xf800, 0x2000, (b) => [(b >>> 8) & 7, b & 0xff]], // MOVS
  [0xf800, 0x3000, (b, known) => [(b >>> 8) & 7, sum(known((b >>> 8) & 7), b & 0xff)]], // ADDS
  [0xfe00, 0x1c00, (b, known) => [b & 7, sum(known((b >>> 3) & 7), (b >>> 6) & 7)]],
  [0xfe00, 0x1800, (b, known) => [b & 7, sum(known((b >>> 3) & 7), known((b >>> 6) & 7))]],
  [0xffc0, 0x4300, (b, known) => [b & 7, known(b & 7) | known((b >>> 3) & 7)]], // ORRS
  [0xff00, 0x4600, (b, known) => [(b & 7) | ((b >>> 4) & 8), known((b >>> 3) & 15)]], // MOV
  [0xf800, 0x0000, (b, known) => [b & 7, known((b >>> 3) & 7) << ((b >>> 6) & 31)]], // LSLS
];
function narrowOnes(bits: number, known: Known): Result {
  return NARROW.find(([mask, value]) => (bits & mask) === value)?.[2](bits, known) ?? NOTHING;
}

const MOVW: Encoding = { mask: 0xfbf08000 | 0, value: 0xf2400000 | 0 };
const MOVT: Encoding = { mask: 0xfbf08000 | 0, value: 0xf2c00000 | 0 };
/** Of a modified constant, with flags or without; of register 15 ORR is MOV. */
const ORR_IMM: Encoding = { mask: 0xfbe08000 | 0, value: 0xf0400000 | 0 };
const ADD_IMM: Encoding = { mask: 0xfbe08000 | 0, value: 0xf1000000 | 0 };
/** Of a register shifted to the left. */
const ORR_REGISTER: Encoding = { mask: 0xffe00030 | 0, value: 0xea400000 | 0 };
function wideOnes(bits: number, known: Known): Result {
  const rd = (bits >>> 8) & 15;
  const n = (bits >>> 16) & 15;
  const rn = n === 15 ? 0 : known(n);
  const half = ((bits >>> 4) & 0xf000) | ((bits >>> 15) & 0x0800) | ((bits >>> 4) & 0x0700) | (bits & 0xff);
  const constant = (): number => thumbExpandImm(((bits >>> 15) & 0x800) | ((bits >>> 4) & 0x700) | (bits & 0xff));
  if (is(bits, MOVW)) return [rd, half];
  if (is(bits, MOVT)) return [rd, (half << 16) | (known(rd) & 0xffff)];
  if (is(bits, ORR_IMM)) return [rd, rn | constant()];
  if (is(bits, ADD_IMM)) return [rd, sum(rn, constant())];
  if (is(bits, ORR_REGISTER)) return [rd, rn | (known(bits & 15) << (((bits >>> 10) & 28) | ((bits >>> 6) & 3)))];
  return NOTHING;
}
