/**
 * SPI with CFG1, CFG2 and separate TXDR and RXDR (H7, H5, U5). Modelled: master transfers with their times, a slave whom a master outside clocks (frames of eight bits, SS low
 * by pin or by SSI; wires of `OutsideMaster`), UDR, TSIZE, all communication modes, FIFO thresholds and
 * packing, TXP, RXP, DXP, EOT, TXTF, TXC, OVR, SUSP, RXPLVL, RXWNE, CTSIZE, interrupts, DMA requests.
 *
 * Facts: registers ST SVD; flags and FIFO rules RM0399 SPI, RM0481 SPI (documented); no delay between SS and data (assumed: MSSI and MIDI are left out).
 * A device of the board answers through wires: `<block>.sent` is the frame, `<block>.asks` its number of bits; it sets `<block>.answer` and `<block>.answered`.
 * Without one a received bit is the level of the MISO pin, which is its pull's.
 * DMA: `<block>.dma.tx` and `<block>.dma.rx` are 1 while a transfer is wanted. Wires read: `af.<pin>` and `in.<pin>` of the pins in `miso`.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { BoardWires, OUTSIDE_ANSWER, OutsideMaster, kindOfAsk } from '../pins/board-wires.ts';
import type { Wire } from '../../emu/wires.ts';
import { alternateOf, inputLevel, ofBlock } from '../wires.ts';

export interface SpiH7Options {
  readonly block: string;
  /** Its kernel clock. */
  readonly clock: string;
  /** Pins that can be MISO, with the number of the alternate function. */
  readonly miso?: readonly (readonly [pin: string, af: number])[];
  readonly fifoBytes?: number;
}
export interface SpiH7State {
  tx: number[];
  rx: number[];
  shifting: boolean;
  /** The frame that is on the wire. */
  frame: number;
  /** Frames written to TXDR and frames gone over the wire in this transfer. */
  written: number;
  done: number;
  /** Latched flags, as SR bits. */
  flags: number;
  suspend: boolean;
  /** Its clock is off: it hears nothing. */
  off: boolean;
}
type Ctx = RegisterContext<SpiH7State>;

const CR1 = { SPE: 1, MASRX: 1 << 8, CSTART: 1 << 9, CSUSP: 1 << 10, HDDIR: 1 << 11, SSI: 1 << 12 };
const CFG1 = { RXDMAEN: 1 << 14, TXDMAEN: 1 << 15, BPASS: 0x80000000 };
const CFG2 = { MASTER: 1 << 22, SSM: 1 << 26, SSOE: 1 << 29 };
const SR = {
  RXP: 1,
  TXP: 1 << 1,
  DXP: 1 << 2,
  EOT: 1 << 3,
  TXTF: 1 << 4,
  UDR: 1 << 5,
  OVR: 1 << 6,
  MODF: 1 << 9,
  SUSP: 1 << 11,
  TXC: 1 << 12,
  RXWNE: 1 << 15,
};
const CLEARABLE = 0xbf8;
/** CFG2.COMM. */
const [SEND_ONLY, RECEIVE_ONLY, HALF_DUPLEX] = [1, 2, 3];

class SpiH7 {
  private readonly r: Readonly<Record<'CR1' | 'CR2' | 'CFG1' | 'CFG2' | 'IER' | 'SR' | 'IFCR' | 'TXDR' | 'RXDR', Register>>;
  private readonly o: SpiH7Options;
  private readonly dma: { readonly tx: Wire; readonly rx: Wire };
  private readonly miso: readonly { readonly selected: Wire; readonly af: number; readonly level: Wire }[];
  private readonly board: BoardWires;
  readonly outside: OutsideMaster;
  private readonly capacityBytes: number;

