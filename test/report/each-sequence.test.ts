/**
 * Where a timeline stands behind each short sequence of keys, from the beginning each time: what is chosen first, what is brought into view, around what it grows (each-sequence.txt, which
 * `BOOTBENCH_GOLDEN=write` writes anew). each-timeline.test.ts goes one long way.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Picture } from '../../src/report/picture.ts';
import type { TimelineHandle } from '../../src/report/app/timeline.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { smallDocument } from './small-dom.ts';

const { document, window } = smallDocument();
const PAGE = { document, window, ...('navigator' in globalThis ? {} : { navigator: { maxTouchPoints: 0 } }) };
let drawTimeline: (picture: Picture, holder: HTMLElement) => TimelineHandle;
beforeAll(async () => {
  Object.assign(globalThis, PAGE);
  ({ drawTimeline } = await import('../../src/report/app/timeline.ts'));
});
// files of a process share what is global
afterAll(() => {
  for (const name of Object.keys(PAGE)) Reflect.deleteProperty(globalThis, name);
});

const track = (name: string, from: readonly number[], length: number, rows?: readonly number[]): Picture['tracks'][number] => ({
  name,
  run: 'run',
  look: 'core',
  from,
  to: from.map((at) => at + length),
  text: from.map(() => 0),
  ...(rows ? { rows } : {}),
});
/** At the edges of the whole; and one mark, with others in steps of less than a pixel where the right edge is when that one is in the middle of half of the whole. */
const PICTURE: Picture = {
  end: 1,
  texts: ['a mark'],
  tracks: [
    track('few', [0, 0.5, 0.9], 0.05),
    track('rows', [0.1, 0.6, 1], 0, [0, 1, 2]),
    track('dense', [0.6, ...Array.from({ length: 60 }, (_, i) => 0.835 + i * 0.0005)], 0),
  ],
  repaired: null,
  noReturn: null,
};

/** What is said, and where the ends of the axis and the marks of the first two tracks are drawn. */
function behind(keys: readonly string[]): { step: (key: string) => string; close: () => void } {
  const holder = document.createElement('div');
  holder.clientWidth = 900;
  const timeline = drawTimeline(PICTURE, holder as unknown as HTMLElement);
  const svg = holder.querySelector('svg')!;
  const fire = (key: string): void => svg.fire('keydown', { key, preventDefault: () => undefined });
  keys.forEach(fire);
  return {
    step: (key) => {
      fire(key);
      const places = svg.querySelectorAll('g.mark').flatMap((g) => {
        const [x, y] = /\(([^,]+),(.*)\)/.exec(g.getAttribute('transform')!)!.slice(1).map(Number);
        return y! < 40 ? [x!.toFixed(1)] : [];
      });
      return `${holder.querySelector('output')!.textContent} [${places.join(' ')}]`;
    },
    close: () => timeline.close(),
  };
}

it('each sequence of three keys ends where it did', () => {
  const KEYS = ['+', '-', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', '<', '>'];
  const lines: string[] = [];
  const say = (...keys: readonly string[]): void => {
    const { step, close } = behind(keys.slice(0, -1));
    lines.push(`${keys.join(' ')}: ${step(keys.at(-1)!)}`);
    close();
  };
  for (const a of KEYS) {
    say(a);
    for (const b of KEYS) {
      say(a, b);
      // behind what changes the view or chooses something, from a view that can be moved
      for (const c of KEYS) if (a === '+' || a === 'ArrowUp' || a === 'ArrowDown') say(a, b, '+', c);
    }
  }
  // grows around the middle once what was chosen is out of view, on either side
  for (const away of ['ArrowLeft', 'ArrowRight']) say('>', '>', '+', '+', away, away, away, away, '+');
  expectAsBefore(lines, new URL('./each-sequence/keys.txt', import.meta.url));
});

it('a mark that is chosen behind the right edge is brought into view, one at the edge stays', () => {
  const { step, close } = behind(['+', 'ArrowDown', 'ArrowDown']);
  const views = [step('ArrowDown')];
  while (views.length < 62) views.push(step('>'));
  close();
  expectAsBefore(views, new URL('./each-sequence/edge.txt', import.meta.url));
  expect(new Set(views.map((view) => view.slice(view.indexOf('[')))).size).toBe(2);
});
