/**
 * Ethernet MAC and its DMA (F1, F2, F4, F7; H5, H7), as far as drivers wait for it: software reset, flush of the transmit FIFO, MDIO frames. Nothing is sent or received.
 *
 * Facts: RM0090 33.8, RM0399 58.11 (documented). The reset ends once all clock domains have one, that of the PHY included: here one is taken to be there (assumed; without
 * a PHY's clock the bit stays set on silicon: `--force`). Its length, and that of a flush, are assumed. No PHY answers on MDIO: a frame reads ones, the pull-up of the line.
 * Wires: `eth.reset` is driven by the DMA's reset; where the MAC is a block of its own, it listens.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';

type Context = RegisterContext<object>;

const CLOCK = 'hclk';
const [RESET_CLOCKS, FLUSH_CLOCKS] = [64, 64];
const RESET_WIRE = 'eth.reset';
const BUSY = 1;
/** Preamble and frame of MDIO, in clocks of MDC; HCLK by MDC by the field CR. RM0090 33.4.1 Table 189, RM0399 58.5.2: 8 to 15 there. */
const MDIO_BITS = 64;
const DIVIDERS = [42, 62, 16, 26, 102, 124, 42, 42, 4, 6, 8, 10, 12, 14, 16, 18] as const;
const NOBODY = 0xffff;

/** A bit that software sets and the block clears. */
interface Waited {
  readonly timer: string;
  readonly register: Register;
  readonly bit: number;
  readonly clocks: (c: Context) => number;
}

const first = (layout: Layout, names: readonly string[]): Register | undefined =>
  names.filter((name) => layout.has(name)).map((name) => layout.reg(name))[0];

export const eth: ModelFactory = (layout): RegisterModel<object> => {
  const dmaMode = first(layout, ['DMABMR', 'DMAMR']);
  const flush = first(layout, ['DMAOMR', 'MTLTxQOMR', 'MTLTXQOMR']);
  const mdio = first(layout, ['MACMIIAR', 'MACMDIOAR']);
  const data = first(layout, ['MACMIIDR', 'MACMDIODR']);
  // CR: bits 4:2, in the newer MAC 11:8
  const mdc = (c: Context): number => (mdio!.name === 'MACMIIAR' ? (c.get(mdio!) >>> 2) & 7 : (c.get(mdio!) >>> 8) & 15);
  const reads = (c: Context): boolean => (mdio!.name === 'MACMIIAR' ? (c.get(mdio!) & 2) === 0 : ((c.get(mdio!) >>> 2) & 3) === 3);
  const waited: Waited[] = [];
  if (dmaMode) waited.push({ timer: 'reset', register: dmaMode, bit: 1, clocks: () => RESET_CLOCKS });
  if (flush) waited.push({ timer: 'flush', register: flush, bit: flush.name === 'DMAOMR' ? 1 << 20 : 1, clocks: () => FLUSH_CLOCKS });
  if (mdio) waited.push({ timer: 'mdio', register: mdio, bit: BUSY, clocks: (c) => MDIO_BITS * DIVIDERS[mdc(c)]! });

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
    wires: mdio && !dmaMode ? [RESET_WIRE] : [],
    about: {
      source: 'RM0090 33.8, RM0399 58.11; that a PHY gives its clock, and how long a reset takes (assumed)',
      confidence: 'documented',
      lacks: ['frames', 'descriptors', 'a PHY on MDIO', 'PTP', 'counters'],
    },
    modelled: [dmaMode, flush, mdio, data].flatMap((r) => (r ? [r.name] : [])),
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
        c.env.setWire(RESET_WIRE, c.env.wire(RESET_WIRE) + 1);
      } else c.put(w.register, c.get(w.register) & ~w.bit);
      if (timer === 'mdio' && reads(c)) c.put(data!, (c.get(data!) & ~NOBODY) | NOBODY);
    },
    // Busy bits are set by software and cleared by the block alone.
    write: (c, r, merged) => {
      const w = waited.find((x) => x.register === r);
      return w ? (merged | (c.get(r) & w.bit)) >>> 0 : merged;
    },
    wrote: follow,
  };
};
