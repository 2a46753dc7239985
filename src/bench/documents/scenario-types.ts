/**
 * `bootbench/scenario@1`: what happens to the board from outside. `Scenario` is what a user writes; `ScenarioDocument` is the same with
 * every default filled in, as it stands in results (it can be fed back as a scenario); `ScenarioPlan` is what the machine runs.
 */
import type { Ps } from '../../emu/time.ts';
import type { Outcome, ResetBy } from './outcomes.ts';

export const SCENARIO_SCHEMA = 'bootbench/scenario@1';

/** A time with a unit: `100ms`, `2s`, `5min` (or `5m`), `10us`, `1.5ms`, `40ns`, `500ps`. */
export type Duration = string;
/** A number, or text in hex or decimal. */
export type WordValue = number | string;

/** From outside; `z`: nobody drives it. */
export type PinLevel = 0 | 1 | 'z';
/** Of the USB cable. */
export type CablePosition = 'in' | 'out';
/** Whose order and timeouts the enumeration has. */
export type HostKind = 'linux' | 'windows' | 'macos';
/** Driver that the host binds to a DFU device. */
export type HostDriver = 'dfu' | 'none' | 'winusb' | 'sttub30';

/** A crystal or oscillator of the board. */
export interface Crystal {
  /** Hertz. */
  readonly hz: number;
  /** crystal: on both pins; bypass: a clock from outside on OSC_IN. */
  readonly kind: 'crystal' | 'bypass';
  /** How long the crystal takes to start; left out = what the datasheet of the chip calls typical. */
  readonly ready?: Duration;
}

/** Voltages at channels, `ADC1.5`: volts, or the code of a 12-bit conversion. */
export type AdcInputs = Readonly<
  Record<
    string,
    | number
    | {
        /** Code of a 12-bit conversion. */
        readonly raw: number;
      }
  >
>;

/** Behind FMC, FSMC, QUADSPI or OCTOSPI: it answers whatever these are set to. */
export interface OutsideMemory {
  /** First address. */
  readonly at: WordValue;
  /** Size in units of 1,024 bytes. */
  readonly kilobytes: number;
  /** Left out: flash from 0x90000000 to 0x9FFFFFFF, RAM elsewhere. */
  readonly kind?: 'ram' | 'flash';
}
/** The regulator that a board's wiring lets feed the core. */
export type CoreSupply = 'ldo' | 'smps';

/** What is around the chip, with all defaults filled in. */
export interface BoardDocument {
  /** Default = the usual board of the chip, none = no crystals. */
  readonly name: 'default' | 'none';
  /** Volts. */
  readonly vdd: number;
  /** Volts at VDDA. */
  readonly vdda: number;
  /** Volts at VDDUSB. */
  readonly vddusb: number;
  /** What the board is wired for to feed the core, on parts that have both; left out = either works. */
  readonly coreSupply?: CoreSupply;
  /** Degrees Celsius. */
  readonly temperature: number;
  /** Level of the pin BOOT0 at every reset. */
  readonly boot0: 0 | 1;
  /** NRST has the pull-up of the chip. */
  readonly nrst: 'pull-up';
  /** What feeds OSC_IN; null = nothing. */
  readonly hse: Crystal | null;
  /** The 32.768-kHz crystal; null = not fitted. */
  readonly lse: {
    /** Hertz. */
    readonly hz: number;
    /** How long it takes to start. */
    readonly ready: Duration;
  } | null;
  /** Deviation of oscillators by their clock name, parts per million. */
  readonly ppm: Readonly<Record<string, number>>;
  /** VBUS on the connector while the cable is in. */
  readonly vbus: boolean;
  /** Levels that the board puts on pins from power-on; RX pins of the ROM are high where nothing is said. */
  readonly pins: Readonly<Record<string, PinLevel>>;
  /** Channels of which nothing is said see half of VDDA. */
  readonly adc?: AdcInputs;
  /** Memories outside the chip, in its address space. */
  readonly memories?: readonly OutsideMemory[];
  /** A debugger is attached from power-on. */
  readonly debugger: boolean;
  /** Differences from the factory option bytes. */
  readonly optionBytes: Readonly<Record<string, WordValue>>;
}
/** What is around the chip: BOOT0, crystals, supplies, pins. */
export type Board = { readonly [K in Exclude<keyof BoardDocument, 'lse'>]?: BoardDocument[K] } & {
  /** The 32.768-kHz crystal; null = not fitted. */
  readonly lse?: {
    /** Hertz. */
    readonly hz: number;
    /** How long it takes to start. */
    readonly ready?: Duration;
  } | null;
};

