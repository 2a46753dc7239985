/** STM32F072RB. Data only; facts and their sources as in the chip's fact sheet, register facts generated from ST's SVD. */
import type { BootCondition, BootRule, ChipDescription, OptionByteRow } from '../emu/chip.ts';
import { MS, US } from '../emu/time.ts';
import { loadFacts } from './facts.ts';
import generated from './generated/stm32f0x2.json' with { type: 'json' };
import { DAC_F0, F0_ADC_TRIGGERS, F0_DMA1, misoOfF0, timTriggersF0 } from './requests.ts';
import {
  AN2606,
  known,
  sourcesOf,
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
  type Unmodelled,
} from './rows.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_f0@f3174b2:Include/stm32f072xb.h';
const SVD = 'ST SVD STM32F0x2 v1.3';
const EMBASSY = 'embassy-rs/embassy@66f5f6e:embassy-stm32/src/rcc/f013.rs';
const RM0091 = 'RM0091 r10';
const DS9826 = 'DS9826, recalled';
const DS5319 = 'DS5319 (STM32F103), same block';
const FLASH_KB = 128;

const erased = (field: string, value: number): OptionByteRow => ({ field, factory: known(value, 'erased user option byte', 'assumed') });
const OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  // As the option byte: 0xAA level 0, 0xCC level 2, anything else level 1. The field shows the level.
  RDP: { field: 'FLASH.OBR.RDPRT', factory: known(0xaa, `${RM0091} 4: level 0`) },
  IWDG_SW: erased('FLASH.OBR.IWDG_SW', 1),
  nRST_STOP: erased('FLASH.OBR.nRST_STOP', 1),
  nRST_STDBY: erased('FLASH.OBR.nRST_STDBY', 1),
  nBOOT1: erased('FLASH.OBR.nBOOT1', 1),
  VDDA_MONITOR: erased('FLASH.OBR.VDDA_MONITOR', 1),
  RAM_PARITY_CHECK: erased('FLASH.OBR.RAM_PARITY_CHECK', 1),
  Data0: erased('FLASH.OBR.Data0', 0xff),
  Data1: erased('FLASH.OBR.Data1', 0xff),
  WRP: erased('FLASH.WRPR.WRP', 0xffffffff),
};

