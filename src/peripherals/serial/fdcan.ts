/**
 * FDCAN with nobody else on its bus, or one node that sends and acknowledges (`OutsideNode`): initialisation and configuration change, power-down, requests that wait
 * for ever, are cancelled or sent, receive FIFOs with their filters, flags and their clearing, both interrupt lines.
 *
 * Facts: registers ST SVD; RM0440 44, RM0399 57 (documented). INIT and CSR are taken over at once (on silicon after some clocks of both domains). Where nobody
 * listens a frame is never acknowledged, so its request stays. The node speaks the format that CCCR sets, FD or classic, and its data bit rate; its nominal
 * one has to be the block's within 1.5 % (assumed, as for bxCAN). A frame has no stuff bits (assumed).
 */
import { OUTSIDE_ANSWER, OutsideNode, type CanFrame } from '../pins/board-wires.ts';
import { BRS, bytesOfDlc, FDF, MessageRam, type MessageRamOptions } from './fdcan-messages.ts';
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';

export interface FdCanOptions extends MessageRamOptions {
  readonly block: string;
  /** Its kernel clock. */
  readonly clock: string;
}
interface FdCanState {
  /** Tx buffer that is being sent, or -1; those that wait, in the order in which they were asked for. */
  sending: number;
  waiting: number[];
}
type Ctx = RegisterContext<FdCanState>;

const CCCR = { INIT: 1, CCE: 2, CSA: 8, CSR: 16, MON: 1 << 5, TEST: 1 << 7, FDOE: 1 << 8, BRSE: 1 << 9 };
/** Bits that CCE guards: ASM, MON, DAR, TEST and what lies above. */
const GUARDED = 0xffe4;
const ACK_ERROR = 3;
/** TEST: loop-back. */
const LBCK = 1 << 4;
const LEC = 7;
/** Of RXF0S and RXF1S. */
const [FIFO_FULL, FIFO_LOST] = [1 << 24, 1 << 25];
/** Bits of a frame at the nominal rate: all of a classic one without data, 11-bit and 29-bit; what lies in front of and behind the data phase. */
const [CLASSIC_BITS, ARBITRATION_BITS, DATA_PHASE_BITS] = [[47, 67], [30, 50], 28] as const;
/** Places of the bits in IR: new frame, FIFO full, frame lost of FIFO 0, as many further for FIFO 1, transmission done, FIFO empty. */
const IR_FIXED = { fresh: 0, full: 1, lost: 2, step: 3, sent: 7, empty: 9 } as const;
const IR_H7 = { fresh: 0, full: 2, lost: 3, step: 4, sent: 9, empty: 11 } as const;
/** ILS where it has a bit for each group: the group's bits of IR; elsewhere it has one for each bit (RM0440 44.4.17, RM0399 57.5.19). */
const ILS_GROUPS = [0x7, 0x38, 0x1c0, 0x1e00, 0xe000, 0x30000, 0xfc0000] as const;
const TOLERANCE = 0.015;
/** LEC: no change since it was read. */
const NO_CHANGE = 7;
const BUFFER_FREE = 1 << 21;

class FdCan {
  private readonly r: Readonly<Record<'CCCR' | 'TEST' | 'PSR' | 'IR' | 'TXBC' | 'TXFQS' | 'TXBRP' | 'TXBAR' | 'TXBCR' | 'TXBCF', Register>>;
  /** Registers that can be written while INIT and CCE are 1. */
  private readonly protectedOnes: ReadonlySet<Register>;
  /** Buffers of the version whose message RAM has fixed places; null: TXBC says how many. */
  private readonly fixed: number | null;
  private readonly ram: MessageRam;
  private readonly clock: string;
  private readonly ir: typeof IR_FIXED | typeof IR_H7;
  /** IE, ILS and ILE. */
  private readonly enables: readonly [Register, Register, Register];
  private readonly nbtp: Register;
  private readonly dbtp: Register;
  private readonly ckdiv: Register | null;
  /** TXBTO and TXBTIE. */
  private readonly occurred: Register;
  private readonly tellsSent: Register;
  /** Status and acknowledge of the two receive FIFOs. */
  private readonly fifos: readonly [Register, Register];
  private readonly acknowledges: readonly [Register, Register];
  readonly node: OutsideNode;

