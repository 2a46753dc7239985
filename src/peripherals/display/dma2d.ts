/**
 * DMA2D: filling, copying, conversion of pixel formats, blending of two layers, loading of colour tables, abort, flags and the interrupt.
 *
 * Facts: registers ST SVD; RM0386 11.3, 11.5, RM0432 DMA2D (documented). A pixel takes a clock of the bus for each layer that is read and one to be written (assumed).
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';

export interface Dma2dState {
  /** Colour tables of foreground and background, ARGB. */
  readonly foreground: Uint32Array;
  readonly background: Uint32Array;
}
type Ctx = RegisterContext<Dma2dState>;
type Side = 'FG' | 'BG';
/** Alpha, red, green, blue, each 0 to 255. */
type Colour = readonly [number, number, number, number];

const CR = { START: 1, ABORT: 4 };
const ISR = { TEIF: 1, TCIF: 2, TWIF: 4, CTCIF: 16 };
const ENABLES_SHIFT = 8;
const MODE = { copy: 0, convert: 1, blend: 2, fill: 3 };
/** Bits of a pixel by CM; inputs have all, outputs the first five. */
const BITS = [32, 24, 16, 16, 16, 8, 8, 16, 4, 8, 4] as const;
const wide = (value: number, bits: number): number => Math.floor(((value & (2 ** bits - 1)) * 255) / (2 ** bits - 1));
const argb = (v: number): Colour => [(v >>> 24) & 255, (v >>> 16) & 255, (v >>> 8) & 255, v & 255];
/** Formats with a colour in the pixel: what its word means, and the word of a colour. */
const DIRECT: readonly { readonly from: (v: number) => Colour; readonly to: (c: Colour) => number }[] = [
  { from: argb, to: ([a, r, g, b]) => ((a << 24) | (r << 16) | (g << 8) | b) >>> 0 },
  { from: (v) => argb(v | 0xff000000), to: ([, r, g, b]) => (r << 16) | (g << 8) | b },
  {
    from: (v) => [255, wide(v >>> 11, 5), wide(v >>> 5, 6), wide(v, 5)],
    to: ([, r, g, b]) => ((r >> 3) << 11) | ((g >> 2) << 5) | (b >> 3),
  },
  {
    from: (v) => [v & 0x8000 ? 255 : 0, wide(v >>> 10, 5), wide(v >>> 5, 5), wide(v, 5)],
    to: ([a, r, g, b]) => ((a >> 7) << 15) | ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3),
  },
  {
    from: (v) => [wide(v >>> 12, 4), wide(v >>> 8, 4), wide(v >>> 4, 4), wide(v, 4)],
    to: ([a, r, g, b]) => ((a >> 4) << 12) | ((r >> 4) << 8) | ((g >> 4) << 4) | (b >> 4),
  },
];
/** Formats with an index or an alpha alone, by CM - 5: bits of the index, bits of the alpha above it. */
const INDEXED: readonly (readonly [number, number])[] = [
  [8, 0],
  [4, 4],
  [8, 8],
  [4, 0],
  [0, 8],
  [0, 4],
];
/** RM0386 11.3.7, rounded down. */
function blended(f: Colour, b: Colour): Colour {
  const both = Math.floor((f[0] * b[0]) / 255);
  const alpha = f[0] + b[0] - both;
  const mixed = (i: 1 | 2 | 3): number => (alpha === 0 ? 0 : Math.floor((f[i] * f[0] + b[i] * b[0] - b[i] * both) / alpha));
  return [alpha, mixed(1), mixed(2), mixed(3)];
}

