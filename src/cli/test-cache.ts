/** Results of scenarios that held or failed with exactly these bytes: firmware, scenario, ROM and program. One JSON file each, named by what went in. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { boundedJson } from '../bench/documents/json-bounds.ts';
import { RUN_SCHEMA, type RunResult } from '../bench/documents/result.ts';
import { serialise } from '../bench/documents/serialise.ts';
import type { RunJob } from '../bench/input/job.ts';
import type { RunInput } from '../bench/input/run-input.ts';
import { mustEnd } from './has-end.ts';
import { removeLeftIn, writeWhole } from '../campaign/temporary.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { emptyName } from './outputs.ts';
import { reason } from '../bench/documents/system-errors.ts';

/** With its parents. `mkdirSync` with `recursive` never comes back below a folder in which none can be made (/proc). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

export class TestCache {
  private readonly folder: string;
  private readonly program: string;

  /** @throws UsageError if the folder cannot be made */
  constructor(folder: string, cwd: string) {
    if (folder === '') throw emptyName('--cache');
    this.folder = resolve(cwd, folder);
    if (existsSync(this.folder) && !statSync(this.folder).isDirectory()) throw new UsageError(`--cache: ${folder} is not a folder`);
    try {
      makeFolder(this.folder);
      removeLeftIn(this.folder);
    } catch (error) {
      throw new UsageError(`--cache: cannot make ${folder}: ${reason(error)}`);
    }
    this.program = programDigest();
  }

  /** Null where this was not run before, or what is there is no result of it: others write to a folder that they share. */
  find(key: string, { document }: RunInput['scenario']): RunResult | null {
    const file = join(this.folder, `${key}.json`);
    try {
      mustEnd(file, 'result', file);
      const result = { ...(boundedJson(readFileSync(file, 'utf8')) as RunResult), scenario: document };
      // refuses what is not of the published form
      serialise(result);
      return result.schema === RUN_SCHEMA ? result : null;
    } catch {
      return null;
    }
  }

  keep(key: string, result: RunResult): void {
    const file = join(this.folder, `${key}.json`);
    try {
      writeWhole(file, JSON.stringify(result));
    } catch {
      // a full disk costs time in the next run, nothing else
    }
  }

  keyOf(job: RunJob): string {
    const hash = createHash('sha256').update(this.program);
    const { images, rom, files, ...rest } = job;
    hash.update(JSON.stringify(rest)).update(JSON.stringify([rom.kind, rom.version, rom.options]));
    for (const { path, bytes } of images) hash.update(`\n${path} ${bytes.length}\n`).update(bytes);
    for (const [name, bytes] of files) hash.update(`\n${name} ${bytes.length}\n`).update(bytes);
    for (const { address, bytes } of rom.beside ?? []) hash.update(`\n${address} ${bytes.length}\n`).update(bytes);
    return hash.update(rom.bytes).digest('hex');
  }
}

/** Another program may come to another result under the same version number. */
function programDigest(): string {
  const own = fileURLToPath(new URL('./program.cjs', import.meta.url));
  return existsSync(own) ? createHash('sha256').update(readFileSync(own)).digest('hex') : 'sources';
}
