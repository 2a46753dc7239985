/**
 * USART/UART/LPUART, the version with FIFOs and PRESC, and its ancestors down to the one with SR and DR (F4). Modelled: asynchronous transmission and reception with their times, FIFOs and thresholds, all flags
 * of that mode, receiver time-out, character match, interrupts.
 *
 * Facts: registers ST SVD; baud rate, FIFO depth 8, thresholds, flag rules: RM USART chapter (documented). TEACK and REACK rise at once when the kernel
 * clock runs (assumed; silicon takes a few kernel clocks).
 * SR (F4): the same flags in the same bits; error flags and IDLE fall by a read of SR and then of DR, TC by a read of SR and a write of DR or a 0 written to it:
 * RM0090 30.6.1 (documented).
 *
 * Console: each transmitted character is reported as note `console:<block>` (lower case) when its last stop bit has gone out.
 * DMA: `<block>.dma.tx` and `<block>.dma.rx` are 1 while a transfer is wanted.
 * Reception: wire `<block>.rx` (lower case), value 0x100 | byte, plus a sequence number << 9 so that equal bytes are changes; the change is the
 * moment at which the stop bit has been received, so the board paces the bytes. Without bit 8 it is a start bit: a receiver that is off then, or is switched off before the
 * stop bit, does not get the byte (UE, RE: RM USART chapter, documented).
 * Bit 30: its stop bit was 0 (FE).
 * A byte also needs a pin that leads to the receiver (uart-pins.ts) and a kernel clock that runs.
 * The sender begins with an idle frame (RM0090 30.3.2); TC that is cleared while it goes out rises behind it (inferred: firmware that clears it and waits for it works).
 * Stop: with UESM it hears if its kernel clock is one that it can ask for there (RM0351 38.5.13, RM0444 33.5.21, documented); the wake-up is its interrupt: RXNE, or WUF by WUS.
 */
import type { Field, ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import type { Ps } from '../../emu/time.ts';
import { givenInStop, ofBlock, POWER_STANDBY, POWER_STOP } from '../wires.ts';
import { UartPins, type UartPinsOptions } from './uart-pins.ts';

export interface UsartOptions {
  readonly block: string;
  /** Name of the kernel clock. */
  readonly clock: string;
  /** LPUART: BRR counts 1/256 of a kernel clock. */
  readonly lowPower: boolean;
  readonly fifoDepth: number;
  /** False: it has no UESM, whatever the register facts say. */
  readonly wakesFromStop: boolean;
  /** Where it listens; left out: at a line that needs no pin. */
  readonly pins?: UartPinsOptions;
  /** What selects its kernel clock: `RCC.CCIPR.USART2SEL`. */
  readonly selector?: string;
}
const DEFAULTS: UsartOptions = { block: 'USART', clock: 'pclk1', lowPower: false, fifoDepth: 8, wakesFromStop: true };

/** By PRESC.PRESCALER; the values behind them are the last. */
export const PRESCALERS = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256];
/** Bytes that RXFT/TXFT wait for, in eighths of the FIFO, by the CFG field. */
const THRESHOLD_EIGHTHS = [1, 2, 4, 6, 7, 8];
/** Stop bits in half bits by CR2.STOP. */
const STOP_HALF_BITS = [2, 1, 4, 3];

// ISR; the same bits clear in ICR except as noted.
const ISR = {
  PE: 1 << 0,
  FE: 1 << 1,
  NE: 1 << 2,
  ORE: 1 << 3,
  IDLE: 1 << 4,
  RXFNE: 1 << 5,
  TC: 1 << 6,
  TXFNF: 1 << 7,
  RTOF: 1 << 11,
  BUSY: 1 << 16,
  CMF: 1 << 17,
  WUF: 1 << 20,
  TEACK: 1 << 21,
  REACK: 1 << 22,
  TXFE: 1 << 23,
  RXFF: 1 << 24,
  RXFT: 1 << 26,
  TXFT: 1 << 27,
} as const;
/** What SR of the first version has, and which of its flags the sequence SR, DR clears. */
const SR_BITS = 0xff;
const SEQUENCE = ISR.PE | ISR.FE | ISR.NE | ISR.ORE | ISR.IDLE;
const CLEARABLE = ISR.PE | ISR.FE | ISR.NE | ISR.ORE | ISR.IDLE | ISR.TC | ISR.RTOF | ISR.CMF | ISR.WUF;

