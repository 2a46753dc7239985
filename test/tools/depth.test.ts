/** docs/dev/engine.md says how many functions a register write and the start of a run call: what is counted today is no more. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Other versions of Node count their own wrappers otherwise. */
const TOLERANCE = 1.05;
const rowsOf = (text: string): Map<string, number> =>
  new Map([...text.matchAll(/^\| (.+?) \| (\d+) \| \d+ \|$/gm)].map(([, what, functions]) => [what!, Number(functions)]));

it('walks call as many functions as docs/dev/engine.md says', async () => {
  const { stdout } = await promisify(execFile)('node', ['tools/run-ts.mjs', 'tools/depth.ts'], { cwd: root });
  const [now, told] = [
    rowsOf(stdout),
    rowsOf(readFileSync(`${root}docs/dev/engine.md`, 'utf8').split('<!-- depth -->')[1]!.split('<!-- /depth -->')[0]!),
  ];
  expect([...now.keys()]).toEqual([...told.keys()]);
  expect(now.size).toBe(4);
  for (const [what, functions] of now) {
    expect(functions, what).toBeLessThanOrEqual(told.get(what)! * TOLERANCE);
    expect(functions, what).toBeGreaterThanOrEqual(told.get(what)! / TOLERANCE);
  }
});
