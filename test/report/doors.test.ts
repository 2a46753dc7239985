/**
 * One door for each kind of output: whatever comes from outside (what a firmware prints, symbols, names of files, strings of USB devices and GDB servers, texts of scenarios, notes) is text there,
 * and no command for a terminal, a CI runner or a browser. Each source goes into each kind.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { jsonDocument, jsonLines, jsonText } from '../../src/bench/documents/json-text.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
import type { RunTrace } from '../../src/bench/documents/trace-types.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { streamOf } from '../../src/cli/io.ts';
import { packageFile } from '../../src/cli/package.ts';
import { codeQuality, githubAnnotations, sarif, stepSummary } from '../../src/report/ci.ts';
import { conformanceHtml, conformanceText } from '../../src/report/conformance.ts';
import { findingsOf, type Finding } from '../../src/report/findings.ts';
import { handOverPicture } from '../../src/report/hand-over/picture.ts';
import { htmlReport } from '../../src/report/html.ts';
import { indexPage } from '../../src/report/index-page.ts';
import { junit } from '../../src/report/junit.ts';
import { shortReport } from '../../src/report/short.ts';
import { NO_SOURCES } from '../../src/report/source-lines.ts';
import { checksReport, documentReport, terminalReport } from '../../src/report/terminal.ts';
import { escapeHtml } from '../../src/report/page.ts';
import { ansi, plain as colourless, spoken } from '../../src/report/text.ts';
import { perfettoTrace } from '../../src/report/trace/perfetto.ts';
import { vcdTrace } from '../../src/report/trace/vcd.ts';
import { commandsIn, CONTROLS, HOSTILE_LINES, LANGUAGES, uncoloured } from '../samples/hostile.ts';
import { primaskResult, writer } from '../samples/results.ts';
import { plainJob } from '../bench/plain-job.ts';

const HOSTILE = ['MARK', ...HOSTILE_LINES].join('\n');

const place = { pc: '0x08000412' as const, symbol: HOSTILE, file: `${HOSTILE}.c`, line: 4 };
/** From where the text comes. */
const SOURCES: Readonly<Record<string, (r: RunResult) => Partial<RunResult>>> = {
  'what the firmware prints': () => ({ console: { semihosting: HOSTILE, usart1: HOSTILE } }),
  'symbols and file names of the image': (r) => ({
    entries: r.entries.map((e) => ({ ...e, from: place })),
    checks: r.checks.map((c) => ({ ...c, lastWriter: { ...writer, ...place } })),
    diagnosis: { ...r.diagnosis, causes: r.diagnosis.causes.map((c) => ({ ...c, lastWriter: { ...writer, ...place } })) },
    timeline: r.timeline.map((row) => ({ ...row, file: HOSTILE })),
  }),
  'the name of an image': (r) => ({ images: [{ path: HOSTILE, sha256: '0'.repeat(64) }], scenario: { ...r.scenario, images: [HOSTILE] } }),
  'strings of USB': (r) => ({
    usb: {
      ...r.usb,
      sessions: r.usb.sessions.map((s) => ({ ...s, product: HOSTILE, altSettings: [HOSTILE] })),
      log: r.usb.log.map((l) => ({ ...l, text: HOSTILE })),
    },
  }),
  'what was read': (r) => ({ checks: r.checks.map((c) => ({ ...c, verdict: 'fail', observed: HOSTILE, expected: HOSTILE, because: HOSTILE })) }),
  notes: () => ({ notes: ['crash', 'chain', 'trigger', 'not-triggered', 'wait', 'chip', 'kept', 'limit'].map((kind) => ({ kind, text: HOSTILE })) }),
  'a summary': () => ({ summary: HOSTILE }),
  'causes': (r) => ({ diagnosis: { ...r.diagnosis, causes: r.diagnosis.causes.map((c) => ({ ...c, explanation: HOSTILE, fix: HOSTILE })) } }),
  'a timeline': (r) => ({ timeline: r.timeline.map((row) => ({ ...row, text: HOSTILE })) }),
}; // prettier-ignore

