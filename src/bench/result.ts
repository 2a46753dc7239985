/**
 * The result of a run, `bootbench/run@1`: the document itself, as scripts read it. Keys stand in the order of the published schema;
 * `serialise` writes them so. The forms (hex, seconds) are made by the functions at the end.
 */
import type { Confidence } from '../emu/chip.ts';
import type { ResetCause } from '../emu/component.ts';
import { formatSeconds, type Ps } from '../emu/time.ts';
import type { ScenarioDocument } from './scenario-types.ts';

export const RUN_SCHEMA = 'bootbench/run@1';

/** `0x` and 8 (addresses, register values) or 4 (USB ids) lower-case digits. */
export type Hex = `0x${string}`;
/** Seconds with nine decimals, cut off. */
export type Seconds = string;

export const OUTCOMES = ['dfu', 'dfu-lost', 'reset-loop', 'fault', 'rom-silent', 'back-in-app', 'stuck', 'no-jump'] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type ResetBy = ResetCause;
export const VERDICTS = ['pass', 'fail', 'warn', 'n/a', 'unknown'] as const;
export type Verdict = (typeof VERDICTS)[number];
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
export type Symptom = (typeof SYMPTOMS)[number];
export type EndReason = 'settled' | 'deadline' | 'instructions' | 'wall' | 'memory' | 'semihosting' | 'signal';
/** On chips with two cores only. */
export type CoreName = 'cm7' | 'cm4';

/** Ids of all checks, in the order of the result. */
export const CHECK_IDS = [
  'entry-address',
  'entry-dereference',
  'thumb-bit',
  'msp',
  'stack-after-msp',
  'vtor',
  'control',
  'handler-mode',
  'primask',
  'basepri',
  'faultmask',
  'nvic-enabled',
  'nvic-pending',
  'systick',
  'sysclk',
  'pll',
  'flash-latency',
  'prescalers',
  'voltage-range',
  'kernel-clocks',
  'hsi48',
  'hse',
  'vddusb',
  'usb-clock',
  'usb-disconnect',
  'usb-left-on',
  'peripherals-left-on',
  'dma',
  'exti',
  'icache',
  'dcache',
  'mpu',
  'fpu',
  'remap',
  'reset-flags',
  'iwdg',
  'wwdg',
  'boot-selection',
  'dual-bank',
  'empty-check',
  'option-bytes',
  'protection',
  'trustzone',
  'stack-limit',
  'second-core',
  'debugger',
  'rom-interface',
  'magic-survives',
  'leave-path',
  'leave-vtor',
  'leave-remap',
  'leave-clocks',
  'leave-irq',
  'leave-flash',
  'rom-usb',
] as const;
export type CheckId = (typeof CHECK_IDS)[number];

