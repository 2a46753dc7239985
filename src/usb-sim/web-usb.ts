/**
 * The device on a held bus as WebUSB shows it (https://wicg.github.io/webusb/): programs written for `navigator.usb` run on it unchanged. Where the
 * specification leaves errors open, names and texts are Chrome's. A frame in which an isochronous endpoint sent nothing that could be read is a packet of no bytes.
 */
import { MS, type Ps } from '../emu/time.ts';
import {
  DESCRIPTOR,
  getDescriptor,
  parseConfiguration,
  parseString,
  setupPacket,
  type DeviceInfo,
  type InterfaceInfo,
} from './descriptors.ts';
import type { HeldBus } from './held-bus.ts';
import type { OutsideResult, UsbSession } from './types.ts';

/** Control transfers end after this virtual time without an answer, as with the drivers under Chrome. */
const CONTROL_LIMIT: Ps = 5_000 * MS;
/** A reset, a configuration: the device is back within this. */
const READY_LIMIT: Ps = 30_000 * MS;
/** While somebody listens for devices that come or go, time goes on this long after the last call, as real time does. */
const LINGER: Ps = 3_000 * MS;

/** How a transfer ended (WebUSB, USBTransferStatus). */
export type WebUsbStatus = 'ok' | 'stall' | 'babble';
/** A SETUP packet (WebUSB, USBControlTransferParameters). */
export interface WebUsbControlSetup {
  /** bmRequestType, bits 6:5. */
  readonly requestType: 'standard' | 'class' | 'vendor';
  /** bmRequestType, bits 4:0. */
  readonly recipient: 'device' | 'interface' | 'endpoint' | 'other';
  /** bRequest. */
  readonly request: number;
  /** wValue. */
  readonly value: number;
  /** wIndex. */
  readonly index: number;
}
/** What came of a transfer from the device. */
export interface WebUsbInResult {
  /** The bytes; absent behind a stall. */
  readonly data?: DataView<ArrayBuffer>;
  /** How it ended. */
  readonly status: WebUsbStatus;
}
/** What came of a transfer to the device. */
export interface WebUsbOutResult {
  /** Bytes that the device took. */
  readonly bytesWritten: number;
  /** How it ended. */
  readonly status: WebUsbStatus;
}
/** What came of an isochronous transfer from the device. */
export interface WebUsbIsochronousInResult {
  /** The bytes of all packets. */
  readonly data: DataView<ArrayBuffer>;
  /** In the order of their frames. */
  readonly packets: WebUsbInResult[];
}
/** What came of an isochronous transfer to the device. */
export interface WebUsbIsochronousOutResult {
  /** In the order of their frames. */
  readonly packets: WebUsbOutResult[];
}
/** An endpoint descriptor (USB 2.0 §9.6.6). */
export interface WebUsbEndpoint {
  /** 1 to 15. */
  readonly endpointNumber: number;
  /** As the host sees it. */
  readonly direction: 'in' | 'out';
  /** Kind of its transfers. */
  readonly type: 'bulk' | 'interrupt' | 'isochronous';
  /** wMaxPacketSize, bytes. */
  readonly packetSize: number;
}
/** An alternate setting of an interface (USB 2.0 §9.6.5). */
export interface WebUsbAlternate {
  /** bAlternateSetting. */
  readonly alternateSetting: number;
  /** bInterfaceClass; DFU has 0xFE. */
  readonly interfaceClass: number;
  /** bInterfaceSubClass; DFU has 1. */
  readonly interfaceSubclass: number;
  /** bInterfaceProtocol; 2 in DFU mode. */
  readonly interfaceProtocol: number;
  /** The string of iInterface, DfuSe's memory map for instance; null = none. */
  readonly interfaceName: string | null;
  /** Without endpoint 0. */
  readonly endpoints: WebUsbEndpoint[];
}
/** An interface with its alternate settings. */
export interface WebUsbInterface {
  /** bInterfaceNumber. */
  readonly interfaceNumber: number;
  /** In the order of the descriptors. */
  readonly alternates: WebUsbAlternate[];
  /** The setting in use. */
  readonly alternate: WebUsbAlternate;
  /** True between claimInterface and releaseInterface. */
  readonly claimed: boolean;
}
/** A configuration (USB 2.0 §9.6.3). */
export interface WebUsbConfiguration {
  /** bConfigurationValue. */
  readonly configurationValue: number;
  /** The string of iConfiguration; null = none. */
  readonly configurationName: string | null;
  /** In the order of the descriptors. */
  readonly interfaces: WebUsbInterface[];
}
/** What a device has to be (WebUSB, USBDeviceFilter); what is left out fits all. */
export interface WebUsbFilter {
  /** idVendor. */
  readonly vendorId?: number;
  /** idProduct. */
  readonly productId?: number;
  /** bDeviceClass, or bInterfaceClass of an interface. */
  readonly classCode?: number;
  /** Subclass beside classCode. */
  readonly subclassCode?: number;
  /** Protocol beside subclassCode. */
  readonly protocolCode?: number;
  /** The string of iSerialNumber. */
  readonly serialNumber?: string;
}

