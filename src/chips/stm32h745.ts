/** STM32H745XI and STM32H745ZI. Data only; facts and their sources as in the chip's fact sheet, register facts generated from ST's SVD. */
import type { BootRule, ChipDescription, OptionByteRow, ResetFlagRow, Sourced } from '../emu/chip.ts';
import type { Confidence } from '../emu/confidence.ts';
import { RESET_CAUSES } from '../emu/component.ts';
import { MS, PS_PER_SECOND, US } from '../emu/time.ts';
import { fdcanOf } from './derive.ts';
import { loadFacts, withFacts } from './facts.ts';
import generated from './generated/stm32h745.json' with { type: 'json' };
import { OTG_FS_H745, OTG_FS_PULL_UPS, OTG_HS_H745, OTG_HS_OPTIONS } from './otg-fs.ts';
import { ADC_INJECTED_TRIGGERS, ADC_TRIGGERS, DAC_H, H7_DMAMUX1, H7_DMAMUX2, misoOf, roleOf, timTriggers } from './requests.ts';
import { AN2606, known, NO_ROM_AT_LEVEL_2, sourcesOf, factoryValues, timBlock, type TimRow, type Row, type Unmodelled } from './rows.ts';
import { USB_PINS } from './usb-pins.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_h7@13ba9da:Include/stm32h745xx.h';
const SVD = 'ST SVD STM32H745_CM7 v2.5';
const HAL = 'STMicroelectronics/stm32h7xx_hal_driver';
const EMBASSY = 'embassy-rs/embassy@66f5f6e:embassy-stm32/src/rcc/h.rs';
/** H743 datasheet: same oscillator, PLL and flash blocks. */
const DS743 = 'DS12110 r10 (STM32H743), same block';

const option = (register: string, name: string, value: number, source: string, confidence: Confidence = 'assumed'): OptionByteRow => ({
  field: `FLASH.${register}.${name}`,
  factory: known(value, source, confidence),
});
const UNPUBLISHED = 'no published factory value';
/** BOOT_CM7_ADD0 and so on are the manual's names; the fields are called BCM7_ADD0. */
const OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  BOR_LEV: option('OPTSR_CUR', 'BOR_LEV', 0, UNPUBLISHED),
  IWDG1_SW: option('OPTSR_CUR', 'IWDG1_SW', 1, 'software watchdog: firmware runs on new parts without refreshing', 'inferred'),
  IWDG2_SW: option('OPTSR_CUR', 'IWDG2_SW', 1, 'as IWDG1_SW', 'inferred'),
  NRST_STOP_D1: option('OPTSR_CUR', 'NRST_STOP_D1', 1, UNPUBLISHED),
  NRST_STBY_D1: option('OPTSR_CUR', 'NRST_STBY_D1', 1, UNPUBLISHED),
  RDP: option('OPTSR_CUR', 'RDP', 0xaa, 'level 0: new parts can be read', 'inferred'),
  FZ_IWDG_STOP: option('OPTSR_CUR', 'FZ_IWDG_STOP', 1, UNPUBLISHED),
  FZ_IWDG_SDBY: option('OPTSR_CUR', 'FZ_IWDG_SDBY', 1, UNPUBLISHED),
  ST_RAM_SIZE: option('OPTSR_CUR', 'ST_RAM_SIZE', 0, UNPUBLISHED),
  SECURITY: option('OPTSR_CUR', 'SECURITY', 0, 'no secure areas on H745', 'inferred'),
  BCM4: option('OPTSR_CUR', 'BCM4', 1, 'both cores of new boards start', 'inferred'),
  BCM7: option('OPTSR_CUR', 'BCM7', 1, 'both cores of new boards start', 'inferred'),
  NRST_STOP_D2: option('OPTSR_CUR', 'NRST_STOP_D2', 1, UNPUBLISHED),
  NRST_STBY_D2: option('OPTSR_CUR', 'NRST_STBY_D2', 1, UNPUBLISHED),
  IO_HSLV: option('OPTSR_CUR', 'IO_HSLV', 0, UNPUBLISHED),
  SWAP_BANK_OPT: option('OPTSR_CUR', 'SWAP_BANK_OPT', 0, UNPUBLISHED),
  BOOT_CM7_ADD0: option('BOOT7_CUR', 'BCM7_ADD0', 0x0800, 'cholla.mmto.org/stm32/h747/boot.html', 'reported'),
  BOOT_CM7_ADD1: option(
    'BOOT7_CUR',
    'BCM7_ADD1',
    0x1ff0,
    `${AN2606} Table 2, pattern 10: the BOOT pin starts the ROM of new parts`,
    'inferred',
  ),
  BOOT_CM4_ADD0: option('BOOT4_CUR', 'BCM4_ADD0', 0x0810, "bank 2: where ST places the M4's code", 'assumed'),
  BOOT_CM4_ADD1: option('BOOT4_CUR', 'BCM4_ADD1', 0x1000, UNPUBLISHED),
  WRPSn1: option('WPSN_CUR1R', 'WRPSn1', 0xff, 'nothing protected', 'inferred'),
  WRPSn2: option('WPSN_CUR2R', 'WRPSn2', 0xff, 'nothing protected', 'inferred'),
  PROT_AREA_START1: option('PRAR_CUR1', 'PROT_AREA_START1', 0xff, 'start behind end = no area', 'assumed'),
  SEC_AREA_START1: option('SCAR_CUR1', 'SEC_AREA_START1', 0xff, 'start behind end = no area', 'assumed'),
  SEC_AREA_START2: option('SCAR_CUR2', 'SEC_AREA_START2', 0xff, 'start behind end = no area', 'assumed'),
};
const FLASH_OPTION_BYTES = factoryValues(OPTION_BYTES);

