/**
 * The project as plain JavaScript, file by file, in a folder of its own: a mutant changes one file of it, and Node loads the rest as it is. Loading a test so takes a
 * third of a second; through vitest's own transforms it took three to eight.
 */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { globSync } from 'tinyglobby';
import type { Change } from './mutation/mutants.ts';

const ROOT = resolve('.');
/** Inside node_modules, so that packages are found from there; its real path, as Node calls a module that is behind a link: by two paths it is loaded twice. */
const CACHE = join(ROOT, 'node_modules', '.cache');
/** As esbuild prints it: other quotes are a text that a test writes. */
const SPECIFIER = /(\b(?:from|import)\s*\(?\s*"\.{1,2}\/[^"]+)\.ts"/g;

export class Mirror {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async of(patterns: readonly string[]): Promise<Mirror> {
    mkdirSync(CACHE, { recursive: true });
    const mirror = new Mirror(realpathSync(mkdtempSync(join(CACHE, 'mutation-'))));
    for (const path of globSync([...patterns])) {
      if (path.endsWith('.ts')) await mirror.place(path, readFileSync(path, 'utf8'));
      else mirror.write(path, readFileSync(path));
    }
    return mirror;
  }

  /** Where a file of the project lies in the mirror. */
  at(path: string): string {
    return join(this.folder, relative(ROOT, resolve(path)).replace(/\.ts$/, '.mjs'));
  }

  /** Carries out a change, waits for `work`, and takes the change back. */
  async changed<T>(change: Change | null, work: () => Promise<T>): Promise<T> {
    if (change === null) return work();
    const source = readFileSync(change.path, 'utf8');
    await this.place(change.path, source.slice(0, change.start) + change.text + source.slice(change.end));
    try {
      return await work();
    } finally {
      await this.place(change.path, source);
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Files that are read beside a source are read where the source lies. */
  private async place(path: string, source: string): Promise<void> {
    const define = {
      'import.meta.url': JSON.stringify(pathToFileURL(resolve(path)).href),
      'import.meta.dirname': JSON.stringify(dirname(resolve(path))),
    };
    const { code } = await transform(source, { loader: 'ts', format: 'esm', target: 'esnext', sourcefile: path, define });
    this.write(path, code.replaceAll(SPECIFIER, '$1.mjs"'));
  }
  private write(path: string, content: string | Uint8Array): void {
    const target = this.at(path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
}
