/**
 * The result of a run, `bootbench/run@1`, as scripts read it. The keys are in the order of the published schema, and `serialise` writes them in that order.
 * The functions at the end make the text forms of addresses and times.
 */
import type { CHECK_IDS } from '../../checks/ids.ts';
import type { Confidence } from '../../emu/confidence.ts';
import { formatSeconds, type Ps } from '../../emu/time.ts';
import type { GoalName } from './goal.ts';
import type { Advice } from './advice.ts';
import type { NoteFact } from './note-facts.ts';
import type { AfterStep, Outcome, ResetBy } from './outcomes.ts';
import type { Hex, Place } from './place.ts';
import type { ScenarioDocument } from './scenario-types.ts';
import type { Sentence } from './sentence.ts';

export { CHECK_IDS } from '../../checks/ids.ts';
export type { Hex, Place } from './place.ts';
export { AFTER_STEPS, OUTCOMES, type AfterStep, type Outcome, type ResetBy } from './outcomes.ts';

/** Name and version of the result schema. */
export const RUN_SCHEMA = 'bootbench/run@1';

/** Seconds as a decimal text with nine decimals, truncated. */
export type Seconds = string;

/** The possible verdicts of a check. */
export const VERDICTS = ['pass', 'fail', 'warn', 'n/a', 'unknown'] as const;
/** Verdict of a check: `n/a` = the chip or the run has no such thing, `unknown` = it could not be observed. */
export type Verdict = (typeof VERDICTS)[number];
/** Symptoms that a user may see on a board: `bootbench explain <symptom>`. */
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
  'works-with-other-tool',
] as const;
/** A symptom seen on the board. */
export type Symptom = (typeof SYMPTOMS)[number];
/** Why a run ended: `settled` = the outcome cannot change any more, `deadline` = the time limit was reached, the others are limits set by the caller. */
export type EndReason = 'settled' | 'deadline' | 'instructions' | 'wall' | 'memory' | 'semihosting' | 'signal';
/** On chips with two cores only. */
export type CoreName = 'cm7' | 'cm4';

/** Id of a check: `bootbench explain <id>`. */
export type CheckId = (typeof CHECK_IDS)[number];

/** The last instruction that changed the checked field. */
export interface LastWriter extends Place {
  /** Time since power-on, in seconds. */
  readonly at: Seconds;
  /** What made the write. */
  readonly kind: 'cpu' | 'exception' | 'dma' | 'debugger' | 'scenario';
  /** The core, if the chip has two. */
  readonly core?: CoreName;
}

/** An image that was loaded. */
export interface ResultImage {
  /** Path as given by the user. */
  readonly path: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
  /** Core of this image, if the chip has two cores. */
  readonly core?: CoreName;
}

