/**
 * The endpoint machine that ST's full-speed device blocks share: USB FSDEV (F0, F3, L0, G4…) and USB_DRD_FS (H5, U0, C0, G0). Endpoint
 * registers with toggle bits, packet memory with a buffer descriptor table, CNTR/ISTR/DADDR/FNR/BCDR. The two differ only in names and
 * in the packet memory (a `UsbFsVariant`).
 *
 * Modelled: control, bulk, interrupt and isochronous endpoints, double buffering, bus reset, suspend and wake-up flags, SOF, buffer
 * overrun, ERR of damaged and missing packets, pull-up, remote wake-up (wire `usb.resume`), charger detection as far as a standard downstream
 * port answers it.
 * Not modelled: host mode, LPM L1, PMAOVR (needs a memory slower than any that a chip has).
 * The transceiver is ready at once after PDWN is cleared (silicon: 1 µs at most, `reported`).
 *
 * Sources: RM0091 and RM0365 chapter "USB" (rules of EPnR, overrun), RM0481 chapter "USB" (renames), facts/usb-dfu.md section 6.
 */
import type { UsbInAnswer, UsbLoss } from '../../emu/ports.ts';
import type { Layout, Register, RegisterContext } from '../../emu/registers.ts';
import type { Wire } from '../../emu/wires.ts';
import type { UsbPins } from './usb-pins.ts';
import { USB_PULLUP, USB_RESUME, USB_SOF, USB_VBUS, USB_WAKEUP } from '../wires.ts';
import { isUsbRate } from './usb-clock.ts';

/** Bits of an endpoint register; the same places in EPnR and CHEPnR. */
const EP = {
  EA: 0xf,
  STAT_TX: 0x30,
  DTOG_TX: 0x40,
  CTR_TX: 0x80,
  KIND: 0x100,
  TYPE: 0x600,
  SETUP: 0x800,
  STAT_RX: 0x3000,
  DTOG_RX: 0x4000,
  CTR_RX: 0x8000,
} as const;
const CTR_BOTH = EP.CTR_TX | EP.CTR_RX;
/** Bits that a write toggles. */
const TOGGLES = EP.STAT_TX | EP.DTOG_TX | EP.STAT_RX | EP.DTOG_RX;
/** Bits that a write stores. */
const PLAIN = EP.EA | EP.KIND | EP.TYPE;

/** STAT_RX and STAT_TX; 0 = disabled. */
const STAT = { STALL: 1, NAK: 2, VALID: 3 } as const;
const TYPE = { BULK: 0, CONTROL: 1, ISO: 2 } as const;

const ISTR = {
  ID: 0xf,
  DIR: 0x10,
  ESOF: 0x100,
  SOF: 0x200,
  RESET: 0x400,
  SUSP: 0x800,
  WKUP: 0x1000,
  ERR: 0x2000,
  CTR: 0x8000,
} as const;
/** Flags that a written 0 clears; CTR, DIR and the endpoint number are read-only. */
const ISTR_CLEARABLE = 0x37f80;
/** Flags of ISTR with a mask at the same place in CNTR. */
const ISTR_MASKABLE = 0x3ff80;
const CNTR = { FRES: 0x1, PDWN: 0x2, LPMODE: 0x4, FSUSP: 0x8, L2RES: 0x10, HOST: 0x80000000 } as const;
const DADDR_EF = 0x80;
const BCDR = { BCDEN: 0x1, DCDEN: 0x2, DCDET: 0x10, PDET: 0x20, SDET: 0x40, PS2DET: 0x80, DPPU: 0x8000 } as const;
const FNR_RXDP = 0x8000;
const FNR_LCK = 0x2000;

export interface UsbFsState {
  /** Packet memory. */
  pma: Uint8Array;
  /** Interrupt: 0 = low, else 1 + the line of the row that is high. */
  line: number;
  /** Endpoint register whose IN data is on the wire, + 1; 0 = none. */
  inFlight: number;
  /** The host drives SE0. */
  se0: boolean;
  /** This SE0 has been taken as a bus reset. */
  resetSeen: boolean;
  /** Frames seen since the last reset or resume; FNR.LCK needs two. */
  frames: number;
}

