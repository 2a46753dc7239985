/** The answers of a Redis server (RESP 2 and 3), as far as their form and their size go: what is none, or is larger than any, is not kept. */

/** Beyond the largest image there are the words around it. */
export const LARGEST_REPLY = 160 * 2 ** 20;
/** A simple string, an error, a number or a length. */
const LONGEST_LINE = 2 ** 16;
/** Entries of an answer, each of which costs many times its bytes. */
const MOST_ENTRIES = 2 ** 17;
const DEEPEST = 16;

const [CR, LF] = [13, 10];
const LINES = new Set([...'+-:_#,('].map(code));
const TEXTS = new Set([...'$=!'].map(code));
/** How many values follow for each that the length counts; attributes (`|`) stand in front of a value and count for none. */
const LISTS = new Map([...'*~>%|'].map((c) => [code(c), c === '%' || c === '|' ? 2 : 1]));
const ATTRIBUTES = code('|');

function code(c: string): number {
  return c.charCodeAt(0);
}

/** What a server says is no answer, or too much of one. */
export class ReplyError extends Error {}

/** Reads along; a server's bytes go on to whom they are for only when this has seen them. */
export class ReplyReader {
  private line: number[] = [];
  /** Bytes of a text that are still to come, with the end of its line. */
  private left = 0;
  /** Values that are still to come, of the lists that are open. */
  private readonly open: number[] = [];
  private size = 0;
  private entries = 0;
  private readonly largest: number;

  /** @param largest bytes of an answer */
  constructor(largest = LARGEST_REPLY) {
    this.largest = largest;
  }

  /** Whether an answer has begun that is not at its end. */
  get within(): boolean {
    return this.size > 0;
  }

  /**
   * @returns answers that are at their end
   * @throws ReplyError
   */
  write(bytes: Uint8Array): number {
    let ended = 0;
    for (let at = 0; at < bytes.length;) {
      const from = at;
      at = this.left > 0 ? this.text(bytes, at) : this.head(bytes, at);
      this.size += at - from;
      if (this.size > this.largest) throw this.tooLarge();
      if (this.left === 0 && this.line.length === 0 && this.open.length === 0) {
        ended++;
        this.size = this.entries = 0;
      }
    }
    return ended;
  }

  private tooLarge(): ReplyError {
    return new ReplyError(`an answer of more than ${this.largest / 2 ** 20} MiB, which no queue has`);
  }
  private text(bytes: Uint8Array, at: number): number {
    const taken = Math.min(this.left, bytes.length - at);
    this.left -= taken;
    if (this.left === 0) this.valueEnded();
    return at + taken;
  }

  private head(bytes: Uint8Array, from: number): number {
    let at = from;
    for (let last = this.line.at(-1); at < bytes.length;) {
      const byte = bytes[at++]!;
      if (byte === LF && last === CR) {
        this.value(String.fromCharCode(...this.line.slice(1, 32)).trimEnd(), this.line[0]!);
        return at;
      }
      if (this.line.length === 0 && !LINES.has(byte) && !TEXTS.has(byte) && !LISTS.has(byte)) throw new ReplyError('no answer of Redis');
      if (this.line.push((last = byte)) > LONGEST_LINE) throw new ReplyError('a line without an end');
    }
    return at;
  }

  /** @param text behind the first byte of its line */
  private value(text: string, kind: number): void {
    this.line = [];
    if (LINES.has(kind)) return this.valueEnded();
    if (!/^-?\d{1,15}$/.test(text)) throw new ReplyError('no answer of Redis');
    const length = Number(text);
    if (TEXTS.has(kind)) {
      if (length > this.largest) throw this.tooLarge();
      if (length < 0) this.valueEnded();
      else this.left = length + 2;
      return;
    }
    this.list(length * LISTS.get(kind)!, kind);
  }
  private list(values: number, kind: number): void {
    this.entries += Math.max(values, 1);
    if (this.entries > MOST_ENTRIES) throw new ReplyError(`an answer of more than ${MOST_ENTRIES} values`);
    if (values > 0) this.open.push(values + (kind === ATTRIBUTES ? 1 : 0));
    else if (kind !== ATTRIBUTES) this.valueEnded();
    if (this.open.length > DEEPEST) throw new ReplyError(`lists within ${DEEPEST} lists`);
  }
  private valueEnded(): void {
    while (this.open.length > 0 && --this.open[this.open.length - 1]! === 0) this.open.pop();
  }
}
