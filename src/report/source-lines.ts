/** Where the text of source files comes from. In a browser there are none; the command line looks for them beside the image. */

export interface SourceFile {
  /** Where it was found: for a patch relative to the folder that a patch is applied in. */
  readonly path: string;
  readonly lines: readonly string[];
  /** It was changed after the image was built, so that line numbers may be off. */
  readonly newer: boolean;
  /** It does not lie below the working folder: `path` begins at the root of the file system. */
  readonly elsewhere: boolean;
  /** Where a patch of it is applied; without it, in the working folder. */
  readonly home?: PatchHome;
}
/** The folder that the paths of a patch begin at. */
export interface PatchHome {
  /** The file's path from there, with `/`. */
  readonly path: string;
  /** The folder as the user would type it; empty: he stands in it. */
  readonly at: string;
  /** It is the root of a repository, where `git apply` works. */
  readonly git: boolean;
}
/** `file` as results name it. Null where it is not found, or not to be shown. */
export interface Sources {
  (file: string): SourceFile | null;
  /** Why a file that is not given is left out, as the end of a sentence; null where it is simply not there. */
  readonly leftOut?: (file: string) => string | null;
  /** Whether the debug data of the images have types of CMSIS; null where there are no debug data. */
  readonly usesCmsis?: () => boolean | null;
  /** The files that the functions of the images are written in. */
  readonly codeFiles?: () => readonly string[];
  /** What CMSIS may call a line of the NVIC, by the images' handlers. */
  readonly lineNames?: (line: number) => readonly string[];
  /** Linker scripts of GNU beside the images, by their names. */
  readonly linkerScripts?: () => readonly string[];
}

export const NO_SOURCES: Sources = () => null;

/** A loop in the source whose condition is more than a constant. */
export function asksSomething(line: string): boolean {
  const text = line.replace(/\/\/.*|\/\*.*?\*\//g, '');
  const loops = [...text.matchAll(/\b(?:while\s*\(|for\s*\([^;]*;)/g)];
  // with several loops in one line, the right one is not known
  if (loops.length !== 1) return false;
  const condition = upToItsEnd(text.slice(loops[0]!.index + loops[0]![0].length));
  return /[A-Za-z_]/.test(condition.replace(/\b(true|TRUE|0x[\da-f]+)\b/gi, ''));
}
/** Up to the parenthesis that closes what came before, or the semicolon between. */
function upToItsEnd(text: string): string {
  let open = 1;
  for (let i = 0; i < text.length; i++) {
    open += Number(text[i] === '(') - Number(text[i] === ')');
    if (open === 0 || text[i] === ';') return text.slice(0, i);
  }
  return text;
}
