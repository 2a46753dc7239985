/** Stand-in ROMs of STM32L0 and STM32L1 (rom/l0). */
import { STM32L051C8, STM32L071CZ, STM32L072CZ } from '../chips/stm32l0.ts';
import { STM32L152RB, STM32L152RC, STM32L152RE, STM32L152ZD } from '../chips/stm32l1.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { ROM_OPTION_DEFAULTS } from './options.ts';
import {
  AN2606,
  FREE_POLL,
  HSE_TABLE,
  i2c,
  fromChip,
  known,
  left,
  LEFT_BY_ALL,
  pins,
  SILENT,
  spi,
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
      ['EEPROM_SIZE', '0x1800u'],
      ['TWO_BANKS', 1],
    ],
    drivers: ['usb_fsdev.c'],
    tight: true,
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

/** What only a ROM with USB or with two banks asks. */
const {
  'bank-check': _bankCheck,
  hsi48: _hsi48,
  leave: _leave,
  'leave-flash': _leaveFlash,
  'leave-remap': _leaveRemap,
  ...PLAIN_OPTIONS
} = ROM_OPTION_DEFAULTS.L0;
const LEFT_RUNNING = left('PLL, FLASH_ACR, PWR_CR.VOS, GPIO', 'as the ROM ran', `${AN2606} 4.1: not put back`);

interface SerialRom {
  readonly chip: ChipDescription;
  readonly image: string;
  readonly table: string;
  readonly options: RomProfile['options'];
  readonly optionsByVersion?: RomProfile['optionsByVersion'];
  readonly interfaces: readonly RomInterface[];
  readonly ownAddress: number;
  readonly ramRomEnd: number;
  readonly defines: RomProfile['build']['defines'];
  readonly id: RomProfile['build']['id'];
  readonly leftOut: readonly string[];
}
const USARTS = [pulledUp(usart('USART1', 'PA10', 'PA9')), pulledUp(usart('USART2', 'PA3', 'PA2'))];
const SPI1 = spi('SPI1', 'PA4', 'PA5', 'PA6', 'PA7');
const SPI2 = spi('SPI2', 'PB12', 'PB13', 'PB14', 'PB15');
/** Data sheets: USARTs are function 4 of these pins, SPI function 0, I2C1 function 1, I2C2 function 6. */
const FUNCTIONS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(['PA2', 'PA3', 'PA9', 'PA10'].map((pin) => [pin, 4])),
  ...Object.fromEntries(['PA4', 'PA5', 'PA6', 'PA7', 'PB12', 'PB13', 'PB14', 'PB15'].map((pin) => [pin, 0])),
  ...Object.fromEntries(['PB6', 'PB7'].map((pin) => [pin, 1])),
  ...Object.fromEntries(['PB10', 'PB11'].map((pin) => [pin, 6])),
};
const hex = (value: number): string => `0x${value.toString(16)}u`;

/** A ROM of L0 without USB. */
function serialRom(rom: SerialRom): RomProfile {
  return {
    ...fromChip(rom.chip),
    family: 'L0',
    image: rom.image,
    // Some parts have 4 KB: the stand-in does not fit into them.
    systemMemory: known({ base: 0x1ff00000, size: 0x2000 }, 'of the stand-in', 'assumed'),
    size: 0x2000,
    gap: null,
    optionBlock: 0x1ff01f60,
    options: rom.options,
    ...(rom.optionsByVersion ? { optionsByVersion: rom.optionsByVersion } : {}),
    initialStack: known(rom.ramRomEnd, 'top of the RAM that the ROM may use', 'assumed'),
    sysclkHz: known(32_000_000, `${AN2606} ${rom.table}`),
    usbIrq: 31,
    boot0Pin: null,
    interfaces: pins(rom.table, rom.interfaces),
    dfu: null,
    leaves: [...LEFT_BY_ALL, LEFT_RUNNING],
    build: {
      folder: 'l0',
      cpu: 'cortex-m0plus',
      defines: [['RAM_ROM_END', hex(rom.ramRomEnd)], ...rom.defines],
      drivers: [],
      id: rom.id,
      tables: { chip: rom.chip, ownAddress: rom.ownAddress, functions: FUNCTIONS },
    },
    leftOut: [SILENT, ...rom.leftOut],
  };
}
const ID_LEFT_OUT = 'the end of the system memory at 0x1FF00FFF, and the bootloader ID 0xC0 at 0x1FF00FFE';

