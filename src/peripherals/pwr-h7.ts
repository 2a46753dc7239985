/**
 * PWR of STM32H7: supply configuration, voltage scaling, USB supply detector, backup-domain write access, backup regulator.
 *
 * Facts: registers ST SVD; CR3's supply bits can be written once after power-on, VOS stays at VOS3 and ACTVOSRDY low until then: RM0399 7.4.1–7.4.2
 * (documented); a 32-bit write of CR3 locks it: AN2606 Table 135 on the ROM before 0x91 (documented), that any write does is inferred;
 * delays are parameters of the chip row. USB33DEN only switches the detector, the transceiver is fed by VDD33USB or by the internal regulator (RM0399 7.4.6, recalled).
 * Wires driven: `vos` = code of the range in force (0 = VOS3 … 3 = VOS0), `dbp`, `usb.supply`. Wires read: `supplies`, `vos0` (SYSCFG overdrive).
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../emu/registers.ts';

export interface PwrH7State {
  /** CR3's supply bits have been written since power-on. */
  configured: number;
}
type Ctx = RegisterContext<PwrH7State>;

/** VOS codes: 1 = VOS3, 2 = VOS2, 3 = VOS1. */
const VOS3 = 1;

export const pwrH7: ModelFactory = (layout): RegisterModel<PwrH7State> => {
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
  const supplyBits = f('CR3.BYPASS').mask | f('CR3.LDOEN').mask | f('CR3.SMPSEN').mask;
  const cpucr = ['CPUCR', 'CPU2CR'].filter((n) => layout.has(n)).map((n) => layout.reg(n));

  const volts = (c: Ctx, supply: string): number => c.env.parameter(`${supply}.volts`) ?? 0;
  const usbPowered = (c: Ctx): boolean =>
    volts(c, 'vddusb') >= (c.env.parameter('usb33.threshold.volts') ?? 0) || (usbregen.get(c) === 1 && volts(c, 'vdd50usb') >= 4);
  const supplies = (c: Ctx): void => {
    c.env.setWire('usb.supply', usb33den.get(c) && usbPowered(c) ? 1 : 0);
    if (usb33den.get(c) && usbPowered(c)) {
      if (!usb33rdy.get(c) && c.env.due('usb33') === Infinity) c.env.arm('usb33', c.env.now() + (c.env.parameter('usb33.ready.ps') ?? 0));
    } else {
      c.env.disarm('usb33');
      usb33rdy.set(c, 0);
    }
  };
  /** The regulator goes to what VOS asks for, or stays at VOS3 until the supply is configured. */
  const scale = (c: Ctx): void => {
    if (!c.s.configured) return;
    vosrdy.set(c, 0);
    actvosrdy.set(c, 0);
    c.env.arm('vos', c.env.now() + (c.env.parameter('vos.ready.ps') ?? 0));
  };
  const showRange = (c: Ctx): void => c.env.setWire('vos', c.env.wire('vos0') && actvos.get(c) === 3 ? 3 : actvos.get(c) - 1);

  return {
    timers: ['vos', 'usb33', 'regulator'],
    wires: ['supplies', 'vos0'],
    about: {
      source: 'RM0399 7.4, AN2606 Table 135',
      confidence: 'documented',
      lacks: [
        "low-power modes (both cores' control registers are stored)",
        'PVD and AVD',
        'monitoring of temperature and VBAT',
        'wake-up pins',
      ],
    },
    modelled: ['CR1', 'CSR1', 'CR2', 'CR3', 'D3CR', ...cpucr.map((r) => r.name)],
    writable: {
      CR2:
        layout.reg('CR2').writable & ~(brrdy.mask | f('CR2.VBATL').mask | f('CR2.VBATH').mask | f('CR2.TEMPL').mask | f('CR2.TEMPH').mask),
      // The SVD lets software write USB33RDY's neighbours only in part: USB33DEN is missing.
      CR3: (layout.reg('CR3').writable | usb33den.mask | usbregen.mask) & ~usb33rdy.mask,
    },
    create: () => ({ configured: 0 }),
    // CR3 is reset by power-on only; BREN lies in the backup domain.
    keeps: (r, kind) => kind !== 'power' && (r === cr3 || r === bren.register),
    onReset(c, kind) {
      if (kind === 'power') c.s.configured = 0;
      c.env.disarm('vos');
      actvos.set(c, VOS3);
      vosrdy.set(c, c.s.configured);
      actvosrdy.set(c, c.s.configured);
      brrdy.set(c, bren.get(c));
      c.env.setWire('dbp', 0);
      showRange(c);
      supplies(c);
    },
    onWire(c, wire) {
      if (wire === 'vos0') {
        // VOS0 is VOS1 with the overdrive of SYSCFG_PWRCR; VOSRDY shows when it is there.
        if (actvos.get(c) === 3) scale(c);
        return showRange(c);
      }
      supplies(c);
    },
    onTimer(c, timer) {
      if (timer === 'usb33') return usb33rdy.set(c, 1);
      if (timer === 'regulator') return brrdy.set(c, bren.get(c));
      actvos.set(c, vos.get(c));
      actvosrdy.set(c, 1);
      vosrdy.set(c, 1);
      showRange(c);
    },
    write(c, r, merged) {
      if (r === cr3 && c.s.configured && ((merged ^ c.get(r)) & supplyBits) !== 0) {
        c.env.note('guest', 'PWR_CR3: the supply configuration has been written before; it stays until power is off');
        return ((merged & ~supplyBits) | (c.get(r) & supplyBits)) >>> 0;
      }
      if (r === vos.register && !c.s.configured && vos.of(merged) !== VOS3) {
        c.env.note('guest', 'PWR_D3CR.VOS written before PWR_CR3 has got a supply configuration: the range stays VOS3');
      }
      if (r === bren.register && !dbp.get(c)) {
        if (merged !== c.get(r)) c.env.note('guest', 'PWR_CR2 written while the backup domain is protected (PWR DBP = 0)');
        return c.get(r);
      }
      return undefined;
    },
    wrote(c, r, value, old) {
      if (r === cr3) {
        const first = !c.s.configured;
        c.s.configured = 1;
        if (first) scale(c);
        return supplies(c);
      }
      if (value === old) return;
      if (r === vos.register) scale(c);
      else if (r === dbp.register) c.env.setWire('dbp', dbp.of(value));
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
