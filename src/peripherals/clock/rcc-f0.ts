/**
 * RCC of STM32F0: HSI8, HSI14, HSI48, HSE, LSI, LSE, PLL, SYSCLK switch, prescalers, USART and USB clock muxes, ready interrupts, CSS, backup-domain
 * control, reset flags.
 *
 * Facts: registers ST SVD; clock tree, flag rules, HSI48 switched on by the hardware for USB and SYSCLK: RM0091 6.2 and 6.4 (documented); delays are parameters of
 * the chip row. Wires read: `reset.cause`, `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board). Driven: `nmi`, `hse.on`.
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
/** Ready flag positions in CIR. */
const READY_BITS = { lsi: 0, lse: 1, hsi: 2, hse: 3, pll: 4, hsi14: 5, hsi48: 6 };

/** HSITRIM moves HSI by about 40 kHz a step around its centre (RM0091 6.4.1): one part in two hundred. */
const TRIM_STEPS = 200;
const TRIM_CENTRE = 16;

/** PLL multiplier: 2…16. */
const pllMultiplier = (v: number): number => Math.min(v + 2, 16);

/** DS9826, recalled. */
const PLL_INPUT: PllRange = [1e6, 24e6];
const PLL_OUTPUT: PllRange = [16e6, 48e6];

/** RM0091 6.4.13. */
const MUXES: readonly KernelMux[] = [{ field: 'CFGR3.I2C1SW', sources: ['hsi', 'sysclk'], clocks: ['i2c1'] }];

class RccF0 extends RccCir {
  protected readonly swNames = SW_NAMES;
  private readonly cr2: Register;
  private readonly cfgr2: Register;
  private readonly pllrdy: Field;
  private readonly pllsrc: Field;
  private readonly pllmul: Field;
  private readonly pllxtpre: Field;
  private readonly prediv: Field;
  private readonly ppre: Field;
  private readonly usbsw: Field;
  /** null: no USB. */
  private readonly usben: Field | null;
  private readonly hsitrim: Field;
  private readonly usarts: readonly { clock: string; field: Field }[];
  private readonly muxes: ReturnType<typeof kernelMuxes>;
  readonly timers: readonly string[];

  constructor(layout: Layout) {
    const f = (path: string): Field => layout.field(path);
    const internal = (name: string): { on: Field; rdy: Field } => ({ on: f(`CR2.${name}ON`), rdy: f(`CR2.${name}RDY`) });
    // F030 and F070 have no HSI48.
    const hsi48 = layout.hasField('CR2.HSI48ON') ? { hsi48: internal('HSI48') } : {};
    super(layout, { hsi14: internal('HSI14'), ...hsi48 }, READY_BITS);
    this.cr2 = layout.reg('CR2');
    this.cfgr2 = layout.reg('CFGR2');
    this.pllrdy = f('CR.PLLRDY');
    this.pllsrc = f('CFGR.PLLSRC');
    this.pllmul = f('CFGR.PLLMUL');
    this.pllxtpre = f('CFGR.PLLXTPRE');
    this.prediv = f('CFGR2.PREDIV');
    this.ppre = f('CFGR.PPRE');
    this.usbsw = f('CFGR3.USBSW');
    this.usben = layout.hasField('APB1ENR.USBEN') ? f('APB1ENR.USBEN') : null;
    this.hsitrim = f('CR.HSITRIM');
    this.usarts = [1, 2]
      .filter((n) => layout.hasField(`CFGR3.USART${n}SW`))
      .map((n) => ({ clock: `usart${n}`, field: f(`CFGR3.USART${n}SW`) }));
    this.muxes = kernelMuxes(layout, MUXES);
    this.timers = [...Object.keys(this.oscillators), 'pll', ...this.baseTimers()];
  }

  private pllSource(c: Ctx): { name: string; divider: number } {
    const [name, predivided] = PLL_SOURCES[this.pllsrc.get(c)]!;
    return { name, divider: predivided ? this.prediv.get(c) + 1 : 2 };
  }
  protected followPlls(c: Ctx): void {
    const { name } = this.pllSource(c);
    if (this.sysclkPll.get(c) && name in this.oscillators && this.isReady(c, name)) {
      if (!this.pllrdy.get(c) && c.env.due('pll') === Infinity) c.env.arm('pll', c.env.now() + this.parameter(c, 'pll.lock.ps'));
    } else {
      c.env.disarm('pll');
      if (this.pllrdy.get(c)) this.pllrdy.set(c, 0);
    }
  }
  /** What the hardware switches on by itself: HSI48 for USB, and the oscillators that SYSCLK asks for. */
  protected override followAll(c: Ctx): void {
    const on = this.oscillators['hsi48']?.on;
    if (on && !on.get(c) && this.hsi48InUse(c)) on.set(c, 1);
    super.followAll(c);
  }
  private hsi48InUse(c: Ctx): boolean {
    return (this.usben?.get(c) === 1 && this.usbsw.get(c) === 0) || this.usesForSysclk(c, 'hsi48');
  }

