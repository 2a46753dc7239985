/**
 * bxCAN (F0 to F7, L4) with nobody else on its bus, or one node that sends and acknowledges (`OutsideNode`): initialisation, sleep and normal mode with their acknowledges, mailboxes, loop-back with filters and FIFOs, the error
 * counter of frames that are never acknowledged, interrupts.
 *
 * Facts: registers ST SVD; RM0090 32, RM0008 24 (documented). Leaving initialisation or sleep takes eleven recessive bits (documented), entering them one bit (assumed); INRQ goes before SLEEP (inferred, zephyrproject-rtos/zephyr 71142).
 * A frame has no stuff bits (assumed). A node whose bit time differs by more than 1.5 % is not understood (assumed: nobody counts where the sample points lie). CAN2 has the
 * filters of CAN1 from FMR.CAN2SB on, which it asks through wires. RX is recessive: no transceiver, or one that nobody drives.
 */
import { OUTSIDE_ANSWER, OutsideNode, type CanFrame } from '../pins/board-wires.ts';
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { wire } from '../../emu/wires.ts';

export interface BxCanOptions {
  readonly block: string;
  readonly clock: string;
  /** All interrupts are on the first line (F0). */
  readonly oneLine?: boolean;
  /** CAN1 and CAN2 of a chip with both: the second has a part of the first one's filters. */
  readonly filters?: 'lends' | 'borrows';
}
type Frame = CanFrame;
export interface BxCanState {
  /** Mailbox that is being sent, or -1. */
  sending: number;
  /** Frames of the two FIFOs, oldest first. */
  fifos: [Frame[], Frame[]];
  /** Its clock is off: it hears nothing. */
  off: boolean;
}
type Ctx = RegisterContext<BxCanState>;

const MCR = { INRQ: 1, SLEEP: 2, TXFP: 4, NART: 1 << 4, RESET: 1 << 15 };
const AWUM = 1 << 5;
const MSR = { INAK: 1, SLAK: 2, ERRI: 4, WKUI: 8, SLAKI: 16 };
const RFR = { FULL: 8, FOVR: 16, RFOM: 32 };
const IER = { TMEIE: 1, fifo: [2, 16], EWGIE: 1 << 8, EPVIE: 1 << 9, LECIE: 1 << 11, ERRIE: 1 << 15, WKUIE: 1 << 16, SLKIE: 1 << 17 };
const ESR = { EWGF: 1, EPVF: 2, LEC: 7 << 4, ACK_ERROR: 3 << 4 };
const LBKM = 1 << 30;
const SILM = 0x80000000;
const [TXRQ, IDE] = [1, 4];
const DEPTH = 3;
const MAILBOXES = [0, 1, 2] as const;
/** TME0. */
const EMPTY = 1 << 26;
/** RQCP, TXOK, ALST, TERR of a mailbox; RQCP falls by a one and takes the others along. */
const RESULT = 0xf;
const [TXOK, TERR] = [3, 9];
const RECESSIVE_BITS = 11;
/** Bits of a frame without data: 11-bit and 29-bit identifiers, with the pause behind it. */
const FRAME_BITS = [47, 67] as const;
const ERROR_STEP = 8;
const [WARNING, PASSIVE] = [96, 128];

class BxCan {
  private readonly at: (offset: number) => Register;
  private readonly clock: string;
  private readonly oneLine: boolean;
  private readonly filtered: boolean;
  private readonly lends: boolean;
  private readonly borrows: boolean;
  readonly node: OutsideNode;
  readonly mcr: Register;
  readonly msr: Register;
  private readonly tsr: Register;
  private readonly ier: Register;
  private readonly esr: Register;
  private readonly btr: Register;

