import { is, type Encoding } from './encoding.ts';
import { mayWriteNarrow, mayWriteWide } from './known-words.ts';

const SP = 13;
const ADD_SP: Encoding = { mask: 0xf800, value: 0xa800 };
const MOV_SP: Encoding = { mask: 0xff78, value: 0x4668 };
const ADDS_3: Encoding = { mask: 0xfc00, value: 0x1c00 };
const ADDS_8: Encoding = { mask: 0xf000, value: 0x3000 };
/** ADD and SUB of a number, in both forms. */
const ADD_WIDE: Encoding = { mask: 0xfb508000 | 0, value: 0xf1000000 | 0 };

/** Registers that hold an address in the frame: code without optimisation has its locals behind R7, and what is stored there nobody finds again. */
export class StackBases {
  private readonly held = new Set([SP]);

  /** The store, of either width, goes to the stack. */
  holdsBaseOf(bits: number): boolean {
    return this.held.has(bits >>> 16 === 0 ? (bits >>> 3) & 7 : (bits >>> 16) & 15);
  }
  narrow(bits: number): void {
    const from = is(bits, ADDS_3) && this.held.has((bits >>> 3) & 7);
    const kept = is(bits, ADDS_8);
    if (!kept) this.forget(mayWriteNarrow(bits));
    if (from) this.held.add(bits & 7);
    else if (is(bits, ADD_SP)) this.held.add((bits >>> 8) & 7);
    else if (is(bits, MOV_SP)) this.held.add((bits & 7) | ((bits >>> 4) & 8));
  }
  wide(bits: number): void {
    const from = is(bits, ADD_WIDE) && this.held.has((bits >>> 16) & 15);
    this.forget(mayWriteWide(bits));
    if (from) this.held.add((bits >>> 8) & 15);
  }
  private forget(written: number): void {
    for (const register of this.held) if (register !== SP && written & (1 << register)) this.held.delete(register);
  }
}
