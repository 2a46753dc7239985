/**
 * STM32C071: G0's blocks without PLL, voltage scales and backup domain; HSI of 48 MHz, USB from an oscillator of its own. Rows from its SVD. Data only; facts and their sources as
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
const derivation = (part: PartSize): Derivation => ({
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
    DMA1: g0Dma('DMA1', 0, [0, 1, 1, 2, 2]),
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
    DBGMCU: { model: 'dbgmcu', size: 0x400, clock: 'APBENR1.DBGEN', readsUnclocked: true, options: { devId: 0x493, revId: 0x1000 } },
  },
  covered: { DMAMUX: 'DMAMUX1' },
  more: [
    {
      name: 'DMAMUX1',
      model: 'dmamux',
      facts: 'DMAMUX',
      base: 0x40020800,
      size: 0x400,
      irqs: [11],
      clock: 'AHBENR.DMA1EN',
      options: { block: 'DMAMUX1', channels: 5, requests: { ...G0_DMAMUX, 5: 'adc1.dma' } },
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

/** A part of the line. */
export function c071Chip(part: PartSize): ChipDescription {
  const rom: RomReference = {
    id: 'stm32c071',
    vectorTable: known(ROM_BASE, `${AN2606} Table 16`),
    range: known([ROM_BASE, ROM_BASE + ROM_BYTES - 1] as const, `${AN2606} Table 16`),
    ramUse: known([{ base: 0x20000000, size: 0x2300 }], `${AN2606} Table 16`),
    versions: known(['V13.1'], `${AN2606} Table 17`),
    startUpMs: known(2.358, `${AN2606} Table 227`),
    usbConnectMs: known(552, `${AN2606} Table 229`),
  };
  const make = (): MadeDescription => {
    const d = derivation(part);
    return {
      cores: [cortexM0Plus(32)],
      sources: sourcesOf('STMicroelectronics/cmsis_device_c0:Include/stm32c071xx.h', `ST SVD ${generated.svd}`),
      memories: withRam(
        [
          g0Memory('flash', 0x08000000, part.flashKilobytes * 1024, { programmedBy: 'FLASH' }),
          g0Memory('rom', ROM_BASE, ROM_BYTES, { kind: 'rom', zone: 'systemMemory' }),
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
export const STM32C071RB = c071Chip({ name: 'STM32C071RB', flashKilobytes: 128 });
