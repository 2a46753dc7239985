/** STM32L0, categories 3 (L05x, L06x) and 5 (L07x, L08x): Cortex-M0+, MSI, data EEPROM; category 5 has two banks of flash. Rows from the SVD of L0x2. Data only; facts and their sources as in the chips' fact sheets. */
import type { BootCondition, BootRule, ChipDescription, MemoryRow, OptionByteRow, RomReference, Sourced } from '../emu/chip.ts';
import { MS, US } from '../emu/time.ts';
import { coveredBy, deriveBlocks, gpio, spi, timers, touch, usarts, type Behaviour, type Derivation } from './derive.ts';
import { loadFacts, withFacts } from './facts.ts';
import { rccWith, withFields } from './gates.ts';
import generated from './generated/stm32l0x2.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import { withRam, type PartSize } from './parts.ts';
import { L0_ADC_TRIGGERS, L0_DMA1, slowCapture } from './requests.ts';
import {
  AN2606,
  bootsFlash,
  bootsRom,
  bootsSram,
  cortexM0Plus,
  factoryValues,
  known,
  NO_ROM_AT_LEVEL_2,
  POWER_CAUSES,
  resetFlagRows,
  sourcesOf,
  type RowParts,
  withOptions,
} from './rows.ts';

const RM0376 = 'RM0376';
const DS = 'DS10690 (STM32L072), recalled';
const ROM_BASE = 0x1ff00000;
/** The smaller ROMs have 4 KB, their stand-ins 8. */
const STAND_IN_BYTES = 0x2000;
const EEPROM = 0x08080000;
const INFO = 0x1ff80000;

const FACTORY = 'production value 0x807000AA (RM0376 3.4.1), recalled';
const optr = (name: string, value: number): OptionByteRow => ({ field: `FLASH.OPTR.${name}`, factory: known(value, FACTORY, 'reported') });
const OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  RDP: optr('RDP', 0xaa),
  IWDG_SW: optr('IWDG_SW', 1),
  nRST_STOP: optr('nRST_STOP', 1),
  nRST_STDBY: optr('nRST_STDBY', 1),
  nBOOT1: optr('nBOOT1', 1),
};
const optionBytesOf = (line: L0Line): Readonly<Record<string, OptionByteRow>> =>
  line.banks === 2 ? { ...OPTION_BYTES, BFB2: optr('BFB2', 0) } : OPTION_BYTES;

const pin = (level: 0 | 1): BootCondition => ({ signal: 'pin:BOOT0', is: [level] });
const bit = (name: string, value: number): BootCondition => ({ signal: `field:FLASH.OPTR.${name}`, is: [value] });
const SECOND_BANK = bootsRom(ROM_BASE, [pin(0), bit('BFB2', 1)], `${AN2606} Table 2, pattern 7: the ROM looks for a bank that can run`);
const bootOf = (line: L0Line): readonly BootRule[] => [
  bootsFlash([bit('RDP', 0xcc)], NO_ROM_AT_LEVEL_2),
  bootsRom(ROM_BASE, [pin(1), bit('nBOOT1', 1)], `${AN2606} Table 2, pattern 2`),
  bootsSram([pin(1), bit('nBOOT1', 0)], `${RM0376} 2.4: embedded SRAM`),
  ...(line.banks === 2 ? [SECOND_BANK] : []),
  bootsFlash([], `${AN2606} Table 2, pattern 2`),
];

/** RM0376 22.4.15 (TIM21_OR), HAL-L0 hal_tim_ex.h (documented). */
const SLOW_CAPTURE = slowCapture('OR.TI1_RMP', 5, 4);
const timer = timers([]);
const BEHAVIOUR: readonly Behaviour[] = [
  gpio,
  touch,
  (p, base) => {
    const row = timer(p, base);
    return row && (p.name === 'TIM21' ? withOptions(row, 'tim', SLOW_CAPTURE) : row);
  },
  spi,
  (p) =>
    /^I2C\d$/.test(p.name)
      ? { model: 'i2c-v2', size: 0x400, options: { clock: p.name === 'I2C2' ? 'pclk1' : p.name.toLowerCase(), errorLine: 0 } }
      : null,
  (p) => (p.name === 'LPTIM1' ? { model: 'lptim', size: 0x400, options: { clock: 'lptim1' } } : null),
  usarts((name) => (/^USART[45]$/.test(name) ? 'pclk1' : name.toLowerCase())),
];

