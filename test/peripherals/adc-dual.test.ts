/** Dual modes of the ADC with ADSTART: what a master's start, stop and trigger do to its slave, and what CDR gives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32F303CC } from '../../src/chips/stm32f3.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { findChip } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const ISR = { EOC: 1 << 2, EOS: 1 << 3, OVR: 1 << 4, JEOS: 1 << 6 };
const CR = { ADSTART: 1 << 2, JADSTART: 1 << 3, ADSTP: 1 << 4 };
const MODE = { together: 6, interleaved: 7, injected: 5, alternate: 9 };
const CONT = 1 << 13;

/** A chip with both converters ready; their clock is HCLK / 2 on H7, else HCLK. */
class Pair {
  readonly h: StChip;
  private readonly on: () => void;
  readonly common: string;
  readonly [1]: string;
  readonly [2]: string;
  constructor(chip: ChipDescription, gate: string, common: string, first = 1) {
    this.h = new StChip(chip);
    this.common = common;
    this[1] = `ADC${first}`;
    this[2] = `ADC${first + 1}`;
    this.on = () => this.h.set(gate, 1);
  }
  /** @param ccr mode, delay and packing */
  ready(ccr: number): this {
    this.h.again();
    this.on();
    this.h.write(`${this.common}.CCR`, ccr | (1 << 16));
    for (const adc of [this[1], this[2]]) {
      this.h.write(`${adc}.CR`, 0);
      this.h.write(`${adc}.CR`, 1 << 28);
      this.h.wait(20 * US);
      this.h.write(`${adc}.CR`, (1 << 28) | 1);
    }
    this.h.wait(20 * US);
    this.channel(1, 3, 3300);
    this.channel(2, 4, 0);
    return this;
  }
  /** One channel as the regular sequence and as the injected one. */
  channel(which: 1 | 2, channel: number, millivolts: number): void {
    const adc = this[which];
    this.h.system.setWire(`analog.${adc}.${channel}`, millivolts + 1);
    this.h.write(`${adc}.SQR1`, channel << 6);
    this.h.write(`${adc}.JSQR`, channel << this.h.field(`${adc}.JSQR.JSQ1`).bit);
  }
  isr(which: 1 | 2): number {
    return this.h.read(`${this[which]}.ISR`);
  }
  cr(which: 1 | 2): number {
    return this.h.read(`${this[which]}.CR`);
  }
  start(bits = CR.ADSTART): void {
    this.h.write(`${this[1]}.CR`, this.cr(1) | bits);
  }
}
const G474 = findChip('stm32g474re')!;
const PAIRS = {
  L476: new Pair(STM32L476RG, 'RCC.AHB2ENR.ADCEN', 'ADC_Common'),
  F303: new Pair(STM32F303CC, 'RCC.AHBENR.ADC12EN', 'ADC1_2'),
  G474: new Pair(G474, 'RCC.AHB2ENR.ADC12EN', 'ADC12_Common'),
  H533: new Pair(STM32H533RE, 'RCC.AHB2ENR.ADCEN', 'ADC12_COMMON'),
  H745: new Pair(STM32H745XI, 'RCC.AHB1ENR.ADC12EN', 'ADC12_Common'),
} as const;

