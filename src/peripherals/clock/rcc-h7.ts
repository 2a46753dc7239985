/**
 * RCC of STM32H7 with two cores: oscillators, PLL1–3, SYSCLK switch, prescalers of the three domains, kernel clock muxes, ready interrupts, CSS, backup-domain
 * control, reset flags and enable bits per core, release of a held core.
 *
 * Facts: registers ST SVD STM32H745 with the CMSIS header's names; clock tree, PLL and prescaler formulas RM0399 RCC (documented); USB and USART muxes
 * HAL-H7 rcc_ex.h (documented); reset flags by cause RM0399 "Reset source identification" (recalled: reported). xxxENR is the accessing core's own
 * register; a block is clocked when either core has set its bit: RM0399 "peripheral allocation" (documented).
 * Wires read: `reset.cause`, `reset.core`, `dbp` (PWR), `lsi.request`, `lsi.request2` (IWDG), `hse.fail`, `lse.fail` (board), `core.deepsleep.<core>`.
 * Wires driven: `nmi` (HSE clock security), `hse.on`, `core.release.cm7`, `core.release.cm4` (GCR.BOOT_C1, BOOT_C2).
 */
import { RESET_CAUSES, type ResetCause, type ResetKind } from '../../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { scaleRate, type Rate } from '../../emu/time.ts';
import { RCC_WIRES, rccModel } from './rcc-common.ts';
import { addKernelClocks, kernelMuxes, type KernelMux } from './rcc-kernels.ts';
import { hpreDivider, ppreDivider, timerClock } from './rcc-rules.ts';
import { RccH, type RccHFacts, type RccHState } from './rcc-h.ts';
import { RESET_CAUSE, RESET_CORE, type Wire } from '../../emu/wires.ts';
import { LSI_REQUEST2 } from '../wires.ts';
import { deepSleepOf, releaseOf } from '../../emu/wires.ts';

const SLEEPS: readonly Wire[] = [deepSleepOf(0), deepSleepOf(1)];
const [RELEASE_CM7, RELEASE_CM4] = [releaseOf('cm7'), releaseOf('cm4')];

type Ctx = RegisterContext<RccHState>;
type AnyCtx = RegisterContext<object>;
type Rates = Record<string, Rate | null>;

/** Names of RCC_RSR on parts with one core (RM0433 8.7.39). */
const ONE_CORE: Readonly<Record<string, string>> = { C1RSTF: 'CPURSTF', SFT1RSTF: 'SFTRSTF', LPWR1RSTF: 'LPWRRSTF' };

/** Flags that a reset raises; `core` asked for it. */
export function resetFlagsH7(cause: ResetCause, core: number): readonly string[] {
  const n = core + 1;
  const all = ['PINRSTF', 'C1RSTF', 'C2RSTF'];
  switch (cause) {
    case 'power':
      return [...all, 'PORRSTF', 'BORRSTF', 'D1RSTF', 'D2RSTF'];
    case 'brownout':
      return [...all, 'BORRSTF'];
    case 'software':
    case 'core':
    case 'debugger':
      return [...all, `SFT${n}RSTF`];
    case 'iwdg':
      return [...all, `IWDG${n}RSTF`];
    case 'wwdg':
      return [...all, `WWDG${n}RSTF`];
    case 'low-power':
      return [...all, `LPWR${n}RSTF`];
    case 'pin':
    case 'option-bytes':
      return all;
  }
}