/** A buffer descriptor's place: endpoint register n, half 0 (transmit) or 1 (receive). */
export interface UsbFsVariant {
  /** Name of endpoint register n: `CHEP0R`. */
  endpointName(n: number): string;
  /** Byte offset of the packet memory in the block, and its size. */
  readonly pmaOffset: number;
  readonly pmaBytes: number;
  /** Bytes of one packet-memory access: narrower ones are a guest error. */
  readonly pmaWidth: 2 | 4;
  /** The CPU sees one half-word of it in each word (F103, F303xB and xC). */
  readonly scattered: boolean;
  readonly clock: string;
  /** Wire that says whether the transceiver has its supply; null = always. */
  readonly supplyWire: Wire | null;
  /** Wire that switches the pull-up of D+ where the block has no BCDR; left out: on the board. */
  readonly pullUpWire?: Wire;
  readonly pins: UsbPins;
  /** Wire that moves the interrupt to the second line of the row. */
  readonly irqWire?: Wire;
  /** CTR asks for its interrupt whatever CTRM says. */
  readonly ctrUnmasked?: boolean;
  /** LPMODE/SUSPRDY follows FSUSP by hardware instead of being written. */
  readonly suspendReady: boolean;
  /** Offset of the table in the packet memory. */
  tableBase(c: Context): number;
  address(pma: DataView, entry: number, half: 0 | 1): number;
  count(pma: DataView, entry: number, half: 0 | 1): number;
  setCount(pma: DataView, entry: number, half: 0 | 1, count: number): void;
  /** Bytes allocated to a receive buffer. */
  size(pma: DataView, entry: number, half: 0 | 1): number;
}

export type Context = RegisterContext<UsbFsState>;

/** NUM_BLOCK and BL_SIZE of a receive descriptor as bytes. */
export const receiveBytes = (blSize: number, numBlock: number): number => (blSize ? (numBlock + 1) * 32 : numBlock * 2);

/** CRC16 of a data packet, as it travels on the wire (low byte first). */
function crc16(data: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of data) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc ^ 0xffff;
}

const statRx = (ep: number): number => (ep >>> 12) & 3;
const statTx = (ep: number): number => (ep >>> 4) & 3;
const typeOf = (ep: number): number => (ep >>> 9) & 3;
const doubleBuffered = (ep: number): boolean => typeOf(ep) === TYPE.BULK && (ep & EP.KIND) !== 0;
const withStat = (ep: number, rx: number, tx: number): number => (ep & ~(EP.STAT_RX | EP.STAT_TX)) | (rx << 12) | (tx << 4);

/** Stateless: all state is in the context. One per layout and variant. */
export class UsbFsMachine {
  readonly endpoints: readonly Register[];
  readonly cntr: Register;
  readonly istr: Register;
  readonly fnr: Register;
  readonly daddr: Register;
  /** null: no pull-up inside, the board or SYSCFG has one. */
  readonly bcdr: Register | null;
  readonly variant: UsbFsVariant;

  constructor(layout: Layout, variant: UsbFsVariant) {
    this.variant = variant;
    this.endpoints = Array.from({ length: 8 }, (_, n) => layout.reg(variant.endpointName(n)));
    this.cntr = layout.reg('CNTR');
    this.istr = layout.reg('ISTR');
    this.fnr = layout.reg('FNR');
    this.daddr = layout.reg('DADDR');
    this.bcdr = layout.has('BCDR') ? layout.reg('BCDR') : null;
  }

  create(): UsbFsState {
    return { pma: new Uint8Array(this.variant.pmaBytes), line: 0, inFlight: 0, se0: false, resetSeen: false, frames: 0 };
  }

  /** The transceiver works, and has its pins. */
  private powered(c: Context): boolean {
    const { supplyWire, pins } = this.variant;
    return (supplyWire === null || c.env.wire(supplyWire) !== 0) && (c.get(this.cntr) & CNTR.PDWN) === 0 && pins.routed(c.env);
  }
  pulledUp(c: Context): boolean {
    // ASSUMED of a pull-up on the board: the host bears with a device that does not answer before the block works.
    const { pullUpWire } = this.variant;
    if (pullUpWire !== undefined) return c.env.wire(pullUpWire) === 1 && this.powered(c);
    const up = this.bcdr === null ? c.env.clocked() : (c.get(this.bcdr) & BCDR.DPPU) !== 0;
    return up && this.powered(c);
  }
  /** Transceiver, bus interface and kernel clock work: the block follows the bus. */
  private live(c: Context): boolean {
    if (!this.powered(c) || !c.env.clocked() || (c.get(this.cntr) & (CNTR.FRES | CNTR.HOST)) !== 0) return false;
    return isUsbRate(c.env.clockRate(this.variant.clock));
  }

