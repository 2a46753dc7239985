/** Campaigns in this process: what a fork is worth, resuming, shards, what failures are grouped by. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Campaign, runCampaign, type Workers } from '../../src/campaign/campaign.ts';
import { queuedWork } from '../../src/campaign/foreign.ts';
import { casesOf, packTarget, unpackTarget, type Blobs } from '../../src/campaign/content.ts';
import type { Work } from '../../src/campaign/queued.ts';
import { Executor } from '../../src/campaign/execute.ts';
import { WorkError } from '../../src/campaign/pool.ts';
import { parseSpec, type CampaignSpec } from '../../src/campaign/spec.ts';
import { Store, type StoredTarget } from '../../src/campaign/store.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { linesInside, repeated, withDebug } from '../../tools/fuzz/debug-data.ts';
import { cli } from '../cli/helpers.ts';
import { campaignFolder, SMALL } from './helpers.ts';
import { hasRedis, Redis } from './proof.ts';
import { fixture, rows, stored } from './stored.ts';

class MapBlobs extends Map<string, Uint8Array> implements Blobs {
  override get(hash: string): Uint8Array {
    return super.get(hash)!;
  }
  put(hash: string, bytes: Uint8Array): void {
    this.set(hash, bytes);
  }
}
const executorOn = (blobs: Blobs): Executor => new Executor({ blobs, clock: () => performance.now(), prepare: () => undefined });

/** A campaign with its targets probed, and its blobs. */
async function campaignOf(more: Partial<CampaignSpec>): Promise<{ campaign: Campaign; blobs: Blobs }> {
  const spec = await parseSpec(JSON.stringify({ ...SMALL, ...more }), 'spec');
  const blobs = new MapBlobs();
  const targets: StoredTarget[] = [];
  for (const name of spec.targets.flatMap((t) => t.scenarios ?? [])) {
    const packed = packTarget(await loadJob([], { scenario: name }, '/'));
    for (const [hash, bytes] of packed.blobs) blobs.put(hash, bytes);
    targets.push({ name, chip: 'chip', hash: packed.hash, facts: await executorOn(blobs).probe(packed.hash, ['dfu'], 60_000) });
  }
  return { campaign: await Campaign.of(spec, targets, 'test', { index: 1, of: 1 }), blobs };
}
const workOf = (campaign: Campaign): Work[] => [...campaign.pending([])];
const outcomes = (cwd: string, file: string): string[] => stored(join(cwd, file));

