/** ADC: what is set up for the table of running blocks, and what happens then. */
import { US } from '../../../src/emu/time.ts';
import type { Course, Part } from '../running.ts';

const INPUTS = 20;
const inputs = (p: Part): void => {
  for (const b of p.blocks) for (let n = 0; n < INPUTS; n++) p.drive(`analog.${b.row.name}.${n}`, 150 * n + 201);
};
/** Each trigger once, of those that a converter has. */
function triggers(p: Part, converter: string): void {
  const o = p.sys.block(converter).row.options as Readonly<Record<string, Readonly<Record<number, string>> | undefined>>;
  for (const name of new Set([...Object.values(o['triggers'] ?? {}), ...Object.values(o['injectedTriggers'] ?? {})])) {
    p.drive(name, p.sys.wire(name) + 1);
    p.wait(9 * US);
    if ((p.take('ISR') & 0xfc) !== 0 || (p.take('SR') & 6) !== 0) p.say(`by ${name}`);
    p.put('ISR', 0xffffffff);
    p.put('SR', 0);
  }
}
/** Voltage regulator, channels with all sampling times, two injected ones, a window for the watchdog, all interrupts; `more` on top. */
const adcV2 = (...more: readonly (readonly [string, number])[]): Pick<Course, 'prepare' | 'run'> => ({
  prepare(p) {
    inputs(p);
    const converters = p.blocks.filter(({ row }) => row.model === 'adc-v2').map(({ row }) => row.name);
    for (const adc of converters) {
      const set = (path: string, value: number): void => p.set(`${adc}.${path}`, value);
      for (const value of [0, 1]) set('CR.ADVREGEN', value);
      set('CR.DEEPPWD', 0);
      set('CR.ADVREGEN', 1);
      p.wait(20 * US);
      p.put(`${adc}.SQR1`, 3 | (1 << 6) | (12 << 12) | (7 << 18) | (4 << 24));
      p.put(`${adc}.SQR2`, 2 | (9 << 6));
      for (const r of ['CHSELR', 'CHSELRMOD0']) p.put(`${adc}.${r}`, 0b1010_0110);
      p.put(`${adc}.SMPR1`, 0o1065432107);
      p.put(`${adc}.SMPR2`, 0o4321065432);
      p.put(`${adc}.SMPR`, 1 | (3 << 4) | (0b1000_0010 << 8));
      set('JSQR.JL', 1);
      set('JSQR.JSQ1', 4);
      set('JSQR.JSQ2', 6);
      set('CFGR.AWD1EN', 1);
      set('CFGR1.AWD1EN', 1);
      for (const tr of ['TR1', 'TR', 'AWD1TR']) p.put(`${adc}.${tr}`, (1400 << 16) | 900);
      p.put(`${adc}.IER`, 0xffffffff);
      p.put(`${adc}.CFGR2`, p.has('CFGR') ? 0 : 1 << 30);
      for (const [path, value] of more) set(path, value);
      set('CR.ADEN', 1);
    }
    for (const [path, value] of more) p.set(path, value);
    p.wait(20 * US);
  },
  run(p) {
    p.set('CR.ADSTART', 1);
    p.set('CR.JADSTART', 1);
    for (let n = 0; n < 9; n++) {
      p.next(200 * US);
      for (const r of ['ISR', 'DR', 'JDR1', 'CSR', 'CDR', 'CDR2', 'ADC2.ISR', 'ADC2.DR'])
        if (p.has(r)) p.take(p.blocks.length > 1 && /^C/.test(r) ? `${p.blocks.at(-1)!.row.name}.${r}` : r);
      p.put('ISR', 0xffffffff);
      p.put('ADC2.ISR', 0xffffffff);
    }
    triggers(p, p.name);
    p.set('CR.ADSTP', 1);
    p.set('CR.JADSTP', 1);
    p.wait(50 * US);
  },
});
const ADC_V2 = [
  'stm32l476rg ADC1',
  'stm32h533re ADC1',
  'stm32h745xi ADC1',
  'stm32f303cc ADC1',
  'stm32u575zi ADC1',
  'stm32f072rb ADC',
  'stm32g0b1re ADC',
  'stm32l073rz ADC1',
  'stm32u575zi ADC4',
] as const;
const LARGE = ADC_V2.slice(0, 1);
const DUAL = 'stm32l476rg ADC1 ADC2 ADC_Common';

