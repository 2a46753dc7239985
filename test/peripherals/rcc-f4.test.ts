/** RCC and PWR of F405 and F411: clock tree by the manual's formulas, ready delays, locks, resets, voltage scales. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { findChip } from '../../src/chips/index.ts';
import { STM32F411RE } from '../../src/chips/stm32f411.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const f405 = new StChip(STM32F405RG);
const f411 = new StChip(STM32F411RE);
const CHIPS = [
  ['F405', f405],
  ['F411', f411],
] as const;
const pllcfgr = (m: number, n: number, p: number, hse: number, q: number): number =>
  (m | (n << 6) | ((p / 2 - 1) << 16) | (hse << 22) | (q << 24)) >>> 0;
const ready = (h: StChip, on: string): void => {
  h.set(`RCC.CR.${on}`, 1);
  h.wait(3 * MS);
};

describe.each(CHIPS)('%s out of reset', (_, chip) => {
  it('SYSCLK is HSI at 16 MHz, all buses undivided, no other oscillator runs', () => {
    const h = chip.again();
    for (const clock of ['hsi', 'sysclk', 'hclk', 'pclk1', 'pclk2', 'timpclk1']) expect(h.hz(clock)).toBe(16_000_000);
    for (const clock of ['hse', 'lsi', 'lse', 'pllp', 'usb', 'rtc', 'hse-rtc']) expect(h.hz(clock)).toBeNull();
    expect(h.hz('systick-ext')).toBe(2_000_000);
  });
  it('a power-on shows 0x0E000000 in RCC_CSR, each reset adds its flag and the pin’s, RMVF clears all', () => {
    const h = chip.again();
    h.reset('power');
    expect(h.read('RCC.CSR')).toBe(0x0e000000);
    h.set('RCC.CSR.RMVF', 1);
    expect(h.read('RCC.CSR')).toBe(0);
    for (const [cause, flags] of [
      ['software', 0x14000000],
      ['iwdg', 0x24000000],
      ['wwdg', 0x44000000],
      ['pin', 0x04000000],
      ['brownout', 0x06000000],
    ] as const) {
      h.write('RCC.CSR', 1 << 24);
      h.reset(cause);
      expect([cause, h.read('RCC.CSR')]).toEqual([cause, flags]);
    }
  });
});

describe.each(CHIPS)('%s clock tree', (_, chip) => {
  it('HCLK, PCLKs, timers and USB follow source × N / M / P and / Q, HPRE and PPRE', () => {
    const factor = fc.record({
      m: fc.integer({ min: 2, max: 63 }),
      n: fc.integer({ min: 50, max: 432 }),
      p: fc.constantFrom(2, 4, 6, 8),
      q: fc.integer({ min: 2, max: 15 }),
      hse: fc.constantFrom(0, 1),
      hpre: fc.integer({ min: 0, max: 15 }),
      ppre1: fc.integer({ min: 0, max: 7 }),
      ppre2: fc.integer({ min: 0, max: 7 }),
    });
    fc.assert(
      fc.property(factor, (x) => {
        const h = chip.again();
        ready(h, 'HSEON');
        h.write('RCC.PLLCFGR', pllcfgr(x.m, x.n, x.p, x.hse, x.q));
        h.write('RCC.CFGR', (x.hpre << 4) | (x.ppre1 << 10) | (x.ppre2 << 13));
        h.set('RCC.CR.PLLON', 1);
        h.wait(1 * MS);
        expect(h.get('RCC.CR.PLLRDY')).toBe(1);
        h.set('RCC.CFGR.SW', 2);
        h.wait(1 * MS);
        expect(h.get('RCC.CFGR.SWS')).toBe(2);
        const vco = ((x.hse ? 8e6 : 16e6) * x.n) / x.m;
        const ahb = x.hpre < 8 ? 1 : [2, 4, 8, 16, 64, 128, 256, 512][x.hpre - 8]!;
        const apb = (v: number): number => (v < 4 ? 1 : 2 ** (v - 3));
        const hclk = vco / x.p / ahb;
        expect(h.hz('hclk')).toBeCloseTo(hclk, 3);
        expect(h.hz('usb')).toBeCloseTo(vco / x.q, 3);
        expect(h.hz('pclk1')).toBeCloseTo(hclk / apb(x.ppre1), 3);
        expect(h.hz('timpclk2')).toBeCloseTo((hclk / apb(x.ppre2)) * (x.ppre2 < 4 ? 1 : 2), 3);
      }),
      { numRuns: 40 },
    );
  });
  it('the PLL locks after its delay and only with its source', () => {
    const h = chip.again();
    h.write('RCC.PLLCFGR', pllcfgr(8, 336, 4, 1, 7));
    ready(h, 'PLLON');
    expect(h.get('RCC.CR.PLLRDY')).toBe(0);
    h.set('RCC.CR.HSEON', 1);
    h.wait(2 * MS + 65 * US);
    expect([h.get('RCC.CR.HSERDY'), h.get('RCC.CR.PLLRDY')]).toEqual([1, 0]);
    h.wait(150 * US);
    expect(h.get('RCC.CR.PLLRDY')).toBe(1);
    expect(h.hz('usb')).toBe(48_000_000);
  });
  it('PLLCFGR is frozen while the PLL is on; the PLL that SYSCLK uses cannot be switched off', () => {
    const h = chip.again();
    h.write('RCC.PLLCFGR', pllcfgr(16, 192, 4, 0, 4));
    ready(h, 'PLLON');
    h.write('RCC.PLLCFGR', pllcfgr(16, 100, 4, 0, 4));
    expect(h.get('RCC.PLLCFGR.PLLN')).toBe(192);
    h.set('RCC.CFGR.SW', 2);
    h.wait(1 * MS);
    h.set('RCC.CR.PLLON', 0);
    expect(h.hz('sysclk')).toBe(48_000_000);
    expect(h.notes.some((n) => n.includes('SYSCLK comes from it'))).toBe(true);
  });
  it('a failing HSE under CSS gives an NMI and HSI', () => {
    const h = chip.again();
    ready(h, 'HSEON');
    h.set('RCC.CR.CSSON', 1);
    h.set('RCC.CFGR.SW', 1);
    h.wait(1 * MS);
    expect(h.hz('sysclk')).toBe(8_000_000);
    h.system.setWire('hse.fail', 1);
    h.wait(1 * MS);
    expect([h.hz('sysclk'), h.system.wire('nmi'), h.get('RCC.CR.HSEON')]).toEqual([16_000_000, 1, 0]);
    h.set('RCC.CIR.CSSC', 1);
    expect(h.system.wire('nmi')).toBe(0);
    h.system.setWire('hse.fail', 0);
  });
  it('HSE_RTC is HSE divided by RTCPRE, 0 and 1 give none; the RTC can run from it', () => {
    const h = chip.again();
    ready(h, 'HSEON');
    for (const [pre, hz] of [
      [0, null],
      [1, null],
      [2, 4e6],
      [8, 1e6],
      [16, 5e5],
    ] as const) {
      h.set('RCC.CFGR.RTCPRE', pre);
      expect(h.hz('hse-rtc')).toBe(hz);
    }
    h.set('RCC.APB1ENR.PWREN', 1);
    h.set('PWR.CR.DBP', 1);
    h.write('RCC.BDCR', 0x8300);
    expect(h.hz('rtc')).toBe(500_000);
  });
});

describe('F411: TIMPRE', () => {
  it('gives the timers HCLK up to PPRE 4, then four times PCLK', () => {
    const h = f411.again();
    h.set('RCC.DCKCFGR.TIMPRE', 1);
    for (const [ppre, hz] of [
      [0, 16e6],
      [4, 16e6],
      [5, 16e6],
      [6, 8e6],
      [7, 4e6],
    ] as const) {
      h.set('RCC.CFGR.PPRE1', ppre);
      expect([ppre, h.hz('timpclk1')]).toEqual([ppre, hz]);
    }
  });
});

describe.each(['stm32f722re', 'stm32f746zg', 'stm32f767zi'])('%s', (name) => {
  it('PLLSAI has a switch and a ready flag, and its P output is the 48 MHz clock if CK48MSEL says so (RM0385 5.3.1, 5.3.24, 5.3.26)', () => {
    const h = new StChip(findChip(name)!).again();
    h.write('RCC.PLLCFGR', pllcfgr(8, 216, 2, 0, 9));
    h.write('RCC.PLLSAICFGR', (96 << 6) | (1 << 16) | (4 << 24));
    h.set('RCC.CR.PLLSAION', 1);
    expect(h.get('RCC.CR.PLLSAIRDY')).toBe(0);
    h.wait(3 * MS);
    expect(h.get('RCC.CR.PLLSAIRDY')).toBe(1);
    h.set('RCC.DCKCFGR2.CK48MSEL', 1);
    expect(h.hz('usb')).toBe(48_000_000);
  });
  it('DBGMCU_CR keeps what is written', () => {
    const h = new StChip(findChip(name)!).again();
    h.write('DBGMCU.CR', 7);
    expect(h.read('DBGMCU.CR')).toBe(7);
  });
});

describe('PWR', () => {
  const open = (h: StChip): void => h.set('RCC.APB1ENR.PWREN', 1);
  it('F405: scale 1 after reset, another scale is in force after its delay, PLL or not', () => {
    const h = f405.again();
    open(h);
    expect(h.get('PWR.CR.VOS')).toBe(1);
    expect(h.system.wire('vos')).toBe(1);
    h.set('PWR.CR.VOS', 0);
    expect([h.get('PWR.CSR.VOSRDY'), h.system.wire('vos')]).toEqual([0, 1]);
    h.wait(20 * US);
    expect([h.get('PWR.CSR.VOSRDY'), h.system.wire('vos')]).toEqual([1, 0]);
  });
  it('F411: scale 2 asked for after reset, scale 3 in force until the PLL runs, VOS frozen meanwhile (RM0383 5.4.1)', () => {
    const h = f411.again();
    open(h);
    expect([h.get('PWR.CR.VOS'), h.system.wire('vos'), h.get('PWR.CSR.VOSRDY')]).toEqual([2, 1, 0]);
    h.set('PWR.CR.VOS', 3);
    h.wait(1 * MS);
    expect(h.get('PWR.CSR.VOSRDY')).toBe(0);
    h.set('RCC.CR.PLLON', 1);
    h.wait(1 * MS);
    expect([h.system.wire('vos'), h.get('PWR.CSR.VOSRDY')]).toEqual([3, 1]);
    h.set('PWR.CR.VOS', 1);
    expect(h.get('PWR.CR.VOS')).toBe(3);
    h.set('RCC.CR.PLLON', 0);
    expect([h.system.wire('vos'), h.get('PWR.CSR.VOSRDY')]).toEqual([1, 0]);
  });
  it('without DBP RCC_BDCR and the backup registers cannot be written; a system reset leaves both alone', () => {
    const h = f405.again();
    open(h);
    h.write('RTC.BKP0R', 0xb007);
    h.write('RCC.BDCR', 1);
    expect([h.read('RTC.BKP0R'), h.read('RCC.BDCR')]).toEqual([0, 0]);
    h.set('PWR.CR.DBP', 1);
    h.write('RTC.BKP0R', 0xb007);
    h.write('RCC.BDCR', 1);
    h.reset('software');
    open(h);
    expect([h.read('RTC.BKP0R'), h.get('RCC.BDCR.LSEON'), h.get('PWR.CR.DBP')]).toEqual([0xb007, 1, 0]);
  });
});
