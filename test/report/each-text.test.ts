/**
 * What the reports make of results and of event streams made by hand. Word by word, beside what they made of them (each-text/*.txt, which `BOOTBENCH_GOLDEN=write` writes anew), stand
 * documents for CI servers and one trace.
 */
import { describe, expect, it } from 'vitest';
import type { ResultCause, RunResult } from '../../src/bench/documents/result.ts';
import type { RunTrace, TracedRun, TraceSignal, TraceTransfer } from '../../src/bench/documents/trace-types.ts';
import { codeQuality, githubAnnotations, sarif, stepSummary } from '../../src/report/ci.ts';
import { findingsOf } from '../../src/report/findings.ts';
import { junit, type JUnitCase } from '../../src/report/junit.ts';
import { pictureOf } from '../../src/report/picture.ts';
import type { Sources } from '../../src/report/source-lines.ts';
import { ansi, consoleText, humanTime, pad, printable, visibleLength, wrap, type Style } from '../../src/report/text.ts';
import { traceFormat } from '../../src/report/trace/endings.ts';
import { writeTrace } from '../../src/report/trace/formats.ts';
import { perfettoTrace } from '../../src/report/trace/perfetto.ts';
import { vcdTrace } from '../../src/report/trace/vcd.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { dfuResult, primaskCause, primaskResult, writer } from '../samples/results.ts';

const before = (lines: readonly string[], name: string): void => {
  expect(lines.length).toBeGreaterThan(20);
  expectAsBefore(lines, new URL(`./each-text/${name}.txt`, import.meta.url));
};
const sources: Sources = () => ({
  path: 'main.c',
  // the header stands behind all that is shown
  lines: [...Array.from({ length: 60 }, (_, i) => `  step_${i + 1}(${'x, '.repeat(i % 40)}y);`), '#include "stm32h5xx.h"'],
  newer: false,
  elsewhere: false,
});

// ---- results -----------------------------------------------------------------------------------------------------------------------------
const cause = (id: ResultCause['id'], over: Partial<ResultCause> = {}): ResultCause => ({ ...primaskCause, id, ...over });
function failing(causes: readonly ResultCause[], sets: RunResult['diagnosis']['sets'], over: Partial<RunResult> = {}): RunResult {
  const result = primaskResult();
  return { ...result, diagnosis: { ...result.diagnosis, causes: [...causes], sets }, ...over };
}
const fixOf = (lines: number): string => Array.from({ length: lines }, (_, i) => `SCB->ICSR = ${i};`).join('\n');
const row = (at: string, kind: string): RunResult['timeline'][number] => ({
  at,
  cycle: 5,
  kind,
  text: `it was ${kind}`,
  pc: '0x08000412',
  file: 'main.c',
  line: 42,
});
const reset = (by: RunResult['resets'][number]['by'], at: string): RunResult['resets'][number] => ({
  at,
  by,
  flags: ['SFTRSTF'],
  from: { pc: '0x08000412', symbol: 'reset_me', file: null, line: null },
});
const crash = {
  kind: 'crash',
  text: 'main.c:42 (enter_dfu) jumped to 0x00000000',
  about: { is: 'fault', at: { pc: '0x08000412', symbol: 'enter_dfu', file: 'main.c', line: 42 }, jumped: true },
} as const;
const OUTCOMES = ['dfu', 'dfu-lost', 'reset-loop', 'fault', 'rom-silent', 'back-in-app', 'stuck', 'no-jump'] as const;
const REASONS = ['settled', 'deadline', 'instructions', 'wall', 'memory', 'semihosting', 'signal'] as const;

