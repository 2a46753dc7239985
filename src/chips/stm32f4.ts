/** What STM32F405 and STM32F411 share: rows of blocks, delays, option bytes, boot rules. Data only; register facts by hand in f4-registers.ts. */
import type { BlockRow, BootCondition, BootRule, MemoryRow, OptionByteRow, ResetFlagRow, Sourced } from '../emu/chip.ts';
import { RESET_CAUSES } from '../emu/component.ts';
import { MS, US } from '../emu/time.ts';
import { F4_ADC_INJECTED_TRIGGERS, F4_ADC_TRIGGERS, F4_DMA1, F4_DMA2, misoOf, timTriggers } from './requests.ts';
import { AN2606, known, factoryValues, bootsFlash, bootsRom, bootsSram, NO_ROM_AT_LEVEL_2, timBlock, type TimRow } from './rows.ts';

const DS = 'DS8626 and DS10314';
const FACTORY = 'RM0090 and RM0383: reset value of FLASH_OPTCR, 0x0FFFAAED';

/** FLASH_ACR.ICEN, DCEN, PRFTEN: 64 rows of instructions and 8 of data, of one 128-bit line. */
export const F4_FLASH_CACHE = known({ lineBytes: 16, rowBytes: 16, codeRows: 64, dataRows: 8 } as const, 'RM0090 r21 3.5.2');

const optcr = (name: string, value: number): OptionByteRow => ({ field: `FLASH.OPTCR.${name}`, factory: known(value, FACTORY) });
/** @param sectors width of nWRP */
export const f4OptionBytes = (sectors: number): Readonly<Record<string, OptionByteRow>> => ({
  RDP: optcr('RDP', 0xaa),
  BOR_LEV: optcr('BOR_LEV', 3),
  WDG_SW: optcr('WDG_SW', 1),
  nRST_STOP: optcr('nRST_STOP', 1),
  nRST_STDBY: optcr('nRST_STDBY', 1),
  nWRP: optcr('nWRP', 2 ** sectors - 1),
});

const TIMERS: readonly TimRow[] = [
  { n: 2, facts: 'TIM2', base: 0x40000000, irqs: [28], bus: 1, bits: 32 },
  { n: 3, facts: 'TIM_GENERAL', base: 0x40000400, irqs: [29], bus: 1, bits: 16 },
  { n: 4, facts: 'TIM_GENERAL', base: 0x40000800, irqs: [30], bus: 1, bits: 16 },
  { n: 5, facts: 'TIM5', base: 0x40000c00, irqs: [50], bus: 1, bits: 32 },
  { n: 6, facts: 'TIM_BASIC', base: 0x40001000, irqs: [54], bus: 1, bits: 16 },
  { n: 7, facts: 'TIM_BASIC', base: 0x40001400, irqs: [55], bus: 1, bits: 16 },
  { n: 12, facts: 'TIM_TWO', base: 0x40001800, irqs: [43], bus: 1, bits: 16 },
  { n: 13, facts: 'TIM_ONE', base: 0x40001c00, irqs: [44], bus: 1, bits: 16 },
  { n: 14, facts: 'TIM_ONE', base: 0x40002000, irqs: [45], bus: 1, bits: 16 },
  { n: 1, facts: 'TIM_ADVANCED', base: 0x40010000, irqs: [24, 25, 26, 27], bus: 2, bits: 16 },
  { n: 8, facts: 'TIM_ADVANCED', base: 0x40010400, irqs: [43, 44, 45, 46], bus: 2, bits: 16 },
  { n: 9, facts: 'TIM_TWO', base: 0x40014000, irqs: [24], bus: 2, bits: 16 },
  { n: 10, facts: 'TIM_ONE', base: 0x40014400, irqs: [25], bus: 2, bits: 16 },
  { n: 11, facts: 'TIM11', base: 0x40014800, irqs: [26], bus: 2, bits: 16 },
];
const timer = (t: TimRow): BlockRow =>
  timBlock(
    t,
    { clock: `APB${t.bus}ENR.TIM${t.n}EN`, reset: `APB${t.bus}RSTR.TIM${t.n}RST` },
    // HSE divided by RTCPRE: RM0090 19.5.12, RM0383 14.5.11 (TIM11_OR).
    { ...timTriggers(t.n), ...(t.n === 11 ? { capture: { remap: 'OR.TI1_RMP', sources: { 2: { clock: 'hse-rtc', divider: 1 } } } } : {}) },
  );

export const f4Timers = (numbers: readonly number[]): readonly BlockRow[] => TIMERS.filter((t) => numbers.includes(t.n)).map(timer);

