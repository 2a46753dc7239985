/** Source files as the debug data names them, looked for on the disk: from the working folder, the image's folder and the folders above it. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { splitImagePath } from '../image/image.ts';
import type { SourceFile, Sources } from '../report/source-lines.ts';

/** A source file is no larger. */
const MOST_BYTES = 4 << 20;
/** Folders above an image that are looked through: `build/Debug/fw.elf` lies two below its project. */
const ABOVE = 4;
/** Files of one checkout get their times one after the other, in milliseconds. */
const CHECKED_OUT = 60_000;

/** @param images as typed; `folder` is where relative ones are seen from */
export function sourcesOf(images: readonly string[], folder: string, cwd: string): Sources {
  const files = images.map((image) => resolve(folder, splitImagePath(image).file)).filter((file) => existsSync(file));
  const roots = [...new Set([cwd, ...files.flatMap((file) => upwards(dirname(file)))])];
  const built = Math.max(0, ...files.map((file) => statSync(file).mtimeMs));
  const known = new Map<string, SourceFile | null>();
  return (name) => {
    let found = known.get(name);
    if (found === undefined) known.set(name, (found = look(name, roots, cwd, built)));
    return found;
  };
}

function upwards(folder: string): string[] {
  const found = [folder];
  for (let i = 0; i < ABOVE && dirname(found[i]!) !== found[i]; i++) found.push(dirname(found[i]!));
  return found;
}

/** `../Core/Src/main.c` of a build folder is `Core/Src/main.c` of the project: leading parts are dropped until something is there, but never the last folder. */
function look(name: string, roots: readonly string[], cwd: string, built: number): SourceFile | null {
  const parts = name.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const candidates = isAbsolute(name) ? [name] : roots.map((root) => join(root, name));
  for (let drop = 0; drop < parts.length; drop++) {
    // a bare name is looked for only where it was bare, or beside the image
    if (parts[drop] === '..' || (drop === parts.length - 1 && parts.length > 1 && parts[drop - 1] !== '..')) continue;
    for (const root of roots) candidates.push(join(root, ...parts.slice(drop)));
  }
  const path = candidates.find((candidate) => isFile(candidate));
  if (path === undefined) return null;
  const below = relative(cwd, path);
  // `patch` refuses to leave its folder: what lies elsewhere is named from the root, for `patch -d /`
  const shown = (below.startsWith('..') ? path.replace(/^([A-Za-z]:)?[\\/]+/, '') : below).split(sep).join('/');
  return {
    path: shown,
    lines: readFileSync(path, 'utf8').split('\n'),
    newer: statSync(path).mtimeMs > built + CHECKED_OUT && built > 0,
    elsewhere: below.startsWith('..'),
  };
}

function isFile(path: string): boolean {
  try {
    const found = statSync(path);
    return found.isFile() && found.size <= MOST_BYTES;
  } catch {
    return false;
  }
}
