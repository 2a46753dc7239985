/** TAMP backup registers and RTC: what survives what, and who may write. */
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { findChip } from '../../src/chips/index.ts';
import { bench, type Bench } from './bench.ts';
import { StChip } from './st-chip.ts';

const made = bench(
  [
    {
      name: 'RTC',
      model: 'rtc-v3',
      base: 0x44007800,
      size: 0x400,
      irqs: [2],
      clock: 'APB3ENR.RTCAPBEN',
      backup: true,
      options: { clock: 'rtc' },
    },
    { name: 'TAMP', model: 'tamp-v1', base: 0x44007c00, size: 0x400, irqs: [4], clock: 'APB3ENR.RTCAPBEN', backup: true },
  ],
  { rtc: 32_768 },
);
const RTCAPBEN = 1 << 21;
function backup(dbp = 1): Bench {
  const b = made.again();
  b.write('RCC.APB3ENR', RTCAPBEN);
  b.sys.setWire('dbp', dbp);
  return b;
}
const INIT = 0x80;
const INITF = 0x40;
const RSF = 0x20;
function unlock(b: Bench): void {
  b.write('RTC.WPR', 0xca);
  b.write('RTC.WPR', 0x53);
}
/** Sets the calendar as firmware does. */
function setCalendar(b: Bench, tr: number, dr: number): void {
  unlock(b);
  b.write('RTC.ICSR', INIT);
  b.ticks('rtc', 2);
  b.write('RTC.TR', tr);
  b.write('RTC.DR', dr);
  b.write('RTC.ICSR', 0);
}

describe('TAMP backup registers', () => {
  it('are 32 words at 0x100 that hold what is written with DBP = 1', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 32, maxLength: 32 }), (words) => {
        const b = backup();
        words.forEach((w, i) => b.sys.write(0x44007d00 + 4 * i, 4, w));
        expect(words.map((_, i) => b.read(`TAMP.BKP${i}R`))).toEqual(words);
      }),
      { numRuns: 20 },
    );
  });

  it('lose writes while DBP = 0, and say so', () => {
    const b = backup(0);
    b.write('TAMP.BKP0R', 0xdeadbeef);
    expect(b.read('TAMP.BKP0R')).toBe(0);
    expect(b.notes).toEqual([{ kind: 'guest', text: 'TAMP_BKP0R written while the backup domain is protected (PWR DBP = 0)' }]);
  });

  it('survive a system reset, not a backup-domain reset and not a power cycle', () => {
    for (const [kind, left] of [
      ['system', 0x12345678],
      ['backup', 0],
      ['power', 0],
    ] as const) {
      const b = backup();
      b.write('TAMP.BKP7R', 0x12345678);
      b.sys.resetBlocks(kind);
      b.write('RCC.APB3ENR', RTCAPBEN);
      expect([kind, b.read('TAMP.BKP7R')]).toEqual([kind, left]);
    }
  });

  it('cannot be reached without their APB clock', () => {
    const b = backup();
    b.write('TAMP.BKP0R', 1);
    b.write('RCC.APB3ENR', 0);
    b.write('TAMP.BKP0R', 2);
    expect(b.read('TAMP.BKP0R')).toBe(0);
    b.write('RCC.APB3ENR', RTCAPBEN);
    expect(b.read('TAMP.BKP0R')).toBe(1);
  });
});

