/** ITLINE registers: who asks on an interrupt line that several blocks share. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { StChip } from './st-chip.ts';

const chip = findChip('stm32g0b1re')!;
const made = new StChip(chip);
/** Blocks of line 29 with their clock enables, by bit. */
const PORTS = [
  ['USART3', 'APBENR1.USART3EN'],
  ['USART4', 'APBENR1.USART4EN'],
  ['LPUART1', 'APBENR1.LPUART1EN'],
  ['USART5', 'APBENR1.USART5EN'],
  ['USART6', 'APBENR1.USART6EN'],
] as const;
const fresh = (): StChip => {
  const h = made.again();
  h.set('RCC.APBENR2.SYSCFGEN', 1);
  for (const [, enable] of PORTS) h.set(`RCC.${enable}`, 1);
  return h;
};

describe('ITLINE of STM32G0B1', () => {
  it('shows each serial port that asks on line 29, and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 31 }), (asking) => {
        const h = fresh();
        // TXEIE with an empty transmitter
        PORTS.forEach(([block], bit) => h.write(`${block}.CR1`, (asking >> bit) & 1 ? 0x89 : 0x9));
        expect(h.read('SYSCFG.ITLINE29')).toBe(asking);
        expect(h.irqs.get(29) ?? false).toBe(asking !== 0);
      }),
    );
  });
  it('shows the EXTI line whose edge has come until that is cleared', () => {
    const h = fresh();
    h.write('EXTI.IMR1', 0xffff);
    h.write('EXTI.RTSR1', 0xffff);
    h.system.setWire('in.PA9', 1);
    expect(h.read('SYSCFG.ITLINE7')).toBe(1 << 5);
    expect(h.read('SYSCFG.ITLINE5')).toBe(0);
    h.write('EXTI.RPR1', 1 << 9);
    expect(h.read('SYSCFG.ITLINE7')).toBe(0);
  });
  it('shows a line that one block has alone', () => {
    const h = fresh();
    h.set('RCC.APBENR1.TIM2EN', 1);
    h.write('TIM2.DIER', 1);
    h.write('TIM2.EGR', 1);
    expect(h.read('SYSCFG.ITLINE15')).toBe(1);
    h.write('TIM2.SR', 0);
    expect(h.read('SYSCFG.ITLINE15')).toBe(0);
  });
});
