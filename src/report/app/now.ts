/** One "now": what the program, the core, each lane and the host were at an instant of the timeline. */
import { timeText, toldAt } from '../moments.ts';
import type { Picture } from '../picture.ts';

interface NowPanel {
  readonly panel: HTMLElement;
  readonly show: (seconds: number) => void;
}
export function nowPanel(picture: Picture): NowPanel {
  const panel = document.createElement('section');
  panel.id = 'now';
  panel.hidden = true;
  panel.setAttribute('aria-live', 'polite');
  const title = document.createElement('h3');
  const list = document.createElement('dl');
  list.tabIndex = 0;
  panel.append(title, list);
  const cell = (tag: 'dt' | 'dd', text: string): HTMLElement => {
    const made = document.createElement(tag);
    made.textContent = text;
    return made;
  };
  const show = (seconds: number): void => {
    panel.hidden = false;
    // as in the table of events: steps can be shorter than what is rounded
    title.textContent = `At ${timeText(seconds)} (${seconds.toFixed(9)} s)`;
    list.replaceChildren(...toldAt(picture, seconds).flatMap(([label, value]) => [cell('dt', label), cell('dd', value)]));
  };
  return { panel, show };
}
