/** STM32H533RE. Data only; facts and their sources as in the chip's fact sheet, register facts generated from ST's SVD. */
import type { BlockRow, ChipDescription, Confidence, OptionByteRow, Sourced } from '../emu/chip.ts';
import { RESET_CAUSES } from '../emu/component.ts';
import { MS, US } from '../emu/time.ts';
import { loadFacts } from './facts.ts';
import generated from './generated/stm32h533.json' with { type: 'json' };

const CMSIS = 'STMicroelectronics/cmsis_device_h5@9a778e0:Include/stm32h533xx.h';
const SVD = 'ST SVD STM32H533 v1.3 (STM32H5 v1.9)';
const HAL = 'STMicroelectronics/stm32h5xx_hal_driver@fcd3e48';
const AN2606 = 'AN2606 Rev 70';
/** H743 datasheet, whose oscillator and PLL blocks have the same figures as far as both are known. */
const DS12110 = 'DS12110 r10 (STM32H743), same oscillator and PLL blocks';

const known = <T>(value: T, source: string, confidence: Confidence = 'documented'): Sourced<T> => ({ value, source, confidence });

/** Factory values: what a new part is seen to do; most have no published figure. */
const OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  BOR_LEV: { field: 'FLASH.OPTSR_CUR.BOR_LEV', factory: known(0, 'no published factory value', 'assumed') },
  BORH_EN: { field: 'FLASH.OPTSR_CUR.BORH_EN', factory: known(0, 'no published factory value', 'assumed') },
  IWDG_SW: {
    field: 'FLASH.OPTSR_CUR.IWDG_SW',
    factory: known(1, 'software watchdog: firmware runs on new parts without refreshing', 'inferred'),
  },
  WWDG_SW: { field: 'FLASH.OPTSR_CUR.WWDG_SW', factory: known(1, 'as IWDG_SW', 'inferred') },
  NRST_STOP: { field: 'FLASH.OPTSR_CUR.NRST_STOP', factory: known(1, 'no reset on entering Stop', 'assumed') },
  NRST_STDBY: { field: 'FLASH.OPTSR_CUR.NRST_STDBY', factory: known(1, 'no reset on entering Standby', 'assumed') },
  PRODUCT_STATE: { field: 'FLASH.OPTSR_CUR.PRODUCT_STATE', factory: known(0xed, `${HAL}:Inc/stm32h5xx_hal_flash_ex.h (OPEN)`) },
  IO_VDD_HSLV: { field: 'FLASH.OPTSR_CUR.IO_VDD_HSLV', factory: known(0, 'no published factory value', 'assumed') },
  IO_VDDIO2_HSLV: { field: 'FLASH.OPTSR_CUR.IO_VDDIO2_HSLV', factory: known(0, 'no published factory value', 'assumed') },
  IWDG_STOP: { field: 'FLASH.OPTSR_CUR.IWDG_STOP', factory: known(1, 'no published factory value', 'assumed') },
  IWDG_STDBY: { field: 'FLASH.OPTSR_CUR.IWDG_STDBY', factory: known(1, 'no published factory value', 'assumed') },
  BOOT_UBE: { field: 'FLASH.OPTSR_CUR.BOOT_UBE', factory: known(0xb4, `${HAL}:Inc/stm32h5xx_hal_flash_ex.h (OEM-iRoT)`, 'assumed') },
  SWAP_BANK: { field: 'FLASH.OPTSR_CUR.SWAP_BANK', factory: known(0, 'no published factory value', 'assumed') },
  SRAM13_RST: { field: 'FLASH.OPTSR2_CUR.SRAM13_RST', factory: known(1, 'RAM survives resets on new parts', 'inferred') },
  SRAM2_RST: { field: 'FLASH.OPTSR2_CUR.SRAM2_RST', factory: known(1, 'RAM survives resets on new parts', 'inferred') },
  BKPRAM_ECC: { field: 'FLASH.OPTSR2_CUR.BKPRAM_ECC', factory: known(1, 'no published factory value (1 = ECC off)', 'assumed') },
  SRAM3_ECC: { field: 'FLASH.OPTSR2_CUR.SRAM3_ECC', factory: known(1, 'no published factory value (1 = ECC off)', 'assumed') },
  SRAM2_ECC: { field: 'FLASH.OPTSR2_CUR.SRAM2_ECC', factory: known(1, 'no published factory value (1 = ECC off)', 'assumed') },
  USBPD_DIS: { field: 'FLASH.OPTSR2_CUR.USBPD_DIS', factory: known(0, 'no published factory value', 'assumed') },
  TZEN: { field: 'FLASH.OPTSR2_CUR.TZEN', factory: known(0xc3, `${HAL}:Inc/stm32h5xx_hal_flash_ex.h (TrustZone off)`) },
  NSBOOT_LOCK: { field: 'FLASH.NSBOOTR_CUR.NSBOOT_LOCK', factory: known(0xc3, 'unlocked; HAL spelling', 'assumed') },
  NSBOOTADD: { field: 'FLASH.NSBOOTR_CUR.NSBOOTADD', factory: known(0x080000, 'boots 0x08000000 on new parts', 'inferred') },
  SECBOOT_LOCK: { field: 'FLASH.SECBOOTR_CUR.SECBOOT_LOCK', factory: known(0xc3, 'unlocked; HAL spelling', 'assumed') },
  SECBOOTADD: { field: 'FLASH.SECBOOTR_CUR.SECBOOTADD', factory: known(0x0c0000, 'secure alias of the flash', 'assumed') },
  WRPSG1: { field: 'FLASH.WRP1R_CUR.WRPSG1', factory: known(0xffffffff, 'nothing protected', 'inferred') },
  WRPSG2: { field: 'FLASH.WRP2R_CUR.WRPSG2', factory: known(0xffffffff, 'nothing protected', 'inferred') },
  HDP1_STRT: { field: 'FLASH.HDP1R_CUR.HDP1_STRT', factory: known(1, 'start behind end = no area', 'assumed') },
  HDP1_END: { field: 'FLASH.HDP1R_CUR.HDP1_END', factory: known(0, 'start behind end = no area', 'assumed') },
  HDP2_STRT: { field: 'FLASH.HDP2R_CUR.HDP2_STRT', factory: known(1, 'start behind end = no area', 'assumed') },
  HDP2_END: { field: 'FLASH.HDP2R_CUR.HDP2_END', factory: known(0, 'start behind end = no area', 'assumed') },
  EDATA1_EN: { field: 'FLASH.EDATA1R_CUR.EDATA1_EN', factory: known(0, 'no data area', 'inferred') },
  EDATA2_EN: { field: 'FLASH.EDATA2R_CUR.EDATA2_EN', factory: known(0, 'no data area', 'inferred') },
};

