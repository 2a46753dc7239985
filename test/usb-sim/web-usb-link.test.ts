/** The link to a device behind WebUSB: what the calls of the device answer, as the conformance kit is told. */
import { describe, expect, it } from 'vitest';
import { WebUsbLink, type WebUsbTarget } from '../../src/usb-sim/conform/web-usb-link.ts';

/** Of a DFU device as ST's ROM describes it: one interface, two alternates. */
const DEVICE = [18, 1, 0, 2, 0, 0, 0, 64, 0x83, 0x04, 0x11, 0xdf, 0, 0x22, 1, 2, 3, 1];
const ALTERNATE = (n: number): number[] => [9, 4, 0, n, 0, 0xfe, 1, 2, 4 + n];
const FUNCTIONAL = [9, 0x21, 0x0b, 0xff, 0, 0, 8, 0x1a, 1];
const CONFIGURATION = [9, 2, 45, 0, 1, 1, 0, 0xc0, 0x32, ...ALTERNATE(0), ...ALTERNATE(1), ...FUNCTIONAL];
const IDLE = 2;
const ERROR = 10;

const view = (bytes: readonly number[]): DataView => new DataView(Uint8Array.from(bytes).buffer);

/** Answers GETSTATUS with these states one after the other, the last one again and again. */
class Device implements WebUsbTarget {
  readonly calls: string[] = [];
  states: number[] = [IDLE];
  productName = 'STM32 BOOTLOADER';
  configuration = {
    configurationValue: 1,
    interfaces: [
      {
        interfaceNumber: 0,
        alternates: [{ interfaceName: '@Internal Flash  /0x08000000/64*02Kg' }, { interfaceName: '@Option Bytes  /0x1FFFF800/01*016 e' }],
      },
    ],
  };
  refuse: Error | null = null;
  status: 'ok' | 'stall' | 'babble' = 'ok';
  failing = new Set<string>();

  private called(what: string): Promise<void> {
    this.calls.push(what);
    return this.failing.has(what) ? Promise.reject(new Error(what)) : Promise.resolve();
  }
  open = (): Promise<void> => this.called('open');
  close = (): Promise<void> => this.called('close');
  reset = (): Promise<void> => this.called('reset');
  claimInterface = (n: number): Promise<void> => this.called(`claim ${n}`);
  selectAlternateInterface = (n: number, alternate: number): Promise<void> => this.called(`select ${n} ${alternate}`);
  controlTransferIn: WebUsbTarget['controlTransferIn'] = ({ requestType, recipient, request, value }, length) => {
    this.calls.push(`in ${requestType} ${recipient} ${request}`);
    if (this.refuse !== null) return Promise.reject(this.refuse);
    if (requestType === 'standard')
      return Promise.resolve({ data: view((value >>> 8 === 1 ? DEVICE : CONFIGURATION).slice(0, length)), status: 'ok' });
    const state = this.states.length > 1 ? this.states.shift()! : this.states[0]!;
    const data = request === 3 ? [0, 0, 0, 0, state, 0] : [state];
    return Promise.resolve({ ...(this.status === 'stall' ? {} : { data: view(data) }), status: this.status });
  };
  controlTransferOut: WebUsbTarget['controlTransferOut'] = ({ request }, data) => {
    this.calls.push(`out ${request} ${data?.byteLength ?? 0}`);
    return this.refuse === null ? Promise.resolve({ bytesWritten: 0, status: this.status }) : Promise.reject(this.refuse);
  };
}
async function linked(): Promise<{ device: Device; link: WebUsbLink }> {
  const device = new Device();
  const link = await WebUsbLink.open(device, null);
  device.calls.length = 0;
  return { device, link: link! };
}
const GETSTATUS = Uint8Array.of(0xa1, 3, 0, 0, 0, 0, 6, 0);
const DNLOAD = Uint8Array.of(0x21, 1, 2, 0, 0, 0, 3, 0);

describe('what a device says of itself', () => {
  it('is read before its interface is claimed', async () => {
    const device = new Device();
    const link = await WebUsbLink.open(device, null);
    expect(device.calls).toEqual(['open', 'in standard device 6', 'in standard device 6', 'in standard device 6', 'claim 0', 'select 0 0']);
    expect(link!.facts).toMatchObject({
      vid: 0x0483,
      pid: 0xdf11,
      bcdDevice: 0x2200,
      packet0: 64,
      product: 'STM32 BOOTLOADER',
      interfaceNumber: 0,
    });
    expect(link!.facts.alternates).toHaveLength(2);
    expect(link!.facts.layout).toMatchObject([{ start: 0x08000000, end: 0x08020000, sectorSize: 2048 }]);
  });
});

describe('an answer', () => {
  it('has the bytes of a transfer that went well', async () => {
    const { link } = await linked();
    expect(await link.control(GETSTATUS)).toEqual({ status: 'ok', data: Uint8Array.of(0, 0, 0, 0, IDLE, 0) });
  });
  it.each([
    ['stall', 'stall', 'stall'],
    ['babble', 'babble', 'ok'],
  ] as const)('%s is %s of a read, and %s of a write', async (status, read, written) => {
    const { device, link } = await linked();
    device.status = status;
    expect((await link.control(GETSTATUS)).status).toBe(read);
    expect((await link.control(DNLOAD, Uint8Array.of(1, 2, 3))).status).toBe(written);
    expect(device.calls.at(-1)).toBe('out 1 3');
  });
  it.each([
    ['The device was disconnected.', 'gone'],
    ['LIBUSB_ERROR_NOT_FOUND: not found', 'gone'],
    ['The device is unavailable.', 'gone'],
    ['A transfer error has occurred.', 'error'],
  ])('%j is %s', async (message, status) => {
    const { device, link } = await linked();
    device.refuse = new Error(message);
    expect((await link.control(GETSTATUS)).status).toBe(status);
  });
});

describe('a reset of the port', () => {
  it('is over when the interface is claimed again and the device answers', async () => {
    const { device, link } = await linked();
    expect(await link.reset()).toBe('dfu');
    expect(device.calls).toEqual(['reset', 'claim 0', 'in class interface 5']);
  });
  it.each(['reset', 'claim 0'])('fails where %s does', async (call) => {
    const { device, link } = await linked();
    device.failing.add(call);
    expect(await link.reset()).toBe('other');
  });
  it('fails where the device does not answer behind it', async () => {
    const { device, link } = await linked();
    device.status = 'stall';
    expect(await link.reset()).toBe('other');
  });
});

describe('a device is made idle', () => {
  it('an idle one is left as it is', async () => {
    const { device, link } = await linked();
    expect(await link.fresh()).toBe(true);
    expect(device.calls).toEqual(['in class interface 3']);
  });
  it('by CLRSTATUS out of an error, else by ABORT', async () => {
    const { device, link } = await linked();
    device.states = [5, ERROR, IDLE];
    expect(await link.fresh()).toBe(true);
    expect(device.calls.filter((c) => c.startsWith('out'))).toEqual(['out 6 0', 'out 4 0']);
  });
  it('six times at most', async () => {
    const { device, link } = await linked();
    device.states = [ERROR];
    expect(await link.fresh()).toBe(false);
    expect(device.calls.filter((c) => c.startsWith('in'))).toHaveLength(6);
  });
  it('never where it does not answer', async () => {
    const { device, link } = await linked();
    device.status = 'stall';
    expect(await link.fresh()).toBe(false);
    expect(device.calls).toEqual(['in class interface 3']);
  });
});