/** `bufferSource` of the calls. */
export type WebUsbBytes = ArrayBuffer | ArrayBufferView;

/** A copy, as browsers convert a BufferSource (Web IDL 3.2.25): what is none is a TypeError. */
export function bufferSource(data: WebUsbBytes): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  // the buffer of another realm (jsdom, an iframe) is no `instanceof ArrayBuffer`
  if (!/^\[object (?:Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(data)))
    throw new TypeError('The provided value is not of type (ArrayBuffer or ArrayBufferView): give a Uint8Array.');
  return new Uint8Array(data).slice();
}
const bytesOf = (data: WebUsbBytes | undefined): Uint8Array => (data === undefined ? new Uint8Array(0) : bufferSource(data));
const viewOf = (bytes: Uint8Array): DataView<ArrayBuffer> => new DataView(new Uint8Array(bytes).buffer);

class Interface implements WebUsbInterface {
  readonly interfaceNumber: number;
  readonly alternates: WebUsbAlternate[];
  alternate: WebUsbAlternate;
  claimed = false;
  constructor(number: number, alternates: WebUsbAlternate[]) {
    this.interfaceNumber = number;
    this.alternates = alternates;
    this.alternate = alternates[0]!;
  }
}
interface Configuration extends WebUsbConfiguration {
  readonly interfaces: Interface[];
}

const TYPES = ['control', 'isochronous', 'bulk', 'interrupt'] as const;

function alternateOf(i: InterfaceInfo): WebUsbAlternate {
  return {
    alternateSetting: i.alternate,
    interfaceClass: i.classCode,
    interfaceSubclass: i.subclass,
    interfaceProtocol: i.protocol,
    interfaceName: i.name,
    endpoints: i.endpoints.flatMap((e): WebUsbEndpoint[] => {
      const type = TYPES[e.attributes & 3]!;
      const direction = e.address & 0x80 ? 'in' : 'out';
      return type === 'control' ? [] : [{ endpointNumber: e.address & 0xf, direction, type, packetSize: e.maxPacket }];
    }),
  };
}
function configurationOf(info: DeviceInfo, name: string | null): Configuration {
  const numbers = [...new Set(info.interfaces.map((i) => i.number))];
  return {
    configurationValue: info.configurationValue,
    configurationName: name,
    interfaces: numbers.map((n) => new Interface(n, info.interfaces.filter((i) => i.number === n).map(alternateOf))),
  };
}

const REQUEST_TYPE = { standard: 0x00, class: 0x20, vendor: 0x40 } as const;
const RECIPIENT = { device: 0, interface: 1, endpoint: 2, other: 3 } as const;

/** As browsers convert an enumeration (Web IDL 3.2.18). */
function valueIn(values: Readonly<Record<string, number>>, value: string, name: string): number {
  if (!Object.hasOwn(values, value)) throw new TypeError(`The provided value '${value}' is not a valid enum value of type ${name}.`);
  return values[value]!;
}

