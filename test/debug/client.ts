/** A GDB client in the same process, as far as tests need one. */
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { GdbHub } from '../../src/debug/gdb-hub.ts';
import type { GdbServer } from '../../src/debug/gdb-server.ts';
import { frame, FrameReader } from '../../src/debug/packets.ts';
import { plainJob } from '../bench/plain-job.ts';

export const FLASH = 0x08000000;

/** An image with the stack at the end of 4 KiB of RAM and every vector at its code, FLASH + 0x200. */
export function image(code: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(0x200 + code.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + 0x201, true);
  bytes.set(code, 0x200);
  return bytes;
}

export const hubOf = (chip: string, bytes: Uint8Array, history?: number): GdbHub =>
  new GdbHub(new Session(jobInput(plainJob(chip, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }]))), history);

export const hubOfElf = (chip: string, bytes: Uint8Array): GdbHub =>
  new GdbHub(new Session(jobInput(plainJob(chip, [{ path: 'firmware.elf', bytes }]))));

export class Client {
  readonly hub: GdbHub;
  readonly server: GdbServer;
  readonly console: string[] = [];
  /** Every byte that came. */
  readonly raw: number[] = [];
  private readonly reader = new FrameReader();
  private readonly replies: string[] = [];

  constructor(hub: GdbHub, core = 0) {
    this.hub = hub;
    this.server = hub.connect(hub.cores[core]!, (bytes) => {
      this.raw.push(...bytes);
      for (const f of this.reader.read(bytes)) {
        if (f.kind !== 'packet') continue;
        if (/^O[0-9a-f]+$/.test(f.text)) this.console.push(Buffer.from(f.text.slice(1), 'hex').toString());
        else this.replies.push(f.text);
      }
    })!;
  }
  bytes(data: Uint8Array): void {
    this.server.receive(data);
  }
  /** Sends a packet and returns the answer, running the machine where it waits for a stop; null if none comes within so many turns. */
  ask(text: string, turns = 400): string | null {
    this.bytes(frame(text));
    return this.wait(turns);
  }
  wait(turns = 400): string | null {
    for (let i = 0; i < turns && this.replies.length === 0 && this.hub.advance(); i++);
    return this.replies.shift() ?? null;
  }
  interrupt(): string | null {
    this.bytes(new Uint8Array([3]));
    return this.wait(1);
  }
  /** `monitor …`: the text. */
  monitor(line: string): string {
    this.console.length = 0;
    this.ask(`qRcmd,${Buffer.from(line).toString('hex')}`);
    return this.console.join('');
  }
  word(address: number): number {
    return Buffer.from(this.ask(`m${address.toString(16)},4`)!, 'hex').readUInt32LE();
  }
  register(number: number): number {
    return Buffer.from(this.ask(`p${number.toString(16)}`)!, 'hex').readUInt32LE();
  }
  /** Number of a register by its name in target.xml. */
  numberOf(name: string): number {
    const xml = this.ask('qXfer:features:read:target.xml:0,ffff')!;
    return Number(new RegExp(`name="${name}" bitsize="\\d+" regnum="(\\d+)"`).exec(xml)![1]);
  }
}
