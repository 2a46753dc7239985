/** Which bits of a word a polling loop goes by, read from its instructions. */
import type { Instruction } from './decode.ts';

interface Code {
  instructionAt(pc: number): Instruction | null;
  peek(address: number, size: 4): number | null;
}
type Decoded = Instruction['decoded'];

/** Effort: instructions from the read to the branch. */
const FAR = 16;

/** What is left of the word that was read, and how far to the right it stands (to the left: less than 0). */
interface Held {
  readonly shift: number;
  readonly bits: number;
  /** Shifted by what a register holds: nobody knows how far. */
  readonly lost?: true;
}
/** What registers are known to hold. */
interface Known {
  readonly constants: Map<number, number>;
  readonly words: Map<number, Held>;
  /** Registers that were last loaded from memory since the read, where the word may have been: what is in others is not of it. */
  readonly loaded: Set<number>;
}
/** Bits of the word, and whether they are surely those of this read: it may be in memory between, or the read may be another. */
interface Mask {
  readonly bits: number;
  readonly sure: boolean;
  /** Those that a branch by the zero flag goes by, where a branch by the sign goes by `bits`. */
  readonly ifZero?: number;
}
/** EQ or NE. */
const goesByZero = (condition: unknown): boolean => condition === 0 || condition === 1;

/**
 * Bits that a short polling loop around `pc` tests: the constant of a TST or AND behind the load, in the instruction or in a register that was given it there (as on
 * Armv6-M), or of LSLS. Null if unknown: the mask came from elsewhere, or the function ends before.
 */
export function testedMask(code: Code, pc: number): number | null {
  const known: Known = { constants: new Map(), words: new Map(), loaded: new Set() };
  let mask: Mask | null = null;
  let at = pc;
  for (let i = 0; i < FAR; i++) {
    const ins = code.instructionAt(at);
    if (!ins) break;
    const { op, imm = 0, v } = ins.decoded;
    const isBack = /^B(_cond)?$/.test(op) && (imm | 0) < -2;
    // the program goes by what it has tested up to here
    if (mask !== null && (isBack || /^(B_cond|CBN?Z)/.test(op)))
      return v !== undefined && goesByZero(v['cc']) ? (mask.ifZero ?? mask.bits) : mask.bits;
    // back to the start of the loop, in the middle of which it may have been found
    if (isBack) {
      at = (at + 4 + imm) >>> 0;
      continue;
    }
    const tested = testOf(ins.decoded, known);
    if (tested === 'end') break;
    mask = surer(mask, tested);
    follow(code, at, ins.decoded, known, at === pc);
    at += ins.size;
  }
  return mask === null ? null : mask.bits;
}
/** The later test counts, but what may be of another word does not stand in for what is surely of this one. */
const surer = (mask: Mask | null, tested: Mask | null): Mask | null =>
  tested === null || (mask?.sure === true && !tested.sure) ? mask : tested;
const WHOLE: Held = { shift: 0, bits: 0xffffffff };

const of = <T>(registers: ReadonlyMap<number, T>, register: number | undefined): T | undefined =>
  register === undefined ? undefined : registers.get(register);

/** Where bits of a register stand in the word that was read. */
function backIn(held: Held | undefined, bits: number): Mask {
  if (held === undefined) return { bits: bits >>> 0, sure: false };
  return { bits: (moved(bits, held.shift) & held.bits) >>> 0, sure: true };
}
/** To the left, or to the right by less than 0. */
const moved = (bits: number, by: number): number => (Math.abs(by) > 31 ? 0 : by >= 0 ? bits << by : bits >>> -by);

