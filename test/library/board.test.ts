/** Devices around the chip. The firmware waits; registers are written as its drivers would write them. */
import { describe, expect, it } from 'vitest';
import { buttonMatrix, i2cRegisters, openMachine, type BenchMachine, type I2cDevice } from '../../src/index.ts';
import { firmware } from './firmware.ts';

const F072 = { chip: 'stm32f072rb', images: [firmware('f072-entry-address')] };
const AUTOEND = 1 << 25;
const START = 1 << 13;
const READ = 1 << 10;

/** I2C1 at some speed, switched on. */
async function i2cOn(m: BenchMachine): Promise<void> {
  m.write('RCC.APB1ENR.I2C1EN', 1);
  m.write('I2C1.TIMINGR', 0x0010_0808);
  m.write('I2C1.CR1', 1);
  await m.run('10us');
}
const cr2 = (address: number, bytes: number, more: number): number => ((address << 1) | (bytes << 16) | START | more) >>> 0;

describe('devices on the board', () => {
  it('I2C v2: a register device takes writes and gives reads, with a repeated start between them; another address is not acknowledged', async () => {
    let device!: ReturnType<typeof i2cRegisters>;
    const m = await openMachine({
      ...F072,
      devices: (board) => board.i2c('I2C1', 0x50, (device = i2cRegisters(board, new Uint8Array(16)))),
    });
    await i2cOn(m);
    m.write('I2C1.CR2', cr2(0x50, 3, AUTOEND));
    for (const byte of [4, 0xaa, 0xbb]) {
      await m.run('1ms');
      expect(m.read('I2C1.ISR.TXIS')).toBe(1);
      m.write('I2C1.TXDR', byte);
    }
    await m.run('1ms');
    expect(m.read('I2C1.ISR.STOPF')).toBe(1);
    expect([...device.bytes().subarray(4, 6)]).toEqual([0xaa, 0xbb]);
    // write the address without a stop, then read
    m.write('I2C1.ICR', 0x20);
    m.write('I2C1.CR2', cr2(0x50, 1, 0));
    await m.run('1ms');
    m.write('I2C1.TXDR', 5);
    await m.run('1ms');
    expect(m.read('I2C1.ISR.TC')).toBe(1);
    m.write('I2C1.CR2', cr2(0x50, 1, READ | AUTOEND));
    await m.run('1ms');
    expect(m.read('I2C1.ISR.RXNE')).toBe(1);
    expect(m.read('I2C1.RXDR')).toBe(0xbb);
    m.write('I2C1.ICR', 0x20);
    m.write('I2C1.CR2', cr2(0x51, 1, AUTOEND));
    await m.run('1ms');
    expect([m.read('I2C1.ISR.NACKF'), m.read('I2C1.ISR.STOPF'), m.read('I2C1.ISR.BUSY')]).toEqual([1, 1, 0]);
    m.close();
  });

  it('I2C v2: a device that refuses a byte ends the transfer, and hears of the stop', async () => {
    const heard: string[] = [];
    const device: I2cDevice = {
      start: (direction) => (heard.push(direction), true),
      write: () => (heard.push('byte'), false),
      stop: () => void heard.push('stop'),
    };
    const m = await openMachine({ ...F072, devices: (board) => board.i2c('I2C1', 0x23, device) });
    await i2cOn(m);
    m.write('I2C1.CR2', cr2(0x23, 2, AUTOEND));
    await m.run('1ms');
    m.write('I2C1.TXDR', 1);
    await m.run('1ms');
    expect(heard).toEqual(['write', 'byte', 'stop']);
    expect(m.read('I2C1.ISR.NACKF')).toBe(1);
    m.close();
  });

  it.each([
    ['stm32f072rb', 'f072-entry-address', 'SPI1.DR'],
    ['stm32h533re', 'h533-straight', 'SPI1.RXDR'],
  ])('SPI of %s: a device sees each frame and answers it', async (chip, image, data) => {
    const sent: number[] = [];
    const m = await openMachine({
      chip,
      images: [firmware(image)],
      devices: (board) => board.spi('SPI1', { exchange: (frame) => (sent.push(frame), 0x5a) }),
    });
    await m.run('1ms');
    m.write('RCC.APB2ENR.SPI1EN', 1);
    if (chip === 'stm32h533re') {
      m.write('RCC.CCIPR3.SPI1SEL', 4);
      m.write('SPI1.CFG1', 0x1000_0007);
      m.write('SPI1.CFG2', (1 << 22) | (1 << 26));
      m.write('SPI1.CR1', 1 << 12);
      m.write('SPI1.CR1', (1 << 12) | 1);
      m.writeByte(m.register('SPI1.TXDR').address, 0xc3);
      m.write('SPI1.CR1', (1 << 12) | (1 << 9) | 1);
    } else {
      m.write('SPI1.CR2', 0x1700);
      m.write('SPI1.CR1', 0x034c);
      m.writeByte(m.register('SPI1.DR').address, 0xc3);
    }
    await m.run('1ms');
    expect(sent).toEqual([0xc3]);
    expect(m.read(data) & 0xff).toBe(0x5a);
    m.close();
  });

  it('a button matrix shows the driven side at the read side', async () => {
    let buttons!: ReturnType<typeof buttonMatrix>;
    const m = await openMachine({
      ...F072,
      devices: (board) => (buttons = buttonMatrix(board, { drives: ['PC0', 'PC1'], reads: ['PC2', 'PC3'] })),
    });
    m.write('RCC.AHBENR', 0x1f_0014);
    m.write('GPIOC.MODER', 0b0101);
    m.write('GPIOC.PUPDR', 0b0101_0000);
    m.write('GPIOC.BSRR', 0b01 | (0b10 << 16));
    const low = (): number => m.read('GPIOC.IDR') & 0b1100;
    expect(low()).toBe(0b1100);
    buttons.press('PC1', 'PC3');
    expect(low()).toBe(0b0100);
    buttons.press('PC1', 'PC3', false);
    expect(low()).toBe(0b1100);
    buttons.press('PC0', 'PC2');
    m.write('GPIOC.BSRR', (0b01 << 16) | 0b10);
    expect(low()).toBe(0b1000);
    m.close();
  });

  it('a UART peer hears what the chip sends and answers; a fork has peers of its own', async () => {
    const heard: number[][] = [];
    const m = await openMachine({
      ...F072,
      devices: (board) => {
        const own: number[] = [];
        heard.push(own);
        const peer = board.uart('USART1');
        peer.onByte((byte) => {
          own.push(byte);
          peer.send(Uint8Array.of(byte + 1));
        });
      },
    });
    // PA9 and PA10 lead to it: alternate function 1
    m.write('RCC.AHBENR', 0x2_0014);
    m.write('GPIOA.MODER', 0x2828_0000);
    m.write('GPIOA.AFRH', 0x110);
    m.write('RCC.APB2ENR.USART1EN', 1);
    m.write('USART1.BRR', 69);
    m.write('USART1.CR1', 0b1101);
    await m.run('1ms');
    const fork = m.fork();
    m.write('USART1.TDR', 0x41);
    await m.run('2ms');
    expect(heard).toEqual([[0x41], []]);
    expect(m.read('USART1.RDR')).toBe(0x42);
    expect(fork.read('USART1.RDR')).toBe(0);
    fork.close();
    m.close();
  });

  it('a block of its own answers on the bus', async () => {
    const writes: number[] = [];
    const m = await openMachine({
      ...F072,
      blocks: [
        {
          name: 'FPGA',
          base: 0x6000_0000,
          size: 0x100,
          read: (offset) => offset + 1,
          write: (offset, size, value) => void writes.push(offset, size, value),
        },
      ],
    });
    expect([...m.readMemory(0x6000_0008, 1)]).toEqual([9]);
    m.writeByte(0x6000_0004, 0x33);
    expect(writes).toEqual([4, 1, 0x33]);
    m.close();
  });

  it('timers and state of a device follow the machine back', async () => {
    const m = await openMachine({
      ...F072,
      devices: (board) => {
        const state = board.state({ ticks: 0 });
        const timer = board.timer(() => {
          state.ticks++;
          board.pin('PC5').drive(state.ticks % 2 === 0 ? 0 : 1);
          timer.start('1ms');
        });
        timer.start('1ms');
      },
    });
    m.write('RCC.AHBENR', 0x1f_0014);
    await m.run('1500us');
    const saved = m.save();
    expect(m.pin('PC5').level).toBe(1);
    await m.run('1ms');
    expect(m.pin('PC5').level).toBe(0);
    m.restore(saved);
    expect(m.pin('PC5').level).toBe(1);
    await m.run('1ms');
    expect(m.pin('PC5').level).toBe(0);
    m.close();
  });
});
