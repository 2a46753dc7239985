/**
 * ADC of STM32F2, F4, F7: regular and injected sequences with their times, scan, continuous and discontinuous mode, automatic injection, external triggers, EOC,
 * JEOC, STRT, JSTRT, OVR, analog watchdog, resolution and alignment, DMA requests, interrupts.
 *
 * Facts: registers and behaviour RM0090 13, timing 13.5 (documented): sampling + 12, 10, 8 or 6 clocks. Triggers are taken at their rising edge whatever EXTEN says.
 * Wires: `<block>.status` is driven with SR, for the common block; `adc.ccr` is read from it. DMA: `<block>.dma` is 1 while a transfer is wanted.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../emu/registers.ts';
import { ADC_DEFAULTS, convert, triggerWires, waitFor, type AdcOptions } from './adc-common.ts';

export interface AdcF4State {
  /** What is being converted; -1 = nothing. */
  regular: number;
  injected: number;
  /** Channels of this discontinuous group that are left. */
  left: number;
  injectedLeft: number;
  /** DR holds a result that has not been read. */
  unread: boolean;
  /** Continuous conversion that changes nothing until a flag is cleared or DR is read. */
  stalled: boolean;
  /** SWSTART and JSWSTART of the write that is being served. */
  commands: number;
}
type Ctx = RegisterContext<AdcF4State>;

const SR = { AWD: 1, EOC: 1 << 1, JEOC: 1 << 2, JSTRT: 1 << 3, STRT: 1 << 4, OVR: 1 << 5 };
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
const CR2 = { ADON: 1, CONT: 1 << 1, DMA: 1 << 8, DDS: 1 << 9, EOCS: 1 << 10, ALIGN: 1 << 11, JSWSTART: 1 << 22, SWSTART: 1 << 30 };
const SAMPLING = [3, 15, 28, 56, 84, 112, 144, 480] as const;
/** Channels of a group that is not discontinuous: more than there are. */
const ALL = 0xff;
const BITS = [12, 10, 8, 6] as const;

class AdcF4 {
  private readonly reg: (offset: number) => Register;
  readonly sr: Register;
  readonly cr1: Register;
  readonly cr2: Register;
  readonly dr: Register;
  private readonly o: AdcOptions;
  private readonly wire: string;

  constructor(layout: Layout, options: AdcOptions) {
    this.o = options;
    this.wire = options.block.toLowerCase();
    this.reg = (offset) => layout.at(offset)!;
    [this.sr, this.cr1, this.cr2, this.dr] = [layout.reg('SR'), layout.reg('CR1'), layout.reg('CR2'), layout.reg('DR')];
  }
  private bits(c: Ctx): number {
    return BITS[(c.get(this.cr1) >>> 24) & 3]!;
  }
  /** Channel of place `i` (from 0) of the regular sequence: SQR3, SQR2, SQR1. */
  private channel(c: Ctx, i: number): number {
    return (c.get(this.reg(0x34 - 4 * Math.floor(i / 6))) >>> (5 * (i % 6))) & 31;
  }
  private length(c: Ctx): number {
    return c.get(this.cr1) & CR1.SCAN ? ((c.get(this.reg(0x2c)) >>> 20) & 15) + 1 : 1;
  }
  /** Fewer than four: the last ones of JSQR. */
  private injectedLength(c: Ctx): number {
    return c.get(this.cr1) & CR1.SCAN ? ((c.get(this.reg(0x38)) >>> 20) & 3) + 1 : 1;
  }
  private injectedChannel(c: Ctx, i: number): number {
    const jl = (c.get(this.reg(0x38)) >>> 20) & 3;
    return (c.get(this.reg(0x38)) >>> (5 * (3 - jl + i))) & 31;
  }
  private clocks(c: Ctx, channel: number): number {
    const smp = channel < 10 ? c.get(this.reg(0x10)) >>> (3 * channel) : c.get(this.reg(0x0c)) >>> (3 * (channel - 10));
    const divider = 2 * (((c.env.wire('adc.ccr') >>> 16) & 3) + 1);
    return (SAMPLING[smp & 7]! + this.bits(c)) * divider;
  }
  private arm(c: Ctx, channel: number): void {
    c.s.stalled = false;
    c.env.arm('conversion', c.env.clockTimeOf('pclk2', c.env.clockCount('pclk2') + this.clocks(c, channel)));
  }
  private flag(c: Ctx, bits: number): void {
    c.put(this.sr, c.get(this.sr) | bits);
  }

