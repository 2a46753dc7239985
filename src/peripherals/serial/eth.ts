/**
 * Ethernet MAC and its DMA (F1, F2, F4, F7; H5, H7), as far as drivers wait for it: software reset, flush of the transmit FIFO, MDIO frames. Nothing is sent or received.
 *
 * Facts: RM0090 33.8, RM0399 58.11 (documented). The reset ends once all clock domains have one, that of the PHY included: here one is taken to be there (assumed; without
 * a PHY's clock the bit stays set on silicon: `--force`). Its length, and that of a flush, are assumed. No PHY answers on MDIO: a frame reads ones, the pull-up of the line.
 * Wires: `eth.reset` is driven by the DMA's reset; where the MAC is a block of its own, it listens.
 */
import type { ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { ETH_RESET } from '../wires.ts';

type Context = RegisterContext<object>;

const CLOCK = 'hclk';
const [RESET_CLOCKS, FLUSH_CLOCKS] = [64, 64];
const BUSY = 1;
/** Preamble and frame of MDIO, in clocks of MDC; HCLK by MDC by the field CR. RM0090 33.4.1 Table 189, RM0399 58.5.2: 8 to 15 there. */
const MDIO_BITS = 64;
const DIVIDERS = [42, 62, 16, 26, 102, 124, 42, 42, 4, 6, 8, 10, 12, 14, 16, 18] as const;
const NOBODY = 0xffff;

/** Names and places in the two generations of the MAC. */
interface Generation {
  readonly dmaMode: string;
  /** Of the transmit queue, with the bit that flushes it. */
  readonly queues: readonly string[];
  readonly flush: number;
  readonly mdio: string;
  readonly data: string;
  /** Of the MDIO address register: CR, and whether the frame reads. */
  readonly divider: (mdio: number) => number;
  readonly reads: (mdio: number) => boolean;
}
const OLD: Generation = {
  dmaMode: 'DMABMR',
  queues: ['DMAOMR'],
  flush: 1 << 20,
  mdio: 'MACMIIAR',
  data: 'MACMIIDR',
  divider: (mdio) => (mdio >>> 2) & 7,
  reads: (mdio) => (mdio & 2) === 0,
};
const NEW: Generation = {
  dmaMode: 'DMAMR',
  queues: ['MTLTxQOMR', 'MTLTXQOMR'],
  flush: 1,
  mdio: 'MACMDIOAR',
  data: 'MACMDIODR',
  divider: (mdio) => (mdio >>> 8) & 15,
  reads: (mdio) => ((mdio >>> 2) & 3) === 3,
};

/** A bit that software sets and the block clears. */
interface Waited {
  readonly timer: string;
  readonly register: Register;
  readonly bit: number;
  readonly clocks: (c: Context) => number;
}

export const eth: ModelFactory = (layout): RegisterModel<object> => {
  const optional = (name: string | undefined): Register | null => (name !== undefined && layout.has(name) ? layout.reg(name) : null);
  const g = [NEW.dmaMode, NEW.mdio, ...NEW.queues].some((name) => layout.has(name)) ? NEW : OLD;
  const dmaMode = optional(g.dmaMode);
  const queue = optional(g.queues.find((name) => layout.has(name)));
  const mdio = optional(g.mdio);
  const data = optional(g.data);
  const waited: Waited[] = [];
  if (dmaMode) waited.push({ timer: 'reset', register: dmaMode, bit: 1, clocks: () => RESET_CLOCKS });
  if (queue) waited.push({ timer: 'flush', register: queue, bit: g.flush, clocks: () => FLUSH_CLOCKS });
  if (mdio) waited.push({ timer: 'mdio', register: mdio, bit: BUSY, clocks: (c) => MDIO_BITS * DIVIDERS[g.divider(c.get(mdio))]! });

  const start = (c: Context, w: Waited): void => c.env.arm(w.timer, c.env.clockTimeOf(CLOCK, c.env.clockCount(CLOCK) + w.clocks(c)));
  const toReset = (c: Context): void => {
    for (const r of layout.registers) c.put(r, r.reset & ~(r === dmaMode ? 1 : 0));
    for (const { timer } of waited) c.env.disarm(timer);
  };
  /** Set and with a clock: it will end. */
  const follow = (c: Context): void => {
    for (const w of waited) if (c.get(w.register) & w.bit && c.env.clocked() && c.env.due(w.timer) === Infinity) start(c, w);
  };
  return {
    timers: waited.map((w) => w.timer),
    wires: mdio && !dmaMode ? [ETH_RESET] : [],
    about: {
      source: 'RM0090 33.8, RM0399 58.11; that a PHY gives its clock, and how long a reset takes (assumed)',
      confidence: 'documented',
      lacks: ['frames', 'descriptors', 'a PHY on MDIO', 'PTP', 'counters'],
    },
    modelled: [dmaMode, queue, mdio, data].flatMap((r) => (r ? [r.name] : [])),
    create: () => ({}),
    onReset: (c) => {
      for (const { timer } of waited) c.env.disarm(timer);
      follow(c);
    },
    onGate: follow,
    onWire: toReset,
    onTimer: (c, timer) => {
      const w = waited.find((x) => x.timer === timer)!;
      if (timer === 'reset') {
        toReset(c);
        c.env.setWire(ETH_RESET, c.env.wire(ETH_RESET) + 1);
      } else c.put(w.register, c.get(w.register) & ~w.bit);
      if (timer === 'mdio' && g.reads(c.get(w.register))) c.put(data!, c.get(data!) | NOBODY);
    },
    // Busy bits are set by software and cleared by the block alone.
    write: (c, r, merged) => {
      const w = waited.find((x) => x.register === r);
      return w ? (merged | (c.get(r) & w.bit)) >>> 0 : merged;
    },
    wrote: follow,
  };
};
