/** The RTC's calendar as arithmetic: BCD registers, days since 2000-01-01, when an alarm register matches next. Pure functions. */

export const DAY = 86400;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const daysIn = (month: number, year: number): number => (month === 2 && year % 4 === 0 ? 29 : (MONTH_DAYS[month - 1] ?? 31));
export const bcd = (n: number): number => (Math.floor(n / 10) << 4) | (n % 10);
export const unBcd = (b: number): number => (b >>> 4) * 10 + (b & 0xf);

/** Days since 2000-01-01 (years 0…99 of this century) and back. */
export function dayNumber(year: number, month: number, day: number): number {
  let days = year * 365 + Math.floor((year + 3) / 4) + day - 1;
  for (let m = 1; m < month; m++) days += daysIn(m, year);
  return days;
}
export function dateOf(days: number): { year: number; month: number; day: number } {
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

/** TR for a second of the day. */
export function timeRegister(second: number, twelveHours: boolean): number {
  const hour = Math.floor(second / 3600);
  const rest = (bcd(Math.floor(second / 60) % 60) << 8) | bcd(second % 60);
  if (!twelveHours) return (bcd(hour) << 16) | rest;
  return ((hour >= 12 ? 1 : 0) << 22) | (bcd(hour % 12 || 12) << 16) | rest;
}
/** Second of the day that TR names. */
export function secondOf(tr: number, twelveHours: boolean): number {
  let hour = unBcd((tr >>> 16) & 0x3f);
  if (twelveHours) hour = (hour % 12) + ((tr >>> 22) & 1) * 12;
  return hour * 3600 + unBcd((tr >>> 8) & 0x7f) * 60 + unBcd(tr & 0x7f);
}

/** A calendar that has reached `second` (since 2000-01-01), whose weekday (1 = Monday) was `weekday` on day `weekdayOn`. */
export interface Calendar {
  readonly second: number;
  readonly weekday: number;
  readonly weekdayOn: number;
  readonly twelveHours: boolean;
}
/** Weekday, 1 to 7, of a day. */
export const weekdayOf = (c: Calendar, day: number): number => ((((c.weekday - 1 + day - c.weekdayOn) % 7) + 7) % 7) + 1;

const MSK = { seconds: 1 << 7, minutes: 1 << 15, hours: 1 << 23, date: 1 << 31 } as const;
const WDSEL = 1 << 30;
/** PM and hours of TR and ALRMxR. */
const HOURS = 0x7f0000;
/** A date that matches comes round within two months, however short. */
const DAYS_AHEAD = 63;

function dayMatches(c: Calendar, alarm: number, day: number): boolean {
  if (alarm & MSK.date) return true;
  const wanted = (alarm >>> 24) & 0x3f;
  return alarm & WDSEL ? weekdayOf(c, day) === (wanted & 0xf) : bcd(dateOf(day).day) === wanted;
}
/** Second of the day from `from` on that matches; -1 if the day has none left. */
function secondMatching(c: Calendar, alarm: number, from: number): number {
  for (let hour = Math.floor(from / 3600); hour < 24; hour++) {
    if (!(alarm & MSK.hours) && ((timeRegister(hour * 3600, c.twelveHours) ^ alarm) & HOURS) !== 0) continue;
    for (let minute = 0; minute < 60; minute++) {
      const first = hour * 3600 + minute * 60;
      if (first + 59 < from || (!(alarm & MSK.minutes) && bcd(minute) !== ((alarm >>> 8) & 0x7f))) continue;
      for (let s = Math.max(first, from); s < first + 60; s++) if (alarm & MSK.seconds || bcd(s - first) === (alarm & 0x7f)) return s;
    }
  }
  return -1;
}
/** First second (since 2000-01-01) from `c.second` on that an alarm register matches; null if there is none. */
export function nextAlarm(c: Calendar, alarm: number): number | null {
  const today = Math.floor(c.second / DAY);
  for (let day = today; day < today + DAYS_AHEAD; day++) {
    if (!dayMatches(c, alarm, day)) continue;
    const at = secondMatching(c, alarm, day === today ? c.second % DAY : 0);
    if (at >= 0) return day * DAY + at;
  }
  return null;
}

/**
 * First sub-second position from `from` on (0 = the second begins; SSR = `prescaler` - position) that ALRMxSSR matches; -1 if the second has none left. With
 * MASKSS = 0 only the start of the second counts.
 */
export function subSecondMatching(ssr: number, maskBits: number, prescaler: number, from: number): number {
  if (maskBits === 0) return from === 0 ? 0 : -1;
  const mask = maskBits >= 15 ? 0x7fff : (1 << maskBits) - 1;
  for (let p = from; p <= prescaler; p++) if (((prescaler - p) & mask) === (ssr & mask)) return p;
  return -1;
}
