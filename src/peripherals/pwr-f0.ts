/**
 * PWR of STM32F0: backup-domain write access, PVD, flags. The F0 has no voltage scaling and no supply-valid bit for USB.
 *
 * Facts: registers ST SVD; RM0091 PWR (documented); PVD thresholds by PLS: typical rising values recalled from DS9826 (assumed).
 * Wires driven: `dbp`, `pvd` (to EXTI). Wire read: `supplies`: the board drives another value whenever it changed a voltage parameter.
 */
import type { ModelFactory, RegisterModel } from '../emu/registers.ts';
import { watchVdd } from './pvd.ts';

/** PVD thresholds in volts by PLS. */
const PVD_VOLTS = [2.18, 2.28, 2.38, 2.48, 2.58, 2.68, 2.78, 2.88] as const;

export const pwrF0: ModelFactory = (layout): RegisterModel<object> => {
  const dbp = layout.field('CR.DBP');
  const pvde = layout.field('CR.PVDE');
  const pls = layout.field('CR.PLS');
  const cwuf = layout.field('CR.CWUF');
  const csbf = layout.field('CR.CSBF');
  const wuf = layout.field('CSR.WUF');
  const sbf = layout.field('CSR.SBF');
  const pvdo = layout.field('CSR.PVDO');
  const vrefintrdy = layout.field('CSR.VREFINTRDY');

  const supplies = watchVdd({ pvde, pls, pvdo }, PVD_VOLTS);
  return {
    wires: ['supplies'],
    about: { source: 'RM0091 PWR; PVD thresholds recalled', confidence: 'documented', lacks: ['Stop and Standby', 'wake-up pins'] },
    modelled: 'all',
    create: () => ({}),
    onReset(c) {
      // The reference runs long before the first instruction.
      vrefintrdy.set(c, 1);
      c.env.setWire('dbp', 0);
      supplies(c);
    },
    onWire: (c) => supplies(c),
    write(c, r, merged) {
      if (r !== dbp.register) return undefined;
      if (cwuf.of(merged)) wuf.set(c, 0);
      if (csbf.of(merged)) sbf.set(c, 0);
      return merged & ~(cwuf.mask | csbf.mask);
    },
    wrote(c, r) {
      if (r !== dbp.register) return;
      c.env.setWire('dbp', dbp.get(c));
      supplies(c);
    },
  };
};
