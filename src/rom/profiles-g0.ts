/** Stand-in ROMs of STM32G0 and C0: one source (rom/g0); what they differ in is said here. */
import { STM32C011F6, STM32C031C6, STM32C071RB } from '../chips/stm32c0.ts';
import { ROM_BASE, STM32G030K8, STM32G050K8, STM32G070RB, STM32G0B0RE, STM32G0B1RE } from '../chips/stm32g0.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { is, ROM_OPTION_DEFAULTS, type RomOptionDefaults } from './options.ts';
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

interface G0Rom {
  readonly chip: ChipDescription;
  readonly image: string;
  readonly table: string;
  readonly options: RomOptionDefaults;
  readonly optionsByVersion?: RomProfile['optionsByVersion'];
  readonly dfu: DfuDevice | null;
  readonly banks: 1 | 2;
  readonly sysclkMHz: number;
  readonly pll: string;
  readonly latency: number;
  readonly hsi48: boolean;
  readonly ramEnd: string;
  readonly ownAddress: number;
  /** Left out: up. */
  readonly i2cPull?: 'none';
  /** C071: SYSCLK is HSI / 2, no PLL, no bit for the supply of USB, the unique ID elsewhere. */
  readonly c0?: boolean;
  readonly id?: RomProfile['build']['id'];
  /** Bytes of system memory; left out: 28 KB. */
  readonly size?: number;
  /** Interfaces of the usual ones that it has not. */
  readonly lacks?: readonly string[];
  /** AN2606 does not list that it clears FLASH_ACR.EMPTY. */
  readonly keepsEmpty?: boolean;
  /** Where the way out of securable memory is. */
  readonly securable: string;
  /** What only this one has. */
  readonly more?: readonly RomInterface[];
  readonly leftOut: readonly string[];
}
const LEFT = left('PLL, FLASH_ACR, GPIO', 'as the ROM ran', `${AN2606} 4.1: not put back; SYSCLK on the PLL is reported`);
const pulledUp = (name: string, rx: string, tx: string): ReturnType<typeof usart> => ({ ...usart(name, rx, tx), pull: 'up' });
const USUAL: readonly RomInterface[] = [
  pulledUp('USART1', 'PA10', 'PA9'),
  pulledUp('USART2', 'PA3', 'PA2'),
  pulledUp('USART3', 'PC11', 'PC10'),
  i2c('I2C1', 'PB6', 'PB7'),
  i2c('I2C2', 'PB10', 'PB11'),
  spi('SPI1', 'PA4', 'PA5', 'PA6', 'PA7'),
  spi('SPI2', 'PB12', 'PB13', 'PB14', 'PB15'),
];

function g0(rom: G0Rom): RomProfile {
  const top = rom.chip.rom!.ramUse.value[0]!;
  const end = top.base + top.size;
  const size = rom.size ?? 28_672;
  return {
    ...fromChip(rom.chip),
    family: rom.c0 ? 'C0' : 'G0',
    image: rom.image,
    size,
    gap: null,
    optionBlock: ROM_BASE + size - 0x100,
    options: rom.options,
    ...(rom.optionsByVersion ? { optionsByVersion: rom.optionsByVersion } : {}),
    initialStack: known(end, 'top of the RAM that the ROM may use', 'assumed'),
    sysclkHz: known(rom.sysclkMHz * 1e6, `${AN2606} ${rom.table}`),
    usbIrq: 8,
    ...(rom.dfu && !rom.hsi48 ? { hseWait: { ms: known(100, 'as other ROMs give a crystal', 'assumed') } } : {}),
    boot0Pin: null,
    interfaces: pins(rom.table, [
      ...(rom.dfu ? [usb] : []),
      ...USUAL.filter(({ name }) => !rom.lacks?.includes(name)),
      ...(rom.more ?? []),
    ]),
    dfu: rom.dfu,
    leaves: [...LEFT_BY_ALL, LEFT],
    build: {
      folder: 'g0',
      cpu: 'cortex-m0plus',
      defines: [
        ['FLASH_BANKS', rom.banks],
        ['RAM_END', rom.ramEnd],
        ['RAM_ROM_END', `0x${end.toString(16)}u`],
        ['HAS_HSI48', Number(rom.hsi48)],
        ...(rom.c0 ? [['C0', 1] as const] : [['ROM_PLL', rom.pll] as const]),
        ['ROM_LATENCY', `${rom.latency}u`],
        ...(rom.keepsEmpty ? ['KEEPS_EMPTY' as const] : []),
      ],
      drivers: rom.dfu ? (rom.hsi48 ? ['usb_drd.c'] : ['usb_drd.c', 'hse.c']) : [],
      id: rom.id ?? null,
      // RM0444's data sheets: I2C is function 6, SPI1 and SPI2 function 0 on these pins, USART1 and USART2 function 1, USART3 function 0, FDCAN1 function 3.
      tables: {
        chip: rom.chip,
        ownAddress: rom.ownAddress,
        pulls: { i2c: rom.i2cPull ?? 'up', spi: 'down' },
        functions: {
          ...Object.fromEntries(['PB6', 'PB7', 'PB10', 'PB11'].map((pin) => [pin, 6])),
          ...Object.fromEntries(['PA4', 'PA5', 'PA6', 'PA7', 'PB12', 'PB13', 'PB14', 'PB15', 'PC10', 'PC11'].map((pin) => [pin, 0])),
          ...Object.fromEntries(['PA2', 'PA3', 'PA9', 'PA10'].map((pin) => [pin, 1])),
          ...Object.fromEntries(['PD0', 'PD1'].map((pin) => [pin, 3])),
        },
      },
    },
    leftOut: [
      SILENT,
      ...(rom.id ? [] : ['the bootloader ID byte at 0x1FFF9FFE (G07x: 0x1FFF6FFE)']),
      `the way out of securable memory at ${rom.securable}`,
      ...rom.leftOut,
    ],
  };
}

