/** Corrections to the SVD of STM32L1. */
import { F2_F4_NAMES, TIMERS_FULL } from './svd-names.ts';
import type { SvdFixes } from './svd-types.ts';

const TIM5_WIDE = ['CNT.CNT', 'ARR.ARR', 'CCR1.CCR1', 'CCR2.CCR2', 'CCR3.CCR3', 'CCR4.CCR4'].map(
  (path) => [`TIM5.${path}`, [0, 32, true]] as const,
);

const PORT_RESETS: NonNullable<SvdFixes['addRegisters']>[string] = {
  offset: 0x28,
  reset: 0,
  fields: Array.from({ length: 16 }, (_, bit) => [`BR${bit}`, bit, 1, false] as const),
};
export const L1: SvdFixes = {
  chip: 'stm32l152',
  part: 'STM32L152RE',
  rename: { ADC: 'ADC1' },
  registers: { 'DBGMCU.APB1_FZ': 'APB1FZ', 'DBGMCU.APB2_FZ': 'APB2FZ' },
  // Names of the CMSIS header.
  fields: {
    'FLASH.OBR.RDPRT': 'RDP',
    'FLASH.OBR.nRTS_STOP': 'nRST_STOP',
    'RCC.CSR.LPWRSTF': 'LPWRRSTF',
    'RCC.APB2RSTR.TM10RST': 'TIM10RST',
    'RCC.APB2RSTR.TM11RST': 'TIM11RST',
    'RCC.APB1RSTR.WWDRST': 'WWDGRST',
    'RCC.APB1ENR.USART4EN': 'UART4EN',
    'RCC.APB1ENR.USART5EN': 'UART5EN',
    'TIM9.CR1.OMP': 'OPM',
    'TIM2.CCR3.CCR1': 'CCR3',
    ...Object.fromEntries([...'ABCDEFGH'].map((port) => [`RCC.AHBENR.GPIOP${port}EN`, `GPIO${port}EN`])),
  },
  rewrite: [...F2_F4_NAMES, [/^GPIO[A-H]\.OSPEEDER$/, 'OSPEEDR'], [/^USB\.USB_(EP\dR|CNTR)$/, '$1']],
  // TIM5 has 32 bits (RM0038 17.2); the SVD derives it from TIM2.
  // 28 places of the sequence (RM0038 12.15.10); the SVD has four bits for it.
  remove: [...TIM5_WIDE.map(([path]) => path), 'TIM5.CCR3.CCR1', 'ADC1.SQR1.L', 'WWDG.CR.WDGA', 'WWDG.CFR.EWI'],
  // RM0038 25.6.1 and 25.6.2: WDGA and EWI are set by software ("rs"). The SVD has them read-only, and so no window watchdog ever ran.
  add: {
    ...Object.fromEntries(TIM5_WIDE),
    'ADC1.SQR1.L': [20, 5, true],
    'WWDG.CR.WDGA': [7, 1, true],
    'WWDG.CFR.EWI': [9, 1, true],
  },
  addRegisters: {
    // RM0038 7.4.11, category 3 and up. The SVD has forgotten it.
    ...Object.fromEntries([...'ABCDEFGH'].map((port) => [`GPIO${port}.BRR`, PORT_RESETS])),
    'TIM9.CCER': {
      offset: 0x20,
      reset: 0,
      fields: (
        [
          ['CC1E', 0],
          ['CC1P', 1],
          ['CC1NP', 3],
          ['CC2E', 4],
          ['CC2P', 5],
          ['CC2NP', 7],
        ] as const
      ).map(([name, at]) => [name, at, 1, true]),
    },
  },
  // RM0038 28.6.6: framing is Motorola's after reset.
  resets: { 'SPI1.CR2': 0 },
  resetsWhere: [...TIMERS_FULL, [/^TIM2\.ARR$/, 0xffff], [/^U(S)?ART\d\.SR$/, 0xc0]],
};
