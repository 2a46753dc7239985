/** Stand-in ROMs of F030, F070 and F091 (rom/f0): what they differ in from F072's. */
import { STM32F030F4, STM32F030R8, STM32F030RC, STM32F070F6, STM32F070RB, STM32F091RC } from '../chips/stm32f0x.ts';
import {
  STM32F301R8,
  STM32F302R8,
  STM32F303CC,
  STM32F303K8,
  STM32F303RE,
  STM32F318C8,
  STM32F358VC,
  STM32F398VE,
} from '../chips/stm32f3.ts';
import type { ChipDescription } from '../emu/chip.ts';
import type { Confidence } from '../emu/confidence.ts';
import { F051_SETTLED, inferredFrom, ROM_OPTION_DEFAULTS, type RomOptionDefaults } from './options.ts';
import {
  AN2606,
  FREE_POLL,
  HSE_TABLE,
  fromChip,
  i2c,
  known,
  left,
  LEFT_BY_ALL,
  pins,
  SILENT,
  usart,
  usb,
  type DfuDevice,
  type RomInterface,
  type RomProfile,
} from './profile.ts';

interface F0Rom {
  readonly chip: ChipDescription;
  /** GPIO that the BOOT0 pin is as well, where the ROM reads it. */
  readonly boot0Pin?: string;
  readonly image: string;
  readonly table: string;
  readonly interfaces: readonly RomInterface[];
  /** On I2C, seven bits. */
  readonly ownAddress: number;
  readonly dfu: DfuDevice | null;
  /** HSE is waited for so long, where USB needs it. */
  readonly hseMs?: number;
  readonly options: RomOptionDefaults;
  readonly sysclkMHz: number;
  /** HSI / 2 times it; null = HSI48. */
  readonly hsiPll: number | null;
  readonly pageBytes: number;
  readonly ramKilobytes: number;
  readonly defines: readonly (readonly [string, string | number])[];
  readonly id: { readonly address: number; readonly value: number };
  /** A ROM of rom/usart. */
  readonly alone?: Pick<RomProfile, 'initialStack' | 'measuredOn'>;
  readonly leftOut: readonly string[];
}

const hex = (n: number): string => `0x${n.toString(16).toUpperCase().padStart(8, '0')}u`;
const pulledUp = (i: RomInterface): RomInterface => ({ ...i, pull: 'up' });
const USART1 = pulledUp(usart('USART1', 'PA10', 'PA9'));
const USART2 = pulledUp(usart('USART2', 'PA15', 'PA14'));
const USART2_PA3 = pulledUp(usart('USART2', 'PA3', 'PA2'));
const second = (i: RomInterface): RomInterface => ({ ...i, name: `${i.name} (second place)` });
const I2C1 = i2c('I2C1', 'PB6', 'PB7');

const { hsi48: _hsi48, ...WITHOUT_HSI48 } = ROM_OPTION_DEFAULTS.F0;
const withoutUsb = ({ leave: _leave, ...options }: RomOptionDefaults): RomOptionDefaults => options;
const HSE_OPTIONS: RomOptionDefaults = {
  ...WITHOUT_HSI48,
  'hse-missing': {
    value: 'stays-silent',
    confidence: 'documented',
    source: 'AN2606 Tables 37 and 39: without HSE the HSI stays and USART1, USART2 and I2C1 work, USB does not',
  },
};
const TRIM = 'HSITRIM = 0, which shifts HSI by 8 %';

