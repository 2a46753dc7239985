/** RTC: shadow registers, alarms, wake-up timer, time stamp, on the version with ISR (L4) and the one with SR (H5), with their ways to the NVIC. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { rate } from '../../src/emu/time.ts';
import { nextAlarm, subSecondMatching, timeRegister, type Calendar } from '../../src/peripherals/timer/rtc-calendar.ts';
import { StChip } from './st-chip.ts';

const LSE = 32_768;
const SECOND = 1e12;
const chips = {
  L4: { chip: new StChip(STM32L476RG), pwr: 'RCC.APB1ENR1.PWREN', dbp: 'PWR.CR1.DBP', clock: null, isr: true },
  F4: { chip: new StChip(STM32F405RG), pwr: 'RCC.APB1ENR.PWREN', dbp: 'PWR.CR.DBP', clock: null, isr: true },
  H5: { chip: new StChip(STM32H533RE), pwr: null, dbp: 'PWR.DBPCR.DBP', clock: 'RCC.APB3ENR.RTCAPBEN', isr: false },
} as const;
type Version = keyof typeof chips;
const VERSIONS = Object.keys(chips) as Version[];

/** Unlocked, RTCCLK = 32.768 kHz, running since 2000-01-01 00:00:00. */
function ready(version: Version): StChip {
  const { chip, pwr, dbp, clock } = chips[version];
  chip.again();
  if (pwr) chip.set(pwr, 1);
  chip.set(dbp, 1);
  if (clock) chip.set(clock, 1);
  chip.system.setClock('rtc', rate(LSE));
  chip.write('RTC.WPR', 0xca);
  chip.write('RTC.WPR', 0x53);
  return chip;
}
const ticks = (h: StChip, n: number): void => h.wait(Math.ceil((n * SECOND) / LSE));
const flag = (h: StChip, version: Version, name: string): number => h.get(`RTC.${chips[version].isr ? 'ISR' : 'SR'}.${name}`);
function clear(h: StChip, version: Version, name: string): void {
  if (chips[version].isr) h.write('RTC.ISR', (~h.field(`RTC.ISR.${name}`).mask & ~0x80) >>> 0);
  else h.write('RTC.SCR', h.field(`RTC.SCR.C${name}`).mask);
}
function setTime(h: StChip, version: Version, tr: number, dr: number): void {
  const init = `RTC.${chips[version].isr ? 'ISR' : 'ICSR'}`;
  h.write(init, 0x80);
  ticks(h, 3);
  h.write('RTC.TR', tr);
  h.write('RTC.DR', dr);
  h.write(init, 0);
}

