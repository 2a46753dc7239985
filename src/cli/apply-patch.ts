/**
 * Writes a patch into the sources. Only what a report may show is written, never through a link, never over what git could not bring back unless the user says so;
 * all files are looked at before the first is written.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import { writeWhole } from '../campaign/temporary.ts';
import type { PatchedFile } from '../report/patch.ts';
import type { Io } from './io.ts';
import { surroundings } from '../bench/documents/system-errors.ts';
import { ShellCommand } from './shell.ts';

export interface ApplyOptions {
  /** Also over changes that are not committed. */
  readonly allowDirty: boolean;
  /** What was written before, by file: no change of the user's. */
  readonly written: Map<string, string>;
  /** The file on the disk that a source was read from. */
  readonly onDisk: (name: string) => string | null;
  /** It was written after the images. */
  readonly isLater: (name: string) => boolean;
}

export async function applyPatchTo(files: readonly PatchedFile[], options: ApplyOptions, io: Io): Promise<void> {
  const places: string[] = [];
  for (const file of files) places.push(await placeOf(file, options, io));
  files.forEach((file, i) => {
    const place = places[i]!;
    try {
      writeWhole(place, file.after);
    } catch (error) {
      throw surroundings(error, `cannot write ${file.path}`) ?? error;
    }
    options.written.set(place, file.after);
  });
}

/** Where a file is to be written; an error where it must not be. */
async function placeOf(
  { name, path, before }: PatchedFile,
  { allowDirty, written, onDisk, isLater }: ApplyOptions,
  io: Io,
): Promise<string> {
  const place = onDisk(name);
  if (place === null || realpathSync(place) !== place) throw new UsageError(`${path} is reached through a link, so it is not written`);
  if (!readFileSync(place).equals(Buffer.from(before)))
    throw new SurroundingsError(`${path} was changed while the image ran`, 'start again');
  if (!allowDirty && written.get(place) !== before) await mustBeCommitted(place, path, isLater(name), io);
  return place;
}

async function mustBeCommitted(place: string, path: string, later: boolean, io: Io): Promise<void> {
  const isDirty = (await git(['status', '--porcelain', '-z', '--ignored=matching'], place, path, io)) !== '';
  if (isDirty && later)
    throw new UsageError(
      `${path} has uncommitted changes that are newer than the image: they may be this fix`,
      'build it first; else commit or stash them, or give --allow-dirty',
    );
  if (isDirty) throw new UsageError(`${path} has uncommitted changes`, 'commit or stash them, or give --allow-dirty');
  // of these `git status` says nothing, whatever is in them: a small letter is --assume-unchanged, an S --skip-worktree
  if (/^[a-zS] /.test(await git(['ls-files', '-v', '-z'], place, path, io)))
    throw new UsageError(
      `git is told not to look for changes in ${path}`,
      'let it (git update-index --no-assume-unchanged --no-skip-worktree), or give --allow-dirty',
    );
}

/** Real time for a question to git: what a repository holds (a filter, a pipe in place of a list of files) may keep it for ever. */
const GIT_MS = 20_000;
/** Of one file git has little to say. */
const MOST_SAID = 1 << 16;

/** What git says of a file. */
async function git(command: readonly string[], place: string, path: string, io: Io): Promise<string> {
  // what the repository would have git start, to be faster, is not started
  const args = ['-c', 'core.fsmonitor=false', '--no-optional-locks', '--literal-pathspecs', ...command, '--', basename(place)];
  const said = { stdout: '', stderr: '' };
  // nor what it names to fetch objects with, where it holds only some of them
  const env = { ...io.env, LC_ALL: 'C', GIT_ALLOW_PROTOCOL: '', GIT_NO_LAZY_FETCH: '1' };
  const asked = new ShellCommand(['git', ...args], { cwd: dirname(place), env }, (bytes, stream) => {
    said[stream] = (said[stream] + bytes.toString('utf8')).slice(0, MOST_SAID);
  });
  const late = new SurroundingsError(
    `git, asked whether ${path} has uncommitted changes, said nothing for ${GIT_MS / 1000} s`,
    'see what `git status` waits for, or give --allow-dirty',
  );
  try {
    const code = await asked.within(GIT_MS, late, io.onInterrupt, 'interrupted while git looked at the sources');
    if (code !== 0) throw refusal(said.stderr, path);
    return said.stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new SurroundingsError(
      `git, which would know whether ${path} has uncommitted changes, does not start`,
      '--allow-dirty writes without asking',
    );
  }
}
function refusal(said: string, path: string): Error {
  if (/not a git repository/.test(said))
    return new UsageError(`${path} lies in no git repository, so nothing could bring it back`, 'commit it, or give --allow-dirty');
  return new SurroundingsError(
    `git cannot say whether ${path} has uncommitted changes: ${said.trim().split('\n').at(-1)!}`,
    'mend that, or give --allow-dirty',
  );
}
