/** STM32L412, L422, L431 to L433, L442, L443, L451, L452, L462 (one bank, FSDEV or no USB), and L4+: L4Rx, L4Sx (two banks, OTG_FS). Data only; facts and their sources as in the chips' fact sheets. */
import type { BootRule } from '../emu/chip.ts';
import { US } from '../emu/time.ts';
import type { Derivation } from './derive.ts';
import { loadFacts, withBlocks } from './facts.ts';
import g431 from './generated/stm32g431.json' with { type: 'json' };
import g432 from './generated/stm32l432.json' with { type: 'json' };
import g4r5 from './generated/stm32l4r5.json' with { type: 'json' };
import { bootOf, extiRow, l4ClassChip, OPTIONS_SET, optionBytesOf, ROM_BASE, sram, USB_FSDEV, type L4ClassLine } from './l4-class.ts';
import { OTG_FS_L496 } from './otg-fs.ts';
import { ADC_INJECTED_TRIGGERS, ADC_TRIGGERS, DAC_L4, G4_DMAMUX, L4_DMA1, L4_DMA2 } from './requests.ts';
import { AN2606, bootsRom, known, type RowParts, withOptions } from './rows.ts';
import { l4Otg, L4_COVERED, L4_LATENCY, L4_MAX_HCLK } from './stm32l4.ts';
import { USB_PINS } from './usb-pins.ts';

const HEADER = 'STMicroelectronics/cmsis_device_l4:Include';

/** VREFINT 1.212 V, the temperature sensor's 0.76 V at 25 °C and VBAT / 3: DS10198 T72, T76 (L476, same block). */
export const L4_ADC1: RowParts = {
  model: 'adc-v2',
  size: 0x100,
  options: {
    block: 'ADC1',
    version: 'l4',
    index: 0,
    clock: 'adc',
    bus: 'hclk',
    ccr: 'adc.ccr',
    triggers: ADC_TRIGGERS,
    injectedTriggers: ADC_INJECTED_TRIGGERS,
    internal: { 0: 1212, 17: 760, 18: 1100 },
  },
};
const COMMON: RowParts = {
  model: 'adc-common-v2',
  size: 0x100,
  clock: 'AHB2ENR.ADCEN',
  reset: 'AHB2RSTR.ADCRST',
  options: { converters: ['ADC1'], ccr: 'adc.ccr' },
};
const own: Derivation['own'] = {
  RCC: { model: 'rcc-l4', size: 0x400, irqs: [5], options: { pllPdiv: true } },
  CRS: { model: 'crs', size: 0x400, irqs: [82] },
  // Line 17, USB's wake-up, is direct.
  EXTI: extiRow(19, null, 18),
  ADC1: L4_ADC1,
};
const emptyCheck = (source: string): BootRule => bootsRom(ROM_BASE, [{ signal: 'field:FLASH.SR.PEMPTY', is: [1] }], source);
const PARAMETERS: L4ClassLine['parameters'] = {
  'hsi48.hz': known(48_000_000, 'RM0394 6.2.4'),
  'hsi48.start.ps': known(2.5 * US, 'DS12589 r6 (STM32G431), same block', 'assumed'),
};
const L4_OPTIONS = [...OPTIONS_SET, 'SRAM2_PE', 'SRAM2_RST'];
const CLOCKS = ['msi', 'pllsai1p', 'pllsai1q', 'pllsai1r', 'adc'];

const PATTERN_16 = `${AN2606} Table 2, pattern 16`;

export const L432: L4ClassLine = {
  name: 'STM32L432',
  family: 'STM32L4',
  generated: g432,
  header: `${HEADER}/stm32l432xx.h`,
  manual: 'RM0394',
  nvicLines: 83,
  ram: [sram('sram1', 0x20000000, 48), sram('sram2', 0x10000000, 16, 0x2000c000)],
  banks: 1,
  pageBytes: 0x800,
  optionBytes: optionBytesOf(L4_OPTIONS, []),
  own: {
    ...own,
    USB: withOptions({ ...USB_FSDEV, irqs: [67] }, 'usb-fsdev', { clock: 'usb', supplyWire: 'usb.supply', pins: USB_PINS }),
    ADC123_Common: COMMON,
    DAC1: { model: 'dac', size: 0x400, options: DAC_L4 },
    DMA1: { model: 'dma-v1', size: 0x400, options: { lines: [0, 1, 2, 3, 4, 5, 6], requests: L4_DMA1 } },
    DMA2: { model: 'dma-v1', size: 0x400, options: { lines: [0, 1, 2, 3, 4, 5, 6], requests: L4_DMA2 } },
  },
  // In the SVD, which serves L45x too.
  absent: ['ADC2', 'ADC3', 'UART4', 'I2C4', 'DFSDM', 'TIM3', 'LCD', 'AES'],
  covered: { USB_SRAM: 'USB' },
  clocks: CLOCKS,
  parameters: PARAMETERS,
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
          { signal: 'field:FLASH.SR.PEMPTY', is: [1] },
        ],
        PATTERN_16,
      ),
    ],
  ),
  device: { devId: 0x435, revId: 0x1001 },
  rom: {
    id: 'stm32l432',
    table: `${AN2606} Table 164`,
    ramUse: known([{ base: 0x20000000, size: 0x3000 }], `${AN2606} Table 164`),
    versions: known(['V9.1'], `${AN2606} Table 165: two builds, told apart by the byte at 0x1FFF6FF2`),
    startUpMs: known(0.86, `${AN2606} Table 227`),
    usbConnectMs: known(820, `${AN2606} Table 229`),
  },
  maxHclkHz: L4_MAX_HCLK,
  flashLatency: L4_LATENCY,
};
const without = (line: L4ClassLine, ...present: string[]): readonly string[] => line.absent.filter((name) => !present.includes(name));
export const L433: L4ClassLine = { ...L432, name: 'STM32L433', header: `${HEADER}/stm32l433xx.h`, absent: without(L432, 'LCD') };
export const L442: L4ClassLine = { ...L432, name: 'STM32L442', header: `${HEADER}/stm32l442xx.h`, absent: without(L432, 'AES') };
export const L443: L4ClassLine = { ...L432, name: 'STM32L443', header: `${HEADER}/stm32l443xx.h`, absent: without(L432, 'LCD', 'AES') };

