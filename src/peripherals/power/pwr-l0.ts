/**
 * PWR of STM32L0 and L1: voltage ranges, low-power run, Stop and Standby with their wake-up pins, backup-domain write access, PVD.
 *
 * Facts: registers ST SVD; VOS 1 to 3 are ranges 1 to 3, range 2 after reset: RM0376 6.1.4 and 6.4, RM0038 5.1.3 and 5.4 (documented as far as quoted in HAL-L0; recalled); PVD thresholds by PLS
 * recalled from DS10690 (assumed). Delays are parameters of the chip row.
 * Wires driven: `vos` = VOS in force; `dbp`; `pvd` (to EXTI). Wire read: `supplies`: the board drives another value whenever it changed a voltage.
 */
import type { ModelFactory, RegisterModel } from '../../emu/registers.ts';
import { watchVdd } from './pvd.ts';
import { freshSleep, Sleep, WAKE_UP_TIMER, type SleepState } from './pwr-sleep.ts';
import { DBP, SUPPLIES, VOS } from '../wires.ts';

interface State extends SleepState {
  /** VOS in force. */
  vos: number;
}
/** PVD thresholds in volts by PLS; 7 compares a pin, which is not modelled. */
const PVD_VOLTS = [1.9, 2.1, 2.3, 2.5, 2.7, 2.9, 3.1] as const;
const PADS = ['PA0', 'PC13', 'PE6'];

export const pwrL0: ModelFactory = (layout): RegisterModel<State> => {
  const field = (path: string): ReturnType<typeof layout.field> => layout.field(path);
  const cr = layout.reg('CR');
  const csr = layout.reg('CSR');
  const [vos, dbp, cwuf, csbf, pdds, lprun] = [
    field('CR.VOS'),
    field('CR.DBP'),
    field('CR.CWUF'),
    field('CR.CSBF'),
    field('CR.PDDS'),
    field('CR.LPRUN'),
  ];
  const [wuf, sbf, vosf, reglpf, vrefintrdyf] = [
    field('CSR.WUF'),
    field('CSR.SBF'),
    field('CSR.VOSF'),
    field('CSR.REGLPF'),
    field('CSR.VREFINTRDYF'),
  ];
  const supplies = watchVdd({ pvde: field('CR.PVDE'), pls: field('CR.PLS'), pvdo: field('CSR.PVDO') }, PVD_VOLTS);
  const sleep = new Sleep({
    cores: 1,
    mode: (c) => (pdds.get(c) ? 'standby' : 'stop'),
    pins: PADS.map((pad, i) => ({ pad, enable: field(`CSR.EWUP${i + 1}`), flag: wuf })),
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
    timers: ['vos', WAKE_UP_TIMER],
    wires: [SUPPLIES, ...sleep.wires],
    about: { source: 'RM0376 6, PVD thresholds recalled', confidence: 'reported', lacks: ['current consumption', 'fast wake-up'] },
    modelled: ['CR', 'CSR'],
    create: () => ({ vos: vos.of(cr.reset), ...freshSleep() }),
    keeps: (r, kind) => r === csr && kind !== 'power',
    onReset(c, kind) {
      sleep.onReset(c, kind);
      c.env.disarm('vos');
      c.s.vos = vos.get(c);
      vosf.set(c, 0);
      reglpf.set(c, 0);
      // The reference runs long before the first instruction.
      vrefintrdyf.set(c, 1);
      c.env.setWire(VOS, c.s.vos);
      c.env.setWire(DBP, 0);
      supplies(c);
    },
    onWire(c, wire, value) {
      if (!sleep.onWire(c, wire, value)) supplies(c);
    },
    onTimer(c, timer) {
      if (timer === WAKE_UP_TIMER) return sleep.onTimer(c);
      c.s.vos = vos.get(c);
      vosf.set(c, 0);
      c.env.setWire(VOS, c.s.vos);
    },
    write(c, r, merged, raw) {
      if (r !== cr) return undefined;
      if (cwuf.of(raw)) wuf.set(c, 0);
      if (csbf.of(raw)) sbf.set(c, 0);
      const value = merged & ~(cwuf.mask | csbf.mask);
      if (vos.of(value) !== 0) return value >>> 0;
      c.env.note('guest', 'PWR_CR.VOS = 0 is forbidden: not changed');
      return (value | (c.get(r) & vos.mask)) >>> 0;
    },
    wrote(c, r, value, old) {
      if (r === csr) return sleep.enabled(c, value, old);
      if (r !== cr || value === old) return;
      c.env.setWire(DBP, dbp.get(c));
      reglpf.set(c, lprun.get(c));
      supplies(c);
      if (vos.of(value) === vos.of(old)) return;
      vosf.set(c, 1);
      c.env.arm('vos', c.env.now() + (c.env.parameter('vos.ready.ps') ?? 0));
    },
  };
};
