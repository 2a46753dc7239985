/**
 * A small driver of OTG_FS as firmware would have it: everything goes through bus addresses and the interrupt line. Its state is plain, its "CPU" is one
 * timer of the scheduler, so a machine with it can be saved and restored.
 */
import h533 from '../../src/chips/generated/stm32h533.json' with { type: 'json' };
import { loadFacts, type GeneratedFacts } from '../../src/chips/facts.ts';
import { OTG_FS_F4, OTG_FS_H745, OTG_FS_L476, OTG_FS_L496 } from '../../src/chips/otg-fs.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { clonePlain } from '../../src/emu/component.ts';
import type { BlockFacts } from '../../src/emu/registers.ts';
import type { System } from '../../src/emu/system.ts';
import { rate, US, type Ps } from '../../src/emu/time.ts';
import { usbOtgFs, usbOtgFsPort } from '../../src/peripherals/usb/usb-otg-fs.ts';
import type { HostOptions } from '../../src/usb-sim/host-api.ts';
import { benchWith, type BenchOf } from './bench.ts';
import { DFU_DEVICE, ISO_DEVICE, type Device } from './firmware.ts';
import { BriefSystem } from '../brief.ts';

export const RCC = 0x44020c00;
export const OTG = 0x50000000;
export const GOTGCTL = OTG;
export const GOTGINT = OTG + 0x04;
export const GAHBCFG = OTG + 0x08;
export const GUSBCFG = OTG + 0x0c;
export const GRSTCTL = OTG + 0x10;
export const GINTSTS = OTG + 0x14;
export const GINTMSK = OTG + 0x18;
export const GRXSTSR = OTG + 0x1c;
export const GRXSTSP = OTG + 0x20;
export const GRXFSIZ = OTG + 0x24;
export const DIEPTXF = (n: number): number => (n === 0 ? OTG + 0x28 : OTG + 0x100 + 4 * n);
export const GCCFG = OTG + 0x38;
export const GSNPSID = OTG + 0x40;
export const DCFG = OTG + 0x800;
export const DCTL = OTG + 0x804;
export const DSTS = OTG + 0x808;
export const DIEPMSK = OTG + 0x810;
export const DOEPMSK = OTG + 0x814;
export const DAINT = OTG + 0x818;
export const DAINTMSK = OTG + 0x81c;
export const DIEPEMPMSK = OTG + 0x834;
export const PCGCCTL = OTG + 0xe00;
export const DIEPCTL = (n: number): number => OTG + 0x900 + 32 * n;
export const DIEPINT = (n: number): number => OTG + 0x908 + 32 * n;
export const DIEPTSIZ = (n: number): number => OTG + 0x910 + 32 * n;
export const DTXFSTS = (n: number): number => OTG + 0x918 + 32 * n;
export const DOEPCTL = (n: number): number => OTG + 0xb00 + 32 * n;
export const DOEPINT = (n: number): number => OTG + 0xb08 + 32 * n;
export const DOEPTSIZ = (n: number): number => OTG + 0xb10 + 32 * n;
export const FIFO = (n: number): number => OTG + 0x1000 * (n + 1);

export const EPENA = 0x80000000;
export const EPDIS = 0x40000000;
export const SNAK = 0x08000000;
export const CNAK = 0x04000000;
export const STALL = 0x00200000;
export const USBAEP = 0x8000;

export interface Variant {
  readonly name: string;
  readonly facts: BlockFacts;
  readonly options: Readonly<Record<string, unknown>>;
}
export const L476: Variant = { name: 'L476', facts: OTG_FS_L476, options: { fifoWords: 320, extraOutDone: true } };
export const L496: Variant = { name: 'L496', facts: OTG_FS_L496, options: { fifoWords: 320 } };
export const H745: Variant = { name: 'H745', facts: OTG_FS_H745, options: { fifoWords: 1024 } };
export const F405: Variant = { name: 'F405', facts: OTG_FS_F4, options: { fifoWords: 320, supplyWire: null } };
export const VARIANTS = [L476, L496, H745, F405];

