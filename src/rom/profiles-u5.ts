/** Stand-in ROM of STM32U575 and U585 (rom/u5), TrustZone off. Data only. */
import { STM32U575ZI } from '../chips/stm32u5.ts';
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
  pins,
  spi,
  usart,
  usb,
  type RomInterface,
  type RomProfile,
} from './profile.ts';

const { base } = fromChip(STM32U575ZI);
const pulled = (i: RomInterface): RomInterface => ({ ...i, pull: 'up' });

export const U575: RomProfile = {
  ...fromChip(STM32U575ZI),
  family: 'U5',
  image: 'u575',
  // With the bootloader ID.
  size: 40_960,
  gap: null,
  optionBlock: base + 0x9b00,
  options: ROM_OPTION_DEFAULTS.U5,
  initialStack: known(0x20004000, 'top of the RAM that the ROM may use', 'assumed'),
  sysclkHz: known(60_000_000, `${AN2606} Table 217`),
  usbIrq: 73,
  boot0Pin: 'PH3',
  interfaces: pins('Table 217', [
    usb,
    pulled(usart('USART1', 'PA10', 'PA9')),
    pulled(usart('USART2', 'PA3', 'PA2')),
    pulled(usart('USART3', 'PC11', 'PC10')),
    i2c('I2C1', 'PB6', 'PB7'),
    i2c('I2C2', 'PB10', 'PB11'),
    i2c('I2C3', 'PC0', 'PC1'),
    spi('SPI1', 'PA4', 'PA5', 'PA6', 'PA7'),
    spi('SPI2', 'PB12', 'PB13', 'PB14', 'PB15'),
    spi('SPI3', 'PG12', 'PG9', 'PG10', 'PB5'),
    can('FDCAN1', 'PB8', 'PB9'),
  ]),
  dfu: {
    dialect: 'v2',
    alts: known(
      ['@Internal Flash   /0x08000000/256*08Kg', '@Option Bytes   /0x40022040/01*64 e', '@OTP Memory   /0x0BFA0000/01*512 e'],
      'published device listings',
      'reported',
    ),
    pollMs: known({ setAddress: 1, erasePage: 10, massErase: 700, write: 8 }, FREE_POLL, 'assumed'),
  },
  leaves: LEFT_BY_ALL,
  build: {
    folder: 'u5',
    cpu: 'cortex-m33',
    defines: [],
    drivers: ['usb_dwc2.c'],
    id: { address: base + 0x9efe, value: 0x93 },
    tables: { chip: STM32U575ZI, ownAddress: 0x5a, pulls: { i2c: 'up', spi: 'down' } },
  },
  leftOut: [
    SILENT,
    'the special commands of AN2606 Table 218',
    'V9.2: RDP level and secure option bytes cannot be changed together; the FDCAN limitation of both versions',
    'TZEN = 1: the secure first stage (SFSP)',
    'OEM keys among the option bytes (V9.3)',
    'parts with 1 MB: the layout string and the memories are those of 2 MB',
  ],
};
