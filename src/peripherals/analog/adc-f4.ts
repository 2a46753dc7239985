/**
 * ADC of STM32F1, F2, F4, F7, L1: regular and injected sequences with their times, scan, continuous and discontinuous mode, automatic injection, external triggers, EOC,
 * JEOC, STRT, JSTRT, OVR, analog watchdog, resolution and alignment, DMA requests, interrupts; of F1 the calibration and the start by a second write of ADON.
 *
 * Facts: registers and behaviour RM0090 13, timing 13.5 (documented): sampling + 12, 10, 8 or 6 clocks. F1: RM0008 11 (documented), a calibration takes 83 clocks
 * (DS5319 T47, documented), its reset 4 (assumed). Triggers are taken at their rising edge whatever EXTEN says.
 * L1: RM0038 12 (recalled: reported); its clock is HSI behind ADCPRE, a converter is ready 3.5 µs behind ADON (DS10262, recalled), CSR and CCR are its own.
 * Dual modes of F1 (RM0008 11.9): CR1.DUALMOD of ADC1 goes to ADC2 by `adc.dual`; DR of ADC1 has ADC2's data above its own, which ADC2 shows when asked (`adc.dual.look`).
 * Dual and triple modes (RM0090 13.9): ADC1 starts the others by `adc.start.<group>`, the common block collects their results (`<block>.result`) for its CDR.
 * Wires: `<block>.status` is driven with SR when the common block asks; `adc.ccr` is read from it. DMA: `<block>.dma` is 1 while a transfer is wanted.
 */
import { RegisterContext, type Layout, type ModelFactory, type Register, type RegisterModel } from '../../emu/registers.ts';
import type { QuietSource } from '../../emu/quiet-requests.ts';
import { US, type Ps } from '../../emu/time.ts';
import {
  ADC_DEFAULTS,
  analogWires,
  converterWires,
  ConversionTimes,
  convert,
  freshConversions,
  lookWire,
  triggerWires,
  waitFor,
  type AdcOptions,
  type ConverterWires,
  type Conversions,
} from './adc-common.ts';
import { wire, type Wire } from '../../emu/wires.ts';
import { ofBlock, triggerRemap } from '../wires.ts';

export interface AdcF4State extends Conversions {
  /** What is being converted; -1 = nothing. */
  regular: number;
  injected: number;
  /** Channels of this discontinuous group that are left. */
  left: number;
  injectedLeft: number;
  /** DR holds a result that has not been read. */
  unread: boolean;
  /** Something is being converted, until `end`. */
  busy: boolean;
  /** SWSTART and JSWSTART of the write that is being served. */
  commands: number;
}
export interface AdcF4Options extends AdcOptions {
  readonly version: keyof typeof VERSIONS;
  /** F1: value of EXTSEL and JEXTSEL that is a pin unless AFIO remaps it. */
  readonly remapped?: number;
}
type Ctx = RegisterContext<AdcF4State>;

