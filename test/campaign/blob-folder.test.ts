/** Files of a worker's cache. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, symlinkSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BlobFolder } from '../../src/campaign/blob-folder.ts';
import { fileSystem } from '../cli/surroundings.ts';
import { campaignFolder } from './helpers.ts';

const BYTES = new TextEncoder().encode('an image');
const HASH = createHash('sha256').update(BYTES).digest('hex');

it('a disk that is full is an error of the surroundings', (t) => {
  const full = fileSystem('full');
  if (full === null) return t.skip('needs root, to mount a file system');
  try {
    expect(() => new BlobFolder(full.path).put(HASH, BYTES)).toThrow(
      expect.objectContaining({ code: 'surroundings', message: expect.stringContaining('the disk is full') }),
    );
  } finally {
    full.end();
  }
});
describe('what stands in the place of a file and is none is replaced, and never opened:', () => {
  it('a named pipe', () => {
    const folder = campaignFolder('');
    expect(spawnSync('mkfifo', [join(folder, HASH)]).status).toBe(0);
    const blobs = new BlobFolder(folder);
    expect(blobs.has(HASH)).toBe(false);
    blobs.put(HASH, BYTES);
    expect(blobs.get(HASH)).toEqual(BYTES);
  });
  it('a link', () => {
    const folder = campaignFolder('');
    writeFileSync(join(folder, 'victim'), 'precious');
    symlinkSync('victim', join(folder, HASH));
    const blobs = new BlobFolder(folder);
    blobs.put(HASH, BYTES);
    expect([blobs.get(HASH), lstatSync(join(folder, HASH)).isFile()]).toEqual([BYTES, true]);
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('precious');
  });
});
