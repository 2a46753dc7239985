/**
 * The sources as Node loads them. Vitest makes each import of a module a property that is asked for with every use, which costs a fifth of the suite's time: in runs of
 * all tests what they import from `src/` is compiled beforehand, file by file. Lines of errors are those of the compiled files then, so a run of named files does
 * without.
 */
import { resolve, sep } from 'node:path';
import type { Plugin } from 'vitest/config';
import { Mirror } from '../tools/mirror.ts';

const SOURCES = resolve('src') + sep;

export function compiledSources(): Plugin {
  let mirror: Promise<Mirror> | null = null;
  return {
    name: 'bootbench:compiled-sources',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (importer === undefined || !source.startsWith('.') || !source.endsWith('.ts')) return null;
      const path = resolve(importer, '..', source);
      if (!path.startsWith(SOURCES)) return null;
      mirror ??= made();
      return { id: (await mirror).at(path), external: true };
    },
  };
}
async function made(): Promise<Mirror> {
  const mirror = await Mirror.of(['src/**/*.ts', '{src,schemas,fixtures}/**/*.json']);
  process.on('exit', () => mirror.remove());
  return mirror;
}
