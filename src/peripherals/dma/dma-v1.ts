/**
 * DMA with channels (F0, F3, L4, G4…): memory to memory, peripheral to and from memory on request, circular mode, widths, priorities, flags and interrupts.
 *
 * Facts: registers ST SVD; widths, increments, circular reload, flags, channel off on a bus error: RM0091 10, RM0351 DMA (documented). One transfer takes
 * `BEAT_CLOCKS` of HCLK and the core is not slowed down by it (assumed).
 * Wires read: the request lines in `requests`, see dma-requests.ts; `dma.remap.<field>` of SYSCFG (F0, F3).
 */
import { NOT_MINE, type QuietRequests } from '../../emu/quiet-requests.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel, Stretch } from '../../emu/registers.ts';
import { wire, type Wire } from '../../emu/wires.ts';
import { dmaRemap } from '../wires.ts';
import { RequestLines, type PendingRequests } from './dma-requests.ts';
import { isSlow, leftBehind, placeAt, standing, stretchOf, type Progress } from './quiet-transfers.ts';

export interface DmaRequest {
  readonly wire: string;
  readonly channel: number;
  /** Value of CSELR's field that connects it; left out = always connected. */
  readonly select?: number;
  /** Fields of SYSCFG and the values at which the request goes to this channel; left out = always. */
  readonly remap?: Readonly<Record<string, number>>;
}
export interface DmaV1Options {
  /** Interrupt line (index into the row's) of each channel. */
  readonly lines: readonly number[];
  readonly requests: readonly DmaRequest[];
  /** Wire that has a bit for each channel that asks for its interrupt. */
  readonly asks?: string;
}
export interface DmaV1State {
  /** Current addresses of each channel, and the count to reload in circular mode. */
  readonly channels: { peripheral: number; memory: number; total: number }[];
  pending: PendingRequests;
}
type Ctx = RegisterContext<DmaV1State>;

const BEAT_CLOCKS = 5;
const SIZES = [1, 2, 4] as const;
const [GIF, TCIF, HTIF, TEIF] = [1, 2, 4, 8];

class Channel {
  readonly index: number;
  readonly ccr: Register;
  readonly cndtr: Register;
  readonly cpar: Register;
  readonly cmar: Register;
  readonly select: Field | null;
  readonly f: Readonly<
    Record<'EN' | 'TCIE' | 'HTIE' | 'TEIE' | 'DIR' | 'CIRC' | 'PINC' | 'MINC' | 'PSIZE' | 'MSIZE' | 'PL' | 'MEM2MEM', Field>
  >;
  constructor(layout: Layout, n: number) {
    this.index = n - 1;
    this.ccr = layout.reg(`CCR${n}`);
    this.cndtr = layout.reg(`CNDTR${n}`);
    this.cpar = layout.reg(`CPAR${n}`);
    this.cmar = layout.reg(`CMAR${n}`);
    this.select = layout.hasField(`CSELR.C${n}S`) ? layout.field(`CSELR.C${n}S`) : null;
    const f = (name: string): Field => layout.field(`CCR${n}.${name}`);
    this.f = {
      EN: f('EN'),
      TCIE: f('TCIE'),
      HTIE: f('HTIE'),
      TEIE: f('TEIE'),
      DIR: f('DIR'),
      CIRC: f('CIRC'),
      PINC: f('PINC'),
      MINC: f('MINC'),
      PSIZE: f('PSIZE'),
      MSIZE: f('MSIZE'),
      PL: f('PL'),
      MEM2MEM: f('MEM2MEM'),
    };
  }
}

/** A request line of a channel, and what connects it. */
interface Line {
  readonly select: number | undefined;
  readonly line: number;
  readonly remap: readonly (readonly [field: Wire, value: number])[];
}

function isMappedHere(c: Ctx, remap: Line['remap']): boolean {
  for (let i = 0; i < remap.length; i++) if (c.env.wire(remap[i]![0]) !== remap[i]![1]) return false;
  return true;
}

class Dma {
  readonly channels: readonly Channel[];
  private readonly isr: Register;
  private readonly ifcr: Register;
  private readonly o: DmaV1Options;
  /** Interrupt lines, each with the channels that share it, as bits. */
  private readonly shared: readonly { readonly line: number; readonly channels: number }[];
  readonly requests: RequestLines;
  /** Request lines of each channel. */
  private readonly lines: readonly (readonly Line[])[];
  readonly remaps: ReadonlySet<Wire>;
  private readonly asks: Wire | null;

