/**
 * RCC of STM32U5: MSIS and MSIK with their ranges and PLL mode, HSI16, HSE, HSI48, SHSI, LSI, LSE with its way to the peripherals, PLL1 to PLL3, SYSCLK switch, prescalers,
 * kernel clock muxes, ready interrupts, CSS, backup-domain control, reset flags.
 *
 * Facts: registers ST SVD STM32U575; ranges, muxes, PLL formulas and what is frozen when: RM0456 11 (recalled: reported) and ST HAL U5 hal_rcc.h, hal_rcc_ex.h; frequencies in
 * PLL mode as multiples of 32.768 kHz (DS13737, recalled: assumed); delays are parameters of the chip row.
 * Wires read: `reset.cause`, `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board), `vos` (PWR). Driven: `nmi`, `hse.on`, `epod.clock` = 1 while the booster's
 * clock (PLL1's source over PLL1MBOOST) is within 4 to 16 MHz.
 */
import type { ResetCause, ResetKind } from '../../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { rateHz, scaleRate, type Rate } from '../../emu/time.ts';
import { RccBase, RCC_WIRES, rccModel, type BackupFields, type InterruptFields, type OscillatorFields } from './rcc-common.ts';
import { pllVco } from './rcc-h.ts';
import { addKernelClocks, kernelMuxes, type KernelMux } from './rcc-kernels.ts';
import { checkPllRate, ppreDivider, resetFlagNames } from './rcc-rules.ts';
import type { Wire } from '../../emu/wires.ts';
import { EPOD_CLOCK, POWER_STOP, VOS } from '../wires.ts';

export interface RccU5State {
  /** MSIPLLSEL's oscillator is locked to LSE. */
  msiLocked: boolean;
  /** FRACN values latched into the PLLs' modulators. */
  frac: number[];
}
type Ctx = RegisterContext<RccU5State>;
type Rates = Record<string, Rate | null>;

/** Hertz of the four oscillators behind MSI, of which each serves four ranges: divided by 1, 2, 3 and 4. */
const MSIRC_HZ = [48e6, 4e6, 3.072e6, 0.4e6] as const;
/** In PLL mode, as multiples of LSE. */
const MSIRC_LSE_MULTIPLES = [1465, 122, 94, 12] as const;
const RANGES_OF_AN_OSCILLATOR = 4;
/** MSISSRANGE and MSIKSRANGE: 4 MHz down to 1 MHz, 3.072 MHz; others are reserved. */
const RESET_RANGES = [4, 8] as const;
const PLL_SOURCES = [null, 'msis', 'hsi', 'hse'] as const;
const VCO_RANGE = [128e6, 544e6] as const;
const BOOSTER_RANGE = [4e6, 16e6] as const;
/** Ready flag positions, equal in CIER, CIFR and CICR. */
const READY_BITS = { lsi: 0, lse: 1, msis: 2, hsi: 3, hse: 4, hsi48: 5, pll1: 6, pll2: 7, pll3: 8, msik: 11, shsi: 12 };
const CSS_BIT = 10;
const SYSTICK_LSI = 1;
const SYSTICK_LSE = 2;

