/** What STM32U5 has beside H5 and L4: MSIS and MSIK, the EPOD booster, regulator, wake-up lines with several pads, bursts, boot addresses, a 14-bit ADC. */
import { describe, expect, it } from 'vitest';
import { STM32U575ZI } from '../../src/chips/stm32u5.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const chip = new StChip(STM32U575ZI);
const fresh = (): StChip => {
  const h = chip.again();
  h.set('RCC.AHB3ENR.PWREN', 1);
  return h;
};
const OFFSET = 0x4000;

describe('MSI', () => {
  it('MSIS runs at 4 MHz out of reset and MSIK apart from it, each by its own range', () => {
    const h = fresh();
    h.wait(MS);
    expect([h.hz('sysclk'), h.hz('msik')]).toEqual([4_000_000, 4_000_000]);
    h.write('RCC.ICSCR1', (0 << 28) | (8 << 24) | (1 << 23));
    expect([h.hz('sysclk'), h.hz('msik')]).toEqual([48_000_000, 3_072_000]);
    h.set('RCC.ICSCR1.MSIRGSEL', 0);
    expect(h.get('RCC.ICSCR1.MSIRGSEL')).toBe(1);
  });
  it('in PLL mode both are multiples of LSE where they come from one oscillator', () => {
    const h = fresh();
    h.set('PWR.DBPR.DBP', 1);
    h.set('RCC.BDCR.LSEON', 1);
    h.wait(1000 * MS);
    h.set('RCC.CR.MSIPLLEN', 1);
    h.wait(MS);
    expect([h.hz('msis'), h.hz('msik')]).toEqual([122 * 32_768, 122 * 32_768]);
  });
  it('LSE reaches the peripherals through LSESYSEN alone', () => {
    const h = fresh();
    h.set('PWR.DBPR.DBP', 1);
    h.set('RCC.BDCR.LSEON', 1);
    h.set('RCC.CCIPR3.LPUART1SEL', 3);
    h.wait(1000 * MS);
    expect([h.get('RCC.BDCR.LSERDY'), h.get('RCC.BDCR.LSESYSRDY'), h.hz('lpuart1')]).toEqual([1, 0, null]);
    h.set('RCC.BDCR.LSESYSEN', 1);
    expect([h.get('RCC.BDCR.LSESYSRDY'), h.hz('lpuart1')]).toEqual([1, 32_768]);
  });
});

describe('PWR', () => {
  it('is written while its clock is on only', () => {
    const h = chip.again();
    h.set('PWR.SVMCR.USV', 1);
    h.set('RCC.AHB3ENR.PWREN', 1);
    expect(h.get('PWR.SVMCR.USV')).toBe(0);
  });
  it('the booster is ready in ranges 1 and 2 alone, with a clock of 4 to 16 MHz', () => {
    const h = fresh();
    h.set('RCC.CR.HSION', 1);
    h.wait(MS);
    h.set('PWR.VOSR.BOOSTEN', 1);
    h.wait(MS);
    expect(h.get('PWR.VOSR.BOOSTRDY')).toBe(0);
    h.set('PWR.VOSR.VOS', 3);
    expect(h.get('PWR.VOSR.VOSRDY')).toBe(0);
    h.wait(MS);
    expect([h.get('PWR.VOSR.VOSRDY'), h.get('PWR.SVMSR.ACTVOS'), h.get('PWR.VOSR.BOOSTRDY')]).toEqual([1, 3, 0]);
    h.set('RCC.PLL1CFGR.PLL1SRC', 2);
    h.wait(MS);
    expect(h.get('PWR.VOSR.BOOSTRDY')).toBe(1);
    // 16 MHz / 16
    h.set('RCC.PLL1CFGR.PLL1MBOOST', 8);
    expect(h.get('PWR.VOSR.BOOSTRDY')).toBe(0);
  });
  it('REGS follows REGSEL', () => {
    const h = fresh();
    h.set('PWR.CR3.REGSEL', 1);
    expect(h.get('PWR.SVMSR.REGS')).toBe(0);
    h.wait(MS);
    expect(h.get('PWR.SVMSR.REGS')).toBe(1);
  });
  it.each([
    [0, 'PA4', 1],
    [1, 'PC13', 1],
    [1, 'PA4', 0],
  ])('wake-up line 2 with WUSEL = %i and an edge at %s: flag %i', (select, pad, flag) => {
    const h = fresh();
    h.set('PWR.WUCR3.WUSEL2', select);
    h.set('PWR.WUCR1.WUPEN2', 1);
    h.system.setWire(`pin.${pad}`, 1);
    expect(h.get('PWR.WUSR.WUF2')).toBe(flag);
  });
});

