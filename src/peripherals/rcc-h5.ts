/**
 * RCC of STM32H5: oscillators, PLL1–3, SYSCLK switch, prescalers, kernel clock muxes, ready interrupts, CSS, backup-domain control, reset flags.
 * Not modelled: the ENR/RSTR bits' effects (System reads them), sleep-mode enables, MCO outputs, trimming, security and privilege.
 *
 * Facts: registers ST SVD STM32H533; which bits are frozen when, flag rules: field texts of ST SVD STM32H563, same RCC (documented);
 * prescaler and timer-clock rules RM0481 RCC (documented); delays are parameters of the chip row.
 * Wires read: `reset.cause` (code of RESET_CAUSES), `dbp` (PWR), `lsi.request` (IWDG), `hse.fail`, `lse.fail` (board).
 * Wires driven: `nmi` (HSE clock security), `hse.on` (pins OSC_IN/OSC_OUT taken).
 */
import { RESET_CAUSES, type ResetCause, type ResetKind } from '../emu/component.ts';
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';
import { rate, rateHz, scaleRate, type Rate } from '../emu/time.ts';

/** What the registers do not show. */
export interface RccH5State {
  /** Divider of HSI in force (HSIDIV takes effect later than its write). */
  hsiDivider: number;
  /** FRACN values latched into the PLLs' modulators. */
  frac: number[];
}
type Ctx = RegisterContext<RccH5State>;

const HPRE_SHIFT = [1, 2, 3, 4, 6, 7, 8, 9];
const hpreDivider = (v: number): number => (v & 8 ? 1 << HPRE_SHIFT[v & 7]! : 1);
const ppreDivider = (v: number): number => (v & 4 ? 2 << (v & 3) : 1);

/** Timer clock from HCLK, PPRE field and TIMPRE (RM0481 "timer clocks"). */
export function timerClock(hclk: Rate, ppre: number, timpre: number): Rate {
  const pdiv = ppreDivider(ppre);
  const factor = timpre ? 4 : 2;
  return pdiv <= factor ? hclk : scaleRate(hclk, factor, pdiv);
}

/** PLL output (before P, Q, R) from its input; null when the input divider is off. */
export function pllVco(input: Rate, m: number, n: number, frac: number): Rate | null {
  return m === 0 ? null : scaleRate(input, (n + 1) * 8192 + frac, m * 8192);
}

/** RSR flags that a reset raises. Every reset drives NRST low, so PINRSTF rises with all (CMSIS names). */
export function resetFlagsH5(cause: ResetCause): readonly string[] {
  switch (cause) {
    case 'power':
    case 'brownout':
      return ['PINRSTF', 'BORRSTF'];
    case 'software':
    case 'debugger':
    case 'core':
      return ['PINRSTF', 'SFTRSTF'];
    case 'iwdg':
      return ['PINRSTF', 'IWDGRSTF'];
    case 'wwdg':
      return ['PINRSTF', 'WWDGRSTF'];
    case 'low-power':
      return ['PINRSTF', 'LPWRRSTF'];
    case 'pin':
    case 'option-bytes':
      return ['PINRSTF'];
  }
}

/** USARTxSEL, LPUART1SEL: the last five sources are common, the first is the block's bus clock. */
const KERNEL = ['', 'pll2q', 'pll3q', 'hsi', 'csi', 'lse'] as const;
const USARTS: readonly (readonly [clock: string, field: string, bus: string])[] = [
  ['usart1', 'CCIPR1.USART1SEL', 'pclk2'],
  ['usart2', 'CCIPR1.USART2SEL', 'pclk1'],
  ['usart3', 'CCIPR1.USART3SEL', 'pclk1'],
  ['uart4', 'CCIPR1.UART4SEL', 'pclk1'],
  ['uart5', 'CCIPR1.UART5SEL', 'pclk1'],
  ['usart6', 'CCIPR1.USART6SEL', 'pclk1'],
  ['lpuart1', 'CCIPR3.LPUART1SEL', 'pclk3'],
];
const USB_SOURCES = [null, 'pll1q', 'pll3q', 'hsi48'] as const;
const SYSTICK_LSI = 1;
const SYSTICK_LSE = 2;
const SW_NAMES = ['hsi', 'csi', 'hse', 'pll1p'] as const;
const SW_PLL1 = 3;
const RTC_LSI = 2;
/** Own clocks after which the ready flag falls, where the manual gives a number. */
const FALL_CLOCKS: Readonly<Record<string, number>> = { lse: 6, lsi: 3 };
/** VCO range in hertz by VCOSEL. */
const VCO_RANGE = [
  [128e6, 560e6],
  [150e6, 420e6],
] as const;
const PLL_SOURCES = [null, 'hsi', 'csi', 'hse'] as const;

