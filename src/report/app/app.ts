/** The script of the report's page: the timeline, links between it and the tables, and highlighted code. d3 and highlight.js do the work. */
import hljs from 'highlight.js/lib/core';
import c from 'highlight.js/lib/languages/c';
import type { Picture } from '../picture.ts';
import { nowPanel } from './now.ts';
import { drawTimeline } from './timeline.ts';

hljs.registerLanguage('c', c);
for (const code of Array.from(document.querySelectorAll<HTMLElement>('.code code, pre code.c'))) {
  code.innerHTML = hljs.highlight(code.textContent ?? '', { language: 'c', ignoreIllegals: true }).value;
}

const source = document.getElementById('result');
const holder = document.getElementById('picture');
if (source !== null && holder !== null) {
  const picture = JSON.parse(source.textContent ?? '{}') as Picture;
  const now = nowPanel(picture, (mark) => timeline.setMark(mark));
  const timeline = drawTimeline(
    picture,
    holder,
    (row) => {
      for (const chosen of Array.from(document.querySelectorAll('tr.chosen'))) chosen.classList.remove('chosen');
      if (row !== null) document.getElementById(`t${row}`)?.classList.add('chosen');
    },
    (seconds) => {
      timeline.setNow(seconds);
      now.show(seconds);
    },
    true,
  );
  holder.append(now.panel);
  holder.addEventListener('keydown', (e) => {
    if (e.key === 'm' && !e.ctrlKey && !e.altKey && !e.metaKey) now.measure();
  });
  const first = firstNow(picture);
  timeline.setNow(first);
  now.show(first);
  Array.from(document.querySelectorAll<HTMLTableRowElement>('tr[id^="t"]')).forEach((row) =>
    row.addEventListener('click', () => timeline.chooseRow(Number(row.id.slice(1)))),
  );
  // what has its time elsewhere on the page leads here
  for (const link of Array.from(document.querySelectorAll<HTMLAnchorElement>('a[data-row]')))
    link.addEventListener('click', () => timeline.chooseRow(Number(link.dataset['row'])));
}

/** The last hand-over; without one, power-on. */
function firstNow({ tracks, texts }: Picture): number {
  const runs = tracks.find((t) => t.run === 'run' && t.look === 'application');
  const last = runs?.text.findLastIndex((text) => texts[text]!.startsWith('ROM')) ?? -1;
  return last < 0 ? 0 : runs!.from[last]!;
}
