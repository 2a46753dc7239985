/** The worker's side of a queue: takes work, does it in processes of this machine, leaves the results in the stream of their campaign. */
import type { Worker as QueueConsumer } from 'bullmq';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { BlobFolder } from './blob-folder.ts';
import { blobsOf } from './content.ts';
import type { Work } from './queued.ts';
import { LARGEST_TARGET, queuedWork } from './foreign.ts';
import type { Worker } from './pool.ts';
import { campaignsUnderWay, connect, encodeResult, PREFIX, queueName, RedisBlobs, resultsKey, type Connection } from './queue.ts';

/** A worker that does not say for this long that it lives has lost its work to another one. */
const LOCK_MS = 10_000;
const STALLED_MS = 5_000;
/** Workers that die over the same work before it counts as failed: they may have been killed by somebody. */
const MOST_STALLED = 5;
const LOOK_MS = 2_000;

export interface QueueWorkerOptions {
  readonly engine: string;
  /** Pieces of work at once. */
  readonly size: number;
  readonly folder: BlobFolder;
  readonly worker: Worker;
  /** End when there has been nothing to do for so long; null = never. */
  readonly idleMs: number | null;
  readonly say: (text: string) => void;
}

/** Work that was done. */
export async function serveQueue(url: string, options: QueueWorkerOptions, stop: AbortSignal): Promise<number> {
  const connection = await connect(url, stop).catch((error: unknown) => {
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

class Service {
  private readonly connection: Connection;
  private readonly options: QueueWorkerOptions;
  private readonly blobs: RedisBlobs;
  private readonly fetching = new Map<string, Promise<void>>();
  private readonly refused = new Set<string>();
  private busy = 0;
  private idleSince = Date.now();
  private done = 0;

  constructor(connection: Connection, options: QueueWorkerOptions) {
    this.connection = connection;
    this.options = options;
    this.blobs = new RedisBlobs(connection.redis);
  }

  async run(stop: AbortSignal): Promise<number> {
    await this.refuseOthers(true);
    const { bullmq, another } = this.connection;
    const { engine, size, say } = this.options;
    const consumer = new bullmq.Worker<unknown>(queueName(engine), (job) => this.process(job.data), {
      connection: another(),
      prefix: PREFIX,
      // one more than there are processes: the next work is there when one has done its own
      concurrency: size + 1,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: MOST_STALLED,
    });
    consumer.on('error', () => undefined);
    await consumer.waitUntilReady();
    say(`worker ${engine}, ${size} at once`);
    await this.until(stop);
    await this.end(consumer);
    return this.done;
  }

  private async end(consumer: QueueConsumer): Promise<void> {
    // work under way is finished; what is not taken stays in the queue
    await consumer.close();
  }

  private async until(stop: AbortSignal): Promise<void> {
    const { idleMs } = this.options;
    while (!stop.aborted) {
      await new Promise<void>((go) => {
        const timer = setTimeout(done, LOOK_MS);
        function done(): void {
          clearTimeout(timer);
          stop.removeEventListener('abort', done);
          go();
        }
        stop.addEventListener('abort', done);
      });
      await this.refuseOthers(false).catch(() => undefined);
      if (idleMs !== null && this.busy === 0 && Date.now() - this.idleSince >= idleMs) return;
    }
  }

  /** Campaigns of another version have a queue of their own; this says why nothing comes from there. */
  private async refuseOthers(atStart: boolean): Promise<void> {
    const { engine, say } = this.options;
    const engines = await campaignsUnderWay(this.connection.redis);
    const others = engines.filter((other) => other !== engine && !this.refused.has(other));
    const text = (other: string): string => `refused: a campaign was submitted by version ${other}, this worker is ${engine}`;
    if (atStart && others.length > 0 && !engines.includes(engine))
      throw new UsageError(text(others[0]!), 'start a worker of that version: results of two versions do not mix');
    for (const other of others) {
      this.refused.add(other);
      say(text(other));
    }
  }

  private async process(data: unknown): Promise<number> {
    const { engine, worker } = this.options;
    const { campaign, work } = await this.taken(() => queuedWork(data, engine));
    this.busy++;
    try {
      await this.taken(() => this.fetch(work));
      const results = await worker.work(work);
      // before the work counts as done: what is lost then is done again
      await this.connection.redis.xadd(resultsKey(campaign), '*', 'r', encodeResult({ work: work.id, results }));
      this.done++;
      return results.length;
    } finally {
      this.busy--;
      this.idleSince = Date.now();
    }
  }
  /** What is wrong with an entry stays wrong: it is told, and not tried again. */
  private async taken<T>(take: () => Promise<T>): Promise<T> {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.options.say(`refused: ${error.message}`);
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
