/**
 * PWR of STM32H7: Stop and Standby of the whole system with their wake-up pins, supply configuration, voltage scaling, USB supply detector, backup-domain write access, backup regulator.
 *
 * Facts: registers ST SVD; CR3's supply bits can be written once after power-on, VOS stays at VOS3 and ACTVOSRDY low until then: RM0399 7.4.1–7.4.2
 * (documented); a 32-bit write of CR3 locks it: AN2606 Table 135 on the ROM before 0x91 (documented), that any write does is inferred;
 * delays are parameters of the chip row. A supply that the board is not wired for: the core loses its feed and the chip is locked up until BOOT0 starts the ROM at a power-on
 * (Zephyr's page of nucleo_h745zi_q; reported), of which ACTVOSRDY that never rises is played. Without USB33DEN the transceiver stays dead although VDD33USB is fed: STM32CubeH7 issue 147, mynewt-core
 * pull request 3155 (reported; by its name it only switches the detector).
 * Wires driven: `vos` = code of the range in force (0 = VOS3 … 3 = VOS0), `dbp`, `usb.supply`. Wires read: `supplies`, `vos0` (SYSCFG overdrive).
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { freshSleep, Sleep, WAKE_UP_TIMER, type SleepState } from './pwr-sleep.ts';
import { DBP, SUPPLIES, USB_SUPPLY, VOS, VOS0 } from '../wires.ts';

export interface PwrH7State extends SleepState {
  /** CR3's supply bits have been written since power-on. */
  configured: number;
  /** The supply that was chosen is one that the board is not wired for. */
  unfed: number;
}
type Ctx = RegisterContext<PwrH7State>;

/** Wake-up pads WKUP1 to WKUP6 (DS12923 pinout, recalled: reported). */
const PADS = ['PA0', 'PA2', 'PI8', 'PC13', 'PI11', 'PC1'];
const WAKE_UP_FLAGS = 0x3f;
/** VOS codes: 1 = VOS3, 2 = VOS2, 3 = VOS1. */
const VOS3 = 1;

export interface PwrH7Options {
  /** 1 where CPU2CR is nobody's. */
  readonly cores?: number;
}