function f0Rom(rom: F0Rom): RomProfile {
  const { chip } = rom;
  const base = chip.rom!.vectorTable.value;
  const own = chip.rom!.ramUse.value[0]!;
  // Said here: the chip's own rows are made when a run looks at them.
  const end = own.base + rom.ramKilobytes * 1024;
  return {
    ...fromChip(chip),
    family: 'F0',
    image: rom.image,
    size: 0x1ffff800 - base,
    gap: null,
    optionBlock: rom.id.address < 0x1ffff700 ? 0x1ffff700 : 0x1ffff6f0,
    options: rom.options,
    initialStack: known(own.base + own.size, 'top of the RAM that the ROM may use', 'assumed'),
    ...rom.alone,
    sysclkHz: known(rom.sysclkMHz * 1e6, `${AN2606} ${rom.table}`),
    usbIrq: 31,
    ...(rom.hseMs === undefined ? {} : { hseWait: { ms: known(rom.hseMs, HSE_TABLE) } }),
    boot0Pin: rom.boot0Pin ?? null,
    interfaces: pins(rom.table, [...(rom.dfu ? [usb] : []), ...rom.interfaces]),
    dfu: rom.dfu,
    leaves: [
      ...LEFT_BY_ALL,
      ...(rom.alone
        ? []
        : [
            left('SYSCLK, PLL', TRIM, `${AN2606}, known limitations of most versions`),
            left('SYSCFG_CFGR1.MEM_MODE', 'system memory stays at 0: the core has no VTOR', 'seed 002', 'inferred'),
          ]),
    ],
    build: {
      folder: rom.alone ? 'usart' : 'f0',
      cpu: 'cortex-m0',
      defines: [
        ['FLASH_PAGE_SIZE', `${rom.pageBytes}u`],
        ['RAM_END', hex(end)],
        ['RAM_ROM_END', hex(Math.min(end, own.base + own.size))],
        ...(rom.hsiPll === null ? [] : [['HSI_PLL', `${rom.hsiPll}u`] as const]),
        ...rom.defines,
      ],
      drivers: rom.dfu ? ['usb_fsdev.c', 'hse.c'] : [],
      id: rom.id,
      ...(rom.alone ? { alone: true } : {}),
      // I2C1 is function 1 of PB6 and PB7, USART1 of PA9 and PA10 (data sheets of F0).
      tables: { chip, ownAddress: rom.ownAddress, functions: { PB6: 1, PB7: 1, PA9: 1, PA10: 1, PA2: 1, PA3: 1, PA14: 1, PA15: 1 } },
    },
    leftOut: [...(rom.alone ? [] : [SILENT]), ...rom.leftOut],
  };
}

const dfuOf = (flash: string, source: string, confidence: Confidence = 'reported'): DfuDevice => ({
  dialect: 'v1',
  alts: known([`@Internal Flash  /0x08000000/${flash}`, '@Option Bytes  /0x1FFFF800/01*016 e'], source, confidence),
  pollMs: known({ setAddress: 1, erasePage: 35, massErase: 35, write: 60 }, FREE_POLL, 'assumed'),
});
const HOSTS = 'the lost interrupts behind some high-speed hosts (AN2606, known limitations)';
const F070 = {
  interfaces: [USART1, USART2, I2C1],
  options: HSE_OPTIONS,
  hseMs: 200,
  sysclkMHz: 48,
  hsiPll: 12,
} as const;

export const F070XB = f0Rom({
  ...F070,
  chip: STM32F070RB,
  ramKilobytes: 16,
  image: 'f070xb',
  table: 'Table 39',
  ownAddress: 0x3b,
  dfu: dfuOf('064*0002Kg', 'public firmware for F070 that carries ST’s strings; the second as F072'),
  pageBytes: 2048,
  defines: [
    ['HAS_EMPTY_CHECK', 0],
    ['USB_FROM_HSE', 1],
  ],
  id: { address: 0x1ffff6a6, value: 0xa3 },
  leftOut: [HOSTS, 'PA13 as alternate function'],
});
export const F070X6 = f0Rom({
  ...F070,
  chip: STM32F070F6,
  ramKilobytes: 6,
  image: 'f070x6',
  table: 'Table 37',
  options: {
    ...HSE_OPTIONS,
    'jump-empty-check': {
      value: 'or-boot0',
      confidence: 'inferred',
      source:
        'AN2606, chapter of F070x6: a jump goes back to the flash unless its first word is erased; a boot by the BOOT0 pin stays (Table 2, pattern 6), and the die is that of F04x',
    },
  },
  boot0Pin: 'PF11',
  ownAddress: 0x3e,
  dfu: dfuOf('032*0001Kg', 'as F042, which has the same pages', 'inferred'),
  pageBytes: 1024,
  defines: [
    ['HAS_EMPTY_CHECK', 1],
    ['USB_FROM_HSE', 1],
  ],
  id: { address: 0x1ffff6a6, value: 0xa3 },
  leftOut: [HOSTS],
});

