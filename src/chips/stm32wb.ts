/** STM32WB55, WB35: L4's blocks around another RCC, for the Cortex-M4. CPU2 waits for PWR_CR4.C2BOOT, which the ROM leaves alone: it is not modelled. Data only; facts and their sources as in the chips' fact sheets. */
import { US } from '../emu/time.ts';
import { loadFacts } from './facts.ts';
import generated from './generated/stm32wb55.json' with { type: 'json' };
import g432 from './generated/stm32l432.json' with { type: 'json' };
import { bootOf, l4ClassChip, OPTIONS_SET, optionBytesOf, ROM_BASE, sram, USB_FSDEV, type L4ClassLine } from './l4-class.ts';
import { WB_DMAMUX } from './requests.ts';
import { AN2606, bootsRom, known, type RowParts, withOptions } from './rows.ts';
import { L4_ADC1 } from './stm32l4x3.ts';
import { USB_PINS } from './usb-pins.ts';

const RM0434 = 'RM0434';
const TABLE = `${AN2606} Table 183`;
const PATTERN_16 = `${AN2606} Table 2, pattern 16`;
const HEADER = 'STMicroelectronics/cmsis_device_wb:Include';

const rcc: RowParts = {
  model: 'rcc-l4',
  size: 0x400,
  irqs: [5],
  options: { wb: true, kernels: [{ field: 'CCIPR.ADCSEL', sources: [null, 'pllsai1r', 'pllp', 'sysclk'], clocks: ['adc'] }] },
};
/** Lines of pins, PVD (16), RTC (17 to 19), PVM1 and PVM3; the USB's wake-up is direct. */
const exti: RowParts = {
  model: 'exti-v1',
  size: 0x400,
  // Pins 0 to 4, 9_5, 15_10, PVD, RTC alarm, tamper and time stamp, RTC wake-up.
  irqs: [6, 7, 8, 9, 10, 23, 40, 1, 41, 2, 3],
  options: {
    ports: 'ABCDEFGH',
    irqOfLine: [0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 8, 9, 10, ...Array<number>(11).fill(-1), 7, -1, 7],
    lines: { 16: 'pvd', 17: 'rtc.alarm', 18: 'rtc.stamp', 19: 'rtc.wakeup', 31: 'pvm1', 33: 'pvm3' },
    event: 'cm4',
  },
};