const A1L = ['APB1LENR', 'APB1LRSTR'] as const;
const A1H = ['APB1HENR', 'APB1HRSTR'] as const;
const A2 = ['APB2ENR', 'APB2RSTR'] as const;
const A4 = ['APB4ENR', 'APB4RSTR'] as const;
const H1 = ['AHB1ENR', 'AHB1RSTR'] as const;
const H2 = ['AHB2ENR', 'AHB2RSTR'] as const;
const H3 = ['AHB3ENR', 'AHB3RSTR'] as const;
const H4 = ['AHB4ENR', 'AHB4RSTR'] as const;
type Bus = readonly [enr: string, rstr: string];

const gated = ([enr, rstr]: Bus, bit: string, resetBit = bit): Pick<Row, 'clock' | 'reset'> => ({
  clock: `${enr}.${bit}EN`,
  reset: `${rstr}.${resetBit}RST`,
});
const plain = (name: string, base: number, irqs: readonly number[], bus: Bus, bit = name, size = 0x400, facts = name): Unmodelled => ({
  name,
  model: null,
  facts,
  base,
  size,
  irqs,
  ...gated(bus, bit),
});

const tims: readonly TimRow[] = [
  { n: 2, base: 0x40000000, irqs: [28], bus: 1, bits: 32 },
  { n: 3, base: 0x40000400, irqs: [29], bus: 1, bits: 16 },
  { n: 4, base: 0x40000800, irqs: [30], bus: 1, bits: 16 },
  { n: 5, base: 0x40000c00, irqs: [50], bus: 1, bits: 32 },
  { n: 6, base: 0x40001000, irqs: [54], bus: 1, bits: 16 },
  { n: 7, base: 0x40001400, irqs: [55], bus: 1, bits: 16 },
  { n: 12, base: 0x40001800, irqs: [43], bus: 1, bits: 16 },
  { n: 13, base: 0x40001c00, irqs: [44], bus: 1, bits: 16 },
  { n: 14, base: 0x40002000, irqs: [45], bus: 1, bits: 16 },
  { n: 1, base: 0x40010000, irqs: [24, 25, 26, 27], bus: 2, bits: 16 },
  { n: 8, base: 0x40010400, irqs: [43, 44, 45, 46], bus: 2, bits: 16 },
  { n: 15, base: 0x40014000, irqs: [116], bus: 2, bits: 16 },
  { n: 16, base: 0x40014400, irqs: [117], bus: 2, bits: 16 },
  { n: 17, base: 0x40014800, irqs: [118], bus: 2, bits: 16 },
];
const timers: readonly Row[] = tims.map((t) => timBlock(t, gated(t.bus === 1 ? A1L : A2, `TIM${t.n}`), timTriggers(t.n)));
const usart = (name: string, base: number, irq: number, bus: Bus): Row => ({
  name,
  model: 'usart-v4',
  base,
  size: 0x400,
  irqs: [irq],
  ...gated(bus, name),
  options: { block: name, clock: name.toLowerCase(), fifoDepth: 16, lowPower: name === 'LPUART1' },
});
const spi = (n: number, base: number, irq: number, bus: Bus): Row => ({
  ...plain(`SPI${n}`, base, [irq], bus),
  model: 'spi-h7',
  options: { block: `SPI${n}`, clock: n < 4 ? 'spi123' : n < 6 ? 'spi45' : 'spi6', fifoBytes: n < 4 ? 16 : 8, miso: misoOf(n) },
});
const i2c = (n: number, base: number, irqs: readonly number[], bus: Bus): Row => ({
  ...plain(`I2C${n}`, base, irqs, bus),
  model: 'i2c-v2',
  options: { clock: n < 4 ? 'i2c123' : 'i2c4' },
});
/** ADC3: VBAT / 4, the temperature sensor's 0.62 V at 30 °C, VREFINT 1.216 V: DS12110 T87, T89. */
const ADC3_INTERNAL = { 17: 825, 18: 620, 19: 1216 };
const adc = (n: number, base: number, irq: number, bus: Bus): Row => ({
  ...plain(`ADC${n}`, base, [irq], bus, n < 3 ? 'ADC12' : 'ADC3', 0x100),
  model: 'adc-v2',
  options: {
    block: `ADC${n}`,
    version: 'h7',
    index: n - 1,
    ...roleOf(n),
    clock: 'adc',
    bus: 'hclk',
    ccr: n < 3 ? 'adc12.ccr' : 'adc3.ccr',
    triggers: ADC_TRIGGERS,
    injectedTriggers: ADC_INJECTED_TRIGGERS,
    internal: n === 3 ? ADC3_INTERNAL : {},
  },
});
const lptim = (n: number, base: number, irq: number, bus: Bus): Row => ({
  ...plain(`LPTIM${n}`, base, [irq], bus),
  model: 'lptim',
  options: { clock: n < 3 ? `lptim${n}` : 'lptim345' },
});
const muxed = (block: string, first: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${block}.${first + i}`);
const ports: readonly Row[] = [...'ABCDEFGHIJK'].map((port, i) => ({
  name: `GPIO${port}`,
  model: 'gpio-v2',
  base: 0x58020000 + i * 0x400,
  size: 0x400,
  ...gated(H4, `GPIO${port}`),
  options: { port },
}));
/** Watchdogs of each core. Dividers end at 256: no early wake-up in this version. */
const iwdg = (n: 1 | 2, base: number): Row => ({
  name: `IWDG${n}`,
  model: 'iwdg-v3',
  worksInStandby: true,
  base,
  size: 0x400,
  core: n === 1 ? 'cm7' : 'cm4',
  options: {
    clock: 'lsi',
    syncTicks: 5,
    syncToPrescaler: false,
    dividers: [4, 8, 16, 32, 64, 128, 256],
    ...(n === 2 ? { requestWire: 'lsi.request2', hardwareWire: 'iwdg2.hardware' } : {}),
  },
});
const hrtim = { clock: 'APB2ENR.HRTIMEN', reset: 'APB2RSTR.HRTIMRST' } as const;

const blocks: readonly Row[] = [
  ...timers,
  lptim(1, 0x40002400, 93, A1L),
  {
    name: 'WWDG2',
    model: 'wwdg-v2',
    base: 0x40002c00,
    size: 0x400,
    irqs: [0],
    clock: 'APB1LENR.WWDG2EN',
    core: 'cm4',
    options: { clock: 'pclk1' },
  },
  spi(2, 0x40003800, 36, A1L),
  spi(3, 0x40003c00, 51, A1L),
  plain('SPDIFRX', 0x40004000, [97], A1L),
  usart('USART2', 0x40004400, 38, A1L),
  usart('USART3', 0x40004800, 39, A1L),
  usart('UART4', 0x40004c00, 52, A1L),
  usart('UART5', 0x40005000, 53, A1L),
  i2c(1, 0x40005400, [31, 32], A1L),
  i2c(2, 0x40005800, [33, 34], A1L),
  i2c(3, 0x40005c00, [72, 73], A1L),
  plain('CEC', 0x40006c00, [94], A1L, 'HDMICEC'),
  { ...plain('DAC1', 0x40007400, [54], A1L, 'DAC12'), model: 'dac', options: DAC_H },
  usart('UART7', 0x40007800, 82, A1L),
  usart('UART8', 0x40007c00, 83, A1L),
  { name: 'CRS', model: 'crs', base: 0x40008400, size: 0x400, irqs: [144], ...gated(A1H, 'CRS'), options: { usbSource: 3 } },
  plain('SWPMI1', 0x40008800, [115], A1H, 'SWP'),
  { ...plain('OPAMP', 0x40009000, [], A1H), model: 'opamp' },
  plain('MDIOS', 0x40009400, [119, 120], A1H),
  { ...plain('FDCAN1', 0x4000a000, [19, 21, 63], A1H, 'FDCAN'), model: 'fdcan', options: fdcanOf('FDCAN1', 0) },
  { ...plain('FDCAN2', 0x4000a400, [20, 22], A1H, 'FDCAN'), model: 'fdcan', options: fdcanOf('FDCAN2', 0) },
  plain('FDCAN_CCU', 0x4000a800, [63], A1H, 'FDCAN'),
  usart('USART1', 0x40011000, 37, A2),
  usart('USART6', 0x40011400, 71, A2),
  spi(1, 0x40013000, 35, A2),
  spi(4, 0x40013400, 84, A2),
  spi(5, 0x40015000, 85, A2),
  plain('SAI1', 0x40015800, [87], A2),
  plain('SAI2', 0x40015c00, [91], A2),
  plain('SAI3', 0x40016000, [114], A2),
  plain('DFSDM1', 0x40017000, [110, 111, 112, 113], A2),
  ...['Master', 'TIMA', 'TIMB', 'TIMC', 'TIMD', 'TIME'].map((unit, i): Row => ({
    name: `HRTIM_${unit}`,
    model: null,
    base: 0x40017400 + i * 0x80,
    size: 0x80,
    irqs: i === 0 ? [103] : [103 + i],
    ...hrtim,
  })),
  { name: 'HRTIM_Common', model: null, base: 0x40017780, size: 0x80, irqs: [109], ...hrtim },
  {
    ...plain('DMA1', 0x40020000, [11, 12, 13, 14, 15, 16, 17, 47], H1),
    model: 'dma-v2',
    options: { requests: muxed('dmamux1', 0, 8).map((wire) => [wire]) },
  },
  {
    ...plain('DMA2', 0x40020400, [56, 57, 58, 59, 60, 68, 69, 70], H1),
    model: 'dma-v2',
    options: { requests: muxed('dmamux1', 8, 8).map((wire) => [wire]) },
  },
  {
    name: 'DMAMUX1',
    model: 'dmamux',
    base: 0x40020800,
    size: 0x400,
    irqs: [102],
    options: { block: 'DMAMUX1', channels: 16, requests: H7_DMAMUX1 },
  },
  adc(1, 0x40022000, 18, H1),
  adc(2, 0x40022100, 18, H1),
  {
    ...plain('ADC12_Common', 0x40022300, [18], H1, 'ADC12', 0x100),
    model: 'adc-common-v2',
    options: { converters: ['ADC1', 'ADC2'], ccr: 'adc12.ccr' },
  },
  { name: 'ART', model: 'art-h7', base: 0x40024400, size: 0x400, clock: 'AHB1ENR.ARTEN' },
  { ...plain('Ethernet_MAC', 0x40028000, [61, 62], H1, 'ETH1MAC', 0x1400), model: 'eth' },
  // The port with the interface to a high-speed transceiver; no ROM uses it.
  {
    name: 'OTG_HS',
    model: 'usb-otg-fs',
    base: 0x40040000,
    size: 0x40000,
    irqs: [77],
    clock: 'AHB1ENR.USB1OTGHSEN',
    reset: 'AHB1RSTR.USB1OTGRST',
    options: OTG_HS_OPTIONS,
  },
  {
    name: 'OTG_FS',
    model: 'usb-otg-fs',
    base: 0x40080000,
    size: 0x40000,
    irqs: [101],
    clock: 'AHB1ENR.USB2OTGHSEN',
    reset: 'AHB1RSTR.USB2OTGRST',
    options: { fifoWords: 1024, clock: 'usb', busClock: 'hclk', pullUps: OTG_FS_PULL_UPS, pins: USB_PINS },
  },
  plain('DCMI', 0x48020000, [78], H2),
  { ...plain('RNG', 0x48021800, [80], H2), model: 'rng', options: { clock: 'rng', slowest: 32 } },
  { ...plain('SDMMC2', 0x48022400, [124], H2, 'SDMMC2', 0x400), model: 'sdmmc' },
  { name: 'DELAY_Block_SDMMC2', model: null, base: 0x48022800, size: 0x400, clock: 'AHB2ENR.SDMMC2EN' },
  { name: 'RAMECC2', model: null, base: 0x48023000, size: 0x400, irqs: [145] },
  { ...plain('LTDC', 0x50001000, [88, 89], ['APB3ENR', 'APB3RSTR'], 'LTDC', 0x1000), model: 'ltdc' },
  {
    name: 'WWDG1',
    model: 'wwdg-v2',
    base: 0x50003000,
    size: 0x400,
    irqs: [0],
    clock: 'APB3ENR.WWDG1EN',
    core: 'cm7',
    options: { clock: 'pclk3' },
  },
  { name: 'AXI', model: null, base: 0x51000000, size: 0x100000 },
  { ...plain('MDMA', 0x52000000, [122], H3, 'MDMA', 0x1000), model: 'mdma' },
  { ...plain('DMA2D', 0x52001000, [90], H3, 'DMA2D', 0x1000), model: 'dma2d' },
  {
    name: 'FLASH',
    model: 'flash-h7',
    base: 0x52002000,
    size: 0x1000,
    irqs: [4],
    options: {
      memory: 'flash',
      base: 0x08000000,
      bankBytes: 0x100000,
      sectorBytes: 0x20000,
      infoMemory: 'info',
      uidOffset: 0,
      sizeOffset: 0x80,
      flashKilobytes: 2048,
      optionBytes: FLASH_OPTION_BYTES,
    },
  },
  plain('JPEG', 0x52003000, [121], H3, 'JPGDEC', 0x1000),
  { ...plain('FMC', 0x52004000, [48], H3, 'FMC', 0x1000), model: 'fmc' },
  { ...plain('QUADSPI', 0x52005000, [92], H3, 'QSPI', 0x1000), model: 'quadspi' },
  { name: 'DELAY_Block_QUADSPI', model: null, base: 0x52006000, size: 0x1000, clock: 'AHB3ENR.QSPIEN' },
  { ...plain('SDMMC1', 0x52007000, [49], H3, 'SDMMC1', 0x1000), model: 'sdmmc' },
  { name: 'DELAY_Block_SDMMC1', model: null, base: 0x52008000, size: 0x1000, clock: 'AHB3ENR.SDMMC1EN' },
  { name: 'RAMECC1', model: null, base: 0x52009000, size: 0x400, irqs: [145] },
  {
    name: 'EXTI',
    model: 'exti-h7',
    base: 0x58000000,
    size: 0x400,
    irqs: [6, 7, 8, 9, 10, 23, 40, 1, 41, 2, 3, 137, 64, 65, 143],
    options: {
      ports: 'ABCDEFGHIJK',
      cores: ['cm7', 'cm4'],
      irqOfLine: [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 8, 9, 10, 11, 11],
      lines: { 16: 'pvd', 17: 'rtc.alarm', 18: 'rtc.stamp', 19: 'rtc.wakeup' },
      sev: [
        { line: 79, irq: 13 },
        { line: 80, irq: 12 },
      ],
    },
  },
  { name: 'SYSCFG', model: 'syscfg-h7', base: 0x58000400, size: 0x400, ...gated(A4, 'SYSCFG') },
  usart('LPUART1', 0x58000c00, 142, A4),
  spi(6, 0x58001400, 86, A4),
  i2c(4, 0x58001c00, [95, 96], A4),
  lptim(2, 0x58002400, 138, A4),
  lptim(3, 0x58002800, 139, A4),
  lptim(4, 0x58002c00, 140, A4),
  lptim(5, 0x58003000, 141, A4),
  { ...plain('COMP12', 0x58003800, [137], A4), model: 'comp' },
  { ...plain('VREFBUF', 0x58003c00, [], A4, 'VREF'), model: 'vrefbuf' },
  {
    name: 'RTC',
    model: 'rtc-v3',
    base: 0x58004000,
    size: 0x400,
    // EXTI drives these lines for it.
    irqs: [41, 3, 2],
    clock: 'APB4ENR.RTCAPBEN',
    reset: 'BDCR.VSWRST',
    backup: true,
    options: { clock: 'rtc' },
  },
  iwdg(1, 0x58004800),
  iwdg(2, 0x58004c00),
  plain('SAI4', 0x58005400, [146], A4),
  ...ports,
  { name: 'RCC', model: 'rcc-h7', base: 0x58024400, size: 0x400, irqs: [5] },
  { name: 'PWR', model: 'pwr-h7', base: 0x58024800, size: 0x400 },
  { ...plain('CRC', 0x58024c00, [], H4), model: 'crc' },
  {
    ...plain('BDMA', 0x58025400, [129, 130, 131, 132, 133, 134, 135, 136], H4),
    model: 'dma-v1',
    options: { lines: [0, 1, 2, 3, 4, 5, 6, 7], requests: muxed('dmamux2', 0, 8).map((wire, i) => ({ wire, channel: i + 1 })) },
  },
  {
    name: 'DMAMUX2',
    model: 'dmamux',
    base: 0x58025800,
    size: 0x400,
    irqs: [128],
    clock: 'AHB4ENR.BDMAEN',
    options: { block: 'DMAMUX2', channels: 8, requests: H7_DMAMUX2 },
  },
  adc(3, 0x58026000, 127, H4),
  {
    ...plain('ADC3_Common', 0x58026300, [127], H4, 'ADC3', 0x100),
    model: 'adc-common-v2',
    options: { converters: ['ADC3'], ccr: 'adc3.ccr' },
  },
  {
    name: 'HSEM',
    model: 'hsem',
    base: 0x58026400,
    size: 0x400,
    irqs: [125, 126],
    ...gated(H4, 'HSEM'),
    options: {
      cores: [
        { id: 3, name: 'cm7' },
        { id: 1, name: 'cm4' },
      ],
    },
  },
  { name: 'RAMECC3', model: null, base: 0x58027000, size: 0x400, irqs: [145] },
  { name: 'DBGMCU', model: 'dbgmcu', base: 0x5c001000, size: 0x400, options: { devId: 0x6450, revId: 0x2003 } },
];

/** The BOOT0 pin chooses between each core's two addresses (cholla.mmto.org/stm32/h747/boot.html, reported). */
const SYSTEM_HIGH = 0x1ff0;
const ROM_TABLE = 0x1ff09800;
const PATTERN = `${AN2606} Table 2, pattern 10`;
const HOLD = `${CMSIS} FLASH_OPTSR BCM7 and BCM4, RCC_GCR BOOT_C1 and BOOT_C2`;
function bootOf(core: 'cm7' | 'cm4'): readonly BootRule[] {
  const n = core === 'cm7' ? 7 : 4;
  const add = (i: 0 | 1): string => `FLASH.BOOT${n}_CUR.BCM${n}_ADD${i}`;
  return [
    {
      when: [{ signal: `field:FLASH.OPTSR_CUR.BCM${n}`, is: [0] }],
      boots: 'held',
      vectors: 0,
      core,
      source: HOLD,
      confidence: 'documented',
    },
    ...([0, 1] as const).flatMap((pin): BootRule[] => {
      const system = [
        { signal: 'pin:BOOT0', is: [pin] },
        { signal: `field:${add(pin)}`, is: [SYSTEM_HIGH] },
      ];
      return [
        {
          when: [{ signal: 'field:FLASH.OPTSR_CUR.RDP', is: [0xcc] }, ...system],
          boots: 'user',
          vectors: core === 'cm7' ? 0x08000000 : 0x08100000,
          core,
          source: `${NO_ROM_AT_LEVEL_2}; that the core's factory address takes its place is inferred`,
          confidence: 'inferred',
        },
        { when: system, boots: 'system', vectors: ROM_TABLE, firstStage: 'SFSP', core, source: PATTERN, confidence: 'documented' },
      ];
    }),
    {
      when: [{ signal: 'pin:BOOT0', is: [1] }],
      boots: 'user',
      vectors: { field: add(1), shift: 16 },
      core,
      source: PATTERN,
      confidence: 'documented',
    },
    { when: [], boots: 'user', vectors: { field: add(0), shift: 16 }, core, source: PATTERN, confidence: 'documented' },
  ];
}

