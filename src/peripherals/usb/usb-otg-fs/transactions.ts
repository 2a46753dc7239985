/** OTG_FS on the bus: what a SETUP, OUT or IN transaction does to endpoints and FIFOs. */
import type { UsbInAnswer, UsbLoss } from '../../../emu/ports.ts';
import { DCFG, DCTL, DIEPINT, DOEPINT, EPCTL, fifoOf, PKTSTS, STSPHST, TYPE, typeOf } from './bits.ts';
import { dropTx, peekTx } from './fifo.ts';
import type { OtgFsMachine } from './machine.ts';
import type { Context } from './registers.ts';

/** Receive words that OUT data never takes: three SETUP packets and their done word (RM0456 "SETUP transactions", documented). */
const SETUP_RESERVE = 10;
/** The core tells four back-to-back SETUP packets (RM0456, documented). */
const BACK_TO_BACK = 3;

const EP0_SIZES = [64, 32, 16, 8];
const maxPacket = (n: number, control: number): number => (n === 0 ? EP0_SIZES[control & 3]! : control & EPCTL.MPSIZ);

/** PKTCNT of an OUT endpoint: one bit on EP0, else ten. */
const OUT_COUNT = { bit: 19, ep0: 1, other: 0x3ff } as const;
/** PKTCNT of an IN endpoint: two bits on EP0. */
const IN_COUNT = { bit: 19, ep0: 3, other: 0x3ff } as const;

export class OtgFsBus {
  private readonly m: OtgFsMachine;
  constructor(machine: OtgFsMachine) {
    this.m = machine;
  }

  private frameBits(c: Context): number {
    return ((c.get(this.m.dsts) >>> 8) & 0xf) << 21;
  }
  /** The core decodes tokens to this address and endpoint, in the direction of `control`. */
  private decodes(c: Context, address: number, n: number, controls: OtgFsMachine['diepctl']): boolean {
    const { m } = this;
    if (!m.live(c) || c.s.address !== address || n >= m.endpoints) return false;
    return (c.get(controls[n]!) & EPCTL.USBAEP) !== 0;
  }

  setup(c: Context, address: number, n: number, data: Uint8Array): 'ack' | 'none' {
    const { m } = this;
    const { s } = c;
    if (n !== 0 || !this.decodes(c, address, n, m.doepctl)) return 'none';
    if (!m.receive(c, (PKTSTS.SETUP_DATA << 17) | (data.length << 4) | this.frameBits(c), data)) return 'none';
    const size = c.get(m.doeptsiz[0]!);
    const left = size >>> 29;
    c.put(m.doeptsiz[0]!, (size & 0x1fffffff) | (Math.max(left - 1, 0) << 29));
    s.setups++;
    if (s.setups > BACK_TO_BACK) m.set(c, m.doepint[0]!, DOEPINT.B2BSTUP);
    if (!m.old) m.set(c, m.doepint[0]!, DOEPINT.STPKTRX);
    // EPENA falls here, not when the done word is read (inferred: libusb_stm32 sets EPENA before it reads that word, and works).
    c.put(m.doepctl[0]!, (c.get(m.doepctl[0]!) | EPCTL.NAKSTS) & ~(EPCTL.STALL | EPCTL.EPENA));
    c.put(m.diepctl[0]!, (c.get(m.diepctl[0]!) | EPCTL.NAKSTS) & ~EPCTL.STALL);
    s.toggleIn = s.toggleOut = 1;
    s.controlRead = (data[0]! & 0x80) !== 0;
    s.control = true;
    s.outSeen = s.statusSeen = false;
    s.inFlight = 0;
    m.sync(c);
    return 'ack';
  }

  /** The first token after SETUP packets: the setup stage is over (RM0456: the done word is written when the stage changes). */
  private endSetupStage(c: Context): void {
    const { m } = this;
    if (c.s.setups === 0) return;
    c.s.setups = 0;
    // Order and flags as a log of an L475 shows them (hathach/tinyusb issue 1494, measured by others).
    if (m.options.extraOutDone) m.receive(c, (PKTSTS.OUT_DONE << 17) | this.frameBits(c));
    m.receive(c, (PKTSTS.SETUP_DONE << 17) | this.frameBits(c));
  }

  out(c: Context, address: number, n: number, toggle: 0 | 1, data: Uint8Array): 'ack' | 'nak' | 'stall' | 'none' {
    const { m } = this;
    if (!this.decodes(c, address, n, m.doepctl)) return 'none';
    if (n === 0) this.endSetupStage(c);
    const answer = this.takeOut(c, n, toggle, data);
    m.sync(c);
    return answer;
  }

