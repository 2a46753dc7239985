/** The STM32H533 without its core, with registers by name, for tests of its peripherals. */
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { StChip } from './st-chip.ts';

export class H5 extends StChip {
  constructor(parameters: Readonly<Record<string, number>> = {}, chip: ChipDescription = STM32H533RE) {
    super(chip, parameters);
  }
}
