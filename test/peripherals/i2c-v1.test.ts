/** I2C with SR1 and SR2 and a device on its bus, driven as ST's drivers do. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32F103C8 } from '../../src/chips/stm32f1.ts';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { findChip } from '../../src/chips/index.ts';
import { I2C_ASK } from '../../src/peripherals/pins/board-wires.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const CR1 = { PE: 1, START: 1 << 8, STOP: 1 << 9, ACK: 1 << 10, POS: 1 << 11 };
const SR1 = { SB: 1, ADDR: 2, BTF: 4, RXNE: 1 << 6, TXE: 1 << 7, AF: 1 << 10 };
const ADDRESS = 0x50;

/** A memory with one byte of address, and what it was told. */
class Bus {
  readonly memory = Uint8Array.from({ length: 256 }, (_, i) => (i * 7 + 3) & 0xff);
  readonly heard: string[] = [];
  private pointer = -1;
  private reads = false;
  /** Bytes that it takes before it refuses one. */
  patience = Infinity;
  readonly h: StChip;
  constructor(h: StChip) {
    this.h = h;
    const { listener } = h.system;
    h.system.listener = {
      ...listener,
      wire: (name, value) => {
        if (name !== 'i2c1.asks' || value === 0) return;
        const answer = this.answer(value >>> 8, value & 0xff);
        if (answer === null) return;
        h.system.setWire('i2c1.answer', answer);
        h.system.setWire('i2c1.answered', 1);
      },
    };
  }
  private answer(kind: number, byte: number): number | null {
    if (kind === I2C_ASK.stop) this.heard.push('stop');
    if (kind === I2C_ASK.address) {
      if (byte >>> 1 !== ADDRESS) return null;
      this.reads = (byte & 1) === 1;
      if (!this.reads) this.pointer = -1;
      this.heard.push(this.reads ? 'read' : 'write');
      return 1;
    }
    if (kind === I2C_ASK.read) return this.memory[this.pointer++ & 0xff]!;
    if (kind !== I2C_ASK.write) return 1;
    if (this.patience-- <= 0) return 0;
    if (this.pointer < 0) this.pointer = byte;
    else this.memory[this.pointer++ & 0xff] = byte;
    return 1;
  }

  // ---- What drivers do
  bit(r: string, mask: number, on: boolean): void {
    const v = this.h.read(`I2C1.${r}`);
    this.h.write(`I2C1.${r}`, on ? v | mask : v & ~mask);
  }
  waitFor(flag: number): void {
    for (let i = 0; i < 200; i++) {
      if (this.h.read('I2C1.SR1') & flag) return;
      this.h.wait(10 * US);
    }
    throw new Error(`flag 0x${flag.toString(16)} did not rise: SR1 = 0x${this.h.read('I2C1.SR1').toString(16)}`);
  }
  start(direction: 0 | 1): void {
    this.bit('CR1', CR1.START, true);
    this.waitFor(SR1.SB);
    this.h.write('I2C1.DR', (ADDRESS << 1) | direction);
    this.waitFor(SR1.ADDR);
  }
  transmit(bytes: readonly number[]): void {
    this.start(0);
    this.h.read('I2C1.SR2');
    for (const byte of bytes) {
      this.waitFor(SR1.TXE);
      this.h.write('I2C1.DR', byte);
    }
    this.waitFor(SR1.BTF);
  }
  stop(): void {
    this.bit('CR1', CR1.STOP, true);
  }
  /** RM0090 27.3.3: the ways for one, two and more bytes. @param early ACK is cleared before ADDR, as ST's driver does with two */
  receive(n: number, early: boolean): number[] {
    const take = (): number => this.h.read('I2C1.DR') & 0xff;
    const got: number[] = [];
    this.bit('CR1', CR1.ACK, true);
    this.bit('CR1', CR1.POS, n === 2);
    this.start(1);
    if (n === 1 || (n === 2 && early)) this.bit('CR1', CR1.ACK, false);
    this.h.read('I2C1.SR2');
    if (n === 1) this.stop();
    if (n === 2) {
      this.bit('CR1', CR1.ACK, false);
      this.waitFor(SR1.BTF);
      this.stop();
      got.push(take(), take());
      return got;
    }
    while (n > 1 && got.length < n - 3) {
      this.waitFor(SR1.RXNE);
      got.push(take());
    }
    if (n > 1) {
      this.waitFor(SR1.BTF);
      this.bit('CR1', CR1.ACK, false);
      got.push(take());
      this.waitFor(SR1.BTF);
      this.stop();
      got.push(take());
    }
    this.waitFor(SR1.RXNE);
    got.push(take());
    return got;
  }
}