  constructor(layout: Layout, options: BxCanOptions) {
    this.at = (offset) => layout.at(offset)!;
    this.clock = options.clock;
    this.oneLine = options.oneLine === true;
    this.borrows = options.filters === 'borrows';
    this.filtered = !this.borrows && layout.at(0x200) !== undefined;
    this.lends = options.filters === 'lends' && this.filtered;
    this.node = new OutsideNode(options.block);
    [this.mcr, this.msr, this.tsr] = [this.at(0), this.at(4), this.at(8)];
    [this.ier, this.esr, this.btr] = [this.at(0x14), this.at(0x18), this.at(0x1c)];
  }
  private arm(c: Ctx, timer: string, bits: number): void {
    c.env.arm(timer, c.env.clockTimeOf(this.clock, c.env.clockCount(this.clock) + bits * this.bitClocks(c)));
  }
  private bitClocks(c: Ctx): number {
    const btr = c.get(this.btr);
    return ((btr & 0x3ff) + 1) * (3 + ((btr >>> 16) & 15) + ((btr >>> 20) & 7));
  }
  /** The node outside has this bit rate too. */
  private understands(c: Ctx): boolean {
    const [bit, count] = [this.node.bit(c.env), c.env.clockCount(this.clock)];
    const own = c.env.clockTimeOf(this.clock, count + this.bitClocks(c)) - c.env.clockTimeOf(this.clock, count);
    return bit !== 0 && Math.abs(own - bit) <= bit * TOLERANCE;
  }
  private flags(c: Ctx, r: Register, set: number, clear = 0): void {
    c.put(r, (c.get(r) & ~clear) | set);
  }
  /** Acknowledge that MCR asks for. Initialisation goes before sleep: HAL_CAN_Init waits for INAK while SLEEP stands, as it does from reset (inferred). */
  private wanted(c: Ctx): number {
    const mcr = c.get(this.mcr);
    return mcr & MCR.INRQ || mcr & MCR.SLEEP;
  }
  private follow(c: Ctx): void {
    const wanted = this.wanted(c);
    const mode = c.get(this.msr) & 3;
    if (wanted === mode) return c.env.disarm('mode');
    if (c.env.due('mode') === Infinity && c.s.sending < 0) this.arm(c, 'mode', mode !== 0 && wanted === 0 ? RECESSIVE_BITS : 1);
  }
  private modeChanged(c: Ctx): void {
    const wanted = this.wanted(c);
    const slept = wanted === MCR.SLEEP && (c.get(this.ier) & IER.SLKIE) !== 0;
    this.flags(c, this.msr, wanted | (slept ? MSR.SLAKI : 0), 3);
    this.follow(c);
    this.send(c);
  }

