/**
 * Lines whose blocks are those of the L4: STM32G4, L41x to L46x, L4+. A line's description from its generated facts and what it has of its own. Data only.
 */
import type {
  BootCondition,
  BootRule,
  ChipDescription,
  LatencyTable,
  MemoryRow,
  OptionByteRow,
  RomReference,
  Sourced,
} from '../emu/chip.ts';
import type { BlockFacts } from '../emu/registers.ts';
import {
  can,
  cards,
  memoryPorts,
  display,
  coveredBy,
  deriveBlocks,
  gpio,
  gpioOnVddio2,
  spi,
  timers,
  touch,
  usarts,
  type Behaviour,
  type Derivation,
} from './derive.ts';
import { loadFacts, withFacts, type GeneratedFacts } from './facts.ts';
import { lazyChip, type MadeDescription } from './lazy.ts';
import type { PartSize } from './parts.ts';
import { slowCapture, timTriggers } from './requests.ts';
import {
  bootsFlash,
  bootsRom,
  bootsSram,
  cortexM4F,
  factoryValues,
  known,
  optionByte,
  NO_ROM_AT_LEVEL_2,
  sourcesOf,
  type Row,
  type RowParts,
  withOptions,
} from './rows.ts';
import { L4_FLASH_CACHE, L4_OPTION_REGISTERS, L4_PARAMETERS, L4_RESET_FLAGS } from './stm32l4.ts';

export interface L4ClassLine {
  readonly name: string;
  readonly family: string;
  readonly generated: GeneratedFacts;
  readonly header: string;
  readonly manual: string;
  readonly nvicLines: number;
  readonly ram: readonly MemoryRow[];
  readonly banks: 1 | 2;
  readonly pageBytes: number;
  readonly optionBytes: Readonly<Record<string, OptionByteRow>>;
  /** Where the option bytes of the banks lie, if not in the information block. */
  readonly optionBases?: readonly number[];
  /** Factory values of whole option registers over L4's. */
  readonly optionRegisters?: Readonly<Record<string, number>>;
  /** Rows by name over what all lines have. */
  readonly own: Derivation['own'];
  /** Peripherals of the SVD that the part lacks. */
  readonly absent: readonly string[];
  readonly covered?: Readonly<Record<string, string>>;
  readonly more?: readonly Row[];
  /** Register facts beside the generated ones. */
  readonly facts?: Readonly<Record<string, BlockFacts>>;
  readonly dmamux?: { readonly channels: readonly [number, number]; readonly requests: Readonly<Record<number, string>> };
  /** Kernel clocks of RCC beside those of its oscillators and buses. */
  readonly clocks: readonly string[];
  readonly parameters: Readonly<Record<string, Sourced<number>>>;
  readonly boot: readonly BootRule[];
  readonly device: { readonly devId: number; readonly revId: number };
  readonly rom: Omit<RomReference, 'vectorTable' | 'range'> & { readonly table: string };
  readonly maxHclkHz: Sourced<Readonly<Record<string, number>>>;
  readonly flashLatency: Sourced<LatencyTable>;
}

export const ROM_BASE = 0x1fff0000;
const ROM_BYTES = 0x7000;

const FACTORY = 'production value 0xFFEFF8AA (RM0440; public debugger sources for L4)';
const optr = (name: string, value: number): OptionByteRow => optionByte('OPTR', name, known(value, FACTORY, 'reported'));
/** Fields of FLASH_OPTR that are set in a new part, but for those of `clear`. */
export const optionBytesOf = (set: readonly string[], clear: readonly string[]): Readonly<Record<string, OptionByteRow>> => ({
  RDP: optr('RDP', 0xaa),
  BOR_LEV: optr('BOR_LEV', 0),
  ...Object.fromEntries(set.map((name) => [name, optr(name, 1)])),
  ...Object.fromEntries(clear.map((name) => [name, optr(name, 0)])),
});
export const OPTIONS_SET: readonly string[] = [
  'nRST_STOP',
  'nRST_STDBY',
  'nRST_SHDW',
  'IWDG_SW',
  'IWDG_STOP',
  'IWDG_STDBY',
  'WWDG_SW',
  'nBOOT1',
  'nSWBOOT0',
  'nBOOT0',
];

