/** Processes that do the work of a campaign. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { Pool } from '../../src/campaign/pool.ts';
import { campaignFolder } from './helpers.ts';

/** A pool whose workers load this script. */
function poolOf(script: string, startMs: number, stop?: AbortSignal): Promise<Pool> {
  const folder = campaignFolder('');
  const file = join(folder, 'worker.mjs');
  writeFileSync(file, script);
  return Pool.open(pathToFileURL(file), 1, folder, startMs, stop);
}
const ANSWERS = 'export default () => ({ ok: true, value: null });';

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
  ])('that %s is an error', async (_name, script, ms, error) => {
    await expect(poolOf(script, ms)).rejects.toEqual(error);
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
  it('that answers is taken', async () => {
    await (await poolOf(ANSWERS, 60_000)).close();
  });
});
