/**
 * SPI with a data register DR: the version with one frame of buffer (F1, F2, F4) and the one with FIFOs of four bytes (F0, F3, F7, L4, G0, G4…). Modelled: master
 * transfers with their times, a slave whom a master outside clocks (frames of eight bits, NSS low by pin or by SSI; wires of `OutsideMaster`), both directions, receive-only and one-wire modes, FIFO levels and data packing, TXE, RXNE, BSY, OVR, MODF, interrupts, DMA requests.
 *
 * Facts: registers ST SVD; flags, FIFO thresholds, packing: RM0351 SPI, RM0090 28 (documented). OVR falls by a read of DR and then of SR: RM0090 28.3.10 (documented).
 * A device of the board answers through wires: `<block>.sent` is the frame, `<block>.asks` its number of bits; it sets `<block>.answer` and `<block>.answered`.
 * Without one a received bit is the level of the MISO pin, which is its pull's. NSS as an input is high for a master (assumed). A slave without data sends its last
 * frame again (assumed).
 * DMA: `<block>.dma.tx` and `<block>.dma.rx` are 1 while a transfer is wanted. Wires read: `af.<pin>` and `in.<pin>` of the pins in `miso`.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import type { Ps } from '../../emu/time.ts';
import { BoardWires, OUTSIDE_ANSWER, OutsideMaster, kindOfAsk } from '../pins/board-wires.ts';
import type { Wire } from '../../emu/wires.ts';
import { alternateOf, inputLevel, ofBlock } from '../wires.ts';

export interface SpiOptions {
  readonly block: string;
  /** Its bus clock. */
  readonly clock: string;
  /** Pins that can be MISO, with the number of the alternate function. */
  readonly miso?: readonly (readonly [pin: string, af: number])[];
}
export interface SpiState {
  /** Frames that wait. */
  tx: number[];
  /** A frame is on the wire, and which. */
  shifting: boolean;
  frame: number;
  rx: number[];
  /** Latched error flags, as SR bits. */
  errors: number;
  /** DR has been read since OVR rose: the next read of SR clears it. */
  overrunRead: boolean;
  /** Its clock is off: it hears nothing. */
  off: boolean;
}
type Ctx = RegisterContext<SpiState>;

const CR1 = { MSTR: 1 << 2, SPE: 1 << 6, SSI: 1 << 8, SSM: 1 << 9, RXONLY: 1 << 10, DFF: 1 << 11, BIDIOE: 1 << 14, BIDIMODE: 1 << 15 };
const CR2 = { RXDMAEN: 1, TXDMAEN: 1 << 1, SSOE: 1 << 2, ERRIE: 1 << 5, RXNEIE: 1 << 6, TXEIE: 1 << 7, FRXTH: 1 << 12 };
const SR = { RXNE: 1, TXE: 1 << 1, MODF: 1 << 5, OVR: 1 << 6, BSY: 1 << 7 };
const FIFO_BYTES = 4;

class Spi {
  private readonly cr1: Register;
  private readonly cr2: Register;
  readonly sr: Register;
  readonly dr: Register;
  /** The version with FIFOs. */
  private readonly fifo: boolean;
  private readonly o: SpiOptions;
  private readonly dma: { readonly tx: Wire; readonly rx: Wire };
  private readonly miso: readonly { readonly selected: Wire; readonly af: number; readonly level: Wire }[];
  private readonly board: BoardWires;
  readonly outside: OutsideMaster;

