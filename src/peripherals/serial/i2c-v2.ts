/**
 * I2C with ISR and TIMINGR (F0, F3, F7, L0, L4, G0, G4, H5, H7). Modelled as a master: start, repeated start and stop conditions, the address, bytes in both
 * directions with their times and SCL stretched while software or the FIFO-less data registers are not ready, NACK with the stop that follows it, NBYTES with RELOAD
 * and AUTOEND, BUSY, TXE and its flush, flags and their clearing, event and error interrupts, switching off as a reset. And as a slave whom a master outside addresses:
 * own addresses of seven bits and the general call, ADDR, DIR, ADDCODE, both directions, SCL stretched until software has cleared ADDR, taken or given its byte.
 *
 * Facts: registers ST SVD; RM0351 I2C, RM0091 26 (documented). What is on the bus is asked through wires (board-wires.ts); without devices there are its pull-ups
 * alone: every address is answered by a NACK. A master outside comes through wires, too (`OutsideMaster`); SCL is always stretched (NOSTRETCH counts as 0), a byte is
 * acknowledged without software (SBC counts as 0). In Stop it hears its address with WUPEN and HSI16 as its clock (RM0351 37.4.15, documented). DMA: `<block>.dma.tx` and `<block>.dma.rx` are 1 while a transfer is wanted.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { BoardWires, OUTSIDE_ANSWER, OutsideMaster, i2cAddressed, i2cAsk, kindOfAsk } from '../pins/board-wires.ts';
import type { Wire } from '../../emu/wires.ts';
import { givenInStop, ofBlock, POWER_STOP } from '../wires.ts';

export interface I2cV2Options {
  readonly block: string;
  /** Its kernel clock. */
  readonly clock: string;
  /** Index into the row's `irqs` of the error interrupt; F0 has one line for both. */
  readonly errorLine?: number;
}
export interface I2cV2State {
  /** What is on the bus; `waits`: SCL is stretched until software does something. */
  doing: 'idle' | 'address' | 'write' | 'read' | 'stop' | 'waits';
  /** Bytes of this NBYTES that are still to come. */
  left: number;
  reading: boolean;
  /** A transfer is under way: between the acknowledged address and the stop. */
  open: boolean;
  /** A master outside has addressed the chip. */
  slave: boolean;
  /** What that master asks and has no answer to yet: SCL is stretched. */
  asked: number;
  /** Its clock is off: it hears nothing. */
  off: boolean;
}
type Ctx = RegisterContext<I2cV2State>;

const CR1 = {
  PE: 1,
  ADDRIE: 1 << 3,
  WUPEN: 1 << 18,
  GCEN: 1 << 19,
  TXIE: 1 << 1,
  RXIE: 1 << 2,
  NACKIE: 1 << 4,
  STOPIE: 1 << 5,
  TCIE: 1 << 6,
  ERRIE: 1 << 7,
  TXDMAEN: 1 << 14,
  RXDMAEN: 1 << 15,
};
const CR2 = { SADD: 0x3ff, RD_WRN: 1 << 10, START: 1 << 13, STOP: 1 << 14, RELOAD: 1 << 24, AUTOEND: 1 << 25 };
const ISR = {
  TXE: 1,
  TXIS: 1 << 1,
  RXNE: 1 << 2,
  ADDR: 1 << 3,
  NACKF: 1 << 4,
  STOPF: 1 << 5,
  TC: 1 << 6,
  TCR: 1 << 7,
  errors: 0x3f00,
  BUSY: 1 << 15,
  DIR: 1 << 16,
  ADDCODE: 0xfe0000,
};
const [OA1EN, OA1MODE, OA2EN] = [1 << 15, 1 << 10, 1 << 15];
const CLEARABLE = 0x3f38;
/** Start condition, address and its acknowledge in SCL periods; a byte and its acknowledge. */
const ADDRESS_PERIODS = 10;
const BYTE_PERIODS = 9;

