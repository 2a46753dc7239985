/** Stand-in ROMs of STM32H5 (rom/h5), TrustZone off. Data only. */
import { STM32H503RB } from '../chips/stm32h503.ts';
import { STM32H533RE } from '../chips/stm32h533.ts';
import { STM32H563ZI } from '../chips/stm32h563.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { ROM_OPTION_DEFAULTS } from './options.ts';
import {
  AN2606,
  FREE_POLL,
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
  type Left,
  type RomInterface,
  type RomProfile,
} from './profile.ts';

const MEASURED: readonly Left[] = [
  ...LEFT_BY_ALL,
  left('RCC_CR.HSIDIV, PWR_VOSCR.VOS', 'HSI /1 (64 MHz) is SYSCLK; VOS raised', 'H523, public bring-up firmware', 'measured'),
  left(
    'GTZC1_TZSC_SECCFGR1..3',
    'after a BOOT0 boot 0xC335827F, 0x12009500, 0x05BFE006: TIM1–8, TIM12, TIM15, CRS, ADC, DAC, RNG, I2C2, SPI4, USART6, UART4/5, LPUART1, LPTIM1/2 and others cannot be switched on until a reset; after a jump 0',
    'H523, public bring-up firmware',
    'measured',
  ),
  left('SRAM', 'its top is cleared, TAMP backup registers stay', 'H523, public bring-up firmware', 'measured'),
  left('MPU', 'H563 locks up after leave with the MPU on, H523 does not', 'chcbaram/stm32h563-core', 'reported'),
];
/** What the silent measurement on H523 says for a part whose ROM was not looked at. */
const NOT_MEASURED = MEASURED.filter(({ what }) => !/GTZC|SRAM|MPU/.test(what)).map((l) => ({
  ...l,
  state: { ...l.state, confidence: 'assumed' as const },
}));
const FIRST_STAGE =
  'the secure first stage (SFSP) of a pin boot; what it leaves in GTZC1_TZSC is there, its time and what it does to memories is not';

interface H5Rom extends Pick<RomProfile, 'image' | 'size' | 'optionBlock' | 'options' | 'interfaces' | 'leaves' | 'leftOut'> {
  readonly chip: ChipDescription;
  readonly flash: string;
  readonly flashSource: string;
  readonly ramEnd: string;
  readonly id: RomProfile['build']['id'];
  /** On I2C, seven bits. */
  readonly ownAddress: number;
  readonly functions?: Readonly<Record<string, number>>;
  readonly lacks: readonly ('VDDUSB' | 'DCACHE' | 'PLL3' | 'TRUSTZONE')[];
  readonly table: string;
}

function h5Rom(rom: H5Rom): RomProfile {
  const { chip, functions = {} } = rom;
  const { base } = fromChip(chip);
  const has = (what: 'VDDUSB' | 'DCACHE' | 'PLL3' | 'TRUSTZONE'): number => Number(!rom.lacks.includes(what));
  return {
    ...fromChip(chip),
    family: 'H5',
    image: rom.image,
    size: rom.size,
    gap: { base: 0x0bf80000, size: base - 0x0bf80000 },
    optionBlock: rom.optionBlock,
    options: rom.options,
    initialStack: known(0x20004000, 'top of the RAM that the ROM may use', 'assumed'),
    sysclkHz: known(200_000_000, `${AN2606} ${rom.table}`),
    usbIrq: 74,
    boot0Pin: null,
    interfaces: rom.interfaces,
    dfu: {
      dialect: 'v3',
      alts: known(
        [`@Internal Flash   /0x08000000/${rom.flash}`, '@Option Bytes   /0x40022050/01*64 e', '@OTP Memory   /0x08FFF000/01*2048 e'],
        rom.flashSource,
        'assumed',
      ),
      pollMs: known({ setAddress: 1, erasePage: 10, massErase: 700, write: 8 }, FREE_POLL, 'assumed'),
    },
    leaves: rom.leaves,
    build: {
      folder: 'h5',
      cpu: 'cortex-m33',
      defines: [
        ['RAM_END', rom.ramEnd],
        ['HAS_VDDUSB', has('VDDUSB')],
        ['HAS_DCACHE', has('DCACHE')],
        ['HAS_TRUSTZONE', has('TRUSTZONE')],
        ['CR_PLL3ON', has('PLL3') ? '(1u << 28)' : '0u'],
      ],
      drivers: ['usb_drd.c'],
      id: rom.id,
      tables: { chip, ownAddress: rom.ownAddress, functions, pulls: { i2c: 'up', spi: 'none' } },
    },
    leftOut: [SILENT, ...rom.leftOut],
  };
}

const pulled = (i: RomInterface, pull: 'up' | 'down'): RomInterface => ({ ...i, pull });
const I3C1: RomInterface = { name: 'I3C1', pins: { scl: 'PB6', sda: 'PB7' }, detection: 'none' };
const spi3 = spi('SPI3', 'PA15', 'PC10', 'PC11', 'PC12');

