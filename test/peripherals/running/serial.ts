/** I2C and SPI: what is set up for the table of running blocks, and what happens then. */
import { MS, US } from '../../../src/emu/time.ts';
import { outsideAsk, type OutsideKind } from '../../../src/peripherals/pins/board-wires.ts';
import { course, type Course, type Part } from '../running.ts';

// ---- I2C
/** Own addresses, their neighbours, the general call and what is reserved: bytes as a master sends them. */
const CALLS = [0xa4, 0xa5, 0x60, 0x62, 0x6f, 0x76, 0x00, 0x02, 0x0f, 0x10, 0xef, 0xf0, 0xfe] as const;
const [TXIS, RXNE, TCR, TC] = [1 << 1, 1 << 2, 1 << 7, 1 << 6];
/** What a driver does with the flags that stand. */
function serveV2(p: Part): void {
  const isr = p.take('ISR');
  if (isr & RXNE) p.take('RXDR');
  if (isr & TXIS) p.put('TXDR', 0x3c);
  if (isr & TCR) p.set('CR2.NBYTES', 2);
  if (isr & TC) p.set('CR2.STOP', 1);
  p.put('ICR', 0x3f38);
}
function serveV1(p: Part): void {
  const sr1 = p.take('SR1');
  p.take('SR2');
  if (sr1 & 1) p.put('DR', 0xa0);
  else if (sr1 & 0x40) p.take('DR');
  else if (sr1 & 0x80) p.put('DR', 0x3c);
  p.put('SR1', 0);
  if (sr1 & 0x10) p.put('CR1', p.take('CR1'));
}
let sequence = 0;
function ask(p: Part, kind: OutsideKind, byte = 0): void {
  p.drive(`${p.name.toLowerCase()}.host.asks`, outsideAsk(kind, byte, ++sequence));
}
function calls(p: Part, serve: (p: Part) => void): void {
  sequence = 0;
  for (const byte of CALLS) {
    ask(p, 'address', byte);
    serve(p);
    if (byte < 0xa0) continue;
    for (const kind of byte & 1 ? (['read', 'read', 'refuse', 'stop'] as const) : (['write', 'write', 'stop'] as const)) {
      ask(p, kind, 0x96);
      serve(p);
      p.wait(10 * US);
    }
  }
}
const i2cV2 = (p: Part): void => {
  p.put('TIMINGR', 0x00100203);
  p.put('OAR1', 0x80a4);
  p.put('OAR2', 0x8060);
  p.put('CR1', 1 | 0xfe | (1 << 14));
};
const i2cV1 = (p: Part): void => {
  p.put('OAR1', 0x40a4);
  p.put('OAR2', 0x61);
  p.put('CCR', 20);
  p.put('CR2', 16 | (7 << 8));
  p.put('CR1', 1 | (1 << 10));
};
const acknowledges = (p: Part): void => p.device((question) => (question >>> 8 === 3 ? 0x5a : question === 0x2a1 ? 0 : 1));

// ---- SPI
function spi(p: Part, h7: boolean): void {
  let answer = 0x9a5c_3e71;
  p.device(() => (answer = Math.imul(answer, 0x19660d) >>> 0));
  const [to, from] = h7 ? ['TXDR', 'RXDR'] : ['DR', 'DR'];
  for (let n = 0; n < 5; n++) p.put(to, 0xc35a_96f1 - n);
  if (h7) p.set('CR1.CSTART', 1);
  for (let n = 0; n < 9; n++) {
    p.next(20 * US);
    p.take('SR');
    if (n !== 2) p.take(from);
  }
  p.put('IFCR', 0xff8);
  p.put(to, 0x55);
  p.wait(50 * US);
}
/** A master outside reads and writes four bytes. */
function clocked(p: Part, to: string, from: string): void {
  sequence = 0;
  p.put(to, 0x11);
  ask(p, 'address');
  for (let n = 0; n < 4; n++) {
    ask(p, n & 1 ? 'read' : 'write', 0x81 + n);
    p.wait(1 * US);
    p.take('SR');
    if (n !== 1) p.take(from);
    p.put(to, 0x22 + n);
  }
  ask(p, 'stop');
}

export const SERIAL: Readonly<Record<string, Course>> = {
  'i2c-v2, asked': { on: ['stm32l476rg I2C1', 'stm32f072rb I2C1'], ...course(i2cV2, (p) => calls(p, serveV2)) },
  'i2c-v2, asks': {
    on: ['stm32l476rg I2C1'],
    ...course(
      (p) => {
        acknowledges(p);
        i2cV2(p);
        p.put('CR2', 0xa0 | (3 << 16));
      },
      (p) => {
        p.set('CR2.START', 1);
        for (let n = 0; n < 9; n++) {
          p.next(1 * MS);
          serveV2(p);
        }
        p.put('CR2', 0xa2 | (1 << 10) | (3 << 16) | (1 << 24) | (1 << 13));
        for (let n = 0; n < 12; n++) {
          p.next(1 * MS);
          serveV2(p);
        }
        p.put('CR2', 0xa2 | (1 << 16) | (1 << 25) | (1 << 13));
        p.wait(1 * MS);
        serveV2(p);
      },
    ),
  },
  'i2c-v1, asked': { on: ['stm32f405rg I2C1', 'stm32f103c8 I2C1'], ...course(i2cV1, (p) => calls(p, serveV1)) },
  'i2c-v1, asks': {
    on: ['stm32f405rg I2C1'],
    ...course(
      (p) => {
        acknowledges(p);
        i2cV1(p);
      },
      (p) => {
        for (const stop of [6, 11]) {
          p.set('CR1.START', 1);
          for (let n = 0; n < stop + 3; n++) {
            p.next(1 * MS);
            if (n === stop) p.set('CR1.STOP', 1);
            serveV1(p);
          }
        }
      },
    ),
  },
  'spi, asks': {
    on: ['stm32f405rg SPI1', 'stm32l476rg SPI1', 'stm32f103c8 SPI1'],
    ...course(
      (p) => {
        p.put('CR2', (p.sys.read(p.block.row.base + 4, 2) & 0xf00) | 0xe0);
        p.put('CR1', 0x344);
      },
      (p) => spi(p, false),
    ),
  },
  'spi, asked': {
    on: ['stm32f405rg SPI1', 'stm32l476rg SPI1'],
    ...course(
      (p) => {
        p.put('CR2', (p.sys.read(p.block.row.base + 4, 2) & 0xf00) | 0xe0);
        p.put('CR1', 0x240);
      },
      (p) => clocked(p, 'DR', 'DR'),
    ),
  },
  'spi-h7, asks': {
    on: ['stm32h533re SPI1', 'stm32h745xi SPI4'],
    ...course(
      (p) => {
        p.put('CFG2', (1 << 22) | (1 << 26));
        p.put('CFG1', 7);
        p.put('CR2', 4);
        p.put('IER', 0x3ff);
        p.put('CR1', 0x1001);
      },
      (p) => spi(p, true),
    ),
  },
  'spi-h7, asked': {
    on: ['stm32h533re SPI1'],
    ...course(
      (p) => {
        p.put('CFG2', 1 << 26);
        p.put('CFG1', 7);
        p.put('IER', 0x3ff);
        p.put('CR1', 1);
      },
      (p) => clocked(p, 'TXDR', 'RXDR'),
    ),
  },
};