  /** Brings what follows from the registers up to date: ISTR.CTR/DIR/ID, interrupt line, pull-up, a reset that is waiting on the wire. */
  sync(c: Context): void {
    const { s } = c;
    if (s.se0 && !s.resetSeen && this.live(c)) this.takeReset(c);
    let istr = c.get(this.istr) & ~(ISTR.CTR | ISTR.DIR | ISTR.ID);
    const pending = this.pendingEndpoint(c);
    if (pending >= 0) istr |= ISTR.CTR | pending | (c.get(this.endpoints[pending]!) & EP.CTR_RX ? ISTR.DIR : 0);
    c.put(this.istr, istr);
    const mask = c.get(this.cntr) | (this.variant.ctrUnmasked === true ? ISTR.CTR : 0);
    const line = (istr & mask & ISTR_MASKABLE) !== 0 ? 1 + this.moved(c) : 0;
    if (line !== s.line) {
      if (s.line > 0) c.env.irq(s.line - 1, false);
      s.line = line;
      if (line > 0) c.env.irq(line - 1, true);
    }
    c.env.setWire(USB_PULLUP, this.pulledUp(c) ? 1 : 0);
  }

  /** 1 while the second line of the row is in use. */
  private moved(c: Context): 0 | 1 {
    const { irqWire } = this.variant;
    return irqWire && c.env.wire(irqWire) !== 0 ? 1 : 0;
  }

  /** Isochronous and double-buffered endpoints come first, then the lowest register number (RM0091, USB_ISTR.EP_ID). */
  private pendingEndpoint(c: Context): number {
    let plain = -1;
    for (let n = 0; n < 8; n++) {
      const ep = c.get(this.endpoints[n]!);
      if ((ep & CTR_BOTH) === 0) continue;
      if (typeOf(ep) === TYPE.ISO || doubleBuffered(ep)) return n;
      if (plain < 0) plain = n;
    }
    return plain;
  }

  /** What a bus reset and CNTR.FRES both do: endpoint registers without their CTR bits, and DADDR. */
  private clearForReset(c: Context): void {
    for (const r of this.endpoints) c.put(r, c.get(r) & CTR_BOTH);
    c.put(this.daddr, 0);
    c.put(this.istr, c.get(this.istr) | ISTR.RESET);
    c.s.inFlight = 0;
    c.s.frames = 0;
  }
  private takeReset(c: Context): void {
    c.s.resetSeen = true;
    this.clearForReset(c);
  }
  /** Bus activity while the block is suspended: WKUP and LPMODE change without any clock, and EXTI hears of it (RM0091, USB_ISTR.WKUP). */
  private wake(c: Context): void {
    if (!this.powered(c) || (c.get(this.cntr) & CNTR.FSUSP) === 0) return;
    c.put(this.istr, c.get(this.istr) | ISTR.WKUP);
    c.put(this.cntr, c.get(this.cntr) & ~CNTR.LPMODE);
    c.env.setWire(USB_WAKEUP, 1);
    c.env.setWire(USB_WAKEUP, 0);
  }

  /** Pull-up and resume follow the registers alone, and supplies. */
  drivesByItself(c: Context): readonly Wire[] {
    return (c.get(this.cntr) & CNTR.FSUSP) === 0 ? [USB_SOF] : [USB_SOF, USB_WAKEUP];
  }

  onReset(c: Context): void {
    // Packet memory is RAM: it keeps its contents.
    c.s.inFlight = c.s.frames = 0;
    c.s.resetSeen = false;
    this.sync(c);
  }

  // Registers

  readRegister(c: Context, r: Register, value: number): number {
    // RXDP/RXDM are the line itself: J (D+ high) while the pull-up is on and nobody drives.
    if (r === this.fnr) return value | (this.pulledUp(c) && !c.s.se0 ? FNR_RXDP : 0);
    if (r === this.bcdr && (value & BCDR.BCDEN) !== 0) {
      // A standard downstream port: data contact with a cable, no charger (PDET and SDET stay 0).
      if ((value & BCDR.DCDEN) !== 0 && this.powered(c) && c.env.wire(USB_VBUS) !== 0) return value | BCDR.DCDET;
    }
    return value;
  }

