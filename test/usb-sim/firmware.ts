/**
 * A small EP0 driver as firmware would have it: everything goes through bus addresses of a chip with a USB_DRD_FS block and its interrupt
 * line. Its state is plain, its "CPU" is one timer of the scheduler, so a machine with it can be saved and restored.
 */
import h533 from '../../src/chips/generated/stm32h533.json' with { type: 'json' };
import { loadFacts, type GeneratedFacts } from '../../src/chips/facts.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { clonePlain } from '../../src/emu/component.ts';
import type { System } from '../../src/emu/system.ts';
import { MS, rate, US, type Ps } from '../../src/emu/time.ts';
import { usbDrd, usbDrdPort } from '../../src/peripherals/usb/usb-drd.ts';
import type { HostOptions } from '../../src/usb-sim/host-api.ts';
import { benchWith, type BenchOf } from './bench.ts';
import { BriefSystem } from '../brief.ts';

export const RCC = 0x44020c00;
export const USB = 0x40016000;
export const PMA = USB + 0x400;
export const CHEP = (n: number): number => USB + 4 * n;
export const CNTR = USB + 0x40;
export const ISTR = USB + 0x44;
export const FNR = USB + 0x48;
export const DADDR = USB + 0x4c;
export const BCDR = USB + 0x58;

const facts = loadFacts(h533 as unknown as GeneratedFacts);
export const CHIP: ChipDescription = {
  name: 'USB test chip',
  family: 'test',
  line: 'test',
  cores: [],
  memories: [],
  clocks: ['usb'],
  rcc: 'RCC',
  parameters: {},
  facts,
  blocks: [
    { name: 'RCC', model: null, base: RCC, size: 0x400 },
    { name: 'USB', model: 'usb-drd', base: USB, size: 0xc00, irqs: [74], clock: 'APB2ENR.USBEN', reset: 'APB2RSTR.USBRST' },
  ],
};
const rccOffset = (name: string): number => facts['RCC']!.registers.find((r) => r.name === name)!.offset;
export const APB2ENR = RCC + rccOffset('APB2ENR');
export const APB2RSTR = RCC + rccOffset('APB2RSTR');
export const USBEN = 1 << 24;

export function newSystem(): System {
  const system = new BriefSystem(CHIP, { 'usb-drd': usbDrd });
  system.resetBlocks('power');
  system.setWire('usb.supply', 1);
  system.setClock('usb', rate(48_000_000));
  return system;
}

const EP0_TX = 0x40;
const EP0_RX = 0x80;
const text = (s: string): number[] => [2 + 2 * s.length, 3, ...[...s].flatMap((ch) => [ch.charCodeAt(0), 0])];
export const ALT_NAME = '@Internal Flash   /0x08000000/64*08Kg';

/** What is plugged in; plain. */
export interface Device {
  device: number[];
  configuration: number[];
  strings: number[][];
}
export const DFU_DEVICE: Device = {
  device: [18, 1, 0, 2, 0, 0, 0, 64, 0x83, 0x04, 0x11, 0xdf, 0, 3, 1, 2, 3, 1],
  configuration: [
    9,
    2,
    36,
    0,
    1,
    1,
    0,
    0xc0,
    50,
    9,
    4,
    0,
    0,
    0,
    0xfe,
    1,
    2,
    4,
    9,
    4,
    0,
    1,
    0,
    0xfe,
    1,
    2,
    5, // second alternate setting
    9,
    0x21,
    0x0b,
    255,
    0,
    0,
    4,
    0x1a,
    1,
  ],
  strings: [
    [4, 3, 9, 4],
    text('STMicroelectronics'),
    text('DFU in FS Mode'),
    text('200364500000'),
    text(ALT_NAME),
    text('@OTP Memory   /0x08FFF000/01*1024 e'),
  ],
};
export const CDC_DEVICE: Device = {
  device: [18, 1, 0, 2, 2, 0, 0, 64, 0x83, 0x04, 0x40, 0x57, 0, 2, 0, 1, 0, 1],
  configuration: [
    9, 2, 67, 0, 2, 1, 0, 0xc0, 50, 9, 4, 0, 0, 1, 2, 2, 1, 0, 5, 0x24, 0, 0x10, 1, 5, 0x24, 1, 0, 1, 4, 0x24, 2, 2, 5, 0x24, 6, 0, 1, 7, 5,
    0x82, 3, 8, 0, 16, 9, 4, 1, 0, 2, 0x0a, 0, 0, 0, 7, 5, 0x01, 2, 64, 0, 0, 7, 5, 0x81, 2, 64, 0, 0,
  ],
  strings: [[4, 3, 9, 4], text('echo')],
};

