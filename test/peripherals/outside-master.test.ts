/** Blocks that somebody outside talks to: I2C and SPI as slaves, bxCAN with another node. The program's side is done as a driver that polls would. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { MS, US } from '../../src/emu/time.ts';
import { OUTSIDE_ANSWER, outsideAsk, type OutsideKind } from '../../src/peripherals/pins/board-wires.ts';
import { StChip } from './st-chip.ts';

const OWN = 0x3a;
const bytes = (max = 6): fc.Arbitrary<number[]> => fc.array(fc.nat(255), { minLength: 1, maxLength: max });

/** The master's side: asks, and does not wait for what SCL holds up. */
class Master {
  private sequence = 0;
  readonly h: StChip;
  private readonly block: string;
  constructor(h: StChip, block: string) {
    this.h = h;
    this.block = block.toLowerCase();
  }
  ask(kind: OutsideKind, byte = 0): number {
    this.h.system.setWire(`${this.block}.host.answer`, 0);
    this.h.system.setWire(`${this.block}.host.asks`, outsideAsk(kind, byte, ++this.sequence));
    return this.answer;
  }
  get answer(): number {
    return this.h.system.wire(`${this.block}.host.answer`);
  }
}

interface Slave {
  readonly gates: readonly string[];
  open(h: StChip): void;
  /** ADDR has risen: cleared as the manual says. */
  addressed(h: StChip): boolean;
  has(h: StChip, flag: 'RXNE' | 'TX' | 'NACK' | 'STOP'): boolean;
  take(h: StChip): number;
  give(h: StChip, byte: number): void;
}
const V1: Slave = {
  gates: ['RCC.APB1ENR.I2C1EN'],
  open: (h) => {
    h.write('I2C1.OAR1', 0x4000 | (OWN << 1));
    h.write('I2C1.CR1', 1);
    h.write('I2C1.CR1', 0x401);
  },
  addressed: (h) => {
    const addressed = (h.read('I2C1.SR1') & 2) !== 0;
    if (addressed) h.read('I2C1.SR2');
    return addressed;
  },
  has: (h, flag) => (h.read('I2C1.SR1') & { RXNE: 1 << 6, TX: 1 << 7, NACK: 1 << 10, STOP: 1 << 4 }[flag]) !== 0,
  take: (h) => h.read('I2C1.DR') & 0xff,
  give: (h, byte) => void h.write('I2C1.DR', byte),
};
const V2: Slave = {
  gates: ['RCC.APB1ENR1.I2C1EN'],
  open: (h) => {
    h.write('I2C1.OAR1', 0x8000 | (OWN << 1));
    h.write('I2C1.CR1', 1);
  },
  addressed: (h) => {
    const addressed = (h.read('I2C1.ISR') & 8) !== 0;
    if (addressed) h.write('I2C1.ICR', 8);
    return addressed;
  },
  has: (h, flag) => (h.read('I2C1.ISR') & { RXNE: 4, TX: 2, NACK: 16, STOP: 32 }[flag]) !== 0,
  take: (h) => h.read('I2C1.RXDR') & 0xff,
  give: (h, byte) => void h.write('I2C1.TXDR', byte),
};

