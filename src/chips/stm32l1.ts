/** STM32L100, L151, L152, L162: Cortex-M3, MSI, data EEPROM. Flash and pins say the die, and so the ROM. Rows from the SVD of L152. Data only; facts as in the chips' fact sheets. */
import type { BootCondition, BootRule, ChipDescription, MemoryRow, OptionByteRow, RomReference, Sourced } from '../emu/chip.ts';
import { MS, US } from '../emu/time.ts';
import { apbOf, coveredBy, deriveBlocks, gpio, spi, timers, usarts, type Behaviour, type Derivation } from './derive.ts';
import { loadFacts } from './facts.ts';
import generated from './generated/stm32l152.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import { withRam, type PartSize } from './parts.ts';
import { DAC_L1, L1_ADC_INJECTED_TRIGGERS, L1_ADC_TRIGGERS, L1_DMA1, L1_DMA2, slowCapture, timTriggers } from './requests.ts';
import {
  AN2606,
  bootsFlash,
  bootsRom,
  bootsSram,
  cortexM3,
  factoryValues,
  known,
  NO_ROM_AT_LEVEL_2,
  POWER_CAUSES,
  resetFlagRows,
  sourcesOf,
  type RowParts,
  withOptions,
} from './rows.ts';
import { pinBoot } from './stm32f1.ts';
import { f4Timer } from './stm32f4.ts';
import { lowPowerParameters } from './stm32l0.ts';

const RM0038 = 'RM0038';
const DS = 'DS10262 (STM32L152xE), recalled';
const ROM_BASE = 0x1ff00000;
const EEPROM = 0x08080000;
const INFO = 0x1ff80000;

/** What ST calls a category: a die with its ROM. */
interface Die {
  readonly devId: number;
  /** Letter of AN2606: STM32L1xxxC. */
  readonly rom: 'B' | 'C' | 'D' | 'E';
  readonly table: number;
  readonly versions: readonly string[];
  readonly startUpMs: number;
  readonly eepromKilobytes: number;
  readonly absent: readonly string[];
  readonly nvicLines: number;
}
const HIGH = ['AES', 'FSMC', 'SDIO'];
const MIDDLE = [...HIGH, 'UART4', 'UART5'];
const SMALL_PORTS = ['GPIOF', 'GPIOG'];
const CATEGORY_1: Die = {
  devId: 0x416,
  rom: 'B',
  table: 154,
  versions: ['V2.0'],
  startUpMs: 0.542,
  eepromKilobytes: 4,
  absent: [...MIDDLE, ...SMALL_PORTS, 'TIM5', 'SPI3', 'DMA2', 'OPAMP'],
  nvicLines: 45,
};
const CATEGORY_3: Die = {
  devId: 0x427,
  rom: 'C',
  table: 156,
  versions: ['V4.0'],
  startUpMs: 0.708,
  eepromKilobytes: 8,
  absent: [...MIDDLE, ...SMALL_PORTS],
  nvicLines: 57,
};
const CATEGORY_4: Die = {
  devId: 0x436,
  rom: 'D',
  table: 158,
  versions: ['V4.1', 'V4.2', 'V4.5'],
  startUpMs: 0.708,
  eepromKilobytes: 12,
  absent: ['AES'],
  nvicLines: 57,
};
/** Parts of that die with 256 KB: one bank. */
const CATEGORY_4_SMALL: Die = { ...CATEGORY_4, eepromKilobytes: 8, absent: MIDDLE };
const CATEGORY_5: Die = { ...CATEGORY_4, devId: 0x437, rom: 'E', table: 160, versions: ['V4.0'], eepromKilobytes: 16, absent: HIGH };

/** By flash code; with 256 KB the pins decide (stm32-data: Q and Z are the larger die). */
function dieOf(part: PartSize): Die {
  const [pins, flash] = part.name.slice(-2);
  if (flash === 'E') return CATEGORY_5;
  if (flash === 'D') return CATEGORY_4;
  if (flash === 'C') return pins === 'Q' || pins === 'Z' ? CATEGORY_4_SMALL : CATEGORY_3;
  return CATEGORY_1;
}
const twoBanks = (part: PartSize): boolean => part.flashKilobytes > 256;

