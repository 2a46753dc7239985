/** STM32F411RE. Data only; rows that the F405 has too are in stm32f4.ts. */
import type { ChipDescription } from '../emu/chip.ts';
import { F411_FACTS } from './f4-registers.ts';
import { OTG_FS_F4 } from './otg-fs.ts';
import { AN2606, known, sourcesOf, cortexM4F } from './rows.ts';
import {
  F4_BLOCKS,
  F4_BOOT,
  F4_CLOCKS,
  F4_FLASH_CACHE,
  F4_PARAMETERS,
  F4_REMAP,
  F4_RESET_FLAGS,
  f4Flash,
  f4MassErase,
  f4Memories,
  f4OptionBytes,
  f4Port,
  f4Spi,
  f4Timers,
} from './stm32f4.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_f4@cdbad76:Include/stm32f411xe.h';
const FLASH_KB = 512;
const OPTION_BYTES = f4OptionBytes(8);

export const STM32F411RE: ChipDescription = {
  name: 'STM32F411RE',
  family: 'STM32F4',
  cores: [cortexM4F(86)],
  sources: sourcesOf(CMSIS, 'RM0383 register tables, RM0090 where both agree; OTG_FS: RM0090, core 2.81a'),
  memories: [...f4Memories(FLASH_KB), { name: 'sram1', base: 0x20000000, size: 0x20000, kind: 'ram', zone: 'user' }],
  blocks: [
    ...F4_BLOCKS,
    ...f4Timers([1, 2, 3, 4, 5, 9, 10, 11]),
    ...[...'ABCDEH'].map(f4Port),
    f4Spi(4, 0x40013400, 84, 2),
    f4Spi(5, 0x40015000, 85, 2),
    // Without PLL the regulator stays at scale 3.
    {
      name: 'PWR',
      model: 'pwr-f4',
      base: 0x40007000,
      size: 0x400,
      clock: 'APB1ENR.PWREN',
      reset: 'APB1RSTR.PWRRST',
      options: { scaleWithoutPll: 1 },
    },
    f4Flash(FLASH_KB, OPTION_BYTES),
    { name: 'DBGMCU', model: 'dbgmcu', base: 0xe0042000, size: 0x400, options: { devId: 0x431, revId: 0x1000 } },
  ],
  clocks: F4_CLOCKS,
  rcc: 'RCC',
  facts: { ...F411_FACTS, OTG_FS: OTG_FS_F4 },
  parameters: { ...F4_PARAMETERS, ...f4MassErase(8000, 5500, 4000) },
  boot: F4_BOOT,
  remap: F4_REMAP,
  optionBytes: OPTION_BYTES,
  resetFlags: { clear: 'RCC.CSR.RMVF', flags: F4_RESET_FLAGS },
  rom: {
    id: 'stm32f411',
    vectorTable: known(0x1fff0000, `${AN2606} Table 83`),
    range: known([0x1fff0000, 0x1fff77ff] as const, 'RM0383: 30 KB of system memory, 29 of them used (AN2606)'),
    ramUse: known([{ base: 0x20000000, size: 0x3000 }], `${AN2606} Table 83`),
    versions: known(['V13.0'], `${AN2606} Table 84`),
    startUpMs: known(74.5, `${AN2606} Table 227`),
    usbConnectMs: known(250, `${AN2606} Table 229`),
  },
  maxHclkHz: known({ 'Scale 3': 64_000_000, 'Scale 2': 84_000_000, 'Scale 1': 100_000_000 }, 'DS10314 T14, recalled', 'assumed'),
  flashCache: F4_FLASH_CACHE,
  flashLatency: known(
    {
      'Scale 1': [
        [30, 0],
        [64, 1],
        [90, 2],
        [100, 3],
      ],
      'Scale 2': [
        [30, 0],
        [64, 1],
        [84, 2],
      ],
      'Scale 3': [
        [30, 0],
        [64, 1],
      ],
    },
    'RM0383 Table 5 (VDD 2.7 to 3.6 V), recalled',
    'assumed',
  ),
};