export interface L0Line {
  readonly name: string;
  readonly header: string;
  /** Peripherals of the SVD that the line lacks. */
  readonly absent: readonly string[];
  readonly banks: 1 | 2;
  /** Data EEPROM (stm32-data). */
  readonly eepromKilobytes: (part: PartSize) => number;
  readonly device: { readonly devId: number; readonly revId: number };
  readonly rom: Omit<RomReference, 'vectorTable' | 'range'> & { readonly bytes: number; readonly table: string };
}
const HEADER = 'STMicroelectronics/cmsis_device_l0:Include';
const l0 = (like: Omit<L0Line, 'name' | 'header' | 'absent'>, name: string, header: string, absent: readonly string[]): L0Line => ({
  ...like,
  name,
  header: `${HEADER}/${header}`,
  absent,
});
const NO_USB = 'no USB in this ROM';
/** RAM from its begin on. */
const ramUse = (bytes: number, table: string): RomReference['ramUse'] => known([{ base: 0x20000000, size: bytes }], `${AN2606} ${table}`);
const CATEGORY_5: Omit<L0Line, 'name' | 'header' | 'absent'> = {
  banks: 2,
  // Two banks of 3, parts with 64 KB of flash have one.
  eepromKilobytes: (part) => (part.flashKilobytes > 64 ? 6 : 3),
  device: { devId: 0x447, revId: 0x2000 },
  rom: {
    id: 'stm32l072',
    bytes: 0x2000,
    table: 'Table 148',
    ramUse: ramUse(0x1000, 'Table 148'),
    versions: known(['V4.0', 'V4.1'], `${AN2606} Table 149`),
    startUpMs: known(0.61, `${AN2606} Table 227`),
    usbConnectMs: known(140, `${AN2606} Table 229`),
  },
};
/** The ROM of the lines without USB. */
const CATEGORY_5_SERIAL: typeof CATEGORY_5 = {
  ...CATEGORY_5,
  rom: {
    id: 'stm32l071',
    bytes: 0x2000,
    table: 'Table 150',
    ramUse: ramUse(0x1400, 'Table 150'),
    versions: known(['V11.1', 'V11.2'], `${AN2606} Table 151`),
    startUpMs: known(0.71, `${AN2606} Table 227`),
    usbConnectMs: known(0, NO_USB),
  },
};
const CATEGORY_3: typeof CATEGORY_5 = {
  banks: 1,
  eepromKilobytes: () => 2,
  // RM0367 32.4.1: the revision is one of several (recalled).
  device: { devId: 0x417, revId: 0x1038 },
  rom: {
    id: 'stm32l051',
    bytes: 0x1000,
    table: 'Table 146',
    ramUse: ramUse(0x1000, 'Table 146'),
    versions: known(['V12.0'], `${AN2606} Table 147`),
    startUpMs: known(0.22, `${AN2606} Table 227`),
    usbConnectMs: known(0, NO_USB),
  },
};
/** What lines that end in 1 lack. */
const ACCESS_LINE = ['USB', 'CRS', 'RNG', 'DAC', 'TSC'];
const NOT_IN_3 = ['TIM3', 'TIM7', 'USART4', 'USART5', 'I2C3', 'GPIOE'];
export const L072 = l0(CATEGORY_5, 'STM32L072', 'stm32l072xx.h', ['AES']);
export const L073 = l0(CATEGORY_5, 'STM32L073', 'stm32l073xx.h', ['AES']);
export const L082 = l0(CATEGORY_5, 'STM32L082', 'stm32l082xx.h', []);
export const L083 = l0(CATEGORY_5, 'STM32L083', 'stm32l083xx.h', []);
export const L071 = l0(CATEGORY_5_SERIAL, 'STM32L071', 'stm32l071xx.h', ['AES', ...ACCESS_LINE]);
export const L081 = l0(CATEGORY_5_SERIAL, 'STM32L081', 'stm32l081xx.h', ACCESS_LINE);
export const L051 = l0(CATEGORY_3, 'STM32L051', 'stm32l051xx.h', ['AES', ...NOT_IN_3, ...ACCESS_LINE]);
export const L052 = l0(CATEGORY_3, 'STM32L052', 'stm32l052xx.h', ['AES', ...NOT_IN_3]);
export const L053 = l0(CATEGORY_3, 'STM32L053', 'stm32l053xx.h', ['AES', ...NOT_IN_3]);
export const L062 = l0(CATEGORY_3, 'STM32L062', 'stm32l062xx.h', NOT_IN_3);
export const L063 = l0(CATEGORY_3, 'STM32L063', 'stm32l063xx.h', NOT_IN_3);

