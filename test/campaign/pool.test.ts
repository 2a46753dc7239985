/** Processes that do the work of a campaign. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { Pool } from '../../src/campaign/pool.ts';
import { withinWall } from '../../src/cli/campaign.ts';
import { campaignFolder } from './helpers.ts';

/** A pool whose workers load this script. */
function poolOf(script: string, startMs: number, stop?: AbortSignal): Promise<Pool> {
  const folder = campaignFolder('');
  const file = join(folder, 'worker.mjs');
  writeFileSync(file, script);
  return Pool.open(pathToFileURL(file), 1, folder, startMs, stop);
}
const ANSWERS = `process.on('message', () => process.send({ kind: 'answer', answer: { ok: true, value: null } })); process.send({ kind: 'ready' });`;

describe('a worker process', () => {
  it.each([
    [
      'never gets ready',
      `await new Promise((go) => setTimeout(go, 600_000)); ${ANSWERS}`,
      2_000,
      // exit 4: the machine has no time for it, or somebody has stopped it
      expect.objectContaining({ code: 'surroundings', message: expect.stringMatching(/did not answer within 2 s.*--jobs 1/) }),
    ],
    [
      'ends while it starts',
      `process.exit(1); ${ANSWERS}`,
      60_000,
      expect.objectContaining({ message: expect.stringMatching(/could be started: .*exited unexpectedly/) }),
    ],
    [
      'cannot be loaded',
      `import './not-there.mjs'; ${ANSWERS}`,
      60_000,
      expect.objectContaining({ message: expect.stringMatching(/could be started: .*not-there/) }),
    ],
    [
      'gets no file handles while it is loaded',
      `throw Object.assign(new Error("EMFILE: too many open files, open 'a.js'"), { code: 'EMFILE', syscall: 'open' }); ${ANSWERS}`,
      60_000,
      expect.objectContaining({
        code: 'surroundings',
        message: expect.stringMatching(/^no worker process could be started: too many open files; allow more.*--jobs 1$/),
      }),
    ],
    [
      'is ended by Node for want of threads',
      `process.abort(); ${ANSWERS}`,
      60_000,
      expect.objectContaining({ code: 'surroundings', message: expect.stringMatching(/it was ended by SIGABRT; allow more processes/) }),
    ],
  ])('that %s is an error', async (_name, script, ms, error) => {
    await expect(poolOf(script, ms)).rejects.toEqual(error);
  });
  it('that this user may not run is an error of the surroundings', async () => {
    const node = process.execPath;
    process.execPath = join(campaignFolder(''), 'node');
    writeFileSync(process.execPath, '');
    try {
      const message = expect.stringMatching(/^no worker process could be started: permission denied; may this user run /);
      await expect(poolOf(ANSWERS, 60_000)).rejects.toEqual(expect.objectContaining({ code: 'surroundings', message }));
    } finally {
      process.execPath = node;
    }
  });
  it('that is not up yet ends with the signal, and nobody waits for it', async () => {
    const stop = new AbortController();
    const folder = campaignFolder('');
    const begun = join(folder, 'begun');
    const opening = poolOf(
      `import { writeFileSync } from 'node:fs';
       writeFileSync(${JSON.stringify(begun)}, String(process.pid));
       await new Promise((go) => setTimeout(go, 600_000)); ${ANSWERS}`,
      600_000,
      stop.signal,
    );
    await vi.waitFor(() => expect(existsSync(begun)).toBe(true), 30_000);
    stop.abort();
    await expect(opening).rejects.toThrow('no worker process could be started');
    const pid = Number(readFileSync(begun, 'utf8'));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), 30_000);
  }, 60_000);
  it('whose system fails in the middle of work is no crash of a case', async () => {
    const failing = `process.on('message', () => process.send({ kind: 'answer', answer: { ok: false, usage: false, message: 'EMFILE: open', stack: '', code: 'EMFILE' } }));
      process.send({ kind: 'ready' });`;
    const pool = await poolOf(failing, 60_000);
    await expect(pool.probe('target', [], 1)).rejects.toThrow(/^a worker process cannot go on: too many open files; allow more/);
    await pool.close();
  });
  it('that ends at work is replaced for the next; where no other one starts, that is told', async () => {
    const folder = campaignFolder('');
    const file = join(folder, 'worker.mjs');
    const dies = `process.on('message', () => process.exit(7)); process.send({ kind: 'ready' });`;
    writeFileSync(file, dies);
    const pool = await Pool.open(pathToFileURL(file), 2, folder, 60_000);
    await expect(pool.probe('target', [], 1)).rejects.toThrow('exited unexpectedly, exit code 7');
    await expect(pool.probe('target', [], 1)).rejects.toThrow('exited unexpectedly, exit code 7');
    writeFileSync(file, 'process.abort();');
    const all = await Promise.allSettled([1, 2, 3].map(() => pool.probe('target', [], 1)));
    expect(all.map((one) => one.status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(pool.probe('target', [], 1)).rejects.toThrow(/no worker process could be started: it was ended by SIGABRT/);
    writeFileSync(file, ANSWERS);
    await expect(pool.probe('target', [], 1)).resolves.toBeNull();
    await pool.close();
  }, 60_000);
  it('that does not answer in time is told with what it was given, which may be the cause', async () => {
    const pool = await poolOf(`process.on('message', () => undefined); process.send({ kind: 'ready' });`, 60_000);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const probed = withinWall(pool.probe('target', [], 3_000), 'STM32F405RG lines.elf');
      const told = expect(probed).rejects.toMatchObject({
        code: 'surroundings',
        message: expect.stringMatching(
          /^STM32F405RG lines\.elf: a worker process did not answer within 33 s and was ended; this firmware keeps it busy past "wall", or is the machine overloaded\?/,
        ) as string,
      });
      await vi.advanceTimersByTimeAsync(33_000);
      await told;
    } finally {
      vi.useRealTimers();
    }
    await pool.close();
  }, 60_000);
  it('that answers is taken', async () => {
    await (await poolOf(ANSWERS, 60_000)).close();
  });
});