  // eslint-disable-next-line complexity -- answers to a packet in the order in which the hardware decides
  private takeOut(c: Context, n: number, toggle: 0 | 1, data: Uint8Array): 'ack' | 'nak' | 'stall' | 'none' {
    const { m } = this;
    const { s } = c;
    const control = c.get(m.doepctl[n]!);
    const iso = n !== 0 && typeOf(control) === TYPE.ISO;
    if (control & EPCTL.STALL && !iso) return 'stall';
    const enabled = (control & EPCTL.EPENA) !== 0;
    if (!enabled && typeOf(control) === TYPE.CONTROL) m.set(c, m.doepint[n]!, DOEPINT.OTEPDIS);
    const words = 1 + ((data.length + 3) >>> 2) + 1;
    const room = m.rxDepth(c) - SETUP_RESERVE - s.rxUsed;
    // The status stage of a control read asks for NAK alone (inferred: comma.ai's panda, on H725, clears it there and never sets EPENA of endpoint 0).
    const open = enabled || (n === 0 && s.controlRead);
    const refused = !open || (control & EPCTL.NAKSTS) !== 0 || (c.get(m.dctl) & DCTL.GONSTS) !== 0 || words > room;
    if (iso) {
      const oddFrame = (c.get(m.dsts) & 0x100) !== 0;
      if (!refused && oddFrame === ((control & EPCTL.DPID) !== 0)) this.acceptOut(c, n, control, 0, data);
      return 'none';
    }
    if (refused) {
      if (!m.old) m.set(c, m.doepint[n]!, DOEPINT.NAK);
      return 'nak';
    }
    const expected = n === 0 ? s.toggleOut : control & EPCTL.DPID ? 1 : 0;
    // The repeat of a packet whose handshake was lost.
    if (toggle !== expected) return 'ack';
    if (data.length > maxPacket(n, control)) {
      // a babble: later cores tell it (documented: RM0456 §72.15.50, BERR), the older registers have no flag for it (RM0090 §34.16.4)
      if (!m.old) m.set(c, m.doepint[n]!, DOEPINT.BERR);
      return 'none';
    }
    if (n === 0 && s.controlRead && data.length > 0 && c.get(m.dcfg) & DCFG.NZLSOHSK) return 'stall';
    this.acceptOut(c, n, control, toggle, data);
    return 'ack';
  }

  private acceptOut(c: Context, n: number, control: number, toggle: number, data: Uint8Array): void {
    const { m } = this;
    const { s } = c;
    m.receive(c, (PKTSTS.OUT_DATA << 17) | (toggle << 16) | (data.length << 4) | n | this.frameBits(c), data);
    const r = m.doeptsiz[n]!;
    const size = c.get(r);
    const sizeMask = m.sizeMask(n);
    const countMask = n === 0 ? OUT_COUNT.ep0 : OUT_COUNT.other;
    const left = Math.max((size & sizeMask) - data.length, 0);
    // A count of 0 wraps (inferred: libusb_stm32 never programs DOEPTSIZ again and goes on to receive).
    const count = (((size >>> OUT_COUNT.bit) & countMask) - 1) & countMask;
    c.put(r, (size & ~((countMask << OUT_COUNT.bit) | sizeMask)) | (count << OUT_COUNT.bit) | left);
    const short = data.length < maxPacket(n, control);
    const over = short || count === 0;
    // EPENA falls with the packet, not when the done word is read: see setup().
    if (over) control = (control | EPCTL.NAKSTS) & ~EPCTL.EPENA;
    if (short || (count === 0 && left === 0)) m.receive(c, (PKTSTS.OUT_DONE << 17) | n | this.frameBits(c));
    if (n === 0) {
      s.toggleOut ^= 1;
      s.outSeen = true;
    } else if (typeOf(control) !== TYPE.ISO) control ^= EPCTL.DPID;
    c.put(m.doepctl[n]!, control);
  }

  in(c: Context, address: number, n: number): UsbInAnswer {
    const { m } = this;
    if (!this.decodes(c, address, n, m.diepctl)) return 'none';
    if (n === 0) {
      this.endSetupStage(c);
      this.beginStatus(c);
    }
    const answer = this.giveIn(c, n);
    m.sync(c);
    return answer;
  }

  /** The first IN of a control write with data. */
  private beginStatus(c: Context): void {
    const { m } = this;
    const { s } = c;
    if (s.controlRead || !s.outSeen || s.statusSeen) return;
    s.statusSeen = true;
    if (!m.old) m.set(c, m.doepint[0]!, DOEPINT.STSPHSRX);
    if (m.options.extraOutDone) m.receive(c, STSPHST | (PKTSTS.OUT_DONE << 17) | this.frameBits(c));
  }

