/**
 * Where the ARM ARM leaves it open what an encoding does, written down without our rows. In a pattern 0 and 1 are fixed, `z` and `o` are the bits that
 * are printed as (0) and (1), `nmdtsahl` are register fields, other letters are fields that a rule looks at, a dot is anything.
 *   should-be bits: DDI 0403 A5.1.1    0b1111 as register: A5.1.2    0b1101 as register: A5.1.3    (DDI 0553 C2.2: CONSTRAINED UNPREDICTABLE)
 */
import type { Profile } from '../../../src/emu/core/builder.ts';

type Fields = Readonly<Record<string, number>>;
interface Rule {
  readonly where: string;
  readonly pattern: string;
  /** The description's own "then UNPREDICTABLE": in words, and as a function. */
  readonly says?: string;
  readonly also?: (f: Fields, p: Profile) => boolean;
  /** `pc`: R15 alone is UNPREDICTABLE there; `none`: neither is. Else R13 and R15 both are. */
  readonly registers?: 'pc' | 'none';
  readonly on?: (p: Profile) => boolean;
}
const bitCount = (x: number): number => {
  let n = 0;
  for (let rest = x; rest; rest &= rest - 1) n++;
  return n;
};
const v6 = (p: Profile): boolean => p.arch === 'v6m';
const v7 = (p: Profile): boolean => p.arch !== 'v6m';
const v8 = (p: Profile): boolean => p.arch === 'v8m';
const written = (f: Fields, n: number): boolean => f['w'] === 1 && ((f['L']! >>> n) & 1) === 1;

