/**
 * Corrections to ST's SVD files, each with its reason. Peripherals get the names of ST's CMSIS headers, so that one spelling serves
 * rows, reports and the generated facts.
 */
import { L1 } from './svd-fixes-l1.ts';
import { F401_F411_REGISTERS, I2C_FILTERS, L4R5_REGISTERS } from './svd-forgotten.ts';
import { F2_F4_NAMES, TIMERS_FULL } from './svd-names.ts';
import type { SvdFixes } from './svd-types.ts';

/** Holds for every SVD that names a `part`. */
export const EVERYWHERE = {
  // Names of the CMSIS headers.
  rename: {
    Flash: 'FLASH',
    DBG: 'DBGMCU',
    C_ADC: 'ADC_Common',
    USB_FS: 'USB',
    USB_FS_device: 'USB',
    SYSCFG_COMP: 'SYSCFG',
    SYSCFG_COMP_OPAMP: 'SYSCFG',
    SYSCFG_VREFBUF: 'SYSCFG',
    LTCD: 'LTDC',
    ICache: 'ICACHE',
    LPUSART1: 'LPUART1',
    Firewall: 'FIREWALL',
  } as Readonly<Record<string, string>>,
  ofTheCore: new Set(['NVIC', 'NVIC_STIR', 'SCB', 'SCB_ACTRL', 'STK', 'MPU', 'FPU', 'FPU_CPACR', 'DCB', 'PF', 'AC']),
} as const;
const PORT_RESETS: NonNullable<SvdFixes['addRegisters']>[string] = {
  offset: 0x28,
  reset: 0,
  fields: Array.from({ length: 16 }, (_, bit) => [`BR${bit}`, bit, 1, false] as const),
};

/** In RM0090 26.6.3; the SVDs of F405, F42x and F446 have forgotten them. */
const RTC_CR: NonNullable<SvdFixes['add']> = { 'RTC.CR.BYPSHAD': [5, 1, true], 'RTC.CR.COSEL': [19, 1, true] };
const SUB_SECOND_ALARM = (offset: number): NonNullable<SvdFixes['addRegisters']>[string] => ({
  offset,
  reset: 0,
  fields: [
    ['SS', 0, 15, true],
    ['MASKSS', 24, 4, true],
  ],
});
/** RM0008 6.4 and header stm32f103xe.h: the first word of BKP is reserved; the SVDs of F103 and F107 have each register one word too low. */
const F1_BKP: NonNullable<SvdFixes['offsets']> = Object.fromEntries([
  ...Array.from({ length: 42 }, (_, i) => [`BKP.DR${i + 1}`, (i < 10 ? 0x04 : 0x18) + 4 * i] as const),
  ['BKP.RTCCR', 0x2c],
  ['BKP.CR', 0x30],
  ['BKP.CSR', 0x34],
]);
const F4: Omit<SvdFixes, 'chip' | 'part'> = {
  rename: {},
  // RTCAPBEN came with the F413.
  ungated: ['RTC'],
  rewrite: F2_F4_NAMES,
  resetsWhere: [...TIMERS_FULL, [/^U(S)?ART\d+\.SR$/, 0xc0]],
};
/** 0x0FFFAAED (RM0090, RM0383, RM0368: level 0, nothing protected), as wide as the part has sectors. */
const OPTCR = { 12: 0x0fffaaed, 8: 0x00ffaaed } as const;
/** VOS is scale 2 after reset (RM0383 and RM0368 5.4.1); LATENCY has four bits from F401 on (header). */
const F401_F411: Pick<SvdFixes, 'resets' | 'add' | 'remove'> = {
  resets: { 'FLASH.OPTCR': OPTCR[8], 'PWR.CR': 0x8000 },
  add: { 'FLASH.ACR.LATENCY': [0, 4, true], 'FLASH.OPTCR.nWRP': [16, 8, true] },
  remove: ['FLASH.ACR.LATENCY', 'FLASH.OPTCR.nWRP'],
};
const F411_ONLY: Pick<SvdFixes, 'add' | 'resets'> = {
  // RM0383 6.3.23, 6.3.24, 6.3.25 and 5.4.1; header stm32f411xe.h.
  add: {
    ...F401_F411.add,
    'RCC.PLLI2SCFGR.PLLI2SM': [0, 6, true],
    'PWR.CR.LPLVDS': [10, 1, true],
    'PWR.CR.MRLVDS': [11, 1, true],
    'RCC.BDCR.LSEMOD': [3, 1, true],
    'RCC.APB2RSTR.SPI4RST': [13, 1, true],
  },
  resets: { ...F401_F411.resets, 'RCC.PLLI2SCFGR': 0x24003010 },
};
/** F405 and F415 have neither Ethernet nor camera interface. */
const F407_ONLY = ['ENR', 'RSTR', 'LPENR'].flatMap((r) =>
  ['ETHMAC', 'ETHMACTX', 'ETHMACRX', 'ETHMACPTP', 'DCMI'].map(
    (name) => `RCC.AHB${name === 'DCMI' ? 2 : 1}${r}.${name}${r.replace('ENR', 'EN').replace('RSTR', 'RST')}`,
  ),
);
/** BWTR3 and BWTR4, which the SVDs of F405, F407 and F42x do not have at their places (RM0090 36.5.6 and 37.5.6). */
const writeTimings = (peripheral: 'FSMC' | 'FMC'): NonNullable<SvdFixes['copies']> =>
  [1, 2].map((n) => ({ peripheral, from: `BWTR${n}`, to: `BWTR${n + 2}`, by: 0x10 }));
/** RM0090 5.4.1: one bit, scale 1 after reset. */
const F405_F407: Pick<SvdFixes, 'resets' | 'add' | 'copies'> = {
  copies: writeTimings('FSMC'),
  resets: { 'FLASH.OPTCR': OPTCR[12], 'PWR.CR': 0x4000 },
  add: { 'PWR.CR.VOS': [14, 1, true], ...RTC_CR },
};

