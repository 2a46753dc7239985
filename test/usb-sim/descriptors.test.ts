import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfiguration, parseDevice, parseDfuseLayout, parseString } from '../../src/usb-sim/descriptors.ts';
import { bench, DFU_DEVICE, MS } from './firmware.ts';

describe('descriptors', () => {
  it('DfuSe layouts: units, several runs, several addresses', () => {
    expect(parseDfuseLayout('@Internal Flash  /0x08000000/04*016Kg,01*064Kg')).toEqual([
      { start: 0x08000000, end: 0x08010000, sectorSize: 16384, readable: true, erasable: true, writable: true },
      { start: 0x08010000, end: 0x08020000, sectorSize: 65536, readable: true, erasable: true, writable: true },
    ]);
    expect(parseDfuseLayout('@Option Bytes  /0x1FFF7800/01*040 e/0x1FFFF800/01*040 a')).toEqual([
      { start: 0x1fff7800, end: 0x1fff7828, sectorSize: 40, readable: true, erasable: false, writable: true },
      { start: 0x1ffff800, end: 0x1ffff828, sectorSize: 40, readable: true, erasable: false, writable: false },
    ]);
    expect(parseDfuseLayout('no layout')).toEqual([]);
  });
  it('damaged descriptors are refused or read, never thrown at (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat({ max: 35 }), fc.nat({ max: 255 }), (random, at, value) => {
        const info = parseDevice(Uint8Array.from(DFU_DEVICE.device))!;
        parseDevice(random);
        parseString(random);
        parseConfiguration(info, random);
        const flipped = Uint8Array.from(DFU_DEVICE.configuration);
        flipped[at] = value;
        parseConfiguration(info, flipped);
        parseDfuseLayout(String.fromCharCode(...random));
      }),
    );
  });
  it('whatever a device says, the host ends configured, refused or waiting (property)', () => {
    const bytes = fc.array(fc.nat({ max: 255 }), { maxLength: 40 });
    const damaged = (original: readonly number[]): fc.Arbitrary<number[]> =>
      fc.oneof(
        bytes,
        fc.tuple(fc.nat({ max: original.length - 1 }), fc.nat({ max: 255 })).map(([at, v]) => original.map((x, i) => (i === at ? v : x))),
      );
    fc.assert(
      fc.property(damaged(DFU_DEVICE.device), damaged(DFU_DEVICE.configuration), bytes, (device, configuration, text) => {
        const b = bench({ device, configuration, strings: [DFU_DEVICE.strings[0]!, text, text, text, text, text] });
        b.firmware.start();
        b.until(4000 * MS);
        expect(['configured', 'failed', 'running']).toContain(b.usb.state.enumeration.phase);
        if (b.usb.state.enumeration.phase === 'running') expect(b.usb.unansweredSince).not.toBe(null);
      }),
      { numRuns: 60 },
    );
  });
});
