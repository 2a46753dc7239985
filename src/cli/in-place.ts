/** What is written where it is: a named pipe, a terminal, a stream of this process. Who reads there may take his time; a command that has to end does not wait for him. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { READING } from '../image/work.ts';
import { milliseconds } from './io.ts';
import { SYSTEM } from './signals.ts';

/** Between two tries. */
const AGAIN_MS = 10;
/** How long a reader that takes nothing is still waited for when the command is to end: one that is alive takes something meanwhile. */
const LAST_MS = 500;

/** @throws ErrnoException ENXIO where nobody has it open; READER_WAITS where who has does not read, and the command is to end */
export function writeInPlace(path: string, content: string | Uint8Array): void {
  // else the system would wait for somebody, whatever signal comes
  const file = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    SYSTEM.unheard(() => writeAll(file, Buffer.from(content)));
  } finally {
    closeSync(file);
  }
}
function writeAll(file: number, content: Buffer): void {
  let last = Infinity;
  for (let left = content; left.length > 0;) {
    const taken = writeSome(file, left);
    left = left.subarray(taken);
    if (taken > 0 || !READING.mustEnd()) last = Infinity;
    else if (last === Infinity) last = milliseconds() + LAST_MS;
    else if (milliseconds() >= last) throw Object.assign(new Error(), { code: 'READER_WAITS' });
    if (taken === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS);
  }
}
function writeSome(file: number, bytes: Buffer): number {
  try {
    return writeSync(file, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}