/** The bits that an instruction tests; null if it tests none, `end` where nobody knows them from here on. */
function testOf({ op, b, c, imm = 0, v }: Decoded, known: Known): Mask | null | 'end' {
  const held = of(known.words, b);
  if (isLost(op, held, of(known.words, c))) return 'end';
  if (/^(TST|AND)_imm/.test(op)) return backIn(held, imm);
  if (op === 'TST_reg' || op === 'AND_reg') return testOfRegister(b, c, known);
  if (/^(TST|AND|BIC)_(?!imm)|^(BX|LDM_pc)$/.test(op)) return 'end';
  if (held !== undefined && isField(op, held)) return { bits: behindShift(held, op, imm, c).bits, sure: true };
  // a constant that is shifted is the mask of a test to come; it may have been put there in front of the read
  const shifts = /^LSL_imm/.test(op) && v?.['S'] === true && of(known.constants, b) === undefined;
  return shifts && (held !== undefined || known.loaded.has(b!))
    ? { ...backIn(held, 0x80000000 >>> imm), ifZero: backIn(held, 0xffffffff >>> imm).bits }
    : null;
}
/** A test of the word where nobody knows how far it was shifted. */
const isLost = (op: string, b: Held | undefined, c: Held | undefined): boolean =>
  (b?.lost === true && /^(TST|AND)_|BFX$/.test(op)) || (c?.lost === true && /^(TST|AND)_reg$/.test(op));
/** Bits are taken out of the word: Armv6-M has no UBFX, and shifts to the left and back. */
const isField = (op: string, { shift }: Held): boolean => /^[US]BFX$/.test(op) || (/^(LSR|ASR)_imm/.test(op) && shift < 0);
/** Of a register, by a constant in the other one. */
function testOfRegister(b: number | undefined, c: number | undefined, { constants, words }: Known): Mask | 'end' {
  const constant = of(constants, b) ?? of(constants, c);
  return constant === undefined ? 'end' : backIn(of(words, b) ?? of(words, c), constant);
}

/** Which registers hold constants, or the word, behind an instruction. */
function follow(code: Code, at: number, decoded: Decoded, { constants, words, loaded }: Known, isRead: boolean): void {
  const { op, a } = decoded;
  if (a === undefined || /^(CMP|CMN|TST|TEQ|STR)/.test(op)) return;
  if (op.startsWith('LDR')) loaded.add(a);
  else loaded.delete(a);
  const value = constantOf(code, at, decoded, constants);
  if (value == null) constants.delete(a);
  else constants.set(a, value >>> 0);
  const held = isRead && /^LDRS?[BH]?_(imm|reg|wb)$/.test(op) ? WHOLE : heldBehind(decoded, words);
  if (held === undefined) words.delete(a);
  else words.set(a, held);
}
function constantOf(
  code: Code,
  at: number,
  { op, b, imm = 0 }: Decoded,
  constants: ReadonlyMap<number, number>,
): number | null | undefined {
  const from = of(constants, b);
  if (op === 'MOV_imm') return imm;
  if (op === 'LDR_lit') return code.peek((((at + 4) & ~3) + imm) >>> 0, 4);
  if (op === 'MOV_reg') return from;
  return op === 'LSL_imm' && from !== undefined ? from << imm : undefined;
}
/** What of the word is in the register that an instruction writes. */
function heldBehind({ op, b, c, imm = 0 }: Decoded, words: ReadonlyMap<number, Held>): Held | undefined {
  const held = of(words, b);
  if (held === undefined) return op === 'AND_reg' ? of(words, c) : undefined;
  if (held.lost === true || /^(LSR|ASR|LSL|ROR)_reg$/.test(op)) return { ...held, lost: true };
  if (/^(MOV_reg|AND_(imm|reg)\w*)$/.test(op)) return held;
  if (op === 'UXTB' || op === 'UXTH') return { shift: held.shift, bits: backIn(held, op === 'UXTB' ? 0xff : 0xffff).bits };
  return /^([US]BFX|(LSR|ASR|LSL)_imm)$/.test(op) ? behindShift(held, op, imm, c) : undefined;
}
function behindShift(held: Held, op: string, imm: number, width = 32): Held {
  const shift = held.shift + (op === 'LSL_imm' ? -imm : imm);
  const field = /BFX$/.test(op) ? moved(0xffffffff, width - 32) : 0xffffffff;
  return { shift, bits: (held.bits & moved(field, shift)) >>> 0 };
}
