/**
 * One connection to the USB/IP server: bytes in, bytes out, no sockets. All input is hostile: what does not fit the protocol ends the
 * connection with a line in the log and nothing else. A device that leaves the bus ends the connection, which the client sees as an unplug.
 */
import { MS, type Ps } from '../emu/time.ts';
import type { HeldBus } from './held-bus.ts';
import { joinBytes } from './state.ts';
import type { OutsideResult, TransferStatus } from './types.ts';
import {
  BUS_ID_BYTES,
  CMD,
  DEVICE_ID,
  deviceList,
  deviceRecord,
  ERRNO,
  ISO_DESCRIPTOR,
  isoReply,
  OP,
  OP_HEADER,
  OP_STATUS,
  opReply,
  readBusId,
  readIsoDescriptors,
  readOpHeader,
  readUrbHeader,
  URB_HEADER,
  URB_ZERO_PACKET,
  urbReply,
  USBIP_VERSION,
  type IsoDescriptor,
  type UrbHeader,
} from './usbip-protocol.ts';

/** Largest transfer; Linux drivers stay far below. */
const MAX_TRANSFER = 1 << 20;
const MAX_PENDING = 256;
/** Packets of an isochronous transfer (USBIP_MAX_ISO_PACKETS of Linux). */
const MAX_PACKETS = 1024;
const MAX_BUFFER = 2 * MAX_TRANSFER;
/** Virtual time in which a device that is away may come back before a client is told that there is none. */
const COMES_BACK: Ps = 10_000 * MS;
/** An IN pipe that has been idle this long is listened to, not waited for. */
const LISTENS: Ps = 50 * MS;
/**
 * After the last answer virtual time goes on this long, as real time does: a device that was told to leave leaves, and one that erases gets on
 * while its client sleeps through bwPollTimeout (dfu-util 0.11: up to 35 s).
 */
const LINGER: Ps = 40_000 * MS;

/** What the connections of one server share. */
export interface UsbIpExport {
  readonly bus: HeldBus;
  readonly busId: string;
  readonly log: (text: string) => void;
  /** The connection that has imported the device. */
  owner: UsbIpConnection | null;
  /** Time of the timeline until which it goes on by itself. */
  lingerUntil: Ps;
}
export const usbIpExport = (bus: HeldBus, busId: string, log: (text: string) => void): UsbIpExport => ({
  bus,
  busId,
  log,
  owner: null,
  lingerUntil: 0,
});

export interface Wire {
  send(bytes: Uint8Array): void;
  /** After what was sent has gone out. */
  close(): void;
}

interface Urb {
  readonly id: number;
  readonly input: boolean;
}

export class UsbIpConnection {
  private readonly shared: UsbIpExport;
  private readonly wire: Wire;
  private buffer: Uint8Array = new Uint8Array(0);
  private closed = false;
  private busy = false;
  /** Session of the device that was imported. */
  private device: object | null = null;
  private readonly urbs = new Map<number, Urb>();
  private readonly stop = new AbortController();
  private answered = 0;

  constructor(shared: UsbIpExport, wire: Wire) {
    this.shared = shared;
    this.wire = wire;
  }

  get imported(): boolean {
    return this.device !== null;
  }

  receive(bytes: Uint8Array): void {
    if (this.closed) return;
    this.buffer = this.buffer.length === 0 ? bytes.slice() : joinBytes(this.buffer, bytes);
    if (this.buffer.length > MAX_BUFFER) return this.refuse('bytes that no request asked for');
    void this.serve();
  }

  /** The peer has gone, or the server ends. Transfers that are out are taken back. */
  end(): void {
    if (this.closed) return;
    this.closed = true;
    this.buffer = new Uint8Array(0);
    this.stop.abort();
    for (const { id } of this.urbs.values()) {
      this.usb.cancel(id);
      this.usb.takeResult(id);
    }
    this.urbs.clear();
    if (this.shared.owner === this) {
      this.shared.owner = null;
      this.shared.log('the client has let go of the device');
    }
    this.wire.close();
  }