const RSR = (name: string, raisedBy: ResetFlagRow['raisedBy']): ResetFlagRow => ({ field: `RCC.RSR.${name}`, raisedBy });
const RESET_FLAGS: readonly ResetFlagRow[] = [
  RSR('C1RSTF', RESET_CAUSES),
  RSR('C2RSTF', RESET_CAUSES),
  RSR('D1RSTF', ['power']),
  RSR('D2RSTF', ['power']),
  RSR('BORRSTF', ['power', 'brownout']),
  // Internal resets drive NRST low, so the pin's flag rises with every one of them.
  RSR('PINRSTF', RESET_CAUSES),
  RSR('PORRSTF', ['power']),
  // Flags of one core each: CPU1's ask, CPU2's ask.
  RSR('SFT1RSTF', ['software', 'debugger', 'core']),
  RSR('SFT2RSTF', ['software', 'debugger', 'core']),
  RSR('IWDG1RSTF', ['iwdg']),
  RSR('IWDG2RSTF', ['iwdg']),
  RSR('WWDG1RSTF', ['wwdg']),
  RSR('WWDG2RSTF', ['wwdg']),
  RSR('LPWR1RSTF', ['low-power']),
  RSR('LPWR2RSTF', ['low-power']),
];

const psizes = [8, 16, 32, 64] as const;
const byPsize = (key: string, values: readonly number[], unit: number): Record<string, Sourced<number>> =>
  Object.fromEntries(psizes.map((bits, i) => [`flash.${key}.x${bits}.ps`, known(values[i]! * unit, `${DS743} T150`, 'assumed' as const)]));

