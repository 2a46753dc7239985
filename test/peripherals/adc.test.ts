/** ADC of all versions: calibration, ready, sequences and their times, injected conversions, watchdog, overrun, triggers, DMA. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { STM32C071RB } from '../../src/chips/stm32c0.ts';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32F103C8 } from '../../src/chips/stm32f1.ts';
import { STM32F303CC } from '../../src/chips/stm32f3.ts';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32G0B1RE } from '../../src/chips/stm32g0.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const MID_12 = Math.round(4095 / 2);
const EOC_F4 = 1 << 1;
const JEOC_F4 = 1 << 2;

describe('F4', () => {
  const chip = new StChip(STM32F405RG);
  const fresh = (): StChip => {
    const h = chip.again();
    h.set('RCC.APB2ENR.ADC1EN', 1);
    h.set('RCC.AHB1ENR.DMA2EN', 1);
    h.write('ADC1.CR2', 1);
    return h;
  };
  /** Time of one conversion in clocks of HSI, ADCPRE = 2. */
  const clocks = (sampling: number, bits = 12): number => 2 * (sampling + bits);
  const ps = (hsiClocks: number): number => hsiClocks * 62_500;

  it('a conversion takes sampling + resolution clocks: EOC rises then and not before', () => {
    const sampling = [3, 15, 28, 56, 84, 112, 144, 480];
    fc.assert(
      fc.property(fc.nat(7), fc.nat(3), (smp, res) => {
        const h = fresh();
        h.write('ADC1.SMPR2', smp << 9);
        h.write('ADC1.SQR3', 3);
        h.write('ADC1.CR1', (res << 24) >>> 0);
        h.write('ADC1.CR2', 1 | (1 << 30));
        const bits = 12 - 2 * res;
        h.wait(ps(clocks(sampling[smp]!, bits) - 2));
        expect(h.read('ADC1.SR') & EOC_F4).toBe(0);
        h.wait(ps(4));
        expect(h.read('ADC1.SR') & EOC_F4).toBe(EOC_F4);
        expect(h.read('ADC1.DR')).toBe(Math.round((2 ** bits - 1) / 2));
        expect(h.read('ADC1.SR') & EOC_F4).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('an injected sequence of three takes the last three places of JSQR and raises JEOC at its end (Betaflight)', () => {
    const h = fresh();
    h.system.setWire('analog.ADC1.4', 1001);
    h.system.setWire('analog.ADC1.5', 2001);
    h.write('ADC1.JSQR', (2 << 20) | (4 << 5) | (5 << 10) | (6 << 15));
    h.write('ADC1.CR1', 1 << 8);
    h.write('ADC1.CR2', 1 | (1 << 22));
    h.wait(ps(2 * clocks(3)));
    expect(h.read('ADC1.SR') & JEOC_F4).toBe(0);
    h.wait(ps(clocks(3) + 2));
    expect(h.read('ADC1.SR') & JEOC_F4).toBe(JEOC_F4);
    expect([1, 2, 3].map((n) => h.read(`ADC1.JDR${n}`))).toEqual([
      Math.round((1000 / 3300) * 4095),
      Math.round((2000 / 3300) * 4095),
      MID_12,
    ]);
  });

  it('circular DMA brings a scanned sequence to memory, over and over', () => {
    const h = fresh();
    h.system.memoryBytes('sram1').fill(0);
    h.system.setWire('analog.ADC1.1', 3301);
    h.system.setWire('analog.ADC1.2', 1);
    h.write('ADC1.SQR1', 1 << 20);
    h.write('ADC1.SQR3', 1 | (2 << 5));
    h.write('DMA2.S0PAR', h.address('ADC1.DR'));
    h.write('DMA2.S0M0AR', 0x20000000);
    h.write('DMA2.S0NDTR', 2);
    h.write('DMA2.S0CR', 1 | (1 << 8) | (1 << 10) | (1 << 11) | (1 << 13));
    h.write('ADC1.CR1', 1 << 8);
    h.write('ADC1.CR2', 3 | (1 << 8) | (1 << 9) | (1 << 30));
    h.wait(100 * US);
    expect(h.system.read(0x20000000, 4)).toBe(0x0fff);
    expect(h.read('ADC1.SR') & (1 << 5)).toBe(0);
    h.system.setWire('analog.ADC1.2', 3301);
    h.wait(100 * US);
    expect(h.system.read(0x20000000, 4)).toBe(0x0fff0fff);
  });

  it('results that only a reader could notice cost no events', () => {
    const h = fresh();
    h.write('ADC1.CR2', 3 | (1 << 30));
    expect(h.system.block('ADC1').env.due('conversion')).toBe(Infinity);
    h.wait(10 * US);
    expect(h.system.block('ADC1').env.due('conversion')).toBe(Infinity);
    h.read('ADC1.DR');
    expect(h.read('ADC1.SR') & EOC_F4).toBe(0);
    h.wait(10 * US);
    expect(h.read('ADC1.SR') & EOC_F4).toBe(EOC_F4);
  });

  it('TRGO of TIM3 starts a conversion at each update', () => {
    const h = fresh();
    h.set('RCC.APB1ENR.TIM3EN', 1);
    h.write('TIM3.ARR', 15_999);
    h.write('TIM3.CR2', 2 << 4);
    h.write('ADC1.CR2', 1 | (8 << 24) | (1 << 28));
    h.write('TIM3.CR1', 1);
    h.wait(990 * US);
    expect(h.read('ADC1.SR') & EOC_F4).toBe(0);
    h.wait(20 * US);
    expect(h.read('ADC1.SR') & EOC_F4).toBe(EOC_F4);
    h.read('ADC1.DR');
    h.wait(980 * US);
    expect(h.read('ADC1.SR') & EOC_F4).toBe(0);
    h.wait(20 * US);
    expect(h.read('ADC1.SR') & EOC_F4).toBe(EOC_F4);
  });

  it('the watchdog rises outside its window only, its interrupt reaches line 18', () => {
    for (const [millivolts, out] of [
      [1500, false],
      [2500, true],
      [500, true],
    ] as const) {
      const h = fresh();
      h.system.setWire('analog.ADC1.0', millivolts + 1);
      h.write('ADC1.HTR', Math.round((2000 / 3300) * 4095));
      h.write('ADC1.LTR', Math.round((1000 / 3300) * 4095));
      h.write('ADC1.CR1', (1 << 23) | (1 << 6));
      h.write('ADC1.CR2', 1 | (1 << 30));
      h.wait(10 * US);
      expect(h.irqs.get(18) === true).toBe(out);
    }
  });
});

/** RM0090 13.9: what CDR gives, and who starts whom. */
describe('F4, dual and triple modes', () => {
  const chip = new StChip(STM32F405RG);
  const FULL = 4095;
  const CODES = [1000, 2000, 3000] as const;
  const [DUAL_SIMULTANEOUS, TRIPLE_SIMULTANEOUS] = [6, 22];
  const fresh = (): StChip => {
    const h = chip.again();
    h.write('RCC.APB2ENR', 7 << 8);
    h.set('RCC.AHB1ENR.DMA2EN', 1);
    h.system.memoryBytes('sram1').fill(0);
    CODES.forEach((code, i) => {
      h.system.setWire(`analog.ADC${i + 1}.0`, Math.round((code / FULL) * 3300) + 1);
      h.write(`ADC${i + 1}.CR2`, 1);
    });
    return h;
  };
  const near = (value: number, converter: number): boolean => Math.abs(value - CODES[converter]!) <= 1;
  const circular = (h: StChip, items: number, size: number): void => {
    h.write('DMA2.S0PAR', h.address('ADC_Common.CDR'));
    h.write('DMA2.S0M0AR', 0x20000000);
    h.write('DMA2.S0NDTR', items);
    h.write('DMA2.S0CR', 1 | (1 << 8) | (1 << 10) | (size << 11) | (size << 13));
  };

  it('a start of ADC1 alone converts in all converters of the mode, each result once and in their order (VESC)', () => {
    fc.assert(
      fc.property(fc.constantFrom(2, 3), fc.integer({ min: 1, max: 4 }), (converters, starts) => {
        const h = fresh();
        h.write('ADC_Common.CCR', (converters === 3 ? TRIPLE_SIMULTANEOUS : DUAL_SIMULTANEOUS) | (1 << 13) | (1 << 14));
        circular(h, converters * starts, 1);
        for (let i = 0; i < starts; i++) {
          h.write('ADC1.CR2', 1 | (1 << 30));
          h.wait(10 * US);
        }
        for (let i = 0; i < 12; i++) {
          const value = h.system.read(0x20000000 + 2 * i, 2);
          expect(i < converters * starts ? near(value, i % converters) : value === 0, `item ${i}: ${value}`).toBe(true);
        }
        expect(h.read('ADC3.SR') & EOC_F4).toBe(converters === 3 ? EOC_F4 : 0);
      }),
      { numRuns: 12 },
    );
  });

  it('mode 2 gives two at a time, the later one above: ADC2 with ADC1, ADC1 with ADC3, ADC3 with ADC2', () => {
    const h = fresh();
    h.write('ADC_Common.CCR', TRIPLE_SIMULTANEOUS | (1 << 13) | (2 << 14));
    circular(h, 3, 2);
    for (let i = 0; i < 2; i++) {
      h.write('ADC1.CR2', 1 | (1 << 30));
      h.wait(10 * US);
    }
    const words = [0, 1, 2].map((i) => h.system.read(0x20000000 + 4 * i, 4));
    const pairs = [
      [0, 1],
      [2, 0],
      [1, 2],
    ] as const;
    pairs.forEach(([low, high], i) => {
      expect(near(words[i]! & 0xffff, low)).toBe(true);
      expect(near(words[i]! >>> 16, high)).toBe(true);
    });
  });

  it('interleaved: ADC2 ends DELAY + 5 clocks behind ADC1', () => {
    fc.assert(
      fc.property(fc.nat(15), (delay) => {
        const h = fresh();
        h.write('ADC_Common.CCR', 7 | (delay << 8));
        h.write('ADC1.CR2', 1 | (1 << 30));
        // 15 clocks for the conversion, ADCPRE = 2 and HSI
        h.wait(2 * (15 + delay + 5) * 62_500 - 2);
        expect([h.read('ADC1.SR') & EOC_F4, h.read('ADC2.SR') & EOC_F4]).toEqual([EOC_F4, 0]);
        h.wait(4);
        expect(h.read('ADC2.SR') & EOC_F4).toBe(EOC_F4);
      }),
      { numRuns: 8 },
    );
  });

  it('alternate triggers: each start of ADC1 converts in the next converter', () => {
    const h = fresh();
    h.write('ADC_Common.CCR', 16 | 9);
    for (let i = 0; i < 6; i++) {
      h.write('ADC1.CR2', 1 | (1 << 22));
      h.wait(10 * US);
      const done = [1, 2, 3].filter((n) => h.read(`ADC${n}.SR`) & JEOC_F4);
      expect(done).toEqual([(i % 3) + 1]);
      for (const n of [1, 2, 3]) h.write(`ADC${n}.SR`, 0);
    }
  });

  it('in independent mode nobody follows', () => {
    const h = fresh();
    h.write('ADC1.CR2', 1 | (1 << 30) | (1 << 22));
    h.wait(10 * US);
    expect([h.read('ADC2.SR'), h.read('ADC3.SR')]).toEqual([0, 0]);
  });
});

describe('F1', () => {
  const chip = new StChip(STM32F103C8);
  const [CONT, CAL, RSTCAL, SWSTART, EXTTRIG, BY_SOFTWARE] = [2, 4, 8, 1 << 22, 1 << 20, 7 << 17];
  const fresh = (): StChip => {
    const h = chip.again();
    h.set('RCC.APB2ENR.ADC1EN', 1);
    h.write('ADC1.CR2', 1);
    return h;
  };
  /** HSI is 8 MHz. */
  const ps = (hsiClocks: number): number => hsiClocks * 125_000;

  it('CAL and RSTCAL fall by themselves, after 83 clocks and a few', () => {
    fc.assert(
      fc.property(fc.nat(3), (adcpre) => {
        const h = fresh();
        h.set('RCC.CFGR.ADCPRE', adcpre);
        h.write('ADC1.CR2', 1 | RSTCAL);
        expect(h.read('ADC1.CR2') & RSTCAL).toBe(RSTCAL);
        h.wait(ps(10 * 2 * (adcpre + 1)));
        expect(h.read('ADC1.CR2') & RSTCAL).toBe(0);
        h.write('ADC1.CR2', 1 | CAL);
        h.wait(ps(82 * 2 * (adcpre + 1)));
        expect(h.read('ADC1.CR2') & CAL).toBe(CAL);
        h.wait(ps(3 * 2 * (adcpre + 1)));
        expect(h.read('ADC1.CR2')).toBe(1);
      }),
    );
  });
  it('a conversion takes sampling + 12.5 clocks of PCLK2 / ADCPRE', () => {
    const twice = [3, 15, 27, 57, 83, 111, 143, 479];
    fc.assert(
      fc.property(fc.nat(7), fc.nat(3), (smp, adcpre) => {
        const h = fresh();
        h.set('RCC.CFGR.ADCPRE', adcpre);
        h.write('ADC1.SMPR2', smp << 9);
        h.write('ADC1.SQR3', 3);
        h.write('ADC1.CR2', 1 | EXTTRIG | BY_SOFTWARE);
        // The clock of the converter does not begin with the write.
        const clocks = ((twice[smp]! + 25) / 2) * 2 * (adcpre + 1);
        h.write('ADC1.CR2', 1 | EXTTRIG | BY_SOFTWARE | SWSTART);
        h.wait(ps(clocks - 2 * (adcpre + 1)) - 2);
        expect(h.read('ADC1.SR') & EOC_F4).toBe(0);
        h.wait(ps(2 * (adcpre + 1)) + 4);
        expect(h.read('ADC1.SR') & EOC_F4).toBe(EOC_F4);
        expect(h.read('ADC1.DR')).toBe(MID_12);
        expect(h.read('ADC1.SR') & EOC_F4).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
  it.each([
    ['SWSTART with another trigger does nothing', [1 | EXTTRIG, 1 | EXTTRIG | SWSTART], false],
    ['SWSTART without EXTTRIG does nothing', [1 | BY_SOFTWARE, 1 | BY_SOFTWARE | SWSTART], false],
    ['ADON written once more starts', [1, 1], true],
    ['ADON written with another change does not', [1 | CONT], false],
  ] as const)('%s', (_what, writes, starts) => {
    const h = fresh();
    // Behind the write of `fresh`, which switched it on.
    if (!starts) for (const value of writes) h.write('ADC1.CR2', value);
    else h.write('ADC1.CR2', writes[0]);
    h.wait(100 * US);
    expect(h.read('ADC1.SR') & EOC_F4).toBe(starts ? EOC_F4 : 0);
  });
  it('DMA brings a scanned sequence to memory; EOC stands at its end', () => {
    const h = fresh();
    h.set('RCC.AHBENR.DMA1EN', 1);
    h.system.memoryBytes('sram').fill(0);
    h.system.setWire('analog.ADC1.1', 3301);
    h.system.setWire('analog.ADC1.2', 1651);
    h.write('ADC1.SQR1', 1 << 20);
    h.write('ADC1.SQR3', 1 | (2 << 5));
    h.write('DMA1.CPAR1', h.address('ADC1.DR'));
    h.write('DMA1.CMAR1', 0x20000000);
    h.write('DMA1.CNDTR1', 2);
    h.write('DMA1.CCR1', 1 | (1 << 7) | (1 << 8) | (1 << 10));
    h.write('ADC1.CR1', 1 << 8);
    h.write('ADC1.CR2', 1 | (1 << 8) | EXTTRIG | BY_SOFTWARE);
    h.write('ADC1.CR2', 1 | (1 << 8) | EXTTRIG | BY_SOFTWARE | SWSTART);
    h.wait(100 * US);
    expect(h.system.read(0x20000000, 4)).toBe((MID_12 << 16) | 0xfff);
  });
});

const STM32L073RZ = findChip('stm32l073rz')!;
const ISR = { ADRDY: 1, EOC: 4, EOS: 8, OVR: 16, JEOS: 64 };
describe.each([
  ['STM32L476RG', STM32L476RG, 'ADC1', 'RCC.AHB2ENR.ADCEN', 'ADC_Common.CCR', 12],
  ['STM32H533RE', STM32H533RE, 'ADC1', 'RCC.AHB2ENR.ADCEN', 'ADC12_COMMON.CCR', 12],
  ['STM32H745XI', STM32H745XI, 'ADC1', 'RCC.AHB1ENR.ADC12EN', 'ADC12_Common.CCR', 16],
  ['STM32F303CC', STM32F303CC, 'ADC1', 'RCC.AHBENR.ADC12EN', 'ADC1_2.CCR', 12],
  ['STM32F072RB', STM32F072RB, 'ADC', 'RCC.APB2ENR.ADCEN', null, 12],
  ['STM32G0B1RE', STM32G0B1RE, 'ADC', 'RCC.APBENR2.ADCEN', null, 12],
  ['STM32C071RB', STM32C071RB, 'ADC1', 'RCC.APBENR2.ADCEN', null, 12],
  ['STM32L073RZ', STM32L073RZ, 'ADC1', 'RCC.APB2ENR.ADCEN', null, 12],
] as const)('%s', (_name, description, adc, enable, ccr, bits) => {
  const regulator = description !== STM32F072RB && description !== STM32L073RZ;
  const chip = new StChip(description);
  const START = 4;
  const fresh = (): StChip => {
    const h = chip.again();
    h.set(enable, 1);
    if (ccr) h.write(ccr, 1 << 16);
    // its HSI16 stands still
    if (description === STM32L073RZ) h.write('ADC1.CFGR2', 1 << 30);
    return h;
  };
  const enabled = (): StChip => {
    const h = fresh();
    if (regulator) h.write(`${adc}.CR`, 1 << 28);
    h.write(`${adc}.CR`, h.read(`${adc}.CR`) | 1);
    h.wait(20 * US);
    return h;
  };
  const choose = (h: StChip, channels: readonly number[]): void => {
    if (!ccr)
      h.write(
        `${adc}.CHSELR`,
        channels.reduce((m, c) => m | (1 << c), 0),
      );
    else h.write(`${adc}.SQR1`, channels.reduce((v, c, i) => v | (c << (6 * (i + 1))), channels.length - 1) >>> 0);
  };
  const full = 2 ** bits - 1;

  const itOfF3 = description.name.startsWith('STM32F3') ? it : null;
  itOfF3?.('with its regulator off it takes no calibration, but ADEN, and converts', () => {
    const h = fresh();
    h.write(`${adc}.CR`, 0x20000000);
    h.write(`${adc}.CR`, 0xa0000000);
    expect(h.read(`${adc}.CR`) >>> 31).toBe(0);
    h.write(`${adc}.CR`, 0x20000000 | 1);
    h.wait(20 * US);
    expect(h.read(`${adc}.ISR`) & ISR.ADRDY).toBe(ISR.ADRDY);
    h.system.setWire(`analog.${adc}.3`, 1235);
    choose(h, [3]);
    h.write(`${adc}.CR`, h.read(`${adc}.CR`) | START);
    h.wait(100 * US);
    expect(h.read(`${adc}.DR`)).toBe(Math.round((1234 / 3300) * full));
  });
  const itOfL4 = ccr ? it : null;
  (itOfF3 ? null : itOfL4)?.('out of reset it is in deep power-down: neither calibration nor ADEN are taken', () => {
    const h = fresh();
    h.write(`${adc}.CR`, 0x20000000 | 1);
    expect(h.read(`${adc}.CR`) & 1).toBe(0);
    h.write(`${adc}.CR`, 0x80000000);
    expect(h.read(`${adc}.CR`) >>> 31).toBe(0);
  });

  it('ADCAL falls by itself, ADRDY rises a while after ADEN, ADDIS ends both bits', () => {
    const h = fresh();
    if (regulator) h.write(`${adc}.CR`, 1 << 28);
    h.write(`${adc}.CR`, (h.read(`${adc}.CR`) | 0x80000000) >>> 0);
    expect(h.read(`${adc}.CR`) >>> 31).toBe(1);
    h.wait(5 * MS);
    expect(h.read(`${adc}.CR`) >>> 31).toBe(0);
    h.write(`${adc}.CR`, h.read(`${adc}.CR`) | 1);
    expect(h.read(`${adc}.ISR`) & ISR.ADRDY).toBe(0);
    h.wait(20 * US);
    expect(h.read(`${adc}.ISR`) & ISR.ADRDY).toBe(ISR.ADRDY);
    h.write(`${adc}.CR`, h.read(`${adc}.CR`) | 2);
    expect(h.read(`${adc}.CR`) & 3).toBe(0);
  });

  it('a sequence gives a result a channel, EOC each, EOS at the end, and ADSTART falls', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }), (picked) => {
        const h = enabled();
        // A mask of channels is converted in rising order.
        const channels = ccr ? picked : [...picked].sort((a, b) => a - b);
        channels.forEach((c) => h.system.setWire(`analog.${adc}.${c}`, 300 * c + 1));
        choose(h, channels);
        h.write(`${adc}.CR`, h.read(`${adc}.CR`) | START);
        for (const [i, channel] of channels.entries()) {
          for (let n = 0; n < 1000 && !(h.read(`${adc}.ISR`) & ISR.EOC); n++) h.wait(US / 10);
          expect(h.read(`${adc}.ISR`) & ISR.EOS).toBe(i === channels.length - 1 ? ISR.EOS : 0);
          expect(h.read(`${adc}.DR`)).toBe(Math.round(((300 * channel) / 3300) * full));
        }
        expect(h.read(`${adc}.CR`) & START).toBe(0);
        expect(h.read(`${adc}.ISR`) & ISR.OVR).toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  it('in discontinuous mode each software start converts the next channel, and ADSTART falls with it', () => {
    const h = enabled();
    const channels = [2, 5, 7];
    channels.forEach((c) => h.system.setWire(`analog.${adc}.${c}`, 300 * c + 1));
    choose(h, channels);
    const cfgr = `${adc}.${ccr ? 'CFGR' : 'CFGR1'}`;
    h.write(cfgr, h.read(cfgr) | (1 << 16));
    for (const [i, channel] of [...channels, 2].entries()) {
      h.write(`${adc}.CR`, h.read(`${adc}.CR`) | START);
      expect(h.read(`${adc}.CR`) & START).toBe(START);
      h.wait(200 * US);
      expect(h.read(`${adc}.CR`) & START).toBe(0);
      expect(h.read(`${adc}.ISR`) & (ISR.EOC | ISR.EOS)).toBe(i === 2 ? ISR.EOC | ISR.EOS : ISR.EOC);
      expect(h.read(`${adc}.DR`)).toBe(Math.round(((300 * channel) / 3300) * full));
      h.write(`${adc}.ISR`, ISR.EOS);
    }
  });

  it('a result that is not read before the next one is an overrun; ADSTP ends continuous conversion', () => {
    const h = enabled();
    choose(h, [1]);
    const cfgr = ccr ? 'CFGR' : 'CFGR1';
    h.write(`${adc}.${cfgr}`, h.read(`${adc}.${cfgr}`) | (1 << 13));
    h.write(`${adc}.CR`, h.read(`${adc}.CR`) | START);
    h.wait(100 * US);
    expect(h.read(`${adc}.ISR`) & ISR.OVR).toBe(ISR.OVR);
    h.write(`${adc}.CR`, h.read(`${adc}.CR`) | 16);
    expect(h.read(`${adc}.CR`) & (START | 16)).toBe(0);
    h.write(`${adc}.ISR`, 0x7ff);
    h.read(`${adc}.DR`);
    h.wait(100 * US);
    expect(h.read(`${adc}.ISR`) & ISR.EOC).toBe(0);
  });

  const itOfAutoOff = ccr ? null : it;
  itOfAutoOff?.('with AUTOFF it converts without ADEN, a start-up later, and ADRDY stays down', () => {
    const took = (autoOff: number): number => {
      const h = autoOff ? fresh() : enabled();
      if (regulator) h.write(`${adc}.CR`, 1 << 28);
      h.wait(20 * US);
      choose(h, [1]);
      h.wait(US);
      h.write(`${adc}.CFGR1`, autoOff << 15);
      h.write(`${adc}.CR`, h.read(`${adc}.CR`) | START);
      let us = 0;
      while (!(h.read(`${adc}.ISR`) & ISR.EOC) && us++ < 100) h.wait(US);
      expect(h.read(`${adc}.CR`) & START).toBe(0);
      expect(h.read(`${adc}.ISR`) & ISR.ADRDY).toBe(autoOff ? 0 : ISR.ADRDY);
      return us;
    };
    expect(took(1)).toBeGreaterThan(took(0));
    expect(took(1)).toBeLessThan(100);
  });
  itOfAutoOff?.('with AUTOFF and WAIT each reading of DR lets it convert once more', () => {
    const h = fresh();
    if (regulator) h.write(`${adc}.CR`, 1 << 28);
    h.wait(20 * US);
    choose(h, [1]);
    h.write(`${adc}.CFGR1`, (1 << 15) | (1 << 14) | (1 << 13));
    h.write(`${adc}.CR`, h.read(`${adc}.CR`) | START);
    for (const millivolts of [300, 600, 900]) {
      h.system.setWire(`analog.${adc}.1`, millivolts + 1);
      h.wait(100 * US);
      expect(h.read(`${adc}.ISR`) & (ISR.EOC | ISR.OVR)).toBe(ISR.EOC);
      expect(h.read(`${adc}.DR`)).toBe(Math.round((millivolts / 3300) * full));
    }
  });

  const itOfL0 = description === STM32L073RZ ? it : null;
  itOfL0?.('ADEN switches its regulator on', () => {
    expect(enabled().read('ADC1.CR')).toBe((1 << 28) | 1);
  });
  const itOfSums = description === STM32L073RZ || description === STM32C071RB ? it : null;
  itOfSums?.('oversampling adds up to 256 conversions and shifts the sum', () => {
    fc.assert(
      fc.property(fc.nat(7), fc.nat(8), (ovsr, ovss) => {
        const h = enabled();
        h.write('ADC1.CFGR2', (h.read('ADC1.CFGR2') & ~0x3ff) | 1 | (ovsr << 2) | (ovss << 5));
        h.system.setWire('analog.ADC1.3', 1001);
        choose(h, [3]);
        h.write('ADC1.CR', h.read('ADC1.CR') | START);
        h.wait(10 * MS);
        const code = Math.round((1000 / 3300) * 4095);
        expect(h.read('ADC1.DR')).toBe(Math.floor((code * (2 << ovsr)) / 2 ** ovss) & 0xffff);
      }),
      { numRuns: 20 },
    );
  });

  const itOfG0 = description === STM32G0B1RE ? it : null;
  itOfG0?.('without its regulator neither calibration nor ADEN are taken; EOCAL follows a calibration', () => {
    const h = fresh();
    h.write('ADC.CR', 0x80000001);
    expect(h.read('ADC.CR')).toBe(0);
    h.write('ADC.CR', 1 << 28);
    h.write('ADC.CR', 0x90000000);
    h.wait(100 * US);
    expect(h.read('ADC.ISR') & (1 << 11)).toBe(1 << 11);
    h.write('ADC.ISR', 1 << 11);
    expect(h.read('ADC.ISR')).toBe(0);
  });
  itOfG0?.('CHSELRMOD makes CHSELR a sequence in any order, ended by 15, and CCRDY follows each change of it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 14 }), { minLength: 1, maxLength: 8 }), (channels) => {
        const h = enabled();
        h.write('ADC.CFGR1', 1 << 21);
        h.write('ADC.ISR', 1 << 13);
        const chselr = Array.from({ length: 8 }, (_, i) => channels[i] ?? 15).reduce((v, c, i) => v + c * 16 ** i, 0);
        h.write('ADC.CHSELR', chselr);
        expect(h.read('ADC.ISR') & (1 << 13)).toBe(1 << 13);
        for (let c = 0; c < 15; c++) h.system.setWire(`analog.ADC.${c}`, 200 * c + 1);
        h.write('ADC.CR', h.read('ADC.CR') | START);
        for (const channel of channels) {
          for (let n = 0; n < 1000 && !(h.read('ADC.ISR') & ISR.EOC); n++) h.wait(US / 10);
          expect(h.read('ADC.DR')).toBe(Math.round(((200 * channel) / 3300) * 4095));
        }
        expect(h.read('ADC.ISR') & ISR.EOS).toBe(ISR.EOS);
      }),
      { numRuns: 15 },
    );
  });

  itOfL4?.('injected conversions go between regular ones and end with JEOS', () => {
    const h = enabled();
    const [first, jadstart] = [h.field(`${adc}.JSQR.JSQ1`).bit, 8];
    h.system.setWire(`analog.${adc}.7`, 3301);
    h.write(`${adc}.JSQR`, 7 << first);
    h.write(`${adc}.CR`, h.read(`${adc}.CR`) | jadstart);
    h.wait(50 * US);
    expect(h.read(`${adc}.ISR`) & ISR.JEOS).toBe(ISR.JEOS);
    expect(h.read(`${adc}.JDR1`)).toBe(full);
    expect(h.read(`${adc}.CR`) & jadstart).toBe(0);
  });
});

/** Whoever looks, and however often, nothing else comes of it: results and flags are functions of the time alone. */
describe('late computation', () => {
  const f4 = new StChip(STM32F405RG);
  const l4 = new StChip(STM32L476RG);
  /** Settings by their bits, accesses at their times (in 100 ns), and the time of the last look. */
  const plan = fc.record({
    options: fc.integer({ min: 0, max: 0xffff }),
    accesses: fc.array(fc.record({ wait: fc.nat(300), what: fc.nat(5), value: fc.nat(0x7f) }), { maxLength: 12 }),
    volts: fc.nat(3300),
    wait: fc.nat(1000),
  });
  type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

  /** With interrupts of the ADC enabled each end is an event; the line itself is not looked at. */
  function onF4(p: Plan, events: boolean): readonly number[] {
    const h = f4.again();
    const o = p.options;
    h.set('RCC.APB2ENR.ADC1EN', 1);
    h.write('ADC1.SQR1', (o & 3) << 20);
    h.write('ADC1.SQR3', 1 | (2 << 5) | (3 << 10) | (4 << 15));
    h.write('ADC1.JSQR', (((o >>> 2) & 3) << 20) | (5 << 15));
    h.write('ADC1.SMPR2', (o & 0x300) >>> 5);
    h.write('ADC1.HTR', 2500);
    const cr1 = (1 << 8) | (o & 0x10 ? 1 << 23 : 0) | (o & 0x20 ? 1 << 10 : 0) | (o & 0x40 ? 1 << 11 : 0);
    h.write('ADC1.CR1', cr1 | (events ? (1 << 5) | (1 << 6) | (1 << 7) | (1 << 26) : 0));
    h.write('ADC1.CR2', 1 | (o & 0x80 ? 2 : 0) | (o & 0x400 ? 1 << 10 : 0) | (1 << 30));
    const seen: number[] = [];
    for (const { wait, what, value } of p.accesses) {
      h.wait(wait * 100_000);
      if (what === 0) seen.push(h.read('ADC1.DR'));
      else if (what === 1) h.write('ADC1.SR', value);
      else if (what === 2) h.write('ADC1.CR2', h.read('ADC1.CR2') | (value & 1 ? 1 << 22 : 1 << 30));
      else if (what === 3) h.system.setWire('analog.ADC1.1', p.volts + 1);
      else seen.push(h.read('ADC1.SR'), h.read('ADC_Common.CSR') & 0x3f);
    }
    h.wait(p.wait * 100_000);
    return [...seen, ...['SR', 'DR', 'JDR1', 'JDR2', 'SR'].map((r) => h.read(`ADC1.${r}`))];
  }
  function onL4(p: Plan, events: boolean): readonly number[] {
    const h = l4.again();
    const o = p.options;
    h.set('RCC.AHB2ENR.ADCEN', 1);
    h.write('ADC_Common.CCR', 1 << 16);
    h.write('ADC1.CR', 1 << 28);
    h.write('ADC1.SQR1', ((o & 3) | (1 << 6) | (2 << 12) | (3 << 18) | (4 << 24)) >>> 0);
    h.write('ADC1.JSQR', ((o >>> 2) & 3) | (5 << 8));
    h.write('ADC1.SMPR1', (o & 0x300) >>> 5);
    h.write('ADC1.TR1', 2500 << 16);
    const cfgr = (o & 0x10 ? 1 << 23 : 0) | (o & 0x20 ? 1 << 25 : 0) | (o & 0x40 ? 1 << 16 : 0) | (o & 0x80 ? 1 << 13 : 0);
    h.write('ADC1.CFGR', cfgr | (o & 0x400 ? 1 << 14 : 0) | (o & 0x800 ? 1 << 12 : 0));
    h.write('ADC1.IER', events ? 0xfe : 0);
    h.write('ADC1.CR', h.read('ADC1.CR') | 1);
    h.wait(20 * US);
    h.write('ADC1.CR', h.read('ADC1.CR') | 4);
    const seen: number[] = [];
    for (const { wait, what, value } of p.accesses) {
      h.wait(wait * 100_000);
      if (what === 0) seen.push(h.read('ADC1.DR'));
      else if (what === 1) h.write('ADC1.ISR', value);
      else if (what === 2) h.write('ADC1.CR', h.read('ADC1.CR') | (value & 1 ? 8 : 4));
      else if (what === 3) h.system.setWire('analog.ADC1.1', p.volts + 1);
      else seen.push(h.read('ADC1.ISR'), h.read('ADC_Common.CSR') & 0x7ff);
    }
    h.wait(p.wait * 100_000);
    return [...seen, ...['ISR', 'CR', 'DR', 'JDR1', 'JDR2', 'ISR'].map((r) => h.read(`ADC1.${r}`))];
  }
  it.each([
    ['F4', onF4],
    ['L4', onL4],
  ] as const)('%s: the same values with an event at each end and with none', (_name, run) => {
    fc.assert(
      fc.property(plan, (p) => void expect(run(p, false)).toEqual(run(p, true))),
      { numRuns: 300 },
    );
  });
  it('a peek shows what a read would, and changes nothing', () => {
    const h = l4.again();
    h.set('RCC.AHB2ENR.ADCEN', 1);
    h.write('ADC_Common.CCR', 1 << 16);
    h.write('ADC1.CR', 1 << 28);
    h.write('ADC1.CR', h.read('ADC1.CR') | 1);
    h.wait(20 * US);
    h.write('ADC1.CR', h.read('ADC1.CR') | 4);
    h.wait(20 * US);
    const { component, state, env, row } = h.system.block('ADC1');
    const before = JSON.stringify(h.system.save());
    const peeked = component.peek(state, env, h.address('ADC1.ISR') - row.base, 4);
    expect(JSON.stringify(h.system.save())).toBe(before);
    expect(peeked & ISR.EOC).toBe(ISR.EOC);
    expect(h.read('ADC1.ISR')).toBe(peeked);
  });
});
