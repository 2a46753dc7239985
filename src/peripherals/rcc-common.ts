/**
 * What the RCC of several families share: oscillators that take their time to the ready flag, the SYSCLK switch, AHB/APB prescalers, the
 * backup-domain register, reset flags. Each family's RCC builds on it with its own registers, PLLs and muxes.
 *
 * Rules: a clock is passed on from its ready flag on, a switch waits for its source, stopping LSE takes 6 of its clocks: RM0091 6.2 (documented for F0, assumed
 * for the others). Delays are parameters of the chip row.
 */
import { RESET_CAUSES, type ResetCause, type ResetKind } from '../emu/component.ts';
import type { Field, Layout, Register, RegisterContext } from '../emu/registers.ts';
import { rate, rateHz, scaleRate, type Rate } from '../emu/time.ts';

type Ctx = RegisterContext<object>;

const HPRE_SHIFT = [1, 2, 3, 4, 6, 7, 8, 9];
export const hpreDivider = (v: number): number => (v & 8 ? 1 << HPRE_SHIFT[v & 7]! : 1);
export const ppreDivider = (v: number): number => (v & 4 ? 2 << (v & 3) : 1);
/** Timers run from twice the APB clock when the APB is divided. */
export const doubledTimerClock = (hclk: Rate, ppre: number): Rate => {
  const divider = ppreDivider(ppre);
  return divider === 1 ? hclk : scaleRate(hclk, 2, divider);
};

export interface OscillatorFields {
  readonly on: Field;
  readonly rdy: Field;
  readonly bypass?: Field;
}
export interface BackupFields {
  readonly bdcr: Register;
  readonly rtcsel: Field;
  readonly rtcen: Field;
  readonly bdrst: Field;
  /** Bits that are frozen while LSE is on. */
  readonly lseFrozen: number;
  /** Bits that stay set once set, unless the LSE has failed. */
  readonly setOnly: number;
  /** LSE failure detected: frees RTCSEL. */
  readonly lsecssd: Field | null;
}
const RTC_LSI = 2;
/** Own clocks after which the ready flag falls, where the manual gives a number. */
const FALL_CLOCKS: Readonly<Record<string, number>> = { lse: 6, lsi: 3 };
const clocksPs = (n: number, hz: number): number => Math.ceil((n * 1e12) / hz);

export abstract class RccBase {
  protected readonly layout: Layout;
  protected readonly f: (path: string) => Field;
  /** In the order in which their rates are set. */
  protected abstract readonly oscillators: Readonly<Record<string, OscillatorFields>>;
  protected abstract readonly backup: BackupFields;
  protected abstract readonly sw: Field;
  protected abstract readonly sws: Field;
  /** Clock behind each value of SW. */
  protected abstract readonly swNames: readonly string[];
  protected abstract readonly flags: { readonly register: Register; readonly rmvf: Field };

  constructor(layout: Layout) {
    this.layout = layout;
    this.f = (path) => layout.field(path);
  }

  /** Rates of everything, from the registers. */
  protected abstract rates(c: Ctx): Record<string, Rate | null>;
  /** PLLs follow their inputs. */
  protected abstract followPlls(c: Ctx): void;
  /** Names of the reset flags that a cause raises. */
  protected abstract resetFlags(cause: ResetCause): readonly string[];
  /** A ready flag has risen. */
  protected abstract flagReady(c: Ctx, name: string): void;
  protected abstract interrupt(c: Ctx): void;
  /** Oscillator that a PLL in use hangs on. */
  protected abstract pllUses(c: Ctx, name: string): boolean;

  protected parameter(c: Ctx, key: string): number {
    return c.env.parameter(key) ?? 0;
  }
  protected isReady(c: Ctx, name: string): boolean {
    return this.oscillators[name]!.rdy.get(c) === 1;
  }

  /** Time from switching an oscillator on to its ready flag; Infinity when nothing on the board can make it swing. */
  protected startTime(c: Ctx, name: string): number {
    const p = (key: string): number => this.parameter(c, key);
    if (name !== 'hse' && name !== 'lse') return p(`${name}.start.ps`);
    const hz = c.env.parameter(`${name}.hz`);
    if (hz === undefined || hz <= 0 || c.env.wire(`${name}.fail`)) return Infinity;
    // A clock fed into OSC_IN also passes the crystal stage; a crystal without its stage does not swing.
    if (p(`${name}.external`)) return clocksPs(p(`${name}.ready.clocks`), hz);
    if (this.oscillators[name]!.bypass?.get(c)) return Infinity;
    return name === 'hse' ? p('hse.start.ps') + clocksPs(p('hse.ready.clocks'), hz) : p('lse.start.ps');
  }