export const L051 = serialRom({
  chip: STM32L051C8,
  image: 'l051',
  table: 'Table 146',
  options: { ...PLAIN_OPTIONS, vos: known('sets', `${AN2606} Table 146: range 1`) },
  interfaces: [...USARTS, SPI1, SPI2],
  ownAddress: 0,
  ramRomEnd: 0x20001000,
  defines: [
    ['RAM_END', '0x20002000u'],
    ['EEPROM_SIZE', '0x800u'],
    ['TWO_BANKS', 0],
  ],
  id: null,
  leftOut: ['PA13 and PA14 configured although unused', ID_LEFT_OUT, 'parts with 32 KB: the memories are those of 64 KB'],
});
/** Only from the second version on has it the bank check. */
export const L071 = serialRom({
  chip: STM32L071CZ,
  image: 'l071',
  table: 'Table 150',
  options: {
    ...PLAIN_OPTIONS,
    'bank-check': known('always', 'as V4.1 of L072: AN2606 Tables 149 and 151 name the change alike', 'inferred'),
  },
  optionsByVersion: {
    'V11.1': { 'bank-check': known('never', 'V11.1 has no dual-bank boot (AN2606 Table 151)') },
  },
  interfaces: [...USARTS, i2c('I2C1', 'PB6', 'PB7'), i2c('I2C2', 'PB10', 'PB11'), SPI1, SPI2],
  ownAddress: 0x42,
  ramRomEnd: 0x20001400,
  defines: [
    ['RAM_END', '0x20005000u'],
    ['EEPROM_SIZE', '0x1800u'],
    ['TWO_BANKS', 1],
  ],
  id: { address: 0x1ff01ffe, value: 0xb2 },
  leftOut: ['parts with 64 and 128 KB: the memories are those of 192 KB, and so is the second bank'],
});

interface L1Rom {
  readonly chip: ChipDescription;
  readonly image: string;
  readonly table: number;
  readonly flashKilobytes: number;
  readonly ramEnd: string;
  readonly eepromBytes: number;
  /** How long the crystal may take, AN2606 Table 227; null: no USB. */
  readonly hseMs: number | null;
  readonly leftOut: readonly string[];
}
const PAGE_MS = 3.3;
const BOTH_NACKS = 'a second NACK to Read and Write Memory under read protection';
const HIGH_SPEED = 'the transfers that fail behind some high-speed hosts';
const JTAG_PINS = 'PA13 to PA15 configured although unused';

/** The layout of the flash as the ROM with 256 KB lists it, with another one's sizes. */
const l1Alts = (flashKilobytes: number, eepromKilobytes: number): readonly string[] => [
  `@Internal Flash  /0x08000000/${4 * flashKilobytes}*256 g`,
  '@Option Bytes  /0x1FF80000/01*032 e',
  `@DATA Memory /0x08080000/02*${String(eepromKilobytes / 2).padStart(3, '0')}Ke`,
];
const BANK_CHECK = known('bfb2', 'as on L4 and G4: the figures of AN2606 ask the option bit first', 'inferred');
const { 'hse-missing': CRYSTAL, ...L1_OPTIONS } = ROM_OPTION_DEFAULTS.L1;