  // ---- Sending
  private id(c: Ctx, i: number): number {
    return c.get(this.at(0x180 + 16 * i));
  }
  /** The pending mailbox with the lowest identifier goes first. */
  private send(c: Ctx): void {
    if (c.s.sending >= 0 || c.get(this.msr) & 3 || c.env.due('mode') !== Infinity || (c.get(this.btr) & (LBKM | SILM)) >>> 0 === SILM)
      return;
    const pending = MAILBOXES.filter((i) => this.id(c, i) & TXRQ);
    if (pending.length === 0) return;
    const first = pending.reduce((a, b) => (this.id(c, b) >>> 3 < this.id(c, a) >>> 3 ? b : a));
    c.s.sending = c.get(this.mcr) & MCR.TXFP ? pending[0]! : first;
    const length = Math.min(8, c.get(this.at(0x184 + 16 * c.s.sending)) & 15);
    this.arm(c, 'frame', FRAME_BITS[this.id(c, c.s.sending) & IDE ? 1 : 0] + 8 * length);
  }
  private frameEnded(c: Ctx): void {
    const i = c.s.sending;
    c.s.sending = -1;
    if (i < 0) return;
    if (c.get(this.btr) & LBKM) {
      const frame = [0, 4, 8, 12].map((o) => c.get(this.at(0x180 + 16 * i + o))) as [number, number, number, number];
      this.done(c, i, TXOK);
      this.receive(c, [frame[0] & ~TXRQ, frame[1] & 15, frame[2], frame[3]]);
    } else if (this.understands(c)) this.answered(c, i);
    else this.unanswered(c, i);
    this.follow(c);
    this.send(c);
  }
  private answered(c: Ctx, i: number): void {
    const [id, length, low, high] = [0, 4, 8, 12].map((o) => c.get(this.at(0x180 + 16 * i + o))) as [number, number, number, number];
    this.done(c, i, TXOK);
    const tec = (c.get(this.esr) >>> 16) & 0xff;
    this.flags(
      c,
      this.esr,
      Math.max(0, tec - 1) << 16,
      ESR.LEC | (0xff << 16) | (tec <= WARNING ? ESR.EWGF : 0) | (tec < PASSIVE ? ESR.EPVF : 0),
    );
    this.node.send(c.env, [(id & ~TXRQ) >>> 0, length & 15, low >>> 0, high >>> 0]);
  }
  /** Nobody acknowledged. An error-passive node counts no further, and tries again for ever: nothing changes by that any more. */
  private unanswered(c: Ctx, i: number): void {
    const tec = (c.get(this.esr) >>> 16) & 0xff;
    const now = Math.min(PASSIVE, tec + ERROR_STEP);
    const set = (now << 16) | ESR.ACK_ERROR | (now >= WARNING ? ESR.EWGF : 0) | (now >= PASSIVE ? ESR.EPVF : 0);
    const old = c.get(this.esr);
    this.flags(c, this.esr, set, ESR.LEC | (0xff << 16));
    const ier = c.get(this.ier);
    const risen = c.get(this.esr) & ~old;
    if ((ier & IER.EWGIE && risen & ESR.EWGF) || (ier & IER.EPVIE && risen & ESR.EPVF) || ier & IER.LECIE)
      this.flags(c, this.msr, MSR.ERRI);
    if (c.get(this.mcr) & MCR.NART) this.done(c, i, TERR);
    else if (tec >= PASSIVE) c.s.sending = i;
  }
  private done(c: Ctx, i: number, result: number): void {
    const r = this.at(0x180 + 16 * i);
    c.put(r, c.get(r) & ~TXRQ);
    this.flags(c, this.tsr, (result << (8 * i)) | (EMPTY << i), RESULT << (8 * i));
  }
  private abort(c: Ctx, i: number): void {
    if (!(this.id(c, i) & TXRQ)) return;
    if (c.s.sending === i) {
      c.s.sending = -1;
      c.env.disarm('frame');
    }
    this.done(c, i, 1);
  }