describe('a fork', () => {
  it('comes to what the same case comes to on a machine of its own, whatever was forked before', async () => {
    const { campaign, blobs } = await campaignOf({
      targets: [{ scenarios: [fixture('f405-bare-jump')] }],
      leaveOut: 'single',
      faults: { kinds: ['systick', 'nrst'], instructions: { to: 5, step: 2 } },
      seeds: { count: 1 },
    });
    const alone = new Map<number, string>();
    const all = [...campaign.numbers()];
    for (const no of all) alone.set(no, JSON.stringify(await executorOn(blobs).run(campaign.single(no))));
    const shared = executorOn(blobs);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(all, { minLength: 4 }), async (order) => {
        for (const no of order) expect(JSON.stringify(await shared.run(campaign.single(no)))).toBe(alone.get(no));
      }),
      { numRuns: 3 },
    );
  });

  it('of an instruction that the firmware does not have is absent, which is no failure', async () => {
    const { campaign, blobs } = await campaignOf({
      faults: { kinds: ['systick'], instructions: { from: 1_000_000, to: 1_000_000 } },
      seeds: [1],
    });
    const [, faulted] = (await executorOn(blobs).run(workOf(campaign)[0]!)).map((r) => r.outcome);
    expect(faulted).toBe('absent');
    expect(campaign.expectedOf(0)).toContain('absent');
  });

  it('counts cycles and instructions back from the jump', async () => {
    const pcs = async (faults: CampaignSpec['faults']): Promise<(number | null)[]> => {
      const { campaign, blobs } = await campaignOf({ faults: faults!, seeds: [1], targets: [{ scenarios: [fixture('f405-bare-jump')] }] });
      return (await executorOn(blobs).run(workOf(campaign)[0]!)).slice(1).map((r) => r.pc);
    };
    const byInstruction = await pcs({ kinds: ['pendsv'], instructions: { to: 4 } });
    const byCycle = await pcs({ kinds: ['pendsv'], cycles: { to: 30 } });
    // each instruction takes a cycle or more: the same places, in the same order
    expect(new Set(byInstruction).size).toBe(4);
    expect([...new Set(byCycle)].slice(0, 3)).toEqual(byInstruction.slice(0, 3));
  });

  it('of an instruction in front of a sleep happens there, not while the core sleeps', async () => {
    const { campaign, blobs } = await campaignOf({
      faults: { kinds: ['systick'], instructions: { from: 30, to: 70 } },
      seeds: [1],
      targets: [{ scenarios: [fixture('f405-straight')] }],
    });
    const pcs = (await executorOn(blobs).run(workOf(campaign)[0]!)).slice(1).map((r) => r.pc);
    // the stretch has no loop to itself, but the WFI of a delay
    expect(pcs.filter((pc, i) => pc === pcs[i - 1])).toEqual([]);
  });

  it('behind one that reset the chip at the same instruction has the same cause as alone', async () => {
    const { campaign, blobs } = await campaignOf({
      faults: { kinds: ['nrst', 'nmi'], instructions: { to: 1 } },
      seeds: [1],
      targets: [{ scenarios: [fixture('f405-straight')] }],
    });
    const together = await executorOn(blobs).run(workOf(campaign)[0]!);
    const [alone] = await executorOn(blobs).run(campaign.single(2));
    expect(together[2]).toEqual(alone);
  });

  it('that takes longer than it may is an error that names it', async () => {
    const { campaign, blobs } = await campaignOf({ wall: '1ms', seeds: [1] });
    await expect(executorOn(blobs).run(campaign.single(0))).rejects.toThrow(/did not end within 0\.001 s of real time/);
  });

  it('whose time is over while debug data is read is such an error, too', async () => {
    const job = await loadJob([], { scenario: fixture('f405-own-crash') }, '/');
    const large = linesInside(5, repeated(2 ** 22, [6]));
    const images = job.images.map(({ path, bytes }) => ({ path, bytes: withDebug(bytes, large) }));
    /** Asked for the time, of which there is enough for so many times. */
    const probe = async (of: typeof job, most: number): Promise<number> => {
      const blobs = new MapBlobs();
      const packed = packTarget(of);
      for (const [hash, bytes] of packed.blobs) blobs.put(hash, bytes);
      let asked = 0;
      const executor = new Executor({ blobs, clock: () => (++asked > most ? 2 : 0), prepare: () => undefined });
      await executor.probe(packed.hash, ['dfu'], 1);
      return asked;
    };
    const plain = await probe(job, Infinity);
    expect(await probe({ ...job, images }, Infinity)).toBeGreaterThan(plain + 3);
    await expect(probe({ ...job, images }, plain + 2)).rejects.toThrow('the target as it is did not end within 0.001 s of real time');
  });
});

describe('the cause of a case', () => {
  it('is what reaches DFU when it is repaired at the entry, and nothing that need not be', async () => {
    const { campaign, blobs } = await campaignOf({ seeds: [1] });
    const executor = executorOn(blobs);
    const [asItIs, faulted] = await executor.run(workOf(campaign)[0]!);
    expect(asItIs!.group?.cause).toBe('primask remap');
    expect(await executor.prove(campaign.single(0))).toEqual(['primask']);
    // the exception that was made pending is taken as soon as PRIMASK is gone
    expect(faulted!.group?.cause).toBe('primask nvic-pending remap');
    expect(await executor.prove(campaign.single(1))).toEqual(['primask', 'nvic-pending']);
  });
  it('is not looked for where DFU was reached', async () => {
    const { campaign, blobs } = await campaignOf({ seeds: [1], targets: [{ scenarios: [fixture('f405-straight')] }] });
    expect(await executorOn(blobs).prove(campaign.single(0))).toEqual([]);
  });
});

