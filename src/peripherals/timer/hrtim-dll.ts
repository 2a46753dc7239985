/**
 * The delay-locked loop of HRTIM, in the block of its common registers: a calibration ends after its time and sets ISR.DLLRDY. The timing units have no behaviour.
 *
 * Facts: registers ST SVD; RM0440 28.3 and 28.5 (documented): CAL starts one calibration, CALEN one after each period of CALRTE; DLLRDY is cleared by ICR.DLLRDYC.
 * A calibration takes 14 µs (recalled from the datasheet's table of HRTIM: assumed).
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { US } from '../../emu/time.ts';

const CALIBRATION_PS = 14 * US;
type Ctx = RegisterContext<object>;

export const hrtimDll: ModelFactory = (layout): RegisterModel<object> => {
  const [ISR, ICR, IER, DLLCR] = [layout.reg('ISR'), layout.reg('ICR'), layout.reg('IER'), layout.reg('DLLCR')];
  const [CAL, CALEN] = [layout.field('DLLCR.CAL'), layout.field('DLLCR.CALEN')];
  const ready = layout.field('ISR.DLLRDY');
  const sync = (c: Ctx): void => c.env.irq(0, (c.get(ISR) & c.get(IER)) !== 0);
  return {
    timers: ['calibrated'],
    about: {
      source: 'RM0440 28.3; a calibration takes 14 µs (assumed)',
      confidence: 'documented',
      lacks: ['the timing units', 'outputs', 'bursts', 'faults', 'the period of CALRTE: later calibrations change nothing'],
    },
    modelled: ['ISR', 'ICR', 'IER', 'DLLCR'],
    create: () => ({}),
    onReset: (c) => {
      c.env.disarm('calibrated');
      sync(c);
    },
    onTimer: (c) => {
      ready.set(c, 1);
      sync(c);
    },
    write: (c, r, _merged, raw) => {
      if (r === ICR) {
        c.put(ISR, c.get(ISR) & ~raw);
        return 0;
      }
      return r === ISR ? c.get(r) : undefined;
    },
    wrote: (c, r, value) => {
      // CAL is a command
      if (r === DLLCR) {
        if (CAL.of(value) || CALEN.of(value)) c.env.arm('calibrated', c.env.now() + CALIBRATION_PS);
        CAL.set(c, 0);
      }
      sync(c);
    },
  };
};
