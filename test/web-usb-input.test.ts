/** `bootbench/usb`: calls with something left out, and calls behind the end, are rejected in words. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../src/bench/documents/usage-error.ts';
import { openUsb } from '../src/usb.ts';

const open = () => openUsb({ chip: 'stm32f072rb', images: [], scenario: { board: { boot0: 1 } } });
/** As a JavaScript program calls it. */
type Loose = Record<string, (...args: unknown[]) => Promise<unknown>>;

describe('a call of WebUSB', () => {
  it('without its object, a member or a length is a TypeError that names it', async () => {
    const held = await open();
    const device = await held.usb.requestDevice({ filters: [] });
    await device.open();
    const usb = held.usb as unknown as Loose;
    const call = device as unknown as Loose;
    const setup = { requestType: 'standard', recipient: 'device', request: 6, value: 0x0100, index: 0 };
    await expect(usb['requestDevice']!()).rejects.toThrow(new TypeError('requestDevice: no object is given: for example { filters: [] }'));
    await expect(usb['requestDevice']!({})).rejects.toThrow(/^requestDevice: required member filters is undefined/);
    await expect(call['controlTransferIn']!()).rejects.toThrow(/^controlTransferIn: no object is given: for example \{ requestType/);
    await expect(call['controlTransferIn']!({ ...setup, index: undefined }, 18)).rejects.toThrow(/required member index/);
    await expect(call['controlTransferIn']!(setup)).rejects.toThrow(
      new TypeError('controlTransferIn: the length is missing: bytes to read at most'),
    );
    await expect(call['controlTransferOut']!(null)).rejects.toThrow(/^controlTransferOut: no object is given/);
    expect((await device.controlTransferIn({ ...setup, requestType: 'standard', recipient: 'device' }, 18)).status).toBe('ok');
    held.close();
  });
  it.each([[null], [3], ['x'], [[null]], [[3]]])('requestDevice with filters %j is a TypeError in words', async (filters) => {
    const held = await open();
    const usb = held.usb as unknown as Loose;
    await expect(usb['requestDevice']!({ filters })).rejects.toThrow(TypeError);
    await expect(usb['requestDevice']!({ filters })).rejects.toThrow(
      /^requestDevice: (filters is no list|a filter is no object): for example/,
    );
    held.close();
  });
  it.each([['sideways'], [null], [{}], [1]])('cable with %j is a UsageError', async (position) => {
    const held = await open();
    expect(() => held.cable(position as 'in')).toThrow(UsageError);
    expect((await held.usb.getDevices()).length).toBe(1);
    held.close();
  });
  it('behind close() finds no device: NotFoundError', async () => {
    const held = await open();
    const device = await held.usb.requestDevice({ filters: [] });
    await device.open();
    held.close();
    expect([device.connected, device.opened]).toEqual([false, false]);
    await expect(device.open()).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(device.claimInterface(0)).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(held.usb.requestDevice({ filters: [] })).rejects.toMatchObject({ name: 'NotFoundError' });
    expect(await held.usb.getDevices()).toEqual([]);
  });
});