describe.each(VERSIONS)('RTC of %s', (version) => {
  const wuck = version === 'L4' ? 'RTC.CR.WCKSEL' : 'RTC.CR.WUCKSEL';
  it('SSR locks TR and DR, TR locks DR, until DR is read; BYPSHAD lifts that', () => {
    const h = ready(version);
    setTime(h, version, 0x235959, 0x002131);
    ticks(h, 10);
    h.read('RTC.SSR');
    h.wait(SECOND);
    expect([h.read('RTC.TR'), h.read('RTC.DR')]).toEqual([0x235959, 0x002131]);
    h.wait(SECOND);
    expect([h.read('RTC.TR'), h.read('RTC.DR') & 0xff1fff]).toEqual([0x000001, 0x000201]);
    h.read('RTC.SSR');
    h.wait(SECOND);
    h.set('RTC.CR.BYPSHAD', 1);
    expect(h.read('RTC.TR')).toBe(0x000002);
  });

  it('a system reset puts the shadow registers to their reset values, and RSF to 0, until the next copy; the calendar goes on', () => {
    const h = ready(version);
    const rsf = `RTC.${chips[version].isr ? 'ISR' : 'ICSR'}.RSF`;
    setTime(h, version, 0x235930, 0x002131);
    ticks(h, 10);
    h.read('RTC.SSR');
    h.reset('software');
    if (chips[version].pwr) h.set(chips[version].pwr, 1);
    if (chips[version].clock) h.set(chips[version].clock, 1);
    h.system.setClock('rtc', rate(LSE));
    expect([h.get(rsf), h.read('RTC.SSR'), h.read('RTC.TR'), h.read('RTC.DR')]).toEqual([0, 0, 0, 0x2101]);
    ticks(h, 3);
    expect([h.get(rsf), h.read('RTC.TR'), h.read('RTC.DR')]).toEqual([1, 0x235930, 0x002131]);
  });
  it('behind Stop the shadow registers show the time at which it began until the next copy; BYPSHAD shows the calendar', () => {
    const h = ready(version);
    setTime(h, version, 0x235930, 0x002131);
    ticks(h, 10);
    for (const stops of [1, 0]) {
      h.system.setWire('power.stop', stops);
      // RCC, which has nothing selected here, looks again when its oscillator has started
      h.wait(SECOND / 50_000);
      h.system.setClock('rtc', rate(LSE));
      h.wait(5 * SECOND * stops);
    }
    expect(h.read('RTC.TR')).toBe(0x235930);
    expect(h.read('RTC.DR')).toBe(0x002131);
    h.set('RTC.CR.BYPSHAD', 1);
    expect(h.read('RTC.TR')).toBe(0x235935);
    h.set('RTC.CR.BYPSHAD', 0);
    ticks(h, 3);
    expect(h.read('RTC.TR')).toBe(0x235935);
  });
  it('the wake-up timer comes each (WUT + 1) of its clock, again and again, by RTCCLK and by the second', () => {
    for (const [select, clocks] of [
      [0, 16],
      [1, 8],
      [2, 4],
      [3, 2],
    ] as const) {
      const h = ready(version);
      h.set('RTC.CR.WUTE', 0);
      ticks(h, 3);
      h.write('RTC.WUTR', 9);
      h.set(wuck, select);
      h.set('RTC.CR.WUTE', 1);
      for (let round = 0; round < 3; round++) {
        ticks(h, 10 * clocks - 2);
        expect([select, round, flag(h, version, 'WUTF')]).toEqual([select, round, 0]);
        ticks(h, 2);
        expect(flag(h, version, 'WUTF')).toBe(1);
        clear(h, version, 'WUTF');
        expect(flag(h, version, 'WUTF')).toBe(0);
      }
    }
    const h = ready(version);
    h.write('RTC.WUTR', 4);
    h.set(wuck, 4);
    h.wait(SECOND / 2);
    h.set('RTC.CR.WUTE', 1);
    h.wait(4.4 * SECOND);
    expect(flag(h, version, 'WUTF')).toBe(0);
    h.wait(0.2 * SECOND);
    expect(flag(h, version, 'WUTF')).toBe(1);
    clear(h, version, 'WUTF');
    h.set('RTC.CR.WUTE', 0);
    h.set(wuck, 4);
    h.wait(10 * SECOND);
    expect(flag(h, version, 'WUTF')).toBe(0);
  });

  it.each([
    [4, 2],
    [5, 2],
    [6, 2 + 0x10000],
    [7, 2 + 0x10000],
  ])('WUCKSEL %i: the wake-up timer counts seconds, and 65536 more from 6 on', (select, seconds) => {
    const h = ready(version);
    h.set('RTC.CR.WUTE', 0);
    ticks(h, 3);
    h.write('RTC.WUTR', 1);
    h.set(wuck, select);
    h.set('RTC.CR.WUTE', 1);
    // the first second may have begun before
    h.wait((seconds - 1.1) * SECOND);
    expect(flag(h, version, 'WUTF')).toBe(0);
    h.wait(1.2 * SECOND);
    expect(flag(h, version, 'WUTF')).toBe(1);
  });
  it('WUTR and WUCKSEL change only with WUTWF = 1, two RTCCLK after WUTE is cleared', () => {
    const h = ready(version);
    const status = chips[version].isr ? 'RTC.ISR.WUTWF' : 'RTC.ICSR.WUTWF';
    h.write('RTC.WUTR', 7);
    h.set('RTC.CR.WUTE', 1);
    h.set(wuck, 3);
    h.write('RTC.WUTR', 1);
    expect([h.get(status), h.read('RTC.WUTR') & 0xffff, h.get(wuck)]).toEqual([0, 7, 0]);
    h.set('RTC.CR.WUTE', 0);
    expect(h.get(status)).toBe(0);
    ticks(h, 3);
    expect(h.get(status)).toBe(1);
    h.write('RTC.WUTR', 1);
    h.set(wuck, 3);
    expect([h.read('RTC.WUTR') & 0xffff, h.get(wuck)]).toEqual([1, 3]);
  });

  it('an alarm with all masks comes each second, one with none once; ALRAE = 0 stops it', () => {
    const h = ready(version);
    setTime(h, version, 0x101112, 0x252301);
    h.write('RTC.ALRMAR', 0x80808080);
    h.set('RTC.CR.ALRAE', 1);
    for (let i = 0; i < 3; i++) {
      h.wait(1.01 * SECOND);
      expect(flag(h, version, 'ALRAF')).toBe(1);
      clear(h, version, 'ALRAF');
    }
    h.set('RTC.CR.ALRAE', 0);
    h.wait(5 * SECOND);
    expect(flag(h, version, 'ALRAF')).toBe(0);
    setTime(h, version, 0x101112, 0x252301);
    h.write('RTC.ALRMAR', 0x01101120);
    h.set('RTC.CR.ALRAE', 1);
    h.wait(7.9 * SECOND);
    expect(flag(h, version, 'ALRAF')).toBe(0);
    h.wait(0.2 * SECOND);
    expect(flag(h, version, 'ALRAF')).toBe(1);
  });

  it('an alarm that is on keeps its registers', () => {
    const h = ready(version);
    h.write('RTC.ALRMBR', 0x12345678);
    h.set('RTC.CR.ALRBE', 1);
    h.write('RTC.ALRMBR', 0);
    expect(h.read('RTC.ALRMBR')).toBe(0x12345678);
  });

  it('a sub-second alarm with MASKSS = n comes each 2^n sub-second steps', () => {
    const h = ready(version);
    h.write('RTC.ALRMAR', 0x80808080);
    h.write('RTC.ALRMASSR', 5 << 24); // the lowest five bits of SSR are 0
    h.set('RTC.CR.ALRAE', 1);
    let seen = 0;
    for (let i = 0; i < 256; i++) {
      ticks(h, 128);
      seen += flag(h, version, 'ALRAF');
      clear(h, version, 'ALRAF');
    }
    expect(seen).toBe(8);
  });

  it('a time stamp holds time and date of the selected edge; a second one before TSF is cleared sets TSOVF', () => {
    const h = ready(version);
    setTime(h, version, 0x101112, 0x252314);
    h.set('RTC.CR.TSE', 1);
    h.wait(2.5 * SECOND);
    h.system.setWire('in.PC13', 1);
    expect([flag(h, version, 'TSF'), h.read('RTC.TSTR'), h.read('RTC.TSDR')]).toEqual([1, 0x101114, 0x2314]);
    expect(Math.abs(h.read('RTC.TSSSR') - 128)).toBeLessThan(3);
    h.system.setWire('in.PC13', 0);
    expect(flag(h, version, 'TSOVF')).toBe(0);
    h.wait(SECOND);
    h.system.setWire('in.PC13', 1);
    expect([flag(h, version, 'TSOVF'), h.read('RTC.TSTR')]).toEqual([1, 0x101114]);
    clear(h, version, 'TSF');
    expect(h.read('RTC.TSTR')).toBe(0);
  });

  it('ADD1H, SUB1H and SHIFTR move the clock', () => {
    const h = ready(version);
    h.write('RTC.CR', h.field('RTC.CR.ADD1H').mask);
    expect([h.read('RTC.TR') >>> 16, h.read('RTC.CR')]).toEqual([1, 0]);
    h.read('RTC.DR');
    h.write('RTC.CR', h.field('RTC.CR.SUB1H').mask);
    expect(h.read('RTC.TR') >>> 16).toBe(0);
    h.read('RTC.DR');
    h.wait(0.9 * SECOND);
    h.write('RTC.SHIFTR', 0x80000000 | 128); // half a second ahead
    expect(h.read('RTC.TR')).toBe(1);
  });
});

