/** The server of a queue, which may be anything that takes a connection: it is asked what it is, and its bytes are looked at before a client gets them. */
import { randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { format } from 'node:util';
import type * as IoRedis from 'ioredis';
import { SurroundingsError } from '../bench/documents/usage-error.ts';
import { ReplyError, ReplyReader } from './resp.ts';

/** A server has to answer within this when it is asked what it is, and go on within it with an answer that it has begun. */
const ANSWER_MS = 8_000;
/** What is asked first has short answers. */
const LARGEST_FIRST = 2 ** 16;
/** The oldest that BullMQ works with. */
const OLDEST = 5;

/** Where it is, as ioredis reads it from an address. */
export interface Place {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  readonly family?: number | undefined;
  readonly tls?: ConnectionOptions | undefined;
  readonly username?: string | null | undefined;
  readonly password?: string | null | undefined;
}

function socketTo({ host, port, path, family, tls }: Place): Socket {
  const where = path === undefined ? { host: host!, port: port!, ...(family === undefined ? {} : { family }) } : { path };
  return tls === undefined ? createConnection(where) : connectTls({ ...where, ...tls });
}

/** Answers of one connection in a millisecond: a queue at work has far fewer, and a server that answers what it should wait with would take all time. */
const ANSWERS_A_MS = 2;
const PACE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
const DISCONNECT_MS = 300;

/** Lets the socket wait where more comes than a queue has to say. */
function pacerOf(socket: Socket): (answers: number) => void {
  let since = performance.now();
  let count = 0;
  return (answers) => {
    const gone = performance.now() - since;
    if (gone > PACE_MS) [since, count] = [performance.now(), 0];
    count += answers;
    if (count <= PACE_MS * ANSWERS_A_MS) return;
    socket.pause();
    setTimeout(() => socket.resume(), Math.min(count / ANSWERS_A_MS, LONGEST_PAUSE_MS));
    [since, count] = [performance.now(), 0];
  };
}

/**
 * @param wrong what was found, once; nothing of it goes on to who reads the socket
 * @param largest bytes of an answer
 */
function lookInto(socket: Socket, wrong: (error: Error) => void, largest: number): void {
  const reader = new ReplyReader(largest);
  const pace = pacerOf(socket);
  let timer: NodeJS.Timeout | undefined;
  const end = (error: Error): void => {
    clearTimeout(timer);
    socket.destroy();
    wrong(error);
  };
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  socket.emit = (event: string | symbol, ...values: unknown[]): boolean => {
    if (event === 'close') clearTimeout(timer);
    if (event !== 'data') return emit(event, ...values);
    clearTimeout(timer);
    try {
      pace(reader.write(values[0] as Uint8Array));
    } catch (error) {
      end(error as Error);
      return true;
    }
    if (reader.within)
      timer = setTimeout(() => end(new ReplyError(`an answer without its end for ${ANSWER_MS / 1000} s`)), ANSWER_MS).unref();
    return emit(event, ...values);
  };
}

/**
 * What ioredis connects with.
 *
 * @param sockets what is open: the packages make connections of their own
 * @param largest bytes of an answer
 */
export function connectorOf(
  { AbstractConnector }: typeof IoRedis,
  sockets: Set<Socket>,
  wrong: (error: Error) => void,
  largest: number,
): IoRedis.RedisOptions['Connector'] {
  return class extends AbstractConnector {
    private readonly place: Place;
    constructor(options: unknown) {
      // what the server has been asked for last holds the connection open
      super(DISCONNECT_MS);
      this.place = options as Place;
    }
    connect(): Promise<Socket> {
      this.connecting = true;
      // as ioredis' own does it: who has asked is told first
      return new Promise((settle, fail) =>
        process.nextTick(() => {
          if (!this.connecting) return fail(new Error('Connection is closed.'));
          const socket = socketTo(this.place);
          lookInto(socket, wrong, largest);
          sockets.add(socket);
          socket.once('close', () => sockets.delete(socket));
          socket.once('error', (error) => (this.firstError = error));
          this.stream = socket;
          settle(socket);
        }),
      );
    }
  };
}

const encoded = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/**
 * Throws what it is that is no Redis: it is to give back what nobody can guess, also from a script, and to say its version.
 *
 * @param stop ends the waiting
 */
export async function askWhatItIs(place: Place, stop?: AbortSignal): Promise<void> {
  const { username, password } = place;
  const word = randomBytes(16).toString('hex');
  const socket = socketTo(place);
  let told: (answer: string) => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const late = setTimeout(() => failed(new Error(`nothing within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  const stopped = (): void => failed(new Error('nobody waits for it any more'));
  stop?.addEventListener('abort', stopped, { once: true });
  let text = '';
  const reader = new ReplyReader();
  socket.on('error', (error) => failed(error));
  socket.on('close', () => failed(new Error('it closes the connection')));
  socket.on('data', (bytes) => {
    try {
      const ended = reader.write(bytes);
      text += bytes.toString('latin1');
      if (text.length > LARGEST_FIRST) throw new ReplyError('too much of an answer');
      if (ended > 1) throw new ReplyError('answers that nobody has asked for');
      if (ended === 1) told(text);
    } catch (error) {
      failed(error as Error);
    }
  });
  const ask = (...words: readonly string[]): Promise<string> =>
    new Promise((settle, fail) => {
      [told, failed, text] = [settle, fail, ''];
      if (stop?.aborted) stopped();
      socket.write(encoded(words));
    });
  try {
    if (password) await ask('AUTH', ...(username ? [username] : []), password).then(refusal);
    const back = `$${word.length}\r\n${word}\r\n`;
    let first = await ask('ECHO', word);
    // a server that has come up a moment ago
    for (; first.startsWith('-LOADING'); first = await ask('ECHO', word)) await new Promise((go) => setTimeout(go, 100));
    mustBe(first, back);
    mustBe(
      await ask('EVAL', "return {ARGV[1], tonumber(ARGV[2]) + 1, redis.call('ECHO', ARGV[1])}", '0', word, '7'),
      `*3\r\n${back}:8\r\n${back}`,
    );
    const version = /^(?:valkey|redis|dragonfly)_version:v?(\d{1,3})\./m.exec(refusal(await ask('INFO', 'server')))?.[1];
    if (version === undefined) throw new ReplyError('no version of Redis or Valkey');
    if (Number(version) < OLDEST) throw new Error(`it is version ${version}, and ${OLDEST} is the oldest that a queue works with`);
  } finally {
    clearTimeout(late);
    stop?.removeEventListener('abort', stopped);
    [told, failed] = [() => undefined, () => undefined];
    socket.destroy();
  }
}
/** Throws what the server says where it says no. */
function refusal(answer: string): string {
  if (answer.startsWith('-')) throw new Error(`it says ${JSON.stringify(answer.slice(1, 200).trimEnd())}`);
  return answer;
}
function mustBe(answer: string, wanted: string): void {
  if (refusal(answer) !== wanted) throw new ReplyError('another answer than Redis gives');
}

/** What is thrown where the server of a queue says what no queue says. @param shown its address */
export const nonsense = (shown: string, error: Error): SurroundingsError =>
  new SurroundingsError(
    `--queue: ${shown} answers nonsense: ${error.message.slice(0, 200)}`,
    'is that a Redis or Valkey server, to which nobody else writes?',
  );

/** What to do about a server that takes nothing more, by the word with which it says so; from a script that word stands further back. */
const REMEDIES: Readonly<Record<string, string>> = {
  OOM: 'make room there',
  READONLY: 'give the address of the server that this one is a copy of',
  NOREPLICAS: 'start its replicas',
  MISCONF: 'let it save to its disk',
};
const REFUSAL = /(?:^|["-]|Error: )((OOM|READONLY|NOREPLICAS|MISCONF) [^\n"]{1,200})/;
/**
 * Where a server of a queue says that it takes nothing more: that says nothing of the work. Null: it says something else.
 *
 * @param shown its address
 * @param text an error's message, of this process or of a worker
 * @param then what is to be done when it takes work again
 */
export function refusalOf(shown: string, text: string, then = ''): SurroundingsError | null {
  const [, said, word] = REFUSAL.exec(text) ?? [];
  if (said === undefined || word === undefined) return null;
  return new SurroundingsError(`--queue: ${shown} takes nothing more: ${said.trimEnd().replace(/\.$/, '')}`, `${REMEDIES[word]!}${then}`);
}

/** The packages write what the server says past the door for it. Returns a function that gives the console back. */
export function divertConsole(say: (text: string) => void): () => void {
  const { warn, error } = console;
  let over = false;
  const door =
    (was: (...values: unknown[]) => void) =>
    (...values: unknown[]): void =>
      over ? was(...values) : say(format(...values).slice(0, 500));
  const doors = { warn: door(warn), error: door(error) };
  Object.assign(console, doors);
  return () => {
    over = true;
    // whoever has diverted it since gives back this one, which lets all through
    const { warn: lastWarn, error: lastError } = console;
    Object.assign(console, { warn: lastWarn === doors.warn ? warn : lastWarn, error: lastError === doors.error ? error : lastError });
  };
}

const fromPackages = ({ stack = '' }: Error): boolean => /node_modules[\\/](bullmq|ioredis)[\\/]/.test(stack);
/** What a package throws is what the server has said to it. @param shown its address */
export const ofServer = (shown: string, error: unknown): unknown =>
  error instanceof Error && error.name !== 'SurroundingsError' && error.name !== 'UsageError' && fromPackages(error)
    ? (refusalOf(shown, error.message) ?? nonsense(shown, error))
    : error;

/** An exception that nobody could catch, from within the packages: the server has said what they do not expect. Returns a function that stops it. */
export function catchFromPackages(wrong: (error: Error) => void): () => void {
  const caught = (thrown: unknown): void => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (!fromPackages(error)) {
      process.off('uncaughtException', caught);
      throw error;
    }
    wrong(error);
  };
  process.on('uncaughtException', caught);
  return () => process.off('uncaughtException', caught);
}