/** A mouse-like HID and a mass-storage interface. */
export const HID_MSC_DEVICE: Device = {
  device: [18, 1, 0, 2, 0, 0, 0, 64, 0x83, 0x04, 0x10, 0x57, 0, 2, 0, 0, 0, 1],
  // prettier-ignore
  configuration: [
    9, 2, 64, 0, 2, 1, 0, 0x80, 50,
    9, 4, 0, 0, 1, 3, 0, 0, 0, 9, 0x21, 0x11, 1, 0, 1, 0x22, 4, 0, 7, 5, 0x81, 3, 4, 0, 10,
    9, 4, 1, 0, 2, 8, 6, 0x50, 0, 7, 5, 0x02, 2, 64, 0, 0, 7, 5, 0x82, 2, 64, 0, 0, 7, 5, 0x83, 3, 8, 0, 255,
  ],
  strings: [[4, 3, 9, 4]],
};

/** Isochronous endpoints of 32 bytes: OUT 1 and IN 2, a packet each frame. */
export const ISO_DEVICE: Device = {
  device: [18, 1, 0, 2, 0, 0, 0, 64, 0x83, 0x04, 0x30, 0x57, 0, 2, 0, 1, 0, 1],
  configuration: [9, 2, 32, 0, 1, 1, 0, 0xc0, 50, 9, 4, 0, 0, 2, 0xff, 0, 0, 0, 7, 5, 0x01, 1, 32, 0, 1, 7, 5, 0x82, 1, 32, 0, 1],
  strings: [[4, 3, 9, 4], text('stream')],
};

export interface FirmwareOptions {
  /** Interrupt latency and service time. */
  readonly latency?: Ps;
  /** Requests (bmRequestType << 8 | bRequest) that get no answer: NAK for ever. */
  readonly deafTo?: readonly number[];
  /** Requests answered with STALL. */
  readonly stalls?: readonly number[];
  /** Send DATA0 where DATA1 is due in the first n answers. */
  readonly wrongToggles?: number;
  /** Interrupts are never taken. */
  readonly masked?: boolean;
  /** The leave is not answered: pull-up off at once. */
  readonly silentLeave?: boolean;
}

interface State {
  line: boolean;
  queue: number[];
  sent: boolean;
  pendingAddress: number;
  setup: number[];
  out: number[];
  dfuState: number;
  dfuStatus: number;
  pointer: number;
  command: number[];
  memory: Uint8Array;
  erased: number[];
  wrong: number;
  requests: string[];
  leaving: boolean;
  zlp: boolean;
  configured: number;
  /** Isochronous packets that came, and how many went. */
  isoIn: number[][];
  isoOut: number;
}

const PENDING = 3;

