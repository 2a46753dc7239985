/** Rows of families.ts beside the H5's: STM32L4 (two lines, which differ in their USB clock), STM32F0, STM32H7 and STM32F4 (lines differ in VOS and banks). Data only. */
import type { FamilyFields } from './family-fields.ts';

const pllOn = (...names: readonly string[]): FamilyFields['plls'] => names.map((name) => ({ name, on: `RCC.CR.${name}ON` }));
const toHsi = (register: string): string =>
  `RCC->CR |= RCC_CR_HSION; while (!(RCC->CR & RCC_CR_HSIRDY)) {}\nRCC->${register} &= ~RCC_${register}_SW; while (RCC->${register} & RCC_${register}_SWS) {}`;
/** TRIM starts from its centre in the blocks with six bits. */
const CRS = [
  { path: 'CRS.CR.CEN', reset: 0 },
  { path: 'CRS.CR.AUTOTRIMEN', reset: 0 },
  { path: 'CRS.CR.TRIM', reset: 0x20 },
  { path: 'CRS.CFGR.SYNCSRC', reset: 2 },
] as const;
const BFB2_IN_OPTR = {
  field: 'FLASH.OPTR.BFB2',
  asks: 1,
  code: 'FLASH->OPTR &= ~FLASH_OPTR_BFB2;   /* with the option keys, OPTSTRT and OBL_LAUNCH: the chip restarts */',
} as const;
const BFB2_IN_OPTCR = {
  field: 'FLASH.OPTCR.BFB2',
  asks: 1,
  code: 'FLASH->OPTCR = (FLASH->OPTCR & ~FLASH_OPTCR_BFB2) | FLASH_OPTCR_OPTSTRT;   /* with the option keys; then a reset */',
} as const;
/** L1: 0 = from bank 2. The option word has the bit 16 lower, and its complement. */
const BFB2_OF_L1 = {
  field: 'FLASH.OBR.BFB2',
  asks: 0,
  code: '*(volatile uint32_t *)0x1FF80004u = 0xFF0700F8u;   /* with PECR and option keys, then OBL_LAUNCH: the chip restarts */',
} as const;
const RDP = {
  // Every value but those of levels 0 and 2 is level 1, which still boots the ROM.
  open: Array.from({ length: 256 }, (_, value) => value).filter((value) => value !== 0xcc),
  names: { 0xaa: 'level 0', 0xcc: 'level 2' },
} as const;

const L4: Omit<FamilyFields, 'line' | 'document' | 'hseForUsb' | 'hsi48' | 'clockRecovery'> = {
  family: 'STM32L4',
  usbSupply: { bit: 'PWR.CR2.USV', code: 'PWR->CR2 |= PWR_CR2_USV;' },
  icache: null,
  dcache: null,
  sysclk: {
    oscillator: 'RCC.CR.MSION',
    select: 'RCC.CFGR.SW',
    status: 'RCC.CFGR.SWS',
    sources: ['MSI', 'HSI', 'HSE', 'PLL'],
    afterReset: 0,
    code: 'RCC->CR |= RCC_CR_MSION; while (!(RCC->CR & RCC_CR_MSIRDY)) {}\nRCC->CFGR &= ~RCC_CFGR_SW; while (RCC->CFGR & RCC_CFGR_SWS) {}',
  },
  plls: pllOn('PLL', 'PLLSAI1', 'PLLSAI2'),
  prescalers: ['RCC.CFGR.HPRE', 'RCC.CFGR.PPRE1', 'RCC.CFGR.PPRE2'],
  flashLatency: 'FLASH.ACR.LATENCY',
  voltage: { field: 'PWR.CR1.VOS', ranges: ['reserved', 'Range 1', 'Range 2', 'reserved'] },
  lowPowerRun: { field: 'PWR.CR1.LPR', code: 'PWR->CR1 &= ~PWR_CR1_LPR; while (PWR->SR2 & PWR_SR2_REGLPF) {}' },
  voltageControl: {
    field: 'PWR.CR1.VOS',
    highest: 1,
    code: 'PWR->CR1 = (PWR->CR1 & ~PWR_CR1_VOS) | PWR_CR1_VOS_0; while (PWR->SR2 & PWR_SR2_VOSF) {}',
  },
  kernelClocks: ['RCC.CCIPR', 'RCC.CCIPR2'],
  usb: { enable: 'RCC.AHB2ENR.OTGFSEN', pullUp: 'OTG_FS.DCTL.SDIS', released: 1, block: 'OTG_FS' },
  dmaChannels: ['DMA1.CCR#.EN', 'DMA2.CCR#.EN'],
  exti: { mask: ['EXTI.IMR1', 'EXTI.IMR2'], pending: ['EXTI.PR1', 'EXTI.PR2'] },
  iwdgRunning: null,
  wwdg: { running: 'WWDG.CR.WDGA', clock: 'RCC.APB1ENR1.WWDGEN' },
  remap: {
    field: 'SYSCFG.MEMRMP.MEM_MODE',
    systemMemory: 1,
    code: 'RCC->APB2ENR |= RCC_APB2ENR_SYSCFGEN;\nSYSCFG->MEMRMP = (SYSCFG->MEMRMP & ~SYSCFG_MEMRMP_MEM_MODE) | SYSCFG_MEMRMP_MEM_MODE_0;',
  },
  trustZone: null,
  protection: { field: 'FLASH.OPTR.RDP', ...RDP, source: 'AN2606 Rev 70 4.1: no boot from system memory at RDP level 2' },
  bankCheck: BFB2_IN_OPTR,
  emptyCheck: false,
};

