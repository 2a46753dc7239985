/** What makes the results of a campaign: this version, and the bytes of this build. Workers of another one must not add to them. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../version.ts';

const WORKER = new URL('./campaign-worker.js', import.meta.url);

/** The built script of a worker process; null for sources that run without a build. */
export const workerFile = (): URL | null => (existsSync(fileURLToPath(WORKER)) ? WORKER : null);

/** `0.1.0+1a2b3c4d`: the second part is a hash over all scripts of the build. */
export function engineId(): string {
  if (workerFile() === null) return `${VERSION}+source`;
  const folder = fileURLToPath(new URL('./', WORKER));
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort())
    if (/\.(js|wasm)$/.test(name)) hash.update(`${name}\n`).update(readFileSync(`${folder}${name}`));
  return `${VERSION}+${hash.digest('hex').slice(0, 12)}`;
}
