/** What the lines of STM32F4 share: behaviour of blocks, delays, option bytes, boot rules; and a line's description from what it has of its own. Data only. */
import type { OptionsOf } from '../peripherals/index.ts';
import type {
  BootCondition,
  BootRule,
  ChipDescription,
  CoreRow,
  LatencyTable,
  MemoryRow,
  OptionByteRow,
  ResetFlagRow,
  RomReference,
  Sourced,
} from '../emu/chip.ts';
import type { BlockFacts } from '../emu/registers.ts';
import { MS, US } from '../emu/time.ts';
import {
  apbOf,
  can,
  cards,
  memoryPorts,
  display,
  coveredBy,
  deriveBlocks,
  ethernet,
  gpio,
  spi,
  timers,
  usarts,
  type Behaviour,
  type Derivation,
} from './derive.ts';
import { loadFacts, withFacts, type GeneratedFacts } from './facts.ts';
import { lazyChip, type MadeDescription } from './lazy.ts';
import { OTG_FS_PULL_UPS, OTG_HS_OPTIONS } from './otg-fs.ts';
import { withRam, type PartSize } from './parts.ts';
import { DAC_L4, F4_ADC_INJECTED_TRIGGERS, F4_ADC_TRIGGERS, F4_DMA1, F4_DMA2, timTriggers } from './requests.ts';
import {
  AN2606,
  bootsFlash,
  bootsRom,
  bootsSram,
  cortexM4F,
  factoryValues,
  known,
  NO_ROM_AT_LEVEL_2,
  sourcesOf,
  POWER_CAUSES,
  resetFlagRows,
  type RowParts,
  type Row,
  withOptions,
} from './rows.ts';
import { USB_PINS } from './usb-pins.ts';

const DS = 'DS8626 and DS10314';
const FACTORY = 'RM0090 and RM0383: reset value of FLASH_OPTCR, 0x0FFFAAED';

/** FLASH_ACR.ICEN, DCEN, PRFTEN: 64 rows of instructions and 8 of data, of one 128-bit line. */
const F4_FLASH_CACHE = known({ lineBytes: 16, rowBytes: 16, codeRows: 64, dataRows: 8 } as const, 'RM0090 r21 3.5.2');

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

/** RM0090 19.5.12, RM0383 14.5.11 (TIM11_OR): channel 1 of TIM11 captures HSE divided by RTCPRE. */
const HSE_CAPTURE = { capture: { remap: 'OR.TI1_RMP', sources: { 2: { clock: 'hse-rtc', divider: 1 } } } };
/** RM0090 18.4.21, RM0410 26.4.22 (TIM5_OR; documented): channel 4 of TIM5 captures LSI or LSE. */
const SLOW_CAPTURE = {
  capture: { channel: 4, remap: 'OR.TI4_RMP', sources: { 1: { clock: 'lsi', divider: 1 }, 2: { clock: 'lse', divider: 1 } } },
} as const;
const timer = timers(['TIM2', 'TIM5']);

export const f4Timer: Behaviour = (p, base) => {
  const row = timer(p, base);
  const capture = p.name === 'TIM11' ? HSE_CAPTURE : p.name === 'TIM5' ? SLOW_CAPTURE : {};
  return row && withOptions(row, 'tim', { ...timTriggers(Number(p.name.slice(3))), ...capture });
};

/** VREFINT 1.21 V at channel 17, the temperature sensor's 0.76 V at 25 °C at 16 (F405) or 18: DS8626 T70, T72. */
const INTERNAL = { 16: 760, 17: 1210, 18: 760 };
export const f4Adc = (n: number): RowParts => ({
  model: 'adc-f4',
  size: 0x100,
  irqs: [18],
  options: {
    block: `ADC${n}`,
    index: n - 1,
    triggers: F4_ADC_TRIGGERS,
    injectedTriggers: F4_ADC_INJECTED_TRIGGERS,
    internal: n === 1 ? INTERNAL : {},
  },
});

