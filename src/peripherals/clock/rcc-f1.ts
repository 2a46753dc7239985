/**
 * RCC of STM32F1 and F3: HSI8, HSE, LSI, LSE, PLL, SYSCLK switch, prescalers, ready interrupts, CSS, backup-domain control, reset flags; on F105 and F107 PLL2, PLL3 and the dividers
 * in front of the PLL.
 *
 * Facts: registers ST SVD; clock trees, multipliers and USB's divider RM0008 7.2, 7.3, 8.2 and 8.3 (documented); delays are parameters of the chip row.
 * Wires read: `reset.cause`, `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board). Driven: `nmi`, `hse.on`.
 */
import type { ResetCause } from '../../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { scaleRate, type Rate } from '../../emu/time.ts';
import { mcoRate, RccCir } from './rcc-cir.ts';
import { rccModel } from './rcc-common.ts';
import { addKernelClocks, kernelMuxes, type KernelMux } from './rcc-kernels.ts';
import { checkPllRate, resetFlagNames, type PllRange } from './rcc-rules.ts';

type Ctx = RegisterContext<object>;
type Rates = Record<string, Rate | null>;

const READY_BITS = { lsi: 0, lse: 1, hsi: 2, hse: 3, pll: 4, pll2: 5, pll3: 6 };

/** PLLMUL as numerator over 2: 2 to 16; F105 and F107 have 4 to 9 and 6.5. */
const pllTwice = (v: number, connectivity: boolean): number | null => {
  if (!connectivity) return 2 * Math.min(v + 2, 16);
  if (v === 13) return 13;
  return v >= 2 && v <= 7 ? 2 * (v + 2) : null;
};
/** PLL2MUL and PLL3MUL: 8 to 14, 16 and 20. */
const pll2Multiplier = (v: number): number | null => (v >= 6 && v <= 12 ? v + 2 : v === 14 ? 16 : v === 15 ? 20 : null);

/** PLL2 and PLL3, both fed by HSE through PREDIV2. */
interface SecondPll {
  readonly name: 'pll2' | 'pll3';
  readonly on: Field;
  readonly rdy: Field;
  readonly mul: Field;
}

/** Of the data sheets DS5319 (F103), DS6014 (F105, F107) and DS9118 (F303), recalled. */
const PLL_INPUT = { F1: [1e6, 25e6], connectivity: [3e6, 12e6], F3: [1e6, 24e6] } as const;
const PLL_OUTPUT = { F1: [16e6, 72e6], connectivity: [18e6, 72e6], F3: [16e6, 72e6] } as const;
const SECOND_INPUT: PllRange = [3e6, 5e6];
const SECOND_OUTPUT: PllRange = [40e6, 74e6];

/** RM0316 9.4.13. */
const F3_MUXES: readonly KernelMux[] = [
  ...['USART1', 'USART2', 'USART3', 'UART4', 'UART5'].map((name, i) => ({
    field: `CFGR3.${name}SW`,
    sources: [i === 0 ? 'pclk2' : 'pclk1', 'sysclk', 'lse', 'hsi'],
    clocks: [name.toLowerCase()],
  })),
  ...[1, 2, 3].map((n) => ({ field: `CFGR3.I2C${n}SW`, sources: ['hsi', 'sysclk'], clocks: [`i2c${n}`] })),
];

/** ADCxPRES of F3: divider of the PLL for values from 16 on, below it the clock is off (RM0316 9.4.12). */
const F3_ADC_DIVIDERS = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256] as const;

class RccF1 extends RccCir {
  protected readonly swNames = ['hsi', 'hse', 'pll'] as const;
  private readonly pllrdy: Field;
  private readonly pllsrc: Field;
  private readonly pllmul: Field;
  private readonly pllxtpre: Field;
  private readonly ppre: readonly Field[];
  private readonly usbpre: Field;
  private readonly second: readonly SecondPll[];
  private readonly cfgr2: Readonly<Record<'register', Register> & Record<'prediv1' | 'prediv2' | 'prediv1src', Field>> | null;
  /** F3: what divides HSE, or HSI where PLLSRC says so. */
  private readonly prediv: { readonly register: Register; readonly field: Field } | null;
  private readonly muxes: ReturnType<typeof kernelMuxes>;
  /** F1: divider of PCLK2. */
  private readonly adcpre: Field | null;
  /** F3: dividers of the PLL, by the clock. */
  private readonly adcpres: readonly { readonly clock: string; readonly field: Field }[];
  readonly timers: readonly string[];

