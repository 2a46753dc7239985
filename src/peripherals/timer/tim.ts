/**
 * TIM: basic, general-purpose and advanced timers. Modelled: counting up, down and centre-aligned, prescaler, auto-reload and repetition with their preloads, one-pulse mode, update
 * and output-compare flags and interrupts, EGR, TRGO, DMA requests, slave modes on the triggers of other timers, capture of clocks inside the chip (tim-capture.ts).
 *
 * Facts: registers ST SVD; time base and preload rules: RM general-purpose timer chapter (documented). CEN acts one kernel clock later: RM (documented).
 *
 * Nothing polls: the state is what it was at kernel clock count `anchor` and is brought up to now on each access. A timer is armed only for an
 * interrupt that is enabled and not yet pending, a DMA request, and an event that another block waits for.
 *
 * Wires: `<block>.trgo` and `<block>.cc1` to `cc4` change with each event while their `.wanted` is not 0; `<block>.dma.up`, `.dma.cc1` … `.dma.trig` are
 * requests by events (dma-requests.ts).
 */
import { clonePlain } from '../../emu/component.ts';
import {
  RegisterContext,
  type Field,
  type Layout,
  type ModelFactory,
  type Published,
  type Register,
  type RegisterModel,
} from '../../emu/registers.ts';
import type { Ps } from '../../emu/time.ts';
import { captureState, inputCapture, type CaptureOptions, type CaptureState } from './tim-capture.ts';
import { wiresByNumber, type Wire } from '../../emu/wires.ts';
import { ofBlock, wantedOf } from '../wires.ts';

export interface TimOptions {
  readonly block: string;
  /** Name of the kernel clock. */
  readonly clock: string;
  /** Width of the counter. */
  readonly bits: 16 | 32;
  /** Index into the row's `irqs` for each kind of event. */
  readonly irqs: { readonly update: number; readonly cc: number; readonly trigger: number; readonly brk: number };
  /** Clocks inside the chip that a channel can capture. */
  readonly capture?: CaptureOptions;
  /** Wires of the internal triggers by the value of SMCR.TS. */
  readonly itr?: Readonly<Record<number, string>>;
  /** Its bit in the `.wanted` wires of what it waits for. */
  readonly listener?: number;
}
const DEFAULTS: TimOptions = { block: 'TIM', clock: 'timpclk1', bits: 16, irqs: { update: 0, cc: 0, trigger: 0, brk: 0 } };

// SR, DIER and EGR have the same events in the same bits.
const UPDATE = 1 << 0;
const COM = 1 << 5;
const TRIGGER = 1 << 6;
const BREAK = 1 << 7;
const CC = 0x1e;
const EVENTS = UPDATE | CC | COM | TRIGGER | BREAK;
const CC1IF = 1 << 1;
const CC1OF = 1 << 9;
const EVENT_UG = 1 << 16;
const EVENT_CEN = 1 << 17;
/** The reference of a channel rises while the counter goes up and down. */
const eventRise = (channel: number): number => 1 << (20 + channel);
/** SMCR.SMS. */
const [RESET_MODE, TRIGGER_MODE, EXTERNAL_CLOCK, RESET_AND_TRIGGER] = [4, 6, 7, 8];
const ECE = 1 << 14;
/** CR2.MMS. */
const [MMS_ENABLE, MMS_UPDATE, MMS_COMPARE] = [1, 2, 3];
const [OCM_PWM1, OCM_PWM2] = [6, 7];
/** CR1.CMS: compare flags are set while the counter goes down, while it goes up, both ways. */
const [CMS_EDGE, CMS_DOWN, CMS_UP] = [0, 1, 2];
const UDE = 1 << 8;
const TDE = 1 << 14;
const ccBit = (channel: number): number => 2 << channel;

interface State extends CaptureState {
  /** Counter, position in the prescaler period and repetition counter at kernel clock count `anchor`. */
  cnt: number;
  sub: number;
  rep: number;
  anchor: number;
  /** Values in use; the registers hold the preloads. */
  psc: number;
  arr: number;
  ccr: number[];
  /** The counter stands still: block clock off. */
  gated: number;
  /** Events since requests and triggers were last given out, as SR bits; UG and CEN, which alone cause a trigger, at EVENT_UG and EVENT_CEN. */
  events: number;
}
type Context = RegisterContext<State>;