  constructor(layout: Layout, options: DmaV1Options) {
    this.o = options;
    this.requests = new RequestLines(options.requests.map((r) => r.wire));
    this.shared = [...new Set(options.lines)].map((line) => ({
      line,
      channels: options.lines.reduce((bits, of, channel) => bits | (of === line ? 1 << channel : 0), 0),
    }));
    this.lines = options.lines.map((_, i) =>
      options.requests
        .filter((r) => r.channel === i + 1)
        .map((r) => ({
          select: r.select,
          line: this.requests.of(r.wire),
          remap: Object.entries(r.remap ?? {}).map(([field, value]) => [dmaRemap(field), value] as const),
        })),
    );
    this.remaps = new Set(this.lines.flat().flatMap(({ remap }) => remap.map(([field]) => field)));
    this.asks = options.asks === undefined ? null : wire(options.asks);
    this.isr = layout.reg('ISR');
    this.ifcr = layout.reg('IFCR');
    this.channels = options.lines.map((_, i) => new Channel(layout, i + 1));
  }

  private wants(c: Ctx, ch: Channel): boolean {
    if (!ch.f.EN.get(c) || c.get(ch.cndtr) === 0) return false;
    if (ch.f.MEM2MEM.get(c)) return true;
    return this.request(c, ch) !== null;
  }
  /** The line that asks for a transfer of this channel; null = nobody does. */
  private request(c: Ctx, ch: Channel): number | null {
    const lines = this.lines[ch.index]!;
    // asked at each beat: nothing is allocated
    for (let i = 0; i < lines.length; i++) {
      const { select, line, remap } = lines[i]!;
      if (select !== undefined && ch.select && ch.select.get(c) !== select) continue;
      if (this.requests.isRequested(c, line) && isMappedHere(c, remap)) return line;
    }
    return null;
  }
  /** The channel that the arbiter takes: highest PL, then lowest number. */
  private next(c: Ctx): Channel | null {
    let best: Channel | null = null;
    for (const ch of this.channels) if (this.wants(c, ch) && (!best || ch.f.PL.get(c) > best.f.PL.get(c))) best = ch;
    return best;
  }
  /** A request line has changed. A beat that has been arranged takes whoever asks when it comes; one that runs looks around when it is done. */
  asked(c: Ctx, value: number): void {
    if (this.beating || (value !== 0 && c.env.due('beat') !== Infinity)) return;
    this.sync(c);
  }
  private beating = false;
  sync(c: Ctx): void {
    if (!this.next(c)) c.env.disarm('beat');
    else if (c.env.due('beat') === Infinity) c.env.arm('beat', c.env.clockTimeOf('hclk', c.env.clockCount('hclk') + BEAT_CLOCKS));
  }
  private raise(c: Ctx, ch: Channel, flags: number): void {
    c.put(this.isr, c.get(this.isr) | ((flags | GIF) << (4 * ch.index)));
    this.interrupt(c);
  }
  interrupt(c: Ctx): void {
    const isr = c.get(this.isr);
    let asks = 0;
    for (const ch of this.channels) {
      const enabled = (ch.f.TCIE.get(c) ? TCIF : 0) | (ch.f.HTIE.get(c) ? HTIF : 0) | (ch.f.TEIE.get(c) ? TEIF : 0);
      if ((isr >>> (4 * ch.index)) & enabled) asks |= 1 << ch.index;
    }
    if (this.asks !== null) c.env.setWire(this.asks, asks);
    for (const { line, channels } of this.shared) c.env.irq(line, (asks & channels) !== 0);
  }

