/** Words that a student may not have read before: told under the text that uses one. */

const WORDS: Readonly<Record<string, string>> = {
  'stand-in': 'a ROM that was written for bootbench from ST’s public documents; it is not ST’s code',
  documented: 'ST, Arm or USB-IF has published it',
  measured: 'somebody saw it on a chip',
  reported: 'users have told it, or public firmware depends on it',
  inferred: 'it follows from something that is documented, measured or reported',
  fitted: 'the value was chosen so that known cases come out as they were told',
  assumed: 'there is no evidence; it is only plausible',
  warn: 'a rule is broken that nobody has published, and the outcome did not depend on it',
  PRIMASK: 'a bit of the core: 1 holds back every interrupt',
  VTOR: 'the register with the address of the vector table that the core uses',
  MSP: 'the main stack pointer',
  MEM_MODE: 'the field of SYSCFG that says which memory is seen at address 0',
  SFTRSTF: 'the flag in RCC that says: the last reset was asked for by software',
  HSI48: 'an oscillator of 48 MHz inside of the chip',
  HSE: 'the clock from a crystal on the board, some MHz',
  LSE: 'the clock from a watch crystal on the board, 32768 Hz',
  PLL: 'the block that makes a fast clock out of a slow one',
  NVIC: 'the part of the core that enables interrupts and keeps them pending',
  SysTick: 'the timer of the core; its exception is the tick',
  IWDG: 'a watchdog with a clock of its own: it resets the chip unless the program refreshes it in time',
  WWDG: 'a watchdog that runs with the bus clock: it resets the chip unless the program refreshes it in time',
  DBP: 'the bit in PWR that unlocks the backup registers for writing',
  DTCM: 'a RAM beside the core of a Cortex-M7, which is read without the cache',
  ITCM: 'a RAM for code beside the core of a Cortex-M7, seen at address 0',
  ECC: 'the code that corrects errors of a RAM; it is made of a whole word',
  BCM4: 'the option bit that lets the Cortex-M4 boot',
  'option byte': 'a setting in flash that the chip reads at a reset',
  'option bytes': 'settings in flash that the chip reads at a reset',
};
/** The words that these texts use, with what they mean. */
export const wordsIn = (texts: readonly string[]): (readonly [word: string, meaning: string])[] =>
  Object.entries(WORDS).filter(([word]) => texts.some((text) => new RegExp(`\\b${word}\\b`).test(text)));
