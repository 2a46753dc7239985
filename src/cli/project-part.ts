/** The files of a project around an image that name its part. They are looked for upwards, no further than the repository, and never in the user's home folder. */
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import {
  agree,
  boardFileOf,
  partInBoardFile,
  partInCMake,
  partInDefines,
  partInIoc,
  partInLinkerScript,
  partInPlatformio,
  type ProjectPart,
} from '../bench/input/project-files.ts';
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
  let built: ProjectPart[] = [];
  let at = from;
  for (let i = 0; i <= ABOVE && !holdsHome(at, env); i++) {
    // a build says the line, and a file further up may say the part: if it is another project's, it says another one
    const above = built;
    if (above.length === 0) built = definedIn(at);
    const said = partsIn(at, from).filter((part) => above.every((b) => agree(part, b)));
    if (said.length > 0 || isRepository(at) || dirname(at) === at) return [...said, ...built];
    at = dirname(at);
  }
  return built;
}

function partsIn(folder: string, from: string): ProjectPart[] {
  const parts = [
    inPlatformio(folder, relative(folder, from).split(sep)),
    // its name is the user's, and stays with him
    ...iocFiles(folder).map((name) => ({ file: 'the .ioc file', part: partInIoc(textAt(join(folder, name)) ?? '') })),
  ];
  const said = parts.flatMap(({ file, part }) => (part === null ? [] : [{ file, part }]));
  const linked = said.length > 0 ? null : partInCMake(withoutComments(textAt(join(folder, CMAKE)) ?? ''));
  return linked === null ? said : [{ file: `the linker script of ${CMAKE}`, ...linked }];
}
const CMAKE = 'CMakeLists.txt';
/** A board of the project goes before one that is called the same. */
function inPlatformio(folder: string, way: readonly string[]): { readonly file: string; readonly part: string | null } {
  const ini = textAt(join(folder, 'platformio.ini'));
  const boardFile = ini === null ? null : boardFileOf(ini, way);
  const own = boardFile === null ? null : partInBoardFile(textWithin(folder, boardFile) ?? '');
  if (own !== null) return { file: 'the board file of platformio.ini', part: own };
  return { file: 'platformio.ini', part: ini === null ? null : partInPlatformio(ini, way) };
}
/** What the build in a folder defines: as it was compiled, else as its Makefile says. */
function definedIn(folder: string): ProjectPart[] {
  const commands = partInDefines(textAt(join(folder, 'compile_commands.json'), 'head') ?? '');
  if (commands !== null) return [{ file: 'compile_commands.json', ...commands }];
  for (const name of MAKEFILES) {
    const text = withoutComments(textAt(join(folder, name)) ?? '');
    const made = partInDefines(text);
    const built = made === null ? [] : [{ file: 'the Makefile', ...made }];
    const part = partInLinkerScript(text);
    const linked = part === null ? [] : [{ file: 'LDSCRIPT of the Makefile', ...part }].filter((own) => built.every((b) => agree(own, b)));
    if (built.length + linked.length > 0) return [...linked, ...built];
  }
  return [];
}
/** Of make and of CMake. */
const withoutComments = (text: string): string => text.replace(/#.*/g, '');
/** As GNU make looks for them. */
const MAKEFILES = ['GNUmakefile', 'makefile', 'Makefile'];
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

/**
 * Null: it is not there, too large, or no plain file: a link could lead out of the project.
 *
 * @param part of a list, its beginning is enough
 */
function textAt(path: string, part?: 'head'): string | null {
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
function textWithin(folder: string, way: readonly string[]): string | null {
  const path = join(folder, ...way);
  return realPath(dirname(path)) === dirname(path) ? textAt(path) : null;
}