/** F7: names of the headers, resets as in RM0385, RM0410 and RM0431. */
const F7_NAMES: NonNullable<SvdFixes['rewrite']> = [
  ...F2_F4_NAMES,
  [/^RCC\.DKCFGR1$/, 'DCKCFGR1'],
  [/^RCC\.DKCFGR2$/, 'DCKCFGR2'],
  ...[1, 2, 3, 6].map((n) => [new RegExp(`^RCC\\.DCKCFGR2\\.UART${n}SEL$`), `USART${n}SEL`] as const),
  [/^FLASH\.SR\.PGSERR$/, 'ERSERR'],
  [/^FLASH\.CR\.MER1$/, 'MER2'],
  [/^SYSCFG\.MEMRMP\.FB_MODE$/, 'SWP_FB'],
];
const f7 = (optcr: number): Omit<SvdFixes, 'chip' | 'part'> => ({
  rename: {},
  rewrite: F7_NAMES,
  resetsWhere: TIMERS_FULL,
  resets: {
    ...{ 'FLASH.OPTCR': optcr, 'FLASH.OPTCR1': 0x00400080, 'RCC.DCKCFGR1': 0, 'RCC.DCKCFGR2': 0 },
    // RM0385 12.4.4 and 12.4.5.
    ...{ 'CRC.INIT': 0xffffffff, 'CRC.POL': 0x04c11db7 },
  },
  remove: ['FLASH.ACR.LATENCY', 'SYSCFG.MEMRMP.MEM_MODE'],
  add: { 'FLASH.ACR.LATENCY': [0, 4, true], 'RCC.BDCR.LSEDRV': [3, 2, true] },
  ungated: ['RTC'],
});
const bit = (name: string, at: number) => [name, at, 1, true] as const;
/** The SVDs of F74x and F76x have the older unit's CRC_CR beside INIT and POL (RM0385 12.4.3, header). */
const F7_CRC = { 'CRC.CR.POLYSIZE': [3, 2, true], 'CRC.CR.REV_IN': [5, 2, true], 'CRC.CR.REV_OUT': [7, 1, true] } as const;
/** The SVDs of F74x and F76x forget the switch of PLLSAI, its ready flag (RM0385 5.3.1, RM0410 5.3.1) and P of PLLI2S (5.3.23). */
const F7_PLLS = {
  'RCC.CR.PLLSAION': [28, 1, true],
  'RCC.CR.PLLSAIRDY': [29, 1, false],
  'RCC.PLLI2SCFGR.PLLI2SP': [16, 2, true],
} as const;

const F0: SvdFixes = {
  chip: 'stm32f0x2',
  rename: { Flash: 'FLASH', SYSCFG_COMP: 'SYSCFG' },
  fields: {
    // Bit 23 of APB1ENR enables the clock; the SVD copied the name of the reset bit.
    'RCC.APB1ENR.USBRST': 'USBEN',
    // Names of the CMSIS header.
    'FLASH.SR.WRPRT': 'WRPRTERR',
    'FLASH.CR.FORCE_OPTLOAD': 'OBL_LAUNCH',
    'FLASH.OBR.WDG_SW': 'IWDG_SW',
    'USART1.CR1.M': 'M0',
  },
  add: {
    // In the CMSIS header, missing in the SVD.
    'RCC.CSR.V18PWRRSTF': [23, 1, false],
    'RCC.AHBENR.IOPEEN': [21, 1, true],
    'RCC.AHBRSTR.IOPERST': [21, 1, true],
    // The SVD cuts the field in two.
    'USART1.CR2.ADD': [24, 8, true],
  },
  // Places of the CMSIS header; F07x and F09x have the polynomial.
  offsets: { 'CRC.INIT': 0x10 },
  addRegisters: { 'CRC.POL': { offset: 0x14, reset: 0x04c11db7, fields: [['POL', 0, 32, true]] } },
  // The part has no BOOT_SEL bit (CMSIS header stm32f072xb.h): nBOOT0 and BOOT_SEL belong to F04x and F09x.
  remove: ['FLASH.OBR.BOOT_SEL', 'FLASH.OBR.nBOOT0'],
};

const L4: Omit<SvdFixes, 'chip'> = {
  // RM0351 6.4.3: rw, as MCOSEL.
  written: /^RCC\.CFGR\.MCOPRE$/,
  rename: {},
  // Names of the CMSIS header.
  fields: {
    'RCC.CSR.FIREWALLRSTF': 'FWRSTF',
    'RCC.CSR.LPWRSTF': 'LPWRRSTF',
    'RCC.APB1ENR1.SP3EN': 'SPI3EN',
    'RCC.APB1SMENR1.SP3SMEN': 'SPI3SMEN',
    'FLASH.CR.START': 'STRT',
    'FLASH.OPTR.IDWG_SW': 'IWDG_SW',
  },
  // The SVD cuts the field in two.
  add: { 'USART1.CR2.ADD': [24, 8, true], 'LPUART1.CR2.ADD': [24, 8, true] },
  // RM0351 GPIO: all pins analog except the debug port; the SVD has lost the ones.
  resets: {
    'GPIOA.MODER': 0xabffffff,
    'GPIOA.OSPEEDR': 0x0c000000,
    'GPIOB.MODER': 0xfffffebf,
    'GPIOH.MODER': 0x0000000f,
    'GPIO*.MODER': 0xffffffff,
  },
};
/** Registers of the FSDEV that some SVDs have forgotten (CMSIS headers). */
const USB_FORGOTTEN: NonNullable<SvdFixes['addRegisters']> = {
  'USB.LPMCSR': {
    offset: 0x54,
    reset: 0,
    fields: [
      ['LPMEN', 0, 1, true],
      ['LPMACK', 1, 1, true],
      ['REMWAKE', 3, 1, false],
      ['BESL', 4, 4, false],
    ],
  },
  'USB.BCDR': {
    offset: 0x58,
    reset: 0,
    fields: [
      ['BCDEN', 0, 1, true],
      ['DCDEN', 1, 1, true],
      ['PDEN', 2, 1, true],
      ['SDEN', 3, 1, true],
      ['DCDET', 4, 1, false],
      ['PDET', 5, 1, false],
      ['SDET', 6, 1, false],
      ['PS2DET', 7, 1, false],
      ['DPPU', 15, 1, true],
    ],
  },
};
/** G4: names of the CMSIS headers and of L4, which has the same blocks. PVDLS is PLS there, PVMEN1 and 2 are those of VDDA. */
const G4: Omit<SvdFixes, 'chip'> = {
  ...L4,
  rename: { COMP: 'COMP', SAI: 'SAI1' },
  fields: {
    ...L4.fields,
    'FLASH.SR.MISSERR': 'MISERR',
    'FLASH.OPTR.IWGD_STDBY': 'IWDG_STDBY',
    'SYSCFG.MEMRMP.FB_mode': 'FB_MODE',
    'PWR.CR2.PVDLS': 'PLS',
    'PWR.CR2.PVMEN1': 'PVME3',
    'PWR.CR2.PVMEN2': 'PVME4',
    'PWR.SR2.PVMO1': 'PVMO3',
    'PWR.SR2.PVMO2': 'PVMO4',
  },
  add: {},
  // The SVD prints L4's, whose bits are MSI's: RM0440 7.4.1.
  resets: { ...L4.resets, 'RCC.CR': 0x500 },
  // Transmitter empty; the SVD has lost it in some blocks.
  resetsWhere: [[/^(LP)?US?ART\d\.ISR$/, 0xc0]],
  addRegisters: USB_FORGOTTEN,
};
const L496_ONLY = ['FLASH.OPTR.nSWBOOT0', 'FLASH.OPTR.nBOOT0'];

