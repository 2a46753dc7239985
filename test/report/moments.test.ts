/** Of a run that moves much, a page keeps moments near the hand-over; an instant is told by what lasts then, and by the last moment before it. */
import { expect, it } from 'vitest';
import type { ClockTree } from '../../src/emu/clock-tree.ts';
import { clockRows } from '../../src/report/clock-words.ts';
import { fewerClocks, fewerMoments } from '../../src/report/keyframes.ts';
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
it('keeps the first, the last, and the most of the clock changes around the hand-over, and says how many are left out where', () => {
  const tree: ClockTree = { nodes: [], sources: [] };
  const clocks = Array.from({ length: 10_000 }, (_, i) => ({ at: (i / 1000) * S, tree, ...(i === 50 ? { unkept: 7 } : {}) }));
  const kept = fewerClocks(clocks, 5);
  expect(kept.length).toBeLessThanOrEqual(801);
  const nth = kept.map(({ at }) => Math.round((at / S) * 1000));
  expect([nth[0], nth.at(-1), nth.includes(5000)]).toEqual([0, 9999, true]);
  expect(nth.filter((n) => n >= 4700 && n <= 5300)).toHaveLength(601);
  // each that is not there is counted where it is not
  nth.forEach((n, i) => expect(kept[i]!.unkept ?? 0, String(n)).toBe((nth[i + 1] ?? 10_000) - n - 1 + (n === 50 ? 7 : 0)));
  // without a hand-over, as many of both ends
  expect(fewerClocks(clocks, null).map(({ at }) => at)).toEqual([...clocks.slice(0, 400), ...clocks.slice(-400)].map(({ at }) => at));
  expect(fewerClocks(clocks.slice(0, 800), 0)).toEqual(clocks.slice(0, 800));
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
it('tells what the bytes of a transfer say, while it lasts and as the last one', () => {
  const usb = { name: 'USB transfers', run: 'run', look: 'bus', from: [5, 7], to: [6, 8], text: [6, 6], facts: [0, -1] } as const;
  const decoded = {
    ...PICTURE,
    texts: [...PICTURE.texts, 'SETUP', 'bmRequestType 0x80'],
    tracks: [usb],
    facts: [[[8, 9]]],
  } satisfies Picture;
  const told = (at: number): readonly string[] => toldAt({ ...decoded, moments: undefined! }, at).map(([label]) => label);
  expect([told(5.5), told(6.5), told(7.5)]).toEqual([['USB transfers', 'SETUP'], ['USB transfers', 'SETUP'], ['USB transfers']]);
  expect(toldAt(decoded, 5.5).at(-1)).toEqual(['SETUP', 'bmRequestType 0x80']);
});
it('has one core after the other', () => {
  const two = { ...PICTURE, moments: { ...PICTURE.moments!, core: [7, -1] } };
  expect(toldAt(two, 7).map(([label]) => label).slice(0, 6)).toEqual(['cm7 seen last', 'cm7 where', 'cm7 source', 'cm7 PC', 'cm7 SP', 'cm7 VTOR']); // prettier-ignore
});
it('tells the clock tree in force, and no clock or mask a second time', () => {
  const masked = {
    ...PICTURE,
    texts: [...PICTURE.texts, 'SYSCLK', '8 MHz, from HSI', '48 MHz, from HSI48', 'PRIMASK = 1'],
    tracks: [
      ...PICTURE.tracks,
      { name: 'masks', run: 'run', look: 'core', lane: true, from: [1], to: [10], text: [11] },
      { name: 'primask', run: 'run', look: 'core', repeats: true, from: [1], to: [10], text: [11] },
      { name: 'sysclk', run: 'run', look: 'clock', from: [0], to: [10], text: [9] },
    ],
    clocks: { at: [0, 3, 6], tree: [0, 1, 0] },
    facts: [[[8, 9]], [[8, 10]]],
  } satisfies Picture;
  const told = (at: number): readonly (readonly [string, string])[] => toldAt(masked, at).filter(([, value]) => /MHz|PRIMASK/.test(value));
  expect(told(2)).toEqual([
    ['masks', 'PRIMASK = 1'],
    ['clock SYSCLK', '8 MHz, from HSI'],
  ]);
  expect(told(4).at(-1)).toEqual(['clock SYSCLK', '48 MHz, from HSI48']);
  expect(told(7).at(-1)).toEqual(['clock SYSCLK', '8 MHz, from HSI']);
});
it('says of clocks that it does not have from when they are, and how many changes are not kept', () => {
  const gap = {
    ...PICTURE,
    texts: [...PICTURE.texts, 'SYSCLK', '8 MHz, from HSI'],
    clocks: { at: [0, 3, 6], tree: [0, 0, 0], unkept: [0, 41, 1] },
    facts: [[[8, 9]]],
  } satisfies Picture;
  const told = (at: number): readonly (readonly [string, string])[] => toldAt(gap, at).filter(([label]) => label.startsWith('clock'));
  expect(told(1)).toEqual([['clock SYSCLK', '8 MHz, from HSI']]);
  expect(told(4)[0]).toEqual(['clocks', 'as at 3 s: 41 changes from there to 6 s are not kept']);
  expect(told(7)).toEqual([
    ['clocks', 'as at 6 s: 1 change from there to the end is not kept'],
    ['clock SYSCLK', '8 MHz, from HSI'],
  ]);
});
it('says a clock with what it comes from, its factors and its ready bit', () => {
  const tree: ClockTree = {
    nodes: [
      { name: 'hse', hz: 8e6, from: null, factors: [] },
      { name: 'pll', hz: 48e6, from: 'hse', factors: [[6, 1], [1, 1]] }, // prettier-ignore
      { name: 'hclk', hz: 24e6, from: 'pll', factors: [[1, 2]] },
      { name: 'usb', hz: 0, from: null, factors: [] },
    ],
    sources: [
      { name: 'hse', on: true, ready: true },
      { name: 'hsi48', on: true, ready: false },
      { name: 'lse', on: false, ready: false },
    ],
  };
  expect(clockRows(tree)).toEqual([
    ['HSE', '8 MHz, ready'],
    ['PLL', '48 MHz, from HSE × 6'],
    ['HCLK', '24 MHz, from PLL / 2'],
    ['USB', 'stopped'],
    ['HSI48', 'on, not ready'],
  ]);
});