/** As a terminal or a log gets it. */
function printed(text: string): string {
  let out = '';
  streamOf((part) => (out += part), { isTTY: true, columns: 80 }).write(text);
  return out;
}
const findings = (r: RunResult): Finding[] => [
  ...findingsOf(r.images[0]!.path, r, [String(r.summary)], NO_SOURCES),
  { scenario: 'a.json', rule: 'primask', message: `${r.summary} ${r.console['usart1'] ?? ''}`, file: r.entries[0]?.from?.file ?? 'a.json', line: 1 },
]; // prettier-ignore
const trace = { value: null as RunTrace | null };
const traceOf = (r: RunResult): RunTrace => {
  const t = trace.value!;
  const rows = [...r.timeline, ...r.notes.map((n) => ({ at: '0.1', kind: n.kind, text: n.text, pc: null, file: null, line: null }))];
  const console = Object.entries(r.console).map(([channel, text]) => ({ channel, at: 1, text }));
  return { ...t, run: { ...t.run, rows: rows as RunTrace['run']['rows'], console } };
};
const DEVICE = (r: RunResult) => {
  const [s] = r.usb.sessions;
  const text = s?.product ?? String(r.summary);
  return {
    schema: 'bootbench/conformance@1',
    device: { vid: 0x483, pid: 0xdf11, bcdDevice: 0, product: text, bcdDfuVersion: 0x11a, alternates: [text] },
    counts: { pass: 0, fail: 1, dialect: 0, 'n/a': 0 },
    requirements: [{ id: 'x', title: 'x', paragraph: '1', verdict: 'fail', observed: text, dialect: null, sequence: [text] }],
  } as unknown as Parameters<typeof conformanceHtml>[0];
};
const row = (r: RunResult) => ({ path: r.images[0]!.path, state: 'fail', seconds: 1, failures: [String(r.summary)], result: r });
type Kind = 'log' | 'html' | 'xml' | 'json' | 'markdown' | 'other';
/** Where it goes. */
const SINKS: Readonly<Record<string, readonly [kind: Kind, write: (r: RunResult) => string]>> = {
  'terminal': ['log', (r) => printed(shortReport(r, { width: 80, paint: colourless }))],
  'terminal, all': ['log', (r) => printed(terminalReport(r, { paint: colourless, allChecks: true }) + checksReport(r))],
  'terminal, conformance': ['log', (r) => printed(conformanceText(DEVICE(r), { paint: colourless, all: true }))],
  'terminal, in colours': ['log', (r) => uncoloured(printed(shortReport(r, { width: 80, paint: ansi }) + terminalReport(r, { paint: ansi, allChecks: true }) + conformanceText(DEVICE(r), { paint: ansi, all: true })))],
  'GitHub annotations': ['other', (r) => githubAnnotations(findings(r))],
  'GitHub summary': ['markdown', (r) => stepSummary([row(r)], findings(r))],
  'GitLab code quality': ['json', (r) => codeQuality(findings(r))],
  SARIF: ['json', (r) => sarif(findings(r), '1')],
  HTML: ['html', (r) => htmlReport(r, { trace: traceOf(r), script: 'void 0' })],
  SVG: ['html', (r) => handOverPicture(r)],
  'HTML, all tests': ['html', (r) => indexPage([row(r)])],
  'HTML, conformance': ['html', (r) => conformanceHtml(DEVICE(r))],
  JUnit: ['xml', (r) => junit([{ name: r.images[0]!.path, className: 'x', seconds: 1, failure: { message: String(r.summary), text: documentReport(r, { sources: NO_SOURCES }) }, output: Object.values(r.console).join('\n'), file: r.entries[0]?.from?.file ?? '', line: 1, properties: { note: r.notes.map((n) => n.text).join() } }])],
  JSON: ['json', (r) => serialise(r)],
  'JSON, anything': ['json', (r) => jsonDocument(r)],
  'JSON lines': ['json', (r) => jsonLines([r])],
  Perfetto: ['json', (r) => perfettoTrace(traceOf(r))],
  VCD: ['other', (r) => vcdTrace(traceOf(r))],
}; // prettier-ignore

beforeAll(() => {
  const bytes = new Uint8Array([0x00, 0x40, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08, 0xfe, 0xe7]);
  const job = plainJob('STM32F072RB', [{ path: 'a.bin@0x08000000', bytes }]);
  runBench(jobInput(job, { trace: (t) => (trace.value = t) }));
});

it('an annotation for GitHub holds no command of another server', () => {
  const finding = { file: 'e##vso[task.x]y/s.json', line: 1, rule: 'outcome', message: 'a ##vso[task.y]' };
  expect(githubAnnotations([finding as Parameters<typeof githubAnnotations>[0][number]])).not.toMatch(/##\w*\[/);
});
it('the title of an annotation goes through the door, too: the id of a cause can come from a stored result', () => {
  const finding = { file: 'a.c', line: 1, rule: 'primask\u001b]0;x\u0007\u009b', message: 'm' } as unknown as Parameters<
    typeof githubAnnotations
  >[0][number];
  expect(githubAnnotations([finding]).trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});

/** Markdown without its blocks of code (CommonMark 4.5): a fence of backticks ends with the first line of at least as many. */
function unfenced(text: string): string {
  let fence = '';
  const lines = text.split('\n').filter((line) => {
    const [, ticks = '', info = ''] = /^ {0,3}(`{3,})([^`]*)$/.exec(line) ?? [];
    if (fence === '') {
      fence = ticks;
      return ticks === '';
    }
    if (ticks.length >= fence.length && info.trim() === '') fence = '';
    return false;
  });
  expect(fence).toBe('');
  return lines.join('\n');
}

const reached = new Map<string, string[]>();
describe.each(Object.keys(SINKS))('%s', (sink) => {
  const [kind, write] = SINKS[sink]!;
  it.each(Object.keys(SOURCES))('%s', (source) => {
    const plain = primaskResult();
    const text = write({ ...plain, ...SOURCES[source]!(plain) });
    if (text.includes('MARK')) reached.set(source, [...(reached.get(source) ?? []), sink]);
    const commands = commandsIn(text);
    // annotations are commands, of this program: one line each, with nothing of others in front of their text
    if (sink === 'GitHub annotations') for (const command of commands) expect(command).toMatch(/^::error file=[^:,]*,line=\d+,title=[^:,]*::/);
    else expect(commands).toEqual([]);
    expect(text).not.toMatch(CONTROLS);
    const marked = kind === 'markdown' ? unfenced(text) : text;
    if (kind === 'html' || kind === 'xml' || kind === 'markdown') expect(marked).not.toMatch(/<script>alert|(?<!\\)<img|<!-- \]\]>/);
    if (kind === 'html') expect(text.match(/<\/script>/g)?.length ?? 0).toBe(sink === 'HTML' ? 2 : 0);
    if (kind === 'json') expect(() => JSON.parse(text) as unknown).not.toThrow();
    if (kind === 'markdown') expect(marked).not.toMatch(/(?<!\\)\]\(https/);
  }); // prettier-ignore
});