/** What the IP blocks of the F2 and F4 do. */
const F2_F4_BEHAVIOUR: readonly Behaviour[] = [
  gpio,
  f4Timer,
  spi,
  can,
  cards,
  memoryPorts,
  display,
  (p) => (/^I2C\d$/.test(p.name) ? { model: 'i2c-v1', size: 0x400, options: { block: p.name } } : null),
  (p) => (/^ADC\d$/.test(p.name) ? f4Adc(Number(p.name.at(-1))) : null),
  ethernet('AHB1'),
  usarts((_name, base) => `pclk${apbOf(base)}`),
];

/** Blocks that need more than their kind's behaviour. */
export const F2_F4_OWN: Derivation['own'] = {
  // EXTI drives its lines.
  RTC: { model: 'rtc-v3', size: 0x400, irqs: [41, 3, 2], reset: 'BDCR.BDRST', backup: true, options: { clock: 'rtc' } },
  WWDG: { model: 'wwdg-v2', size: 0x400, options: { clock: 'pclk1' } },
  // Versions before the H5's: no window, no early wake-up, dividers up to 256; how far updates wait for the prescaler is open.
  IWDG: {
    model: 'iwdg-v3',
    worksInStandby: true,
    size: 0x400,
    options: { clock: 'lsi', syncTicks: 5, syncToPrescaler: false, dividers: [4, 8, 16, 32, 64, 128, 256] },
  },
  SYSCFG: {
    model: 'syscfg-l4',
    size: 0x400,
    // MEMRMP. Reported: MicroPython maps the ROM to 0 right after a reset, with SYSCFGEN = 0, and jumps by the vectors there (PR 4862: tested on PYBv1.x).
    unclocked: [0],
  },
  EXTI: {
    model: 'exti-v1',
    size: 0x400,
    irqs: [6, 7, 8, 9, 10, 23, 40, 1, 41, 42, 2, 3],
    options: {
      // RM0090 12.2.5: 17 RTC alarm, 18 OTG_FS wake-up, 21 tamper and time stamp, 22 RTC wake-up.
      irqOfLine: [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 8, 9, -1, -1, 10, 11],
      lines: { 16: 'pvd', 17: 'rtc.alarm', 18: 'usb.wakeup', 21: 'rtc.stamp', 22: 'rtc.wakeup' },
      event: 'cm4',
    },
  },
  ADC_Common: {
    model: 'adc-common-f4',
    size: 0x100,
    clock: 'APB2ENR.ADC1EN',
    reset: 'APB2RSTR.ADCRST',
    options: { converters: ['ADC1', 'ADC2', 'ADC3'] },
  },
  DMA1: { model: 'dma-v2', size: 0x400, options: { requests: F4_DMA1 } },
  DMA2: { model: 'dma-v2', size: 0x400, options: { requests: F4_DMA2 } },
  DAC: { model: 'dac', size: 0x400, options: DAC_L4 },
  CRC: { model: 'crc', size: 0x400 },
  RCC: { model: 'rcc-f4', size: 0x400, irqs: [5] },
  PWR: { model: 'pwr-f4', size: 0x400 },
  RNG: { model: 'rng', size: 0x400, options: { clock: 'usb', slowest: 16 } },
};
/** The SVD gives a core of its registers in four parts. */
export const otgParts = (core: string, by: string | null): Record<string, string | null> =>
  Object.fromEntries(['GLOBAL', 'HOST', 'DEVICE', 'PWRCLK'].map((part) => [`${core}_${part}`, by]));

export const f4OtgFs = (options: Partial<OptionsOf<'usb-otg-fs'>>): Row => ({
  name: 'OTG_FS',
  model: 'usb-otg-fs',
  base: 0x50000000,
  size: 0x40000,
  irqs: [67],
  clock: 'AHB2ENR.OTGFSEN',
  reset: 'AHB2RSTR.OTGFSRST',
  options: { fifoWords: 320, clock: 'usb', busClock: 'hclk', supplyWire: null, pins: USB_PINS, ...options },
});
/** On its full-speed transceiver. */
export const F4_OTG_HS: Row = {
  name: 'OTG_HS',
  model: 'usb-otg-fs',
  base: 0x40040000,
  size: 0x40000,
  irqs: [77, 74, 75, 76],
  clock: 'AHB1ENR.OTGHSEN',
  reset: 'AHB1RSTR.OTGHSRST',
  options: { ...OTG_HS_OPTIONS, supplyWire: null },
};