  /** The value to store for a CPU write. `raw` holds the written lanes in place. */
  writeRegister(c: Context, r: Register, merged: number, raw: number, lanes: number): number {
    const old = c.get(r);
    if (r === this.istr) return old & (raw | ~lanes | ~ISTR_CLEARABLE);
    if (r === this.cntr) return this.variant.suspendReady ? (merged & ~CNTR.LPMODE) | (merged & CNTR.FSUSP ? CNTR.LPMODE : 0) : merged;
    const n = this.endpoints.indexOf(r);
    if (n < 0) return merged;
    // Held in reset: the endpoint registers stay cleared.
    if (c.get(this.cntr) & CNTR.FRES) return old & (raw | ~lanes | ~CTR_BOTH);
    const stored = PLAIN & lanes;
    const toggled = raw & TOGGLES;
    const cleared = CTR_BOTH & lanes & ~raw;
    return (((old & ~stored) | (raw & stored)) ^ toggled) & ~cleared;
  }

  wroteRegister(c: Context, r: Register, value: number, old: number): void {
    if (r === this.cntr) {
      // The device drives K while it is suspended and L2RES (RESUME) is set.
      c.env.setWire(USB_RESUME, value & CNTR.L2RES && value & CNTR.FSUSP && this.pulledUp(c) ? 1 : 0);
      if (value & CNTR.FRES) this.clearForReset(c);
      else if (old & CNTR.FRES) c.s.resetSeen = false;
      if (value & ~old & CNTR.HOST) c.env.note('guest-error', 'USB CNTR.HOST set: host mode is not modelled, the device part is off');
    } else if (r === this.daddr && c.get(this.cntr) & CNTR.FRES) {
      c.put(r, 0);
    } else if (r === this.istr && c.get(this.cntr) & CNTR.FRES) {
      // The reset that FRES forces lasts: its flag comes back.
      c.put(r, value | (old & ISTR.RESET));
    }
    this.sync(c);
  }

  // Packet memory, from the CPU

  /** A narrow read takes its lanes of the word: harmless, so not worth a note. */
  /** Byte of the packet memory behind an address of the CPU; -1 = none. Scattered: a half-word in each word, its upper half is nothing. */
  private place(offset: number): number {
    if (!this.variant.scattered || offset < 0) return offset;
    return offset & 2 ? -1 : ((offset >>> 2) << 1) | (offset & 1);
  }
  pmaRead(c: Context, offset: number, size: number): number {
    if (this.variant.scattered && size > 2) size = 2;
    const at = this.place(offset - this.variant.pmaOffset);
    if (at < 0) return 0;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = ((value << 8) | (c.s.pma[at + i] ?? 0)) >>> 0;
    return value;
  }
  pmaWrite(c: Context, offset: number, size: number, value: number): number {
    const { pmaOffset, pmaBytes, pmaWidth } = this.variant;
    const at = this.place(offset - pmaOffset);
    if (at < 0 || at + pmaWidth > pmaBytes) return 0;
    if (this.variant.scattered && size > 2) size = 2;
    if (at + size > pmaBytes) return 0;
    if (size >= pmaWidth) {
      for (let i = 0; i < size; i++) c.s.pma[at + i] = (value >>> (i * 8)) & 0xff;
      return 0;
    }
    // The APB bridge widens a narrow write by repeating its data (RM0008 §3.1 "AHB/APB bridges"), and the memory has no byte lanes.
    c.env.note(
      'guest-error',
      `USB packet memory: ${size * 8}-bit write at +0x${offset.toString(16)}, it takes ${pmaWidth * 8}-bit accesses only`,
    );
    const base = at & ~(pmaWidth - 1);
    for (let i = 0; i < pmaWidth; i++) c.s.pma[base + i] = (value >>> ((i % size) * 8)) & 0xff;
    return 0;
  }

  // The bus

  busReset(c: Context, active: boolean): void {
    c.s.se0 = active;
    if (active) {
      c.s.resetSeen = false;
      this.wake(c);
    }
    this.sync(c);
  }
  suspend(c: Context, active: boolean): void {
    if (!active) this.wake(c);
    else if (this.live(c) && (c.get(this.cntr) & CNTR.FSUSP) === 0) {
      // Three frames were expected and missed.
      c.put(this.istr, c.get(this.istr) | ISTR.ESOF | ISTR.SUSP);
      c.put(this.fnr, c.get(this.fnr) | 0x1800);
    }
    c.s.frames = 0;
    this.sync(c);
  }
  startOfFrame(c: Context, frame: number): void {
    if (!this.live(c)) return;
    c.s.frames = Math.min(c.s.frames + 1, 2);
    c.put(this.fnr, (frame & 0x7ff) | (c.s.frames >= 2 ? FNR_LCK : 0));
    c.put(this.istr, c.get(this.istr) | ISTR.SOF);
    c.env.setWire(USB_SOF, (frame & 0x7ff) + 1);
    // nothing else that follows from registers has changed
    if (c.get(this.cntr) & ISTR.SOF) this.sync(c);
  }

