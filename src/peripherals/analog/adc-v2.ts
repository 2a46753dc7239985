/**
 * ADC with ISR and ADSTART (F0, F3, L0, L4, G0, G4, H5, H7, U5): voltage regulator, calibration, ready flag, start and stop, regular and injected sequences with their
 * times, continuous and discontinuous mode, automatic delay and injection, oversampling, external triggers, watchdog 1, overrun, DMA requests, interrupts.
 *
 * Facts: registers and behaviour RM0351 18, RM0091 13, RM0399 26, RM0481 ADC (documented); calibration times DS10198, DS9826, DS12923 (recalled: assumed), ready
 * `STARTUP_PS` after ADEN (assumed). Triggers are taken at their rising edge whatever EXTEN says.
 * Dual modes: adc-dual.ts.
 * Wires: `<block>.status` is driven with ISR when the common block asks; `<common>.ccr` is read from it. DMA: `<block>.dma` is 1 while a transfer is wanted.
 */
import { RegisterContext, type Layout, type ModelFactory, type Published, type Register, type RegisterModel } from '../../emu/registers.ts';
import type { QuietSource } from '../../emu/quiet-requests.ts';
import { US, type Ps } from '../../emu/time.ts';
import {
  couplingOf,
  delayClocks,
  DualData,
  dualWires,
  freshDualData,
  orderOf,
  orderWire,
  packedBits,
  SHARED_CFGR,
  type Coupling,
  type DualDataState,
  type Group,
  type Order,
  type Role,
} from './adc-dual.ts';
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
  type WithDefaults,
  type ConverterWires,
  type Conversions,
} from './adc-common.ts';
import { wire, type Wire } from '../../emu/wires.ts';
import { VERSIONS, type Version } from './adc-versions.ts';
import { ofBlock } from '../wires.ts';

export interface AdcV2Options extends AdcOptions {
  readonly version: keyof typeof VERSIONS;
  /** Kernel clock (CKMODE = 0) and bus clock. */
  readonly clock: string;
  readonly bus: string;
  /** Rate of a kernel clock that the ADC itself switches on. */
  readonly ownHz?: number;
  /** Wire of the common block's CCR; F0 has its clock mode in CFGR2. */
  readonly ccr?: string;
  /** Its part in dual modes; left out = none. */
  readonly role?: Role;
}
export interface AdcV2State extends Conversions {
  /** Place in the sequence of what is converted; -1 = nothing. */
  regular: number;
  injected: number;
  /** Conversions of a discontinuous group that are left; 0 = waits for a trigger. */
  left: number;
  injectedLeft: number;
  unread: boolean;
  /** What is being converted, until `end`. */
  converting: Group | null;
  /** Alternate triggers: the slave is next. */
  slaveNext: boolean;
}
type Ctx = RegisterContext<AdcV2State>;

const STARTUP_PS = US;
const JDR = ['JDR1', 'JDR2', 'JDR3', 'JDR4'];
const ISR = {
  ADRDY: 1,
  EOC: 1 << 2,
  EOS: 1 << 3,
  OVR: 1 << 4,
  JEOC: 1 << 5,
  JEOS: 1 << 6,
  AWD1: 1 << 7,
  EOSMP: 1 << 1,
  EOCAL: 1 << 11,
  LDORDY: 1 << 12,
  CCRDY: 1 << 13,
};
const CR = {
  ADEN: 1,
  ADDIS: 1 << 1,
  ADSTART: 1 << 2,
  JADSTART: 1 << 3,
  ADSTP: 1 << 4,
  JADSTP: 1 << 5,
  ADVREGEN: 1 << 28,
  DEEPPWD: 1 << 29,
  ADCAL: 0x80000000,
};
/** Flags that conversions raise. */
const BY_CONVERSIONS = ISR.EOC | ISR.EOS | ISR.OVR | ISR.JEOC | ISR.JEOS | ISR.AWD1 | ISR.EOSMP;
/** Bits that software only sets. */
const COMMANDS = CR.ADEN | CR.ADDIS | CR.ADSTART | CR.JADSTART | CR.ADSTP | CR.JADSTP | CR.ADCAL;
const CFGR = {
  DMA: 1,
  OVRMOD: 1 << 12,
  CONT: 1 << 13,
  AUTDLY: 1 << 14,
  DISCEN: 1 << 16,
  JDISCEN: 1 << 20,
  AWD1SGL: 1 << 22,
  AWD1EN: 1 << 23,
  JAWD1EN: 1 << 24,
  JAUTO: 1 << 25,
};
/** With these, a conversion does more than ask for its result to be fetched, or less. */
const NOT_QUIET = CFGR.AUTDLY | CFGR.DISCEN | CFGR.AWD1EN | CFGR.JAWD1EN | CFGR.JAUTO;
const PRESCALERS = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256] as const;
/** Conversions of a group that is not discontinuous: more than there are. */
const ALL = 0xff;
/** DMNGT = 2 sends results to the DFSDM instead. */
const DMNGT_DFSDM = 2;
/** CHSELR and CFGR1 of F0. */
const CHSEL = 0xffffff;
const SCANDIR = 1 << 2;
/** G0: CHSELR is a sequence of numbers of four bits; 15 ends it. */
const CHSELRMOD = 1 << 21;
const CHANNELS_OF_SEQUENCE = 8;
const SEQUENCE_END = 15;