export class Firmware {
  state: State;
  /** bMaxPacketSize0. */
  packet = 64;
  readonly system: System;
  readonly device: Device;
  readonly options: FirmwareOptions;
  private readonly slot: number;
  constructor(system: System, device: Device = DFU_DEVICE, options: FirmwareOptions = {}) {
    this.system = system;
    this.device = device;
    this.options = options;
    this.state = {
      line: false,
      queue: [],
      sent: true,
      pendingAddress: 0,
      setup: [],
      out: [],
      dfuState: 2,
      dfuStatus: 0,
      pointer: 0x08000000,
      command: [],
      memory: new Uint8Array(64 * 8192).fill(0x5a),
      erased: [],
      wrong: options.wrongToggles ?? 0,
      requests: [],
      leaving: false,
      zlp: false,
      configured: 0,
      isoIn: [],
      isoOut: 0,
    };
    this.slot = system.addTimer('cpu', () => this.interrupt());
  }
  get(address: number): number {
    return this.system.read(address, 4);
  }
  set(address: number, value: number): void {
    this.system.write(address, 4, value >>> 0);
  }
  /** Interrupt line of the block. */
  irq(level: boolean): void {
    this.state.line = level;
    if (level && !this.options.masked) this.system.scheduler.arm(this.slot, this.system.now + (this.options.latency ?? 5 * US));
  }
  start(): void {
    this.set(APB2ENR, this.get(APB2ENR) | USBEN);
    this.set(CNTR, 1);
    this.set(CNTR, 0);
    this.set(ISTR, 0);
    this.set(CNTR, 0x8400);
    this.set(BCDR, 0x8000);
  }
  pullUp(on: boolean): void {
    this.set(BCDR, on ? 0x8000 : 0);
  }
  save(): State {
    return clonePlain(this.state as unknown as Record<string, never>) as unknown as State;
  }
  restore(s: State): void {
    this.state = clonePlain(s as unknown as Record<string, never>) as unknown as State;
  }

