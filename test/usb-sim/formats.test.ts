/** Bytes of requests and answers, each with a value of its own, so that none can stand for another. */
import { describe, expect, it } from 'vitest';
import {
  firstPacketSize,
  getDescriptor,
  parseConfiguration,
  parseDevice,
  parseString,
  setupPacket,
} from '../../src/usb-sim/descriptors.ts';
import { takeStatus } from '../../src/usb-sim/dfu-protocol.ts';
import type { DfuState } from '../../src/usb-sim/types.ts';

// USB 2.0 table 9-8
const DEVICE = [18, 1, 0x10, 0x02, 0xef, 0x03, 0x04, 64, 0x83, 0x04, 0x11, 0xdf, 0x34, 0x12, 5, 6, 7, 8];

describe('Requests', () => {
  it('are eight bytes, words with their low byte first (USB 2.0 §9.3)', () => {
    expect([...setupPacket(0x21, 0x01, 0x1234, 0x5678, 0x9abc)]).toEqual([0x21, 0x01, 0x34, 0x12, 0x78, 0x56, 0xbc, 0x9a]);
  });
  it('for a descriptor name its type, its index and the language (§9.4.3)', () => {
    expect([...getDescriptor(3, 2, 0x0409, 255)]).toEqual([0x80, 6, 2, 3, 0x09, 0x04, 255, 0]);
  });
});

describe('A device descriptor', () => {
  it('is read field by field', () => {
    expect(parseDevice(Uint8Array.from(DEVICE))).toMatchObject({
      bcdUsb: 0x0210,
      classCode: 0xef,
      subclass: 3,
      protocol: 4,
      maxPacket0: 64,
      vid: 0x0483,
      pid: 0xdf11,
      bcdDevice: 0x1234,
      iManufacturer: 5,
      iProduct: 6,
      iSerial: 7,
      configurations: 8,
    });
  });
  it('is none if it is short, says that it is, or is of another type', () => {
    expect(parseDevice(Uint8Array.from(DEVICE.slice(0, 17)))).toBeNull();
    expect(parseDevice(Uint8Array.from(DEVICE.with(0, 17)))).toBeNull();
    expect(parseDevice(Uint8Array.from(DEVICE.with(1, 2)))).toBeNull();
  });
  it.each([
    [8, 8],
    [16, 16],
    [32, 32],
    [64, 64],
    [0, 0],
    [7, 0],
    [9, 0],
    [65, 0],
    [255, 0],
  ])('with bMaxPacketSize0 %d gives %d', (size, expected) => {
    expect(firstPacketSize(Uint8Array.from(DEVICE.with(7, size)))).toBe(expected);
    expect(firstPacketSize(Uint8Array.from(DEVICE.with(7, size).slice(0, 8)))).toBe(expected);
  });
});

describe('A configuration descriptor', () => {
  const CONFIGURATION = [9, 2, 0, 0, 1, 3, 0, 0x80, 50];
  const INTERFACE = [9, 4, 2, 1, 1, 0xfe, 1, 2, 9];
  const ENDPOINT = [7, 5, 0x81, 3, 0x40, 0xf8, 10];
  const FUNCTIONAL = [9, 0x21, 0x0b, 0xff, 0x01, 0x00, 0x08, 0x1a, 0x01];
  const read = (...parts: number[][]) => {
    const info = parseDevice(Uint8Array.from(DEVICE))!;
    return { ok: parseConfiguration(info, Uint8Array.from(parts.flat())), info };
  };
  it('is read field by field', () => {
    const { ok, info } = read(CONFIGURATION, INTERFACE, ENDPOINT, FUNCTIONAL);
    expect(ok).toBe(true);
    expect(info.configurationValue).toBe(3);
    expect(info.interfaces).toEqual([
      {
        number: 2,
        alternate: 1,
        classCode: 0xfe,
        subclass: 1,
        protocol: 2,
        iInterface: 9,
        name: null,
        // bits 11 and 12 of wMaxPacketSize are no size (§9.6.6)
        endpoints: [{ address: 0x81, attributes: 3, maxPacket: 0x40, interval: 10 }],
      },
    ]);
    expect(info.dfu).toEqual({ attributes: 0x0b, detachTimeoutMs: 0x01ff, transferSize: 0x0800, version: 0x011a });
  });
  it('of DFU 1.0 has a functional descriptor of seven bytes, and that is its version', () => {
    const { info } = read(CONFIGURATION, INTERFACE, [7, ...FUNCTIONAL.slice(1, 7)]);
    expect(info.dfu).toEqual({ attributes: 0x0b, detachTimeoutMs: 0x01ff, transferSize: 0x0800, version: 0x0100 });
  });
  it('has DFU’s functional descriptor with an application-specific interface alone: 0x21 is HID’s elsewhere', () => {
    expect(read(CONFIGURATION, INTERFACE.with(5, 3), FUNCTIONAL).info.dfu).toBeNull();
  });
  it('is refused where a descriptor is longer than what is left, or shorter than its own head', () => {
    expect(read(CONFIGURATION, INTERFACE.slice(0, 8)).ok).toBe(false);
    expect(read(CONFIGURATION, INTERFACE).ok).toBe(true);
    expect(read(CONFIGURATION, [1, 4, 0]).ok).toBe(false);
    expect(read(CONFIGURATION.slice(0, 8)).ok).toBe(false);
    expect(read(CONFIGURATION.with(1, 4)).ok).toBe(false);
  });
});

describe('A string descriptor', () => {
  it('is UTF-16, as long as it says and not longer than it is', () => {
    expect(parseString(Uint8Array.of(6, 3, 0x41, 0x00, 0x42, 0x01, 0x43, 0x00))).toBe('Ał');
    expect(parseString(Uint8Array.of(20, 3, 0x41, 0x00))).toBe('A');
    expect(parseString(Uint8Array.of(2, 3))).toBe('');
    expect(parseString(Uint8Array.of(2))).toBeNull();
    expect(parseString(Uint8Array.of(4, 2, 0x41, 0x00))).toBeNull();
  });
});

describe('An answer to DFU_GETSTATUS (DFU 1.1 §6.1.2)', () => {
  const taken = (...bytes: number[]) => {
    const dfu = { bStatus: -1, bState: -1, pollTimeoutMs: -1 } as DfuState;
    return { ok: takeStatus(dfu, Uint8Array.from(bytes)), ...dfu };
  };
  it('has bStatus, three bytes of bwPollTimeout with the low one first, and bState', () => {
    expect(taken(0x0e, 0x56, 0x34, 0x12, 4, 0)).toEqual({ ok: true, bStatus: 0x0e, pollTimeoutMs: 0x123456, bState: 4 });
  });
  it('is six bytes long, and nothing is taken from a shorter one', () => {
    expect(taken(0x0e, 0x56, 0x34, 0x12, 4)).toEqual({ ok: false, bStatus: -1, pollTimeoutMs: -1, bState: -1 });
  });
});