const H533: SvdFixes = {
  chip: 'stm32h533',
  rename: {
    ADC: 'ADC1',
    ADCC: 'ADC12_COMMON',
    DAC: 'DAC1',
    FDCAN: 'FDCAN1',
    GPDMA: 'GPDMA1',
    I2C: 'I2C1',
    I3C: 'I3C1',
    LPUART: 'LPUART1',
    OCTOSPI: 'OCTOSPI1',
    OTFDEC: 'OTFDEC1',
    SDMMC: 'SDMMC1',
    SPI: 'SPI1',
    UCPD: 'UCPD1',
    USART: 'USART1',
  },
  // Every other option register's second half is called as its first.
  registers: { 'FLASH.BOOTR_PRG': 'SECBOOTR_PRG' },
  // The SVD gives all ports one reset value whose upper byte is lost. After reset all pins are analog except the debug port:
  // PA13, PA14, PA15, PB3, PB4 (the H563 SVD gives port A's values; alternate functions 0, pulls and speed of SWJ).
  resets: {
    'GPIOA.MODER': 0xabffffff,
    'GPIOA.OSPEEDR': 0x0c000000,
    'GPIOA.PUPDR': 0x64000000,
    'GPIOB.MODER': 0xfffffebf,
    'GPIOB.OSPEEDR': 0x000000c0,
    'GPIOB.PUPDR': 0x00000100,
    'GPIO*.MODER': 0xffffffff,
  },
  // The SVD lets EXTICR4 share EXTICR1's offset; the four lie in a row.
  offsets: { 'EXTI.EXTICR4': 0x6c },
  // The SVD puts TZSC where the CMSIS header has the backup SRAM, and TZIC where it has TZSC.
  bases: { GTZC1_TZSC: 0x40032400, GTZC1_TZIC: 0x40032800 },
};

const H563: SvdFixes = { ...H533, chip: 'stm32h563' };
/** Gates and muxes under the names that H533's rows use; HSI / 2 after reset, as SystemCoreClock of ST's system_stm32h5xx.c has it (the SVD: HSI / 1). */
const H503: SvdFixes = {
  ...H533,
  chip: 'stm32h503',
  part: 'STM32H503RB',
  rewrite: [
    ...['EN', 'RST', 'LPEN', 'SEL'].flatMap((end) =>
      Object.entries({ USBFS: 'USB', ADC1: 'ADC', DAC12: 'DAC1', FDCAN1: 'FDCAN', VREF: 'VREFBUF' })
        .filter(([from]) => from !== 'VREF' || end === 'EN')
        .map(([from, to]) => [new RegExp(`^RCC\\.\\w+\\.${from}${end}$`), to + end] as const),
    ),
    [/^RCC\.CCIPR5\.DAC1SEL$/, 'DACSEL'],
    ...['1R_CUR', '1R_PRG', '2R_CUR', '2R_PRG'].map((end) => [new RegExp(`^FLASH\\.WRPSGN${end}$`), `WRP${end}`] as const),
  ],
  resets: { ...H533.resets, 'RCC.CR': 0x2b, 'PWR.VOSSR': 0x2008 },
  resetsWhere: [
    [/^EXTI\.EMR[12]$/, 0],
    [/^RCC\.AHB1LPENR$/, 0xb0021103],
    [/^RCC\.AHB2LPENR$/, 0x40060c8f],
    [/^RCC\.APB1LLPENR$/, 0x01e7e833],
    [/^RCC\.APB1HLPENR$/, 0x228],
    [/^RCC\.APB2LPENR$/, 0x01005800],
    [/^RCC\.APB3LPENR$/, 0x00300a42],
  ],
};

/** Bits of ADC4_CR that software sets and hardware clears: to the SVD software does not write them. */
const ADC4_COMMANDS: NonNullable<SvdFixes['add']> = {
  'ADC4.CR.ADEN': [0, 1, true],
  'ADC4.CR.ADDIS': [1, 1, true],
  'ADC4.CR.ADSTART': [2, 1, true],
  'ADC4.CR.ADSTP': [4, 1, true],
  'ADC4.CR.ADCAL': [31, 1, true],
};
/** After reset all pins are analog but the debug port's, as on H5, whose blocks of the same versions serve (src/chips/stm32u5.ts). */
const U575: SvdFixes = {
  chip: 'stm32u575',
  part: 'STM32U575ZI',
  rename: { FDCAN1_RAM: 'FDCANRAM', ADC12: 'ADC12_COMMON', OPAMP: 'OPAMP1' },
  alike: /^(TIM([1-8]|15)|WWDG|SPI\d|(LP)?US?ART\d|I2C\d|LPTIM[123]|FDCAN.*|CRC|RNG|ICACHE|RTC|VREFBUF|DAC1|OTG_FS|GTZC\d_MPCBB\d)$/,
  remove: Object.keys(ADC4_COMMANDS),
  add: ADC4_COMMANDS,
  resets: H533.resets!,
};

