/** Where what stands in descriptors (USB 2.0 9.6, DFU 1.1 4.1.3) and in packets of USB/IP (Linux, Documentation/usb/usbip_protocol.rst): each field is a number of its own. */
import { describe, expect, it } from 'vitest';
import {
  firstPacketSize,
  getDescriptor,
  parseConfiguration,
  parseDevice,
  parseDfuseLayout,
  parseString,
  type DeviceInfo,
} from '../../src/usb-sim/descriptors.ts';
import * as usbip from '../../src/usb-sim/usbip-protocol.ts';

/** Eighteen bytes of which no two are alike but for the first two. */
const DEVICE = Uint8Array.of(18, 1, 0x00, 0x02, 0xef, 0x03, 0x05, 0x40, 0x83, 0x04, 0x11, 0xdf, 0x20, 0x22, 6, 7, 8, 9);
const INTERFACE = (number: number, alternate: number, code: number, name: number): number[] => [
  9,
  4,
  number,
  alternate,
  1,
  code,
  0x31,
  0x32,
  name,
];
const ENDPOINT = (address: number, attributes: number, size: number, interval: number): number[] => [
  7,
  5,
  address,
  attributes,
  size & 0xff,
  size >>> 8,
  interval,
];
const FUNCTIONAL = [9, 0x21, 0x0b, 0x2c, 0x01, 0x00, 0x08, 0x1a, 0x01];
const CONFIGURATION = (...rest: readonly number[]): Uint8Array => {
  const total = 9 + rest.length;
  return Uint8Array.of(9, 2, total & 0xff, total >>> 8, 2, 0x34, 0, 0x80, 0x32, ...rest);
};
const parsed = (...rest: readonly number[]): DeviceInfo => {
  const info = parseDevice(DEVICE)!;
  expect(parseConfiguration(info, CONFIGURATION(...rest))).toBe(true);
  return info;
};

