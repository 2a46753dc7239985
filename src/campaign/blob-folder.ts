/** Blobs in a folder, each a file named by its SHA-256: what a worker has fetched once is there for all workers of a machine. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { surroundings } from '../bench/documents/system-errors.ts';
import type { Blobs } from './content.ts';
import { isPlain, removeLeftIn, writeWhole } from './temporary.ts';

export class BlobFolder implements Blobs {
  readonly folder: string;
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    removeLeftIn(folder);
  }
  /** What is no file, a pipe or a link that somebody put there, is none of these: it is never opened. */
  has(hash: string): boolean {
    return isPlain(this.path(hash));
  }
  get(hash: string): Uint8Array {
    const bytes = new Uint8Array(readFileSync(this.path(hash)));
    if (createHash('sha256').update(bytes).digest('hex') !== hash) throw new Error(`${this.path(hash)} is not what its name says`);
    return bytes;
  }
  put(hash: string, bytes: Uint8Array): void {
    if (this.has(hash)) return;
    try {
      writeWhole(this.path(hash), bytes);
    } catch (error) {
      throw surroundings(error, `cannot write ${this.folder}`) ?? error;
    }
  }
  private path(hash: string): string {
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new Error(`${JSON.stringify(hash)} is no hash`);
    return join(this.folder, hash);
  }
}
