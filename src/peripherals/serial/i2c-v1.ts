/**
 * I2C with SR1 and SR2 (F1, F2, F4, L1). Modelled as a master: start, repeated start and stop conditions, the address, bytes in both directions with their times, the
 * data register in front of the shift register (TXE, RXNE, BTF) with SCL stretched behind them, ACK and POS, NACK, BUSY, MSL, TRA, software reset, event and error
 * interrupts. And as a slave whom a master outside addresses: own addresses of seven bits and the general call, both directions, SCL stretched until software has cleared
 * ADDR, taken or given its byte, AF and STOPF.
 *
 * Facts: registers ST SVD; event sequences RM0090 27.3 (documented). With POS the first byte behind the address is acknowledged whatever ACK says (inferred: ST's driver
 * clears ACK before ADDR). What is on the bus is asked through wires (board-wires.ts); without devices there are its pull-ups alone: every address is answered by a
 * NACK. A master outside comes through wires, too (`OutsideMaster`); SCL is always stretched (NOSTRETCH counts as 0).
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import type { Ps } from '../../emu/time.ts';
import { BoardWires, OUTSIDE_ANSWER, OutsideMaster, i2cAddressed, i2cAsk, kindOfAsk } from '../pins/board-wires.ts';
import type { Wire } from '../../emu/wires.ts';
import { ofBlock } from '../wires.ts';

export interface I2cV1Options {
  readonly block: string;
  /** Its bus clock. */
  readonly clock: string;
}
export interface I2cV1State {
  /** What the timer ends. */
  doing: 'idle' | 'start' | 'address' | 'write' | 'read' | 'stop';
  /** SR1 as the last read showed it: a following access of DR or SR2 clears what it has seen. */
  seen: number;
  /** Between the acknowledged address and the stop. */
  open: boolean;
  /** Of a byte that is sent or was received. */
  shift: number;
  /** DR holds a byte that waits for the shift register. */
  held: boolean;
  /** The shift register holds a received byte that DR has no room for. */
  full: boolean;
  /** With POS: what the next byte is answered by. */
  nextAck: boolean;
  /** The last byte was not acknowledged: no other follows. */
  ended: boolean;
  /** A master outside has addressed the chip. */
  slave: boolean;
  /** What that master asks and has no answer to yet: SCL is stretched. */
  asked: number;
  /** Its clock is off: it hears nothing. */
  off: boolean;
}
type Ctx = RegisterContext<I2cV1State>;

const CR1 = { PE: 1, ENGC: 1 << 6, START: 1 << 8, STOP: 1 << 9, ACK: 1 << 10, POS: 1 << 11, SWRST: 1 << 15 };
const CR2 = { ITERREN: 1 << 8, ITEVTEN: 1 << 9, ITBUFEN: 1 << 10, DMAEN: 1 << 11 };
const SR1 = {
  SB: 1,
  ADDR: 1 << 1,
  BTF: 1 << 2,
  STOPF: 1 << 4,
  RXNE: 1 << 6,
  TXE: 1 << 7,
  AF: 1 << 10,
  events: 0x1f,
  buffers: 0xc0,
  errors: 0xdf00,
};
const SR2 = { MSL: 1, BUSY: 1 << 1, TRA: 1 << 2, GENCALL: 1 << 4, DUALF: 1 << 7 };
const ADDMODE = 1 << 15;
/** SCL periods of a byte or an address, and its acknowledge. */
const BYTE_BITS = 9;

class I2cV1 {
  private readonly cr1: Register;
  private readonly cr2: Register;
  private readonly oar1: Register;
  private readonly oar2: Register;
  readonly dr: Register;
  readonly sr1: Register;
  readonly sr2: Register;
  private readonly ccr: Register;
  private readonly clock: string;
  private readonly board: BoardWires;
  private readonly dma: { readonly tx: Wire; readonly rx: Wire };
  readonly outside: OutsideMaster;

