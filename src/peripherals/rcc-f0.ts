/**
 * RCC of STM32F0: HSI8, HSI14, HSI48, HSE, LSI, LSE, PLL, SYSCLK switch, prescalers, USART and USB clock muxes, ready interrupts, CSS, backup-domain
 * control, reset flags.
 * Not modelled: the ENR/RSTR bits' effects (System reads them), MCO, trimming, ADC clock.
 *
 * Facts: registers ST SVD; clock tree, flag rules, HSI48 switched on by the hardware for USB and SYSCLK: RM0091 6.2 and 6.4 (documented); delays are parameters of
 * the chip row. Wires read: `reset.cause`, `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board). Driven: `nmi`, `hse.on`.
 */
import type { ResetCause, ResetKind } from '../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';
import { scaleRate, type Rate } from '../emu/time.ts';
import { RccBase, resetFlagNames, type BackupFields, type OscillatorFields } from './rcc-common.ts';

type Ctx = RegisterContext<object>;

const SW_NAMES = ['hsi', 'hse', 'pll', 'hsi48'] as const;
/** By PLLSRC: the clock, and whether PREDIV divides it (else it is halved). */
const PLL_SOURCES = [
  ['hsi', false],
  ['hsi', true],
  ['hse', true],
  ['hsi48', true],
] as const;
/** By the USARTxSW fields; the first is the block's bus clock. */
const USART_SOURCES = ['pclk1', 'sysclk', 'lse', 'hsi'] as const;
/** Ready flag positions in CIR; enable bits lie 8 higher, clear bits 16 higher. */
const READY_BITS: Readonly<Record<string, number>> = { lsi: 0, lse: 1, hsi: 2, hse: 3, pll: 4, hsi14: 5, hsi48: 6 };
const READY_FLAGS = 0x7f;
const CSSF = 1 << 7;

/** PLL multiplier: 2…16. */
export const pllMultiplier = (v: number): number => Math.min(v + 2, 16);

class RccF0 extends RccBase {
  protected readonly oscillators: Readonly<Record<string, OscillatorFields>>;
  protected readonly backup: BackupFields;
  protected readonly sw: Field;
  protected readonly sws: Field;
  protected readonly swNames = SW_NAMES;
  protected readonly flags;
  private readonly cr: Register;
  private readonly cr2: Register;
  private readonly cfgr: Register;
  private readonly cfgr2: Register;
  private readonly cir: Register;
  private readonly csr: Register;
  private readonly pllon: Field;
  private readonly pllrdy: Field;
  private readonly pllsrc: Field;
  private readonly pllmul: Field;
  private readonly pllxtpre: Field;
  private readonly prediv: Field;
  private readonly hpre: Field;
  private readonly ppre: Field;
  private readonly usbsw: Field;
  private readonly usben: Field;
  private readonly csson: Field;
  private readonly usarts: readonly { clock: string; field: Field }[];
  readonly timers: readonly string[];

  constructor(layout: Layout) {
    super(layout);
    const f = this.f;
    this.cr = layout.reg('CR');
    this.cr2 = layout.reg('CR2');
    this.cfgr = layout.reg('CFGR');
    this.cfgr2 = layout.reg('CFGR2');
    this.cir = layout.reg('CIR');
    this.csr = layout.reg('CSR');
    this.oscillators = {
      lse: { on: f('BDCR.LSEON'), rdy: f('BDCR.LSERDY'), bypass: f('BDCR.LSEBYP') },
      lsi: { on: f('CSR.LSION'), rdy: f('CSR.LSIRDY') },
      hsi: { on: f('CR.HSION'), rdy: f('CR.HSIRDY') },
      hsi14: { on: f('CR2.HSI14ON'), rdy: f('CR2.HSI14RDY') },
      hsi48: { on: f('CR2.HSI48ON'), rdy: f('CR2.HSI48RDY') },
      hse: { on: f('CR.HSEON'), rdy: f('CR.HSERDY'), bypass: f('CR.HSEBYP') },
    };
    this.backup = {
      bdcr: layout.reg('BDCR'),
      rtcsel: f('BDCR.RTCSEL'),
      rtcen: f('BDCR.RTCEN'),
      bdrst: f('BDCR.BDRST'),
      lseFrozen: f('BDCR.LSEBYP').mask,
      setOnly: 0,
      lsecssd: null,
    };
    this.sw = f('CFGR.SW');
    this.sws = f('CFGR.SWS');
    this.flags = { register: this.csr, rmvf: f('CSR.RMVF') };
    this.pllon = f('CR.PLLON');
    this.pllrdy = f('CR.PLLRDY');
    this.pllsrc = f('CFGR.PLLSRC');
    this.pllmul = f('CFGR.PLLMUL');
    this.pllxtpre = f('CFGR.PLLXTPRE');
    this.prediv = f('CFGR2.PREDIV');
    this.hpre = f('CFGR.HPRE');
    this.ppre = f('CFGR.PPRE');
    this.usbsw = f('CFGR3.USBSW');
    this.usben = f('APB1ENR.USBEN');
    this.csson = f('CR.CSSON');
    this.usarts = [1, 2]
      .filter((n) => layout.hasField(`CFGR3.USART${n}SW`))
      .map((n) => ({ clock: `usart${n}`, field: f(`CFGR3.USART${n}SW`) }));
    this.timers = [...Object.keys(this.oscillators), 'pll', ...this.baseTimers()];
  }

