/**
 * GPDMA of STM32H5: linear and linked-list transfers between memories and on request of a block, widths with padding, truncation or packing, suspension, reset,
 * flags and interrupts.
 *
 * Facts: registers ST SVD; widths, link order, flags, suspension and reset of a channel: RM0481 GPDMA (recalled: reported) and ST HAL dma.c and dma_ex.c, whose order of
 * accesses it serves; request numbers HAL-H5 hal_dma.h (documented). A transfer takes `BEAT_CLOCKS` of HCLK (assumed).
 * Wires read: the request lines in `requests`, see dma-requests.ts.
 */
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { RequestLines, type PendingRequests } from './dma-requests.ts';

export interface GpdmaOptions {
  readonly channels: number;
  /** Request line by number (REQSEL). */
  readonly requests: Readonly<Record<number, string>>;
}
export interface GpdmaState {
  /** Bytes that have been read and not written yet, and the size of the current block, by channel. */
  readonly channels: { fifo: number[]; block: number }[];
  pending: PendingRequests;
}
type Ctx = RegisterContext<GpdmaState>;

const BEAT_CLOCKS = 5;
const [IDLEF, TCF, HTF, DTEF, SUSPF] = [1, 1 << 8, 1 << 9, 1 << 10, 1 << 13];
const FLAGS = 0x7f00;
/** PAM from which on units are packed and unpacked. */
const PACK = 2;
const LAST_LINK_ONLY = 3;

interface Channel {
  readonly index: number;
  readonly sr: Register;
  readonly fcr: Register;
  readonly cr: Register;
  readonly lbar: Register;
  readonly llr: Register;
  readonly sar: Register;
  readonly dar: Register;
  /** Registers that a link brings, in the order in which they lie in memory, with the bit of LLR that asks for each. */
  readonly link: readonly (readonly [Field, Register])[];
  readonly f: (name: string) => Field;
}

class Gpdma {
  private readonly channels: readonly Channel[];
  /** By each of its registers. */
  private readonly owners = new Map<Register, Channel>();
  private readonly misr: Register;
  readonly requests: RequestLines;
  /** Lines by REQSEL. */
  private readonly lines: Readonly<Record<number, number>>;

  constructor(layout: Layout, options: GpdmaOptions) {
    this.requests = new RequestLines(Object.values(options.requests));
    this.lines = Object.fromEntries(Object.entries(options.requests).map(([n, name]) => [n, this.requests.of(name)]));
    this.misr = layout.reg('MISR');
    this.channels = Array.from({ length: options.channels }, (_, index) => {
      const reg = (name: string): Register => layout.reg(`C${index}${name}`);
      const fields = new Map<string, Field>();
      for (const name of ['CR', 'TR1', 'TR2', 'BR1', 'LLR'])
        for (const x of reg(name).fields) fields.set(`${name}.${x.name}`, layout.field(`C${index}${name}.${x.name}`));
      const f = (name: string): Field => fields.get(name)!;
      const link = [
        ['UT1', 'TR1'],
        ['UT2', 'TR2'],
        ['UB1', 'BR1'],
        ['USA', 'SAR'],
        ['UDA', 'DAR'],
        ['UT3', 'TR3'],
        ['UB2', 'BR2'],
        ['ULL', 'LLR'],
      ].filter(([bit]) => fields.has(`LLR.${bit!}`));
      return {
        index,
        sr: reg('SR'),
        fcr: reg('FCR'),
        cr: reg('CR'),
        lbar: reg('LBAR'),
        llr: reg('LLR'),
        sar: reg('SAR'),
        dar: reg('DAR'),
        link: link.map(([bit, name]) => [f(`LLR.${bit!}`), reg(name!)] as const),
        f,
      };
    });
    for (const r of layout.registers) {
      const ch = this.channels[Number(/^C(\d+)/.exec(r.name)?.[1] ?? NaN)];
      if (ch) this.owners.set(r, ch);
    }
  }

