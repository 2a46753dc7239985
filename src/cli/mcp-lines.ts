/**
 * The messages of an `mcp` client, a line each, at the pace at which they are answered: whatever the client sends, and whether or not it reads, signals are heard and
 * memory is bounded. What is no message that anybody would write is refused before it is parsed.
 */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tooMuchIn } from '../bench/documents/json-bounds.ts';
import { SurroundingsError } from '../bench/documents/usage-error.ts';
import { milliseconds } from './io.ts';

/** The SDK's own bound is larger, and it says nothing at it. */
const LONGEST_LINE = 2 ** 23;
/** Others are heard so often. */
const TURN_MS = 10;
const NEWLINE = 10;

/**
 * @param refuse what is wrong with a line, which is left out
 * @throws SurroundingsError at a line without an end
 */
export async function* messagesOf(input: Readable, output: Writable, refuse: (why: string) => void): AsyncGenerator<Buffer> {
  let turned = milliseconds();
  for await (const line of linesOf(input)) {
    if (output.writableNeedDrain) await once(output, 'drain');
    if (milliseconds() - turned >= TURN_MS) {
      await nextTurn();
      turned = milliseconds();
    }
    // the SDK passes over what is no object, too
    if (!isObject(line)) continue;
    const why = tooMuchIn(line.toString('utf8'));
    if (why === null) yield line;
    else refuse(why);
  }
}

const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d]);
function isObject(line: Buffer): boolean {
  const first = line.findIndex((byte) => !BLANKS.has(byte));
  return line[first] === 0x7b;
}

/** With their ends; the last one may have none. */
async function* linesOf(input: Readable): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, end + 1)]);
      [parts, length, from] = [[], 0, end + 1];
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > LONGEST_LINE)
      throw new SurroundingsError(`mcp: a message of the client is longer than ${LONGEST_LINE >> 20} MiB`, 'it ends here');
  }
  if (length > 0) yield Buffer.concat(parts);
}
