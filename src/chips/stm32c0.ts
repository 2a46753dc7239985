/**
 * STM32C071, and C011 and C031 (no USB): G0's blocks without PLL, voltage scales and backup domain; HSI of 48 MHz, USB from an oscillator of its own. Rows from the SVD of C071. Data only; facts and their sources as
 * in the chips' fact sheets.
 */
import type { ChipDescription, OptionByteRow, RomReference, Sourced } from '../emu/chip.ts';
import { US } from '../emu/time.ts';
import { coveredBy, deriveBlocks, usarts, type Derivation } from './derive.ts';
import { loadFacts } from './facts.ts';
import generated from './generated/stm32c071.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import { withRam, type PartSize } from './parts.ts';
import { C0_ADC_TRIGGERS, G0_DMAMUX } from './requests.ts';
import { AN2606, cortexM0Plus, factoryValues, known, POWER_CAUSES, resetFlagRows, sourcesOf, type RowParts } from './rows.ts';
import {
  DMA1_LINES,
  G0_BEHAVIOUR,
  G0_BOOT,
  G0_LOCKED,
  G0_OWN,
  G0_PARAMETERS,
  G0_SET,
  g0Dma,
  g0Memory,
  g0Optr,
  ROM_BASE,
  ROM_BYTES,
} from './stm32g0.ts';

const RM0490 = 'RM0490';
const DS = 'DS14693 (STM32C071), recalled';

const OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  RDP: g0Optr('RDP', 0xaa),
  ...Object.fromEntries(G0_SET.map((name) => [name, g0Optr(name, 1)])),
  BOOT_LOCK: { field: 'FLASH.SECR.BOOT_LOCK', factory: known(0, 'as G0', 'assumed') },
  SEC_SIZE: { field: 'FLASH.SECR.SEC_SIZE', factory: known(0, 'as G0', 'assumed') },
};
const flash = (part: PartSize): RowParts => ({
  model: 'flash-l4',
  size: 0x400,
  clock: 'AHBENR.FLASHEN',
  options: {
    memory: 'flash',
    base: 0x08000000,
    bankBytes: part.flashKilobytes * 1024,
    banks: 1,
    pageBytes: 0x800,
    cacheless: true,
    infoMemory: 'info',
    infoBase: 0x1fff7000,
    uidOffset: 0x550,
    sizeOffset: 0x5a0,
    optionOffset: 0x800,
    flashKilobytes: part.flashKilobytes,
    // Write protection of no page: start behind end.
    optionRegisters: { OPTR: 0xffeffeaa, WRP1AR: 0x3f, WRP1BR: 0x3f, SECR: 0 },
    optionBytes: factoryValues(OPTION_BYTES),
  },
});
/** The temperature sensor's 0.76 V at channel 9, VREFINT 1.212 V at 10: RM0490 16.3.7, DS14693 (recalled: reported). */
const ADC = {
  block: 'ADC1',
  version: 'g0',
  clock: 'adc',
  bus: 'pclk1',
  triggers: C0_ADC_TRIGGERS,
  internal: { 9: 760, 10: 1212 },
} as const;

export interface C0Line {
  readonly name: string;
  readonly header: string;
  /** Peripherals of the SVD that the line lacks. */
  readonly absent: readonly string[];
  readonly dmaChannels: number;
  readonly devId: number;
  readonly rom: Omit<RomReference, 'vectorTable' | 'range'> & { readonly table: string; readonly bytes: number };
}
const derivation = (line: C0Line, part: PartSize): Derivation => ({
  // The second USART and I2C run from their bus alone.
  behaviour: [
    usarts((name) => (name === 'USART2' ? 'pclk1' : name.toLowerCase()), { fifoDepth: 8 }),
    (p) => (p.name === 'I2C2' ? { model: 'i2c-v2', size: 0x400, options: { clock: 'pclk1', errorLine: 0 } } : null),
    ...G0_BEHAVIOUR,
  ],
  own: {
    ...G0_OWN,
    RTC: { ...G0_OWN['RTC'], reset: 'CSR1.RTCRST' },
    RCC: { model: 'rcc-g0', size: 0x400, irqs: [4], options: { usbOscillator: 'HSIUSB48', usb: ['hsi48', 'hse'] } },
    CRS: { model: 'crs', size: 0x400, irqs: [4] },
    DMA1: g0Dma('DMA1', 0, DMA1_LINES.slice(0, line.dmaChannels)),
    ADC1: { model: 'adc-v2', size: 0x30c, options: ADC },
    // Packet memory of 2 KB at 0x40009800; the supply has no bit that declares it valid.
    USB: {
      model: 'usb-drd',
      size: 0x400,
      windows: [{ base: 0x40009800, size: 0x800 }],
      options: { clock: 'usb', pmaOffset: 0x40009800 - 0x40005c00, supplyWire: null },
    },
    FLASH: flash(part),
    // Inferred, as on G0.
    DBGMCU: { model: 'dbgmcu', size: 0x400, clock: 'APBENR1.DBGEN', readsUnclocked: true, options: { devId: line.devId, revId: 0x1000 } },
  },
  covered: { DMAMUX: 'DMAMUX1', ...Object.fromEntries(line.absent.map((name) => [name, null])) },
  more: [
    {
      name: 'DMAMUX1',
      model: 'dmamux',
      facts: 'DMAMUX',
      base: 0x40020800,
      size: 0x400,
      irqs: [11],
      clock: 'AHBENR.DMA1EN',
      options: { block: 'DMAMUX1', channels: line.dmaChannels, requests: { ...G0_DMAMUX, 5: 'adc1.dma' } },
    },
  ],
});

