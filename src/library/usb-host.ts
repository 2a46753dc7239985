/** The simulated host of a held machine: control requests, CDC, HID, DFU, the cable. Virtual time runs while a promise is waited for. */
import { parseDuration } from '../bench/documents/duration.ts';
import { hex16, type Hex } from '../bench/documents/result.ts';
import type { WordValue } from '../bench/documents/scenario-types.ts';
import { wordValue } from '../bench/input/scenario.ts';
import { shown, UsageError } from '../bench/documents/usage-error.ts';
import { PS_PER_SECOND, type Ps } from '../emu/time.ts';
import type { HeldBus } from '../usb-sim/held-bus.ts';
import type { UsbSim, DfuRequest } from '../usb-sim/usb-sim.ts';
import { WebUsb } from '../usb-sim/web-usb.ts';

/** A control request, USB 2.0 §9.3. `length` bytes are read if bit 7 of `requestType` is set, else `data` is sent. */
export interface ControlRequest {
  /** bmRequestType. */
  readonly requestType: number;
  /** bRequest. */
  readonly request: number;
  /** wValue, default 0. */
  readonly value?: number;
  /** wIndex, default 0. */
  readonly index?: number;
  /** wLength of a read, bytes; default 0. */
  readonly length?: number;
  /** Bytes of a write. */
  readonly data?: Uint8Array;
}
/** What came of a control request. */
export interface ControlAnswer {
  /** `stall`: the device refused; `timeout`: no answer within five seconds; `cancelled`: the device went away. */
  readonly status: 'ok' | 'stall' | 'timeout' | 'cancelled' | 'error' | 'babble';
  /** What the device sent; empty behind a write. */
  readonly data: Uint8Array;
}
/** The device on the bus. */
export interface UsbDeviceFacts {
  /** idVendor. */
  readonly vid: Hex;
  /** idProduct. */
  readonly pid: Hex;
  /** The string of iProduct; null = none. */
  readonly product: string | null;
  /** Whose code answers on endpoint 0: the application's or the ROM's. */
  readonly servedBy: 'user' | 'system' | null;
  /** Names of the alternate settings; for DfuSe its memories. */
  readonly altSettings: readonly string[];
}

/** Longest wait for an operation of DFU, for a mass erase. */
const DFU_LIMIT: Ps = 60 * PS_PER_SECOND;

/** The host at the other end of the cable. */
export class UsbHost {
  private readonly sim: UsbSim;
  private readonly bus: HeldBus;
  private web: WebUsb | null = null;
  private readonly reports: Uint8Array[] = [];
  private readonly console: () => Readonly<Record<string, string>>;

  constructor(sim: UsbSim, bus: HeldBus, console: () => Readonly<Record<string, string>>) {
    this.sim = sim;
    this.bus = bus;
    this.console = console;
  }

  /** In the place of `navigator.usb`: programs written for WebUSB run on the emulated device. */
  get webusb(): WebUsb {
    return (this.web ??= new WebUsb(this.bus));
  }
  /** The device that is enumerated; null without one. */
  get device(): UsbDeviceFacts | null {
    const s = this.sim.session();
    if (!s || s.enumerated === null || s.vid === null || s.pid === null) return null;
    return { vid: hex16(s.vid), pid: hex16(s.pid), product: s.product, servedBy: s.servedBy, altSettings: [...s.altSettings] };
  }
  /** What the host has seen and done, with seconds of virtual time. */
  get log(): readonly {
    /** Seconds of virtual time since power-on. */
    readonly at: number;
    /** As in `usb.log` of a result. */
    readonly kind: string;
    /** For a person. */
    readonly text: string;
  }[] {
    return this.sim.logEntries.map(({ at, kind, text }) => ({ at: at / PS_PER_SECOND, kind, text }));
  }
  /** Takes the cable out, or plugs it in again. */
  cable(position: 'in' | 'out'): void {
    if (position === 'in') this.sim.plug();
    else if (position === 'out') this.sim.unplug();
    else throw new UsageError(`cable: ${shown(position)} is not known`, 'in or out');
  }

