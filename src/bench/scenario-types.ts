/**
 * `bootbench/scenario@1`: what happens to the board from outside. `Scenario` is what a user writes; `ScenarioDocument` is the same with
 * every default filled in, as it stands in results (it can be fed back as a scenario); `ScenarioPlan` is what the machine runs.
 */
import type { Ps } from '../emu/time.ts';
import type { Outcome, ResetBy } from './result.ts';

export const SCENARIO_SCHEMA = 'bootbench/scenario@1';

/** A time with a unit: `100ms`, `2s`, `10us`, `1.5ms`, `40ns`, `500ps`. */
export type Duration = string;
/** A number, or text in hex or decimal. */
export type WordValue = number | string;

export type PinLevel = 0 | 1 | 'z';
export type CablePosition = 'in' | 'out';
export type HostKind = 'linux' | 'windows' | 'macos';
export type HostDriver = 'dfu' | 'none' | 'winusb' | 'sttub30';

export interface Crystal {
  readonly hz: number;
  /** crystal: on both pins; bypass: a clock from outside on OSC_IN. */
  readonly kind: 'crystal' | 'bypass';
}

/** Voltages at channels, `ADC1.5`: volts, or the code of a 12-bit conversion. */
export type AdcInputs = Readonly<Record<string, number | { readonly raw: number }>>;

export interface BoardDocument {
  readonly name: 'default' | 'none';
  /** Volts. */
  readonly vdd: number;
  readonly vdda: number;
  readonly vddusb: number;
  /** Degrees Celsius. */
  readonly temperature: number;
  readonly boot0: 0 | 1;
  readonly nrst: 'pull-up';
  readonly hse: Crystal | null;
  readonly lse: { readonly hz: number; readonly ready: Duration } | null;
  /** Deviation of oscillators by their clock name, parts per million. */
  readonly ppm: Readonly<Record<string, number>>;
  /** VBUS on the connector while the cable is in. */
  readonly vbus: boolean;
  /** Levels that the board puts on pins from power-on; RX pins of the ROM are high where nothing is said. */
  readonly pins: Readonly<Record<string, PinLevel>>;
  /** Channels of which nothing is said see half of VDDA. */
  readonly adc?: AdcInputs;
  readonly debugger: boolean;
  /** Differences from the factory option bytes. */
  readonly optionBytes: Readonly<Record<string, WordValue>>;
}
export type Board = { readonly [K in Exclude<keyof BoardDocument, 'lse'>]?: BoardDocument[K] } & {
  readonly lse?: { readonly hz: number; readonly ready?: Duration } | null;
};

export interface HostDocument {
  readonly kind: HostKind;
  /** On Windows `dfu` and `winusb` are the same; `sttub30` is the driver of DfuSe Demo. */
  readonly driver: HostDriver;
  readonly cable: CablePosition;
}

export type DfuStep =
  | { readonly download: { readonly file?: string; readonly hex?: string; readonly address: WordValue } }
  | { readonly upload: { readonly address: WordValue; readonly length: number } }
  | { readonly erase: WordValue | 'mass' }
  | { readonly leave: WordValue }
  /** One class request: `hex` is sent, or `length` bytes are read. The host asks for no status by itself any more. */
  | { readonly request: { readonly request: number; readonly value?: number; readonly hex?: string; readonly length?: number } };

export type StepAction =
  | { readonly pin: { readonly name: string; readonly level: PinLevel } }
  | { readonly nrst: { readonly for: Duration } }
  | { readonly power: { readonly off: Duration } }
  | { readonly cable: CablePosition }
  | { readonly uart: { readonly port: string; readonly text?: string; readonly hex?: string } }
  /** `baud`: a program opens the port at this speed and closes it again. */
  | { readonly cdc: { readonly text?: string; readonly hex?: string; readonly baud?: number } }
  | { readonly poke: { readonly symbol?: string; readonly address?: WordValue; readonly value: WordValue; readonly size?: 1 | 2 | 4 } }
  | { readonly call: string | { readonly symbol: string; readonly args?: readonly WordValue[] } }
  | { readonly optionBytes: Readonly<Record<string, WordValue>> }
  | { readonly dfu: DfuStep }
  | { readonly adc: AdcInputs }
  | { readonly debugger: 'attach' | 'detach' };