export interface Place {
  readonly pc: Hex;
  readonly symbol: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

/** The last instruction that changed the judged field. */
export interface LastWriter extends Place {
  readonly at: Seconds;
  readonly kind: 'cpu' | 'exception' | 'dma' | 'debugger' | 'scenario';
  readonly core?: CoreName;
}

export interface ResultImage {
  readonly path: string;
  readonly sha256: string;
  readonly core?: CoreName;
}

export interface ResultRom {
  readonly kind: 'stand-in' | 'dump' | 'silicon';
  readonly id: string | null;
  readonly version: string | null;
  readonly sha256: string | null;
  readonly options: Readonly<Record<string, { readonly value: string; readonly confidence: Confidence; readonly source: string }>>;
}

/** An undocumented ROM option whose other value changes the outcome. */
export interface RomDependency {
  readonly rom: string;
  readonly value: string;
  readonly other: string;
  readonly confidence: Confidence;
  readonly outcomeIfOther: Outcome;
}

export interface ResultReset {
  readonly at: Seconds;
  readonly by: ResetBy;
  readonly flags: readonly string[];
  readonly from: Place | null;
  readonly core?: CoreName;
}

export interface ResultEntry {
  readonly at: Seconds;
  readonly address: Hex;
  readonly how: 'branch' | 'exception' | 'boot';
  readonly reached: boolean;
  readonly from: Place | null;
  readonly registers: Readonly<Record<string, Hex>>;
  readonly core?: CoreName;
}

export interface ResultCheck {
  readonly id: CheckId;
  readonly verdict: Verdict;
  readonly observed: string | null;
  readonly expected: string | null;
  readonly because: string;
  readonly source: string | null;
  readonly confidence: Confidence | null;
  readonly lastWriter: LastWriter | null;
}

export interface ResultCause {
  readonly id: CheckId;
  readonly proved: boolean;
  readonly at: 'entry' | 'before-write' | 'redirect' | 'keep' | null;
  /** What the bench changed, in words. */
  readonly repair: string | null;
  /** The same for the user, in C. */
  readonly fix: string | null;
  readonly outcomeAfterRepair: Outcome | null;
  readonly dependsOn: readonly RomDependency[];
  readonly lastWriter: LastWriter | null;
  readonly explanation: string;
}

export interface ResultDiagnosis {
  readonly explained: boolean | null;
  readonly causes: readonly ResultCause[];
  readonly sets: readonly (readonly CheckId[])[];
  readonly harmless: readonly CheckId[];
}

export interface UsbSession {
  readonly at: Seconds;
  readonly servedBy: 'user' | 'system' | null;
  readonly attached: boolean;
  readonly enumerated: boolean;
  readonly vid: Hex | null;
  readonly pid: Hex | null;
  readonly bcdDevice: Hex | null;
  readonly product: string | null;
  readonly altSettings: readonly string[];
  readonly endedAt: Seconds | null;
  readonly endedBy: 'detach' | 'unplug' | 'reset' | 'end' | null;
}

export interface ResultStuck {
  readonly address: Hex | null;
  readonly register: string | null;
  readonly value: Hex | null;
  readonly pc: Hex;
  /** The argument of `--force` that would pass the loop. */
  readonly force: string | null;
}

/** ROM options and board changes that together show what the user saw. */
export interface SymptomOption {
  readonly rom: Readonly<Record<string, string>>;
  readonly board: Readonly<Record<string, string | number | null>>;
  readonly outcome: Outcome;
  readonly text: string;
}

export interface TimelineRow {
  readonly at: Seconds;
  readonly cycle: number | null;
  readonly kind: string;
  readonly text: string;
  readonly pc: Hex | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly core?: CoreName;
}

export interface RunResult {
  readonly schema: typeof RUN_SCHEMA;
  readonly version: string;
  readonly chip: string;
  readonly images: readonly ResultImage[];
  readonly scenario: ScenarioDocument;
  readonly engine: 'bootbench' | 'unicorn';
  readonly seed: number;
  readonly rom: ResultRom;
  readonly outcome: Outcome;
  readonly summary: string;
  readonly ended: { readonly reason: EndReason; readonly at: Seconds };
  readonly dependsOn: readonly RomDependency[];
  readonly time: {
    readonly seconds: Seconds;
    readonly cycles: number | null;
    readonly instructions: number;
    readonly quantum: number | null;
    readonly cores: Readonly<Partial<Record<CoreName, { readonly cycles: number | null; readonly instructions: number }>>> | null;
  };
  readonly resets: readonly ResultReset[];
  readonly entries: readonly ResultEntry[];
  readonly checks: readonly ResultCheck[];
  readonly diagnosis: ResultDiagnosis;
  readonly usb: {
    readonly sessions: readonly UsbSession[];
    readonly log: readonly { readonly at: Seconds; readonly kind: string; readonly text: string }[];
  };
  readonly console: Readonly<Record<string, string>>;
  readonly semihostingExit: number | null;
  readonly stuck: ResultStuck | null;
  readonly symptom: {
    /** One word, or several with ` + ` between them. */ readonly asked: string;
    readonly matches: boolean;
    readonly options: readonly SymptomOption[];
  } | null;
  readonly notes: readonly { readonly kind: string; readonly text: string }[];
  readonly uninitialisedReads: number;
  readonly unmodelled: readonly {
    readonly peripheral: string;
    readonly register: string;
    readonly reads: number;
    readonly writes: number;
  }[];
  readonly timeline: readonly TimelineRow[];
}

export const hex32 = (n: number): Hex => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
export const hex16 = (n: number): Hex => `0x${(n & 0xffff).toString(16).padStart(4, '0')}`;
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