const FACTORY = 'RM0038 3.6, Table 19: USER 0xF8 (recalled)';
const obr = (name: string, value: number): OptionByteRow => ({ field: `FLASH.OBR.${name}`, factory: known(value, FACTORY, 'reported') });
const OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  RDP: obr('RDP', 0xaa),
  BOR_LEV: obr('BOR_LEV', 8),
  IWDG_SW: obr('IWDG_SW', 1),
  nRST_STOP: obr('nRST_STOP', 1),
  nRST_STDBY: obr('nRST_STDBY', 1),
};
/** RM0038 calls it nBFB2: 0 boots from bank 2. */
const BFB2 = { BFB2: obr('BFB2', 1) };

const bit = (name: string, value: number): BootCondition => ({ signal: `field:FLASH.OBR.${name}`, is: [value] });
const boot = (banks: boolean): readonly BootRule[] => {
  const pattern = `${AN2606} Table 2, pattern ${banks ? 4 : 1}`;
  return [
    bootsFlash([bit('RDP', 0xcc)], NO_ROM_AT_LEVEL_2),
    bootsRom(ROM_BASE, pinBoot(0), pattern),
    bootsSram(pinBoot(1), `${RM0038} 1.5: embedded SRAM`),
    ...(banks
      ? [bootsRom(ROM_BASE, [{ signal: 'pin:BOOT0', is: [0] }, bit('BFB2', 0)], `${pattern}: the ROM looks for a bank that can run`)]
      : []),
    bootsFlash([], pattern),
  ];
};

/** The temperature sensor's 0.626 V at 25 °C at channel 16, VREFINT 1.224 V at 17: DS10262, recalled. */
const ADC_L1 = {
  block: 'ADC1',
  version: 'l1' as const,
  index: 0,
  triggers: L1_ADC_TRIGGERS,
  injectedTriggers: L1_ADC_INJECTED_TRIGGERS,
  internal: { 16: 626, 17: 1224 },
};
/** RM0038 18.4.11, TIM10_OR (documented). */
const SLOW_CAPTURE = slowCapture('OR.TI1_RMP');
const wide = timers(['TIM5']);
const BEHAVIOUR: readonly Behaviour[] = [
  gpio,
  // TIM11 captures HSE / RTCPRE as on F4 (RM0038 18.4.11).
  (p, base) => (p.name === 'TIM11' ? f4Timer(p, base) : null),
  (p, base) => {
    const row = wide(p, base);
    return row && withOptions(row, 'tim', { ...timTriggers(Number(p.name.slice(3))), ...(p.name === 'TIM10' ? SLOW_CAPTURE : {}) });
  },
  spi,
  (p) => (/^I2C\d$/.test(p.name) ? { model: 'i2c-v1', size: 0x400, options: { block: p.name } } : null),
  usarts((_name, base) => `pclk${apbOf(base)}`),
];

export interface L1Line {
  readonly name: string;
  /** Peripherals of the SVD that the line lacks. */
  readonly absent: readonly string[];
}
export const L100: L1Line = { name: 'STM32L100', absent: ['AES', 'TIM5', 'GPIOE'] };
export const L151: L1Line = { name: 'STM32L151', absent: ['AES', 'LCD'] };
export const L152: L1Line = { name: 'STM32L152', absent: ['AES'] };
export const L162: L1Line = { name: 'STM32L162', absent: [] };

const flash = (part: PartSize, die: Die, options: Readonly<Record<string, OptionByteRow>>): RowParts => ({
  model: 'flash-l0',
  size: 0x400,
  options: {
    memory: 'flash',
    base: 0x08000000,
    bytes: part.flashKilobytes * 1024,
    bankBytes: part.flashKilobytes * 512,
    pageBytes: 256,
    halfPageBytes: 128,
    eepromMemory: 'eeprom',
    eepromBase: EEPROM,
    eepromBytes: die.eepromKilobytes * 1024,
    infoMemory: 'info',
    infoBase: INFO,
    uidOffsets: die === CATEGORY_1 ? [0x50, 0x54, 0x64] : [0xd0, 0xd4, 0xe4],
    sizeOffset: die === CATEGORY_1 ? 0x4c : 0xcc,
    flashKilobytes: part.flashKilobytes,
    optionRegisters: { OBR: 0x00f800aa, WRPR1: 0, WRPR2: 0, WRPR3: 0 },
    optionBytes: factoryValues(options),
  },
});

