/** `bootbench test`: runs every scenario that says what it expects, several at once, and says which do not hold and why. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { limitMs } from '../bench/documents/duration.ts';
import { BUT, hasReservations } from '../bench/documents/reservations.ts';
import { goalInWords, outcomeInWords } from '../bench/documents/reached.ts';
import type { RunResult } from '../bench/documents/result.ts';
import { boundedJson } from '../bench/documents/json-bounds.ts';
import { jobInput } from '../bench/input/job.ts';
import { UsageError, didYouMean } from '../bench/documents/usage-error.ts';
import { ImageError } from '../image/image.ts';
import { findingsOf, type Finding } from '../report/findings.ts';
import type { JUnitCase } from '../report/junit.ts';
import { shortReport } from '../report/short.ts';
import { judged } from '../report/strict.ts';
import { leansOn } from '../report/story/story.ts';
import { toldOn } from '../report/story/surfaces.ts';
import { documentReport } from '../report/terminal.ts';
import { printable, printableName, wrap } from '../report/text.ts';
import { withShownPaths } from '../report/shown-paths.ts';
import { VERSION } from '../version.ts';
import type { Bench } from './engine.ts';
import { findScenarios } from './find-scenarios.ts';
import { repositoryOf } from './git-ignore.ts';
import { effortOf, loadJob, readInput, readScenario } from './inputs.ts';
import { canRewrite, DeafError, EXIT, exitAfter, milliseconds, paintFor, type Io, type Stream, verbatim } from './io.ts';
import { type OutputFile, Outputs } from './outputs.ts';
import { surroundings } from '../bench/documents/system-errors.ts';
import { interruptible, PlainProgress } from './interruptible.ts';
import { projectFolders, realPath, sourcesOf, wayTo } from './sources.ts';
import { TestCache } from './test-cache.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';

export interface TestOptions {
  readonly junit?: string;
  readonly sarif?: string;
  readonly codequality?: string;
  readonly json?: string;
  readonly html?: string;
  /** Verdict, causes and lines for a comment of a pull request. */
  readonly markdown?: string;
  readonly reporter?: readonly string[];
  readonly jobs?: string;
  readonly shard?: string;
  readonly filter?: string;
  readonly list?: boolean;
  readonly bail?: boolean;
  readonly timeout?: string;
  readonly effort?: string;
  readonly romOption?: readonly string[];
  readonly baseline?: string;
  readonly updateBaseline?: boolean;
  readonly cache?: string;
  /** Folders whose source files may be shown, besides the project's. */
  readonly sourceRoot?: readonly string[];
  readonly quiet?: boolean;
  /** A scenario that holds with a reservation does not hold. */
  readonly strict?: boolean;
  readonly color?: boolean;
}

/** ok: it holds; known: it fails as the baseline says; error: it could not be run; internal: a defect of bootbench. */
type State = 'ok' | 'fail' | 'known' | 'error' | 'internal';

export interface TestOutcome {
  readonly path: string;
  readonly state: State;
  readonly seconds: number;
  readonly cached: boolean;
  /** What of `expect` does not hold. */
  readonly failures: readonly string[];
  /** What it rests on although it holds, as `run` says behind `But`. */
  readonly reservations: readonly string[];
  /** Of the real ROM, where the firmware leaves something to it, as `run` says behind `Holds`. */
  readonly conditions: readonly string[];
  readonly findings: readonly Finding[];
  readonly result: RunResult | null;
  /** The first screen, where it does not hold. */
  readonly report: (view: { readonly stream: Stream; readonly color: boolean }) => string;
  /** The whole story, as JUnit has it. */
  readonly story: () => string;
  /** What it runs on failed: the disk, the memory. */
  readonly outside?: true;
}

const TEST_SCHEMA = 'bootbench/test@1';
const REPORTERS = ['default', 'github'] as const;
const FILES = ['junit', 'sarif', 'codequality', 'json', 'html', 'markdown'] as const;

