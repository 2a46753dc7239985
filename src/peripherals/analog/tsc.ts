/**
 * TSC: an acquisition of the enabled groups ends after its time, with the count of an electrode that nobody touches in each (a thousand: assumed), or with a maximum count
 * error.
 *
 * Facts: registers ST SVD; RM0351 25, RM0091 16 (documented): a charge transfer takes CTPH + 1 and CTPL + 1 cycles of the pulse generator, whose clock is HCLK behind
 * PGPSC; the maximum count is 2^(8 + MCV) - 1. Acquisitions started by SYNC are left out.
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';

type Ctx = RegisterContext<object>;
const [EOAF, MCEF] = [1, 2];
const UNTOUCHED = 1000;
const GROUPS = 0xff;

export const tsc: ModelFactory = (layout): RegisterModel<object> => {
  const [CR, IER, ICR, ISR, IOGCSR] = [layout.reg('CR'), layout.reg('IER'), layout.reg('ICR'), layout.reg('ISR'), layout.reg('IOGCSR')];
  const f = (name: string): ReturnType<typeof layout.field> => layout.field(`CR.${name}`);
  const [TSCE, START, AM, MCV] = [f('TSCE'), f('START'), f('AM'), f('MCV')];
  const [PGPSC, CTPL, CTPH] = [f('PGPSC'), f('CTPL'), f('CTPH')];
  const counts = (c: Ctx): number => Math.min(UNTOUCHED, 2 ** (8 + MCV.get(c)) - 1);
  const results = layout.registers.filter((r) => /^IOG\d+CR$/.test(r.name));
  const sync = (c: Ctx): void => c.env.irq(0, (c.get(ISR) & c.get(IER)) !== 0);
  const begin = (c: Ctx): void => {
    c.put(ISR, 0);
    c.put(IOGCSR, c.get(IOGCSR) & GROUPS);
    const cycles = counts(c) * (CTPH.get(c) + 1 + CTPL.get(c) + 1) * 2 ** PGPSC.get(c);
    c.env.arm('acquisition', c.env.clockTimeOf('hclk', c.env.clockCount('hclk') + cycles));
  };
  return {
    timers: ['acquisition'],
    clocks: ['hclk'],
    about: {
      source: 'RM0351 25, RM0091 16; nobody touches an electrode: a thousand counts a group (assumed)',
      confidence: 'documented',
      lacks: ['electrodes', 'spread spectrum', 'synchronised acquisitions'],
    },
    modelled: 'all',
    create: () => ({}),
    onReset: (c) => {
      c.env.disarm('acquisition');
      sync(c);
    },
    onTimer: (c) => {
      START.set(c, 0);
      const enabled = c.get(IOGCSR) & GROUPS;
      const isFull = counts(c) === UNTOUCHED;
      if (isFull) c.put(IOGCSR, enabled | (enabled << 16));
      results.forEach((r, i) => (enabled >>> i) & 1 && c.put(r, counts(c)));
      c.put(ISR, isFull ? EOAF : EOAF | MCEF);
      sync(c);
    },
    write: (c, r, merged, raw) => {
      if (r === ICR) {
        c.put(ISR, c.get(ISR) & ~raw);
        return 0;
      }
      if (r === ISR || results.includes(r)) return c.get(r);
      // Flags of groups are read-only.
      return r === IOGCSR ? (merged & GROUPS) | (c.get(r) & ~GROUPS) : undefined;
    },
    wrote: (c, r, value, old) => {
      if (r === CR) {
        const starts = START.of(value) && !START.of(old) && TSCE.of(value) && !AM.of(value);
        if (starts) begin(c);
        else if (!START.of(value) || !TSCE.of(value)) {
          c.env.disarm('acquisition');
          START.set(c, 0);
        }
      }
      sync(c);
    },
  };
};
