/** The calibration of HRTIM's delay-locked loop, for which ST's driver waits. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const MASTER_IRQ = 67;
function started(command: 'CAL' | 'CALEN'): StChip {
  const h = new StChip(findChip('STM32G474RE')!);
  h.set('RCC.APB2ENR.HRTIM1EN', 1);
  h.set(`HRTIM_Common.DLLCR.${command}`, 1);
  return h;
}

describe('the delay-locked loop of HRTIM', () => {
  it.each(['CAL', 'CALEN'] as const)('is ready some microseconds behind %s, not at once', (command) => {
    const h = started(command);
    expect(h.get('HRTIM_Common.ISR.DLLRDY')).toBe(0);
    h.wait(20 * US);
    expect(h.get('HRTIM_Common.ISR.DLLRDY')).toBe(1);
  });
  it('is not ready without a calibration', () => {
    const h = new StChip(findChip('STM32G474RE')!);
    h.set('RCC.APB2ENR.HRTIM1EN', 1);
    h.set('HRTIM_Common.DLLCR.CALRTE', 3);
    h.wait(20 * US);
    expect(h.get('HRTIM_Common.ISR.DLLRDY')).toBe(0);
  });
  it('asks for the interrupt of the master until DLLRDYC clears its flag', () => {
    const h = started('CAL');
    h.set('HRTIM_Common.IER.DLLRDYIE', 1);
    h.wait(20 * US);
    expect(h.irqs.get(MASTER_IRQ)).toBe(true);
    h.write('HRTIM_Common.ICR', 0x10000);
    expect([h.get('HRTIM_Common.ISR.DLLRDY'), h.irqs.get(MASTER_IRQ)]).toEqual([0, false]);
  });
});
