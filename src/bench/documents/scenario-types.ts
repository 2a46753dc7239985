/**
 * `bootbench/scenario@1`: the board, and what happens to it from outside. `Scenario` is what a user writes. `ScenarioDocument` is the same with every
 * default filled in, as in a result (it is also a valid scenario). `ScenarioPlan` is the form that the machine runs.
 */
import type { Ps } from '../../emu/time.ts';
import type { AfterStep, Outcome, ResetBy } from './outcomes.ts';

export const SCENARIO_SCHEMA = 'bootbench/scenario@1';

/** A time with a unit: `100ms`, `2s`, `5min` (or `5m`), `10us`, `1.5ms`, `40ns`, `500ps`. */
export type Duration = string;
/** A number, or text in hex or decimal. */
export type WordValue = number | string;

/** Level that the board drives on a pin; `z` = not driven. */
export type PinLevel = 0 | 1 | 'z';
/** Whether the USB cable is plugged in. */
export type CablePosition = 'in' | 'out';
/** Operating system of the USB host: decides the order of requests and the time-outs of the enumeration. */
export type HostKind = 'linux' | 'windows' | 'macos';
/** Driver that the host binds to a DFU device. */
export type HostDriver = 'dfu' | 'none' | 'winusb' | 'sttub30' | 'no-access';

/** A crystal or oscillator of the board. */
export interface Crystal {
  /** Hertz. */
  readonly hz: number;
  /** crystal: on both pins; bypass: a clock from outside on OSC_IN. */
  readonly kind: 'crystal' | 'bypass';
  /** Start-up time of the crystal; default: the typical value in the datasheet of the chip. */
  readonly ready?: Duration;
}

/** Inputs of ADC channels by name, for example `ADC1.5`: volts, or the result of a 12-bit conversion. */
export type AdcInputs = Readonly<
  Record<
    string,
    | number
    | {
        /** Result of a 12-bit conversion. */
        readonly raw: number;
      }
  >
>;

/** External memory on FMC, FSMC, QUADSPI or OCTOSPI. It is accessible whatever the settings of the controller. */
export interface OutsideMemory {
  /** First address. */
  readonly at: WordValue;
  /** Size in units of 1,024 bytes. */
  readonly kilobytes: number;
  /** Default: flash from 0x90000000 to 0x9FFFFFFF, RAM elsewhere. */
  readonly kind?: 'ram' | 'flash';
}
/** Core regulator that the board is wired for. */
export type CoreSupply = 'ldo' | 'smps';

/** The board around the chip, with all defaults filled in. */
export interface BoardDocument {
  /** Default = the usual board of the chip, none = without crystals, or a board that bootbench knows, for example nucleo-f446re. */
  readonly name: string;
  /** Volts. */
  readonly vdd: number;
  /** Volts at VDDA. */
  readonly vdda: number;
  /** Volts at VDDUSB. */
  readonly vddusb: number;
  /** Core regulator that the board is wired for, on parts that have both; default: either works. */
  readonly coreSupply?: CoreSupply;
  /** Degrees Celsius. */
  readonly temperature: number;
  /** Level of the BOOT0 pin at every reset. */
  readonly boot0: 0 | 1;
  /** NRST has only the pull-up of the chip. */
  readonly nrst: 'pull-up';
  /** The crystal or clock at OSC_IN; null = none. */
  readonly hse: Crystal | null;
  /** The 32.768-kHz crystal; null = not fitted. */
  readonly lse: {
    /** Hertz. */
    readonly hz: number;
    /** Start-up time of the crystal. */
    readonly ready: Duration;
  } | null;
  /** Frequency error of oscillators in parts per million, by clock name. */
  readonly ppm: Readonly<Record<string, number>>;
  /** VBUS is present at the connector while the cable is plugged in. */
  readonly vbus: boolean;
  /** Levels that the board drives on pins from power-on; by default the RX pins of the ROM are high. */
  readonly pins: Readonly<Record<string, PinLevel>>;
  /** Inputs of ADC channels; default: half of VDDA. */
  readonly adc?: AdcInputs;
  /** External memories in the address space of the chip. */
  readonly memories?: readonly OutsideMemory[];
  /** A debugger is attached from power-on. */
  readonly debugger: boolean;
  /** Differences from the factory option bytes. */
  readonly optionBytes: Readonly<Record<string, WordValue>>;
}
/** The board around the chip: BOOT0, crystals, supplies, pins. */
export type Board = { readonly [K in Exclude<keyof BoardDocument, 'lse'>]?: BoardDocument[K] } & {
  /** The 32.768-kHz crystal; null = not fitted. */
  readonly lse?: {
    /** Hertz. */
    readonly hz: number;
    /** Start-up time of the crystal. */
    readonly ready?: Duration;
  } | null;
};