/** The AHBS port of the core: only the MDMA has a way to it (RM0399 2.1.3). */
const TCM_MASTERS: readonly string[] = ['MDMA'];

export const STM32H745XI: ChipDescription = {
  name: 'STM32H745XI',
  family: 'STM32H7',
  line: 'STM32H745',
  cores: [
    {
      name: 'cm7',
      type: 'cortex-m7f',
      // No `dwtLock` (inferred: Klipper keeps its time by CYCCNT and never writes LAR, Betaflight writes the ITM's; both run on H743 boards).
      nvicLines: 150,
      priorityBits: 4,
      mpuRegions: 16,
      clock: 'cpu1',
      sysTickClock: 'systick1-ext',
      lineFill: { clock: 'hclk', cycles: known(6, 'no figure published: address, interconnect, memory, first of four beats', 'assumed') },
    },
    {
      name: 'cm4',
      type: 'cortex-m4f',
      nvicLines: 150,
      priorityBits: 4,
      mpuRegions: 8,
      clock: 'hclk',
      sysTickClock: 'systick2-ext',
      flashCache: known({ lineBytes: 32, rowBytes: 32, codeRows: 64, dataRows: 0 } as const, 'RM0399 chapter 6 (ART)'),
    },
  ],
  quantum: { clock: 'hclk', cycles: 512 },
  sources: sourcesOf(CMSIS, `${SVD}, names of the CMSIS header`),
  memories: [
    { name: 'itcm', base: 0x00000000, size: 0x10000, kind: 'ram', zone: 'user', eccBytes: 8, core: 'cm7', masters: TCM_MASTERS },
    { name: 'dtcm', base: 0x20000000, size: 0x20000, kind: 'ram', zone: 'user', eccBytes: 4, core: 'cm7', masters: TCM_MASTERS },
    // Both banks in one: FLASH exchanges their contents when SWAP_BANK_OPT changes.
    { name: 'flash', base: 0x08000000, size: 0x200000, kind: 'flash', zone: 'user', programmedBy: 'FLASH', waitStates: true },
    { name: 'rom', base: 0x1ff00000, size: 0x1e800, kind: 'rom', zone: 'systemMemory', waitStates: true },
    // UID and flash size.
    { name: 'info', base: 0x1ff1e800, size: 0x800, kind: 'rom', zone: 'data' },
    { name: 'axisram', base: 0x24000000, size: 0x80000, kind: 'ram', zone: 'user', eccBytes: 8 },
    { name: 'sram1', base: 0x30000000, size: 0x20000, kind: 'ram', zone: 'user', eccBytes: 4, aliases: [0x10000000] },
    { name: 'sram2', base: 0x30020000, size: 0x20000, kind: 'ram', zone: 'user', eccBytes: 4, aliases: [0x10020000] },
    { name: 'sram3', base: 0x30040000, size: 0x8000, kind: 'ram', zone: 'user', eccBytes: 4, aliases: [0x10040000] },
    { name: 'sram4', base: 0x38000000, size: 0x10000, kind: 'ram', zone: 'user', eccBytes: 4 },
    { name: 'canram', base: 0x4000ac00, size: 0x2800, kind: 'ram', zone: 'data' },
    { name: 'bkpsram', base: 0x38800000, size: 0x1000, kind: 'ram', zone: 'user', eccBytes: 4, backup: true },
  ],
  blocks,
  covered: Object.fromEntries(
    ['OTG1', 'OTG2'].flatMap((otg) =>
      ['GLOBAL', 'HOST', 'DEVICE', 'PWRCLK'].map((part) => [`${otg}_HS_${part}`, otg === 'OTG1' ? 'OTG_HS' : 'OTG_FS']),
    ),
  ),
  clocks: [
    'hsi',
    'csi',
    'hse',
    'hsi48',
    'lse',
    'lsi',
    'pll1p',
    'pll1q',
    'pll1r',
    'pll2p',
    'pll2q',
    'pll2r',
    'pll3p',
    'pll3q',
    'pll3r',
    'per',
    'fdcan',
    'sysclk',
    'cpu1',
    'hclk',
    'pclk1',
    'pclk2',
    'pclk3',
    'pclk4',
    'timpclk1',
    'timpclk2',
    'systick1-ext',
    'systick2-ext',
    'rtc',
    'usb',
    'rng',
    'usart1',
    'usart2',
    'usart3',
    'uart4',
    'uart5',
    'usart6',
    'uart7',
    'uart8',
    'lpuart1',
    'spi123',
    'spi45',
    'spi6',
    'i2c123',
    'i2c4',
    'lptim1',
    'lptim2',
    'lptim345',
    'adc',
  ],
  rcc: 'RCC',
  facts: withFacts(loadFacts(generated), { OTG_FS: OTG_FS_H745, OTG_HS: OTG_HS_H745 }),
  parameters: {
    'hsi.hz': known(64_000_000, `${HAL}:Src/stm32h7xx_hal_rcc.c`),
    'csi.hz': known(4_000_000, `${HAL}:Inc/stm32h7xx_hal_conf_template.h`),
    'hsi48.hz': known(48_000_000, `${HAL}:Src/stm32h7xx_hal_rcc.c`),
    'lsi.hz': known(32_000, `${DS743} T146`, 'assumed'),
    'hse.hz': known(25_000_000, 'STM32H745I-DISCO public board files', 'reported'),
    'lse.hz': known(32_768, 'STM32H745I-DISCO public board files', 'reported'),
    // 1: the board feeds OSC_IN with a clock instead of a crystal.
    'hse.external': known(0, 'STM32H745I-DISCO public board files', 'reported'),
    'lse.external': known(0, 'STM32H745I-DISCO public board files', 'reported'),
    'hsi.start.ps': known(1.4 * US, `${DS743} T144`, 'assumed'),
    'csi.start.ps': known(1 * US, `${DS743} T145`, 'assumed'),
    'hsi48.start.ps': known(2.1 * US, `${DS743} T143`, 'assumed'),
    'lsi.start.ps': known(80 * US, `${DS743} T146`, 'assumed'),
    'hse.start.ps': known(2 * MS, 'DS8626 r12 T32 (8 MHz crystal, F4)', 'assumed'),
    'hse.ready.clocks': known(512, 'RM0091 6.2.1 (F0)', 'assumed'),
    // Crystal and ready counter together.
    'lse.start.ps': known(600 * MS, 'micropython PR 1571, 1599 (F405 boards)', 'reported'),
    'lse.ready.clocks': known(4096, 'RM0091 6.2.5 (F0)', 'assumed'),
    'hsidiv.clocks': known(16, 'no figure published; HSI clocks until HSIDIVF', 'assumed'),
    'sysclk.switch.clocks': known(3, 'no figure published; clocks of the old and of the new source', 'assumed'),
    'pll.lock.ps': known(50 * US, `${DS743} T147`, 'assumed'),
    'pll.lock.fractional.ps': known(58 * US, `${DS743} T147`, 'assumed'),
    'pll.lock.medium.ps': known(60 * US, `${DS743} T148`, 'assumed'),
    'vos.ready.ps': known(20 * US, "no figure published; G431's regulator", 'assumed'),
    'usb33.ready.ps': known(10 * US, 'no figure published; public drivers poll', 'assumed'),
    'stop.wakeup.ps': known(5 * US, 'DS12110 wake-up times, recalled', 'reported'),
    'standby.wakeup.ps': known(400 * US, 'DS12110 wake-up times, recalled', 'reported'),
    'backup.regulator.ps': known(10 * US, 'no figure published', 'assumed'),
    'compensation.ready.ps': known(10 * US, 'no figure published; HAL codes no wait', 'assumed'),
    ...byPsize('program', [290, 180, 130, 100], US),
    ...byPsize('erase.sector', [2, 1.8, 1.1, 1], PS_PER_SECOND),
    ...byPsize('erase.bank', [13, 8, 6, 5], PS_PER_SECOND),
    'flash.options.ps': known(1 * PS_PER_SECOND, 'no figure published; OpenOCD allows 10 s', 'assumed'),
    'reset.pulse.ps': known(20 * US, 'RM0091 6.1, RM0399 9.4.2: minimum on siblings', 'assumed'),
    'power.tempo.ps': known(377 * US, `${DS743} T126`, 'assumed'),
    'vdd.volts': known(3.3, 'board default', 'assumed'),
    'vdda.volts': known(3.3, 'board default', 'assumed'),
    'vddusb.volts': known(3.3, 'board default', 'assumed'),
    'vdd50usb.volts': known(5, 'STM32H745I-DISCO: fed from VBUS', 'assumed'),
    'usb33.threshold.volts': known(1.2, 'as on L4 and H5 (HAL)', 'assumed'),
    'vbat.volts': known(3.3, 'board default', 'assumed'),
    'boot0.level': known(0, 'board default', 'assumed'),
    'uid.0': known(0x00260031, 'made up; ST programs it per part', 'assumed'),
    'uid.1': known(0x30345110, 'made up; ST programs it per part', 'assumed'),
    'uid.2': known(0x35333837, 'made up; ST programs it per part', 'assumed'),
  },
  boot: [...bootOf('cm7'), ...bootOf('cm4')],
  optionBytes: OPTION_BYTES,
  resetFlags: { clear: 'RCC.RSR.RMVF', flags: RESET_FLAGS },
  rom: {
    id: 'stm32h745',
    vectorTable: known(ROM_TABLE, `${AN2606} Table 135`),
    otherTable: known(0x1ff00000, 'MicroPython issue 4573: its boards with STM32H743 enter by the secure first stage', 'reported'),
    range: known([0x1ff00000, 0x1ff1e7ff] as const, `${AN2606} Table 135`),
    ramUse: known(
      [
        { base: 0x20000000, size: 0x4000 },
        { base: 0x24000000, size: 0x5000 },
      ],
      `${AN2606} Table 135 (V9.1 and later)`,
    ),
    versions: known(['V13.2', 'V13.3', 'V9.0', 'V9.1', 'V9.2'], `${AN2606} Table 136`),
    startUpMs: known(53.975, `${AN2606} Table 227`),
    usbConnectMs: known(430, `${AN2606} Table 229 gives 53.9764, which cannot contain an enumeration; L496's figure`, 'assumed'),
  },
  maxHclkHz: known(
    { VOS0: 240_000_000, VOS1: 200_000_000, VOS2: 150_000_000, VOS3: 100_000_000 },
    `${EMBASSY} (VOS0, VOS1); ${DS743} (VOS2, VOS3)`,
    'reported',
  ),
  flashLatency: known(
    {
      VOS0: [
        [70, 0],
        [140, 1],
        [210, 2],
        [225, 3],
        [240, 4],
      ],
      VOS1: [
        [70, 0],
        [140, 1],
        [210, 2],
        [225, 3],
      ],
      VOS2: [
        [55, 0],
        [110, 1],
        [165, 2],
        [224, 3],
      ],
      VOS3: [
        [45, 0],
        [90, 1],
        [135, 2],
        [180, 3],
        [224, 4],
      ],
    },
    EMBASSY,
  ),
};

/** The Nucleo board: 8 MHz from the ST-LINK, in bypass; another package of the same die. */
export const STM32H745ZI: ChipDescription = {
  ...STM32H745XI,
  name: 'STM32H745ZI',
  parameters: {
    ...STM32H745XI.parameters,
    'hse.hz': known(8_000_000, 'NUCLEO-H745ZI-Q: MCO of the ST-LINK', 'assumed'),
    'hse.external': known(1, 'NUCLEO-H745ZI-Q: MCO of the ST-LINK', 'assumed'),
    // VDD50USB is not fed.
    'vdd50usb.volts': known(0, 'NUCLEO-H745ZI-Q', 'assumed'),
  },
};

/** In the SVD, which serves H747 too, but not in these parts: the DSI host. */
export const STM32H745_ABSENT: readonly string[] = ['DSIHOST'];
