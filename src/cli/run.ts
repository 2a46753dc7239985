/** `bootbench run`: one run, its report and its files. */
import type { Judgement } from '../bench/expect.ts';
import { judge } from '../bench/expect.ts';
import { jobInput, WRONG_CHIP } from '../bench/job.ts';
import type { RunResult } from '../bench/result.ts';
import { serialise } from '../bench/serialise.ts';
import type { RunTrace } from '../bench/trace-types.ts';
import { UsageError } from '../bench/usage-error.ts';
import { patchOf } from '../report/patch.ts';
import { shortReport } from '../report/short.ts';
import type { Sources } from '../report/source-lines.ts';
import { checksReport, terminalReport } from '../report/terminal.ts';
import { printable, wrap } from '../report/text.ts';
import { dirname, resolve } from 'node:path';
import type { Bench } from './engine.ts';
import { inputFiles, loadJob, type RunOptions } from './inputs.ts';
import { interruptible } from './interruptible.ts';
import { EXIT, milliseconds, paintFor, type Io } from './io.ts';
import { showPage, temporaryPage } from './open-page.ts';
import { Outputs, type OutputFile } from './outputs.ts';
import { pageScript } from './page-script.ts';
import { sourcesOf } from './sources.ts';
import { traceFiles, writeTraces } from './trace.ts';

export interface RunCommandOptions extends RunOptions {
  /** Files of the full event stream; the ending says the format. */
  readonly trace?: readonly string[];
  readonly json?: string;
  readonly html?: string;
  readonly open?: boolean;
  readonly junit?: string;
  readonly quiet?: boolean;
  readonly stats?: boolean;
  readonly color?: boolean;
  readonly verbose?: boolean;
  readonly checks?: boolean;
  readonly fix?: boolean;
}

export async function runCommand(images: readonly string[], given: RunCommandOptions, io: Io, bench: Bench): Promise<number> {
  if (given.open === true && given.html === '-') throw new UsageError('--open has nothing to show: --html - writes to stdout');
  const onStdout = (['json', 'html', 'junit'] as const).filter((key) => given[key] === '-');
  const writers = [...onStdout.map((key) => `--${key}`), ...(given.fix === true ? ['--fix'] : [])];
  if (writers.length > 1) throw new UsageError(`${writers.join(' and ')} both write to stdout`);
  const job = await loadJob(images, given, io.cwd);
  // the report has them too; but a run may take its time, and a wrong file need not be waited for
  if (given.quiet !== true)
    for (const { kind, text } of jobInput(job).notes)
      if (kind === WRONG_CHIP)
        for (const line of wrap(printable(text), io.stderr.columns, '  ', 'bootbench: ')) io.stderr.write(`${line}\n`);
  const traces = traceFiles('--trace', given.trace ?? []);
  const options = given.open === true && given.html === undefined ? { ...given, html: temporaryPage() } : given;
  const files = (['json', 'html', 'junit'] as const).flatMap((key): OutputFile[] => {
    const path = options[key];
    return path === undefined || path === '-' ? [] : [{ option: `--${key}`, path }];
  });
  files.push(...traces);
  if (job.limits.wallMs !== null) io.mustEndWithin?.(job.limits.wallMs);
  const outputs = new Outputs(files, io.cwd, inputFiles(images, job, options, io.cwd));
  try {
    const started = milliseconds();
    let stats: string | null = null;
    const recorded: { trace?: RunTrace } = {};
    const wantsTrace = traces.length > 0 || options.html !== undefined;
    const result = await interruptible(io, options.quiet !== true, (hooks) =>
      bench(job, {
        ...hooks,
        ...(options.stats === true ? { stats: (text: string) => (stats = text) } : {}),
        ...(wantsTrace ? { trace: (trace: RunTrace) => (recorded.trace = trace) } : {}),
      }),
    );
    const seconds = (milliseconds() - started) / 1000;
    const { expect } = result.scenario;
    const judgement = expect === null ? null : judge(result, expect);
    const sources = sourcesOf(
      job.images.map((i) => i.path),
      images.length > 0 || options.scenario === undefined ? io.cwd : dirname(resolve(io.cwd, options.scenario)),
      io.cwd,
    );
    const document = { json: serialise(result), html: '', junit: '' };
    if (options.html !== undefined)
      document.html = (await import('../report/html.ts')).htmlReport(result, {
        sources,
        ...pageScript(),
        ...(recorded.trace === undefined ? {} : { trace: recorded.trace }),
      });
    if (options.junit !== undefined) document.junit = await junitDocument(result, judgement, seconds);
    for (const key of ['json', 'html', 'junit'] as const) outputs.write(`--${key}`, document[key]);
    if (recorded.trace !== undefined) await writeTraces(outputs, traces, recorded.trace);
    if (options.open === true) showPage(resolve(io.cwd, options.html!), io);
    if (onStdout[0] !== undefined) io.stdout.write(document[onStdout[0]]);
    if (options.fix === true) writePatch(result, sources, io);
    if (options.quiet !== true) {
      const stream = writers.length > 0 ? io.stderr : io.stdout;
      const view = { paint: paintFor(io, stream, options.color !== false), width: stream.columns, judgement };
      stream.write(
        options.verbose === true
          ? terminalReport(result, { ...view, allChecks: options.checks === true })
          : shortReport(result, { ...view, sources }) + (options.checks === true ? checksReport(result, view) : ''),
      );
    }
    if (stats !== null) io.stderr.write(`${stats}\n`);
    return verdict(result, judgement) ? EXIT.ok : EXIT.failed;
  } finally {
    outputs.discard();
  }
}

/** The patch on stdout; what could not be put in on stderr. */
function writePatch(result: RunResult, sources: Sources, io: Io): void {
  const { text, left } = patchOf(result, sources);
  io.stdout.write(text);
  for (const line of left) io.stderr.write(`bootbench: not in the patch: ${printable(line)}\n`);
  if (text === '' && left.length === 0) io.stderr.write('bootbench: no patch: there is no proved cause to repair\n');
}

/** With `expect` that alone decides, else the outcome and, where the last thing that was asked of DFU is a leave, the way back. */
const verdict = (result: RunResult, judgement: Judgement | null): boolean =>
  judgement === null ? result.outcome === 'dfu' && !failsToLeave(result) : judgement.holds;

function failsToLeave(result: RunResult): boolean {
  const last = result.scenario.steps.findLast((step) => 'dfu' in step.do);
  if (last === undefined || !('dfu' in last.do) || !('leave' in last.do.dfu)) return false;
  return result.checks.some(({ id, verdict: v }) => id.startsWith('leave-') && v === 'fail');
}

async function junitDocument(result: RunResult, judgement: Judgement | null, seconds: number): Promise<string> {
  const { junit } = await import('../report/junit.ts');
  const holds = verdict(result, judgement);
  const message = judgement === null ? `outcome is ${result.outcome}` : judgement.failures.join('; ');
  const failure = holds ? null : { message, text: terminalReport(result, { judgement }) };
  return junit([{ name: result.images.map((i) => i.path).join(' '), className: result.chip, seconds, failure }]);
}
