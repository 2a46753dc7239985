/** `bootbench campaign`: runs all cases of a declared space on this machine's cores, or hands them to workers behind a queue. */
import { isPlain, passingFolder } from '../campaign/temporary.ts';
import { copyFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { splitImagePath } from '../image/image.ts';
import type { RunJob } from '../bench/input/job.ts';
import { boundedJson } from '../bench/documents/json-bounds.ts';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import type { CaseResult } from '../campaign/base.ts';
import { BlobFolder } from '../campaign/blob-folder.ts';
import { Campaign, runCampaign, WEIGHT, type Progress, type Shard, type Workers } from '../campaign/campaign.ts';
import { Silent } from '../campaign/child.ts';
import { TOOK_TOO_LONG } from '../campaign/execute.ts';
import { canonical, packTarget, type PackedTarget } from '../campaign/content.ts';
import type { Worker } from '../campaign/pool.ts';
import { hidden } from '../campaign/queue-address.ts';
import { targetsIn } from '../campaign/foreign.ts';
import { MOST_WALL } from '../campaign/foreign.ts';
import { parseSpec, wallOf, type CampaignSpec, type SpecTarget } from '../campaign/spec.ts';
import { InTheWay, mustBeAtRest, Store, type StoredTarget } from '../campaign/store.ts';
import { junitCases, MOST_GROUPS, summarise, summaryText, resultCount, type Summary } from '../campaign/summary.ts';
import { printable } from '../report/text.ts';
import { ProgressLine } from './campaign-progress.ts';
import { openWorker } from './campaign-pool.ts';
import { engineId } from './engine-id.ts';
import { mustEnd } from './has-end.ts';
import { loadJob, readInput } from './inputs.ts';
import { EXIT, exitAfter, Interrupted, paintFor, type EndSignal, type Io } from './io.ts';
import { Outputs } from './outputs.ts';
import { reason, surroundings } from '../bench/documents/system-errors.ts';
import { interruptible, orInterrupted } from './interruptible.ts';

export interface CampaignOptions {
  readonly rom?: readonly string[];
  readonly out?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly jobs?: string;
  readonly batch?: string;
  readonly queue?: string;
  readonly shard?: string;
  readonly case?: string;
  readonly plan?: boolean;
  readonly merge?: readonly string[];
  readonly parquet?: string;
  readonly html?: string;
  readonly junit?: string;
  readonly progress?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

const MOST_BATCH = 10_000;

/** A spec with its files read. */
interface Loaded {
  readonly path: string;
  readonly spec: CampaignSpec;
  readonly name: string;
  /** Of this process, gone at its end. */
  readonly folder: string;
  readonly targets: readonly { readonly name: string; readonly chip: string; readonly packed: PackedTarget }[];
}

/** Exit 0: every case came out as expected; 1: some did not, or were set aside; 2: wrong input. */
export async function campaignCommand(path: string, options: CampaignOptions, io: Io): Promise<number> {
  const shard = shardOf(options.shard);
  const size = countOf(options.jobs, '--jobs', 1, 256) ?? availableParallelism();
  countOf(options.batch, '--batch', 1, MOST_BATCH);
  if (options.resume === true && options.overwrite === true) throw new UsageError('--resume and --overwrite exclude each other');
  const read = await load(path, io.cwd, options.rom);
  if (options.queue !== undefined && wallOf(read.spec) > MOST_WALL)
    throw new UsageError(`${path}: wall: over a queue a case has at most ${MOST_WALL / 1000} s`, 'a worker refuses work with more');
  const folder = passingFolder('bootbench-campaign-');
  const loaded = { ...read, folder };
  let worker: Worker | null = null;
  try {
    const blobs = new BlobFolder(folder);
    for (const { packed } of loaded.targets) for (const [hash, bytes] of packed.blobs) blobs.put(hash, bytes);
    const alone = options.case !== undefined || options.plan === true || options.queue !== undefined;
    worker = await openWorker(alone ? 1 : size, folder, io, UNFINISHED);
    if (options.plan === true) return await plan(loaded, worker, shard, io);
    if (options.case !== undefined) return await oneCase(loaded, worker, options.case, io);
    return await all(loaded, worker, shard, size, options, io);
  } finally {
    await worker?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const UNFINISHED = 'the campaign was ended before its first case';

// ---- input -----------------------------------------------------------------------------------------------------------------------------

async function load(path: string, cwd: string, romDump: readonly string[] | undefined): Promise<Omit<Loaded, 'folder'>> {
  const spec = await parseSpec(new TextDecoder().decode(readInput(path, 'campaign', cwd)), path);
  const folder = dirname(resolve(cwd, path));
  const rom = romDump === undefined ? {} : { rom: romDump.map((typed) => resolve(cwd, typed)) };
  const targets: { name: string; chip: string; packed: PackedTarget }[] = [];
  for (const [i, target] of spec.targets.entries()) {
    for (const [images, chip, scenario] of combinations(target)) {
      const job = await loadJob(images, { ...(chip ? { chip } : {}), ...(scenario ? { scenario } : {}), ...rom }, folder).catch(
        (error: unknown) => {
          if (error instanceof Error && error.name !== 'Error') error.message = `${path}: targets[${i}]: ${error.message}`;
          throw error;
        },
      );
      // signals have their turn
      await new Promise((turn) => setImmediate(turn));
      targets.push({ name: nameOf(job, scenario), chip: job.chip, packed: packTarget(job) });
    }
  }
  const hashes = new Set(targets.map((t) => t.packed.hash));
  if (hashes.size < targets.length)
    throw new UsageError(`${path}: two targets are the same`, 'list each combination of image, chip and scenario only once');
  return { path, spec, name: spec.name ?? basename(path).replace(/\.json$/, ''), targets };
}

function combinations({
  images,
  chips,
  scenarios,
}: SpecTarget): (readonly [images: readonly string[], chip: string | null, scenario: string | null])[] {
  return (images ?? [[]]).flatMap((one) =>
    (chips ?? [null]).flatMap((chip) => (scenarios ?? [null]).map((scenario) => [[one].flat(), chip, scenario] as const)),
  );
}
const nameOf = (job: RunJob, scenario: string | null): string => {
  const images = job.images.map(({ path }) => basename(splitImagePath(path).file)).join('+');
  // most scenarios are called scenario.json: their folder tells them apart
  const parts =
    scenario === null
      ? []
      : [
          scenario
            .split(/[\\/]/)
            .slice(-2)
            .join('/')
            .replace(/(\/scenario)?\.json$/, ''),
        ];
  return [job.chip, ...(images === '' ? [] : [images]), ...parts].join(' ');
};

function countOf(text: string | undefined, option: string, min: number, max: number): number | null {
  if (text === undefined) return null;
  const n = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(n >= min && n <= max)) throw new UsageError(`${option}: ${JSON.stringify(text)} is not a number from ${min} to ${max}`);
  return n;
}
function shardOf(text: string | undefined): Shard {
  if (text === undefined) return { index: 1, of: 1 };
  const [, index, of] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (!(shard.index >= 1 && shard.index <= shard.of))
    throw new UsageError(`--shard: ${JSON.stringify(text)} is not i/n`, 'with i from 1 to n, for example --shard 2/5');
  return shard;
}

// ---- plan and single cases ---------------------------------------------------------------------------------------------------------------

/** Runs each target as it is, which tells what there is to vary. */
async function probed({ spec, targets }: Loaded, worker: Worker, io: Io): Promise<StoredTarget[]> {
  const expect = spec.expect ?? 'dfu';
  const expected = expect === 'same' ? [] : [expect].flat();
  const all = targets.map(async ({ name, chip, packed }) => ({
    name,
    chip,
    hash: packed.hash,
    facts: await withinWall(worker.probe(packed.hash, expected, wallOf(spec)), name),
  }));
  return orInterrupted(io, UNFINISHED, Promise.all(all));
}

const tookTooLong = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === TOOK_TOO_LONG;
/** What does not end within the time that a case may take, and is not one of many, is a matter of the specification. */
export async function withinWall<T>(work: Promise<T>, target: string, what = target): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Silent) throw error.of(what);
    if (!tookTooLong(error)) throw error;
    throw new UsageError(`${target}: ${(error as Error).message}`, 'allow more with "wall" in the campaign');
  }
}

