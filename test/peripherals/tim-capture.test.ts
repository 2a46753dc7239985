import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { MS, US } from '../../src/emu/time.ts';
import { bench, type Bench } from './bench.ts';
import { StChip } from './st-chip.ts';

const CEN = 1;
const CC1E = 1;
const CC1IF = 1 << 1;
const CC1IE = 1 << 1;
const CC1OF = 1 << 9;
const IRQ = 46;

/** TIM3 at `timerHz`, whose TI1 can be made `sourceHz` / `divider`. */
function timer(timerHz: number, sourceHz: number | null, divider: number): Bench {
  const b = bench(
    [
      {
        name: 'TIM3',
        model: 'tim',
        base: 0x40000400,
        size: 0x400,
        irqs: [IRQ],
        clock: 'APB1LENR.TIM3EN',
        options: { clock: 'ck', bits: 16, capture: { remap: 'TISEL.TI1SEL', sources: { 2: { clock: 'src', divider } } } },
      },
    ],
    { ck: timerHz, src: sourceHz },
  );
  b.write('RCC.APB1LENR', 1 << 1);
  return b;
}
function open(b: Bench, prescalerLog2: number, remap = 2): void {
  b.write('TIM3.ARR', 0xffff);
  b.write('TIM3.EGR', 1);
  b.write('TIM3.SR', 0);
  b.write('TIM3.CR1', CEN);
  b.ticks('ck', 2); // the counter runs one clock after CEN
  b.write('TIM3.TISEL', remap);
  b.write('TIM3.CCMR1', 1 | (prescalerLog2 << 2));
  b.write('TIM3.CCER', CC1E);
}

describe('TIM input capture of a clock inside the chip', () => {
  it('the captured counts are as far apart as the edges, to a clock, whenever they are looked at', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4_000_000, max: 60_000_000 }),
        fc.integer({ min: 1_000_000, max: 26_000_000 }),
        fc.constantFrom(1, 16, 32),
        fc.integer({ min: 0, max: 3 }),
        fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 10 }),
        (timerHz, sourceHz, divider, prescaler, waits) => {
          const b = timer(timerHz, sourceHz, divider);
          open(b, prescaler);
          const period = divider << prescaler;
          let passed = 0;
          let seen = 0;
          let before: number | null = null;
          for (const wait of waits) {
            b.ticks('src', wait);
            passed += wait;
            const edges = Math.floor(passed / period);
            const fresh = edges - seen;
            expect(b.read('TIM3.SR') & (CC1IF | CC1OF)).toBe(fresh === 0 ? 0 : fresh === 1 ? CC1IF : CC1IF | CC1OF);
            if (fresh === 0) continue;
            const at = b.read('TIM3.CCR1');
            expect(b.read('TIM3.SR') & CC1IF).toBe(0);
            b.write('TIM3.SR', 0);
            if (before !== null) {
              const off = (at - before - (fresh * period * timerHz) / sourceHz) % 0x10000;
              expect(Math.min(Math.abs(off), 0x10000 - Math.abs(off))).toBeLessThanOrEqual(1);
            }
            before = at;
            seen = edges;
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('8 MHz / 32 / 8 on a timer of 24 MHz: 768 clocks', () => {
    const b = timer(24_000_000, 8_000_000, 32);
    open(b, 3);
    b.ticks('src', 256);
    const first = b.read('TIM3.CCR1');
    b.ticks('src', 256);
    expect(b.read('TIM3.CCR1') - first).toBe(768);
  });

  it('an edge while CC1IF is set sets CC1OF; the newest value stands', () => {
    const b = timer(24_000_000, 8_000_000, 32);
    open(b, 3);
    b.ticks('src', 256);
    expect(b.read('TIM3.SR') & (CC1IF | CC1OF)).toBe(CC1IF);
    b.ticks('src', 256);
    expect(b.read('TIM3.SR') & (CC1IF | CC1OF)).toBe(CC1IF | CC1OF);
    const both = b.peek('TIM3.CCR1');
    expect(Math.abs(both - 2 * 768)).toBeLessThanOrEqual(2);
    expect(b.peek('TIM3.SR') & CC1IF).toBe(CC1IF); // looking from outside clears nothing
  });

  it('a stopped source, a pin as TI1 and a closed channel capture nothing', () => {
    for (const [hz, remap, ccer] of [
      [null, 2, CC1E],
      [8_000_000, 0, CC1E],
      [8_000_000, 2, 0],
    ] as const) {
      const b = timer(24_000_000, hz, 32);
      open(b, 3, remap);
      b.write('TIM3.CCER', ccer);
      b.ticks('ck', 100_000);
      expect(b.read('TIM3.SR') & CC1IF).toBe(0);
    }
  });

  it('CC1IE interrupts at the edge and not before', () => {
    const b = timer(24_000_000, 8_000_000, 32);
    b.write('TIM3.DIER', CC1IE);
    open(b, 3);
    const start = b.count('src');
    b.ticks('src', 255);
    expect(b.irqs.get(IRQ) ?? false).toBe(false);
    b.ticks('src', 1);
    expect(b.irqs.get(IRQ)).toBe(true);
    expect(b.count('src') - start).toBe(256);
    b.read('TIM3.CCR1');
    expect(b.irqs.get(IRQ)).toBe(false);
  });
});