function linesOf(irqs: TimOptions['irqs']): readonly { readonly line: number; readonly flags: number }[] {
  const flags = new Map<number, number>();
  const add = (line: number, bits: number): void => void flags.set(line, (flags.get(line) ?? 0) | bits);
  add(irqs.update, UPDATE);
  add(irqs.cc, CC);
  add(irqs.trigger, TRIGGER | COM);
  add(irqs.brk, BREAK);
  return [...flags].map(([line, bits]) => ({ line, flags: bits }));
}

/** An event that others may wait for, and who does. */
interface Output {
  readonly event: Wire;
  readonly wanted: Wire;
}
function outputOf(block: string, name: string): Output {
  const event = ofBlock(block, name);
  return { event, wanted: wantedOf(event) };
}

class Tim {
  private readonly o: TimOptions;
  /** Interrupt lines with the flags that raise them, in the order in which they are driven. */
  private readonly lines: readonly { readonly line: number; readonly flags: number }[];
  private readonly trgo: Output;
  private readonly outputs: readonly Output[];
  /** DMA requests: update, trigger, of each channel. */
  private readonly updateRequest: Wire;
  private readonly triggerRequest: Wire;
  private readonly requests: readonly Wire[];
  /** Internal triggers by TS, and who waits for each. */
  private readonly triggers: Readonly<Record<number, Wire>>;
  private readonly waits: readonly { readonly trigger: Wire; readonly wanted: Wire }[];
  private readonly max: number;
  readonly cr1: Register;
  private readonly cr2: Register | null;
  private readonly smcr: Register | null;
  private readonly dier: Register;
  readonly sr: Register;
  private readonly egr: Register;
  readonly cnt: Register;
  private readonly psc: Register;
  private readonly arr: Register;
  private readonly rcr: Register | null;
  private readonly cen: Field;
  private readonly udis: Field;
  private readonly urs: Field;
  private readonly opm: Field | null;
  private readonly arpe: Field;
  private readonly dir: Field | null;
  readonly cms: Field | null;
  private readonly uifremap: Field | null;
  readonly capture: ReturnType<typeof inputCapture> | null;
  readonly ccrs: readonly Register[];
  private readonly ccmrs: readonly (Register | null)[];
  /** Events that software can cause by EGR. */
  private readonly generated: number;

  constructor(layout: Layout, options: TimOptions) {
    this.o = options;
    this.lines = linesOf(options.irqs);
    this.trgo = outputOf(options.block, 'trgo');
    this.updateRequest = ofBlock(options.block, 'dma.up');
    this.triggerRequest = ofBlock(options.block, 'dma.trig');
    this.triggers = wiresByNumber(options.itr ?? {});
    this.waits = Object.values(this.triggers).map((trigger) => ({ trigger, wanted: wantedOf(trigger) }));
    this.max = 2 ** options.bits - 1;
    const field = (path: string): Field | null => (layout.hasField(path) ? layout.field(path) : null);
    const reg = (name: string): Register | null => (layout.has(name) ? layout.reg(name) : null);
    [this.cr1, this.dier, this.sr, this.egr] = [layout.reg('CR1'), layout.reg('DIER'), layout.reg('SR'), layout.reg('EGR')];
    [this.cnt, this.psc, this.arr] = [layout.reg('CNT'), layout.reg('PSC'), layout.reg('ARR')];
    [this.cr2, this.smcr, this.rcr] = [reg('CR2'), reg('SMCR'), reg('RCR')];
    [this.cen, this.udis, this.urs, this.arpe] = [
      layout.field('CR1.CEN'),
      layout.field('CR1.UDIS'),
      layout.field('CR1.URS'),
      layout.field('CR1.ARPE'),
    ];
    [this.opm, this.dir, this.cms, this.uifremap] = [field('CR1.OPM'), field('CR1.DIR'), field('CR1.CMS'), field('CR1.UIFREMAP')];
    this.capture = options.capture && layout.hasField(options.capture.remap) ? inputCapture(layout, options.capture, options.clock) : null;
    this.ccrs = [1, 2, 3, 4].filter((i) => layout.has(`CCR${i}`)).map((i) => layout.reg(`CCR${i}`));
    this.outputs = this.ccrs.map((_, i) => outputOf(options.block, `cc${i + 1}`));
    this.requests = this.ccrs.map((_, i) => ofBlock(options.block, `dma.cc${i + 1}`));
    // The register has two views, named differently by each SVD: found by offset.
    this.ccmrs = this.ccrs.map((_, i) => layout.at(0x18 + 4 * (i >> 1)) ?? null);
    this.generated = (CC | COM | TRIGGER | BREAK) & this.sr.fields.reduce((m, f) => m | (1 << f.bit), 0);
  }

