/**
 * What STM32L476 and STM32L496 share: rows of blocks, delays, option bytes, boot sources. Data only; facts and their sources as in the chips' fact sheets, register
 * facts generated from ST's SVD.
 */
import type { BootCondition, BootRule, LatencyTable, MemoryRow, OptionByteRow, ResetFlagRow, Sourced } from '../emu/chip.ts';
import { onVddio2 } from './derive.ts';
import { MS, US } from '../emu/time.ts';
import { ADC_INJECTED_TRIGGERS, ADC_TRIGGERS, DAC_L4, L4_DMA1, L4_DMA2, misoOf, roleOf, timTriggers } from './requests.ts';
import {
  known,
  optionByte,
  factoryValues,
  bootsFlash,
  bootsRom,
  bootsSram,
  NO_ROM_AT_LEVEL_2,
  timBlock,
  type TimRow,
  POWER_CAUSES,
  resetFlagRows,
  type Row,
} from './rows.ts';
import { USB_PINS } from './usb-pins.ts';

export const HAL_L4 = 'STMicroelectronics/stm32l4xx_hal_driver@a9f8b8a';
/** G431 datasheet: same oscillator, PLL, regulator and flash blocks. */
const DS_G431 = 'DS12589 r6 (STM32G431), same block';
const DS_L476 = 'DS10198 (L476), recalled';
const FACTORY = 'ST production value 0xFFEFF8AA in public debugger sources (Black Magic Debug stm32l4.c)';

const optr = (name: string, value: number): OptionByteRow => optionByte('OPTR', name, known(value, FACTORY, 'reported'));
/** Fields of FLASH_OPTR that both chips have. */
export const L4_OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  RDP: optr('RDP', 0xaa),
  BOR_LEV: optr('BOR_LEV', 0),
  nRST_STOP: optr('nRST_STOP', 1),
  nRST_STDBY: optr('nRST_STDBY', 1),
  nRST_SHDW: optr('nRST_SHDW', 1),
  IWDG_SW: optr('IWDG_SW', 1),
  IWDG_STOP: optr('IWDG_STOP', 1),
  IWDG_STDBY: optr('IWDG_STDBY', 1),
  WWDG_SW: optr('WWDG_SW', 1),
  BFB2: optr('BFB2', 0),
  DUALBANK: optr('DUALBANK', 1),
  nBOOT1: optr('nBOOT1', 1),
  SRAM2_PE: optr('SRAM2_PE', 1),
  SRAM2_RST: optr('SRAM2_RST', 1),
};
/** Whole option registers of a new part; write protection areas end before they start. */
export const L4_OPTION_REGISTERS: Readonly<Record<string, number>> = {
  OPTR: 0xffeff8aa,
  PCROP1SR: 0xffffffff,
  PCROP1ER: 0x00000000,
  WRP1AR: 0xff00ffff,
  WRP1BR: 0xff00ffff,
  PCROP2SR: 0xffffffff,
  PCROP2ER: 0x00000000,
  WRP2AR: 0xff00ffff,
  WRP2BR: 0xff00ffff,
};

const tims: TimRow[] = [
  { n: 2, facts: 'TIM2', base: 0x40000000, irqs: [28], bus: 1, bits: 32 },
  { n: 3, facts: 'TIM3', base: 0x40000400, irqs: [29], bus: 1, bits: 16 },
  { n: 4, facts: 'TIM4', base: 0x40000800, irqs: [30], bus: 1, bits: 16 },
  { n: 5, facts: 'TIM5', base: 0x40000c00, irqs: [50], bus: 1, bits: 32 },
  { n: 6, facts: 'TIM6', base: 0x40001000, irqs: [54], bus: 1, bits: 16 },
  { n: 7, facts: 'TIM7', base: 0x40001400, irqs: [55], bus: 1, bits: 16 },
  { n: 1, facts: 'TIM1', base: 0x40012c00, irqs: [24, 25, 26, 27], bus: 2, bits: 16 },
  { n: 8, facts: 'TIM8', base: 0x40013400, irqs: [43, 44, 45, 46], bus: 2, bits: 16 },
  { n: 15, facts: 'TIM15', base: 0x40014000, irqs: [24], bus: 2, bits: 16 },
  { n: 16, facts: 'TIM16', base: 0x40014400, irqs: [25], bus: 2, bits: 16 },
  { n: 17, facts: 'TIM17', base: 0x40014800, irqs: [26], bus: 2, bits: 16 },
];
/** Clocks that TI1 can be remapped to. HAL-L4 hal_tim_ex.h (documented). */
const captures: Readonly<Record<number, Readonly<Record<number, { clock: string; divider: number }>>>> = {
  16: { 1: { clock: 'lsi', divider: 1 }, 2: { clock: 'lse', divider: 1 } },
  17: { 1: { clock: 'msi', divider: 1 }, 2: { clock: 'hse', divider: 32 } },
};
const timers: Row[] = tims.map((t) =>
  timBlock(
    t,
    t.bus === 1
      ? { clock: `APB1ENR1.TIM${t.n}EN`, reset: `APB1RSTR1.TIM${t.n}RST` }
      : { clock: `APB2ENR.TIM${t.n}EN`, reset: `APB2RSTR.TIM${t.n}RST` },
    { ...timTriggers(t.n), ...(captures[t.n] ? { capture: { remap: 'OR1.TI1_RMP', sources: captures[t.n]! } } : {}) },
  ),
);