const RULES: readonly Rule[] = [
  // ---- 16-bit
  { where: 'BX, BLX: DDI 0403 A7.7', says: 'BLX PC', pattern: '01000111 . mmmm zzz', also: (f) => f['m'] === 15, registers: 'none' },
  { where: 'LDM: DDI 0403 A7.7', says: 'no register', pattern: '11001 ... LLLLLLLL', also: (f) => f['L'] === 0 },
  { where: 'STM: DDI 0403 A7.7', says: 'no register', pattern: '11000 ... LLLLLLLL', also: (f) => f['L'] === 0 },
  { where: 'PUSH, POP: DDI 0403 A7.7', says: 'no register', pattern: '1011 . 10 LLLLLLLLL', also: (f) => f['L'] === 0 },
  // on ARMv6-M F is printed as (0) and I as (1) (DDI 0419 B4.2.1), and Cortex-M0 takes CPSID f all the same
  { where: 'CPS: DDI 0403 B5.2.1', says: 'neither I nor F', pattern: '10110110 011 . zz ii', also: (f) => f['i'] === 0 },
  { where: 'IT: DDI 0403 A7.7', says: 'condition 1111', pattern: '10111111 1111 ....', on: v7, also: () => true },

  // ---- load and store multiple
  {
    where: 'LDM: DDI 0403 A7.7',
    says: 'fewer than two registers, PC with LR, the base with writeback',
    pattern: '1110100 .. 0 w 1 nnnn LLzLLLLLLLLLLLLL',
    registers: 'pc',
    also: (f) =>
      bitCount(f['L']!) < 2 || f['L']! >>> 13 === 3 || written({ ...f, L: (f['L']! & 0x1fff) | ((f['L']! >>> 13) << 14) }, f['n']!),
  },
  {
    where: 'STM: DDI 0403 A7.7',
    says: 'fewer than two registers, the base with writeback',
    pattern: '1110100 .. 0 w 0 nnnn zLzLLLLLLLLLLLLL',
    registers: 'pc',
    also: (f) => bitCount(f['L']!) < 2 || written({ ...f, L: (f['L']! & 0x1fff) | ((f['L']! >>> 13) << 14) }, f['n']!),
  },
  // ---- load and store double, exclusive, table branch
  {
    where: 'LDRD: DDI 0403 A7.7',
    says: 'one register twice, writeback to a register that is loaded or to the PC',
    pattern: '1110100 1 . 1 w 1 nnnn tttt ssss ........',
    registers: 'none',
    also: (f) =>
      bad(f['t']!) || bad(f['s']!) || f['t'] === f['s'] || (f['w'] === 1 && (f['n'] === 15 || f['n'] === f['t'] || f['n'] === f['s'])),
  },
  {
    where: 'LDRD: DDI 0403 A7.7',
    says: 'one register twice, writeback to a register that is loaded or to the PC',
    pattern: '1110100 0 . 1 1 1 nnnn tttt ssss ........',
    registers: 'none',
    also: (f) => bad(f['t']!) || bad(f['s']!) || f['t'] === f['s'] || f['n'] === 15 || f['n'] === f['t'] || f['n'] === f['s'],
  },
  {
    where: 'STRD: DDI 0403 A7.7',
    says: 'writeback to a register that is stored, base PC',
    pattern: '1110100 1 . 1 w 0 nnnn tttt ssss ........',
    registers: 'none',
    also: (f) => bad(f['t']!) || bad(f['s']!) || f['n'] === 15 || (f['w'] === 1 && (f['n'] === f['t'] || f['n'] === f['s'])),
  },
  {
    where: 'STRD: DDI 0403 A7.7',
    says: 'writeback to a register that is stored, base PC',
    pattern: '1110100 0 . 1 1 0 nnnn tttt ssss ........',
    registers: 'none',
    also: (f) => bad(f['t']!) || bad(f['s']!) || f['n'] === 15 || f['n'] === f['t'] || f['n'] === f['s'],
  },
  {
    where: 'STREX: DDI 0403 A7.7',
    says: 'status in the base or the data',
    pattern: '11101000 0100 nnnn tttt dddd ........',
    also: (f) => f['d'] === f['n'] || f['d'] === f['t'],
  },
  { where: 'LDREX: DDI 0403 A7.7', pattern: '11101000 0101 nnnn tttt oooo ........' },
  { where: 'TT: DDI 0553 C2.4', pattern: '11101000 0100 nnnn 1111 dddd .. zzzzzz', on: v8 },
  {
    where: 'STREXB, STREXH: DDI 0403 A7.7',
    says: 'status in the base or the data',
    pattern: '11101000 1100 nnnn tttt oooo 010 . dddd',
    also: (f) => f['d'] === f['n'] || f['d'] === f['t'],
  },
  { where: 'LDREXB, LDREXH: DDI 0403 A7.7', pattern: '11101000 1101 nnnn tttt oooo 010 . oooo' },
  {
    where: 'STLEX, STLEXB, STLEXH: DDI 0553 C2.4',
    says: 'status in the base or the data',
    pattern: '11101000 1100 nnnn tttt oooo 11 .. dddd',
    on: v8,
    also: (f) => f['d'] === f['n'] || f['d'] === f['t'],
  },
  { where: 'STL, STLB, STLH: DDI 0553 C2.4', pattern: '11101000 1100 nnnn tttt oooo 10 .. oooo', on: v8 },
  { where: 'LDA, LDAEX and their kin: DDI 0553 C2.4', pattern: '11101000 1101 nnnn tttt oooo 1 ... oooo', on: v8 },
  {
    where: 'TBB, TBH: DDI 0403 A7.7',
    says: 'base SP',
    pattern: '11101000 1101 nnnn oooo zzzz 000 . mmmm',
    registers: 'none',
    also: (f) => f['n'] === 13 || bad(f['m']!),
  },

  // ---- data processing
  { where: 'data processing (shifted register): DDI 0403 A5.3.11', pattern: '1110101 .... . nnnn z ... dddd .. .. mmmm' },
  { where: 'data processing (modified immediate): DDI 0403 A5.3.1', pattern: '11110 . 0 .... . nnnn 0 ... dddd ........' },
  { where: 'data processing (plain binary immediate): DDI 0403 A5.3.3', pattern: '11110 . 1 0.... nnnn 0 ... dddd ........' },
  {
    where: 'SBFX, UBFX: DDI 0403 A7.7',
    says: 'a field beyond bit 31',
    pattern: '11110 z 1 1.100 nnnn 0 iii dddd jj z wwwww',
    also: (f) => f['i']! * 4 + f['j']! + f['w']! > 31,
  },
  {
    where: 'BFC, BFI: DDI 0403 A7.7',
    says: 'msb below lsb',
    pattern: '11110 z 1 10110 nnnn 0 iii dddd jj z wwwww',
    also: (f) => f['w']! < f['i']! * 4 + f['j']!,
  },
  { where: 'SSAT, USAT: DDI 0403 A7.7', pattern: '11110 z 1 1.0.0 nnnn 0 ... dddd .. z .....' },
  { where: 'SSAT16, USAT16: DDI 0403 A7.7', pattern: '11110 z 1 1.010 nnnn 0 000 dddd 00 zz ....' },
  // ---- branches and miscellaneous control
  {
    where: 'MSR: DDI 0403 B5.2.3',
    says: 'mask 00, GE without APSR, SYSm that does not exist',
    pattern: '11110 0 1110 0 z nnnn 10 z 0 kk zz yyyyyyyy',
    on: v7,
    also: (f, p) => f['k'] === 0 || (f['k'] !== 2 && f['y']! > 3) || noSuchRegister(f['y']!, p),
  },
  {
    where: 'MSR: DDI 0419 B4.2.3',
    says: 'SYSm that does not exist',
    pattern: '11110 0 1110 0 z nnnn 10 z 0 oz zz yyyyyyyy',
    on: v6,
    also: (f, p) => noSuchRegister(f['y']!, p),
  },
  {
    where: 'MRS: DDI 0403 B5.2.2',
    says: 'SYSm that does not exist',
    pattern: '11110 0 1111 1 z oooo 10 z 0 dddd yyyyyyyy',
    also: (f, p) => noSuchRegister(f['y']!, p),
  },
  { where: 'hints: DDI 0403 A5.3.4', pattern: '11110 0 1110 10 oooo 10 z 0 z 000 ........', on: v7 },
  { where: 'CLREX and barriers: DDI 0403 A5.3.4', pattern: '11110 0 1110 11 oooo 10 z 0 oooo ........' },

  // ---- load and store single
  { where: 'load and store single, register offset: DDI 0403 A5.3.7 to A5.3.10', pattern: '1111100 . 0 .. . .... tttt 000000 .. mmmm' },
  {
    where: 'load and store single, writeback to the register that is transferred: DDI 0403 A7.7',
    pattern: '1111100 . 0 .. . nnnn tttt 1..1 ........',
    registers: 'none',
    also: (f) => bad(f['t']!) || f['n'] === f['t'],
  },
  { where: 'load and store single: DDI 0403 A5.3.7 to A5.3.10', pattern: '1111100 . 0 .. . .... tttt 1..0 ........' },
  { where: 'load and store single: DDI 0403 A5.3.7 to A5.3.10', pattern: '1111100 . 1 .. . .... tttt ............' },

  // ---- data processing (register), multiply
  { where: 'shifts and extends: DDI 0403 A5.3.12', pattern: '11111010 0 ... nnnn 1111 dddd 0000 mmmm' },
  { where: 'extends: DDI 0403 A5.3.12', pattern: '11111010 0 ... nnnn 1111 dddd 1 z .. mmmm' },
  { where: 'parallel addition and subtraction: DDI 0403 A5.3.13, A5.3.14', pattern: '11111010 1 ... nnnn 1111 dddd 0 ... mmmm' },
  { where: 'miscellaneous operations: DDI 0403 A5.3.15', pattern: '11111010 10.0 nnnn 1111 dddd 10 .. mmmm' },
  {
    where: 'REV, REV16, RBIT, REVSH, CLZ: DDI 0403 A7.7',
    says: 'Rm, which stands twice, differs',
    pattern: '11111010 10.1 nnnn 1111 dddd 10 .. mmmm',
    also: (f) => f['n'] !== f['m'],
  },
  { where: 'multiply: DDI 0403 A5.3.16', pattern: '11111011 0 ... nnnn aaaa dddd .... mmmm' },
  {
    where: 'long multiply: DDI 0403 A5.3.17',
    says: 'both halves in one register',
    pattern: '11111011 1 1.. nnnn llll hhhh .... mmmm',
    also: (f) => f['l'] === f['h'],
  },
  {
    where: 'long multiply: DDI 0403 A5.3.17',
    says: 'both halves in one register',
    pattern: '11111011 1 .10 nnnn llll hhhh .... mmmm',
    also: (f) => f['l'] === f['h'],
  },
  {
    where: 'SMULL: DDI 0403 A7.7',
    says: 'both halves in one register',
    pattern: '11111011 1000 nnnn llll hhhh 0000 mmmm',
    also: (f) => f['l'] === f['h'],
  },
  { where: 'SDIV, UDIV: DDI 0403 A7.7', pattern: '11111011 10.1 nnnn oooo dddd 1111 mmmm' },

  // ---- floating point
  {
    where: 'VLDM, VSTM: DDI 0403 A7.7',
    says: 'no register, registers beyond S31, base PC',
    pattern: '1110110 p u e w . nnnn vvvv 1010 iiiiiiii',
    registers: 'none',
    also: (f) => (f['p'] !== f['u'] || f['w'] === 1) && (f['i'] === 0 || f['v']! * 2 + f['e']! + f['i']! > 32 || f['n'] === 15),
  },
  {
    where: 'VLDM, VSTM: DDI 0403 A7.7',
    says: 'no register, more than 16 or beyond D15, base PC',
    pattern: '1110110 p u e w . nnnn vvvv 1011 iiiiiiii',
    registers: 'none',
    also: (f) => f['e'] === 0 && (f['i']! >>> 1 === 0 || f['v']! + (f['i']! >>> 1) > 16 || f['n'] === 15),
  },
  {
    where: 'VSTR: DDI 0403 A7.7',
    says: 'base PC',
    pattern: '11101101 ..00 nnnn .... 101 . ........',
    registers: 'none',
    also: (f) => f['n'] === 15,
  },
  { where: 'VMOV (core register to or from single): DDI 0403 A7.7', pattern: '11101110 000 . .... tttt 1010 . zz 1 zzzz' },
  { where: 'VMOV (core register to or from scalar): DDI 0403 A7.7', pattern: '11101110 00 .. .... tttt 1011 0 00 1 zzzz' },
  {
    where: 'VMOV (two core registers): DDI 0403 A7.7',
    says: 'one register twice, S31 as the first',
    pattern: '11101100 010 c nnnn tttt 1010 00 e 1 vvvv',
    also: (f) => (f['c'] === 1 && f['n'] === f['t']) || (f['e'] === 1 && f['v'] === 15),
  },
  {
    where: 'VMOV (two core registers and a double): DDI 0403 A7.7',
    says: 'one register twice',
    pattern: '11101100 010 c nnnn tttt 1011 00 0 1 ....',
    also: (f) => f['c'] === 1 && f['n'] === f['t'],
  },
  { where: 'VMRS, VMSR: DDI 0403 A7.7', pattern: '11101110 111 . 0001 tttt 1010 zzz1 zzzz' },
  {
    where: 'VCVT (fixed-point): DDI 0403 A7.7',
    says: 'fewer than no fraction bits',
    pattern: '11101110 1.11 1.1. .... 101 . s1i0 jjjj',
    registers: 'none',
    also: (f) => (f['s'] === 0 ? 16 : 32) < f['j']! * 2 + f['i']!,
  },
  { where: 'VCMP, VCMPE with zero: DDI 0403 A7.7', pattern: '11101110 1.11 0101 .... 101 . .1z0 zzzz', registers: 'none' },
  { where: 'VMOV (immediate): DDI 0403 A7.7', pattern: '11101110 1.11 .... .... 101 . z0z0 ....', registers: 'none' },
];
function bad(register: number): boolean {
  return register === 13 || register === 15;
}
/** SYSm: 0 to 3, 5 to 9 and 16 to 20, on ARMv6-M without the BASEPRI and FAULTMASK among them, on ARMv8-M with the stack limits. */
function noSuchRegister(sysm: number, p: Profile): boolean {
  if (sysm <= 3 || (sysm >= 5 && sysm <= 9) || sysm === 16 || sysm === 20) return false;
  if (sysm >= 17 && sysm <= 19) return p.arch === 'v6m';
  return !(p.arch === 'v8m' && (sysm === 10 || sysm === 11));
}

