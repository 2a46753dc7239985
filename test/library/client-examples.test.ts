/** The examples of docs/clients.md. */
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as library from '../../src/usb.ts';
import { openDfuRom, openRomSerial, type WebUsbDevice } from '../../src/usb.ts';

const SOME = ['F405', 'H533', 'F427, long strings', 'C562 (by H533)'];
const DFU_ROMS = library.DFU_ROMS.filter(({ name }) => SOME.includes(name));

interface Client {
  startAddress: number;
  open(): Promise<void>;
  do_download(size: number, data: ArrayBuffer, tolerant: boolean): Promise<void>;
}
const { DFUse } = createRequire(import.meta.url)('webdfu') as {
  DFUse: { findDeviceDfuInterfaces(device: WebUsbDevice): object[]; Device: new (device: WebUsbDevice, settings: object) => Client };
};
/** A client, in place of the reader's. */
async function flash(device: WebUsbDevice, image: Uint8Array<ArrayBuffer>): Promise<void> {
  const client = new DFUse.Device(device, DFUse.findDeviceDfuInterfaces(device)[0]!);
  client.startAddress = 0x08000000;
  await client.open();
  await client.do_download(1024, image.slice().buffer, false);
}
const image = Uint8Array.from({ length: 3000 }, (_, i) => [0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08, 0xfe, 0xe7][i] ?? i & 0xff);

beforeAll(() => {
  for (const log of ['debug', 'info', 'warn', 'error', 'log'] as const) vi.spyOn(console, log).mockImplementation(() => undefined);
});
afterAll(() => {
  vi.restoreAllMocks();
});

describe.each(DFU_ROMS)('$name', (rom) => {
  it('gets the image', async () => {
    const held = await openDfuRom(rom);
    const device = await held.usb.requestDevice({ filters: [{ vendorId: 0x0483, productId: 0xdf11 }] });
    await flash(device, image); // your client
    expect(held.flash().bytes.subarray(0, image.length)).toEqual(image);
    held.close();
  });
});

it('survives an unplug', async () => {
  const held = await openDfuRom({ chip: 'stm32h743zi', quirks: ['h743-bank2-busy'] });
  vi.stubGlobal('navigator', { usb: held.usb }); // for a client that asks for navigator.usb itself
  const [device] = await navigator.usb.getDevices();
  await device!.open();
  held.cable('out'); // what happens to cables
  await held.run('10ms');
  expect(device!.opened).toBe(false);
  vi.unstubAllGlobals();
  held.close();
});

it('AN3155', async () => {
  const held = await openRomSerial({ chip: 'stm32g474re' });
  const port = await held.serial.requestPort(); // as navigator.serial
  await port.open({ baudRate: 115_200, parity: 'even' });
  const writer = port.writable!.getWriter();
  const reader = port.readable!.getReader();
  await writer.write(Uint8Array.of(0x7f));
  expect((await reader.read()).value).toEqual(Uint8Array.of(0x79)); // ACK
  await writer.write(Uint8Array.of(0x02, 0xfd)); // Get ID
  expect((await reader.read()).value).toEqual(Uint8Array.of(0x79, 0x01, 0x04, 0x69, 0x79));
  held.close();
});
