/**
 * QUADSPI and OCTOSPI with no memory on their pins: indirect writes and reads with their times and FIFO, automatic polling, abort, flags, interrupt. Reads give ones:
 * the lines float (assumed: high).
 *
 * Facts: RM0351 19, RM0399 23, RM0432 19, RM0481 OCTOSPI (documented): a command begins with the last of instruction, address and data that it needs. The kernel clock
 * is taken for HCLK (its state after reset). BUSY falls when the last byte of a read has been taken out of the FIFO. Memory-mapped mode: RM0351 19.3.6, 19.3.14, RM0432 19.4.9
 (documented): an access while the mode is off, or behind the size of the memory, is a bus error; the first one raises BUSY, which falls by ABORT, by EN or by the time-out.
 Wires: `<block>.mapped` is the number of address bits of the memory while it is mapped, else 0; `<block>.accessed` counts the accesses.
 */
import { sizeMask, type Layout, type ModelFactory, type Register, type RegisterContext, type RegisterModel } from '../../emu/registers.ts';
import type { Ps } from '../../emu/time.ts';
import type { Wire } from '../../emu/wires.ts';
import { BUS_ERROR } from '../../emu/component.ts';
import { ofBlock } from '../wires.ts';

export interface QuadSpiState {
  phase: 'idle' | 'write' | 'read' | 'poll';
  /** The mapped memory has been accessed and is read ahead. */
  ahead: boolean;
  /** Bytes of the transfer that have not been on the wires yet. */
  left: number;
  /** Bytes in the FIFO. */
  level: number;
  /** Bytes that the timer brings, or takes away. */
  under: number;
}
type Ctx = RegisterContext<QuadSpiState>;

const CR = { EN: 1, ABORT: 1 << 1, TCEN: 1 << 3, APMS: 1 << 22, PMM: 1 << 23 };
const SR = { TEF: 1, TCF: 1 << 1, FTF: 1 << 2, SMF: 1 << 3, TOF: 1 << 4, BUSY: 1 << 5 };
const CLEARABLE = SR.TEF | SR.TCF | SR.SMF | SR.TOF;
const FIFO_BYTES = 16;
const CLOCK = 'hclk';

/** A command as its registers describe it. */
interface Command {
  readonly kind: 'write' | 'read' | 'poll' | 'mapped';
  readonly instruction: boolean;
  readonly address: boolean;
  readonly data: boolean;
  /** Clocks of the wires before the data, and of a byte of data. */
  readonly head: number;
  readonly perByte: number;
}
/** What differs: where registers lie, and what their fields say. */
interface Version {
  readonly at: Readonly<Record<'DCR' | 'LPTR' | 'SR' | 'FCR' | 'DLR' | 'CCR' | 'AR' | 'DR' | 'PSMKR' | 'PSMAR', number>>;
  /** The register whose write completes a command without an address and without data to send. */
  readonly last: number;
  command(c: Ctx, layout: Layout): Command;
  prescaler(c: Ctx, layout: Layout): number;
}
const KINDS = ['write', 'read', 'poll', 'mapped'] as const;
const clocksOf = (bits: number, lines: number): number => (lines === 0 ? 0 : bits / lines);
const LINES = [0, 1, 2, 4, 8] as const;

