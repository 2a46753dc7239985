/** STM32G431, G441, G491, G4A1 (one bank), G471, G473, G474, G483, G484 (two banks). Data only; facts and their sources as in the chips' fact sheets. */
import type { BootRule, OptionByteRow } from '../emu/chip.ts';
import { MS, US } from '../emu/time.ts';
import { fdcanRam } from './derive.ts';
import { withBlocks } from './facts.ts';
import g431 from './generated/stm32g431.json' with { type: 'json' };
import g474 from './generated/stm32g474.json' with { type: 'json' };
import { bootOf, extiRow, l4ClassChip, OPTIONS_SET, optionBytesOf, ROM_BASE, sram, USB_FSDEV, type L4ClassLine } from './l4-class.ts';
import {
  G4_ADC12_INJECTED_TRIGGERS,
  G4_ADC12_TRIGGERS,
  G4_ADC345_INJECTED_TRIGGERS,
  G4_ADC345_TRIGGERS,
  G4_DMAMUX,
  dacG4,
} from './requests.ts';
import { AN2606, bootsRom, known, type RowParts, type Row } from './rows.ts';

const HEADER = 'STMicroelectronics/cmsis_device_g4:Include';
const DS = 'DS12589 r6 (STM32G431)';
const RM0440 = 'RM0440';
const BOARD = 'public board files of NUCLEO-G431RB and NUCLEO-G474RE';

/** VREFINT 1.212 V at channel 18, the temperature sensor's 0.76 V at 30 °C at 16, VBAT / 3 at 17. */
const INTERNAL = { 16: 760, 17: 1100, 18: 1212 };
const adc = (n: number): RowParts => ({
  model: 'adc-v2',
  size: 0x100,
  ...(n > 2 ? { facts: 'ADC1' } : {}),
  options: {
    block: `ADC${n}`,
    version: 'h5',
    // Bits 4 to 23 are those of timers.
    index: n < 5 ? n - 1 : 30,
    // ADC5 is alone.
    ...(n < 5 ? { role: n % 2 === 1 ? 'master' : 'slave' } : {}),
    clock: n < 3 ? 'adc12' : 'adc345',
    bus: 'hclk',
    ccr: n < 3 ? 'adc12.ccr' : 'adc345.ccr',
    triggers: n < 3 ? G4_ADC12_TRIGGERS : G4_ADC345_TRIGGERS,
    injectedTriggers: n < 3 ? G4_ADC12_INJECTED_TRIGGERS : G4_ADC345_INJECTED_TRIGGERS,
    internal: n === 1 ? INTERNAL : {},
  },
});
const common = (names: readonly string[], field: string): RowParts => ({
  model: 'adc-common-v2',
  size: 0x100,
  clock: `AHB2ENR.${field}EN`,
  reset: `AHB2RSTR.${field}RST`,
  options: { converters: names, ccr: `${field.toLowerCase()}.ccr` },
});

const rcc: RowParts = {
  model: 'rcc-l4',
  size: 0x400,
  irqs: [5],
  options: {
    pllPdiv: true,
    sysclk: ['', 'hsi', 'hse', 'pllr'],
    clk48: ['hsi48', null, 'pllq'],
    vco: [96e6, 344e6],
    kernels: [
      { field: 'CCIPR.ADC12SEL', sources: [null, 'pllp', 'sysclk'], clocks: ['adc12'] },
      { field: 'CCIPR.ADC345SEL', sources: [null, 'pllp', 'sysclk'], clocks: ['adc345'] },
      { field: 'CCIPR.FDCANSEL', sources: ['hse', 'pllq', 'pclk1'], clocks: ['fdcan'] },
    ],
  },
};
/** The SVD calls it DMAMUX. */
const dmamux = (channels: number): Row => ({
  name: 'DMAMUX1',
  model: 'dmamux',
  facts: 'DMAMUX',
  base: 0x40020800,
  size: 0x400,
  irqs: [94],
  clock: 'AHB1ENR.DMAMUX1EN',
  reset: 'AHB1RSTR.DMAMUX1RST',
  options: { block: 'DMAMUX1', channels, requests: G4_DMAMUX },
});

/** DMAMUX has a row of its own; what the SVDs call FDCAN is the place of the message RAM. */
const NOT_BLOCKS = ['DMAMUX', 'FDCAN'];
/** RM0440 Table 3. */
const FDCAN_RAM = 0x4000a400;

const LOCKED: BootRule = {
  when: [{ signal: 'field:FLASH.SEC1R.BOOT_LOCK', is: [1] }],
  boots: 'user',
  vectors: 0x08000000,
  remap: 0,
  source: `${RM0440} 2.6: BOOT_LOCK forces the main flash`,
  confidence: 'documented',
};
const BOOT_LOCK: OptionByteRow = {
  field: 'FLASH.SEC1R.BOOT_LOCK',
  factory: known(0, `${RM0440} FLASH_SEC1R, production value`, 'reported'),
};
/** Pages of securable memory. */
const secSize = (bank: 1 | 2): OptionByteRow => ({
  field: `FLASH.SEC${bank}R.SEC_SIZE${bank}`,
  factory: known(0, `${RM0440} FLASH_SEC${bank}R, production value`, 'reported'),
});

