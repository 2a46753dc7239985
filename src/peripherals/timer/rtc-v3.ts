/**
 * RTC: real-time clock, with ICSR, SR and SCR (H5…) or, in earlier versions of the IP, ISR and the backup registers. Modelled: write protection, initialisation
 * mode, prescalers, calendar and sub-seconds, shadow registers with their lock, alarms, wake-up timer, time stamp, ADD1H, SUB1H and SHIFTR.
 *
 * Facts: registers ST SVD; keys, INITF after about 2 RTCCLK, RSF, ALRxWF and WUTWF after up to 2 RTCCLK: RM0351 RTC (documented); the calendar goes on 4 RTCCLK after
 * INIT is cleared: ST HAL (documented). RM0351 RTC (documented): SSR locks TR and DR, TR locks DR, until DR is read; an alarm without MASKSS comes when the second begins;
 * the wake-up timer reloads by itself and counts RTCCLK/16…/2 or seconds. Its first period starts with WUTE (inferred), a time stamp is there at once (RM: after 2 ck_apre).
 *
 * The shadow registers are not copied in Stop, and a system reset puts them to their reset values: they show the calendar again with the next copy, up to 2 RTCCLK later. That reset
 * clears INIT, INITF and RSF; behind Stop, RSF is for software to clear (RM0090 26.3.6, 26.6.4, documented).
 *
 * ISR's event flags are cleared by writing 0 and, like the backup registers and the tamper configuration, need no key: RM0351 RTC (documented).
 *
 * Backup domain: writes are lost while the wire `dbp` (PWR) is 0. A system reset does not reach the block.
 * Wires: drives `rtc.alarm`, `rtc.wakeup`, `rtc.stamp` (flag and its enable): EXTI and PWR follow them. Versions with SR drive interrupt 0 too.
 * Listens to the pin of RTC_TS.
 */
import type { GuestFact, ResetKind } from '../../emu/component.ts';
import type { Ps } from '../../emu/time.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import {
  bcd,
  dateOf,
  DAY,
  dayNumber,
  nextAlarm,
  secondOf,
  subSecondMatching,
  timeRegister,
  unBcd,
  weekdayOf,
  type Calendar,
} from './rtc-calendar.ts';
import { DBP, POWER_STOP, RTC_ALARM, RTC_STAMP, RTC_WAKEUP } from '../wires.ts';
import { wire } from '../../emu/wires.ts';

export interface RtcOptions {
  /** Name of RTCCLK. */
  readonly clock: string;
  /** RTCCLK cycles until INITF rises and until RSF, ALRxWF and WUTWF rise. */
  readonly initTicks: number;
  readonly syncTicks: number;
  /** RTCCLK cycles until the calendar runs after INIT is cleared. */
  readonly restartTicks: number;
  /** Wire of the pin RTC_TS. */
  readonly stampWire: string;
}
const DEFAULTS: RtcOptions = { clock: 'rtc', initTicks: 2, syncTicks: 2, restartTicks: 4, stampWire: 'in.PC13' };
/** Registers behind the key in versions with SR, beside bits of ICSR and CR. */
const GUARDED = ['TR', 'DR', 'PRER', 'CALR', 'SHIFTR'];
/** Behind one another into RTC_WPR, they open the registers that it protects (RM0091 25.3.7). */
export const RTC_KEYS = [0xca, 0x53] as const;
const [KEY1, KEY2] = RTC_KEYS;
/** RTCCLK cycles of a wake-up count by WUCKSEL; 0 = seconds. */
const WAKEUP_DIVIDERS = [16, 8, 4, 2, 0, 0, 0, 0];
const WAKEUP_17_BIT = 6;

