/** The host's end of an interface of the ROM, byte by byte. */
import { MS, type Ps } from '../../emu/time.ts';
import type { PlannedAction } from '../documents/scenario-types.ts';
import type { Asking } from '../input/goal.ts';
import type { Session } from '../session/session.ts';
import { runUntil } from './after-tool.ts';

export interface Link {
  /** Counts are sent with a checksum of their own, and acknowledged (AN4221). */
  readonly inParts: boolean;
  /** Sends bytes; the machine runs meanwhile. What has come and was not heard is dropped. */
  say(bytes: readonly number[]): void;
  /** So many bytes, or fewer if they do not come in time. */
  hear(count: number, patience: Ps): readonly number[];
  /** Nothing is heard any more. */
  end(): void;
}

export const linkOf = (s: Session, asking: Asking): Link => (asking.baud === null ? new I2cLink(s, asking) : new UsartLink(s, asking));

/** Hears what comes from a port of the chip. */
abstract class Heard {
  protected readonly s: Session;
  protected readonly asking: Asking;
  private readonly before: Session['machine']['observer'];

  constructor(s: Session, asking: Asking) {
    this.s = s;
    this.asking = asking;
    const port = asking.port.toLowerCase();
    this.before = s.machine.observer;
    s.machine.observer = {
      ...this.before,
      console: (name, text) => {
        this.before.console?.(name, text);
        if (name === port) this.sent?.(text);
      },
      heard: (name, from, bytes) => {
        this.before.heard?.(name, from, bytes);
        if (name === port) this.took?.(from, bytes);
      },
    };
  }
  /** Characters of a USART. */
  protected sent?(text: string): void;
  /** Bytes of a bus. */
  protected took?(from: number, bytes: readonly number[]): void;
  end(): void {
    this.s.machine.observer = this.before;
  }
  /** One step of a host, to its end. */
  protected step(action: PlannedAction, patience: Ps): void {
    const { steps, machine } = this.s;
    steps.append(action);
    runUntil(this.s, () => !steps.remaining, machine.now + patience);
  }
}

class UsartLink extends Heard implements Link {
  readonly inParts = false;
  private bytes: number[] = [];

  protected override sent(text: string): void {
    this.bytes.push(...[...text].map((c) => c.charCodeAt(0)));
  }
  say(bytes: readonly number[]): void {
    this.bytes = [];
    const { port, baud } = this.asking;
    const character = Math.round((10 * 1e12) / baud!);
    this.step({ kind: 'uart', port, bytes: Uint8Array.from(bytes), baud: baud! }, bytes.length * 2 * character + MS);
  }
  hear(count: number, patience: Ps): readonly number[] {
    // eleven bits a byte, and room
    const time = Math.round((count * 15 * 1e12) / this.asking.baud!);
    runUntil(this.s, () => this.bytes.length >= count, this.s.machine.now + patience + time);
    return this.bytes.splice(0, count);
  }
}

/** A master on I2C, which asks for the bytes that it wants. */
class I2cLink extends Heard implements Link {
  readonly inParts = true;
  private got: readonly number[] = [];

  protected override took(_from: number, bytes: readonly number[]): void {
    this.got = bytes;
  }
  private get address(): number {
    const [first] = this.asking.says;
    return first?.kind === 'i2c' ? first.address : 0;
  }
  say(bytes: readonly number[]): void {
    this.transfer(Uint8Array.from(bytes), 0);
  }
  hear(count: number, patience: Ps): readonly number[] {
    const end = this.s.machine.now + patience;
    for (;;) {
      this.got = [];
      this.transfer(new Uint8Array(0), count);
      // a ROM that is busy holds SCL low: this master tries again
      if (this.got.length >= count || this.s.machine.now >= end) return this.got;
    }
  }
  private transfer(bytes: Uint8Array, read: number): void {
    this.step({ kind: 'i2c', port: this.asking.port, address: this.address, bytes, read }, LONGEST);
  }
}
/** A master gives up after a second (outside-hosts.ts). */
const LONGEST: Ps = 5000 * MS;

/** Another node on CAN. */
export class CanLink extends Heard {
  private frames: { readonly id: number; readonly bytes: readonly number[] }[] = [];

  protected override took(id: number, bytes: readonly number[]): void {
    this.frames.push({ id, bytes });
  }
  /** Sends a frame; what has come and was not heard is dropped. */
  say(id: number, bytes: readonly number[]): void {
    this.frames = [];
    const [first] = this.asking.says;
    const bit = first?.kind === 'can' ? first.bit : 0;
    this.step({ kind: 'can', port: this.asking.port, id, extended: false, bytes: Uint8Array.from(bytes), bit }, LONGEST);
  }
  /** The data of so many frames with this identifier, or fewer if they do not come in time. */
  hear(id: number, count: number, patience: Ps): readonly (readonly number[])[] {
    const heard = (): typeof this.frames => this.frames.filter((f) => f.id === id);
    runUntil(this.s, () => heard().length >= count, this.s.machine.now + patience);
    const got = heard().slice(0, count);
    // what was heard is heard once
    this.frames = this.frames.filter((f) => !got.includes(f));
    return got.map(({ bytes }) => bytes);
  }
}
