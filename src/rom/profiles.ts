/**
 * One row per stand-in ROM: where it lies, what it uses, how long it takes, what it listens to. Data only; what the chip's row says of ST's
 * ROM is taken from there.
 */
import { hasPin } from '../chips/parts.ts';
import { STM32F042K6 } from '../chips/stm32f042.ts';
import { STM32F072RB } from '../chips/stm32f072.ts';
import { STM32F207ZG } from '../chips/stm32f2.ts';
import { STM32F405RG } from '../chips/stm32f405.ts';
import { STM32F401RC, STM32F401RE, STM32F411RE, STM32F412ZG, STM32F413ZH } from '../chips/stm32f411.ts';
import { STM32F429ZI, STM32F446RE, STM32F469NI } from '../chips/stm32f429.ts';
import { STM32F722RE, STM32F746ZG, STM32F767ZI } from '../chips/stm32f7.ts';
import { STM32H723ZG } from '../chips/stm32h723.ts';
import { STM32H745XI } from '../chips/stm32h745.ts';
import { STM32L476RG } from '../chips/stm32l476.ts';
import { STM32L496ZG } from '../chips/stm32l496.ts';
import type { ChipDescription, Sourced } from '../emu/chip.ts';
import type { Confidence } from '../emu/confidence.ts';
import {
  F030X6,
  F030X8,
  F030XC,
  F070X6,
  F070XB,
  F091,
  F301X8,
  F302X8,
  F303X8,
  F303XC,
  F303XE,
  F318X8,
  F358XC,
  F398XE,
} from './profiles-f0.ts';
import { withEvidence } from './evidence.ts';
import { MEASURED } from './measured.ts';
import { G431, G474, G491, L412, L431, L432, L451, L452, L4R5, WB55 } from './profiles-l4-class.ts';
import { F103, F105 } from './profiles-f1.ts';
import { H503, H523_H533, H563 } from './profiles-h5.ts';
import { U575 } from './profiles-u5.ts';
import { L051, L071, L072, L1B, L1C, L1D, L1E } from './profiles-l0.ts';
import { C011, C031, C071, G030, G050, G070, G0B0, G0B1 } from './profiles-g0.ts';
import { EMPTY_CHECK, inferredFrom, ROM_OPTION_DEFAULTS, type RomOptionDefaults } from './options.ts';
import {
  AN2606,
  FREE_POLL,
  HSE_TABLE,
  LEFT_BY_ALL,
  SILENT,
  can,
  fromChip,
  i2c,
  known,
  left,
  pins,
  spi,
  usart,
  usb,
  type DfuDevice,
  type RomInterface,
  type RomProfile,
} from './profile.ts';

export * from './profile.ts';

const pulledUp = (i: RomInterface): RomInterface => ({ ...i, pull: 'up' });
const pulledDown = (i: RomInterface): RomInterface => ({ ...i, pull: 'down' });
const L4_USARTS: readonly RomInterface[] = [usart('USART1', 'PA10', 'PA9'), usart('USART2', 'PA3', 'PA2'), usart('USART3', 'PC11', 'PC10')];
const L4_I2CS: readonly RomInterface[] = [i2c('I2C1', 'PB6', 'PB7'), i2c('I2C2', 'PB10', 'PB11'), i2c('I2C3', 'PC0', 'PC1')];
const L4_DFU: DfuDevice = {
  dialect: 'v1',
  alts: known(
    [
      '@Internal Flash  /0x08000000/0512*0002Kg',
      '@Option Bytes  /0x1FFF7800/01*040 e/0x1FFFF800/01*040 e',
      '@OTP Memory /0x1FFF7000/01*0001Ke',
      '@Device Feature/0xFFFF0000/01*004 e',
    ],
    'L433, L452 and L4R9 (reported); no listing of an L476 or L496 was found',
    'assumed',
  ),
  pollMs: known(
    { setAddress: 1, erasePage: 25, massErase: 50, write: 25 },
    'dfu-util: bootloaders of L4 report too short a poll time-out; the values are free',
    'assumed',
  ),
};
const L4_LEFT = left('PLL, FLASH_ACR, PWR_CR2.USV, GPIO', 'as the ROM ran', `${AN2606} 4.1: not put back`);
/** L476 has no HSI48. */
const L476_OPTIONS: RomOptionDefaults = Object.fromEntries(Object.entries(ROM_OPTION_DEFAULTS.L4).filter(([id]) => id !== 'hsi48'));