export interface Step {
  readonly at?: Duration;
  readonly after?: Duration;
  readonly atSymbol?: string;
  readonly do: StepAction;
}

export interface Expect {
  readonly outcome?: Outcome | readonly Outcome[];
  readonly causes?: readonly string[];
  readonly notCauses?: readonly string[];
  /** Verdicts, alternatives separated by `|`. */
  readonly checks?: Readonly<Record<string, string>>;
  readonly resets?: Readonly<Partial<Record<ResetBy, number | { readonly min?: number; readonly max?: number }>>>;
  readonly console?: Readonly<Record<string, string | readonly string[]>>;
}

export interface Scenario {
  /** For editors; not read. */
  readonly $schema?: string;
  readonly schema?: typeof SCENARIO_SCHEMA;
  readonly chip?: string;
  readonly images?: readonly string[];
  readonly board?: Board;
  readonly host?: { readonly [K in keyof HostDocument]?: HostDocument[K] };
  readonly seed?: number;
  readonly until?: Duration | null;
  readonly romOptions?: Readonly<Record<string, string>>;
  readonly force?: Readonly<Record<string, WordValue>>;
  readonly steps?: readonly Step[];
  readonly expect?: Expect | null;
}

export interface ScenarioDocument {
  readonly schema: typeof SCENARIO_SCHEMA;
  readonly chip: string;
  readonly images: readonly string[];
  readonly board: BoardDocument;
  readonly host: HostDocument;
  readonly seed: number;
  readonly until: Duration | null;
  readonly romOptions: Readonly<Record<string, string>>;
  readonly force: Readonly<Record<string, WordValue>>;
  readonly steps: readonly Step[];
  readonly expect: Expect | null;
}

// ---- What the machine runs ----

export type StepWhen =
  { readonly kind: 'at' | 'after'; readonly ps: Ps } | { readonly kind: 'atSymbol'; readonly symbol: string; readonly address: number };

export type PlannedAction =
  | { readonly kind: 'pin'; readonly name: string; readonly level: PinLevel }
  | { readonly kind: 'nrst'; readonly forPs: Ps }
  | { readonly kind: 'power'; readonly offPs: Ps }
  | { readonly kind: 'cable'; readonly position: CablePosition }
  | { readonly kind: 'uart'; readonly port: string; readonly bytes: Uint8Array }
  | { readonly kind: 'cdc'; readonly bytes: Uint8Array }
  | { readonly kind: 'cdc-baud'; readonly baud: number }
  | { readonly kind: 'poke'; readonly symbol: string | null; readonly address: number; readonly value: number; readonly size: 1 | 2 | 4 }
  | { readonly kind: 'call'; readonly symbol: string; readonly address: number; readonly args: readonly number[] }
  | { readonly kind: 'optionBytes'; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: 'dfu-download'; readonly file: string | null; readonly bytes: Uint8Array | null; readonly address: number }
  | { readonly kind: 'dfu-upload'; readonly address: number; readonly length: number }
  | { readonly kind: 'dfu-erase'; readonly address: number | 'mass' }
  | { readonly kind: 'dfu-leave'; readonly address: number }
  | { readonly kind: 'dfu-request'; readonly request: number; readonly value: number; readonly payload: Uint8Array | number }
  /** Millivolts by channel. */
  | { readonly kind: 'adc'; readonly inputs: Readonly<Record<string, number>> }
  | { readonly kind: 'debugger'; readonly attach: boolean };

export interface PlannedStep {
  readonly when: StepWhen;
  readonly action: PlannedAction;
}

/** A field of a register pinned to a value: `ETH.DMAMR.SWR`=0. */
export interface ForcedField {
  readonly peripheral: string;
  readonly register: string;
  readonly field: string;
  readonly value: number;
}

export interface ScenarioPlan {
  /** The document that stands in the result. */
  readonly document: ScenarioDocument;
  readonly board: BoardDocument;
  /** Millivolts at channels of the ADCs at power-on. */
  readonly adc: Readonly<Record<string, number>>;
  /** Chip parameters that the board changes; null = not there (a crystal that is not fitted). */
  readonly parameters: Readonly<Record<string, number | null>>;
  readonly host: HostDocument;
  readonly seed: number;
  readonly untilPs: Ps | null;
  readonly force: readonly ForcedField[];
  readonly steps: readonly PlannedStep[];
  readonly expect: Expect | null;
}
