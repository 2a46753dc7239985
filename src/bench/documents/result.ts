/**
 * The result of a run, `bootbench/run@1`: the document itself, as scripts read it. Keys stand in the order of the published schema;
 * `serialise` writes them so. The forms (hex, seconds) are made by the functions at the end.
 */
import type { CHECK_IDS } from '../../checks/ids.ts';
import type { Confidence } from '../../emu/confidence.ts';
import { formatSeconds, type Ps } from '../../emu/time.ts';
import type { Outcome, ResetBy } from './outcomes.ts';
import type { ScenarioDocument } from './scenario-types.ts';

export { CHECK_IDS } from '../../checks/ids.ts';
export { OUTCOMES, type Outcome, type ResetBy } from './outcomes.ts';

/** Name and version of the result's form. */
export const RUN_SCHEMA = 'bootbench/run@1';

/** `0x` and 8 (addresses, register values) or 4 (USB ids) lower-case digits. */
export type Hex = `0x${string}`;
/** Seconds with nine decimals, cut off. */
export type Seconds = string;

/** What a check can say. */
export const VERDICTS = ['pass', 'fail', 'warn', 'n/a', 'unknown'] as const;
/** What a check says: `n/a` asks for something the chip has not, `unknown` could not be looked at. */
export type Verdict = (typeof VERDICTS)[number];
/** What can be seen on a board: `bootbench explain <word>` has each. */
export const SYMPTOMS = [
  'resets',
  'nothing',
  'hang',
  'unknown-device',
  'descriptor-failed',
  'wrong-device',
  'works-with-BOOT0',
  'works-in-debugger',
  'works-once',
  'app-comes-back',
] as const;
/** What was seen on the board. */
export type Symptom = (typeof SYMPTOMS)[number];
/** Why a run ended: `settled`, nothing would change any more; `deadline`, its time was up; the others are limits of the caller. */
export type EndReason = 'settled' | 'deadline' | 'instructions' | 'wall' | 'memory' | 'semihosting' | 'signal';
/** On chips with two cores only. */
export type CoreName = 'cm7' | 'cm4';

/** Id of a check: `bootbench explain <id>` has each. */
export type CheckId = (typeof CHECK_IDS)[number];

/** An instruction, and the line that it is of. */
export interface Place {
  /** Address of the instruction. */
  readonly pc: Hex;
  /** Function, with the offset where there is no line; null = the image has no symbols. */
  readonly symbol: string | null;
  /** Source file as seen from the folder of the build; null = no line information. */
  readonly file: string | null;
  /** From 1; null = no line information. */
  readonly line: number | null;
}

/** The last instruction that changed the judged field. */
export interface LastWriter extends Place {
  /** Since power-on, in seconds. */
  readonly at: Seconds;
  /** Who wrote. */
  readonly kind: 'cpu' | 'exception' | 'dma' | 'debugger' | 'scenario';
  /** The core, where there are two. */
  readonly core?: CoreName;
}

/** An image that was programmed. */
export interface ResultImage {
  /** As typed. */
  readonly path: string;
  /** Of the file. */
  readonly sha256: string;
  /** The core that it is for, where the chip has two. */
  readonly core?: CoreName;
}

/** What ran in system memory. */
export interface ResultRom {
  /** Stand-in = written from public documents, dump = given by the user, silicon = a real board. */
  readonly kind: 'stand-in' | 'dump' | 'silicon';
  /** Of the profile. */
  readonly id: string | null;
  /** Of the ROM that is played. */
  readonly version: string | null;
  /** Of its bytes. */
  readonly sha256: string | null;
  /** Values of what ST does not publish, by option. */
  readonly options: Readonly<
    Record<
      string,
      {
        /** In this run. */
        readonly value: string;
        /** How sure that is. */
        readonly confidence: Confidence;
        /** Where it is from. */
        readonly source: string;
      }
    >
  >;
}

/** An undocumented ROM option whose other value changes the outcome. */
export interface RomDependency {
  /** Id of the option. */
  readonly rom: string;
  /** Its value in this run. */
  readonly value: string;
  /** The value that was tried. */
  readonly other: string;
  /** How sure the value of this run is. */
  readonly confidence: Confidence;
  /** What comes of the run then. */
  readonly outcomeIfOther: Outcome;
}

/** A reset of the chip. */
export interface ResultReset {
  /** Since power-on, in seconds. */
  readonly at: Seconds;
  /** Cause: `bootbench explain` has each word. */
  readonly by: ResetBy;
  /** Reset flags as the hardware set them, named as in ST headers. */
  readonly flags: readonly string[];
  /** The instruction that asked for it, or that was interrupted; null = none. */
  readonly from: Place | null;
  /** The core, where there are two. */
  readonly core?: CoreName;
}

