/** What other programs, or other versions, write into the queue's server. */
import type { Redis } from 'ioredis';
import { gzipSync, strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { SurroundingsError, UsageError } from '../../src/bench/documents/usage-error.ts';
import type { CaseResult } from '../../src/campaign/base.ts';
import type { RunJob } from '../../src/bench/input/job.ts';
import { blobsOf, packTarget, unpackTarget } from '../../src/campaign/content.ts';
import { LARGEST_TARGET, queuedWork } from '../../src/campaign/foreign.ts';
import { campaignsUnderWay, checkKeys, RedisBlobs } from '../../src/campaign/queue.ts';
import { decodeResult, encodeResult } from '../../src/campaign/queue-result.ts';
import { sha256 } from '../../src/image/sha256.ts';
import { plainJob } from '../bench/plain-job.ts';

const packed = (text: string): Uint8Array => gzipSync(strToU8(text));

const CASE: CaseResult = { no: 0, id: '0'.repeat(32), outcome: 'dfu', ended: 'settled', at: 1, cycles: 2, pc: null, group: null };

describe('a result', () => {
  it.each([[[]], [[CASE, { ...CASE, pc: 7, group: { outcome: 'stuck', cause: 'primask', entry: 'f', place: '' } }]]])(
    'is read as it was written',
    (results) => {
      expect(decodeResult(encodeResult({ work: 'a', results }))).toEqual({ work: 'a', results });
    },
  );
  it.each([
    ['no gzip', strToU8('{"work":"a","results":[]}')],
    ['too short', new Uint8Array(3)],
    ['no JSON', packed('{')],
    ['null', packed('null')],
    ['a list', packed('[]')],
    ['without its work', packed('{"results":[]}')],
    ['with results that are none', packed('{"work":"a","results":7}')],
    ['with a result that is none', packed('{"work":"a","results":[null]}')],
    ['with an outcome that there is not', packed(JSON.stringify({ work: 'a', results: [{ ...CASE, outcome: '<b>' }] }))],
    ['with a time that is none', packed(JSON.stringify({ work: 'a', results: [{ ...CASE, at: '1' }] }))],
    [
      'with a cause that is no text',
      packed(JSON.stringify({ work: 'a', results: [{ ...CASE, group: { outcome: 'stuck', cause: 7, entry: '', place: '' } }] })),
    ],
  ])('%s is none', (_what, bytes) => expect(decodeResult(bytes)).toBeNull());
  it('that would be larger than any is not unpacked', () => {
    const bytes = packed('{"work":"a","results":[]}');
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.length - 4, 0xf0000000, true);
    expect(decodeResult(bytes)).toBeNull();
  });
  it('brings no keys but its own', () => {
    const found = decodeResult(packed('{"work":"a","results":[],"__proto__":{"polluted":1},"more":2}'));
    expect(Object.keys(found!)).toEqual(['work', 'results']);
    expect('polluted' in found!).toBe(false);
  });
});

describe('the list of campaigns', () => {
  const server = (answer: () => Promise<Record<string, string>>): Redis => ({ hgetall: answer }) as unknown as Redis;
  it('leaves out what is no record of ours', async () => {
    const own = JSON.stringify({ engine: 'e1', at: Date.now() });
    const hostile = JSON.stringify({ engine: '9 \x1b[31m\n0 work items done', at: Date.now() });
    const all = { a: own, h: hostile, b: 'x', c: 'null', d: '7', e: '{"engine":1,"at":2}', f: '{"at":1}' };
    expect(await campaignsUnderWay(server(() => Promise.resolve(all)))).toEqual(['e1']);
  });
  it('that is no list is a server that something else uses, not a defect', async () => {
    const wrong = server(() => Promise.reject(new Error('WRONGTYPE Operation against a key holding the wrong kind of value')));
    await expect(campaignsUnderWay(wrong)).rejects.toThrow(SurroundingsError);
    await expect(campaignsUnderWay(wrong)).rejects.toThrow('the queue holds something else under bootbench:campaigns');
  });
});

describe('a key', () => {
  const server = (kinds: Readonly<Record<string, string>>) => ({ type: (key: unknown) => Promise.resolve(kinds[String(key)] ?? 'none') });
  it('of another kind under a name of the queue is told before anything is waited for', async () => {
    const names = ['active', 'wait', 'delayed', 'prioritized', 'meta', 'events'].map((name) => [name, 'string'] as const);
    for (const [name, kind] of [...names, ['id', 'list'], ['pc', 'hash'], ['stalled-check', 'set'], ['limiter', 'zset']] as const) {
      const key = `bootbench:work-e1:${name}`;
      const error = await checkKeys(server({ [key]: kind }), 'e1').catch((e: unknown) => e);
      expect(error).toBeInstanceOf(SurroundingsError);
      expect(String(error)).toContain(`the queue holds something else under ${key}`);
    }
  });
  it("of BullMQ's own kind is none of them", async () => {
    await checkKeys(
      server({ 'bootbench:work-e1:active': 'list', 'bootbench:work-e1:meta': 'hash', 'bootbench:work-e2:wait': 'string' }),
      'e1',
    );
  });
});

