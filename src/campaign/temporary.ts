/** A link, a pipe or a folder is none: what stands there is no file that this program has written. */
export const isPlain = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;

/**
 * Temporary files and folders beside what they become. The name cannot be guessed and the file is made anew, so that nobody in a shared folder can put a link in its
 * place; what a process that was killed has left is removed when the same file is written again.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { SurroundingsError } from '../bench/documents/usage-error.ts';

export interface Temporary {
  readonly path: string;
  readonly file: number;
}

/** A process number says something on its own machine only. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
/** Letters of the target's name: the whole may be no longer than 255. */
const LONGEST = 64;
const beginning = (target: string): string => `.${basename(target).slice(0, LONGEST)}.${HOST}-`;

const anyChance = (): string => randomBytes(8).toString('hex');
const nameBeside = (target: string, chance: string): string => join(dirname(target), `${beginning(target)}${process.pid}-${chance}.tmp`);

/** A new folder in that of `target` that only this user may enter; what processes that are gone have left of `target` is removed before. */
export function folderBeside(target: string): string {
  removeLeftOf(target);
  const path = nameBeside(target, anyChance());
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** A new, empty file in the folder of `target`, with its owner and permissions as far as this user may give them. */
export function openTemporary(target: string, chance = anyChance()): Temporary {
  const path = nameBeside(target, chance);
  const file = openSync(path, 'wx');
  // a file system without owners or permissions says no; so it does to whoever is not root
  attempted(() => {
    const old = statSync(target, { throwIfNoEntry: false });
    if (old === undefined) return;
    attempted(() => fchownSync(file, old.uid, old.gid));
    fchmodSync(file, old.mode & 0o777);
  });
  return { path, file };
}
function attempted(change: () => void): void {
  try {
    change();
  } catch {
    // the file is written all the same
  }
}

/** Writes the content, and puts the file in place of `target`; nothing is left where that fails. */
function finish({ path, file }: Temporary, target: string, content: string | Uint8Array): void {
  try {
    try {
      writeFileSync(file, content);
    } finally {
      closeSync(file);
    }
    renameSync(path, target);
  } catch (error) {
    unlinkSync(path);
    throw error;
  }
}

export function discard({ path, file }: Temporary): void {
  closeSync(file);
  unlinkSync(path);
}

/** A file that is whole or was not written. */
export const writeWhole = (target: string, content: string | Uint8Array): void => finish(openTemporary(target), target, content);

/** Removes what processes of this machine that are gone have left of `target`. */
export const removeLeftOf = (target: string): void => removeLeft(dirname(target), beginning(target));
/** The same of all files of a folder of this program's own. */
export const removeLeftIn = (folder: string): void => removeLeft(folder, '.');

const LEFT = /\.([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\.tmp$/;
function removeLeft(folder: string, begins: string): void {
  for (const name of readdirSync(folder)) {
    const [, host, pid] = (name.startsWith(begins) ? LEFT.exec(name) : null) ?? [];
    if (host !== HOST || isAlive(Number(pid))) continue;
    const path = join(folder, name);
    try {
      unlinkSync(path);
    } catch {
      // somebody else's, or already gone, or a folder
      removeOwn(path);
    }
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !isZombie(pid);
}
/** It has ended, and nobody has asked how: its number is kept until then, in some containers for ever. Only Linux says so. */
function isZombie(pid: number): boolean {
  try {
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** A new folder that only this user may enter, where the system keeps temporary files. */
export function temporaryFolder(prefix: string): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix));
  } catch (error) {
    throw new SurroundingsError(
      `no temporary folder can be made in ${tmpdir()}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
      'set TMPDIR to a folder that exists and has room',
    );
  }
}

/** Of whichever command. */
const PASSING = /^bootbench-\w+-([0-9a-f]{8})-(\d+)-/;
/** A folder that its process removes; those of processes of this machine that are gone are removed now. @param prefix `bootbench-worker-` */
export function passingFolder(prefix: string): string {
  const path = temporaryFolder(`${prefix}${HOST}-${process.pid}-`);
  for (const name of readdirSync(tmpdir())) {
    const [, host, pid] = PASSING.exec(name) ?? [];
    if (host === HOST && !isAlive(Number(pid))) removeOwn(join(tmpdir(), name));
  }
  return path;
}
/** A folder: others may have put anything there. */
function removeOwn(path: string): void {
  try {
    const found = lstatSync(path);
    if (found.isDirectory() && found.uid === userInfo().uid) rmSync(path, { recursive: true, force: true });
  } catch {
    // gone, or not to be removed
  }
}
