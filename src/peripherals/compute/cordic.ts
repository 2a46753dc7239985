/**
 * CORDIC co-processor: the ten functions on q1.31 and q1.15 arguments, one or two of them, one or two results, its time, its interrupt.
 *
 * Facts: registers ST SVD; functions, scaling, ranges and PRECISION (a cycle for four iterations): RM0440 17.3 and 17.4, RM0481 20 (documented). ARG2 is +1 until one is
 * written: 17.4.2 (documented). What does not fit into a result is saturated (inferred). A read before the end is answered with the finished result, for which the
 * bus waits. One operation may wait behind the results that were not read yet; it starts when they are (inferred from ST's driver, which writes the next arguments
 * before it reads).
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';

export interface CordicState {
  /** ARG1 and ARG2 as q1.31, and which one is written next. */
  readonly args: [number, number];
  next: number;
  /** Arguments are complete, and results before them not read. */
  waiting: boolean;
  /** RES1 and RES2 as q1.31, and which one is read next. */
  readonly results: [number, number];
  out: number;
}
type Ctx = RegisterContext<CordicState>;

const ONE = 2 ** 31;
const saturated = (x: number): number => Math.max(-ONE, Math.min(ONE - 1, Math.round(x * ONE))) | 0;
const polar = (x: number, y: number): { readonly phase: number; readonly modulus: number } => ({
  phase: Math.atan2(y, x) / Math.PI,
  modulus: Math.hypot(x, y),
});

/**
 * RES1 and RES2 by FUNC, of ARG1 and ARG2 in -1…1 and 2^SCALE. Of functions with one result the second is 0. What is no number (the root or the
 * logarithm of a negative one) is 0.
 */
const FUNCTIONS: readonly ((a: number, b: number, scale: number) => readonly [number, number])[] = [
  (a, m) => [m * Math.cos(a * Math.PI), m * Math.sin(a * Math.PI)],
  (a, m) => [m * Math.sin(a * Math.PI), m * Math.cos(a * Math.PI)],
  (x, y) => [polar(x, y).phase, polar(x, y).modulus],
  (x, y) => [polar(x, y).modulus, polar(x, y).phase],
  (x, _, scale) => [Math.atan(x * scale) / Math.PI / scale, 0],
  (x, _, scale) => [Math.cosh(x * scale) / scale, Math.sinh(x * scale) / scale],
  (x, _, scale) => [Math.sinh(x * scale) / scale, Math.cosh(x * scale) / scale],
  (x, _, scale) => [Math.atanh(x * scale) / scale, 0],
  (x, _, scale) => [Math.log(x * scale) / (2 * scale), 0],
  (x, _, scale) => [Math.sqrt(x * scale) / scale, 0],
];

export const cordic: ModelFactory = (layout: Layout): RegisterModel<CordicState> => {
  const [CSR, WDATA, RDATA] = ['CSR', 'WDATA', 'RDATA'].map((n) => layout.reg(n)) as [Register, Register, Register];
  const f = (name: string): ReturnType<Layout['field']> => layout.field(`CSR.${name}`);
  const [FUNC, PRECISION, SCALE, IEN, RRDY] = [f('FUNC'), f('PRECISION'), f('SCALE'), f('IEN'), f('RRDY')];
  const [NRES, NARGS, RESSIZE, ARGSIZE] = [f('NRES'), f('NARGS'), f('RESSIZE'), f('ARGSIZE')];

  const interrupt = (c: Ctx): void => c.env.irq(0, IEN.get(c) === 1 && RRDY.get(c) === 1);
  const finish = (c: Ctx): void => {
    c.env.disarm('result');
    RRDY.set(c, 1);
    interrupt(c);
  };
  const start = (c: Ctx): void => {
    c.s.waiting = RRDY.get(c) === 1 || c.env.due('result') !== Infinity;
    if (c.s.waiting) return;
    const [a, b] = c.s.args;
    const [first, second] = FUNCTIONS[FUNC.get(c)]?.(a / ONE, b / ONE, 2 ** SCALE.get(c)) ?? [0, 0];
    c.s.results[0] = saturated(first);
    c.s.results[1] = saturated(second);
    c.s.out = 0;
    c.env.arm('result', c.env.clockTimeOf('hclk', c.env.clockCount('hclk') + Math.max(1, PRECISION.get(c))));
  };
  const argument = (c: Ctx, value: number): void => {
    if (ARGSIZE.get(c)) {
      c.s.args[0] = value << 16;
      c.s.args[1] = value & 0xffff0000;
      start(c);
      return;
    }
    c.s.args[c.s.next as 0 | 1] = value | 0;
    c.s.next = NARGS.get(c) && c.s.next === 0 ? 1 : 0;
    if (c.s.next === 0) start(c);
  };
  const result = (c: Ctx): number => {
    const [first, second] = c.s.results;
    if (RESSIZE.get(c)) return (((second >>> 16) << 16) | (first >>> 16)) >>> 0;
    return c.s.results[c.s.out as 0 | 1] >>> 0;
  };
  return {
    timers: ['result'],
    clocks: ['hclk'],
    about: {
      source: 'RM0440 17, RM0481 20',
      confidence: 'documented',
      lacks: ['errors of the iteration: results are exact to the last bit', 'DMA requests', 'cycles that the bus waits for a result'],
    },
    modelled: 'all',
    create: () => ({ args: [0, ONE - 1], next: 0, waiting: false, results: [0, 0], out: 0 }),
    onReset: (c) => {
      c.env.disarm('result');
      c.s.args[0] = 0;
      c.s.args[1] = ONE - 1;
      c.s.results[0] = c.s.results[1] = 0;
      c.s.next = c.s.out = 0;
      c.s.waiting = false;
      interrupt(c);
    },
    onTimer: finish,
    live: ['RDATA'],
    acting: ['RDATA'],
    peek: (c, r, value) => (r === WDATA ? 0 : r === RDATA ? result(c) : value),
    read: (c, r, value) => {
      if (r === WDATA) return 0;
      if (r !== RDATA) return value;
      if (c.env.due('result') !== Infinity) finish(c);
      const answer = result(c);
      const more = NRES.get(c) === 1 && c.s.out === 0;
      c.s.out = more ? 1 : 0;
      if (!more) RRDY.set(c, 0);
      if (!more && c.s.waiting) start(c);
      interrupt(c);
      return answer;
    },
    write: (c, r, merged, raw) => {
      if (r === WDATA) argument(c, raw);
      // RRDY is read-only.
      return r === CSR ? ((merged & ~RRDY.mask) | (c.get(CSR) & RRDY.mask)) >>> 0 : c.get(r);
    },
    wrote: (c) => interrupt(c),
  };
};
