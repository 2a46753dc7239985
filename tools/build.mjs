#!/usr/bin/env node
// Builds dist/: the program, its worker thread, the library and the declarations. Packages stay outside; shared code lies in chunks, so that
// `bootbench --help` loads little.
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

await build({
  absWorkingDir: root,
  entryPoints: { bootbench: 'src/cli/bootbench.ts', worker: 'src/cli/worker.ts', index: 'src/index.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  // Beside the entries: the engine looks for worker.js next to itself.
  chunkNames: '[name]-[hash]',
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
  outfile: join(dist, 'scenario-validator.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minify: true,
  logLevel: 'warning',
});
rmSync(validator);

const program = join(dist, 'bootbench.js');
writeFileSync(program, `#!/usr/bin/env node\n${readFileSync(program, 'utf8')}`);
chmodSync(program, 0o755);

// Declarations for users of the library. Type errors are the business of `npm run typecheck`, not of an installation.
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