/** As browsers convert a dictionary with required members (Web IDL 3.2.17). */
function demand(value: unknown, members: readonly string[], call: string, example: string): void {
  const given: Partial<Record<string, unknown>> | null = typeof value === 'object' ? value : null;
  const missing = members.find((m) => given?.[m] === undefined);
  if (given === null || missing !== undefined)
    throw new TypeError(`${call}: ${given === null ? 'no object is given' : `required member ${missing} is undefined`}: ${example}`);
}
/** As browsers convert a sequence of dictionaries. */
export function demandFilters(filters: unknown, call: string, example: string): void {
  if (!Array.isArray(filters)) throw new TypeError(`${call}: filters is no list: ${example}`);
  if (!filters.every((f) => typeof f === 'object' && f !== null)) throw new TypeError(`${call}: a filter is no object: ${example}`);
}
const SETUP = ['requestType', 'recipient', 'request', 'value', 'index'];
const SETUP_EXAMPLE = "for example { requestType: 'class', recipient: 'interface', request: 3, value: 0, index: 0 }";

const notFound = (): DOMException => new DOMException('The device was disconnected.', 'NotFoundError');
const invalid = (text: string): DOMException => new DOMException(text, 'InvalidStateError');

/** The device as a page gets it (WebUSB, USBDevice). Calls are rejected with the DOMExceptions of the specification: NotFoundError, InvalidStateError, NetworkError. */
export class WebUsbDevice {
  /** Of bcdUSB. */
  readonly usbVersionMajor: number;
  /** Of bcdUSB. */
  readonly usbVersionMinor: number;
  /** Of bcdUSB. */
  readonly usbVersionSubminor: number;
  /** bDeviceClass. */
  readonly deviceClass: number;
  /** bDeviceSubClass. */
  readonly deviceSubclass: number;
  /** bDeviceProtocol. */
  readonly deviceProtocol: number;
  /** idVendor; ST has 0x0483. */
  readonly vendorId: number;
  /** idProduct; the ROM's DFU device has 0xDF11. */
  readonly productId: number;
  /** Of bcdDevice. */
  readonly deviceVersionMajor: number;
  /** Of bcdDevice. */
  readonly deviceVersionMinor: number;
  /** Of bcdDevice. */
  readonly deviceVersionSubminor: number;
  /** The string of iManufacturer; null = none. */
  readonly manufacturerName: string | null;
  /** The string of iProduct; null = none. */
  readonly productName: string | null;
  /** The string of iSerialNumber; null = none. */
  readonly serialNumber: string | null;
  /** In the order of the descriptors. */
  readonly configurations: WebUsbConfiguration[];
  /** True between open and close. */
  opened = false;
  private readonly owner: WebUsb;
  private readonly session: UsbSession;
  private current: Configuration | null;

  /** @internal Made by `WebUsb`, which reads the descriptors. */
  constructor(owner: WebUsb, session: UsbSession, info: DeviceInfo, configurations: Configuration[]) {
    if (!(owner instanceof WebUsb)) throw new TypeError('Illegal constructor: requestDevice() gives one');
    this.owner = owner;
    this.session = session;
    [this.usbVersionMajor, this.usbVersionMinor, this.usbVersionSubminor] = bcd(info.bcdUsb);
    [this.deviceVersionMajor, this.deviceVersionMinor, this.deviceVersionSubminor] = bcd(info.bcdDevice);
    this.deviceClass = info.classCode;
    this.deviceSubclass = info.subclass;
    this.deviceProtocol = info.protocol;
    this.vendorId = info.vid;
    this.productId = info.pid;
    this.manufacturerName = info.manufacturer;
    this.productName = info.product;
    this.serialNumber = info.serial;
    this.configurations = configurations;
    this.current = configurations.find((c) => c.configurationValue === info.configurationValue) ?? null;
  }

  /** The one that is set; null = none. */
  get configuration(): WebUsbConfiguration | null {
    return this.current;
  }
  /** It is the one on the bus. */
  get connected(): boolean {
    return !this.owner.disposed && this.owner.bus.usb.session() === this.session;
  }