export const f4Usart = (name: string, base: number, irq: number, bus: 1 | 2): BlockRow => ({
  name,
  model: 'usart-v4',
  facts: name.startsWith('UART') ? 'UART' : 'USART',
  base,
  size: 0x400,
  irqs: [irq],
  clock: `APB${bus}ENR.${name}EN`,
  reset: `APB${bus}RSTR.${name}RST`,
  options: { block: name, clock: `pclk${bus}`, fifoDepth: 1 },
});
export const f4Port = (letter: string): BlockRow => ({
  name: `GPIO${letter}`,
  model: 'gpio-v2',
  facts: letter < 'C' ? `GPIO${letter}` : 'GPIO',
  base: 0x40020000 + (letter.charCodeAt(0) - 65) * 0x400,
  size: 0x400,
  clock: `AHB1ENR.GPIO${letter}EN`,
  reset: `AHB1RSTR.GPIO${letter}RST`,
  options: { port: letter },
});
/** A block on an APB without behaviour. */
export const f4Plain = (name: string, base: number, irqs: readonly number[], bus: 1 | 2, facts = name): BlockRow => ({
  name,
  model: null,
  facts,
  base,
  size: 0x400,
  irqs,
  clock: `APB${bus}ENR.${name}EN`,
  reset: `APB${bus}RSTR.${name}RST`,
});
export const f4Spi = (n: number, base: number, irq: number, bus: 1 | 2): BlockRow => ({
  ...f4Plain(`SPI${n}`, base, [irq], bus, 'SPI'),
  model: 'spi',
  options: { block: `SPI${n}`, clock: `pclk${bus}`, miso: misoOf(n) },
});
const i2c = (n: number, base: number, irqs: readonly number[]): BlockRow => ({
  ...f4Plain(`I2C${n}`, base, irqs, 1, 'I2C'),
  model: 'i2c-v1',
});
/** VREFINT 1.21 V at channel 17, the temperature sensor's 0.76 V at 25 °C at 16 (F405) or 18: DS8626 T70, T72. */
const INTERNAL = { 16: 760, 17: 1210, 18: 760 };
export const f4Adc = (n: number): BlockRow => ({
  name: `ADC${n}`,
  model: 'adc-f4',
  base: 0x40011f00 + 0x100 * n,
  size: 0x100,
  irqs: [18],
  clock: `APB2ENR.ADC${n}EN`,
  reset: 'APB2RSTR.ADCRST',
  options: {
    block: `ADC${n}`,
    index: n - 1,
    triggers: F4_ADC_TRIGGERS,
    injectedTriggers: F4_ADC_INJECTED_TRIGGERS,
    internal: n === 1 ? INTERNAL : {},
  },
});

/** Blocks at the same place with the same behaviour in both chips. */
export const F4_BLOCKS: readonly BlockRow[] = [
  {
    name: 'RTC',
    model: 'rtc-v3',
    base: 0x40002800,
    size: 0x400,
    reset: 'BDCR.BDRST',
    backup: true,
    options: { clock: 'rtc' },
  },
  {
    name: 'WWDG',
    model: 'wwdg-v2',
    base: 0x40002c00,
    size: 0x400,
    irqs: [0],
    clock: 'APB1ENR.WWDGEN',
    reset: 'APB1RSTR.WWDGRST',
    options: { clock: 'pclk1' },
  },
  // Versions before the H5's: no window, no early wake-up, dividers up to 256; how far updates wait for the prescaler is open.
  {
    name: 'IWDG',
    model: 'iwdg-v3',
    base: 0x40003000,
    size: 0x400,
    options: { clock: 'lsi', syncTicks: 5, syncToPrescaler: false, dividers: [4, 8, 16, 32, 64, 128, 256] },
  },
  f4Spi(2, 0x40003800, 36, 1),
  f4Spi(3, 0x40003c00, 51, 1),
  f4Usart('USART2', 0x40004400, 38, 1),
  i2c(1, 0x40005400, [31, 32]),
  i2c(2, 0x40005800, [33, 34]),
  i2c(3, 0x40005c00, [72, 73]),
  f4Usart('USART1', 0x40011000, 37, 2),
  f4Usart('USART6', 0x40011400, 71, 2),
  f4Adc(1),
  {
    name: 'ADC_Common',
    model: 'adc-common-f4',
    base: 0x40012300,
    size: 0x100,
    clock: 'APB2ENR.ADC1EN',
    reset: 'APB2RSTR.ADCRST',
    options: { converters: ['ADC1', 'ADC2', 'ADC3'] },
  },
  f4Plain('SDIO', 0x40012c00, [49], 2),
  f4Spi(1, 0x40013000, 35, 2),
  {
    name: 'SYSCFG',
    model: 'syscfg-l4',
    base: 0x40013800,
    size: 0x400,
    clock: 'APB2ENR.SYSCFGEN',
    // MEMRMP. Reported: MicroPython maps the ROM to 0 right after a reset, with SYSCFGEN = 0, and jumps by the vectors there (PR 4862: tested on PYBv1.x).
    unclocked: [0],
    reset: 'APB2RSTR.SYSCFGRST',
  },
  {
    name: 'EXTI',
    model: 'exti-v1',
    base: 0x40013c00,
    size: 0x400,
    irqs: [6, 7, 8, 9, 10, 23, 40, 1, 41, 42, 2, 3],
    options: {
      // RM0090 12.2.5: 17 RTC alarm, 18 OTG_FS wake-up, 21 tamper and time stamp, 22 RTC wake-up.
      irqOfLine: [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 8, 9, -1, -1, 10, 11],
      lines: { 16: 'pvd', 17: 'rtc.alarm', 18: 'usb.wakeup', 21: 'rtc.stamp', 22: 'rtc.wakeup' },
      event: 'cm4',
    },
  },
  { name: 'CRC', model: 'crc', base: 0x40023000, size: 0x400, clock: 'AHB1ENR.CRCEN', reset: 'AHB1RSTR.CRCRST' },
  { name: 'RCC', model: 'rcc-f4', base: 0x40023800, size: 0x400, irqs: [5] },
  {
    name: 'DMA1',
    model: 'dma-v2',
    options: { requests: F4_DMA1 },
    base: 0x40026000,
    size: 0x400,
    irqs: [11, 12, 13, 14, 15, 16, 17, 47],
    clock: 'AHB1ENR.DMA1EN',
    reset: 'AHB1RSTR.DMA1RST',
  },
  {
    name: 'DMA2',
    model: 'dma-v2',
    options: { requests: F4_DMA2 },
    base: 0x40026400,
    size: 0x400,
    irqs: [56, 57, 58, 59, 60, 68, 69, 70],
    clock: 'AHB1ENR.DMA2EN',
    reset: 'AHB1RSTR.DMA2RST',
  },
  {
    name: 'OTG_FS',
    model: 'usb-otg-fs',
    base: 0x50000000,
    size: 0x40000,
    irqs: [67],
    clock: 'AHB2ENR.OTGFSEN',
    reset: 'AHB2RSTR.OTGFSRST',
    // The transceiver runs from VDD.
    options: { fifoWords: 320, clock: 'usb', busClock: 'hclk', supplyWire: null },
  },
];