const QUAD: Version = {
  at: { DCR: 0x04, LPTR: 0x30, SR: 0x08, FCR: 0x0c, DLR: 0x10, CCR: 0x14, AR: 0x18, DR: 0x20, PSMKR: 0x24, PSMAR: 0x28 },
  last: 0x14,
  prescaler: (c, layout) => (c.get(layout.at(0)!) >>> 24) + 1,
  command(c, layout) {
    const ccr = c.get(layout.at(0x14)!);
    const lines = (bit: number): number => [0, 1, 2, 4][(ccr >>> bit) & 3]!;
    const rate = ccr >>> 31 ? 0.5 : 1;
    const size = (bit: number): number => 8 * (((ccr >>> bit) & 3) + 1);
    return {
      kind: KINDS[(ccr >>> 26) & 3]!,
      instruction: lines(8) > 0,
      address: lines(10) > 0,
      data: lines(24) > 0,
      head: clocksOf(8, lines(8)) + rate * (clocksOf(size(12), lines(10)) + clocksOf(size(16), lines(14))) + ((ccr >>> 18) & 31),
      perByte: rate * clocksOf(8, lines(24)),
    };
  },
};
const OCTO: Version = {
  at: { DCR: 0x08, LPTR: 0x130, SR: 0x20, FCR: 0x24, DLR: 0x40, CCR: 0x100, AR: 0x48, DR: 0x50, PSMKR: 0x80, PSMAR: 0x88 },
  last: 0x110,
  prescaler: (c, layout) => (c.get(layout.at(0x0c)!) & 0xff) + 1,
  command(c, layout) {
    const ccr = c.get(layout.at(0x100)!);
    const lines = (bit: number): number => LINES[(ccr >>> bit) & 7] ?? 0;
    const part = (bit: number, double: number, size: number): number =>
      clocksOf(8 * (((ccr >>> size) & 3) + 1), lines(bit)) * ((ccr >>> double) & 1 ? 0.5 : 1);
    return {
      kind: KINDS[(c.get(layout.at(0)!) >>> 28) & 3]!,
      instruction: lines(0) > 0,
      address: lines(8) > 0,
      data: lines(24) > 0,
      head: part(0, 3, 4) + part(8, 11, 12) + part(16, 19, 20) + (c.get(layout.at(0x108)!) & 31),
      perByte: clocksOf(8, lines(24)) * ((ccr >>> 27) & 1 ? 0.5 : 1),
    };
  },
};

class QuadSpi {
  readonly v: Version;
  private readonly layout: Layout;
  private readonly cr: Register;
  readonly sr: Register;
  readonly dr: Register;
  private readonly reg: (name: keyof Version['at']) => Register;

  readonly mapped: Wire;
  readonly accessed: Wire;

  constructor(layout: Layout, version: Version, block: string) {
    this.v = version;
    [this.mapped, this.accessed] = [ofBlock(block, 'mapped'), ofBlock(block, 'accessed')];
    this.layout = layout;
    this.reg = (name) => layout.at(version.at[name])!;
    [this.cr, this.sr, this.dr] = [layout.at(0)!, this.reg('SR'), this.reg('DR')];
  }
  private command(c: Ctx): Command {
    return this.v.command(c, this.layout);
  }
  private after(c: Ctx, wireClocks: number): void {
    const counts = Math.max(1, Math.ceil(wireClocks * this.v.prescaler(c, this.layout)));
    c.env.arm('wires', c.env.clockTimeOf(CLOCK, c.env.clockCount(CLOCK) + counts));
  }
  /** FTF: a read has FTHRES + 1 bytes, or its last ones; a write has room for as many. */
  sync(c: Ctx): void {
    const { s } = c;
    const threshold = ((c.get(this.cr) >>> 8) & 31) + 1;
    const filled = s.phase === 'read' && (s.level >= threshold || (s.left === 0 && s.level > 0));
    const room = s.phase === 'write' && FIFO_BYTES - s.level >= threshold;
    const kept = c.get(this.sr) & CLEARABLE;
    const state = (filled || room ? SR.FTF : 0) | (this.busy(c) ? SR.BUSY : 0) | (s.level << 8);
    c.env.setWire(this.mapped, this.maps(c) ? ((c.get(this.reg('DCR')) >>> 16) & 31) + 1 : 0);
    c.put(this.sr, kept | state);
    const enabled = (c.get(this.cr) >>> 16) & 0x1f;
    c.env.irq(0, ((kept | state) & enabled) !== 0);
  }
  private busy(c: Ctx): boolean {
    return c.s.phase !== 'idle' || c.s.ahead;
  }
  private maps(c: Ctx): boolean {
    return c.env.clocked() && (c.get(this.cr) & CR.EN) !== 0 && this.command(c).kind === 'mapped';
  }
  /** Somebody has accessed the mapped memory: what follows is read ahead until the FIFO is full, and chip select falls back after the time-out. */
  onAccess(c: Ctx): void {
    if (!this.maps(c)) return;
    c.s.ahead = true;
    if (c.get(this.cr) & CR.TCEN) this.after(c, this.command(c).perByte * FIFO_BYTES + c.get(this.reg('LPTR')));
    this.sync(c);
  }
  private flag(c: Ctx, bit: number): void {
    c.put(this.sr, c.get(this.sr) | bit);
  }
  private stop(c: Ctx, flags: number): void {
    Object.assign(c.s, fresh());
    c.env.disarm('wires');
    this.flag(c, flags);
  }