const usart = (name: string, bus: string): KernelMux => ({
  field: `CCIPR1.${name.toUpperCase()}SEL`,
  sources: [bus, 'sysclk', 'hsi', 'lsesys'],
  clocks: [name],
});
const bySystem = (field: string, bus: string, clock: string): KernelMux => ({
  field,
  sources: [bus, 'sysclk', 'hsi', 'msik'],
  clocks: [clock],
});
const MUXES: readonly KernelMux[] = [
  usart('usart1', 'pclk2'),
  ...['usart2', 'usart3', 'uart4', 'uart5'].map((name) => usart(name, 'pclk1')),
  { field: 'CCIPR3.LPUART1SEL', sources: ['pclk3', 'sysclk', 'hsi', 'lsesys', 'msik'], clocks: ['lpuart1'] },
  ...[1, 2, 4].map((n) => bySystem(`CCIPR1.I2C${n}SEL`, 'pclk1', `i2c${n}`)),
  bySystem('CCIPR3.I2C3SEL', 'pclk3', 'i2c3'),
  bySystem('CCIPR1.SPI1SEL', 'pclk2', 'spi1'),
  bySystem('CCIPR1.SPI2SEL', 'pclk1', 'spi2'),
  bySystem('CCIPR3.SPI3SEL', 'pclk3', 'spi3'),
  { field: 'CCIPR3.LPTIM1SEL', sources: ['msik', 'lsi', 'hsi', 'lsesys'], clocks: ['lptim1'] },
  { field: 'CCIPR1.LPTIM2SEL', sources: ['pclk1', 'lsi', 'hsi', 'lsesys'], clocks: ['lptim2'] },
  { field: 'CCIPR3.LPTIM34SEL', sources: ['msik', 'lsi', 'hsi', 'lsesys'], clocks: ['lptim34'] },
  { field: 'CCIPR3.ADCDACSEL', sources: ['hclk', 'sysclk', 'pll2r', 'hse', 'hsi', 'msik'], clocks: ['adc'] },
  { field: 'CCIPR1.ICLKSEL', sources: ['hsi48', 'pll2q', 'pll1q', 'msik'], clocks: ['usb'] },
  { field: 'CCIPR1.FDCAN1SEL', sources: ['hse', 'pll1q', 'pll2p'], clocks: ['fdcan'] },
];

interface Pll {
  readonly name: string;
  readonly on: Field;
  readonly rdy: Field;
  readonly src: Field;
  readonly m: Field;
  readonly n: Field;
  readonly fracn: Field;
  readonly fracen: Field;
  readonly outputs: readonly { readonly clock: string; readonly enable: Field; readonly div: Field }[];
}
interface Msi {
  readonly range: Field;
  readonly resetRange: Field;
}

class RccU5 extends RccBase {
  override readonly wwdgEnable: Field | null;
  protected readonly oscillators: Readonly<Record<string, OscillatorFields>>;
  protected readonly backup: BackupFields;
  protected readonly sw: Field;
  protected readonly sws: Field;
  protected readonly swNames = ['msis', 'hsi', 'hse', 'pll1r'] as const;
  /** RM0456 Table 97 (recalled: reported): the blocks of the SmartRun domain. */
  protected override readonly inStop2 = ['lpuart1', 'i2c3', 'lptim1', 'lptim34'];
  protected readonly flags: { readonly register: Register; readonly rmvf: Field };
  protected readonly interrupts: InterruptFields;
  protected readonly cr: Register;
  protected readonly csson: Field;
  protected readonly sysclkPll: Field;
  protected override readonly hseFrozen: number;
  readonly timers: readonly string[];
  private readonly places: { readonly cicr: Register; readonly csr: Register; readonly icscr1: Register };
  private readonly plls: readonly Pll[];
  private readonly mboost: Field;
  private readonly msi: Readonly<Record<string, Msi>>;
  private readonly msirgsel: Field;
  private readonly msipllen: Field;
  private readonly msipllsel: Field;
  private readonly hpre: Field;
  private readonly ppre: readonly Field[];
  private readonly ppre3: Field;
  private readonly stopwuck: Field;
  private readonly stopkerwuck: Field;
  private readonly rngsel: Field;
  private readonly systicksel: Field;
  private readonly lsesysen: Field;
  private readonly lsesysrdy: Field;
  private readonly kernels: ReturnType<typeof kernelMuxes>;

