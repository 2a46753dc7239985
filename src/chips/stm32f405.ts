/** STM32F405, F407 and their twins with a crypto processor. Data only. */
import f405 from './generated/stm32f405.json' with { type: 'json' };
import f407 from './generated/stm32f407.json' with { type: 'json' };
import { OTG_FS_F4, OTG_HS_F4 } from './otg-fs.ts';
import { AN2606, known } from './rows.ts';
import { BKPSRAM, F4_168, F4_CCM, f4Chip, f4OptionBytes, f4Sram, type F4Line } from './stm32f4.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_f4@cdbad76:Include';
const WITHOUT_CRYPTO = ['GPIOJ', 'GPIOK', 'CRYP', 'HASH'];
const ETHERNET = ['Ethernet_MAC', 'Ethernet_MMC', 'Ethernet_PTP', 'Ethernet_DMA'];

export const F405: F4Line = {
  name: 'STM32F405',
  generated: f405,
  header: `${CMSIS}/stm32f405xx.h`,
  manual: 'RM0090',
  nvicLines: 82,
  ram: [f4Sram('sram1', 0x20000000, 112), f4Sram('sram2', 0x2001c000, 16), F4_CCM, BKPSRAM],
  optionBytes: f4OptionBytes(12),
  absent: [...WITHOUT_CRYPTO, ...ETHERNET, 'DCMI'],
  otg: OTG_FS_F4,
  otgHs: OTG_HS_F4,
  oneBitVos: true,
  device: { devId: 0x413, revId: 0x100f },
  massEraseMs: [16000, 11000, 8000],
  rom: {
    id: 'stm32f405',
    table: 'Table 75 (V9.x; V3.x: Table 73, 8 KB)',
    versions: known(['V3.0', 'V3.1', 'V9.0', 'V9.1'], `${AN2606} Tables 74 and 76`),
    startUpMs: known(74, `${AN2606} Table 227 (V9.x; V3.x 84.59)`),
    usbConnectMs: known(250, `${AN2606} Table 229 (V9.x; V3.x 270)`),
  },
  maxHclkHz: known({ 'Scale 2': 144_000_000, 'Scale 1': 168_000_000 }, 'DS8626 T14, recalled', 'assumed'),
  flashLatency: F4_168,
};
export const F407: F4Line = {
  ...F405,
  name: 'STM32F407',
  generated: f407,
  header: `${CMSIS}/stm32f407xx.h`,
  absent: WITHOUT_CRYPTO,
};
/** The SVDs have the crypto blocks; their gates stand in extras.ts. */
export const F415: F4Line = { ...F405, name: 'STM32F415', absent: ['GPIOJ', 'GPIOK', 'DCMI', ...ETHERNET] };
export const F417: F4Line = { ...F407, name: 'STM32F417', absent: ['GPIOJ', 'GPIOK'] };

export const STM32F405RG = f4Chip(F405, { name: 'STM32F405RG', flashKilobytes: 1024 });