  // ---- Commands
  /** A register has been written that may be the last one a command waits for. */
  private begin(c: Ctx, written: number): void {
    if (this.busy(c) || !(c.get(this.cr) & CR.EN)) return;
    const { kind, instruction, address, data, head, perByte } = this.command(c);
    const sends = kind === 'write' && data;
    const last = sends ? this.v.at.DR : address ? this.v.at.AR : this.v.last;
    if (kind === 'mapped' || written !== last || (!instruction && !address && !data)) return;
    c.s.phase = kind;
    const bytes = data ? c.get(this.reg('DLR')) + 1 : 0;
    c.s.left = bytes;
    if (kind === 'poll') return this.after(c, head + perByte * Math.min(4, bytes));
    c.s.under = sends ? 0 : Math.min(FIFO_BYTES, bytes);
    if (!sends) this.after(c, head + perByte * c.s.under);
  }
  onTimer(c: Ctx): void {
    const { s } = c;
    if (s.phase === 'poll') this.polled(c);
    else if (s.phase === 'read') this.arrived(c);
    else if (s.phase === 'write') this.sent(c);
    else this.stop(c, SR.TOF);
    this.sync(c);
  }
  private polled(c: Ctx): void {
    const bytes = Math.min(4, c.s.left);
    const status = bytes === 4 ? 0xffffffff : 2 ** (8 * bytes) - 1;
    const mask = c.get(this.reg('PSMKR'));
    const differs = (status ^ c.get(this.reg('PSMAR'))) & mask;
    const matches = c.get(this.cr) & CR.PMM ? mask !== 0 && (differs & mask) !== mask : differs === 0;
    // The lines do not change: what does not match now never will.
    if (!matches) return;
    this.flag(c, SR.SMF);
    if (c.get(this.cr) & CR.APMS) this.stop(c, 0);
  }
  private arrived(c: Ctx): void {
    const { s } = c;
    s.level += s.under;
    s.left -= s.under;
    s.under = 0;
    if (s.left === 0) this.flag(c, SR.TCF);
    if (s.left === 0 && s.level === 0) this.stop(c, SR.TCF);
  }
  private sent(c: Ctx): void {
    const { s } = c;
    s.left -= s.under;
    s.level -= s.under;
    s.under = 0;
    if (s.left <= 0) this.stop(c, SR.TCF);
    else this.send(c, 0);
  }
  private send(c: Ctx, head: number): void {
    const { s } = c;
    if (s.under > 0 || s.level === 0) return;
    s.under = Math.min(s.level, s.left);
    this.after(c, head + this.command(c).perByte * s.under);
  }

