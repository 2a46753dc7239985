/**
 * Source files as the debug data names them, looked for on the disk. An image may be somebody else's, and a report is sent to others: so only files
 * that a report may show are read. They lie below the project folder (no link leads out of it), in no folder whose name begins with a dot, are not
 * ignored by git, and are called as source files are.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../bench/documents/usage-error.ts';
import { splitImagePath } from '../image/image.ts';
import { toldByImages } from '../report/from-images.ts';
import type { PatchHome, SourceFile, Sources } from '../report/source-lines.ts';
import { GitIgnore, repositoryOf } from './git-ignore.ts';
import type { Io } from './io.ts';

/** A source file is no larger. */
const MOST_BYTES = 4 << 20;
/** Folders above an image that are looked through: `build/Debug/fw.elf` lies two below its project. */
const ABOVE = 4;
/** Files of one checkout get their times one after the other, in milliseconds. */
const CHECKED_OUT = 60_000;
/** C, C++, assembler, Rust, Ada, Zig, Nim, Swift. */
const SUFFIXES: ReadonlySet<string> = new Set(
  '.c .h .cc .cpp .cxx .c++ .hh .hpp .hxx .h++ .inl .ipp .tpp .inc .s .asm .rs .adb .ads .zig .nim .swift .ld .lds'.split(' '),
);

/** A folder from which source files may be shown. */
interface Project {
  /** Without links. */
  readonly folder: string;
  readonly ignored: GitIgnore;
}

/** An empty HOME names no folder, least of all the working folder: the system knows the user's own. */
function homeFolder({ HOME: named }: Io['env']): string {
  const home = named ?? homedir();
  if (home !== '') return home;
  try {
    return userInfo().homedir;
  } catch {
    // a user whom the system does not know
    return NO_HOME;
  }
}
const NO_HOME = '/nonexistent';

/**
 * The repository that the user stands in, else the folder that he stands in; none where that is his home folder or above it, which holds more than a project.
 * `--source-root` adds folders.
 */
export function projectFolders({ cwd, env }: Pick<Io, 'cwd' | 'env'>, more: readonly string[] = []): string[] {
  const here = realPath(cwd);
  const repository = here === null ? null : repositoryOf(here);
  const own = [repository, here].find((folder) => folder !== null && !holdsHome(folder, env)) ?? null;
  const asked = more.map((folder) => {
    const real = realPath(resolve(cwd, folder));
    if (folder === '' || real === null || !statSync(real).isDirectory())
      throw new UsageError(`--source-root: there is no folder ${folder}`);
    return real;
  });
  return [...new Set([...(own === null ? [] : [own]), ...asked])];
}

/** It is the user's home folder, or above it. */
export function holdsHome(folder: string, env: Io['env']): boolean {
  const home = realPath(homeFolder(env));
  return home !== null && isBelow(home, folder);
}

/** Where source lines are looked for. */
export interface SourcePlaces {
  /** Images as typed; relative ones lie in `folder`. */
  readonly images: readonly string[];
  readonly folder: string;
  readonly io: Pick<Io, 'cwd' | 'env'>;
  readonly roots?: readonly string[] | undefined;
}

export interface DiskSources extends Sources {
  /** The file that a source is read from. */
  readonly onDisk: (file: string) => string | null;
  /** It was written after the images, be it by a moment: as a checkout may do, too. */
  readonly isLater: (file: string) => boolean;
}

/** Looked for from the working folder, the image's folder and the folders above it, as far as they lie in the project. */
export function sourcesOf({ images, folder, io, roots = [] }: SourcePlaces): DiskSources {
  const files = images.map((image) => resolve(folder, splitImagePath(image).file)).filter((file) => existsSync(file));
  const home = homeFolder(io.env);
  const projects = projectFolders(io, roots).map((at): Project => ({ folder: at, ignored: new GitIgnore(at, home, gitEnvironment(io)) }));
  const from = [io.cwd, ...projects.map((p) => p.folder), ...files.flatMap((file) => upwards(dirname(file)))];
  const starts = [...new Set(from.map((at) => realPath(at)).filter((at) => at !== null))].filter((at) => projectAt(at, projects));
  const built = Math.max(0, ...files.map((file) => statSync(file).mtimeMs));
  // what lies beside an image there is not looked for
  const elsewhere = files.length > 0 && files.every((file) => projectAt(realPath(dirname(file)) ?? dirname(file), projects) === undefined);
  const known = new Map<string, Found>();
  const find = (name: string): Found => {
    let found = known.get(name);
    if (found === undefined) {
      found = look(name, starts, projects);
      if (found.path === null && found.leftOut === null && elsewhere) found = { path: null, leftOut: IMAGE_OUTSIDE };
      known.set(name, found);
    }
    return found;
  };
  const read = new Map<string, SourceFile>();
  const sources = (name: string): SourceFile | null => {
    const { path } = find(name);
    if (path === null) return null;
    let file = read.get(path);
    if (file === undefined) read.set(path, (file = { ...fileAt(path, io.cwd, built), home: homeOf(path, io.cwd, projects) }));
    return file;
  };
  let scripts: readonly string[] | undefined;
  return Object.assign(sources, {
    leftOut: (name: string) => find(name).leftOut,
    onDisk: (name: string) => find(name).path,
    isLater: (name: string) => {
      const { path } = find(name);
      return path !== null && built > 0 && statSync(path).mtimeMs > built;
    },
    linkerScripts: () => (scripts ??= [...new Set(files.flatMap((file) => upwards(dirname(file)).slice(0, 2)))].flatMap(scriptsIn)),
    ...toldByImages(() => files.map((path) => ({ path, bytes: new Uint8Array(readFileSync(path)) }))),
  });
}

function scriptsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(?:ld|lds)$/.test(name))
      .sort();
  } catch {
    return [];
  }
}

/** Folders that it names are seen from the working folder. */
function gitEnvironment({ cwd, env }: Pick<Io, 'cwd' | 'env'>): Io['env'] {
  const named = ['GIT_DIR', 'GIT_COMMON_DIR', 'GIT_WORK_TREE'].filter((key) => (env[key] ?? '') !== '');
  return { ...env, ...Object.fromEntries(named.map((key) => [key, resolve(realPath(cwd) ?? cwd, env[key]!)])) };
}

/** Of these files and folders of the working folder, those that git would take with all the rest; none where there is no repository. */
export function notIgnored(names: readonly string[], io: Pick<Io, 'cwd' | 'env'>): string[] {
  const here = realPath(io.cwd);
  if (here === null || repositoryOf(here) === null) return [];
  const rules = new GitIgnore(here, homeFolder(io.env), gitEnvironment(io));
  // a rule for a folder ends in a slash, so it is asked for something in there
  return names.filter((name) => !rules.ignores(name.endsWith('/') ? [name.slice(0, -1), 'a'] : [name]));
}

function upwards(folder: string): string[] {
  const found = [folder];
  for (let i = 0; i < ABOVE && dirname(found[i]!) !== found[i]; i++) found.push(dirname(found[i]!));
  return found;
}

type Found = { readonly path: string; readonly leftOut: null } | { readonly path: null; readonly leftOut: string | null };
/** No file has a longer one (PATH_MAX of Linux; macOS and Windows have less). */
const LONGEST_NAME = 4096;
const IMAGE_OUTSIDE = 'the image lies outside of the project folder: stand there, or add it with --source-root <folder>';
const OUTSIDE = 'it lies outside of the project folder (--source-root <folder> adds one)';

/** `../Core/Src/main.c` of a build folder is `Core/Src/main.c` of the project: leading parts are dropped until something is there, but never the last folder. */
function look(name: string, starts: readonly string[], projects: readonly Project[]): Found {
  if (name.length > LONGEST_NAME) return { path: null, leftOut: 'its name is longer than that of a file can be' };
  const parts = name.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const candidates = isAbsolute(name) ? [resolve(name)] : starts.map((start) => join(start, name));
  // what lies outside is not even asked for: a report does not tell what other files there are
  const outside = candidates.every((path) => !projectAt(path, projects));
  for (let drop = 0; drop < parts.length; drop++) {
    // a bare name is looked for only where it was bare, or beside the image
    if (parts[drop] === '..' || (drop === parts.length - 1 && parts.length > 1 && parts[drop - 1] !== '..')) continue;
    for (const start of starts) candidates.push(join(start, ...parts.slice(drop)));
  }
  let leftOut: string | null = outside ? OUTSIDE : null;
  let refused = false;
  for (const path of candidates) {
    const project = projectAt(path, projects);
    if (!project || !isFile(path)) continue;
    const why = whyNot(path, project, projects);
    if (why === null) return { path, leftOut: null };
    if (!refused) leftOut = why;
    refused = true;
  }
  return { path: null, leftOut };
}

/** Why a file of the project is not shown; null if it is. */
function whyNot(path: string, { folder }: Project, projects: readonly Project[]): string | null {
  const real = realPath(path);
  const home = real === null ? undefined : projectAt(real, projects);
  if (real === null || !home) return 'a link leads out of the project folder';
  const parts = relative(home.folder, real).split(sep);
  if ([...parts, ...relative(folder, path).split(sep)].some((part) => part.startsWith('.')))
    return 'the name of a folder or of the file begins with a dot';
  if (!SUFFIXES.has(extname(real).toLowerCase()) || !SUFFIXES.has(extname(path).toLowerCase()))
    return 'it is not called as source files are';
  return home.ignored.ignores(parts) ? 'git ignores it' : null;
}

function fileAt(path: string, cwd: string, built: number): SourceFile {
  const below = relative(realPath(cwd) ?? cwd, path);
  const elsewhere = below.startsWith('..') || isAbsolute(below);
  // `patch` refuses to leave its folder: what lies elsewhere is named from the root, for `patch -d /`
  const shown = (elsewhere ? path.replace(/^([A-Za-z]:)?[\\/]+/, '') : below).split(sep).join('/');
  const lines = readFileSync(path, 'utf8').split('\n');
  return { path: shown, lines, newer: statSync(path).mtimeMs > built + CHECKED_OUT && built > 0, elsewhere };
}

/** Of a patch: the repository that the file lies in, where the project has one; else the working folder, or the project's where it lies outside of that. */
function homeOf(path: string, cwd: string, projects: readonly Project[]): PatchHome {
  const real = realPath(path) ?? path;
  const here = realPath(cwd) ?? cwd;
  const project = projectAt(real, projects)?.folder ?? here;
  const repository = repositoryOf(dirname(real));
  const git = repository !== null && isBelow(repository, project);
  const folder = git ? repository : isBelow(real, here) ? here : project;
  return { path: wayTo(real, folder), at: wayTo(folder, here), git };
}
/** A path from a folder, with `/`. */
export const wayTo = (to: string, folder: string): string => relative(folder, to).split(sep).join('/');

export function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
const projectAt = (path: string, projects: readonly Project[]): Project | undefined => projects.find((p) => isBelow(path, p.folder));

/** Without links; null where nothing is. */
export function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function isFile(path: string): boolean {
  try {
    const found = statSync(path);
    return found.isFile() && found.size <= MOST_BYTES;
  } catch {
    return false;
  }
}
