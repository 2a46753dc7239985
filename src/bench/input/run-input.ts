/** Everything that a run needs, with nothing left to look up: no files, no names to resolve, no clock. */
import type { Note } from '../documents/note-facts.ts';
import type { Bounds } from '../documents/bounds.ts';
import type { ChipDescription, MemoryRow } from '../../emu/chip.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import type { LoadedImage } from '../../image/image.ts';
import type { Machine } from '../../emu/machine.ts';
import type { ShortcutName } from '../../emu/proofs/shortcuts.ts';
import type { RomSegment } from '../../rom/load.ts';
import type { Ps } from '../../emu/time.ts';
import type { Effort } from '../documents/effort.ts';
import type { Symptom } from '../documents/result.ts';
import type { RunTrace } from '../documents/trace-types.ts';
import type { PlannedGoal } from './goal.ts';
import type { ForcedField, ScenarioPlan } from '../documents/scenario-types.ts';
import type { Tried } from '../documents/tried.ts';

export interface RunLimits {
  /** Instructions of all cores together; null = no limit. */
  readonly maxInstructions: number | null;
  /** Real time; needs `clock`. The result then depends on the machine, and says so in `ended`. */
  readonly wallMs: number | null;
  /** Bytes that the process may hold. */
  readonly maxMemory: number | null;
}

export interface RomInput {
  /** `dump`: the user's own image, at the address of the chip's ROM. */
  readonly kind: 'stand-in' | 'dump';
  readonly bytes: Uint8Array;
  /** Of a dump: pieces elsewhere in system memory, ascending. */
  readonly beside?: readonly RomSegment[];
  /** Revision asked for; null = the newest one of the profile. */
  readonly version: string | null;
  /** Chosen values by id, checked; the others have the profile's default. */
  readonly options: Readonly<Record<string, string>>;
}

/** What a software reset puts back. */
export interface EccLoss {
  /** Of the ECC word. */
  readonly address: number;
  /** What the RAM itself held of it. */
  readonly bytes: Uint8Array;
  /** What the core saw there. */
  readonly stored: Uint8Array;
  readonly ram: MemoryRow;
}

export interface RunInput {
  readonly version: string;
  readonly chip: ChipDescription;
  readonly images: readonly LoadedImage[];
  readonly scenario: ScenarioPlan;
  /** What the run is for. */
  readonly goal: PlannedGoal;
  /** Where DFU comes, a host's client is tried on it (proof/after.ts). */
  readonly after?: boolean;
  /** The application behind the leave has to run, not only behind the next reset. */
  readonly alive?: boolean;
  /** The clock at OSC_IN is the one that the firmware counts on or waits for, and nobody has said another one. */
  readonly hseAssumed?: true;
  readonly seed: number;
  readonly until: Ps | null;
  readonly limits: RunLimits;
  readonly rom: RomInput;
  readonly force: readonly ForcedField[];
  /** What the user saw; none = nothing was said. */
  readonly symptoms: readonly Symptom[];
  /** Without an entry: call each function that can enter system memory, and press each pin that is polled, on forks. */
  readonly findJump: boolean;
  /** May try what makes the firmware jump, where it waits for something; left out: nothing is tried. True: nothing else is asked about this run. */
  readonly triggers?: (tryAll: () => readonly Tried[]) => boolean;
  /** By the notes of the run: whether it is repeated with something else around the firmware. Then nothing is looked for in this one; left out: it is not. */
  readonly givesWay?: (notes: readonly Note[]) => boolean;
  /** A run of busy firmware may end early, and says so here; left out: it may not. */
  readonly hurried?: () => void;
  /** Look for the last instruction at which a single repair still saves DFU. */
  readonly noReturn: boolean;
  /** Where the scenario's `expect` holds without them, neither causes nor what the outcome hangs on is looked for. */
  readonly onlyExpected: boolean;
  /** False: what the outcome hangs on is not looked for, `dependsOn` stays empty. */
  readonly provisos?: boolean;
  readonly engine: 'bootbench' | 'unicorn';
  /** What is spent beside the run; left out: normal. */
  readonly effort?: Effort;
  /** Shortcuts that are switched off; left out: none. */
  readonly withoutShortcuts?: readonly ShortcutName[];
  /** What the ECC of RAM loses at the first software reset, where a run without that has shown it (ecc-loss.ts). */
  readonly eccLosses?: readonly EccLoss[];
  /** Makes what is mended in this run from its start on: what another cause hid is looked for so (difference/path.ts). */
  readonly mended?: (machine: Machine) => Interceptor;
  /** BKPT 0xAB is served; false = it is a HardFault as on a board without a debugger. */
  readonly semihosting: boolean;
  /** Start the boot core here instead of where the chip would. */
  readonly bootAt: number | null;
  /** What loading already found worth telling; they stand first in the result's notes. */
  readonly notes: readonly { readonly kind: string; readonly text: string }[];
  /** Files that steps of the scenario name, by name as written there. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Connects what stands around the chip: called for each machine that is made, at power-on. */
  readonly outside?: (machine: Machine) => void;
  /** Changes what the ROM is handed: called before the first instruction of each entry, in this run and in all that repeat it. */
  readonly atEntry?: (machine: Machine) => void;
  /** Asked now and then; true ends the run, which still gives a result. */
  readonly signal?: () => boolean;
  /** Milliseconds, any origin; for `limits.wallMs` and progress only. */
  readonly clock?: () => number;
  /** By `clock`: what `limits.wallMs` counts from, where several runs share it; left out: each from its beginning. */
  readonly startedAt?: number;
  /** Where searches tell what they leave out. */
  readonly bounds?: Bounds;
  /** Bytes that the process holds; for `limits.maxMemory` only. */
  readonly memoryUse?: () => number;
  /** For a person who waits: what is being done; a text that begins with a tab says how far that is. */
  readonly progress?: (text: string, detail?: boolean) => void;
  /** For a person who waits: what is known so far and stays true. It is looked for first, so it costs time, and nothing of it changes the result. */
  readonly found?: (text: string) => void;
  /** Is told at the end what translated code did; counting costs time. */
  readonly stats?: (text: string) => void;
  /** Is given the full event stream at the end; recording costs time. */
  readonly trace?: (trace: RunTrace) => void;
}

/** Nobody asks the ROM: who holds the machine talks to it himself. */
export const unasked = (input: RunInput): RunInput => ({ ...input, goal: { ...input.goal, asking: null } });
