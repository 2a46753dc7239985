/** What a writer to the server of a queue forges to end a worker or a submitter, to make it deaf, or to fill its memory. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Redis as Client } from 'ioredis';
import { SurroundingsError } from '../../src/bench/documents/usage-error.ts';
import { sha256 } from '../../src/image/sha256.ts';
import type { CaseResult } from '../../src/campaign/base.ts';
import { SetAside, type Campaign } from '../../src/campaign/campaign.ts';
import { queueName, QueueWorkers, resultsKey } from '../../src/campaign/queue.ts';
import { decodeResult, EarlyResults, encodeResult } from '../../src/campaign/queue-result.ts';
import { serveQueue } from '../../src/campaign/queue-worker.ts';
import { deafWorker } from './deaf-worker.ts';
import type { Work } from '../../src/campaign/queued.ts';
import { boundedReply } from '../../src/campaign/replies.ts';
import { hasRedis } from './proof.ts';
import { server } from './server.ts';

const there = hasRedis();
if (process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1' && !there) throw new Error('redis-server is missing');

const CASE: CaseResult = { no: 0, id: '0'.repeat(32), outcome: 'dfu', ended: 'settled', at: 1, cycles: 2, pc: null, group: null };
const MIB = 2 ** 20;

describe('a packed result', () => {
  const bomb = (mib: number, says?: number): Buffer => {
    const packed = gzipSync(Buffer.concat([Buffer.from('{"work":"a","results":[]}'), Buffer.alloc(mib * MIB, ' ')]));
    if (says !== undefined) packed.writeUInt32LE(says, packed.length - 4);
    return packed;
  };
  it('of more than any is none, whatever it says of its length', () => {
    expect(decodeResult(bomb(1))).toEqual({ work: 'a', results: [] });
    for (const packed of [bomb(32), bomb(32, 10), bomb(1, 2 ** 25)]) expect(decodeResult(packed)).toBeNull();
    expect(decodeResult(Buffer.concat([bomb(1), Buffer.alloc(4 * MIB)]))).toBeNull();
  });
  it('of the largest batch, with a reason for each case, is read', () => {
    const group = { outcome: 'stuck', cause: 'primask', entry: 'jump_to_bootloader', place: 'src/main.c:12' };
    const results = Array.from({ length: 10_000 }, (_, no) => ({
      ...CASE,
      no,
      id: sha256(Uint8Array.of(no, no >> 8)).slice(0, 32),
      group,
    }));
    expect(decodeResult(encodeResult({ work: 'a', results }))?.results).toEqual(results);
  });
});

describe('early results', () => {
  it('are kept up to a number', () => {
    const early = new EarlyResults();
    const packed = encodeResult({ work: 'a', results: [CASE] });
    const kept = Array.from({ length: 2000 }, (_, i) => early.keep(`w${i}`, packed)).filter(Boolean).length;
    expect(kept).toBe(1024);
    expect(early.take('w7')).toEqual([CASE]);
    expect(early.take('w7')).toBeNull();
    expect([early.keep('more', packed), early.keep('yet more', packed)]).toEqual([true, false]);
  });
  it('… and to a size', () => {
    const early = new EarlyResults();
    const packed = new Uint8Array(4 * MIB);
    expect(Array.from({ length: 100 }, (_, i) => early.keep(`w${i}`, packed)).filter(Boolean).length).toBe(16);
  });
});

describe('an answer for BullMQ', () => {
  const cut = (reply: unknown): [unknown, number] => {
    const told = vi.fn();
    return [boundedReply(reply, told), told.mock.calls.length];
  };
  it.each([
    ['lists in lists', '['.repeat(5000)],
    ['objects in objects, behind blanks', `\n ${'{"a":'.repeat(5000)}`],
    ['more values than any', `[${'1,'.repeat(300_000)}1]`],
    ['behind more blanks than anybody writes', `${' '.repeat(5000)}${'['.repeat(5000)}`],
  ])('has nothing in the place of %s', (_what, text) => {
    expect(cut([1, null, [Buffer.from('data'), Buffer.from(text)]])).toEqual([[1, null, [Buffer.from('data'), Buffer.alloc(0)]], 1]);
  });
  it('is left as it is where it holds what a queue has', () => {
    const work = Buffer.from(JSON.stringify({ work: Array.from({ length: 10_000 }, (_, no) => ({ no, leave: [1], fault: null })) }));
    const reply = [Buffer.from('data'), work, [Buffer.from('failedReason'), Buffer.from('x'.repeat(10_000)), 7]];
    expect(cut(reply)).toEqual([reply, 0]);
  });
});

const WORK: Work = { id: 'a'.repeat(32), engine: 'e1', target: 'b'.repeat(64), parts: [], expected: [], wall: 1000 };
const CAMPAIGN = { engine: 'e1', identity: 'x' } as Campaign;
const STREAM = resultsKey(sha256(new TextEncoder().encode('x')).slice(0, 32));
const key = (name: string): string => `bootbench:${queueName('e1')}:${name}`;

async function submitter(url: string, say: (text: string) => void = () => undefined): Promise<QueueWorkers> {
  const workers = await QueueWorkers.open(url, CAMPAIGN, [], say, new AbortController().signal);
  onTestFinished(() => workers.close());
  return workers;
}
/** Says of work that it has failed, as BullMQ does. */
async function forgeFailure(client: Client, id: string, fields: Readonly<Record<string, string>>): Promise<void> {
  await client.hset(key(id), { failedReason: 'forged', ...fields });
  await client.lrem(key('wait'), 0, id);
  await client.zadd(key('failed'), 1, id);
  await client.xadd(key('events'), '*', 'event', 'failed', 'jobId', id, 'failedReason', 'x');
}
async function forgeWork(client: Client, data: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  await client.hset(key('forged'), { name: 'work', data, opts: '{}', timestamp: '1', delay: '0', priority: '0', ...more });
  await client.lpush(key('wait'), 'forged');
  await client.zadd(key('marker'), 0, '0');
}
const errorOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe.skipIf(!there)('of a submitter', () => {
  it('results that are none have their turns, so that signals have theirs, and are told the first times', async () => {
    const { url, client } = await server();
    for (let i = 0; i < 60; i++) await client.xadd(STREAM, '*', 'r', gzipSync(Buffer.alloc(MIB)));
    let turns = 0;
    let over = false;
    onTestFinished(() => void (over = true));
    const turn = (): void => void (turns++, over || setImmediate(turn));
    turn();
    const told: number[] = [];
    const workers = await submitter(url, (text) => text.includes('is no result') && told.push(turns));
    await client.xadd(STREAM, '*', 'r', encodeResult({ work: WORK.id, results: [CASE] }));
    expect(await workers.work(WORK)).toEqual([CASE]);
    expect(told).toHaveLength(20);
    expect(new Set(told).size).toBe(20);
  }, 30_000);
  it.each([
    ['data', '['.repeat(5 * MIB)],
    ['stacktrace', '['.repeat(5 * MIB)],
    ['opts', '{"a":'.repeat(MIB)],
  ])(
    'a failure whose %s is more than any is one without it',
    async (name, text) => {
      const { url, client } = await server();
      const said: string[] = [];
      const workers = await submitter(url, (line) => said.push(line));
      const waiting = errorOf(workers.work(WORK));
      await vi.waitFor(async () => expect(await client.exists(key(WORK.id))).toBe(1));
      await forgeFailure(client, WORK.id, { [name]: text });
      const error = await waiting;
      expect(error).toBeInstanceOf(SetAside);
      expect((error as SetAside).stack).toMatch(/^forged/);
      expect(said.join('\n')).toContain('an entry of the queue holds more than any, and was left out');
    },
    30_000,
  );
  it('a failure with evidence of other kinds is one all the same', async () => {
    const { url, client } = await server();
    const workers = await submitter(url);
    const waiting = errorOf(workers.work(WORK));
    await vi.waitFor(async () => expect(await client.exists(key(WORK.id))).toBe(1));
    await forgeFailure(client, WORK.id, { stacktrace: '[{"toString":1},"at here"]', ats: 'x' });
    const error = (await waiting) as SetAside;
    expect([error.stack, error.attempts]).toEqual(['forged\nat here', 3]);
  }, 30_000);
  it('work that an event calls failed, and that is not, is waited for', async () => {
    const { url, client } = await server();
    const workers = await submitter(url);
    const waiting = errorOf(workers.work(WORK));
    await vi.waitFor(async () => expect(await client.llen(key('wait'))).toBe(1));
    for (let i = 0; i < 10; i++) await client.xadd(key('events'), '*', 'event', 'failed', 'jobId', WORK.id);
    await client.xadd(key('events'), '*', 'event', 'progress');
    await new Promise((go) => setTimeout(go, 500));
    await client.xadd(STREAM, '*', 'r', encodeResult({ work: WORK.id, results: [CASE] }));
    expect(await waiting).toEqual([CASE]);
  }, 30_000);
  it('a failure of many megabytes ends the campaign in a sentence', async () => {
    const { url, client } = await server();
    const workers = await submitter(url);
    const waiting = errorOf(workers.work(WORK));
    await vi.waitFor(async () => expect(await client.exists(key(WORK.id))).toBe(1));
    await forgeFailure(client, WORK.id, { data: '['.repeat(30 * MIB) });
    const error = await waiting;
    expect(error).toBeInstanceOf(SurroundingsError);
    expect((error as Error).message).toContain('an answer of more than 8 MiB, which no queue has');
  }, 30_000);
});

