/** `bootbench run`: one run, its report and its files. */
import type { Judgement } from '../bench/documents/expect.ts';
import { jobInput, romProfile, WRONG_CHIP, type RunJob } from '../bench/input/job.ts';
import { USB_GOAL } from '../bench/documents/goal.ts';
import { failsToLeave } from '../bench/documents/proved.ts';
import { hasReached } from '../bench/documents/reached.ts';
import type { RunResult } from '../bench/documents/result.ts';
import { serialise } from '../bench/documents/serialise.ts';
import type { RunTrace } from '../bench/documents/trace-types.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { RomSource } from '../report/keyframes.ts';
import { patchOf } from '../report/patch.ts';
import { shortReport } from '../report/short.ts';
import type { Sources } from '../report/source-lines.ts';
import { judged, objections } from '../report/strict.ts';
import { checksReport, documentReport, terminalReport } from '../report/terminal.ts';
import { printable, wrap } from '../report/text.ts';
import { newerSource, withShownPaths } from '../report/shown-paths.ts';
import { dirname, resolve } from 'node:path';
import type { Bench } from './engine.ts';
import { chipNamed, loadJob, type RunOptions } from './inputs.ts';
import { interruptible } from './interruptible.ts';
import { EXIT, exitAfter, milliseconds, paintFor, type EndSignal, type Io, verbatim } from './io.ts';
import { showPage, temporaryPage } from './open-page.ts';
import { Outputs, type OutputFile } from './outputs.ts';
import { pageScript } from './page-script.ts';
import { sourcesOf, type DiskSources } from './sources.ts';
import { traceFiles, writeTraces } from './trace.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';

export interface RunCommandOptions extends RunOptions {
  /** Files of the full event stream; the ending says the format. */
  readonly trace?: readonly string[];
  readonly json?: string;
  readonly html?: string;
  readonly svg?: string;
  readonly open?: boolean;
  readonly junit?: string;
  /** Folders whose source files may be shown, besides the project's. */
  readonly sourceRoot?: readonly string[];
  readonly quiet?: boolean;
  /** A success with a reservation is none. */
  readonly strict?: boolean;
  readonly stats?: boolean;
  readonly color?: boolean;
  readonly verbose?: boolean;
  readonly checks?: boolean;
  readonly fix?: boolean;
}

const DOCUMENTS = ['json', 'html', 'svg', 'junit'] as const;
/** Those that are asked for. */
type Documents = Partial<Record<(typeof DOCUMENTS)[number], SafeText>>;

/** Options that write to stdout; more than one is an error. */
function stdoutWriters(options: RunCommandOptions): string[] {
  const writers = DOCUMENTS.filter((key) => options[key] === '-').map((key) => `--${key}`);
  if (options.fix === true) writers.push('--fix');
  if (writers.length > 1) throw new UsageError(`${writers.join(' and ')} both write to stdout`);
  return writers;
}

/** A run may take its time, and a wrong file need not be waited for; but the report has them too, and on one screen once is enough. */
function warnOfWrongChip(job: RunJob, options: RunCommandOptions, io: Io): void {
  if (io.stdout.isTTY && io.stderr.isTTY && stdoutWriters(options).length === 0) return;
  for (const { kind, text } of jobInput(job).notes)
    if (kind === WRONG_CHIP) for (const line of wrap(printable(text), io.stderr.columns, '  ', 'bootbench: ')) io.stderr.write(`${line}\n`);
}

/** The run, its statistics and its event stream where they are asked for, and how long it took. */
async function recordedRun(job: RunJob, options: RunCommandOptions, wantsTrace: boolean, io: Io, bench: Bench): Promise<Recorded> {
  const started = milliseconds();
  const recorded: { trace?: RunTrace; stats?: string; signal?: EndSignal | null } = {};
  const result = await interruptible(io, options.quiet !== true, async ({ interrupted, ...hooks }) => {
    const ended = await bench(job, {
      ...hooks,
      ...(options.stats === true ? { stats: (text: string) => (recorded.stats = text) } : {}),
      ...(wantsTrace ? { trace: (trace: RunTrace) => (recorded.trace = trace) } : {}),
    });
    recorded.signal = interrupted();
    return ended;
  });
  return { result, seconds: (milliseconds() - started) / 1000, ...recorded };
}
interface Recorded {
  readonly result: RunResult;
  readonly seconds: number;
  readonly trace?: RunTrace;
  readonly stats?: string;
  /** The run was told to end. */
  readonly signal?: EndSignal | null;
}

/** @param own the result as a program reads it */
async function documentsOf(
  run: Recorded,
  own: RunResult,
  options: RunCommandOptions,
  judgement: Judgement | null,
  sources: Sources,
): Promise<Documents> {
  const documents: Documents = { json: serialise(own) };
  if (options.html !== undefined)
    documents.html = (await import('../report/html.ts')).htmlReport(run.result, {
      sources,
      judgement,
      ...pageScript(),
      ...(run.trace === undefined ? {} : { trace: run.trace }),
      ...(await romLines(run.result)),
    });
  if (options.svg !== undefined) documents.svg = (await import('../report/hand-over/picture.ts')).handOverPicture(run.result, { sources });
  if (options.junit !== undefined) documents.junit = await junitDocument(run.result, judgement, sources, run.seconds);
  return documents;
}

/** A dump has no source here. */
async function romLines({ rom, chip }: RunResult): Promise<{ readonly rom?: RomSource }> {
  if (rom.kind !== 'stand-in') return {};
  return { rom: (await import('./rom-code.ts')).romSource(romProfile(chipNamed(chip)).image) };
}