function l1(rom: L1Rom): RomProfile {
  const { chip, table, hseMs, flashKilobytes } = rom;
  const usbRom = hseMs !== null;
  const size = usbRom ? 0x2000 : 0x1000;
  const banks = flashKilobytes > 256;
  const serial = [pulledUp(usart('USART1', 'PA10', 'PA9')), pulledUp(usart('USART2', 'PD6', 'PD5'))];
  return {
    ...fromChip(chip),
    family: 'L1',
    image: rom.image,
    size,
    gap: null,
    optionBlock: 0x1ff00000 + size - 0xa0,
    options: { ...L1_OPTIONS, ...(usbRom && CRYSTAL ? { 'hse-missing': CRYSTAL } : {}), ...(banks ? { 'bank-check': BANK_CHECK } : {}) },
    initialStack: known(usbRom ? 0x20001000 : 0x20000800, 'top of the RAM that the ROM may use', 'assumed'),
    sysclkHz: known(usbRom ? 32_000_000 : 16_000_000, `${AN2606} Table ${table}`),
    usbIrq: 20,
    ...(hseMs === null ? {} : { hseWait: { ms: known(hseMs, HSE_TABLE) } }),
    boot0Pin: null,
    interfaces: pins(`Table ${table}`, [...(usbRom ? [usb] : []), ...serial]),
    dfu: usbRom
      ? {
          dialect: 'v1',
          alts: known(
            l1Alts(flashKilobytes, rom.eepromBytes / 1024),
            flashKilobytes === 256 ? 'listing of a board with 256 KB' : 'the listing of a board with 256 KB, with the sizes of this part',
            flashKilobytes === 256 ? 'reported' : 'inferred',
          ),
          pollMs: known(
            { setAddress: 1, erasePage: 4, massErase: Math.round(PAGE_MS * 4 * flashKilobytes), write: 60 },
            FREE_POLL,
            'assumed',
          ),
        }
      : null,
    leaves: [...LEFT_BY_ALL, left('PLL, HSE, FLASH_ACR, PWR_CR.VOS, GPIO', 'as the ROM ran', `${AN2606} 4.1: not put back`)],
    build: {
      folder: 'l0',
      cpu: 'cortex-m3',
      defines: [
        'L1',
        ['RAM_END', rom.ramEnd],
        ['RAM_ROM_END', usbRom ? '0x20001000u' : '0x20000800u'],
        ['EEPROM_SIZE', `${rom.eepromBytes}u`],
        ['TWO_BANKS', Number(banks)],
      ],
      drivers: usbRom ? ['usb_fsdev.c', 'hse.c'] : [],
      id: { address: 0x1ff00000 + size - 2, value: versionByte(chip.rom!.versions.value.at(-1)!) },
      tables: { chip, ownAddress: 0 },
      tight: true,
    },
    leftOut: [SILENT, JTAG_PINS, ...rom.leftOut],
  };
}
/** `V4.5` → 0x45. */
const versionByte = (version: string): number => parseInt(version.slice(1).replace('.', ''), 16);

export const L1B = l1({
  chip: STM32L152RB,
  flashKilobytes: 128,
  image: 'l1b',
  table: 154,
  ramEnd: '0x20004000u',
  eepromBytes: 0x1000,
  hseMs: null,
  leftOut: [
    'the NACK that is missing after an unsupported address (AN2606 Table 155)',
    'parts with -A (category 2), which have more RAM and another device ID',
  ],
});
export const L1C = l1({
  chip: STM32L152RC,
  flashKilobytes: 256,
  image: 'l1c',
  table: 156,
  ramEnd: '0x20008000u',
  eepromBytes: 0x2000,
  hseMs: 80,
  leftOut: [BOTH_NACKS, HIGH_SPEED],
});
export const L1D = l1({
  chip: STM32L152ZD,
  flashKilobytes: 384,
  image: 'l1d',
  table: 158,
  ramEnd: '0x2000C000u',
  eepromBytes: 0x3000,
  hseMs: 80,
  leftOut: [
    BOTH_NACKS,
    HIGH_SPEED,
    'V4.1: PA13 too slow for some debuggers, the RTC’s domain that DFU resets',
    'V4.2: eight bytes too few of stack at the jump into a bank',
    'parts with 256 KB: memories and strings are those of 384 KB',
  ],
});
export const L1E = l1({
  chip: STM32L152RE,
  flashKilobytes: 512,
  image: 'l1e',
  table: 160,
  ramEnd: '0x20014000u',
  eepromBytes: 0x4000,
  hseMs: 200,
  leftOut: [BOTH_NACKS, HIGH_SPEED],
});