describe('descriptors', () => {
  it('of a device', () => {
    expect(parseDevice(DEVICE)).toEqual({
      ...{ bcdUsb: 0x0200, classCode: 0xef, subclass: 3, protocol: 5, maxPacket0: 0x40, vid: 0x0483, pid: 0xdf11, bcdDevice: 0x2220 },
      ...{ iManufacturer: 6, iProduct: 7, iSerial: 8, configurations: 9, langId: 0x0409, manufacturer: null, product: null, serial: null },
      ...{ configurationValue: 1, totalLength: 0, interfaces: [], dfu: null },
    });
    for (const [at, value] of [
      [0, 17],
      [1, 2],
    ] as const)
      expect(parseDevice(DEVICE.with(at, value))).toBeNull();
    expect(parseDevice(DEVICE.with(0, 19))).not.toBeNull();
    expect(parseDevice(DEVICE.subarray(0, 17))).toBeNull();
    for (let size = 0; size < 256; size++)
      expect([size, firstPacketSize(DEVICE.with(7, size))]).toEqual([size, [8, 16, 32, 64].includes(size) ? size : 0]);
    expect(firstPacketSize(DEVICE.with(1, 2))).toBe(0);
    expect([firstPacketSize(DEVICE.subarray(0, 8)), firstPacketSize(DEVICE.subarray(0, 7))]).toEqual([0x40, 0]);
  });
  it('of a configuration, its interfaces, endpoints and DFU', () => {
    const info = parsed(
      ...INTERFACE(3, 0, 0xfe, 0x41),
      ...FUNCTIONAL,
      ...INTERFACE(4, 2, 0x0a, 0x42),
      ...ENDPOINT(0x83, 2, 0x1840, 0x11),
      ...ENDPOINT(0x04, 3, 0x07ff, 0x12),
    );
    expect(info.configurationValue).toBe(0x34);
    const both = { subclass: 0x31, protocol: 0x32, name: null };
    expect(info.interfaces).toEqual([
      { number: 3, alternate: 0, classCode: 0xfe, iInterface: 0x41, endpoints: [], ...both },
      {
        ...{ number: 4, alternate: 2, classCode: 0x0a, iInterface: 0x42, ...both },
        // bits 12 and 11 of wMaxPacketSize are no bytes
        endpoints: [
          { address: 0x83, attributes: 2, maxPacket: 0x040, interval: 0x11 },
          { address: 0x04, attributes: 3, maxPacket: 0x7ff, interval: 0x12 },
        ],
      },
    ]);
    expect(info.dfu).toEqual({ attributes: 0x0b, detachTimeoutMs: 0x012c, transferSize: 0x0800, version: 0x011a });
  });
  it('what does not belong there is passed over', () => {
    // DFU 1.0 says no version; behind another class 0x21 is HID's; an endpoint without an interface, and what is too short
    expect(parsed(...INTERFACE(0, 0, 0xfe, 0), 7, ...FUNCTIONAL.slice(1, 7)).dfu?.version).toBe(0x0100);
    expect(parsed(...INTERFACE(0, 0, 0xfe, 0), 8, ...FUNCTIONAL.slice(1, 8)).dfu?.version).toBe(0x0100);
    expect(parsed(...INTERFACE(0, 0, 0xfe, 0), 6, ...FUNCTIONAL.slice(1, 6)).dfu).toBeNull();
    expect(parsed(...INTERFACE(0, 0, 3, 0), ...FUNCTIONAL).dfu).toBeNull();
    expect(parsed(...FUNCTIONAL).dfu).toBeNull();
    expect(parsed(...ENDPOINT(1, 2, 64, 0)).interfaces).toEqual([]);
    expect(parsed(8, ...INTERFACE(0, 0, 3, 0).slice(1, 8)).interfaces).toEqual([]);
    expect(parsed(...INTERFACE(0, 0, 3, 0), 6, ...ENDPOINT(1, 2, 64, 0).slice(1, 6)).interfaces[0]!.endpoints).toEqual([]);
    const info = parseDevice(DEVICE)!;
    for (const bad of [
      CONFIGURATION().with(1, 4),
      CONFIGURATION().subarray(0, 8),
      CONFIGURATION(1, 4),
      CONFIGURATION(0, 4),
      CONFIGURATION(3, 4),
    ])
      expect(parseConfiguration(info, bad)).toBe(false);
    // a single byte at the end is no descriptor
    expect(parseConfiguration(info, CONFIGURATION(7))).toBe(true);
  });
  it('a string, and the layout that DfuSe puts into one (UM0424)', () => {
    expect(parseString(Uint8Array.of(6, 3, 0x41, 0, 0xac, 0x20, 0x42, 0))).toBe('A\u20ac');
    expect([parseString(Uint8Array.of(2, 3)), parseString(Uint8Array.of(2)), parseString(Uint8Array.of(4, 2, 0x41, 0))]).toEqual([
      '',
      null,
      null,
    ]);
    // a is readable, b erasable, d writable; the others are their sums
    for (const [i, letter] of [...'abcdefg'].entries())
      expect(parseDfuseLayout(`@x/0x00000010/3*2${letter}`)).toEqual([
        { start: 16, end: 22, sectorSize: 2, readable: [0, 2, 4, 6].includes(i), erasable: [1, 2, 5, 6].includes(i), writable: i > 2 },
      ]);
    const ends = (name: string): number[] => parseDfuseLayout(name).map(({ end }) => end);
    expect(ends('@Flash   /0x08000000/01*016Kg,2*1Mg, 1*8 a')).toEqual([0x08004000, 0x08204000, 0x08204008]);
    expect(ends('@Two/0x10/1*4g/0xF0/1*4Bg')).toEqual([0x14, 0xf4]);
    for (const none of ['@Flash', '@Flash/0x08000000', '@Flash/08000000/1*4g', '@Flash/0x08000000/4g', '@Flash/0x08000000/1*4h'])
      expect(ends(none)).toEqual([]);
  });
  it('of a request for one', () => {
    expect([...getDescriptor(3, 5, 0x0409, 0x0123)]).toEqual([0x80, 6, 5, 3, 0x09, 0x04, 0x23, 0x01]);
  });
});

