import { is, type Encoding } from './encoding.ts';
import { mayWriteNarrow, mayWriteWide, narrowOffset } from './known-words.ts';

const MOVS: Encoding = { mask: 0xf800, value: 0x2000 };
const LSLS: Encoding = { mask: 0xf800, value: 0x0000 };

/** Addresses of few bits, which MOVS and LSLS make where there is no MOV.W (0x50000000 is GPIOA of L0, G0 and C0). The same makes masks, so one counts where it is loaded or stored through. */
export class ShiftedBases {
  private readonly held = new Map<number, number>();

  /** The address that this instruction accesses through one; null where it is no such access. */
  narrow(bits: number): number | null {
    const offset = narrowOffset(bits);
    const base = this.held.get((bits >>> 3) & 7);
    const address = offset === null || base === undefined || base < 0x100 ? null : (base + offset) >>> 0;
    const shifted = is(bits, LSLS) && base !== undefined ? (base << ((bits >>> 6) & 31)) >>> 0 : null;
    this.forget(mayWriteNarrow(bits));
    if (is(bits, MOVS)) this.held.set((bits >>> 8) & 7, bits & 0xff);
    else if (shifted !== null) this.held.set(bits & 7, shifted);
    return address;
  }
  wide(bits: number): void {
    this.forget(mayWriteWide(bits));
  }
  private forget(written: number): void {
    for (const register of this.held.keys()) if (written & (1 << register)) this.held.delete(register);
  }
}
