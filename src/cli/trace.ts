/** `bootbench trace`: one run as the full event stream, for viewers of traces and waves. */
import type { RunTrace, TracedRun } from '../bench/documents/trace-types.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { TRACE_ENDINGS, traceFormat } from '../report/trace/endings.ts';
import { printable } from '../report/text.ts';
import type { Bench } from './engine.ts';
import { loadJob, type RunOptions } from './inputs.ts';
import { EXIT, exitAfter, type Io } from './io.ts';
import { emptyName, Outputs, type OutputFile } from './outputs.ts';
import { interruptible } from './interruptible.ts';

export interface TraceCommandOptions extends RunOptions {
  readonly out?: readonly string[];
}

const DEFAULT_FILE = 'trace.json';

export async function traceCommand(images: readonly string[], options: TraceCommandOptions, io: Io, bench: Bench): Promise<number> {
  const files = traceFiles('--out', options.out ?? [DEFAULT_FILE]);
  const job = await loadJob(images, options, io.cwd);
  const outputs = new Outputs(files, io.cwd);
  try {
    const recorded: { trace?: RunTrace } = {};
    const { outcome, signal } = await interruptible(io, true, async ({ interrupted, stop, progress }) => {
      const result = await bench(job, { stop, ...(progress && { progress }), trace: (trace) => (recorded.trace = trace) });
      return { outcome: result.outcome, signal: interrupted() };
    });
    const { trace } = recorded;
    if (trace === undefined) throw new Error('the run gave no trace');
    await writeTraces(outputs, files, trace);
    io.stdout.write(`${outcome}: ${summaryOf(trace.run)}\n`);
    if (trace.repaired)
      io.stdout.write(`also the same run with ${trace.repaired.repairs.join(', ')} repaired: ${trace.repaired.outcome}\n`);
    for (const { path } of files) io.stdout.write(`wrote ${printable(path)}\n`);
    return signal === null ? EXIT.ok : exitAfter(signal);
  } finally {
    outputs.discard();
  }
}

/** Files of an option that may be repeated; an ending that says no format is a UsageError. */
export function traceFiles(option: string, paths: readonly string[]): OutputFile[] {
  return paths.map((path, i) => {
    if (path === '') throw emptyName(option);
    if (traceFormat(path) === null)
      throw new UsageError(`${option}: the file extension of ${path} is not a known format`, `known: ${TRACE_ENDINGS}`);
    return { option: i === 0 ? option : `${option} (${i + 1})`, path };
  });
}

export async function writeTraces(outputs: Outputs, files: readonly OutputFile[], trace: RunTrace): Promise<void> {
  const { writeTrace } = await import('../report/trace/formats.ts');
  for (const { option, path } of files) outputs.write(option, writeTrace(trace, traceFormat(path)!));
}

function summaryOf({ signals, transfers, rows, dropped }: TracedRun): string {
  const changes = signals.reduce((n, s) => n + s.at.length - 1, 0);
  const lost = dropped > 0 ? `; ${dropped} more changes were dropped` : '';
  return `${changes} changes of ${signals.length} signals, ${transfers.length} USB transfers, ${rows.length} events${lost}`;
}