describe.each([
  ['SR1 and SR2 (F405)', 'stm32f405rg', V1],
  ['ISR (L476)', 'stm32l476rg', V2],
] as const)('an I2C slave with %s', (_name, part, slave) => {
  const chip = new StChip(findChip(part)!);
  const opened = (): { h: StChip; m: Master } => {
    const h = chip.again();
    for (const gate of slave.gates) h.set(gate, 1);
    slave.open(h);
    return { h, m: new Master(h, 'I2C1') };
  };

  it('acknowledges its own address alone, and none before it is on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 0x77 }), fc.boolean(), (address, on) => {
        const { h, m } = opened();
        if (!on) h.write('I2C1.CR1', 0);
        const mine = on && address === OWN;
        expect(m.ask('address', address << 1)).toBe(mine ? OUTSIDE_ANSWER.acknowledged : OUTSIDE_ANSWER.refused);
        expect(slave.addressed(h)).toBe(mine);
      }),
      { numRuns: 20, examples: [[OWN, true]] },
    );
  });
  it('hears nothing while its clock is off', () => {
    const { h, m } = opened();
    for (const gate of slave.gates) h.set(gate, 0);
    expect(m.ask('address', OWN << 1)).toBe(OUTSIDE_ANSWER.refused);
  });
  it('stretches SCL until ADDR is cleared and each byte is taken', () => {
    fc.assert(
      fc.property(bytes(), (sent) => {
        const { h, m } = opened();
        expect(m.ask('address', OWN << 1)).toBe(OUTSIDE_ANSWER.acknowledged);
        expect(m.ask('write', sent[0])).toBe(0);
        expect(slave.addressed(h)).toBe(true);
        const got = sent.map((byte, i) => {
          if (i > 0) m.ask('write', byte);
          expect(m.answer).toBe(OUTSIDE_ANSWER.acknowledged);
          expect(slave.has(h, 'RXNE')).toBe(true);
          return slave.take(h);
        });
        m.ask('stop');
        expect(slave.has(h, 'STOP')).toBe(true);
        expect(got).toEqual(sent);
      }),
      { numRuns: 10 },
    );
  });
  it('gives the bytes that software writes, each when the master clocks it', () => {
    fc.assert(
      fc.property(bytes(), (sent) => {
        const { h, m } = opened();
        m.ask('address', (OWN << 1) | 1);
        expect(slave.addressed(h)).toBe(true);
        for (const byte of sent) {
          expect(m.ask('read')).toBe(0);
          expect(slave.has(h, 'TX')).toBe(true);
          slave.give(h, byte);
          expect(m.answer).toBe(OUTSIDE_ANSWER.data | byte);
        }
        m.ask('refuse');
        expect(slave.has(h, 'NACK')).toBe(true);
        expect(m.ask('stop')).toBe(OUTSIDE_ANSWER.acknowledged);
      }),
      { numRuns: 10 },
    );
  });
});

describe.each([
  ['F405', 'stm32f405rg', 'RCC.APB2ENR.SPI1EN', 'SR', 'DR', 'DR', (h: StChip) => h.write('SPI1.CR1', 1 << 6)],
  [
    'L476',
    'stm32l476rg',
    'RCC.APB2ENR.SPI1EN',
    'SR',
    'DR',
    'DR',
    (h: StChip) => {
      h.write('SPI1.CR2', 0x1700);
      h.write('SPI1.CR1', 1 << 6);
    },
  ],
  ['H533', 'stm32h533re', 'RCC.APB2ENR.SPI1EN', 'SR', 'RXDR', 'TXDR', (h: StChip) => h.write('SPI1.CR1', 1)],
] as const)('an SPI slave of %s', (_name, part, gate, status, rx, tx, open) => {
  const chip = new StChip(findChip(part)!);
  const access = (h: StChip, register: string, value?: number): number =>
    value === undefined ? h.system.read(h.address(`SPI1.${register}`), 1) : h.system.write(h.address(`SPI1.${register}`), 1, value);

  it('gives and takes a byte in each eight clocks of the master', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { minLength: 1, maxLength: 6 }), (pairs) => {
        const h = chip.again();
        h.set(gate, 1);
        open(h);
        const m = new Master(h, 'SPI1');
        for (const [mosi, miso] of pairs) {
          access(h, tx, miso);
          expect(m.ask('read')).toBe(OUTSIDE_ANSWER.data | miso);
          expect(h.read(`SPI1.${status}`) & 1).toBe(0);
          m.ask('write', mosi);
          expect(h.read(`SPI1.${status}`) & 1).toBe(1);
          expect(access(h, rx)).toBe(mosi);
        }
      }),
      { numRuns: 10 },
    );
  });
  it('loses what nobody takes, and says so', () => {
    const h = chip.again();
    h.set(gate, 1);
    open(h);
    const m = new Master(h, 'SPI1');
    for (let i = 0; i < 20; i++) {
      m.ask('read');
      m.ask('write', i);
    }
    expect(h.read(`SPI1.${status}`) & (1 << 6)).not.toBe(0);
    expect(access(h, rx)).toBe(0);
  });
});