const OPTR = 'field:FLASH.OPTR';
/** BOOT0 = 1: the pin or, with nSWBOOT0 = 0, the inverted option bit. */
const BOOT0_HIGH: readonly (readonly BootCondition[])[] = [
  [
    { signal: `${OPTR}.nSWBOOT0`, is: [1] },
    { signal: 'pin:BOOT0', is: [1] },
  ],
  [
    { signal: `${OPTR}.nSWBOOT0`, is: [0] },
    { signal: `${OPTR}.nBOOT0`, is: [0] },
  ],
];
const nBOOT1 = (value: number): BootCondition => ({ signal: `${OPTR}.nBOOT1`, is: [value] });
/** `first` rules, then the system memory, the SRAM and the flash by BOOT0 and nBOOT1; `more` before the flash. */
export const bootOf = (
  pattern: string,
  first: readonly BootRule[],
  level2: readonly BootCondition[] = [],
  more: readonly BootRule[] = [],
): readonly BootRule[] => [
  ...first,
  bootsFlash([{ signal: `${OPTR}.RDP`, is: [0xcc] }, ...level2], NO_ROM_AT_LEVEL_2),
  ...BOOT0_HIGH.map((when) => bootsRom(ROM_BASE, [...when, nBOOT1(1)], pattern)),
  ...BOOT0_HIGH.map((when) => bootsSram([...when, nBOOT1(0)], 'boot configuration in the manual: embedded SRAM1')),
  ...more,
  bootsFlash([], pattern),
];

/** Rows that the lines share, by name. */
const OWN: Derivation['own'] = {
  RTC: {
    model: 'rtc-v3',
    size: 0x400,
    irqs: [41, 3, 2],
    clock: 'APB1ENR1.RTCAPBEN',
    reset: 'BDCR.BDRST',
    backup: true,
    options: { clock: 'rtc' },
  },
  TAMP: { model: 'tamp-v1', size: 0x400, clock: 'APB1ENR1.RTCAPBEN', reset: 'BDCR.BDRST', backup: true },
  WWDG: { model: 'wwdg-v2', size: 0x400, options: { clock: 'pclk1' } },
  // Versions before the H5's: no early wake-up, dividers up to 256; how far updates wait for the prescaler is open.
  IWDG: {
    model: 'iwdg-v3',
    worksInStandby: true,
    size: 0x400,
    options: { clock: 'lsi', syncTicks: 5, syncToPrescaler: false, dividers: [4, 8, 16, 32, 64, 128, 256] },
  },
  CRC: { model: 'crc', size: 0x400 },
  PWR: { model: 'pwr-l4', size: 0x400 },
  SYSCFG: { model: 'syscfg-l4', size: 0x30 },
  COMP: { model: 'comp' },
  OPAMP: { model: 'opamp' },
  VREFBUF: { model: 'vrefbuf', size: 0x1d0, clock: 'APB2ENR.SYSCFGEN', reset: 'APB2RSTR.SYSCFGRST' },
  RNG: { model: 'rng', size: 0x400, options: { clock: 'usb', slowest: 32 } },
};

/** USB FSDEV: its registers, and from 0x400 on the 1 KB packet memory. */
export const USB_FSDEV: RowParts = { model: 'usb-fsdev', size: 0x800, options: { clock: 'usb' } };

