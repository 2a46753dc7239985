/** The simulated USB host of a machine: control requests, CDC, HID, DFU, the cable. Emulated time advances only while a promise is pending. */
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
/** Answer to a control request. */
export interface ControlAnswer {
  /** `stall`: the device refused the request; `timeout`: no answer within five seconds; `cancelled`: the device disconnected. */
  readonly status: 'ok' | 'stall' | 'timeout' | 'cancelled' | 'error' | 'babble';
  /** Data from the device; empty after a write. */
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
  /** Whether the application or the ROM answers on endpoint 0. */
  readonly servedBy: 'user' | 'system' | null;
  /** Names of the alternate settings; for DfuSe these describe the memories. */
  readonly altSettings: readonly string[];
}

/** Within which a host that enumerates a device is done with it. */
const NAMES_LIMIT: Ps = PS_PER_SECOND;
/** Longest wait for a DFU operation; a mass erase takes longest. */
const DFU_LIMIT: Ps = 60 * PS_PER_SECOND;
/** More than any device has memory, bytes. */
const MOST_DFU = 2 ** 24;

/** The USB host. */
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

  /** Use it instead of `navigator.usb`: programs written for WebUSB work with the emulated device. */
  get webusb(): WebUsb {
    return (this.web ??= new WebUsb(this.bus));
  }
  /** The enumerated device; null if there is none. */
  get device(): UsbDeviceFacts | null {
    const s = this.sim.session();
    if (!s || s.enumerated === null || s.vid === null || s.pid === null) return null;
    return { vid: hex16(s.vid), pid: hex16(s.pid), product: s.product, servedBy: s.servedBy, altSettings: [...s.altSettings] };
  }
  /** The log of the host, with emulated time in seconds. */
  get log(): readonly {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** Kind of event, as in `usb.log` of a result. */
    readonly kind: string;
    /** Text for people. */
    readonly text: string;
  }[] {
    return this.sim.logEntries.map(({ at, kind, text }) => ({ at: at / PS_PER_SECOND, kind, text }));
  }
  /** Unplugs the cable or plugs it in. */
  cable(position: 'in' | 'out'): void {
    if (position === 'in') this.sim.plug();
    else if (position === 'out') this.sim.unplug();
    else throw new UsageError(`cable: ${shown(position)} is not known`, 'in or out');
  }

  /** Sends a control request to the enumerated device; the drivers of the host then release the device. Throws a UsageError if there is no device. */
  async control(request: ControlRequest): Promise<ControlAnswer> {
    if (typeof request !== 'object' || request === null)
      throw new UsageError(`control: ${shown(request)}`, 'give { requestType, request }');
    const { data } = request;
    if (data !== undefined && !(data instanceof Uint8Array)) throw new UsageError(`control: data is ${shown(data)}`, 'give a Uint8Array');
    const setup = setupOf(request);
    // right behind `{ usb: 'enumerated' }` the host still asks for the device's names
    if (!this.sim.outsideReady) await this.bus.wait(() => this.sim.outsideReady, { limit: this.bus.now + NAMES_LIMIT });
    if (!this.sim.outsideReady) throw new UsageError('control: no device is enumerated', 'run until { usb: "enumerated" } first');
    if (!this.sim.state.claimed) this.sim.claim();
    const id = this.sim.submitControl(setup, data ?? new Uint8Array(0));
    let answer = this.sim.takeResult(id);
    await this.bus.wait(() => (answer ??= this.sim.takeResult(id)) !== null);
    return answer === null
      ? { status: 'timeout', data: new Uint8Array(0) }
      : { status: answer.status as ControlAnswer['status'], data: answer.data };
  }

  /** The CDC-ACM port, if the device has one. */
  readonly cdc = {
    /** Sends data to the device; kept until there is one. */
    write: (data: string | Uint8Array): void => {
      if (typeof data !== 'string' && !(data instanceof Uint8Array)) throw new UsageError(`cdc: ${shown(data)}`, 'a text or a Uint8Array');
      this.sim.send(typeof data === 'string' ? new TextEncoder().encode(data) : data);
    },
    /** Opens the port at this rate and closes it again; 1200 baud makes Arduino-like firmware enter its bootloader. */
    touch: (baud: number): void => {
      if (!Number.isInteger(baud) || baud <= 0) throw new UsageError(`cdc: ${shown(baud)} baud`, 'a whole number above 0');
      this.sim.openAndClose(baud);
    },
    /** Everything that the device has sent, one character per byte. */
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

  /** The DFU device of the ROM, driven as dfu-util does. Throws a UsageError if an operation fails or no device appears. */
  readonly dfu = {
    /** Erases and writes the pages. */
    download: async (address: WordValue, data: Uint8Array): Promise<void> => {
      if (!(data instanceof Uint8Array)) throw new UsageError(`dfu: data is ${shown(data)}`, 'give a Uint8Array');
      await this.operation({ kind: 'download', address: wordValue(address, 'address'), data });
    },
    /** Reads bytes and returns them. */
    upload: async (address: WordValue, length: number): Promise<Uint8Array> => {
      if (!Number.isInteger(length) || length < 0 || length > MOST_DFU)
        throw new UsageError(`dfu: length is ${shown(length)}`, `give a whole number from 0 to ${MOST_DFU}`);
      return this.operation({ kind: 'upload', address: wordValue(address, 'address'), length });
    },
    /** Erases one page, or everything. */
    erase: (address: WordValue | 'mass'): Promise<void> =>
      this.operation({ kind: 'erase', address: address === 'mass' ? null : wordValue(address, 'address') }).then(() => undefined),
    /** Leaves DFU mode and starts the program with this vector table. */
    leave: (address: WordValue): Promise<void> =>
      this.operation({ kind: 'leave', address: wordValue(address, 'address') }).then(() => undefined),
  };

  private async operation(request: DfuRequest): Promise<Uint8Array> {
    if (this.sim.state.claimed)
      throw new UsageError('dfu: a WebUSB client or control is using the device', 'use that client, or a fork of the machine');
    const id = this.sim.dfu(request);
    const record = (): UsbSim['operations'][number] => this.sim.operations.find((o) => o.id === id)!;
    const over = (): boolean => record().status === 'ok' || record().status === 'failed';
    await this.bus.wait(over, { limit: this.bus.now + DFU_LIMIT });
    const { status, error, data } = record();
    if (status !== 'ok') throw new UsageError(`dfu ${request.kind} failed: ${error ?? 'no DFU device appeared within a minute'}`);
    return data;
  }

  /** Lets emulated time pass. */
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
    throw new UsageError('control: data is only for host-to-device requests', 'give length, or clear bit 7 of requestType');
  const count = input ? fields.length : (data?.length ?? 0);
  return Uint8Array.of(requestType, request, value & 0xff, value >> 8, index & 0xff, index >> 8, count & 0xff, count >> 8);
}