  constructor(layout: Layout, options: I2cV1Options) {
    const reg = (name: string): Register => layout.reg(name);
    [this.cr1, this.cr2, this.dr] = [reg('CR1'), reg('CR2'), reg('DR')];
    [this.oar1, this.oar2] = [reg('OAR1'), reg('OAR2')];
    [this.sr1, this.sr2, this.ccr] = [reg('SR1'), reg('SR2'), reg('CCR')];
    this.clock = options.clock;
    this.board = new BoardWires(options.block);
    const name = options.block.toLowerCase();
    this.dma = { tx: ofBlock(name, 'dma.tx'), rx: ofBlock(name, 'dma.rx') };
    this.outside = new OutsideMaster(options.block);
  }
  isOn(c: Ctx): boolean {
    return (c.get(this.cr1) & CR1.PE) !== 0;
  }
  /** Bus clocks of one SCL period. */
  private period(c: Ctx): number {
    const ccr = c.get(this.ccr);
    const n = Math.max(1, ccr & 0xfff);
    return n * (ccr & 0x8000 ? (ccr & 0x4000 ? 25 : 3) : 2);
  }
  private begin(c: Ctx, doing: I2cV1State['doing'], periods: number): void {
    c.s.doing = doing;
    c.env.arm('bus', c.env.clockTimeOf(this.clock, c.env.clockCount(this.clock) + periods * this.period(c)));
  }
  private set(c: Ctx, r: Register, bits: number, clear = 0): void {
    c.put(r, (c.get(r) & ~clear) | bits);
  }
  private flagged(c: Ctx, bits: number): boolean {
    return (c.get(this.sr1) & bits) !== 0;
  }
  private sends(c: Ctx): boolean {
    return (c.get(this.sr2) & SR2.TRA) !== 0;
  }
  interrupt(c: Ctx): void {
    const [cr2, sr1] = [c.get(this.cr2), c.get(this.sr1)];
    const dma = (cr2 & CR2.DMAEN) !== 0;
    c.env.setWire(this.dma.tx, dma && this.sends(c) && sr1 & SR1.TXE ? 1 : 0);
    c.env.setWire(this.dma.rx, dma && sr1 & SR1.RXNE ? 1 : 0);
    const events = SR1.events | (cr2 & CR2.ITBUFEN ? SR1.buffers : 0);
    c.env.irq(0, (cr2 & CR2.ITEVTEN) !== 0 && (sr1 & events) !== 0);
    c.env.irq(1, (cr2 & CR2.ITERREN) !== 0 && (sr1 & SR1.errors) !== 0);
  }
  /** START and STOP wait until what is on the bus has ended; then bytes go on. */
  follow(c: Ctx): void {
    const cr1 = c.get(this.cr1);
    if (!(cr1 & CR1.PE) || c.s.doing !== 'idle') return;
    if (c.s.slave) return this.serve(c);
    if (cr1 & CR1.STOP && c.get(this.sr2) & SR2.MSL) this.begin(c, 'stop', 1);
    else if (cr1 & CR1.START) this.begin(c, 'start', 1);
    else if (c.s.open && !c.s.ended && !this.flagged(c, SR1.ADDR)) this.nextByte(c);
  }
  /** SCL is stretched while DR is empty (transmitter), or while both registers are full (receiver). */
  private nextByte(c: Ctx): void {
    const { s } = c;
    if (!this.sends(c)) {
      if (!s.full) this.begin(c, 'read', BYTE_BITS);
    } else if (s.held) {
      s.held = false;
      s.shift = c.get(this.dr) & 0xff;
      this.set(c, this.sr1, SR1.TXE, SR1.BTF);
      this.begin(c, 'write', BYTE_BITS);
    }
  }
  onTimer(c: Ctx): void {
    const { doing } = c.s;
    c.s.doing = 'idle';
    if (doing === 'start') this.started(c);
    else if (doing === 'address') this.addressed(c);
    else if (doing === 'write') this.byteSent(c);
    else if (doing === 'read') this.byteReceived(c);
    else if (doing === 'stop') this.stopped(c);
    this.interrupt(c);
    this.follow(c);
    this.interrupt(c);
  }
  private started(c: Ctx): void {
    Object.assign(c.s, { ...fresh(), seen: c.s.seen & ~SR1.SB });
    this.set(c, this.cr1, 0, CR1.START);
    this.set(c, this.sr1, SR1.SB, SR1.TXE | SR1.BTF);
    this.set(c, this.sr2, SR2.MSL | SR2.BUSY);
  }
  private stopped(c: Ctx): void {
    if (c.s.open) this.board.ask(c.env, i2cAsk('stop'));
    // What was received is still there to be read.
    Object.assign(c.s, { open: false, held: false, ended: false });
    this.set(c, this.cr1, 0, CR1.STOP);
    this.set(c, this.sr2, 0, SR2.MSL | SR2.BUSY | SR2.TRA);
    this.set(c, this.sr1, 0, SR1.SB | SR1.ADDR | SR1.TXE | (c.s.full ? 0 : SR1.BTF));
  }
  private addressed(c: Ctx): void {
    if (!i2cAddressed(this.board, c.env, c.s.shift)) return this.set(c, this.sr1, SR1.AF);
    Object.assign(c.s, { open: true, ended: false, nextAck: true });
    const reads = (c.s.shift & 1) === 1;
    this.set(c, this.sr2, reads ? 0 : SR2.TRA, SR2.TRA);
    this.set(c, this.sr1, SR1.ADDR);
  }
  private byteSent(c: Ctx): void {
    if (this.board.ask(c.env, i2cAsk('write', c.s.shift)) !== 1) {
      c.s.ended = true;
      this.set(c, this.sr1, SR1.AF);
    } else if (!c.s.held) this.set(c, this.sr1, SR1.BTF);
  }
  private byteReceived(c: Ctx): void {
    const { s } = c;
    const byte = (this.board.ask(c.env, i2cAsk('read')) ?? 0xff) & 0xff;
    const cr1 = c.get(this.cr1);
    s.ended = cr1 & CR1.POS ? !s.nextAck : !(cr1 & CR1.ACK);
    s.nextAck = (cr1 & CR1.ACK) !== 0;
    if (this.flagged(c, SR1.RXNE)) {
      s.shift = byte;
      s.full = true;
      this.set(c, this.sr1, SR1.BTF);
    } else {
      c.put(this.dr, byte);
      this.set(c, this.sr1, SR1.RXNE);
    }
  }

