/** Clock domains against the timeline: edges at rational periods, counted without drift. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockTimeOf, countAt, rate, setClockRate, stoppedClock } from '../../src/emu/time.ts';

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
