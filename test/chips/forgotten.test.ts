/** Registers and bits that ST's SVD forgets or misplaces, where the part's CMSIS header has them. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { StChip } from '../peripherals/st-chip.ts';

/** Part, gate or null, address, bits that take a one. */
const KEPT: readonly (readonly [string, string | null, string, number, number])[] = [
  ['stm32f042f6', 'APB2ENR.SYSCFGEN', 'SYSCFG_CFGR1.PA11_PA12_RMP', 0x40010000, 0x10],
  ['stm32f091rc', null, 'RCC_CFGR3.USART3SW', 0x40021030, 0xc0000],
  ['stm32f334r8', null, 'RCC_CFGR.MCOPRE', 0x40021004, 0x70000000],
  ['stm32f303cc', null, 'FLASH_ACR.HLFCYA', 0x40022000, 8],
  ['stm32f401re', null, 'RCC_DCKCFGR.TIMPRE', 0x4002388c, 1 << 24],
  ['stm32f405zg', 'AHB3ENR.FSMCEN', 'FSMC_BWTR3.ADDSET', 0xa0000114, 0xf],
  ['stm32f407vg', 'AHB3ENR.FSMCEN', 'FSMC_BWTR4.ADDSET', 0xa000011c, 0xf],
  ['stm32f411re', 'APB1ENR.I2C1EN', 'I2C1_FLTR', 0x40005424, 0x1f],
  ['stm32f413zh', null, 'RCC_DCKCFGR.CKDFSDM1SEL', 0x4002388c, 0x80000000],
  ['stm32f429zi', null, 'RCC_PLLI2SCFGR.PLLI2SQ', 0x40023884, 0x0f000000],
  ['stm32f429zi', 'AHB3ENR.FMCEN', 'FMC_BWTR4.DATAST', 0xa000011c, 0xff00],
  ['stm32f746zg', 'APB2ENR.SYSCFGEN', 'SYSCFG_PMC.I2C_PB8_FMP', 0x40013804, 0x40],
  ['stm32f767zi', null, 'RCC_DCKCFGR1.DFSDM1SEL', 0x4002388c, 1 << 25],
  ['stm32g081rb', null, 'RCC_CCIPR.RNGSEL', 0x40021054, 3 << 26],
  ['stm32h743zi', 'AHB1ENR.ADC12EN', 'ADC1_SMPR1.SMP0', 0x40022014, 7],
  ['stm32h563zi', null, 'RCC_CCIPR3.SPI5SEL', 0x44020ce0, 0x3000],
  ['stm32l432kc', null, 'RCC_CFGR.MCOSEL', 0x40021008, 0x0f000000],
  ['stm32l433rc', 'APB1ENR1.USART3EN', 'USART3_BRR', 0x4000480c, 0xfff0],
  ['stm32l452re', null, 'RCC_ICSCR.HSITRIM', 0x40021004, 0x7f000000],
  ['stm32l4r5zi', 'APB1ENR1.PWREN', 'PWR_PUCRE', 0x40007040, 0xffff],
  ['stm32wb55rg', null, 'RCC_CCIPR.I2C3SEL', 0x58000088, 3 << 16],
];

it.each(KEPT)('%s: behind %s %s keeps what software writes', (part, gate, _name, address, bits) => {
  const h = new StChip(findChip(part)!);
  if (gate !== null) h.set(`RCC.${gate}`, 1);
  const before = h.system.read(address, 4);
  h.system.write(address, 4, (before | bits) >>> 0);
  expect((h.system.read(address, 4) & bits) >>> 0).toBe(bits);
  h.system.write(address, 4, (before & ~bits) >>> 0);
  expect(h.system.read(address, 4) & bits).toBe(0);
});

it('F746 has one bank: SWP_FB is no bit of it', () => {
  const h = new StChip(findChip('stm32f746zg')!);
  h.set('RCC.APB2ENR.SYSCFGEN', 1);
  h.system.write(0x40013800, 4, 0x100);
  expect(h.system.read(0x40013800, 4) & 0x100).toBe(0);
});

it.each(['stm32g431rb', 'stm32g474re'])('the alarm of %s comes by a rising edge of line 17', (part) => {
  const h = new StChip(findChip(part)!);
  h.system.write(0x40010408, 4, 1 << 17);
  h.system.write(0x40010400, 4, 1 << 17);
  h.system.setWire('rtc.alarm', 1);
  expect(h.system.read(0x40010414, 4)).toBe(1 << 17);
  expect(h.irqs.get(41)).toBe(true);
});

it('an update of TIM20 asks by its own line and none of TIM1', () => {
  const h = new StChip(findChip('stm32f303re')!);
  h.set('RCC.APB2ENR.TIM20EN', 1);
  h.write('TIM20.DIER', 1);
  h.write('TIM20.EGR', 1);
  expect([...h.irqs].filter(([, level]) => level).map(([line]) => line)).toEqual([78]);
});

it.each([
  ['stm32f301r8', 0],
  ['stm32f303k8', 0],
  ['stm32f303cc', 8],
])('%s has an MPU of %i regions', (part, regions) => {
  expect(findChip(part)!.cores[0]!.mpuRegions).toBe(regions);
});

describe('the supply of H745 with SMPS', () => {
  /** SMPS at 1.8 V in front of an LDO outside: what `PWR_SMPS_1V8_SUPPLIES_EXT` writes. */
  const EXTERNAL = 0x1d;
  it('reads back the level that it was given', () => {
    const h = new StChip(findChip('stm32h745xi')!);
    h.write('PWR.CR3', EXTERNAL);
    expect(h.read('PWR.CR3') & 0x3f).toBe(EXTERNAL);
    h.write('PWR.CR3', 6);
    expect(h.read('PWR.CR3') & 0x3f).toBe(EXTERNAL);
  });
  it('says that the supply outside is ready', () => {
    const h = new StChip(findChip('stm32h745xi')!);
    expect(h.get('PWR.CR3.SMPSEXTRDY')).toBe(0);
    h.write('PWR.CR3', EXTERNAL);
    expect(h.get('PWR.CR3.SMPSEXTRDY')).toBe(1);
  });
});
