/**
 * PWR of STM32L47x/L48x/L49x/L4Ax: voltage range, low-power run, USB and VDDIO2 supply-valid bits, peripheral voltage monitors, PVD, backup-domain write access.
 *
 * Facts: registers ST SVD; VOSF, USV, PVM1 threshold 1.2 V: HAL-L4 pwr_ex (documented); VOS = 0 and 3 are ignored (assumed); PVD thresholds DSG431 (assumed).
 * USB works in range 1 only: AN2606 Tables 168, 172 (documented: no DFU in range 2), table of functionalities in DS10198 (recalled).
 * Delays and thresholds are parameters of the chip row.
 * Wires driven: `vos` = 1 or 2, the voltage range in force; `dbp`; `usb.supply` = USV, a voltage on VDDUSB and range 1; `pvd`, `pvm1`…`pvm4` (to EXTI).
 * Wire read: `supplies`: the board drives another value whenever it changed a voltage parameter.
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../emu/registers.ts';
import { watchVdd } from './pvd.ts';

export interface PwrL4State {
  /** Voltage range in force: 2 until the regulator has settled on 1. */
  range: number;
}
type Ctx = RegisterContext<PwrL4State>;

/** PVD thresholds in volts by PLS; 7 compares a pin, which is not modelled. */
const PVD_VOLTS = [2.0, 2.2, 2.4, 2.5, 2.6, 2.8, 2.9] as const;

export const pwrL4: ModelFactory = (layout): RegisterModel<PwrL4State> => {
  const vos = layout.field('CR1.VOS');
  const dbp = layout.field('CR1.DBP');
  const lpr = layout.field('CR1.LPR');
  const usv = layout.field('CR2.USV');
  const pvde = layout.field('CR2.PVDE');
  const pls = layout.field('CR2.PLS');
  const sr1 = layout.reg('SR1');
  const scr = layout.reg('SCR');
  const vosf = layout.field('SR2.VOSF');
  const reglpf = layout.field('SR2.REGLPF');
  const reglps = layout.field('SR2.REGLPS');
  const pvdo = layout.field('SR2.PVDO');
  // Monitored supply and the parameter that holds its threshold.
  const monitors = [
    ['vddusb', 1],
    ['vddio2', 2],
    ['vdda', 3],
    ['vdda', 4],
  ] as const;
  const pvm = monitors.map(([supply, n]) => ({
    supply,
    n,
    enable: layout.field(`CR2.PVME${n}`),
    output: layout.field(`SR2.PVMO${n}`),
  }));

  const volts = (c: Ctx, supply: string): number => c.env.parameter(`${supply}.volts`) ?? 0;
  const threshold = (c: Ctx, n: number): number => c.env.parameter(`pvm${n}.threshold.volts`) ?? 0;
  const vdd = watchVdd({ pvde, pls, pvdo }, PVD_VOLTS);
  const supplies = (c: Ctx): void => {
    for (const m of pvm) {
      const low = m.enable.get(c) === 1 && volts(c, m.supply) < threshold(c, m.n);
      m.output.set(c, low ? 1 : 0);
      c.env.setWire(`pvm${m.n}`, low ? 1 : 0);
    }
    vdd(c);
    c.env.setWire('usb.supply', c.s.range === 1 && usv.get(c) && volts(c, 'vddusb') >= threshold(c, 1) ? 1 : 0);
  };
  const follow = (c: Ctx): void => {
    c.env.setWire('vos', c.s.range);
    c.env.setWire('dbp', dbp.get(c));
    supplies(c);
  };

  return {
    timers: ['vos', 'regulator'],
    wires: ['supplies'],
    about: {
      source: 'HAL-L4 pwr_ex, AN2606 Tables 168 and 172; PVD thresholds assumed',
      confidence: 'documented',
      lacks: ['Stop, Standby and Shutdown', 'wake-up pins', 'pulls in Standby', 'charging of VBAT'],
    },
    modelled: ['CR1', 'CR2', 'SR1', 'SR2', 'SCR'],
    create: () => ({ range: 1 }),
    onReset(c) {
      c.s.range = 1;
      for (const timer of ['vos', 'regulator']) c.env.disarm(timer);
      // The low-power regulator is ready when the main one has been.
      reglps.set(c, 1);
      follow(c);
      supplies(c);
    },
    onWire: (c) => supplies(c),
    onTimer(c, timer) {
      if (timer === 'regulator') return reglpf.set(c, lpr.get(c));
      c.s.range = vos.get(c);
      vosf.set(c, 0);
      follow(c);
    },
    write(c, r, merged, raw) {
      if (r === scr) {
        c.put(sr1, c.get(sr1) & ~raw);
        return 0;
      }
      if (r === vos.register && (vos.of(merged) === 0 || vos.of(merged) === 3)) {
        c.env.note('guest', `PWR_CR1.VOS = ${vos.of(merged)} is forbidden: not changed`);
        return (merged & ~vos.mask) | (c.get(r) & vos.mask);
      }
      return undefined;
    },
    wrote(c, r, value, old) {
      if (value === old) return;
      if (r === usv.register) return supplies(c);
      if (r !== vos.register) return;
      if (vos.of(value) !== vos.of(old)) {
        if (vos.of(value) === 1) {
          vosf.set(c, 1);
          c.env.arm('vos', c.env.now() + (c.env.parameter('vos.ready.ps') ?? 0));
        } else {
          // Down to range 2: nothing to wait for.
          c.env.disarm('vos');
          vosf.set(c, 0);
          c.s.range = 2;
        }
      }
      if (lpr.of(value) && !lpr.of(old)) {
        c.env.disarm('regulator');
        reglpf.set(c, 1);
      } else if (!lpr.of(value) && lpr.of(old)) c.env.arm('regulator', c.env.now() + (c.env.parameter('regulator.main.ps') ?? 0));
      follow(c);
    },
  };
};
