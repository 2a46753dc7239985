/** The full event stream of a run: it changes nothing, it shows what the report says, and its files are read by those who read such files. */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
import type { RunTrace, TraceSignal } from '../../src/bench/documents/trace-types.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { writeTrace } from '../../src/report/trace/formats.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
interface Both {
  readonly result: RunResult;
  readonly trace: RunTrace;
}
async function traced(options: Parameters<typeof loadJob>[1], images: readonly string[] = []): Promise<Both> {
  let trace: RunTrace | null = null;
  const result = await inThread(await loadJob(images, options, FIXTURES), { trace: (t) => (trace = t) });
  return { result, trace: trace! };
}
const signal = (run: RunTrace['run'], name: string): TraceSignal => run.signals.find((s) => s.name === name)!;
/** Value at a time. */
function valueAt({ at, values }: TraceSignal, seconds: number): number {
  return values[at.findLastIndex((t) => t <= seconds * 1e12)]!;
}

let masked: Both;
beforeAll(async () => {
  masked = await traced({ scenario: 'f072-masked/scenario.json' });
});

describe('a run that enters the ROM with PRIMASK set', () => {
  it('has the same result as without a recording', async () => {
    const job = await loadJob([], { scenario: 'f072-masked/scenario.json' }, FIXTURES);
    expect(serialise(masked.result)).toBe(serialise(await inThread(job, {})));
  });
  it('shows the mask at the entry, and the ROM behind it', () => {
    const { run } = masked.trace;
    const entry = Number(masked.result.entries[0]!.at) + 1e-9;
    expect(valueAt(signal(run, 'cm0.primask'), entry)).toBe(1);
    expect(valueAt(signal(run, 'cm0.in_rom'), entry - 2e-9)).toBe(0);
    expect(valueAt(signal(run, 'cm0.in_rom'), entry)).toBe(1);
    expect(run.transfers.every((t) => t.status !== 'ok')).toBe(true);
  });
  it('has the interrupt that waits behind the mask, from the bus reset to the end; where the mask is repaired, none waits', () => {
    const { run, repaired, exceptions } = masked.trace;
    const held = signal(run, 'cm0.held_back');
    expect(held.values.map((v) => exceptions[v])).toEqual([undefined, '31 (USB/EXTI)']);
    expect(held.at[1]! / 1e12).toBeCloseTo(Number(masked.result.usb.log.find((l) => l.kind === 'reset')!.at), 8);
    expect(repaired!.signals.find((s) => s.name === 'cm0.held_back')).toBeUndefined();
  });
  it('has the clock tree at each change, and what the host saw', () => {
    const { clocks, host } = masked.trace.run;
    const [first, last] = [clocks[0]!, clocks.at(-1)!];
    expect(first.at).toBe(0);
    expect(first.tree.nodes.find((n) => n.name === 'sysclk')).toEqual({ name: 'sysclk', hz: 8e6, from: 'hsi', factors: [] });
    expect(last.tree.nodes.find((n) => n.name === 'usb')).toEqual({ name: 'usb', hz: 48e6, from: 'hsi48', factors: [] });
    expect(last.tree.sources.find((s) => s.name === 'hsi48')).toEqual({ name: 'hsi48', on: true, ready: true });
    expect(clocks.every((c, i) => i === 0 || c.at > clocks[i - 1]!.at)).toBe(true);
    expect(host.map(({ kind, text }) => ({ kind, text }))).toEqual(masked.result.usb.log.map(({ kind, text }) => ({ kind, text })));
  });
  it('has the repaired run beside it, which is the same up to the entry and reaches DFU', () => {
    const { run, repaired } = masked.trace;
    expect(repaired).toMatchObject({ outcome: 'dfu', repairs: ['primask'] });
    const entry = Number(masked.result.entries[0]!.at) * 1e12 - 1e6;
    const before = ({ at, values }: TraceSignal): number[][] => [
      at.filter((t) => t < entry),
      values.slice(0, at.filter((t) => t < entry).length),
    ];
    for (const s of run.signals.filter((x) => x.at[1]! < entry)) expect(before(signal(repaired!, s.name)), s.name).toEqual(before(s));
    expect(valueAt(signal(repaired!, 'cm0.primask'), repaired!.end / 1e12)).toBe(0);
    expect(repaired!.transfers.filter((t) => t.status === 'ok').length).toBeGreaterThan(5);
  });
});

