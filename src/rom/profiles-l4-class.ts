/** Stand-in ROMs of the chips with L4's blocks: L41x to L46x, L4+, G4, WB. One source (rom/l4); what they differ in is said here. */
import { STM32G431RB, STM32G474RE, STM32G491RE } from '../chips/stm32g4.ts';
import { STM32L412RB, STM32L431RC, STM32L432KC, STM32L451RE, STM32L452RE, STM32L4R5ZI } from '../chips/stm32l4x3.ts';
import { STM32WB55RG } from '../chips/stm32wb.ts';
import type { ChipDescription } from '../emu/chip.ts';
import type { Confidence } from '../emu/confidence.ts';
import { ROM_OPTION_DEFAULTS, type RomFamily, type RomOptionDefaults } from './options.ts';
import {
  AN2606,
  can,
  FREE_POLL,
  fromChip,
  i2c,
  known,
  left,
  LEFT_BY_ALL,
  pins,
  SILENT,
  spi,
  usart,
  usb,
  type DfuDevice,
  type RomInterface,
  type RomProfile,
} from './profile.ts';

interface L4ClassRom {
  readonly chip: ChipDescription;
  readonly family: RomFamily;
  readonly image: string;
  /** Of AN2606. */
  readonly table: string;
  readonly options: RomOptionDefaults;
  readonly sysclkMHz: number;
  /** Dividers and factor of the PLL behind HSI16, and wait states that serve the result. */
  readonly pll: { readonly m: number; readonly n: number; readonly r: number; readonly latency: number };
  readonly usbIrq: number;
  readonly boot0Pin: string;
  readonly interfaces: readonly RomInterface[];
  readonly ownAddress: number;
  /** Alternate functions, where they are not the usual ones. */
  readonly functions?: Readonly<Record<string, number>>;
  /** null: no USB. */
  readonly dfu: DfuDevice | null;
  /** Ends of RAM: SRAM1 with what lies behind it, a second one, what the ROM keeps to itself. */
  readonly ram: { readonly end: number; readonly second: readonly [number, number]; readonly rom: number };
  readonly banks: 1 | 2;
  /** 2048 unless said otherwise. */
  readonly pageBytes?: number;
  readonly defines: readonly (readonly [string, string | number])[];
  readonly id: number;
  readonly leftOut: readonly string[];
}

const hex = (n: number): string => `0x${n.toString(16).toUpperCase().padStart(8, '0')}u`;
const LEFT = left('PLL, FLASH_ACR, GPIO', 'as the ROM ran', `${AN2606} 4.1: not put back`);

function l4Class(rom: L4ClassRom): RomProfile {
  const { m, n, r, latency } = rom.pll;
  const top = rom.chip.rom!.ramUse.value[0]!;
  const port = rom.boot0Pin.charCodeAt(1) - 65;
  return {
    ...fromChip(rom.chip),
    family: rom.family,
    image: rom.image,
    size: 28_672,
    gap: null,
    optionBlock: 0x1fff6f00,
    options: rom.options,
    initialStack: known(top.base + top.size, 'top of the RAM that the ROM may use', 'assumed'),
    sysclkHz: known(rom.sysclkMHz * 1e6, `${AN2606} ${rom.table}`),
    usbIrq: rom.usbIrq,
    boot0Pin: rom.banks === 2 ? rom.boot0Pin : null,
    interfaces: pins(rom.table, [...(rom.dfu ? [usb] : []), ...rom.interfaces]),
    dfu: rom.dfu,
    leaves: [...LEFT_BY_ALL, LEFT],
    build: {
      folder: 'l4',
      cpu: 'cortex-m4',
      defines: [
        ['SRAM1_END', hex(rom.ram.end)],
        ['SRAM2_BASE', hex(rom.ram.second[0])],
        ['SRAM2_END', hex(rom.ram.second[1])],
        ['RAM_ROM_END', hex(rom.ram.rom)],
        ['FLASH_BANKS', rom.banks],
        ['FLASH_PAGE_SIZE', `${rom.pageBytes ?? 2048}u`],
        ['BOOT0_PORT', port],
        ['BOOT0_PIN', Number(rom.boot0Pin.slice(2))],
        ['ROM_PLL', `(PLLCFGR_M(${m}) | PLLCFGR_N(${n}) | PLLCFGR_R(${r}))`],
        ['ROM_LATENCY', `${latency}u`],
        ...rom.defines,
      ],
      drivers: rom.dfu ? [rom.defines.some(([name, on]) => name === 'USB_FSDEV' && on === 1) ? 'usb_fsdev.c' : 'usb_dwc2.c'] : [],
      id: { address: 0x1fff6ffe, value: rom.id },
      tables: {
        chip: rom.chip,
        ownAddress: rom.ownAddress,
        // AN2606 Tables 115 to 119: pulled up on G4 alone.
        pulls: { i2c: rom.family === 'G4' ? 'up' : 'none', spi: 'down' },
        ...(rom.functions ? { functions: rom.functions } : {}),
      },
    },
    leftOut: [SILENT, ...rom.leftOut],
  };
}