class AdcV2 {
  private readonly v: Version;
  private readonly o: AdcV2Options;
  private readonly wires: ConverterWires;
  private readonly ccrWire: Wire | null;
  private readonly dual: ReturnType<typeof dualWires> | null;
  readonly isr: Register;
  private readonly ier: Register;
  readonly cr: Register;
  private readonly cfgr: Register;
  private readonly cfgr2: Register | null;
  readonly dr: Register;
  /** CCR where it belongs to the block (G0). */
  private readonly common: Register | null;
  private readonly reg: (offset: number) => Register;
  private readonly times: ConversionTimes;
  private readonly look: Wire | null;
  /** Count of the converter's clock at which what is served now happens; -1 = now. */
  private at = -1;
  /** CR before the write that is being served. */
  private oldCr = 0;
  private readonly ldordy: number;
  private readonly threshold: { readonly low: Register; readonly high: Register } | null;

  constructor(layout: Layout, options: AdcV2Options) {
    this.o = options;
    this.v = VERSIONS[options.version];
    this.wires = converterWires(options);
    this.ccrWire = options.ccr === undefined ? null : wire(options.ccr);
    this.dual = options.role === undefined ? null : dualWires(`${options.ccr}`);
    this.reg = (offset) => layout.at(offset)!;
    [this.isr, this.ier, this.cr, this.dr] = [layout.reg('ISR'), layout.reg('IER'), layout.reg('CR'), layout.reg('DR')];
    this.cfgr = layout.reg(this.v.cfgr);
    this.cfgr2 = layout.has('CFGR2') ? layout.reg('CFGR2') : null;
    this.common = layout.has('CCR') && (this.v.regulator || this.v.regulatesItself) ? layout.reg('CCR') : null;
    this.times = new ConversionTimes(options.ownHz);
    this.look = options.ccr === undefined ? null : lookWire(options.ccr);
    this.ldordy = layout.hasField('ISR.LDORDY') || options.version === 'h7' ? ISR.LDORDY : 0;
    const { wide } = this.v;
    this.threshold = wide ? { low: this.reg(wide.thresholds), high: this.reg(wide.thresholds + 4) } : null;
  }

  // ---- Configuration
  private bits(c: Ctx): number {
    return this.v.bits[(c.get(this.cfgr) >>> this.v.res[0]) & this.v.res[1]] ?? 12;
  }
  private length(c: Ctx): number {
    if (!this.v.channelMask) return (c.get(this.reg(0x30)) & 15) + 1;
    let channels = 0;
    if (this.sequenced(c)) {
      while (channels < CHANNELS_OF_SEQUENCE && this.numbered(c, channels) !== SEQUENCE_END) channels++;
      return channels;
    }
    for (let bits = c.get(this.reg(0x28)) & CHSEL; bits !== 0; bits &= bits - 1) channels++;
    return channels;
  }
  private sequenced(c: Ctx): boolean {
    return this.common !== null && (c.get(this.cfgr) & CHSELRMOD) !== 0;
  }
  private numbered(c: Ctx, i: number): number {
    return (c.get(this.reg(0x28)) >>> (4 * i)) & 15;
  }
  /** Channel of place `i` (from 0) of the regular sequence. */
  private channel(c: Ctx, i: number): number {
    // Five places a register, the first taken by the length.
    if (!this.v.channelMask) return (c.get(this.reg(0x30 + 4 * Math.floor((i + 1) / 5))) >>> (6 * ((i + 1) % 5))) & 31;
    if (this.sequenced(c)) return this.numbered(c, i);
    const chselr = c.get(this.reg(0x28));
    let place = c.get(this.cfgr) & SCANDIR ? this.length(c) - 1 - i : i;
    for (let channel = 0; channel < 24; channel++) if ((chselr >>> channel) & 1 && place-- === 0) return channel;
    return 0;
  }
  private injectedLength(c: Ctx): number {
    return this.v.jsqr ? (c.get(this.reg(0x4c)) & 3) + 1 : 0;
  }
  private injectedChannel(c: Ctx, i: number): number {
    return (c.get(this.reg(0x4c)) >>> (this.v.jsqr!.first + 6 * i)) & 31;
  }
  private ratio(c: Ctx, enable: number): number {
    if (!this.cfgr2 || !(c.get(this.cfgr2) & enable)) return 1;
    const cfgr2 = c.get(this.cfgr2);
    return this.v.wide ? ((cfgr2 >>> 16) & 0x3ff) + 1 : 2 << ((cfgr2 >>> 2) & 7);
  }
  /** Half clocks of the converter's clock that a conversion takes. */
  private halfClocks(c: Ctx, channel: number): number {
    return this.sampling(c, channel) + (this.v.convert[this.bits(c)] ?? 25);
  }
  private sampling(c: Ctx, channel: number): number {
    const smpr = c.get(this.reg(0x14));
    const smp = this.v.channelMask
      ? // G0: SMPSEL chooses between SMP1 and SMP2 for each channel.
        smpr >>> (this.common && (smpr >>> (8 + channel)) & 1 ? 4 : 0)
      : channel < 10
        ? smpr >>> (3 * channel)
        : c.get(this.reg(0x18)) >>> (3 * (channel - 10));
    return this.v.sampling[smp & 7]!;
  }
  /** Source and divider of the converter's clock: CKMODE and PRESC of CCR, or of CFGR2 on F0. */
  private clockSource(c: Ctx): { clock: string; divider: number } {
    if (this.v.channelMask) {
      const mode = c.get(this.cfgr2!) >>> 30;
      const prescaler = this.common ? (PRESCALERS[(c.get(this.common) >>> 18) & 15] ?? 256) : 1;
      return mode === 0 ? { clock: this.o.clock, divider: prescaler } : { clock: this.o.bus, divider: mode === 3 ? 1 : 2 * mode };
    }
    const ccr = this.ccr(c);
    const mode = (ccr >>> 16) & 3;
    const half = this.v.halved ? 2 : 1;
    if (mode > 0) return { clock: this.o.bus, divider: half * 2 ** (mode - 1) };
    return { clock: this.o.clock, divider: half * (PRESCALERS[(ccr >>> 18) & 15] ?? 256) };
  }
  /** Name of the clock that is counted ('' = the ADC's own oscillator), and how many of its counts half clocks take. */
  private counted(c: Ctx, halfClocks: number): { clock: string; counts: number } {
    const { clock, divider } = this.clockSource(c);
    const own = this.o.ownHz !== undefined && clock === this.o.clock && !c.env.clockRate(clock);
    return { clock: own ? '' : clock, counts: Math.ceil((halfClocks * divider) / 2) };
  }
  private armAfter(c: Ctx, timer: string, halfClocks: number): void {
    const { clock, counts } = this.counted(c, halfClocks);
    c.env.arm(timer, this.times.timeOf(c, clock, this.times.count(c, clock) + counts));
  }

