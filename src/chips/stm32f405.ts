/** STM32F405RG. Data only; rows that the F411 has too are in stm32f4.ts. */
import type { ChipDescription } from '../emu/chip.ts';
import { F405_FACTS } from './f4-registers.ts';
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
  f4Adc,
  f4Flash,
  f4MassErase,
  f4Memories,
  f4OptionBytes,
  f4Plain,
  f4Port,
  f4Timers,
  f4Usart,
} from './stm32f4.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_f4@cdbad76:Include/stm32f405xx.h';
const FLASH_KB = 1024;
const OPTION_BYTES = f4OptionBytes(12);

export const STM32F405RG: ChipDescription = {
  name: 'STM32F405RG',
  family: 'STM32F4',
  cores: [cortexM4F(82)],
  sources: sourcesOf(CMSIS, 'RM0090 register tables; OTG_FS: RM0090, core 2.81a'),
  memories: [
    ...f4Memories(FLASH_KB),
    { name: 'sram1', base: 0x20000000, size: 0x1c000, kind: 'ram', zone: 'user' },
    { name: 'sram2', base: 0x2001c000, size: 0x4000, kind: 'ram', zone: 'user' },
    // On the D-bus only: nothing can be fetched from it. Its clock gate (CCMDATARAMEN) is not modelled.
    { name: 'ccm', base: 0x10000000, size: 0x10000, kind: 'ram', zone: 'data' },
  ],
  blocks: [
    ...F4_BLOCKS,
    ...f4Timers([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]),
    ...[...'ABCDEFGHI'].map(f4Port),
    f4Usart('USART3', 0x40004800, 39, 1),
    f4Usart('UART4', 0x40004c00, 52, 1),
    f4Usart('UART5', 0x40005000, 53, 1),
    f4Plain('CAN1', 0x40006400, [19, 20, 21, 22], 1),
    f4Plain('CAN2', 0x40006800, [63, 64, 65, 66], 1),
    { name: 'PWR', model: 'pwr-f4', base: 0x40007000, size: 0x400, clock: 'APB1ENR.PWREN', reset: 'APB1RSTR.PWRRST' },
    f4Plain('DAC', 0x40007400, [54], 1),
    f4Adc(2),
    f4Adc(3),
    f4Flash(FLASH_KB, OPTION_BYTES),
    {
      name: 'OTG_HS',
      model: null,
      base: 0x40040000,
      size: 0x40000,
      irqs: [77, 74, 75, 76],
      clock: 'AHB1ENR.OTGHSEN',
      reset: 'AHB1RSTR.OTGHSRST',
    },
    {
      name: 'RNG',
      model: 'rng',
      base: 0x50060800,
      size: 0x400,
      irqs: [80],
      clock: 'AHB2ENR.RNGEN',
      reset: 'AHB2RSTR.RNGRST',
      options: { clock: 'usb', slowest: 16 },
    },
    { name: 'FSMC', model: null, base: 0xa0000000, size: 0x1000, irqs: [48], clock: 'AHB3ENR.FSMCEN', reset: 'AHB3RSTR.FSMCRST' },
    { name: 'DBGMCU', model: 'dbgmcu', base: 0xe0042000, size: 0x400, options: { devId: 0x413, revId: 0x100f } },
  ],
  clocks: F4_CLOCKS,
  rcc: 'RCC',
  facts: { ...F405_FACTS, OTG_FS: OTG_FS_F4 },
  parameters: { ...F4_PARAMETERS, ...f4MassErase(16000, 11000, 8000) },
  boot: F4_BOOT,
  remap: F4_REMAP,
  optionBytes: OPTION_BYTES,
  resetFlags: { clear: 'RCC.CSR.RMVF', flags: F4_RESET_FLAGS },
  rom: {
    id: 'stm32f405',
    vectorTable: known(0x1fff0000, `${AN2606} Tables 73 and 75`),
    range: known([0x1fff0000, 0x1fff77ff] as const, 'RM0090: 30 KB of system memory, 29 of them used (AN2606)'),
    ramUse: known([{ base: 0x20000000, size: 0x3000 }], `${AN2606} Table 75 (V9.x; V3.x uses 8 KB)`),
    versions: known(['V3.0', 'V3.1', 'V9.0', 'V9.1'], `${AN2606} Tables 74 and 76`),
    startUpMs: known(74, `${AN2606} Table 227 (V9.x; V3.x 84.59)`),
    usbConnectMs: known(250, `${AN2606} Table 229 (V9.x; V3.x 270)`),
  },
  maxHclkHz: known({ 'Scale 2': 144_000_000, 'Scale 1': 168_000_000 }, 'DS8626 T14, recalled', 'assumed'),
  flashCache: F4_FLASH_CACHE,
  flashLatency: known(
    {
      'Scale 1': [
        [30, 0],
        [60, 1],
        [90, 2],
        [120, 3],
        [150, 4],
        [168, 5],
      ],
      'Scale 2': [
        [30, 0],
        [60, 1],
        [90, 2],
        [120, 3],
        [144, 4],
      ],
    },
    'RM0090 Table 10 (VDD 2.7 to 3.6 V), recalled',
    'assumed',
  ),
};