const usart = (name: string, base: number, irq: number, enr: string, rstr: string): Row => ({
  name,
  model: 'usart-v4',
  facts: name === 'LPUART1' ? name : 'USART1',
  base,
  size: 0x400,
  irqs: [irq],
  clock: `${enr}.${name}EN`,
  reset: `${rstr}.${name}RST`,
  options: { block: name, clock: name.toLowerCase(), fifoDepth: 1, lowPower: name === 'LPUART1' },
});
const spi = (n: number, base: number, irq: number, enr: string, rstr: string): Row => ({
  name: `SPI${n}`,
  model: 'spi',
  base,
  size: 0x400,
  irqs: [irq],
  clock: `${enr}.SPI${n}EN`,
  reset: `${rstr}.SPI${n}RST`,
  options: { block: `SPI${n}`, clock: n === 1 ? 'pclk2' : 'pclk1', miso: misoOf(n) },
});
export const bus = (name: string, base: number, irqs: number[], enr: string, rstr: string, size = 0x400): Row => ({
  name,
  model: null,
  base,
  size,
  irqs,
  clock: `${enr}.${name}EN`,
  reset: `${rstr}.${name}RST`,
});
export const port = (letter: string): Row => ({
  name: `GPIO${letter}`,
  model: 'gpio-v2',
  base: 0x48000000 + (letter.charCodeAt(0) - 65) * 0x400,
  size: 0x400,
  clock: `AHB2ENR.GPIO${letter}EN`,
  reset: `AHB2RSTR.GPIO${letter}RST`,
  options: { port: letter, ...(letter === 'G' ? onVddio2('PWR.CR2.IOSV') : {}) },
});
const A1 = ['APB1ENR1', 'APB1RSTR1'] as const;
const A12 = ['APB1ENR2', 'APB1RSTR2'] as const;
const A2 = ['APB2ENR', 'APB2RSTR'] as const;
const H1 = ['AHB1ENR', 'AHB1RSTR'] as const;
const adc = { clock: 'AHB2ENR.ADCEN', reset: 'AHB2RSTR.ADCRST' } as const;
/** USB OTG_FS: 256 KB with its FIFOs, one row for what the SVD splits in four. Its register facts are src/chips/otg-fs.ts. */
export const l4Otg = (options: Readonly<Record<string, unknown>> = {}): Row => ({
  name: 'OTG_FS',
  model: 'usb-otg-fs',
  base: 0x50000000,
  size: 0x40000,
  irqs: [67],
  clock: 'AHB2ENR.OTGFSEN',
  reset: 'AHB2RSTR.OTGFSRST',
  options: { fifoWords: 320, clock: 'usb', busClock: 'hclk', pins: USB_PINS, ...options },
});
export const L4_COVERED = { OTG_FS_GLOBAL: 'OTG_FS', OTG_FS_HOST: 'OTG_FS', OTG_FS_DEVICE: 'OTG_FS', OTG_FS_PWRCLK: 'OTG_FS' } as const;