  /** Switched on, or switching itself on when a conversion is asked for (AUTOFF: RM0091 13.5.3, RM0376 14.4.3; ADRDY stays down; documented). */
  private powered(c: Ctx): boolean {
    return (c.get(this.cr) & CR.ADEN) !== 0 || this.sleeps(c);
  }
  private sleeps(c: Ctx): boolean {
    return (c.get(this.cfgr) & (this.v.autoOff ?? 0)) !== 0;
  }

  // ---- Conversions
  private flag(c: Ctx, bits: number): void {
    c.put(this.isr, c.get(this.isr) | bits);
  }
  private convert(c: Ctx, what: Group, halfClocks: number): void {
    const { s } = c;
    const { clock, counts } = this.counted(c, halfClocks);
    s.converting = what;
    s.end = (this.at >= 0 && s.clock === clock ? this.at : this.times.count(c, clock)) + counts;
    s.clock = clock;
  }
  private convertRegular(c: Ctx): void {
    this.convert(c, 'regular', this.halfClocks(c, this.channel(c, c.s.regular)) * this.ratio(c, 1));
  }
  /** The same, out of rest: a converter that switches itself on takes its time for that. */
  private beginRegular(c: Ctx): void {
    this.convertRegular(c);
    if (this.sleeps(c)) c.s.end += this.times.countsOf(c, c.s.clock, STARTUP_PS);
  }
  private convertInjected(c: Ctx): void {
    this.convert(c, 'injected', this.halfClocks(c, this.injectedChannel(c, c.s.injected)) * this.ratio(c, 2));
  }

