/** STM32F427, F429, F437, F439, F469, F479 (two banks) and F446. Data only. */
import f429 from './generated/stm32f429.json' with { type: 'json' };
import f446 from './generated/stm32f446.json' with { type: 'json' };
import f469 from './generated/stm32f469.json' with { type: 'json' };
import { OTG_FS_F4, OTG_FS_F7, OTG_HS_F4, OTG_HS_F7 } from './otg-fs.ts';
import { AN2606, known } from './rows.ts';
import { BKPSRAM, F4_180, F4_CCM, f4Chip, f4OptionBytes, f4Sram, type F4Line } from './stm32f4.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_f4@cdbad76:Include';
const FACTORY = 'RM0090: reset value of FLASH_OPTCR and OPTCR1';
const MAX_HCLK = known(
  { 'Scale 3': 120_000_000, 'Scale 2': 168_000_000, 'Scale 1': 180_000_000 },
  'DS9405 and DS10693, general operating conditions, recalled; with over-drive',
  'assumed',
);

export const F429: F4Line = {
  name: 'STM32F429',
  generated: f429,
  header: `${CMSIS}/stm32f429xx.h`,
  manual: 'RM0090',
  nvicLines: 91,
  ram: [f4Sram('sram1', 0x20000000, 112), f4Sram('sram2', 0x2001c000, 16), f4Sram('sram3', 0x20020000, 64), F4_CCM, BKPSRAM],
  optionBytes: {
    ...f4OptionBytes(12),
    BFB2: { field: 'FLASH.OPTCR.BFB2', factory: known(0, FACTORY) },
    DB1M: { field: 'FLASH.OPTCR.DB1M', factory: known(0, FACTORY) },
    nWRP2: { field: 'FLASH.OPTCR1.nWRP', factory: known(0xfff, FACTORY) },
  },
  twoBanks: true,
  absent: ['CRYP', 'HASH'],
  otg: OTG_FS_F4,
  otgHs: OTG_HS_F4,
  device: { devId: 0x419, revId: 0x2001 },
  massEraseMs: [16000, 11000, 8000],
  rom: {
    id: 'stm32f429',
    table: 'Table 91 (V9.x; V7.x: Table 89, 8 KB)',
    versions: known(['V7.0', 'V9.0', 'V9.1'], `${AN2606} Tables 90 and 92`),
    startUpMs: known(74, `${AN2606} Table 227 (V9.x; V7.x 82)`),
    usbConnectMs: known(250, `${AN2606} Table 229`),
  },
  maxHclkHz: MAX_HCLK,
  flashLatency: F4_180,
};
export const F427: F4Line = { ...F429, name: 'STM32F427', header: `${CMSIS}/stm32f427xx.h`, absent: ['CRYP', 'HASH', 'LTDC'] };
export const F437: F4Line = { ...F429, name: 'STM32F437', header: `${CMSIS}/stm32f437xx.h`, absent: ['LTDC'] };
export const F439: F4Line = { ...F429, name: 'STM32F439', header: `${CMSIS}/stm32f439xx.h`, absent: [] };

export const F469: F4Line = {
  ...F429,
  name: 'STM32F469',
  generated: f469,
  header: `${CMSIS}/stm32f469xx.h`,
  manual: 'RM0386',
  nvicLines: 93,
  ram: [f4Sram('sram1', 0x20000000, 160), f4Sram('sram2', 0x20028000, 32), f4Sram('sram3', 0x20030000, 128), F4_CCM, BKPSRAM],
  otg: OTG_FS_F7,
  otgHs: OTG_HS_F7,
  device: { devId: 0x434, revId: 0x1000 },
  rom: {
    id: 'stm32f469',
    table: 'Table 95',
    versions: known(['V9.0'], `${AN2606} Table 96`),
    startUpMs: known(73.68, `${AN2606} Table 227`),
    usbConnectMs: known(270, `${AN2606} Table 229`),
  },
};
export const F479: F4Line = { ...F469, name: 'STM32F479', header: `${CMSIS}/stm32f479xx.h`, absent: [] };

export const F446: F4Line = {
  name: 'STM32F446',
  generated: f446,
  header: `${CMSIS}/stm32f446xx.h`,
  manual: 'RM0390',
  nvicLines: 97,
  ram: [f4Sram('sram1', 0x20000000, 112), f4Sram('sram2', 0x2001c000, 16), BKPSRAM],
  optionBytes: f4OptionBytes(8),
  otg: OTG_FS_F7,
  otgHs: OTG_HS_F7,
  sysclkFromPllR: true,
  device: { devId: 0x421, revId: 0x1000 },
  massEraseMs: [8000, 5500, 4000],
  rom: {
    id: 'stm32f446',
    table: 'Table 93',
    versions: known(['V9.0'], `${AN2606} Table 94`),
    startUpMs: known(73.61, `${AN2606} Table 227`),
    usbConnectMs: known(200, `${AN2606} Table 229`),
  },
  maxHclkHz: MAX_HCLK,
  flashLatency: F4_180,
};

export const STM32F429ZI = f4Chip(F429, { name: 'STM32F429ZI', flashKilobytes: 2048 });
export const STM32F469NI = f4Chip(F469, { name: 'STM32F469NI', flashKilobytes: 2048 });
export const STM32F446RE = f4Chip(F446, { name: 'STM32F446RE', flashKilobytes: 512 });