const RESULTS: Readonly<Record<string, RunResult>> = {
  'a success': dfuResult(),
  'a failure': primaskResult(),
  ...Object.fromEntries(OUTCOMES.map((outcome): [string, RunResult] => [`outcome ${outcome}`, { ...primaskResult(), outcome }])),
  ...Object.fromEntries(OUTCOMES.map((outcome): [string, RunResult] => [`outcome ${outcome} without an entry`, { ...primaskResult(), outcome, entries: [], diagnosis: { explained: null, causes: [], sets: [], harmless: [] } }])),
  ...Object.fromEntries(REASONS.map((reason): [string, RunResult] => [`ended by ${reason}`, { ...primaskResult(), ended: { reason, at: '2.000000000' } }])),
  ...Object.fromEntries([1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 15, 25].map((n): [string, RunResult] => [`a fix of ${n} lines`, failing([cause('primask', { fix: fixOf(n) })], [['primask']])])),
  'a fix without code': failing([cause('primask', { fix: null })], [['primask']]),
  'neither fix nor repair': failing([cause('primask', { fix: null, repair: null, lastWriter: null })], [['primask']]),
  'two causes that both do': failing([cause('primask'), cause('msp', { explanation: 'MSP lay in nothing.' })], [['primask'], ['msp']]),
  'two causes together': failing([cause('primask', { outcomeAfterRepair: 'rom-silent' }), cause('systick', { outcomeAfterRepair: 'fault', at: 'before-write' })], [['primask', 'systick']]),
  'suspects': failing([cause('primask', { proved: false, outcomeAfterRepair: null }), cause('vtor', { proved: false, lastWriter: null })], []),
  'a cause at each place': failing((['entry', 'before-write', 'redirect', 'keep'] as const).map((at, i) => cause((['primask', 'vtor', 'entry-address', 'iwdg'] as const)[i]!, { at })), [['primask', 'vtor', 'entry-address', 'iwdg']]),
  'no explanation': { ...failing([], []), diagnosis: { explained: false, causes: [], sets: [], harmless: ['systick', 'dcache'] } },
  'options that decide': { ...primaskResult(), dependsOn: [...primaskResult().dependsOn, { rom: 'usb-supply', value: 'keeps', other: 'sets', confidence: 'reported', outcomeIfOther: 'fault' }] },
  'resets': { ...primaskResult(), outcome: 'reset-loop', resets: [reset('power', '0.000000000'), reset('software', '0.100000000'), reset('software', '0.200000000'), reset('iwdg', '0.300000000')] },
  'several entries': { ...primaskResult(), entries: [...primaskResult().entries, { ...primaskResult().entries[0]!, at: '0.300000000', how: 'exception', reached: false, from: null }] },
  'an entry from the reset vector': { ...primaskResult(), entries: [{ ...primaskResult().entries[0]!, how: 'boot', from: null }] },
  'a crash': { ...failing([], []), outcome: 'fault', notes: [crash, { kind: 'kind', text: 'a note of a kind' }] },
  'a wait': { ...failing([], []), outcome: 'stuck', stuck: { address: '0x40028000', register: 'ETH.DMAMR', value: '0x00000001', pc: '0x08000412', force: 'ETH.DMAMR.SWR=0' } },
  'a wait for no register': { ...failing([], []), outcome: 'stuck', stuck: { address: '0x20000010', register: null, value: '0x00000000', pc: '0x08000412', force: null } },
  'a wait for nothing': { ...failing([], []), outcome: 'stuck', stuck: { address: null, register: null, value: null, pc: '0x08000412', force: null } },
  'another symptom': { ...primaskResult(), symptom: { asked: 'resets', matches: false, options: [] } },
  'the same symptom': { ...primaskResult(), symptom: { asked: 'nothing', matches: true, options: [] } },
  'consoles': { ...primaskResult(), console: { semihosting: 'hello\r\nworld', usart1: 'x'.repeat(300), itm: '\u0001\u0002\u0003\u0004', usart2: '' } },
  'semihosting exit': { ...primaskResult(), semihostingExit: 3, uninitialisedReads: 2 },
  'many registers that are not there': { ...primaskResult(), unmodelled: Array.from({ length: 12 }, (_, i) => ({ peripheral: `P${i % 5}`, register: `R${i}`, reads: i, writes: 12 - i })) },
  'a point of no return': { ...primaskResult(), timeline: [row('0.050000000', 'reset'), row('0.090000000', 'no-return'), row('0.100000000', 'entry'), row('0.200000000', 'left')] },
  'sessions': { ...primaskResult(), usb: { sessions: [...dfuResult().usb.sessions, { ...dfuResult().usb.sessions[0]!, servedBy: 'user', enumerated: false, vid: null, pid: null, endedAt: '0.700000000', endedBy: 'detach' }, ...primaskResult().usb.sessions], log: dfuResult().usb.log } },
  'two cores': { ...primaskResult(), images: [{ path: 'cm7.elf', sha256: 'ab'.repeat(32), core: 'cm7' }, { path: 'cm4.elf', sha256: 'cd'.repeat(32), core: 'cm4' }] },
  'a dump': { ...primaskResult(), rom: { ...primaskResult().rom, kind: 'dump', options: {} } },
  'silicon': { ...dfuResult(), rom: { ...dfuResult().rom, kind: 'silicon', version: null } },
  'unicorn': { ...dfuResult(), engine: 'unicorn' },
} as Readonly<Record<string, RunResult>>; // prettier-ignore

