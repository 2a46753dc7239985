/**
 * RCC of STM32L4, L4+, G4 and WB: MSI with its ranges and PLL mode (L4, WB), HSI16, HSE, HSI48, LSI (WB: LSI1, LSI2), LSE, PLL, PLLSAI1, PLLSAI2, SYSCLK switch,
 * prescalers, kernel clock muxes, ready interrupts, CSS, backup-domain control, reset flags.
 *
 * Facts: registers ST SVD; muxes and PLL formulas HAL-L4 hal_rcc.h, hal_rcc_ex.h, G4: RM0440 7.4 (documented); MSI ranges HAL-L4 MSIRangeTable (documented), frequencies in PLL
 * mode as multiples of 32.768 kHz (assumed, recalled from DS10198); delays are parameters of the chip row.
 * Wires read: `reset.cause`, `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board). Driven: `nmi`, `hse.on`.
 */
import type { ResetCause, ResetKind } from '../../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { scaleRate, type Rate } from '../../emu/time.ts';
import { RccBase, rccModel, type BackupFields, type InterruptFields, type OscillatorFields } from './rcc-common.ts';
import { addKernelClocks, kernelMuxes, type KernelMux } from './rcc-kernels.ts';
import { checkPllRate, resetFlagNames } from './rcc-rules.ts';

export interface RccL4Options {
  /** PLLxPDIV divides by 2…31 (L49x, G4); without it PLLxP chooses 7 or 17. */
  readonly pllPdiv?: boolean;
  /** Clock behind each value of SW; '' = none. */
  readonly sysclk?: readonly string[];
  /** Clock behind each value of CLK48SEL. */
  readonly clk48?: readonly (string | null)[];
  /** Limits of the VCO in hertz. */
  readonly vco?: readonly [number, number];
  /** Limits of what PLLM leaves of the source, in hertz. */
  readonly pllInput?: readonly [number, number];
  /** Muxes beside those of L4. */
  readonly kernels?: readonly KernelMux[];
  /** WB: PLLs whose outputs divide by any number (RM0434 8.4.5), HPRE with 3, 5, 6, 10 and 32, HSE that HSEPRE halves. */
  readonly wb?: boolean;
}
export interface RccL4State {
  /** MSI is locked to LSE. */
  msiLocked: boolean;
}
type Ctx = RegisterContext<RccL4State>;

/** Hertz by MSIRANGE, free running. */
export const MSI_HZ = [100e3, 200e3, 400e3, 800e3, 1e6, 2e6, 4e6, 8e6, 16e6, 24e6, 32e6, 48e6] as const;
/** Multiples of 32.768 kHz by MSIRANGE in PLL mode. */
const MSI_LSE_MULTIPLES = [3, 6, 12, 24, 31, 61, 122, 244, 488, 732, 977, 1465] as const;
const PLL_SOURCES = [null, 'msi', 'hsi', 'hse'] as const;
const SW_NAMES = ['msi', 'hsi', 'hse', 'pllr'] as const;
/** VCO limits in hertz, voltage range 1 (range 2 ends at 128 MHz). */
const VCO_RANGE = [64e6, 344e6] as const;
/** Data sheets of L4+, G4 and WB, PLL characteristics. */
const PLL_INPUT = [2.66e6, 16e6] as const;
const CLK48 = ['hsi48', 'pllsai1q', 'pllq', 'msi'] as const;
/** Ready flag positions, equal in CIER, CIFR and CICR. */
const READY_BITS = { lsi: 0, lse: 1, msi: 2, hsi: 3, hse: 4, pll: 5, pllsai1: 6, pllsai2: 7, hsi48: 10, lsi2: 11 };
const CSS_BIT = 8;
const LSECSS_BIT = 9;
/** USARTxSEL, LPUART1SEL: the first source is the block's bus clock. */
const KERNEL = ['', 'sysclk', 'hsi', 'lse'] as const;
const USARTS: readonly (readonly [clock: string, field: string, bus: string])[] = [
  ['usart1', 'CCIPR.USART1SEL', 'pclk2'],
  ['usart2', 'CCIPR.USART2SEL', 'pclk1'],
  ['usart3', 'CCIPR.USART3SEL', 'pclk1'],
  ['uart4', 'CCIPR.UART4SEL', 'pclk1'],
  ['uart5', 'CCIPR.UART5SEL', 'pclk1'],
  ['lpuart1', 'CCIPR.LPUART1SEL', 'pclk1'],
];