// The gate is borrowed: any enable bit of any RCC does.
const rcc = loadFacts(h533 as unknown as GeneratedFacts)['RCC']!;
export const chipOf = (v: Variant, memories: ChipDescription['memories'] = []): ChipDescription => ({
  name: 'OTG test chip',
  family: 'test',
  line: 'test',
  cores: [],
  memories,
  clocks: ['usb', 'hclk'],
  rcc: 'RCC',
  parameters: {},
  facts: { RCC: rcc, OTG_FS: v.facts },
  blocks: [
    { name: 'RCC', model: null, base: RCC, size: 0x400 },
    {
      name: 'OTG_FS',
      model: 'usb-otg-fs',
      base: OTG,
      size: 0x40000,
      irqs: [67],
      clock: 'APB2ENR.USBEN',
      reset: 'APB2RSTR.USBRST',
      options: v.options,
    },
  ],
});
const rccOffset = (name: string): number => rcc.registers.find((r) => r.name === name)!.offset;
export const ENABLE = RCC + rccOffset('APB2ENR');
export const RESET = RCC + rccOffset('APB2RSTR');
export const OTGEN = 1 << 24;

export function newSystem(v: Variant, memories: ChipDescription['memories'] = []): System {
  const system = new BriefSystem(chipOf(v, memories), { 'usb-otg-fs': usbOtgFs });
  system.resetBlocks('power');
  system.setWire('usb.supply', 1);
  system.setClock('usb', rate(48_000_000));
  system.setClock('hclk', rate(80_000_000));
  return system;
}

export interface OtgFirmwareOptions {
  readonly latency?: Ps;
  /** Requests (bmRequestType << 8 | bRequest) that get no answer: NAK for ever. */
  readonly deafTo?: readonly number[];
  readonly stalls?: readonly number[];
  /** Each OUT done entry of EP0 is taken for data, also those that core 3.10a adds. */
  readonly trustsOutDone?: boolean;
  /** Sense VBUS instead of overriding it. */
  readonly sensesVbus?: boolean;
}

interface State {
  line: boolean;
  queue: number[];
  zlp: boolean;
  setup: number[];
  out: number[];
  packet: number[];
  requests: string[];
  /** OUT done interrupts of EP0 that were taken. */
  outDone: number;
  dataOut: number;
  resets: number;
  configured: number;
  echo: number[];
  /** Isochronous packets that came, and how many were made ready. */
  isoIn: number[][];
  isoOut: number;
}