  private interrupt(): void {
    for (let i = 0; i < 16 && this.state.line; i++) this.service();
  }
  private service(): void {
    const istr = this.get(ISTR);
    if (istr & 0x400) {
      this.set(ISTR, ~0x400);
      this.busReset();
      return;
    }
    if (!(istr & 0x8000)) return;
    const n = istr & 0xf;
    const ep = this.get(CHEP(n));
    if (n !== 0) return this.data(n, ep);
    if (ep & 0x8000) {
      const setup = (ep & 0x800) !== 0;
      const bytes = this.readPma(EP0_RX, (this.get(PMA + 4) >>> 16) & 0x3ff);
      this.set(CHEP(0), (ep & 0x070f) | 0x0080);
      if (setup) this.request(bytes);
      else if (bytes.length) this.dataOut(bytes);
      else this.stat(PENDING, -1);
      return;
    }
    this.set(CHEP(0), (ep & 0x070f) | 0x8000);
    this.sentIn();
  }
  private busReset(): void {
    const s = this.state;
    s.queue = [];
    s.sent = true;
    s.configured = 0;
    this.set(PMA, EP0_TX);
    this.set(PMA + 4, (0x80000000 | (1 << 26) | EP0_RX) >>> 0);
    const ep = this.get(CHEP(0));
    this.set(CHEP(0), ((ep & 0x3030) ^ 0x3020) | 0x8280);
    this.set(DADDR, 0x80);
  }
  /** Sets STAT_RX and STAT_TX of EP0; -1 leaves one. */
  private stat(rx: number, tx: number): void {
    const ep = this.get(CHEP(0));
    let toggle = 0;
    if (rx >= 0) toggle |= (ep ^ (rx << 12)) & 0x3000;
    if (tx >= 0) toggle |= (ep ^ (tx << 4)) & 0x30;
    this.set(CHEP(0), (ep & 0x070f) | 0x8080 | toggle);
  }
  private readPma(at: number, length: number): number[] {
    return Array.from({ length }, (_, i) => (this.get(PMA + at + (i & ~3)) >>> ((i & 3) * 8)) & 0xff);
  }
  private writePma(at: number, bytes: readonly number[]): void {
    for (let i = 0; i < bytes.length; i += 4)
      this.set(PMA + at + i, (bytes[i]! | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)) >>> 0);
  }
  private sendPacket(): void {
    const s = this.state;
    const packet = s.queue.splice(0, this.packet);
    // A short answer that fills its last packet is ended by an empty one.
    s.sent = s.queue.length === 0 && !(s.zlp && packet.length === this.packet);
    this.writePma(EP0_TX, packet);
    this.set(PMA, ((packet.length << 16) | EP0_TX) >>> 0);
    if (s.wrong > 0 && packet.length > 0) {
      s.wrong--;
      const ep = this.get(CHEP(0));
      this.set(CHEP(0), (ep & 0x070f) | 0x80c0 | 0x8000); // toggles DTOG_TX
    }
    this.stat(PENDING, PENDING);
  }
  private answer(bytes: readonly number[], wLength: number): void {
    this.state.queue = bytes.slice(0, wLength);
    this.state.zlp = bytes.length > 0 && bytes.length < wLength;
    this.sendPacket();
  }
  private stall(): void {
    this.stat(PENDING, 1);
    // Both directions: the host may look either way.
    const ep = this.get(CHEP(0));
    this.set(CHEP(0), (ep & 0x070f) | 0x8080 | ((ep ^ 0x1000) & 0x3000));
  }
  private sentIn(): void {
    const s = this.state;
    if (s.pendingAddress) {
      this.set(DADDR, 0x80 | s.pendingAddress);
      s.pendingAddress = 0;
    }
    if (s.leaving) return this.pullUp(false);
    if (!s.sent) this.sendPacket();
  }
  private request(setup: number[]): void {
    const s = this.state;
    s.setup = setup;
    s.out = [];
    const [type, request, v0, v1] = setup as [number, number, number, number];
    const length = setup[6]! | (setup[7]! << 8);
    s.requests.push(`${type.toString(16).padStart(2, '0')}${request.toString(16).padStart(2, '0')}`);
    const key = (type << 8) | request;
    if (this.options.deafTo?.includes(key)) return;
    if (this.options.stalls?.includes(key)) return this.stall();
    if (!(type & 0x80) && length > 0) return this.stat(PENDING, -1);
    if (type === 0x80 && request === 6) {
      const found = v1 === 1 ? this.device.device : v1 === 2 ? this.device.configuration : v1 === 3 ? this.device.strings[v0] : undefined;
      return found ? this.answer(found, length) : this.stall();
    }
    if (type === 0 && request === 5) s.pendingAddress = v0;
    if (type === 0 && request === 9) this.configure(v0);
    if ((type & 0x60) === 0x20) {
      const reply = this.classRequest(request, v0 | (v1 << 8), length);
      if (reply === null) return this.stall();
      return this.answer(reply, length);
    }
    this.answer([], 0);
  }
  private dataOut(bytes: number[]): void {
    const s = this.state;
    s.out.push(...bytes);
    const length = s.setup[6]! | (s.setup[7]! << 8);
    if (s.out.length < length) return this.stat(PENDING, -1);
    if (this.classRequest(s.setup[1]!, s.setup[2]! | (s.setup[3]! << 8), length) === null) return this.stall();
    this.answer([], 0);
  }

  /** DFU 1.1 with ST's commands; null = STALL. CDC requests are accepted. */
  private classRequest(request: number, block: number, length: number): number[] | null {
    const s = this.state;
    if (this.device === CDC_DEVICE) return [];
    switch (request) {
      case 1:
        if (length === 0) {
          s.dfuState = 6;
          return [];
        }
        if (s.dfuState !== 2 && s.dfuState !== 5) return this.fail();
        s.command = block === 0 ? s.out.slice() : [0, block, ...s.out];
        s.dfuState = 3;
        return [];
      case 2: {
        const at = s.pointer - 0x08000000 + (block - 2) * 1024;
        s.dfuState = 9;
        return [...s.memory.subarray(at, at + length)];
      }
      case 3:
        return this.status();
      case 4:
        s.dfuState = 2;
        s.dfuStatus = 0;
        return [];
      case 6:
        s.dfuState = 2;
        return [];
    }
    return null;
  }
  private fail(): null {
    this.state.dfuState = 10;
    this.state.dfuStatus = 15;
    return null;
  }
  private status(): number[] {
    const s = this.state;
    let poll = 0;
    if (s.dfuState === 6) {
      s.leaving = true;
      s.dfuState = 7;
      if (this.options.silentLeave) this.pullUp(false);
    } else if (s.dfuState === 4) s.dfuState = 5;
    else if (s.dfuState === 3) {
      s.dfuState = 4;
      poll = 7;
      this.execute();
    }
    return [s.dfuStatus, poll, 0, 0, s.dfuState, 0];
  }
  private execute(): void {
    const s = this.state;
    const [code, a, b, c, d] = s.command as [number, number, number, number, number];
    const address = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
    if (code === 0) s.memory.set(s.command.slice(2), s.pointer - 0x08000000);
    else if (address - 0x08000000 >= s.memory.length) {
      s.dfuState = 10;
      s.dfuStatus = 1;
    } else if (code === 0x21) s.pointer = address;
    else if (code === 0x41) {
      const page = (address - 0x08000000) & ~8191;
      s.memory.fill(0xff, page, page + 8192);
      s.erased.push(page);
    }
  }

  /** CDC: bulk OUT on register 1 goes back on bulk IN. */
  private configure(value: number): void {
    this.state.configured = value;
    if (this.device === HID_MSC_DEVICE) {
      this.set(PMA + 8, (4 << 16) | 0x100);
      const ep = this.get(CHEP(1));
      this.set(CHEP(1), ((ep & 0x0070) ^ 0x0030) | 0x8681);
    }
    if (this.device === ISO_DEVICE) this.openIso();
    if (this.device !== CDC_DEVICE) return;
    this.set(PMA + 8, 0x100);
    this.set(PMA + 12, (0x80000000 | (1 << 26) | 0x140) >>> 0);
    const ep = this.get(CHEP(1));
    this.set(CHEP(1), ((ep & 0x7070) ^ 0x3020) | 0x8081);
  }
  /** Register 1 receives, register 2 sends; both halves of an entry are buffers, and the DTOG bit says whose turn it is. */
  private openIso(): void {
    for (const half of [0, 1]) this.set(PMA + 8 + 4 * half, (0x80000000 | 0x100 | (half * 0x40)) >>> 0);
    for (const half of [0, 1]) this.set(PMA + 16 + 4 * half, ((1 << 16) | 0x180 | (half * 0x40)) >>> 0);
    this.set(CHEP(1), 0x3000 | 0x0400 | 0x8080 | 1);
    this.set(CHEP(2), 0x0030 | 0x0400 | 0x8080 | 2);
  }
  private isoData(n: number, ep: number): void {
    this.set(CHEP(n), (ep & 0x070f) | (n === 1 ? 0x0080 : 0x8000));
    if (n === 1) {
      const half = ep & 0x4000 ? 0 : 1;
      this.state.isoIn.push(this.readPma(0x100 + half * 0x40, (this.get(PMA + 8 + 4 * half) >>> 16) & 0x3ff));
    } else {
      const half = ep & 0x40 ? 0 : 1;
      const bytes = [++this.state.isoOut, 0xaa];
      this.writePma(0x180 + half * 0x40, bytes);
      this.set(PMA + 16 + 4 * half, ((bytes.length << 16) | 0x180 | (half * 0x40)) >>> 0);
    }
  }
  private data(n: number, ep: number): void {
    if (this.device === ISO_DEVICE) return this.isoData(n, ep);
    if (this.device === HID_MSC_DEVICE) return this.set(CHEP(n), (ep & 0x070f) | 0x8000 | ((ep ^ 0x30) & 0x30));
    if (ep & 0x8000) {
      const bytes = this.readPma(0x140, (this.get(PMA + 12) >>> 16) & 0x3ff);
      this.writePma(0x100, bytes);
      this.set(PMA + 8, ((bytes.length << 16) | 0x100) >>> 0);
      this.set(CHEP(n), (ep & 0x070f) | 0x0080 | ((ep ^ 0x30) & 0x30));
      return;
    }
    this.set(CHEP(n), (ep & 0x070f) | 0x8000 | ((ep ^ 0x3000) & 0x3000));
  }
}

export type Bench = BenchOf<Firmware>;

export function bench(device: Device = DFU_DEVICE, firmwareOptions: FirmwareOptions = {}, host: Partial<HostOptions> = {}): Bench {
  return benchOn(newSystem(), () => undefined, device, firmwareOptions, host);
}

/** Firmware, host and wires around a chip; `reset` powers it on. */
export function benchOn(
  system: System,
  reset: () => void,
  device: Device = DFU_DEVICE,
  firmwareOptions: FirmwareOptions = {},
  host: Partial<HostOptions> = {},
): Bench {
  return benchWith(system, new Firmware(system, device, firmwareOptions), () => usbDrdPort(system, 'USB'), 74, reset, host);
}
export { MS, US };