  /** The endpoint register that answers in the direction `stat` (STAT_RX or STAT_TX, not disabled), or -1. */
  private select(c: Context, address: number, endpoint: number, stat: number): number {
    const daddr = c.get(this.daddr);
    if (!this.live(c) || (daddr & DADDR_EF) === 0 || (daddr & 0x7f) !== address) return -1;
    return this.endpoints.findIndex((r) => (c.get(r) & EP.EA) === endpoint && (c.get(r) & stat) !== 0);
  }
  private entry(c: Context, n: number): number {
    return (this.variant.tableBase(c) + n * 8) & (this.variant.pmaBytes - 1);
  }
  private view(c: Context): DataView {
    return new DataView(c.s.pma.buffer, c.s.pma.byteOffset, c.s.pma.byteLength);
  }

  setup(c: Context, address: number, endpoint: number, data: Uint8Array): 'ack' | 'none' {
    const n = this.select(c, address, endpoint, EP.STAT_RX);
    if (n < 0) return 'none';
    const ep = c.get(this.endpoints[n]!);
    // A reception that software has not acknowledged keeps the endpoint from answering at all.
    if (typeOf(ep) !== TYPE.CONTROL || ep & EP.CTR_RX) return 'none';
    if (!this.receive(c, n, 1, data)) return 'none';
    c.put(this.endpoints[n]!, withStat(ep | EP.CTR_RX | EP.SETUP | EP.DTOG_TX | EP.DTOG_RX, STAT.NAK, STAT.NAK));
    this.sync(c);
    return 'ack';
  }

  // eslint-disable-next-line complexity -- answers to a packet in the order in which the hardware decides
  out(c: Context, address: number, endpoint: number, toggle: 0 | 1, data: Uint8Array): 'ack' | 'nak' | 'stall' | 'none' {
    const n = this.select(c, address, endpoint, EP.STAT_RX);
    if (n < 0) return 'none';
    const r = this.endpoints[n]!;
    const ep = c.get(r);
    const type = typeOf(ep);
    if (statRx(ep) === STAT.STALL) return type === TYPE.ISO ? 'none' : 'stall';
    if (statRx(ep) === STAT.NAK) return type === TYPE.ISO ? 'none' : 'nak';
    const dtog = (ep & EP.DTOG_RX) !== 0 ? 1 : 0;
    const swBuf = (ep & EP.DTOG_TX) !== 0 ? 1 : 0;
    const double = doubleBuffered(ep);
    if (double && dtog === swBuf) return 'nak';
    // The data that follows a lost handshake: acknowledged again and dropped.
    if (type !== TYPE.ISO && toggle !== dtog) return 'ack';
    // STATUS_OUT: only an empty packet is right.
    if (type === TYPE.CONTROL && ep & EP.KIND && data.length > 0) return 'stall';
    if (!this.receive(c, n, double || type === TYPE.ISO ? (dtog as 0 | 1) : 1, data)) return type === TYPE.ISO ? 'none' : 'stall';
    let next = (ep | EP.CTR_RX) ^ EP.DTOG_RX;
    if (type === TYPE.CONTROL) next &= ~EP.SETUP;
    if (!double && type !== TYPE.ISO) next = withStat(next, STAT.NAK, statTx(next));
    c.put(r, next);
    this.sync(c);
    return type === TYPE.ISO ? 'none' : 'ack';
  }

