/**
 * A campaign over many machines: BullMQ on Redis or Valkey. Work is delivered at least once and named by its content; results lie in a stream until they
 * are stored, so that neither a worker, the submitter nor Redis (with its append-only file) has to live through it.
 *
 * Keys: `bootbench:blob:<sha256>` images and targets; `bootbench:results:<campaign>` a stream of results; `bootbench:campaigns` who has submitted what;
 * all else is BullMQ's, under `bootbench:work-<engine>`.
 */
import type * as BullMq from 'bullmq';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { isRecord } from '../bench/documents/is-record.ts';
import { boundedJson } from '../bench/documents/json-bounds.ts';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import { sha256 } from '../image/sha256.ts';
import type { CaseResult } from './base.ts';
import { SetAside, type Campaign, type Workers } from './campaign.ts';
import type { PackedTarget } from './content.ts';
import type { QueuedWork, Work } from './queued.ts';
import { LARGEST_BLOB } from './foreign.ts';
import { askWhatItIs, catchFromPackages, connectorOf, divertConsole, nonsense, ofServer, refusalOf } from './queue-server.ts';
import { LARGEST_REPLY, ReplyError } from './resp.ts';
import { optional } from './optional.ts';
import { hidden } from './queue-address.ts';
import { decodeResult, EarlyResults, LARGEST_PACKED, type QueuedResult } from './queue-result.ts';
import { boundedClient } from './replies.ts';
import { TOLD_MS, waitingFor, watchSilence } from './silence.ts';

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
/** Letters of what is written of a campaign under way. */
const LONGEST_SUBMITTED = 1024;
/** Bytes of an answer of the server but for images and results: the largest batch is work of less than two millions. */
const LARGEST_ANSWER = 2 ** 23;
/** Results, and events, that are asked for at once. */
const RESULTS_AT_ONCE = 8;
const EVENTS_AT_ONCE = 64;
const LARGEST_RESULTS = (RESULTS_AT_ONCE + 1) * LARGEST_PACKED;
/** Entries of the stream that are remembered of one work: it may have been done more than once. */
const MOST_ENTRIES = 16;
/** What was left out is told so often. */
const MOST_TOLD = 20;
/** Of what the queue says of work that failed: attempts, and letters of each and of the reason. */
const MOST_TRACES = 10;
const LONGEST_TRACE = 2 ** 14;
/** Bytes that are read of a name or a value of an event. */
const LONGEST_NAME = 128;

/** Who has submitted. */
interface Submitted {
  readonly engine: string;
  readonly at: number;
}