interface State {
  /** 2 = unlocked. */
  key: number;
  /** The calendar was at `seconds` (since 2000-01-01) when RTCCLK had counted `anchor`; WDU on that day. */
  seconds: number;
  weekday: number;
  anchor: number;
  /** RTCCLK counts at which INITF and RSF rise; -1 = not waiting. */
  initAt: number;
  syncAt: number;
  /** TR and DR hold the calendar because initialisation mode has written something. */
  held: number;
  /** Shadow values of TR and DR that an earlier read has locked; -1 = not locked. */
  lockedTr: number;
  lockedDr: number;
  /** What the shadow registers show until RTCCLK has counted that far: they were not copied meanwhile. */
  stale: { until: number; tr: number; dr: number; ssr: number } | null;
  /** RTCCLK count at which the wake-up timer started, and at which it can be written. */
  wakeupFrom: number;
  wakeupFreeAt: number;
  /** RTCCLK counts at which the alarms can be written. */
  alarmFreeAt: number[];
}
// Reset: 2000-01-01, Monday as far as WDU says.
const fresh = (): State => ({
  key: 0,
  seconds: 0,
  weekday: 1,
  anchor: 0,
  initAt: -1,
  syncAt: 0,
  held: 0,
  lockedTr: -1,
  lockedDr: -1,
  stale: null,
  wakeupFrom: 0,
  wakeupFreeAt: 0,
  alarmFreeAt: [0, 0],
});
type Context = RegisterContext<State>;

interface Alarm {
  readonly timer: string;
  readonly time: Register;
  readonly subSecond: Register;
  readonly maskSs: Field;
  readonly enable: Field;
  readonly interrupt: Field;
  readonly flag: Field;
  /** May be written; absent in versions with SR. */
  readonly free: Field | null;
}

class Rtc {
  private readonly o: RtcOptions;
  private readonly layout: Layout;
  readonly tr: Register;
  readonly dr: Register;
  readonly ssr: Register;
  /** ICSR or ISR. */
  readonly status: Register;
  /** Where the event flags lie: SR, or ISR. */
  readonly flags: Register;
  /** Versions with SR, MISR and SCR. */
  readonly masked: Register | null;
  readonly clear: Register | null;
  private readonly prer: Register;
  private readonly wpr: Register;
  private readonly cr: Register;
  private readonly shiftr: Register;
  private readonly init: Field;
  private readonly initf: Field;
  private readonly inits: Field;
  private readonly rsf: Field;
  private readonly fmt: Field;
  private readonly bypshad: Field;
  private readonly predivS: Field;
  private readonly predivA: Field;
  private readonly alarms: readonly Alarm[];
  private readonly wakeup: {
    readonly enable: Field;
    readonly interrupt: Field;
    readonly flag: Field;
    readonly free: Field;
    readonly select: Field;
    readonly count: Field;
  } | null;
  private readonly stamp: {
    readonly enable: Field;
    readonly edge: Field;
    readonly interrupt: Field;
    readonly flag: Field;
    readonly overflow: Field;
    readonly registers: readonly Register[];
  };
  /** Event flags, all of them. */
  private readonly events: number;
  readonly backup: readonly string[];
  /** Registers that decide when an alarm or the wake-up timer comes. */
  private readonly timing: ReadonlySet<Register>;
  private readonly keyless: ReadonlySet<string>;

