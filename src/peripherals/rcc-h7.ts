/**
 * RCC of STM32H7 with two cores: oscillators, PLL1–3, SYSCLK switch, prescalers of the three domains, kernel clock muxes, ready interrupts, CSS, backup-domain
 * control, reset flags and enable bits per core, release of a held core.
 * Not modelled: sleep-mode and autonomous-mode enables (stored), MCO outputs, trimming, clocks of the D2 SRAMs (always on), what Stop does to clocks.
 *
 * Facts: registers ST SVD STM32H745 with the CMSIS header's names; clock tree, PLL and prescaler formulas RM0399 RCC (documented); USB and USART muxes
 * HAL-H7 rcc_ex.h (documented); reset flags by cause RM0399 "Reset source identification" (recalled: reported). xxxENR is the accessing core's own
 * register; a block is clocked when either core has set its bit: RM0399 "peripheral allocation" (documented).
 * Wires read: `reset.cause`, `reset.core`, `dbp` (PWR), `lsi.request`, `lsi.request2` (IWDG), `hse.fail`, `lse.fail` (board), `core.deepsleep.<core>`.
 * Wires driven: `nmi` (HSE clock security), `hse.on`, `core.release.cm7`, `core.release.cm4` (GCR.BOOT_C1, BOOT_C2).
 */
import { RESET_CAUSES, type ResetCause, type ResetKind } from '../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';
import { rate, rateHz, scaleRate, type Rate } from '../emu/time.ts';
import { hpreDivider, ppreDivider, RccBase, type BackupFields, type OscillatorFields } from './rcc-common.ts';

export interface RccH7State {
  /** Divider of HSI in force. */
  hsiDivider: number;
  /** FRACN values latched into the PLLs' modulators. */
  frac: number[];
}
type Ctx = RegisterContext<RccH7State>;
type AnyCtx = RegisterContext<object>;

/** PLL output before P, Q, R; null when the input divider is off. */
export function pllVcoH7(input: Rate, m: number, n: number, frac: number): Rate | null {
  return m === 0 ? null : scaleRate(input, (n + 1) * 8192 + frac, m * 8192);
}
export function timerClockH7(hclk: Rate, ppre: number, timpre: number): Rate {
  const divider = ppreDivider(ppre);
  const factor = timpre ? 4 : 2;
  return divider <= factor ? hclk : scaleRate(hclk, factor, divider);
}

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

const PLL_SOURCES = ['hsi', 'csi', 'hse', null] as const;
const USB_SOURCES = [null, 'pll1q', 'pll3q', 'hsi48'] as const;
const KERNEL = ['', 'pll2q', 'pll3q', 'hsi', 'csi', 'lse'] as const;
const KERNELS: readonly (readonly [field: string, bus: string, clocks: readonly string[]])[] = [
  ['D2CCIP2R.USART234578SEL', 'pclk1', ['usart2', 'usart3', 'uart4', 'uart5', 'uart7', 'uart8']],
  ['D2CCIP2R.USART16SEL', 'pclk2', ['usart1', 'usart6']],
  ['D3CCIPR.LPUART1SEL', 'pclk4', ['lpuart1']],
];
/** Ready flag positions, equal in CIER, CIFR and CICR. */
const READY_BITS: Readonly<Record<string, number>> = { lsi: 0, lse: 1, hsi: 2, hse: 3, csi: 4, hsi48: 5, pll1: 6, pll2: 7, pll3: 8 };
const LSECSS_BIT = 9;
const HSECSS_BIT = 10;
/** VCO range in hertz by VCOSEL: wide, medium (RM0399 RCC_PLLCFGR, DS12110). */
const VCO_RANGE = [
  [192e6, 960e6],
  [150e6, 420e6],
] as const;
/** Enable registers that each core has of its own. */
export const PER_CORE = ['AHB3ENR', 'AHB1ENR', 'AHB2ENR', 'AHB4ENR', 'APB3ENR', 'APB1LENR', 'APB1HENR', 'APB2ENR', 'APB4ENR'] as const;
/** Those whose blocks lie in the D2 domain. */
const D2_BUSES = ['AHB1ENR', 'AHB2ENR', 'APB1LENR', 'APB1HENR', 'APB2ENR'] as const;

