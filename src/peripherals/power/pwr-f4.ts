/**
 * PWR of STM32F1 and F2 (without voltage scales), STM32F405/407 and STM32F411: voltage scale, Stop and Standby with the wake-up pin, PVD, backup-domain write access, backup regulator's ready flag.
 *
 * Facts: registers RM0090 5.4, RM0383 5.4. VOS: F405 one bit, scale 1 after reset; F411 two bits, scale 2 after reset, not changed while the PLL runs and in force only
 * while it runs, scale 3 without it (RM0383, HAL-F4 pwr_ex.c: documented). VOSRDY reads 0 after reset (RM: documented reset value); that it stays 0 until the
 * PLL runs on F411 is inferred from HAL-F4's order. PVD thresholds DS8626, DS10314 (recalled: assumed). Delays are parameters of the chip row.
 * Low-power modes: RM0090 5.3, RM0383 5.3 (documented): WUF rises with the pin and with RTC events; Standby with WUF set ends at once.
 * Wires driven: `vos` = VOS bits in force; `dbp`; `pvd` (to EXTI). Wires read: `pll.ready` (RCC), `supplies`: the board drives another value whenever it changed a voltage.
 */
import { Field, type ModelFactory, type RegisterContext, type RegisterModel } from '../../emu/registers.ts';
import { watchVdd } from './pvd.ts';
import { freshSleep, Sleep, WAKE_UP_TIMER, type SleepState } from './pwr-sleep.ts';
import { DBP, PLL_READY, SUPPLIES, VOS } from '../wires.ts';

export interface PwrF4Options {
  /** F411: VOS acts only while the PLL runs; this value is in force without it. */
  readonly scaleWithoutPll?: number;
}
interface State extends SleepState {
  /** VOS bits in force. */
  vos: number;
}
type Ctx = RegisterContext<State>;

/** PVD thresholds in volts by PLS, falling edge. */
const PVD_VOLTS = [2.04, 2.24, 2.35, 2.47, 2.58, 2.69, 2.8, 2.9] as const;

