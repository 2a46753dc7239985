/** What operating systems do beside enumeration: drivers of Windows, the 1200-baud touch, the first commands to a disk. */
import { describe, expect, it } from 'vitest';
import { expandScenario } from '../../src/bench/scenario.ts';
import type { HostDriver } from '../../src/bench/scenario-types.ts';
import { findChip } from '../../src/chips/index.ts';
import { System } from '../../src/emu/system.ts';
import type { UsbDevicePort } from '../../src/emu/ports.ts';
import { UsbSim } from '../../src/usb-sim/usb-sim.ts';
import { bench, CDC_DEVICE, CHIP, DFU_DEVICE, HID_MSC_DEVICE, MS, type Bench } from './firmware.ts';

const log = (b: { usb: UsbSim }, kind: string): string[] => b.usb.logEntries.filter((l) => l.kind === kind).map((l) => l.text);

describe('drivers of Windows', () => {
  const withDriver = (driver: HostDriver, device = DFU_DEVICE): Bench => {
    const b = bench(device, {}, { host: 'windows', driver });
    b.firmware.start();
    b.until(1000 * MS);
    return b;
  };
  it('without one nobody sets a configuration: the device is listed by its name, and no program can open it', () => {
    const b = withDriver('none');
    expect(b.firmware.state.requests).not.toContain('0009');
    expect(b.usb.sessions[0]).toMatchObject({ vid: 0x0483, product: 'DFU in FS Mode', enumerated: null });
    expect(log(b, 'driver')).toEqual([
      'Windows has no driver for 0483:df11: Device Manager lists "DFU in FS Mode" under "Other devices" (code 28), no configuration is set, and no program can open it',
    ]);
    expect(b.usb.dfuReady).toBe(false);
  });
  it('a class that Windows brings a driver for needs no other', () => {
    expect(withDriver('none', CDC_DEVICE).usb.sessions[0]!.enumerated).not.toBe(null);
  });
  it('WinUSB: DfuSe Demo does not list the device, as the poster of seed 003 saw it; STTub30: the other way round', () => {
    for (const driver of ['dfu', 'winusb'] as const) {
      const b = withDriver(driver);
      expect(b.usb.dfuReady).toBe(true);
      expect(log(b, 'driver').join()).toMatch(/^WinUSB: .*STM32CubeProgrammer find.*DfuSe Demo.* does not$/);
    }
    expect(log(withDriver('sttub30'), 'driver').join()).toMatch(/^STTub30: DfuSe Demo finds/);
  });
  it('is refused where the operating system is another', () => {
    const scenario = { host: { kind: 'linux', driver: 'winusb' } } as const;
    expect(() => expandScenario(scenario, findChip('stm32h533re')!, { images: [] })).toThrow(
      'host.driver: winusb is a driver of Windows, and host.kind is linux',
    );
  });
});

describe('the touch at 1200 baud', () => {
  it('is SET_LINE_CODING with that speed, then DTR falls; it waits for a port', () => {
    const codings: number[] = [];
    const b = bench(CDC_DEVICE);
    const firmware = b.firmware as unknown as { classRequest(request: number, value: number, length: number): number[] | null };
    const states: number[] = [];
    const { state } = b.firmware;
    firmware.classRequest = (request, value) => {
      if (request === 0x20) codings.push(state.out[0]! | (state.out[1]! << 8));
      if (request === 0x22) states.push(value);
      return [];
    };
    b.usb.openAndClose(1200);
    b.firmware.start();
    b.until(1000 * MS);
    expect(codings).toEqual([115200 & 0xffff, 1200]);
    expect(states).toEqual([3, 0]);
    expect(log(b, 'driver')).toContain('CDC: opened at 1200 baud and closed');
  });
});

interface Disk {
  /** TEST UNIT READY fails this often. */
  notReady?: number;
  /** INQUIRY ends by a STALL in the data stage. */
  stallsInquiry?: boolean;
  /** Status with a tag of another command. */
  wrongTag?: boolean;
  blockSize?: number;
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
    else if (data[op]) this.queue.push(data[op]);
    const tag = [...cbw.subarray(4, 8)];
    if (this.disk.wrongTag) tag[0]!++;
    this.queue.push([0x55, 0x53, 0x42, 0x53, ...tag, 0, 0, 0, 0, status]);
  }
}
const MSC_CONFIGURATION = [9, 2, 32, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 2, 8, 6, 0x50, 0, 7, 5, 0x02, 2, 64, 0, 0, 7, 5, 0x81, 2, 64, 0, 0];

