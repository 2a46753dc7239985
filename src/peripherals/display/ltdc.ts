/**
 * LTDC: frames with their line interrupt, reload of the shadow registers at once or at the next vertical blanking, position and display status. No pixel is fetched.
 *
 * Facts: registers ST SVD; RM0386 19.4.2, 19.5, 19.7, RM0433 33 (documented). How long a frame takes is the pixel clock's, which comes from a PLL of its own: 60 frames
 * a second, as panels are set up for (assumed).
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import type { Ps } from '../../emu/time.ts';

export interface LtdcState {
  /** When the first frame began. */
  began: Ps;
}
type Ctx = RegisterContext<LtdcState>;

const FRAME: Ps = Math.round(1e12 / 60);
const GCR = { LTDCEN: 1 };
const SRCR = { IMR: 1, VBR: 2 };
const ISR = { LIF: 1, FUIF: 2, TERRIF: 4, RRIF: 8 };
const GLOBAL = ISR.LIF | ISR.RRIF;
const ERRORS = ISR.FUIF | ISR.TERRIF;
const CDSR = { VDES: 1, HDES: 2, VSYNCS: 4, HSYNCS: 8 };
const low = (value: number): number => value & 0xfff;
const high = (value: number): number => (value >>> 16) & 0xfff;

class Ltdc {
  readonly r: (name: string) => Register;
  constructor(layout: Layout) {
    this.r = (name) => layout.reg(name);
  }
  private runs(c: Ctx): boolean {
    return (c.get(this.r('GCR')) & GCR.LTDCEN) !== 0 && c.env.clocked();
  }
  private lines(c: Ctx): number {
    return low(c.get(this.r('TWCR'))) + 1;
  }
  /** When a line begins next; never where a frame has no such line. */
  private nextOf(c: Ctx, line: number): Ps {
    if (line >= this.lines(c)) return Infinity;
    const first = c.s.began + Math.round((line / this.lines(c)) * FRAME);
    const frames = Math.max(0, Math.floor((c.env.now() - first) / FRAME) + 1);
    return first + frames * FRAME;
  }
  /** Events that would change nothing are not waited for. */
  sync(c: Ctx): void {
    const raised = c.get(this.r('ISR'));
    const line = this.runs(c) && !(raised & ISR.LIF) ? this.nextOf(c, low(c.get(this.r('LIPCR')))) : Infinity;
    const reload = this.runs(c) && c.get(this.r('SRCR')) & SRCR.VBR ? this.nextOf(c, low(c.get(this.r('AWCR'))) + 1) : Infinity;
    for (const [timer, due] of [
      ['line', line],
      ['reload', reload],
    ] as const)
      if (due < Infinity) c.env.arm(timer, due);
      else c.env.disarm(timer);
    const asked = raised & c.get(this.r('IER'));
    c.env.irq(0, (asked & GLOBAL) !== 0);
    c.env.irq(1, (asked & ERRORS) !== 0);
  }
  onTimer(c: Ctx, timer: string): void {
    c.put(this.r('ISR'), c.get(this.r('ISR')) | (timer === 'line' ? ISR.LIF : ISR.RRIF));
    if (timer === 'reload') c.put(this.r('SRCR'), 0);
    this.sync(c);
  }
  restart(c: Ctx): void {
    c.s.began = c.env.now();
    this.sync(c);
  }
  /** CPSR and CDSR. */
  read(c: Ctx, r: Register, value: number): number {
    if (!this.runs(c) || (r !== this.r('CPSR') && r !== this.r('CDSR'))) return value;
    const at = (((c.env.now() - c.s.began) % FRAME) / FRAME) * this.lines(c);
    const [x, y] = [Math.floor((at % 1) * (high(c.get(this.r('TWCR'))) + 1)), Math.floor(at)];
    if (r === this.r('CPSR')) return ((x << 16) | y) >>> 0;
    const [sync, porch, active] = ['SSCR', 'BPCR', 'AWCR'].map((n) => c.get(this.r(n))) as [number, number, number];
    return (
      (y > low(porch) && y <= low(active) ? CDSR.VDES : 0) |
      (x > high(porch) && x <= high(active) ? CDSR.HDES : 0) |
      (y <= low(sync) ? CDSR.VSYNCS : 0) |
      (x <= high(sync) ? CDSR.HSYNCS : 0)
    );
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.r('ICR')) {
      c.put(this.r('ISR'), c.get(this.r('ISR')) & ~raw);
      return 0;
    }
    // What is reloaded at once is so before the next access.
    if (r === this.r('SRCR')) return merged & SRCR.IMR ? 0 : merged;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.r('GCR') && value & ~old & GCR.LTDCEN) c.s.began = c.env.now();
    this.sync(c);
  }
}

export const ltdc: ModelFactory = (layout): RegisterModel<LtdcState> => {
  const block = new Ltdc(layout);
  return {
    timers: ['line', 'reload'],
    about: {
      source: 'RM0386 19, RM0433 33; 60 frames a second whatever the pixel clock is (assumed)',
      confidence: 'assumed',
      lacks: [
        'pixels and what they cost the bus',
        'FIFO underrun and transfer errors',
        'active values of shadow registers',
        'the pixel clock',
      ],
    },
    modelled: 'all',
    create: () => ({ began: 0 }),
    onReset: (c) => block.restart(c),
    onGate: (c) => block.restart(c),
    drives: () => [],
    onTimer: (c, timer) => block.onTimer(c, timer),
    live: ['CPSR', 'CDSR'],
    acting: [],
    read: (c, r, value) => block.read(c, r, value),
    write: (c, r, merged, raw) => block.write(c, r, merged, raw),
    wrote: (c, r, value, old) => block.wrote(c, r, value, old),
  };
};