/** What BullMQ counts with, written over once the keys were looked at. */
const COUNTER: readonly (readonly [string, (client: Client) => Promise<unknown>])[] = [
  ['of another kind', (client) => client.multi().del(key('id')).rpush(key('id'), 'x').exec()],
  ['that is no number', (client) => client.set(key('id'), 'x')],
];
describe.skipIf(!there)('a counter of the queue', () => {
  it.each(COUNTER)('%s ends the campaign, and says that the queue holds something else', async (_what, forge) => {
    const { url, client } = await server();
    const workers = await submitter(url);
    await forge(client);
    const error = await errorOf(workers.work(WORK));
    expect(error).toBeInstanceOf(SurroundingsError);
    expect((error as Error).message).toContain(`the queue holds something else under ${key('*')};`);
    expect(workers.lost).toBe(error);
  });
});
describe.skipIf(!there)('of a worker', () => {
  it('work that is no hash ends it in a sentence', async () => {
    const { url, client } = await server();
    const ended = errorOf(serveQueue(url, deafWorker(() => undefined), new AbortController().signal)); // prettier-ignore
    await client.set(key('forged'), 'x');
    await client.lpush(key('wait'), 'forged');
    await client.zadd(key('marker'), 0, '0');
    const error = await ended;
    expect(error).toBeInstanceOf(SurroundingsError);
    expect((error as Error).message).toContain(`the queue holds something else under ${key('*')};`);
  }, 30_000);
  it.each([
    ['data', '['.repeat(5 * MIB), {}],
    ['options', '{}', { opts: '{"a":'.repeat(MIB) }],
    ['progress', '{}', { progress: '['.repeat(5 * MIB) }],
  ])(
    'work whose %s is more than any is refused, and the worker goes on',
    async (_what, data, more) => {
      const { url, client } = await server();
      const said: string[] = [];
      const stop = new AbortController();
      await forgeWork(client, data, more);
      const served = serveQueue(url, deafWorker((line) => said.push(line)), stop.signal); // prettier-ignore
      await vi.waitFor(() => expect(said.join('\n')).toContain('refused: an entry of the queue'), { timeout: 10_000 });
      stop.abort();
      expect(await served).toBe(0);
      expect(said.join('\n')).toContain('an entry of the queue holds more than any, and was left out');
    },
    30_000,
  );
  it('work of many megabytes ends it in a sentence', async () => {
    const { url, client } = await server();
    await forgeWork(client, '['.repeat(30 * MIB));
    const error = await errorOf(serveQueue(url, deafWorker(() => undefined), new AbortController().signal)); // prettier-ignore
    expect(error).toBeInstanceOf(SurroundingsError);
    expect((error as Error).message).toContain('an answer of more than 8 MiB, which no queue has');
  }, 30_000);
});
