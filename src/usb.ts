/**
 * `bootbench/usb`: the USB device of emulated firmware as a WebUSB device. The firmware runs until its device is on the bus. After that, emulated time
 * advances only while a transfer is in progress.
 *
 *     const held = await openUsb({ chip: 'stm32l476rg', images: [{ path: 'fw.elf', bytes }] });
 *     const device = await held.usb.requestDevice({ filters: [] }); // a USBDevice
 *
 * `openDfuRom` opens the DFU device of a ROM without firmware, `openRomSerial` its USART as a Web Serial port.
 * @module bootbench/usb
 */
import './browser-host.ts';
import { parseDuration } from './bench/documents/duration.ts';
import { mainFlash } from './bench/session/flash-image.ts';
import { HeldMachine } from './bench/session/held-machine.ts';
import { jobInput } from './bench/input/job.ts';
import type { Outcome } from './bench/documents/result.ts';
import { quirksNamed, withQuirks } from './bench/input/quirks.ts';
import { checkScenario, planAction } from './bench/input/scenario.ts';
import type { StepAction } from './bench/documents/scenario-types.ts';
import { shown, UsageError } from './bench/documents/usage-error.ts';
import { PS_PER_SECOND } from './emu/time.ts';
import { HOST } from './library/host.ts';
import { BENCH_KEYS, libraryJob, type BenchOptions } from './library/options.ts';
import type { DfuQuirk } from './rom/quirks.ts';
import { WebUsb } from './usb-sim/web-usb.ts';

export type { StepAction } from './bench/documents/scenario-types.ts';
export type { BenchOptions } from './library/options.ts';
export { DFU_ROMS, type DfuRom } from './library/dfu-roms.ts';
export { openRomSerial, type HeldSerial, type RomSerialOptions } from './library/rom-serial.ts';
export {
  WebSerial,
  WebSerialPort,
  type WebSerialInputSignals,
  type WebSerialOptions,
  type WebSerialSignals,
} from './library/web-serial.ts';
export { DFU_QUIRKS, type DfuQuirk, type DfuQuirkFacts } from './rom/quirks.ts';
export { UsageError } from './bench/documents/usage-error.ts';
export { ImageError } from './image/errors.ts';
export { WebUsb, WebUsbDevice, WebUsbEvent } from './usb-sim/web-usb.ts';
export type * from './usb-sim/web-usb.ts';

/** A running machine whose USB device is available as a WebUSB device. */
export interface HeldUsb {
  /** Use it instead of `navigator.usb`. */
  readonly usb: WebUsb;
  /** Outcome of the run up to the point where the device appeared. */
  readonly outcome: Outcome;
  /** Emulated time since power-on, in seconds. */
  readonly seconds: number;
  /** Runs the machine for this emulated time, for example `100ms` or `2s`. */
  run(duration: string): Promise<void>;
  /** Unplugs the cable or plugs it in. */
  cable(position: 'in' | 'out'): void;
  /** Performs an action of a scenario step when the machine runs next: `{ usb: { error: { kind: 'packet', after: 3 } } }`. Throws a UsageError if it is not a valid action. */
  act(action: StepAction): Promise<void>;
  /** The current contents of the main flash. */
  flash(): {
    /** Address of the first byte. */
    readonly base: number;
    /** A copy of the contents. */
    readonly bytes: Uint8Array;
  };
  /** The log of the USB host, with times in seconds. */
  log(): {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** `attach`, `reset`, `setup`, `data` …: the kinds of `usb.log` in a result. */
    readonly kind: string;
    /** Text for people. */
    readonly text: string;
  }[];
  /** Releases the machine. */
  close(): void;
}

/** Options of `openUsb`. */
export interface UsbOptions extends BenchOptions {
  /** What the ROM does otherwise than the stand-in of its line, by the names of `DFU_QUIRKS`. Default none. */
  readonly quirks?: readonly DfuQuirk[];
}
/** Options of `openDfuRom`. */
export type DfuRomOptions = Omit<UsbOptions, 'images'> & {
  /** For your test's title; not used. */
  readonly name?: string;
};

/** A chip whose BOOT0 is high: the DFU device of its ROM, without firmware. Each element of `DFU_ROMS` will do. */
export async function openDfuRom(options: DfuRomOptions): Promise<HeldUsb> {
  if (typeof options !== 'object' || options === null) throw new UsageError(`the options are ${shown(options)}`, 'give { chip }');
  const { name: _, scenario, ...rest } = options;
  return openUsb({ ...rest, images: [], scenario: { ...scenario, board: { ...scenario?.board, boot0: 1 } } });
}

/** Runs firmware until its USB device is on the bus or the run ends, and returns the machine in that state. */
export async function openUsb(options: UsbOptions): Promise<HeldUsb> {
  const plain = await libraryJob(options, [...BENCH_KEYS, 'quirks']);
  const { job, port } = withQuirks(plain, quirksNamed('quirks', options.quirks));
  const { signal } = options;
  await HOST.prepare(job.chip);
  const held = new HeldMachine(jobInput(job, signal === undefined ? {} : { signal: () => signal.aborted }));
  held.usb.useQuirks(port);
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
    cable(position) {
      if (position === 'in') held.usb.plug();
      else if (position === 'out') held.usb.unplug();
      else throw new UsageError(`cable: ${shown(position)} is not known`, 'in or out');
    },
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
