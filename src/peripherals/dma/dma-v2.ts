/**
 * DMA with streams (F2, F4, F7, H7): all directions, circular and double-buffer mode, widths, packing in FIFO mode, priorities, flags, interrupts, requests by CHSEL or
 * through the DMAMUX.
 *
 * Facts: registers ST SVD; RM0090 10, RM0399 15 (documented). One transfer takes `BEAT_CLOCKS` of HCLK and the core is not slowed down by it (assumed).
 * Wires read: the request lines in `requests`, see dma-requests.ts.
 */
import { NOT_MINE, type QuietRequests } from '../../emu/quiet-requests.ts';
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel, Stretch } from '../../emu/registers.ts';
import type { Wire } from '../../emu/wires.ts';
import { RequestLines, type PendingRequests } from './dma-requests.ts';
import { isSlow, leftBehind, placeAt, standing, stretchOf, type Progress } from './quiet-transfers.ts';

export interface DmaV2Options {
  /** Request lines by stream and CHSEL; with a DMAMUX one a stream, at CHSEL 0. */
  readonly requests: readonly (readonly (string | readonly string[] | null)[])[];
}
export interface DmaV2State {
  readonly streams: {
    /** Addresses in use and items to reload. */
    peripheral: number;
    memory: number;
    total: number;
    /** Bytes that have been read and not written yet. */
    fifo: number[];
  }[];
  pending: PendingRequests;
}
type Ctx = RegisterContext<DmaV2State>;
type Side = 'peripheral' | 'memory';

const STREAMS = 8;
const BEAT_CLOCKS = 5;
const CR = {
  EN: 1,
  DMEIE: 1 << 1,
  TEIE: 1 << 2,
  HTIE: 1 << 3,
  TCIE: 1 << 4,
  CIRC: 1 << 8,
  PINC: 1 << 9,
  MINC: 1 << 10,
  PINCOS: 1 << 15,
  DBM: 1 << 18,
  CT: 1 << 19,
};
const FCR = { DMDIS: 1 << 2, FEIE: 1 << 7, FS_EMPTY: 4 << 3, FS: 7 << 3 };
const FLAG = { FEIF: 1, DMEIF: 1 << 2, TEIF: 1 << 3, HTIF: 1 << 4, TCIF: 1 << 5 };
const ALL_FLAGS = 0x3d;
/** CR.DIR; 0 = from the peripheral. */
const [TO_PERIPHERAL, MEMORY_TO_MEMORY] = [1, 2];
/** Place of each stream's flags in its half of the status. */
const SHIFTS = [0, 6, 16, 22] as const;
const SIZES = [1, 2, 4, 4] as const;
/** Bits of CR that change while the stream is on: the enables, EN and, in double-buffer mode, nothing else. */
const FREE = CR.EN | CR.DMEIE | CR.TEIE | CR.HTIE | CR.TCIE;

interface Stream {
  readonly index: number;
  readonly cr: Register;
  readonly ndtr: Register;
  readonly par: Register;
  readonly m0ar: Register;
  readonly m1ar: Register;
  readonly fcr: Register;
}

class DmaV2 {
  private readonly streams: readonly Stream[];
  private readonly status: readonly Register[];
  private readonly clears: readonly Register[];
  readonly requests: RequestLines;
  /** Lines by stream and CHSEL. */
  private readonly lines: readonly (readonly (readonly number[])[])[];