  constructor(layout: Layout, options: SpiOptions) {
    this.o = options;
    this.dma = { tx: ofBlock(options.block, 'dma.tx'), rx: ofBlock(options.block, 'dma.rx') };
    this.miso = (options.miso ?? []).map(([pin, af]) => ({ selected: alternateOf(pin), af, level: inputLevel(pin) }));
    this.board = new BoardWires(options.block);
    this.outside = new OutsideMaster(options.block);
    [this.cr1, this.cr2, this.sr, this.dr] = ['CR1', 'CR2', 'SR', 'DR'].map((n) => layout.reg(n)) as [
      Register,
      Register,
      Register,
      Register,
    ];
    this.fifo = layout.hasField('CR2.DS');
  }
  private bits(c: Ctx): number {
    if (!this.fifo) return c.get(this.cr1) & CR1.DFF ? 16 : 8;
    const ds = (c.get(this.cr2) >>> 8) & 15;
    return ds < 3 ? 8 : ds + 1; // values below 3 are forced to 8 bits
  }
  /** Bytes of FIFO that a frame takes. */
  private frameBytes(c: Ctx): number {
    return this.bits(c) > 8 ? 2 : 1;
  }
  private capacity(c: Ctx): number {
    return this.fifo ? FIFO_BYTES / this.frameBytes(c) : 1;
  }
  private status(c: Ctx): number {
    const { s } = c;
    const bytes = this.frameBytes(c);
    const [txBytes, rxBytes] = [s.tx.length * bytes, s.rx.length * bytes];
    let v = s.errors;
    if (this.fifo ? txBytes <= FIFO_BYTES / 2 : s.tx.length === 0) v |= SR.TXE;
    const enough = this.fifo && !(c.get(this.cr2) & CR2.FRXTH) ? 2 : 1;
    if (rxBytes >= enough) v |= SR.RXNE;
    if (s.shifting || (s.tx.length > 0 && this.isMaster(c))) v |= SR.BSY;
    if (this.fifo) v |= (Math.min(3, rxBytes) << 9) | (Math.min(3, txBytes) << 11);
    return v;
  }
  isOn(c: Ctx): boolean {
    return (c.get(this.cr1) & CR1.SPE) !== 0;
  }
  private isMaster(c: Ctx): boolean {
    const on = CR1.SPE | CR1.MSTR;
    return (c.get(this.cr1) & on) === on;
  }
  /** The master gives its clock without data to send. */
  private receivesOnly(c: Ctx): boolean {
    const cr1 = c.get(this.cr1);
    return cr1 & CR1.BIDIMODE ? !(cr1 & CR1.BIDIOE) : (cr1 & CR1.RXONLY) !== 0;
  }
  private start(c: Ctx): void {
    const { s } = c;
    if (s.shifting || !this.isMaster(c)) return;
    if (this.receivesOnly(c)) {
      // Behind an overrun nothing changes any more until DR is read.
      if (s.errors & SR.OVR) return;
    } else if (s.tx.length === 0) return;
    else s.frame = s.tx.shift()!;
    s.shifting = true;
    const ticks = this.bits(c) * 2 ** (((c.get(this.cr1) >>> 3) & 7) + 1);
    c.env.arm('frame', c.env.clockTimeOf(this.o.clock, c.env.clockCount(this.o.clock) + ticks));
  }
  /** What a frame brings: a device's answer, or MISO stays at its level. */
  private received(c: Ctx): number {
    const bits = this.bits(c);
    const answer = this.board.ask(c.env, bits, c.s.frame);
    if (answer !== null) return answer % 2 ** bits;
    const high = this.miso.some(({ selected, af, level }) => c.env.wire(selected) === af + 1 && c.env.wire(level) === 1);
    return high ? 2 ** this.bits(c) - 1 : 0;
  }
  frameDone(c: Ctx): void {
    const brought = this.received(c);
    this.frameEnds(c, brought);
  }
  private frameEnds(c: Ctx, brought: number): void {
    const { s } = c;
    s.shifting = false;
    const cr1 = c.get(this.cr1);
    const sendsOnly = (cr1 & (CR1.BIDIMODE | CR1.BIDIOE)) === (CR1.BIDIMODE | CR1.BIDIOE);
    if (!sendsOnly) {
      if (s.rx.length < this.capacity(c)) s.rx.push(brought);
      else {
        s.errors |= SR.OVR;
        s.overrunRead = false;
      }
    }
    this.sync(c);
  }
  /** A master outside has pulled NSS. */
  private selected(c: Ctx): boolean {
    const cr1 = c.get(this.cr1);
    if (c.s.off || !(cr1 & CR1.SPE) || cr1 & CR1.MSTR || this.bits(c) !== 8) return false;
    return (cr1 & (CR1.SSM | CR1.SSI)) !== (CR1.SSM | CR1.SSI);
  }
  /** It begins a frame, or has sent it. */
  asked(c: Ctx, ask: number): void {
    const { s } = c;
    if (!this.selected(c)) return this.outside.answer(c.env, OUTSIDE_ANSWER.refused);
    if (kindOfAsk(ask) === 'read') {
      s.frame = s.tx.shift() ?? s.frame;
      s.shifting = true;
      this.outside.answer(c.env, OUTSIDE_ANSWER.data | (s.frame & 0xff));
      this.sync(c);
    } else {
      if (s.shifting) this.frameEnds(c, ask & 0xff);
      this.outside.answer(c.env, OUTSIDE_ANSWER.acknowledged);
    }
  }
  sync(c: Ctx): void {
    this.start(c);
    const v = this.status(c);
    c.put(this.sr, v);
    const cr2 = c.get(this.cr2);
    c.env.setWire(this.dma.tx, cr2 & CR2.TXDMAEN && v & SR.TXE ? 1 : 0);
    c.env.setWire(this.dma.rx, cr2 & CR2.RXDMAEN && v & SR.RXNE ? 1 : 0);
    const wanted = (cr2 & CR2.TXEIE ? SR.TXE : 0) | (cr2 & CR2.RXNEIE ? SR.RXNE : 0) | (cr2 & CR2.ERRIE ? SR.OVR | SR.MODF : 0);
    c.env.irq(0, (v & wanted) !== 0);
  }
  clear(c: Ctx): void {
    Object.assign(c.s, fresh());
    c.env.disarm('frame');
  }