  constructor(layout: Layout, options: RtcOptions) {
    this.o = options;
    this.layout = layout;
    const f = (path: string): Field => layout.field(path);
    this.tr = layout.reg('TR');
    this.dr = layout.reg('DR');
    this.ssr = layout.reg('SSR');
    const status = layout.has('ICSR') ? 'ICSR' : 'ISR';
    const flags = layout.has('SR') ? 'SR' : 'ISR';
    this.status = layout.reg(status);
    this.flags = layout.reg(flags);
    this.masked = layout.has('MISR') ? layout.reg('MISR') : null;
    this.clear = layout.has('SCR') ? layout.reg('SCR') : null;
    this.prer = layout.reg('PRER');
    this.wpr = layout.reg('WPR');
    this.cr = layout.reg('CR');
    this.shiftr = layout.reg('SHIFTR');
    this.init = f(`${status}.INIT`);
    this.initf = f(`${status}.INITF`);
    this.inits = f(`${status}.INITS`);
    this.rsf = f(`${status}.RSF`);
    this.fmt = f('CR.FMT');
    this.bypshad = f('CR.BYPSHAD');
    this.predivS = f('PRER.PREDIV_S');
    this.predivA = f('PRER.PREDIV_A');
    this.alarms = ['A', 'B']
      .filter((x) => layout.has(`ALRM${x}R`))
      .map((x) => ({
        timer: `alarm${x}`,
        time: layout.reg(`ALRM${x}R`),
        subSecond: layout.reg(`ALRM${x}SSR`),
        maskSs: f(`ALRM${x}SSR.MASKSS`),
        enable: f(`CR.ALR${x}E`),
        interrupt: f(`CR.ALR${x}IE`),
        flag: f(`${flags}.ALR${x}F`),
        free: layout.hasField(`${status}.ALR${x}WF`) ? f(`${status}.ALR${x}WF`) : null,
      }));
    this.wakeup = layout.has('WUTR')
      ? {
          enable: f('CR.WUTE'),
          interrupt: f('CR.WUTIE'),
          flag: f(`${flags}.WUTF`),
          free: f(`${status}.WUTWF`),
          select: f(layout.hasField('CR.WUCKSEL') ? 'CR.WUCKSEL' : 'CR.WCKSEL'),
          count: f('WUTR.WUT'),
        }
      : null;
    this.stamp = {
      enable: f('CR.TSE'),
      edge: f('CR.TSEDGE'),
      interrupt: f('CR.TSIE'),
      flag: f(`${flags}.TSF`),
      overflow: f(`${flags}.TSOVF`),
      registers: ['TSTR', 'TSDR', 'TSSSR'].map((name) => layout.reg(name)),
    };
    this.events = this.flags.fields
      .filter((x) => /^(ALR[AB]F|WUTF|I?TSF|TSOVF|TAMP\dF|SSRUF)$/.test(x.name))
      .reduce((m, x) => m | f(`${flags}.${x.name}`).mask, 0);
    this.backup = layout.registers.filter((r) => /^BKP\d+R$/.test(r.name)).map((r) => r.name);
    this.timing = new Set([
      this.cr,
      this.status,
      ...this.alarms.flatMap((a) => [a.time, a.subSecond]),
      ...(this.wakeup ? [layout.reg('WUTR')] : []),
    ]);
    this.keyless = new Set([...this.backup, 'TAMPCR', 'TAFCR', 'OR', 'SCR']);
  }

  get modelled(): readonly string[] {
    const names = ['TR', 'DR', 'SSR', this.status.name, 'PRER', 'CR', 'WPR', 'SHIFTR', 'TSTR', 'TSDR', 'TSSSR'];
    const versions = ['SR', 'MISR', 'SCR', 'WUTR'].filter((name) => this.layout.has(name));
    return [...names, ...versions, ...this.alarms.flatMap((a) => [a.time.name, a.subSecond.name]), ...this.backup];
  }
  get timers(): readonly string[] {
    return ['alarmA', 'alarmB', 'wakeup'];
  }
  readsOf(): readonly string[] {
    return [this.status.name, 'TR', 'DR', 'SSR'];
  }

