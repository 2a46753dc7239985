/** RTC of STM32F1: counter behind a prescaler, configuration mode, flags. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32F103C8 } from '../../src/chips/stm32f1.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

const [SECF, ALRF, RSF, CNF, RTOFF] = [1, 2, 8, 16, 32];
const SECOND = 1000 * MS;
const chip = new StChip(STM32F103C8);
/** LSI at 40 kHz feeds it. */
const fresh = (): StChip => {
  const h = chip.again();
  h.write('RCC.APB1ENR', (1 << 27) | (1 << 28));
  h.set('PWR.CR.DBP', 1);
  h.set('RCC.CSR.LSION', 1);
  h.wait(MS);
  h.write('RCC.BDCR', (2 << 8) | (1 << 15));
  return h;
};
const configure = (h: StChip, writes: Readonly<Record<string, number>>): void => {
  h.write('RTC.CRL', CNF);
  for (const [name, value] of Object.entries(writes)) h.write(`RTC.${name}`, value);
  h.write('RTC.CRL', 0);
  h.wait(MS);
};
const count = (h: StChip): number => h.read('RTC.CNTH') * 65536 + h.read('RTC.CNTL');

describe('RTC of F103', () => {
  it('counts RTCCLK / (PRL + 1) from what was written, DIV down to 0 between', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 0xfffff }), fc.nat(0xfffffff0), fc.nat(5000), (prl, start, ms) => {
        const h = fresh();
        configure(h, { PRLH: prl >>> 16, PRLL: prl & 0xffff, CNTH: start >>> 16, CNTL: start & 0xffff });
        h.wait(ms * MS);
        // Three clocks of 25 µs until it was taken over, of the 40 that have passed.
        const ticks = 40 * (ms + 1) - 3;
        expect(Math.abs(((count(h) - start + 2 ** 32) % 2 ** 32) - Math.floor(ticks / (prl + 1)))).toBeLessThanOrEqual(1);
        expect(h.read('RTC.DIVH') * 65536 + h.read('RTC.DIVL')).toBeLessThanOrEqual(prl);
      }),
      { numRuns: 30 },
    );
  });
  it('takes nothing over outside of configuration mode or without DBP; RTOFF is 0 meanwhile', () => {
    const h = fresh();
    h.write('RTC.CNTL', 77);
    h.write('RTC.CRL', 0);
    h.wait(MS);
    expect(count(h)).toBe(0);
    h.write('RTC.CRL', CNF);
    h.write('RTC.CNTL', 77);
    h.write('RTC.CRL', 0);
    expect(h.read('RTC.CRL') & RTOFF).toBe(0);
    h.wait(MS);
    expect(h.read('RTC.CRL') & RTOFF).toBe(RTOFF);
    expect(count(h)).toBe(77);
    h.set('PWR.CR.DBP', 0);
    configure(h, { CNTL: 5 });
    expect(count(h)).toBe(77);
  });
  it('RSF rises again behind each time it is cleared, SECF with the count, ALRF at the alarm with its interrupt', () => {
    const h = fresh();
    configure(h, { PRLH: 0, PRLL: 39999, ALRH: 0, ALRL: 3 });
    h.write('RTC.CRL', 0);
    expect(h.read('RTC.CRL') & RSF).toBe(0);
    h.wait(MS);
    expect(h.read('RTC.CRL') & (RSF | SECF)).toBe(RSF);
    h.write('RTC.CRH', ALRF);
    h.wait(1.1 * SECOND);
    expect(h.read('RTC.CRL') & (SECF | ALRF)).toBe(SECF);
    expect(h.irqs.get(3) === true).toBe(false);
    h.wait(2 * SECOND);
    expect(h.irqs.get(3)).toBe(true);
    h.write('RTC.CRL', 0);
    expect(h.irqs.get(3)).toBe(false);
  });
  it('a system reset leaves the count alone, a reset of the backup domain does not', () => {
    const h = fresh();
    configure(h, { PRLH: 0, PRLL: 39999, CNTL: 1000 });
    h.reset('software');
    h.wait(2.5 * SECOND);
    expect(count(h)).toBe(1002);
    h.write('RCC.APB1ENR', (1 << 27) | (1 << 28));
    h.set('PWR.CR.DBP', 1);
    h.set('RCC.BDCR.BDRST', 1);
    h.set('RCC.BDCR.BDRST', 0);
    expect(count(h)).toBe(0);
  });
});
