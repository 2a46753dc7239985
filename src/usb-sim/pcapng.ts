/**
 * The transfers of a port as a pcapng file that Wireshark opens as USB: packets of Linux's usbmon (link type 220, USB_LINUX_MMAPPED), one at
 * the start and one at the end of each transfer, at the times of the timeline. Sources: draft-tuexen-opsawg-pcapng; Linux
 * Documentation/usb/usbmon.rst.
 */
import { PS_PER_SECOND, US, type Ps } from '../emu/time.ts';
import type { TappedStatus, Transfer } from './types.ts';
import type { UsbTap } from './usb-sim.ts';
import { ERRNO } from './usbip-protocol.ts';

const LINKTYPE_USB_LINUX_MMAPPED = 220;
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION_TSRESOL = 9;
/** Time stamps count 10^-9 s. */
const NANO = 9;
const PS_PER_NS = 1000;
const USBMON_HEADER = 64;
const XFER = { ISOCHRONOUS: 0, INTERRUPT: 1, CONTROL: 2, BULK: 3 } as const;
const EINPROGRESS = 115;
/** Bytes of a capture, which is kept in memory until its end: a session may last for days, and a client ask without a pause. */
export const LARGEST_CAPTURE = 64 << 20;
/** Packets are kept one behind the other: a small one costs no more memory than its bytes. */
const CHUNK = 1 << 20;

const STATUS: Readonly<Record<TappedStatus, number>> = {
  ok: 0,
  stall: -ERRNO.EPIPE,
  error: -ERRNO.EPROTO,
  babble: -ERRNO.EOVERFLOW,
  timeout: -ERRNO.ENOENT,
  cancelled: -ERRNO.ENOENT,
  // Linux, drivers/usb/core/hcd.c: usb_hcd_flush_endpoint
  gone: -ERRNO.ESHUTDOWN,
};

function block(type: number, body: Uint8Array): Uint8Array {
  const padded = (body.length + 3) & ~3;
  const bytes = new Uint8Array(12 + padded);
  const v = new DataView(bytes.buffer);
  v.setUint32(0, type, true);
  v.setUint32(4, bytes.length, true);
  bytes.set(body, 8);
  v.setUint32(8 + padded, bytes.length, true);
  return bytes;
}

function sectionHeader(): Uint8Array {
  const body = new Uint8Array(16).fill(0xff); // section length: not given
  const v = new DataView(body.buffer);
  v.setUint32(0, BYTE_ORDER_MAGIC, true);
  v.setUint16(4, 1, true);
  v.setUint16(6, 0, true);
  return block(SECTION_HEADER, body);
}
function interfaceDescription(): Uint8Array {
  const body = new Uint8Array(20);
  const v = new DataView(body.buffer);
  v.setUint16(0, LINKTYPE_USB_LINUX_MMAPPED, true);
  v.setUint16(8, OPTION_TSRESOL, true);
  v.setUint16(10, 1, true);
  body[12] = NANO;
  return block(INTERFACE_DESCRIPTION, body);
}

export class PcapngWriter implements UsbTap {
  private readonly isInterrupt: (t: Readonly<Transfer>) => boolean;
  private readonly chunks: Uint8Array[] = [];
  /** Of the last chunk. */
  private used = CHUNK;
  private size = 0;
  private readonly most: number;
  private readonly full: () => void;
  /** Packets that had no room. */
  private missing = 0;
  /** usbmon names a transfer by the address of its URB: here its number. */
  private readonly ids = new WeakMap<Readonly<Transfer>, number>();
  private nextId = 1;

  /**
   * @param isInterrupt tells interrupt transfers from bulk ones; asked where the endpoint is not 0
   * @param most bytes of the file
   * @param full is called once, when a packet has no room
   */
  constructor(isInterrupt: (t: Readonly<Transfer>) => boolean, most = LARGEST_CAPTURE, full: () => void = () => undefined) {
    this.isInterrupt = isInterrupt;
    this.most = most;
    this.full = full;
    this.keep(sectionHeader());
    this.keep(interfaceDescription());
  }

  /** Packets that are not in the file, since it has its bound. */
  get leftOut(): number {
    return this.missing;
  }

