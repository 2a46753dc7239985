/** STM32F72x, F74x, F76x and their twins: a line's description from what it has of its own. Blocks are F4's but for the ones below. Data only. */
import { DWT_LAR, ITM_LAR } from '../emu/core/arm/debug-registers.ts';
import type { BootRule, ChipDescription, MemoryRow, OptionByteRow, RomReference, Sourced } from '../emu/chip.ts';
import type { BlockFacts, RegisterFact } from '../emu/registers.ts';
import {
  can,
  cards,
  coveredBy,
  deriveBlocks,
  ethernet,
  gpio,
  memoryPorts,
  display,
  spi,
  usarts,
  type Behaviour,
  type Derivation,
} from './derive.ts';
import { fieldsOf, loadFacts, withFacts, withRegister, type GeneratedFacts } from './facts.ts';
import f722 from './generated/stm32f722.json' with { type: 'json' };
import f746 from './generated/stm32f746.json' with { type: 'json' };
import f767 from './generated/stm32f767.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import { OTG_FS_F7, OTG_FS_L496, OTG_FS_PULL_UPS, OTG_HS_F7 } from './otg-fs.ts';
import { withRam, type PartSize } from './parts.ts';
import { AN2606, factoryValues, known, NO_ROM_AT_LEVEL_2, sourcesOf, withOptions, type Unmodelled } from './rows.ts';
import {
  BKPSRAM,
  F2_F4_OWN,
  F2_F4_RESET_FLAGS,
  F4_PARAMETERS,
  f4Adc,
  F4_OTG_HS,
  f4OtgFs,
  f4Sram,
  f4Timer,
  massErase,
  otgParts,
} from './stm32f4.ts';

type Runs = readonly (readonly [count: number, kilobytes: number])[];

export interface F7Line {
  readonly name: string;
  readonly generated: GeneratedFacts;
  readonly header: string;
  readonly manual: string;
  readonly nvicLines: number;
  /** The FPU has double precision: DS11532 (F76x). Single alone: DS10916 (F74x), DS11853 (F72x). */
  readonly doubles?: boolean;
  readonly dwtLock: Sourced<readonly number[]>;
  /** Tightly-coupled data RAM, SRAM1 and SRAM2 in KB. */
  readonly ram: readonly [dtcm: number, sram1: number, sram2: number];
  /** Sectors of the flash as one bank. */
  readonly sectors: Runs;
  /** nDBANK and nDBOOT. */
  readonly twoBanks?: boolean;
  /** AN2606, chapter of F74x and F75x: they boot from system memory at read protection level 2 too. */
  readonly romAtLevel2?: boolean;
  readonly wrp: number;
  /** OTP: where, and blocks of 32 bytes. */
  readonly otp: { readonly base: number; readonly blocks: number; readonly uid: number; readonly size: number };
  readonly otg: BlockFacts;
  readonly otgHs?: BlockFacts;
  readonly absent: readonly string[];
  readonly device: { readonly devId: number; readonly revId: number };
  readonly rom: {
    readonly id: string;
    readonly table: string;
    readonly versions: Sourced<readonly string[]>;
    readonly startUpMs: Sourced<number>;
    readonly usbConnectMs: Sourced<number>;
  };
}

const HEADER = 'STMicroelectronics/cmsis_device_f7:Include';
const FACTORY = 'RM0385, RM0410, RM0431: reset values of FLASH_OPTCR and OPTCR1';
const optcr = (name: string, value: number): OptionByteRow => ({ field: `FLASH.OPTCR.${name}`, factory: known(value, FACTORY) });
const optionBytes = (line: F7Line): Readonly<Record<string, OptionByteRow>> => ({
  RDP: optcr('RDP', 0xaa),
  BOR_LEV: optcr('BOR_LEV', 3),
  WWDG_SW: optcr('WWDG_SW', 1),
  IWDG_SW: optcr('IWDG_SW', 1),
  nRST_STOP: optcr('nRST_STOP', 1),
  nRST_STDBY: optcr('nRST_STDBY', 1),
  IWDG_STOP: optcr('IWDG_STOP', 1),
  IWDG_STDBY: optcr('IWDG_STDBY', 1),
  nWRP: optcr('nWRP', 2 ** line.wrp - 1),
  ...(line.twoBanks ? { nDBANK: optcr('nDBANK', 1), nDBOOT: optcr('nDBOOT', 1) } : {}),
  BOOT_ADD0: { field: 'FLASH.OPTCR1.BOOT_ADD0', factory: known(0x0080, FACTORY) },
  BOOT_ADD1: { field: 'FLASH.OPTCR1.BOOT_ADD1', factory: known(0x0040, FACTORY) },
});

