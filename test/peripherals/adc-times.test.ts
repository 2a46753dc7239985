/** How long a conversion takes, by version, resolution and sampling time: the tables of the reference manuals, in clocks of the ADC. */
import { describe, expect, it } from 'vitest';
import { ConversionTimes } from '../../src/peripherals/analog/adc-common.ts';
import { Part } from './running.ts';

interface Times {
  readonly on: string;
  readonly source: string;
  /** By SMP. */
  readonly sampling: readonly number[];
  /** By RES: bits, and clocks behind the sampling. */
  readonly conversion: readonly (readonly [bits: number, clocks: number])[];
  /** The ADC's clock is divided by so much behind PRESC. */
  readonly halved?: true;
}
const OF_12_BITS = [
  [12, 12.5],
  [10, 10.5],
  [8, 8.5],
  [6, 6.5],
] as const;
const OF_F0 = [
  [12, 12.5],
  [10, 11.5],
  [8, 9.5],
  [6, 7.5],
] as const;
const VERSIONS: readonly Times[] = [
  {
    on: 'stm32l476rg ADC1',
    source: 'RM0351 18.4.12, 18.7.6',
    sampling: [2.5, 6.5, 12.5, 24.5, 47.5, 92.5, 247.5, 640.5],
    conversion: OF_12_BITS,
  },
  { on: 'stm32h533re ADC1', source: 'RM0481', sampling: [2.5, 6.5, 12.5, 24.5, 47.5, 92.5, 247.5, 640.5], conversion: OF_12_BITS },
  { on: 'stm32f303cc ADC1', source: 'RM0316 15.3.12', sampling: [1.5, 2.5, 4.5, 7.5, 19.5, 61.5, 181.5, 601.5], conversion: OF_12_BITS },
  {
    on: 'stm32h745xi ADC1',
    source: 'RM0399 26.4.13',
    sampling: [1.5, 2.5, 8.5, 16.5, 32.5, 64.5, 387.5, 810.5],
    conversion: [
      [16, 8.5],
      [14, 7.5],
      [12, 6.5],
      [10, 5.5],
      [8, 4.5],
    ],
    halved: true,
  },
  {
    on: 'stm32u575zi ADC1',
    source: 'RM0456 33.4.13',
    sampling: [5, 6, 12, 20, 36, 68, 391, 814],
    conversion: [
      [14, 17],
      [12, 15],
      [10, 13],
      [8, 11],
    ],
  },
  { on: 'stm32g0b1re ADC', source: 'RM0444 15.12.7', sampling: [1.5, 3.5, 7.5, 12.5, 19.5, 39.5, 79.5, 160.5], conversion: OF_12_BITS },
  { on: 'stm32c071rb ADC1', source: 'RM0490', sampling: [1.5, 3.5, 7.5, 12.5, 19.5, 39.5, 79.5, 160.5], conversion: OF_12_BITS },
  { on: 'stm32u575zi ADC4', source: 'RM0456 34', sampling: [1.5, 3.5, 7.5, 12.5, 19.5, 39.5, 79.5, 814.5], conversion: OF_12_BITS },
  {
    on: 'stm32f072rb ADC',
    source: 'RM0091 13.4.2, 13.12.6',
    sampling: [1.5, 7.5, 13.5, 28.5, 41.5, 55.5, 71.5, 239.5],
    conversion: OF_F0,
  },
  {
    on: 'stm32l073rz ADC1',
    source: 'RM0376 14.4.2, 14.15.6',
    sampling: [1.5, 3.5, 7.5, 12.5, 19.5, 39.5, 79.5, 160.5],
    conversion: OF_F0,
  },
];
/** Of the bus clock, 16 MHz: the ADC's is half of it, so that half clocks of it are whole ones. */
const PS = 62_500;
const [EOSMP, EOC, EOS] = [2, 4, 8];