  started(t: Readonly<Transfer>, at: Ps): void {
    this.ids.set(t, this.nextId++);
    const out = isOut(t);
    this.add(t, at, 'S', -EINPROGRESS, out ? t.data.subarray(0, t.length) : null);
  }
  ended(t: Readonly<Transfer>, status: TappedStatus, at: Ps): void {
    // one that never went on the wire has no start
    if (!this.ids.has(t)) return;
    this.add(t, at, 'C', STATUS[status], isOut(t) ? null : t.data);
  }
  /** The whole file so far. */
  bytes(): Uint8Array {
    const file = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.chunks) {
      const part = chunk.subarray(0, Math.min(chunk.length, this.size - at));
      file.set(part, at);
      at += part.length;
    }
    return file;
  }

  private keep(bytes: Uint8Array): void {
    this.size += bytes.length;
    for (let at = 0; at < bytes.length;) {
      if (this.used === CHUNK) {
        this.chunks.push(new Uint8Array(CHUNK));
        this.used = 0;
      }
      const part = bytes.subarray(at, at + CHUNK - this.used);
      this.chunks.at(-1)!.set(part, this.used);
      this.used += part.length;
      at += part.length;
    }
  }

  private add(t: Readonly<Transfer>, at: Ps, event: 'S' | 'C', status: number, data: Uint8Array | null): void {
    const made = this.missing > 0 ? null : this.packet(t, at, event, status, data);
    // it ends at the first that has no room: with gaps it would show answers to nothing
    if (made !== null && this.size + made.length <= this.most) return this.keep(made);
    if (this.missing++ === 0) this.full();
  }
  private packet(t: Readonly<Transfer>, at: Ps, event: 'S' | 'C', status: number, data: Uint8Array | null): Uint8Array {
    const packet = this.usbmon(t, at, event, status, data);
    const body = new Uint8Array(20 + packet.length);
    const v = new DataView(body.buffer);
    const nanoseconds = Math.floor(at / PS_PER_NS);
    v.setUint32(4, Math.floor(nanoseconds / 2 ** 32), true);
    v.setUint32(8, nanoseconds >>> 0, true);
    v.setUint32(12, packet.length, true);
    v.setUint32(16, packet.length, true);
    body.set(packet, 20);
    return block(ENHANCED_PACKET, body);
  }

  // eslint-disable-next-line complexity -- one line for each field of usbmon's header; submission and completion fill some of them differently
  private usbmon(t: Readonly<Transfer>, at: Ps, event: 'S' | 'C', status: number, data: Uint8Array | null): Uint8Array {
    const packet = new Uint8Array(USBMON_HEADER + (data?.length ?? 0));
    const v = new DataView(packet.buffer);
    const input = !isOut(t);
    const submit = event === 'S';
    v.setUint32(0, this.ids.get(t) ?? 0, true);
    packet[8] = event.charCodeAt(0);
    packet[9] = this.kindOf(t);
    packet[10] = t.endpoint | (input ? 0x80 : 0);
    packet[11] = t.address;
    v.setUint16(12, 1, true);
    packet[14] = submit && t.setup ? 0 : '-'.charCodeAt(0);
    packet[15] = data !== null ? 0 : (input ? '<' : '>').charCodeAt(0);
    v.setUint32(16, Math.floor(at / PS_PER_SECOND), true);
    v.setUint32(24, Math.floor((at % PS_PER_SECOND) / US), true);
    v.setInt32(28, status, true);
    v.setUint32(32, submit || data !== null ? (submit ? t.length : data!.length) : t.sent, true);
    v.setUint32(36, data?.length ?? 0, true);
    if (submit && t.setup) packet.set(t.setup, 40);
    if (data !== null) packet.set(data, USBMON_HEADER);
    return packet;
  }

  private kindOf(t: Readonly<Transfer>): number {
    if (t.kind === 'control') return XFER.CONTROL;
    if (t.iso) return XFER.ISOCHRONOUS;
    return this.isInterrupt(t) ? XFER.INTERRUPT : XFER.BULK;
  }
}

const isOut = (t: Readonly<Transfer>): boolean => t.kind === 'out' || (t.setup !== null && (t.setup[0]! & 0x80) === 0);
