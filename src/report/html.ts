/**
 * One self-contained page: what happened, the line in its context, state at the jump, checks, USB, console, timeline. Everything is there without the script,
 * which adds what needs one: a timeline to zoom into, highlighted code, links between them. Nothing comes from elsewhere.
 */
import type { Judgement } from '../bench/documents/expect.ts';
import { callerOf } from '../bench/documents/note-facts.ts';
import type { ResultCheck, RunResult, Verdict } from '../bench/documents/result.ts';
import type { RunTrace, TracedJump, TracedWord } from '../bench/documents/trace-types.ts';
import { jsonLine } from '../bench/documents/json-text.ts';
import { escapeHtml as escape, PAGE_STYLE, pageOf } from './page.ts';
import { pictureOf, placeText as where } from './picture.ts';
import type { RomSource } from './keyframes.ts';
import { handOverPicture } from './hand-over/picture.ts';
import { NO_SOURCES, type Sources } from './source-lines.ts';
import type { Excerpt } from './story/facts.ts';
import type { Told } from './story/sentences.ts';
import { ON_PHONE } from './phone.ts';
import { storyOf } from './story/story.ts';
import { toldOn } from './story/surfaces.ts';
import { humanTime, sentence, type Style } from './text.ts';
import { TIMELINE_STYLE } from './timeline-style.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';
import { hex } from '../emu/hex.ts';

export interface HtmlOptions {
  /** The script of the page (src/report/app); without it the page stands still. */
  readonly script?: string;
  readonly sources?: Sources;
  readonly judgement?: Judgement | null;
  /** The full event stream: what the timeline draws. */
  readonly trace?: RunTrace;
  /** Lines of the stand-in ROM. */
  readonly rom?: RomSource;
}

/** Events of a long timeline that are printed. */
const PRINTED_ROWS = 20;
const NOT_PRINTED =
  'Not printed: what is folded in the page (checks that pass or do not apply, other registers, memory, the log of the bus), and the rest of a long timeline.';
const STYLE = `${PAGE_STYLE}
main { max-width: 88rem }
header { border-left: .5rem solid var(--line); padding-left: .75rem } header.bad { border-color: var(--fail) } header.good { border-color: var(--pass) } header.but { border-color: var(--warn) }
nav { position: sticky; top: 0; background: var(--back); border-bottom: 1px solid var(--line); padding: .4rem 0; z-index: 2; display: flex; flex-wrap: wrap; gap: .25rem 1rem }
.code { margin: 0; padding: .5rem 0 } .code ol { margin: 0; padding-left: 4rem } .code li { padding-left: .5rem; white-space: pre; font: 13px/1.45 ui-monospace, monospace } .code li::marker { color: var(--soft) }
.code li.blamed { font-weight: 700; background: light-dark(#ffe5e0, #4a2320); outline: 1px solid var(--fail) } .code li.blamed::before { content: '\\25B6 '; margin-left: -1.2em }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem } dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere } .mono { font-family: ui-monospace, monospace }
${TIMELINE_STYLE}
#now { border: 1px solid var(--line); border-radius: 4px; padding: .5rem .75rem; margin: .5rem 0 } #now h3 { margin: 0 0 .25rem } #now button { margin-bottom: .5rem } #now dl { margin: 0; max-height: 24rem; overflow: auto; font-size: 13px } #now dd { font-family: ui-monospace, monospace }
.picture svg { display: block; width: 100%; max-width: 60rem; height: auto; margin: .5rem 0 } .picture .narrow, .in-print { display: none } section:not(#story) { clear: both } #story > h2 { margin-top: .5rem } article h3 { margin: .7rem 0 .1rem; font-size: 1rem } article p { margin: .15rem 0 } article { display: flow-root } .console p { white-space: pre-line }
@media screen and (min-width: 1100px) { .picture { float: left; width: 57%; margin-right: 1.25rem } }
.diff > * { display: block; text-decoration: none } .diff ins { color: var(--pass) } .diff del { color: var(--fail) } article ul { list-style: none; padding: 0; margin: .25rem 0 }
button { font: inherit; padding: .2rem .7rem; border: 1px solid var(--line); background: var(--panel); color: var(--ink); border-radius: 4px; cursor: pointer }
.hljs-comment { color: var(--soft) } .hljs-keyword, .hljs-type, .hljs-meta { color: light-dark(#8b1a8b, #d8a0e8) } .hljs-string, .hljs-number { color: light-dark(#0b5c2b, #a5d6a7) } .hljs-title { color: light-dark(#0a4a9e, #9cc4ff) }
@media ${ON_PHONE} { .picture .wide { display: none } .picture .narrow { display: block } .picture .narrow svg { max-width: 30rem; margin: .5rem auto } main { padding: .5rem } td, th { padding: .2rem .3rem } dl { grid-template-columns: 1fr } .code ol { padding-left: 2.6rem } }
@media print { nav, .tools, #now, details:not([open]), #timeline tbody tr:nth-child(n+${PRINTED_ROWS + 1}), .picture .narrow { display: none } .picture .wide, .in-print { display: block } .picture svg { max-width: 135mm; margin: 0 }
pre, .code li { white-space: pre-wrap } #console pre { max-height: 10em; overflow: hidden } .code li, pre, article { break-inside: avoid } .code li { font-size: 7.5pt; line-height: 1.2 }
@page { margin: 10mm } body { font-size: 8pt; line-height: 1.2 } main { padding: 0 } header h1 { font-size: 12pt; margin: 0 } td, th { padding: 1px 4px; font-size: 7.5pt } h2 { margin: .5em 0 .2em } h3, p, article, figure { margin: .15em 0 } pre { padding: .3rem; font-size: 7.5pt } #timeline svg { max-height: 70mm } }`;