/** The USB host, with all defaults filled in. */
export interface HostDocument {
  /** Operating system of the host: decides the order of requests and the time-outs of the enumeration. */
  readonly kind: HostKind;
  /** On Windows `dfu` and `winusb` are the same; `sttub30` is the driver of DfuSe Demo; `no-access` (Linux): the user may not open the device. */
  readonly driver: HostDriver;
  /** Whether the USB cable is plugged in at power-on. */
  readonly cable: CablePosition;
}

/** An action of the DFU client on the host. */
export type DfuStep =
  | {
      /** Writes bytes, as dfu-util -D does. */
      readonly download: {
        /** A file, relative to the scenario. */
        readonly file?: string;
        /** Or the bytes. */
        readonly hex?: string;
        /** Address of the first byte. */
        readonly address: WordValue;
      };
    }
  | {
      /** Reads bytes, as dfu-util -U does. */
      readonly upload: {
        /** Address of the first byte. */
        readonly address: WordValue;
        /** Number of bytes. */
        readonly length: number;
      };
    }
  | {
      /** Address of a page, or `mass`. */
      readonly erase: WordValue | 'mass';
    }
  | {
      /** Leaves DFU mode and starts the application at this address, as dfu-util -s address:leave does. */
      readonly leave: WordValue;
    }
  /** One DFU class request: `hex` is sent, or `length` bytes are read. From then on, the host sends no GETSTATUS by itself. */
  | {
      /** A single class request, in any order. */
      readonly request: {
        /** bRequest (DFU 1.1 §3). */
        readonly request: number;
        /** bmRequestType, for a request that is no class request of the interface. */
        readonly type?: number;
        /** wIndex; default: the DFU interface. */
        readonly index?: number;
        /** wValue. */
        readonly value?: number;
        /** Bytes to send. */
        readonly hex?: string;
        /** Bytes to read. */
        readonly length?: number;
      };
    };

/** How a transaction on the bus is damaged. */
export type BusError = 'packet' | 'handshake' | 'token' | 'timeout' | 'babble';
/** An event on the bus: exactly one of these keys. */
export type UsbStep =
  | {
      /** Damage one transaction. */
      readonly error: {
        /** packet = damaged data, handshake = damaged ACK, token = damaged token, timeout = the host stays silent, babble = more bytes than a packet may have. */
        readonly kind: BusError;
        /** Number of transactions before it; default: 0. */
        readonly after?: number;
      };
    }
  | {
      /** Unplug the cable in the middle of a transaction. */
      readonly unplug: {
        /** Time since the start of the token, in bit times. */
        readonly bit: number;
        /** Number of transactions before it; default: 0. */
        readonly after?: number;
      };
    }
  | {
      /** Keep the bus idle for this time, then resume. */
      readonly suspend: Duration;
    }
  | {
      /** Reset the bus and enumerate again. */
      readonly reset: true;
    };