/** On the wire: the stop bit was 0. */
const FRAMING = 1 << 30;
/** What the line's silence ends. */
const SILENCES = ['idle', 'timeout'] as const;
/** CR3.WUS: what sets WUF. 1 is reserved. */
const WAKES_BY = ['address', null, 'start', 'byte'] as const;

interface State {
  tx: number[];
  /** Character in the shift register, -1 = idle. */
  shift: number;
  rx: number[];
  /** Of the character on the line: a receiver that was off at its start bit, or has been since, misses it. */
  frame: 'none' | 'heard' | 'missed';
  /** Why it was missed. */
  missed: string;
  /** Latched flags, as ISR bits. */
  flags: number;
  /** The line was silent for a frame while no clock counted it. */
  silence: boolean;
  /** SR: flags that the last read showed; the access to DR that follows clears them. */
  seen: number;
  /** The program has taken a byte since the chip was reset: who switches the receiver off then need not want the next one. */
  taken: boolean;
  /** When the idle frame is out that the sender begins with. */
  idleEnds: Ps;
}
const fresh = (): State => ({ tx: [], shift: -1, rx: [], frame: 'none', missed: '', flags: ISR.TC, silence: false, seen: 0, taken: false, idleEnds: 0 }); // prettier-ignore
type Context = RegisterContext<State>;