const SERIAL = { dfu: null, defines: [['HAS_EMPTY_CHECK', 0]] } as const;
export const F030X8 = f0Rom({
  ...SERIAL,
  chip: STM32F030R8,
  ramKilobytes: 8,
  image: 'f030x8',
  table: 'Table 33',
  interfaces: [USART1, USART2],
  options: F051_SETTLED,
  ownAddress: 0,
  sysclkMHz: 24,
  hsiPll: 6,
  pageBytes: 1024,
  defines: [...SERIAL.defines, ['USART_SECOND', '0x40004400u'], ['FLASH_LIMIT', '0x10000u']],
  id: { address: 0x1ffff7a6, value: 0x21 },
  alone: { initialStack: known(0x20000678, 'STM32F051 V2.1, first word of the ROM', 'measured'), measuredOn: /^STM32F051/ },
  leftOut: [],
});
export const F030X6 = f0Rom({
  ...SERIAL,
  chip: STM32F030F4,
  ramKilobytes: 4,
  image: 'f030x6',
  table: 'Table 29',
  interfaces: [USART1, second(pulledUp(usart('USART1', 'PA15', 'PA14')))],
  // AN2606 lists V1.0 with the two NACKs that V2.1 is seen to send: the same code.
  options: inferredFrom(F051_SETTLED),
  ownAddress: 0,
  sysclkMHz: 24,
  hsiPll: 6,
  pageBytes: 1024,
  // No limitation of V1.0 names HSITRIM.
  defines: [...SERIAL.defines, ['KEEPS_HSITRIM', 1], ['USART_SECOND', '0x40013800u'], ['FLASH_LIMIT', '0x8000u']],
  id: { address: 0x1ffff7a6, value: 0x10 },
  alone: { initialStack: known(0x20000678, 'as STM32F051 V2.1', 'inferred') },
  leftOut: [],
});
export const F030XC = f0Rom({
  ...SERIAL,
  chip: STM32F030RC,
  ramKilobytes: 32,
  image: 'f030xc',
  table: 'Table 31',
  interfaces: [USART1, USART2_PA3, second(USART2), I2C1],
  options: withoutUsb(WITHOUT_HSI48),
  ownAddress: 0x41,
  sysclkMHz: 48,
  hsiPll: 12,
  pageBytes: 2048,
  defines: [...SERIAL.defines, ['KEEPS_HSITRIM', 1]],
  id: { address: 0x1ffff796, value: 0x52 },
  leftOut: ['PA13 pulled up'],
});
/** AN2606 Table 2 gives it pattern 6; its chapter has no note about a jump, so the ROM asks nothing (ASSUMED). */
export const F091 = f0Rom({
  ...SERIAL,
  chip: STM32F091RC,
  ramKilobytes: 32,
  image: 'f091',
  table: 'Table 43',
  interfaces: [USART1, USART2_PA3, second(USART2), I2C1],
  options: withoutUsb(ROM_OPTION_DEFAULTS.F0),
  ownAddress: 0x41,
  sysclkMHz: 48,
  hsiPll: null,
  pageBytes: 2048,
  id: { address: 0x1ffff796, value: 0x50 },
  leftOut: ['PA13 pulled up'],
});

