/** Files that are read as a whole: a pipe, a terminal and some files of the kernel keep who reads them until somebody writes, deaf to signals, and some devices never end. */
import { realpathSync, statSync, type Stats } from 'node:fs';
import { UsageError } from '../bench/documents/usage-error.ts';
import { LARGEST_IMAGE } from '../image/errors.ts';
import { nowRead } from './command-files.ts';

/** The largest file of each kind that is read, MiB: nothing hears of `--wall` and signals while it is. */
export const LARGEST = {
  image: LARGEST_IMAGE,
  /** All memory that a machine can have: `file@address`, and pieces of a dump. */
  binary: 32,
  dump: 16,
  scenario: 8,
  campaign: 8,
  /** Of a campaign: some 100 bytes a case. */
  results: 65_536,
  /** What `run` writes: some 40 KB, and what the firmware prints, 512 KB a channel, six letters in JSON for each at most. */
  result: 64,
  baseline: 16,
  /** Of a board. */
  record: 128,
  evidence: 4,
  program: 64,
} as const;
export type FileKind = keyof typeof LARGEST;
const ENDLESS = /^\/dev\/(zero|full|u?random)$/;

/**
 * Before a user's file is read: it is an input of the command from now on, and no output is written over it. Throws what the system says where nothing is, and a UsageError where reading would not end.
 *
 * @param kind what it should be
 * @param shown what an error calls it
 */
export function mustEnd(file: string, kind: FileKind, shown: string): void {
  const found = statSync(file);
  const silent = silentKind(file, found);
  if (silent !== null) throw new UsageError(`${shown} is ${silent}, which is not read`, 'give a file; /dev/stdin can be one: `< file`');
  if (found.isCharacterDevice() && ENDLESS.test(realpathSync(file))) throw new UsageError(`cannot read ${shown}: it never ends`);
  if (found.size > LARGEST[kind] * 2 ** 20)
    throw new UsageError(`cannot read ${shown}: it is larger than ${LARGEST[kind]} MiB`, 'is it the right file?');
  if (found.isFile()) nowRead(file);
}

/** What may stay silent for ever; null for all else. */
function silentKind(file: string, found: Stats): string | null {
  if (found.isFIFO()) return /^\/(dev|proc)\//.test(file) ? 'a pipe' : 'a named pipe';
  if (found.isSocket()) return 'a socket';
  if (process.platform === 'win32') return null;
  if (found.isBlockDevice()) return 'a device';
  if (found.isCharacterDevice()) {
    const device = realpathSync(file);
    return device === '/dev/null' || ENDLESS.test(device) ? null : 'a device or a terminal';
  }
  // /proc/kmsg says that it is an empty file
  return found.isFile() && found.size === 0 && /^\/(proc|sys)\//.test(realpathSync(file)) ? 'a file of the kernel' : null;
}