  /** NotFoundError where the device has gone. */
  async open(): Promise<void> {
    if (!this.connected) throw notFound();
    this.opened = true;
  }
  /** Gives its interfaces back. */
  async close(): Promise<void> {
    this.opened = false;
    for (const i of this.current?.interfaces ?? []) i.claimed = false;
  }
  /** As close: nobody has to be asked again. */
  async forget(): Promise<void> {
    await this.close();
  }
  /** Resets the bus; NetworkError where the device does not come back. */
  async reset(): Promise<void> {
    this.check();
    await this.owner.resetDevice();
    if (!this.connected || !this.owner.bus.usb.outsideReady) throw new DOMException('Unable to reset the device.', 'NetworkError');
    for (const i of this.current?.interfaces ?? []) i.alternate = i.alternates[0]!;
  }
  /** SET_CONFIGURATION; NotFoundError where there is none of this value. */
  async selectConfiguration(value: number): Promise<void> {
    this.check();
    const found = this.configurations.find((c) => c.configurationValue === value) as Configuration | undefined;
    if (!found) throw new DOMException('The configuration value provided is not supported by the device.', 'NotFoundError');
    await this.standard(setupPacket(0, 9, value, 0, 0), 'Unable to set device configuration.');
    for (const i of found.interfaces) i.claimed = false;
    this.current = found;
  }
  /** NotFoundError where the configuration has none of this number. */
  async claimInterface(number: number): Promise<void> {
    this.check();
    this.interfaceOf(number).claimed = true;
  }
  /** Gives it back. */
  async releaseInterface(number: number): Promise<void> {
    this.check();
    this.interfaceOf(number).claimed = false;
  }
  /** SET_INTERFACE; the interface has to be claimed. */
  async selectAlternateInterface(number: number, alternate: number): Promise<void> {
    this.check();
    const i = this.claimed(number);
    const found = i.alternates.find((a) => a.alternateSetting === alternate);
    if (!found) throw new DOMException('The alternate setting provided is not supported by the device.', 'NotFoundError');
    await this.standard(setupPacket(1, 11, alternate, number, 0), 'Unable to set device interface.');
    i.alternate = found;
  }
  /** A control read of at most `length` bytes. */
  async controlTransferIn(setup: WebUsbControlSetup, length: number): Promise<WebUsbInResult> {
    demand(setup, SETUP, 'controlTransferIn', SETUP_EXAMPLE);
    if (length === undefined) throw new TypeError('controlTransferIn: the length is missing: bytes to read at most');
    const r = await this.control(setup, 0x80, new Uint8Array(0), length);
    return inResult(r);
  }
  /** A control write, or a request without data. */
  async controlTransferOut(setup: WebUsbControlSetup, data?: WebUsbBytes): Promise<WebUsbOutResult> {
    demand(setup, SETUP, 'controlTransferOut', SETUP_EXAMPLE);
    const bytes = bytesOf(data);
    return outResult(await this.control(setup, 0, bytes, bytes.length));
  }
  /** At most `length` bytes of a bulk or interrupt endpoint; virtual time goes on until they come. */
  async transferIn(endpoint: number, length: number): Promise<WebUsbInResult> {
    this.endpoint(endpoint, 'in');
    return inResult(await this.owner.pipe(endpoint | 0x80, length));
  }
  /** Bytes to a bulk or interrupt endpoint. */
  async transferOut(endpoint: number, data: WebUsbBytes): Promise<WebUsbOutResult> {
    this.endpoint(endpoint, 'out');
    return outResult(await this.owner.pipe(endpoint, bytesOf(data)));
  }
  /** CLEAR_FEATURE of ENDPOINT_HALT. */
  async clearHalt(direction: 'in' | 'out', endpoint: number): Promise<void> {
    this.endpoint(endpoint, direction);
    await this.standard(setupPacket(2, 1, 0, endpoint | (direction === 'in' ? 0x80 : 0), 0), 'Unable to clear endpoint.');
  }
  /** A packet of at most so many bytes in each interval of an isochronous endpoint. */
  async isochronousTransferIn(endpoint: number, packetLengths: readonly number[]): Promise<WebUsbIsochronousInResult> {
    const lengths = this.isochronous(endpoint, 'in', packetLengths);
    const { status, data, packets = [] } = await this.owner.isochronous(endpoint | 0x80, lengths, null);
    if (status !== 'ok') failed({ status });
    let at = 0;
    const parts = packets.map((p) => ({ data: viewOf(data.subarray(at, (at += p.actual))), status: p.status }));
    return { data: viewOf(data), packets: parts };
  }
  /** A packet of so many bytes of the data in each interval of an isochronous endpoint. */
  async isochronousTransferOut(endpoint: number, data: WebUsbBytes, packetLengths: readonly number[]): Promise<WebUsbIsochronousOutResult> {
    const lengths = this.isochronous(endpoint, 'out', packetLengths);
    const bytes = bytesOf(data);
    if (lengths.reduce((a, b) => a + b, 0) !== bytes.length)
      throw new DOMException('The data buffer size must match the total packet length.', 'DataError');
    const { status, packets = [] } = await this.owner.isochronous(endpoint, lengths, bytes);
    if (status !== 'ok') failed({ status });
    return { packets: packets.map((p) => ({ bytesWritten: p.actual, status: p.status })) };
  }
  private isochronous(endpoint: number, direction: 'in' | 'out', lengths: readonly number[]): number[] {
    const { type, packetSize } = this.endpoint(endpoint, direction);
    if (type !== 'isochronous') throw new DOMException('The specified endpoint is not an isochronous endpoint.', 'InvalidAccessError');
    const whole = [...lengths];
    if (whole.length === 0 || whole.some((n) => !Number.isInteger(n) || n < 0 || n > packetSize))
      throw new DOMException('A packet length does not fit the endpoint.', 'DataError');
    return whole;
  }