async function plan(loaded: Loaded, worker: Worker, shard: Shard, io: Io): Promise<number> {
  const campaign = await Campaign.of(loaded.spec, await probed(loaded, worker, io), engineId(), shard);
  const { space, targets, total } = campaign;
  targets.forEach(({ name, facts }, i) => {
    const cases = (space.offsets[i + 1] ?? space.size) - space.offsets[i]!;
    io.stdout.write(`${printable(name)}: ${facts.outcome}, ${cases} cases\n`);
    facts.steps.forEach(({ what }) => io.stdout.write(`    ${printable(what)}\n`));
  });
  io.stdout.write(`${space.size} cases in the space, ${total} to run\n`);
  return EXIT.ok;
}

// eslint-disable-next-line complexity -- one row for each thing that can be told of a case; what it does not have is not written
async function oneCase(loaded: Loaded, worker: Worker, text: string, io: Io): Promise<number> {
  const campaign = await Campaign.of(loaded.spec, await probed(loaded, worker, io), engineId(), { index: 1, of: 1 });
  const no = countOf(text, '--case', 0, campaign.space.size - 1)!;
  const { target, variation } = campaign.space.at(no);
  const { name, facts } = campaign.targets[target]!;
  const [result] = await orInterrupted(io, UNFINISHED, withinWall(worker.work(campaign.single(no)), name, `case ${no} of ${name}`));
  const { delay, seed, leave, fault } = variation;
  const expected = campaign.expectedOf(target);
  const rows: (readonly [string, string | null])[] = [
    ['target', name],
    ['left out', leave.length === 0 ? null : leave.map((i) => facts.steps[i]!.what).join(' and ')],
    ['delay', delay && `${delay.name} x ${delay.factor}`],
    ['fault', fault && `${fault.kind}, ${fault.before} ${fault.unit} before the jump`],
    ['at', result!.pc === null ? null : `0x${result!.pc.toString(16).padStart(8, '0')}`],
    ['seed', seed === null ? null : String(seed)],
    ['outcome', `${result!.outcome} (expected: ${expected.filter((o) => o !== 'absent').join(', ')})`],
    ['ended', `${result!.ended}, at ${(result!.at / 1e12).toFixed(9)} s, cycle ${result!.cycles}`],
    ['broken', result!.group?.cause.replaceAll(' ', ', ') || null],
    ['proved', (await orInterrupted(io, UNFINISHED, provedOf(campaign, no, result!, worker))) || null],
    ['entry', result!.group?.entry || null],
    ['place', result!.group?.place || null],
  ];
  for (const [word, value] of rows) if (value !== null) io.stdout.write(`${word.padEnd(9)} ${printable(value)}\n`);
  return expected.includes(result!.outcome) ? EXIT.ok : EXIT.failed;
}