  constructor(layout: Layout, options: FdCanOptions) {
    const reg = (name: string): Register => layout.reg(name);
    this.r = {
      CCCR: reg('CCCR'),
      PSR: reg('PSR'),
      IR: reg('IR'),
      TXBC: reg('TXBC'),
      TXFQS: reg('TXFQS'),
      TXBRP: reg('TXBRP'),
      TXBAR: reg('TXBAR'),
      TXBCR: reg('TXBCR'),
      TXBCF: reg('TXBCF'),
      TEST: reg('TEST'),
    };
    this.ram = new MessageRam(layout, options);
    this.fixed = this.ram.fixed ? 3 : null;
    this.clock = options.clock;
    this.node = new OutsideNode(options.block);
    this.ir = this.ram.fixed ? IR_FIXED : IR_H7;
    this.enables = [reg('IE'), reg('ILS'), reg('ILE')];
    [this.nbtp, this.dbtp] = [reg('NBTP'), reg('DBTP')];
    this.ckdiv = layout.has('CKDIV') ? reg('CKDIV') : null;
    [this.occurred, this.tellsSent] = [reg('TXBTO'), reg('TXBTIE')];
    this.fifos = [reg('RXF0S'), reg('RXF1S')];
    this.acknowledges = [reg('RXF0A'), reg('RXF1A')];
    const names = [
      'DBTP',
      'NBTP',
      'RWD',
      'TSCC',
      'TOCC',
      'TXBC',
      'RXGFC',
      'XIDAM',
      'TDCR',
      'CKDIV',
      'GFC',
      'SIDFC',
      'XIDFC',
      'RXF0C',
      'RXF1C',
      'RXBC',
      'RXESC',
      'TXESC',
      'TXEFC',
    ];
    this.protectedOnes = new Set(names.filter((name) => layout.has(name)).map(reg));
  }
  /** Elements of the FIFO or queue, and its first buffer. */
  private queue(c: Ctx): { first: number; count: number } {
    if (this.fixed !== null) return { first: 0, count: this.fixed };
    const txbc = c.get(this.r.TXBC);
    return { first: Math.min(32, (txbc >>> 16) & 0x3f), count: Math.min(32, (txbc >>> 24) & 0x3f) };
  }
  /** Free level and put index: the first buffer without a request. */
  follow(c: Ctx): void {
    const { first, count } = this.queue(c);
    const pending = c.get(this.r.TXBRP);
    const free = Array.from({ length: count }, (_, i) => first + i).filter((i) => i < 32 && !((pending >>> i) & 1));
    const put = free[0] ?? first;
    c.put(this.r.TXFQS, free.length | (put << 16) | (count > 0 && free.length === 0 ? BUFFER_FREE : 0));
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const old = c.get(r);
    const cccr = c.get(this.r.CCCR);
    if (r === this.r.IR) return this.clearFlags(c, old, raw);
    if (r === this.r.CCCR) return this.control(old, merged, raw);
    if (this.protectedOnes.has(r) && (cccr & 3) !== 3) return old;
    if (r === this.r.TXBAR) return this.request(c, raw);
    if (r === this.r.TXBCR) return this.cancel(c, raw);
    return merged;
  }
  /** RFnL of the status is a copy of the flag. */
  private clearFlags(c: Ctx, old: number, raw: number): number {
    for (const n of [0, 1] as const)
      if ((raw >>> (this.ir.lost + n * this.ir.step)) & 1) c.put(this.fifos[n], c.get(this.fifos[n]) & ~FIFO_LOST);
    return old & ~raw;
  }
  private flag(c: Ctx, bit: number): void {
    c.put(this.r.IR, c.get(this.r.IR) | (1 << bit));
  }
  /** Both interrupt lines. */
  interrupt(c: Ctx): void {
    const [ie, ils, ile] = this.enables.map((r) => c.get(r)) as [number, number, number];
    const second = this.ram.fixed ? ILS_GROUPS.reduce((bits, group, i) => bits | ((ils >>> i) & 1 ? group : 0), 0) : ils;
    const active = c.get(this.r.IR) & ie;
    c.env.irq(0, (ile & 1) !== 0 && (active & ~second) !== 0);
    c.env.irq(1, (ile & 2) !== 0 && (active & second) !== 0);
  }
  private control(old: number, merged: number, raw: number): number {
    let value = (merged & ~(CCCR.CSA | CCCR.CCE | GUARDED)) | (old & GUARDED);
    if (raw & CCCR.CCE && old & CCCR.INIT && value & CCCR.INIT) value |= CCCR.CCE;
    // What CCE guards can be cleared at any time but set only with it.
    const open = (old & 3) === 3;
    value = (value & ~GUARDED) | (open ? merged & GUARDED : old & merged & GUARDED);
    if (value & CCCR.CSR) value |= CCCR.CSA | CCCR.INIT;
    return value;
  }
  private request(c: Ctx, raw: number): number {
    if (c.get(this.r.CCCR) & CCCR.INIT) return 0;
    const { first, count } = this.queue(c);
    c.put(this.r.TXBRP, c.get(this.r.TXBRP) | raw);
    c.put(this.r.TXBCF, c.get(this.r.TXBCF) & ~raw);
    c.put(this.occurred, c.get(this.occurred) & ~raw);
    for (let i = 0; i < first + count; i++) if ((raw >>> i) & 1 && !c.s.waiting.includes(i)) c.s.waiting.push(i);
    if (raw && !this.loopsBack(c) && !this.understands(c)) c.put(this.r.PSR, (c.get(this.r.PSR) & ~NO_CHANGE) | ACK_ERROR);
    return 0;
  }
  private cancel(c: Ctx, raw: number): number {
    const cancelled = c.get(this.r.TXBRP) & raw;
    c.put(this.r.TXBRP, c.get(this.r.TXBRP) & ~cancelled);
    c.put(this.r.TXBCF, c.get(this.r.TXBCF) | cancelled);
    this.drop(c, cancelled);
    return 0;
  }
  private drop(c: Ctx, buffers: number): void {
    c.s.waiting = c.s.waiting.filter((i) => !((buffers >>> i) & 1));
    if (c.s.sending < 0 || !((buffers >>> c.s.sending) & 1)) return;
    c.s.sending = -1;
    c.env.disarm('frame');
  }
  /** INIT = 1 gives up what waits. */
  wrote(c: Ctx, r: Register, value: number): void {
    if (r === this.r.CCCR && value & CCCR.INIT) {
      c.put(this.r.TXBRP, 0);
      this.drop(c, -1);
    }
    const n = this.acknowledges.indexOf(r);
    if (n >= 0) this.released(c, n as 0 | 1, value);
    this.send(c);
    this.follow(c);
    this.interrupt(c);
  }