/** Ready flag positions, equal in CIER, CIFR and CICR. */
const READY_BITS: Readonly<Record<string, number>> = { lsi: 0, lse: 1, csi: 2, hsi: 3, hse: 4, hsi48: 5, pll1: 6, pll2: 7, pll3: 8 };
const CSS_BIT = 10;

interface PllFields {
  on: Field;
  rdy: Field;
  src: Field;
  m: Field;
  fracen: Field;
  vcosel: Field;
  n: Field;
  fracn: Field;
  outputs: readonly { enable: Field; div: Field; clock: string }[];
}

class Rcc {
  private readonly cr: Register;
  private readonly bdcr: Register;
  private readonly cfgr1: Register;
  private readonly cifr: Register;
  private readonly cier: Register;
  private readonly on: Readonly<Record<string, Field>>;
  private readonly rdy: Readonly<Record<string, Field>>;
  private readonly f: (path: string) => Field;
  private readonly plls: readonly PllFields[];
  private readonly hsidiv: Field;
  private readonly hsidivf: Field;
  private readonly sw: Field;
  private readonly sws: Field;
  private readonly usarts: readonly { clock: string; field: Field; bus: string }[];
  private readonly mux: Readonly<
    Record<'hpre' | 'ppre1' | 'ppre2' | 'ppre3' | 'timpre' | 'rtcpre' | 'rtcsel' | 'rtcen' | 'usbsel' | 'systicksel' | 'ckpersel', Field>
  >;
  private readonly hsebyp: Field;
  private readonly lsebyp: Field;
  private readonly csson: Field;
  private readonly lsecsson: Field;
  private readonly lsecssd: Field;
  private readonly vswrst: Field;
  private readonly resetFlags: Register;
  private readonly cicr: Register;
  private readonly layout: Layout;

  constructor(layout: Layout) {
    const f = (path: string): Field => layout.field(path);
    this.f = f;
    this.layout = layout;
    this.cr = layout.reg('CR');
    this.bdcr = layout.reg('BDCR');
    this.cfgr1 = layout.reg('CFGR1');
    this.cifr = layout.reg('CIFR');
    this.cier = layout.reg('CIER');
    this.cicr = layout.reg('CICR');
    this.resetFlags = layout.reg('RSR');
    this.on = {
      hsi: f('CR.HSION'),
      csi: f('CR.CSION'),
      hse: f('CR.HSEON'),
      hsi48: f('CR.HSI48ON'),
      lse: f('BDCR.LSEON'),
      lsi: f('BDCR.LSION'),
      pll1: f('CR.PLL1ON'),
      pll2: f('CR.PLL2ON'),
      pll3: f('CR.PLL3ON'),
    };
    this.rdy = {
      hsi: f('CR.HSIRDY'),
      csi: f('CR.CSIRDY'),
      hse: f('CR.HSERDY'),
      hsi48: f('CR.HSI48RDY'),
      lse: f('BDCR.LSERDY'),
      lsi: f('BDCR.LSIRDY'),
      pll1: f('CR.PLL1RDY'),
      pll2: f('CR.PLL2RDY'),
      pll3: f('CR.PLL3RDY'),
    };
    this.plls = [1, 2, 3].map((i) => {
      const p = `PLL${i}`;
      return {
        on: f(`CR.${p}ON`),
        rdy: f(`CR.${p}RDY`),
        src: f(`${p}CFGR.${p}SRC`),
        m: f(`${p}CFGR.${p}M`),
        fracen: f(`${p}CFGR.${p}FRACEN`),
        vcosel: f(`${p}CFGR.${p}VCOSEL`),
        n: f(`${p}DIVR.${p}N`),
        fracn: f(`${p}FRACR.${p}FRACN`),
        outputs: ['P', 'Q', 'R'].map((o) => ({
          enable: f(`${p}CFGR.${p}${o}EN`),
          div: f(`${p}DIVR.${p}${o}`),
          clock: `pll${i}${o.toLowerCase()}`,
        })),
      };
    });
    this.hsidiv = f('CR.HSIDIV');
    this.hsidivf = f('CR.HSIDIVF');
    this.sw = f('CFGR1.SW');
    this.sws = f('CFGR1.SWS');
    this.hsebyp = f('CR.HSEBYP');
    this.csson = f('CR.HSECSSON');
    this.lsebyp = f('BDCR.LSEBYP');
    this.lsecsson = f('BDCR.LSECSSON');
    this.lsecssd = f('BDCR.LSECSSD');
    this.vswrst = f('BDCR.VSWRST');
    this.usarts = USARTS.filter(([, path]) => layout.hasField(path)).map(([clock, path, bus]) => ({ clock, field: f(path), bus }));
    this.mux = {
      hpre: f('CFGR2.HPRE'),
      ppre1: f('CFGR2.PPRE1'),
      ppre2: f('CFGR2.PPRE2'),
      ppre3: f('CFGR2.PPRE3'),
      timpre: f('CFGR1.TIMPRE'),
      rtcpre: f('CFGR1.RTCPRE'),
      rtcsel: f('BDCR.RTCSEL'),
      rtcen: f('BDCR.RTCEN'),
      usbsel: f('CCIPR4.USBSEL'),
      systicksel: f('CCIPR4.SYSTICKSEL'),
      ckpersel: f('CCIPR5.CKPERSEL'),
    };
  }