const SR = { AWD: 1, EOC: 1 << 1, JEOC: 1 << 2, JSTRT: 1 << 3, STRT: 1 << 4, OVR: 1 << 5, ADONS: 1 << 6 };
/** SR: ready is no flag to clear. */
const READ_ONLY = SR.ADONS;
const CR1 = {
  EOCIE: 1 << 5,
  AWDIE: 1 << 6,
  JEOCIE: 1 << 7,
  SCAN: 1 << 8,
  AWDSGL: 1 << 9,
  JAUTO: 1 << 10,
  DISCEN: 1 << 11,
  JDISCEN: 1 << 12,
  JAWDEN: 1 << 22,
  AWDEN: 1 << 23,
  OVRIE: 1 << 26,
};
/** With these, a conversion does more than ask for its result to be fetched, or less. Each result is fetched in front of the next one, so none is lost. */
const NOT_QUIET = CR1.EOCIE | CR1.AWDEN | CR1.JAWDEN | CR1.JAUTO | CR1.DISCEN;
const CR2 = { ADON: 1, CONT: 1 << 1, CAL: 1 << 2, RSTCAL: 1 << 3, DMA: 1 << 8, ALIGN: 1 << 11 };
/** A group's trigger in CR2: where its selection stands, what enables it, the software's start. */
interface Start {
  readonly select: number;
  readonly mask: number;
  readonly enable: number;
  readonly software: number;
}
/** Offsets: SQR with the first six places (the next six stand below it), the one with the length, SMPR by ten channels. */
interface Map {
  readonly sequence: number;
  readonly length: number;
  readonly lengthMask: number;
  readonly injected: number;
  readonly offsets: number;
  readonly results: number;
  readonly high: number;
  readonly low: number;
  readonly sampling: readonly number[];
}
/** Modes of two or three converters, by group: both at once, one after the other within a conversion, one for each trigger. */
interface Together {
  readonly regular: readonly number[];
  readonly injected: readonly number[];
  readonly interleaved: readonly number[];
  readonly alternate: readonly number[];
}
interface Version {
  readonly clock: string;
  readonly map: Map;
  /** Sampling and what a conversion takes beside `lengths`, in half clocks. */
  readonly sampling: readonly number[];
  readonly more: number;
  /** Clocks of a conversion of 12, 10, 8, 6 bits. */
  readonly lengths: readonly number[];
  readonly together: Together;
  /** The common block divides the clock; else RCC or the converter itself does. */
  readonly divided: boolean;
  /** CSR and CCR stand in the converter's own block, and ADONS tells that it is ready. */
  readonly single: boolean;
  readonly regular: Start;
  readonly injected: Start;
  readonly dds: number;
  readonly eocs: number;
  /** Calibration, and starts that ask for their trigger to be enabled and selected. */
  readonly first: boolean;
}
const F4_MAP: Map = {
  sequence: 0x34,
  length: 0x2c,
  lengthMask: 15,
  injected: 0x38,
  offsets: 0x14,
  results: 0x3c,
  high: 0x24,
  low: 0x28,
  sampling: [0x10, 0x0c],
};
const L1_MAP: Map = {
  sequence: 0x40,
  length: 0x30,
  lengthMask: 31,
  injected: 0x44,
  offsets: 0x18,
  results: 0x48,
  high: 0x28,
  low: 0x2c,
  sampling: [0x14, 0x10, 0x0c, 0x5c],
};
const BITS = [12, 10, 8, 6] as const;
/** The starts of F4 and L1. */
const ENABLED_APART = {
  regular: { select: 24, mask: 15, enable: 3 << 28, software: 1 << 30 },
  injected: { select: 16, mask: 15, enable: 3 << 20, software: 1 << 22 },
  dds: 1 << 9,
  eocs: 1 << 10,
} as const;
const VERSIONS = {
  f4: {
    ...ENABLED_APART,
    clock: 'pclk2',
    map: F4_MAP,
    lengths: BITS,
    // CCR.MULTI less the bit that says triple: RM0090 13.13.16.
    together: { regular: [1, 2, 6], injected: [1, 5], interleaved: [7], alternate: [2, 9] },
    single: false,
    sampling: [6, 30, 56, 112, 168, 224, 288, 960],
    more: 0,
    divided: true,
    first: false,
  },
  l1: {
    ...ENABLED_APART,
    clock: 'hsi',
    map: L1_MAP,
    sampling: [8, 18, 32, 48, 96, 192, 384, 768],
    more: 0,
    // RM0038 12.15.2, RES
    lengths: [12, 11, 9, 7],
    together: { regular: [], injected: [], interleaved: [], alternate: [] },
    divided: false,
    single: true,
    first: false,
  },
  f1: {
    clock: 'adc',
    map: F4_MAP,
    lengths: BITS,
    // CR1.DUALMOD: RM0008 11.12.2.
    together: { regular: [1, 2, 6], injected: [1, 3, 4, 5], interleaved: [3, 4, 7, 8], alternate: [2, 9] },
    single: false,
    sampling: [3, 15, 27, 57, 83, 111, 143, 479],
    more: 1,
    divided: false,
    regular: { select: 17, mask: 7, enable: 1 << 20, software: 1 << 22 },
    injected: { select: 12, mask: 7, enable: 1 << 15, software: 1 << 21 },
    dds: 0,
    eocs: 0,
    first: true,
  },
} as const satisfies Readonly<Record<string, Version>>;
/** EXTSEL and JEXTSEL of F1: SWSTART, JSWSTART. */
const BY_SOFTWARE = 7;
const CALIBRATION_CLOCKS = 83;
const RESET_CLOCKS = 4;
const READY_TIME = 3.5 * US;
/** Flags that conversions raise, and the interrupt enable of each. */
const RAISED = [
  [SR.EOC, CR1.EOCIE],
  [SR.AWD, CR1.AWDIE],
  [SR.JEOC, CR1.JEOCIE],
  [SR.OVR, CR1.OVRIE],
] as const;
const INTERRUPTS = CR1.EOCIE | CR1.AWDIE | CR1.JEOCIE | CR1.OVRIE;
const [CSR_OFFSET, CCR_OFFSET] = [0x300, 0x304];
const CCR_WIRE = wire('adc.ccr');
const LOOK = lookWire(CCR_WIRE.name);
type Group = 'regular' | 'injected';
/** ADC1 starts the group of its slaves: a number that changes each time, times `EACH`, and which converter is meant (`ALTERNATE`), 0 = all. */
const EACH = 4;
const START_WIRES = { regular: wire('adc.start.regular'), injected: wire('adc.start.injected') } as const;
/** A result for CDR: a number that changes each time, times `DATA`, and the data. */
const DATA = 0x10000;
const again = (value: number, unit: number): number => ((Math.floor(value / unit) + 1) % 0x10000) * unit;
const TRIPLE = 16;
/** F1: DUALMOD of ADC1, ADC1 wants to see ADC2's data, and these. */
const DUAL_WIRE = wire('adc.dual');
const DUAL_LOOK = lookWire(DUAL_WIRE.name);
const DUAL_DATA = wire('adc.dual.data');
const DUALMOD = { bit: 16, mask: 15 };
/** ADC1 begins so many of its clocks behind ADC2: fast and slow interleaved (RM0008 11.9.3, 11.9.4). */
const SLOW = [4, 8];
const BEHIND = { fast: 7, slow: 14 };
/** CCR.DELAY counts from 5 clocks of the ADC. */
const SHORTEST_DELAY = 5;
/** What the converters do together. */
interface Multi {
  readonly mode: number;
  readonly converters: number;
  /** CCR.DMA: 1 = half-words one by one, 2 = two at a time, 3 = bytes two at a time; 0 = off. */
  readonly dma: number;
}
/** By CCR.MULTI and, above it, CCR.DMA: each conversion asks. */
const MULTI: readonly Multi[] = Array.from({ length: 0x80 }, (_, i) => ({
  mode: i & 15,
  converters: (i & 15) === 0 ? 1 : i & TRIPLE ? 3 : 2,
  dma: (i & 15) === 0 ? 0 : i >>> 5,
}));
const multi = (ccr: number): Multi => MULTI[(ccr & 0x1f) | (((ccr >>> 14) & 3) << 5)]!;
/** Channels of a group that is not discontinuous: more than there are. */
const ALL = 0xff;

