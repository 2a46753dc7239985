/** A chip in its ROM, which listens on a USART (AN3155). */
import { HeldMachine } from '../bench/session/held-machine.ts';
import { mainFlash } from '../bench/session/flash-image.ts';
import { jobInput } from '../bench/input/job.ts';
import { parseDuration } from '../bench/documents/duration.ts';
import { shown, UsageError } from '../bench/documents/usage-error.ts';
import { serialPort } from '../bench/session/uart-link.ts';
import { PS_PER_SECOND } from '../emu/time.ts';
import { HOST } from './host.ts';
import { BENCH_KEYS, libraryJob, type BenchOptions } from './options.ts';
import { WebSerial } from './web-serial.ts';

/** Options of `openRomSerial`. */
export type RomSerialOptions = Omit<BenchOptions, 'images'> & {
  /** A USART that the ROM listens on, for example `USART3`; default: its first. */
  readonly port?: string;
};
/** A chip whose ROM is reachable as a Web Serial port. */
export interface HeldSerial {
  /** Use it instead of `navigator.serial`. */
  readonly serial: WebSerial;
  /** Name of the USART. */
  readonly port: string;
  /** Emulated time since power-on, in seconds. */
  readonly seconds: number;
  /** Runs the machine for this emulated time, for example `100ms` or `2s`. */
  run(duration: string): Promise<void>;
  /** The current contents of the main flash. */
  flash(): {
    /** Address of the first byte. */
    readonly base: number;
    /** A copy of the contents. */
    readonly bytes: Uint8Array;
  };
  /** Releases the machine. */
  close(): void;
}

/** A chip whose BOOT0 is high and that no USB host is connected to: its ROM waits for the first byte (0x7F) on a USART. */
export async function openRomSerial(options: RomSerialOptions): Promise<HeldSerial> {
  if (typeof options !== 'object' || options === null) throw new UsageError(`the options are ${shown(options)}`, 'give { chip }');
  const { port: wanted, scenario, ...others } = options;
  if (wanted !== undefined && typeof wanted !== 'string') throw new UsageError(`port is ${shown(wanted)}`, "for example 'USART1'");
  const { board, host, ...rest } = scenario ?? {};
  const job = await libraryJob(
    { ...others, images: [], scenario: { ...rest, board: { ...board, boot0: 1 }, host: { ...host, cable: 'out' } } },
    BENCH_KEYS,
  );
  await HOST.prepare(job.chip);
  const held = new HeldMachine(jobInput(job));
  try {
    const port = serialPort(held.session.profile, job.chip, 'port', wanted);
    const { outcome, reason } = held.start();
    if (outcome !== 'rom-silent') throw new UsageError(`the ROM does not listen: the run ended with ${outcome} (${reason})`);
    return {
      serial: new WebSerial(held, port),
      port,
      get seconds() {
        return held.bus.now / PS_PER_SECOND;
      },
      run: async (duration) => {
        await held.bus.wait(() => false, { limit: held.bus.now + parseDuration(duration, 'run') });
      },
      flash: () => mainFlash(held.session.machine),
      close: () => held.release(),
    };
  } catch (error) {
    held.release();
    throw error;
  }
}
