/** What enumeration and the class drivers are given: the host's services over its plain state. */
import type { Ps } from '../emu/time.ts';
import type { HostKind, Transfer, UsbSession, UsbSimState, ServedBy } from './types.ts';

/**
 * `dfu`: a DFU client probes DFU interfaces and serves operations; on Windows through WinUSB, as `winusb`, or through ST's older driver, `sttub30`.
 * `none`: class drivers of the operating system only.
 */
export type HostDriver = 'dfu' | 'winusb' | 'sttub30' | 'no-access' | 'none';

export interface HostOptions {
  readonly host: HostKind;
  readonly cable: 'in' | 'out';
  /** The board leads VBUS to the chip's sensing pin; default true. */
  readonly vbus?: boolean;
  readonly driver: HostDriver;
  /**
   * Zone of the code that last armed an endpoint (the last writer of the controller's registers). Asked whenever code, not the block by itself, has
   * answered on endpoint 0.
   */
  readonly zone?: () => ServedBy | null;
  /** Bytes that a class driver received: channel `cdc`. */
  readonly console?: (channel: string, bytes: Uint8Array) => void;
  /** A report that the HID driver received. */
  readonly report?: (bytes: Uint8Array) => void;
  /** What the host has on the bus, or what it does there, has changed. */
  readonly changed?: () => void;
  /** A ready DFU device is asked for its status this often, so that one that went silent is noticed; 0 = never. Default 250 ms. */
  readonly keepAlive?: Ps;
}

export interface Host {
  readonly state: UsbSimState;
  readonly options: HostOptions;
  now(): Ps;
  log(kind: string, text: string): void;
  session(): UsbSession | null;
  /** Calls back `onWait(tag)` after `delay`; a second wait with the tag replaces the first. */
  wait(tag: string, delay: Ps): void;
  cancelWait(tag: string): void;
  /** Queues a control transfer on EP0; `data` for an OUT data stage. */
  control(tag: string, setup: Uint8Array, data?: Uint8Array, timeout?: Ps): Transfer;
  /** Starts a transfer on a bulk or interrupt pipe. */
  pipe(tag: string, kind: 'in' | 'out', endpoint: number, maxPacket: number, data: Uint8Array | number): Transfer;
  /** Drives a bus reset; `onWait('port.ready')` follows after the recovery time. */
  resetPort(): void;
  /** Enumeration is over: the interfaces get their drivers. */
  bindDrivers(): void;
}