  private check(): void {
    if (!this.connected) throw notFound();
    if (!this.opened) throw invalid('The device must be opened first.');
  }
  private interfaceOf(number: number): Interface {
    const found = this.current?.interfaces.find((i) => i.interfaceNumber === number);
    if (!found)
      throw new DOMException('The interface number provided is not supported by the device in its current configuration.', 'NotFoundError');
    return found;
  }
  private claimed(number: number): Interface {
    const found = this.interfaceOf(number);
    if (!found.claimed) throw invalid('The specified interface has not been claimed.');
    return found;
  }
  private endpoint(number: number, direction: 'in' | 'out'): WebUsbEndpoint {
    this.check();
    const found = this.current?.interfaces
      .filter((i) => i.claimed)
      .flatMap((i) => i.alternate.endpoints)
      .find((e) => e.endpointNumber === number && e.direction === direction);
    if (!found)
      throw new DOMException('The specified endpoint is not part of a claimed and selected alternate interface.', 'NotFoundError');
    return found;
  }
  private async control(setup: WebUsbControlSetup, direction: number, data: Uint8Array, length: number): Promise<OutsideResult> {
    this.check();
    if (setup.recipient === 'interface') this.claimed(setup.index & 0xff);
    const type =
      direction | valueIn(REQUEST_TYPE, setup.requestType, 'USBRequestType') | valueIn(RECIPIENT, setup.recipient, 'USBRecipient');
    return this.owner.control(setupPacket(type, setup.request, setup.value & 0xffff, setup.index & 0xffff, length & 0xffff), data);
  }
  private async standard(setup: Uint8Array, otherwise: string): Promise<void> {
    const r = await this.owner.control(setup);
    if (r.status !== 'ok') throw new DOMException(otherwise, 'NetworkError');
  }
}

function inResult(r: OutsideResult): WebUsbInResult {
  return r.status === 'ok' || r.status === 'babble' ? { data: viewOf(r.data), status: r.status } : { status: failed(r) };
}
const outResult = (r: OutsideResult): WebUsbOutResult => ({
  bytesWritten: r.actual,
  status: r.status === 'ok' ? 'ok' : failed(r),
});
/** `stall` is an answer; everything else is thrown. */
function failed(r: Pick<OutsideResult, 'status'>): 'stall' {
  if (r.status === 'stall') return 'stall';
  if (r.status === 'cancelled') throw notFound();
  throw new DOMException('A transfer error has occurred.', 'NetworkError');
}
const bcd = (n: number): [number, number, number] => [n >>> 8, (n >>> 4) & 0xf, n & 0xf];

