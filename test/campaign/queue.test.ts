/** A campaign over a queue, against a real Redis on loopback. The full proof: `npm run campaign:proof`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlobFolder } from '../../src/campaign/blob-folder.ts';
import { packTarget } from '../../src/campaign/content.ts';
import { serveQueue } from '../../src/campaign/queue-worker.ts';
import { plainJob } from '../bench/plain-job.ts';
import { builtProgram } from '../built.ts';
import { FIRMWARE } from '../cli/helpers.ts';
import { campaignFolder, SMALL } from './helpers.ts';
import { fixture, rows, stored } from './stored.ts';
import { disturbed, expectSame, hasRedis, otherVersion, poisonFor, ran, Redis, run, start, until } from './proof.ts';

const required = process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1';
const there = hasRedis();
if (required && !there) throw new Error('redis-server is missing');

const SPEC = { ...SMALL, faults: { kinds: ['systick', 'nmi'], instructions: { to: 30 } }, seeds: { count: 2 } };
const CASES = 61 * 2;

let dist = '';
/** What the campaign comes to when nothing disturbs it, and what a small one does. */
let whole = '';
let small = '';
beforeAll(() => {
  dist = builtProgram();
  const folder = mkdtempSync(join(tmpdir(), 'bootbench-test-'));
  const undisturbed = (name: string, spec: unknown): string => {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(spec));
    // one process: each other one begins with the same cold code
    expect(run(dist, folder, ['campaign', `${name}.json`, '--jobs', '1']).code).toBe(1);
    return join(folder, `${name}.sqlite`);
  };
  whole = undisturbed('whole', SPEC);
  small = undisturbed('small', SMALL);
});
afterAll(() => {
  for (const folder of [dist, `${dist}-other`, dirname(whole)]) rmSync(folder, { recursive: true, force: true });
});

describe('on this machine alone', () => {
  it('a campaign that is killed goes on where it was, and its results are the same', async () => {
    const cwd = campaignFolder(SPEC);
    const args = ['campaign', 'spec.json', '--out', 'killed.sqlite', '--batch', '24', '--jobs', '1', '--progress'];
    for (const ms of [700, 2500]) {
      const { process, ended } = start(dist, cwd, [...args, ...(ms === 700 ? [] : ['--resume'])]);
      setTimeout(() => process.kill('SIGKILL'), ms);
      await ended;
    }
    const { code, text } = run(dist, cwd, [...args, '--resume']);
    expect([code, text]).toEqual([1, expect.stringContaining(`${CASES} of ${CASES} cases`)]);
    expectSame(whole, join(cwd, 'killed.sqlite'), CASES);
  });

  it('a worker without work ends at the first signal, though its server has fallen silent', async ({ onTestFinished }) => {
    const redis = await new Redis().start();
    try {
      const worker = start(dist, campaignFolder(SMALL, onTestFinished), ['worker', '--queue', redis.url, '--jobs', '1']);
      await until('the worker', () => worker.text().includes('at once'));
      redis.silence();
      // it asks for other campaigns every 2 s, and waits for that answer then
      await new Promise((go) => setTimeout(go, 3_000));
      worker.process.kill('SIGTERM');
      expect(await worker.ended).toBe(0);
    } finally {
      await redis.end();
    }
  });

  it('a case that kills its worker is tried again, set aside with its evidence, and all others are done', () => {
    const cwd = campaignFolder(SMALL);
    const [{ id }] = rows(small, 'SELECT lower(hex(id)) AS id FROM results WHERE no = 9') as [{ id: string }];
    const { code, text } = run(dist, cwd, ['campaign', 'spec.json', '--out', 'poisoned.sqlite', '--junit', 'j.xml'], poisonFor(cwd, id));
    expect(code).toBe(1);
    expect(text).toMatch(/1 case set aside.*\n.*after 3 attempts: .*exited unexpectedly.*\n.*--case 9/);
    const aside = rows(join(cwd, 'poisoned.sqlite'), 'SELECT no, attempts, evidence FROM aside');
    expect(aside).toEqual([{ no: 9, attempts: 3, evidence: expect.stringContaining('exited unexpectedly') }]);
    expect(stored(join(cwd, 'poisoned.sqlite'))).toEqual(stored(small).filter((_, no) => no !== 9));
  });
});