  constructor(layout: Layout) {
    super(layout);
    this.wwdgEnable = layout.hasField('APB1ENR1.WWDGEN') ? layout.field('APB1ENR1.WWDGEN') : null;
    const f = this.f;
    const osc = (register: string, name: string): OscillatorFields => ({
      on: f(`${register}.${name}ON`),
      rdy: f(`${register}.${name}RDY`),
    });
    this.cr = layout.reg('CR');
    this.places = { cicr: layout.reg('CICR'), csr: layout.reg('CSR'), icscr1: layout.reg('ICSCR1') };
    this.oscillators = {
      lse: { ...osc('BDCR', 'LSE'), bypass: f('BDCR.LSEBYP') },
      lsi: osc('BDCR', 'LSI'),
      msis: osc('CR', 'MSIS'),
      msik: osc('CR', 'MSIK'),
      hsi: osc('CR', 'HSI'),
      hse: { ...osc('CR', 'HSE'), bypass: f('CR.HSEBYP') },
      hsi48: osc('CR', 'HSI48'),
      shsi: osc('CR', 'SHSI'),
    };
    this.hseFrozen = f('CR.HSEEXT').mask;
    this.interrupts = { flags: layout.reg('CIFR'), enables: layout.reg('CIER'), shift: 0, ready: READY_BITS, css: CSS_BIT };
    this.backup = {
      bdcr: layout.reg('BDCR'),
      rtcsel: f('BDCR.RTCSEL'),
      rtcen: f('BDCR.RTCEN'),
      bdrst: f('BDCR.BDRST'),
      lseFrozen: f('BDCR.LSEBYP').mask | f('BDCR.LSEDRV').mask,
      lsecss: { on: f('BDCR.LSECSSON'), failed: f('BDCR.LSECSSD') },
    };
    [this.sw, this.sws] = [f('CFGR1.SW'), f('CFGR1.SWS')];
    this.flags = { register: this.places.csr, rmvf: f('CSR.RMVF') };
    this.csson = f('CR.CSSON');
    this.plls = [1, 2, 3].map((i) => this.pll(`PLL${i}`));
    this.sysclkPll = this.plls[0]!.on;
    this.mboost = f('PLL1CFGR.PLL1MBOOST');
    this.msi = {
      msis: { range: f('ICSCR1.MSISRANGE'), resetRange: f('CSR.MSISSRANGE') },
      msik: { range: f('ICSCR1.MSIKRANGE'), resetRange: f('CSR.MSIKSRANGE') },
    };
    this.msirgsel = f('ICSCR1.MSIRGSEL');
    [this.msipllen, this.msipllsel] = [f('CR.MSIPLLEN'), f('CR.MSIPLLSEL')];
    this.hpre = f('CFGR2.HPRE');
    this.ppre = [f('CFGR2.PPRE1'), f('CFGR2.PPRE2')];
    this.ppre3 = f('CFGR3.PPRE3');
    [this.stopwuck, this.stopkerwuck] = [f('CFGR1.STOPWUCK'), f('CFGR1.STOPKERWUCK')];
    this.rngsel = f('CCIPR2.RNGSEL');
    this.systicksel = f('CCIPR1.SYSTICKSEL');
    [this.lsesysen, this.lsesysrdy] = [f('BDCR.LSESYSEN'), f('BDCR.LSESYSRDY')];
    this.kernels = kernelMuxes(layout, MUXES);
    this.timers = [...Object.keys(this.oscillators), ...this.plls.map((p) => p.name), 'msi.lock', ...this.baseTimers()];
  }
  private pll(name: string): Pll {
    const f = this.f;
    return {
      name: name.toLowerCase(),
      on: f(`CR.${name}ON`),
      rdy: f(`CR.${name}RDY`),
      src: f(`${name}CFGR.${name}SRC`),
      m: f(`${name}CFGR.${name}M`),
      n: f(`${name}DIVR.${name}N`),
      fracn: f(`${name}FRACR.${name}FRACN`),
      fracen: f(`${name}CFGR.${name}FRACEN`),
      outputs: ['P', 'Q', 'R'].map((o) => ({
        clock: `${name}${o}`.toLowerCase(),
        enable: f(`${name}CFGR.${name}${o}EN`),
        div: f(`${name}DIVR.${name}${o}`),
      })),
    };
  }

