/**
 * PWR of STM32F7: voltage scale, over-drive, PVD, Stop and Standby with their wake-up pins, backup-domain write access, backup regulator's ready flag.
 *
 * Facts: registers RM0385 4.4; VOS is changed while the PLL is off and in force while it runs, scale 3 without it (RM0385 4.1.4, documented); ODRDY and ODSWRDY
 * follow ODEN and ODSWEN (documented), after how long is not published. Standby, six wake-up pins with their polarity and EIWUP: RM0385 4.3.6 and 4.4 (documented), their pads: DS10916 table of
 * pins (recalled: reported). PVD thresholds recalled (assumed). Delays are parameters of the chip row.
 * Wires driven: `vos` = VOS bits in force; `dbp`; `pvd`. Read: `pll.ready` (RCC), `supplies`.
 */
import type { Field, ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { watchVdd } from './pvd.ts';
import { freshSleep, Sleep, WAKE_UP_TIMER, type SleepState } from './pwr-sleep.ts';
import { DBP, PLL_READY, SUPPLIES, VOS } from '../wires.ts';

interface State extends SleepState {
  /** VOS bits in force. */
  vos: number;
}
type Ctx = RegisterContext<State>;

const PVD_VOLTS = [2.04, 2.24, 2.35, 2.47, 2.58, 2.69, 2.8, 2.9] as const;
/** Of WKUP1 to WKUP6. */
const PADS = ['PA0', 'PA2', 'PC1', 'PC13', 'PI8', 'PI11'];
const WAKE_UP_FLAGS = 0x3f;
/** VOS without PLL. */
const SCALE_3 = 1;

export const pwrF7: ModelFactory = (layout): RegisterModel<State> => {
  const [cr, csr] = [layout.reg('CR1'), layout.reg('CSR1')];
  const vos = layout.field('CR1.VOS');
  const dbp = layout.field('CR1.DBP');
  const csbf = layout.field('CR1.CSBF');
  const sbf = layout.field('CSR1.SBF');
  const bre = layout.field('CSR1.BRE');
  const vosrdy = layout.field('CSR1.VOSRDY');
  const supplies = watchVdd({ pvde: layout.field('CR1.PVDE'), pls: layout.field('CR1.PLS'), pvdo: layout.field('CSR1.PVDO') }, PVD_VOLTS);
  /** Ready flags that follow an enable after a delay: timer, enable, flag, parameter. */
  const following: readonly { timer: string; on: Field; ready: Field; delay: string }[] = [
    { timer: 'od', on: layout.field('CR1.ODEN'), ready: layout.field('CSR1.ODRDY'), delay: 'vos.ready.ps' },
    { timer: 'odsw', on: layout.field('CR1.ODSWEN'), ready: layout.field('CSR1.ODSWRDY'), delay: 'vos.ready.ps' },
    { timer: 'regulator', on: bre, ready: layout.field('CSR1.BRR'), delay: 'backup.regulator.ps' },
  ];
  const [cr2, csr2] = [layout.reg('CR2'), layout.reg('CSR2')];
  const [pdds, eiwup, wuif] = [layout.field('CR1.PDDS'), layout.field('CSR1.EIWUP'), layout.field('CSR1.WUIF')];
  const sleep: Sleep = new Sleep({
    cores: 1,
    mode: (c) => (pdds.get(c) ? 'standby' : 'stop'),
    pins: PADS.map((pad, i) => ({
      pad,
      enable: layout.field(`CSR2.EWUP${i + 1}`),
      flag: layout.field(`CSR2.WUPF${i + 1}`),
      falling: layout.field(`CR2.WUPP${i + 1}`),
    })),
    rtcWakes: (c) => eiwup.get(c) === 1,
    pending: (c) => (c.get(csr2) & WAKE_UP_FLAGS) !== 0 || (eiwup.get(c) === 1 && sleep.rtcPending(c)),
    entered: (c, mode) => {
      if (mode === 'standby') sbf.set(c, 1);
    },
    keeps: (c) => (bre.get(c) ? ['bkpsram'] : []),
    outside: [csr, cr2, csr2].map((r) => r.index),
  });
  const arm = (c: Ctx, timer: string, delay: string): void => c.env.arm(timer, c.env.now() + (c.env.parameter(delay) ?? 0));
  const settle = (c: Ctx): void => {
    vosrdy.set(c, 0);
    if (c.env.wire(PLL_READY) === 1) return arm(c, 'vos', 'vos.ready.ps');
    c.env.disarm('vos');
    c.s.vos = SCALE_3;
    c.env.setWire(VOS, c.s.vos);
  };
  const flags = ['PVDO', 'BRR', 'SBF', 'WUIF', 'VOSRDY', 'ODRDY', 'ODSWRDY'].reduce((m, name) => m | layout.field(`CSR1.${name}`).mask, 0);
  return {
    timers: ['vos', ...following.map((x) => x.timer), WAKE_UP_TIMER],
    wires: [PLL_READY, SUPPLIES, ...sleep.wires],
    about: {
      source: 'RM0385 4.4, HAL-F7; PVD thresholds recalled',
      confidence: 'documented',
      lacks: ['under-drive', 'current consumption'],
    },
    modelled: ['CR1', 'CSR1', 'CR2', 'CSR2'],
    writable: {
      CSR1: (layout.reg('CSR1').writable & ~flags) >>> 0,
      CSR2: (csr2.writable & ~WAKE_UP_FLAGS) >>> 0,
    },
    create: () => ({ vos: 0, ...freshSleep() }),
    // The backup regulator belongs to the backup domain.
    keeps: (r, kind) => kind === 'backup' || (r === csr && kind !== 'power'),
    onReset(c, kind) {
      if (kind === 'backup') return;
      sleep.onReset(c, kind);
      for (const { timer, ready } of following.slice(0, 2)) {
        c.env.disarm(timer);
        ready.set(c, 0);
      }
      c.env.setWire(DBP, dbp.get(c));
      supplies(c);
      settle(c);
    },
    onWire(c, wire, value) {
      if (sleep.onWire(c, wire, value)) return;
      if (wire === SUPPLIES) supplies(c);
      else settle(c);
    },
    onTimer(c, timer) {
      if (timer === WAKE_UP_TIMER) return sleep.onTimer(c);
      const follower = following.find((x) => x.timer === timer);
      if (follower) return follower.ready.set(c, follower.on.get(c));
      c.s.vos = vos.get(c);
      vosrdy.set(c, 1);
      c.env.setWire(VOS, c.s.vos);
    },
    // WUIF follows the RTC's flags.
    live: ['CSR1'],
    read: (c, r, value) => (r === csr && eiwup.get(c) && sleep.rtcPending(c) ? (value | wuif.mask) >>> 0 : value),
    write(c, r, merged, raw) {
      if (r === cr2) {
        c.put(csr2, c.get(csr2) & ~(raw & WAKE_UP_FLAGS));
        return (merged & ~WAKE_UP_FLAGS) >>> 0;
      }
      if (r === csr2) return merged;
      // BRE, in the backup domain, needs DBP.
      if (r === csr) return dbp.get(c) ? merged : ((merged & ~bre.mask) | (c.get(r) & bre.mask)) >>> 0;
      if (csbf.of(raw)) sbf.set(c, 0);
      const value = merged & ~csbf.mask;
      const wanted = vos.of(value);
      if (wanted === vos.get(c) || (wanted !== 0 && !c.env.wire(PLL_READY))) return value >>> 0;
      c.env.note('guest', `PWR_CR1.VOS = ${wanted} ${wanted === 0 ? 'is reserved' : 'while the PLL runs'}: not changed`, {
        is: 'lost',
        why: 'running',
      });
      return ((value & ~vos.mask) | (c.get(r) & vos.mask)) >>> 0;
    },
    wrote(c, r, value, old) {
      if (r === csr2) sleep.enabled(c, value, old);
      if (value === old) return;
      for (const { timer, on, ready, delay } of following) {
        if (on.register !== r || on.of(value) === on.of(old)) continue;
        if (on.of(value)) arm(c, timer, delay);
        else {
          c.env.disarm(timer);
          ready.set(c, 0);
        }
      }
      if (r !== cr) return;
      c.env.setWire(DBP, dbp.get(c));
      if (vos.of(value) !== vos.of(old)) settle(c);
      supplies(c);
    },
  };
};