/** EXTI with its lines' interrupts. @param usb of line 17 or 18, USB's wake-up; null = it goes another way */
export const extiRow = (stamp: number, wakeup: { readonly line: number; readonly irq: number } | null, alarm: number): RowParts => {
  // Pins 0 to 4, 9_5, 15_10, PVD, RTC alarm, tamper and time stamp, RTC wake-up, USB wake-up.
  const irqs = [6, 7, 8, 9, 10, 23, 40, 1, 41, 2, 3, ...(wakeup ? [wakeup.irq] : [])];
  const irqOfLine = [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, ...Array<number>(stamp - 16).fill(-1)];
  irqOfLine[alarm] = 8;
  irqOfLine[stamp] = 9;
  irqOfLine[stamp + 1] = 10;
  if (wakeup) irqOfLine[wakeup.line] = 11;
  return {
    model: 'exti-v1',
    size: 0x400,
    irqs,
    options: {
      ports: 'ABCDEFGHI',
      irqOfLine: [...irqOfLine, ...Array<number>(35 - irqOfLine.length).fill(-1), 7, 7, 7, 7],
      lines: {
        16: 'pvd',
        [alarm]: 'rtc.alarm',
        [stamp]: 'rtc.stamp',
        [stamp + 1]: 'rtc.wakeup',
        ...(wakeup ? { [wakeup.line]: 'usb.wakeup' } : {}),
        35: 'pvm1',
        36: 'pvm2',
        37: 'pvm3',
        38: 'pvm4',
      },
      event: 'cm4',
    },
  };
};

function dmaRows(line: L4ClassLine): Derivation['own'] {
  if (!line.dmamux) return {};
  const { channels, requests } = line.dmamux;
  const dma = (first: number, count: number): RowParts => ({
    model: 'dma-v1',
    size: 0x400,
    options: {
      lines: Array.from({ length: count }, (_, i) => i),
      requests: Array.from({ length: count }, (_, i) => ({ wire: `dmamux1.${first + i}`, channel: i + 1 })),
    },
  });
  const total = channels[0] + channels[1];
  return {
    DMA1: dma(0, channels[0]),
    DMA2: dma(channels[0], channels[1]),
    DMAMUX1: { model: 'dmamux', size: 0x400, options: { block: 'DMAMUX1', channels: total, requests } },
  };
}

/** HAL-L4 hal_tim_ex.h, HAL-WB (documented); G4 has no such field. */
const SLOW_CAPTURE = slowCapture('OR1.TI1_RMP');
const timer = timers(['TIM2', 'TIM5']);
const BEHAVIOUR: readonly Behaviour[] = [
  (p, base) => {
    const row = timer(p, base);
    return row && withOptions(row, 'tim', { ...timTriggers(Number(p.name.slice(3))), ...(p.name === 'TIM16' ? SLOW_CAPTURE : {}) });
  },
  spi,
  can,
  cards,
  memoryPorts,
  display,
  touch,
  (p) => (/^I2C\d$/.test(p.name) ? { model: 'i2c-v2', size: 0x400, options: { clock: p.name.toLowerCase() } } : null),
  (p) => (/^LPTIM\d$/.test(p.name) ? { model: 'lptim', size: 0x400, options: { clock: p.name.toLowerCase() } } : null),
];

function derivation(line: L4ClassLine, part: PartSize): Derivation {
  const fifo = line.dmamux ? {} : { fifoDepth: 1 };
  const flash = {
    memory: 'flash',
    base: 0x08000000,
    bankBytes: (part.flashKilobytes * 1024) / line.banks,
    banks: line.banks,
    pageBytes: line.pageBytes,
    infoMemory: 'info',
    infoBase: 0x1fff7000,
    ...(line.banks === 2 ? { infoMemory2: 'info2' } : {}),
    uidOffset: 0x590,
    sizeOffset: 0x5e0,
    optionOffset: line.optionBases ? 0 : 0x800,
    ...(line.optionBases ? { optionMemory: 'options' } : {}),
    flashKilobytes: part.flashKilobytes,
    optionRegisters: { ...L4_OPTION_REGISTERS, SEC1R: 0xfff0ff00, SEC2R: 0xffffff00, ...line.optionRegisters },
    optionBytes: factoryValues(line.optionBytes),
  };
  const present = (own: Derivation['own']): Derivation['own'] =>
    Object.fromEntries(Object.entries(own).filter(([name]) => line.generated.peripherals.some((p) => p.name === name)));
  return {
    behaviour: [line.family === 'STM32L4' ? gpioOnVddio2('PWR.CR2.IOSV') : gpio, ...BEHAVIOUR, usarts((name) => name.toLowerCase(), fifo)],
    own: {
      ...present({ ...OWN, ...dmaRows(line) }),
      FLASH: { model: 'flash-l4', size: 0x400, options: flash },
      DBGMCU: { model: 'dbgmcu', size: 0x400, options: line.device },
      ...line.own,
    },
    covered: { ...line.covered, ...Object.fromEntries(line.absent.map((name) => [name, null])) },
    more: line.more ?? [],
  };
}

