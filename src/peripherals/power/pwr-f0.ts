/**
 * PWR of STM32F0 and F3: Stop and Standby with their wake-up pins, backup-domain write access, PVD, flags. The F0 has no voltage scaling and no supply-valid bit for USB.
 *
 * Facts: registers ST SVD; RM0091 PWR (documented); PVD thresholds by PLS: typical rising values recalled from DS9826 (assumed).
 * Wires driven: `dbp`, `pvd` (to EXTI). Wire read: `supplies`: the board drives another value whenever it changed a voltage parameter.
 */
import type { ModelFactory, RegisterModel } from '../../emu/registers.ts';
import { watchVdd } from './pvd.ts';
import { freshSleep, Sleep, WAKE_UP_TIMER, type SleepState } from './pwr-sleep.ts';
import { DBP, SUPPLIES } from '../wires.ts';

/** PVD thresholds in volts by PLS. */
const PVD_VOLTS = [2.18, 2.28, 2.38, 2.48, 2.58, 2.68, 2.78, 2.88] as const;

/** Wake-up pads of F07x (DS9826 pinout, recalled: reported). */
const PADS = ['PA0', 'PC13', 'PE6', 'PA2', 'PC5', 'PB5', 'PB15', 'PF2'];

export const pwrF0: ModelFactory = (layout): RegisterModel<SleepState> => {
  const dbp = layout.field('CR.DBP');
  const pvde = layout.field('CR.PVDE');
  const pls = layout.field('CR.PLS');
  const cwuf = layout.field('CR.CWUF');
  const csbf = layout.field('CR.CSBF');
  const wuf = layout.field('CSR.WUF');
  const sbf = layout.field('CSR.SBF');
  const pvdo = layout.field('CSR.PVDO');
  const vrefintrdy = layout.field('CSR.VREFINTRDY');

  const pdds = layout.field('CR.PDDS');
  const csr = layout.reg('CSR');
  const supplies = watchVdd({ pvde, pls, pvdo }, PVD_VOLTS);
  const sleep = new Sleep({
    cores: 1,
    mode: (c) => (pdds.get(c) ? 'standby' : 'stop'),
    pins: PADS.flatMap((pad, i) => {
      const enable = `CSR.EWUP${i + 1}`;
      return layout.hasField(enable) ? [{ pad, enable: layout.field(enable), flag: wuf }] : [];
    }),
    rtcWakes: () => true,
    pending: (c) => wuf.get(c) === 1,
    entered: (c, mode) => {
      if (mode === 'standby') sbf.set(c, 1);
    },
    rtcEvent: (c) => wuf.set(c, 1),
    keeps: () => [],
    outside: [csr.index],
  });
  return {
    timers: [WAKE_UP_TIMER],
    wires: [SUPPLIES, ...sleep.wires],
    about: { source: 'RM0091 PWR; PVD thresholds recalled', confidence: 'documented', lacks: ['current consumption'] },
    modelled: 'all',
    create: freshSleep,
    keeps: (r, kind) => r === csr && kind !== 'power',
    onReset(c, kind) {
      sleep.onReset(c, kind);
      // The reference runs long before the first instruction.
      vrefintrdy.set(c, 1);
      c.env.setWire(DBP, 0);
      supplies(c);
    },
    onWire(c, wire, value) {
      if (!sleep.onWire(c, wire, value)) supplies(c);
    },
    onTimer: (c) => sleep.onTimer(c),
    write(c, r, merged) {
      if (r !== dbp.register) return undefined;
      if (cwuf.of(merged)) wuf.set(c, 0);
      if (csbf.of(merged)) sbf.set(c, 0);
      return merged & ~(cwuf.mask | csbf.mask);
    },
    wrote(c, r, value, old) {
      if (r === csr) return sleep.enabled(c, value, old);
      if (r !== dbp.register) return;
      c.env.setWire(DBP, dbp.get(c));
      supplies(c);
    },
  };
};