  private wants(c: Ctx, ch: Channel): boolean {
    if (!ch.f('CR.EN').get(c) || ch.f('CR.SUSP').get(c)) return false;
    // Nothing to move: the link comes first, or the end.
    if (ch.f('BR1.BNDT').get(c) === 0 && c.s.channels[ch.index]!.fifo.length === 0) return true;
    if (ch.f('TR2.SWREQ').get(c)) return true;
    const line = this.request(c, ch);
    return line !== undefined && this.requests.isRequested(c, line);
  }
  private request(c: Ctx, ch: Channel): number | undefined {
    return this.lines[ch.f('TR2.REQSEL').get(c)];
  }
  private next(c: Ctx): Channel | null {
    let best: Channel | null = null;
    for (const ch of this.channels) if (this.wants(c, ch) && (!best || ch.f('CR.PRIO').get(c) > best.f('CR.PRIO').get(c))) best = ch;
    return best;
  }
  sync(c: Ctx): void {
    if (!this.next(c)) c.env.disarm('beat');
    else if (c.env.due('beat') === Infinity) c.env.arm('beat', c.env.clockTimeOf('hclk', c.env.clockCount('hclk') + BEAT_CLOCKS));
  }
  interrupt(c: Ctx): void {
    let pending = 0;
    for (const ch of this.channels) {
      // Flags and enables have the same bits.
      const on = (c.get(ch.sr) & c.get(ch.cr) & FLAGS) !== 0;
      if (on) pending |= 1 << ch.index;
      c.env.irq(ch.index, on);
    }
    c.put(this.misr, pending);
  }
  private raise(c: Ctx, ch: Channel, flags: number): void {
    c.put(ch.sr, c.get(ch.sr) | flags);
    this.interrupt(c);
  }
  private stop(c: Ctx, ch: Channel, flags: number): void {
    ch.f('CR.EN').set(c, 0);
    c.s.channels[ch.index]!.fifo = [];
    this.raise(c, ch, flags | IDLEF);
  }
  private fail(c: Ctx, ch: Channel, address: number): void {
    c.env.note('guest', `${c.env.name} channel ${ch.index}: bus error at 0x${address.toString(16)}`);
    this.stop(c, ch, DTEF);
  }