  // ---- MSI ---------------------------------------------------------------------------------------------------------------------------
  private range(c: Ctx, name: string): number {
    const { range, resetRange } = this.msi[name]!;
    return (this.msirgsel.get(c) ? range : resetRange).get(c);
  }
  /** The PLL mode holds for the oscillator that MSIPLLSEL names, and for the other output where both take the same one. */
  private msiRate(c: Ctx, name: string): Rate {
    const range = this.range(c, name);
    const source = Math.floor(range / RANGES_OF_AN_OSCILLATOR);
    const divider = (range % RANGES_OF_AN_OSCILLATOR) + 1;
    const locked = Math.floor(this.range(c, this.lockedMsi(c)) / RANGES_OF_AN_OSCILLATOR) === source;
    const lse = c.env.parameter('lse.hz');
    if (c.s.msiLocked && locked && lse !== undefined)
      return scaleRate(this.actual(c, 'lse', lse * MSIRC_LSE_MULTIPLES[source]!), 1, divider);
    return scaleRate(this.actual(c, name, MSIRC_HZ[source]!), 1, divider);
  }
  private lockedMsi(c: Ctx): string {
    return this.msipllsel.get(c) ? 'msis' : 'msik';
  }
  private followMsiLock(c: Ctx): void {
    if (this.msipllen.get(c) && this.isReady(c, 'lse') && this.isReady(c, this.lockedMsi(c))) {
      if (!c.s.msiLocked && c.env.due('msi.lock') === Infinity) c.env.arm('msi.lock', c.env.now() + this.parameter(c, 'msi.lock.ps'));
      return;
    }
    c.env.disarm('msi.lock');
    c.s.msiLocked = false;
  }
  protected override ownRate(c: Ctx, name: string): Rate | null {
    if (!this.msi[name]) return super.ownRate(c, name);
    return this.gives(c, name) ? this.msiRate(c, name) : null;
  }

  // ---- rates -------------------------------------------------------------------------------------------------------------------------
  private pllSource(c: Ctx, pll: Pll): string | null {
    return PLL_SOURCES[pll.src.get(c)]!;
  }
  private pllInput(c: Ctx, pll: Pll): Rate | null {
    const source = this.pllSource(c, pll);
    return source === null ? null : this.oscillatorRate(c, source);
  }
  private vco(c: Ctx, i: number): Rate | null {
    const pll = this.plls[i]!;
    const input = this.pllInput(c, pll);
    return input && pllVco(input, pll.m.get(c) + 1, pll.n.get(c), pll.fracen.get(c) ? c.s.frac[i]! : 0);
  }
  protected rates(c: Ctx): Rates {
    const rates: Rates = {};
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    this.plls.forEach((pll, i) => {
      const vco = pll.rdy.get(c) ? this.vco(c, i) : null;
      for (const o of pll.outputs) rates[o.clock] = vco && o.enable.get(c) ? scaleRate(vco, 1, o.div.get(c) + 1) : null;
    });
    this.addBuses(c, rates, this.hpre, this.ppre);
    const hclk = rates['hclk'] ?? null;
    // No timer hangs on APB3.
    rates['pclk3'] = hclk && scaleRate(hclk, 1, ppreDivider(this.ppre3.get(c)));
    rates['lsesys'] = this.lsesysrdy.get(c) ? rates['lse']! : null;
    const tick = this.systicksel.get(c);
    if (tick !== 0) rates['systick-ext'] = tick === SYSTICK_LSI ? rates['lsi']! : tick === SYSTICK_LSE ? rates['lsesys'] : null;
    rates['rtc'] = this.rtcRate(c, rates);
    const hsi48 = rates['hsi48']!;
    rates['rng'] = [hsi48, hsi48 && scaleRate(hsi48, 1, 2), rates['hsi']!, null][this.rngsel.get(c)]!;
    addKernelClocks(c, rates, this.kernels);
    return rates;
  }

