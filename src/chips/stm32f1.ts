/** STM32F103 up to 512 KB, whose ROM knows USART1 alone. Rows from the SVD. Data only; facts and their sources as in the chip's fact sheet. */
import type { OptionsOf } from '../peripherals/index.ts';
import type { BootCondition, BootRule, ChipDescription, MemoryRow, OptionByteRow, RomReference, Sourced } from '../emu/chip.ts';
import { MS, US } from '../emu/time.ts';
import {
  apbOf,
  can,
  cards,
  coveredBy,
  deriveBlocks,
  ethernet,
  memoryPorts,
  spi,
  timers,
  usarts,
  type Behaviour,
  type Derivation,
} from './derive.ts';
import { loadFacts, type GeneratedFacts } from './facts.ts';
import f103 from './generated/stm32f103.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import { withRam, type PartSize } from './parts.ts';
import {
  DAC_F1,
  F1_ADC3_INJECTED_TRIGGERS,
  F1_ADC3_TRIGGERS,
  F1_ADC_INJECTED_TRIGGERS,
  F1_ADC_TRIGGERS,
  F1_DMA1,
  F1_DMA2,
} from './requests.ts';
import {
  AN2606,
  bootsFlash,
  bootsRom,
  bootsSram,
  cortexM3,
  factoryValues,
  known,
  sourcesOf,
  POWER_CAUSES,
  resetFlagRows,
  type RowParts,
} from './rows.ts';

const RM0008 = 'RM0008';
const DS = 'DS5319 (STM32F103x8/xB)';
const PATTERN1 = `${AN2606} Table 2, pattern 1`;

const FACTORY = 'RM0008, PM0075: option bytes of a new part';
const optionByte = (field: string, value: number): OptionByteRow => ({ field: `FLASH.${field}`, factory: known(value, FACTORY) });
const OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  // 0xA5: not protected. The field shows whether it is.
  RDP: optionByte('OBR.RDPRT', 0xa5),
  IWDG_SW: optionByte('OBR.IWDG_SW', 1),
  nRST_STOP: optionByte('OBR.nRST_STOP', 1),
  nRST_STDBY: optionByte('OBR.nRST_STDBY', 1),
  Data0: optionByte('OBR.Data0', 0xff),
  Data1: optionByte('OBR.Data1', 0xff),
  WRP: optionByte('WRPR.WRP', 0xffffffff),
};

export const pinBoot = (boot1: number): BootCondition[] => [
  { signal: 'pin:BOOT0', is: [1] },
  { signal: 'pin:BOOT1', is: [boot1] },
];
/** No register maps anything to 0: what a boot shows there stays. */
export const f1Boot = (romBase: number): readonly BootRule[] => [
  bootsRom(romBase, pinBoot(0), PATTERN1),
  bootsSram(pinBoot(1), `${RM0008} 3.4: embedded SRAM`),
  bootsFlash([], PATTERN1),
];

