/** STM32F301, F302, F303 and their kin (F318, F328, F334, F358, F398): four dies, six ROMs. Rows from F303's SVD, which has the blocks of all but F334's timer. Data only; facts and their sources as in the chip's fact sheet. */
import type { ChipDescription, MemoryRow, RomReference } from '../emu/chip.ts';
import type { RegisterFact } from '../emu/registers.ts';
import type { OptionsOf } from '../peripherals/index.ts';
import {
  can,
  cards,
  coveredBy,
  deriveBlocks,
  gpio,
  memoryPorts,
  spi,
  timers,
  touch,
  usarts,
  type Behaviour,
  type Derivation,
} from './derive.ts';
import { fieldsOf, loadFacts, withFacts, withRegister } from './facts.ts';
import generated from './generated/stm32f303.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import { withRam, type PartSize } from './parts.ts';
import {
  DAC_F3,
  F302X8_DMA1,
  F303X8_DMA1,
  F3_ADC34_INJECTED_TRIGGERS,
  F3_ADC34_TRIGGERS,
  F3_ADC_TRIGGERS,
  F3_DMA1,
  F3_DMA2,
  ADC_INJECTED_TRIGGERS,
} from './requests.ts';
import { AN2606, cortexM4F, factoryValues, known, sourcesOf, POWER_CAUSES, resetFlagRows, type RowParts } from './rows.ts';
import { F1_PARAMETERS } from './stm32f1.ts';
import { f0BootsByPattern2, STM32F072RB } from './stm32f072.ts';
import { USB_F303_PINS } from './usb-pins.ts';

const RM0316 = 'RM0316';
const ROM_BASE = 0x1fffd800;
const SYSTEM_END = 0x1ffff800;
const BOARD = 'STM32F3DISCOVERY and flight controllers, public board files';

export interface F3Line {
  readonly name: string;
  /** CCM RAM and the third and fourth ADC are F303's. */
  readonly ccm: boolean;
  /** 1.8 V parts, and those with the smallest dies but F302, have no USB. */
  readonly usb?: false;
  readonly hrtim?: true;
}
export const F303: F3Line = { name: 'STM32F303', ccm: true };
export const F302: F3Line = { name: 'STM32F302', ccm: false };
export const F301: F3Line = { name: 'STM32F301', ccm: false, usb: false };
export const F318: F3Line = { name: 'STM32F318', ccm: false, usb: false };
export const F328: F3Line = { name: 'STM32F328', ccm: true, usb: false };
export const F334: F3Line = { name: 'STM32F334', ccm: true, usb: false, hrtim: true };
export const F358: F3Line = { name: 'STM32F358', ccm: true, usb: false };
export const F398: F3Line = { name: 'STM32F398', ccm: true, usb: false };

/** What a die's ROM and memories are; 64 KB of flash and less: F303's with USART and CAN, F302's with I2C3. */
interface F3Die {
  readonly devId: number;
  readonly nvicLines: number;
  readonly ramKilobytes: number;
  readonly ccmKilobytes: number;
  /** Of the SVD, which is that of the largest die. */
  readonly absent: readonly string[];
}
const NOT_SMALL = ['I2C3', 'SPI4', 'TIM20', 'GPIOG', 'GPIOH', 'FMC'];
const NOT_TINY = ['TIM4', 'TIM8', 'TIM20', 'SPI4', 'GPIOE', 'GPIOG', 'GPIOH', 'FMC', 'UART4', 'UART5', 'DMA2', 'ADC3', 'ADC4', 'ADC3_4'];
const DIES = {
  x8: { devId: 0x438, nvicLines: 82, ramKilobytes: 12, ccmKilobytes: 4, absent: [...NOT_TINY, 'SPI2', 'SPI3', 'I2C2', 'I2C3', 'USB'] },
  '302x8': { devId: 0x439, nvicLines: 82, ramKilobytes: 16, ccmKilobytes: 0, absent: [...NOT_TINY, 'TIM3', 'TIM7', 'SPI1', 'ADC2'] },
  xc: { devId: 0x422, nvicLines: 82, ramKilobytes: 40, ccmKilobytes: 8, absent: NOT_SMALL },
  xe: { devId: 0x446, nvicLines: 85, ramKilobytes: 64, ccmKilobytes: 16, absent: [] },
} as const satisfies Readonly<Record<string, F3Die>>;
type Die = keyof typeof DIES;
const SMALLEST = 64;
const SMALL = 256;
const dieOf = (line: F3Line, part: PartSize): Die =>
  part.flashKilobytes > SMALL ? 'xe' : part.flashKilobytes > SMALLEST ? 'xc' : line.ccm ? 'x8' : '302x8';

