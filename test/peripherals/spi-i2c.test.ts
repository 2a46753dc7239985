/** SPI and I2C controllers with nothing on the wire: times, flags, FIFOs, DMA, NACK. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { PIN_FLOATING } from '../../src/peripherals/pins/gpio-common.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const [RXNE, TXE, OVR, BSY] = [1, 2, 64, 128];
const MASTER = 0x304; // MSTR, SSM, SSI
const SPE = 0x40;

describe.each([
  ['STM32F405RG', STM32F405RG, 'RCC.AHB1ENR.GPIOAEN', 5],
  ['STM32L476RG', STM32L476RG, 'RCC.AHB2ENR.GPIOAEN', 5],
  ['STM32F072RB', STM32F072RB, 'RCC.AHBENR.IOPAEN', 0],
] as const)('SPI of %s', (_name, description, port, af) => {
  const chip = new StChip(description);
  const hz = chip.hz('hclk')!;
  const fifo = chip.layout('SPI1').hasField('CR2.DS');
  const fresh = (): StChip => {
    const h = chip.again();
    h.set('RCC.APB2ENR.SPI1EN', 1);
    if (fifo) h.write('SPI1.CR2', 0x1700);
    return h;
  };
  const send = (h: StChip, value: number): void => void h.system.write(h.address('SPI1.DR'), 1, value);
  const take = (h: StChip): number => h.system.read(h.address('SPI1.DR'), 1);
  const route = (h: StChip, pull: number): void => {
    h.set(port, 1);
    h.system.setWire('pin.PA6', PIN_FLOATING);
    h.write('GPIOA.AFRL', af << 24);
    h.write('GPIOA.PUPDR', pull << 12);
    h.write('GPIOA.MODER', 2 << 12);
  };

  it('a frame takes eight bits of PCLK / 2^(BR + 1): RXNE and the end of BSY come then', () => {
    fc.assert(
      fc.property(fc.nat(7), (br) => {
        const h = fresh();
        h.write('SPI1.CR1', MASTER | SPE | (br << 3));
        send(h, 0x55);
        const frame = (8 * 2 ** (br + 1) * 1e12) / hz;
        h.wait(frame * 0.9);
        expect(h.read('SPI1.SR') & (BSY | RXNE)).toBe(BSY);
        h.wait(frame * 0.2);
        expect(h.read('SPI1.SR') & (BSY | RXNE | TXE)).toBe(RXNE | TXE);
      }),
    );
  });

  it('MISO reads as its pull: ones with a pull-up, zeros without', () => {
    for (const [pull, value] of [
      [0, 0],
      [1, 0xff],
      [2, 0],
    ] as const) {
      const h = fresh();
      route(h, pull);
      h.write('SPI1.CR1', MASTER | SPE);
      send(h, 0x9f);
      h.wait(100 * US);
      expect(take(h)).toBe(value);
    }
  });

  it('frames that nobody reads overrun; reading DR and then SR clears the flag', () => {
    const h = fresh();
    h.write('SPI1.CR1', MASTER | SPE);
    for (let i = 0; i < 6; i++) {
      send(h, i);
      h.wait(100 * US);
    }
    expect(h.read('SPI1.SR') & OVR).toBe(OVR);
    while (h.read('SPI1.SR') & RXNE) take(h);
    expect(h.read('SPI1.SR') & OVR).toBe(0);
  });

  it('its status holds while nothing is going on, but not where reading it clears the overrun', () => {
    const h = fresh();
    const holds = (): boolean => {
      const b = h.system.block('SPI1');
      return b.component.holds(b.state, b.env, h.address('SPI1.SR') - b.row.base) === Infinity;
    };
    h.write('SPI1.CR1', MASTER | SPE);
    expect(holds()).toBe(true);
    for (let i = 0; i < 6; i++) {
      send(h, i);
      h.wait(100 * US);
    }
    while (h.system.block('SPI1').component.peek(h.system.block('SPI1').state, h.system.block('SPI1').env, 8, 4) & RXNE) take(h);
    expect(holds()).toBe(false);
    h.read('SPI1.SR');
    expect(holds()).toBe(true);
  });

  it('SSI low with software slave management is a mode fault: SPE and MSTR fall', () => {
    const h = fresh();
    h.write('SPI1.CR1', 0x204 | SPE);
    expect(h.read('SPI1.SR') & 0x20).toBe(0x20);
    expect(h.read('SPI1.CR1') & (SPE | 4)).toBe(0);
  });

  const itWithFifo = fifo ? it : null;
  itWithFifo?.('a half-word written with 8-bit frames sends two, a half-word read takes two', () => {
    const h = fresh();
    route(h, 1);
    h.write('SPI1.CR1', MASTER | SPE);
    h.system.write(h.address('SPI1.DR'), 2, 0x1234);
    h.wait(MS);
    expect((h.read('SPI1.SR') >>> 9) & 3).toBe(2);
    expect(h.system.read(h.address('SPI1.DR'), 2)).toBe(0xffff);
    expect(h.read('SPI1.SR') & RXNE).toBe(0);
  });
});

describe.each([
  ['STM32H533RE', STM32H533RE, 'RCC.APB2ENR.SPI1EN', 'RCC.CCIPR3.SPI1SEL', 4],
  ['STM32H745XI', STM32H745XI, 'RCC.APB2ENR.SPI1EN', 'RCC.D2CCIP1R.SPI123SEL', 4],
] as const)('SPI of %s', (_name, description, enable, select, per) => {
  const chip = new StChip(description);
  const fresh = (): StChip => {
    const h = chip.again();
    h.set(enable, 1);
    h.set(select, per);
    h.write('SPI1.CFG2', (1 << 22) | (1 << 26));
    h.write('SPI1.CFG1', 7);
    return h;
  };
  it('a slave that waits for its master asks for nothing: TXC is down until TSIZE frames are through', () => {
    const h = fresh();
    h.write('SPI1.CFG2', 1 << 26);
    h.write('SPI1.CR2', 4);
    h.write('SPI1.CR1', 1);
    h.write('SPI1.IER', 0x36c);
    for (let i = 0; i < 4; i++) h.system.write(h.address('SPI1.TXDR'), 1, i);
    expect(h.read('SPI1.SR') & 0x1000).toBe(0);
    expect(h.irqs.get(h.system.block('SPI1').row.irqs![0]!) ?? false).toBe(false);
  });
  it('a transfer of TSIZE frames ends with EOT and TXC, CSTART falls, CTSIZE has counted down', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), (n) => {
        const h = fresh();
        h.write('SPI1.CR2', n);
        h.write('SPI1.CR1', 0x1001);
        for (let i = 0; i < n; i++) h.system.write(h.address('SPI1.TXDR'), 1, i);
        expect(h.read('SPI1.SR') & 0x12).toBe(0x10); // TXTF, no room asked for any more
        expect(h.read('SPI1.SR') >>> 16).toBe(n);
        h.write('SPI1.CR1', 0x1201);
        h.wait(MS);
        expect(h.read('SPI1.SR') & 0x1008).toBe(0x1008);
        expect(h.read('SPI1.SR') >>> 16).toBe(0);
        expect(h.read('SPI1.CR1') & 0x200).toBe(0);
        let got = 0;
        while (h.read('SPI1.SR') & 1) {
          h.system.read(h.address('SPI1.RXDR'), 1);
          got++;
        }
        expect(got).toBe(n);
      }),
    );
  });
  it('without a kernel clock nothing goes out', () => {
    const h = fresh();
    h.set(select, 0);
    h.write('SPI1.CR2', 1);
    h.write('SPI1.CR1', 0x1001);
    h.system.write(h.address('SPI1.TXDR'), 1, 1);
    h.write('SPI1.CR1', 0x1201);
    h.wait(MS);
    expect(h.read('SPI1.SR') & 8).toBe(0);
  });
});

describe('I2C of STM32F405RG', () => {
  const chip = new StChip(STM32F405RG);
  it('start, address, no acknowledge, stop: SB, AF, then the bus is free', () => {
    const h = chip.again();
    h.set('RCC.APB1ENR.I2C1EN', 1);
    h.write('I2C1.CCR', 80);
    h.write('I2C1.CR2', 16 | (1 << 8));
    h.write('I2C1.CR1', 1);
    h.write('I2C1.CR1', 0x101);
    h.wait(20 * US);
    expect(h.read('I2C1.SR1')).toBe(1);
    expect(h.read('I2C1.SR2')).toBe(3);
    h.write('I2C1.DR', 0xa0);
    expect(h.read('I2C1.SR1') & 1).toBe(0);
    h.wait(80 * US);
    expect(h.read('I2C1.SR1')).toBe(0);
    h.wait(20 * US);
    expect(h.read('I2C1.SR1')).toBe(0x400);
    expect(h.irqs.get(32)).toBe(true);
    h.write('I2C1.SR1', ~0x400 >>> 0);
    expect(h.irqs.get(32)).toBe(false);
    h.write('I2C1.CR1', 0x201);
    h.wait(20 * US);
    expect(h.read('I2C1.SR2')).toBe(0);
    expect(h.read('I2C1.CR1')).toBe(1);
  });
});

describe.each([
  ['STM32L476RG', STM32L476RG, 'RCC.APB1ENR1.I2C1EN'],
  ['STM32H533RE', STM32H533RE, 'RCC.APB1LENR.I2C1EN'],
  ['STM32H745XI', STM32H745XI, 'RCC.APB1LENR.I2C1EN'],
  ['STM32F072RB', STM32F072RB, 'RCC.APB1ENR.I2C1EN'],
] as const)('I2C of %s', (_name, description, enable) => {
  const chip = new StChip(description);
  it('an address that nobody answers raises NACKF, the stop follows by itself, START and BUSY fall', () => {
    const h = chip.again();
    h.set(enable, 1);
    h.write('I2C1.TIMINGR', 0x00303d5b);
    h.write('I2C1.CR1', 1);
    h.write('I2C1.CR2', 0x2000 | (1 << 25) | (1 << 16) | 0xa0);
    expect(h.read('I2C1.ISR') & 0x8000).toBe(0x8000);
    h.wait(MS);
    expect(h.read('I2C1.ISR') & 0x8030).toBe(0x30);
    expect(h.read('I2C1.CR2') & 0x2000).toBe(0);
    h.write('I2C1.ICR', 0x30);
    expect(h.read('I2C1.ISR')).toBe(1);
  });
});