// ---- event streams -------------------------------------------------------------------------------------------------------------------------
const MS = 1e9;
const signal = (group: TraceSignal['group'], name: string, values: readonly number[], kind: TraceSignal['kind'] = 'number', bits = 1): TraceSignal => ({ name, group, kind, bits, at: values.map((_, i) => i * MS), values }); // prettier-ignore
function transfer(at: number, setup: readonly number[] | null, over: Partial<TraceTransfer> = {}): TraceTransfer {
  const started = { kind: setup === null ? 'in' : 'control', endpoint: setup === null ? 1 : 0, address: 5, setup: setup === null ? null : Uint8Array.from(setup), data: Uint8Array.of(1, 2), length: 64, tag: 'dfu.1', naks: 0 };
  return { from: at, to: at + MS, status: 'ack', interrupt: false, driver: 'dfu', started, ended: { ...started, data: new Uint8Array(40).fill(7), naks: 3 }, ...over } as unknown as TraceTransfer;
} // prettier-ignore
const coreSignals = (core: string): TraceSignal[] => [
  signal('core', `${core}.in_rom`, [0, 1, 0]),
  signal('core', `${core}.exception`, [0, 15, 3, 0, 77], 'number', 9),
  signal('core', `${core}.primask`, [0, 1, 1, 0]),
  signal('core', `${core}.basepri`, [0, 0x40], 'number', 8),
  signal('core', `${core}.faultmask`, [0, 0, 1]),
];
const ONE: TracedRun = {
  jump: {
    at: 2 * MS,
    vectors: 0x0bf97000,
    table: Array.from({ length: 20 }, (_, i) => ({ address: 0x0bf97000 + 4 * i, value: i === 9 ? null : 0x0bf97100 + i, place: i === 1 ? { pc: '0x0bf97101', symbol: 'Reset', file: null, line: null } : i === 3 ? writer : null })), // prettier-ignore
    stack: [0, 1, 2].map((i) => ({ address: 0x20004000 + 4 * i, value: i === 2 ? null : 0x80000000 + i, place: null })),
  },
  outcome: 'rom-silent',
  end: 9 * MS,
  signals: [
    ...coreSignals('cm33'),
    ...['sysclk', 'cpu1', 'hclk', 'hsi', 'hsi48', 'hse', 'csi', 'msi', 'lse', 'pll1', 'usb', 'spi1', 'pll'].map((name, i) => signal('clock', name, [0, 32_768, 999_999, 1e6, 48e6 + i], 'hz', 32)), // prettier-ignore
    signal('supply', 'vddusb', [0, 1, 2]),
    ...Array.from({ length: 14 }, (_, i) => signal('pin', `PA${i}.${i % 2 ? 'board' : 'chip'}`, [0, 1, 2, 1], 'level', 2)),
    signal('usb', 'pullup', [0, 1], 'level', 2),
  ],
  transfers: [
    transfer(3 * MS, [0x80, 6, 0, 1, 0, 0, 18, 0]),
    transfer(4 * MS, [0x21, 1, 0, 0, 0, 0, 2, 0], { status: 'stall' as TraceTransfer['status'] }),
    transfer(5 * MS, null, { interrupt: true, to: null, status: null, ended: null }),
    transfer(6 * MS, null),
  ],
  console: [
    { at: MS, channel: 'usart1', text: 'one\n' },
    { at: 2 * MS, channel: 'itm', text: 'two' },
    { at: 3 * MS, channel: 'usart1', text: 'three\r\n' },
  ],
  clocks: [],
  host: [],
  rows: [row('0.001000000', 'reset'), row('0.002000000', 'entry'), { ...row('0.002000001', 'note'), pc: null, file: null, line: null }],
  moments: [
    { at: 0, core: null, place: { pc: '0x08000100', symbol: 'main', file: 'main.c', line: 3 }, sp: 0x20044000, vtor: 0x08000000 },
    { at: 2 * MS, core: null, place: { pc: '0x0bf97ff8', symbol: null, file: null, line: null }, sp: 0x20004000, vtor: 0x0bf97000 },
  ],
  dropped: 3,
};
const MEMORIES: RunTrace['memories'] = [
  { name: 'FLASH', base: 0x08000000, size: 0x80000, kind: 'flash', isRom: false, image: 1234 },
  { name: 'SYSTEM', base: 0x0bf97000, size: 0x9000, kind: 'rom', isRom: true, image: 0 },
  { name: 'SRAM', base: 0x20000000, size: 0x44000, kind: 'ram', isRom: false, image: 0 },
];
/** More signals than a letter names, changes at one time and at the end, transfers that overlap or lack something, and one of each. */
const lasting = (ms: number, to: number, bytes: number, naks: number, over: Partial<TraceTransfer> = {}): TraceTransfer => {
  const made = transfer(ms * MS, bytes % 2 ? null : [0x80, 6, 0, 1, 0, 0, bytes, 0], { to: to * MS, ...over });
  return made.ended === null ? made : { ...made, ended: { ...made.ended, data: new Uint8Array(bytes).fill(bytes), naks } };
};
const EDGES: TracedRun = {
  ...ONE,
  jump: null,
  end: 4 * MS,
  signals: [
    { ...signal('core', 'cm33.primask', [0, 1, 0, 1]), at: [0, MS, MS, 2 * MS] },
    { ...signal('core', 'cm33.in_rom', [1, 0, 1]), at: [0, 2 * MS, 4 * MS] },
    ...Array.from({ length: 190 }, (_, i) => signal('pin', `P${i}.chip`, [i & 1], 'level', 2)),
  ],
  transfers: [
    lasting(1, 7, 32, 1), lasting(2, 3, 34, 0), lasting(2, 5, 33, 2), lasting(3, 4, 1, 1), lasting(3, 6, 0, 0),
    lasting(4, 5, 2, 0, { to: null }), lasting(4, 5, 2, 0, { status: null }), lasting(4, 5, 2, 0, { ended: null }),
  ],
  console: [],
  rows: [row('0.001000000', 'reset')],
  moments: [],
  dropped: 1,
}; // prettier-ignore
const TRACES: Readonly<Record<string, RunTrace>> = {
  'one core': { chip: 'STM32H533RE', exceptions: { 15: 'SysTick', 3: 'HardFault' }, memories: MEMORIES, run: ONE, repaired: null },
  'two cores': { chip: 'STM32H745XI', exceptions: { 15: 'SysTick' }, memories: [], run: { ...ONE, jump: null, signals: [...coreSignals('cm7'), ...coreSignals('cm4')] }, repaired: { ...ONE, end: 12 * MS, outcome: 'dfu', repairs: ['primask', 'vtor'] } },
  'edges': { chip: 'STM32H533RE', exceptions: {}, memories: [], run: EDGES, repaired: null },
  'no signals': { chip: 'STM32F072RB', exceptions: {}, memories: [], run: { ...ONE, signals: [], transfers: [], console: [] }, repaired: null },
}; // prettier-ignore

