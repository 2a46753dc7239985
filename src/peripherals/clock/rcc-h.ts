/**
 * RCC of STM32H5 and STM32H7: HSI with its divider, CSI, three PLLs with a fractional part, flags in CIFR with enables in CIER and clear bits in CICR. The formulas
 * are RM0481's and RM0399's (documented).
 */
import type { ResetKind } from '../../emu/component.ts';
import type { Field, Layout, Register, RegisterContext } from '../../emu/registers.ts';
import { scaleRate, type Rate } from '../../emu/time.ts';
import { RccBase, type BackupFields, type InterruptFields, type OscillatorFields } from './rcc-common.ts';
import { checkPllRate, clocksPs } from './rcc-rules.ts';

/** What the registers do not show. */
export interface RccHState {
  /** Divider of HSI in force (HSIDIV takes effect later than its write). */
  hsiDivider: number;
  /** FRACN values latched into the PLLs' modulators. */
  frac: number[];
}
type AnyCtx = RegisterContext<object>;
type Ctx = RegisterContext<RccHState>;
type Rates = Record<string, Rate | null>;

/** PLL output (before P, Q, R) from its input; null when the input divider is off. */
export function pllVco(input: Rate, m: number, n: number, frac: number): Rate | null {
  return m === 0 ? null : scaleRate(input, (n + 1) * 8192 + frac, m * 8192);
}

export interface FractionalPll {
  readonly on: Field;
  readonly rdy: Field;
  readonly src: Field;
  readonly m: Field;
  readonly n: Field;
  readonly fracn: Field;
  readonly fracen: Field;
  readonly vcosel: Field;
  readonly rge: Field;
  readonly outputs: readonly { readonly enable: Field; readonly div: Field; readonly clock: string }[];
}
/** Names of a PLL's fields, which differ between the families; `o` is P, Q or R. */
export interface PllNames {
  src(i: number): string;
  m(i: number): string;
  n(i: number): string;
  fracn(i: number): string;
  fracen(i: number): string;
  vcosel(i: number): string;
  rge(i: number): string;
  enable(i: number, o: string): string;
  div(i: number, o: string): string;
}
export interface RccHFacts {
  readonly pll: PllNames;
  /** By PLLSRC. */
  readonly pllSources: readonly (string | null)[];
  /** VCO range in hertz by VCOSEL: wide, medium. */
  readonly vcoRange: readonly (readonly [low: number, high: number])[];
  /** Ready flag positions, equal in CIER, CIFR and CICR. */
  readonly ready: Readonly<Record<string, number>>;
  readonly lsecss?: number;
  /** Register of LSI's bits. */
  readonly lsi: string;
  /** Register of SW, SWS, STOPWUCK, TIMPRE and RTCPRE. */
  readonly cfgr: string;
  /** Bits of BDCR that are frozen while LSE is on. */
  readonly lseFrozen: readonly string[];
  /** Bits of BDCR outside the protection of DBP. */
  readonly open?: string;
}
const CSS_BIT = 10;
/** By PLLxRGE (RM0481 11.8.11, RM0399 9.7.11). */
const INPUT_RANGES = [[1e6, 2e6], [2e6, 4e6], [4e6, 8e6], [8e6, 16e6]] as const; // prettier-ignore
/** USARTxSEL, LPUART1SEL: the first source is the block's bus clock. */
const KERNEL = ['', 'pll2q', 'pll3q', 'hsi', 'csi', 'lse'] as const;
const TIMERS = ['hsi', 'csi', 'hse', 'hsi48', 'lse', 'lsi', 'pll1', 'pll2', 'pll3', 'switch', 'hsidiv', 'lse.off', 'lsi.off'] as const;