export interface Connection {
  readonly bullmq: typeof BullMq;
  readonly redis: Redis;
  /** For images, which are larger than all else. */
  readonly images: Redis;
  /** Another connection, for commands that wait. @param largest bytes of an answer */
  readonly another: (largest?: number) => Redis;
  /** A connection for BullMQ. */
  readonly forQueue: () => Redis;
  /** Is aborted when the server has answered what no server of a queue does, or does not answer any more; the reason is a SurroundingsError. */
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
  const late = setTimeout(() => say(waitingFor(hidden(url))), TOLD_MS);
  await askWhatItIs(new ioredis.Redis(address, { lazyConnect: true }).options, stop)
    .catch((error: Error) => {
      if (error instanceof ReplyError) throw nonsense(hidden(url), error);
      throw (
        refusalOf(hidden(url), error.message) ??
        new SurroundingsError(`--queue: no answer from ${hidden(url)}: ${error.message}`, 'is the server running?')
      );
    })
    .finally(() => clearTimeout(late));
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
  const open = (largest = LARGEST_ANSWER, Client = ioredis.Redis): Redis => {
    // the queue is waited for, whatever happens to it
    const redis = new Client(address, {
      maxRetriesPerRequest: null,
      lazyConnect: true,
      retryStrategy: (n) => (closed || broken.signal.aborted ? null : Math.min(100 * n, 2000)),
      Connector: connectorOf(ioredis, sockets, wrong, largest),
    });
    redis.on('error', () => undefined);
    connections.push(redis);
    return redis;
  };
  const Bounded = boundedClient(ioredis, atMost(say, 'an entry of the queue holds more than any, and was left out'));
  const redis = open();
  const isConnected = (): boolean => redis.status === 'connect' || redis.status === 'ready';
  const end = (why: SurroundingsError): void => broken.abort(why);
  ends.push(watchSilence({ shown: hidden(url), ask: () => redis.ping(), isConnected, say, end }));
  try {
    await answered(redis.connect(), [broken.signal, AbortSignal.timeout(ANSWER_MS), ...(stop === undefined ? [] : [stop])]);
  } catch (error) {
    close();
    throw meant(error);
  }
  const refusal: Connection['refusal'] = (error, then) => refusalOf(hidden(url), error instanceof Error ? error.message : '', then);
  const forQueue = (): Redis => open(LARGEST_ANSWER, Bounded);
  return { bullmq, redis, images: open(LARGEST_REPLY), another: open, forQueue, broken: broken.signal, meant, refusal, close };
}
/** Says it the first times: a server may have any number of what is left out. */
function atMost(say: (text: string) => void, what: string): (more?: string) => void {
  let count = 0;
  return (more = '') => {
    if (++count <= MOST_TOLD) say(`${what}${more}${count === MOST_TOLD ? ' (what is left out from now on is not told)' : ''}`);
  };
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

/** Its hash by SHA-1, which a server can tell; the kind of what is no string; nothing where there is nothing. */
const LOOK_AT_BLOB = `
  local kind = redis.call('TYPE', KEYS[1]).ok
  if kind == 'none' then return '' end
  if kind ~= 'string' then return kind end
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  return redis.sha1hex(redis.call('GET', KEYS[1]))`;

export class RedisBlobs {
  private readonly redis: Redis;
  constructor(redis: Redis) {
    this.redis = redis;
  }
  /** Throws a UsageError where it holds something else, or nothing: that is told, and the work is not tried again. */
  async get(hash: string): Promise<Uint8Array> {
    const key = blobKey(hash);
    const ofOther = (error: unknown): never => {
      throw foreign(error, key) === null ? error : wrongBlob(key);
    };
    const size = await this.redis.strlen(key).catch(ofOther);
    if (size > LARGEST_BLOB) throw new UsageError(`image ${hash} in the queue is larger than ${LARGEST_BLOB / 2 ** 20} MiB`);
    const bytes = await this.redis.getBuffer(key).catch(ofOther);
    if (bytes === null) throw new UsageError(`the queue has nothing under ${key}`);
    if (sha256(bytes) !== hash) throw wrongBlob(key);
    return new Uint8Array(bytes);
  }
  /**
   * Sees to it that it is there.
   *
   * @returns the key, where other bytes were there and have been written over
   * @throws SurroundingsError where something is there that no campaign writes
   */
  async keep(hash: string, bytes: Uint8Array): Promise<string | null> {
    const key = blobKey(hash);
    const found = await this.redis.eval(LOOK_AT_BLOB, 1, key, BLOB_SECONDS);
    if (found === createHash('sha1').update(bytes).digest('hex')) return null;
    if (typeof found === 'string' && !/^([0-9a-f]{40})?$/.test(found)) throw foreignKey(key);
    await this.redis.set(key, Buffer.from(bytes), 'EX', BLOB_SECONDS);
    return found === '' ? null : key;
  }
}
const wrongBlob = (key: string): UsageError => new UsageError(`the queue holds something else under ${key}`);
/** What a worker says of an image that the queue has not, or not as it was. */
const OF_BLOB = new RegExp(`^the queue (?:holds something else|has nothing) under ${blobKey('[0-9a-f]{64}')}`);

function parsed(text: string): unknown {
  try {
    return boundedJson(text);
  } catch {
    return null;
  }
}
function submittedIn(text: string): Submitted | null {
  const found = text.length > LONGEST_SUBMITTED ? null : parsed(text);
  if (!isRecord(found) || typeof found['engine'] !== 'string' || typeof found['at'] !== 'number') return null;
  // anybody can write there: what is no version is of no campaign
  if (!/^[\w.+-]{1,80}$/.test(found['engine'])) return null;
  return { engine: found['engine'], at: found['at'] };
}
/** A key of ours holds something else: another program uses the same names. */
export const foreign = (error: unknown, key: string): SurroundingsError | null =>
  /WRONGTYPE|ERR value is not an integer/.test((error as Error).message) ? foreignKey(key) : null;
/** The same of the queue itself, whose scripts do not say which key it is. */
export const foreignQueue = (error: unknown, engine: string): SurroundingsError | null =>
  error instanceof SurroundingsError ? error : foreign(error, `${PREFIX}:${queueName(engine)}:*`);
const foreignKey = (key: string): SurroundingsError =>
  new SurroundingsError(`the queue holds something else under ${key}`, 'use another server or database, or delete that key');

/** What BullMQ keeps under its names. Of a key of another kind its scripts say nothing: work would be waited for without an end. */
const QUEUE_KEYS: Readonly<Record<string, string>> = {
  active: 'list',
  completed: 'zset',
  delayed: 'zset',
  events: 'stream',
  failed: 'zset',
  id: 'string',
  limiter: 'string',
  marker: 'zset',
  meta: 'hash',
  paused: 'list',
  pc: 'string',
  prioritized: 'zset',
  repeat: 'zset',
  stalled: 'set',
  'stalled-check': 'string',
  wait: 'list',
  'waiting-children': 'zset',
};
const KINDS: ReadonlySet<string> = new Set(Object.values(QUEUE_KEYS));
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
  private readonly reader: Redis;
  private readonly listener: Redis;
  private readonly campaign: string;
  private readonly engine: string;
  private readonly waiting = new Map<string, Waiting>();
  /** Entries of the stream, by work that somebody waits for or has got, or that is early: gone when the results are stored. */
  private readonly entries = new Map<string, string[]>();
  private readonly early = new EarlyResults();
  /** Work whose failure is asked after. */
  private readonly asked = new Set<string>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly noResult: (more: string) => void;
  private readonly otherBlob: (key: string) => void;
  private readonly say: (text: string) => void;
  private closed = false;
  private targets: readonly PackedTarget[] = [];
  /** Images that are looked at again; much work may fail for one. */
  private keeping: Promise<void> | null = null;
  /** Work that was given again for its images. */
  private readonly again = new Set<string>();
  private reading: Promise<unknown> = Promise.resolve();

  private constructor(connection: Connection, campaign: Campaign, say: (text: string) => void) {
    const { bullmq, another, forQueue } = connection;
    this.connection = connection;
    this.engine = campaign.engine;
    this.campaign = sha256(new TextEncoder().encode(campaign.identity)).slice(0, 32);
    this.say = say;
    this.noResult = atMost(say, 'an entry of the queue is no result and was left out: ');
    this.otherBlob = atMost(say, 'the queue held another image, which was written over: ');
    this.queue = new bullmq.Queue(queueName(campaign.engine), { connection: forQueue(), prefix: PREFIX });
    this.queue.on('error', () => undefined);
    this.reader = another(LARGEST_RESULTS);
    this.listener = another();
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
    this.targets = targets;
    await this.keepBlobs();
    await this.start();
  }
  private async keepBlobs(): Promise<void> {
    const blobs = new RedisBlobs(this.connection.images);
    for (const { blobs: all } of this.targets)
      for (const [hash, bytes] of all) {
        const other = await blobs.keep(hash, bytes);
        if (other !== null) this.otherBlob(other);
      }
  }

  private async start(): Promise<void> {
    await this.beat();
    this.timers.push(setInterval(() => void this.beat().catch((error: unknown) => this.refused(error)), HEARTBEAT_MS));
    this.timers.push(setInterval(() => void this.reconcile().catch((error: unknown) => this.refused(error)), RECONCILE_MS));
    this.reading = Promise.all([this.read(), this.listen()]);
    const workers = await this.queue.getWorkersCount().catch(() => null);
    if (workers === 0) this.say('no worker is there yet: `bootbench worker --queue <url>`, on any machine');
  }

  work(work: Work): Promise<readonly CaseResult[]> {
    return new Promise((settle, fail) => {
      if (this.lost !== null) return fail(this.lost);
      this.waiting.set(work.id, { work, settle, fail, since: performance.now() });
      this.submit(work).catch((error: unknown) => {
        if (!this.refused(error)) fail(error);
      });
    });
  }
  /** Ends all where the server takes nothing more, or holds something else: nothing of that is the work's. */
  private refused(error: unknown): boolean {
    const why = this.connection.refusal(error, ', then go on with --resume') ?? foreignQueue(error, this.engine);
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
    this.listener.disconnect();
    const farewell = this.reading
      .then(() => this.connection.redis.hdel(CAMPAIGNS, this.campaign))
      .catch(() => undefined)
      .then(() => this.queue.close());
    await answered(farewell, [AbortSignal.timeout(FAREWELL_MS), this.connection.broken]).catch(() => undefined);
    this.connection.close();
  }

  private async beat(): Promise<void> {
    const submitted: Submitted = { engine: this.engine, at: Date.now() };
    await this.connection.redis.hset(CAMPAIGNS, this.campaign, JSON.stringify(submitted)).catch(refuse);
  }

  private async read(): Promise<void> {
    const key = resultsKey(this.campaign);
    await this.follow(this.reader, key, '0', RESULTS_AT_ONCE, (id, [, value]) => {
      const result = decodeResult(value);
      if (result === null) this.noResult(`${key} ${id}`);
      else this.take(id, result, value!);
    });
  }
  /** BullMQ's own listener parses what others wrote, and has no bound. What is not heard is found by `reconcile`. */
  private async listen(): Promise<void> {
    const key = `${PREFIX}:${queueName(this.engine)}:events`;
    await this.follow(this.listener, key, '$', EVENTS_AT_ONCE, (_, fields) => {
      const texts = fields.map((f) => f.toString('utf8', 0, LONGEST_NAME));
      const valueOf = (name: string): string => texts.find((_, i) => i % 2 === 1 && texts[i - 1] === name) ?? '';
      const id = valueOf('jobId');
      if (valueOf('event') === 'failed' && this.waiting.has(id)) void this.failed(id).catch((error: unknown) => this.refused(error));
    });
  }
  /** Reads a stream from an entry on until this is closed. */
  private async follow(
    reader: Redis,
    key: string,
    from: string,
    count: number,
    each: (id: string, fields: readonly Buffer[]) => void,
  ): Promise<void> {
    for (let last = from; !this.closed;) {
      try {
        const found = (await reader.xreadBuffer('COUNT', count, 'BLOCK', 1000, 'STREAMS', key, last)) as
          readonly (readonly [Buffer, readonly (readonly [Buffer, readonly Buffer[]])[]])[] | null;
        for (const [id, fields] of found?.[0]?.[1] ?? []) {
          if (this.closed) return;
          each((last = id.toString()), fields);
          // whoever writes there may write much: signals have their turn
          await new Promise((turn) => setImmediate(turn));
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
  /** Work that nobody has asked for may be that of a run before this one, or of nobody. */
  private take(entry: string, { work, results }: QueuedResult, packed: Uint8Array): void {
    const known = this.entries.get(work);
    const waiting = this.waiting.get(work);
    if (known === undefined) {
      if (waiting === undefined && !this.early.keep(work, packed)) return;
      this.entries.set(work, [entry]);
    } else if (known.length < MOST_ENTRIES) known.push(entry);
    if (waiting === undefined) return;
    this.waiting.delete(work);
    waiting.settle(results);
  }

  private async failed(id: string): Promise<void> {
    if (this.asked.has(id)) return;
    this.asked.add(id);
    try {
      // anybody can say that it has
      if ((await this.queue.getJobState(id)) === 'failed') await this.setAside(id);
    } finally {
      this.asked.delete(id);
    }
  }
  private async setAside(id: string): Promise<void> {
    const job = (await this.queue.getJob(id)) as Job<QueuedWork> | undefined;
    const waiting = this.waiting.get(id);
    if (!waiting || !job) return;
    const reason = String(job.failedReason).slice(0, LONGEST_TRACE);
    if (this.connection.refusal(new Error(reason)) !== null) {
      // a worker was told so, perhaps long ago: where the server still says it, the campaign ends with that
      await this.beat();
      await job.remove();
      return this.submit(waiting.work);
    }
    if (OF_BLOB.test(reason) && !this.again.has(id)) {
      // somebody has written over it, or it was forgotten: it is put there, and the work is none that has failed
      this.again.add(id);
      this.keeping ??= this.keepBlobs().finally(() => (this.keeping = null));
      await this.keeping;
      await job.remove();
      return this.submit(waiting.work);
    }
    await job.remove();
    this.waiting.delete(id);
    const { attemptsStarted: attempts } = job;
    const error = new SetAside(reason, Number.isSafeInteger(attempts) ? attempts : ATTEMPTS);
    const said: readonly unknown[] = Array.isArray(job.stacktrace) ? job.stacktrace.slice(0, MOST_TRACES) : [];
    const traces = said.flatMap((one) => (typeof one === 'string' ? one.slice(0, LONGEST_TRACE) : []));
    error.stack = [error.message, ...traces].join('\n');
    waiting.fail(error);
  }

  /** What a restart of the server has forgotten is given to it again; what has failed unheard is heard. */
  private async reconcile(): Promise<void> {
    for (const id of [...this.early.works]) {
      const waiting = this.waiting.get(id);
      const results = waiting && this.early.take(id);
      if (!results) continue;
      this.waiting.delete(id);
      waiting.settle(results);
      await new Promise((turn) => setImmediate(turn));
    }
    for (const { work, since } of [...this.waiting.values()]) {
      if (this.closed || performance.now() - since < RECONCILE_MS) continue;
      const state = await this.queue.getJobState(work.id);
      if (state === 'failed') await this.failed(work.id);
      else if (state === 'unknown' && this.waiting.has(work.id)) await this.submit(work);
    }
  }
}
