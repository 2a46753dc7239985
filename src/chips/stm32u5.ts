/**
 * STM32U575 and U585 (TrustZone off): H5's core and blocks of the same versions around another RCC, PWR and FLASH, with L4's OTG_FS. Registers of the blocks that are alike are
 * those of the H533's SVD. Data only; facts and their sources as in the chip's fact sheet.
 */
import type { BootCondition, BootRule, ChipDescription, LatencyTable, OptionByteRow, Sourced } from '../emu/chip.ts';
import { MS, US } from '../emu/time.ts';
import {
  can,
  cards,
  coveredBy,
  deriveBlocks,
  fdcanRam,
  gpioOnVddio2,
  memoryPorts,
  display,
  timers,
  usarts,
  type Behaviour,
  type Derivation,
} from './derive.ts';
import { loadFacts, madeOnDemand, withFacts } from './facts.ts';
import generated from './generated/stm32u575.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import { sram } from './l4-class.ts';
import { OTG_FS_L496 } from './otg-fs.ts';
import type { PartSize } from './parts.ts';
import { ADC_INJECTED_TRIGGERS, ADC_TRIGGERS, DAC_H, misoOf, U5_GPDMA, U5_LPDMA } from './requests.ts';
import { AN2606, backupSram, factoryValues, known, optionByte, NO_ROM_AT_LEVEL_2, POWER_CAUSES, resetFlagRows, sourcesOf } from './rows.ts';
import { STM32H533RE } from './stm32h533.ts';
import { USB_PINS } from './usb-pins.ts';

const TABLE = `${AN2606} Table 217`;
const PATTERN = `${AN2606} Table 2, pattern 12`;
const RM0456 = 'RM0456 (recalled)';
const DS13737 = 'DS13737 (STM32U575), recalled';
const DS_H743 = 'DS12110 r10 (STM32H743), as for H5';
const ROM_BASE = 0x0bf90000;
const INFO_BASE = 0x0bfa0000;

export interface U5Line {
  readonly name: string;
  /** Rows of the U575's SVD that it lacks. */
  readonly absent: readonly string[];
}
/** AES is in none of the SVDs. */
export const U575: U5Line = { name: 'STM32U575', absent: ['SAES', 'PKA', 'OTFDEC1', 'OTFDEC2'] };
export const U585: U5Line = { name: 'STM32U585', absent: [] };

/** Blocks of H533 whose registers these have: the same version of the IP (stm32-data). */
const ALIKE: readonly (readonly [RegExp, (name: string) => string])[] = [
  [/^TIM[18]$/, () => 'TIM1'],
  // All of 32 bits.
  [/^TIM[2345]$/, () => 'TIM2'],
  [/^TIM[67]$/, () => 'TIM6'],
  [/^TIM15$/, (name) => name],
  [/^SPI\d$/, () => 'SPI1'],
  [/^US?ART\d$/, () => 'USART1'],
  [/^I2C\d$/, () => 'I2C1'],
  [/^LPTIM[1234]$/, () => 'LPTIM1'],
  [/^(WWDG|LPUART1|FDCAN1|CRC|RNG|ICACHE|RTC|VREFBUF|DAC1)$/, (name) => name],
];
const alikeOf = (name: string): string | undefined => ALIKE.find(([of]) => of.test(name))?.[1](name);