const L476: FamilyFields = {
  ...L4,
  line: 'STM32L476',
  document: 'AN2606 Rev 70 Tables 168 and 170',
  hsi48: null,
  clockRecovery: [],
  hseForUsb: {
    // 9 MHz stands in brackets there, and there is no way from it to 48 MHz
    crystals: { mhz: [4, 6, 8, 12, 16, 18, 20, 24], orLse: true },
    source: 'AN2606 Rev 70 Tables 168 and 170: MSI trimmed by LSE, else HSE',
    confidence: 'documented',
  },
};
const L496: FamilyFields = {
  ...L4,
  line: 'STM32L496',
  document: 'AN2606 Rev 70 Table 172',
  hsi48: { on: 'RCC.CRRCR.HSI48ON', ready: 'RCC.CRRCR.HSI48RDY' },
  clockRecovery: CRS,
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 172: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
  emptyCheck: true,
};

/** FSDEV, one bank. */
const L432: FamilyFields = {
  ...L496,
  line: 'STM32L432',
  document: 'AN2606 Rev 70 Table 164',
  plls: pllOn('PLL', 'PLLSAI1'),
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 164: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
  usb: { enable: 'RCC.APB1ENR1.USBFSEN', pullUp: 'USB.BCDR.DPPU', block: 'USB' },
  bankCheck: null,
  emptyCheck: true,
};
const L412: FamilyFields = {
  ...L432,
  document: 'AN2606 Rev 70 Table 162',
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 162: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
};
const L452: FamilyFields = {
  ...L432,
  document: 'AN2606 Rev 70 Table 166',
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 166: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
};
/** Chips without USB whose tables in AN2606 also serve chips with USB. */
const withoutUsb = (row: FamilyFields, line: string, instead: string): FamilyFields => ({
  ...row,
  line,
  hsi48: null,
  usbSupply: null,
  clockRecovery: [],
  hseForUsb: { crystals: null, source: `${row.document}: no USB`, confidence: 'documented' },
  usb: null,
  romWithoutUsb: { instead },
});
const L4_SERIAL = 'USART1 to USART3, I2C1 to I2C3, SPI1, SPI2 and CAN1';
const L4_PLUS: FamilyFields = {
  ...L496,
  document: 'AN2606 Rev 70, configuration table of L4Rx/L4Sx',
  hseForUsb: {
    crystals: null,
    source: 'AN2606 Rev 70, configuration table of L4Rx/L4Sx: USB from HSI48, trimmed by CRS on SOF',
    confidence: 'documented',
  },
  emptyCheck: true,
};

/** TrustZone off. The booster hangs on PLL1's source. */
const U5: FamilyFields = {
  ...L4,
  family: 'STM32U5',
  document: 'AN2606 Rev 70 Table 217',
  hsi48: { on: 'RCC.CR.HSI48ON', ready: 'RCC.CR.HSI48RDY' },
  usbSupply: { bit: 'PWR.SVMCR.USV', code: 'RCC->AHB3ENR |= RCC_AHB3ENR_PWREN;\nPWR->SVMCR |= PWR_SVMCR_USV;' },
  icache: { enable: 'ICACHE.CR.EN', code: 'ICACHE->CR &= ~ICACHE_CR_EN; while (ICACHE->CR & ICACHE_CR_EN) {}' },
  dcache: { enable: 'DCACHE.CR.EN', code: 'DCACHE1->CR &= ~DCACHE_CR_EN; while (DCACHE1->CR & DCACHE_CR_EN) {}' },
  sysclk: {
    oscillator: 'RCC.CR.MSISON',
    select: 'RCC.CFGR1.SW',
    status: 'RCC.CFGR1.SWS',
    sources: ['MSIS', 'HSI', 'HSE', 'PLL1'],
    afterReset: 0,
    code: 'RCC->CR |= RCC_CR_MSISON; while (!(RCC->CR & RCC_CR_MSISRDY)) {}\nRCC->CFGR1 &= ~RCC_CFGR1_SW; while (RCC->CFGR1 & RCC_CFGR1_SWS) {}',
  },
  plls: pllOn('PLL1', 'PLL2', 'PLL3'),
  prescalers: ['RCC.CFGR2.HPRE', 'RCC.CFGR2.PPRE1', 'RCC.CFGR2.PPRE2', 'RCC.CFGR3.PPRE3'],
  voltage: { field: 'PWR.SVMSR.ACTVOS', ranges: ['Range 4', 'Range 3', 'Range 2', 'Range 1'] },
  voltageControl: {
    field: 'PWR.VOSR.VOS',
    highest: 3,
    code: 'RCC->AHB3ENR |= RCC_AHB3ENR_PWREN;\nPWR->VOSR |= PWR_VOSR_VOS; while (!(PWR->VOSR & PWR_VOSR_VOSRDY)) {}',
  },
  kernelClocks: ['RCC.CCIPR1', 'RCC.CCIPR2', 'RCC.CCIPR3'],
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 217: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
  clockRecovery: [
    { path: 'CRS.CR.CEN', reset: 0 },
    { path: 'CRS.CR.AUTOTRIMEN', reset: 0 },
    { path: 'CRS.CR.TRIM', reset: 0x40 },
    { path: 'CRS.CFGR.SYNCSRC', reset: 2 },
  ],
  usb: { enable: 'RCC.AHB2ENR1.OTGEN', pullUp: 'OTG_FS.DCTL.SDIS', released: 1, block: 'OTG_FS' },
  dmaChannels: ['GPDMA1.C#CR.EN', 'LPDMA1.C#CR.EN'],
  exti: { mask: ['EXTI.IMR1'], pending: ['EXTI.RPR1', 'EXTI.FPR1'] },
  remap: null,
  trustZone: { field: 'FLASH.OPTR.TZEN', off: 0, on: 1 },
  bankCheck: null,
};