const I2C_SOURCES = ['pclk1', 'sysclk', 'hsi'];
const LPTIM_SOURCES = ['pclk1', 'lsi', 'hsi', 'lse'];
/** RM0351 6.4.28. */
const KERNELS: readonly KernelMux[] = [
  { field: 'CCIPR.I2C1SEL', sources: I2C_SOURCES, clocks: ['i2c1'] },
  { field: 'CCIPR.I2C2SEL', sources: I2C_SOURCES, clocks: ['i2c2'] },
  { field: 'CCIPR.I2C3SEL', sources: I2C_SOURCES, clocks: ['i2c3'] },
  { field: 'CCIPR2.I2C4SEL', sources: I2C_SOURCES, clocks: ['i2c4'] },
  { field: 'CCIPR.LPTIM1SEL', sources: LPTIM_SOURCES, clocks: ['lptim1'] },
  { field: 'CCIPR.LPTIM2SEL', sources: LPTIM_SOURCES, clocks: ['lptim2'] },
  { field: 'CCIPR.ADCSEL', sources: [null, 'pllsai1r', 'pllsai2r', 'sysclk'], clocks: ['adc'] },
];

interface Output {
  readonly clock: string;
  readonly enable: Field;
  divider(c: Ctx): number | null;
}
interface Pll {
  readonly name: string;
  readonly on: Field;
  readonly rdy: Field;
  readonly n: Field;
  /** Divider of its input: PLLM, but where each PLL has its own (L4+). */
  readonly m: Field;
  readonly config: Register;
  readonly outputs: readonly Output[];
}

/** HPRE of WB below 8 (RM0434 8.4.3). */
const WB_HPRE: Readonly<Record<number, number>> = { 1: 3, 2: 5, 5: 6, 6: 10, 7: 32 };
/** Q and R divide by 2, 4, 6, 8. */
const pllEvenDivider = (v: number): number => 2 * (v + 1);
const plusOne = (v: number): number => v + 1;
/** P divides by PDIV (2…31) where the chip has it and it is not 0, else by 7 or 17. PDIV = 1 is not allowed. */
const pllPDivider = (pdiv: number, p: number): number | null => (pdiv === 0 ? (p ? 17 : 7) : pdiv === 1 ? null : pdiv);

class RccL4 extends RccBase {
  override readonly wwdgEnable: Field | null;
  /** RM0351 Table 26, RM0434 Table 30 (documented). */
  protected override readonly inStop2 = ['lpuart1', 'i2c3', 'lptim1'];
  protected readonly oscillators: Readonly<Record<string, OscillatorFields>>;
  protected readonly backup: BackupFields;
  protected readonly sw: Field;
  protected readonly sws: Field;
  protected readonly swNames: readonly string[];
  protected readonly flags;
  protected readonly interrupts: InterruptFields;
  protected readonly cr: Register;
  protected readonly csson: Field;
  protected readonly sysclkPll: Field;
  private readonly cicr: Register;
  private readonly csr: Register;
  private readonly plls: readonly Pll[];
  private readonly pllsrc: Field;
  private readonly pllm: Field;
  /** Where there is no MSIRGSEL (WB), MSIRANGE counts from reset on. */
  private readonly msi: {
    readonly range: Field;
    readonly pllen: Field;
    readonly rgsel: Field | null;
    readonly srange: Field | null;
  } | null;
  private readonly hpre: Field;
  private readonly hsepre: Field | null;
  private readonly ppre: readonly Field[];
  private readonly clk48sel: Field;
  private readonly stopwuck: Field | null;
  private readonly clk48: readonly (string | null)[];
  private readonly vcoRange: readonly [number, number];
  private readonly inputRange: readonly [number, number];
  private readonly usarts: readonly { clock: string; field: Field; bus: string }[];
  private readonly kernels: ReturnType<typeof kernelMuxes>;
  readonly timers: readonly string[];

