/** Isochronous transfers that a client asks for, with drivers of the three controllers behind them. */
import { describe, expect, it } from 'vitest';
import { WebUsb, type WebUsbDevice } from '../../src/usb-sim/web-usb.ts';
import type { UsbDevicePort } from '../../src/emu/ports.ts';
import { usbDrdPort } from '../../src/peripherals/usb/usb-drd.ts';
import { benchWith } from './bench.ts';
import { CDC_DEVICE, Firmware, ISO_DEVICE, MS, newSystem } from './firmware.ts';
import { fsdevBench } from './fsdev-firmware.ts';
import { held, heldOn, type HeldOn } from './held.ts';
import { F405, H745, L476, otgBench } from './otg-firmware.ts';

async function opened(h: Pick<HeldOn<unknown>, 'bus'>): Promise<WebUsbDevice> {
  const device = await new WebUsb(h.bus).requestDevice({ filters: [] });
  await device.open();
  await device.claimInterface(0);
  return device;
}
const bytes = (view: DataView): number[] => [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];

describe.each([
  ['USB_DRD', () => held(ISO_DEVICE)],
  ['FSDEV', () => heldOn(fsdevBench(ISO_DEVICE))],
  ['OTG_FS of F405', () => heldOn(otgBench(F405, ISO_DEVICE))],
  ['OTG_FS of L476', () => heldOn(otgBench(L476, ISO_DEVICE))],
  ['OTG_FS of H745', () => heldOn(otgBench(H745, ISO_DEVICE))],
] as const)('isochronous endpoints of %s', (_name, make) => {
  it('take a packet a frame, each of its length, and lose a damaged one', async () => {
    const h = make();
    const device = await opened(h);
    const data = Uint8Array.from({ length: 38 }, (_, i) => i);
    const { packets } = await device.isochronousTransferOut(1, data, [1, 0, 5, 32]);
    expect(packets.map((p) => [p.bytesWritten, p.status])).toEqual([1, 0, 5, 32].map((n) => [n, 'ok']));
    h.b.until(h.bus.now + MS);
    const came = h.b.firmware.state.isoIn;
    expect(came.map((p) => p.length)).toEqual([1, 0, 5, 32]);
    expect(came.flat()).toEqual([...data]);
    h.b.usb.disturb('packet', 1);
    await device.isochronousTransferOut(1, Uint8Array.of(1, 2, 3), [1, 1, 1]);
    h.b.until(h.bus.now + 2 * MS);
    expect(h.b.firmware.state.isoIn.slice(4)).toEqual([[1], [3]]);
    expect(h.b.notes).toEqual([]);
  });
  it('give a packet in each frame, in order', async () => {
    const h = make();
    const device = await opened(h);
    const { packets } = await device.isochronousTransferIn(2, new Array<number>(6).fill(32));
    const numbers = packets.map((p) => bytes(p.data!)).filter((p) => p[1] === 0xaa);
    expect(numbers.length).toBeGreaterThanOrEqual(4);
    expect(numbers.map((p) => p[0])).toEqual(numbers.map((_, i) => numbers[0]![0]! + i));
  });
});

