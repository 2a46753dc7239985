/**
 * I2C with SR1 and SR2 (F1, F2, F4, L1). Modelled: start and stop conditions, the address phase as a master with their times, NACK, BUSY, MSL, TRA, software reset,
 * event and error interrupts.
 *
 * Facts: registers ST SVD; event sequences RM0090 27.3 (documented). Nothing is on the bus but its pull-ups: every address is answered by a NACK, nobody
 * addresses the chip.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';
import type { Ps } from '../emu/time.ts';

export interface I2cV1Options {
  /** Its bus clock. */
  readonly clock: string;
}
export interface I2cV1State {
  /** What the timer ends. */
  doing: 'idle' | 'start' | 'address' | 'stop';
  /** The last read of SR1 showed SB: a write of DR then clears it. */
  startSeen: boolean;
}
type Ctx = RegisterContext<I2cV1State>;

const CR1 = { PE: 1, START: 1 << 8, STOP: 1 << 9, SWRST: 1 << 15 };
const CR2 = { ITERREN: 1 << 8, ITEVTEN: 1 << 9 };
const SR1 = { SB: 1, AF: 1 << 10, events: 0x1f, errors: 0xdf00 };
const SR2 = { MSL: 1, BUSY: 1 << 1, TRA: 1 << 2 };
/** SCL periods of an address and its acknowledge. */
const ADDRESS_BITS = 9;

class I2cV1 {
  private readonly cr1: Register;
  private readonly cr2: Register;
  private readonly dr: Register;
  readonly sr1: Register;
  private readonly sr2: Register;
  private readonly ccr: Register;
  private readonly clock: string;

  constructor(layout: Layout, options: I2cV1Options) {
    const reg = (name: string): Register => layout.reg(name);
    [this.cr1, this.cr2, this.dr] = [reg('CR1'), reg('CR2'), reg('DR')];
    [this.sr1, this.sr2, this.ccr] = [reg('SR1'), reg('SR2'), reg('CCR')];
    this.clock = options.clock;
  }
  /** Bus clocks of one SCL period. */
  private period(c: Ctx): number {
    const ccr = c.get(this.ccr);
    const n = Math.max(1, ccr & 0xfff);
    return n * (ccr & 0x8000 ? (ccr & 0x4000 ? 25 : 3) : 2);
  }
  private begin(c: Ctx, doing: I2cV1State['doing'], periods: number): void {
    c.s.doing = doing;
    c.env.arm('bus', c.env.clockTimeOf(this.clock, c.env.clockCount(this.clock) + periods * this.period(c)));
  }
  private set(c: Ctx, r: Register, bits: number, clear = 0): void {
    c.put(r, (c.get(r) & ~clear) | bits);
  }
  interrupt(c: Ctx): void {
    const [cr2, sr1] = [c.get(this.cr2), c.get(this.sr1)];
    c.env.irq(0, (cr2 & CR2.ITEVTEN) !== 0 && (sr1 & SR1.events) !== 0);
    c.env.irq(1, (cr2 & CR2.ITERREN) !== 0 && (sr1 & SR1.errors) !== 0);
  }
  /** START and STOP wait until what is on the bus has ended. */
  follow(c: Ctx): void {
    const cr1 = c.get(this.cr1);
    if (!(cr1 & CR1.PE) || c.s.doing !== 'idle') return;
    if (cr1 & CR1.STOP && c.get(this.sr2) & SR2.MSL) this.begin(c, 'stop', 1);
    else if (cr1 & CR1.START) this.begin(c, 'start', 1);
  }
  onTimer(c: Ctx): void {
    const { doing } = c.s;
    c.s.doing = 'idle';
    if (doing === 'start') {
      this.set(c, this.cr1, 0, CR1.START);
      this.set(c, this.sr1, SR1.SB);
      this.set(c, this.sr2, SR2.MSL | SR2.BUSY);
    } else if (doing === 'address') this.set(c, this.sr1, SR1.AF);
    else if (doing === 'stop') {
      this.set(c, this.cr1, 0, CR1.STOP);
      this.set(c, this.sr2, 0, SR2.MSL | SR2.BUSY | SR2.TRA);
      this.set(c, this.sr1, 0, SR1.SB);
    }
    this.interrupt(c);
    this.follow(c);
  }
  clear(c: Ctx): void {
    Object.assign(c.s, fresh());
    c.env.disarm('bus');
    c.put(this.sr1, 0);
    c.put(this.sr2, 0);
    this.interrupt(c);
  }
  readSr1(c: Ctx): void {
    c.s.startSeen = this.startShows(c);
  }
  private startShows(c: Ctx): boolean {
    return (c.get(this.sr1) & SR1.SB) !== 0;
  }
  /** Another read finds nothing that the last one has not seen. */
  sr1Holds(c: Ctx): Ps {
    return c.s.startSeen === this.startShows(c) ? Infinity : 0;
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    // Error flags fall by a 0.
    if (r === this.sr1) return c.get(r) & (raw | ~SR1.errors);
    if (r === this.sr2) return c.get(r);
    if (r !== this.dr) return merged;
    if (c.s.startSeen && c.get(this.sr1) & SR1.SB) {
      c.s.startSeen = false;
      this.set(c, this.sr1, 0, SR1.SB);
      this.set(c, this.sr2, 0, SR2.TRA);
      this.begin(c, 'address', ADDRESS_BITS);
    }
    return merged;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.cr1 && (value & CR1.SWRST || (old & CR1.PE && !(value & CR1.PE)))) {
      this.clear(c);
      if (!(value & CR1.SWRST)) c.put(this.cr1, value & ~(CR1.START | CR1.STOP));
    }
    if (!(c.get(this.cr1) & CR1.SWRST)) this.follow(c);
    this.interrupt(c);
  }
}

const fresh = (): I2cV1State => ({ doing: 'idle', startSeen: false });

export const i2cV1: ModelFactory = (layout, given): RegisterModel<I2cV1State> => {
  const options = { clock: 'pclk1', ...(given as Partial<I2cV1Options>) };
  const block = new I2cV1(layout, options);
  return {
    timers: ['bus'],
    clocks: [options.clock],
    about: {
      source: 'RM0090 27; nothing on the bus but its pull-ups',
      confidence: 'documented',
      lacks: ['devices on the bus, slave mode', 'data phase, DMA', 'SMBus, PEC', 'levels of the pins'],
    },
    modelled: ['CR1', 'CR2', 'OAR1', 'OAR2', 'DR', 'SR1', 'SR2', 'CCR', 'TRISE'],
    create: fresh,
    onReset: (c) => block.clear(c),
    onTimer: (c) => block.onTimer(c),
    live: ['SR1'],
    acting: ['SR1'],
    holds: (c) => block.sr1Holds(c),
    read: (c, r, value) => {
      if (r === block.sr1) block.readSr1(c);
      return value;
    },
    peek: (_c, _r, value) => value,
    write: (c, r, merged, raw) => block.write(c, r, merged, raw),
    wrote: (c, r, value, old) => block.wrote(c, r, value, old),
  };
};
