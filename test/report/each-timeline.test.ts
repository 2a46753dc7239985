/**
 * What the timeline of a page draws and says at each step of what a person does with it, beside what it drew (each-timeline.txt, which `BOOTBENCH_GOLDEN=write` writes anew). In Chromium test/web/report.test.ts
 * goes through it; here stands a document of a hundred lines.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Picture, PictureTrack } from '../../src/report/picture.ts';
import type { TimelineHandle } from '../../src/report/app/timeline.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { smallDocument, type SmallElement } from './small-dom.ts';

const { document, window } = smallDocument();
const PAGE = { document, window, ...('navigator' in globalThis ? {} : { navigator: { maxTouchPoints: 0 } }) };
let drawTimeline: (picture: Picture, holder: HTMLElement, onChoose?: (row: number | null) => void) => TimelineHandle;
beforeAll(async () => {
  Object.assign(globalThis, PAGE);
  ({ drawTimeline } = await import('../../src/report/app/timeline.ts'));
});
// files of a process share what is global
afterAll(() => {
  for (const name of Object.keys(PAGE)) Reflect.deleteProperty(globalThis, name);
});

const TEXTS = [
  'application',
  'ROM: branch to 0x0bf97165',
  'reset: power-on',
  'entry: ROM entered',
  'PRIMASK = 1',
  'GET_DESCRIPTOR device: ack',
];
const track = (name: string, from: readonly number[], length: number, over: Partial<PictureTrack> = {}): PictureTrack => ({
  name,
  run: 'run',
  look: 'core',
  from,
  to: from.map((at) => at + length),
  text: from.map((_, i) => i % TEXTS.length),
  ...over,
});
const PICTURES: Readonly<Record<string, Picture>> = {
  'a run and the repaired one': {
    end: 2.5,
    texts: TEXTS,
    tracks: [
      track('runs', [0, 0.1, 1.2], 0.9, { look: 'application' }),
      track('primask', [0.05, 0.0500001, 0.3, 0.300002, 0.31, 2.4], 0.01),
      track('events', [0, 0.000001, 0.0005, 0.1, 0.1000000005, 0.9, 0.905, 2.5], 0, { look: 'instant', rows: [0, 1, -1, 3, 4, 5, 7, 9] }),
      track('runs', [0, 1.5], 1, { run: 'repaired', look: 'application' }),
      track('USB transfers', Array.from({ length: 300 }, (_, i) => 1 + i * 0.001), 0.0005, { run: 'repaired', look: 'bus' }),
    ],
    repaired: 'primask repaired: dfu',
    noReturn: 0.3,
  },
  'no rows': { end: 0.002, texts: TEXTS, tracks: [track('runs', [0], 0.002), track('clock', [0, 0.001], 0.001)], repaired: null, noReturn: null },
}; // prettier-ignore

type Act = readonly [name: string, act: (page: Page) => void];
interface Page {
  readonly svg: SmallElement;
  readonly holder: SmallElement;
  readonly timeline: TimelineHandle;
}
const key = (...keys: readonly string[]): Act => [`keys ${keys.join(' ')}`, ({ svg }) => keys.forEach((k) => svg.fire('keydown', { key: k, preventDefault: () => undefined }))]; // prettier-ignore
const button = (label: string, times = 1): Act => [
  `button ${label} ${times}`,
  ({ holder }) => {
    for (let i = 0; i < times; i++)
      holder
        .querySelectorAll('button')
        .find((b) => b.getAttribute('aria-label') === label)!
        .fire('click');
  },
];
const choose = (row: number): Act => [`row ${row}`, ({ timeline }) => expect(timeline.chooseRow(row)).toBe(CHOSEN.has(row))];
const CHOSEN = new Set([0, 1, 3, 4, 5, 7, 9]);
const mark = (i: number, event: string): Act => [`${event} mark ${i}`, ({ svg }) => svg.querySelectorAll('g.mark')[i]?.fire(event)];
const wide = (width: number): Act => [`${width} pixels`, ({ holder }) => ((holder.clientWidth = width), window.fire('resize'))];
const ACTS: readonly Act[] = [
  ...['>', '>', '>', '<', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'x'].map((k) => key(k)),
  key('+'), key('+'), key('ArrowRight'), key('ArrowLeft'), key('-'), key('>', '>', '>', '>', '>', '>', '>', '>', '>', '>'), key('0'),
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(choose),
  key('+', '+', '+', '+', '+', '+', '+', '+'), choose(0), choose(9), choose(3), key('+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+', '+'),
  button('later'), button('earlier', 2), button('previous mark'), button('next mark'), button('zoom out', 9), button('whole run'), button('zoom in', 3),
  mark(0, 'click'), mark(2, 'focus'), mark(5, 'click'), wide(499), wide(500), wide(320), wide(259), wide(260), wide(261), wide(2000), key('0'),
  key('ArrowLeft', 'ArrowLeft', 'ArrowLeft'), key('+', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowRight'),
]; // prettier-ignore

it.each(Object.entries(PICTURES))('%s: each step draws and says what it did', (name, picture) => {
  const holder = document.createElement('div');
  holder.clientWidth = 900;
  const rows: (number | null)[] = [];
  const timeline = drawTimeline(picture, holder as unknown as HTMLElement, (row) => rows.push(row));
  const svg = holder.querySelector('svg')!;
  const said = (): string => {
    const marks = svg.querySelectorAll('g.mark');
    return `${holder.querySelector('output')!.textContent} [${rows.splice(0).join()}] ${marks.length} marks, ${svg.querySelectorAll('g.chosen').length} chosen, ${svg.querySelectorAll('g.tick').length} ticks`;
  };
  const lines = [`---- ${name}`, said()];
  for (const [act, does] of ACTS) {
    if (act.startsWith('row') && picture.repaired === null) expect(timeline.chooseRow(0)).toBe(false);
    else does({ svg, holder, timeline });
    lines.push(`${act}: ${said()}`);
  }
  timeline.close();
  expect(window.listening()).toBe(0);
  expectAsBefore(lines, new URL(`./each-timeline/${name.replaceAll(' ', '-')}.txt`, import.meta.url));
});
it('keys of the browser stay the browser’s', () => {
  const holder = document.createElement('div');
  const timeline = drawTimeline(PICTURES['no rows']!, holder as unknown as HTMLElement);
  const svg = holder.querySelector('svg')!;
  const stopped = ['ctrlKey', 'altKey', 'metaKey', 'shiftKey'].filter((held) => {
    let taken = false;
    svg.fire('keydown', { key: '+', [held]: true, preventDefault: () => (taken = true) });
    return taken;
  });
  expect(stopped).toEqual(['shiftKey']);
  timeline.close();
});
