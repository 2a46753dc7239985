/** The worker's side of a queue: takes work, does it in processes of this machine, leaves the results in the stream of their campaign. */
import type { Job, Worker as QueueConsumer } from 'bullmq';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import type { BlobFolder } from './blob-folder.ts';
import { blobsOf } from './content.ts';
import type { Work } from './queued.ts';
import { LARGEST_TARGET, queuedWork } from './foreign.ts';
import type { Worker } from './pool.ts';
import {
  ANSWER_MS,
  answered,
  campaignsUnderWay,
  checkKeys,
  connect,
  foreign,
  foreignQueue,
  PREFIX,
  queueName,
  RedisBlobs,
  resultsKey,
  type Connection,
} from './queue.ts';
import { encodeResult } from './queue-result.ts';

/** A worker that does not say for this long that it lives has lost its work to another one. */
const LOCK_MS = 10_000;
const STALLED_MS = 5_000;
/** Workers that die over the same work before it counts as failed: they may have been killed by somebody. */
const MOST_STALLED = 5;
const LOOK_MS = 2_000;
/** Refused entries that are told. */
const MOST_TOLD = 20;
/** At the end: a server that does not say for this long that it has heard of work that is done does not answer. */
const FAREWELL_MS = 1_000;
/** Is written when a worker begins, to see that the server takes something. */
const WRITABLE = `${PREFIX}:writable`;

export interface QueueWorkerOptions {
  readonly engine: string;
  /** Pieces of work at once. */
  readonly size: number;
  readonly folder: BlobFolder;
  readonly worker: Worker;
  /** End when there has been nothing to do for so long; null = never. */
  readonly idleMs: number | null;
  /** From `stop` on, for the work under way; what is not done by then goes back to the queue. */
  readonly lastWorkMs: number;
  readonly say: (text: string) => void;
}

/** Work that was done. */
export async function serveQueue(url: string, options: QueueWorkerOptions, stop: AbortSignal): Promise<number> {
  const connection = await connect(url, options.say, stop).catch((error: unknown) => {
    if (stop.aborted) return null;
    throw error;
  });
  if (connection === null) return 0;
  try {
    return await new Service(connection, options).run(stop);
  } finally {
    connection.close();
  }
}

/** The work goes back to the queue: it has neither failed nor been done. */
class GivenBack extends Error {}

class Service {
  private readonly connection: Connection;
  private readonly options: QueueWorkerOptions;
  private readonly blobs: RedisBlobs;
  private readonly fetching = new Map<string, Promise<void>>();
  private readonly refused = new Set<string>();
  private refusals = 0;
  private busy = 0;
  /** When a process of this machine was last at work. */
  private computedAt = performance.now();
  private computing = 0;
  private idleSince = performance.now();
  private done = 0;
  /** Is aborted when the server takes nothing more or holds something else, or the system gives no more processes or room; the reason is a SurroundingsError. */
  private readonly full = new AbortController();
  /** Is aborted when the work under way has had its time after `stop`. */
  private readonly overdue = new AbortController();
  private givenBack = 0;

  constructor(connection: Connection, options: QueueWorkerOptions) {
    this.connection = connection;
    this.options = options;
    this.blobs = new RedisBlobs(connection.images);
  }