describe.each([
  ['F405', STM32F405RG, 'RCC.APB1ENR.I2C1EN'],
  ['F103', STM32F103C8, 'RCC.APB1ENR.I2C1EN'],
  ['L152', findChip('stm32l152re')!, 'RCC.APB1ENR.I2C1EN'],
] as const)('%s', (_name, description, enable) => {
  const chip = new StChip(description);
  const quiet = chip.system.listener;
  const bus = (): Bus => {
    const h = chip.again();
    h.system.listener = quiet;
    h.set(enable, 1);
    h.write('I2C1.CCR', 40);
    h.write('I2C1.CR1', CR1.PE);
    return new Bus(h);
  };

  it('what is written by one transfer is read by another, of one, two, three or more bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(255), { maxLength: 6 }),
        fc.nat(200),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (bytes, at, n, early) => {
          const b = bus();
          b.transmit([at, ...bytes]);
          b.stop();
          b.h.wait(MS);
          expect(b.h.read('I2C1.SR2')).toBe(0);
          b.transmit([at]);
          const expected = Array.from({ length: n }, (_, i) => (i < bytes.length ? bytes[i]! : ((at + i) * 7 + 3) & 0xff));
          // A repeated start.
          expect(b.receive(n, early)).toEqual(expected);
          b.h.wait(MS);
          expect([b.h.read('I2C1.SR2'), b.h.read('I2C1.SR1') & ~SR1.AF]).toEqual([0, 0]);
          expect(b.heard).toEqual(['write', 'stop', 'write', 'read', 'stop']);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('SCL is stretched: no byte follows while DR is empty, or while two bytes have not been read', () => {
    const b = bus();
    b.transmit([0]);
    b.h.wait(5 * MS);
    expect(b.h.read('I2C1.SR1') & SR1.BTF).toBe(SR1.BTF);
    b.bit('CR1', CR1.ACK, true);
    b.start(1);
    b.h.read('I2C1.SR2');
    b.h.wait(5 * MS);
    expect(b.h.read('I2C1.SR1') & (SR1.BTF | SR1.RXNE)).toBe(SR1.BTF | SR1.RXNE);
    expect([b.h.read('I2C1.DR'), b.h.read('I2C1.DR')]).toEqual([3, 10]);
  });

  it('a byte that the device refuses raises AF, and nothing follows it', () => {
    const b = bus();
    b.patience = 1;
    b.start(0);
    b.h.read('I2C1.SR2');
    b.h.write('I2C1.DR', 0x10);
    b.waitFor(SR1.TXE);
    b.h.write('I2C1.DR', 0x20);
    b.waitFor(SR1.AF);
    b.h.wait(MS);
    expect(b.h.read('I2C1.SR1') & SR1.BTF).toBe(0);
    b.stop();
    b.h.wait(MS);
    expect(b.h.read('I2C1.SR2')).toBe(0);
  });

  it('ITBUFEN decides whether TXE and RXNE ask for an interrupt', () => {
    const b = bus();
    b.h.write('I2C1.CR2', 16 | (1 << 9));
    b.start(0);
    b.h.read('I2C1.SR2');
    expect(b.h.read('I2C1.SR1')).toBe(SR1.TXE);
    const line = b.h.system.block('I2C1').row.irqs![0]!;
    expect(b.h.irqs.get(line)).toBe(false);
    b.h.write('I2C1.CR2', 16 | (3 << 9));
    expect(b.h.irqs.get(line)).toBe(true);
  });
});
