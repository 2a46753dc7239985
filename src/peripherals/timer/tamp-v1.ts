/**
 * TAMP: tamper block with the backup registers. Modelled: the backup registers and TAMP_COUNT1R's reset value.
 *
 * Facts: registers ST SVD (documented). Backup domain: writes are lost while PWR's DBP is 0 (RM, documented); a system reset keeps them, a backup
 * domain reset (VSWRST) and the loss of VBAT clear them.
 * Wires: `dbp` from PWR.
 */
import type { Layout, ModelFactory, RegisterModel } from '../../emu/registers.ts';
import { DBP } from '../wires.ts';

export const tampV1: ModelFactory = (layout: Layout): RegisterModel<object> => {
  const backup = layout.registers.filter((r) => /^BKP\d+R$/.test(r.name)).map((r) => r.name);
  return {
    about: { source: 'ST SVD, RM0481 TAMP', confidence: 'documented', lacks: ['tamper detection', 'monotonic counter'] },
    modelled: backup,
    keeps: (_r, kind) => kind !== 'backup',
    create: () => ({}),
    write(c, r, merged) {
      if (c.env.wire(DBP)) return merged;
      c.env.note('guest', `TAMP_${r.name} written while the backup domain is protected (PWR DBP = 0)`, {
        is: 'backup-locked',
        register: r.name,
      });
      return c.get(r);
    },
  };
};