describe('content', () => {
  it('a target is the same after its journey, and its name is that of its bytes', async () => {
    const job = await loadJob([], { scenario: fixture('f072-masked') }, '/');
    const { hash, blobs } = packTarget(job);
    expect(await unpackTarget(hash, new MapBlobs(blobs))).toEqual(job);
    expect(packTarget(job).hash).toBe(hash);
    expect(packTarget({ ...job, bootAt: 4 }).hash).not.toBe(hash);
  });
  it('each piece of work of a campaign, whatever it varies, is what a worker takes from a queue', async () => {
    const faults = { kinds: ['systick', 'irq3', 'power'], cycles: { to: 3 } };
    const delays = { factors: [0.5, 2] };
    let pieces = 0;
    for (const more of [{ leaveOut: 'pairs' }, { faults, delays }, { expect: 'same' }] as const)
      for (const work of workOf((await campaignOf(more)).campaign)) {
        // as the queue's server keeps it
        const entry = JSON.parse(JSON.stringify({ campaign: '0'.repeat(32), work })) as unknown;
        expect(await queuedWork(entry, 'test')).toEqual(entry);
        pieces++;
      }
    expect(pieces).toBeGreaterThan(3);
  });
  it('a case has another name with another version, target, seed, step or fault, and no other one has its name', async () => {
    const { campaign } = await campaignOf({ leaveOut: 'single' });
    const ids = workOf(campaign).flatMap((w) => casesOf(w).map((c) => c.id));
    expect(new Set(ids).size).toBe(campaign.total);
    const other = await Campaign.of(campaign.spec, campaign.targets, 'another version', { index: 1, of: 1 });
    expect(
      workOf(other)
        .flatMap((w) => casesOf(w).map((c) => c.id))
        .filter((id) => ids.includes(id)),
    ).toEqual([]);
  });
});

