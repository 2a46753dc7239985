/**
 * FDCAN with nobody else on its bus: initialisation and configuration change, power-down, requests that wait for ever or are cancelled, flags and their clearing.
 *
 * Facts: registers ST SVD; RM0440 44, RM0399 57 (documented). INIT and CSR are taken over at once (on silicon after some clocks of both domains). FIFOs stay empty:
 * nothing is received. A frame is never acknowledged, so its request stays.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';

type Ctx = RegisterContext<object>;

const CCCR = { INIT: 1, CCE: 2, CSA: 8, CSR: 16, TEST: 1 << 7 };
/** Bits that CCE guards: ASM, MON, DAR, TEST and what lies above. */
const GUARDED = 0xffe4;
const ACK_ERROR = 3;
/** LEC: no change since it was read. */
const NO_CHANGE = 7;
const BUFFER_FREE = 1 << 21;

class FdCan {
  private readonly r: Readonly<Record<'CCCR' | 'PSR' | 'IR' | 'TXBC' | 'TXFQS' | 'TXBRP' | 'TXBAR' | 'TXBCR' | 'TXBCF', Register>>;
  /** Registers that can be written while INIT and CCE are 1. */
  private readonly protectedOnes: ReadonlySet<Register>;
  /** Buffers of the version whose message RAM has fixed places; null: TXBC says how many. */
  private readonly fixed: number | null;

  constructor(layout: Layout) {
    const reg = (name: string): Register => layout.reg(name);
    this.r = {
      CCCR: reg('CCCR'),
      PSR: reg('PSR'),
      IR: reg('IR'),
      TXBC: reg('TXBC'),
      TXFQS: reg('TXFQS'),
      TXBRP: reg('TXBRP'),
      TXBAR: reg('TXBAR'),
      TXBCR: reg('TXBCR'),
      TXBCF: reg('TXBCF'),
    };
    this.fixed = layout.has('RXGFC') ? 3 : null;
    const names = [
      'DBTP',
      'NBTP',
      'RWD',
      'TSCC',
      'TOCC',
      'TXBC',
      'RXGFC',
      'XIDAM',
      'TDCR',
      'CKDIV',
      'GFC',
      'SIDFC',
      'XIDFC',
      'RXF0C',
      'RXF1C',
      'RXBC',
      'RXESC',
      'TXESC',
      'TXEFC',
    ];
    this.protectedOnes = new Set(names.filter((name) => layout.has(name)).map(reg));
  }
  /** Elements of the FIFO or queue, and its first buffer. */
  private queue(c: Ctx): { first: number; count: number } {
    if (this.fixed !== null) return { first: 0, count: this.fixed };
    const txbc = c.get(this.r.TXBC);
    return { first: Math.min(32, (txbc >>> 16) & 0x3f), count: Math.min(32, (txbc >>> 24) & 0x3f) };
  }
  /** Free level and put index: the first buffer without a request. */
  follow(c: Ctx): void {
    const { first, count } = this.queue(c);
    const pending = c.get(this.r.TXBRP);
    const free = Array.from({ length: count }, (_, i) => first + i).filter((i) => i < 32 && !((pending >>> i) & 1));
    const put = free[0] ?? first;
    c.put(this.r.TXFQS, free.length | (put << 16) | (count > 0 && free.length === 0 ? BUFFER_FREE : 0));
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const old = c.get(r);
    const cccr = c.get(this.r.CCCR);
    if (r === this.r.IR) return old & ~raw;
    if (r === this.r.CCCR) return this.control(old, merged, raw);
    if (this.protectedOnes.has(r) && (cccr & 3) !== 3) return old;
    if (r === this.r.TXBAR) return this.request(c, raw);
    if (r === this.r.TXBCR) return this.cancel(c, raw);
    return merged;
  }
  private control(old: number, merged: number, raw: number): number {
    let value = (merged & ~(CCCR.CSA | CCCR.CCE | GUARDED)) | (old & GUARDED);
    if (raw & CCCR.CCE && old & CCCR.INIT && value & CCCR.INIT) value |= CCCR.CCE;
    // What CCE guards can be cleared at any time but set only with it.
    const open = (old & 3) === 3;
    value = (value & ~GUARDED) | (open ? merged & GUARDED : old & merged & GUARDED);
    if (value & CCCR.CSR) value |= CCCR.CSA | CCCR.INIT;
    return value;
  }
  private request(c: Ctx, raw: number): number {
    if (!(c.get(this.r.CCCR) & CCCR.INIT)) {
      c.put(this.r.TXBRP, c.get(this.r.TXBRP) | raw);
      c.put(this.r.TXBCF, c.get(this.r.TXBCF) & ~raw);
      if (raw) c.put(this.r.PSR, (c.get(this.r.PSR) & ~NO_CHANGE) | ACK_ERROR);
    }
    return 0;
  }
  private cancel(c: Ctx, raw: number): number {
    const cancelled = c.get(this.r.TXBRP) & raw;
    c.put(this.r.TXBRP, c.get(this.r.TXBRP) & ~cancelled);
    c.put(this.r.TXBCF, c.get(this.r.TXBCF) | cancelled);
    return 0;
  }
  /** INIT = 1 gives up what waits. */
  wrote(c: Ctx, r: Register, value: number): void {
    if (r === this.r.CCCR && value & CCCR.INIT) c.put(this.r.TXBRP, 0);
    this.follow(c);
  }
}

/** What H7's SVD prints wrongly (RM0399 57.5). */
const OF_H7: Pick<RegisterModel, 'resets' | 'writable'> = {
  resets: { CCCR: 1, DBTP: 0xa33, NBTP: 0x06000a03, PSR: 0x707 },
  writable: { DBTP: 0x009f1fff, IE: 0x3fffffff, PSR: 0, RXF0S: 0, RXF1S: 0 },
};

export const fdcan: ModelFactory = (layout): RegisterModel<object> => {
  const block = new FdCan(layout);
  return {
    about: {
      source: 'RM0440 44, RM0399 57; nobody else on the bus',
      confidence: 'documented',
      lacks: ['other nodes, loop-back', 'counting of errors', 'interrupts', 'time stamps, time-triggered operation', 'how long INIT takes'],
    },
    modelled: 'all',
    ...(layout.has('RXGFC') ? {} : OF_H7),
    create: () => ({}),
    onReset: (c) => block.follow(c),
    write: (c, r, merged, raw) => block.write(c, r, merged, raw),
    wrote: (c, r, value) => block.wrote(c, r, value),
  };
};