describe('LSI for the watchdog', () => {
  /** What ST's examples measure it with: the timer, its channel, the field that connects LSI and its value. */
  it.each([
    ['STM32F207ZG', 'TIM5', 4, 'OR.TI4_RMP', 1],
    ['STM32F407VG', 'TIM5', 4, 'OR.TI4_RMP', 1],
    ['STM32F722RE', 'TIM5', 4, 'OR.TI4_RMP', 1],
    ['STM32F746ZG', 'TIM5', 4, 'OR.TI4_RMP', 1],
    ['STM32F767ZI', 'TIM5', 4, 'OR.TI4_RMP', 1],
    ['STM32L073RZ', 'TIM21', 1, 'OR.TI1_RMP', 5],
    ['STM32L152RE', 'TIM10', 1, 'OR.TI1_RMP', 1],
    ['STM32L432KC', 'TIM16', 1, 'OR1.TI1_RMP', 1],
    ['STM32L4R5ZI', 'TIM16', 1, 'OR1.TI1_RMP', 1],
    ['STM32WB55RG', 'TIM16', 1, 'OR1.TI1_RMP', 1],
    ['STM32G0B1RE', 'TIM16', 1, 'TISEL.TI1SEL', 1],
    // by way of MCO
    ['STM32F072RB', 'TIM14', 1, 'OR.RMP', 3],
    ['STM32F030R8', 'TIM14', 1, 'OR.RMP', 3],
    ['STM32F303CC', 'TIM16', 1, 'OR.TI1_RMP', 3],
    ['STM32F334R8', 'TIM16', 1, 'OR.TI1_RMP', 3],
  ] as const)('%s: %s captures it on channel %i, eight periods apart', (chip, timer, channel, remap, value) => {
    const h = new StChip(findChip(chip)!);
    h.set(`RCC.${h.system.block(timer).row.clock!}`, 1);
    h.set(chip.startsWith('STM32WB') ? 'RCC.CSR.LSI1ON' : 'RCC.CSR.LSION', 1);
    if (/F[03]/.test(chip)) h.set('RCC.CFGR.MCO', 2);
    h.wait(MS);
    h.set(`${timer}.${remap}`, value);
    const ccmr = h.system.block(timer).row.base + (channel > 2 ? 0x1c : 0x18);
    h.system.write(ccmr, 4, (1 | (3 << 2)) << (channel % 2 === 0 ? 8 : 0));
    h.set(`${timer}.CCER.CC${channel}E`, 1);
    h.set(`${timer}.CR1.CEN`, 1);
    const captured = (): number => {
      for (let us = 0; !h.get(`${timer}.SR.CC${channel}IF`) && us < 2000; us++) h.wait(US);
      return h.read(`${timer}.CCR${channel}`);
    };
    captured();
    const first = captured();
    const clocks = (captured() - first + 0x10000) & 0xffff;
    const rate = h.hz(`${h.system.block(timer).row.options!['clock'] as string}`)!;
    expect(Math.abs(clocks - (8 * rate) / h.hz('lsi')!)).toBeLessThanOrEqual(1);
  });
});