export function htmlReport(result: RunResult, options: HtmlOptions = {}): SafeText {
  const [headline, ...told] = toldOn('page', storyOf(result, options));
  const parts: readonly (readonly [id: string, title: string, body: string])[] = [
    ['story', 'What happened', storySection(told)],
    ['timeline', 'Timeline', timelineSection(result)],
    ['jump', 'State at the jump', jumpSection(result, options.trace ?? null)],
    ['checks', 'Checks', checksSection(result)],
    ['usb', 'USB', usbSection(result)],
    ['console', 'Console', consoleSection(result)],
  ];
  const shown = parts.filter(([, , body]) => body !== '');
  const nav = shown.map(([id, title]) => `<a href="#${id}">${title}</a>`).join('\n');
  const sections = shown.map(
    ([id, title, body]) => `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>\n${body}</section>`,
  );
  const script =
    options.script === undefined
      ? ''
      : `<script type="application/json" id="result">${jsonLine(pictureOf(result, options.trace ?? null, options.sources ?? NO_SOURCES, options.rom)).replaceAll('<', '\\u003c')}</script>\n<script>${options.script.replaceAll('</script', '<\\/script')}</script>`;
  return pageOf(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>bootbench: ${escape(result.outcome)}, ${escape(result.chip)}</title><style>${STYLE}</style></head>
<body><main>
${head(result, headline)}
<nav aria-label="Sections">${nav}</nav>
${pictures(result, options.sources ?? NO_SOURCES)}
${sections.join('\n')}
<p class="in-print soft">${NOT_PRINTED}</p>
</main>
${script}
</body></html>
`);
}

/** The picture, and the same as wide as a phone. */
const pictures = (result: RunResult, sources: Sources): string =>
  `<div class="picture"><div class="wide">${handOverPicture(result, { sources, headed: false })}</div><div class="narrow">${handOverPicture(result, { sources, narrow: true, headed: false, id: 'hand-over-narrow' })}</div></div>`;

const SIGN = { good: '✓ ', but: 'OK, but ', bad: '✗ ', expected: '' } as const;
const HOW: Readonly<Partial<Record<Style, keyof typeof SIGN>>> = { green: 'good', yellow: 'but', bold: 'expected' };
function head(r: RunResult, told: Told | undefined): string {
  const how = (told && HOW[told.tone]) ?? 'bad';
  const text = String(told?.text ?? r.outcome);
  const more = (told?.more ?? []).map((text) => `<p>${escape(text)}</p>`).join('');
  return `<header class="${how}"><h1>${escape(how === 'expected' ? sentence(text) : `${SIGN[how]}${text}`)}</h1>${more}</header>`;
}

/** What the run tells, as everywhere; the headline stands above. */
export function storySection(told: readonly Told[]): string {
  return told
    .map((t) => {
      const label = t.label === '' ? '' : `<h3>${escape(t.label)}</h3>`;
      const more = t.more.length === 0 ? '' : `<ul>${t.more.map((text) => `<li>${escape(text)}</li>`).join('')}</ul>`;
      return `<article class="${t.is}">${label}<p>${escape(t.text)}</p>${t.place === null ? '' : `<p>${escape(t.place)}</p>`}${sourceOf(t.source)}${more}${codeOf(t.code)}</article>`;
    })
    .join('\n');
}
/** Code as it is, or changed lines: what comes and what goes is told by the sign and by the colour. */
function codeOf(code: Told['code']): string {
  if (code.length === 0) return '';
  if (code.every(({ mark }) => mark === ' '))
    return `<pre tabindex="0"><code class="c">${code.map(({ text }) => escape(text)).join('\n')}</code></pre>`;
  const tag = { '+': 'ins', '-': 'del', ' ': 'span' } as const;
  return `<pre class="diff" tabindex="0">${code.map(({ mark, text }) => `<${tag[mark]}>${escape(`${mark}${text}`)}</${tag[mark]}>`).join('')}</pre>`;
}

const AROUND = 5;
/** The line in its context. */
function sourceOf(source: Excerpt | null): string {
  if (source === null) return '';
  const { file, line, lines: all, leftOut } = source;
  if (all === null) return `<p class="soft">The source of ${escape(file)} is not shown: ${escape(leftOut ?? '')}.</p>`;
  const from = Math.max(1, line - AROUND);
  const items = all
    .slice(from - 1, line + AROUND)
    .map((text, i) => `<li class="${from + i === line ? 'blamed' : 'line'}"><code>${escape(text.replaceAll('\t', '    '))}</code></li>`);
  return `<figure class="code scroll" tabindex="0"><figcaption class="soft">${escape(file)}${source.newer ? ' (changed after the image was built)' : ''}</figcaption><ol start="${from}">${items.join('')}</ol></figure>`;
}

function timelineSection(r: RunResult): string {
  const rows = r.timeline.map(
    (t, i) =>
      `<tr id="t${i}"><td class="mono">${escape(t.at)}</td><td>${escape(t.kind)}</td><td>${escape(t.text)}</td><td>${escape(t.file === null ? (t.pc ?? '') : `${t.file}:${t.line}`)}</td></tr>`,
  );
  return `<div id="picture"></div><details open><summary>${rows.length} events</summary><div class="scroll" tabindex="0">${table(['at (s)', 'kind', 'what', 'where'], rows)}</div></details>`;
}

const table = (head: readonly string[], rows: readonly string[]): string =>
  `<table><thead><tr>${head.map((h) => `<th scope="col">${escape(h)}</th>`).join('')}</tr></thead><tbody>\n${rows.join('\n')}</tbody></table>`;

/** Checks that judge a register. */
const JUDGED: Readonly<Record<string, string>> = {
  pc: 'entry-address',
  sp: 'msp',
  msp: 'msp',
  primask: 'primask',
  basepri: 'basepri',
  faultmask: 'faultmask',
  control: 'control',
  vtor: 'vtor',
  msplim: 'stack-limit',
};

function jumpSection(r: RunResult, trace: RunTrace | null): string {
  const entry = r.entries.at(-1);
  if (entry === undefined) return '';
  const row = ([name, value]: readonly [string, string]): string => {
    const check = r.checks.find((c) => c.id === JUDGED[name]);
    const bad = check?.verdict === 'fail' || check?.verdict === 'warn';
    return `<tr><th scope="row">${escape(name)}</th><td class="mono">${escape(value)}</td><td class="${bad ? check.verdict : ''}">${check === undefined ? '' : `${escape(check.verdict)} <a href="#check-${check.id}">${escape(check.id)}</a>${check.expected === null ? '' : `, expected ${escape(check.expected)}`}`}</td></tr>`;
  };
  const all = Object.entries(entry.registers);
  const part = (judged: boolean): string =>
    table(['register', 'value', 'what the ROM expects'], all.filter(([name]) => name in JUDGED === judged).map(row));
  return `<p>${escape(entry.how)} to ${escape(entry.address)}${entry.from === null ? '' : ` from ${escape(where(entry.from))}`}, at ${escape(humanTime(entry.at))}, before the first instruction of the ROM.</p>
<div class="scroll" tabindex="0">${part(true)}</div><details><summary>the other registers</summary><div class="scroll" tabindex="0">${part(false)}</div></details>${trace?.run.jump ? memorySection(trace, trace.run.jump) : ''}`;
}

/** Vector table and stack as they were handed over, and where the chip's memories lie. */
function memorySection({ memories }: RunTrace, { vectors, table: words, stack }: TracedJump): string {
  const row = (w: TracedWord, name: string): string =>
    `<tr><th scope="row">${escape(name)}</th><td class="mono">${hex(w.address)}</td><td class="mono">${w.value === null ? 'no answer' : hex(w.value)}</td><td>${w.place === null ? '' : escape(where(w.place))}</td></tr>`;
  const fold = (title: string, body: string): string =>
    `<details><summary>${title}</summary><div class="scroll" tabindex="0">${body}</div></details>`;
  const holds = (m: RunTrace['memories'][number]): string =>
    m.isRom ? 'system memory: the ROM' : m.image > 0 ? `${m.image} bytes of the images` : '';
  const regions = memories.map(
    (m) =>
      `<tr><th scope="row">${escape(m.name)}</th><td class="mono">${hex(m.base)} – ${hex(m.base + m.size - 1)}</td><td>${m.kind}</td><td>${holds(m)}</td></tr>`,
  );
  return [
    fold(
      `vector table at ${hex(vectors)}`,
      table(
        ['vector', 'at', 'value', 'what'],
        words.map((w, i) => row(w, VECTORS[i] ?? `vector ${i}`)),
      ),
    ),
    fold(
      `stack at ${hex(stack[0]?.address ?? 0)}`,
      table(
        ['', 'at', 'value', 'what'],
        stack.map((w, i) => row(w, `SP + ${4 * i}`)),
      ),
    ),
    fold('memory map', table(['memory', 'addresses', 'kind', 'holds'], regions)),
  ].join('\n');
}
/** The first words of a vector table (Arm ARM, vector table format). */
const VECTORS = [
  'initial SP',
  'Reset',
  'NMI',
  'HardFault',
  'MemManage',
  'BusFault',
  'UsageFault',
  'SecureFault',
  '',
  '',
  '',
  'SVCall',
  'DebugMonitor',
  '',
  'PendSV',
  'SysTick',
];

const GROUPS: readonly (readonly [Verdict, string, boolean])[] = [
  ['fail', 'fail', true],
  ['warn', 'warn', true],
  ['unknown', 'could not be checked', false],
  ['pass', 'pass', false],
  ['n/a', 'do not apply', false],
];

function checksSection(r: RunResult): string {
  return GROUPS.map(([verdict, title, open]) => {
    const checks = r.checks.filter((c) => c.verdict === verdict);
    if (checks.length === 0) return '';
    return `<details${open ? ' open' : ''}><summary><span class="${verdict === 'n/a' ? 'soft' : verdict}">${checks.length} ${title}</span></summary><div class="scroll" tabindex="0">${table(
      ['check', 'found', 'expected', 'because', 'by'],
      checks.map((c) => checkRow(c, r)),
    )}</div></details>`;
  }).join('\n');
}

function checkRow(c: ResultCheck, { notes }: RunResult): string {
  const caller = callerOf(notes, c.lastWriter)?.by ?? null;
  const by = c.lastWriter === null ? '' : `${where(c.lastWriter)}${caller === null ? '' : `, called from ${where(caller)}`}`;
  const source =
    c.source === null
      ? ''
      : `<details><summary class="soft">source</summary>${escape(c.source)}${c.confidence === null ? '' : ` (${c.confidence})`}</details>`;
  return `<tr id="check-${c.id}"><th scope="row">${c.id}</th><td>${escape(c.observed ?? '')}</td><td>${escape(c.expected ?? '')}</td><td>${escape(c.because)}${source}</td><td>${escape(by)}</td></tr>`;
}

function usbSection(r: RunResult): string {
  if (r.usb.sessions.length === 0 && r.usb.log.length === 0) return '';
  const sessions = r.usb.sessions.map(
    (s) =>
      `<tr><td class="mono">${escape(s.at)}</td><td>${escape(s.servedBy ?? 'nobody')}</td><td>${s.enumerated ? 'enumerated' : 'not enumerated'}</td><td>${escape([s.vid, s.pid].filter((x) => x !== null).join(':'))} ${escape(s.product ?? '')}</td><td>${escape(s.altSettings.join('; '))}</td><td>${escape(s.endedBy ?? '')}</td></tr>`,
  );
  const log = r.usb.log.map((l) => `<tr><td class="mono">${escape(l.at)}</td><td>${escape(l.kind)}</td><td>${escape(l.text)}</td></tr>`);
  return `<div class="scroll" tabindex="0">${table(['at (s)', 'served by', '', 'device', 'alternate settings', 'ended by'], sessions)}</div><details><summary>${log.length} events on the bus</summary><div class="scroll" tabindex="0">${table(['at (s)', 'kind', 'what'], log)}</div></details>`;
}

const consoleSection = (r: RunResult): string =>
  Object.entries(r.console)
    .map(([channel, text]) => `<h3>${escape(channel)}</h3><pre tabindex="0">${escape(text)}</pre>`)
    .join('\n');