class AdcF4 {
  private readonly reg: (offset: number) => Register;
  readonly sr: Register;
  readonly cr1: Register;
  readonly cr2: Register;
  readonly dr: Register;
  private readonly o: AdcF4Options;
  readonly v: Version;
  private readonly wires: ConverterWires;
  /** Of AFIO, by group: 1 = the trigger `remapped` is a timer's. */
  private readonly remaps: Readonly<Record<Group, Wire>>;
  private readonly times = new ConversionTimes(undefined);
  readonly timers: readonly string[];
  /** Count of the clock at which what is served now happens; -1 = now. */
  private at = -1;

  constructor(layout: Layout, options: AdcF4Options) {
    this.o = options;
    this.v = VERSIONS[options.version];
    const more = this.v.first ? ['calibration', 'reset-calibration'] : this.v.single ? ['ready'] : [];
    this.timers = ['conversion', ...more];
    this.wires = converterWires(options);
    this.remaps = { regular: triggerRemap(options.block, 'regular'), injected: triggerRemap(options.block, 'injected') };
    this.reg = (offset) => layout.at(offset)!;
    [this.sr, this.cr1, this.cr2, this.dr] = [layout.reg('SR'), layout.reg('CR1'), layout.reg('CR2'), layout.reg('DR')];
  }
  private bits(c: Ctx): number {
    return BITS[(c.get(this.cr1) >>> 24) & 3]!;
  }
  /** Channel of place `i` (from 0) of the regular sequence: SQR3, SQR2, SQR1. */
  private channel(c: Ctx, i: number): number {
    return (c.get(this.reg(this.v.map.sequence - 4 * Math.floor(i / 6))) >>> (5 * (i % 6))) & 31;
  }
  private length(c: Ctx): number {
    const { length, lengthMask } = this.v.map;
    return c.get(this.cr1) & CR1.SCAN ? ((c.get(this.reg(length)) >>> 20) & lengthMask) + 1 : 1;
  }
  /** Fewer than four: the last ones of JSQR. */
  private injectedLength(c: Ctx): number {
    return c.get(this.cr1) & CR1.SCAN ? ((c.get(this.reg(this.v.map.injected)) >>> 20) & 3) + 1 : 1;
  }
  private injectedChannel(c: Ctx, i: number): number {
    const jsqr = c.get(this.reg(this.v.map.injected));
    return (jsqr >>> (5 * (3 - ((jsqr >>> 20) & 3) + i))) & 31;
  }
  private clocks(c: Ctx, channel: number): number {
    const { map, sampling, more, lengths } = this.v;
    // Channels from 20 on are none on F1 and F4.
    const smpr = map.sampling[Math.min(Math.floor(channel / 10), map.sampling.length - 1)]!;
    const smp = c.get(this.reg(smpr)) >>> (3 * (channel - 10 * map.sampling.indexOf(smpr)));
    return ((sampling[smp & 7]! + more) / 2 + lengths[(c.get(this.cr1) >>> 24) & 3]!) * this.divider(c);
  }
  private divider(c: Ctx): number {
    if (this.v.single) return 2 ** ((c.get(this.reg(CCR_OFFSET)) >>> 16) & 3);
    return this.v.divided ? 2 * (((c.env.wire(CCR_WIRE) >>> 16) & 3) + 1) : 1;
  }
  /** What the converters do together: mode, how many they are, and the common block's DMA. */
  private mode(c: Ctx): Multi {
    if (this.v.divided) return multi(c.env.wire(CCR_WIRE));
    return multi(this.v.first ? c.env.wire(DUAL_WIRE) : 0);
  }
  /** F1: DR has the data of both. */
  private both(c: Ctx): boolean {
    const { regular, interleaved } = this.v.together;
    return this.v.first && this.o.index === 0 && [...regular, ...interleaved].includes(this.mode(c).mode);
  }
  private convert(c: Ctx, channel: number): void {
    c.s.busy = true;
    c.s.clock = this.v.clock;
    c.s.end = (this.at >= 0 ? this.at : this.times.count(c, this.v.clock)) + this.clocks(c, channel);
  }
  private flag(c: Ctx, bits: number): void {
    c.put(this.sr, c.get(this.sr) | bits);
  }

  on(c: Ctx): boolean {
    return (c.get(this.cr2) & CR2.ADON) !== 0;
  }

