/** The files of a project around an image that name its part. They are looked for upwards, no further than the repository, and never in the user's home folder. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { partInIoc, partInPlatformio, type ProjectPart } from '../bench/input/project-files.ts';
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

/** What the nearest folder with such a file says, of the first image that has one; nothing where no file names a part that is known. */
export function projectParts(images: readonly string[], folder: string, { env }: Pick<Io, 'env'>): ProjectPart[] {
  for (const image of images) {
    const from = realPath(dirname(resolve(folder, splitImagePath(image).file)));
    const said = from === null ? [] : upwards(from, env);
    if (said.length > 0) return said;
  }
  return [];
}

function upwards(from: string, env: Io['env']): ProjectPart[] {
  let at = from;
  for (let i = 0; i <= ABOVE && !holdsHome(at, env); i++) {
    const said = partsIn(at, from);
    if (said.length > 0 || isRepository(at) || dirname(at) === at) return said;
    at = dirname(at);
  }
  return [];
}

function partsIn(folder: string, from: string): ProjectPart[] {
  const ini = textAt(join(folder, 'platformio.ini'));
  const parts = [
    { file: 'platformio.ini', part: ini === null ? null : partInPlatformio(ini, relative(folder, from).split(sep)) },
    // its name is the user's, and stays with him
    ...iocFiles(folder).map((name) => ({ file: 'the .ioc file', part: partInIoc(textAt(join(folder, name)) ?? '') })),
  ];
  return parts.flatMap(({ file, part }) => (part === null ? [] : [{ file, part }]));
}
function iocFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.ioc'))
      .sort()
      .slice(0, MOST_IOC);
  } catch {
    return [];
  }
}

/** Null: it is not there, too large, or no plain file: a link could lead out of the project. */
function textAt(path: string): string | null {
  try {
    const found = lstatSync(path);
    if (!found.isFile() || found.size > MOST_BYTES) return null;
    const text = readFileSync(path, 'latin1');
    nowRead(path);
    return text;
  } catch {
    return null;
  }
}