const { 'bank-check': _bankCheck, ...G4_ONE_BANK } = ROM_OPTION_DEFAULTS.G4;
const USART = [usart('USART1', 'PA10', 'PA9'), usart('USART2', 'PA3', 'PA2'), usart('USART3', 'PC11', 'PC10')];
const pulledUp = (i: RomInterface): RomInterface => ({ ...i, pull: 'up' });
const SPI_1_2 = [spi('SPI1', 'PA4', 'PA5', 'PA6', 'PA7'), spi('SPI2', 'PB12', 'PB13', 'PB14', 'PB15')];
const G4_DEFINES = [
  ['HAS_MSI', 0],
  ['USB_FSDEV', 1],
  ['CRS_BASE', '0x40002000u'],
  ['HAS_FEATURE', 0],
  ['OPTIONS_SIZE', '48u'],
] as const;
/** I2C is function 4 on most pins; RM0440's data sheets: PC4 and PA8 (I2C2), PC8, PC9 and PC6, PC7. */
const G4_FUNCTIONS = { PC8: 8, PC9: 8, PC6: 8, PC7: 8 };
const g4Dfu = (flash: string, options: string): DfuDevice => ({
  dialect: 'v2',
  alts: known(
    [`@Internal Flash   /0x08000000/${flash}`, `@Option Bytes   /0x1FFF7800/${options}`, '@OTP Memory   /0x1FFF7000/01*1024 e'],
    'a listing of a G474 board, and betaflight-configurator; G431 by the same pattern',
    'reported',
  ),
  pollMs: known({ setAddress: 1, erasePage: 25, massErase: 50, write: 1 }, FREE_POLL, 'assumed'),
});
const G4 = {
  family: 'G4',
  sysclkMHz: 72,
  pll: { m: 4, n: 36, r: 2, latency: 2 },
  usbIrq: 20,
  boot0Pin: 'PB8',
  functions: G4_FUNCTIONS,
  defines: G4_DEFINES,
} as const;

export const G431 = l4Class({
  ...G4,
  chip: STM32G431RB,
  image: 'g431',
  table: 'Table 115',
  options: G4_ONE_BANK,
  interfaces: [...USART.map(pulledUp), i2c('I2C2', 'PC4', 'PA8'), i2c('I2C3', 'PC8', 'PC9'), ...SPI_1_2],
  ownAddress: 0x54,
  dfu: g4Dfu('64*02Kg', '01*048 e'),
  ram: { end: 0x20008000, second: [0x10000000, 0x10002800], rom: 0x20004000 },
  banks: 1,
  id: 0xd4,
  leftOut: ['MISO that is driven at the start', 'the way out of securable memory at 0x1FFF6800'],
});
export const G474 = l4Class({
  ...G4,
  chip: STM32G474RE,
  image: 'g474',
  table: 'Table 117',
  options: ROM_OPTION_DEFAULTS.G4,
  interfaces: [...USART.map(pulledUp), i2c('I2C2', 'PC4', 'PA8'), i2c('I2C3', 'PC8', 'PC9'), i2c('I2C4', 'PC6', 'PC7'), ...SPI_1_2],
  ownAddress: 0x53,
  dfu: g4Dfu('256*02Kg', '01*048 e/0x1FFFF800/01*048 e'),
  ram: { end: 0x20020000, second: [0x10000000, 0x10008000], rom: 0x20004000 },
  banks: 2,
  id: 0xd5,
  leftOut: [
    'V13.3: no boot from bank 2; V13.4: no CCM SRAM',
    'MISO that is driven at the start',
    'the way out of securable memory at 0x1FFF6800',
  ],
});

