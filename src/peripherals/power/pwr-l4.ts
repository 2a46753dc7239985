/**
 * PWR of STM32L4, L4+, G4, WB, G0 and C0 (G0: thresholds of the PVD for both directions; C0: one range, no PVD): voltage range, low-power run, Stop, Standby and Shutdown with their wake-up pins, USB and VDDIO2 supply-valid bits, peripheral
 * voltage monitors, PVD, backup-domain write access.
 *
 * Facts: registers ST SVD; VOSF, USV, PVM1 threshold 1.2 V: HAL-L4 pwr_ex (documented); VOS = 0 and 3 are ignored (assumed); PVD thresholds DSG431 (assumed).
 * USB works in range 1 only: AN2606 Tables 168, 172 (documented: no DFU in range 2), table of functionalities in DS10198, which has none in low-power run either (recalled).
 * Low-power modes: RM0351 5.3 and 5.4 (documented); that the RTC wakes without CR3.EIWUL is not so, SR1.WUFI is a level.
 * Delays and thresholds are parameters of the chip row.
 * Wires driven: `vos` = 1 or 2, the voltage range in force; `dbp`; `usb.supply` = USV, a voltage on VDDUSB, range 1 and the main regulator; `vddio2` = IOSV and a voltage on VDDIO2; `pvd`, `pvm1`…`pvm4` (to EXTI).
 * Wire read: `supplies`: the board drives another value whenever it changed a voltage parameter.
 */
import { Field, type ModelFactory, type RegisterContext, type RegisterModel } from '../../emu/registers.ts';
import { watchVdd } from './pvd.ts';
import { freshSleep, Sleep, WAKE_UP_TIMER, type SleepState } from './pwr-sleep.ts';
import { DBP, SUPPLIES, USB_SUPPLY, VDDIO2, VOS } from '../wires.ts';
import { wire } from '../../emu/wires.ts';

export interface PwrL4State extends SleepState {
  /** Voltage range in force: 2 until the regulator has settled on 1. */
  range: number;
}
type Ctx = RegisterContext<PwrL4State>;

/** EXTSCR.C1SBF, C1STOPF. */
const EXTSCR_C1_FLAGS = 0x300;
/** SR1.WUF1 to WUF5. */
const WAKE_UP_FLAGS = 0x1f;
/** PVD thresholds in volts by PLS; 7 compares a pin, which is not modelled. */
const PVD_VOLTS = [2.0, 2.2, 2.4, 2.5, 2.6, 2.8, 2.9] as const;
/** By PVDFT (DS13560 rev 4, recalled: assumed). */
const PVD_VOLTS_G0 = [2.0, 2.2, 2.5, 2.6, 2.7, 2.9, 3.0] as const;

export interface PwrL4Options {
  /** Pins of WKUP1, WKUP2…, if not those of L4. */
  readonly wakeUp?: readonly string[];
}