function derivation(line: L1Line, part: PartSize, die: Die, options: Readonly<Record<string, OptionByteRow>>): Derivation {
  const absent = [...line.absent, ...die.absent.filter((name) => name !== 'AES')];
  const own: Derivation['own'] = {
    RTC: { model: 'rtc-v3', size: 0x400, irqs: [41, 3, 2], reset: 'CSR.RTCRST', backup: true, options: { clock: 'rtc' } },
    WWDG: { model: 'wwdg-v2', size: 0x400, options: { clock: 'pclk1' } },
    IWDG: {
      model: 'iwdg-v3',
      worksInStandby: true,
      size: 0x400,
      options: { clock: 'lsi', syncTicks: 5, syncToPrescaler: false, dividers: [4, 8, 16, 32, 64, 128, 256] },
    },
    RCC: { model: 'rcc-l1', size: 0x400 },
    PWR: { model: 'pwr-l0', size: 0x400 },
    SYSCFG: { model: 'syscfg-l4', size: 0x400 },
    CRC: { model: 'crc', size: 0x400 },
    ADC1: { model: 'adc-f4', size: 0x400, options: ADC_L1 },
    DAC: { model: 'dac', size: 0x400, options: DAC_L1 },
    FLASH: flash(part, die, options),
    // The low-priority line; one 16-bit word in four bytes; the pull-up of D+ is SYSCFG's.
    USB: { model: 'usb-fsdev', size: 0x800, irqs: [20], options: { clock: 'usb', pmaBytes: 512, scattered: true, pullUpWire: 'usb.pu' } },
    DMA1: { model: 'dma-v1', size: 0x400, options: { lines: [0, 1, 2, 3, 4, 5, 6], requests: L1_DMA1 } },
    DMA2: { model: 'dma-v1', size: 0x400, options: { lines: [0, 1, 2, 3, 4], requests: L1_DMA2 } },
    DBGMCU: { model: 'dbgmcu', size: 0x400, options: { devId: die.devId, revId: 0x1018 } },
    EXTI: {
      model: 'exti-v1',
      size: 0x400,
      irqs: [6, 7, 8, 9, 10, 23, 40, 1, 41, 42, 2, 3, 22],
      options: {
        ports: 'ABCDEHFG',
        // RM0038 10.2.5: 16 PVD, 17 RTC alarm, 18 USB wake-up, 19 tamper and time stamp, 20 RTC wake-up, 21 and 22 comparators.
        irqOfLine: [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 8, 9, 10, 11, 12, 12],
        lines: { 16: 'pvd', 17: 'rtc.alarm', 18: 'usb.wakeup', 19: 'rtc.stamp', 20: 'rtc.wakeup' },
        event: 'cm3',
      },
    },
  };
  return {
    behaviour: BEHAVIOUR,
    own: Object.fromEntries(Object.entries(own).filter(([name]) => !absent.includes(name))),
    covered: { USB_SRAM: 'USB', ...Object.fromEntries(absent.map((name) => [name, null])) },
  };
}

const memory = (name: string, base: number, size: number, more: Partial<MemoryRow>): MemoryRow => ({
  name,
  base,
  size,
  kind: 'flash',
  zone: 'user',
  waitStates: true,
  ...more,
});
const memories = (part: PartSize, die: Die): readonly MemoryRow[] =>
  withRam(
    [
      memory('flash', 0x08000000, part.flashKilobytes * 1024, { programmedBy: 'FLASH', erased: 0 }),
      memory('eeprom', EEPROM, die.eepromKilobytes * 1024, { zone: 'data', programmedBy: 'FLASH', erased: 0 }),
      memory('rom', ROM_BASE, die === CATEGORY_1 ? 0x1000 : 0x2000, { kind: 'rom', zone: 'systemMemory' }),
      // Option bytes and identity.
      memory('info', INFO, 0x100, { zone: 'data', programmedBy: 'FLASH', erased: 0 }),
      { name: 'sram', base: 0x20000000, size: 0x14000, kind: 'ram', zone: 'user' },
    ],
    part.ram,
  );
const PARAMETERS: Readonly<Record<string, Sourced<number>>> = {
  ...lowPowerParameters(DS),
  'hsi.hz': known(16_000_000, `${RM0038} 6.2.2`),
  'hse.hz': known(8_000_000, 'NUCLEO-L152RE public board files: clock from the ST-LINK', 'reported'),
  'lse.hz': known(32_768, 'NUCLEO-L152RE public board files', 'reported'),
  // The board feeds OSC_IN with a clock instead of a crystal.
  'hse.external': known(1, 'NUCLEO-L152RE public board files: clock from the ST-LINK', 'reported'),
  'hse.start.ps': known(1 * MS, `${DS}: typical`, 'assumed'),
  'stop.wakeup.ps': known(8 * US, DS, 'assumed'),
  'standby.wakeup.ps': known(57 * US, DS, 'assumed'),
  'boot1.level': known(0, 'board default: PB2 pulled low', 'assumed'),
  'uid.0': known(0x0033002d, 'made up; ST programs it per part', 'assumed'),
  'uid.1': known(0x32314704, 'made up; ST programs it per part', 'assumed'),
  'uid.2': known(0x37363630, 'made up; ST programs it per part', 'assumed'),
};
const CLOCKS: readonly string[] = [
  ...['msi', 'hsi', 'hse', 'lsi', 'lse', 'pll', 'sysclk', 'hclk', 'pclk1', 'pclk2', 'timpclk1', 'timpclk2', 'systick-ext', 'rtc', 'usb'],
  'hse-rtc',
];