const flash = (line: L0Line, part: PartSize): RowParts => ({
  model: 'flash-l0',
  size: 0x400,
  clock: 'AHBENR.MIFEN',
  options: {
    memory: 'flash',
    base: 0x08000000,
    bytes: part.flashKilobytes * 1024,
    bankBytes: (part.flashKilobytes * 1024) / line.banks,
    pageBytes: 128,
    eepromMemory: 'eeprom',
    eepromBase: EEPROM,
    eepromBytes: line.eepromKilobytes(part) * 1024,
    infoMemory: 'info',
    infoBase: INFO,
    uidOffsets: [0x50, 0x54, 0x64],
    sizeOffset: 0x7c,
    flashKilobytes: part.flashKilobytes,
    optionRegisters: { OPTR: 0x807000aa, WRPROT1: 0, ...(line.banks === 2 ? { WRPROT2: 0 } : {}) },
    optionBytes: factoryValues(optionBytesOf(line)),
  },
});

/** VREFINT 1.224 V at channel 17, the temperature sensor's 0.67 V at 18: DS10690 (recalled: reported). */
const ADC = {
  block: 'ADC1',
  version: 'l0',
  clock: 'hsi',
  bus: 'pclk2',
  triggers: L0_ADC_TRIGGERS,
  internal: { 17: 1224, 18: 670 },
} as const;
const derivation = (line: L0Line, part: PartSize): Derivation => ({
  behaviour: BEHAVIOUR,
  own: {
    // Alarms, wake-up and tamper have one line.
    RTC: { model: 'rtc-v3', size: 0x400, irqs: [2], reset: 'CSR.RTCRST', backup: true, options: { clock: 'rtc' } },
    WWDG: { model: 'wwdg-v2', size: 0x400, options: { clock: 'pclk1' } },
    IWDG: {
      model: 'iwdg-v3',
      worksInStandby: true,
      size: 0x400,
      options: { clock: 'lsi', syncTicks: 5, syncToPrescaler: false, dividers: [4, 8, 16, 32, 64, 128, 256] },
    },
    RCC: { model: 'rcc-l0', size: 0x400, irqs: [4] },
    CRS: { model: 'crs', size: 0x400, irqs: [4] },
    PWR: { model: 'pwr-l0', size: 0x400 },
    SYSCFG: { model: 'syscfg-f0', size: 0x400 },
    ADC1: { model: 'adc-v2', size: 0x400, options: ADC },
    CRC: { model: 'crc', size: 0x400 },
    // CECS: below HCLK / 16 (RM0367 chapter RNG, recalled).
    RNG: { model: 'rng', size: 0x400, options: { clock: 'usb', slowest: 16 } },
    FLASH: flash(line, part),
    // One 16-bit word in two bytes.
    USB: { model: 'usb-fsdev', size: 0x800, options: { clock: 'usb', pmaBytes: 1024 } },
    DMA1: { model: 'dma-v1', size: 0x400, options: { lines: [0, 1, 1, 2, 2, 2, 2], requests: L0_DMA1 } },
    DBGMCU: { model: 'dbgmcu', size: 0x400, clock: 'APB2ENR.DBGEN', readsUnclocked: true, options: line.device },
    EXTI: {
      model: 'exti-v1',
      size: 0x400,
      irqs: [5, 6, 7, 1],
      options: { ports: 'ABCDEH', irqOfLine: [0, 0, 1, 1, ...Array<number>(12).fill(2), 3], lines: { 16: 'pvd' }, event: 'cm0plus' },
    },
  },
  covered: { USB_SRAM: line.absent.includes('USB') ? null : 'USB', ...Object.fromEntries(line.absent.map((name) => [name, null])) },
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
/** What L0 and L1 have alike: figures of the data sheet `sheet`, of a sibling's manual, of boards. */
export const lowPowerParameters = (sheet: string): Readonly<Record<string, Sourced<number>>> => ({
  'lsi.hz': known(37_000, `${sheet}: typical`, 'reported'),
  // 1: the board feeds OSC32_IN with a clock instead of a crystal.
  'lse.external': known(0, 'board default', 'assumed'),
  'msi.start.ps': known(5 * US, sheet, 'assumed'),
  'hsi.start.ps': known(3.7 * US, sheet, 'assumed'),
  'lsi.start.ps': known(200 * US, sheet, 'assumed'),
  'hse.ready.clocks': known(512, 'RM0091 6.2.1 (F0)', 'assumed'),
  // Crystal and ready counter together.
  'lse.start.ps': known(600 * MS, 'micropython PR 1571, 1599 (F405 boards)', 'reported'),
  'lse.ready.clocks': known(4096, 'RM0091 6.2.5 (F0)', 'assumed'),
  'sysclk.switch.clocks': known(3, 'no figure published; clocks of the old and of the new source', 'assumed'),
  'pll.lock.ps': known(115 * US, sheet, 'assumed'),
  'vos.ready.ps': known(20 * US, sheet, 'assumed'),
  // Programming or erasing a word, half page or page.
  'flash.program.ps': known(3.28 * MS, `${sheet}: typical`, 'reported'),
  'reset.pulse.ps': known(20 * US, 'RM0091 6.1 (F0): minimum on siblings', 'assumed'),
  'power.tempo.ps': known(500 * US, sheet, 'assumed'),
  'vdd.volts': known(3.3, 'board default', 'assumed'),
  'vdda.volts': known(3.3, 'board default', 'assumed'),
  'vbat.volts': known(0, 'the part has no VBAT', 'documented'),
  'boot0.level': known(0, 'board default', 'assumed'),
});
const PARAMETERS: Readonly<Record<string, Sourced<number>>> = {
  ...lowPowerParameters(DS),
  'hsi.hz': known(16_000_000, `${RM0376} 7.2.2`),
  'hsi48.hz': known(48_000_000, `${RM0376} 7.2.4`),
  'hse.hz': known(8_000_000, 'NUCLEO-L073RZ public board files: clock from the ST-LINK', 'reported'),
  'lse.hz': known(32_768, 'NUCLEO-L073RZ and B-L072Z-LRWAN1 public board files', 'reported'),
  // The same of OSC_IN.
  'hse.external': known(1, 'NUCLEO-L073RZ public board files: clock from the ST-LINK', 'reported'),
  'hsi48.start.ps': known(6 * US, DS, 'assumed'),
  'hse.start.ps': known(2 * MS, DS, 'assumed'),
  'stop.wakeup.ps': known(5 * US, DS, 'assumed'),
  'standby.wakeup.ps': known(65 * US, DS, 'assumed'),
  'uid.0': known(0x0041002d, 'made up; ST programs it per part', 'assumed'),
  'uid.1': known(0x5031500c, 'made up; ST programs it per part', 'assumed'),
  'uid.2': known(0x20333735, 'made up; ST programs it per part', 'assumed'),
};
const CLOCKS: readonly string[] = [
  ...['msi', 'hsi', 'hse', 'hsi48', 'lsi', 'lse', 'pll', 'sysclk', 'hclk', 'pclk1', 'pclk2', 'timpclk1', 'timpclk2', 'systick-ext', 'rtc'],
  ...['usb', 'usart1', 'usart2', 'lpuart1', 'i2c1', 'i2c3', 'lptim1'],
];

const GATE_NAMES: Readonly<Record<string, string>> = { TSC: 'TOUCH', AES: 'CRYP' };
/** Without the gates of what the line lacks; one bank cannot be chosen. */
function factsOf(line: L0Line): ChipDescription['facts'] {
  const facts = loadFacts(generated);
  const gone = new Set(line.absent.flatMap((name) => ['EN', 'RST', 'SMEN'].map((what) => (GATE_NAMES[name] ?? name) + what)));
  return withFacts(
    {
      RCC: rccWith(
        () => facts['RCC']!,
        {},
        (name) => gone.has(name),
      ),
      ...(line.banks === 1
        ? {
            SYSCFG: withFields('SYSCFG', () => facts['SYSCFG']!, 'CFGR1', '-UFB'),
            FLASH: withFields('FLASH', () => facts['FLASH']!, 'OPTR', '-BFB2'),
          }
        : {}),
    },
    facts,
  );
}

/** A part of a line. */
export function l0Chip(line: L0Line, part: PartSize): ChipDescription {
  const { bytes, table, ...reference } = line.rom;
  const rom: RomReference = {
    ...reference,
    vectorTable: known(ROM_BASE, `${AN2606} ${table}`),
    range: known([ROM_BASE, ROM_BASE + bytes - 1] as const, `${AN2606} ${table}`),
  };
  const make = (): MadeDescription => {
    const d = derivation(line, part);
    return {
      cores: [cortexM0Plus(32)],
      sources: sourcesOf(line.header, `ST SVD ${generated.svd}, corrected after ${RM0376} (tools/svd-fixes.ts)`),
      memories: withRam(
        [
          memory('flash', 0x08000000, part.flashKilobytes * 1024, { programmedBy: 'FLASH', erased: 0 }),
          memory('eeprom', EEPROM, line.eepromKilobytes(part) * 1024, { zone: 'data', programmedBy: 'FLASH', erased: 0 }),
          memory('rom', ROM_BASE, STAND_IN_BYTES, { kind: 'rom', zone: 'systemMemory' }),
          // Option bytes and identity.
          memory('info', INFO, 0x100, { zone: 'data', programmedBy: 'FLASH', erased: 0 }),
          { name: 'sram', base: 0x20000000, size: 0x5000, kind: 'ram', zone: 'user' },
        ],
        part.ram,
      ),
      blocks: deriveBlocks(generated, d),
      clocks: CLOCKS,
      rcc: 'RCC',
      facts: factsOf(line),
      covered: coveredBy(d),
      parameters: PARAMETERS,
      boot: bootOf(line),
      remap: { base: 0, wire: 'remap', shows: { 0: 'flash', 1: 'rom', 2: 'flash', 3: 'sram' } },
      optionBytes: optionBytesOf(line),
      resetFlags: { clear: 'RCC.CSR.RMVF', flags: resetFlagRows('RCC.CSR', { PORRSTF: POWER_CAUSES }, { optionBytes: true }) },
      rom,
      maxHclkHz: known({ 'Range 1': 32_000_000, 'Range 2': 16_000_000, 'Range 3': 4_200_000 }, `${RM0376} 6.1.4`, 'reported'),
      flashCache: known(
        { lineBytes: 4, rowBytes: 16, codeRows: 0, dataRows: 0 } as const,
        `${RM0376} 3.3.3: 32-bit reads, prefetch and pre-read buffers; the buffers are left out`,
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
          'Range 3': [[4.2, 0]],
        },
        `${RM0376} 3.3.3`,
        'reported',
      ),
    };
  };
  return lazyChip(part.name, 'STM32L0', make, rom);
}
export const STM32L072CZ = l0Chip(L072, { name: 'STM32L072CZ', flashKilobytes: 192 });
export const STM32L071CZ = l0Chip(L071, { name: 'STM32L071CZ', flashKilobytes: 192 });
export const STM32L051C8 = l0Chip(L051, { name: 'STM32L051C8', flashKilobytes: 64, ram: [{ base: 0x20000000, size: 0x2000 }] });