export class OtgFirmware {
  state: State;
  readonly system: System;
  readonly device: Device;
  readonly options: OtgFirmwareOptions;
  readonly old: boolean;
  private readonly slot: number;
  /** What clocks the block: on a whole chip its own enable bit. */
  private readonly enable: () => void;
  constructor(system: System, device: Device, options: OtgFirmwareOptions, old: boolean, enable?: () => void) {
    this.system = system;
    this.enable = enable ?? (() => this.or(ENABLE, OTGEN));
    this.device = device;
    this.options = options;
    this.old = old;
    this.state = {
      line: false,
      queue: [],
      zlp: false,
      setup: [],
      out: [],
      packet: [],
      requests: [],
      outDone: 0,
      dataOut: 0,
      resets: 0,
      configured: 0,
      echo: [],
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
  or(address: number, bits: number): void {
    this.set(address, this.get(address) | bits);
  }
  irq(level: boolean): void {
    this.state.line = level;
    if (level) this.system.scheduler.arm(this.slot, this.system.now + (this.options.latency ?? 5 * US));
  }
  save(): State {
    return clonePlain(this.state as unknown as Record<string, never>) as unknown as State;
  }
  restore(s: State): void {
    this.state = clonePlain(s as unknown as Record<string, never>) as unknown as State;
  }

  start(): void {
    this.enable();
    this.or(GUSBCFG, 0x40);
    this.or(GRSTCTL, 1);
    this.wait(() => (this.get(GRSTCTL) & 1) === 0);
    this.set(GUSBCFG, 0x40000040 | (6 << 10));
    const senses = this.options.sensesVbus ?? false;
    if (this.old) this.set(GCCFG, 0x10000 | (senses ? 1 << 19 : 1 << 21));
    else {
      this.set(GCCFG, 0x10000 | (senses ? 1 << 21 : 0));
      if (!senses) this.or(GOTGCTL, 0xc0);
    }
    this.set(PCGCCTL, 0);
    this.or(DCFG, 3);
    this.flush();
    this.set(DIEPMSK, 1);
    this.set(DOEPMSK, 9);
    this.set(GINTSTS, 0xffffffff);
    this.set(GRXFSIZ, 62);
    this.set(DIEPTXF(0), (16 << 16) | 62);
    this.set(DIEPTXF(1), (32 << 16) | 78);
    this.set(DIEPTXF(2), (16 << 16) | 110);
    this.set(GINTMSK, 0x000c3010);
    this.set(GAHBCFG, 0x81);
    this.set(DCTL, 0);
  }
  /** A spinning loop: virtual time goes on. */
  private wait(done: () => boolean): void {
    for (let i = 0; i < 1000 && !done(); i++) this.system.fireDue(this.system.now + 100_000);
    if (!done()) throw new Error('the firmware hangs');
  }
  private flush(): void {
    this.set(GRSTCTL, (0x10 << 6) | 0x20);
    this.wait(() => (this.get(GRSTCTL) & 0x20) === 0);
    this.set(GRSTCTL, 0x10);
    this.wait(() => (this.get(GRSTCTL) & 0x10) === 0);
  }

  private interrupt(): void {
    for (let i = 0; i < 64 && this.state.line; i++) this.service();
  }
  private service(): void {
    const flags = this.get(GINTSTS) & this.get(GINTMSK);
    if (flags & 0x1000) {
      this.set(GINTSTS, 0x1000);
      this.busReset();
    } else if (flags & 0x2000) {
      this.set(GINTSTS, 0x2000);
      if ((this.get(DSTS) & 6) !== 6) throw new Error('not enumerated at full speed');
    } else if (flags & 0x10) this.receive();
    else if (flags & 0x80000) this.outInterrupt();
    else if (flags & 0x40000) this.inInterrupt();
    else if (flags & 0x300000) {
      // nothing moved in the frame that ends: the next one has the other parity
      this.set(GINTSTS, flags & 0x300000);
      if (flags & 0x100000) this.or(DIEPCTL(2), this.nextFrame());
      if (flags & 0x200000) this.or(DOEPCTL(1), this.nextFrame());
    }
  }
  private busReset(): void {
    const s = this.state;
    s.resets++;
    s.queue = [];
    s.configured = 0;
    this.set(DCFG, this.get(DCFG) & ~0x7f0);
    for (let n = 0; n < 2; n++) {
      this.or(DOEPCTL(n), SNAK);
      if (this.get(DIEPCTL(n)) & EPENA) this.or(DIEPCTL(n), SNAK | EPDIS);
      this.set(DIEPINT(n), 0xff7f);
      this.set(DOEPINT(n), 0xffff);
    }
    this.set(DIEPEMPMSK, 0);
    this.set(GRSTCTL, (0x10 << 6) | 0x20);
    this.set(GRSTCTL, 0x10);
    this.set(DAINTMSK, 0x00010001);
    this.set(DOEPTSIZ(0), 3 << 29);
  }

  private receive(): void {
    const s = this.state;
    const status = this.get(GRXSTSP);
    const bytes = (status >>> 4) & 0x7ff;
    const n = status & 0xf;
    const data: number[] = [];
    for (let i = 0; i < bytes; i += 4) {
      const word = this.get(FIFO(0));
      for (let b = 0; b < 4 && i + b < bytes; b++) data.push((word >>> (8 * b)) & 0xff);
    }
    switch ((status >>> 17) & 0xf) {
      case 6:
        s.packet = data;
        break;
      case 2:
        if (n === 0) s.out.push(...data);
        else s.echo.push(...data);
        break;
    }
  }
  private outInterrupt(): void {
    const s = this.state;
    const daint = this.get(DAINT) >>> 16;
    if (daint & 1) {
      const flags = this.get(DOEPINT(0));
      // Core 3.10a: entries that come with a SETUP or a status stage are not data.
      const extra = (flags & 0x8020) !== 0 && !this.options.trustsOutDone;
      this.set(DOEPINT(0), flags);
      if (flags & 1 && !extra) {
        s.outDone++;
        this.outDone();
      }
      if (flags & 8) {
        this.or(DOEPTSIZ(0), 3 << 29);
        this.request(s.packet);
      }
    }
    if (daint & 2) {
      this.set(DOEPINT(1), this.get(DOEPINT(1)));
      if (this.device === ISO_DEVICE) {
        s.isoIn.push(s.echo.splice(0));
        return this.receiveIso();
      }
      // Echo: bulk OUT goes back on bulk IN.
      this.sendBulk(s.echo.splice(0));
    }
  }
  private inInterrupt(): void {
    const s = this.state;
    const daint = this.get(DAINT) & 0xffff;
    for (const n of [0, 1, 2]) {
      if (!(daint & (1 << n))) continue;
      const flags = this.get(DIEPINT(n));
      if (flags & 1) {
        this.set(DIEPINT(n), 1);
        if (n === 0 && (s.queue.length > 0 || s.zlp)) this.sendPacket();
        else if (n === 0) this.receiveStatus();
        else if (n === 2) this.sendIso();
        else this.receiveBulk();
      }
      if (flags & 0x80 && this.get(DIEPEMPMSK) & (1 << n)) this.fill(n);
    }
  }
  /** The next packet goes into the FIFO as soon as it has room for all of it. */
  private fill(n: number): void {
    const s = this.state;
    const length = Math.min(this.get(DIEPTSIZ(n)) & (n === 0 ? 0x7f : 0x7ffff), 64);
    if (this.get(DTXFSTS(n)) * 4 < length) return;
    const bytes = (n === 0 ? s.queue : s.echo).splice(0, length);
    for (let i = 0; i < bytes.length; i += 4)
      this.set(FIFO(n), bytes[i]! | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24));
    if ((this.get(DIEPTSIZ(n)) & (n === 0 ? 0x7f : 0x7ffff)) === 0) this.set(DIEPEMPMSK, this.get(DIEPEMPMSK) & ~(1 << n));
  }
  private sendPacket(): void {
    const s = this.state;
    const length = Math.min(s.queue.length, 64);
    s.zlp = s.zlp && length === 64 && s.queue.length === 64;
    this.set(DIEPTSIZ(0), (1 << 19) | length);
    this.or(DIEPCTL(0), EPENA | CNAK);
    if (length > 0) this.or(DIEPEMPMSK, 1);
  }
  private answer(bytes: readonly number[], wLength: number): void {
    this.state.queue = bytes.slice(0, wLength);
    this.state.zlp = bytes.length > 0 && bytes.length < wLength;
    this.sendPacket();
  }
  private receiveControl(): void {
    this.set(DOEPTSIZ(0), (3 << 29) | (1 << 19) | 64);
    this.or(DOEPCTL(0), EPENA | CNAK);
  }
  /** After the last IN of a control read: its status stage. */
  private receiveStatus(): void {
    if (this.state.setup[0]! & 0x80) this.receiveControl();
  }
  private stall(): void {
    this.or(DIEPCTL(0), STALL);
    this.or(DOEPCTL(0), STALL);
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
    if (!(type & 0x80) && length > 0) return this.receiveControl();
    if (type === 0x80 && request === 6) {
      const found = v1 === 1 ? this.device.device : v1 === 2 ? this.device.configuration : v1 === 3 ? this.device.strings[v0] : undefined;
      return found ? this.answer(found, length) : this.stall();
    }
    if (type === 0xa1 && request === 3) return this.answer([0, 0, 0, 0, 2, 0], length);
    if (type === 0xa1 && request === 2)
      return this.answer(
        Array.from({ length: 1024 }, (_, i) => i & 0xff),
        length,
      );
    // The address is written before the status stage: the core waits for it.
    if (type === 0 && request === 5) this.set(DCFG, (this.get(DCFG) & ~0x7f0) | (v0 << 4));
    if (type === 0 && request === 9) this.configure(v0);
    this.answer([], 0);
  }
  private outDone(): void {
    const s = this.state;
    if (s.setup[0]! & 0x80) return; // status stage of a read
    s.dataOut++;
    const length = s.setup[6]! | (s.setup[7]! << 8);
    if (s.out.length < length) return this.receiveControl();
    this.answer([], 0);
  }
  private configure(value: number): void {
    this.state.configured = value;
    if (this.device === ISO_DEVICE) return this.openIso();
    this.set(DIEPCTL(1), USBAEP | (2 << 18) | (1 << 22) | (1 << 28) | 64);
    this.set(DOEPCTL(1), USBAEP | (2 << 18) | (1 << 28) | 64);
    // The notification pipe never has anything.
    this.set(DIEPCTL(2), USBAEP | (3 << 18) | (2 << 22) | (1 << 28) | 8);
    this.or(DAINTMSK, 0x00020002);
    this.receiveBulk();
  }
  /** OUT 1 and IN 2 of 32 bytes, a packet each frame. */
  private openIso(): void {
    this.set(DIEPCTL(2), USBAEP | (1 << 18) | (2 << 22) | 32);
    this.set(DOEPCTL(1), USBAEP | (1 << 18) | 32);
    this.or(DAINTMSK, 0x00020004);
    this.or(GINTMSK, 0x300000);
    this.receiveIso();
    this.sendIso();
  }
  /** SODDFRM or SEVNFRM for the frame behind this one. */
  private nextFrame(): number {
    return this.get(DSTS) & 0x100 ? 1 << 28 : 1 << 29;
  }
  private receiveIso(): void {
    this.set(DOEPTSIZ(1), (1 << 19) | 32);
    this.or(DOEPCTL(1), EPENA | CNAK | this.nextFrame());
  }
  private sendIso(): void {
    this.set(DIEPTSIZ(2), (1 << 29) | (1 << 19) | 2);
    this.or(DIEPCTL(2), EPENA | CNAK | this.nextFrame());
    this.set(FIFO(2), ++this.state.isoOut | 0xaa00);
  }
  private receiveBulk(): void {
    this.set(DOEPTSIZ(1), (4 << 19) | 256);
    this.or(DOEPCTL(1), EPENA | CNAK);
  }
  private sendBulk(bytes: number[]): void {
    this.state.echo = bytes;
    this.set(DIEPTSIZ(1), (Math.max(1, Math.ceil(bytes.length / 64)) << 19) | bytes.length);
    this.or(DIEPCTL(1), EPENA | CNAK);
    if (bytes.length > 0) this.or(DIEPEMPMSK, 2);
  }
}

export type OtgBench = BenchOf<OtgFirmware>;
export function otgBench(
  v: Variant,
  device: Device = DFU_DEVICE,
  options: OtgFirmwareOptions = {},
  host: Partial<HostOptions> = {},
): OtgBench {
  const system = newSystem(v);
  return otgBenchOn(system, new OtgFirmware(system, device, options, v === F405), () => undefined, host);
}
/** Host and wires around a chip with its firmware; `reset` powers it on. */
export function otgBenchOn(system: System, firmware: OtgFirmware, reset: () => void, host: Partial<HostOptions> = {}): OtgBench {
  return benchWith(system, firmware, () => usbOtgFsPort(system, 'OTG_FS'), 67, reset, host);
}