const KERNELS: readonly (readonly [field: string, bus: string, clocks: readonly string[]])[] = [
  ['D2CCIP2R.USART234578SEL', 'pclk1', ['usart2', 'usart3', 'uart4', 'uart5', 'uart7', 'uart8']],
  ['D2CCIP2R.USART16SEL', 'pclk2', ['usart1', 'usart6']],
  ['D3CCIPR.LPUART1SEL', 'pclk4', ['lpuart1']],
];
const FACTS: RccHFacts = {
  pll: {
    src: () => 'PLLCKSELR.PLLSRC',
    m: (i) => `PLLCKSELR.DIVM${i}`,
    n: (i) => `PLL${i}DIVR.DIVN${i}`,
    fracn: (i) => `PLL${i}FRACR.FRACN${i}`,
    fracen: (i) => `PLLCFGR.PLL${i}FRACEN`,
    vcosel: (i) => `PLLCFGR.PLL${i}VCOSEL`,
    rge: (i) => `PLLCFGR.PLL${i}RGE`,
    enable: (i, o) => `PLLCFGR.DIV${o}${i}EN`,
    div: (i, o) => `PLL${i}DIVR.DIV${o}${i}`,
  },
  pllSources: ['hsi', 'csi', 'hse', null],
  // RM0399 RCC_PLLCFGR, DS12110.
  vcoRange: [
    [192e6, 960e6],
    [150e6, 420e6],
  ],
  ready: { lsi: 0, lse: 1, hsi: 2, hse: 3, csi: 4, hsi48: 5, pll1: 6, pll2: 7, pll3: 8 },
  lsecss: 9,
  lsi: 'CSR',
  cfgr: 'CFGR',
  lseFrozen: ['LSEBYP', 'LSEDRV'],
};
/** Enable registers that each core has of its own. */
const PER_CORE = ['AHB3ENR', 'AHB1ENR', 'AHB2ENR', 'AHB4ENR', 'APB3ENR', 'APB1LENR', 'APB1HENR', 'APB2ENR', 'APB4ENR'] as const;
/** Those whose blocks lie in the D2 domain. */
const D2_BUSES = ['AHB1ENR', 'AHB2ENR', 'APB1LENR', 'APB1HENR', 'APB2ENR'] as const;

/** One register as both cores see it: the shared storage, and what each core has set. */
interface Split {
  readonly shared: Register;
  readonly own: readonly [Register, Register];
}

const lptimSources = (bus: string): readonly (string | null)[] => [bus, 'pll2p', 'pll3r', 'lse', 'lsi', 'per'];
/** RM0399 9.7.17 to 19. */
const MUXES: readonly KernelMux[] = [
  { field: 'D2CCIP1R.SPI123SEL', sources: ['pll1q', 'pll2p', 'pll3p', null, 'per'], clocks: ['spi123'] },
  { field: 'D2CCIP1R.SPI45SEL', sources: ['pclk2', 'pll2q', 'pll3q', 'hsi', 'csi', 'hse'], clocks: ['spi45'] },
  { field: 'D3CCIPR.SPI6SEL', sources: ['pclk4', 'pll2q', 'pll3q', 'hsi', 'csi', 'hse'], clocks: ['spi6'] },
  { field: 'D2CCIP2R.I2C123SEL', sources: ['pclk1', 'pll3r', 'hsi', 'csi'], clocks: ['i2c123'] },
  { field: 'D3CCIPR.I2C4SEL', sources: ['pclk4', 'pll3r', 'hsi', 'csi'], clocks: ['i2c4'] },
  { field: 'D2CCIP2R.LPTIM1SEL', sources: lptimSources('pclk1'), clocks: ['lptim1'] },
  { field: 'D3CCIPR.LPTIM2SEL', sources: lptimSources('pclk4'), clocks: ['lptim2'] },
  { field: 'D3CCIPR.LPTIM345SEL', sources: lptimSources('pclk4'), clocks: ['lptim345'] },
  { field: 'D3CCIPR.ADCSEL', sources: ['pll2p', 'pll3r', 'per'], clocks: ['adc'] },
  { field: 'D2CCIP1R.FDCANSEL', sources: ['hse', 'pll1q', 'pll2q'], clocks: ['fdcan'] },
];

class RccH7 extends RccH {
  private readonly splits: readonly Split[];
  private readonly rsr: readonly [Register, Register];
  private readonly r;
  private readonly x;
  private readonly muxes: ReturnType<typeof kernelMuxes>;
  private readonly kernels: readonly { field: Field; bus: string; clocks: readonly string[] }[];