  /** Time from switching an oscillator on to its ready flag; Infinity when nothing on the board can make it swing. */
  private startTime(c: Ctx, name: string): number {
    const p = (key: string): number => c.env.parameter(key) ?? 0;
    const clocks = (n: number, hz: number): number => Math.ceil((n * 1e12) / hz);
    switch (name) {
      case 'hse':
      case 'lse': {
        const hz = c.env.parameter(`${name}.hz`);
        if (hz === undefined || hz <= 0 || c.env.wire(`${name}.fail`)) return Infinity;
        const bypass = (name === 'hse' ? this.hsebyp : this.lsebyp).get(c) === 1;
        if (p(`${name}.external`)) return clocks(p(`${name}.ready.clocks`), hz);
        if (bypass) return Infinity;
        return name === 'hse' ? p('hse.start.ps') + clocks(p('hse.ready.clocks'), hz) : p('lse.start.ps');
      }
      default:
        return p(`${name}.start.ps`);
    }
  }

  private wanted(c: Ctx, name: string): boolean {
    // LSI also runs, and shows LSIRDY, while the IWDG or the RTC uses it.
    if (name === 'lsi' && (c.env.wire('lsi.request') || (this.mux.rtcen.get(c) && this.mux.rtcsel.get(c) === RTC_LSI))) return true;
    return this.on[name]!.get(c) === 1;
  }

  /** Starts or stops an oscillator after a change of its ON bit, its bypass or its request. */
  private follow(c: Ctx, name: string): void {
    const rdy = this.rdy[name]!;
    const falls = FALL_CLOCKS[name];
    if (this.wanted(c, name)) {
      if (falls !== undefined) c.env.disarm(`${name}.off`);
      if (!rdy.get(c) && c.env.due(name) === Infinity) c.env.arm(name, c.env.now() + this.startTime(c, name));
    } else {
      c.env.disarm(name);
      if (!rdy.get(c)) return;
      if (falls === undefined) rdy.set(c, 0);
      else if (c.env.due(`${name}.off`) === Infinity)
        c.env.arm(`${name}.off`, c.env.now() + Math.ceil((falls * 1e12) / (c.env.parameter(`${name}.hz`) ?? 1)));
    }
  }

  private pllInput(c: Ctx, pll: PllFields): string | null {
    const source = PLL_SOURCES[pll.src.get(c)]!;
    return source !== null && this.rdy[source]!.get(c) ? source : null;
  }