  constructor(layout: Layout, options: RccL4Options) {
    super(layout);
    this.wwdgEnable = layout.hasField('APB1ENR1.WWDGEN') ? layout.field('APB1ENR1.WWDGEN') : null;
    const f = this.f;
    const optional = (path: string): Field | null => (layout.hasField(path) ? f(path) : null);
    const hasMsi = layout.hasField('CR.MSION');
    const lsi = layout.hasField('CSR.LSI1ON') ? 'LSI1' : 'LSI';
    this.swNames = options.sysclk ?? SW_NAMES;
    this.clk48 = options.clk48 ?? CLK48;
    this.vcoRange = options.vco ?? VCO_RANGE;
    this.inputRange = options.pllInput ?? PLL_INPUT;
    this.cr = layout.reg('CR');
    this.cicr = layout.reg('CICR');
    this.csr = layout.reg('CSR');
    this.oscillators = {
      lse: { on: f('BDCR.LSEON'), rdy: f('BDCR.LSERDY'), bypass: f('BDCR.LSEBYP') },
      lsi: { on: f(`CSR.${lsi}ON`), rdy: f(`CSR.${lsi}RDY`) },
      ...(lsi === 'LSI1' ? { lsi2: { on: f('CSR.LSI2ON'), rdy: f('CSR.LSI2RDY') } } : {}),
      ...(hasMsi ? { msi: { on: f('CR.MSION'), rdy: f('CR.MSIRDY') } } : {}),
      hsi: { on: f('CR.HSION'), rdy: f('CR.HSIRDY') },
      hse: { on: f('CR.HSEON'), rdy: f('CR.HSERDY'), bypass: f('CR.HSEBYP') },
      ...(layout.has('CRRCR') ? { hsi48: { on: f('CRRCR.HSI48ON'), rdy: f('CRRCR.HSI48RDY') } } : {}),
    };
    this.interrupts = {
      flags: layout.reg('CIFR'),
      enables: layout.reg('CIER'),
      shift: 0,
      ready: READY_BITS,
      css: CSS_BIT,
      lsecss: LSECSS_BIT,
    };
    this.backup = {
      bdcr: layout.reg('BDCR'),
      rtcsel: f('BDCR.RTCSEL'),
      rtcen: f('BDCR.RTCEN'),
      bdrst: f('BDCR.BDRST'),
      lseFrozen: f('BDCR.LSEBYP').mask,
      lsecss: { on: f('BDCR.LSECSSON'), failed: f('BDCR.LSECSSD') },
    };
    this.sw = f('CFGR.SW');
    this.sws = f('CFGR.SWS');
    this.flags = { register: this.csr, rmvf: f('CSR.RMVF') };
    this.pllsrc = f('PLLCFGR.PLLSRC');
    this.pllm = f('PLLCFGR.PLLM');
    this.plls = ['PLL', 'PLLSAI1', 'PLLSAI2'].filter((p) => layout.has(`${p}CFGR`)).map((p) => this.pll(p, options));
    this.msi = hasMsi
      ? { range: f('CR.MSIRANGE'), pllen: f('CR.MSIPLLEN'), rgsel: optional('CR.MSIRGSEL'), srange: optional('CSR.MSISRANGE') }
      : null;
    this.hsepre = options.wb ? f('CR.HSEPRE') : null;
    this.hpre = f('CFGR.HPRE');
    this.ppre = [f('CFGR.PPRE1'), f('CFGR.PPRE2')];
    this.clk48sel = f('CCIPR.CLK48SEL');
    this.stopwuck = optional('CFGR.STOPWUCK');
    this.csson = f('CR.CSSON');
    this.sysclkPll = this.plls[0]!.on;
    this.usarts = USARTS.filter(([, path]) => layout.hasField(path)).map(([clock, path, bus]) => ({ clock, field: f(path), bus }));
    this.kernels = kernelMuxes(layout, [...KERNELS, ...(options.kernels ?? [])]);
    this.timers = [...Object.keys(this.oscillators), ...this.plls.map((p) => p.name), 'msi.lock', ...this.baseTimers()];
  }

