/** The clock at OSC_IN that the project around an image counts on. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { clockInDefines, clockInHalConf, clockInIoc, type ProjectClock } from '../bench/input/project-clock.ts';
import type { Io } from './io.ts';
import { foldersAbove, folderOf, iocFiles, MAKEFILES, textAt, textWithin, withoutComments } from './project-text.ts';

/** What the nearest folder with such a file says, of the first image that has one; null where none does. */
export function projectClock(images: readonly string[], folder: string, { env }: Pick<Io, 'env'>): ProjectClock | null {
  for (const image of images) {
    const from = folderOf(image, folder);
    for (const at of from === null ? [] : foldersAbove(from, env)) {
      const said = definedIn(at) ?? drawnIn(at) ?? configuredIn(at);
      if (said !== null) return said;
    }
  }
  return null;
}

/** A definition of the build goes before what a header has for the case that there is none. */
function definedIn(folder: string): ProjectClock | null {
  const files = [
    { file: 'compile_commands.json', text: textAt(join(folder, 'compile_commands.json'), 'head') },
    { file: 'platformio.ini', text: (textAt(join(folder, 'platformio.ini')) ?? '').replace(/^\s*[;#].*/gm, '') },
    ...MAKEFILES.map((name) => ({ file: 'the Makefile', text: withoutComments(textAt(join(folder, name)) ?? '') })),
  ];
  for (const { file, text } of files) {
    const clock = clockInDefines(text ?? '');
    if (clock !== null) return { file, ...clock };
  }
  return null;
}
/** Of several files none, unless they say the same. */
function drawnIn(folder: string): ProjectClock | null {
  const [first, ...others] = iocFiles(folder).flatMap((name) => clockInIoc(textAt(join(folder, name)) ?? '') ?? []);
  return first === undefined || others.some(({ hz }) => hz !== first.hz) ? null : { file: 'the .ioc file', ...first };
}
/** Where CubeMX, CubeIDE, PlatformIO and people keep `stm32f4xx_hal_conf.h`. */
const HEADERS = [[], ['Core', 'Inc'], ['Inc'], ['inc'], ['include'], ['src'], ['Src'], ['config']];
function configuredIn(folder: string): ProjectClock | null {
  for (const way of HEADERS) {
    const name = namesIn(join(folder, ...way)).find((file) => /^stm32[a-z0-9]{2}xx_hal_conf\.h$/.test(file));
    const clock = name === undefined ? null : clockInHalConf(textWithin(folder, [...way, name]) ?? '');
    if (clock !== null) return { file: name!, ...clock, template: true };
  }
  return null;
}
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