  async run(stop: AbortSignal): Promise<number> {
    const { bullmq, forQueue, broken } = this.connection;
    const { engine, size, say } = this.options;
    const signals = [broken, stop, this.full.signal];
    const noLongerThan = this.boundedFrom(stop);
    const inTime = <T>(work: Promise<T>): Promise<T> => answered(work, [...signals, AbortSignal.timeout(ANSWER_MS)]);
    let consumer: QueueConsumer | null = null;
    try {
      // a server that takes no result gives no work either, and says nothing of it
      await inTime(this.connection.redis.set(WRITABLE, '', 'PX', 1000));
      await inTime(this.refuseOthers(true));
      await inTime(checkKeys(this.connection.redis, engine));
      consumer = new bullmq.Worker<unknown>(queueName(engine), (job, token) => this.process(job, token), {
        connection: forQueue(),
        prefix: PREFIX,
        // one more than there are processes: the next work is there when one has done its own
        concurrency: size + 1,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_MS,
        maxStalledCount: MOST_STALLED,
      });
      consumer.on('error', (error) => void this.isFull(error));
      await inTime(consumer.waitUntilReady());
      say(`worker ${engine}, ${size} at once`);
      await answered(this.until(stop), [broken, this.full.signal]);
      await this.end(consumer);
    } catch (error) {
      if (!stop.aborted || broken.aborted || this.full.signal.aborted) throw this.connection.meant(error);
    } finally {
      noLongerThan.clear();
      // what does not answer is not waited for
      void consumer?.close(true).catch(() => undefined);
    }
    return this.done;
  }

  private async end(consumer: QueueConsumer): Promise<void> {
    // work under way is finished; what is not taken stays in the queue
    const { lastWorkMs, say } = this.options;
    if (this.busy > 0) say(`ending after the work under way, at the latest in ${lastWorkMs / 1000} s; Ctrl-C again ends at once`);
    const silent = new AbortController();
    const since = performance.now();
    const timer = setInterval(() => {
      if (this.computing === 0 && performance.now() - Math.max(since, this.computedAt) > FAREWELL_MS) silent.abort();
    }, 250);
    try {
      await answered(consumer.close(), [silent.signal, this.connection.broken, this.full.signal]);
    } finally {
      clearInterval(timer);
    }
    if (this.givenBack > 0) say(`work that was not done in time was given back to the queue: ${this.givenBack}`);
  }
  /** Anybody may have put work without an end into the queue. */
  private boundedFrom(stop: AbortSignal): { clear(): void } {
    let timer: NodeJS.Timeout | undefined;
    const begin = (): void => void (timer = setTimeout(() => this.overdue.abort(), this.options.lastWorkMs));
    if (stop.aborted) begin();
    else stop.addEventListener('abort', begin, { once: true });
    return {
      clear() {
        stop.removeEventListener('abort', begin);
        clearTimeout(timer);
      },
    };
  }

  private async until(stop: AbortSignal): Promise<void> {
    const { idleMs } = this.options;
    const ends = [stop, this.connection.broken, this.full.signal];
    // a loop that nobody waits for any more would keep the program alive
    while (!ends.some(({ aborted }) => aborted)) {
      await new Promise<void>((go) => {
        const timer = setTimeout(done, LOOK_MS);
        function done(): void {
          clearTimeout(timer);
          stop.removeEventListener('abort', done);
          go();
        }
        stop.addEventListener('abort', done);
      });
      // a server that says nothing any more is no reason to stay
      await answered(this.refuseOthers(false), [stop, AbortSignal.timeout(ANSWER_MS)]).catch(() => undefined);
      if (idleMs !== null && this.busy === 0 && performance.now() - this.idleSince >= idleMs) return;
    }
  }

  /** Campaigns of another version have a queue of their own; this says why nothing comes from there. */
  private async refuseOthers(atStart: boolean): Promise<void> {
    const { engine } = this.options;
    const engines = await campaignsUnderWay(this.connection.redis);
    const others = engines.filter((other) => other !== engine && !this.refused.has(other));
    const text = (other: string): string => `refused: a campaign was submitted by version ${other}, this worker is ${engine}`;
    if (atStart && others.length > 0 && !engines.includes(engine))
      throw new UsageError(text(others[0]!), 'start a worker of that version: results of two versions do not mix');
    for (const other of others) {
      if (this.refusals >= MOST_TOLD) return;
      this.refused.add(other);
      this.tell(text(other));
    }
  }

  /** A server may have any number of what is refused: the first ones are told. */
  private tell(text: string): void {
    const count = ++this.refusals;
    if (count <= MOST_TOLD) this.options.say(`${text}${count === MOST_TOLD ? ' (what is refused from now on is not told)' : ''}`);
  }

