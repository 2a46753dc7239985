#!/usr/bin/env node
// `npm start`: the verdict on the firmware that a user posted (fixtures/h533-seed000-as-posted). A demonstration: it exits 0 although that
// firmware fails; `bootbench run` itself exits by the outcome.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'dist', 'bootbench.js');
if (!existsSync(program)) {
  console.error('dist/ is missing: run `npm install` or `npm run build` first');
  process.exit(1);
}
const args = ['run', '--scenario', 'fixtures/h533-seed000-as-posted/scenario.json'];
console.log(`$ npx bootbench ${args.join(' ')}\n`);
const { status, error, signal } = spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' });
// 0 and 1 are verdicts; anything else is a failure of the program and of the demonstration.
process.exit(error === undefined && signal === null && (status === 0 || status === 1) ? 0 : (status ?? 3));
