/** Pieces that several instruction groups share: shifted operands, operand tables, checks. Source: DDI 0403 A2.2, A7.4; DDI 0553 E2. */
import type { Builder, Expr, Val } from '../builder.ts';
import { EXIT, S } from '../state.ts';
import type { Decoded } from '../rows.ts';

export const SP = 13;
export const LR = 14;

/** Shift by a constant amount as a variant of an op. */
export type ShiftName = 'lsl' | 'lsr' | 'asr' | 'ror' | 'rrx';
export const SHIFTS: readonly ShiftName[] = ['lsl', 'lsr', 'asr', 'ror', 'rrx'];

/** DecodeImmShift: name and amount of a constant shift, or null when the operand is not shifted. */
export function decodeShift(type: number, imm5: number): { readonly shift: ShiftName; readonly amount: number } | null {
  if (type === 0) return imm5 === 0 ? null : { shift: 'lsl', amount: imm5 };
  if (type === 3) return imm5 === 0 ? { shift: 'rrx', amount: 1 } : { shift: 'ror', amount: imm5 };
  return { shift: type === 1 ? 'lsr' : 'asr', amount: imm5 === 0 ? 32 : imm5 };
}

/** Shift_C by a constant amount: LSL 1…31, LSR and ASR 1…32, ROR 1…31, RRX. `carry` is evaluated only if it is used. */
export function shiftByConstant(b: Builder, shift: ShiftName, value: Val, amount: Val): { readonly result: Expr; readonly carry: Expr } {
  const x = b.let(value);
  switch (shift) {
    case 'lsl':
      return { result: b.let(b.shl(x, amount)), carry: b.and(b.shrU(x, b.sub(32, amount)), 1) };
    case 'lsr':
    case 'asr': {
      // in two steps, because WebAssembly takes amounts modulo 32
      const part = b.let(shift === 'lsr' ? b.shrU(x, b.sub(amount, 1)) : b.shrS(x, b.sub(amount, 1)));
      return { result: b.let(shift === 'lsr' ? b.shrU(part, 1) : b.shrS(part, 1)), carry: b.and(part, 1) };
    }
    case 'ror': {
      const r = b.let(b.rotr(x, amount));
      return { result: r, carry: b.shrU(r, 31) };
    }
    case 'rrx':
      return { result: b.let(b.or(b.shl(b.C(), 31), b.shrU(x, 1))), carry: b.and(x, 1) };
  }
}

/** An address in SP below its limit faults before the access (ARMv8-M). `n` is the register that will be written with `value`. */
export function checkStackLimit(b: Builder, n: Val, value: Val): void {
  const fixed = typeof n === 'number' ? n : n.constant;
  if (b.profile.arch !== 'v8m' || (fixed !== undefined && fixed !== 13)) return;
  b.leaveIf(b.and(b.eq(n, 13), b.ltU(value, b.state(S.SPLIM))), EXIT.STACK_LIMIT);
}

/** Q is sticky: set if `bit` is not 0, which is rare. A branch, because the next one of a loop would wait for a value read and written. */
export function orQ(b: Builder, bit: Val): void {
  b.if(bit, () => b.setQ());
}

/** Variants of 16-bit data processing: flags change only outside an IT block. */
export const flagsOutsideIT = (d: Decoded): Decoded => ({ ...d, v: { ...d.v, S: true }, vIT: { ...d.v, S: false } });

/** Signed value of the low `width` bits. */
export const signExtend = (value: number, width: number): number => (value << (32 - width)) >> (32 - width);
