/** Files that come with the package, from the built program as well as from the sources. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let root: string | null = null;

function packageRoot(): string {
  if (root !== null) return root;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) || !existsSync(join(folder, 'schemas'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the package is incomplete: there is no package.json above the program');
    folder = parent;
  }
  return (root = folder);
}

export const packageFile = (path: string): string => join(packageRoot(), path);