describe('a campaign', () => {
  it('in shards comes to what it comes to in one, and reports are written', async () => {
    const cwd = campaignFolder(SMALL);
    const all = await cli(
      ['campaign', 'spec.json', '--out', 'all.sqlite', '--html', 'map.html', '--junit', 'j.xml', '--parquet', 'p.parquet'],
      { cwd },
    );
    expect(all.code).toBe(1);
    expect(all.out).toMatch(/14 cases failed in \d ways?:\n +\d+ x rom-silent; broken: primask.*\n? *.*proved: primask/);
    for (const i of [1, 2, 3]) await cli(['campaign', 'spec.json', '--out', `${i}.sqlite`, '--shard', `${i}/3`], { cwd });
    const merged = await cli(['campaign', 'spec.json', '--out', 'm.sqlite', ...[1, 2, 3].flatMap((i) => ['--merge', `${i}.sqlite`])], {
      cwd,
    });
    expect(merged.err).toContain('14 of 14 cases');
    expect(outcomes(cwd, 'm.sqlite')).toEqual(outcomes(cwd, 'all.sqlite'));
    expect(outcomes(cwd, '2.sqlite').length).toBe(5);

    expect(readFileSync(join(cwd, 'map.html'), 'utf8')).toMatch(
      /14 of 14 cases, 14 failed.*all as expected.*<table class="map"><caption>[^<(]+\(left to right: \d+ to 6 before the jump\)/s,
    );
    expect(readFileSync(join(cwd, 'j.xml'), 'utf8')).toMatch(/<failure message="\d+ cases: rom-silent/);
    const bytes = readFileSync(join(cwd, 'p.parquet'));
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const table = await parquetReadObjects({ file: buffer });
    expect(table.map((r) => [Number(r['no']), r['outcome'], Number(r['cycles'])])).toEqual(
      rows(join(cwd, 'all.sqlite'), 'SELECT no, outcome, cycles FROM results ORDER BY no').map((r) => [r['no'], r['outcome'], r['cycles']]),
    );
  });

  it.each([['--plan'], ['--case', '0'], ['--quiet']])('whose `wall` is too short for a target as it is says so: %s', async (...args) => {
    const cwd = campaignFolder({ ...SMALL, wall: '0s' });
    const ran = await cli(['campaign', 'spec.json', ...args], { cwd });
    const why = 'the target as it is did not end within 0.001 s of real time; allow more with "wall" in the campaign';
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/^bootbench: STM32F072RB [^\n]*\n$/) as string });
    expect(ran.err).toContain(why);
    expect(existsSync(join(cwd, 'spec.sqlite'))).toBe(false);
  });

  it('whose `wall` no worker of a queue would take is refused before the queue is looked for', async () => {
    const cwd = campaignFolder({ ...SMALL, wall: '3600.1s' });
    const ran = await cli(['campaign', 'spec.json', '--queue', 'redis://127.0.0.1:1'], { cwd });
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('spec.json: wall: over a queue a case has at most 3600 s')]);
  });

  it.skipIf(!hasRedis())(
    'over a queue that is interrupted says how to go on over it, without the password',
    async () => {
      const cwd = campaignFolder(SMALL);
      const redis = await new Redis().start();
      onTestFinished(() => redis.end());
      redis.cli('config', 'set', 'requirepass', 'secret');
      const queue = redis.url.replace('//', '//:secret@');
      let raise = (): void => undefined;
      const ran = cli(['campaign', 'spec.json', '--queue', queue, '--shard', '1/2'], {
        cwd,
        onInterrupt: (signal) => (raise = signal),
      });
      await vi.waitFor(() => expect(redis.cli('-a', 'secret', 'HLEN', 'bootbench:campaigns')).toBe('1'), { timeout: 20_000 });
      raise();
      const { code, err } = await ran;
      expect(code).toBe(130);
      expect(err).toContain(
        `remain: bootbench campaign spec.json --out spec.sqlite --shard 1/2 --queue '${redis.url.replace('//', '//…@')}' --resume\n`,
      );
    },
    60_000,
  );

  it('that is complete is not run again; one whose image, spec or shard has changed is not mixed', async () => {
    const cwd = campaignFolder(SMALL);
    await cli(['campaign', 'spec.json'], { cwd });
    expect((await cli(['campaign', 'spec.json'], { cwd })).err).toMatch(/exists; --resume continues it/);
    const again = await cli(['campaign', 'spec.json', '--resume', '--progress'], { cwd });
    expect(again.err).toMatch(/^14 of 14 \(100 %\)/);
    expect((await cli(['campaign', 'spec.json', '--resume', '--shard', '1/2'], { cwd })).err).toMatch(
      /cannot be resumed: it is for another shard/,
    );
    const other = campaignFolder({ ...SMALL, seeds: { count: 3 } });
    const { code, err } = await cli(['campaign', join(other, 'spec.json'), '--out', 'spec.sqlite', '--resume'], { cwd });
    expect([code, err]).toEqual([2, expect.stringMatching(/cannot be resumed: the campaign has changed since; --overwrite/)]);
  });

  it('without faults and seeds has a map that names neither', async () => {
    const cwd = campaignFolder({ schema: SMALL.schema, targets: SMALL.targets, expect: 'same' });
    expect((await cli(['campaign', 'spec.json', '--html', 'map.html', '--quiet'], { cwd })).code).toBe(0);
    const page = readFileSync(join(cwd, 'map.html'), 'utf8');
    expect(page).toMatch(/<table class="map"><caption>[^<(]+<\/caption>/);
  });

  it('tells of one case what it is and what comes of it, as it was stored', async () => {
    const cwd = campaignFolder(SMALL);
    await cli(['campaign', 'spec.json'], { cwd });
    const { code, out } = await cli(['campaign', 'spec.json', '--case', '9'], { cwd });
    const [row] = rows(join(cwd, 'spec.sqlite'), "SELECT outcome, cycles, printf('0x%08x', pc) AS pc FROM results WHERE no = 9");
    expect(code).toBe(1);
    expect(out).toMatch(/fault +systick, 2 instructions before the jump\n/);
    expect(out).toMatch(
      new RegExp(`at +${String(row!['pc'])}\n(.*\n)*outcome +${String(row!['outcome'])} .*\n.*cycle ${String(row!['cycles'])}\n`),
    );
  });

  it('that expects what each target does anyway fails where that changes', async () => {
    const cwd = campaignFolder({ ...SMALL, expect: 'same', faults: { kinds: ['power'], instructions: { to: 2 } } });
    const { out } = await cli(['campaign', 'spec.json'], { cwd });
    expect(rows(join(cwd, 'spec.sqlite'), 'SELECT count(grp) AS failed FROM results WHERE fault IS NULL')).toEqual([{ failed: 0 }]);
    expect(out).not.toContain('rom-silent;');
  });
});