/** The PC at the other end of the USB cable, with all defaults filled in. */
export interface HostDocument {
  /** In which order and with which timeouts it enumerates. */
  readonly kind: HostKind;
  /** On Windows `dfu` and `winusb` are the same; `sttub30` is the driver of DfuSe Demo. */
  readonly driver: HostDriver;
  /** Whether the cable is in at power-on. */
  readonly cable: CablePosition;
}

/** What the DFU client of the host does. */
export type DfuStep =
  | {
      /** Writes bytes, as dfu-util -D does. */
      readonly download: {
        /** A file, relative to the scenario. */
        readonly file?: string;
        /** Or the bytes. */
        readonly hex?: string;
        /** Of the first byte. */
        readonly address: WordValue;
      };
    }
  | {
      /** Reads bytes, as dfu-util -U does. */
      readonly upload: {
        /** Of the first byte. */
        readonly address: WordValue;
        /** Bytes. */
        readonly length: number;
      };
    }
  | {
      /** Address of a page, or `mass`. */
      readonly erase: WordValue | 'mass';
    }
  | {
      /** Address of the application that the device leaves DFU mode for, as dfu-util -s address:leave does. */
      readonly leave: WordValue;
    }
  /** One class request: `hex` is sent, or `length` bytes are read. The host asks for no status by itself any more. */
  | {
      /** A single class request, in any order. */
      readonly request: {
        /** bRequest (DFU 1.1 §3). */
        readonly request: number;
        /** wValue. */
        readonly value?: number;
        /** Bytes to send. */
        readonly hex?: string;
        /** Bytes to read. */
        readonly length?: number;
      };
    };

/** What can go wrong with a transaction on the bus. */
export type BusError = 'packet' | 'handshake' | 'token' | 'timeout' | 'babble';
/** What happens on the bus: exactly one of these keys. */
export type UsbStep =
  | {
      /** A transaction goes wrong, once. */
      readonly error: {
        /** packet: the data is damaged; handshake: the ACK is; token: the token is; timeout: the host falls silent; babble: more bytes than a packet may have. */
        readonly kind: BusError;
        /** Transactions until then; left out = 0. */
        readonly after?: number;
      };
    }
  | {
      /** The cable is pulled in the middle of a transaction. */
      readonly unplug: {
        /** Bit times from the start of its token. */
        readonly bit: number;
        /** Transactions until then; left out = 0. */
        readonly after?: number;
      };
    }
  | {
      /** The host keeps the bus idle so long, and resumes. */
      readonly suspend: Duration;
    }
  | {
      /** The host resets the bus, and enumerates anew. */
      readonly reset: true;
    };

