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

/** Reads what the machine prints on a port. */
abstract class Heard {
  protected readonly s: Session;
  protected readonly asking: Asking;
  protected text = '';
  private readonly before: Session['machine']['observer'];

  constructor(s: Session, asking: Asking) {
    this.s = s;
    this.asking = asking;
    const channel = asking.port.toLowerCase();
    this.before = s.machine.observer;
    s.machine.observer = {
      ...this.before,
      console: (name, text) => {
        this.before.console?.(name, text);
        if (name === channel) this.text += text;
      },
    };
  }
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

  say(bytes: readonly number[]): void {
    this.text = '';
    const { port, baud } = this.asking;
    const character = Math.round((10 * 1e12) / baud!);
    this.step({ kind: 'uart', port, bytes: Uint8Array.from(bytes), character }, bytes.length * 2 * character + MS);
  }
  hear(count: number, patience: Ps): readonly number[] {
    // eleven bits a byte, and room
    const time = Math.round((count * 15 * 1e12) / this.asking.baud!);
    runUntil(this.s, () => this.text.length >= count, this.s.machine.now + patience + time);
    const got = [...this.text.slice(0, count)].map((c) => c.charCodeAt(0));
    this.text = this.text.slice(count);
    return got;
  }
}

class I2cLink extends Heard implements Link {
  readonly inParts = true;
  private get address(): number {
    const [first] = this.asking.says;
    return first?.kind === 'i2c' ? first.address : 0;
  }
  say(bytes: readonly number[]): void {
    this.text = '';
    this.transfer(Uint8Array.from(bytes), 0);
  }
  hear(count: number, patience: Ps): readonly number[] {
    const end = this.s.machine.now + patience;
    for (;;) {
      this.text = '';
      this.transfer(new Uint8Array(0), count);
      const got = /-> ([0-9A-F ]+)/.exec(this.text)?.[1]?.split(' ') ?? [];
      // a ROM that is busy holds SCL low: this master tries again
      if (got.length >= count || this.s.machine.now >= end) return got.map((byte) => parseInt(byte, 16));
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
  /** Sends a frame; what has come and was not heard is dropped. */
  say(id: number, bytes: readonly number[]): void {
    this.text = '';
    const [first] = this.asking.says;
    const bit = first?.kind === 'can' ? first.bit : 0;
    this.step({ kind: 'can', port: this.asking.port, id, extended: false, bytes: Uint8Array.from(bytes), bit }, LONGEST);
  }
  /** The data of so many frames with this identifier, or fewer if they do not come in time. */
  hear(id: number, frames: number, patience: Ps): readonly (readonly number[])[] {
    const heard = (): readonly (readonly number[])[] =>
      [...this.text.matchAll(/^0x([0-9A-F]+) -> ([0-9A-F ]+)$/gm)]
        .filter(([, from]) => parseInt(from!, 16) === id)
        .map(([, , bytes]) => bytes!.split(' ').map((byte) => parseInt(byte, 16)));
    runUntil(this.s, () => heard().length >= frames, this.s.machine.now + patience);
    const got = heard().slice(0, frames);
    // what was heard is heard once
    let left = got.length;
    this.text = this.text.replace(/^0x([0-9A-F]+) -> [0-9A-F ]+\n/gm, (line, from: string) =>
      parseInt(from, 16) === id && left-- > 0 ? '' : line,
    );
    return got;
  }
}
