/** Files of the project around an image: looked for upwards, no further than the repository, and never in the user's home folder. */
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { splitImagePath } from '../image/image.ts';
import { nowRead } from './command-files.ts';
import { isRepository } from './git-ignore.ts';
import type { Io } from './io.ts';
import { holdsHome, realPath } from './sources.ts';

/** Folders above that of the image: `.pio/build/<env>/firmware.elf` lies three below its project, a core of two in CubeIDE one more. */
const ABOVE = 6;
/** CubeMX writes some 100 KB. */
const MOST_BYTES = 1 << 20;
/** A project has one. */
const MOST_IOC = 4;

/** Null: it is not there. */
export const folderOf = (image: string, folder: string): string | null => realPath(dirname(resolve(folder, splitImagePath(image).file)));
/** The folder of an image, and those above it that may be its project's. */
export function* foldersAbove(from: string, env: Io['env']): Generator<string> {
  let at = from;
  for (let i = 0; i <= ABOVE && !holdsHome(at, env); i++) {
    yield at;
    if (isRepository(at) || dirname(at) === at) return;
    at = dirname(at);
  }
}

/** Of make and of CMake. */
export const withoutComments = (text: string): string => text.replace(/#.*/g, '');
/** As GNU make looks for them. */
export const MAKEFILES = ['GNUmakefile', 'makefile', 'Makefile'];
export function iocFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.ioc'))
      .sort()
      .slice(0, MOST_IOC);
  } catch {
    return [];
  }
}

/**
 * Null: it is not there, too large, or no plain file: a link could lead out of the project.
 *
 * @param part of a list, its beginning is enough
 */
export function textAt(path: string, part?: 'head'): string | null {
  try {
    const found = lstatSync(path);
    if (!found.isFile() || (found.size > MOST_BYTES && part === undefined)) return null;
    const text = part === 'head' ? headOf(path) : readFileSync(path, 'latin1');
    nowRead(path);
    return text;
  } catch {
    return null;
  }
}
/** No name of a part is longer. */
const LONGEST_WORD = 64;
/** Up to a whole word. */
function headOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(MOST_BYTES);
    const text = bytes.toString('latin1', 0, readSync(file, bytes, 0, MOST_BYTES, 0));
    return text.length < MOST_BYTES ? text : text.slice(0, -LONGEST_WORD) + text.slice(-LONGEST_WORD).replace(/\w*$/, '');
  } finally {
    closeSync(file);
  }
}
/** The same for a file in a folder below, which may be a link itself. */
export function textWithin(folder: string, way: readonly string[]): string | null {
  const path = join(folder, ...way);
  return realPath(dirname(path)) === dirname(path) ? textAt(path) : null;
}
