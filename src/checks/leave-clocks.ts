/** Clock tree, wait states and voltage range as the ROM leaves them. */
import { leaveCheck } from './leave-left.ts';

/** What an application can do. */
export const RESET_CLOCKS =
  'restore the reset values of RCC, PWR and FLASH->ACR before the clock set-up: SYSCLK from the internal oscillator, PLLs off, then write every field instead of only setting bits';

export const leaveClocks = leaveCheck({
  id: 'leave-clocks',
  kind: 'clocks',
  question: 'After a DFU leave or a Go, does the program need clocks, wait states or a voltage range as after a reset?',
  option: 'leave-clocks',
  source: 'AN2606 Rev 70 4.1: the ROM does not restore what it used, newer ROMs only in part; measured on H523 (HSIDIV, VOS)',
  confidence: 'documented',
  fix: () => RESET_CLOCKS,
  explanation: [
    'After a leave, the PLL, its source, the prescalers, the oscillators and the flash wait states are as the ROM used them. Code that only sets bits (RCC->CFGR |= …), writes PLLCFGR while the PLL runs, or waits for an oscillator that it did not start, works after a reset but not here.',
    'Go to a known state first: SYSCLK from the internal oscillator, PLLs off, reset values in the configuration registers. Or reset the chip once if these registers do not hold their reset values.',
  ].join('\n\n'),
});
