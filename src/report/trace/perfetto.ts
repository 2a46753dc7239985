/**
 * A run as Perfetto, Chrome and speedscope read it: the JSON of the Trace Event Format (X: something that lasts, i: an instant, C: a counter, M: a name). One process is one
 * run, the repaired one beside the failing one; times are microseconds of virtual time.
 */
import { jsonLine } from '../../bench/documents/json-text.ts';
import type { SafeText } from '../../bench/documents/safe-text.ts';
import type { RunTrace, TracedRun, TraceSignal, TraceTransfer } from '../../bench/documents/trace-types.ts';
import { spans } from './spans.ts';
import { describeTransfer } from './transfer-text.ts';

interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'i' | 'C' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly s?: 't';
  readonly cat?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

const us = (ps: number): number => ps / 1e6;
/** Half a nanosecond short, which no viewer shows: sums of binary fractions would let stretches that touch overlap. */
const lasting = (from: number, to: number): number => Math.max((to - from - 500) / 1e6, 0.0005);

export function perfettoTrace(trace: RunTrace): SafeText {
  const { run, repaired } = trace;
  const events = [...processOf(1, `${trace.chip}: ${run.outcome}`, run, trace.exceptions)];
  if (repaired !== null)
    events.push(...processOf(2, `repaired (${repaired.repairs.join(', ')}): ${repaired.outcome}`, repaired, trace.exceptions));
  const lines = events.map((e) => jsonLine(e));
  return `{"displayTimeUnit":"ns","traceEvents":[\n${lines.join(',\n')}\n]}\n` as SafeText;
}

function* processOf(pid: number, name: string, run: TracedRun, exceptions: RunTrace['exceptions']): Generator<TraceEvent> {
  let tid = 0;
  const thread = function* (title: string): Generator<TraceEvent> {
    tid++;
    yield { name: 'thread_name', ph: 'M', pid, tid, args: { name: title } };
    yield { name: 'thread_sort_index', ph: 'M', pid, tid, args: { sort_index: tid } };
  };
  yield { name: 'process_name', ph: 'M', pid, tid: 0, args: { name } };
  for (const signal of run.signals.filter(isSlice)) {
    const rom = signal.name.endsWith('.in_rom');
    yield* thread(rom ? signal.name.replace('.in_rom', '') : signal.name);
    for (const { from, to, value } of spans(signal, run.end)) {
      const text = rom ? (value === 0 ? 'application' : 'ROM') : exceptionText(value, exceptions);
      if (text !== null) yield { name: text, ph: 'X', cat: 'core', pid, tid, ts: us(from), dur: lasting(from, to) };
    }
  }
  yield* thread('events');
  for (const row of run.rows) yield rowEvent(pid, tid, row);
  yield* thread('USB transfers');
  for (const t of run.transfers) yield transferEvent(pid, tid, t, run.end);
  for (const channel of new Set(run.console.map((c) => c.channel))) {
    yield* thread(`console ${channel}`);
    for (const { at, text } of run.console.filter((c) => c.channel === channel))
      yield { name: text.trimEnd(), ph: 'i', s: 't', cat: 'console', pid, tid, ts: us(at) };
  }
  for (const { name: counter, at, values } of run.signals.filter((s) => !isSlice(s)))
    for (let i = 0; i < at.length; i++) yield { name: counter, ph: 'C', pid, tid: 0, ts: us(at[i]!), args: { value: values[i] } };
  if (run.dropped > 0) yield { name: `${run.dropped} changes were not recorded`, ph: 'i', s: 't', pid, tid: 0, ts: us(run.end) };
}

function rowEvent(pid: number, tid: number, { at, kind, text, pc, file, line }: TracedRun['rows'][number]): TraceEvent {
  const place = file === null ? pc : `${file}:${line}`;
  return {
    name: String(text),
    ph: 'i',
    s: 't',
    cat: kind,
    pid,
    tid,
    ts: Number(at) * 1e6,
    args: { kind, ...(place === null ? {} : { place }) },
  };
}

/** Thread mode has no slice. */
const exceptionText = (number: number, names: RunTrace['exceptions']): string | null =>
  number === 0 ? null : (names[number] ?? `exception ${number}`);

function transferEvent(pid: number, tid: number, t: TraceTransfer, end: number): TraceEvent {
  const { name, args } = describeTransfer(t);
  return { name, ph: 'X', cat: 'usb', pid, tid, ts: us(t.from), dur: lasting(t.from, t.to ?? end), args };
}

/** What a core runs: shown as stretches with a name, all else as counters. */
const isSlice = ({ name, group }: TraceSignal): boolean => group === 'core' && /\.(in_rom|exception)$/.test(name);