const G4: FamilyFields = {
  ...L4,
  family: 'STM32G4',
  document: 'AN2606 Rev 70 Tables 115, 117 and 119',
  hsi48: { on: 'RCC.CRRCR.HSI48ON', ready: 'RCC.CRRCR.HSI48RDY' },
  usbSupply: null,
  sysclk: {
    oscillator: 'RCC.CR.HSION',
    select: 'RCC.CFGR.SW',
    status: 'RCC.CFGR.SWS',
    sources: ['none', 'HSI', 'HSE', 'PLL'],
    afterReset: 1,
    code: 'RCC->CR |= RCC_CR_HSION; while (!(RCC->CR & RCC_CR_HSIRDY)) {}\nRCC->CFGR = (RCC->CFGR & ~RCC_CFGR_SW) | RCC_CFGR_SW_0; while ((RCC->CFGR & RCC_CFGR_SWS) != RCC_CFGR_SWS_0) {}',
  },
  plls: pllOn('PLL'),
  clockRecovery: [
    { path: 'CRS.CR.CEN', reset: 0 },
    { path: 'CRS.CR.AUTOTRIMEN', reset: 0 },
    { path: 'CRS.CR.TRIM', reset: 0x40 },
    { path: 'CRS.CFGR.SYNCSRC', reset: 2 },
  ],
  hseForUsb: {
    crystals: null,
    source: 'AN2606 Rev 70 Tables 115, 117 and 119: USB from HSI48, trimmed by CRS on SOF',
    confidence: 'documented',
  },
  usb: { enable: 'RCC.APB1ENR1.USBEN', pullUp: 'USB.BCDR.DPPU', block: 'USB' },
  bankCheck: null,
};

/** PWR_CR2.USV exists on parts with USB, and cuts nothing off (stm32g0.ts): nothing to declare. */
const G0: FamilyFields = {
  ...G4,
  family: 'STM32G0',
  document: 'AN2606 Rev 70 Table 111',
  hsi48: { on: 'RCC.CR.HSI48ON', ready: 'RCC.CR.HSI48RDY' },
  sysclk: {
    oscillator: 'RCC.CR.HSION',
    select: 'RCC.CFGR.SW',
    status: 'RCC.CFGR.SWS',
    sources: ['HSI', 'HSE', 'PLL', 'LSI', 'LSE'],
    afterReset: 0,
    code: toHsi('CFGR'),
  },
  prescalers: ['RCC.CFGR.HPRE', 'RCC.CFGR.PPRE'],
  kernelClocks: ['RCC.CCIPR', 'RCC.CCIPR2'],
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 111: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
  usb: { enable: 'RCC.APBENR1.USBEN', pullUp: 'USB.BCDR.DPPU_DPD', block: 'USB' },
  exti: { mask: ['EXTI.IMR1', 'EXTI.IMR2'], pending: ['EXTI.RPR1', 'EXTI.FPR1'] },
  wwdg: { running: 'WWDG.CR.WDGA', clock: 'RCC.APBENR1.WWDGEN' },
  remap: {
    field: 'SYSCFG.CFGR1.MEM_MODE',
    systemMemory: 1,
    code: 'RCC->APBENR2 |= RCC_APBENR2_SYSCFGEN;\nSYSCFG->CFGR1 = (SYSCFG->CFGR1 & ~SYSCFG_CFGR1_MEM_MODE) | SYSCFG_CFGR1_MEM_MODE_0;',
  },
  emptyCheck: true,
};
const G0B0: FamilyFields = {
  ...G0,
  line: 'STM32G0B0',
  document: 'AN2606 Rev 70 Table 109',
  hsi48: null,
  clockRecovery: [],
  hseForUsb: {
    crystals: { mhz: [8, 12, 16, 32, 48], orLse: false },
    source: 'AN2606 Rev 70 Table 109: USB from the PLL fed by a crystal of 8, 12, 16, 32 or 48 MHz',
    confidence: 'documented',
  },
};

/** G0's blocks without PLL and voltage scales. */
const C071: FamilyFields = {
  ...G0,
  family: 'STM32C0',
  document: 'AN2606 Rev 70 Table 16',
  hsi48: { on: 'RCC.CR.HSIUSB48ON', ready: 'RCC.CR.HSIUSB48RDY' },
  usbSupply: null,
  sysclk: { ...G0.sysclk, sources: ['HSI', 'HSE', 'HSI48', 'LSI', 'LSE'] },
  plls: [],
  voltage: null,
  voltageControl: null,
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 16: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
};