  constructor(layout: Layout) {
    super(layout, FACTS);
    const f = this.f;
    this.rsr = [layout.reg('C1_RSR'), layout.reg('C2_RSR')];
    this.splits = PER_CORE.filter((name) => layout.has(`C1_${name}`)).map((name) => ({
      shared: layout.reg(name),
      own: [layout.reg(`C1_${name}`), layout.reg(`C2_${name}`)],
    }));
    this.r = { gcr: layout.reg('GCR'), pllckselr: layout.reg('PLLCKSELR'), pllcfgr: layout.reg('PLLCFGR') };
    this.x = {
      d1ckrdy: f('CR.D1CKRDY'),
      d2ckrdy: f('CR.D2CKRDY'),
      d1cpre: f('D1CFGR.D1CPRE'),
      hpre: f('D1CFGR.HPRE'),
      d1ppre: f('D1CFGR.D1PPRE'),
      d2ppre1: f('D2CFGR.D2PPRE1'),
      d2ppre2: f('D2CFGR.D2PPRE2'),
      d3ppre: f('D3CFGR.D3PPRE'),
      usbsel: f('D2CCIP2R.USBSEL'),
      rngsel: f('D2CCIP2R.RNGSEL'),
      ckpersel: f('D1CCIPR.CKPERSEL'),
      boot1: f('GCR.BOOT_C1'),
      boot2: f('GCR.BOOT_C2'),
    };
    this.muxes = kernelMuxes(layout, MUXES);
    this.kernels = KERNELS.map(([path, bus, clocks]) => ({ field: f(path), bus, clocks }));
  }

  /** HSIKERON is set by the SVD's reset value and clear by that of later manuals. */
  protected override readonly keepsOn = false;
  protected rates(c: AnyCtx): Rates {
    const rates: Rates = {};
    const x = this.x;
    this.addSources(c, rates, x.ckpersel);
    const source = this.sysclkSource(c, rates);
    const sysclk = source && scaleRate(source, 1, 1);
    const cpu1 = sysclk && scaleRate(sysclk, 1, hpreDivider(x.d1cpre.get(c)));
    const hclk = cpu1 && scaleRate(cpu1, 1, hpreDivider(x.hpre.get(c)));
    rates['sysclk'] = sysclk;
    rates['cpu1'] = cpu1;
    rates['hclk'] = hclk;
    rates['systick1-ext'] = cpu1 && scaleRate(cpu1, 1, 8);
    rates['systick2-ext'] = hclk && scaleRate(hclk, 1, 8);
    for (const [name, field] of [
      ['pclk1', x.d2ppre1],
      ['pclk2', x.d2ppre2],
      ['pclk3', x.d1ppre],
      ['pclk4', x.d3ppre],
    ] as const)
      rates[name] = hclk && scaleRate(hclk, 1, ppreDivider(field.get(c)));
    rates['timpclk1'] = hclk && timerClock(hclk, x.d2ppre1.get(c), this.timpre.get(c));
    rates['timpclk2'] = hclk && timerClock(hclk, x.d2ppre2.get(c), this.timpre.get(c));
    rates['rtc'] = this.rtcRate(c, rates);
    rates['usb'] = this.usbRate(rates, x.usbsel.get(c));
    rates['rng'] = this.rngRate(rates, x.rngsel.get(c));
    for (const { field, bus, clocks } of this.kernels) for (const clock of clocks) rates[clock] = this.kernelRate(rates, field.get(c), bus);
    addKernelClocks(c, rates, this.muxes);
    return rates;
  }

  protected override checkPll(c: AnyCtx, i: number): void {
    super.checkPll(c, i);
    // RM0399 RCC_PLL1DIVR: odd factors of DIVP1 are not allowed.
    const p = this.plls[0]!.outputs[0]!.div.get(c) + 1;
    if (i === 0 && p > 1 && p % 2 === 1) c.env.note('guest', `PLL1: DIVP1 divides by ${p}; odd factors are not allowed`);
  }
  protected resetFlags(_cause: ResetCause): readonly string[] {
    return [];
  }
  override onWire(c: AnyCtx, wire: Wire, value: number): void {
    if (SLEEPS.includes(wire)) this.domains(c);
    else super.onWire(c, wire, value);
  }
  protected override wanted(c: AnyCtx, name: string): boolean {
    return super.wanted(c, name) || (name === 'lsi' && c.env.wire(LSI_REQUEST2) !== 0);
  }
  /** D2 runs while its core does, or while a running CPU1 has blocks there; D1 likewise with its own core. */
  private domains(c: AnyCtx): void {
    const sleeps = (core: number): boolean => c.env.wire(SLEEPS[core]!) !== 0;
    const allocated = D2_BUSES.some((name) => c.get(this.layout.reg(`C1_${name}`)) !== 0);
    this.x.d1ckrdy.set(c, sleeps(0) ? 0 : 1);
    this.x.d2ckrdy.set(c, sleeps(1) && !(allocated && !sleeps(0)) ? 0 : 1);
  }

