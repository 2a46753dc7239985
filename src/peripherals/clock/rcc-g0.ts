/**
 * RCC of STM32G0 and C0: HSI with its divider, HSE, HSI48, LSI, LSE, PLL (G0), SYSCLK switch with LSI and LSE, prescalers, kernel clock muxes, ready interrupts,
 * CSS, backup-domain control (C0: CSR1), reset flags.
 *
 * Facts: registers ST SVD; clock tree RM0444 5.2 and 5.4, RM0490 6.2 and 6.4 (documented as far as quoted in public drivers; recalled); HSIDIV acts at once (assumed). Delays
 * are parameters of the chip row. Wires read: `reset.cause`, `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board). Driven: `nmi`, `hse.on`.
 */
import type { ResetCause } from '../../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { scaleRate, type Rate } from '../../emu/time.ts';
import { RccBase, rccModel, type BackupFields, type InterruptFields, type OscillatorFields } from './rcc-common.ts';
import { addKernelClocks, kernelMuxes, type KernelMux } from './rcc-kernels.ts';
import { checkPllRate, resetFlagNames } from './rcc-rules.ts';

export interface RccG0Options {
  /** HSI48 of the USB: its bits in CR, `HSI48` or `HSIUSB48`; left out = there is none. */
  readonly usbOscillator?: string;
  /** Clock behind each value of USBSEL. */
  readonly usb?: readonly (string | null)[];
}
type Ctx = RegisterContext<object>;
type Rates = Record<string, Rate | null>;

const PLL_SOURCES = [null, null, 'hsi', 'hse'] as const;
/** `hsi` is HSISYS, behind HSIDIV; `hsiker` in front of it. */
const SW_G0 = ['hsi', 'hse', 'pllr', 'lsi', 'lse'] as const;
const SW_C0 = ['hsi', 'hse', 'hsi48', 'lsi', 'lse'] as const;
const USARTS = ['pclk1', 'sysclk', 'hsiker', 'lse'];
const I2CS = ['pclk1', 'sysclk', 'hsiker'];
const LPTIMS = ['pclk1', 'lsi', 'hsiker', 'lse'];
const KERNELS: readonly KernelMux[] = [
  ...['usart1', 'usart2', 'usart3', 'lpuart1', 'lpuart2'].map((clock) => ({
    field: `CCIPR.${clock.toUpperCase()}SEL`,
    sources: USARTS,
    clocks: [clock],
  })),
  { field: 'CCIPR.I2C1SEL', sources: I2CS, clocks: ['i2c1'] },
  { field: 'CCIPR.I2C2SEL', sources: I2CS, clocks: ['i2c2'] },
  { field: 'CCIPR.LPTIM1SEL', sources: LPTIMS, clocks: ['lptim1'] },
  { field: 'CCIPR.LPTIM2SEL', sources: LPTIMS, clocks: ['lptim2'] },
  { field: 'CCIPR.ADCSEL', sources: ['sysclk', 'pllp', 'hsiker'], clocks: ['adc'] },
  { field: 'CCIPR2.FDCANSEL', sources: ['pclk1', 'pllq', 'hse'], clocks: ['fdcan'] },
];
/** Ready flags in CIER, CIFR and CICR. */
const READY_BITS = { lsi: 0, lse: 1, hsi48: 2, hsi: 3, hse: 4, pll: 5 };
const CSS_BIT = 8;
const LSECSS_BIT = 9;
/** Limits of the VCO in hertz, range 1 (RM0444 5.2.4). */
const VCO = [64e6, 344e6] as const;
/** Limits of what PLLM leaves of the source, in hertz (G0 data sheets, PLL characteristics). */
const PLL_INPUT = [2.66e6, 16e6] as const;

interface Pll {
  readonly on: Field;
  readonly rdy: Field;
  readonly source: Field;
  readonly m: Field;
  readonly n: Field;
  readonly outputs: readonly { readonly clock: string; readonly enable: Field; readonly divider: Field }[];
}

class RccG0 extends RccBase {
  override readonly wwdgEnable: Field | null;
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
  private readonly pllcfgr: Register | null;
  private readonly pll: Pll | null;
  private readonly hsidiv: Field;
  /** C0: what divides HSI for the kernels, and SYSCLK. */
  private readonly hsikerdiv: Field | null;
  private readonly sysdiv: Field | null;
  private readonly hpre: Field;
  private readonly ppre: Field;
  private readonly usbsel: Field | null;
  private readonly usb: readonly (string | null)[];
  private readonly kernels: ReturnType<typeof kernelMuxes>;
  readonly timers: readonly string[];

