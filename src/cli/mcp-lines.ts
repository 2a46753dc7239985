/**
 * The messages of an `mcp` client, a line each, at the pace at which they are answered: whatever the client sends, and whether or not it reads, signals are heard and
 * memory is bounded. What is no message that anybody would write is refused before it is parsed.
 */
import { EventEmitter, once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tooMuchIn } from '../bench/documents/json-bounds.ts';
import { SurroundingsError } from '../bench/documents/usage-error.ts';
import { milliseconds } from './io.ts';
import { GONE_MS, untilTaken } from './unread.ts';

/** The SDK's own bound is larger, and it says nothing at it. */
const LONGEST_LINE = 2 ** 23;
/** Of lines that nobody has taken yet. */
const MOST_AHEAD = 2 ** 20;
/** Short ones cost more than their bytes. */
const costOf = (line: Buffer): number => line.length + 256;
/** Others are heard so often. */
const TURN_MS = 10;
const NEWLINE = 10;

/** What is said of a message that is not served. */
export interface Refusal {
  /** The message's own number; null where it has none, or none that can be read. */
  readonly id: string | number | null;
  /** https://www.jsonrpc.org/specification#error_object */
  readonly code: number;
  readonly message: string;
}
export const [PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS] = [-32700, -32600, -32602] as const;

/**
 * @param wrongIn what is wrong with a message that is JSON
 * @param refuse hears of a line that is left out
 * @throws SurroundingsError at a line without an end
 */
export async function* messagesOf(
  input: Readable,
  output: Writable,
  wrongIn: (message: unknown) => Refusal | null,
  refuse: (why: Refusal) => void,
): AsyncGenerator<Buffer> {
  let turned = milliseconds();
  const ahead = new Ahead(linesOf(input));
  for (let line = await ahead.next(); line !== null; line = await ahead.next()) {
    // it is not served any more: it has gone, and nobody will read what is answered
    if (output.writableNeedDrain && !(await untilTaken(output, GONE_MS, { mayEnd: () => ahead.isOver, all: false }))) return;
    if (milliseconds() - turned >= TURN_MS) {
      await nextTurn();
      turned = milliseconds();
    }
    const text = line.toString('utf8');
    if (text.trim() === '') continue;
    const why = refusalOf(text, wrongIn);
    if (why === null) yield line;
    else refuse(why);
  }
}
function refusalOf(text: string, wrongIn: (message: unknown) => Refusal | null): Refusal | null {
  const tooMuch = tooMuchIn(text);
  if (tooMuch !== null) return { id: null, code: INVALID_REQUEST, message: tooMuch };
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return { id: null, code: PARSE_ERROR, message: 'a line of the client is no JSON; a message is one line' };
  }
  return wrongIn(message);
}

/** Reads on while nobody takes a line: that the client closes its end is heard then, too. */
class Ahead {
  /** Nothing more comes. */
  isOver = false;
  private readonly lines: Buffer[] = [];
  private length = 0;
  private failed: unknown = null;
  private readonly changes = new EventEmitter();

  constructor(lines: AsyncIterable<Buffer>) {
    void this.read(lines)
      .catch((error: unknown) => (this.failed = error))
      .finally(() => {
        this.isOver = true;
        this.changes.emit('change');
      });
  }
  private async read(lines: AsyncIterable<Buffer>): Promise<void> {
    for await (const line of lines) {
      this.lines.push(line);
      this.length += costOf(line);
      this.changes.emit('change');
      while (this.length > MOST_AHEAD) await once(this.changes, 'taken');
    }
  }
  /** Null: there is none any more. @throws what reading threw, behind the lines before it */
  async next(): Promise<Buffer | null> {
    while (this.lines.length === 0 && !this.isOver) await once(this.changes, 'change');
    const line = this.lines.shift();
    if (line === undefined) {
      if (this.failed !== null) throw this.failed;
      return null;
    }
    this.length -= costOf(line);
    this.changes.emit('taken');
    return line;
  }
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
