/**
 * RCC of STM32F405/407 and STM32F411: HSI16, HSE, LSI, LSE, PLL (P for SYSCLK, Q for 48 MHz), PLLI2S, SYSCLK switch, prescalers, TIMPRE (F411), HSE_RTC, ready
 * interrupts, CSS, backup-domain control, reset flags.
 * Not modelled: the ENR/RSTR bits' effects (System reads them), low-power enables, MCO outputs, I2S clock choice, spread spectrum, trimming.
 *
 * Facts: registers RM0090 7.3 and RM0383 6.3 (see the chip's facts); PLL formulas, VCO limits 100 to 432 MHz, CSS: same chapters and HAL-F4 hal_rcc_ex.h (documented);
 * a PLL locks although its VCO leaves the limits (assumed). Delays are parameters of the chip row.
 * Wires read: `reset.cause`, `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board). Driven: `nmi`, `hse.on`, `pll.ready` (to PWR).
 */
import type { ResetCause, ResetKind } from '../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';
import { rateHz, scaleRate, type Rate } from '../emu/time.ts';
import { RccBase, ppreDivider, resetFlagNames, type BackupFields, type OscillatorFields } from './rcc-common.ts';

type Ctx = RegisterContext<object>;

const SW_NAMES = ['hsi', 'hse', 'pllp'] as const;
/** Ready flag positions in CIR; enable bits lie 8 higher, clear bits 16 higher. */
const READY_BITS: Readonly<Record<string, number>> = { lsi: 0, lse: 1, hsi: 2, hse: 3, pll: 4, plli2s: 5 };
const READY_FLAGS = 0x3f;
const CSSF = 1 << 7;
const RTC_HSE = 3;
/** VCO limits in hertz. */
const VCO_RANGE = [100e6, 432e6] as const;

/** P divides by 2, 4, 6 or 8. */
export const pllPDivider = (v: number): number => 2 * (v + 1);

interface Pll {
  readonly name: string;
  readonly on: Field;
  readonly rdy: Field;
  readonly m: Field;
  readonly n: Field;
  readonly config: Register;
}

class RccF4 extends RccBase {
  protected readonly oscillators: Readonly<Record<string, OscillatorFields>>;
  protected readonly backup: BackupFields;
  protected readonly sw: Field;
  protected readonly sws: Field;
  protected readonly swNames = SW_NAMES;
  protected readonly flags;
  private readonly cr: Register;
  private readonly cfgr: Register;
  private readonly cir: Register;
  private readonly csr: Register;
  private readonly pll: Pll;
  private readonly plli2s: Pll;
  private readonly pllsrc: Field;
  private readonly pllp: Field;
  private readonly pllq: Field;
  private readonly plli2sr: Field;
  private readonly hpre: Field;
  private readonly ppre: readonly Field[];
  private readonly rtcpre: Field;
  private readonly timpre: Field | null;
  private readonly csson: Field;
  readonly timers: readonly string[];