  private pll(p: string, options: RccL4Options): Pll {
    const f = this.f;
    const name = p.toLowerCase();
    // WB calls the fields of PLLSAI1CFGR as those of PLLCFGR.
    const prefix = options.wb ? 'PLL' : p;
    const field = (x: string): Field => f(`${p}CFGR.${prefix}${x}`);
    const outputs: Output[] = [
      {
        clock: `${name}p`,
        enable: field('PEN'),
        divider: options.wb
          ? (c) => plusOne(field('P').get(c))
          : (c) => pllPDivider(options.pllPdiv ? field('PDIV').get(c) : 0, field('P').get(c)),
      },
    ];
    const divider = options.wb ? plusOne : pllEvenDivider;
    for (const x of ['Q', 'R']) {
      if (!this.layout.hasField(`${p}CFGR.${prefix}${x}EN`)) continue;
      const div = field(x);
      outputs.push({ clock: `${name}${x.toLowerCase()}`, enable: field(`${x}EN`), divider: (c) => divider(div.get(c)) });
    }
    const m = p !== 'PLL' && this.layout.hasField(`${p}CFGR.${p}M`) ? field('M') : this.pllm;
    return { name, on: f(`CR.${p}ON`), rdy: f(`CR.${p}RDY`), n: field('N'), m, config: this.layout.reg(`${p}CFGR`), outputs };
  }

  private range(c: Ctx): number {
    const { rgsel, range, srange } = this.msi!;
    return !srange || rgsel?.get(c) ? range.get(c) : srange.get(c);
  }
  protected override startTime(c: Ctx, name: string): number {
    return name === 'msi' ? this.parameter(c, `msi.start.${this.range(c)}.ps`) : super.startTime(c, name);
  }
  protected override ownRate(c: Ctx, name: string): Rate | null {
    if (name === 'hse' && this.hsepre?.get(c)) {
      const hse = super.ownRate(c, name);
      return hse && scaleRate(hse, 1, 2);
    }
    if (name !== 'msi') return super.ownRate(c, name);
    if (!this.isReady(c, 'msi')) return null;
    const range = this.range(c);
    const lse = c.env.parameter('lse.hz');
    if (c.s.msiLocked && lse !== undefined) return this.actual(c, 'lse', lse * (MSI_LSE_MULTIPLES[range] ?? 0));
    const hz = MSI_HZ[range];
    return hz === undefined ? null : this.actual(c, name, hz);
  }

  protected override hpreDivider(value: number): number {
    return (this.hsepre && WB_HPRE[value]) || super.hpreDivider(value);
  }
  private pllInput(c: Ctx): string | null {
    const source = PLL_SOURCES[this.pllsrc.get(c)]!;
    return source !== null && this.oscillators[source] && this.isReady(c, source) ? source : null;
  }
  private vco(c: Ctx, pll: Pll, rates: Record<string, Rate | null>): Rate | null {
    const source = this.pllInput(c);
    const input = source === null ? null : (rates[source] ?? null);
    const n = pll.n.get(c);
    return input && n > 0 ? scaleRate(input, n, pll.m.get(c) + 1) : null;
  }

  /** A PLL locks a while after it is on and its input runs; it loses lock with either. */
  protected followPlls(c: Ctx): void {
    this.followMsiLock(c);
    for (const pll of this.plls) {
      if (pll.on.get(c) && this.pllInput(c) !== null && pll.n.get(c) > 0) {
        if (!pll.rdy.get(c) && c.env.due(pll.name) === Infinity) c.env.arm(pll.name, c.env.now() + this.parameter(c, 'pll.lock.ps'));
      } else {
        c.env.disarm(pll.name);
        if (pll.rdy.get(c)) pll.rdy.set(c, 0);
      }
    }
  }
  /** PLL mode of MSI: calibrated against LSE while both run. Without LSE the hardware drops MSIPLLEN. */
  private followMsiLock(c: Ctx): void {
    if (!this.msi) return;
    if (this.msi.pllen.get(c) && this.isReady(c, 'lse') && this.isReady(c, 'msi')) {
      if (!c.s.msiLocked && c.env.due('msi.lock') === Infinity) c.env.arm('msi.lock', c.env.now() + this.parameter(c, 'msi.lock.ps'));
      return;
    }
    c.env.disarm('msi.lock');
    c.s.msiLocked = false;
  }

  protected rates(c: Ctx): Record<string, Rate | null> {
    const rates: Record<string, Rate | null> = {};
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    // The IWDG and the RTC take LSI2 where it runs (RM0434 8.2.7).
    if (rates['lsi2']) rates['lsi'] = rates['lsi2'];
    for (const pll of this.plls) {
      const vco = pll.rdy.get(c) ? this.vco(c, pll, rates) : null;
      for (const o of pll.outputs) {
        const divider = o.divider(c);
        rates[o.clock] = vco && divider !== null && o.enable.get(c) ? scaleRate(vco, 1, divider) : null;
      }
    }
    this.addBuses(c, rates, this.hpre, this.ppre);
    rates['rtc'] = this.rtcRate(c, rates);
    rates['usb'] = rates[this.clk48[this.clk48sel.get(c)] ?? ''] ?? null;
    for (const u of this.usarts) {
      const source = u.field.get(c) === 0 ? u.bus : KERNEL[u.field.get(c)]!;
      rates[u.clock] = rates[source] ?? null;
    }
    addKernelClocks(c, rates, this.kernels);
    return rates;
  }