describe('The tracks of a picture', () => {
  const many = (n: number, step: number): RunResult => ({
    ...primaskResult(),
    timeline: Array.from({ length: n }, (_, i) => row((i * step).toFixed(9), 'note')),
  });
  const pictures = [
    ...Object.entries({ ...RESULTS, many: many(2501, 0.0001), 'many at once': many(2501, 0), 'very many': many(6000, 0.0004) }).map(
      ([name, result]) => [name, pictureOf(result, null)] as const,
    ),
    ...Object.entries(TRACES).map(([name, trace]) => [name, pictureOf(primaskResult(), trace)] as const),
  ];
  it.each(pictures)('of %s run from left to right within the picture, each mark with a text', (_, { tracks, texts, end }) => {
    expect(tracks.length).toBeGreaterThan(0);
    for (const { name, from, to, text } of tracks) {
      expect([to.length, text.length], name).toEqual([from.length, from.length]);
      expect(
        from.every((at, i) => at <= to[i]! && at >= 0 && to[i]! <= end),
        name,
      ).toBe(true);
      expect(
        from.every((at, i) => i === 0 || from[i - 1]! <= at),
        name,
      ).toBe(true);
      expect(
        text.every((t) => texts[t] !== undefined),
        name,
      ).toBe(true);
    }
  });
  it('have every event of a timeline', () => {
    const marks = pictureOf(many(2000, 0.0001), null).tracks.flatMap(({ from }) => from);
    expect(marks.length).toBeGreaterThanOrEqual(2000);
  });
});
it('event streams are written as they were', () => {
  const shown = (text: string): string[] => text.split('\n').filter((line, i, all) => i < 200 || i > all.length - 3);
  before([perfettoTrace(TRACES['one core']!), vcdTrace(TRACES['one core']!)].flatMap(shown), 'traces');
});
describe.each(Object.entries(TRACES))('The event stream of %s', (_, trace) => {
  it('is JSON for Perfetto, in the order of time on each track', () => {
    const { traceEvents } = JSON.parse(perfettoTrace(trace)) as { traceEvents: { ts?: number; dur?: number; ph: string }[] };
    expect(traceEvents.length).toBeGreaterThan(5);
    expect(traceEvents.filter(({ ts, dur }) => (ts ?? 0) < 0 || (dur ?? 0) < 0)).toEqual([]);
  });
  it('is a VCD file whose times rise and whose changes are of declared signals', () => {
    const lines = vcdTrace(trace).split('\n');
    const times = lines.filter((line) => line.startsWith('#')).map((line) => Number(line.slice(1)));
    expect(times.every((at, i) => i === 0 || at > times[i - 1]!)).toBe(true);
    const declared = new Set(lines.flatMap((line) => /^\$var \S+ \d+ (\S+)/.exec(line)?.[1] ?? []));
    const changed = lines.flatMap((line) => /^(?:[01xz](\S+)|[bs]\S* (\S+))$/.exec(line)?.slice(1).find(Boolean) ?? []);
    expect(changed.filter((id) => !declared.has(id))).toEqual([]);
  });
});
it('text is cut, wrapped, painted and counted as it was', () => {
  const styles: readonly Style[] = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'];
  const controls = Array.from({ length: 0xa2 }, (_, i) => String.fromCharCode(i)).join('');
  const words = 'a bb ccc dddd eeeee ffffff ggggggg a-word-that-is-longer-than-a-line x\nyy\n\nz';
  const lines = [
    ...styles.flatMap((style) => [ansi(style, 'x'), ansi(style, '')]),
    printable(`${controls}\u2029\u202a\u202e\u202f\u2065\u2066\u2069\u206a`),
    ...[0, 1, 2, 3, 4, 5].map((n) => consoleText('\u0001'.repeat(n) + 'text is long'.slice(0, 12 - n)).join('|')),
    ...[1, 2, 7, 8, 9].map((n) => consoleText('\u0002'.repeat(n)).join('|')),
    ...[239, 240, 241].map((n) => String(consoleText('x'.repeat(n))[0]!.length)),
    consoleText('a\r\nb\r\r\nc\td\u001b[1m\u000b').join('|'),
    ...[1, 5, 8, 9, 10, 20].flatMap((width) => [wrap(words, width).join('|'), wrap(words, width, '  ', '> ').join('|')]),
    wrap(`${ansi('red', 'red')} ${ansi('bold', 'bold')} plain`, 8).join('|'),
    ...[0, 3, 4, 5].map((n) => `${pad('text', n)}|${pad(ansi('dim', 'text'), n)}|`),
    String(visibleLength(ansi('cyan', 'four'))),
    ...['0', '0.000000000', '0.000000001', '0.0000125', '0.000999999', '0.001', '0.0125', '0.412345678', '0.999999', '1', '1.5', '12.3456', '100'].map(humanTime),
  ].map((text) => JSON.stringify(text));
  before(lines, 'text');
}); // prettier-ignore

