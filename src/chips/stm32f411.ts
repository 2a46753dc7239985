/** STM32F401, F411, F412, F413 and F423. Data only. */
import f401 from './generated/stm32f401.json' with { type: 'json' };
import f411 from './generated/stm32f411.json' with { type: 'json' };
import f412 from './generated/stm32f412.json' with { type: 'json' };
import f413 from './generated/stm32f413.json' with { type: 'json' };
import { OTG_FS_F4, OTG_FS_F7 } from './otg-fs.ts';
import { AN2606, known } from './rows.ts';
import { F4_100, F4_84, f4Chip, f4OptionBytes, f4Sram, type F4Line } from './stm32f4.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_f4@cdbad76:Include';

export const F411: F4Line = {
  name: 'STM32F411',
  generated: f411,
  header: `${CMSIS}/stm32f411xe.h`,
  manual: 'RM0383',
  nvicLines: 86,
  ram: [f4Sram('sram1', 0x20000000, 128)],
  optionBytes: f4OptionBytes(8),
  absent: ['TIM8'],
  otg: OTG_FS_F4,
  device: { devId: 0x431, revId: 0x1000 },
  massEraseMs: [8000, 5500, 4000],
  rom: {
    id: 'stm32f411',
    table: 'Table 83',
    versions: known(['V13.0'], `${AN2606} Table 84`),
    startUpMs: known(74.5, `${AN2606} Table 227`),
    usbConnectMs: known(250, `${AN2606} Table 229`),
  },
  maxHclkHz: known({ 'Scale 3': 64_000_000, 'Scale 2': 84_000_000, 'Scale 1': 100_000_000 }, 'DS10314 T14, recalled', 'assumed'),
  flashLatency: F4_100,
};
/** F401xD and xE; `F401_C` below is the other die. */
export const F401: F4Line = {
  ...F411,
  name: 'STM32F401',
  generated: f401,
  header: `${CMSIS}/stm32f401xe.h`,
  manual: 'RM0368',
  nvicLines: 85,
  ram: [f4Sram('sram1', 0x20000000, 96)],
  device: { devId: 0x433, revId: 0x1000 },
  rom: {
    id: 'stm32f401',
    table: 'Table 79',
    versions: known(['V13.1'], `${AN2606} Table 80`),
    startUpMs: known(74.5, `${AN2606} Table 227`),
    usbConnectMs: known(250, `${AN2606} Table 229`),
  },
  maxHclkHz: known({ 'Scale 3': 60_000_000, 'Scale 2': 84_000_000 }, 'DS9716 T14, recalled', 'assumed'),
  flashLatency: F4_84,
};

/** F401xB and xC: another die with 64 KB of RAM, and another ROM. */
export const F401_C: F4Line = {
  ...F401,
  header: `${CMSIS}/stm32f401xc.h`,
  ram: [f4Sram('sram1', 0x20000000, 64)],
  device: { devId: 0x423, revId: 0x1000 },
  rom: { ...F401.rom, id: 'stm32f401xc', table: 'Table 77', versions: known(['V13.0'], `${AN2606} Table 78`) },
};

/** The fourth I2C is of the second version, at the end of APB1. */
const FMPI2C = { I2C4: { model: 'i2c-v2', size: 0x400, options: { clock: 'pclk1' } } } as const;
export const F412: F4Line = {
  ...F411,
  name: 'STM32F412',
  generated: f412,
  header: `${CMSIS}/stm32f412zx.h`,
  manual: 'RM0402',
  nvicLines: 97,
  ram: [f4Sram('sram1', 0x20000000, 256)],
  optionBytes: f4OptionBytes(12),
  absent: [],
  otg: OTG_FS_F7,
  own: FMPI2C,
  device: { devId: 0x441, revId: 0x2000 },
  massEraseMs: [16000, 11000, 8000],
  rom: {
    id: 'stm32f412',
    table: 'Table 85',
    ramUse: 0x4000,
    versions: known(['V9.0', 'V9.1'], `${AN2606} Table 86`),
    startUpMs: known(0.614, `${AN2606} Table 227`),
    usbConnectMs: known(380, `${AN2606} Table 229`),
  },
};
export const F413: F4Line = {
  ...F412,
  name: 'STM32F413',
  generated: f413,
  header: `${CMSIS}/stm32f413xx.h`,
  manual: 'RM0430',
  nvicLines: 102,
  ram: [f4Sram('sram1', 0x20000000, 256), f4Sram('sram2', 0x20040000, 64)],
  absent: ['AES'],
  device: { devId: 0x463, revId: 0x1000 },
  rom: {
    id: 'stm32f413',
    table: 'Table 87 (which prints 0x1FF00000; Tables 3 and 226 have the address of all F4)',
    ramUse: 0x4000,
    versions: known(['V9.0'], `${AN2606} Table 88`),
    startUpMs: known(0.642, `${AN2606} Table 227`),
    usbConnectMs: known(350, `${AN2606} Table 229`),
  },
};
export const F423: F4Line = { ...F413, name: 'STM32F423', header: `${CMSIS}/stm32f423xx.h`, absent: [] };

export const STM32F411RE = f4Chip(F411, { name: 'STM32F411RE', flashKilobytes: 512 });
export const STM32F401RE = f4Chip(F401, { name: 'STM32F401RE', flashKilobytes: 512 });
export const STM32F401RC = f4Chip(F401_C, { name: 'STM32F401RC', flashKilobytes: 256 });
export const STM32F412ZG = f4Chip(F412, { name: 'STM32F412ZG', flashKilobytes: 1024 });
export const STM32F413ZH = f4Chip(F413, { name: 'STM32F413ZH', flashKilobytes: 1536 });