  private pllSource(c: Ctx): { name: string; divider: number } {
    const [name, predivided] = PLL_SOURCES[this.pllsrc.get(c)]!;
    return { name, divider: predivided ? this.prediv.get(c) + 1 : 2 };
  }
  protected followPlls(c: Ctx): void {
    if (this.pllon.get(c) && this.isReady(c, this.pllSource(c).name)) {
      if (!this.pllrdy.get(c) && c.env.due('pll') === Infinity) c.env.arm('pll', c.env.now() + this.parameter(c, 'pll.lock.ps'));
    } else {
      c.env.disarm('pll');
      if (this.pllrdy.get(c)) this.pllrdy.set(c, 0);
    }
  }
  /** What the hardware switches on by itself: HSI48 for USB, and the oscillators that SYSCLK asks for. */
  protected override followAll(c: Ctx): void {
    const on = this.oscillators['hsi48']!.on;
    if (!on.get(c) && this.hsi48InUse(c)) on.set(c, 1);
    super.followAll(c);
  }
  private hsi48InUse(c: Ctx): boolean {
    return (this.usben.get(c) === 1 && this.usbsw.get(c) === 0) || this.usesForSysclk(c, 'hsi48');
  }

  protected rates(c: Ctx): Record<string, Rate | null> {
    const rates: Record<string, Rate | null> = {};
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    const source = this.pllSource(c);
    const input = this.pllrdy.get(c) ? rates[source.name]! : null;
    rates['pll'] = input && scaleRate(input, pllMultiplier(this.pllmul.get(c)), source.divider);
    this.addBuses(c, rates, this.hpre, [this.ppre]);
    rates['rtc'] = this.rtcRate(c, rates);
    rates['usb'] = (this.usbsw.get(c) ? rates['pll'] : rates['hsi48']) ?? null;
    for (const u of this.usarts) rates[u.clock] = rates[USART_SOURCES[u.field.get(c)]!] ?? null;
    return rates;
  }