/** System memory as BOOT_ADDx names it: 0x00100000. */
const SYSTEM = 0x0040;
const CORE = 'cm7';
const ROM_ON_ITCM = 0x00100000;
const address = (i: 0 | 1): string => `field:FLASH.OPTCR1.BOOT_ADD${i}`;
const boots = (i: 0 | 1, source: string): readonly BootRule[] => [
  {
    when: [
      { signal: 'pin:BOOT0', is: [i] },
      { signal: address(i), is: [SYSTEM] },
    ],
    boots: 'system',
    vectors: ROM_ON_ITCM,
    source,
    confidence: 'documented',
  },
  {
    when: [{ signal: 'pin:BOOT0', is: [i] }],
    boots: 'user',
    vectors: { field: `FLASH.OPTCR1.BOOT_ADD${i}`, shift: 14 },
    source,
    confidence: 'documented',
  },
];
function bootRules(line: F7Line): readonly BootRule[] {
  const source = `${AN2606} Table 2, pattern ${line.twoBanks ? 9 : 8}`;
  const level2: BootRule = {
    when: [{ signal: 'field:FLASH.OPTCR.RDP', is: [0xcc] }],
    boots: 'user',
    vectors: { field: 'FLASH.OPTCR1.BOOT_ADD0', shift: 14 },
    source: NO_ROM_AT_LEVEL_2,
    confidence: 'documented',
  };
  // With nDBANK = nDBOOT = 0 the ROM's own first steps choose the bank.
  const twoBanks: BootRule = {
    when: [
      { signal: 'field:FLASH.OPTCR.nDBANK', is: [0] },
      { signal: 'field:FLASH.OPTCR.nDBOOT', is: [0] },
    ],
    boots: 'system',
    vectors: ROM_ON_ITCM,
    source,
    confidence: 'documented',
  };
  return [...(line.romAtLevel2 ? [] : [level2]), ...(line.twoBanks ? [twoBanks] : []), ...boots(1, source), ...boots(0, source)];
}

const { options: _ofItsModel, ...F4_OTG_HS_PLACE } = F4_OTG_HS;
/** TIM5_OR (RM0385 23.4.20, RM0410 26.4.22), which the SVDs of F74x and F76x lack. */
const TIM5_OR: RegisterFact = { name: 'OR', offset: 0x50, size: 4, reset: 0, writable: 0xc0, fields: fieldsOf('TI4_RMP:6:2') };
/** F72x: half the parts have a high-speed transceiver inside, which has no behaviour here. */
const OTG_HS_WITHOUT_MODEL: Unmodelled = { ...F4_OTG_HS_PLACE, model: null, facts: 'OTG_HS_GLOBAL' };

/** The regulator and the PLL of that transceiver, registers alone (stm32f723xx.h, documented); reset values and a regulator that is ready from the start are assumed. */
const USBPHYC: Unmodelled = {
  name: 'USBPHYC',
  model: null,
  base: 0x40017c00,
  size: 0x400,
  clock: 'APB2ENR.USBPHYCEN',
  reset: 'APB2RSTR.USBPHYCRST',
};
const USBPHYC_FACTS: BlockFacts = {
  name: 'USBPHYC',
  registers: [
    { name: 'PLL1', offset: 0, size: 4, reset: 0, writable: 0xf, fields: fieldsOf('PLL1EN:0 PLL1SEL:1:3') },
    { name: 'TUNE', offset: 0xc, size: 4, reset: 0, writable: 0x7fffff, fields: [] },
    { name: 'LDO', offset: 0x18, size: 4, reset: 3, writable: 4, fields: fieldsOf('LDO_USED:0 LDO_STATUS:1 LDO_DISABLE:2') },
  ],
};

/** Blocks with a kernel clock that DCKCFGR2 selects. */
const KERNEL_CLOCKED: readonly Behaviour[] = [
  usarts((name) => name.toLowerCase()),
  (p) => (/^I2C\d$/.test(p.name) ? { model: 'i2c-v2', size: 0x400, options: { clock: p.name.toLowerCase() } } : null),
  (p) => (p.name === 'LPTIM1' ? { model: 'lptim', size: 0x400, options: { clock: 'lptim1' } } : null),
];