  /** A PLL locks a while after it is on and its input runs; it loses lock with either. */
  private followPll(c: Ctx, i: number): void {
    const pll = this.plls[i]!;
    const name = `pll${i + 1}`;
    if (pll.on.get(c) && this.pllInput(c, pll) !== null && pll.m.get(c) !== 0) {
      if (pll.rdy.get(c) || c.env.due(name) !== Infinity) return;
      if (pll.fracen.get(c)) c.s.frac[i] = pll.fracn.get(c);
      const key = pll.vcosel.get(c) ? 'pll.lock.medium.ps' : pll.fracen.get(c) ? 'pll.lock.fractional.ps' : 'pll.lock.ps';
      c.env.arm(name, c.env.now() + (c.env.parameter(key) ?? 0));
    } else {
      c.env.disarm(name);
      if (pll.rdy.get(c)) pll.rdy.set(c, 0);
    }
  }

  private followAll(c: Ctx): void {
    for (const name of ['hsi', 'csi', 'hse', 'hsi48', 'lse', 'lsi']) this.follow(c, name);
    for (let i = 0; i < 3; i++) this.followPll(c, i);
    c.env.setWire('hse.on', this.on['hse']!.get(c));
    this.followSwitch(c);
    this.update(c);
  }

  private readonly oscillatorRate = (c: Ctx, name: string): Rate | null => {
    if (!this.rdy[name]!.get(c)) return null;
    const hz = c.env.parameter(`${name}.hz`);
    return hz === undefined ? null : rate(hz, name === 'hsi' ? c.s.hsiDivider : 1);
  };

  /** Rates of everything, from the registers. Only changes reach the listeners. */
  private update(c: Ctx): void {
    const rates: Record<string, Rate | null> = {};
    for (const name of ['hsi', 'csi', 'hse', 'hsi48', 'lse', 'lsi']) rates[name] = this.oscillatorRate(c, name);
    this.plls.forEach((pll, i) => {
      const source = pll.rdy.get(c) ? PLL_SOURCES[pll.src.get(c)]! : null;
      const input = source === null ? null : rates[source]!;
      const vco = input && pllVco(input, pll.m.get(c), pll.n.get(c), pll.fracen.get(c) ? c.s.frac[i]! : 0);
      for (const o of pll.outputs) rates[o.clock] = vco && o.enable.get(c) ? scaleRate(vco, 1, o.div.get(c) + 1) : null;
    });
    const m = this.mux;
    rates['per'] = [rates['hsi']!, rates['csi']!, rates['hse']!, null][m.ckpersel.get(c)]!;
    const sysclk = rates[SW_NAMES[this.sws.get(c)]!] ?? null;
    const hclk = sysclk && scaleRate(sysclk, 1, hpreDivider(m.hpre.get(c)));
    rates['sysclk'] = sysclk;
    rates['hclk'] = hclk;
    for (const [i, field] of [m.ppre1, m.ppre2, m.ppre3].entries())
      rates[`pclk${i + 1}`] = hclk && scaleRate(hclk, 1, ppreDivider(field.get(c)));
    rates['timpclk1'] = hclk && timerClock(hclk, m.ppre1.get(c), m.timpre.get(c));
    rates['timpclk2'] = hclk && timerClock(hclk, m.ppre2.get(c), m.timpre.get(c));
    const tick = m.systicksel.get(c);
    rates['systick-ext'] =
      tick === 0 ? hclk && scaleRate(hclk, 1, 8) : tick === SYSTICK_LSI ? rates['lsi']! : tick === SYSTICK_LSE ? rates['lse']! : null;
    const rtcpre = m.rtcpre.get(c);
    const rtc = [null, rates['lse']!, rates['lsi']!, rates['hse'] && rtcpre > 1 ? scaleRate(rates['hse'], 1, rtcpre) : null][
      m.rtcsel.get(c)
    ]!;
    rates['rtc'] = m.rtcen.get(c) ? rtc : null;
    const usb = USB_SOURCES[m.usbsel.get(c)]!;
    rates['usb'] = usb === null ? null : rates[usb]!;
    for (const u of this.usarts) {
      const source = u.field.get(c) === 0 ? u.bus : KERNEL[u.field.get(c)];
      rates[u.clock] = source === undefined ? null : rates[source]!;
    }
    for (const name in rates) c.env.setClock(name, rates[name]!);
  }

