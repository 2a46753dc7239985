/**
 * RTC: real-time clock, with ICSR (H5…) or, in earlier versions of the IP, ISR and the backup registers. Modelled: write protection, initialisation mode, prescalers, calendar and sub-seconds, shadow register flag.
 *
 * Facts: registers ST SVD; keys, INITF after about 2 RTCCLK and RSF after up to 2 RTCCLK: RM RTC chapter (documented); the calendar goes on 4 RTCCLK after
 * INIT is cleared: ST HAL (documented). The reading lock between TR and DR is left out: each read is computed at its own time (assumed harmless).
 *
 * ISR's event flags are cleared by writing 0 and, like the backup registers and the tamper configuration, need no key: RM0351 RTC (documented).
 *
 * Backup domain: writes are lost while the wire `dbp` (PWR) is 0. A system reset does not reach the block.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';

export interface RtcOptions {
  /** Name of RTCCLK. */
  readonly clock: string;
  /** RTCCLK cycles until INITF rises and until RSF rises again. */
  readonly initTicks: number;
  readonly syncTicks: number;
  /** RTCCLK cycles until the calendar runs after INIT is cleared. */
  readonly restartTicks: number;
}
const DEFAULTS: RtcOptions = { clock: 'rtc', initTicks: 2, syncTicks: 2, restartTicks: 4 };
const KEY1 = 0xca;
const KEY2 = 0x53;

interface State {
  /** Keys accepted so far: 2 = unlocked. */
  key: number;
  /** Seconds since 2000-01-01 00:00:00, and week day (1 = Monday) of that moment, at RTCCLK count `anchor`. */
  seconds: number;
  weekday: number;
  anchor: number;
  /** RTCCLK counts at which INITF and RSF rise; -1 = not waiting. */
  initAt: number;
  syncAt: number;
  /** TR and DR hold the calendar because initialisation mode has written something. */
  held: number;
}
// Reset: 2000-01-01, Monday as far as WDU says.
const fresh = (): State => ({ key: 0, seconds: 0, weekday: 1, anchor: 0, initAt: -1, syncAt: 0, held: 0 });
type Context = RegisterContext<State>;

const DAY = 86400;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const daysIn = (month: number, year: number): number => (month === 2 && year % 4 === 0 ? 29 : (MONTH_DAYS[month - 1] ?? 31));
const bcd = (n: number): number => (Math.floor(n / 10) << 4) | (n % 10);
const unBcd = (b: number): number => (b >>> 4) * 10 + (b & 0xf);

/** Days since 2000-01-01 (years 0…99 of this century) and back. */
function dayNumber(year: number, month: number, day: number): number {
  let days = year * 365 + Math.floor((year + 3) / 4) + day - 1;
  for (let m = 1; m < month; m++) days += daysIn(m, year);
  return days;
}
function dateOf(days: number): { year: number; month: number; day: number } {
  let rest = days % 36525;
  const cycle = Math.floor(rest / 1461);
  rest -= cycle * 1461;
  const inCycle = rest < 366 ? 0 : 1 + Math.floor((rest - 366) / 365);
  const year = cycle * 4 + inCycle;
  rest -= inCycle === 0 ? 0 : 366 + (inCycle - 1) * 365;
  let month = 1;
  while (rest >= daysIn(month, year)) rest -= daysIn(month++, year);
  return { year, month, day: rest + 1 };
}