  constructor(layout: Layout, options: DmaV2Options) {
    // Registers by offset: SVDs differ in how they name those of a stream.
    const at = (offset: number): Register => layout.at(offset)!;
    this.status = [at(0), at(4)];
    this.clears = [at(8), at(0xc)];
    const names = options.requests.map((s) => s.map((w) => (w === null ? [] : typeof w === 'string' ? [w] : w)));
    this.requests = new RequestLines(names.flat(2));
    this.lines = names.map((s) => s.map((lines) => lines.map((name) => this.requests.of(name))));
    this.streams = Array.from({ length: STREAMS }, (_, index) => {
      const base = 0x10 + 0x18 * index;
      return {
        index,
        cr: at(base),
        ndtr: at(base + 4),
        par: at(base + 8),
        m0ar: at(base + 0xc),
        m1ar: at(base + 0x10),
        fcr: at(base + 0x14),
      };
    });
  }
  private direction(c: Ctx, st: Stream): number {
    return (c.get(st.cr) >>> 6) & 3;
  }
  /** Lines that may ask for a transfer of this stream. */
  private chosen(c: Ctx, st: Stream): readonly number[] {
    const lines = this.lines[st.index] ?? [];
    return (lines.length > 1 ? lines[(c.get(st.cr) >>> 25) & 15] : lines[0]) ?? [];
  }
  /** The line that asks for a transfer of this stream; null = nobody does. */
  private request(c: Ctx, st: Stream): number | null {
    const chosen = this.chosen(c, st);
    for (let i = 0; i < chosen.length; i++) if (this.requests.isRequested(c, chosen[i]!)) return chosen[i]!;
    return null;
  }
  private wants(c: Ctx, st: Stream): boolean {
    const cr = c.get(st.cr);
    if (!(cr & CR.EN) || (c.get(st.ndtr) & 0xffff) === 0) return false;
    return this.direction(c, st) === MEMORY_TO_MEMORY || this.request(c, st) !== null;
  }
  /** The stream that the arbiter takes: highest PL, then lowest number. */
  private next(c: Ctx): Stream | null {
    let best: Stream | null = null;
    const priority = (st: Stream): number => (c.get(st.cr) >>> 16) & 3;
    for (const st of this.streams) if (this.wants(c, st) && (!best || priority(st) > priority(best))) best = st;
    return best;
  }
  sync(c: Ctx): void {
    if (!this.next(c)) c.env.disarm('beat');
    else if (c.env.due('beat') === Infinity) c.env.arm('beat', c.env.clockTimeOf('hclk', c.env.clockCount('hclk') + BEAT_CLOCKS));
  }
  private flags(c: Ctx, st: Stream): number {
    return (c.get(this.status[st.index >> 2]!) >>> SHIFTS[st.index & 3]!) & ALL_FLAGS;
  }
  interrupt(c: Ctx, st: Stream): void {
    const cr = c.get(st.cr);
    // DMEIE, TEIE, HTIE, TCIE stand one place left of their flags.
    const enabled = ((cr & (CR.DMEIE | CR.TEIE | CR.HTIE | CR.TCIE)) << 1) | (c.get(st.fcr) & FCR.FEIE ? FLAG.FEIF : 0);
    c.env.irq(st.index, (this.flags(c, st) & enabled) !== 0);
  }
  private raise(c: Ctx, st: Stream, flags: number): void {
    const register = this.status[st.index >> 2]!;
    c.put(register, c.get(register) | (flags << SHIFTS[st.index & 3]!));
    this.interrupt(c, st);
  }
  private fail(c: Ctx, st: Stream, address: number): false {
    c.put(st.cr, c.get(st.cr) & ~CR.EN);
    c.env.note('guest', `${c.env.name} stream ${st.index}: bus error at 0x${address.toString(16)}`);
    this.raise(c, st, FLAG.TEIF);
    return false;
  }

  beat(c: Ctx): void {
    const st = this.next(c);
    if (st) this.transfer(c, st);
    this.sync(c);
  }
  /** Sizes of the peripheral's and the memory's side; in direct mode both are the peripheral's. */
  private widths(c: Ctx, st: Stream): readonly [peripheral: 1 | 2 | 4, memory: 1 | 2 | 4] {
    const cr = c.get(st.cr);
    const p = SIZES[(cr >>> 11) & 3]!;
    const direct = !(c.get(st.fcr) & FCR.DMDIS) && this.direction(c, st) !== MEMORY_TO_MEMORY;
    return [p, direct ? p : SIZES[(cr >>> 13) & 3]!];
  }
  /** One item of the peripheral's width, with as much of the memory's side as it fills or needs. */
  private transfer(c: Ctx, st: Stream): void {
    const now = c.s.streams[st.index]!;
    const [psize, msize] = this.widths(c, st);
    const line = this.request(c, st);
    const left = (c.get(st.ndtr) & 0xffff) - 1;
    let ok = true;
    if (this.direction(c, st) === TO_PERIPHERAL) {
      while (ok && now.fifo.length < psize) ok = this.take(c, st, 'memory', msize);
      ok &&= this.give(c, st, 'peripheral', psize);
    } else {
      ok = this.take(c, st, 'peripheral', psize);
      while (ok && now.fifo.length >= msize) ok = this.give(c, st, 'memory', msize);
      // What is left at the end goes out in single bytes.
      while (ok && left === 0 && now.fifo.length > 0) ok = this.give(c, st, 'memory', 1);
    }
    if (!ok) return;
    if (line !== null) this.requests.served(c, line);
    this.count(c, st, left);
  }
  private take(c: Ctx, st: Stream, side: Side, size: 1 | 2 | 4): boolean {
    const now = c.s.streams[st.index]!;
    const value = c.env.busRead((now[side] & ~(size - 1)) >>> 0, size);
    if (value === null) return this.fail(c, st, now[side]);
    for (let i = 0; i < size; i++) now.fifo.push((value >>> (8 * i)) & 0xff);
    this.step(now, side, c.get(st.cr), size);
    return true;
  }
  private give(c: Ctx, st: Stream, side: Side, size: 1 | 2 | 4): boolean {
    const now = c.s.streams[st.index]!;
    const value = now.fifo.splice(0, size).reduce((v, byte, i) => v | (byte << (8 * i)), 0) >>> 0;
    if (!c.env.busWrite((now[side] & ~(size - 1)) >>> 0, size, value)) return this.fail(c, st, now[side]);
    this.step(now, side, c.get(st.cr), size);
    return true;
  }
  private step(now: DmaV2State['streams'][number], side: Side, cr: number, size: number): void {
    if (!(cr & (side === 'peripheral' ? CR.PINC : CR.MINC))) return;
    now[side] = (now[side] + (side === 'peripheral' && cr & CR.PINCOS ? 4 : size)) >>> 0;
  }
  private count(c: Ctx, st: Stream, left: number): void {
    const now = c.s.streams[st.index]!;
    c.put(st.ndtr, left);
    if (left === now.total >>> 1 && left > 0) this.raise(c, st, FLAG.HTIF);
    if (left > 0) return;
    let cr = c.get(st.cr);
    now.fifo = [];
    if (cr & (CR.CIRC | CR.DBM)) {
      if (cr & CR.DBM) cr ^= CR.CT;
      c.put(st.cr, cr);
      this.load(c, st);
      c.put(st.ndtr, now.total);
    } else c.put(st.cr, cr & ~CR.EN);
    this.raise(c, st, now.total === 1 ? FLAG.TCIF | FLAG.HTIF : FLAG.TCIF);
  }

