/** STM32F205, F207 and their twins with a crypto processor: F4's blocks around a Cortex-M3, without voltage scales. Data only. */
import { US } from '../emu/time.ts';
import f217 from './generated/stm32f217.json' with { type: 'json' };
import { OTG_FS_F4, OTG_HS_F4 } from './otg-fs.ts';
import { AN2606, cortexM3, known, withOptions } from './rows.ts';
import { BKPSRAM, F2_F4_OWN, f4Chip, f4OptionBytes, f4Sram, type F4Line } from './stm32f4.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_f2:Include';
const DS = 'DS6697 (STM32F20x)';
const ETHERNET = ['Ethernet_MAC', 'Ethernet_MMC', 'Ethernet_PTP', 'Ethernet_DMA'];
const CRYPTO = ['CRYP', 'HASH'];

export const F217: F4Line = {
  name: 'STM32F217',
  family: 'STM32F2',
  core: cortexM3(81),
  generated: f217,
  header: `${CMSIS}/stm32f217xx.h`,
  manual: 'RM0033',
  nvicLines: 81,
  ram: [f4Sram('sram1', 0x20000000, 112), f4Sram('sram2', 0x2001c000, 16), BKPSRAM],
  optionBytes: f4OptionBytes(12),
  otg: OTG_FS_F4,
  otgHs: OTG_HS_F4,
  device: { devId: 0x411, revId: 0x2000 },
  massEraseMs: [16000, 11000, 8000],
  own: {
    EXTI: withOptions(F2_F4_OWN['EXTI']!, 'exti-v1', { event: 'cm3' }),
  },
  parameters: {
    // The ROM waits 0.79 ms. A Nucleo-F207ZG with its 8 MHz reaches DFU; a crystal of an F205 board took 1.2 ms and did not.
    'hse.start.ps': known(500 * US, 'fits that DFU works on a Nucleo-F207ZG', 'fitted'),
  },
  rom: {
    id: 'stm32f207',
    table: 'Table 53 (V3.x; V2.x: Table 51)',
    versions: known(['V3.2', 'V3.3'], `${AN2606} Table 54; V2.x has no USB`),
    startUpMs: known(84.59, `${AN2606} Table 227 (V3.x)`),
    usbConnectMs: known(270, `${AN2606} Table 229`),
    ramUse: 0x2000,
  },
  maxHclkHz: known({ all: 120_000_000 }, `${DS}, recalled`, 'assumed'),
  flashLatency: known(
    {
      all: [
        [30, 0],
        [60, 1],
        [90, 2],
        [120, 3],
      ],
    },
    'RM0033 2.3.3 (VDD 2.7 to 3.6 V), recalled',
    'assumed',
  ),
};
export const F207: F4Line = { ...F217, name: 'STM32F207', header: `${CMSIS}/stm32f207xx.h`, absent: CRYPTO };
export const F215: F4Line = { ...F217, name: 'STM32F215', header: `${CMSIS}/stm32f215xx.h`, absent: [...ETHERNET, 'DCMI'] };
export const F205: F4Line = {
  ...F215,
  name: 'STM32F205',
  header: `${CMSIS}/stm32f205xx.h`,
  absent: [...CRYPTO, ...ETHERNET, 'DCMI'],
  ramInOnePiece: true,
};

export const STM32F207ZG = f4Chip(F207, { name: 'STM32F207ZG', flashKilobytes: 1024 });