describe('isochronous transfers', () => {
  it('a packet a frame goes out, each of its length; an empty one too', async () => {
    const h = held(ISO_DEVICE);
    const device = await opened(h);
    const before = h.bus.now;
    const result = await device.isochronousTransferOut(
      1,
      Uint8Array.from({ length: 38 }, (_, i) => i),
      [1, 0, 5, 32],
    );
    expect(result.packets.map((p) => [p.bytesWritten, p.status])).toEqual([1, 0, 5, 32].map((n) => [n, 'ok']));
    h.b.until(h.bus.now + MS);
    const came = h.b.firmware.state.isoIn;
    expect(came.map((p) => p.length)).toEqual([1, 0, 5, 32]);
    expect(came.flat()).toEqual(Array.from({ length: 38 }, (_, i) => i));
    expect(h.bus.now - before).toBeLessThan(6 * MS);
    expect(h.b.notes).toEqual([]);
  });
  // USB 2.0 §5.6.3: full-speed isochronous data is DATA0
  it('packets go out as DATA0, each of them', async () => {
    const toggles: number[] = [];
    const system = newSystem();
    const plain = usbDrdPort(system, 'USB');
    const port: UsbDevicePort = {
      ...plain,
      out: (address, endpoint, toggle, data) => (endpoint === 1 && toggles.push(toggle), plain.out(address, endpoint, toggle, data)),
    };
    const device = await opened(
      heldOn(
        benchWith(
          system,
          new Firmware(system, ISO_DEVICE),
          () => port,
          74,
          () => undefined,
          {},
        ),
      ),
    );
    await device.isochronousTransferOut(1, new Uint8Array(9), [3, 3, 3]);
    expect(toggles).toEqual([0, 0, 0]);
  });
  it('a packet comes in each frame, as the firmware fills its two buffers', async () => {
    const h = held(ISO_DEVICE);
    const device = await opened(h);
    const { data, packets } = await device.isochronousTransferIn(2, [32, 32, 32, 32, 32]);
    const parts = packets.map((p) => bytes(p.data!));
    // the two buffers hold a byte each when the stream begins
    expect(parts.map((p) => p.length)).toEqual([1, 1, 2, 2, 2]);
    expect(parts.slice(2)).toEqual([
      [1, 0xaa],
      [2, 0xaa],
      [3, 0xaa],
    ]);
    expect(bytes(data)).toEqual(parts.flat());
  });
  it('a damaged packet is lost, and the ones around it are not', async () => {
    const h = held(ISO_DEVICE);
    const device = await opened(h);
    h.b.usb.disturb('packet', 1);
    await device.isochronousTransferOut(1, Uint8Array.of(1, 2, 3), [1, 1, 1]);
    h.b.until(h.bus.now + MS);
    expect(h.b.firmware.state.isoIn).toEqual([[1], [3]]);
    h.b.usb.disturb('token', 1);
    const { packets } = await device.isochronousTransferIn(2, [32, 32, 32]);
    expect(packets.map((p) => p.data!.byteLength > 0)).toEqual([true, false, true]);
  });
  it('more than was asked for is a babble of that packet', async () => {
    const h = held(ISO_DEVICE);
    const device = await opened(h);
    const { packets } = await device.isochronousTransferIn(2, [32, 32, 1, 32]);
    expect(packets.map((p) => p.status)).toEqual(['ok', 'ok', 'babble', 'ok']);
  });
  it('bulk goes on beside it, and the frame is kept', async () => {
    const h = held(ISO_DEVICE);
    const device = await opened(h);
    const start = h.bus.now;
    const both = await Promise.all([
      device.isochronousTransferIn(2, new Array<number>(50).fill(32)),
      device.isochronousTransferOut(1, new Uint8Array(1600), new Array<number>(50).fill(32)),
      device.controlTransferIn({ requestType: 'standard', recipient: 'device', request: 6, value: 0x0100, index: 0 }, 18),
    ]);
    expect(both[2].status).toBe('ok');
    expect(h.bus.now - start).toBeLessThan(54 * MS);
    h.b.until(h.bus.now + MS);
    expect(h.b.firmware.state.isoIn).toHaveLength(50);
  });
  it('lengths that do not fit, and endpoints of another type, are refused as the specification says', async () => {
    const h = held(ISO_DEVICE);
    const device = await opened(h);
    await expect(device.isochronousTransferIn(2, [33])).rejects.toMatchObject({ name: 'DataError' });
    await expect(device.isochronousTransferOut(1, new Uint8Array(3), [1, 1])).rejects.toMatchObject({ name: 'DataError' });
    await expect(device.isochronousTransferIn(3, [1])).rejects.toMatchObject({ name: 'NotFoundError' });
    const cdc = held(CDC_DEVICE);
    const other = await opened(cdc);
    await other.claimInterface(1);
    await expect(other.isochronousTransferIn(1, [1])).rejects.toMatchObject({ name: 'InvalidAccessError' });
  });
  it('an unplug ends it', async () => {
    const h = held(ISO_DEVICE);
    const device = await opened(h);
    h.b.usb.unplugAt(60, 2);
    await expect(device.isochronousTransferOut(1, new Uint8Array(200), new Array<number>(20).fill(10))).rejects.toMatchObject({
      name: 'NotFoundError',
    });
    expect(h.b.firmware.state.isoIn).toHaveLength(2);
  });
  it('an unplug ends what is read, too', async () => {
    const h = held(ISO_DEVICE);
    const device = await opened(h);
    h.b.usb.unplugAt(60, 2);
    await expect(device.isochronousTransferIn(2, new Array<number>(20).fill(32))).rejects.toMatchObject({ name: 'NotFoundError' });
  });
});