  /** Copies a packet and its CRC into the receive buffer. False: buffer overrun (RM0365: STALL instead of ACK, no interrupt). */
  private receive(c: Context, n: number, half: 0 | 1, data: Uint8Array): boolean {
    if (this.store(c, n, half, data, 2) < data.length) return false;
    this.variant.setCount(this.view(c), this.entry(c, n), half, data.length);
    return true;
  }
  /** The bytes of a packet, and so many of its CRC, as far as the buffer goes. Returns the buffer's size. */
  private store(c: Context, n: number, half: 0 | 1, data: Uint8Array, crcBytes: number): number {
    const { variant } = this;
    const pma = this.view(c);
    const entry = this.entry(c, n);
    const size = variant.size(pma, entry, half);
    const at = variant.address(pma, entry, half);
    const mask = variant.pmaBytes - 1;
    if (at + Math.min(size, data.length) > variant.pmaBytes)
      c.env.note('guest-error', `USB endpoint register ${n}: receive buffer at 0x${at.toString(16)} runs past the packet memory`);
    const crc = crc16(data);
    for (let i = 0; i < Math.min(size, data.length + crcBytes); i++)
      c.s.pma[(at + i) & mask] = i < data.length ? data[i]! : (crc >>> ((i - data.length) * 8)) & 0xff;
    return size;
  }

  /**
   * ERR: a wrong CRC, a packet that breaks off, or none where one was due (RM0091, USB_ISTR: NANS, CRC, BST, FVIO; documented). What came of data lies in the
   * buffer up to the place of the error; toggles, STAT and COUNTn_RX stay, so that the repetition finds all as it was (RM0365 "OUT and SETUP packets", documented).
   */
  lost(c: Context, { packet, how, address, endpoint, setup, data }: UsbLoss): void {
    if (!this.live(c)) return;
    if (packet !== 'token') {
      const n = this.select(c, address, endpoint, packet === 'data' ? EP.STAT_RX : EP.STAT_TX);
      if (n < 0) return;
      if (packet === 'handshake') c.s.inFlight = 0;
      else if (data.length > 0 && this.takes(c.get(this.endpoints[n]!), setup)) {
        const ep = c.get(this.endpoints[n]!);
        const half = doubleBuffered(ep) || typeOf(ep) === TYPE.ISO ? ((ep & EP.DTOG_RX) !== 0 ? 1 : 0) : 1;
        this.store(c, n, half, data, how === 'crc' ? 2 : 0);
      }
    }
    c.put(this.istr, c.get(this.istr) | ISTR.ERR);
    this.sync(c);
  }
  /** Its buffer is open to a packet. */
  private takes(ep: number, setup: boolean): boolean {
    if (setup) return typeOf(ep) === TYPE.CONTROL && (ep & EP.CTR_RX) === 0;
    const full = doubleBuffered(ep) && ((ep & EP.DTOG_RX) !== 0) === ((ep & EP.DTOG_TX) !== 0);
    return statRx(ep) === STAT.VALID && !full;
  }

  in(c: Context, address: number, endpoint: number): UsbInAnswer {
    const n = this.select(c, address, endpoint, EP.STAT_TX);
    if (n < 0) return 'none';
    const ep = c.get(this.endpoints[n]!);
    const type = typeOf(ep);
    if (statTx(ep) === STAT.STALL) return type === TYPE.ISO ? 'none' : 'stall';
    if (statTx(ep) === STAT.NAK) return type === TYPE.ISO ? 'none' : 'nak';
    const dtog: 0 | 1 = (ep & EP.DTOG_TX) !== 0 ? 1 : 0;
    const double = doubleBuffered(ep);
    if (double && dtog === ((ep & EP.DTOG_RX) !== 0 ? 1 : 0)) return 'nak';
    const half = double || type === TYPE.ISO ? dtog : 0;
    const pma = this.view(c);
    const entry = this.entry(c, n);
    const at = this.variant.address(pma, entry, half);
    const count = this.variant.count(pma, entry, half);
    const mask = this.variant.pmaBytes - 1;
    if (at + count > this.variant.pmaBytes)
      c.env.note('guest-error', `USB endpoint register ${n}: transmit buffer at 0x${at.toString(16)} runs past the packet memory`);
    const data = Uint8Array.from({ length: count }, (_, i) => c.s.pma[(at + i) & mask]!);
    c.s.inFlight = n + 1;
    if (type === TYPE.ISO) this.inAcknowledged(c, address, endpoint);
    return { toggle: type === TYPE.ISO ? 0 : dtog, data };
  }

  inAcknowledged(c: Context, _address: number, _endpoint: number): void {
    if (c.s.inFlight === 0) return;
    const r = this.endpoints[c.s.inFlight - 1]!;
    c.s.inFlight = 0;
    const ep = c.get(r);
    let next = (ep | EP.CTR_TX) ^ EP.DTOG_TX;
    if (!doubleBuffered(ep) && typeOf(ep) !== TYPE.ISO) next = withStat(next, statRx(next), STAT.NAK);
    c.put(r, next);
    this.sync(c);
  }
}
