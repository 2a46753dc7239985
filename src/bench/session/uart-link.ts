/** The other end of a serial cable: bytes to and from one USART of a machine that is held, at their times. */
import type { Ps } from '../../emu/time.ts';
import { rxPinOf, rxPins, speaksSerial, type RomProfile } from '../../rom/profile.ts';
import { UsageError } from '../documents/usage-error.ts';
import type { HeldMachine } from './held-machine.ts';
import { BYTE, START_BIT, tellRx } from './steps.ts';

const SECOND = 1_000_000_000_000;
/** Start, eight data, parity, stop. */
const FRAME_BITS = 11;

/** Eight data bits and even parity, as AN3155 has them. */
export class UartLink {
  /** What the chip sends, byte by byte. */
  onByte: (byte: number) => void = () => {};
  private readonly held: HeldMachine;
  private readonly port: string;
  private readonly pin: string | undefined;
  private readonly bit: Ps;
  private sequence = 0;
  /** The ROM has answered: until then the line's levels count, it measures them. What an application says on the same port is no answer. */
  private heard = false;

  /** @param port as the chip's rows call it: `USART1` */
  constructor(held: HeldMachine, port: string, baud: number) {
    this.held = held;
    this.port = port.toLowerCase();
    this.bit = Math.floor(SECOND / baud);
    this.pin = rxPinOf(held.session.profile, port);
    // a pull-down of the ROM would win over a line that nobody holds, and a start bit would be no edge
    this.drive(1);
    const { machine } = held.session;
    const before = machine.observer;
    machine.observer = {
      ...before,
      console: (channel, text) => {
        before.console?.(channel, text);
        if (channel !== this.port) return;
        this.heard ||= machine.state.inSystem;
        for (const char of text) this.onByte(char.charCodeAt(0));
      },
      entry: (entry) => {
        this.heard = false;
        before.entry?.(entry);
      },
      reset: (by) => {
        before.reset?.(by);
        this.heard = false;
      },
    };
  }

  /** Virtual time of one byte on the line. */
  get byteTime(): Ps {
    return FRAME_BITS * this.bit;
  }
  /** Sends one byte; the machine runs meanwhile. */
  send(byte: number): void {
    if (this.heard) {
      this.run(this.byteTime);
      this.tell(BYTE | byte);
      return;
    }
    this.tell(START_BIT);
    for (const level of levels(byte)) {
      this.drive(level);
      this.run(this.bit);
    }
    // The USART of a program that is not the ROM gets the byte too.
    this.tell(BYTE | byte);
  }
  /** Another history begins: the ROM has not measured anything yet. */
  afresh(): void {
    this.heard = false;
  }
  run(time: Ps): void {
    const { machine } = this.held.session;
    const end = machine.now + time;
    while (machine.now < end) {
      const before = machine.now;
      this.held.run(end);
      // A core that is held in reset or locked up does not move.
      if (machine.now === before) break;
    }
  }

  private tell(value: number): void {
    this.sequence = (this.sequence + 1) & 0xffff;
    tellRx(this.held.session.machine.system, this.port, value, this.sequence);
  }
  private drive(level: number): void {
    if (this.pin !== undefined) this.held.session.machine.system.setWire(`pin.${this.pin}`, level);
  }
}

function levels(byte: number): readonly number[] {
  const data = Array.from({ length: 8 }, (_, i) => (byte >>> i) & 1);
  const parity = data.reduce((sum, b) => sum ^ b, 0);
  return [0, ...data, parity, 1];
}

/** One of the USARTs that this ROM listens to, by default the first. */
export function serialPort(profile: RomProfile | null, chip: string, option: string, wanted?: string): string {
  const ports = profile !== null && speaksSerial(profile) ? rxPins(profile).map((i) => i.name) : [];
  if (ports.length === 0)
    throw new UsageError(`the stand-in ROM of ${chip} has no USART protocol`, '`bootbench chips <chip>` lists its interfaces');
  const port = wanted === undefined ? ports[0] : ports.find((name) => name.toLowerCase() === wanted.toLowerCase());
  if (port === undefined)
    throw new UsageError(`${option} ${wanted}: this ROM listens on ${ports.join(', ')}`, `for example ${option} ${ports[0]}`);
  return port.split(' ')[0]!;
}