export abstract class RccH extends RccBase {
  protected readonly oscillators: Readonly<Record<string, OscillatorFields>>;
  protected readonly backup: BackupFields;
  protected readonly sw: Field;
  protected readonly sws: Field;
  protected readonly swNames = ['hsi', 'csi', 'hse', 'pll1p'] as const;
  protected readonly flags: { readonly register: Register; readonly rmvf: Field };
  protected readonly interrupts: InterruptFields;
  protected readonly cr: Register;
  protected readonly csson: Field;
  protected readonly sysclkPll: Field;
  protected readonly plls: readonly FractionalPll[];
  protected readonly timpre: Field;
  private readonly cicr: Register;
  private readonly hsidiv: Field;
  protected readonly hsidivf: Field;
  private readonly stopwuck: Field;
  private readonly rtcpre: Field;
  private readonly facts: RccHFacts;
  readonly timers = TIMERS;

  constructor(layout: Layout, facts: RccHFacts) {
    super(layout);
    this.facts = facts;
    const f = this.f;
    const osc = (register: string, name: string, bypass?: string): OscillatorFields => ({
      on: f(`${register}.${name}ON`),
      rdy: f(`${register}.${name}RDY`),
      ...(bypass ? { bypass: f(`${register}.${bypass}`) } : {}),
    });
    this.cr = layout.reg('CR');
    this.cicr = layout.reg('CICR');
    this.oscillators = {
      hsi: osc('CR', 'HSI'),
      csi: osc('CR', 'CSI'),
      hse: osc('CR', 'HSE', 'HSEBYP'),
      hsi48: osc('CR', 'HSI48'),
      lse: osc('BDCR', 'LSE', 'LSEBYP'),
      lsi: osc(facts.lsi, 'LSI'),
    };
    this.backup = {
      bdcr: layout.reg('BDCR'),
      rtcsel: f('BDCR.RTCSEL'),
      rtcen: f('BDCR.RTCEN'),
      bdrst: f('BDCR.VSWRST'),
      lseFrozen: facts.lseFrozen.reduce((m, name) => m | f(`BDCR.${name}`).mask, 0),
      open: facts.open ? f(`BDCR.${facts.open}`).mask : 0,
      lsecss: { on: f('BDCR.LSECSSON'), failed: f('BDCR.LSECSSD') },
    };
    this.sw = f(`${facts.cfgr}.SW`);
    this.sws = f(`${facts.cfgr}.SWS`);
    this.stopwuck = f(`${facts.cfgr}.STOPWUCK`);
    this.timpre = f(`${facts.cfgr}.TIMPRE`);
    this.rtcpre = f(`${facts.cfgr}.RTCPRE`);
    this.flags = { register: layout.reg('RSR'), rmvf: f('RSR.RMVF') };
    this.interrupts = {
      flags: layout.reg('CIFR'),
      enables: layout.reg('CIER'),
      shift: 0,
      ready: facts.ready,
      css: CSS_BIT,
      ...(facts.lsecss === undefined ? {} : { lsecss: facts.lsecss }),
    };
    this.csson = f('CR.HSECSSON');
    this.hsidiv = f('CR.HSIDIV');
    this.hsidivf = f('CR.HSIDIVF');
    const { pll } = facts;
    // H503 has two.
    this.plls = [1, 2, 3]
      .filter((i) => layout.hasField(`CR.PLL${i}ON`))
      .map((i) => ({
        on: f(`CR.PLL${i}ON`),
        rdy: f(`CR.PLL${i}RDY`),
        src: f(pll.src(i)),
        m: f(pll.m(i)),
        n: f(pll.n(i)),
        fracn: f(pll.fracn(i)),
        fracen: f(pll.fracen(i)),
        vcosel: f(pll.vcosel(i)),
        rge: f(pll.rge(i)),
        outputs: ['P', 'Q', 'R'].map((o) => ({
          enable: f(pll.enable(i, o)),
          div: f(pll.div(i, o)),
          clock: `pll${i}${o.toLowerCase()}`,
        })),
      }));
    this.sysclkPll = this.plls[0]!.on;
  }
  private state(c: AnyCtx): RccHState {
    return c.s as RccHState;
  }

