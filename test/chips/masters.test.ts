/** Memories that belong to the core alone: a DMA that is sent there fails, as on silicon. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { Machine } from '../../src/emu/machine.ts';
import { MS } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';

function started(part: string): Machine {
  const m = new Machine({ chip: findChip(part)!, models: MODELS, seed: 1 });
  m.eraseNonVolatile();
  m.powerOn();
  return m;
}

describe('which bus masters reach a memory', () => {
  it.each([
    ['stm32f405rg', 'DMA2', 0x10000000, false],
    ['stm32f405rg', 'DMA2', 0x20000000, true],
    ['stm32f429zi', 'DMA1', 0x10000000, false],
    ['stm32f303cc', 'DMA1', 0x10000000, false],
    ['stm32f303cc', 'DMA1', 0x20000000, true],
    ['stm32g474re', 'DMA1', 0x10000000, true],
    ['stm32h743zi', 'DMA1', 0x20000000, false],
    ['stm32h743zi', 'DMA1', 0x24000000, true],
    ['stm32h743zi', 'MDMA', 0x20000000, true],
    ['stm32h723zg', 'DMA1', 0x20000000, false],
    ['stm32h745zi', 'DMA2', 0x00000000, false],
    ['stm32f746zg', 'DMA1', 0x20000000, true],
  ] as const)('%s: %s to 0x%s: %s', (part, block, address, reaches) => {
    const m = started(part);
    const { env } = m.system.block(block);
    expect(env.busWrite(address, 4, 0x12345678)).toBe(reaches);
    expect(env.busRead(address, 4)).toBe(reaches ? 0x12345678 : null);
    m.release();
  });
});

it('a transfer into the CCM of an F405 ends with TEIF, and the stream is off', () => {
  const m = started('stm32f405rg');
  const put = (address: number, value: number): unknown => m.system.write(address, 4, value);
  const [AHB1ENR, DMA2] = [0x40023830, 0x40026400];
  put(AHB1ENR, m.system.read(AHB1ENR, 4) | (1 << 22));
  put(0x20000000, 0xcafe);
  for (const [at, to] of [
    [0x10, 0x20001000],
    [0x28, 0x10000000],
  ] as const) {
    put(DMA2 + at + 4, 1);
    put(DMA2 + at + 8, 0x20000000);
    put(DMA2 + at + 12, to);
    put(DMA2 + at + 20, 0x21);
    put(DMA2 + at, (2 << 6) | (2 << 11) | (2 << 13) | 1);
  }
  m.run(m.now + MS);
  const [TCIF0, TEIF1, TCIF1] = [1 << 5, 1 << 9, 1 << 11];
  expect(m.system.read(DMA2, 4) & (TCIF0 | TEIF1 | TCIF1)).toBe(TCIF0 | TEIF1);
  expect(m.system.read(0x20001000, 4)).toBe(0xcafe);
  m.release();
});