it('documents for CI servers are written as they were', () => {
  const cases: readonly JUnitCase[] = [
    { name: 'holds', className: 'a', seconds: 1.2345, failure: null, properties: { chip: 'STM32H533RE', note: 'a\tb"<' }, output: 'x\u0001]]>\n' },
    { name: 'fails & <so>', className: 'b', seconds: 0.5, failure: { message: 'why\nso', text: 'long\ntext', type: 'primask' }, file: 'src/main.c', line: 42 },
    { name: 'error', className: 'c', seconds: 2, failure: { message: 'no file', text: '' }, error: true },
    { name: 'holds, and is marked', className: 'd', seconds: 0, failure: null, error: true },
    { name: 'fails again', className: 'e', seconds: 0, failure: { message: '', text: 't' }, output: '' },
  ];
  const results = ['a success', 'a failure', 'two causes that both do', 'a crash', 'neither fix nor repair', 'no explanation'].map((name) => RESULTS[name]!);
  const elsewhere: Sources = (file) => ({ ...sources(file)!, elsewhere: true });
  const findings = [sources, elsewhere, () => null].flatMap((of: Sources) => results.flatMap((r) => findingsOf('a b/#s.json', r, ['outcome is x', '100 %'], of)));
  const error = { scenario: 'e.json', rule: 'error', message: 'no, *file*: | `x`\r\n', file: 'e,1:2.json', line: 1 } as const;
  const rows = [{ path: 'a_b.json', state: 'ok', seconds: 1, failures: [] }, { path: 'c.json', state: 'fail', seconds: 1, failures: ['x', 'y|z'] }];
  const all = [...findings, error];
  const texts = [...cases.map((c) => junit([c])), junit(cases), junit([]), githubAnnotations(all), stepSummary(rows, all), stepSummary(rows.slice(0, 1), []), stepSummary([], []), codeQuality(all), sarif(all, '1.2.3'), sarif([], '1.2.3')];
  for (const trace of Object.values(TRACES)) {
    // a section header block, little-endian (pcapng 4.1)
    const first = [...(writeTrace(trace, 'pcapng') as Uint8Array)];
    expect(first.slice(0, 12)).toEqual([0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a]);
  }
  const endings = ['a.json', 'a.JSON', 'a.b/vcd', 'x.vcd', 'x.pcapng', '.json', 'json', 'a.json.gz'].map((path) => `${path}: ${traceFormat(path)}`);
  const lines = texts.flatMap((text) => ['----', ...text.split('\n').slice(0, 40)]);
  before([...lines, ...endings], 'documents');
}); // prettier-ignore

it('a buffer that a port sends whole, filled up with zeros, is text as on a terminal; a protocol is none', () => {
  expect(consoleText(`Please enter\r\n${'\0'.repeat(40)}> ${'\0'.repeat(40)}`)).toEqual(['Please enter', '> ']);
  expect(consoleText('\0A\0\0B\0\0\0C')).toEqual(['9 binary bytes: 00 41 00 00 42 00 00 00 …']);
});
it('of a protocol the bytes are told as they were sent, with its zeros, and the longest text in them', () => {
  const frames = '\u0003\u0010\0\u0005'.repeat(20);
  expect(consoleText(`${frames}short one\u0001explicit panic at main\n${frames}`)).toEqual([
    '193 binary bytes: 03 10 00 05 03 10 00 05 …',
    'the longest text in them: explicit panic at main',
  ]);
});
