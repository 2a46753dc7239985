/**
 * What the RCC of all families share: oscillators that take their time to the ready flag, the SYSCLK switch, AHB/APB prescalers, ready interrupts, clock
 * security, the backup-domain register, reset flags. Each family's RCC builds on it with its own registers, PLLs and muxes.
 *
 * Rules: a clock is passed on from its ready flag on, a switch waits for its source, stopping LSE takes 6 of its clocks: RM0091 6.2 (documented for F0, assumed
 * for the others). Delays are parameters of the chip row.
 */
import { RESET_CAUSES, type ResetCause, type ResetKind } from '../../emu/component.ts';
import type { Field, Layout, Published, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import type { ClockSource, ClockTree } from '../../emu/clock-tree.ts';
import { followingScalings, rate, rateHz, scaleRate, type Rate } from '../../emu/time.ts';
import { clocksPs, hpreDivider, ppreDivider, timerClock } from './rcc-rules.ts';
import { nodesOf } from './rcc-tree.ts';
import { NMI, RESET_CAUSE, type Wire } from '../../emu/wires.ts';
import { DBP, givenInStop, HSE_FAIL, HSE_ON, LSE_FAIL, LSI_REQUEST, POWER_STOP } from '../wires.ts';

type Ctx = RegisterContext<object>;
type Rates = Record<string, Rate | null>;

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
  /** Bits outside the protection of DBP. */
  readonly open?: number;
  /** Bits of the domain, where its register holds others too (L0: CSR). */
  readonly domain?: number;
  /** Clock security of LSE: `on` stays set until it has found a failure, which `failed` shows; that also frees RTCSEL. */
  readonly lsecss?: { readonly on: Field; readonly failed: Field };
}
/** Where flags, their enables and the ready flags of the oscillators and PLLs among them lie. */
export interface InterruptFields {
  readonly flags: Register;
  readonly enables: Register;
  /** Distance of an enable bit from its flag. */
  readonly shift: 0 | 8;
  /** Bit of each ready flag. */
  readonly ready: Readonly<Record<string, number>>;
  /** Bit of the HSE clock security's flag, which is the NMI. */
  readonly css: number;
  /** Bit of the LSE clock security's flag. */
  readonly lsecss?: number;
}
const RTC_LSI = 2;
export const RCC_WIRES = [LSI_REQUEST, HSE_FAIL, LSE_FAIL, POWER_STOP] as const;
/** Oscillators that run on in Stop. */
const RUN_IN_STOP: readonly string[] = ['lsi', 'lse'];
/** Those that a block with a kernel clock may ask for in Stop (RM0351 6.2.3 and 38.5.13, RM0456 11.4: HSI16, MSIK; RM0433 8.5.6: HSI, CSI), and the bits that keep them on there. */
const ON_REQUEST = ['hsi', 'csi', 'msik'] as const;
const KEPT_ON: Readonly<Record<string, readonly string[]>> = {
  hsi: ['CR.HSIKERON', 'CR.HSI16KERON'],
  csi: ['CR.CSIKERON'],
  msik: ['CR.MSIKERON'],
};
/** Kernel clocks of blocks that may work in Stop, and of those that ask for an oscillator there. */
const KERNEL = /^(?:lpuart|us?art|i2c|lptim)\d/;
const ASKING = /^(?:lpuart|us?art|i2c)\d/;
/** Own clocks after which the ready flag falls, where the manual gives a number. */
const FALL_CLOCKS: Readonly<Record<string, number>> = { lse: 6, lsi: 3 };

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
  protected abstract readonly interrupts: InterruptFields;
  protected abstract readonly cr: Register;
  /** HSE clock security. */
  protected abstract readonly csson: Field;
  /** ON bit of the PLL that SYSCLK can come from. */
  protected abstract readonly sysclkPll: Field;
  abstract readonly timers: readonly string[];

  /** xxxKERON by oscillator. */
  private readonly keptOn: Readonly<Record<string, Field>>;
  /** Whether xxxKERON are followed. */
  protected readonly keepsOn: boolean = true;
  /** Rates are asked for as if every oscillator ran that a block can ask for in Stop. */
  private onRequest = false;

  constructor(layout: Layout) {
    this.layout = layout;
    this.f = (path) => layout.field(path);
    this.keptOn = Object.fromEntries(
      Object.entries(KEPT_ON).flatMap(([name, paths]) =>
        paths.filter((path) => layout.hasField(path)).map((path) => [name, layout.field(path)]),
      ),
    );
  }
  /** Kernel clocks that there are in Stop 2 too; null: all. None is there in Stop 3. */
  protected readonly inStop2: readonly string[] | null = null;

  /** Rates of everything, from the registers. */
  protected abstract rates(c: Ctx): Rates;
  /** PLLs follow their inputs. */
  protected abstract followPlls(c: Ctx): void;
  /** Names of the reset flags that a cause raises. */
  protected abstract resetFlags(cause: ResetCause): readonly string[];
  /** Whether the PLL behind SYSCLK hangs on this oscillator. */
  protected abstract pllUses(c: Ctx, name: string): boolean;
  /** SW that clock security falls back to. */
  protected emergencyClock(_c: Ctx): number {
    return 0;
  }
  /** Enable bit of the WWDG that a system reset alone clears; null where software clears it too. */
  readonly wwdgEnable: Field | null = null;
  abstract write(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void;
  abstract wrote(c: Ctx, r: Register, value: number, old: number): void;
  onReset(c: Ctx, kind: ResetKind): void {
    this.reset(c, kind, this.timers);
  }

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
    if (hz === undefined || hz <= 0 || c.env.wire(name === 'hse' ? HSE_FAIL : LSE_FAIL)) return Infinity;
    // A clock fed into OSC_IN also passes the crystal stage; a crystal without its stage does not swing.
    if (p(`${name}.external`)) return clocksPs(p(`${name}.ready.clocks`), hz);
    if (this.oscillators[name]!.bypass?.get(c)) return Infinity;
    return name === 'hse' ? p('hse.start.ps') + clocksPs(p('hse.ready.clocks'), hz) : p('lse.start.ps');
  }

  protected wanted(c: Ctx, name: string): boolean {
    if (this.keepsOn && this.keptOn[name]?.get(c)) return true;
    if (c.env.wire(POWER_STOP) && !RUN_IN_STOP.includes(name)) return false;
    // LSI also runs, and shows LSIRDY, while the IWDG or the RTC uses it.
    if (name === 'lsi' && (c.env.wire(LSI_REQUEST) || (this.backup.rtcen.get(c) && this.backup.rtcsel.get(c) === RTC_LSI))) return true;
    return this.oscillators[name]!.on.get(c) === 1;
  }

  /** Firmware for another board: it waits for a clock that this one does not have, or feeds as a crystal where the firmware expects a signal. */
  private checkBoard(c: Ctx, name: string): void {
    if (name !== 'hse' && name !== 'lse') return;
    const upper = name.toUpperCase();
    const fed = (c.env.parameter(`${name}.hz`) ?? 0) > 0;
    const otherwise = fed && !this.parameter(c, `${name}.external`) && this.oscillators[name]!.bypass?.get(c);
    if (fed && !otherwise) return;
    const why = fed
      ? `in bypass mode (${upper}BYP = 1), but the board of this run has a crystal there`
      : `is switched on, but the board of this run has nothing at ${name === 'hse' ? 'OSC_IN' : 'OSC32_IN'}`;
    c.env.note('guest', `${upper} ${why}: ${upper}RDY never rises`, {
      is: 'never-ready',
      flag: `${upper}RDY`,
      otherBoard: true,
      bypass: this.oscillators[name]!.bypass?.get(c) === 1,
    });
  }
  /** Starts or stops an oscillator after a change of its ON bit, its bypass or its request. */
  private follow(c: Ctx, name: string): void {
    const { rdy } = this.oscillators[name]!;
    const falls = FALL_CLOCKS[name];
    if (this.wanted(c, name)) {
      if (falls !== undefined) c.env.disarm(`${name}.off`);
      if (!rdy.get(c) && c.env.due(name) === Infinity) {
        this.checkBoard(c, name);
        c.env.arm(name, c.env.now() + this.startTime(c, name));
      }
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
    c.env.setWire(HSE_ON, this.oscillators['hse']!.on.get(c));
    this.followSwitch(c);
    this.update(c);
  }
  protected update(c: Ctx): void {
    const rates = this.rates(c);
    for (const name in rates) c.env.setClock(name, this.works(c, name) ? rates[name]! : null);
  }
  /** Whether Stop is not too deep for the block that has this kernel clock. */
  private works(c: Ctx, name: string): boolean {
    const depth = c.env.wire(POWER_STOP);
    return depth < 2 || !KERNEL.test(name) || (depth === 2 && this.inStop2?.includes(name) === true);
  }
  /** Tells the blocks which of them would get their kernel clock in this Stop. */
  private tellGiven(c: Ctx): void {
    const stops = c.env.wire(POWER_STOP) !== 0;
    this.onRequest = true;
    const rates = this.rates(c);
    this.onRequest = false;
    for (const name in rates) {
      const given = stops && this.works(c, name) ? rates[name] : null;
      if (ASKING.test(name)) c.env.setWire(givenInStop(name), given ? Math.max(1, Math.round(given.num / given.den)) : 0);
    }
  }
  /** It gives its clock, or would as soon as somebody asks. */
  protected gives(c: Ctx, name: string): boolean {
    return this.isReady(c, name) || (this.onRequest && (ON_REQUEST as readonly string[]).includes(name));
  }
  /** `hz` with the oscillator's error (`<name>.ppm`, board.ppm), to a sixteenth of a hertz, so that rates stay small numbers. */
  protected actual(c: Ctx, name: string, hz: number): Rate {
    const ppm = c.env.parameter(`${name}.ppm`) ?? 0;
    return ppm === 0 ? rate(hz) : rate(Math.round((hz * (1e6 + ppm)) / 62_500), 16);
  }
  protected ownRate(c: Ctx, name: string): Rate | null {
    if (!this.gives(c, name)) return null;
    const hz = c.env.parameter(`${name}.hz`);
    return hz === undefined ? null : this.actual(c, name, hz);
  }
  protected oscillatorRate(c: Ctx, name: string): Rate | null {
    const { known } = this;
    if (known === null) return this.ownRate(c, name);
    if (!known.has(name)) known.set(name, this.ownRate(c, name));
    return known.get(name)!;
  }
  /** While the tree is looked at, each oscillator has one rate, by which it is known. */
  private known: Map<string, Rate | null> | null = null;
  /** Where the clocks come from, by the formulas of `rates`. */
  tree(c: Ctx): ClockTree {
    this.known = new Map();
    try {
      const [rates, scalings] = followingScalings(() => this.rates(c));
      return { nodes: nodesOf(rates, scalings), sources: this.sourcesOf(c) };
    } finally {
      this.known = null;
    }
  }
  private sourcesOf(c: Ctx): ClockSource[] {
    const plls = this.cr.fields.flatMap(({ name }) => /^(PLL\w*)RDY$/.exec(name)?.[1] ?? []);
    const bit = (name: string): boolean => this.f(`${this.cr.name}.${name}`).get(c) === 1;
    return [
      ...Object.entries(this.oscillators).map(([name, { on, rdy }]) => ({ name, on: on.get(c) === 1, ready: rdy.get(c) === 1 })),
      ...plls.map((name) => ({ name: name.toLowerCase(), on: bit(`${name}ON`), ready: bit(`${name}RDY`) })),
    ];
  }
  /** Divider behind HPRE. */
  protected hpreDivider(value: number): number {
    return hpreDivider(value);
  }
  /** In Stop there is no SYSCLK, though its oscillator may run for a block. */
  protected sysclkSource(c: Ctx, rates: Rates): Rate | null {
    return c.env.wire(POWER_STOP) ? null : (rates[this.swNames[this.sws.get(c)] ?? ''] ?? null);
  }
  /** SYSCLK (over `sysdiv`), HCLK, both or the one PCLK, and timer clocks from the source that SWS names. */
  protected addBuses(c: Ctx, rates: Rates, hpre: Field, ppre: readonly Field[], timpre = 0, sysdiv = 1): void {
    const source = this.sysclkSource(c, rates);
    const sysclk = source && scaleRate(source, 1, sysdiv);
    const hclk = sysclk && scaleRate(sysclk, 1, this.hpreDivider(hpre.get(c)));
    rates['sysclk'] = sysclk;
    rates['hclk'] = hclk;
    rates['systick-ext'] = hclk && scaleRate(hclk, 1, 8);
    ppre.forEach((field, i) => {
      rates[`pclk${i + 1}`] = hclk && scaleRate(hclk, 1, ppreDivider(field.get(c)));
      rates[`timpclk${i + 1}`] = hclk && timerClock(hclk, field.get(c), timpre);
    });
  }
  protected rtcRate(c: Ctx, rates: Rates): Rate | null {
    if (!this.backup.rtcen.get(c)) return null;
    return [null, rates['lse'] ?? null, rates['lsi'] ?? null, this.rtcHse(c, rates)][this.backup.rtcsel.get(c)]!;
  }
  /** What the RTC gets of HSE. */
  protected rtcHse(_c: Ctx, rates: Rates): Rate | null {
    const hse = rates['hse'] ?? null;
    return hse && scaleRate(hse, 1, 32);
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

  /** Fields and sources of the SYSCLK switch. */
  switching(c: Ctx): NonNullable<Published['sysclk']> {
    const path = ({ register, name }: Field): string => `${register.name}.${name}`;
    const sources = this.swNames.map((name) => {
      const on = this.oscillators[name]?.on ?? (name.startsWith('pll') ? this.sysclkPll : undefined);
      return { name, off: on === undefined || on.get(c) === 1 ? null : path(on) };
    });
    return { select: path(this.sw), status: path(this.sws), asked: this.sw.get(c), sources };
  }

  /** Whether SYSCLK comes, or is about to come, from this source. */
  protected usesForSysclk(c: Ctx, name: string): boolean {
    for (const sw of [this.sws.get(c), this.sw.get(c)]) {
      const source = this.swNames[sw];
      if (source === name || (source?.startsWith('pll') && this.pllUses(c, name))) return true;
    }
    return false;
  }
  /** Why a source's ON bit does not fall, null if it does. */
  protected neededBy(c: Ctx, name: string): string | null {
    return this.usesForSysclk(c, name) ? 'SYSCLK comes from it' : null;
  }
  /** ON bits of sources that are needed do not fall; `register` is the one being written. */
  protected keepSources(c: Ctx, register: Register, value: number): number {
    const old = c.get(register);
    const keep = (name: string, on: Field): void => {
      if (on.register !== register || !on.of(old) || on.of(value)) return;
      const why = this.neededBy(c, name);
      if (why === null) return;
      c.env.note('guest', `RCC_${register.name}.${on.name} cannot be cleared: ${why}`, {
        is: 'in-use',
        bit: `${register.name}.${on.name}`,
      });
      value |= on.mask;
    };
    for (const name in this.oscillators) keep(name, this.oscillators[name]!.on);
    keep(
      this.swNames.find((name) => name.startsWith('pll'))!,
      this.sysclkPll,
    );
    return value >>> 0;
  }
  /**
   * The output enable of the PLL that SYSCLK comes from does not fall: L4 and G4 "cannot be written when used as system clock" (documented); H5 and H7 assumed alike,
   * their drivers switch it only with the PLL off.
   */
  protected keepSysclkOutput(c: Ctx, enable: Field, value: number): number {
    if (!enable.of(c.get(enable.register)) || enable.of(value) || !this.usesForSysclk(c, this.pllName())) return value;
    c.env.note('guest', `RCC_${enable.register.name}.${enable.name} cannot be cleared: SYSCLK comes from it`);
    return (value | enable.mask) >>> 0;
  }
  private pllName(): string {
    return this.swNames.find((name) => name.startsWith('pll'))!;
  }
  /** Needed sources stay on; the crystal stage's bits can only be written while HSE is off. */
  protected writeCr(c: Ctx, merged: number): number {
    const old = c.get(this.cr);
    const value = this.keepSources(c, this.cr, merged);
    const { on, bypass } = this.oscillators['hse']!;
    const frozen = on.of(old) ? bypass!.mask | this.hseFrozen : 0;
    return ((value & ~frozen) | (old & frozen)) >>> 0;
  }
  /** Bits beside the bypass that are frozen while HSE is on. */
  protected readonly hseFrozen: number = 0;

  /** BDCR (L0 and L1: CSR; G0 family: also CSR1) lies in the backup domain; BDRST resets the rest of it and holds it. */
  protected writeBdcr(c: Ctx, merged: number): number {
    const { bdcr, bdrst, rtcsel, lseFrozen, open = 0, lsecss } = this.backup;
    const old = c.get(bdcr);
    if (!c.env.wire(DBP)) {
      if ((merged ^ old) & ~open)
        c.env.note('guest', `RCC_${bdcr.name} written while the backup domain is protected (PWR DBP = 0)`, {
          is: 'backup-locked',
          register: bdcr.name,
        });
      return ((old & ~open) | (merged & open)) >>> 0;
    }
    if (bdrst.of(merged)) {
      c.env.disarm('lse');
      c.env.disarm('lse.off');
      // The IWDG's LSI runs on.
      const { rdy } = this.oscillators['lsi']!;
      return bdrst.mask | (rdy.register === bdcr && c.env.wire(LSI_REQUEST) ? old & rdy.mask : 0);
    }
    const failed = lsecss?.failed.of(old) === 1;
    let value = failed || !lsecss ? merged : merged | (old & lsecss.on.mask);
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

  /** An event whose flag rises only while its interrupt is enabled. */
  private raise(c: Ctx, bit: number): void {
    const { flags, enables, shift } = this.interrupts;
    if ((c.get(enables) >>> (bit + shift)) & 1) c.put(flags, c.get(flags) | (1 << bit));
    this.interrupt(c);
  }
  /** A ready flag has risen. */
  protected flagReady(c: Ctx, name: string): void {
    this.raise(c, this.interrupts.ready[name]!);
  }
  protected interrupt(c: Ctx): void {
    const { flags, enables, shift, css } = this.interrupts;
    const pending = c.get(flags);
    c.env.irq(0, (pending & (c.get(enables) >>> shift) & ~(1 << css)) !== 0);
    c.env.setWire(NMI, (pending >>> css) & 1);
  }
  /** A write to the register of clear bits, which reads 0. */
  protected clearFlags(c: Ctx, raw: number): number {
    const { flags } = this.interrupts;
    c.put(flags, c.get(flags) & ~raw);
    this.interrupt(c);
    return 0;
  }

  /**
   * Stop switches off HSE, the PLLs and what else is not the oscillator that the core wakes up with, and SYSCLK over to that one (RM0351 6.2.9 and 5.3.6, RM0090 5.3.4:
   * documented). It starts when PWR ends the mode.
   */
  private enterStop(c: Ctx): void {
    const sw = this.emergencyClock(c);
    for (const name in this.oscillators)
      if (!RUN_IN_STOP.includes(name)) this.oscillators[name]!.on.set(c, name === this.swNames[sw] ? 1 : 0);
    for (const on of this.pllSwitches()) on.set(c, 0);
    this.sw.set(c, sw);
    this.sws.set(c, sw);
    c.env.disarm('switch');
  }
  /** ON bits of all PLLs. */
  protected pllSwitches(): readonly Field[] {
    return [this.sysclkPll];
  }
  /** What the regulator and flash take to leave Stop, beside the oscillator (datasheets' wake-up times). */
  private leaveStop(c: Ctx): void {
    this.followAll(c);
    const name = this.swNames[this.sw.get(c)]!;
    if (c.env.due(name) !== Infinity) c.env.arm(name, c.env.due(name) + this.parameter(c, 'stop.wakeup.ps'));
  }

  onWire(c: Ctx, wire: Wire, value: number): void {
    if (wire === POWER_STOP) {
      if (value === 0) {
        this.tellGiven(c);
        return this.leaveStop(c);
      }
      this.enterStop(c);
      this.tellGiven(c);
    }
    if (wire === HSE_FAIL && value && this.isReady(c, 'hse')) this.hseFailed(c);
    else if (wire === LSE_FAIL && value && this.isReady(c, 'lse')) this.lseFailed(c);
    if (wire === HSE_FAIL || wire === LSE_FAIL) c.env.disarm(wire === HSE_FAIL ? 'hse' : 'lse');
    this.followAll(c);
  }
  /** Clock security: HSE off, SYSCLK to the emergency clock, the PLL off that hung on HSE, NMI (RM0091 6.2.8; "clock security system" of the others). */
  private hseFailed(c: Ctx): void {
    const hse = this.oscillators['hse']!;
    hse.rdy.set(c, 0);
    if (!this.csson.get(c)) return;
    const used = this.usesForSysclk(c, 'hse');
    const throughPll = this.pllUses(c, 'hse');
    hse.on.set(c, 0);
    if (used) {
      const sw = this.emergencyClock(c);
      this.oscillators[this.swNames[sw]!]!.on.set(c, 1);
      this.sw.set(c, sw);
      if (throughPll) this.sysclkPll.set(c, 0);
    }
    const { flags, css } = this.interrupts;
    c.put(flags, c.get(flags) | (1 << css));
    this.interrupt(c);
  }
  protected lseFailed(c: Ctx): void {
    this.oscillators['lse']!.rdy.set(c, 0);
    if (!this.backup.lsecss?.on.get(c)) return;
    this.backup.lsecss.failed.set(c, 1);
    if (this.interrupts.lsecss !== undefined) this.raise(c, this.interrupts.lsecss);
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
    if (kind === 'backup') return r !== this.backup.bdcr || this.backup.domain !== undefined;
    return r === this.backup.bdcr || r === this.flags.register;
  }

  /** @param timers all timers of the model; those of the backup domain and of the requested LSI go on over a system reset. */
  protected reset(c: Ctx, kind: ResetKind, timers: readonly string[]): void {
    const { bdcr, domain = 0 } = this.backup;
    if (kind === 'backup') {
      if (domain) c.put(bdcr, c.get(bdcr) & ~domain);
      c.env.disarm('lse');
      return this.followAll(c);
    }
    for (const timer of timers) if (kind === 'power' || !/^ls[ei]/.test(timer)) c.env.disarm(timer);
    if (kind === 'system') {
      const cause = RESET_CAUSES[c.env.wire(RESET_CAUSE)] ?? 'pin';
      const { register, rmvf } = this.flags;
      const raised = this.resetFlags(cause).map((name) => this.f(`${register.name}.${name}`).mask);
      const all = this.flagMask();
      const power = cause === 'power' || cause === 'brownout';
      const kept = power ? 0 : c.get(register) & all;
      const lsirdy = this.oscillators['lsi']!.rdy;
      // The rest of the register takes its reset value; LSIRDY follows the oscillator.
      const rest = (register.reset & ~all & ~rmvf.mask & ~domain) | (register === bdcr ? c.get(register) & domain : 0);
      c.put(
        register,
        (rest | kept | raised.reduce((m, x) => m | x, 0) | (lsirdy.register === register ? c.get(register) & lsirdy.mask : 0)) >>> 0,
      );
    }
    this.interrupt(c);
    this.followAll(c);
  }
}

/** What is stored where software cannot clear WWDGEN: RCC registers of RM0351 (6.4.19), RM0440, RM0444, RM0456. */
function withWwdg(c: RegisterContext<object>, enable: Field | null, r: Register, merged: number): number {
  if (enable === null || r !== enable.register || enable.get(c) === 0 || enable.of(merged) === 1) return merged;
  c.env.note('guest', `RCC_${r.name}.${enable.name} cleared: a system reset alone clears it`, { is: 'lost', why: 'not-allowed' });
  return (merged | enable.mask) >>> 0;
}

/** The parts of an RCC's model that are the same everywhere. */
export function rccModel(
  rcc: RccBase,
  layout: Layout,
  /** Registers without behaviour. */
  thin: RegExp | null,
): Pick<
  RegisterModel<object>,
  'timers' | 'wires' | 'clockTree' | 'keeps' | 'onReset' | 'onTimer' | 'onWire' | 'write' | 'wrote' | 'published'
> & {
  modelled: readonly string[];
} {
  return {
    timers: rcc.timers,
    wires: RCC_WIRES,
    clockTree: (c) => rcc.tree(c),
    published: (c) => ({ sysclk: rcc.switching(c) }),
    modelled: layout.registers.map((r) => r.name).filter((n) => !thin?.test(n)),
    keeps: (r, kind) => rcc.keeps(r, kind),
    onReset: (c, kind) => rcc.onReset(c, kind),
    onTimer: (c, timer) => rcc.onTimer(c, timer),
    onWire: (c, wire, value) => rcc.onWire(c, wire, value),
    write: (c, r, merged, raw, lanes) => {
      const kept = withWwdg(c, rcc.wwdgEnable, r, merged);
      return rcc.write(c, r, kept, raw, lanes) ?? (kept === merged ? undefined : kept);
    },
    wrote: (c, r, value, old) => rcc.wrote(c, r, value, old),
  };
}