  // eslint-disable-next-line complexity -- answers to a packet in the order in which the hardware decides
  private giveIn(c: Context, n: number): UsbInAnswer {
    const { m } = this;
    const { s } = c;
    const control = c.get(m.diepctl[n]!);
    const iso = n !== 0 && typeOf(control) === TYPE.ISO;
    if (control & EPCTL.STALL && !iso) return 'stall';
    const fifo = fifoOf(control);
    const dma = m.usesDma(c);
    const used = s.txUsed[fifo]!;
    if (used === 0 && !dma) m.set(c, m.diepint[n]!, DIEPINT.ITTXFE);
    const count = (c.get(m.dieptsiz[n]!) >>> IN_COUNT.bit) & (n === 0 ? IN_COUNT.ep0 : IN_COUNT.other);
    const length = Math.min(maxPacket(n, control), s.toSend[n]!);
    const ready =
      (control & EPCTL.EPENA) !== 0 &&
      (control & EPCTL.NAKSTS) === 0 &&
      (c.get(m.dctl) & DCTL.GINSTS) === 0 &&
      // Endpoint 0 sends its empty packet with a count of 0 too (inferred: comma.ai's panda answers SET_ADDRESS so, on H725).
      (count > 0 || (n === 0 && length === 0)) &&
      (dma || used * 4 >= length);
    if (iso) return this.giveIso(c, n, control, ready ? length : -1);
    if (!ready) {
      if (!m.old) m.set(c, m.diepint[n]!, DIEPINT.NAK);
      return 'nak';
    }
    s.inFlight = n + 1;
    s.inFlightBytes = length;
    const toggle = n === 0 ? (s.toggleIn as 0 | 1) : control & EPCTL.DPID ? 1 : 0;
    return { toggle, data: dma ? m.fetchByDma(c, n, length) : peekTx(s, fifo, m.tx(c, fifo), length) };
  }
  /** Data in the frame of its parity, else an empty packet. */
  private giveIso(c: Context, n: number, control: number, length: number): UsbInAnswer {
    const { m } = this;
    const oddFrame = (c.get(m.dsts) & 0x100) !== 0;
    if (length < 0 || oddFrame !== ((control & EPCTL.DPID) !== 0)) return { toggle: 0, data: new Uint8Array(0) };
    const fifo = fifoOf(control);
    const data = m.usesDma(c) ? m.fetchByDma(c, n, length) : peekTx(c.s, fifo, m.tx(c, fifo), length);
    this.sent(c, n, length);
    return { toggle: 0, data };
  }

  inAcknowledged(c: Context, _address: number, _endpoint: number): void {
    if (c.s.inFlight === 0) return;
    const n = c.s.inFlight - 1;
    c.s.inFlight = 0;
    this.sent(c, n, c.s.inFlightBytes);
    this.m.sync(c);
  }
  /**
   * Damaged and broken packets are dropped inside the core, and what is wrong with OUT data is only told with thresholds, which full speed has not (RM0351,
   * OTG_DOEPINTx.OUTPKTERR; documented). The handshake that does not come to an IN of endpoint 0 is a time-out (OTG_DIEPINTx.TOC: control endpoints alone);
   * the core sends the packet again by itself.
   */
  lost(c: Context, { packet, address, endpoint }: UsbLoss): void {
    const { m } = this;
    if (packet !== 'handshake' || !this.decodes(c, address, endpoint, m.diepctl)) return;
    c.s.inFlight = 0;
    if (typeOf(c.get(m.diepctl[endpoint]!)) === TYPE.CONTROL) m.set(c, m.diepint[endpoint]!, DIEPINT.TOC);
    m.sync(c);
  }
  private sent(c: Context, n: number, length: number): void {
    const { m } = this;
    const { s } = c;
    let control = c.get(m.diepctl[n]!);
    const fifo = fifoOf(control);
    const dma = m.usesDma(c);
    if (dma) c.put(m.diepdma[n]!, c.get(m.diepdma[n]!) + length);
    else dropTx(s, fifo, m.tx(c, fifo), (length + 3) >>> 2);
    s.toSend[n] = Math.max(s.toSend[n]! - length, 0);
    const r = m.dieptsiz[n]!;
    const countMask = n === 0 ? IN_COUNT.ep0 : IN_COUNT.other;
    const count = Math.max(((c.get(r) >>> IN_COUNT.bit) & countMask) - 1, 0);
    // Where the FIFO is filled by writes, those have counted XFRSIZ down.
    const size = dma ? s.toSend[n]! : c.get(r) & m.sizeMask(n);
    c.put(r, (c.get(r) & ~((countMask << IN_COUNT.bit) | m.sizeMask(n))) | (count << IN_COUNT.bit) | size);
    if (n === 0) {
      s.toggleIn ^= 1;
      if (!s.controlRead) {
        s.control = false;
        m.followAddress(c);
      }
    } else if (typeOf(control) !== TYPE.ISO) control ^= EPCTL.DPID;
    if (count === 0) {
      control &= ~EPCTL.EPENA;
      m.set(c, m.diepint[n]!, DIEPINT.XFRC);
    }
    c.put(m.diepctl[n]!, control);
  }
}