async function provedOf(campaign: Campaign, no: number, { group }: CaseResult, worker: Worker): Promise<string> {
  if (!group?.cause || !campaign.expectedOf(campaign.space.at(no).target).includes('dfu')) return '';
  // what takes too long proves nothing; the result stands
  const proof = await worker.prove(campaign.single(no)).catch((error: unknown) => {
    if (tookTooLong(error)) return [];
    throw error;
  });
  return proof.join(' and ');
}

// ---- all cases -----------------------------------------------------------------------------------------------------------------------------

async function all(loaded: Loaded, worker: Worker, shard: Shard, size: number, options: CampaignOptions, io: Io): Promise<number> {
  const { out, outputs } = filesOf(loaded, options, io);
  try {
    const engine = engineId();
    const { store, campaign, fresh, before } = await openStore(loaded, worker, shard, out, engine, options, io);
    let refused = false;
    try {
      for (const path of options.merge ?? []) await merge(campaign, store, path, loaded.folder, io.cwd);
      const stopped = (await work(campaign, store, worker, size, loaded, options, io)) ?? (await proveGroups(campaign, store, worker, io));
      const summary = summarise(campaign, store, loaded.name);
      const command = `bootbench campaign ${shellWord(loaded.path)} --case`;
      await writeReports(outputs, options, { campaign, store, summary, command, out });
      if (options.quiet !== true)
        io.stdout.write(summaryText(summary, command, io.stdout.columns, paintFor(io, io.stdout, options.color !== false)));
      const code = closing(summary, stopped !== null, out, loaded.path, options, io);
      return stopped === null ? code : exitAfter(stopped);
    } catch (error) {
      // nothing has been run: the next try finds what this one found
      refused = fresh && (error instanceof UsageError || error instanceof SurroundingsError) && store.isEmpty();
      throw error;
    } finally {
      store.close();
      settle(out, refused, before);
    }
  } catch (error) {
    throw orDamaged(error, out);
  } finally {
    outputs.discard();
  }
}