interface Pll {
  readonly on: Field;
  readonly rdy: Field;
  readonly m: Field;
  readonly n: Field;
  readonly fracn: Field;
  readonly fracen: Field;
  readonly vcosel: Field;
  readonly outputs: readonly { readonly enable: Field; readonly div: Field; readonly clock: string }[];
}
/** One register as both cores see it: the shared storage, and what each core has set. */
interface Split {
  readonly shared: Register;
  readonly own: readonly [Register, Register];
}

class Rcc extends RccBase {
  protected readonly oscillators: Readonly<Record<string, OscillatorFields>>;
  protected readonly backup: BackupFields;
  protected readonly sw: Field;
  protected readonly sws: Field;
  protected readonly swNames = ['hsi', 'csi', 'hse', 'pll1p'] as const;
  protected readonly flags: { readonly register: Register; readonly rmvf: Field };
  private readonly plls: readonly Pll[];
  private readonly splits: readonly Split[];
  private readonly rsr: readonly [Register, Register];
  readonly r;
  private readonly x;

  constructor(layout: Layout) {
    super(layout);
    const f = this.f;
    const osc = (register: string, name: string, bypass?: string): OscillatorFields => ({
      on: f(`${register}.${name}ON`),
      rdy: f(`${register}.${name}RDY`),
      ...(bypass ? { bypass: f(`${register}.${bypass}`) } : {}),
    });
    this.oscillators = {
      hsi: osc('CR', 'HSI'),
      csi: osc('CR', 'CSI'),
      hse: osc('CR', 'HSE', 'HSEBYP'),
      hsi48: osc('CR', 'HSI48'),
      lse: osc('BDCR', 'LSE', 'LSEBYP'),
      lsi: osc('CSR', 'LSI'),
    };
    this.backup = {
      bdcr: layout.reg('BDCR'),
      rtcsel: f('BDCR.RTCSEL'),
      rtcen: f('BDCR.RTCEN'),
      bdrst: f('BDCR.VSWRST'),
      lsecssd: f('BDCR.LSECSSD'),
      lseFrozen: f('BDCR.LSEBYP').mask | f('BDCR.LSEDRV').mask,
      setOnly: f('BDCR.LSECSSON').mask,
    };
    this.sw = f('CFGR.SW');
    this.sws = f('CFGR.SWS');
    this.flags = { register: layout.reg('RSR'), rmvf: f('RSR.RMVF') };
    this.rsr = [layout.reg('C1_RSR'), layout.reg('C2_RSR')];
    this.plls = [1, 2, 3].map((i) => ({
      on: f(`CR.PLL${i}ON`),
      rdy: f(`CR.PLL${i}RDY`),
      m: f(`PLLCKSELR.DIVM${i}`),
      n: f(`PLL${i}DIVR.DIVN${i}`),
      fracn: f(`PLL${i}FRACR.FRACN${i}`),
      fracen: f(`PLLCFGR.PLL${i}FRACEN`),
      vcosel: f(`PLLCFGR.PLL${i}VCOSEL`),
      outputs: ['P', 'Q', 'R'].map((o) => ({
        enable: f(`PLLCFGR.DIV${o}${i}EN`),
        div: f(`PLL${i}DIVR.DIV${o}${i}`),
        clock: `pll${i}${o.toLowerCase()}`,
      })),
    }));
    this.splits = PER_CORE.filter((name) => layout.has(`C1_${name}`)).map((name) => ({
      shared: layout.reg(name),
      own: [layout.reg(`C1_${name}`), layout.reg(`C2_${name}`)],
    }));
    this.r = {
      cr: layout.reg('CR'),
      csr: layout.reg('CSR'),
      cier: layout.reg('CIER'),
      cifr: layout.reg('CIFR'),
      cicr: layout.reg('CICR'),
      gcr: layout.reg('GCR'),
      pllckselr: layout.reg('PLLCKSELR'),
      pllcfgr: layout.reg('PLLCFGR'),
    };
    this.x = {
      hsidiv: f('CR.HSIDIV'),
      hsidivf: f('CR.HSIDIVF'),
      csson: f('CR.HSECSSON'),
      d1ckrdy: f('CR.D1CKRDY'),
      d2ckrdy: f('CR.D2CKRDY'),
      pllsrc: f('PLLCKSELR.PLLSRC'),
      d1cpre: f('D1CFGR.D1CPRE'),
      hpre: f('D1CFGR.HPRE'),
      d1ppre: f('D1CFGR.D1PPRE'),
      d2ppre1: f('D2CFGR.D2PPRE1'),
      d2ppre2: f('D2CFGR.D2PPRE2'),
      d3ppre: f('D3CFGR.D3PPRE'),
      timpre: f('CFGR.TIMPRE'),
      rtcpre: f('CFGR.RTCPRE'),
      usbsel: f('D2CCIP2R.USBSEL'),
      ckpersel: f('D1CCIPR.CKPERSEL'),
      boot1: f('GCR.BOOT_C1'),
      boot2: f('GCR.BOOT_C2'),
      lsecsson: f('BDCR.LSECSSON'),
      lsecssd: f('BDCR.LSECSSD'),
      stopwuck: f('CFGR.STOPWUCK'),
    };
  }
  private state(c: AnyCtx): RccH7State {
    return c.s as RccH7State;
  }

