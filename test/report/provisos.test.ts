import { expect, it } from 'vitest';
import type { RomDependency } from '../../src/bench/documents/result.ts';
import { provisos } from '../../src/report/provisos.ts';

const dependency = (rom: string, value: string): RomDependency => ({ ...SAMPLE, rom, value }) as RomDependency;
const SAMPLE = { confidence: 'inferred' } as const;

it('what a real ROM does behind a start by BOOT0 and behind every request with a reset is no condition', () => {
  const granted = [dependency('usb-supply', 'sets'), dependency('reset-flags', 'ignores')];
  expect(provisos('stm32h743zi', granted).rom).toEqual([]);
});
it('the opposite of that is one, and so is what no start by BOOT0 shows', () => {
  const open = [dependency('usb-supply', 'keeps'), dependency('reset-flags', 'software-returns'), dependency('vtor', 'sets')];
  expect(provisos('stm32h743zi', open).rom).toHaveLength(3);
});
