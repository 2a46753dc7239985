/** What ends `rom learn` and `rom compare`: the code of a dump is somebody else's. */
import { describe, expect, it } from 'vitest';
import { compareRoms } from '../../src/bench/learn/compare.ts';
import { learn } from '../../src/bench/learn/learn.ts';
import { CutShort } from '../../src/bench/session/budget.ts';
import { findChip } from '../../src/chips/index.ts';
import { dumpOf } from './learned.ts';
import { plainJob } from './plain-job.ts';

const CHIP = findChip('stm32f072rb')!;
const standIn = { ...plainJob(CHIP.name, []), limits: { maxInstructions: null, wallMs: 1000, maxMemory: null } };
const dump = { ...standIn, rom: { kind: 'dump' as const, bytes: dumpOf(CHIP, {}), version: null, options: {} } };
/** A clock that has gone on by two seconds from its n-th look on. */
function lateAt(n: number) {
  const counted = { looks: 0 };
  return { counted, hooks: { startedAt: 0, clock: () => (++counted.looks >= n ? 2000 : 0) } };
}

describe('a dump that is run for what its code does', () => {
  it.each([1, 100, 400])('is given up at the end of --wall, at the %i. look', (n) => {
    const { counted, hooks } = lateAt(n);
    expect(() => learn(dump, standIn, hooks)).toThrow(CutShort);
    expect(counted.looks).toBe(n);
  });
  it('is given up where a signal has come', () => {
    expect(() => learn(dump, standIn, { signal: () => true })).toThrow('limit: signal');
  });
  it.each(['serial', 'dfu'])(
    'is given up in each part of a comparison: %s',
    async (part) => {
      const whole = lateAt(Infinity);
      await compareRoms(dump, standIn, whole.hooks);
      const learning = lateAt(Infinity);
      learn(dump, standIn, learning.hooks);
      const n = part === 'serial' ? learning.counted.looks + 1 : whole.counted.looks - 5;
      const { counted, hooks } = lateAt(n);
      await expect(compareRoms(dump, standIn, hooks)).rejects.toThrow(CutShort);
      // a machine that starts ends by itself, and what would follow is not begun
      expect(counted.looks - n).toBeLessThanOrEqual(1);
    },
    120_000,
  );
});