const L476: RomProfile = {
  ...fromChip(STM32L476RG),
  ramUse: known([{ base: 0x20000000, size: 0x3000 }], `${AN2606} Table 168 (V10.x)`),
  // V10.x is in revisions 2 and 3 of the die, V9.x in revision 4; the stand-in plays V10.3.
  versions: known(['V9.0', 'V9.1', 'V9.2', 'V10.1', 'V10.2', 'V10.3'], `${AN2606} Tables 169 and 171`),
  family: 'L4',
  image: 'l476',
  size: 28_672,
  gap: null,
  optionBlock: 0x1fff6f00,
  options: L476_OPTIONS,
  initialStack: known(0x20003000, 'top of the RAM that the ROM may use', 'assumed'),
  sysclkHz: known(24_000_000, `${AN2606} Table 168`),
  usbIrq: 67,
  hseWait: { ms: known(100, `${AN2606} Table 229: HSE`) },
  // ASSUMED: the data sheet of L476 calls BOOT0 no port pin; L496's is PH3.
  boot0Pin: 'PH3',
  interfaces: pins('Table 168', [usb, L4_USARTS[0]!, ...L4_USARTS.slice(1).map(pulledUp), ...L4_I2CS]),
  dfu: L4_DFU,
  leaves: [...LEFT_BY_ALL, L4_LEFT],
  build: {
    folder: 'l4',
    cpu: 'cortex-m4',
    defines: ['CHIP_L476'],
    drivers: ['usb_dwc2.c', 'hse.c'],
    id: { address: 0x1fff6ffe, value: 0xa3 },
    serial: { chip: STM32L476RG, ownAddress: 0x43 },
  },
  leftOut: [
    SILENT,
    'writes to "Device Feature" at 0xFFFF0000: what they do is not known',
    'clock security on LSE',
    'V9.x: 72 MHz, SPI and CAN',
    'the corrupted writes of more than 256 bytes that AN2606 Table 169 lists',
  ],
};

const L496: RomProfile = {
  ...fromChip(STM32L496ZG),
  family: 'L4',
  image: 'l496',
  size: 28_672,
  gap: null,
  optionBlock: 0x1fff6f00,
  options: ROM_OPTION_DEFAULTS.L4,
  initialStack: known(0x20003000, 'top of the RAM that the ROM may use', 'assumed'),
  sysclkHz: known(72_000_000, `${AN2606} Table 172`),
  usbIrq: 67,
  boot0Pin: 'PH3',
  interfaces: pins('Table 172', [
    usb,
    ...L4_USARTS,
    ...L4_I2CS,
    spi('SPI1', 'PA4', 'PA5', 'PA6', 'PA7'),
    spi('SPI2', 'PB12', 'PB13', 'PB14', 'PB15'),
    can('CAN1', 'PB8', 'PB9'),
  ]),
  dfu: L4_DFU,
  leaves: [...LEFT_BY_ALL, L4_LEFT],
  build: {
    folder: 'l4',
    cpu: 'cortex-m4',
    defines: ['CHIP_L496'],
    drivers: ['usb_dwc2.c'],
    id: { address: 0x1fff6ffe, value: 0x93 },
    serial: { chip: STM32L496ZG, ownAddress: 0x4c },
  },
  leftOut: [SILENT, 'writes to "Device Feature" at 0xFFFF0000: what they do is not known'],
};

/** Data sheets of F0: USART1 is function 1 of its pins, USART2 too. */
const F0_SERIAL = { PA9: 1, PA10: 1, PA14: 1, PA15: 1 };
const F072: RomProfile = {
  ...fromChip(STM32F072RB),
  family: 'F0',
  image: 'f072',
  size: 12_288,
  gap: null,
  optionBlock: 0x1ffff700,
  options: ROM_OPTION_DEFAULTS.F0,
  initialStack: known(0x20002250, 'hard-coded for this ROM by public firmware; above the 6 KB that AN2606 reserves', 'reported'),
  sysclkHz: known(48_000_000, `${AN2606} Table 41`),
  usbIrq: 31,
  boot0Pin: null,
  interfaces: pins('Table 41', [
    usb,
    pulledUp(usart('USART1', 'PA10', 'PA9')),
    pulledUp(usart('USART2', 'PA15', 'PA14')),
    i2c('I2C1', 'PB6', 'PB7'),
  ]),
  dfu: {
    dialect: 'v1',
    alts: known(['@Internal Flash  /0x08000000/064*0002Kg', '@Option Bytes  /0x1FFFF800/01*016 e'], 'listings of F072', 'reported'),
    pollMs: known({ setAddress: 1, erasePage: 35, massErase: 35, write: 60 }, FREE_POLL, 'assumed'),
  },
  leaves: [
    ...LEFT_BY_ALL,
    left('SYSCLK', 'HSI48; HSITRIM is 0', `${AN2606} Table 42 (V10.1)`),
    left('SYSCFG_CFGR1.MEM_MODE', 'system memory stays at 0: the core has no VTOR', 'seed 002', 'inferred'),
  ],
  build: {
    folder: 'f0',
    cpu: 'cortex-m0',
    defines: ['CHIP_F072'],
    drivers: ['usb_fsdev.c'],
    id: { address: 0x1ffff6a6, value: 0xa1 },
    serial: { chip: STM32F072RB, functions: F0_SERIAL, ownAddress: 0x3b },
  },
  leftOut: [SILENT, 'PA13 as alternate function, the lost interrupts behind some high-speed hosts (AN2606 Table 42)'],
};

