/** Bits that ST's SVD of the H745 has as read-only, and that firmware works with. */
import { expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const chip = new StChip(findChip('stm32h743zi')!);

it('an SPI that may send raises its interrupt where TXPIE asks for it', () => {
  const h = chip.again();
  h.set('RCC.APB2ENR.SPI1EN', 1);
  h.write('SPI1.CFG2', 1 << 22);
  h.write('SPI1.CR1', 1);
  expect([h.get('SPI1.SR.TXP'), h.irqs.get(35) ?? false]).toEqual([1, false]);
  h.set('SPI1.IER.TXPIE', 1);
  expect(h.irqs.get(35)).toBe(true);
});

it('a synchronisation by software is one', () => {
  const h = chip.again();
  h.set('RCC.CR.HSI48ON', 1);
  h.wait(MS);
  h.set('RCC.APB1HENR.CRSEN', 1);
  h.set('CRS.CR.CEN', 1);
  h.set('CRS.CR.SWSYNC', 1);
  h.wait(MS);
  h.set('CRS.CR.SWSYNC', 1);
  expect(h.read('CRS.ISR') & 0x70f).not.toBe(0);
});