const LINES = [0, 1, 2, 3, 4, 5, 6];
/** VREFINT 1.212 V, the temperature sensor's 0.76 V at 25 °C and VBAT / 3: DS10198 T72, T76. */
const ADC_INTERNAL = { 0: 1212, 17: 760, 18: 1100 };
const adcBlock = (n: number, irq: number): Row => ({
  name: `ADC${n}`,
  model: 'adc-v2',
  base: 0x5003ff00 + 0x100 * n,
  size: 0x100,
  irqs: [irq],
  ...adc,
  options: {
    block: `ADC${n}`,
    version: 'l4',
    index: n - 1,
    ...roleOf(n),
    clock: 'adc',
    bus: 'hclk',
    ccr: 'adc.ccr',
    triggers: ADC_TRIGGERS,
    injectedTriggers: ADC_INJECTED_TRIGGERS,
    internal: n === 2 ? {} : ADC_INTERNAL,
  },
});
export const l4I2c = (n: number, base: number, irqs: number[], enr: string, rstr: string): Row => ({
  ...bus(`I2C${n}`, base, irqs, enr, rstr),
  model: 'i2c-v2',
  options: { clock: `i2c${n}` },
});

/** Blocks at the same place with the same behaviour in both chips, without FLASH, RCC, RTC and DBGMCU. */
export const L4_BLOCKS: readonly Row[] = [
  ...timers,
  bus('LCD', 0x40002400, [78], ...A1),
  { name: 'WWDG', model: 'wwdg-v2', base: 0x40002c00, size: 0x400, irqs: [0], clock: 'APB1ENR1.WWDGEN', options: { clock: 'pclk1' } },
  // Versions before the H5's: no early wake-up, dividers up to 256; how far updates wait for the prescaler is open.
  {
    name: 'IWDG',
    model: 'iwdg-v3',
    worksInStandby: true,
    base: 0x40003000,
    size: 0x400,
    options: { clock: 'lsi', syncTicks: 5, syncToPrescaler: false, dividers: [4, 8, 16, 32, 64, 128, 256] },
  },
  spi(2, 0x40003800, 36, ...A1),
  spi(3, 0x40003c00, 51, ...A1),
  usart('USART2', 0x40004400, 38, ...A1),
  usart('USART3', 0x40004800, 39, ...A1),
  usart('UART4', 0x40004c00, 52, ...A1),
  usart('UART5', 0x40005000, 53, ...A1),
  l4I2c(1, 0x40005400, [31, 32], ...A1),
  l4I2c(2, 0x40005800, [33, 34], ...A1),
  l4I2c(3, 0x40005c00, [72, 73], ...A1),
  { ...bus('CAN1', 0x40006400, [19, 20, 21, 22], ...A1), model: 'bxcan', options: { clock: 'pclk1', filters: 'lends' } },
  { name: 'PWR', model: 'pwr-l4', base: 0x40007000, size: 0x400, clock: 'APB1ENR1.PWREN', reset: 'APB1RSTR1.PWRRST' },
  {
    name: 'DAC',
    model: 'dac',
    base: 0x40007400,
    size: 0x400,
    irqs: [54],
    clock: 'APB1ENR1.DAC1EN',
    reset: 'APB1RSTR1.DAC1RST',
    options: DAC_L4,
  },
  { ...bus('OPAMP', 0x40007800, [], ...A1), model: 'opamp' },
  { ...bus('LPTIM1', 0x40007c00, [65], ...A1), model: 'lptim', options: { clock: 'lptim1' } },
  usart('LPUART1', 0x40008000, 70, ...A12),
  bus('SWPMI1', 0x40008800, [76], ...A12),
  { ...bus('LPTIM2', 0x40009400, [66], ...A12), model: 'lptim', options: { clock: 'lptim2' } },
  { name: 'SYSCFG', model: 'syscfg-l4', base: 0x40010000, size: 0x30, clock: 'APB2ENR.SYSCFGEN', reset: 'APB2RSTR.SYSCFGRST' },
  { name: 'VREFBUF', model: 'vrefbuf', base: 0x40010030, size: 0x1d0, clock: 'APB2ENR.SYSCFGEN', reset: 'APB2RSTR.SYSCFGRST' },
  { name: 'COMP', model: 'comp', base: 0x40010200, size: 0x200, irqs: [64], clock: 'APB2ENR.SYSCFGEN', reset: 'APB2RSTR.SYSCFGRST' },
  {
    name: 'EXTI',
    model: 'exti-v1',
    base: 0x40010400,
    size: 0x400,
    irqs: [6, 7, 8, 9, 10, 23, 40, 1, 41, 2, 3],
    options: {
      // RM0351 EXTI lines: 18 RTC alarm, 19 tamper and time stamp, 20 RTC wake-up; 17, OTG_FS wake-up, is direct.
      irqOfLine: [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, -1, 8, 9, 10, ...Array<number>(14).fill(-1), 7, 7, 7, 7],
      lines: {
        16: 'pvd',
        18: 'rtc.alarm',
        19: 'rtc.stamp',
        20: 'rtc.wakeup',
        35: 'pvm1',
        36: 'pvm2',
        37: 'pvm3',
        38: 'pvm4',
      },
      event: 'cm4',
    },
  },
  { name: 'FIREWALL', model: null, base: 0x40011c00, size: 0x400, clock: 'APB2ENR.FIREWALLEN' },
  { name: 'SDMMC1', model: 'sdmmc', base: 0x40012800, size: 0x400, irqs: [49], clock: 'APB2ENR.SDMMCEN', reset: 'APB2RSTR.SDMMCRST' },
  spi(1, 0x40013000, 35, ...A2),
  usart('USART1', 0x40013800, 37, ...A2),
  bus('SAI1', 0x40015400, [74], ...A2),
  bus('SAI2', 0x40015800, [75], ...A2),
  {
    name: 'DFSDM1',
    model: null,
    base: 0x40016000,
    size: 0x500,
    irqs: [61, 62, 63, 42],
    clock: 'APB2ENR.DFSDMEN',
    reset: 'APB2RSTR.DFSDMRST',
  },
  { ...bus('DMA1', 0x40020000, [11, 12, 13, 14, 15, 16, 17], ...H1), model: 'dma-v1', options: { lines: LINES, requests: L4_DMA1 } },
  { ...bus('DMA2', 0x40020400, [56, 57, 58, 59, 60, 68, 69], ...H1), model: 'dma-v1', options: { lines: LINES, requests: L4_DMA2 } },
  { ...bus('CRC', 0x40023000, [], ...H1), model: 'crc' },
  { ...bus('TSC', 0x40024000, [77], ...H1), model: 'tsc' },
  ...[...'ABCDEFGH'].map(port),
  adcBlock(1, 18),
  adcBlock(2, 18),
  adcBlock(3, 47),
  {
    name: 'ADC_Common',
    model: 'adc-common-v2',
    base: 0x50040300,
    size: 0x100,
    ...adc,
    options: { converters: ['ADC1', 'ADC2', 'ADC3'], ccr: 'adc.ccr' },
  },
  {
    name: 'RNG',
    model: 'rng',
    base: 0x50060800,
    size: 0x400,
    irqs: [80],
    clock: 'AHB2ENR.RNGEN',
    reset: 'AHB2RSTR.RNGRST',
    options: { clock: 'usb', slowest: 32 },
  },
  { name: 'FMC', model: 'fmc', base: 0xa0000000, size: 0x400, irqs: [48], clock: 'AHB3ENR.FMCEN', reset: 'AHB3RSTR.FMCRST' },
  { name: 'QUADSPI', model: 'quadspi', base: 0xa0001000, size: 0x400, irqs: [71], clock: 'AHB3ENR.QSPIEN', reset: 'AHB3RSTR.QSPIRST' },
];