  private get usb(): HeldBus['usb'] {
    return this.shared.bus.usb;
  }
  private refuse(why: string): void {
    this.shared.log(`connection closed: ${why}`);
    this.end();
  }
  private send(bytes: Uint8Array): void {
    if (!this.closed) this.wire.send(bytes);
  }
  /** The first `n` bytes once they are there. */
  private take(n: number): Uint8Array | null {
    if (this.buffer.length < n) return null;
    const head = this.buffer.subarray(0, n);
    this.buffer = this.buffer.subarray(n);
    return head;
  }

  /** Takes in complete messages, one after the other. */
  private async serve(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      while (!this.closed && (this.imported ? this.serveUrb() : await this.serveOp()));
    } finally {
      this.busy = false;
    }
  }

  // Before the import

  private async serveOp(): Promise<boolean> {
    if (this.buffer.length < OP_HEADER) return false;
    const { version, code } = readOpHeader(this.buffer);
    if (code !== OP.REQ_DEVLIST && code !== OP.REQ_IMPORT) return this.refused(`operation 0x${code.toString(16)} is not known`);
    const reply = code === OP.REQ_DEVLIST ? OP.REP_DEVLIST : OP.REP_IMPORT;
    if (version !== USBIP_VERSION) {
      this.send(opReply(reply, OP_STATUS.ERROR));
      return this.refused(`USB/IP version 0x${version.toString(16)}, not 0x${USBIP_VERSION.toString(16)}`);
    }
    if (code === OP.REQ_DEVLIST) {
      this.take(OP_HEADER);
      // a device that another client has is not there for this one
      const here = this.shared.owner === null && (await this.deviceComes());
      this.send(deviceList(here ? this.usb.state.device : null, this.shared.busId));
      return true;
    }
    const request = this.take(OP_HEADER + BUS_ID_BYTES);
    if (!request) return false;
    await this.import(readBusId(request.subarray(OP_HEADER)));
    return true;
  }

  private refused(why: string): false {
    this.refuse(why);
    return false;
  }

  private deviceComes(): Promise<boolean> {
    const { bus } = this.shared;
    return bus.wait(() => this.usb.outsideReady, { limit: bus.now + COMES_BACK, signal: this.stop.signal });
  }

  private async import(busId: string): Promise<void> {
    const { shared, usb } = this;
    const no = (status: number, why: string): void => {
      this.send(opReply(OP.REP_IMPORT, status));
      shared.log(`import of ${JSON.stringify(busId)} refused: ${why}`);
    };
    if (busId !== shared.busId) return no(OP_STATUS.NO_DEVICE, `the device is ${shared.busId}`);
    if (shared.owner !== null) return no(OP_STATUS.BUSY, 'another client has it');
    shared.owner = this;
    const here = await this.deviceComes();
    // as freshly plugged: vhci_hcd forwards neither port resets nor SET_ADDRESS
    if (here) usb.resetDevice();
    if (!here || !(await this.deviceComes())) {
      if (shared.owner === this) shared.owner = null;
      return no(OP_STATUS.NO_DEVICE, 'no device is on the bus');
    }
    if (this.closed) return;
    this.device = usb.session();
    const info = usb.state.device!;
    this.send(opReply(OP.REP_IMPORT, OP_STATUS.OK, deviceRecord(info, busId, false)));
    shared.log(`imported ${info.vid.toString(16).padStart(4, '0')}:${info.pid.toString(16).padStart(4, '0')}`);
    void this.watchDevice();
  }

  /** Ends the connection when the device leaves the bus; time goes on while URBs are out, and `LINGER` after. */
  private async watchDevice(): Promise<void> {
    const { shared, usb } = this;
    shared.lingerUntil = shared.bus.now + LINGER;
    const gone = (): boolean => this.closed || usb.session() !== this.device;
    while (!gone()) {
      const seen = this.answered;
      const moved = (): boolean => gone() || this.answered !== seen;
      await shared.bus.wait(moved, { limit: shared.lingerUntil, pace: 'real' });
      if (gone() || shared.bus.now < shared.lingerUntil) continue;
      await new Promise<void>((next) => (this.onAnswered = next));
    }
    if (this.closed) return;
    shared.log(`the device has left the bus (${usb.sessions.at(-1)?.endedBy ?? 'detach'})`);
    this.end();
    // what comes after it (the application) has its time too
    const until = shared.bus.now + COMES_BACK;
    await shared.bus.wait(() => usb.outsideReady, { limit: until, pace: 'real' });
  }
  private onAnswered: (() => void) | null = null;

  // URBs

  private serveUrb(): boolean {
    if (this.buffer.length < URB_HEADER) return false;
    const urb = readUrbHeader(this.buffer);
    if (urb.command === CMD.UNLINK) {
      this.take(URB_HEADER);
      this.unlink(urb);
      return true;
    }
    if (urb.command !== CMD.SUBMIT) return this.refused(`command ${urb.command} is not known`);
    const wrong = this.wrongWith(urb);
    if (wrong !== null) return this.refused(wrong);
    const bytes = urb.input ? 0 : urb.length;
    const message = this.take(URB_HEADER + bytes + ISO_DESCRIPTOR * Math.max(0, urb.packets));
    if (!message) return false;
    const data = message.slice(URB_HEADER, URB_HEADER + bytes);
    if (urb.packets > 0) this.submitIsochronous(urb, data, readIsoDescriptors(message.subarray(URB_HEADER + bytes), urb.packets));
    else this.submit(urb, data);
    return true;
  }

  private wrongWith(urb: UrbHeader): string | null {
    if (urb.deviceId !== DEVICE_ID) return `device id 0x${urb.deviceId.toString(16)} was not imported`;
    if (urb.length < 0 || urb.length > MAX_TRANSFER) return `a transfer of ${urb.length} bytes`;
    if (urb.endpoint > 15) return `endpoint ${urb.endpoint}`;
    if (urb.packets > MAX_PACKETS) return `${urb.packets} isochronous packets`;
    if (this.urbs.has(urb.sequence)) return `sequence number ${urb.sequence} is out already`;
    return this.urbs.size >= MAX_PENDING ? `${MAX_PENDING} transfers are out` : null;
  }

  private submit(urb: UrbHeader, data: Uint8Array): void {
    if (urb.endpoint === 0 && directionsDiffer(urb)) {
      this.send(urbReply(CMD.RET_SUBMIT, urb.sequence, -ERRNO.EINVAL));
      return;
    }
    if (urb.endpoint === 0 && isPortReset(urb) && this.answered > 0) return void this.resetThenSubmit(urb);
    const { usb } = this;
    const id =
      urb.endpoint === 0
        ? usb.submitControl(controlSetup(urb), data, Infinity)
        : usb.submitPipe(
            urb.endpoint | (urb.input ? 0x80 : 0),
            urb.input ? urb.length : data,
            !urb.input && (urb.flags & URB_ZERO_PACKET) !== 0,
          );
    this.urbs.set(urb.sequence, { id, input: urb.input });
    void this.answer(urb, id);
  }

  /** Packets that lie outside of the client's buffer, or that the endpoint does not take, are -EINVAL. */
  private submitIsochronous(urb: UrbHeader, data: Uint8Array, packets: readonly IsoDescriptor[]): void {
    const { usb } = this;
    const endpoint = urb.endpoint | (urb.input ? 0x80 : 0);
    const fits = packets.every((p) => p.offset + p.length <= urb.length);
    if (!fits || !usb.takesIsochronous(endpoint, packets)) {
      this.send(urbReply(CMD.RET_SUBMIT, urb.sequence, -ERRNO.EINVAL));
      return;
    }
    const lengths = packets.map((p) => p.length);
    const sent = urb.input ? null : Uint8Array.from(packets.flatMap((p) => [...data.subarray(p.offset, p.offset + p.length)]));
    const id = usb.submitIsochronous(endpoint, lengths, sent);
    this.urbs.set(urb.sequence, { id, input: urb.input });
    void this.answer(urb, id, packets);
  }

  /** The kernel has reset its port, which vhci_hcd keeps to itself: the device gets its reset now. */
  private async resetThenSubmit(urb: UrbHeader): Promise<void> {
    const { usb } = this;
    this.urbs.set(urb.sequence, { id: -1, input: true });
    usb.resetDevice();
    await this.deviceComes();
    if (this.closed || !this.urbs.has(urb.sequence)) return;
    const id = usb.submitControl(controlSetup(urb), new Uint8Array(0), Infinity);
    this.urbs.set(urb.sequence, { id, input: true });
    await this.answer(urb, id);
  }

  private async answer(urb: UrbHeader, id: number, packets: readonly IsoDescriptor[] = []): Promise<void> {
    const { bus } = this.shared;
    const { usb } = this;
    let result = usb.takeResult(id);
    const { signal } = this.stop;
    const came = (): boolean => (result ??= usb.takeResult(id)) !== null || this.urbs.get(urb.sequence)?.id !== id;
    // an IN pipe may have nothing to say for long
    const quick = urb.endpoint === 0 || !urb.input || packets.length > 0;
    if (!(await bus.wait(came, { signal, ...(quick ? {} : { limit: bus.now + LISTENS }) }))) await bus.wait(came, { signal, pace: 'real' });
    if (result === null || this.closed || !this.urbs.delete(urb.sequence)) return;
    this.answered++;
    this.shared.lingerUntil = bus.now + LINGER;
    this.onAnswered?.();
    // a device that has gone is told of by the end of the connection
    if (result.status === 'cancelled') return;
    const data = urb.input ? result.data : new Uint8Array(0);
    if (packets.length > 0) return this.send(isoReply(urb.sequence, packets, endsOf(result, packets), data));
    this.send(urbReply(CMD.RET_SUBMIT, urb.sequence, URB_STATUS[result.status], result.actual, data));
  }

  private unlink(urb: UrbHeader): void {
    const target = this.urbs.get(urb.length);
    this.urbs.delete(urb.length);
    if (target) {
      this.usb.cancel(target.id);
      this.usb.takeResult(target.id);
    }
    this.send(urbReply(CMD.RET_UNLINK, urb.sequence, target ? -ERRNO.ECONNRESET : 0));
  }
}