const { line: _l432, ...ONE_BANK_L4 } = L432;
const WB: FamilyFields = {
  ...ONE_BANK_L4,
  family: 'STM32WB',
  document: 'AN2606 Rev 70 Table 183',
  kernelClocks: ['RCC.CCIPR'],
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 183: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
  usb: { enable: 'RCC.APB1ENR1.USBEN', pullUp: 'USB.BCDR.DPPU', block: 'USB' },
  // SYSCFG has no clock gate.
  remap: {
    field: 'SYSCFG.MEMRMP.MEM_MODE',
    systemMemory: 1,
    code: 'SYSCFG->MEMRMP = (SYSCFG->MEMRMP & ~SYSCFG_MEMRMP_MEM_MODE) | SYSCFG_MEMRMP_MEM_MODE_0;',
  },
};
const L0: FamilyFields = {
  ...ONE_BANK_L4,
  family: 'STM32L0',
  document: 'AN2606 Rev 70 Table 148',
  usbSupply: null,
  sysclk: {
    oscillator: 'RCC.CR.MSION',
    select: 'RCC.CFGR.SW',
    status: 'RCC.CFGR.SWS',
    sources: ['MSI', 'HSI16', 'HSE', 'PLL'],
    afterReset: 0,
    code: L4.sysclk.code,
  },
  plls: pllOn('PLL'),
  voltage: { field: 'PWR.CR.VOS', ranges: ['reserved', 'Range 1', 'Range 2', 'Range 3'] },
  lowPowerRun: { field: 'PWR.CR.LPRUN', code: 'PWR->CR &= ~PWR_CR_LPRUN; while (PWR->CSR & PWR_CSR_REGLPF) {}' },
  voltageControl: {
    field: 'PWR.CR.VOS',
    highest: 1,
    code: 'PWR->CR = (PWR->CR & ~PWR_CR_VOS) | PWR_CR_VOS_0; while (PWR->CSR & PWR_CSR_VOSF) {}',
  },
  kernelClocks: ['RCC.CCIPR'],
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 148: no crystal is asked for', confidence: 'documented' },
  usb: { enable: 'RCC.APB1ENR.USBEN', pullUp: 'USB.BCDR.DPPU', block: 'USB' },
  dmaChannels: ['DMA1.CCR#.EN'],
  exti: { mask: ['EXTI.IMR'], pending: ['EXTI.PR'] },
  wwdg: { running: 'WWDG.CR.WDGA', clock: 'RCC.APB1ENR.WWDGEN' },
  remap: {
    field: 'SYSCFG.CFGR1.MEM_MODE',
    systemMemory: 1,
    code: 'RCC->APB2ENR |= RCC_APB2ENR_SYSCFGEN;\nSYSCFG->CFGR1 = (SYSCFG->CFGR1 & ~SYSCFG_CFGR1_MEM_MODE) | SYSCFG_CFGR1_MEM_MODE_0;',
  },
  bankCheck: BFB2_IN_OPTR,
  // Without the application the part stays in the ROM until it has been written again.
  eraseFirstPage: [
    'FLASH->PEKEYR = 0x89ABCDEFu; FLASH->PEKEYR = 0x02030405u; FLASH->PRGKEYR = 0x8C9DAEBFu; FLASH->PRGKEYR = 0x13141516u;',
    'FLASH->PECR |= FLASH_PECR_ERASE | FLASH_PECR_PROG; *(volatile uint32_t *)0x08000000u = 0;',
  ],
  emptyCheck: false,
};

const L1: FamilyFields = {
  ...L0,
  family: 'STM32L1',
  document: 'AN2606 Rev 70 Tables 158 and 160',
  bankCheck: BFB2_OF_L1,
  sysclk: { ...L0.sysclk, sources: ['MSI', 'HSI', 'HSE', 'PLL'] },
  kernelClocks: [],
  hseForUsb: {
    crystals: { mhz: [2, 3, 4, 6, 8, 12, 16, 24], orLse: false },
    source: 'AN2606 Rev 70 Tables 156 to 160',
    confidence: 'documented',
  },
  hsi48: null,
  clockRecovery: [],
  usb: { enable: 'RCC.APB1ENR.USBEN', pullUp: 'SYSCFG.PMC.USB_PU', block: 'USB' },
  dmaChannels: ['DMA1.CCR#.EN', 'DMA2.CCR#.EN'],
  remap: {
    field: 'SYSCFG.MEMRMP.MEM_MODE',
    systemMemory: 1,
    code: 'RCC->APB2ENR |= RCC_APB2ENR_SYSCFGEN;\nSYSCFG->MEMRMP = (SYSCFG->MEMRMP & ~SYSCFG_MEMRMP_MEM_MODE) | SYSCFG_MEMRMP_MEM_MODE_0;',
  },
  protection: { field: 'FLASH.OBR.RDP', ...RDP, source: 'AN2606 Rev 70 4.1: no boot from system memory at RDP level 2' },
};
const L1C: FamilyFields = { ...L1, rom: 'stm32l1xxc', document: 'AN2606 Rev 70 Table 156', bankCheck: null };
const L1B: FamilyFields = {
  ...L1C,
  rom: 'stm32l1xxb',
  document: 'AN2606 Rev 70 Table 154',
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 154: no USB', confidence: 'documented' },
  usb: null,
  dmaChannels: ['DMA1.CCR#.EN'],
  romWithoutUsb: { instead: 'USART1 (PA9 and PA10) or USART2 (PD5 and PD6)' },
};

