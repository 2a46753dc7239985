/** Stand-in ROM of STM32L07x and L08x with USB (rom/l0). */
import { STM32L072CZ } from '../chips/stm32l0.ts';
import { ROM_OPTION_DEFAULTS } from './options.ts';
import {
  AN2606,
  FREE_POLL,
  fromChip,
  known,
  left,
  LEFT_BY_ALL,
  pins,
  SILENT,
  usart,
  usb,
  type RomInterface,
  type RomProfile,
} from './profile.ts';

const pulledUp = (i: RomInterface): RomInterface => ({ ...i, pull: 'up' });

export const L072: RomProfile = {
  ...fromChip(STM32L072CZ),
  family: 'L0',
  image: 'l072',
  size: 0x2000,
  gap: null,
  optionBlock: 0x1ff01f60,
  options: ROM_OPTION_DEFAULTS.L0,
  optionsByVersion: {
    'V4.0': {
      'bank-check': {
        value: 'never',
        confidence: 'reported',
        source: 'V4.0 has no dual-bank boot (AN2606 Table 149); a jump works (stackoverflow 42020893)',
      },
    },
  },
  initialStack: known(0x200014d0, 'read on an L083 (community.st.com)', 'reported'),
  sysclkHz: known(32_000_000, `${AN2606} Table 148`),
  usbIrq: 31,
  boot0Pin: null,
  interfaces: pins('Table 148', [usb, pulledUp(usart('USART1', 'PA10', 'PA9')), pulledUp(usart('USART2', 'PA3', 'PA2'))]),
  dfu: {
    dialect: 'v1',
    alts: known(
      ['@Internal Flash  /0x08000000/1536*128g', '@Option Bytes  /0x1FF80000/01*032 e', '@DATA Memory /0x08080000/2*3Ke'],
      'listing of a BigClown board with L083; boards with 128 KB list the same',
      'reported',
    ),
    pollMs: known({ setAddress: 1, erasePage: 4, massErase: 5100, write: 106 }, FREE_POLL, 'assumed'),
  },
  leaves: [...LEFT_BY_ALL, left('PLL, HSI48, FLASH_ACR, PWR_CR.VOS, GPIO', 'as the ROM ran', `${AN2606} 4.1: not put back`)],
  build: {
    folder: 'l0',
    cpu: 'cortex-m0plus',
    defines: [
      ['RAM_END', '0x20005000u'],
      ['RAM_ROM_END', '0x20001500u'],
    ],
    drivers: ['usb_fsdev.c'],
    id: { address: 0x1ff01ffe, value: 0x41 },
    // Data sheet: USART1 and USART2 are function 4 of these pins.
    tables: { chip: STM32L072CZ, ownAddress: 0, functions: { PA2: 4, PA3: 4, PA9: 4, PA10: 4 } },
  },
  leftOut: [
    SILENT,
    'PA4 to PA7 pulled down although unused',
    'RAM from 0x20001000 to the stack at 0x200014D0, which AN2606 says is free',
    'the lost interrupts behind some high-speed hosts (AN2606 Table 149)',
    'parts with 64 and 128 KB: the layout string and the memories are those of 192 KB, and so is the second bank',
  ],
};