class I2cV2 {
  readonly r: Readonly<Record<'CR1' | 'CR2' | 'OAR1' | 'OAR2' | 'ISR' | 'ICR' | 'TIMINGR' | 'TXDR' | 'RXDR', Register>>;
  private readonly o: I2cV2Options;
  private readonly board: BoardWires;
  private readonly dma: { readonly tx: Wire; readonly rx: Wire };
  private readonly kernel: Wire;
  readonly outside: OutsideMaster;

  constructor(layout: Layout, options: I2cV2Options) {
    this.o = options;
    this.board = new BoardWires(options.block);
    this.kernel = givenInStop(options.clock);
    const name = options.block.toLowerCase();
    this.dma = { tx: ofBlock(name, 'dma.tx'), rx: ofBlock(name, 'dma.rx') };
    this.outside = new OutsideMaster(options.block);
    const reg = (name: string): Register => layout.reg(name);
    this.r = {
      CR1: reg('CR1'),
      CR2: reg('CR2'),
      OAR1: reg('OAR1'),
      OAR2: reg('OAR2'),
      ISR: reg('ISR'),
      ICR: reg('ICR'),
      TIMINGR: reg('TIMINGR'),
      TXDR: reg('TXDR'),
      RXDR: reg('RXDR'),
    };
  }
  isOn(c: Ctx): boolean {
    return (c.get(this.r.CR1) & CR1.PE) !== 0;
  }
  /** Kernel clocks of one SCL period. */
  private period(c: Ctx): number {
    const t = c.get(this.r.TIMINGR);
    return ((t >>> 28) + 1) * ((t & 0xff) + 1 + ((t >>> 8) & 0xff) + 1);
  }
  private begin(c: Ctx, doing: I2cV2State['doing'], periods: number): void {
    c.s.doing = doing;
    c.env.arm('bus', c.env.clockTimeOf(this.o.clock, c.env.clockCount(this.o.clock) + periods * this.period(c)));
  }
  private flags(c: Ctx, set: number, clear = 0): void {
    c.put(this.r.ISR, (c.get(this.r.ISR) & ~clear) | set);
  }
  private requests(c: Ctx, cr1: number, isr: number): void {
    c.env.setWire(this.dma.tx, cr1 & CR1.TXDMAEN && isr & ISR.TXIS ? 1 : 0);
    c.env.setWire(this.dma.rx, cr1 & CR1.RXDMAEN && isr & ISR.RXNE ? 1 : 0);
  }
  interrupt(c: Ctx): void {
    const [cr1, isr] = [c.get(this.r.CR1), c.get(this.r.ISR)];
    const wanted =
      (cr1 & CR1.TXIE ? ISR.TXIS : 0) |
      (cr1 & CR1.RXIE ? ISR.RXNE : 0) |
      (cr1 & CR1.ADDRIE ? ISR.ADDR : 0) |
      (cr1 & CR1.NACKIE ? ISR.NACKF : 0) |
      (cr1 & CR1.STOPIE ? ISR.STOPF : 0) |
      (cr1 & CR1.TCIE ? ISR.TC | ISR.TCR : 0);
    this.requests(c, cr1, isr);
    const event = (isr & wanted) !== 0;
    const error = (cr1 & CR1.ERRIE) !== 0 && (isr & ISR.errors) !== 0;
    const line = this.o.errorLine ?? 1;
    c.env.irq(0, event || (line === 0 && error));
    if (line !== 0) c.env.irq(line, error);
  }
  private nbytes(c: Ctx): number {
    return (c.get(this.r.CR2) >>> 16) & 0xff;
  }
  /** START: at rest, or again while a transfer waits for what comes next. */
  follow(c: Ctx): void {
    const [on, cr2] = [c.get(this.r.CR1) & CR1.PE, c.get(this.r.CR2)];
    if (c.s.slave) return this.serve(c);
    const free = c.s.doing === 'idle' || (c.s.doing === 'waits' && (c.get(this.r.ISR) & ISR.TC) !== 0);
    if (!on || !free) return;
    if (cr2 & CR2.START) {
      this.flags(c, ISR.BUSY, ISR.TC);
      this.begin(c, 'address', ADDRESS_PERIODS);
    } else if (cr2 & CR2.STOP && c.s.open) this.stop(c);
  }
  private stop(c: Ctx): void {
    this.flags(c, 0, ISR.TC | ISR.TCR | ISR.TXIS);
    this.begin(c, 'stop', 1);
  }
  onTimer(c: Ctx): void {
    const { doing } = c.s;
    if (doing === 'address') this.addressed(c);
    else if (doing === 'write') this.byteSent(c);
    else if (doing === 'read') this.byteReceived(c);
    else this.stopped(c);
    this.interrupt(c);
  }
  private addressed(c: Ctx): void {
    const cr2 = c.get(this.r.CR2);
    const reading = (cr2 & CR2.RD_WRN) !== 0;
    c.put(this.r.CR2, cr2 & ~(CR2.START | CR2.STOP));
    if (!i2cAddressed(this.board, c.env, (cr2 & 0xfe) | (reading ? 1 : 0))) return this.refused(c);
    Object.assign(c.s, { reading, open: true, left: this.nbytes(c) });
    this.goOn(c);
  }
  /** Nobody answered: the hardware sends the stop by itself. */
  private refused(c: Ctx): void {
    this.flags(c, ISR.NACKF, ISR.TXIS);
    this.begin(c, 'stop', 1);
  }
  /** The next byte, or what NBYTES, RELOAD and AUTOEND say behind the last one. */
  private goOn(c: Ctx): void {
    const cr2 = c.get(this.r.CR2);
    c.s.doing = 'waits';
    if (c.s.left > 0) {
      if (!c.s.reading) {
        this.flags(c, ISR.TXIS);
        this.transmit(c);
      } else if (!(c.get(this.r.ISR) & ISR.RXNE)) this.begin(c, 'read', BYTE_PERIODS);
    } else if (cr2 & CR2.RELOAD) this.flags(c, ISR.TCR);
    else if (cr2 & CR2.AUTOEND) this.stop(c);
    else {
      this.flags(c, ISR.TC);
      this.follow(c);
    }
  }
  /** SCL goes on as soon as TXDR holds a byte. */
  private transmit(c: Ctx): void {
    if (c.s.doing !== 'waits' || c.s.reading || !c.s.open || c.s.left === 0 || c.get(this.r.ISR) & ISR.TXE) return;
    this.flags(c, ISR.TXE, ISR.TXIS);
    this.begin(c, 'write', BYTE_PERIODS);
  }
  private byteSent(c: Ctx): void {
    c.s.left--;
    if (this.board.ask(c.env, i2cAsk('write', c.get(this.r.TXDR) & 0xff)) === 1) this.goOn(c);
    else this.refused(c);
  }
  private byteReceived(c: Ctx): void {
    c.s.left--;
    c.put(this.r.RXDR, (this.board.ask(c.env, i2cAsk('read')) ?? 0xff) & 0xff);
    this.flags(c, ISR.RXNE);
    this.goOn(c);
  }
  private stopped(c: Ctx): void {
    if (c.s.open) this.board.ask(c.env, i2cAsk('stop'));
    Object.assign(c.s, { doing: 'idle', open: false, left: 0 });
    c.put(this.r.CR2, c.get(this.r.CR2) & ~CR2.STOP);
    this.flags(c, ISR.STOPF, ISR.BUSY);
    this.follow(c);
  }
  /** Software has taken the byte: a receiver that was held up goes on. */
  taken(c: Ctx): void {
    if (!(c.get(this.r.ISR) & ISR.RXNE)) return;
    this.flags(c, 0, ISR.RXNE);
    if (c.s.slave) this.serve(c);
    else if (c.s.doing === 'waits' && c.s.reading && c.s.left > 0) this.begin(c, 'read', BYTE_PERIODS);
    this.interrupt(c);
  }
  // ---- A master outside
  /** One of the own addresses. */
  private mine(c: Ctx, address: number): boolean {
    const [oar1, oar2] = [c.get(this.r.OAR1), c.get(this.r.OAR2)];
    if (address === 0) return (c.get(this.r.CR1) & CR1.GCEN) !== 0;
    if ((oar1 & (OA1EN | OA1MODE)) === OA1EN && ((oar1 >>> 1) & 0x7f) === address) return true;
    if (!(oar2 & OA2EN)) return false;
    const masked = (oar2 >>> 8) & 7;
    // With a mask those that I2C reserves are nobody's (RM0351 I2C_OAR2, OA2MSK: documented).
    const reserved = (address & 0x78) === 0 || (address & 0x78) === 0x78;
    return (masked === 0 || !reserved) && (address ^ ((oar2 >>> 1) & 0x7f)) >>> masked === 0;
  }
  asked(c: Ctx, ask: number): void {
    if (c.s.off || !(c.get(this.r.CR1) & CR1.PE) || this.isDeaf(c, ask)) return this.outside.answer(c.env, OUTSIDE_ANSWER.refused);
    if (kindOfAsk(ask) === 'address') this.called(c, ask & 0xff);
    else if (!c.s.slave) this.outside.answer(c.env, OUTSIDE_ANSWER.refused);
    else {
      c.s.asked = ask;
      this.serve(c);
    }
    this.interrupt(c);
  }
  /** In Stop, unless it is to wake the chip; who calls then is told. */
  private isDeaf(c: Ctx, ask: number): boolean {
    if (!c.env.wire(POWER_STOP)) return false;
    const wakes = (c.get(this.r.CR1) & CR1.WUPEN) !== 0;
    if (wakes && c.env.wire(this.kernel)) return false;
    const address = (ask & 0xff) >>> 1;
    if (kindOfAsk(ask) === 'address' && this.mine(c, address))
      c.env.note(
        'input',
        `the I2C address 0x${address.toString(16)} is not acknowledged: the chip is in Stop, ${wakes ? 'where the clock of the block stands still' : 'and WUPEN = 0'}`,
      );
    return true;
  }
  private called(c: Ctx, byte: number): void {
    c.s.asked = 0;
    c.s.slave = this.mine(c, byte >>> 1) && c.s.doing === 'idle';
    if (!c.s.slave) return this.outside.answer(c.env, OUTSIDE_ANSWER.refused);
    const reads = (byte & 1) === 1;
    this.flags(c, ISR.ADDR | ISR.BUSY | (reads ? ISR.DIR : 0) | ((byte & 0xfe) << 16), ISR.DIR | ISR.ADDCODE | ISR.TXIS);
    this.outside.answer(c.env, OUTSIDE_ANSWER.acknowledged);
  }
  /** As far as software has come. */
  private serve(c: Ctx): void {
    const isr = c.get(this.r.ISR);
    if (isr & ISR.ADDR) return;
    const kind = kindOfAsk(c.s.asked);
    if (kind === 'write') {
      if (isr & ISR.RXNE) return;
      c.put(this.r.RXDR, c.s.asked & 0xff);
      this.flags(c, ISR.RXNE);
      this.done(c, OUTSIDE_ANSWER.acknowledged);
    } else if (kind === 'read' && !(isr & ISR.TXE)) {
      this.flags(c, ISR.TXE | ISR.TXIS);
      this.done(c, OUTSIDE_ANSWER.data | (c.get(this.r.TXDR) & 0xff));
    } else if (kind === 'read') this.flags(c, ISR.TXIS);
    else if (kind === 'refuse') {
      this.flags(c, ISR.NACKF, ISR.TXIS);
      this.done(c, OUTSIDE_ANSWER.acknowledged);
    } else if (kind === 'stop') {
      c.s.slave = false;
      this.flags(c, ISR.STOPF, ISR.BUSY | ISR.TXIS);
      this.done(c, OUTSIDE_ANSWER.acknowledged);
    } else if (isr & ISR.DIR && isr & ISR.TXE) this.flags(c, ISR.TXIS);
  }
  private done(c: Ctx, answer: number): void {
    c.s.asked = 0;
    this.outside.answer(c.env, answer);
  }