  protected pllUses(c: Ctx, name: string): boolean {
    return PLL_SOURCES[this.pllsrc.get(c)] === name;
  }
  protected override pllSwitches(): readonly Field[] {
    return this.plls.map((pll) => pll.on);
  }
  protected resetFlags(cause: ResetCause): readonly string[] {
    return resetFlagNames(cause, 'BORRSTF');
  }
  protected override setReady(c: Ctx, name: string): void {
    const pll = this.plls.find((p) => p.name === name);
    if (pll) {
      pll.rdy.set(c, 1);
      this.checkPll(c, pll);
    } else super.setReady(c, name);
  }
  private checkPll(c: Ctx, pll: Pll): void {
    const source = this.pllInput(c);
    const rate = source === null ? null : this.oscillatorRate(c, source);
    const name = pll.name.toUpperCase();
    checkPllRate(c, name, source, source === null ? null : this.vco(c, pll, { [source]: rate }), this.vcoRange);
    checkPllRate(c, name, source, rate && scaleRate(rate, 1, pll.m.get(c) + 1), this.inputRange, 'input');
  }

  override onTimer(c: Ctx, timer: string): void {
    if (timer !== 'msi.lock') return super.onTimer(c, timer);
    c.s.msiLocked = true;
    this.followAll(c);
  }
  /** Without LSE the hardware ends the PLL mode of MSI. */
  protected override lseFailed(c: Ctx): void {
    this.msi?.pllen.set(c, 0);
    super.lseFailed(c);
  }
  /** MSI or HSI16, as STOPWUCK says (RM0351 "clock security system"); HSI16 without MSI. */
  protected override emergencyClock(c: Ctx): number {
    return this.stopwuck?.get(c) ?? this.swNames.indexOf('hsi');
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.cr) return this.writeCr(c, merged);
    if (r === this.backup.bdcr) return this.writeBdcr(c, merged);
    if (r === this.cicr) return this.clearFlags(c, raw);
    if (r === this.csr) return this.writeCsr(c, merged, raw);
    const pll = this.plls.find((p) => p.config === r);
    if (pll) return this.writePll(c, r, merged, pll);
    if (r.name === 'CRRCR') return this.keepSources(c, r, merged);
  }
  protected override writeCr(c: Ctx, merged: number): number {
    const old = c.get(this.cr);
    let value = super.writeCr(c, merged);
    for (const name of ['msi', 'hsi', 'hse']) {
      const on = this.oscillators[name]?.on;
      if (!on?.of(old) || on.of(value) || PLL_SOURCES[this.pllsrc.get(c)] !== name || !this.plls.some((p) => p.on.of(old))) continue;
      c.env.note('guest', `RCC_CR.${on.name} cleared while a PLL runs from it: the PLL loses lock`);
    }
    // CSSON stays set until a reset.
    value |= old & this.csson.mask;
    return (this.msi ? this.writeMsi(c, this.msi, value, old) : value) >>> 0;
  }
  private writeMsi(c: Ctx, msi: NonNullable<RccL4['msi']>, written: number, old: number): number {
    // MSIRGSEL is set by software and cleared by a reset only.
    let value = written | (old & (msi.rgsel?.mask ?? 0));
    if (msi.range.of(value) >= MSI_HZ.length) {
      c.env.note('guest', `RCC_CR.MSIRANGE = ${msi.range.of(value)} does not exist: not changed`);
      value = (value & ~msi.range.mask) | (old & msi.range.mask);
    }
    if (msi.range.of(value) !== msi.range.of(old) && this.oscillators['msi']!.on.of(old) && !this.isReady(c, 'msi'))
      c.env.note('guest', 'RCC_CR.MSIRANGE changed while MSION = 1 and MSIRDY = 0, which the manual forbids');
    if (msi.pllen.of(value) && !msi.pllen.of(old) && !this.isReady(c, 'lse'))
      c.env.note('guest', 'RCC_CR.MSIPLLEN set before LSERDY: MSI runs free while the LSE is not ready');
    return value;
  }
  /** RMVF clears the flags and stays until software or a reset clears it. */
  private writeCsr(c: Ctx, merged: number, raw: number): number {
    let value = this.flags.rmvf.of(raw) ? (merged & ~this.flagMask()) >>> 0 : merged;
    // RM0351 6.4.29: 1, 2, 4 and 8 MHz, all others are reserved
    const srange = this.msi?.srange;
    const range = srange?.of(value);
    if (srange && range !== undefined && (range < 4 || range > 7)) {
      c.env.note('guest', `RCC_CSR.MSISRANGE = ${range} is reserved: not changed`);
      value = (value & ~srange.mask) | (c.get(this.csr) & srange.mask);
    }
    return value >>> 0;
  }
  /** Multipliers and dividers are frozen while the PLL is on; the output enables are not. PLLSRC serves all PLLs, and so does PLLM where they have no own. */
  private writePll(c: Ctx, r: Register, merged: number, pll: Pll): number {
    const old = c.get(r);
    let frozen = pll.on.get(c) ? ~pll.outputs.reduce((m, o) => m | o.enable.mask, 0) : 0;
    if (r === this.pllsrc.register && this.plls.some((p) => p.on.get(c))) frozen |= this.pllsrc.mask;
    if (r === this.pllm.register && this.plls.some((p) => p.m === this.pllm && p.on.get(c))) frozen |= this.pllm.mask;
    if ((merged ^ old) & frozen)
      c.env.note('guest', `RCC_${r.name} written while the PLL is on: only output enables change`, { is: 'lost', why: 'running' });
    const value = ((old & frozen) | (merged & ~frozen)) >>> 0;
    const output = this.plls[0]!.outputs.find((o) => o.clock === 'pllr')!.enable;
    return r === output.register ? this.keepSysclkOutput(c, output, value) : value;
  }

  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (value === old) return;
    if (r === this.interrupts.enables) this.interrupt(c);
    if (r === this.cr && !this.msi?.pllen.of(value)) c.s.msiLocked = false;
    if (/^(CR|BDCR|CSR|CFGR|PLL.*|CCIPR2?|CRRCR)$/.test(r.name)) this.followAll(c);
  }
  override onReset(c: Ctx, kind: ResetKind): void {
    if (kind !== 'backup') c.s.msiLocked = false;
    this.reset(c, kind, this.timers);
  }
}

