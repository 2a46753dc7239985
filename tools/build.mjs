#!/usr/bin/env node
// Builds dist/: the program, what its threads load, the library and the declarations. Packages stay outside; shared code lies in chunks, so that
// `bootbench --help` loads little. `build.mjs <folder>` builds there, without declarations (for the tests of the built program).
import { chmodSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
/** What is compiled ahead: one scenario of each family. */
const CACHED_RUNS = [
  'f072-seed002-as-posted',
  'l496-seed003-as-posted',
  'h745-seed001-as-posted',
  'h533-tick-into-rom',
  'h533-seed000-as-posted',
];
rmSync(dist, { recursive: true, force: true });

await build({
  absWorkingDir: root,
  entryPoints: { here: 'src/cli/here.ts', index: 'src/index.ts' },
  outdir: dist,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  // Beside the entries: the engine looks for thread.cjs next to itself.
  chunkNames: '[name]-[hash]',
  logLevel: 'warning',
});

// The start is one small file: it is what comes before a run's thread.
await build({
  absWorkingDir: root,
  entryPoints: { bootbench: 'src/cli/bootbench.ts' },
  outdir: dist,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: { js: '#!/usr/bin/env node' },
  plugins: [
    {
      name: 'built before',
      setup: ({ onResolve }) => onResolve({ filter: /^\.\/here\.ts$/ }, () => ({ path: './here.js', external: true })),
    },
  ],
  logLevel: 'warning',
});

// What a thread runs: the program once more, in one script, so that V8's code cache holds for all of it. Its start has the cache in hand.
await build({
  absWorkingDir: root,
  entryPoints: { program: 'src/cli/thread.ts' },
  outdir: dist,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['ajv', 'koffi'],
  // names stay: they stand in the stack of an internal error
  minifyWhitespace: true,
  charset: 'ascii',
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': '__moduleUrl' },
  banner: {
    js: '(function (exports, require, module, __filename, __dirname) { const __moduleUrl = require("node:url").pathToFileURL(__filename).href;',
  },
  footer: { js: '})' },
  logLevel: 'warning',
});
await build({
  absWorkingDir: root,
  entryPoints: { thread: 'src/cli/thread-loader.ts' },
  outdir: dist,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  logLevel: 'warning',
});

// One interpreter module per kind and number of core, so that no run has to make it, and the source of the scenario's validator
// (src/cli/prebuilt.ts).
const maker = join(dist, 'make-modules.mjs');
await build({
  stdin: {
    resolveDir: root,
    loader: 'ts',
    contents: `
      import { writeFileSync } from 'node:fs';
      import { CHIPS } from './src/chips/index.ts';
      import { AJV_OPTIONS } from './src/bench/scenario-check.ts';
      import { moduleFile, moduleKey } from './src/cli/prebuilt.ts';
      import schema from './schemas/scenario-1.schema.json' with { type: 'json' };
      import { Ajv } from 'ajv';
      import standalone from 'ajv/dist/standalone/index.js';
      import { PROFILES } from './src/emu/core/builder.ts';
      import { interpreterBytes } from './src/emu/core/interpreter-module.ts';
      const keys = new Set(CHIPS.flatMap((chip) => chip.cores.map(moduleKey)));
      for (const key of keys) {
        const [profile, core] = key.split(':');
        writeFileSync(new URL(moduleFile(key), import.meta.url), interpreterBytes(PROFILES[profile], Number(core)));
      }
      const ajv = new Ajv({ ...AJV_OPTIONS, code: { source: true, esm: true } });
      writeFileSync(new URL('validator.mjs', import.meta.url), standalone.default(ajv, ajv.compile(schema)));`,
  },
  outfile: maker,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
await import(pathToFileURL(maker).href);
rmSync(maker);

// The validator with the few functions of Ajv's that it calls.
const validator = join(dist, 'validator.mjs');
await build({
  entryPoints: [validator],
  outfile: join(dist, 'scenario-validator.cjs'),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  minify: true,
  logLevel: 'warning',
});
rmSync(validator);

chmodSync(join(dist, 'bootbench.js'), 0o755);

// V8's code cache: of what a thread has compiled when it has run a scenario of each family.
const cacher = join(dist, 'make-cache.mjs');
await build({
  stdin: {
    resolveDir: root,
    loader: 'ts',
    contents: `
      import { newThread } from './src/cli/threads.ts';
      const runs = ${JSON.stringify(CACHED_RUNS)}.map((name) => ['run', '--scenario', 'fixtures/' + name + '/scenario.json']);
      const stream = { isTTY: false, columns: 80 };
      const stop = new SharedArrayBuffer(4);
      const data = { kind: 'command', args: runs.pop(), cwd: ${JSON.stringify(root)}, stdout: stream, stderr: stream, stop };
      await new Promise((done, fail) => newThread({ ...data, codeCache: runs }).on('exit', done).on('error', fail));`,
  },
  outfile: cacher,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
await import(pathToFileURL(cacher).href);
rmSync(cacher);

if (process.argv[2] === undefined) declarations();

// For users of the library. Type errors are the business of `npm run typecheck`, not of an installation.
function declarations() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = [
    '--noEmit',
    'false',
    '--emitDeclarationOnly',
    '--declaration',
    '--noEmitOnError',
    'false',
    '--outDir',
    'dist',
    '--rootDir',
    '.',
  ];
  const declared = spawnSync(process.execPath, [tsc, '-p', join(root, 'tools', 'declarations.json'), ...options], {
    cwd: root,
    encoding: 'utf8',
  });
  if (declared.error) console.error(`declarations were not written: ${declared.error.message}`);
}