const PARAMETERS: Readonly<Record<string, Sourced<number>>> = {
  ...G0_PARAMETERS,
  'hsi.hz': known(48_000_000, `${RM0490} 6.2.1`),
  'hsi48.hz': known(48_000_000, `${RM0490} 6.2.2`),
  'hsi.start.ps': known(1 * US, DS, 'assumed'),
};
const CLOCKS: readonly string[] = [
  ...['hsi', 'hsiker', 'hse', 'hsi48', 'lsi', 'lse', 'sysclk', 'hclk', 'pclk1', 'timpclk1', 'systick-ext', 'rtc', 'usb'],
  ...['usart1', 'i2c1', 'adc'],
];

/** A part of a line. */
export function c0Chip(line: C0Line, part: PartSize): ChipDescription {
  const { table, bytes, ...figures } = line.rom;
  const rom: RomReference = {
    ...figures,
    vectorTable: known(ROM_BASE, `${AN2606} ${table}`),
    range: known([ROM_BASE, ROM_BASE + bytes - 1] as const, `${AN2606} ${table}`),
  };
  const make = (): MadeDescription => {
    const d = derivation(line, part);
    return {
      cores: [cortexM0Plus(32)],
      sources: sourcesOf(`STMicroelectronics/cmsis_device_c0:Include/${line.header}`, `ST SVD ${generated.svd}`),
      memories: withRam(
        [
          g0Memory('flash', 0x08000000, part.flashKilobytes * 1024, { programmedBy: 'FLASH' }),
          g0Memory('rom', ROM_BASE, bytes, { kind: 'rom', zone: 'systemMemory' }),
          // OTP, identity and option bytes.
          g0Memory('info', 0x1fff7000, 0x1000, { zone: 'data', programmedBy: 'FLASH' }),
          { name: 'sram', base: 0x20000000, size: 0x6000, kind: 'ram', zone: 'user' },
        ],
        part.ram,
      ),
      blocks: deriveBlocks(generated, d),
      clocks: CLOCKS,
      rcc: 'RCC',
      facts: loadFacts(generated),
      covered: coveredBy(d),
      parameters: PARAMETERS,
      boot: [G0_LOCKED, ...G0_BOOT],
      remap: { base: 0, wire: 'remap', shows: { 0: 'flash', 1: 'rom', 2: 'flash', 3: 'sram' } },
      optionBytes: OPTION_BYTES,
      resetFlags: { clear: 'RCC.CSR2.RMVF', flags: resetFlagRows('RCC.CSR2', { PWRRSTF: POWER_CAUSES }, { optionBytes: true }) },
      rom,
      maxHclkHz: known({ all: 48_000_000 }, `${RM0490} 6.2`),
      flashCache: known(
        { lineBytes: 8, rowBytes: 16, codeRows: 0, dataRows: 0 } as const,
        `${RM0490} 4.3: 64-bit reads, prefetch buffer; the instruction cache of two such lines is left out`,
        'reported',
      ),
      flashLatency: known(
        {
          all: [
            [24, 0],
            [48, 1],
          ],
        },
        `${RM0490} 4.3.4`,
        'reported',
      ),
    };
  };
  return lazyChip(part.name, 'STM32C0', make, rom);
}

export const C071: C0Line = {
  name: 'STM32C071',
  header: 'stm32c071xx.h',
  absent: [],
  dmaChannels: 5,
  devId: 0x493,
  rom: {
    id: 'stm32c071',
    table: 'Table 16',
    bytes: ROM_BYTES,
    ramUse: known([{ base: 0x20000000, size: 0x2300 }], `${AN2606} Table 16`),
    versions: known(['V13.1'], `${AN2606} Table 17`),
    startUpMs: known(2.358, `${AN2606} Table 227`),
    usbConnectMs: known(552, `${AN2606} Table 229`),
  },
};
const NO_USB = known(0, 'no USB in this ROM');
const SMALL = ['TIM2', 'SPI2', 'I2C2', 'USB', 'CRS'];
export const C031: C0Line = {
  name: 'STM32C031',
  header: 'stm32c031xx.h',
  absent: SMALL,
  dmaChannels: 3,
  devId: 0x453,
  rom: {
    id: 'stm32c031',
    table: 'Table 12',
    bytes: 0x1800,
    ramUse: known([{ base: 0x20000000, size: 0xe00 }], `${AN2606} Table 12`),
    versions: known(['V5.2'], `${AN2606} Table 13`),
    startUpMs: known(2.1, `${AN2606} Table 227`),
    usbConnectMs: NO_USB,
  },
};
export const C011: C0Line = {
  ...C031,
  name: 'STM32C011',
  header: 'stm32c011xx.h',
  absent: [...SMALL, 'GPIOD'],
  devId: 0x443,
  rom: {
    ...C031.rom,
    id: 'stm32c011',
    table: 'Table 10',
    ramUse: known([{ base: 0x20000000, size: 0xe00 }], `${AN2606} Table 10`),
    versions: known(['V5.1'], `${AN2606} Table 11`),
  },
};

export const STM32C071RB = c0Chip(C071, { name: 'STM32C071RB', flashKilobytes: 128 });
export const STM32C031C6 = c0Chip(C031, { name: 'STM32C031C6', flashKilobytes: 32, ram: [{ base: 0x20000000, size: 0x3000 }] });
export const STM32C011F6 = c0Chip(C011, { name: 'STM32C011F6', flashKilobytes: 32, ram: [{ base: 0x20000000, size: 0x1800 }] });