const tims: TimRow[] = [
  { n: 2, facts: 'TIM2', base: 0x40000000, irqs: [15], bus: 1, bits: 32 },
  { n: 3, facts: 'TIM3', base: 0x40000400, irqs: [16], bus: 1, bits: 16 },
  { n: 6, facts: 'TIM6', base: 0x40001000, irqs: [17], bus: 1, bits: 16 },
  { n: 7, facts: 'TIM7', base: 0x40001400, irqs: [18], bus: 1, bits: 16 },
  { n: 14, facts: 'TIM14', base: 0x40002000, irqs: [19], bus: 1, bits: 16 },
  { n: 1, facts: 'TIM1', base: 0x40012c00, irqs: [13, 14], bus: 2, bits: 16 },
  { n: 15, facts: 'TIM15', base: 0x40014000, irqs: [20], bus: 2, bits: 16 },
  { n: 16, facts: 'TIM16', base: 0x40014400, irqs: [21], bus: 2, bits: 16 },
  { n: 17, facts: 'TIM17', base: 0x40014800, irqs: [22], bus: 2, bits: 16 },
];
/** TIM14_OR: RTC's clock, HSE / 32 (what the ROM of F070 measures the crystal with) or MCO (RM0091 18.4.11, RM0360). */
const TIM14_CAPTURE = {
  capture: {
    remap: 'OR.RMP',
    sources: { 1: { clock: 'rtc', divider: 1 }, 2: { clock: 'hse', divider: 32 }, 3: { clock: 'mco', divider: 1 } },
  },
};
// One APB for both registers' blocks. TIM1: break, update, trigger and commutation share a line, capture compare has its own.
const timers: Row[] = tims.map((t) =>
  timBlock(
    t,
    { clock: `APB${t.bus}ENR.TIM${t.n}EN`, reset: `APB${t.bus}RSTR.TIM${t.n}RST` },
    {
      clock: 'timpclk1',
      ...timTriggersF0(t.n),
      ...(t.n === 14 ? TIM14_CAPTURE : {}),
      ...(t.n === 1 ? { irqs: { brk: 0, update: 0, trigger: 0, cc: 1 } } : {}),
    },
  ),
);
const usart = (n: number, base: number, irq: number, bus: 1 | 2): Row => ({
  name: `USART${n}`,
  model: 'usart-v4',
  facts: 'USART1',
  base,
  size: 0x400,
  irqs: [irq],
  clock: `APB${bus}ENR.USART${n}EN`,
  reset: `APB${bus}RSTR.USART${n}RST`,
  options: { block: `USART${n}`, clock: n <= 2 ? `usart${n}` : 'pclk1', fifoDepth: 1 },
});
const plain = (name: string, base: number, irqs: number[], bus: 1 | 2): Unmodelled => ({
  name,
  model: null,
  base,
  size: 0x400,
  irqs,
  clock: `APB${bus}ENR.${name}EN`,
  reset: `APB${bus}RSTR.${name}RST`,
});
const spi = (n: number, base: number, irq: number, bus: 1 | 2): Row => ({
  ...plain(`SPI${n}`, base, [irq], bus),
  model: 'spi',
  options: { block: `SPI${n}`, clock: 'pclk1', miso: misoOfF0(n) },
});
/** Temperature sensor 1.43 V at 30 °C, VREFINT 1.23 V, VBAT / 2: DS9826 T23, T52. */
const ADC = {
  block: 'ADC',
  version: 'f0',
  clock: 'hsi14',
  bus: 'pclk1',
  ownHz: 14_000_000,
  triggers: F0_ADC_TRIGGERS,
  internal: { 16: 1430, 17: 1230, 18: 1650 },
} as const;
const ports: Row[] = [...'ABCDEF'].map((port) => ({
  name: `GPIO${port}`,
  model: 'gpio-v2',
  base: 0x48000000 + (port.charCodeAt(0) - 65) * 0x400,
  size: 0x400,
  clock: `AHBENR.IOP${port}EN`,
  reset: `AHBRSTR.IOP${port}RST`,
  options: { port },
}));

