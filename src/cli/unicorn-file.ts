/** The file of `--unicorn-js`: a script for pages, a CommonJS or UMD module, or an ES module. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { UnicornBinding } from '../engines/unicorn-api.ts';
import { unicornJs } from '../engines/unicorn-js.ts';
import { mustEnd } from './has-end.ts';
import { IMPORT } from './import.ts';

/** What `--unicorn-js` asks for. */
const WANTED = 'it takes a build of unicorn.js 2.1 with ARM, such as its unicorn_arm.js';

export async function unicornFromFile(path: string): Promise<UnicornBinding> {
  let source: string;
  try {
    mustEnd(path, 'program', path);
    source = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--unicorn-js: cannot read ${path}: ${messageOf(error)}`);
  }
  let found: unknown;
  try {
    found = await loaded(path, source);
  } catch (error) {
    throw new UsageError(`--unicorn-js: ${path} is not a unicorn.js: ${messageOf(error)}`, WANTED);
  }
  const binding = await unicornJs(found);
  if (typeof binding === 'string') throw new UsageError(`--unicorn-js: ${path}: ${binding}`, WANTED);
  return binding;
}

/** A build for pages is a script that leaves MUnicorn behind. Whether one is CommonJS does not hang on the package.json around it. */
async function loaded(path: string, source: string): Promise<unknown> {
  let script: (...args: unknown[]) => unknown;
  try {
    script = compileFunction(
      `${source}\n;return typeof MUnicorn === 'undefined' ? undefined : MUnicorn;`,
      ['exports', 'require', 'module', '__filename', '__dirname'],
      { filename: path },
    ) as typeof script;
  } catch (error) {
    if (!(error instanceof SyntaxError) || !['.js', '.mjs'].includes(extname(path))) throw error;
    return exported((await IMPORT.module(pathToFileURL(path).href)) as object);
  }
  const empty = {};
  const module = { exports: empty };
  const left = script(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports === empty && Object.keys(empty).length === 0 ? left : exported(module.exports);
}
const exported = (module: object): unknown => ('default' in module ? module.default : module);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