// eslint-disable-next-line house/own-lines -- fields of four generations of PWR; the handlers share them
export const pwrL4: ModelFactory<PwrL4Options> = (layout, options): RegisterModel<PwrL4State> => {
  const optional = (path: string): Field | null => (layout.hasField(path) ? layout.field(path) : null);
  /** A field without bits where the chip has none. */
  const orNone = (path: string): Field => optional(path) ?? new Field(layout.reg('CR1'), { name: path, bit: 0, width: 0 });
  const vos = orNone('CR1.VOS');
  // C0 has no backup domain to protect.
  const dbp = optional('CR1.DBP');
  const lpr = orNone('CR1.LPR');
  // Null where USB has no supply of its own (G4).
  const usv = optional('CR2.USV');
  const iosv = optional('CR2.IOSV');
  const pvde = orNone('CR2.PVDE');
  const pls = optional('CR2.PVDFT') ?? orNone('CR2.PLS');
  const volts0 = layout.hasField('CR2.PVDFT') ? PVD_VOLTS_G0 : PVD_VOLTS;
  const sr1 = layout.reg('SR1');
  const scr = layout.reg('SCR');
  const vosf = orNone('SR2.VOSF');
  const reglpf = orNone('SR2.REGLPF');
  const reglps = orNone('SR2.REGLPS');
  const pvdo = orNone('SR2.PVDO');
  // Monitored supply and the parameter that holds its threshold.
  const monitors = [
    ['vddusb', 1],
    ['vddio2', 2],
    ['vdda', 3],
    ['vdda', 4],
  ] as const;
  const pvm = monitors
    .filter(([, n]) => layout.hasField(`CR2.PVME${n}`))
    .map(([supply, n]) => ({ supply, n, enable: layout.field(`CR2.PVME${n}`), output: layout.field(`SR2.PVMO${n}`) }));

  const volts = (c: Ctx, supply: string): number => c.env.parameter(`${supply}.volts`) ?? 0;
  const threshold = (c: Ctx, n: number): number => c.env.parameter(`pvm${n}.threshold.volts`) ?? 0;
  const vdd = watchVdd({ pvde, pls, pvdo }, volts0);
  const supplies = (c: Ctx): void => {
    for (const m of pvm) {
      const low = m.enable.get(c) === 1 && volts(c, m.supply) < threshold(c, m.n);
      m.output.set(c, low ? 1 : 0);
      c.env.setWire(wire(`pvm${m.n}`), low ? 1 : 0);
    }
    vdd(c);
    c.env.setWire(VDDIO2, iosv?.get(c) && volts(c, 'vddio2') >= threshold(c, 2) ? 1 : 0);
    const strong = c.s.range === 1 && reglpf.get(c) === 0;
    c.env.setWire(USB_SUPPLY, strong && usv?.get(c) && volts(c, 'vddusb') >= threshold(c, 1) ? 1 : 0);
  };
  const lpms = layout.field('CR1.LPMS');
  // WB counts for each core; C1CSSF clears.
  const extscr = layout.has('EXTSCR') ? layout.reg('EXTSCR') : null;
  const sbf = extscr ? layout.field('EXTSCR.C1SBF') : layout.field('SR1.SBF');
  const wufi = layout.field('SR1.WUFI');
  // EIWUL in the manual.
  const eiwul = optional('CR3.EWF') ?? layout.field('CR3.EIWUL');
  const rrs = orNone('CR3.RRS');
  const pads = options.wakeUp ?? ['PA0', 'PC13', 'PE6', 'PA2', 'PC5', 'PB5'];
  /** The chip goes as low as both cores allow (RM0434 6.4.1); CPU2 of WB allows what C2CR1 says, though it never starts here. */
  const c2boot = optional('CR4.C2BOOT');
  const lpms2 = optional('C2CR1.LPMS');
  const lowest = (c: RegisterContext<SleepState>): number => Math.min(lpms.get(c), lpms2?.get(c) ?? 7);
  const outside = layout.registers.filter((r) => r === sr1 || r === extscr || /^CR[34]$|^P[UD]CR/.test(r.name)).map((r) => r.index);
  const sleep: Sleep = new Sleep({
    cores: 1,
    mode: (c) => (lowest(c) < 3 ? 'stop' : lowest(c) === 3 ? 'standby' : 'shutdown'),
    depth: (c) => (lowest(c) === 2 ? 2 : 1),
    pins: pads
      .flatMap((pad, i) => (layout.hasField(`CR3.EWUP${i + 1}`) ? [{ pad, i }] : []))
      .map(({ pad, i }) => ({
        pad,
        enable: layout.field(`CR3.EWUP${i + 1}`),
        flag: layout.field(`SR1.WUF${i + 1}`),
        falling: layout.field(`CR4.WP${i + 1}`),
      })),
    rtcWakes: (c) => eiwul.get(c) === 1,
    pending: (c) => (c.get(sr1) & WAKE_UP_FLAGS) !== 0 || (eiwul.get(c) === 1 && sleep.rtcPending(c)),
    entered: (c, mode) => {
      if (mode === 'standby') sbf.set(c, 1);
    },
    keeps: (c, mode) => (mode === 'standby' && rrs.get(c) ? ['sram2', 'sram'] : []),
    outside,
  });
  const follow = (c: Ctx): void => {
    c.env.setWire(VOS, c.s.range);
    c.env.setWire(DBP, dbp ? dbp.get(c) : 1);
    supplies(c);
  };

  return {
    timers: ['vos', 'regulator', WAKE_UP_TIMER],
    wires: [SUPPLIES, ...sleep.wires],
    about: {
      source: 'HAL-L4 pwr_ex, AN2606 Tables 168 and 172; PVD thresholds assumed',
      confidence: 'documented',
      lacks: ['pulls in Standby', 'charging of VBAT', 'current consumption'],
    },
    modelled: ['CR1', 'CR2', 'CR3', 'CR4', 'SR1', 'SR2', 'SCR', 'EXTSCR'].filter((name) => layout.has(name)),
    create: () => ({ range: 1, ...freshSleep() }),
    // SBF and the wake-up flags survive all but power-on and their clear bits.
    keeps: (r, kind) => kind !== 'power' && (r === sr1 || r === extscr),
    onReset(c, kind) {
      sleep.onReset(c, kind);
      c.s.range = 1;
      for (const timer of ['vos', 'regulator']) c.env.disarm(timer);
      // The low-power regulator is ready when the main one has been.
      reglps.set(c, 1);
      follow(c);
      supplies(c);
    },
    onWire(c, wire, value) {
      if (!sleep.onWire(c, wire, value)) supplies(c);
    },
    onTimer(c, timer) {
      if (timer === WAKE_UP_TIMER) return sleep.onTimer(c);
      if (timer === 'regulator') {
        reglpf.set(c, lpr.get(c));
        return supplies(c);
      }
      c.s.range = vos.get(c);
      vosf.set(c, 0);
      follow(c);
    },
    live: ['SR1'],
    read: (c, r, value) => (r === sr1 && eiwul.get(c) && sleep.rtcPending(c) ? (value | wufi.mask) >>> 0 : value),
    write(c, r, merged, raw) {
      if (r === scr) {
        c.put(sr1, c.get(sr1) & ~raw);
        return 0;
      }
      if (extscr && r === extscr) return c.get(r) & ~(layout.field('EXTSCR.C1CSSF').of(raw) ? EXTSCR_C1_FLAGS : 0);
      if (r === vos.register && vos.width > 0 && (vos.of(merged) === 0 || vos.of(merged) === 3)) {
        c.env.note('guest', `PWR_CR1.VOS = ${vos.of(merged)} is forbidden: not changed`);
        return (merged & ~vos.mask) | (c.get(r) & vos.mask);
      }
      return undefined;
    },
    // eslint-disable-next-line complexity -- one case for each register that starts something
    wrote(c, r, value, old) {
      if (value === old) return;
      if (c2boot?.of(value) && !c2boot.of(old)) c.env.note('gap', 'PWR_CR4.C2BOOT set: CPU2 is not modelled and does not start');
      if (r === eiwul.register) return sleep.enabled(c, value, old);
      if (r === pvde.register) return supplies(c);
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