  /** A control request to the enumerated device, which the host's own drivers then leave. UsageError without a device. */
  async control(request: ControlRequest): Promise<ControlAnswer> {
    if (typeof request !== 'object' || request === null)
      throw new UsageError(`control: ${shown(request)}`, 'give { requestType, request }');
    const setup = setupOf(request);
    if (!this.sim.outsideReady) throw new UsageError('control: no device is enumerated', 'run until { usb: "enumerated" } first');
    if (!this.sim.state.claimed) this.sim.claim();
    const id = this.sim.submitControl(setup, request.data ?? new Uint8Array(0));
    let answer = this.sim.takeResult(id);
    await this.bus.wait(() => (answer ??= this.sim.takeResult(id)) !== null);
    return answer === null
      ? { status: 'timeout', data: new Uint8Array(0) }
      : { status: answer.status as ControlAnswer['status'], data: answer.data };
  }

  /** The CDC-ACM port, if the device has one. */
  readonly cdc = {
    /** Sends to the device; kept until there is one. */
    write: (data: string | Uint8Array): void => {
      if (typeof data !== 'string' && !(data instanceof Uint8Array)) throw new UsageError(`cdc: ${shown(data)}`, 'a text or a Uint8Array');
      this.sim.send(typeof data === 'string' ? new TextEncoder().encode(data) : data);
    },
    /** A program opens the port at this speed and closes it: 1200 sends Arduino-like firmware to its boot loader. */
    touch: (baud: number): void => {
      if (!Number.isInteger(baud) || baud <= 0) throw new UsageError(`cdc: ${shown(baud)} baud`, 'a whole number above 0');
      this.sim.openAndClose(baud);
    },
    /** All that the device has sent, a character for each byte. */
    text: (): string => this.console()['cdc'] ?? '',
  };
  /** Reports of the HID device since power-on, oldest first. */
  get hidReports(): readonly Uint8Array[] {
    return this.reports;
  }
  /** @internal */
  addReport(bytes: Uint8Array): void {
    this.reports.push(bytes);
  }

  /** The DFU device of the ROM, as dfu-util drives it. UsageError where an operation fails or no device comes. */
  readonly dfu = {
    /** Erases the pages and writes them. */
    download: (address: WordValue, data: Uint8Array): Promise<void> =>
      this.operation({ kind: 'download', address: wordValue(address, 'address'), data }).then(() => undefined),
    /** The bytes that came back. */
    upload: (address: WordValue, length: number): Promise<Uint8Array> =>
      this.operation({ kind: 'upload', address: wordValue(address, 'address'), length }),
    /** One page, or all. */
    erase: (address: WordValue | 'mass'): Promise<void> =>
      this.operation({ kind: 'erase', address: address === 'mass' ? null : wordValue(address, 'address') }).then(() => undefined),
    /** The ROM is told to start the program at this vector table. */
    leave: (address: WordValue): Promise<void> =>
      this.operation({ kind: 'leave', address: wordValue(address, 'address') }).then(() => undefined),
  };

  private async operation(request: DfuRequest): Promise<Uint8Array> {
    if (this.sim.state.claimed)
      throw new UsageError('dfu: a client of WebUSB or control has the device', 'use that one, or a fork of the machine');
    const id = this.sim.dfu(request);
    const record = (): UsbSim['operations'][number] => this.sim.operations.find((o) => o.id === id)!;
    const over = (): boolean => record().status === 'ok' || record().status === 'failed';
    await this.bus.wait(over, { limit: this.bus.now + DFU_LIMIT });
    const { status, error, data } = record();
    if (status !== 'ok') throw new UsageError(`dfu ${request.kind} failed: ${error ?? 'no DFU device came within a minute'}`);
    return data;
  }

  /** Lets virtual time pass. */
  async idle(duration: string): Promise<void> {
    await this.bus.wait(() => false, { limit: this.bus.now + parseDuration(duration, 'duration') });
  }
  /** @internal */
  dispose(): void {
    this.web?.dispose();
  }
}

function setupOf({ requestType, request, value = 0, index = 0, length, data }: ControlRequest): Uint8Array {
  const fields = { requestType, request, value, index, length: length ?? 0 };
  for (const [name, n] of Object.entries(fields)) {
    const most = name === 'requestType' || name === 'request' ? 0xff : 0xffff;
    if (!Number.isInteger(n) || n < 0 || n > most)
      throw new UsageError(`control: ${name} is ${shown(n)}`, `a whole number from 0 to ${most}`);
  }
  const input = (requestType & 0x80) !== 0;
  if (input && data !== undefined)
    throw new UsageError('control: data is for requests to the device', 'give length, or clear bit 7 of requestType');
  const count = input ? fields.length : (data?.length ?? 0);
  return Uint8Array.of(requestType, request, value & 0xff, value >> 8, index & 0xff, index >> 8, count & 0xff, count >> 8);
}