  // ---- what follows ------------------------------------------------------------------------------------------------------------------
  /** A PLL locks a while after it is on and its input runs; it loses lock with either. */
  protected followPlls(c: Ctx): void {
    this.followMsiLock(c);
    this.lsesysrdy.set(c, this.lsesysen.get(c) && this.isReady(c, 'lse') ? 1 : 0);
    this.plls.forEach((pll, i) => {
      if (pll.on.get(c) && this.pllInput(c, pll) !== null) {
        if (pll.rdy.get(c) || c.env.due(pll.name) !== Infinity) return;
        if (pll.fracen.get(c)) c.s.frac[i] = pll.fracn.get(c);
        c.env.arm(pll.name, c.env.now() + this.parameter(c, pll.fracen.get(c) ? 'pll.lock.fractional.ps' : 'pll.lock.ps'));
      } else {
        c.env.disarm(pll.name);
        if (pll.rdy.get(c)) pll.rdy.set(c, 0);
      }
    });
    c.env.setWire(EPOD_CLOCK, this.boosterRuns(c) ? 1 : 0);
  }
  /** PLL1MBOOST: 0 = undivided, n = divided by 2n. */
  private boosterRuns(c: Ctx): boolean {
    const input = this.pllInput(c, this.plls[0]!);
    if (!input) return false;
    const hz = rateHz(input) / Math.max(1, 2 * this.mboost.get(c));
    return hz >= BOOSTER_RANGE[0] && hz <= BOOSTER_RANGE[1];
  }
  protected pllUses(c: Ctx, name: string): boolean {
    return this.pllSource(c, this.plls[0]!) === name;
  }
  protected override pllSwitches(): readonly Field[] {
    return this.plls.map((pll) => pll.on);
  }
  protected resetFlags(cause: ResetCause): readonly string[] {
    return resetFlagNames(cause, 'BORRSTF');
  }
  protected override setReady(c: Ctx, name: string): void {
    const i = this.plls.findIndex((p) => p.name === name);
    if (i < 0) return super.setReady(c, name);
    this.plls[i]!.rdy.set(c, 1);
    this.checkPll(c, i);
  }
  /** ASSUMED: a PLL locks with its VCO out of range, and in voltage range 4, too; the timeline says so. */
  private checkPll(c: Ctx, i: number): void {
    const name = `PLL${i + 1}`;
    checkPllRate(c, name, this.pllSource(c, this.plls[i]!), this.vco(c, i), VCO_RANGE);
    if (c.env.wire(VOS) === 0) c.env.note('guest', `${name} on in voltage range 4, which has no PLLs (RM0456)`);
  }
  override onTimer(c: Ctx, timer: string): void {
    if (timer !== 'msi.lock') return super.onTimer(c, timer);
    c.s.msiLocked = true;
    this.followAll(c);
  }
  /** Without LSE the hardware ends the PLL mode of MSI. */
  protected override lseFailed(c: Ctx): void {
    this.msipllen.set(c, 0);
    super.lseFailed(c);
  }
  /** MSIS or HSI16, as STOPWUCK says. */
  protected override emergencyClock(c: Ctx): number {
    return this.stopwuck.get(c);
  }
  /** STOPKERWUCK: the kernel's oscillator that runs behind Stop, MSIK or HSI16. */
  override onWire(c: Ctx, wire: Wire, value: number): void {
    if (wire === POWER_STOP && value === 0) this.oscillators[this.stopkerwuck.get(c) ? 'hsi' : 'msik']!.on.set(c, 1);
    super.onWire(c, wire, value);
  }