  // ---- Registers
  clear(c: Ctx): void {
    this.stop(c, 0);
    this.sync(c);
  }
  /** Bytes leave the FIFO of a read; the others follow. */
  read(c: Ctx, size: number): number {
    const { s } = c;
    if (!this.reads(c)) return 0;
    s.level = Math.max(0, s.level - size);
    if (s.under === 0 && s.left > 0) {
      s.under = Math.min(FIFO_BYTES - s.level, s.left);
      this.after(c, this.command(c).perByte * s.under);
    } else if (s.left === 0 && s.level === 0) this.stop(c, 0);
    this.sync(c);
    return size === 4 ? 0xffffffff : 2 ** (8 * size) - 1;
  }
  reads(c: Ctx): boolean {
    return c.s.phase === 'read';
  }
  holds(c: Ctx, r: Register): Ps {
    return r === this.dr && c.s.phase === 'read' ? 0 : Infinity;
  }
  write(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void {
    if (r === this.sr) return c.get(r);
    if (r === this.reg('FCR')) {
      c.put(this.sr, c.get(this.sr) & ~(raw & CLEARABLE));
      return 0;
    }
    if (r === this.dr) {
      this.begin(c, this.v.at.DR);
      this.push(c, lanes === 0xffffffff ? 4 : lanes > 0xff ? 2 : 1);
      return 0;
    }
    if (r === this.cr) return this.control(c, merged);
    // Everything but CR and FCR is locked while a command runs.
    if (this.busy(c)) return c.get(r);
  }
  private push(c: Ctx, bytes: number): void {
    const { s } = c;
    if (s.phase !== 'write') return;
    const first = s.level === 0 && s.left === c.get(this.reg('DLR')) + 1;
    s.level = Math.min(FIFO_BYTES, s.level + Math.min(bytes, s.left - s.level));
    this.send(c, first ? this.command(c).head : 0);
  }
  /** ABORT empties the FIFO, ends the command and raises TCF. */
  private control(c: Ctx, value: number): number {
    if (value & CR.ABORT) this.stop(c, SR.TCF);
    else if (!(value & CR.EN)) this.stop(c, 0);
    return (value & ~CR.ABORT) >>> 0;
  }
  wrote(c: Ctx, r: Register): void {
    if (r.offset === this.v.last || r.offset === this.v.at.AR) this.begin(c, r.offset);
    this.sync(c);
  }
}
const fresh = (): QuadSpiState => ({ phase: 'idle', ahead: false, left: 0, level: 0, under: 0 });

const model =
  (version: Version): ModelFactory<{ readonly block: string }> =>
  (layout, options): RegisterModel<QuadSpiState> => {
    const block = new QuadSpi(layout, version, options.block);
    return {
      timers: ['wires'],
      clocks: [CLOCK],
      about: {
        source: 'RM0351 19, RM0399 23, RM0432 19; no memory on the pins, whose lines float high (assumed); HCLK as kernel clock (assumed)',
        confidence: 'documented',
        lacks: ['memories', 'DMA', 'BUSY of accesses to a memory that the board has'],
      },
      modelled: 'all',
      create: fresh,
      onReset: (c) => block.clear(c),
      wires: [block.accessed],
      onWire: (c) => block.onAccess(c),
      onGate: (c) => block.sync(c),
      onTimer: (c) => block.onTimer(c),
      live: [block.dr.name],
      acting: [block.dr.name],
      holds: (c, r) => block.holds(c, r),
      read: (c, r, value, size) => (r === block.dr ? block.read(c, size) : value),
      peek: (c, r, value) => (r === block.dr && block.reads(c) ? 0xffffffff : value),
      write: (c, r, merged, raw, lanes) => block.write(c, r, merged, raw, lanes),
      wrote: (c, r) => block.wrote(c, r),
    };
  };
export const quadspi = model(QUAD);
export const octospi = model(OCTO);

interface WindowState {
  told: boolean;
}
/** Where QUADSPI or OCTOSPI maps its memory, if the board has none. `writes`: the mode has writes too. */
export const spiWindow: ModelFactory<{ readonly of: string; readonly writes: boolean }> = (
  _layout,
  options,
): RegisterModel<WindowState> => {
  const [mapped, accessed] = [ofBlock(options.of, 'mapped'), ofBlock(options.of, 'accessed')];
  type C = RegisterContext<WindowState>;
  const answers = (c: C, offset: number): boolean => c.env.wire(mapped) > 0 && offset < 2 ** c.env.wire(mapped);
  const accesses = (c: C, offset: number): boolean => {
    if (!answers(c, offset)) return false;
    if (!c.s.told)
      c.env.note(
        'guest',
        `${options.of} maps its memory and is accessed: bootbench has no memory there, so it reads ones (board.memories of a scenario puts one there)`,
      );
    c.s.told = true;
    c.env.setWire(accessed, (c.env.wire(accessed) + 1) % 0x10000);
    return true;
  };
  return {
    about: {
      source: 'RM0351 19, RM0432 19; a write to QUADSPI is a bus error, lines that nothing drives read as ones (assumed)',
      confidence: 'assumed',
      lacks: [],
    },
    modelled: [],
    create: () => ({ told: false }),
    onReset: () => {},
    readElse: (c, offset, size) => (accesses(c, offset) ? sizeMask(size) : BUS_ERROR),
    peekElse: (c, offset, size) => (answers(c, offset) ? sizeMask(size) : BUS_ERROR),
    holdsElse: () => 0,
    writeElse: (c, offset) => (options.writes && accesses(c, offset) ? 0 : BUS_ERROR),
  };
};
