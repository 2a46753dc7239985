/**
 * Fields that an SVD forgets or has too narrow, found by laying the generated facts beside the parts' CMSIS headers and the registers of stm32-data: both have them where
 * they stand here. Names are the headers'. By name of the generated facts; register → `NAME:bit`, `NAME:bit:width`, `:r` behind those that only hardware writes.
 */
import type { SvdFixes } from './svd-types.ts';

type Forgotten = Readonly<Record<string, string>>;

/** `TR20:20 TR21:21`. @param first number of the register's bit 0 */
const numbered = (name: string, lines: readonly number[], first = 0): string => lines.map((n) => `${name}${n}:${n - first}`).join(' ');
const PORT_H = numbered('PU', [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
/** Line 17 is the RTC's alarm, 29 to 33 are comparators. */
const g4Exti = (comparators: readonly number[]): Forgotten => {
  const first = [17, ...comparators.filter((n) => n < 32)];
  const second = [...comparators.filter((n) => n > 31), 39, 40, 41];
  return {
    'EXTI.RTSR1': `${numbered('RT', first)} -RT`,
    'EXTI.FTSR1': numbered('FT', first),
    'EXTI.SWIER1': numbered('SWI', first),
    'EXTI.FTSR2': numbered('FT', second, 32),
    'EXTI.SWIER2': numbered('SWI', second, 32),
    'EXTI.PR2': numbered('PIF', second, 32),
    'EXTI.EMR2': 'EM41:9',
  };
};
const G4_SPI: Forgotten = { 'SPI2.I2SCFGR': 'ASTRTEN:12', 'SPI2.SR': 'CHSIDE:2:1:r UDR:3:1:r' };
const MCOSEL: Forgotten = { 'RCC.CFGR': 'MCOSEL:24:4' };
const LINE_40: Forgotten = { 'EXTI.IMR2': 'MR40:8', 'EXTI.EMR2': 'MR40:8' };
const F7_COMMON: Forgotten = {
  'RCC.AHB1LPENR': 'AXILPEN:13 DTCMLPEN:20',
  'SYSCFG.MEMRMP': 'MEM_BOOT:0:1:r',
  'SYSCFG.PMC': 'I2C1_FMP:0 I2C2_FMP:1 I2C3_FMP:2 I2C4_FMP:3 I2C_PB6_FMP:4 I2C_PB7_FMP:5 I2C_PB8_FMP:6 I2C_PB9_FMP:7',
  'PWR.CSR1': 'EIWUP:8',
};
const LOW_VOLTAGE = 'LPLVDS:10 MRLVDS:11';
const FLASH_STOPS = 'FMSSR:20 FISSR:21';
const WB_SERIAL = (end: string): string =>
  ['I2C3:23', 'CRS:24', 'USB:26', 'LCD:9', 'SPI2:14'].map((g) => g.replace(':', `${end}:`)).join(' ');
const WB_APB2 = (end: string): string => `TIM16${end}:17 TIM17${end}:18 SAI1${end}:21`;
const WB_AHB2 = (end: string): string => `GPIOD${end}:3 ADC${end}:13 AES1${end}:16`;
const EXTI_F0 = [20, 21, 22, 31];

export const FORGOTTEN: Readonly<Record<string, Forgotten>> = {
  stm32c071: { 'RCC.CSR1': 'LSEDRV:3:2' },
  stm32f0x2: {
    'RCC.CFGR': 'MCO:24:4',
    'RCC.CR2': 'HSI48CAL:24:8:r',
    'EXTI.IMR': 'MR31:31',
    'EXTI.EMR': 'MR31:31',
    'EXTI.RTSR': numbered('TR', EXTI_F0),
    'EXTI.FTSR': numbered('TR', EXTI_F0),
    'EXTI.SWIER': numbered('SWIER', EXTI_F0),
  },
  stm32f217: { 'SYSCFG.CMPCR': 'READY:8:1:r' },
  stm32f303: { 'FLASH.ACR': 'HLFCYA:3' },
  stm32f401: { 'RCC.APB2LPENR': 'SPI4LPEN:13', 'PWR.CR': LOW_VOLTAGE },
  stm32f411: { 'RCC.APB2LPENR': 'SPI5LPEN:20', 'PWR.CR': FLASH_STOPS },
  stm32f412: { 'PWR.CR': `${LOW_VOLTAGE} ${FLASH_STOPS}`, 'PWR.CSR': 'EWUP2:7' },
  stm32f413: {
    'PWR.CR': `${LOW_VOLTAGE} ${FLASH_STOPS}`,
    'PWR.CSR': 'EWUP2:7',
    'RCC.DCKCFGR': 'PLLI2SDIVR:0:5 PLLDIVR:8:5 CKDFSDM2ASEL:14 SAI1ASRC:20:2 SAI1BSRC:22:2 CKDFSDM1SEL:31 -LPTIMER1SEL',
    'RCC.DCKCFGR2': 'FMPI2C1SEL:22:2 -I2CFMP1SEL',
  },
  stm32f429: {
    'PWR.CR': 'ADCDC1:13',
    'RCC.CIR': 'PLLSAIRDYF:6:1:r PLLSAIRDYIE:14 PLLSAIRDYC:22:1:r',
    'RCC.AHB1LPENR': 'GPIOJLPEN:9 GPIOKLPEN:10 DMA2DLPEN:23',
    'RCC.APB2LPENR': 'SAI1LPEN:22 LTDCLPEN:26',
    'RCC.PLLI2SCFGR': 'PLLI2SQ:24:4',
  },
  stm32f446: { 'RCC.APB1RSTR': 'CECRST:27' },
  stm32f469: { 'PWR.CR': 'ADCDC1:13' },
  stm32f722: { 'FLASH.SR': 'RDERR:8', 'RCC.APB1LPENR': 'RTCLPEN:10' },
  stm32f746: F7_COMMON,
  stm32f767: {
    ...F7_COMMON,
    'RCC.AHB2LPENR': 'JPEGLPEN:1',
    'RCC.APB1LPENR': 'RTCLPEN:10 CAN3LPEN:13',
    'RCC.APB2LPENR': 'SDMMC2LPEN:7 DFSDM1LPEN:29 MDIOLPEN:30',
    'RCC.DCKCFGR1': 'DFSDM1SEL:25 ADFSDM1SEL:26',
  },
  stm32g0b1: {
    'SYSCFG.CFGR2': `PVDL:2 ${['PA1', 'PA3', 'PA5', 'PA6', 'PA13', 'PB0', 'PB1', 'PB2'].map((pin, n) => `${pin}_CDEN:${16 + n}`).join(' ')}`,
    'EXTI.IMR2': 'IM36:4',
    'EXTI.EMR1': numbered('EM', [20, 22, 24]),
    'EXTI.EMR2': 'EM36:4',
  },
  stm32g431: { ...g4Exti([29, 30]), ...G4_SPI },
  stm32g474: { ...g4Exti([29, 30, 31, 32, 33]), ...G4_SPI, 'EXTI.EMR2': 'EM41:9 EM42:10' },
  stm32h533: { 'RCC.AHB1RSTR': 'TZSC1RST:24' },
  stm32h745: {
    'PWR.CR3': 'SMPSEXTHP:3 SMPSLEVEL:4:2 SMPSEXTRDY:16:1:r',
    'ADC3.SMPR1': 'SMP0:0:3',
    'DAC1.CR': 'TSEL1:2:4 TSEL2:18:4',
  },
  stm32l0x2: { 'SYSCFG.CFGR2': 'I2C3_FMP:14', 'DAC.SR': 'DMAUDR2:29' },
  stm32l152: { 'CRC.IDR': 'IDR:0:8 -Independent_data_register' },
  stm32l432: { ...MCOSEL, 'PWR.PDCRA': 'PD14:14', 'USART3.BRR': 'BRR:0:16' },
  stm32l496: { ...MCOSEL, ...LINE_40, 'RCC.APB1SMENR1': 'CRSSMEN:24', 'PWR.PUCRH': PORT_H, 'PWR.PDCRH': PORT_H.replaceAll('PU', 'PD') },
  stm32l4r5: {
    ...MCOSEL,
    ...LINE_40,
    'RCC.AHB3SMENR': 'OCTOSPI1SMEN:8',
    'ADC1.AWD2CR': 'AWD2CH:0:19',
    'ADC1.AWD3CR': 'AWD3CH:0:19',
    'CRC.IDR': 'IDR:0:32',
    'DAC.CR': 'TEN1:1 TSEL1:2:4 HFSEL:15 TEN2:17 TSEL2:18:4 -TSEL0',
    'RNG.CR': 'CED:5',
  },
  stm32wb55: {
    'COMP.COMP1_CSR': 'WINMODE:9',
    'RNG.CR': 'CED:5',
    'RCC.AHB1SMENR': 'DMA2SMEN:1',
    'RCC.AHB2SMENR': WB_AHB2('SMEN'),
    'RCC.AHB3SMENR': 'QUADSPISMEN:8',
    'RCC.APB1SMENR1': WB_SERIAL('SMEN'),
    'RCC.APB2SMENR': WB_APB2('SMEN'),
    'RCC.CCIPR': 'I2C3SEL:16:2 SAI1SEL:22:2',
    'RCC.C2AHB1ENR': 'DMA2EN:1',
    'RCC.C2AHB2ENR': WB_AHB2('EN'),
    'RCC.C2APB1ENR1': WB_SERIAL('EN'),
    'RCC.C2APB1ENR2': 'LPUART1EN:0',
    'RCC.C2APB2ENR': WB_APB2('EN'),
    'RCC.C2APB3ENR': '802EN:1',
    'RCC.C2AHB1SMENR': 'DMA2SMEN:1',
    'RCC.C2AHB2SMENR': WB_AHB2('SMEN'),
    'RCC.C2APB1SMENR1': WB_SERIAL('SMEN'),
    'RCC.C2APB2SMENR': WB_APB2('SMEN'),
    'RCC.C2APB3SMENR': '802SMEN:1',
  },
};

/** The filter of I2C, which F401, F411 and F412 have as F42x (RM0368, RM0383 and RM0402, I2C_FLTR). */
export const I2C_FILTERS: NonNullable<SvdFixes['addRegisters']> = Object.fromEntries(
  [1, 2, 3].map((n) => [
    `I2C${n}.FLTR`,
    {
      offset: 0x24,
      reset: 0,
      fields: [
        ['DNF', 0, 4, true],
        ['ANOFF', 4, 1, true],
      ],
    },
  ]),
);
/** RM0368 and RM0383 6.3.23 too. */
export const F401_F411_REGISTERS: NonNullable<SvdFixes['addRegisters']> = {
  ...I2C_FILTERS,
  'RCC.DCKCFGR': { offset: 0x8c, reset: 0, fields: [['TIMPRE', 24, 1, true]] },
};
/** In the CMSIS header stm32l4r5xx.h. */
export const L4R5_REGISTERS: NonNullable<SvdFixes['addRegisters']> = {
  'PWR.PUCRE': { offset: 0x40, reset: 0, fields: Array.from({ length: 16 }, (_, n) => [`PU${n}`, n, 1, true] as const) },
  'RCC.DLYCFGR': {
    offset: 0xa4,
    reset: 0,
    fields: [
      ['OCTOSPI1_DLY', 0, 4, true],
      ['OCTOSPI2_DLY', 4, 4, true],
    ],
  },
};

/** The fixes with what the SVD forgets. A field of that name, narrower in the SVD, goes first; so does one that has `-` here. */
export function withForgotten(fixes: SvdFixes): SvdFixes {
  const add: Record<string, readonly [number, number, boolean]> = { ...fixes.add };
  const remove = [...(fixes.remove ?? [])];
  for (const [register, fields] of Object.entries(FORGOTTEN[fixes.chip] ?? {}))
    for (const field of fields.split(' ')) {
      const [name, bit, width = '1', read] = field.replace('-', '').split(':') as [string, string?, string?, string?];
      remove.push(`${register}.${name}`);
      if (bit !== undefined) add[`${register}.${name}`] = [Number(bit), Number(width), read === undefined];
    }
  return { ...fixes, add, remove };
}