/** Request numbers of both controllers: HAL-H5 hal_dma.h. */
const GPDMA = {
  channels: 8,
  requests: {
    21: 'usart1.dma.rx',
    22: 'usart1.dma.tx',
    23: 'usart2.dma.rx',
    24: 'usart2.dma.tx',
    25: 'usart3.dma.rx',
    26: 'usart3.dma.tx',
    27: 'uart4.dma.rx',
    28: 'uart4.dma.tx',
    29: 'uart5.dma.rx',
    30: 'uart5.dma.tx',
    31: 'usart6.dma.rx',
    32: 'usart6.dma.tx',
  },
} as const;

const ports: BlockRow[] = [...'ABCDEFGH'].map((port, i) => ({
  name: `GPIO${port}`,
  model: 'gpio-v2',
  facts: i < 2 ? `GPIO${port}` : 'GPIOC',
  base: 0x42020000 + i * 0x400,
  size: 0x400,
  clock: `AHB2ENR.GPIO${port}EN`,
  reset: `AHB2RSTR.GPIO${port}RST`,
  options: { port },
}));

interface TimRow {
  n: number;
  facts: string;
  base: number;
  irqs: number[];
  bus: 1 | 2;
  model: string | null;
  bits: 16 | 32;
}
const tims: TimRow[] = [
  { n: 1, facts: 'TIM1', base: 0x40012c00, irqs: [42, 41, 43, 44], bus: 2, model: null, bits: 16 },
  { n: 2, facts: 'TIM2', base: 0x40000000, irqs: [45], bus: 1, model: 'tim', bits: 32 },
  { n: 3, facts: 'TIM3', base: 0x40000400, irqs: [46], bus: 1, model: 'tim', bits: 16 },
  { n: 4, facts: 'TIM3', base: 0x40000800, irqs: [47], bus: 1, model: 'tim', bits: 16 },
  { n: 5, facts: 'TIM2', base: 0x40000c00, irqs: [48], bus: 1, model: 'tim', bits: 32 },
  { n: 6, facts: 'TIM6', base: 0x40001000, irqs: [49], bus: 1, model: 'tim', bits: 16 },
  { n: 7, facts: 'TIM6', base: 0x40001400, irqs: [50], bus: 1, model: 'tim', bits: 16 },
  { n: 8, facts: 'TIM1', base: 0x40013400, irqs: [66, 65, 67, 68], bus: 2, model: null, bits: 16 },
  { n: 12, facts: 'TIM12', base: 0x40001800, irqs: [120], bus: 1, model: null, bits: 16 },
  { n: 15, facts: 'TIM15', base: 0x40014000, irqs: [71], bus: 2, model: null, bits: 16 },
];
const timers: BlockRow[] = tims.map((t) => ({
  name: `TIM${t.n}`,
  model: t.model,
  facts: t.facts,
  base: t.base,
  size: 0x400,
  irqs: t.irqs,
  clock: t.bus === 1 ? `APB1LENR.TIM${t.n}EN` : `APB2ENR.TIM${t.n}EN`,
  reset: t.bus === 1 ? `APB1LRSTR.TIM${t.n}RST` : `APB2RSTR.TIM${t.n}RST`,
  options: { block: `TIM${t.n}`, clock: t.bus === 1 ? 'timpclk1' : 'timpclk2', bits: t.bits },
}));