const F042: RomProfile = {
  ...F072,
  ...fromChip(STM32F042K6),
  image: 'f042',
  size: 13_312,
  options: { ...ROM_OPTION_DEFAULTS.F0, ...EMPTY_CHECK },
  initialStack: known(0x20001800, 'top of the RAM', 'assumed'),
  sysclkHz: known(48_000_000, `${AN2606} Table 35`),
  // Of packages with 32 pins and more, but for LQFP32, which has PB8.
  boot0Pin: 'PF11',
  interfaces: pins('Table 35', [
    usb,
    pulledUp(usart('USART1', 'PA10', 'PA9')),
    pulledUp(usart('USART2', 'PA15', 'PA14')),
    i2c('I2C1', 'PB6', 'PB7'),
  ]),
  dfu: {
    dialect: 'v1',
    alts: known(
      ['@Internal Flash  /0x08000000/032*0001Kg', '@Option Bytes  /0x1FFFF800/01*016 e'],
      'listings of F042 boards; the second as F072',
      'reported',
    ),
    pollMs: F072.dfu!.pollMs,
  },
  build: {
    folder: 'f0',
    cpu: 'cortex-m0',
    defines: ['CHIP_F042'],
    drivers: ['usb_fsdev.c'],
    id: { address: 0x1ffff6a6, value: 0xa1 },
    serial: { chip: STM32F042K6, functions: F0_SERIAL, ownAddress: 0x3e },
  },
  leftOut: [...F072.leftOut, 'V10.0: the failures behind some high-speed hosts', 'that SWD is dead after a session on USART2'],
};

const H745: RomProfile = {
  ...fromChip(STM32H745XI),
  family: 'H7',
  image: 'h745',
  size: 86_016,
  gap: null,
  optionBlock: 0x1ff1e700,
  options: ROM_OPTION_DEFAULTS.H7,
  optionsByVersion: Object.fromEntries(
    ['V13.2', 'V13.3', 'V9.0', 'V9.1'].map((version): [string, RomOptionDefaults] => [
      version,
      { 'pwr-lock': known('locks', `${AN2606} Table 136: until V9.2 PWR_CR3 is locked until power-on`) },
    ]),
  ),
  initialStack: known(0x20004000, 'top of the DTCM that the ROM may use', 'assumed'),
  sysclkHz: known(64_000_000, `${AN2606} Table 135`),
  usbIrq: 101,
  boot0Pin: null,
  interfaces: pins('Table 135', [
    usb,
    pulledUp(usart('USART1', 'PA10', 'PA9')),
    pulledUp(usart('USART1 (second place)', 'PB15', 'PB14')),
    pulledUp(usart('USART2', 'PA3', 'PA2')),
    pulledUp(usart('USART3', 'PB11', 'PB10')),
    i2c('I2C1', 'PB6', 'PB9'),
    i2c('I2C2', 'PF1', 'PF0'),
    i2c('I2C3', 'PA8', 'PC9'),
    spi('SPI1', 'PA4', 'PA5', 'PA6', 'PA7'),
    spi('SPI2', 'PI0', 'PI1', 'PI2', 'PI3'),
    spi('SPI3', 'PA15', 'PC10', 'PC11', 'PC12'),
    spi('SPI4', 'PE11', 'PE12', 'PE13', 'PE14'),
    can('FDCAN1', 'PH14', 'PH13'),
  ]),
  dfu: {
    dialect: 'v2',
    alts: known(
      ['@Internal Flash   /0x08000000/16*128Kg', '@Option Bytes   /0x5200201C/01*128 e'],
      'listings of H743, which has the same die',
      'reported',
    ),
    pollMs: known(
      { setAddress: 1, erasePage: 1000, massErase: 10000, write: 5 },
      'a free value: in the log of an H743 the erase is done inside the request',
      'assumed',
    ),
  },
  leaves: [
    ...LEFT_BY_ALL,
    left('RCC, GPIO', 'HSI 64 MHz, used blocks reset', `${AN2606} 4.1: newer ROMs put back, not always completely`, 'assumed'),
    left('PWR_CR3', 'USB33DEN = 1; before V9.2 the supply bits are locked until power-on', `${AN2606} Table 136`),
  ],
  build: {
    folder: 'h7',
    cpu: 'cortex-m7',
    defines: ['CHIP_H745'],
    drivers: ['usb_dwc2.c'],
    id: { address: 0x1ff1e7fe, value: 0x92 },
    serial: { chip: STM32H745XI, functions: { PB14: 4, PB15: 4 }, ownAddress: 0x4e },
  },
  leftOut: [
    SILENT,
    'the option registers of bank 2 (protection, secure area), which lie behind the memory of 128 bytes',
    'the secure first stage of a pin boot and what it leaves behind',
    "the limit on the application's stack pointer (AN2606 Table 136)",
    'the 20 KB of AXI SRAM: left alone',
  ],
};