  // ---- rates -----------------------------------------------------------------------------------------------------------------------
  protected override oscillatorRate(c: AnyCtx, name: string): Rate | null {
    const r = super.oscillatorRate(c, name);
    return r && name === 'hsi' ? rate(r.num, r.den * this.state(c).hsiDivider) : r;
  }
  private pllSource(c: AnyCtx): string | null {
    return PLL_SOURCES[this.x.pllsrc.get(c)]!;
  }
  private vco(c: AnyCtx, i: number): Rate | null {
    const pll = this.plls[i]!;
    const source = this.pllSource(c);
    const input = source === null ? null : this.oscillatorRate(c, source);
    return input && pllVcoH7(input, pll.m.get(c), pll.n.get(c), pll.fracen.get(c) ? this.state(c).frac[i]! : 0);
  }
  protected rates(c: AnyCtx): Record<string, Rate | null> {
    const rates: Record<string, Rate | null> = {};
    const x = this.x;
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    this.plls.forEach((pll, i) => {
      const vco = pll.rdy.get(c) ? this.vco(c, i) : null;
      for (const o of pll.outputs) rates[o.clock] = vco && o.enable.get(c) ? scaleRate(vco, 1, o.div.get(c) + 1) : null;
    });
    rates['per'] = [rates['hsi']!, rates['csi']!, rates['hse']!, null][x.ckpersel.get(c)]!;
    const sysclk = rates[this.swNames[this.sws.get(c)] ?? ''] ?? null;
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
    rates['timpclk1'] = hclk && timerClockH7(hclk, x.d2ppre1.get(c), x.timpre.get(c));
    rates['timpclk2'] = hclk && timerClockH7(hclk, x.d2ppre2.get(c), x.timpre.get(c));
    const rtcpre = x.rtcpre.get(c);
    const rtc = [null, rates['lse']!, rates['lsi']!, rates['hse'] && rtcpre > 1 ? scaleRate(rates['hse'], 1, rtcpre) : null][
      this.backup.rtcsel.get(c)
    ]!;
    rates['rtc'] = this.backup.rtcen.get(c) ? rtc : null;
    const usb = USB_SOURCES[x.usbsel.get(c)]!;
    rates['usb'] = usb === null ? null : rates[usb]!;
    for (const [path, bus, clocks] of KERNELS) {
      const select = this.f(path).get(c);
      const source = select === 0 ? bus : KERNEL[select];
      for (const clock of clocks) rates[clock] = source === undefined ? null : rates[source]!;
    }
    return rates;
  }