/** FLASH's own options; memories `flash`, `info` and `info2` are the chip's. */
export const l4Flash = (flashKilobytes: number, optionBytes: Readonly<Record<string, OptionByteRow>>): Row => ({
  name: 'FLASH',
  model: 'flash-l4',
  base: 0x40022000,
  size: 0x400,
  irqs: [4],
  clock: 'AHB1ENR.FLASHEN',
  // FLASHRST resets it only while it is in power-down (RM0351 6.4.10), which it is not while a program runs from it
  options: {
    memory: 'flash',
    base: 0x08000000,
    bankBytes: flashKilobytes * 512,
    pageBytes: 0x800,
    infoMemory: 'info',
    infoBase: 0x1fff7000,
    infoMemory2: 'info2',
    uidOffset: 0x590,
    sizeOffset: 0x5e0,
    optionOffset: 0x800,
    flashKilobytes,
    optionRegisters: L4_OPTION_REGISTERS,
    optionBytes: factoryValues(optionBytes),
  },
});

export const l4Memories = (flashKilobytes: number): readonly MemoryRow[] => [
  // Both banks in one: FLASH exchanges their contents when SYSCFG's FB_MODE changes.
  { name: 'flash', base: 0x08000000, size: flashKilobytes * 1024, kind: 'flash', zone: 'user', programmedBy: 'FLASH', waitStates: true },
  { name: 'rom', base: 0x1fff0000, size: 0x7000, kind: 'rom', zone: 'systemMemory', waitStates: true },
  // OTP, identity and bank 1's option bytes.
  { name: 'info', base: 0x1fff7000, size: 0x1000, kind: 'flash', zone: 'data', programmedBy: 'FLASH', waitStates: true },
  // Bank 2's option bytes.
  { name: 'info2', base: 0x1ffff000, size: 0x1000, kind: 'flash', zone: 'data', waitStates: true },
];

