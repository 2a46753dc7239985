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

export class RspClient {
  private readonly transport: Transport;
  private readonly reader = new FrameReader();
  private readonly replies: string[] = [];
  private waiting: ((reply: string | null) => void) | null = null;
  private last: Uint8Array | null = null;
  private nacks = 0;
  private readonly waited = { answers: 0, ms: 0 };
  /** It has sent a packet, so it is a GDB server. */
  private spoken = false;
  /** The server works on what it was asked: OpenOCD says so by empty console output. */
  private onAlive = (): void => undefined;
  /** What the server prints. */
  onConsole: (text: string) => void = () => undefined;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.onData = (bytes) => this.receive(bytes);
    transport.onClose = () => this.deliver(null);
  }
  private receive(bytes: Uint8Array): void {
    for (const f of this.reader.read(bytes)) {
      if (f.kind === 'packet') {
        this.spoken = true;
        this.transport.send(bytesOf('+'));
        this.nacks = 0;
        const text = /^O[0-9a-fA-F]*$/.test(f.text) && f.text !== 'OK' ? fromHex(f.text.slice(1)) : null;
        if (text) {
          this.onAlive();
          this.onConsole(new TextDecoder().decode(text));
        } else this.deliver(f.text);
      } else if (f.kind === 'bad-checksum' && this.nacks++ < RETRIES) this.transport.send(bytesOf('-'));
      else if (f.kind === 'nack' && this.last && this.nacks++ < RETRIES) this.transport.send(this.last);
    }
  }
  private deliver(reply: string | null): void {
    if (this.waiting) {
      const { waiting } = this;
      this.waiting = null;
      waiting(reply);
    } else if (reply !== null && this.replies.length < MOST_WAITING) this.replies.push(reply);
  }

  /** Sends a packet and waits for its answer; the empty answer means that the server does not know it. @param most for a server that says that it works on it */
  async ask(text: string, timeout: number = TIMEOUT.register, most: number = MOST_PATIENCE * timeout): Promise<string> {
    // a late answer to a packet before is none to this one
    this.replies.length = 0;
    const asked = Date.now();
    this.sendPacket(text);
    const reply = await this.next(timeout, most);
    if (timeout <= TIMEOUT.register) this.mustBeQuick(Date.now() - asked);
    if (reply !== null) return reply;
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
  /** Sends a packet that is answered later, by a stop. */
  sendPacket(text: string): void {
    this.last = frame(text);
    this.transport.send(this.last);
  }
  /** The next packet; null if none comes in time. */
  next(timeout: number, most: number = timeout): Promise<string | null> {
    const waits = this.replies.shift();
    if (waits !== undefined) return Promise.resolve(waits);
    if (this.transport.closed || this.transport.silent === true) return Promise.resolve(null);
    return new Promise((settle) => {
      const end = Date.now() + most;
      const over = (): void => {
        this.waiting = null;
        this.onAlive = () => undefined;
        settle(null);
      };
      let timer = setTimeout(over, timeout);
      this.onAlive = () => {
        clearTimeout(timer);
        timer = setTimeout(over, Math.max(0, Math.min(timeout, end - Date.now())));
      };
      if (most <= timeout) this.onAlive = () => undefined;
      this.waiting = (reply) => {
        clearTimeout(timer);
        this.onAlive = () => undefined;
        settle(reply);
      };
    });
  }
  /** Ctrl-C to the target. */
  interrupt(): void {
    this.transport.send(Uint8Array.of(3));
  }
  close(): void {
    this.transport.close();
  }
}
const shown = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