  protected wanted(c: Ctx, name: string): boolean {
    // LSI also runs, and shows LSIRDY, while the IWDG or the RTC uses it.
    if (name === 'lsi' && (c.env.wire('lsi.request') || (this.backup.rtcen.get(c) && this.backup.rtcsel.get(c) === RTC_LSI))) return true;
    return this.oscillators[name]!.on.get(c) === 1;
  }

  /** Starts or stops an oscillator after a change of its ON bit, its bypass or its request. */
  private follow(c: Ctx, name: string): void {
    const { rdy } = this.oscillators[name]!;
    const falls = FALL_CLOCKS[name];
    if (this.wanted(c, name)) {
      if (falls !== undefined) c.env.disarm(`${name}.off`);
      if (!rdy.get(c) && c.env.due(name) === Infinity) c.env.arm(name, c.env.now() + this.startTime(c, name));
      return;
    }
    c.env.disarm(name);
    if (!rdy.get(c)) return;
    if (falls === undefined) rdy.set(c, 0);
    else if (c.env.due(`${name}.off`) === Infinity)
      c.env.arm(`${name}.off`, c.env.now() + clocksPs(falls, c.env.parameter(`${name}.hz`) ?? 1));
  }

  protected followAll(c: Ctx): void {
    for (const name in this.oscillators) this.follow(c, name);
    this.followPlls(c);
    c.env.setWire('hse.on', this.oscillators['hse']!.on.get(c));
    this.followSwitch(c);
    this.update(c);
  }
  protected update(c: Ctx): void {
    const rates = this.rates(c);
    for (const name in rates) c.env.setClock(name, rates[name]!);
  }
  protected oscillatorRate(c: Ctx, name: string): Rate | null {
    if (!this.isReady(c, name)) return null;
    const hz = c.env.parameter(`${name}.hz`);
    return hz === undefined ? null : rate(hz);
  }
  /** SYSCLK, HCLK, both or the one PCLK, and timer clocks from the source that SWS names. */
  protected addBuses(c: Ctx, rates: Record<string, Rate | null>, hpre: Field, ppre: readonly Field[]): void {
    const sysclk = rates[this.swNames[this.sws.get(c)]!] ?? null;
    const hclk = sysclk && scaleRate(sysclk, 1, hpreDivider(hpre.get(c)));
    rates['sysclk'] = sysclk;
    rates['hclk'] = hclk;
    rates['systick-ext'] = hclk && scaleRate(hclk, 1, 8);
    ppre.forEach((field, i) => {
      rates[`pclk${i + 1}`] = hclk && scaleRate(hclk, 1, ppreDivider(field.get(c)));
      rates[`timpclk${i + 1}`] = hclk && doubledTimerClock(hclk, field.get(c));
    });
  }
  protected rtcRate(c: Ctx, rates: Record<string, Rate | null>): Rate | null {
    if (!this.backup.rtcen.get(c)) return null;
    const hse = rates['hse'] ?? null;
    return [null, rates['lse'] ?? null, rates['lsi'] ?? null, hse && scaleRate(hse, 1, 32)][this.backup.rtcsel.get(c)]!;
  }

  /** The SYSCLK switch waits until the source that SW asks for gives clocks, then takes a few clocks of both. */
  private followSwitch(c: Ctx): void {
    const target = this.sw.get(c);
    const next = target === this.sws.get(c) ? null : (this.rates(c)[this.swNames[target]!] ?? null);
    if (next === null) return c.env.disarm('switch');
    if (c.env.due('switch') !== Infinity) return;
    const clocks = this.parameter(c, 'sysclk.switch.clocks');
    const old = c.env.clockRate('sysclk');
    // While the old source is dead (CSS) only the new one's clocks count.
    const wait = (r: Rate | null): number => (r === null ? 0 : clocksPs(clocks, rateHz(r)));
    c.env.arm('switch', c.env.now() + wait(old) + wait(next));
  }

  /** Whether SYSCLK comes, or is about to come, from this source. */
  protected usesForSysclk(c: Ctx, name: string): boolean {
    for (const sw of [this.sws.get(c), this.sw.get(c)]) {
      const source = this.swNames[sw];
      if (source === name || (source?.startsWith('pll') && this.pllUses(c, name))) return true;
    }
    return false;
  }
  /** ON bits of sources that SYSCLK needs do not fall; `register` is the one being written. */
  protected keepSysclkSource(c: Ctx, register: Register, old: number, value: number, more: Readonly<Record<string, Field>>): number {
    const bits: Record<string, Field> = { ...more };
    for (const name in this.oscillators) bits[name] = this.oscillators[name]!.on;
    for (const [name, on] of Object.entries(bits)) {
      if (on.register !== register || !on.of(old) || on.of(value) || !this.usesForSysclk(c, name)) continue;
      c.env.note('guest', `RCC_${register.name}.${on.name} cannot be cleared: SYSCLK comes from it`);
      value |= on.mask;
    }
    return value >>> 0;
  }

