/** ADC of L1 (RM0038 12) and the dual modes of F1 (RM0008 11.9). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { STM32L152RE } from '../../src/chips/stm32l1.ts';
import { US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const SR = { EOC: 1 << 1, JEOC: 1 << 2, OVR: 1 << 5, ADONS: 1 << 6 };
const HSI_CYCLE = 62_500;

describe('L1', () => {
  const chip = new StChip(STM32L152RE);
  const fresh = (): StChip => {
    const h = chip.again();
    h.set('RCC.CR.HSION', 1);
    h.set('RCC.APB2ENR.ADC1EN', 1);
    h.wait(20 * US);
    return h;
  };
  const ready = (): StChip => {
    const h = fresh();
    h.write('ADC1.CR2', 1);
    h.wait(4 * US);
    return h;
  };
  const has = (h: StChip, bit: number): boolean => (h.read('ADC1.SR') & bit) !== 0;

  it('ADONS rises 3.5 µs behind ADON, no software clears it, and it falls with ADON', () => {
    const h = fresh();
    h.write('ADC1.CR2', 1);
    h.wait(3.5 * US - 2);
    expect(has(h, SR.ADONS)).toBe(false);
    h.wait(4);
    expect(has(h, SR.ADONS)).toBe(true);
    h.write('ADC1.SR', 0);
    expect(has(h, SR.ADONS)).toBe(true);
    expect(h.read('ADC1.CSR')).toBe(SR.ADONS);
    h.write('ADC1.CR2', 0);
    expect(has(h, SR.ADONS)).toBe(false);
  });

  it('a conversion takes its sampling time and 12, 11, 9 or 7 clocks of HSI / ADCPRE, whatever SYSCLK is', () => {
    const sampling = [4, 9, 16, 24, 48, 96, 192, 384];
    const lengths = [12, 11, 9, 7];
    fc.assert(
      fc.property(fc.nat(31), fc.nat(7), fc.nat(3), fc.nat(2), (channel, smp, res, divider) => {
        const h = ready();
        h.system.setWire(`analog.ADC1.${channel}`, 3301);
        const register = ['ADC1.SMPR3', 'ADC1.SMPR2', 'ADC1.SMPR1', 'ADC1.SMPR0'][Math.floor(channel / 10)]!;
        h.write(register, (smp << (3 * (channel % 10))) >>> 0);
        h.write('ADC1.SQR5', channel);
        h.write('ADC1.CCR', divider << 16);
        h.write('ADC1.CR1', (res << 24) >>> 0);
        h.write('ADC1.CR2', 1 | (1 << 30));
        const clocks = (sampling[smp]! + lengths[res]!) * 2 ** divider;
        h.wait((clocks - 1) * HSI_CYCLE);
        expect(has(h, SR.EOC)).toBe(false);
        h.wait(2 * HSI_CYCLE);
        expect(has(h, SR.EOC)).toBe(true);
        expect(h.read('ADC1.DR')).toBe(2 ** [12, 10, 8, 6][res]! - 1);
        expect(has(h, SR.EOC)).toBe(false);
      }),
      { numRuns: 25 },
    );
  });

  it('nothing is converted while HSI is off', () => {
    const h = ready();
    h.set('RCC.CR.HSION', 0);
    h.write('ADC1.CR2', 1 | (1 << 30));
    h.wait(1000 * US);
    expect(has(h, SR.EOC)).toBe(false);
  });

  it('a sequence has up to 28 places, from SQR5 to SQR1', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(25), { minLength: 1, maxLength: 28 }), (channels) => {
        const h = ready();
        for (let n = 0; n < 26; n++) h.system.setWire(`analog.ADC1.${n}`, 100 * n + 1);
        for (let r = 0; r < 5; r++) {
          const six = channels.slice(6 * r, 6 * r + 6);
          h.write(
            `ADC1.SQR${5 - r}`,
            six.reduce((v, channel, i) => v | (channel << (5 * i)), r === 4 ? (channels.length - 1) << 20 : 0),
          );
        }
        if (channels.length <= 24) h.write('ADC1.SQR1', (channels.length - 1) << 20);
        h.write('ADC1.CR1', 1 << 8);
        // EOC behind each conversion.
        h.write('ADC1.CR2', 1 | (1 << 10) | (1 << 30));
        for (const channel of channels) {
          for (let i = 0; i < 20 && !has(h, SR.EOC); i++) h.wait(HSI_CYCLE);
          expect(h.read('ADC1.DR')).toBe(Math.round((channel / 33) * 4095));
        }
        h.wait(100 * US);
        expect(has(h, SR.EOC)).toBe(false);
      }),
      { numRuns: 8 },
    );
  });

  it('injected channels go into JDR less their offsets, and JEOC comes behind the last', () => {
    const h = ready();
    h.system.setWire('analog.ADC1.4', 1001);
    h.system.setWire('analog.ADC1.30', 2001);
    h.write('ADC1.JOFR1', 100);
    h.write('ADC1.JSQR', (1 << 20) | (4 << 10) | (30 << 15));
    h.write('ADC1.CR1', 1 << 8);
    h.write('ADC1.CR2', 1 | (1 << 22));
    h.wait(2.5 * US);
    expect(has(h, SR.JEOC)).toBe(true);
    expect([h.read('ADC1.JDR1'), h.read('ADC1.JDR2')]).toEqual([Math.round((1000 / 3300) * 4095) - 100, Math.round((2000 / 3300) * 4095)]);
  });
});

describe('F103, dual modes', () => {
  const chip = new StChip(findChip('stm32f103rb')!);
  const START = 1 | (7 << 17) | (1 << 20) | (1 << 22);
  const INJECTED = 1 | (7 << 12) | (1 << 15) | (1 << 21);
  const fresh = (mode: number): StChip => {
    const h = chip.again();
    h.write('RCC.APB2ENR', 3 << 9);
    h.write('ADC1.CR1', mode << 16);
    h.write('ADC1.CR2', 1);
    h.write('ADC2.CR2', 1 | (7 << 17) | (1 << 20) | (7 << 12) | (1 << 15));
    h.write('ADC1.SQR3', 3);
    h.write('ADC2.SQR3', 4);
    h.write('ADC1.JSQR', 3 << 15);
    h.write('ADC2.JSQR', 4 << 15);
    h.system.setWire('analog.ADC1.3', 1001);
    h.system.setWire('analog.ADC2.4', 2001);
    return h;
  };
  const code = (millivolts: number): number => Math.round((millivolts / 3300) * 4095);
  const flags = (h: StChip, bit: number): boolean[] => [1, 2].map((n) => (h.read(`ADC${n}.SR`) & bit) !== 0);

  it.each([1, 2, 6, 3, 4, 7, 8])('mode %i: one start converts in both, and DR of ADC1 has the data of both', (mode) => {
    const h = fresh(mode);
    h.write('ADC1.CR2', START);
    h.wait(50 * US);
    expect(flags(h, SR.EOC)).toEqual([true, true]);
    expect(h.read('ADC1.DR')).toBe((code(2000) * 0x10000 + code(1000)) >>> 0);
  });

  it.each([
    [7, 7],
    [8, 14],
  ])('mode %i: ADC1 ends %i clocks of the ADC behind ADC2', (mode, behind) => {
    const h = fresh(mode);
    h.write('ADC1.CR2', START);
    const ends = [0, 0];
    for (let tick = 1; tick < 400; tick++) {
      h.wait(125_000);
      flags(h, SR.EOC).forEach((ended, i) => ended && (ends[i] ||= tick));
    }
    // ADCPRE = 2, HSI of 8 MHz.
    expect(ends[0]! - ends[1]!).toBe(2 * behind);
  });

  it.each([1, 3, 4, 5])('mode %i: an injected start is one of both', (mode) => {
    const h = fresh(mode);
    h.write('ADC1.CR2', INJECTED);
    h.wait(20 * US);
    expect(flags(h, SR.JEOC)).toEqual([true, true]);
  });

  it.each([2, 9])('mode %i: injected starts go to the one and the other in turn', (mode) => {
    const h = fresh(mode);
    for (const turn of [0, 1, 0]) {
      h.write('ADC1.CR2', INJECTED);
      h.wait(20 * US);
      expect(flags(h, SR.JEOC)).toEqual([turn === 0, turn === 1]);
      for (const n of [1, 2]) h.write(`ADC${n}.SR`, 0);
    }
  });

  it('independent: ADC2 does nothing, and DR has 16 bits', () => {
    const h = fresh(0);
    h.write('ADC1.CR2', START);
    h.wait(50 * US);
    expect(flags(h, SR.EOC)).toEqual([true, false]);
    expect(h.read('ADC1.DR')).toBe(code(1000));
  });

  it('DMA of words takes both results of each conversion', () => {
    const h = fresh(6);
    h.set('RCC.AHBENR.DMA1EN', 1);
    h.write('DMA1.CPAR1', h.address('ADC1.DR'));
    h.write('DMA1.CMAR1', 0x20000000);
    h.write('DMA1.CNDTR1', 3);
    h.write('DMA1.CCR1', 1 | (1 << 7) | (2 << 8) | (2 << 10));
    // continuous, DMA
    h.write('ADC2.CR2', 3 | (7 << 17) | (1 << 20));
    h.write('ADC1.CR2', START | 2 | (1 << 8));
    h.wait(50 * US);
    expect([0, 4, 8, 12].map((at) => h.system.read(0x20000000 + at, 4))).toEqual([
      ...Array.from({ length: 3 }, () => (code(2000) * 0x10000 + code(1000)) >>> 0),
      0,
    ]);
  });
});

describe('F103, triggers of TIM8', () => {
  const chip = new StChip(findChip('stm32f103rc')!);
  const EOC = 1 << 1;
  const JEOC = 1 << 2;
  /** TIM8 runs with an update each 200 clocks as its TRGO, and matches its channel 4. */
  const fresh = (): StChip => {
    const h = chip.again();
    h.write('RCC.APB2ENR', (3 << 9) | (1 << 13) | (1 << 15) | 1);
    h.write('TIM8.ARR', 199);
    h.write('TIM8.CR2', 2 << 4);
    h.write('TIM8.CCR4', 100);
    h.write('TIM8.CR1', 1);
    return h;
  };
  const trigger = (select: number): number => 1 | (select << 17) | (1 << 20);
  const injected = (select: number): number => 1 | (select << 12) | (1 << 15);
  const converts = (h: StChip, adc: string, bit: number): boolean => {
    h.wait(200 * US);
    return (h.read(`${adc}.SR`) & bit) !== 0;
  };

  it.each(['ADC1', 'ADC2'])('%s: the value 6 is a pin, and TIM8 only where AFIO remaps it', (adc) => {
    const h = fresh();
    h.write(`${adc}.CR2`, trigger(6));
    expect(converts(h, adc, EOC)).toBe(false);
    h.set(`AFIO.MAPR.${adc}_ETRGREG_REMAP`, 1);
    expect(converts(h, adc, EOC)).toBe(true);
    h.set(`AFIO.MAPR.${adc}_ETRGREG_REMAP`, 0);
    h.write(`${adc}.SR`, 0);
    expect(converts(h, adc, EOC)).toBe(false);
    h.write(`${adc}.CR2`, injected(6));
    expect(converts(h, adc, JEOC)).toBe(false);
    h.set(`AFIO.MAPR.${adc}_ETRGINJ_REMAP`, 1);
    expect(converts(h, adc, JEOC)).toBe(true);
  });
  it('ADC3 has triggers of its own', () => {
    const h = fresh();
    h.set('RCC.APB2ENR.ADC3EN', 1);
    h.write('ADC3.CR2', trigger(6));
    expect(converts(h, 'ADC3', EOC)).toBe(false);
    h.write('ADC3.CR2', trigger(4));
    expect(converts(h, 'ADC3', EOC)).toBe(true);
  });
});
