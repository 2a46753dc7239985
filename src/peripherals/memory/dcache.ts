/**
 * DCACHE of H5 and U5: invalidation and clean or invalidate commands end after their time. It stands in front of external memories only, which are not there, so that it
 * holds nothing.
 *
 * Facts: registers ST SVD; RM0481 8 (documented); one cycle a line for a full invalidation, two a line for a command over a range (assumed).
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';

type Ctx = RegisterContext<object>;
const CR = { EN: 1, CACHEINV: 1 << 1, STARTCMD: 1 << 11, resets: (1 << 18) | (1 << 19) | (1 << 22) | (1 << 23) };
const SR = { BUSYF: 1, BSYENDF: 1 << 1, BUSYCMDF: 1 << 3, CMDENDF: 1 << 4 };
const CLEARABLE = SR.BSYENDF | (1 << 2) | SR.CMDENDF;
const LINES = 256;
const LINE_BYTES = 16;

export const dcache: ModelFactory = (layout): RegisterModel<object> => {
  const [cr, sr, ier, fcr] = [layout.reg('CR'), layout.reg('SR'), layout.reg('IER'), layout.reg('FCR')];
  const [from, to] = [layout.reg('CMDRSADDRR'), layout.reg('CMDREADDRR')];
  const sync = (c: Ctx): void => c.env.irq(0, (c.get(sr) & c.get(ier)) !== 0);
  const after = (c: Ctx, timer: string, cycles: number, busy: number): void => {
    c.put(sr, c.get(sr) | busy);
    c.env.arm(timer, c.env.clockTimeOf('hclk', c.env.clockCount('hclk') + cycles));
  };
  return {
    timers: ['invalidation', 'command'],
    clocks: ['hclk'],
    about: { source: 'RM0481 8; times assumed', confidence: 'documented', lacks: ['contents: no external memory', 'monitors'] },
    modelled: 'all',
    // BUSYF is 1 out of reset, for the time of the invalidation that is left out.
    resets: { SR: 0 },
    create: () => ({}),
    onReset: (c) => {
      for (const timer of ['invalidation', 'command']) c.env.disarm(timer);
      sync(c);
    },
    onTimer: (c, timer) => {
      const command = timer === 'command';
      c.put(sr, (c.get(sr) & ~(command ? SR.BUSYCMDF : SR.BUSYF)) | (command ? SR.CMDENDF : SR.BSYENDF));
      sync(c);
    },
    write: (c, r, merged, raw) => {
      if (r === fcr) {
        c.put(sr, c.get(sr) & ~(raw & CLEARABLE));
        return 0;
      }
      if (r === sr) return c.get(r);
      if (r !== cr) return;
      const busy = c.get(sr) & (SR.BUSYF | SR.BUSYCMDF);
      if (raw & CR.CACHEINV && !busy) after(c, 'invalidation', LINES, SR.BUSYF);
      else if (raw & CR.STARTCMD && !busy && merged & CR.EN)
        after(c, 'command', 2 * Math.max(1, Math.min(LINES, (c.get(to) - c.get(from)) / LINE_BYTES + 1)), SR.BUSYCMDF);
      return (merged & ~(CR.CACHEINV | CR.STARTCMD | CR.resets)) >>> 0;
    },
    wrote: sync,
  };
};