class Dma2d {
  readonly r: (name: string) => Register;
  readonly ocolr: Register;
  constructor(layout: Layout) {
    this.r = (name) => layout.reg(name);
    this.ocolr = layout.at(0x38)!;
  }
  private value(c: Ctx, name: string): number {
    return c.get(this.r(name));
  }
  raise(c: Ctx, set: number, clear = 0): void {
    c.put(this.r('ISR'), (this.value(c, 'ISR') & ~clear) | set);
    c.env.irq(0, (this.value(c, 'ISR') & (this.value(c, 'CR') >>> ENABLES_SHIFT) & 0x3f) !== 0);
  }
  private clocks(c: Ctx, timer: string, count: number): void {
    c.env.arm(timer, c.env.clockTimeOf('hclk', c.env.clockCount('hclk') + Math.max(1, count)));
  }
  stop(c: Ctx): void {
    c.env.disarm('pixels');
    c.put(this.r('CR'), this.value(c, 'CR') & ~(CR.START | CR.ABORT));
  }
  private mode(c: Ctx): number {
    return (this.value(c, 'CR') >>> 16) & 3;
  }

  // ---- Memory
  private fetch(c: Ctx, address: number, bits: number): number {
    const read = (at: number, size: 1 | 2 | 4): number => {
      const value = c.env.busRead(at >>> 0, size);
      if (value === null) throw new BusError(at);
      return value;
    };
    if (bits !== 24) return read(address, (bits / 8) as 1 | 2 | 4);
    return read(address, 1) | (read(address + 1, 1) << 8) | (read(address + 2, 1) << 16);
  }
  private store(c: Ctx, address: number, bits: number, value: number): void {
    const write = (at: number, size: 1 | 2 | 4, part: number): void => {
      if (!c.env.busWrite(at >>> 0, size, part >>> 0)) throw new BusError(at);
    };
    if (bits !== 24) return write(address, (bits / 8) as 1 | 2 | 4, bits === 32 ? value : value & (2 ** bits - 1));
    for (let i = 0; i < 3; i++) write(address + i, 1, (value >>> (8 * i)) & 255);
  }

  // ---- Pixels
  private source(c: Ctx, side: Side): (x: number, y: number) => Colour {
    const control = this.value(c, `${side}PFCCR`);
    const format = control & 15;
    const bits = BITS[format] ?? 32;
    const [base, colour] = [this.value(c, `${side}MAR`), argb(this.value(c, `${side}COLR`))];
    const line = ((this.value(c, 'NLR') >>> 16) & 0x3fff) + this.value(c, `${side}OR`);
    const table = side === 'FG' ? c.s.foreground : c.s.background;
    const change = (control >>> 16) & 3;
    const constant = control >>> 24;
    const [index, own] = INDEXED[format - 5] ?? [0, 0];
    const meaning = (v: number): Colour => {
      const direct = DIRECT[format];
      if (direct) return direct.from(v);
      const found: Colour = index ? argb(table[v & (2 ** index - 1)]!) : colour;
      return own ? [wide(v >>> index, own), found[1], found[2], found[3]] : found;
    };
    return (x, y) => {
      const at = (y * line + x) * bits;
      const unit = this.fetch(c, base + Math.floor(at / 8), Math.max(8, bits));
      const [a, r, g, b] = meaning(bits === 4 ? (unit >>> (at & 4)) & 15 : unit);
      const alpha = change === 1 ? constant : change === 2 ? Math.floor((a * constant) / 255) : a;
      return control & (1 << 21) ? [alpha, b, g, r] : [alpha, r, g, b];
    };
  }
  private move(c: Ctx): void {
    const size = this.value(c, 'NLR');
    const [lines, width] = [size & 0xffff, (size >>> 16) & 0x3fff];
    const mode = this.mode(c);
    const format = mode === MODE.copy ? this.value(c, 'FGPFCCR') & 15 : this.value(c, 'OPFCCR') & 7;
    const bits = BITS[format] ?? 32;
    const [from, to] = [this.value(c, 'FGMAR'), this.value(c, 'OMAR')];
    const [fromLine, toLine] = [width + this.value(c, 'FGOR'), width + this.value(c, 'OOR')];
    const [foreground, background] = [this.source(c, 'FG'), this.source(c, 'BG')];
    const fill = c.get(this.ocolr);
    const encode = (DIRECT[format] ?? DIRECT[0]!).to;
    const pixel = (x: number, y: number): number => {
      if (mode === MODE.fill) return fill;
      if (mode === MODE.copy) return this.fetch(c, from + ((y * fromLine + x) * bits) / 8, bits);
      return encode(mode === MODE.blend ? blended(foreground(x, y), background(x, y)) : foreground(x, y));
    };
    for (let y = 0; y < lines; y++) for (let x = 0; x < width; x++) this.store(c, to + ((y * toLine + x) * bits) / 8, bits, pixel(x, y));
  }
  /** Colours from memory into a table. */
  private load(c: Ctx, side: Side): void {
    const control = this.r(`${side}PFCCR`);
    const table = side === 'FG' ? c.s.foreground : c.s.background;
    const bytes = c.get(control) & 16 ? 3 : 4;
    const base = this.value(c, `${side}CMAR`);
    for (let i = 0; i <= ((c.get(control) >>> 8) & 255); i++)
      table[i] = (this.fetch(c, base + i * bytes, bytes * 8) | (bytes === 3 ? 0xff000000 : 0)) >>> 0;
    c.put(control, c.get(control) & ~(1 << 5));
  }
  onTimer(c: Ctx, timer: string): void {
    const pixels = timer === 'pixels';
    try {
      if (pixels) this.move(c);
      else this.load(c, timer === 'fg' ? 'FG' : 'BG');
    } catch (e) {
      if (!(e instanceof BusError)) throw e;
      c.env.note('guest', `bus error at 0x${(e.address >>> 0).toString(16).padStart(8, '0')}`);
      if (pixels) this.stop(c);
      return this.raise(c, ISR.TEIF);
    }
    if (!pixels) return this.raise(c, ISR.CTCIF);
    this.stop(c);
    const watermark = this.value(c, 'LWR');
    this.raise(c, ISR.TCIF | (watermark > 0 && watermark <= (this.value(c, 'NLR') & 0xffff) ? ISR.TWIF : 0));
  }

