/** Of a run that moves much, a page keeps moments near the hand-over; an instant is told by what lasts then, and by the last moment before it. */
import { expect, it } from 'vitest';
import { fewerMoments } from '../../src/report/keyframes.ts';
import { toldAt } from '../../src/report/moments.ts';
import type { Picture } from '../../src/report/picture.ts';
import type { TracedRun } from '../../src/bench/documents/trace-types.ts';

const S = 1e12;
const MOMENT = { core: null, place: { pc: '0x08000100', symbol: null, file: null, line: null }, sp: 0x20001000, vtor: 0 } as const;
const run = (ats: readonly number[], end: number): TracedRun => ({
  jump: null,
  outcome: 'dfu',
  end: end * S,
  signals: [],
  transfers: [],
  console: [],
  rows: [],
  clocks: [],
  host: [],
  moments: ats.map((at) => ({ ...MOMENT, at: at * S })),
  dropped: 0,
});

it('keeps few moments as they are', () => {
  expect(fewerMoments(run([0, 1, 2], 3), null)).toHaveLength(3);
});
it('keeps the order, the end, and more of the first view', () => {
  const all = run(
    Array.from({ length: 10_000 }, (_, i) => i / 1000),
    10,
  );
  const kept = fewerMoments(all, [9, 9.5]).map((m) => m.at / S);
  expect(kept.length).toBeLessThanOrEqual(810);
  expect(kept).toEqual([...kept].sort((a, b) => a - b));
  expect(kept.at(-1)).toBe(9.999);
  const inView = kept.filter((at) => at >= 9 && at < 9.5).length;
  expect(inView).toBeGreaterThan(390);
});

const PICTURE: Picture = {
  end: 10,
  texts: ['application', 'ROM', 'main.c:3 (main)', 'irq_off();', 'in the ROM, 0x1fff0100', 'reset: power-on', 'GET_DESCRIPTOR: ok', 'cm7'],
  tracks: [
    { name: 'runs', run: 'run', look: 'application', from: [0, 4], to: [4, 10], text: [0, 1] },
    { name: 'runs', run: 'repaired', look: 'application', from: [0], to: [10], text: [0] },
    { name: 'events', run: 'run', look: 'instant', from: [0], to: [0], text: [5] },
    { name: 'USB transfers', run: 'run', look: 'bus', from: [5], to: [6], text: [6] },
  ],
  repaired: null,
  noReturn: null,
  moments: {
    at: [1, 4],
    place: [2, 4],
    code: [3, -1],
    pc: [0x08000100, 0x1fff0100],
    sp: [0x20001000, 0x20002000],
    vtor: [0, -1],
    core: [-1, -1],
  },
};
it('tells an instant by the last moment before it and by what lasts', () => {
  expect(toldAt(PICTURE, 2)).toEqual([
    ['seen last', '1 s'],
    ['where', 'main.c:3 (main)'],
    ['source', 'irq_off();'],
    ['PC', '0x08000100'],
    ['SP', '0x20001000'],
    ['VTOR', '0x00000000'],
    ['runs', 'application'],
    ['events', '0 µs: reset: power-on'],
  ]);
});
it('leaves out what is not known, and tells the last transfer', () => {
  expect(toldAt(PICTURE, 7)).toEqual([
    ['seen last', '4 s'],
    ['where', 'in the ROM, 0x1fff0100'],
    ['PC', '0x1fff0100'],
    ['SP', '0x20002000'],
    ['runs', 'ROM'],
    ['events', '0 µs: reset: power-on'],
    ['USB transfers', 'the last, at 5 s: GET_DESCRIPTOR: ok'],
  ]);
  expect(toldAt(PICTURE, 0.5).map(([label]) => label)).toEqual(['runs', 'events']);
});
it('has one core after the other', () => {
  const two = { ...PICTURE, moments: { ...PICTURE.moments!, core: [7, -1] } };
  expect(toldAt(two, 7).map(([label]) => label).slice(0, 6)).toEqual(['cm7 seen last', 'cm7 where', 'cm7 source', 'cm7 PC', 'cm7 SP', 'cm7 VTOR']); // prettier-ignore
});