  // ---- Dual and triple modes
  /** Its results go to CDR, and from there by DMA. */
  private shared(c: Ctx): boolean {
    const { converters, dma } = this.mode(c);
    return dma !== 0 && this.o.index < converters;
  }
  /** Clocks by which this converter begins behind the first one of an interleaved mode. */
  private clocksOfDelay(c: Ctx): number {
    if (this.v.first) return this.o.index > 0 ? 0 : SLOW.includes(this.mode(c).mode) ? BEHIND.slow : BEHIND.fast;
    return this.o.index * (((c.env.wire(CCR_WIRE) >>> 8) & 15) + SHORTEST_DELAY) * this.divider(c);
  }
  /** A start by software or by a trigger: of ADC1 also one of its slaves. */
  private begin(c: Ctx, group: Group): void {
    const { mode, converters } = this.mode(c);
    const { [group]: same, interleaved, alternate } = this.v.together;
    const alternates = group === 'injected' && alternate.includes(mode);
    const delayed = group === 'regular' && interleaved.includes(mode);
    if (converters === 1 || this.o.index !== 0 || !(same.includes(mode) || delayed || alternates)) return this.start(c, group);
    const started = START_WIRES[group];
    const target = alternates ? (c.env.wire(started) % EACH) % converters : -1;
    if (target <= 0) this.startBehind(c, group, delayed);
    // Alternating: the converter after this one is next.
    c.env.setWire(started, again(c.env.wire(started), EACH) + (alternates ? target + 1 : 0));
  }
  private startBehind(c: Ctx, group: Group, delayed: boolean): void {
    const delay = delayed ? this.clocksOfDelay(c) : 0;
    if (delay > 0) this.at = this.times.count(c, this.v.clock) + delay;
    this.start(c, group);
    this.at = -1;
  }
  private start(c: Ctx, group: Group): void {
    if (group === 'regular') this.startRegular(c);
    else this.startInjected(c);
  }
  /** ADC1 has begun. */
  private follow(c: Ctx, group: Group, value: number): void {
    const { mode, converters } = this.mode(c);
    const { index } = this.o;
    const meant = value % EACH;
    if (index === 0 || index >= converters || (meant !== 0 && meant !== index + 1)) return;
    this.startBehind(c, group, group === 'regular' && this.v.together.interleaved.includes(mode));
    this.sync(c);
  }
  private startRegular(c: Ctx): void {
    if (!this.on(c)) return;
    const { s } = c;
    if (s.regular < 0) s.regular = 0;
    s.left = c.get(this.cr1) & CR1.DISCEN ? ((c.get(this.cr1) >>> 13) & 7) + 1 : ALL;
    this.flag(c, SR.STRT);
    if (s.injected < 0) this.convert(c, this.channel(c, s.regular));
  }
  /** Injected conversions go first: a regular one that is under way begins anew behind them. */
  private startInjected(c: Ctx): void {
    if (!this.on(c)) return;
    const { s } = c;
    if (s.injected < 0) s.injected = 0;
    s.injectedLeft = c.get(this.cr1) & CR1.JDISCEN ? 1 : ALL;
    this.flag(c, SR.JSTRT);
    this.convert(c, this.injectedChannel(c, s.injected));
  }

