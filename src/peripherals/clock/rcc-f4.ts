/**
 * RCC of STM32F2, F4 and F7: HSI16, HSE, LSI, LSE, PLL (P for SYSCLK, Q for 48 MHz, R for SYSCLK on F446), PLLI2S and PLLSAI where the part has them, SYSCLK
 * switch, prescalers, TIMPRE, CK48MSEL, kernel clocks of USARTs, I2C and LPTIM1 (F7), HSE_RTC, ready interrupts, CSS, backup-domain control, reset flags.
 *
 * Facts: registers RM0033 5.3, RM0090 6.3 and 7.3, RM0383 6.3, RM0390 6.3, RM0385 5.3 (see the chip's facts); PLL formulas, VCO limits 100 to 432 MHz, CSS: same
 * chapters and HAL-F4 hal_rcc_ex.h (documented); CK48MSEL, USARTxSEL, I2CxSEL, LPTIM1SEL: RM0390 6.3.26, RM0385 5.3.26 (documented);
 * a PLL locks although its VCO leaves the limits (assumed). Delays are parameters of the chip row.
 * Wires read: `reset.cause`, `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board). Driven: `nmi`, `hse.on`, `pll.ready` (to PWR).
 */
import type { ResetCause } from '../../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { scaleRate, type Rate } from '../../emu/time.ts';
import { RccCir } from './rcc-cir.ts';
import { rccModel } from './rcc-common.ts';
import { checkPllRate, resetFlagNames } from './rcc-rules.ts';
import { PLL_READY } from '../wires.ts';

type Ctx = RegisterContext<object>;
type Rates = Record<string, Rate | null>;

const SW_NAMES = ['hsi', 'hse', 'pllp'] as const;
/** What USARTxSEL, I2CxSEL and LPTIM1SEL choose besides the APB clock. */
const USART_SOURCES = ['sysclk', 'hsi', 'lse'] as const;
const I2C_SOURCES = ['sysclk', 'hsi'] as const;
const LPTIM_SOURCES = ['lsi', 'hsi', 'lse'] as const;
/** Ready flag positions in CIR. */
const READY_BITS = { lsi: 0, lse: 1, hsi: 2, hse: 3, pll: 4, plli2s: 5, pllsai: 6 };
/** VCO limits in hertz. */
const VCO_RANGE = [100e6, 432e6] as const;
/** Of what PLLM leaves of the source (data sheets of F2, F4 and F7, PLL characteristics: fPLL_IN). */
const INPUT_RANGE = [0.95e6, 2.1e6] as const;

/** P divides by 2, 4, 6 or 8. */
const pllPDivider = (v: number): number => 2 * (v + 1);

interface Pll {
  readonly name: string;
  readonly on: Field;
  readonly rdy: Field;
  readonly m: Field;
  readonly n: Field;
  readonly config: Register;
}

/** A kernel clock, and what its field selects from. */
interface Kernel {
  readonly clock: string;
  readonly select: Field;
  readonly sources: readonly string[];
}

export interface RccF4Options {
  /** SW = 3 chooses PLLR (F446, F469); without it the value is not allowed. */
  readonly sysclkFromPllR?: boolean;
}

class RccF4 extends RccCir {
  protected readonly swNames: readonly string[];
  private readonly pll: Pll;
  /** PLLI2S and PLLSAI, as far as the part has them. */
  private readonly more: readonly Pll[];
  private readonly pllsrc: Field;
  private readonly pllp: Field;
  private readonly pllq: Field;
  /** SYSCLK from PLLR. */
  private readonly pllr: Field | null;
  private readonly plli2sr: Field | null;
  private readonly pllsaip: Field | null;
  private readonly ck48: Field | null;
  private readonly plli2sq: Field | null;
  private readonly kernels: readonly Kernel[];
  private readonly ppre: readonly Field[];
  private readonly rtcpre: Field;
  private readonly timpre: Field | null;
  /** Registers on which clocks hang. */
  private readonly followed: ReadonlySet<Register>;
  readonly timers: readonly string[];

