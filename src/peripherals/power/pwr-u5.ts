/**
 * PWR of STM32U5: voltage ranges, EPOD booster, regulator selection, Stop, Standby and Shutdown with their wake-up pins, supply-valid bits and monitors, PVD, backup-domain
 * write access.
 *
 * Facts: registers ST SVD STM32U575; voltage ranges, booster, LPMS, wake-up selections: RM0456 10 and ST HAL U5 hal_pwr_ex.c (recalled: reported); PVD thresholds as L4's
 * (assumed); delays and thresholds are parameters of the chip row.
 * Wires driven: `vos` = code of the range in force (3 = range 1 … 0 = range 4), `dbp`, `usb.supply` = USV and a voltage on VDDUSB, `vddio2` = IO2SV and a voltage on VDDIO2, `pvd` (to EXTI).
 * Wires read: `supplies`: the board drives another value whenever it changed a voltage parameter; `epod.clock`: RCC gives the booster its clock.
 */
import type { Field, ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { watchVdd } from './pvd.ts';
import { freshSleep, Sleep, WAKE_UP_TIMER, type SleepState, type WakeUpPin } from './pwr-sleep.ts';
import { DBP, EPOD_CLOCK, SUPPLIES, USB_SUPPLY, VDDIO2, VOS } from '../wires.ts';

type Ctx = RegisterContext<SleepState>;

/** Pads of WKUP1 to WKUP8 by WUSEL 0 to 2. */
const PADS: readonly (readonly [string, string, string])[] = [
  ['PA0', 'PB2', 'PE4'],
  ['PA4', 'PC13', 'PE5'],
  ['PE6', 'PA1', 'PB6'],
  ['PA2', 'PB1', 'PB7'],
  ['PC5', 'PA3', 'PB8'],
  ['PB5', 'PA5', 'PE7'],
  ['PB15', 'PA6', 'PE8'],
  ['PF2', 'PA7', 'PB10'],
];
/** WUSEL of what lies inside the chip, and the wake-up lines whose inside source is the RTC. */
const INSIDE = 3;
const RTC_LINES = [6, 7, 8];
/** PVD thresholds in volts by PVDLS; 7 compares a pin, which is not modelled. */
const PVD_VOLTS = [2.0, 2.2, 2.4, 2.5, 2.6, 2.8, 2.9] as const;
/** From this VOS on (range 2) the booster works. */
const BOOSTED = 2;
/** LPMS: Stop 0 to 3, Standby, Shutdown. */
const STANDBY = 4;
const SHUTDOWN = 6;

/** Monitored supplies: bit that asks, bit that answers, parameter. */
const MONITORS = [
  ['UVMEN', 'VDDUSBRDY', 'vddusb'],
  ['IO2VMEN', 'VDDIO2RDY', 'vddio2'],
  ['AVM1EN', 'VDDA1RDY', 'vdda'],
  ['AVM2EN', 'VDDA2RDY', 'vdda'],
] as const;

export const pwrU5: ModelFactory = (layout): RegisterModel<SleepState> => {
  const f = (path: string): Field => layout.field(path);
  const vos = f('VOSR.VOS');
  const vosrdy = f('VOSR.VOSRDY');
  const boosten = f('VOSR.BOOSTEN');
  const boostrdy = f('VOSR.BOOSTRDY');
  const actvos = f('SVMSR.ACTVOS');
  const actvosrdy = f('SVMSR.ACTVOSRDY');
  const regsel = f('CR3.REGSEL');
  const regs = f('SVMSR.REGS');
  const usv = f('SVMCR.USV');
  const io2sv = f('SVMCR.IO2SV');
  const dbp = f('DBPR.DBP');
  const bren = f('BDCR1.BREN');
  const lpms = f('CR1.LPMS');
  const [cssf, stopf, sbf] = [f('SR.CSSF'), f('SR.STOPF'), f('SR.SBF')];
  const [sr, wusr, wuscr, wucr1] = [layout.reg('SR'), layout.reg('WUSR'), layout.reg('WUSCR'), layout.reg('WUCR1')];
  const monitors = MONITORS.map(([enable, ready, supply]) => ({ enable: f(`SVMCR.${enable}`), ready: f(`SVMSR.${ready}`), supply }));
  const vdd = watchVdd({ pvde: f('SVMCR.PVDE'), pls: f('SVMCR.PVDLS'), pvdo: f('SVMSR.PVDO') }, PVD_VOLTS);

  const selection = (c: RegisterContext<object>, n: number): number => f(`WUCR3.WUSEL${n}`).get(c);
  const pins = PADS.flatMap((pads, i) =>
    pads.map((pad, choice): WakeUpPin => ({
      pad,
      enable: f(`WUCR1.WUPEN${i + 1}`),
      flag: f(`WUSR.WUF${i + 1}`),
      falling: f(`WUCR2.WUPP${i + 1}`),
      selected: (c) => selection(c, i + 1) === choice,
    })),
  );
  const rtcWakes = (c: RegisterContext<object>): boolean =>
    RTC_LINES.some((n) => f(`WUCR1.WUPEN${n}`).get(c) === 1 && selection(c, n) === INSIDE);
  /** PWR_S3WU: wake-up lines end Stop 3, where EXTI does not work (RM0456 10.7.8, recalled: reported). */
  const fromStop3 = (c: RegisterContext<object>): void => c.env.irq(0, lpms.get(c) === 3 && c.get(wusr) !== 0);
  const sleep: Sleep = new Sleep({
    cores: 1,
    mode: (c) => (lpms.get(c) < STANDBY ? 'stop' : lpms.get(c) < SHUTDOWN ? 'standby' : 'shutdown'),
    depth: (c) => (lpms.get(c) === 3 ? 3 : lpms.get(c) === 2 ? 2 : 1),
    pins,
    rtcWakes,
    flagged: (c) => fromStop3(c),
    pending: (c) => c.get(wusr) !== 0 || (rtcWakes(c) && sleep.rtcPending(c)),
    entered: (c, mode) => (mode === 'stop' ? stopf : sbf).set(c, 1),
    keeps: (c, mode) => [
      ...(mode === 'standby' && (f('CR1.RRSB1').get(c) || f('CR1.RRSB2').get(c)) ? ['sram2'] : []),
      ...(bren.get(c) ? ['bkpsram'] : []),
    ],
    outside: ['SR', 'WUSR', 'WUCR1', 'WUCR2', 'WUCR3', 'APCR'].map((name) => layout.reg(name).index),
  });

  const present = (c: Ctx, supply: string): boolean =>
    (c.env.parameter(`${supply}.volts`) ?? 0) >= (c.env.parameter(`${supply}.threshold.volts`) ?? 0);
  const supplies = (c: Ctx): void => {
    for (const m of monitors) m.ready.set(c, m.enable.get(c) && present(c, m.supply) ? 1 : 0);
    vdd(c);
    c.env.setWire(VDDIO2, io2sv.get(c) && present(c, 'vddio2') ? 1 : 0);
    c.env.setWire(USB_SUPPLY, usv.get(c) && present(c, 'vddusb') ? 1 : 0);
  };
  /** The booster needs range 1 or 2 and its clock. */
  const followBooster = (c: Ctx): void => {
    if (boosten.get(c) && actvos.get(c) >= BOOSTED && c.env.wire(EPOD_CLOCK)) {
      if (!boostrdy.get(c) && c.env.due('boost') === Infinity) c.env.arm('boost', c.env.now() + (c.env.parameter('boost.ready.ps') ?? 0));
      return;
    }
    c.env.disarm('boost');
    boostrdy.set(c, 0);
  };
  const timers: Readonly<Record<string, (c: Ctx) => void>> = {
    boost: (c) => boostrdy.set(c, 1),
    regulator: (c) => regs.set(c, regsel.get(c)),
    vos: (c) => {
      actvos.set(c, vos.get(c));
      actvosrdy.set(c, 1);
      vosrdy.set(c, 1);
      c.env.setWire(VOS, vos.get(c));
      followBooster(c);
    },
  };

  return {
    timers: [...Object.keys(timers), WAKE_UP_TIMER],
    wires: [SUPPLIES, EPOD_CLOCK, ...sleep.wires],
    about: {
      source: 'RM0456 PWR (recalled), HAL-U5 hal_pwr_ex.c',
      confidence: 'reported',
      lacks: [
        'pulls in Standby',
        'retention and power-down of RAM',
        'wake-up sources inside the chip beside the RTC',
        'charging of VBAT',
        'security',
      ],
    },
    modelled: ['CR1', 'CR3', 'VOSR', 'SVMCR', 'SVMSR', 'WUCR1', 'WUCR2', 'WUCR3', 'WUSR', 'WUSCR', 'BDCR1', 'DBPR', 'SR'],
    // Clear bits read 0.
    writable: { SR: 0, WUSCR: 0 },
    create: freshSleep,
    keeps: (r, kind) => kind !== 'power' && (r === sr || r === wusr || r === bren.register),
    onReset(c, kind) {
      sleep.onReset(c, kind);
      for (const timer in timers) c.env.disarm(timer);
      c.env.setWire(VOS, actvos.get(c));
      c.env.setWire(DBP, 0);
      supplies(c);
    },
    onWire(c, wire, value) {
      if (wire === EPOD_CLOCK) return followBooster(c);
      if (!sleep.onWire(c, wire, value)) supplies(c);
    },
    onTimer(c, timer) {
      if (timer === WAKE_UP_TIMER) return sleep.onTimer(c);
      timers[timer]!(c);
    },
    write(c, r, merged, raw) {
      if (r === wuscr) {
        c.put(wusr, c.get(wusr) & ~raw);
        fromStop3(c);
        return 0;
      }
      if (r === sr) return cssf.of(raw) ? 0 : c.get(r);
      if (r === bren.register && !dbp.get(c)) {
        c.env.note('guest', 'PWR_BDCR1 written while the backup domain is protected (PWR DBP = 0)', {
          is: 'backup-locked',
          register: r.name,
        });
        return c.get(r);
      }
      return undefined;
    },
    wrote(c, r, value, old) {
      if (value === old) return;
      if (r === wucr1) return sleep.enabled(c, value, old);
      if (r === lpms.register) return fromStop3(c);
      if (r === vos.register) {
        if (vos.of(value) !== vos.of(old)) {
          vosrdy.set(c, 0);
          actvosrdy.set(c, 0);
          c.env.arm('vos', c.env.now() + (c.env.parameter('vos.ready.ps') ?? 0));
        }
        followBooster(c);
      } else if (r === dbp.register) c.env.setWire(DBP, dbp.of(value));
      else if (r === usv.register) supplies(c);
      else if (r === regsel.register) c.env.arm('regulator', c.env.now() + (c.env.parameter('regulator.switch.ps') ?? 0));
    },
  };
};