const F0: FamilyFields = {
  family: 'STM32F0',
  document: 'AN2606 Rev 70 Table 41',
  hsi48: { on: 'RCC.CR2.HSI48ON', ready: 'RCC.CR2.HSI48RDY' },
  usbSupply: null,
  icache: null,
  dcache: null,
  sysclk: {
    oscillator: 'RCC.CR.HSION',
    select: 'RCC.CFGR.SW',
    status: 'RCC.CFGR.SWS',
    sources: ['HSI', 'HSE', 'PLL', 'HSI48'],
    afterReset: 0,
    code: toHsi('CFGR'),
  },
  plls: pllOn('PLL'),
  prescalers: ['RCC.CFGR.HPRE', 'RCC.CFGR.PPRE'],
  flashLatency: 'FLASH.ACR.LATENCY',
  voltage: null,
  voltageControl: null,
  kernelClocks: ['RCC.CFGR3'],
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 41: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
  clockRecovery: CRS,
  usb: { enable: 'RCC.APB1ENR.USBEN', pullUp: 'USB.BCDR.DPPU', block: 'USB' },
  dmaChannels: ['DMA1.CCR#.EN'],
  exti: { mask: ['EXTI.IMR'], pending: ['EXTI.PR'] },
  iwdgRunning: null,
  wwdg: { running: 'WWDG.CR.WDGA', clock: 'RCC.APB1ENR.WWDGEN' },
  remap: {
    field: 'SYSCFG.CFGR1.MEM_MODE',
    systemMemory: 1,
    code: 'RCC->APB2ENR |= RCC_APB2ENR_SYSCFGCOMPEN;\nSYSCFG->CFGR1 = (SYSCFG->CFGR1 & ~SYSCFG_CFGR1_MEM_MODE) | SYSCFG_CFGR1_MEM_MODE_0;',
  },
  trustZone: null,
  protection: {
    field: 'FLASH.OBR.RDPRT',
    open: [0, 1],
    names: { 0: 'level 0', 1: 'level 1', 3: 'level 2' },
    source: 'AN2606 Rev 70 4.1: no boot from system memory at RDP level 2',
  },
  bankCheck: null,
  emptyCheck: false,
};

const F0_USART = 'USART1 and USART2';
const F070_CRYSTALS = (table: string): FamilyFields['hseForUsb'] => ({
  crystals: {
    mhz: [4, 6, 8, 12, 16, 18, 24],
    orLse: false,
    mistaken: {
      pairs: { 16: 18 },
      why: 'the ROM sets HSITRIM to 0, so that HSI is 8 % slow while the crystal is measured (AN2606 Tables 38 and 40; reported for 16 MHz)',
      confidence: 'reported',
    },
  },
  source: `AN2606 Rev 70 ${table}: USB from the PLL fed by HSE, whose value is measured against HSI`,
  confidence: 'documented',
});
/** USBSW chooses between no clock and the PLL. */
const F070: FamilyFields = {
  ...F0,
  hsi48: null,
  clockRecovery: [],
  document: 'AN2606 Rev 70 Table 39',
  hseForUsb: F070_CRYSTALS('Table 39'),
};
const F0_LINES: readonly FamilyFields[] = [
  {
    ...F070,
    line: 'STM32F070',
    rom: 'stm32f070x6',
    document: 'AN2606 Rev 70 Table 37',
    hseForUsb: F070_CRYSTALS('Table 37'),
    emptyCheck: true,
    returnsToFlash: { bootSelect: null, pins: [], source: 'AN2606 Rev 70, chapter of F070x6' },
  },
  { ...F070, line: 'STM32F070' },
  withoutUsb({ ...F0, document: 'AN2606 Rev 70 Tables 29, 31 and 33' }, 'STM32F030', F0_USART),
  ...['STM32F031', 'STM32F038'].map((line) => withoutUsb({ ...F0, document: 'AN2606 Rev 70 Table 29' }, line, 'USART1')),
  ...['STM32F051', 'STM32F058'].map((line) => withoutUsb({ ...F0, document: 'AN2606 Rev 70 Table 33' }, line, F0_USART)),
  // Its ROM runs on HSI48 though it has no USB.
  { ...withoutUsb({ ...F0, document: 'AN2606 Rev 70 Table 43', emptyCheck: true }, 'STM32F091', `${F0_USART}, I2C1`), hsi48: F0.hsi48 },
];

