/** Files that are read as a whole: a pipe, a terminal and some files of the kernel keep who reads them until somebody writes, deaf to signals, and some devices never end. */
import { realpathSync, statSync, type Stats } from 'node:fs';
import { UsageError } from '../bench/documents/usage-error.ts';

/** An ELF with all its debug data stays far below. */
const LARGEST_FILE = 2 ** 30;
const ENDLESS = /^\/dev\/(zero|full|u?random)$/;

/**
 * Throws what the system says where nothing is, and a UsageError where reading would not end.
 *
 * @param shown what an error calls it
 */
export function mustEnd(file: string, shown: string): void {
  const found = statSync(file);
  const kind = kindOf(file, found);
  if (kind !== null) throw new UsageError(`${shown} is ${kind}, which is not read`, 'give a file; /dev/stdin can be one: `< file`');
  if (found.isCharacterDevice() && ENDLESS.test(realpathSync(file))) throw new UsageError(`cannot read ${shown}: it never ends`);
  if (found.size > LARGEST_FILE)
    throw new UsageError(`cannot read ${shown}: it is larger than ${LARGEST_FILE / 2 ** 20} MiB`, 'is it the right file?');
}

/** What may stay silent for ever; null for all else. */
function kindOf(file: string, found: Stats): string | null {
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
