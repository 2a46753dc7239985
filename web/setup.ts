/** What page and worker tell each other. */
import type { CodeLine, Excerpt, Kind } from '../src/report/story/facts.ts';
import type { Outcome, Place, RunResult } from '../src/bench/documents/result.ts';
import type { RunTrace } from '../src/bench/documents/trace-types.ts';
import type { Told } from '../src/report/moments.ts';
import type { Picture } from '../src/report/picture.ts';
import type { TypedScenario } from '../src/library/options.ts';

/** Text of source files by path: as the line table has it, or as they were dropped. */
export type SourceTexts = Readonly<Record<string, string>>;
/** A file with code. */
export interface Piece {
  readonly name: string;
  readonly bytes: Uint8Array;
}
/** All files of a firmware. */
export const piecesOf = ({ name, bytes, others = [] }: Piece & { readonly others?: readonly Piece[] }): readonly Piece[] => [
  { name, bytes },
  ...others,
];
/** A firmware of the page, or one that somebody brought. */
export interface Example {
  readonly name: string;
  readonly title: string;
  readonly chip: string;
  readonly scenario: TypedScenario;
  /** Start-up code included. */
  readonly source: SourceTexts;
  /** Files of the page that its first run reads. */
  readonly needs: readonly string[];
}
export interface Setup {
  readonly name: string;
  /** Null: taken from the image. */
  readonly chip: string | null;
  readonly bytes: Uint8Array;
  /** Further images of the same run: a loader's application. */
  readonly others?: readonly Piece[];
  readonly scenario: TypedScenario;
  /** Nobody said how it is made to jump: its trigger is looked for. */
  readonly trigger: boolean;
  readonly source?: SourceTexts;
  /** What the run found that makes it jump: machines that are stepped do the same. */
  readonly found?: TypedScenario['steps'];
}
/** The setup of a machine that does what the run did. */
export const asRun = (setup: Setup, { scenario, notes }: Pick<RunResult, 'scenario' | 'notes'>): Setup =>
  notes.some((n) => n.kind === 'trigger') ? { ...setup, found: (scenario as TypedScenario).steps } : setup;
/** What is different in a run. */
export interface Flips {
  /** At the entry into the ROM, by the ids of `FLIPS`. */
  readonly state: Readonly<Record<string, boolean>>;
  readonly crystal: boolean | null;
  readonly rom: Readonly<Record<string, string>>;
}
export const NO_FLIPS: Flips = { state: {}, crystal: null, rom: {} };

/** Something of the state at the entry that can be turned over. */
export interface FlipView {
  readonly id: string;
  readonly label: string;
  /** As it is at the entry. */
  readonly on: boolean;
  readonly words: readonly [off: string, on: string];
}
export interface Entry {
  readonly flips: readonly FlipView[];
  readonly rom: readonly { readonly id: string; readonly value: string; readonly values: readonly string[]; readonly meaning: string }[];
  readonly crystal: boolean;
}
export interface Changed {
  readonly name: string;
  readonly value: number;
  readonly fields: readonly { readonly name: string; readonly before: number; readonly now: number }[];
}
/** An instruction, or a word between instructions. */
export interface CodeRow {
  readonly address: number;
  /** Name of a function that begins here. */
  readonly label: string | null;
  readonly code: string;
  /** Where a branch goes, what a literal is. */
  readonly note: string;
  /** `main.c:12`, where another line begins; else empty. */
  readonly place: string;
  readonly isHere: boolean;
}
export interface View {
  readonly at: number;
  readonly instructions: number;
  readonly zone: 'application' | 'rom';
  /** The image of the stand-in that is its ROM; null: a dump is, which has no source. */
  readonly rom: string | null;
  readonly place: Place;
  readonly registers: readonly { readonly name: string; readonly value: number; readonly changed: boolean }[];
  readonly changes: readonly Changed[];
  /** What a report tells of an instant: masks, what waits, supply, host, the last transfer with its bytes decoded. */
  readonly told: readonly Told[];
  /** The clock tree in force. */
  readonly clocks: readonly Told[];
  readonly code: readonly CodeRow[];
  readonly console: string;
  readonly timeline: readonly { readonly at: number; readonly kind: string; readonly text: string }[];
  readonly usb: readonly { readonly at: number; readonly text: string }[];
  readonly device: string | null;
  /** What the board does to the chip: BOOT0, the cable, and the levels of pins that have buttons. */
  readonly board: { readonly boot0: 0 | 1; readonly cable: 'in' | 'out'; readonly pins: Readonly<Record<string, 0 | 1>> };
  readonly outcome: Outcome;
  readonly ended: boolean;
  /** Why it stands here. */
  readonly why: string;
}
export type Go = 'instruction' | 'line' | 'over' | 'reset' | 'entry' | 'exception' | 'dfu' | 'millisecond' | 'end';

/** A fact of the story, as reports tell it (src/report/story). */
export interface ShownFact {
  readonly kind: Kind;
  readonly label: string;
  readonly tone: string;
  readonly text: string;
  readonly place: string | null;
  readonly more: readonly string[];
  readonly source: Excerpt | null;
  readonly code: readonly CodeLine[];
}
export interface Verdict {
  readonly result: RunResult;
  /** What every report tells, the headline first. */
  readonly told: readonly ShownFact[];
  readonly patch: PatchFile;
  readonly chip: string;
  /** Milliseconds of real time. */
  readonly took: number;
  readonly sha256: string;
  /** What the timeline draws. */
  readonly picture: Picture;
  readonly handOver: Pictures;
  readonly memories: RunTrace['memories'];
}
/** The fix as a file. */
export interface PatchFile {
  /** Unified diff; empty where there is none. */
  readonly text: string;
  /** In words: the folder that its paths begin in. */
  readonly folder: string;
}
/** The hand-over as SVGs, whose texts are escaped. */
export interface Pictures {
  /** Without a head: the verdict stands beside it. */
  readonly wide: string;
  /** For a phone, where it is the first thing. */
  readonly narrow: string;
  /** To take along. */
  readonly file: string;
}
/** A run with something turned over. */
export interface Second {
  readonly outcome: Outcome;
  readonly picture: Picture;
  readonly handOver: Pictures;
}
/** Nothing tells which of these parts the firmware is for. */
export interface WhichChip {
  readonly chips: readonly string[];
  readonly message: string;
}
/** Several files came that are no firmware together: two builds, or two boards. */
export interface WhichFile {
  readonly pieces: readonly Piece[];
  readonly why: string;
}
/** One of all. */
export interface Diagnosed {
  readonly verdict: Verdict | null;
  readonly question: WhichChip | null;
  readonly files: WhichFile | null;
}
export interface DfuDevice {
  readonly name: string;
  readonly alternates: readonly string[];
}