  // ---- Receiving
  /** The node outside has sent a frame. */
  asked(c: Ctx): void {
    const asleep = (c.get(this.msr) & MSR.SLAK) !== 0 && !c.s.off;
    if (asleep) this.flags(c, this.msr, MSR.WKUI);
    if (asleep && c.get(this.mcr) & AWUM) c.put(this.mcr, c.get(this.mcr) & ~MCR.SLEEP);
    const hears = !c.s.off && (c.get(this.msr) & (MSR.INAK | MSR.SLAK)) === 0 && c.env.due('mode') === Infinity;
    const loops = (c.get(this.btr) & LBKM) !== 0;
    if (!hears || loops || !this.understands(c)) this.node.answer(c.env, OUTSIDE_ANSWER.refused);
    else {
      this.receive(c, this.node.frame(c.env));
      this.node.answer(c.env, c.get(this.btr) & SILM ? OUTSIDE_ANSWER.refused : OUTSIDE_ANSWER.acknowledged);
    }
    this.follow(c);
    this.interrupt(c);
  }
  private receive(c: Ctx, frame: Frame): void {
    const fifo = this.filtered ? this.fifoOf(c, frame[0], false) : this.askCan1(c, frame[0]);
    if (fifo < 0) return;
    const frames = c.s.fifos[fifo as 0 | 1];
    if (frames.length < DEPTH) frames.push(frame);
    else {
      this.flags(c, this.at(0x0c + 4 * fifo), RFR.FOVR);
      if (!(c.get(this.mcr) & 8)) frames[DEPTH - 1] = frame;
    }
    this.show(c, fifo);
  }
  private askCan1(c: Ctx, id: number): number {
    c.env.setWire(CAN2_ID, id);
    c.env.setWire(CAN2_ASKS, 1);
    c.env.setWire(CAN2_ASKS, 0);
    return c.env.wire(CAN2_FIFO) - 1;
  }
  /** CAN2 wants to know whether its filters take an identifier. */
  filterForCan2(c: Ctx, asks: number): void {
    if (asks && this.lends) c.env.setWire(CAN2_FIFO, this.fifoOf(c, c.env.wire(CAN2_ID), true) + 1);
  }
  /** FIFO of the first filter that takes the identifier; -1 = none. */
  private fifoOf(c: Ctx, id: number, forCan2: boolean): number {
    const reg = (offset: number): number => c.get(this.at(offset));
    if (reg(0x200) & 1) return -1;
    const first = (reg(0x200) >>> 8) & 0x3f;
    const [from, to] = forCan2 ? [first, 28] : [0, this.lends && c.env.wire(CAN2_THERE) ? first : 28];
    for (let i = from; i < to && this.at(0x240 + 8 * i) !== undefined; i++) {
      const bit = (offset: number): boolean => ((reg(offset) >>> i) & 1) !== 0;
      if (bit(0x21c) && this.passes(id, reg(0x240 + 8 * i), reg(0x244 + 8 * i), bit(0x204), bit(0x20c))) return bit(0x214) ? 1 : 0;
    }
    return -1;
  }
  private passes(id: number, one: number, two: number, list: boolean, wide: boolean): boolean {
    if (wide) return list ? id === (one & ~1) >>> 0 || id === (two & ~1) >>> 0 : ((id ^ one) & two & ~1) === 0;
    // STID, RTR, IDE and the highest three bits of EXID.
    const short = ((id >>> 21) << 5) | ((id & 2) << 3) | ((id & 4) << 1) | ((id >>> 18) & 7);
    const halves = [one & 0xffff, one >>> 16, two & 0xffff, two >>> 16] as const;
    if (list) return halves.includes(short);
    return ((short ^ halves[0]) & halves[1]) === 0 || ((short ^ halves[2]) & halves[3]) === 0;
  }
  private show(c: Ctx, fifo: number): void {
    const frames = c.s.fifos[fifo as 0 | 1];
    this.flags(c, this.at(0x0c + 4 * fifo), frames.length | (frames.length === DEPTH ? RFR.FULL : 0), 3 | RFR.FULL);
    (frames[0] ?? []).forEach((word, k) => c.put(this.at(0x1b0 + 16 * fifo + 4 * k), word));
  }

