/**
 * RCC of STM32H5: oscillators, PLL1–3, SYSCLK switch, prescalers, kernel clock muxes, ready interrupts, CSS, backup-domain control, reset flags.
 *
 * Facts: registers ST SVD STM32H533; which bits are frozen when, flag rules: field texts of ST SVD STM32H563, same RCC (documented);
 * prescaler and timer-clock rules RM0481 RCC (documented); delays are parameters of the chip row.
 * Wires read: `reset.cause` (code of RESET_CAUSES), `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board).
 * Bits of a secure peripheral (GTZC) ignore writes of non-secure code: RM0481 11 (documented), measured on H523 after a boot by pin.
 * Wires read for that: `tzsc.1` to `tzsc.3`, `core.secure`.
 * Wires driven: `nmi` (HSE clock security), `hse.on` (pins OSC_IN/OSC_OUT taken).
 */
import type { ResetCause } from '../../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { scaleRate, type Rate } from '../../emu/time.ts';
import { rccModel } from './rcc-common.ts';
import { ppreDivider, resetFlagNames } from './rcc-rules.ts';
import { addKernelClocks, kernelMuxes, type KernelMux } from './rcc-kernels.ts';
import { RccH, type RccHFacts, type RccHState } from './rcc-h.ts';
import { CORE_SECURE } from '../../emu/wires.ts';
import { securedBy } from '../wires.ts';

type Ctx = RegisterContext<object>;
type Rates = Record<string, Rate | null>;

const USARTS: readonly (readonly [clock: string, field: string, bus: string])[] = [
  ['usart1', 'CCIPR1.USART1SEL', 'pclk2'],
  ['usart2', 'CCIPR1.USART2SEL', 'pclk1'],
  ['usart3', 'CCIPR1.USART3SEL', 'pclk1'],
  ['uart4', 'CCIPR1.UART4SEL', 'pclk1'],
  ['uart5', 'CCIPR1.UART5SEL', 'pclk1'],
  ['usart6', 'CCIPR1.USART6SEL', 'pclk1'],
  ['lpuart1', 'CCIPR3.LPUART1SEL', 'pclk3'],
];
const FACTS: RccHFacts = {
  pll: {
    src: (i) => `PLL${i}CFGR.PLL${i}SRC`,
    m: (i) => `PLL${i}CFGR.PLL${i}M`,
    n: (i) => `PLL${i}DIVR.PLL${i}N`,
    fracn: (i) => `PLL${i}FRACR.PLL${i}FRACN`,
    fracen: (i) => `PLL${i}CFGR.PLL${i}FRACEN`,
    vcosel: (i) => `PLL${i}CFGR.PLL${i}VCOSEL`,
    rge: (i) => `PLL${i}CFGR.PLL${i}RGE`,
    enable: (i, o) => `PLL${i}CFGR.PLL${i}${o}EN`,
    div: (i, o) => `PLL${i}DIVR.PLL${i}${o}`,
  },
  pllSources: [null, 'hsi', 'csi', 'hse'],
  vcoRange: [
    [128e6, 560e6],
    [150e6, 420e6],
  ],
  ready: { lsi: 0, lse: 1, csi: 2, hsi: 3, hse: 4, hsi48: 5, pll1: 6, pll2: 7, pll3: 8 },
  lsi: 'BDCR',
  cfgr: 'CFGR1',
  lseFrozen: ['LSEBYP', 'LSEDRV', 'LSEEXT'],
  // HAL_RCC_OscConfig and ST's RTC_Alarm example start the LSI with DBP = 0 (inferred).
  open: 'LSION',
};
const SYSTICK_LSI = 1;
const SYSTICK_LSE = 2;

