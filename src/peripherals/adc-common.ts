/**
 * What the versions of the ADC share: the voltage at a channel, conversion into a code, and triggers from other blocks.
 *
 * Wires, for channel 5 of ADC1: `analog.ADC1.5` is the voltage in millivolts + 1; 0 = nothing said, which is half of VDDA (assumed: noise on silicon).
 * A trigger is a wire whose value changes with each event (`tim3.trgo`); who waits for it sets its bit in `<wire>.wanted`, so that others need not run for nothing.
 */
import type { RegisterContext } from '../emu/registers.ts';

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
export const ADC_DEFAULTS: AdcOptions = { block: 'ADC1', index: 0, triggers: {}, injectedTriggers: {}, internal: {} };

/** Code that a channel converts to. */
export function convert(c: RegisterContext<object>, o: AdcOptions, channel: number, bits: number): number {
  const full = c.env.parameter('vdda.volts') ?? 3.3;
  const given = c.env.wire(`analog.${o.block}.${channel}`);
  const millivolts = given > 0 ? given - 1 : (o.internal[channel] ?? full * 500);
  const code = Math.round((millivolts / (full * 1000)) * (2 ** bits - 1));
  return Math.max(0, Math.min(2 ** bits - 1, code));
}

export const triggerWires = (o: AdcOptions): readonly string[] => [
  ...new Set([...Object.values(o.triggers), ...Object.values(o.injectedTriggers)]),
];

/** Says which triggers are waited for; others are no longer. */
export function waitFor(c: RegisterContext<object>, o: AdcOptions, wanted: readonly (string | undefined)[]): void {
  const bit = 1 << o.index;
  for (const wire of triggerWires(o)) {
    const name = `${wire}.wanted`;
    const now = c.env.wire(name);
    const next = wanted.includes(wire) ? now | bit : now & ~bit;
    if (next !== now) c.env.setWire(name, next);
  }
}
