/** A request that fills only a part of what the flash programs at once is lost with the next reset, and told. */
import { expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { StChip } from './st-chip.ts';

const CASES = [
  ['stm32l476rg', 'KEYR', 'CR', 8],
  ['stm32h533re', 'NSKEYR', 'NSCR', 16],
  ['stm32u575zi', 'NSKEYR', 'NSCR', 16],
  ['stm32h743zi', 'KEYR1', 'CR1', 32],
] as const;
const PLACE = 0x08000800;

it.each(CASES)('%s: %s, %s, %i bytes at a time', (name, key, control, bytes) => {
  const h = new StChip(findChip(name)!);
  const put = (count: number): void => {
    for (const k of [0x45670123, 0xcdef89ab]) h.write(`FLASH.${key}`, k);
    h.set(`FLASH.${control}.PG`, 1);
    for (let at = 0; at < count; at += 4) h.system.write(PLACE + at, 4, 0x12345678);
    h.wait(10_000_000_000);
  };
  const told = (): string[] => h.notes.filter((n) => n.startsWith('nothing was programmed at 0x08000800'));
  put(bytes - 4);
  h.reset('software');
  expect(h.system.read(PLACE, 4)).toBe(0xffffffff);
  expect(told()).toEqual([expect.stringContaining(`this flash takes ${bytes} bytes at a time`)]);
  put(bytes);
  h.reset('software');
  expect(h.system.read(PLACE, 4)).toBe(0x12345678);
  expect(told()).toHaveLength(1);
});
