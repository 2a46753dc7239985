/**
 * The pins of D- and D+ where they are a port's alternate function: the transceiver has them only while GPIO gives them to it. On other dies the USB takes them when
 * its transceiver is on (F0, F1, F3 but xB and xC, G0, G4, H5, L0, L1, C0, H72x).
 * Source: the pins' alternate functions in ST's data sheets and in STM32_open_pin_data (documented); that nothing comes through without them: inferred.
 */
import type { Env } from '../../emu/component.ts';
import type { Wire } from '../../emu/wires.ts';
import { alternateOf } from '../wires.ts';

export interface UsbPinsOptions {
  readonly dm: string;
  readonly dp: string;
  /** Number of the alternate function. */
  readonly af: number;
}
export class UsbPins {
  readonly wires: readonly Wire[];
  private readonly selected: number;
  private readonly names: readonly string[];

  /** Left out: the USB takes its pins by itself. */
  constructor(options: UsbPinsOptions | undefined) {
    this.names = options === undefined ? [] : [options.dm, options.dp];
    this.wires = this.names.map(alternateOf);
    this.selected = (options?.af ?? 0) + 1;
  }
  /** Both are led to the transceiver: with one of them alone there is no bus. */
  routed(env: Env): boolean {
    for (const wire of this.wires) if (env.wire(wire) !== this.selected) return false;
    return true;
  }
  /** Those that are something else, for a sentence. */
  missing(env: Env): string {
    const missing = this.names.filter((_, i) => env.wire(this.wires[i]!) !== this.selected);
    return `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not in alternate function ${this.selected - 1}`;
  }
}