const H723: RomProfile = {
  ...H745,
  ...fromChip(STM32H723ZG),
  image: 'h723',
  optionsByVersion: Object.fromEntries(
    ['V9.1', 'V9.2'].map((version): [string, RomOptionDefaults] => [
      version,
      { 'pwr-lock': known('locks', `${AN2606} Tables 133 and 134: until V9.3 PWR_CR3 is locked until power-on`) },
    ]),
  ),
  initialStack: known(0x24004000, 'top of the AXI SRAM that the ROM may use', 'assumed'),
  sysclkHz: known(66_000_000, `${AN2606} Table 133`),
  usbIrq: 77,
  interfaces: pins('Table 133', [
    usb,
    pulledUp(usart('USART1', 'PA10', 'PA9')),
    pulledUp(usart('USART2', 'PA3', 'PA2')),
    pulledDown(usart('USART3', 'PB11', 'PB10')),
    pulledDown(usart('USART3 (second place)', 'PD9', 'PD8')),
    i2c('I2C1', 'PB6', 'PB9'),
    i2c('I2C2', 'PF1', 'PF0'),
    i2c('I2C3', 'PA8', 'PC9'),
    spi('SPI1', 'PA4', 'PA5', 'PA6', 'PA7'),
    spi('SPI3', 'PA15', 'PC10', 'PC11', 'PC12'),
    spi('SPI4', 'PE11', 'PE12', 'PE13', 'PE14'),
    can('FDCAN1', 'PH14', 'PH13'),
  ]),
  dfu: {
    ...H745.dfu!,
    alts: known(
      ['@Internal Flash   /0x08000000/8*128Kg', '@Option Bytes   /0x5200201C/01*88 e'],
      'a listing of a controller board with H723',
      'reported',
    ),
  },
  build: {
    ...H745.build,
    defines: ['CHIP_H723'],
    id: { address: 0x1ff1e7fe, value: 0x93 },
    serial: { chip: STM32H723ZG, ownAddress: 0x5c },
  },
  leftOut: [
    SILENT,
    'the secure first stage of a pin boot and what it leaves behind',
    'V9.1: the wrong layout string; V9.2: the crash loop at RDP level 1 with the cable in',
    'H730: 128 KB of flash; the layout string and the memories are those of 1 MB',
  ],
};

const F4_LEFT_OUT = [SILENT, 'programming with VPP, the fifth supply range of "Device Feature" at 0xFFFF0000'];
const F4_LEFT = left(
  'PLL, HSE, FLASH_ACR, GPIO',
  'as the ROM ran: 60 MHz from the PLL on HSE, 3 wait states',
  `${AN2606} 4.1: not put back`,
);
const AHB1ENR_LEFT = left('RCC_AHB1ENR', '0, CCM RAM included', `${AN2606} Table 84 and its siblings`);
const AHB1ENR_LEFT_ONCE = left('RCC_AHB1ENR', 'before V9.1: 0, CCM RAM included', `${AN2606} Tables 74 and 76`);
const f4Dfu = (
  sectors: string,
  source = 'listings of F405 and F411',
  confidence: Confidence = 'reported',
  second = { options: '', otp: '' },
): DfuDevice => ({
  dialect: 'v1',
  alts: known(
    [
      `@Internal Flash  /0x08000000/${sectors}`,
      `@Option Bytes  /0x1FFFC000/01*016 e${second.options}`,
      `@OTP Memory /0x1FFF7800/01*512 e,01*016 e${second.otp}`,
      '@Device Feature/0xFFFF0000/01*004 e',
    ],
    source,
    confidence,
  ),
  pollMs: known(
    { setAddress: 104, erasePage: 100, massErase: 100, write: 104 },
    'logs of F401 (set address, erase) and F405 (mass erase); that of a write is a free value',
    'reported',
  ),
});