  private async process(job: Job<unknown>, token: string | undefined): Promise<number> {
    const { campaign, work } = await this.taken(() => queuedWork(job.data, this.options.engine));
    this.busy++;
    try {
      return await this.doWork(campaign, work);
    } catch (error) {
      if (!(error instanceof GivenBack)) throw error;
      await job.moveToWait(token);
      this.givenBack++;
      throw new this.connection.bullmq.WaitingError();
    } finally {
      this.busy--;
      this.idleSince = performance.now();
    }
  }
  private async doWork(campaign: string, work: Work): Promise<number> {
    const { worker } = this.options;
    await this.taken(() => this.fetch(work)).catch((error: unknown) => this.notDone(error));
    const results = await this.computed(() => worker.work(work)).catch((error: unknown) => this.notDone(error));
    // before the work counts as done: what is lost then is done again
    await this.connection.redis
      .xadd(resultsKey(campaign), '*', 'r', encodeResult({ work: work.id, results }))
      .catch((error: unknown) => this.notTaken(foreign(error, resultsKey(campaign)) ?? error));
    this.done++;
    return results.length;
  }
  private isFull(error: unknown): boolean {
    const why = this.connection.refusal(error) ?? foreignQueue(error, this.options.engine);
    if (why !== null) this.full.abort(why);
    return why !== null;
  }
  /** Work whose result the server does not take has not failed: it stays under way, this worker ends, and another one gets it. */
  private notTaken(error: unknown): Promise<never> {
    return this.isFull(error) ? new Promise(() => undefined) : Promise.reject(error as Error);
  }
  /** Nor has work that this machine has no process for, or no room. */
  private notDone(error: unknown): Promise<never> {
    if (!(error instanceof SurroundingsError)) return Promise.reject(error as Error);
    this.full.abort(error);
    return new Promise(() => undefined);
  }
  private async computed<T>(work: () => Promise<T>): Promise<T> {
    this.computing++;
    try {
      return await this.unlessOverdue(work());
    } finally {
      this.computing--;
      this.computedAt = performance.now();
    }
  }
  private async unlessOverdue<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.overdue;
    let giveBack: () => void = () => undefined;
    const over = new Promise<never>((_, fail) => (giveBack = () => fail(new GivenBack())));
    if (signal.aborted) giveBack();
    signal.addEventListener('abort', giveBack);
    try {
      return await Promise.race([work, over]);
    } finally {
      signal.removeEventListener('abort', giveBack);
    }
  }
  /** What is wrong with an entry stays wrong: it is told, and not tried again. */
  private async taken<T>(take: () => Promise<T>): Promise<T> {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.tell(`refused: ${error.message}`);
      // a server that has nothing else is not to keep this machine busy
      await new Promise((go) => setTimeout(go, Math.min(20 * this.refusals, 1000)));
      throw new this.connection.bullmq.UnrecoverableError(error.message);
    }
  }

  /** The target and its images, once for this machine. */
  private async fetch({ target }: Work): Promise<void> {
    let fetching = this.fetching.get(target);
    if (!fetching) {
      fetching = this.fetchAll(target);
      this.fetching.set(target, fetching);
      fetching.catch(() => this.fetching.delete(target));
    }
    return fetching;
  }
  private async fetchAll(target: string): Promise<void> {
    const { folder } = this.options;
    const one = async (hash: string): Promise<Uint8Array> => {
      if (!folder.has(hash)) folder.put(hash, await this.blobs.get(hash));
      return folder.get(hash);
    };
    let size = 0;
    for (const hash of await blobsOf(await one(target))) {
      size += (await one(hash)).length;
      if (size > LARGEST_TARGET) throw new UsageError(`the files of target ${target} are larger than ${LARGEST_TARGET / 2 ** 20} MiB`);
    }
  }
}
