/** What the categories of STM32L0 have and lack: RM0367 and the CMSIS headers of the lines. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';

const chipOf = (name: string): ChipDescription => findChip(name)!;
const has = (name: string, block: string): boolean => chipOf(name).blocks.some((b) => b.name === block);
const fields = (name: string, block: string, register: string): readonly string[] =>
  chipOf(name)
    .facts[block]!.registers.find((r) => r.name === register)!
    .fields.map((f) => f.name);
const sizeOf = (name: string, memory: string): number => chipOf(name).memories.find((m) => m.name === memory)!.size;

describe.each([
  ['STM32L051C8', ['USB', 'RNG', 'TSC', 'DAC', 'CRS', 'AES', 'LCD']],
  ['STM32L052C8', ['AES', 'LCD']],
  ['STM32L053R8', ['AES']],
  ['STM32L062K8', ['LCD']],
  ['STM32L063R8', []],
] as const)('%s', (name, lacks) => {
  it(`lacks ${lacks.join(', ') || 'none of these'}, and what category 5 alone has`, () => {
    for (const block of ['USB', 'RNG', 'TSC', 'DAC', 'CRS', 'AES', 'LCD'] as const)
      expect(has(name, block), block).toBe(!(lacks as readonly string[]).includes(block));
    for (const block of ['TIM3', 'TIM7', 'USART4', 'USART5', 'I2C3', 'GPIOE']) expect(has(name, block), block).toBe(false);
    for (const block of ['TIM2', 'TIM21', 'TIM22', 'USART1', 'LPUART1', 'I2C2', 'SPI2', 'LPTIM1'])
      expect(has(name, block), block).toBe(true);
  });
  it('has one bank of flash: no BFB2, no UFB, 2 KB of data EEPROM', () => {
    expect(fields(name, 'FLASH', 'OPTR')).not.toContain('BFB2');
    expect(fields(name, 'SYSCFG', 'CFGR1')).not.toContain('UFB');
    expect(chipOf(name).optionBytes).not.toHaveProperty('BFB2');
    expect(sizeOf(name, 'eeprom')).toBe(0x800);
  });
});

it('L051 has no gates for what it lacks', () => {
  const gates = fields('STM32L051C8', 'RCC', 'APB1ENR');
  expect(gates).toEqual(expect.arrayContaining(['TIM2EN', 'USART2EN', 'LPUART1EN', 'I2C1EN', 'I2C2EN', 'SPI2EN', 'PWREN']));
  for (const gate of ['TIM3EN', 'TIM7EN', 'USART4EN', 'USART5EN', 'I2C3EN', 'USBEN', 'CRSEN', 'DACEN']) expect(gates).not.toContain(gate);
  expect(fields('STM32L051C8', 'RCC', 'AHBENR')).toEqual(expect.not.arrayContaining(['TOUCHEN', 'RNGEN', 'CRYPEN']));
});
it.each([
  ['STM32L071CZ', ['USB', 'RNG', 'TSC', 'DAC', 'CRS', 'AES']],
  ['STM32L081CZ', ['USB', 'RNG', 'TSC', 'DAC', 'CRS']],
  ['STM32L072CZ', ['AES']],
] as const)('%s has two banks, and lacks %j', (name, lacks) => {
  expect(fields(name, 'FLASH', 'OPTR')).toContain('BFB2');
  expect(fields(name, 'SYSCFG', 'CFGR1')).toContain('UFB');
  expect(['USB', 'RNG', 'TSC', 'DAC', 'CRS', 'AES'].filter((block) => !has(name, block))).toEqual(lacks);
  for (const block of ['TIM3', 'TIM7', 'USART4', 'USART5', 'I2C3', 'GPIOE']) expect(has(name, block), block).toBe(true);
});
