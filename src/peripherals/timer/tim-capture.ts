/**
 * Input capture of one channel from clocks inside the chip (TI1 or TI4 remapped to HSE, LSI…): what firmware measures an unknown crystal, or LSI for its watchdog,
 * with. Pins, filters, falling edges and the other channels are not modelled.
 *
 * Facts: CCxS, ICxPSC, CCxE, CCxIF, CCxOF: RM general-purpose timer chapter (documented). The edge is taken at the kernel clock that it falls into, without the
 * two or three clocks of the synchroniser (assumed: they are the same for every edge).
 *
 * Nothing polls: the edges since the channel was opened are counted from the source's clock on each access; only the last one is still to be seen.
 */
import type { Layout, RegisterContext } from '../../emu/registers.ts';
import { mulDivFloor, PS_PER_SECOND, type Ps } from '../../emu/time.ts';

export interface CaptureOptions {
  /** Default 1. */
  readonly channel?: 1 | 4;
  /** Field that chooses what the channel's input is, e.g. `OR1.TI1_RMP`; a timer without it captures nothing. */
  readonly remap: string;
  /** By the field's value; values without a row (a pin) capture nothing. */
  readonly sources: Readonly<Record<number, { readonly clock: string; readonly divider: number }>>;
}

export interface CaptureState {
  /** Open since the source had counted `from`; -1 = closed. `edges` of it have been captured. */
  capture: { from: number; edges: number; key: number };
}
export const captureState = (): CaptureState => ({ capture: { from: -1, edges: 0, key: 0 } });

type Context = RegisterContext<CaptureState>;
/** CCxS: the channel's own input. */
const OWN_INPUT = 1;

export interface Edge {
  /** Kernel clocks since the newest edge. */
  readonly ago: number;
  /** More than one has come since the last look. */
  readonly several: boolean;
}

export interface InputCapture {
  readonly clocks: readonly string[];
  readonly registers: readonly string[];
  /** Place of the channel, from 0. */
  readonly index: number;
  /** The channel is an input. */
  isOpen(c: Context): boolean;
  /** Opens or closes the channel after a register write. */
  follow(c: Context): void;
  /** The newest edge since the last call, null if there was none. */
  edge(c: Context): Edge | null;
  /** When the next edge comes; Infinity while the source stands. */
  next(c: Context): Ps;
}

export function inputCapture(layout: Layout, options: CaptureOptions, kernelClock: string): InputCapture {
  const remap = layout.field(options.remap);
  const index = (options.channel ?? 1) - 1;
  const enable = layout.field(`CCER.CC${index + 1}E`);
  // The input view of CCMR has CCxS and ICxPSC where the output view has other names.
  const ccmr = layout.at(index < 2 ? 0x18 : 0x1c)!;
  const shift = 8 * (index % 2);
  const sources = new Map(Object.entries(options.sources).map(([value, source]) => [Number(value), source]));

  const source = (c: Context): { clock: string; period: number; key: number } | null => {
    const mode = c.get(ccmr) >>> shift;
    const found = sources.get(remap.get(c));
    if (!found || !enable.get(c) || (mode & 3) !== OWN_INPUT) return null;
    const prescaler = (mode >>> 2) & 3;
    return { clock: found.clock, period: found.divider << prescaler, key: remap.get(c) * 4 + prescaler + 1 };
  };
  return {
    index,
    clocks: [...new Set([...sources.values()].map((s) => s.clock))],
    registers: ['CCER', options.remap.split('.')[0]!],
    isOpen: (c) => c.s.capture.from >= 0,
    follow(c) {
      const now = source(c);
      const { capture } = c.s;
      if (now === null) capture.from = -1;
      else if (capture.from < 0 || capture.key !== now.key) {
        // Opening the channel starts its prescaler anew.
        Object.assign(capture, { from: c.env.clockCount(now.clock), edges: 0, key: now.key });
      }
    },
    edge(c) {
      const now = source(c);
      const { capture } = c.s;
      if (now === null || capture.from < 0) return null;
      const edges = Math.floor((c.env.clockCount(now.clock) - capture.from) / now.period);
      if (edges <= capture.edges) return null;
      const several = edges > capture.edges + 1;
      capture.edges = edges;
      const at = c.env.clockTimeOf(now.clock, capture.from + edges * now.period);
      const kernel = c.env.clockRate(kernelClock);
      // A source that has stopped since cannot tell when its last edge was: it is taken as now.
      if (!kernel || at > c.env.now()) return { ago: 0, several };
      const ago = mulDivFloor(c.env.now() - at, kernel.num, kernel.den * PS_PER_SECOND);
      // The phase between the last kernel clock and now can hide one more.
      const hidden = c.env.clockTimeOf(kernelClock, c.env.clockCount(kernelClock) - ago) > at;
      return { ago: hidden ? ago + 1 : ago, several };
    },
    next(c) {
      const now = source(c);
      const { capture } = c.s;
      if (now === null || capture.from < 0) return Infinity;
      return c.env.clockTimeOf(now.clock, capture.from + (capture.edges + 1) * now.period);
    },
  };
}
