/** DMA with channels: copies against a model, widths, circular mode, requests of a USART, errors, priorities. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32F302R8, STM32F303CC, STM32F303K8 } from '../../src/chips/stm32f3.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const RAM = 0x20000000;
const EN = 1;
const TCIE = 2;
const DIR = 1 << 4;
const CIRC = 1 << 5;
const PINC = 1 << 6;
const MINC = 1 << 7;
const MEM2MEM = 1 << 14;

interface Row {
  readonly h: StChip;
  readonly enable: string;
  readonly line: (channel: number) => number;
}
const f0 = new StChip(STM32F072RB);
const l4 = new StChip(STM32L476RG);
const ROWS: readonly (readonly [string, Row])[] = [
  ['STM32F072RB', { h: f0, enable: 'RCC.AHBENR.DMA1EN', line: (n) => (n === 1 ? 9 : n < 4 ? 10 : 11) }],
  ['STM32L476RG', { h: l4, enable: 'RCC.AHB1ENR.DMA1EN', line: (n) => 10 + n }],
];

describe.each(ROWS)('%s', (_name, { h: chip, enable, line }) => {
  const fresh = (): StChip => {
    const h = chip.again();
    h.system.memoryBytes(h.system.chip.memories.find((m) => m.base === RAM)!.name).fill(0);
    h.set(enable, 1);
    return h;
  };
  const bytes = (h: StChip, address: number, n: number): number[] => Array.from({ length: n }, (_, i) => h.system.read(address + i, 1));
  const start = (h: StChip, n: number, from: number, to: number, count: number, ccr: number): void => {
    h.write(`DMA1.CPAR${n}`, from);
    h.write(`DMA1.CMAR${n}`, to);
    h.write(`DMA1.CNDTR${n}`, count);
    h.write(`DMA1.CCR${n}`, ccr | EN);
  };

  it('memory to memory leaves what a copy loop over the two widths would, either way round, from any channel', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(2),
        fc.nat(2),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.nat(0xffffffff),
        (n, count, psize, msize, dir, pinc, minc, seed) => {
          const h = fresh();
          const model = new Uint8Array(0x400);
          for (let i = 0; i < 0x400; i++) {
            model[i] = Math.imul(seed + i, 2654435761) >>> 24;
            h.system.write(RAM + i, 1, model[i]!);
          }
          // The peripheral side at 0, the memory side at 0x200.
          start(
            h,
            n,
            RAM,
            RAM + 0x200,
            count,
            MEM2MEM | (psize << 8) | (msize << 10) | (dir ? DIR : 0) | (pinc ? PINC : 0) | (minc ? MINC : 0),
          );
          h.wait(1 * MS);
          const [p, m] = [1 << psize, 1 << msize];
          for (let i = 0; i < count; i++) {
            const at = pinc ? i * p : 0;
            const mat = 0x200 + (minc ? i * m : 0);
            const [source, size, target, width] = dir ? [mat, m, at, p] : [at, p, mat, m];
            const unit = [...model.slice(source, source + size), 0, 0, 0, 0].slice(0, width);
            // Narrow to wide fills with zeros.
            model.set(
              unit.map((v, k) => (k < size ? v : 0)),
              target,
            );
          }
          expect(bytes(h, RAM, 0x400)).toEqual([...model]);
          expect([h.read(`DMA1.CNDTR${n}`), h.get(`DMA1.ISR.TCIF${n}`), h.get(`DMA1.ISR.TEIF${n}`)]).toEqual([0, 1, 0]);
        },
      ),
      { numRuns: 60 },
    );
  });
  it('half and complete flags come in time; the interrupt follows its enable; CGIF clears all', () => {
    const h = fresh();
    start(h, 5, RAM, RAM + 0x100, 8, MEM2MEM | PINC | MINC | TCIE);
    const hclk = h.hz('hclk')!;
    const clocks = (k: number): number => Math.ceil((k * 1e12) / hclk);
    h.wait(clocks(5 * 4 + 1));
    expect([h.get('DMA1.ISR.HTIF5'), h.get('DMA1.ISR.TCIF5'), h.irqs.get(line(5)) ?? false]).toEqual([1, 0, false]);
    expect(h.read('DMA1.CNDTR5')).toBe(4);
    h.wait(clocks(5 * 4 + 1));
    expect([h.get('DMA1.ISR.GIF5'), h.get('DMA1.ISR.TCIF5'), h.irqs.get(line(5))]).toEqual([1, 1, true]);
    h.write('DMA1.IFCR', 1 << 16);
    expect([h.read('DMA1.ISR'), h.irqs.get(line(5))]).toEqual([0, false]);
    // Done: it starts again only with EN set anew.
    h.wait(MS);
    expect([h.get('DMA1.CCR5.EN'), h.read('DMA1.ISR')]).toEqual([1, 0]);
  });
  it('count and addresses cannot be changed while the channel is on', () => {
    const h = fresh();
    start(h, 1, RAM, RAM + 0x100, 8, PINC | MINC);
    h.write('DMA1.CNDTR1', 3);
    h.write('DMA1.CMAR1', 0);
    expect([h.read('DMA1.CNDTR1'), h.read('DMA1.CMAR1')]).toEqual([8, RAM + 0x100]);
    expect(h.notes.some((n) => n.includes('while the channel is on'))).toBe(true);
    h.write('DMA1.CCR1', 0);
    h.write('DMA1.CNDTR1', 3);
    expect(h.read('DMA1.CNDTR1')).toBe(3);
  });
  it('a bus error switches the channel off and sets TEIF', () => {
    const h = fresh();
    start(h, 2, 0x60000000, RAM, 4, MEM2MEM | PINC | MINC | (2 << 8) | (2 << 10));
    h.wait(10 * US);
    expect([h.get('DMA1.CCR2.EN'), h.get('DMA1.ISR.TEIF2'), h.get('DMA1.ISR.TCIF2')]).toEqual([0, 1, 0]);
  });
  it('the channel with the higher PL goes first, else the lower number', () => {
    for (const [pl, first] of [
      [0, 1],
      [1, 3],
    ] as const) {
      const h = fresh();
      start(h, 1, RAM, RAM + 0x100, 4, MEM2MEM | PINC | MINC);
      start(h, 3, RAM, RAM + 0x200, 4, MEM2MEM | PINC | MINC | (pl << 12));
      while (!h.get('DMA1.ISR.TCIF1') && !h.get('DMA1.ISR.TCIF3')) h.wait(0.1 * US);
      expect(h.get(`DMA1.ISR.TCIF${first}`)).toBe(1);
      expect(h.get(`DMA1.ISR.TCIF${4 - first}`)).toBe(0);
    }
  });
  it('without its clock nothing moves', () => {
    const h = fresh();
    start(h, 1, RAM, RAM + 0x100, 8, MEM2MEM | PINC | MINC);
    h.set(enable, 0);
    h.wait(MS);
    h.set(enable, 1);
    expect(h.read('DMA1.CNDTR1')).toBe(8);
    h.wait(MS);
    expect(h.read('DMA1.CNDTR1')).toBe(0);
  });

  const usart = (h: StChip): number => {
    if (chip === f0) h.set('RCC.APB1ENR.USART2EN', 1);
    else {
      h.set('RCC.APB1ENR1.USART2EN', 1);
      for (const n of [6, 7]) h.set(`DMA1.CSELR.C${n}S`, 2);
    }
    h.write('USART2.BRR', Math.round(h.hz('pclk1')! / 115200));
    h.write('USART2.CR3', (1 << 7) | (1 << 6));
    h.write('USART2.CR1', (1 << 3) | (1 << 2) | 1);
    return h.system.block('USART2').row.base;
  };
  it('USART2 sends what DMA brings, byte by byte at its own pace', () => {
    const h = fresh();
    const base = usart(h);
    const text = 'bootbench';
    [...text].forEach((ch, i) => h.system.write(RAM + i, 1, ch.charCodeAt(0)));
    h.notes.length = 0;
    const n = chip === f0 ? 4 : 7;
    start(h, n, base + 0x28, RAM, text.length, DIR | MINC);
    h.wait(200 * US);
    expect(h.get(`DMA1.ISR.TCIF${n}`)).toBe(0);
    h.wait(2 * MS);
    expect(h.notes.join('')).toBe(text);
    expect([h.get(`DMA1.ISR.TCIF${n}`), h.get('USART2.ISR.TC')]).toEqual([1, 1]);
  });
  it('USART2 fills a circular buffer', () => {
    const h = fresh();
    const base = usart(h);
    const n = chip === f0 ? 5 : 6;
    start(h, n, base + 0x24, RAM, 4, MINC | CIRC);
    [...'abcdef'].forEach((ch, i) => {
      h.system.setWire('usart2.rx', 0x100 | ch.charCodeAt(0) | ((i + 1) << 9));
      h.wait(90 * US);
    });
    expect(String.fromCharCode(...bytes(h, RAM, 4))).toBe('efcd');
    expect([h.read(`DMA1.CNDTR${n}`), h.get(`DMA1.ISR.TCIF${n}`), h.get('USART2.ISR.ORE')]).toEqual([2, 1, 0]);
  });
});

it('L4: another CSELR value disconnects the request', () => {
  const h = l4.again();
  h.set('RCC.AHB1ENR.DMA1EN', 1);
  h.set('RCC.APB1ENR1.USART2EN', 1);
  h.write('USART2.BRR', 35);
  h.write('USART2.CR3', 1 << 7);
  h.write('USART2.CR1', (1 << 3) | 1);
  h.write('DMA1.CPAR7', h.system.block('USART2').row.base + 0x28);
  h.write('DMA1.CMAR7', RAM);
  h.write('DMA1.CNDTR7', 4);
  h.write('DMA1.CCR7', DIR | MINC | EN);
  h.wait(MS);
  expect(h.read('DMA1.CNDTR7')).toBe(4);
  h.set('DMA1.CSELR.C7S', 2);
  h.wait(MS);
  expect(h.read('DMA1.CNDTR7')).toBe(0);
});

/** Controller and channels that serve a request, at values of a field of SYSCFG. */
const MOVED: readonly (readonly [ChipDescription, wire: string, field: string, Readonly<Record<number, readonly string[]>>])[] = [
  [STM32F072RB, 'adc.dma', 'CFGR1.ADC_DMA_RMP', { 0: ['DMA1.1'], 1: ['DMA1.2'] }],
  [STM32F072RB, 'usart1.dma.tx', 'CFGR1.USART1_TX_DMA_RMP', { 0: ['DMA1.2'], 1: ['DMA1.4'] }],
  [STM32F072RB, 'i2c1.dma.rx', 'CFGR1.I2C1_DMA_RMP', { 0: ['DMA1.3'], 1: ['DMA1.7'] }],
  [STM32F072RB, 'tim1.dma.cc3', 'CFGR1.TIM1_DMA_RMP', { 0: ['DMA1.5'], 1: ['DMA1.6'] }],
  [STM32F072RB, 'tim16.dma.up', 'CFGR1.TIM16_DMA_RMP', { 0: ['DMA1.3'], 1: ['DMA1.4'] }],
  [STM32F303CC, 'tim6.dma.up', 'CFGR1.TIM6_DAC1_DMA_RMP', { 0: ['DMA2.3'], 1: ['DMA1.3'] }],
  [STM32F303CC, 'dac.dma.cc2', 'CFGR1.TIM7_DAC2_DMA_RMP', { 0: ['DMA2.4'], 1: ['DMA1.4'] }],
  [STM32F303CC, 'adc4.dma', 'CFGR1.ADC24_DMA_RMP', { 0: ['DMA2.2'], 1: ['DMA2.4'] }],
  [STM32F302R8, 'tim6.dma.up', 'CFGR1.TIM6_DAC1_DMA_RMP', { 0: [], 1: ['DMA1.3'] }],
  [STM32F303K8, 'adc2.dma', 'CFGR3.ADC2_DMA_RMP', { 0: [], 2: ['DMA1.2'], 3: ['DMA1.4'] }],
  [STM32F303K8, 'spi1.dma.rx', 'CFGR3.SPI1_RX_DMA_RMP', { 0: ['DMA1.2'], 1: ['DMA1.4'], 2: ['DMA1.6'] }],
];
function withClocks(chip: ChipDescription, names: readonly string[]): StChip {
  const h = new StChip(chip);
  for (const { name, clock } of chip.blocks) if (names.includes(name)) h.set(`RCC.${clock}`, 1);
  return h;
}
it.each(MOVED)('%#: SYSCFG moves a DMA request to another channel', (chip, wire, field, places) => {
  for (const [value, expected] of Object.entries(places)) {
    const h = withClocks(chip, ['SYSCFG', 'DMA1', 'DMA2']);
    const controllers = ['DMA1', 'DMA2'].filter((name) => chip.blocks.some((b) => b.name === name));
    const channels = controllers.flatMap((name) => Array.from({ length: name === 'DMA1' ? 7 : 5 }, (_, i) => `${name}.${i + 1}`));
    for (const [name, n] of channels.map((channel) => channel.split('.') as [string, string])) {
      h.write(`${name}.CPAR${n}`, RAM);
      h.write(`${name}.CMAR${n}`, RAM + 0x100);
      h.write(`${name}.CNDTR${n}`, 1);
      h.write(`${name}.CCR${n}`, EN);
    }
    h.set(`SYSCFG.${field}`, Number(value));
    h.system.setWire(wire, 2);
    h.wait(MS);
    const served = channels.filter((channel) => h.read(channel.replace('.', '.CNDTR')) === 0);
    expect(served, `${chip.name} ${field} = ${value}`).toEqual(expected);
  }
});
it('F303x8: ADC2 is on channel 2 from reset on', () => {
  expect(withClocks(STM32F303K8, ['SYSCFG']).get('SYSCFG.CFGR3.ADC2_DMA_RMP')).toBe(2);
});