it('a look for a proof leaves nothing behind: exceptions and pins of a firmware that waits rise in time', async () => {
  const { trace } = await traced({ scenario: 'h533-stuck-pka-tick/scenario.json' });
  for (const { name, at } of trace.run.signals) {
    expect(
      at.every((t, i) => i === 0 || t >= at[i - 1]!),
      name,
    ).toBe(true);
    expect(at.at(-1)!, name).toBeLessThanOrEqual(trace.run.end);
  }
});

it('where the trigger was looked for, the stream is that of the run which is told about', async () => {
  const { result, trace } = await traced({ chip: 'stm32f405rg', trigger: true }, ['f405-serial-trigger/firmware.elf']);
  expect(result.notes.some((n) => n.kind === 'trigger')).toBe(true);
  expect(trace.run.rows).toEqual(result.timeline);
});

describe('files', () => {
  it('VCD: each value belongs to a variable that is declared, and time only rises', () => {
    const text = String(writeTrace(masked.trace, 'vcd'));
    const [head, body] = text.split('$enddefinitions $end\n') as [string, string];
    const variables = new Map(
      [...head.matchAll(/^\$var (\w+) (\d+) (\S+) (\S+)/gm)].map(([, type, bits, id]) => [id!, { type: type!, bits: Number(bits) }]),
    );
    expect(head.match(/^\$var/gm)).toHaveLength(variables.size);
    let now = -1;
    for (const line of body.trimEnd().split('\n')) {
      if (line.startsWith('#')) {
        expect(Number(line.slice(1))).toBeGreaterThan(now);
        now = Number(line.slice(1));
        continue;
      }
      const [, value, id] = /^([01z])(\S+)$/.exec(line) ?? /^(\S+) (\S+)$/.exec(line)!;
      const { type, bits } = variables.get(id!)!;
      expect(value).toMatch(type === 'real' ? /^r\d+/ : type === 'string' ? /^s\S/ : bits === 1 ? /^[01z]$/ : /^b[01]+$/);
    }
    expect(now).toBeGreaterThanOrEqual(masked.trace.run.end);
  });
  it('Perfetto: JSON, one process for each run, nothing before power-on', () => {
    const { traceEvents } = JSON.parse(String(writeTrace(masked.trace, 'perfetto'))) as {
      traceEvents: { ph: string; pid: number; tid: number; ts?: number; dur?: number; name: string }[];
    };
    expect(new Set(traceEvents.map((e) => e.pid))).toEqual(new Set([1, 2]));
    for (const { ph, ts, dur } of traceEvents) {
      if (ph === 'M') continue;
      expect(ts).toBeGreaterThanOrEqual(0);
      if (ph === 'X') expect(dur).toBeGreaterThan(0);
    }
    const named = new Set(traceEvents.map((e) => e.name));
    expect(named).toContain('ROM');
    // a stretch of the row of exceptions is an exception: Thread mode is the room between them
    const [row] = traceEvents.filter((e) => e.ph === 'M' && JSON.stringify(e).includes('exception'));
    const taken = traceEvents.filter((e) => e.ph === 'X' && e.pid === row!.pid && e.tid === row!.tid);
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.filter(({ name }) => typeof name !== 'string' || name === '')).toEqual([]);
    // viewers nest what overlaps
    const ends = new Map<string, number>();
    for (const { ph, pid, tid, ts, dur } of traceEvents) {
      if (ph !== 'X') continue;
      expect(ts).toBeGreaterThanOrEqual(ends.get(`${pid} ${tid}`) ?? 0);
      ends.set(`${pid} ${tid}`, ts! + dur!);
    }
  });
  it('pcapng: a packet for each end of a transfer', () => {
    const bytes = writeTrace(masked.trace, 'pcapng') as Uint8Array;
    const view = new DataView(bytes.buffer);
    let packets = 0;
    for (let at = 0; at < bytes.length; at += view.getUint32(at + 4, true)) if (view.getUint32(at, true) === 6) packets++;
    const { transfers } = masked.trace.run;
    expect(transfers.length).toBeGreaterThan(0);
    expect(packets).toBe(transfers.length + transfers.filter((t) => t.to !== null).length);
  });
});
