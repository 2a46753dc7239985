// Runs test files one after the other in this process with vitest's own runner: node tests.mjs <setup file> <test file>… Ends at the first test that fails (exit 1).
// The number of each test file that begins goes to the file descriptor BOOTBENCH_BEGINS.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [setup, ...files] = process.argv.slice(2);
const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
const { startTests } = await import(pathToFileURL(createRequire(vitest).resolve('@vitest/runner')).href);
const load = (path) => import(pathToFileURL(path).href);
const config = {
  root: process.cwd(),
  setupFiles: [],
  name: undefined,
  passWithNoTests: true,
  allowOnly: true,
  sequence: { shuffle: false, concurrent: false, seed: 0, hooks: 'stack', setupFiles: 'list' },
  maxConcurrency: 1,
  // as in vitest.config.ts
  testTimeout: 180_000,
  hookTimeout: 180_000,
  retry: 0,
  includeTaskLocation: false,
  tags: [],
  strictTags: false,
};
// what `expect` asks of the worker that it believes to be in
globalThis.__vitest_worker__ = { config, filepath: '', ctx: {}, environment: { name: 'node' }, rpc: {}, metaEnv: process.env };
const fail = (what) => {
  if (process.env.BOOTBENCH_SAY) console.error(what);
  process.exit(1);
};
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
let ran = 0;
const runner = {
  config,
  importFile: load,
  onCollected: (collected) => {
    for (const file of collected) if (file.result?.state === 'fail') fail(file.result.errors);
  },
  onAfterRunTask: (test) => {
    ran++;
    if (test.result?.state === 'fail') fail([test.name, test.result.errors]);
  },
  onAfterRunSuite: (suite) => {
    if (suite.result?.state === 'fail') fail([suite.name, suite.result.errors]);
  },
};
await load(setup);
for (const [i, filepath] of files.entries()) {
  if (process.env.BOOTBENCH_BEGINS) writeSync(Number(process.env.BOOTBENCH_BEGINS), `${i}\n`);
  globalThis.__vitest_worker__.filepath = filepath;
  await startTests([{ filepath, testLocations: undefined }], runner);
}
if (process.env.BOOTBENCH_SAY) console.error(`${ran} tests`);
process.exit(0);
