/** What each call of WebUSB answers in each state of a device, beside what it answered (answers/web-usb.txt): `BOOTBENCH_GOLDEN=write` writes that anew. */
import { expect, it } from 'vitest';
import { WebUsb, type WebUsbDevice } from '../../src/usb-sim/web-usb.ts';
import { byOutcome } from '../by-outcome.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { CDC_DEVICE, ISO_DEVICE } from './firmware.ts';
import { held } from './held.ts';

type Call = (d: WebUsbDevice) => Promise<unknown>;
const CALLS: Readonly<Record<string, Call>> = {
  'selectConfiguration 1': (d) => d.selectConfiguration(1),
  'selectConfiguration 2': (d) => d.selectConfiguration(2),
  'claimInterface 0': (d) => d.claimInterface(0),
  'claimInterface 7': (d) => d.claimInterface(7),
  'releaseInterface 0': (d) => d.releaseInterface(0),
  'releaseInterface 7': (d) => d.releaseInterface(7),
  'selectAlternateInterface 0 0': (d) => d.selectAlternateInterface(0, 0),
  'selectAlternateInterface 0 9': (d) => d.selectAlternateInterface(0, 9),
  'selectAlternateInterface 7 0': (d) => d.selectAlternateInterface(7, 0),
  'controlTransferIn of the device': (d) =>
    d.controlTransferIn({ requestType: 'standard', recipient: 'device', request: 6, value: 0x100, index: 0 }, 18),
  'controlTransferIn of interface 0': (d) =>
    d.controlTransferIn({ requestType: 'class', recipient: 'interface', request: 0x21, value: 0, index: 0 }, 7),
  'controlTransferIn of interface 7': (d) =>
    d.controlTransferIn({ requestType: 'class', recipient: 'interface', request: 0x21, value: 0, index: 7 }, 7),
  'controlTransferOut of endpoint 2': (d) =>
    d.controlTransferOut({ requestType: 'class', recipient: 'endpoint', request: 1, value: 0, index: 2 }),
  'controlTransferOut of the device': (d) =>
    d.controlTransferOut({ requestType: 'vendor', recipient: 'device', request: 0x77, value: 1, index: 0 }),
  'transferIn 9': (d) => d.transferIn(9, 8),
  'transferOut 9': (d) => d.transferOut(9, Uint8Array.of(1)),
  'transferOut 1': (d) => d.transferOut(1, Uint8Array.of(1, 2, 3)),
  'clearHalt in 2': (d) => d.clearHalt('in', 2),
  'clearHalt out 9': (d) => d.clearHalt('out', 9),
  'isochronousTransferIn 2': (d) => d.isochronousTransferIn(2, [32]),
  'isochronousTransferIn 1': (d) => d.isochronousTransferIn(1, [8]),
  'isochronousTransferIn of too much': (d) => d.isochronousTransferIn(2, [33]),
  'isochronousTransferIn of nothing': (d) => d.isochronousTransferIn(2, []),
  'isochronousTransferOut 1': (d) => d.isochronousTransferOut(1, Uint8Array.of(1, 2), [1, 1]),
  'isochronousTransferOut of other lengths': (d) => d.isochronousTransferOut(1, Uint8Array.of(1, 2), [1, 2]),
  close: (d) => d.close(),
  open: (d) => d.open(),
  reset: (d) => d.reset(),
};
const STATES: Readonly<Record<string, (d: WebUsbDevice) => Promise<unknown>>> = {
  'not opened': async () => {},
  opened: (d) => d.open(),
  claimed: async (d) => (await d.open(), await d.claimInterface(0)),
  released: async (d) => (await d.open(), await d.claimInterface(0), await d.releaseInterface(0)),
  closed: async (d) => (await d.open(), await d.claimInterface(0), await d.close()),
};
const answerOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    (result) =>
      JSON.stringify(result, (_, v: unknown) => (v instanceof DataView ? [...new Uint8Array(v.buffer, v.byteOffset, v.byteLength)] : v)) ??
      'done',
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );
const stateOf = (d: WebUsbDevice): string =>
  `opened ${d.opened}, claimed ${(d.configuration?.interfaces ?? []).map((i) => Number(i.claimed)).join('')}`;

it.each([
  ['iso', ISO_DEVICE],
  ['cdc', CDC_DEVICE],
] as const)('calls on the %s device answer what they answered', async (name, device) => {
  const lines: string[] = [];
  for (const [state, enter] of Object.entries(STATES)) {
    for (const [call, make] of Object.entries(CALLS)) {
      const h = held(device);
      const d = await new WebUsb(h.bus).requestDevice({ filters: [] });
      await enter(d);
      const answer = await answerOf(make(d));
      lines.push(`${call} ${state}: ${answer}; ${stateOf(d)}`);
    }
  }
  expectAsBefore(byOutcome(lines), new URL(`./answers/web-usb-${name}.txt`, import.meta.url));
});

it.each([-1, Infinity, 4e8, 1n, Symbol('x'), { length: 2e8 }, 'text', null])(
  'data that are no bytes are a TypeError, as in a browser: %o',
  async (data) => {
    const d = await new WebUsb(held(CDC_DEVICE).bus).requestDevice({ filters: [] });
    const setup = { requestType: 'vendor', recipient: 'device', request: 1, value: 0, index: 0 } as const;
    await expect(d.controlTransferOut(setup, data as never)).rejects.toThrow(/give a Uint8Array/);
  },
);
