/** The files of a project around an image that name its part. They are looked for upwards, no further than the repository, and never in the user's home folder. */
import { join, relative, sep } from 'node:path';
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
import type { Io } from './io.ts';
import { foldersAbove, folderOf, iocFiles, MAKEFILES, textAt, textWithin, withoutComments } from './project-text.ts';

/** What the nearest folder with such a file says, of the first image that has one; nothing where no file names a part that is known. */
export function projectParts(images: readonly string[], folder: string, { env }: Pick<Io, 'env'>): ProjectPart[] {
  for (const image of images) {
    const from = folderOf(image, folder);
    const said = from === null ? [] : upwards(from, env);
    if (said.length > 0) return said;
  }
  return [];
}

function upwards(from: string, env: Io['env']): ProjectPart[] {
  let built: ProjectPart[] = [];
  for (const at of foldersAbove(from, env)) {
    // a build says the line, and a file further up may say the part: if it is another project's, it says another one
    const above = built;
    if (above.length === 0) built = definedIn(at);
    const said = partsIn(at, from).filter((part) => above.every((b) => agree(part, b)));
    if (said.length > 0) return [...said, ...built];
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
