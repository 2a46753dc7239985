/** The cases of a campaign by number. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawCases, Space, type SpaceTarget } from '../../src/campaign/space.ts';
import type { CampaignSpec } from '../../src/campaign/spec.ts';

const target = (steps: number): SpaceTarget => ({
  outcome: 'dfu',
  jumps: true,
  steps: Array.from({ length: steps }, (_, i) => ({ pc: 0x08000000 + 2 * i, what: `step ${i}` })),
  delays: { 'hse.start.ps': 1000, 'pll.lock.ps': 2000 },
});
const spec = (more: Partial<CampaignSpec> = {}): CampaignSpec => ({ schema: 'bootbench/campaign@1', targets: [{}], ...more });

const anySpec = fc.record(
  {
    leaveOut: fc.constantFrom('none' as const, 'single' as const, 'pairs' as const),
    seeds: fc.oneof(
      fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 4 }),
      fc.record({ from: fc.nat(9), count: fc.integer({ min: 1, max: 4 }) }),
    ),
    delays: fc.record({ factors: fc.uniqueArray(fc.constantFrom(0.1, 1, 10), { minLength: 1 }) }),
    faults: fc.record({
      kinds: fc.uniqueArray(fc.constantFrom('systick', 'nmi', 'irq7'), { minLength: 1 }),
      instructions: fc.record({
        from: fc.integer({ min: 1, max: 3 }),
        to: fc.integer({ min: 3, max: 9 }),
        step: fc.integer({ min: 1, max: 3 }),
      }),
    }),
  },
  { requiredKeys: [] },
);

describe('a space', () => {
  it('has as many different cases as it says, and no other', () => {
    fc.assert(
      fc.property(anySpec, fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }), (more, steps) => {
        const space = new Space(spec(more), steps.map(target), []);
        const seen = new Set<string>();
        for (let no = 0; no < space.size; no++) {
          const { target: t, variation } = space.at(no);
          seen.add(JSON.stringify([t, variation]));
        }
        expect(seen.size).toBe(space.size);
        expect(() => space.at(space.size)).toThrow(RangeError);
      }),
      { numRuns: 60 },
    );
  });

  it('begins with each target as it is', () => {
    const space = new Space(spec({ leaveOut: 'pairs', faults: { kinds: ['systick'], cycles: { to: 5 } } }), [target(3), target(0)], []);
    expect(space.size).toBe((1 + 3 + 3) * 6 + 6);
    for (const offset of space.offsets) expect(space.at(offset).variation).toEqual({ delay: null, seed: null, leave: [], fault: null });
    expect(space.at(41).variation).toEqual({
      delay: null,
      seed: null,
      leave: [1, 2],
      fault: { kind: 'systick', unit: 'cycles', before: 5 },
    });
  });

  it('varies each delay alone, and never by a factor that changes nothing', () => {
    const space = new Space(spec({ delays: { factors: [0.1, 1, 10] } }), [target(0)], []);
    const delays = Array.from({ length: space.size }, (_, no) => space.at(no).variation.delay);
    expect(delays.map((d) => d && `${d.name} ${d.ps}`)).toEqual([
      null,
      'hse.start.ps 100',
      'hse.start.ps 10000',
      'pll.lock.ps 200',
      'pll.lock.ps 20000',
    ]);
  });

  it.each([
    ['hse*', 2],
    ['*ps', 3],
    ['h*s*e.*t.p*', 2],
    ['*lock*', 2],
    ['pll.lock.ps', 2],
    [`${'*'.repeat(60)}ps`, 3],
  ])('varies the delays that fit %s', (pattern, size) => {
    expect(new Space(spec({ delays: { parameters: [pattern], factors: [2] } }), [target(0)], []).size).toBe(size);
  });
  it.each(['pll.lock.ps*ps', 'hse*x', 'start', `${'*'.repeat(60)}x`, '*s*s*s*s*'])('knows no delay that fits %s', (pattern) => {
    expect(() => new Space(spec({ delays: { parameters: [pattern], factors: [2] } }), [target(0)], ['fw'])).toThrow(/has no/);
  });

  it('of a thousand million cases needs no memory for them', () => {
    const space = new Space(
      spec({ seeds: { count: 1_000_000 }, faults: { kinds: ['systick'], instructions: { to: 999 } } }),
      [target(0)],
      [],
    );
    expect(space.size).toBe(1e9);
    expect(space.at(999_999_999).variation).toEqual({
      delay: null,
      seed: 1_000_000,
      leave: [],
      fault: { kind: 'systick', unit: 'instructions', before: 999 },
    });
  });

  it('refuses a hand-over of a firmware that never jumps, and a delay that the chip does not have', () => {
    const still = { ...target(0), jumps: false };
    expect(() => new Space(spec({ leaveOut: 'single' }), [still], ['fw'])).toThrow(/fw never jumps into the ROM: .*leaveOut/);
    expect(() => new Space(spec({ delays: { parameters: ['lse*'], factors: [2] } }), [target(0)], ['fw'])).toThrow(
      /fw has no lse\*; it has hse\.start\.ps, pll\.lock\.ps/,
    );
    expect(new Space(spec({ seeds: { count: 3 } }), [still], ['fw']).size).toBe(3);
  });
});

describe('a sample', () => {
  it('of hundreds of thousands lets signals have their turn', async () => {
    let turns = 0;
    const other = setInterval(() => turns++, 0);
    expect(await drawCases(spec({ sample: { count: 300_000 } }), 1e12)).toHaveLength(300_000);
    clearInterval(other);
    expect(turns).toBeGreaterThan(1);
  });
  it('has the size that is asked for, in order, without repeats, and is the same for the same seed', async () => {
    const drawn = await drawCases(spec({ sample: { count: 500, seed: 3 } }), 1e9);
    expect(drawn).toHaveLength(500);
    expect(drawn).toEqual([...new Set(drawn)].sort((a, b) => a - b));
    expect(await drawCases(spec({ sample: { count: 500, seed: 3 } }), 1e9)).toEqual(drawn);
    expect(await drawCases(spec({ sample: { count: 500, seed: 4 } }), 1e9)).not.toEqual(drawn);
  });
  it('is drawn evenly', async () => {
    for (const size of [4000, 1e9, 2 ** 40]) {
      const drawn = (await drawCases(spec({ sample: { count: 2000 } }), size))!;
      const quarters = [0, 1, 2, 3].map((q) => drawn.filter((no) => Math.floor((4 * no) / size) === q).length);
      // 500 each; the standard deviation is 19
      for (const n of quarters) expect(Math.abs(n - 500)).toBeLessThan(120);
    }
  });
  it('of a space that is not larger is all of it', async () => {
    expect(await drawCases(spec({ sample: { count: 10 } }), 10)).toBeNull();
    expect(await drawCases(spec({ sample: { count: 9 } }), 10)).toHaveLength(9);
  });
});