it.skipIf(process.platform === 'win32')('results have the permissions that every output has', async () => {
  const path = join(campaignFolder(''), 'r.sqlite');
  const before = process.umask(0o027);
  try {
    (await Store.open(path, false)).close();
  } finally {
    process.umask(before);
  }
  expect((statSync(path).mode & 0o777).toString(8)).toBe('640');
});

describe('work that cannot be done', () => {
  const run = async (work: Workers['work'], attempts = 3): Promise<{ store: Store; calls: number; total: number }> => {
    const { campaign, blobs } = await campaignOf({});
    const executor = executorOn(blobs);
    const store = await Store.open(join(campaignFolder(''), 'r.sqlite'), false);
    store.begin({ identity: campaign.identity }, campaign.targets);
    let calls = 0;
    const workers: Workers = {
      window: 2,
      attempts,
      work: async (w) => {
        calls++;
        await work(w);
        return executor.run(w);
      },
    };
    await runCampaign(campaign, store, workers, { stop: new AbortController().signal, backOff: () => 0 });
    return { store, calls, total: campaign.total };
  };
  const poisoned = (w: Work): boolean => casesOf(w).some((c) => c.no === 5);

  it('is halved down to its case, which is tried again and set aside; all others have a result', async () => {
    const { store, calls, total } = await run((w) => (poisoned(w) ? Promise.reject(new Error('the worker died')) : Promise.resolve([])));
    expect(store.aside().map((a) => [a.no, a.attempts, a.evidence])).toEqual([[5, 3, expect.stringContaining('the worker died')]]);
    expect([...store.doneNumbers()]).toEqual(Array.from({ length: total }, (_, i) => i).filter((no) => no !== 5));
    // 14 cases: 14, 7, 7 … down to one, and that one three times
    expect(calls).toBeLessThan(14);
    store.close();
  });
  it('is left when it is told to stop, and what comes too late is not written', async () => {
    const { campaign, blobs } = await campaignOf({});
    const store = await Store.open(join(campaignFolder(''), 'r.sqlite'), false);
    store.begin({ identity: campaign.identity }, campaign.targets);
    const stop = new AbortController();
    let answer: (results: Awaited<ReturnType<Workers['work']>>) => void = () => undefined;
    let asked: Work | null = null;
    const work: Workers['work'] = (w) => {
      asked = w;
      return new Promise((settle) => (answer = settle));
    };
    const all = runCampaign(campaign, store, { window: 1, attempts: 1, work }, { stop: stop.signal });
    await vi.waitUntil(() => asked !== null);
    stop.abort();
    expect(await all).toMatchObject({ done: 0, aside: 0 });
    answer(await executorOn(blobs).run(asked!));
    await new Promise((turn) => setTimeout(turn, 400));
    expect([...store.doneNumbers()]).toEqual([]);
    store.close();
  });
  it('for a reason that would come again is not tried again', async () => {
    const error = new WorkError({ ok: false, usage: false, message: 'a defect', stack: 'a defect\n  at code' });
    const { store } = await run((w) => (poisoned(w) ? Promise.reject(error) : Promise.resolve([])));
    expect(store.aside().map((a) => [a.no, a.attempts, a.evidence])).toEqual([[5, 1, 'a defect\n  at code']]);
    store.close();
  });
  it('is none whose answer has the numbers of other cases', async () => {
    const { campaign, blobs } = await campaignOf({});
    const executor = executorOn(blobs);
    const store = await Store.open(join(campaignFolder(''), 'r.sqlite'), false);
    store.begin({ identity: campaign.identity }, campaign.targets);
    const work: Workers['work'] = async (w) => (await executor.run(w)).map((r) => (r.no === 5 ? { ...r, no: 6 } : r));
    await runCampaign(campaign, store, { window: 1, attempts: 1, work }, { stop: new AbortController().signal });
    expect(store.aside().map((one) => one.no)).toEqual([5]);
    expect([store.conflicts, [...store.doneNumbers()].length]).toEqual([0, campaign.total - 1]);
    store.close();
  });
  it('a worker that dies now and then costs nothing but time', async () => {
    let n = 0;
    const { store, total } = await run(() => (++n % 3 === 0 ? Promise.reject(new Error('killed')) : Promise.resolve([])));
    expect([store.aside(), [...store.doneNumbers()].length]).toEqual([[], total]);
    store.close();
  });
});