  /** PE = 0 stops the state machine and clears START, STOP and the flags: RM0351 I2C, "software reset". */
  clear(c: Ctx): void {
    Object.assign(c.s, fresh());
    c.env.disarm('bus');
    c.put(this.r.CR2, c.get(this.r.CR2) & ~(CR2.START | CR2.STOP));
    c.put(this.r.ISR, ISR.TXE);
    this.interrupt(c);
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const x = this.r;
    if (r === x.ICR) {
      this.flags(c, 0, raw & CLEARABLE);
      return 0;
    }
    // TXE can be set by software, which flushes TXDR; so can TXIS without clock stretching.
    if (r === x.ISR) return c.get(r) | (raw & ISR.TXE);
    if (r === x.TXDR) this.flags(c, 0, ISR.TXE | ISR.TXIS);
    if (r === x.RXDR) return c.get(r);
    // START and STOP cannot be taken back.
    if (r === x.CR2) return merged | (c.get(r) & (c.get(x.CR1) & CR1.PE ? CR2.START | CR2.STOP : 0));
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.r.CR1 && old & CR1.PE && !(value & CR1.PE)) this.clear(c);
    // A stop without a transfer of this master does nothing.
    if (r === this.r.CR2 && c.s.doing === 'idle' && value & CR2.STOP && !(value & CR2.START)) c.put(r, value & ~CR2.STOP);
    if (r === this.r.TXDR) this.transmit(c);
    // NBYTES is written again behind TCR.
    if (r === this.r.CR2 && c.get(this.r.ISR) & ISR.TCR && this.nbytes(c) > 0) {
      c.s.left = this.nbytes(c);
      this.flags(c, 0, ISR.TCR);
      this.goOn(c);
    }
    this.follow(c);
    this.interrupt(c);
  }
}