/** No USB in the chip: its ROM speaks the other interfaces. */
const WITHOUT_USB = ['USB'];
export const L431: L4ClassLine = {
  ...L432,
  name: 'STM32L431',
  header: `${HEADER}/stm32l431xx.h`,
  absent: [...L432.absent, ...WITHOUT_USB],
  rom: { ...L432.rom, id: 'stm32l431' },
};
/** The SVD of L43x cuts a field of UART4 in two; UART4 is a USART without the synchronous mode. */
const l452 = withBlocks(g432, 'UART4 as USART1', () => ({ UART4: g432.blocks['USART1']! }));
const L45X_TABLE = `${AN2606} Table 166`;
export const L452: L4ClassLine = {
  ...L432,
  name: 'STM32L452',
  generated: l452,
  header: `${HEADER}/stm32l452xx.h`,
  nvicLines: 85,
  ram: [sram('sram1', 0x20000000, 128), sram('sram2', 0x10000000, 32, 0x20020000)],
  // The SVD that L43x has from here; SWPMI1, TIM7 and LCD are L43x's own.
  absent: ['ADC2', 'ADC3', 'SWPMI1', 'TIM7', 'LCD', 'AES'],
  device: { devId: 0x462, revId: 0x1000 },
  rom: {
    ...L432.rom,
    id: 'stm32l452',
    table: L45X_TABLE,
    ramUse: known([{ base: 0x20000000, size: 0x3000 }], L45X_TABLE),
    versions: known(['V9.2'], `${AN2606} Table 167`),
    usbConnectMs: known(330, `${AN2606} Table 229`),
  },
};
export const L462: L4ClassLine = { ...L452, name: 'STM32L462', header: `${HEADER}/stm32l462xx.h`, absent: without(L452, 'AES') };
export const L451: L4ClassLine = {
  ...L452,
  name: 'STM32L451',
  header: `${HEADER}/stm32l451xx.h`,
  absent: [...L452.absent, ...WITHOUT_USB],
  rom: { ...L452.rom, id: 'stm32l451' },
};

const L412_TABLE = `${AN2606} Table 162`;
/** Calendar and backup registers are those of G4: the third version of the RTC, with TAMP beside it (RM0394 rev 4, chapters RTC and TAMP; stm32-data rtc_v3_l4). */
const l412 = withBlocks(g432, 'RTC and TAMP as in STM32G431', () => ({ RTC: g431.blocks['RTC']! }));
const tamp: L4ClassLine['facts'] = {
  get TAMP() {
    return loadFacts(g431)['TAMP']!;
  },
};
export const L412: L4ClassLine = {
  ...L432,
  name: 'STM32L412',
  generated: l412,
  header: `${HEADER}/stm32l412xx.h`,
  ram: [sram('sram1', 0x20000000, 32), sram('sram2', 0x10000000, 8, 0x20008000)],
  absent: [...L432.absent, 'CAN1', 'DAC1', 'GPIOE', 'SAI1', 'SDMMC1', 'SPI3', 'SWPMI1', 'TIM7', 'VREFBUF'],
  more: [
    {
      name: 'TAMP',
      model: 'tamp-v1',
      base: 0x40003400,
      size: 0x400,
      clock: 'APB1ENR1.RTCAPBEN',
      reset: 'BDCR.BDRST',
      backup: true,
    },
  ],
  facts: tamp,
  device: { devId: 0x464, revId: 0x1000 },
  rom: {
    ...L432.rom,
    id: 'stm32l412',
    table: L412_TABLE,
    ramUse: known([{ base: 0x20000000, size: 0x3000 }], L412_TABLE),
    versions: known(['V13.1'], `${AN2606} Table 163`),
  },
};
export const L422: L4ClassLine = { ...L412, name: 'STM32L422', header: `${HEADER}/stm32l422xx.h`, absent: without(L412, 'AES') };