/** What F4's ROMs differ in. */
interface F4Rom {
  /** HSE is waited for so long. */
  readonly hseMs: number;
  readonly chip: ChipDescription;
  readonly image: string;
  readonly table: string;
  readonly interfaces: readonly RomInterface[];
  readonly dfu: DfuDevice;
  readonly ownAddress: number;
  readonly functions?: Readonly<Record<string, number>>;
  readonly id: { readonly address: number; readonly value: number };
  readonly defines: readonly (readonly [string, string | number])[];
  readonly leftOut: readonly string[];
  readonly twoBanks?: boolean;
  readonly cpu?: RomProfile['build']['cpu'];
}
const topOf = (chip: ChipDescription): number => {
  const { base, size } = fromChip(chip).ramUse.value[0]!;
  return base + size;
};
const isOn = (rom: F4Rom, define: string): boolean => rom.defines.some(([name, on]) => name === define && on === 1);
const f4 = (rom: F4Rom): RomProfile => ({
  ...fromChip(rom.chip),
  family: 'F4',
  image: rom.image,
  size: 30_720,
  gap: null,
  optionBlock: 0x1fff7500,
  options: rom.twoBanks ? { ...ROM_OPTION_DEFAULTS.F4, 'bank-check': ROM_OPTION_DEFAULTS.L4['bank-check']! } : ROM_OPTION_DEFAULTS.F4,
  initialStack: known(topOf(rom.chip), 'top of the RAM that the ROM may use', 'assumed'),
  sysclkHz: known(60_000_000, `${AN2606} ${rom.table}`),
  usbIrq: 67,
  hseWait: { ms: known(rom.hseMs, HSE_TABLE), ...(isOn(rom, 'HAS_V3') ? { early: { to: 'V3.1', ms: 0.79 } } : {}) },
  boot0Pin: null,
  interfaces: pins(rom.table, [usb, usart('USART1', 'PA10', 'PA9'), ...rom.interfaces]),
  dfu: rom.dfu,
  leaves: [...LEFT_BY_ALL, F4_LEFT, ...(isOn(rom, 'LEAVES_AHB1ENR_0') ? [AHB1ENR_LEFT] : isOn(rom, 'HAS_V3') ? [AHB1ENR_LEFT_ONCE] : [])],
  build: {
    folder: 'f4',
    cpu: rom.cpu ?? 'cortex-m4',
    defines: rom.defines,
    drivers: ['usb_dwc2.c', 'hse.c'],
    id: rom.id,
    tables: { chip: rom.chip, ownAddress: rom.ownAddress, ...(rom.functions ? { functions: rom.functions } : {}) },
  },
  leftOut: [...F4_LEFT_OUT, ...rom.leftOut],
});
const SPI1 = spi('SPI1', 'PA4', 'PA5', 'PA6', 'PA7');
const SPI2_PB = spi('SPI2', 'PB12', 'PB13', 'PB14', 'PB15');
const SPI2_PI = spi('SPI2', 'PI0', 'PI1', 'PI2', 'PI3');
const SPI3 = spi('SPI3', 'PA15', 'PC10', 'PC11', 'PC12');
const SPI4 = spi('SPI4', 'PE11', 'PE12', 'PE13', 'PE14');
const USART3_TWICE = [usart('USART3', 'PB11', 'PB10'), usart('USART3 (second place)', 'PC11', 'PC10')].map(pulledUp);
const F4_BIG = [i2c('I2C2', 'PF1', 'PF0'), i2c('I2C3', 'PA8', 'PC9')];
/** USART2 on PD5 and PD6: 48-pin packages lack them. */
const F4_SMALL = [
  i2c('I2C1', 'PB6', 'PB7'),
  SPI1,
  pulledUp(usart('USART2', 'PD6', 'PD5')),
  i2c('I2C2', 'PB10', 'PB3'),
  i2c('I2C3', 'PA8', 'PB4'),
  SPI2_PB,
  SPI3,
];
const F4_SMALL_FUNCTIONS = { PB3: 9, PB4: 9 };
const ID_LOW = 0x1fff76de;
const f4Defines = (ram: string, more: Readonly<Record<string, string | number>> = {}): F4Rom['defines'] =>
  Object.entries({
    RAM_END: ram,
    I2C_V1: 1,
    OLD_OTG: 1,
    FLASH_BANKS: 1,
    HAS_CCM: 0,
    VOS_MASK: '3u',
    LEAVES_AHB1ENR_0: 1,
    HAS_V3: 0,
    ...more,
  });

