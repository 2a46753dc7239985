/**
 * What the versions of the ADC share: the voltage at a channel, conversion into a code, and triggers from other blocks.
 *
 * Wires, for channel 5 of ADC1: `analog.ADC1.5` is the voltage in millivolts + 1; 0 = nothing said, which is half of VDDA (assumed: noise on silicon).
 * Conversions are computed where someone looks (`ConversionTimes`): a timer is armed only for an end that raises an interrupt or a DMA request. So inputs are kept in
 * the state: what ended before a voltage changed had the old one. The common block asks for the flags of its converters by the wire `lookWire`.
 *
 * A trigger is a wire whose value changes with each event (`tim3.trgo`); who waits for it sets its bit in `<wire>.wanted`, so that others need not run for nothing.
 */
import type { RegisterContext } from '../../emu/registers.ts';
import { mulDivCeil, mulDivFloor, PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import { wire, wiresByNumber, type Wire } from '../../emu/wires.ts';
import { ofBlock, wantedOf } from '../wires.ts';

export interface AdcOptions {
  readonly block: string;
  /** Bit of this converter in the `.wanted` wires, and its place in multi-converter modes. */
  readonly index: number;
  /** Wire of each trigger by the value of EXTSEL, and by JEXTSEL. */
  readonly triggers: Readonly<Record<number, string>>;
  readonly injectedTriggers: Readonly<Record<number, string>>;
  /** Channels inside the chip, in millivolts. */
  readonly internal: Readonly<Record<number, number>>;
}
/** What a row may leave out. */
export type WithDefaults<O extends AdcOptions> = Omit<O, keyof AdcOptions> & Partial<AdcOptions>;
export const ADC_DEFAULTS: AdcOptions = { block: 'ADC1', index: 0, triggers: {}, injectedTriggers: {}, internal: {} };

/** State of conversions that are computed late. */
export interface Conversions {
  /** Count of `clock` at which the conversion that is under way ends; '' = the oscillator of the ADC itself. */
  end: number;
  clock: string;
  /** Wires of the inputs, by channel. */
  inputs: number[];
}
export const freshConversions = (): Conversions => ({ end: 0, clock: '', inputs: [] });

const CHANNELS = 32;
/** Wire of each channel's voltage. */
export const analogWires = (o: AdcOptions): readonly Wire[] => Array.from({ length: CHANNELS }, (_, i) => wire(`analog.${o.block}.${i}`));
/** Wire that the common block `name` (of the wire of its CCR) drives when it wants to know the flags of its converters. */
export const lookWire = (ccr: string): Wire => wire(`${ccr}.look`);

/** Counts of a converter's clock: of one of the chip's, or of the ADC's own oscillator while that of the chip stands. */
export class ConversionTimes {
  private readonly ownHz: number;
  constructor(ownHz: number | undefined) {
    this.ownHz = ownHz ?? 1;
  }
  count(c: RegisterContext<Conversions>, clock: string): number {
    return clock === '' ? mulDivFloor(c.env.now(), this.ownHz, PS_PER_SECOND) : c.env.clockCount(clock);
  }
  /** Edges that a time takes, rounded up. */
  countsOf(c: RegisterContext<Conversions>, clock: string, ps: Ps): number {
    const { num, den } = clock === '' ? { num: this.ownHz, den: 1 } : (c.env.clockRate(clock) ?? { num: 0, den: 1 });
    return mulDivCeil(ps, num, den * PS_PER_SECOND);
  }
  timeOf(c: RegisterContext<Conversions>, clock: string, count: number): Ps {
    return clock === '' ? mulDivCeil(count, PS_PER_SECOND, this.ownHz) : c.env.clockTimeOf(clock, count);
  }
}

/** Code that a channel converts to. */
export function convert(c: RegisterContext<Conversions>, o: AdcOptions, channel: number, bits: number): number {
  const full = c.env.parameter('vdda.volts') ?? 3.3;
  const given = c.s.inputs[channel] ?? 0;
  const millivolts = given > 0 ? given - 1 : (o.internal[channel] ?? full * 500);
  const code = Math.round((millivolts / (full * 1000)) * (2 ** bits - 1));
  return Math.max(0, Math.min(2 ** bits - 1, code));
}

/** Wires of one converter: its DMA request, what it shows to the common block (flags, data, a result that has come), what it follows. */
export interface ConverterWires extends Readonly<Record<'dma' | 'status' | 'data' | 'result', Wire>> {
  readonly inputs: readonly Wire[];
  readonly triggers: Readonly<Record<'regular' | 'injected', Readonly<Record<number, Wire>>>>;
}
export const converterWires = (o: AdcOptions): ConverterWires => ({
  dma: ofBlock(o.block, 'dma'),
  status: ofBlock(o.block, 'status'),
  data: ofBlock(o.block, 'data'),
  result: ofBlock(o.block, 'result'),
  inputs: analogWires(o),
  triggers: { regular: wiresByNumber(o.triggers), injected: wiresByNumber(o.injectedTriggers) },
});
export const triggerWires = (o: AdcOptions): readonly Wire[] =>
  [...new Set([...Object.values(o.triggers), ...Object.values(o.injectedTriggers)])].map(wire);
/** Triggers with the wire that says who waits for each, made once for a block. */
const waits = new WeakMap<AdcOptions, readonly { readonly trigger: Wire; readonly wanted: Wire }[]>();
function waitsOf(o: AdcOptions): readonly { readonly trigger: Wire; readonly wanted: Wire }[] {
  let list = waits.get(o);
  if (!list) waits.set(o, (list = triggerWires(o).map((trigger) => ({ trigger, wanted: wantedOf(trigger) }))));
  return list;
}

/** Says which triggers are waited for; others are no longer. */
export function waitFor(c: RegisterContext<object>, o: AdcOptions, wanted: readonly (Wire | undefined)[]): void {
  const bit = 1 << o.index;
  const list = waitsOf(o);
  for (let i = 0; i < list.length; i++) {
    const { trigger, wanted: waiting } = list[i]!;
    const now = c.env.wire(waiting);
    const next = wanted.includes(trigger) ? now | bit : now & ~bit;
    if (next !== now) c.env.setWire(waiting, next);
  }
}
