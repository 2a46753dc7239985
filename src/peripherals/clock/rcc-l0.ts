/**
 * RCC of STM32L0: rcc-low-power.ts with HSI16's divider, HSI48, kernel clock muxes and interrupt registers of their own.
 *
 * Facts: registers ST SVD; RM0376 7.2 and 7.3 (documented as far as quoted in HAL-L0; recalled). HSI48 needs its reference (SYSCFG_CFGR3): RM0376 7.2.4; that it does not
 * start without is inferred. HSI16DIVF follows at once (assumed).
 * Wire read beside those: `hsi48.reference` (SYSCFG).
 */
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { scaleRate, type Rate } from '../../emu/time.ts';
import { RCC_WIRES, rccModel, type InterruptFields } from './rcc-common.ts';
import { addKernelClocks, kernelMuxes, type KernelMux } from './rcc-kernels.ts';
import { RccLowPower } from './rcc-low-power.ts';
import { HSI48_REFERENCE, POWER_STOP } from '../wires.ts';

type Ctx = RegisterContext<object>;
type Rates = Record<string, Rate | null>;

const READY_BITS = { lsi: 0, lse: 1, hsi: 2, hse: 3, pll: 4, msi: 5, hsi48: 6 };
const LSECSS_BIT = 7;
const CSS_BIT = 8;
const I2CS = ['pclk1', 'sysclk', 'hsi'];
const KERNELS: readonly KernelMux[] = [
  { field: 'CCIPR.USART1SEL', sources: ['pclk2', 'sysclk', 'hsi', 'lse'], clocks: ['usart1'] },
  { field: 'CCIPR.USART2SEL', sources: ['pclk1', 'sysclk', 'hsi', 'lse'], clocks: ['usart2'] },
  { field: 'CCIPR.LPUART1SEL', sources: ['pclk1', 'sysclk', 'hsi', 'lse'], clocks: ['lpuart1'] },
  { field: 'CCIPR.I2C1SEL', sources: I2CS, clocks: ['i2c1'] },
  { field: 'CCIPR.I2C3SEL', sources: I2CS, clocks: ['i2c3'] },
  { field: 'CCIPR.LPTIM1SEL', sources: ['pclk1', 'lsi', 'hsi', 'lse'], clocks: ['lptim1'] },
];

class RccL0 extends RccLowPower {
  protected readonly interrupts: InterruptFields;
  private readonly crrcr: Register;
  private readonly cicr: Register;
  private readonly hsiDivider: Readonly<Record<'on' | 'flag', Field>>;
  private readonly hsi48sel: Field;
  private readonly stopwuck: Field;
  private readonly kernels: ReturnType<typeof kernelMuxes>;

  constructor(layout: Layout) {
    super(layout, { hsi: ['HSI16ON', 'HSI16RDY'], lsecss: ['CSSLSEON', 'CSSLSED'], domain: ['LSEDRV'] });
    const f = this.f;
    this.crrcr = layout.reg('CRRCR');
    this.cicr = layout.reg('CICR');
    this.oscillators['hsi48'] = { on: f('CRRCR.HSI48ON'), rdy: f('CRRCR.HSI48RDY') };
    this.interrupts = {
      flags: layout.reg('CIFR'),
      enables: layout.reg('CIER'),
      shift: 0,
      ready: READY_BITS,
      css: CSS_BIT,
      lsecss: LSECSS_BIT,
    };
    this.hsiDivider = { on: f('CR.HSI16DIVEN'), flag: f('CR.HSI16DIVF') };
    this.hsi48sel = f('CCIPR.HSI48SEL');
    this.stopwuck = f('CFGR.STOPWUCK');
    this.kernels = kernelMuxes(layout, KERNELS);
  }

  protected override wanted(c: Ctx, name: string): boolean {
    return super.wanted(c, name) && (name !== 'hsi48' || c.env.wire(HSI48_REFERENCE) === 1);
  }
  protected override ownRate(c: Ctx, name: string): Rate | null {
    const whole = super.ownRate(c, name);
    return name === 'hsi' && whole && this.hsiDivider.flag.get(c) ? scaleRate(whole, 1, 4) : whole;
  }
  protected override rates(c: Ctx): Rates {
    const rates = super.rates(c);
    if (this.hsi48sel.get(c)) rates['usb'] = rates['hsi48'] ?? null;
    addKernelClocks(c, rates, this.kernels);
    return rates;
  }
  /** MSI; after Stop what STOPWUCK says. */
  protected override emergencyClock(c: Ctx): number {
    return c.env.wire(POWER_STOP) ? this.stopwuck.get(c) : 0;
  }
  override write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.cicr) return this.clearFlags(c, raw);
    if (r === this.crrcr) {
      this.tellReference(c, merged);
      return this.keepSources(c, r, merged);
    }
    return super.write(c, r, merged, raw);
  }
  /** HSI48 is switched on without its reference (RM0376 7.2.4). */
  private tellReference(c: Ctx, merged: number): void {
    const { on } = this.oscillators['hsi48']!;
    if (!on.of(merged) || on.get(c) || c.env.wire(HSI48_REFERENCE)) return;
    const text = 'HSI48 has no reference: HSI48RDY does not rise before SYSCFG_CFGR3.ENREF_HSI48 is set';
    c.env.note('guest', text, { is: 'never-ready', flag: 'HSI48RDY', otherBoard: false });
  }
  protected override writeCr(c: Ctx, merged: number): number {
    const value = super.writeCr(c, merged) | (c.get(this.cr) & this.csson.mask);
    const { on, flag } = this.hsiDivider;
    return (on.of(value) ? value | flag.mask : value & ~flag.mask) >>> 0;
  }
}

export const rccL0: ModelFactory = (layout): RegisterModel<object> => {
  const rcc = new RccL0(layout);
  const mask = (register: string, ...names: string[]): number => names.reduce((m, x) => m | layout.field(`${register}.${x}`).mask, 0);
  const model = rccModel(rcc, layout, /SMENR?$/);
  return {
    about: {
      source: 'ST SVD; RM0376 7.2 and 7.3 (recalled)',
      confidence: 'reported',
      lacks: ['sleep-mode enables', 'MCO', 'trimming'],
    },
    ...model,
    wires: [...RCC_WIRES, HSI48_REFERENCE],
    writable: {
      CR: layout.reg('CR').writable & ~mask('CR', 'HSI16RDY', 'HSI16DIVF', 'MSIRDY', 'HSERDY', 'PLLRDY'),
      CFGR: layout.reg('CFGR').writable & ~mask('CFGR', 'SWS'),
      CSR: layout.reg('CSR').writable & ~mask('CSR', 'LSERDY', 'LSIRDY', 'CSSLSED'),
      CIFR: 0,
    },
    create: () => ({}),
  };
};
