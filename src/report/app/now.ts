/** One "now": what the program, the core, each lane and the host were at an instant of the timeline; and how long it is from another one. */
import { timeText, toldAt } from '../moments.ts';
import type { Picture } from '../picture.ts';

interface NowPanel {
  readonly panel: HTMLElement;
  readonly show: (seconds: number) => void;
  /** Measures from the instant that is shown; where that is measured from already, no more. */
  readonly measure: () => void;
}
/** @param onMark where is measured from has changed */
export function nowPanel(picture: Picture, onMark: (seconds: number | null) => void): NowPanel {
  const panel = document.createElement('section');
  panel.id = 'now';
  panel.hidden = true;
  panel.setAttribute('aria-live', 'polite');
  const title = document.createElement('h3');
  const list = document.createElement('dl');
  list.tabIndex = 0;
  const button = document.createElement('button');
  button.type = 'button';
  panel.append(title, button, list);
  const cell = (tag: 'dt' | 'dd', text: string): HTMLElement => {
    const made = document.createElement(tag);
    made.textContent = text;
    return made;
  };
  let now = 0;
  let mark: number | null = null;
  const show = (seconds: number): void => {
    now = seconds;
    panel.hidden = false;
    // as in the table of events: steps can be shorter than what is rounded
    title.textContent = `At ${timeText(seconds)} (${seconds.toFixed(9)} s)${mark === null ? '' : distance(seconds - mark)}`;
    button.textContent = mark === now ? 'measure no more' : 'measure from here';
    list.replaceChildren(...toldAt(picture, seconds).flatMap(([label, value]) => [cell('dt', label), cell('dd', value)]));
  };
  const measure = (): void => {
    mark = mark === now ? null : now;
    onMark(mark);
    show(now);
  };
  button.addEventListener('click', measure);
  return { panel, show, measure };
}
const distance = (seconds: number): string =>
  seconds === 0 ? ', measured from here' : `, ${timeText(Math.abs(seconds))} ${seconds > 0 ? 'after' : 'before'} the mark`;