/** FLASH's options; memories `flash`, `info` and `options` are the chip's. */
export const f4Flash = (flashKilobytes: number, optionBytes: Readonly<Record<string, OptionByteRow>>): BlockRow => ({
  name: 'FLASH',
  model: 'flash-f4',
  base: 0x40023c00,
  size: 0x400,
  irqs: [4],
  options: {
    memory: 'flash',
    base: 0x08000000,
    bytes: flashKilobytes * 1024,
    infoMemory: 'info',
    infoBase: 0x1fff7800,
    uidOffset: 0x210,
    sizeOffset: 0x222,
    optionMemory: 'options',
    flashKilobytes,
    optionBytes: factoryValues(optionBytes),
  },
});

export const f4Memories = (flashKilobytes: number): readonly MemoryRow[] => [
  { name: 'flash', base: 0x08000000, size: flashKilobytes * 1024, kind: 'flash', zone: 'user', programmedBy: 'FLASH', waitStates: true },
  { name: 'rom', base: 0x1fff0000, size: 0x7800, kind: 'rom', zone: 'system', waitStates: true },
  // OTP, unique ID, flash size.
  { name: 'info', base: 0x1fff7800, size: 0x800, kind: 'flash', zone: 'data', programmedBy: 'FLASH', waitStates: true },
  { name: 'options', base: 0x1fffc000, size: 0x10, kind: 'flash', zone: 'data', waitStates: true },
];

export const F4_CLOCKS: readonly string[] = [
  'hsi',
  'hse',
  'lsi',
  'lse',
  'pllp',
  'plli2sr',
  'sysclk',
  'hclk',
  'pclk1',
  'pclk2',
  'timpclk1',
  'timpclk2',
  'systick-ext',
  'hse-rtc',
  'rtc',
  'usb',
];