describe.each(Object.entries(PAIRS))('%s', (name, pair) => {
  const full = name === 'H745' ? 0xffff : 0xfff;

  it('the start of the master starts both; CSR and CDR show both, and reading CDR takes both results', () => {
    const { h } = pair.ready(MODE.together);
    pair.start();
    expect([pair.cr(1) & CR.ADSTART, pair.cr(2) & CR.ADSTART]).toEqual([CR.ADSTART, CR.ADSTART]);
    h.wait(20 * US);
    expect([pair.cr(1) & CR.ADSTART, pair.cr(2) & CR.ADSTART]).toEqual([0, 0]);
    const both = ISR.EOC | (ISR.EOC << 16);
    expect(h.read(`${pair.common}.CSR`) & both).toBe(both);
    expect(h.read(`${pair.common}.CDR`)).toBe(full);
    expect(h.read(`${pair.common}.CSR`) & both).toBe(0);
  });

  it('without a mode the slave stays as it is', () => {
    pair.ready(0).start();
    pair.h.wait(20 * US);
    expect([pair.isr(1) & ISR.EOC, pair.isr(2) & ISR.EOC, pair.cr(2) & CR.ADSTART]).toEqual([ISR.EOC, 0, 0]);
  });

  it('continuous: the slave takes CONT from its master, and ADSTP of the master stops both', () => {
    const { h } = pair.ready(MODE.together);
    h.write('ADC1.CFGR', CONT);
    pair.start();
    h.wait(20 * US);
    h.read(`${pair.common}.CDR`);
    h.wait(20 * US);
    expect(h.read(`${pair.common}.CSR`) & (ISR.EOC << 16)).toBe(ISR.EOC << 16);
    pair.start(CR.ADSTP);
    expect([pair.cr(1) & CR.ADSTART, pair.cr(2) & CR.ADSTART]).toEqual([0, 0]);
    h.write('ADC2.ISR', 0x7ff);
    h.wait(20 * US);
    expect(pair.isr(2) & ISR.EOC).toBe(0);
  });

  it('interleaved: the slave begins behind the sampling of its master and the delay', () => {
    fc.assert(
      fc.property(fc.nat(11), (delay) => {
        const { h } = pair.ready(MODE.interleaved | (delay << 8));
        const clock = 1e12 / h.hz(name === 'H745' ? 'hclk' : 'hclk')!;
        const half = name === 'H745' ? clock : clock / 2;
        pair.start();
        const ends = [1, 2].map((which) => {
          let n = 0;
          while (!(pair.isr(which as 1 | 2) & ISR.EOC) && n++ < 400) h.wait(half);
          return h.system.now;
        });
        const sampling = { L476: 5, F303: 3, G474: 5, H533: 5, H745: 3 }[name as keyof typeof PAIRS];
        const expected = (sampling + 2 * (delay + 1)) * half;
        expect(Math.abs(ends[1]! - ends[0]! - expected)).toBeLessThanOrEqual(3 * half);
      }),
      { numRuns: 8 },
    );
  });

  it('injected groups start together, or in turn with alternate triggers', () => {
    const { h } = pair.ready(MODE.injected);
    pair.start(CR.JADSTART);
    h.wait(20 * US);
    expect([pair.isr(1) & ISR.JEOS, pair.isr(2) & ISR.JEOS]).toEqual([ISR.JEOS, ISR.JEOS]);
    pair.ready(MODE.alternate);
    h.set(name === 'F303' ? 'RCC.APB1ENR.TIM2EN' : name.startsWith('H') ? 'RCC.APB1LENR.TIM2EN' : 'RCC.APB1ENR1.TIM2EN', 1);
    const jsqr = h.field('ADC1.JSQR.JEXTEN').bit;
    h.write('ADC1.JSQR', (h.read('ADC1.JSQR') | (1 << jsqr) | (2 << 2)) >>> 0);
    h.write('TIM2.ARR', 999);
    h.write('TIM2.CR2', 2 << 4);
    pair.start(CR.JADSTART);
    h.write('TIM2.CR1', 1);
    const seen: number[] = [];
    for (let i = 0; i < 40_000 && seen.length < 4; i++) {
      h.wait(US / 4);
      for (const which of [1, 2] as const)
        if (pair.isr(which) & ISR.JEOS) {
          seen.push(which);
          h.write(`ADC${which}.ISR`, ISR.JEOS);
        }
    }
    expect(seen).toEqual([1, 2, 1, 2]);
  });
});