  protected rates(c: Ctx): Rates {
    const rates: Rates = {};
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    const hsi = rates['hsi'];
    if (hsi) rates['hsi'] = scaleRate(hsi, TRIM_STEPS + this.hsitrim.get(c) - TRIM_CENTRE, TRIM_STEPS);
    const source = this.pllSource(c);
    const input = (this.pllrdy.get(c) ? rates[source.name] : null) ?? null;
    rates['pll'] = input && scaleRate(input, pllMultiplier(this.pllmul.get(c)), source.divider);
    this.addBuses(c, rates, this.hpre, [this.ppre]);
    rates['rtc'] = this.rtcRate(c, rates);
    rates['usb'] = (this.usbsw.get(c) ? rates['pll'] : rates['hsi48']) ?? null;
    for (const u of this.usarts) rates[u.clock] = rates[USART_SOURCES[u.field.get(c)]!] ?? null;
    addKernelClocks(c, rates, this.muxes);
    rates['mco'] = mcoRate(c.get(this.cfgr), rates);
    return rates;
  }

  protected pllUses(c: Ctx, name: string): boolean {
    return this.pllSource(c).name === name;
  }
  protected resetFlags(cause: ResetCause): readonly string[] {
    return resetFlagNames(cause, 'PORRSTF');
  }
  protected override setReady(c: Ctx, name: string): void {
    if (name !== 'pll') return super.setReady(c, name);
    this.pllrdy.set(c, 1);
    const rates = this.rates(c);
    const source = this.pllSource(c);
    const from = rates[source.name];
    checkPllRate(c, 'PLL', source.name, from ? scaleRate(from, 1, source.divider) : null, PLL_INPUT, 'input');
    checkPllRate(c, 'PLL', source.name, rates['pll'] ?? null, PLL_OUTPUT, 'output');
  }

  override write(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void {
    if (r === this.cr2) {
      const value = this.keepSources(c, r, merged);
      // Needed by USB: the hardware keeps it on.
      const on = this.oscillators['hsi48']?.on;
      return on && this.hsi48InUse(c) ? value | on.mask : value;
    }
    if (r === this.cfgr || r === this.cfgr2) return this.writeCfgr(c, r, merged);
    return super.write(c, r, merged, raw, lanes);
  }
  /** The PLL's source and factors are frozen while it is on. PREDIV's lowest bit appears in both registers. */
  private writeCfgr(c: Ctx, r: Register, merged: number): number {
    const old = c.get(r);
    const pll = r === this.cfgr ? this.pllsrc.mask | this.pllmul.mask | this.pllxtpre.mask : this.prediv.mask;
    if (!this.sysclkPll.get(c) || !((merged ^ old) & pll)) return merged;
    c.env.note('guest', `RCC_${r.name}: source and factors of the PLL written while PLLON = 1: not changed`, {
      is: 'lost',
      why: 'running',
    });
    return ((merged & ~pll) | (old & pll)) >>> 0;
  }

  protected changed(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.cfgr && this.pllxtpre.of(value) !== this.pllxtpre.of(old))
      this.prediv.set(c, (this.prediv.get(c) & ~1) | this.pllxtpre.of(value));
    if (r === this.cfgr2) this.pllxtpre.set(c, this.prediv.of(value) & 1);
    if (/^(CR2?|BDCR|CSR|CFGR[23]?|APB1ENR)$/.test(r.name)) this.followAll(c);
  }
}

export const rccF0: ModelFactory = (layout): RegisterModel<object> => {
  const rcc = new RccF0(layout);
  const field = (path: string): number => layout.field(path).mask;
  return {
    about: {
      source: 'RM0091 6.2 and 6.4',
      confidence: 'documented',
      lacks: ['MCO on its pin', 'trimming of HSI14 and HSI48', 'ADC clock'],
    },
    ...rccModel(rcc, layout, null),
    writable: {
      // SWS is the hardware's; the SVD calls it read-write.
      CFGR: layout.reg('CFGR').writable & ~field('CFGR.SWS'),
      BDCR: layout.reg('BDCR').writable & ~field('BDCR.LSERDY'),
      // Flags are the hardware's, RMVF is a command.
      CSR: field('CSR.LSION'),
    },
    create: () => ({}),
  };
};
