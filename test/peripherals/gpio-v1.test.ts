/** GPIO of STM32F1: four bits a pin, pulls by ODR. RM0008 9.1 and 9.2. */
import { describe, expect, it } from 'vitest';
import { STM32F103C8 } from '../../src/chips/stm32f1.ts';
import { PIN_FLOATING, PIN_IDLE_HIGH } from '../../src/peripherals/pins/gpio-common.ts';
import { StChip } from './st-chip.ts';

function port(): StChip {
  const h = new StChip(STM32F103C8);
  h.set('RCC.APB2ENR.IOPAEN', 1);
  for (let pin = 0; pin < 16; pin++) h.system.setWire(`pin.PA${pin}`, PIN_FLOATING);
  return h;
}
const cell = (pin: number, value: number): number => ((0x44444444 & ~(15 << (4 * (pin & 7)))) | (value << (4 * (pin & 7)))) >>> 0;

describe('GPIO of STM32F1', () => {
  it('is a floating input after reset; CNF = 2 pulls the way ODR says', () => {
    const h = port();
    expect(h.read('GPIOA.CRL')).toBe(0x44444444);
    h.write('GPIOA.CRL', cell(3, 8));
    expect(h.read('GPIOA.IDR') & 8).toBe(0);
    h.write('GPIOA.BSRR', 8);
    expect(h.read('GPIOA.IDR') & 8).toBe(8);
    h.system.setWire('pin.PA3', 0);
    expect(h.read('GPIOA.IDR') & 8).toBe(0);
  });

  it('reads 1 of a line that a weak pull-up holds, unless it pulls down itself', () => {
    const h = port();
    h.system.setWire('pin.PA3', PIN_IDLE_HIGH);
    expect(h.read('GPIOA.IDR') & 8).toBe(8);
    h.write('GPIOA.CRL', cell(3, 8));
    expect(h.read('GPIOA.IDR') & 8).toBe(0);
  });

  it('drives push-pull, and open drain only low', () => {
    const h = port();
    h.write('GPIOA.CRH', cell(9, 1));
    h.write('GPIOA.BSRR', 1 << 9);
    expect([h.system.wire('out.PA9'), h.read('GPIOA.IDR') & (1 << 9)]).toEqual([1, 1 << 9]);
    h.write('GPIOA.CRH', cell(9, 5));
    expect(h.system.wire('out.PA9')).toBe(PIN_FLOATING);
    h.write('GPIOA.BRR', 1 << 9);
    expect(h.system.wire('out.PA9')).toBe(0);
  });

  it('keeps CRL and CRH of locked pins until a reset', () => {
    const h = port();
    for (const value of [0x10001, 1, 0x10001]) h.write('GPIOA.LCKR', value);
    expect(h.read('GPIOA.LCKR')).toBe(0x10001);
    h.write('GPIOA.CRL', 0x11111111);
    expect(h.read('GPIOA.CRL')).toBe(0x11111114);
  });
});
