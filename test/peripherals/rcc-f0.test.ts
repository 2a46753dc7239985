/** RCC of F072: clock tree by the manual's formulas, what the hardware switches on by itself, locks, resets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const chip = new StChip(STM32F072RB);
const fresh = (): StChip => chip.again();

describe('out of reset', () => {
  it('SYSCLK is HSI at 8 MHz and nothing else runs', () => {
    const h = fresh();
    for (const clock of ['hsi', 'sysclk', 'hclk', 'pclk1', 'timpclk1', 'usart1']) expect(h.hz(clock)).toBe(8_000_000);
    for (const clock of ['hsi48', 'hsi14', 'hse', 'pll', 'usb', 'lsi', 'lse']) expect(h.hz(clock)).toBeNull();
  });
});

describe('PLL', () => {
  it('is source / PREDIV x MUL, with HSI / 2 as the fourth source', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 15 }),
        fc.integer({ min: 0, max: 15 }),
        (source, prediv, mul) => {
          const h = fresh();
          h.set('RCC.CR.HSEBYP', 1);
          h.set('RCC.CR.HSEON', 1);
          h.set('RCC.CR2.HSI48ON', 1);
          h.wait(1 * MS);
          h.write('RCC.CFGR2', prediv);
          h.write('RCC.CFGR', (mul << 18) | ((prediv & 1) << 17) | (source << 15));
          h.set('RCC.CR.PLLON', 1);
          expect(h.hz('pll')).toBeNull();
          h.wait(100 * US);
          expect(h.get('RCC.CR.PLLRDY')).toBe(1);
          const input = source === 0 ? 4e6 : [0, 8e6, 8e6, 48e6][source]! / (prediv + 1);
          expect(h.hz('pll')).toBeCloseTo(input * Math.min(mul + 2, 16), 3);
        },
      ),
      { numRuns: 100 },
    );
  });
  it('PLLXTPRE and PREDIV’s lowest bit are one', () => {
    const h = fresh();
    h.set('RCC.CFGR.PLLXTPRE', 1);
    expect(h.get('RCC.CFGR2.PREDIV')).toBe(1);
    h.set('RCC.CFGR2.PREDIV', 4);
    expect(h.get('RCC.CFGR.PLLXTPRE')).toBe(0);
  });
  it('source and factors are frozen while PLLON is set', () => {
    const h = fresh();
    h.set('RCC.CFGR.PLLMUL', 4);
    h.set('RCC.CR.PLLON', 1);
    h.set('RCC.CFGR.PLLMUL', 10);
    h.set('RCC.CFGR2.PREDIV', 3);
    expect([h.get('RCC.CFGR.PLLMUL'), h.get('RCC.CFGR2.PREDIV')]).toEqual([4, 0]);
  });
});

describe('HSI48', () => {
  it('is switched on by the hardware when USB is clocked from it, and cannot be switched off then', () => {
    const h = fresh();
    h.set('RCC.APB1ENR.USBEN', 1);
    expect(h.get('RCC.CR2.HSI48ON')).toBe(1);
    expect(h.hz('usb')).toBeNull();
    h.wait(3 * US);
    expect(h.hz('usb')).toBe(48_000_000);
    h.set('RCC.CR2.HSI48ON', 0);
    expect(h.get('RCC.CR2.HSI48ON')).toBe(1);
    h.set('RCC.APB1ENR.USBEN', 0);
    h.set('RCC.CR2.HSI48ON', 0);
    expect(h.get('RCC.CR2.HSI48RDY')).toBe(0);
  });
  it('USBSW = 1 takes the PLL instead', () => {
    const h = fresh();
    h.set('RCC.CFGR3.USBSW', 1);
    h.set('RCC.APB1ENR.USBEN', 1);
    expect(h.get('RCC.CR2.HSI48ON')).toBe(0);
    h.set('RCC.CFGR.PLLMUL', 10); // HSI / 2 x 12
    h.set('RCC.CR.PLLON', 1);
    h.wait(200 * US);
    expect(h.hz('usb')).toBe(48_000_000);
  });
  it('as SYSCLK: SW = 3 asks for it, the switch waits for it', () => {
    const h = fresh();
    h.set('RCC.CFGR.SW', 3);
    expect(h.get('RCC.CFGR.SWS')).toBe(0);
    h.wait(5 * US);
    expect(h.get('RCC.CFGR.SWS')).toBe(3);
    expect(h.hz('hclk')).toBe(48_000_000);
  });
});

describe('the rest', () => {
  it('HCLK, PCLK and the timer clock follow HPRE and PPRE', () => {
    const ahb = [1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 64, 128, 256, 512];
    const apb = [1, 1, 1, 1, 2, 4, 8, 16];
    for (const [hpre, d] of ahb.entries())
      for (const [ppre, p] of apb.entries()) {
        const h = fresh();
        h.write('RCC.CFGR', (ppre << 8) | (hpre << 4));
        expect(h.hz('pclk1')).toBe(8e6 / d / p);
        expect(h.hz('timpclk1')).toBe(p === 1 ? 8e6 / d : 16e6 / d / p);
      }
  });
  it('the ST-LINK’s clock needs no crystal start: HSERDY after 512 clocks', () => {
    const h = fresh();
    h.set('RCC.CR.HSEBYP', 1);
    h.set('RCC.CR.HSEON', 1);
    h.wait(63 * US);
    expect(h.get('RCC.CR.HSERDY')).toBe(0);
    h.wait(1 * US);
    expect(h.get('RCC.CR.HSERDY')).toBe(1);
  });
  it('ready flags pend only with their enable, and CIR’s upper byte clears them', () => {
    const h = fresh();
    h.write('RCC.CIR', 1 << 14);
    h.set('RCC.CR2.HSI48ON', 1);
    h.set('RCC.CR2.HSI14ON', 1);
    h.wait(10 * US);
    expect(h.read('RCC.CIR')).toBe((1 << 14) | (1 << 6));
    expect(h.irqs.get(4)).toBe(true);
    h.write('RCC.CIR', (1 << 14) | (1 << 22));
    expect(h.read('RCC.CIR')).toBe(1 << 14);
    expect(h.irqs.get(4)).toBe(false);
  });
  it.each([
    ['software', 0x14000000],
    ['pin', 0x04000000],
    ['iwdg', 0x24000000],
    ['wwdg', 0x44000000],
    ['option-bytes', 0x06000000],
  ] as const)('after RMVF, which reads 0, a reset by %s leaves exactly its flags', (cause, flags) => {
    const h = fresh();
    h.set('RCC.CSR.RMVF', 1);
    expect(h.read('RCC.CSR')).toBe(0);
    h.reset(cause);
    expect(h.read('RCC.CSR')).toBe(flags);
  });
  it('CRS and RCC share line 4: either keeps it high', () => {
    const h = fresh();
    h.set('RCC.APB1ENR.CRSEN', 1);
    h.write('RCC.CIR', 1 << 14);
    h.set('RCC.CR2.HSI48ON', 1);
    h.wait(10 * US);
    expect(h.irqs.get(4)).toBe(true);
    // CRS drives its own share low on reset; RCC's stays.
    h.set('RCC.APB1RSTR.CRSRST', 1);
    h.set('RCC.APB1RSTR.CRSRST', 0);
    expect(h.irqs.get(4)).toBe(true);
  });
});
