/** `bootbench/usb`: programs written for WebUSB, unchanged, on emulated firmware. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { WebDFU } from 'dfu';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openUsb, type HeldUsb } from '../src/usb.ts';

/** Of the package `webdfu`, which has no declarations. */
interface WebDfuDevice {
  startAddress: number;
  open(): Promise<void>;
  close(): Promise<void>;
  getState(): Promise<number>;
  do_download(size: number, data: ArrayBuffer, manifest: boolean): Promise<void>;
  do_upload(size: number, most: number): Promise<Blob>;
}
interface WebDfuClass {
  findDeviceDfuInterfaces(device: USBDevice): { name: string | undefined }[];
  Device: new (device: USBDevice, settings: object) => WebDfuDevice;
}
const { DFUse } = createRequire(import.meta.url)('webdfu') as { DFUse: WebDfuClass };

const firmware = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`../fixtures/${name}/firmware.elf`, import.meta.url))));
/** Firmware that enters the ROM; without one BOOT0 is high. */
const open = (chip: string, name: string | null): Promise<HeldUsb> =>
  name === null
    ? openUsb({ chip, images: [], scenario: { board: { boot0: 1 } } })
    : openUsb({ chip, images: [{ path: 'firmware.elf', bytes: firmware(name) }] });

/** An application that is not empty: vectors of its own, then a pattern. */
function application(length: number): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  // initial SP, reset handler, which stays where it is (b .)
  bytes.set([0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08, 0xfe, 0xe7]);
  return bytes;
}

beforeAll(() => {
  for (const log of ['debug', 'info', 'warn', 'error'] as const) vi.spyOn(console, log).mockImplementation(() => undefined);
});
afterAll(() => {
  vi.restoreAllMocks();
});

