/** The axis is broken where nothing happens, and every place of it is still one instant. */
import { describe, expect, it } from 'vitest';
import { brokenAxis, waitsBetween } from '../../src/report/axis.ts';
import { foldResets } from '../../src/report/lanes.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';

describe('waits', () => {
  it('are the gaps that hide what happens beside them', () => {
    const waits = waitsBetween([0.001, 0.002, 0.003, 5, 5.001, 5.002], 5.003);
    expect(waits).toHaveLength(1);
    expect(waits[0]![0]).toBeCloseTo(0.003, 3);
    expect(waits[0]![1]).toBeCloseTo(5, 3);
  });
  it('are none in a run without events, or where all gaps are alike', () => {
    expect(waitsBetween([], 5)).toEqual([]);
    expect(
      waitsBetween(
        Array.from({ length: 40 }, (_, i) => i / 8),
        5,
      ),
    ).toEqual([]);
  });
});
describe('a broken axis', () => {
  const axis = brokenAxis(10, [
    [1, 4],
    [5, 9],
  ]);
  it('is as long as the run without its waits, and little for each', () => {
    expect(axis.length).toBeGreaterThan(3);
    expect(axis.length).toBeLessThan(3.5);
  });
  it('leads from each instant to a place and back, also inside of a wait and beyond the ends', () => {
    let last = -Infinity;
    for (let t = -1; t <= 11; t += 0.125) {
      const place = axis.at(t);
      expect(place).toBeGreaterThan(last);
      expect(axis.instant(place)).toBeCloseTo(t, 9);
      last = place;
    }
  });
  it('without waits is time itself', () => {
    expect(brokenAxis(2).at(1.5)).toBe(1.5);
    expect(brokenAxis(2).length).toBe(2);
  });
});
describe('resets of a loop', () => {
  const result = (entries: readonly string[]): RunResult =>
    ({
      entries: entries.map((at) => ({ at })),
      resets: [{ at: '0', by: 'power' }, ...Array.from({ length: 43 }, (_, i) => ({ at: String(1 + i / 100), by: 'iwdg' }))],
    }) as unknown as RunResult;
  const all = [{ from: 0, to: 2, text: 'application' }];
  it('are one mark with their number', () => {
    expect(foldResets(all, result([]))).toEqual([
      { from: 0, to: 1, text: 'application' },
      { from: 1, to: 1.42, text: '43 × reset by iwdg', tone: 'bad' },
      { from: 1.42, to: 2, text: 'application' },
    ]);
  });
  it('leave what stands around the last entry into the ROM', () => {
    const folds = foldResets(all, result(['1.205'])).filter((i) => i.tone === 'bad');
    expect(folds.map((f) => [f.from, f.to, f.text])).toEqual([
      [1, 1.2, '21 × reset by iwdg'],
      [1.21, 1.42, '22 × reset by iwdg'],
    ]);
  });
});
