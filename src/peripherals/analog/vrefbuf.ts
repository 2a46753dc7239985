/**
 * VREFBUF: the reference's buffer, with its ready flag. Facts: registers ST SVD; RM0351 VREFBUF (documented); ready after 300 µs (DS10198 T77, typical, recalled:
 * assumed).
 */
import type { ModelFactory, RegisterModel } from '../../emu/registers.ts';
import { US } from '../../emu/time.ts';

const READY_PS = 300 * US;

export const vrefbuf: ModelFactory = (layout): RegisterModel<object> => {
  const [ENVR, VRR] = [layout.field('CSR.ENVR'), layout.field('CSR.VRR')];
  return {
    timers: ['ready'],
    about: { source: 'RM0351 VREFBUF; ready after 300 µs (assumed)', confidence: 'documented', lacks: ['the voltage', 'trimming'] },
    modelled: 'all',
    create: () => ({}),
    onReset: (c) => c.env.disarm('ready'),
    onTimer: (c) => VRR.set(c, 1),
    wrote: (c) => {
      if (!ENVR.get(c)) {
        c.env.disarm('ready');
        VRR.set(c, 0);
      } else if (!VRR.get(c) && c.env.due('ready') === Infinity) c.env.arm('ready', c.env.now() + READY_PS);
    },
  };
};
