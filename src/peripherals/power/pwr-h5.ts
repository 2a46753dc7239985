/**
 * PWR of STM32H5: Stop and Standby with their wake-up pins, voltage scaling, USB supply, VDDIO2 detector, backup-domain write access, backup regulator.
 *
 * Facts: registers ST SVD; USB33SV/USB33DEN and the 1.2 V threshold HAL-H5 hal_pwr.h (documented); delays are parameters of the chip row.
 * Wires driven: `vos` = code of the voltage range in force (3 = VOS0 … 0 = VOS3), `dbp`, `usb.supply` = USB33SV and a voltage on VDDUSB.
 * Wire read: `supplies`: the board drives another value whenever it changed a voltage parameter.
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { freshSleep, Sleep, WAKE_UP_TIMER, type SleepState } from './pwr-sleep.ts';
import { DBP, SUPPLIES, USB_SUPPLY, VOS } from '../wires.ts';

type Ctx = RegisterContext<SleepState>;
/** Wake-up pads by number, where known (DS14258 pinout, recalled: reported). */
const PADS: Readonly<Record<number, string>> = { 1: 'PA0', 2: 'PA2', 4: 'PC13', 6: 'PC1' };
const WAKE_UP_FLAGS = 0xff;

export const pwrH5: ModelFactory = (layout): RegisterModel<SleepState> => {
  const vos = layout.field('VOSCR.VOS');
  const vosrdy = layout.field('VOSSR.VOSRDY');
  const actvosrdy = layout.field('VOSSR.ACTVOSRDY');
  const actvos = layout.field('VOSSR.ACTVOS');
  // H503 has neither VDDUSB nor its detector: the transceiver hangs on VDD.
  const usb33 = layout.has('USBSCR')
    ? { detector: layout.field('USBSCR.USB33DEN'), valid: layout.field('USBSCR.USB33SV'), ready: layout.field('VMSR.USB33RDY') }
    : null;
  const vddio2rdy = layout.field('VMSR.VDDIO2RDY');
  const dbp = layout.field('DBPCR.DBP');
  const bren = layout.field('BDCR.BREN');
  const brrdy = layout.field('BDSR.BRRDY');
  const cssf = layout.field('PMCR.CSSF');
  const pmsr = layout.reg('PMSR');

  const lpms = layout.field('PMCR.LPMS');
  const stopf = layout.field('PMSR.STOPF');
  const sbf = layout.field('PMSR.SBF');
  const wusr = layout.reg('WUSR');
  const wuscr = layout.reg('WUSCR');
  const wucr = layout.reg('WUCR');
  const sleep: Sleep = new Sleep({
    cores: 1,
    mode: (c) => (lpms.get(c) ? 'standby' : 'stop'),
    pins: Object.entries(PADS)
      .filter(([n]) => layout.hasField(`WUCR.WUPEN${n}`))
      .map(([n, pad]) => ({
        pad,
        enable: layout.field(`WUCR.WUPEN${n}`),
        flag: layout.field(`WUSR.WUF${n}`),
        falling: layout.field(`WUCR.WUPP${n}`),
      })),
    rtcWakes: () => true,
    pending: (c) => (c.get(wusr) & WAKE_UP_FLAGS) !== 0 || sleep.rtcPending(c),
    entered: (c, mode) => (mode === 'stop' ? stopf : sbf).set(c, 1),
    keeps: (c) => (bren.get(c) ? ['bkpsram'] : []),
    outside: [pmsr, wusr, wucr].map((r) => r.index),
  });

  const present = (c: Ctx, supply: string): boolean =>
    (c.env.parameter(`${supply}.volts`) ?? 0) >= (c.env.parameter('usb33.threshold.volts') ?? 0);
  const supplies = (c: Ctx): void => {
    vddio2rdy.set(c, present(c, 'vddio2') ? 1 : 0);
    c.env.setWire(USB_SUPPLY, (usb33?.valid.get(c) ?? 1) && present(c, 'vddusb') ? 1 : 0);
    if (usb33?.detector.get(c) && present(c, 'vddusb')) {
      if (!usb33.ready.get(c) && c.env.due('usb33') === Infinity)
        c.env.arm('usb33', c.env.now() + (c.env.parameter('usb33.ready.ps') ?? 0));
    } else {
      c.env.disarm('usb33');
      usb33?.ready.set(c, 0);
    }
  };

  return {
    timers: ['vos', 'usb33', 'regulator', WAKE_UP_TIMER],
    wires: [SUPPLIES, ...sleep.wires],
    about: {
      source: 'HAL-H5 hal_pwr.h, field texts of the SVD',
      confidence: 'documented',
      lacks: ['PVD and AVD', 'wake-up pins other than 1, 2, 4 and 6', 'I/O retention', 'voltage scaling in Stop', 'security'],
    },
    modelled: ['PMCR', 'PMSR', 'WUCR', 'WUSR', 'WUSCR', 'VOSCR', 'VOSSR', 'BDCR', 'DBPCR', 'BDSR', ...(usb33 ? ['USBSCR'] : []), 'VMSR'],
    create: freshSleep,
    // BDCR belongs to the backup domain (ASSUMED as on H7: a reset of the pin leaves it).
    keeps: (r, kind) => kind !== 'power' && (r === bren.register || r === pmsr),
    onReset(c, kind) {
      sleep.onReset(c, kind);
      for (const timer of ['vos', 'usb33']) c.env.disarm(timer);
      brrdy.set(c, bren.get(c));
      c.env.setWire(VOS, actvos.get(c));
      c.env.setWire(DBP, 0);
      supplies(c);
    },
    onWire(c, wire, value) {
      if (!sleep.onWire(c, wire, value)) supplies(c);
    },
    onTimer(c, timer) {
      if (timer === WAKE_UP_TIMER) return sleep.onTimer(c);
      if (timer === 'usb33') return usb33?.ready.set(c, 1);
      if (timer === 'regulator') return brrdy.set(c, bren.get(c));
      actvos.set(c, vos.get(c));
      actvosrdy.set(c, 1);
      vosrdy.set(c, 1);
      c.env.setWire(VOS, vos.get(c));
    },
    write(c, r, merged, raw) {
      if (r === wuscr) {
        c.put(wusr, c.get(wusr) & ~raw);
        return 0;
      }
      if (r === cssf.register) {
        if (cssf.of(merged)) c.put(pmsr, 0);
        return merged & ~cssf.mask;
      }
      if (r === bren.register && !dbp.get(c)) {
        c.env.note('guest', 'PWR_BDCR written while the backup domain is protected (PWR DBP = 0)', {
          is: 'backup-locked',
          register: r.name,
        });
        return c.get(r);
      }
      return undefined;
    },
    wrote(c, r, value, old) {
      if (value === old) return;
      if (r === wucr) return sleep.enabled(c, value, old);
      if (r === vos.register) {
        vosrdy.set(c, 0);
        actvosrdy.set(c, 0);
        c.env.arm('vos', c.env.now() + (c.env.parameter('vos.ready.ps') ?? 0));
      } else if (r === dbp.register) c.env.setWire(DBP, dbp.of(value));
      else if (r === usb33?.detector.register) supplies(c);
      else if (r === bren.register && bren.of(value) !== bren.of(old)) {
        if (bren.of(value)) c.env.arm('regulator', c.env.now() + (c.env.parameter('backup.regulator.ps') ?? 0));
        else {
          c.env.disarm('regulator');
          brrdy.set(c, 0);
        }
      }
    },
  };
};