export async function testCommand(patterns: readonly string[], options: TestOptions, io: Io, bench: Bench): Promise<number> {
  const plan = planOf(patterns, options, io);
  projectFolders(io, options.sourceRoot);
  if (options.list === true) {
    for (const path of plan.paths) io.stdout.write(`${printableName(path)}\n`);
    if (plan.paths.length === 0) throw nothingFound(patterns);
    return EXIT.ok;
  }
  const onStdout = FILES.filter((key) => options[key] === '-');
  if (onStdout.length > 1) throw new UsageError(`${onStdout.map((key) => `--${key}`).join(' and ')} both write to stdout`);
  const outputs = new Outputs(filesOf(options), io.cwd, plan.paths);
  try {
    const started = milliseconds();
    const { outcomes, signal } = await interruptible(io, false, async ({ stop, interrupted }) => ({
      outcomes: await new Runner(plan, options, io, bench, stop).all(),
      signal: interrupted(),
    }));
    if (outcomes.length === 0 && signal === null) throw nothingFound(patterns);
    const stream = onStdout.length > 0 ? io.stderr : io.stdout;
    await writeFiles(outcomes, options, outputs, io);
    if (options.updateBaseline === true) writeBaseline(outcomes, outputs);
    if (plan.github) await github(outcomes, io);
    stream.write(totals(outcomes, (milliseconds() - started) / 1000));
    if (signal !== null) return exitAfter(signal);
    const broken = outcomes.filter((o) => o.state === 'internal');
    if (broken.length > 0) return broken.every((o) => o.outside === true) ? EXIT.surroundings : EXIT.internal;
    return outcomes.every((o) => o.state === 'ok' || o.state === 'known') || options.updateBaseline === true ? EXIT.ok : EXIT.failed;
  } finally {
    outputs.discard();
  }
}

function filesOf(options: TestOptions): OutputFile[] {
  const reports = FILES.flatMap((key) =>
    options[key] === undefined || options[key] === '-' ? [] : [{ option: `--${key}`, path: options[key] }],
  );
  return options.updateBaseline === true ? [...reports, { option: '--baseline', path: options.baseline!, updates: true }] : reports;
}

const nothingFound = (patterns: readonly string[]): UsageError =>
  new UsageError(`no scenario with "expect" in ${patterns.join(', ')}`, '`bootbench init firmware.elf` writes one');

function totals(outcomes: readonly TestOutcome[], seconds: number): string {
  const of = (state: State): number => outcomes.filter((o) => o.state === state).length;
  const more = [
    of('known') > 0 ? `${of('known')} fail as listed in the baseline` : '',
    outcomes.some((o) => o.cached) ? `${outcomes.filter((o) => o.cached).length} from the cache` : '',
  ].filter((text) => text !== '');
  return `${of('ok')} of ${outcomes.length} scenarios hold${more.map((text) => `, ${text}`).join('')}, ${seconds.toFixed(1)} s\n`;
}

// ---- what is run -----------------------------------------------------------------------------------------------------------------

interface Plan {
  readonly paths: readonly string[];
  readonly jobs: number;
  readonly timeoutMs: number | null;
  readonly github: boolean;
  readonly cache: TestCache | null;
  /** Failures by scenario. */
  readonly baseline: Readonly<Record<string, readonly string[]>>;
}

function jobsOf(given: string | undefined): number {
  const jobs = given === undefined ? availableParallelism() : Number(given);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 256)
    throw new UsageError(`--jobs: ${JSON.stringify(given)} is not a number from 1 to 256`);
  return jobs;
}
function checkReporters(names: readonly string[]): void {
  for (const name of names)
    if (!(REPORTERS as readonly string[]).includes(name))
      throw new UsageError(
        `--reporter: ${JSON.stringify(name)} is not known`,
        didYouMean(name, REPORTERS) ?? `it is ${REPORTERS.join(' or ')}`,
      );
}
/** Scenarios that the patterns name, each once, with the filter's text in their path. */
function chosenPaths(patterns: readonly string[], wanted: string | undefined, cwd: string): string[] {
  const found = [...new Set(patterns.flatMap((pattern) => findScenarios(pattern, cwd)))];
  const filter = wanted?.toLowerCase();
  const chosen = filter === undefined ? found : found.filter((path) => path.toLowerCase().includes(filter));
  if (filter !== undefined && found.length > 0 && chosen.length === 0)
    throw new UsageError(`--filter: none of ${found.length} scenarios has ${JSON.stringify(wanted)} in its path`, '--list shows them');
  return chosen;
}

function planOf(patterns: readonly string[], options: TestOptions, io: Io): Plan {
  const jobs = jobsOf(options.jobs);
  checkReporters(options.reporter ?? []);
  effortOf(options);
  if (options.updateBaseline === true && options.baseline === undefined)
    throw new UsageError('--update-baseline: which? --baseline is missing', 'for example --baseline known.json --update-baseline');
  const chosen = chosenPaths(patterns, options.filter, io.cwd);
  return {
    paths: sharded(chosen, options.shard),
    jobs,
    timeoutMs: options.timeout === undefined ? null : limitMs(options.timeout, '--timeout'),
    github: options.reporter?.includes('github') ?? io.env['GITHUB_ACTIONS'] === 'true',
    cache: options.cache === undefined ? null : new TestCache(options.cache, io.cwd),
    baseline: readBaseline(options, io),
  };
}

