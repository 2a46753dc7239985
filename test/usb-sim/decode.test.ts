/** Bytes of control transfers by the fields of USB 2.0 §9.3 and §9.6, DFU 1.1 §4.1.3 and §6.1.2, AN3156: the values here are worked out by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataFields, setupFields } from '../../src/usb-sim/decode.ts';
import { getDescriptor, setupPacket } from '../../src/usb-sim/descriptors.ts';
import { DFU_DEVICE } from './firmware.ts';

const bytes = (...all: number[]): Uint8Array => Uint8Array.from(all);
const utf16 = (text: string): number[] => [2 + 2 * text.length, 3, ...Array.from(text).flatMap((c) => [c.charCodeAt(0) & 0xff, c.charCodeAt(0) >> 8])]; // prettier-ignore

it('tells the fields of a SETUP packet', () => {
  expect(setupFields(getDescriptor(1, 0, 0, 64))).toEqual([
    ['SETUP', 'bmRequestType 0x80 (to the host, standard, device), bRequest 6, wValue 0x0100, wIndex 0x0000, wLength 64'],
  ]);
  expect(setupFields(setupPacket(0x21, 1, 2, 0, 1024))[0]![1]).toMatch(/^bmRequestType 0x21 \(to the device, class, interface\), bRequest 1, wValue 0x0002/); // prettier-ignore
  expect(setupFields(setupPacket(0x02, 1, 0, 0x81, 0))[0]![1]).toContain('(to the device, standard, endpoint)');
});

describe('descriptors', () => {
  const of = (type: number, data: Uint8Array, index = 0) => dataFields(getDescriptor(type, index, 0, 255), 'enum', data);
  it('of a device, and of the beginning of one', () => {
    const device = bytes(18, 1, 0x10, 0x01, 0, 0, 0, 64, 0x83, 0x04, 0x11, 0xdf, 0x00, 0x22, 1, 2, 3, 1);
    expect(of(1, device)).toEqual([['device descriptor', '0483:df11, bcdDevice 22.00, USB 1.10, class 00/00/00, bMaxPacketSize0 64, strings 1, 2, 3, configurations 1']]); // prettier-ignore
    expect(of(1, device.subarray(0, 8))).toEqual([['device descriptor', 'its beginning: bMaxPacketSize0 64']]);
    expect(of(1, bytes(0, 0, 0, 0))).toEqual([]);
  });
  it('of a configuration with DFU, and of its head', () => {
    const whole = bytes(9, 2, 36, 0, 1, 1, 0, 0xc0, 50, 9, 4, 0, 0, 0, 0xfe, 1, 2, 4, 9, 4, 0, 1, 0, 0xfe, 1, 2, 5, 9, 0x21, 0x0b, 0xff, 0, 0, 4, 0x1a, 1); // prettier-ignore
    expect(of(2, whole)).toEqual([
      ['configuration descriptor', 'bConfigurationValue 1, wTotalLength 36, interfaces 1'],
      ['interface 0', 'class fe/01/02, string 4'],
      ['interface 0, alternate 1', 'class fe/01/02, string 5'],
      ['DFU descriptor', 'bmAttributes 0x0b, wDetachTimeOut 255 ms, wTransferSize 1024, bcdDFUVersion 1.1a'],
    ]);
    expect(of(2, whole.subarray(0, 9))).toEqual([['configuration descriptor', 'bConfigurationValue 1, wTotalLength 36, interfaces 1']]);
    expect(of(2, whole.subarray(0, 14))[0]![1]).toMatch(/, cut short$/);
  });
  it('of a string, and of the languages', () => {
    expect(of(3, bytes(...utf16('STM32')), 2)).toEqual([['string 2', '“STM32”']]);
    expect(of(3, bytes(4, 3, 9, 4))).toEqual([['languages', '0x0409']]);
    expect(of(3, bytes(2, 3))).toEqual([['languages', 'none']]);
  });
});

describe('DFU', () => {
  const dfu = (request: number, value: number, data: Uint8Array) => dataFields(setupPacket(request === 3 || request === 5 ? 0xa1 : 0x21, request, value, 0, data.length), 'dfu', data); // prettier-ignore
  it('status and state', () => {
    expect(dfu(3, 0, bytes(0, 0x64, 0, 0, 4, 0))).toEqual([['DFU status', 'dfuDNBUSY, to be asked again after 100 ms']]);
    expect(dfu(3, 0, bytes(0x0b, 0, 0, 0, 10, 0))[0]![1]).toMatch(/^dfuERROR with errVENDOR, /);
    expect(dfu(3, 0, bytes(0, 1))).toEqual([]);
    expect(dfu(5, 0, bytes(2))).toEqual([['DFU state', 'dfuIDLE']]);
  });
  it('commands of block 0; other blocks are data', () => {
    expect(dfu(1, 0, bytes(0x21, 0, 0x80, 0, 8))).toEqual([['DfuSe command', 'Set Address Pointer 0x08008000']]);
    expect(dfu(1, 0, bytes(0x41))).toEqual([['DfuSe command', 'Erase']]);
    expect(dfu(1, 2, bytes(0x21, 0, 0, 0, 8))).toEqual([]);
    expect(dfu(2, 0, bytes(0, 0x21, 0x41, 0x92))).toEqual([['DfuSe commands', 'Get Commands, Set Address Pointer, Erase, Read Unprotect']]);
  });
  it('is what a DFU driver asks; the same request of another class means something else', () => {
    expect(dataFields(setupPacket(0xa1, 3, 0, 0, 6), 'cdc', bytes(0, 0, 0, 0, 2, 0))).toEqual([]);
  });
});

it('takes any bytes', () => {
  const some = fc.uint8Array({ minLength: 8, maxLength: 8 });
  const data = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(DFU_DEVICE.device, DFU_DEVICE.configuration).map((d) => Uint8Array.from(d))); // prettier-ignore
  fc.assert(
    fc.property(some, fc.constantFrom('enum', 'dfu', 'outside'), data, (setup, driver, moved) => {
      for (const [name, words] of [...setupFields(setup), ...dataFields(setup, driver, moved)]) expect(`${name}${words}`).not.toMatch(/undefined|NaN/);
    }),
    { numRuns: 2000 },
  ); // prettier-ignore
});
