/** What `npm pack` puts in place of package.json, and that it puts the own one back. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { folder } from './cli/helpers.ts';

const TOOL = fileURLToPath(new URL('../tools/pack-manifest.mjs', import.meta.url));
const OWN = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
function packed() {
  const cwd = folder({ 'package.json': OWN });
  const run = (word: string): void => expect(spawnSync(process.execPath, [TOOL, word], { cwd }).status).toBe(0);
  return { run, cwd, read: () => readFileSync(join(cwd, 'package.json'), 'utf8') };
}

it('the package has no script that npm would ask about, and all that a user needs', () => {
  const { run, read } = packed();
  run('strip');
  const { scripts, devDependencies, ...own } = JSON.parse(OWN) as Record<string, unknown>;
  expect([scripts, devDependencies]).not.toContain(undefined);
  expect(JSON.parse(read())).toEqual(own);
});
it('behind the pack, the own package.json is back to the byte', () => {
  const { run, read } = packed();
  run('strip');
  run('restore');
  expect(read()).toBe(OWN);
});
it('so it is by the next pack, where one was killed', () => {
  const { run, read, cwd } = packed();
  run('strip');
  writeFileSync(join(cwd, 'package.json'), '{}');
  run('strip');
  run('restore');
  expect(read()).toBe(OWN);
});