interface F3Rom {
  readonly id: string;
  readonly tables: readonly [configuration: number, versions: number];
  readonly ramKilobytes: number;
  readonly version: string;
  readonly startUpMs: number;
  readonly usbConnectMs: number | null;
}
const ROMS: Readonly<Record<string, F3Rom>> = {
  xc: { id: 'stm32f303xc', tables: [57, 58], ramKilobytes: 5, version: 'V4.1', startUpMs: 43.4, usbConnectMs: 300 },
  xe: { id: 'stm32f303xe', tables: [59, 60], ramKilobytes: 6, version: 'V4.0', startUpMs: 7.53, usbConnectMs: 100 },
  x8: { id: 'stm32f303x8', tables: [61, 62], ramKilobytes: 6, version: 'V5.0', startUpMs: 0.155, usbConnectMs: null },
  '302x8': { id: 'stm32f302x8', tables: [55, 56], ramKilobytes: 6, version: 'V4.0', startUpMs: 45, usbConnectMs: 300 },
  STM32F301: { id: 'stm32f301x8', tables: [55, 56], ramKilobytes: 6, version: 'V4.0', startUpMs: 45, usbConnectMs: null },
  STM32F318: { id: 'stm32f318x8', tables: [63, 64], ramKilobytes: 6, version: 'V5.0', startUpMs: 0.182, usbConnectMs: null },
  STM32F358: { id: 'stm32f358xc', tables: [65, 66], ramKilobytes: 5, version: 'V5.0', startUpMs: 1.542, usbConnectMs: null },
  STM32F398: { id: 'stm32f398xe', tables: [71, 72], ramKilobytes: 6, version: 'V5.0', startUpMs: 1.72, usbConnectMs: null },
};

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
      role: n % 2 === 1 ? 'master' : 'slave',
      clock: pair,
      bus: 'hclk',
      ccr: `${pair}.ccr`,
      triggers: n < 3 ? F3_ADC_TRIGGERS : F3_ADC34_TRIGGERS,
      injectedTriggers: n < 3 ? ADC_INJECTED_TRIGGERS : F3_ADC34_INJECTED_TRIGGERS,
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
  cards,
  memoryPorts,
  touch,
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

/** The SVD gives it TIM1's line of captures too. */
const TIM20: RowParts = {
  model: 'tim',
  size: 0x400,
  irqs: [77, 78, 79, 80],
  options: { block: 'TIM20', clock: 'timpclk2', bits: 16, irqs: { brk: 0, update: 1, trigger: 2, cc: 3 } },
};
/** F334's high-resolution timer: a place without registers. */
const HRTIM = { name: 'HRTIM1', model: null, base: 0x40017400, size: 0x400, irqs: [67, 68, 69, 70, 71, 72, 73] } as const;