  // ---- Configuration
  private ccmrByte(c: Context, i: number): number {
    const r = this.ccmrs[i];
    return r ? (c.get(r) >>> (8 * (i & 1))) & 0xff : 0;
  }
  private isOutput(c: Context, i: number): boolean {
    return (this.ccmrByte(c, i) & 3) === 0;
  }
  private isPreloaded(c: Context, i: number): boolean {
    return (this.ccmrByte(c, i) & 8) !== 0;
  }
  private down(c: Context): boolean {
    return this.dir !== null && this.dir.get(c) !== 0;
  }
  /** The counter goes to ARR and back to 0; DIR says which way it goes (RM0090 §18.3.2, documented). */
  private centred(c: Context): boolean {
    return this.cms !== null && this.cms.get(c) !== CMS_EDGE;
  }
  /** ARR = 0 blocks the counter. */
  private running(c: Context): boolean {
    return this.cen.get(c) !== 0 && !c.s.gated && c.s.arr !== 0;
  }
  /** The counter counts the edges of a trigger instead of its own clock. */
  private external(c: Context): boolean {
    if (!this.smcr) return false;
    return this.slaveMode(c) === EXTERNAL_CLOCK || (c.get(this.smcr) & ECE) !== 0;
  }
  /** SMS has a fourth bit at 16, TS two more at 20, where the version has them. */
  private slaveMode(c: Context): number {
    const smcr = this.smcr ? c.get(this.smcr) & this.smcr.writable : 0;
    return (smcr & 7) | ((smcr >>> 13) & 8);
  }
  private triggerWire(c: Context): Wire | undefined {
    if (!this.smcr || this.slaveMode(c) === 0) return undefined;
    const smcr = c.get(this.smcr);
    return this.triggers[((smcr >>> 4) & 7) | ((smcr >>> 17) & 0x18)];
  }
  private masterMode(c: Context): number {
    return this.cr2 ? (c.get(this.cr2) >>> 4) & 7 : 0;
  }
  private flag(c: Context, bits: number): void {
    c.s.events |= bits;
    c.put(this.sr, c.get(this.sr) | bits);
  }
  private ar(c: Context): number {
    return (c.get(this.arr) & this.max) >>> 0;
  }
  private ccr(c: Context, i: number): number {
    return (c.get(this.ccrs[i]!) & this.max) >>> 0;
  }
  private repetition(c: Context): number {
    return this.rcr ? c.get(this.rcr) : 0;
  }
  private loadPreloads(c: Context): void {
    c.s.psc = c.get(this.psc);
    c.s.arr = this.ar(c);
    this.ccrs.forEach((_, i) => (c.s.ccr[i] = this.ccr(c, i)));
  }
  /** Registers without preload act at once. */
  followRegisters(c: Context): void {
    if (!this.arpe.get(c)) c.s.arr = this.ar(c);
    this.ccrs.forEach((_, i) => {
      if (!this.isPreloaded(c, i)) c.s.ccr[i] = this.ccr(c, i);
    });
  }
  private steady(c: Context): boolean {
    if (this.udis.get(c)) return true;
    if (this.opm?.get(c)) return false;
    return c.s.psc === c.get(this.psc) && c.s.arr === this.ar(c) && this.ccrs.every((_, i) => c.s.ccr[i] === this.ccr(c, i));
  }