const usart = (name: string, base: number, irq: number, enr: string, rstr: string): BlockRow => ({
  name,
  model: 'usart-v4',
  facts: 'USART1',
  base,
  size: 0x400,
  irqs: [irq],
  clock: `${enr}.${name}EN`,
  reset: `${rstr}.${name}RST`,
  options: { block: name, clock: name.toLowerCase() },
});
const spi = (n: number, base: number, irq: number, enr: string, rstr: string): BlockRow => ({
  name: `SPI${n}`,
  model: null,
  facts: 'SPI1',
  base,
  size: 0x400,
  irqs: [irq],
  clock: `${enr}.SPI${n}EN`,
  reset: `${rstr}.SPI${n}RST`,
});
const bus = (name: string, facts: string, base: number, irqs: number[], enr: string, rstr: string): BlockRow => ({
  name,
  model: null,
  facts,
  base,
  size: 0x400,
  irqs,
  clock: `${enr}.${name}EN`,
  reset: `${rstr}.${name}RST`,
});

const blocks: readonly BlockRow[] = [
  // APB1
  ...timers,
  { name: 'WWDG', model: 'wwdg-v2', base: 0x40002c00, size: 0x400, irqs: [0], clock: 'APB1LENR.WWDGEN', options: { clock: 'pclk1' } },
  { name: 'IWDG', model: 'iwdg-v3', base: 0x40003000, size: 0x400, irqs: [35] },
  spi(2, 0x40003800, 56, 'APB1LENR', 'APB1LRSTR'),
  spi(3, 0x40003c00, 57, 'APB1LENR', 'APB1LRSTR'),
  usart('USART2', 0x40004400, 59, 'APB1LENR', 'APB1LRSTR'),
  usart('USART3', 0x40004800, 60, 'APB1LENR', 'APB1LRSTR'),
  usart('UART4', 0x40004c00, 61, 'APB1LENR', 'APB1LRSTR'),
  usart('UART5', 0x40005000, 62, 'APB1LENR', 'APB1LRSTR'),
  bus('I2C1', 'I2C1', 0x40005400, [51, 52], 'APB1LENR', 'APB1LRSTR'),
  bus('I2C2', 'I2C1', 0x40005800, [53, 54], 'APB1LENR', 'APB1LRSTR'),
  bus('I3C1', 'I3C1', 0x40005c00, [123, 124], 'APB1LENR', 'APB1LRSTR'),
  { name: 'CRS', model: 'crs', base: 0x40006000, size: 0x400, irqs: [75], clock: 'APB1LENR.CRSEN', reset: 'APB1LRSTR.CRSRST' },
  usart('USART6', 0x40006400, 85, 'APB1LENR', 'APB1LRSTR'),
  bus('DTS', 'DTS', 0x40008c00, [113], 'APB1HENR', 'APB1HRSTR'),
  bus('LPTIM2', 'LPTIM1', 0x40009400, [70], 'APB1HENR', 'APB1HRSTR'),
  { name: 'FDCAN1', model: null, base: 0x4000a400, size: 0x400, irqs: [39, 40], clock: 'APB1HENR.FDCANEN', reset: 'APB1HRSTR.FDCANRST' },
  {
    name: 'FDCAN2',
    model: null,
    facts: 'FDCAN1',
    base: 0x4000a800,
    size: 0x400,
    irqs: [109, 110],
    clock: 'APB1HENR.FDCANEN',
    reset: 'APB1HRSTR.FDCANRST',
  },
  bus('UCPD1', 'UCPD1', 0x4000dc00, [76], 'APB1HENR', 'APB1HRSTR'),
  // APB2
  spi(1, 0x40013000, 55, 'APB2ENR', 'APB2RSTR'),
  usart('USART1', 0x40013800, 58, 'APB2ENR', 'APB2RSTR'),
  spi(4, 0x40014c00, 82, 'APB2ENR', 'APB2RSTR'),
  // USB_DRD_FS: registers, and from 0x400 on its 2 KB packet memory (the SVD's USBSRAM).
  {
    name: 'USB',
    model: 'usb-drd',
    base: 0x40016000,
    size: 0xc00,
    irqs: [74],
    clock: 'APB2ENR.USBEN',
    reset: 'APB2RSTR.USBRST',
    options: { clock: 'usb' },
  },
  // AHB1
  {
    name: 'GPDMA1',
    model: 'gpdma',
    options: GPDMA,
    base: 0x40020000,
    size: 0x1000,
    irqs: [27, 28, 29, 30, 31, 32, 33, 34],
    clock: 'AHB1ENR.GPDMA1EN',
    reset: 'AHB1RSTR.GPDMA1RST',
  },
  {
    name: 'GPDMA2',
    model: 'gpdma',
    options: GPDMA,
    facts: 'GPDMA1',
    base: 0x40021000,
    size: 0x1000,
    irqs: [90, 91, 92, 93, 94, 95, 96, 97],
    clock: 'AHB1ENR.GPDMA2EN',
    reset: 'AHB1RSTR.GPDMA2RST',
  },
  {
    name: 'FLASH',
    model: 'flash-h5',
    base: 0x40022000,
    size: 0x400,
    irqs: [6],
    clock: 'AHB1ENR.FLITFEN',
    options: {
      memory: 'flash',
      base: 0x08000000,
      bankBytes: 0x40000,
      sectorBytes: 0x2000,
      otpMemory: 'otp',
      otpBase: 0x08fff000,
      flashKilobytes: 512,
      optionBytes: Object.fromEntries(
        Object.entries(OPTION_BYTES).map(([name, o]) => [name, { field: o.field.replace('FLASH.', ''), value: o.factory.value }]),
      ),
    },
  },
  { name: 'CRC', model: 'crc', base: 0x40023000, size: 0x400, clock: 'AHB1ENR.CRCEN', reset: 'AHB1RSTR.CRCRST' },
  { name: 'RAMCFG', model: null, base: 0x40026000, size: 0x400, irqs: [5], clock: 'AHB1ENR.RAMCFGEN', reset: 'AHB1RSTR.RAMCFGRST' },
  { name: 'ICACHE', model: 'icache', base: 0x40030400, size: 0x400, irqs: [104], options: { clock: 'hclk' } },
  { name: 'DCACHE', model: null, base: 0x40031400, size: 0x400, irqs: [105], clock: 'AHB1ENR.DCACHEEN' },
  { name: 'GTZC1_TZSC', model: null, base: 0x40032400, size: 0x400, clock: 'AHB1ENR.TZSC1EN' },
  { name: 'GTZC1_TZIC', model: null, base: 0x40032800, size: 0x400, irqs: [8], clock: 'AHB1ENR.TZSC1EN' },
  // AHB2
  ...ports,
  { name: 'ADC1', model: null, base: 0x42028000, size: 0x100, irqs: [37], clock: 'AHB2ENR.ADCEN', reset: 'AHB2RSTR.ADCRST' },
  { name: 'ADC2', model: null, facts: 'ADC1', base: 0x42028100, size: 0x100, irqs: [69], clock: 'AHB2ENR.ADCEN', reset: 'AHB2RSTR.ADCRST' },
  { name: 'ADC12_COMMON', model: null, base: 0x42028300, size: 0x100, clock: 'AHB2ENR.ADCEN', reset: 'AHB2RSTR.ADCRST' },
  { name: 'DAC1', model: null, base: 0x42028400, size: 0x400, irqs: [38], clock: 'AHB2ENR.DAC1EN', reset: 'AHB2RSTR.DAC1RST' },
  { name: 'DCMI', model: null, base: 0x4202c000, size: 0x400, irqs: [108], clock: 'AHB2ENR.DCMI_PSSIEN', reset: 'AHB2RSTR.DCMI_PSSIRST' },
  { name: 'PSSI', model: null, base: 0x4202c400, size: 0x400, irqs: [108], clock: 'AHB2ENR.DCMI_PSSIEN', reset: 'AHB2RSTR.DCMI_PSSIRST' },
  { name: 'AES', model: null, base: 0x420c0000, size: 0x400, irqs: [116], clock: 'AHB2ENR.AESEN', reset: 'AHB2RSTR.AESRST' },
  { name: 'HASH', model: null, base: 0x420c0400, size: 0x400, irqs: [117], clock: 'AHB2ENR.HASHEN', reset: 'AHB2RSTR.HASHRST' },
  {
    name: 'RNG',
    model: 'rng',
    base: 0x420c0800,
    size: 0x400,
    irqs: [114],
    clock: 'AHB2ENR.RNGEN',
    reset: 'AHB2RSTR.RNGRST',
    options: { clock: 'rng', slowest: 32 },
  },
  { name: 'SAES', model: null, base: 0x420c0c00, size: 0x400, irqs: [36], clock: 'AHB2ENR.SAESEN', reset: 'AHB2RSTR.SAESRST' },
  { name: 'PKA', model: null, base: 0x420c2000, size: 0x2000, irqs: [118], clock: 'AHB2ENR.PKAEN', reset: 'AHB2RSTR.PKARST' },
  // APB3
  { name: 'SBS', model: 'sbs-h5', base: 0x44000400, size: 0x400, clock: 'APB3ENR.SBSEN' },
  bus('LPUART1', 'LPUART1', 0x44002400, [63], 'APB3ENR', 'APB3RSTR'),
  bus('I2C3', 'I2C1', 0x44002800, [80, 81], 'APB3ENR', 'APB3RSTR'),
  bus('I3C2', 'I3C1', 0x44003000, [131, 132], 'APB3ENR', 'APB3RSTR'),
  bus('LPTIM1', 'LPTIM1', 0x44004400, [64], 'APB3ENR', 'APB3RSTR'),
  { name: 'VREFBUF', model: null, base: 0x44007400, size: 0x400, clock: 'APB3ENR.VREFBUFEN', reset: 'APB3RSTR.VREFRST' },
  {
    name: 'RTC',
    model: 'rtc-v3',
    base: 0x44007800,
    size: 0x400,
    irqs: [2],
    clock: 'APB3ENR.RTCAPBEN',
    reset: 'BDCR.VSWRST',
    backup: true,
    options: { clock: 'rtc' },
  },
  {
    name: 'TAMP',
    model: 'tamp-v1',
    base: 0x44007c00,
    size: 0x400,
    irqs: [4],
    clock: 'APB3ENR.RTCAPBEN',
    reset: 'BDCR.VSWRST',
    backup: true,
  },
  // AHB3: always clocked
  { name: 'PWR', model: 'pwr-h5', base: 0x44020800, size: 0x400 },
  { name: 'RCC', model: 'rcc-h5', base: 0x44020c00, size: 0x400, irqs: [9] },
  // Lines 0–15 are the pins' own interrupts, in order; the 17th entry is line 16 (PVD/AVD).
  {
    name: 'EXTI',
    model: 'exti-v2',
    base: 0x44022000,
    size: 0x400,
    irqs: [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 1],
  },
  { name: 'DBGMCU', model: 'dbgmcu', base: 0x44024000, size: 0x1000, options: { devId: 0x478, revId: 0x1000 } },
  // AHB4
  { name: 'OTFDEC1', model: null, base: 0x46005000, size: 0x400, irqs: [115], clock: 'AHB4ENR.OTFDEC1EN', reset: 'AHB4RSTR.OTFDEC1RST' },
  { name: 'SDMMC1', model: null, base: 0x46008000, size: 0x400, irqs: [79], clock: 'AHB4ENR.SDMMC1EN', reset: 'AHB4RSTR.SDMMC1RST' },
  { name: 'DLYBSD1', model: null, facts: 'DLYBOS1', base: 0x46008400, size: 0x400, clock: 'AHB4ENR.SDMMC1EN', reset: 'AHB4RSTR.SDMMC1RST' },
  { name: 'DLYBOS1', model: null, base: 0x4600f000, size: 0x400, clock: 'AHB4ENR.OCTOSPI1EN', reset: 'AHB4RSTR.OCTOSPI1RST' },
  { name: 'FMC', model: null, base: 0x47000400, size: 0x400, irqs: [77], clock: 'AHB4ENR.FMCEN', reset: 'AHB4RSTR.FMCRST' },
  { name: 'OCTOSPI1', model: null, base: 0x47001400, size: 0x400, irqs: [78], clock: 'AHB4ENR.OCTOSPI1EN', reset: 'AHB4RSTR.OCTOSPI1RST' },
];

