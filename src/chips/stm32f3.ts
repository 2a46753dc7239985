/** STM32F302 and F303 with 128 to 512 KB of flash, STM32F303's ROMs of two sizes. Rows from the SVD. Data only; facts and their sources as in the chip's fact sheet. */
import type { ChipDescription, MemoryRow, RomReference } from '../emu/chip.ts';
import { can, coveredBy, deriveBlocks, gpio, spi, timers, usarts, type Behaviour, type Derivation, type RowParts } from './derive.ts';
import { loadFacts } from './facts.ts';
import generated from './generated/stm32f303.json' with { type: 'json' };
import { lazyChip } from './lazy.ts';
import { withRam, type PartSize } from './parts.ts';
import { DAC_F3, F3_ADC_TRIGGERS, F3_DMA1, F3_DMA2, ADC_INJECTED_TRIGGERS } from './requests.ts';
import { AN2606, cortexM4F, factoryValues, known, sourcesOf, POWER_CAUSES, resetFlagRows } from './rows.ts';
import { F1_PARAMETERS } from './stm32f1.ts';
import { f0BootsByPattern2, STM32F072RB } from './stm32f072.ts';

const RM0316 = 'RM0316';
const ROM_BASE = 0x1fffd800;
const SYSTEM_END = 0x1ffff800;
const BOARD = 'STM32F3DISCOVERY and flight controllers, public board files';

export interface F3Line {
  readonly name: string;
  /** CCM RAM and the third and fourth ADC are F303's. */
  readonly ccm: boolean;
}
export const F303: F3Line = { name: 'STM32F303', ccm: true };
export const F302: F3Line = { name: 'STM32F302', ccm: false };

const { RAM_PARITY_CHECK: parity, ...OTHER_OPTIONS } = STM32F072RB.optionBytes!;
const OPTION_BYTES = { ...OTHER_OPTIONS, SRAM_PE: { ...parity!, field: 'FLASH.OBR.SRAM_PE' } };

/** The temperature sensor's 1.43 V at channel 16, VBAT / 2 at 17, VREFINT 1.23 V at 18: DS9118. */
const ADC1_INTERNAL = { 16: 1430, 17: 1650, 18: 1230 };
const adc = (n: number): RowParts => {
  const pair = n < 3 ? 'adc12' : 'adc34';
  return {
    model: 'adc-v2',
    size: 0x100,
    options: {
      block: `ADC${n}`,
      version: 'f3',
      index: n - 1,
      clock: pair,
      bus: 'hclk',
      ccr: `${pair}.ccr`,
      // Those of ADC3 and ADC4 are others: left out.
      triggers: n < 3 ? F3_ADC_TRIGGERS : {},
      injectedTriggers: n < 3 ? ADC_INJECTED_TRIGGERS : {},
      internal: n === 1 ? ADC1_INTERNAL : {},
    },
  };
};
const adcCommon = (pair: '12' | '34'): RowParts => ({
  model: 'adc-common-v2',
  size: 0x10,
  clock: `AHBENR.ADC${pair}EN`,
  reset: `AHBRSTR.ADC${pair}RST`,
  options: { converters: [...pair].map((n) => `ADC${n}`), ccr: `adc${pair}.ccr` },
});
const BEHAVIOUR: readonly Behaviour[] = [
  gpio,
  timers(['TIM2']),
  can,
  spi,
  (p) => (/^I2C\d$/.test(p.name) ? { model: 'i2c-v2', size: 0x400, options: { clock: p.name.toLowerCase() } } : null),
  (p) => (/^ADC\d$/.test(p.name) ? adc(Number(p.name.at(-1))) : null),
  usarts((name) => name.toLowerCase(), { fifoDepth: 1 }),
];
/** One 16-bit word in four bytes on parts with 256 KB, two on those with 512 KB (stm32-data; RM0316 32.1). */
const usb = (big: boolean): Readonly<Record<string, unknown>> => ({
  clock: 'usb',
  pmaBytes: big ? 1024 : 512,
  ...(big ? {} : { scattered: true }),
});