describe.each([
  ['stm32l476rg', 'l476-seed004-fixed', 'DWC2'],
  ['stm32h533re', 'h533-straight', 'DRD'],
  ['stm32f072rb', null, 'FSDEV'],
])('%s in DFU (%s, %s)', (chip, name, _controller) => {
  it('webdfu from npm lists, downloads, uploads and leaves', async () => {
    const held = await open(chip, name);
    expect(held.outcome).toBe('dfu');
    // the type of a browser's own device
    const device: USBDevice = await held.usb.requestDevice({ filters: [{ vendorId: 0x0483, productId: 0xdf11 }] });
    const interfaces = DFUse.findDeviceDfuInterfaces(device);
    expect(interfaces[0]!.name).toMatch(/^@Internal Flash {2,3}\/0x08000000\//);
    const dfu = new DFUse.Device(device, interfaces[0]!);
    await dfu.open();
    const data = application(5000);
    dfu.startAddress = 0x08004000;
    await dfu.do_download(1024, data.buffer, false);
    expect(held.flash().bytes.slice(0x4000, 0x4000 + 5000)).toEqual(data);
    dfu.startAddress = 0x08004000;
    const size = /\*0?0?0?8Kg|DFU/.test(device.productName ?? '') ? 1024 : 2048;
    const read = new Uint8Array(await (await dfu.do_upload(size, 5000)).arrayBuffer());
    expect(read).toEqual(data);
    dfu.startAddress = 0x08000000;
    await dfu.do_download(1024, application(64).buffer, true);
    await held.run('200ms');
    expect(device.opened).toBe(false);
    await expect(dfu.getState()).rejects.toMatch(/disconnected/);
    held.close();
  });
});

describe('the package dfu from npm', () => {
  it('reads the descriptors, writes and reads back on STM32L476', async () => {
    const held = await open('stm32l476rg', 'l476-seed004-fixed');
    const device: USBDevice = await held.usb.requestDevice({ filters: [] });
    const log = { info: () => undefined, warning: () => undefined, progress: () => undefined };
    const dfu = new WebDFU(device, { forceInterfacesName: true }, log);
    await dfu.init();
    await dfu.connect(0);
    expect(dfu.properties).toMatchObject({ CanUpload: true, CanDownload: true, TransferSize: 2048, DFUVersion: 0x011a });
    dfu.dfuseStartAddress = 0x08008000;
    const data = application(3000);
    const writing = dfu.write(2048, data.buffer, true);
    await new Promise<void>((settle, fail) => {
      writing.events.on('end', settle);
      writing.events.on('error', fail);
    });
    expect(held.flash().bytes.slice(0x8000, 0x8000 + 3000)).toEqual(data);
    held.close();
  });
});

describe('WebUSB', () => {
  let held: HeldUsb | undefined;
  let device: USBDevice;
  beforeAll(async () => {
    held = await open('stm32h533re', 'h533-straight');
    device = await held.usb.requestDevice({ filters: [] });
    await device.open();
  });
  afterAll(() => held?.close());

  it('a request that the device refuses is a status, not an exception', async () => {
    const setup = { requestType: 'standard', recipient: 'device', request: 6, value: 0x0600, index: 0 } as const;
    expect(await device.controlTransferIn(setup, 10)).toEqual({ status: 'stall' });
  });
  it('an interface that is not claimed, an endpoint or a configuration that is not there: exceptions with the names of the specification', async () => {
    const setup = { requestType: 'class', recipient: 'interface', request: 3, value: 0, index: 0 } as const;
    await expect(device.controlTransferIn(setup, 6)).rejects.toMatchObject({ name: 'InvalidStateError' });
    await expect(device.transferIn(1, 64)).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(device.selectConfiguration(7)).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(device.claimInterface(4)).rejects.toMatchObject({ name: 'NotFoundError' });
  });
  it('a word that WebUSB does not know is a TypeError, as in browsers', async () => {
    const setup = { requestType: 'clas' as 'class', recipient: 'device', request: 3, value: 0, index: 0 } as const;
    const wanted = "The provided value 'clas' is not a valid enum value of type USBRequestType.";
    await expect(device.controlTransferIn(setup, 6)).rejects.toThrow(new TypeError(wanted));
  });
  it('bytes of another realm, as those of jsdom, are sent', async () => {
    await device.claimInterface(0);
    const setup = { requestType: 'class', recipient: 'interface', request: 1, value: 0, index: 0 } as const;
    const bytes = runInNewContext('new Uint8Array([0x21, 0, 0, 0, 8])') as Uint8Array<ArrayBuffer>;
    for (const data of [bytes, bytes.buffer]) {
      expect(await device.controlTransferOut(setup, data)).toEqual({ bytesWritten: 5, status: 'ok' });
      expect((await device.controlTransferOut({ ...setup, request: 6 })).status).toBe('ok');
    }
  });
  it('reset brings the device back to dfuIDLE', async () => {
    await device.claimInterface(0);
    const request = (n: number) => ({ requestType: 'class', recipient: 'interface', request: n, value: 0, index: 0 }) as const;
    await device.controlTransferOut(request(1), Uint8Array.of(0x77));
    await device.controlTransferIn(request(3), 6);
    expect((await device.controlTransferIn(request(5), 1)).data!.getUint8(0)).toBe(10);
    await device.reset();
    expect((await device.controlTransferIn(request(5), 1)).data!.getUint8(0)).toBe(2);
  });
  it('a step of a scenario happens on the bus: a babble ends one read, the next is whole; what is none is refused', async () => {
    const setup = { requestType: 'standard', recipient: 'device', request: 6, value: 0x0100, index: 0 } as const;
    await held!.act({ usb: { error: { kind: 'babble' } } });
    await held!.run('1ms');
    expect((await device.controlTransferIn(setup, 18)).status).toBe('babble');
    expect((await device.controlTransferIn(setup, 18)).data!.byteLength).toBe(18);
    await expect(held!.act({ usb: { error: { kind: 'noise' } } } as never)).rejects.toThrow(/kind/);
  });
  it('an unplug is an event, and plugging in brings a new device', async () => {
    const events: string[] = [];
    const { usb, cable, run } = held!;
    usb.addEventListener('disconnect', () => events.push('disconnect'));
    usb.onconnect = () => events.push('connect');
    cable('out');
    await run('10ms');
    expect(device.opened).toBe(false);
    await expect(device.open()).rejects.toMatchObject({ name: 'NotFoundError' });
    cable('in');
    await run('1s');
    expect(events).toEqual(['disconnect', 'connect']);
    const [next] = await usb.getDevices();
    expect(next).not.toBe(device);
    expect(next!.productName).toBe('DFU in FS Mode');
  });
  it('who listens is told of a device that comes back by itself, while nothing is asked', async () => {
    const { usb, cable, run } = held!;
    const came = new Promise((tell) => usb.addEventListener('connect', tell, { once: true }));
    cable('out');
    await run('10ms');
    cable('in');
    const { device: back } = (await came) as USBConnectionEvent;
    expect(back.productName).toBe('DFU in FS Mode');
    expect(back.opened).toBe(false);
  });
});