/** `event.device` of `connect` and `disconnect`. */
export class WebUsbEvent extends Event {
  /** The device that came or went. */
  readonly device: WebUsbDevice;
  constructor(type: 'connect' | 'disconnect', device: WebUsbDevice) {
    super(type);
    this.device = device;
  }
}

/** What `navigator.usb` is in a browser, with the one port of a held bus behind it. */
export class WebUsb extends EventTarget {
  /** @internal */
  readonly bus: HeldBus;
  /** A device came. */
  onconnect: ((event: WebUsbEvent) => void) | null = null;
  /** The device went. */
  ondisconnect: ((event: WebUsbEvent) => void) | null = null;
  private known: { session: UsbSession; device: WebUsbDevice } | null = null;
  private listeners = 0;
  private lingerUntil: Ps = 0;
  private lingering = false;
  private looking: Promise<void> | null = null;
  private readonly stop = new AbortController();

  /** Takes the device from the simulated host. */
  constructor(bus: HeldBus) {
    super();
    if (typeof (bus as Partial<HeldBus> | null | undefined)?.usb?.claim !== 'function')
      throw new TypeError('Illegal constructor: openUsb and a machine have one');
    this.bus = bus;
    bus.usb.claim();
  }

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    super.addEventListener(...args);
    this.listeners++;
    this.linger();
  }
  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    super.removeEventListener(...args);
    this.listeners = Math.max(0, this.listeners - 1);
  }
  /** No more time passes for listeners, and the device is gone. */
  dispose(): void {
    this.stop.abort();
    if (this.known) this.known.device.opened = false;
    this.known = null;
  }
  /** @internal */
  get disposed(): boolean {
    return this.stop.signal.aborted;
  }

  /** The device that is on the bus, or comes within the time that a user would wait; empty if none does. */
  async getDevices(): Promise<WebUsbDevice[]> {
    const { bus } = this;
    await bus.wait(() => bus.usb.outsideReady, { limit: bus.now + LINGER });
    await this.look();
    return this.known ? [this.known.device] : [];
  }
  /** The device, as if a user had chosen it; NotFoundError where it does not match. */
  async requestDevice(options: { filters: readonly WebUsbFilter[] }): Promise<WebUsbDevice> {
    demand(options, ['filters'], 'requestDevice', 'for example { filters: [] }');
    demandFilters(options.filters, 'requestDevice', 'for example { filters: [{ vendorId: 0x0483 }] }');
    const [device] = await this.getDevices();
    const matches = device && (options.filters.length === 0 || options.filters.some((f) => matchesFilter(device, f)));
    if (!matches) throw new DOMException('No device selected.', 'NotFoundError');
    return device;
  }

  // What devices are made of

  /** @internal */
  async control(setup: Uint8Array, data?: Uint8Array): Promise<OutsideResult> {
    return this.result(this.bus.usb.submitControl(setup, data, CONTROL_LIMIT));
  }
  /** @internal */
  pipe(endpoint: number, data: Uint8Array | number): Promise<OutsideResult> {
    return this.result(this.bus.usb.submitPipe(endpoint, data));
  }
  /** @internal */
  isochronous(endpoint: number, lengths: readonly number[], data: Uint8Array | null): Promise<OutsideResult> {
    return this.result(this.bus.usb.submitIsochronous(endpoint, lengths, data));
  }
  /** @internal */
  async resetDevice(): Promise<void> {
    const { bus } = this;
    bus.usb.resetDevice();
    await bus.wait(() => bus.usb.outsideReady, { limit: bus.now + READY_LIMIT });
    await this.look();
  }
  private async result(id: number): Promise<OutsideResult> {
    const { usb } = this.bus;
    let result: OutsideResult | null = null;
    // false: the machine was given up
    if (!(await this.bus.wait(() => (result ??= usb.takeResult(id)) !== null))) throw notFound();
    const session = usb.session();
    if (this.known && this.known.session !== session) await this.look();
    this.linger();
    return result!;
  }

  /** Sees which device is there now, and tells of those that came or went: once, however many ask. */
  look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => (this.looking = null));
    return this.looking;
  }
  private async lookOnce(): Promise<void> {
    if (this.disposed) return;
    const { usb } = this.bus;
    const session = usb.session();
    if (this.known && this.known.session !== session) {
      const { device } = this.known;
      this.known = null;
      device.opened = false;
      this.tell('disconnect', device);
    }
    if (this.known || !session || !usb.outsideReady) return;
    const device = await this.adopt(session);
    if (usb.session() !== session) return this.lookOnce();
    this.known = { session, device };
    this.tell('connect', device);
  }
  private tell(type: 'connect' | 'disconnect', device: WebUsbDevice): void {
    const event = new WebUsbEvent(type, device);
    this.dispatchEvent(event);
    (type === 'connect' ? this.onconnect : this.ondisconnect)?.(event);
  }

  /** Reads what a browser shows of a device: all configurations, the names of all alternate settings. */
  private async adopt(session: UsbSession): Promise<WebUsbDevice> {
    const info = this.bus.usb.state.device!;
    const raw = async (setup: Uint8Array): Promise<OutsideResult> => {
      const id = this.bus.usb.submitControl(setup, undefined, CONTROL_LIMIT);
      let result: OutsideResult | null = null;
      if (!(await this.bus.wait(() => (result ??= this.bus.usb.takeResult(id)) !== null))) throw notFound();
      return result!;
    };
    const strings = new Map<number, string | null>([[0, null]]);
    const string = async (index: number): Promise<string | null> => {
      if (!strings.has(index)) {
        const r = await raw(getDescriptor(DESCRIPTOR.STRING, index, info.langId, 255));
        strings.set(index, r.status === 'ok' ? parseString(r.data) : null);
      }
      return strings.get(index) ?? null;
    };
    const configurations: Configuration[] = [];
    for (let index = 0; index < info.configurations; index++) {
      const head = await raw(getDescriptor(DESCRIPTOR.CONFIGURATION, index, 0, 9));
      if (head.status !== 'ok' || head.data.length < 9) continue;
      const whole = await raw(getDescriptor(DESCRIPTOR.CONFIGURATION, index, 0, head.data[2]! | (head.data[3]! << 8)));
      const own: DeviceInfo = { ...info, interfaces: [] };
      if (whole.status !== 'ok' || !parseConfiguration(own, whole.data)) continue;
      for (const i of own.interfaces) i.name = await string(i.iInterface);
      configurations.push(configurationOf(own, await string(head.data[6]!)));
    }
    return new WebUsbDevice(this, session, info, configurations);
  }

  /** Somebody listens for devices: time goes on for a while after each call, so that one that was told to leave leaves. */
  private linger(): void {
    if (this.listeners === 0 && this.onconnect === null && this.ondisconnect === null) return;
    this.lingerUntil = this.bus.now + LINGER;
    if (!this.lingering) void this.keepLingering();
  }
  private async keepLingering(): Promise<void> {
    this.lingering = true;
    try {
      const { bus } = this;
      // one that is here has gone, or one has come whose enumeration is over
      const news = (): boolean =>
        this.known ? bus.usb.session() !== this.known.session : bus.usb.session() !== null && bus.usb.outsideReady;
      while (!this.stop.signal.aborted && bus.now < this.lingerUntil)
        if (await bus.wait(news, { limit: this.lingerUntil, pace: 'real', signal: this.stop.signal })) await this.look();
    } finally {
      this.lingering = false;
    }
  }
}

function matchesFilter(d: WebUsbDevice, f: WebUsbFilter): boolean {
  if (f.vendorId !== undefined && f.vendorId !== d.vendorId) return false;
  if (f.productId !== undefined && f.productId !== d.productId) return false;
  if (f.serialNumber !== undefined && f.serialNumber !== d.serialNumber) return false;
  if (f.classCode === undefined) return true;
  const fits = (c: number, s: number, p: number): boolean =>
    c === f.classCode && (f.subclassCode === undefined || s === f.subclassCode) && (f.protocolCode === undefined || p === f.protocolCode);
  return (
    fits(d.deviceClass, d.deviceSubclass, d.deviceProtocol) ||
    d.configurations.some((c) =>
      c.interfaces.some((i) => i.alternates.some((a) => fits(a.interfaceClass, a.interfaceSubclass, a.interfaceProtocol))),
    )
  );
}
