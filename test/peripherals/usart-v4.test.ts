import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { bench, type Bench } from './bench.ts';

const IRQ = 58;
const made = bench(
  [
    {
      name: 'USART1',
      model: 'usart-v4',
      base: 0x40013800,
      size: 0x400,
      irqs: [IRQ],
      clock: 'APB2ENR.USART1EN',
      options: { clock: 'usart1' },
    },
    { name: 'USART2', model: 'usart-v4', facts: 'USART1', base: 0x40004400, size: 0x400, irqs: [59], options: { clock: 'usart1' } },
  ],
  { usart1: 64_000_000 },
);
const UE = 1;
const RE = 4;
const TE = 8;
const FIFOEN = 0x20000000;
const [ORE, IDLE, RXNE, TC, TXE, TXFE] = [8, 16, 32, 64, 128, 1 << 23];

let sequence = 0;
const send = (b: Bench, byte: number): void => b.sys.setWire('usart1.rx', 0x100 | byte | (++sequence << 9));
function usart(cr1: number, brr = 640): Bench {
  const b = made.again();
  b.write('RCC.APB2ENR', 1 << 14);
  b.write('USART1.BRR', brr);
  b.write('USART1.CR1', cr1);
  b.write('USART1.CR1', cr1 | UE);
  return b;
}
const isr = (b: Bench): number => b.read('USART1.ISR');
const console1 = (b: Bench): string =>
  b.notes
    .filter((n) => n.kind === 'console:usart1')
    .map((n) => n.text)
    .join('');

describe('USART transmission', () => {
  it('ISR is 0xC0 after reset; TEACK and REACK follow TE and RE', () => {
    const b = made.again();
    b.write('RCC.APB2ENR', 1 << 14);
    expect(isr(b)).toBe(0xc0);
    b.write('USART1.CR1', UE | TE | RE);
    expect(isr(b)).toBe(0x6000c0);
  });

  it('a frame takes (1 + word + stop) bits of BRR kernel clocks', () => {
    const M0 = 1 << 12;
    const M1 = 1 << 28;
    const OVER8 = 1 << 15;
    for (const [cr1, cr2, brr, ticks] of [
      [0, 0, 640, 6400],
      [M0, 0, 640, 7040],
      [M1, 0, 640, 5760],
      [0, 2 << 12, 640, 7040],
      [0, 1 << 12, 640, 6080],
      [OVER8, 0, 0x0508 & ~8, 6400],
      [0, 0, 555, 5550],
    ] as const) {
      const b = made.again();
      b.write('RCC.APB2ENR', 1 << 14);
      b.write('USART1.BRR', brr);
      b.write('USART1.CR2', cr2);
      b.write('USART1.CR1', cr1 | TE | UE);
      b.write('USART1.TDR', 0x41);
      b.ticks('usart1', ticks - 1);
      expect([ticks, isr(b) & TC, console1(b)]).toEqual([ticks, 0, '']);
      b.ticks('usart1', 1);
      expect([ticks, isr(b) & TC, console1(b)]).toEqual([ticks, TC, 'A']);
    }
  });

  it('PRESC divides the kernel clock', () => {
    const b = made.again();
    b.write('RCC.APB2ENR', 1 << 14);
    b.write('USART1.PRESC', 3);
    b.write('USART1.BRR', 64);
    b.write('USART1.CR1', TE | UE);
    b.write('USART1.TDR', 0x42);
    b.ticks('usart1', 3839);
    expect(console1(b)).toBe('');
    b.ticks('usart1', 1);
    expect(console1(b)).toBe('B');
  });

  it('polled TXE: every byte arrives in order', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.boolean(), (text, fifo) => {
        const bytes = [...Buffer.from(text, 'latin1')];
        const b = usart(TE | (fifo ? FIFOEN : 0));
        for (const byte of bytes) {
          while (!(isr(b) & TXE)) b.ticks('usart1', 100);
          b.write('USART1.TDR', byte);
        }
        while (!(isr(b) & TC)) b.ticks('usart1', 100);
        expect(console1(b)).toBe(String.fromCharCode(...bytes));
      }),
      { numRuns: 30 },
    );
  });

  it('without FIFO two bytes fit (shift register and TDR), with FIFO nine; TXFE only there', () => {
    for (const [cr1, room] of [
      [TE, 2],
      [TE | FIFOEN, 9],
    ] as const) {
      const b = usart(cr1);
      let n = 0;
      while (isr(b) & TXE) b.write('USART1.TDR', 0x30 + n++);
      expect(n).toBe(room);
      expect(isr(b) & TXFE).toBe(0);
      b.ticks('usart1', 6400 * room);
      expect(console1(b).length).toBe(room);
      expect(isr(b) & TXFE).toBe(cr1 & FIFOEN ? TXFE : 0);
    }
  });

  it('TXEIE and TCIE drive the interrupt', () => {
    const b = usart(TE);
    expect(b.irqs.get(IRQ)).toBe(false);
    b.write('USART1.CR1', UE | TE | (1 << 7));
    expect(b.irqs.get(IRQ)).toBe(true);
    b.write('USART1.TDR', 1);
    b.write('USART1.TDR', 2);
    expect(b.irqs.get(IRQ)).toBe(false);
    b.ticks('usart1', 6400);
    expect(b.irqs.get(IRQ)).toBe(true);
    b.write('USART1.CR1', UE | TE | (1 << 6));
    expect(b.irqs.get(IRQ)).toBe(false);
    b.ticks('usart1', 6400);
    expect(b.irqs.get(IRQ)).toBe(true);
    b.write('USART1.ICR', 1 << 6);
    expect(b.irqs.get(IRQ)).toBe(false);
  });

  it('clearing UE stops and empties it', () => {
    const b = usart(TE);
    b.write('USART1.TDR', 0x41);
    b.write('USART1.CR1', TE);
    b.ticks('usart1', 100_000);
    expect([console1(b), isr(b)]).toEqual(['', 0xc0]);
  });

  it('two blocks of one layout are told apart', () => {
    const b = made.again();
    b.write('USART2.BRR', 64);
    b.write('USART2.CR1', TE | UE);
    b.write('USART2.TDR', 0x5a);
    b.ticks('usart1', 640);
    expect(b.notes).toEqual([{ kind: 'console:usart2', text: 'Z' }]);
  });
});

