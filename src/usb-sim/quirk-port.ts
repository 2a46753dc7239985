/**
 * What some DFU ROMs do otherwise than the device on the port, packet by packet: it stands between the bus and the controller, so that every host and every client sees it. All it
 * remembers is plain data of the bus.
 */
import type { UsbDevicePort, UsbInAnswer, UsbLoss } from '../emu/ports.ts';
import { DESCRIPTOR } from './descriptors.ts';
import { DFU, DFU_STATE, DFUSE_CODE, dfuseAddress } from './dfu-protocol.ts';
import type { QuirkState } from './types.ts';

/** Left out: as the device does. */
export interface PortQuirks {
  /** GET_DESCRIPTOR of the functional descriptor is not answered: NAK until the next SETUP. */
  readonly functionalHangs?: boolean;
  /** bLength of strings says more bytes than come. */
  readonly longStrings?: boolean;
  /** Behind the erase of a page from this address on the device stays dfuDNBUSY, until it gets CLRSTATUS. */
  readonly busyFrom?: number;
}

const freshQuirks = (): QuirkState => ({ setup: new Uint8Array(8), first: false, instead: null, stuck: false, poll: new Uint8Array(3) });

const GET_DESCRIPTOR = 6;
/** bmRequestType: class requests to an interface (DFU 1.1 §3). */
const CLASS_OUT = 0x21;
const CLASS_IN = 0xa1;
/** What leads out of a state: the device refuses it while it is stuck. */
const MOVES = [
  [CLASS_OUT, DFU.DNLOAD],
  [CLASS_IN, DFU.UPLOAD],
  [CLASS_OUT, DFU.ABORT],
] as const;
/** Characters are two bytes. */
const TOO_LONG = 2;

export class QuirkPort implements UsbDevicePort {
  private readonly inner: UsbDevicePort;
  private readonly quirks: PortQuirks;
  private readonly bus: { readonly state: { quirks?: QuirkState } };

  /** @param bus where the state is kept; a restored bus has another one */
  constructor(inner: UsbDevicePort, quirks: PortQuirks, bus: { readonly state: { quirks?: QuirkState } }) {
    this.inner = inner;
    this.quirks = quirks;
    this.bus = bus;
  }

  attached(): boolean {
    return this.inner.attached();
  }
  busReset(active: boolean): void {
    this.bus.state.quirks = freshQuirks();
    this.inner.busReset(active);
  }
  suspend(active: boolean): void {
    this.inner.suspend(active);
  }
  startOfFrame(frame: number): void {
    this.inner.startOfFrame(frame);
  }
  lost(loss: UsbLoss): void {
    this.inner.lost(loss);
  }

  setup(address: number, endpoint: number, data: Uint8Array): 'ack' | 'none' {
    const { state } = this;
    state.setup = data.slice();
    state.first = true;
    state.instead = endpoint === 0 ? this.answerInstead(state) : null;
    if (state.instead !== null) return 'ack';
    const answer = this.inner.setup(address, endpoint, data);
    if (answer === 'ack' && isClass(state, CLASS_OUT, DFU.CLRSTATUS)) state.stuck = false;
    return answer;
  }
  out(address: number, endpoint: number, toggle: 0 | 1, data: Uint8Array): 'ack' | 'nak' | 'stall' | 'none' {
    const { state } = this;
    if (endpoint !== 0) return this.inner.out(address, endpoint, toggle, data);
    if (state.instead !== null) return state.instead;
    const answer = this.inner.out(address, endpoint, toggle, data);
    if (answer === 'ack' && isClass(state, CLASS_OUT, DFU.DNLOAD) && this.wedges(state.setup, data)) state.stuck = true;
    return answer;
  }
  in(address: number, endpoint: number): UsbInAnswer {
    if (endpoint !== 0) return this.inner.in(address, endpoint);
    if (this.state.instead !== null) return this.state.instead;
    const answer = this.inner.in(address, endpoint);
    return typeof answer === 'string' || answer.data.length === 0 || !this.state.first
      ? answer
      : { toggle: answer.toggle, data: this.told(answer.data) };
  }
  inAcknowledged(address: number, endpoint: number): void {
    if (endpoint === 0) this.state.first = false;
    this.inner.inAcknowledged(address, endpoint);
  }

  private get state(): QuirkState {
    return (this.bus.state.quirks ??= freshQuirks());
  }

  private answerInstead({ setup, stuck }: QuirkState): 'nak' | 'stall' | null {
    if (this.quirks.functionalHangs && isDescriptor(setup, DESCRIPTOR.DFU)) return 'nak';
    return stuck && MOVES.some(([type, request]) => setup[0] === type && setup[1] === request) ? 'stall' : null;
  }
  /** An erase command (AN3156: `41`, then the address) for where the quirk is. */
  private wedges(setup: Uint8Array, data: Uint8Array): boolean {
    const { busyFrom } = this.quirks;
    if (busyFrom === undefined || setup[2] !== 0 || setup[3] !== 0 || data.length !== 5 || data[0] !== DFUSE_CODE.ERASE) return false;
    return dfuseAddress(data) >= busyFrom;
  }

  /** The first packet of an answer as the quirks make it. */
  private told(data: Uint8Array): Uint8Array {
    const { state } = this;
    if (this.quirks.longStrings && isDescriptor(state.setup, DESCRIPTOR.STRING) && state.setup[2] !== 0)
      return with8(data, 0, Math.min(0xff, data[0]! + TOO_LONG));
    if (!state.stuck) return data;
    if (isClass(state, CLASS_IN, DFU.GETSTATE)) return isDone(data[0]!) ? with8(data, 0, DFU_STATE.DNBUSY) : data;
    return isClass(state, CLASS_IN, DFU.GETSTATUS) && data.length >= 5 ? this.status(state, data) : data;
  }
  private status(state: QuirkState, data: Uint8Array): Uint8Array {
    // the erase has failed: there is nothing to wait for
    if (data[4] === DFU_STATE.ERROR) state.stuck = false;
    if (data[4] === DFU_STATE.DNBUSY) state.poll = data.slice(1, 4);
    if (!isDone(data[4]!)) return data;
    const busy = data.slice();
    busy.set(state.poll, 1);
    busy[4] = DFU_STATE.DNBUSY;
    return busy;
  }
}

/** The state that the device is in behind the erase. */
const isDone = (state: number): boolean => state === DFU_STATE.DNLOAD_IDLE;
const isClass = ({ setup }: QuirkState, type: number, request: number): boolean => setup[0] === type && setup[1] === request;
const isDescriptor = (setup: Uint8Array, kind: number): boolean =>
  (setup[0]! & 0xe0) === 0x80 && setup[1] === GET_DESCRIPTOR && setup[3] === kind;
function with8(data: Uint8Array, at: number, value: number): Uint8Array {
  const copy = data.slice();
  copy[at] = value;
  return copy;
}