/** What a step does: exactly one of these keys. */
export type StepAction =
  | {
      /** A pin gets a level from outside. */
      readonly pin: {
        /** PA0 to PK15, or BOOT0. */
        readonly name: string;
        /** 0, 1, or z: nobody drives it. */
        readonly level: PinLevel;
      };
    }
  | {
      /** NRST is pulled low. */
      readonly nrst: {
        /** How long. */
        readonly for: Duration;
      };
    }
  | {
      /** The supply goes away and comes back. */
      readonly power: {
        /** How long. */
        readonly off: Duration;
      };
    }
  | {
      /** The USB cable is plugged in or out. */
      readonly cable: CablePosition;
    }
  | {
      /** A peer sends to a serial port. */
      readonly uart: {
        /** The port, for example USART1. */
        readonly port: string;
        /** Text to send. */
        readonly text?: string;
        /** Bytes to send. */
        readonly hex?: string;
      };
    }
  | {
      /** A master outside addresses the chip on I2C, at 100 kHz. */
      readonly i2c: {
        /** The port, for example I2C1. */
        readonly port: string;
        /** Seven bits. */
        readonly address: WordValue;
        /** Bytes to write. */
        readonly hex?: string;
        /** Bytes to read behind them, after a repeated start. */
        readonly read?: number;
      };
    }
  | {
      /** A master outside selects the chip on SPI, and clocks bytes at 1 MHz. */
      readonly spi: {
        /** The port, for example SPI1. */
        readonly port: string;
        /** Bytes to send; as many come back. */
        readonly hex: string;
      };
    }
  | {
      /** Another node sends a frame on CAN or FDCAN, again and again for up to 25 ms until it is acknowledged. */
      readonly can: {
        /** The port, for example CAN2. */
        readonly port: string;
        /** Identifier of the frame. */
        readonly id: WordValue;
        /** Up to eight bytes. */
        readonly hex?: string;
        /** The identifier has 29 bits, not 11. */
        readonly extended?: boolean;
        /** Bits a second (FDCAN: up to the data phase); left out = 125000, on FDCAN 250000. */
        readonly bitrate?: number;
      };
    }
  | {
      /** The PC sends to the virtual serial port that the application brings up. */
      readonly cdc: {
        /** Text to send. */
        readonly text?: string;
        /** Bytes to send. */
        readonly hex?: string;
        /** A program opens the port at this speed and closes it again. */
        readonly baud?: number;
      };
    }
  | {
      /** A debugger writes to memory. */
      readonly poke: {
        /** The variable. */
        readonly symbol?: string;
        /** Or its address. */
        readonly address?: WordValue;
        /** What is written. */
        readonly value: WordValue;
        /** Bytes: 1, 2 or 4. */
        readonly size?: 1 | 2 | 4;
      };
    }
  | {
      /** The firmware calls this function here, with a proper stack frame: the trigger of a product whose buttons are not emulated. */
      readonly call:
        | string
        | {
            /** The function. */
            readonly symbol: string;
            /** In r0 to r3. */
            readonly args?: readonly WordValue[];
          };
    }
  | {
      /** A programmer changes option bytes, by name. */
      readonly optionBytes: Readonly<Record<string, WordValue>>;
    }
  | {
      /** What the DFU client of the host does. */
      readonly dfu: DfuStep;
    }
  | {
      /** What these ADC channels see from here on. */
      readonly adc: AdcInputs;
    }
  | {
      /** A debugger comes or goes. */
      readonly debugger: 'attach' | 'detach';
    }
  | {
      /** What happens on the USB, at a bit of it if need be. */
      readonly usb: UsbStep;
    };

/** Something done from outside at a time; a UsageError names a step that cannot be. */
export interface Step {
  /** Since power-on. */
  readonly at?: Duration;
  /** Since the step before has ended. */
  readonly after?: Duration;
  /** When PC reaches this function for the first time from here on. */
  readonly atSymbol?: string;
  /** Exactly one thing that happens. */
  readonly do: StepAction;
}

/** What has to hold for `test` and `judge`; a key that is absent asks nothing. */
export interface Expect {
  /** `dfu`, dfu-lost, reset-loop, fault, rom-silent, back-in-app, stuck or no-jump, or a list of them. */
  readonly outcome?: Outcome | readonly Outcome[];
  /** Checks that have to be proved as causes; others may be, too. */
  readonly causes?: readonly string[];
  /** Checks that must not be proved as causes; * = none at all. */
  readonly notCauses?: readonly string[];
  /** Verdicts, alternatives separated by `|`. */
  readonly checks?: Readonly<Record<string, string>>;
  /** How many resets of each cause. */
  readonly resets?: Readonly<
    Partial<
      Record<
        ResetBy,
        | number
        | {
            /** At least so many, power-on included. */
            readonly min?: number;
            /** At most so many, power-on included. */
            readonly max?: number;
          }
      >
    >
  >;
  /** What a channel (semihosting, itm, usart1 …) has to show: text, or /regular expression/, or a list of both. */
  readonly console?: Readonly<Record<string, string | readonly string[]>>;
}

