/**
 * LPTIM: the version with CMP (L4, H7) and the one with CCR1, CCR2, RCR and DIER (H5, U5). Modelled: counting its kernel clock through the prescaler, one-shot and
 * continuous, match flags, the OK flags of registers that are taken over, interrupts.
 *
 * Facts: registers ST SVD; RM0351 LPTIM, RM0481 LPTIM (documented). A written register is taken over after `SYNC_CLOCKS` kernel clocks (assumed: the manuals say
 * a few). The counter begins two kernel clocks after its start (documented).
 */
import { RegisterContext, type Layout, type ModelFactory, type Register, type RegisterModel } from '../../emu/registers.ts';
import { clonePlain } from '../../emu/component.ts';

export interface LptimOptions {
  readonly clock: string;
}
export interface LptimState {
  /** Counted since this kernel clock; -1 = not started. */
  anchor: number;
  /** Ticks of the prescaler whose flags have been raised. */
  seen: number;
  single: boolean;
  /** OK flags on their way, as ISR bits. */
  pending: number;
}
type Ctx = RegisterContext<LptimState>;

const CR = { ENABLE: 1, SNGSTRT: 2, CNTSTRT: 4, COUNTRST: 8 };
const CFGR = { CKSEL: 1, TRIGEN: 3 << 17, COUNTMODE: 1 << 23, ENC: 1 << 24 };
const FLAG = { CMPM: 1, ARRM: 2, UE: 1 << 7, CC2IF: 1 << 9 };
/** OK flag by the register that has been written; CMP and CCR1 stand at the same place. */
const OK: Readonly<Record<number, number>> = { 0x14: 1 << 3, 0x18: 1 << 4, 0x28: 1 << 8, 0x34: 1 << 19 };
const DIEROK = 1 << 24;
const SYNC_CLOCKS = 3;
const START_CLOCKS = 2;

class Lptim {
  readonly isr: Register;
  private readonly icr: Register;
  private readonly ier: Register;
  private readonly cfgr: Register;
  private readonly cr: Register;
  private readonly cmp: Register;
  private readonly cmp2: Register | null;
  private readonly arr: Register;
  readonly cnt: Register;
  /** The version with CCR1. */
  private readonly late: boolean;
  private readonly clock: string;