  // ---- A master outside
  /** What SR2 says of an address that is the chip's; null: it is somebody else's. */
  private mine(c: Ctx, address: number): number | null {
    const [cr1, oar1, oar2] = [c.get(this.cr1), c.get(this.oar1), c.get(this.oar2)];
    if (address === 0) return cr1 & CR1.ENGC ? SR2.GENCALL : null;
    if (!(oar1 & ADDMODE) && ((oar1 >>> 1) & 0x7f) === address) return 0;
    return oar2 & 1 && ((oar2 >>> 1) & 0x7f) === address ? SR2.DUALF : null;
  }
  asked(c: Ctx, ask: number): void {
    if (c.s.off) this.outside.answer(c.env, OUTSIDE_ANSWER.refused);
    else if (kindOfAsk(ask) === 'address') this.called(c, ask & 0xff);
    else if (!c.s.slave) this.outside.answer(c.env, OUTSIDE_ANSWER.refused);
    else {
      c.s.asked = ask;
      this.serve(c);
    }
    this.interrupt(c);
  }
  private called(c: Ctx, byte: number): void {
    const on = CR1.PE | CR1.ACK;
    const flags = (c.get(this.cr1) & on) === on && c.s.doing === 'idle' ? this.mine(c, byte >>> 1) : null;
    c.s.asked = 0;
    c.s.slave = flags !== null;
    if (flags === null) return this.outside.answer(c.env, OUTSIDE_ANSWER.refused);
    Object.assign(c.s, { held: false, seen: c.s.seen & ~SR1.ADDR });
    this.set(c, this.sr1, SR1.ADDR, SR1.TXE | (c.s.full ? 0 : SR1.BTF));
    this.set(c, this.sr2, SR2.BUSY | flags | (byte & 1 ? SR2.TRA : 0), SR2.TRA | SR2.GENCALL | SR2.DUALF);
    this.outside.answer(c.env, OUTSIDE_ANSWER.acknowledged);
  }
  /** As far as software has come. */
  private serve(c: Ctx): void {
    const { s } = c;
    if (this.flagged(c, SR1.ADDR)) return;
    const kind = kindOfAsk(s.asked);
    if (kind === 'write' && !s.full) this.hears(c);
    else if (kind === 'read' && s.held) {
      s.held = false;
      this.set(c, this.sr1, SR1.TXE, SR1.BTF);
      this.done(c, OUTSIDE_ANSWER.data | (c.get(this.dr) & 0xff));
    } else if (kind === 'read') this.set(c, this.sr1, SR1.TXE | SR1.BTF);
    else if (kind === 'refuse') {
      this.set(c, this.sr1, SR1.AF, SR1.TXE | SR1.BTF);
      this.done(c, OUTSIDE_ANSWER.acknowledged);
    } else if (kind === 'stop') this.released(c);
  }
  private hears(c: Ctx): void {
    const { s } = c;
    const byte = s.asked & 0xff;
    if (this.flagged(c, SR1.RXNE)) {
      Object.assign(s, { shift: byte, full: true });
      this.set(c, this.sr1, SR1.BTF);
    } else {
      c.put(this.dr, byte);
      this.set(c, this.sr1, SR1.RXNE);
    }
    this.done(c, c.get(this.cr1) & CR1.ACK ? OUTSIDE_ANSWER.acknowledged : OUTSIDE_ANSWER.refused);
  }
  /** Behind a byte that the master did not acknowledge there is AF alone. */
  private released(c: Ctx): void {
    const sent = this.sends(c);
    c.s.slave = false;
    this.set(c, this.sr1, sent ? 0 : SR1.STOPF, SR1.TXE | (c.s.full ? 0 : SR1.BTF));
    this.set(c, this.sr2, 0, SR2.BUSY | SR2.TRA | SR2.GENCALL | SR2.DUALF);
    this.done(c, OUTSIDE_ANSWER.acknowledged);
  }
  private done(c: Ctx, answer: number): void {
    c.s.asked = 0;
    this.outside.answer(c.env, answer);
  }