  // ---- accesses ----------------------------------------------------------------------------------------------------------------------
  /** Own register of the accessing core behind a shared name, or null. */
  private ownOf(r: Register, core: number): Register | null {
    if (r === this.flags.register) return this.rsr[core]!;
    return this.splits.find((s) => s.shared === r)?.own[core] ?? null;
  }
  readonly sharedNames = (): string[] => [this.flags.register.name, ...this.splits.map((s) => s.shared.name)];
  read(c: AnyCtx, r: Register, value: number): number {
    const own = this.ownOf(r, c.env.master());
    return own ? c.get(own) : value;
  }
  override write(c: AnyCtx, r: Register, merged: number, raw: number, lanes: number): number | void {
    const split = this.splits.find((s) => s.shared === r || s.own.includes(r));
    if (split) return this.writeSplit(c, split, r, raw, lanes);
    if (r === this.flags.register || this.rsr.includes(r)) return this.writeRsr(c, r, raw);
    // Set by software, cleared by a reset.
    if (r === this.r.gcr) return merged | (c.get(r) & (this.x.boot1.mask | this.x.boot2.mask));
    return super.write(c, r, merged, raw, lanes) ?? this.writePll(c, r, merged);
  }
  /** The core's own register takes the value; the shared one holds what either has set. */
  private writeSplit(c: AnyCtx, split: Split, r: Register, raw: number, lanes: number): number {
    const core = split.own[1] === r ? 1 : split.own[0] === r ? 0 : c.env.master();
    const own = split.own[core]!;
    const mask = own.writable & lanes;
    const value = ((c.get(own) & ~mask) | (raw & mask)) >>> 0;
    const other = c.get(split.own[1 - core]!);
    // FLITFEN and WWDG1EN's kind: bits that only the shared register has stay with it.
    const rest = split.shared.writable & ~own.writable;
    const common = r === split.shared ? (c.get(split.shared) & rest & ~lanes) | (raw & rest & lanes) : c.get(split.shared) & rest;
    const union = (value | other | common) >>> 0;
    if (r === split.shared) {
      c.put(own, value);
      return union;
    }
    c.put(split.shared, union);
    return value;
  }
  /** RMVF clears the accessing core's flags. */
  private writeRsr(c: AnyCtx, r: Register, raw: number): number {
    const core = r === this.rsr[1] ? 1 : r === this.rsr[0] ? 0 : c.env.master();
    const own = this.rsr[core]!;
    const rmvf = this.flags.rmvf.mask;
    const value = raw & rmvf ? rmvf : c.get(own) & ~rmvf;
    c.put(own, value >>> 0);
    // RSR is stored as CPU1's.
    if (core === 0) c.put(this.flags.register, value >>> 0);
    return c.get(r);
  }
  /** Source, dividers and ranges are frozen while the PLL that they belong to is on; output enables and the fraction's latch are not (HAL-H7 sets them then). */
  private writePll(c: AnyCtx, r: Register, merged: number): number | void {
    const on = this.plls.map((p) => p.on.get(c) === 1);
    if (!on.some((v) => v)) return;
    let frozen = 0;
    this.plls.forEach((p, i) => {
      if (!on[i]) return;
      if (r === this.r.pllckselr) frozen |= p.m.mask | p.src.mask;
      if (r === this.r.pllcfgr) frozen |= p.vcosel.mask | this.f(`PLLCFGR.PLL${i + 1}RGE`).mask;
      if (r === p.n.register) frozen = 0xffffffff;
    });
    const old = c.get(r);
    if ((merged ^ old) & frozen)
      c.env.note('guest', `RCC_${r.name} written while a PLL that it configures is on: ignored in part`, { is: 'lost', why: 'running' });
    return this.keepPll1p(c, r, ((old & frozen) | (merged & ~frozen)) >>> 0);
  }
  protected changed(c: AnyCtx, r: Register): void {
    if (r === this.r.gcr) this.release(c);
    if (/ENR$/.test(r.name)) this.domains(c);
    if (/^(CR|BDCR|CSR|CFGR|D[123]CFGR|PLL.*|D[123]CC.*)$/.test(r.name)) this.followAll(c);
  }
  private release(c: AnyCtx): void {
    c.env.setWire(RELEASE_CM7, this.x.boot1.get(c));
    c.env.setWire(RELEASE_CM4, this.x.boot2.get(c));
  }