  // ---- Counting
  /** Sets the flags of the channels whose compare value lies in [from, to], which the counter passes on its way. */
  private compare(c: Context, from: number, to: number, down = this.down(c)): void {
    const centred = this.centred(c);
    let bits = 0;
    for (let i = 0; i < this.ccrs.length; i++) {
      const value = c.s.ccr[i]!;
      if (value < from || value > to || !this.isOutput(c, i)) continue;
      if (this.comparesOn(c, down)) bits |= ccBit(i);
      // active below the compare value, or above it
      if (centred && this.outputMode(c, i) === (down ? OCM_PWM1 : OCM_PWM2)) c.s.events |= eventRise(i);
    }
    if (bits) this.flag(c, bits);
  }
  private comparesOn(c: Context, down: boolean): boolean {
    const cms = this.cms?.get(c) ?? CMS_EDGE;
    return cms === CMS_DOWN ? down : cms === CMS_UP ? !down : true;
  }
  /** Counter steps until the counter wraps, or turns. */
  private stepsToWrap(c: Context): number {
    const { cnt, arr } = c.s;
    if (this.centred(c)) return Math.max(1, this.down(c) ? cnt : arr - cnt);
    if (this.down(c)) return cnt + 1;
    return cnt <= arr ? arr - cnt + 1 : this.max - cnt + 1;
  }
  private updateEvent(c: Context): void {
    if (this.udis.get(c)) return;
    if (c.s.rep > 0) {
      c.s.rep--;
      return;
    }
    c.s.rep = this.repetition(c);
    this.loadPreloads(c);
    this.flag(c, UPDATE);
    if (this.opm?.get(c)) this.cen.set(c, 0);
  }
  /** ARR belongs to the way down, 0 to the way up. */
  private turn(c: Context): void {
    const { s } = c;
    if (this.down(c)) {
      this.compare(c, 1, s.cnt - 1);
      this.dir!.set(c, 0);
      this.updateEvent(c);
      s.cnt = 0;
    } else {
      this.compare(c, s.cnt + 1, s.arr - 1);
      this.dir!.set(c, 1);
      this.updateEvent(c);
      s.cnt = s.arr; // already the new one
    }
    this.compare(c, s.cnt, s.cnt);
  }
  private wrap(c: Context): void {
    const { s } = c;
    if (this.centred(c)) return this.turn(c);
    if (this.down(c)) {
      if (s.cnt > 0) this.compare(c, 0, s.cnt - 1);
      this.updateEvent(c);
      s.cnt = s.arr; // already the new one
      this.compare(c, s.cnt, s.cnt);
      return;
    }
    const overflow = s.cnt <= s.arr;
    this.compare(c, s.cnt + 1, this.max); // beyond ARR: flagged at the overflow
    s.cnt = 0;
    if (overflow) this.updateEvent(c);
    this.compare(c, 0, 0);
  }
  /** Whole periods at once, when each is like the last; returns the clocks left. */
  private skipPeriods(c: Context, ticks: number): number {
    const { s } = c;
    const centred = this.centred(c);
    const period = (centred ? 2 * s.arr : s.arr + 1) * (s.psc + 1);
    const periods = Math.floor(ticks / period);
    if (periods === 0 || !this.steady(c)) return ticks;
    if (centred) {
      this.compare(c, 0, s.arr - 1, false);
      this.compare(c, 1, s.arr, true);
    } else this.compare(c, 0, this.down(c) ? s.arr : this.max);
    if (!this.udis.get(c)) {
      const every = this.repetition(c) + 1;
      const wraps = centred ? 2 * periods : periods;
      if (wraps > s.rep) {
        s.rep = every - 1 - ((wraps - s.rep - 1) % every);
        this.flag(c, UPDATE);
      } else s.rep -= wraps;
    }
    return ticks - periods * period;
  }
  /** Counts so many clocks of the prescaler. */
  private countTicks(c: Context, ticks: number): void {
    const { s } = c;
    while (this.running(c)) {
      const toWrap = this.stepsToWrap(c) * (s.psc + 1) - s.sub;
      if (ticks < toWrap) {
        const total = s.sub + ticks;
        const steps = Math.floor(total / (s.psc + 1));
        s.sub = total - steps * (s.psc + 1);
        if (steps === 0) return;
        if (this.down(c)) this.compare(c, s.cnt - steps, s.cnt - 1);
        else this.compare(c, s.cnt + 1, s.cnt + steps);
        s.cnt += this.down(c) ? -steps : steps;
        return;
      }
      ticks -= toWrap;
      s.sub = 0;
      this.wrap(c);
      if (this.running(c)) ticks = this.skipPeriods(c, ticks);
    }
  }
  /** Brings the counter up to now. */
  private count(c: Context): void {
    const { s } = c;
    const now = c.env.clockCount(this.o.clock);
    const ticks = now - s.anchor;
    if (ticks <= 0) return;
    s.anchor = now;
    if (!this.external(c)) this.countTicks(c, ticks);
  }
  /** Takes the counter's value at the newest edge that has come; the counter counts up. */
  private captureEdge(c: Context): void {
    const edge = this.capture?.edge(c);
    if (!edge) return;
    const { s } = c;
    const period = (s.arr + 1) * (s.psc + 1);
    const position = s.cnt * (s.psc + 1) + s.sub - (this.running(c) ? edge.ago : 0);
    const at = Math.floor((((position % period) + period) % period) / (s.psc + 1));
    const { index } = this.capture!;
    const over = edge.several || (c.get(this.sr) & ccBit(index)) !== 0;
    c.put(this.ccrs[index]!, at);
    this.flag(c, (CC1IF | (over ? CC1OF : 0)) << index);
  }
  /** Brings the state up to now. */
  advance(c: Context): void {
    this.count(c);
    this.captureEdge(c);
  }