  protected pllUses(c: Ctx, name: string): boolean {
    return name === 'pll' || this.pllSource(c).name === name;
  }
  protected resetFlags(cause: ResetCause): readonly string[] {
    return resetFlagNames(cause, 'PORRSTF');
  }
  protected override setReady(c: Ctx, name: string): void {
    if (name === 'pll') this.pllrdy.set(c, 1);
    else super.setReady(c, name);
  }
  protected flagReady(c: Ctx, name: string): void {
    const bit = 1 << READY_BITS[name]!;
    if (c.get(this.cir) & (bit << 8)) c.put(this.cir, c.get(this.cir) | bit);
    this.interrupt(c);
  }
  protected interrupt(c: Ctx): void {
    const cir = c.get(this.cir);
    c.env.irq(0, (cir & (cir >>> 8) & READY_FLAGS) !== 0);
    c.env.setWire('nmi', cir & CSSF ? 1 : 0);
  }
  onWire(c: Ctx, wire: string, value: number): void {
    if (wire === 'hse.fail' && value && this.isReady(c, 'hse')) this.hseFailed(c);
    else if (wire === 'lse.fail' && value && this.isReady(c, 'lse')) this.oscillators['lse']!.rdy.set(c, 0);
    if (wire.endsWith('.fail')) c.env.disarm(wire.slice(0, 3));
    this.followAll(c);
  }
  /** Clock security: HSE off, SYSCLK to HSI, NMI (RM0091 6.2.8). */
  private hseFailed(c: Ctx): void {
    this.oscillators['hse']!.rdy.set(c, 0);
    if (!this.csson.get(c)) return;
    const onHse = this.usesForSysclk(c, 'hse');
    const throughPll = this.pllSource(c).name === 'hse';
    this.oscillators['hse']!.on.set(c, 0);
    if (onHse) {
      this.oscillators['hsi']!.on.set(c, 1);
      this.sw.set(c, 0);
      if (throughPll) this.pllon.set(c, 0);
    }
    c.put(this.cir, c.get(this.cir) | CSSF);
    this.interrupt(c);
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const old = c.get(r);
    if (r === this.cr) return this.writeCr(c, merged);
    if (r === this.cr2) {
      const value = this.keepSysclkSource(c, r, old, merged, {});
      // Needed by USB: the hardware keeps it on.
      return this.hsi48InUse(c) ? value | this.oscillators['hsi48']!.on.mask : value;
    }
    if (r === this.backup.bdcr) return this.writeBdcr(c, merged);
    if (r === this.cir) return (merged & 0xff00) | (old & 0xff & ~(raw >>> 16));
    if (r === this.csr) return raw & this.flags.rmvf.mask ? merged & ~(this.flagMask() | this.flags.rmvf.mask) : merged;
    if (r === this.cfgr || r === this.cfgr2) return this.writeCfgr(c, r, merged);
  }
  private writeCr(c: Ctx, merged: number): number {
    const old = c.get(this.cr);
    let value = this.keepSysclkSource(c, this.cr, old, merged, { pll: this.pllon });
    const hsebyp = this.f('CR.HSEBYP').mask;
    if (this.oscillators['hse']!.on.of(old)) value = (value & ~hsebyp) | (old & hsebyp);
    return value >>> 0;
  }
  /** The PLL's source and factors are frozen while it is on. PREDIV's lowest bit appears in both registers. */
  private writeCfgr(c: Ctx, r: Register, merged: number): number {
    const old = c.get(r);
    const pll = r === this.cfgr ? this.pllsrc.mask | this.pllmul.mask | this.pllxtpre.mask : this.prediv.mask;
    if (!this.pllon.get(c) || !((merged ^ old) & pll)) return merged;
    c.env.note('guest', `RCC_${r.name}: source and factors of the PLL written while PLLON = 1: not changed`);
    return ((merged & ~pll) | (old & pll)) >>> 0;
  }

  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.cir) return this.interrupt(c);
    if (value === old) return;
    if (r === this.cfgr && this.pllxtpre.of(value) !== this.pllxtpre.of(old))
      this.prediv.set(c, (this.prediv.get(c) & ~1) | this.pllxtpre.of(value));
    if (r === this.cfgr2) this.pllxtpre.set(c, this.prediv.of(value) & 1);
    if (/^(CR2?|BDCR|CSR|CFGR[23]?|APB1ENR)$/.test(r.name)) this.followAll(c);
  }
  onReset(c: Ctx, kind: ResetKind): void {
    this.reset(c, kind, this.timers);
  }
}

export const rccF0: ModelFactory = (layout): RegisterModel<object> => {
  const rcc = new RccF0(layout);
  const field = (path: string): number => layout.field(path).mask;
  return {
    timers: rcc.timers,
    wires: ['lsi.request', 'hse.fail', 'lse.fail'],
    modelled: layout.registers.map((r) => r.name),
    writable: {
      // SWS is the hardware's; the SVD calls it read-write.
      CFGR: layout.reg('CFGR').writable & ~field('CFGR.SWS'),
      BDCR: layout.reg('BDCR').writable & ~field('BDCR.LSERDY'),
      // Flags are the hardware's, RMVF is a command.
      CSR: field('CSR.LSION'),
    },
    keeps: (r, kind) => rcc.keeps(r, kind),
    create: () => ({}),
    onReset: (c, kind) => rcc.onReset(c, kind),
    onTimer: (c, timer) => rcc.onTimer(c, timer),
    onWire: (c, wire, value) => rcc.onWire(c, wire, value),
    write: (c, r, merged, raw) => rcc.write(c, r, merged, raw),
    wrote: (c, r, value, old) => rcc.wrote(c, r, value, old),
  };
};
