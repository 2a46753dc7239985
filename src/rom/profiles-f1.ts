/** Stand-in ROMs of STM32F1: F103 with USART1 alone, F105 and F107 with DFU. */
import { STM32F105RC } from '../chips/stm32f105.ts';
import { F103 as F103_LINE, f103Chip, STM32F103C8 } from '../chips/stm32f1.ts';
import { F103_SETTLED, ROM_OPTION_DEFAULTS } from './options.ts';
import { AN2606, FREE_POLL, can, fromChip, known, LEFT_BY_ALL, pins, SILENT, usart, usb, type RomProfile } from './profile.ts';

/** One image for all: it reads the size of its flash. */
const LARGEST = f103Chip(F103_LINE, { name: 'STM32F103RE', flashKilobytes: 512 });

export const F103: RomProfile = {
  ...fromChip(STM32F103C8),
  family: 'F1',
  image: 'f103',
  size: 2048,
  gap: null,
  optionBlock: 0x1ffff740,
  options: F103_SETTLED,
  measuredOn: /^STM32F103.[8B]/,
  initialStack: known(0x200001fc, 'STM32F103C8 V2.2, first word of the ROM', 'measured'),
  sysclkHz: known(24_000_000, `${AN2606} Table 45`),
  usbIrq: 0,
  boot0Pin: null,
  interfaces: pins('Table 45', [usart('USART1', 'PA10', 'PA9')]),
  dfu: null,
  leaves: LEFT_BY_ALL,
  build: {
    folder: 'usart',
    cpu: 'cortex-m3',
    alone: true,
    defines: ['F1', ['RAM_ROM_END', '0x20000200u']],
    drivers: [],
    id: null,
    tables: { chip: LARGEST, ownAddress: 0, functions: {} },
  },
  leftOut: ['XL-density parts, whose ROM is another one'],
};

export const F105: RomProfile = {
  ...fromChip(STM32F105RC),
  family: 'F1',
  image: 'f105',
  size: 18_432,
  gap: null,
  optionBlock: 0x1ffff600,
  options: {
    ...ROM_OPTION_DEFAULTS.F1,
    primask: {
      value: 'keeps',
      confidence: 'assumed',
      source: 'the author of a published jump with PRIMASK set says that it works on F107, which speaks against it; nothing else published',
    },
    leave: { value: 'answers', confidence: 'assumed', source: 'as F4, which has the same protocol; AN2662 was written for this ROM' },
    'leave-vtor': {
      value: 'keeps',
      confidence: 'documented',
      source: 'AN2662 p. 80 note 1: the application must set its vector table',
    },
    'leave-clocks': { value: 'keeps', confidence: 'documented', source: 'AN2606 4.1 note: what the ROM used is not put back' },
    'leave-flash': { value: 'locked', confidence: 'assumed', source: 'reported unlocked on G0 alone' },
    'hse-missing': { value: 'resets', confidence: 'documented', source: 'AN2662 figure 52: after six failed trials a system reset' },
  },
  // ST's V2.2 has 0x20000FF0 in its first word (reported).
  initialStack: known(0x20001000, 'top of the RAM that the ROM may use', 'assumed'),
  sysclkHz: known(48_000_000, `${AN2606} Table 47`),
  usbIrq: 67,
  boot0Pin: null,
  interfaces: pins('Table 47', [usb, usart('USART1', 'PA10', 'PA9'), usart('USART2', 'PD6', 'PD5'), can('CAN2', 'PB5', 'PB6')]),
  dfu: {
    dialect: 'v1',
    alts: known(
      ['@Internal Flash  /0x08000000/128*002Kg', '@Option Bytes  /0x1FFFF800/01*016 e'],
      'the printed example of AN2662; the second as F0 (V2.1 prints g instead of e)',
      'assumed',
    ),
    pollMs: known({ setAddress: 100, erasePage: 35, massErase: 35, write: 100 }, FREE_POLL, 'assumed'),
  },
  leaves: LEFT_BY_ALL,
  build: {
    folder: 'f1',
    cpu: 'cortex-m3',
    defines: [],
    drivers: ['usb_dwc2.c'],
    id: null,
    tables: { chip: STM32F105RC, ownAddress: 0 },
  },
  leftOut: [
    SILENT,
    'answers on CAN2',
    'that PA9 is an input for VBUS alone: the comparator of OTG_FS is asked',
    'USARTs while a crystal is tried',
    'V1.0 and V2.0: pins that have to be high, PA9 driven low',
  ],
};
