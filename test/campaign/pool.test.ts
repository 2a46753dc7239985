/** Processes that do the work of a campaign. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Pool } from '../../src/campaign/pool.ts';
import { campaignFolder } from './helpers.ts';

/** A pool whose workers load this script. */
function poolOf(script: string, startMs: number): Promise<Pool> {
  const folder = campaignFolder('');
  const file = join(folder, 'worker.mjs');
  writeFileSync(file, script);
  return Pool.open(pathToFileURL(file), 1, folder, startMs);
}
const ANSWERS = 'export default () => ({ ok: true, value: null });';

describe('a worker process', () => {
  it.each([
    [
      'never gets ready',
      `await new Promise((go) => setTimeout(go, 600_000)); ${ANSWERS}`,
      2_000,
      /could be started: .*did not answer within 2 s/,
    ],
    ['ends while it starts', `process.exit(1); ${ANSWERS}`, 60_000, /could be started: .*exited unexpectedly/],
    ['cannot be loaded', `import './not-there.mjs'; ${ANSWERS}`, 60_000, /could be started: .*not-there/],
  ])('that %s is an error', async (_name, script, ms, message) => {
    await expect(poolOf(script, ms)).rejects.toThrow(message);
  });
  it('that answers is taken', async () => {
    await (await poolOf(ANSWERS, 60_000)).close();
  });
});