const blocks: readonly Row[] = [
  ...timers,
  { name: 'RTC', model: 'rtc-v3', base: 0x40002800, size: 0x400, irqs: [2], reset: 'BDCR.BDRST', backup: true, options: { clock: 'rtc' } },
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
  // Versions before the H5's: no early wake-up, dividers up to 256; how far updates wait for the prescaler is open.
  {
    name: 'IWDG',
    model: 'iwdg-v3',
    worksInStandby: true,
    base: 0x40003000,
    size: 0x400,
    options: { clock: 'lsi', syncTicks: 5, syncToPrescaler: false, dividers: [4, 8, 16, 32, 64, 128, 256] },
  },
  spi(2, 0x40003800, 26, 1),
  usart(2, 0x40004400, 28, 1),
  usart(3, 0x40004800, 29, 1),
  usart(4, 0x40004c00, 29, 1),
  { ...plain('I2C1', 0x40005400, [23], 1), model: 'i2c-v2', options: { clock: 'i2c1', errorLine: 0 } },
  { ...plain('I2C2', 0x40005800, [24], 1), model: 'i2c-v2', options: { clock: 'pclk1', errorLine: 0 } },
  // Registers, and from 0x400 on the 1 KB packet memory.
  {
    name: 'USB',
    model: 'usb-fsdev',
    base: 0x40005c00,
    size: 0x800,
    irqs: [31],
    clock: 'APB1ENR.USBEN',
    reset: 'APB1RSTR.USBRST',
    options: { clock: 'usb' },
  },
  { ...plain('CAN', 0x40006400, [30], 1), model: 'bxcan', options: { clock: 'pclk1', oneLine: true } },
  { name: 'CRS', model: 'crs', base: 0x40006c00, size: 0x400, irqs: [4], clock: 'APB1ENR.CRSEN', reset: 'APB1RSTR.CRSRST' },
  { name: 'PWR', model: 'pwr-f0', base: 0x40007000, size: 0x400, clock: 'APB1ENR.PWREN', reset: 'APB1RSTR.PWRRST' },
  { ...plain('DAC', 0x40007400, [17], 1), model: 'dac', options: DAC_F0 },
  plain('CEC', 0x40007800, [30], 1),
  { name: 'SYSCFG', model: 'syscfg-f0', base: 0x40010000, size: 0x400, clock: 'APB2ENR.SYSCFGEN', reset: 'APB2RSTR.SYSCFGRST' },
  {
    name: 'EXTI',
    model: 'exti-v1',
    base: 0x40010400,
    size: 0x400,
    irqs: [5, 6, 7, 1, 2, 31],
    options: {
      ports: 'ABCDEF',
      // RM0091 EXTI lines: 17 RTC alarm, 18 USB wake-up, 19 tamper and time stamp, 20 RTC wake-up.
      irqOfLine: [0, 0, 1, 1, ...Array<number>(12).fill(2), 3, 4, 5, 4, 4],
      lines: { 16: 'pvd', 17: 'rtc.alarm', 18: 'usb.wakeup', 19: 'rtc.stamp', 20: 'rtc.wakeup' },
      event: 'cm0',
    },
  },
  { ...plain('ADC', 0x40012400, [12], 2), model: 'adc-v2', options: ADC },
  spi(1, 0x40013000, 25, 2),
  usart(1, 0x40013800, 27, 2),
  {
    name: 'DBGMCU',
    model: 'dbgmcu',
    base: 0x40015800,
    size: 0x400,
    clock: 'APB2ENR.DBGMCUEN',
    // Inferred: candleLight_fw asks IDCODE for the chip before it switches any clock on, and its way into DFU works on F042 and F072 boards.
    readsUnclocked: true,
    reset: 'APB2RSTR.DBGMCURST',
    options: { devId: 0x448, revId: 0x2001 },
  },
  {
    name: 'DMA1',
    model: 'dma-v1',
    base: 0x40020000,
    size: 0x400,
    irqs: [9, 10, 11],
    clock: 'AHBENR.DMA1EN',
    options: { lines: [0, 1, 1, 2, 2, 2, 2], requests: F0_DMA1 },
  },
  { name: 'RCC', model: 'rcc-f0', base: 0x40021000, size: 0x400, irqs: [4] },
  {
    name: 'FLASH',
    model: 'flash-f0',
    base: 0x40022000,
    size: 0x400,
    irqs: [3],
    clock: 'AHBENR.FLITFEN',
    options: {
      memory: 'flash',
      base: 0x08000000,
      bytes: FLASH_KB * 1024,
      pageBytes: 0x800,
      optionMemory: 'options',
      optionBase: 0x1ffff800,
      idMemory: 'rom',
      uidOffset: 0x1ffff7ac - 0x1fffc800,
      sizeOffset: 0x1ffff7cc - 0x1fffc800,
      flashKilobytes: FLASH_KB,
      wrpPages: 2,
      optionBytes: factoryValues(OPTION_BYTES),
    },
  },
  { name: 'CRC', model: 'crc', base: 0x40023000, size: 0x400, clock: 'AHBENR.CRCEN' },
  { name: 'TSC', model: 'tsc', base: 0x40024000, size: 0x400, irqs: [8], clock: 'AHBENR.TSCEN', reset: 'AHBRSTR.TSCRST' },
  ...ports,
];