/** A scenario as it is written: `bootbench/scenario@1`, docs/scenario.md. */
export interface Scenario {
  /** For editors; not read. */
  readonly $schema?: string;
  /** `bootbench/scenario@1`. */
  readonly schema?: typeof SCENARIO_SCHEMA;
  /** The part, for example stm32h533re; left out = the images tell. */
  readonly chip?: string;
  /** Relative to the scenario file; images on the command line replace them. */
  readonly images?: readonly string[];
  /** What is on the board around the chip; left out = the defaults of the chip (`bootbench chips <chip>`). */
  readonly board?: Board;
  /** The PC at the other end of the USB cable. */
  readonly host?: { readonly [K in keyof HostDocument]?: HostDocument[K] };
  /** Chooses the pattern that RAM holds at power-on; the same seed gives the same run. */
  readonly seed?: number;
  /** A number with a unit: 100ms, 2s, 5min, 10us. */
  readonly until?: Duration | null;
  /** Behaviour of the stand-in ROM that ST does not publish, by option: `bootbench explain` lists them. */
  readonly romOptions?: Readonly<Record<string, string>>;
  /** Fields of registers that have no behaviour, pinned to a value: PERIPHERAL.REGISTER.FIELD. */
  readonly force?: Readonly<Record<string, WordValue>>;
  /** What happens to the board, in this order. */
  readonly steps?: readonly Step[];
  /** What the run is expected to give; keys left out are not judged, and with it that alone decides the exit code. */
  readonly expect?: Expect | null;
}

/** A scenario with all defaults filled in, as a result holds it. */
export interface ScenarioDocument {
  /** `bootbench/scenario@1`. */
  readonly schema: typeof SCENARIO_SCHEMA;
  /** The part, for example stm32h533re; left out = the images tell. */
  readonly chip: string;
  /** Relative to the scenario file; images on the command line replace them. */
  readonly images: readonly string[];
  /** What is on the board around the chip; left out = the defaults of the chip (`bootbench chips <chip>`). */
  readonly board: BoardDocument;
  /** The PC at the other end of the USB cable. */
  readonly host: HostDocument;
  /** Chooses the pattern that RAM holds at power-on; the same seed gives the same run. */
  readonly seed: number;
  /** A number with a unit: 100ms, 2s, 5min, 10us. */
  readonly until: Duration | null;
  /** Behaviour of the stand-in ROM that ST does not publish, by option: `bootbench explain` lists them. */
  readonly romOptions: Readonly<Record<string, string>>;
  /** Fields of registers that have no behaviour, pinned to a value: PERIPHERAL.REGISTER.FIELD. */
  readonly force: Readonly<Record<string, WordValue>>;
  /** What happens to the board, in this order. */
  readonly steps: readonly Step[];
  /** What the run is expected to give; keys left out are not judged, and with it that alone decides the exit code. */
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
  /** `character`: ten bits; left out = at 115,200 baud. */
  | { readonly kind: 'uart'; readonly port: string; readonly bytes: Uint8Array; readonly character?: Ps }
  /** Reading behind writing. */
  | { readonly kind: 'i2c'; readonly port: string; readonly address: number; readonly bytes: Uint8Array; readonly read: number }
  | { readonly kind: 'spi'; readonly port: string; readonly bytes: Uint8Array }
  /** `bit`: one bit time. */
  | {
      readonly kind: 'can';
      readonly port: string;
      readonly id: number;
      readonly extended: boolean;
      readonly bytes: Uint8Array;
      readonly bit: Ps;
    }
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
  | { readonly kind: 'debugger'; readonly attach: boolean }
  | { readonly kind: 'usb-error'; readonly error: BusError; readonly after: number }
  | { readonly kind: 'usb-unplug'; readonly bit: number; readonly after: number }
  | { readonly kind: 'usb-suspend'; readonly ps: Ps }
  | { readonly kind: 'usb-reset' };

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