  private on(c: Ctx): boolean {
    return (c.get(this.cr2) & CR2.ADON) !== 0;
  }
  private startRegular(c: Ctx): void {
    if (!this.on(c)) return;
    const { s } = c;
    if (s.regular < 0) s.regular = 0;
    s.left = c.get(this.cr1) & CR1.DISCEN ? ((c.get(this.cr1) >>> 13) & 7) + 1 : ALL;
    this.flag(c, SR.STRT);
    if (s.injected < 0) this.arm(c, this.channel(c, s.regular));
    this.sync(c);
  }
  /** Injected conversions go first: a regular one that is under way begins anew behind them. */
  private startInjected(c: Ctx): void {
    if (!this.on(c)) return;
    const { s } = c;
    if (s.injected < 0) s.injected = 0;
    s.injectedLeft = c.get(this.cr1) & CR1.JDISCEN ? 1 : ALL;
    this.flag(c, SR.JSTRT);
    this.arm(c, this.injectedChannel(c, s.injected));
    this.sync(c);
  }

  conversionDone(c: Ctx): void {
    if (c.s.injected >= 0 && c.s.injectedLeft > 0) this.injectedDone(c);
    else this.regularDone(c);
    this.sync(c);
  }
  private injectedDone(c: Ctx): void {
    const { s } = c;
    const channel = this.injectedChannel(c, s.injected);
    const length = this.injectedLength(c);
    const offset = c.get(this.reg(0x14 + 4 * s.injected)) & 0xfff;
    // JOFRx is taken off; the result has a sign.
    c.put(this.reg(0x3c + 4 * s.injected), this.aligned(c, convert(c, this.o, channel, this.bits(c)) - offset) & 0xffff);
    this.watch(c, channel, CR1.JAWDEN);
    s.injected++;
    s.injectedLeft--;
    if (s.injected >= length) {
      s.injected = -1;
      this.flag(c, SR.JEOC);
    } else if (s.injectedLeft > 0) return this.arm(c, this.injectedChannel(c, s.injected));
    if (s.regular >= 0 && s.left > 0) this.arm(c, this.channel(c, s.regular));
  }
  private regularDone(c: Ctx): void {
    const { s } = c;
    if (s.regular < 0) return;
    const [cr1, cr2] = [c.get(this.cr1), c.get(this.cr2)];
    const channel = this.channel(c, s.regular);
    const each = (cr2 & CR2.EOCS) !== 0;
    // Lost data is found out where each result is asked for.
    if (s.unread && (each || (cr2 & CR2.DMA && cr2 & CR2.DDS))) this.flag(c, SR.OVR);
    if (!(c.get(this.sr) & SR.OVR)) {
      c.put(this.dr, this.aligned(c, convert(c, this.o, channel, this.bits(c))) & 0xffff);
      s.unread = true;
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
    } else if (s.left > 0) this.arm(c, this.channel(c, s.regular));
  }
  /** Continuous mode. Where the next results change nothing that can be seen, none are computed. */
  private again(c: Ctx): void {
    const { s } = c;
    s.regular = 0;
    s.left = ALL;
    const flags = c.get(this.sr);
    const dma = (c.get(this.cr2) & CR2.DMA) !== 0 && !(flags & SR.OVR);
    const each = (c.get(this.cr2) & CR2.EOCS) !== 0;
    s.stalled = !dma && s.unread && (flags & SR.EOC) !== 0 && (!each || (flags & SR.OVR) !== 0) && s.injected < 0;
    if (!s.stalled && s.injected < 0) this.arm(c, this.channel(c, 0));
  }
  private aligned(c: Ctx, code: number): number {
    return c.get(this.cr2) & CR2.ALIGN ? code << (this.bits(c) === 6 ? 2 : 16 - this.bits(c)) : code;
  }
  private watch(c: Ctx, channel: number, enable: number): void {
    const cr1 = c.get(this.cr1);
    if (!(cr1 & enable) || (cr1 & CR1.AWDSGL && (cr1 & 31) !== channel)) return;
    const code = convert(c, this.o, channel, 12);
    if (code > (c.get(this.reg(0x24)) & 0xfff) || code < (c.get(this.reg(0x28)) & 0xfff)) this.flag(c, SR.AWD);
  }

