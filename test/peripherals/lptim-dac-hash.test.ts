/** LPTIM, DAC and HASH: what firmware waits for. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { STM32F303CC } from '../../src/chips/stm32f3.ts';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32F746ZG } from '../../src/chips/stm32f7.ts';
import { STM32G0B1RE } from '../../src/chips/stm32g0.ts';
import { STM32G474RE } from '../../src/chips/stm32g4.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

describe('blocks of the newer lines that are those of others', () => {
  it('I2C1 of F7 runs by the clock that DCKCFGR2 selects, and ends an unanswered address by NACKF and STOPF', () => {
    const h = new StChip(STM32F746ZG);
    h.set('RCC.APB1ENR.I2C1EN', 1);
    for (const source of [0, 1, 2]) {
      h.set('RCC.DCKCFGR2.I2C1SEL', source);
      expect(h.hz('i2c1')).toBe(16_000_000);
      h.write('I2C1.TIMINGR', 0x10101010);
      h.write('I2C1.CR1', 1);
      h.write('I2C1.CR2', 0x50 | (1 << 13) | (1 << 25) | (1 << 16));
      expect(h.read('I2C1.ISR') & 0x8000).toBe(0x8000);
      h.wait(5 * MS);
      expect(h.read('I2C1.ISR') & 0x8030).toBe(0x30);
      h.write('I2C1.CR1', 0);
    }
    h.set('RCC.DCKCFGR2.LPTIM1SEL', 3);
    expect(h.hz('lptim1')).toBeNull();
  });
  it.each([
    ['F103', findChip('stm32f103re')!, 'RCC.APB1ENR.DACEN', 'DAC'],
    ['F303', STM32F303CC, 'RCC.APB1ENR.DACEN', 'DAC'],
    ['F746', STM32F746ZG, 'RCC.APB1ENR.DACEN', 'DAC'],
    ['G474', STM32G474RE, 'RCC.AHB2ENR.DAC3EN', 'DAC3'],
    ['G0B1', STM32G0B1RE, 'RCC.APBENR1.DAC1EN', 'DAC1'],
  ] as const)('a DAC of %s gives out what is written while it is on', (_line, description, gate, dac) => {
    const h = new StChip(description);
    h.set(gate, 1);
    h.write(`${dac}.DHR12R1`, 0x123);
    expect(h.read(`${dac}.DOR1`)).toBe(0);
    h.write(`${dac}.CR`, 1);
    h.write(`${dac}.DHR12R1`, 0xabc);
    expect(h.read(`${dac}.DOR1`)).toBe(0xabc);
  });
});

it('each LPTIM of U575 behaves, the last two with one kernel clock', () => {
  const rows = findChip('stm32u575zi')!.blocks.filter((b) => /^LPTIM\d$/.test(b.name));
  expect(Object.fromEntries(rows.map((b) => [b.name, [b.model, b.options?.['clock']]]))).toEqual({
    LPTIM1: ['lptim', 'lptim1'],
    LPTIM2: ['lptim', 'lptim2'],
    LPTIM3: ['lptim', 'lptim34'],
    LPTIM4: ['lptim', 'lptim34'],
  });
});

describe('LPTIM of STM32L476RG', () => {
  const chip = new StChip(STM32L476RG);
  const hz = chip.hz('hclk')!;
  const fresh = (): StChip => {
    const h = chip.again();
    h.set('RCC.APB1ENR1.LPTIM1EN', 1);
    return h;
  };
  it('ARR and CMP are taken over a few kernel clocks after the write, and only while it is enabled', () => {
    const h = fresh();
    h.write('LPTIM1.ARR', 99);
    expect(h.read('LPTIM1.ARR')).toBe(1);
    h.write('LPTIM1.CR', 1);
    h.write('LPTIM1.ARR', 99);
    expect(h.read('LPTIM1.ISR') & 0x10).toBe(0);
    h.wait(5 * US);
    expect(h.read('LPTIM1.ISR') & 0x10).toBe(0x10);
    h.write('LPTIM1.ICR', 0x10);
    expect(h.read('LPTIM1.ISR')).toBe(0);
  });
  it('CNT counts the kernel clock through the prescaler from 0 to ARR; ARRM rises at ARR', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.nat(7), fc.integer({ min: 0, max: 5000 }), (arr, presc, ticks) => {
        const h = fresh();
        h.write('LPTIM1.CFGR', presc << 9);
        h.write('LPTIM1.CR', 1);
        h.write('LPTIM1.ARR', arr);
        h.write('LPTIM1.CR', 5);
        const period = (2 ** presc * 1e12) / hz;
        h.wait(Math.round((2 * 1e12) / hz + (ticks + 0.5) * period));
        expect(h.read('LPTIM1.CNT')).toBe(ticks % (arr + 1));
        expect((h.read('LPTIM1.ISR') >>> 1) & 1).toBe(ticks >= arr ? 1 : 0);
      }),
      { numRuns: 60 },
    );
  });
  it('the interrupt of the reload match comes at the match, one-shot mode stops there', () => {
    const h = fresh();
    h.write('LPTIM1.IER', 2);
    h.write('LPTIM1.CR', 1);
    h.write('LPTIM1.ARR', hz / 1000 - 1);
    h.write('LPTIM1.CR', 3);
    h.wait(0.99 * MS);
    expect(h.irqs.get(65) === true).toBe(false);
    h.wait(0.02 * MS);
    expect(h.irqs.get(65)).toBe(true);
    h.write('LPTIM1.ICR', 2);
    h.wait(5 * MS);
    expect(h.irqs.get(65)).toBe(false);
    expect(h.read('LPTIM1.CNT')).toBe(0);
  });
});

describe('DAC of STM32F405RG', () => {
  const chip = new StChip(STM32F405RG);
  it('DOR follows DHR at once without a trigger, at SWTRIG with it', () => {
    const h = chip.again();
    h.set('RCC.APB1ENR.DACEN', 1);
    h.write('DAC.CR', 1);
    h.write('DAC.DHR12R1', 0x123);
    expect(h.read('DAC.DOR1')).toBe(0x123);
    h.write('DAC.CR', 1 | 4 | (7 << 3));
    h.write('DAC.DHR8R1', 0x45);
    expect(h.read('DAC.DOR1')).toBe(0x123);
    h.write('DAC.SWTRIGR', 1);
    expect(h.read('DAC.DOR1')).toBe(0x450);
  });
  it('TIM6 triggers it, each trigger asks the DMA for the next value', () => {
    const h = chip.again();
    h.system.memoryBytes('sram1').fill(0);
    for (const [i, v] of [0x111, 0x222, 0x333].entries()) h.system.write(0x20000000 + 2 * i, 2, v);
    for (const bit of ['APB1ENR.DACEN', 'APB1ENR.TIM6EN', 'AHB1ENR.DMA1EN']) h.set(`RCC.${bit}`, 1);
    h.write('DMA1.S5PAR', h.address('DAC.DHR12R1'));
    h.write('DMA1.S5M0AR', 0x20000000);
    h.write('DMA1.S5NDTR', 3);
    h.write('DMA1.S5CR', ((7 << 25) | (1 << 13) | (1 << 11) | (1 << 10) | (1 << 8) | (1 << 6) | 1) >>> 0);
    h.write('DAC.CR', 1 | 4 | (1 << 12));
    h.write('TIM6.ARR', 15_999);
    h.write('TIM6.CR2', 2 << 4);
    h.write('TIM6.CR1', 1);
    const seen: number[] = [];
    h.wait(0.5 * MS);
    for (let i = 0; i < 5; i++) {
      h.wait(MS);
      seen.push(h.read('DAC.DOR1'));
    }
    expect(seen).toEqual([0, 0x111, 0x222, 0x333, 0x111]);
  });
});

describe('HASH of STM32H533RE', () => {
  const chip = new StChip(STM32H533RE);
  const ALGORITHMS = [
    [0, 'sha1'],
    [2, 'sha224'],
    [3, 'sha256'],
    [12, 'sha384'],
    [15, 'sha512'],
  ] as const;
  it('the digest of any message of whole bytes stands in HR0… when DCIS has risen', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, minLength: 1 }), fc.constantFrom(...ALGORITHMS), (message, [algo, name]) => {
        const h = chip.again();
        h.set('RCC.AHB2ENR.HASHEN', 1);
        h.write('HASH.CR', (algo << 17) | (2 << 4) | 4);
        for (let i = 0; i < message.length; i += 4)
          h.write('HASH.DIN', [0, 1, 2, 3].reduce((w, k) => w | ((message[i + k] ?? 0) << (8 * k)), 0) >>> 0);
        h.write('HASH.STR', 0x100 | ((message.length % 4) * 8));
        expect(h.read('HASH.SR') & 0xa).toBe(8);
        h.wait(MS);
        expect(h.read('HASH.SR') & 0xa).toBe(2);
        const want = createHash(name).update(message).digest();
        const got = Buffer.alloc(want.length);
        for (let i = 0; i < want.length / 4; i++) got.writeUInt32BE(h.read(`HASH.HR${i}`), 4 * i);
        expect(got.toString('hex')).toBe(want.toString('hex'));
      }),
      { numRuns: 40 },
    );
  });
});