describe('the RTC reaches the core', () => {
  it('of L4 through EXTI lines 18, 19 and 20, of F4 through 17, 21 and 22, which keep their own pending bits', () => {
    for (const [version, alarm, wakeup, bank] of [
      ['L4', 18, 20, '1'],
      ['F4', 17, 22, ''],
    ] as const) {
      const h = ready(version);
      h.write(`EXTI.RTSR${bank}`, (1 << alarm) | (1 << wakeup));
      h.write(`EXTI.IMR${bank}`, (1 << alarm) | (1 << wakeup));
      h.write('RTC.ALRMAR', 0x80808080);
      h.write('RTC.WUTR', 0);
      h.write('RTC.CR', 0x1100 | 0x4400); // ALRAE, ALRAIE, WUTE, WUTIE
      h.wait(1.01 * SECOND);
      expect([version, h.irqs.get(41), h.irqs.get(3)]).toEqual([version, true, true]);
      clear(h, version, 'WUTF');
      clear(h, version, 'ALRAF');
      expect(h.irqs.get(41)).toBe(true);
      h.write(`EXTI.PR${bank}`, 1 << alarm);
      expect(h.irqs.get(41)).toBe(false);
    }
  });
  it('of H5: without the key alarms and timer can be set, the clock cannot', () => {
    const h = ready('H5');
    h.write('RTC.WPR', 0xff);
    h.write('RTC.WUTR', 7);
    h.write('RTC.ALRMAR', 0x80808080);
    h.write('RTC.CR', 0x00015540); // FMT, ALRAE, WUTE, their interrupts, ADD1H
    h.write('RTC.SHIFTR', 0x80000000);
    expect([h.read('RTC.WUTR'), h.read('RTC.ALRMAR'), h.read('RTC.CR'), h.read('RTC.TR')]).toEqual([7, 0x80808080, 0x5500, 0]);
  });
  it('of H5 directly: MISR shows the flags whose interrupt is enabled', () => {
    const h = ready('H5');
    h.write('RTC.ALRMAR', 0x80808080);
    h.write('RTC.CR', 0x100);
    h.wait(1.01 * SECOND);
    expect([h.read('RTC.SR'), h.read('RTC.MISR'), h.irqs.get(2) ?? false]).toEqual([1, 0, false]);
    h.set('RTC.CR.ALRAIE', 1);
    expect([h.read('RTC.MISR'), h.irqs.get(2)]).toEqual([1, true]);
    h.write('RTC.SCR', 1);
    expect([h.read('RTC.SR'), h.irqs.get(2)]).toEqual([0, false]);
  });
  it('an event line of EXTI wakes WFE: event.<core> changes', () => {
    const h = ready('F4');
    const before = h.system.wire('event.cm4');
    h.write('EXTI.RTSR', 1 << 22);
    h.write('EXTI.EMR', 1 << 22);
    h.write('RTC.WUTR', 0);
    h.write('RTC.CR', 0x4400);
    h.wait(0.01 * SECOND);
    expect(h.system.wire('event.cm4')).not.toBe(before);
  });
});

