/** STM32G0B1, G0C1, G0B0 (two banks, USB); G071, G081, G070 G051, G061, G050 and G031, G041, G030 (one bank, no USB). Rows from the SVD of G0B1. Data only; facts and their sources as in the chips' fact sheets. */
import type { BootCondition, BootRule, ChipDescription, MemoryRow, OptionByteRow, RomReference, Sourced } from '../emu/chip.ts';
import { MS, US } from '../emu/time.ts';
import { can, coveredBy, deriveBlocks, fdcanRam, gpio, timers, usarts, type Behaviour, type Derivation } from './derive.ts';
import { loadFacts, withFacts, type GeneratedFacts } from './facts.ts';
import g0b1 from './generated/stm32g0b1.json' with { type: 'json' };
import g431 from './generated/stm32g431.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import { withRam, type PartSize } from './parts.ts';
import { DAC_G0, G0_ADC_TRIGGERS, G0_DMAMUX, misoOf, slowCapture } from './requests.ts';
import {
  AN2606,
  bootsFlash,
  bootsRom,
  bootsSram,
  cortexM0Plus,
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

const RM0444 = 'RM0444';
const DS = 'DS13560 (STM32G0B1), recalled';
const PATTERN = `${AN2606} Table 2, pattern 11`;
export const ROM_BASE = 0x1fff0000;
export const ROM_BYTES = 0x7000;

const FACTORY = 'production value 0xFFFFFEAA (RM0444), recalled';
export const g0Optr = (name: string, value: number): OptionByteRow => ({
  field: `FLASH.OPTR.${name}`,
  factory: known(value, FACTORY, 'reported'),
});
export const G0_SET = [
  'nRST_STOP',
  'nRST_STDBY',
  'nRST_SHDW',
  'IWDG_SW',
  'IWDG_STOP',
  'IWDG_STDBY',
  'WWDG_SW',
  'nBOOT1',
  'nBOOT0',
  'nBOOT_SEL',
];

const OPTR = 'field:FLASH.OPTR';
/** BOOT0 as nBOOT_SEL has it: the bit, as new parts have it, or the pin, which is SWCLK's. */
const boot0 = (level: 0 | 1): readonly (readonly BootCondition[])[] => [
  [
    { signal: `${OPTR}.nBOOT_SEL`, is: [1] },
    { signal: `${OPTR}.nBOOT0`, is: [1 - level] },
  ],
  [
    { signal: `${OPTR}.nBOOT_SEL`, is: [0] },
    { signal: 'pin:BOOT0', is: [level] },
  ],
];
const nBOOT1 = (value: number): BootCondition => ({ signal: `${OPTR}.nBOOT1`, is: [value] });
const EMPTY: BootCondition = { signal: 'field:FLASH.ACR.EMPTY', is: [1] };
export const G0_LOCKED: BootRule = bootsFlash(
  [{ signal: 'field:FLASH.SECR.BOOT_LOCK', is: [1] }],
  `${RM0444} 2.5: BOOT_LOCK forces the main flash`,
);
export const G0_BOOT: readonly BootRule[] = [
  bootsFlash([{ signal: `${OPTR}.RDP`, is: [0xcc] }], NO_ROM_AT_LEVEL_2),
  ...boot0(1).map((when) => bootsRom(ROM_BASE, [...when, nBOOT1(1)], PATTERN)),
  ...boot0(1).map((when) => bootsSram([...when, nBOOT1(0)], `${RM0444} 2.5: embedded SRAM`)),
  ...boot0(0).map((when) => bootsRom(ROM_BASE, [...when, EMPTY], `${PATTERN}: empty flash`)),
  bootsFlash([], PATTERN),
];

const timer = timers(['TIM2'], () => 'timpclk1');
export const g0Dma = (name: string, first: number, lines: readonly number[]): RowParts => ({
  model: 'dma-v1',
  size: 0x400,
  options: { lines, asks: `${name}.asks`, requests: lines.map((_, i) => ({ wire: `dmamux1.${first + i}`, channel: i + 1 })) },
});
/** RM0444 26.7.19 (recalled): channel 1 of TIM16 captures LSI or LSE. */
const SLOW_CAPTURE = slowCapture('TISEL.TI1SEL');
/** RM0444 26.7.20 (recalled): channel 1 of TIM17 captures HSE / 32. */
const HSE_CAPTURE = { capture: { remap: 'TISEL.TI1SEL', sources: { 2: { clock: 'hse', divider: 32 } } } };
export const G0_BEHAVIOUR: readonly Behaviour[] = [
  can,
  gpio,
  (p, base) => {
    const row = timer(p, base);
    const capture = p.name === 'TIM17' ? HSE_CAPTURE : p.name === 'TIM16' ? SLOW_CAPTURE : null;
    return row && capture ? withOptions(row, 'tim', capture) : row;
  },
  (p) =>
    /^SPI\d$/.test(p.name)
      ? { model: 'spi', size: 0x400, options: { block: p.name, clock: 'pclk1', miso: misoOf(Number(p.name.at(-1))) } }
      : null,
  (p) =>
    /^I2C\d$/.test(p.name)
      ? { model: 'i2c-v2', size: 0x400, options: { clock: p.name === 'I2C3' ? 'pclk1' : p.name.toLowerCase(), errorLine: 0 } }
      : null,
  (p) => (/^LPTIM\d$/.test(p.name) ? { model: 'lptim', size: 0x400, options: { clock: p.name.toLowerCase() } } : null),
  usarts((name) => (/^USART[456]$/.test(name) ? 'pclk1' : name.toLowerCase()), { fifoDepth: 8 }),
];
/** The temperature sensor's 0.76 V at channel 12, VREFINT 1.212 V at 13, VBAT / 3 at 14: DS12232. */
const ADC = {
  block: 'ADC',
  version: 'g0',
  clock: 'adc',
  bus: 'pclk1',
  triggers: G0_ADC_TRIGGERS,
  internal: { 12: 760, 13: 1212, 14: 1100 },
} as const;
/** Rows that G0 and C0 share, by name. */
export const G0_OWN: Derivation['own'] = {
  // Alarms, wake-up and tamper have one line.
  RTC: { model: 'rtc-v3', size: 0x400, irqs: [2], clock: 'APBENR1.RTCAPBEN', reset: 'BDCR.BDRST', backup: true, options: { clock: 'rtc' } },
  TAMP: { model: 'tamp-v1', size: 0x400, clock: 'APBENR1.RTCAPBEN', reset: 'BDCR.BDRST', backup: true },
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
  // ITLINE0 to 31 lie behind VREFBUF.
  SYSCFG: { model: 'syscfg-f0', size: 0x30, windows: [{ base: 0x40010080, size: 0x80 }], clock: 'APBENR2.SYSCFGEN', seesInterrupts: true },
  EXTI: {
    model: 'exti-v2',
    size: 0x400,
    irqs: [5, 6, 7, 1],
    options: {
      ports: 'ABCDEF',
      irqOfLine: [0, 0, 1, 1, ...Array<number>(12).fill(2), 3],
      lines: { 16: 'pvd' },
      event: 'cm0plus',
      asks: 'EXTI.asks',
    },
  },
  ADC: { model: 'adc-v2', size: 0x400, options: ADC },
  DAC1: { model: 'dac', size: 0x400, options: DAC_G0 },
};
/** Interrupt of each channel, as a place among the block's. */
export const DMA1_LINES = [0, 1, 1, 2, 2, 2, 2];
const OWN: Derivation['own'] = {
  ...G0_OWN,
  RCC: { model: 'rcc-g0', size: 0x400, irqs: [4], options: { usbOscillator: 'HSI48', usb: ['hsi48', 'hse', 'pllq'] } },
  DMA2: g0Dma('DMA2', 7, [0, 0, 0, 0, 0]),
  COMP: { model: 'comp' },
  VREFBUF: { model: 'vrefbuf', size: 0x50, clock: 'APBENR2.SYSCFGEN' },
  // Packet memory of 2 KB at 0x40009800. The line is shared with UCPD. Klipper and Katapult never set PWR_CR2.USV and are on USB on boards with this chip: the bit
  // cuts nothing off (reported; RM0444 4.4.2 says that it does).
  USB: {
    model: 'usb-drd',
    size: 0x400,
    windows: [{ base: 0x40009800, size: 0x800 }],
    options: { clock: 'usb', pmaOffset: 0x40009800 - 0x40005c00, supplyWire: null },
  },
};
/** The SVD has forgotten it; its registers are those of the STM32G431, the same block. */
const CRS: Row = {
  name: 'CRS',
  model: 'crs',
  base: 0x40006c00,
  size: 0x400,
  irqs: [4],
  clock: 'APBENR1.CRSEN',
  reset: 'APBRSTR1.CRSRST',
};

export interface G0Line {
  readonly name: string;
  readonly header: string;
  readonly generated: GeneratedFacts;
  readonly banks: 1 | 2;
  readonly nvicLines: number;
  /** Peripherals of the SVD that the line lacks. */
  readonly absent: readonly string[];
  /** Of DMA1 and DMA2 together. */
  readonly dmaChannels: number;
  readonly hsi48: boolean;
  readonly bootLock: boolean;
  readonly device: { readonly devId: number; readonly revId: number };
  /** `bytes`: left out = 28 KB. */
  readonly rom: Omit<RomReference, 'vectorTable' | 'range'> & { readonly table: string; readonly bytes?: number };
  readonly parameters?: Readonly<Record<string, Sourced<number>>>;
}

const ofSecr = (name: string): OptionByteRow => ({ field: `FLASH.SECR.${name}`, factory: known(0, FACTORY, 'reported') });
function optionBytes(line: G0Line): Readonly<Record<string, OptionByteRow>> {
  return {
    RDP: g0Optr('RDP', 0xaa),
    ...Object.fromEntries(G0_SET.map((name) => [name, g0Optr(name, 1)])),
    ...(line.banks === 2 ? { nSWAP_BANK: g0Optr('nSWAP_BANK', 1), DUAL_BANK: g0Optr('DUAL_BANK', 1) } : {}),
    ...(line.bootLock ? { BOOT_LOCK: ofSecr('BOOT_LOCK'), SEC_SIZE: ofSecr('SEC_SIZE') } : {}),
    ...(line.bootLock && line.banks === 2 ? { SEC_SIZE2: ofSecr('SEC_SIZE2') } : {}),
  };
}

const flash = (line: G0Line, part: PartSize): RowParts => ({
  model: 'flash-l4',
  size: 0x400,
  clock: 'AHBENR.FLASHEN',
  options: {
    memory: 'flash',
    base: 0x08000000,
    bankBytes: (part.flashKilobytes * 1024) / line.banks,
    banks: line.banks,
    pageBytes: 0x800,
    cacheless: true,
    infoMemory: 'info',
    infoBase: 0x1fff7000,
    uidOffset: 0x590,
    sizeOffset: 0x5e0,
    optionOffset: 0x800,
    flashKilobytes: part.flashKilobytes,
    // Write protection of no page: start behind end.
    optionRegisters: { OPTR: 0xfffffeaa, WRP1AR: 0x7f, WRP1BR: 0x7f, WRP2AR: 0x7f, WRP2BR: 0x7f, SECR: 0 },
    optionBytes: factoryValues(optionBytes(line)),
  },
});

function derivation(line: G0Line, part: PartSize): Derivation {
  const absent = new Set(line.absent);
  const own = Object.fromEntries(Object.entries(OWN).filter(([name]) => !absent.has(name)));
  return {
    behaviour: G0_BEHAVIOUR,
    // Inferred: CANable 2.5 asks DEV_ID on G0B1, Black Magic Probe on G03x and C0 (PR 1408), and neither has set DBGEN by then.
    own: {
      ...own,
      DMA1: g0Dma('DMA1', 0, DMA1_LINES.slice(0, line.dmaChannels)),
      FLASH: flash(line, part),
      DBGMCU: { model: 'dbgmcu', size: 0x400, clock: 'APBENR1.DBGEN', readsUnclocked: true, options: line.device },
    },
    covered: { DMAMUX: 'DMAMUX1', ...Object.fromEntries(line.absent.map((name) => [name, null])) },
    more: [
      ...(line.hsi48 && !absent.has('CRS') ? [CRS] : []),
      {
        name: 'DMAMUX1',
        model: 'dmamux',
        facts: 'DMAMUX',
        base: 0x40020800,
        size: 0x400,
        irqs: [11],
        clock: 'AHBENR.DMA1EN',
        options: { block: 'DMAMUX1', channels: line.dmaChannels, requests: G0_DMAMUX },
      },
    ],
  };
}

export const g0Memory = (name: string, base: number, size: number, more: Partial<MemoryRow>): MemoryRow => ({
  name,
  base,
  size,
  kind: 'flash',
  zone: 'user',
  waitStates: true,
  ...more,
});
const memories = (line: G0Line, part: PartSize): readonly MemoryRow[] => [
  g0Memory('flash', 0x08000000, part.flashKilobytes * 1024, { programmedBy: 'FLASH' }),
  g0Memory('rom', ROM_BASE, line.rom.bytes ?? ROM_BYTES, { kind: 'rom', zone: 'systemMemory' }),
  // OTP, identity and option bytes.
  g0Memory('info', 0x1fff7000, 0x1000, { zone: 'data', programmedBy: 'FLASH' }),
  // The second bank's part of the ROM; its contents are not published.
  ...(line.banks === 2 ? [g0Memory('rom2', 0x1fff8000, ROM_BYTES, { kind: 'rom', zone: 'systemMemory' })] : []),
  { name: 'sram', base: 0x20000000, size: 0x24000, kind: 'ram', zone: 'user' },
  // RM0444 Table 5.
  ...(line.absent.includes('FDCAN1') ? [] : [fdcanRam(0x4000b400, 2)]),
];

export const G0_PARAMETERS: Readonly<Record<string, Sourced<number>>> = {
  'hsi.hz': known(16_000_000, `${RM0444} 5.2.1`),
  'lsi.hz': known(32_000, DS, 'assumed'),
  'hsi48.hz': known(48_000_000, `${RM0444} 5.2.2`),
  'hse.hz': known(8_000_000, 'board default: 8 MHz crystal', 'assumed'),
  'lse.hz': known(32_768, 'public board files of NUCLEO-G071RB and NUCLEO-G0B1RE', 'reported'),
  // 1: the board feeds OSC_IN with a clock instead of a crystal.
  'hse.external': known(0, 'board default', 'assumed'),
  'lse.external': known(0, 'board default', 'assumed'),
  'hsi.start.ps': known(0.8 * US, DS, 'assumed'),
  'lsi.start.ps': known(80 * US, DS, 'assumed'),
  'hsi48.start.ps': known(2.5 * US, 'DS12589 r6 (STM32G431), same block', 'assumed'),
  'hse.start.ps': known(2 * MS, 'DS8626 r12 T32 (8 MHz crystal, F4)', 'assumed'),
  'hse.ready.clocks': known(512, 'RM0091 6.2.1 (F0)', 'assumed'),
  // Crystal and ready counter together.
  'lse.start.ps': known(600 * MS, 'micropython PR 1571, 1599 (F405 boards)', 'reported'),
  'lse.ready.clocks': known(4096, 'RM0091 6.2.5 (F0)', 'assumed'),
  'sysclk.switch.clocks': known(3, 'no figure published; clocks of the old and of the new source', 'assumed'),
  'pll.lock.ps': known(15 * US, DS, 'assumed'),
  'vos.ready.ps': known(20 * US, DS, 'assumed'),
  'regulator.main.ps': known(5 * US, DS, 'assumed'),
  'flash.program.ps': known(85 * US, DS, 'assumed'),
  'flash.erase.page.ps': known(22 * MS, DS, 'assumed'),
  'flash.erase.bank.ps': known(22.1 * MS, DS, 'assumed'),
  'flash.options.ps': known(23 * MS, 'no figure published; page erase and words', 'assumed'),
  'reset.pulse.ps': known(20 * US, 'RM0091 6.1 (F0): minimum on siblings', 'assumed'),
  'power.tempo.ps': known(500 * US, DS, 'assumed'),
  'stop.wakeup.ps': known(5 * US, DS, 'assumed'),
  'standby.wakeup.ps': known(14 * US, DS, 'assumed'),
  'vdd.volts': known(3.3, 'board default', 'assumed'),
  'vdda.volts': known(3.3, 'board default', 'assumed'),
  'vddio2.volts': known(3.3, 'board default', 'assumed'),
  'vddusb.volts': known(3.3, 'board default', 'assumed'),
  'pvm1.threshold.volts': known(1.2, 'as L4 (HAL-L4 pwr_ex)', 'assumed'),
  'vbat.volts': known(3.3, 'board default', 'assumed'),
  'boot0.level': known(0, 'board default', 'assumed'),
  'uid.0': known(0x0041002d, 'made up; ST programs it per part', 'assumed'),
  'uid.1': known(0x5031500c, 'made up; ST programs it per part', 'assumed'),
  'uid.2': known(0x20333735, 'made up; ST programs it per part', 'assumed'),
};
const CLOCKS: readonly string[] = [
  ...[
    'hsi',
    'hsiker',
    'hse',
    'hsi48',
    'lsi',
    'lse',
    'pllp',
    'pllq',
    'pllr',
    'sysclk',
    'hclk',
    'pclk1',
    'timpclk1',
    'systick-ext',
    'rtc',
    'usb',
  ],
  ...['usart1', 'usart2', 'usart3', 'lpuart1', 'lpuart2', 'i2c1', 'i2c2', 'lptim1', 'lptim2', 'adc', 'fdcan'],
];

/** A part of a line. */
export function g0Chip(line: G0Line, part: PartSize): ChipDescription {
  const { table, bytes = ROM_BYTES, ...figures } = line.rom;
  const rom: RomReference = {
    ...figures,
    vectorTable: known(ROM_BASE, `${AN2606} ${table}`),
    range: known([ROM_BASE, ROM_BASE + bytes - 1] as const, `${AN2606} ${table}`),
  };
  const make = (): MadeDescription => {
    const d = derivation(line, part);
    const blocks = deriveBlocks(line.generated, d);
    return {
      cores: [cortexM0Plus(line.nvicLines)],
      sources: sourcesOf(line.header, `ST SVD ${line.generated.svd}, corrected after ${RM0444} (tools/svd-fixes.ts)`),
      memories: withRam(memories(line, part), part.ram),
      blocks,
      clocks: CLOCKS,
      rcc: 'RCC',
      facts: line.hsi48 ? withFacts(loadFacts(line.generated), { CRS: loadFacts(g431)['CRS']! }) : loadFacts(line.generated),
      covered: coveredBy(d),
      parameters: { ...G0_PARAMETERS, ...line.parameters },
      boot: line.bootLock ? [G0_LOCKED, ...G0_BOOT] : G0_BOOT,
      remap: { base: 0, wire: 'remap', shows: { 0: 'flash', 1: 'rom', 2: 'flash', 3: 'sram' } },
      optionBytes: optionBytes(line),
      resetFlags: { clear: 'RCC.CSR.RMVF', flags: resetFlagRows('RCC.CSR', { PWRRSTF: POWER_CAUSES }, { optionBytes: true }) },
      rom,
      maxHclkHz: known({ 'Range 1': 64_000_000, 'Range 2': 16_000_000 }, `${RM0444} 4.1.4`),
      flashCache: known(
        { lineBytes: 8, rowBytes: 16, codeRows: 0, dataRows: 0 } as const,
        `${RM0444} 3.3.4: 64-bit reads, prefetch buffer; the instruction cache of two such lines is left out`,
        'reported',
      ),
      flashLatency: known(
        {
          'Range 1': [
            [24, 0],
            [48, 1],
            [64, 2],
          ],
          'Range 2': [
            [8, 0],
            [16, 1],
          ],
        },
        `${RM0444} 3.3.4`,
        'reported',
      ),
    };
  };
  return lazyChip(part.name, 'STM32G0', make, rom);
}

const HEADER = 'STMicroelectronics/cmsis_device_g0:Include';
const NO_ACCESS = 'no USB in this ROM';
/** Beside USB, what only G0B1 and G0C1 have. */
const VALUE_LINE = [
  'UCPD1',
  'UCPD2',
  'FDCAN1',
  'FDCAN2',
  'HDMI_CEC',
  'DAC1',
  'LPUART1',
  'LPUART2',
  'LPTIM1',
  'LPTIM2',
  'COMP',
  'VREFBUF',
  'TIM2',
];
const SMALL = ['USB', 'TIM4', 'SPI3', 'USART5', 'USART6', 'LPUART2', 'I2C3', 'FDCAN1', 'FDCAN2', 'DMA2', 'GPIOE', 'CRS'];

export const G0B1: G0Line = {
  name: 'STM32G0B1',
  header: `${HEADER}/stm32g0b1xx.h`,
  generated: g0b1,
  banks: 2,
  nvicLines: 32,
  absent: [],
  dmaChannels: 12,
  hsi48: true,
  bootLock: true,
  device: { devId: 0x467, revId: 0x1000 },
  rom: {
    id: 'stm32g0b1',
    table: 'Table 111',
    ramUse: known([{ base: 0x20000000, size: 0x4000 }], `${AN2606} Table 111`),
    versions: known(['V9.2'], `${AN2606} Table 112`),
    startUpMs: known(0.39, `${AN2606} Table 227`),
    usbConnectMs: known(300, `${AN2606} Table 229`),
  },
};
export const G0C1: G0Line = { ...G0B1, name: 'STM32G0C1', header: `${HEADER}/stm32g0c1xx.h` };
export const G0B0: G0Line = {
  ...G0B1,
  name: 'STM32G0B0',
  header: `${HEADER}/stm32g0b0xx.h`,
  absent: [...VALUE_LINE, 'CRS'],
  hsi48: false,
  bootLock: false,
  rom: {
    id: 'stm32g0b0',
    table: 'Table 109',
    ramUse: known([{ base: 0x20000000, size: 0x4000 }], `${AN2606} Table 109`),
    versions: known(['V13.0'], `${AN2606} Table 110`),
    startUpMs: known(0.39, `${AN2606} Table 227`),
    usbConnectMs: known(300, `${AN2606} Table 229 has no row; that of G0B1`, 'assumed'),
  },
};
export const G071: G0Line = {
  ...G0B1,
  name: 'STM32G071',
  header: `${HEADER}/stm32g071xx.h`,
  banks: 1,
  absent: SMALL,
  dmaChannels: 7,
  hsi48: false,
  device: { devId: 0x460, revId: 0x2000 },
  rom: {
    id: 'stm32g070',
    table: 'Table 107',
    ramUse: known([{ base: 0x20000000, size: 0x3000 }], `${AN2606} Table 107`),
    versions: known(['V11.0', 'V11.1', 'V11.2', 'V11.3', 'V11.4'], `${AN2606} Table 108`),
    startUpMs: known(0.39, `${AN2606} Table 227`),
    usbConnectMs: known(0, NO_ACCESS),
  },
};
export const G081: G0Line = { ...G071, name: 'STM32G081', header: `${HEADER}/stm32g081xx.h` };
export const G070: G0Line = {
  ...G071,
  name: 'STM32G070',
  header: `${HEADER}/stm32g070xx.h`,
  absent: [...new Set([...SMALL, ...VALUE_LINE])],
  bootLock: false,
};
const SMALLER = [...SMALL, 'USART3', 'USART4', 'HDMI_CEC', 'UCPD1', 'UCPD2'];
export const G051: G0Line = {
  ...G071,
  name: 'STM32G051',
  header: `${HEADER}/stm32g051xx.h`,
  absent: SMALLER,
  device: { devId: 0x456, revId: 0x1000 },
  rom: {
    id: 'stm32g050',
    table: 'Table 113',
    bytes: 0x2000,
    ramUse: known([{ base: 0x20000000, size: 0x1000 }], `${AN2606} Table 113`),
    versions: known(['V5.0', 'V5.1'], `${AN2606} Table 114`),
    startUpMs: known(0.39, `${AN2606} Table 227`),
    usbConnectMs: known(0, NO_ACCESS),
  },
};
export const G061: G0Line = { ...G051, name: 'STM32G061', header: `${HEADER}/stm32g061xx.h` };
export const G050: G0Line = {
  ...G051,
  name: 'STM32G050',
  header: `${HEADER}/stm32g050xx.h`,
  absent: [...new Set([...SMALLER, ...VALUE_LINE])],
  bootLock: false,
};
const SMALLEST = [...SMALLER, 'TIM6', 'TIM7', 'TIM15', 'DAC1', 'COMP'];
export const G031: G0Line = {
  ...G071,
  name: 'STM32G031',
  header: `${HEADER}/stm32g031xx.h`,
  absent: SMALLEST,
  dmaChannels: 5,
  device: { devId: 0x466, revId: 0x1000 },
  rom: {
    id: 'stm32g030',
    table: 'Table 105',
    bytes: 0x2000,
    ramUse: known([{ base: 0x20000000, size: 0x1000 }], `${AN2606} Table 105`),
    versions: known(['V5.1', 'V5.2', 'V5.3', 'V5.4'], `${AN2606} Table 106`),
    startUpMs: known(0.39, `${AN2606} Table 227`),
    usbConnectMs: known(0, NO_ACCESS),
  },
};
export const G041: G0Line = { ...G031, name: 'STM32G041', header: `${HEADER}/stm32g041xx.h` };
export const G030: G0Line = {
  ...G031,
  name: 'STM32G030',
  header: `${HEADER}/stm32g030xx.h`,
  absent: [...new Set([...SMALLEST, ...VALUE_LINE])],
  bootLock: false,
};

export const STM32G0B1RE = g0Chip(G0B1, { name: 'STM32G0B1RE', flashKilobytes: 512 });
export const STM32G0B0RE = g0Chip(G0B0, { name: 'STM32G0B0RE', flashKilobytes: 512 });
export const STM32G070RB = g0Chip(G070, { name: 'STM32G070RB', flashKilobytes: 128, ram: [{ base: 0x20000000, size: 0x9000 }] });
export const STM32G030K8 = g0Chip(G030, { name: 'STM32G030K8', flashKilobytes: 64, ram: [{ base: 0x20000000, size: 0x2000 }] });
export const STM32G050K8 = g0Chip(G050, { name: 'STM32G050K8', flashKilobytes: 64, ram: [{ base: 0x20000000, size: 0x4800 }] });