describe('results', () => {
  it('that come again change nothing; that differ are counted', async () => {
    const { campaign, blobs } = await campaignOf({});
    const [work] = workOf(campaign);
    const results = await executorOn(blobs).run(work!);
    const row = (i: number, cycles = 0) => ({
      one: campaign.space.at(results[i]!.no),
      steps: campaign.targets[0]!.facts.steps,
      result: { ...results[i]!, cycles: results[i]!.cycles + cycles },
    });
    const path = join(campaignFolder(''), 'r.sqlite');
    const store = await Store.open(path, false);
    store.begin({}, campaign.targets);
    store.add([row(0), row(1)]);
    store.add([row(0), row(1), row(2)]);
    expect([store.repeated, store.conflicts]).toEqual([2, 0]);
    store.add([row(0, 1)]);
    expect([store.repeated, store.conflicts]).toEqual([2, 1]);
    store.close();
    expect(stored(path)).toHaveLength(3);
  });

  it('on a disk that is full are told in one line, stay as they were, and are gone on with when there is room', async () => {
    const path = join(campaignFolder(''), 'r.sqlite');
    const store = await Store.open(path, false);
    store.begin({ a: 'b' }, []);
    const aside = (no: number) => ({ no, id: '00', target: 0, attempts: 3, evidence: 'x'.repeat(9_000) });
    store.add([], [aside(1)]);
    const [{ page_count: pages }] = store.all<{ page_count: number }>('PRAGMA page_count') as [{ page_count: number }];
    store.all(`PRAGMA max_page_count = ${pages + 1}`);
    const full = expect.objectContaining({
      message: `${path} cannot be written: the disk is full, or fails; make room; --resume goes on with what was stored`,
    }) as Error;
    expect(() => store.add([], [aside(2)])).toThrow(full);
    store.close();
    expect(readdirSync(join(path, '..')).filter((name) => name.startsWith('r.'))).toEqual(['r.sqlite']);

    const again = await Store.open(path, true);
    again.add([], [aside(3)]);
    expect(again.aside().map(({ no }) => no)).toEqual([1, 3]);
    again.close();
  });

  it('are written by one process at a time, and a writer that is gone does not lock them', async () => {
    const { writeFileSync, mkdirSync } = await import('node:fs');
    const path = join(campaignFolder(''), 'r.sqlite');
    const store = await Store.open(path, false);
    store.begin({ a: 'b' }, []);
    store.close();
    mkdirSync(`${path}.lock`);
    writeFileSync(`${path}.writer`, String(process.ppid));
    await expect(Store.open(path, true)).rejects.toThrow(/is being written by process/);
    writeFileSync(`${path}.writer`, '999999999');
    const again = await Store.open(path, true);
    expect(again.meta('a')).toBe('b');
    again.close();
  });
  it('are made where only the lock of those that were removed is left, and a lock beside them is named', async () => {
    const path = join(campaignFolder(''), 'r.sqlite');
    mkdirSync(`${path}.lock`);
    const store = await Store.open(path, false);
    store.begin({ a: 'b' }, []);
    store.close();
    mkdirSync(`${path}.lock`);
    await expect(Store.open(path, true)).rejects.toThrow(`${path} is locked by ${path}.lock; remove that folder if no other program`);
    rmSync(path);
    writeFileSync(join(`${path}.lock`, 'x'), '');
    await expect(Store.open(path, false)).rejects.toThrow(`${path} is locked by ${path}.lock`);
    expect(existsSync(`${path}.writer`)).toBe(false);
  });

  it.each(['.writer', '-journal'])('do not follow a link in the place of r.sqlite%s, and leave a folder there alone', async (suffix) => {
    const { mkdirSync, symlinkSync, writeFileSync } = await import('node:fs');
    const cwd = campaignFolder(SMALL);
    writeFileSync(join(cwd, 'victim'), 'precious');
    symlinkSync('victim', join(cwd, `r.sqlite${suffix}`));
    const store = await Store.open(join(cwd, 'r.sqlite'), false);
    store.begin({ a: 'b' }, []);
    // nor is one followed that comes later
    expect(existsSync(join(cwd, 'r.sqlite-journal'))).toBe(true);
    store.close();
    expect(readFileSync(join(cwd, 'victim'), 'utf8')).toBe('precious');
    mkdirSync(join(cwd, `f.sqlite${suffix}`));
    const ran = await cli(['campaign', 'spec.json', '--out', 'f.sqlite'], { cwd });
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(`f.sqlite${suffix} is no file`)]);
  });
  it('that another process writes are not removed by one that is refused', async () => {
    const { writeFileSync } = await import('node:fs');
    const cwd = campaignFolder(SMALL);
    for (const args of [[], ['--overwrite']]) {
      // it has made its number and, with the second, its file
      writeFileSync(join(cwd, 'r.sqlite.writer'), String(process.ppid));
      if (args.length > 0) writeFileSync(join(cwd, 'r.sqlite'), '');
      const ran = await cli(['campaign', 'spec.json', '--out', 'r.sqlite', ...args], { cwd });
      expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('is being written by process')]);
      expect([existsSync(join(cwd, 'r.sqlite')), existsSync(join(cwd, 'r.sqlite.writer'))]).toEqual([args.length > 0, true]);
    }
  });
  it.each([
    ['another shard that is not there', ['--merge', 'none.sqlite'], 2],
    ['a queue that does not answer', ['--queue', 'redis://127.0.0.1:1'], 4],
  ])('stay where --overwrite is refused for %s', async (_what, args, code) => {
    const { readdirSync, readFileSync } = await import('node:fs');
    const cwd = campaignFolder(SMALL);
    expect((await cli(['campaign', 'spec.json', '--out', 'r.sqlite', '--quiet'], { cwd })).code).toBeLessThan(2);
    const before = [readdirSync(cwd), readFileSync(join(cwd, 'r.sqlite'))];
    const ran = await cli(['campaign', 'spec.json', '--out', 'r.sqlite', '--overwrite', ...args], { cwd });
    expect(ran.code).toBe(code);
    expect([readdirSync(cwd), readFileSync(join(cwd, 'r.sqlite'))]).toEqual(before);
  });
  it('are written where a full disk has left an empty number of a writer', async () => {
    const { writeFileSync } = await import('node:fs');
    const path = join(campaignFolder(''), 'r.sqlite');
    writeFileSync(`${path}.writer`, '');
    const store = await Store.open(path, false);
    store.begin({ a: 'b' }, []);
    store.close();
    expect(existsSync(`${path}.writer`)).toBe(false);
  });
  it('may be none: a file that was made and never written, because its writer was killed, is gone on with', async () => {
    const { writeFileSync } = await import('node:fs');
    const path = join(campaignFolder(''), 'r.sqlite');
    writeFileSync(path, '');
    const store = await Store.open(path, true);
    expect(store.meta('identity')).toBeNull();
    store.begin({ a: 'b' }, []);
    store.close();
    expect((await Store.open(path, true)).meta('a')).toBe('b');
  });
  it('of a database that another program made are none', async () => {
    const { Database } = (await import('node-sqlite3-wasm')).default;
    const path = join(campaignFolder(''), 'r.sqlite');
    const db = new Database(path);
    db.exec('CREATE TABLE mine (n INTEGER)');
    db.close();
    await expect(Store.open(path, true)).rejects.toThrow(/holds no results of a campaign/);
  });
});