const F405 = f4({
  chip: STM32F405RG,
  image: 'f405',
  table: 'Table 75',
  interfaces: [i2c('I2C1', 'PB6', 'PB7'), SPI1, ...USART3_TWICE, ...F4_BIG, SPI2_PI, can('CAN2', 'PB5', 'PB13')],
  dfu: f4Dfu('04*016Kg,01*064Kg,07*128Kg'),
  ownAddress: 0x3a,
  id: { address: 0x1fff77de, value: 0x91 },
  hseMs: 96,
  defines: f4Defines('0x20020000u', { HAS_CCM: 1, VOS_MASK: '1u', LEAVES_AHB1ENR_0: 0, HAS_V3: 1 }),
  leftOut: [
    'V3.x: 24 MHz and 8 KB of RAM',
    "the pull-up at PB10, USART3 TX (ODrive main.cpp: ST's ROM pulls PB10 and PB11 up, which destroyed brake transistors; reported)",
  ],
});
const F411 = f4({
  chip: STM32F411RE,
  image: 'f411',
  table: 'Table 83',
  interfaces: F4_SMALL,
  functions: F4_SMALL_FUNCTIONS,
  dfu: f4Dfu('04*016Kg,01*064Kg,03*128Kg'),
  ownAddress: 0x39,
  id: { address: ID_LOW, value: 0xd0 },
  hseMs: 85,
  defines: f4Defines('0x20020000u'),
  leftOut: [],
});
const F401 = f4({
  chip: STM32F401RE,
  image: 'f401',
  table: 'Table 79',
  interfaces: F4_SMALL,
  functions: F4_SMALL_FUNCTIONS,
  dfu: f4Dfu('04*016Kg,01*064Kg,03*128Kg', 'listings of F401xE'),
  ownAddress: 0x39,
  id: { address: ID_LOW, value: 0xd1 },
  hseMs: 85,
  defines: f4Defines('0x20018000u'),
  leftOut: [],
});
const F401_C = f4({
  chip: STM32F401RC,
  image: 'f401xc',
  table: 'Table 77',
  interfaces: F4_SMALL,
  functions: F4_SMALL_FUNCTIONS,
  dfu: f4Dfu('04*016Kg,01*064Kg,01*128Kg', 'F401xE, with the sectors of 256 KB', 'assumed'),
  ownAddress: 0x3a,
  id: { address: ID_LOW, value: 0xd0 },
  hseMs: 85,
  defines: f4Defines('0x20010000u'),
  leftOut: ['the layout string of F401xB, which has one sector less'],
});
/** F412 and F413: I2C4 is of another version than the other three. */
const F412_INTERFACES = [
  i2c('I2C1', 'PB6', 'PB7'),
  SPI1,
  pulledUp(usart('USART2', 'PD6', 'PD5')),
  USART3_TWICE[0]!,
  i2c('I2C2', 'PF1', 'PF0'),
  i2c('I2C3', 'PA8', 'PB4'),
  SPI3,
  SPI4,
  can('CAN2', 'PB5', 'PB13'),
];
const F412_LEFT_OUT = ['I2C4'];
const F412 = f4({
  chip: STM32F412ZG,
  image: 'f412',
  table: 'Table 85',
  interfaces: F412_INTERFACES,
  functions: { PB4: 9 },
  dfu: f4Dfu('04*016Kg,01*064Kg,07*128Kg', 'as F405, which has the same sectors; no listing was found', 'assumed'),
  ownAddress: 0x46,
  id: { address: ID_LOW, value: 0x91 },
  hseMs: 180,
  defines: f4Defines('0x20040000u', { OLD_OTG: 0 }),
  leftOut: [...F412_LEFT_OUT, 'V9.0: USART3 on other pins'],
});
const F413 = f4({
  chip: STM32F413ZH,
  image: 'f413',
  table: 'Table 87',
  interfaces: F412_INTERFACES,
  functions: { PB4: 9 },
  dfu: f4Dfu('04*016Kg,01*064Kg,11*128Kg', 'by the pattern of the siblings; no listing was found', 'assumed'),
  ownAddress: 0x4b,
  id: { address: ID_LOW, value: 0x90 },
  hseMs: 165,
  defines: f4Defines('0x20050000u', { OLD_OTG: 0 }),
  leftOut: [...F412_LEFT_OUT, 'the fourth wait state of Table 87: three'],
});
const F429 = f4({
  chip: STM32F429ZI,
  image: 'f429',
  table: 'Table 91',
  twoBanks: true,
  interfaces: [i2c('I2C1', 'PB6', 'PB9'), SPI1, ...USART3_TWICE, ...F4_BIG, SPI2_PI, SPI4, can('CAN2', 'PB5', 'PB13')],
  dfu: f4Dfu('04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg', 'listings of F427 and F439 boards', 'reported', {
    options: '/0x1FFEC000/01*016 e',
    otp: '/0x1FFE7800/01*512 e,01*016 e',
  }),
  ownAddress: 0x38,
  id: { address: ID_LOW, value: 0x91 },
  hseMs: 97,
  defines: f4Defines('0x20030000u', { HAS_CCM: 1, FLASH_BANKS: 2 }),
  leftOut: [
    'V7.x: 24 MHz and 8 KB of RAM',
    'the second OTP area of the listing, 0x1FFE7800, which the reference manual does not have',
    'that DFU cannot erase bank 2 (AN2606 Tables 90 and 92)',
  ],
});
const F469 = f4({
  chip: STM32F469NI,
  image: 'f469',
  table: 'Table 95',
  twoBanks: true,
  interfaces: [i2c('I2C1', 'PB6', 'PB9'), SPI1, ...USART3_TWICE, ...F4_BIG, SPI2_PI, SPI4, can('CAN2', 'PB5', 'PB13')],
  dfu: f4Dfu(
    '04*016Kg,01*064Kg,07*128Kg,04*016Kg,01*064Kg,07*128Kg',
    'as F429, which has the same sectors; no listing was found',
    'assumed',
    {
      options: '/0x1FFEC000/01*016 e',
      otp: '',
    },
  ),
  ownAddress: 0x44,
  id: { address: ID_LOW, value: 0x90 },
  hseMs: 230,
  defines: f4Defines('0x20050000u', { HAS_CCM: 1, FLASH_BANKS: 2, OLD_OTG: 0 }),
  leftOut: ['crystals above 26 MHz, which the text behind Table 95 allows and the table does not'],
});
const F446 = f4({
  chip: STM32F446RE,
  image: 'f446',
  table: 'Table 93',
  interfaces: [
    i2c('I2C1', 'PB6', 'PB9'),
    SPI1,
    ...USART3_TWICE,
    ...F4_BIG,
    spi('SPI2', 'PB12', 'PC7', 'PB14', 'PB15'),
    SPI4,
    can('CAN2', 'PB5', 'PB13'),
  ],
  dfu: f4Dfu('04*016Kg,01*064Kg,03*128Kg', 'as F411, which has the same sectors; no listing was found', 'assumed'),
  ownAddress: 0x3c,
  id: { address: ID_LOW, value: 0x90 },
  hseMs: 96,
  defines: f4Defines('0x20020000u', { OLD_OTG: 0 }),
  leftOut: ['TIM17, which AN2606 names for the measurement of HSE: this chip has none, TIM11 is used'],
});