  // ---- accesses ----------------------------------------------------------------------------------------------------------------------
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.cr) return (this.writeCr(c, merged) | (c.get(r) & this.csson.mask)) >>> 0;
    if (r === this.backup.bdcr) return this.writeBdcr(c, merged);
    if (r === this.places.cicr) return this.clearFlags(c, raw);
    if (r === this.places.csr) return this.writeCsr(c, merged, raw);
    // MSIRGSEL is set by software and cleared by a reset only.
    if (r === this.places.icscr1) return (merged | (c.get(r) & this.msirgsel.mask)) >>> 0;
    const i = this.plls.findIndex((p) => p.src.register === r || p.n.register === r);
    if (i >= 0) return this.writePll(c, r, merged, this.plls[i]!);
  }
  /** RMVF clears the flags; reserved ranges are ignored. */
  private writeCsr(c: Ctx, merged: number, raw: number): number {
    const old = c.get(this.places.csr);
    let value = this.flags.rmvf.of(raw) ? merged & ~this.flagMask() : merged;
    for (const name in this.msi) {
      const { resetRange } = this.msi[name]!;
      const range = resetRange.of(value);
      if (range >= RESET_RANGES[0] && range <= RESET_RANGES[1]) continue;
      c.env.note('guest', `RCC_CSR.${resetRange.name} = ${range} is reserved: not changed`);
      value = (value & ~resetRange.mask) | (old & resetRange.mask);
    }
    return value >>> 0;
  }
  /** Source, dividers and multiplier are frozen while the PLL is on; the output enables and the fraction's latch are not. */
  private writePll(c: Ctx, r: Register, merged: number, pll: Pll): number {
    const { on, outputs, fracen } = pll;
    if (!on.get(c)) return merged;
    const old = c.get(r);
    const free = r === fracen.register ? outputs.reduce((m, o) => m | o.enable.mask, fracen.mask) : 0;
    if ((merged ^ old) & ~free)
      c.env.note('guest', `RCC_${r.name} written while ${on.name} = 1: only output enables and FRACEN change`, {
        is: 'lost',
        why: 'running',
      });
    const value = ((old & ~free) | (merged & free)) >>> 0;
    const system = this.plls[0]!.outputs[2]!.enable;
    return r === system.register ? this.keepSysclkOutput(c, system, value) : value;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (value === old) return;
    this.plls.forEach(({ fracen, fracn }, i) => {
      if (r === fracen.register && fracen.of(value) && !fracen.of(old)) c.s.frac[i] = fracn.get(c);
    });
    if (r === this.interrupts.enables) this.interrupt(c);
    if (r === this.cr && !this.msipllen.of(value)) c.s.msiLocked = false;
    if (r.name === 'CFGR2' && value >>> 16 && !(old >>> 16))
      c.env.note('gap', 'RCC_CFGR2 AHBxDIS/APBxDIS: stopping a whole bus is not modelled');
    if (/^(CR|BDCR|CSR|ICSCR1|CFGR[123]|PLL.*|CCIPR\d)$/.test(r.name)) this.followAll(c);
  }
  override onReset(c: Ctx, kind: ResetKind): void {
    if (kind !== 'backup') {
      c.s.msiLocked = false;
      c.s.frac.fill(0);
    }
    this.reset(c, kind, this.timers);
  }
}

export const rccU5: ModelFactory = (layout): RegisterModel<RccU5State> => {
  const rcc = new RccU5(layout);
  const field = (path: string): number => layout.field(path).mask;
  return {
    about: {
      source: 'RM0456 RCC (recalled), HAL-U5; a PLL locks with its VCO out of range (assumed)',
      confidence: 'reported',
      lacks: [
        'sleep-mode and autonomous-mode enables',
        'MCO and LSCO',
        'trimming',
        'stopping a whole bus',
        'LSI divided by 128',
        'security and privilege',
      ],
    },
    ...rccModel(rcc, layout, /SMENR\d?$|^(SRDAMR|ICSCR[23]|CRRCR|SECCFGR|PRIVCFGR)$/),
    wires: RCC_WIRES,
    writable: {
      // Ready and failure flags are the hardware's, whatever the SVD says.
      BDCR: layout.reg('BDCR').writable & ~(field('BDCR.LSERDY') | field('BDCR.LSIRDY') | field('BDCR.LSECSSD') | field('BDCR.LSESYSRDY')),
      CICR: 0,
    },
    create: () => ({ msiLocked: false, frac: [0, 0, 0] }),
  };
};