/** The action of a step: exactly one of these keys. */
export type StepAction =
  | {
      /** Drive a pin from outside. */
      readonly pin: {
        /** PA0 to PK15, or BOOT0. */
        readonly name: string;
        /** 0, 1, or z = not driven. */
        readonly level: PinLevel;
      };
    }
  | {
      /** Pull NRST low. */
      readonly nrst: {
        /** How long. */
        readonly for: Duration;
      };
    }
  | {
      /** Switch the supply off and on again. */
      readonly power: {
        /** How long. */
        readonly off: Duration;
      };
    }
  | {
      /** Plug the USB cable in or out. */
      readonly cable: CablePosition;
    }
  | {
      /** Send bytes to a serial port of the chip. */
      readonly uart: {
        /** The port, for example USART1. */
        readonly port: string;
        /** Text to send. */
        readonly text?: string;
        /** Bytes to send. */
        readonly hex?: string;
        /** Rate of the sender, 8N1: a port of another rate reads something else; default: the standard rate nearest to the one that the port is set to, or would be with the crystal that the firmware counts on (HSE_VALUE); 115200 where it is not set. */
        readonly baud?: number;
      };
    }
  | {
      /** Address the chip as an external I2C master, at 100 kHz. */
      readonly i2c: {
        /** The port, for example I2C1. */
        readonly port: string;
        /** Seven bits. */
        readonly address: WordValue;
        /** Bytes to write. */
        readonly hex?: string;
        /** Number of bytes to read afterwards, after a repeated start. */
        readonly read?: number;
      };
    }
  | {
      /** Address the chip as an external SPI master, at 1 MHz. */
      readonly spi: {
        /** The port, for example SPI1. */
        readonly port: string;
        /** Bytes to send; the same number is received. */
        readonly hex: string;
      };
    }
  | {
      /** Send a frame from another node on CAN or FDCAN, repeated for up to 25 ms until it is acknowledged. */
      readonly can: {
        /** The port, for example CAN2. */
        readonly port: string;
        /** Identifier of the frame. */
        readonly id: WordValue;
        /** Up to eight bytes. */
        readonly hex?: string;
        /** The identifier has 29 bits, not 11. */
        readonly extended?: boolean;
        /** Bit rate in bit/s (FDCAN: up to the data phase); default: 125000, on FDCAN 250000. */
        readonly bitrate?: number;
      };
    }
  | {
      /** Send to the virtual serial port (CDC) of the application. */
      readonly cdc: {
        /** Text to send. */
        readonly text?: string;
        /** Bytes to send. */
        readonly hex?: string;
        /** Open the port at this rate and close it again. */
        readonly baud?: number;
      };
    }
  | {
      /** Write to memory as a debugger does. */
      readonly poke: {
        /** The variable to write. */
        readonly symbol?: string;
        /** Or the address to write. */
        readonly address?: WordValue;
        /** The value to write. */
        readonly value: WordValue;
        /** Bytes: 1, 2 or 4. */
        readonly size?: 1 | 2 | 4;
      };
    }
  | {
      /** Call this function of the firmware, with a proper stack frame; use it for a trigger that is not emulated. */
      readonly call:
        | string
        | {
            /** The function. */
            readonly symbol: string;
            /** Arguments in r0 to r3. */
            readonly args?: readonly WordValue[];
          };
    }
  | {
      /** Change option bytes as a programmer does, by name. */
      readonly optionBytes: Readonly<Record<string, WordValue>>;
    }
  | {
      /** An action of the DFU client on the host. */
      readonly dfu: DfuStep;
    }
  | {
      /** Set the inputs of ADC channels. */
      readonly adc: AdcInputs;
    }
  | {
      /** Attach or detach a debugger. */
      readonly debugger: 'attach' | 'detach';
    }
  | {
      /** An event on the USB bus. */
      readonly usb: UsbStep;
    };

/** An action from outside at a certain time. A UsageError names a step that is not possible. */
export interface Step {
  /** Time since power-on. */
  readonly at?: Duration;
  /** Time since the end of the previous step. */
  readonly after?: Duration;
  /** The next time that PC reaches this function. */
  readonly atSymbol?: string;
  /** Exactly one action. */
  readonly do: StepAction;
}

/** The expected result, for `test` and `judge`; a key that is absent is not checked. */
export interface Expect {
  /** `dfu`, dfu-lost, reset-loop, fault, rom-silent, back-in-app, stuck or no-jump, or a list of them. */
  readonly outcome?: Outcome | readonly Outcome[];
  /** Checks (or state, image, lost-write, gave-up, board, host, branch, stack, overwritten, fault) that must be proved as causes; others may be proved, too. */
  readonly causes?: readonly string[];
  /** Checks that must not be proved as causes; * = none at all. */
  readonly notCauses?: readonly string[];
  /** Verdicts, alternatives separated by `|`. */
  readonly checks?: Readonly<Record<string, string>>;
  /** Expected number of resets, by cause. */
  readonly resets?: Readonly<
    Partial<
      Record<
        ResetBy,
        | number
        | {
            /** Minimum, including power-on. */
            readonly min?: number;
            /** Maximum, including power-on. */
            readonly max?: number;
          }
      >
    >
  >;
  /** Expected output of a channel (semihosting, itm, usart1 …): text, /regular expression/, or a list of both. */
  readonly console?: Readonly<Record<string, string | readonly string[]>>;
  /** Whether the goal is reached. */
  readonly goal?: boolean;
  /** What a host can do with the device: `ok`, `refused`, `failed`, `not-tried` by step (list, upload, erase, download, verify, leave, alive), alternatives separated by `|`. */
  readonly after?: Readonly<Partial<Record<AfterStep, string>>>;
}