  constructor(layout: Layout) {
    super(layout, {}, READY_BITS);
    const f = this.f;
    this.pllrdy = f('CR.PLLRDY');
    this.pllsrc = f('CFGR.PLLSRC');
    this.pllmul = f('CFGR.PLLMUL');
    this.pllxtpre = f('CFGR.PLLXTPRE');
    this.ppre = [f('CFGR.PPRE1'), f('CFGR.PPRE2')];
    this.usbpre = f(layout.hasField('CFGR.USBPRE') ? 'CFGR.USBPRE' : 'CFGR.OTGFSPRE');
    this.prediv = layout.hasField('CFGR2.PREDIV') ? { register: layout.reg('CFGR2'), field: f('CFGR2.PREDIV') } : null;
    this.adcpre = layout.hasField('CFGR.ADCPRE') ? f('CFGR.ADCPRE') : null;
    this.adcpres = ['ADC12', 'ADC34']
      .filter((name) => layout.hasField(`CFGR2.${name}PRES`))
      .map((name) => ({ clock: name.toLowerCase(), field: f(`CFGR2.${name}PRES`) }));
    this.muxes = kernelMuxes(layout, this.prediv ? F3_MUXES : []);
    this.cfgr2 = layout.hasField('CFGR2.PREDIV1')
      ? {
          register: layout.reg('CFGR2'),
          prediv1: f('CFGR2.PREDIV1'),
          prediv2: f('CFGR2.PREDIV2'),
          prediv1src: f('CFGR2.PREDIV1SRC'),
        }
      : null;
    this.second = this.cfgr2
      ? (['pll2', 'pll3'] as const).map((name) => {
          const upper = name.toUpperCase();
          return { name, on: f(`CR.${upper}ON`), rdy: f(`CR.${upper}RDY`), mul: f(`CFGR2.${upper}MUL`) };
        })
      : [];
    this.timers = [...Object.keys(this.oscillators), 'pll', ...this.second.map((p) => p.name), ...this.baseTimers()];
  }

  /** What feeds the PLL: a clock and its divider. */
  private pllSource(c: Ctx): { name: string; divider: number } {
    const source = this.pllsrc.get(c);
    if (!source) return { name: 'hsi', divider: 2 };
    // Of the two bits that F303xD and xE have the lower one alone is HSI, divided.
    if (this.prediv) return { name: source === 1 ? 'hsi' : 'hse', divider: this.prediv.field.get(c) + 1 };
    if (!this.cfgr2) return { name: 'hse', divider: this.pllxtpre.get(c) + 1 };
    return { name: this.cfgr2.prediv1src.get(c) ? 'pll2' : 'hse', divider: this.cfgr2.prediv1.get(c) + 1 };
  }
  private runs(c: Ctx, name: string): boolean {
    const second = this.second.find((p) => p.name === name);
    return second ? second.rdy.get(c) === 1 : this.isReady(c, name);
  }
  private follow1(c: Ctx, name: string, on: Field, rdy: Field, fed: boolean): void {
    if (on.get(c) && fed) {
      if (!rdy.get(c) && c.env.due(name) === Infinity) c.env.arm(name, c.env.now() + this.parameter(c, 'pll.lock.ps'));
      return;
    }
    c.env.disarm(name);
    if (rdy.get(c)) rdy.set(c, 0);
  }
  protected followPlls(c: Ctx): void {
    for (const p of this.second) this.follow1(c, p.name, p.on, p.rdy, this.isReady(c, 'hse') && pll2Multiplier(p.mul.get(c)) !== null);
    const fed = this.runs(c, this.pllSource(c).name) && pllTwice(this.pllmul.get(c), this.cfgr2 !== null) !== null;
    this.follow1(c, 'pll', this.sysclkPll, this.pllrdy, fed);
  }

