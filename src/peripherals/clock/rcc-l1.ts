/** RCC of STM32L1: rcc-low-power.ts with CIR. Facts: registers ST SVD; RM0038 6.2 and 6.3 (documented as far as quoted in HAL-L1; recalled). */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import type { Rate } from '../../emu/time.ts';
import { RCC_WIRES, rccModel, type InterruptFields } from './rcc-common.ts';
import { RccLowPower } from './rcc-low-power.ts';

type Ctx = RegisterContext<object>;
type Rates = Record<string, Rate | null>;

const READY_BITS = { lsi: 0, lse: 1, hsi: 2, hse: 3, pll: 4, msi: 5 };
const LSECSS_BIT = 6;
const CSS_BIT = 7;
/** Enable bits lie 8 above their flags in CIR, clear bits 16. */
const ENABLES = 8;
const CLEAR = 16;
const FLAGS = 0xff;

class RccL1 extends RccLowPower {
  protected readonly interrupts: InterruptFields;
  private readonly cir: Register;

  constructor(layout: Layout) {
    super(layout, { hsi: ['HSION', 'HSIRDY'], lsecss: ['LSECSSON', 'LSECSSD'], domain: [] });
    this.cir = layout.reg('CIR');
    this.interrupts = { flags: this.cir, enables: this.cir, shift: ENABLES, ready: READY_BITS, css: CSS_BIT, lsecss: LSECSS_BIT };
  }

  /** `hse-rtc` is HSE / 2 to 16, which TIM11 can capture. */
  protected override rates(c: Ctx): Rates {
    const rates = super.rates(c);
    return { ...rates, 'hse-rtc': this.rtcHse(c, rates) };
  }
  /** Always MSI, after Stop too (RM0038 6.2.7). */
  protected override emergencyClock(): number {
    return 0;
  }
  override write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.cir) return (merged & (FLAGS << ENABLES)) | (c.get(r) & FLAGS & ~(raw >>> CLEAR));
    return super.write(c, r, merged, raw);
  }
}

export const rccL1: ModelFactory = (layout): RegisterModel<object> => {
  const rcc = new RccL1(layout);
  const mask = (register: string, ...names: string[]): number => names.reduce((m, x) => m | layout.field(`${register}.${x}`).mask, 0);
  return {
    about: {
      source: 'ST SVD; RM0038 6.2 and 6.3 (recalled)',
      confidence: 'reported',
      lacks: ['sleep-mode enables', 'MCO', 'trimming'],
    },
    ...rccModel(rcc, layout, /LPENR$/),
    wires: RCC_WIRES,
    writable: {
      CR: layout.reg('CR').writable & ~mask('CR', 'HSIRDY', 'MSIRDY', 'HSERDY', 'PLLRDY'),
      CFGR: layout.reg('CFGR').writable & ~mask('CFGR', 'SWS'),
      CSR: layout.reg('CSR').writable & ~mask('CSR', 'LSERDY', 'LSIRDY', 'LSECSSD'),
    },
    create: () => ({}),
  };
};
