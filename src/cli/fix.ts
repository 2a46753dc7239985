/** `bootbench fix`: the fix as a patch, or written into the sources, built and run again until the run is green or nothing more can be done honestly. */
import { limitMs } from '../bench/documents/duration.ts';
import { judge } from '../bench/documents/expect.ts';
import { hasReached, otherGoal } from '../bench/documents/reached.ts';
import type { ResultCause, RunResult } from '../bench/documents/result.ts';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import type { RunJob } from '../bench/input/job.ts';
import { labelOf, patchOf, toMend, type Patch } from '../report/patch.ts';
import { objections } from '../report/strict.ts';
import { GO_ON, isCutShort, storyOf } from '../report/story/story.ts';
import { toldOn } from '../report/story/surfaces.ts';
import { printable } from '../report/text.ts';
import { newerSource, withShownPaths } from '../report/shown-paths.ts';
import { applyPatchTo } from './apply-patch.ts';
import type { Bench } from './engine.ts';
import { loadJob, type RunOptions } from './inputs.ts';
import { interruptible, withProgress } from './interruptible.ts';
import { EXIT, exitAfter, milliseconds, paintFor, verbatim, type EndSignal, type Io } from './io.ts';
import { isGood, judgementOf, sourcesFor } from './run.ts';
import { ShellCommand } from './shell.ts';
import type { DiskSources } from './sources.ts';

export interface FixOptions extends RunOptions {
  readonly sourceRoot?: readonly string[];
  readonly apply?: boolean;
  /** Also writes into files with uncommitted changes. */
  readonly allowDirty?: boolean;
  /** A command of the shell that makes the image anew. */
  readonly build?: string;
  readonly buildWall?: string;
  readonly rounds?: string;
  readonly strict?: boolean;
  readonly color?: boolean;
}

interface Ran {
  readonly job: RunJob;
  readonly result: RunResult;
  readonly sources: DiskSources;
  readonly good: boolean;
  readonly signal: EndSignal | null;
}

const ROUNDS = 5;
const MOST_ROUNDS = 50;
/** Of what a build that failed printed. */
const LAST_LINES = 10;

/** The command line that is run again and again. */
class Repair {
  private readonly images: readonly string[];
  private readonly options: FixOptions;
  private readonly io: Io;
  private readonly bench: Bench;
  private readonly written = new Map<string, string>();
  private readonly mended = new Set<string>();
  private readonly changed = new Set<string>();

  constructor(images: readonly string[], options: FixOptions, io: Io, bench: Bench) {
    this.images = images;
    this.options = options;
    this.io = io;
    this.bench = bench;
  }

  async run(): Promise<Ran> {
    const { images, options, io } = this;
    // what `run` says of the image, the minute after DFU included; what the next reset mends by itself is mended here, too
    const job = { ...(await loadJob(images, { after: true, ...options }, io.cwd)), alive: true };
    const sources = sourcesFor(job, images, options, io);
    let signal: EndSignal | null = null;
    const own = await interruptible(io, true, async ({ interrupted, ...hooks }) => {
      const ended = await this.bench(job, hooks);
      signal = interrupted();
      return ended;
    });
    const result = withShownPaths(own, sources);
    const verdict = asRunTells(result);
    const good = isGood(verdict, judgementOf(verdict, options.strict), options.strict);
    return { job, result, sources, good, signal };
  }

  /** The patch on stdout, all else on stderr: `bootbench fix … | git apply` works. */
  async print(): Promise<number> {
    const { io } = this;
    const ran = await this.run();
    this.tellVerdict(ran, io.stderr);
    if (ran.signal !== null) return exitAfter(ran.signal);
    const patch = patchOf(ran.result, ran.sources);
    io.stdout.raw(verbatim(patch.text));
    for (const line of patch.left) io.stderr.write(`bootbench: not in the patch: ${printable(line)}\n`);
    for (const line of patch.needs) io.stderr.write(`bootbench: ${printable(line)}\n`);
    const newer = ran.good || patch.text !== '' ? null : this.newerThanImage(ran);
    if (patch.text !== '') io.stderr.write(`Next   ${this.kept()}: ${printable(patch.command)}; or add --apply\n`);
    else if (newer !== null) io.stderr.write(`bootbench: ${printable(newer)} was changed after the image was built: build it first\n`);
    else if (!ran.good && patch.left.length === 0) io.stderr.write(`bootbench: no patch, because ${noCause(ran)}\n`);
    return ran.good ? EXIT.ok : EXIT.failed;
  }

  /** Who has sent stdout somewhere need not be told to. */
  private kept(): string {
    return this.io.stdout.isTTY ? 'add > fix.diff, then' : 'with this patch in fix.diff';
  }