  /** The SYSCLK switch waits until the source that SW asks for gives clocks, then takes a few clocks of both. */
  private followSwitch(c: Ctx): void {
    const target = this.sw.get(c);
    if (target === this.sws.get(c) || !this.sourceReady(c, target)) return c.env.disarm('switch');
    if (c.env.due('switch') !== Infinity) return;
    const clocks = c.env.parameter('sysclk.switch.clocks') ?? 0;
    const old = c.env.clockRate('sysclk');
    // While the old source is dead (CSS) only the new one's clocks count.
    const wait = (r: Rate | null): number => (r === null ? 0 : Math.ceil((clocks * 1e12) / rateHz(r)));
    const next = target === SW_PLL1 ? c.env.clockRate('pll1p') : this.oscillatorRate(c, SW_NAMES[target]!);
    c.env.arm('switch', c.env.now() + wait(old) + wait(next));
  }

  private sourceReady(c: Ctx, sw: number): boolean {
    return sw === SW_PLL1
      ? this.plls[0]!.rdy.get(c) === 1 && this.plls[0]!.outputs[0]!.enable.get(c) === 1
      : this.rdy[SW_NAMES[sw]!]!.get(c) === 1;
  }

  private ready(c: Ctx, name: string): void {
    this.rdy[name]!.set(c, 1);
    const bit = 1 << READY_BITS[name]!;
    if (c.get(this.cier) & bit) c.put(this.cifr, c.get(this.cifr) | bit);
    this.interrupt(c);
    if (name.startsWith('pll')) this.checkVco(c, Number(name[3]) - 1);
    this.followAll(c);
  }

  /** ASSUMED: a VCO outside its range locks all the same; the timeline says so. */
  private checkVco(c: Ctx, i: number): void {
    const pll = this.plls[i]!;
    const input = this.oscillatorRate(c, PLL_SOURCES[pll.src.get(c)]!);
    const vco = input && pllVco(input, pll.m.get(c), pll.n.get(c), pll.fracen.get(c) ? c.s.frac[i]! : 0);
    const [low, high] = VCO_RANGE[pll.vcosel.get(c)]!;
    if (vco && (rateHz(vco) < low || rateHz(vco) > high))
      c.env.note('guest', `PLL${i + 1}: VCO at ${Math.round(rateHz(vco) / 1e6)} MHz, allowed ${low / 1e6} to ${high / 1e6} MHz`);
  }

  private interrupt(c: Ctx): void {
    c.env.irq(0, (c.get(this.cifr) & c.get(this.cier)) !== 0);
    c.env.setWire('nmi', (c.get(this.cifr) >>> CSS_BIT) & 1);
  }

  onTimer(c: Ctx, timer: string): void {
    if (timer === 'switch') {
      this.sws.set(c, this.sw.get(c));
      this.update(c);
    } else if (timer === 'hsidiv') {
      c.s.hsiDivider = 1 << this.hsidiv.get(c);
      this.hsidivf.set(c, 1);
      this.update(c);
    } else if (timer.endsWith('.off')) {
      this.rdy[timer.slice(0, 3)]!.set(c, 0);
      this.followAll(c);
    } else this.ready(c, timer);
  }

  onWire(c: Ctx, wire: string, value: number): void {
    if (wire === 'hse.fail' && value && this.rdy['hse']!.get(c)) this.hseFailed(c);
    else if (wire === 'lse.fail' && value && this.rdy['lse']!.get(c)) {
      this.rdy['lse']!.set(c, 0);
      if (this.lsecsson.get(c)) this.lsecssd.set(c, 1);
    }
    if (wire.endsWith('.fail')) c.env.disarm(wire.slice(0, 3));
    this.followAll(c);
  }

  /** Clock security: HSE off, SYSCLK to HSI, NMI (RM0481 "clock security system"). */
  private hseFailed(c: Ctx): void {
    this.rdy['hse']!.set(c, 0);
    if (!this.csson.get(c)) return;
    const onHse = this.usesForSysclk(c, 'hse');
    this.on['hse']!.set(c, 0);
    if (onHse) {
      // STOPWUCK also names the emergency clock.
      const csi = this.f('CFGR1.STOPWUCK').get(c);
      this.on[csi ? 'csi' : 'hsi']!.set(c, 1);
      this.sw.set(c, csi);
      if (this.plls[0]!.src.get(c) === 3) this.plls[0]!.on.set(c, 0);
    }
    c.put(this.cifr, c.get(this.cifr) | (1 << CSS_BIT));
    this.interrupt(c);
  }

