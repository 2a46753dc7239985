/** STM32L476RG. Data only; rows that the L496 has too are in stm32l4.ts. */
import type { ChipDescription } from '../emu/chip.ts';
import { loadFacts, withFacts } from './facts.ts';
import { OTG_FS_L476 } from './otg-fs.ts';
import generated from './generated/stm32l476.json' with { type: 'json' };
import { AN2606, known, sourcesOf, cortexM4F } from './rows.ts';
import {
  l4Boot,
  l4Flash,
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
} from './stm32l4.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_l4@a253075:Include/stm32l476xx.h';
const SVD = 'ST SVD STM32L476 v1.8';
const PATTERN7 = `${AN2606} Table 2, pattern 7`;
const FLASH_KB = 1024;

export const STM32L476RG: ChipDescription = {
  name: 'STM32L476RG',
  family: 'STM32L4',
  line: 'STM32L476',
  cores: [cortexM4F(82)],
  sources: sourcesOf(CMSIS, SVD),
  memories: [
    ...l4Memories(FLASH_KB),
    { name: 'sram1', base: 0x20000000, size: 0x18000, kind: 'ram', zone: 'user' },
    { name: 'sram2', base: 0x10000000, size: 0x8000, kind: 'ram', zone: 'user' },
  ],
  blocks: [
    // The header has no RTCAPBEN: the RTC's registers are always clocked.
    {
      name: 'RTC',
      model: 'rtc-v3',
      base: 0x40002800,
      size: 0x400,
      // EXTI drives these lines for it.
      irqs: [41, 3, 2],
      reset: 'BDCR.BDRST',
      backup: true,
      options: { clock: 'rtc' },
    },
    ...L4_BLOCKS,
    // Core 3.10a.
    l4Otg({ extraOutDone: true }),
    l4Flash(FLASH_KB, L4_OPTION_BYTES),
    { name: 'RCC', model: 'rcc-l4', base: 0x40021000, size: 0x400, irqs: [5], options: { pllInput: [4e6, 16e6] } },
    { name: 'DBGMCU', model: 'dbgmcu', base: 0xe0042000, size: 0x400, options: { devId: 0x415, revId: 0x1007 } },
  ],
  clocks: L4_CLOCKS,
  rcc: 'RCC',
  facts: withFacts(loadFacts(generated), { OTG_FS: OTG_FS_L476 }),
  covered: L4_COVERED,
  parameters: L4_PARAMETERS,
  boot: l4Boot(PATTERN7, [[{ signal: 'pin:BOOT0', is: [1] }]]),
  remap: L4_REMAP,
  optionBytes: L4_OPTION_BYTES,
  resetFlags: { clear: 'RCC.CSR.RMVF', flags: L4_RESET_FLAGS },
  rom: {
    id: 'stm32l476',
    vectorTable: known(0x1fff0000, `${AN2606} Tables 168 and 170`),
    range: known([0x1fff0000, 0x1fff6fff] as const, `${AN2606} Tables 168 and 170`),
    ramUse: known([{ base: 0x20000000, size: 0x3400 }], `${AN2606} Table 170 (V9.x; V10.x uses 12 KB)`),
    versions: known(['V10.1', 'V10.2', 'V10.3', 'V9.0', 'V9.1', 'V9.2'], `${AN2606} Tables 169 and 171`),
    startUpMs: known(2560.5, `${AN2606} Table 227 (without LSE; 55.4 with it)`),
    usbConnectMs: known(300, `${AN2606} Table 229`),
  },
  maxHclkHz: L4_MAX_HCLK,
  flashCache: L4_FLASH_CACHE,
  flashLatency: L4_LATENCY,
};

/** In the SVD, which serves the whole line, but not in this part: CRS came with L49x, DCMI too, AES is L486's. */
export const STM32L476_ABSENT: readonly string[] = ['CRS', 'DCMI', 'AES'];
