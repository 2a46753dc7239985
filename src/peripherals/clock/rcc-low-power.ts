/**
 * What the RCC of STM32L0 and L1 share: MSI with its ranges, HSI, HSE, LSI, LSE, PLL, SYSCLK switch, prescalers, ready interrupts, CSS; the RTC's domain and the
 * reset flags share CSR.
 *
 * Facts: registers ST SVD; clock tree, MSI ranges, factors of the PLL, RTCPRE: RM0038 6.2 and 6.3, RM0376 7.2 and 7.3 (documented as far as quoted in HAL-L1 and HAL-L0; recalled).
 * Delays are parameters of the chip row.
 * Wires read: `reset.cause`, `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board). Driven: `nmi`, `hse.on`.
 */
import type { ResetCause } from '../../emu/component.ts';
import type { Field, Layout, Register, RegisterContext } from '../../emu/registers.ts';
import { scaleRate, type Rate } from '../../emu/time.ts';
import { RccBase, type BackupFields, type InterruptFields, type OscillatorFields } from './rcc-common.ts';
import { checkPllRate, resetFlagNames } from './rcc-rules.ts';
import { VOS } from '../wires.ts';

type Ctx = RegisterContext<object>;
type Rates = Record<string, Rate | null>;

/** Hertz by MSIRANGE: 65.536 kHz, doubled with each; 7 does not exist. */
const msiHz = (range: number): number | null => (range < 7 ? 65_536 * 2 ** range : null);
/** By PLLMUL. */
const PLL_FACTORS = [3, 4, 6, 8, 12, 16, 24, 32, 48] as const;
/** PLLDIV divides by 2 to 4; 0 does not exist. */
const pllDivider = (v: number): number | null => (v === 0 ? null : v + 1);
/** Highest VCO frequency by range of VOS (RM0038 6.2.4, RM0376 7.2.5). */
const VCO_MAX: Readonly<Record<number, number>> = { 1: 96e6, 2: 48e6, 3: 24e6 };

/** Where L0 and L1 have other names. */
export interface LowPowerRccNames {
  readonly hsi: readonly [on: string, rdy: string];
  readonly lsecss: readonly [on: string, failed: string];
  /** Fields of CSR that belong to the RTC's domain beside those that both have. */
  readonly domain: readonly string[];
}

export abstract class RccLowPower extends RccBase {
  protected readonly oscillators: Record<string, OscillatorFields>;
  protected readonly backup: BackupFields;
  protected readonly sw: Field;
  protected readonly sws: Field;
  protected readonly swNames = ['msi', 'hsi', 'hse', 'pll'] as const;
  protected readonly flags;
  protected abstract override readonly interrupts: InterruptFields;
  protected readonly cr: Register;
  protected readonly csson: Field;
  protected readonly sysclkPll: Field;
  private readonly csr: Register;
  private readonly cfgr: Register;
  private readonly pll: Readonly<Record<'rdy' | 'src' | 'mul' | 'div', Field>>;
  private readonly msiRange: Field;
  private readonly hpre: Field;
  private readonly ppre: readonly Field[];
  private readonly rtcpre: Field;

  constructor(layout: Layout, names: LowPowerRccNames) {
    super(layout);
    const f = this.f;
    this.cr = layout.reg('CR');
    this.csr = layout.reg('CSR');
    this.cfgr = layout.reg('CFGR');
    this.oscillators = {
      lse: { on: f('CSR.LSEON'), rdy: f('CSR.LSERDY'), bypass: f('CSR.LSEBYP') },
      lsi: { on: f('CSR.LSION'), rdy: f('CSR.LSIRDY') },
      msi: { on: f('CR.MSION'), rdy: f('CR.MSIRDY') },
      hsi: { on: f(`CR.${names.hsi[0]}`), rdy: f(`CR.${names.hsi[1]}`) },
      hse: { on: f('CR.HSEON'), rdy: f('CR.HSERDY'), bypass: f('CR.HSEBYP') },
    };
    const domain = ['LSEON', 'LSERDY', 'LSEBYP', 'RTCSEL', 'RTCEN', 'RTCRST', ...names.lsecss, ...names.domain];
    this.backup = {
      bdcr: this.csr,
      rtcsel: f('CSR.RTCSEL'),
      rtcen: f('CSR.RTCEN'),
      bdrst: f('CSR.RTCRST'),
      lseFrozen: f('CSR.LSEBYP').mask,
      domain: domain.reduce((mask, name) => mask | f(`CSR.${name}`).mask, 0),
      lsecss: { on: f(`CSR.${names.lsecss[0]}`), failed: f(`CSR.${names.lsecss[1]}`) },
    };
    this.sw = f('CFGR.SW');
    this.sws = f('CFGR.SWS');
    this.flags = { register: this.csr, rmvf: f('CSR.RMVF') };
    this.csson = f('CR.CSSON');
    this.sysclkPll = f('CR.PLLON');
    this.pll = { rdy: f('CR.PLLRDY'), src: f('CFGR.PLLSRC'), mul: f('CFGR.PLLMUL'), div: f('CFGR.PLLDIV') };
    this.msiRange = f('ICSCR.MSIRANGE');
    this.hpre = f('CFGR.HPRE');
    this.ppre = [f('CFGR.PPRE1'), f('CFGR.PPRE2')];
    this.rtcpre = f('CR.RTCPRE');
  }