/** A scenario as a user writes it: `bootbench/scenario@1`, docs/scenario.md. */
export interface Scenario {
  /** For editors; ignored by bootbench. */
  readonly $schema?: string;
  /** `bootbench/scenario@1`. */
  readonly schema?: typeof SCENARIO_SCHEMA;
  /** The part, for example stm32h533re; default: read from the images. */
  readonly chip?: string;
  /** Paths of the images, relative to the scenario file; images on the command line replace them. */
  readonly images?: readonly string[];
  /** The board around the chip; default: the usual board of the chip (`bootbench chips <chip>`). */
  readonly board?: Board;
  /** The USB host. */
  readonly host?: { readonly [K in keyof HostDocument]?: HostDocument[K] };
  /** Seed of the RAM contents at power-on; the same seed gives the same run. */
  readonly seed?: number;
  /** A number with a unit: 100ms, 2s, 5min, 10us; the run may go on for so long, and ends before once its outcome stands and no step is left. */
  readonly until?: Duration | null;
  /** ROM options: behaviour that ST does not publish, by option name (`bootbench explain` lists them). */
  readonly romOptions?: Readonly<Record<string, string>>;
  /** Fields of registers that are not modelled, fixed to a value, by PERIPHERAL.REGISTER.FIELD. */
  readonly force?: Readonly<Record<string, WordValue>>;
  /** Events from outside, in this order. */
  readonly steps?: readonly Step[];
  /** The expected result; keys that are left out are not checked. With `expect`, only this comparison decides the exit code. */
  readonly expect?: Expect | null;
  /** What the run is for: `usb`, `app`, or an interface of the ROM (`usart1`, `can2`, `i2c1` …); default: `app` for a loader and an application of which no function can enter the ROM, where nothing is expected, else USB where the part's ROM has it, else its first USART. */
  readonly goal?: string;
}

/** A scenario with all defaults filled in, as in a result. */
export interface ScenarioDocument {
  /** `bootbench/scenario@1`. */
  readonly schema: typeof SCENARIO_SCHEMA;
  /** The part, for example stm32h533re; default: read from the images. */
  readonly chip: string;
  /** Paths of the images, relative to the scenario file; images on the command line replace them. */
  readonly images: readonly string[];
  /** The board around the chip; default: the usual board of the chip (`bootbench chips <chip>`). */
  readonly board: BoardDocument;
  /** The USB host. */
  readonly host: HostDocument;
  /** Seed of the RAM contents at power-on; the same seed gives the same run. */
  readonly seed: number;
  /** A number with a unit: 100ms, 2s, 5min, 10us; the run may go on for so long, and ends before once its outcome stands and no step is left. */
  readonly until: Duration | null;
  /** ROM options: behaviour that ST does not publish, by option name (`bootbench explain` lists them). */
  readonly romOptions: Readonly<Record<string, string>>;
  /** Fields of registers that are not modelled, fixed to a value, by PERIPHERAL.REGISTER.FIELD. */
  readonly force: Readonly<Record<string, WordValue>>;
  /** Events from outside, in this order. */
  readonly steps: readonly Step[];
  /** The expected result; keys that are left out are not checked. With `expect`, only this comparison decides the exit code. */
  readonly expect: Expect | null;
  /** What the run is for, where it was said. */
  readonly goal?: string;
}

// ---- What the machine runs ----

export type StepWhen =
  { readonly kind: 'at' | 'after'; readonly ps: Ps } | { readonly kind: 'atSymbol'; readonly symbol: string; readonly address: number };

export type PlannedAction =
  | { readonly kind: 'pin'; readonly name: string; readonly level: PinLevel }
  | { readonly kind: 'nrst'; readonly forPs: Ps }
  | { readonly kind: 'power'; readonly offPs: Ps }
  | { readonly kind: 'cable'; readonly position: CablePosition }
  /** `baud`: rate of the sender; default: the standard rate nearest to the port's, or to what it would be with the crystal that the firmware counts on. `fits`: the bytes arrive as they are, whatever the rates. */
  | { readonly kind: 'uart'; readonly port: string; readonly bytes: Uint8Array; readonly baud?: number; readonly fits?: true }
  /** Bytes to read after the write. */
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
  | {
      readonly kind: 'dfu-request';
      readonly request: number;
      readonly value: number;
      readonly payload: Uint8Array | number;
      readonly type: number | null;
      readonly index: number | null;
    }
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

/** A register field that is fixed to a value: `ETH.DMAMR.SWR`=0. */
export interface ForcedField {
  readonly peripheral: string;
  readonly register: string;
  readonly field: string;
  readonly value: number;
}

export interface ScenarioPlan {
  /** The document for the result. */
  readonly document: ScenarioDocument;
  readonly board: BoardDocument;
  /** Millivolts at channels of the ADCs at power-on. */
  readonly adc: Readonly<Record<string, number>>;
  /** Chip parameters that the board changes; null = absent (for example a crystal that is not fitted). */
  readonly parameters: Readonly<Record<string, number | null>>;
  readonly host: HostDocument;
  readonly seed: number;
  readonly untilPs: Ps | null;
  readonly force: readonly ForcedField[];
  readonly steps: readonly PlannedStep[];
  readonly expect: Expect | null;
}