  constructor(layout: Layout, options: SpiH7Options) {
    this.o = options;
    this.dma = { tx: ofBlock(options.block, 'dma.tx'), rx: ofBlock(options.block, 'dma.rx') };
    this.miso = (options.miso ?? []).map(([pin, af]) => ({ selected: alternateOf(pin), af, level: inputLevel(pin) }));
    this.board = new BoardWires(options.block);
    this.outside = new OutsideMaster(options.block);
    this.capacityBytes = options.fifoBytes ?? 16;
    const reg = (name: string): Register => layout.reg(name);
    this.r = {
      CR1: reg('CR1'),
      CR2: reg('CR2'),
      CFG1: reg('CFG1'),
      CFG2: reg('CFG2'),
      IER: reg('IER'),
      SR: reg('SR'),
      IFCR: reg('IFCR'),
      TXDR: reg('TXDR'),
      RXDR: reg('RXDR'),
    };
  }
  private bits(c: Ctx): number {
    return Math.max(4, (c.get(this.r.CFG1) & 31) + 1);
  }
  private frameBytes(c: Ctx): number {
    const bits = this.bits(c);
    return bits > 16 ? 4 : bits > 8 ? 2 : 1;
  }
  private capacity(c: Ctx): number {
    return this.capacityBytes / this.frameBytes(c);
  }
  /** Frames in a packet (FTHLV). */
  private packet(c: Ctx): number {
    return ((c.get(this.r.CFG1) >>> 5) & 15) + 1;
  }
  private size(c: Ctx): number {
    return c.get(this.r.CR2) & 0xffff;
  }
  private mode(c: Ctx): number {
    const comm = (c.get(this.r.CFG2) >>> 17) & 3;
    return comm === HALF_DUPLEX ? (c.get(this.r.CR1) & CR1.HDDIR ? SEND_ONLY : RECEIVE_ONLY) : comm;
  }
  isOn(c: Ctx): boolean {
    return (c.get(this.r.CR1) & CR1.SPE) !== 0;
  }
  /** A slave is in its transfer from SPE on: HAL enables EOTIE, which TXC asks by too, before its master has begun (inferred). */
  private started(c: Ctx): boolean {
    return (c.get(this.r.CFG2) & CFG2.MASTER) !== 0 ? (c.get(this.r.CR1) & CR1.CSTART) !== 0 : this.isOn(c);
  }
  // eslint-disable-next-line complexity -- one line for each flag of SR
  private status(c: Ctx): number {
    const { s } = c;
    const size = this.size(c);
    let v = s.flags;
    const open = size === 0 || s.written < size;
    // The last packet of a transfer may be shorter than the threshold.
    const room = Math.min(this.packet(c), size === 0 ? Infinity : size - s.written);
    if (this.mode(c) !== RECEIVE_ONLY && open && this.capacity(c) - s.tx.length >= room) v |= SR.TXP;
    if (s.rx.length >= this.packet(c)) v |= SR.RXP;
    if (v & SR.TXP && v & SR.RXP) v |= SR.DXP;
    const idle = !s.shifting && (size === 0 ? s.tx.length === 0 : s.done >= size || !this.started(c));
    if (idle) v |= SR.TXC;
    const bytes = this.frameBytes(c);
    if (s.rx.length * bytes >= 4) v |= SR.RXWNE;
    v |= ((s.rx.length % Math.max(1, 4 / bytes)) & 3) << 13;
    if (size > 0 && this.isOn(c)) v |= (size - s.done) << 16;
    return v >>> 0;
  }
  // eslint-disable-next-line complexity -- each condition under which a frame does not start
  private start(c: Ctx): void {
    const { s } = c;
    const cr1 = c.get(this.r.CR1);
    if (s.shifting || !this.isOn(c) || !(cr1 & CR1.CSTART) || !(c.get(this.r.CFG2) & CFG2.MASTER)) return;
    const size = this.size(c);
    if (size > 0 && s.done >= size) return;
    if (s.suspend) return this.suspended(c);
    const mode = this.mode(c);
    if (mode !== RECEIVE_ONLY && s.tx.length === 0) return;
    // MASRX: the clock waits for room in the FIFO. Behind an overrun nothing changes until it is read.
    if (mode !== SEND_ONLY && s.rx.length >= this.capacity(c) && (cr1 & CR1.MASRX || s.flags & SR.OVR)) return;
    s.frame = mode === RECEIVE_ONLY ? 0 : s.tx.shift()!;
    s.shifting = true;
    const cfg1 = c.get(this.r.CFG1);
    const divider = cfg1 & CFG1.BPASS ? 1 : 2 ** (((cfg1 >>> 28) & 7) + 1);
    c.env.arm('frame', c.env.clockTimeOf(this.o.clock, c.env.clockCount(this.o.clock) + this.bits(c) * divider));
  }
  private suspended(c: Ctx): void {
    c.s.suspend = false;
    c.s.flags |= SR.SUSP;
    c.put(this.r.CR1, c.get(this.r.CR1) & ~(CR1.CSTART | CR1.CSUSP));
  }
  private received(c: Ctx): number {
    const answer = this.board.ask(c.env, this.bits(c), c.s.frame);
    if (answer !== null) return answer % 2 ** this.bits(c);
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
    s.done++;
    if (this.mode(c) !== SEND_ONLY) {
      if (s.rx.length < this.capacity(c)) s.rx.push(brought);
      else s.flags |= SR.OVR;
    }
    if (this.size(c) > 0 && s.done >= this.size(c)) {
      s.flags |= SR.EOT;
      c.put(this.r.CR1, c.get(this.r.CR1) & ~CR1.CSTART);
    }
    this.sync(c);
  }
  /** A master outside has pulled SS. */
  private selected(c: Ctx): boolean {
    const [cr1, cfg2] = [c.get(this.r.CR1), c.get(this.r.CFG2)];
    if (c.s.off || !(cr1 & CR1.SPE) || cfg2 & CFG2.MASTER || this.bits(c) !== 8) return false;
    return !(cfg2 & CFG2.SSM && cr1 & CR1.SSI);
  }
  /** It begins a frame, or has sent it. */
  asked(c: Ctx, ask: number): void {
    const { s } = c;
    if (!this.selected(c)) return this.outside.answer(c.env, OUTSIDE_ANSWER.refused);
    if (kindOfAsk(ask) === 'read') {
      if (s.tx.length === 0) s.flags |= SR.UDR;
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
    c.put(this.r.SR, v);
    const cfg1 = c.get(this.r.CFG1);
    const on = this.isOn(c);
    c.env.setWire(this.dma.tx, on && cfg1 & CFG1.TXDMAEN && v & SR.TXP ? 1 : 0);
    // What is left below the threshold at the end is asked for as well.
    const rest = v & SR.EOT && c.s.rx.length > 0;
    c.env.setWire(this.dma.rx, on && cfg1 & CFG1.RXDMAEN && (v & SR.RXP || rest) ? 1 : 0);
    const ier = c.get(this.r.IER);
    // EOTIE also enables SUSP and TXC.
    const wanted = (ier & 0x3ff) | (ier & SR.EOT ? SR.SUSP | SR.TXC : 0);
    c.env.irq(0, on && (v & wanted) !== 0);
  }
  clear(c: Ctx): void {
    Object.assign(c.s, fresh());
    c.env.disarm('frame');
  }

  /** RXDR gives as many frames as the access has bytes for. */
  private take(c: Ctx, size: number, peeks: boolean): number {
    const { rx } = c.s;
    if (rx.length === 0) return 0;
    const bytes = this.frameBytes(c);
    const frames = Math.max(1, size / bytes);
    const value = rx.slice(0, frames).reduce((v, frame, i) => v | (frame << (8 * bytes * i)), 0) >>> 0;
    if (!peeks) rx.splice(0, frames);
    return value;
  }
  peek(c: Ctx, r: Register, value: number, size: number): number {
    return r === this.r.RXDR ? this.take(c, size, true) : value;
  }
  read(c: Ctx, r: Register, value: number, size: number): number {
    if (r !== this.r.RXDR) return value;
    const data = this.take(c, size, false);
    this.sync(c);
    return data;
  }
  private push(c: Ctx, raw: number, lanes: number): void {
    const { s } = c;
    if (!this.isOn(c)) return;
    const bytes = this.frameBytes(c);
    const width = lanes === 0xff ? 1 : lanes === 0xffff ? 2 : 4;
    const mask = bytes === 4 ? 0xffffffff : 2 ** (8 * bytes) - 1;
    for (let at = 0; at < width; at += bytes) {
      if (s.tx.length >= this.capacity(c)) return;
      s.tx.push(((raw >>> (8 * at)) & mask) >>> 0);
      s.written++;
    }
    if (this.size(c) > 0 && s.written >= this.size(c)) s.flags |= SR.TXTF;
  }
  write(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void {
    const { s } = c;
    const x = this.r;
    if (r === x.SR) return c.get(r);
    if (r === x.IFCR) {
      s.flags &= ~(raw & CLEARABLE);
      return 0;
    }
    if (r === x.TXDR) {
      this.push(c, raw, lanes);
      return 0;
    }
    if (r === x.CFG1 || r === x.CFG2) return this.isOn(c) && r === x.CFG2 ? c.get(r) : merged;
    if (r !== x.CR1) return;
    // CSTART falls by hardware alone; CSUSP is a command.
    const old = c.get(x.CR1);
    if (raw & CR1.CSUSP && old & CR1.CSTART) s.suspend = true;
    return (merged & ~CR1.CSUSP) | (merged & CR1.SPE ? old & CR1.CSTART : 0);
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.r.CR1) {
      const cfg2 = c.get(this.r.CFG2);
      const internalLow = cfg2 & CFG2.SSM && !(value & CR1.SSI) && !(cfg2 & CFG2.SSOE);
      if (value & CR1.SPE && cfg2 & CFG2.MASTER && internalLow) {
        c.s.flags |= SR.MODF;
        c.put(this.r.CR1, value & ~CR1.SPE);
        c.put(this.r.CFG2, cfg2 & ~CFG2.MASTER);
      }
      if (old & CR1.SPE && !(value & CR1.SPE)) {
        c.put(this.r.CR1, value & ~(CR1.CSTART | CR1.CSUSP));
        this.clear(c);
      }
    }
    this.sync(c);
  }
}

const fresh = (): SpiH7State => ({ tx: [], rx: [], shifting: false, frame: 0, written: 0, done: 0, flags: 0, suspend: false, off: false });

export const spiH7: ModelFactory<Partial<SpiH7Options>> = (layout, given): RegisterModel<SpiH7State> => {
  const options = { block: 'SPI', clock: 'pclk2', ...given };
  const block = new SpiH7(layout, options);
  return {
    timers: ['frame'],
    published: (c) => ({ idleBy: block.isOn(c) ? null : { field: 'CR1.SPE', value: 0 } }),
    clocks: [options.clock],
    about: {
      source: 'RM0399 SPI, RM0481 SPI; without a device of the board received bits are the level of the MISO pin',
      confidence: 'documented',
      lacks: [
        'frames of a slave that have not eight bits, UDRCFG',
        'levels of SS, SCK and MOSI, delays of SS',
        'CRC',
        'I2S',
        'TI mode',
        'autonomous mode',
      ],
    },
    modelled: ['CR1', 'CR2', 'CFG1', 'CFG2', 'IER', 'SR', 'IFCR', 'TXDR', 'RXDR'],
    // The SVD of the H745 has lost that CSTART can be set.
    writable: { CR1: layout.reg('CR1').writable | CR1.CSTART },
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
    onClock: (c) => block.sync(c),
    live: ['RXDR'],
    acting: ['RXDR'],
    read: (c, r, value, size) => block.read(c, r, value, size),
    peek: (c, r, value, size) => block.peek(c, r, value, size),
    write: (c, r, merged, raw, lanes) => block.write(c, r, merged, raw, lanes),
    wrote: (c, r, value, old) => block.wrote(c, r, value, old),
  };
};