/** `2/3`: every third, from the second on, so that neighbours that take long are spread. */
function sharded(paths: readonly string[], shard: string | undefined): readonly string[] {
  if (shard === undefined) return paths;
  const [, i, n] = /^(\d{1,4})\/(\d{1,4})$/.exec(shard) ?? [];
  const [index, count] = [Number(i), Number(n)];
  if (!(index >= 1 && index <= count))
    throw new UsageError(`--shard: ${JSON.stringify(shard)} is not i/n with 1 <= i <= n`, 'for example --shard 1/3');
  if (paths.length > 0 && index > paths.length) {
    const there = paths.length === 1 ? 'there is one scenario' : `there are ${paths.length} scenarios`;
    throw new UsageError(
      `--shard: ${there}, so part ${shard} is empty`,
      `use at most ${paths.length} part${paths.length === 1 ? '' : 's'}`,
    );
  }
  return paths.filter((_path, at) => at % count === index - 1);
}

function readBaseline({ baseline, updateBaseline }: TestOptions, io: Io): Plan['baseline'] {
  if (baseline === undefined || (updateBaseline === true && !existsSync(resolve(io.cwd, baseline)))) return {};
  const bad = (): UsageError => new UsageError(`--baseline: ${baseline} is not a baseline file`, '--update-baseline writes one');
  try {
    const document = boundedJson(new TextDecoder().decode(readInput(baseline, 'baseline', io.cwd))) as { readonly failures?: unknown };
    const { failures } = document;
    if (typeof failures !== 'object' || failures === null) throw bad();
    const rows = Object.entries(failures as Record<string, unknown>);
    if (!rows.every(([, list]) => Array.isArray(list) && list.every((text) => typeof text === 'string'))) throw bad();
    return failures as Record<string, readonly string[]>;
  } catch (error) {
    throw error instanceof SyntaxError ? bad() : error;
  }
}

function writeBaseline(outcomes: readonly TestOutcome[], outputs: Outputs): void {
  const failures = Object.fromEntries(outcomes.filter((o) => o.failures.length > 0).map((o) => [o.path, o.failures]));
  outputs.write('--baseline', jsonDocument({ schema: 'bootbench/baseline@1', failures }));
}

// ---- running ---------------------------------------------------------------------------------------------------------------------

class Runner {
  private readonly outcomes = new Map<string, TestOutcome>();
  private bailed = false;
  private readonly plan: Plan;
  private readonly options: TestOptions;
  private readonly io: Io;
  private readonly bench: Bench;
  private readonly stop: AbortSignal;
  /** On a terminal, lines of its own would stand between those of the scenarios. */
  private readonly progress: PlainProgress | null;

  constructor(plan: Plan, options: TestOptions, io: Io, bench: Bench, stop: AbortSignal) {
    this.plan = plan;
    this.options = options;
    this.io = io;
    this.bench = bench;
    this.stop = stop;
    this.progress = options.quiet === true || canRewrite(io) ? null : new PlainProgress(io);
  }

  async all(): Promise<TestOutcome[]> {
    const { paths, jobs } = this.plan;
    const queue = [...paths];
    const work = async (): Promise<void> => {
      for (let path = queue.shift(); path !== undefined && !this.stop.aborted && !this.bailed; path = queue.shift()) {
        const outcome = await this.one(path);
        if (outcome === null) continue;
        this.outcomes.set(path, outcome);
        this.tell(outcome);
        if (this.options.bail === true && outcome.state !== 'ok' && outcome.state !== 'known') this.bailed = true;
      }
    };
    await Promise.all(Array.from({ length: Math.min(jobs, paths.length) }, work));
    return paths.flatMap((path) => this.outcomes.get(path) ?? []);
  }

  private tell({ path, state, seconds, cached, failures, reservations, conditions, report }: TestOutcome): void {
    const rests = state === 'ok' ? restsOn(reservations, conditions) : [];
    const isTold = this.options.quiet !== true || !(state === 'known' || (state === 'ok' && rests.length === 0));
    if (!isTold) return;
    const stream = FILES.some((key) => this.options[key] === '-') ? this.io.stderr : this.io.stdout;
    const color = this.options.color !== false;
    const paint = paintFor(this.io, stream, color);
    const word = {
      ok: paint('green', 'ok  '),
      known: paint('yellow', 'KNOW'),
      fail: paint('red', 'FAIL'),
      error: paint('red', 'ERR '),
      internal: paint('red', 'ERR '),
    }[state];
    const details = failures.map((failure) => `       ${printable(failure)}\n`).join('');
    const lines = rests.flatMap(([label, text]) => wrap(text, stream.columns, ' '.repeat(label.length + 6), `     ${label} `));
    const below = lines.map((line) => `${line}\n`).join('');
    stream.write(`${word} ${printableName(path)} (${cached ? 'cached' : `${seconds.toFixed(1)} s`})\n${details}${below}`);
    if (state === 'fail') stream.write(report({ stream, color }).replace(/^(?=.)/gm, '     '));
  }