  // ---- What leaves the timer
  private driveIrqs(c: Context): void {
    const pending = c.get(this.sr) & c.get(this.dier) & EVENTS;
    for (let i = 0; i < this.lines.length; i++) c.env.irq(this.lines[i]!.line, (pending & this.lines[i]!.flags) !== 0);
  }
  private pulse(c: Context, wire: Wire): void {
    c.env.setWire(wire, Math.max(2, c.env.wire(wire) + 1));
  }
  private isWanted(c: Context, output: Output): boolean {
    return c.env.wire(output.wanted) !== 0;
  }
  private outputMode(c: Context, i: number): number {
    return (this.ccmrByte(c, i) >>> 4) & 7;
  }
  /** Event at which the reference of channel `i` rises: in PWM mode 1 the update, else the match; centre-aligned, the match on one of its ways. */
  private rise(c: Context, i: number): number {
    const mode = this.outputMode(c, i);
    if (this.centred(c) && (mode === OCM_PWM1 || mode === OCM_PWM2)) return eventRise(i);
    return mode === OCM_PWM1 ? UPDATE : ccBit(i);
  }
  /** Events that are TRGO. */
  private triggerEvents(c: Context): number {
    const mms = this.masterMode(c);
    if (mms === MMS_ENABLE) return EVENT_CEN;
    if (mms === MMS_UPDATE) return UPDATE | EVENT_UG;
    if (mms === MMS_COMPARE) return CC1IF;
    return mms === 0 ? EVENT_UG : this.rise(c, mms - 4);
  }
  /** Events that somebody waits for however their flags stand. */
  private wantedEvents(c: Context): number {
    // UDE and CCxDE stand eight places left of their events.
    let bits = (c.get(this.dier) >>> 8) & (UPDATE | CC);
    if (this.isWanted(c, this.trgo)) bits |= this.triggerEvents(c);
    for (let i = 0; i < this.ccrs.length; i++) if (this.isWanted(c, this.outputs[i]!)) bits |= this.rise(c, i);
    return bits;
  }
  private giveOut(c: Context): void {
    const { events } = c.s;
    c.s.events = 0;
    if (events === 0) return;
    const dier = c.get(this.dier);
    if (events & UPDATE && dier & UDE) this.pulse(c, this.updateRequest);
    if (events & TRIGGER && dier & TDE) this.pulse(c, this.triggerRequest);
    for (let i = 0; i < this.ccrs.length; i++) {
      if (events & ccBit(i) && (dier >>> 8) & ccBit(i)) this.pulse(c, this.requests[i]!);
      if (events & this.rise(c, i) && this.isWanted(c, this.outputs[i]!)) this.pulse(c, this.outputs[i]!.event);
    }
    if (events & this.triggerEvents(c) && this.isWanted(c, this.trgo)) this.pulse(c, this.trgo.event);
  }
  /** Arms the next moment at which an interrupt may rise or somebody waits for an event. */
  armNext(c: Context): void {
    const { s } = c;
    const enabled = c.get(this.dier) & ~c.get(this.sr) & (UPDATE | CC);
    const asked = this.wantedEvents(c);
    const wanted = enabled | (asked & (UPDATE | CC));
    if (!this.running(c) || this.external(c) || !(wanted | asked)) return c.env.disarm('next');
    let steps = Infinity;
    if (wanted & UPDATE && !this.udis.get(c)) steps = this.stepsToWrap(c);
    for (let i = 0; i < this.ccrs.length; i++) {
      if (!(wanted & ccBit(i) || asked & eventRise(i)) || !this.isOutput(c, i)) continue;
      const ahead = this.down(c) ? s.cnt - s.ccr[i]! : s.ccr[i]! - s.cnt;
      steps = Math.min(steps, ahead > 0 ? Math.min(ahead, this.stepsToWrap(c)) : this.stepsToWrap(c));
    }
    const counted = steps === Infinity ? Infinity : c.env.clockTimeOf(this.o.clock, s.anchor + steps * (s.psc + 1) - s.sub);
    c.env.arm('next', this.capture && enabled & ccBit(this.capture.index) ? Math.min(counted, this.capture.next(c)) : counted);
  }
  settle(c: Context): void {
    this.giveOut(c);
    this.driveIrqs(c);
    this.armNext(c);
  }