  // ---- rates -----------------------------------------------------------------------------------------------------------------------
  protected override ownRate(c: AnyCtx, name: string): Rate | null {
    const r = super.ownRate(c, name);
    return r && name === 'hsi' ? scaleRate(r, 1, this.state(c).hsiDivider) : r;
  }
  protected pllSource(c: AnyCtx, pll: FractionalPll): string | null {
    return this.facts.pllSources[pll.src.get(c)] ?? null;
  }
  private vco(c: AnyCtx, i: number): Rate | null {
    const pll = this.plls[i]!;
    const source = this.pllSource(c, pll);
    const input = source === null ? null : this.oscillatorRate(c, source);
    return input && pllVco(input, pll.m.get(c), pll.n.get(c), pll.fracen.get(c) ? this.state(c).frac[i]! : 0);
  }
  /** Oscillators, PLL outputs and PER_CK. */
  protected addSources(c: AnyCtx, rates: Rates, ckpersel: Field): void {
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    this.plls.forEach((pll, i) => {
      const vco = pll.rdy.get(c) ? this.vco(c, i) : null;
      for (const o of pll.outputs) rates[o.clock] = vco && o.enable.get(c) ? scaleRate(vco, 1, o.div.get(c) + 1) : null;
    });
    rates['per'] = [rates['hsi']!, rates['csi']!, rates['hse']!, null][ckpersel.get(c)]!;
  }
  protected override rtcHse(c: AnyCtx, rates: Rates): Rate | null {
    const divider = this.rtcpre.get(c);
    return rates['hse'] && divider > 1 ? scaleRate(rates['hse'], 1, divider) : null;
  }
  protected usbRate(rates: Rates, usbsel: number): Rate | null {
    const source = [null, 'pll1q', `pll${this.plls.length}q`, 'hsi48'][usbsel] ?? null;
    return source === null ? null : rates[source]!;
  }
  /** Kernel clock of the RNG. */
  protected rngRate(rates: Rates, rngsel: number): Rate | null {
    return [rates['hsi48']!, rates['pll1q']!, rates['lse']!, rates['lsi']!][rngsel]!;
  }
  /** Kernel clock of a USART whose field selects `select` and whose bus clock is `bus`. */
  protected kernelRate(rates: Rates, select: number, bus: string): Rate | null {
    const source = select === 0 ? bus : KERNEL[select];
    return source === undefined ? null : (rates[source] ?? null);
  }