  // ---- What has ended by now
  /** Computes the conversions that have ended. Where ends are noticed a timer does that, and this finds nothing. */
  private catchUp(c: Ctx): void {
    const { s } = c;
    if (!s.busy) return;
    const now = this.times.count(c, this.v.clock);
    while (s.busy && s.end <= now) {
      if (s.regular === 0 && this.repeats(c)) this.skipSequences(c, now);
      this.at = s.end;
      s.busy = false;
      if (s.injected >= 0 && s.injectedLeft > 0) this.injectedDone(c);
      else this.regularDone(c);
      this.at = -1;
    }
  }
  /** Continuous mode with all flags raised: sequences that nobody reads leave everything as it is. */
  private repeats(c: Ctx): boolean {
    const [sr, cr1, cr2] = [c.get(this.sr), c.get(this.cr1), c.get(this.cr2)];
    const lost = !(cr2 & this.v.eocs) || (sr & SR.OVR) !== 0;
    return (cr2 & CR2.CONT) !== 0 && !(cr1 & (CR1.JAUTO | CR1.DISCEN)) && (sr & SR.EOC) !== 0 && c.s.unread && lost && c.s.injected < 0;
  }
  /** Leaves sequences out, all but the last ones. */
  private skipSequences(c: Ctx, now: number): void {
    let total = 0;
    for (let i = this.length(c) - 1; i >= 0; i--) total += this.clocks(c, this.channel(c, i));
    c.s.end += Math.max(0, Math.floor((now - c.s.end) / total) - 1) * total;
  }
  private dmaOn(c: Ctx): boolean {
    return (c.get(this.cr2) & CR2.DMA) !== 0 && !(c.get(this.sr) & SR.OVR);
  }
  /** The end of the conversion that is under way, or of one that follows, may be noticed by others than who reads the registers. */
  private noticed(c: Ctx): boolean {
    if (this.dmaOn(c) || this.shared(c)) return true;
    const [sr, cr1] = [c.get(this.sr), c.get(this.cr1)];
    let rising = 0;
    for (const [flag, enable] of RAISED) if (cr1 & enable && !(sr & flag)) rising |= flag;
    if (c.s.injected < 0 && !(cr1 & CR1.JAUTO)) rising &= ~SR.JEOC;
    if (!(cr1 & (CR1.AWDEN | CR1.JAWDEN))) rising &= ~SR.AWD;
    return rising === SR.AWD ? this.anyOutside(c) : rising !== 0;
  }
  private anyOutside(c: Ctx): boolean {
    for (let i = this.length(c) - 1; i >= 0; i--) if (this.outside(c, this.channel(c, i), CR1.AWDEN)) return true;
    for (let i = this.injectedLength(c) - 1; i >= 0; i--) if (this.outside(c, this.injectedChannel(c, i), CR1.JAWDEN)) return true;
    return false;
  }
  private plan(c: Ctx): void {
    if (c.s.busy && this.noticed(c)) c.env.arm('conversion', this.times.timeOf(c, this.v.clock, c.s.end));
    else c.env.disarm('conversion');
  }
  /** A continuous sequence whose results a DMA fetches, from its first conversion on. */
  quietSource(c: Ctx): QuietSource | null {
    const { s } = c;
    const [sr, cr1, cr2] = [c.get(this.sr), c.get(this.cr1), c.get(this.cr2)];
    const goesOn = s.busy && s.regular === 0 && s.injected < 0 && !s.unread && this.dmaOn(c) && (cr2 & CR2.CONT) !== 0;
    if (!goesOn || sr & (SR.EOC | SR.OVR) || cr1 & NOT_QUIET || this.mode(c).mode !== 0 || this.shared(c)) return null;
    const channels = Array.from({ length: this.length(c) }, (_, i) => this.channel(c, i));
    return {
      timer: 'conversion',
      request: this.wires.dma,
      values: channels.map((channel) => this.aligned(c, convert(c, this.o, channel, this.bits(c))) & 0xffff),
      // behind the first comes the second one's time; behind the last the first one's again
      counts: channels.map((_, i) => this.clocks(c, channels[(i + 1) % channels.length]!)),
      clock: this.v.clock,
      end: s.end,
      offset: this.dr.offset,
    };
  }
  passQuiet(c: Ctx, counts: number): void {
    c.s.end += counts;
    this.plan(c);
  }
  /** Until when all registers read the same. */
  holds(c: Ctx, r: Register): Ps {
    if (r === this.dr && (this.both(c) || c.s.busy || c.s.unread || c.get(this.sr) & SR.EOC)) return 0;
    return c.s.busy ? this.times.timeOf(c, this.v.clock, c.s.end) : Infinity;
  }
  /** Nobody but the reader notices that DR is read. */
  quietData(c: Ctx): boolean {
    return !(c.get(this.cr2) & CR2.DMA) && !(c.get(this.cr1) & INTERRUPTS) && !this.both(c);
  }
  /** A register as it reads now, the block left as it is. */
  peek(c: Ctx, r: Register): number {
    const { s } = c;
    if (!s.busy || s.end > this.times.count(c, this.v.clock)) return c.get(r);
    const copy = new RegisterContext({ ...s, inputs: [...s.inputs] }, c.regs.slice(), c.env, null);
    this.catchUp(copy);
    return copy.get(r);
  }
  timer(c: Ctx, timer: string): void {
    this.catchUp(c);
    if (timer === 'ready') this.flag(c, SR.ADONS);
    else if (timer !== 'conversion') c.put(this.cr2, c.get(this.cr2) & ~(timer === 'calibration' ? CR2.CAL : CR2.RSTCAL));
    this.sync(c);
  }
  private injectedDone(c: Ctx): void {
    const { s } = c;
    const channel = this.injectedChannel(c, s.injected);
    const length = this.injectedLength(c);
    const { offsets, results } = this.v.map;
    const offset = c.get(this.reg(offsets + 4 * s.injected)) & 0xfff;
    // JOFRx is taken off; the result has a sign.
    c.put(this.reg(results + 4 * s.injected), this.aligned(c, convert(c, this.o, channel, this.bits(c)) - offset) & 0xffff);
    this.watch(c, channel, CR1.JAWDEN);
    s.injected++;
    s.injectedLeft--;
    if (s.injected >= length) {
      s.injected = -1;
      this.flag(c, SR.JEOC);
    } else if (s.injectedLeft > 0) return this.convert(c, this.injectedChannel(c, s.injected));
    if (s.regular >= 0 && s.left > 0) this.convert(c, this.channel(c, s.regular));
  }
  private regularDone(c: Ctx): void {
    const { s } = c;
    if (s.regular < 0) return;
    const [cr1, cr2] = [c.get(this.cr1), c.get(this.cr2)];
    const channel = this.channel(c, s.regular);
    const each = (cr2 & this.v.eocs) !== 0;
    // Lost data is found out where each result is asked for.
    if (s.unread && (each || (cr2 & CR2.DMA && cr2 & this.v.dds))) this.flag(c, SR.OVR);
    if (!(c.get(this.sr) & SR.OVR)) {
      c.put(this.dr, this.aligned(c, convert(c, this.o, channel, this.bits(c))) & 0xffff);
      s.unread = !this.shared(c);
      if (!s.unread) c.env.setWire(this.wires.result, again(c.env.wire(this.wires.result), DATA) + c.get(this.dr));
    }
    this.watch(c, channel, CR1.AWDEN);
    s.regular++;
    s.left--;
    const last = s.regular >= this.length(c);
    if (each || last) this.flag(c, SR.EOC);
    if (last) {
      s.regular = -1;
      if (cr1 & CR1.JAUTO) this.startInjected(c);
      if (cr2 & CR2.CONT) this.again(c);
    } else if (s.left > 0) this.convert(c, this.channel(c, s.regular));
  }
  /** Continuous mode. */
  private again(c: Ctx): void {
    c.s.regular = 0;
    c.s.left = ALL;
    if (c.s.injected < 0) this.convert(c, this.channel(c, 0));
  }
  private aligned(c: Ctx, code: number): number {
    return c.get(this.cr2) & CR2.ALIGN ? code << (this.bits(c) === 6 ? 2 : 16 - this.bits(c)) : code;
  }
  private watch(c: Ctx, channel: number, enable: number): void {
    if (this.outside(c, channel, enable)) this.flag(c, SR.AWD);
  }
  private outside(c: Ctx, channel: number, enable: number): boolean {
    const cr1 = c.get(this.cr1);
    if (!(cr1 & enable) || (cr1 & CR1.AWDSGL && (cr1 & 31) !== channel)) return false;
    const code = convert(c, this.o, channel, 12);
    return code > (c.get(this.reg(this.v.map.high)) & 0xfff) || code < (c.get(this.reg(this.v.map.low)) & 0xfff);
  }