const OPTR = 'production value 0x1FEFF8AA (RM0456, recalled)';
const optr = (name: string, value: number): OptionByteRow => optionByte('OPTR', name, known(value, OPTR, 'reported'));
const SET = [
  ...['nRST_STOP', 'nRST_STDBY', 'nRST_SHDW', 'SRAM1345_RST', 'IWDG_SW', 'IWDG_STOP', 'IWDG_STDBY', 'WWDG_SW', 'DUALBANK', 'BKPRAM_ECC'],
  ...['SRAM3_ECC', 'SRAM2_ECC', 'SRAM2_RST', 'nSWBOOT0', 'nBOOT0', 'PA15_PUPEN'],
];
const NONE = 'no page protected (RM0456 production value, recalled)';
/** An area that begins behind its end holds nothing. */
const WRITE_PROTECTION = Object.fromEntries(
  ['1A', '1B', '2A', '2B'].flatMap((area) =>
    (
      [
        ['PSTRT', 0x7f],
        ['PEND', 0],
        ['UNLOCK', 1],
      ] as const
    ).map(([field, value]): [string, OptionByteRow] => {
      const name = field === 'UNLOCK' ? `WRP${area}_UNLOCK` : `WRP${area}_${field}`;
      return [name, { field: `FLASH.WRP${area}R.${field === 'UNLOCK' ? field : name}`, factory: known(value, NONE, 'reported') }];
    }),
  ),
);
const OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  RDP: optr('RDP', 0xaa),
  BOR_LEV: optr('BOR_LEV', 0),
  ...Object.fromEntries(SET.map((name) => [name, optr(name, 1)])),
  ...Object.fromEntries(['SWAP_BANK', 'IO_VDD_HSLV', 'IO_VDDIO2_HSLV', 'TZEN'].map((name) => [name, optr(name, 0)])),
  NSBOOTADD0: { field: 'FLASH.NSBOOTADD0R.NSBOOTADD0', factory: known(0x08000000 >>> 7, `${RM0456}; ${AN2606}`, 'reported') },
  NSBOOTADD1: { field: 'FLASH.NSBOOTADD1R.NSBOOTADD1', factory: known(ROM_BASE >>> 7, `${RM0456}; ${AN2606}`, 'reported') },
  ...WRITE_PROTECTION,
};

/** BOOT0 by its pin or, with nSWBOOT0 = 0, by the inverted option bit. */
const boot0 = (level: 0 | 1): readonly (readonly BootCondition[])[] => [
  [
    { signal: 'field:FLASH.OPTR.nSWBOOT0', is: [1] },
    { signal: 'pin:BOOT0', is: [level] },
  ],
  [
    { signal: 'field:FLASH.OPTR.nSWBOOT0', is: [0] },
    { signal: 'field:FLASH.OPTR.nBOOT0', is: [1 - level] },
  ],
];
const address = (i: 0 | 1): string => `FLASH.NSBOOTADD${i}R.NSBOOTADD${i}`;
const boots = (i: 0 | 1): readonly BootRule[] =>
  boot0(i).flatMap((when): readonly BootRule[] => [
    {
      when: [...when, { signal: `field:${address(i)}`, is: [ROM_BASE >>> 7] }],
      boots: 'system',
      vectors: ROM_BASE,
      source: PATTERN,
      confidence: 'documented',
    },
    { when, boots: 'user', vectors: { field: address(i), shift: 7 }, source: PATTERN, confidence: 'documented' },
  ]);
const BOOT: readonly BootRule[] = [
  {
    when: [{ signal: 'field:FLASH.OPTR.RDP', is: [0xcc] }],
    boots: 'user',
    vectors: { field: address(0), shift: 7 },
    source: NO_ROM_AT_LEVEL_2,
    confidence: 'documented',
  },
  ...boots(1),
  ...boots(0),
];