const PARAMETERS: L4ClassLine['parameters'] = {
  'hsi48.hz': known(48_000_000, `${RM0440} 7.2.5`),
  'hsi48.start.ps': known(2.5 * US, DS, 'reported'),
  'hse.hz': known(24_000_000, BOARD, 'reported'),
  'lse.hz': known(32_768, BOARD, 'reported'),
  'flash.program.ps': known(81.7 * US, DS, 'reported'),
  'flash.erase.page.ps': known(22 * MS, DS, 'reported'),
};
const G4: Pick<L4ClassLine, 'family' | 'manual' | 'nvicLines' | 'pageBytes' | 'clocks' | 'parameters' | 'maxHclkHz' | 'flashLatency'> = {
  family: 'STM32G4',
  manual: RM0440,
  nvicLines: 102,
  pageBytes: 0x800,
  clocks: ['adc12', 'adc345', 'fdcan'],
  parameters: PARAMETERS,
  maxHclkHz: known({ 'Range 1': 170_000_000, 'Range 2': 26_000_000 }, `${RM0440} 6.1.5; 150 MHz without boost`),
  flashLatency: known(
    {
      // With boost (R1MODE = 0); without it 30 MHz a step.
      'Range 1': [
        [34, 0],
        [68, 1],
        [102, 2],
        [136, 3],
        [170, 4],
      ],
      'Range 2': [
        [12, 0],
        [24, 1],
        [26, 2],
      ],
    },
    `${RM0440} Table 29`,
  ),
};
const own: L4ClassLine['own'] = {
  RCC: rcc,
  // All but isochronous and double-buffered bulk transfers, which have line 19.
  USB: { ...USB_FSDEV, irqs: [20] },
  CRS: { model: 'crs', size: 0x400, irqs: [75] },
  CORDIC: { model: 'cordic', size: 0x400 },
  EXTI: extiRow(19, { line: 18, irq: 42 }, 17),
  ...Object.fromEntries([1, 2, 3, 4].map((n) => [`DAC${n}`, { model: 'dac', size: 0x400, options: dacG4(n) }])),
  ADC1: adc(1),
  ADC2: adc(2),
  ADC12_Common: common(['ADC1', 'ADC2'], 'ADC12'),
};
const G4_OPTIONS = [...OPTIONS_SET, 'SRAM_PE', 'CCMSRAM_RST'];

export const G431: L4ClassLine = {
  ...G4,
  name: 'STM32G431',
  generated: g431,
  header: `${HEADER}/stm32g431xx.h`,
  ram: [sram('sram1', 0x20000000, 16), sram('sram2', 0x20004000, 6), sram('ccm', 0x10000000, 10, 0x20005800), fdcanRam(FDCAN_RAM, 1)],
  banks: 1,
  optionBytes: { ...optionBytesOf(G4_OPTIONS, []), BOOT_LOCK, SEC_SIZE1: secSize(1) },
  own,
  // In the SVD, which has the registers of the larger parts.
  absent: ['AES', 'TIM20', 'ADC345_Common', 'DAC2', 'DAC4', ...NOT_BLOCKS],
  more: [dmamux(12)],
  dmamux: { channels: [6, 6], requests: G4_DMAMUX },
  boot: bootOf(`${AN2606} Table 2, pattern 15`, [LOCKED]),
  device: { devId: 0x468, revId: 0x2003 },
  rom: {
    id: 'stm32g431',
    table: `${AN2606} Table 115`,
    ramUse: known([{ base: 0x20000000, size: 0x4000 }], `${AN2606} Table 115`),
    versions: known(['V13.3', 'V13.4'], `${AN2606} Table 116`),
    startUpMs: known(0.39, `${AN2606} Table 227`),
    usbConnectMs: known(300, `${AN2606} Table 229`),
  },
};
export const G441: L4ClassLine = {
  ...G431,
  name: 'STM32G441',
  header: `${HEADER}/stm32g441xx.h`,
  absent: G431.absent.filter((n) => n !== 'AES'),
};

