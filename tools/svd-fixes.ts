/**
 * Corrections to ST's SVD files, each with its reason. Peripherals get the names of ST's CMSIS headers, so that one spelling serves
 * rows, reports and the generated facts.
 */
export interface SvdFixes {
  /** Name in the generated facts. */
  readonly chip: string;
  /** Peripheral names: SVD → CMSIS header. */
  readonly rename: Readonly<Record<string, string>>;
  /** Register names: `PERIPHERAL.REG` → REG. */
  readonly registers?: Readonly<Record<string, string>>;
  /** Field names: `PERIPHERAL.REG.FIELD` → FIELD. Here and in `add`, PERIPHERAL also stands for all that are derived from it. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Fields that the SVD lacks: `PERIPHERAL.REG.FIELD` → [bit, width, writable]. */
  readonly add?: Readonly<Record<string, readonly [number, number, boolean]>>;
  /** Registers that the SVD lacks: `PERIPHERAL.REG` → offset, reset value and fields as [name, bit, width, writable]. */
  readonly addRegisters?: Readonly<Record<string, { readonly offset: number; readonly reset: number; readonly fields: readonly (readonly [string, number, number, boolean])[] }>>;
  /** Fields that the chip lacks although the family's SVD lists them. */
  readonly remove?: readonly string[];
  /** Reset values: `PERIPHERAL.REG` → value. `GPIO*` in front stands for every port that has no own entry. */
  readonly resets?: Readonly<Record<string, number>>;
  /** Register offsets: `PERIPHERAL.REG` → offset. */
  readonly offsets?: Readonly<Record<string, number>>;
  /** Base addresses by peripheral. */
  readonly bases?: Readonly<Record<string, number>>;
}

const F0: SvdFixes = {
  chip: 'stm32f0x2',
  rename: { Flash: 'FLASH', SYSCFG_COMP: 'SYSCFG' },
  fields: {
    // Bit 23 of APB1ENR enables the clock; the SVD copied the name of the reset bit.
    'RCC.APB1ENR.USBRST': 'USBEN',
    // Names of the CMSIS header.
    'FLASH.SR.WRPRT': 'WRPRTERR', 'FLASH.CR.FORCE_OPTLOAD': 'OBL_LAUNCH', 'FLASH.OBR.WDG_SW': 'IWDG_SW', 'USART1.CR1.M': 'M0',
  },
  add: {
    // In the CMSIS header, missing in the SVD.
    'RCC.CSR.V18PWRRSTF': [23, 1, false], 'RCC.AHBENR.IOPEEN': [21, 1, true], 'RCC.AHBRSTR.IOPERST': [21, 1, true],
    // The SVD cuts the field in two.
    'USART1.CR2.ADD': [24, 8, true],
  },
  // The part has no BOOT_SEL bit (CMSIS header stm32f072xb.h): nBOOT0 and BOOT_SEL belong to F04x and F09x.
  remove: ['FLASH.OBR.BOOT_SEL', 'FLASH.OBR.nBOOT0'],
};

const L4: Omit<SvdFixes, 'chip'> = {
  rename: {},
  // Names of the CMSIS header.
  fields: {
    'RCC.CSR.FIREWALLRSTF': 'FWRSTF', 'RCC.CSR.LPWRSTF': 'LPWRRSTF', 'RCC.APB1ENR1.SP3EN': 'SPI3EN', 'RCC.APB1SMENR1.SP3SMEN': 'SPI3SMEN',
    'FLASH.CR.START': 'STRT', 'FLASH.OPTR.IDWG_SW': 'IWDG_SW',
  },
  // The SVD cuts the field in two.
  add: { 'USART1.CR2.ADD': [24, 8, true], 'LPUART1.CR2.ADD': [24, 8, true] },
  // RM0351 GPIO: all pins analog except the debug port; the SVD has lost the ones.
  resets: {
    'GPIOA.MODER': 0xabffffff, 'GPIOA.OSPEEDR': 0x0c000000, 'GPIOB.MODER': 0xfffffebf, 'GPIOH.MODER': 0x0000000f, 'GPIO*.MODER': 0xffffffff,
  },
};
const L496_ONLY = ['FLASH.OPTR.nSWBOOT0', 'FLASH.OPTR.nBOOT0'];

const H533: SvdFixes = {
  chip: 'stm32h533',
  rename: {
    ADC: 'ADC1', ADCC: 'ADC12_COMMON', DAC: 'DAC1', FDCAN: 'FDCAN1', GPDMA: 'GPDMA1', I2C: 'I2C1', I3C: 'I3C1', LPUART: 'LPUART1',
    OCTOSPI: 'OCTOSPI1', OTFDEC: 'OTFDEC1', SDMMC: 'SDMMC1', SPI: 'SPI1', UCPD: 'UCPD1', USART: 'USART1',
  },
  // Every other option register's second half is called as its first.
  registers: { 'FLASH.BOOTR_PRG': 'SECBOOTR_PRG' },
  // The SVD gives all ports one reset value whose upper byte is lost. After reset all pins are analog except the debug port:
  // PA13, PA14, PA15, PB3, PB4 (the H563 SVD gives port A's values; alternate functions 0, pulls and speed of SWJ).
  resets: {
    'GPIOA.MODER': 0xabffffff, 'GPIOA.OSPEEDR': 0x0c000000, 'GPIOA.PUPDR': 0x64000000,
    'GPIOB.MODER': 0xfffffebf, 'GPIOB.OSPEEDR': 0x000000c0, 'GPIOB.PUPDR': 0x00000100,
    'GPIO*.MODER': 0xffffffff,
  },
  // The SVD lets EXTICR4 share EXTICR1's offset; the four lie in a row.
  offsets: { 'EXTI.EXTICR4': 0x6c },
  // The SVD puts TZSC where the CMSIS header has the backup SRAM, and TZIC where it has TZSC.
  bases: { GTZC1_TZSC: 0x40032400, GTZC1_TZIC: 0x40032800 },
};

const H563: SvdFixes = { ...H533, chip: 'stm32h563' };

export const FIXES: Readonly<Record<string, SvdFixes>> = {
  STM32F0x2: F0,
  STM32H533: H533,
  STM32H563: H563,
  // STM32H745_CM4.svd yields the same facts.
  STM32H745_CM7: { chip: 'stm32h745', rename: { Flash: 'FLASH' } },
  // The SVD lists boot bits of its successors, which the CMSIS header lacks.
  STM32L476: { ...L4, chip: 'stm32l476', remove: L496_ONLY },
  STM32L496: {
    ...L4, chip: 'stm32l496',
    // The RTC's registers are clocked after reset: ST's code for parts without RTCAPBEN never sets it (inferred).
    resets: { ...L4.resets, 'RCC.APB1ENR1': 0x00000400 },
    // In the CMSIS header stm32l496xx.h, missing in the SVD.
    addRegisters: {
      'RCC.CRRCR': { offset: 0x98, reset: 0, fields: [['HSI48ON', 0, 1, true], ['HSI48RDY', 1, 1, false], ['HSI48CAL', 7, 9, false]] },
      'RCC.CCIPR2': { offset: 0x9c, reset: 0, fields: [['I2C4SEL', 0, 2, true]] },
    },
  },
};
