/**
 * BKP of STM32F1: the backup registers, 16 bits each. They keep their contents over resets and without VDD while there is VBAT.
 *
 * Facts: registers ST SVD; RM0008 6 (documented): writes are lost while PWR's DBP is 0. Wire read: `dbp`.
 */
import type { ModelFactory, RegisterModel } from '../../emu/registers.ts';
import { DBP } from '../wires.ts';

export const bkpF1: ModelFactory = (layout): RegisterModel<object> => ({
  about: { source: 'RM0008 6', confidence: 'documented', lacks: ['tamper detection', 'calibration of the RTC'] },
  modelled: layout.registers.map((r) => r.name).filter((name) => /^DR\d+$/.test(name)),
  keeps: (_r, kind) => kind !== 'backup',
  create: () => ({}),
  write(c, r, merged) {
    if (c.env.wire(DBP)) return merged;
    c.env.note('guest', `BKP_${r.name} written while the backup domain is protected (PWR DBP = 0)`, {
      is: 'backup-locked',
      register: r.name,
    });
    return c.get(r);
  },
});