/** A branch, exception or boot into system memory. */
export interface ResultEntry {
  /** Since power-on, in seconds. */
  readonly at: Seconds;
  /** First address in system memory. */
  readonly address: Hex;
  /** Branch, exception or boot. */
  readonly how: 'branch' | 'exception' | 'boot';
  /** false = its first instruction faulted. */
  readonly reached: boolean;
  /** The instruction that led there; null = a boot. */
  readonly from: Place | null;
  /** Before the first instruction of the ROM. */
  readonly registers: Readonly<Record<string, Hex>>;
  /** The core, where there are two. */
  readonly core?: CoreName;
}

/** One precondition: what was seen, what the ROM expects, and who says so. */
export interface ResultCheck {
  /** Stable id: `bootbench explain <id>`. */
  readonly id: CheckId;
  /** Fail = a documented rule is broken or the outcome hung on it, warn = an undocumented one and nothing hung on it. */
  readonly verdict: Verdict;
  /** What was found. */
  readonly observed: string | null;
  /** What should be. */
  readonly expected: string | null;
  /** Why that verdict. */
  readonly because: string;
  /** Of the rule. */
  readonly source: string | null;
  /** Of the rule. */
  readonly confidence: Confidence | null;
  /** The last instruction that changed what was judged. */
  readonly lastWriter: LastWriter | null;
}

/** Something whose repair changes the outcome. */
export interface ResultCause {
  /** The check. */
  readonly id: CheckId;
  /** The run with its set repaired reaches DFU. */
  readonly proved: boolean;
  /** When the repair acts: entry, before-write, redirect or keep. */
  readonly at: 'entry' | 'before-write' | 'redirect' | 'keep' | null;
  /** What the bench changed, in words. */
  readonly repair: string | null;
  /** The same for the user, in C. */
  readonly fix: string | null;
  /** With this alone repaired. */
  readonly outcomeAfterRepair: Outcome | null;
  /** ROM options that stop the repaired run from reaching DFU. */
  readonly dependsOn: readonly RomDependency[];
  /** The line to blame. */
  readonly lastWriter: LastWriter | null;
  /** Why it matters, for a person. */
  readonly explanation: string;
}

/** Why the run failed. */
export interface ResultDiagnosis {
  /** True = a set of repairs reaches DFU, false = none does, null = none was looked for. */
  readonly explained: boolean | null;
  /** Every check in a set, and suspects where there is none. */
  readonly causes: readonly ResultCause[];
  /** Smallest sets of repairs that reach DFU; any one of them is enough. */
  readonly sets: readonly (readonly CheckId[])[];
  /** Broken, and in no set. */
  readonly harmless: readonly CheckId[];
}

/** A device on the bus, from attach to its end. */
export interface UsbSession {
  /** Since power-on, in seconds. */
  readonly at: Seconds;
  /** Whose code answered on endpoint 0. */
  readonly servedBy: 'user' | 'system' | null;
  /** The host saw the pull-up. */
  readonly attached: boolean;
  /** SET_CONFIGURATION was acknowledged. */
  readonly enumerated: boolean;
  /** idVendor. */
  readonly vid: Hex | null;
  /** idProduct. */
  readonly pid: Hex | null;
  /** Release number of the device. */
  readonly bcdDevice: Hex | null;
  /** Product string. */
  readonly product: string | null;
  /** Names of the alternate settings of a DFU device. */
  readonly altSettings: readonly string[];
  /** Since power-on, in seconds; null = still there. */
  readonly endedAt: Seconds | null;
  /** Why it ended. */
  readonly endedBy: 'detach' | 'unplug' | 'reset' | 'end' | null;
}

/** The loop that is never left. */
export interface ResultStuck {
  /** That is read. */
  readonly address: Hex | null;
  /** PERIPHERAL.REGISTER, where it is one. */
  readonly register: string | null;
  /** That it reads for ever. */
  readonly value: Hex | null;
  /** Of the loop. */
  readonly pc: Hex;
  /** The argument of `--force` that would pass the loop. */
  readonly force: string | null;
}

/** ROM options and board changes that together show what the user saw. */
export interface SymptomOption {
  /** Options to set. */
  readonly rom: Readonly<Record<string, string>>;
  /** What is different on the board. */
  readonly board: Readonly<Record<string, string | number | null>>;
  /** What comes of it. */
  readonly outcome: Outcome;
  /** For a person. */
  readonly text: string;
}

/** Something that happened. */
export interface TimelineRow {
  /** Since power-on, in seconds. */
  readonly at: Seconds;
  /** Of the core; null = none counted. */
  readonly cycle: number | null;
  /** Of event; new kinds may come. */
  readonly kind: string;
  /** For a person. */
  readonly text: string;
  /** Instruction; null = none. */
  readonly pc: Hex | null;
  /** Source file; null = not known. */
  readonly file: string | null;
  /** From 1; null = not known. */
  readonly line: number | null;
  /** The core, where there are two. */
  readonly core?: CoreName;
}