/** BFB2: the ROM's own first steps choose the bank. */
const BFB2 = bootsRom(ROM_BASE, [{ signal: 'field:FLASH.OPTR.BFB2', is: [1] }], `${AN2606} Table 2, pattern 14`);
export const G474: L4ClassLine = {
  ...G4,
  name: 'STM32G474',
  generated: g474,
  header: `${HEADER}/stm32g474xx.h`,
  ram: [sram('sram1', 0x20000000, 80), sram('sram2', 0x20014000, 16), sram('ccm', 0x10000000, 32, 0x20018000), fdcanRam(FDCAN_RAM, 3)],
  banks: 2,
  optionBytes: { ...optionBytesOf([...G4_OPTIONS, 'DBANK'], ['BFB2']), BOOT_LOCK, SEC_SIZE1: secSize(1), SEC_SIZE2: secSize(2) },
  own: {
    ...own,
    ADC3: adc(3),
    ADC4: adc(4),
    ADC5: adc(5),
    ADC345_Common: common(['ADC3', 'ADC4', 'ADC5'], 'ADC345'),
    // DLLRDY is one of the events of the master's interrupt
    HRTIM_Common: { model: 'hrtim-dll', irqs: [67, 73] },
  },
  absent: NOT_BLOCKS,
  more: [dmamux(16)],
  dmamux: { channels: [8, 8], requests: G4_DMAMUX },
  boot: bootOf(`${AN2606} Table 2, pattern 14`, [LOCKED], [{ signal: 'field:FLASH.OPTR.BFB2', is: [0] }], [BFB2]),
  device: { devId: 0x469, revId: 0x2003 },
  rom: {
    id: 'stm32g474',
    table: `${AN2606} Table 117`,
    ramUse: known([{ base: 0x20000000, size: 0x4000 }], `${AN2606} Table 117`),
    versions: known(['V13.3', 'V13.4', 'V13.5'], `${AN2606} Table 118`),
    startUpMs: known(0.39, `${AN2606} Table 227`),
    usbConnectMs: known(300, `${AN2606} Table 229`),
  },
};

const G491_SOURCE = 'FLASH and SYSCFG after RM0440 and stm32-data flash_g4c4';
/** One bank of 256 pages: FLASH is G431's with longer page numbers, and PB4_PUPEN. */
const g491Flash = withBlocks(g431, G491_SOURCE, () => ({
  FLASH: [
    ['CR 14 4 c0000000 df0701ff', 'CR 14 4 c0000000 df0707ff'],
    ['PNB:3:6', 'PNB:3:8'],
    ['OPTR 20 4 0 7f8f77ff', 'OPTR 20 4 0 7fcf77ff'],
    ['nBOOT1:23:1', 'PB4_PUPEN:22:1,nBOOT1:23:1'],
    ['WRP1AR 2c 4 0 3f003f WRP1A_STRT:0:6,WRP1A_END:16:6', 'WRP1AR 2c 4 0 ff00ff WRP1A_STRT:0:8,WRP1A_END:16:8'],
    ['WRP1BR 30 4 0 3f003f WRP1B_STRT:0:6,WRP1B_END:16:6', 'WRP1BR 30 4 0 ff00ff WRP1B_STRT:0:8,WRP1B_END:16:8'],
    ['1007f SEC_SIZE1:0:7', '100ff SEC_SIZE1:0:8'],
  ],
}));
const g491 = withBlocks(g474, G491_SOURCE, () => ({
  FLASH: g491Flash.blocks['FLASH']!,
  SYSCFG: [['MEMRMP 0 4 0 107 MEM_MODE:0:3,FB_MODE:8:1', 'MEMRMP 0 4 0 7 MEM_MODE:0:3']],
}));
/** What G474 has and G491 lacks. */
const G491_ABSENT = [
  ...['ADC4', 'ADC5', 'DAC2', 'DAC4', 'FDCAN3', 'I2C4', 'TIM5'],
  ...['Master', 'Common', ...[...'ABCDEF'].map((unit) => `TIM${unit}`)].map((name) => `HRTIM_${name}`),
];
export const G491: L4ClassLine = {
  ...G4,
  name: 'STM32G491',
  generated: g491,
  header: `${HEADER}/stm32g491xx.h`,
  ram: [sram('sram1', 0x20000000, 80), sram('sram2', 0x20014000, 16), sram('ccm', 0x10000000, 16, 0x20018000), fdcanRam(FDCAN_RAM, 2)],
  banks: 1,
  optionBytes: { ...optionBytesOf([...G4_OPTIONS, 'PB4_PUPEN'], []), BOOT_LOCK, SEC_SIZE1: secSize(1) },
  own: { ...own, ADC3: adc(3), ADC345_Common: common(['ADC3'], 'ADC345') },
  absent: [...G491_ABSENT, ...NOT_BLOCKS],
  more: [dmamux(16)],
  dmamux: { channels: [8, 8], requests: G4_DMAMUX },
  boot: bootOf(`${AN2606} Table 2, pattern 15`, [LOCKED]),
  device: { devId: 0x479, revId: 0x1001 },
  rom: {
    id: 'stm32g491',
    table: `${AN2606} Table 119`,
    ramUse: known([{ base: 0x20000000, size: 0x4000 }], `${AN2606} Table 119`),
    versions: known(['V13.2'], `${AN2606} Table 120`),
    startUpMs: known(0.39, `${AN2606} Table 227`),
    usbConnectMs: known(300, `${AN2606} Table 229`),
  },
};
export const G4A1: L4ClassLine = {
  ...G491,
  name: 'STM32G4A1',
  header: `${HEADER}/stm32g4a1xx.h`,
};

export const STM32G491RE = l4ClassChip(G491, { name: 'STM32G491RE', flashKilobytes: 512 });
export const STM32G431RB = l4ClassChip(G431, { name: 'STM32G431RB', flashKilobytes: 128 });
export const STM32G474RE = l4ClassChip(G474, { name: 'STM32G474RE', flashKilobytes: 512 });
