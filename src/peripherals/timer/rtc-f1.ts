/**
 * RTC of STM32F1: a counter of 32 bits behind a prescaler of 20. Modelled: prescaler, counter, divider, alarm, configuration mode with RTOFF, RSF, the flags of second,
 * alarm and overflow, interrupts.
 *
 * Facts: registers ST SVD; RM0008 18 (documented): PRL, CNT and ALR are written in configuration mode and taken over, three RTCCLK periods later at the earliest, when
 * CNF falls; DBP guards them; a system reset leaves them and the count alone. RSF rises with the next RTCCLK period (documented for an APB1 that was off).
 * Wire read: `dbp`. Driven: `rtc.alarm`, a pulse to EXTI.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import type { Ps } from '../../emu/time.ts';
import { DBP, RTC_ALARM } from '../wires.ts';

export interface RtcF1State {
  /** Count of RTCCLK at which the counter became `cnt`. */
  base: number;
  cnt: number;
  prl: number;
  alr: number;
  /** Written in configuration mode, not taken over yet; -1 = nothing. */
  next: { prl: number; cnt: number; alr: number };
  /** Count of RTCCLK at which RSF rises. */
  synchronised: number;
}
type Ctx = RegisterContext<RtcF1State>;

const CLOCK = 'rtc';
const [SECF, ALRF, OWF, RSF, CNF, RTOFF] = [1, 2, 4, 8, 16, 32];
const FLAGS = SECF | ALRF | OWF | RSF;
const TAKE_OVER_CLOCKS = 3;
const RANGE = 2 ** 32;
/** PRL out of reset. */
const SECOND = 0x8000;

class RtcF1 {
  readonly crl: Register;
  private readonly crh: Register;
  private readonly at: (offset: number) => Register;