  sync(c: Ctx): void {
    const [sr, cr1, cr2] = [c.get(this.sr), c.get(this.cr1), c.get(this.cr2)];
    const wanted =
      (cr1 & CR1.EOCIE ? SR.EOC : 0) | (cr1 & CR1.AWDIE ? SR.AWD : 0) | (cr1 & CR1.JEOCIE ? SR.JEOC : 0) | (cr1 & CR1.OVRIE ? SR.OVR : 0);
    c.env.irq(0, (sr & wanted) !== 0);
    c.env.setWire(`${this.wire}.dma`, cr2 & CR2.DMA && c.s.unread && !(sr & SR.OVR) ? 1 : 0);
    c.env.setWire(`${this.wire}.status`, sr);
  }
  private triggers(c: Ctx): [regular: string | undefined, injected: string | undefined] {
    const cr2 = c.get(this.cr2);
    const on = this.on(c);
    return [
      on && (cr2 >>> 28) & 3 ? this.o.triggers[(cr2 >>> 24) & 15] : undefined,
      on && (cr2 >>> 20) & 3 ? this.o.injectedTriggers[(cr2 >>> 16) & 15] : undefined,
    ];
  }
  onWire(c: Ctx, wire: string): void {
    const [regular, injected] = this.triggers(c);
    if (wire === injected) this.startInjected(c);
    if (wire === regular) this.startRegular(c);
  }
  clear(c: Ctx): void {
    Object.assign(c.s, fresh());
    c.env.disarm('conversion');
    waitFor(c, this.o, []);
    this.sync(c);
  }
  private resume(c: Ctx): void {
    if (c.s.stalled) this.arm(c, this.channel(c, 0));
  }

  read(c: Ctx, r: Register, value: number): number {
    if (r !== this.dr) return value;
    c.s.unread = false;
    // With EOC raised at the end of the sequence too, reading DR clears it.
    c.put(this.sr, c.get(this.sr) & ~SR.EOC);
    this.resume(c);
    this.sync(c);
    return value;
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.sr) return c.get(r) & raw;
    if (r !== this.cr2) return;
    c.s.commands = raw & (CR2.SWSTART | CR2.JSWSTART);
    return merged & ~(CR2.SWSTART | CR2.JSWSTART);
  }
  wrote(c: Ctx, r: Register, raw: number, old: number): void {
    if (r === this.cr2) {
      if (old & CR2.ADON && !(raw & CR2.ADON)) {
        Object.assign(c.s, fresh());
        c.env.disarm('conversion');
      }
      waitFor(c, this.o, this.triggers(c));
    }
    if (r === this.sr) this.resume(c);
    this.sync(c);
    // SWSTART and JSWSTART act at once and read 0 (on silicon once the conversion has begun).
    const { commands } = c.s;
    c.s.commands = 0;
    if (commands & CR2.JSWSTART) this.startInjected(c);
    if (commands & CR2.SWSTART) this.startRegular(c);
  }
}

const fresh = (): AdcF4State => ({ regular: -1, injected: -1, left: 0, injectedLeft: 0, unread: false, stalled: false, commands: 0 });

export const adcF4: ModelFactory = (layout, given): RegisterModel<AdcF4State> => {
  const options = { ...ADC_DEFAULTS, ...(given as Partial<AdcOptions>) };
  const adc = new AdcF4(layout, options);
  return {
    timers: ['conversion'],
    wires: triggerWires(options),
    clocks: ['pclk2'],
    about: {
      source: 'RM0090 13; a channel of which nothing is said gives VDDA / 2 (assumed)',
      confidence: 'documented',
      lacks: ['dual and triple modes', 'triggers from pins, polarity of triggers', 'stabilisation time', 'temperature'],
    },
    modelled: 'all',
    create: fresh,
    onReset: (c) => adc.clear(c),
    onTimer: (c) => adc.conversionDone(c),
    onWire: (c, wire) => adc.onWire(c, wire),
    live: ['DR'],
    acting: ['DR'],
    read: (c, r, value) => adc.read(c, r, value),
    peek: (_c, _r, value) => value,
    write: (c, r, merged, raw) => adc.write(c, r, merged, raw),
    wrote: (c, r, value, old) => adc.wrote(c, r, value, old),
  };
};

/** The registers that the converters share: CSR shows their flags, CCR has the prescaler. */
export const adcCommonF4: ModelFactory = (layout, given): RegisterModel<object> => {
  const { converters } = given as unknown as { readonly converters: readonly string[] };
  const [CSR, CCR] = [layout.reg('CSR'), layout.reg('CCR')];
  const wires = converters.map((name) => `${name.toLowerCase()}.status`);
  return {
    wires,
    about: { source: 'RM0090 13.13.15 to 17', confidence: 'documented', lacks: ['CDR: dual and triple modes'] },
    modelled: ['CSR', 'CCR'],
    create: () => ({}),
    onReset: (c) => c.env.setWire('adc.ccr', c.get(CCR)),
    onWire: (c) =>
      c.put(
        CSR,
        wires.reduce((v, wire, i) => v | (c.env.wire(wire) << (8 * i)), 0),
      ),
    wrote: (c, r, value) => {
      if (r === CCR) c.env.setWire('adc.ccr', value);
    },
  };
};