describe('FLASH', () => {
  const open = (h: StChip): void => {
    for (const key of [0x45670123, 0xcdef89ab]) h.write('FLASH.NSKEYR', key);
  };
  const openOptions = (h: StChip): void => {
    open(h);
    for (const key of [0x08192a3b, 0x4c5d6e7f]) h.write('FLASH.OPTKEYR', key);
  };
  it('a burst is eight quad-words, written one behind the other', () => {
    const h = fresh();
    open(h);
    h.set('FLASH.NSCR.PG', 1);
    h.set('FLASH.NSCR.BWR', 1);
    for (let i = 0; i < 32; i++) {
      expect([h.get('FLASH.NSSR.WDW'), h.get('FLASH.NSSR.BSY')]).toEqual([i === 0 ? 0 : 1, 0]);
      h.system.write(0x08000000 + OFFSET + 4 * i, 4, i + 1);
    }
    expect([h.get('FLASH.NSSR.WDW'), h.get('FLASH.NSSR.BSY')]).toEqual([0, 1]);
    h.wait(MS);
    const words = new Uint32Array(h.system.memoryBytes('flash').slice(OFFSET, OFFSET + 128).buffer);
    expect([...words]).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
  });
  it('option bytes act when they are loaded: a boot address, and the banks that change places', () => {
    const h = fresh();
    h.system.memoryBytes('flash').set([1], 0);
    h.system.memoryBytes('flash').set([2], 0x100000);
    openOptions(h);
    h.set('FLASH.NSBOOTADD0R.NSBOOTADD0', 0x08100000 / 128);
    h.set('FLASH.OPTR.SWAP_BANK', 1);
    h.set('FLASH.NSCR.OPTSTRT', 1);
    h.wait(100 * MS);
    expect([h.get('FLASH.NSSR.BSY'), h.system.memoryBytes('flash')[0]]).toEqual([0, 1]);
    h.reset('option-bytes');
    expect([h.get('FLASH.NSBOOTADD0R.NSBOOTADD0') * 128, h.system.memoryBytes('flash')[0]]).toEqual([0x08100000, 2]);
  });
  it('from RDP level 1 to 0 both banks are erased', () => {
    const h = fresh();
    for (const level of [0xbb, 0xaa]) {
      h.system.memoryBytes('flash').set([1], OFFSET);
      openOptions(h);
      h.set('FLASH.OPTR.RDP', level);
      h.set('FLASH.NSCR.OPTSTRT', 1);
      h.wait(100 * MS);
      expect(h.system.memoryBytes('flash')[OFFSET]).toBe(level === 0xaa ? 0xff : 1);
      h.reset('option-bytes');
    }
  });
});

it('ADC1 converts half of VDDA into 14 bits, ADC4 into 12', () => {
  const h = fresh();
  h.set('RCC.AHB2ENR1.ADC12EN', 1);
  h.set('RCC.AHB3ENR.ADC4EN', 1);
  h.set('ADC1.CR.DEEPPWD', 0);
  for (const adc of ['ADC1', 'ADC4']) {
    h.set(`${adc}.CR.ADVREGEN`, 1);
    h.wait(100 * US);
    expect(h.get(`${adc}.ISR.LDORDY`)).toBe(1);
    h.set(`${adc}.CR.ADEN`, 1);
    h.wait(100 * US);
    expect(h.get(`${adc}.ISR.ADRDY`)).toBe(1);
  }
  h.set('ADC1.SQR1.SQ1', 5);
  h.set('ADC4.CHSELRMOD0.CHSEL', 1 << 5);
  for (const adc of ['ADC1', 'ADC4']) h.set(`${adc}.CR.ADSTART`, 1);
  h.wait(MS);
  expect([h.read('ADC1.DR'), h.read('ADC4.DR')]).toEqual([8192, 2048]);
});