  sync(c: Ctx): void {
    const [sr, cr1, cr2] = [c.get(this.sr), c.get(this.cr1), c.get(this.cr2)];
    const wanted =
      (cr1 & CR1.EOCIE ? SR.EOC : 0) | (cr1 & CR1.AWDIE ? SR.AWD : 0) | (cr1 & CR1.JEOCIE ? SR.JEOC : 0) | (cr1 & CR1.OVRIE ? SR.OVR : 0);
    c.env.irq(0, (sr & wanted) !== 0);
    this.plan(c);
    // The common block asks by the line of ADC1.
    if (!this.shared(c)) c.env.setWire(this.wires.dma, cr2 & CR2.DMA && c.s.unread && !(sr & SR.OVR) ? 1 : 0);
  }
  /** Wires between the converters. */
  shares(): readonly Wire[] {
    if (this.v.divided) return [LOOK, CCR_WIRE, ...Object.values(START_WIRES)];
    const remaps = this.o.remapped === undefined ? [] : Object.values(this.remaps);
    return this.v.first ? [DUAL_LOOK, DUAL_WIRE, ...Object.values(START_WIRES), ...remaps] : [];
  }
  private triggers(c: Ctx): [regular: Wire | undefined, injected: Wire | undefined] {
    const cr2 = c.get(this.cr2);
    const chosen = (group: Group): Wire | undefined => {
      const { select, mask, enable } = this.v[group];
      const selected = (cr2 >>> select) & mask;
      if (!this.on(c) || !(cr2 & enable)) return undefined;
      const pin = selected === this.o.remapped && c.env.wire(this.remaps[group]) === 0;
      return pin ? undefined : this.wires.triggers[group][selected];
    };
    return [chosen('regular'), chosen('injected')];
  }
  onWire(c: Ctx, wire: Wire, value: number): void {
    this.catchUp(c);
    const channel = this.wires.inputs.indexOf(wire);
    if (channel >= 0) c.s.inputs[channel] = value;
    if (wire === LOOK) return c.env.setWire(this.wires.status, c.get(this.sr));
    if (wire === DUAL_LOOK) return this.o.index === 1 ? c.env.setWire(DUAL_DATA, c.get(this.dr)) : undefined;
    if (wire === DUAL_WIRE) return this.sync(c);
    if (wire === this.remaps.regular || wire === this.remaps.injected) return waitFor(c, this.o, this.triggers(c));
    if (wire === START_WIRES.regular) return this.follow(c, 'regular', value);
    if (wire === START_WIRES.injected) return this.follow(c, 'injected', value);
    const [regular, injected] = this.triggers(c);
    if (wire === injected) this.begin(c, 'injected');
    if (wire === regular) this.begin(c, 'regular');
    this.sync(c);
  }
  clear(c: Ctx): void {
    Object.assign(c.s, fresh(), { inputs: this.wires.inputs.map((input) => c.env.wire(input)) });
    waitFor(c, this.o, []);
    for (const timer of this.timers) c.env.disarm(timer);
    if (this.v.first && this.o.index === 0) c.env.setWire(DUAL_WIRE, 0);
    this.sync(c);
  }
  read(c: Ctx, r: Register, value: number): number {
    if (c.env.due('conversion') === Infinity) {
      this.catchUp(c);
      value = c.get(r);
    }
    // CSR shows SR.
    if (this.v.single && r === this.reg(CSR_OFFSET)) return c.get(this.sr);
    if (r !== this.dr) return value;
    c.s.unread = false;
    // With EOC raised at the end of the sequence too, reading DR clears it.
    c.put(this.sr, c.get(this.sr) & ~SR.EOC);
    if (!this.quietData(c)) this.sync(c);
    if (!this.both(c)) return value;
    c.env.setWire(DUAL_LOOK, (c.env.wire(DUAL_LOOK) + 1) % 0x10000);
    return (value | (c.env.wire(DUAL_DATA) << 16)) >>> 0;
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    this.catchUp(c);
    if (r === this.sr) return c.get(r) & (raw | READ_ONLY);
    if (r !== this.cr2) return;
    const { regular, injected, first } = this.v;
    const starts = regular.software | injected.software;
    c.s.commands = raw & starts & (first ? this.enabledStarts(merged) : -1);
    if (!first) return merged & ~starts;
    const running = CR2.CAL | CR2.RSTCAL;
    // RM0008 11.12.3: ADON written as 1 once more, nothing else changed, starts a conversion.
    if (raw & CR2.ADON && c.get(r) === (merged & ~starts) && !(raw & starts)) c.s.commands = regular.software;
    return ((merged & ~starts) | (c.get(r) & running)) >>> 0;
  }
  /** F1: SWSTART and JSWSTART act where they are the trigger. */
  private enabledStarts(cr2: number): number {
    const acts = ({ select, mask, enable, software }: Start): number =>
      cr2 & enable && ((cr2 >>> select) & mask) === BY_SOFTWARE ? software : 0;
    return acts(this.v.regular) | acts(this.v.injected);
  }
  /** L1: on or off. */
  private switched(c: Ctx, on: boolean): void {
    if (on) return c.env.arm('ready', c.env.now() + READY_TIME);
    c.env.disarm('ready');
    c.put(this.sr, c.get(this.sr) & ~SR.ADONS);
  }
  /** CAL and RSTCAL fall by themselves. */
  private calibrate(c: Ctx, risen: number): void {
    const { clock } = this.v;
    const after = (clocks: number): Ps => this.times.timeOf(c, clock, this.times.count(c, clock) + clocks);
    if (risen & CR2.CAL) c.env.arm('calibration', after(CALIBRATION_CLOCKS));
    if (risen & CR2.RSTCAL) c.env.arm('reset-calibration', after(RESET_CLOCKS));
  }
  wrote(c: Ctx, r: Register, raw: number, old: number): void {
    if (r === this.cr1 && this.v.first && this.o.index === 0) c.env.setWire(DUAL_WIRE, (raw >>> DUALMOD.bit) & DUALMOD.mask);
    if (r === this.cr2) {
      if (old & CR2.ADON && !(raw & CR2.ADON)) {
        Object.assign(c.s, { ...fresh(), inputs: c.s.inputs });
      }
      if (this.v.single && (raw ^ old) & CR2.ADON) this.switched(c, (raw & CR2.ADON) !== 0);
      waitFor(c, this.o, this.triggers(c));
      if (this.v.first) this.calibrate(c, raw & ~old);
    }
    // SWSTART and JSWSTART act at once and read 0 (on silicon once the conversion has begun).
    const { commands } = c.s;
    c.s.commands = 0;
    if (commands & this.v.injected.software) this.begin(c, 'injected');
    if (commands & this.v.regular.software) this.begin(c, 'regular');
    this.sync(c);
  }
}

