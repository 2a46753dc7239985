/**
 * RNG: "random" number generator, deterministic here: the same run gets the same words. Modelled: enable, data ready, reading, clock error, interrupt, the
 * configuration bits that need CONDRST in the same access (H5).
 *
 * Facts: registers ST SVD; a word takes 40 clocks of its own 48 MHz: RM0090 24 (documented for F4, assumed for the others, whose four-word FIFO is left out); clock
 * error below HCLK / 16 (F4) or HCLK / 32: same chapter, RM0351 (documented).
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { rateHz } from '../../emu/time.ts';

export interface RngOptions {
  /** The generator's own clock. */
  readonly clock: string;
  /** Its clock is in error below HCLK divided by this. */
  readonly slowest: number;
}
export interface RngState {
  /** State of the generator: xorshift32. */
  x: number;
}
type Ctx = RegisterContext<RngState>;

const WORD_CLOCKS = 40;
/** First state; mixed with the device's identity, so that two devices differ. */
const FIRST = 0x2545f491;

export const rng: ModelFactory<RngOptions> = (layout: Layout, { clock, slowest }): RegisterModel<RngState> => {
  const [CR, SR, DR] = ['CR', 'SR', 'DR'].map((n) => layout.reg(n)) as [Register, Register, Register];
  const f = (path: string): ReturnType<Layout['field']> => layout.field(path);
  const optional = (path: string): ReturnType<Layout['field']> | null => (layout.hasField(path) ? f(path) : null);
  const [RNGEN, IE] = [f('CR.RNGEN'), f('CR.IE')];
  const [DRDY, CECS, SECS, CEIS, SEIS] = [f('SR.DRDY'), f('SR.CECS'), f('SR.SECS'), f('SR.CEIS'), f('SR.SEIS')];
  const [CED, CONDRST, LOCK] = [optional('CR.CED'), optional('CR.CONDRST'), optional('CR.CONFIGLOCK')];
  /** Bits that are taken over only together with CONDRST. */
  const configuration = CONDRST
    ? ['CED', 'ARDIS', 'RNG_CONFIG3', 'NISTC', 'RNG_CONFIG2', 'CLKDIV', 'RNG_CONFIG1'].reduce(
        (m, n) => m | (optional(`CR.${n}`)?.mask ?? 0),
        0,
      )
    : 0;

  const enabled = (c: Ctx): boolean => RNGEN.get(c) === 1 && !CONDRST?.get(c);
  const interrupt = (c: Ctx): void => c.env.irq(0, IE.get(c) === 1 && (DRDY.get(c) | CEIS.get(c) | SEIS.get(c)) !== 0);
  // eslint-disable-next-line complexity -- each condition under which a word comes or does not
  const sync = (c: Ctx): void => {
    const own = c.env.clockRate(clock);
    const hclk = c.env.clockRate('hclk');
    const slow = own === null || (hclk !== null && rateHz(own) * slowest < rateHz(hclk));
    const error = enabled(c) && slow && !CED?.get(c);
    if (error && !CECS.get(c)) CEIS.set(c, 1);
    CECS.set(c, error ? 1 : 0);
    if (!enabled(c)) DRDY.set(c, 0);
    const runs = enabled(c) && own !== null && !error && !DRDY.get(c) && !SECS.get(c);
    if (!runs) c.env.disarm('word');
    else if (c.env.due('word') === Infinity) c.env.arm('word', c.env.clockTimeOf(clock, c.env.clockCount(clock) + WORD_CLOCKS));
    interrupt(c);
  };
  return {
    published: (c) => ({ idleBy: RNGEN.get(c) ? null : { field: 'CR.RNGEN', value: 0 } }),
    timers: ['word'],
    clocks: [clock, 'hclk'],
    about: {
      source: 'RM0090 24, RM0351 RNG; one word every 40 clocks (assumed but for F4)',
      confidence: 'documented',
      lacks: ['randomness: the same run gets the same words', 'seed errors', 'FIFO of four words', 'start-up and health tests'],
    },
    modelled: ['CR', 'SR', 'DR'],
    create: () => ({ x: FIRST }),
    onReset: (c, kind) => {
      if (kind === 'power') c.s.x = (FIRST ^ (c.env.parameter('uid.0') ?? 0)) >>> 0 || FIRST;
      sync(c);
    },
    onTimer: (c) => {
      let { x } = c.s;
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      c.s.x = x >>> 0;
      c.put(DR, x >>> 0);
      DRDY.set(c, 1);
      interrupt(c);
    },
    onClock: (c) => sync(c),
    onGate: (c) => sync(c),
    live: ['DR'],
    acting: ['DR'],
    peek: (c, r, value) => (r === DR && !DRDY.get(c) ? 0 : value),
    read: (c, r, value) => {
      if (r !== DR) return value;
      if (!DRDY.get(c)) return 0;
      DRDY.set(c, 0);
      sync(c);
      return value;
    },
    write: (c, r, merged) => {
      const old = c.get(r);
      // The two interrupt flags fall by a 0.
      if (r === SR) return old & (merged | ~(CEIS.mask | SEIS.mask));
      if (r !== CR || !CONDRST) return;
      const frozen = LOCK!.of(old) ? configuration | LOCK!.mask : CONDRST.of(merged) ? 0 : configuration;
      return ((merged & ~frozen) | (old & frozen)) >>> 0;
    },
    wrote: (c) => sync(c),
  };
};
