/**
 * DAC: data holding registers, output registers, software and timer triggers, DMA requests and underrun, interrupt. The voltage goes nowhere.
 *
 * Facts: registers ST SVD; RM0351 DAC, RM0090 14, RM0440 DAC (documented). DOR follows DHR at once (silicon: after one clock of APB, three with a trigger). A channel is ready
 * 8 us behind EN (DS12288, wake-up time, the longest: recalled, assumed); in calibration CAL_FLAG says that OTRIM has reached the offset, which is ASSUMED in the middle.
 * Wires read: the triggers by TSEL; driven: `<dma>.dma.cc1`, `.cc2`, see dma-requests.ts.
 */
import type { Field, Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { US } from '../../emu/time.ts';
import { wire, wiresByNumber, type Wire } from '../../emu/wires.ts';
import { wantedOf } from '../wires.ts';

export interface DacOptions {
  /** Value of TSEL that is SWTRIG, and the wires of the others. */
  readonly software: number;
  readonly triggers: Readonly<Record<number, string>>;
  /** Name in the request tables. */
  readonly dma: string;
  /** Its bit in the `.wanted` wires of its triggers. */
  readonly listener?: number;
}
const LISTENER = 24;

interface Channel {
  readonly index: number;
  readonly en: Field;
  readonly ten: Field;
  readonly tsel: Field;
  readonly dmaen: Field;
  /** F1 sees no underrun. */
  readonly dmaudrie: Field | null;
  readonly dor: Register;
  /** G4, H5, U5. */
  readonly ready: Field | null;
  readonly calibration: { readonly en: Field; readonly flag: Field; readonly trim: Field } | null;
}
/** Middle of the five bits of OTRIM. */
const OFFSET = 16;
const READY_PS = 8 * US;
export interface DacState {
  /** Value that DOR takes next, by channel. */
  held: number[];
  /** A DMA request has been made and no new value has come. */
  asked: number[];
}
type Ctx = RegisterContext<DacState>;

class Dac {
  readonly channels: readonly Channel[];
  private readonly sr: Register | null;
  private readonly software: Register;
  private readonly o: DacOptions;
  private readonly triggers: Readonly<Record<number, Wire>>;
  private readonly waits: readonly { readonly trigger: Wire; readonly wanted: Wire }[];
  private readonly requests: readonly Wire[];

  constructor(layout: Layout, options: DacOptions) {
    this.o = options;
    this.triggers = wiresByNumber(options.triggers);
    this.waits = [...new Set(Object.values(this.triggers))].map((trigger) => ({ trigger, wanted: wantedOf(trigger) }));
    this.requests = [1, 2].map((n) => wire(`${options.dma}.dma.cc${n}`));
    this.software = layout.at(4)!;
    this.sr = layout.has('SR') ? layout.reg('SR') : null;
    this.channels = [1, 2]
      .filter((n) => layout.has(`DOR${n}`))
      .map((n) => ({
        index: n - 1,
        en: layout.field(`CR.EN${n}`),
        ten: layout.field(`CR.TEN${n}`),
        tsel: layout.field(`CR.TSEL${n}`),
        dmaen: layout.field(`CR.DMAEN${n}`),
        dmaudrie: layout.hasField(`CR.DMAUDRIE${n}`) ? layout.field(`CR.DMAUDRIE${n}`) : null,
        dor: layout.reg(`DOR${n}`),
        ready: layout.hasField(`SR.DAC${n}RDY`) ? layout.field(`SR.DAC${n}RDY`) : null,
        calibration: layout.hasField(`SR.CAL_FLAG${n}`)
          ? { en: layout.field(`CR.CEN${n}`), flag: layout.field(`SR.CAL_FLAG${n}`), trim: layout.field(`CCR.OTRIM${n}`) }
          : null,
      }));
  }
  /** Ready bits behind a change of EN, the flag of the calibration. */
  private follow(c: Ctx): void {
    for (const { index, en, ready, calibration } of this.channels) {
      calibration?.flag.set(c, calibration.en.get(c) === 1 && calibration.trim.get(c) >= OFFSET ? 1 : 0);
      const timer = `ready${index + 1}`;
      if (!ready) continue;
      if (!en.get(c)) {
        ready.set(c, 0);
        c.env.disarm(timer);
      } else if (!ready.get(c) && c.env.due(timer) === Infinity) c.env.arm(timer, c.env.now() + READY_PS);
    }
  }
  onTimer(c: Ctx, timer: string): void {
    this.channels[Number(timer.slice('ready'.length)) - 1]?.ready?.set(c, 1);
  }
  get followed(): readonly Wire[] {
    return this.waits.map(({ trigger }) => trigger);
  }
  private trigger(c: Ctx, ch: Channel): Wire | undefined {
    return ch.en.get(c) && ch.ten.get(c) ? this.triggers[ch.tsel.get(c)] : undefined;
  }
  private waitForTriggers(c: Ctx): void {
    const mine = this.channels.map((ch) => this.trigger(c, ch));
    const bit = 1 << (this.o.listener ?? LISTENER);
    for (const { trigger, wanted } of this.waits) {
      const now = c.env.wire(wanted);
      const next = mine.includes(trigger) ? now | bit : now & ~bit;
      if (next !== now) c.env.setWire(wanted, next);
    }
  }
  private convert(c: Ctx, ch: Channel): void {
    c.put(ch.dor, c.s.held[ch.index]!);
    if (!ch.dmaen.get(c) || !ch.ten.get(c)) return;
    const underrun = 1 << (13 + 16 * ch.index);
    if (c.s.asked[ch.index] && this.sr) c.put(this.sr, c.get(this.sr) | underrun);
    c.s.asked[ch.index] = 1;
    const request = this.requests[ch.index]!;
    c.env.setWire(request, Math.max(2, c.env.wire(request) + 1));
    this.interrupt(c);
  }
  interrupt(c: Ctx): void {
    const sr = this.sr ? c.get(this.sr) : 0;
    c.env.irq(
      0,
      this.channels.some((ch) => ch.dmaudrie?.get(c) === 1 && ((sr >>> (13 + 16 * ch.index)) & 1) !== 0),
    );
  }
  onWire(c: Ctx, wire: Wire): void {
    for (const ch of this.channels) if (this.trigger(c, ch) === wire) this.convert(c, ch);
  }
  private hold(c: Ctx, index: number, value: number): void {
    c.s.held[index] = value & 0xfff;
    c.s.asked[index] = 0;
    const ch = this.channels[index];
    if (ch?.en.get(c) && !ch.ten.get(c)) this.convert(c, ch);
  }
  /** The nine data registers, by offset: three of each channel, three of both; right-aligned, left-aligned, eight bits. */
  private data(c: Ctx, offset: number, value: number): void {
    const place = (offset - 8) >> 2;
    const kind = place % 3;
    const one = (v: number): number => (kind === 0 ? v : kind === 1 ? v >>> 4 : v << 4);
    if (place < 6) return this.hold(c, Math.floor(place / 3), one(value & (kind === 2 ? 0xff : 0xffff)));
    const half = kind === 2 ? 8 : 16;
    this.hold(c, 0, one(value & (2 ** half - 1)));
    this.hold(c, 1, one((value >>> half) & (2 ** half - 1)));
  }
  write(c: Ctx, r: Register, merged: number, raw: number): number | void {
    if (r === this.software) {
      for (const ch of this.channels)
        if ((raw >>> ch.index) & 1 && ch.en.get(c) && ch.ten.get(c) && ch.tsel.get(c) === this.o.software) this.convert(c, ch);
      return 0;
    }
    // Underrun flags are cleared by ones, the others are the hardware's.
    if (r === this.sr) return c.get(r) & ~(raw & 0x20002000);
    return merged;
  }
  wrote(c: Ctx, r: Register, value: number): void {
    if (r.offset >= 8 && r.offset <= 0x28) this.data(c, r.offset, value);
    if (r.offset === 0) {
      this.waitForTriggers(c);
      for (const ch of this.channels) if (!ch.dmaen.get(c)) c.s.asked[ch.index] = 0;
    }
    this.follow(c);
    this.interrupt(c);
  }
  reset(c: Ctx): void {
    for (const { index } of this.channels) c.env.disarm(`ready${index + 1}`);
    Object.assign(c.s, fresh());
    this.waitForTriggers(c);
    this.interrupt(c);
  }
}
const fresh = (): DacState => ({ held: [0, 0], asked: [0, 0] });

export const dac: ModelFactory<DacOptions> = (layout, options): RegisterModel<DacState> => {
  const block = new Dac(layout, options);
  return {
    timers: ['ready1', 'ready2'],
    wires: block.followed,
    about: {
      source: 'RM0351 DAC, RM0090 14, RM0440 DAC',
      confidence: 'documented',
      lacks: ['noise and triangle generation', 'sample and hold', 'triggers from pins', 'the voltage at the pin'],
    },
    modelled: layout.registers.filter((r) => r.offset <= 0x38).map((r) => r.name),
    create: fresh,
    onReset: (c) => block.reset(c),
    onWire: (c, wire) => block.onWire(c, wire),
    onTimer: (c, timer) => block.onTimer(c, timer),
    write: (c, r, merged, raw) => block.write(c, r, merged, raw),
    wrote: (c, r, value) => block.wrote(c, r, value),
  };
};