const SPI_SOURCES = ['pll1q', 'pll2p', 'pll3p', null, 'per'];
const lptimSources = (bus: string): readonly (string | null)[] => [bus, 'pll2p', 'pll3r', 'lse', 'lsi', 'per'];
/** RM0481 11.8, CCIPR2 to CCIPR5. @param pllr of the last PLL: H503 has two (HAL, rcc_ex.h) */
const muxes = (pllr: string): readonly KernelMux[] => [
  { field: 'CCIPR3.SPI1SEL', sources: SPI_SOURCES, clocks: ['spi1'] },
  { field: 'CCIPR3.SPI2SEL', sources: SPI_SOURCES, clocks: ['spi2'] },
  { field: 'CCIPR3.SPI3SEL', sources: SPI_SOURCES, clocks: ['spi3'] },
  { field: 'CCIPR3.SPI4SEL', sources: ['pclk2', 'pll2q', 'pll3q', 'hsi', 'csi', 'hse'], clocks: ['spi4'] },
  { field: 'CCIPR4.I2C1SEL', sources: ['pclk1', pllr, 'hsi', 'csi'], clocks: ['i2c1'] },
  { field: 'CCIPR4.I2C2SEL', sources: ['pclk1', pllr, 'hsi', 'csi'], clocks: ['i2c2'] },
  { field: 'CCIPR4.I2C3SEL', sources: ['pclk3', pllr, 'hsi', 'csi'], clocks: ['i2c3'] },
  { field: 'CCIPR2.LPTIM1SEL', sources: lptimSources('pclk3'), clocks: ['lptim1'] },
  { field: 'CCIPR2.LPTIM2SEL', sources: lptimSources('pclk1'), clocks: ['lptim2'] },
  { field: 'CCIPR5.ADCDACSEL', sources: ['hclk', 'sysclk', 'pll2r', 'hse', 'hsi', 'csi'], clocks: ['adc'] },
  { field: 'CCIPR5.FDCANSEL', sources: ['hse', 'pll1q', 'pll2q'], clocks: ['fdcan'] },
];

class RccH5 extends RccH {
  private readonly hpre: Field;
  private readonly ppre: readonly Field[];
  private readonly ppre3: Field;
  private readonly usbsel: Field;
  private readonly rngsel: Field;
  private readonly systicksel: Field;
  private readonly ckpersel: Field;
  private readonly usarts: readonly { clock: string; field: Field; bus: string }[];
  private readonly kernels: ReturnType<typeof kernelMuxes>;
  private readonly securable: readonly string[];
  private readonly securedMasks = new Map<string, number>();
  protected override readonly hseFrozen: number;

  /** @param securable names of what the bits of each SECCFGR stand for, separated by blanks. */
  constructor(layout: Layout, securable: readonly string[]) {
    super(layout, FACTS);
    this.securable = securable;
    const f = this.f;
    this.hpre = f('CFGR2.HPRE');
    this.ppre = [f('CFGR2.PPRE1'), f('CFGR2.PPRE2')];
    this.ppre3 = f('CFGR2.PPRE3');
    this.rngsel = f('CCIPR5.RNGSEL');
    this.usbsel = f('CCIPR4.USBSEL');
    this.systicksel = f('CCIPR4.SYSTICKSEL');
    this.ckpersel = f('CCIPR5.CKPERSEL');
    this.hseFrozen = f('CR.HSEEXT').mask;
    this.usarts = USARTS.filter(([, path]) => layout.hasField(path)).map(([clock, path, bus]) => ({ clock, field: f(path), bus }));
    this.kernels = kernelMuxes(layout, muxes(`pll${this.plls.length}r`));
  }

  protected rates(c: Ctx): Rates {
    const rates: Rates = {};
    this.addSources(c, rates, this.ckpersel);
    this.addBuses(c, rates, this.hpre, this.ppre, this.timpre.get(c));
    const hclk = rates['hclk'] ?? null;
    // No timer hangs on APB3.
    rates['pclk3'] = hclk && scaleRate(hclk, 1, ppreDivider(this.ppre3.get(c)));
    const tick = this.systicksel.get(c);
    rates['systick-ext'] =
      tick === 0 ? hclk && scaleRate(hclk, 1, 8) : tick === SYSTICK_LSI ? rates['lsi']! : tick === SYSTICK_LSE ? rates['lse']! : null;
    rates['rtc'] = this.rtcRate(c, rates);
    rates['usb'] = this.usbRate(rates, this.usbsel.get(c));
    rates['rng'] = this.rngRate(rates, this.rngsel.get(c));
    for (const u of this.usarts) rates[u.clock] = this.kernelRate(rates, u.field.get(c), u.bus);
    addKernelClocks(c, rates, this.kernels);
    return rates;
  }

  protected resetFlags(cause: ResetCause): readonly string[] {
    return resetFlagNames(cause, 'BORRSTF').filter((name) => this.layout.hasField(`RSR.${name}`));
  }
  /** An oscillator that feeds PLL1 is in use too, whether or not SYSCLK comes from PLL1. */
  protected override neededBy(c: Ctx, name: string): string | null {
    return this.sysclkPll.get(c) && this.pllUses(c, name) ? 'PLL1 runs from it' : super.neededBy(c, name);
  }