export const G491 = l4Class({
  ...G4,
  chip: STM32G491RE,
  image: 'g491',
  table: 'Table 119',
  options: G4_ONE_BANK,
  interfaces: [...USART.map(pulledUp), i2c('I2C2', 'PC4', 'PA8'), i2c('I2C3', 'PC8', 'PC9'), ...SPI_1_2],
  ownAddress: 0x5f,
  dfu: g4Dfu('256*02Kg', '01*048 e'),
  ram: { end: 0x2001c000, second: [0x10000000, 0x10004000], rom: 0x20004000 },
  banks: 1,
  id: 0xd2,
  leftOut: ['MISO that is driven at the start', 'the way out of securable memory at 0x1FFF6800'],
});

const { 'bank-check': _noBanks, ...L4_ONE_BANK } = ROM_OPTION_DEFAULTS.L4;
const l4Dfu = (alts: readonly string[], source: string, confidence: Confidence): DfuDevice => ({
  dialect: 'v1',
  alts: known(alts, source, confidence),
  pollMs: known(
    { setAddress: 1, erasePage: 25, massErase: 50, write: 25 },
    'dfu-util: bootloaders of L4 report too short a poll time-out; the values are free',
    'assumed',
  ),
});
const L4_I2C = [i2c('I2C1', 'PB6', 'PB7'), i2c('I2C2', 'PB10', 'PB11'), i2c('I2C3', 'PC0', 'PC1')];
const [USART1, USART2, USART3] = USART as [RomInterface, RomInterface, RomInterface];
const FEATURE = '@Device Feature/0xFFFF0000/01*004 e';
const OTP = '@OTP Memory /0x1FFF7000/01*0001Ke';
const NO_FEATURE_WRITES = 'writes to "Device Feature" at 0xFFFF0000: what they do is not known';
const L4_ROM = { family: 'L4', sysclkMHz: 60, usbIrq: 67, boot0Pin: 'PH3' } as const;

const L432_ROM: L4ClassRom = {
  ...L4_ROM,
  chip: STM32L432KC,
  image: 'l432',
  table: 'Table 164',
  options: L4_ONE_BANK,
  pll: { m: 2, n: 15, r: 2, latency: 3 },
  // PA10 has no pull: left open, it is what makes the DFU of these boards dead.
  interfaces: [USART1, pulledUp(USART2), pulledUp(USART3), ...L4_I2C, ...SPI_1_2, can('CAN1', 'PB8', 'PB9')],
  ownAddress: 0x48,
  dfu: l4Dfu(
    ['@Internal Flash  /0x08000000/0128*0002Kg', '@Option Bytes  /0x1FFF7800/01*040 e', OTP, FEATURE],
    'listings of L43x boards',
    'reported',
  ),
  ram: { end: 0x20010000, second: [0x10000000, 0x10004000], rom: 0x20003100 },
  banks: 1,
  defines: [
    ['HAS_MSI', 1],
    ['USB_FSDEV', 1],
    ['USB_BASE', '0x40006800u'],
    ['USB_PMA_BASE', '0x40006C00u'],
    ['CRS_BASE', '0x40006000u'],
  ],
  id: 0x91,
  leftOut: [
    NO_FEATURE_WRITES,
    'HSE as the clock of CAN1',
    'of the first build: CRS that is set up wrongly, corrupted writes of more than 256 bytes (AN2606 Table 165)',
  ],
};
export const L432 = l4Class(L432_ROM);
const PCROP = 'that PCROP option bytes cannot be written (accesses of a byte)';
/** Without USB: its rows of the table fall away. The image is the stand-in's own; ST's is that of the chips with USB. */
const withoutUsb = (rom: L4ClassRom): Pick<L4ClassRom, 'options' | 'dfu' | 'leftOut'> => {
  const { 'usb-supply': _supply, hsi48: _hsi48, leave: _leave, ...options } = rom.options;
  return { options, dfu: null, leftOut: [...rom.leftOut, 'the USB driver, which has no block to drive here'] };
};
export const L431 = l4Class({ ...L432_ROM, ...withoutUsb(L432_ROM), chip: STM32L431RC, image: 'l431' });

