/** DMA requests of both versions of the I2C: a device is written and read without software touching a byte. */
import { expect, it } from 'vitest';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { MS } from '../../src/emu/time.ts';
import { I2C_ASK } from '../../src/peripherals/pins/board-wires.ts';
import { StChip } from './st-chip.ts';

const RAM = 0x20000000;
const ADDRESS = 0x50;
const SENT = [0x10, 0xa1, 0xb2, 0xc3];

/** Takes every byte, and gives 1, 2, 3 … */
function withDevice(chip: ChipDescription): { readonly h: StChip; readonly taken: number[] } {
  const h = new StChip(chip);
  const taken: number[] = [];
  let given = 0;
  h.system.listener = {
    ...h.system.listener,
    wire: (name, value) => {
      if (name !== 'i2c1.asks' || value === 0) return;
      const kind = value >>> 8;
      if (kind === I2C_ASK.write) taken.push(value & 0xff);
      h.system.setWire('i2c1.answer', kind === I2C_ASK.read ? ++given : 1);
      h.system.setWire('i2c1.answered', 1);
    },
  };
  SENT.forEach((byte, i) => h.system.write(RAM + i, 1, byte));
  return { h, taken };
}
const received = (h: StChip): number[] => Array.from({ length: SENT.length }, (_, i) => h.system.read(RAM + 0x100 + i, 1));

it('with ISR and TIMINGR (L476)', () => {
  const { h, taken } = withDevice(STM32L476RG);
  h.set('RCC.APB1ENR1.I2C1EN', 1);
  h.set('RCC.AHB1ENR.DMA1EN', 1);
  h.write('DMA1.CSELR', (3 << 20) | (3 << 24));
  // channel 6 sends, channel 7 receives: MINC, and DIR of the first
  h.write('DMA1.CPAR6', h.address('I2C1.TXDR'));
  h.write('DMA1.CMAR6', RAM);
  h.write('DMA1.CPAR7', h.address('I2C1.RXDR'));
  h.write('DMA1.CMAR7', RAM + 0x100);
  for (const n of [6, 7]) h.write(`DMA1.CNDTR${n}`, SENT.length);
  h.write('DMA1.CCR6', 1 | (1 << 4) | (1 << 7));
  h.write('DMA1.CCR7', 1 | (1 << 7));
  h.write('I2C1.TIMINGR', 0x00303d5b);
  h.write('I2C1.CR1', 1 | (1 << 14) | (1 << 15));
  const transfer = (read: number): void => {
    h.write('I2C1.CR2', (1 << 13) | (1 << 25) | (SENT.length << 16) | (read << 10) | (ADDRESS << 1));
    h.wait(2 * MS);
  };
  transfer(0);
  expect(taken).toEqual(SENT);
  transfer(1);
  expect(received(h)).toEqual([1, 2, 3, 4]);
  expect(h.read('DMA1.CNDTR6') + h.read('DMA1.CNDTR7')).toBe(0);
});

it('with SR1 and SR2 (F405)', () => {
  const { h, taken } = withDevice(STM32F405RG);
  h.set('RCC.APB1ENR.I2C1EN', 1);
  h.set('RCC.AHB1ENR.DMA1EN', 1);
  const stream = (n: number, register: string, memory: number, bits: number): void => {
    h.write(`DMA1.S${n}PAR`, h.address(register));
    h.write(`DMA1.S${n}M0AR`, memory);
    h.write(`DMA1.S${n}NDTR`, SENT.length);
    h.write(`DMA1.S${n}CR`, 1 | (1 << 10) | (1 << 25) | bits);
  };
  h.write('I2C1.CCR', 40);
  h.write('I2C1.CR2', 1 << 11);
  const begin = (direction: 0 | 1): void => {
    h.write('I2C1.CR1', 1 | (1 << 8) | (1 << 10));
    h.wait(MS / 10);
    expect(h.read('I2C1.SR1') & 1).toBe(1);
    h.write('I2C1.DR', (ADDRESS << 1) | direction);
    h.wait(MS / 10);
    expect(h.read('I2C1.SR1') & 2).toBe(2);
    h.read('I2C1.SR2');
    h.wait(2 * MS);
    h.write('I2C1.CR1', 1 | (1 << 9));
    h.wait(MS);
  };
  stream(6, 'I2C1.DR', RAM, 1 << 6);
  begin(0);
  expect(taken).toEqual(SENT);
  stream(0, 'I2C1.DR', RAM + 0x100, 0);
  begin(1);
  expect(received(h)).toEqual([1, 2, 3, 4]);
});