  // ---- The bus
  private divider(c: Ctx): number {
    const pdiv = this.ckdiv === null ? 0 : c.get(this.ckdiv) & 15;
    return pdiv === 0 ? 1 : 2 * pdiv;
  }
  /** Kernel clocks of a bit at the nominal rate and in the data phase. */
  private bitClocks(c: Ctx): readonly [nominal: number, data: number] {
    const [n, d] = [c.get(this.nbtp), c.get(this.dbtp)];
    const nominal = (3 + ((n >>> 8) & 0xff) + (n & 0x7f)) * (((n >>> 16) & 0x1ff) + 1);
    const data = (3 + ((d >>> 8) & 0x1f) + ((d >>> 4) & 15)) * (((d >>> 16) & 0x1f) + 1);
    return [nominal * this.divider(c), data * this.divider(c)];
  }
  private after(c: Ctx, clocks: number): number {
    return c.env.clockTimeOf(this.clock, c.env.clockCount(this.clock) + clocks);
  }
  /** The node outside has this bit rate too. */
  private understands(c: Ctx): boolean {
    const bit = this.node.bit(c.env);
    const own = bit === 0 ? 0 : this.after(c, this.bitClocks(c)[0]) - this.after(c, 0);
    return bit !== 0 && Math.abs(own - bit) <= bit * TOLERANCE;
  }
  /** Test mode in which the block hears itself and nobody else, and needs no acknowledge; with MON its frames stay inside (RM0440 44.3.4, as recalled). */
  private loopsBack(c: Ctx): boolean {
    return (c.get(this.r.CCCR) & CCCR.TEST) !== 0 && (c.get(this.r.TEST) & LBCK) !== 0;
  }
  private send(c: Ctx): void {
    const cccr = c.get(this.r.CCCR);
    if (c.s.sending >= 0 || cccr & CCCR.INIT || !c.env.clocked()) return;
    if (!this.loopsBack(c) && (cccr & CCCR.MON || !this.understands(c))) return;
    const next = c.s.waiting.shift();
    if (next === undefined) return;
    c.s.sending = next;
    const { frame, t1 } = this.ram.load(c, next);
    const [nominal, data] = this.bitClocks(c);
    const bits = 8 * frame[1];
    const extended = frame[0] & 4 ? 1 : 0;
    const switches = (t1 & this.format(c) & BRS) !== 0;
    const clocks = switches
      ? ARBITRATION_BITS[extended] * nominal + (DATA_PHASE_BITS + bits) * data
      : (CLASSIC_BITS[extended] + bits) * nominal;
    c.env.arm('frame', this.after(c, clocks));
  }
  /** FDF and BRS of frames, as CCCR allows them. */
  private format(c: Ctx): number {
    const cccr = c.get(this.r.CCCR);
    return cccr & CCCR.FDOE ? FDF | (cccr & CCCR.BRSE ? BRS : 0) : 0;
  }
  frameEnded(c: Ctx): void {
    const i = c.s.sending;
    c.s.sending = -1;
    if (i < 0) return;
    const { frame, t1 } = this.ram.load(c, i);
    c.put(this.r.TXBRP, c.get(this.r.TXBRP) & ~(1 << i));
    c.put(this.occurred, c.get(this.occurred) | (1 << i));
    c.put(this.r.PSR, c.get(this.r.PSR) & ~LEC);
    if ((c.get(this.tellsSent) >>> i) & 1) this.flag(c, this.ir.sent);
    if (c.s.waiting.length === 0) this.flag(c, this.ir.empty);
    // Without FDOE a frame goes out as a classic one, whatever its element says.
    const sent: CanFrame = t1 & this.format(c) & FDF ? frame : [frame[0], Math.min(bytesOfDlc(8), frame[1]), frame[2], frame[3]];
    if (this.loopsBack(c)) this.receive(c, sent, t1 & this.format(c));
    if (!(c.get(this.r.CCCR) & CCCR.MON) && this.understands(c)) this.node.send(c.env, sent);
    this.send(c);
    this.follow(c);
    this.interrupt(c);
  }
  /** The node outside has sent a frame. */
  asked(c: Ctx): void {
    const cccr = c.get(this.r.CCCR);
    const hears = c.env.clocked() && !(cccr & CCCR.INIT) && !this.loopsBack(c) && this.understands(c);
    if (hears) this.receive(c, this.node.frame(c.env));
    this.node.answer(c.env, hears && !(cccr & CCCR.MON) ? OUTSIDE_ANSWER.acknowledged : OUTSIDE_ANSWER.refused);
    this.send(c);
    this.follow(c);
    this.interrupt(c);
  }
  private receive(c: Ctx, frame: CanFrame, format = this.format(c)): void {
    const taken = this.ram.taken(c, frame[0]);
    const count = taken === null ? 0 : this.ram.fifo(c, taken.fifo).count;
    if (taken === null || count === 0) return;
    const { fifo } = taken;
    const bit = (name: 'fresh' | 'full' | 'lost'): number => this.ir[name] + fifo * this.ir.step;
    const level = this.status(c, fifo);
    if (level.filled >= count) {
      if (!this.ram.overwrites(c, fifo)) {
        c.put(this.fifos[fifo], c.get(this.fifos[fifo]) | FIFO_LOST);
        return this.flag(c, bit('lost'));
      }
      level.get = (level.get + 1) % count;
      level.filled--;
    }
    this.ram.store(c, fifo, level.put, frame, taken.bits | format);
    this.show(c, fifo, level.filled + 1, level.get, (level.put + 1) % count);
    this.flag(c, bit('fresh'));
    if (level.filled + 1 === count) this.flag(c, bit('full'));
  }
  private status(c: Ctx, n: 0 | 1): { filled: number; get: number; put: number } {
    const status = c.get(this.fifos[n]);
    return { filled: status & 0x7f, get: (status >>> 8) & 0x3f, put: (status >>> 16) & 0x3f };
  }
  private show(c: Ctx, n: 0 | 1, filled: number, get: number, put: number): void {
    const lost = c.get(this.fifos[n]) & FIFO_LOST;
    c.put(this.fifos[n], filled | (get << 8) | (put << 16) | lost | (filled >= this.ram.fifo(c, n).count ? FIFO_FULL : 0));
  }
  /** Everything up to this element has been read. */
  private released(c: Ctx, n: 0 | 1, index: number): void {
    const { count } = this.ram.fifo(c, n);
    const { filled, get, put } = this.status(c, n);
    if (filled === 0 || index >= count) return;
    const read = ((index - get + count) % count) + 1;
    if (read <= filled) this.show(c, n, filled - read, (get + read) % count, put);
  }
}