  constructor(layout: Layout) {
    this.at = (offset) => layout.at(offset)!;
    [this.crh, this.crl] = [this.at(0), this.at(4)];
  }
  private ticks(c: Ctx): number {
    return Math.max(0, c.env.clockCount(CLOCK) - c.s.base);
  }
  private period(c: Ctx): number {
    return c.s.prl + 1;
  }
  /** Brings counter and flags up to now. */
  catchUp(c: Ctx): void {
    const { s } = c;
    const steps = Math.floor(this.ticks(c) / this.period(c));
    let flags = c.env.clockCount(CLOCK) >= s.synchronised ? RSF : 0;
    if (steps > 0) {
      const toAlarm = (s.alr - s.cnt + RANGE) % RANGE || RANGE;
      flags |= SECF | (steps >= toAlarm ? ALRF : 0) | (s.cnt + steps >= RANGE ? OWF : 0);
      s.base += steps * this.period(c);
      s.cnt = (s.cnt + steps) % RANGE;
      if (flags & ALRF) this.pulse(c);
    }
    c.put(this.crl, c.get(this.crl) | flags);
  }
  private pulse(c: Ctx): void {
    c.env.setWire(RTC_ALARM, 1);
    c.env.setWire(RTC_ALARM, 0);
  }
  /** The line, and the next event that others than a reader notice. */
  sync(c: Ctx): void {
    c.env.irq(0, (c.get(this.crl) & c.get(this.crh) & (SECF | ALRF | OWF)) !== 0);
    const { s } = c;
    const toAlarm = (s.alr - s.cnt + RANGE) % RANGE || RANGE;
    const steps = c.get(this.crh) & ~c.get(this.crl) & SECF ? 1 : Math.min(toAlarm, RANGE - s.cnt);
    const due = c.env.clockTimeOf(CLOCK, s.base + steps * this.period(c));
    if (due < Infinity) c.env.arm('count', due);
    else c.env.disarm('count');
  }
  onTimer(c: Ctx, timer: string): void {
    this.catchUp(c);
    if (timer === 'take-over') this.takeOver(c);
    this.sync(c);
  }
  private takeOver(c: Ctx): void {
    const { s } = c;
    if (s.next.prl >= 0) s.prl = s.next.prl;
    if (s.next.cnt >= 0) s.cnt = s.next.cnt;
    if (s.next.alr >= 0) s.alr = s.next.alr;
    // A new prescaler or count begins its second anew.
    if (s.next.prl >= 0 || s.next.cnt >= 0) s.base = c.env.clockCount(CLOCK);
    s.next = { prl: -1, cnt: -1, alr: -1 };
    c.put(this.crl, c.get(this.crl) | RTOFF);
  }
  read(c: Ctx, r: Register): number {
    this.catchUp(c);
    return this.shown(c, r);
  }
  private shown(c: Ctx, r: Register): number {
    const { s } = c;
    const left = s.prl - (this.ticks(c) % this.period(c));
    const values: Readonly<Record<number, number>> = {
      0x10: left >>> 16,
      0x14: left & 0xffff,
      0x18: s.cnt >>> 16,
      0x1c: s.cnt & 0xffff,
    };
    return values[r.offset] ?? c.get(r);
  }
  /** Until when a read gives the same. */
  holds(c: Ctx, r: Register): Ps {
    const count = c.env.clockCount(CLOCK);
    if (r.offset === 0x10 || r.offset === 0x14) return c.env.clockTimeOf(CLOCK, count + 1);
    const tick = c.s.base + (Math.floor(this.ticks(c) / this.period(c)) + 1) * this.period(c);
    return c.env.clockTimeOf(CLOCK, count < c.s.synchronised ? Math.min(tick, c.s.synchronised) : tick);
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number {
    this.catchUp(c);
    if (r === this.crl) return this.writeCrl(c, raw);
    if (r === this.crh) return merged;
    const crl = c.get(this.crl);
    if (!c.env.wire(DBP))
      c.env.note('guest', `RTC_${r.name} written while the backup domain is protected (PWR DBP = 0)`, {
        is: 'backup-locked',
        register: r.name,
      });
    else if (crl & CNF && crl & RTOFF) this.prepare(c, r.offset, raw & 0xffff);
    return c.get(r);
  }
  private prepare(c: Ctx, offset: number, value: number): void {
    const { s } = c;
    const high = (old: number, next: number): number => (((next < 0 ? old : next) & 0xffff) | (value << 16)) >>> 0;
    const low = (old: number, next: number): number => (((next < 0 ? old : next) & 0xffff0000) | value) >>> 0;
    const half = offset & 4 ? low : high;
    if (offset < 0x10) s.next.prl = half(s.prl, s.next.prl) & 0xfffff;
    else if (offset >= 0x20) s.next.alr = half(s.alr, s.next.alr);
    else if (offset >= 0x18) s.next.cnt = half(s.cnt, s.next.cnt);
  }
  /** Flags fall by a 0; leaving configuration mode takes over what was written. */
  private writeCrl(c: Ctx, raw: number): number {
    const old = c.get(this.crl);
    if (old & RSF && !(raw & RSF)) c.s.synchronised = c.env.clockCount(CLOCK) + 1;
    let value = old & (raw | ~FLAGS) & ~CNF;
    if (old & RTOFF) value |= raw & CNF;
    const { prl, cnt, alr } = c.s.next;
    if (old & CNF && !(value & CNF) && Math.max(prl, cnt, alr) >= 0) {
      value &= ~RTOFF;
      c.env.arm('take-over', c.env.clockTimeOf(CLOCK, c.env.clockCount(CLOCK) + TAKE_OVER_CLOCKS));
    }
    return value;
  }
  reset(c: Ctx, kind: string): void {
    if (kind !== 'system') Object.assign(c.s, fresh(), { base: c.env.clockCount(CLOCK) });
    c.s.synchronised = c.env.clockCount(CLOCK) + 1;
    c.env.disarm('take-over');
    c.s.next = fresh().next;
    this.sync(c);
  }
}
const fresh = (): RtcF1State => ({
  base: 0,
  cnt: 0,
  prl: SECOND,
  alr: RANGE - 1,
  next: { prl: -1, cnt: -1, alr: -1 },
  synchronised: 0,
});

export const rtcF1: ModelFactory = (layout): RegisterModel<RtcF1State> => {
  const rtc = new RtcF1(layout);
  return {
    timers: ['count', 'take-over'],
    clocks: [CLOCK],
    about: { source: 'RM0008 18', confidence: 'documented', lacks: ['output of the clock or a pulse on TAMPER', 'what PRL and ALR read'] },
    modelled: 'all',
    keeps: (r, kind) => kind === 'system' && r.offset >= 8,
    create: fresh,
    onReset: (c, kind) => rtc.reset(c, kind),
    onTimer: (c, timer) => rtc.onTimer(c, timer),
    onClock: (c) => rtc.sync(c),
    live: ['CRL', 'DIVH', 'DIVL', 'CNTH', 'CNTL'],
    holds: (c, r) => rtc.holds(c, r),
    read: (c, r) => rtc.read(c, r),
    write: (c, r, merged, raw) => rtc.write(c, r, merged, raw),
    wrote: (c) => rtc.sync(c),
  };
};