/** The ROM in system memory. */
export interface ResultRom {
  /** Stand-in = bootbench's ROM, written from public documents; dump = given by the user; silicon = a real board. */
  readonly kind: 'stand-in' | 'dump' | 'silicon';
  /** Id of the ROM profile. */
  readonly id: string | null;
  /** ROM version that is modelled. */
  readonly version: string | null;
  /** SHA-256 of its bytes. */
  readonly sha256: string | null;
  /** ROM options (behaviour that ST does not publish), by name. */
  readonly options: Readonly<
    Record<
      string,
      {
        /** Value in this run. */
        readonly value: string;
        /** Confidence in this value. */
        readonly confidence: Confidence;
        /** Source of this value. */
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
  /** The other value that was tried. */
  readonly other: string;
  /** Confidence in the value of this run. */
  readonly confidence: Confidence;
  /** Outcome of the run with the other value. */
  readonly outcomeIfOther: Outcome;
  /** Where the goal is not USB: whether it is reached with the other value. */
  readonly goalIfOther?: boolean;
  /** False: with the other value the goal is reached as well, and a host cannot use the device as it should; of a cause: even where that is repaired. */
  readonly usableIfOther?: boolean;
}

/** A reset of the chip. */
export interface ResultReset {
  /** Time since power-on, in seconds. */
  readonly at: Seconds;
  /** Cause of the reset: `bootbench explain <cause>`. */
  readonly by: ResetBy;
  /** Reset flags as the hardware set them, with their names in ST's headers. */
  readonly flags: readonly string[];
  /** The instruction that requested the reset or was interrupted by it; null = none. */
  readonly from: Place | null;
  /** The core, if the chip has two. */
  readonly core?: CoreName;
}

/** A branch, exception or boot into system memory. */
export interface ResultEntry {
  /** Time since power-on, in seconds. */
  readonly at: Seconds;
  /** First executed address in system memory. */
  readonly address: Hex;
  /** Branch, exception or boot. */
  readonly how: 'branch' | 'exception' | 'boot';
  /** false = the first instruction faulted. */
  readonly reached: boolean;
  /** The instruction that led there; null = a boot. */
  readonly from: Place | null;
  /** Core registers before the first instruction of the ROM. */
  readonly registers: Readonly<Record<string, Hex>>;
  /** The core, if the chip has two. */
  readonly core?: CoreName;
}

/** The result of one check: the value found, the value expected, and the source of the rule. */
export interface ResultCheck<Text extends Sentence = Sentence> {
  /** Stable id of the check: `bootbench explain <id>`. */
  readonly id: CheckId;
  /** Fail = a documented rule is broken, or the outcome depended on it; warn = an undocumented rule is broken, and the outcome did not depend on it. */
  readonly verdict: Verdict;
  /** The value found. */
  readonly observed: Text | null;
  /** The value expected. */
  readonly expected: Text | null;
  /** Reason for the verdict. */
  readonly because: Text;
  /** Of the rule. */
  readonly source: string | null;
  /** Of the rule. */
  readonly confidence: Confidence | null;
  /** The last instruction that changed the checked value. */
  readonly lastWriter: LastWriter | null;
}

/** A cause, proved or suspected. */
/** A check, or a cause that no check names: a difference of the state at the entry of the ROM, or of what a loader left to the application that it starts, a write without effect, a wait that was given up. */
export type CauseId = CheckId | (typeof FOUND_CAUSES)[number];
/** Causes that no check names. */
export const FOUND_CAUSES = [
  'state',
  'image',
  'lost-write',
  'gave-up',
  'board',
  'host',
  'branch',
  'stack',
  'overwritten',
  'fault',
] as const;
export interface ResultCause<Text extends Sentence = Sentence> {
  readonly id: CauseId;
  /** True = the run reaches DFU with its set repaired. */
  readonly proved: boolean;
  /** When the repair acts: entry, before-write, redirect or keep. */
  readonly at: 'entry' | 'before-write' | 'redirect' | 'keep' | null;
  /** What bootbench changed, in words. */
  readonly repair: Text | null;
  /** The same change in C, for the user. */
  readonly fix: Text | null;
  /** Outcome with only this repaired. */
  readonly outcomeAfterRepair: Outcome | null;
  /** ROM options whose other value keeps the repaired run from reaching DFU, or with whose other value the application comes back behind a leave. */
  readonly dependsOn: readonly RomDependency[];
  /** The instruction that caused it. */
  readonly lastWriter: LastWriter | null;
  /** Explanation for people. */
  readonly explanation: Text;
  /** For a cause that no check names: the field, bit or part, in the chip's own spelling (`SCB.SCR.SLEEPONEXIT`). */
  readonly what?: string;
}

/** The diagnosis: why the run failed. */
export interface ResultDiagnosis<Text extends Sentence = Sentence> {
  /** True = a set of repairs reaches DFU, false = no set does, null = no search was made. */
  readonly explained: boolean | null;
  /** Every check in a set, or the differences of the first set; if there is no set, the suspects. */
  readonly causes: readonly ResultCause<Text>[];
  /** Smallest sets of repairs that reach DFU; any one of them is enough. */
  readonly sets: readonly (readonly CauseId[])[];
  /** Checks that fail but are in no set. */
  readonly harmless: readonly CheckId[];
}

/** A USB session: a device on the bus, from attach to its end. */
export interface UsbSession {
  /** Time since power-on, in seconds. */
  readonly at: Seconds;
  /** Where the code is that answered on endpoint 0. */
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

/** The endless loop that ended the run. */
export interface ResultStuck {
  /** Address that the loop reads. */
  readonly address: Hex | null;
  /** PERIPHERAL.REGISTER, if the address is a register. */
  readonly register: string | null;
  /** The variable at the address, with an offset into it; absent where no symbol covers it. */
  readonly variable?: string;
  /** Value that the loop always reads. */
  readonly value: Hex | null;
  /** Address of the loop. */
  readonly pc: Hex;
  /** The argument of `--force` that would pass the loop. */
  readonly force: string | null;
  /** The instruction there, by name. */
  readonly at?: Place;
}

/** ROM options and board changes that together cause the symptom. */
export interface SymptomOption<Text extends Sentence = Sentence> {
  /** ROM options to set. */
  readonly rom: Readonly<Record<string, string>>;
  /** Changes of the board. */
  readonly board: Readonly<Record<string, string | number | null>>;
  /** Outcome with these changes. */
  readonly outcome: Outcome;
  /** Text for people. */
  readonly text: Text;
}

/** An event of the run. */
export interface TimelineRow<Text extends Sentence = Sentence> {
  /** Time since power-on, in seconds. */
  readonly at: Seconds;
  /** Cycle of the core; null = not counted. */
  readonly cycle: number | null;
  /** Kind of event; new kinds may be added. */
  readonly kind: string;
  /** Text for people. */
  readonly text: Text;
  /** Address of the instruction; null = none. */
  readonly pc: Hex | null;
  /** Source file; null = not known. */
  readonly file: string | null;
  /** Line number from 1; null = not known. */
  readonly line: number | null;
  /** The core, if the chip has two. */
  readonly core?: CoreName;
}

/** A transfer of control between two programs. */
export interface HandOver {
  /** Time since power-on, in seconds. */
  readonly at: Seconds;
  /** `application`, `ROM`, `reset`, or the file of a program. */
  readonly from: string;
  /** As `from`. */
  readonly to: string;
  /** What transferred it. */
  readonly how: 'branch' | 'exception' | 'boot';
  /** What the receiver is for: the goal of the run, `app`, or null = it was not the last one. */
  readonly goal: GoalName | null;
  /** The receiver reached it. */
  readonly reached: boolean;
}

/** A way into the ROM. */
export interface WayIn {
  /** The function that enters it, or resets for it; null = not known. */
  readonly function: string | null;
  /** The function that called that one; null = not known. */
  readonly caller: string | null;
  /** What leads there: a pin, a byte, a USB command, or `itself`; null = nothing that was tried reaches it, it was called. */
  readonly trigger: string | null;
  /** What came of it; null = not tried. */
  readonly outcome: Outcome | null;
  /** It was tried to its end. */
  readonly tried: boolean;
}

/** What came of one step. */
export interface AfterResult<Text extends Sentence = Sentence> {
  /** Refused = the device answered that it does not; failed = it did something else, or went away. */
  readonly result: 'ok' | 'refused' | 'failed' | 'not-tried';
  /** The reason, or what was seen. */
  readonly because: Text | null;
  /** Of an application that does not come back, as data; not part of the document. */
  readonly about?: NotAlive;
}
/** What a leave left to the application that it cannot do with. */
export interface NotAlive {
  /** What is not as behind a reset. */
  readonly left: readonly {
    /** The check or the group that it belongs to. */
    readonly id: string;
    /** What is there, in words. */
    readonly observed: string;
    /** What is there behind a reset, in words. */
    readonly expected: string;
  }[];
  /** The vector table in force is the ROM's; null: it is not. */
  readonly table: {
    /** The exception that went there first. */
    readonly exception: string;
    /** Who enabled it. */
    readonly by: Place | null;
    /** What the application has to do first, in C. */
    readonly fix: string;
  } | null;
}
/** By step: list = the alternate settings, and that the device stays; alive = the application behind the leave. */
export type After<Text extends Sentence = Sentence> = Readonly<Record<AfterStep, AfterResult<Text>>>;

/** The result of a run. Addresses are `0x…` text and times decimal seconds, as in the JSON document. */
export interface RunResult<Text extends Sentence = Sentence> {
  /** `bootbench/run@1`. */
  readonly schema: typeof RUN_SCHEMA;
  /** Version of bootbench. */
  readonly version: string;
  /** The part, as ST spells it. */
  readonly chip: string;
  /** The images that were loaded. */
  readonly images: readonly ResultImage[];
  /** The scenario with all defaults filled in: scenario-1.schema.json. */
  readonly scenario: ScenarioDocument;
  /** Engine that executed the instructions. */
  readonly engine: 'bootbench' | 'unicorn';
  /** Seed of the RAM pattern. */
  readonly seed: number;
  /** The ROM in system memory. */
  readonly rom: ResultRom;
  /** Outcome of the jump: `bootbench explain <outcome>`. */
  readonly outcome: Outcome;
  /** One sentence for people. */
  readonly summary: Text;
  /** Why the run ended. */
  readonly ended: {
    /** Settled = the outcome cannot change any more, deadline = the time limit was reached, the others are limits set by the user. */
    readonly reason: EndReason;
    /** Time since power-on, in seconds. */
    readonly at: Seconds;
    /** The run ended inside a loop that counts and ends later: where, and when it ends if no interrupt holds it up. Absent otherwise. */
    readonly loop?: {
      /** Address of the loop. */
      readonly pc: Hex;
      /** Source file; null without line information. */
      readonly file: string | null;
      /** Source line, from 1; null without line information. */
      readonly line: number | null;
      /** When the loop is left. */
      readonly endsAt: Seconds;
    };
  };
  /** ROM options whose other value changes the outcome; ST does not publish their values. */
  readonly dependsOn: readonly RomDependency[];
  /** Length of the run. */
  readonly time: {
    /** Emulated time. */
    readonly seconds: Seconds;
    /** Cycles of the boot core; null = the engine does not count cycles. */
    readonly cycles: number | null;
    /** Instructions of the boot core. */
    readonly instructions: number;
    /** Number of cycles after which two cores take turns; null = one core. */
    readonly quantum: number | null;
    /** Figures per core if there are two, else null. */
    readonly cores: Readonly<
      Partial<
        Record<
          CoreName,
          {
            /** Cycles of this core; null = the engine does not count cycles. */
            readonly cycles: number | null;
            /** Instructions of this core. */
            readonly instructions: number;
          }
        >
      >
    > | null;
  };
  /** All resets; the first is power-on. */
  readonly resets: readonly ResultReset[];
  /** All entries into system memory: branches, exceptions and boots. */
  readonly entries: readonly ResultEntry[];
  /** One row per check, always all checks in the same order. */
  readonly checks: readonly ResultCheck<Text>[];
  /** Which repairs lead to DFU. */
  readonly diagnosis: ResultDiagnosis<Text>;
  /** What the host saw. */
  readonly usb: {
    /** One session for each time that a device connected its pull-up. */
    readonly sessions: readonly UsbSession[];
    /** What happened on the bus; NAKs are counted, not listed. */
    readonly log: readonly {
      /** Time since power-on, in seconds. */
      readonly at: Seconds;
      /** Kind of event. */
      readonly kind: string;
      /** Text for people. */
      readonly text: Text;
    }[];
  };
  /** Output of the firmware, by channel; channels without output are absent. */
  readonly console: Readonly<Record<string, string>>;
  /** Exit code of SYS_EXIT; null = it did not exit. */
  readonly semihostingExit: number | null;
  /** What an endless loop waits for; null = no such loop. */
  readonly stuck: ResultStuck | null;
  /** Comparison of the user's symptom with the run; null = no symptom was given. */
  readonly symptom: {
    /** The symptoms, with ` + ` between them. */ readonly asked: string;
    /** True = the run shows the symptom. */
    readonly matches: boolean;
    /** ROM options and boards that cause the symptom. */
    readonly options: readonly SymptomOption<Text>[];
  } | null;
  /** Further notes. */
  readonly notes: readonly {
    /** Kind of note; new kinds may be added. */
    readonly kind: string;
    /** Text for people. */
    readonly text: Text;
    /** What the note is about, as data; not part of the document. */
    readonly about?: NoteFact;
    /** The advice that the text ends in, as data; not part of the document. */
    readonly advice?: Advice;
  }[];
  /** Number of reads of RAM that nothing had written. */
  readonly uninitialisedReads: number;
  /** Registers that the firmware used and that are not modelled. */
  readonly unmodelled: readonly {
    /** Name. */
    readonly peripheral: string;
    /** Name. */
    readonly register: string;
    /** Number of accesses. */
    readonly reads: number;
    /** Number of accesses. */
    readonly writes: number;
  }[];
  /** Events in order; repeated events are merged. */
  readonly timeline: readonly TimelineRow<Text>[];
  /** Transfers between two programs, in order. */
  readonly handOvers: readonly HandOver[];
  /** Every way into the ROM that was looked at, the run's own first. */
  readonly ways: readonly WayIn[];
  /** What the run was for. */
  readonly goal: {
    /** `usb`, `app`, or the interface of the ROM: `usart1`, `can2`, `i2c1` … */
    readonly name: GoalName;
    /** DFU enumerated, the ROM acknowledged on this interface, or the application runs. */
    readonly reached: boolean;
    /** Time since power-on, in seconds; null = it was not reached. */
    readonly at: Seconds | null;
    /** What its host says first, in words; absent where the goal is no interface of the ROM but USB. */
    readonly asks?: Text;
  };
  /** What a host can do with the device behind the enumeration, tried on a copy of the machine; null = not tried. */
  readonly after: After | null;
  /** The same run with the first of `diagnosis.sets` repaired, if that is a repair of what checks find and reaches the goal; null = none. */
  readonly repaired: {
    /** What was repaired. */
    readonly causes: readonly CauseId[];
    /** What came of it. */
    readonly outcome: Outcome;
    /** What happened on its bus, from the first row that is not in `usb.log`. */
    readonly log: RunResult<Text>['usb']['log'];
  } | null;
}

/** Formats a word as in a result: `0x` and eight digits. */
export const hex32 = (n: number): Hex => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
/** Formats a half-word as in a result: `0x` and four digits. */
export const hex16 = (n: number): Hex => `0x${(n & 0xffff).toString(16).padStart(4, '0')}`;
/** Formats picoseconds as in a result: seconds with nine decimals. */
export const seconds = (ps: Ps): Seconds => formatSeconds(ps);

/** What a user without a debugger sees of an outcome; some outcomes look the same. */
export const RESULT_OF: Readonly<Record<Outcome, string>> = {
  dfu: 'the DFU device appears',
  'dfu-lost': 'a DFU device appears and goes away',
  'reset-loop': 'the application starts again and again',
  fault: 'nothing happens',
  'rom-silent': 'no DFU device appears',
  'back-in-app': 'the application starts again',
  stuck: 'nothing happens',
  'no-jump': 'the application runs on',
};
