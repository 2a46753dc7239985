/**
 * A client of the GDB remote serial protocol: one packet in flight, a time-out of its own for each, console output aside. Knows nothing of targets; what
 * servers make of the protocol is in gdb-target.ts.
 */
import { bytesOf, frame, FrameReader, fromHex } from '../debug/packets.ts';

/** Bytes to and from a server, whatever carries them. */
export interface Transport {
  send(bytes: Uint8Array): void;
  /** The other end is gone: later answers will not come. */
  readonly closed: boolean;
  /** Nothing will come until something is sent: a record has no more to say here. */
  readonly silent?: boolean;
  onData: (bytes: Uint8Array) => void;
  onClose: () => void;
  close(): void;
  /** Lets go of it, whatever the other end does. */
  destroy(): void;
}

/** The server did not answer, or not in time: what the target does now is not known. */
export class BoardError extends Error {
  override name = 'BoardError';
}

/** It says nothing any more, or nothing that a GDB server says. */
export class SilentBoard extends BoardError {
  override name = 'SilentBoard';
}

/** Milliseconds until an answer counts as lost. */
export const TIMEOUT = { register: 2000, monitor: 10_000, reset: 5000, interrupt: 2000, flash: 60_000 } as const;
const RETRIES = 3;
/** Times the time-out, for a server that works on it. */
const MOST_PATIENCE = 6;
/** So many milliseconds may go by in waiting for answers that each take longer than SLOW_ANSWER on average: a probe takes a few. */
const SLOW_IN_ALL = 45_000;
const SLOW_ANSWER = 250;
/** Packets that nobody asked for yet; a server sends one or two. */
const MOST_WAITING = 64;
/** `$`, `#` and the sum of a packet. */
const FRAME = 4;
/** Bytes of console packets until an answer or a stop: so many, and so many more each millisecond. A probe carries some 10 KB/s. */
const MOST_CONSOLE = { bytes: 1 << 20, perMs: 100 } as const;

export class RspClient {
  private readonly transport: Transport;
  private readonly reader: FrameReader;
  private readonly replies: string[] = [];
  private waiting: ((reply: string | null) => void) | null = null;
  private last: Uint8Array | null = null;
  /** An answer is owed. */
  private owed = false;
  /** Somebody else goes on: whoever waits here, or asks, is told so. */
  private ended: Error | null = null;
  /** By `performance.now()`: from here on nothing is waited for. */
  private until = Infinity;
  private nacks = 0;
  private readonly waited = { answers: 0, ms: 0 };
  /** It prints without an end. */
  private givenUp = false;
  /** It has sent a packet, so it is a GDB server. */
  private spoken = false;
  /** Bytes of console packets since something was sent or came. */
  private printed = { bytes: 0, since: performance.now() };
  private readonly texts: Uint8Array[] = [];
  /** Of the answer that is waited for; `end` is what a server that works on it may have. */
  private deadline: { at: number; readonly timeout: number; readonly end: number } | null = null;
  /** What the server prints. */
  onConsole: (text: string) => void = () => undefined;

  constructor(transport: Transport, reader = new FrameReader()) {
    this.transport = transport;
    this.reader = reader;
    transport.onData = (bytes) => this.receive(bytes);
    transport.onClose = () => this.deliver(null);
  }
  private receive(bytes: Uint8Array): void {
    for (const f of this.reader.read(bytes)) {
      if (this.givenUp) return;
      if (f.kind === 'packet') {
        this.spoken = true;
        this.transport.send(bytesOf('+'));
        this.nacks = 0;
        const text = /^O[0-9a-fA-F]*$/.test(f.text) ? fromHex(f.text.slice(1)) : null;
        if (text) this.console(text, f.text.length + FRAME);
        else this.deliver(f.text);
      } else if (f.kind === 'bad-checksum' && this.nacks++ < RETRIES) this.transport.send(bytesOf('-'));
      else if (f.kind === 'nack' && this.last && this.nacks++ < RETRIES) this.transport.send(this.last);
    }
    this.show();
  }
  /** Console output puts a time-out off only where it is empty, by which OpenOCD says that it works on what it was asked. */
  private console(text: Uint8Array, bytes: number): void {
    // timers do not come to their turn while packets do
    const now = performance.now();
    const { deadline, printed } = this;
    if (deadline !== null && now >= deadline.at) return this.deliver(null);
    if (deadline !== null && text.length === 0) deadline.at = Math.min(now + deadline.timeout, deadline.end);
    printed.bytes += bytes;
    if (printed.bytes > MOST_CONSOLE.bytes + MOST_CONSOLE.perMs * (now - printed.since)) return this.giveUp();
    if (text.length > 0) this.texts.push(text);
  }
  /**
   * All of one read at once: who prints may be slower than who sends. It ends with a line: what comes in two pieces must not be a command of a CI runner together; and colours are
   * this program's own.
   */
  private show(): void {
    if (this.texts.length === 0) return;
    const text = new TextDecoder().decode(Buffer.concat(this.texts.splice(0))).replaceAll('\u001b', '\\x1b');
    this.onConsole(text === '' || text.endsWith('\n') ? text : `${text}\n`);
  }
  private giveUp(): void {
    this.givenUp = true;
    this.transport.destroy();
    this.deliver(null);
  }
  private deliver(reply: string | null): void {
    this.show();
    if (reply !== null) this.printed = { bytes: 0, since: performance.now() };
    if (this.waiting) {
      const { waiting } = this;
      this.waiting = null;
      waiting(reply);
    } else if (reply !== null && this.replies.length < MOST_WAITING) this.replies.push(reply);
  }

