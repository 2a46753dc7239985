/** Standard descriptors (USB 2.0 §9.6), the DFU functional descriptor (DFU 1.1 §4.1.3) and the requests that read them. Device data is hostile: nothing here throws. */

export interface EndpointInfo {
  address: number;
  attributes: number;
  maxPacket: number;
  interval: number;
}
export interface InterfaceInfo {
  number: number;
  alternate: number;
  classCode: number;
  subclass: number;
  protocol: number;
  iInterface: number;
  name: string | null;
  endpoints: EndpointInfo[];
}
/** The DFU functional descriptor (DFU 1.1 §4.1.3). */
export interface DfuFunctional {
  /** bmAttributes. */
  attributes: number;
  /** wDetachTimeOut, milliseconds. */
  detachTimeoutMs: number;
  /** wTransferSize, bytes. */
  transferSize: number;
  /** bcdDFUVersion; 0x011A is DfuSe. */
  version: number;
}
export interface DeviceInfo {
  bcdUsb: number;
  classCode: number;
  subclass: number;
  protocol: number;
  configurations: number;
  maxPacket0: number;
  vid: number;
  pid: number;
  bcdDevice: number;
  iManufacturer: number;
  iProduct: number;
  iSerial: number;
  langId: number;
  manufacturer: string | null;
  product: string | null;
  serial: string | null;
  configurationValue: number;
  totalLength: number;
  interfaces: InterfaceInfo[];
  dfu: DfuFunctional | null;
}

export const DESCRIPTOR = {
  DEVICE: 1,
  CONFIGURATION: 2,
  STRING: 3,
  INTERFACE: 4,
  ENDPOINT: 5,
  QUALIFIER: 6,
  BOS: 15,
  DFU: 0x21,
  REPORT: 0x22,
} as const;
const u16 = (d: Uint8Array, at: number): number => (d[at] ?? 0) | ((d[at + 1] ?? 0) << 8);

export function setupPacket(type: number, request: number, value: number, index: number, length: number): Uint8Array {
  return Uint8Array.of(type, request, value & 0xff, value >>> 8, index & 0xff, index >>> 8, length & 0xff, length >>> 8);
}
export const getDescriptor = (type: number, index: number, lang: number, length: number): Uint8Array =>
  setupPacket(0x80, 6, (type << 8) | index, lang, length);

/** A device descriptor that a host would go on with, else null. */
export function parseDevice(d: Uint8Array): DeviceInfo | null {
  if (d.length < 18 || d[0]! < 18 || d[1] !== DESCRIPTOR.DEVICE) return null;
  return {
    bcdUsb: u16(d, 2),
    classCode: d[4]!,
    subclass: d[5]!,
    protocol: d[6]!,
    configurations: d[17]!,
    maxPacket0: d[7]!,
    vid: u16(d, 8),
    pid: u16(d, 10),
    bcdDevice: u16(d, 12),
    iManufacturer: d[14]!,
    iProduct: d[15]!,
    iSerial: d[16]!,
    langId: 0x0409,
    manufacturer: null,
    product: null,
    serial: null,
    configurationValue: 1,
    totalLength: 0,
    interfaces: [],
    dfu: null,
  };
}

/** bMaxPacketSize0 of a first, maybe short, read; 0 if a host would not go on with it. */
export function firstPacketSize(d: Uint8Array): number {
  const size = d[7] ?? 0;
  return d[1] === DESCRIPTOR.DEVICE && (size === 8 || size === 16 || size === 32 || size === 64) ? size : 0;
}

/** DFU 1.0 has no version in it (DFU 1.1 §4.1.3). */
const dfuFunctional = (d: Uint8Array): NonNullable<DeviceInfo['dfu']> => ({
  attributes: d[2]!,
  detachTimeoutMs: u16(d, 3),
  transferSize: u16(d, 5),
  version: d.length >= 9 ? u16(d, 7) : 0x0100,
});

/** One after the other, up to one without a length; the last may be cut short. */
export function* descriptorsOf(all: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + 2 <= all.length && all[at]! >= 2; at += all[at]!) yield all.subarray(at, at + all[at]!);
}
/** Fills in what the configuration descriptor says. False: not one, or cut short inside a descriptor. */
export function parseConfiguration(info: Pick<DeviceInfo, 'configurationValue' | 'interfaces' | 'dfu'>, d: Uint8Array): boolean {
  if (d.length < 9 || d[1] !== DESCRIPTOR.CONFIGURATION) return false;
  info.configurationValue = d[5]!;
  info.interfaces = [];
  info.dfu = null;
  let current: InterfaceInfo | null = null;
  for (let at = 0; at + 2 <= d.length;) {
    const length = d[at]!;
    if (length < 2 || at + length > d.length) return false;
    const type = d[at + 1];
    if (type === DESCRIPTOR.INTERFACE && length >= 9) {
      current = {
        number: d[at + 2]!,
        alternate: d[at + 3]!,
        classCode: d[at + 5]!,
        subclass: d[at + 6]!,
        protocol: d[at + 7]!,
        iInterface: d[at + 8]!,
        name: null,
        endpoints: [],
      };
      info.interfaces.push(current);
    } else if (type === DESCRIPTOR.ENDPOINT && length >= 7 && current) {
      current.endpoints.push({ address: d[at + 2]!, attributes: d[at + 3]!, maxPacket: u16(d, at + 4) & 0x7ff, interval: d[at + 6]! });
    } else if (type === DESCRIPTOR.DFU && length >= 7 && current?.classCode === 0xfe) {
      info.dfu = dfuFunctional(d.subarray(at, at + length));
    }
    at += length;
  }
  return true;
}

