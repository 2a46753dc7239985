/** The full event stream of a run as plain data, see trace.ts. */
import type { ClockTree } from '../../emu/clock-tree.ts';
import type { Ps } from '../../emu/time.ts';
import { PIN_FLOATING, PIN_IDLE_HIGH } from '../../peripherals/pins/gpio-common.ts';
import type { TappedStatus, Transfer } from '../../usb-sim/types.ts';
import type { Outcome, Place, TimelineRow } from './result.ts';

export type SignalGroup = 'clock' | 'supply' | 'core' | 'usb' | 'pin';

/** One value over time. */
export interface TraceSignal {
  /** `sysclk`, `cm33.primask`, `PA5.chip` (what the chip drives), `PA5.board` (what the board drives) … */
  readonly name: string;
  readonly group: SignalGroup;
  /** `hz`: a rate, 0 = stopped. `level`: 0, 1, 2 = driven by nobody, 3 = weakly high. `number`: as wide as `bits`. */
  readonly kind: 'hz' | 'level' | 'number';
  readonly bits: number;
  /** Picoseconds since power-on, rising; `values[i]` holds from `at[i]` on. */
  readonly at: readonly number[];
  readonly values: readonly number[];
}

/** One transfer on the bus, from its first packet to its end. */
export interface TraceTransfer {
  readonly from: Ps;
  /** null: still under way when the run ended. */
  readonly to: Ps | null;
  readonly status: TappedStatus | null;
  readonly interrupt: boolean;
  /** Who asked: `enum`, `dfu`, `cdc` …; a client outside is `outside`, or the driver whose interface it asks. */
  readonly driver: string;
  /** As it began, and as it ended. */
  readonly started: Readonly<Transfer>;
  readonly ended: Readonly<Transfer> | null;
}

/** Memory in front of the first instruction of the last entry. */
export interface TracedJump {
  readonly at: Ps;
  /** Vector table in force: its address and its first words. */
  readonly vectors: number;
  readonly table: readonly TracedWord[];
  /** From SP upwards. */
  readonly stack: readonly TracedWord[];
}
export interface TracedWord {
  readonly address: number;
  /** null: nothing answers there. */
  readonly value: number | null;
  /** What it points to, if that is code of the images. */
  readonly place: Place | null;
}
/** A memory of the chip, and what of it the images fill. */
export interface TracedMemory {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly kind: 'ram' | 'flash' | 'rom';
  readonly isRom: boolean;
  readonly image: number;
}

/** Where a core stood at an instant: in front of this instruction. */
export interface TracedMoment {
  readonly at: Ps;
  /** Name of the core, if the chip has two. */
  readonly core: string | null;
  readonly place: Place;
  readonly sp: number;
  /** Null: the core has none. */
  readonly vtor: number | null;
}

/** Where the clocks came from, from an instant on. */
export interface TracedClocks {
  readonly at: Ps;
  readonly tree: ClockTree;
  /** Changes behind this one that were not kept, up to the next one here; left out: none. */
  readonly unkept?: number;
}
/** What the host saw or did. */
export interface TracedHostRow {
  readonly at: Ps;
  /** As in the result's `usb.log`. */
  readonly kind: string;
  readonly text: string;
}

export interface TracedRun {
  readonly jump: TracedJump | null;
  readonly outcome: Outcome;
  readonly end: Ps;
  readonly signals: readonly TraceSignal[];
  readonly transfers: readonly TraceTransfer[];
  readonly console: readonly { readonly at: Ps; readonly channel: string; readonly text: string }[];
  readonly rows: readonly TimelineRow[];
  /** At events; rising in time for each core. */
  readonly moments: readonly TracedMoment[];
  /** At each change; rising in time. */
  readonly clocks: readonly TracedClocks[];
  readonly host: readonly TracedHostRow[];
  /** Changes that were not recorded, because there were too many. */
  readonly dropped: number;
}

export interface RunTrace {
  readonly chip: string;
  /** Names of exceptions by number, those that were taken. */
  readonly exceptions: Readonly<Record<number, string>>;
  readonly memories: readonly TracedMemory[];
  readonly run: TracedRun;
  /** The same run with the proved cause repaired, from power-on; null where nothing was proved. */
  readonly repaired: (TracedRun & { readonly repairs: readonly string[] }) | null;
}

/** A level as a person reads it. */
export const levelText = (value: number): string => (value === PIN_FLOATING ? 'z' : value === PIN_IDLE_HIGH ? '1' : String(value));
