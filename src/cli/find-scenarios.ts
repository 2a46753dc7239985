/** Scenario files for `bootbench test`: a file, a folder (searched through) or a pattern with `*`, `**`, `?` and `{a,b}`. */
import { existsSync, readFileSync, readdirSync, statSync, type Stats } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { SCENARIO_SCHEMA } from '../bench/documents/scenario-types.ts';
import { elfInPlaceOf, UsageError } from '../bench/documents/usage-error.ts';
import { isElf } from '../image/elf.ts';
import { any, Glob, notSlash } from './glob.ts';
import { LARGEST, mustEnd } from './has-end.ts';
import { nameHint } from './inputs.ts';
import { emptyName } from './outputs.ts';
import { reason } from '../bench/documents/system-errors.ts';

const SKIPPED = new Set(['node_modules', '.git', 'dist']);

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${reason(error)}`, nameHint(path, '.') ?? 'give a subfolder or a pattern');
  }
}
function* filesBelow(folder: string): Generator<string> {
  const entries = readable(folder, () => readdirSync(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name)) yield* filesBelow(path);
    } else if (entry.isFile()) {
      yield path;
    }
  }
}

/** A pattern over `/`-separated relative paths. */
export function globOf(pattern: string): Glob {
  const glob = new Glob();
  let depth = 0;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '*' && pattern[i + 1] === '*') {
      const folder = pattern[i + 2] === '/';
      if (folder) glob.folders();
      else glob.many(any);
      i += folder ? 2 : 1;
    } else if (c === '*') glob.many(notSlash);
    else if (c === '?') glob.one(notSlash);
    else if (c === '{') {
      glob.open();
      depth++;
    } else if (c === '}' && depth > 0) {
      glob.close();
      depth--;
    } else if (c === ',' && depth > 0) glob.or();
    else glob.one((unit) => unit === c);
  }
  if (depth > 0) throw new UsageError(`${pattern}: a { without }`);
  return glob;
}

const isReadable = (found: Stats): boolean => found.isFile() && found.size <= LARGEST.scenario * 2 ** 20;
/** Of other JSON in the folders only scenarios with `expect` count; a file named or matched by a pattern is always taken. */
function isScenario(path: string): boolean {
  if (!path.endsWith('.json')) return false;
  const text = readable(path, () => (isReadable(statSync(path)) ? readFileSync(path, 'utf8') : ''));
  return text.includes(SCENARIO_SCHEMA) && text.includes('"expect"');
}

/** Paths relative to `cwd`, sorted. */
export function findScenarios(pattern: string, cwd: string): string[] {
  if (pattern === '') throw emptyName('test');
  const path = resolve(cwd, pattern);
  const shown = (file: string): string => relative(cwd, file) || file;
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return [...filesBelow(path)].filter(isScenario).map(shown);
    mustEnd(path, 'scenario', pattern);
    if (isElf(readFileSync(path))) throw elfInPlaceOf(pattern);
    return [shown(path)];
  }
  if (!/[*?{]/.test(pattern)) throw new UsageError(`there is no file or folder ${pattern}`);
  const absolute = resolve(cwd, pattern).split(sep).join('/');
  const fixed = absolute.slice(0, absolute.search(/[*?{]/)).replace(/[^/]*$/, '');
  if (!existsSync(fixed)) return [];
  const glob = globOf(absolute);
  return [...filesBelow(fixed)].filter((file) => glob.test(file.split(sep).join('/')) && file.endsWith('.json')).map(shown);
}