describe('USART reception', () => {
  it('RXNE until RDR is read; a peek does not read', () => {
    const b = usart(RE | (1 << 5));
    send(b, 0x55);
    expect([isr(b) & RXNE, b.irqs.get(IRQ), b.peek('USART1.RDR'), isr(b) & RXNE]).toEqual([RXNE, true, 0x55, RXNE]);
    expect(b.read('USART1.RDR')).toBe(0x55);
    expect([isr(b) & RXNE, b.irqs.get(IRQ)]).toEqual([0, false]);
  });

  it('equal bytes in a row are bytes', () => {
    const b = usart(RE | FIFOEN);
    for (let i = 0; i < 3; i++) send(b, 0x41);
    expect([b.read('USART1.RDR'), b.read('USART1.RDR'), b.read('USART1.RDR'), isr(b) & RXNE]).toEqual([0x41, 0x41, 0x41, 0]);
  });

  it('overrun: the new byte is lost, ORE stays until ORECF; with OVRDIS the old one is', () => {
    const b = usart(RE);
    send(b, 1);
    send(b, 2);
    expect([isr(b) & ORE, b.read('USART1.RDR'), isr(b) & ORE]).toEqual([ORE, 1, ORE]);
    expect(b.notes).toContainEqual({ kind: 'input', text: 'the byte 0x02 is lost: the one before it has not been read (ORE)' });
    b.write('USART1.ICR', 8);
    expect(isr(b) & ORE).toBe(0);
    const d = made.again();
    d.write('RCC.APB2ENR', 1 << 14);
    d.write('USART1.CR3', 1 << 12);
    d.write('USART1.CR1', UE | RE);
    send(d, 1);
    send(d, 2);
    expect([isr(d) & ORE, d.read('USART1.RDR')]).toEqual([0, 2]);
  });

  it('IDLE one frame after the last byte', () => {
    const b = usart(RE | (1 << 4));
    send(b, 1);
    b.ticks('usart1', 6000);
    send(b, 2);
    b.ticks('usart1', 6399);
    expect([isr(b) & IDLE, b.irqs.get(IRQ)]).toEqual([0, false]);
    b.ticks('usart1', 1);
    expect([isr(b) & IDLE, b.irqs.get(IRQ)]).toEqual([IDLE, true]);
    b.write('USART1.ICR', 16);
    b.ticks('usart1', 100_000);
    expect([isr(b) & IDLE, b.irqs.get(IRQ)]).toEqual([0, false]);
  });

  it('receiver time-out counts RTO bits, character match compares ADD', () => {
    const b = made.again();
    b.write('RCC.APB2ENR', 1 << 14);
    b.write('USART1.BRR', 640);
    b.write('USART1.RTOR', 20);
    b.write('USART1.CR2', ((0x0a << 24) | (1 << 23) | (1 << 4)) >>> 0);
    b.write('USART1.CR1', UE | RE);
    send(b, 0x0a);
    expect(b.field('USART1.ISR', 'CMF')).toBe(1);
    b.ticks('usart1', 20 * 640 - 1);
    expect(b.field('USART1.ISR', 'RTOF')).toBe(0);
    b.ticks('usart1', 1);
    expect(b.field('USART1.ISR', 'RTOF')).toBe(1);
  });

  it('nothing is received without RE or UE', () => {
    const b = usart(TE);
    send(b, 1);
    expect(isr(b) & RXNE).toBe(0);
  });
});

describe('a receiver that is off at the start bit', () => {
  const line = (b: Bench, value: number): void => b.sys.setWire('usart1.rx', value | (++sequence << 9));
  const START = 0;
  const BYTE = 0x15a;
  it('misses the character, and gets the next', () => {
    const b = usart(0);
    line(b, START);
    b.write('USART1.CR1', RE | UE);
    line(b, BYTE);
    expect(isr(b) & RXNE).toBe(0);
    line(b, START);
    line(b, BYTE);
    expect(b.read('USART1.RDR')).toBe(0x5a);
  });
  it('misses it, too, if UE falls and rises before the stop bit', () => {
    const b = usart(RE);
    line(b, START);
    b.write('USART1.CR1', RE);
    b.write('USART1.CR1', RE | UE);
    line(b, BYTE);
    expect(isr(b) & RXNE).toBe(0);
  });
});