  /** From the cache, or by a run; what the user or the time limit ended is not kept. */
  private async resultOf(path: string): Promise<{ result: Awaited<ReturnType<Bench>>; cached: boolean }> {
    const { io, plan } = this;
    const { effort, romOption } = this.options;
    const given = { ...(effort !== undefined && { effort }), ...(romOption !== undefined && { romOption }) };
    const loaded = await loadJob([], { scenario: path, ...given }, io.cwd);
    const asked = this.options.strict === true && loaded.effort !== 'quick' ? { after: true } : {};
    const job = { ...loaded, ...asked, onlyExpected: true, limits: { ...loaded.limits, wallMs: plan.timeoutMs } };
    const key = plan.cache?.keyOf(job) ?? null;
    const kept = key === null ? null : plan.cache!.find(key, jobInput(job).scenario);
    if (kept !== null) return { result: kept, cached: true };
    const progress = this.progress === null ? {} : { progress: this.progress.of(path) };
    const result = await this.bench(job, { stop: this.stop, ...progress });
    const cut = result.ended.reason === 'signal' || result.ended.reason === 'wall';
    if (key !== null && !cut) plan.cache!.keep(key, result);
    return { result, cached: false };
  }

  /** A scenario's path from the root of the repository that it lies in; as typed where there is none. */
  private rooted(path: string): string {
    const file = resolve(this.io.cwd, path);
    const folder = realPath(dirname(file)) ?? dirname(file);
    const repository = repositoryOf(folder);
    return repository === null ? path : wayTo(join(folder, basename(file)), repository);
  }

  /** null = a scenario that expects nothing: it cannot fail, so it is no test. */
  private async one(path: string): Promise<TestOutcome | null> {
    const { io, plan } = this;
    const started = milliseconds();
    const base = { path, cached: false, reservations: [], conditions: [], findings: [], result: null, report: () => '', story: () => '' };
    const seconds = (): number => (milliseconds() - started) / 1000;
    const error = (text: string, internal = false): TestOutcome => ({
      ...base,
      state: internal ? 'internal' : 'error',
      seconds: seconds(),
      failures: [text],
      findings: [{ scenario: path, rule: 'error', message: text, file: this.rooted(path), line: 1 }],
    });
    try {
      const { expect, images } = await readScenario(path, io.cwd);
      if (!expect) return null;
      const { result: own, cached } = await this.resultOf(path);
      if (own.ended.reason === 'signal') return error('interrupted');
      if (own.ended.reason === 'wall') return error(`it took longer than --timeout ${this.options.timeout}`);
      const sources = sourcesOf({ images: images ?? [], folder: dirname(resolve(io.cwd, path)), io, roots: this.options.sourceRoot });
      const result = withShownPaths(own, sources);
      const reservations = reservationsOf(result);
      const judgement = judged(result, expect, this.options.strict);
      const { failures } = judgement;
      const state = failures.length === 0 ? 'ok' : sameAs(failures, plan.baseline[path]) ? 'known' : 'fail';
      const report: TestOutcome['report'] = ({ stream, color }) =>
        shortReport(result, {
          judgement,
          sources,
          paint: paintFor(io, stream, color),
          width: stream.columns - 5,
          embedded: true,
          wholeFix: `bootbench run --scenario ${printableName(path)} --fix`,
        });
      const findings = state === 'fail' ? findingsOf(path, result, failures, sources, this.rooted(path)) : [];
      return {
        path,
        state,
        seconds: seconds(),
        cached,
        failures,
        reservations,
        conditions: conditionsOf(state, result),
        findings,
        result,
        report,
        story: () => documentReport(result, { judgement, sources }),
      };
    } catch (thrown) {
      if (thrown instanceof DeafError)
        return error(
          this.stop.aborted ? 'interrupted' : `it took longer than --timeout ${this.options.timeout}, and was ended without a result`,
        );
      const outside = surroundings(thrown, 'it cannot be run');
      if (outside !== null) return { ...error(outside.message, true), outside: true };
      const internal = !(thrown instanceof UsageError || thrown instanceof ImageError);
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      return error(internal ? `internal error: ${text}` : text, internal);
    }
  }
}

