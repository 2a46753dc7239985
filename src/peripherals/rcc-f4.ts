/**
 * RCC of STM32F405/407 and STM32F411: HSI16, HSE, LSI, LSE, PLL (P for SYSCLK, Q for 48 MHz), PLLI2S, SYSCLK switch, prescalers, TIMPRE (F411), HSE_RTC, ready
 * interrupts, CSS, backup-domain control, reset flags.
 *
 * Facts: registers RM0090 7.3 and RM0383 6.3 (see the chip's facts); PLL formulas, VCO limits 100 to 432 MHz, CSS: same chapters and HAL-F4 hal_rcc_ex.h (documented);
 * a PLL locks although its VCO leaves the limits (assumed). Delays are parameters of the chip row.
 * Wires read: `reset.cause`, `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board). Driven: `nmi`, `hse.on`, `pll.ready` (to PWR).
 */
import type { ResetCause } from '../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';
import { rateHz, scaleRate, type Rate } from '../emu/time.ts';
import { RccCir } from './rcc-cir.ts';
import { rccModel } from './rcc-common.ts';
import { resetFlagNames } from './rcc-rules.ts';

type Ctx = RegisterContext<object>;
type Rates = Record<string, Rate | null>;

const SW_NAMES = ['hsi', 'hse', 'pllp'] as const;
/** Ready flag positions in CIR. */
const READY_BITS = { lsi: 0, lse: 1, hsi: 2, hse: 3, pll: 4, plli2s: 5 };
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

class RccF4 extends RccCir {
  protected readonly swNames = SW_NAMES;
  private readonly pll: Pll;
  private readonly plli2s: Pll;
  private readonly pllsrc: Field;
  private readonly pllp: Field;
  private readonly pllq: Field;
  private readonly plli2sr: Field;
  private readonly ppre: readonly Field[];
  private readonly rtcpre: Field;
  private readonly timpre: Field | null;
  readonly timers: readonly string[];

  constructor(layout: Layout) {
    super(layout, {}, READY_BITS);
    const f = this.f;
    this.pllsrc = f('PLLCFGR.PLLSRC');
    this.pllp = f('PLLCFGR.PLLP');
    this.pllq = f('PLLCFGR.PLLQ');
    this.plli2sr = f('PLLI2SCFGR.PLLI2SR');
    this.pll = {
      name: 'pll',
      on: this.sysclkPll,
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
    this.ppre = [f('CFGR.PPRE1'), f('CFGR.PPRE2')];
    this.rtcpre = f('CFGR.RTCPRE');
    this.timpre = layout.hasField('DCKCFGR.TIMPRE') ? f('DCKCFGR.TIMPRE') : null;
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

  protected rates(c: Ctx): Rates {
    const rates: Rates = {};
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    const vco = this.pll.rdy.get(c) ? this.vco(c, this.pll) : null;
    const i2sVco = this.plli2s.rdy.get(c) ? this.vco(c, this.plli2s) : null;
    const [q, r] = [this.pllq.get(c), this.plli2sr.get(c)];
    rates['pllp'] = vco && scaleRate(vco, 1, pllPDivider(this.pllp.get(c)));
    // 0 and 1 are wrong configurations: no output.
    rates['usb'] = vco && q >= 2 ? scaleRate(vco, 1, q) : null;
    rates['plli2sr'] = i2sVco && r >= 2 ? scaleRate(i2sVco, 1, r) : null;
    this.addBuses(c, rates, this.hpre, this.ppre, this.timpre?.get(c));
    const divider = this.rtcpre.get(c);
    rates['hse-rtc'] = rates['hse'] && divider >= 2 ? scaleRate(rates['hse'], 1, divider) : null;
    rates['rtc'] = this.rtcRate(c, rates);
    return rates;
  }
  protected override rtcHse(_c: Ctx, rates: Rates): Rate | null {
    return rates['hse-rtc'] ?? null;
  }

  protected pllUses(c: Ctx, name: string): boolean {
    return this.pllSource(c) === name;
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

  override write(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void {
    if (r === this.cfgr && this.sw.of(merged) === 3) {
      c.env.note('guest', 'RCC_CFGR.SW = 3 is not allowed: not changed');
      return (merged & ~this.sw.mask) | (this.sw.mask & c.get(r));
    }
    if (r === this.pll.config) return this.writePll(c, this.pll, merged);
    if (r === this.plli2s.config) return this.writePll(c, this.plli2s, merged);
    return super.write(c, r, merged, raw, lanes);
  }
  /** Factors are frozen while their PLL is on, source and common divider while either is. */
  private writePll(c: Ctx, pll: Pll, merged: number): number {
    const old = c.get(pll.config);
    let frozen = pll.on.get(c) ? 0xffffffff : 0;
    if (pll === this.pll && this.plli2s.on.get(c)) frozen |= this.pllsrc.mask | (this.plli2s.m === this.pll.m ? this.pll.m.mask : 0);
    if ((merged ^ old) & frozen) c.env.note('guest', `RCC_${pll.config.name} written while its PLL is on: not changed`);
    return ((old & frozen) | (merged & ~frozen)) >>> 0;
  }

  protected changed(c: Ctx, r: Register): void {
    if (/^(CR|BDCR|CSR|CFGR|PLLCFGR|PLLI2SCFGR|DCKCFGR)$/.test(r.name)) this.followAll(c);
  }
}

export const rccF4: ModelFactory = (layout): RegisterModel<object> => {
  const rcc = new RccF4(layout);
  return {
    about: {
      source: 'RM0090 7.3, RM0383 6.3, HAL-F4; a PLL locks with its VCO out of range (assumed)',
      confidence: 'documented',
      lacks: ['low-power enables', 'MCO', 'I2S clock choice', 'spread spectrum', 'trimming'],
    },
    ...rccModel(rcc, layout, /LPENR$|^SSCGR$/),
    writable: {
      // Ready flags are the hardware's.
      BDCR: layout.reg('BDCR').writable & ~layout.field('BDCR.LSERDY').mask,
    },
    create: () => ({}),
  };
};