  // ---- PLLs ------------------------------------------------------------------------------------------------------------------------
  /** A PLL locks a while after it is on and its input runs; it loses lock with either. */
  protected followPlls(c: AnyCtx): void {
    this.plls.forEach((pll, i) => {
      const name = `pll${i + 1}`;
      const source = this.pllSource(c, pll);
      if (pll.on.get(c) && source !== null && this.isReady(c, source) && pll.m.get(c) !== 0) {
        if (pll.rdy.get(c) || c.env.due(name) !== Infinity) return;
        if (pll.fracen.get(c)) this.state(c).frac[i] = pll.fracn.get(c);
        const key = pll.vcosel.get(c) ? 'pll.lock.medium.ps' : pll.fracen.get(c) ? 'pll.lock.fractional.ps' : 'pll.lock.ps';
        c.env.arm(name, c.env.now() + this.parameter(c, key));
      } else {
        c.env.disarm(name);
        if (pll.rdy.get(c)) pll.rdy.set(c, 0);
      }
    });
  }
  protected pllUses(c: AnyCtx, name: string): boolean {
    return this.pllSource(c, this.plls[0]!) === name;
  }
  protected checkPll(c: AnyCtx, i: number): void {
    const pll = this.plls[i]!;
    const source = this.pllSource(c, pll);
    const input = source === null ? null : this.oscillatorRate(c, source);
    const range = INPUT_RANGES[pll.rge.get(c)]!;
    checkPllRate(c, `PLL${i + 1}`, source, input && scaleRate(input, 1, pll.m.get(c)), range, 'input');
    checkPllRate(c, `PLL${i + 1}`, source, this.vco(c, i), this.facts.vcoRange[pll.vcosel.get(c)]!);
  }
  protected override setReady(c: AnyCtx, name: string): void {
    const pll = /^pll([123])$/.exec(name);
    if (pll) this.plls[Number(pll[1]) - 1]!.rdy.set(c, 1);
    else super.setReady(c, name);
  }
  protected override flagReady(c: AnyCtx, name: string): void {
    super.flagReady(c, name);
    if (name.startsWith('pll')) this.checkPll(c, Number(name[3]) - 1);
  }
  override onTimer(c: AnyCtx, timer: string): void {
    if (timer !== 'hsidiv') return super.onTimer(c, timer);
    this.state(c).hsiDivider = 1 << this.hsidiv.get(c);
    this.hsidivf.set(c, 1);
    this.update(c);
  }
  /** HSI or CSI, as STOPWUCK says. */
  protected override pllSwitches(): readonly Field[] {
    return this.plls.map((pll) => pll.on);
  }
  protected override emergencyClock(c: AnyCtx): number {
    return this.stopwuck.get(c);
  }

  // ---- accesses ----------------------------------------------------------------------------------------------------------------------
  write(c: AnyCtx, r: Register, merged: number, raw: number, _lanes: number): number | void {
    if (r === this.cr) return this.writeCr(c, merged);
    if (r === this.backup.bdcr) return this.writeBdcr(c, merged);
    if (r === this.cicr) return this.clearFlags(c, raw);
  }
  protected override writeCr(c: AnyCtx, merged: number): number {
    const old = c.get(this.cr);
    // HSECSSON stays set until a reset.
    let value = super.writeCr(c, merged) | (old & this.csson.mask);
    const { hsidiv, hsidivf } = this;
    if (hsidiv.of(value) !== hsidiv.of(old) && this.plls.some((p) => p.on.get(c) && this.pllSource(c, p) === 'hsi')) {
      c.env.note('guest', 'RCC_CR.HSIDIV cannot be changed while a running PLL takes HSI');
      value = (value & ~hsidiv.mask) | (old & hsidiv.mask);
    }
    if (hsidiv.of(value) !== hsidiv.of(old)) value &= ~hsidivf.mask;
    return value >>> 0;
  }
  wrote(c: AnyCtx, r: Register, value: number, old: number): void {
    if (value === old) return;
    if (r === this.cr && this.hsidiv.of(value) !== this.hsidiv.of(old))
      c.env.arm('hsidiv', c.env.now() + clocksPs(this.parameter(c, 'hsidiv.clocks'), c.env.parameter('hsi.hz') ?? 1));
    this.plls.forEach(({ fracen, fracn }, i) => {
      if (r === fracen.register && fracen.of(value) && !fracen.of(old)) this.state(c).frac[i] = fracn.get(c);
    });
    if (r === this.interrupts.enables) this.interrupt(c);
    this.changed(c, r, value, old);
  }
  /** PLL1P's enable stays while SYSCLK comes from it. */
  protected keepPll1p(c: AnyCtx, r: Register, value: number): number {
    const { enable } = this.plls[0]!.outputs[0]!;
    return r === enable.register ? this.keepSysclkOutput(c, enable, value) : value;
  }
  /** A write has changed a register. */
  protected abstract changed(c: AnyCtx, r: Register, value: number, old: number): void;

  override onReset(c: Ctx, kind: ResetKind): void {
    if (kind !== 'backup') {
      c.s.hsiDivider = 1 << this.hsidiv.get(c);
      c.s.frac.fill(0);
    }
    super.onReset(c, kind);
  }
}