/** The result of a run. Addresses are `0x…` text and times decimal seconds, as in the JSON document. */
export interface RunResult {
  /** Bootbench/run@1. */
  readonly schema: typeof RUN_SCHEMA;
  /** Of bootbench. */
  readonly version: string;
  /** The part, as ST writes it. */
  readonly chip: string;
  /** What was programmed. */
  readonly images: readonly ResultImage[];
  /** The scenario with all defaults filled in: scenario-1.schema.json. */
  readonly scenario: ScenarioDocument;
  /** What executed the instructions. */
  readonly engine: 'bootbench' | 'unicorn';
  /** Of the RAM pattern. */
  readonly seed: number;
  /** What ran in system memory. */
  readonly rom: ResultRom;
  /** What became of the jump: `bootbench explain` has each word. */
  readonly outcome: Outcome;
  /** One sentence for a person. */
  readonly summary: string;
  /** Why the run ended. */
  readonly ended: {
    /** Settled = nothing would change any more, deadline = its time was up, the others are limits of the user. */
    readonly reason: EndReason;
    /** Since power-on, in seconds. */
    readonly at: Seconds;
  };
  /** ROM options that ST does not publish and whose other value changes the outcome. */
  readonly dependsOn: readonly RomDependency[];
  /** How long the run was. */
  readonly time: {
    /** Simulated. */
    readonly seconds: Seconds;
    /** Of the boot core; null = the engine counts none. */
    readonly cycles: number | null;
    /** Of the boot core. */
    readonly instructions: number;
    /** Cycles that two cores take turns in; null = one core. */
    readonly quantum: number | null;
    /** By core where there are two, else null. */
    readonly cores: Readonly<
      Partial<
        Record<
          CoreName,
          {
            /** Of this core; null = the engine counts none. */
            readonly cycles: number | null;
            /** Executed by this core. */
            readonly instructions: number;
          }
        >
      >
    > | null;
  };
  /** All resets; the first is power-on. */
  readonly resets: readonly ResultReset[];
  /** All branches, exceptions and boots into system memory. */
  readonly entries: readonly ResultEntry[];
  /** One row for each check, always all of them in the same order. */
  readonly checks: readonly ResultCheck[];
  /** What repairs lead to DFU. */
  readonly diagnosis: ResultDiagnosis;
  /** What the host saw. */
  readonly usb: {
    /** One for each time a pull-up came on. */
    readonly sessions: readonly UsbSession[];
    /** What happened on the bus; NAKs are counted, not listed. */
    readonly log: readonly {
      /** Since power-on, in seconds. */
      readonly at: Seconds;
      /** Of event. */
      readonly kind: string;
      /** For a person. */
      readonly text: string;
    }[];
  };
  /** What the firmware printed, by channel; channels without output are absent. */
  readonly console: Readonly<Record<string, string>>;
  /** Exit code of SYS_EXIT; null = it did not exit. */
  readonly semihostingExit: number | null;
  /** What an endless loop waits for; null = no such loop. */
  readonly stuck: ResultStuck | null;
  /** What the user saw against what the run shows; null = nothing was said. */
  readonly symptom: {
    /** One word, or several with ` + ` between them. */ readonly asked: string;
    /** The run shows it. */
    readonly matches: boolean;
    /** ROM options and boards that would show it. */
    readonly options: readonly SymptomOption[];
  } | null;
  /** What else is worth telling. */
  readonly notes: readonly {
    /** Of note; new kinds may come. */
    readonly kind: string;
    /** For a person. */
    readonly text: string;
  }[];
  /** Reads of RAM that was never written. */
  readonly uninitialisedReads: number;
  /** Registers without behaviour that were touched. */
  readonly unmodelled: readonly {
    /** Its name. */
    readonly peripheral: string;
    /** Its name. */
    readonly register: string;
    /** How often. */
    readonly reads: number;
    /** How often. */
    readonly writes: number;
  }[];
  /** What happened, in order; repeats are folded. */
  readonly timeline: readonly TimelineRow[];
}

/** A word as a result writes it: `0x` and eight digits. */
export const hex32 = (n: number): Hex => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
/** A half-word as a result writes it: `0x` and four digits. */
export const hex16 = (n: number): Hex => `0x${(n & 0xffff).toString(16).padStart(4, '0')}`;
/** Picoseconds as a result writes them: decimal seconds with nine digits behind the point. */
export const seconds = (ps: Ps): Seconds => formatSeconds(ps);

/** What a user sees of an outcome, without a debugger: some look the same. */
export const RESULT_OF: Readonly<Record<Outcome, string>> = {
  dfu: 'the DFU device appears',
  'dfu-lost': 'a DFU device appears and goes away',
  'reset-loop': 'the application starts again and again',
  fault: 'nothing happens',
  'rom-silent': 'no DFU device appears',
  'back-in-app': 'the application is back',
  stuck: 'nothing happens',
  'no-jump': 'the application runs on',
};