/** FLASH's options; memories `flash`, `info` and `options` are the chip's. */
const f4Flash = (line: F4Line, part: PartSize): RowParts => ({
  model: 'flash-f4',
  size: 0x400,
  options: {
    memory: 'flash',
    base: 0x08000000,
    bytes: part.flashKilobytes * 1024,
    infoMemory: 'info',
    infoBase: 0x1fff7800,
    uidOffset: 0x210,
    sizeOffset: 0x222,
    optionMemory: 'options',
    ...(line.twoBanks ? { optionMemory2: 'options2' } : {}),
    flashKilobytes: part.flashKilobytes,
    optionBytes: factoryValues(line.optionBytes),
    ...(line.twoBanks
      ? { banks: { when: part.flashKilobytes > 1024 ? null : { field: 'OPTCR.DB1M', value: 1 }, sectors: F4_SECTORS } }
      : {}),
  },
});

const F4_SECTORS = [
  [4, 16],
  [1, 64],
  [7, 128],
] as const;

const f4Memories = (flashKilobytes: number, twoBanks = false): readonly MemoryRow[] => [
  { name: 'flash', base: 0x08000000, size: flashKilobytes * 1024, kind: 'flash', zone: 'user', programmedBy: 'FLASH', waitStates: true },
  { name: 'rom', base: 0x1fff0000, size: 0x7800, kind: 'rom', zone: 'systemMemory', waitStates: true },
  // OTP, unique ID, flash size.
  { name: 'info', base: 0x1fff7800, size: 0x800, kind: 'flash', zone: 'data', programmedBy: 'FLASH', waitStates: true },
  { name: 'options', base: 0x1fffc000, size: 0x10, kind: 'flash', zone: 'data', waitStates: true },
  ...(twoBanks ? [{ name: 'options2', base: 0x1ffec000, size: 0x10, kind: 'flash', zone: 'data', waitStates: true } as const] : []),
];