const ID = '0'.repeat(32);
const HASH = 'a'.repeat(64);
const WORK = {
  id: ID,
  engine: 'e1',
  target: HASH,
  parts: [
    {
      seed: null,
      delays: { 'hse.start.ps': 7 },
      cases: [{ no: 0, id: ID, leave: [0x08000000], fault: { kind: 'irq3', unit: 'cycles', before: 2 } }],
    },
  ],
  expected: ['dfu'],
  wall: 1000,
};
/** With the value in the place of what stands at a path of keys; undefined: without the key. */
function changed(document: unknown, path: string, value: unknown): unknown {
  const copy = structuredClone(document) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  const at = keys.reduce((o, key) => o[key] as Record<string, unknown>, copy);
  if (value === undefined) delete at[last];
  else Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

describe('work', () => {
  const good = { campaign: ID, work: WORK };
  it('is taken as it was written', async () => expect(await queuedWork(good, 'e1')).toEqual(good));
  it.each([
    ['null', null],
    ['a list', []],
    ['without a campaign', changed(good, 'campaign', undefined)],
    ['for a campaign that is the name of another key', changed(good, 'campaign', '../blob:x')],
    ['with a key that it does not have', changed(good, 'more', 1)],
    ['with the prototype as a key', changed(good, 'work.__proto__', { polluted: 1 })],
    ['with a delay of every object', changed(good, 'work.parts.0.delays.constructor', 1)],
    ['with a delay that is a text', changed(good, 'work.parts.0.delays.x', '1')],
    ['of a target that is a path', changed(good, 'work.target', '../../etc/passwd')],
    ['with a fault that does not exist', changed(good, 'work.parts.0.cases.0.fault.kind', 'melt')],
    ['with an interrupt line that no core has', changed(good, 'work.parts.0.cases.0.fault.kind', 'irq240')],
    ['with a fault that never comes', changed(good, 'work.parts.0.cases.0.fault.before', 0)],
    ['with an address beyond 32 bits', changed(good, 'work.parts.0.cases.0.leave', [2 ** 32])],
    ['without time', changed(good, 'work.wall', 0)],
    ['without an end', changed(good, 'work.wall', 1e300)],
    ['with more than an hour for a case', changed(good, 'work.wall', 3_600_001)],
    ['of another version', changed(good, 'work.engine', 'e2')],
    ['of a version that colours the terminal, or is a line of its own', changed(good, 'work.engine', '9 \x1b[31m\n0 work items done')],
    [
      'with more cases than any batch',
      changed(good, 'work.parts', new Array(3).fill({ ...WORK.parts[0]!, cases: new Array(10_000).fill(WORK.parts[0]!.cases[0]!) })),
    ],
  ])('%s is refused in a sentence', async (_what, data) => {
    await expect(queuedWork(data, 'e1')).rejects.toThrow(UsageError);
    await expect(queuedWork(data, 'e1')).rejects.toThrow(/^[\x20-\x7e…]{10,300}$/);
  });
});

describe('a target', () => {
  const job = (): RunJob => ({
    ...plainJob('STM32F072RB', [{ path: 'a.bin@0x08000000', bytes: Uint8Array.of(0, 0x20, 0, 0x20, 9, 0, 0, 8) }]),
    files: new Map([['x', Uint8Array.of(1)]]),
  });
  const { hash, blobs } = packTarget(job());
  const text = new TextDecoder().decode(blobs.get(hash));
  const bytesOf = (document: unknown): Uint8Array => strToU8(JSON.stringify(document));
  it('is taken as it was written', async () => {
    expect(await unpackTarget(hash, { has: () => true, get: (h) => blobs.get(h)!, put: () => undefined })).toEqual(job());
  });
  it.each([
    ['null', 'null', ''],
    ['no JSON', '', ''],
    ['with an image that is none', 'images.0', 7],
    ['with an image whose name is a path', 'images.0.sha256', '../../etc/passwd'],
    ['with a module to load', 'devices', 'file:///tmp/x.mjs'],
    ['with an engine to load', 'unicornJs', '/tmp/x.js'],
    ['for another engine', 'engine', 'unicorn'],
    ['with a scenario that has no such key', 'scenario.x', 1],
    ['with a scenario that is none', 'scenario', []],
    ['with a step that does not exist', 'scenario.steps', [{ do: { melt: 1 } }]],
    ['with the prototype as a key', '__proto__', { polluted: 1 }],
    ['with the prototype among its options', 'rom.options.__proto__', { polluted: 1 }],
    ['with more files than any', 'files', new Array(300).fill(['x', HASH])],
    ['with an address of another kind', 'bootAt', '0'],
  ])('%s is refused in a sentence', async (_what, path, value) => {
    const bytes = path === '' ? strToU8('{') : path === 'null' ? strToU8('null') : bytesOf(changed(JSON.parse(text), path, value));
    await expect(blobsOf(bytes)).rejects.toThrow(UsageError);
    await expect(blobsOf(bytes)).rejects.toThrow(/^.{10,400}$/);
  });
  it('that is described in more than any is not read', async () => {
    await expect(blobsOf(strToU8(`${text}${' '.repeat(2 ** 23)}`))).rejects.toThrow('is described in more than 8 MiB');
  });
  it('whose files are larger than any is not put together', async () => {
    const large = new Uint8Array(LARGEST_TARGET / 2 + 1);
    const many = { ...job(), files: new Map(['x', 'y'].map((name) => [name, Uint8Array.of(name.charCodeAt(0))])) };
    const packed = packTarget(many);
    const ofFile = new Set([...many.files.values()].map((bytes) => sha256(bytes)));
    const get = (h: string): Uint8Array => (ofFile.has(h) ? large : packed.blobs.get(h)!);
    await expect(unpackTarget(packed.hash, { has: () => true, get, put: () => undefined })).rejects.toThrow('larger than 256 MiB');
  });
  it('with a file that is larger than any is not fetched', async () => {
    const fetched: string[] = [];
    const redis = { strlen: () => Promise.resolve(2 ** 29), getBuffer: (key: string) => Promise.resolve(fetched.push(key)) };
    await expect(new RedisBlobs(redis as unknown as Redis).get(HASH)).rejects.toThrow('larger than 128 MiB');
    expect(fetched).toEqual([]);
  });
});