// eslint-disable-next-line house/own-lines -- fields of two generations of USART; sender and receiver share them
export const usartV4: ModelFactory<Partial<UsartOptions>> = (layout, given): RegisterModel<State> => {
  const o: UsartOptions = { ...DEFAULTS, ...given };
  const rxWire = ofBlock(o.block, 'rx');
  const kernel = givenInStop(o.clock);
  const pins = new UartPins(o.block, o.pins);
  const dma = { tx: ofBlock(o.block, 'dma.tx'), rx: ofBlock(o.block, 'dma.rx') };
  const CR1 = layout.reg('CR1');
  const CR2 = layout.reg('CR2');
  const CR3 = layout.reg('CR3');
  const BRR = layout.reg('BRR');
  const RTOR = layout.has('RTOR') ? layout.reg('RTOR') : null;
  const first = layout.has('SR');
  const STATUS = layout.reg(first ? 'SR' : 'ISR');
  const RQR = first ? null : layout.reg('RQR');
  const ICR = first ? null : layout.reg('ICR');
  const RDR = layout.reg(first ? 'DR' : 'RDR');
  const TDR = layout.reg(first ? 'DR' : 'TDR');
  const optional = (path: string): Field | null => (layout.hasField(path) ? layout.field(path) : null);
  const on = (c: Context, f: Field | null): boolean => f !== null && f.get(c) !== 0;
  const UE = layout.field('CR1.UE');
  const RE = layout.field('CR1.RE');
  const TE = layout.field('CR1.TE');
  const M0 = layout.field(first ? 'CR1.M' : 'CR1.M0');
  const M1 = optional('CR1.M1');
  const OVER8 = optional('CR1.OVER8');
  const FIFOEN = optional('CR1.FIFOEN');
  const STOP = layout.field('CR2.STOP');
  const RTOEN = optional('CR2.RTOEN');
  const [UESM, WUS] = o.wakesFromStop ? [optional('CR1.UESM'), optional('CR3.WUS')] : [null, null];
  const ADD = layout.field('CR2.ADD');
  const ADDM7 = optional('CR2.ADDM7');
  const [SWAP, HDSEL] = [optional('CR2.SWAP'), optional('CR3.HDSEL')];
  const OVRDIS = optional('CR3.OVRDIS');
  const PRESCALER = optional('PRESC.PRESCALER');
  const [DMAT, DMAR] = [optional('CR3.DMAT'), optional('CR3.DMAR')];
  const RXFTCFG = optional('CR3.RXFTCFG');
  const TXFTCFG = optional('CR3.TXFTCFG');
  /** Enable bit, and the flags that it lets through. */
  const interrupts: readonly (readonly [Field | null, number])[] = [
    [optional('CR1.IDLEIE'), ISR.IDLE],
    [layout.field(layout.hasField('CR1.RXFNEIE') ? 'CR1.RXFNEIE' : 'CR1.RXNEIE'), ISR.RXFNE | ISR.ORE],
    [layout.field('CR1.TCIE'), ISR.TC],
    [layout.field(layout.hasField('CR1.TXFNFIE') ? 'CR1.TXFNFIE' : 'CR1.TXEIE'), ISR.TXFNF],
    [layout.field('CR1.PEIE'), ISR.PE],
    [optional('CR1.CMIE'), ISR.CMF],
    [optional('CR3.WUFIE'), ISR.WUF],
    [optional('CR1.RTOIE'), ISR.RTOF],
    [optional('CR1.TXFEIE'), ISR.TXFE],
    [optional('CR1.RXFFIE'), ISR.RXFF],
    [layout.field('CR3.EIE'), ISR.FE | ISR.NE | ISR.ORE],
    [optional('CR3.RXFTIE'), ISR.RXFT],
    [optional('CR3.TXFTIE'), ISR.TXFT],
  ];

  /** A write to one of these may change what asks for an interrupt. */
  const driving = [CR1, CR2, CR3, TDR, ICR, RQR, STATUS];
  const depth = (c: Context): number => (on(c, FIFOEN) ? o.fifoDepth : 1);
  const wordBits = (c: Context): number => (M1 && M1.get(c) ? 7 : M0.get(c) ? 9 : 8);
  /** Length of `halfBits` half bits in kernel clocks, 0 if the baud rate is not set. */
  const bitTicks = (c: Context, halfBits: number): number => {
    const brr = c.get(BRR);
    const prescaler = PRESCALERS[PRESCALER ? PRESCALER.get(c) : 0] ?? 256;
    if (o.lowPower) return Math.floor((halfBits * brr * prescaler) / 512);
    if (!on(c, OVER8)) return Math.floor((halfBits * brr * prescaler) / 2);
    const usartdiv = (brr & 0xfff0) | ((brr & 7) << 1);
    return Math.floor((halfBits * usartdiv * prescaler) / 4);
  };
  const frameTicks = (c: Context): number => bitTicks(c, 2 * (1 + wordBits(c)) + STOP_HALF_BITS[STOP.get(c)]!);
  const armAfter = (c: Context, timer: string, ticks: number): void =>
    c.env.arm(timer, ticks > 0 ? c.env.clockTimeOf(o.clock, c.env.clockCount(o.clock) + ticks) : Infinity);

  const threshold = (c: Context, cfg: Field | null): number =>
    Math.ceil(((THRESHOLD_EIGHTHS[cfg ? cfg.get(c) : 0] ?? 8) * o.fifoDepth) / 8);
  const status = (c: Context): number => {
    const { s } = c;
    const fifo = on(c, FIFOEN);
    let v = s.flags;
    if (s.tx.length < depth(c)) v |= ISR.TXFNF;
    if (s.rx.length > 0) v |= ISR.RXFNE;
    if (fifo) {
      if (s.tx.length === 0) v |= ISR.TXFE;
      if (s.rx.length >= o.fifoDepth) v |= ISR.RXFF;
      if (s.rx.length >= threshold(c, RXFTCFG)) v |= ISR.RXFT;
      if (o.fifoDepth - s.tx.length >= threshold(c, TXFTCFG)) v |= ISR.TXFT;
    }
    if (first) return v & SR_BITS;
    if (UE.get(c) && c.env.clockRate(o.clock)) v |= (TE.get(c) ? ISR.TEACK : 0) | (RE.get(c) ? ISR.REACK : 0);
    return v >>> 0;
  };
  const driveIrq = (c: Context): void => {
    const v = status(c);
    c.put(STATUS, v);
    // Without UE there are no requests, whatever the flags show.
    c.env.setWire(dma.tx, UE.get(c) && on(c, DMAT) && v & ISR.TXFNF ? 1 : 0);
    c.env.setWire(dma.rx, UE.get(c) && on(c, DMAR) && v & ISR.RXFNE ? 1 : 0);
    c.env.irq(
      0,
      interrupts.some(([enable, flags]) => (v & flags) !== 0 && on(c, enable)),
    );
  };

  const pump = (c: Context): void => {
    const { s } = c;
    if (s.shift >= 0 || s.tx.length === 0 || !UE.get(c) || !TE.get(c)) return;
    s.shift = s.tx.shift()!;
    armAfter(c, 'tx', frameTicks(c));
  };
  const transmitted = (c: Context): void => {
    const { s } = c;
    c.env.note(`console:${o.block.toLowerCase()}`, String.fromCharCode(s.shift & (wordBits(c) === 7 ? 0x7f : 0xff)));
    s.shift = -1;
    pump(c);
    if (s.shift < 0) s.flags |= ISR.TC;
  };
  /** With UE and TE it sends an idle frame. */
  const begin = (c: Context, value: number, old: number): void => {
    const sends = (cr1: number): boolean => UE.of(cr1) !== 0 && TE.of(cr1) !== 0;
    if (!sends(value) || sends(old)) return;
    const ticks = c.env.clockRate(o.clock) ? frameTicks(c) : 0;
    c.s.idleEnds = ticks > 0 ? c.env.clockTimeOf(o.clock, c.env.clockCount(o.clock) + ticks) : 0;
  };
  /** TC falls; it rises again behind the idle frame. */
  const clearTc = (c: Context): void => {
    c.s.flags &= ~ISR.TC;
    if (c.s.idleEnds > c.env.now()) c.env.arm('preamble', c.s.idleEnds);
  };
  const inStop = (c: Context): boolean => c.env.wire(POWER_STOP) !== 0;
  /** Why it hears nothing, null if it does. */
  const deaf = (c: Context): string | null => {
    if (c.env.wire(POWER_STANDBY)) return 'the chip is in Standby or Shutdown';
    if (!UE.get(c) || !RE.get(c)) return `the receiver is off (UE = ${UE.get(c)}, RE = ${RE.get(c)})`;
    const unled = pins.deaf(c.env, on(c, SWAP) !== on(c, HDSEL));
    if (unled !== null) return unled;
    if (!inStop(c))
      return c.env.clockRate(o.clock)
        ? null
        : `its kernel clock is off${o.selector === undefined ? '' : `: ${o.selector} selects one that does not run`}`;
    if (UESM === null) return `the chip is in Stop, where ${o.block} does not work`;
    if (!UESM.get(c)) return 'the chip is in Stop, and UESM = 0';
    return c.env.wire(kernel)
      ? null
      : `the chip is in Stop, where ${o.block} gets no kernel clock (its source stands still, or the mode is too deep)`;
  };
  /** In Stop WUF tells of what WUS selects. */
  const wakes = (c: Context, by: (typeof WAKES_BY)[number]): void => {
    if (WUS && inStop(c) && WAKES_BY[WUS.get(c)] === by) c.s.flags |= ISR.WUF;
  };
  /** IDLE and the receiver time-out follow the last byte, once there is a clock that counts. */
  const awaitSilence = (c: Context): void => {
    c.s.silence = !c.env.clockRate(o.clock);
    for (const t of SILENCES) c.env.disarm(t);
    if (c.s.silence) return;
    armAfter(c, 'idle', frameTicks(c));
    if (on(c, RTOEN) && RTOR) armAfter(c, 'timeout', bitTicks(c, 2 * (c.get(RTOR) & 0xffffff)));
  };
  const lost = (c: Context, byte: number, why: string): void =>
    c.env.note('input', `the byte 0x${byte.toString(16).padStart(2, '0')} is lost: ${why}`, { is: 'lost-byte', behindOne: c.s.taken });
  const receive = (c: Context, value: number): void => {
    const { s } = c;
    if ((value & 0x100) === 0) {
      s.frame = deaf(c) === null ? 'heard' : 'missed';
      s.missed = deaf(c) ?? '';
      if (s.frame === 'heard') wakes(c, 'start');
      return driveIrq(c);
    }
    const why = s.frame === 'missed' ? s.missed : deaf(c);
    s.frame = 'none';
    const byte = value & 0xff;
    if (why !== null) return lost(c, byte, why);
    if (value & FRAMING) s.flags |= ISR.FE;
    wakes(c, 'byte');
    if (s.rx.length < depth(c)) s.rx.push(byte);
    else if (on(c, OVRDIS)) s.rx[s.rx.length - 1] = byte;
    else {
      s.flags |= ISR.ORE;
      lost(c, byte, 'the one before it has not been read (ORE)');
    }
    const mask = on(c, ADDM7) ? 0x7f : 0x0f;
    if (!first && (byte & mask) === (ADD.get(c) & mask)) {
      s.flags |= ISR.CMF;
      wakes(c, 'address');
    }
    awaitSilence(c);
    driveIrq(c);
  };
  const disable = (c: Context): void => {
    const frame = c.s.frame === 'none' ? 'none' : 'missed';
    Object.assign(c.s, fresh(), { frame, missed: 'the receiver was switched off while it came', taken: c.s.taken });
    for (const t of ['tx', 'idle', 'timeout', 'preamble']) c.env.disarm(t);
  };

  return {
    timers: ['tx', 'idle', 'timeout', 'preamble'],
    published: (c) => ({ idleBy: UE.get(c) ? null : { field: 'CR1.UE', value: 0 } }),
    wires: [rxWire],
    clocks: [o.clock],
    about: {
      source: 'RM chapters USART; TEACK and REACK rise at once (assumed)',
      confidence: 'documented',
      lacks: [
        'flow control',
        'synchronous, smartcard, LIN, IrDA and half-duplex modes',
        'mute mode, auto baud rate',
        'the time of the idle frame after TE',
        'pins of the sender; levels',
      ],
    },
    modelled: ['CR1', 'CR2', 'CR3', 'BRR', 'RTOR', 'RQR', 'ISR', 'ICR', 'RDR', 'TDR', 'PRESC', 'SR', 'DR'].filter((n) => layout.has(n)),
    create: fresh,
    onReset(c, kind) {
      disable(c);
      if (kind !== 'gate') c.s.taken = false;
      driveIrq(c);
    },
    onWire: (c, _wire, value) => receive(c, value),
    // A frame that is going out restarts its time at the new rate; silicon would stretch its rest.
    onClock(c) {
      if (c.s.shift >= 0) armAfter(c, 'tx', frameTicks(c));
      if (c.s.silence || (!c.env.clockRate(o.clock) && SILENCES.some((t) => c.env.due(t) !== Infinity))) awaitSilence(c);
      driveIrq(c);
    },
    onGate(c, isOn) {
      if (!isOn) for (const t of ['tx', 'idle', 'timeout']) c.env.disarm(t);
      else if (c.s.shift >= 0) armAfter(c, 'tx', frameTicks(c));
    },
    onTimer(c, timer) {
      if (timer === 'tx') transmitted(c);
      else if (timer === 'preamble') c.s.flags |= c.s.shift < 0 && c.s.tx.length === 0 ? ISR.TC : 0;
      else c.s.flags |= timer === 'idle' ? ISR.IDLE : ISR.RTOF;
      driveIrq(c);
    },
    live: [STATUS.name, RDR.name],
    acting: [RDR.name],
    holds(c, r) {
      const { s } = c;
      if (r === STATUS) return s.seen === status(c) ? Infinity : 0;
      return s.rx.length === 0 && (s.seen & ~ISR.TC) === 0 && !(first && s.flags & s.seen & SEQUENCE) ? Infinity : 0;
    },
    peek(c, r, value) {
      if (r === STATUS) return status(c);
      return r === RDR ? (c.s.rx[0] ?? value) : value;
    },
    read(c, r, value) {
      if (r === STATUS) return (c.s.seen = status(c));
      if (r !== RDR) return value;
      c.s.flags &= ~(c.s.seen & SEQUENCE & (first ? ~0 : 0));
      c.s.seen &= ISR.TC;
      if (c.s.rx.length > 0) c.s.taken = true;
      const byte = c.s.rx.shift() ?? value;
      c.put(RDR, byte);
      driveIrq(c);
      return byte;
    },
    // eslint-disable-next-line complexity -- one case for each register that is not plain storage
    write(c, r, merged, raw, lanes) {
      const { s } = c;
      if (first && r === STATUS) {
        // Written zeros: RXNE drops what was received, TC falls.
        if (lanes & ISR.RXFNE && !(raw & ISR.RXFNE)) s.rx = [];
        if (lanes & ISR.TC && !(raw & ISR.TC)) clearTc(c);
        return status(c);
      }
      if (r === STATUS || (r === RDR && !first)) return c.get(r);
      if (r === ICR) {
        s.flags &= ~(raw & CLEARABLE);
        if (raw & ISR.TC) clearTc(c);
        return 0;
      }
      if (r === RQR) {
        if (raw & 8) s.rx = [];
        if (raw & 16) s.tx = [];
        return 0;
      }
      if (r === BRR && UE.get(c)) c.env.note('guest', `${o.block}_BRR written while UE = 1`);
      if (r !== TDR) return merged;
      if (!UE.get(c)) return first ? c.get(r) : merged;
      // DR stores what was received: a narrow write must not mix with it.
      const character = (first ? raw : merged) & 0x1ff;
      if (s.tx.length >= depth(c))
        s.tx[s.tx.length - 1] = character; // overwrites what waits
      else s.tx.push(character);
      if (!first) s.flags &= ~ISR.TC;
      else {
        s.flags &= ~(s.seen & ISR.TC);
        s.seen = 0;
        // Reads of DR show the receiver's side.
        return c.get(r);
      }
      return merged;
    },
    wrote(c, r, value, old) {
      if (r === CR1 && UE.of(old) && !UE.of(value)) disable(c);
      if (r === CR1) begin(c, value, old);
      if (r === CR1 && !RE.of(value)) {
        c.s.silence = false;
        for (const t of SILENCES) c.env.disarm(t);
      }
      if (r === TDR || r === CR1) pump(c);
      if (driving.includes(r)) driveIrq(c);
    },
  };
};
