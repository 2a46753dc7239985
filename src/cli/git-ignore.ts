/** Which files git ignores, by the rules of gitignore(5): no git is started, since a repository may be somebody else's. */
import { statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { gitText, ignoreConfig, type IgnoreConfig } from './git-config.ts';
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
  const name = path.join('/');
  return rules.findLast((r) => (isFolder || !r.foldersOnly) && r.matches.test(name))?.ignores ?? null;
}

function rulesOf(text: string, anyCase: boolean): Rule[] {
  return text.split('\n').flatMap((line) => {
    // to C, a NUL ends it
    let pattern = line
      .replace(/\0[^]*$/, '')
      .replace(/\r$/, '')
      .replace(/(?<!\\)[ \t]+$/, '');
    if (pattern === '' || pattern.startsWith('#')) return [];
    const ignores = !pattern.startsWith('!');
    if (!ignores) pattern = pattern.slice(1);
    const foldersOnly = pattern.endsWith('/');
    if (foldersOnly) pattern = pattern.slice(0, -1);
    // without a slash in it a rule counts at any depth
    const anchored = pattern.includes('/');
    return [{ ignores, foldersOnly, matches: globOf(`${anchored ? '' : '**/'}${pattern.replace(/^\//, '')}`, anyCase) }];
  });
}

const TOKENS = /\*+\/?|\?|\[[!^]?\]?(?:\[:\w*:\]|\\[^]|[^\]\\])*\]|\\.|[^]/g;
/** A glob of git. */
function globOf(pattern: string, anyCase: boolean): Glob {
  const glob = new Glob();
  for (const { 0: token, index } of pattern.matchAll(TOKENS)) {
    if (token.startsWith('*')) stars(glob, token, pattern, index);
    else if (token === '?') glob.one(notSlash);
    else {
      const isClass = token.length > 2 && token.startsWith('[');
      const one = new RegExp(isClass ? classOf(token) : quoted(token.at(-1)!), anyCase ? 'i' : '');
      // a list may name a slash and never stands for one
      glob.one(isClass ? (unit) => notSlash(unit) && one.test(unit) : (unit) => one.test(unit));
    }
  }
  return glob;
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
const quoted = (character: string): string => character.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
function classOf(token: string): string {
  const [, not, inside] = /^\[([!^]?)(.*)\]$/.exec(token)!;
  const safe = inside!.replace(/\[:(\w*):\]|\\([^])|[\]\[\\]/g, (found, name?: string, escaped?: string) => {
    if (name !== undefined) return CLASSES[name] ?? ANY;
    if (escaped === undefined) return `\\${found}`;
    return /\w/.test(escaped) ? escaped : `\\${escaped}`;
  });
  return `[${not === '' ? '' : '^/'}${safe}]`;
}

/** Of POSIX; another name is taken for all, for too much may be hidden, and nothing shown. */
const ANY = '\\s\\S';
const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

/** The nearest folder upwards that is a repository; null where there is none. */
export function repositoryOf(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (isRepository(at)) return at;
    if (dirname(at) === at) return null;
  }
}
function isRepository(folder: string): boolean {
  try {
    const git = statSync(join(folder, '.git'));
    return git.isFile() || git.isDirectory();
  } catch {
    return false;
  }
}