  override write(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void {
    const secured = this.secured(c, r);
    if (secured === 0) return this.writeOpen(c, r, merged, raw, lanes);
    const kept = ((merged & ~secured) | (c.get(r) & secured)) >>> 0;
    if (kept !== merged)
      c.env.note('guest', `RCC_${r.name} written by non-secure code: bits of peripherals that are secure stay as they are`, {
        is: 'lost',
        why: 'not-allowed',
      });
    return this.writeOpen(c, r, kept, (raw & ~secured) >>> 0, (lanes & ~secured) >>> 0) ?? kept;
  }
  /** Bits of a register that belong to peripherals which are secure, for code that is not. */
  private secured(c: Ctx, r: Register): number {
    const { env } = c;
    if (env.wire(CORE_SECURE) === 1) return 0;
    let mask = 0;
    this.securable.forEach((names, i) => {
      const bits = env.wire(securedBy(i + 1));
      if (bits === 0) return;
      names.split(' ').forEach((name, bit) => {
        if ((bits >>> bit) & 1) mask |= this.bitsOf(r, name);
      });
    });
    return mask >>> 0;
  }
  private bitsOf(r: Register, name: string): number {
    const key = `${r.name} ${name}`;
    let mask = this.securedMasks.get(key);
    if (mask === undefined) {
      const own = new RegExp(`^${name === 'VREFBUF' ? 'VREF(BUF)?' : name}(EN|RST|LPEN|SEL)$`);
      mask = r.fields.filter((f) => own.test(f.name)).reduce((m, f) => m | this.layout.field(`${r.name}.${f.name}`).mask, 0);
      this.securedMasks.set(key, mask);
    }
    return mask;
  }
  private writeOpen(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void {
    // RMVF = 1 clears the flags and stays until software or a reset clears it.
    if (r === this.flags.register) return this.flags.rmvf.of(raw) ? merged & this.flags.rmvf.mask : merged;
    const pll = /^PLL([123])(CFGR|DIVR)$/.exec(r.name);
    if (pll) return this.writePll(c, r, merged, Number(pll[1]) - 1);
    return super.write(c, r, merged, raw, lanes);
  }
  /**
   * Source, input divider, ranges and dividers are frozen while the PLL is on, the fraction's latch is not. The SVD says the same of the
   * output enables, but the HAL switches Q and R on while the PLL runs, so they act (inferred).
   */
  private writePll(c: Ctx, r: Register, merged: number, i: number): number {
    const pll = this.plls[i]!;
    if (!pll.on.get(c)) return merged;
    const old = c.get(r);
    const free = r.name.endsWith('CFGR') ? pll.outputs.reduce((m, o) => m | o.enable.mask, pll.fracen.mask) : 0;
    if ((merged ^ old) & ~free)
      c.env.note('guest', `RCC_${r.name} written while ${pll.on.name} = 1: only output enables and FRACEN change`, {
        is: 'lost',
        why: 'running',
      });
    return this.keepPll1p(c, r, ((old & ~free) | (merged & free)) >>> 0);
  }

  protected changed(c: Ctx, r: Register, value: number, old: number): void {
    if (r.name === 'CFGR2' && value >>> 16 && !(old >>> 16))
      c.env.note('gap', 'RCC_CFGR2 AHBxDIS/APBxDIS: stopping a whole bus is not modelled');
    if (/^(CR|BDCR|CFGR[12]|PLL.*|CCIPR\d)$/.test(r.name)) this.followAll(c);
  }
}

export const rccH5: ModelFactory<{ secured?: readonly string[] }> = (layout, options): RegisterModel<RccHState> => {
  const { secured = [] } = options;
  const field = (path: string): number => layout.field(path).mask;
  return {
    about: {
      source: 'RM0481 RCC, field texts of ST SVD STM32H563; a PLL locks with its VCO out of range (assumed)',
      confidence: 'documented',
      lacks: [
        'sleep-mode enables',
        'MCO',
        'trimming',
        'stopping a whole bus (CFGR2)',
        'kernel clocks of peripherals without behaviour',
        'privilege; security beyond secure peripherals',
      ],
    },
    ...rccModel(new RccH5(layout, secured), layout, /LPENR$|^(HSICFGR|CRRCR|CSICFGR|SECCFGR|PRIVCFGR)$/),
    writable: {
      // The SVD calls these registers read-write throughout; the ready and failure flags are the hardware's.
      BDCR: layout.reg('BDCR').writable & ~(field('BDCR.LSERDY') | field('BDCR.LSECSSD') | field('BDCR.LSIRDY')),
      // The flags are the hardware's; software clears them through RMVF.
      RSR: field('RSR.RMVF'),
      // Clear bits read 0.
      CICR: 0,
    },
    create: () => ({ hsiDivider: 2, frac: [0, 0, 0] }),
  };
};