  // ---- What has ended by now
  /** Computes the conversions that have ended. Where ends are noticed a timer does that, and this finds nothing. */
  private catchUp(c: Ctx): void {
    const { s } = c;
    if (s.converting === null) return;
    const now = this.times.count(c, s.clock);
    while (s.converting !== null && s.end <= now) {
      if (s.converting === 'regular' && s.regular === 0 && this.repeats(c)) this.skipSequences(c, now);
      this.at = s.end;
      this.conversionDone(c);
      this.at = -1;
    }
  }
  /** Continuous mode with all flags raised: sequences that nobody reads leave everything as it is. */
  private repeats(c: Ctx): boolean {
    const all = ISR.EOC | ISR.EOS | ISR.OVR;
    const cfgr = c.get(this.cfgr);
    return (c.get(this.isr) & all) === all && (cfgr & CFGR.CONT) !== 0 && !(cfgr & (CFGR.JAUTO | CFGR.DISCEN)) && c.s.injected < 0;
  }
  /** Leaves sequences out, all but the last ones. */
  private skipSequences(c: Ctx, now: number): void {
    let total = 0;
    for (let i = this.length(c) - 1; i >= 0; i--)
      total += this.counted(c, this.halfClocks(c, this.channel(c, i)) * this.ratio(c, 1)).counts;
    if (total > 0) c.s.end += Math.max(0, Math.floor((now - c.s.end) / total) - 1) * total;
  }
  /** The end of the conversion that is under way, or of one that follows, may be noticed by others than who reads the registers. */
  private noticed(c: Ctx): boolean {
    if (this.dmaOn(c) || this.packed(c)) return true;
    const cfgr = c.get(this.cfgr);
    let rising = c.get(this.ier) & ~c.get(this.isr) & BY_CONVERSIONS;
    if (c.s.injected < 0 && !(cfgr & CFGR.JAUTO)) rising &= ~(ISR.JEOC | ISR.JEOS);
    if (!(cfgr & (CFGR.AWD1EN | CFGR.JAWD1EN))) rising &= ~ISR.AWD1;
    if (rising === ISR.AWD1) return this.anyOutside(c);
    return rising !== 0;
  }
  private anyOutside(c: Ctx): boolean {
    for (let i = this.length(c) - 1; i >= 0; i--) if (this.outside(c, this.channel(c, i), CFGR.AWD1EN)) return true;
    for (let i = this.injectedLength(c) - 1; i >= 0; i--) if (this.outside(c, this.injectedChannel(c, i), CFGR.JAWD1EN)) return true;
    return false;
  }
  private plan(c: Ctx): void {
    const { s } = c;
    if (s.converting !== null && this.noticed(c)) c.env.arm('conversion', this.times.timeOf(c, s.clock, s.end));
    else c.env.disarm('conversion');
  }
  /** A continuous sequence whose results a DMA fetches, from its first conversion on, with all flags as a sequence leaves them. */
  quietSource(c: Ctx): QuietSource | null {
    const { s } = c;
    const cfgr = c.get(this.cfgr);
    const goesOn = s.converting === 'regular' && s.regular === 0 && s.injected < 0 && !s.unread && this.dmaOn(c);
    const alone = !this.packed(c) && !this.coupling(c, 'regular') && !this.coupling(c, 'injected');
    if (!goesOn || !alone || (cfgr & (CFGR.CONT | NOT_QUIET)) !== CFGR.CONT) return null;
    const isLeft = (c.get(this.isr) & (ISR.EOC | ISR.EOS | ISR.EOSMP)) === (ISR.EOS | ISR.EOSMP);
    // each result is fetched in front of the next one
    if (!isLeft || c.get(this.ier) & BY_CONVERSIONS & ~ISR.OVR) return null;
    const channels = Array.from({ length: this.length(c) }, (_, i) => this.channel(c, i));
    return {
      timer: 'conversion',
      request: this.wires.dma,
      values: channels.map((channel) => this.result(c, channel, 1)),
      // behind the first comes the second one's time; behind the last the first one's again
      counts: channels.map((_, i) => this.counted(c, this.halfClocks(c, channels[(i + 1) % channels.length]!) * this.ratio(c, 1)).counts),
      clock: s.clock,
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
    if (c.s.converting === null) return r === this.dr && c.s.unread ? 0 : Infinity;
    return r === this.dr ? 0 : this.times.timeOf(c, c.s.clock, c.s.end);
  }
  /** Nobody but the reader notices that DR is read. */
  quietData(c: Ctx): boolean {
    return !this.dmaOn(c) && !(c.get(this.ier) & BY_CONVERSIONS);
  }
  /** A register as it reads now, the block left as it is. */
  peek(c: Ctx, r: Register): number {
    const { s } = c;
    if (s.converting === null || s.end > this.times.count(c, s.clock)) return c.get(r);
    const copy = new RegisterContext({ ...s, inputs: [...s.inputs] }, c.regs.slice(), c.env, null);
    this.catchUp(copy);
    return copy.get(r);
  }

  // ---- Dual modes
  private ccr(c: Ctx): number {
    return this.ccrWire === null ? 0 : c.env.wire(this.ccrWire);
  }
  /** How a group of this converter and its other one are started; undefined = each by itself. */
  private coupling(c: Ctx, group: Group): Coupling | undefined {
    return this.dual ? couplingOf(this.ccr(c), group) : undefined;
  }
  private leads(c: Ctx, group: Group): boolean {
    return this.o.role === 'master' && this.coupling(c, group) !== undefined;
  }
  private follows(c: Ctx, group: Group): boolean {
    return this.o.role === 'slave' && this.coupling(c, group) !== undefined;
  }
  /** Its results go to CDR, and from there by DMA. */
  private packed(c: Ctx): boolean {
    return this.dual !== null && packedBits(this.ccr(c)) > 0;
  }
  private order(c: Ctx, order: Order, group: Group, halfClocks = 0): void {
    const { order: told } = this.dual!;
    c.env.setWire(told, orderWire(c.env.wire(told), order, group, halfClocks));
  }
  /** What the master starts with its own group: the slave at once, or behind its own sampling. */
  private startSlave(c: Ctx, group: Group): void {
    const interleaved = this.coupling(c, group) === 'interleaved';
    this.order(c, 'run', group, interleaved ? this.sampling(c, this.channel(c, 0)) + 2 * delayClocks(this.ccr(c)) : 0);
  }
  /** The master has said what the slave shall do. */
  private obey(c: Ctx, wire: number): void {
    const { order, group, halfClocks } = orderOf(wire);
    if (!(c.get(this.cr) & CR.ADEN) || !this.follows(c, group)) return;
    const start = group === 'regular' ? CR.ADSTART : CR.JADSTART;
    if (order === 'stop') return this.stopOrStart(c, c.get(this.cr) | (group === 'regular' ? CR.ADSTP : CR.JADSTP), 0);
    c.put(this.cr, c.get(this.cr) | start);
    if (order === 'arm') {
      c.put(this.cfgr, ((c.get(this.cfgr) & ~SHARED_CFGR) | (c.env.wire(this.dual!.cfgr) & SHARED_CFGR)) >>> 0);
      if (group === 'regular') c.s.unread = false;
      return;
    }
    const { clock, counts } = this.counted(c, halfClocks);
    c.s.clock = clock;
    this.at = this.times.count(c, clock) + counts;
    if (group === 'regular') this.triggerRegular(c);
    else this.triggerInjected(c);
    this.at = -1;
  }
  /** Both results have been read from CDR. */
  private taken(c: Ctx): void {
    c.s.unread = false;
    c.put(this.isr, c.get(this.isr) & ~ISR.EOC);
    this.goOn(c);
  }
  /** What the common block, or the master, has to say. */
  private onDualWire(c: Ctx, wire: Wire, value: number): boolean {
    if (wire === this.look) {
      c.env.setWire(this.wires.status, c.get(this.isr));
      c.env.setWire(this.wires.data, c.get(this.dr));
      return true;
    }
    if (wire === this.dual?.taken) this.taken(c);
    else if (wire === this.dual?.order) this.obey(c, value);
    else return false;
    this.sync(c);
    return true;
  }

  // ---- Triggers
  private triggerRegular(c: Ctx): void {
    const { s } = c;
    if (!(c.get(this.cr) & CR.ADSTART) || s.converting === 'regular') return;
    if (this.leads(c, 'regular')) this.startSlave(c, 'regular');
    const cfgr = c.get(this.cfgr);
    if (s.regular < 0) s.regular = 0;
    s.left = cfgr & CFGR.DISCEN ? (this.v.channelMask ? 1 : ((cfgr >>> 17) & 7) + 1) : ALL;
    if (s.converting === null && this.length(c) > 0) this.beginRegular(c);
  }
  private triggerInjected(c: Ctx): void {
    const { s } = c;
    if (!(c.get(this.cr) & CR.JADSTART) || s.injectedLeft > 0) return;
    if (this.leads(c, 'injected') && !this.mine(c)) return;
    if (s.injected < 0) s.injected = 0;
    s.injectedLeft = c.get(this.cfgr) & CFGR.JDISCEN ? 1 : ALL;
    // A regular conversion that is under way begins anew behind the injected ones.
    this.convertInjected(c);
  }
  /** The master's injected group begins, with the slave's or at every second trigger instead of it. */
  private mine(c: Ctx): boolean {
    const alternate = this.coupling(c, 'injected') === 'alternate';
    const slave = !alternate || c.s.slaveNext;
    if (alternate) c.s.slaveNext = !c.s.slaveNext;
    if (slave) this.startSlave(c, 'injected');
    return !alternate || !slave;
  }
  private conversionDone(c: Ctx): void {
    const what = c.s.converting;
    c.s.converting = null;
    if (what === 'injected') return this.injectedDone(c);
    if (what !== 'regular') return;
    this.regularDone(c);
    if (this.packed(c)) c.env.setWire(this.wires.result, (c.env.wire(this.wires.result) + 1) % 0x10000);
  }
  private result(c: Ctx, channel: number, oversampling: number): number {
    const bits = this.bits(c);
    const ratio = this.ratio(c, oversampling);
    const code = convert(c, this.o, channel, bits);
    if (ratio > 1) return Math.floor((code * ratio) / 2 ** ((c.get(this.cfgr2!) >>> 5) & 15));
    const left = this.v.align < 31 && (c.get(this.cfgr) >>> this.v.align) & 1;
    return left ? code << (bits === 6 ? 2 : 16 - bits) : code;
  }
  private injectedDone(c: Ctx): void {
    const { s } = c;
    const channel = this.injectedChannel(c, s.injected);
    c.put(this.reg(0x80 + 4 * s.injected), this.result(c, channel, 2));
    this.watch(c, channel, CFGR.JAWD1EN);
    this.flag(c, ISR.JEOC | ISR.EOSMP);
    s.injected++;
    s.injectedLeft--;
    if (s.injected >= this.injectedLength(c)) {
      s.injected = -1;
      s.injectedLeft = 0;
      this.flag(c, ISR.JEOS);
      // With a software start the end of the sequence ends JADSTART.
      if (this.injectedTrigger(c) === null) c.put(this.cr, c.get(this.cr) & ~CR.JADSTART);
    } else if (s.injectedLeft > 0) return this.convertInjected(c);
    if (s.regular >= 0 && s.left > 0) this.convertRegular(c);
  }
  private regularDone(c: Ctx): void {
    const { s } = c;
    const cfgr = c.get(this.cfgr);
    const channel = this.channel(c, s.regular);
    if (s.unread && !(cfgr & CFGR.AUTDLY)) this.flag(c, ISR.OVR);
    if (!s.unread || cfgr & CFGR.OVRMOD) c.put(this.dr, this.result(c, channel, 1));
    s.unread = true;
    this.watch(c, channel, CFGR.AWD1EN);
    this.flag(c, ISR.EOC | ISR.EOSMP);
    s.regular++;
    s.left--;
    if (s.regular >= this.length(c)) this.sequenceDone(c);
    else if (s.left > 0 && !this.delayed(c)) this.convertRegular(c);
    // A software start ends with its sequence, in discontinuous mode with its group (ADSTART: RM0444, RM0456, RM0468, documented).
    if (s.left === 0 && this.regularTrigger(c) === null) c.put(this.cr, c.get(this.cr) & ~CR.ADSTART);
  }
  private sequenceDone(c: Ctx): void {
    const { s } = c;
    const cfgr = c.get(this.cfgr);
    this.flag(c, ISR.EOS);
    s.regular = -1;
    s.left = 0;
    if (cfgr & CFGR.JAUTO && this.v.jsqr) {
      s.injected = 0;
      s.injectedLeft = ALL;
      this.convertInjected(c);
    }
    if (cfgr & CFGR.CONT) {
      s.regular = 0;
      s.left = ALL;
      if (s.converting === null && !this.delayed(c)) this.convertRegular(c);
    }
  }
  /** AUTDLY (WAIT): the next conversion waits until DR has been read. */
  private delayed(c: Ctx): boolean {
    return (c.get(this.cfgr) & CFGR.AUTDLY) !== 0 && c.s.unread;
  }
  /** Thresholds have 26 bits (H7) or 25; behind them lies a filter. */
  private limit(c: Ctx, r: Register): number {
    return c.get(r) & 0x3ffffff & r.writable;
  }
  private watch(c: Ctx, channel: number, enable: number): void {
    if (this.outside(c, channel, enable)) this.flag(c, ISR.AWD1);
  }
  private outside(c: Ctx, channel: number, enable: number): boolean {
    const cfgr = c.get(this.cfgr);
    if (!(cfgr & enable) || (cfgr & CFGR.AWD1SGL && ((cfgr >>> 26) & 31) !== channel)) return false;
    const bits = this.v.bits[0]!;
    const code = convert(c, this.o, channel, bits);
    const [low, high] = this.threshold
      ? [this.limit(c, this.threshold.low), this.limit(c, this.threshold.high)]
      : [c.get(this.reg(0x20)) & 0xfff, (c.get(this.reg(0x20)) >>> 16) & 0xfff];
    return code > high || code < low;
  }

  // ---- Triggers, interrupt, DMA
  /** Wire of the trigger; null = software start; undefined = one that is not modelled. */
  private regularTrigger(c: Ctx): Wire | null | undefined {
    const follows = this.follows(c, 'regular');
    const cfgr = follows ? c.env.wire(this.dual!.cfgr) : c.get(this.cfgr);
    if (!((cfgr >>> 10) & 3)) return null;
    if (follows) return undefined;
    return this.wires.triggers.regular[(cfgr >>> this.v.extsel[0]) & this.v.extsel[1]];
  }
  private injectedTrigger(c: Ctx): Wire | null | undefined {
    const { jsqr } = this.v;
    if (!jsqr) return null;
    const follows = this.follows(c, 'injected');
    const value = follows ? c.env.wire(this.dual!.jsqr) : c.get(this.reg(0x4c));
    if (!((value >>> jsqr.exten) & 3)) return null;
    if (follows) return undefined;
    return this.wires.triggers.injected[(value >>> 2) & jsqr.extsel];
  }
  onWire(c: Ctx, wire: Wire, value: number): void {
    this.catchUp(c);
    const channel = this.wires.inputs.indexOf(wire);
    if (channel >= 0) c.s.inputs[channel] = value;
    if (this.onDualWire(c, wire, value)) return;
    if (wire === this.injectedTrigger(c)) this.triggerInjected(c);
    if (wire === this.regularTrigger(c)) this.triggerRegular(c);
    this.sync(c);
  }
  private dmaOn(c: Ctx): boolean {
    const cfgr = c.get(this.cfgr);
    return (cfgr & CFGR.DMA) !== 0 && !(this.v.wide && (cfgr & 3) === DMNGT_DFSDM);
  }
  sync(c: Ctx): void {
    this.show(c);
    const started = (bit: number, trigger: Wire | null | undefined): Wire | undefined =>
      c.get(this.cr) & bit ? (trigger ?? undefined) : undefined;
    waitFor(c, this.o, [started(CR.ADSTART, this.regularTrigger(c)), started(CR.JADSTART, this.injectedTrigger(c))]);
  }
  /** What conversions change. Triggers that are waited for are not: an end clears ADSTART and JADSTART behind a start by software alone. */
  private show(c: Ctx): void {
    const isr = c.get(this.isr);
    c.env.irq(0, (isr & c.get(this.ier) & this.v.flags) !== 0);
    this.plan(c);
    // The common block asks by the master's line.
    if (!this.packed(c)) c.env.setWire(this.wires.dma, this.dmaOn(c) && c.s.unread && this.powered(c) ? 1 : 0);
  }

  // ---- Registers
  clear(c: Ctx): void {
    c.s.inputs = this.wires.inputs.map((input) => c.env.wire(input));
    this.halt(c);
    for (const timer of ['ready', 'calibration', 'regulator']) c.env.disarm(timer);
    this.sync(c);
  }
  private halt(c: Ctx): void {
    Object.assign(c.s, { ...fresh(), inputs: c.s.inputs });
    c.env.disarm('conversion');
  }
  onTimer(c: Ctx, timer: string): void {
    this.catchUp(c);
    if (timer === 'conversion') return this.show(c);
    if (timer === 'ready') this.flag(c, ISR.ADRDY);
    else if (timer === 'regulator') this.flag(c, this.ldordy);
    else this.calibrated(c);
    this.sync(c);
  }
  private calibrated(c: Ctx): void {
    c.put(this.cr, c.get(this.cr) & ~CR.ADCAL);
    this.flag(c, ISR.EOCAL & this.v.flags);
  }
  read(c: Ctx, r: Register, value: number): number {
    if (c.env.due('conversion') === Infinity) {
      this.catchUp(c);
      value = c.get(r);
    }
    if (r !== this.dr) return value;
    const { s } = c;
    s.unread = false;
    c.put(this.isr, c.get(this.isr) & ~ISR.EOC);
    this.goOn(c);
    if (!this.quietData(c)) this.show(c);
    return value;
  }
  /** What waited for DR to be read, or for a flag to be cleared. */
  private goOn(c: Ctx): void {
    const { s } = c;
    if (s.converting === null && s.regular >= 0 && s.left > 0 && c.get(this.cr) & CR.ADSTART && !this.delayed(c)) this.beginRegular(c);
  }
  write(c: Ctx, r: Register, merged: number, raw: number, lanes: number): number | void {
    this.catchUp(c);
    this.oldCr = c.get(this.cr);
    if (r === this.isr) return c.get(r) & ~(raw & this.v.flags);
    if (r === this.dr) return c.get(r);
    if (r !== this.cr) return;
    const old = c.get(r);
    const value = ((merged & lanes) | (old & (~lanes | COMMANDS))) >>> 0;
    return this.allowed(value, old, this.sleeps(c)) >>> 0;
  }
  /** Out of deep power-down, with its regulator, on: in this order (RM0351 18.4.6). */
  idleBy(c: Ctx): NonNullable<Published['idleBy']> | null {
    const cr = c.get(this.cr);
    const [sleeps, regulator] = this.v.enablesUnregulated ? [false, false] : [this.v.deepPowerDown, this.v.regulator];
    if (sleeps && cr & CR.DEEPPWD) return { field: 'CR.DEEPPWD', value: 1 };
    if (regulator && !(cr & CR.ADVREGEN)) return { field: 'CR.ADVREGEN', value: 0 };
    // calibration is done in front of ADEN (RM0440 21.4.8)
    return cr & (CR.ADEN | CR.ADCAL) ? null : { field: 'CR.ADEN', value: 0 };
  }
  /** What it was told to do takes counts of a clock that stands. */
  unclocked(c: Ctx): NonNullable<Published['unclocked']> | null {
    const { clock } = this.counted(c, 1);
    const waits = (c.get(this.cr) & (CR.ADCAL | CR.ADSTART | CR.JADSTART)) !== 0;
    return waits && clock !== '' && !c.env.clockRate(clock) ? { clock, by: 'CKMODE = 0' } : null;
  }
  private regulated(cr: number): boolean {
    return !this.v.regulator || ((cr & CR.ADVREGEN) !== 0 && !(cr & CR.DEEPPWD));
  }
  /** Commands that the state of the converter does not take are left out. */
  private allowed(value: number, old: number, sleeps: boolean): number {
    const running = (old & (CR.ADSTART | CR.JADSTART)) !== 0;
    const regulated = this.regulated(value);
    if (!(regulated || this.v.enablesUnregulated) || old & CR.ADCAL) value &= ~(CR.ADEN & ~old);
    if (!regulated || value & CR.ADEN) value &= ~(CR.ADCAL & ~old);
    if (!(value & CR.ADEN) && !sleeps) value &= ~(CR.ADSTART | CR.JADSTART);
    if (!(old & CR.ADEN) || running) value &= ~CR.ADDIS;
    if (this.v.regulatesItself && value & (CR.ADEN | CR.ADCAL)) value |= CR.ADVREGEN;
    if (!(old & CR.ADSTART)) value &= ~CR.ADSTP;
    if (!(old & CR.JADSTART)) value &= ~CR.JADSTP;
    return value;
  }
  wrote(c: Ctx, r: Register, value: number): void {
    if (r === this.cr) this.control(c, value, this.oldCr);
    if (r === this.isr) this.goOn(c);
    if (this.o.role === 'master' && r === this.cfgr) c.env.setWire(this.dual!.cfgr, value);
    if (this.o.role === 'master' && r.offset === 0x4c) c.env.setWire(this.dual!.jsqr, value);
    // The selection of channels is taken over at once (on silicon after some clocks).
    if (r.offset === 0x28 || r === this.cfgr) this.flag(c, ISR.CCRDY & this.v.flags);
    this.sync(c);
  }
  private control(c: Ctx, value: number, old: number): void {
    const risen = value & ~old;
    if (risen & CR.ADVREGEN && this.v.regulator) c.env.arm('regulator', c.env.now() + 10 * US);
    if (risen & CR.ADCAL) this.armAfter(c, 'calibration', 2 * this.v.calibration);
    if (risen & CR.ADEN) c.env.arm('ready', c.env.now() + STARTUP_PS);
    if (value & CR.ADDIS) {
      this.halt(c);
      c.env.disarm('ready');
      c.put(this.cr, value & ~(CR.ADDIS | CR.ADEN | CR.ADSTART | CR.JADSTART));
      return;
    }
    this.stopOrStart(c, value, risen);
  }
  /** The slave's ADSTART and JADSTART follow the master's. */
  private tellSlave(c: Ctx, value: number, risen: number): void {
    for (const [group, start, stop] of [
      ['regular', CR.ADSTART, CR.ADSTP],
      ['injected', CR.JADSTART, CR.JADSTP],
    ] as const) {
      if (!this.leads(c, group)) continue;
      if (value & stop) this.order(c, 'stop', group);
      if (risen & start) {
        c.s.slaveNext = false;
        this.order(c, 'arm', group);
      }
    }
  }
  private stopOrStart(c: Ctx, value: number, risen: number): void {
    const { s } = c;
    this.tellSlave(c, value, risen);
    if (value & CR.ADSTP) {
      s.regular = -1;
      s.left = 0;
      if (s.converting === 'regular') s.converting = null;
    }
    if (value & CR.JADSTP) {
      s.injected = -1;
      s.injectedLeft = 0;
      if (s.converting === 'injected') s.converting = null;
    }
    const stopped = (value & CR.ADSTP ? CR.ADSTP | CR.ADSTART : 0) | (value & CR.JADSTP ? CR.JADSTP | CR.JADSTART : 0);
    c.put(this.cr, value & ~stopped);
    if (risen & CR.ADSTART) {
      s.unread = false;
      if (this.regularTrigger(c) === null) this.triggerRegular(c);
    }
    if (risen & CR.JADSTART && this.injectedTrigger(c) === null) this.triggerInjected(c);
    if (value & CR.JADSTP) this.goOn(c);
  }
}

const fresh = (): AdcV2State => ({
  ...freshConversions(),
  regular: -1,
  injected: -1,
  left: 0,
  injectedLeft: 0,
  unread: false,
  converting: null,
  slaveNext: false,
});

export const adcV2: ModelFactory<WithDefaults<AdcV2Options>> = (layout, given): RegisterModel<AdcV2State> => {
  const options = { ...ADC_DEFAULTS, ...given };
  const adc = new AdcV2(layout, options);
  const version: Version = VERSIONS[options.version];
  return {
    timers: ['conversion', 'ready', 'calibration', 'regulator'],
    wires: [
      ...triggerWires(options),
      ...analogWires(options),
      ...(options.ccr === undefined ? [] : [lookWire(options.ccr)]),
      ...(options.role === undefined ? [] : [dualWires(`${options.ccr}`).taken]),
      ...(options.role === 'slave' ? [dualWires(`${options.ccr}`).order] : []),
    ],
    clocks: [...new Set([options.clock, options.bus])],
    about: {
      source:
        'RM0351 18, RM0091 13, RM0399 26; calibration times and 1 µs until ready (assumed); a channel of which nothing is said gives VDDA / 2 (assumed)',
      confidence: 'documented',
      lacks: [
        'watchdogs 2 and 3',
        'offsets, differential inputs, calibration factors',
        'injected queue of contexts',
        'triggers from pins, polarity of triggers',
        'DFSDM',
      ],
    },
    modelled: 'all',
    // Out of reset in deep power-down (RM0351 18.7.3); bits that software only sets are write-only in some SVDs. F0: CKMODE has wrong names in the SVD.
    ...(version.deepPowerDown ? { resets: { CR: 0x20000000 } } : {}),
    ...(options.version === 'f0' ? { resets: { CFGR2: 0 }, writable: { CFGR2: 0xc0000000 } } : {}),
    create: fresh,
    onReset: (c) => adc.clear(c),
    onTimer: (c, timer) => adc.onTimer(c, timer),
    onWire: (c, wire, value) => adc.onWire(c, wire, value),
    onClock: (c) => adc.sync(c),
    live: ['ISR', 'CR', 'DR', ...JDR.filter((name) => layout.has(name))],
    acting: ['DR'],
    actsNot: (c, r) => r !== adc.dr || adc.quietData(c),
    holds: (c, r) => adc.holds(c, r),
    published: (c) => ({ idleBy: adc.idleBy(c), unclocked: adc.unclocked(c) }),
    quietSource: (c) => adc.quietSource(c),
    passQuiet: (c, counts) => adc.passQuiet(c, counts),
    read: (c, r, value) => adc.read(c, r, value),
    peek: (c, r) => adc.peek(c, r),
    write: (c, r, merged, raw, lanes) => adc.write(c, r, merged, raw, lanes),
    wrote: (c, r, value) => adc.wrote(c, r, value),
  };
};

/** The registers that two or three converters share: CSR shows the flags of a master and its slave, CCR has clock, prescaler and mode, CDR the results of both. */
export const adcCommonV2: ModelFactory<{ readonly converters: readonly string[]; readonly ccr: string }> = (
  layout,
  { converters, ccr },
): RegisterModel<DualDataState> => {
  // U5 has one converter of this kind.
  const CSR = layout.has('CSR') ? layout.reg('CSR') : null;
  const CCR = layout.reg('CCR');
  const pair = converters.slice(0, 2);
  const status = CSR ? pair.map((name) => ofBlock(name, 'status')) : [];
  const [ccrWire, asks] = [wire(ccr), lookWire(ccr)];
  const data = new DualData(layout, pair, ccr);
  const shown = [CSR, data.cdr, data.cdr2].filter((r) => r !== null);
  const look = (c: RegisterContext<DualDataState>): void => c.env.setWire(asks, c.env.wire(asks) + 1);
  return {
    wires: [...status, ...data.results],
    about: {
      source: 'RM0351 18.8, RM0399 26',
      confidence: 'documented',
      lacks: ['injected groups of both at once do not wait for each other'],
    },
    modelled: [...shown.map((r) => r.name), 'CCR'],
    create: freshDualData,
    onReset: (c) => {
      data.clear(c);
      c.env.setWire(ccrWire, c.get(CCR));
    },
    live: shown.map((r) => r.name),
    acting: shown.map((r) => r.name),
    read: (c, r, value) => {
      if (r !== CSR && r !== data.cdr && r !== data.cdr2) return value;
      look(c);
      if (r === CSR) return c.get(CSR);
      value = data.read(c, r);
      c.put(r, value);
      return value;
    },
    peek: (_c, _r, value) => value,
    onWire: (c, wire) => {
      if (data.results.includes(wire)) return data.came(c, wire);
      if (CSR)
        c.put(
          CSR,
          status.reduce((v, flags, i) => v | ((c.env.wire(flags) & 0x7ff) << (16 * i)), 0),
        );
    },
    wrote: (c, r, value) => {
      if (r !== CCR) return;
      data.clear(c);
      c.env.setWire(ccrWire, value);
    },
  };
};
