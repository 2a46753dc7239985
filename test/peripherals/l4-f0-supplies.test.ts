/** PWR, SYSCFG, EXTI, RTC and timers of L4 and F0 where they differ from the H5's. */
import { beforeEach, describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const l4 = new StChip(STM32L476RG);
const f0 = new StChip(STM32F072RB);
beforeEach(() => {
  l4.again();
  f0.again();
  l4.set('RCC.APB1ENR1.PWREN', 1);
  l4.set('RCC.APB2ENR.SYSCFGEN', 1);
  f0.set('RCC.APB1ENR.PWREN', 1);
  f0.set('RCC.APB2ENR.SYSCFGEN', 1);
});

describe('PWR of L4', () => {
  it('range 1 after reset; range 2 at once; back to range 1 with VOSF for 20 µs', () => {
    expect(l4.system.wire('vos')).toBe(1);
    l4.set('PWR.CR1.VOS', 2);
    expect([l4.system.wire('vos'), l4.get('PWR.SR2.VOSF')]).toEqual([2, 0]);
    l4.set('PWR.CR1.VOS', 1);
    expect([l4.system.wire('vos'), l4.get('PWR.SR2.VOSF')]).toEqual([2, 1]);
    l4.wait(20 * US);
    expect([l4.system.wire('vos'), l4.get('PWR.SR2.VOSF')]).toEqual([1, 0]);
  });
  it('VOS = 0 and 3 change nothing', () => {
    for (const vos of [0, 3]) {
      l4.set('PWR.CR1.VOS', vos);
      expect(l4.get('PWR.CR1.VOS')).toBe(1);
    }
  });
  it('USB is supplied with USV and VDDUSB, and not while PWREN was off when USV was written', () => {
    l4.set('RCC.APB1ENR1.PWREN', 0);
    l4.write('PWR.CR2', 1 << 10);
    l4.set('RCC.APB1ENR1.PWREN', 1);
    expect([l4.get('PWR.CR2.USV'), l4.system.wire('usb.supply')]).toEqual([0, 0]);
    l4.set('PWR.CR2.USV', 1);
    expect(l4.system.wire('usb.supply')).toBe(1);
    l4.reset('software');
    expect(l4.system.wire('usb.supply')).toBe(0);
  });
  it('USB has no supply in low-power run, until the main regulator is back 5 µs after LPR', () => {
    l4.set('PWR.CR2.USV', 1);
    l4.set('PWR.CR1.LPR', 1);
    expect(l4.system.wire('usb.supply')).toBe(0);
    l4.set('PWR.CR1.LPR', 0);
    expect(l4.system.wire('usb.supply')).toBe(0);
    l4.wait(5 * US);
    expect(l4.system.wire('usb.supply')).toBe(1);
  });
  it('PVM1 sees a missing VDDUSB, also through EXTI line 35', () => {
    const h = new StChip(STM32L476RG, { 'vddusb.volts': 0 });
    h.set('RCC.APB1ENR1.PWREN', 1);
    h.set('PWR.CR2.USV', 1);
    expect(h.system.wire('usb.supply')).toBe(0);
    h.write('EXTI.RTSR2', 1 << 3);
    h.set('PWR.CR2.PVME1', 1);
    expect(h.get('PWR.SR2.PVMO1')).toBe(1);
    expect(h.read('EXTI.PR2')).toBe(1 << 3);
    h.write('EXTI.IMR2', 1 << 3);
    expect(h.irqs.get(1)).toBe(true);
  });
  it('low-power run: REGLPF rises at once and falls 5 µs after LPR', () => {
    l4.set('PWR.CR1.LPR', 1);
    expect(l4.get('PWR.SR2.REGLPF')).toBe(1);
    l4.set('PWR.CR1.LPR', 0);
    expect(l4.get('PWR.SR2.REGLPF')).toBe(1);
    l4.wait(5 * US);
    expect(l4.get('PWR.SR2.REGLPF')).toBe(0);
  });
});

describe('SYSCFG', () => {
  it('MEM_MODE drives what lies at 0 and comes back with a reset', () => {
    for (const [h, path] of [
      [l4, 'SYSCFG.MEMRMP.MEM_MODE'],
      [f0, 'SYSCFG.CFGR1.MEM_MODE'],
    ] as const) {
      h.set(path, 1);
      expect(h.system.wire('remap')).toBe(1);
      expect(h.system.regionAt(0)?.memory?.row.name).toBe('rom');
      h.set(path, 3);
      expect(h.system.regionAt(0)?.memory?.row.kind).toBe('ram');
      h.reset('software');
      expect(h.system.regionAt(0)?.memory?.row.name).toBe('flash');
    }
  });
  it('L4: with FMC or QUADSPI selected nothing answers at 0', () => {
    for (const mode of [2, 6]) {
      l4.set('SYSCFG.MEMRMP.MEM_MODE', mode);
      expect(l4.system.regionAt(0)).toBeNull();
    }
  });
  it('ignores writes while its clock is off', () => {
    f0.set('RCC.APB2ENR.SYSCFGEN', 0);
    f0.write('SYSCFG.CFGR1', 1);
    expect(f0.system.wire('remap')).toBe(0);
  });
});

describe('DBGMCU of the F072', () => {
  it('tells the device identity without its clock; the freeze bits need it', () => {
    expect(f0.read('DBGMCU.IDCODE') & 0xfff).toBe(0x448);
    f0.write('DBGMCU.CR', 6);
    expect(f0.read('DBGMCU.CR')).toBe(0);
    f0.set('RCC.APB2ENR.DBGMCUEN', 1);
    f0.write('DBGMCU.CR', 6);
    expect(f0.read('DBGMCU.CR')).toBe(6);
  });
});

describe('DBGMCU of G0 and C0', () => {
  it.each([
    ['stm32g0b1re', 0x467],
    ['stm32g071rb', 0x460],
    ['stm32c071rb', 0x493],
  ])('tells the device identity of %s without its clock; CR needs it', (name, id) => {
    const chip = new StChip(findChip(name)!);
    expect(chip.read('DBGMCU.IDCODE') & 0xfff).toBe(id);
    chip.write('DBGMCU.CR', 6);
    expect(chip.read('DBGMCU.CR')).toBe(0);
    chip.set('RCC.APBENR1.DBGEN', 1);
    chip.write('DBGMCU.CR', 6);
    expect(chip.read('DBGMCU.CR')).toBe(6);
  });
});

describe('DBGMCU of the F303', () => {
  it('lies on the private bus and needs no clock', () => {
    const f3 = new StChip(findChip('stm32f303vc')!);
    expect(f3.read('DBGMCU.IDCODE') & 0xfff).toBe(0x422);
    f3.write('DBGMCU.CR', 6);
    expect(f3.read('DBGMCU.CR')).toBe(6);
  });
});

describe('EXTI', () => {
  it('a pin reaches its line only through the port that SYSCFG selects', () => {
    for (const [h, gpio, imr, pr] of [
      [l4, 'RCC.AHB2ENR.GPIOCEN', 'EXTI.IMR1', 'EXTI.PR1'],
      [f0, 'RCC.AHBENR.IOPCEN', 'EXTI.IMR', 'EXTI.PR'],
    ] as const) {
      h.set(gpio, 1);
      h.system.setWire('pin.PC13', 0);
      h.write('GPIOC.MODER', 0);
      h.write(imr.replace('IMR', 'RTSR'), 1 << 13);
      h.write(imr, 1 << 13);
      h.system.setWire('pin.PC13', 1);
      expect(h.read(pr)).toBe(0);
      h.system.setWire('pin.PC13', 0);
      h.set('SYSCFG.EXTICR4.EXTI13', 2);
      h.system.setWire('pin.PC13', 1);
      expect(h.read(pr)).toBe(1 << 13);
      const line = h === l4 ? 40 : 7;
      expect(h.irqs.get(line)).toBe(true);
      h.write(pr, 1 << 13);
      expect(h.irqs.get(line)).toBe(false);
    }
  });
  it('SWIER pends, and writing PR clears both', () => {
    f0.write('EXTI.SWIER', 1 << 3);
    expect([f0.read('EXTI.SWIER'), f0.read('EXTI.PR')]).toEqual([8, 8]);
    f0.write('EXTI.PR', 8);
    expect([f0.read('EXTI.SWIER'), f0.read('EXTI.PR')]).toEqual([0, 0]);
  });
});

describe('RTC with ISR and its own backup registers', () => {
  const open = (h: StChip): void => {
    h.set(h === l4 ? 'PWR.CR1.DBP' : 'PWR.CR.DBP', 1);
    h.set('RCC.BDCR.LSEON', 1);
    h.wait(700 * MS);
    h.set('RCC.BDCR.RTCSEL', 1);
    h.set('RCC.BDCR.RTCEN', 1);
  };
  it('backup registers need DBP, no key, live through a system reset and die with BDRST', () => {
    for (const h of [l4, f0]) {
      h.write('RTC.BKP0R', 0x12345678);
      expect(h.read('RTC.BKP0R')).toBe(0);
      open(h);
      h.write('RTC.BKP0R', 0x12345678);
      h.reset('software');
      h.set(h === l4 ? 'RCC.APB1ENR1.PWREN' : 'RCC.APB1ENR.PWREN', 1);
      expect(h.read('RTC.BKP0R')).toBe(0x12345678);
      h.set(h === l4 ? 'PWR.CR1.DBP' : 'PWR.CR.DBP', 1);
      h.set('RCC.BDCR.BDRST', 1);
      expect(h.read('RTC.BKP0R')).toBe(0);
    }
  });
  it('INITF rises two RTCCLK after INIT; a second later the calendar has moved', () => {
    for (const h of [l4, f0]) {
      open(h);
      h.write('RTC.WPR', 0xca);
      h.write('RTC.WPR', 0x53);
      h.write('RTC.ISR', 0xffffffff);
      expect(h.get('RTC.ISR.INITF')).toBe(0);
      h.wait(70 * US);
      expect(h.get('RTC.ISR.INITF')).toBe(1);
      h.write('RTC.TR', 0x00123456);
      h.write('RTC.DR', 0x00262101);
      h.write('RTC.ISR', 0);
      h.wait(1001 * MS);
      expect(h.read('RTC.TR')).toBe(0x00123457);
      expect(h.get('RTC.ISR.INITS')).toBe(1);
    }
  });
});

describe('shared interrupt lines', () => {
  it('L4: TIM1 update and TIM16 are ORed on line 25', () => {
    l4.set('RCC.APB2ENR.TIM1EN', 1);
    l4.set('RCC.APB2ENR.TIM16EN', 1);
    for (const tim of ['TIM1', 'TIM16']) {
      l4.write(`${tim}.DIER`, 1);
      l4.write(`${tim}.EGR`, 1);
    }
    expect(l4.irqs.get(25)).toBe(true);
    l4.write('TIM1.SR', 0);
    expect(l4.irqs.get(25)).toBe(true);
    l4.write('TIM16.SR', 0);
    expect(l4.irqs.get(25)).toBe(false);
  });
});

describe('blocks that are the same IP as elsewhere', () => {
  it('USART1 sends its character after ten bit times', () => {
    for (const [h, clock, brr] of [
      [l4, 4_000_000, 400],
      [f0, 8_000_000, 800],
    ] as const) {
      h.set('RCC.APB2ENR.USART1EN', 1);
      h.write('USART1.BRR', brr);
      h.write('USART1.CR1', 0x9);
      h.write('USART1.TDR', 0x41);
      expect(clock / brr).toBe(10_000);
      h.wait(999 * US);
      expect(h.notes).not.toContain('A');
      h.wait(2 * US);
      expect(h.notes).toContain('A');
    }
  });
  it('TIM2 counts 32 bits of its doubled clock and interrupts', () => {
    for (const [h, enable, prescaler, line] of [
      [l4, 'RCC.APB1ENR1.TIM2EN', 'RCC.CFGR.PPRE1', 28],
      [f0, 'RCC.APB1ENR.TIM2EN', 'RCC.CFGR.PPRE', 15],
    ] as const) {
      h.set(enable, 1);
      h.set(prescaler, 5); // divided by 4: the timer runs at half of HCLK
      h.write('TIM2.ARR', 0x1ffff);
      h.write('TIM2.EGR', 1);
      h.write('TIM2.SR', 0);
      h.write('TIM2.DIER', 1);
      h.write('TIM2.CR1', 1);
      h.wait(h === l4 ? 65 * MS : 32 * MS);
      expect(h.irqs.get(line) ?? false).toBe(false);
      h.wait(1 * MS);
      expect(h.irqs.get(line)).toBe(true);
    }
  });
  it('the IWDG bites after (RLR + 1) x 4 LSI periods unless it is fed', () => {
    for (const [h, ms] of [
      [l4, 512],
      [f0, 409.6],
    ] as const) {
      h.write('IWDG.KR', 0xcccc);
      h.wait(1 * MS);
      h.write('IWDG.KR', 0xaaaa);
      h.wait((ms - 1) * MS);
      expect(h.resets).toEqual([]);
      h.wait(2 * MS);
      expect(h.resets).toEqual(['iwdg']);
    }
  });
  it('IWDG_PR: PVU falls after five LSI periods, and stays while the watchdog is off', () => {
    for (const [h, lsi] of [
      [l4, 32_000],
      [f0, 40_000],
    ] as const) {
      h.write('IWDG.KR', 0x5555);
      h.write('IWDG.PR', 6);
      h.wait(1000 * MS);
      expect(h.get('IWDG.SR.PVU')).toBe(1);
      h.write('IWDG.KR', 0xcccc);
      h.wait(Math.ceil(5.5e12 / lsi) + 100 * US);
      expect(h.get('IWDG.SR.PVU')).toBe(0);
      expect(h.get('IWDG.PR.PR')).toBe(6);
    }
  });
  it('the WWDG counts PCLK1 / 4096', () => {
    l4.set('RCC.APB1ENR1.WWDGEN', 1);
    l4.write('WWDG.CR', 0xff);
    l4.wait(65 * MS); // 64 steps of 1.024 ms
    expect(l4.resets).toEqual([]);
    l4.wait(1 * MS);
    expect(l4.resets).toEqual(['wwdg']);
  });
});
