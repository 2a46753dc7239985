/** SYSCLK at which a stand-in ROM serves its interfaces: what the profile states, and what the ROM's own code has set up. */
import { expect, it } from 'vitest';
import { romProfileIfAny } from '../../src/bench/input/job.ts';
import { CHIPS } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { pinBoot, run } from './course.ts';

/** One line of each ROM. */
const romOf = (chip: ChipDescription): string => {
  const rom = romProfileIfAny(chip);
  return `${chip.family} ${JSON.stringify(rom?.versions)} ${rom?.sysclkHz.source}`;
};
const lines = [...new Map(CHIPS.toReversed().map((chip) => [romOf(chip), chip])).values()].filter((chip) => romProfileIfAny(chip) !== null);
/** G0 and C0 leave the factory with nBOOT_SEL set: the pin does not start their ROM. */
const byPin = lines.filter(({ family }) => family !== 'STM32G0' && family !== 'STM32C0');
/** HSITRIM = 0 makes the HSI of F030 8 % slow (AN2606, F030xC). */
const SLOWED = new Map([['STM32F030R8', 0.92]]);

it('is asked of most ROMs', () => expect(byPin.length).toBeGreaterThan(40));
it.each(byPin.map((chip) => [chip.name, chip] as const))('%s', (name, chip) => {
  const { s } = run(name, { board: pinBoot });
  const { num, den } = s.machine.system.clock('sysclk').rate!;
  expect(num / den).toBe(romProfileIfAny(chip)!.sysclkHz.value * (SLOWED.get(name) ?? 1));
  s.machine.release();
});