  constructor(layout: Layout, o: RccG0Options) {
    super(layout);
    this.wwdgEnable = layout.hasField('APBENR1.WWDGEN') ? layout.field('APBENR1.WWDGEN') : null;
    const f = this.f;
    const csr = layout.has('CSR') ? 'CSR' : 'CSR2';
    const bdcr = layout.has('BDCR') ? 'BDCR' : 'CSR1';
    this.cr = layout.reg('CR');
    this.cicr = layout.reg('CICR');
    this.csr = layout.reg(csr);
    this.oscillators = {
      lse: { on: f(`${bdcr}.LSEON`), rdy: f(`${bdcr}.LSERDY`), bypass: f(`${bdcr}.LSEBYP`) },
      lsi: { on: f(`${csr}.LSION`), rdy: f(`${csr}.LSIRDY`) },
      hsi: { on: f('CR.HSION'), rdy: f('CR.HSIRDY') },
      hse: { on: f('CR.HSEON'), rdy: f('CR.HSERDY'), bypass: f('CR.HSEBYP') },
      ...(o.usbOscillator ? { hsi48: { on: f(`CR.${o.usbOscillator}ON`), rdy: f(`CR.${o.usbOscillator}RDY`) } } : {}),
    };
    this.interrupts = {
      flags: layout.reg('CIFR'),
      enables: layout.reg('CIER'),
      shift: 0,
      ready: READY_BITS,
      css: CSS_BIT,
      lsecss: LSECSS_BIT,
    };
    // C0: the RTC's reset bit is not that of a whole domain, but resets the same.
    this.backup = {
      bdcr: layout.reg(bdcr),
      rtcsel: f(`${bdcr}.RTCSEL`),
      rtcen: f(`${bdcr}.RTCEN`),
      bdrst: f(layout.hasField(`${bdcr}.BDRST`) ? `${bdcr}.BDRST` : `${bdcr}.RTCRST`),
      lseFrozen: f(`${bdcr}.LSEBYP`).mask,
      lsecss: { on: f(`${bdcr}.LSECSSON`), failed: f(`${bdcr}.LSECSSD`) },
    };
    this.sw = f('CFGR.SW');
    this.sws = f('CFGR.SWS');
    this.flags = { register: this.csr, rmvf: f(`${csr}.RMVF`) };
    this.hsidiv = f('CR.HSIDIV');
    this.hsikerdiv = layout.hasField('CR.HSIKERDIV') ? f('CR.HSIKERDIV') : null;
    this.sysdiv = layout.hasField('CR.SYSDIV') ? f('CR.SYSDIV') : null;
    this.hpre = f('CFGR.HPRE');
    this.ppre = f('CFGR.PPRE');
    this.csson = f('CR.CSSON');
    this.pllcfgr = layout.has('PLLCFGR') ? layout.reg('PLLCFGR') : null;
    this.pll = this.pllcfgr && this.pllFields();
    this.swNames = this.pll ? SW_G0 : SW_C0;
    this.sysclkPll = this.pll?.on ?? f('CR.HSEON');
    const usbsel = ['CCIPR2.USBSEL', 'CCIPR.USBSEL'].find((path) => layout.hasField(path));
    this.usbsel = usbsel === undefined ? null : f(usbsel);
    this.usb = o.usb ?? [];
    this.kernels = kernelMuxes(
      layout,
      KERNELS.filter((k) => layout.hasField(k.field)),
    );
    this.timers = [...Object.keys(this.oscillators), 'pll', ...this.baseTimers()];
  }
  private pllFields(): Pll {
    const f = this.f;
    return {
      on: f('CR.PLLON'),
      rdy: f('CR.PLLRDY'),
      source: f('PLLCFGR.PLLSRC'),
      m: f('PLLCFGR.PLLM'),
      n: f('PLLCFGR.PLLN'),
      outputs: ['P', 'Q', 'R'].map((x) => ({
        clock: `pll${x.toLowerCase()}`,
        enable: f(`PLLCFGR.PLL${x}EN`),
        divider: f(`PLLCFGR.PLL${x}`),
      })),
    };
  }

  private pllInput(c: Ctx): string | null {
    const source = this.pll && PLL_SOURCES[this.pll.source.get(c)];
    return source && this.isReady(c, source) ? source : null;
  }
  private vco(c: Ctx, input: Rate | null | undefined): Rate | null {
    const n = this.pll!.n.get(c);
    return input && n >= 8 ? scaleRate(input, n, this.pll!.m.get(c) + 1) : null;
  }
  protected followPlls(c: Ctx): void {
    if (!this.pll) return;
    if (this.pll.on.get(c) && this.pllInput(c) !== null && this.pll.n.get(c) >= 8) {
      if (!this.pll.rdy.get(c) && c.env.due('pll') === Infinity) c.env.arm('pll', c.env.now() + this.parameter(c, 'pll.lock.ps'));
    } else {
      c.env.disarm('pll');
      if (this.pll.rdy.get(c)) this.pll.rdy.set(c, 0);
    }
  }