  /** Rounds of patch, build and run. */
  async apply(rounds: number): Promise<number> {
    const { io, options } = this;
    let ran = await this.run();
    for (let round = 0; ran.signal === null; round++) {
      this.tellVerdict(ran, io.stdout);
      const patch = patchOf(ran.result, ran.sources);
      if (ran.good && (round === rounds || !this.isLeft(ran, patch))) return this.done(patch);
      const newer = this.newerThanImage(ran);
      if (newer !== null && this.options.build === undefined)
        throw new UsageError(`${newer} was changed after the image was built`, 'build it first, or give --build "<command>"');
      if (newer !== null) {
        ran = await this.rebuilt(`round ${round + 1}: the sources are newer than the image, so they are built first`, ran, false);
        continue;
      }
      const why = round === rounds ? `it is not green after ${rounds} round${rounds === 1 ? '' : 's'}` : this.whyStop(ran, patch);
      if (why !== null) return this.stop(why);
      if (ran.good) io.stdout.write(`${comesBehind(ran.result)}\n`);
      const line = await this.write(round + 1, patch, ran);
      if (options.build === undefined) {
        io.stdout.write(`${line}\nNext   build it, then run it again: --build "<command>" does both\n`);
        return ran.good ? EXIT.ok : EXIT.failed;
      }
      ran = await this.rebuilt(line, ran, true);
    }
    return exitAfter(ran.signal);
  }

  /** What it leaves to its user is told: a remark has no line in a patch. */
  private done({ left }: Patch): number {
    for (const line of left) this.io.stderr.write(`bootbench: left to you: ${printable(line)}\n`);
    return EXIT.ok;
  }
  /** It reaches its goal, and yet a cause is proved whose fix can be written: a host cannot use the device as it should. */
  private isLeft(ran: Ran, patch: Patch): boolean {
    const isReady = this.options.build !== undefined || this.changed.size > 0 || patch.files.every((f) => !f.newer);
    return isReady && hasReached(ran.result) && this.whyStop(ran, patch) === null;
  }

  /** A source that the run came by, and whose lines are not those of the image; null where nothing is known to be newer. */
  private newerThanImage({ result, sources }: Ran): string | null {
    return this.changed.size > 0 ? null : newerSource(result, sources);
  }

  private async write(round: number, patch: Patch, { sources, result }: Ran): Promise<string> {
    const { options, io, written } = this;
    await applyPatchTo(
      patch.files,
      { allowDirty: options.allowDirty === true, written, onDisk: sources.onDisk, isLater: sources.isLater },
      io,
    );
    const [mended, rest] = parted(toMend(result), (cause) => patch.causes.includes(labelOf(cause)));
    for (const cause of mended) this.mended.add(causeInFull(cause));
    for (const { path } of patch.files) this.changed.add(path);
    for (const line of [...patch.left, ...patch.needs]) io.stderr.write(`bootbench: ${printable(line)}\n`);
    const changed = patch.files.map((f) => printable(f.path)).join(', ');
    const unmended = rest.length === 0 ? '' : `; ${rest.map(labelOf).join(' and ')} ${rest.length === 1 ? 'is' : 'are'} left`;
    return `round ${round}: ${mended.map(labelOf).join(' and ')}: ${changed} changed${unmended}`;
  }

  /** @param line what is told of the round, which the build ends */
  private async rebuilt(line: string, before: Ran, changes: boolean): Promise<Ran> {
    const { io } = this;
    const command = this.options.build!;
    const started = milliseconds();
    const { code, output } = await built(command, boundOf(this.options), io);
    const seconds = ((milliseconds() - started) / 1000).toFixed(1);
    if (code !== 0) {
      io.stdout.write(`${line}\n`);
      for (const text of output.trimEnd().split('\n').slice(-LAST_LINES)) io.stderr.write(`  ${printable(text)}\n`);
      throw new SurroundingsError(`the build failed: ${printable(command)} ended with ${code ?? 'a signal'}`, this.changes());
    }
    io.stdout.write(`${line}; built in ${seconds} s\n`);
    const ran = await this.run();
    if (changes && ran.job.images.every(({ bytes }, i) => Buffer.from(bytes).equals(before.job.images[i]?.bytes ?? bytes.subarray(1))))
      throw new SurroundingsError(`the build did not change ${ran.job.images.map((i) => printable(i.path)).join(' and ')}`, this.changes());
    return ran;
  }

  /** Why nothing more can be done; null where something can. */
  private whyStop(ran: Ran, patch: Patch): string | null {
    const causes = toMend(ran.result);
    if (causes.length === 0) return noCause(ran);
    if (patch.text === '') return patch.left.length === 0 ? 'the fix is no change of the sources' : patch.left.join('; ');
    return sameAgain(causes, this.mended);
  }

  private stop(why: string): number {
    const changes = this.changes();
    this.io.stdout.write(`stopped: ${printable(why)}${changes === null ? '' : `; ${changes}`}\n`);
    return EXIT.failed;
  }
  private changes(): string | null {
    return this.changed.size === 0 ? null : `changed: ${[...this.changed].map((path) => printable(path)).join(', ')}`;
  }