const H7: FamilyFields = {
  family: 'STM32H7',
  document: 'AN2606 Rev 70 Table 135',
  hsi48: { on: 'RCC.CR.HSI48ON', ready: 'RCC.CR.HSI48RDY' },
  // Not "valid" but the detector of VDD33USB; ST's drivers set it before they use USB.
  usbSupply: { bit: 'PWR.CR3.USB33DEN', code: 'PWR->CR3 |= PWR_CR3_USB33DEN; while (!(PWR->CR3 & PWR_CR3_USB33RDY)) {}' },
  icache: null,
  dcache: null,
  sysclk: {
    oscillator: 'RCC.CR.HSION',
    select: 'RCC.CFGR.SW',
    status: 'RCC.CFGR.SWS',
    sources: ['HSI', 'CSI', 'HSE', 'PLL1'],
    afterReset: 0,
    code: toHsi('CFGR'),
  },
  plls: pllOn('PLL1', 'PLL2', 'PLL3'),
  prescalers: [
    'RCC.D1CFGR.D1CPRE',
    'RCC.D1CFGR.HPRE',
    'RCC.D1CFGR.D1PPRE',
    'RCC.D2CFGR.D2PPRE1',
    'RCC.D2CFGR.D2PPRE2',
    'RCC.D3CFGR.D3PPRE',
  ],
  flashLatency: 'FLASH.ACR.LATENCY',
  // RM0433 6.6.2: VOS0 is VOS1 with the overdrive of SYSCFG
  voltage: {
    field: 'PWR.CSR1.ACTVOS',
    ranges: ['reserved', 'VOS3', 'VOS2', 'VOS1'],
    overdrive: { field: 'SYSCFG.PWRCR.ODEN', of: 'VOS1', gives: 'VOS0' },
  },
  voltageControl: { field: 'PWR.D3CR.VOS', highest: 3, code: 'PWR->D3CR |= PWR_D3CR_VOS; while (!(PWR->D3CR & PWR_D3CR_VOSRDY)) {}' },
  kernelClocks: ['RCC.D1CCIPR', 'RCC.D2CCIP1R', 'RCC.D2CCIP2R', 'RCC.D3CCIPR'],
  hseForUsb: {
    crystals: null,
    source: 'AN2606 Rev 70 Table 135: USB from HSI48, trimmed by CRS on SOF (V13.3 and later)',
    confidence: 'documented',
  },
  clockRecovery: CRS,
  usb: { enable: 'RCC.AHB1ENR.USB2OTGHSEN', pullUp: 'OTG_FS.DCTL.SDIS', released: 1, block: 'OTG_FS' },
  dmaChannels: ['DMA1.S#CR.EN', 'DMA2.S#CR.EN', 'BDMA.CCR#.EN'],
  exti: { mask: ['EXTI.C1IMR1', 'EXTI.C1IMR2', 'EXTI.C1IMR3'], pending: ['EXTI.C1PR1', 'EXTI.C1PR2', 'EXTI.C1PR3'] },
  iwdgRunning: null,
  wwdg: { running: 'WWDG1.CR.WDGA', clock: 'RCC.APB3ENR.WWDG1EN' },
  remap: null,
  trustZone: null,
  protection: { field: 'FLASH.OPTSR_CUR.RDP', ...RDP, source: 'AN2606 Rev 70 4.1: no boot from system memory at RDP level 2' },
  bankCheck: null,
  emptyCheck: false,
};

/** F302 and F303: F0's registers with two APB prescalers and VTOR; the pull-up of D+ is on the board. */
const F3: FamilyFields = {
  ...F0,
  family: 'STM32F3',
  document: 'AN2606 Rev 70 Tables 57 and 59',
  hsi48: null,
  clockRecovery: [],
  prescalers: ['RCC.CFGR.HPRE', 'RCC.CFGR.PPRE1', 'RCC.CFGR.PPRE2'],
  hseForUsb: {
    crystals: { mhz: [3, 4, 6, 8, 9, 12, 16, 18, 24], orLse: false },
    source: 'AN2606 Rev 70 Tables 57 and 59: USB from the PLL fed by HSE, whose value is measured against HSI',
    confidence: 'documented',
  },
  usb: { enable: 'RCC.APB1ENR.USBEN', pullUp: null, block: 'USB' },
  dmaChannels: ['DMA1.CCR#.EN', 'DMA2.CCR#.EN'],
  exti: { mask: ['EXTI.IMR1', 'EXTI.IMR2'], pending: ['EXTI.PR1', 'EXTI.PR2'] },
};

/** F302 with 64 KB and less. */
const F302X8: FamilyFields = {
  ...F3,
  document: 'AN2606 Rev 70 Table 55',
  hseForUsb: { ...F3.hseForUsb, source: 'AN2606 Rev 70 Table 55: USB from the PLL fed by HSE, whose value is measured against HSI' },
};
/** F3 whose ROMs have no USB, by ROM: the lines that have it, the table and the interfaces. */
const F3_SERIAL: readonly (readonly [rom: string, lines: string, table: number, instead: string])[] = [
  ['stm32f303x8', 'STM32F303 STM32F328 STM32F334', 61, 'USART1, USART2 and I2C1'],
  ['stm32f301x8', 'STM32F301', 55, 'USART1 and USART2'],
  ['stm32f318x8', 'STM32F318', 63, 'USART1, USART2, I2C1 and I2C3'],
  ['stm32f358xc', 'STM32F358', 65, 'USART1, USART2 and I2C1'],
  ['stm32f398xe', 'STM32F398', 71, 'USART1, USART2, I2C1 and I2C3'],
];
const F3_SMALL: readonly FamilyFields[] = [
  ...F3_SERIAL.flatMap(([rom, lines, table, instead]) =>
    lines.split(' ').map((line) => withoutUsb({ ...F3, rom, document: `AN2606 Rev 70 Table ${table}` }, line, instead)),
  ),
  { ...F302X8, line: 'STM32F302', rom: 'stm32f302x8' },
];

/** H72x and H73x: one USB, OTG_HS. */
const H72: FamilyFields = {
  ...H7,
  document: 'AN2606 Rev 70 Table 133',
  // scale 0 has a code of its own there (PWR_REGULATOR_VOLTAGE_SCALE0 = 0 of ST's HAL), not an overdrive in SYSCFG
  voltage: { field: 'PWR.CSR1.ACTVOS', ranges: ['VOS0', 'VOS3', 'VOS2', 'VOS1'] },
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 133: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
  usb: { enable: 'RCC.AHB1ENR.USB1OTGHSEN', pullUp: 'OTG_HS.DCTL.SDIS', released: 1, block: 'OTG_HS' },
};

