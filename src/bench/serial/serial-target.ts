/** A chip that speaks AN3155 on one of its USARTs, as a device under test: each requirement finds it as it was, with the first byte acknowledged. */
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS } from '../../emu/time.ts';
import { UsageError } from '../documents/usage-error.ts';
import type { HeldMachine } from '../session/held-machine.ts';
import { flashInPlace, mainFlash } from '../session/flash-image.ts';
import { UartLink } from '../session/uart-link.ts';
import { ACK, ACK_MS, SYNC, type Say } from './an3155.ts';

const BAUD = 57_600;
/** Bytes of an answer, of which AN3155 has 257 at most: a program that talks without an end is not listened to without one. */
const MOST_HEARD = 1024;
/** No block of flash is programmed in smaller stretches by a linker. */
const UNIT = 256;

export class SerialTarget {
  readonly port: string;
  /** Byte that erased flash reads. */
  readonly erased: number;
  /** Address of the first byte of flash, and behind the last. */
  readonly flash: { readonly start: number; readonly end: number };
  /** Behind the program that serves, if it lies in flash. */
  readonly free: number;
  /** What was said and heard since it was fresh. */
  sequence: string[] = [];
  private readonly held: HeldMachine;
  private readonly link: UartLink;
  private readonly start: Checkpoint;
  private heard: number[] = [];

  /** @param held started, at the place where the first byte is waited for. A UsageError where it is not acknowledged. */
  constructor(held: HeldMachine, port: string) {
    this.held = held;
    this.port = port;
    const { base, bytes, erased } = mainFlash(held.session.machine);
    this.flash = { start: base, end: base + bytes.length };
    this.erased = erased;
    this.free = base + Math.ceil((bytes.findLastIndex((b) => b !== erased) + 1) / UNIT) * UNIT;
    this.link = new UartLink(held, port, BAUD);
    this.link.onByte = (byte) => this.heard.push(byte);
    this.start = held.save();
    const acknowledged = this.fresh();
    if (this.talks)
      throw new UsageError(
        `${port} sends without an end, as a log does`,
        'AN3155 answers what it is asked; --uart USART3 names another one',
      );
    if (!acknowledged)
      throw new UsageError(`0x7F is not acknowledged on ${port}`, 'is this the USART that it listens on? --uart USART3 names another one');
  }

  /** Back to the start; false: the first byte is not acknowledged. */
  fresh(): boolean {
    this.held.restore(this.start);
    this.link.afresh();
    this.sequence = [];
    return this.say('0x7F', { bytes: [SYNC] })[0] === ACK && !this.talks;
  }
  /** Sends bytes, and listens: what came. */
  say(what: string, { bytes, ms = ACK_MS }: Say): readonly number[] {
    this.heard = [];
    this.last = 0;
    for (const byte of bytes) this.link.send(byte);
    // what takes long is over with its answer
    for (let run = 0; run < ms && this.heard.length === 0; run += ACK_MS) this.link.run(ACK_MS * MS);
    this.link.run(ACK_MS * MS);
    while (this.cameNow() && !this.talks) this.link.run(ACK_MS * MS);
    this.sequence.push(`${what} [${shortHex(bytes)}] → ${this.heard.length === 0 ? 'nothing' : shortHex(this.heard)}`);
    return this.heard;
  }
  /** Does not end. */
  private get talks(): boolean {
    return this.heard.length >= MOST_HEARD;
  }
  private last = 0;
  /** More bytes came since it was asked last. */
  private cameNow(): boolean {
    const more = this.heard.length > this.last;
    this.last = this.heard.length;
    return more;
  }
  /** Address of the next instruction. */
  at(): number {
    return this.held.session.machine.cores[0]!.pc;
  }
  /** What flash holds, read from the chip. */
  read(at: number, length: number): Uint8Array {
    return flashInPlace(this.held.session.machine).bytes.slice(at - this.flash.start, at - this.flash.start + length);
  }
  /** Fills what is free with bytes that no erase leaves. */
  fill(): void {
    const length = this.flash.end - this.free;
    if (length > 0)
      this.put(
        this.free,
        Uint8Array.from({ length }, (_, i) => 0x20 + ((i * 7 + (i >> 8)) % 0x90)),
      );
  }
  /** Puts bytes into flash, as a programmer would have before. */
  put(at: number, bytes: Uint8Array): void {
    this.held.session.machine.replace(at, bytes);
  }
}

const hex2 = (byte: number): string => byte.toString(16).padStart(2, '0');
const MOST_SHOWN = 12;
const shortHex = (bytes: readonly number[]): string =>
  bytes.length > MOST_SHOWN ? `${bytes.slice(0, MOST_SHOWN).map(hex2).join(' ')} … ${bytes.length} bytes` : bytes.map(hex2).join(' ');
