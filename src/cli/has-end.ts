/** Files that are read as a whole: a named pipe keeps who opens it until somebody writes, deaf to signals, and some devices never end. */
import { realpathSync, statSync } from 'node:fs';
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
  // a pipe of the shell (/dev/fd) has its other end already
  if (!/^\/(dev|proc)\//.test(file) && found.isFIFO())
    throw new UsageError(`${shown} is a named pipe, which is not read`, 'give a file, or /dev/stdin');
  if (found.isCharacterDevice() && ENDLESS.test(realpathSync(file))) throw new UsageError(`cannot read ${shown}: it never ends`);
  if (found.size > LARGEST_FILE)
    throw new UsageError(`cannot read ${shown}: it is larger than ${LARGEST_FILE / 2 ** 20} MiB`, 'is it the right file?');
}