  // ---- time ------------------------------------------------------------------------------------------------------------------------
  private count(c: Context): number {
    return c.env.clockCount(this.o.clock);
  }
  private ticksPerSecond(c: Context): number {
    return (this.predivA.get(c) + 1) * (this.predivS.get(c) + 1);
  }
  private inInit(c: Context): boolean {
    return c.s.initAt >= 0 && this.count(c) >= c.s.initAt;
  }
  /** Ticks that the calendar has run since the anchor; it stands while initialisation mode is on. */
  private ticks(c: Context): number {
    const until = this.inInit(c) ? c.s.initAt : this.count(c);
    return Math.max(0, until - c.s.anchor);
  }
  private calendar(c: Context, second: number): Calendar {
    return { second, weekday: c.s.weekday, weekdayOn: Math.floor(c.s.seconds / DAY), twelveHours: this.fmt.get(c) === 1 };
  }
  private seconds(c: Context): number {
    return c.s.seconds + Math.floor(this.ticks(c) / this.ticksPerSecond(c));
  }
  /** Position in the second, in steps of the sub-second counter. */
  private position(c: Context): number {
    return Math.floor((this.ticks(c) % this.ticksPerSecond(c)) / (this.predivA.get(c) + 1));
  }
  private time(c: Context): number {
    return timeRegister(this.seconds(c) % DAY, this.fmt.get(c) === 1);
  }
  private date(c: Context): number {
    const second = this.seconds(c);
    const now = Math.floor(second / DAY);
    const { year, month, day } = dateOf(now);
    return (bcd(year) << 16) | (weekdayOf(this.calendar(c, second), now) << 13) | (bcd(month) << 8) | bcd(day);
  }
  private subSeconds(c: Context): number {
    return (this.predivS.get(c) - this.position(c)) >>> 0;
  }
  /** Sets the calendar from the values that software left in TR and DR. */
  private adopt(c: Context): void {
    const dr = c.get(this.dr);
    c.s.seconds =
      dayNumber(unBcd((dr >>> 16) & 0xff), unBcd((dr >>> 8) & 0x1f), unBcd(dr & 0x3f)) * DAY +
      secondOf(c.get(this.tr), this.fmt.get(c) === 1);
    c.s.weekday = (dr >>> 13) & 7;
  }
  /** Initialisation mode is about to write: from here TR and DR are what software leaves in them. */
  private hold(c: Context): void {
    if (c.s.held) return;
    c.put(this.tr, this.time(c));
    c.put(this.dr, this.date(c));
    c.s.held = 1;
  }

