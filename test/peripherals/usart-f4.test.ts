/** USART with SR and DR, as the F4 has it (RM0090 30): flags, the sequences that clear them, times. */
import { describe, expect, it } from 'vitest';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const chip = new StChip(STM32F405RG);
const [ORE, RXNE, TC, TXE] = [8, 32, 64, 128];
let sequence = 0;
function usart(): StChip {
  const h = chip.again();
  h.set('RCC.APB2ENR.USART1EN', 1);
  h.write('USART1.BRR', 160); // 100 kbaud
  h.write('USART1.CR1', 0x200c);
  return h;
}
const receive = (h: StChip, byte: number): void => h.system.setWire('usart1.rx', 0x100 | byte | (++sequence << 9));

describe('USART of the F4', () => {
  it('SR is 0xC0 after reset', () => {
    const h = chip.again();
    h.set('RCC.APB2ENR.USART1EN', 1);
    expect(h.read('USART1.SR')).toBe(TC | TXE);
  });
  it('two characters leave after 10 bits each; TC falls with SR, DR and rises behind the last', () => {
    const h = usart();
    expect(h.read('USART1.SR') & TC).toBe(TC);
    h.write('USART1.DR', 0x41);
    expect(h.read('USART1.SR')).toBe(TXE);
    h.write('USART1.DR', 0x42);
    expect(h.read('USART1.SR')).toBe(0);
    h.wait(101 * US);
    expect([h.read('USART1.SR'), h.notes.join('')]).toEqual([TXE, 'A']);
    h.wait(100 * US);
    expect([h.read('USART1.SR'), h.notes.join('')]).toEqual([TXE | TC, 'AB']);
  });
  it('TC stays when DR is written without a look at SR, and falls by a 0 written to it', () => {
    const h = usart();
    h.write('USART1.DR', 0x41);
    expect(h.read('USART1.SR') & TC).toBe(TC);
    h.write('USART1.SR', ~TC >>> 0);
    expect(h.read('USART1.SR') & TC).toBe(0);
  });
  it('TC rises behind the idle frame that the sender begins with, and not again', () => {
    const h = usart();
    h.write('USART1.SR', ~TC >>> 0);
    h.wait(99 * US);
    expect(h.read('USART1.SR') & TC).toBe(0);
    h.wait(2 * US);
    expect(h.read('USART1.SR') & TC).toBe(TC);
    h.write('USART1.SR', ~TC >>> 0);
    h.wait(200 * US);
    expect(h.read('USART1.SR') & TC).toBe(0);
  });
  it('RXNE falls with a read of DR and raises the interrupt with RXNEIE', () => {
    const h = usart();
    h.set('USART1.CR1.RXNEIE', 1);
    receive(h, 0x7f);
    expect([h.read('USART1.SR') & RXNE, h.irqs.get(37)]).toEqual([RXNE, true]);
    expect(h.read('USART1.DR')).toBe(0x7f);
    expect([h.read('USART1.SR') & RXNE, h.irqs.get(37)]).toEqual([0, false]);
  });
  it('an overrun keeps the first character; SR then DR clears ORE, DR alone does not', () => {
    const h = usart();
    receive(h, 1);
    receive(h, 2);
    expect(h.read('USART1.DR')).toBe(1);
    expect(h.read('USART1.SR') & ORE).toBe(ORE);
    h.read('USART1.DR');
    expect(h.read('USART1.SR') & ORE).toBe(0);
  });
  it('a byte written to DR is sent as it is', () => {
    const h = usart();
    h.system.write(h.address('USART1.DR'), 1, 0x7a);
    h.wait(200 * US);
    expect(h.notes).toContain('z');
  });
});