const DMA1_OF_SMALL: Readonly<Partial<Record<Die, OptionsOf<'dma-v1'>['requests']>>> = { x8: F303X8_DMA1, '302x8': F302X8_DMA1 };
/** SYSCFG of F303x6 and x8, F328 and F334 has a third register of DMA remaps, in which ADC2 is on channel 2 from reset on (RM0364 9.1.8: 0x200). */
const CFGR3: RegisterFact = {
  name: 'CFGR3',
  offset: 0x50,
  size: 4,
  reset: 0x200,
  writable: 0x303ff,
  fields: fieldsOf(
    'SPI1_RX_DMA_RMP:0:2 SPI1_TX_DMA_RMP:2:2 I2C1_RX_DMA_RMP:4:2 I2C1_TX_DMA_RMP:6:2 ADC2_DMA_RMP:8:2 DAC1_TRIG3_RMP:16 DAC1_TRIG5_RMP:17',
  ),
};
function factsOf(line: F3Line, die: Die): ChipDescription['facts'] {
  const all = loadFacts(generated);
  const facts = die === 'x8' ? withRegister(all, 'SYSCFG', CFGR3) : all;
  return line.hrtim ? withFacts(facts, { HRTIM1: { name: 'HRTIM1', registers: [] } }) : facts;
}

// eslint-disable-next-line max-lines-per-function -- a table: one line for each block of the family
function derivation(line: F3Line, part: PartSize): Derivation {
  const die = dieOf(line, part);
  const absent = [
    ...DIES[die].absent,
    ...(line.ccm ? [] : ['ADC3', 'ADC4', 'ADC3_4', 'TIM7', 'TIM8', 'TIM20']),
    ...(line.usb === false ? ['USB'] : []),
    ...(die === '302x8' && line.usb === false ? ['CAN'] : []),
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
      // TI1 can be HSE / 32, what the ROM measures the crystal with; the clock of the RTC or MCO, what ST's examples measure LSI with (RM0316 21.6.17).
      TIM16: {
        model: 'tim',
        size: 0x400,
        options: {
          block: 'TIM16',
          clock: 'timpclk2',
          bits: 16,
          capture: {
            remap: 'OR.TI1_RMP',
            sources: { 1: { clock: 'rtc', divider: 1 }, 2: { clock: 'hse', divider: 32 }, 3: { clock: 'mco', divider: 1 } },
          },
        },
      },
      // The low-priority line, and where USB_IT_RMP moves it (RM0316 12.1.1); that of the wake-up stays.
      USB: {
        model: 'usb-fsdev',
        size: 0x800,
        irqs: [20, 75],
        options: { ...usb(die !== 'xc'), irqWire: 'usb.irq', ...(die === 'xc' ? { pins: USB_F303_PINS } : {}) },
      },
      PWR: { model: 'pwr-f0', size: 0x400 },
      SYSCFG: { model: 'syscfg-f0', size: 0x400 },
      CRC: { model: 'crc', size: 0x400 },
      RCC: { model: 'rcc-f1', size: 0x400 },
      DMA1: { model: 'dma-v1', size: 0x400, options: { lines: [0, 1, 2, 3, 4, 5, 6], requests: DMA1_OF_SMALL[die] ?? F3_DMA1 } },
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
      DBGMCU: { model: 'dbgmcu', size: 0x400, options: { devId: DIES[die].devId, revId: 0x1001 } },
      TIM20,
    },
    covered: Object.fromEntries(absent.map((name) => [name, null])),
    more: line.hrtim ? [HRTIM] : [],
  };
}

const ram = (name: string, base: number, size: number): MemoryRow => ({ name, base, size, kind: 'ram', zone: 'user' });
const memories = (line: F3Line, part: PartSize, { ramKilobytes, ccmKilobytes }: F3Die): readonly MemoryRow[] => [
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
    zone: 'systemMemory',
    factsFrom: 0x1ffff700 - ROM_BASE,
    waitStates: true,
  },
  { name: 'options', base: SYSTEM_END, size: 0x10, kind: 'flash', zone: 'data', programmedBy: 'FLASH', waitStates: true },
  ram('sram', 0x20000000, ramKilobytes * 1024),
  // on the I- and D-bus of the core alone (RM0316 2.1)
  ...(line.ccm ? [{ ...ram('ccm', 0x10000000, ccmKilobytes * 1024), masters: [] }] : []),
];