  // ---- events ----------------------------------------------------------------------------------------------------------------------
  /** RTCCLK count of an alarm's next match behind now; Infinity while it is off, or has none. */
  private alarmCount(c: Context, alarm: Alarm): number {
    if (!alarm.enable.get(c) || this.inInit(c)) return Infinity;
    const before = this.count(c) < c.s.anchor;
    const second = this.seconds(c);
    const subMask = alarm.maskSs.get(c);
    const prescaler = this.predivS.get(c);
    const sub = (from: number): number => subSecondMatching(c.get(alarm.subSecond) & 0x7fff, subMask, prescaler, from);
    const place = (s: number, p: number): number => c.s.anchor + (s - c.s.seconds) * this.ticksPerSecond(c) + p * (this.predivA.get(c) + 1);
    const today = nextAlarm(this.calendar(c, second), c.get(alarm.time));
    if (today === second) {
      const p = sub(before ? 0 : this.position(c) + 1);
      if (p >= 0) return place(second, p);
    }
    const next = today === second ? nextAlarm(this.calendar(c, second + 1), c.get(alarm.time)) : today;
    const p = sub(0);
    return next === null || p < 0 ? Infinity : place(next, p);
  }
  private wakeupCount(c: Context): number {
    const w = this.wakeup;
    if (!w?.enable.get(c)) return Infinity;
    const select = w.select.get(c);
    const counts = w.count.get(c) + 1 + (select >= WAKEUP_17_BIT ? 0x10000 : 0);
    const now = this.count(c);
    const divider = WAKEUP_DIVIDERS[select]!;
    if (divider > 0) {
      const period = counts * divider;
      return c.s.wakeupFrom + (Math.floor((now - c.s.wakeupFrom) / period) + 1) * period;
    }
    const second = (at: number): number => Math.floor((at - c.s.anchor) / this.ticksPerSecond(c));
    const first = second(c.s.wakeupFrom);
    const next = first + (Math.floor((second(now) - first) / counts) + 1) * counts;
    return c.s.anchor + next * this.ticksPerSecond(c);
  }
  armAll(c: Context): void {
    const at = (count: number): number => (count === Infinity ? Infinity : c.env.clockTimeOf(this.o.clock, count));
    for (const alarm of this.alarms) c.env.arm(alarm.timer, at(this.alarmCount(c, alarm)));
    c.env.arm('wakeup', at(this.wakeupCount(c)));
  }
  onTimer(c: Context, timer: string): void {
    const flag = timer === 'wakeup' ? this.wakeup!.flag : this.alarms.find((a) => a.timer === timer)!.flag;
    flag.set(c, 1);
    this.drive(c);
    this.armAll(c);
  }
  /** In Stop the shadow registers stand. */
  onStop(c: Context, stops: boolean): void {
    if (!stops) {
      if (c.s.stale !== null) c.s.stale.until = this.count(c) + this.o.syncTicks;
    } else c.s.stale = { until: Infinity, tr: this.shadowTime(c), dr: this.shadowDate(c), ssr: this.stale(c)?.ssr ?? this.subSeconds(c) };
  }
  private stale(c: Context): State['stale'] {
    const { stale } = c.s;
    return stale !== null && this.count(c) < stale.until ? stale : null;
  }
  private shadowTime(c: Context): number {
    return this.stale(c)?.tr ?? this.time(c);
  }
  private shadowDate(c: Context): number {
    return this.stale(c)?.dr ?? this.date(c);
  }
  onWire(c: Context, value: number): void {
    const { enable, edge, flag, overflow, registers } = this.stamp;
    if (!enable.get(c) || (value !== 0) === (edge.get(c) === 1)) return;
    if (flag.get(c)) overflow.set(c, 1);
    else {
      flag.set(c, 1);
      [this.time(c), this.date(c) & 0xffff, this.subSeconds(c)].forEach((v, i) => c.put(registers[i]!, v));
    }
    this.drive(c);
  }
  /** Flags whose interrupt is enabled, at the flags' places. */
  private pending(c: Context): number {
    const of = (flag: Field, enable: Field): number => (enable.get(c) ? c.get(this.flags) & flag.mask : 0);
    let bits = this.alarms.reduce((m, a) => m | of(a.flag, a.interrupt), 0);
    if (this.wakeup) bits |= of(this.wakeup.flag, this.wakeup.interrupt);
    return bits | of(this.stamp.flag, this.stamp.interrupt) | of(this.stamp.overflow, this.stamp.interrupt);
  }
  private drive(c: Context): void {
    const bits = this.pending(c);
    const level = (mask: number): number => ((bits & mask) !== 0 ? 1 : 0);
    c.env.setWire(RTC_ALARM, level(this.alarms.reduce((m, a) => m | a.flag.mask, 0)));
    c.env.setWire(RTC_WAKEUP, level(this.wakeup?.flag.mask ?? 0));
    c.env.setWire(RTC_STAMP, level(this.stamp.flag.mask | this.stamp.overflow.mask));
    if (this.masked) c.env.irq(0, bits !== 0);
  }
  private clearFlags(c: Context, bits: number): void {
    c.put(this.flags, c.get(this.flags) & ~(bits & this.events));
    if (bits & this.stamp.flag.mask) for (const r of this.stamp.registers) c.put(r, 0);
    this.drive(c);
  }

