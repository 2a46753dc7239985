/**
 * A client outside the simulated host (WebUSB, USB/IP, property tests) that has taken the device. Its transfers go over the same bus; what an
 * operating system's USB core does at some of them (data toggles, alternate settings) is done here.
 */
import type { DeviceInfo, EndpointInfo } from './descriptors.ts';
import type { IsoPacket, Transfer, TransferStatus, UsbSimState } from './types.ts';

export const OUTSIDE = 'outside.';
/** Results that nobody has fetched; the oldest goes first. */
const MAX_RESULTS = 1024;

const REQUEST = { CLEAR_FEATURE: 1, SET_ADDRESS: 5, SET_CONFIGURATION: 9, SET_INTERFACE: 11 } as const;
const TO_DEVICE = 0x00;
const TO_INTERFACE = 0x01;
const TO_ENDPOINT = 0x02;

/** SET_ADDRESS belongs to the host's core; a client's is acknowledged and not sent, as vhci_hcd does. */
export const isSetAddress = (setup: Uint8Array): boolean => setup[0] === TO_DEVICE && setup[1] === REQUEST.SET_ADDRESS;

/** Endpoint of the alternate settings in force; undefined where there is none. Bit 7 of the address: IN. */
export function endpointInForce(state: UsbSimState, address: number): EndpointInfo | undefined {
  for (const i of state.device?.interfaces ?? []) {
    if (i.alternate !== (state.alternates[i.number] ?? 0)) continue;
    const found = i.endpoints.find((e) => e.address === address);
    if (found) return found;
  }
  return undefined;
}

/** As it is now: the bus goes on with the transfer itself. */
export const copyOf = (t: Readonly<Transfer>): Transfer => ({ ...t, setup: t.setup?.slice() ?? null, data: t.data.slice(), held: null });

/** Of a pipe that goes to an interrupt endpoint of the device on the bus. */
export function isInterruptTransfer(state: UsbSimState, { kind, endpoint }: Readonly<Transfer>): boolean {
  if (kind === 'control') return false;
  const found = endpointInForce(state, endpoint | (kind === 'in' ? 0x80 : 0));
  return found !== undefined && (found.attributes & 3) === 3;
}

/** Who asked, for `describeRequest`: a client outside that asks a DFU interface speaks DFU. */
export function driverOf({ device }: UsbSimState, { tag, setup }: Readonly<Transfer>): string {
  const driver = tag.slice(0, tag.indexOf('.'));
  if (!tag.startsWith(OUTSIDE) || setup === null || (setup[0]! & CLASS_TO_INTERFACE) !== CLASS_TO_INTERFACE) return driver;
  const asked = device?.interfaces.find(({ number }) => number === setup[4]);
  return asked?.classCode === 0xfe && asked.subclass === 1 ? 'dfu' : driver;
}
/** Of bmRequestType. */
const CLASS_TO_INTERFACE = 0x21;

/** Frames from one packet to the next of an isochronous endpoint (USB 2.0 §9.6.6, bInterval at full speed); null where it is none. */
export function isoInterval(found: EndpointInfo | undefined): number | null {
  return found && (found.attributes & 3) === 1 && found.maxPacket > 0 ? 2 ** Math.min(15, Math.max(0, found.interval - 1)) : null;
}

/** The client's transfer has ended. */
export function outsideDone(state: UsbSimState, t: Transfer, status: TransferStatus, data: Uint8Array): void {
  if (status === 'ok' && t.setup) noteRequest(state, t.setup);
  addResult(state, Number(t.tag.slice(OUTSIDE.length)), status, data, t.kind === 'out' || isOut(t) ? t.sent : data.length, t.iso?.done);
}

export function addResult(
  state: UsbSimState,
  id: number,
  status: TransferStatus,
  data: Uint8Array,
  actual: number,
  packets?: readonly IsoPacket[],
): void {
  state.outside.push({ id, status, data, actual, ...(packets ? { packets } : {}) });
  if (state.outside.length > MAX_RESULTS) state.outside.shift();
}

const isOut = (t: Transfer): boolean => t.setup !== null && (t.setup[0]! & 0x80) === 0;

function noteRequest(state: UsbSimState, setup: Uint8Array): void {
  const [type, request, valueLow = 0, valueHigh = 0, indexLow = 0] = setup;
  if (type === TO_DEVICE && request === REQUEST.SET_CONFIGURATION) {
    state.alternates = {};
    state.toggles = {};
  } else if (type === TO_INTERFACE && request === REQUEST.SET_INTERFACE) {
    forgetToggles(state, state.device, indexLow);
    state.alternates[indexLow] = valueLow;
    forgetToggles(state, state.device, indexLow);
  } else if (type === TO_ENDPOINT && request === REQUEST.CLEAR_FEATURE && valueLow === 0 && valueHigh === 0) {
    delete state.toggles[toggleName(indexLow)];
  }
}

/** USB 2.0 §9.1.1.5: the endpoints of an interface that is set start with DATA0. */
function forgetToggles(state: UsbSimState, info: DeviceInfo | null, number: number): void {
  for (const i of info?.interfaces ?? []) if (i.number === number) for (const e of i.endpoints) delete state.toggles[toggleName(e.address)];
}
const toggleName = (address: number): string => `${address & 0x80 ? 'in' : 'out'}${address & 0xf}`;
