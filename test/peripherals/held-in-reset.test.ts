/** RM, RCC: a bit of RSTR resets its block and holds it in reset for as long as it is set. */
import { expect, test } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { StChip } from './st-chip.ts';

test.each([
  ['stm32f446re', 'AHB1ENR.GPIOAEN', 'AHB1RSTR.GPIOARST', 0xa8000000],
  ['stm32f072rb', 'AHBENR.IOPAEN', 'AHBRSTR.IOPARST', 0x28000000],
  ['stm32h743zi', 'AHB4ENR.GPIOAEN', 'AHB4RSTR.GPIOARST', 0xabffffff],
])('%s: a port loses what is written to it while %s is on and its reset is held', (name, clock, reset, moder) => {
  const h = new StChip(findChip(name)!);
  const set = (path: string, value: number): void => {
    const [register, field] = path.split('.') as [string, string];
    const { bit } = h.field(`RCC.${register}.${field}`);
    h.write(`RCC.${register}`, (h.read(`RCC.${register}`) & ~(1 << bit)) | (value << bit));
  };
  set(clock, 1);
  h.write('GPIOA.MODER', 0x12345678);
  set(reset, 1);
  expect(h.read('GPIOA.MODER')).toBe(moder);
  h.write('GPIOA.MODER', 0x12345678);
  expect(h.read('GPIOA.MODER')).toBe(moder);
  expect(h.notes).toContain(`a write is lost: RCC.${reset} holds it in reset`);
  set(reset, 0);
  expect(h.read('GPIOA.MODER')).toBe(moder);
  h.write('GPIOA.MODER', 0x12345678);
  expect(h.read('GPIOA.MODER')).toBe(0x12345678);
});