function derivation(line: F7Line, part: PartSize): Derivation {
  const { RNG, RTC, WWDG, IWDG, EXTI, CRC, RCC, DMA1, DMA2, ADC_Common, DAC } = F2_F4_OWN;
  const halves: Runs = [
    [4, 16],
    [1, 64],
    [7, 128],
  ];
  return {
    behaviour: [
      gpio,
      can,
      cards,
      memoryPorts,
      display,
      ethernet('AHB1'),
      f4Timer,
      ...KERNEL_CLOCKED,
      spi,
      (p) => (/^ADC\d$/.test(p.name) ? f4Adc(Number(p.name.at(-1))) : null),
    ],
    own: {
      RTC: RTC!,
      WWDG: WWDG!,
      IWDG: withOptions(IWDG!, 'iwdg-v3', { clock: 'lsi', syncTicks: 5, syncToPrescaler: false, dividers: [4, 8, 16, 32, 64, 128, 256] }),
      EXTI: withOptions(EXTI!, 'exti-v1', { event: CORE }),
      CRC: CRC!,
      RCC: RCC!,
      DMA1: DMA1!,
      DMA2: DMA2!,
      ADC_Common: ADC_Common!,
      DAC: DAC!,
      ...(RNG ? { RNG } : {}),
      PWR: { model: 'pwr-f7', size: 0x400 },
      SYSCFG: { model: 'syscfg-f7', size: 0x400 },
      DBGMCU: { model: 'dbgmcu', size: 0x400, options: line.device },
      FLASH: {
        model: 'flash-f4',
        size: 0x400,
        options: {
          memory: 'flash',
          base: 0x08000000,
          bytes: part.flashKilobytes * 1024,
          sectors: line.sectors,
          ...(line.twoBanks ? { banks: { when: { field: 'OPTCR.nDBANK', value: 0 }, sectors: halves } } : {}),
          infoMemory: 'info',
          infoBase: line.otp.base,
          otpBlocks: line.otp.blocks,
          uidOffset: line.otp.uid - line.otp.base,
          sizeOffset: line.otp.size - line.otp.base,
          optionMemory: 'options',
          flashKilobytes: part.flashKilobytes,
          optionBytes: factoryValues(optionBytes(line)),
        },
      },
    },
    covered: {
      ...otgParts('OTG_FS', 'OTG_FS'),
      ...otgParts('OTG_HS', 'OTG_HS'),
      ...Object.fromEntries(line.absent.map((name) => [name, null])),
    },
    more: [f4OtgFs({ pullUps: OTG_FS_PULL_UPS }), ...(line.otgHs ? [F4_OTG_HS] : [OTG_HS_WITHOUT_MODEL, USBPHYC])],
  };
}

function memories(line: F7Line, part: PartSize): readonly MemoryRow[] {
  const [dtcm, sram1, sram2] = line.ram;
  const at = 0x20000000;
  return [
    // RM0385, RM0410, RM0431 2.1: on ports of the core's own, which its caches do not serve.
    { name: 'itcm', base: 0, size: 0x4000, kind: 'ram', zone: 'user', core: CORE },
    { ...f4Sram('dtcm', at, dtcm), core: CORE },
    f4Sram('sram1', at + dtcm * 1024, sram1),
    f4Sram('sram2', at + (dtcm + sram1) * 1024, sram2),
    BKPSRAM,
    // Over AXI, and over ITCM with the ART.
    {
      name: 'flash',
      base: 0x08000000,
      size: part.flashKilobytes * 1024,
      kind: 'flash',
      zone: 'user',
      programmedBy: 'FLASH',
      waitStates: true,
      aliases: [0x00200000],
    },
    {
      name: 'rom',
      base: 0x1ff00000,
      size: line.otp.base < 0x1ff0edc0 ? 0x7800 : 0xedc0,
      kind: 'rom',
      zone: 'systemMemory',
      waitStates: true,
      aliases: [ROM_ON_ITCM],
    },
    { name: 'info', base: line.otp.base, size: 0x600, kind: 'flash', zone: 'data', programmedBy: 'FLASH', waitStates: true },
    { name: 'options', base: 0x1fff0000, size: 0x30, kind: 'flash', zone: 'data', waitStates: true },
  ];
}

