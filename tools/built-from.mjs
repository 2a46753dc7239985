/** What a build was made from, in one word. `dist/built-from` says it, so that tests take a build that is there and right in place of making it again. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';

const INPUTS = ['src/**', 'schemas/**', 'rom/images/*', 'tools/{build,built-from}.mjs', 'package.json', 'package-lock.json'];

export function builtFrom(root) {
  const hash = createHash('sha256');
  for (const path of globSync(INPUTS, { cwd: root }).sort())
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  return hash.digest('hex');
}