  constructor(layout: Layout, options: LptimOptions) {
    this.clock = options.clock;
    this.late = layout.has('DIER');
    const at = (offset: number): Register => layout.at(offset)!;
    [this.isr, this.icr, this.ier, this.cfgr, this.cr] = [at(0), at(4), at(8), at(0xc), at(0x10)];
    [this.cmp, this.arr, this.cnt] = [at(0x14), at(0x18), at(0x1c)];
    this.cmp2 = this.late ? at(0x34) : null;
  }
  private prescaler(c: Ctx): number {
    return 1 << ((c.get(this.cfgr) >>> 9) & 7);
  }
  private period(c: Ctx): number {
    return c.get(this.arr) + 1;
  }
  /** Ticks since the start. */
  private ticks(c: Ctx): number {
    if (c.s.anchor < 0) return 0;
    return Math.max(0, Math.floor((c.env.clockCount(this.clock) - c.s.anchor) / this.prescaler(c)));
  }
  /** First tick behind `from` at which the counter is `value`. */
  private nextTick(c: Ctx, from: number, value: number): number {
    const period = this.period(c);
    if (value >= period) return Infinity;
    const next = from + 1 + ((((value - (from + 1)) % period) + period) % period);
    return c.s.single && next >= period ? Infinity : next;
  }
  private events(c: Ctx): readonly (readonly [flag: number, value: number])[] {
    const list: (readonly [number, number])[] = [
      [FLAG.CMPM, c.get(this.cmp)],
      [FLAG.ARRM, c.get(this.arr)],
    ];
    if (this.late) list.push([FLAG.UE, 0]);
    if (this.cmp2) list.push([FLAG.CC2IF, c.get(this.cmp2)]);
    return list;
  }
  /** Raises the flags of what has happened up to now. */
  advance(c: Ctx): void {
    const { s } = c;
    const now = this.ticks(c);
    if (now <= s.seen) return;
    let flags = 0;
    for (const [flag, value] of this.events(c)) if (this.nextTick(c, s.seen, value) <= now) flags |= flag;
    s.seen = now;
    if (flags) c.put(this.isr, c.get(this.isr) | flags);
    if (s.single && now >= this.period(c)) {
      s.anchor = -1;
      s.seen = 0;
    }
  }
  counter(c: Ctx): number {
    return c.s.anchor < 0 ? 0 : this.ticks(c) % this.period(c);
  }
  /** Arms the next event whose flag is down and whose interrupt is enabled. */
  settle(c: Ctx): void {
    const { s } = c;
    c.env.irq(0, (c.get(this.isr) & c.get(this.ier)) !== 0);
    const wanted = c.get(this.ier) & ~c.get(this.isr);
    let next = Infinity;
    if (s.anchor >= 0)
      for (const [flag, value] of this.events(c)) if (wanted & flag) next = Math.min(next, this.nextTick(c, s.seen, value));
    c.env.arm('match', next === Infinity ? Infinity : c.env.clockTimeOf(this.clock, s.anchor + next * this.prescaler(c)));
  }
  private start(c: Ctx, single: boolean): void {
    const { s } = c;
    const cfgr = c.get(this.cfgr);
    // A pin that triggers or is counted has no edges.
    if (s.anchor >= 0 || cfgr & (CFGR.CKSEL | CFGR.COUNTMODE | CFGR.ENC) || cfgr & CFGR.TRIGEN) return;
    s.anchor = c.env.clockCount(this.clock) + START_CLOCKS;
    s.seen = 0;
    s.single = single;
  }
  takenOver(c: Ctx): void {
    c.put(this.isr, c.get(this.isr) | c.s.pending);
    c.s.pending = 0;
    this.settle(c);
  }
  onTimer(c: Ctx, timer: string): void {
    if (timer === 'sync') return this.takenOver(c);
    this.advance(c);
    this.settle(c);
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    this.advance(c);
    if (r === this.icr) {
      c.put(this.isr, c.get(this.isr) & ~raw);
      return 0;
    }
    if (r === this.isr || r === this.cnt) return c.get(r);
    const enabled = (c.get(this.cr) & CR.ENABLE) !== 0;
    // Compare and reload need ENABLE, the configuration its absence: RM0351 LPTIM_CMP, LPTIM_ARR, LPTIM_CFGR.
    if (r === this.cfgr && enabled) return c.get(r);
    if (r === this.arr || r === this.cmp) return enabled || this.late ? merged : c.get(r);
    if (r === this.cr) return merged & CR.ENABLE ? (enabled ? merged : merged & ~(CR.SNGSTRT | CR.CNTSTRT)) & ~CR.COUNTRST : 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    const ok = r === this.ier && this.late ? DIEROK : (OK[r.offset] ?? 0);
    if (ok && c.get(this.cr) & CR.ENABLE) {
      c.s.pending |= ok;
      c.env.arm('sync', c.env.clockTimeOf(this.clock, c.env.clockCount(this.clock) + SYNC_CLOCKS));
    }
    if (r === this.cr) {
      if (!(value & CR.ENABLE) && old & CR.ENABLE) this.clear(c);
      else if (value & (CR.SNGSTRT | CR.CNTSTRT)) this.start(c, (value & CR.SNGSTRT) !== 0);
      c.put(this.cr, c.get(this.cr) & ~(CR.SNGSTRT | CR.CNTSTRT));
    }
    this.settle(c);
  }
  clear(c: Ctx): void {
    Object.assign(c.s, fresh());
    c.env.disarm('sync');
    this.settle(c);
  }
}

const fresh = (): LptimState => ({ anchor: -1, seen: 0, single: false, pending: 0 });

export const lptim: ModelFactory<Partial<LptimOptions>> = (layout, given): RegisterModel<LptimState> => {
  const options = { clock: 'pclk1', ...given };
  const timer = new Lptim(layout, options);
  return {
    timers: ['match', 'sync'],
    clocks: [options.clock],
    about: {
      source: 'RM0351 LPTIM, RM0481 LPTIM; registers are taken over after three kernel clocks (assumed)',
      confidence: 'documented',
      lacks: ['triggers and clocks from pins, encoder mode', 'output and input capture', 'repetition counter, DMA', 'time-out function'],
    },
    modelled: layout.registers.filter((r) => !/^(CFGR2|CCMR1|OR)$/.test(r.name)).map((r) => r.name),
    create: fresh,
    onReset: (c) => timer.clear(c),
    onTimer: (c, name) => timer.onTimer(c, name),
    onClock: (c) => timer.settle(c),
    live: ['ISR', 'CNT'],
    acting: [],
    read: (c, r, value) => {
      if (r === timer.cnt) return timer.counter(c);
      if (r !== timer.isr) return value;
      timer.advance(c);
      return c.get(r);
    },
    peek: (c, r, value) => {
      if (r === timer.cnt) return timer.counter(c);
      if (r !== timer.isr) return value;
      const scratch = new RegisterContext<LptimState>(clonePlain(c.s), c.regs.slice(), c.env, null);
      timer.advance(scratch);
      return scratch.get(r);
    },
    write: (c, r, merged, raw) => timer.write(c, r, merged, raw),
    wrote: (c, r, value, old) => timer.wrote(c, r, value, old),
  };
};