describe('USB/IP', () => {
  const be = (...words: readonly number[]): number[] => words.flatMap((w) => [24, 16, 8, 0].map((n) => (w >>> n) & 0xff));
  const text = (s: string, room: number): number[] => [...new TextEncoder().encode(s), ...new Array<number>(room - s.length).fill(0)];
  const info = parsed(...INTERFACE(0, 0, 0xfe, 1), ...INTERFACE(0, 1, 0xfe, 2), ...INTERFACE(1, 0, 0x0a, 3));
  const record = (path: number[]): number[] => [
    ...path,
    ...text('1-1', 32),
    // bus, device, full speed
    ...be(1, 1, 2),
    ...[0x04, 0x83, 0xdf, 0x11, 0x22, 0x20],
    ...[0xef, 3, 5, 0x34, 9, 2],
  ];
  it('a device is imported and listed with the interfaces of its first settings', () => {
    const imported = usbip.deviceRecord(info, '1-1', false);
    const path = [...imported.subarray(0, 256)];
    expect(new TextDecoder().decode(Uint8Array.from(path)).replace(/\0+$/, '')).toMatch(/\/usb1\/1-1$/);
    expect([...imported]).toEqual(record(path));
    const listed = [...record(path), 0xfe, 0x31, 0x32, 0, 0x0a, 0x31, 0x32, 0];
    expect([...usbip.deviceList(info, '1-1')]).toEqual([0x01, 0x11, 0, 5, ...be(0, 1), ...listed]);
    expect([...usbip.deviceList(null, '1-1')]).toEqual([0x01, 0x11, 0, 5, ...be(0, 0)]);
    expect([...usbip.opReply(3, 4, Uint8Array.of(9))]).toEqual([0x01, 0x11, 0, 3, ...be(4), 9]);
    expect(usbip.readOpHeader(Uint8Array.of(0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0))).toEqual({ version: 0x0111, code: 0x8003 });
    expect(usbip.readBusId(Uint8Array.from(text('1-1', 32)))).toBe('1-1');
    expect(usbip.readBusId(new Uint8Array(40).fill(0x41))).toBe('A'.repeat(32));
  });
  it('a URB is submitted, and unlinked by its number', () => {
    const setup = [0xa1, 3, 0, 0, 2, 0, 6, 0];
    const urb = (command: number, direction: number): Uint8Array =>
      Uint8Array.from([...be(command, 0x1234, 0x10002, direction, 5, 0x40, -2, 7, 3, 8), ...setup]);
    const common = { sequence: 0x1234, deviceId: 0x10002, endpoint: 5, flags: 0x40, packets: 3, setup: Uint8Array.from(setup) };
    expect(usbip.readUrbHeader(urb(1, 1))).toEqual({ command: 1, input: true, length: -2, ...common });
    expect(usbip.readUrbHeader(urb(1, 0)).input).toBe(false);
    expect(usbip.readUrbHeader(urb(2, 0))).toEqual({ command: 2, input: false, length: 0x40, ...common });
    // ret_submit, ret_unlink: status behind five words, then the actual length
    expect([...usbip.urbReply(3, 0x1234, -32, 5, Uint8Array.of(1, 2))]).toEqual([...be(3, 0x1234, 0, 0, 0, -32, 5, 0, 0, 0, 0, 0), 1, 2]);
    expect([...usbip.urbReply(4, 0x1234, -104, 5)]).toEqual(be(4, 0x1234, 0, 0, 0, -104, 0, 0, 0, 0, 0, 0));
  });
  it('isochronous packets are described behind the data', () => {
    const described = Uint8Array.from(be(0, 10, 0, 0, 16, 20, 0, 0));
    expect(usbip.readIsoDescriptors(described, 2)).toEqual([
      { offset: 0, length: 10 },
      { offset: 16, length: 20 },
    ]);
    const done = [
      { actual: 2, status: 0 },
      { actual: 3, status: -75 },
    ];
    const reply = usbip.isoReply(0x1234, usbip.readIsoDescriptors(described, 2), done, Uint8Array.of(1, 2, 3, 4, 5));
    expect([...reply]).toEqual([...be(3, 0x1234, 0, 0, 0, 0, 5, 0, 2, 1, 0, 0), ...[1, 2, 3, 4, 5], ...be(0, 10, 2, 0, 16, 20, 3, -75)]);
  });
  it('numbers are those of Linux', () => {
    // include/uapi/asm-generic/errno-base.h and errno.h, include/linux/usb.h
    expect(usbip.ERRNO).toEqual({
      ...{ ENOENT: 2, EINVAL: 22, EPIPE: 32, EPROTO: 71 },
      ...{ EOVERFLOW: 75, ECONNRESET: 104, ESHUTDOWN: 108, ETIMEDOUT: 110 },
    });
    expect(usbip.URB_ZERO_PACKET).toBe(0x40);
  });
});
