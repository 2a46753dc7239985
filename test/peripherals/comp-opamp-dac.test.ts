/** COMP, OPAMP and the calibration of DAC: locks, outputs without a known voltage, calibrations that come to an end. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const on = (name: string, ...clocks: string[]): StChip => {
  const h = new StChip(findChip(name)!);
  for (const clock of clocks) h.set(clock, 1);
  return h;
};

describe('COMP', () => {
  it.each([
    ['stm32l476rg', 'RCC.APB2ENR.SYSCFGEN', 'COMP.COMP1_CSR', 'COMP1_EN', 'COMP1_POLARITY', 'COMP.COMP1_CSR.COMP1_VALUE', 'COMP1_LOCK'],
    ['stm32g474re', 'RCC.APB2ENR.SYSCFGEN', 'COMP.C1CSR', 'EN', 'POL', 'COMP.C1CSR.VALUE', 'LOCK'],
    ['stm32h743zi', 'RCC.APB4ENR.COMP12EN', 'COMP12.CFGR1', 'EN', 'POLARITY', 'COMP12.SR.C1VAL', 'LOCK'],
  ])('%s: the polarity turns the output; a lock keeps all until a reset', (name, clock, control, en, polarity, value, lock) => {
    const h = on(name, clock);
    h.set(`${control}.${en}`, 1);
    expect(h.get(value)).toBe(0);
    h.set(`${control}.${polarity}`, 1);
    expect(h.get(value)).toBe(1);
    h.write(control, h.read(control) | 0x40000000);
    h.set(`${control}.${lock}`, 1);
    h.write(control, 0);
    expect([h.get(value), h.get(`${control}.${en}`), h.get(`${control}.${lock}`)]).toEqual([1, 1, 1]);
    h.reset('software');
    h.set(clock, 1);
    expect(h.read(control)).toBe(0);
  });
});

/** The search of ST's HAL: halves of the five bits, up while the flag is `up`. */
function search(flag: () => number, set: (value: number) => void, up: number): number {
  let value = 16;
  for (let delta = 8; delta > 0; delta >>= 1) {
    set(value);
    value += flag() === up ? delta : -delta;
  }
  set(value);
  return flag() === up ? value + 1 : value;
}

describe('the calibration', () => {
  it.each([
    ['stm32l476rg', 'RCC.APB1ENR1.OPAMPEN', 'OPAMP.OPAMP1_CSR', 'OPAMP.OPAMP1_OTR.TRIMOFFSET', [0, 1]],
    ['stm32g474re', 'RCC.APB2ENR.SYSCFGEN', 'OPAMP.OPAMP1_CSR', 'OPAMP.OPAMP1_CSR.TRIMOFFSET', [3, 1]],
    ['stm32h743zi', 'RCC.APB1HENR.OPAMPEN', 'OPAMP.OPAMP1_CSR', 'OPAMP.OPAMP1_OTR.TRIMOFFSET', [3, 1]],
  ] as const)(
    'of an OPAMP of %s: CALOUT falls when the trimming of the chosen pair has reached the offset',
    (name, clock, csr, trim, select) => {
      const h = on(name, clock);
      h.set(`${csr}.OPAEN`, 1);
      h.set(`${csr}.CALON`, 1);
      (['N', 'P'] as const).forEach((pair, i) => {
        h.set(`${csr}.CALSEL`, select[i]!);
        const flags = Array.from({ length: 32 }, (_, value) => (h.set(`${trim}${pair}`, value), h.get(`${csr}.CALOUT`)));
        expect(flags).toEqual([...flags].sort().reverse());
        expect(new Set(flags).size).toBe(2);
        const found = search(
          () => h.get(`${csr}.CALOUT`),
          (value) => h.set(`${trim}${pair}`, value),
          1,
        );
        expect(found).toBe(flags.indexOf(0));
      });
      h.set(`${csr}.CALON`, 0);
      h.set(`${trim}N`, 0);
      expect(h.get(`${csr}.CALOUT`)).toBe(0);
    },
  );
  it('of a DAC: CAL_FLAG rises when OTRIM has reached the offset', () => {
    const h = on('stm32g474re', 'RCC.AHB2ENR.DAC1EN');
    h.set('DAC1.CR.CEN2', 1);
    const flags = Array.from({ length: 32 }, (_, value) => (h.set('DAC1.CCR.OTRIM2', value), h.get('DAC1.SR.CAL_FLAG2')));
    expect(flags).toEqual([...flags].sort());
    expect(new Set(flags).size).toBe(2);
    expect(h.get('DAC1.SR.CAL_FLAG1')).toBe(0);
  });
});

it('a channel of a DAC is ready a while behind EN, and not without it', () => {
  const h = on('stm32h533re', 'RCC.AHB2ENR.DAC1EN');
  h.set('DAC1.CR.EN1', 1);
  expect(h.get('DAC1.SR.DAC1RDY')).toBe(0);
  h.wait(10 * US);
  expect([h.get('DAC1.SR.DAC1RDY'), h.get('DAC1.SR.DAC2RDY')]).toEqual([1, 0]);
  h.set('DAC1.CR.EN1', 0);
  expect(h.get('DAC1.SR.DAC1RDY')).toBe(0);
});
