/**
 * What a run tells, once for all reports: facts in the order of a reader's questions (what happened, why, which line, how to fix it, how sure is that, under which
 * conditions, what else, what next). sentences.ts makes the sentences, surfaces.ts says which report leaves out what.
 */
import type { Judgement } from '../../bench/documents/expect.ts';
import type { Frame, Note } from '../../bench/documents/note-facts.ts';
import type { After, Place, ResultCause, ResultCheck, RomDependency, RunResult } from '../../bench/documents/result.ts';
import type { Proof } from '../../bench/documents/proved.ts';
import type { Sentence } from '../../bench/documents/sentence.ts';
import type { Provisos } from '../provisos.ts';

/** A line of the sources to show with its neighbours, or why it is not shown. */
export interface Excerpt {
  readonly file: string;
  readonly line: number;
  /** Of the whole file; null where it may not be shown. */
  readonly lines: readonly string[] | null;
  /** The file was changed after the image was built. */
  readonly newer: boolean;
  readonly leftOut: string | null;
}
/** A sentence, and the advice that it ends in, which each surface gives in its own way. */
export type Said = Pick<Note<Sentence>, 'text' | 'advice'>;
export interface CodeLine {
  readonly text: string;
  readonly mark: '+' | '-' | ' ';
}

export type Fact =
  | { readonly is: 'verdict'; readonly result: RunResult; readonly judgement: Judgement | null }
  | { readonly is: 'ended'; readonly ended: RunResult['ended'] }
  | { readonly is: 'symptom'; readonly symptom: NonNullable<RunResult['symptom']>; readonly notes: readonly Sentence[] }
  /** Under which conditions it ran: what was loaded, pressed, forced. */
  /** `below`: it stands below the finding, not in front of it. */
  | ({ readonly is: 'condition'; readonly detail: boolean; readonly below?: true } & Said)
  /** What a host can do with the device: all of it. */
  /** `told`: what fails is said as the reservation. */
  | { readonly is: 'after'; readonly after: After; readonly told: boolean }
  /** What a success rests on, where a board need not do the same. */
  | ({ readonly is: 'but' } & Said)
  | { readonly is: 'summary'; readonly text: Sentence; readonly detail: boolean }
  | {
      readonly is: 'cause';
      /** `proved`: by repair, in the set that the proof is of; `other`: in another set that is enough; null: a suspect. */
      readonly proof: 'proved' | 'other' | null;
      readonly cause: ResultCause;
      /** Outcome with this one alone repaired; null: it was not tried, or the goal is not USB. */
      readonly alone: ResultCause['outcomeAfterRepair'];
      readonly check: ResultCheck | null;
      /** The cause's line, or the jump. */
      readonly at: Place | null;
      /** Of a line in a vendor's code: the nearest call in the program's own sources. */
      readonly caller: Place | null;
      readonly source: Excerpt | null;
      readonly jump: RunResult['entries'][number] | null;
    }
  /** A variable whose start value nothing copied to RAM. */
  | { readonly is: 'uncopied'; readonly text: Sentence; readonly more: readonly Sentence[] }
  | { readonly is: 'fault'; readonly text: Sentence; readonly source: Excerpt | null; readonly more: readonly Sentence[] }
  | { readonly is: 'origin'; readonly links: readonly Sentence[] }
  | { readonly is: 'reset'; readonly texts: readonly Sentence[]; readonly source: Excerpt | null }
  | {
      readonly is: 'wait';
      readonly where: string;
      readonly source: Excerpt | null;
      readonly callers: readonly Frame[];
      readonly stuck: NonNullable<RunResult['stuck']>;
      /** Of a loop that reads nothing: what happened. */
      readonly summary: Sentence | null;
      readonly why: readonly Said[];
      readonly unmodelled: boolean;
      /** Of a wait for a word in memory that nothing explains: registers used that are not modelled, of blocks that might write it or interrupt. */
      readonly others: readonly string[];
      /** The source line reads a variable, the code does not. */
      readonly volatile: boolean;
      /** Nothing fails before it: the write that the flash refused, if any. */
      readonly refused: Sentence | null;
    }
  | {
      readonly is: 'not-triggered';
      /** What kept it; null: nothing triggered it. */
      readonly why: Said | null;
      readonly ways: readonly Said[];
      readonly tried: readonly Sentence[];
      /** A cause is proved. */
      readonly detail: boolean;
    }
  /** In vain: a clock that never comes, the application's own USB, an address that nobody acknowledges, a refused write. */
  | ({ readonly is: 'in-vain'; readonly what: 'clock' | 'usb' | 'bus' | 'write'; readonly unlock: boolean } & Said)
  | { readonly is: 'serial'; readonly texts: readonly Sentence[] }
  /** A check that fails and is not proved to be harmless, in a run without a proof. */
  | {
      readonly is: 'check';
      readonly check: ResultCheck;
      readonly maybe: boolean;
      /** Where a program's own sources call the vendor's code that wrote it. */
      readonly caller: Place | null;
    }
  | {
      readonly is: 'fix';
      /** `diff`: changed lines of the user's sources; `c`: C for that place; `words`: what no line of C does. */
      readonly form: 'diff' | 'c' | 'words';
      readonly where: string;
      readonly code: readonly CodeLine[];
      /** What could not be put into the diff. */
      readonly left: readonly string[];
      /** What the diff needs beside it, sentences. */
      readonly needs: readonly string[];
    }
  | {
      readonly is: 'proof';
      readonly count: number;
      readonly reached: Proof['reached'];
      readonly goal: Proof['goal'];
      readonly rom: string;
      /** Sets, any one of which is enough, if there are several. */
      readonly sets: readonly (readonly string[])[];
      /** What was changed stands around the chip. */
      readonly around: boolean;
      /** It was run with the word kept over the reset, and the fix is one of the linker script, which was not. */
      readonly kept: boolean;
    }
  | {
      readonly is: 'unexplained';
      readonly why: 'unfinished' | 'harmless' | 'vain';
      readonly tried: readonly string[];
      readonly ifElse: RomDependency | null;
      /** The ROM was entered: the playground can turn its options over. */
      readonly entered: boolean;
    }
  | {
      readonly is: 'holds-if';
      readonly conditions: Provisos;
      /** `repaired`: it is the repaired run that ends otherwise. */
      readonly options: readonly (RomDependency & { readonly sure: string; readonly repaired: boolean })[];
      /** What the firmware left to the ROM that these are about, with the line; `calls`: the vendor's function that is called there. */
      readonly left: readonly { readonly id: string; readonly what: string; readonly at: Place; readonly calls: string | null }[];
      readonly entered: boolean;
    }
  | { readonly is: 'leave'; readonly check: ResultCheck; readonly option: { readonly value: string; readonly confidence: string } | null }
  | { readonly is: 'kept-options'; readonly text: Sentence }
  | { readonly is: 'harmless'; readonly ids: readonly string[]; readonly everywhere: boolean; readonly detail: boolean }
  | { readonly is: 'board'; readonly text: Sentence }
  | ({ readonly is: 'chip'; readonly because: readonly Sentence[] } & Said)
  | { readonly is: 'console'; readonly channel: string; readonly text: string }
  | { readonly is: 'resets'; readonly resets: RunResult['resets'] }
  | { readonly is: 'usb'; readonly session: RunResult['usb']['sessions'][number] }
  | ({ readonly is: 'note' } & Said)
  | { readonly is: 'unwritten'; readonly reads: number }
  | { readonly is: 'gaps'; readonly registers: readonly string[] }
  | { readonly is: 'reserved'; readonly offsets: readonly string[] }
  | { readonly is: 'rom'; readonly rom: RunResult['rom']; readonly name: string }
  | { readonly is: 'run'; readonly result: RunResult }
  | { readonly is: 'next'; readonly steps: readonly NextStep[] };
/** What there is to do next. `reports`: look at the whole report, which a page is; `further`: at what the whole report of the terminal leaves out; `patch`: apply the fix; `effort`: let a search go on. */
export interface NextStep {
  readonly text: string;
  readonly to: 'reports' | 'further' | 'patch' | 'effort' | 'other';
}
export type Kind = Fact['is'];
export type FactOf<K extends Kind> = Extract<Fact, { readonly is: K }>;

/** `screen`: the first screen of `run`; `full`: `-v`; `page`: HTML; `playground`: where nobody has a command line; `document`: JUnit; `finding`: SARIF, annotations, code quality, step summary; `data`: `explain(result)`. */
export type Surface = 'screen' | 'full' | 'page' | 'playground' | 'document' | 'finding' | 'data';