  constructor(layout: Layout, options: RccF4Options) {
    super(layout, {}, READY_BITS);
    const f = this.f;
    const optional = (path: string): Field | null => (layout.hasField(path) ? f(path) : null);
    this.pllsrc = f('PLLCFGR.PLLSRC');
    this.pllp = f('PLLCFGR.PLLP');
    this.pllq = f('PLLCFGR.PLLQ');
    this.pllr = options.sysclkFromPllR ? f('PLLCFGR.PLLR') : null;
    this.swNames = this.pllr ? [...SW_NAMES, 'pllr'] : SW_NAMES;
    this.plli2sr = optional('PLLI2SCFGR.PLLI2SR');
    this.pllsaip = optional('PLLSAICFGR.PLLSAIP');
    // Without a PLLSAI (F412, F413) it chooses the Q of PLLI2S.
    this.plli2sq = this.pllsaip ? null : optional('PLLI2SCFGR.PLLI2SQ');
    this.ck48 = (this.pllsaip ?? this.plli2sq) && (optional('DCKCFGR2.CK48MSEL') ?? optional('DCKCFGR.CK48MSEL'));
    this.pll = {
      name: 'pll',
      on: this.sysclkPll,
      rdy: f('CR.PLLRDY'),
      m: f('PLLCFGR.PLLM'),
      n: f('PLLCFGR.PLLN'),
      config: layout.reg('PLLCFGR'),
    };
    this.more = ['PLLI2S', 'PLLSAI']
      .filter((name) => layout.hasField(`CR.${name}ON`))
      .map((name) => ({
        name: name.toLowerCase(),
        on: f(`CR.${name}ON`),
        rdy: f(`CR.${name}RDY`),
        n: f(`${name}CFGR.${name}N`),
        config: layout.reg(`${name}CFGR`),
        // F405 has one input divider for all.
        m: optional(`${name}CFGR.${name}M`) ?? this.pll.m,
      }));
    this.ppre = [f('CFGR.PPRE1'), f('CFGR.PPRE2')];
    this.rtcpre = f('CFGR.RTCPRE');
    this.timpre = optional('DCKCFGR.TIMPRE') ?? optional('DCKCFGR1.TIMPRE');
    const kernel = (block: string, bus: string, others: readonly string[]): Kernel[] => {
      const select = optional(`DCKCFGR2.${block}SEL`);
      return select ? [{ clock: block.toLowerCase(), select, sources: [bus, ...others] }] : [];
    };
    this.kernels = [
      ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((n) =>
        kernel(`${n < 4 || n === 6 ? 'USART' : 'UART'}${n}`, n === 1 || n === 6 ? 'pclk2' : 'pclk1', USART_SOURCES),
      ),
      ...[1, 2, 3, 4].flatMap((n) => kernel(`I2C${n}`, 'pclk1', I2C_SOURCES)),
      ...kernel('LPTIM1', 'pclk1', LPTIM_SOURCES),
    ];
    const clocks = ['CR', 'BDCR', 'CSR', 'CFGR', 'PLLCFGR', 'PLLI2SCFGR', 'PLLSAICFGR', 'DCKCFGR', 'DCKCFGR1', 'DCKCFGR2'];
    this.followed = new Set(clocks.filter((name) => layout.has(name)).map((name) => layout.reg(name)));
    this.timers = [...Object.keys(this.oscillators), 'pll', ...this.more.map((p) => p.name), ...this.baseTimers()];
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
    for (const pll of [this.pll, ...this.more]) {
      if (pll.on.get(c) && this.vco(c, pll)) {
        if (!pll.rdy.get(c) && c.env.due(pll.name) === Infinity) c.env.arm(pll.name, c.env.now() + this.parameter(c, 'pll.lock.ps'));
      } else {
        c.env.disarm(pll.name);
        if (pll.rdy.get(c)) pll.rdy.set(c, 0);
      }
    }
    c.env.setWire(PLL_READY, this.pll.rdy.get(c));
  }

