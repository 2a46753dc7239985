/**
 * `bootbench/usb`: the USB device of emulated firmware as WebUSB shows it. Firmware runs until its device is on the bus; then virtual time goes on
 * while a transfer is waited for.
 *
 *     const held = await openUsb({ chip: 'stm32l476rg', images: [{ path: 'fw.elf', bytes }] });
 *     const device = await held.usb.requestDevice({ filters: [] }); // a USBDevice
 * @module bootbench/usb
 */
import './browser-host.ts';
import { parseDuration } from './bench/documents/duration.ts';
import { mainFlash } from './bench/session/flash-image.ts';
import { HeldMachine } from './bench/session/held-machine.ts';
import { jobInput } from './bench/input/job.ts';
import type { Outcome } from './bench/documents/result.ts';
import { checkScenario, planAction } from './bench/input/scenario.ts';
import type { StepAction } from './bench/documents/scenario-types.ts';
import { PS_PER_SECOND } from './emu/time.ts';
import { HOST } from './library/host.ts';
import { libraryJob, type BenchOptions } from './library/options.ts';
import { WebUsb } from './usb-sim/web-usb.ts';

export type { StepAction } from './bench/documents/scenario-types.ts';
export type { BenchOptions } from './library/options.ts';
export { UsageError } from './bench/documents/usage-error.ts';
export { ImageError } from './image/errors.ts';
export { WebUsb, WebUsbDevice, WebUsbEvent } from './usb-sim/web-usb.ts';
export type * from './usb-sim/web-usb.ts';

/** Firmware whose USB device is held as WebUSB shows it. */
export interface HeldUsb {
  /** In the place of `navigator.usb`. */
  readonly usb: WebUsb;
  /** Outcome of the run up to the device. */
  readonly outcome: Outcome;
  /** Seconds of virtual time since power-on. */
  readonly seconds: number;
  /** Lets virtual time pass: `100ms`, `2s`. */
  run(duration: string): Promise<void>;
  /** Takes the cable out, or plugs it in again. */
  cable(position: 'in' | 'out'): void;
  /** A step of a scenario, at the next moment of virtual time: `{ usb: { error: { kind: 'packet', after: 3 } } }`. UsageError where it is none. */
  act(action: StepAction): Promise<void>;
  /** What the main flash holds now. */
  flash(): {
    /** Address of the first byte. */
    readonly base: number;
    /** A copy. */
    readonly bytes: Uint8Array;
  };
  /** What the host has seen and done, with times in seconds. */
  log(): {
    /** Seconds of virtual time since power-on. */
    readonly at: number;
    /** `attach`, `reset`, `setup`, `data` …: the kinds of `usb.log` in a result. */
    readonly kind: string;
    /** For a person. */
    readonly text: string;
  }[];
  /** Gives the machine up. */
  close(): void;
}

/** Runs firmware until its device is on the bus, or none comes; then holds it. */
export async function openUsb(options: BenchOptions): Promise<HeldUsb> {
  const job = await libraryJob(options);
  const { signal } = options;
  await HOST.prepare(job.chip);
  const held = new HeldMachine(jobInput(job, signal === undefined ? {} : { signal: () => signal.aborted }));
  const end = held.start();
  const usb = new WebUsb(held.bus);
  return {
    usb,
    outcome: end.outcome,
    get seconds() {
      return held.bus.now / PS_PER_SECOND;
    },
    async run(duration) {
      await held.bus.wait(() => false, { limit: held.bus.now + parseDuration(duration, 'run') });
      await usb.look();
    },
    cable: (position) => (position === 'in' ? held.usb.plug() : held.usb.unplug()),
    async act(action) {
      await checkScenario({ steps: [{ after: '0s', do: action }] }, 'act');
      const { session } = held;
      session.goOn();
      session.steps.append(planAction(action, session.input.chip, session.input.images, session.input.scenario.board.vdda));
    },
    flash: () => mainFlash(held.session.machine),
    log: () => held.usb.logEntries.map(({ at, kind, text }) => ({ at: at / PS_PER_SECOND, kind, text })),
    close() {
      usb.dispose();
      held.release();
    },
  };
}
