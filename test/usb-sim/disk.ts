/** A disk for the host's mass-storage driver. */
import type { UsbDevicePort } from '../../src/emu/ports.ts';
import { UsbSim } from '../../src/usb-sim/usb-sim.ts';
import { CHIP, HID_MSC_DEVICE, MS } from './firmware.ts';
import { BriefSystem } from '../brief.ts';

export interface Disk {
  /** TEST UNIT READY fails this often. */
  notReady?: number;
  /** INQUIRY ends by a STALL in the data stage. */
  stallsInquiry?: boolean;
  /** Status with a tag of another command. */
  wrongTag?: boolean;
  blockSize?: number;
  /** What it makes of the data, or of the status, of a command (its operation code). */
  data?: (op: number, data: number[]) => number[];
  status?: (op: number, status: number[]) => number[];
}

/** A disk of 100 blocks as a device port of its own, without a controller. */
class DiskPort implements UsbDevicePort {
  readonly commands: number[] = [];
  private reply: number[] = [];
  private readonly queue: (number[] | 'stall')[] = [];
  private toggles = [0, 0];
  private inToggle = 0;
  private length = 0;
  private readonly disk: Disk;
  private notReady: number;
  constructor(disk: Disk) {
    this.disk = disk;
    this.notReady = disk.notReady ?? 0;
  }
  attached(): boolean {
    return true;
  }
  busReset(): void {}
  suspend(): void {}
  startOfFrame(): void {}
  lost(): void {}
  setup(_address: number, _endpoint: number, s: Uint8Array): 'ack' {
    this.length = s[6]! | (s[7]! << 8);
    const type = s[3];
    if (s[1] === 6 && s[0] === 0x80) this.reply = [...(type === 1 ? HID_MSC_DEVICE.device : type === 2 ? MSC_CONFIGURATION : [4, 3, 9, 4])];
    else if (s[1] === 0xfe) this.reply = [0];
    else this.reply = [];
    if (s[1] === 1 && s[0] === 2) this.inToggle = 0;
    this.toggles[0] = 1;
    this.reply = this.reply.slice(0, this.length);
    return 'ack';
  }
  out(_address: number, endpoint: number, _toggle: number, data: Uint8Array): 'ack' {
    if (endpoint === 2) this.command(data);
    return 'ack';
  }
  in(_address: number, endpoint: number): ReturnType<UsbDevicePort['in']> {
    if (endpoint === 0) return { data: Uint8Array.from(this.reply.slice(0, 64)), toggle: this.toggles[0] as 0 | 1 };
    const next = this.queue[0];
    if (next === undefined) return 'nak';
    if (next === 'stall') {
      this.queue.shift();
      return 'stall';
    }
    return { data: Uint8Array.from(next.slice(0, 64)), toggle: this.inToggle as 0 | 1 };
  }
  inAcknowledged(_address: number, endpoint: number): void {
    if (endpoint === 0) {
      this.reply = this.reply.slice(64);
      this.toggles[0]! ^= 1;
      return;
    }
    this.inToggle ^= 1;
    const rest = (this.queue[0] as number[]).slice(64);
    if (rest.length > 0) this.queue[0] = rest;
    else this.queue.shift();
  }
  private command(cbw: Uint8Array): void {
    const op = cbw[15]!;
    this.commands.push(op);
    const status = op === 0 && this.notReady > 0 ? 1 : 0;
    if (status) this.notReady--;
    const name = [...'Acme    Disk            1.0 '].map((ch) => ch.charCodeAt(0));
    const size = this.disk.blockSize ?? 512;
    const data: Record<number, number[]> = {
      0x12: [0, 0x80, 4, 2, 31, 0, 0, 0, ...name],
      0x03: [0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x28, 0, 0, 0, 0, 0],
      0x25: [0, 0, 0, 99, 0, 0, size >> 8, size & 0xff],
      0x28: Array.from({ length: 512 }, (_, i) => i & 0xff),
    };
    if (op === 0x12 && this.disk.stallsInquiry) this.queue.push('stall');
    else if (data[op]) this.queue.push(this.disk.data?.(op, data[op]) ?? data[op]);
    const tag = [...cbw.subarray(4, 8)];
    if (this.disk.wrongTag) tag[0]!++;
    const csw = [0x55, 0x53, 0x42, 0x53, ...tag, 0, 0, 0, 0, status];
    this.queue.push(this.disk.status?.(op, csw) ?? csw);
  }
}
const MSC_CONFIGURATION = [9, 2, 32, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 2, 8, 6, 0x50, 0, 7, 5, 0x02, 2, 64, 0, 0, 7, 5, 0x81, 2, 64, 0, 0];

export function disk(options: Disk = {}): { usb: UsbSim; port: DiskPort } {
  const system = new BriefSystem({ ...CHIP, blocks: [] }, {});
  const port = new DiskPort(options);
  const usb = new UsbSim(system, () => port, { host: 'linux', cable: 'in', driver: 'none', zone: () => 'user' });
  usb.onWire('usb.pullup', 1);
  const limit = 2000 * MS;
  while (system.scheduler.next <= limit) system.fireDue(system.scheduler.next);
  return { usb, port };
}
