/**
 * MDMA of STM32H7: transfers started by software, buffer by buffer, block, repeated blocks and linked lists, widths with packing, truncation and padding, fixed, rising
 * and falling addresses, the mask write, errors, flags and the interrupt.
 *
 * Facts: registers ST SVD; RM0433 15 and ST's HAL mdma.c, whose order of accesses it serves (recalled: reported). A data item takes `ITEM_CLOCKS` of the bus clock
 * (assumed). Hardware triggers are left out: such a channel waits.
 */
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';

export interface MdmaState {
  readonly channels: {
    /** Bytes of a whole block, to begin the next one with. */
    block: number;
    /** A request is being served. */
    active: boolean;
  }[];
}
type Ctx = RegisterContext<MdmaState>;

const CHANNELS = 16;
const ITEM_CLOCKS = 2;
const ISR = { TEIF: 1, CTCIF: 1 << 1, BRTIF: 1 << 2, BTIF: 1 << 3, TCIF: 1 << 4, CRQA: 1 << 16 };
const FLAGS = 0x1f;
/** CR: enables of the flags, one bit above each. */
const ENABLES_SHIFT = 1;
const SWRQ = 1 << 16;
/** ESR.TED: the error was one of a read. */
const READ_ERROR = 1 << 7;
/** TRGM: what one request moves. */
const TRIGGER = { buffer: 0, block: 1, repeated: 2, list: 3 };
/** What a link brings, in the order in which it lies in memory; null = a word that is not used. */
const LINK = ['TCR', 'BNDTR', 'SAR', 'DAR', 'BRUR', 'LAR', 'TBR', null, 'MAR', 'MDR'] as const;

interface Channel {
  readonly index: number;
  readonly r: (name: string) => Register;
  readonly f: (name: string) => Field;
}

/** Steps of SINC or DINC. */
const step = (mode: number, offset: number): number => (mode === 2 ? 1 : mode === 3 ? -1 : 0) * 2 ** offset;

class Mdma {
  readonly channels: readonly Channel[];
  private readonly gisr: Register;

  constructor(layout: Layout) {
    this.gisr = layout.reg('GISR0');
    this.channels = Array.from({ length: CHANNELS }, (_, index) => {
      const names = ['ISR', 'IFCR', 'ESR', 'CR', 'TCR', 'BNDTR', 'SAR', 'DAR', 'BRUR', 'LAR', 'TBR', 'MAR', 'MDR'];
      const registers = new Map(names.map((name) => [name, layout.reg(`C${index}${name}`)]));
      const fields = new Map<string, Field>();
      for (const name of ['CR', 'TCR', 'BNDTR', 'BRUR'])
        for (const x of registers.get(name)!.fields) fields.set(`${name}.${x.name}`, layout.field(`C${index}${name}.${x.name}`));
      return { index, r: (name) => registers.get(name)!, f: (name) => fields.get(name)! };
    });
  }
  interrupt(c: Ctx): void {
    let asking = 0;
    for (const ch of this.channels) if ((c.get(ch.r('CR')) >>> ENABLES_SHIFT) & c.get(ch.r('ISR')) & FLAGS) asking |= 1 << ch.index;
    c.put(this.gisr, asking);
    c.env.irq(0, asking !== 0);
  }
  private raise(c: Ctx, ch: Channel, set: number, clear = 0): void {
    c.put(ch.r('ISR'), (c.get(ch.r('ISR')) & ~clear) | set);
    this.interrupt(c);
  }
  private bufferBytes(c: Ctx, ch: Channel): number {
    return Math.min(ch.f('TCR.TLEN').get(c) + 1, ch.f('BNDTR.BNDT').get(c));
  }
  /** The next buffer of the channel with the highest priority. */
  sync(c: Ctx): void {
    const ch = this.next(c);
    if (!ch) return c.env.disarm('buffer');
    if (c.env.due('buffer') < Infinity) return;
    const items = Math.ceil(this.bufferBytes(c, ch) / 2 ** ch.f('TCR.SSIZE').get(c));
    c.env.arm('buffer', c.env.clockTimeOf('hclk', c.env.clockCount('hclk') + Math.max(1, items) * ITEM_CLOCKS));
  }
  private next(c: Ctx): Channel | null {
    let best: Channel | null = null;
    for (const ch of this.channels) {
      const ready = c.s.channels[ch.index]!.active && ch.f('CR.EN').get(c);
      if (ready && (!best || ch.f('CR.PL').get(c) > best.f('CR.PL').get(c))) best = ch;
    }
    return best;
  }
  onTimer(c: Ctx): void {
    const ch = this.next(c);
    if (ch && this.move(c, ch)) this.bufferDone(c, ch);
    this.sync(c);
  }