const lower = (name: string): string => name.toLowerCase();
const BEHAVIOUR: readonly Behaviour[] = [
  gpioOnVddio2('PWR.SVMCR.IO2SV'),
  timers(['TIM2', 'TIM3', 'TIM4', 'TIM5']),
  can,
  cards,
  memoryPorts,
  display,
  usarts(lower, { fifoDepth: 8 }),
  ({ name }) =>
    /^SPI\d$/.test(name)
      ? {
          model: 'spi-h7',
          options: { block: name, clock: lower(name), fifoBytes: name === 'SPI3' ? 8 : 16, miso: misoOf(Number(name.at(-1))) },
        }
      : null,
  ({ name }) => (/^I2C\d$/.test(name) ? { model: 'i2c-v2', options: { clock: lower(name) } } : null),
  ({ name }) => (/^LPTIM[1234]$/.test(name) ? { model: 'lptim', options: { clock: /[34]$/.test(name) ? 'lptim34' : lower(name) } } : null),
];
const ADC = { clock: 'adc', bus: 'hclk' };
const GTZC = { clock: 'AHB1ENR.GTZC1EN' };
const GTZC2 = { clock: 'AHB3ENR.GTZC2EN' };
const RTC_DOMAIN = { clock: 'APB3ENR.RTCAPBEN', reset: 'BDCR.BDRST', backup: true } as const;
const OWN: Derivation['own'] = {
  WWDG: { model: 'wwdg-v2', options: { clock: 'pclk1' } },
  IWDG: { model: 'iwdg-v3', worksInStandby: true },
  CRS: { model: 'crs', irqs: [74] },
  CORDIC: { model: 'cordic' },
  CRC: { model: 'crc' },
  DCACHE: { model: 'dcache' },
  RAMCFG: {
    model: 'ramcfg',
    options: {
      memories: { 1: ['sram1', 0x30000], 2: ['sram2', 0x10000], 3: ['sram3', 0x80000], 4: ['sram4', 0x4000], 5: ['bkpsram', 0x800] },
    },
  },
  TSC: { model: 'tsc' },
  ICACHE: { model: 'icache', options: { clock: 'hclk' } },
  RNG: { model: 'rng', options: { clock: 'rng', slowest: 32 } },
  HASH: { model: 'hash' },
  DAC1: { model: 'dac', options: DAC_H },
  COMP: { model: 'comp' },
  OPAMP1: { model: 'opamp' },
  VREFBUF: { model: 'vrefbuf', clock: 'APB3ENR.VREFEN', reset: 'APB3RSTR.VREFRST' },
  GPDMA1: { model: 'gpdma', options: { channels: 16, requests: U5_GPDMA } },
  LPDMA1: { model: 'gpdma', options: { channels: 4, requests: U5_LPDMA } },
  OTG_FS: { model: 'usb-otg-fs', size: 0x40000, options: { fifoWords: 320, clock: 'usb', busClock: 'hclk', pins: USB_PINS } },
  // Its lock bits are those of H5's SBS.
  SYSCFG: { model: 'sbs-h5' },
  RTC: { model: 'rtc-v3', irqs: [2], ...RTC_DOMAIN, options: { clock: 'rtc' } },
  TAMP: { model: 'tamp-v1', ...RTC_DOMAIN },
  PWR: { model: 'pwr-u5' },
  RCC: { model: 'rcc-u5', irqs: [9] },
  // Lines 0–15 are the pins' own interrupts, in order; the 17th entry is line 16 (PVD, PVM).
  EXTI: {
    model: 'exti-v2',
    irqs: [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 1],
    options: { lines: { 16: 'pvd' }, event: 'cm33' },
  },
  DBGMCU: { model: 'dbgmcu', options: { devId: 0x482, revId: 0x3001 } },
  GTZC1_TZSC: GTZC,
  GTZC1_TZIC: GTZC,
  GTZC2_TZSC: GTZC2,
  GTZC2_TZIC: GTZC2,
  ADC1: {
    model: 'adc-v2',
    size: 0x300,
    options: {
      ...ADC,
      block: 'ADC1',
      version: 'u5',
      index: 0,
      ccr: 'adc12.ccr',
      triggers: ADC_TRIGGERS,
      injectedTriggers: ADC_INJECTED_TRIGGERS,
      // VREFINT, VBAT / 4, the temperature sensor at 30 °C (DS13737, recalled).
      internal: { 0: 1215, 18: 825, 19: 760 },
    },
  },
  ADC12_COMMON: {
    model: 'adc-common-v2',
    size: 0x100,
    clock: 'AHB2ENR1.ADC12EN',
    reset: 'AHB2RSTR1.ADC12RST',
    options: { converters: ['ADC1'], ccr: 'adc12.ccr' },
  },
  ADC4: { model: 'adc-v2', options: { ...ADC, block: 'ADC4', version: 'u5-adc4', index: 1, internal: { 0: 1215, 13: 760, 14: 825 } } },
};