  override keeps(r: Register, kind: ResetKind): boolean {
    if (kind === 'backup') return r !== this.backup.bdcr;
    return super.keeps(r, kind) || this.rsr.includes(r);
  }
  override onReset(c: Ctx, kind: ResetKind): void {
    if (kind !== 'backup') {
      // The cores leave reset when HSI runs, so its flags are up before any code can see them.
      this.oscillators['hsi']!.rdy.set(c, 1);
      this.hsidivf.set(c, 1);
      this.x.d1ckrdy.set(c, 1);
      this.x.d2ckrdy.set(c, 1);
      this.release(c);
    }
    if (kind === 'system') this.raiseFlags(c);
    super.onReset(c, kind);
    if (kind === 'system') c.put(this.flags.register, c.get(this.rsr[0]!));
  }
  /** Flags of a power-on reset: 0x00FE0000 with two cores. */
  powerFlags(): number {
    return this.flagBits(resetFlagsH7('power', 0));
  }
  /** Bits of RSR by the names of two cores. */
  private flagBits(names: readonly string[]): number {
    const has = (name: string): boolean => this.layout.hasField(`RSR.${name}`);
    return names
      .map((name) => (has(name) ? name : (ONE_CORE[name] ?? name)))
      .filter(has)
      .reduce((m, name) => (m | this.f(`RSR.${name}`).mask) >>> 0, 0);
  }
  private raiseFlags(c: Ctx): void {
    const cause = RESET_CAUSES[c.env.wire(RESET_CAUSE)] ?? 'pin';
    const raised = this.flagBits(resetFlagsH7(cause, c.env.wire(RESET_CORE)));
    for (const r of this.rsr) c.put(r, ((cause === 'power' ? 0 : c.get(r) & ~this.flags.rmvf.mask) | raised) >>> 0);
  }
}

export const rccH7: ModelFactory = (layout): RegisterModel<RccHState> => {
  const rcc = new RccH7(layout);
  const mask = (...paths: readonly string[]): number => paths.reduce((m, p) => m | layout.field(p).mask, 0);
  const rw = (name: string, ...hardware: readonly string[]): number =>
    (layout.reg(name).writable & ~mask(...hardware.map((f) => `${name}.${f}`))) >>> 0;
  const shared = rcc.sharedNames();
  return {
    about: {
      source: 'RM0399 RCC, HAL-H7; reset flags by cause recalled; a PLL locks with its VCO out of range (assumed)',
      confidence: 'documented',
      lacks: [
        'sleep-mode and autonomous-mode enables (stored)',
        'MCO',
        'trimming',
        'clocks of the D2 SRAMs (always on)',
        'Stop of one domain alone (D1 and D2 stop together with the system)',
        'HSIKERON, CSIKERON in Stop',
        'kernel clocks of peripherals without behaviour',
      ],
    },
    ...rccModel(rcc, layout, /LPENR$|^(HSICFGR|CRRCR|CSICFGR|D3AMR)$/),
    wires: [...RCC_WIRES, LSI_REQUEST2, ...SLEEPS],
    writable: {
      // The SVD calls these registers read-write throughout; flags are the hardware's.
      CR: rw('CR', 'HSIRDY', 'HSIDIVF', 'CSIRDY', 'HSI48RDY', 'D1CKRDY', 'D2CKRDY', 'HSERDY', 'PLL1RDY', 'PLL2RDY', 'PLL3RDY'),
      CFGR: rw('CFGR', 'SWS'),
      BDCR: rw('BDCR', 'LSERDY', 'LSECSSD'),
      CSR: rw('CSR', 'LSIRDY'),
      CIFR: 0,
      CICR: 0,
      RSR: mask('RSR.RMVF'),
      C1_RSR: mask('C1_RSR.RMVF'),
      C2_RSR: mask('C2_RSR.RMVF'),
    },
    // The SVD prints 0, which no part shows after power-on.
    resets: Object.fromEntries(['RSR', 'C1_RSR', 'C2_RSR'].map((name) => [name, rcc.powerFlags()])),
    create: () => ({ hsiDivider: 1, frac: [0, 0, 0] }),
    read: (c, r, value) => (shared.includes(r.name) ? rcc.read(c, r, value) : value),
    // The bench and checks see what is stored: enable bits of either core.
    peek: (_c, _r, value) => value,
    live: [],
    acting: [],
  };
};
