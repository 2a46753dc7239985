/**
 * Securable memory of G4, G0 and C0: the first SEC_SIZE pages of a bank are out of reach from the time at which SEC_PROT is set until a reset.
 *
 * Facts: programs and erases end with WRPERR, reads with RDERR; SEC_PROT is written once: RM0440 4.5.4, 4.7.6 (documented). Reads and fetches give 0 (inferred: ST does not say what
 * stands on the bus). RDERR is not modelled.
 */
import type { Field, Layout, RegisterContext } from '../../emu/registers.ts';
import { hex } from '../../emu/hex.ts';

export interface SecurableOptions {
  readonly memory: string;
  readonly base: number;
  readonly bankBytes: number;
  readonly pageBytes: number;
}
/** What stands in the memory's places that read 0 now, by its offset. */
export interface SecurableState {
  secured: { offset: number; bytes: Uint8Array }[];
}
type Ctx = RegisterContext<SecurableState>;

export class SecurableMemory {
  private readonly o: SecurableOptions;
  /** By bank. */
  private readonly areas: readonly { readonly protect: Field; readonly pages: Field }[];
  /** Bits of CR that only a reset clears. */
  readonly sticky: number;

  constructor(layout: Layout, o: SecurableOptions) {
    this.o = o;
    const first = (...paths: string[]): Field | null => {
      const path = paths.find((p) => layout.hasField(p));
      return path === undefined ? null : layout.field(path);
    };
    const banks = [
      { protect: first('CR.SEC_PROT1', 'CR.SEC_PROT'), pages: first('SEC1R.SEC_SIZE1', 'SECR.SEC_SIZE') },
      { protect: first('CR.SEC_PROT2'), pages: first('SEC2R.SEC_SIZE2', 'SECR.SEC_SIZE2') },
    ];
    this.areas = banks.flatMap(({ protect, pages }) => (protect === null || pages === null ? [] : [{ protect, pages }]));
    this.sticky = this.areas.reduce((mask, { protect }) => mask | protect.mask, 0);
  }

  /** CR was written. @param halfOf where a bank lies */
  follow(c: Ctx, old: number, halfOf: (bank: number) => number): void {
    this.areas.forEach(({ protect, pages }, bank) => {
      if (!protect.get(c) || protect.of(old)) return;
      const length = Math.min(pages.get(c) * this.o.pageBytes, this.o.bankBytes);
      if (length === 0)
        return c.env.note('guest', `FLASH_CR.${protect.name} set: no effect, the securable memory has no page`, NOTHING_LOST);
      const offset = halfOf(bank) * this.o.bankBytes;
      const [from, to] = [this.o.base + offset, this.o.base + offset + length - 1];
      c.env.note('guest', `FLASH_CR.${protect.name} set: ${hex(from)} to ${hex(to)} cannot be read or executed until a reset`, {
        is: 'secured',
        from,
        to,
      });
      this.hide(c, offset, length);
    });
  }
  private hide(c: Ctx, offset: number, length: number): void {
    c.s.secured.push({ offset, bytes: c.env.peekMemory(this.o.memory, offset, length) });
    c.env.pokeMemory(this.o.memory, offset, new Uint8Array(length));
  }
  /** A reset, or the banks are about to change places. */
  reveal(c: Ctx): SecurableState['secured'] {
    const { secured } = c.s;
    for (const { offset, bytes } of secured) c.env.pokeMemory(this.o.memory, offset, bytes);
    c.s.secured = [];
    return secured;
  }
  swapped(c: Ctx, before: SecurableState['secured']): void {
    for (const { offset, bytes } of before) this.hide(c, (offset + this.o.bankBytes) % (2 * this.o.bankBytes), bytes.length);
  }
  covers({ s: { secured } }: Ctx, at: number): boolean {
    return secured.some(({ offset, bytes }) => at >= offset && at < offset + bytes.length);
  }
}
const NOTHING_LOST = { is: 'nothing-lost' } as const;