export function parseString(d: Uint8Array): string | null {
  if (d.length < 2 || d[1] !== DESCRIPTOR.STRING) return null;
  let text = '';
  for (let at = 2; at + 1 < Math.min(d[0]!, d.length); at += 2) text += String.fromCharCode(u16(d, at));
  return text;
}

/** Sectors of one kind, as the name of a DfuSe alternate setting lists them (AN3156, UM0424). */
export interface DfuSegment {
  /** Address of the first byte. */
  start: number;
  /** Address behind the last byte. */
  end: number;
  /** Bytes. */
  sectorSize: number;
  /** UPLOAD answers. */
  readable: boolean;
  /** The erase command does something. */
  erasable: boolean;
  /** DNLOAD writes. */
  writable: boolean;
}
const ADDRESS_SPACE = 2 ** 32;
/** Sectors of a DfuSe alternate setting's name, `@Internal Flash   /0x08000000/64*08Kg`, up to what is none or has no address; empty if the name has no layout. */
export function parseDfuseLayout(name: string): DfuSegment[] {
  const parts = name.split('/');
  const segments: DfuSegment[] = [];
  for (let i = 1; i + 1 < parts.length; i += 2) {
    const address = /^0x([0-9a-f]{1,8})$/i.exec(parts[i]!.trim());
    if (!address) return segments;
    let start = parseInt(address[1]!, 16);
    for (const run of parts[i + 1]!.split(',')) {
      const m = /^\s*(\d+)\*(\d+)([ BKM]?)([a-g])\s*$/.exec(run);
      if (!m) return segments;
      const sectorSize = Number(m[2]) * (m[3] === 'K' ? 1024 : m[3] === 'M' ? 1048576 : 1);
      const kind = m[4]!.charCodeAt(0) - 96;
      const end = start + Number(m[1]) * sectorSize;
      if (end > ADDRESS_SPACE) return segments;
      if (end > start)
        segments.push({ start, end, sectorSize, readable: (kind & 1) !== 0, erasable: (kind & 2) !== 0, writable: (kind & 4) !== 0 });
      start = end;
    }
  }
  return segments;
}

/** The segment that an address lies in. */
export const segmentAt = (layout: readonly DfuSegment[], address: number): DfuSegment | undefined =>
  layout.find((s) => address >= s.start && address < s.end);
/** First address of the sector that an address of the layout lies in, and the first one behind it. */
export function sectorOf(layout: readonly DfuSegment[], address: number): [number, number] {
  const s = segmentAt(layout, address)!;
  const from = address - ((address - s.start) % s.sectorSize);
  return [from, from + s.sectorSize];
}

const STANDARD = [
  'GET_STATUS',
  'CLEAR_FEATURE',
  '',
  'SET_FEATURE',
  '',
  'SET_ADDRESS',
  'GET_DESCRIPTOR',
  'SET_DESCRIPTOR',
  'GET_CONFIGURATION',
  'SET_CONFIGURATION',
  'GET_INTERFACE',
  'SET_INTERFACE',
];
const DFU_REQUEST = ['DETACH', 'DNLOAD', 'UPLOAD', 'GETSTATUS', 'CLRSTATUS', 'GETSTATE', 'ABORT'];
const TYPE_NAME: Readonly<Record<number, string>> = {
  1: 'DEVICE',
  2: 'CONFIGURATION',
  3: 'STRING',
  6: 'DEVICE_QUALIFIER',
  15: 'BOS',
  0x21: 'DFU',
  0x22: 'REPORT',
};

/** A request in the words of the specifications, for the log. `driver` names the class requests. */
export function describeRequest(setup: Uint8Array, driver: string): string {
  const request = setup[1]!;
  const value = u16(setup, 2);
  const length = u16(setup, 6);
  if ((setup[0]! & 0x60) === 0) {
    const name = STANDARD[request] || `request 0x${request.toString(16)}`;
    if (request === 6) {
      const type = TYPE_NAME[value >>> 8] ?? `0x${(value >>> 8).toString(16)}`;
      return `${name}(${type}${value >>> 8 === 3 ? ` ${value & 0xff}` : ''}, ${length})`;
    }
    return request === 5 || request === 9 || request === 11 ? `${name}(${value})` : name;
  }
  if (driver === 'dfu' && DFU_REQUEST[request]) {
    const name = `DFU_${DFU_REQUEST[request]}`;
    return request === 1 || request === 2 ? `${name}(block ${value}, ${length} bytes)` : name;
  }
  return `${driver} request 0x${setup[0]!.toString(16)} 0x${request.toString(16)} value 0x${value.toString(16)} length ${length}`;
}