it('characters that nobody sees, of each kind, are shown by each sink', () => {
  const plain = primaskResult();
  for (const c of [
    '\u0085',
    '\u00ad',
    '\u061c',
    '\u200b',
    '\u200e',
    '\u2028',
    '\u2029',
    '\u202e',
    '\u2060',
    '\u2066',
    '\u3164',
    '\ufeff',
    '\u{e0041}',
    '\ufe0f',
    '\ufe0e',
    '\u2800',
    '\u3000',
    '\u2003',
    '\u200a',
    '\u205f',
    '\u1680',
    '\u{1d159}',
    '\ufdd0',
  ])
    for (const [sink, [, write]] of Object.entries(SINKS)) {
      const text = `a${c}b`;
      const changed = { ...plain, summary: text, console: { usart1: text }, notes: [{ kind: 'crash', text }] };
      expect(write({ ...plain, ...changed }), `${sink}: ${escape(c)}`).not.toContain(c);
    }
});

it('a colour of others is none in any sink', () => {
  const plain = primaskResult();
  for (const colour of ['31', '2', '8', '38;5;1', ''])
    for (const [sink, [, write]] of Object.entries(SINKS)) {
      const text = `a\u001b[${colour}mb`;
      const coloured = write({ ...plain, summary: text, console: { usart1: text }, notes: [{ kind: 'crash', text }] });
      expect(coloured, `${sink}: ${colour}`).not.toContain('\u001b');
    }
});

it('marks in floods, and without a letter, are shown by each sink', () => {
  const plain = primaskResult();
  for (const [sink, [, write]] of Object.entries(SINKS))
    for (const text of [`o${'\u0336'.repeat(50)}`, '\u0336 \u0336', '\u0336'])
      expect(
        write({ ...plain, summary: text, console: { usart1: text }, notes: [{ kind: 'crash', text }] }),
        `${sink}: ${escape(text)}`,
      ).not.toMatch(/\u0336{6}|(?<![\p{L}\p{N}\u0336])\u0336/u);
});
it.each(LANGUAGES)('%s is left as it was written', (text) => {
  for (const door of [spoken, escapeHtml, (t: string) => JSON.parse(jsonText(t)) as string, (t: string) => jsonText(t).slice(1, -1)])
    expect(door(text)).toBe(text);
});

it('each source reaches a terminal, a page and a document', () => {
  for (const source of Object.keys(SOURCES)) expect(reached.get(source), source).toEqual(expect.arrayContaining(['JSON', 'JSON lines']));
  const onPages = Object.keys(SOURCES).filter((source) => reached.get(source)!.includes('HTML'));
  expect(onPages.length).toBeGreaterThan(6);
  const inLogs = Object.keys(SOURCES).filter((source) => reached.get(source)!.some((sink) => sink.startsWith('terminal')));
  expect(inLogs.length).toBeGreaterThan(5);
});

it('text is put out as it is only by who is known to', () => {
  const src = packageFile('src');
  const may: Readonly<Record<string, string>> = {
    'cli/io.ts': 'the door itself',
    'cli/interruptible.ts': 'the line of progress, which is printable',
    'cli/campaign-progress.ts': 'the line of progress, which is printable',
    'cli/board-dfu.ts': 'numbers',
    'cli/completion.ts': 'a script of names of this program',
    'cli/client.ts': "the user's own client",
    'cli/run.ts': "a patch for the user's own sources",
    'cli/fix.ts': "a patch for the user's own sources",
    'cli/test.ts': 'what the summary of the step holds already',
    'cli/board-settle.ts': 'what the file of evidence holds already',
    'cli/board-common.ts': 'a recording',
  };
  const does = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && readFileSync(join(src, file), 'utf8').includes('verbatim'),
  );
  expect(does.map((file) => file.replaceAll('\\', '/')).sort()).toEqual(Object.keys(may).sort());
});
