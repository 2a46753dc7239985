/**
 * Lessons are challenges: the student commits to an answer, then the bench runs. No answer stands beside its question: each choice says when it would be true,
 * and the machine or the result of the run decides.
 */
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { TypedScenario } from '../../src/library/options.ts';
import type { Go, Pictures, SourceTexts, View } from '../setup.ts';

/** A fixture, or one of its other scenarios: `f072-seed002-as-posted/leave` is its scenario.leave.json. */
export type FirmwareName = string;
/** A firmware of a lesson, as the build puts it into the page's folder `lessons`. */
export interface LessonFirmware {
  readonly chip: string;
  readonly scenario: TypedScenario;
  /** The compiler's `-D`: sources are shown as this firmware was built. */
  readonly defines: readonly string[];
  /** The program's own file, which students read. */
  readonly main: string;
  readonly source: SourceTexts;
}

/** What the bench does when the student has committed. */
export interface Ask {
  readonly firmware: FirmwareName;
  /** Where the machine is run to, one after the other; absent: a whole run with its diagnosis. */
  readonly stops?: readonly Go[];
  /** Read there: registers and fields (`SYSCFG.MEMRMP.MEM_MODE`), words of memory (`0x08000004`). */
  readonly read?: readonly string[];
}
/** What the bench has found. */
export interface Evidence {
  readonly chip: string;
  /** Of a whole run. */
  readonly result: RunResult | null;
  /** The hand-over of a whole run. */
  readonly picture: Pictures | null;
  /** Of a machine that stands somewhere. */
  readonly view: View | null;
  /** By the names of `Ask.read`; null where the chip has no such thing. */
  readonly values: Readonly<Record<string, number | null>>;
}
export type Row = readonly [what: string, value: string];
/** What a student is to look at, out of the evidence. */
export type Shows = (e: Evidence) => readonly Row[];

/** Lines that a question is about and that stand in another file than the one shown. */
export interface Excerpt {
  readonly what: string;
  /** In the folder `fixtures`. */
  readonly file: string;
  readonly lines: readonly string[];
}
interface StepBase {
  /** A few words for the list of steps. */
  readonly title: string;
  /** Paragraphs: the fact first, then what to look at. */
  readonly text: readonly string[];
  readonly also?: readonly Excerpt[];
  /** A general fact, told when the step is done. It holds whatever the bench has found. */
  readonly rule: string;
}
/** Nothing is asked: what the machine shows at a place. */
export interface LookStep extends StepBase {
  readonly kind: 'look';
  readonly ask: Ask;
  readonly shows: Shows;
}
export interface Choice {
  readonly text: string;
  /** Whether the bench found this. */
  readonly holds: (e: Evidence) => boolean;
  /** For who chose it and is wrong: what is true about this very answer. */
  readonly hint: string;
}
export interface PredictStep extends StepBase {
  readonly kind: 'predict';
  readonly ask: Ask;
  readonly question: string;
  /** Two to five, of which the bench makes one true; the page shows them in another order (order.ts). */
  readonly choices: readonly Choice[];
  readonly shows: Shows;
  /** The same idea on another chip. */
  readonly hidden?: true;
}
export interface FindStep extends StepBase {
  readonly kind: 'find';
  readonly firmware: FirmwareName;
  readonly question: string;
  /** What is true about the right line, where that is not the line of the mistake. */
  readonly found?: string;
  /** By a part of the line's text: what is true about a line that many would click. */
  readonly hints: Readonly<Record<string, string>>;
}
/** One thing is turned over at the entry into the ROM. */
export interface FlipStep extends StepBase {
  readonly kind: 'flip';
  readonly firmware: FirmwareName;
  readonly question: string;
  /** By the id of the flip: what is true about it where it does not help. */
  readonly hints: Readonly<Record<string, string>>;
}
export interface Edit {
  /** The line as it would read. */
  readonly text: string;
  /** The firmware that was built so. */
  readonly firmware: FirmwareName;
  /** What is true about this edit where it does not reach the goal. */
  readonly hint: string;
}
export interface EditStep extends StepBase {
  readonly kind: 'edit';
  readonly firmware: FirmwareName;
  readonly question: string;
  /** What the firmware is for, in words, and when a run has reached it. */
  readonly goal: string;
  readonly reached: (result: RunResult) => boolean;
  readonly shows: Shows;
  readonly edits: readonly Edit[];
}
export type Step = LookStep | PredictStep | FindStep | FlipStep | EditStep;

export interface Lesson {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** Of the class of 90 minutes. */
  readonly minutes: number;
  /** The forum case in docs/cases. */
  readonly forumCase?: string;
  readonly steps: readonly Step[];
}