/** The report, on stderr where stdout is taken. */
function tell(
  run: Recorded,
  options: RunCommandOptions,
  judgement: Judgement | null,
  sources: Sources,
  stream: Io['stdout'],
  io: Io,
): void {
  const { result } = run;
  if (options.quiet !== true) {
    const view = { paint: paintFor(io, stream, options.color !== false), width: stream.columns, judgement, sources };
    stream.write(
      options.verbose === true
        ? terminalReport(result, { ...view, allChecks: options.checks === true })
        : shortReport(result, view) + (options.checks === true ? checksReport(result, view) : ''),
    );
  }
  if (options.strict === true && options.quiet !== true && judgement === null && hasReached(result))
    for (const { text, check } of objections(result, null))
      if (check !== null) io.stderr.write(`bootbench: --strict: ${printable(text)}\n`);
  const newer = options.quiet === true ? null : newerSource(result, sources);
  if (newer !== null)
    io.stderr.write(`bootbench: ${printable(newer)} was changed after the image was built: this is the result of the old one\n`);
  if (run.stats !== undefined) io.stderr.write(`${run.stats}\n`);
}

function filesOf(options: RunCommandOptions): OutputFile[] {
  return DOCUMENTS.flatMap((key): OutputFile[] => {
    const path = options[key];
    return path === undefined || path === '-' ? [] : [{ option: `--${key}`, path }];
  });
}

/** Source lines lie beside the images, or else where the user stands. */
export function sourcesFor(
  job: { readonly images: readonly { readonly path: string }[] },
  images: readonly string[],
  { scenario, sourceRoot }: Pick<RunCommandOptions, 'scenario' | 'sourceRoot'>,
  io: Io,
): DiskSources {
  const folder = images.length > 0 || scenario === undefined ? io.cwd : dirname(resolve(io.cwd, scenario));
  return sourcesOf({ images: job.images.map((i) => i.path), folder, io, roots: sourceRoot });
}

// eslint-disable-next-line complexity -- the command as a list of what was asked for: each option is looked at once, where its turn is
export async function runCommand(images: readonly string[], given: RunCommandOptions, io: Io, bench: Bench): Promise<number> {
  if (given.open === true && given.html === '-') throw new UsageError('--open has nothing to show: --html - writes to stdout');
  const writers = stdoutWriters(given);
  const job = await loadJob(images, given, io.cwd);
  if (given.quiet !== true) warnOfWrongChip(job, given, io);
  const sources = sourcesFor(job, images, given, io);
  const traces = traceFiles('--trace', given.trace ?? []);
  const page = given.open === true && given.html === undefined ? temporaryPage() : null;
  const options = page === null ? given : { ...given, html: page.path };
  let outputs: Outputs | null = null;
  try {
    outputs = new Outputs([...filesOf(options), ...traces], io.cwd);
    const ran = await recordedRun(job, options, traces.length > 0 || options.html !== undefined, io, bench);
    const run = { ...ran, result: withShownPaths(ran.result, sources) };
    const judgement = judgementOf(run.result, given.strict);
    const documents = await documentsOf(run, ran.result, options, judgement, sources);
    for (const key of DOCUMENTS) if (documents[key] !== undefined) outputs.write(`--${key}`, documents[key]);
    if (run.trace !== undefined) await writeTraces(outputs, traces, run.trace);
    if (options.open === true) showPage(resolve(io.cwd, options.html!), io);
    for (const key of DOCUMENTS) if (options[key] === '-' && documents[key] !== undefined) io.stdout.raw(documents[key]);
    if (options.fix === true) writePatch(run.result, sources, io);
    tell(run, options, judgement, sources, writers.length > 0 ? io.stderr : io.stdout, io);
    return run.signal != null ? exitAfter(run.signal) : isGood(run.result, judgement, given.strict) ? EXIT.ok : EXIT.failed;
  } finally {
    outputs?.discard();
    page?.discard();
  }
}

/** The patch on stdout; what could not be put in on stderr. */
function writePatch(result: RunResult, sources: Sources, io: Io): void {
  const { text, left, needs } = patchOf(result, sources);
  io.stdout.raw(verbatim(text));
  for (const line of left) io.stderr.write(`bootbench: not in the patch: ${printable(line)}\n`);
  for (const line of needs) io.stderr.write(`bootbench: ${printable(line)}\n`);
  if (text === '' && left.length === 0) io.stderr.write('bootbench: no patch, because no cause is proved\n');
}

export function judgementOf(result: RunResult, strict?: boolean): Judgement | null {
  const { expect } = result.scenario;
  return expect === null ? null : judged(result, expect, strict);
}
/** With `expect` that alone decides, else the outcome and, where the last thing that was asked of DFU is a leave, the way back. */
export const isGood = (result: RunResult, judgement: Judgement | null, strict = false): boolean =>
  judgement === null ? hasReached(result) && !failsToLeave(result) && !(strict && objections(result, null).length > 0) : judgement.holds;

async function junitDocument(result: RunResult, judgement: Judgement | null, sources: Sources, seconds: number): Promise<SafeText> {
  const { junit } = await import('../report/junit.ts');
  const holds = isGood(result, judgement);
  const message =
    judgement === null
      ? result.goal.name === USB_GOAL
        ? `outcome is ${result.outcome}`
        : `${result.goal.name} is not reached, outcome is ${result.outcome}`
      : judgement.failures.join('; ');
  const failure = holds ? null : { message, text: documentReport(result, { judgement, sources }) };
  return junit([{ name: result.images.map((i) => i.path).join(' '), className: result.chip, seconds, failure }]);
}