/** Ready, with one channel: an ADC whose clock is half of the bus clock. */
function ready(p: Part, smp: number, res: number): void {
  p.again();
  p.set('CR.ADVREGEN', 0);
  p.set('CR.DEEPPWD', 0);
  p.set('CR.ADVREGEN', 1);
  p.wait(20_000_000);
  p.put('SQR1', 3 << 6);
  for (const r of ['CHSELR', 'CHSELRMOD0']) p.put(r, 1 << 3);
  p.put('SMPR1', smp << 9);
  p.put('SMPR', smp);
  // CKMODE = 1 of F0's kind is half of the bus clock
  p.put('CFGR2', p.has('SMPR') ? 1 << 30 : 0);
  p.set('CFGR.RES', res);
  p.set('CFGR1.RES', res);
  // U5's ADC4 has PRESC alone
  p.set('CCR.PRESC', 1);
  p.drive('adc.ccr', 2 << 16);
  p.drive('adc12.ccr', 2 << 16);
  p.drive('adc34.ccr', 2 << 16);
  p.set('CR.ADEN', 1);
  p.wait(20_000_000);
  p.drive(`analog.${p.name}.3`, 3301);
}
describe.each(VERSIONS)('$on ($source)', ({ on, sampling, conversion, halved }) => {
  const [chip, name] = on.split(' ') as [string, string];
  const p = new Part(chip, [name], []);
  const modes = conversion.flatMap(([bits, clocks], res) => sampling.map((s, smp) => [res, smp, bits, s + clocks] as const));
  it('a conversion ends when sampling time and resolution say, and gives as many bits', () => {
    for (const [res, smp, bits, clocks] of modes) {
      ready(p, smp, res);
      const start = p.sys.now;
      p.set('CR.ADSTART', 1);
      const end = start + 2 * clocks * (halved ? 2 : 1) * PS;
      p.sys.fireDue(end - 1);
      expect([res, smp, p.take('ISR') & (EOC | EOS)]).toEqual([res, smp, 0]);
      p.sys.fireDue(end);
      expect([res, smp, p.take('ISR') & (EOSMP | EOC | EOS)]).toEqual([res, smp, EOSMP | EOC | EOS]);
      expect([res, smp, p.take('DR')]).toEqual([res, smp, 2 ** bits - 1]);
    }
  });
});

it('the oscillator of the ADC itself has counted to n at the instant of n and not before', () => {
  const times = new ConversionTimes(14_000_000);
  const at = (now: number) => ({ env: { now: () => now } }) as unknown as Parameters<ConversionTimes['count']>[0];
  for (const n of [...Array.from({ length: 3000 }, (_, i) => i + 1), 8169, 14_000_000]) {
    const end = times.timeOf(at(0), '', n);
    expect([n, times.count(at(end), ''), times.count(at(end - 1), '')]).toEqual([n, n, n - 1]);
  }
});

describe.each(['stm32l476rg ADC1', 'stm32h533re ADC1', 'stm32u575zi ADC1'])('%s with a clock of its own (CKMODE = 0)', (on) => {
  const [chip, name] = on.split(' ') as [string, string];
  const p = new Part(chip, [name], []);
  /** Steps of the time in which a conversion ends. */
  function stepsWith(presc: number): number {
    ready(p, 2, 0);
    for (const wire of ['adc.ccr', 'adc12.ccr']) p.drive(wire, presc << 18);
    p.set('CR.ADSTART', 1);
    for (let steps = 1; steps < 100_000; steps++) {
      p.wait(PS / 4);
      if ((p.take('ISR') & EOC) !== 0) return steps;
    }
    return Infinity;
  }
  it('PRESC divides by 1, 2, 4, 6, 8, 10 and 12 (RM0351 18.7.3)', () => {
    const once = stepsWith(0);
    for (const [presc, divider] of [1, 2, 4, 6, 8, 10, 12].entries())
      expect([presc, Math.round(stepsWith(presc) / once)]).toEqual([presc, divider]);
  });
});