describe('DMA of packed results', () => {
  /** DMA1 of L476, channel 1: ADC1's. */
  function collect(pair: Pair, packing: number, count: number, timing: readonly [number, number]): readonly number[] {
    const { h } = pair.ready(MODE.together | (packing << 14));
    h.system.memoryBytes('sram1').fill(0xee);
    h.set('RCC.AHB1ENR.DMA1EN', 1);
    h.write('DMA1.CPAR1', h.address('ADC_Common.CDR'));
    h.write('DMA1.CMAR1', 0x20000000);
    h.write('DMA1.CNDTR1', count);
    h.write('DMA1.CCR1', 1 | (1 << 7) | (2 << 8) | (2 << 10));
    timing.forEach((smp, i) => h.write(`ADC${i + 1}.SMPR1`, smp << (3 * (i + 3))));
    h.write('ADC1.CFGR', CONT);
    pair.start();
    h.wait(2000 * US);
    return Array.from({ length: count + 1 }, (_, i) => h.system.read(0x20000000 + 4 * i, 4));
  }
  it('brings one word for each pair, whatever the sampling times are', () => {
    fc.assert(
      fc.property(fc.nat(4), fc.nat(4), fc.integer({ min: 1, max: 6 }), (a, b, count) => {
        const words = collect(PAIRS.L476, 2, count, [a, b]);
        // A converter that overtakes the other by a whole conversion loses data; what arrived is a pair each.
        expect(words[0]).toBe(0x00000fff);
        expect(new Set(words.slice(0, count))).toEqual(new Set([0x00000fff]));
        expect(words[count]).toBe(0xeeeeeeee);
      }),
      { numRuns: 10 },
    );
  });
  it('packs eight bits of each with MDMA = 3', () => {
    const pair = PAIRS.L476.ready(0);
    for (const adc of ['ADC1', 'ADC2']) pair.h.write(`${adc}.CFGR`, 2 << 3);
    expect(collect(PAIRS.L476, 3, 2, [0, 0])[0]! & 0xffff).toBe(0x00ff);
  });
  it('CDR2 of H7 gives master and slave in turn', () => {
    const { h } = PAIRS.H745.ready(MODE.together);
    PAIRS.H745.start();
    h.wait(20 * US);
    expect([1, 2, 3].map(() => h.read('ADC12_Common.CDR2'))).toEqual([0xffff, 0, 0xffff]);
  });
});

it('F303: TRGO of TIM7 starts ADC3, ADC34 is a pair of its own', () => {
  const h = new StChip(findChip('stm32f303vc')!);
  h.set('RCC.AHBENR.ADC34EN', 1);
  h.set('RCC.APB1ENR.TIM7EN', 1);
  h.write('ADC3_4.CCR', (1 << 16) | MODE.together);
  for (const adc of ['ADC3', 'ADC4']) {
    h.write(`${adc}.CR`, 0);
    h.write(`${adc}.CR`, 1 << 28);
    h.wait(20 * US);
    h.write(`${adc}.CR`, (1 << 28) | 1);
  }
  h.wait(20 * US);
  h.write('ADC3.CFGR', (1 << 10) | (13 << 6));
  h.write('ADC3.CR', h.read('ADC3.CR') | CR.ADSTART);
  h.wait(50 * US);
  expect(h.read('ADC3_4.CSR') & (ISR.EOC | (ISR.EOC << 16))).toBe(0);
  h.write('TIM7.ARR', 99);
  h.write('TIM7.CR2', 2 << 4);
  h.write('TIM7.CR1', 1);
  h.wait(50 * US);
  expect(h.read('ADC3_4.CSR') & (ISR.EOC | (ISR.EOC << 16))).toBe(ISR.EOC | (ISR.EOC << 16));
});

it.each(['stm32g474re', 'stm32f303vc', 'stm32f405rg', 'stm32f103re', 'stm32h743zi', 'stm32u575zi', 'stm32f334r8'])(
  '%s: each converter and each DAC has a bit of its own in the wires that say who waits for an event',
  (name) => {
    const bits = new Map<string, Set<number>>();
    for (const b of findChip(name)!.blocks) {
      const o = b.options as { triggers?: Record<number, string>; index?: number; listener?: number } | undefined;
      if (!o?.triggers || !/^adc|^dac$/.test(b.model ?? '')) continue;
      const bit = b.model === 'dac' ? (o.listener ?? 24) : o.index!;
      for (const wire of new Set(Object.values(o.triggers))) {
        const taken = bits.get(wire) ?? new Set();
        expect([wire, b.name, taken.has(bit)]).toEqual([wire, b.name, false]);
        bits.set(wire, taken.add(bit));
      }
    }
    expect(bits.size).toBeGreaterThan(4);
  },
);