/** F1, F4 and L1: the same with CR2, SQR3 and JSQR. */
const adcF4 = (...more: readonly (readonly [string, number])[]): Pick<Course, 'prepare' | 'run'> => ({
  prepare(p) {
    inputs(p);
    for (const { row } of p.blocks) {
      if (row.model !== 'adc-f4') continue;
      const set = (path: string, value: number): void => p.set(`${row.name}.${path}`, value);
      const put = (path: string, value: number): void => p.put(`${row.name}.${path}`, value);
      set('SQR1.L', 2);
      const last = p.has('SQR5') ? 'SQR5' : 'SQR3';
      put(last, 1 | (12 << 5) | (7 << 10) | (3 << 15));
      put('JSQR', (1 << 20) | (6 << 15) | (4 << 10) | (9 << 5));
      put('JOFR1', 77);
      put('SMPR2', 0o2107654321);
      put('SMPR1', 0o3210765432);
      put('SMPR3', 0o2107654321);
      put('HTR', 1400);
      put('LTR', 900);
      put('CR1', (1 << 5) | (1 << 6) | (1 << 7) | (1 << 8) | (1 << 23) | (p.has('SQR5') ? 1 << 26 : 0));
      set('CR2.ADON', 1);
      for (const [path, value] of more) set(path, value);
    }
    for (const [path, value] of more) p.set(path, value);
    p.wait(20 * US);
  },
  run(p) {
    for (const field of ['CR2.SWSTART', 'CR2.JSWSTART']) p.set(field, 1);
    for (let n = 0; n < 8; n++) {
      p.next(100 * US);
      for (const r of ['SR', 'DR', 'JDR1', 'JDR2', 'ADC2.SR', 'ADC2.DR', 'ADC3.SR', 'ADC_Common.CSR', 'ADC_Common.CDR'])
        if (p.has(r)) p.take(r);
      for (const r of ['SR', 'ADC2.SR', 'ADC3.SR']) p.put(r, 0);
    }
    triggers(p, p.name);
  },
});
const F1_BY_SOFTWARE = [
  ['CR2.EXTSEL', 7],
  ['CR2.JEXTSEL', 7],
  ['CR2.EXTTRIG', 1],
  ['CR2.JEXTTRIG', 1],
] as const;
/** Of several converters, the first one's registers and those of all. */
const OF_ADC1 = /^ADC1\.|Common/;
/** No fields by turns: other modes go through them. */
const NONE = /^$/;

export const ADC: Readonly<Record<string, Course>> = {
  'adc-v2': { on: ADC_V2, ...adcV2() },
  'adc-v2, continuous': { on: LARGE, ...adcV2(['CFGR.CONT', 1], ['CFGR.AUTDLY', 1]) },
  'adc-v2, discontinuous': { on: LARGE, ...adcV2(['CFGR.DISCEN', 1], ['CFGR.DISCNUM', 1], ['CFGR.JDISCEN', 1]) },
  'adc-v2, automatic': { on: LARGE, ...adcV2(['CFGR.JAUTO', 1]) },
  'adc-v2, sums': {
    on: ['stm32l476rg ADC1', 'stm32h745xi ADC1', 'stm32g0b1re ADC'],
    ...adcV2(['CFGR2.ROVSE', 1], ['CFGR2.OVSE', 1], ['CFGR2.JOVSE', 1], ['CFGR2.OVSR', 2], ['CFGR2.OVSS', 3]),
  },
  ...Object.fromEntries(
    [1, 5, 6, 7, 9].map((mode) => [
      `adc-v2, dual mode ${mode}`,
      {
        on: mode === 7 ? [DUAL, 'stm32h745xi ADC1 ADC2 ADC12_Common'] : [DUAL],
        turns: mode === 6 ? OF_ADC1 : NONE,
        ...adcV2(['ADC_Common.CCR.DUAL', mode], ['ADC12_Common.CCR.DUAL', mode], ['ADC_Common.CCR.DELAY', 3], ['ADC_Common.CCR.MDMA', 2]),
      },
    ]),
  ),
  'adc-f4': { on: ['stm32f405rg ADC1 ADC_Common', 'stm32l152re ADC1'], ...adcF4() },
  'adc-f1': { on: ['stm32f103c8 ADC1'], ...adcF4(...F1_BY_SOFTWARE) },
  'adc-f4, continuous': { on: ['stm32f405rg ADC1'], ...adcF4(['CR2.CONT', 1], ['CR2.EOCS', 1]) },
  'adc-f4, discontinuous': { on: ['stm32f405rg ADC1'], ...adcF4(['CR1.DISCEN', 1], ['CR1.JDISCEN', 1]) },
  'adc-f4, automatic': { on: ['stm32f405rg ADC1'], ...adcF4(['CR1.JAUTO', 1]) },
  ...Object.fromEntries(
    [1, 2, 5, 6, 7, 9, 22, 23, 25].map((mode) => [
      `adc-f4, mode ${mode}`,
      {
        on: ['stm32f405rg ADC1 ADC2 ADC3 ADC_Common'],
        turns: mode === 6 ? OF_ADC1 : NONE,
        ...adcF4(['ADC_Common.CCR.MULT', mode], ['ADC_Common.CCR.MULTI', mode], ['ADC_Common.CCR.DMA', 1], ['ADC_Common.CCR.DELAY', 3]),
      },
    ]),
  ),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((mode) => [
      `adc-f1, mode ${mode}`,
      { on: ['stm32f103c8 ADC1 ADC2'], turns: mode === 6 ? OF_ADC1 : NONE, ...adcF4(...F1_BY_SOFTWARE, ['ADC1.CR1.DUALMOD', mode]) },
    ]),
  ),
};
