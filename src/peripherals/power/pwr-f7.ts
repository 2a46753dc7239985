/**
 * PWR of STM32F7: voltage scale, over-drive, PVD, backup-domain write access, backup regulator's ready flag.
 *
 * Facts: registers RM0385 4.4; VOS is changed while the PLL is off and in force while it runs, scale 3 without it (RM0385 4.1.4, documented); ODRDY and ODSWRDY
 * follow ODEN and ODSWEN (documented), after how long is not published. PVD thresholds recalled (assumed). Delays are parameters of the chip row.
 * Wires driven: `vos` = VOS bits in force; `dbp`; `pvd`. Read: `pll.ready` (RCC), `supplies`.
 */
import type { Field, ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { watchVdd } from './pvd.ts';
import { DBP, PLL_READY, SUPPLIES, VOS } from '../wires.ts';

interface State {
  /** VOS bits in force. */
  vos: number;
}
type Ctx = RegisterContext<State>;

const PVD_VOLTS = [2.04, 2.24, 2.35, 2.47, 2.58, 2.69, 2.8, 2.9] as const;
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
    timers: ['vos', ...following.map((x) => x.timer)],
    wires: [PLL_READY, SUPPLIES],
    about: {
      source: 'RM0385 4.4, HAL-F7; PVD thresholds recalled',
      confidence: 'documented',
      lacks: ['Stop and Standby (their bits are kept)', 'wake-up pins', 'under-drive'],
    },
    modelled: ['CR1', 'CSR1'],
    writable: { CSR1: (layout.reg('CSR1').writable & ~flags) >>> 0 },
    create: () => ({ vos: 0 }),
    // The backup regulator belongs to the backup domain.
    keeps: (r, kind) => kind === 'backup' || (r === csr && kind !== 'power'),
    onReset(c, kind) {
      if (kind === 'backup') return;
      for (const { timer, ready } of following.slice(0, 2)) {
        c.env.disarm(timer);
        ready.set(c, 0);
      }
      c.env.setWire(DBP, dbp.get(c));
      supplies(c);
      settle(c);
    },
    onWire: (c, wire) => (wire === SUPPLIES ? supplies(c) : settle(c)),
    onTimer(c, timer) {
      const follower = following.find((x) => x.timer === timer);
      if (follower) return follower.ready.set(c, follower.on.get(c));
      c.s.vos = vos.get(c);
      vosrdy.set(c, 1);
      c.env.setWire(VOS, c.s.vos);
    },
    write(c, r, merged, raw) {
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