  /** Whether SYSCLK comes, or is about to come, from this source; an oscillator is in use also through PLL1. */
  private usesForSysclk(c: Ctx, name: string): boolean {
    for (const sw of [this.sws.get(c), this.sw.get(c)]) {
      if (SW_NAMES[sw] === name) return true;
      if (sw === SW_PLL1 && (name === 'pll1' || PLL_SOURCES[this.plls[0]!.src.get(c)] === name)) return true;
    }
    return false;
  }

  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.cr) return this.writeCr(c, merged);
    if (r === this.bdcr) return this.writeBdcr(c, merged);
    if (r === this.cicr) {
      c.put(this.cifr, c.get(this.cifr) & ~raw);
      this.interrupt(c);
      return 0;
    }
    // RMVF = 1 clears the flags and stays until software or a reset clears it.
    if (r === this.resetFlags) return raw & this.f('RSR.RMVF').mask ? merged & this.f('RSR.RMVF').mask : merged;
    const pll = /^PLL([123])(CFGR|DIVR)$/.exec(r.name);
    if (pll) return this.writePll(c, r, merged, Number(pll[1]) - 1);
  }

  private writeCr(c: Ctx, merged: number): number {
    let value = merged;
    const old = c.get(this.cr);
    for (const name of ['hsi', 'csi', 'hse', 'pll1']) {
      const on = this.on[name]!;
      const feedsPll1 = name !== 'pll1' && this.on['pll1']!.of(old) === 1 && PLL_SOURCES[this.plls[0]!.src.get(c)] === name;
      if (on.of(old) && !on.of(value) && (feedsPll1 || this.usesForSysclk(c, name))) {
        c.env.note('guest', `RCC_CR.${on.name} cannot be cleared: ${feedsPll1 ? 'PLL1 runs from it' : 'SYSCLK comes from it'}`);
        value |= on.mask;
      }
    }
    // HSEBYP and HSEEXT can only be written while HSE is off; HSECSSON stays set until a reset.
    if (this.on['hse']!.of(old))
      value = (value & ~(this.hsebyp.mask | this.f('CR.HSEEXT').mask)) | (old & (this.hsebyp.mask | this.f('CR.HSEEXT').mask));
    value |= old & this.csson.mask;
    if (this.hsidiv.of(value) !== this.hsidiv.of(old) && this.plls.some((p) => p.on.get(c) && PLL_SOURCES[p.src.get(c)] === 'hsi')) {
      c.env.note('guest', 'RCC_CR.HSIDIV cannot be changed while a running PLL takes HSI');
      value = (value & ~this.hsidiv.mask) | (old & this.hsidiv.mask);
    }
    if (this.hsidiv.of(value) !== this.hsidiv.of(old)) value &= ~this.hsidivf.mask;
    return value >>> 0;
  }

  /**
   * All of BDCR but LSION lies behind DBP: HAL_RCC_OscConfig and ST's RTC_Alarm example start the LSI with DBP = 0 (`inferred`). VSWRST resets the
   * rest of the register and holds it.
   */
  private writeBdcr(c: Ctx, merged: number): number {
    const old = c.get(this.bdcr);
    if (!c.env.wire('dbp')) {
      const open = this.f('BDCR.LSION').mask;
      if ((merged ^ old) & ~open) c.env.note('guest', 'RCC_BDCR written while the backup domain is protected (PWR DBP = 0)');
      merged = (old & ~open) | (merged & open);
      if (this.vswrst.of(old)) return merged;
    }
    if (this.vswrst.of(merged)) {
      c.env.disarm('lse');
      c.env.disarm('lse.off');
      return this.vswrst.mask | (c.env.wire('lsi.request') ? old & this.rdy['lsi']!.mask : 0);
    }
    // LSECSSON stays set until it has found a failure.
    let value = this.lsecssd.of(old) ? merged : merged | (old & this.lsecsson.mask);
    // The RTC's source is chosen once; only a backup reset or an LSE failure frees the choice.
    if (this.mux.rtcsel.of(old) !== 0 && !this.lsecssd.of(old)) value = (value & ~this.mux.rtcsel.mask) | (old & this.mux.rtcsel.mask);
    const frozen = this.lsebyp.mask | this.f('BDCR.LSEDRV').mask | this.f('BDCR.LSEEXT').mask;
    if (this.on['lse']!.of(old) || this.rdy['lse']!.of(old)) value = (value & ~frozen) | (old & frozen);
    return value >>> 0;
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
      c.env.note('guest', `RCC_${r.name} written while ${pll.on.name} = 1: only output enables and FRACEN change`);
    return ((old & ~free) | (merged & free)) >>> 0;
  }

  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (value === old) return;
    if (r === this.cr && this.hsidiv.of(value) !== this.hsidiv.of(old))
      c.env.arm('hsidiv', c.env.now() + Math.ceil(((c.env.parameter('hsidiv.clocks') ?? 0) * 1e12) / (c.env.parameter('hsi.hz') ?? 1)));
    for (let i = 0; i < 3; i++) {
      const { fracen, fracn } = this.plls[i]!;
      if (r === fracen.register && fracen.of(value) && !fracen.of(old)) c.s.frac[i] = fracn.get(c);
    }
    if (r === this.cier) this.interrupt(c);
    if (r.name === 'CFGR2' && value >>> 16 && !(old >>> 16))
      c.env.note('gap', 'RCC_CFGR2 AHBxDIS/APBxDIS: stopping a whole bus is not modelled');
    if (/^(CR|BDCR|CFGR[12]|PLL.*|CCIPR\d)$/.test(r.name)) this.followAll(c);
  }

  keeps(r: Register, kind: ResetKind): boolean {
    if (kind === 'backup') return r !== this.bdcr;
    return r === this.bdcr || r === this.resetFlags;
  }

  onReset(c: Ctx, kind: ResetKind): void {
    if (kind === 'backup') {
      c.env.disarm('lse');
      return this.followAll(c);
    }
    for (const timer of TIMERS) if (kind === 'power' || !/^ls[ei]/.test(timer)) c.env.disarm(timer);
    c.s.hsiDivider = 1 << this.hsidiv.get(c);
    c.s.frac.fill(0);
    if (kind === 'system') {
      const cause = RESET_CAUSES[c.env.wire('reset.cause')] ?? 'pin';
      const power = cause === 'power' || cause === 'brownout';
      let flags = power ? 0 : c.get(this.resetFlags) & ~this.f('RSR.RMVF').mask;
      for (const name of resetFlagsH5(cause)) flags |= this.layout.field(`RSR.${name}`).mask;
      c.put(this.resetFlags, flags);
    }
    this.interrupt(c);
    this.followAll(c);
  }
}