  /** The stream that a request line leads to, where it is on. */
  private streamOf(c: Ctx, request: Wire): Stream | null {
    const number = this.requests.find(request);
    const on = this.streams.filter((st) => c.get(st.cr) & CR.EN && number !== undefined && this.chosen(c, st).includes(number));
    return on.length === 1 ? on[0]! : null;
  }
  private progressOf(c: Ctx, st: Stream): Progress {
    const { memory: next, total } = c.s.streams[st.index]!;
    const cr = c.get(st.cr);
    const flags = this.flags(c, st);
    return {
      left: c.get(st.ndtr) & 0xffff,
      total,
      circular: (cr & CR.CIRC) !== 0,
      next,
      first: c.get(st.m0ar),
      size: this.widths(c, st)[0],
      moves: (cr & CR.MINC) !== 0,
      halfKnown: (flags & FLAG.HTIF) !== 0 && !(cr & CR.HTIE),
      wholeKnown: (flags & FLAG.TCIF) !== 0 && !(cr & CR.TCIE),
    };
  }
  /** In direct mode, which keeps nothing back. */
  quietRequests(c: Ctx, asked: QuietRequests): number {
    const st = this.streamOf(c, asked.request);
    if (st === null) return NOT_MINE;
    const progress = this.progressOf(c, st);
    const { size } = progress;
    const storesOnly = this.direction(c, st) === 0 && !(c.get(st.cr) & (CR.PINC | CR.DBM)) && !(c.get(st.fcr) & FCR.DMDIS);
    const reads = (c.s.streams[st.index]!.peripheral & ~(size - 1)) >>> 0;
    if (!storesOnly || reads !== asked.address || c.env.due('beat') !== Infinity || !isSlow(c.env, BEAT_CLOCKS, asked)) return 0;
    return standing(progress, size, asked);
  }
  serveQuiet(c: Ctx, request: Wire, requests: number): void {
    const st = this.streamOf(c, request)!;
    const progress = this.progressOf(c, st);
    c.s.streams[st.index]!.memory = placeAt(progress, requests) >>> 0;
    c.put(st.ndtr, leftBehind(progress, requests));
  }
  /** Of the streams that are on. */
  stores(c: Ctx): readonly Stretch[] {
    return this.streams.filter((st) => c.get(st.cr) & CR.EN).flatMap((st) => this.storesOf(c, st));
  }
  private storesOf(c: Ctx, st: Stream): readonly Stretch[] {
    const cr = c.get(st.cr);
    const { total } = c.s.streams[st.index]!;
    const [psize, msize] = this.widths(c, st);
    // an offset of PINC is a word at most
    if (this.direction(c, st) === TO_PERIPHERAL) return [stretchOf(c.get(st.par), cr & CR.PINCOS ? 4 : psize, total, (cr & CR.PINC) !== 0)];
    const targets = cr & CR.DBM ? [st.m0ar, st.m1ar] : [st.m0ar];
    return targets.map((at) => stretchOf(c.get(at), msize, Math.ceil((total * psize) / msize), (cr & CR.MINC) !== 0));
  }
  private load(c: Ctx, st: Stream): void {
    const now = c.s.streams[st.index]!;
    const cr = c.get(st.cr);
    now.peripheral = c.get(st.par);
    now.memory = c.get(cr & CR.DBM && cr & CR.CT ? st.m1ar : st.m0ar);
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const half = this.clears.indexOf(r);
    if (half >= 0) {
      const status = this.status[half]!;
      c.put(status, c.get(status) & ~raw);
      for (const st of this.streams) if (st.index >> 2 === half) this.interrupt(c, st);
      return 0;
    }
    if (this.status.includes(r)) return c.get(r);
    const st = this.streams.find((s) => s.cr === r || s.ndtr === r || s.par === r || s.m0ar === r || s.m1ar === r);
    if (!st) return;
    const old = c.get(r);
    if (!(c.get(st.cr) & CR.EN)) return this.switchOn(c, st, r, merged);
    if (r === st.cr) return merged & CR.EN ? ((old & ~FREE) | (merged & FREE)) >>> 0 : merged;
    // Double-buffer mode: the address that is not in use may be changed.
    const idle = c.get(st.cr) & CR.DBM && r === (c.get(st.cr) & CR.CT ? st.m0ar : st.m1ar);
    if (!idle && merged !== old)
      c.env.note('guest', `${c.env.name}_${r.name} written while the stream is on: not changed`, { is: 'lost', why: 'running' });
    return idle ? merged : old;
  }
  /** A stream whose event flags are still set cannot be switched on: RM0090 10.3.18. */
  private switchOn(c: Ctx, st: Stream, r: Register, merged: number): number {
    if (r !== st.cr || !(merged & CR.EN) || this.flags(c, st) === 0) return merged;
    c.env.note('guest', `${c.env.name} stream ${st.index}: EN set while flags of the last transfer stand`);
    return merged;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    const st = this.streams.find((s) => s.cr === r || s.fcr === r);
    if (!st) return this.sync(c);
    const now = c.s.streams[st.index]!;
    if (r === st.cr && value & CR.EN && !(old & CR.EN)) {
      // Memory to memory goes through the FIFO: the hardware switches direct mode off.
      if (this.direction(c, st) === MEMORY_TO_MEMORY) c.put(st.fcr, c.get(st.fcr) | FCR.DMDIS);
      now.fifo = [];
      now.total = c.get(st.ndtr) & 0xffff;
      this.load(c, st);
    }
    // Switching a stream off in the middle also ends with TCIF: RM0090 10.3.14.
    if (r === st.cr && old & CR.EN && !(value & CR.EN)) this.raise(c, st, FLAG.TCIF);
    this.interrupt(c, st);
    this.sync(c);
  }
  reset(c: Ctx): void {
    for (const now of c.s.streams) Object.assign(now, { peripheral: 0, memory: 0, total: 0, fifo: [] });
    c.s.pending = this.requests.none();
    c.env.disarm('beat');
    for (const st of this.streams) {
      c.put(st.fcr, (c.get(st.fcr) & ~FCR.FS) | FCR.FS_EMPTY);
      this.interrupt(c, st);
    }
  }
}

