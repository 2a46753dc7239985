/** PLLs of F0, F1, F3, G0 and L4's class whose input or output is outside of what the data sheet allows: told at the lock. */
import { expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

/** What is told when HSE of 8 MHz, or HSI, feeds the PLLs with these registers. */
function toldOf(part: string, registers: Readonly<Record<string, number>>, plls: readonly string[] = ['PLL']): string[] {
  const h = new StChip(findChip(part)!);
  h.set('RCC.CR.HSION', 1);
  h.set('RCC.CR.HSEON', 1);
  h.wait(4 * MS);
  for (const [register, value] of Object.entries(registers)) h.write(`RCC.${register}`, value);
  for (const pll of plls) {
    h.set(`RCC.CR.${pll}ON`, 1);
    h.wait(1 * MS);
  }
  return h.notes.filter((text) => text.includes('allowed'));
}
const factors = (mul: number, source = 1): number => ((mul - 2) << 18) | (source << 16);

it.each([
  ['STM32F103C8', { CFGR: factors(9) }],
  ['STM32F103C8', { CFGR: factors(16, 0) }],
  ['STM32F303CC', { CFGR: factors(9) }],
  ['STM32F072RB', { CFGR: factors(6) }],
])('%s: a PLL that an ordinary set-up uses is in its range', (part, registers) => expect(toldOf(part, registers)).toEqual([]));

it.each([
  ['STM32F103C8', { CFGR: factors(16) }, 'PLL: output at 128 MHz, allowed 16 to 72 MHz'],
  ['STM32F303CC', { CFGR: factors(10) }, 'PLL: output at 80 MHz, allowed 16 to 72 MHz'],
  ['STM32F303CC', { CFGR2: 15, CFGR: factors(16) }, 'PLL: input at 0.5 MHz, allowed 1 to 24 MHz'],
  ['STM32F072RB', { CFGR: factors(8) }, 'PLL: output at 64 MHz, allowed 16 to 48 MHz'],
])('%s: %j is told', (part, registers, text) => expect(toldOf(part, registers).join('\n')).toContain(text));

/** HSI16 / m × n. */
const ofL4 = (m: number, n: number): number => 2 | ((m - 1) << 4) | (n << 8);
it.each([
  ['STM32G474RE', 'PLL: input at 2 MHz, allowed 2.66 to 16 MHz'],
  ['STM32G0B1RE', 'PLL: input at 2 MHz, allowed 2.66 to 16 MHz'],
  ['STM32L476RG', 'PLL: input at 2 MHz, allowed 4 to 16 MHz'],
])('%s: HSI16 / 8 is told as too slow, HSI16 / 4 not', (part, text) => {
  expect(toldOf(part, { PLLCFGR: ofL4(8, 64) }).join('\n')).toContain(text);
  expect(toldOf(part, { PLLCFGR: ofL4(4, 32) })).toEqual([]);
});

it('F107, where 25 MHz feed the PLL undivided as 8 MHz do: its input and output are told', () => {
  const told = toldOf('STM32F107VC', { CFGR: factors(9) }).join('\n');
  expect(told).toContain('PLL: input at 25 MHz, allowed 3 to 12 MHz');
  expect(told).toContain('PLL: output at 225 MHz, allowed 18 to 72 MHz');
});
it('F107: PLL2 of 5 MHz in front of the PLL, divided by 5 and times 9, is in its range; without its divider it is told', () => {
  const set = (prediv2: number): string[] =>
    toldOf('STM32F107VC', { CFGR2: (1 << 16) | (6 << 8) | (prediv2 << 4) | 4, CFGR: factors(9) }, ['PLL2', 'PLL']);
  expect(set(4)).toEqual([]);
  expect(set(0)[0]).toBe('PLL2: input at 25 MHz, allowed 3 to 5 MHz');
});