  /** BDCR lies in the backup domain; BDRST resets the rest of it and holds it. */
  protected writeBdcr(c: Ctx, merged: number): number {
    const { bdcr, bdrst, rtcsel, lseFrozen, setOnly, lsecssd } = this.backup;
    const old = c.get(bdcr);
    if (!c.env.wire('dbp')) {
      if (merged !== old) c.env.note('guest', 'RCC_BDCR written while the backup domain is protected (PWR DBP = 0)');
      return old;
    }
    if (bdrst.of(merged)) {
      c.env.disarm('lse');
      c.env.disarm('lse.off');
      return bdrst.mask;
    }
    const failed = lsecssd?.of(old) === 1;
    let value = failed ? merged : merged | (old & setOnly);
    // The RTC's source is chosen once; only a backup reset or an LSE failure frees the choice.
    if (rtcsel.of(old) !== 0 && !failed) value = (value & ~rtcsel.mask) | (old & rtcsel.mask);
    const lse = this.oscillators['lse']!;
    if (lse.on.of(old) || lse.rdy.of(old)) value = (value & ~lseFrozen) | (old & lseFrozen);
    return value >>> 0;
  }

  onTimer(c: Ctx, timer: string): void {
    if (timer === 'switch') {
      this.sws.set(c, this.sw.get(c));
      return this.update(c);
    }
    if (timer.endsWith('.off')) this.oscillators[timer.slice(0, -4)]!.rdy.set(c, 0);
    else {
      this.setReady(c, timer);
      this.flagReady(c, timer);
    }
    this.followAll(c);
  }
  protected setReady(c: Ctx, name: string): void {
    this.oscillators[name]!.rdy.set(c, 1);
  }

  /** All reset flags. */
  protected flagMask(): number {
    const { register } = this.flags;
    return register.fields.filter((x) => x.name.endsWith('RSTF')).reduce((m, x) => m | this.f(`${register.name}.${x.name}`).mask, 0);
  }
  protected baseTimers(): string[] {
    return ['switch', 'lse.off', 'lsi.off'];
  }

  /** Registers that a kind of reset leaves alone: BDCR, and the reset flags, which are dealt with in `reset`. */
  keeps(r: Register, kind: ResetKind): boolean {
    if (kind === 'backup') return r !== this.backup.bdcr;
    return r === this.backup.bdcr || r === this.flags.register;
  }

  /** @param timers all timers of the model; those of the backup domain and of the requested LSI go on over a system reset. */
  protected reset(c: Ctx, kind: ResetKind, timers: readonly string[]): void {
    if (kind === 'backup') {
      c.env.disarm('lse');
      return this.followAll(c);
    }
    for (const timer of timers) if (kind === 'power' || !/^ls[ei]/.test(timer)) c.env.disarm(timer);
    if (kind === 'system') {
      const cause = RESET_CAUSES[c.env.wire('reset.cause')] ?? 'pin';
      const { register, rmvf } = this.flags;
      const raised = this.resetFlags(cause).map((name) => this.f(`${register.name}.${name}`).mask);
      const all = this.flagMask();
      const power = cause === 'power' || cause === 'brownout';
      const kept = power ? 0 : c.get(register) & all;
      const lsirdy = this.oscillators['lsi']!.rdy;
      // The rest of the register takes its reset value; LSIRDY follows the oscillator.
      const rest = register.reset & ~all & ~rmvf.mask;
      c.put(
        register,
        (rest | kept | raised.reduce((m, x) => m | x, 0) | (lsirdy.register === register ? c.get(register) & lsirdy.mask : 0)) >>> 0,
      );
    }
    this.interrupt(c);
    this.followAll(c);
  }
}

/** Every internal reset drives NRST low, so the pin's flag rises with all of them (RM0091 6.1). */
export function resetFlagNames(cause: ResetCause, power: string): readonly string[] {
  switch (cause) {
    case 'power':
    case 'brownout':
      return ['PINRSTF', power];
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
    case 'option-bytes':
      return ['PINRSTF', 'OBLRSTF'];
    case 'pin':
      return ['PINRSTF'];
  }
}
