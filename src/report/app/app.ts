/** The script of the report's page: a timeline to zoom into, by mouse, touch and keyboard, and highlighted code. d3 and highlight.js do the work. */
import hljs from 'highlight.js/lib/core';
import c from 'highlight.js/lib/languages/c';
import { axisBottom } from 'd3-axis';
import { scaleLinear } from 'd3-scale';
import { select } from 'd3-selection';
import { zoom, zoomIdentity, type ZoomTransform } from 'd3-zoom';
import type { Picture } from '../html.ts';

const LEFT = 92;
const ROW = 30;
const ZOOM = 2;
const CLOSEST = 1e7;

interface Mark {
  readonly track: string;
  readonly from: number;
  /** The same as `from` for what takes no time. */
  readonly to: number;
  readonly text: string;
  readonly style: string;
  /** Row of the table. */
  readonly row: number | null;
}

function marksOf(p: Picture): Mark[] {
  const at = (track: string, list: readonly { at: number; kind: string; text: string }[], rows: boolean): Mark[] =>
    list.map(({ at: from, kind, text }, i) => ({
      track,
      from,
      to: from,
      text: `${kind}: ${text}`,
      style: 'tickmark',
      row: rows ? i : null,
    }));
  return [
    { track: 'runs', from: 0, to: p.end, text: 'application', style: 'bar', row: null },
    ...p.rom.map(({ from, to, text }): Mark => ({ track: 'runs', from, to, text: `ROM: ${text}`, style: 'bar rom', row: null })),
    ...at('resets', p.resets, false),
    ...at('events', p.timeline, true),
    ...p.sessions.map(({ from, to, text }): Mark => ({ track: 'on the bus', from, to, text, style: 'bar', row: null })),
    ...at('USB', p.usb, false),
  ];
}

const time = (seconds: number): string =>
  seconds >= 1 ? `${+seconds.toFixed(4)} s` : seconds >= 1e-3 ? `${+(seconds * 1e3).toFixed(4)} ms` : `${+(seconds * 1e6).toFixed(3)} µs`;

function draw(p: Picture, holder: HTMLElement): void {
  const marks = marksOf(p);
  const tracks = [...new Set(marks.map((m) => m.track))];
  const height = tracks.length * ROW + 28;
  const tools = document.createElement('div');
  tools.className = 'tools';
  const said = document.createElement('output');
  said.textContent = 'Wheel, pinch or + and - zoom, arrow keys move, Tab goes from mark to mark.';
  const svg = select(holder)
    .append('svg')
    .attr('height', height)
    .attr('role', 'group')
    .attr('aria-label', 'Timeline of the run')
    .attr('tabindex', 0);
  const clip = svg.append('defs').append('clipPath').attr('id', 'inside').append('rect').attr('x', LEFT).attr('height', height);
  const axis = svg.append('g').attr('transform', `translate(0,${height - 24})`);
  const body = svg.append('g').attr('clip-path', 'url(#inside)');
  tracks.forEach((name, i) =>
    svg
      .append('text')
      .attr('x', 4)
      .attr('y', i * ROW + 20)
      .text(name),
  );
  const x = scaleLinear().domain([0, p.end]);
  let moved: ZoomTransform = zoomIdentity;
  const groups = body
    .selectAll<SVGGElement, Mark>('g')
    .data(marks)
    .join('g')
    .attr('class', 'mark')
    .attr('tabindex', 0)
    .attr('role', 'button');
  groups
    .attr('aria-label', (m) => `${m.track}, ${time(m.from)}: ${m.text}`)
    .append('title')
    .text((m) => `${time(m.from)}  ${m.text}`);
  groups
    .append('rect')
    .attr('class', (m) => m.style)
    .attr('y', (m) => tracks.indexOf(m.track) * ROW + 6)
    .attr('height', ROW - 12);
  const place = (): void => {
    const width = Math.max(260, holder.clientWidth);
    clip.attr('width', width - LEFT);
    x.range([LEFT, width - 8]);
    const now = moved.rescaleX(x);
    groups
      .select<SVGRectElement>('rect')
      .attr('x', (m) => now(m.from))
      .attr('width', (m) => Math.max(3, now(m.to) - now(m.from)));
    axis.call(
      axisBottom(now)
        .ticks(width < 500 ? 3 : 8)
        .tickFormat((v) => time(Number(v))),
    );
  };
  const behaviour = zoom<SVGSVGElement, unknown>()
    .scaleExtent([1, CLOSEST])
    .on('zoom', (event: { transform: ZoomTransform }) => {
      moved = event.transform;
      place();
    });
  const limit = (): void => {
    const width = Math.max(260, holder.clientWidth);
    behaviour
      .extent([
        [LEFT, 0],
        [width - 8, height],
      ])
      .translateExtent([
        [LEFT, 0],
        [width - 8, height],
      ]);
    place();
  };
  svg.call(behaviour);
  const choose = (m: Mark): void => {
    groups.select('rect').classed('chosen', (other) => other === m);
    said.textContent = `${time(m.from)}${m.to > m.from ? ` to ${time(m.to)}` : ''}: ${m.text}`;
    for (const row of Array.from(document.querySelectorAll('tr.chosen'))) row.classList.remove('chosen');
    if (m.row !== null) document.getElementById(`t${m.row}`)?.classList.add('chosen');
  };
  groups.on('click', (_event, m) => choose(m)).on('focus', (_event, m) => choose(m));
  const by = (factor: number): void => void svg.call((s) => behaviour.scaleBy(s, factor));
  const shift = (part: number): void => void svg.call((s) => behaviour.translateBy(s, (part * (holder.clientWidth - LEFT)) / moved.k, 0));
  const whole = (): void => void svg.call((s) => behaviour.transform(s, zoomIdentity));
  const button = (text: string, label: string, act: () => void): void => {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = text;
    made.setAttribute('aria-label', label);
    made.addEventListener('click', act);
    tools.append(made);
  };
  button('+', 'zoom in', () => by(ZOOM));
  button('−', 'zoom out', () => by(1 / ZOOM));
  button('◀', 'earlier', () => shift(0.5));
  button('▶', 'later', () => shift(-0.5));
  button('whole run', 'whole run', whole);
  svg.on('keydown', (event: KeyboardEvent) => {
    const acts: Readonly<Record<string, () => void>> = {
      '+': () => by(ZOOM),
      '-': () => by(1 / ZOOM),
      ArrowLeft: () => shift(0.25),
      ArrowRight: () => shift(-0.25),
      '0': whole,
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
  Array.from(document.querySelectorAll<HTMLTableRowElement>('tr[id^="t"]')).forEach((row, i) => {
    const mark = marks.find((m) => m.row === i);
    if (mark) row.addEventListener('click', () => choose(mark));
  });
  holder.append(tools, said);
  limit();
  window.addEventListener('resize', limit);
}

hljs.registerLanguage('c', c);
for (const code of Array.from(document.querySelectorAll<HTMLElement>('.code code, pre code.c'))) {
  code.innerHTML = hljs.highlight(code.textContent ?? '', { language: 'c', ignoreIllegals: true }).value;
}
// what is folded is printed, too
window.addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((d) => (d.open = true)));

const source = document.getElementById('result');
const holder = document.getElementById('picture');
if (source !== null && holder !== null) draw(JSON.parse(source.textContent ?? '{}') as Picture, holder);
