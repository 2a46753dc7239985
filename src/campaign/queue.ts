/**
 * A campaign over many machines: BullMQ on Redis or Valkey. Work is delivered at least once and named by its content; results lie in a stream until they
 * are stored, so that neither a worker, the submitter nor Redis (with its append-only file) has to live through it.
 *
 * Keys: `bootbench:blob:<sha256>` images and targets; `bootbench:results:<campaign>` a stream of results; `bootbench:campaigns` who has submitted what;
 * all else is BullMQ's, under `bootbench:work-<engine>`.
 */
import type * as BullMq from 'bullmq';
import type { Job, Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Socket } from 'node:net';
import { gunzipSync, gzipSync, strFromU8, strToU8 } from 'fflate';
import { OUTCOMES } from '../bench/documents/result.ts';
import { isRecord } from '../bench/documents/is-record.ts';
import { boundedJson } from '../bench/documents/json-bounds.ts';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import { sha256 } from '../image/sha256.ts';
import type { CaseResult } from './base.ts';
import { SetAside, type Campaign, type Workers } from './campaign.ts';
import type { Blobs, PackedTarget } from './content.ts';
import type { QueuedWork, Work } from './queued.ts';
import { LARGEST_BLOB } from './foreign.ts';
import { askWhatItIs, catchFromPackages, connectorOf, divertConsole, nonsense, ofServer, refusalOf } from './queue-server.ts';
import { ReplyError } from './resp.ts';
import { optional } from './optional.ts';

export const PREFIX = 'bootbench';
const CAMPAIGNS = `${PREFIX}:campaigns`;
export const queueName = (engine: string): string => `work-${engine.replaceAll(':', '-')}`;
export const resultsKey = (campaign: string): string => `${PREFIX}:results:${campaign}`;
const blobKey = (hash: string): string => `${PREFIX}:blob:${hash}`;

/** Pieces of work in the queue at once: enough for a few hundred cores, and no more than Redis holds easily. */
const WINDOW = 512;
/** Images that nobody asks for are forgotten. */
const BLOB_SECONDS = 7 * 24 * 3600;
/** A submitter that has not said so for this long is gone. */
const HEARTBEAT_MS = 5_000;
const GONE_MS = 30_000;
/** Work that is under way this long is asked after. */
const RECONCILE_MS = 5_000;
/** A server that takes a connection has to answer within this. */
export const ANSWER_MS = 10_000;
/** What is told to the server at the end is not waited for longer. */
const FAREWELL_MS = 700;
/** Attempts of a piece of work, and how long before the second. */
const ATTEMPTS = 3;
const BACK_OFF_MS = 500;

/** What stands in the stream. */
export interface QueuedResult {
  readonly work: string;
  readonly results: readonly CaseResult[];
}
/** Who has submitted. */
interface Submitted {
  readonly engine: string;
  readonly at: number;
}

export interface Connection {
  readonly bullmq: typeof BullMq;
  readonly redis: Redis;
  /** Another connection, for commands that wait. */
  readonly another: () => Redis;
  /** Is aborted when the server has answered what no server of a queue does; the reason is a SurroundingsError. */
  readonly broken: AbortSignal;
  /** What an error of the packages says of the server; any other as it is. */
  readonly meant: (error: unknown) => unknown;
  /** What an error says where the server takes nothing more; null where it says something else. */
  readonly refusal: (error: unknown, then?: string) => SurroundingsError | null;
  /** Ends all of them: BullMQ leaves those open that it was given. */
  readonly close: () => void;
}

