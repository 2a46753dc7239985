/** What the conformance kit and the property tests ask of a device under test: the emulated one, a model, a real board. */
import { parseDfuseLayout, segmentAt, type DfuFunctional, type DfuSegment } from '../descriptors.ts';

/** How a request ended: `ok`, refused, or without an answer. */
export type LinkStatus = 'ok' | 'stall' | 'timeout' | 'gone' | 'babble' | 'error';
/** A request that was not carried out, as the bus shows it. */
const UNANSWERED: Readonly<Record<Exclude<LinkStatus, 'ok'>, string>> = {
  stall: 'STALL',
  timeout: 'no answer; a device answers within 5 s (USB 2.0 §9.2.6.4)',
  gone: 'no answer: the device has left the bus',
  babble: 'more data came than a packet or the request has room for (USB 2.0 §8.7.4)',
  error: 'no answer to a packet, or a wrong one, in three tries; a device acknowledges every SETUP (USB 2.0 §8.4.6)',
};
export const unansweredText = (status: Exclude<LinkStatus, 'ok'>): string => UNANSWERED[status];
/** What came of a request. */
export interface LinkAnswer {
  /** How it ended. */
  readonly status: LinkStatus;
  /** What came in. */
  readonly data: Uint8Array;
}

/** What the descriptors say of a device in DFU mode. */
export interface DfuFacts {
  /** idVendor. */
  readonly vid: number;
  /** idProduct. */
  readonly pid: number;
  /** Release of the device, BCD. */
  readonly bcdDevice: number;
  /** The string of iProduct; null = none. */
  readonly product: string | null;
  /** bMaxPacketSize0, bytes. */
  readonly packet0: number;
  /** The first language of its strings. */
  readonly langId: number;
  /** The whole configuration descriptor. */
  readonly configuration: Uint8Array;
  /** Of its DFU interface. */
  readonly interfaceNumber: number;
  /** Names of the alternate settings. */
  readonly alternates: readonly string[];
  /** The DFU functional descriptor (DFU 1.1 §4.1.3). */
  readonly functional: DfuFunctional;
  /** Memory of alternate setting 0, as its name says; empty without DfuSe. */
  readonly layout: readonly DfuSegment[];
}
/** bcdDFUVersion of ST's extension (AN3156). */
export const DFUSE_VERSION = 0x011a;
export const isDfuse = (facts: DfuFacts): boolean => facts.functional.version === DFUSE_VERSION;
/** Memory of the other alternate settings: a device may reach it from setting 0, too. */
export const otherMemory = ({ alternates }: DfuFacts): DfuSegment[] => alternates.slice(1).flatMap((name) => parseDfuseLayout(name));
export const CAN_DNLOAD = 1;
export const CAN_UPLOAD = 2;
export const MANIFESTATION_TOLERANT = 4;

/** The emulated chip itself, where the device runs on one: what happened, whatever the device says of it. */
export interface DfuWitness {
  /** What lies in flash; null: no flash is there. */
  read(address: number, length: number): Uint8Array | null;
  /** Where in flash these bytes lie; null: nowhere. */
  find(bytes: Uint8Array): number | null;
  /** The flash controller is at work. */
  busy(): boolean;
  /** When the device came that is on the bus; null: none is there. */
  attached(): number | null;
  /** Address of the instruction that comes next. */
  pc(): number;
  /** MSP. */
  msp(): number;
}

export interface DfuLink {
  readonly facts: DfuFacts;
  /** Absent on a real board. */
  readonly witness?: DfuWitness;
  control(setup: Uint8Array, data?: Uint8Array): Promise<LinkAnswer>;
  /** A control transfer that is given up after its first data packet, as a host does that resets or times out; absent where that cannot be had. */
  abandon?(setup: Uint8Array, data?: Uint8Array): Promise<void>;
  /** The ACK to the data of the next read is lost on its way to the device; absent where the host cannot do that. */
  loseAck?(): void;
  /** The host keeps the bus idle for so many milliseconds, and resumes; absent where it cannot. */
  suspend?(ms: number): Promise<void>;
  /** Bus reset: the device is there again in DFU mode, it has left DFU mode, or it does not answer at its address any more. */
  reset(): Promise<'dfu' | 'other' | 'gone'>;
  /** Lets `ms` milliseconds of the device's time pass. */
  wait(ms: number): Promise<void>;
  /** The device in dfuIDLE, as it was first. False: it cannot be had. */
  fresh(): Promise<boolean>;
  /** Flash that may be written, inside the layout; null: nothing may be. */
  readonly writable: { readonly address: number; readonly length: number } | null;
  /** Byte that erased flash reads, where the device is known: 0x00 on STM32L0 and L1. Left out: 0xFF, and 0x00 is taken for a dialect. */
  readonly erased?: number;
  /** Requests to an interface that is not claimed do not reach the bus (WebUSB). */
  readonly claimedOnly?: boolean;
  /** The whole device may be lost: mass erase, leave. */
  readonly expendable: boolean;
}

/** Why the tests cannot write there; null: they can. Whole sectors only, for the tests erase them. */
export function whyNotWritable(facts: DfuFacts, { address, length }: { readonly address: number; readonly length: number }): string | null {
  if (!isDfuse(facts)) return null;
  const segment = segmentAt(facts.layout, address);
  if (!segment || address + length > segment.end || length <= 0)
    return 'it does not lie inside one segment of the memory that the device names';
  if (!segment.erasable || !segment.writable) return 'the device says that this memory cannot be erased and written';
  const whole = (address - segment.start) % segment.sectorSize === 0 && length % segment.sectorSize === 0;
  return whole ? null : `it is not whole sectors of ${segment.sectorSize} bytes, which the tests erase`;
}
