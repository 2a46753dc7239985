/** STM32L496ZG. Data only; rows that the L476 has too are in stm32l4.ts. */
import type { BootCondition, ChipDescription, OptionByteRow } from '../emu/chip.ts';
import { US } from '../emu/time.ts';
import { loadFacts, withFacts } from './facts.ts';
import { OTG_FS_L496 } from './otg-fs.ts';
import generated from './generated/stm32l496.json' with { type: 'json' };
import { AN2606, known, sourcesOf, cortexM4F, bootsRom } from './rows.ts';
import {
  bus,
  HAL_L4,
  l4Boot,
  l4Flash,
  l4I2c,
  l4Memories,
  l4Otg,
  L4_BLOCKS,
  L4_CLOCKS,
  L4_COVERED,
  L4_FLASH_CACHE,
  L4_LATENCY,
  L4_MAX_HCLK,
  L4_OPTION_BYTES,
  L4_PARAMETERS,
  L4_REMAP,
  L4_RESET_FLAGS,
  port,
} from './stm32l4.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_l4@a253075:Include/stm32l496xx.h';
const SVD = 'ST SVD STM32L496 v1.8';
const PATTERN6 = `${AN2606} Table 2, pattern 6`;
const FLASH_KB = 1024;
const FACTORY = 'ST production value 0xFFEFF8AA in public debugger sources (Black Magic Debug stm32l4.c)';

const OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  ...L4_OPTION_BYTES,
  nSWBOOT0: { field: 'FLASH.OPTR.nSWBOOT0', factory: known(1, FACTORY, 'reported') },
  nBOOT0: { field: 'FLASH.OPTR.nBOOT0', factory: known(1, FACTORY, 'reported') },
};

/** BOOT0 is the pin PH3 or, with nSWBOOT0 = 0, the inverted option bit. */
const BOOT0: readonly (readonly BootCondition[])[] = [
  [
    { signal: 'field:FLASH.OPTR.nSWBOOT0', is: [1] },
    { signal: 'pin:BOOT0', is: [1] },
  ],
  [
    { signal: 'field:FLASH.OPTR.nSWBOOT0', is: [0] },
    { signal: 'field:FLASH.OPTR.nBOOT0', is: [0] },
  ],
];
const EMPTY = bootsRom(
  0x1fff0000,
  [{ signal: 'flash:empty', is: [1] }],
  `${PATTERN6} has it; against it: ST's HAL dropped FLASH_SR.PEMPTY for L496 because the bit does not exist there`,
  'inferred',
);

export const STM32L496ZG: ChipDescription = {
  name: 'STM32L496ZG',
  family: 'STM32L4',
  line: 'STM32L496',
  cores: [cortexM4F(91)],
  sources: sourcesOf(CMSIS, SVD),
  memories: [
    ...l4Memories(FLASH_KB),
    { name: 'sram1', base: 0x20000000, size: 0x40000, kind: 'ram', zone: 'user' },
    { name: 'sram2', base: 0x10000000, size: 0x10000, kind: 'ram', zone: 'user', aliases: [0x20040000] },
  ],
  blocks: [
    {
      name: 'RTC',
      model: 'rtc-v3',
      base: 0x40002800,
      size: 0x400,
      // EXTI drives these lines for it.
      irqs: [41, 3, 2],
      clock: 'APB1ENR1.RTCAPBEN',
      reset: 'BDCR.BDRST',
      backup: true,
      options: { clock: 'rtc' },
    },
    ...L4_BLOCKS,
    l4Otg(),
    port('I'),
    { name: 'CRS', model: 'crs', base: 0x40006000, size: 0x400, irqs: [82], clock: 'APB1ENR1.CRSEN', reset: 'APB1RSTR1.CRSRST' },
    {
      ...bus('CAN2', 0x40006800, [86, 87, 88, 89], 'APB1ENR1', 'APB1RSTR1'),
      model: 'bxcan',
      options: { clock: 'pclk1', filters: 'borrows' },
    },
    l4I2c(4, 0x40008400, [83, 84], 'APB1ENR2', 'APB1RSTR2'),
    l4Flash(FLASH_KB, OPTION_BYTES),
    { name: 'RCC', model: 'rcc-l4', base: 0x40021000, size: 0x400, irqs: [5], options: { pllPdiv: true, pllInput: [4e6, 16e6] } },
    { ...bus('DMA2D', 0x4002b000, [90], 'AHB1ENR', 'AHB1RSTR', 0xc00), model: 'dma2d' },
    bus('DCMI', 0x50050000, [85], 'AHB2ENR', 'AHB2RSTR'),
    { name: 'DBGMCU', model: 'dbgmcu', base: 0xe0042000, size: 0x400, options: { devId: 0x461, revId: 0x2000 } },
  ],
  clocks: [...L4_CLOCKS, 'hsi48', 'i2c4'],
  rcc: 'RCC',
  facts: withFacts(loadFacts(generated), { OTG_FS: OTG_FS_L496 }),
  covered: L4_COVERED,
  parameters: {
    ...L4_PARAMETERS,
    'hsi48.hz': known(48_000_000, `${HAL_L4}:Inc/stm32l4xx_hal_conf_template.h`),
    'hsi48.start.ps': known(2.5 * US, 'DS12589 r6 (STM32G431), same block', 'assumed'),
  },
  boot: l4Boot(PATTERN6, BOOT0, [EMPTY]),
  remap: L4_REMAP,
  optionBytes: OPTION_BYTES,
  resetFlags: { clear: 'RCC.CSR.RMVF', flags: L4_RESET_FLAGS },
  rom: {
    id: 'stm32l496',
    vectorTable: known(0x1fff0000, `${AN2606} Table 172`),
    range: known([0x1fff0000, 0x1fff6fff] as const, `${AN2606} Table 172`),
    ramUse: known([{ base: 0x20000000, size: 0x3000 }], `${AN2606} Table 172`),
    versions: known(['V9.3'], `${AN2606} Table 173`),
    startUpMs: known(76.93, `${AN2606} Table 227`),
    usbConnectMs: known(430, `${AN2606} Table 229`),
  },
  maxHclkHz: L4_MAX_HCLK,
  flashCache: L4_FLASH_CACHE,
  flashLatency: L4_LATENCY,
};

/** In the SVD, which serves the whole line, but not in this part: they are L4A6's. */
export const STM32L496_ABSENT: readonly string[] = ['AES', 'HASH'];