/**
 * @param pattern of AN2606 Table 2
 * @param boot0 each of these is BOOT0 = 1
 * @param more rules before the last
 */
export const l4Boot = (
  pattern: string,
  boot0: readonly (readonly BootCondition[])[],
  more: readonly BootRule[] = [],
): readonly BootRule[] => [
  // With BFB2 the ROM's own first steps choose the bank, also at this level.
  bootsFlash(
    [
      { signal: 'field:FLASH.OPTR.RDP', is: [0xcc] },
      { signal: 'field:FLASH.OPTR.BFB2', is: [0] },
    ],
    NO_ROM_AT_LEVEL_2,
  ),
  ...boot0.map((when) => bootsRom(0x1fff0000, [...when, { signal: 'field:FLASH.OPTR.nBOOT1', is: [1] }], pattern)),
  ...boot0.map((when) => bootsSram([...when, { signal: 'field:FLASH.OPTR.nBOOT1', is: [0] }], 'RM0351 boot configuration: embedded SRAM1')),
  bootsRom(
    0x1fff0000,
    [{ signal: 'field:FLASH.OPTR.BFB2', is: [1] }],
    'RM0351 2.6 as quoted in community.st.com m-p/436836: the ROM goes on to the bank',
    'reported',
  ),
  ...more,
  bootsFlash([], pattern),
];

export const L4_CLOCKS: readonly string[] = [
  'msi',
  'hsi',
  'hse',
  'lsi',
  'lse',
  'pllp',
  'pllq',
  'pllr',
  'pllsai1p',
  'pllsai1q',
  'pllsai1r',
  'pllsai2p',
  'pllsai2r',
  'sysclk',
  'hclk',
  'pclk1',
  'pclk2',
  'timpclk1',
  'timpclk2',
  'systick-ext',
  'rtc',
  'usb',
  'usart1',
  'usart2',
  'usart3',
  'uart4',
  'uart5',
  'lpuart1',
  'i2c1',
  'i2c2',
  'i2c3',
  'lptim1',
  'lptim2',
  'adc',
];

const msiStart = (range: number): number => (range === 0 ? 10 : range === 1 ? 5 : range === 2 ? 4 : range === 3 ? 3 : range < 8 ? 3 : 2.5);

