/** Standard requests in the middle of a case: what a device said of itself when it was asked first, it says later on, and cut to any length. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DfuDialect } from '../../src/usb-sim/conform/dialect.ts';
import type { DfuFacts, LinkAnswer } from '../../src/usb-sim/conform/link.ts';
import { readDescriptors, StandardMonitor, type StandardAsked } from '../../src/usb-sim/conform/standard.ts';

const CONFIGURATION = [9, 2, 27, 0, 1, 1, 0, 0xc0, 50, 9, 4, 0, 0, 0, 0xfe, 1, 2, 4, 9, 0x21, 0x0b, 255, 0, 0, 4, 0x10, 1];
const DEVICE = [18, 1, 0, 2, 0, 0, 0, 64, 0x83, 4, 0x11, 0xdf, 0, 2, 1, 2, 3, 1];
const STALL: LinkAnswer = { status: 'stall', data: new Uint8Array(0) };
const string = (text: string): number[] => [2 + 2 * text.length, 3, ...[...text].flatMap((c) => [c.charCodeAt(0), 0])];

/** A device that answers as USB 2.0 asks, from these bytes. */
class Device {
  device = DEVICE;
  configuration = CONFIGURATION;
  functional: number[] | null = CONFIGURATION.slice(18);
  strings: (number[] | null)[] = [[4, 3, 9, 4], string('maker'), string('product'), string('001'), string('memory')];
  setting = 0;
  chosen = 1;
  status = [1, 0];

  get facts(): DfuFacts {
    return {
      vid: 0x0483,
      pid: 0xdf11,
      bcdDevice: 0x200,
      product: 'product',
      packet0: 64,
      langId: 0x0409,
      configuration: Uint8Array.from(this.configuration),
      interfaceNumber: 0,
      alternates: ['memory', 'more'],
      functional: { attributes: 0x0b, detachTimeoutMs: 255, transferSize: 1024, version: 0x0110 },
      layout: [],
    };
  }
  private bytes({ type, request, value, index }: StandardAsked): readonly number[] | null {
    const [kind, at] = [value >> 8, value & 0xff];
    if (type === 0x80 && request === 6 && kind === 3) return this.strings[at] ?? null;
    if (type === 0x80 && request === 6) return at > 0 ? null : kind === 1 ? this.device : kind === 2 ? this.configuration : null;
    if (type === 0x81 && request === 6 && value === 0x2100 && index === 0) return this.functional;
    if (type === 0x80 && request === 0) return this.status;
    if (type === 0x80 && request === 8) return [this.chosen];
    if (type === 0 && request === 9 && value < 2) {
      this.chosen = value;
      this.setting = 0;
      return [];
    }
    if (type === 0x81 && request === 10) return [this.setting];
    if (type !== 1 || request !== 11 || value > 1) return null;
    this.setting = value;
    return [];
  }
  ask(asked: StandardAsked): LinkAnswer {
    const bytes = this.bytes(asked);
    return bytes === null ? STALL : { status: 'ok', data: Uint8Array.from(bytes).subarray(0, asked.length) };
  }
}
const asSetup = (s: Uint8Array): StandardAsked => ({
  type: s[0]!,
  request: s[1]!,
  value: s[2]! | (s[3]! << 8),
  index: s[4]! | (s[5]! << 8),
  length: s[6]! | (s[7]! << 8),
});
const monitorOf = (device: Device, dialect: readonly string[] = [], accepted: readonly string[] = []): StandardMonitor =>
  new StandardMonitor(
    device.facts,
    readDescriptors(
      (setup) => device.ask(asSetup(setup)),
      device.facts,
      () => undefined,
    ),
    { dialect: new DfuDialect(dialect), accepted: new Set(accepted) },
  );
const read = (value: number, length = 255, type = 0x80, request = 6, index = 0): StandardAsked => ({ type, request, value, index, length });

