/**
 * SBS of STM32H5: lock bits of the core's non-secure VTOR and MPU, class-B locks. The chip has no memory remap.
 *
 * Facts: registers ST SVD; lock bits stay set until a system reset (RM0481 SBS, documented).
 * Wires driven: `sbs.lockvtor`, `sbs.lockmpu`: writes to VTOR / the MPU are ignored while 1.
 */
import type { ModelFactory, RegisterModel } from '../../emu/registers.ts';
import { SBS_LOCKMPU, SBS_LOCKVTOR } from '../wires.ts';

export const sbsH5: ModelFactory = (layout): RegisterModel<object> => {
  const lockVtor = layout.field('CNSLCKR.LOCKNSVTOR');
  const lockMpu = layout.field('CNSLCKR.LOCKNSMPU');
  const setOnly = new Set(['CNSLCKR', 'CFGR2']);
  return {
    about: {
      source: 'RM0481 SBS',
      confidence: 'documented',
      lacks: ['HDPL and debug authentication', 'compensation cells', 'FPU interrupt mask', 'drive of I2C pins'],
    },
    modelled: ['CNSLCKR', 'CFGR2'],
    create: () => ({}),
    onReset(c) {
      c.env.setWire(SBS_LOCKVTOR, 0);
      c.env.setWire(SBS_LOCKMPU, 0);
    },
    write: (c, r, merged) => (setOnly.has(r.name) ? c.get(r) | merged : merged),
    wrote(c, r) {
      if (r !== lockVtor.register) return;
      c.env.setWire(SBS_LOCKVTOR, lockVtor.get(c));
      c.env.setWire(SBS_LOCKMPU, lockMpu.get(c));
    },
  };
};