  // ---- Triggers from other timers
  /** All internal triggers, and which of them is waited for. */
  private waitForTrigger(c: Context): void {
    const bit = 1 << (this.o.listener ?? 31);
    const mine = this.triggerWire(c);
    for (const { trigger, wanted } of this.waits) {
      const now = c.env.wire(wanted);
      const next = trigger === mine ? now | bit : now & ~bit;
      if (next !== now) c.env.setWire(wanted, next);
    }
  }
  onWire(c: Context, wire: Wire): void {
    this.advance(c);
    // Somebody begins or ends to wait for an event of this timer.
    if (wire === this.trgo.wanted || this.outputs.some(({ wanted }) => wire === wanted)) {
      c.s.events = 0;
      return this.settle(c);
    }
    if (wire !== this.triggerWire(c)) return;
    const mode = this.slaveMode(c);
    if (mode === EXTERNAL_CLOCK) this.countTicks(c, 1);
    if (mode === RESET_MODE || mode === RESET_AND_TRIGGER) this.generate(c, UPDATE);
    if ((mode === TRIGGER_MODE || mode === RESET_AND_TRIGGER) && !this.cen.get(c)) {
      this.cen.set(c, 1);
      c.s.anchor = c.env.clockCount(this.o.clock) + 1;
      c.s.events |= EVENT_CEN;
    }
    this.flag(c, TRIGGER);
    this.settle(c);
  }

  // ---- Registers
  private generate(c: Context, bits: number): void {
    const { s } = c;
    if (bits & UPDATE) {
      s.sub = 0;
      s.events |= EVENT_UG;
      if (!this.udis.get(c)) {
        this.loadPreloads(c);
        s.rep = this.repetition(c);
        if (!this.urs.get(c)) this.flag(c, UPDATE);
      }
      if (this.centred(c)) this.dir!.set(c, 0);
      s.cnt = this.down(c) ? s.arr : 0;
    }
    this.flag(c, bits & this.generated);
  }
  private captures(r: Register): boolean {
    return this.capture !== null && r === this.ccrs[this.capture.index];
  }
  view(c: Context, r: Register, value: number): number {
    if (r !== this.cnt) return r === this.sr || r === this.cr1 || this.captures(r) ? c.get(r) : value;
    const copy = this.uifremap !== null && this.uifremap.get(c) !== 0;
    return copy ? ((c.s.cnt & 0x7fffffff) | ((c.get(this.sr) & UPDATE) << 31)) >>> 0 : c.s.cnt;
  }
  read(c: Context, r: Register, value: number): number {
    this.advance(c);
    if (this.captures(r) && this.capture!.isOpen(c)) {
      // Reading the captured value clears its flag.
      const captured = c.get(r);
      c.put(this.sr, c.get(this.sr) & ~ccBit(this.capture!.index));
      this.settle(c);
      return captured;
    }
    return this.view(c, r, value);
  }
  write(c: Context, r: Register, merged: number, raw: number, lanes: number): number {
    const before = c.get(r);
    this.advance(c);
    // What has happened goes by what was enabled then.
    this.giveOut(c);
    // The hardware may have cleared CEN or set flags since: merge again.
    const kept = (merged & lanes) | (c.get(r) & ~lanes);
    if (r === this.sr) return c.get(this.sr) & (raw | ~lanes);
    if (r === this.egr) {
      this.generate(c, raw);
      return 0;
    }
    if (r === this.cnt) {
      c.s.cnt = (((c.s.cnt & ~lanes) | (raw & lanes)) & this.max) >>> 0;
      return before;
    }
    if (r !== this.cr1) return kept;
    if (this.cen.of(kept) && !this.cen.get(c)) {
      c.s.anchor = c.env.clockCount(this.o.clock) + 1;
      c.s.events |= EVENT_CEN;
    }
    // read-only while the hardware turns it
    return this.centred(c) && this.cms!.of(kept) !== CMS_EDGE ? ((kept & ~this.dir!.mask) | (c.get(r) & this.dir!.mask)) >>> 0 : kept;
  }
  wrote(c: Context, r: Register, value: number, old: number): void {
    // A request whose enable is taken away is taken back.
    if (r === this.dier) this.withdraw(c, old & ~value);
    if (r === this.smcr) this.waitForTrigger(c);
    this.capture?.follow(c);
    this.followRegisters(c);
    this.settle(c);
  }
  private withdraw(c: Context, bits: number): void {
    if (bits & UDE) c.env.setWire(this.updateRequest, 0);
    if (bits & TDE) c.env.setWire(this.triggerRequest, 0);
    for (let i = 0; i < this.ccrs.length; i++) if ((bits >>> 8) & ccBit(i)) c.env.setWire(this.requests[i]!, 0);
  }
  fresh(): State {
    return {
      cnt: 0,
      sub: 0,
      rep: 0,
      anchor: 0,
      psc: 0,
      arr: this.max,
      ccr: this.ccrs.map(() => 0),
      gated: 0,
      events: 0,
      ...captureState(),
    };
  }
  reset(c: Context): void {
    Object.assign(c.s, this.fresh());
    c.s.anchor = c.env.clockCount(this.o.clock);
    c.s.gated = c.env.clocked() ? 0 : 1;
    this.withdraw(c, UDE | TDE | (CC << 8));
    this.waitForTrigger(c);
    this.settle(c);
  }
  /** A counter that is off reads the same, and raises no flag. */
  holds(c: Context, r: Register): Ps {
    return this.isStill(c) && !this.captures(r) ? Infinity : 0;
  }
  idleBy(c: Context): NonNullable<Published['idleBy']> | null {
    return this.isStill(c) ? { field: 'CR1.CEN', value: 0 } : null;
  }
  /** A clock that it captures raises flags without the counter. */
  private isStill(c: Context): boolean {
    return this.cen.get(c) === 0 && this.capture?.isOpen(c) !== true;
  }
  wires(): readonly Wire[] {
    return [this.trgo, ...this.outputs].map(({ wanted }) => wanted).concat([...new Set(Object.values(this.triggers))]);
  }
}