  /** What happened, and why: of several causes each, since the patch has lines for each. */
  private tellVerdict(ran: Ran, stream: Io['stdout']): void {
    const { sources } = ran;
    const result = asRunTells(ran.result);
    const { expect } = result.scenario;
    const paint = paintFor(this.io, stream, this.options.color !== false);
    const told = toldOn('screen', storyOf(result, { sources, judgement: expect === null ? null : judge(result, expect) }));
    const [verdict, ...rest] = told;
    const causes = rest.filter(({ is }) => is === 'cause');
    const said = rest.filter(({ is, label }) => label !== '' && is !== 'next').slice(0, 1);
    const why =
      causes.length > 0 ? causes : [...rest.filter(({ is }) => is === 'condition'), ...said.filter(({ is }) => is !== 'condition')];
    const holds = rest.filter(({ label }) => label === 'Holds');
    for (const line of [verdict!, ...why, ...holds.filter((line) => !why.includes(line))]) {
      const place = line.place === null ? '' : `, ${printable(line.place)}`;
      // a sentence that its place ends has no full stop before it
      const text = place === '' ? printable(line.text) : printable(line.text).replace(/\.$/, '');
      stream.write(`${paint(line.tone, line.label.padEnd(LABEL))} ${text}${place}\n`);
    }
  }
}
/** What the next reset mends by itself is none of the verdict, as of `run`; it is mended here all the same. */
function asRunTells(result: RunResult): RunResult {
  const isMended = ({ about }: RunResult['notes'][number]): boolean => about?.is === 'unusable' && about.endsAtReset === true;
  return { ...result, notes: result.notes.filter((note) => !isMended(note)) };
}
const LABEL = 6;
/** The goal is reached, and what is mended next lies behind it. */
export const comesBehind = (result: Pick<RunResult, 'goal'>): string =>
  `${otherGoal(result) === null ? 'DFU is there' : 'the ROM answers'}, and stays so: the next patch is for what comes behind it`;

const parted = <T>(all: readonly T[], is: (one: T) => boolean): readonly [T[], T[]] => [all.filter(is), all.filter((one) => !is(one))];
/** `state` alone may be any register. */
export const causeInFull = ({ id, what }: Pick<ResultCause, 'id' | 'what'>): string =>
  id === 'state' && what !== undefined ? `${id} (${what})` : id;
/** Null where something of this was not mended before. */
export function sameAgain(causes: readonly Pick<ResultCause, 'id' | 'what'>[], mended: ReadonlySet<string>): string | null {
  const names = [...new Set(causes.map(causeInFull))];
  return names.every((name) => mended.has(name)) ? `the same cause again: ${names.join(', ')}` : null;
}

function noCause({ result }: Ran): string {
  const asks = hasReached(result) ? objections(result, result.scenario.expect) : [];
  if (asks.length > 0) {
    const codes = asks.flatMap(({ check }) => (check === null ? [] : `; bootbench explain ${check} has the lines that mend it`));
    return `--strict asks for more: ${asks.map(({ text }) => text).join('; ')}${codes.join('')}`;
  }
  const suspects = result.diagnosis.causes.map(({ id }) => id);
  const tried = suspects.length === 0 ? '' : ` (tried: ${[...new Set(suspects)].join(', ')})`;
  return `no cause is proved${tried}${isCutShort(result) ? `; ${GO_ON}` : ''}`;
}

/** The user's own build, where he stands. */
async function built(command: string, bound: BuildBound, io: Io): Promise<{ readonly code: number | null; readonly output: string }> {
  return withProgress(io, true, async ({ progress }) => {
    progress?.(`building: ${command}`);
    let output = '';
    const build = new ShellCommand(command, io, (bytes) => (output = (output + bytes.toString('utf8')).slice(-MOST_OUTPUT)));
    const late = new SurroundingsError(`the build was not over within ${bound.text}, and was ended`, 'give it more time with --build-wall');
    return { code: await build.within(bound.ms, late, io.onInterrupt, 'interrupted in the build'), output };
  });
}
/** Real time that each build may take. */
interface BuildBound {
  readonly text: string;
  readonly ms: number;
}
function boundOf({ buildWall: text = BUILD_WALL }: FixOptions): BuildBound {
  return { text, ms: limitMs(text, '--build-wall') };
}
const BUILD_WALL = '30min';
const MOST_OUTPUT = 1 << 16;

function roundsOf(options: FixOptions): number {
  const { apply, allowDirty, build, rounds } = options;
  for (const [given, name] of [
    [allowDirty === true, '--allow-dirty'],
    [build !== undefined, '--build'],
    [rounds !== undefined, '--rounds'],
    [options.buildWall !== undefined, '--build-wall'],
  ] as const)
    if (given && apply !== true) throw new UsageError(`${name} says how to apply the fix`, 'add --apply');
  boundOf(options);
  if (build?.trim() === '') throw new UsageError('--build: the command is empty', 'for example --build make');
  const most = rounds === undefined ? ROUNDS : Number(rounds);
  if (!Number.isInteger(most) || most < 1 || most > MOST_ROUNDS)
    throw new UsageError(`--rounds ${rounds}: it is a number from 1 to ${MOST_ROUNDS}`);
  return most;
}

export async function fixCommand(images: readonly string[], options: FixOptions, io: Io, bench: Bench): Promise<number> {
  const rounds = roundsOf(options);
  const repair = new Repair(images, options, io, bench);
  return options.apply === true ? repair.apply(rounds) : repair.print();
}
