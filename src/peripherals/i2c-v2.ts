/**
 * I2C with ISR and TIMINGR (F0, F3, F7, L0, L4, G0, G4, H5, H7). Modelled: start and stop conditions and the address phase as a master with their times, NACK with the
 * stop that follows it, BUSY, TXE and its flush, flags and their clearing, event and error interrupts, switching off as a reset.
 *
 * Facts: registers ST SVD; RM0351 I2C, RM0091 26 (documented). Nothing is on the bus but its pull-ups: every address is answered by a NACK, nobody addresses
 * the chip.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';

export interface I2cV2Options {
  /** Its kernel clock. */
  readonly clock: string;
  /** Index into the row's `irqs` of the error interrupt; F0 has one line for both. */
  readonly errorLine?: number;
}
export interface I2cV2State {
  doing: 'idle' | 'address' | 'stop';
}
type Ctx = RegisterContext<I2cV2State>;

const CR1 = { PE: 1, TXIE: 1 << 1, NACKIE: 1 << 4, STOPIE: 1 << 5, TCIE: 1 << 6, ERRIE: 1 << 7 };
const CR2 = { START: 1 << 13, STOP: 1 << 14 };
const ISR = { TXE: 1, TXIS: 1 << 1, NACKF: 1 << 4, STOPF: 1 << 5, TC: 3 << 6, errors: 0x3f00, BUSY: 1 << 15 };
const CLEARABLE = 0x3f38;
/** Start condition, address and its acknowledge in SCL periods. */
const ADDRESS_PERIODS = 10;

class I2cV2 {
  private readonly r: Readonly<Record<'CR1' | 'CR2' | 'ISR' | 'ICR' | 'TIMINGR' | 'TXDR', Register>>;
  private readonly o: I2cV2Options;

  constructor(layout: Layout, options: I2cV2Options) {
    this.o = options;
    const reg = (name: string): Register => layout.reg(name);
    this.r = { CR1: reg('CR1'), CR2: reg('CR2'), ISR: reg('ISR'), ICR: reg('ICR'), TIMINGR: reg('TIMINGR'), TXDR: reg('TXDR') };
  }
  /** Kernel clocks of one SCL period. */
  private period(c: Ctx): number {
    const t = c.get(this.r.TIMINGR);
    return ((t >>> 28) + 1) * ((t & 0xff) + 1 + ((t >>> 8) & 0xff) + 1);
  }
  private begin(c: Ctx, doing: I2cV2State['doing'], periods: number): void {
    c.s.doing = doing;
    c.env.arm('bus', c.env.clockTimeOf(this.o.clock, c.env.clockCount(this.o.clock) + periods * this.period(c)));
  }
  private flags(c: Ctx, set: number, clear = 0): void {
    c.put(this.r.ISR, (c.get(this.r.ISR) & ~clear) | set);
  }
  interrupt(c: Ctx): void {
    const [cr1, isr] = [c.get(this.r.CR1), c.get(this.r.ISR)];
    const wanted =
      (cr1 & CR1.TXIE ? ISR.TXIS : 0) |
      (cr1 & CR1.NACKIE ? ISR.NACKF : 0) |
      (cr1 & CR1.STOPIE ? ISR.STOPF : 0) |
      (cr1 & CR1.TCIE ? ISR.TC : 0);
    const event = (isr & wanted) !== 0;
    const error = (cr1 & CR1.ERRIE) !== 0 && (isr & ISR.errors) !== 0;
    const line = this.o.errorLine ?? 1;
    c.env.irq(0, event || (line === 0 && error));
    if (line !== 0) c.env.irq(line, error);
  }
  follow(c: Ctx): void {
    const on = c.get(this.r.CR1) & CR1.PE;
    if (!on || c.s.doing !== 'idle' || !(c.get(this.r.CR2) & CR2.START)) return;
    this.flags(c, ISR.BUSY);
    this.begin(c, 'address', ADDRESS_PERIODS);
  }
  /** Nobody answered: the hardware sends the stop by itself. */
  onTimer(c: Ctx): void {
    if (c.s.doing === 'address') {
      c.put(this.r.CR2, c.get(this.r.CR2) & ~(CR2.START | CR2.STOP));
      this.flags(c, ISR.NACKF);
      this.begin(c, 'stop', 1);
    } else {
      c.s.doing = 'idle';
      this.flags(c, ISR.STOPF, ISR.BUSY);
      this.follow(c);
    }
    this.interrupt(c);
  }
  /** PE = 0 stops the state machine and clears START, STOP and the flags: RM0351 I2C, "software reset". */
  clear(c: Ctx): void {
    Object.assign(c.s, fresh());
    c.env.disarm('bus');
    c.put(this.r.CR2, c.get(this.r.CR2) & ~(CR2.START | CR2.STOP));
    c.put(this.r.ISR, ISR.TXE);
    this.interrupt(c);
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const x = this.r;
    if (r === x.ICR) {
      this.flags(c, 0, raw & CLEARABLE);
      return 0;
    }
    // TXE can be set by software, which flushes TXDR; so can TXIS without clock stretching.
    if (r === x.ISR) return c.get(r) | (raw & ISR.TXE);
    if (r === x.TXDR) this.flags(c, 0, ISR.TXE | ISR.TXIS);
    // START and STOP cannot be taken back.
    if (r === x.CR2) return merged | (c.get(r) & (c.get(x.CR1) & CR1.PE ? CR2.START | CR2.STOP : 0));
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.r.CR1 && old & CR1.PE && !(value & CR1.PE)) this.clear(c);
    // A stop without a transfer of this master does nothing.
    if (r === this.r.CR2 && c.s.doing === 'idle' && value & CR2.STOP && !(value & CR2.START)) c.put(r, value & ~CR2.STOP);
    this.follow(c);
    this.interrupt(c);
  }
}

const fresh = (): I2cV2State => ({ doing: 'idle' });

export const i2cV2: ModelFactory = (layout, given): RegisterModel<I2cV2State> => {
  const options = { clock: 'pclk1', ...(given as Partial<I2cV2Options>) };
  const block = new I2cV2(layout, options);
  return {
    timers: ['bus'],
    clocks: [options.clock],
    about: {
      source: 'RM0351 I2C, RM0091 26; nothing on the bus but its pull-ups',
      confidence: 'documented',
      lacks: ['devices on the bus, slave mode', 'data phase, DMA', 'SMBus time-outs, PEC', 'levels of the pins'],
    },
    modelled: ['CR1', 'CR2', 'OAR1', 'OAR2', 'TIMINGR', 'ISR', 'ICR', 'RXDR', 'TXDR'],
    create: fresh,
    onReset: (c) => block.clear(c),
    onTimer: (c) => block.onTimer(c),
    write: (c, r, merged, raw) => block.write(c, r, merged, raw),
    wrote: (c, r, value, old) => block.wrote(c, r, value, old),
  };
};