const reservationsOf = (result: RunResult): string[] =>
  hasReservations(result) ? result.notes.filter(({ kind }) => kind === BUT).map(({ text }) => printable(text)) : [];
const conditionsOf = (state: State, result: RunResult): string[] =>
  state === 'ok' ? toldOn('screen', leansOn(result)).map(({ text }) => printable(text)) : [];
const restsOn = (reservations: readonly string[], conditions: readonly string[]): readonly (readonly [string, string])[] => [
  ...reservations.map((text) => ['But', text] as const),
  ...conditions.map((text) => ['Holds', text] as const),
];
const sameAs = (failures: readonly string[], known: readonly string[] | undefined): boolean =>
  known !== undefined && known.length === failures.length && known.every((text, i) => text === failures[i]);

// ---- documents -------------------------------------------------------------------------------------------------------------------

async function writeFiles(outcomes: readonly TestOutcome[], options: TestOptions, outputs: Outputs, io: Io): Promise<void> {
  const ci = await import('../report/ci.ts');
  const findings = outcomes.flatMap((o) => o.findings);
  const make: Readonly<Record<(typeof FILES)[number], () => SafeText | Promise<SafeText>>> = {
    junit: async () => (await import('../report/junit.ts')).junit(outcomes.map((o) => junitCase(o))),
    sarif: () => ci.sarif(findings, VERSION),
    codequality: () => ci.codeQuality(findings),
    json: () => jsonDocument(document(outcomes)),
    markdown: () => ci.stepSummary(outcomes, findings),
    html: async () =>
      (await import('../report/index-page.ts')).indexPage(
        outcomes.map(({ path, state, seconds, failures, result }) => ({ path, state, seconds, failures, result })),
      ),
  };
  for (const key of FILES) {
    if (options[key] === undefined) continue;
    const text = await make[key]();
    if (options[key] === '-') io.stdout.raw(text);
    else outputs.write(`--${key}`, text);
  }
}

function junitCase({ path, state, seconds, failures, reservations, conditions, findings, result, story }: TestOutcome): JUnitCase {
  const { file = path, line = 1 } = findings[0] ?? {};
  const bad = state !== 'ok' && state !== 'known';
  const text = state === 'fail' ? story() : failures.join('\n');
  return {
    name: path,
    className: 'bootbench',
    seconds,
    failure: bad ? { message: failures.join('; '), text, type: findings[0]?.rule ?? 'error' } : null,
    error: state === 'error' || state === 'internal',
    ...(bad ? { file, line } : { file: path }),
    ...(result === null
      ? {}
      : {
          properties: {
            chip: result.chip,
            goal: goalInWords(result),
            outcome: outcomeInWords(result),
            rom: [result.rom.id, result.rom.version].filter((x) => x !== null).join(' '),
          },
          output: [
            ...(state === 'ok' ? restsOn(reservations, conditions).map(([label, text]) => `${label.toLowerCase()}: ${text}`) : []),
            ...Object.entries(result.console).map(([channel, out]) => `${channel}:\n${out}`),
          ].join('\n'),
        }),
  };
}

const document = (outcomes: readonly TestOutcome[]): object => ({
  schema: TEST_SCHEMA,
  version: VERSION,
  scenarios: outcomes.map(({ path, state, seconds, cached, failures, reservations, conditions, findings, result }) => ({
    path,
    state,
    seconds: Number(seconds.toFixed(3)),
    cached,
    failures,
    findings: findings.map(({ rule, message, file, line }) => ({ rule, message, file, line })),
    outcome: result?.outcome ?? null,
    summary: result?.summary ?? null,
    reservations,
    conditions,
  })),
});

/** Annotations on stdout, where GitHub reads them, and the summary of the step. */
async function github(outcomes: readonly TestOutcome[], io: Io): Promise<void> {
  const { githubAnnotations, stepSummary } = await import('../report/ci.ts');
  const findings = outcomes.flatMap((o) => o.findings);
  io.stdout.raw(githubAnnotations(findings));
  const file = io.env['GITHUB_STEP_SUMMARY'];
  if (file === undefined || file === '') return;
  const before = statSync(file, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(file, 'utf8') : '';
  const outputs = new Outputs([{ option: 'GITHUB_STEP_SUMMARY', path: file, updates: true }], io.cwd);
  outputs.write('GITHUB_STEP_SUMMARY', verbatim(before + stepSummary(outcomes, findings)));
}