/** F1's figures, of another process; the frequencies and the reset pulse are in F3's manual as well. */
const SAME_AS_F1 = new Set(['hsi.hz', 'lsi.hz', 'reset.pulse.ps']);
const F3_PARAMETERS = Object.fromEntries(
  Object.entries(F1_PARAMETERS).map(([name, fact]) => [
    name,
    SAME_AS_F1.has(name)
      ? known(fact.value, `${RM0316} 9`)
      : fact.source.startsWith('DS5319')
        ? known(fact.value, `no F3 figure taken; ${fact.source}`, 'assumed')
        : fact,
  ]),
);
const DIE_SUFFIX = { x8: 'x8', '302x8': 'x8', xc: 'xc', xe: 'xe' } as const satisfies Readonly<Record<Die, string>>;
/** Their CMSIS headers end in xx. */
const LINE_OF_ONE_DIE = new Set(['STM32F318', 'STM32F328', 'STM32F358', 'STM32F398']);

export function f3Chip(line: F3Line, part: PartSize): ChipDescription {
  const die = dieOf(line, part);
  const its = ROMS[line.name] ?? ROMS[die]!;
  const table = `${AN2606} Table ${its.tables[0]}`;
  const rom: RomReference = {
    id: its.id,
    vectorTable: known(ROM_BASE, table),
    range: known([ROM_BASE, SYSTEM_END - 1] as const, table),
    ramUse: known([{ base: 0x20000000, size: its.ramKilobytes * 1024 }], table),
    versions: known([its.version], `${AN2606} Table ${its.tables[1]}`),
    startUpMs: known(its.startUpMs, `${AN2606} Table 227, with HSE`),
    usbConnectMs: its.usbConnectMs === null ? known(0, 'no USB in this ROM') : known(its.usbConnectMs, `${AN2606} Table 229`),
  };
  const make = (): MadeDescription => {
    const d = derivation(line, part);
    const header = `${line.name.toLowerCase()}${LINE_OF_ONE_DIE.has(line.name) ? 'xx' : DIE_SUFFIX[die]}.h`;
    return {
      // The dies of 64 KB have no MPU (__MPU_PRESENT of their headers).
      cores: [{ ...cortexM4F(DIES[die].nvicLines), mpuRegions: part.flashKilobytes > SMALLEST ? 8 : 0 }],
      sources: sourcesOf(`STMicroelectronics/cmsis_device_f3:Include/${header}`, `ST SVD ${generated.svd}, corrected after ${RM0316}`),
      memories: withRam(memories(line, part, DIES[die]), part.ram),
      blocks: deriveBlocks(generated, d),
      clocks: [
        ...['hsi', 'hse', 'lsi', 'lse', 'pll', 'sysclk', 'hclk', 'pclk1', 'pclk2', 'timpclk1', 'timpclk2', 'systick-ext', 'rtc', 'usb'],
        ...['usart1', 'usart2', 'usart3', 'uart4', 'uart5', 'i2c1', 'i2c2', 'i2c3', 'adc12', 'adc34', 'mco'],
      ],
      rcc: 'RCC',
      facts: factsOf(line, die),
      covered: coveredBy(d),
      parameters: {
        ...F3_PARAMETERS,
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
export const STM32F303K8 = f3Chip(F303, { name: 'STM32F303K8', flashKilobytes: 64 });
export const STM32F302R8 = f3Chip(F302, { name: 'STM32F302R8', flashKilobytes: 64 });
export const STM32F301R8 = f3Chip(F301, { name: 'STM32F301R8', flashKilobytes: 64 });
export const STM32F318C8 = f3Chip(F318, { name: 'STM32F318C8', flashKilobytes: 64 });
export const STM32F358VC = f3Chip(F358, { name: 'STM32F358VC', flashKilobytes: 256 });
export const STM32F398VE = f3Chip(F398, { name: 'STM32F398VE', flashKilobytes: 512 });