const fresh = (): AdcF4State => ({
  ...freshConversions(),
  regular: -1,
  injected: -1,
  left: 0,
  injectedLeft: 0,
  unread: false,
  busy: false,
  commands: 0,
});

const LACKS: Readonly<Record<keyof typeof VERSIONS, readonly string[]>> = {
  f4: ['overrun in dual and triple modes'],
  f1: ['second starts of slow interleaved mode'],
  l1: ['delays between conversions (DELS)', 'power-down (PDD, PDI)', 'RCNR and JCNR', 'bank B (ADC_CFG)'],
};
export const adcF4: ModelFactory<Partial<AdcF4Options>> = (layout, given): RegisterModel<AdcF4State> => {
  const options: AdcF4Options = { ...ADC_DEFAULTS, version: 'f4', ...given };
  const adc = new AdcF4(layout, options);
  return {
    timers: adc.timers,
    wires: [...triggerWires(options), ...analogWires(options), ...adc.shares()],
    clocks: [adc.v.clock],
    about: {
      source: 'RM0090 13, RM0008 11, RM0038 12; a channel of which nothing is said gives VDDA / 2 (assumed)',
      confidence: 'documented',
      lacks: [...LACKS[options.version], 'triggers from pins, polarity of triggers', 'stabilisation time', 'temperature'],
    },
    modelled: 'all',
    create: fresh,
    onReset: (c) => adc.clear(c),
    onTimer: (c, timer) => adc.timer(c, timer),
    onWire: (c, wire, value) => adc.onWire(c, wire, value),
    onClock: (c) => adc.sync(c),
    live: [...(adc.v.single ? ['CSR'] : []), 'SR', 'DR', 'JDR1', 'JDR2', 'JDR3', 'JDR4'],
    acting: ['DR'],
    actsNot: (c, r) => r !== adc.dr || adc.quietData(c),
    holds: (c, r) => adc.holds(c, r),
    // without ADON nothing is converted and no flag rises (RM0090 13.3.1, RM0008 11.3.1)
    published: (c) => ({ idleBy: adc.on(c) ? null : { field: 'CR2.ADON', value: 0 } }),
    quietSource: (c) => adc.quietSource(c),
    passQuiet: (c, counts) => adc.passQuiet(c, counts),
    read: (c, r, value) => adc.read(c, r, value),
    peek: (c, r) => adc.peek(c, r),
    write: (c, r, merged, raw) => adc.write(c, r, merged, raw),
    wrote: (c, r, value, old) => adc.wrote(c, r, value, old),
  };
};