  // ---- accesses --------------------------------------------------------------------------------------------------------------------
  onReset(c: Context, kind: ResetKind): void {
    if (kind === 'system') return this.onSystemReset(c);
    if (kind !== 'power' && kind !== 'backup') return;
    Object.assign(c.s, fresh());
    c.s.anchor = this.count(c);
    c.s.syncAt = c.s.anchor + this.o.syncTicks;
    this.armAll(c);
    this.drive(c);
  }
  private onSystemReset(c: Context): void {
    if (this.init.get(c)) this.leaveInit(c);
    this.init.set(c, 0);
    const until = this.count(c) + this.o.syncTicks;
    c.s.syncAt = Math.max(c.s.syncAt, until);
    c.s.lockedTr = c.s.lockedDr = -1;
    c.s.stale = { until, tr: this.tr.reset, dr: this.dr.reset, ssr: this.ssr.reset };
    this.armAll(c);
    this.drive(c);
  }
  private statusNow(c: Context, value: number): number {
    let v = value & ~(this.initf.mask | this.rsf.mask | this.inits.mask | (this.wakeup?.free.mask ?? 0));
    if (this.inInit(c)) v |= this.initf.mask;
    if (c.s.syncAt >= 0 && this.count(c) >= c.s.syncAt && !this.init.of(value)) v |= this.rsf.mask;
    if (this.date(c) >>> 16) v |= this.inits.mask;
    if (this.wakeupFree(c)) v |= this.wakeup!.free.mask;
    this.alarms.forEach((a, i) => {
      if (a.free) v = this.alarmFree(c, i) ? v | a.free.mask : v & ~a.free.mask;
    });
    return v;
  }
  private wakeupFree(c: Context): boolean {
    return this.wakeup !== null && !this.wakeup.enable.get(c) && this.count(c) >= c.s.wakeupFreeAt;
  }
  private alarmFree(c: Context, i: number): boolean {
    return !this.alarms[i]!.enable.get(c) && this.count(c) >= c.s.alarmFreeAt[i]!;
  }
  /** Until when a register reads the same. What an earlier read has locked stays for at least as long. */
  holds(c: Context, r: Register): Ps {
    const now = this.count(c);
    const at = (count: number): Ps => c.env.clockTimeOf(this.o.clock, count);
    if (r === this.status) {
      const waits = [c.s.initAt, c.s.syncAt, c.s.wakeupFreeAt, ...c.s.alarmFreeAt].filter((count) => count > now);
      // INITS follows the year
      if (this.date(c) >>> 16 === 0 && now >= c.s.anchor)
        waits.push(c.s.anchor + this.ticks(c) - (this.ticks(c) % this.ticksPerSecond(c)) + this.ticksPerSecond(c));
      return waits.length === 0 ? Infinity : at(Math.min(...waits));
    }
    if (c.s.held || this.inInit(c)) return at(now + 1);
    const stale = this.stale(c);
    if (stale !== null) return at(stale.until);
    if (now < c.s.anchor) return at(c.s.anchor);
    const step = r === this.ssr ? this.predivA.get(c) + 1 : this.ticksPerSecond(c);
    return at(c.s.anchor + (Math.floor(this.ticks(c) / step) + 1) * step);
  }
  // eslint-disable-next-line complexity -- one case for each register that is computed
  read(c: Context, r: Register, value: number, locks: boolean): number {
    if (r === this.status) return this.statusNow(c, value);
    if (r === this.masked) return this.pending(c);
    if (r !== this.tr && r !== this.dr && r !== this.ssr) return value;
    const shadowed = !this.bypshad.get(c);
    if (r === this.ssr) {
      if (locks && shadowed && !c.s.held) this.lock(c, true);
      return (shadowed ? this.stale(c)?.ssr : undefined) ?? this.subSeconds(c);
    }
    if (c.s.held) return value;
    if (r === this.tr) {
      const time = !shadowed ? this.time(c) : c.s.lockedTr >= 0 ? c.s.lockedTr : this.shadowTime(c);
      if (locks && shadowed) this.lock(c, false);
      return time;
    }
    const date = !shadowed ? this.date(c) : c.s.lockedDr >= 0 ? c.s.lockedDr : this.shadowDate(c);
    if (locks) c.s.lockedTr = c.s.lockedDr = -1;
    return date;
  }
  private lock(c: Context, time: boolean): void {
    if (time && c.s.lockedTr < 0) c.s.lockedTr = this.shadowTime(c);
    if (c.s.lockedDr < 0) c.s.lockedDr = this.shadowDate(c);
  }
  private refuse(c: Context, r: Register, why: string, about?: GuestFact): number {
    c.env.note('guest', `RTC_${r.name} written ${why}: write lost`, about);
    return c.get(r);
  }
  private writeStatus(c: Context, merged: number, raw: number, lanes: number): number {
    const { init, initf, inits, rsf } = this;
    const stored = initf.mask | rsf.mask | inits.mask;
    if (lanes & rsf.mask && !rsf.of(raw)) c.s.syncAt = this.count(c) + this.o.syncTicks;
    if (this.flags === this.status) {
      this.clearFlags(c, lanes & ~raw);
      merged = (merged & ~this.events) | (c.get(this.flags) & this.events);
    }
    const was = init.get(c);
    if (c.s.key !== 2)
      return init.of(merged) === was ? (merged & ~init.mask) | (was ? init.mask : 0) : this.refuse(c, this.status, 'while locked');
    if (init.of(merged) && !was) {
      c.s.initAt = this.count(c) + this.o.initTicks;
      c.s.syncAt = -1;
    } else if (!init.of(merged) && was) this.leaveInit(c);
    return merged & ~stored;
  }
  private leaveInit(c: Context): void {
    if (this.inInit(c)) {
      this.hold(c);
      this.adopt(c);
      c.s.held = 0;
      c.s.lockedTr = c.s.lockedDr = -1;
      c.s.anchor = this.count(c) + this.o.restartTicks;
    }
    c.s.initAt = -1;
    c.s.syncAt = this.count(c) + this.o.restartTicks + this.o.syncTicks;
  }
  private writeControl(c: Context, merged: number, raw: number, locked: boolean): number {
    const bit = (name: string): number => this.layout.field(`CR.${name}`).mask;
    let value = merged;
    if (locked) {
      const guarded = bit('FMT') | bit('REFCKON');
      value = (value & ~guarded) | (c.get(this.cr) & guarded);
      raw = 0;
    }
    const w = this.wakeup;
    if (w && !this.wakeupFree(c)) value = (value & ~w.select.mask) | (c.get(this.cr) & w.select.mask);
    // Commands, which the SVDs call write-only.
    if (raw & bit('ADD1H')) c.s.seconds += 3600;
    else if (raw & bit('SUB1H') && this.seconds(c) % DAY >= 3600) c.s.seconds -= 3600;
    return (value & ~(bit('ADD1H') | bit('SUB1H'))) >>> 0;
  }
  /** Delays the second by SUBFS sub-second steps, or puts it ahead by one second less those. */
  private shift(c: Context, raw: number): void {
    const forward = this.layout.field('SHIFTR.ADD1S').of(raw) ? this.ticksPerSecond(c) : 0;
    c.s.anchor += this.layout.field('SHIFTR.SUBFS').of(raw) * (this.predivA.get(c) + 1) - forward;
    this.armAll(c);
  }
  /** Why a write is lost, beside the protection; null if it is not. */
  private refusal(c: Context, r: Register): string | null {
    if (r === this.tr || r === this.dr || r === this.prer) return this.inInit(c) ? null : 'outside initialisation mode';
    const i = this.alarms.findIndex((a) => a.time === r || a.subSecond === r);
    if (i >= 0)
      return this.alarmFree(c, i) || this.inInit(c) ? null : `while ${this.alarms[i]!.enable.name} = 1 or less than 2 RTCCLK after`;
    if (r === this.wakeup?.count.register) return this.wakeupFree(c) ? null : 'while WUTWF = 0';
    return null;
  }
  // eslint-disable-next-line complexity -- protections in the order in which the hardware checks
  write(c: Context, r: Register, merged: number, raw: number, lanes: number): number {
    if (r === this.ssr || r === this.masked || (r === this.flags && r !== this.status) || this.stamp.registers.includes(r)) return c.get(r);
    if (!c.env.wire(DBP)) {
      return this.refuse(c, r, 'while the backup domain is protected (PWR DBP = 0)', { is: 'backup-locked', register: r.name });
    }
    if (r === this.wpr) {
      const key = raw & 0xff;
      c.s.key = key === KEY1 ? 1 : key === KEY2 && c.s.key === 1 ? 2 : 0;
      return 0;
    }
    if (r === this.status) return this.writeStatus(c, merged, raw, lanes);
    if (r === this.clear) {
      this.clearFlags(c, raw);
      return 0;
    }
    if (this.keyless.has(r.name)) return merged;
    const locked = c.s.key !== 2;
    // With SR the key guards the clock itself only (RM0481 RTC, documented).
    if (locked && (this.masked === null || GUARDED.includes(r.name)))
      return this.refuse(c, r, 'while locked (RTC_WPR)', { is: 'lost', why: 'protected' });
    const why = this.refusal(c, r);
    if (why !== null) return this.refuse(c, r, why, { is: 'lost', why: 'running' });
    if (r === this.shiftr) {
      this.shift(c, raw);
      return 0;
    }
    if (r === this.cr) return this.writeControl(c, merged, raw, locked);
    if (r !== this.tr && r !== this.dr && r !== this.prer) return merged;
    this.hold(c);
    return (merged & lanes) | (c.get(r) & ~lanes);
  }
  wrote(c: Context, r: Register, value: number, old: number): void {
    if (r === this.cr) {
      const fell = (x: Field): boolean => x.of(old) === 1 && x.of(value) === 0;
      const free = this.count(c) + this.o.syncTicks;
      this.alarms.forEach((a, i) => {
        if (fell(a.enable)) c.s.alarmFreeAt[i] = free;
      });
      if (this.wakeup && fell(this.wakeup.enable)) c.s.wakeupFreeAt = free;
      if (this.wakeup?.enable.of(value) && !this.wakeup.enable.of(old)) c.s.wakeupFrom = this.count(c);
    }
    if (!this.timing.has(r)) return;
    this.armAll(c);
    this.drive(c);
  }
}