const dma = (count: number, lines: readonly number[], requests: OptionsOf<'dma-v1'>['requests']): RowParts => ({
  model: 'dma-v1',
  size: 0x400,
  options: { lines: lines.slice(0, count), requests },
});
/** The temperature sensor's 1.43 V at channel 16, VREFINT 1.2 V at 17: DS5319 T49, T50. */
const ADC1_INTERNAL = { 16: 1430, 17: 1200 };
const adc = (n: number): RowParts => ({
  model: 'adc-f4',
  size: 0x400,
  options: {
    block: `ADC${n}`,
    version: 'f1',
    index: n - 1,
    triggers: n < 3 ? F1_ADC_TRIGGERS : F1_ADC3_TRIGGERS,
    injectedTriggers: n < 3 ? F1_ADC_INJECTED_TRIGGERS : F1_ADC3_INJECTED_TRIGGERS,
    ...(n < 3 ? { remapped: 6 } : {}),
    internal: n === 1 ? ADC1_INTERNAL : {},
  },
});
export const F1_BEHAVIOUR: readonly Behaviour[] = [
  (p) => (/^GPIO[A-G]$/.test(p.name) ? { model: 'gpio-v1', size: 0x400, options: { port: p.name.at(-1)! } } : null),
  timers([]),
  can,
  cards,
  memoryPorts,
  ethernet('AHB'),
  spi,
  (p) => (/^I2C\d$/.test(p.name) ? { model: 'i2c-v1', size: 0x400, options: { block: p.name } } : null),
  (p) => (/^ADC\d$/.test(p.name) ? adc(Number(p.name.at(-1))) : null),
  usarts((_name, base) => `pclk${apbOf(base)}`),
];
export const F1_OWN: Derivation['own'] = {
  WWDG: { model: 'wwdg-v2', size: 0x400, options: { clock: 'pclk1' } },
  // Versions before the H5's: no window, no early wake-up, dividers up to 256; how far updates wait for the prescaler is open.
  IWDG: {
    model: 'iwdg-v3',
    worksInStandby: true,
    size: 0x400,
    options: { clock: 'lsi', syncTicks: 5, syncToPrescaler: false, dividers: [4, 8, 16, 32, 64, 128, 256] },
  },
  BKP: { model: 'bkp-f1', size: 0x400, reset: 'BDCR.BDRST', backup: true },
  RTC: { model: 'rtc-f1', size: 0x400, irqs: [3, 41], reset: 'BDCR.BDRST', backup: true },
  PWR: { model: 'pwr-f4', size: 0x400 },
  AFIO: { model: 'afio-f1', size: 0x400 },
  EXTI: {
    model: 'exti-v1',
    size: 0x400,
    irqs: [6, 7, 8, 9, 10, 23, 40, 1, 41, 42],
    options: {
      ports: 'ABCDEFG',
      irqOfLine: [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 8, 9],
      lines: { 16: 'pvd', 17: 'rtc.alarm', 18: 'usb.wakeup' },
      event: 'cm3',
    },
  },
  CRC: { model: 'crc', size: 0x400 },
  RCC: { model: 'rcc-f1', size: 0x400 },
  DMA1: dma(7, [0, 1, 2, 3, 4, 5, 6], F1_DMA1),
  DMA2: dma(5, [0, 1, 2, 3, 3], F1_DMA2),
  DAC: { model: 'dac', size: 0x400, options: DAC_F1 },
};
/** FLASH's options; memories `flash`, `info` and `options` are the chip's. @param infoBase of the words of identity */
export const f1Flash = (part: PartSize, pageBytes: number, wrpPages: number): RowParts => ({
  model: 'flash-f0',
  size: 0x400,
  options: {
    memory: 'flash',
    base: 0x08000000,
    bytes: part.flashKilobytes * 1024,
    pageBytes,
    optionMemory: 'options',
    optionBase: 0x1ffff800,
    idMemory: 'info',
    uidOffset: 0x1ffff7e8 - 0x1ffff7e0,
    sizeOffset: 0,
    flashKilobytes: part.flashKilobytes,
    wrpPages,
    optionBytes: factoryValues(OPTION_BYTES),
  },
});

const memory = (name: string, base: number, size: number, more: Partial<MemoryRow>): MemoryRow => ({
  name,
  base,
  size,
  kind: 'flash',
  zone: 'user',
  waitStates: true,
  ...more,
});
export const f1Memories = (part: PartSize, rom: number, bytes: number): readonly MemoryRow[] => [
  memory('flash', 0x08000000, part.flashKilobytes * 1024, { programmedBy: 'FLASH' }),
  memory('rom', rom, bytes, { kind: 'rom', zone: 'systemMemory' }),
  // Flash size and unique ID, in the last bytes of the ROM's area.
  memory('info', 0x1ffff7e0, 0x20, { zone: 'data' }),
  memory('options', 0x1ffff800, 0x10, { zone: 'data', programmedBy: 'FLASH' }),
  { name: 'sram', base: 0x20000000, size: 0x10000, kind: 'ram', zone: 'user' },
];