const TIMERS = ['hsi', 'csi', 'hse', 'hsi48', 'lse', 'lsi', 'pll1', 'pll2', 'pll3', 'switch', 'hsidiv', 'lse.off', 'lsi.off'] as const;

export const rccH5: ModelFactory = (layout): RegisterModel<RccH5State> => {
  const rcc = new Rcc(layout);
  const field = (path: string): number => layout.field(path).mask;
  return {
    timers: TIMERS,
    wires: ['lsi.request', 'hse.fail', 'lse.fail'],
    modelled: layout.registers.map((r) => r.name).filter((n) => !/LPENR$|^(HSICFGR|CRRCR|CSICFGR|SECCFGR|PRIVCFGR)$/.test(n)),
    writable: {
      // The SVD calls these registers read-write throughout; the ready and failure flags are the hardware's.
      BDCR: layout.reg('BDCR').writable & ~(field('BDCR.LSERDY') | field('BDCR.LSECSSD') | field('BDCR.LSIRDY')),
      // The flags are the hardware's; software clears them through RMVF.
      RSR: field('RSR.RMVF'),
      // Clear bits read 0.
      CICR: 0,
    },
    keeps: (r, kind) => rcc.keeps(r, kind),
    create: () => ({ hsiDivider: 2, frac: [0, 0, 0] }),
    onReset: (c, kind) => rcc.onReset(c, kind),
    onTimer: (c, timer) => rcc.onTimer(c, timer),
    onWire: (c, wire, value) => rcc.onWire(c, wire, value),
    write: (c, r, merged, raw) => rcc.write(c, r, merged, raw),
    wrote: (c, r, value, old) => rcc.wrote(c, r, value, old),
  };
};