const dfu = (flash: string, confidence: 'reported' | 'assumed'): DfuDevice => ({
  dialect: 'v2',
  alts: known(
    [`@Internal Flash   /0x08000000/${flash}`, '@Option Bytes   /0x1FFF7800/01*128 e', '@OTP Memory   /0x1FFF7000/01*1024 e'],
    'the first by a listing of a G0B1 board, which showed it for all settings; the others as G4',
    confidence,
  ),
  pollMs: known({ setAddress: 1, erasePage: 25, massErase: 50, write: 1 }, FREE_POLL, 'assumed'),
});
const { 'hse-missing': _crystal, ...HSI48_OPTIONS } = ROM_OPTION_DEFAULTS.G0;
const { hsi48: _hsi48, ...CRYSTAL_OPTIONS } = ROM_OPTION_DEFAULTS.G0;
const { leave: _leave, 'leave-flash': _flash, 'leave-remap': _remap, ...NO_USB } = HSI48_OPTIONS;
const { hsi48: _none, ...NO_USB_OPTIONS } = NO_USB;
const PLL_60 = '(PLLCFGR_M(1) | PLLCFGR_N(15) | PLLCFGR_R(4))';

export const C071 = g0({
  chip: STM32C071RB,
  image: 'c071',
  table: 'Table 16',
  options: ROM_OPTION_DEFAULTS.C0,
  dfu: {
    ...dfu('64*02Kg', 'assumed'),
    alts: known(
      ['@Internal Flash   /0x08000000/64*02Kg', '@Option Bytes   /0x1FFF7800/01*128 e', '@OTP Memory   /0x1FFF7000/01*1024 e'],
      'by the pattern of G0B1; no listing was found',
      'assumed',
    ),
  },
  banks: 1,
  sysclkMHz: 24,
  pll: '',
  latency: 0,
  hsi48: true,
  ramEnd: '0x20006000u',
  ownAddress: 0x71,
  c0: true,
  lacks: ['USART3'],
  securable: '0x1FFF1600',
  id: { address: 0x1fff67fe, value: 0xd1 },
  leftOut: [],
});
const { leave: _c0Leave, 'leave-flash': _c0Flash, 'leave-remap': _c0Remap, hsi48: _c0Hsi48, ...C0_NO_USB } = ROM_OPTION_DEFAULTS.C0;
/** The ROMs of 6 KB. */
const C0_SMALL = {
  options: { ...C0_NO_USB, primask: is('clears', 'inferred', 'as C071, where a jump with PRIMASK set is reported to work') },
  dfu: null,
  banks: 1,
  sysclkMHz: 24,
  pll: '',
  latency: 0,
  hsi48: false,
  c0: true,
  size: 0x1800,
  lacks: ['USART2', 'USART3', 'I2C2', 'SPI1', 'SPI2'],
  keepsEmpty: true,
  securable: '0x1FFF1600',
  leftOut: ['small packages: USART1 on PA11 and PA12'],
} as const;
export const C031 = g0({
  ...C0_SMALL,
  chip: STM32C031C6,
  image: 'c031',
  table: 'Table 12',
  ramEnd: '0x20003000u',
  ownAddress: 0x63,
  i2cPull: 'none',
  id: { address: 0x1fff17fe, value: 0x52 },
});
export const C011 = g0({
  ...C0_SMALL,
  chip: STM32C011F6,
  image: 'c011',
  table: 'Table 10',
  ramEnd: '0x20001800u',
  ownAddress: 0x64,
  id: { address: 0x1fff17fe, value: 0x51 },
});
export const G0B1 = g0({
  chip: STM32G0B1RE,
  image: 'g0b1',
  table: 'Table 111',
  options: HSI48_OPTIONS,
  dfu: dfu('256*02Kg', 'reported'),
  banks: 2,
  sysclkMHz: 60,
  // PLLQ gives FDCAN 20 MHz.
  pll: '(PLLCFGR_M(2) | PLLCFGR_N(15) | PLLCFGR_R(2) | PLLCFGR_Q(6) | PLLCFGR_QEN)',
  latency: 2,
  hsi48: true,
  ramEnd: '0x20024000u',
  ownAddress: 0x5d,
  securable: '0x1FFF6800',
  more: [can('FDCAN1', 'PD0', 'PD1')],
  leftOut: ['that a Go switches SWD off (FLASH_ACR.DBG_SWEN)'],
});
export const G0B0 = g0({
  chip: STM32G0B0RE,
  image: 'g0b0',
  table: 'Table 109',
  options: CRYSTAL_OPTIONS,
  dfu: dfu('256*02Kg', 'assumed'),
  banks: 2,
  sysclkMHz: 60,
  pll: PLL_60,
  latency: 2,
  hsi48: false,
  ramEnd: '0x20024000u',
  ownAddress: 0x5d,
  securable: '0x1FFF6800',
  leftOut: ['that a mass erase of several sectors fails on bank 2 (V13.0)'],
});
export const G070 = g0({
  chip: STM32G070RB,
  image: 'g070',
  table: 'Table 107',
  options: NO_USB_OPTIONS,
  dfu: null,
  banks: 1,
  sysclkMHz: 24,
  pll: '(PLLCFGR_M(1) | PLLCFGR_N(12) | PLLCFGR_R(8))',
  latency: 0,
  hsi48: false,
  ramEnd: '0x20009000u',
  ownAddress: 0x51,
  securable: '0x1FFF6800',
  leftOut: [
    'V11.0: only LQFP64 and larger',
    'V11.2: HSITRIM after Go, SRAM parity',
    'V11.3: PC11 low makes every detection on USART3 wait',
  ],
});
const V5_4 = 'AN2606 Table 106: V5.4 enables interrupts by resetting PRIMASK';
const BEFORE_V5_4 = { primask: is('keeps', 'inferred', `${V5_4}, so those before did not`) };
/** The ROMs of 8 KB. */
const SMALL = {
  options: NO_USB_OPTIONS,
  dfu: null,
  banks: 1,
  sysclkMHz: 24,
  pll: '(PLLCFGR_M(1) | PLLCFGR_N(12) | PLLCFGR_R(8))',
  latency: 0,
  hsi48: false,
  size: 0x2000,
  lacks: ['USART3', 'SPI1', 'SPI2'],
  keepsEmpty: true,
} as const;
export const G030 = g0({
  ...SMALL,
  chip: STM32G030K8,
  image: 'g030',
  table: 'Table 105',
  options: { ...NO_USB_OPTIONS, primask: is('clears', 'documented', V5_4) },
  optionsByVersion: { 'V5.1': BEFORE_V5_4, 'V5.2': BEFORE_V5_4, 'V5.3': BEFORE_V5_4 },
  ramEnd: '0x20002000u',
  ownAddress: 0x56,
  securable: '0x1FFF1D00',
  id: { address: 0x1fff1ffe, value: 0x54 },
  leftOut: [
    'small packages: USART1 on PA11 and PA12',
    'V5.1: only packages with 32 and 48 pins',
    'V5.1, V5.2: PA3 low makes every detection on USART2 wait',
  ],
});
export const G050 = g0({
  ...SMALL,
  chip: STM32G050K8,
  image: 'g050',
  table: 'Table 113',
  ramEnd: '0x20004800u',
  ownAddress: 0x62,
  securable: '0x1FFF6800',
  id: { address: 0x1fff1ffe, value: 0x51 },
  leftOut: [
    'small packages: USART1 on PA11 and PA12',
    'V5.0: the detection of USART2 jitters',
    'V5.1: commands without stretching stretch on I2C',
  ],
});