const BIG: readonly RomInterface[] = [
  usb,
  pulled(usart('USART1', 'PA10', 'PA9'), 'up'),
  pulled(usart('USART2', 'PA3', 'PA2'), 'up'),
  pulled(usart('USART3', 'PD9', 'PD8'), 'down'),
];
const BIG_REST: readonly RomInterface[] = [
  i2c('I2C3', 'PA8', 'PC9'),
  spi('SPI1', 'PA4', 'PA5', 'PA6', 'PA7'),
  spi('SPI2', 'PB12', 'PB10', 'PB14', 'PC1'),
  spi3,
  can('FDCAN2', 'PB5', 'PB13'),
  I3C1,
];

export const H523_H533: RomProfile = h5Rom({
  chip: STM32H533RE,
  image: 'h5',
  size: 35_840,
  optionBlock: 0x0bf9fb00,
  table: 'Table 124',
  flash: '64*08Kg',
  flashSource: 'by the pattern of the siblings; the first is what OpenBootloader of C562 prints',
  ramEnd: '0x20044000u',
  id: null,
  ownAddress: 0x6e,
  lacks: [],
  interfaces: pins('Table 124', [...BIG, i2c('I2C1', 'PB8', 'PB9'), ...BIG_REST]),
  options: ROM_OPTION_DEFAULTS.H5,
  leaves: MEASURED,
  leftOut: [
    FIRST_STAGE,
    'the special commands of AN2606 Table 125',
    'the bootloader ID byte: its address is contradictory in AN2606',
    'parts with 256 KB: the layout string and the memories are those of 512 KB',
  ],
});

export const H563: RomProfile = h5Rom({
  chip: STM32H563ZI,
  image: 'h563',
  size: 35_840,
  optionBlock: 0x0bf9fb00,
  table: 'Table 127',
  flash: '256*08Kg',
  flashSource: 'by the pattern of the siblings; no listing was found',
  ramEnd: '0x200A0000u',
  id: { address: 0x0bf9fafe, value: 0xe5 },
  ownAddress: 0x65,
  lacks: [],
  interfaces: pins('Table 127', [...BIG, i2c('I2C4', 'PD12', 'PD13'), ...BIG_REST]),
  options: ROM_OPTION_DEFAULTS.H5,
  leaves: MEASURED,
  leftOut: [
    FIRST_STAGE,
    'the special commands of AN2606 Table 128',
    'V14.3: 160 MHz, the crash with TrustZone and HDP level 3; V14.4: erase of EEPROM sectors on parts with 1 MB',
    'parts with 1 MB: the layout string and the memories are those of 2 MB',
  ],
});

const {
  'usb-supply': _supply,
  dcache: _dcache,
  'pin-boot-security': _security,
  'vector-table': _table,
  ...H503_OPTIONS
} = ROM_OPTION_DEFAULTS.H5;

/** No TrustZone: neither secure aliases nor GTZC's secure registers. */
export const H503: RomProfile = h5Rom({
  chip: STM32H503RB,
  image: 'h503',
  // With the bootloader ID, which lies behind the 35 KB.
  size: 36_864,
  optionBlock: 0x0bf8fb00,
  table: 'Table 121',
  flash: '16*08Kg',
  flashSource: 'by the pattern of the siblings; no listing was found',
  ramEnd: '0x20008000u',
  id: { address: 0x0bf8fffe, value: 0xe2 },
  ownAddress: 0x67,
  functions: { PA5: 9, PA15: 9, PA4: 13, PA3: 13, PB3: 8, PB4: 8, PA0: 12, PA8: 12, PB8: 12, PB1: 6 },
  lacks: ['VDDUSB', 'DCACHE', 'PLL3', 'TRUSTZONE'],
  interfaces: pins('Table 121', [
    usb,
    pulled(usart('USART1', 'PA10', 'PA9'), 'up'),
    pulled(usart('USART2', 'PA15', 'PA5'), 'up'),
    pulled(usart('USART3', 'PA3', 'PA4'), 'down'),
    i2c('I2C2', 'PB3', 'PB4'),
    spi('SPI1', 'PB8', 'PA8', 'PA0', 'PA7'),
    spi('SPI2', 'PB12', 'PB10', 'PB14', 'PB1'),
    spi('SPI3', 'PD2', 'PC10', 'PC11', 'PC12'),
    can('FDCAN1', 'PB5', 'PB15'),
    I3C1,
  ]),
  options: H503_OPTIONS,
  leaves: NOT_MEASURED,
  leftOut: [
    'the first stage (SFSP) of a pin boot',
    'the special commands of AN2606 Table 122',
    'V14.1: 160 MHz, the crash of a jump with HDP level 3 in a closed product state',
  ],
});
