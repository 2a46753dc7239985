#!/usr/bin/env node
// Runs a TypeScript file of this repository under Node 20, which cannot strip types itself: node tools/run-ts.mjs <file.ts> [args]
// The bundle lies inside node_modules so that its imports of packages resolve as those of the source would.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const file = process.argv[2];
if (!file) {
  console.error('usage: node tools/run-ts.mjs <file.ts> [args]');
  process.exit(2);
}
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'node_modules', '.cache', 'run-ts');
mkdirSync(folder, { recursive: true });
const outfile = join(folder, `${basename(file, '.ts')}-${process.pid}.mjs`);
await build({
  entryPoints: [resolve(file)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.on('exit', () => rmSync(outfile, { force: true }));
process.argv.splice(1, 2, resolve(file));
if (process.argv.slice(2).some((arg) => arg === '--help' || arg === '-h')) {
  // what a tool takes stands in the comment that it begins with
  console.log(
    /^\/\*\*([^]*?)\*\//
      .exec(readFileSync(resolve(file), 'utf8'))?.[1]
      .replace(/^ \* ?/gm, '')
      .trim() ?? `${file} says nothing of itself`,
  );
  process.exit(0);
}
try {
  await import(pathToFileURL(outfile).href);
} catch (error) {
  if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
  console.error(`${basename(file, '.ts')}: ${error.message}; --help says what it takes`);
  process.exit(2);
}