export const tim: ModelFactory<Partial<TimOptions>> = (layout, given): RegisterModel<State> => {
  const o: TimOptions = { ...DEFAULTS, ...given };
  const timer = new Tim(layout, o);
  const { capture } = timer;
  return {
    // All ones of the counter's width (RM0367, RM0481, documented). SVDs before the H5's print 0, with which the counter would stand still.
    resets: { ARR: 2 ** o.bits - 1 },
    timers: ['next'],
    wires: timer.wires(),
    clocks: [o.clock, ...(capture?.clocks ?? [])],
    about: {
      source: 'RM chapters general-purpose timers',
      confidence: 'documented',
      lacks: [
        'gated and encoder modes; triggers and external clocks from pins',
        'capture of pins',
        'output pins, PWM on pins, break',
        'TRGO2, DMA bursts',
        'dithering',
      ],
    },
    modelled: layout.registers
      .map((r) => r.name)
      .filter(
        (n) => capture?.registers.includes(n) || /^(CR1|CR2|SMCR|DIER|SR|EGR|CNT|PSC|ARR|RCR|CCR[1-4]|CCMR[12].*|CCER|BDTR)$/.test(n),
      ),
    create: () => timer.fresh(),
    onReset: (c) => timer.reset(c),
    onClock: (c) => timer.armNext(c),
    onWire: (c, wire) => timer.onWire(c, wire),
    onGate(c, on) {
      timer.advance(c);
      c.s.gated = on ? 0 : 1;
      timer.settle(c);
    },
    onTimer(c) {
      timer.advance(c);
      timer.settle(c);
    },
    // Reading a captured value clears its flag.
    holds: (c, r) => timer.holds(c, r),
    published: (c) => ({ idleBy: timer.idleBy(c) }),
    acting: capture ? [timer.ccrs[capture.index]!.name] : [],
    read: (c, r, value) => timer.read(c, r, value),
    peek(c, r, value) {
      const scratch = new RegisterContext<State>(clonePlain(c.s), c.regs.slice(), c.env, null);
      timer.advance(scratch);
      return timer.view(scratch, r, value);
    },
    write: (c, r, merged, raw, lanes) => timer.write(c, r, merged, raw, lanes),
    wrote: (c, r, value, old) => timer.wrote(c, r, value, old),
  };
};
