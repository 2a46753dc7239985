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
  /** Field names: `PERIPHERAL.REG.FIELD` → FIELD. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Fields that the SVD lacks: `PERIPHERAL.REG.FIELD` → [bit, width, writable]. */
  readonly add?: Readonly<Record<string, readonly [number, number, boolean]>>;
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
  // Bit 23 of APB1ENR enables the clock; the SVD copied the name of the reset bit.
  fields: { 'RCC.APB1ENR.USBRST': 'USBEN' },
  // In the CMSIS header, missing in the SVD.
  add: { 'RCC.CSR.V18PWRRSTF': [23, 1, false] },
};

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
  STM32L476: { chip: 'stm32l476', rename: {} },
  STM32L496: { chip: 'stm32l496', rename: {} },
};
