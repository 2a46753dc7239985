/** Which files git ignores, by the rules of gitignore(5): no git is started, since a repository may be somebody else's. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

interface Rule {
  readonly ignores: boolean;
  readonly foldersOnly: boolean;
  /** Of a path from the folder of the rule, with `/`. */
  readonly matches: RegExp;
}

/** Longest file of rules that is read. */
const MOST_BYTES = 1 << 20;

export class GitIgnore {
  private readonly root: string;
  private readonly home: string | null;
  private readonly rules = new Map<string, readonly Rule[]>();

  /** @param root where reading of `.gitignore` begins; `home` is where the user's own rules lie */
  constructor(root: string, home: string | null) {
    this.root = root;
    this.home = home;
  }

  /** @param path parts of a file's path, from the root */
  ignores(path: readonly string[]): boolean {
    // nothing below an ignored folder can be taken back
    return path.some((_part, i) => this.decides(path.slice(0, i + 1), i < path.length - 1));
  }

  private decides(path: readonly string[], isFolder: boolean): boolean {
    // the nearest file of rules decides, and in it the last rule
    for (let depth = path.length - 1; depth >= 0; depth--) {
      const ignores = lastMatch(this.rulesAt(join(this.root, ...path.slice(0, depth), '.gitignore')), path.slice(depth), isFolder);
      if (ignores !== null) return ignores;
    }
    for (const file of this.general()) {
      const ignores = lastMatch(this.rulesAt(file), path, isFolder);
      if (ignores !== null) return ignores;
    }
    return false;
  }

  /** Rules of this clone, and the user's for all of his. */
  private general(): string[] {
    const folder = gitFolder(this.root);
    return [
      ...(folder === null ? [] : [join(folder, 'info', 'exclude')]),
      ...(this.home === null ? [] : [join(this.home, '.config', 'git', 'ignore')]),
    ];
  }

  private rulesAt(file: string): readonly Rule[] {
    let found = this.rules.get(file);
    if (found === undefined) this.rules.set(file, (found = rulesOf(textOf(file))));
    return found;
  }
}

/** The folder `.git`, or where the file of that name of a worktree leads to. */
function gitFolder(root: string): string | null {
  const path = join(root, '.git');
  try {
    if (statSync(path).isDirectory()) return path;
    const own = resolve(root, /^gitdir: (.*)$/m.exec(readFileSync(path, 'utf8'))?.[1]?.trim() ?? '');
    const common = textOf(join(own, 'commondir')).trim();
    return common === '' ? own : resolve(own, common);
  } catch {
    return null;
  }
}

function textOf(file: string): string {
  try {
    return statSync(file).size > MOST_BYTES ? '' : readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function lastMatch(rules: readonly Rule[], path: readonly string[], isFolder: boolean): boolean | null {
  const name = path.join('/');
  return rules.findLast((r) => (isFolder || !r.foldersOnly) && r.matches.test(name))?.ignores ?? null;
}

function rulesOf(text: string): Rule[] {
  return text.split('\n').flatMap((line) => {
    let pattern = line.replace(/\r$/, '').replace(/(?<!\\)[ \t]+$/, '');
    if (pattern === '' || pattern.startsWith('#')) return [];
    const ignores = !pattern.startsWith('!');
    if (!ignores) pattern = pattern.slice(1);
    const foldersOnly = pattern.endsWith('/');
    if (foldersOnly) pattern = pattern.slice(0, -1);
    // without a slash in it a rule counts at any depth
    const anchored = pattern.includes('/');
    const source = regexOf(pattern.replace(/^\//, ''));
    return [{ ignores, foldersOnly, matches: new RegExp(`^${anchored ? '' : '(?:.*/)?'}${source}$`) }];
  });
}

const TOKENS = /\*\*\/|\/\*\*$|\*+|\?|\[[!^]?\]?[^\]/]*\]|\\.|[^]/g;
/** A glob of git as a regular expression. */
function regexOf(glob: string): string {
  return (glob.match(TOKENS) ?? [])
    .map((token) => {
      if (token === '**/') return '(?:.*/)?';
      if (token === '/**') return '/.*';
      if (token.startsWith('*')) return '[^/]*';
      if (token === '?') return '[^/]';
      if (token.length > 2 && token.startsWith('[')) return classOf(token);
      return quoted(token.length === 2 ? token[1]! : token);
    })
    .join('');
}
const quoted = (character: string): string => character.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
function classOf(token: string): string {
  const [, not, inside] = /^\[([!^]?)(.*)\]$/.exec(token)!;
  const safe = inside!.replace(/[\\\][^]/g, '\\$&');
  return `[${not === '' ? '' : '^/'}${safe}]`;
}

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