  // eslint-disable-next-line complexity -- the clock tree from its sources to its leaves
  protected rates(c: Ctx): Rates {
    const rates: Rates = {};
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    const hsi = rates['hsi'] ?? null;
    const source = this.pllInput(c);
    const vco = this.pll?.rdy.get(c) && source !== null ? this.vco(c, rates[source]) : null;
    rates['hsiker'] = hsi && scaleRate(hsi, 1, (this.hsikerdiv?.get(c) ?? 0) + 1);
    rates['hsi'] = hsi && scaleRate(hsi, 1, 1 << this.hsidiv.get(c));
    for (const o of this.pll?.outputs ?? [])
      rates[o.clock] = vco && o.enable.get(c) && o.divider.get(c) > 0 ? scaleRate(vco, 1, o.divider.get(c) + 1) : null;
    this.addBuses(c, rates, this.hpre, [this.ppre], 0, (this.sysdiv?.get(c) ?? 0) + 1);
    rates['rtc'] = this.rtcRate(c, rates);
    rates['usb'] = (this.usbsel && rates[this.usb[this.usbsel.get(c)] ?? '']) ?? null;
    addKernelClocks(c, rates, this.kernels);
    return rates;
  }

  protected pllUses(c: Ctx, name: string): boolean {
    return this.pll !== null && PLL_SOURCES[this.pll.source.get(c)] === name;
  }
  protected resetFlags(cause: ResetCause): readonly string[] {
    return resetFlagNames(cause, 'PWRRSTF');
  }
  protected override setReady(c: Ctx, name: string): void {
    if (name !== 'pll') return super.setReady(c, name);
    this.pll!.rdy.set(c, 1);
    const source = this.pllInput(c);
    const rate = source === null ? null : this.oscillatorRate(c, source);
    checkPllRate(c, 'PLL', source, this.vco(c, rate), VCO);
    checkPllRate(c, 'PLL', source, rate && scaleRate(rate, 1, this.pll!.m.get(c) + 1), PLL_INPUT, 'input');
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.cr) return (this.writeCr(c, merged) | (c.get(r) & this.csson.mask)) >>> 0;
    if (r === this.backup.bdcr) return this.writeBdcr(c, merged);
    if (r === this.cicr) return this.clearFlags(c, raw);
    if (r === this.csr) return this.writeCsr(c, merged, raw);
    if (r === this.pllcfgr) return this.writePll(c, merged);
  }
  /** RMVF clears the flags and stays until software or a reset clears it. */
  private writeCsr(c: Ctx, merged: number, raw: number): number {
    return (this.flags.rmvf.of(raw) ? merged & ~this.flagMask() : merged) >>> 0;
  }
  /** Source, M and N are frozen while the PLL is on; the outputs' dividers should be, but nothing holds them. */
  private writePll(c: Ctx, merged: number): number {
    const { on, source, m, n } = this.pll!;
    const old = c.get(this.pllcfgr!);
    const frozen = source.mask | m.mask | n.mask;
    if (!on.get(c) || !((merged ^ old) & frozen)) return merged;
    c.env.note('guest', 'RCC_PLLCFGR: source and factors of the PLL written while PLLON = 1: not changed', { is: 'lost', why: 'running' });
    return ((merged & ~frozen) | (old & frozen)) >>> 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (value === old) return;
    if (r === this.interrupts.enables || r === this.interrupts.flags) return this.interrupt(c);
    this.followAll(c);
  }
}

export const rccG0: ModelFactory<RccG0Options> = (layout, options): RegisterModel<object> => {
  const rcc = new RccG0(layout, options);
  const field = (path: string): number => (layout.hasField(path) ? layout.field(path).mask : 0);
  const bdcr = layout.has('BDCR') ? 'BDCR' : 'CSR1';
  return {
    about: {
      source: 'ST SVD; RM0444 5.2 and 5.4, RM0490 6.2 and 6.4 (recalled)',
      confidence: 'reported',
      lacks: ['sleep-mode enables', 'MCO and LSCO', 'trimming'],
    },
    ...rccModel(rcc, layout, /SMENR\d?$|^ICSCR$/),
    writable: {
      CR: layout.reg('CR').writable & ~['HSI', 'HSE', 'HSI48', 'HSIUSB48', 'PLL'].reduce((m, x) => m | field(`CR.${x}RDY`), 0),
      CFGR: layout.reg('CFGR').writable & ~field('CFGR.SWS'),
      [bdcr]: layout.reg(bdcr).writable & ~(field(`${bdcr}.LSERDY`) | field(`${bdcr}.LSECSSD`)),
    },
    create: () => ({}),
  };
};
