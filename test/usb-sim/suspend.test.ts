/** The host makes the bus idle and resumes; each controller sees it, and the ROM's device goes on where it was. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { DfuProperty } from '../../src/bench/dfu/dfu-property.ts';
import { DfuTarget } from '../../src/bench/dfu/dfu-target.ts';
import { judgedBy } from '../../src/bench/dfu/measure.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { libraryJob } from '../../src/library/options.ts';
import { MS } from '../../src/emu/time.ts';
import '../../src/property.ts';
import { setupPacket } from '../../src/usb-sim/descriptors.ts';

const GETSTATE = setupPacket(0xa1, 5, 0, 0, 1);
/** Register and bit that say "suspended", and its value then. */
const CONTROLLERS = [
  ['stm32f072rb', 0x40005c44, 1 << 11],
  ['stm32h533re', 0x40016044, 1 << 11],
  ['stm32l476rg', 0x50000808, 1 << 0],
] as const;

describe.each(CONTROLLERS)('%s', (chip, register, bit) => {
  let held: HeldMachine;
  let target: DfuTarget;
  beforeAll(async () => {
    held = new HeldMachine(jobInput(await libraryJob({ chip, images: [], scenario: { board: { boot0: 1 } } })));
    held.start();
    target = new DfuTarget(held);
  });
  afterAll(() => held?.release());
  const suspended = (): boolean => ((held.session.machine.bootCore.peek(register, 4) ?? 0) & bit) !== 0;

  it('three milliseconds of idle bus and the controller says so; a transfer waits for the resume, 20 ms of K and 10 ms behind it', () => {
    target.restart();
    const { usb, bus } = held;
    // the ROM leaves the flag of FSDEV and DRD from before the first reset; a write of 0 clears it
    held.session.machine.system.write(register, 4, ~bit & 0xffff);
    expect(suspended()).toBe(false);
    const start = bus.now;
    usb.suspend(15 * MS);
    expect(usb.suspended).toBe(true);
    const id = usb.submitControl(GETSTATE);
    bus.runUntil(() => false, start + 12 * MS);
    expect(suspended()).toBe(true);
    expect(usb.takeResult(id)).toBe(null);
    bus.runUntil(() => usb.state.outside.some((r) => r.id === id), start + 1000 * MS);
    expect(bus.now - start).toBeGreaterThan(45 * MS);
    expect(bus.now - start).toBeLessThan(47 * MS);
    expect(usb.takeResult(id)).toMatchObject({ status: 'ok', data: Uint8Array.of(2) });
    expect(usb.suspended).toBe(false);
    expect(usb.state.frames).toBe(true);
  });

  it('a reset ends it, and so does an unplug', () => {
    for (const end of ['reset', 'unplug'] as const) {
      target.restart();
      const { usb } = held;
      usb.suspend(500 * MS);
      target.run(5);
      if (end === 'reset') usb.resetDevice();
      else {
        usb.unplug();
        target.run(20);
        usb.plug();
      }
      expect(target.back()).toBe(true);
      expect(usb.suspended).toBe(false);
      expect(target.controlNow(GETSTATE)).toMatchObject({ status: 'ok', data: Uint8Array.of(2) });
    }
  });

  it('wherever it comes in a download or an upload, nothing is lost (property)', async () => {
    const property = new DfuProperty(target, await judgedBy(target));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat({ max: 3000 }), fc.constantFrom(0x08004000, 0x08008000), (ms, us, address) =>
        property.run([
          { do: 'download', address, length: 300, seed: ms },
          { do: 'request', request: 1, value: 0, data: [0x21, 0x00, (address >>> 8) & 0xff, 0x00, 0x08], length: 0 },
          { do: 'wait', us },
          { do: 'suspend', ms },
          { do: 'settle' },
          { do: 'suspend', ms: 1 },
          { do: 'wait', us },
          { do: 'upload', address, length: 300 },
        ]),
      ),
      { numRuns: 6 },
    );
  });
});