const fresh = (): I2cV2State => ({ doing: 'idle', left: 0, reading: false, open: false, slave: false, asked: 0, off: false });

export const i2cV2: ModelFactory<Partial<I2cV2Options>> = (layout, given): RegisterModel<I2cV2State> => {
  const options = { block: 'I2C', clock: 'pclk1', ...given };
  const block = new I2cV2(layout, options);
  return {
    timers: ['bus'],
    published: (c) => ({ idleBy: block.isOn(c) ? null : { field: 'CR1.PE', value: 0 } }),
    clocks: [options.clock],
    about: {
      source: 'RM0351 I2C, RM0091 26; nothing but pull-ups on the bus where the board has no device',
      confidence: 'documented',
      lacks: [
        'addresses of ten bits',
        'NOSTRETCH and SBC of a slave',
        'arbitration between masters',
        'SMBus time-outs, PEC',
        'levels of the pins',
      ],
    },
    modelled: ['CR1', 'CR2', 'OAR1', 'OAR2', 'TIMINGR', 'ISR', 'ICR', 'RXDR', 'TXDR'],
    create: fresh,
    onReset: (c) => block.clear(c),
    onTimer: (c) => block.onTimer(c),
    onGate: (c, on) => {
      c.s.off = !on;
    },
    wires: [block.outside.asks],
    onWire: (c, _wire, value) => block.asked(c, value),
    live: ['RXDR'],
    acting: ['RXDR'],
    read: (c, r, value) => {
      if (r === block.r.RXDR) block.taken(c);
      return value;
    },
    peek: (_c, _r, value) => value,
    write: (c, r, merged, raw) => block.write(c, r, merged, raw),
    wrote: (c, r, value, old) => block.wrote(c, r, value, old),
  };
};