export const STM32H533RE: ChipDescription = {
  name: 'STM32H533RE',
  family: 'STM32H5',
  cores: [
    { name: 'cm33', type: 'cortex-m33f', nvicLines: 133, priorityBits: 4, mpuRegions: 8, clock: 'hclk', sysTickClock: 'systick-ext' },
  ],
  sources: {
    memories: { source: `${CMSIS}; system memory: ${AN2606}`, confidence: 'documented' },
    registers: { source: SVD, confidence: 'documented' },
  },
  memories: [
    // Both banks in one: FLASH exchanges their contents when SWAP_BANK changes.
    { name: 'flash', base: 0x08000000, size: 0x80000, kind: 'flash', zone: 'user', programmedBy: 'FLASH', waitStates: true },
    // OTP and, from 0x08FFF800 on, the read-only area with UID and flash size.
    {
      name: 'otp',
      base: 0x08fff000,
      size: 0x1000,
      kind: 'flash',
      zone: 'data',
      programmedBy: 'FLASH',
      guardedBy: 'FLASH',
      waitStates: true,
    },
    // System flash below the bootloader: its contents are not public; a jump there runs whatever the profile puts in.
    { name: 'sysgap', base: 0x0bf80000, size: 0x17000, kind: 'rom', zone: 'system', waitStates: true },
    { name: 'rom', base: 0x0bf97000, size: 0x9000, kind: 'rom', zone: 'system', waitStates: true },
    { name: 'sram1', base: 0x20000000, size: 0x20000, kind: 'ram', zone: 'user' },
    { name: 'sram2', base: 0x20020000, size: 0x14000, kind: 'ram', zone: 'user' },
    { name: 'sram3', base: 0x20034000, size: 0x10000, kind: 'ram', zone: 'user' },
    { name: 'bkpsram', base: 0x40036400, size: 0x800, kind: 'ram', zone: 'data', backup: true },
  ],
  blocks,
  covered: { USBSRAM: 'USB' },
  clocks: [
    'hsi',
    'csi',
    'hse',
    'hsi48',
    'lsi',
    'lse',
    'pll1p',
    'pll1q',
    'pll1r',
    'pll2p',
    'pll2q',
    'pll2r',
    'pll3p',
    'pll3q',
    'pll3r',
    'per',
    'sysclk',
    'hclk',
    'pclk1',
    'pclk2',
    'pclk3',
    'timpclk1',
    'timpclk2',
    'systick-ext',
    'rtc',
    'usb',
    'rng',
    'usart1',
    'usart2',
    'usart3',
    'uart4',
    'uart5',
    'usart6',
    'lpuart1',
  ],
  rcc: 'RCC',
  facts: loadFacts(generated),
  parameters: {
    'hsi.hz': known(64_000_000, `${HAL}:Src/stm32h5xx_hal_rcc.c`),
    'csi.hz': known(4_000_000, `${HAL}:Inc/stm32h5xx_hal_conf_template.h`),
    'hsi48.hz': known(48_000_000, `${HAL}:Src/stm32h5xx_hal_rcc.c`),
    'lsi.hz': known(32_000, DS12110, 'assumed'),
    'hse.hz': known(24_000_000, 'NUCLEO-H533RE public board files', 'reported'),
    'lse.hz': known(32_768, 'NUCLEO-H533RE public board files', 'reported'),
    // 1: the board feeds OSC_IN with a clock instead of a crystal.
    'hse.external': known(0, 'NUCLEO-H533RE public board files', 'reported'),
    'lse.external': known(0, 'NUCLEO-H533RE public board files', 'reported'),
    'hsi.start.ps': known(1.4 * US, DS12110, 'assumed'),
    'csi.start.ps': known(1 * US, DS12110, 'assumed'),
    'hsi48.start.ps': known(2.1 * US, DS12110, 'assumed'),
    'lsi.start.ps': known(80 * US, DS12110, 'assumed'),
    'hse.start.ps': known(2 * MS, 'DS8626 r12 T32 (8 MHz crystal, F4)', 'assumed'),
    'hse.ready.clocks': known(512, 'RM0091 6.2.1 (F0)', 'assumed'),
    // Crystal and ready counter together.
    'lse.start.ps': known(600 * MS, 'micropython PR 1571, 1599 (F405 boards)', 'reported'),
    'lse.ready.clocks': known(4096, 'RM0091 6.2.5 (F0)', 'assumed'),
    'hsidiv.clocks': known(16, 'no figure published; HSI clocks until HSIDIVF', 'assumed'),
    'sysclk.switch.clocks': known(3, 'no figure published; clocks of the old and of the new source', 'assumed'),
    'pll.lock.ps': known(50 * US, DS12110, 'assumed'),
    'pll.lock.fractional.ps': known(58 * US, DS12110, 'assumed'),
    'pll.lock.medium.ps': known(60 * US, DS12110, 'assumed'),
    // Only the limit is known (21 µs): half of it.
    'vos.ready.ps': known(10.5 * US, 'ChibiOS STM32H5xx/stm32_limits.h (limit 21 µs)', 'assumed'),
    'usb33.ready.ps': known(10 * US, 'no figure published; HAL codes no wait', 'assumed'),
    'backup.regulator.ps': known(10 * US, 'no figure published', 'assumed'),
    'flash.program.ps': known(32 * US, 'public H533 project quoting DS14539 r1 T49–51', 'reported'),
    'flash.erase.sector.ps': known(2 * MS, 'public H533 project quoting DS14539 r1 T49–51', 'reported'),
    // Unknown: taken as the erase of one sector's time per four sectors, both banks after one another.
    'flash.erase.bank.ps': known(16 * MS, 'no figure published', 'assumed'),
    'flash.options.ps': known(8 * MS, 'no figure published; sector erase and words', 'assumed'),
    'icache.invalidate.clocks': known(256, 'one set a clock (8 KB, two ways, 16-byte lines); no figure published', 'assumed'),
    'reset.pulse.ps': known(20 * US, 'RM0091 6.1, RM0399 9.4.2: minimum on siblings', 'assumed'),
    'power.tempo.ps': known(377 * US, `${DS12110} T126`, 'assumed'),
    'vdd.volts': known(3.3, 'board default', 'assumed'),
    'vdda.volts': known(3.3, 'board default', 'assumed'),
    'vddio2.volts': known(3.3, 'board default', 'assumed'),
    'vddusb.volts': known(3.3, 'board default', 'assumed'),
    'usb33.threshold.volts': known(1.2, `${HAL}:Inc/stm32h5xx_hal_pwr.h`),
    'vbat.volts': known(3.3, 'board default', 'assumed'),
    'boot0.level': known(0, 'board default', 'assumed'),
    'uid.0': known(0x00470032, 'made up; ST programs it per part', 'assumed'),
    'uid.1': known(0x3033510c, 'made up; ST programs it per part', 'assumed'),
    'uid.2': known(0x32383234, 'made up; ST programs it per part', 'assumed'),
  },
  boot: [
    {
      when: [{ signal: 'field:FLASH.OPTSR_CUR.PRODUCT_STATE', is: [0x17] }],
      boots: 'system',
      vectors: 0x0bf97000,
      firstStage: 'SFSP',
      source: `${AN2606} Table 2, pattern 17`,
      confidence: 'documented',
    },
    {
      when: [
        { signal: 'field:FLASH.OPTSR_CUR.PRODUCT_STATE', is: [0xed] },
        { signal: 'pin:BOOT0', is: [1] },
      ],
      boots: 'system',
      vectors: 0x0bf97000,
      firstStage: 'SFSP',
      source: `${AN2606} Table 2, pattern 17`,
      confidence: 'documented',
    },
    {
      when: [],
      boots: 'user',
      vectors: { field: 'FLASH.NSBOOTR_CUR.NSBOOTADD', shift: 8 },
      source: `${SVD} FLASH_NSBOOTR`,
      confidence: 'documented',
    },
  ],
  optionBytes: OPTION_BYTES,
  resetFlags: {
    clear: 'RCC.RSR.RMVF',
    // Internal resets drive NRST low, so the pin's flag rises with every one of them.
    flags: [
      { field: 'RCC.RSR.PINRSTF', raisedBy: RESET_CAUSES },
      { field: 'RCC.RSR.BORRSTF', raisedBy: ['power', 'brownout'] },
      { field: 'RCC.RSR.SFTRSTF', raisedBy: ['software', 'debugger', 'core'] },
      { field: 'RCC.RSR.IWDGRSTF', raisedBy: ['iwdg'] },
      { field: 'RCC.RSR.WWDGRSTF', raisedBy: ['wwdg'] },
      { field: 'RCC.RSR.LPWRRSTF', raisedBy: ['low-power'] },
    ],
  },
  rom: {
    id: 'stm32h5',
    vectorTable: known(0x0bf97000, `${AN2606} Table 124 and Table 226`),
    range: known([0x0bf97000, 0x0bf9ffff] as const, `${AN2606} Table 226`),
    ramUse: known([{ base: 0x20000000, size: 0x4000 }], `${AN2606} Table 124`),
    versions: known(['V14.0', 'V14.2'], `${AN2606} Table 126`),
    startUpMs: known(2.7, `${AN2606} Table 227 (without SFSP)`),
    usbConnectMs: known(251, `${AN2606} Table 229 has no row; H503's figure`, 'assumed'),
  },
  maxHclkHz: known(
    { VOS0: 250_000_000, VOS1: 200_000_000, VOS2: 150_000_000, VOS3: 100_000_000 },
    `${HAL}:Src/stm32h5xx_ll_utils.c; embassy-rs/embassy@66f5f6e:embassy-stm32/src/rcc/h.rs`,
  ),
  flashLatency: known(
    {
      VOS0: [
        [42, 0],
        [84, 1],
        [126, 2],
        [168, 3],
        [210, 4],
        [250, 5],
      ],
      VOS1: [
        [34, 0],
        [68, 1],
        [102, 2],
        [136, 3],
        [170, 4],
        [200, 5],
      ],
      VOS2: [
        [30, 0],
        [60, 1],
        [90, 2],
        [120, 3],
        [150, 4],
      ],
      VOS3: [
        [20, 0],
        [40, 1],
        [60, 2],
        [80, 3],
        [100, 4],
      ],
    },
    `${HAL}:Src/stm32h5xx_ll_utils.c; embassy-rs/embassy@66f5f6e:embassy-stm32/src/rcc/h.rs`,
  ),
};
