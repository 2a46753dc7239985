/** Clock tree, wait states and voltage range as the ROM leaves them. */
import { leaveCheck } from './leave-left.ts';

export const leaveClocks = leaveCheck({
  id: 'leave-clocks',
  kind: 'clocks',
  question: 'After DFU leave, does the program rely on clocks, wait states or a voltage range as after a reset?',
  option: 'leave-clocks',
  source: 'AN2606 Rev 70 4.1: the ROM does not put back what it used, newer ones not completely; measured on H523 (HSIDIV, VOS)',
  confidence: 'documented',
  fix: () =>
    'put RCC, PWR and FLASH->ACR to their reset values before they are set up: SYSCLK to the internal oscillator, PLLs off, then every field written, none only or-ed in',
  explanation: [
    'After leave the PLL, its source, prescalers, oscillators and flash wait states are what the ROM ran with. Code that only sets bits (RCC->CFGR |= …), writes PLLCFGR while the PLL runs, or waits for an oscillator that it did not start, works from reset and not from here.',
    'Go through a known state first: SYSCLK from the internal oscillator, PLLs off, reset values into the configuration registers. Or reset the chip once when they do not hold their reset values.',
  ].join('\n\n'),
});