export const rtcV3: ModelFactory<Partial<RtcOptions>> = (layout, given): RegisterModel<State> => {
  const o: RtcOptions = { ...DEFAULTS, ...given };
  const rtc = new Rtc(layout, o);
  return {
    clocks: [o.clock],
    timers: rtc.timers,
    wires: [wire(o.stampWire), POWER_STOP],
    about: {
      source: 'RM chapters RTC, ST HAL',
      confidence: 'documented',
      lacks: ['tamper', 'calibration, binary mode', 'outputs'],
    },
    modelled: rtc.modelled,
    keeps: (_r, kind) => kind !== 'backup',
    create: fresh,
    hearsSystemReset: true,
    onReset: (c, kind) => rtc.onReset(c, kind),
    onTimer: (c, timer) => rtc.onTimer(c, timer),
    onWire: (c, w, value) => (w === POWER_STOP ? rtc.onStop(c, value !== 0) : rtc.onWire(c, value)),
    onClock: (c) => rtc.armAll(c),
    live: rtc.readsOf(),
    // A lock of the shadow registers is the block's own business.
    acting: [],
    holds: (c, r) => rtc.holds(c, r),
    read: (c, r, value) => rtc.read(c, r, value, true),
    peek: (c, r, value) => rtc.read(c, r, value, false),
    write: (c, r, merged, raw, lanes) => rtc.write(c, r, merged, raw, lanes),
    wrote: (c, r, value, old) => rtc.wrote(c, r, value, old),
  };
};