const waits = (...mhz: readonly number[]): readonly (readonly [number, number])[] => mhz.map((m, i) => [m, i] as const);

// eslint-disable-next-line max-lines-per-function -- a table: the description of a chip, row by row
export function f7Chip(line: F7Line, part: PartSize): ChipDescription {
  const { table, ...figures } = line.rom;
  const rom: RomReference = {
    ...figures,
    vectorTable: known(0x1ff00000, `${AN2606} ${table}`),
    range: known([0x1ff00000, line.otp.base < 0x1ff0edc0 ? 0x1ff077ff : 0x1ff0edbf] as const, `${AN2606} Table 226, cut where OTP begins`),
    ramUse: known([{ base: 0x20000000, size: 0x4000 }], `${AN2606} ${table}`),
  };
  // eslint-disable-next-line max-lines-per-function -- a table: the description of a chip, row by row
  const make = (): MadeDescription => {
    const d = derivation(line, part);
    const kernels = line.generated.peripherals.filter((p) => /^(US?ART\d|I2C\d|LPTIM1)$/.test(p.name)).map((p) => p.name.toLowerCase());
    return {
      cores: [
        {
          name: CORE,
          type: line.doubles ? 'cortex-m7f' : 'cortex-m7f-sp',
          nvicLines: line.nvicLines,
          priorityBits: 4,
          mpuRegions: 8,
          dwtLock: line.dwtLock,
          clock: 'hclk',
          sysTickClock: 'systick-ext',
          lineFill: {
            clock: 'hclk',
            cycles: known(6, 'no figure published: address, interconnect, memory, first of four beats', 'assumed'),
          },
        },
      ],
      sources: sourcesOf(line.header, `ST SVD ${line.generated.svd}, corrected after ${line.manual} (tools/svd-fixes.ts); OTG_FS: RM0351`),
      memories: withRam(memories(line, part), part.ram),
      blocks: deriveBlocks(line.generated, d),
      clocks: [
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
        ...kernels,
      ],
      rcc: 'RCC',
      facts: withFacts(withRegister(loadFacts(line.generated), 'TIM5', TIM5_OR), {
        OTG_FS: line.otg,
        ...(line.otgHs ? { OTG_HS: line.otgHs } : { USBPHYC: USBPHYC_FACTS }),
      }),
      covered: coveredBy(d),
      parameters: {
        ...F4_PARAMETERS,
        ...massErase(16000, 11000, 8000),
        'flash.erase.32k.x8.ps': F4_PARAMETERS['flash.erase.16k.x8.ps']!,
        'flash.erase.32k.x16.ps': F4_PARAMETERS['flash.erase.16k.x16.ps']!,
        'flash.erase.32k.x32.ps': F4_PARAMETERS['flash.erase.16k.x32.ps']!,
        'flash.erase.256k.x8.ps': F4_PARAMETERS['flash.erase.128k.x8.ps']!,
        'flash.erase.256k.x16.ps': F4_PARAMETERS['flash.erase.128k.x16.ps']!,
        'flash.erase.256k.x32.ps': F4_PARAMETERS['flash.erase.128k.x32.ps']!,
      },
      boot: bootRules(line),
      optionBytes: optionBytes(line),
      resetFlags: { clear: 'RCC.CSR.RMVF', flags: F2_F4_RESET_FLAGS },
      rom,
      maxHclkHz: known(
        { 'Scale 3': 144_000_000, 'Scale 2': 180_000_000, 'Scale 1': 216_000_000 },
        'RM0385 4.1.4, recalled; with over-drive',
        'assumed',
      ),
      flashLatency: known(
        {
          'Scale 1': waits(30, 60, 90, 120, 150, 180, 210, 216),
          'Scale 2': waits(30, 60, 90, 120, 150, 180),
          'Scale 3': waits(30, 60, 90, 120, 144),
        },
        'RM0385 Table 7 (VDD 2.7 to 3.6 V), recalled',
        'assumed',
      ),
    };
  };
  return lazyChip(part.name, 'STM32F7', make, rom);
}

const OTP_F74X = { base: 0x1ff0f000, blocks: 32, uid: 0x1ff0f420, size: 0x1ff0f442 } as const;
/** No manual of ST names it. F745, F746, F767 and F769 need DWT_LAR; F722 takes the ITM's as well (betaflight #11006). The H7's M7 counts without (stm32h745.ts). */
const DWT_LOCK = known([DWT_LAR], 'betaflight #11006, cortex-m #144, rtic #184, libtrace #2', 'reported');
const DWT_LOCK_F72 = known([ITM_LAR, DWT_LAR], 'betaflight #11006', 'reported');