export const dmaV2: ModelFactory<DmaV2Options> = (layout, given): RegisterModel<DmaV2State> => {
  const dma = new DmaV2(layout, given);
  const restart = (c: Ctx): void => {
    c.env.disarm('beat');
    dma.sync(c);
  };
  return {
    timers: ['beat'],
    busMaster: true,
    wires: dma.requests.wires,
    clocks: ['hclk'],
    about: {
      source: 'RM0090 10, RM0399 15; 5 clocks a transfer and no load on the core’s bus (assumed)',
      confidence: 'documented',
      lacks: ['bursts and FIFO thresholds', 'FIFO and direct-mode errors', 'peripheral flow control (SDIO)', 'contention with the core'],
    },
    modelled: 'all',
    create: () => ({
      streams: Array.from({ length: STREAMS }, () => ({ peripheral: 0, memory: 0, total: 0, fifo: [] })),
      pending: dma.requests.none(),
    }),
    onReset: (c) => dma.reset(c),
    onTimer: (c) => dma.beat(c),
    onWire: (c, wire, value) => {
      dma.requests.note(c, wire, value);
      dma.sync(c);
    },
    onClock: restart,
    onGate: (c, on) => (on ? restart(c) : c.env.disarm('beat')),
    quietRequests: (c, asked) => dma.quietRequests(c, asked),
    serveQuiet: (c, request, requests) => dma.serveQuiet(c, request, requests),
    published: (c) => ({ stores: dma.stores(c) }),
    write: (c, r, merged, raw) => dma.write(c, r, merged, raw),
    wrote: (c, r, value, old) => dma.wrote(c, r, value, old),
  };
};