describe('when an alarm comes', () => {
  /** Second by second, as the comparator does it. */
  const matches = (c: Calendar, second: number, alarm: number): boolean => {
    const d = new Date((Date.UTC(2000, 0, 1) / 1000 + second) * 1000);
    const bcd = (n: number): number => (Math.floor(n / 10) << 4) | (n % 10);
    const tr = timeRegister(second % 86400, c.twelveHours);
    const weekday = (((c.weekday - 1 + Math.floor(second / 86400) - c.weekdayOn) % 7) + 7) % 7;
    const date = alarm & (1 << 30) ? weekday + 1 === ((alarm >>> 24) & 0xf) : bcd(d.getUTCDate()) === ((alarm >>> 24) & 0x3f);
    return ((alarm & 0x80 || ((tr ^ alarm) & 0x7f) === 0) &&
      (alarm & 0x8000 || ((tr ^ alarm) & 0x7f00) === 0) &&
      (alarm & 0x800000 || ((tr ^ alarm) & 0x7f0000) === 0) &&
      (alarm >>> 31 === 1 || date)) as boolean;
  };
  const bcdUpTo = (n: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: n }).map((x) => (Math.floor(x / 10) << 4) | (x % 10));
  it('is the first second that matches: 24 and 12 hours, dates and weekdays', () => {
    const alarms = fc
      .tuple(bcdUpTo(59), bcdUpTo(59), bcdUpTo(23), bcdUpTo(31), fc.integer({ min: 0, max: 15 }), fc.boolean())
      .map(([s, m, h, d, masks, wd]) => {
        const date = wd ? (d & 7) | 0x40 : d;
        const mask = (masks & 1 ? 0x80 : 0) | (masks & 2 ? 0x8000 : 0) | (masks & 4 ? 0x800000 : 0);
        return (((date << 24) | (h << 16) | (m << 8) | s | mask) >>> 0) + (masks & 8 ? 0x80000000 : 0);
      });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3e9 }),
        alarms,
        fc.boolean(),
        fc.integer({ min: 1, max: 7 }),
        (from, alarm, twelveHours, weekday) => {
          const c: Calendar = { second: from, weekday, weekdayOn: 3, twelveHours };
          const next = nextAlarm(c, alarm);
          const end = Math.min(next ?? Infinity, from + 90_000);
          for (let s = from; s < end; s++) if (matches(c, s, alarm)) throw new Error(`${s} matches, ${next} was found`);
          if (next !== null) expect(matches(c, next, alarm)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
  it('within the second is the first position whose masked SSR matches', () => {
    fc.assert(
      fc.property(fc.nat(0x7fff), fc.integer({ min: 0, max: 15 }), fc.nat(1023), fc.nat(1023), (ss, bits, prescaler, from) => {
        const mask = (1 << bits) - 1;
        let expected = -1;
        for (let p = prescaler; p >= from; p--) if (bits === 0 ? p === 0 : ((prescaler - p) & mask) === (ss & mask)) expected = p;
        expect(subSecondMatching(ss, bits, prescaler, from)).toBe(expected);
      }),
    );
  });
});