function romOf(die: Die): RomReference {
  const table = `${AN2606} Table ${die.table}`;
  const small = die === CATEGORY_1;
  return {
    id: `stm32l1xx${die.rom.toLowerCase()}`,
    vectorTable: known(ROM_BASE, table),
    range: known([ROM_BASE, ROM_BASE + (small ? 0xfff : 0x1fff)] as const, table),
    ramUse: known([{ base: 0x20000000, size: small ? 0x800 : 0x1000 }], table),
    versions: known(die.versions, `${AN2606} Table ${die.table + 1}`),
    startUpMs: known(die.startUpMs, `${AN2606} Table 227`),
    usbConnectMs: small
      ? known(0, 'no USB in this ROM')
      : known(
          849,
          die.rom === 'E' ? `${AN2606} Table 229 for L1xxxC and L1xxxD` : `${AN2606} Table 229`,
          die.rom === 'E' ? 'inferred' : 'documented',
        ),
  };
}

/** A part of a line. */
export function l1Chip(line: L1Line, part: PartSize): ChipDescription {
  const die = dieOf(part);
  const rom = romOf(die);
  const make = (): MadeDescription => {
    const optionBytes = twoBanks(part) ? { ...OPTION_BYTES, ...BFB2 } : OPTION_BYTES;
    const d = derivation(line, part, die, optionBytes);
    return {
      cores: [cortexM3(die.nvicLines)],
      sources: sourcesOf(
        'STMicroelectronics/cmsis_device_l1:Include/stm32l152xb.h, stm32l152xe.h',
        `ST SVD ${generated.svd}, corrected after ${RM0038} (tools/svd-fixes.ts)`,
      ),
      memories: memories(part, die),
      blocks: deriveBlocks(generated, d),
      clocks: CLOCKS,
      rcc: 'RCC',
      facts: loadFacts(generated),
      covered: coveredBy(d),
      parameters: PARAMETERS,
      boot: boot(twoBanks(part)),
      remap: { base: 0, wire: 'remap', shows: { 0: 'flash', 1: 'rom', 3: 'sram' } },
      optionBytes,
      resetFlags: { clear: 'RCC.CSR.RMVF', flags: resetFlagRows('RCC.CSR', { PORRSTF: POWER_CAUSES }, { optionBytes: true }) },
      rom,
      maxHclkHz: known({ 'Range 1': 32_000_000, 'Range 2': 16_000_000, 'Range 3': 4_200_000 }, `${RM0038} 5.1.3`, 'reported'),
      flashCache: known(
        { lineBytes: 8, rowBytes: 16, codeRows: 0, dataRows: 0 } as const,
        `${RM0038} 3.3.1: 64-bit reads behind ACC64, prefetch; the buffer is left out`,
        'reported',
      ),
      flashLatency: known(
        {
          'Range 1': [
            [16, 0],
            [32, 1],
          ],
          'Range 2': [
            [8, 0],
            [16, 1],
          ],
          'Range 3': [
            [2.1, 0],
            [4.2, 1],
          ],
        },
        `${RM0038} 3.3.1, Table 13`,
        'reported',
      ),
    };
  };
  return lazyChip(part.name, 'STM32L1', make, rom);
}
const sram = (kilobytes: number): NonNullable<PartSize['ram']> => [{ base: 0x20000000, size: kilobytes * 1024 }];
export const STM32L152RB = l1Chip(L152, { name: 'STM32L152RB', flashKilobytes: 128, ram: sram(16) });
export const STM32L152RC = l1Chip(L152, { name: 'STM32L152RC', flashKilobytes: 256, ram: sram(32) });
export const STM32L152ZD = l1Chip(L152, { name: 'STM32L152ZD', flashKilobytes: 384, ram: sram(48) });
export const STM32L152RE = l1Chip(L152, { name: 'STM32L152RE', flashKilobytes: 512, ram: sram(80) });
