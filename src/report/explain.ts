/** The story of a run for programs: the same facts as in every report, in the same order. */
import type { RunResult } from '../bench/documents/result.ts';
import type { Kind } from './story/facts.ts';
import type { Told } from './story/sentences.ts';
import { storyOf, type StoryOptions } from './story/story.ts';
import { toldOn } from './story/surfaces.ts';

/** A fact of a run, in words. */
export interface ExplainedFact {
  /** Kind of fact; new kinds may be added. */
  readonly kind: Kind;
  /** The word that reports put in front of it; empty where it goes on from the one before. */
  readonly label: string;
  /** The sentence. */
  readonly text: string;
  /** What belongs to it, one sentence each. */
  readonly details: readonly string[];
  /** The source line that it is about; null = none, or not known. */
  readonly source: {
    /** As the debug data name it. */
    readonly file: string;
    /** From 1. */
    readonly line: number;
    /** The line itself; null where the file is not at hand. */
    readonly text: string | null;
  } | null;
  /** Lines of code: those of a diff begin with `+` or `-`. */
  readonly code: readonly string[];
}

/** Explains a result: what happened, the cause with its line, the fix, the proof and its conditions, what else was seen, and what to do next. */
export const explain = (result: RunResult, options: StoryOptions = {}): readonly ExplainedFact[] =>
  explained(toldOn('data', storyOf(result, options)));

/** Facts as told, as data. */
export const explained = (told: readonly Told[]): readonly ExplainedFact[] =>
  told.map(({ is, label, text, place, more, source, code }) => ({
    kind: is,
    label,
    text: String(text),
    details: [...(place === null ? [] : [place]), ...more].map(String),
    source: source && { file: source.file, line: source.line, text: source.lines?.[source.line - 1] ?? null },
    code: code.map((c) => `${c.mark === ' ' ? '' : c.mark}${c.text}`),
  }));