const PATTERN2 = `${AN2606} Table 2, pattern 2`;
const pinBoot = (nBOOT1: number): BootCondition[] => [
  { signal: 'pin:BOOT0', is: [1] },
  { signal: 'field:FLASH.OBR.nBOOT1', is: [nBOOT1] },
];
/** @param empty the ROM is booted from an erased flash too */
export const f0BootsByPattern2 = (base: number, empty = false): readonly BootRule[] => [
  bootsFlash([{ signal: 'field:FLASH.OBR.RDPRT', is: [3] }], NO_ROM_AT_LEVEL_2),
  bootsRom(base, pinBoot(1), PATTERN2),
  bootsSram(pinBoot(0), `${RM0091} 2.5: embedded SRAM`),
  ...(empty ? [bootsRom(base, [{ signal: 'flash:empty', is: [1] }], `${AN2606} Table 2, pattern 6, without its bits`)] : []),
  bootsFlash([], PATTERN2),
];

export const STM32F072RB: ChipDescription = {
  name: 'STM32F072RB',
  family: 'STM32F0',
  line: 'STM32F072',
  cores: [{ name: 'cm0', type: 'cortex-m0', nvicLines: 32, priorityBits: 2, mpuRegions: 0, clock: 'hclk', sysTickClock: 'systick-ext' }],
  sources: sourcesOf(CMSIS, SVD),
  memories: [
    { name: 'flash', base: 0x08000000, size: FLASH_KB * 1024, kind: 'flash', zone: 'user', programmedBy: 'FLASH', waitStates: true },
    // Its last bytes hold the unique ID, the calibration values and the flash size.
    { name: 'rom', base: 0x1fffc800, size: 0x3000, kind: 'rom', zone: 'systemMemory', factsFrom: 0x2f00, waitStates: true },
    { name: 'options', base: 0x1ffff800, size: 0x10, kind: 'flash', zone: 'data', programmedBy: 'FLASH', waitStates: true },
    { name: 'sram', base: 0x20000000, size: 0x4000, kind: 'ram', zone: 'user' },
  ],
  blocks,
  clocks: [
    'hsi',
    'hsi14',
    'i2c1',
    'hsi48',
    'hse',
    'lsi',
    'lse',
    'pll',
    'sysclk',
    'hclk',
    'pclk1',
    'timpclk1',
    'systick-ext',
    'rtc',
    'usb',
    'usart1',
    'usart2',
    'mco',
  ],
  rcc: 'RCC',
  facts: loadFacts(generated),
  parameters: {
    'hsi.hz': known(8_000_000, EMBASSY),
    'hsi14.hz': known(14_000_000, `${RM0091} 6.2.3`),
    'hsi48.hz': known(48_000_000, `${RM0091} 6.2.3`),
    'lsi.hz': known(40_000, `${RM0091} 6.2.6`),
    'hse.hz': known(8_000_000, 'NUCLEO-F072RB public board files: clock from the ST-LINK', 'reported'),
    'lse.hz': known(32_768, 'NUCLEO-F072RB public board files', 'reported'),
    // 1: the board feeds OSC_IN with a clock instead of a crystal.
    'hse.external': known(1, 'NUCLEO-F072RB public board files', 'reported'),
    'lse.external': known(0, 'NUCLEO-F072RB public board files', 'reported'),
    'hsi.start.ps': known(1.5 * US, `${DS9826}: 1 to 2 µs`, 'assumed'),
    'hsi14.start.ps': known(1.5 * US, `${DS9826}: 1 to 2 µs`, 'assumed'),
    // Only the limit is known (6 µs): half of it.
    'hsi48.start.ps': known(3 * US, 'public oscillator project quoting DS9826 r6 T43 (limit 6 µs)', 'reported'),
    'lsi.start.ps': known(42.5 * US, `${DS9826}: limit 85 µs`, 'assumed'),
    'hse.start.ps': known(2 * MS, 'DS8626 r12 T32 (8 MHz crystal, F4)', 'assumed'),
    'hse.ready.clocks': known(512, `${RM0091} 6.2.1`),
    // Crystal and ready counter together.
    'lse.start.ps': known(600 * MS, 'micropython PR 1571, 1599 (F405 boards)', 'reported'),
    'lse.ready.clocks': known(4096, `${RM0091} 6.2.5`),
    'sysclk.switch.clocks': known(3, 'no figure published; clocks of the old and of the new source', 'assumed'),
    // Only the limit is known (200 µs): half of it.
    'pll.lock.ps': known(100 * US, `${DS5319} T27`, 'assumed'),
    'flash.program.ps': known(53.5 * US, 'public F0 projects quoting the datasheet', 'reported'),
    'flash.erase.page.ps': known(30 * MS, 'public F0 projects quoting the datasheet', 'reported'),
    'flash.erase.mass.ps': known(30 * MS, 'public F0 projects quoting the datasheet', 'reported'),
    'stop.wakeup.ps': known(3 * US, 'DS9826 wake-up times, recalled', 'reported'),
    'standby.wakeup.ps': known(51 * US, 'DS9826 wake-up times, recalled', 'reported'),
    'reset.pulse.ps': known(20 * US, `${RM0091} 6.1`),
    'power.tempo.ps': known(2.5 * MS, `${DS5319} T11`, 'assumed'),
    'vdd.volts': known(3.3, 'board default', 'assumed'),
    'vdda.volts': known(3.3, 'board default', 'assumed'),
    'vddio2.volts': known(3.3, 'board default: VDDIO2 feeds PA8 to PA15 and USB', 'assumed'),
    'vddusb.volts': known(3.3, 'board default; no pin of this part', 'assumed'),
    'vbat.volts': known(3.3, 'board default', 'assumed'),
    'boot0.level': known(0, 'board default', 'assumed'),
    'uid.0': known(0x0034001a, 'made up; ST programs it per part', 'assumed'),
    'uid.1': known(0x43345105, 'made up; ST programs it per part', 'assumed'),
    'uid.2': known(0x20313133, 'made up; ST programs it per part', 'assumed'),
  },
  boot: f0BootsByPattern2(0x1fffc800),
  // The M0 has no VTOR: its vectors are always at 0.
  remap: { base: 0, wire: 'remap', shows: { 0: 'flash', 1: 'rom', 2: 'flash', 3: 'sram' } },
  optionBytes: OPTION_BYTES,
  resetFlags: { clear: 'RCC.CSR.RMVF', flags: resetFlagRows('RCC.CSR', { PORRSTF: POWER_CAUSES }, { optionBytes: true }) },
  rom: {
    id: 'stm32f072',
    vectorTable: known(0x1fffc800, `${AN2606} Table 41`),
    range: known([0x1fffc800, 0x1ffff7ff] as const, `${AN2606} Table 226`),
    ramUse: known([{ base: 0x20000000, size: 0x1800 }], `${AN2606} Table 41`),
    versions: known(['V10.1'], `${AN2606} Table 42`),
    startUpMs: known(0.058, `${AN2606} Table 227`),
    usbConnectMs: known(350, `${AN2606} Table 229 has no row; F04x's figure`, 'assumed'),
  },
  maxHclkHz: known({ all: 48_000_000 }, EMBASSY),
  flashLatency: known(
    {
      all: [
        [24, 0],
        [48, 1],
      ],
    },
    EMBASSY,
  ),
  flashCache: known(
    { lineBytes: 4, rowBytes: 16, codeRows: 0, dataRows: 0 } as const,
    `${RM0091} 3.2.1: 32-bit reads, prefetch buffer of three words`,
  ),
};

/** In the SVD, but the core's own. */
export const STM32F072_ABSENT: readonly string[] = ['STK', 'NVIC', 'SCB'];