  // eslint-disable-next-line complexity -- the clock tree from its sources to its leaves
  protected rates(c: Ctx): Rates {
    const rates: Rates = {};
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    const running = (name: string): Rate | null => {
      const pll = name === 'pll' ? this.pll : this.more.find((p) => p.name === name);
      return pll?.rdy.get(c) ? this.vco(c, pll) : null;
    };
    // 0 and 1 are wrong configurations: no output.
    const divided = (vco: Rate | null, divider: Field): Rate | null =>
      vco && divider.get(c) >= 2 ? scaleRate(vco, 1, divider.get(c)) : null;
    const vco = running('pll');
    const saiVco = running('pllsai');
    rates['pllp'] = vco && scaleRate(vco, 1, pllPDivider(this.pllp.get(c)));
    if (this.pllr) rates['pllr'] = divided(vco, this.pllr);
    if (this.plli2sr) rates['plli2sr'] = divided(running('plli2s'), this.plli2sr);
    const other = this.plli2sq
      ? divided(running('plli2s'), this.plli2sq)
      : saiVco && this.pllsaip && scaleRate(saiVco, 1, pllPDivider(this.pllsaip.get(c)));
    rates['usb'] = this.ck48?.get(c) ? other : divided(vco, this.pllq);
    this.addBuses(c, rates, this.hpre, this.ppre, this.timpre?.get(c));
    const divider = this.rtcpre.get(c);
    rates['hse-rtc'] = rates['hse'] && divider >= 2 ? scaleRate(rates['hse'], 1, divider) : null;
    rates['rtc'] = this.rtcRate(c, rates);
    for (const { clock, select, sources } of this.kernels) rates[clock] = rates[sources[select.get(c)] ?? ''] ?? null;
    return rates;
  }
  protected override rtcHse(_c: Ctx, rates: Rates): Rate | null {
    return rates['hse-rtc'] ?? null;
  }

  protected pllUses(c: Ctx, name: string): boolean {
    return this.pllSource(c) === name;
  }
  protected override pllSwitches(): readonly Field[] {
    return [this.pll, ...this.more].map((pll) => pll.on);
  }
  protected resetFlags(cause: ResetCause): readonly string[] {
    if (cause === 'brownout') return ['PINRSTF', 'BORRSTF'];
    const names = resetFlagNames(cause, 'PORRSTF').filter((name) => this.layout.hasField(`CSR.${name}`));
    return cause === 'power' ? [...names, 'BORRSTF'] : names;
  }
  protected override setReady(c: Ctx, name: string): void {
    const pll = [this.pll, ...this.more].find((p) => p.name === name);
    if (!pll) return super.setReady(c, name);
    pll.rdy.set(c, 1);
    const source = this.pllSource(c);
    const input = this.oscillatorRate(c, source);
    checkPllRate(c, name.toUpperCase(), source, input && scaleRate(input, 1, pll.m.get(c)), INPUT_RANGE, 'input');
    checkPllRate(c, name.toUpperCase(), source, this.vco(c, pll), VCO_RANGE);
  }

  override write(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void {
    if (r === this.cfgr && this.sw.of(merged) >= this.swNames.length) {
      c.env.note('guest', 'RCC_CFGR.SW = 3 is not allowed: not changed');
      return (merged & ~this.sw.mask) | (this.sw.mask & c.get(r));
    }
    if (r === this.pll.config) return this.writePll(c, this.pll, merged);
    const other = this.more.find((p) => p.config === r);
    if (other) return this.writePll(c, other, merged);
    return super.write(c, r, merged, raw, lanes);
  }
  /** Factors are frozen while their PLL is on, source and common divider while either is. */
  private writePll(c: Ctx, pll: Pll, merged: number): number {
    const old = c.get(pll.config);
    let frozen = pll.on.get(c) ? 0xffffffff : 0;
    if (pll === this.pll)
      for (const p of this.more) if (p.on.get(c)) frozen |= this.pllsrc.mask | (p.m === this.pll.m ? this.pll.m.mask : 0);
    if ((merged ^ old) & frozen)
      c.env.note('guest', `RCC_${pll.config.name} written while its PLL is on: not changed`, { is: 'lost', why: 'running' });
    return ((old & frozen) | (merged & ~frozen)) >>> 0;
  }

  protected changed(c: Ctx, r: Register): void {
    if (this.followed.has(r)) this.followAll(c);
  }
}

export const rccF4: ModelFactory<RccF4Options> = (layout, options): RegisterModel<object> => {
  const rcc = new RccF4(layout, options);
  return {
    about: {
      source: 'RM0033 5.3, RM0090 6.3 and 7.3, RM0383 6.3, RM0390 6.3, RM0385 5.3, HAL-F4; a PLL locks with its VCO out of range (assumed)',
      confidence: 'documented',
      lacks: ['low-power enables', 'MCO', 'I2S clock choice', 'spread spectrum', 'trimming'],
    },
    ...rccModel(rcc, layout, /LPENR$|^SSCGR$/),
    writable: {
      // Ready flags are the hardware's.
      BDCR: layout.reg('BDCR').writable & ~layout.field('BDCR.LSERDY').mask,
      // The SVDs let software write the flags.
      CSR: layout.field('CSR.LSION').mask,
    },
    create: () => ({}),
  };
};