const PATTERN_6 = `${AN2606} Table 2, pattern 6`;
/** L4's numbers are G4's but for those of ADC2 to ADC5 and above TIM17. */
const DMAMUX = Object.fromEntries(Object.entries(G4_DMAMUX).filter(([n]) => Number(n) < 36 || (Number(n) > 41 && Number(n) < 86)));

export const L4R5: L4ClassLine = {
  name: 'STM32L4R5',
  family: 'STM32L4',
  generated: g4r5,
  header: `${HEADER}/stm32l4r5xx.h`,
  manual: 'RM0432',
  nvicLines: 95,
  ram: [sram('sram1', 0x20000000, 192), sram('sram2', 0x10000000, 64, 0x20030000), sram('sram3', 0x20040000, 384)],
  banks: 2,
  pageBytes: 0x1000,
  optionBases: [0x1ff00000, 0x1ff01000],
  optionBytes: optionBytesOf([...L4_OPTIONS, 'DBANK'], ['BFB2']),
  own: {
    ...own,
    ADC_Common: COMMON,
  },
  absent: ['AES', 'LTDC', 'GFXMMU', 'SWPMI1'],
  covered: L4_COVERED,
  more: [l4Otg()],
  facts: { OTG_FS: OTG_FS_L496 },
  dmamux: { channels: [7, 7], requests: DMAMUX },
  clocks: [...CLOCKS, 'pllsai2p', 'pllsai2q', 'pllsai2r'],
  parameters: PARAMETERS,
  boot: bootOf(
    PATTERN_6,
    [],
    [{ signal: 'field:FLASH.OPTR.BFB2', is: [0] }],
    [bootsRom(ROM_BASE, [{ signal: 'field:FLASH.OPTR.BFB2', is: [1] }], `${AN2606}, dual bank boot of L4Rx`), emptyCheck(PATTERN_6)],
  ),
  device: { devId: 0x470, revId: 0x1003 },
  rom: {
    id: 'stm32l4r5',
    table: `${AN2606} Table 176`,
    ramUse: known([{ base: 0x20000000, size: 0x3000 }], `${AN2606} Table 176`),
    versions: known(['V9.0', 'V9.5'], `${AN2606} Table 177 (V9.0, on samples) and Table 3`),
    startUpMs: known(10.12, `${AN2606} Table 227`),
    usbConnectMs: known(322, `${AN2606} Table 229`),
  },
  maxHclkHz: known({ 'Range 1': 120_000_000, 'Range 2': 26_000_000 }, 'RM0432 5.1.8; 80 MHz without boost'),
  flashLatency: known(
    {
      'Range 1': [
        [20, 0],
        [40, 1],
        [60, 2],
        [80, 3],
        [100, 4],
        [120, 5],
      ],
      'Range 2': [
        [8, 0],
        [16, 1],
        [26, 2],
      ],
    },
    'RM0432 3.3.3',
  ),
};
export const L4S5: L4ClassLine = { ...L4R5, name: 'STM32L4S5', header: `${HEADER}/stm32l4s5xx.h`, absent: without(L4R5, 'AES') };
export const L4R7: L4ClassLine = { ...L4R5, name: 'STM32L4R7', header: `${HEADER}/stm32l4r7xx.h`, absent: without(L4R5, 'LTDC', 'GFXMMU') };
export const L4S7: L4ClassLine = { ...L4R7, name: 'STM32L4S7', header: `${HEADER}/stm32l4s7xx.h`, absent: without(L4R7, 'AES') };
export const L4R9: L4ClassLine = { ...L4R7, name: 'STM32L4R9', header: `${HEADER}/stm32l4r9xx.h` };
export const L4S9: L4ClassLine = { ...L4R9, name: 'STM32L4S9', header: `${HEADER}/stm32l4s9xx.h`, absent: without(L4R9, 'AES') };

export const STM32L432KC = l4ClassChip(L432, { name: 'STM32L432KC', flashKilobytes: 256 });
export const STM32L452RE = l4ClassChip(L452, { name: 'STM32L452RE', flashKilobytes: 512 });
export const STM32L412RB = l4ClassChip(L412, { name: 'STM32L412RB', flashKilobytes: 128 });
export const STM32L431RC = l4ClassChip(L431, { name: 'STM32L431RC', flashKilobytes: 256 });
export const STM32L451RE = l4ClassChip(L451, { name: 'STM32L451RE', flashKilobytes: 512 });
export const STM32L4R5ZI = l4ClassChip(L4R5, { name: 'STM32L4R5ZI', flashKilobytes: 2048 });