function derivation(line: U5Line, part: PartSize): Derivation {
  const flash = {
    memory: 'flash',
    base: 0x08000000,
    bankBytes: part.flashKilobytes * 512,
    pageBytes: 0x2000,
    infoMemory: 'info',
    infoBase: INFO_BASE,
    uidOffset: 0x700,
    sizeOffset: 0x7a0,
    flashKilobytes: part.flashKilobytes,
    // Reserved bits that are set in a new part.
    optionRegisters: {
      OPTR: 0x800,
      NSBOOTADD0R: 0x7f,
      NSBOOTADD1R: 0x7f,
      SECBOOTADD0R: 0x0c00007c,
      SECWM1R1: 0xff80ffff,
      SECWM2R1: 0xff80ffff,
    },
    optionBytes: factoryValues(OPTION_BYTES),
  };
  return {
    behaviour: BEHAVIOUR,
    own: { ...OWN, FLASH: { model: 'flash-u5', options: flash } },
    // The message RAM is memory; without TrustZone nothing protects RAM.
    covered: Object.fromEntries([
      ...['FDCANRAM', ...line.absent].map((name) => [name, null] as const),
      ...generated.peripherals.filter((p) => /MPCBB/.test(p.name)).map((p) => [p.name, null] as const),
    ]),
  };
}

const FLASH_LATENCY: Sourced<LatencyTable> = known(
  {
    'Range 1': [
      [32, 0],
      [64, 1],
      [96, 2],
      [128, 3],
      [160, 4],
    ],
    'Range 2': [
      [30, 0],
      [60, 1],
      [90, 2],
      [110, 3],
    ],
    'Range 3': [
      [24, 0],
      [48, 1],
      [55, 2],
    ],
    'Range 4': [
      [12, 0],
      [25, 1],
    ],
  },
  `${RM0456} 7.3.3, LPM = 0`,
  'reported',
);

const OF_H5 =
  /^(lse|hsi48|hse\.(start|ready)|sysclk|icache|reset\.pulse|power\.tempo|pll\.lock\.(ps|fractional)|vdd|vdda|vddio2|vddusb|vbat|boot0|uid|lsi)\b/;
const parameters = (): ChipDescription['parameters'] => ({
  ...Object.fromEntries(Object.entries(STM32H533RE.parameters).filter(([name]) => OF_H5.test(name))),
  'hsi48.hz': known(48_000_000, 'STMicroelectronics/stm32u5xx_hal_driver@e41e0c5:Inc/stm32u5xx_ll_rcc.h'),
  'lse.hz': known(32_768, 'STMicroelectronics/stm32u5xx_hal_driver@e41e0c5:Inc/stm32u5xx_ll_rcc.h'),
  'lse.external': known(0, 'board default', 'assumed'),
  'hsi.hz': known(16_000_000, `${RM0456} 11.4.2`, 'reported'),
  'hsi.start.ps': known(0.8 * US, DS13737, 'assumed'),
  'msis.start.ps': known(5 * US, DS13737, 'assumed'),
  'msik.start.ps': known(5 * US, DS13737, 'assumed'),
  'msi.lock.ps': known(500 * US, 'as L476 (DS10198)', 'assumed'),
  'shsi.hz': known(48_000_000, `${RM0456} 11.4.4`, 'reported'),
  'shsi.start.ps': known(2.5 * US, DS13737, 'assumed'),
  // NUCLEO-U575ZI-Q has no HSE by default.
  'hse.external': known(0, 'board default', 'assumed'),
  'pll.lock.ps': known(50 * US, DS_H743, 'assumed'),
  'vos.ready.ps': known(20 * US, DS13737, 'assumed'),
  'boost.ready.ps': known(15 * US, DS13737, 'assumed'),
  'regulator.switch.ps': known(20 * US, 'no figure published', 'assumed'),
  'vddusb.threshold.volts': known(1.2, 'HAL-U5 hal_pwr_ex.h', 'reported'),
  'vddio2.threshold.volts': known(0.9, 'HAL-U5 hal_pwr_ex.h', 'reported'),
  'vdda.threshold.volts': known(1.8, 'HAL-U5 hal_pwr_ex.h (the higher of two)', 'reported'),
  'flash.program.ps': known(118 * US, DS13737, 'assumed'),
  'flash.program.burst.ps': known(390 * US, DS13737, 'assumed'),
  'flash.erase.page.ps': known(1.5 * MS, DS13737, 'assumed'),
  'flash.erase.bank.ps': known(195 * MS, DS13737, 'assumed'),
  'flash.options.ps': known(5 * MS, 'no figure published; page erase and words', 'assumed'),
  'stop.wakeup.ps': known(5 * US, DS13737, 'assumed'),
  'standby.wakeup.ps': known(60 * US, DS13737, 'assumed'),
});