/** Loads the packages and connects; what is missing is the user's to install or to start. `stop` ends the waiting. */
export async function connect(url: string, say: (text: string) => void, stop?: AbortSignal): Promise<Connection> {
  if (!/^(redis|rediss|valkey):\/\/./.test(url) || !URL.canParse(url))
    throw new UsageError(`--queue: ${JSON.stringify(hidden(url))} is no address of a queue`, 'for example redis://127.0.0.1:6379');
  const [bullmq, ioredis] = await optional(
    () => Promise.all([import('bullmq'), import('ioredis')]),
    '--queue needs the packages bullmq and ioredis',
    'npm install bullmq ioredis',
  );
  const meant = (error: unknown): unknown => ofServer(hidden(url), error);
  const address = url.replace(/^valkey:/, 'redis:');
  const broken = new AbortController();
  const wrong = (error: Error): void => broken.abort(nonsense(hidden(url), error));
  await askWhatItIs(new ioredis.Redis(address, { lazyConnect: true }).options, stop).catch((error: Error) => {
    if (error instanceof ReplyError) throw nonsense(hidden(url), error);
    throw (
      refusalOf(hidden(url), error.message) ??
      new SurroundingsError(`--queue: no answer from ${hidden(url)}: ${error.message}`, 'is the server running?')
    );
  });
  const connections: Redis[] = [];
  const sockets = new Set<Socket>();
  const ends = [divertConsole(say), catchFromPackages(wrong)];
  let closed = false;
  const close = (): void => {
    closed = true;
    for (const one of connections) one.disconnect();
    for (const socket of sockets) socket.destroy();
    // what the packages still say of it is said a turn later
    setTimeout(() => ends.forEach((end) => end()), 100);
  };
  const open = (): Redis => {
    // the queue is waited for, whatever happens to it
    const redis = new ioredis.Redis(address, {
      maxRetriesPerRequest: null,
      lazyConnect: true,
      retryStrategy: (n) => (closed || broken.signal.aborted ? null : Math.min(100 * n, 2000)),
      Connector: connectorOf(ioredis, sockets, wrong),
    });
    redis.on('error', () => undefined);
    connections.push(redis);
    return redis;
  };
  const redis = open();
  try {
    await answered(redis.connect(), [broken.signal, AbortSignal.timeout(ANSWER_MS), ...(stop === undefined ? [] : [stop])]);
  } catch (error) {
    close();
    throw meant(error);
  }
  const refusal: Connection['refusal'] = (error, then) => refusalOf(hidden(url), error instanceof Error ? error.message : '', then);
  return { bullmq, redis, another: open, broken: broken.signal, meant, refusal, close };
}
/** Waits for an answer of the server, and throws the reason of the first signal that says that none will come. */
export async function answered<T>(work: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  const settled = new AbortController();
  const over = new Promise<never>((_, fail) => {
    for (const signal of signals) {
      const tell = (): void => fail(reasonOf(signal));
      if (signal.aborted) tell();
      else signal.addEventListener('abort', tell, { signal: settled.signal });
    }
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    settled.abort();
  }
}
const reasonOf = ({ reason }: AbortSignal): Error =>
  reason instanceof SurroundingsError ? reason : new SurroundingsError('--queue: the server does not answer', 'is it overloaded?');

/** Without the password. */
const hidden = (url: string): string => url.replace(/\/\/[^@/]*@/, '//…@');

export class RedisBlobs implements Blobs {
  private readonly redis: Redis;
  constructor(redis: Redis) {
    this.redis = redis;
  }
  async has(hash: string): Promise<boolean> {
    return (await this.redis.expire(blobKey(hash), BLOB_SECONDS)) === 1;
  }
  async get(hash: string): Promise<Uint8Array> {
    const size = await this.redis.strlen(blobKey(hash));
    if (size > LARGEST_BLOB) throw new UsageError(`image ${hash} in the queue is larger than ${LARGEST_BLOB / 2 ** 20} MiB`);
    const bytes = await this.redis.getBuffer(blobKey(hash));
    if (bytes === null) throw new Error(`the queue has no image ${hash}`);
    if (sha256(bytes) !== hash) throw new Error(`image ${hash} in the queue is not what its name says`);
    return new Uint8Array(bytes);
  }
  async put(hash: string, bytes: Uint8Array): Promise<void> {
    await this.redis.set(blobKey(hash), Buffer.from(bytes), 'EX', BLOB_SECONDS, 'NX');
  }
}

export const encodeResult = (result: QueuedResult): Buffer => Buffer.from(gzipSync(strToU8(JSON.stringify(result)), { level: 1 }));
/** Null: nobody of this version wrote that, or it would be larger than any result. What else has access to the server may write anything. */
export function decodeResult(bytes: Uint8Array | undefined): QueuedResult | null {
  const found = bytes === undefined || unpackedSize(bytes) > LARGEST_RESULT ? null : parsed(() => strFromU8(gunzipSync(bytes)));
  if (!isRecord(found) || typeof found['work'] !== 'string' || !Array.isArray(found['results'])) return null;
  const results: readonly unknown[] = found['results'];
  return results.every(isCaseResult) ? { work: found['work'], results } : null;
}
function isCaseResult(found: unknown): found is CaseResult {
  if (!isRecord(found)) return false;
  const { no, id, outcome, ended, at, cycles, pc, group } = found;
  const whole = [no, at, cycles, ...(pc === null ? [] : [pc])].every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  return whole && areTexts([id, outcome, ended]) && OUTCOME_WORDS.has(outcome as string) && (group === null || isExplanation(group));
}
const OUTCOME_WORDS: ReadonlySet<string> = new Set([...OUTCOMES, 'absent']);
const isExplanation = (found: unknown): boolean =>
  isRecord(found) && areTexts([found['outcome'], found['cause'], found['entry'], found['place']]);
const areTexts = (all: readonly unknown[]): boolean => all.every((one) => typeof one === 'string' && one.length <= 4096);
/** As the end of a gzip file says it (RFC 1952 2.3.1). */
const unpackedSize = (bytes: Uint8Array): number =>
  bytes.length < 18 ? Infinity : new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(bytes.length - 4, true);
const LARGEST_RESULT = 2 ** 28;

function parsed(text: () => string): unknown {
  try {
    return boundedJson(text());
  } catch {
    return null;
  }
}
function submittedIn(text: string): Submitted | null {
  const found = parsed(() => text);
  if (!isRecord(found) || typeof found['engine'] !== 'string' || typeof found['at'] !== 'number') return null;
  // anybody can write there: what is no version is of no campaign
  if (!/^[\w.+-]{1,80}$/.test(found['engine'])) return null;
  return { engine: found['engine'], at: found['at'] };
}
/** A key of ours holds something else: another program uses the same names. */
const foreign = (error: unknown, key: string): Error | null => (/WRONGTYPE/.test((error as Error).message) ? foreignKey(key) : null);
const foreignKey = (key: string): SurroundingsError =>
  new SurroundingsError(`the queue holds something else under ${key}`, 'use another server or database, or delete that key');

/** What BullMQ keeps under its names. Of a key of another kind its scripts say nothing: work would be waited for without an end. */
const QUEUE_KEYS: Readonly<Record<string, string>> = {
  active: 'list',
  completed: 'zset',
  delayed: 'zset',
  events: 'stream',
  failed: 'zset',
  marker: 'zset',
  meta: 'hash',
  paused: 'list',
  prioritized: 'zset',
  stalled: 'set',
  wait: 'list',
  'waiting-children': 'zset',
};
const KINDS: ReadonlySet<string> = new Set(['string', ...Object.values(QUEUE_KEYS)]);
/** Throws a SurroundingsError where a key of the queue holds something else. */
export async function checkKeys(redis: Pick<Redis, 'type'>, engine: string): Promise<void> {
  const keys = Object.entries(QUEUE_KEYS).map(([name, kind]) => ({ key: `${PREFIX}:${queueName(engine)}:${name}`, kind }));
  // one way to the server and back for all of them
  const found = await Promise.all(keys.map(({ key }) => redis.type(key)));
  // a server that answers nonsense is told by what it does
  const other = keys.find(({ kind }, i) => found[i] !== kind && KINDS.has(found[i]!));
  if (other !== undefined) throw foreignKey(other.key);
}

/** An error of the list of campaigns, thrown as what it is. */
function refuse(error: unknown): never {
  throw foreign(error, CAMPAIGNS) ?? error;
}

/** Campaigns that are under way, by engine. */
export async function campaignsUnderWay(redis: Redis): Promise<string[]> {
  const texts = await redis.hgetall(CAMPAIGNS).catch(refuse);
  const all = Object.values(texts).flatMap((text) => submittedIn(text) ?? []);
  return [...new Set(all.filter((c) => Date.now() - c.at < GONE_MS).map((c) => c.engine))];
}

interface Waiting {
  readonly work: Work;
  readonly since: number;
  readonly settle: (results: readonly CaseResult[]) => void;
  readonly fail: (error: Error) => void;
}

/** The submitter's side: gives work to the queue and takes results out of it. */
export class QueueWorkers implements Workers {
  readonly window = WINDOW;
  readonly attempts = 1;
  lost: Error | null = null;
  private readonly connection: Connection;
  private readonly queue: Queue;
  private readonly events: QueueEvents;
  private readonly reader: Redis;
  private readonly campaign: string;
  private readonly engine: string;
  private readonly waiting = new Map<string, Waiting>();
  /** Entries of the stream by work: gone when the results are stored. */
  private readonly entries = new Map<string, string[]>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly say: (text: string) => void;
  private closed = false;
  private reading: Promise<void> = Promise.resolve();

  private constructor(connection: Connection, campaign: Campaign, say: (text: string) => void) {
    const { bullmq, another } = connection;
    this.connection = connection;
    this.engine = campaign.engine;
    this.campaign = sha256(new TextEncoder().encode(campaign.identity)).slice(0, 32);
    this.say = say;
    this.queue = new bullmq.Queue(queueName(campaign.engine), { connection: another(), prefix: PREFIX });
    this.events = new bullmq.QueueEvents(queueName(campaign.engine), { connection: another(), prefix: PREFIX });
    this.queue.on('error', () => undefined);
    this.events.on('error', () => undefined);
    this.reader = another();
    connection.broken.addEventListener('abort', () => this.failAll(reasonOf(connection.broken)), { once: true });
  }

  /** @param stop ends the waiting for the server */
  static async open(
    url: string,
    campaign: Campaign,
    targets: readonly PackedTarget[],
    say: (text: string) => void,
    stop: AbortSignal,
  ): Promise<QueueWorkers> {
    const connection = await connect(url, say, stop);
    const self = new QueueWorkers(connection, campaign, say);
    try {
      await answered(self.begin(targets), [connection.broken, stop]);
    } catch (error) {
      await self.close();
      throw connection.meant(error);
    }
    return self;
  }
  private async begin(targets: readonly PackedTarget[]): Promise<void> {
    await checkKeys(this.connection.redis, this.engine);
    const blobs = new RedisBlobs(this.connection.redis);
    for (const target of targets) for (const [hash, bytes] of target.blobs) if (!(await blobs.has(hash))) await blobs.put(hash, bytes);
    await this.start();
  }

  private async start(): Promise<void> {
    await this.beat();
    await this.events.waitUntilReady();
    this.events.on('failed', ({ jobId }) => void this.failed(jobId).catch((error: unknown) => this.refused(error)));
    this.timers.push(setInterval(() => void this.beat().catch((error: unknown) => this.refused(error)), HEARTBEAT_MS));
    this.timers.push(setInterval(() => void this.reconcile().catch((error: unknown) => this.refused(error)), RECONCILE_MS));
    this.reading = this.read();
    const workers = await this.queue.getWorkersCount().catch(() => null);
    if (workers === 0) this.say('no worker is there yet: `bootbench worker --queue <url>`, on any machine');
  }

  work(work: Work): Promise<readonly CaseResult[]> {
    return new Promise((settle, fail) => {
      if (this.lost !== null) return fail(this.lost);
      this.waiting.set(work.id, { work, settle, fail, since: Date.now() });
      this.submit(work).catch((error: unknown) => {
        if (!this.refused(error)) fail(error);
      });
    });
  }
  /** Ends all where the server takes nothing more: nothing of that is the work's. */
  private refused(error: unknown): boolean {
    const why = this.connection.refusal(error, ', then go on with --resume');
    if (why !== null && !this.closed) this.failAll(why);
    return why !== null;
  }
  /** Work that is there already, or was done and is not yet forgotten, is not added again. */
  private async submit(work: Work): Promise<void> {
    const data: QueuedWork = { campaign: this.campaign, work };
    await this.queue.add('work', data, {
      jobId: work.id,
      attempts: ATTEMPTS,
      backoff: { type: 'exponential', delay: BACK_OFF_MS },
      removeOnComplete: true,
      // evidence: it is taken out when it has been set aside
      removeOnFail: false,
    });
  }

  async committed(works: readonly Work[]): Promise<void> {
    const ids = works.flatMap(({ id }) => this.entries.get(id) ?? []);
    for (const { id } of works) this.entries.delete(id);
    if (ids.length > 0) await this.connection.redis.xdel(resultsKey(this.campaign), ...ids).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) clearInterval(timer);
    this.reader.disconnect();
    const farewell = this.reading
      .then(() => this.connection.redis.hdel(CAMPAIGNS, this.campaign))
      .catch(() => undefined)
      .then(() => Promise.allSettled([this.queue.close(), this.events.close()]));
    await answered(farewell, [AbortSignal.timeout(FAREWELL_MS), this.connection.broken]).catch(() => undefined);
    this.connection.close();
  }

  private async beat(): Promise<void> {
    const submitted: Submitted = { engine: this.engine, at: Date.now() };
    await this.connection.redis.hset(CAMPAIGNS, this.campaign, JSON.stringify(submitted)).catch(refuse);
  }

  private async read(): Promise<void> {
    const key = resultsKey(this.campaign);
    let last = '0';
    while (!this.closed) {
      try {
        const found = (await this.reader.xreadBuffer('COUNT', 64, 'BLOCK', 1000, 'STREAMS', key, last)) as
          readonly (readonly [Buffer, readonly (readonly [Buffer, readonly Buffer[]])[]])[] | null;
        for (const [id, [, value]] of found?.[0]?.[1] ?? []) {
          last = id.toString();
          const result = decodeResult(value);
          if (result === null) this.say(`an entry of the queue is no result and was left out: ${key} ${last}`);
          else this.take(last, result);
        }
      } catch (error) {
        const why = foreign(error, key);
        if (why !== null) return this.failAll(why);
        // the server is away: the stream is read on from where it was
        if (!this.closed) await new Promise((go) => setTimeout(go, 500));
      }
    }
  }
  private failAll(why: Error): void {
    this.lost ??= why;
    for (const { fail } of this.waiting.values()) fail(why);
    this.waiting.clear();
  }
  private take(entry: string, { work, results }: QueuedResult): void {
    const known = this.entries.get(work);
    if (known) known.push(entry);
    else this.entries.set(work, [entry]);
    const waiting = this.waiting.get(work);
    if (waiting) {
      this.waiting.delete(work);
      waiting.settle(results);
      // done a second time after its results were stored, or before anyone asked for it
    } else if (known === undefined) this.early.set(work, results);
  }
  /** Results of a run before this one, which nobody has stored. */
  private readonly early = new Map<string, readonly CaseResult[]>();

  private async failed(id: string): Promise<void> {
    const waiting = this.waiting.get(id);
    const job = (await this.queue.getJob(id)) as Job<QueuedWork> | undefined;
    if (!waiting || !job) return;
    const { failedReason, stacktrace, attemptsStarted } = job;
    if (this.connection.refusal(new Error(failedReason)) !== null) {
      // a worker was told so, perhaps long ago: where the server still says it, the campaign ends with that
      await this.beat();
      await job.remove();
      return this.submit(waiting.work);
    }
    this.waiting.delete(id);
    await job.remove();
    const error = new SetAside(failedReason, attemptsStarted);
    error.stack = [error.message, ...(stacktrace ?? [])].join('\n');
    waiting.fail(error);
  }

  /** What a restart of the server has forgotten is given to it again; what has failed unheard is heard. */
  private async reconcile(): Promise<void> {
    for (const [id, results] of this.early) {
      const waiting = this.waiting.get(id);
      if (!waiting) continue;
      this.early.delete(id);
      this.waiting.delete(id);
      waiting.settle(results);
    }
    for (const { work, since } of [...this.waiting.values()]) {
      if (this.closed || Date.now() - since < RECONCILE_MS) continue;
      const state = await this.queue.getJobState(work.id);
      if (state === 'failed') await this.failed(work.id);
      else if (state === 'unknown' && this.waiting.has(work.id)) await this.submit(work);
    }
  }
}