  beat(c: Ctx): void {
    this.beating = true;
    try {
      const ch = this.next(c);
      if (ch) this.transfer(c, ch);
    } finally {
      this.beating = false;
    }
    this.sync(c);
  }
  // eslint-disable-next-line complexity -- one beat: read, write and count, each of which may fail
  private transfer(c: Ctx, ch: Channel): void {
    const now = c.s.channels[ch.index]!;
    const [psize, msize] = [SIZES[ch.f.PSIZE.get(c)] ?? 4, SIZES[ch.f.MSIZE.get(c)] ?? 4];
    // DIR = 1 reads from memory. Widths differ: what is missing is 0, what is too much is lost.
    const fromMemory = ch.f.DIR.get(c) === 1;
    const [source, size] = fromMemory ? ([now.memory, msize] as const) : ([now.peripheral, psize] as const);
    const [target, width] = fromMemory ? ([now.peripheral, psize] as const) : ([now.memory, msize] as const);
    const aligned = (address: number, bytes: number): number => (address & ~(bytes - 1)) >>> 0;
    const line = ch.f.MEM2MEM.get(c) ? null : this.request(c, ch);
    const value = c.env.busRead(aligned(source, size), size);
    const ok = value !== null && c.env.busWrite(aligned(target, width), width, (value & (2 ** (8 * width) - 1)) >>> 0);
    if (!ok) {
      ch.f.EN.set(c, 0);
      c.env.note('guest', `${c.env.name} channel ${ch.index + 1}: bus error at 0x${(value === null ? source : target).toString(16)}`);
      return this.raise(c, ch, TEIF);
    }
    if (line !== null) this.requests.served(c, line);
    if (ch.f.PINC.get(c)) now.peripheral = (now.peripheral + psize) >>> 0;
    if (ch.f.MINC.get(c)) now.memory = (now.memory + msize) >>> 0;
    const left = c.get(ch.cndtr) - 1;
    c.put(ch.cndtr, left);
    if (left === now.total >>> 1 && left > 0) this.raise(c, ch, HTIF);
    if (left > 0) return;
    if (ch.f.CIRC.get(c) && !ch.f.MEM2MEM.get(c)) {
      this.load(c, ch);
      c.put(ch.cndtr, now.total);
    }
    this.raise(c, ch, now.total === 1 ? TCIF | HTIF : TCIF);
  }

  /** The channel that a request line leads to, where it is on. */
  private channelOf(c: Ctx, request: Wire): Channel | null {
    const number = this.requests.find(request);
    const isLed = (ch: Channel): boolean =>
      this.lines[ch.index]!.some(
        ({ select, line, remap }) =>
          line === number && isMappedHere(c, remap) && (select === undefined || !ch.select || ch.select.get(c) === select),
      );
    const [channel, ...more] = this.channels.filter((ch) => ch.f.EN.get(c) && isLed(ch));
    return channel === undefined || more.length > 0 ? null : channel;
  }
  private progressOf(c: Ctx, ch: Channel): Progress {
    const { memory: next, total } = c.s.channels[ch.index]!;
    const flags = c.get(this.isr) >>> (4 * ch.index);
    const known = (flag: number, enable: Field): boolean => (flags & flag) !== 0 && !enable.get(c);
    return {
      left: c.get(ch.cndtr),
      total,
      circular: ch.f.CIRC.get(c) === 1,
      next,
      first: c.get(ch.cmar),
      size: SIZES[ch.f.MSIZE.get(c)] ?? 4,
      moves: ch.f.MINC.get(c) === 1,
      halfKnown: known(HTIF, ch.f.HTIE),
      wholeKnown: known(TCIF, ch.f.TCIE),
    };
  }
  quietRequests(c: Ctx, asked: QuietRequests): number {
    const ch = this.channelOf(c, asked.request);
    if (ch === null) return NOT_MINE;
    const size = SIZES[ch.f.PSIZE.get(c)] ?? 4;
    const storesOnly = !ch.f.DIR.get(c) && !ch.f.MEM2MEM.get(c) && !ch.f.PINC.get(c);
    const reads = (c.s.channels[ch.index]!.peripheral & ~(size - 1)) >>> 0;
    if (!storesOnly || reads !== asked.address || c.env.due('beat') !== Infinity || !isSlow(c.env, BEAT_CLOCKS, asked)) return 0;
    const progress = this.progressOf(c, ch);
    return standing(progress, Math.min(size, progress.size), asked);
  }
  serveQuiet(c: Ctx, request: Wire, requests: number): void {
    const ch = this.channelOf(c, request)!;
    const progress = this.progressOf(c, ch);
    c.s.channels[ch.index]!.memory = placeAt(progress, requests) >>> 0;
    c.put(ch.cndtr, leftBehind(progress, requests));
  }
  /** Of the channels that are on. */
  stores(c: Ctx): readonly Stretch[] {
    return this.channels
      .filter((ch) => ch.f.EN.get(c))
      .map((ch) => {
        const { total } = c.s.channels[ch.index]!;
        const [at, size, moves] = ch.f.DIR.get(c) ? [ch.cpar, ch.f.PSIZE, ch.f.PINC] : [ch.cmar, ch.f.MSIZE, ch.f.MINC];
        return stretchOf(c.get(at), SIZES[size.get(c)] ?? 4, total, moves.get(c) === 1);
      });
  }
  private load(c: Ctx, ch: Channel): void {
    const now = c.s.channels[ch.index]!;
    now.peripheral = c.get(ch.cpar);
    now.memory = c.get(ch.cmar);
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.ifcr) {
      let cleared = raw;
      // CGIF clears all flags of its channel; a channel's GIF falls with its last flag.
      for (const ch of this.channels) if (raw & (GIF << (4 * ch.index))) cleared |= 0xf << (4 * ch.index);
      let flags = c.get(this.isr) & ~cleared;
      for (const ch of this.channels) if (!((flags >>> (4 * ch.index)) & ~GIF & 0xf)) flags &= ~(GIF << (4 * ch.index));
      c.put(this.isr, flags);
      this.interrupt(c);
      return 0;
    }
    const ch = this.channels.find((x) => x.cndtr === r || x.cpar === r || x.cmar === r || x.ccr === r);
    if (!ch?.f.EN.get(c)) return;
    const old = c.get(r);
    // While the channel is on only its interrupt enables and EN itself change.
    const free = r === ch.ccr ? ch.f.EN.mask | ch.f.TCIE.mask | ch.f.HTIE.mask | ch.f.TEIE.mask : 0;
    if ((merged ^ old) & ~free && !(r === ch.ccr && !ch.f.EN.of(merged)))
      c.env.note('guest', `${c.env.name}_${r.name} written while the channel is on: not changed`, { is: 'lost', why: 'running' });
    // Switching it off takes the rest of the word along.
    return r === ch.ccr && !ch.f.EN.of(merged) ? merged : ((old & ~free) | (merged & free)) >>> 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    const ch = this.channels.find((x) => x.ccr === r);
    if (ch && ch.f.EN.of(value) && !ch.f.EN.of(old)) {
      this.load(c, ch);
      c.s.channels[ch.index]!.total = c.get(ch.cndtr);
    }
    if (ch) this.interrupt(c);
    this.sync(c);
  }
}

