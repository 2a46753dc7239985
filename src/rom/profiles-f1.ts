/** Stand-in ROM of STM32F103: USART1 alone. */
import { STM32F103C8 } from '../chips/stm32f1.ts';
import { ROM_OPTION_DEFAULTS } from './options.ts';
import { AN2606, fromChip, known, LEFT_BY_ALL, pins, usart, type RomProfile } from './profile.ts';

export const F103: RomProfile = {
  ...fromChip(STM32F103C8),
  family: 'F1',
  image: 'f103',
  size: 2048,
  gap: null,
  optionBlock: 0x1ffff740,
  options: ROM_OPTION_DEFAULTS.F1,
  // ST's first word is 0x200001FC (ROM dump notes for DEV_ID 0x410).
  initialStack: known(0x20000200, 'top of the RAM that the ROM may use', 'assumed'),
  sysclkHz: known(24_000_000, `${AN2606} Table 45`),
  usbIrq: 0,
  boot0Pin: null,
  interfaces: pins('Table 45', [usart('USART1', 'PA10', 'PA9')]),
  dfu: null,
  leaves: LEFT_BY_ALL,
  build: { folder: 'f1', cpu: 'cortex-m3', defines: [], drivers: [], id: null },
  leftOut: ['commands over USART1 (once selected it stays silent)', 'XL-density parts, whose ROM is another one'],
};