const F3_USART2 = { small: pulledUp(usart('USART2', 'PD6', 'PD5')), big: pulledUp(usart('USART2', 'PA3', 'PA2')) };
/** Built from F0's sources: the same blocks at the same places around a Cortex-M4. */
function f3Rom(
  rom: Pick<F0Rom, 'chip' | 'ramKilobytes' | 'image' | 'table' | 'interfaces' | 'dfu' | 'defines' | 'id'> & Partial<F0Rom>,
): RomProfile {
  const base = f0Rom({
    ownAddress: 0,
    options: ROM_OPTION_DEFAULTS.F3,
    sysclkMHz: 48,
    hsiPll: 12,
    pageBytes: 2048,
    ...rom,
    leftOut: rom.leftOut ?? [HOSTS, 'that a device whose pull-up is on the board is on the bus before the ROM runs'],
  });
  const functions = { PA9: 7, PA10: 7, PA2: 7, PA3: 7, PD5: 7, PD6: 7, PA8: 3, PB5: 8 };
  return {
    ...base,
    family: 'F3',
    usbIrq: 20,
    leaves: [...LEFT_BY_ALL, left('SYSCLK, PLL, HSE', 'as the ROM ran', `${AN2606} 4.1: not put back`)],
    build: { ...base.build, cpu: 'cortex-m4', tables: { ...base.build.tables!, functions } },
  };
}
const F3_DEFINES = [
  ['F3', 1],
  ['HAS_EMPTY_CHECK', 0],
  ['USB_FROM_HSE', 1],
  ['USB_PULL_UP_OUTSIDE', 1],
  ['KEEPS_HSITRIM', 1],
] as const;
export const F303XC = f3Rom({
  chip: STM32F303CC,
  ramKilobytes: 40,
  image: 'f303xc',
  hseMs: 2.2,
  table: 'Table 57',
  interfaces: [USART1, F3_USART2.small],
  dfu: dfuOf('128*0002Kg', 'listings of F303 boards; the second as F072'),
  defines: [...F3_DEFINES, ['CCM_END', '0x10002000u'], ['USB_SCATTERED', 1]],
  id: { address: 0x1ffff796, value: 0x41 },
});
export const F303XE = f3Rom({
  chip: STM32F303RE,
  ramKilobytes: 64,
  image: 'f303xe',
  hseMs: 147,
  table: 'Table 59',
  interfaces: [USART1, F3_USART2.big],
  dfu: dfuOf('256*0002Kg', 'by the pattern of F303xC; the second as F072', 'inferred'),
  defines: [...F3_DEFINES, ['CCM_END', '0x10004000u']],
  id: { address: 0x1ffff796, value: 0x40 },
});
export const F302X8 = f3Rom({
  chip: STM32F302R8,
  ramKilobytes: 16,
  image: 'f302x8',
  hseMs: 560.5,
  table: 'Table 55',
  interfaces: [USART1, F3_USART2.big],
  dfu: dfuOf('032*0002Kg', 'by the pattern of F303xC; the second as F072', 'inferred'),
  defines: [...F3_DEFINES],
  id: { address: 0x1ffff796, value: 0x40 },
});
const { 'hse-missing': _missing, ...F3_SERIAL_OPTIONS } = withoutUsb(ROM_OPTION_DEFAULTS.F3);
const F3_SERIAL_DEFINES = F3_DEFINES.filter(([name]) => !name.startsWith('USB'));
/** HSI / 2 times 15. */
const F3_60_MHZ = { options: F3_SERIAL_OPTIONS, dfu: null, sysclkMHz: 60, hsiPll: 15, leftOut: [] } as const;
const AT_60_MHZ = [...F3_SERIAL_DEFINES, ['ROM_LATENCY', '2u']] as const;
/** Without I2C3's clock line: PA8 is function 3, PB5 function 8 (data sheets of F301 and F318). */
const I2C3 = i2c('I2C3', 'PA8', 'PB5');
export const F303X8 = f3Rom({
  ...F3_60_MHZ,
  chip: STM32F303K8,
  ramKilobytes: 12,
  image: 'f303x8',
  table: 'Table 61',
  interfaces: [USART1, F3_USART2.big, I2C1],
  ownAddress: 0x3f,
  defines: [...AT_60_MHZ, ['CCM_END', '0x10001000u']],
  id: { address: 0x1ffff796, value: 0x50 },
});
/** The same table as F302x8, on a part without USB (ASSUMED: the crystal then serves nothing). */
export const F301X8 = f3Rom({
  chip: STM32F301R8,
  ramKilobytes: 16,
  image: 'f301x8',
  table: 'Table 55',
  interfaces: [USART1, F3_USART2.big],
  options: F3_SERIAL_OPTIONS,
  dfu: null,
  defines: F3_SERIAL_DEFINES,
  id: { address: 0x1ffff796, value: 0x40 },
  leftOut: ['the crystal, which the table allows for USART too'],
});
export const F318X8 = f3Rom({
  ...F3_60_MHZ,
  chip: STM32F318C8,
  ramKilobytes: 16,
  image: 'f318x8',
  table: 'Table 63',
  interfaces: [USART1, F3_USART2.big, I2C1, I2C3],
  ownAddress: 0x3d,
  defines: AT_60_MHZ,
  id: { address: 0x1ffff796, value: 0x50 },
});
/** 8 MHz: HSI without a PLL. */
export const F358XC = f3Rom({
  chip: STM32F358VC,
  ramKilobytes: 40,
  image: 'f358xc',
  table: 'Table 65',
  interfaces: [USART1, F3_USART2.small, I2C1],
  ownAddress: 0x37,
  options: F3_SERIAL_OPTIONS,
  dfu: null,
  sysclkMHz: 8,
  hsiPll: 0,
  defines: [...F3_SERIAL_DEFINES, ['ROM_LATENCY', '0u'], ['CCM_END', '0x10002000u']],
  id: { address: 0x1ffff796, value: 0x50 },
  leftOut: [],
});
export const F398XE = f3Rom({
  ...F3_60_MHZ,
  chip: STM32F398VE,
  ramKilobytes: 64,
  image: 'f398xe',
  table: 'Table 71',
  interfaces: [USART1, F3_USART2.big, I2C1, I2C3],
  ownAddress: 0x40,
  defines: [...AT_60_MHZ, ['CCM_END', '0x10004000u']],
  id: { address: 0x1ffff796, value: 0x50 },
});