  /** Sends a packet and waits for its answer; the empty answer means that the server does not know it. @param most for a server that says that it works on it */
  async ask(text: string, timeout: number = TIMEOUT.register, most: number = MOST_PATIENCE * timeout): Promise<string> {
    this.mustGoOn();
    // a late answer to a packet before is none to this one
    this.replies.length = 0;
    const asked = performance.now();
    this.sendPacket(text);
    this.owed = true;
    const reply = await this.next(timeout, most);
    this.mustGoOn();
    this.owed = false;
    if (timeout <= TIMEOUT.register) this.mustBeQuick(performance.now() - asked);
    if (reply !== null) return reply;
    if (this.givenUp)
      throw new SilentBoard(
        `the GDB server prints without an end in place of an answer to ${shown(text)}; start it anew, or stop what prints in the firmware`,
      );
    const closed = this.transport.closed;
    if (!this.spoken)
      throw new SilentBoard(
        closed
          ? 'the other side closed the connection before it answered as a GDB server; is it one, and is it free?'
          : `the other side does not answer as a GDB server (${timeout / 1000} s); is it one?`,
      );
    throw new SilentBoard(
      closed ? 'the GDB server closed the connection' : `the GDB server did not answer ${shown(text)} in ${timeout / 1000} s`,
    );
  }
  /** Whoever answers each question, but only just in time, would keep a command for hours. */
  private mustBeQuick(ms: number): void {
    const { waited } = this;
    waited.answers++;
    waited.ms += ms;
    if (waited.ms > SLOW_IN_ALL && waited.ms > SLOW_ANSWER * waited.answers)
      throw new SilentBoard(`the GDB server is too slow: ${waited.answers} answers took ${Math.round(waited.ms / 1000)} s`);
  }
  private mustGoOn(): void {
    if (this.ended !== null) throw this.ended;
  }
  /**
   * Ends what is under way with `error`; the client that is returned goes on in its place, behind the answer that is still owed. It is silent, and waits
   * for nothing beyond `until`, by `performance.now()`.
   */
  async successor(error: Error, until: number): Promise<RspClient> {
    this.ended = error;
    const heir = new RspClient(this.transport, this.reader);
    heir.spoken = this.spoken;
    heir.until = until;
    this.deliver(null);
    if (this.owed) await heir.next(TIMEOUT.register);
    return heir;
  }
  /** Sends a packet that is answered later, by a stop. */
  sendPacket(text: string): void {
    this.mustGoOn();
    this.printed = { bytes: 0, since: performance.now() };
    this.last = frame(text);
    this.transport.send(this.last);
  }
  /** From here on nothing is waited for beyond `until`, by `performance.now()`. */
  waitUntil(until: number): void {
    this.until = Math.min(this.until, until);
  }
  /** What one of several tries may take. */
  oneTry(timeout: number): number {
    return Math.min(timeout, Math.max(0, this.until - performance.now()) / 3);
  }
  /** The next packet; null if none comes in time. */
  next(timeout: number, most: number = timeout): Promise<string | null> {
    const waits = this.replies.shift();
    if (waits !== undefined) return Promise.resolve(waits);
    const now = performance.now();
    const isOver = this.givenUp || this.transport.closed || this.transport.silent === true || now >= this.until;
    if (isOver) return Promise.resolve(null);
    return new Promise((settle) => {
      const [at, end] = [Math.min(now + timeout, this.until), Math.min(now + most, this.until)];
      const deadline = (this.deadline = { at, timeout, end });
      const look = (): void => {
        const left = deadline.at - performance.now();
        if (left > 0) timer = setTimeout(look, left);
        else this.deliver(null);
      };
      let timer = setTimeout(look, at - now);
      this.waiting = (reply) => {
        clearTimeout(timer);
        this.deadline = null;
        settle(reply);
      };
    });
  }
  /** Ctrl-C to the target. */
  interrupt(): void {
    this.mustGoOn();
    this.transport.send(Uint8Array.of(3));
  }
  close(): void {
    this.transport.close();
  }
}
const shown = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
