/** What other programs, or other versions, write into the queue's server. */
import type { Redis } from 'ioredis';
import { gzipSync, strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { SurroundingsError } from '../../src/bench/documents/usage-error.ts';
import { campaignsUnderWay, decodeResult, encodeResult } from '../../src/campaign/queue.ts';

const packed = (text: string): Uint8Array => gzipSync(strToU8(text));

describe('a result', () => {
  it('is read as it was written', () => expect(decodeResult(encodeResult({ work: 'a', results: [] }))).toEqual({ work: 'a', results: [] }));
  it.each([
    ['no gzip', strToU8('{"work":"a","results":[]}')],
    ['too short', new Uint8Array(3)],
    ['no JSON', packed('{')],
    ['null', packed('null')],
    ['a list', packed('[]')],
    ['without its work', packed('{"results":[]}')],
    ['with results that are none', packed('{"work":"a","results":7}')],
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
    const all = { a: own, b: 'x', c: 'null', d: '7', e: '{"engine":1,"at":2}', f: '{"at":1}' };
    expect(await campaignsUnderWay(server(() => Promise.resolve(all)))).toEqual(['e1']);
  });
  it('that is no list is a server that something else uses, not a defect', async () => {
    const wrong = server(() => Promise.reject(new Error('WRONGTYPE Operation against a key holding the wrong kind of value')));
    await expect(campaignsUnderWay(wrong)).rejects.toThrow(SurroundingsError);
    await expect(campaignsUnderWay(wrong)).rejects.toThrow('the queue holds something else under bootbench:campaigns');
  });
});