  // ---- Registers
  write(c: Ctx, r: Register, raw: number): number | void {
    if (r === this.r('ISR')) return c.get(r);
    if (r !== this.r('IFCR')) return;
    this.raise(c, 0, raw & 0x3f);
    return 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    for (const side of ['FG', 'BG'] as const)
      if (r === this.r(`${side}PFCCR`) && value & ~old & (1 << 5)) this.clocks(c, side.toLowerCase(), ((value >>> 8) & 255) + 1);
    if (r !== this.r('CR')) return;
    if (value & CR.ABORT) this.stop(c);
    else if (value & ~old & CR.START) {
      const size = this.value(c, 'NLR');
      const layers = [1, 1, 2, 0][this.mode(c)]!;
      this.clocks(c, 'pixels', (size & 0xffff) * ((size >>> 16) & 0x3fff) * (layers + 1));
    }
    this.raise(c, 0);
  }
}
class BusError extends Error {
  readonly address: number;
  constructor(address: number) {
    super('bus error');
    this.address = address;
  }
}
const tables = (): Dma2dState => ({ foreground: new Uint32Array(256), background: new Uint32Array(256) });

export const dma2d: ModelFactory = (layout): RegisterModel<Dma2dState> => {
  const block = new Dma2d(layout);
  return {
    timers: ['pixels', 'fg', 'bg'],
    busMaster: true,
    clocks: ['hclk'],
    about: {
      source: 'RM0386 11, RM0432; a clock for each layer and one to write a pixel (assumed)',
      confidence: 'documented',
      lacks: [
        'suspending',
        'load on the bus and dead time',
        'YCbCr',
        'inverted alpha, swapped output',
        'tables written by the core',
        'configuration errors',
      ],
    },
    modelled: 'all',
    create: tables,
    onReset: (c) => {
      for (const timer of ['pixels', 'fg', 'bg']) c.env.disarm(timer);
      block.raise(c, 0);
    },
    onTimer: (c, timer) => block.onTimer(c, timer),
    write: (c, r, _merged, raw) => block.write(c, r, raw),
    wrote: (c, r, value, old) => block.wrote(c, r, value, old),
  };
};
