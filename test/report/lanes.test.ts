/** Stretches of the first lanes, from signals. */
import { describe, expect, it } from 'vitest';
import type { TracedRun, TraceSignal } from '../../src/bench/documents/trace-types.ts';
import { heldBackOf, masksOf } from '../../src/report/lanes.ts';

const SECOND = 1e12;
const signal = (name: string, ...changes: readonly (readonly [seconds: number, value: number])[]): TraceSignal => ({
  name,
  group: 'core',
  kind: 'number',
  bits: 9,
  at: changes.map(([s]) => s * SECOND),
  values: changes.map(([, value]) => value),
});
const run = (...signals: readonly TraceSignal[]): TracedRun => ({
  ...{ jump: null, outcome: 'rom-silent', end: 10 * SECOND, signals, transfers: [], console: [], rows: [], moments: [], clocks: [] },
  ...{ host: [], dropped: 0 },
});

describe('exceptions that are kept waiting', () => {
  const names = Array.from({ length: 20 }, (_, i) => (i === 15 ? 'SysTick' : null)) as unknown as readonly string[];
  it('have a stretch each, from where they wait to where they are taken', () => {
    expect(heldBackOf(run(signal('cm4.held_back', [0, 0], [1, 15], [4, 0], [6, 15], [7, 17])), names)).toEqual([
      { from: 1, to: 4, text: 'SysTick waits' },
      { from: 6, to: 7, text: 'SysTick waits' },
      { from: 7, to: 10, text: 'exception 17 waits' },
    ]);
  });
  it('of two cores stand in the order of time', () => {
    const items = heldBackOf(run(signal('cm7.held_back', [3, 15]), signal('cm4.held_back', [2, 16])), names);
    expect(items.map(({ from }) => from)).toEqual([2, 3]);
  });
});

describe('masks', () => {
  it('that are set at once are one stretch, and it ends where the last is cleared', () => {
    const masks = run(signal('cm4.primask', [0, 0], [1, 1], [3, 0]), signal('cm4.basepri', [0, 0], [2, 64], [5, 0]));
    expect(masksOf(masks)).toEqual([
      { from: 1, to: 2, text: 'PRIMASK = 1' },
      { from: 2, to: 3, text: 'PRIMASK = 1, BASEPRI = 64' },
      { from: 3, to: 5, text: 'BASEPRI = 64' },
    ]);
  });
  it('of two cores have their names', () => {
    const masks = run(signal('cm7.primask', [0, 1]), signal('cm4.faultmask', [0, 1]));
    expect(masksOf(masks)).toEqual([{ from: 0, to: 10, text: 'cm7 PRIMASK = 1, cm4 FAULTMASK = 1' }]);
  });
});
