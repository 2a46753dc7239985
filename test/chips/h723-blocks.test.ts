/** Blocks that only H723, H725, H730, H733 and H735 have (CMSIS header stm32h723xx.h), and the package that an H7 reads in SYSCFG_PKGR. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from '../peripherals/st-chip.ts';

const chip = new StChip(findChip('stm32h725zg')!);

describe('H723', () => {
  it.each([
    ['I2C5', 'I2C5.TIMINGR', 'APB1LENR.I2C5EN', 'APB1LRSTR.I2C5RST', 0x40006410],
    ['TIM23', 'TIM23.CCR1', 'APB1HENR.TIM23EN', 'APB1HRSTR.TIM23RST', 0x4000e034],
    ['TIM24', 'TIM24.CCR1', 'APB1HENR.TIM24EN', 'APB1HRSTR.TIM24RST', 0x4000e434],
    ['UART9', 'UART9.BRR', 'APB2ENR.UART9EN', 'APB2RSTR.UART9RST', 0x4001180c],
    ['USART10', 'USART10.BRR', 'APB2ENR.USART10EN', 'APB2RSTR.USART10RST', 0x40011c0c],
    ['OCTOSPI2', 'OCTOSPI2.DLR', 'AHB3ENR.OSPI2EN', 'AHB3RSTR.OSPI2RST', 0x5200a040],
    ['FMAC', 'FMAC.X1BUFCFG', 'AHB2ENR.FMACEN', 'AHB2RSTR.FMACRST', 0x48024000],
    ['FDCAN3', 'FDCAN3.NBTP', 'APB1HENR.FDCANEN', 'APB1HRSTR.FDCANRST', 0x4000d41c],
  ])('%s lies where the header has it, behind its own clock and reset', (name, register, enable, reset, address) => {
    const h = chip.again();
    h.set(`RCC.${enable}`, 1);
    expect(h.get(`RCC.${enable}`)).toBe(1);
    const before = h.read(register);
    // Bits of configuration that FDCAN takes in INIT with CCE alone.
    if (name === 'FDCAN3') for (const value of [1, 3]) h.write('FDCAN3.CCCR', value);
    h.write(register, 0x55);
    expect(h.read(register)).not.toBe(before);
    expect(h.system.read(address, 4)).toBe(h.read(register));
    h.set(`RCC.${reset}`, 1);
    h.set(`RCC.${reset}`, 0);
    h.wait(MS);
    expect(h.read(register)).toBe(before);
  });
  it('USART10 has an interrupt behind those of H743', () => {
    expect(findChip('stm32h723zg')!.blocks.find((b) => b.name === 'USART10')!.irqs).toEqual([156]);
    expect(findChip('stm32h723zg')!.cores[0]!.nvicLines).toBeGreaterThan(162);
  });
  it('OTG_HS has ULPI: its own transceiver counts only where GUSBCFG.PHYSEL chooses it', () => {
    for (const [chosen, said] of [
      [0, []],
      [1, ['connects, but its transceiver has no supply: the supply bit in PWR is not set, or the pin has no voltage']],
    ] as const) {
      const h = chip.again();
      h.set('RCC.AHB1ENR.USB1OTGHSEN', 1);
      h.set('OTG_HS.GUSBCFG.PHYSEL', chosen);
      for (const value of [2, 0]) h.write('OTG_HS.DCTL', value);
      expect(h.notes).toEqual(said);
    }
  });
  it('H743 has none of them', () => {
    expect(
      findChip('stm32h743zi')!.blocks.filter((b) => /^(FDCAN3|I2C5|UART9|USART10|TIM2[34]|OCTOSPI\d|FMAC|CORDIC)$/.test(b.name)),
    ).toEqual([]);
  });
});

describe('SYSCFG_PKGR', () => {
  it.each([
    ['stm32h725zgt', 7],
    ['stm32h723zgt', 5],
    ['stm32h723vgh', 1],
    ['stm32h725vgh', 3],
    ['stm32h725vgt', 2],
    ['stm32h730vb', 1],
    ['stm32h735ig', 9],
    ['stm32h743zit', 2],
    ['stm32h743bi', 8],
    ['stm32h743iik', 5],
    ['stm32h750vb', 0],
    // UFBGA169 is in neither table: what it reads is not known.
    ['stm32h743ai', 0],
  ])('%s reads %i', (name, code) => {
    const h = new StChip(findChip(name)!);
    h.set('RCC.APB4ENR.SYSCFGEN', 1);
    h.write('SYSCFG.PKGR', 0xf);
    expect(h.read('SYSCFG.PKGR')).toBe(code);
  });
});