  private fail(c: Ctx, ch: Channel, address: number, kind: number): false {
    c.env.note('guest', `${c.env.name} channel ${ch.index}: bus error at 0x${address.toString(16)}`);
    c.put(ch.r('ESR'), (address & 0x7f) | kind);
    this.stop(c, ch, ISR.TEIF);
    return false;
  }
  private stop(c: Ctx, ch: Channel, flag: number): void {
    ch.f('CR.EN').set(c, 0);
    c.s.channels[ch.index]!.active = false;
    this.raise(c, ch, flag, ISR.CRQA);
  }
  /** `bytes` from the bus, at most four at a time; null = a bus error. */
  private fetch(c: Ctx, address: number, bytes: number): number[] | null {
    const size = Math.min(bytes, 4) as 1 | 2 | 4;
    const got: number[] = [];
    for (let i = 0; i < bytes; i += size) {
      const value = c.env.busRead((address + i) >>> 0, size);
      if (value === null) return null;
      for (let k = 0; k < size; k++) got.push((value >>> (8 * k)) & 0xff);
    }
    return got;
  }
  private store(c: Ctx, address: number, bytes: readonly number[]): boolean {
    const size = Math.min(bytes.length, 4) as 1 | 2 | 4;
    for (let i = 0; i < bytes.length; i += size) {
      const value = bytes.slice(i, i + size).reduce((v, byte, k) => v | (byte << (8 * k)), 0) >>> 0;
      if (!c.env.busWrite((address + i) >>> 0, size, value)) return false;
    }
    return true;
  }
  /** One buffer. False: it ended in a bus error. */
  private move(c: Ctx, ch: Channel): boolean {
    const f = (name: string): number => ch.f(`TCR.${name}`).get(c);
    const [from, to] = [2 ** f('SSIZE'), 2 ** f('DSIZE')];
    const [sar, dar, bndt] = [ch.r('SAR'), ch.r('DAR'), ch.f('BNDTR.BNDT')];
    const [ahead, on] = [step(f('SINC'), f('SINCOS')), step(f('DINC'), f('DINCOS'))];
    let left = this.bufferBytes(c, ch);
    let held: number[] = [];
    while (left > 0) {
      const at = c.get(sar);
      const unit = this.fetch(c, at, from);
      if (!unit) return this.fail(c, ch, at, READ_ERROR);
      c.put(sar, at + ahead);
      left -= from;
      bndt.set(c, Math.max(0, bndt.get(c) - from));
      held.push(...(f('PKE') ? unit : fitted(unit, to, f('PAM'))));
      while (held.length >= to || (left <= 0 && held.length > 0)) {
        const target = c.get(dar);
        if (!this.store(c, target, held.slice(0, to))) return this.fail(c, ch, target, 0);
        held = held.slice(to);
        c.put(dar, target + on);
      }
    }
    return true;
  }
  private bufferDone(c: Ctx, ch: Channel): void {
    const mask = c.get(ch.r('MAR'));
    if (mask !== 0) c.env.busWrite(mask, 4, c.get(ch.r('MDR')));
    this.raise(c, ch, ISR.TCIF);
    if (ch.f('BNDTR.BNDT').get(c) === 0) this.blockDone(c, ch);
    else if (ch.f('TCR.TRGM').get(c) === TRIGGER.buffer) this.rest(c, ch);
  }
  /** The request has been served; the next one goes on. */
  private rest(c: Ctx, ch: Channel): void {
    c.s.channels[ch.index]!.active = false;
    this.raise(c, ch, 0, ISR.CRQA);
  }
  private blockDone(c: Ctx, ch: Channel): void {
    this.raise(c, ch, ISR.BTIF);
    const brc = ch.f('BNDTR.BRC');
    if (brc.get(c) > 0) {
      brc.set(c, brc.get(c) - 1);
      ch.f('BNDTR.BNDT').set(c, c.s.channels[ch.index]!.block);
      for (const [register, sum, value] of [
        ['SAR', 'BRSUM', 'SUV'],
        ['DAR', 'BRDUM', 'DUV'],
      ] as const) {
        const by = ch.f(`BRUR.${value}`).get(c);
        c.put(ch.r(register), c.get(ch.r(register)) + (ch.f(`BNDTR.${sum}`).get(c) ? -by : by));
      }
      if (ch.f('TCR.TRGM').get(c) < TRIGGER.repeated) this.rest(c, ch);
      return;
    }
    this.raise(c, ch, ISR.BRTIF);
    if (c.get(ch.r('LAR')) === 0) return this.stop(c, ch, ISR.CTCIF);
    const whole = ch.f('TCR.TRGM').get(c) === TRIGGER.list;
    if (this.link(c, ch) && !whole) this.rest(c, ch);
  }
  private link(c: Ctx, ch: Channel): boolean {
    let at = c.get(ch.r('LAR'));
    for (const name of LINK) {
      const word = c.env.busRead(at, 4);
      if (word === null) return this.fail(c, ch, at, READ_ERROR);
      if (name !== null) c.put(ch.r(name), word & ch.r(name).writable);
      at = (at + 4) >>> 0;
    }
    c.s.channels[ch.index]!.block = ch.f('BNDTR.BNDT').get(c);
    return true;
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const ch = this.of(r);
    if (!ch || r === this.gisr) return c.get(r);
    if (r === ch.r('IFCR')) {
      this.raise(c, ch, 0, raw & FLAGS);
      return 0;
    }
    if (r === ch.r('ISR') || r === ch.r('ESR')) return c.get(r);
    const on = ch.f('CR.EN').get(c) !== 0;
    if (r !== ch.r('CR')) {
      if (!on || merged === c.get(r)) return;
      c.env.note('guest', `${c.env.name}_${r.name} written while the channel is on: not changed`, { is: 'lost', why: 'running' });
      return c.get(r);
    }
    const software = ch.f('TCR.SWRM').get(c) !== 0;
    if (raw & SWRQ && software && on && !c.s.channels[ch.index]!.active) {
      c.s.channels[ch.index]!.active = true;
      this.raise(c, ch, ISR.CRQA);
    }
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    const ch = this.of(r);
    if (ch && r === ch.r('CR')) {
      const en = ch.f('CR.EN');
      if (en.of(value) && !en.of(old)) c.s.channels[ch.index]!.block = ch.f('BNDTR.BNDT').get(c);
      if (!en.of(value) && en.of(old)) this.rest(c, ch);
      this.interrupt(c);
    }
    this.sync(c);
  }
  private of(r: Register): Channel | undefined {
    return this.channels[Math.floor((r.offset - 0x40) / 0x40)];
  }
}
/** Without packing each unit read is one unit written: PAM 0 zeros, 1 the sign above it, 2 to the left. */
function fitted(unit: readonly number[], to: number, pam: number): number[] {
  if (unit.length >= to) return pam === 2 ? unit.slice(-to) : unit.slice(0, to);
  const sign = pam === 1 && unit.at(-1)! & 0x80 ? 0xff : 0;
  const filling = Array.from({ length: to - unit.length }, () => sign);
  return pam === 2 ? [...filling, ...unit] : [...unit, ...filling];
}

const fresh = (): MdmaState => ({ channels: Array.from({ length: CHANNELS }, () => ({ block: 0, active: false })) });

export const mdma: ModelFactory = (layout): RegisterModel<MdmaState> => {
  const dma = new Mdma(layout);
  return {
    timers: ['buffer'],
    busMaster: true,
    clocks: ['hclk'],
    about: {
      source: 'RM0433 15, ST HAL mdma.c (recalled); 2 clocks a data item and no load on the core’s bus (assumed)',
      confidence: 'reported',
      lacks: ['hardware triggers', 'bursts, bufferable writes, exchange of bytes', 'alignment and size errors'],
    },
    modelled: 'all',
    create: fresh,
    onReset: (c) => {
      Object.assign(c.s, fresh());
      c.env.disarm('buffer');
      dma.interrupt(c);
    },
    onTimer: (c) => dma.onTimer(c),
    onClock: (c) => dma.sync(c),
    write: (c, r, merged, raw) => dma.write(c, r, merged, raw),
    wrote: (c, r, value, old) => dma.wrote(c, r, value, old),
  };
};