function derivation(line: F3Line, part: PartSize): Derivation {
  const big = part.flashKilobytes > 256;
  const absent = [
    ...(big ? [] : ['I2C3', 'SPI4', 'TIM20', 'GPIOG', 'GPIOH', 'FMC']),
    ...(line.ccm ? [] : ['ADC3', 'ADC4', 'ADC3_4', 'TIM7', 'TIM8', 'TIM20']),
  ];
  return {
    behaviour: BEHAVIOUR,
    own: {
      RTC: { model: 'rtc-v3', size: 0x400, irqs: [41, 3, 2], reset: 'BDCR.BDRST', backup: true, options: { clock: 'rtc' } },
      WWDG: { model: 'wwdg-v2', size: 0x400, options: { clock: 'pclk1' } },
      IWDG: {
        model: 'iwdg-v3',
        worksInStandby: true,
        size: 0x400,
        options: { clock: 'lsi', syncTicks: 5, syncToPrescaler: false, dividers: [4, 8, 16, 32, 64, 128, 256] },
      },
      // TI1 can be HSE / 32: what the ROM measures the crystal with (RM0316 21.6.17).
      TIM16: {
        model: 'tim',
        size: 0x400,
        options: {
          block: 'TIM16',
          clock: 'timpclk2',
          bits: 16,
          capture: { remap: 'OR.TI1_RMP', sources: { 2: { clock: 'hse', divider: 32 } } },
        },
      },
      // The low-priority line, and where USB_IT_RMP moves it (RM0316 12.1.1); that of the wake-up stays.
      USB: { model: 'usb-fsdev', size: 0x800, irqs: [20, 75], options: { ...usb(big), irqWire: 'usb.irq' } },
      PWR: { model: 'pwr-f0', size: 0x400 },
      SYSCFG: { model: 'syscfg-f0', size: 0x400 },
      CRC: { model: 'crc', size: 0x400 },
      RCC: { model: 'rcc-f1', size: 0x400 },
      DMA1: { model: 'dma-v1', size: 0x400, options: { lines: [0, 1, 2, 3, 4, 5, 6], requests: F3_DMA1 } },
      DMA2: { model: 'dma-v1', size: 0x400, options: { lines: [0, 1, 2, 3, 4], requests: F3_DMA2 } },
      DAC: { model: 'dac', size: 0x400, options: DAC_F3 },
      ADC1_2: adcCommon('12'),
      ADC3_4: adcCommon('34'),
      EXTI: {
        model: 'exti-v1',
        size: 0x400,
        irqs: [6, 7, 8, 9, 10, 23, 40, 1, 41, 2, 3, 42],
        options: {
          ports: 'ABCDEFGH',
          irqOfLine: [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 8, 11, 9, 10],
          lines: { 16: 'pvd', 17: 'rtc.alarm', 18: 'usb.wakeup', 19: 'rtc.stamp', 20: 'rtc.wakeup' },
          event: 'cm4',
        },
      },
      FLASH: {
        model: 'flash-f0',
        size: 0x400,
        options: {
          memory: 'flash',
          base: 0x08000000,
          bytes: part.flashKilobytes * 1024,
          pageBytes: 0x800,
          optionMemory: 'options',
          optionBase: 0x1ffff800,
          idMemory: 'rom',
          uidOffset: 0x1ffff7ac - ROM_BASE,
          sizeOffset: 0x1ffff7cc - ROM_BASE,
          flashKilobytes: part.flashKilobytes,
          wrpPages: 2,
          optionBytes: factoryValues(OPTION_BYTES),
        },
      },
      DBGMCU: { model: 'dbgmcu', size: 0x400, options: { devId: big ? 0x446 : 0x422, revId: 0x1001 } },
    },
    covered: Object.fromEntries(absent.map((name) => [name, null])),
  };
}