/** How each packet has ended; one that did not come to its turn was not moved. */
const endsOf = ({ status, packets = [] }: OutsideResult, asked: readonly IsoDescriptor[]): { actual: number; status: number }[] =>
  asked.map((_, i) => {
    const p = packets[i];
    return p ? { actual: p.actual, status: URB_STATUS[p.status] } : { actual: 0, status: URB_STATUS[status === 'ok' ? 'error' : status] };
  });

const URB_STATUS: Readonly<Record<TransferStatus, number>> = {
  ok: 0,
  stall: -ERRNO.EPIPE,
  error: -ERRNO.EPROTO,
  babble: -ERRNO.EOVERFLOW,
  timeout: -ERRNO.ETIMEDOUT,
  cancelled: -ERRNO.ESHUTDOWN,
};

/** wLength of the setup packet never exceeds the buffer of the URB. */
function controlSetup(urb: UrbHeader): Uint8Array {
  const setup = urb.setup.slice();
  const length = Math.min(setup[6]! | (setup[7]! << 8), urb.length);
  setup[6] = length & 0xff;
  setup[7] = length >>> 8;
  return setup;
}

/** The setup packet has a data stage in the other direction than the URB. */
const directionsDiffer = ({ setup, input }: UrbHeader): boolean =>
  (setup[6] !== 0 || setup[7] !== 0) && ((setup[0]! & 0x80) !== 0) !== input;

/** GET_DESCRIPTOR(DEVICE, 64): Linux asks it after a reset of the port, and at no other time (hub_port_init). */
const PORT_RESET = [0x80, 6, 0, 1, 0, 0, 64, 0];
const isPortReset = (urb: UrbHeader): boolean => PORT_RESET.every((byte, i) => urb.setup[i] === byte);