export const pwrF4: ModelFactory<PwrF4Options> = (layout, options): RegisterModel<State> => {
  const { scaleWithoutPll } = options;
  const cr = layout.reg('CR');
  const csr = layout.reg('CSR');
  /** F1 and F2 have no voltage scales, F1 no backup RAM: a field without bits stands in. */
  const scale = (path: string): Field => (layout.hasField(path) ? layout.field(path) : new Field(cr, { name: path, bit: 0, width: 0 }));
  const vos = scale('CR.VOS');
  const dbp = layout.field('CR.DBP');
  const pvde = layout.field('CR.PVDE');
  const pls = layout.field('CR.PLS');
  const cwuf = layout.field('CR.CWUF');
  const csbf = layout.field('CR.CSBF');
  const wuf = layout.field('CSR.WUF');
  const sbf = layout.field('CSR.SBF');
  const pvdo = layout.field('CSR.PVDO');
  const bre = scale('CSR.BRE');
  const brr = scale('CSR.BRR');
  const vosrdy = scale('CSR.VOSRDY');
  /** Over-drive of F42x, F43x and F446 (RM0090 5.1.4): its ready flags follow; after how long is not published, so it takes what the scale takes (assumed). */
  const overDrive = layout.hasField('CR.ODEN')
    ? [
        { timer: 'od', on: layout.field('CR.ODEN'), ready: layout.field('CSR.ODRDY') },
        { timer: 'odsw', on: layout.field('CR.ODSWEN'), ready: layout.field('CSR.ODSWRDY') },
      ]
    : [];

  const pdds = layout.field('CR.PDDS');
  // One, or two as on F446 (pads recalled: reported).
  const pads = (
    [
      ['EWUP', 'PA0'],
      ['EWUP1', 'PA0'],
      ['EWUP2', 'PC13'],
    ] as const
  ).filter(([field]) => layout.hasField(`CSR.${field}`));
  const supplies = watchVdd({ pvde, pls, pvdo }, PVD_VOLTS);
  const sleep = new Sleep({
    cores: 1,
    mode: (c) => (pdds.get(c) ? 'standby' : 'stop'),
    pins: pads.map(([field, pad]) => ({ pad, enable: layout.field(`CSR.${field}`), flag: wuf })),
    rtcWakes: () => true,
    pending: (c) => wuf.get(c) === 1,
    entered: (c, mode) => {
      if (mode === 'standby') sbf.set(c, 1);
    },
    rtcEvent: (c) => wuf.set(c, 1),
    keeps: (c) => (bre.get(c) ? ['bkpsram'] : []),
    outside: [csr.index],
  });
  const hasScale = (c: Ctx): boolean => scaleWithoutPll === undefined || c.env.wire(PLL_READY) === 1;
  /** The regulator goes to the scale that VOS asks for, or drops to the one without PLL. */
  const settle = (c: Ctx): void => {
    vosrdy.set(c, 0);
    if (hasScale(c)) return c.env.arm('vos', c.env.now() + (c.env.parameter('vos.ready.ps') ?? 0));
    c.env.disarm('vos');
    c.s.vos = scaleWithoutPll!;
    c.env.setWire(VOS, c.s.vos);
  };

  return {
    timers: ['vos', 'regulator', WAKE_UP_TIMER, ...overDrive.map((o) => o.timer)],
    wires: [PLL_READY, SUPPLIES, ...sleep.wires],
    about: {
      source: 'RM0090 5.4, RM0383 5.4, HAL-F4; PVD thresholds recalled',
      confidence: 'documented',
      lacks: ["backup SRAM's supply in VBAT mode", 'current consumption'],
    },
    modelled: ['CR', 'CSR'],
    create: () => ({ vos: 0, ...freshSleep() }),
    // The backup regulator belongs to the backup domain.
    keeps: (r, kind) => kind === 'backup' || (r === csr && kind !== 'power'),
    onReset(c, kind) {
      if (kind === 'backup') return;
      sleep.onReset(c, kind);
      c.env.disarm('vos');
      for (const { timer, ready } of overDrive) {
        c.env.disarm(timer);
        ready.set(c, 0);
      }
      c.s.vos = scaleWithoutPll ?? vos.get(c);
      c.env.setWire(VOS, c.s.vos);
      c.env.setWire(DBP, dbp.get(c));
      supplies(c);
      settle(c);
    },
    onWire(c, wire, value) {
      if (sleep.onWire(c, wire, value)) return;
      if (wire === SUPPLIES) supplies(c);
      else if (scaleWithoutPll !== undefined) settle(c);
    },
    onTimer(c, timer) {
      if (timer === WAKE_UP_TIMER) return sleep.onTimer(c);
      if (timer === 'regulator') return brr.set(c, bre.get(c));
      const drive = overDrive.find((o) => o.timer === timer);
      if (drive) return drive.ready.set(c, drive.on.get(c));
      c.s.vos = vos.get(c);
      vosrdy.set(c, 1);
      c.env.setWire(VOS, c.s.vos);
    },
    write(c, r, merged, raw) {
      if (r === csr) {
        // BRE, in the backup domain, needs DBP.
        return dbp.get(c) ? merged : ((merged & ~bre.mask) | (c.get(r) & bre.mask)) >>> 0;
      }
      if (cwuf.of(raw)) wuf.set(c, 0);
      if (csbf.of(raw)) sbf.set(c, 0);
      let value = merged & ~(cwuf.mask | csbf.mask);
      const wanted = vos.of(value);
      const refuse = (why: string): void => {
        c.env.note('guest', `PWR_CR.VOS = ${wanted} ${why}: not changed`);
        value = (value & ~vos.mask) | (c.get(r) & vos.mask);
      };
      if (wanted !== vos.get(c) && scaleWithoutPll !== undefined && c.env.wire(PLL_READY)) refuse('while the PLL runs');
      else if (vos.width > 1 && wanted === 0 && vos.get(c) !== 0) refuse('is reserved');
      return value >>> 0;
    },
    wrote(c, r, value, old) {
      if (r === csr) {
        sleep.enabled(c, value, old);
        if (bre.of(value) === bre.of(old)) return;
        brr.set(c, 0);
        if (bre.of(value)) c.env.arm('regulator', c.env.now() + (c.env.parameter('backup.regulator.ps') ?? 0));
        else c.env.disarm('regulator');
        return;
      }
      if (r !== cr || value === old) return;
      c.env.setWire(DBP, dbp.get(c));
      for (const { timer, on } of overDrive)
        if (on.of(value) !== on.of(old)) c.env.arm(timer, c.env.now() + (c.env.parameter('vos.ready.ps') ?? 0));
      if (vos.of(value) !== vos.of(old)) settle(c);
      supplies(c);
    },
  };
};