export const dmaV1: ModelFactory<DmaV1Options> = (layout, options): RegisterModel<DmaV1State> => {
  const dma = new Dma(layout, options);
  return {
    timers: ['beat'],
    busMaster: true,
    wires: [...dma.requests.wires, ...dma.remaps],
    clocks: ['hclk'],
    about: {
      source: 'RM0091 10, RM0351 DMA; 5 clocks a transfer and no load on the core’s bus (assumed)',
      confidence: 'documented',
      lacks: ['contention with the core'],
    },
    modelled: 'all',
    create: () => ({ channels: dma.channels.map(() => ({ peripheral: 0, memory: 0, total: 0 })), pending: dma.requests.none() }),
    onReset: (c) => {
      for (const now of c.s.channels) Object.assign(now, { peripheral: 0, memory: 0, total: 0 });
      c.s.pending = dma.requests.none();
      c.env.disarm('beat');
      dma.interrupt(c);
    },
    onTimer: (c) => dma.beat(c),
    onWire: (c, wire, value) => {
      if (dma.remaps.has(wire)) return dma.sync(c);
      dma.requests.note(c, wire, value);
      dma.asked(c, value);
    },
    // A beat that is under way takes its time at the new rate.
    onClock: (c) => {
      c.env.disarm('beat');
      dma.sync(c);
    },
    onGate: (c, on) => {
      c.env.disarm('beat');
      if (on) dma.sync(c);
    },
    quietRequests: (c, asked) => dma.quietRequests(c, asked),
    serveQuiet: (c, request, requests) => dma.serveQuiet(c, request, requests),
    published: (c) => ({ stores: dma.stores(c) }),
    write: (c, r, merged, raw) => dma.write(c, r, merged, raw),
    wrote: (c, r, value, old) => dma.wrote(c, r, value, old),
  };
};