const CLOCKS_OF_H5 =
  /^(hse|hsi|hsi48|lsi|lse|sysclk|hclk|pclk[123]|timpclk[12]|systick-ext|rtc|usb|rng|usart[123]|uart[45]|lpuart1|spi[123]|i2c[123]|lptim[12]|adc|fdcan|pll[123][pqr])$/;

export function u5Chip(line: U5Line, part: PartSize): ChipDescription {
  const rom: NonNullable<ChipDescription['rom']> = {
    id: 'stm32u575',
    vectorTable: known(ROM_BASE, TABLE),
    range: known([ROM_BASE, ROM_BASE + 0xffff] as const, TABLE),
    ramUse: known([{ base: 0x20000000, size: 0x4000 }], TABLE),
    versions: known(['V9.2', 'V9.3'], `${AN2606} Table 219`),
    startUpMs: known(0.39, `${AN2606} Table 227`),
    usbConnectMs: known(300, `${AN2606} Table 229`),
  };
  const make = (): MadeDescription => {
    const like = STM32H533RE;
    const d = derivation(line, part);
    const flash = { kind: 'flash', zone: 'user', programmedBy: 'FLASH', waitStates: true } as const;
    return {
      cores: [{ ...like.cores[0]!, nvicLines: 126 }],
      sources: sourcesOf(
        'STMicroelectronics/cmsis_device_u5:Include/stm32u575xx.h',
        `ST SVD ${generated.svd}; that of STM32H533 for blocks of the same version (stm32-data)`,
      ),
      memories: [
        // Both banks in one: FLASH exchanges their contents when SWAP_BANK changes.
        { name: 'flash', base: 0x08000000, size: part.flashKilobytes * 1024, ...flash },
        { name: 'rom', base: ROM_BASE, size: 0x10000, kind: 'rom', zone: 'systemMemory', waitStates: true },
        // OTP, identity.
        { name: 'info', base: INFO_BASE, size: 0x1000, ...flash, zone: 'data' },
        sram('sram1', 0x20000000, 192),
        sram('sram2', 0x20030000, 64),
        sram('sram3', 0x20040000, 512),
        sram('sram4', 0x28000000, 16),
        fdcanRam(0x4000ac00, 1),
        backupSram(0x800, 'AHB1ENR.BKPSRAMEN'),
      ],
      blocks: deriveBlocks(generated, d),
      covered: coveredBy(d),
      clocks: [...like.clocks.filter((name) => CLOCKS_OF_H5.test(name)), 'msis', 'msik', 'shsi', 'lsesys', 'i2c4', 'lptim34'],
      rcc: 'RCC',
      facts: withFacts(
        loadFacts({ ...generated, peripherals: generated.peripherals.filter((p) => alikeOf(p.name) === undefined && p.name !== 'OTG_FS') }),
        madeOnDemand(() => ({
          OTG_FS: OTG_FS_L496,
          ...Object.fromEntries(
            generated.peripherals.flatMap(({ name }) => {
              const facts = alikeOf(name);
              return facts === undefined ? [] : [[name, like.facts[facts]!]];
            }),
          ),
        })),
      ),
      parameters: parameters(),
      boot: BOOT,
      optionBytes: OPTION_BYTES,
      resetFlags: { clear: 'RCC.CSR.RMVF', flags: resetFlagRows('RCC.CSR', { BORRSTF: POWER_CAUSES }, { optionBytes: true }) },
      rom,
      maxHclkHz: known(
        { 'Range 1': 160_000_000, 'Range 2': 110_000_000, 'Range 3': 55_000_000, 'Range 4': 25_000_000 },
        `${RM0456} 10.5.4`,
        'reported',
      ),
      flashLatency: FLASH_LATENCY,
    };
  };
  return lazyChip(part.name, 'STM32U5', make, rom);
}

export const STM32U575ZI = u5Chip(U575, { name: 'STM32U575ZI', flashKilobytes: 2048 });