  /** DR gives as many frames as the access has bytes for. */
  private take(c: Ctx, size: number, peeks: boolean): number {
    const { rx } = c.s;
    const bytes = this.frameBytes(c);
    const frames = this.fifo && bytes === 1 && size > 1 ? 2 : 1;
    const value = rx.slice(0, frames).reduce((v, frame, i) => v | (frame << (8 * i)), 0);
    if (rx.length === 0) return c.get(this.dr);
    if (peeks) return value;
    rx.splice(0, frames);
    c.put(this.dr, value);
    return value;
  }
  peek(c: Ctx, r: Register, value: number, size: number): number {
    return r === this.dr ? this.take(c, size, true) : value;
  }
  /** A read of SR changes something only behind an overrun, one of DR only where there is data. */
  holds({ s }: Ctx, r: Register): Ps {
    const acts = r === this.sr ? s.overrunRead : s.rx.length > 0 || s.overrunRead !== ((s.errors & SR.OVR) !== 0);
    return acts ? 0 : Infinity;
  }
  read(c: Ctx, r: Register, value: number, size: number): number {
    const { s } = c;
    if (r === this.sr && s.overrunRead) {
      s.errors &= ~SR.OVR;
      s.overrunRead = false;
      this.sync(c);
    }
    if (r !== this.dr) return value;
    const data = this.take(c, size, false);
    s.overrunRead = (s.errors & SR.OVR) !== 0;
    this.sync(c);
    return data;
  }
  write(c: Ctx, r: Register, raw: number, lanes: number): number | void {
    const { s } = c;
    // Only CRCERR falls by a 0 written here, and it never rises.
    if (r === this.sr) return c.get(this.sr);
    if (r === this.cr1) s.errors &= ~SR.MODF;
    if (r !== this.dr) return;
    const bytes = this.frameBytes(c);
    const packed = this.fifo && bytes === 1 && lanes !== 0xff;
    for (const frame of packed ? [raw & 0xff, (raw >>> 8) & 0xff] : [raw & (bytes === 2 ? 0xffff : 0xff)])
      if (s.tx.length < this.capacity(c)) s.tx.push(frame);
      else s.tx[s.tx.length - 1] = frame;
    // Reads of DR show the receiver's side.
    return c.get(this.dr);
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.cr1) {
      const softwareLow = (value & (CR1.SSM | CR1.SSI)) === CR1.SSM && !(c.get(this.cr2) & CR2.SSOE);
      if (value & CR1.MSTR && value & CR1.SPE && softwareLow) {
        c.s.errors |= SR.MODF;
        c.put(this.cr1, value & ~(CR1.SPE | CR1.MSTR));
      }
      if (old & CR1.SPE && !(c.get(this.cr1) & CR1.SPE)) {
        c.s.shifting = false;
        c.env.disarm('frame');
        if (this.fifo) c.s.tx = [];
      }
    }
    this.sync(c);
  }
}

const fresh = (): SpiState => ({ tx: [], shifting: false, frame: 0, rx: [], errors: 0, overrunRead: false, off: false });

export const spi: ModelFactory<Partial<SpiOptions>> = (layout, given): RegisterModel<SpiState> => {
  const options = { block: 'SPI', clock: 'pclk1', ...given };
  const block = new Spi(layout, options);
  return {
    timers: ['frame'],
    published: (c) => ({ idleBy: block.isOn(c) ? null : { field: 'CR1.SPE', value: 0 } }),
    clocks: [options.clock],
    about: {
      source: 'RM0351 SPI, RM0090 28; without a device of the board received bits are the level of the MISO pin',
      confidence: 'documented',
      lacks: ['frames of a slave that have not eight bits', 'levels of NSS, SCK and MOSI', 'CRC', 'I2S', 'TI mode'],
    },
    modelled: ['CR1', 'CR2', 'SR', 'DR'],
    create: fresh,
    onReset: (c) => {
      block.clear(c);
      block.sync(c);
    },
    onTimer: (c) => block.frameDone(c),
    onGate: (c, on) => {
      c.s.off = !on;
    },
    wires: [block.outside.asks],
    onWire: (c, _wire, value) => block.asked(c, value),
    live: ['SR', 'DR'],
    acting: ['SR', 'DR'],
    holds: (c, r) => block.holds(c, r),
    read: (c, r, value, size) => block.read(c, r, value, size),
    peek: (c, r, value, size) => block.peek(c, r, value, size),
    write: (c, r, _merged, raw, lanes) => block.write(c, r, raw, lanes),
    wrote: (c, r, value, old) => block.wrote(c, r, value, old),
  };
};
