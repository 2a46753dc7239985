/** Clock domains against the timeline: edges at rational periods, counted without drift. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clockTimeOf,
  countAt,
  formatSeconds,
  mulDivCeil,
  mulDivFloor,
  rate,
  rateHz,
  sameRate,
  scaleRate,
  Scheduler,
  setClockRate,
  stoppedClock,
} from '../../src/emu/time.ts';

describe('A clock', () => {
  const frequency = fc.oneof(
    fc.constantFrom(32_768, 4_000_000, 8_000_000, 48_000_000, 250_000_000, 480_000_000),
    fc.integer({ min: 1, max: 600_000_000 }),
  );

  it('reaches a time with the first edge that is not before it', () => {
    fc.assert(
      fc.property(
        frequency,
        fc.integer({ min: 1, max: 9 }),
        fc.nat({ max: 1e12 }),
        fc.nat({ max: 1e9 }),
        fc.oneof(fc.nat({ max: 1e6 }), fc.nat({ max: 1e15 })),
        (num, den, anchor, count, later) => {
          const c = stoppedClock();
          c.anchorCount = count;
          setClockRate(c, rate(num, den), anchor);
          const time = anchor + later;
          const n = countAt(c, time);
          expect(clockTimeOf(c, n)).toBeGreaterThanOrEqual(time);
          if (n > count) expect(clockTimeOf(c, n - 1)).toBeLessThan(time);
          // an edge is reached by itself
          expect(countAt(c, clockTimeOf(c, n))).toBe(n);
        },
      ),
      { numRuns: 2000, seed: 51 },
    );
  });

  it('that stands is never there, and one that has been there is', () => {
    const c = stoppedClock();
    expect(countAt(c, 1)).toBe(Infinity);
    setClockRate(c, rate(1_000_000), 5_000_000);
    expect([countAt(c, 0), countAt(c, 5_000_000), countAt(c, 5_000_001), countAt(c, Infinity)]).toEqual([0, 0, 1, Infinity]);
  });
});

describe('Numbers of the timeline', () => {
  const positive = fc.integer({ min: 1, max: 2 ** 40 });
  it('are multiplied and divided as integers of any length are', () => {
    fc.assert(
      fc.property(positive, positive, positive, (a, b, c) => {
        const product = BigInt(a) * BigInt(b);
        const floor = product / BigInt(c);
        fc.pre(floor < BigInt(Number.MAX_SAFE_INTEGER));
        expect([mulDivFloor(a, b, c), mulDivCeil(a, b, c)]).toEqual([floor, floor + (product % BigInt(c) === 0n ? 0n : 1n)].map(Number));
      }),
    );
    expect([mulDivFloor(7, 3, 1), mulDivCeil(7, 3, 1), mulDivFloor(7, 3, 2), mulDivCeil(7, 3, 2)]).toEqual([21, 21, 10, 11]);
  });
  it('are rates in their lowest terms, times and by whole numbers', () => {
    const small = fc.integer({ min: 1, max: 5_000 });
    fc.assert(
      fc.property(small, small, small, small, (num, den, mul, div) => {
        const scaled = scaleRate(rate(num, den), mul, div);
        expect(scaled).toEqual(rate(num * mul, den * div));
        expect(sameRate(scaled, rate(num * mul, den * div))).toBe(true);
        // no number but one divides both
        expect(Array.from({ length: 60 }, (_, i) => i + 2).filter((n) => scaled.num % n === 0 && scaled.den % n === 0)).toEqual([]);
      }),
    );
    expect([rate(0), rate(8_000_000, 3), scaleRate(rate(8_000_000), 3, 2)]).toEqual([{ num: 0, den: 1 }, { num: 8_000_000, den: 3 }, { num: 12_000_000, den: 1 }]); // prettier-ignore
    expect([rateHz(rate(9, 2)), sameRate(null, null), sameRate(null, rate(1)), sameRate(rate(1), null), sameRate(rate(1), rate(1, 2)), sameRate(rate(1), rate(2))]).toEqual([4.5, true, false, false, false, false]); // prettier-ignore
  });
  it('are shown as seconds with nine decimals, cut off', () => {
    const shown = [0, 999, 1000, 999_999_999_999, 1_000_000_000_000, 61_000_000_345_999].map(formatSeconds);
    expect(shown).toEqual(['0.000000000', '0.000000000', '0.000000001', '0.999999999', '1.000000000', '61.000000345']);
  });
  it('name a slot, which is armed until it is disarmed or due never', () => {
    const scheduler = new Scheduler();
    const slots = ['a', 'b'].map((name) => scheduler.addSlot(name));
    expect([...slots, scheduler.slotName(1), scheduler.slotName(2)]).toEqual([0, 1, 'b', '#2']);
    const armed = (): boolean[] => slots.map((slot) => scheduler.isArmed(slot));
    scheduler.arm(1, 5);
    expect([armed(), scheduler.next]).toEqual([[false, true], 5]);
    scheduler.arm(1, Infinity);
    expect([armed(), scheduler.next]).toEqual([[false, false], Infinity]);
  });
});