  clear(c: Ctx): void {
    Object.assign(c.s, fresh());
    c.env.disarm('bus');
    c.put(this.sr1, 0);
    c.put(this.sr2, 0);
    this.interrupt(c);
  }

  // ---- Accesses
  /** What a read of SR2 or DR would clear. */
  private acts(c: Ctx, r: Register): boolean {
    if (r === this.sr2) return (c.s.seen & c.get(this.sr1) & SR1.ADDR) !== 0;
    return r === this.dr && this.flagged(c, SR1.RXNE | SR1.BTF);
  }
  /** Another read finds nothing that the last one has not seen. */
  holds(c: Ctx, r: Register): Ps {
    if (r === this.sr1) return c.s.seen === c.get(r) ? Infinity : 0;
    return this.acts(c, r) ? 0 : Infinity;
  }
  read(c: Ctx, r: Register, value: number): number {
    if (r === this.sr1) c.s.seen = value;
    if (!this.acts(c, r)) return value;
    if (r === this.sr2) this.addressSeen(c);
    else this.taken(c);
    this.follow(c);
    this.interrupt(c);
    return value;
  }
  /** SR1 and then SR2 have been read: ADDR falls, a transmitter asks for its first byte. */
  private addressSeen(c: Ctx): void {
    this.set(c, this.sr1, this.sends(c) ? SR1.TXE : 0, SR1.ADDR);
  }
  /** DR has been read: what the shift register holds follows. */
  private taken(c: Ctx): void {
    const { s } = c;
    if (!s.full) return this.set(c, this.sr1, 0, SR1.RXNE | (this.sends(c) ? 0 : SR1.BTF));
    s.full = false;
    c.put(this.dr, s.shift);
    this.set(c, this.sr1, SR1.RXNE, SR1.BTF);
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    // Error flags fall by a 0.
    if (r === this.sr1) return c.get(r) & (raw | ~SR1.errors);
    if (r === this.sr2) return c.get(r);
    if (r !== this.dr) return merged;
    if (c.s.seen & c.get(this.sr1) & SR1.SB) {
      c.s.shift = raw & 0xff;
      this.set(c, this.sr1, 0, SR1.SB);
      this.set(c, this.sr2, 0, SR2.TRA);
      this.begin(c, 'address', BYTE_BITS);
    } else if ((c.s.open || c.s.slave) && this.sends(c)) {
      c.s.held = true;
      this.set(c, this.sr1, 0, SR1.TXE | SR1.BTF);
    }
    return merged & 0xff;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.cr1 && (value & CR1.SWRST || (old & CR1.PE && !(value & CR1.PE)))) {
      this.clear(c);
      if (!(value & CR1.SWRST)) c.put(this.cr1, value & ~(CR1.START | CR1.STOP));
    }
    // STOPF falls by a read of SR1 and a write to CR1.
    if (r === this.cr1 && c.s.seen & SR1.STOPF) this.set(c, this.sr1, 0, SR1.STOPF);
    if (!(c.get(this.cr1) & CR1.SWRST)) this.follow(c);
    this.interrupt(c);
  }
}