describe('a device that answers as USB 2.0 asks', () => {
  const asked = fc.oneof(
    fc.record({
      type: fc.constantFrom(0x80, 0x81),
      request: fc.constant(6),
      value: fc.constantFrom(0x100, 0x200, 0x300, 0x301, 0x304, 0x309, 0x2100, 0x600, 0x7700),
      index: fc.constant(0),
      length: fc.integer({ min: 1, max: 300 }),
    }),
    fc.constantFrom(
      read(0, 2, 0x80, 0),
      read(0, 1, 0x80, 8),
      read(0, 1, 0x81, 10),
      read(1, 0, 1, 11),
      read(0, 0, 1, 11),
      read(99, 0, 1, 11),
      read(77, 0, 0, 9),
      read(0, 0, 0, 9),
      read(1, 0, 0, 9),
      read(0, 1, 0xa1, 5, 5),
      read(0, 4, 0xc0, 0x55),
    ),
  );
  it('has nothing said against it, whatever is asked in whatever order (property)', () => {
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 30 }), (course) => {
        const device = new Device();
        const monitor = monitorOf(device);
        for (const a of course) expect(monitor.judge(a, device.ask(a))).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

describe('a device that does not', () => {
  const faults: [string, (d: Device) => void, StandardAsked, RegExp][] = [
    ['counts one byte more', (d) => (d.strings[2] = [17, ...string('product').slice(1)]), read(0x302), /string 2: bLength is 17, and 16 bytes came \(USB 2\.0 §9\.6\.7/],
    ['names a string that is not there', (d) => (d.strings[3] = null), read(0x100, 18), /iSerialNumber is 3, and there is no such string/],
    ['leaves a descriptor out of wTotalLength', (d) => (d.configuration = [9, 2, 18, ...CONFIGURATION.slice(3)]), read(0x200), /wTotalLength 18, 27 bytes came, descriptors of 27 \(USB 2\.0 §9\.6\.3\)/],
    ['counts an endpoint', (d) => (d.configuration = [...CONFIGURATION.slice(0, 13), 1, ...CONFIGURATION.slice(14)]), read(0x200), /no endpoint but endpoint 0.*\(DFU 1\.1 §4\.2\.3\)/],
    ['says another size by request', (d) => (d.functional = [9, 0x21, 0x0b, 255, 0, 0, 8, 0x10, 1]), read(0x2100, 9, 0x81), /it differs from the one in the configuration/],
    ['gives one byte of status', (d) => (d.status = [0]), read(0, 2, 0x80, 0), /1 bytes came, not 2 \(USB 2\.0 §9\.4\.5\)/],
  ]; // prettier-ignore
  it.each(faults)('%s', (_name, spoil, asked, said) => {
    const device = new Device();
    spoil(device);
    expect(monitorOf(device).judge(asked, device.ask(asked))).toMatch(said);
  });

  it('says something else than before, in the middle of a case', () => {
    const device = new Device();
    const monitor = monitorOf(device);
    device.device = [...DEVICE.slice(0, 8), 0x84, ...DEVICE.slice(9)];
    expect(monitor.judge(read(0x100, 18), device.ask(read(0x100, 18)))).toBe(
      'byte 8 is 0x84; the whole answer has 0x83 there (USB 2.0 §9.6.1, §9.4.3)',
    );
  });
  it('forgets the setting that was chosen', () => {
    const device = new Device();
    const monitor = monitorOf(device);
    expect(monitor.judge(read(1, 0, 1, 11), device.ask(read(1, 0, 1, 11)))).toBeNull();
    device.setting = 0;
    expect(monitor.judge(read(0, 1, 0x81, 10), device.ask(read(0, 1, 0x81, 10)))).toMatch(/byte 0 is 0x00.*\(USB 2\.0 §9\.4\.4\)/);
  });
  it('is left alone where its team accepts the requirement', () => {
    const device = new Device();
    device.strings[3] = null;
    expect(monitorOf(device, [], ['usb.strings']).judge(read(0x100, 18), device.ask(read(0x100, 18)))).toBeNull();
  });
  it('answers an interface that is not there', () => {
    const monitor = monitorOf(new Device());
    expect(monitor.judge(read(0, 1, 0xa1, 5, 5), { status: 'ok', data: Uint8Array.of(2) })).toMatch(
      /acknowledged, 1 bytes; asked for: STALL/,
    );
  });
});