interface CommonState {
  /** Results that CDR has not given away, of each converter, and whose comes next. */
  readonly results: number[][];
  turn: number;
}
/** A converter whose results nobody fetches keeps the last ones. */
const MOST_RESULTS = 2;

/** Results of dual and triple modes, ADC1's first, then ADC2's …: what CDR gives, one or two at a time (RM0090 13.9, Table 67). */
class CommonData {
  private readonly ccr: Register;
  private readonly cdr: Register | null;
  private readonly dmaWire: Wire;
  constructor(ccr: Register, cdr: Register | null, dmaWire: Wire) {
    [this.ccr, this.cdr, this.dmaWire] = [ccr, cdr, dmaWire];
  }
  /** The next results, if there are as many as a read gives. */
  private next(c: RegisterContext<CommonState>): number[] | null {
    const { converters, dma } = multi(c.get(this.ccr));
    const taken: number[] = [];
    const used = c.s.results.map(() => 0);
    for (let i = 0; i < (dma === 1 ? 1 : 2); i++) {
      const of = (c.s.turn + i) % converters;
      const value = c.s.results[of]?.[used[of]!++];
      if (value === undefined) return null;
      taken.push(value);
    }
    return taken;
  }
  private value(c: RegisterContext<CommonState>, taken: readonly number[]): number {
    const width = multi(c.get(this.ccr)).dma === 3 ? 8 : 16;
    return taken.reduce((v, data, i) => v | ((data & (2 ** width - 1)) << (width * i)), 0) >>> 0;
  }
  /** CDR and the request follow what there is. */
  show(c: RegisterContext<CommonState>): void {
    if (this.cdr === null || multi(c.get(this.ccr)).dma === 0) return;
    const taken = this.next(c);
    if (taken) c.put(this.cdr, this.value(c, taken));
    c.env.setWire(this.dmaWire, taken ? 1 : 0);
  }
  add(c: RegisterContext<CommonState>, converter: number, data: number): void {
    const queue = c.s.results[converter]!;
    queue.push(data);
    if (queue.length > MOST_RESULTS) queue.shift();
    this.show(c);
  }
  read(c: RegisterContext<CommonState>, cdr: Register): number {
    const value = c.get(cdr);
    const { converters, dma } = multi(c.get(this.ccr));
    const taken = dma === 0 ? null : this.next(c);
    for (const _ of taken ?? []) {
      c.s.results[c.s.turn]!.shift();
      c.s.turn = (c.s.turn + 1) % converters;
    }
    this.show(c);
    return value;
  }
  clear(c: RegisterContext<CommonState>): void {
    if (c.s.results.some((queue) => queue.length > 0)) c.env.setWire(this.dmaWire, 0);
    for (const queue of c.s.results) queue.length = 0;
    c.s.turn = 0;
  }
}

/** The registers that the converters share: CSR shows their flags, CCR has the prescaler and the mode, CDR the results of dual and triple modes. */
export const adcCommonF4: ModelFactory<{ readonly converters: readonly string[] }> = (
  layout,
  { converters },
): RegisterModel<CommonState> => {
  const [CSR, CCR] = [layout.reg('CSR'), layout.reg('CCR')];
  // chips with one converter have none
  const CDR = layout.has('CDR') ? layout.reg('CDR') : null;
  const status = converters.map((name) => ofBlock(name, 'status'));
  const results = converters.map((name) => ofBlock(name, 'result'));
  const data = new CommonData(CCR, CDR, ofBlock(converters[0]!, 'dma'));
  return {
    wires: [...status, ...results],
    about: { source: 'RM0090 13.9, 13.13.15 to 17', confidence: 'documented', lacks: ['CDR without DMA in dual and triple modes'] },
    modelled: 'all',
    create: () => ({ results: converters.map(() => []), turn: 0 }),
    onReset: (c) => {
      data.clear(c);
      c.env.setWire(CCR_WIRE, c.get(CCR));
    },
    live: CDR ? ['CSR', 'CDR'] : ['CSR'],
    acting: CDR ? ['CSR', 'CDR'] : ['CSR'],
    read: (c, r, value) => {
      if (r === CDR) return data.read(c, r);
      if (r !== CSR) return value;
      c.env.setWire(LOOK, c.env.wire(LOOK) + 1);
      return c.get(CSR);
    },
    peek: (_c, _r, value) => value,
    onWire: (c, wire, value) => {
      const converter = results.indexOf(wire);
      if (converter >= 0) return data.add(c, converter, value % DATA);
      c.put(
        CSR,
        status.reduce((v, flags, i) => v | (c.env.wire(flags) << (8 * i)), 0),
      );
    },
    wrote: (c, r, value) => {
      if (r !== CCR) return;
      data.clear(c);
      c.env.setWire(CCR_WIRE, value);
    },
  };
};