export const pwrH7: ModelFactory<PwrH7Options> = (layout, options): RegisterModel<PwrH7State> => {
  const f = (path: string) => layout.field(path);
  const vos = f('D3CR.VOS');
  const vosrdy = f('D3CR.VOSRDY');
  const actvos = f('CSR1.ACTVOS');
  const actvosrdy = f('CSR1.ACTVOSRDY');
  const dbp = f('CR1.DBP');
  const bren = f('CR2.BREN');
  const brrdy = f('CR2.BRRDY');
  const usb33den = f('CR3.USB33DEN');
  const usbregen = f('CR3.USBREGEN');
  const usb33rdy = f('CR3.USB33RDY');
  const cr3 = layout.reg('CR3');
  const ldoen = f('CR3.LDOEN');
  const ofCr3 = (name: string) => (layout.hasField(`CR3.${name}`) ? f(`CR3.${name}`) : undefined);
  const [smpsen, smpsexthp, smpsextrdy] = ['SMPSEN', 'SMPSEXTHP', 'SMPSEXTRDY'].map(ofCr3);
  /** Of a part with the LDO alone: 1 until the supply is configured. */
  const scuen = ofCr3('SCUEN');
  const supplyBits = ['BYPASS', 'LDOEN', 'SMPSEN', 'SMPSEXTHP', 'SMPSLEVEL'].reduce((mask, name) => mask | (ofCr3(name)?.mask ?? 0), 0);
  const cpucr = ['CPUCR', 'CPU2CR']
    .filter((n) => layout.has(n))
    .slice(0, options.cores)
    .map((n) => layout.reg(n));

  const wkupfr = layout.reg('WKUPFR');
  const wkupcr = layout.reg('WKUPCR');
  const wkupepr = layout.reg('WKUPEPR');
  const cpuField = (name: string) => cpucr.map((r) => f(`${r.name}.${name}`));
  const powerDown = ['PDDS_D1', 'PDDS_D2', 'PDDS_D3'].flatMap(cpuField);
  const stopf = cpuField('STOPF');
  const sbf = ['SBF', 'SBF_D1', 'SBF_D2'].flatMap(cpuField);
  const cssf = cpuField('CSSF');
  const sleep: Sleep = new Sleep({
    cores: cpucr.length,
    // Standby needs every domain's PDDS bits, of both cores (RM0399 7.7.9).
    mode: (c) => (powerDown.every((x) => x.get(c) === 1) ? 'standby' : 'stop'),
    pins: PADS.map((pad, i) => ({
      pad,
      enable: f(`WKUPEPR.WKUPEN${i + 1}`),
      flag: f(`WKUPFR.WKUPF${i + 1}`),
      falling: f(`WKUPEPR.WKUPP${i + 1}`),
    })),
    rtcWakes: () => true,
    pending: (c) => (c.get(wkupfr) & WAKE_UP_FLAGS) !== 0 || sleep.rtcPending(c),
    entered: (c, mode) => {
      for (const x of mode === 'stop' ? stopf : sbf) x.set(c, 1);
    },
    keeps: (c) => (bren.get(c) ? ['bkpsram'] : []),
    outside: [wkupfr, wkupepr, ...cpucr].map((r) => r.index),
  });

  const volts = (c: Ctx, supply: string): number => c.env.parameter(`${supply}.volts`) ?? 0;
  const usbPowered = (c: Ctx): boolean =>
    volts(c, 'vddusb') >= (c.env.parameter('usb33.threshold.volts') ?? 0) || (usbregen.get(c) === 1 && volts(c, 'vdd50usb') >= 4);
  const supplies = (c: Ctx): void => {
    c.env.setWire(USB_SUPPLY, usb33den.get(c) && usbPowered(c) ? 1 : 0);
    if (usb33den.get(c) && usbPowered(c)) {
      if (!usb33rdy.get(c) && c.env.due('usb33') === Infinity) c.env.arm('usb33', c.env.now() + (c.env.parameter('usb33.ready.ps') ?? 0));
    } else {
      c.env.disarm('usb33');
      usb33rdy.set(c, 0);
    }
  };
  /** Both regulators are on out of power-on, so that the chip starts on any board; what software chooses has to be what the board is wired for. */
  const configure = (c: Ctx): void => {
    c.s.configured = 1;
    const wired = c.env.parameter('core.smps');
    if (wired === undefined || (wired ? smpsen : ldoen)?.get(c) === 1) return;
    c.s.unfed = 1;
    const [bit, board] = wired ? ['SMPSEN', 'SMPS'] : ['LDOEN', 'LDO'];
    c.env.note(
      'guest',
      `the board feeds the core from the ${board}, but PWR_CR3 has ${bit} = 0: ACTVOSRDY never rises; a real chip may stop, and then start again only with BOOT0 high`,
      { is: 'never-ready', flag: 'ACTVOSRDY', otherBoard: false },
    );
  };
  /** The regulator goes to what VOS asks for, or stays at VOS3 until the supply is configured. */
  const scale = (c: Ctx): void => {
    if (!c.s.configured) return;
    vosrdy.set(c, 0);
    actvosrdy.set(c, 0);
    if (c.s.unfed) return;
    c.env.arm('vos', c.env.now() + (c.env.parameter('vos.ready.ps') ?? 0));
  };
  const showRange = (c: Ctx): void => c.env.setWire(VOS, c.env.wire(VOS0) && actvos.get(c) === 3 ? 3 : actvos.get(c) - 1);

  return {
    timers: ['vos', 'usb33', 'regulator', WAKE_UP_TIMER],
    wires: [SUPPLIES, VOS0, ...sleep.wires],
    about: {
      source: 'RM0399 7.4, AN2606 Table 135',
      confidence: 'documented',
      lacks: ['stop of one domain alone, voltage scaling in Stop', 'PVD and AVD', 'monitoring of temperature and VBAT'],
    },
    modelled: ['CR1', 'CSR1', 'CR2', 'CR3', 'D3CR', 'WKUPCR', 'WKUPFR', 'WKUPEPR', ...cpucr.map((r) => r.name)],
    writable: {
      CR2:
        layout.reg('CR2').writable & ~(brrdy.mask | f('CR2.VBATL').mask | f('CR2.VBATH').mask | f('CR2.TEMPL').mask | f('CR2.TEMPH').mask),
      // The SVD lets software write USB33RDY's neighbours only in part: USB33DEN is missing.
      CR3: (layout.reg('CR3').writable | usb33den.mask | usbregen.mask) & ~(usb33rdy.mask | (scuen?.mask ?? 0)),
    },
    create: () => ({ configured: 0, unfed: 0, ...freshSleep() }),
    // CR3 is reset by power-on only; BREN lies in the backup domain. Standby flags stay until CSSF (documented), PDDS with them (ASSUMED).
    keeps: (r, kind) => kind !== 'power' && (r === cr3 || r === bren.register || cpucr.includes(r)),
    onReset(c, kind) {
      sleep.onReset(c, kind);
      if (kind === 'power') c.s.configured = c.s.unfed = 0;
      c.env.disarm('vos');
      actvos.set(c, VOS3);
      const ready = c.s.configured && !c.s.unfed ? 1 : 0;
      vosrdy.set(c, ready);
      actvosrdy.set(c, ready);
      brrdy.set(c, bren.get(c));
      c.env.setWire(DBP, 0);
      showRange(c);
      supplies(c);
    },
    onWire(c, wire, value) {
      if (sleep.onWire(c, wire, value)) return;
      if (wire === VOS0) {
        // VOS0 is VOS1 with the overdrive of SYSCFG_PWRCR; VOSRDY shows when it is there.
        if (actvos.get(c) === 3) scale(c);
        return showRange(c);
      }
      supplies(c);
    },
    onTimer(c, timer) {
      if (timer === WAKE_UP_TIMER) return sleep.onTimer(c);
      if (timer === 'usb33') return usb33rdy.set(c, 1);
      if (timer === 'regulator') return brrdy.set(c, bren.get(c));
      actvos.set(c, vos.get(c));
      actvosrdy.set(c, 1);
      vosrdy.set(c, 1);
      showRange(c);
    },
    // eslint-disable-next-line complexity -- one case for each register that is not plain storage
    write(c, r, merged, raw) {
      if (r === wkupcr) {
        c.put(wkupfr, c.get(wkupfr) & ~raw);
        return 0;
      }
      if (r === wkupfr) return c.get(r);
      const own = cpucr.indexOf(r);
      if (own >= 0 && cssf[own]!.of(raw)) {
        for (const x of [...stopf, ...sbf]) if (x.register === r) x.set(c, 0);
        return (c.get(r) & ~r.writable) | (merged & r.writable & ~cssf[own]!.mask);
      }
      if (r === cr3 && c.s.configured && ((merged ^ c.get(r)) & supplyBits) !== 0) {
        c.env.note('guest', 'PWR_CR3: the supply configuration has been written before; it stays until power is off');
        return ((merged & ~supplyBits) | (c.get(r) & supplyBits)) >>> 0;
      }
      if (r === vos.register && !c.s.configured && vos.of(merged) !== VOS3) {
        c.env.note('guest', 'PWR_D3CR.VOS written before PWR_CR3 has got a supply configuration: the range stays VOS3');
      }
      if (r === bren.register && !dbp.get(c)) {
        if (merged !== c.get(r))
          c.env.note('guest', 'PWR_CR2 written while the backup domain is protected (PWR DBP = 0)', {
            is: 'backup-locked',
            register: r.name,
          });
        return c.get(r);
      }
      return undefined;
    },
    wrote(c, r, value, old) {
      if (r === cr3) {
        const first = !c.s.configured;
        if (first) {
          configure(c);
          scale(c);
          // The board's feeding from the SMPS is there at once (ASSUMED).
          smpsextrdy?.set(c, smpsen!.get(c) & smpsexthp!.get(c));
          scuen?.set(c, 0);
        }
        return supplies(c);
      }
      if (value === old) return;
      if (r === wkupepr) sleep.enabled(c, value, old);
      if (r === vos.register) scale(c);
      else if (r === dbp.register) c.env.setWire(DBP, dbp.of(value));
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
