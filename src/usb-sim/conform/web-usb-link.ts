/**
 * A device under test behind WebUSB: a real board through the package `usb`, or a browser's own device. It is not sent away, and nothing outside
 * the flash that was named is written.
 */
import { DESCRIPTOR, parseConfiguration, parseDevice, parseDfuseLayout } from '../descriptors.ts';
import { DFU, DFU_STATE } from '../dfu-protocol.ts';
import type { WebUsbControlSetup, WebUsbInResult, WebUsbOutResult } from '../web-usb.ts';
import type { DfuFacts, DfuLink, LinkAnswer } from './link.ts';

/** What is used of a `USBDevice`. */
export interface WebUsbTarget {
  readonly productName?: string | null | undefined;
  readonly configuration?:
    | {
        readonly configurationValue: number;
        readonly interfaces: readonly {
          readonly interfaceNumber: number;
          readonly alternates: readonly { readonly interfaceName?: string | null | undefined }[];
        }[];
      }
    | null
    | undefined;
  open(): Promise<void>;
  close(): Promise<void>;
  reset(): Promise<void>;
  claimInterface(number: number): Promise<void>;
  selectAlternateInterface(number: number, alternate: number): Promise<void>;
  controlTransferIn(
    setup: WebUsbControlSetup,
    length: number,
  ): Promise<{ readonly data?: DataView | undefined; readonly status?: WebUsbInResult['status'] | undefined }>;
  controlTransferOut(
    setup: WebUsbControlSetup,
    data?: ArrayBuffer,
  ): Promise<{ readonly bytesWritten: number; readonly status?: WebUsbOutResult['status'] | undefined }>;
}

const TYPES = ['standard', 'class', 'vendor'] as const;
const RECIPIENTS = ['device', 'interface', 'endpoint', 'other'] as const;
/** ABORT or CLRSTATUS until the device is idle. */
const MAX_RECOVERIES = 6;
const u16 = (d: Uint8Array, at: number): number => (d[at] ?? 0) | ((d[at + 1] ?? 0) << 8);

export class WebUsbLink implements DfuLink {
  readonly facts: DfuFacts;
  readonly writable: { readonly address: number; readonly length: number } | null;
  readonly expendable = false;
  readonly claimedOnly = true;
  private readonly device: WebUsbTarget;

  private constructor(device: WebUsbTarget, facts: DfuFacts, writable: WebUsbLink['writable']) {
    this.device = device;
    this.facts = facts;
    this.writable = writable;
  }

  /** Opens and claims a device in DFU mode; null: it has no DFU interface. */
  static async open(device: WebUsbTarget, writable: WebUsbLink['writable']): Promise<WebUsbLink | null> {
    await device.open();
    const read = async (type: number, length: number): Promise<Uint8Array> =>
      bytes(
        (await device.controlTransferIn({ requestType: 'standard', recipient: 'device', request: 6, value: type << 8, index: 0 }, length))
          .data,
      );
    const info = parseDevice(await read(DESCRIPTOR.DEVICE, 18));
    const configuration = await read(DESCRIPTOR.CONFIGURATION, u16(await read(DESCRIPTOR.CONFIGURATION, 9), 2));
    if (!info || !parseConfiguration(info, configuration) || info.dfu === null) return null;
    const own = info.interfaces.filter((i) => i.classCode === 0xfe && i.subclass === 1 && i.protocol === 2);
    if (own.length === 0) return null;
    const { number } = own[0]!;
    await device.claimInterface(number);
    if (own.length > 1) await device.selectAlternateInterface(number, 0);
    const shown = device.configuration?.interfaces.find((i) => i.interfaceNumber === number);
    const alternates = own.map((_, n) => shown?.alternates[n]?.interfaceName ?? '');
    return new WebUsbLink(
      device,
      {
        vid: info.vid,
        pid: info.pid,
        bcdDevice: info.bcdDevice,
        product: device.productName ?? null,
        packet0: info.maxPacket0,
        langId: info.langId,
        configuration,
        interfaceNumber: number,
        alternates,
        functional: info.dfu,
        layout: parseDfuseLayout(alternates[0] ?? ''),
      },
      writable,
    );
  }

  async control(setup: Uint8Array, data: Uint8Array = new Uint8Array(0)): Promise<LinkAnswer> {
    const request: WebUsbControlSetup = {
      requestType: TYPES[(setup[0]! >>> 5) & 3] ?? 'vendor',
      recipient: RECIPIENTS[setup[0]! & 3]!,
      request: setup[1]!,
      value: u16(setup, 2),
      index: u16(setup, 4),
    };
    try {
      if (setup[0]! & 0x80) {
        const r = await this.device.controlTransferIn(request, u16(setup, 6));
        return r.status === 'stall' ? STALLED : { status: r.status ?? 'ok', data: bytes(r.data) };
      }
      const r = await this.device.controlTransferOut(request, new Uint8Array(data).buffer);
      return r.status === 'stall' ? STALLED : { status: 'ok', data: NONE };
    } catch (error) {
      return { status: /disconnect|not found|unavailable/i.test(String(error)) ? 'gone' : 'error', data: NONE };
    }
  }
  async reset(): Promise<'dfu' | 'other' | 'gone'> {
    try {
      await this.device.reset();
      await this.device.claimInterface(this.facts.interfaceNumber);
      return (await this.request(DFU.GETSTATE, 1)).status === 'ok' ? 'dfu' : 'other';
    } catch {
      // the browser does not tell which of the two it was
      return 'other';
    }
  }
  wait(ms: number): Promise<void> {
    return new Promise((next) => setTimeout(next, ms));
  }
  async fresh(): Promise<boolean> {
    for (let n = 0; n < MAX_RECOVERIES; n++) {
      const { status, data } = await this.request(DFU.GETSTATUS, 6);
      if (status !== 'ok') return false;
      if (data[4] === DFU_STATE.IDLE) return true;
      await this.wait(u16(data, 1) | ((data[3] ?? 0) << 16));
      await this.request(data[4] === DFU_STATE.ERROR ? DFU.CLRSTATUS : DFU.ABORT, null);
    }
    return false;
  }
  private request(request: number, length: number | null): Promise<LinkAnswer> {
    const { interfaceNumber } = this.facts;
    return this.control(Uint8Array.of(length === null ? 0x21 : 0xa1, request, 0, 0, interfaceNumber, 0, length ?? 0, 0));
  }
}
const NONE = new Uint8Array(0);
const STALLED: LinkAnswer = { status: 'stall', data: NONE };
const bytes = (view: DataView | undefined): Uint8Array =>
  view === undefined ? NONE : new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
