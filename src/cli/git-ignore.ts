/** Which files git ignores, by the rules of gitignore(5): no git is started, since a repository may be somebody else's. */
import { statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { gitText, ignoreConfig, type IgnoreConfig } from './git-config.ts';
import { listAt, lower } from './git-list.ts';
import { any, Glob, notSlash, slash } from './glob.ts';

/** Bytes of rules in a file. They are asked of each file that is shown, and thousands of them take seconds: of more, all files are ignored. */
const MOST_RULES = 64 << 10;
const ALL = '*';

type Environment = Readonly<Record<string, string | undefined>>;
interface Rule {
  readonly ignores: boolean;
  readonly foldersOnly: boolean;
  /** Of a path from the folder of the rule, with `/`. */
  readonly matches: Glob;
}

export class GitIgnore {
  /** The repository around, whose rules count in each folder of it; else the folder itself. */
  private readonly root: string;
  /** From there to the folder that paths begin at. */
  private readonly way: readonly string[];
  private readonly home: string | null;
  private readonly env: Environment;
  private readonly rules = new Map<string, readonly Rule[]>();
  private readonly repositories = new Map<string, Repository | null>();

  /** @param folder where paths begin; `home` is where the user's own rules lie */
  constructor(folder: string, home: string | null, env: Environment = {}) {
    this.root = rootOf(folder, env);
    this.way = relative(this.root, folder)
      .split(sep)
      .filter((part) => part !== '');
    this.home = home;
    this.env = env;
  }

  /** @param inside parts of a file's path, from the folder */
  ignores(inside: readonly string[]): boolean {
    const path = [...this.way, ...inside];
    // nothing below an ignored folder can be taken back
    return path.some((_part, i) => this.decides(path.slice(0, i + 1), i < path.length - 1));
  }

  private decides(path: readonly string[], isFolder: boolean): boolean {
    // the nearest file of rules decides, and in it the last rule
    for (let depth = path.length - 1; depth >= 0; depth--) {
      const at = join(this.root, ...path.slice(0, depth));
      const repository = this.repositoryAt(at, depth === 0);
      const anyCase = repository?.config.anyCase ?? this.repositoryAt(this.root, true)!.config.anyCase;
      const ignores = lastMatch(this.rulesAt(join(at, '.gitignore'), anyCase), path.slice(depth), isFolder);
      if (ignores !== null) return ignores;
      // of a repository within this one, too
      if (
        repository !== null &&
        general(repository).some((file) => lastMatch(this.rulesAt(file, anyCase), path.slice(depth), isFolder) === true)
      )
        return true;
    }
    return false;
  }

  /** Null where no repository begins. */
  private repositoryAt(folder: string, always: boolean): Repository | null {
    let found = this.repositories.get(folder);
    if (found === undefined) {
      // which of two git would take does not matter: what one of them ignores is not shown
      const git = [...gitFolders(folder), ...(folder === this.root ? namedFolders(folder, this.env) : [])];
      const config = git.length === 0 && !always ? null : ignoreConfig(folder, git, this.home, this.env);
      this.repositories.set(folder, (found = config === null ? null : { git, config }));
    }
    return found;
  }

  private rulesAt(file: string, anyCase: boolean): readonly Rule[] {
    const key = `${anyCase} ${file}`;
    let found = this.rules.get(key);
    if (found === undefined) this.rules.set(key, (found = rulesOf(gitText(file, MOST_RULES, ALL), anyCase)));
    return found;
  }
}

interface Repository {
  /** The folder `.git`, and that of a worktree; none in a project without one. */
  readonly git: readonly string[];
  readonly config: IgnoreConfig;
}
/** Rules of a clone, and the user's for all of his. */
const general = ({ git, config }: Repository): string[] => [...git.map((at) => join(at, 'info', 'exclude')), ...config.excludes];

/** The folder `.git`, or where the file of that name of a worktree leads to. */
function gitFolders(root: string): string[] {
  const path = join(root, '.git');
  try {
    if (statSync(path).isDirectory()) return withCommon(path);
    return withCommon(resolve(root, /^gitdir: (.*)$/m.exec(gitText(path))?.[1]?.trim() ?? ''));
  } catch {
    return [];
  }
}
function withCommon(own: string): string[] {
  const common = gitText(join(own, 'commondir')).trim();
  return common === '' ? [own] : [own, resolve(own, common)];
}
/** What the environment names in place of it: git(1), "The Git Repository". */
function namedFolders(root: string, env: Environment): string[] {
  const { GIT_DIR: own = '', GIT_COMMON_DIR: common = '' } = env;
  return [...(own === '' ? [] : withCommon(resolve(root, own))), ...(common === '' ? [] : [resolve(root, common)])];
}
/** The repository around; a tree that the environment names, if it lies further up, for rules of its folders count. */
function rootOf(folder: string, { GIT_WORK_TREE: tree = '' }: Environment): string {
  const found = repositoryOf(folder) ?? folder;
  if (tree === '') return found;
  const named = resolve(folder, tree);
  return isAbove(named, found) ? named : found;
}
const isAbove = (folder: string, other: string): boolean => !relative(folder, other).startsWith('..');

function lastMatch(rules: readonly Rule[], path: readonly string[], isFolder: boolean): boolean | null {
  const name = bytesOf(path.join('/'));
  return rules.findLast((r) => (isFolder || !r.foldersOnly) && r.matches.test(name))?.ignores ?? null;
}

/** A character for each byte of its UTF-8: to git, `é` is two of what `?` stands for. */
const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

function rulesOf(text: string, anyCase: boolean): Rule[] {
  return bytesOf(text)
    .split('\n')
    .flatMap((line) => {
      // to C, a NUL ends it
      let pattern = line.replace(/\r$/, '').replace(/\0[^]*$/, '');
      pattern = /^(?: *(?:\\[^]?|[^ \\]))*/.exec(pattern)![0];
      if (pattern === '' || pattern.startsWith('#')) return [];
      const ignores = !pattern.startsWith('!');
      if (!ignores) pattern = pattern.slice(1);
      const foldersOnly = pattern.endsWith('/');
      if (foldersOnly) pattern = pattern.slice(0, -1);
      // without a slash in it a rule counts at any depth
      const anchored = pattern.includes('/');
      const matches = globOf(`${anchored ? '' : '**/'}${pattern.replace(/^\//, '')}`, anyCase);
      return matches === null ? [] : [{ ignores, foldersOnly, matches }];
    });
}

/** A glob of git; null where it stands for nothing, as one does whose list has no end (git's wildmatch.c). */
function globOf(pattern: string, anyCase: boolean): Glob | null {
  const glob = new Glob();
  for (let at = 0; at < pattern.length;) {
    const [token] = /^(?:\*+\/?|\\[^]?|[^])/.exec(pattern.slice(at))!;
    const list = token === '[' ? listAt(pattern, at + 1, anyCase) : null;
    if (token === '\\' || (token === '[' && list === null)) return null;
    if (list !== null) glob.one((unit) => notSlash(unit) && list.has(unit));
    else if (token.startsWith('*')) stars(glob, token, pattern, at);
    else if (token === '?') glob.one(notSlash);
    else glob.one(oneOf(token, anyCase));
    at = list === null ? at + token.length : list.end;
  }
  return glob;
}
/** In any case, an upper letter behind a backslash is none. */
function oneOf(token: string, anyCase: boolean): (unit: string) => boolean {
  if (!anyCase) return (unit) => unit === token.at(-1);
  const wanted = token.startsWith('\\') ? token[1] : lower(token);
  return (unit) => lower(unit) === wanted;
}
/** Two stars or more stand for any number of parts of a path where they are all between its slashes (git's wildmatch.c), one for a piece of a part. */
function stars(glob: Glob, token: string, pattern: string, from: number): void {
  const before = pattern.slice(0, from);
  // git compares what stands in front of the first special character by itself, and begins behind it
  const begins = /(^|\/)$/.test(before) || !/[*?[\\]/.test(before);
  const [behind, slashed] = [pattern.slice(from + token.length), token.endsWith('/')];
  if (!token.startsWith('**') || !begins || !(slashed || /^(\\\/|$)/.test(behind))) {
    glob.many(notSlash);
    if (slashed) glob.one(slash);
  } else if (slashed) glob.open().or().many(any).one(slash).close();
  else glob.many(any);
}

/** The nearest folder upwards that is a repository; null where there is none. */
export function repositoryOf(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (isRepository(at)) return at;
    if (dirname(at) === at) return null;
  }
}
export function isRepository(folder: string): boolean {
  try {
    const git = statSync(join(folder, '.git'));
    return git.isFile() || git.isDirectory();
  } catch {
    return false;
  }
}
