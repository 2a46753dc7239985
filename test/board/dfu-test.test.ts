/** `board dfu-test`: the emulated device behind WebUSB stands for a board, and one with a fault is found out. */
import * as fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { dfuTest, safeCommands } from '../../src/board/dfu-test.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { IMPORT } from '../../src/cli/import.ts';
import '../../src/browser-host.ts';
import { libraryJob } from '../../src/library/options.ts';
import type { DfuLink } from '../../src/usb-sim/conform/link.ts';
import { WebUsbLink } from '../../src/usb-sim/conform/web-usb-link.ts';
import { WebUsb } from '../../src/usb-sim/web-usb.ts';
import { cli } from '../cli/helpers.ts';

const RANGE = { address: 0x0801f000, length: 4096 };
async function device() {
  const job = await libraryJob({ chip: 'stm32f072rb', images: [], scenario: { board: { boot0: 1 } } });
  const held = new HeldMachine(jobInput(job));
  held.start();
  onTestFinished(() => held.release());
  return { held, usb: new WebUsb(held.bus) };
}
/** The link of the emulated device; time of its own, and perhaps a fault. */
async function linkOf(fault: (setup: Uint8Array, data: Uint8Array) => Uint8Array = (_, data) => data): Promise<DfuLink> {
  const { held, usb } = await device();
  const [found] = await usb.getDevices();
  const inner = (await WebUsbLink.open(found!, RANGE))!;
  return {
    facts: inner.facts,
    writable: RANGE,
    expendable: false,
    reset: () => inner.reset(),
    fresh: () => inner.fresh(),
    wait: (ms) => {
      held.bus.runUntil(() => false, held.bus.now + ms * 1e9);
      return Promise.resolve();
    },
    control: (setup, data) => inner.control(setup, data && fault(setup, data)),
  };
}
const IMPORTED = IMPORT.module;
afterEach(() => void (IMPORT.module = IMPORTED));

describe('board dfu-test', () => {
  it('the stand-in ROM does as the model does, and nothing outside the range changes', async () => {
    const link = await linkOf();
    const outside: number[] = [];
    const watched: DfuLink = {
      ...link,
      control: (setup, data) => {
        const erase = setup[1] === 1 && data?.[0] === 0x41 && data.length === 5;
        if (erase) outside.push((data[1]! | (data[2]! << 8) | (data[3]! << 16) | (data[4]! << 24)) >>> 0);
        return link.control(setup, data);
      },
    };
    const result = await dfuTest(fc, watched, { cases: 25, seed: 7 });
    expect(result).toMatchObject({ cases: 25, failure: null });
    expect(outside.length).toBeGreaterThan(0);
    expect(outside.filter((a) => a < RANGE.address || a >= RANGE.address + RANGE.length)).toEqual([]);
  }, 60_000);

  it('a device that loses a bit is found, by a short sequence', async () => {
    const flip = (setup: Uint8Array, data: Uint8Array): Uint8Array =>
      setup[1] === 1 && setup[2] === 2 && data.length > 40 ? data.map((b, i) => (i === 40 ? b ^ 1 : b)) : data;
    const { failure } = await dfuTest(fc, await linkOf(flip), { cases: 60, seed: 3 });
    expect(failure!.what).toMatch(/flash at 0x801f\w+ holds|differ from the model/);
    expect(failure!.script.split('\n').length).toBeLessThan(4);
    expect(failure!.script).toContain('download');
  }, 60_000);

  it('never asks for what a board cannot take back', () => {
    fc.assert(
      fc.property(safeCommands(fc, RANGE, 2048), (commands) => {
        for (const c of commands) {
          if (c.do === 'request' && c.request === 1) {
            const [first] = c.data!;
            expect(c.data!.length).toBeGreaterThan(0);
            if (c.data!.length <= 2048) {
              expect(c.value).toBe(0);
              expect([0x21, 0x41]).toContain(first);
              expect(c.data).toHaveLength(5);
            }
          }
          if (c.do === 'download' || c.do === 'upload') {
            expect(c.address).toBeGreaterThanOrEqual(RANGE.address);
            expect(c.address + c.length).toBeLessThanOrEqual(RANGE.address + RANGE.length);
          }
        }
      }),
    );
  });

  it('finds the device by the package usb', async () => {
    const { usb } = await device();
    IMPORT.module = (name) =>
      name === 'usb'
        ? Promise.resolve({
            WebUSB: class {
              getDevices = () => usb.getDevices();
            },
          })
        : Promise.resolve(fc);
    const run = await cli(['board', 'dfu-test', '--flash', '0x0801f000:4096', '--cases', '2']);
    expect(run.err).toBe('');
    expect(run).toMatchObject({ code: 0, out: '2 sequences, seed 1: the device behaves like the model\n' });
  }, 60_000);

  it.each([
    [[], /--flash is missing/],
    [['--flash', '0x0801f000:4096', '--cases', '0'], /--cases: "0" is not a number of 1/],
    [['--flash', '0x0801f000:4096'], /needs the package `usb`/],
    [['--flash', '0x0801f000'], /is not address:length/],
  ])('%j is exit 2', async (args, text) => {
    const run = await cli(['board', 'dfu-test', ...args]);
    expect(run.code).toBe(2);
    expect(run.err).toMatch(text);
  });
});