  constructor(layout: Layout) {
    super(layout);
    const f = this.f;
    this.cr = layout.reg('CR');
    this.cfgr = layout.reg('CFGR');
    this.cir = layout.reg('CIR');
    this.csr = layout.reg('CSR');
    this.oscillators = {
      lse: { on: f('BDCR.LSEON'), rdy: f('BDCR.LSERDY'), bypass: f('BDCR.LSEBYP') },
      lsi: { on: f('CSR.LSION'), rdy: f('CSR.LSIRDY') },
      hsi: { on: f('CR.HSION'), rdy: f('CR.HSIRDY') },
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
    this.pllsrc = f('PLLCFGR.PLLSRC');
    this.pllp = f('PLLCFGR.PLLP');
    this.pllq = f('PLLCFGR.PLLQ');
    this.plli2sr = f('PLLI2SCFGR.PLLI2SR');
    this.pll = {
      name: 'pll',
      on: f('CR.PLLON'),
      rdy: f('CR.PLLRDY'),
      m: f('PLLCFGR.PLLM'),
      n: f('PLLCFGR.PLLN'),
      config: layout.reg('PLLCFGR'),
    };
    this.plli2s = {
      name: 'plli2s',
      on: f('CR.PLLI2SON'),
      rdy: f('CR.PLLI2SRDY'),
      n: f('PLLI2SCFGR.PLLI2SN'),
      config: layout.reg('PLLI2SCFGR'),
      // F405 has one input divider for both.
      m: layout.hasField('PLLI2SCFGR.PLLI2SM') ? f('PLLI2SCFGR.PLLI2SM') : this.pll.m,
    };
    this.hpre = f('CFGR.HPRE');
    this.ppre = [f('CFGR.PPRE1'), f('CFGR.PPRE2')];
    this.rtcpre = f('CFGR.RTCPRE');
    this.timpre = layout.hasField('DCKCFGR.TIMPRE') ? f('DCKCFGR.TIMPRE') : null;
    this.csson = f('CR.CSSON');
    this.timers = [...Object.keys(this.oscillators), 'pll', 'plli2s', ...this.baseTimers()];
  }

  private pllSource(c: Ctx): string {
    return this.pllsrc.get(c) ? 'hse' : 'hsi';
  }
  /** VCO of a PLL as it is set, null without input or with factors that do not exist. */
  private vco(c: Ctx, pll: Pll): Rate | null {
    const input = this.oscillatorRate(c, this.pllSource(c));
    const [m, n] = [pll.m.get(c), pll.n.get(c)];
    return input && m >= 2 && n >= 2 ? scaleRate(input, n, m) : null;
  }
  protected followPlls(c: Ctx): void {
    for (const pll of [this.pll, this.plli2s]) {
      if (pll.on.get(c) && this.vco(c, pll)) {
        if (!pll.rdy.get(c) && c.env.due(pll.name) === Infinity) c.env.arm(pll.name, c.env.now() + this.parameter(c, 'pll.lock.ps'));
      } else {
        c.env.disarm(pll.name);
        if (pll.rdy.get(c)) pll.rdy.set(c, 0);
      }
    }
    c.env.setWire('pll.ready', this.pll.rdy.get(c));
  }

  protected rates(c: Ctx): Record<string, Rate | null> {
    const rates: Record<string, Rate | null> = {};
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    const vco = this.pll.rdy.get(c) ? this.vco(c, this.pll) : null;
    const i2sVco = this.plli2s.rdy.get(c) ? this.vco(c, this.plli2s) : null;
    const [q, r] = [this.pllq.get(c), this.plli2sr.get(c)];
    rates['pllp'] = vco && scaleRate(vco, 1, pllPDivider(this.pllp.get(c)));
    // 0 and 1 are wrong configurations: no output.
    rates['usb'] = vco && q >= 2 ? scaleRate(vco, 1, q) : null;
    rates['plli2sr'] = i2sVco && r >= 2 ? scaleRate(i2sVco, 1, r) : null;
    this.addBuses(c, rates, this.hpre, this.ppre);
    const hclk = rates['hclk'] ?? null;
    if (this.timpre?.get(c) && hclk)
      this.ppre.forEach(
        (field, i) => (rates[`timpclk${i + 1}`] = ppreDivider(field.get(c)) <= 4 ? hclk : scaleRate(hclk, 4, ppreDivider(field.get(c)))),
      );
    const divider = this.rtcpre.get(c);
    rates['hse-rtc'] = rates['hse'] && divider >= 2 ? scaleRate(rates['hse'], 1, divider) : null;
    rates['rtc'] = this.rtcRate(c, rates);
    return rates;
  }
  protected override rtcRate(c: Ctx, rates: Record<string, Rate | null>): Rate | null {
    if (this.backup.rtcen.get(c) && this.backup.rtcsel.get(c) === RTC_HSE) return rates['hse-rtc'] ?? null;
    return super.rtcRate(c, rates);
  }

  protected pllUses(c: Ctx, name: string): boolean {
    return name === 'pllp' || this.pllSource(c) === name;
  }
  protected resetFlags(cause: ResetCause): readonly string[] {
    if (cause === 'brownout') return ['PINRSTF', 'BORRSTF'];
    const names = resetFlagNames(cause, 'PORRSTF').filter((name) => this.layout.hasField(`CSR.${name}`));
    return cause === 'power' ? [...names, 'BORRSTF'] : names;
  }
  protected override setReady(c: Ctx, name: string): void {
    const pll = [this.pll, this.plli2s].find((p) => p.name === name);
    if (!pll) return super.setReady(c, name);
    pll.rdy.set(c, 1);
    const vco = this.vco(c, pll);
    const [low, high] = VCO_RANGE;
    if (vco && (rateHz(vco) < low || rateHz(vco) > high))
      c.env.note('guest', `${name.toUpperCase()}: VCO at ${Math.round(rateHz(vco) / 1e6)} MHz, allowed ${low / 1e6} to ${high / 1e6} MHz`);
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
  /** Clock security: HSE off, SYSCLK to HSI, the PLL off that hung on HSE, NMI. */
  private hseFailed(c: Ctx): void {
    this.oscillators['hse']!.rdy.set(c, 0);
    if (!this.csson.get(c)) return;
    const onHse = this.usesForSysclk(c, 'hse');
    const throughPll = this.pllSource(c) === 'hse';
    this.oscillators['hse']!.on.set(c, 0);
    if (onHse) {
      this.oscillators['hsi']!.on.set(c, 1);
      this.sw.set(c, 0);
      if (throughPll) this.pll.on.set(c, 0);
    }
    c.put(this.cir, c.get(this.cir) | CSSF);
    this.interrupt(c);
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    const old = c.get(r);
    if (r === this.cr) return this.writeCr(c, merged);
    if (r === this.backup.bdcr) return this.writeBdcr(c, merged);
    if (r === this.cir) return (merged & 0xff00) | (old & 0xff & ~(raw >>> 16));
    if (r === this.csr) return raw & this.flags.rmvf.mask ? merged & ~(this.flagMask() | this.flags.rmvf.mask) : merged;
    if (r === this.cfgr && this.sw.of(merged) === 3) {
      c.env.note('guest', 'RCC_CFGR.SW = 3 is not allowed: not changed');
      return (merged & ~this.sw.mask) | (this.sw.mask & old);
    }
    if (r === this.pll.config) return this.writePll(c, this.pll, merged);
    if (r === this.plli2s.config) return this.writePll(c, this.plli2s, merged);
  }
  private writeCr(c: Ctx, merged: number): number {
    const old = c.get(this.cr);
    let value = this.keepSysclkSource(c, this.cr, old, merged, { pllp: this.pll.on });
    const hsebyp = this.f('CR.HSEBYP').mask;
    if (this.oscillators['hse']!.on.of(old)) value = (value & ~hsebyp) | (old & hsebyp);
    return value >>> 0;
  }
  /** Factors are frozen while their PLL is on, source and common divider while either is. */
  private writePll(c: Ctx, pll: Pll, merged: number): number {
    const old = c.get(pll.config);
    let frozen = pll.on.get(c) ? 0xffffffff : 0;
    if (pll === this.pll && this.plli2s.on.get(c)) frozen |= this.pllsrc.mask | (this.plli2s.m === this.pll.m ? this.pll.m.mask : 0);
    if ((merged ^ old) & frozen) c.env.note('guest', `RCC_${pll.config.name} written while its PLL is on: not changed`);
    return ((old & frozen) | (merged & ~frozen)) >>> 0;
  }

  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.cir) return this.interrupt(c);
    if (value !== old && /^(CR|BDCR|CSR|CFGR|PLLCFGR|PLLI2SCFGR|DCKCFGR)$/.test(r.name)) this.followAll(c);
  }
  onReset(c: Ctx, kind: ResetKind): void {
    this.reset(c, kind, this.timers);
  }
}

export const rccF4: ModelFactory = (layout): RegisterModel<object> => {
  const rcc = new RccF4(layout);
  return {
    timers: rcc.timers,
    wires: ['lsi.request', 'hse.fail', 'lse.fail'],
    modelled: layout.registers.map((r) => r.name).filter((n) => !/LPENR$|^SSCGR$/.test(n)),
    writable: {
      // Ready flags are the hardware's.
      BDCR: layout.reg('BDCR').writable & ~layout.field('BDCR.LSERDY').mask,
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