const fresh = (): I2cV1State => ({
  doing: 'idle',
  seen: 0,
  open: false,
  shift: 0,
  held: false,
  full: false,
  nextAck: true,
  ended: false,
  slave: false,
  asked: 0,
  off: false,
});

export const i2cV1: ModelFactory<Partial<I2cV1Options>> = (layout, given): RegisterModel<I2cV1State> => {
  const options = { block: 'I2C', clock: 'pclk1', ...given };
  const block = new I2cV1(layout, options);
  return {
    timers: ['bus'],
    published: (c) => ({ idleBy: block.isOn(c) ? null : { field: 'CR1.PE', value: 0 } }),
    clocks: [options.clock],
    about: {
      source: 'RM0090 27; nothing but pull-ups on the bus where the board has no device',
      confidence: 'documented',
      lacks: [
        'addresses of ten bits',
        'the NACK behind the last DMA transfer (LAST)',
        'NOSTRETCH of a slave',
        'arbitration between masters',
        'SMBus, PEC',
        'levels of the pins',
      ],
    },
    modelled: ['CR1', 'CR2', 'OAR1', 'OAR2', 'DR', 'SR1', 'SR2', 'CCR', 'TRISE'],
    create: fresh,
    onReset: (c) => block.clear(c),
    onTimer: (c) => block.onTimer(c),
    onGate: (c, on) => {
      c.s.off = !on;
    },
    wires: [block.outside.asks],
    onWire: (c, _wire, value) => block.asked(c, value),
    live: ['SR1', 'SR2', 'DR'],
    acting: ['SR1', 'SR2', 'DR'],
    holds: (c, r) => block.holds(c, r),
    read: (c, r, value) => block.read(c, r, value),
    peek: (_c, _r, value) => value,
    write: (c, r, merged, raw) => block.write(c, r, merged, raw),
    wrote: (c, r, value, old) => block.wrote(c, r, value, old),
  };
};
