/** A server of a queue that is full, read-only or without its replicas: that is no failure of the work. */
import { spawn } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Queue } from 'bullmq';
import { SurroundingsError } from '../../src/bench/documents/usage-error.ts';
import type { Campaign } from '../../src/campaign/campaign.ts';
import { queueName, QueueWorkers } from '../../src/campaign/queue.ts';
import { serveQueue, type QueueWorkerOptions } from '../../src/campaign/queue-worker.ts';
import { refusalOf } from '../../src/campaign/queue-server.ts';
import type { Work } from '../../src/campaign/queued.ts';
import { hasRedis, Redis, until } from './proof.ts';

const there = hasRedis();
if (process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1' && !there) throw new Error('redis-server is missing');

const WORK: Work = { id: 'a'.repeat(32), engine: 'e1', target: 'b'.repeat(64), parts: [], expected: [], wall: 1000 };
const CAMPAIGN = { engine: 'e1', identity: 'x' } as Campaign;
const STATES: readonly (readonly [string, readonly string[], readonly string[], RegExp])[] = [
  ['full', ['maxmemory', '1mb'], ['maxmemory', '0'], /takes nothing more: OOM .*make room there/],
  [
    'without replicas',
    ['min-replicas-to-write', '1'],
    ['min-replicas-to-write', '0'],
    /takes nothing more: NOREPLICAS .*start its replicas/,
  ],
];

async function server(): Promise<Redis> {
  const redis = await new Redis().start();
  onTestFinished(() => redis.end());
  return redis;
}
async function submitter(redis: Redis): Promise<QueueWorkers> {
  const workers = await QueueWorkers.open(redis.url, CAMPAIGN, [], () => undefined, new AbortController().signal);
  onTestFinished(() => workers.close());
  return workers;
}
const errorOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => new Error('it was done'),
    (error: unknown) => error as Error,
  );
const never = (): Promise<never> => new Promise(() => undefined);
const options: QueueWorkerOptions = {
  engine: 'e1',
  size: 1,
  folder: { has: () => false, get: never, put: never } as unknown as QueueWorkerOptions['folder'],
  worker: { probe: never, work: never, prove: never, close: never },
  idleMs: 100,
  lastWorkMs: 10_000,
  say: () => undefined,
};

describe.skipIf(!there)('a server that is', () => {
  it.each(STATES)(
    '%s ends a campaign under way, and says what is to be done',
    async (_what, set, _back, text) => {
      const redis = await server();
      const workers = await submitter(redis);
      const waiting = errorOf(workers.work(WORK));
      redis.cli('config', 'set', ...set);
      const error = await waiting;
      expect(error).toBeInstanceOf(SurroundingsError);
      expect(error.message).toMatch(text);
      expect(error.message).toMatch(/--resume/);
      expect(workers.lost).toBe(error);
    },
    20_000,
  );
  it.each(STATES)(
    '%s is told by a campaign and by a worker that begin',
    async (_what, set, _back, text) => {
      const redis = await server();
      redis.cli('config', 'set', ...set);
      const worker = (): Promise<unknown> => serveQueue(redis.url, options, new AbortController().signal);
      for (const begin of [() => submitter(redis), worker]) {
        const error = await errorOf(begin());
        expect(error).toBeInstanceOf(SurroundingsError);
        expect(error.message).toMatch(text);
      }
    },
    20_000,
  );
  it.each(STATES)(
    '%s ends a worker under way with exit 4',
    async (_what, set, _back, text) => {
      const redis = await server();
      const args = ['tools/run-ts.mjs', 'src/cli/bootbench.ts', 'worker', '--queue', redis.url, '--jobs', '1'];
      const worker = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      onTestFinished(() => void worker.kill('SIGKILL'));
      let said = '';
      worker.stderr.on('data', (data: Buffer) => (said += data.toString()));
      const ended = new Promise<number | null>((settle) => worker.once('close', settle));
      await until('the worker', () => said.includes('at once') || worker.exitCode !== null);
      redis.cli('config', 'set', ...set);
      expect(await ended).toBe(4);
      expect(said).toMatch(text);
    },
    60_000,
  );
  it('full no more gets the work again that a worker could not give back', async () => {
    const redis = await server();
    const { hostname: host, port } = new URL(redis.url);
    const queue = new Queue(queueName('e1'), { connection: { host, port: Number(port) }, prefix: 'bootbench' });
    onTestFinished(() => queue.close());
    const workers = await submitter(redis);
    const waiting = errorOf(workers.work(WORK));
    await until('the work', async () => (await queue.getJobState(WORK.id)) === 'waiting');
    const key = `bootbench:${queueName('e1')}`;
    // as BullMQ leaves work that has failed for good
    redis.cli('lrem', `${key}:wait`, '0', WORK.id);
    redis.cli('zadd', `${key}:failed`, '1', WORK.id);
    redis.cli('hset', `${key}:${WORK.id}`, 'failedReason', "OOM command not allowed when used memory > 'maxmemory'.");
    await until('the work again', async () => (await queue.getJobState(WORK.id)) === 'waiting', 25_000);
    expect(workers.lost).toBeNull();
    await workers.close();
    void waiting;
  }, 40_000);
});

it.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", /OOM command/],
  ["ERR Error running script: @user_script:1: -READONLY You can't write against a read only replica.", /READONLY You can't.*copy of/],
  ['MISCONF Redis is configured to save RDB snapshots, but it cannot persist on disk', /MISCONF.*save to its disk/],
  ['the worker exited unexpectedly: OOM', null],
])('%s', (said, text) => {
  const refusal = refusalOf('redis://x', said);
  if (text === null) expect(refusal).toBeNull();
  else expect(refusal?.message).toMatch(text);
});
