/** Images under the names of a queue that are not what their names say: a campaign puts its own there, and no case fails for them. */
import type { Redis as Client } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SurroundingsError } from '../../src/bench/documents/usage-error.ts';
import type { Campaign } from '../../src/campaign/campaign.ts';
import { packTarget } from '../../src/campaign/content.ts';
import { QueueWorkers } from '../../src/campaign/queue.ts';
import { serveQueue, type QueueWorkerOptions } from '../../src/campaign/queue-worker.ts';
import type { Work } from '../../src/campaign/queued.ts';
import { plainJob } from '../bench/plain-job.ts';
import { deafWorker } from './deaf-worker.ts';
import { hasRedis } from './proof.ts';
import { server } from './server.ts';

const there = hasRedis();
if (process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1' && !there) throw new Error('redis-server is missing');

const CAMPAIGN = { engine: 'e1', identity: 'x' } as Campaign;
const TARGET = packTarget(plainJob('STM32F072RB', [{ path: 'a.bin@0x08000000', bytes: Uint8Array.of(0, 0x20, 0, 0x20, 9, 0, 0, 8) }]));
const IMAGES = [...TARGET.blobs.keys()];
const key = (hash: string): string => `bootbench:blob:${hash}`;
const KEY = key(IMAGES[0]!);
const WORK: Work = { id: 'a'.repeat(32), engine: 'e1', target: TARGET.hash, parts: [], expected: [], wall: 1000 };

async function submitter(url: string, said: string[] = []): Promise<QueueWorkers> {
  const workers = await QueueWorkers.open(url, CAMPAIGN, [TARGET], (text) => void said.push(text), new AbortController().signal);
  onTestFinished(() => workers.close());
  return workers;
}
/** A worker that does what it gets, once it has the images. */
function worker(url: string): string[] {
  const said: string[] = [];
  const kept = new Map<string, Uint8Array>();
  const folder = {
    has: (hash: string) => kept.has(hash),
    get: (hash: string) => kept.get(hash)!,
    put: (hash: string, bytes: Uint8Array) => void kept.set(hash, bytes),
  } as unknown as QueueWorkerOptions['folder'];
  const deaf = deafWorker((line) => void said.push(line));
  const stop = new AbortController();
  const served = serveQueue(url, { ...deaf, folder, worker: { ...deaf.worker, work: () => Promise.resolve([]) } }, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await served;
  });
  return said;
}
const errorOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
const SEEN = /^the queue held another image, which was written over: bootbench:blob:/;

describe.skipIf(!there)('an image that is in the queue already', () => {
  it('is left as it is, and kept for longer', async () => {
    const { url, client } = await server();
    await client.set(KEY, Buffer.from(TARGET.blobs.get(IMAGES[0]!)!), 'EX', 100);
    const said: string[] = [];
    await submitter(url, said);
    expect(said.filter((line) => SEEN.test(line))).toEqual([]);
    expect(await client.ttl(KEY)).toBeGreaterThan(600_000);
  });
  it.each([
    ['other bytes', 'evil'],
    ['as many other bytes', 'x'.repeat(TARGET.blobs.get(IMAGES[0]!)!.length)],
    ['nothing', ''],
  ])('as %s is written over, which is said', async (_what, other) => {
    const { url, client } = await server();
    await client.set(KEY, other);
    const said: string[] = [];
    await submitter(url, said);
    expect(said.filter((line) => SEEN.test(line))).toEqual([`the queue held another image, which was written over: ${KEY}`]);
    expect(new Uint8Array((await client.getBuffer(KEY))!)).toEqual(TARGET.blobs.get(IMAGES[0]!));
  });
  it('as something of another kind is none of ours: the campaign ends, and says where', async () => {
    const { url, client } = await server();
    await client.rpush(KEY, 'evil');
    const error = await errorOf(submitter(url));
    expect(error).toBeInstanceOf(SurroundingsError);
    expect((error as Error).message).toContain(`the queue holds something else under ${KEY};`);
    expect(await client.lrange(KEY, 0, -1)).toEqual(['evil']);
  });
});

describe.skipIf(!there)('an image that somebody writes over while a campaign is under way', () => {
  it.each([
    ['by other bytes', 'holds something else', (client: Client) => client.set(KEY, 'evil')],
    ['by nothing', 'has nothing', (client: Client) => client.del(KEY)],
  ])(
    '%s is told once by a worker, put there again, and the work is done',
    async (_what, says, forge) => {
      const { url, client } = await server();
      const workers = await submitter(url);
      await forge(client);
      const said = worker(url);
      expect(await workers.work(WORK)).toEqual([]);
      expect(said.filter((line) => line.startsWith('refused'))).toEqual([`refused: the queue ${says} under ${KEY}`]);
    },
    20_000,
  );
  it('by something of another kind is told once by a worker, and ends the campaign', async () => {
    const { url, client } = await server();
    const workers = await submitter(url);
    await client.multi().del(KEY).rpush(KEY, 'evil').exec();
    const said = worker(url);
    const error = await errorOf(workers.work(WORK));
    expect(error).toBeInstanceOf(SurroundingsError);
    expect((error as Error).message).toContain(`the queue holds something else under ${KEY};`);
    expect(said.filter((line) => line.startsWith('refused'))).toEqual([`refused: the queue holds something else under ${KEY}`]);
  }, 20_000);
});
