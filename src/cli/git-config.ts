/** What the configuration of git says of ignored files, without starting git: git-config(1), "Configuration file" and "Includes". A condition of an include is taken as met. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface IgnoreConfig {
  /** Files of `core.excludesFile`, of all configurations: which of them git takes does not matter, for what one of them ignores is not shown. */
  readonly excludes: readonly string[];
  /** Upper and lower case are the same (`core.ignoreCase`). */
  readonly anyCase: boolean;
}
type Environment = Readonly<Record<string, string | undefined>>;
/** Longest file that is read, and how deep includes go. */
const MOST_BYTES = 1 << 20;
const DEEPEST = 10;

/** @param folders the folder `.git`, and that of a worktree; none where there is none */
export function ignoreConfig(root: string, folders: readonly string[], home: string | null, env: Environment): IgnoreConfig {
  const found = { excludes: [] as string[], anyCase: false };
  const take = (key: string, value: string): void => {
    if (key === 'core.ignorecase') found.anyCase ||= !/^(false|no|off|0|)$/i.test(value);
    if (key === 'core.excludesfile' && value !== '') found.excludes.push(pathOf(value, root, home));
  };
  const own = ownFolder(home, env);
  for (const file of configFiles(folders, home, own, env)) readConfig(file, home, take, 0);
  const count = Number(env['GIT_CONFIG_COUNT'] ?? 0);
  for (let i = 0; i < Math.min(count, 1000); i++)
    take((env[`GIT_CONFIG_KEY_${i}`] ?? '').toLowerCase(), env[`GIT_CONFIG_VALUE_${i}`] ?? '');
  // what `git -c` hands on
  for (const [, key, value] of (env['GIT_CONFIG_PARAMETERS'] ?? '').matchAll(/'(core\.\w+)'?='?([^']*)'/gi))
    take(key!.toLowerCase(), value!);
  return { excludes: [...found.excludes, ...(own === null ? [] : [join(own, 'ignore')])], anyCase: found.anyCase };
}
/** Where the user's files lie that are not in his home folder itself. */
function ownFolder(home: string | null, { XDG_CONFIG_HOME }: Environment): string | null {
  const config = XDG_CONFIG_HOME ?? (home === null ? null : join(home, '.config'));
  return config === null ? null : join(config, 'git');
}
function configFiles(folders: readonly string[], home: string | null, own: string | null, env: Environment): string[] {
  return [
    env['GIT_CONFIG_SYSTEM'] ?? '/etc/gitconfig',
    ...(env['GIT_CONFIG_GLOBAL'] === undefined ? [] : [env['GIT_CONFIG_GLOBAL']]),
    ...(own === null ? [] : [join(own, 'config')]),
    ...(home === null ? [] : [join(home, '.gitconfig')]),
    ...folders.flatMap((folder) => [join(folder, 'config'), join(folder, 'config.worktree')]),
  ];
}
const pathOf = (value: string, from: string, home: string | null): string =>
  value.startsWith('~/') && home !== null ? join(home, value.slice(2)) : resolve(from, value);

function readConfig(file: string, home: string | null, take: (key: string, value: string) => void, depth: number): void {
  let section = '';
  for (const line of linesOf(file)) {
    const header = /^\s*\[\s*([\w.-]+)[^\]]*\](.*)$/.exec(line);
    if (header) section = header[1]!.toLowerCase();
    const entry = /^\s*([a-z][\w-]*)\s*(?:=(.*))?$/i.exec(header ? header[2]! : line);
    if (!entry) continue;
    const key = `${section}.${entry[1]!.toLowerCase()}`;
    // a key alone is true
    const value = entry[2] === undefined ? 'true' : valueOf(entry[2]);
    if (/^include(if)?\.path$/.test(key)) {
      if (depth < DEEPEST) readConfig(pathOf(value, dirname(file), home), home, take, depth + 1);
    } else take(key, value);
  }
}
/** Without its quotes, escapes and comment. */
function valueOf(text: string): string {
  let [value, quoted] = ['', false];
  for (const [token] of text.matchAll(/\\.|[^]/g)) {
    if (token === '"') quoted = !quoted;
    else if (!quoted && (token === '#' || token === ';')) break;
    else value += token.length === 2 ? ({ n: '\n', t: '\t', b: '\b' }[token[1]!] ?? token[1]!) : token;
  }
  return value.trim();
}
const linesOf = (file: string): string[] =>
  gitText(file)
    .replace(/\\\r?\n/g, '')
    .split(/\r?\n/);

/** A file of git's, without the mark of its encoding; empty where there is none, or no file. One that is too long is taken for `instead`. */
export function gitText(file: string, most = MOST_BYTES, instead = ''): string {
  try {
    const found = statSync(file);
    if (!found.isFile()) return '';
    return found.size <= most ? readFileSync(file, 'utf8').replace(/^\uFEFF/, '') : instead;
  } catch {
    return '';
  }
}