export const F1_PARAMETERS: Readonly<Record<string, Sourced<number>>> = {
  'hsi.hz': known(8_000_000, `${RM0008} 7.2.2`),
  'lsi.hz': known(40_000, `${RM0008} 7.2.5`),
  'hse.hz': known(8_000_000, 'board default: 8 MHz crystal', 'assumed'),
  'lse.hz': known(32_768, 'board default', 'assumed'),
  // 1: the board feeds OSC_IN with a clock instead of a crystal.
  'hse.external': known(0, 'board default', 'assumed'),
  'lse.external': known(0, 'board default', 'assumed'),
  'hsi.start.ps': known(1.5 * US, `${DS} T24: 1 to 2 µs`, 'assumed'),
  'lsi.start.ps': known(42.5 * US, `${DS} T25: limit 85 µs`, 'assumed'),
  'hse.start.ps': known(2 * MS, `${DS} T22`),
  'hse.ready.clocks': known(512, 'RM0091 6.2.1 (F0)', 'assumed'),
  // Crystal and ready counter together.
  'lse.start.ps': known(600 * MS, 'micropython PR 1571, 1599 (F405 boards)', 'reported'),
  'lse.ready.clocks': known(4096, 'RM0091 6.2.5 (F0)', 'assumed'),
  'sysclk.switch.clocks': known(3, 'no figure published; clocks of the old and of the new source', 'assumed'),
  // Only the limit is known (200 µs): half of it.
  'pll.lock.ps': known(100 * US, `${DS} T27`, 'assumed'),
  'flash.program.ps': known(52.5 * US, `${DS} T28`),
  'flash.erase.page.ps': known(30 * MS, `${DS} T28: 20 to 40 ms`, 'assumed'),
  'flash.erase.mass.ps': known(30 * MS, `${DS} T28: 20 to 40 ms`, 'assumed'),
  'stop.wakeup.ps': known(3.6 * US, `${DS} T26`),
  'standby.wakeup.ps': known(50 * US, `${DS} T26`),
  'reset.pulse.ps': known(20 * US, `${RM0008} 7.1.1`),
  'power.tempo.ps': known(2.5 * MS, `${DS} T11`, 'assumed'),
  'vdd.volts': known(3.3, 'board default', 'assumed'),
  'vdda.volts': known(3.3, 'board default', 'assumed'),
  'vddusb.volts': known(3.3, 'board default; no pin of this part', 'assumed'),
  'vbat.volts': known(3.3, 'board default', 'assumed'),
  'boot0.level': known(0, 'board default', 'assumed'),
  'boot1.level': known(0, 'board default: PB2 pulled low', 'assumed'),
  'uid.0': known(0x066dff54, 'made up; ST programs it per part', 'assumed'),
  'uid.1': known(0x51717867, 'made up; ST programs it per part', 'assumed'),
  'uid.2': known(0x67053825, 'made up; ST programs it per part', 'assumed'),
};
export const F1_CLOCKS: readonly string[] = [
  ...['hsi', 'hse', 'lsi', 'lse', 'pll', 'sysclk', 'hclk', 'pclk1', 'pclk2', 'timpclk1', 'timpclk2', 'systick-ext', 'rtc', 'usb', 'adc'],
];

/** What all F1 have beside blocks, memories and ROM. */
export const F1_COMMON: Pick<
  ChipDescription,
  'rcc' | 'remap' | 'optionBytes' | 'resetFlags' | 'maxHclkHz' | 'flashLatency' | 'flashCache'
> = {
  rcc: 'RCC',
  remap: { base: 0, wire: 'boot.remap', shows: { 0: 'flash', 1: 'rom', 3: 'sram' } },
  optionBytes: OPTION_BYTES,
  resetFlags: { clear: 'RCC.CSR.RMVF', flags: resetFlagRows('RCC.CSR', { PORRSTF: POWER_CAUSES }, { optionBytes: false }) },
  maxHclkHz: known({ all: 72_000_000 }, `${DS} T9`),
  flashLatency: known(
    {
      all: [
        [24, 0],
        [48, 1],
        [72, 2],
      ],
    },
    `${RM0008} 3.3.3`,
  ),
  flashCache: known(
    { lineBytes: 8, rowBytes: 16, codeRows: 0, dataRows: 0 } as const,
    `${RM0008} 3.3.3: 64-bit reads, prefetch buffer of two lines`,
  ),
};
/** Cortex-M3 r1p1: STKALIGN is 0 after reset. */
export const f1Core = (nvicLines: number): ChipDescription['cores'] => [
  { ...cortexM3(nvicLines), revision: { cpuid: 0x411fc231, ccr: 0 }, mpuRegions: 0 },
];