describe.each([
  ['CAN1 of F405', 'stm32f405rg', 'CAN1', 14],
  ['CAN2 of F405, whose filters CAN1 has', 'stm32f405rg', 'CAN2', 14],
  ['CAN2 of F413, beside CAN3 with filters of its own', 'stm32f413zh', 'CAN2', 14],
  ['CAN of F072', 'stm32f072rb', 'CAN', 14],
] as const)('bxCAN with another node: %s', (_name, part, can, bank) => {
  const chip = new StChip(findChip(part)!);
  const filters = can === 'CAN2' ? 'CAN1' : can;
  const bit = (h: StChip): number => (12 * 1e12) / h.hz('pclk1')!;
  /** Two time quanta of prescaler, six a bit, one filter that takes all. */
  const opened = (): StChip => {
    const h = chip.again();
    for (const name of new Set([can, filters])) h.set(`RCC.APB1ENR.${name === 'CAN' ? 'CANEN' : `${name}EN`}`, 1);
    h.write(`${can}.MCR`, 1);
    h.wait(MS);
    h.write(`${can}.BTR`, 0x00030001 | (0 << 20));
    const f = can === 'CAN2' ? bank : 0;
    h.write(`${filters}.FMR`, (bank << 8) | 1);
    h.write(`${filters}.FS1R`, 1 << f);
    h.write(`${filters}.FA1R`, 1 << f);
    h.write(`${filters}.FMR`, bank << 8);
    h.write(`${can}.MCR`, 0);
    h.wait(MS);
    return h;
  };
  const send = (h: StChip, id: number, data: readonly number[], ps: number): number => {
    const wire = can.toLowerCase();
    const word = (from: number): number => data.slice(from, from + 4).reduce((v, b, i) => v + b * 2 ** (8 * i), 0);
    h.system.setWire(`${wire}.host.bit`, ps);
    h.system.setWire(`${wire}.host.id`, id * 2 ** 21);
    h.system.setWire(`${wire}.host.length`, data.length);
    h.system.setWire(`${wire}.host.low`, word(0));
    h.system.setWire(`${wire}.host.high`, word(4));
    h.system.setWire(`${wire}.host.asks`, h.system.wire(`${wire}.host.asks`) + 1);
    return h.system.wire(`${wire}.host.answer`);
  };

  it('hears and acknowledges a frame at its own bit rate', () => {
    fc.assert(
      fc.property(fc.nat(0x7ff), fc.array(fc.nat(255), { maxLength: 8 }), (id, data) => {
        const h = opened();
        expect(send(h, id, data, bit(h))).toBe(OUTSIDE_ANSWER.acknowledged);
        expect(h.read(`${can}.RF0R`) & 3).toBe(1);
        expect(h.read(`${can}.RI0R`) >>> 21).toBe(id);
        expect(h.read(`${can}.RDT0R`) & 15).toBe(data.length);
        const words = [h.read(`${can}.RDL0R`), h.read(`${can}.RDH0R`)];
        expect(data.map((_, i) => (words[i >> 2]! >>> (8 * (i & 3))) & 0xff)).toEqual(data);
      }),
      { numRuns: 10 },
    );
  });
  it('neither hears nor acknowledges another bit rate, or while it sleeps or initialises', () => {
    const h = opened();
    expect(send(h, 1, [], 1.1 * bit(h))).toBe(OUTSIDE_ANSWER.refused);
    for (const request of [1, 2]) {
      h.write(`${can}.MCR`, request);
      h.wait(MS);
      expect(send(h, 1, [], bit(h))).toBe(OUTSIDE_ANSWER.refused);
    }
    expect(h.read(`${can}.RF0R`) & 3).toBe(0);
  });
  it('is acknowledged in its turn, and the node gets what it sent', () => {
    const h = opened();
    h.system.setWire(`${can.toLowerCase()}.host.bit`, bit(h));
    h.write(`${can}.TDT0R`, 2);
    h.write(`${can}.TDL0R`, 0x7912);
    h.write(`${can}.TI0R`, (0x123 << 21) | 1);
    h.wait(500 * US);
    expect(h.read(`${can}.TSR`) & 3).toBe(3);
    const wire = can.toLowerCase();
    expect([h.system.wire(`${wire}.sent`), h.system.wire(`${wire}.sent.low`), h.system.wire(`${wire}.sent.length`)]).toEqual([
      1, 0x7912, 2,
    ]);
  });
});