const F4_CLOCKS: readonly string[] = [
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
  'stop.wakeup.ps': known(13 * US, 'DS8626 wake-up times (main regulator), recalled', 'reported'),
  'standby.wakeup.ps': known(375 * US, 'DS8626 wake-up times, recalled', 'reported'),
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
export const massErase = (x8: number, x16: number, x32: number): Readonly<Record<string, Sourced<number>>> => erase('mass', x8, x16, x32);

const PATTERN1 = `${AN2606} Table 2, pattern 1`;
const pinBoot = (boot1: number): BootCondition[] => [
  { signal: 'pin:BOOT0', is: [1] },
  { signal: 'pin:BOOT1', is: [boot1] },
];
const BFB2: BootCondition = { signal: 'field:FLASH.OPTCR.BFB2', is: [1] };
const F4_BOOT: readonly BootRule[] = [
  bootsFlash([{ signal: 'field:FLASH.OPTCR.RDP', is: [0xcc] }], NO_ROM_AT_LEVEL_2),
  bootsRom(0x1fff0000, pinBoot(0), PATTERN1),
  bootsSram(pinBoot(1), 'RM0090 2.4, RM0383 2.4: embedded SRAM'),
  bootsFlash([], PATTERN1),
];
const PATTERN5 = `${AN2606} Table 2, pattern 5`;
/** With BFB2 the ROM's own first steps choose the bank, whatever the pins say but for SRAM. */
const F4_TWO_BANKS_BOOT: readonly BootRule[] = [...F4_BOOT.slice(0, -1), bootsRom(0x1fff0000, [BFB2], PATTERN5), bootsFlash([], PATTERN5)];
/** MEM_MODE of SYSCFG_MEMRMP; 2 (FSMC) shows external memory, which no board here has. */
const F4_REMAP = { base: 0, wire: 'remap', shows: { 0: 'flash', 1: 'rom', 3: 'sram1' } } as const;

export const F2_F4_RESET_FLAGS: readonly ResetFlagRow[] = resetFlagRows(
  'RCC.CSR',
  { BORRSTF: POWER_CAUSES, PORRSTF: ['power'] },
  { optionBytes: false },
);

/** What a line has of its own. */
export interface F4Line {
  /** `STM32F405` */
  readonly name: string;
  readonly generated: GeneratedFacts;
  /** CMSIS header and documents of its registers. */
  readonly header: string;
  readonly manual: string;
  readonly nvicLines: number;
  /** RAM, seen from the core. */
  readonly ram: readonly MemoryRow[];
  /** ASSUMED: of parts with less RAM, all of it lies behind 0x20000000, as in ST's linker scripts, though the last 16 KB also have an address of their own. */
  readonly ramInOnePiece?: true;
  readonly optionBytes: Readonly<Record<string, OptionByteRow>>;
  /** Two banks; on parts of 1 MB while DB1M is set. */
  readonly twoBanks?: boolean;
  /** Peripherals of the SVD that the line lacks. */
  readonly absent?: readonly string[];
  readonly otg: BlockFacts;
  readonly otgHs?: BlockFacts;
  /** VOS is one bit and acts at once (F405); elsewhere it has two and acts while the PLL runs. */
  readonly oneBitVos?: boolean;
  readonly sysclkFromPllR?: boolean;
  readonly ports?: string;
  readonly device: { readonly devId: number; readonly revId: number };
  /** Typical milliseconds with PSIZE ×8, ×16, ×32. */
  readonly massEraseMs: readonly [number, number, number];
  readonly own?: Derivation['own'];
  readonly rom: Pick<RomReference, 'id' | 'versions' | 'startUpMs' | 'usbConnectMs'> & { readonly table: string; readonly ramUse?: number };
  /** F2 has F4's blocks around a Cortex-M3. */
  readonly family?: string;
  readonly core?: CoreRow;
  readonly parameters?: Readonly<Record<string, Sourced<number>>>;
  readonly maxHclkHz: Sourced<Readonly<Record<string, number>>>;
  readonly flashLatency: Sourced<LatencyTable>;
}

function f4Derivation(line: F4Line, part: PartSize): Derivation {
  return {
    behaviour: F2_F4_BEHAVIOUR,
    own: {
      ...F2_F4_OWN,
      FLASH: f4Flash(line, part),
      DBGMCU: { model: 'dbgmcu', size: 0x400, options: line.device },
      ...(line.oneBitVos ? {} : { PWR: withOptions(F2_F4_OWN['PWR']!, 'pwr-f4', { scaleWithoutPll: 1 }) }),
      ...(line.sysclkFromPllR ? { RCC: withOptions(F2_F4_OWN['RCC']!, 'rcc-f4', { sysclkFromPllR: true }) } : {}),
      ...line.own,
    },
    covered: {
      ...otgParts('OTG_FS', 'OTG_FS'),
      ...otgParts('OTG_HS', line.otgHs ? 'OTG_HS' : null),
      ...Object.fromEntries((line.absent ?? []).map((name) => [name, null])),
    },
    more: line.otgHs ? [f4OtgFs({ pullUps: OTG_FS_PULL_UPS }), F4_OTG_HS] : [f4OtgFs({})],
  };
}

/** The first range as long as all of them. */
function inOnePiece(ram: PartSize['ram']): PartSize['ram'] {
  const [first, ...rest] = ram ?? [];
  return first && [{ ...first, size: rest.reduce((sum, { size }) => sum + size, first.size) }, ...rest];
}

/** A part of a line. */
export function f4Chip(line: F4Line, part: PartSize): ChipDescription {
  const { table, ramUse, ...figures } = line.rom;
  const rom: RomReference = {
    ...figures,
    vectorTable: known(0x1fff0000, `${AN2606} ${table}`),
    range: known([0x1fff0000, 0x1fff77ff] as const, `${AN2606} Table 226: 30 KB of system memory, 29 of them used`),
    ramUse: known([{ base: 0x20000000, size: ramUse ?? 0x3000 }], `${AN2606} ${table}`),
  };
  const make = (): MadeDescription => {
    const derivation = f4Derivation(line, part);
    const registers = loadFacts(line.generated);
    const rcc = registers['RCC']!.registers;
    return {
      cores: [line.core ?? cortexM4F(line.nvicLines)],
      sources: sourcesOf(line.header, `ST SVD ${line.generated.svd}, corrected after ${line.manual} (tools/svd-fixes.ts); OTG_FS: RM0090`),
      memories: withRam(
        [...f4Memories(part.flashKilobytes, line.twoBanks), ...line.ram],
        line.ramInOnePiece ? inOnePiece(part.ram) : part.ram,
      ),
      blocks: deriveBlocks(line.generated, derivation),
      clocks: [
        ...F4_CLOCKS.filter((name) => name !== 'plli2sr' || rcc.some((r) => r.name === 'PLLI2SCFGR')),
        ...(line.sysclkFromPllR ? ['pllr'] : []),
      ],
      rcc: 'RCC',
      facts: withFacts(registers, { OTG_FS: line.otg, ...(line.otgHs ? { OTG_HS: line.otgHs } : {}) }),
      covered: coveredBy(derivation),
      parameters: { ...F4_PARAMETERS, ...massErase(...line.massEraseMs), ...line.parameters },
      boot: line.twoBanks ? F4_TWO_BANKS_BOOT : F4_BOOT,
      remap: F4_REMAP,
      optionBytes: line.optionBytes,
      resetFlags: { clear: 'RCC.CSR.RMVF', flags: F2_F4_RESET_FLAGS },
      rom,
      maxHclkHz: line.maxHclkHz,
      flashCache: F4_FLASH_CACHE,
      flashLatency: line.flashLatency,
    };
  };
  return lazyChip(part.name, line.family ?? 'STM32F4', make, rom);
}

export const f4Sram = (name: string, base: number, kilobytes: number): MemoryRow => ({
  name,
  base,
  size: kilobytes * 1024,
  kind: 'ram',
  zone: 'user',
});
/** RM0090 2.3.1, RM0390 2.2.2, RM0385 2.2.2; 5.1.2: write-protected by DBP as the registers of the backup domain. */
export const BKPSRAM: MemoryRow = {
  name: 'bkpsram',
  base: 0x40024000,
  size: 0x1000,
  kind: 'ram',
  zone: 'data',
  backup: true,
  gate: { clock: 'AHB1ENR.BKPSRAMEN', writable: 'dbp' },
};
/** On the D-bus only: nothing can be fetched from it, and no bus master reaches it (RM0090 2.3.1). Its clock is on behind a reset (RM0090 6.3.10). */
export const F4_CCM: MemoryRow = {
  name: 'ccm',
  base: 0x10000000,
  size: 0x10000,
  kind: 'ram',
  zone: 'data',
  gate: { clock: 'AHB1ENR.CCMDATARAMEN' },
  masters: [],
};

const waits = (...mhz: readonly number[]): readonly (readonly [number, number])[] => mhz.map((m, i) => [m, i] as const);
/** Scales as VOS names them; wait states for VDD from 2.7 to 3.6 V. */
export const F4_168 = known(
  { 'Scale 1': waits(30, 60, 90, 120, 150, 168), 'Scale 2': waits(30, 60, 90, 120, 144) },
  'RM0090 Table 10 (VDD 2.7 to 3.6 V), recalled',
  'assumed',
);
export const F4_180 = known(
  {
    'Scale 1': waits(30, 60, 90, 120, 150, 180),
    'Scale 2': waits(30, 60, 90, 120, 150, 168),
    'Scale 3': waits(30, 60, 90, 120),
  },
  'RM0090 Table 11, RM0390 Table 5 (VDD 2.7 to 3.6 V), recalled; with over-drive',
  'assumed',
);
export const F4_100 = known(
  { 'Scale 1': waits(30, 64, 90, 100), 'Scale 2': waits(30, 64, 84), 'Scale 3': waits(30, 64) },
  'RM0383 Table 5, RM0402 Table 5 (VDD 2.7 to 3.6 V), recalled',
  'assumed',
);
export const F4_84 = known(
  { 'Scale 2': waits(30, 60, 84), 'Scale 3': waits(30, 60) },
  'RM0368 Table 5 (VDD 2.7 to 3.6 V), recalled',
  'assumed',
);