const F4: Omit<FamilyFields, 'line' | 'document' | 'voltage' | 'voltageControl'> = {
  family: 'STM32F4',
  hsi48: null,
  usbSupply: null,
  icache: {
    enable: 'FLASH.ACR.ICEN',
    code: 'FLASH->ACR &= ~FLASH_ACR_ICEN; FLASH->ACR |= FLASH_ACR_ICRST; FLASH->ACR &= ~FLASH_ACR_ICRST;',
  },
  dcache: {
    enable: 'FLASH.ACR.DCEN',
    code: 'FLASH->ACR &= ~FLASH_ACR_DCEN; FLASH->ACR |= FLASH_ACR_DCRST; FLASH->ACR &= ~FLASH_ACR_DCRST;',
  },
  sysclk: {
    oscillator: 'RCC.CR.HSION',
    select: 'RCC.CFGR.SW',
    status: 'RCC.CFGR.SWS',
    sources: ['HSI', 'HSE', 'PLL'],
    afterReset: 0,
    code: toHsi('CFGR'),
  },
  plls: pllOn('PLL', 'PLLI2S'),
  prescalers: ['RCC.CFGR.HPRE', 'RCC.CFGR.PPRE1', 'RCC.CFGR.PPRE2'],
  flashLatency: 'FLASH.ACR.LATENCY',
  kernelClocks: [],
  hseForUsb: {
    crystals: { mhz: Array.from({ length: 23 }, (_, i) => 4 + i), orLse: false },
    source: 'AN2606 Rev 70, configuration tables of F4: USB from the PLL fed by HSE, 4 to 26 MHz in steps of 1 MHz',
    confidence: 'documented',
  },
  clockRecovery: [],
  usb: { enable: 'RCC.AHB2ENR.OTGFSEN', pullUp: 'OTG_FS.DCTL.SDIS', released: 1, block: 'OTG_FS' },
  dmaChannels: ['DMA1.S#CR.EN', 'DMA2.S#CR.EN'],
  exti: { mask: ['EXTI.IMR'], pending: ['EXTI.PR'] },
  iwdgRunning: null,
  wwdg: { running: 'WWDG.CR.WDGA', clock: 'RCC.APB1ENR.WWDGEN' },
  remap: {
    field: 'SYSCFG.MEMRMP.MEM_MODE',
    systemMemory: 1,
    code: 'RCC->APB2ENR |= RCC_APB2ENR_SYSCFGEN;\nSYSCFG->MEMRMP = (SYSCFG->MEMRMP & ~SYSCFG_MEMRMP_MEM_MODE) | SYSCFG_MEMRMP_MEM_MODE_0;',
  },
  trustZone: null,
  protection: { field: 'FLASH.OPTCR.RDP', ...RDP, source: 'AN2606 Rev 70 4.1: no boot from system memory at RDP level 2' },
  bankCheck: null,
  emptyCheck: false,
};
/** One bit of VOS, which acts at once. */
const oneBitVos = (line: string, document: string): FamilyFields => ({
  ...F4,
  line,
  document,
  voltage: { field: 'PWR.CR.VOS', ranges: ['Scale 2', 'Scale 1'] },
  voltageControl: { field: 'PWR.CR.VOS', highest: 1, code: 'PWR->CR |= PWR_CR_VOS;' },
});
/** VOS acts while the PLL runs only; the reset value is enough for the ROM. */
const twoBitVos = (line: string, document: string, more: Partial<FamilyFields> = {}): FamilyFields => ({
  ...F4,
  line,
  document,
  voltage: { field: 'PWR.CR.VOS', ranges: ['reserved', 'Scale 3', 'Scale 2', 'Scale 1'] },
  voltageControl: null,
  ...more,
});
const F7: FamilyFields = {
  ...F4,
  family: 'STM32F7',
  document: 'AN2606 Rev 70, configuration tables of F7',
  // L1 caches are the core's; the ART serves the ITCM bus.
  icache: null,
  dcache: null,
  plls: pllOn('PLL', 'PLLI2S', 'PLLSAI'),
  kernelClocks: ['RCC.DCKCFGR2'],
  voltage: { field: 'PWR.CR1.VOS', ranges: ['reserved', 'Scale 3', 'Scale 2', 'Scale 1'] },
  voltageControl: null,
  remap: null,
};
const F4_LINES: readonly FamilyFields[] = [
  ...['STM32F405', 'STM32F407', 'STM32F415', 'STM32F417'].map((line) => oneBitVos(line, 'AN2606 Rev 70 Tables 73 and 75')),
  twoBitVos('STM32F401', 'AN2606 Rev 70 Tables 77 and 79'),
  twoBitVos('STM32F411', 'AN2606 Rev 70 Table 83'),
  twoBitVos('STM32F412', 'AN2606 Rev 70 Table 85'),
  ...['STM32F413', 'STM32F423'].map((line) => twoBitVos(line, 'AN2606 Rev 70 Table 87')),
  ...['STM32F469', 'STM32F479'].map((line) =>
    twoBitVos(line, 'AN2606 Rev 70 Table 95', { plls: pllOn('PLL', 'PLLI2S', 'PLLSAI'), bankCheck: BFB2_IN_OPTCR }),
  ),
  ...['STM32F427', 'STM32F429', 'STM32F437', 'STM32F439'].map((line) =>
    twoBitVos(line, 'AN2606 Rev 70 Tables 89 and 91', { plls: pllOn('PLL', 'PLLI2S', 'PLLSAI'), bankCheck: BFB2_IN_OPTCR }),
  ),
  twoBitVos('STM32F446', 'AN2606 Rev 70 Table 93', { plls: pllOn('PLL', 'PLLI2S', 'PLLSAI') }),
];