  // ---- Registers
  interrupt(c: Ctx): void {
    const [ier, tsr, msr] = [c.get(this.ier), c.get(this.tsr), c.get(this.msr)];
    const sent = (ier & IER.TMEIE) !== 0 && (tsr & 0x010101) !== 0;
    const received = IER.fifo
      .map((bit, i) => {
        const rfr = c.get(this.at(0x0c + 4 * i));
        return (ier & bit && rfr & 3) || (ier & (bit << 1) && rfr & RFR.FULL) || (ier & (bit << 2) && rfr & RFR.FOVR);
      })
      .map((level) => Boolean(level));
    const status = (ier & IER.ERRIE && msr & MSR.ERRI) || (ier & IER.WKUIE && msr & MSR.WKUI) || (ier & IER.SLKIE && msr & MSR.SLAKI);
    const lines = [sent, received[0]!, received[1]!, Boolean(status)];
    if (this.oneLine) c.env.irq(0, lines.includes(true));
    else lines.forEach((level, i) => c.env.irq(i, level));
  }
  clear(c: Ctx): void {
    if (this.borrows) c.env.setWire(CAN2_THERE, 1);
    Object.assign(c.s, fresh());
    c.env.disarm('mode');
    c.env.disarm('frame');
    this.interrupt(c);
  }
  onTimer(c: Ctx, timer: string): void {
    if (timer === 'mode') this.modeChanged(c);
    else this.frameEnded(c);
    this.interrupt(c);
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const old = c.get(r);
    if (r === this.msr) return old & ~(raw & (MSR.ERRI | MSR.WKUI | MSR.SLAKI));
    if (r === this.tsr) return this.writeTsr(c, raw);
    if (r.offset === 0x0c || r.offset === 0x10) return this.writeFifo(c, (r.offset - 0x0c) / 4, raw);
    if (r === this.esr) return (old & ~ESR.LEC) | (raw & ESR.LEC);
    // BTR can be written in initialisation alone.
    if (r === this.btr && !(c.get(this.msr) & MSR.INAK)) return old;
    // A mailbox that waits is write-protected; its other registers by their neighbour's request.
    const mailbox = (r.offset - 0x180) >> 4;
    if (mailbox >= 0 && mailbox < 3 && this.id(c, mailbox) & TXRQ) return old;
    return merged;
  }
  private writeTsr(c: Ctx, raw: number): number {
    for (const i of MAILBOXES) {
      if ((raw >>> (8 * i)) & 1) this.flags(c, this.tsr, 0, RESULT << (8 * i));
      if ((raw >>> (8 * i)) & 0x80) this.abort(c, i);
    }
    return c.get(this.tsr);
  }
  private writeFifo(c: Ctx, fifo: number, raw: number): number {
    const r = this.at(0x0c + 4 * fifo);
    if (raw & RFR.RFOM) c.s.fifos[fifo as 0 | 1].shift();
    this.flags(c, r, 0, raw & RFR.FOVR);
    this.show(c, fifo);
    return c.get(r);
  }
  wrote(c: Ctx, r: Register, value: number): void {
    if (r === this.mcr) {
      if (value & MCR.RESET) return this.reset(c);
      this.follow(c);
    }
    const mailbox = (r.offset - 0x180) >> 4;
    if (mailbox >= 0 && mailbox < 3 && value & TXRQ && (r.offset & 15) === 0)
      this.flags(c, this.tsr, 0, (EMPTY << mailbox) | (RESULT << (8 * mailbox)));
    this.send(c);
    this.interrupt(c);
  }
  /** RESET of MCR: back to sleep; registers of the filters and of the timing stay (RM0090 32.9.2: "force a master reset, sleep mode activated"). */
  private reset(c: Ctx): void {
    c.put(this.mcr, RESETS.MCR);
    c.put(this.msr, RESETS.MSR);
    c.put(this.tsr, RESETS.TSR);
    for (const r of [this.at(0x0c), this.at(0x10), this.ier, this.esr]) c.put(r, 0);
    for (const i of MAILBOXES) c.put(this.at(0x180 + 16 * i), 0);
    this.clear(c);
  }
}
/** Some SVDs print 0 for all (RM0090 32.9). */
const RESETS = { MCR: 0x00010002, MSR: 0xc02, TSR: 0x1c000000, BTR: 0x01230000 } as const;
const fresh = (): BxCanState => ({ sending: -1, fifos: [[], []], off: false });
/** Between CAN2 and the filters of CAN1. */
const CAN2_THERE = wire('can2.there');
const CAN2_ID = wire('can2.filter.id');
const CAN2_ASKS = wire('can2.filter.asks');
const CAN2_FIFO = wire('can2.filter.fifo');
const TOLERANCE = 0.015;

export const bxcan: ModelFactory<Partial<BxCanOptions>> = (layout, given): RegisterModel<BxCanState> => {
  const options = { block: 'CAN', clock: 'pclk1', ...given };
  const block = new BxCan(layout, options);
  return {
    timers: ['mode', 'frame'],
    clocks: [options.clock],
    about: {
      source: 'RM0090 32, RM0008 24; nobody else on the bus but the node of a scenario',
      confidence: 'documented',
      lacks: [
        'more than one other node, arbitration, error frames',
        'filter match index, time stamps',
        'levels of the pins',
        'debug freeze',
      ],
    },
    modelled: 'all',
    resets: { ...RESETS, ...(layout.has('FMR') ? { FMR: 0x2a1c0e01 } : {}) },
    create: fresh,
    onReset: (c) => block.clear(c),
    onGate: (c, on) => {
      c.s.off = !on;
    },
    wires: [block.node.asks, CAN2_ASKS],
    onWire: (c, changed, value) => (changed === CAN2_ASKS ? block.filterForCan2(c, value) : block.asked(c)),
    onTimer: (c, timer) => block.onTimer(c, timer),
    write: (c, r, merged, raw) => block.write(c, r, merged, raw),
    wrote: (c, r, value) => block.wrote(c, r, value),
  };
};