  get timers(): readonly string[] {
    return [...Object.keys(this.oscillators), 'pll', ...this.baseTimers()];
  }

  protected override ownRate(c: Ctx, name: string): Rate | null {
    const plain = super.ownRate(c, name);
    if (name !== 'msi') return plain;
    const hz = msiHz(this.msiRange.get(c));
    return this.isReady(c, 'msi') && hz !== null ? this.actual(c, name, hz) : null;
  }

  private pllSource(c: Ctx): 'hsi' | 'hse' {
    return this.pll.src.get(c) ? 'hse' : 'hsi';
  }
  private hasFactors(c: Ctx): boolean {
    return PLL_FACTORS[this.pll.mul.get(c)] !== undefined && this.pll.div.get(c) > 0;
  }
  protected followPlls(c: Ctx): void {
    if (this.sysclkPll.get(c) && this.isReady(c, this.pllSource(c)) && this.hasFactors(c)) {
      if (!this.pll.rdy.get(c) && c.env.due('pll') === Infinity) c.env.arm('pll', c.env.now() + this.parameter(c, 'pll.lock.ps'));
      return;
    }
    c.env.disarm('pll');
    if (this.pll.rdy.get(c)) this.pll.rdy.set(c, 0);
  }
  private vco(c: Ctx, rates: Rates): Rate | null {
    const input = rates[this.pllSource(c)] ?? null;
    return input && this.hasFactors(c) ? scaleRate(input, PLL_FACTORS[this.pll.mul.get(c)]!, 1) : null;
  }

  protected rates(c: Ctx): Rates {
    const rates: Rates = {};
    for (const name in this.oscillators) rates[name] = this.oscillatorRate(c, name);
    const vco = this.pll.rdy.get(c) ? this.vco(c, rates) : null;
    rates['pll'] = vco && scaleRate(vco, 1, pllDivider(this.pll.div.get(c))!);
    this.addBuses(c, rates, this.hpre, this.ppre);
    rates['rtc'] = this.rtcRate(c, rates);
    rates['usb'] = vco && scaleRate(vco, 1, 2);
    return rates;
  }
  protected override rtcHse(c: Ctx, rates: Rates): Rate | null {
    const hse = rates['hse'] ?? null;
    return hse && scaleRate(hse, 1, 2 << this.rtcpre.get(c));
  }
  protected pllUses(c: Ctx, name: string): boolean {
    return this.pllSource(c) === name;
  }
  protected resetFlags(cause: ResetCause): readonly string[] {
    return resetFlagNames(cause, 'PORRSTF');
  }
  protected override setReady(c: Ctx, name: string): void {
    if (name !== 'pll') return super.setReady(c, name);
    this.pll.rdy.set(c, 1);
    const source = this.pllSource(c);
    const vco = this.vco(c, { [source]: this.oscillatorRate(c, source) });
    const limit = VCO_MAX[c.env.wire(VOS)] ?? VCO_MAX[1]!;
    checkPllRate(c, 'PLL', source, vco, [0, limit]);
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.cr) return this.writeCr(c, merged);
    if (r === this.csr) return this.writeCsr(c, merged, raw);
    if (r === this.cfgr) return this.writeCfgr(c, merged);
    if (r === this.msiRange.register && this.msiRange.of(merged) === 7) {
      c.env.note('guest', 'RCC_ICSCR.MSIRANGE = 7 does not exist: not changed');
      return ((merged & ~this.msiRange.mask) | (c.get(r) & this.msiRange.mask)) >>> 0;
    }
  }
  /** The RTC's domain behind DBP, the rest always; RMVF clears the flags and reads 0. */
  private writeCsr(c: Ctx, merged: number, raw: number): number {
    const domain = this.backup.domain!;
    const old = c.get(this.csr);
    const touched = ((merged ^ old) & domain) !== 0;
    const inside = touched ? this.writeBdcr(c, merged) : old;
    const kept = this.flags.rmvf.of(raw) ? merged & ~this.flagMask() : merged;
    return ((kept & ~domain & ~this.flags.rmvf.mask) | (inside & domain)) >>> 0;
  }
  /** Source and factors of the PLL are frozen while it is on. */
  private writeCfgr(c: Ctx, merged: number): number {
    const old = c.get(this.cfgr);
    const held = this.sysclkPll.get(c) ? this.pll.src.mask | this.pll.mul.mask | this.pll.div.mask : 0;
    if (!((merged ^ old) & held)) return merged;
    c.env.note('guest', 'RCC_CFGR: source and factors of the PLL written while PLLON = 1: not changed', { is: 'lost', why: 'running' });
    return ((merged & ~held) | (old & held)) >>> 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (value === old) return;
    if (r === this.interrupts.enables || r === this.interrupts.flags) return this.interrupt(c);
    this.followAll(c);
  }
}