/** F4's blocks without voltage scales. */
const F2: FamilyFields = {
  ...F4,
  family: 'STM32F2',
  document: 'AN2606 Rev 70 Table 53',
  voltage: null,
  voltageControl: null,
};

/** F105 and F107: OTG_FS from the crystal. */
const F105: FamilyFields = {
  ...F4,
  family: 'STM32F1',
  document: 'AN2606 Rev 70 Table 47',
  icache: null,
  dcache: null,
  plls: pllOn('PLL', 'PLL2', 'PLL3'),
  voltage: null,
  voltageControl: null,
  hseForUsb: {
    crystals: { mhz: [8, 14.7456, 25], orLse: false },
    source: 'AN2606 Rev 70 Table 47: 8, 14.7456 or 25 MHz, found by trial',
    confidence: 'documented',
  },
  usb: { enable: 'RCC.AHBENR.OTGFSEN', pullUp: 'OTG_FS.DCTL.SDIS', released: 1, block: 'OTG_FS' },
  dmaChannels: ['DMA1.CCR#.EN', 'DMA2.CCR#.EN'],
  remap: null,
  protection: null,
};
/** USART1 alone; nothing can be mapped to 0. */
const F103: FamilyFields = {
  ...F4,
  family: 'STM32F1',
  document: 'AN2606 Rev 70 Table 45',
  icache: null,
  dcache: null,
  plls: pllOn('PLL'),
  voltage: null,
  voltageControl: null,
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 45: no USB', confidence: 'documented' },
  usb: null,
  dmaChannels: ['DMA1.CCR#.EN'],
  remap: null,
  protection: null,
  romWithoutUsb: { instead: 'USART1 (PA9 and PA10)' },
};

export const MORE_FAMILIES: readonly FamilyFields[] = [
  ...['STM32L475', 'STM32L476', 'STM32L486'].map((line) => ({ ...L476, line })),
  ...['STM32L496', 'STM32L4A6'].map((line) => ({ ...L496, line })),
  ...['STM32L432', 'STM32L433', 'STM32L442', 'STM32L443'].map((line) => ({ ...L432, line })),
  ...['STM32L412', 'STM32L422'].map((line) => ({ ...L412, line })),
  ...['STM32L452', 'STM32L462'].map((line) => ({ ...L452, line })),
  withoutUsb(L432, 'STM32L431', L4_SERIAL),
  withoutUsb(L452, 'STM32L451', L4_SERIAL),
  ...['STM32L4R5', 'STM32L4R7', 'STM32L4R9', 'STM32L4S5', 'STM32L4S7', 'STM32L4S9'].map((line) => ({ ...L4_PLUS, line })),
  WB,
  U5,
  // One bank and two.
  ...['STM32G431', 'STM32G441', 'STM32G491', 'STM32G4A1'].map((line) => ({ ...G4, line })),
  { ...G4, bankCheck: BFB2_IN_OPTR },
  ...['STM32G070', 'STM32G071', 'STM32G081'].map((line) =>
    withoutUsb({ ...G0, document: 'AN2606 Rev 70 Table 107' }, line, 'USART1 to USART3, I2C1, I2C2, SPI1 and SPI2'),
  ),
  ...['STM32G030', 'STM32G031', 'STM32G041'].map((line) =>
    withoutUsb({ ...G0, document: 'AN2606 Rev 70 Table 105' }, line, 'USART1, USART2, I2C1 and I2C2'),
  ),
  ...['STM32G050', 'STM32G051', 'STM32G061'].map((line) =>
    withoutUsb({ ...G0, document: 'AN2606 Rev 70 Table 113' }, line, 'USART1, USART2, I2C1 and I2C2'),
  ),
  G0B0,
  G0,
  withoutUsb({ ...C071, document: 'AN2606 Rev 70 Table 12' }, 'STM32C031', 'USART1 and I2C1'),
  withoutUsb({ ...C071, document: 'AN2606 Rev 70 Table 10' }, 'STM32C011', 'USART1 and I2C1'),
  C071,
  ...['STM32L051', 'STM32L052', 'STM32L053', 'STM32L062', 'STM32L063'].map((line) =>
    withoutUsb({ ...L0, document: 'AN2606 Rev 70 Table 146', bankCheck: null }, line, 'USART1, USART2, SPI1 and SPI2'),
  ),
  ...['STM32L071', 'STM32L081'].map((line) =>
    withoutUsb({ ...L0, document: 'AN2606 Rev 70 Table 150' }, line, 'USART1, USART2, I2C1, I2C2, SPI1 and SPI2'),
  ),
  L0,
  L1B,
  L1C,
  L1,
  {
    ...F0,
    line: 'STM32F042',
    returnsToFlash: { bootSelect: 'FLASH.OBR.BOOT_SEL', pins: ['PF11', 'PB8'], source: 'AN2606 Rev 70, chapter of F04x' },
    document: 'AN2606 Rev 70 Table 35',
    hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 35: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
    emptyCheck: true,
  },
  ...F0_LINES,
  F0,
  ...F3_SMALL,
  F3,
  ...['STM32H723', 'STM32H725', 'STM32H730', 'STM32H733', 'STM32H735'].map((line) => ({ ...H72, line })),
  H7,
  F2,
  ...['STM32F105', 'STM32F107'].map((line) => ({ ...F105, line })),
  F103,
  ...F4_LINES,
  F7,
];
