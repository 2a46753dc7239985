/** What carries the protocol: a TCP connection, a recording of one, and a wire that records. */
import { spawnSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { ReadStream } from 'node:tty';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import { FrameReader, frame, fromHex, toHex } from '../debug/packets.ts';
import { BoardError, type Transport } from './rsp-client.ts';

const nothing = (): void => undefined;
const CONNECT_MS = 5000;

/** `host:port`, port alone = this machine. */
function parseServer(text: string): { host: string; port: number } {
  const found = /^(?:(.*):)?(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  if (!found || !(port >= 1 && port <= 65535))
    throw new UsageError(`--gdb: ${JSON.stringify(text)} is not host:port`, 'for example --gdb localhost:3333');
  return { host: found[1] || '127.0.0.1', port };
}

/** A TCP server, or a serial device (`/dev/ttyACM0`) on which a probe speaks the protocol itself. */
export function connect(place: string): Promise<Transport> {
  if (/^(\/dev\/|\.{0,2}\/)/.test(place)) return connectSerial(place);
  const { host, port } = parseServer(place);
  return connectTcp(host, port);
}

/** Black Magic Probe is a serial device: raw bytes, no handshake; the speed means nothing on USB. */
async function connectSerial(path: string): Promise<Transport> {
  const raw = spawnSync('stty', ['-F', path, 'raw', '-echo', '-hupcl'], { stdio: 'ignore' });
  if (raw.error ?? raw.status !== 0)
    throw new UsageError(`${path} cannot be opened as a serial device`, 'is it there, and may you use it?');
  let handle: FileHandle;
  try {
    handle = await open(path, 'r+');
  } catch (error) {
    throw new UsageError(`${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
  }
  let closed = false;
  const transport: Transport = {
    send: (bytes) => void handle.write(bytes).catch(end),
    get closed() {
      return closed;
    },
    onData: nothing,
    onClose: nothing,
    close: end,
    destroy: end,
  };
  // a descriptor of its own: a read that waits must not keep the program alive
  const input = new ReadStream(openSync(path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK));
  input.on('data', (bytes: Buffer) => transport.onData(new Uint8Array(bytes)));
  input.on('error', end);
  input.on('close', end);
  function end(): void {
    if (closed) return;
    closed = true;
    input.destroy();
    void handle.close().catch(nothing);
    transport.onClose();
  }
  return transport;
}

export function connectTcp(host: string, port: number): Promise<Transport> {
  return new Promise((settle, fail) => {
    const socket = createConnection({ host, port });
    socket.setNoDelay(true);
    const refuse = (why: string): void => {
      socket.destroy();
      fail(
        new SurroundingsError(
          `no GDB server answers at ${host}:${port}: ${why}`,
          'start one first, for example OpenOCD, whose port is 3333',
        ),
      );
    };
    socket.setTimeout(CONNECT_MS, () => refuse('time-out'));
    socket.once('error', (error: NodeJS.ErrnoException) => refuse(error.code ?? error.message));
    socket.once('connect', () => {
      socket.setTimeout(0);
      const transport: Transport = {
        send: (bytes) => void (socket.writable && socket.write(bytes)),
        get closed() {
          return socket.destroyed || !socket.readable;
        },
        onData: nothing,
        onClose: nothing,
        close: () => socket.end(),
        destroy: () => socket.destroy(),
      };
      socket.on('data', (bytes) => {
        // timers have their turn, however much comes
        socket.pause();
        setImmediate(() => socket.resume());
        transport.onData(new Uint8Array(bytes));
      });
      socket.on('error', nothing);
      socket.on('close', () => transport.onClose());
      settle(transport);
    });
  });
}

/**
 * First line of a record; each line behind it is `> packet`, `< packet`, `! interrupt`, with bytes beyond ASCII in hexadecimal, or `@ words`: what somebody
 * beside the board saw.
 */
export const RECORD_HEADER = 'bootbench/board-record@1';

const printable = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text) ? text : `0x${toHex(Uint8Array.from(text, (c) => c.charCodeAt(0)))}`;
function original(text: string): string {
  const bytes = text.startsWith('0x') ? fromHex(text.slice(2)) : null;
  return bytes ? String.fromCharCode(...bytes) : text;
}

/** Writes down all packets; `redact` may blank what must not be kept. */
export function recording(inner: Transport, write: (line: string) => void, redact: (request: string, reply: string) => string): Transport {
  const [sent, received] = [new FrameReader(), new FrameReader()];
  let request = '';
  const outer: Transport = {
    send(bytes) {
      for (const f of sent.read(bytes)) {
        if (f.kind === 'packet') write(`> ${printable((request = f.text))}`);
        else if (f.kind === 'interrupt') write('!');
      }
      inner.send(bytes);
    },
    get closed() {
      return inner.closed;
    },
    onData: nothing,
    onClose: nothing,
    close: () => inner.close(),
    destroy: () => inner.destroy(),
  };
  inner.onData = (bytes) => {
    for (const f of received.read(bytes)) if (f.kind === 'packet') write(`< ${printable(redact(request, f.text))}`);
    outer.onData(bytes);
  };
  inner.onClose = () => outer.onClose();
  return outer;
}

export interface Replay extends Transport {
  /** The words of a `@` line that comes next. */
  mark(): string;
}
/** What a line of a record asks for; null = it stops the target. */
const requestOf = (line: string | undefined): string | null | undefined =>
  line === '!' ? null : line?.startsWith('> ') ? original(line.slice(2)) : undefined;
const goesOnOtherwise = (line: string | undefined, request: string | null): string =>
  `the record goes on with ${line ?? 'its end'}, this version asks ${request ?? 'for a stop'}; it was made with other options`;
/** What the target said to the request of a line. */
function repliesBehind(lines: readonly string[], at: number): string[] {
  const end = lines.findIndex((line, i) => i > at && !line.startsWith('< '));
  return lines.slice(at + 1, end < 0 ? lines.length : end).map((line) => original(line.slice(2)));
}
/** To a read that the version of the record did not make: as a target answers that cannot tell. */
const NOT_ASKED = 'E01';
/** Asks for a register or for memory, and changes nothing. */
const isRead = (request: string | null): boolean => request !== null && /^(?:m[0-9a-f]+,[0-9a-f]+|p[0-9a-f]+|g)$/i.test(request);

/**
 * Plays a record back: what changes something has to come as it was recorded. Between two such requests the order of reads is free, and what is not asked any
 * more is passed over, so that a version whose checks look at things in another order plays it too.
 */
export function replaying(record: string, path: string): Replay {
  const lines = record.split(/\r?\n/).filter((line) => line !== '');
  if (lines[0] !== RECORD_HEADER) throw new UsageError(`${path} is no record of a board`, `its first line is not ${RECORD_HEADER}`);
  /** Behind the last request that changed something, and the reads since then that were answered. */
  let from = 1;
  const answered = new Set<number>();
  const reader = new FrameReader();
  let closed = false;
  /** Answers on their way. */
  let coming = 0;
  const transport: Replay = {
    mark() {
      const at = next((line) => line.startsWith('@ '));
      if (!lines[at]?.startsWith('@ '))
        throw new BoardError(`${path}:${at + 1}: the record says nothing of USB here; it was made with other options`);
      goOn(at);
      return lines[at]!.slice(2);
    },
    send(bytes) {
      for (const f of reader.read(bytes)) if (f.kind === 'packet' || f.kind === 'interrupt') take(f.kind === 'packet' ? f.text : null);
    },
    get closed() {
      return closed;
    },
    get silent() {
      return coming === 0;
    },
    onData: nothing,
    onClose: nothing,
    close: () => (closed = true),
    destroy: nothing,
  };
  /** The first line that is meant, but for reads; where none of them is, the line that stands in the way. */
  function next(isMeant: (line: string) => boolean): number {
    let at = from;
    for (; at < lines.length; at++) {
      const line = lines[at]!;
      if (line.startsWith('< ')) continue;
      if (isMeant(line) && !answered.has(at)) return at;
      if (!isRead(requestOf(line) ?? null)) break;
    }
    return at;
  }
  function goOn(at: number): void {
    from = at + 1;
    answered.clear();
  }
  function take(request: string | null): void {
    const isMeant = (line: string): boolean => requestOf(line) === request;
    let at = next(isMeant);
    if (lines[at] === undefined || !isMeant(lines[at]!)) {
      const again = [...answered].find((i) => isMeant(lines[i]!));
      if (again === undefined && isRead(request) && !lines.some(isMeant)) return answer([NOT_ASKED]);
      if (again === undefined) throw new BoardError(`${path}:${at + 1}: ${goesOnOtherwise(lines[at], request)}`);
      at = again;
    }
    if (isRead(request)) answered.add(at);
    else goOn(at);
    answer(repliesBehind(lines, at));
  }
  function answer(texts: readonly string[]): void {
    for (const text of texts) {
      coming++;
      queueMicrotask(() => {
        coming--;
        transport.onData(frame(text));
      });
    }
  }
  return transport;
}