interface Field {
  readonly letter: string;
  readonly pieces: readonly (readonly [from: number, width: number])[];
}
interface Compiled {
  readonly rule: Rule;
  readonly mask: number;
  readonly value: number;
  readonly shouldMask: number;
  readonly shouldValue: number;
  readonly fields: readonly Field[];
}
function compile(rule: Rule): Compiled {
  const bits = rule.pattern.replaceAll(' ', '');
  if (bits.length !== 16 && bits.length !== 32) throw new Error(`${rule.where}: ${bits.length} bits`);
  const of = (...letters: string[]): number =>
    [...bits].reduce((sum, ch, i) => (letters.includes(ch) ? (sum | (1 << (bits.length - 1 - i))) >>> 0 : sum), 0);
  const fields: Field[] = [...new Set(bits.replaceAll(/[01zo.]/g, ''))].map((letter) => ({
    letter,
    pieces: [...bits.matchAll(new RegExp(`${letter}+`, 'g'))].map((m) => [bits.length - m.index - m[0].length, m[0].length] as const),
  }));
  return { rule, mask: of('0', '1'), value: of('1'), shouldMask: of('z', 'o'), shouldValue: of('o'), fields };
}
const WIDE = RULES.filter((r) => r.pattern.replaceAll(' ', '').length === 32).map(compile);
const NARROW = RULES.filter((r) => r.pattern.replaceAll(' ', '').length === 16).map(compile);