const L452_ROM: L4ClassRom = {
  ...L432_ROM,
  chip: STM32L452RE,
  image: 'l452',
  table: 'Table 166',
  sysclkMHz: 72,
  pll: { m: 2, n: 18, r: 2, latency: 4 },
  ownAddress: 0x4a,
  dfu: l4Dfu(
    ['@Internal Flash  /0x08000000/0256*0002Kg', '@Option Bytes  /0x1FFF7800/01*040 e', OTP, FEATURE],
    'listing of an L452 board',
    'reported',
  ),
  ram: { end: 0x20028000, second: [0x10000000, 0x10008000], rom: 0x20003100 },
  id: 0x92,
  leftOut: [NO_FEATURE_WRITES, 'HSE as the clock of CAN1', PCROP],
};
export const L452 = l4Class(L452_ROM);
export const L451 = l4Class({ ...L452_ROM, ...withoutUsb(L452_ROM), chip: STM32L451RE, image: 'l451' });
export const L412 = l4Class({
  ...L432_ROM,
  chip: STM32L412RB,
  image: 'l412',
  table: 'Table 162',
  sysclkMHz: 72,
  pll: { m: 2, n: 18, r: 2, latency: 4 },
  interfaces: [USART1, pulledUp(USART2), pulledUp(USART3), ...L4_I2C, ...SPI_1_2],
  ownAddress: 0x52,
  dfu: l4Dfu(
    ['@Internal Flash  /0x08000000/0064*0002Kg', '@Option Bytes  /0x1FFF7800/01*040 e', OTP, FEATURE],
    'by the pattern of L433 and L452; no listing of an L412 was found',
    'assumed',
  ),
  ram: { end: 0x2000a000, second: [0x10000000, 0x10002000], rom: 0x20002100 },
  id: 0xd1,
  leftOut: [NO_FEATURE_WRITES, PCROP, 'MISO that is driven at the start'],
});
export const L4R5 = l4Class({
  ...L4_ROM,
  chip: STM32L4R5ZI,
  image: 'l4r5',
  table: 'Table 176',
  options: ROM_OPTION_DEFAULTS.L4,
  pll: { m: 2, n: 15, r: 2, latency: 3 },
  interfaces: [USART1, pulledUp(USART2), pulledUp(USART3), ...L4_I2C, ...SPI_1_2, can('CAN1', 'PB8', 'PB9')],
  ownAddress: 0x50,
  dfu: l4Dfu(
    ['@Internal Flash  /0x08000000/512*0004Kg', '@Option Bytes  /0x1FF00000/01*040 e/0x1FF01000/01*040 e', OTP, FEATURE],
    'a listing of an L4R9; Device Feature as its siblings have it',
    'reported',
  ),
  ram: { end: 0x200a0000, second: [0x10000000, 0x10010000], rom: 0x20003200 },
  banks: 2,
  pageBytes: 4096,
  defines: [
    ['HAS_MSI', 1],
    ['USB_FSDEV', 0],
    ['CRS_BASE', '0x40006000u'],
    ['OPTIONS_BANK_1', '0x1FF00000u'],
    ['OPTIONS_BANK_2', '0x1FF01000u'],
  ],
  id: 0x95,
  leftOut: [NO_FEATURE_WRITES, 'HSE as the clock of CAN1', 'one bank (DBANK = 0), pages of 8 KB'],
});
export const WB55 = l4Class({
  ...L4_ROM,
  chip: STM32WB55RG,
  image: 'wb55',
  table: 'Table 183',
  options: L4_ONE_BANK,
  sysclkMHz: 64,
  // Behind MSI at 4 MHz.
  pll: { m: 1, n: 32, r: 2, latency: 3 },
  usbIrq: 20,
  interfaces: [pulledUp(USART1), i2c('I2C1', 'PB6', 'PB7'), i2c('I2C3', 'PC0', 'PC1'), ...SPI_1_2],
  ownAddress: 0x4f,
  dfu: l4Dfu(
    ['@Internal Flash   /0x08000000/256*0004Kg', '@Option Bytes   /0x1FFF8000/01*128 e', OTP],
    'by the pattern of L4Rx; no listing of a WB55 was found',
    'assumed',
  ),
  ram: { end: 0x20040000, second: [0x10000000, 0x10010000], rom: 0x20005000 },
  banks: 1,
  pageBytes: 4096,
  defines: [
    ['CHIP_WB', 1],
    ['HAS_MSI', 1],
    ['HAS_FEATURE', 0],
    ['USB_FSDEV', 1],
    ['USB_BASE', '0x40006800u'],
    ['USB_PMA_BASE', '0x40006C00u'],
    ['CRS_BASE', '0x40006000u'],
    ['OPTIONS_BANK_1', '0x1FFF8000u'],
    ['OPTIONS_BANK_2', '0xFFFFFF00u'],
    ['OPTIONS_SIZE', '128u'],
    ['OPTION_WORDS', '7u'],
  ],
  id: 0xd5,
  leftOut: [
    'what FUS, the firmware upgrade service, does with the secure part of the flash',
    'writes to IPCCBR, SFR and SRRVR of the option bytes',
  ],
});