export const F746: F7Line = {
  name: 'STM32F746',
  dwtLock: DWT_LOCK,
  generated: f746,
  header: `${HEADER}/stm32f746xx.h`,
  manual: 'RM0385',
  nvicLines: 98,
  romAtLevel2: true,
  ram: [64, 240, 16],
  sectors: [
    [4, 32],
    [1, 128],
    [3, 256],
  ],
  wrp: 8,
  otp: OTP_F74X,
  otg: OTG_FS_F7,
  otgHs: OTG_HS_F7,
  absent: ['CRYP', 'HASH'],
  device: { devId: 0x449, revId: 0x1001 },
  rom: {
    id: 'stm32f746',
    table: 'configuration tables of F74x/75x',
    versions: known(['V7.0', 'V9.0'], `${AN2606}, version tables of F74x/75x`),
    startUpMs: known(16.63, `${AN2606} Table 227`),
    usbConnectMs: known(230, `${AN2606} Table 229`),
  },
};
export const F756: F7Line = { ...F746, name: 'STM32F756', header: `${HEADER}/stm32f756xx.h`, absent: [] };
export const F767: F7Line = {
  name: 'STM32F767',
  dwtLock: DWT_LOCK,
  generated: f767,
  header: `${HEADER}/stm32f767xx.h`,
  manual: 'RM0410',
  nvicLines: 110,
  doubles: true,
  ram: [128, 368, 16],
  sectors: [
    [4, 32],
    [1, 128],
    [7, 256],
  ],
  twoBanks: true,
  wrp: 12,
  otp: OTP_F74X,
  otg: OTG_FS_F7,
  otgHs: OTG_HS_F7,
  absent: ['CRYP', 'HASH', 'DSIHOST'],
  device: { devId: 0x451, revId: 0x1001 },
  rom: {
    id: 'stm32f767',
    table: 'configuration table of F76x/77x',
    versions: known(['V9.3'], `${AN2606}, version table of F76x/77x`),
    startUpMs: known(16.63, `${AN2606} Table 227 has no row; F74x's figure`, 'assumed'),
    usbConnectMs: known(230, `${AN2606} Table 229 has no row; F74x's figure`, 'assumed'),
  },
};
/** With the DSI host, and with CRYP and HASH (RM0410 table 1). */
export const F769: F7Line = { ...F767, name: 'STM32F769', header: `${HEADER}/stm32f769xx.h`, absent: ['CRYP', 'HASH'] };
export const F777: F7Line = { ...F767, name: 'STM32F777', header: `${HEADER}/stm32f777xx.h`, absent: ['DSIHOST'] };
export const F779: F7Line = { ...F767, name: 'STM32F779', header: `${HEADER}/stm32f779xx.h`, absent: [] };
export const F722: F7Line = {
  name: 'STM32F722',
  dwtLock: DWT_LOCK_F72,
  generated: f722,
  header: `${HEADER}/stm32f722xx.h`,
  manual: 'RM0431',
  nvicLines: 104,
  ram: [64, 176, 16],
  sectors: [
    [4, 16],
    [1, 64],
    [3, 128],
  ],
  // The header has eight sectors; the field in the SVD is as wide as F76x's.
  wrp: 12,
  otp: { base: 0x1ff07800, blocks: 16, uid: 0x1ff07a10, size: 0x1ff07a22 },
  otg: OTG_FS_L496,
  absent: ['CRYP'],
  device: { devId: 0x452, revId: 0x1000 },
  rom: {
    id: 'stm32f722',
    table: 'configuration table of F72x/73x',
    versions: known(['V9.0'], `${AN2606}, version table of F72x/73x`),
    startUpMs: known(17.93, `${AN2606} Table 227`),
    usbConnectMs: known(320, `${AN2606} Table 229`),
  },
};
export const STM32F722RE = f7Chip(F722, { name: 'STM32F722RE', flashKilobytes: 512 });
export const STM32F746ZG = f7Chip(F746, { name: 'STM32F746ZG', flashKilobytes: 1024 });
export const STM32F767ZI = f7Chip(F767, { name: 'STM32F767ZI', flashKilobytes: 2048 });