  // ---- PLLs ------------------------------------------------------------------------------------------------------------------------
  protected followPlls(c: AnyCtx): void {
    const source = this.pllSource(c);
    const input = source !== null && this.isReady(c, source);
    this.plls.forEach((pll, i) => {
      const name = `pll${i + 1}`;
      if (pll.on.get(c) && input && pll.m.get(c) !== 0) {
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
    return name === 'pll1' || this.pllSource(c) === name;
  }
  /** ASSUMED: a VCO outside its range locks all the same; the timeline says so. */
  private checkPll(c: AnyCtx, i: number): void {
    const vco = this.vco(c, i);
    const [low, high] = VCO_RANGE[this.plls[i]!.vcosel.get(c)]!;
    if (vco && (rateHz(vco) < low || rateHz(vco) > high))
      c.env.note('guest', `PLL${i + 1}: VCO at ${Math.round(rateHz(vco) / 1e6)} MHz, allowed ${low / 1e6} to ${high / 1e6} MHz`);
    // RM0399 RCC_PLL1DIVR: odd factors of DIVP1 are not allowed.
    const p = this.plls[0]!.outputs[0]!.div.get(c) + 1;
    if (i === 0 && p > 1 && p % 2 === 1) c.env.note('guest', `PLL1: DIVP1 divides by ${p}; odd factors are not allowed`);
  }

  // ---- flags, interrupts -------------------------------------------------------------------------------------------------------------
  protected resetFlags(_cause: ResetCause): readonly string[] {
    return [];
  }
  protected override setReady(c: AnyCtx, name: string): void {
    const pll = /^pll([123])$/.exec(name);
    if (pll) this.plls[Number(pll[1]) - 1]!.rdy.set(c, 1);
    else super.setReady(c, name);
  }
  protected flagReady(c: AnyCtx, name: string): void {
    const bit = 1 << READY_BITS[name]!;
    if (c.get(this.r.cier) & bit) c.put(this.r.cifr, c.get(this.r.cifr) | bit);
    this.interrupt(c);
    if (name.startsWith('pll')) this.checkPll(c, Number(name[3]) - 1);
  }
  protected interrupt(c: AnyCtx): void {
    const pending = c.get(this.r.cifr);
    c.env.irq(0, (pending & c.get(this.r.cier)) !== 0);
    c.env.setWire('nmi', (pending >>> HSECSS_BIT) & 1);
  }

  override onTimer(c: AnyCtx, timer: string): void {
    if (timer === 'hsidiv') {
      this.state(c).hsiDivider = 1 << this.x.hsidiv.get(c);
      this.x.hsidivf.set(c, 1);
      return this.update(c);
    }
    super.onTimer(c, timer);
  }
  onWire(c: AnyCtx, wire: string, value: number): void {
    if (wire.startsWith('core.deepsleep.')) return this.domains(c);
    if (wire === 'hse.fail' && value && this.isReady(c, 'hse')) this.hseFailed(c);
    else if (wire === 'lse.fail' && value && this.isReady(c, 'lse')) {
      this.oscillators['lse']!.rdy.set(c, 0);
      if (this.x.lsecsson.get(c)) {
        this.x.lsecssd.set(c, 1);
        // Like the ready flags, LSECSSF rises only while its interrupt is enabled.
        if (c.get(this.r.cier) & (1 << LSECSS_BIT)) c.put(this.r.cifr, c.get(this.r.cifr) | (1 << LSECSS_BIT));
        this.interrupt(c);
      }
    }
    if (wire.endsWith('.fail')) c.env.disarm(wire.slice(0, 3));
    this.followAll(c);
  }
  protected override wanted(c: AnyCtx, name: string): boolean {
    return super.wanted(c, name) || (name === 'lsi' && c.env.wire('lsi.request2') !== 0);
  }
  /** Clock security: HSE off, SYSCLK to HSI (or CSI, by STOPWUCK), NMI. */
  private hseFailed(c: AnyCtx): void {
    const hse = this.oscillators['hse']!;
    hse.rdy.set(c, 0);
    if (!this.x.csson.get(c)) return;
    const used = this.usesForSysclk(c, 'hse');
    hse.on.set(c, 0);
    if (used) {
      const csi = this.x.stopwuck.get(c);
      this.oscillators[csi ? 'csi' : 'hsi']!.on.set(c, 1);
      this.sw.set(c, csi);
      if (this.pllSource(c) === 'hse') this.plls[0]!.on.set(c, 0);
    }
    c.put(this.r.cifr, c.get(this.r.cifr) | (1 << HSECSS_BIT));
    this.interrupt(c);
  }
  /** D2 runs while its core does, or while a running CPU1 has blocks there; D1 likewise with its own core. */
  private domains(c: AnyCtx): void {
    const sleeps = (core: number): boolean => c.env.wire(`core.deepsleep.${core}`) !== 0;
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
  write(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void {
    const split = this.splits.find((s) => s.shared === r || s.own.includes(r));
    if (split) return this.writeSplit(c, split, r, raw, lanes);
    if (r === this.flags.register || this.rsr.includes(r)) return this.writeRsr(c, r, raw);
    if (r === this.r.cr) return this.writeCr(c, merged);
    if (r === this.backup.bdcr) return this.writeBdcr(c, merged);
    if (r === this.r.cicr) {
      c.put(this.r.cifr, c.get(this.r.cifr) & ~raw);
      this.interrupt(c);
      return 0;
    }
    // Set by software, cleared by a reset.
    if (r === this.r.gcr) return merged | (c.get(r) & (this.x.boot1.mask | this.x.boot2.mask));
    return this.writePll(c, r, merged);
  }
  /** The core's own register takes the value; the shared one holds what either has set. */
  private writeSplit(c: Ctx, split: Split, r: Register, raw: number, lanes: number): number {
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
  private writeRsr(c: Ctx, r: Register, raw: number): number {
    const core = r === this.rsr[1] ? 1 : r === this.rsr[0] ? 0 : c.env.master();
    const own = this.rsr[core]!;
    const rmvf = this.flags.rmvf.mask;
    const value = raw & rmvf ? rmvf : c.get(own) & ~rmvf;
    c.put(own, value >>> 0);
    // RSR is stored as CPU1's.
    if (core === 0) c.put(this.flags.register, value >>> 0);
    return c.get(r);
  }
  private writeCr(c: Ctx, merged: number): number {
    const old = c.get(this.r.cr);
    let value = this.keepSysclkSource(c, this.r.cr, old, merged, { pll1: this.plls[0]!.on });
    const hse = this.oscillators['hse']!;
    const frozen = hse.bypass!.mask;
    if (hse.on.of(old)) value = (value & ~frozen) | (old & frozen);
    value |= old & this.x.csson.mask;
    const { hsidiv, hsidivf } = this.x;
    if (hsidiv.of(value) !== hsidiv.of(old) && this.pllSource(c) === 'hsi' && this.plls.some((p) => p.on.get(c))) {
      c.env.note('guest', 'RCC_CR.HSIDIV cannot be changed while a running PLL takes HSI');
      value = (value & ~hsidiv.mask) | (old & hsidiv.mask);
    }
    if (hsidiv.of(value) !== hsidiv.of(old)) value &= ~hsidivf.mask;
    return value >>> 0;
  }
  /** Source, dividers and ranges are frozen while the PLL that they belong to is on; output enables and the fraction's latch are not (HAL-H7 sets them then). */
  private writePll(c: Ctx, r: Register, merged: number): number | void {
    const on = this.plls.map((p) => p.on.get(c) === 1);
    if (!on.some((v) => v)) return;
    let frozen = 0;
    this.plls.forEach((p, i) => {
      if (!on[i]) return;
      if (r === this.r.pllckselr) frozen |= p.m.mask | this.x.pllsrc.mask;
      if (r === this.r.pllcfgr) frozen |= p.vcosel.mask | this.f(`PLLCFGR.PLL${i + 1}RGE`).mask;
      if (r === p.n.register) frozen = 0xffffffff;
    });
    const old = c.get(r);
    if ((merged ^ old) & frozen) c.env.note('guest', `RCC_${r.name} written while a PLL that it configures is on: ignored in part`);
    return ((old & frozen) | (merged & ~frozen)) >>> 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (value === old) return;
    const { hsidiv } = this.x;
    if (r === this.r.cr && hsidiv.of(value) !== hsidiv.of(old))
      c.env.arm('hsidiv', c.env.now() + Math.ceil((this.parameter(c, 'hsidiv.clocks') * 1e12) / (c.env.parameter('hsi.hz') ?? 1)));
    this.plls.forEach((p, i) => {
      if (r === this.r.pllcfgr && p.fracen.of(value) && !p.fracen.of(old)) c.s.frac[i] = p.fracn.get(c);
    });
    if (r === this.r.cier) this.interrupt(c);
    if (r === this.r.gcr) this.release(c);
    if (/ENR$/.test(r.name)) this.domains(c);
    if (/^(CR|BDCR|CSR|CFGR|D[123]CFGR|PLL.*|D[123]CC.*)$/.test(r.name)) this.followAll(c);
  }
  private release(c: AnyCtx): void {
    c.env.setWire('core.release.cm7', this.x.boot1.get(c));
    c.env.setWire('core.release.cm4', this.x.boot2.get(c));
  }

  override keeps(r: Register, kind: ResetKind): boolean {
    if (kind === 'backup') return r !== this.backup.bdcr;
    return super.keeps(r, kind) || this.rsr.includes(r);
  }
  onReset(c: Ctx, kind: ResetKind): void {
    if (kind !== 'backup') {
      c.s.hsiDivider = 1 << this.x.hsidiv.get(c);
      c.s.frac.fill(0);
      // The cores leave reset when HSI runs, so its flags are up before any code can see them.
      this.oscillators['hsi']!.rdy.set(c, 1);
      this.x.hsidivf.set(c, 1);
      this.x.d1ckrdy.set(c, 1);
      this.x.d2ckrdy.set(c, 1);
      this.release(c);
    }
    if (kind === 'system') this.raiseFlags(c);
    this.reset(c, kind, TIMERS);
    if (kind === 'system') c.put(this.flags.register, c.get(this.rsr[0]!));
  }
  private raiseFlags(c: Ctx): void {
    const cause = RESET_CAUSES[c.env.wire('reset.cause')] ?? 'pin';
    const raised = resetFlagsH7(cause, c.env.wire('reset.core')).reduce((m, name) => m | this.f(`RSR.${name}`).mask, 0);
    for (const r of this.rsr) c.put(r, ((cause === 'power' ? 0 : c.get(r) & ~this.flags.rmvf.mask) | raised) >>> 0);
  }
}

const TIMERS = ['hsi', 'csi', 'hse', 'hsi48', 'lse', 'lsi', 'pll1', 'pll2', 'pll3', 'switch', 'hsidiv', 'lse.off', 'lsi.off'] as const;
/** Flags of a power-on reset. */
const POWER_FLAGS = 0x00fe0000;

export const rccH7: ModelFactory = (layout): RegisterModel<RccH7State> => {
  const rcc = new Rcc(layout);
  const mask = (...paths: readonly string[]): number => paths.reduce((m, p) => m | layout.field(p).mask, 0);
  const rw = (name: string, ...hardware: readonly string[]): number =>
    (layout.reg(name).writable & ~mask(...hardware.map((f) => `${name}.${f}`))) >>> 0;
  const shared = rcc.sharedNames();
  return {
    timers: TIMERS,
    wires: ['lsi.request', 'lsi.request2', 'hse.fail', 'lse.fail', 'core.deepsleep.0', 'core.deepsleep.1'],
    modelled: layout.registers.map((r) => r.name).filter((n) => !/LPENR$|^(HSICFGR|CRRCR|CSICFGR|D3AMR)$/.test(n)),
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
    resets: { RSR: POWER_FLAGS, C1_RSR: POWER_FLAGS, C2_RSR: POWER_FLAGS },
    keeps: (r, kind) => rcc.keeps(r, kind),
    create: () => ({ hsiDivider: 1, frac: [0, 0, 0] }),
    onReset: (c, kind) => rcc.onReset(c, kind),
    onTimer: (c, timer) => rcc.onTimer(c, timer),
    onWire: (c, wire, value) => rcc.onWire(c, wire, value),
    read: (c, r, value) => (shared.includes(r.name) ? rcc.read(c, r, value) : value),
    // The bench and checks see what is stored: enable bits of either core.
    peek: (_c, _r, value) => value,
    live: [],
    write: (c, r, merged, raw, lanes) => rcc.write(c, r, merged, raw, lanes),
    wrote: (c, r, value, old) => rcc.wrote(c, r, value, old),
  };
};