// beside each other, each with a Redis of its own: they wait most of the time
describe.skipIf(!there)('over a queue (redis-server)', { concurrent: true }, () => {
  it('with workers, submitter and Redis killed: every case has one result, that of the run without faults', async ({ onTestFinished }) => {
    const cwd = campaignFolder(SPEC, onTestFinished);
    const done = await disturbed(dist, cwd, CASES, 2500, 3);
    expect(done.workersKilled).toBeGreaterThan(0);
    expect([done.redisRestarts, done.submittersKilled]).toEqual([1, 1]);
    expectSame(whole, join(cwd, 'queue.sqlite'), CASES);
  });

  it('a worker of another version is refused and does nothing; images are there once', async ({ onTestFinished }) => {
    const spec = { ...SMALL, targets: [{ scenarios: [fixture('f072-masked'), fixture('f072-masked-os')] }] };
    const cwd = campaignFolder(spec, onTestFinished);
    const redis = await new Redis().start();
    try {
      const submitter = start(dist, cwd, ['campaign', 'spec.json', '--queue', redis.url]);
      await until('the submitter', () => redis.cli('HLEN', 'bootbench:campaigns') === '1');
      const other = await ran(otherVersion(dist), cwd, ['worker', '--queue', redis.url]);
      expect([other.code, other.text]).toEqual([
        2,
        expect.stringMatching(/refused: a campaign was submitted by version (\S+), this worker is (?!\1)/),
      ]);
      const worker = await ran(dist, cwd, ['worker', '--queue', redis.url, '--jobs', '1', '--idle-exit', '3s']);
      expect([worker.code, worker.text]).toEqual([0, expect.stringMatching(/[1-9]\d* work items done/)]);
      expect(await submitter.ended).toBe(1);
      // two images, one ROM, two targets
      expect(redis.cli('--scan', '--pattern', 'bootbench:blob:*').split('\n')).toHaveLength(5);
      expect(rows(join(cwd, 'spec.sqlite'), 'SELECT count(*) AS n FROM results')).toEqual([{ n: 28 }]);
    } finally {
      await redis.end();
    }
  });

  it('work that has no end in the time that a worker has after its signal goes back, neither lost nor failed', async ({
    onTestFinished,
  }) => {
    const cwd = campaignFolder(SMALL, onTestFinished);
    const redis = await new Redis().start();
    const connection = { host: '127.0.0.1', port: redis.port };
    const queue = new Queue('work-e1', { connection, prefix: 'bootbench' });
    try {
      const { hash, blobs } = packTarget(plainJob('STM32F072RB', [{ path: 'a.bin@0x08000000', bytes: FIRMWARE }]));
      const folder = new BlobFolder(cwd);
      for (const [name, bytes] of blobs) folder.put(name, bytes);
      const id = '0'.repeat(32);
      const work = { id, engine: 'e1', target: hash, parts: [{ seed: null, delays: {}, cases: [] }], expected: [], wall: 1000 };
      await queue.add('work', { campaign: id, work }, { jobId: id });
      const says: string[] = [];
      const serve = (does: () => Promise<never[]>, stop: AbortSignal, idleMs: number | null): Promise<number> => {
        const worker = { probe: () => Promise.reject(new Error()), work: does, prove: does, close: () => Promise.resolve() };
        const say = (text: string): void => void says.push(text);
        return serveQueue(redis.url, { engine: 'e1', size: 1, folder, worker, idleMs, lastWorkMs: 300, say }, stop);
      };
      const stop = new AbortController();
      const endless = (): Promise<never[]> => {
        setTimeout(() => stop.abort(), 50);
        return new Promise(() => undefined);
      };
      expect(await serve(endless, stop.signal, null)).toBe(0);
      expect(says.slice(1)).toEqual([
        'ending after the work under way, at the latest in 0.3 s; Ctrl-C again ends at once',
        'work that was not done in time was given back to the queue: 1',
      ]);
      expect(await queue.getJobCounts('waiting', 'active', 'failed')).toEqual({ waiting: 1, active: 0, failed: 0 });
      const job = (await queue.getJob(id))!;
      expect([job.attemptsMade, job.stalledCounter]).toEqual([0, 0]);
      expect(await serve(() => Promise.resolve([]), new AbortController().signal, 1000)).toBe(1);
      expect(await queue.getJobState(id)).toBe('completed');
    } finally {
      await queue.close();
      await redis.end();
    }
  });

  it('a case that kills its worker is tried three times and set aside, and the campaign ends', async ({ onTestFinished }) => {
    const cwd = campaignFolder(SMALL, onTestFinished);
    const [{ id }] = rows(small, 'SELECT lower(hex(id)) AS id FROM results WHERE no = 3') as [{ id: string }];
    const redis = await new Redis().start();
    const worker = start(dist, cwd, ['worker', '--queue', redis.url, '--jobs', '1'], poisonFor(cwd, id));
    try {
      const { code, text } = await ran(dist, cwd, ['campaign', 'spec.json', '--queue', redis.url, '--out', 'queue.sqlite']);
      expect([code, text]).toEqual([1, expect.stringMatching(/1 case set aside.*\n.*after 3 attempts/)]);
      const aside = rows(join(cwd, 'queue.sqlite'), 'SELECT no, attempts, evidence FROM aside');
      expect(aside).toEqual([{ no: 3, attempts: 3, evidence: expect.stringMatching(/exited unexpectedly/) }]);
      expect(stored(join(cwd, 'queue.sqlite'))).toEqual(stored(small).filter((_, no) => no !== 3));
    } finally {
      worker.process.kill('SIGKILL');
      await redis.end();
    }
  });
});