  protected rates(c: Ctx): Rates {
    const rates: Rates = {};
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    for (const p of this.second) {
      const multiplier = pll2Multiplier(p.mul.get(c));
      const hse = rates['hse'] ?? null;
      rates[p.name] = p.rdy.get(c) && hse && multiplier ? scaleRate(hse, multiplier, this.cfgr2!.prediv2.get(c) + 1) : null;
    }
    const source = this.pllSource(c);
    const input = this.pllrdy.get(c) ? (rates[source.name] ?? null) : null;
    const twice = pllTwice(this.pllmul.get(c), this.cfgr2 !== null);
    rates['pll'] = input && twice !== null ? scaleRate(input, twice, 2 * source.divider) : null;
    this.addBuses(c, rates, this.hpre, this.ppre);
    rates['rtc'] = this.rtcRate(c, rates);
    rates['usb'] = this.usbRate(c, rates['pll']);
    addKernelClocks(c, rates, this.muxes);
    this.addAdcClocks(c, rates);
    if (this.prediv) rates['mco'] = mcoRate(c.get(this.cfgr), rates);
    return rates;
  }
  private addAdcClocks(c: Ctx, rates: Rates): void {
    const divided = (name: string, divider: number | undefined): Rate | null => {
      const source = rates[name] ?? null;
      return source && divider ? scaleRate(source, 1, divider) : null;
    };
    if (this.adcpre) rates['adc'] = divided('pclk2', 2 * (this.adcpre.get(c) + 1));
    for (const { clock, field } of this.adcpres) rates[clock] = divided('pll', F3_ADC_DIVIDERS[field.get(c) - 16]);
  }
  /** F103: the PLL, or two thirds of it; F105 and F107: twice the PLL over 3 or 2. */
  private usbRate(c: Ctx, pll: Rate | null): Rate | null {
    const fast = this.usbpre.get(c) === 1;
    if (!pll) return null;
    return this.cfgr2 ? scaleRate(pll, 2, fast ? 2 : 3) : scaleRate(pll, fast ? 1 : 2, fast ? 1 : 3);
  }
  protected override rtcHse(_c: Ctx, rates: Rates): Rate | null {
    const hse = rates['hse'] ?? null;
    return hse && scaleRate(hse, 1, this.prediv ? 32 : 128);
  }
  protected pllUses(c: Ctx, name: string): boolean {
    const source = this.pllSource(c).name;
    return source === name || (source === 'pll2' && name === 'hse');
  }
  protected resetFlags(cause: ResetCause): readonly string[] {
    return resetFlagNames(cause, 'PORRSTF').filter((name) => this.prediv || name !== 'OBLRSTF');
  }
  protected override setReady(c: Ctx, name: string): void {
    const second = this.second.find((p) => p.name === name);
    if (second) second.rdy.set(c, 1);
    else if (name === 'pll') this.pllrdy.set(c, 1);
    else return super.setReady(c, name);
    this.checkRates(c, second ?? null);
  }
  /** @param second the PLL that has locked, null the one of SYSCLK */
  private checkRates(c: Ctx, second: SecondPll | null): void {
    const rates = this.rates(c);
    const { name, divider } = second ? { name: 'hse', divider: this.cfgr2!.prediv2.get(c) + 1 } : this.pllSource(c);
    const line = this.cfgr2 ? 'connectivity' : this.prediv ? 'F3' : 'F1';
    const pll = second?.name ?? 'pll';
    const check = (rate: Rate | null | undefined, range: PllRange, what: 'input' | 'output'): void =>
      checkPllRate(c, pll.toUpperCase(), name === 'pll2' ? 'hse' : name, rate ?? null, range, what);
    const source = rates[name];
    check(source && scaleRate(source, 1, divider), second ? SECOND_INPUT : PLL_INPUT[line], 'input');
    check(rates[pll], second ? SECOND_OUTPUT : PLL_OUTPUT[line], 'output');
  }

  override write(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void {
    if (r === this.cfgr || r === this.cfgr2?.register || r === this.prediv?.register) return this.writeCfgr(c, r, merged);
    return super.write(c, r, merged, raw, lanes);
  }
  /** The PLL's source and factors are frozen while it is on. */
  private writeCfgr(c: Ctx, r: Register, merged: number): number {
    const old = c.get(r);
    const on = this.sysclkPll.get(c) === 1;
    const first = this.cfgr2 ? this.cfgr2.prediv1.mask | this.cfgr2.prediv1src.mask : (this.prediv?.field.mask ?? 0);
    const second = this.cfgr2 ? this.cfgr2.prediv2.mask : 0;
    const held =
      r === this.cfgr
        ? on
          ? this.pllsrc.mask | this.pllmul.mask | this.pllxtpre.mask
          : 0
        : (on ? first : 0) | this.second.reduce((m, p) => (p.on.get(c) ? m | p.mul.mask | second : m), 0);
    if (!((merged ^ old) & held)) return merged;
    c.env.note('guest', `RCC_${r.name}: source and factors of a PLL written while it is on: not changed`, { is: 'lost', why: 'running' });
    return ((merged & ~held) | (old & held)) >>> 0;
  }
  protected changed(c: Ctx, r: Register): void {
    if (/^(CR|BDCR|CSR|CFGR[23]?)$/.test(r.name)) this.followAll(c);
  }
}

export const rccF1: ModelFactory = (layout): RegisterModel<object> => {
  const rcc = new RccF1(layout);
  const field = (path: string): number => (layout.hasField(path) ? layout.field(path).mask : 0);
  return {
    about: {
      source: 'RM0008 7 and 8, RM0316 9',
      confidence: 'documented',
      lacks: ['MCO on its pin', 'trimming', 'ADC clock', 'I2S clocks'],
    },
    ...rccModel(rcc, layout, null),
    writable: {
      CR: layout.reg('CR').writable & ~['HSI', 'HSE', 'PLL', 'PLL2', 'PLL3'].reduce((m, x) => m | field(`CR.${x}RDY`), 0),
      CFGR: layout.reg('CFGR').writable & ~field('CFGR.SWS'),
      BDCR: layout.reg('BDCR').writable & ~field('BDCR.LSERDY'),
      // Flags are the hardware's, RMVF is a command.
      CSR: field('CSR.LSION'),
    },
    create: () => ({}),
  };
};