export const L4_PARAMETERS: Readonly<Record<string, Sourced<number>>> = {
  'hsi.hz': known(16_000_000, `${HAL_L4}:Inc/stm32l4xx_hal_conf_template.h`),
  'lsi.hz': known(32_000, DS_G431, 'assumed'),
  'lse.hz': known(32_768, 'public board files of the Nucleo boards', 'reported'),
  // 1: the board feeds OSC_IN with a clock instead of a crystal. The Nucleo boards have no HSE by default.
  'hse.external': known(0, 'board default', 'assumed'),
  'lse.external': known(0, 'board default', 'assumed'),
  ...Object.fromEntries(Array.from({ length: 12 }, (_, r) => [`msi.start.${r}.ps`, known(msiStart(r) * US, DS_L476, 'assumed')])),
  'msi.lock.ps': known(500 * US, `${DS_L476} (PLL mode within 5 %)`, 'assumed'),
  'hsi.start.ps': known(0.8 * US, DS_G431, 'assumed'),
  'lsi.start.ps': known(80 * US, DS_G431, 'assumed'),
  'hse.start.ps': known(2 * MS, 'DS8626 r12 T32 (8 MHz crystal, F4)', 'assumed'),
  'hse.ready.clocks': known(512, 'RM0091 6.2.1 (F0)', 'assumed'),
  // Crystal and ready counter together.
  'lse.start.ps': known(600 * MS, 'micropython PR 1571, 1599 (F405 boards)', 'reported'),
  'lse.ready.clocks': known(4096, 'RM0091 6.2.5 (F0)', 'assumed'),
  'sysclk.switch.clocks': known(3, 'no figure published; clocks of the old and of the new source', 'assumed'),
  'pll.lock.ps': known(15 * US, DS_G431, 'assumed'),
  'vos.ready.ps': known(20 * US, DS_G431, 'assumed'),
  'regulator.main.ps': known(5 * US, DS_G431, 'assumed'),
  'flash.program.ps': known(81.7 * US, DS_G431, 'assumed'),
  'flash.erase.page.ps': known(22 * MS, DS_G431, 'assumed'),
  'flash.erase.bank.ps': known(22.1 * MS, DS_G431, 'assumed'),
  'flash.options.ps': known(23 * MS, 'no figure published; page erase and words', 'assumed'),
  'reset.pulse.ps': known(20 * US, 'RM0091 6.1, RM0399 9.4.2: minimum on siblings', 'assumed'),
  'power.tempo.ps': known(250 * US, DS_G431, 'assumed'),
  'stop.wakeup.ps': known(5 * US, DS_L476, 'reported'),
  'standby.wakeup.ps': known(15 * US, DS_L476, 'reported'),
  'vdd.volts': known(3.3, 'board default', 'assumed'),
  'vdda.volts': known(3.3, 'board default', 'assumed'),
  'vddio2.volts': known(3.3, 'board default', 'assumed'),
  'vddusb.volts': known(3.3, 'board default', 'assumed'),
  'pvm1.threshold.volts': known(1.2, `${HAL_L4}:Inc/stm32l4xx_hal_pwr_ex.h`),
  'pvm2.threshold.volts': known(0.9, `${HAL_L4}:Inc/stm32l4xx_hal_pwr_ex.h`),
  'pvm3.threshold.volts': known(1.62, `${HAL_L4}:Inc/stm32l4xx_hal_pwr_ex.h`),
  'pvm4.threshold.volts': known(2.2, `${HAL_L4}:Inc/stm32l4xx_hal_pwr_ex.h`),
  'vbat.volts': known(3.3, 'board default', 'assumed'),
  'boot0.level': known(0, 'board default', 'assumed'),
  'uid.0': known(0x00350028, 'made up; ST programs it per part', 'assumed'),
  'uid.1': known(0x3136510c, 'made up; ST programs it per part', 'assumed'),
  'uid.2': known(0x34343732, 'made up; ST programs it per part', 'assumed'),
};

/** MEM_MODE of SYSCFG_MEMRMP; 2 (FMC) and 6 (QUADSPI) show external memories, which no board here has. */
export const L4_REMAP = { base: 0, wire: 'remap', shows: { 0: 'flash', 1: 'rom', 3: 'sram1' } } as const;

export const L4_RESET_FLAGS: readonly ResetFlagRow[] = [
  ...resetFlagRows('RCC.CSR', { BORRSTF: POWER_CAUSES }, { optionBytes: true }),
  { field: 'RCC.CSR.FWRSTF', raisedBy: [] },
];

export const L4_MAX_HCLK = known({ 'Range 1': 80_000_000, 'Range 2': 26_000_000 }, `${HAL_L4}:Src/stm32l4xx_ll_utils.c`);
/** FLASH_ACR.ICEN, DCEN, PRFTEN: 32 rows of instructions and 8 of data, of four 64-bit lines. */
export const L4_FLASH_CACHE = known(
  { lineBytes: 8, rowBytes: 32, codeRows: 32, dataRows: 8 } as const,
  'ST HAL of L4 (rows); RM0440 3.3.4 (LRU; same block)',
);
export const L4_LATENCY: Sourced<LatencyTable> = known(
  {
    'Range 1': [
      [16, 0],
      [32, 1],
      [48, 2],
      [64, 3],
      [80, 4],
    ],
    'Range 2': [
      [6, 0],
      [12, 1],
      [18, 2],
      [26, 3],
    ],
  },
  `${HAL_L4}:Src/stm32l4xx_ll_utils.c`,
);