/** F2's ROM is F4's V3.x: 8 KB of RAM, HSE given up after 0.79 ms. */
const F207 = f4({
  chip: STM32F207ZG,
  image: 'f207',
  table: 'Table 53',
  cpu: 'cortex-m3',
  interfaces: [...USART3_TWICE, can('CAN2', 'PB5', 'PB13')],
  dfu: f4Dfu('04*016Kg,01*064Kg,07*128Kg', 'as F405, which has the same sectors; no listing was found', 'assumed'),
  ownAddress: 0,
  id: { address: 0x1fff77de, value: 0x33 },
  hseMs: 0.79,
  defines: f4Defines('0x20020000u', { VOS_MASK: '0u', LEAVES_AHB1ENR_0: 0, RAM_ROM_END: '0x20002000u' }),
  leftOut: ['V2.x of revisions A, Z and B: USART alone, no DFU', 'V3.2: alternate settings marked "g" instead of "e"'],
});

/** F7's ROMs are built from F4's sources: the same blocks at the same places, but for what `F7` tells apart. */
const f7 = (
  rom: Pick<F4Rom, 'chip' | 'image' | 'ownAddress' | 'interfaces' | 'leftOut'>,
  layout: {
    readonly smallest: 16 | 32;
    readonly ramEnd: string;
    readonly otp: number;
    readonly otpSize: number;
    readonly uid: number;
    readonly size: number;
  },
  alts: Sourced<readonly string[]>,
): RomProfile => {
  const base = f4({
    ...rom,
    table: 'configuration table',
    dfu: { ...f4Dfu(''), alts },
    id: { address: 0, value: 0 },
    hseMs: 50,
    defines: [
      ...f4Defines(layout.ramEnd, { I2C_V1: 0, OLD_OTG: 0, LEAVES_AHB1ENR_0: 0 }),
      ['F7', 1],
      ['SMALLEST_SECTOR', `${layout.smallest * 1024}u`],
      ['OTP_BASE', `${layout.otp}u`],
      ['OTP_SIZE', `${layout.otpSize}u`],
      ['UID_BASE', `${layout.uid}u`],
      ['FLASH_SIZE_AT', `${layout.size}u`],
    ],
  });
  return {
    ...base,
    family: 'F7',
    optionBlock: 0x1ff07500,
    options: ROM_OPTION_DEFAULTS.F7,
    initialStack: known(0x20004000, 'top of the RAM that the ROM may use', 'assumed'),
    build: { ...base.build, cpu: 'cortex-m7', id: null },
    leftOut: [...base.leftOut, 'the bootloader ID byte at 0x1FF0EDBE'],
  };
};
const F7_SERIAL = [i2c('I2C1', 'PB6', 'PB9'), SPI1, ...USART3_TWICE, ...F4_BIG, SPI2_PI, SPI4];
const F7_OTP = { otp: 0x1ff0f000, otpSize: 1024, uid: 0x1ff0f420, size: 0x1ff0f442 } as const;
const f7Alts = (flash: string, otp: string): readonly string[] => [
  `@Internal Flash  /0x08000000/${flash}`,
  '@Option Bytes  /0x1FFF0000/01*048 e',
  `@OTP Memory /${otp}`,
  '@Device Feature/0xFFFF0000/01*004 e',
];
const F722 = f7(
  {
    chip: STM32F722RE,
    image: 'f722',
    ownAddress: 0x49,
    interfaces: [...F7_SERIAL, can('CAN1', 'PD0', 'PD1')],
    leftOut: [],
  },
  { smallest: 16, ramEnd: '0x20040000u', otp: 0x1ff07800, otpSize: 528, uid: 0x1ff07a10, size: 0x1ff07a22 },
  known(f7Alts('04*016Kg,01*64Kg,03*128Kg', '0x1FF07800/01*528e'), 'a listing with the OTP address of F72x', 'reported'),
);
const F746 = f7(
  {
    chip: STM32F746ZG,
    image: 'f746',
    ownAddress: 0x45,
    interfaces: [...F7_SERIAL, can('CAN2', 'PB5', 'PB13')],
    leftOut: ['V7.0: no SPI'],
  },
  { smallest: 32, ramEnd: '0x20050000u', ...F7_OTP },
  known(
    f7Alts('04*032Kg,01*128Kg,03*256Kg', '0x1FF0F000/01*1024e'),
    'the first: betaflight-configurator and fwupd PR 1944; the others by the pattern of F72x',
    'reported',
  ),
);
const F767 = f7(
  {
    chip: STM32F767ZI,
    image: 'f767',
    ownAddress: 0x49,
    interfaces: [...F7_SERIAL, can('CAN2', 'PB5', 'PB13')],
    leftOut: ['the choice of a bank (nDBANK = nDBOOT = 0): the bootloader stays', 'erase of sectors while the flash has two banks'],
  },
  { smallest: 32, ramEnd: '0x20080000u', ...F7_OTP },
  known(f7Alts('04*032Kg,01*128Kg,07*256Kg', '0x1FF0F000/01*1024e'), 'by the pattern of the siblings; no listing was found', 'assumed'),
);