/** RAM of the application, at `alias` too. */
export const sram = (name: string, base: number, kilobytes: number, alias?: number): MemoryRow => ({
  name,
  base,
  size: kilobytes * 1024,
  kind: 'ram',
  zone: 'user',
  ...(alias === undefined ? {} : { aliases: [alias] }),
});
const optionMemory = (name: string, base: number): MemoryRow => ({
  name,
  base,
  size: 0x1000,
  kind: 'flash',
  zone: 'data',
  waitStates: true,
});
const memories = (line: L4ClassLine, part: PartSize): readonly MemoryRow[] => [
  // All banks in one: FLASH exchanges their contents when SYSCFG's FB_MODE changes.
  {
    name: 'flash',
    base: 0x08000000,
    size: part.flashKilobytes * 1024,
    kind: 'flash',
    zone: 'user',
    programmedBy: 'FLASH',
    waitStates: true,
  },
  { name: 'rom', base: ROM_BASE, size: ROM_BYTES, kind: 'rom', zone: 'systemMemory', waitStates: true },
  // OTP, identity and bank 1's option bytes.
  { name: 'info', base: 0x1fff7000, size: 0x1000, kind: 'flash', zone: 'data', programmedBy: 'FLASH', waitStates: true },
  // Bank 2's option bytes.
  ...(line.banks === 2 ? [optionMemory('info2', line.optionBases?.[1] ?? 0x1ffff000)] : []),
  ...(line.optionBases ? [optionMemory('options', line.optionBases[0]!)] : []),
  ...line.ram,
];

/** Clocks that RCC of every line drives. */
const CLOCKS: readonly string[] = [
  'hsi',
  'hse',
  'lsi',
  'lse',
  'hsi48',
  'pllp',
  'pllq',
  'pllr',
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
  'i2c4',
  'lptim1',
  'lptim2',
];

export function l4ClassChip(line: L4ClassLine, part: PartSize): ChipDescription {
  const { table, ...figures } = line.rom;
  const rom: RomReference = {
    ...figures,
    vectorTable: known(ROM_BASE, table),
    range: known([ROM_BASE, ROM_BASE + ROM_BYTES - 1] as const, table),
  };
  const make = (): MadeDescription => {
    const d = derivation(line, part);
    return {
      cores: [cortexM4F(line.nvicLines)],
      sources: sourcesOf(line.header, `ST SVD ${line.generated.svd}, corrected after ${line.manual} (tools/svd-fixes.ts)`),
      memories: memories(line, part),
      blocks: deriveBlocks(line.generated, d),
      clocks: [...CLOCKS, ...line.clocks],
      rcc: 'RCC',
      facts: line.facts ? withFacts(loadFacts(line.generated), line.facts) : loadFacts(line.generated),
      covered: coveredBy(d),
      parameters: { ...L4_PARAMETERS, ...line.parameters },
      boot: line.boot,
      remap: { base: 0, wire: 'remap', shows: { 0: 'flash', 1: 'rom', 3: 'sram1' } },
      optionBytes: line.optionBytes,
      resetFlags: {
        clear: 'RCC.CSR.RMVF',
        flags: line.generated.blocks['RCC']!.includes('FWRSTF')
          ? L4_RESET_FLAGS
          : L4_RESET_FLAGS.filter((f) => f.field !== 'RCC.CSR.FWRSTF'),
      },
      rom,
      maxHclkHz: line.maxHclkHz,
      flashCache: L4_FLASH_CACHE,
      flashLatency: line.flashLatency,
    };
  };
  return lazyChip(part.name, line.family, make, rom);
}