interface Reported {
  readonly campaign: Campaign;
  readonly store: Store;
  readonly summary: Summary;
  readonly command: string;
  readonly out: string;
}
async function writeReports(
  outputs: ReturnType<typeof filesOf>['outputs'],
  options: CampaignOptions,
  { campaign, store, summary, command, out }: Reported,
): Promise<void> {
  if (options.html !== undefined)
    outputs.write('--html', (await import('../campaign/heat-map.ts')).heatMapPage(campaign, store, summary, command));
  if (options.junit !== undefined) outputs.write('--junit', (await import('../report/junit.ts')).junit(junitCases(summary, command)));
  if (options.parquet !== undefined) outputs.write('--parquet', await (await import('../campaign/parquet.ts')).parquetBytes(store, out));
}

/** The error; of a file whose pages are not what SQLite wrote one that says so. */
const orDamaged = (error: unknown, shown: string): unknown =>
  error instanceof Error && error.name === 'SQLite3Error' && /malformed|not a database/.test(error.message)
    ? new UsageError(`${shown}: ${error.message}`, 'give another file, or --overwrite')
    : error;

const shellWord = (text: string): string => (/^[\w./@%+=:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

function closing(summary: Summary, stopped: boolean, out: string, spec: string, options: CampaignOptions, io: Io): number {
  const done = resultCount(summary) + summary.aside.length;
  const unfinished = done < summary.total;
  if (options.quiet !== true || unfinished) {
    const name = out.startsWith(`${io.cwd}/`) ? out.slice(io.cwd.length + 1) : out;
    const left = unfinished ? `; ${summary.total - done} remain: ${resumeCommand(spec, name, options)}` : '';
    io.stderr.write(`${stopped ? 'interrupted: ' : ''}${done} of ${summary.total} cases in ${printable(name)}${left}\n`);
  }
  const failed = summary.failures.length > 0 || summary.aside.length > 0 || summary.conflicts > 0 || unfinished;
  return failed ? EXIT.failed : EXIT.ok;
}

/** With all that decides which cases they are, and where they are run. */
function resumeCommand(spec: string, out: string, { rom = [], shard, queue }: CampaignOptions): string {
  const given = [
    ...rom.flatMap((path) => ['--rom', path]),
    ...(shard === undefined ? [] : ['--shard', shard]),
    ...(queue === undefined ? [] : ['--queue', hidden(queue)]),
  ];
  return ['bootbench', 'campaign', ...[spec, '--out', out, ...given].map(shellWord), '--resume'].join(' ');
}

async function openStore(
  loaded: Loaded,
  worker: Worker,
  shard: Shard,
  out: string,
  engine: string,
  { resume = false, overwrite = false }: CampaignOptions,
  io: Io,
): Promise<{ store: Store; campaign: Campaign; fresh: boolean; before: Aside | null }> {
  const exists = existsSync(out);
  if (exists && !resume && !overwrite) throw new UsageError(`${out} exists`, '--resume continues it, --overwrite starts again');
  const known = exists && resume ? await resumed(loaded, shard, out, engine) : null;
  if (known !== null) return { ...known, fresh: false, before: null };
  if (exists && !isDatabase(out))
    throw new UsageError(`${out} contains no campaign results, so it is not overwritten`, 'give another file with --out');
  const campaign = await Campaign.of(loaded.spec, await probed(loaded, worker, io), engine, shard);
  mustBeAtRest(out, out, '--out');
  const before = exists ? putAside(out) : null;
  try {
    return { store: await begun(campaign, loaded, out, engine), campaign, fresh: true, before };
  } catch (error) {
    before?.back();
    throw error;
  }
}

/** What is gone on with; null where the program was killed before the plan was made: nothing is lost. */
async function resumed(loaded: Loaded, shard: Shard, out: string, engine: string): Promise<{ store: Store; campaign: Campaign } | null> {
  mustEnd(out, 'results', out);
  if (!statSync(out).isFile()) throw new UsageError(`${out} is no file, so nothing can be gone on with`, 'give another file with --out');
  const store = await Store.open(out, true);
  try {
    const [stored, identity] = [store.meta('targets'), store.meta('identity')];
    if (stored === null || identity === null) {
      store.close();
      return null;
    }
    const campaign = await Campaign.of(loaded.spec, await targetsIn(stored, `${out}: its targets`), engine, shard);
    const hashes = loaded.targets.map((t) => t.packed.hash);
    const changed =
      whatChanged(identityIn(identity, out), campaign.identity, hashes) ??
      (await store.wrongIn({ size: campaign.space.size, targets: campaign.targets.length }));
    if (changed !== null) throw new UsageError(`${out} cannot be resumed: ${changed}`, '--overwrite starts again');
    return { store, campaign };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** A new file that holds what the campaign is; none where that cannot be written. */
async function begun(campaign: Campaign, loaded: Loaded, out: string, engine: string): Promise<Store> {
  let store: Store | undefined;
  try {
    store = await Store.open(out, false);
    store.begin({ identity: campaign.identity, engine, spec: JSON.stringify(loaded.spec), name: loaded.name }, campaign.targets);
    return store;
  } catch (error) {
    store?.close();
    if (!(error instanceof InTheWay)) removeStore(out);
    throw error;
  }
}

interface Identity {
  readonly spec: unknown;
  readonly engine: string;
  readonly targets: readonly string[];
  readonly range: readonly number[];
}
function identityIn(text: string, path: string): Identity {
  let found: Partial<Identity> | null = null;
  try {
    found = boundedJson(text) as Partial<Identity> | null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof found?.engine !== 'string')
    throw new UsageError(`${path} does not say which campaign its results are of`, 'is the file damaged?');
  return found as Identity;
}
function whatChanged(a: Identity, now: string, targets: readonly string[]): string | null {
  const b = JSON.parse(now) as Identity;
  const same = (x: unknown, y: unknown): boolean => JSON.stringify(x) === JSON.stringify(y);
  if (a.engine !== b.engine) return `it was made by version ${a.engine}, this is ${b.engine}`;
  if (!same(a.spec, b.spec)) return 'the campaign has changed since';
  if (!same(a.targets, targets)) return 'an image, a scenario or a chip has changed since';
  return same(a.range, b.range) ? null : 'it is for another shard';
}

/** Of the ways to fail that are shown: what is broken is repaired in the first case of each. Proving needs DFU as what is right. */
async function proveGroups(campaign: Campaign, store: Store, worker: Worker, io: Io): Promise<EndSignal | null> {
  const groups = store.failures().slice(0, MOST_GROUPS);
  const open = groups.filter((g) => g.proved === null && g.cause !== '' && campaign.expectedOf(g.targets[0]!).includes('dfu'));
  let told: EndSignal | null = null;
  const all = open.map(async ({ grp, first }) => {
    // a worker that dies or takes too long over it proves nothing; the results stand
    const proof = await worker.prove(campaign.single(first)).catch(() => null);
    if (proof !== null && told === null) store.setProof(grp, proof);
  });
  try {
    await orInterrupted(io, UNFINISHED, Promise.all(all));
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    told = error.signal;
  }
  return told;
}

/** Where results and reports go; nothing that is read or written otherwise is written over. */
function filesOf(loaded: Loaded, options: CampaignOptions, io: Io): { out: string; outputs: Outputs } {
  const name = options.out ?? `${basename(loaded.path).replace(/\.json$/, '')}.sqlite`;
  const out = resolve(io.cwd, name);
  if (out === resolve(io.cwd, loaded.path)) throw new UsageError(`--out: ${options.out} is the campaign itself`);
  if (!existsSync(dirname(out))) throw new UsageError(`--out: cannot write ${name}: there is no folder ${dirname(name)}`);
  const files = (['html', 'junit', 'parquet'] as const).flatMap((key) => {
    const path = options[key];
    return path === undefined ? [] : [{ option: `--${key}`, path }];
  });
  for (const { option, path } of files) if (resolve(io.cwd, path) === out) throw new UsageError(`--out and ${option} both write ${path}`);
  for (const path of options.merge ?? [])
    if (resolve(io.cwd, path) === out) throw new UsageError(`--merge: ${path} is the output file`, 'give another file with --out');
  // tried beside what it becomes, as the others are; SQLite writes it
  return {
    out,
    outputs: new Outputs([{ option: '--out', path: name, updates: true }, ...files], io.cwd, [loaded.path, ...(options.merge ?? [])]),
  };
}
/** SQLite (of whatever version of results), or nothing yet; anything else was not written by a campaign (sqlite.org/fileformat.html §1.3). */
function isDatabase(out: string): boolean {
  if (!statSync(out).isFile()) return false;
  const file = openSync(out, 'r');
  try {
    const head = Buffer.alloc(16);
    const length = readSync(file, head);
    return length === 0 || head.toString('latin1') === 'SQLite format 3\0';
  } finally {
    closeSync(file);
  }
}
function removeStore(out: string): void {
  for (const suffix of ['', '-journal']) rmSync(`${out}${suffix}`, { force: true });
}

/** Nothing was run: what was there before is there again. */
function settle(out: string, refused: boolean, before: Aside | null): void {
  if (!refused) return before?.gone();
  removeStore(out);
  before?.back();
}
/** Results that `--overwrite` takes the place of, until it is known that others come. */
interface Aside {
  back(): void;
  gone(): void;
}
function putAside(out: string): Aside {
  const suffix = `.before-${randomBytes(6).toString('hex')}`;
  const kept = [out, `${out}-journal`].filter(isPlain);
  for (const path of kept) renameSync(path, `${path}${suffix}`);
  return {
    back: () => kept.forEach((path) => renameSync(`${path}${suffix}`, path)),
    gone: () => kept.forEach((path) => rmSync(`${path}${suffix}`, { force: true })),
  };
}

/** True: told to stop before the end. */
async function work(
  campaign: Campaign,
  store: Store,
  worker: Worker,
  size: number,
  loaded: Loaded,
  options: CampaignOptions,
  io: Io,
): Promise<EndSignal | null> {
  const line = new ProgressLine(io, options);
  const batch = countOf(options.batch, '--batch', 1, MOST_BATCH) ?? WEIGHT;
  return interruptible(io, false, async ({ stop, interrupted }) => {
    let queue: (Workers & { close(): Promise<void> }) | null = null;
    const queued = options.queue;
    try {
      if (queued !== undefined) {
        const { QueueWorkers } = await import('../campaign/queue.ts');
        queue = await QueueWorkers.open(
          queued,
          campaign,
          loaded.targets.map((t) => t.packed),
          (text) => io.stderr.write(`${text}\n`),
          stop,
        );
      }
      const workers: Workers = queue ?? { window: 2 * size, attempts: 3, work: (w) => worker.work(w) };
      const progress = (p: Progress): void => line.show(p);
      await runCampaign(campaign, store, workers, { stop, progress, batch });
      return interrupted();
    } catch (error) {
      // nothing was submitted yet
      if (queued === undefined || queue !== null || !stop.aborted) throw error;
      return interrupted();
    } finally {
      line.end();
      await queue?.close();
    }
  });
}

/** Takes over what another shard, or another run, has stored: a copy is read, for SQLite writes beside what it reads, and into it where a process was killed. */
async function merge(campaign: Campaign, store: Store, path: string, folder: string, cwd: string): Promise<void> {
  const file = resolve(cwd, path);
  if (!existsSync(file)) throw new UsageError(`--merge: cannot read ${path}: ${reason({ code: 'ENOENT' })}`);
  const files = ['', '-journal'].filter((suffix) => existsSync(`${file}${suffix}`));
  for (const suffix of files) mustEnd(`${file}${suffix}`, 'results', `${path}${suffix}`);
  mustBeAtRest(file, `--merge: ${path}`, 'file');
  const copy = join(folder, 'merged.sqlite');
  try {
    for (const suffix of files) await copyFile(`${file}${suffix}`, `${copy}${suffix}`);
    await takeFrom(campaign, store, copy, path);
  } catch (error) {
    const told = orDamaged(error, `--merge: ${path}`);
    if (told instanceof UsageError || told instanceof SurroundingsError) throw told;
    throw surroundings(told, `--merge: cannot read ${path}`) ?? new UsageError(`--merge: cannot read ${path}: ${reason(told)}`);
  } finally {
    removeStore(copy);
  }
}
async function takeFrom(campaign: Campaign, store: Store, copy: string, path: string): Promise<void> {
  const other = await Store.open(copy, true, `--merge: ${path}`);
  try {
    const before = other.meta('identity');
    if (before === null) throw new UsageError(`--merge: ${path} contains no results`);
    const [a, b] = [identityIn(before, `--merge: ${path}`), JSON.parse(campaign.identity) as Identity].map((one) => ({
      ...one,
      range: [],
    }));
    if (canonical(a) !== canonical(b)) throw new UsageError(`--merge: ${path} is from another campaign or another version`);
    const wrong = await other.wrongIn({ size: campaign.space.size, targets: campaign.targets.length });
    if (wrong !== null) throw new UsageError(`--merge: ${path}: ${wrong}`, 'is the file damaged?');
    await store.take(other);
  } finally {
    other.close();
  }
}