const ROWS: readonly RomProfile[] = [
  H523_H533,
  H503,
  H563,
  U575,
  L476,
  L496,
  F072,
  H745,
  H723,
  F405,
  F411,
  F401,
  F401_C,
  F429,
  F446,
  F412,
  F413,
  F469,
  F722,
  F746,
  F767,
  G431,
  G474,
  G491,
  L432,
  L431,
  L451,
  L452,
  L412,
  L4R5,
  WB55,
  F042,
  F207,
  F103,
  F105,
  G0B1,
  G0B0,
  G070,
  G030,
  G050,
  C071,
  C031,
  C011,
  L072,
  L071,
  L051,
  L1B,
  L1C,
  L1D,
  L1E,
  F070XB,
  F070X6,
  F030X6,
  F030X8,
  F030XC,
  F091,
  F303XC,
  F303XE,
  F303X8,
  F302X8,
  F301X8,
  F318X8,
  F358XC,
  F398XE,
];

/** A row with what was measured on boards of its parts. */
function measured(row: RomProfile): RomProfile {
  const options = withEvidence(row.id, row.options, MEASURED);
  return options === row.options ? row : { ...row, options };
}
export const ROM_PROFILES: readonly RomProfile[] = ROWS.map(measured);

export function findRomProfile(id: string): RomProfile | undefined {
  const row = ROWS.find((profile) => profile.id === id);
  return row && measured(row);
}

/** The ROM of this part: an interface is there where all its pins come out of the package. null while there is none. */
export function romProfileOf(chip: ChipDescription): RomProfile | null {
  const found = findRomProfile(chip.rom?.id ?? '');
  if (!found) return null;
  const profile = found.measuredOn?.test(chip.name) === false ? { ...found, options: inferredFrom(found.options) } : found;
  const { value } = profile.interfaces;
  const there = value.filter((i) => Object.values(i.pins).every((pin) => hasPin(chip, pin)));
  return there.length === value.length ? profile : { ...profile, interfaces: { ...profile.interfaces, value: there } };
}