const ram = (name: string, base: number, size: number): MemoryRow => ({ name, base, size, kind: 'ram', zone: 'user' });
const memories = (line: F3Line, part: PartSize): readonly MemoryRow[] => [
  {
    name: 'flash',
    base: 0x08000000,
    size: part.flashKilobytes * 1024,
    kind: 'flash',
    zone: 'user',
    programmedBy: 'FLASH',
    waitStates: true,
  },
  {
    name: 'rom',
    base: ROM_BASE,
    size: SYSTEM_END - ROM_BASE,
    kind: 'rom',
    zone: 'system',
    factsFrom: 0x1ffff700 - ROM_BASE,
    waitStates: true,
  },
  { name: 'options', base: SYSTEM_END, size: 0x10, kind: 'flash', zone: 'data', programmedBy: 'FLASH', waitStates: true },
  ram('sram', 0x20000000, part.flashKilobytes > 256 ? 0x10000 : 0xa000),
  ...(line.ccm ? [ram('ccm', 0x10000000, part.flashKilobytes > 256 ? 0x4000 : 0x2000)] : []),
];

export function f3Chip(line: F3Line, part: PartSize): ChipDescription {
  const big = part.flashKilobytes > 256;
  const table = `${AN2606} Table ${big ? 59 : 57}`;
  const rom: RomReference = {
    id: big ? 'stm32f303xe' : 'stm32f303xc',
    vectorTable: known(ROM_BASE, table),
    range: known([ROM_BASE, SYSTEM_END - 1] as const, table),
    ramUse: known([{ base: 0x20000000, size: big ? 0x1800 : 0x1400 }], table),
    versions: known([big ? 'V4.0' : 'V4.1'], `${AN2606} Table ${big ? 60 : 58}`),
    startUpMs: known(big ? 7.53 : 43.4, `${AN2606} Table 227, with HSE`),
    usbConnectMs: known(big ? 100 : 300, `${AN2606} Table 229`),
  };
  const make = (): Omit<ChipDescription, 'name' | 'family'> => {
    const d = derivation(line, part);
    return {
      cores: [cortexM4F(big ? 85 : 82)],
      sources: sourcesOf(
        'STMicroelectronics/cmsis_device_f3:Include/stm32f303xc.h, stm32f303xe.h',
        `ST SVD ${generated.svd}, corrected after ${RM0316}`,
      ),
      memories: withRam(memories(line, part), part.ram),
      blocks: deriveBlocks(generated, d),
      clocks: [
        ...['hsi', 'hse', 'lsi', 'lse', 'pll', 'sysclk', 'hclk', 'pclk1', 'pclk2', 'timpclk1', 'timpclk2', 'systick-ext', 'rtc', 'usb'],
        ...['usart1', 'usart2', 'usart3', 'uart4', 'uart5', 'i2c1', 'i2c2', 'i2c3', 'adc12', 'adc34'],
      ],
      rcc: 'RCC',
      facts: loadFacts(generated),
      covered: coveredBy(d),
      parameters: {
        ...F1_PARAMETERS,
        'hse.hz': known(8_000_000, BOARD, 'reported'),
        'vddio2.volts': known(3.3, 'board default; no pin of this part', 'assumed'),
      },
      boot: f0BootsByPattern2(ROM_BASE),
      remap: { base: 0, wire: 'remap', shows: { 0: 'flash', 1: 'rom', 2: 'flash', 3: 'sram' } },
      optionBytes: OPTION_BYTES,
      resetFlags: { clear: 'RCC.CSR.RMVF', flags: resetFlagRows('RCC.CSR', { PORRSTF: POWER_CAUSES }, { optionBytes: true }) },
      rom,
      maxHclkHz: known({ all: 72_000_000 }, `${RM0316} 9.2`),
      flashLatency: known(
        {
          all: [
            [24, 0],
            [48, 1],
            [72, 2],
          ],
        },
        `${RM0316} 4.5.1`,
      ),
      flashCache: known(
        { lineBytes: 8, rowBytes: 16, codeRows: 0, dataRows: 0 } as const,
        `${RM0316} 4.2.2: 64-bit reads, prefetch buffer of two lines`,
      ),
    };
  };
  return lazyChip(part.name, 'STM32F3', make, rom);
}
export const STM32F303CC = f3Chip(F303, { name: 'STM32F303CC', flashKilobytes: 256 });
export const STM32F303RE = f3Chip(F303, { name: 'STM32F303RE', flashKilobytes: 512 });
