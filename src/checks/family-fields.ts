/** What a row of families.ts says: see there. */
import type { Confidence } from '../emu/confidence.ts';

export interface ClockSource {
  readonly name: string;
  readonly on: string;
}

export interface FamilyFields {
  /** Names as they stand in `ChipDescription.family`. */
  readonly family: string;
  /** `ChipDescription.line` that the row is for; left out = all of the family. */
  readonly line?: string;
  /** ROM that the row is for, where the parts of a line have several. */
  readonly rom?: string;
  /** Documents that this row's statements about the ROM rest on. */
  readonly document: string;
  readonly hsi48: { readonly on: string; readonly ready: string } | null;
  /** The bit by which software declares the USB supply valid. */
  readonly usbSupply: { readonly bit: string; readonly code: string } | null;
  /** Enable bits of caches that belong to the chip; a core's own are read from CCR. */
  readonly icache: { readonly enable: string; readonly code: string } | null;
  readonly dcache: { readonly enable: string; readonly code: string } | null;
  readonly sysclk: {
    readonly oscillator: string;
    readonly select: string;
    readonly status: string;
    readonly sources: readonly string[];
    readonly afterReset: number;
    readonly code: string;
  };
  readonly plls: readonly ClockSource[];
  readonly prescalers: readonly string[];
  readonly flashLatency: string;
  /** Voltage range in force; names by value, as in the chip's latency table. */
  readonly voltage: {
    readonly field: string;
    readonly ranges: readonly string[];
    /** A bit that makes the highest range one more. */
    readonly overdrive?: { readonly field: string; readonly of: string; readonly gives: string };
  } | null;
  /** Low-power run, where the regulator feeds a slow clock only: the bit that asks for it, and how to leave. */
  readonly lowPowerRun?: { readonly field: string; readonly code: string };
  /** Where software asks for a range. */
  readonly voltageControl: { readonly field: string; readonly highest: number; readonly code: string } | null;
  /** Registers that hold nothing but kernel clock selections. */
  readonly kernelClocks: readonly string[];
  /** Which crystals USB in the ROM can do with: HSE of these megahertz, or LSE; null = it needs none. */
  readonly hseForUsb: {
    readonly crystals: {
      readonly mhz: readonly number[];
      readonly orLse: boolean;
      /** Supported values that the ROM takes for others, because it measures with a wrong oscillator. */
      readonly mistaken?: { readonly pairs: Readonly<Record<number, number>>; readonly why: string; readonly confidence: Confidence };
    } | null;
    readonly source: string;
    readonly confidence: Confidence;
  };
  /** Set where the ROM has no USB: the interfaces that it has instead. */
  readonly romWithoutUsb?: { readonly instead: string };
  /** Clock recovery: fields that decide how HSI48 is trimmed, with their reset values (the SVD's is wrong for TRIM). */
  readonly clockRecovery: readonly { readonly path: string; readonly reset: number }[];
  /**
   * The device that the ROM uses. `pullUp` is null where the pull-up of D+ is on the board; `released`: its value with which the device has left the bus, 0 if left out.
   * null: the ROM has no USB.
   */
  readonly usb: { readonly enable: string; readonly pullUp: string | null; readonly released?: number; readonly block: string } | null;
  /** EN bit of a DMA channel; `#` is replaced by 0…15. */
  readonly dmaChannels: readonly string[];
  readonly exti: { readonly mask: readonly string[]; readonly pending: readonly string[] };
  /** Flag that shows a running IWDG; null where the hardware shows none. */
  readonly iwdgRunning: string | null;
  readonly wwdg: { readonly running: string; readonly clock: string };
  /** What address 0 shows; null where nothing can be mapped there. */
  readonly remap: { readonly field: string; readonly systemMemory: number; readonly code: string } | null;
  readonly trustZone: { readonly field: string; readonly off: number; readonly on: number } | null;
  /** Life-cycle or read-out protection: values that leave the ROM usable. */
  readonly protection: {
    readonly field: string;
    readonly open: readonly number[];
    readonly names: Readonly<Record<number, string>>;
    readonly source: string;
  } | null;
  /** The option bit at whose value `asks` the ROM looks at the banks' first words before it stays (dual-bank boot), and code that takes it back; null: no such ROM. */
  readonly bankCheck: { readonly field: string; readonly asks: 0 | 1; readonly code: string } | null;
  /** Code that erases the application's first page, where nothing else keeps the ROM from starting it. */
  readonly eraseFirstPage?: readonly string[];
  /** The boot decision tests whether the flash is empty. */
  readonly emptyCheck: boolean;
  /** The ROM tests it too, and goes back to a flash that is not: where BOOT0 is a bit instead of the pin, it stays. */
  readonly returnsToFlash?: {
    /** null: the erased first word alone counts. */
    readonly bootSelect: string | null;
    /** The BOOT0 pin where it is a port pin, by package: the first one that the package has. */
    readonly pins: readonly string[];
    readonly source: string;
  };
}