/** Why an encoding is UNPREDICTABLE: the kind of rule, and where it stands. */
export interface Unpredictable {
  readonly kind: 'bits' | 'register' | 'description';
  readonly where: string;
}
export function unpredictable(profile: Profile, first: number, second: number): Unpredictable | null {
  const wide = first >= 0xe800;
  const bits = wide ? ((first << 16) | second) >>> 0 : first;
  let register: Unpredictable | null = null;
  for (const { rule, mask, value, shouldMask, shouldValue, fields } of wide ? WIDE : NARROW) {
    if (((bits ^ value) & mask) !== 0 || (rule.on && !rule.on(profile))) continue;
    const { where } = rule;
    if (((bits ^ shouldValue) & shouldMask) !== 0) return { kind: 'bits', where: `${where}: a bit printed as (0) or (1)` };
    const f: Record<string, number> = {};
    for (const { letter, pieces } of fields)
      for (const [from, width] of pieces) f[letter] = ((f[letter] ?? 0) << width) | ((bits >>> from) & ((1 << width) - 1));
    if (rule.also?.(f, profile)) return { kind: 'description', where: `${where}: ${rule.says ?? ''}` };
    if (rule.registers === 'none' || register) continue;
    for (const { letter } of fields)
      if ('nmdtsahl'.includes(letter) && (f[letter] === 15 || (f[letter] === 13 && rule.registers !== 'pc')))
        register = { kind: 'register', where: `${where}: R13 or R15` };
  }
  return register;
}