const erase = (key: string, x8: number, x16: number, x32: number): Readonly<Record<string, Sourced<number>>> => ({
  [`flash.erase.${key}.x8.ps`]: known(x8 * MS, `${DS}, flash memory programming (typical)`),
  [`flash.erase.${key}.x16.ps`]: known(x16 * MS, `${DS}, flash memory programming (typical)`),
  [`flash.erase.${key}.x32.ps`]: known(x32 * MS, `${DS}, flash memory programming (typical)`),
});
export const F4_PARAMETERS: Readonly<Record<string, Sourced<number>>> = {
  'hsi.hz': known(16_000_000, 'RM0090 7.2.2, RM0383 6.2.2'),
  'lsi.hz': known(32_000, `${DS}: 17 to 47 kHz`),
  'hse.hz': known(8_000_000, 'board default: 8 MHz crystal', 'assumed'),
  'lse.hz': known(32_768, 'board default', 'assumed'),
  // 1: the board feeds OSC_IN with a clock instead of a crystal.
  'hse.external': known(0, 'board default', 'assumed'),
  'lse.external': known(0, 'board default', 'assumed'),
  'hsi.start.ps': known(2.2 * US, `${DS}: T34, T39`),
  'lsi.start.ps': known(15 * US, `${DS}: T35, T40`),
  'hse.start.ps': known(2 * MS, 'DS8626 r12 T32 (8 MHz crystal)'),
  'hse.ready.clocks': known(512, 'RM0091 6.2.1 (F0)', 'assumed'),
  // Crystal and ready counter together.
  'lse.start.ps': known(600 * MS, 'micropython PR 1571, 1599 (F405 boards)', 'reported'),
  'lse.ready.clocks': known(4096, 'RM0091 6.2.5 (F0)', 'assumed'),
  'sysclk.switch.clocks': known(3, 'no figure published; clocks of the old and of the new source', 'assumed'),
  // 75 to 200 µs at 100 MHz, 100 to 300 µs at 432 MHz; no typical value.
  'pll.lock.ps': known(150 * US, `${DS}: T36, T41; the middle of the limits`, 'assumed'),
  'vos.ready.ps': known(20 * US, 'DS12589 r6 (STM32G431); no figure for F4', 'assumed'),
  'backup.regulator.ps': known(100 * US, 'no figure published', 'assumed'),
  'flash.program.ps': known(16 * US, `${DS}: T40, T45`),
  ...erase('16k', 400, 300, 250),
  ...erase('64k', 1200, 700, 550),
  ...erase('128k', 2000, 1300, 1000),
  'flash.options.ps': known(250 * MS, 'no figure published; a small sector', 'assumed'),
  'reset.pulse.ps': known(20 * US, 'RM0090 6.1.1, RM0383 5.1.1'),
  'power.tempo.ps': known(1.5 * MS, `${DS}: T19`),
  'vdd.volts': known(3.3, 'board default', 'assumed'),
  'vdda.volts': known(3.3, 'board default', 'assumed'),
  'vddusb.volts': known(3.3, 'board default; no pin of this part', 'assumed'),
  'vbat.volts': known(3.3, 'board default', 'assumed'),
  'boot0.level': known(0, 'board default', 'assumed'),
  'boot1.level': known(0, 'board default: PB2 pulled low', 'assumed'),
  'uid.0': known(0x0039002d, 'made up; ST programs it per part', 'assumed'),
  'uid.1': known(0x3434510b, 'made up; ST programs it per part', 'assumed'),
  'uid.2': known(0x33353433, 'made up; ST programs it per part', 'assumed'),
};
export const f4MassErase = (x8: number, x16: number, x32: number): Readonly<Record<string, Sourced<number>>> => erase('mass', x8, x16, x32);

const PATTERN1 = `${AN2606} Table 2, pattern 1`;
const pinBoot = (boot1: number): BootCondition[] => [
  { signal: 'pin:BOOT0', is: [1] },
  { signal: 'pin:BOOT1', is: [boot1] },
];
export const F4_BOOT: readonly BootRule[] = [
  bootsFlash([{ signal: 'field:FLASH.OPTCR.RDP', is: [0xcc] }], NO_ROM_AT_LEVEL_2),
  bootsRom(0x1fff0000, pinBoot(0), PATTERN1),
  bootsSram(pinBoot(1), 'RM0090 2.4, RM0383 2.4: embedded SRAM'),
  bootsFlash([], PATTERN1),
];
/** MEM_MODE of SYSCFG_MEMRMP; 2 (FSMC) shows external memory, which no board here has. */
export const F4_REMAP = { base: 0, wire: 'remap', shows: { 0: 'flash', 1: 'rom', 3: 'sram1' } } as const;

export const F4_RESET_FLAGS: readonly ResetFlagRow[] = [
  // Internal resets drive NRST low, so the pin's flag rises with every one of them.
  { field: 'RCC.CSR.PINRSTF', raisedBy: RESET_CAUSES },
  { field: 'RCC.CSR.BORRSTF', raisedBy: ['power', 'brownout'] },
  { field: 'RCC.CSR.PORRSTF', raisedBy: ['power'] },
  { field: 'RCC.CSR.SFTRSTF', raisedBy: ['software', 'debugger', 'core'] },
  { field: 'RCC.CSR.IWDGRSTF', raisedBy: ['iwdg'] },
  { field: 'RCC.CSR.WWDGRSTF', raisedBy: ['wwdg'] },
  { field: 'RCC.CSR.LPWRRSTF', raisedBy: ['low-power'] },
];
