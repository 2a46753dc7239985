/** The held bus of a bench whose firmware is a driver of the tests. */
import { HeldBus } from '../../src/usb-sim/held-bus.ts';
import type { BenchOf } from './bench.ts';
import { bench, DFU_DEVICE, MS, type Bench, type Device, type FirmwareOptions } from './firmware.ts';

export interface Held {
  readonly b: Bench;
  readonly bus: HeldBus;
}
export interface HeldOn<B> {
  readonly b: B;
  readonly bus: HeldBus;
}

/** A device that is enumerated and claimed. */
export function held(device: Device = DFU_DEVICE, options: FirmwareOptions = {}, clock?: () => number): Held {
  return heldOn(bench(device, options), clock);
}
/** The same with any driver. */
export function heldOn<B extends BenchOf<{ start(): void; irq(level: boolean): void }>>(b: B, clock?: () => number): HeldOn<B> {
  b.firmware.start();
  b.until(500 * MS);
  let stop = false;
  b.usb.onOutside = () => (stop = true);
  b.usb.claim();
  const run = (limit: number): void => {
    stop = false;
    b.until(limit, () => stop);
  };
  return { b, bus: new HeldBus({ usb: b.usb, run, ...(clock ? { clock } : {}) }) };
}