export const WB55: L4ClassLine = {
  name: 'STM32WB55',
  family: 'STM32WB',
  generated,
  header: `${HEADER}/stm32wb55xx.h`,
  manual: RM0434,
  nvicLines: 63,
  ram: [sram('sram1', 0x20000000, 192), sram('sram2', 0x20030000, 64, 0x10000000)],
  banks: 1,
  pageBytes: 0x1000,
  optionBases: [0x1fff8000],
  optionRegisters: {
    OPTR: 0x3dfff1aa,
    PCROP1ASR: 0xffffffff,
    PCROP1AER: 0x7fffff00,
    PCROP1BSR: 0xffffffff,
    PCROP1BER: 0xffffff00,
    IPCCBR: 0xffffc000,
    // No secure area: what ST's firmware upgrade service takes of a new part is left out.
    SFR: 0xffffffff,
    SRRVR: 0x7fffffff,
  },
  optionBytes: optionBytesOf([...OPTIONS_SET, 'ESE', 'SRAM2_PE'], ['SRAM2_RST']),
  own: {
    RCC: rcc,
    EXTI: exti,
    CRS: { model: 'crs', size: 0x400, irqs: [42] },
    USB: withOptions({ ...USB_FSDEV, irqs: [20] }, 'usb-fsdev', { clock: 'usb', supplyWire: 'usb.supply', pins: USB_PINS }),
    PWR: { model: 'pwr-l4', size: 0x400, irqs: [43], options: { wakeUp: ['PA0', 'PC13', 'PC12', 'PA2', 'PC5'] } },
    HSEM: {
      model: 'hsem',
      size: 0x400,
      options: {
        cores: [{ id: 4, name: 'cm4' }],
      },
    },
    // Interrupt masks and what is CPU2's stand behind VREFBUF.
    SYSCFG: { model: 'syscfg-l4', size: 0x30, windows: [{ base: 0x40010100, size: 0x100 }] },
    ADC1: { ...L4_ADC1, size: 0x300 },
  },
  absent: [],
  more: [
    { name: 'VREFBUF', model: 'vrefbuf', base: 0x40010030, size: 0xd0 },
    {
      name: 'ADC1_Common',
      model: 'adc-common-v2',
      base: 0x50040300,
      size: 0x100,
      clock: 'AHB2ENR.ADCEN',
      reset: 'AHB2RSTR.ADCRST',
      options: { converters: ['ADC1'], ccr: 'adc.ccr' },
    },
  ],
  facts: {
    get VREFBUF() {
      return loadFacts(g432)['VREFBUF']!;
    },
    get ADC1_Common() {
      return loadFacts(g432)['ADC123_Common']!;
    },
  },
  dmamux: { channels: [7, 7], requests: WB_DMAMUX },
  clocks: ['msi', 'lsi2', 'pllsai1p', 'pllsai1q', 'pllsai1r', 'adc'],
  parameters: {
    'hsi48.hz': known(48_000_000, `${RM0434} 8.2.4`),
    'hsi48.start.ps': known(2.5 * US, 'DS12589 r6 (STM32G431), same block', 'assumed'),
    'lsi2.hz': known(32_000, `${RM0434} 8.2.7`),
    'lsi2.start.ps': known(3500 * US, 'DS11929 (STM32WB55), recalled', 'assumed'),
    // The radio needs it: every board has one.
    'hse.hz': known(32_000_000, 'public board files of NUCLEO-WB55RG', 'reported'),
    'lse.hz': known(32_768, 'public board files of NUCLEO-WB55RG', 'reported'),
  },
  // The empty check belongs to the pin alone.
  boot: bootOf(
    PATTERN_16,
    [],
    [],
    [
      bootsRom(
        ROM_BASE,
        [
          { signal: 'field:FLASH.OPTR.nSWBOOT0', is: [1] },
          { signal: 'field:FLASH.ACR.EMPTY', is: [1] },
        ],
        PATTERN_16,
      ),
    ],
  ),
  device: { devId: 0x495, revId: 0x2001 },
  rom: {
    id: 'stm32wb55',
    table: TABLE,
    ramUse: known([{ base: 0x20000000, size: 0x5000 }], TABLE),
    versions: known(['V13.5'], `${AN2606} Table 3`),
    startUpMs: known(0.86, 'as L43x; no figure for WB at hand', 'assumed'),
    usbConnectMs: known(300, `${AN2606} Table 229`),
  },
  maxHclkHz: known({ 'Range 1': 64_000_000, 'Range 2': 16_000_000 }, `${RM0434} 6.1.4`),
  flashLatency: known(
    {
      'Range 1': [
        [18, 0],
        [36, 1],
        [54, 2],
        [64, 3],
      ],
      'Range 2': [
        [6, 0],
        [12, 1],
        [16, 2],
      ],
    },
    `${RM0434} 3.3.4`,
  ),
};
/** One die (0x495): less SRAM; SPI2, LCD, TSC and port D, which its data sheet leaves out, are there all the same (inferred: one ROM serves both). */
export const WB35: L4ClassLine = {
  ...WB55,
  name: 'STM32WB35',
  header: `${HEADER}/stm32wb35xx.h`,
  ram: [sram('sram1', 0x20000000, 32), sram('sram2', 0x20030000, 64, 0x10000000)],
};

export const STM32WB55RG = l4ClassChip(WB55, { name: 'STM32WB55RG', flashKilobytes: 1024 });