export interface F103Line {
  readonly name: string;
  readonly generated: GeneratedFacts;
}
export const F103: F103Line = { name: 'STM32F103', generated: f103 };

const NONE = ['TIM9', 'TIM10', 'TIM11', 'TIM12', 'TIM13', 'TIM14', 'CAN2'];
const HIGH = ['TIM5', 'TIM6', 'TIM7', 'TIM8', 'SPI3', 'UART4', 'UART5', 'DAC', 'SDIO', 'ADC3', 'DMA2', 'FSMC', 'GPIOF', 'GPIOG'];
const SMALL = ['TIM4', 'SPI2', 'I2C2', 'USART3', 'GPIOE'];
/** In the SVD of all F1, on none of this line. */
const ELSEWHERE = ['ETHERNET_MAC', 'ETHERNET_MMC', 'ETHERNET_PTP', 'ETHERNET_DMA'];
const OTG = ['OTG_FS_GLOBAL', 'OTG_FS_HOST', 'OTG_FS_DEVICE', 'OTG_FS_PWRCLK'];

function derivation(line: F103Line, part: PartSize): Derivation {
  const kilobytes = part.flashKilobytes;
  const high = kilobytes > 128;
  const absent = [...NONE, ...ELSEWHERE, ...OTG, ...(high ? [] : HIGH), ...(kilobytes < 64 ? SMALL : [])];
  const devId = high ? 0x414 : kilobytes < 64 ? 0x412 : 0x410;
  const own = Object.fromEntries(Object.entries(F1_OWN).filter(([name]) => !absent.includes(name)));
  return {
    behaviour: F1_BEHAVIOUR,
    own: {
      ...own,
      FLASH: f1Flash(part, high ? 0x800 : 0x400, high ? 2 : 4),
      DBGMCU: { model: 'dbgmcu', size: 0x400, options: { devId, revId: 0x2003 } },
      // The low-priority line; its packet memory has one 16-bit word in four bytes (RM0008 23.5.3). The ROM does not use it.
      USB: { model: 'usb-fsdev', size: 0x800, irqs: [20], options: { clock: 'usb', pmaBytes: 512, scattered: true, lenient: true } },
    },
    covered: Object.fromEntries(absent.map((name) => [name, null])),
  };
}

const ROM_BASE = 0x1ffff000;
/** A part of a line. */
export function f103Chip(line: F103Line, part: PartSize): ChipDescription {
  const table = `${AN2606} Table 45`;
  const rom: RomReference = {
    id: 'stm32f103',
    vectorTable: known(ROM_BASE, table),
    range: known([ROM_BASE, 0x1ffff7ff] as const, table),
    ramUse: known([{ base: 0x20000000, size: 0x200 }], table),
    versions: known(['V2.0', 'V2.1', 'V2.2'], `${AN2606} Table 46: versions of the protocol`),
    startUpMs: known(1.227, `${AN2606} Table 227`),
    usbConnectMs: known(0, 'no USB in this ROM'),
  };
  const make = (): MadeDescription => {
    const d = derivation(line, part);
    return {
      ...F1_COMMON,
      cores: f1Core(part.flashKilobytes > 128 ? 60 : 43),
      sources: sourcesOf(
        'STMicroelectronics/cmsis_device_f1:Include/stm32f103xb.h, stm32f103xe.h',
        `ST SVD ${line.generated.svd}, corrected after ${RM0008} (tools/svd-fixes.ts)`,
      ),
      memories: withRam(f1Memories(part, ROM_BASE, 0x7e0), part.ram),
      blocks: deriveBlocks(line.generated, d),
      clocks: F1_CLOCKS,
      facts: loadFacts(line.generated),
      covered: coveredBy(d),
      parameters: F1_PARAMETERS,
      boot: f1Boot(ROM_BASE),
      rom,
    };
  };
  return lazyChip(part.name, 'STM32F1', make, rom);
}
export const STM32F103C8 = f103Chip(F103, { name: 'STM32F103C8', flashKilobytes: 64, ram: [{ base: 0x20000000, size: 0x5000 }] });