  beat(c: Ctx): void {
    const ch = this.next(c);
    if (ch) this.transfer(c, ch);
    this.sync(c);
  }
  // eslint-disable-next-line complexity -- one beat: read, pack, write and count share the FIFO
  private transfer(c: Ctx, ch: Channel): void {
    const now = c.s.channels[ch.index]!;
    const bndt = ch.f('BR1.BNDT');
    if (bndt.get(c) === 0 && now.fifo.length === 0) return this.blockDone(c, ch);
    const [from, to] = [1 << ch.f('TR1.SDW_LOG2').get(c), 1 << ch.f('TR1.DDW_LOG2').get(c)];
    if (now.fifo.length < to && bndt.get(c) > 0) {
      const address = c.get(ch.sar);
      const value = from > 4 ? null : c.env.busRead(address, from as 1 | 2 | 4);
      if (value === null) return this.fail(c, ch, address);
      for (let i = 0; i < from; i++) now.fifo.push((value >>> (8 * i)) & 0xff);
      const pam = ch.f('TR1.PAM').get(c);
      // Without packing each unit read is one unit written: filled up with zeros or the sign, or cut (1: from the left).
      if (pam < PACK) {
        const sign = pam === 1 && now.fifo.at(-1)! & 0x80 ? 0xff : 0;
        while (now.fifo.length < to) now.fifo.push(sign);
        now.fifo = pam === 1 ? now.fifo.slice(-to) : now.fifo.slice(0, to);
      }
      if (ch.f('TR1.SINC').get(c)) c.put(ch.sar, address + from);
      bndt.set(c, Math.max(0, bndt.get(c) - from));
    }
    if (now.fifo.length >= to || bndt.get(c) === 0) {
      const unit = now.fifo.splice(0, to);
      const address = c.get(ch.dar);
      const value = unit.reduce((v, byte, i) => v | (byte << (8 * i)), 0) >>> 0;
      if (to > 4 || !c.env.busWrite(address, to as 1 | 2 | 4, value)) return this.fail(c, ch, address);
      if (ch.f('TR1.DINC').get(c)) c.put(ch.dar, address + to);
    }
    const line = ch.f('TR2.SWREQ').get(c) ? undefined : this.request(c, ch);
    if (line !== undefined) this.requests.served(c, line);
    const left = bndt.get(c);
    if (left <= now.block / 2 && left + from > now.block / 2) this.raise(c, ch, HTF);
    if (left === 0 && now.fifo.length === 0) this.blockDone(c, ch);
  }
  private blockDone(c: Ctx, ch: Channel): void {
    const linked = c.get(ch.llr) !== 0;
    const had = c.s.channels[ch.index]!.block > 0;
    if (!linked) return this.stop(c, ch, had ? TCF : 0);
    if (had && ch.f('TR2.TCEM').get(c) !== LAST_LINK_ONLY) this.raise(c, ch, TCF);
    const llr = c.get(ch.llr);
    let at = ((c.get(ch.lbar) & 0xffff0000) | (llr & 0xfffc)) >>> 0;
    for (const [bit, register] of ch.link) {
      if (!bit.of(llr)) continue;
      const word = c.env.busRead(at, 4);
      if (word === null) return this.fail(c, ch, at);
      c.put(register, word & register.writable);
      at += 4;
    }
    // A block whose size is not in the link has that of the one before.
    const bndt = ch.f('BR1.BNDT');
    if (!ch.f('LLR.UB1').of(llr)) bndt.set(c, c.s.channels[ch.index]!.block);
    c.s.channels[ch.index]!.block = bndt.get(c);
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const ch = this.owners.get(r);
    if (!ch) return;
    if (r === ch.fcr) {
      c.put(ch.sr, c.get(ch.sr) & ~(raw & FLAGS));
      this.interrupt(c);
      return 0;
    }
    const en = ch.f('CR.EN');
    if (r !== ch.cr) {
      if (!en.get(c) || merged === c.get(r)) return;
      c.env.note('guest', `${c.env.name}_${r.name} written while the channel is on: not changed`, { is: 'lost', why: 'running' });
      return c.get(r);
    }
    const reset = ch.f('CR.RESET').mask;
    if (raw & reset) {
      c.s.channels[ch.index]!.fifo = [];
      c.put(ch.sr, (c.get(ch.sr) & ~SUSPF) | IDLEF);
      return merged & ~(reset | en.mask | ch.f('CR.SUSP').mask);
    }
    // EN falls by the hardware only: at the end, by an error or a reset of the channel.
    return (merged | (c.get(r) & en.mask)) >>> 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    const ch = this.owners.get(r);
    if (r === ch?.cr) {
      const [en, susp] = [ch.f('CR.EN'), ch.f('CR.SUSP')];
      if (en.of(value) && !en.of(old)) {
        c.put(ch.sr, c.get(ch.sr) & ~IDLEF);
        c.s.channels[ch.index]!.block = ch.f('BR1.BNDT').get(c);
      }
      if (en.of(value) && susp.of(value) && !susp.of(old)) c.put(ch.sr, c.get(ch.sr) | SUSPF | IDLEF);
      if (en.of(value) && !susp.of(value) && susp.of(old)) c.put(ch.sr, c.get(ch.sr) & ~IDLEF);
      this.interrupt(c);
    }
    this.sync(c);
  }
}

export const gpdma: ModelFactory<GpdmaOptions> = (layout, options): RegisterModel<GpdmaState> => {
  const dma = new Gpdma(layout, options);
  const fresh = (): GpdmaState => ({
    channels: Array.from({ length: options.channels }, () => ({ fifo: [], block: 0 })),
    pending: dma.requests.none(),
  });
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
      source: 'RM0481 GPDMA (recalled), ST HAL dma.c and dma_ex.c; 5 clocks a transfer and no load on the core’s bus (assumed)',
      confidence: 'reported',
      lacks: [
        'triggers, bursts, exchange of bytes',
        'two-dimensional addressing and repeated blocks (channels 6 and 7)',
        'link step mode, peripheral flow control',
        'configuration errors (USEF)',
        'security and privilege',
      ],
    },
    modelled: layout.registers.map((r) => r.name).filter((n) => !/^(SECCFGR|PRIVCFGR|RCFGLOCKR|SMISR|C\d(TR3|BR2))$/.test(n)),
    create: fresh,
    onReset: (c) => {
      Object.assign(c.s, fresh());
      c.env.disarm('beat');
      dma.interrupt(c);
    },
    onTimer: (c) => dma.beat(c),
    onWire: (c, wire, value) => {
      dma.requests.note(c, wire, value);
      dma.sync(c);
    },
    onClock: restart,
    onGate: (c, on) => (on ? restart(c) : c.env.disarm('beat')),
    write: (c, r, merged, raw) => dma.write(c, r, merged, raw),
    wrote: (c, r, value, old) => dma.wrote(c, r, value, old),
  };
};