/** The same field fixes for several registers of one peripheral. */
const each = <T>(peripheral: string, registers: readonly string[], fields: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(registers.flatMap((r) => Object.entries(fields).map(([name, to]) => [`${peripheral}.${r}.${name}`, to])));

const H745_BANK_FIELDS = [
  'LOCK',
  'PG',
  'SER',
  'BER',
  'PSIZE',
  'FW',
  'START',
  'SNB',
  'EOPIE',
  'WRPERRIE',
  'PGSERRIE',
  'STRBERRIE',
  'INCERRIE',
  'OPERRIE',
  'RDPERRIE',
  'RDSERRIE',
  'SNECCERRIE',
  'DBECCERRIE',
  'CRCENDIE',
  'BSY',
  'WBNE',
  'QW',
  'CRC_BUSY',
  'EOP',
  'WRPERR',
  'PGSERR',
  'STRBERR',
  'INCERR',
  'OPERR',
  'RDPERR',
  'RDSERR',
  'SNECCERR',
  'DBECCERR',
  'CRCEND',
];
/**
 * STM32H745: the SVD is that of the single-core H743 in most places. Names, CPU2's registers and flags, BCM and boot address fields: CMSIS header stm32h745xx.h
 * (facts/STM32H745.json); EXTI and RCC keep CPU2's copies at a fixed distance (RM0399: D2 part of EXTI 0xC0, RCC_C2_BASE = RCC + 0x190).
 */
const H745: SvdFixes = {
  chip: 'stm32h745',
  rename: { Flash: 'FLASH', DFSDM: 'DFSDM1', DAC: 'DAC1', SWPMI: 'SWPMI1', CAN_CCU: 'FDCAN_CCU', COMP1: 'COMP12' },
  registers: {
    'FLASH.BOOT_CURR': 'BOOT7_CUR',
    'FLASH.BOOT_PRGR': 'BOOT7_PRG',
    ...Object.fromEntries(['IMR', 'EMR', 'PR'].flatMap((r) => [1, 2, 3].map((n) => [`EXTI.CPU${r}${n}`, `C1${r}${n}`]))),
  },
  fields: {
    ...each('RCC', ['CR'], { RC48ON: 'HSI48ON', RC48RDY: 'HSI48RDY' }),
    ...each('RCC', ['CIER'], { RC48RDYIE: 'HSI48RDYIE' }),
    ...each('RCC', ['CIFR'], { RC48RDYF: 'HSI48RDYF', CSIRDY: 'CSIRDYF' }),
    ...each('RCC', ['CICR'], { RC48RDYC: 'HSI48RDYC', HSE_ready_Interrupt_Clear: 'CSIRDYC' }),
    ...each('RCC', ['BDCR'], { RTCSRC: 'RTCSEL' }),
    ...each('RCC', ['RSR', 'C1_RSR', 'C2_RSR'], { CPURSTF: 'C1RSTF', SFTRSTF: 'SFT1RSTF', LPWRRSTF: 'LPWR1RSTF' }),
    ...each('RCC', ['APB1LENR', 'C1_APB1LENR', 'C2_APB1LENR'], { USART7EN: 'UART7EN', USART8EN: 'UART8EN' }),
    ...each('RCC', ['APB1LRSTR'], { USART7RST: 'UART7RST', USART8RST: 'UART8RST' }),
    ...each('RCC', ['AHB2RSTR'], { CAMITFRST: 'DCMIRST' }),
    ...each('PWR', ['CR3'], { SDEN: 'SMPSEN' }),
    ...Object.fromEntries(
      [1, 2].flatMap((bank) => ['CR', 'SR', 'KEYR'].flatMap((r) => H745_BANK_FIELDS.map((f) => [`FLASH.${r}${bank}.${f}${bank}`, f]))),
    ),
    'FLASH.SR1.SNECCERR11': 'SNECCERR',
    ...each('FLASH', ['OPTSR_CUR', 'OPTSR_PRG'], { IWDG1_HW: 'IWDG1_SW', nRST_STOP_D1: 'NRST_STOP_D1', nRST_STBY_D1: 'NRST_STBY_D1' }),
    ...each('FLASH', ['BOOT7_CUR', 'BOOT7_PRG'], { BOOT_ADD0: 'BCM7_ADD0', BOOT_ADD1: 'BCM7_ADD1' }),
    // The CMSIS header gives the halves of UR3 so; the SVD has the lower one as BCM4_ADD1 and the upper as BCM7_ADD1.
    ...each('SYSCFG', ['UR3'], { BCM4_ADD1: 'BCM7_ADD1', BCM7_ADD1: 'BCM4_ADD0' }),
  },
  add: {
    ...each('RCC', ['RSR', 'C1_RSR', 'C2_RSR'], {
      C2RSTF: [18, 1, false],
      SFT2RSTF: [25, 1, false],
      IWDG2RSTF: [27, 1, false],
      WWDG2RSTF: [29, 1, false],
      LPWR2RSTF: [31, 1, false],
    } as const),
    ...each('RCC', ['GCR'], { WW2RSC: [1, 1, true], BOOT_C1: [2, 1, true], BOOT_C2: [3, 1, true] } as const),
    ...each('RCC', ['APB1LENR', 'C1_APB1LENR', 'C2_APB1LENR'], { WWDG2EN: [11, 1, true] } as const),
    ...each('FLASH', ['OPTSR_CUR'], {
      IWDG2_SW: [5, 1, false],
      BCM4: [22, 1, false],
      BCM7: [23, 1, false],
      NRST_STOP_D2: [24, 1, false],
      NRST_STBY_D2: [25, 1, false],
    } as const),
    ...each('FLASH', ['OPTSR_PRG'], {
      IWDG2_SW: [5, 1, true],
      BCM4: [22, 1, true],
      BCM7: [23, 1, true],
      NRST_STOP_D2: [24, 1, true],
      NRST_STBY_D2: [25, 1, true],
    } as const),
    // The SVD cuts the field in two.
    'USART1.CR2.ADD': [24, 8, true],
    // Three bits in the CMSIS header and in embassy-rs/stm32-data-generated; the SVD has the two of version 1.
    'WWDG1.CFR.WDGTB': [11, 3, true],
  },
  remove: ['WWDG1.CFR.WDGTB', 'WWDG2.CFR.WDGTB'],
  // What HAL and LL write, and the SVDs of other parts with the same block have as writable (RM0399: rw, SWSYNC and IOLOCK rs).
  written:
    /^(CRS\.CR\.SWSYNC|SPI\d\.(IER\.(TXPIE|DPXPIE)|CR1\.IOLOCK)|FDCAN\d\.(ILS|TDCR)\.\w+|FDCAN\d\.(RWD\.WDC|TEST\.(LBCK|TX))|RAMECC\d\.M\dCR\.\w+)$/,
  addRegisters: {
    'FLASH.BOOT4_CUR': {
      offset: 0x48,
      reset: 0,
      fields: [
        ['BCM4_ADD0', 0, 16, false],
        ['BCM4_ADD1', 16, 16, false],
      ],
    },
    'FLASH.BOOT4_PRG': {
      offset: 0x4c,
      reset: 0,
      fields: [
        ['BCM4_ADD0', 0, 16, true],
        ['BCM4_ADD1', 16, 16, true],
      ],
    },
    'PWR.CPU2CR': {
      offset: 0x14,
      reset: 0,
      fields: [
        ['PDDS_D1', 0, 1, true],
        ['PDDS_D2', 1, 1, true],
        ['PDDS_D3', 2, 1, true],
        ['HOLD1', 4, 1, false],
        ['STOPF', 5, 1, false],
        ['SBF', 6, 1, false],
        ['SBF_D1', 7, 1, false],
        ['SBF_D2', 8, 1, false],
        ['CSSF', 9, 1, true],
        ['HOLD1F', 10, 1, false],
        ['RUN_D3', 11, 1, true],
      ],
    },
  },
  copies: [
    { peripheral: 'RCC', from: 'C1_', to: 'C2_', by: 0x60 },
    { peripheral: 'EXTI', from: 'CPUIMR', to: 'C2IMR', by: 0x40 },
    { peripheral: 'EXTI', from: 'CPUEMR', to: 'C2EMR', by: 0x40 },
    { peripheral: 'EXTI', from: 'CPUPR', to: 'C2PR', by: 0x40 },
  ],
  resets: {
    // The value of F4 and L4 in the SVD; siblings and the header's FLASH_LATENCY_DEFAULT say 0x37.
    'FLASH.ACR': 0x37,
    // RTCAPBEN is set after reset (RM0399 RCC_APB4ENR, recalled): ST's code reaches the backup registers without setting it.
    'RCC.APB4ENR': 0x10000,
    'RCC.C1_APB4ENR': 0x10000,
    'RCC.C2_APB4ENR': 0x10000,
    // Lines 32 to 44 and 46 to 88 but for the configurable ones are direct: unmasked after reset (RM0399 EXTI, recalled; the SVD has lost IMR2 and IMR3).
    'EXTI.CPUIMR2': 0xfff5dfff,
    'EXTI.C2IMR2': 0xfff5dfff,
    'EXTI.CPUIMR3': 0x0181ffff,
    'EXTI.C2IMR3': 0x0181ffff,
    // The SVDs of all STM32 print the pins' reset modes wrongly or shared; after reset all pins are analog except the debug port.
    'GPIOA.MODER': 0xabffffff,
    'GPIOA.OSPEEDR': 0x0c000000,
    'GPIOA.PUPDR': 0x64000000,
    'GPIOB.MODER': 0xfffffebf,
    'GPIOB.OSPEEDR': 0x000000c0,
    'GPIOB.PUPDR': 0x00000100,
    'GPIO*.MODER': 0xffffffff,
    'GPIO*.OSPEEDR': 0,
    'GPIO*.PUPDR': 0,
  },
};

const L0_CIER: NonNullable<SvdFixes['add']> = Object.fromEntries(
  ['LSIRDYIE', 'LSERDYIE', 'HSI16RDYIE', 'HSERDYIE', 'PLLRDYIE', 'MSIRDYIE', 'HSI48RDYIE', 'CSSLSE'].map((name, n) => [
    `RCC.CIER.${name}`,
    [n, 1, true] as const,
  ]),
);

export const FIXES: Readonly<Record<string, SvdFixes>> = {
  STM32F103: {
    chip: 'stm32f103',
    part: 'STM32F103RC',
    rename: {},
    offsets: F1_BKP,
    fields: { 'FLASH.OBR.WDG_SW': 'IWDG_SW', 'WWDG.SR.EWI': 'EWIF' },
    resetsWhere: [[/^TIM\d+\.ARR$/, 0xffff]],
  },
  STM32F107: {
    chip: 'stm32f107',
    part: 'STM32F107VC',
    rename: {},
    offsets: F1_BKP,
    fields: {
      'FLASH.OBR.WDG_SW': 'IWDG_SW',
      'WWDG.SR.EWI': 'EWIF',
      'RCC.APB1RSTR.USART4RST': 'UART4RST',
      'RCC.APB1RSTR.USART5RST': 'UART5RST',
    },
    resetsWhere: [
      [/^TIM\d+\.ARR$/, 0xffff],
      [/^UART\d\.SR$/, 0xc0],
    ],
  },
  STM32G0B1: {
    chip: 'stm32g0b1',
    part: 'STM32G0B1RE',
    rename: { DAC: 'DAC1' },
    // The registers have two descriptions, with the FIFO and without.
    rewrite: [
      [/^(LP)?US?ART\d\.CR1_\w+$/, 'CR1'],
      [/^(LP)?US?ART\d\.ISR_\w+$/, 'ISR'],
    ],
    fields: {
      'FLASH.OPTR.IDWG_SW': 'IWDG_SW',
      'FLASH.OPTR.nRSTS_HDW': 'nRST_SHDW',
      'RCC.APBRSTR1.CRSSMEN': 'CRSRST',
    },
    // RM0444 3.7.9 to 3.7.13: rw, nine bits of PCROP and seven of WRP; the SVD has G071's widths for bank 1, read-only.
    written: /^FLASH\.PCROP1AER\.PCROP_RDP$/,
    remove: [
      ...['PCROP1ASR.PCROP1A_STRT', 'PCROP1AER.PCROP1A_END', 'PCROP1BSR.PCROP1B_STRT'],
      ...['WRP1AR.WRP1A_STRT', 'WRP1AR.WRP1A_END', 'WRP1BR.WRP1B_STRT', 'WRP1BR.WRP1B_END'],
    ].map((path) => `FLASH.${path}`),
    // RM0444: the second bank's bits, which the SVD has forgotten.
    add: {
      'FLASH.OPTR.nSWAP_BANK': [20, 1, true],
      'FLASH.OPTR.DUAL_BANK': [21, 1, true],
      'FLASH.SR.BSY2': [17, 1, false],
      'FLASH.PCROP1ASR.PCROP1A_STRT': [0, 9, true],
      'FLASH.PCROP1AER.PCROP1A_END': [0, 9, true],
      'FLASH.PCROP1BSR.PCROP1B_STRT': [0, 9, true],
      'FLASH.WRP1AR.WRP1A_STRT': [0, 7, true],
      'FLASH.WRP1AR.WRP1A_END': [16, 7, true],
      'FLASH.WRP1BR.WRP1B_STRT': [0, 7, true],
      'FLASH.WRP1BR.WRP1B_END': [16, 7, true],
      'RCC.CIER.HSI48RDYIE': [2, 1, true],
    },
    // Channels of DMA2; the SVD has those of G071.
    addRegisters: Object.fromEntries(
      [7, 8, 9, 10, 11].map((n) => [
        `DMAMUX.C${n}CR`,
        {
          offset: 4 * n,
          reset: 0,
          fields: [
            ['DMAREQ_ID', 0, 6, true],
            ['SOIE', 8, 1, true],
            ['EGE', 9, 1, true],
            ['SE', 16, 1, true],
            ['SPOL', 17, 2, true],
            ['NBREQ', 19, 5, true],
            ['SYNC_ID', 24, 5, true],
          ],
        },
      ]),
    ),
    // Locked after reset; one wait state less than the SVD's value. Pins are analog but for the debug port.
    resets: {
      'GPIOA.MODER': 0xebffffff,
      'GPIO*.MODER': 0xffffffff,
      // SU starts at 0.
      'RTC.TR': 0,
    },
    // Without its FIFO, in which state the block is after reset, TXFE reads 0.
    resetsWhere: [...TIMERS_FULL, [/^(LP)?US?ART\d\.ISR/, 0xc0]],
  },
  STM32L0x2: {
    chip: 'stm32l0x2',
    part: 'STM32L082CZ',
    rename: { LPTIM: 'LPTIM1', ADC: 'ADC1' },
    fields: {
      'FLASH.OPTR.RDPROT': 'RDP',
      'FLASH.OPTR.WDG_SW': 'IWDG_SW',
      'RCC.CR.CSSLSEON': 'CSSON',
      'RCC.CR.HSI16RDYF': 'HSI16RDY',
      'RCC.CCIPR.HSI48MSEL': 'HSI48SEL',
      'RCC.CSR.LPWRSTF': 'LPWRRSTF',
      'RCC.APB1RSTR.LPUART12RST': 'USART2RST',
      'RCC.APB1RSTR.WWDRST': 'WWDGRST',
      'RCC.APB2RSTR.TM12RST': 'TIM22RST',
      'SYSCFG.CFGR3.ENREF_RC48MHz': 'ENREF_HSI48',
      'SYSCFG.CFGR3.EN_BGAP': 'EN_VREFINT',
      ...Object.fromEntries(
        ['EN', 'RST', 'SMEN'].flatMap((what) =>
          [...'ABCDEH'].map((port) => [`RCC.IOP${what}${what === 'SMEN' ? '' : 'R'}.IOP${port}${what}`, `GPIO${port}${what}`]),
        ),
      ),
    },
    rewrite: [[/^(LP)?USART1\.ISR\.NF$/, 'NE']],
    // The SVD calls CIER read-only.
    remove: Object.keys(L0_CIER),
    // RM0376 10.2.1: the banks change places.
    add: { ...L0_CIER, 'SYSCFG.CFGR1.UFB': [3, 1, true] },
    // RM0376: 6.2.3 (VREFINTRDYF follows), 8.4 (pins are analog but for the debug port), 27.6.
    resets: {
      'GPIOA.MODER': 0xebfffcff,
      'GPIO*.MODER': 0xffffffff,
      'RTC.DR': 0x2101,
      'RTC.PRER': 0x7f00ff,
      'RTC.WUTR': 0xffff,
      'RTC.ISR': 7,
    },
    resetsWhere: [...TIMERS_FULL, [/^TIM2\.ARR$/, 0xffff], [/^(LP)?USART\d\.ISR/, 0xc0]],
  },
  STM32L152: L1,
  STM32C071: {
    chip: 'stm32c071',
    part: 'STM32C071RB',
    rename: { ADC: 'ADC1', DMA: 'DMA1' },
    registers: { 'RCC.CCIPR1': 'CCIPR' },
    fields: { 'FLASH.OPTR.IWGD_STDBY': 'IWDG_STDBY', 'FLASH.SR.MISSERR': 'MISERR', 'FLASH.SR.BSY1': 'BSY' },
    // The registers have two descriptions, with the FIFO and without.
    rewrite: [
      [/^USART\d\.CR1_\w+$/, 'CR1'],
      [/^USART\d\.ISR_\w+$/, 'ISR'],
    ],
    // Pins are analog but for the debug port.
    resets: { 'GPIOA.MODER': 0xebffffff, 'GPIO*.MODER': 0xffffffff },
    resetsWhere: [...TIMERS_FULL, [/^USART\d\.ISR/, 0xc0]],
  },
  STM32F217: {
    ...F4,
    chip: 'stm32f217',
    part: 'STM32F217ZG',
    resets: { 'FLASH.OPTCR': OPTCR[12] },
    fields: { 'RCC.PLLI2SCFGR.PLLN': 'PLLI2SN', 'RCC.PLLI2SCFGR.PLLR': 'PLLI2SR' },
    add: RTC_CR,
    // The RTC of F2 has no sub-seconds. The model is of the one that has: these registers are reserved words on silicon.
    addRegisters: {
      'RTC.SSR': { offset: 0x28, reset: 0, fields: [['SS', 0, 16, false]] },
      'RTC.SHIFTR': {
        offset: 0x2c,
        reset: 0,
        fields: [
          ['SUBFS', 0, 15, false],
          ['ADD1S', 31, 1, false],
        ],
      },
      'RTC.TSSSR': { offset: 0x38, reset: 0, fields: [['SS', 0, 16, false]] },
      'RTC.ALRMASSR': SUB_SECOND_ALARM(0x44),
      'RTC.ALRMBSSR': SUB_SECOND_ALARM(0x48),
    },
  },
  STM32L432: {
    ...L4,
    chip: 'stm32l432',
    part: 'STM32L433VC',
    rename: { SDMMC: 'SDMMC1' },
    // RM0394 8.4.11: the ports have it as those of the L476.
    addRegisters: Object.fromEntries(['A', 'B', 'C', 'D', 'E', 'H'].map((port) => [`GPIO${port}.BRR`, PORT_RESETS])),
    fields: {
      ...L4.fields,
      'RCC.APB1ENR1.SPI1EN': 'SPI2EN',
      'RCC.APB1ENR1.USART1EN': 'USART3EN',
      'RCC.APB1ENR1.USBF': 'USBFSEN',
      'RCC.APB1RSTR1.USART1RST': 'USART3RST',
      'RCC.APB1RSTR1.USART4RST': 'UART4RST',
      'RCC.CCIPR.USART4SEL': 'UART4SEL',
    },
    // One bank.
    remove: ['SYSCFG.MEMRMP.FB_MODE', 'FLASH.CR.BKER', 'FLASH.CR.MER2', 'RCC.AHB1RSTR.CRCRST'],
    // The SVD has CRCRST twice; the header has it in bit 12. PEMPTY: RM0394 3.3.1, and headers of L412 to L462.
    add: { 'RCC.AHB1RSTR.CRCRST': [12, 1, true], 'FLASH.SR.PEMPTY': [17, 1, true] },
    // The SVD gives CRRCR the value of CSR.
    resets: { ...L4.resets, 'RCC.CRRCR': 0, 'RCC.APB1ENR1': 0x400 },
    resetsWhere: TIMERS_FULL,
  },
  STM32WB55_CM4: {
    ...L4,
    chip: 'stm32wb55',
    part: 'STM32WB55RG',
    rename: { ADC: 'ADC1' },
    registers: {
      // Names of the CMSIS header; the first core's registers have no number there.
      'RCC.AHB4ENR': 'AHB3ENR',
      'RCC.AHB4SMENR': 'AHB3SMENR',
      'RCC.C2AHB4SMENR': 'C2AHB3SMENR',
      'DBGMCU.C2AP_B1FZR1': 'C2APB1FZR1',
      ...Object.fromEntries(['IMR1', 'EMR1', 'IMR2', 'EMR2'].map((name) => [`EXTI.C1${name}`, name])),
      ...Object.fromEntries(['IER', 'ICR', 'ISR', 'MISR'].map((name) => [`HSEM.C1${name}${name === 'IER' ? '0' : ''}`, `C1${name}`])),
      'HSEM.C2IER0': 'C2IER',
    },
    fields: {
      ...L4.fields,
      'RCC.BDCR.LSECSSD_': 'LSECSSD',
      ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`PWR.SR1.CWUF${n}`, `WUF${n}`])),
      'FLASH.C2SR.MISSERR': 'MISERR',
      // RM0434 3.10.10: the area's first page stands below.
      'FLASH.WRP1BR.WRP1B_STRT': 'WRP1B_END',
      'FLASH.WRP1BR.WRP1B_END': 'WRP1B_STRT',
    },
    // Buffer descriptors, which lie in the packet memory, and the common registers, which have a row of their own.
    dropRegisters: /^(USB\.(ADDR|COUNT)\d_.X|ADC1\.CCR)$/,
    addRegisters: {
      'RCC.CRRCR': {
        offset: 0x98,
        reset: 0,
        fields: [
          ['HSI48ON', 0, 1, true],
          ['HSI48RDY', 1, 1, false],
          ['HSI48CAL', 7, 9, false],
        ],
      },
    },
    // The SVD gives AHB1ENR a reserved bit (RM0434 8.4.19); MSI is ready before a core can look.
    resets: { ...L4.resets, 'GPIOH.MODER': 0x000000cf, 'RCC.AHB1ENR': 0, 'RCC.CR': 0x63 },
    // The SVD cuts these fields in two.
    remove: ['TIM2.CNT.CNT_H', 'TIM2.CNT.UIFCPY', 'ADC1.DR.RDATA_0_6', 'ADC1.DR.RDATA_7_15'],
    add: { 'TIM2.CNT.CNT_H': [16, 16, true], 'ADC1.DR.RDATA': [0, 16, false] },
  },
  STM32L4R5: {
    ...L4,
    chip: 'stm32l4r5',
    part: 'STM32L4R5ZI',
    rename: { ADC: 'ADC1' },
    // Places of the CMSIS header: the areas of a bank stand together.
    registers: { 'FLASH.WRP2AR': 'WRP1BR', 'FLASH.WRP1BR': 'WRP2AR' },
    fields: {
      ...L4.fields,
      'FLASH.WRP1BR.WRP2A_STRT': 'WRP1B_STRT',
      'FLASH.WRP1BR.WRP2A_END': 'WRP1B_END',
      'FLASH.WRP2AR.WRP1B_STRT': 'WRP2A_STRT',
      'FLASH.WRP2AR.WRP1B_END': 'WRP2A_END',
      'RCC.APB2ENR.FWEN': 'FIREWALLEN',
    },
    resets: { ...L4.resets, 'RCC.APB1ENR1': 0x400 },
    resetsWhere: [...TIMERS_FULL, [/^(LP)?US?ART\d\.ISR$/, 0xc0]],
    add: {},
    addRegisters: L4R5_REGISTERS,
  },
  // One bank.
  STM32G431: { ...G4, chip: 'stm32g431', part: 'STM32G431VB', remove: ['SYSCFG.MEMRMP.FB_mode'] },
  STM32G474: { ...G4, chip: 'stm32g474', part: 'STM32G474QE' },
  STM32F722: {
    ...f7(0xffffaafd),
    chip: 'stm32f722',
    part: 'STM32F722ZE',
    // Read-write in RM0431 (CRC_CR) and in the SVDs of F746 and F767; read-only in this one.
    remove: [...f7(0).remove!, ...Object.keys(F7_CRC)],
    add: { ...f7(0).add, ...F7_CRC },
  },
  STM32F746: {
    ...f7(0xc0ffaafd),
    chip: 'stm32f746',
    part: 'STM32F746NG',
    // Of the F76x, which has two banks.
    remove: ['FLASH.ACR.LATENCY', 'SYSCFG.MEMRMP.MEM_MODE', 'SYSCFG.MEMRMP.FB_MODE', 'FLASH.CR.MER2'],
    add: { ...f7(0).add, ...F7_PLLS, ...F7_CRC },
  },
  STM32F767: {
    ...f7(0xffffaafd),
    chip: 'stm32f767',
    // The SVD serves F769 too, which has the DSI host: its gates and its interrupt are that part's.
    part: 'STM32F769NI',
    rename: { DSI: 'DSIHOST' },
    // RM0386 20.16: FIFOs are empty, lanes stand in stop state; the SVD has 0.
    resets: { ...f7(0xffffaafd).resets, 'DSIHOST.GPSR': 0x15, 'DSIHOST.PSR': 0x1528 },
    add: {
      ...f7(0).add,
      ...F7_PLLS,
      ...F7_CRC,
      'RCC.PLLCFGR.PLLR': [28, 3, true],
      // RM0410 5.3.9, 5.3.14, 5.3.19
      'RCC.APB2RSTR.DSIRST': [27, 1, true],
      'RCC.APB2ENR.DSIEN': [27, 1, true],
      'RCC.APB2LPENR.DSILPEN': [27, 1, true],
    },
    // The SVD has IDCODE alone (RM0410 40.16).
    addRegisters: {
      'DBGMCU.CR': {
        offset: 4,
        reset: 0,
        fields: [...['DBG_SLEEP', 'DBG_STOP', 'DBG_STANDBY'].map(bit), ['TRACE_IOEN', 5, 1, true], ['TRACE_MODE', 6, 2, true]],
      },
      'DBGMCU.APB1_FZ': { offset: 8, reset: 0, fields: [['FREEZE', 0, 27, true]] },
      'DBGMCU.APB2_FZ': { offset: 0xc, reset: 0, fields: [['FREEZE', 0, 19, true]] },
    },
  },
  STM32F401: { ...F4, ...F401_F411, chip: 'stm32f401', part: 'STM32F401VE', addRegisters: F401_F411_REGISTERS },
  STM32F405: { ...F4, ...F405_F407, chip: 'stm32f405', part: 'STM32F405ZG', remove: F407_ONLY },
  STM32F407: { ...F4, ...F405_F407, chip: 'stm32f407', part: 'STM32F407ZG' },
  STM32F411: { ...F4, ...F401_F411, ...F411_ONLY, chip: 'stm32f411', part: 'STM32F411VE', addRegisters: F401_F411_REGISTERS },
  STM32F429: {
    ...F4,
    chip: 'stm32f429',
    part: 'STM32F429NI',
    copies: writeTimings('FMC'),
    remove: ['FLASH.ACR.LATENCY', 'RCC.APB1ENR.UART7ENR', 'RCC.APB1ENR.UART8ENR'],
    add: { 'FLASH.ACR.LATENCY': [0, 4, true], ...RTC_CR },
    // PLLI2SQ is 4 after reset (RM0090 6.3.23).
    resets: { 'FLASH.OPTCR': OPTCR[12], 'RCC.PLLI2SCFGR': 0x24003000 },
  },
  STM32F412: {
    ...F4,
    chip: 'stm32f412',
    part: 'STM32F412ZG',
    addRegisters: I2C_FILTERS,
    remove: ['FLASH.ACR.LATENCY'],
    add: { 'FLASH.ACR.LATENCY': [0, 4, true] },
    resets: { 'FLASH.OPTCR': OPTCR[12], 'PWR.CR': 0x8000 },
  },
  STM32F413: {
    ...F4,
    chip: 'stm32f413',
    part: 'STM32F423ZH',
    rename: { SAI: 'SAI1', LPTIM: 'LPTIM1', FMPI2C: 'I2C4' },
    // The SVD puts the registers where their memory is (RM0430 2.2.2).
    bases: { FSMC: 0xa0000000 },
    remove: ['FLASH.ACR.LATENCY'],
    add: { 'FLASH.ACR.LATENCY': [0, 4, true] },
    resets: { 'FLASH.OPTCR': OPTCR[12], 'PWR.CR': 0x8000 },
  },
  STM32F469: {
    ...F4,
    chip: 'stm32f469',
    part: 'STM32F479NI',
    fields: { 'RCC.DCKCFGR.MSEL': 'CK48MSEL' },
    remove: ['FLASH.ACR.LATENCY', 'RCC.APB1ENR.UART7ENR', 'RCC.APB1ENR.UART8ENR'],
    add: { 'FLASH.ACR.LATENCY': [0, 4, true], ...RTC_CR },
    resets: { 'FLASH.OPTCR': OPTCR[12] },
  },
  STM32F446: {
    ...F4,
    chip: 'stm32f446',
    part: 'STM32F446ZE',
    // RM0390 15.7.1: rw.
    written: /^DCMI\.CR\.\w+$/,
    // Of the F42x, which has two banks.
    remove: ['FLASH.ACR.LATENCY', 'SYSCFG.MEMRMP.FB_MODE'],
    // The SVD forgets PLLR, the ready flag of PLLSAI and its switch (RM0390 6.3.1, 6.3.2).
    add: {
      ...RTC_CR,
      'FLASH.ACR.LATENCY': [0, 4, true],
      'RCC.PLLCFGR.PLLR': [28, 3, true],
      'RCC.CR.PLLSAION': [28, 1, true],
      'RCC.CR.PLLSAIRDY': [29, 1, false],
    },
    resets: { 'FLASH.OPTCR': OPTCR[8] },
  },
  // Names of the CMSIS headers; reset values of the pins: RM0316 11.4.
  STM32F303: {
    chip: 'stm32f303',
    part: 'STM32F303VC',
    // DBGMCU lies on the private bus: APB2 has no clock and no reset for it (RM0316 9.4.4 and 9.4.7, stm32f303xc.h).
    ungated: ['DBGMCU'],
    remove: ['RCC.APB2ENR.DBGMCUEN', 'RCC.APB2RSTR.DBGMCURST'],
    rename: {},
    // The SVD closes up the gap of 8 bytes in front of the lines from 32 on (stm32f303xc.h and its kin).
    offsets: { 'EXTI.IMR2': 0x20, 'EXTI.EMR2': 0x24, 'EXTI.RTSR2': 0x28, 'EXTI.FTSR2': 0x2c, 'EXTI.SWIER2': 0x30, 'EXTI.PR2': 0x34 },
    fields: {
      'FLASH.SR.WRPRT': 'WRPRTERR',
      'FLASH.CR.FORCE_OPTLOAD': 'OBL_LAUNCH',
      'FLASH.OBR.WDG_SW': 'IWDG_SW',
      'FLASH.OBR.BOOT1': 'nBOOT1',
      'FLASH.OBR.SRAM_PARITY_CHECK': 'SRAM_PE',
      'RCC.CFGR.USBPRES': 'USBPRE',
      'USART1.CR1.M': 'M0',
    },
    add: { 'PWR.CSR.VREFINTRDY': [3, 1, false], 'TIM16.OR.TI1_RMP': [0, 2, true] },
    resets: { 'GPIOA.MODER': 0xa8000000, 'GPIOA.PUPDR': 0x64000000, 'GPIOB.MODER': 0x280, 'GPIOB.PUPDR': 0x100, 'GPIOB.OSPEEDR': 0xc0 },
    resetsWhere: TIMERS_FULL,
  },
  STM32F0x2: F0,
  STM32H533: H533,
  STM32H563: H563,
  STM32H503: H503,
  STM32U575: U575,
  // STM32H745_CM4.svd yields the same facts.
  STM32H745_CM7: H745,
  // The SVD lists boot bits of its successors, which the CMSIS header lacks.
  STM32L476: { ...L4, chip: 'stm32l476', remove: L496_ONLY },
  STM32L496: {
    ...L4,
    chip: 'stm32l496',
    // The RTC's registers are clocked after reset: ST's code for parts without RTCAPBEN never sets it (inferred).
    resets: { ...L4.resets, 'RCC.APB1ENR1': 0x00000400 },
    // In the CMSIS header stm32l496xx.h, missing in the SVD.
    addRegisters: {
      'RCC.CRRCR': {
        offset: 0x98,
        reset: 0,
        fields: [
          ['HSI48ON', 0, 1, true],
          ['HSI48RDY', 1, 1, false],
          ['HSI48CAL', 7, 9, false],
        ],
      },
      'RCC.CCIPR2': { offset: 0x9c, reset: 0, fields: [['I2C4SEL', 0, 2, true]] },
    },
  },
};