function disk(options: Disk = {}): { usb: UsbSim; port: DiskPort } {
  const system = new System({ ...CHIP, blocks: [] }, {});
  const port = new DiskPort(options);
  const usb = new UsbSim(system, () => port, { host: 'linux', cable: 'in', driver: 'none', zone: () => 'user' });
  usb.onWire('usb.pullup', 1);
  const limit = 2000 * MS;
  while (system.scheduler.next <= limit) system.fireDue(system.scheduler.next);
  return { usb, port };
}

describe('a disk', () => {
  it('is asked who it is, whether it is ready, how large it is, and its first block is read', () => {
    const d = disk();
    expect(d.port.commands).toEqual([0x12, 0x00, 0x25, 0x28]);
    expect(log(d, 'storage')).toEqual([
      'INQUIRY: "Acme" "Disk"',
      'TEST UNIT READY: ok',
      'READ CAPACITY: 100 blocks of 512 bytes',
      'READ block 0: 512 bytes',
    ]);
    expect(d.usb.state.msc!.phase).toBe('ready');
    expect([...d.usb.state.msc!.data.subarray(0, 4)]).toEqual([0, 1, 2, 3]);
  });
  it('that is not ready at first is asked why and tried again; one that never is, is left', () => {
    expect(disk({ notReady: 1 }).port.commands).toEqual([0x12, 0, 3, 0, 0x25, 0x28]);
    expect(disk({ notReady: 99 }).port.commands).toEqual([0x12, 0, 3, 0, 3, 0]);
  });
  it('that ends a data stage by STALL has its pipe cleared, and its status is read (Bulk-Only Transport 6.7.2)', () => {
    const d = disk({ stallsInquiry: true });
    expect(log(d, 'request').join('\n')).toContain('CLEAR_FEATURE');
    expect(d.port.commands).toEqual([0x12, 0x00, 0x25, 0x28]);
  });
  it.each([
    ['a status that belongs to another command', { wrongTag: true }, 'mass storage, INQUIRY: no valid status; the disk is left'],
    ['a block size that nothing can be', { blockSize: 0 }, 'mass storage, READ CAPACITY: a block size of 0; the disk is left'],
  ])('%s: the disk is left with a reason', (_what, options, text) => {
    expect(log(disk(options), 'driver')).toEqual([text]);
  });
});

describe('A device that refuses a request', () => {
  /** Answers every request by STALL, but those that `takes` names. */
  class Stubborn implements UsbDevicePort {
    readonly setups: string[] = [];
    private stalls = true;
    private readonly takes: (request: number) => boolean;
    constructor(takes: (request: number) => boolean) {
      this.takes = takes;
    }
    attached(): boolean {
      return true;
    }
    busReset(): void {}
    suspend(): void {}
    lost(): void {}
    startOfFrame(): void {}
    setup(_address: number, _endpoint: number, s: Uint8Array): 'ack' {
      this.setups.push(s[1] === 6 ? `descriptor ${s[3]}` : `request ${s[1]}`);
      this.stalls = !this.takes(s[1]!);
      return 'ack';
    }
    out(): 'stall' {
      return 'stall';
    }
    in(): ReturnType<UsbDevicePort['in']> {
      return this.stalls ? 'stall' : { data: new Uint8Array(0), toggle: 1 };
    }
    inAcknowledged(): void {}
  }
  const plugIn = (host: 'linux' | 'windows' | 'macos', takes: (request: number) => boolean) => {
    const system = new System({ ...CHIP, blocks: [] }, {});
    const port = new Stubborn(takes);
    const usb = new UsbSim(system, () => port, { host, cable: 'in', driver: 'none', zone: () => 'user' });
    usb.onWire('usb.pullup', 1);
    while (system.scheduler.next <= 30_000 * MS) system.fireDue(system.scheduler.next);
    const count = (what: string): number => port.setups.filter((s) => s === what).length;
    return { count, failed: log({ usb }, 'enumeration-failed') };
  };
  const SET_ADDRESS = 5;
  /** Attempts at the whole port, and tries of one request in each. */
  it.each([
    ['linux', 4, 3],
    ['windows', 3, 1],
    ['macos', 3, 3],
  ] as const)('%s asks for the descriptor in %i attempts, %i times each', (host, attempts, tries) => {
    const { count, failed } = plugIn(host, (request) => request === SET_ADDRESS);
    expect(count('descriptor 1')).toBe(attempts * tries);
    expect(failed).toEqual([expect.stringContaining(`gives up after ${attempts} attempts`)]);
  });
  it('macOS, which sends the address first, sends it twice an attempt', () => {
    const { count, failed } = plugIn('macos', () => false);
    expect([count('request 5'), count('descriptor 1'), failed.length]).toEqual([6, 0, 1]);
  });
});
