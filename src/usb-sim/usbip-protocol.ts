/** Messages of USB/IP 1.1.1 (Linux Documentation/usb/usbip_protocol.rst): big-endian, over one TCP connection. Bytes in, values out; nothing here throws. */
import type { DeviceInfo } from './descriptors.ts';

export const USBIP_VERSION = 0x0111;
export const OP = { REQ_DEVLIST: 0x8005, REP_DEVLIST: 0x0005, REQ_IMPORT: 0x8003, REP_IMPORT: 0x0003 } as const;
/** Status of an OP reply (usbip_common.h). */
export const OP_STATUS = { OK: 0, BUSY: 2, ERROR: 3, NO_DEVICE: 4 } as const;
export const CMD = { SUBMIT: 1, UNLINK: 2, RET_SUBMIT: 3, RET_UNLINK: 4 } as const;

export const OP_HEADER = 8;
export const BUS_ID_BYTES = 32;
export const URB_HEADER = 48;
const PATH_BYTES = 256;
/** struct usbip_usb_device. */
export const DEVICE_BYTES = 312;
const SPEED_FULL = 2;
const BUS_NUMBER = 1;
const DEVICE_NUMBER = 1;
export const DEVICE_ID = (BUS_NUMBER << 16) | DEVICE_NUMBER;

const view = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

export interface OpHeader {
  readonly version: number;
  readonly code: number;
}
export const readOpHeader = (b: Uint8Array): OpHeader => ({ version: view(b).getUint16(0), code: view(b).getUint16(2) });

export function readBusId(b: Uint8Array): string {
  const end = b.indexOf(0);
  return String.fromCharCode(...b.subarray(0, end < 0 ? BUS_ID_BYTES : end));
}

export function opReply(code: number, status: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const reply = new Uint8Array(OP_HEADER + body.length);
  const v = view(reply);
  v.setUint16(0, USBIP_VERSION);
  v.setUint16(2, code);
  v.setUint32(4, status);
  reply.set(body, OP_HEADER);
  return reply;
}

/** struct usbip_usb_device; the list of exported devices has the interfaces behind it. */
export function deviceRecord(info: DeviceInfo, busId: string, withInterfaces: boolean): Uint8Array {
  const interfaces = info.interfaces.filter((i) => i.alternate === 0);
  const record = new Uint8Array(DEVICE_BYTES + (withInterfaces ? 4 * interfaces.length : 0));
  const text = (at: number, s: string): void => record.set(new TextEncoder().encode(s), at);
  text(0, `/sys/devices/bootbench/usb${BUS_NUMBER}/${busId}`);
  text(PATH_BYTES, busId);
  const v = view(record);
  let at = PATH_BYTES + BUS_ID_BYTES;
  for (const word of [BUS_NUMBER, DEVICE_NUMBER, SPEED_FULL]) {
    v.setUint32(at, word);
    at += 4;
  }
  for (const half of [info.vid, info.pid, info.bcdDevice]) {
    v.setUint16(at, half);
    at += 2;
  }
  const { classCode, subclass, protocol, configurationValue, configurations } = info;
  record.set([classCode, subclass, protocol, configurationValue, configurations, interfaces.length], at);
  if (withInterfaces) interfaces.forEach((i, n) => record.set([i.classCode, i.subclass, i.protocol, 0], DEVICE_BYTES + 4 * n));
  return record;
}

/** `null` device: an empty list. */
export function deviceList(info: DeviceInfo | null, busId: string): Uint8Array {
  const record = info ? deviceRecord(info, busId, true) : new Uint8Array(0);
  const body = new Uint8Array(4 + record.length);
  view(body).setUint32(0, info ? 1 : 0);
  body.set(record, 4);
  return opReply(OP.REP_DEVLIST, OP_STATUS.OK, body);
}

export interface UrbHeader {
  readonly command: number;
  readonly sequence: number;
  readonly deviceId: number;
  readonly input: boolean;
  readonly endpoint: number;
  readonly flags: number;
  /** transfer_buffer_length; of UNLINK: the sequence number to unlink. */
  readonly length: number;
  /** Isochronous packets; not above 0 for other transfers. */
  readonly packets: number;
  readonly setup: Uint8Array;
}
export function readUrbHeader(b: Uint8Array): UrbHeader {
  const v = view(b);
  const command = v.getUint32(0);
  return {
    command,
    sequence: v.getUint32(4),
    deviceId: v.getUint32(8),
    input: v.getUint32(12) === 1,
    endpoint: v.getUint32(16),
    flags: v.getUint32(20),
    length: command === CMD.UNLINK ? v.getUint32(20) : v.getInt32(24),
    packets: v.getInt32(32),
    setup: b.slice(40, 48),
  };
}
/** Behind the data of an isochronous transfer: one for each packet. */
export const ISO_DESCRIPTOR = 16;
export interface IsoDescriptor {
  /** Where the packet lies in the client's buffer, and its bytes: to send, or most to read. */
  readonly offset: number;
  readonly length: number;
}
export function readIsoDescriptors(b: Uint8Array, count: number): IsoDescriptor[] {
  const v = view(b);
  return Array.from({ length: count }, (_, i) => ({
    offset: v.getUint32(i * ISO_DESCRIPTOR),
    length: v.getUint32(i * ISO_DESCRIPTOR + 4),
  }));
}

/** `transfer_flags`: a full last packet is followed by an empty one. */
export const URB_ZERO_PACKET = 0x40;

/** Linux error numbers of URBs. */
export const ERRNO = {
  EPROTO: 71,
  EOVERFLOW: 75,
  ECONNRESET: 104,
  ESHUTDOWN: 108,
  ETIMEDOUT: 110,
  EPIPE: 32,
  ENOENT: 2,
  EINVAL: 22,
} as const;

/** RET_SUBMIT with what came in, or RET_UNLINK. `status`: 0 or a negative error number. */
export function urbReply(command: number, sequence: number, status: number, actual = 0, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const reply = new Uint8Array(URB_HEADER + data.length);
  const v = view(reply);
  v.setUint32(0, command);
  v.setUint32(4, sequence);
  v.setInt32(20, status);
  if (command === CMD.RET_SUBMIT) v.setInt32(24, actual);
  reply.set(data, URB_HEADER);
  return reply;
}

/**
 * RET_SUBMIT of an isochronous transfer. The data of packets that came in lie one behind the other, without the room that they left in the client's buffer.
 * @param done of each packet: bytes moved, and 0 or a negative error number
 */
export function isoReply(
  sequence: number,
  packets: readonly IsoDescriptor[],
  done: readonly { readonly actual: number; readonly status: number }[],
  data: Uint8Array,
): Uint8Array {
  const body = new Uint8Array(data.length + ISO_DESCRIPTOR * packets.length);
  body.set(data);
  const v = view(body);
  packets.forEach(({ offset, length }, i) => {
    const { actual, status } = done[i]!;
    [offset, length, actual, status].forEach((n, k) => v.setInt32(data.length + i * ISO_DESCRIPTOR + 4 * k, n));
  });
  const actual = done.reduce((sum, p) => sum + p.actual, 0);
  const reply = urbReply(CMD.RET_SUBMIT, sequence, 0, actual, body);
  view(reply).setInt32(32, packets.length);
  view(reply).setInt32(36, done.filter((p) => p.status !== 0).length);
  return reply;
}
