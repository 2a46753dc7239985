/**
 * Writes a patch into the sources. Only what a report may show is written, never through a link, never over what git could not bring back unless the user says so;
 * all files are looked at before the first is written.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import { writeWhole } from '../campaign/temporary.ts';
import type { PatchedFile } from '../report/patch.ts';
import type { Io } from './io.ts';
import { surroundings } from './outputs.ts';

export interface ApplyOptions {
  /** Also over changes that are not committed. */
  readonly allowDirty: boolean;
  /** What was written before, by file: no change of the user's. */
  readonly written: Map<string, string>;
  /** The file on the disk that a source was read from. */
  readonly onDisk: (name: string) => string | null;
}

export function applyPatchTo(files: readonly PatchedFile[], options: ApplyOptions, io: Io): void {
  const places = files.map((file) => placeOf(file, options, io));
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
function placeOf({ name, path, before }: PatchedFile, { allowDirty, written, onDisk }: ApplyOptions, io: Io): string {
  const place = onDisk(name);
  if (place === null || realpathSync(place) !== place) throw new UsageError(`${path} is reached through a link, so it is not written`);
  if (!readFileSync(place).equals(Buffer.from(before)))
    throw new SurroundingsError(`${path} was changed while the image ran`, 'start again');
  if (!allowDirty && written.get(place) !== before) mustBeCommitted(place, path, io);
  return place;
}

function mustBeCommitted(place: string, path: string, io: Io): void {
  if (git(['status', '--porcelain', '-z', '--ignored=matching'], place, path, io) !== '')
    throw new UsageError(`${path} has uncommitted changes`, 'commit or stash them, or give --allow-dirty');
  // of these `git status` says nothing, whatever is in them: a small letter is --assume-unchanged, an S --skip-worktree
  if (/^[a-zS] /.test(git(['ls-files', '-v', '-z'], place, path, io)))
    throw new UsageError(
      `git is told not to look for changes in ${path}`,
      'let it (git update-index --no-assume-unchanged --no-skip-worktree), or give --allow-dirty',
    );
}

/** What git says of a file. */
function git(command: readonly string[], place: string, path: string, io: Io): string {
  // what the repository would have git start, to be faster, is not started
  const args = ['-c', 'core.fsmonitor=false', '--no-optional-locks', '--literal-pathspecs', ...command, '--', basename(place)];
  const asked = spawnSync('git', args, { cwd: dirname(place), env: { ...io.env }, encoding: 'utf8' });
  if (asked.error)
    throw new SurroundingsError(
      `git, which would know whether ${path} has uncommitted changes, does not start`,
      '--allow-dirty writes without asking',
    );
  if (asked.status !== 0)
    throw new UsageError(`${path} lies in no git repository, so nothing could bring it back`, 'commit it, or give --allow-dirty');
  return asked.stdout;
}