export const rccL4: ModelFactory<RccL4Options> = (layout, options): RegisterModel<RccL4State> => {
  const rcc = new RccL4(layout, options);
  const field = (path: string): number => (layout.hasField(path) ? layout.field(path).mask : 0);
  return {
    about: {
      source: 'HAL-L4 hal_rcc.h and hal_rcc_ex.h; MSI in PLL mode and a PLL with its VCO out of range (assumed)',
      confidence: 'documented',
      lacks: ['sleep-mode enables', 'MCO and LSCO', 'trimming'],
    },
    ...rccModel(rcc, layout, /SMENR\d?$|^ICSCR$/),
    writable: {
      // Ready flags are the hardware's, whatever the SVD says; bits that software can only set are write-only there.
      CR:
        (layout.reg('CR').writable | field('CR.MSIRGSEL') | field('CR.CSSON')) &
        ~(
          field('CR.MSIRDY') |
          field('CR.HSIRDY') |
          field('CR.HSERDY') |
          field('CR.PLLRDY') |
          field('CR.PLLSAI1RDY') |
          field('CR.PLLSAI2RDY')
        ),
      CFGR: layout.reg('CFGR').writable & ~(field('CFGR.SWS') | field('CFGR.HPREF') | field('CFGR.PPRE1F') | field('CFGR.PPRE2F')),
      // Prescalers of CPU2 and of HCLK4 act at once; what they divide has no clock of its own here.
      ...(layout.has('EXTCFGR')
        ? { EXTCFGR: layout.reg('EXTCFGR').writable & ~(field('EXTCFGR.RFCSS') | field('EXTCFGR.C2HPREF') | field('EXTCFGR.SHDHPREF')) }
        : {}),
      BDCR: layout.reg('BDCR').writable & ~(field('BDCR.LSERDY') | field('BDCR.LSECSSD')),
    },
    create: () => ({ msiLocked: false }),
  };
};