describe('RTC', () => {
  it('INITF rises 2 RTCCLK after INIT, RSF returns after the calendar restarts', () => {
    const b = backup();
    unlock(b);
    b.write('RTC.ICSR', INIT);
    expect(b.read('RTC.ICSR') & INITF).toBe(0);
    b.ticks('rtc', 1);
    expect(b.read('RTC.ICSR') & INITF).toBe(0);
    b.ticks('rtc', 1);
    expect(b.read('RTC.ICSR') & (INITF | RSF)).toBe(INITF);
    b.write('RTC.ICSR', 0);
    expect(b.read('RTC.ICSR') & (INITF | RSF)).toBe(0);
    b.ticks('rtc', 5);
    expect(b.read('RTC.ICSR') & RSF).toBe(0);
    b.ticks('rtc', 1);
    expect(b.read('RTC.ICSR') & RSF).toBe(RSF);
  });

  it('without RTCCLK neither flag ever rises', () => {
    const b = backup();
    b.sys.setClock('rtc', null);
    unlock(b);
    b.write('RTC.ICSR', INIT);
    b.until(5e12);
    expect(b.read('RTC.ICSR') & INITF).toBe(0);
  });

  it('protected registers need DBP and both keys in order', () => {
    const b = backup();
    b.write('RTC.ICSR', INIT);
    b.write('RTC.WPR', 0x53);
    b.write('RTC.WPR', 0xca);
    b.write('RTC.ICSR', INIT);
    expect(b.read('RTC.ICSR') & INIT).toBe(0);
    b.write('RTC.WPR', 0x53);
    b.sys.setWire('dbp', 0);
    b.write('RTC.ICSR', INIT);
    expect(b.read('RTC.ICSR') & INIT).toBe(0);
    b.sys.setWire('dbp', 1);
    b.write('RTC.ICSR', INIT);
    expect(b.read('RTC.ICSR') & INIT).toBe(INIT);
    b.write('RTC.WPR', 0xff);
    b.write('RTC.CR', 0x40);
    expect(b.read('RTC.CR')).toBe(0); // FMT
    expect(b.notes.length).toBeGreaterThan(0);
  });

  it('TR, DR and PRER take writes only in initialisation mode', () => {
    const b = backup();
    unlock(b);
    b.write('RTC.PRER', 0);
    b.write('RTC.TR', 0x123456);
    expect([b.read('RTC.PRER'), b.read('RTC.TR')]).toEqual([0x7f00ff, 0]);
  });

  it('counts seconds, days, months and leap years from any moment of the century', () => {
    const bcd = (n: number): number => (Math.floor(n / 10) << 4) | (n % 10);
    const registers = (t: number): [number, number] => {
      const d = new Date(t * 1000);
      return [
        (bcd(d.getUTCHours()) << 16) | (bcd(d.getUTCMinutes()) << 8) | bcd(d.getUTCSeconds()),
        (bcd(d.getUTCFullYear() - 2000) << 16) | ((d.getUTCDay() || 7) << 13) | (bcd(d.getUTCMonth() + 1) << 8) | bcd(d.getUTCDate()),
      ];
    };
    const Y2000 = Date.UTC(2000, 0, 1) / 1000;
    const Y2099 = Date.UTC(2099, 0, 1) / 1000;
    fc.assert(
      fc.property(fc.integer({ min: Y2000, max: Y2099 }), fc.integer({ min: 0, max: 5000 }), (from, seconds) => {
        const b = backup();
        const [tr, dr] = registers(from);
        setCalendar(b, tr, dr);
        b.ticks('rtc', 4 + seconds * 32_768);
        expect([b.read('RTC.TR'), b.read('RTC.DR')]).toEqual(registers(from + seconds));
      }),
      { numRuns: 300 },
    );
  });

  it('sub-seconds count down from PREDIV_S', () => {
    const b = backup();
    setCalendar(b, 0, 0x2101);
    b.ticks('rtc', 4);
    expect(b.read('RTC.SSR')).toBe(255);
    b.ticks('rtc', 128 * 10);
    expect(b.read('RTC.SSR')).toBe(245);
    b.ticks('rtc', 32_768 - 1280 - 1);
    expect([b.read('RTC.SSR'), b.read('RTC.TR')]).toEqual([0, 0]);
    b.read('RTC.DR'); // ends the lock of the shadow registers
    b.ticks('rtc', 1);
    expect([b.read('RTC.SSR'), b.read('RTC.TR')]).toEqual([255, 1]);
  });

  it('the 12-hour format has PM', () => {
    const b = backup();
    setCalendar(b, 0x115959, 0x2101);
    unlock(b);
    b.write('RTC.CR', 1 << 6);
    b.ticks('rtc', 4);
    expect(b.read('RTC.TR')).toBe(0x115959);
    b.ticks('rtc', 32_768);
    expect(b.read('RTC.TR')).toBe(0x520000); // 12:00:00 PM
    b.ticks('rtc', 3600 * 32_768);
    expect(b.read('RTC.TR')).toBe(0x410000); // 01:00:00 PM
  });

  it('goes on over a system reset', () => {
    const b = backup();
    setCalendar(b, 0x000010, 0x2101);
    b.ticks('rtc', 4 + 32_768);
    b.sys.resetBlocks('system');
    b.write('RCC.APB3ENR', RTCAPBEN);
    b.ticks('rtc', 32_768);
    expect(b.read('RTC.TR')).toBe(0x12);
  });
});

describe('the RCC register of the backup domain', () => {
  it.each([
    ['stm32l152re', 'CSR', 'LSEON'],
    ['stm32f407vg', 'BDCR', 'LSEON'],
  ])('of %s is RCC_%s, and a write that DBP keeps out says so', (name, register, bit) => {
    const h = new StChip(findChip(name)!);
    h.set(`RCC.${register}.${bit}`, 1);
    expect(h.read(`RCC.${register}`) & 0x100).toBe(0);
    expect(h.notes).toEqual([`RCC_${register} written while the backup domain is protected (PWR DBP = 0)`]);
  });
});