export const rtcV3: ModelFactory = (layout: Layout, given): RegisterModel<State> => {
  const o: RtcOptions = { ...DEFAULTS, ...(given as Partial<RtcOptions>) };
  const TR = layout.reg('TR');
  const DR = layout.reg('DR');
  const SSR = layout.reg('SSR');
  const status = layout.has('ICSR') ? 'ICSR' : 'ISR';
  const ICSR = layout.reg(status);
  const PRER = layout.reg('PRER');
  const WPR = layout.reg('WPR');
  const INIT = layout.field(`${status}.INIT`);
  const INITF = layout.field(`${status}.INITF`);
  const INITS = layout.field(`${status}.INITS`);
  const RSF = layout.field(`${status}.RSF`);
  /** Event flags of ISR: cleared by writing 0, never set by software. */
  const eventFlags =
    status === 'ISR'
      ? layout
          .reg('ISR')
          .fields.filter((x) => /^(ALR[AB]F|WUTF|TSF|TSOVF|TAMP\dF)$/.test(x.name))
          .reduce((m, x) => m | layout.field(`ISR.${x.name}`).mask, 0)
      : 0;
  const backup = layout.registers.filter((r) => /^BKP\d+R$/.test(r.name)).map((r) => r.name);
  const keyless = new Set([...backup, 'TAMPCR', 'TAFCR', 'OR']);
  const FMT = layout.field('CR.FMT');
  const PREDIV_S = layout.field('PRER.PREDIV_S');
  const PREDIV_A = layout.field('PRER.PREDIV_A');

  const count = (c: Context): number => c.env.clockCount(o.clock);
  const ticksPerSecond = (c: Context): number => (PREDIV_A.get(c) + 1) * (PREDIV_S.get(c) + 1);
  const inInit = (c: Context): boolean => c.s.initAt >= 0 && count(c) >= c.s.initAt;
  /** Ticks that the calendar has run since the anchor; it stands while initialisation mode is on. */
  const ticks = (c: Context): number => {
    const until = inInit(c) ? c.s.initAt : count(c);
    return Math.max(0, until - c.s.anchor);
  };
  const seconds = (c: Context): number => c.s.seconds + Math.floor(ticks(c) / ticksPerSecond(c));

  const timeRegister = (c: Context): number => {
    const s = seconds(c) % DAY;
    const hour = Math.floor(s / 3600);
    const rest = (bcd(Math.floor(s / 60) % 60) << 8) | bcd(s % 60);
    if (!FMT.get(c)) return (bcd(hour) << 16) | rest;
    return ((hour >= 12 ? 1 : 0) << 22) | (bcd(hour % 12 || 12) << 16) | rest;
  };
  const dateRegister = (c: Context): number => {
    const now = Math.floor(seconds(c) / DAY);
    const { year, month, day } = dateOf(now);
    const weekday = ((c.s.weekday - 1 + now - Math.floor(c.s.seconds / DAY)) % 7) + 1;
    return (bcd(year) << 16) | (weekday << 13) | (bcd(month) << 8) | bcd(day);
  };
  /** Sets the calendar from the values that software left in TR and DR. */
  const adopt = (c: Context): void => {
    const tr = c.get(TR);
    const dr = c.get(DR);
    let hour = unBcd((tr >>> 16) & 0x3f);
    if (FMT.get(c)) hour = (hour % 12) + ((tr >>> 22) & 1) * 12;
    c.s.seconds =
      dayNumber(unBcd((dr >>> 16) & 0xff), unBcd((dr >>> 8) & 0x1f), unBcd(dr & 0x3f)) * DAY +
      hour * 3600 +
      unBcd((tr >>> 8) & 0x7f) * 60 +
      unBcd(tr & 0x7f);
    c.s.weekday = (dr >>> 13) & 7;
  };
  /** Initialisation mode is about to write: from here TR and DR are what software leaves in them. */
  const hold = (c: Context): void => {
    if (c.s.held) return;
    c.put(TR, timeRegister(c));
    c.put(DR, dateRegister(c));
    c.s.held = 1;
  };
  const icsr = (c: Context, value: number): number => {
    let v = value & ~(INITF.mask | RSF.mask | INITS.mask);
    if (inInit(c)) v |= INITF.mask;
    if (c.s.syncAt >= 0 && count(c) >= c.s.syncAt && !INIT.of(value)) v |= RSF.mask;
    if (dateRegister(c) >>> 16) v |= INITS.mask;
    return v;
  };
  const refuse = (c: Context, r: Register, why: string): number => {
    c.env.note('guest', `RTC_${r.name} written ${why}: write lost`);
    return c.get(r);
  };
  const writeIcsr = (c: Context, merged: number, raw: number, lanes: number): number => {
    if (lanes & RSF.mask && !RSF.of(raw)) c.s.syncAt = count(c) + o.syncTicks;
    merged = (merged & ~eventFlags) | (c.get(ICSR) & eventFlags & (raw | ~lanes));
    const was = INIT.get(c);
    if (c.s.key !== 2) return INIT.of(merged) === was ? (merged & ~INIT.mask) | (was ? INIT.mask : 0) : refuse(c, ICSR, 'while locked');
    if (INIT.of(merged) && !was) {
      c.s.initAt = count(c) + o.initTicks;
      c.s.syncAt = -1;
    } else if (!INIT.of(merged) && was) {
      if (inInit(c)) {
        hold(c);
        adopt(c);
        c.s.held = 0;
        c.s.anchor = count(c) + o.restartTicks;
      }
      c.s.initAt = -1;
      c.s.syncAt = count(c) + o.restartTicks + o.syncTicks;
    }
    return merged & ~(INITF.mask | RSF.mask | INITS.mask);
  };

  return {
    clocks: [o.clock],
    about: {
      source: 'RM chapters RTC, ST HAL',
      confidence: 'documented',
      lacks: [
        'alarms, wake-up timer',
        'time stamp, tamper',
        'calibration, shift, binary mode',
        'the lock of the shadow registers between reads of TR and DR',
      ],
    },
    modelled: ['TR', 'DR', 'SSR', status, 'PRER', 'CR', 'WPR', ...backup],
    keeps: (_r, kind) => kind !== 'backup',
    create: fresh,
    onReset(c, kind) {
      if (kind !== 'power' && kind !== 'backup') return;
      Object.assign(c.s, fresh());
      c.s.anchor = count(c);
      c.s.syncAt = c.s.anchor + o.syncTicks;
    },
    live: [status, 'TR', 'DR', 'SSR'],
    read(c, r, value) {
      if (r === ICSR) return icsr(c, value);
      if (r === TR) return c.s.held ? value : timeRegister(c);
      if (r === DR) return c.s.held ? value : dateRegister(c);
      if (r !== SSR) return value;
      return (PREDIV_S.get(c) - Math.floor((ticks(c) % ticksPerSecond(c)) / (PREDIV_A.get(c) + 1))) >>> 0;
    },
    write(c, r, merged, raw, lanes) {
      if (r === SSR) return c.get(r);
      if (!c.env.wire('dbp')) return refuse(c, r, 'while the backup domain is protected (PWR DBP = 0)');
      if (r === WPR) {
        const key = raw & 0xff;
        c.s.key = key === KEY1 ? 1 : key === KEY2 && c.s.key === 1 ? 2 : 0;
        return 0;
      }
      if (r === ICSR) return writeIcsr(c, merged, raw, lanes);
      if (keyless.has(r.name)) return merged;
      if (c.s.key !== 2) return refuse(c, r, 'while locked (RTC_WPR)');
      if (r !== TR && r !== DR && r !== PRER) return merged;
      if (!inInit(c)) return refuse(c, r, 'outside initialisation mode');
      hold(c);
      return (merged & lanes) | (c.get(r) & ~lanes);
    },
  };
};