/** What H7's SVD prints wrongly (RM0399 57.5). */
const OF_H7: Pick<RegisterModel, 'resets' | 'writable'> = {
  resets: { CCCR: 1, DBTP: 0xa33, NBTP: 0x06000a03, PSR: 0x707, XIDAM: 0x1fffffff },
  writable: { DBTP: 0x009f1fff, IE: 0x3fffffff, PSR: 0, RXF0S: 0, RXF1S: 0 },
};

export const fdcan: ModelFactory<FdCanOptions> = (layout, options): RegisterModel<FdCanState> => {
  const block = new FdCan(layout, options);
  return {
    timers: ['frame'],
    clocks: [options.clock],
    about: {
      source: 'RM0440 44, RM0399 57; nobody else on the bus but the node of a scenario',
      confidence: 'documented',
      lacks: [
        'more than one other node, arbitration, error frames',
        'data beyond eight bytes of what the node sends and hears',
        'priority in a Tx queue, Rx buffers, Tx events',
        'counting of errors',
        'interrupts but those of frames received and sent',
        'time stamps, time-triggered operation',
        'how long INIT takes',
      ],
    },
    modelled: 'all',
    ...(layout.has('RXGFC') ? {} : OF_H7),
    create: () => ({ sending: -1, waiting: [] }),
    onReset: (c) => {
      c.s.sending = -1;
      c.s.waiting = [];
      c.env.disarm('frame');
      block.follow(c);
      block.interrupt(c);
    },
    wires: [block.node.asks],
    onWire: (c) => block.asked(c),
    onTimer: (c) => block.frameEnded(c),
    write: (c, r, merged, raw) => block.write(c, r, merged, raw),
    wrote: (c, r, value) => block.wrote(c, r, value),
  };
};
